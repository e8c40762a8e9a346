//! What clients of a closed system see is recorded as they see it, and histories that no list explains are
//! found.

mod runs;

use quorate_cluster::{Action, Command};
use quorate_core::Outcome;
use quorate_spec::linearizability::{
    BUDGET, Call, CommandLog, Commands, History, LogOperation, Verdict, check,
};
use quorate_spec::{ClientHistory, LINEARIZABILITY};
use runs::{Run, n, random_action, random_setting, setting};

/// Lets an action happen, and records it.
fn perform(run: &mut Run, clients: &mut ClientHistory, action: &Action) -> Vec<Outcome> {
    let performed = run.perform_watched(action, |transition| clients.note(transition));
    let happening = performed.unwrap_or_else(|violation| panic!("{violation:?}"));
    let replies = happening.step.into_iter().flat_map(|step| step.effects.reply);
    replies.map(|reply| reply.outcome).collect()
}

/// A random run of three servers, and what clients saw of it.
fn random_run(seed: u64, actions: usize) -> ClientHistory {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut run = Run::new(random_setting(&mut random, 3));
    let mut clients = ClientHistory::default();
    for _ in 0..actions {
        let action = random_action(&mut random, &run.cluster);
        perform(&mut run, &mut clients, &action);
    }
    clients
}

/// The history with the answers of reads changed.
fn with_reads(
    history: &History<LogOperation, Commands>,
    mut change: impl FnMut(Call, &Commands) -> Commands,
) -> History<LogOperation, Commands> {
    let mut other = History::default();
    for (old, operation) in history.operations() {
        let call = other.invoke(operation.client, operation.op, operation.invoked);
        if let Some((at, answer)) = &operation.completed {
            let is_read = operation.op == LogOperation::Read;
            let answer = if is_read { change(old, answer) } else { answer.clone() };
            other.complete(call, *at, answer).expect("it was invoked");
        }
    }
    other
}

#[test]
fn outcomes_are_recorded_as_clients_see_them() {
    let mut run = Run::new(setting(3));
    let mut clients = ClientHistory::default();
    run.elect(n(1));
    let requests = |run: &Run| vec![run.cluster.next_request()];
    // At a follower: no effect.
    let propose = Action::Propose { server: n(2), requests: requests(&run) };
    let refused = perform(&mut run, &mut clients, &propose);
    assert!(matches!(refused[..], [Outcome::NotLeader(_)]), "{refused:?}");
    assert_eq!(clients.recorded.operations().count(), 0);
    // Nobody has answered the next one when its server crashes.
    let propose = Action::Propose { server: n(1), requests: requests(&run) };
    assert_eq!(perform(&mut run, &mut clients, &propose), []);
    perform(&mut run, &mut clients, &Action::Crash { server: n(1), keep: 1 });
    let recorded: Vec<_> = clients.recorded.operations().map(|(_, operation)| operation).collect();
    assert_eq!(recorded.len(), 1);
    assert_eq!((recorded[0].op, recorded[0].invoked), (LogOperation::Append(Command(2)), 2));
    assert_eq!(recorded[0].completed, None);
    // It did take effect, as a read at the next leader shows.
    run.elect(n(1));
    let read = Action::Read { server: n(1), request: run.cluster.next_request() };
    assert_eq!(perform(&mut run, &mut clients, &read), []);
    while let Some(envelope) = run.cluster.network.in_flight.keys().next().cloned() {
        perform(&mut run, &mut clients, &Action::Deliver(envelope));
    }
    let read = clients.recorded.get(Call(2)).and_then(|operation| operation.completed.clone());
    assert_eq!(read.map(|(_, seen)| seen), Some(Commands(vec![Command(2)])));
    assert_eq!(clients.check(), Ok(()));
}

#[test]
fn what_clients_of_random_runs_see_is_linearizable_and_stale_reads_are_not() {
    let (mut stale, mut lost) = (0, 0);
    for seed in 0..60 {
        let clients = random_run(seed, 1_500);
        assert_eq!(clients.check(), Ok(()), "seed {seed}");
        let written = |until: u64| {
            let operations = clients.recorded.operations();
            let done = operations.filter_map(|(_, operation)| operation.completed.as_ref());
            done.filter(|(at, _)| *at < until).map(|(_, seen)| seen.0.len()).max().unwrap_or(0)
        };
        for (read, operation) in clients.recorded.operations() {
            let known_before = written(operation.invoked);
            let is_answered_read =
                operation.op == LogOperation::Read && operation.completed.is_some();
            if !is_answered_read || known_before == 0 {
                continue;
            }
            // As a server would answer that has not heard of the last write that was answered.
            let mut mutant = clients.clone();
            mutant.recorded = with_reads(&clients.recorded, |call, seen| {
                let seen = seen.0.iter().copied();
                let shown = if call == read { known_before - 1 } else { usize::MAX };
                Commands(seen.take(shown).collect())
            });
            let violation = mutant.check().expect_err("a stale read");
            assert_eq!(violation.property, LINEARIZABILITY);
            assert!(violation.why.contains("not linearizable at key log"), "{}", violation.why);
            stale += 1;
            // As if a write that was answered had been lost.
            let verdict = check::<CommandLog>(
                &with_reads(&clients.recorded, |_, seen| {
                    Commands(seen.0[1.min(seen.0.len())..].to_vec())
                }),
                BUDGET,
            );
            lost += usize::from(matches!(verdict, Verdict::NotLinearizable(_)));
        }
    }
    println!("{stale} stale reads, {lost} lost writes");
    assert!(stale > 50 && lost > 50, "{stale} stale reads, {lost} lost writes");
}

#[test]
fn many_unknown_appends_do_not_make_the_search_long() {
    let mut history = History::default();
    let append = |command| LogOperation::Append(Command(command));
    for command in 1..=200 {
        history.invoke(1, append(command), command);
    }
    // A third took effect, in the opposite order; a read shows half of them.
    let order: Vec<Command> = (1..=200).rev().filter(|c| c % 3 == 0).map(Command).collect();
    let read = history.invoke(2, LogOperation::Read, 300);
    history.complete(read, 301, Commands(order[..33].to_vec())).expect("it was invoked");
    let last = history.invoke(2, append(300), 302);
    let mut all = order.clone();
    all.push(Command(300));
    history.complete(last, 303, Commands(all)).expect("it was invoked");
    assert!(matches!(check::<CommandLog>(&history, 20_000), Verdict::Linearizable { .. }));
    let read = history.invoke(2, LogOperation::Read, 304);
    history.complete(read, 305, Commands(order)).expect("it was invoked");
    let verdict = check::<CommandLog>(&history, 20_000);
    assert!(matches!(verdict, Verdict::NotLinearizable(_)), "{verdict}");
}
