(** The inductive invariant: what is true before anything has happened, and stays true with every action.

    Its parts have the names that they have in [proofs/replication.epr]. They come in four groups, and each
    group needs only those before it: terms and votes, the shape of logs and log matching, what may have
    been chosen, what was applied. *)

From Coq Require Import List.
From Quorate Require Import Protocol Majorities Logs.
Import ListNotations.

Section Invariant.
Context {C : cluster}.

(** * Terms and votes *)

(** Who voted in a term has reached it, and voted for somebody who stands in it. *)
Definition vote_seen (s : state) : Prop :=
  forall n t c, voted s n t c -> t <= term s n /\ exists l, candidate s c t l.

(** Nobody votes for two in one term. *)
Definition one_vote (s : state) : Prop :=
  forall n t c d, voted s n t c -> voted s n t d -> c = d.

(** Who stood in a term has reached it. *)
Definition cand_seen (s : state) : Prop :=
  forall n t l, candidate s n t l -> t <= term s n.

(** Nobody stands in one term with two logs; the term is new to whoever stands in it. *)
Definition cand_once (s : state) : Prop :=
  forall n t l k, candidate s n t l -> candidate s n t k -> l = k.

(** A leader had the votes of a majority. *)
Definition leader_votes (s : state) : Prop :=
  forall t n, leader s t n -> majority (fun m => voted s m t n).

Record votes_ok (s : state) : Prop := {
  has_vote_seen : vote_seen s;
  has_one_vote : one_vote s;
  has_cand_seen : cand_seen s;
  has_cand_once : cand_once s;
  has_leader_votes : leader_votes s
}.

(** * The shape of logs, and log matching *)

(** Every entry of the log is of a term that has a leader and is not after [b]. *)
Definition terms_until (s : state) (l : list entry) (b : nat) : Prop :=
  forall i u, term_at l i u -> started s u /\ u <= b.

(** A server has reached the term of every entry of its log. *)
Definition log_term (s : state) : Prop := forall n, terms_until s (log s n) (term s n).

(** What a candidate stands with was created before its term. *)
Definition clog_term (s : state) : Prop :=
  forall n t l, candidate s n t l -> forall i u, term_at l i u -> started s u /\ u < t.

(** A leader has no entry of a later term. *)
Definition tlog_term (s : state) : Prop := forall t, terms_until s (tlog s t) t.

(** Only a term with a leader has a log. *)
Definition tlog_started (s : state) : Prop := forall t, tlog s t <> [] -> started s t.

(** A server's log agrees with the leader log of each of its entries' terms, up to that entry. *)
Definition log_match (s : state) : Prop := forall n, matches (tlog s) (log s n).

(** So does the log that a candidate stands with, *)
Definition clog_match (s : state) : Prop :=
  forall n t l, candidate s n t l -> matches (tlog s) l.

(** and the log of a leader. *)
Definition tlog_match (s : state) : Prop := forall t, matches (tlog s) (tlog s t).

Record logs_ok (s : state) : Prop := {
  has_log_term : log_term s;
  has_clog_term : clog_term s;
  has_tlog_term : tlog_term s;
  has_tlog_started : tlog_started s;
  has_log_match : log_match s;
  has_clog_match : clog_match s;
  has_tlog_match : tlog_match s
}.

(** * What may have been chosen *)

(** The terms of a leader's log never fall. *)
Definition tlog_mono (s : state) : Prop :=
  forall t i u j w, term_at (tlog s t) i u -> term_at (tlog s t) j w -> i <= j -> u <= w.

(** The entry at [i] of term [t] is chosen or still can be: each server of a majority has acknowledged it,
    or has not left the term, and might yet. This is what makes the proof go through: it is true before
    anything is chosen, and once it is false it stays false. *)
Definition choosable (s : state) (t i : nat) : Prop :=
  term_at (tlog s t) i t /\ majority (fun m => acked s m t i \/ term s m <= t).

(** Who acknowledged to a leader has reached its term, and no more than its log. *)
Definition ack_seen (s : state) : Prop :=
  forall n t i, acked s n t i -> t <= term s n /\ i <= length (tlog s t) /\ started s t.

(** Who acknowledged what may have been chosen still has it. *)
Definition ack_keep (s : state) : Prop :=
  forall n t i, choosable s t i -> acked s n t i -> term_at (log s n) i t.

(** And later it votes only for candidates that have it. *)
Definition vote_keep (s : state) : Prop :=
  forall n t i c z l, choosable s t i -> acked s n t i -> voted s n z c -> t < z -> candidate s c z l ->
    term_at l i t.

(** So every later leader has it. *)
Definition lead_keep (s : state) : Prop :=
  forall t i z, choosable s t i -> started s z -> t < z -> term_at (tlog s z) i t.

(** What is chosen was created by that leader, and a majority acknowledged it. *)
Definition chosen_acked (s : state) : Prop :=
  forall t i, chosen s t i -> term_at (tlog s t) i t /\ majority (fun m => acked s m t i).

Record kept_ok (s : state) : Prop := {
  has_tlog_mono : tlog_mono s;
  has_ack_seen : ack_seen s;
  has_ack_keep : ack_keep s;
  has_vote_keep : vote_keep s;
  has_lead_keep : lead_keep s;
  has_chosen_acked : chosen_acked s
}.

(** * What was applied *)

(** What a server applied is the leader's entry at a chosen index or before it. *)
Definition applied_chosen (s : state) : Prop :=
  forall n j e t i, applied s n j e t i -> chosen s t i /\ j <= i /\ at_index (tlog s t) j = Some e.

Record applied_ok (s : state) : Prop := {
  has_applied_chosen : applied_chosen s;
  has_applied_kept : applied_kept s
}.

(** * All of it *)

Record invariant (s : state) : Prop := {
  has_votes : votes_ok s;
  has_logs : logs_ok s;
  has_kept : kept_ok s;
  has_applied : applied_ok s
}.

End Invariant.

(** Looks at a server or a term that an update speaks of, and at another. *)
Ltac split_updates :=
  unfold of_server, of_term in *; repeat match goal with
  | H : context [server_eq_dec ?a ?b] |- _ => destruct (server_eq_dec a b); subst
  | |- context [server_eq_dec ?a ?b] => destruct (server_eq_dec a b); subst
  | H : context [PeanoNat.Nat.eq_dec ?a ?b] |- _ => destruct (PeanoNat.Nat.eq_dec a b); subst
  | |- context [PeanoNat.Nat.eq_dec ?a ?b] => destruct (PeanoNat.Nat.eq_dec a b); subst
  end.

(** Replaces the names of guards by what they say. *)
Ltac open_guards :=
  unfold is_a_node, term_not_left, term_not_seen, is_candidate, vote_is_free, log_is_up_to_date,
    not_leader_yet, votes_are_a_quorum, votes_were_cast, term_has_leader, index_is_next,
    leader_holds_last, previous_not_after_last, previous_matches, entry_is_of_term,
    acknowledgers_are_a_quorum, all_acknowledged, is_chosen, chosen_term_seen, index_not_after_chosen,
    holds_chosen_entry in *.
