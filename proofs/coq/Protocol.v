(** The abstract protocol, and what is proved of it: the only file that has to be believed.

    It is the protocol of [src/spec/abstract_protocol], action for action and guard for guard under the
    same names. There are no messages, no disks and no timers. A server has a term and a log, both durable;
    everything else is a history, that is, facts which stay true once they are true. Whatever the real
    protocol says in a message only repeats such a fact.

    Terms and indices are natural numbers. Index 1 is the first entry of a log, index 0 stands before it.

    Nothing here is proved. The proofs are in the other files; [Theorems.v] ends them. *)

From Coq Require Import List.
Import ListNotations.

(** A cluster: finitely many servers, listed once each, and what entries may carry. Servers may be anything
    that can be compared. *)
Class cluster := {
  server : Type;
  server_eq_dec : forall a b : server, {a = b} + {a <> b};
  servers : list server;
  servers_differ : NoDup servers;
  value : Type
}.

Section Protocol.
Context {C : cluster}.

(** * Logs *)

(** An entry: the term that created it, and what it carries. *)
Definition entry : Type := nat * value.

(** The entry at an index. *)
Definition at_index (l : list entry) (i : nat) : option entry :=
  match i with
  | 0 => None
  | S j => nth_error l j
  end.

(** The log has an entry of term [u] at index [i]. *)
Definition term_at (l : list entry) (i u : nat) : Prop :=
  exists v, at_index l i = Some (u, v).

(** The entries after index [p] up to and including index [k]. *)
Definition segment (l : list entry) (p k : nat) : list entry :=
  firstn (k - p) (skipn p l).

(** The term of the last entry; zero for an empty log. *)
Definition last_term (l : list entry) : nat :=
  match rev l with
  | [] => 0
  | e :: _ => fst e
  end.

(** Both logs reach index [i] and are equal up to it. *)
Definition agree (l l' : list entry) (i : nat) : Prop :=
  i <= length l /\ i <= length l' /\ firstn i l = firstn i l'.

(** What becomes of log [l] when it takes the entries after [p] up to [k] of log [tl]: if it has entries of
    the same terms there already it stays as it is, with whatever follows them; otherwise it ends at [k]. *)
Definition replicated (l tl : list entry) (p k : nat) : list entry :=
  if list_eq_dec PeanoNat.Nat.eq_dec (map fst (segment l p k)) (map fst (segment tl p k))
  then l
  else firstn p l ++ segment tl p k.

(** * Majorities *)

(** Different servers of this cluster, and more than half of them. *)
Definition is_quorum (q : list server) : Prop :=
  NoDup q /\ incl q servers /\ length servers < 2 * length q.

(** * The state *)

Record state := {
  (** The current term of a server, and its log; both are on its disk. *)
  term : server -> nat;
  log : server -> list entry;
  (** [voted n t c]: server [n] voted for [c] in term [t]. *)
  voted : server -> nat -> server -> Prop;
  (** [candidate n t l]: server [n] stood in term [t], with log [l] at that moment. *)
  candidate : server -> nat -> list entry -> Prop;
  (** [leader t n]: server [n] became leader of term [t]. A relation, so that two would be two. *)
  leader : nat -> server -> Prop;
  (** The log of the leader of a term: what it stood with, and all it proposed in the term. *)
  tlog : nat -> list entry;
  (** [acked n t i]: server [n] told the leader of [t] that it holds that leader's log up to [i]. *)
  acked : server -> nat -> nat -> Prop;
  (** [chosen t i]: the leader of term [t] counted a majority for its entry at [i]. *)
  chosen : nat -> nat -> Prop;
  (** [applied n j e t i]: server [n] applied entry [e] at index [j], because of [chosen t i]. *)
  applied : server -> nat -> entry -> nat -> nat -> Prop
}.

Definition started (s : state) (t : nat) : Prop := exists n, leader s t n.

(** Before anything has happened. *)
Definition init (s : state) : Prop :=
  (forall n, term s n = 0 /\ log s n = []) /\
  (forall n t c, ~ voted s n t c) /\
  (forall n t l, ~ candidate s n t l) /\
  (forall t n, ~ leader s t n) /\
  (forall t, tlog s t = []) /\
  (forall n t i, ~ acked s n t i) /\
  (forall t i, ~ chosen s t i) /\
  (forall n j e t i, ~ applied s n j e t i).

(** * Updates *)

Definition of_server {A} (f : server -> A) (n : server) (x : A) : server -> A :=
  fun m => if server_eq_dec m n then x else f m.

Definition of_term {A} (f : nat -> A) (t : nat) (x : A) : nat -> A :=
  fun u => if PeanoNat.Nat.eq_dec u t then x else f u.

(** Server [n] is in term [t]. *)
Definition set_term (n : server) (t : nat) (s : state) : state :=
  {| term := of_server (term s) n t; log := log s; voted := voted s; candidate := candidate s;
     leader := leader s; tlog := tlog s; acked := acked s; chosen := chosen s; applied := applied s |}.

(** Server [n] has log [l]. *)
Definition set_log (n : server) (l : list entry) (s : state) : state :=
  {| term := term s; log := of_server (log s) n l; voted := voted s; candidate := candidate s;
     leader := leader s; tlog := tlog s; acked := acked s; chosen := chosen s; applied := applied s |}.

(** Server [n] voted for [c] in term [t]. *)
Definition add_vote (n : server) (t : nat) (c : server) (s : state) : state :=
  {| term := term s; log := log s;
     voted := fun m u d => voted s m u d \/ (m = n /\ u = t /\ d = c);
     candidate := candidate s; leader := leader s; tlog := tlog s; acked := acked s;
     chosen := chosen s; applied := applied s |}.

(** Server [n] stands in term [t] with log [l]. *)
Definition add_candidate (n : server) (t : nat) (l : list entry) (s : state) : state :=
  {| term := term s; log := log s; voted := voted s;
     candidate := fun m u k => candidate s m u k \/ (m = n /\ u = t /\ k = l);
     leader := leader s; tlog := tlog s; acked := acked s; chosen := chosen s; applied := applied s |}.

(** Server [n] is a leader of term [t]. *)
Definition add_leader (t : nat) (n : server) (s : state) : state :=
  {| term := term s; log := log s; voted := voted s; candidate := candidate s;
     leader := fun u m => leader s u m \/ (u = t /\ m = n);
     tlog := tlog s; acked := acked s; chosen := chosen s; applied := applied s |}.

(** The log of the leader of term [t] is [l]. *)
Definition set_tlog (t : nat) (l : list entry) (s : state) : state :=
  {| term := term s; log := log s; voted := voted s; candidate := candidate s; leader := leader s;
     tlog := of_term (tlog s) t l; acked := acked s; chosen := chosen s; applied := applied s |}.

(** Server [n] acknowledged everything up to [k] to the leader of term [t]. *)
Definition add_acked (n : server) (t k : nat) (s : state) : state :=
  {| term := term s; log := log s; voted := voted s; candidate := candidate s; leader := leader s;
     tlog := tlog s;
     acked := fun m u j => acked s m u j \/ (m = n /\ u = t /\ j <= k);
     chosen := chosen s; applied := applied s |}.

(** The entry at [i] of the leader of term [t] is chosen, and what precedes it there. *)
Definition add_chosen (t i : nat) (s : state) : state :=
  {| term := term s; log := log s; voted := voted s; candidate := candidate s; leader := leader s;
     tlog := tlog s; acked := acked s;
     chosen := fun u j => chosen s u j \/ (u = t /\ j = i);
     applied := applied s |}.

(** Server [n] applied entry [e] at index [j], because of [chosen t i]. *)
Definition add_applied (n : server) (j : nat) (e : entry) (t i : nat) (s : state) : state :=
  {| term := term s; log := log s; voted := voted s; candidate := candidate s; leader := leader s;
     tlog := tlog s; acked := acked s; chosen := chosen s;
     applied := fun m k f u h => applied s m k f u h \/ (m = n /\ k = j /\ f = e /\ u = t /\ h = i) |}.

(** * Guards, under the names that [GUARDS] of the specification gives them *)

Definition is_a_node (n : server) : Prop := In n servers.
Definition term_not_left (s : state) (n : server) (t : nat) : Prop := term s n <= t.
Definition term_not_seen (s : state) (n : server) (t : nat) : Prop := term s n < t.
Definition is_candidate (s : state) (c : server) (t : nat) (l : list entry) : Prop := candidate s c t l.
Definition vote_is_free (s : state) (n c : server) (t : nat) : Prop :=
  forall d, voted s n t d -> d = c.
Definition log_is_up_to_date (s : state) (l : list entry) (n : server) : Prop :=
  last_term (log s n) < last_term l \/
  (last_term (log s n) = last_term l /\ length (log s n) <= length l).
Definition not_leader_yet (s : state) (n : server) (t : nat) : Prop := ~ leader s t n.
Definition votes_are_a_quorum (q : list server) : Prop := is_quorum q.
Definition votes_were_cast (s : state) (n : server) (t : nat) (q : list server) : Prop :=
  forall m, In m q -> voted s m t n.
Definition term_has_leader (s : state) (t : nat) : Prop := started s t.
Definition index_is_next (s : state) (t i : nat) : Prop := i = S (length (tlog s t)).
Definition leader_holds_last (s : state) (t k : nat) : Prop := 1 <= k <= length (tlog s t).
Definition previous_not_after_last (p k : nat) : Prop := p <= k.
Definition previous_matches (s : state) (n : server) (t p : nat) : Prop :=
  p = 0 \/ exists u, term_at (log s n) p u /\ term_at (tlog s t) p u.
Definition entry_is_of_term (s : state) (t i : nat) : Prop := term_at (tlog s t) i t.
Definition acknowledgers_are_a_quorum (q : list server) : Prop := is_quorum q.
Definition all_acknowledged (s : state) (t i : nat) (q : list server) : Prop :=
  forall m, In m q -> acked s m t i.
Definition is_chosen (s : state) (t i : nat) : Prop := chosen s t i.
Definition chosen_term_seen (s : state) (n : server) (t : nat) : Prop := t <= term s n.
Definition index_not_after_chosen (j i : nat) : Prop := j <= i.
Definition holds_chosen_entry (s : state) (n : server) (t j : nat) (e : entry) : Prop :=
  at_index (log s n) j = Some e /\ term_at (tlog s t) j (fst e).

(** * The eight actions *)

Inductive step (s : state) : state -> Prop :=
(** A server enters a term without voting. *)
| bump_term n t :
    is_a_node n -> term_not_left s n t ->
    step s (set_term n t s)
(** A server enters a new term, votes for itself and stands with the log it has. *)
| become_candidate n t :
    is_a_node n -> term_not_seen s n t ->
    step s (add_candidate n t (log s n) (add_vote n t n (set_term n t s)))
(** A server votes for a candidate whose log ends no earlier than its own. *)
| grant_vote n c t l :
    is_a_node n -> is_candidate s c t l -> term_not_left s n t -> vote_is_free s n c t ->
    log_is_up_to_date s l n ->
    step s (add_vote n t c (set_term n t s))
(** A candidate with the votes of a majority leads its term, with the log it stood with. *)
| become_leader n t l q :
    is_candidate s n t l -> not_leader_yet s n t -> votes_are_a_quorum q ->
    votes_were_cast s n t q ->
    step s (set_tlog t l (add_leader t n s))
(** The leader of a term extends its log by one entry. *)
| leader_append t i v :
    term_has_leader s t -> index_is_next s t i ->
    step s (set_tlog t (tlog s t ++ [(t, v)]) s)
(** A server takes entries from the leader of a term, and acknowledges everything up to the last. *)
| replicate n t p k :
    is_a_node n -> term_has_leader s t -> term_not_left s n t -> leader_holds_last s t k ->
    previous_not_after_last p k -> previous_matches s n t p ->
    step s (add_acked n t k (set_log n (replicated (log s n) (tlog s t) p k) (set_term n t s)))
(** An entry of a leader's own term that a majority acknowledged is chosen. *)
| commit t i q :
    term_has_leader s t -> entry_is_of_term s t i -> acknowledgers_are_a_quorum q ->
    all_acknowledged s t i q ->
    step s (add_chosen t i s)
(** A server applies an entry that it holds and that is chosen, itself or with a later one. *)
| apply n j e t i :
    is_a_node n -> is_chosen s t i -> chosen_term_seen s n t -> index_not_after_chosen j i ->
    holds_chosen_entry s n t j e ->
    step s (add_applied n j e t i s).

(** Any number of actions after a state in which nothing has happened. *)
Inductive reachable : state -> Prop :=
| at_first s : init s -> reachable s
| after s s' : reachable s -> step s s' -> reachable s'.

(** * What is proved of every reachable state *)

(** Nobody but the leader of a term leads it, or has a majority of its votes [Ongaro14 §3.4]. *)
Definition election_safety (s : state) : Prop :=
  forall t n c q, leader s t n ->
    leader s t c \/ (is_quorum q /\ forall m, In m q -> voted s m t c) -> c = n.

(** Two logs with an entry of the same term at the same index are equal up to it [Ongaro14 §3.5]. *)
Definition log_matching (s : state) : Prop :=
  forall n m i u, term_at (log s n) i u -> term_at (log s m) i u -> agree (log s n) (log s m) i.

(** What a leader has chosen is in the log of every leader of a later term [Ongaro14 §3.6]. *)
Definition leader_completeness (s : state) : Prop :=
  forall t i, chosen s t i ->
    started s t /\ forall z, t <= z -> started s z -> agree (tlog s t) (tlog s z) i.

(** No two servers apply different entries at the same index, nor one server at two times
    [Ongaro14 §3.2]. *)
Definition state_machine_safety (s : state) : Prop :=
  forall n m j e f t i u k, applied s n j e t i -> applied s m j f u k -> e = f.

(** What a server has applied stays in its log, and the server in the term that chose it or a later one. *)
Definition applied_kept (s : state) : Prop :=
  forall n j e t i, applied s n j e t i -> t <= term s n /\ at_index (log s n) j = Some e.

End Protocol.
