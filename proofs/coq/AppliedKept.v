(** What was applied: every action keeps [applied_ok]. The same argument as for acknowledgements, with what
    leaders have already chosen in place of what they still may. *)

From Coq Require Import List Lia Arith.
From Quorate Require Import Protocol Majorities Logs Invariant VotesKept LogsKept ChoiceKept.
Import ListNotations.

Section AppliedKept.
Context {C : cluster}.

(** Every later leader has the log of the leader who chose an entry, up to that entry. *)
Lemma leaders_agree s t i z :
  logs_ok s -> kept_ok s -> chosen s t i -> t <= z -> started s z -> agree (tlog s t) (tlog s z) i.
Proof.
  intros L K X Z S. pose proof (chosen_choosable _ _ _ K X) as Y.
  pose proof (leaders_have _ _ _ _ (has_lead_keep _ K) Y Z S) as E. destruct Y as (F & _).
  pose proof (term_at_within _ _ _ E). pose proof (term_at_within _ _ _ F).
  split; [lia|split; [lia|]]. eapply matches_agree; eauto; apply (has_tlog_match _ L).
Qed.

(** Two terms that chose anything agree up to the lesser of their indices: one of them is the later. *)
Lemma choosers_agree s t i u k j :
  logs_ok s -> kept_ok s -> chosen s t i -> chosen s u k -> j <= i -> j <= k ->
  firstn j (tlog s t) = firstn j (tlog s u).
Proof.
  intros L K X Y I J.
  assert (S : forall z a, chosen s z a -> started s z).
  { intros z a Z. destruct (has_chosen_acked _ K _ _ Z) as (E & _). apply (has_tlog_term _ L _ _ _ E). }
  destruct (Nat.le_ge_cases t u) as [Z|Z].
  - destruct (leaders_agree _ _ _ _ L K X Z (S _ _ Y)) as (_ & _ & E). apply (firstn_shorter _ _ _ _ I E).
  - destruct (leaders_agree _ _ _ _ L K Y Z (S _ _ X)) as (_ & _ & E). symmetry. apply (firstn_shorter _ _ _ _ J E).
Qed.

(** What is newly applied is in the server's log, which agrees with the leader's so far. *)
Lemma new_applied s s' n j e t i :
  logs_ok s -> step s s' -> applied s' n j e t i ->
  applied s n j e t i \/
  (chosen s t i /\ j <= i /\ t <= term s n /\ at_index (tlog s t) j = Some e /\
   at_index (log s n) j = Some e /\ tlog s' = tlog s /\ log s' = log s).
Proof.
  intros L H V. destruct H; auto; open_guards; cbn in V |- *.
  destruct V as [V|(->&->&->&->&->)]; auto. right. destruct H3 as (B & D).
  repeat (split; auto). rewrite <- B. eapply at_index_equal; [|apply Nat.le_refl].
  eapply (matches_agree (tlog s)); eauto; [apply (has_tlog_match _ L)|apply (has_log_match _ L)|].
  destruct e0 as (u & v). exists v. auto.
Qed.

(** A leader's log grows at its end only, and what is chosen stays chosen. *)
Lemma applied_chosen_kept s s' :
  votes_ok s -> logs_ok s -> applied_chosen s -> step s s' -> applied_chosen s'.
Proof.
  intros A L P H n j e t i V.
  assert (G : chosen s t i -> chosen s' t i) by (intros X; destruct H; cbn; auto).
  destruct (new_applied _ _ _ _ _ _ _ L H V) as [W|(X & J & _ & E & _ & F & _)]; [|rewrite F; auto].
  destruct (P _ _ _ _ _ W) as (X & J & E). split; [auto|split; [auto|]].
  assert (S : started s t) by (apply (has_tlog_started _ L); intros F; rewrite F in E; destruct j as [|[|j]]; discriminate).
  destruct (tlog_extends _ _ t A H S) as (x & ->). rewrite at_index_app; auto.
  apply at_index_within in E. lia.
Qed.

(** No leader from whom the server may still take entries conflicts with what it has applied. *)
Lemma applied_kept_kept s s' :
  logs_ok s -> kept_ok s -> applied_ok s -> step s s' -> applied_kept s'.
Proof.
  intros L K P H n j e t i V. pose proof (term_grows _ _ n H).
  destruct (new_applied _ _ _ _ _ _ _ L H V) as [W|(_ & _ & T & _ & E & _ & F)]; [|rewrite F; split; auto; lia].
  destruct (has_applied_kept _ P _ _ _ _ _ W) as (T & E). destruct (has_applied_chosen _ P _ _ _ _ _ W) as (X & J & D).
  split; [lia|]. destruct e as (u & v). rewrite <- E. eapply at_index_equal; [|apply Nat.le_refl].
  eapply (beginning_kept s s' n j u); eauto; [exists v; auto|].
  intros z S Z. destruct (leaders_agree _ _ _ _ L K X (Nat.le_trans _ _ _ T Z) S) as (_ & _ & B).
  eapply term_at_equal; [apply B|auto|]. exists v. auto.
Qed.

(** Both together. *)
Lemma applied_ok_kept s s' :
  votes_ok s -> logs_ok s -> kept_ok s -> applied_ok s -> step s s' -> applied_ok s'.
Proof.
  intros A L K P H. split.
  - eapply applied_chosen_kept; eauto. apply P.
  - eapply applied_kept_kept; eauto.
Qed.

End AppliedKept.
