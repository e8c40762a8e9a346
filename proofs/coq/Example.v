(** A run of three servers in which all eight actions occur, so that no theorem holds for want of anything
    to speak of. An entry is chosen and applied; another, which no majority had, is overwritten by the
    leader of a later term. *)

From Coq Require Import List Lia.
From Quorate Require Import Protocol Invariant.
Import ListNotations.

Inductive three := n1 | n2 | n3.
Inductive payload := a | b | c.

#[local] Instance example : cluster.
Proof.
  refine {| server := three; servers := [n1; n2; n3]; value := payload |}.
  - decide equality.
  - repeat constructor; cbn; intuition discriminate.
Defined.

Definition s0 : state := {|
  term := fun _ => 0; log := fun _ => []; voted := fun _ _ _ => False; candidate := fun _ _ _ => False;
  leader := fun _ _ => False; tlog := fun _ => []; acked := fun _ _ _ => False;
  chosen := fun _ _ => False; applied := fun _ _ _ _ _ => False |}.

(** In term 1, n1 leads with the vote of n2. *)
Definition s1 := add_candidate n1 1 [] (add_vote n1 1 n1 (set_term n1 1 s0)).
Definition s2 := add_vote n2 1 n1 (set_term n2 1 s1).
Definition s3 := set_tlog 1 [] (add_leader 1 n1 s2).
(** Entry a is on both, and chosen; n2 applies it. *)
Definition s4 := set_tlog 1 [(1, a)] s3.
Definition s5 := add_acked n1 1 1 (set_log n1 [(1, a)] (set_term n1 1 s4)).
Definition s6 := add_acked n2 1 1 (set_log n2 [(1, a)] (set_term n2 1 s5)).
Definition s7 := add_chosen 1 1 s6.
Definition s8 := add_applied n2 1 (1, a) 1 1 s7.
(** Entry b reaches the disk of n1 alone. *)
Definition s9 := set_tlog 1 [(1, a); (1, b)] s8.
Definition s10 := add_acked n1 1 2 (set_log n1 [(1, a); (1, b)] (set_term n1 1 s9)).
(** In term 2, n2 leads with the vote of n3. *)
Definition s11 := set_term n3 1 s10.
Definition s12 := add_candidate n2 2 [(1, a)] (add_vote n2 2 n2 (set_term n2 2 s11)).
Definition s13 := add_vote n3 2 n2 (set_term n3 2 s12).
Definition s14 := set_tlog 2 [(1, a)] (add_leader 2 n2 s13).
(** It appends c, which takes the place of b. *)
Definition s15 := set_tlog 2 [(1, a); (2, c)] s14.
Definition s16 := add_acked n1 2 2 (set_log n1 [(1, a); (2, c)] (set_term n1 2 s15)).

Ltac guards_hold :=
  open_guards; unfold is_quorum; cbn;
  try solve
    [ lia
    | auto 12
    | intuition discriminate
    | intuition congruence
    | right; cbn; intuition lia
    | split; [repeat constructor; cbn; intuition discriminate|split; [intros m; cbn; intuition|cbn; lia]]
    | intros m [<-|[<-|[]]]; cbn; auto 12 ].

(** The last state is one more action away from a reachable one. *)
Ltac act r what := apply (after _ _ r); apply what; guards_hold.

(** Each state follows from the one before: the guards of its action hold. *)
Lemma r0 : reachable s0.
Proof. apply at_first. repeat split; auto. Qed.
Lemma r1 : reachable s1. Proof. act r0 (become_candidate s0 n1 1). Qed.
Lemma r2 : reachable s2. Proof. act r1 (grant_vote s1 n2 n1 1 []). Qed.
Lemma r3 : reachable s3. Proof. act r2 (become_leader s2 n1 1 [] [n1; n2]). Qed.
Lemma r4 : reachable s4. Proof. act r3 (leader_append s3 1 1 a). exists n1. cbn. auto. Qed.
Lemma r5 : reachable s5. Proof. act r4 (replicate s4 n1 1 0 1). exists n1. cbn. auto. Qed.
Lemma r6 : reachable s6. Proof. act r5 (replicate s5 n2 1 0 1). exists n1. cbn. auto. Qed.
Lemma r7 : reachable s7.
Proof. act r6 (commit s6 1 1 [n1; n2]); [exists n1; cbn; auto|exists a; reflexivity]. Qed.
Lemma r8 : reachable s8.
Proof. act r7 (apply s7 n2 1 (1, a) 1 1). split; [reflexivity|exists a; reflexivity]. Qed.
Lemma r9 : reachable s9. Proof. act r8 (leader_append s8 1 2 b). exists n1. cbn. auto. Qed.
Lemma r10 : reachable s10. Proof. act r9 (replicate s9 n1 1 0 2). exists n1. cbn. auto. Qed.
Lemma r11 : reachable s11. Proof. act r10 (bump_term s10 n3 1). Qed.
Lemma r12 : reachable s12. Proof. act r11 (become_candidate s11 n2 2). Qed.
Lemma r13 : reachable s13. Proof. act r12 (grant_vote s12 n3 n2 2 [(1, a)]). Qed.
Lemma r14 : reachable s14. Proof. act r13 (become_leader s13 n2 2 [(1, a)] [n2; n3]). Qed.
Lemma r15 : reachable s15. Proof. act r14 (leader_append s14 2 2 c). exists n2. cbn. auto. Qed.
Lemma r16 : reachable s16.
Proof.
  act r15 (replicate s15 n1 2 1 2); [exists n2; cbn; auto|].
  right. exists 1. split; exists a; reflexivity.
Qed.

(** Reachable: something chosen, something applied, two leaders, and an entry overwritten. *)
Theorem something_happens :
  exists s, reachable s /\ chosen s 1 1 /\ applied s n2 1 (1, a) 1 1 /\ leader s 1 n1 /\ leader s 2 n2 /\
    log s n1 = [(1, a); (2, c)] /\ tlog s 1 = [(1, a); (1, b)].
Proof. exists s16. repeat split; try reflexivity; try (cbn; auto 12; fail). apply r16. Qed.

Print Assumptions something_happens.
