//! The properties that every cluster must have, each said once.
//!
//! A property is a type. Its [`Property`] implementation names it, cites it, reads it aloud in one
//! sentence, and decides it: on a state, on one server's part of an action, or on a whole action. The
//! list of all properties is one macro, [`for_each_property!`](crate::for_each_property); the exhaustive
//! check, the simulation and the scenarios all take their properties from it, so none of them can forget
//! one.
//!
//! # Reading order
//! `elections` (who leads), `logs` (what logs look like), `commitment` (what can no longer change),
//! `application` (what reaches the state machine), `monotonic` (what never goes back), `messages`,
//! `reads`, `requests`.
//!
//! # Two kinds
//! The five properties of the thesis's Figure 3.2 and what clients see are what the protocol is *for*: they
//! speak [end to end](Property::END_TO_END). The others are local: they say when a single server breaks a rule,
//! and they shorten a counterexample by half, because the damage shows long before two state machines differ.
//! A check can ask for the first kind alone, by the name [`END_TO_END`].
//!
//! # What they may read
//! Server states, disks, waiting requests and the history: what an exhaustive check keeps apart. Never
//! the network: a message in flight is a matter of the refinement. They allocate only to explain a
//! violation, since they run on every transition of an exhaustive check.

mod application;
mod commitment;
mod elections;
mod logs;
mod messages;
mod monotonic;
mod reads;
mod requests;
mod words;

pub use application::{AppliedKept, ApplyInOrder, StateMachineSafety};
pub use commitment::{CommitKnown, CommittedDurable, LeaderCompleteness, MatchDurable};
pub use elections::{ElectionSafety, LeaderVotes, VoteOnce};
pub use logs::{LeaderAppendOnly, LogMatching, LogTerms};
pub use messages::NoRefusal;
pub use monotonic::{CommitMonotonic, MatchMonotonic, NextGtMatch, TermMonotonic};
pub use reads::ReadNeverStale;
pub use requests::{Integrity, OneOutcome};

use crate::{Transition, Violation};
use quorate_cluster::{Action, Cluster, Effects, Server};

/// A property of every cluster that follows the protocol.
pub trait Property {
    /// The name, equal to the name of the type.
    const NAME: &'static str;
    /// Where it comes from, as `[Source §section]`.
    const CITATION: &'static str;
    /// What it says, in one sentence.
    const READING: &'static str;
    /// Whether [`Property::server`] says all that [`Property::step`] says: then a check that knows a
    /// server's step already need not look again when other servers differ.
    const LOCAL: bool = false;
    /// Whether it says what the protocol is for, and not only that a server keeps to a rule.
    const END_TO_END: bool = false;

    /// Whether a state has the property.
    ///
    /// # Errors
    /// Why not, naming servers, terms and indices.
    fn state(_: &Cluster) -> Result<(), String> {
        Ok(())
    }

    /// Whether what an action did to one server has the property, whatever the other servers and the
    /// past are.
    ///
    /// # Errors
    /// Why not, naming the server, terms and indices.
    fn server(_: &ServerChange<'_>) -> Result<(), String> {
        Ok(())
    }

    /// Whether a whole action has the property. Includes [`Property::server`] for the server that acted.
    ///
    /// # Errors
    /// Why not, naming servers, terms and indices.
    fn step(transition: &Transition<'_>) -> Result<(), String> {
        transition.server_change().map_or(Ok(()), |change| Self::server(&change))
    }
}

/// What one action did to one server.
#[derive(Clone, Copy, Debug)]
pub struct ServerChange<'a> {
    /// The server before the action.
    pub before: &'a Server,
    /// The server after it.
    pub after: &'a Server,
    /// What its step asked for, if it took one.
    pub effects: Option<&'a Effects>,
    /// Whether it stopped and started again, so that a new incarnation begins.
    pub restarted: bool,
}

impl Transition<'_> {
    /// What the action did to the server that acted, if one did. To the others no action of a closed system does
    /// anything.
    pub fn server_change(&self) -> Option<ServerChange<'_>> {
        let acting = self.acting()?;
        let effects = self.happening.step.as_ref().map(|step| &step.effects);
        Some(ServerChange {
            before: self.before.server(acting)?,
            after: self.after.server(acting)?,
            effects,
            restarted: matches!(self.action, Action::Crash { .. } | Action::Wipe(_)),
        })
    }
}

/// A property as a value, for lists and look-ups.
#[derive(Clone, Copy, Debug)]
pub struct PropertyInfo {
    /// The name.
    pub name: &'static str,
    /// Where it comes from.
    pub citation: &'static str,
    /// What it says, in one sentence.
    pub reading: &'static str,
    /// Whether `server` says all that `step` says.
    pub local: bool,
    /// Whether it says what the protocol is for: [`Property::END_TO_END`].
    pub end_to_end: bool,
    /// Whether a state has the property, or why not.
    pub state: fn(&Cluster) -> Result<(), String>,
    /// Whether what an action did to one server has the property, or why not.
    pub server: fn(&ServerChange<'_>) -> Result<(), String>,
    /// Whether a whole action has the property, or why not; includes `server`.
    pub step: fn(&Transition<'_>) -> Result<(), String>,
}

impl PropertyInfo {
    /// A property type as a value.
    pub const fn of<P: Property>() -> PropertyInfo {
        PropertyInfo {
            name: P::NAME,
            citation: P::CITATION,
            reading: P::READING,
            local: P::LOCAL,
            end_to_end: P::END_TO_END,
            state: P::state,
            server: P::server,
            step: P::step,
        }
    }

    /// Whether a check asks for this property that asks for this name, of a property or [`END_TO_END`], or for
    /// everything.
    pub fn is_asked(&self, asked: Option<&str>) -> bool {
        asked.is_none_or(|name| name == self.name || (name == END_TO_END && self.end_to_end))
    }
}

/// The name by which a check asks for the properties that say what the protocol is for, and no others.
pub const END_TO_END: &str = "end-to-end";

/// Hands the list of all property types to a macro: `for_each_property!(callback)` expands to
/// `callback! { path::to::First, path::to::Second, ... }`. The only list there is.
///
/// The order is that of blame: where one action breaks several properties, the first is the one that a
/// reader wants to hear of.
#[macro_export]
macro_rules! for_each_property {
    ($($callback:tt)+) => {
        $($callback)+! {
            $crate::properties::VoteOnce,
            $crate::properties::TermMonotonic,
            $crate::properties::LeaderVotes,
            $crate::properties::ElectionSafety,
            $crate::properties::LogTerms,
            $crate::properties::LeaderAppendOnly,
            $crate::properties::LogMatching,
            $crate::properties::NextGtMatch,
            $crate::properties::MatchMonotonic,
            $crate::properties::MatchDurable,
            $crate::properties::CommitMonotonic,
            $crate::properties::CommittedDurable,
            $crate::properties::LeaderCompleteness,
            $crate::properties::CommitKnown,
            $crate::properties::ApplyInOrder,
            $crate::properties::AppliedKept,
            $crate::properties::StateMachineSafety,
            $crate::properties::ReadNeverStale,
            $crate::properties::OneOutcome,
            $crate::properties::Integrity,
            $crate::properties::NoRefusal,
        }
    };
}

macro_rules! define_list_and_checks {
    ($($property:ty),+ $(,)?) => {
        /// Every property.
        pub const PROPERTIES: &[PropertyInfo] = &[$(PropertyInfo::of::<$property>()),+];

        /// Whether a state has every property.
        ///
        /// # Errors
        /// The first property, in the order of [`PROPERTIES`], that it does not have.
        pub fn check_state(cluster: &Cluster) -> Result<(), Violation> {
            $(blame::<$property>(<$property>::state(cluster))?;)+
            Ok(())
        }

        /// Whether what an action did to one server has every property, as far as that server alone
        /// tells.
        ///
        /// # Errors
        /// The first property, in the order of [`PROPERTIES`], that it does not have.
        pub fn check_server(change: &ServerChange<'_>) -> Result<(), Violation> {
            $(blame::<$property>(<$property>::server(change))?;)+
            Ok(())
        }

        /// Whether an action has every property. Says nothing of the state it leads to.
        ///
        /// # Errors
        /// The first property, in the order of [`PROPERTIES`], that it does not have.
        pub fn check_step(transition: &Transition<'_>) -> Result<(), Violation> {
            $(blame::<$property>(<$property>::step(transition))?;)+
            Ok(())
        }
    };
}

for_each_property!(define_list_and_checks);

/// Puts the name of the property to a verdict.
fn blame<P: Property>(verdict: Result<(), String>) -> Result<(), Violation> {
    verdict.map_err(|why| Violation { property: P::NAME, why })
}

/// The property with this name.
pub fn find(name: &str) -> Option<&'static PropertyInfo> {
    PROPERTIES.iter().find(|property| property.name == name)
}
