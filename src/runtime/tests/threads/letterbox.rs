//! The letterbox: an owner that sleeps elsewhere is woken for whatever comes, and not woken in vain.

use crate::{Interruptions, in_every_order};
use quorate_runtime::letterbox::Letterbox;
use quorate_runtime::sync::{Condvar, Mutex, Thread, spawn};
use std::sync::Arc;

/// What an owner sleeps in: like the system's, it remembers a ring until somebody sleeps.
struct Sleep {
    /// Whether it rang and nobody has woken up from it, and how often it rang at all.
    rung: Mutex<(bool, usize)>,
    changed: Condvar,
}

impl Sleep {
    fn new() -> Sleep {
        Sleep { rung: Mutex::new((false, 0)), changed: Condvar::new() }
    }

    fn ring(&self) {
        let mut rung = self.rung.lock();
        *rung = (true, rung.1 + 1);
        drop(rung);
        self.changed.notify_one();
    }

    fn sleep(&self) {
        let mut rung = self.rung.lock();
        while !rung.0 {
            rung = self.changed.wait(rung);
        }
        rung.0 = false;
    }

    fn rings(&self) -> usize {
        self.rung.lock().1
    }
}

struct Owner {
    sleep: Arc<Sleep>,
    letters: Arc<Letterbox<Vec<u32>>>,
}

impl Owner {
    fn new() -> Owner {
        let sleep = Arc::new(Sleep::new());
        let bell = Arc::clone(&sleep);
        Owner { sleep, letters: Arc::new(Letterbox::new(move || bell.ring())) }
    }

    fn put(&self, numbers: &'static [u32]) -> Thread {
        let letters = Arc::clone(&self.letters);
        let put = move || {
            for number in numbers {
                letters.put(|content| content.push(*number));
            }
        };
        spawn("test".into(), put).expect("a thread starts")
    }

    /// Sleeps when it may and takes when it is awake, until it has so many. Returns them, and how often it slept.
    fn take(&self, count: usize) -> (Vec<u32>, usize) {
        let (mut taken, mut some, mut sleeps) = (Vec::new(), Vec::new(), 0);
        while taken.len() < count {
            if self.letters.may_sleep() {
                self.sleep.sleep();
                sleeps += 1;
            }
            self.letters.take(&mut some);
            taken.append(&mut some);
        }
        (taken, sleeps)
    }
}

/// Exhaustive. If a ring were lost, the owner would sleep for ever.
#[test]
fn an_owner_that_sleeps_is_woken_and_takes_everything_in_order() {
    in_every_order(Interruptions::Any, || {
        let owner = Owner::new();
        let putters = [owner.put(&[1, 2]), owner.put(&[11])];
        let (taken, _) = owner.take(3);
        assert!(putters.into_iter().all(Thread::join));
        let of_first: Vec<u32> = taken.iter().copied().filter(|number| *number < 10).collect();
        assert_eq!((of_first, taken.contains(&11), taken.len()), (vec![1, 2], true, 3));
    });
}

/// Exhaustive.
#[test]
fn nobody_rings_for_an_owner_that_is_awake() {
    in_every_order(Interruptions::Any, || {
        let owner = Owner::new();
        let putter = owner.put(&[1, 2]);
        let (taken, sleeps) = owner.take(2);
        assert!(putter.join());
        assert_eq!(taken, [1, 2]);
        assert!(owner.sleep.rings() <= sleeps, "{} rings", owner.sleep.rings());
    });
}

/// Exhaustive. Whatever else wakes the owner, what is rung late costs it one sleep and no letter.
#[test]
fn an_owner_that_something_else_wakes_misses_nothing() {
    in_every_order(Interruptions::Any, || {
        let owner = Owner::new();
        let sleep = Arc::clone(&owner.sleep);
        let other = spawn("test".into(), move || sleep.ring()).expect("a thread starts");
        let putter = owner.put(&[1, 2]);
        assert_eq!(owner.take(2).0, [1, 2]);
        assert!(putter.join() && other.join());
    });
}
