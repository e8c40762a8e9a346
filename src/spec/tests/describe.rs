//! What happened, in words.

mod common;

use common::{PARAMETERS, Past, Run, n};
use quorate_cluster::Action;
use quorate_core::{Event, Message, Parameters, Refusal};
use quorate_spec::describe;

/// n1 leads; a command and a read are under way, and requests that it or others cannot take have been refused.
fn asked() -> Run {
    let mut run = Run::with(3, Parameters { max_reads: 1, ..PARAMETERS });
    run.elect(1, &[1, 2, 3]);
    run.propose(1, 1);
    run.read(1);
    run.read(1);
    run.read(2);
    run.propose(3, 1);
    run
}

fn told(past: &Past) -> Vec<String> {
    describe(&past.transition())
}

#[test]
fn a_step_is_told_in_the_order_in_which_things_happen() {
    let mut run = asked();
    let batches = run.between(
        1,
        2,
        |message| matches!(message, Message::AppendEntries { entries, .. } if !entries.is_empty()),
    );
    run.act(Action::Deliver(batches.first().expect("a batch").clone()));
    run.sync(2);
    let expected = [
        "durable replicate(n2,1,1,2)",
        "performs replicate(n2,1,2,2)",
        "sends n2>n1@1 AppendAccepted match=2 round=0",
        "n2 follower term=1 vote=n1 log=[1:noop,1:c1] commit=1 applied=1 leader=n1 verified=2",
    ];
    assert_eq!(told(&run.last()), expected);
    run.sync(1);
    run.deliver(2, 1);
    let expected = [
        "performs commit(1,2,{n1,n2})",
        "performs apply(n1,2)",
        "sends n1>n2@1 AppendEntries previous=2@1 entries=[] commit=2 round=1",
        "sends n1>n3@1 AppendEntries previous=2@1 entries=[] commit=2 round=1",
        "applies 2 to 2",
        "answers r1: written at 2",
    ];
    let commit = told(&run.last());
    assert_eq!(commit[..6], expected);
    assert!(commit[6].contains(" *commit=2 *applied=2 first=1 "), "{}", commit[6]);
    assert_eq!(commit.len(), 7, "the others are as they were");
}

#[test]
fn answers_say_whom_to_try() {
    let run = asked();
    let answers = run.past.iter().rev().take(3).map(told);
    let expected = [
        ["answers r5: not leader, try n1"],
        ["answers r4: read failed, try n1"],
        ["answers r3: busy"],
    ];
    assert!(answers.eq(expected), "nothing else changed");
    let mut alone = Run::new(3);
    alone.read(2);
    assert_eq!(told(&alone.last()), ["answers r1: read failed"]);
}

#[test]
fn events_that_are_no_actions_say_why() {
    let mut run = asked();
    run.settle(&[1, 2, 3]);
    run.act(Action::Heal);
    assert_eq!(told(&run.last()), [""; 0], "nothing happened");
    run.heartbeat(1);
    let mut past = run.last();
    let refused = Event::Refused { from: n(3), why: Refusal::NeverRequested };
    past.effects().events.push(refused);
    assert_eq!(told(&past)[0], "refuses what n3 sent: never requested");
    while run.leads(1) {
        run.timeout(1);
    }
    assert_eq!(told(&run.last())[0], "steps down: no majority answered");
}
