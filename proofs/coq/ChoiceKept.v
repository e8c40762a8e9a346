(** What may have been chosen: every action keeps [kept_ok]. This is the heart of the proof.

    An entry is [choosable] as long as a majority might still acknowledge it. Voters leave a term when they
    vote in a later one. So when a later leader is elected, each entry that it lacks has lost its chance, or
    one of its voters has acknowledged the entry, and would not have voted for it. *)

From Coq Require Import List Lia Arith.
From Quorate Require Import Protocol Majorities Logs Invariant VotesKept LogsKept.
Import ListNotations.

Section ChoiceKept.
Context {C : cluster}.

(** The terms of a leader's log never fall: a new entry has the leader's term, which is the greatest. *)
Lemma tlog_mono_kept s s' : votes_ok s -> logs_ok s -> tlog_mono s -> step s s' -> tlog_mono s'.
Proof.
  intros A L M H t i u j w E F I.
  destruct (new_tlog _ _ t A H) as [(T & _)|[(_ & _ & n & V & _)|(_ & _ & _ & _ & _ & v & T)]].
  - rewrite T in *. eapply M; eauto.
  - pose proof (has_clog_match _ L _ _ _ V _ _ F) as P.
    apply (M w i u j w); auto; eapply term_at_equal; try apply P; auto.
  - rewrite T in *. apply term_at_app in E. apply term_at_app in F.
    destruct E as [E|(->&->)], F as [F|(->&->)]; auto; [eapply M; eauto| |].
    + cbn. apply (has_tlog_term _ L _ _ _ E).
    + apply term_at_within in F. lia.
Qed.

(** A new acknowledgement is given to the leader of the server's term, which it had not left, and the
    server's log is then the leader's so far. *)
Lemma new_ack s s' n t i :
  logs_ok s -> step s s' -> acked s' n t i ->
  acked s n t i \/
  (term s n <= t /\ t = term s' n /\ i <= length (tlog s t) /\ started s t /\ tlog s' = tlog s /\
   firstn i (log s' n) = firstn i (tlog s t)).
Proof.
  intros L H K. destruct H; auto; open_guards; cbn in K |- *.
  destruct K as [K|(->&->&K)]; auto. right. split_updates; [|congruence].
  split; [lia|]. split; [auto|]. split; [lia|]. split; [auto|]. split; [auto|].
  destruct (replicated_whole (tlog s) (log s n0) (tlog s t0) p k) as [(-> & E)|(-> & _)]; auto; try lia.
  - apply (has_log_match _ L).
  - apply (has_tlog_match _ L).
  - eapply firstn_shorter; eauto.
  - rewrite firstn_firstn, Nat.min_l; auto.
Qed.

(** A new acknowledgement is within the leader's log, in the server's term; logs of leaders and terms grow. *)
Lemma ack_seen_kept s s' : votes_ok s -> logs_ok s -> ack_seen s -> step s s' -> ack_seen s'.
Proof.
  intros A L K H n t i E. pose proof (term_grows _ _ n H).
  assert (G : i <= length (tlog s t) /\ started s t /\ t <= term s' n).
  { destruct (new_ack _ _ _ _ _ L H E) as [F|(_ & -> & F & S & _)]; auto.
    destruct (K _ _ _ F) as (? & ? & ?). repeat split; auto. lia. }
  destruct G as (I & S & T). split; auto. split; [|eapply started_grows; eauto].
  destruct (tlog_extends _ _ t A H S) as (x & ->). rewrite app_length. lia.
Qed.

(** What is choosable was so before, or has just been appended by a leader, and is acknowledged by nobody. *)
Lemma choosable_before s s' t i :
  votes_ok s -> logs_ok s -> ack_seen s -> step s s' -> choosable s' t i ->
  choosable s t i \/
  (majority (fun m => term s m <= t) /\ leader s' = leader s /\ forall m, ~ acked s' m t i).
Proof.
  intros A L K H (E & Q).
  assert (R : majority (fun m => acked s m t i \/ term s m <= t)).
  { apply (majority_mono _ _ (fun m (X : acked s' m t i \/ term s' m <= t) =>
      match X with
      | or_introl X => match new_ack _ _ _ _ _ L H X with
                       | or_introl Y => or_introl Y
                       | or_intror Y => or_intror (proj1 Y)
                       end
      | or_intror X => or_intror (Nat.le_trans _ _ _ (term_grows _ _ m H) X)
      end)). auto. }
  destruct (new_tlog _ _ t A H) as [(T & _)|[(_ & _ & n & V & _)|(_ & _ & F & G & J & v & T)]].
  - left. split; auto. rewrite T in E. auto.
  - pose proof (has_clog_term _ L _ _ _ V _ _ E). lia.
  - rewrite T in E. apply term_at_app in E. destruct E as [E|(-> & _)]; [left; split; auto|right].
    assert (N : forall m, ~ acked s m t (S (length (tlog s t)))) by (intros m X; apply K in X; lia).
    rewrite G. repeat split; auto. apply (majority_mono _ _ (fun m X =>
      match X with or_introl Y => match N m Y with end | or_intror Y => Y end)). auto.
Qed.

(** Every leader from whom a server may still take entries has what may have been chosen in a term that
    the server has reached. *)
Lemma leaders_have s t i z :
  lead_keep s -> choosable s t i -> t <= z -> started s z -> term_at (tlog s z) i t.
Proof.
  intros K X L S. destruct (Nat.eq_dec t z) as [->|N]; [apply X|]. apply (K t); auto. lia.
Qed.

(** A server drops entries only for a leader that lacks them, and no such leader lacks these. *)
Lemma ack_keep_kept s s' : votes_ok s -> logs_ok s -> kept_ok s -> step s s' -> ack_keep s'.
Proof.
  intros A L K H n t i X E.
  destruct (choosable_before _ _ _ _ A L (has_ack_seen _ K) H X) as [Y|(_ & _ & N)]; [|destruct (N _ E)].
  destruct (new_ack _ _ _ _ _ L H E) as [F|(_ & _ & _ & _ & _ & P)].
  - pose proof (has_ack_keep _ K _ _ _ Y F) as G. destruct (has_ack_seen _ K _ _ _ F) as (T & _).
    eapply term_at_equal; [symmetry; eapply (beginning_kept s s' n i t); eauto| |apply G]; auto.
    intros z S Z. apply leaders_have; auto; [apply K|lia].
  - eapply term_at_equal; [symmetry; apply P| |apply Y]; auto.
Qed.

(** A candidate whose log ends no earlier than a voter's has what the voter has and may have been chosen:
    if its last term is the same, because both logs are that leader's; if it is later, because the leader of
    that term has it. *)
Lemma up_to_date_has s t i n c z l :
  logs_ok s -> kept_ok s -> choosable s t i -> term_at (log s n) i t -> candidate s c z l ->
  log_is_up_to_date s l n -> term_at l i t.
Proof.
  intros L K X E V U. unfold log_is_up_to_date in U. pose proof (term_at_within _ _ _ E) as I.
  assert (Nn : log s n <> []) by (intros F; rewrite F in I; cbn in I; lia).
  pose proof (last_term_at _ Nn) as En. pose proof (has_log_match _ L n) as Mn.
  pose proof (Mn _ _ En) as Pn.
  assert (T : t <= last_term (log s n)).
  { apply (has_tlog_mono _ K (last_term (log s n)) i t (length (log s n)) (last_term (log s n))); [| |lia];
      eapply term_at_equal; try apply Pn; auto; lia. }
  assert (Nl : l <> []).
  { intros ->. cbn in U. destruct U as [U|(_ & U)]; [lia|]. destruct (log s n); cbn in U; [auto|lia]. }
  pose proof (last_term_at _ Nl) as El. pose proof (has_clog_match _ L _ _ _ V) as Ml. pose proof (Ml _ _ El) as Pl.
  destruct U as [U|(U & W)].
  - pose proof (has_clog_term _ L _ _ _ V _ _ El) as (S & _).
    pose proof (has_lead_keep _ K _ _ _ X S ltac:(lia)) as F.
    destruct (Nat.le_gt_cases i (length l)).
    + eapply term_at_equal; [symmetry; apply Pl| |]; auto.
    + assert (last_term l <= t); [|lia].
      apply (has_tlog_mono _ K (last_term l) (length l) (last_term l) i t); auto; [|lia].
      eapply term_at_equal; [apply Pl| |]; auto.
  - rewrite <- U in Pl. apply (firstn_shorter _ _ _ _ W) in Pl.
    eapply term_at_equal; [|apply (proj2 I)|apply E]. congruence.
Qed.

(** A vote that is new is for a candidate with such a log; who acknowledges anew has not voted later. *)
Lemma vote_keep_kept s s' : votes_ok s -> logs_ok s -> kept_ok s -> step s s' -> vote_keep s'.
Proof.
  intros A L K H n t i c z l X E V Z W.
  destruct (choosable_before _ _ _ _ A L (has_ack_seen _ K) H X) as [Y|(_ & _ & N)]; [|destruct (N _ E)].
  pose proof (has_cand_seen _ A) as D. pose proof (cand_once_kept _ _ A H) as O.
  destruct (new_vote _ _ _ _ _ H V) as [V'|(_ & G & V')].
  - destruct (has_vote_seen _ A _ _ _ V') as (T & k & W').
    destruct (new_ack _ _ _ _ _ L H E) as [F|(T' & _)]; [|lia].
    rewrite (O _ _ _ _ W (candidate_grows _ _ _ _ _ H W')). eapply (has_vote_keep _ K); eauto.
  - rewrite G in E. pose proof (has_ack_keep _ K _ _ _ Y E) as B. destruct V' as [(-> & W')|(k & W' & U)].
    + rewrite (O _ _ _ _ W W'). auto.
    + rewrite (O _ _ _ _ W (candidate_grows _ _ _ _ _ H W')). eapply up_to_date_has; eauto.
Qed.

(** A new leader has it, for one of its voters had acknowledged it; an old one keeps its log. *)
Lemma lead_keep_kept s s' : votes_ok s -> logs_ok s -> kept_ok s -> step s s' -> lead_keep s'.
Proof.
  intros A L K H t i z X S Z.
  destruct (choosable_before _ _ _ _ A L (has_ack_seen _ K) H X) as [Y|(M & G & _)].
  - destruct (new_tlog _ _ z A H) as [(T & F)|[(_ & _ & n & V & M)|(S' & _ & _ & _ & _ & v & T)]].
    + rewrite T. eapply (has_lead_keep _ K); eauto.
    + destruct Y as (Y1 & Q). destruct (majorities_intersect _ _ Q M) as (m & [F|F] & W).
      * eapply (has_vote_keep _ K m t i n z); eauto. split; auto.
      * apply (has_vote_seen _ A) in W. lia.
    + rewrite T. pose proof (has_lead_keep _ K _ _ _ Y S' Z) as E. pose proof (term_at_within _ _ _ E) as W.
      destruct E as (x & E). exists x. rewrite at_index_app; auto. lia.
  - destruct S as (m & S). rewrite G in S.
    destruct (majorities_intersect _ _ M (has_leader_votes _ A _ _ S)) as (w & F & W).
    apply (has_vote_seen _ A) in W. lia.
Qed.

(** An entry is chosen when a majority has acknowledged it; a leader's log only grows. *)
Lemma chosen_acked_kept s s' : votes_ok s -> logs_ok s -> kept_ok s -> step s s' -> chosen_acked s'.
Proof.
  intros A L K H t i X.
  assert (O : chosen s t i -> term_at (tlog s' t) i t /\ majority (fun m => acked s' m t i)).
  { intros Y. destruct (has_chosen_acked _ K _ _ Y) as (E & Q). split.
    - pose proof (term_at_within _ _ _ E) as W. pose proof (proj1 (has_tlog_term _ L _ _ _ E)) as S.
      destruct (tlog_extends _ _ t A H S) as (x & ->). destruct E as (v & E). exists v.
      rewrite at_index_app; auto. lia.
    - revert Q. apply majority_mono. intros m F. destruct H; cbn; auto. }
  destruct H; cbn in X; auto. destruct X as [X|(->&->)]; auto. open_guards. split; auto. exists q. auto.
Qed.

(** The six together. *)
Lemma kept_ok_kept s s' : votes_ok s -> logs_ok s -> kept_ok s -> step s s' -> kept_ok s'.
Proof.
  intros A L K H. split.
  - eapply tlog_mono_kept; eauto. apply K.
  - eapply ack_seen_kept; eauto. apply K.
  - eapply ack_keep_kept; eauto.
  - eapply vote_keep_kept; eauto.
  - eapply lead_keep_kept; eauto.
  - eapply chosen_acked_kept; eauto.
Qed.

(** What is chosen is choosable: those who acknowledged it are the majority. *)
Lemma chosen_choosable s t i : kept_ok s -> chosen s t i -> choosable s t i.
Proof.
  intros K X. destruct (has_chosen_acked _ K _ _ X) as (E & Q). split; auto.
  revert Q. apply majority_mono. auto.
Qed.

End ChoiceKept.
