(** The five theorems. What they say is in [Protocol.v]; here the parts of the proof meet.

    They hold of every cluster, whatever its number of servers, and of every reachable state, whatever its
    number of terms, entries and actions. *)

From Coq Require Import List Lia Arith.
From Quorate Require Import Protocol Majorities Logs Invariant VotesKept LogsKept ChoiceKept AppliedKept.
Import ListNotations.

Section Theorems.
Context {C : cluster}.

(** Before anything has happened, there is nothing of which the invariant could be false. *)
Lemma invariant_at_first s : init s -> invariant s.
Proof.
  intros (N & V & D & L & T & A & X & P).
  assert (B : forall t, tlog s t = []) by auto.
  assert (Z : forall t i u, ~ term_at (tlog s t) i u).
  { intros t i u (v & E). rewrite T in E. destruct i as [|[|i]]; discriminate. }
  assert (Y : forall n i u, ~ term_at (log s n) i u).
  { intros n i u (v & E). rewrite (proj2 (N n)) in E. destruct i as [|[|i]]; discriminate. }
  split; split; repeat intro; exfalso; try (eapply Z; eassumption); try (eapply Y; eassumption);
    try (eapply V; eassumption); try (eapply D; eassumption); try (eapply L; eassumption);
    try (eapply A; eassumption); try (eapply X; eassumption); try (eapply P; eassumption); auto.
  all: match goal with H : choosable _ _ _ |- _ => apply (Z _ _ _ (proj1 H)) end.
Qed.

(** Each action keeps the invariant, group by group. *)
Lemma invariant_kept s s' : invariant s -> step s s' -> invariant s'.
Proof.
  intros [A L K P] H. split.
  - eapply votes_ok_kept; eauto.
  - eapply logs_ok_kept; eauto.
  - eapply kept_ok_kept; eauto.
  - eapply applied_ok_kept; eauto.
Qed.

(** So it holds of every reachable state. *)
Lemma invariant_reachable s : reachable s -> invariant s.
Proof. induction 1; [apply invariant_at_first|eapply invariant_kept]; eauto. Qed.

(** Majorities intersect, and nobody votes twice. *)
Theorem election_safety s : reachable s -> Protocol.election_safety s.
Proof.
  intros R t n c q L H. pose proof (has_votes _ (invariant_reachable _ R)) as A.
  apply (one_leader s t n c A L). destruct H as [H|(Q & H)].
  - apply (has_leader_votes _ A _ _ H).
  - exists q. auto.
Qed.

(** Both logs agree with that of the leader who created the entry. *)
Theorem log_matching s : reachable s -> Protocol.log_matching s.
Proof.
  intros R n m i u E F. pose proof (has_logs _ (invariant_reachable _ R)) as L.
  pose proof (term_at_within _ _ _ E). pose proof (term_at_within _ _ _ F).
  split; [lia|split; [lia|]]. eapply matches_agree; eauto; apply (has_log_match _ L).
Qed.

(** What is chosen is choosable, and every later leader has what is choosable. *)
Theorem leader_completeness s : reachable s -> Protocol.leader_completeness s.
Proof.
  intros R t i X. destruct (invariant_reachable _ R) as [_ L K _]. split.
  - destruct (has_chosen_acked _ K _ _ X) as (E & _). apply (has_tlog_term _ L _ _ _ E).
  - intros z Z S. apply leaders_agree; auto.
Qed.

(** Both entries are those of leaders whose chosen logs agree. *)
Theorem state_machine_safety s : reachable s -> Protocol.state_machine_safety s.
Proof.
  intros R n m j e f t i u k V W. destruct (invariant_reachable _ R) as [_ L K P].
  destruct (has_applied_chosen _ P _ _ _ _ _ V) as (X & I & E).
  destruct (has_applied_chosen _ P _ _ _ _ _ W) as (Y & J & F).
  pose proof (choosers_agree _ _ _ _ _ _ L K X Y I J) as B.
  pose proof (at_index_equal _ _ _ j B (Nat.le_refl j)). congruence.
Qed.

(** It is a part of the invariant. *)
Theorem applied_kept s : reachable s -> Protocol.applied_kept s.
Proof. intros R. apply (has_applied_kept _ (has_applied _ (invariant_reachable _ R))). Qed.

End Theorems.

(** What they rest on, as Coq sees it. [cargo xtask test coq] requires that it is nothing. *)
Print Assumptions election_safety.
Print Assumptions log_matching.
Print Assumptions leader_completeness.
Print Assumptions state_machine_safety.
Print Assumptions applied_kept.
