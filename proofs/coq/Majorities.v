(** Why two majorities of one cluster have a server in common: the only place where servers are counted.
    Every proof that needs a quorum needs this, and nothing else about quorums. *)

From Coq Require Import List Lia.
From Quorate Require Import Protocol.
Import ListNotations.

Section Majorities.
Context {C : cluster}.

(** Every server of some majority has this property. *)
Definition majority (P : server -> Prop) : Prop :=
  exists q, is_quorum q /\ forall m, In m q -> P m.

(** Two lists without a common element are, one after the other, a list without repetition. *)
Lemma apart_without_repetition (l k : list server) :
  NoDup l -> NoDup k -> (forall n, In n l -> ~ In n k) -> NoDup (l ++ k).
Proof.
  induction l as [|n l IH]; cbn; intros L K D; auto.
  inversion L as [|x y H N]; subst. constructor.
  - intros I. apply in_app_or in I. destruct I as [I|I]; auto. apply (D n); auto.
  - apply IH; auto.
Qed.

(** Two quorums without a common server would together have more servers than there are. *)
Lemma quorums_intersect (q r : list server) :
  is_quorum q -> is_quorum r -> exists n, In n q /\ In n r.
Proof.
  intros (Nq & Iq & Lq) (Nr & Ir & Lr).
  destruct (Exists_dec (fun n => In n r) q (fun n => in_dec server_eq_dec n r)) as [E|E].
  - apply Exists_exists in E. destruct E as (n & A & B). exists n. auto.
  - exfalso. assert (D : NoDup (q ++ r)).
    { apply apart_without_repetition; auto. intros n A B. apply E, Exists_exists. exists n. auto. }
    pose proof (NoDup_incl_length D (incl_app Iq Ir)) as L. rewrite app_length in L. lia.
Qed.

(** The same for properties of servers, the form in which it is used. *)
Lemma majorities_intersect (P Q : server -> Prop) :
  majority P -> majority Q -> exists n, P n /\ Q n.
Proof.
  intros (q & Hq & HP) (r & Hr & HQ). destruct (quorums_intersect q r Hq Hr) as (n & A & B).
  exists n. auto.
Qed.

(** A majority stays one when the property becomes weaker; facts stay true, so all steps make it weaker. *)
Lemma majority_mono (P Q : server -> Prop) : (forall n, P n -> Q n) -> majority P -> majority Q.
Proof. intros H (q & Hq & HP). exists q. split; auto. Qed.

(** That the definition means what it says: a property that can be decided has a majority exactly if more
    than half of the servers have it. *)
Lemma majority_counts (p : server -> bool) :
  majority (fun n => p n = true) <-> length servers < 2 * length (filter p servers).
Proof.
  split.
  - intros (q & (N & I & L) & H). assert (J : incl q (filter p servers)).
    { intros n Hn. apply filter_In. auto. }
    pose proof (NoDup_incl_length N J). lia.
  - intros L. exists (filter p servers). split; [split; [|split]|]; auto.
    + apply NoDup_filter, servers_differ.
    + intros n Hn. apply filter_In in Hn. apply Hn.
    + intros n Hn. apply filter_In in Hn. apply Hn.
Qed.

End Majorities.
