//! Why there is a leader: quorums alone are not enough.
//!
//! A leader is a nuisance. It has to be elected, it can fail, every write passes through it, and while
//! it is being replaced nothing moves. It is fair to ask whether replicas could not do without one: let
//! every write reach a majority and every read ask a majority. Two majorities always have a replica in
//! common, so a read should meet every write. This chapter lets a model checker answer, on the smallest
//! system in which the question makes sense.
//!
//! # The system
//!
//! Three replicas hold one register. A writer writes version 1 and then version 2; a reader reads
//! twice; they do not wait for each other, and replicas may fail for good. [`history`] keeps what the
//! two clients see, and judges it by one property: *no read goes back*. A read must not return less
//! than a write that had finished before it began, nor less than another read that had finished before
//! it began. For one writer that is linearizability. Workload and property are the same objects in
//! every model here; only what stands between the clients and the replicas is exchanged.
//!
//! # Without a leader
//!
//! [`quorums_only`] is the register of [Gifford79] with majorities. The checker finds that it goes
//! back, in eight steps: a write is under way and has reached one replica; a read is answered by that
//! replica and by a second one, and returns the new version; the next read is answered by the second
//! and the third, and returns the old one. The quorums did intersect. But intersection speaks of writes
//! that have *finished*, and about those the search confirms what it promises: no read misses one. A
//! write in progress may be known to one quorum and unknown to the next, and whoever reads it sees a
//! fact before it is one.
//!
//! The known repair is that a read, too, has to write: before it returns, it makes a majority store
//! what it is going to return [ABD95]. With it, the search finds no violation, and it would be wrong to
//! claim that a *register* needs a leader. But the repair fits registers only, where a newer version
//! may simply replace an older one. Commands that read and then change (increment, compare and set,
//! append) need one order on which all replicas agree, and giving one order is what a leader does.
//!
//! # When replicas fail
//!
//! With one of three down, quorums go on until all operations have completed, in every run. With two
//! down, nothing that begins afterwards completes, ever. (What was under way may: its answers may have
//! arrived before.) The model with a leader has the same limit: a leader makes the answers of a quorum
//! consistent; it does not make the quorum smaller.
//!
//! # With a leader
//!
//! [`leader_and_follower`] gives the same clients a leader, and followers that take over. Two
//! fail-overs may happen at any moment, and a leader that has lost its followers may go on believing
//! that it leads - the search confirms that two can believe so at once. No read goes back in any
//! reachable state. Three rules carry this, and each has a [`Shortcut`](leader_and_follower::Shortcut)
//! that leaves it out and is caught: a leader has a majority confirm that it still leads before it
//! answers a read; a new leader answers nothing before a majority holds what it took over; a vote goes
//! only to a candidate that is at least as fresh as the voter.
//!
//! # What this is not
//!
//! Nothing here is the protocol of this project: both models are small enough to be read in one
//! sitting, and a register needs no log. The searches are complete within their bounds (three replicas,
//! two writes, two reads, two failures, three terms), and say nothing beyond them.
//!
//! # References
//!
//! - [ABD95] H. Attiya, A. Bar-Noy, D. Dolev. *Sharing memory robustly in message-passing systems.*
//!   Journal of the ACM 42(1), 1995. Atomic registers from majorities, and the write-back that reads
//!   need.
//! - [Gifford79] D. K. Gifford. *Weighted voting for replicated data.* SOSP 1979. Read and write
//!   quorums, and version numbers.
//! - [Lamport86] L. Lamport. *On interprocess communication.* Distributed Computing 1(2), 1986. Safe,
//!   regular and atomic registers, and what tells them apart.
//! - [Ongaro14] D. Ongaro. *Consensus: bridging theory and practice.* Ph.D. thesis, Stanford
//!   University, 2014. The leader's read without a log entry, §6.4.
//!
//! [ABD95]: self#references
//! [Gifford79]: self#references
//! [Lamport86]: self#references
//! [Ongaro14]: self#references

use finding::{Facts, Finding, Question, Step, establish, find_example, find_inconsistency};
use history::WORKLOAD;
use leader_and_follower::LeaderAndFollower;
use leader_and_follower::facts::SAME_MOMENT;
use quorums_only::QuorumsOnly;

pub mod finding;
pub mod history;
pub mod leader_and_follower;
pub mod quorums_only;
pub mod replicas;
mod report;

/// How many replicas may fail for good in the searches of [`demonstrate`]: one more than a majority survives.
pub const FAILURES: usize = 2;

/// What the searches of this chapter have found. Its `Display` is the complete report, without times.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Demonstration {
    /// Quorums, no leader: expected to be violated.
    pub without_leader: Finding,
    /// Quorums, no leader, and reads that write back: expected to hold, for a register.
    pub with_write_back: Finding,
    /// The same clients under a leader and followers: expected to hold.
    pub with_leader: Finding,
    /// The moment at which quorums alone go wrong, with a leader: a run in which both reads return while one
    /// replica, the leader, holds the write in progress. Its first step is the initial state.
    pub same_moment: Option<Vec<Step>>,
    /// What quorums without a leader do while replicas fail.
    pub facts_without_leader: Facts,
    /// What leader and followers do while replicas fail.
    pub facts_with_leader: Facts,
}

impl Demonstration {
    /// Whether the argument stands: without a leader a read goes back, with write-back and with a leader a
    /// complete search finds none that does, the moment that goes wrong without a leader was met with one, and
    /// every statement about failures is true.
    pub fn confirms_the_pattern(&self) -> bool {
        let goes_back = self.without_leader.violated.is_some();
        let others_hold = self.with_write_back.holds() && self.with_leader.holds();
        let facts = [&self.facts_without_leader, &self.facts_with_leader];
        let compared = self.same_moment.is_some();
        goes_back && others_hold && compared && facts.iter().all(|facts| facts.hold())
    }

    /// The statements about failures, first without a leader and then with one, and whether each is true.
    pub fn availability(&self) -> Vec<(&'static str, bool)> {
        let facts = self.facts_without_leader.facts.iter().chain(&self.facts_with_leader.facts);
        facts.map(|fact| (fact.statement, fact.holds)).collect()
    }
}

/// Runs every search of this chapter, each until it is decided. Takes seconds.
pub fn demonstrate() -> Demonstration {
    let quorums =
        |question| QuorumsOnly { failures: FAILURES, ..QuorumsOnly::new(WORKLOAD, question) };
    let leader = |question| LeaderAndFollower {
        failures: FAILURES,
        ..LeaderAndFollower::new(WORKLOAD, question)
    };
    let write_back = QuorumsOnly { write_back: true, ..quorums(Question::Consistency) };
    Demonstration {
        without_leader: find_inconsistency(quorums(Question::Consistency)),
        with_write_back: find_inconsistency(write_back),
        with_leader: find_inconsistency(leader(Question::Consistency)),
        same_moment: find_example(leader(Question::Example(SAME_MOMENT))),
        facts_without_leader: establish(quorums(Question::Facts)),
        facts_with_leader: establish(leader(Question::Facts)),
    }
}
