(** Logs as lists: where entries stand, equal beginnings, and what taking entries from a leader does.
    Nothing here knows of servers or steps. *)

From Coq Require Import List Lia Arith.
From Quorate Require Import Protocol.
Import ListNotations.

Section Logs.
Context {C : cluster}.

(** An entry stands within the log. *)
Lemma at_index_within (l : list entry) i e : at_index l i = Some e -> 1 <= i <= length l.
Proof.
  destruct i as [|j]; cbn; intros H; [discriminate|].
  assert (j < length l) by (apply nth_error_Some; congruence). lia.
Qed.

(** So does an entry of some term. *)
Lemma term_at_within l i u : term_at l i u -> 1 <= i <= length l.
Proof. intros (v & H). eapply at_index_within; eauto. Qed.

(** Within a log there is an entry at every index. *)
Lemma term_at_exists l i : 1 <= i <= length l -> exists u, term_at l i u.
Proof.
  intros H. destruct (at_index l i) as [[u v]|] eqn:E; [exists u, v; auto|].
  destruct i as [|j]; cbn in E; [lia|]. apply nth_error_None in E. lia.
Qed.

(** One index has one term. *)
Lemma term_at_fun l i u w : term_at l i u -> term_at l i w -> u = w.
Proof. intros (v & H) (x & K). congruence. Qed.

(** The beginning of a log has the same entries. *)
Lemma at_index_firstn (l : list entry) k i : i <= k -> at_index (firstn k l) i = at_index l i.
Proof.
  destruct i as [|j]; auto. cbn. revert k j.
  induction l as [|e l IH]; intros [|k] [|j] H; cbn; auto; try lia. apply IH. lia.
Qed.

(** Equal beginnings have equal entries. *)
Lemma at_index_equal (l l' : list entry) k i : firstn k l = firstn k l' -> i <= k -> at_index l i = at_index l' i.
Proof.
  intros E H. rewrite <- (at_index_firstn l k i H), <- (at_index_firstn l' k i H). congruence.
Qed.

(** In particular their terms. *)
Lemma term_at_equal l l' k i u : firstn k l = firstn k l' -> i <= k -> term_at l i u -> term_at l' i u.
Proof. intros E H (v & K). exists v. rewrite <- K. symmetry. eapply at_index_equal; eauto. Qed.

(** The terms of a beginning are those of the log, so far. *)
Lemma term_at_firstn l k i u : term_at (firstn k l) i u <-> i <= k /\ term_at l i u.
Proof.
  split.
  - intros H. assert (i <= k) by (apply term_at_within in H; rewrite firstn_length in H; lia).
    destruct H as (v & H). rewrite at_index_firstn in H by auto. split; auto. exists v. auto.
  - intros (L & v & H). exists v. rewrite at_index_firstn; auto.
Qed.

(** What is appended changes no entry before it. *)
Lemma at_index_app (l x : list entry) i : i <= length l -> at_index (l ++ x) i = at_index l i.
Proof. destruct i as [|j]; auto. cbn. intros H. apply nth_error_app1. lia. Qed.

(** With one more entry, there is one more term. *)
Lemma term_at_app l x i u : term_at (l ++ [x]) i u -> term_at l i u \/ (i = S (length l) /\ u = fst x).
Proof.
  intros H. pose proof (term_at_within _ _ _ H) as W. rewrite app_length in W. cbn in W.
  destruct (Nat.le_gt_cases i (length l)) as [L|L].
  - left. destruct H as (v & H). rewrite at_index_app in H by auto. exists v. auto.
  - right. assert (i = S (length l)) by lia. subst. split; auto. destruct H as (v & H). cbn in H.
    rewrite nth_error_app2, Nat.sub_diag in H by lia. inversion H. auto.
Qed.

(** Logs with equal beginnings have equal shorter beginnings. *)
Lemma firstn_shorter (l l' : list entry) j k : j <= k -> firstn k l = firstn k l' -> firstn j l = firstn j l'.
Proof. intros L E. rewrite <- (Nat.min_l j k L), <- !firstn_firstn, E. auto. Qed.

(** The last entry has the last term. *)
Lemma last_term_at l : l <> [] -> term_at l (length l) (last_term l).
Proof.
  intros H. destruct (exists_last H) as (x & [u v] & ->). unfold last_term. rewrite rev_unit.
  exists v. rewrite app_length, Nat.add_comm. cbn. rewrite nth_error_app2, Nat.sub_diag by lia. auto.
Qed.

(** Log [l] agrees, up to any entry that it holds, with the log of the leader who created that entry. *)
Definition matches (T : nat -> list entry) (l : list entry) : Prop :=
  forall i u, term_at l i u -> firstn i l = firstn i (T u).

(** So a beginning of a log that matches does too, *)
Lemma matches_firstn T l k : matches T l -> matches T (firstn k l).
Proof.
  intros M i u H. apply term_at_firstn in H. destruct H as (L & H).
  rewrite firstn_firstn, Nat.min_l by auto. auto.
Qed.

(** the leader's log reaches every entry that it created, *)
Lemma matches_within T l i u : matches T l -> term_at l i u -> i <= length (T u).
Proof.
  intros M H. pose proof (term_at_within _ _ _ H). pose proof (f_equal (@length _) (M _ _ H)) as E.
  rewrite !firstn_length in E. lia.
Qed.

(** and two logs that match and hold entries of the same term at one index are equal up to it. *)
Lemma matches_agree T l l' i u :
  matches T l -> matches T l' -> term_at l i u -> term_at l' i u -> firstn i l = firstn i l'.
Proof. intros M M' H H'. rewrite (M _ _ H), (M' _ _ H'). auto. Qed.

(** An entry of a segment stands as far behind [p] in the log. *)
Lemma at_index_segment (l : list entry) p k i :
  p < i <= k -> nth_error (segment l p k) (i - p - 1) = at_index l i.
Proof.
  intros H. unfold segment. pose proof (at_index_firstn (skipn p l) (k - p) (i - p) ltac:(lia)) as A.
  replace (i - p) with (S (i - p - 1)) in A at 1 2 by lia. cbn in A. rewrite A. clear A.
  destruct i as [|j]; [lia|]. cbn. assert (L : p <= j) by lia. clear H k.
  replace (match p with 0 => S j | S l0 => j - l0 end - 1) with (j - p) by (destruct p; lia).
  revert l j L. induction p as [|p IH]; intros l j L.
  - cbn. rewrite Nat.sub_0_r. auto.
  - destruct l as [|e l], j as [|j]; cbn; try lia; [destruct (j - p); auto|]. apply IH. lia.
Qed.

(** Where segments have the same terms, so have the logs. *)
Lemma segment_terms l l' p k i :
  map fst (segment l p k) = map fst (segment l' p k) -> p < i <= k ->
  forall u, term_at l' i u -> term_at l i u.
Proof.
  intros E H u (v & K).
  pose proof (f_equal (fun x => nth_error x (i - p - 1)) E) as A. cbn in A.
  rewrite !nth_error_map, !at_index_segment, K in A by auto. cbn in A.
  destruct (at_index l i) as [[w x]|] eqn:G; cbn in A; [|discriminate].
  inversion A; subst. exists x. auto.
Qed.

(** The check of the entry before them, and log matching, make what a server takes from a leader whole: either
    its log stays and has the leader's first [k] entries, or it becomes exactly those because some entry
    of theirs was missing. *)
Lemma replicated_whole T l tl p k :
  matches T l -> matches T tl -> p <= k <= length tl ->
  (p = 0 \/ exists u, term_at l p u /\ term_at tl p u) ->
  (replicated l tl p k = l /\ firstn k l = firstn k tl) \/
  (replicated l tl p k = firstn k tl /\ exists i u, i <= k /\ term_at tl i u /\ ~ term_at l i u).
Proof.
  intros Ml Mt Hk Hp.
  assert (P : firstn p l = firstn p tl).
  { destruct Hp as [->|(u & A & B)]; auto. eapply matches_agree; eauto. }
  unfold replicated. destruct (list_eq_dec _ _ _) as [E|E].
  - left. split; auto. destruct (Nat.eq_dec p k) as [->|N]; auto.
    destruct (term_at_exists tl k) as (u & Hu); [lia|].
    pose proof (segment_terms _ _ _ _ k E ltac:(lia) u Hu) as Hl. eapply matches_agree; eauto.
  - right. assert (W : firstn p l ++ segment tl p k = firstn k tl).
    { rewrite P. unfold segment. rewrite <- (firstn_skipn p (firstn k tl)).
      rewrite firstn_firstn, Nat.min_l, skipn_firstn_comm by lia. auto. }
    rewrite W. split; auto.
    destruct (Nat.eq_dec p k) as [->|N]; [unfold segment in E; rewrite Nat.sub_diag in E; contradiction|].
    destruct (term_at_exists tl k) as (u & Hu); [lia|]. exists k, u. split; auto. split; auto.
    intros Hl. apply E. pose proof (matches_agree _ _ _ _ _ Ml Mt Hl Hu) as A.
    unfold segment. rewrite <- !skipn_firstn_comm, A. auto.
Qed.

End Logs.
