//! When an action may happen: every guard by name. How each is evaluated stands in `conditions`.
//!
//! A guard that fails says which, of which action, and with which values, so that a wrong step of the core
//! is reported as the rule it broke and not as two states that differ.

use super::exercised::Vacuity;
use core::fmt;

/// A guard of an action.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Guard {
    /// The action.
    pub action: &'static str,
    /// The guard.
    pub name: &'static str,
    /// Both, as in `apply.is_chosen`: the name of this guard alone.
    pub full_name: &'static str,
    /// What it says, in one sentence.
    pub reading: &'static str,
    /// The same in the relations of the abstract protocol.
    pub relation: &'static str,
    /// For want of what it holds and says nothing, if it can.
    pub vacuity: Option<Vacuity>,
}

/// A guard that does not hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GuardFailed {
    /// The action.
    pub action: &'static str,
    /// The guard.
    pub guard: &'static str,
    /// The values that it found.
    pub why: String,
}

impl fmt::Display for GuardFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "guard {} of {} fails: {}", self.guard, self.action, self.why)
    }
}

impl core::error::Error for GuardFailed {}

macro_rules! guards {
    (@vacuity) => { None };
    (@vacuity $vacuity:ident) => { Some(Vacuity::$vacuity) };
    ($($action:ident {
        $($name:ident $(($vacuity:ident))?: $reading:literal, $relation:literal;)+
    })+) => {
        /// All guards, action by action, in the order in which they are examined. The word in brackets is the
        /// [`Vacuity`].
        pub const GUARDS: &[Guard] = &[$($(Guard {
            action: stringify!($action),
            name: stringify!($name),
            full_name: concat!(stringify!($action), ".", stringify!($name)),
            reading: $reading,
            relation: $relation,
            vacuity: guards!(@vacuity $($vacuity)?),
        },)+)+];

        /// How many guards each action has.
        pub(super) const COUNTS: &[usize] = &[$([$(stringify!($name)),+].len()),+];
    };
}

guards! {
    bump_term {
        is_a_node: "The server is one of the nodes.", "(n node)";
        term_not_left (InNoTerm): "It is not in a later term.", "(not (left n t))";
    }
    become_candidate {
        is_a_node: "The server is one of the nodes.", "(n node)";
        term_not_seen: "The term is new to it.", "(not (seen n t))";
    }
    grant_vote {
        is_a_node: "The voter is one of the nodes.", "(n node)";
        is_candidate: "The candidate stands in this term.", "(cand c t)";
        term_not_left (InNoTerm): "The voter is not in a later term.", "(not (left n t))";
        vote_is_free (NoVote): "The voter has not voted for another in this term.",
            "(forall ((d node)) (=> (voted n t d) (= d c)))";
        log_is_up_to_date (EmptyLog): "The log the candidate stands with ends no earlier than the voter's.",
            "(or (log_empty n) (exists ((i index) (u term) (j index) (w term)) (and (clog_last c t i u) (log_last n j w) \
             (or (tlt w u) (and (= w u) (ile j i))))))";
    }
    become_leader {
        is_candidate: "The server stands in this term.", "(cand n t)";
        not_leader_yet (NoLeader): "It does not lead this term already.",
            "(not (and (started t) (= (lead t) n)))";
        votes_are_a_quorum: "The voters are a majority.", "(q quorum)";
        votes_were_cast: "Every one of them voted for it in this term.",
            "(forall ((m node)) (=> (member m q) (voted m t n)))";
    }
    leader_append {
        value_is_given: "It is known what is appended.", "(v value)";
        term_has_leader: "The term has a leader.", "(started t)";
        index_is_next: "The index is the first that the leader's log does not have.",
            "(and (not (tused t i)) (forall ((j index)) (=> (ilt j i) (tused t j))))";
    }
    replicate {
        is_a_node: "The server is one of the nodes.", "(n node)";
        term_has_leader: "The term has a leader.", "(started t)";
        term_not_left (InNoTerm): "The server is not in a later term.", "(not (left n t))";
        leader_holds_last: "The leader's log reaches the last entry taken.", "(tused t k)";
        previous_not_after_last (NothingBefore): "The entries taken do not begin after the last of them.",
            "(=> hp (ile p k))";
        previous_matches (NothingBefore): "Both logs have an entry of the same term before the first one taken.",
            "(=> hp (and (log n p pt) (tlog t p pt)))";
    }
    commit {
        term_has_leader: "The term has a leader.", "(started t)";
        entry_is_of_term: "The leader created the entry in this term.", "(tlog t i t)";
        acknowledgers_are_a_quorum: "Those who acknowledged it are a majority.", "(q quorum)";
        all_acknowledged: "Every one of them acknowledged it to this leader.",
            "(forall ((m node)) (=> (member m q) (acked m t i)))";
    }
    apply {
        is_a_node: "The server is one of the nodes.", "(n node)";
        is_chosen: "Some entry is chosen with which this one is.", "(chosen t i)";
        chosen_term_seen: "The server has reached the term that chose it.", "(seen n t)";
        index_not_after_chosen: "The entry is not after the chosen one.", "(ile j i)";
        holds_chosen_entry: "Server and leader hold an entry of the same term at this index.",
            "(and (log n j u) (tlog t j u))";
    }
}
