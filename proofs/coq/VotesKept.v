(** Terms and votes: every action keeps [votes_ok]. Nothing is needed but the guards. *)

From Coq Require Import List Lia.
From Quorate Require Import Protocol Majorities Logs Invariant.
Import ListNotations.

Section VotesKept.
Context {C : cluster}.

(** Terms only grow. *)
Lemma term_grows s s' n : step s s' -> term s n <= term s' n.
Proof. intros H. destruct H; open_guards; cbn; split_updates; lia. Qed.

(** Votes are never taken back. *)
Lemma voted_grows s s' n t c : step s s' -> voted s n t c -> voted s' n t c.
Proof. intros H. destruct H; cbn; auto. Qed.

(** Nor are candidacies. *)
Lemma candidate_grows s s' n t l : step s s' -> candidate s n t l -> candidate s' n t l.
Proof. intros H. destruct H; cbn; auto. Qed.

(** A new vote is cast in the term that the voter is then in, by a step that acknowledges nothing: for
    itself, which stands with its log, or for a candidate whose log ends no earlier. *)
Lemma new_vote s s' n t c :
  step s s' -> voted s' n t c ->
  voted s n t c \/
  (t = term s' n /\ acked s' = acked s /\
   ((c = n /\ candidate s' n t (log s n)) \/ exists l, candidate s c t l /\ log_is_up_to_date s l n)).
Proof.
  intros H V. destruct H; cbn in V |- *; auto; destruct V as [V|(->&->&->)]; auto;
    right; (split; [split_updates; congruence|]); split; auto.
  - left. auto.
  - right. exists l. auto.
Qed.

(** A new candidate is then in the term, which was new to it, and stands with its log. *)
Lemma new_candidate s s' n t l :
  step s s' -> candidate s' n t l ->
  candidate s n t l \/ (t = term s' n /\ term s n < t /\ l = log s n).
Proof.
  intros H V. destruct H; open_guards; cbn in V |- *; auto; destruct V as [V|(->&->&->)]; auto;
    right; split_updates; auto; congruence.
Qed.

(** A new vote is of the voter's term, for one who stands; terms grow and candidacies stay. *)
Lemma vote_seen_kept s s' : vote_seen s -> step s s' -> vote_seen s'.
Proof.
  intros A H n t c V. pose proof (term_grows _ _ n H).
  pose proof (fun d l => candidate_grows s s' d t l H) as G.
  destruct (new_vote _ _ _ _ _ H V) as [W|(->&_&[(->&W)|(l&W&_)])]; eauto.
  destruct (A _ _ _ W) as (L & l & K). split; [lia|eauto].
Qed.

(** Whoever stands has not voted in its new term; whoever grants a vote has voted for nobody else. *)
Lemma one_vote_kept s s' : votes_ok s -> step s s' -> one_vote s'.
Proof.
  intros [A B _ _ _] H n t c d V W. destruct H; open_guards; cbn in V, W; eauto.
  - destruct V as [V|(->&->&->)], W as [W|(E&F&->)]; subst; eauto; exfalso;
      [apply A in V; lia|apply A in W; lia].
  - destruct V as [V|(->&->&->)], W as [W|(E&F&->)]; subst; eauto; symmetry; eauto.
Qed.

(** A new candidate is in its term, and terms grow. *)
Lemma cand_seen_kept s s' : cand_seen s -> step s s' -> cand_seen s'.
Proof.
  intros A H n t l V. pose proof (term_grows _ _ n H).
  destruct (new_candidate _ _ _ _ _ H V) as [W|(->&_)]; auto. apply A in W. lia.
Qed.

(** Who stands anew did not stand in that term before, because the term is new to it. *)
Lemma cand_once_kept s s' : votes_ok s -> step s s' -> cand_once s'.
Proof.
  intros [_ _ A B _] H n t l k V W.
  destruct (new_candidate _ _ _ _ _ H V) as [V'|(E&L&->)], (new_candidate _ _ _ _ _ H W) as [W'|(F&K&->)];
    eauto; exfalso; [apply A in V'|apply A in W']; lia.
Qed.

(** A new leader has its votes by the guard; an old one keeps them. *)
Lemma leader_votes_kept s s' : leader_votes s -> step s s' -> leader_votes s'.
Proof.
  intros A H t n L. assert (K : leader s t n -> majority (fun m => voted s' m t n)).
  { intros L'. apply (majority_mono _ _ (fun m => voted_grows _ _ m t n H)). auto. }
  destruct H; open_guards; cbn in L; auto. destruct L as [L|(->&->)]; auto. exists q. auto.
Qed.

(** The five together. *)
Lemma votes_ok_kept s s' : votes_ok s -> step s s' -> votes_ok s'.
Proof.
  intros A H. split.
  - eapply vote_seen_kept; eauto. apply A.
  - eapply one_vote_kept; eauto.
  - eapply cand_seen_kept; eauto. apply A.
  - eapply cand_once_kept; eauto.
  - eapply leader_votes_kept; eauto. apply A.
Qed.

(** A term has one leader: the majorities of two would have a voter in common, who voted once. *)
Lemma one_leader s t n m : votes_ok s -> leader s t n -> majority (fun v => voted s v t m) -> m = n.
Proof.
  intros A L M. destruct (majorities_intersect _ _ (has_leader_votes _ A _ _ L) M) as (v & V & W).
  eapply (has_one_vote _ A); eauto.
Qed.

(** So who becomes leader, becomes the leader of a term that had none. *)
Lemma new_leader_is_first s t n q :
  votes_ok s -> not_leader_yet s n t -> votes_are_a_quorum q -> votes_were_cast s n t q -> ~ started s t.
Proof.
  intros A N Q V (m & L). apply N. rewrite (one_leader s t m n); auto. exists q. auto.
Qed.

End VotesKept.
