//! Induction on the core: every step from made-up states keeps what the proofs need, and a mistake is noticed.

use quorate_cluster::{Action, ActionKind, Choices, Cluster, Entry, NetworkKind, Server, Setting};
use quorate_core::{
    Flow, Index, Log, Parameters, Payload, Role, Round, ServerSet, Spreading, Term,
};
use quorate_models::Stopper;
use quorate_models::inductive::{
    AllCases, Case, Outcome, Plan, SIGNS, STEPS, States, induct, look_at_one, make_case,
};
use quorate_spec::{Abstract, Refinement, Transition};
use std::collections::{BTreeMap, BTreeSet};

type Histories = Abstract<quorate_cluster::Command>;

const SIZE: Plan =
    Plan { servers: 3, terms: 3, logs: 3, seed: 1, states: States::Random(0), without: None };

fn look(plan: Plan) -> Outcome {
    induct(&plan, 2, &Stopper::default(), &mut |_, _| ())
}

fn must_keep(plan: Plan) -> Outcome {
    let outcome = look(plan);
    if let Some(failure) = &outcome.failure {
        panic!("{plan:?}, state {}:\n{failure}", failure.number);
    }
    outcome
}

#[test]
fn every_step_keeps_invariant_and_coupling() {
    let sizes = [(3, 3, 3, 6_000), (3, 4, 4, 2_000), (4, 3, 2, 1_000), (5, 2, 2, 300)];
    for (servers, terms, logs, states) in sizes {
        let states = States::Random(states);
        let Outcome { summary, .. } = must_keep(Plan { servers, terms, logs, states, ..SIZE });
        assert_eq!((summary.not_invariant, summary.not_coupled), (0, 0), "made up in vain");
        if servers == 3 {
            assert_eq!(summary.never(), Vec::<String>::new());
            assert!(summary.distinct.len() as u64 > summary.states * 8 / 10);
            assert!(summary.shown().all(|(_, states)| states > 0), "a sign that nothing shows");
        }
    }
}

#[test]
fn all_states_of_tiny_clusters_are_listed() {
    let sizes = [(1, 1, 1), (1, 2, 2), (2, 1, 1)];
    let counts = sizes.map(|(servers, terms, logs)| {
        let Outcome { summary, is_stopped, .. } =
            must_keep(Plan { servers, terms, logs, states: States::All, ..SIZE });
        assert!(!is_stopped);
        assert_eq!((summary.not_invariant, summary.not_coupled), (0, 0), "listed in vain");
        (summary.states, summary.distinct.len(), summary.unreachable(), summary.all_steps())
    });
    // Recorded, so that it is noticed when fewer states or steps are looked at: states, different ones whatever the
    // servers' names, those of them that show a sign that no run leads there, and steps.
    assert_eq!(counts, [(45, 45, 26, 246), (6605, 6605, 5766, 36202), (2355, 1185, 987, 49920)]);
}

#[test]
fn a_state_depends_on_its_number_alone() {
    let plan = Plan { states: States::Random(500), ..SIZE };
    let one = induct(&plan, 1, &Stopper::default(), &mut |_, _| ());
    assert_eq!(one, look(plan));
    let broken = Plan { without: Some("ack_keep"), ..plan };
    let first = look(broken).failure.expect("a step that breaks something");
    assert_eq!(look_at_one(&broken, first.number).failure, Some(first));
    // The text of a state says how it was made: it is as good as the state.
    let texts: BTreeSet<String> =
        (0..500).filter_map(|number| Some(make_case(&plan, number).ok()?.to_string())).collect();
    assert!(texts.len() > 450, "{}", texts.len());
}

#[test]
fn a_check_that_is_stopped_is_not_complete() {
    let stopper = Stopper::default();
    stopper.interrupt();
    let outcome = induct(&Plan { states: States::All, ..SIZE }, 2, &stopper, &mut |_, _| ());
    assert!(outcome.is_stopped && outcome.summary.states == 0);
}

/// What a step breaks if a lemma does not hold before it, and how many states are made up until then.
fn counterexample(lemma: &'static str, states: u64) -> Option<String> {
    let outcome = look(Plan { without: Some(lemma), states: States::Random(states), ..SIZE });
    outcome.failure.map(|failure| failure.violation.why)
}

#[test]
fn without_a_lemma_the_rest_is_not_inductive() {
    // Two lemmas are not needed here, each for a reason.
    let spared = ["clog_term", "tlog_mono"];
    for lemma in Histories::INVARIANT.iter().filter(|lemma| !spared.contains(&lemma.name)) {
        let broken = counterexample(lemma.name, 20_000);
        assert!(broken.is_some(), "without {} everything is kept", lemma.name);
    }
}

#[test]
fn terms_rise_along_a_leaders_log_for_other_reasons() {
    // Where they fell, the later entry's leader would have an entry of a term after its own: `tlog_match` and
    // `tlog_term` say the same already.
    let plan = Plan { without: Some("tlog_mono"), states: States::Random(3_000), ..SIZE };
    let Outcome { summary, .. } = must_keep(plan);
    assert_eq!((summary.states, summary.made), (0, 3_000));
}

#[test]
fn a_candidate_with_an_entry_of_its_own_term_can_do_no_harm() {
    // Whoever still stands has the term of its log's last entry or a later one, and asks with a message that is
    // malformed and refused; whoever stood once never leads. The abstract protocol does need the lemma.
    let plan = Plan { without: Some("clog_term"), states: States::Random(3_000), ..SIZE };
    assert!(must_keep(plan).summary.states > 300);
}

/// What of a server is compared: all but what safety cannot depend on, and payloads.
fn projected(server: &Server) -> Server {
    let mut server = server.clone();
    let plain = |log: &Log<_>| -> Log<_> {
        log.entries()
            .iter()
            .map(|entry| Entry { payload: Payload::NoOp, ..entry.clone() })
            .collect()
    };
    server.state.log = plain(&server.state.log);
    server.disk.log = plain(&server.disk.log);
    for write in &mut server.disk.unfinished {
        for entry in &mut write.entries {
            entry.payload = Payload::NoOp;
        }
    }
    server.state.disk_lagging = false;
    if let Role::Leader(leader) = &mut server.state.role {
        leader.heard = ServerSet::EMPTY;
        leader.round = Round::ZERO;
        leader.writes.clear();
        leader.reads.clear();
        for progress in &mut leader.progress {
            progress.next_index = Index::ZERO;
            progress.round = Round::ZERO;
            progress.flow = Flow::Probing { waiting: false };
        }
    }
    server
}

/// A state of the servers, and a history, with plain payloads.
type Projected = (Vec<Server>, Histories);

fn project(cluster: &Cluster, histories: &Histories) -> Projected {
    let mut histories = histories.clone();
    let nodes = histories.nodes.values_mut().map(|node| &mut node.log);
    let logs = nodes.chain(histories.candidates.values_mut());
    for entry in logs.chain(histories.leaders.values_mut().map(|l| &mut l.log)).flatten() {
        entry.payload = Payload::NoOp;
    }
    for entry in histories.applied.values_mut().flat_map(BTreeMap::values_mut) {
        entry.payload = Payload::NoOp;
    }
    // Which majority had acknowledged a chosen entry nothing ever reads.
    for by in histories.chosen.values_mut().flat_map(BTreeMap::values_mut) {
        *by = ServerSet::EMPTY;
    }
    (cluster.servers.iter().map(projected).collect(), histories)
}

/// Everything that runs reach with terms and logs within these limits, and nothing else bounded: any number of
/// crashes, losses and repetitions, and disks that finish any number of writes.
fn reachable(plan: &Plan) -> BTreeSet<Projected> {
    let parameters = Parameters {
        batch: 1,
        window: 1,
        max_uncommitted: 4,
        max_reads: 1,
        spreading: Spreading::AtOnce,
    };
    let setting = Setting { servers: plan.servers, network: NetworkKind::Facts, parameters };
    let mut choices = Choices::all();
    choices.offer(ActionKind::Propose, false);
    choices.offer(ActionKind::Read, false);
    let start = Cluster::new(&setting);
    let mut open = vec![(Refinement::new(&start), start)];
    let mut known: BTreeSet<(Refinement, Cluster)> = open.iter().cloned().collect();
    let mut found = BTreeSet::new();
    let mut actions = Vec::new();
    while let Some((refinement, before)) = open.pop() {
        found.insert(project(&before, &refinement.abstract_state));
        actions.clear();
        before.possible_actions(&choices, &mut actions);
        add_proposals(plan, &before, &mut actions);
        for action in &actions {
            let mut after = before.clone();
            let happening = after.perform(&parameters, action).expect("it is possible");
            let is_within = |Server { state, .. }: &Server| {
                state.current_term <= Term(plan.terms) && state.log.last_index() <= Index(plan.logs)
            };
            if !after.servers.iter().all(is_within) {
                continue;
            }
            let mut beside = refinement.clone();
            let transition =
                Transition { before: &before, action, happening: &happening, after: &after };
            beside.check(&transition).expect("the core refines");
            for sign in SIGNS {
                assert!(!(sign.shows)(&beside.abstract_state, &after), "{}:\n{after}", sign.name);
            }
            // What the properties and clients remember is no part of the state here.
            after.history = Default::default();
            after.clients = Default::default();
            if known.insert((beside.clone(), after.clone())) {
                open.push((beside, after));
            }
        }
    }
    found
}

/// Commands, while there is room for one.
fn add_proposals(plan: &Plan, cluster: &Cluster, actions: &mut Vec<Action>) {
    for Server { state, .. } in &cluster.servers {
        if matches!(state.role, Role::Leader(_)) && state.log.last_index() < Index(plan.logs) {
            let requests = vec![cluster.next_request()];
            actions.push(Action::Propose { server: state.id, requests });
        }
    }
}

/// How many states are made up, how many of them runs reach, with their history and as far as servers go, and
/// how many runs reach that are not made up.
fn compare(plan: &Plan) -> (usize, usize, usize, usize) {
    let reached = reachable(plan);
    let of_servers: BTreeSet<&Vec<Server>> = reached.iter().map(|(servers, _)| servers).collect();
    let cases: Vec<Case> = AllCases::new(plan).filter_map(Result::ok).collect();
    let made: BTreeSet<Projected> =
        cases.iter().map(|case| project(&case.cluster, &case.histories)).collect();
    let both = made.intersection(&reached).count();
    let servers: BTreeSet<&Vec<Server>> = made.iter().map(|(servers, _)| servers).collect();
    let servers_reached = servers.intersection(&of_servers).count();
    // A listed server has at most one unfinished write.
    let is_listed =
        |(servers, _): &&Projected| servers.iter().all(|server| server.disk.unfinished.len() <= 1);
    let missing: Vec<&Projected> = reached.difference(&made).filter(is_listed).collect();
    for (servers, histories) in missing.iter().take(2) {
        println!("not made up: {servers:#?}\n{histories:#?}");
    }
    (made.len(), both, servers.len() - servers_reached, missing.len())
}

#[test]
fn what_runs_reach_is_made_up_and_much_that_they_do_not() {
    let sizes = [(1, 1, 1), (1, 2, 2), (2, 1, 1)];
    let found = sizes.map(|(servers, terms, logs)| {
        compare(&Plan { servers, terms, logs, states: States::All, ..SIZE })
    });
    assert!(found.iter().all(|(.., missing)| *missing == 0), "runs reach what is not made up");
    // Recorded like the counts of the listed states; no run reaches more than was listed.
    assert_eq!(found, [(45, 9, 19, 0), (6605, 126, 288, 0), (2355, 108, 506, 0)]);
}

#[test]
fn the_kinds_of_steps_are_all_there() {
    let case = (0..).find_map(|number| make_case(&SIZE, number).ok()).expect("a state");
    let kinds: BTreeSet<ActionKind> =
        quorate_models::inductive::actions(&case).iter().map(Action::kind).collect();
    assert!(kinds.contains(&ActionKind::Propose) && kinds.contains(&ActionKind::Crash));
    assert_eq!(STEPS.iter().collect::<BTreeSet<_>>().len(), STEPS.len());
}
