//! The mailbox: nothing is lost, nothing is handed out twice, and nobody sleeps through it.

use crate::{Interruptions, in_every_order};
use quorate_runtime::mailbox::{Closed, Mailbox};
use quorate_runtime::sync::{Mutex, Thread, spawn};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

type Numbers = Arc<Mailbox<Vec<u32>>>;

fn thread(body: impl FnOnce() + Send + 'static) -> Thread {
    spawn("test".into(), body).expect("a thread starts")
}

/// Takes until the mailbox is closed and empty.
fn take_all(mailbox: &Mailbox<Vec<u32>>) -> Vec<u32> {
    let (mut all, mut some) = (Vec::new(), Vec::new());
    while mailbox.take(&mut some).is_ok() {
        assert!(!some.is_empty(), "woken for nothing");
        all.append(&mut some);
    }
    all
}

/// Starts an owner that puts everything it takes from one mailbox into another.
fn start_echo(mailbox: &Numbers, answers: &Numbers) -> Thread {
    let (mailbox, answers) = (Arc::clone(mailbox), Arc::clone(answers));
    thread(move || {
        let mut some = Vec::new();
        while mailbox.take(&mut some).is_ok() {
            assert_eq!(answers.put(|content| content.append(&mut some)), Ok(()));
        }
    })
}

/// Exhaustive.
#[test]
fn what_two_threads_put_in_is_taken_once_and_in_their_order() {
    in_every_order(Interruptions::Any, || {
        let mailbox: Numbers = Arc::default();
        let putters = [[1, 2], [11, 12]].map(|numbers| {
            let mailbox = Arc::clone(&mailbox);
            thread(move || {
                for number in numbers {
                    assert_eq!(mailbox.put(|content| content.push(number)), Ok(()));
                }
            })
        });
        let (mut taken, mut some) = (Vec::new(), Vec::new());
        while taken.len() < 4 {
            mailbox.take(&mut some).expect("nobody closes it");
            taken.append(&mut some);
        }
        putters.into_iter().for_each(|putter| assert!(putter.join()));
        let of = |range: std::ops::Range<u32>| -> Vec<u32> {
            taken.iter().copied().filter(|number| range.contains(number)).collect()
        };
        assert_eq!((of(0..10), of(10..20)), (vec![1, 2], vec![11, 12]));
    });
}

/// Exhaustive.
#[test]
fn an_owner_that_waits_is_woken_for_each_thing_that_comes() {
    in_every_order(Interruptions::Any, || {
        let mailbox: Numbers = Arc::default();
        let answers: Numbers = Arc::default();
        let echo = start_echo(&mailbox, &answers);
        for number in 0..3 {
            mailbox.put(|content| content.push(number)).expect("it is open");
            let mut some = Vec::new();
            answers.take(&mut some).expect("it is open");
            assert_eq!(some, [number]);
        }
        mailbox.close();
        assert!(echo.join());
    });
}

/// Exhaustive.
#[test]
fn closing_wakes_the_owner_and_loses_nothing_that_was_let_in() {
    in_every_order(Interruptions::Any, || {
        let mailbox: Numbers = Arc::default();
        let owner = {
            let mailbox = Arc::clone(&mailbox);
            let taken = Arc::new(Mailbox::<Vec<u32>>::new());
            let all = Arc::clone(&taken);
            let thread = thread(move || {
                let numbers = take_all(&mailbox);
                assert_eq!(all.put(|content| content.extend(numbers)), Ok(()));
                all.close();
            });
            (thread, taken)
        };
        let closer = {
            let mailbox = Arc::clone(&mailbox);
            thread(move || mailbox.close())
        };
        let let_in: Vec<u32> =
            (1..=2).filter(|number| mailbox.put(|content| content.push(*number)).is_ok()).collect();
        assert!(closer.join() && owner.0.join());
        assert_eq!(take_all(&owner.1), let_in);
        assert_eq!(mailbox.put(|_| panic!("let in after the end")), Err::<(), _>(Closed));
    });
}

/// Exhaustive.
#[test]
fn what_does_not_fit_comes_back_and_what_fits_is_taken() {
    in_every_order(Interruptions::Any, || {
        let mailbox: Numbers = Arc::default();
        let offerers = [1, 2].map(|number| {
            let mailbox = Arc::clone(&mailbox);
            let refused: Numbers = Arc::default();
            let back = Arc::clone(&refused);
            let thread = thread(move || {
                if let Err(number) = mailbox.offer(number, 1) {
                    assert_eq!(back.put(|content| content.push(number)), Ok(()));
                }
                back.close();
            });
            (thread, refused)
        });
        let mut accounted = Vec::new();
        mailbox.take(&mut accounted).expect("nobody closes it");
        assert_eq!(accounted.len(), 1, "more was let in than there is room for");
        for (thread, refused) in offerers {
            assert!(thread.join());
            accounted.extend(take_all(&refused));
        }
        mailbox.close();
        accounted.extend(take_all(&mailbox));
        accounted.sort_unstable();
        assert_eq!(accounted, [1, 2]);
    });
}

/// What an owner and its stand-ins work on.
#[derive(Default)]
struct Workplace {
    is_taken: bool,
    done: Vec<u32>,
}

/// Works once, and would notice anybody who works at the same time.
fn work(mailbox: &Mailbox<Vec<u32>>, workplace: &Mutex<Workplace>) {
    let was_taken = std::mem::replace(&mut workplace.lock().is_taken, true);
    assert!(!was_taken, "two threads work");
    let mut some = Vec::new();
    mailbox.take_at_once(&mut some);
    let mut workplace = workplace.lock();
    workplace.is_taken = false;
    workplace.done.append(&mut some);
}

/// Starts an owner for which others stand in.
fn start_owner(mailbox: &Numbers, workplace: &Arc<Mutex<Workplace>>) -> Thread {
    let (mailbox, workplace) = (Arc::clone(mailbox), Arc::clone(workplace));
    thread(move || {
        while mailbox.wait().is_ok() {
            work(&mailbox, &workplace);
        }
    })
}

/// Exhaustive.
#[test]
fn owner_and_stand_ins_never_work_at_the_same_time_and_leave_nothing() {
    // Of every order, not of chance, it can be demanded that somebody stands in.
    let has_stood_in = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&has_stood_in);
    in_every_order(Interruptions::Any, move || {
        let mailbox: Numbers = Arc::default();
        let workplace = Arc::new(Mutex::new(Workplace::default()));
        let owner = start_owner(&mailbox, &workplace);
        let bring = |number| {
            let (mailbox, workplace) = (Arc::clone(&mailbox), Arc::clone(&workplace));
            let seen = Arc::clone(&seen);
            move || {
                let (_, stands_in) =
                    mailbox.put_and_stand_in(|content| content.push(number)).expect("it is open");
                if stands_in {
                    seen.store(true, Ordering::Relaxed);
                    work(&mailbox, &workplace);
                    mailbox.hand_back(false);
                }
            }
        };
        let other = thread(bring(1));
        bring(2)();
        assert_eq!(mailbox.put(|content| content.push(3)), Ok(()));
        assert!(other.join());
        mailbox.close();
        assert!(owner.join());
        let mut done = std::mem::take(&mut workplace.lock().done);
        done.sort_unstable();
        assert_eq!(done, [1, 2, 3]);
    });
    assert!(has_stood_in.load(Ordering::Relaxed) || cfg!(not(quorate_loom)), "nobody stood in");
}

/// Exhaustive.
#[test]
fn what_comes_while_somebody_stands_in_is_the_owners_who_is_woken_for_it() {
    in_every_order(Interruptions::Any, || {
        let mailbox: Numbers = Arc::default();
        let answers: Numbers = Arc::default();
        let owner = start_echo(&mailbox, &answers);
        let (_, stands_in) =
            mailbox.put_and_stand_in(|content| content.push(1)).expect("it is open");
        let mut done = Vec::new();
        if stands_in {
            mailbox.take_at_once(&mut done);
            mailbox.put(|content| content.push(2)).expect("it is open");
            mailbox.hand_back(false);
        } else {
            mailbox.put(|content| content.push(2)).expect("it is open");
        }
        // Nobody closes the mailbox before the owner has taken the rest.
        while done.len() < 2 {
            let mut some = Vec::new();
            answers.take(&mut some).expect("it is open");
            done.append(&mut some);
        }
        assert_eq!(done, [1, 2]);
        mailbox.close();
        assert!(owner.join());
    });
}

/// Exhaustive.
#[test]
fn a_stand_in_can_call_the_owner_to_look() {
    in_every_order(Interruptions::Any, || {
        let mailbox: Numbers = Arc::default();
        let looks: Numbers = Arc::default();
        let owner = {
            let (mailbox, looks) = (Arc::clone(&mailbox), Arc::clone(&looks));
            thread(move || {
                let mut some = Vec::new();
                while some != [1] {
                    mailbox.wait().expect("nobody closes it");
                    mailbox.take_at_once(&mut some);
                    if some.is_empty() {
                        break;
                    }
                }
                looks.close();
            })
        };
        let (_, stands_in) =
            mailbox.put_and_stand_in(|content| content.push(1)).expect("it is open");
        if stands_in {
            mailbox.take_at_once(&mut Vec::new());
            mailbox.hand_back(true);
        }
        assert_eq!(looks.take(&mut Vec::new()), Err(Closed));
        assert!(owner.join());
    });
}
