//! Whether servers are known by their names alone.
//!
//! A search that looks at one of all states that differ in the names of servers alone \[IpDill96\] is right if
//! names mean nothing: if what happens to renamed servers is the renamed thing. A core that broke a tie by the
//! smaller name, or a field that is forgotten when servers are renamed, would let the search leave out states
//! that are not like those it looks at. So a validating run does every step that it remembers once more for
//! every way to rename the servers, and compares: the whole cluster afterwards, what the disk performed, what
//! the step asked for, the abstract protocol beside it, and what the properties say.

use quorate_cluster::{Action, Cluster, Happening};
use quorate_core::{Names, Parameters, Renumber, ServerId};
use quorate_spec::properties::PropertyInfo;
use quorate_spec::{Refinement, Transition, guarded, refine};

/// The name of the property that a validating run checks.
pub const SYMMETRY: &str = "Symmetry";

/// A way to rename a cluster: [`Renumber`], or, to show that a mistake in it is noticed, something else.
pub(crate) type Rename = fn(&Cluster, Names<'_>) -> Cluster;

/// A step, and whatever is looked at beside it.
pub(crate) struct Step<'a> {
    pub(crate) parameters: &'a Parameters,
    pub(crate) before: &'a Cluster,
    pub(crate) action: &'a Action,
    /// The cluster afterwards and what happened, unless an assertion of the server failed.
    pub(crate) performed: Option<(&'a Cluster, &'a Happening)>,
    /// The abstract protocol before the step, if it is compared with it.
    pub(crate) refinement: Option<&'a Refinement>,
    /// The properties whose verdicts are compared.
    pub(crate) checked: &'a [&'static PropertyInfo],
}

/// All orders of some servers, the given one first.
pub(crate) fn permutations(ids: &[ServerId]) -> Vec<Vec<ServerId>> {
    if ids.len() <= 1 {
        return vec![ids.to_vec()];
    }
    let mut all = Vec::new();
    for place in 0..ids.len() {
        let mut others = ids.to_vec();
        let first = others.remove(place);
        for mut rest in permutations(&others) {
            rest.insert(0, first);
            all.push(rest);
        }
    }
    all
}

impl Step<'_> {
    /// Whether the step does the renamed thing under every way to rename the servers.
    ///
    /// # Errors
    /// Under which names it does not, and what differs.
    pub(crate) fn is_symmetric(&self, rename: Rename) -> Result<(), String> {
        let ids: Vec<ServerId> = self.before.servers.iter().map(|s| s.state.id).collect();
        permutations(&ids).iter().try_for_each(|order| {
            let names = |server: ServerId| order[usize::from(server.get()) - 1];
            self.is_same_under(&names, rename).map_err(|differs| {
                let renamed: Vec<String> = order.iter().map(ServerId::to_string).collect();
                let servers: Vec<String> = ids.iter().map(ServerId::to_string).collect();
                let (servers, renamed) = (servers.join(", "), renamed.join(", "));
                format!("{}: with {servers} renamed to {renamed}, {differs}", self.action)
            })
        })
    }

    fn is_same_under(&self, names: Names<'_>, rename: Rename) -> Result<(), &'static str> {
        let before = rename(self.before, names);
        let action = self.action.renumber(names);
        let mut after = before.clone();
        let performed = guarded(|| after.perform(self.parameters, &action));
        let (happening, expected) = match (performed, self.performed) {
            (Err(_), None) => return Ok(()),
            (Err(_), Some(_)) | (Ok(_), None) => {
                return Err("an assertion fails under one of the names alone");
            }
            (Ok(Err(_)), Some(_)) => return Err("it cannot happen"),
            (Ok(Ok(happening)), Some(expected)) => (happening, expected),
        };
        ensure(after == rename(expected.0, names), "the cluster afterwards differs")?;
        ensure(asks_for_the_same(&happening, expected.1, names), "what it does and says differs")?;
        let renamed =
            Transition { before: &before, action: &action, happening: &happening, after: &after };
        let transition = Transition {
            before: self.before,
            action: self.action,
            happening: expected.1,
            after: expected.0,
        };
        let verdicts = |transition: &Transition<'_>| -> Vec<bool> {
            let holds = |property: &&PropertyInfo| {
                (property.step)(transition).is_ok() && (property.state)(transition.after).is_ok()
            };
            self.checked.iter().map(holds).collect()
        };
        ensure(verdicts(&renamed) == verdicts(&transition), "a property holds of one alone")?;
        self.refinement.map_or(Ok(()), |beside| refines_alike(beside, &transition, &renamed, names))
    }
}

fn ensure(holds: bool, differs: &'static str) -> Result<(), &'static str> {
    if holds { Ok(()) } else { Err(differs) }
}

/// Whether the effects of a renamed step are the renamed effects. Messages have no order: a leader speaks to
/// its followers in that of their names.
fn asks_for_the_same(renamed: &Happening, happening: &Happening, names: Names<'_>) -> bool {
    let synced = happening.synced.iter().map(|action| action.renumber(names));
    let effects = |happening: &Happening| {
        let mut step = happening.step.clone();
        if let Some(step) = &mut step {
            step.effects.send.sort_unstable();
        }
        step.map(|step| (step.server, step.effects))
    };
    let mut expected = happening.clone();
    if let Some(step) = &mut expected.step {
        step.server = names(step.server);
        step.effects = step.effects.renumber(names);
    }
    synced.eq(renamed.synced.iter().copied()) && effects(&expected) == effects(renamed)
}

/// Whether the abstract protocol follows the renamed step as it follows the step.
fn refines_alike(
    beside: &Refinement,
    transition: &Transition<'_>,
    renamed: &Transition<'_>,
    names: Names<'_>,
) -> Result<(), &'static str> {
    let mut follows = beside.clone();
    let mut follows_renamed = beside.renumber(names);
    let holds = refine(&mut follows.abstract_state, transition).is_ok();
    let holds_renamed = refine(&mut follows_renamed.abstract_state, renamed).is_ok();
    ensure(holds == holds_renamed, "the abstract protocol follows one alone")?;
    let same = !holds || follows.renumber(names) == follows_renamed;
    ensure(same, "the abstract protocol differs")
}
