(** The shape of logs, and log matching: every action keeps [logs_ok].

    Three things can happen to logs, and each of the first three lemmas says all there is to know of one. *)

From Coq Require Import List Lia Arith.
From Quorate Require Import Protocol Majorities Logs Invariant VotesKept.
Import ListNotations.

Section LogsKept.
Context {C : cluster}.

(** A term that has a leader keeps it. *)
Lemma started_grows s s' t : step s s' -> started s t -> started s' t.
Proof. intros H (n & L). exists n. destruct H; cbn; auto. Qed.

(** A term's log stays, or is what its first leader stood with, or gets one entry of its term. *)
Lemma new_tlog s s' t :
  votes_ok s -> step s s' ->
  (tlog s' t = tlog s t /\ (started s' t -> started s t)) \/
  (~ started s t /\ started s' t /\ exists n, candidate s n t (tlog s' t) /\ majority (fun m => voted s m t n)) \/
  (started s t /\ log s' = log s /\ term s' = term s /\ acked s' = acked s /\ leader s' = leader s /\
   exists v, tlog s' t = tlog s t ++ [(t, v)]).
Proof.
  intros A H. destruct H; auto; cbn.
  - pose proof (new_leader_is_first _ _ _ _ A H0 H1 H2). split_updates.
    + right. left. split; auto. split; [exists n; cbn; auto|]. exists n. split; auto. exists q. auto.
    + left. split; auto. intros (m & [L|(E & _)]); [exists m; auto|contradiction].
  - split_updates; auto. right. right. repeat (split; auto). eexists; eauto.
Qed.

(** So the log of a leader only ever grows at its end. *)
Lemma tlog_extends s s' t :
  votes_ok s -> step s s' -> started s t -> exists x, tlog s' t = tlog s t ++ x.
Proof.
  intros A H S. destruct (new_tlog _ _ t A H) as [(-> & _)|[(N & _)|(_ & _ & _ & _ & _ & v & ->)]].
  - exists []. rewrite app_nil_r. auto.
  - contradiction.
  - eexists; eauto.
Qed.

(** A server's log stays, or becomes the beginning of a leader's because it lacked something of it; the
    server is then in that leader's term, which it had not left. *)
Lemma new_log s s' n :
  logs_ok s -> step s s' ->
  log s' n = log s n \/
  exists t k, started s t /\ term s n <= t /\ term s' n = t /\ log s' n = firstn k (tlog s t) /\
    exists i u, i <= k /\ term_at (tlog s t) i u /\ ~ term_at (log s n) i u.
Proof.
  intros L H. destruct H; auto; open_guards; cbn. split_updates; auto.
  destruct (replicated_whole (tlog s) (log s n0) (tlog s t) p k) as [(E & _)|(E & M)]; auto; try lia.
  - apply (has_log_match _ L).
  - apply (has_tlog_match _ L).
  - right. exists t, k. auto.
Qed.

(** What matched the leaders' logs still does. *)
Lemma matches_stays s s' l :
  votes_ok s -> step s s' -> matches (tlog s) l -> (forall i u, term_at l i u -> started s u) ->
  matches (tlog s') l.
Proof.
  intros A H M K i u E. destruct (tlog_extends _ _ u A H (K _ _ E)) as (x & ->).
  rewrite (M _ _ E), firstn_app. pose proof (matches_within _ _ _ _ M E).
  replace (i - length (tlog s u)) with 0 by lia. cbn. rewrite app_nil_r. auto.
Qed.

(** What a server takes is of no later term than the leader's, which is then its own. *)
Lemma log_term_kept s s' : logs_ok s -> step s s' -> log_term s'.
Proof.
  intros L H n i u E. pose proof (term_grows _ _ n H).
  destruct (new_log _ _ n L H) as [F|(t & k & _ & _ & T & F & _)]; rewrite F in E.
  - destruct (has_log_term _ L _ _ _ E). split; [eapply started_grows; eauto|lia].
  - apply term_at_firstn in E. destruct (has_tlog_term _ L _ _ _ (proj2 E)).
    split; [eapply started_grows; eauto|lia].
Qed.

(** The term of a new candidate is beyond the one it was in, so beyond all of its entries. *)
Lemma clog_term_kept s s' : logs_ok s -> step s s' -> clog_term s'.
Proof.
  intros L H n t l V i u E. destruct (new_candidate _ _ _ _ _ H V) as [W|(_ & N & ->)].
  - destruct (has_clog_term _ L _ _ _ W _ _ E). split; auto. eapply started_grows; eauto.
  - destruct (has_log_term _ L _ _ _ E). split; [eapply started_grows; eauto|lia].
Qed.

(** A new leader stood with entries of before its term, and appends entries of its term. *)
Lemma tlog_term_kept s s' : votes_ok s -> logs_ok s -> step s s' -> tlog_term s'.
Proof.
  intros A L H t i u E. pose proof (started_grows s s') as G.
  destruct (new_tlog _ _ t A H) as [(F & _)|[(_ & _ & n & V & _)|(S & _ & _ & _ & _ & v & F)]].
  - rewrite F in E. destruct (has_tlog_term _ L _ _ _ E). auto.
  - destruct (has_clog_term _ L _ _ _ V _ _ E). split; auto. lia.
  - rewrite F in E. apply term_at_app in E. destruct E as [E|(_ & ->)]; cbn; auto.
    destruct (has_tlog_term _ L _ _ _ E). auto.
Qed.

(** Only leaders are given logs. *)
Lemma tlog_started_kept s s' : votes_ok s -> logs_ok s -> step s s' -> tlog_started s'.
Proof.
  intros A L H t E. destruct (new_tlog _ _ t A H) as [(F & _)|[(_ & S & _)|(S & _)]]; auto.
  - rewrite F in E. eapply started_grows; eauto. apply (has_tlog_started _ L). auto.
  - eapply started_grows; eauto.
Qed.

(** A new leader has the log that it stood with, which matched; an entry that it appends is its own. *)
Lemma tlog_match_kept s s' : votes_ok s -> logs_ok s -> step s s' -> tlog_match s'.
Proof.
  intros A L H t. destruct (new_tlog _ _ t A H) as [(F & _)|[(_ & _ & n & V & _)|(S & _ & _ & _ & _ & v & F)]].
  - rewrite F. eapply matches_stays; eauto; [apply (has_tlog_match _ L)|].
    intros i u E. apply (has_tlog_term _ L _ _ _ E).
  - eapply matches_stays; eauto; [eapply (has_clog_match _ L); eauto|].
    intros i u E. apply (has_clog_term _ L _ _ _ V _ _ E).
  - intros i u E. rewrite F in E. apply term_at_app in E. destruct E as [E|(-> & ->)]; [|cbn; auto].
    pose proof (term_at_within _ _ _ E). rewrite F, firstn_app.
    replace (i - length (tlog s t)) with 0 by lia. cbn. rewrite app_nil_r.
    eapply matches_stays; eauto; [apply (has_tlog_match _ L)|].
    intros j w K. apply (has_tlog_term _ L _ _ _ K).
Qed.

(** What a server takes is the beginning of a log that matches. *)
Lemma log_match_kept s s' : votes_ok s -> logs_ok s -> step s s' -> log_match s'.
Proof.
  intros A L H n. destruct (new_log _ _ n L H) as [F|(t & k & _ & _ & _ & F & _)]; rewrite F.
  - eapply matches_stays; eauto; [apply (has_log_match _ L)|].
    intros i u E. apply (has_log_term _ L _ _ _ E).
  - eapply matches_stays; eauto; [apply matches_firstn, (has_tlog_match _ L)|].
    intros i u E. apply term_at_firstn in E. apply (has_tlog_term _ L _ _ _ (proj2 E)).
Qed.

(** A new candidate stands with a server's log. *)
Lemma clog_match_kept s s' : votes_ok s -> logs_ok s -> step s s' -> clog_match s'.
Proof.
  intros A L H n t l V. destruct (new_candidate _ _ _ _ _ H V) as [W|(_ & _ & ->)].
  - eapply matches_stays; eauto; [eapply (has_clog_match _ L); eauto|].
    intros i u E. apply (has_clog_term _ L _ _ _ W _ _ E).
  - eapply matches_stays; eauto; [apply (has_log_match _ L)|].
    intros i u E. apply (has_log_term _ L _ _ _ E).
Qed.

(** The seven together. *)
Lemma logs_ok_kept s s' : votes_ok s -> logs_ok s -> step s s' -> logs_ok s'.
Proof.
  intros A L H. split.
  - eapply log_term_kept; eauto.
  - eapply clog_term_kept; eauto.
  - eapply tlog_term_kept; eauto.
  - eapply tlog_started_kept; eauto.
  - eapply log_match_kept; eauto.
  - eapply clog_match_kept; eauto.
  - eapply tlog_match_kept; eauto.
Qed.

(** A server keeps the beginning of its log if every leader from whom it may still take entries has the
    entry at its end: whatever conflicts, conflicts behind it. *)
Lemma beginning_kept s s' n i u :
  logs_ok s -> step s s' -> term_at (log s n) i u ->
  (forall z, started s z -> term s n <= z -> term_at (tlog s z) i u) ->
  firstn i (log s' n) = firstn i (log s n).
Proof.
  intros L H E K. destruct (new_log _ _ n L H) as [F|(z & k & S & T & _ & F & j & w & J & B & N)]; rewrite F; auto.
  specialize (K z S T). pose proof (matches_agree _ _ _ _ _ (has_log_match _ L n) (has_tlog_match _ L z) E K) as P.
  rewrite firstn_firstn. destruct (Nat.le_gt_cases i k) as [Q|Q].
  - rewrite Nat.min_l by auto. auto.
  - exfalso. apply N. eapply term_at_equal; [symmetry; apply P| |apply B]. lia.
Qed.

End LogsKept.
