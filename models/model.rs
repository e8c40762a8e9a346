//! The plain model: a state is a whole cluster, and nothing is left out.
//!
//! It is the simplest way to explore the core and therefore the one that faster ways are compared with.
//! Within its bounds it adds nothing to the closed system and hides nothing of it.

use crate::moves::{Move, make_move};
use crate::searched::Searched;
use crate::{ANY, Bounds, Tracker};
use quorate_cluster::{Action, ActionKind, Choices, Cluster, Setting};
use quorate_search::Searchable;
use quorate_spec::properties::{self, PropertyInfo};
use quorate_spec::{ASSERTIONS, Refinement, StepCheck, Transition};
use stateright::{Model, Path, Property};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A state of the model.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PlainState {
    /// The cluster.
    pub cluster: Cluster,
    /// How much of each budget is used up.
    pub spent: Spent,
    /// The abstract protocol beside it, where steps are compared with it.
    pub refinement: Option<Refinement>,
    /// The property that the step to this state violated, as far as the state itself does not tell.
    pub violated: Option<&'static str>,
}

/// How much of each budget is used up.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Spent {
    /// Times that servers stood for election.
    pub elections: u64,
    /// Crashes.
    pub crashes: u64,
    /// Disks that lost everything.
    pub wipes: u64,
    /// Commands.
    pub commands: u64,
    /// Reads.
    pub reads: u64,
    /// Duplicates.
    pub duplicates: u64,
    /// Heartbeats.
    pub heartbeats: u64,
}

impl Spent {
    /// How much is used up after a transition. Budgets without end are not counted.
    fn after(mut self, transition: &Transition<'_>, bounds: &Bounds) -> Spent {
        match transition.action.kind() {
            // A server that is not leader stands by entering the next term.
            ActionKind::ElectionTimeout => {
                let terms = |cluster: &Cluster| -> u64 {
                    cluster.servers.iter().map(|server| server.state.current_term.0).sum()
                };
                let stood = terms(transition.after) > terms(transition.before);
                self.elections += u64::from(stood && bounds.elections != ANY);
            }
            ActionKind::Crash => self.crashes += u64::from(bounds.crashes != ANY),
            ActionKind::Wipe => self.wipes += 1,
            ActionKind::Propose => self.commands += 1,
            ActionKind::Read => self.reads += 1,
            ActionKind::Duplicate => self.duplicates += 1,
            ActionKind::HeartbeatTimeout => self.heartbeats += 1,
            ActionKind::Deliver
            | ActionKind::Drop
            | ActionKind::Sync
            | ActionKind::Cut
            | ActionKind::Heal => {}
        }
        self
    }
}

/// The model, and what its exploration has counted.
#[derive(Debug)]
pub struct PlainModel {
    /// What is explored.
    pub bounds: Bounds,
    setting: Setting,
    /// The properties that are checked.
    checked: Vec<&'static PropertyInfo>,
    checks_refinement: bool,
    /// A second opinion on that.
    opinion: Option<Arc<dyn StepCheck>>,
    tracker: Tracker,
    /// For each property of [`crate::property_names`], whether a violation has been reported.
    reported: Vec<AtomicBool>,
}

impl PlainModel {
    /// A model within these bounds that checks one property, those that speak end to end, or all.
    pub fn new(bounds: Bounds, property: Option<&str>, tracker: Tracker) -> PlainModel {
        PlainModel {
            bounds,
            tracker,
            setting: bounds.setting(),
            checked: properties::PROPERTIES.iter().filter(|p| p.is_asked(property)).collect(),
            checks_refinement: bounds.compares(property),
            opinion: None,
            reported: crate::property_names().map(|_| AtomicBool::new(false)).collect(),
        }
    }

    /// The same model with a second opinion on every abstract action, or without.
    #[must_use]
    pub fn with_opinion(self, opinion: Option<Arc<dyn StepCheck>>) -> PlainModel {
        PlainModel { opinion, ..self }
    }

    /// What the search keeps track of.
    pub const fn tracker(&self) -> &Tracker {
        &self.tracker
    }

    /// Which actions the budgets left in a state allow.
    fn choices(&self, spent: &Spent) -> Choices {
        let Bounds { crashes, wipes, commands, reads, duplicates, heartbeats, .. } = self.bounds;
        let mut choices = Choices::all();
        choices.sync = self.bounds.sync;
        choices.leader_timeouts = self.bounds.leader_timeouts;
        // A server that is not leader refuses a request and stays as it was.
        choices.ask_anyone = false;
        choices.offer(ActionKind::Crash, spent.crashes < crashes);
        choices.offer(ActionKind::Wipe, spent.wipes < wipes);
        choices.offer(ActionKind::Propose, spent.commands < commands);
        choices.offer(ActionKind::Read, spent.reads < reads);
        choices.offer(ActionKind::Duplicate, spent.duplicates < duplicates);
        choices.offer(ActionKind::HeartbeatTimeout, spent.heartbeats < heartbeats);
        choices
    }

    /// Whether a cluster is within the bounds that no choice of actions keeps.
    fn is_within_bounds(&self, cluster: &Cluster, spent: &Spent) -> bool {
        let Bounds { max_term, max_log, elections, .. } = self.bounds;
        let mut servers = cluster.servers.iter().map(|server| &server.state);
        spent.elections <= elections
            && servers.all(|state| {
                state.current_term.0 <= max_term && state.log.last_index().0 <= max_log
            })
    }

    /// The first property that a step violates, as far as its result does not show it.
    fn judge(
        &self,
        refinement: Option<&mut Refinement>,
        transition: &Transition<'_>,
    ) -> Option<&'static str> {
        let broken = |property: &&&PropertyInfo| (property.step)(transition).is_err();
        let violated = self.checked.iter().find(broken).map(|property| property.name);
        let opinion = self.opinion.as_deref();
        let Some(refinement) = refinement else { return violated };
        match refinement.check_beside(transition, opinion) {
            Ok(exercised) => {
                self.tracker.note_exercised(exercised);
                violated
            }
            Err(diverged) => violated.or(Some(diverged.property)),
        }
    }

    /// Whether a property holds, as far as it has not been reported: one violation of each is enough, and
    /// the first is the one to keep.
    fn holds(&self, name: &'static str, holds: bool) -> bool {
        if holds {
            return true;
        }
        let place = crate::property_names().position(|known| known == name);
        place.is_some_and(|place| self.reported[place].swap(true, Ordering::Relaxed))
    }
}

/// Whether a property of the cluster holds in a state.
fn property_holds<P: properties::Property>(model: &PlainModel, state: &PlainState) -> bool {
    let holds = state.violated != Some(P::NAME) && P::state(&state.cluster).is_ok();
    model.holds(P::NAME, holds)
}

/// Whether the step to a state kept the property of this name, of which the state itself shows nothing.
macro_rules! step_property {
    ($name:path) => {
        Property::always($name, |model: &PlainModel, state: &PlainState| {
            model.holds($name, state.violated != Some($name))
        })
    };
}

/// The properties that the search asks about, from the list of them all.
macro_rules! stateright_properties {
    ($($property:ty),* $(,)?) => {
        vec![$(Property::always(
            <$property as properties::Property>::NAME,
            property_holds::<$property>,
        )),*]
    };
}

impl Model for PlainModel {
    type State = PlainState;
    type Action = Action;

    fn init_states(&self) -> Vec<PlainState> {
        let cluster = Cluster::new(&self.setting);
        let refinement = self.checks_refinement.then(|| Refinement::new(&cluster));
        vec![PlainState { cluster, spent: Spent::default(), refinement, violated: None }]
    }

    fn actions(&self, state: &PlainState, actions: &mut Vec<Action>) {
        // What is violated needs no future, and what is stopped has none.
        if state.violated.is_none() && self.tracker.may_go_on() {
            state.cluster.possible_actions(&self.choices(&state.spent), actions);
        }
    }

    fn next_state(&self, last: &PlainState, action: Action) -> Option<PlainState> {
        let parameters = &self.setting.parameters;
        let kind = action.kind();
        let Move { done, failed } =
            make_move(last.cluster.clone(), parameters, self.bounds.sync, action).ok()?;
        let mut next = PlainState { violated: failed.map(|_| ASSERTIONS), ..last.clone() };
        for done in &done {
            let transition = done.transition();
            next.spent = next.spent.after(&transition, &self.bounds);
            if !self.is_within_bounds(&done.after, &next.spent) {
                return None;
            }
            self.tracker.note_witnesses(&transition);
            let violated = self.judge(next.refinement.as_mut(), &transition);
            next.violated = next.violated.or(violated);
        }
        if let Some(last) = done.into_iter().next_back() {
            next.cluster = last.after;
            self.tracker.note_action(kind);
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<PlainModel>> {
        let mut all: Vec<Property<PlainModel>> =
            quorate_spec::for_each_property!(stateright_properties);
        all.retain(|property| self.checked.iter().any(|checked| checked.name == property.name));
        if self.checks_refinement {
            all.push(step_property!(quorate_spec::REFINEMENT));
            all.push(step_property!(quorate_spec::COUPLED));
        }
        if self.checks_refinement && self.opinion.is_some() {
            all.push(step_property!(quorate_spec::FORMULAS));
        }
        all.push(step_property!(ASSERTIONS));
        all
    }
}

impl Searchable for PlainModel {
    fn fingerprint(state: &PlainState) -> u64 {
        BuildHasherDefault::<DefaultHasher>::default().hash_one(state)
    }
}

impl Searched for PlainModel {
    fn tracker(&self) -> &Tracker {
        &self.tracker
    }

    fn blame(
        &self,
        discovered: &'static str,
        path: Path<PlainState, Action>,
    ) -> (&'static str, Vec<Action>) {
        let mut cluster = Cluster::new(&self.setting);
        let mut actions = Vec::new();
        for action in path.into_actions() {
            let parameters = &self.setting.parameters;
            let made = make_move(cluster.clone(), parameters, self.bounds.sync, action);
            let Move { done, failed } = made.expect("what a search found can happen");
            actions.extend(
                done.iter().map(|done| done.action.clone()).chain(failed.map(|(_, action)| action)),
            );
            cluster = done.into_iter().next_back().map_or(cluster, |last| last.after);
        }
        (discovered, actions)
    }
}
