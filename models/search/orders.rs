//! What threads share, in every order in which they can come to it. Compiled with `--cfg quorate_loom`, each body runs
//! once for each.

use crate::Search;
use crate::fingerprints::Fingerprints;
use crate::market::Market;
use crate::sync::{Arc, AtomicU64, Ordering};
use crate::toy::Graph;
use crate::worker::Worker;
use loom::thread;

#[test]
fn a_fingerprint_is_new_to_one_thread() {
    loom::model(|| {
        let set = Arc::new(Fingerprints::with(1, 4));
        let insert = |fingerprints: [u64; 2]| {
            let set = Arc::clone(&set);
            move || {
                let held = set.hold();
                fingerprints.map(|fingerprint| u64::from(held.insert(fingerprint)))
            }
        };
        // Both are to go to the first place.
        let other = thread::spawn(insert([1, 2]));
        let ours = insert([2, 1])();
        let theirs = other.join().expect("it ends");
        assert_eq!([ours[1] + theirs[0], ours[0] + theirs[1]], [1, 1]);
        let held = set.hold();
        assert!(!held.insert(1) && !held.insert(2));
    });
}

#[test]
fn nothing_is_lost_when_the_set_is_enlarged() {
    loom::model(|| {
        let set = Arc::new(Fingerprints::with(1, 8));
        let add = |fingerprints: Vec<u64>| {
            let set = Arc::clone(&set);
            move || {
                for fingerprint in fingerprints {
                    set.make_room();
                    let is_new = set.hold().insert(fingerprint);
                    // So many that there is no room any more, after two at most.
                    set.note(if is_new { 3 } else { 0 });
                }
            }
        };
        let other = thread::spawn(add(vec![1, u64::MAX]));
        add(vec![u64::MAX])();
        other.join().expect("it ends");
        assert_eq!(set.count(), 6);
        let held = set.hold();
        assert!(!held.insert(1) && !held.insert(u64::MAX));
    });
}

#[test]
fn work_that_is_left_is_done_before_everyone_goes_home() {
    loom::model(|| {
        let (market, done) = (Arc::new(Market::new(2, vec![2_u64])), Arc::new(AtomicU64::new(0)));
        let work = || {
            let (market, done) = (Arc::clone(&market), Arc::clone(&done));
            move || {
                while let Some(units) = market.wait() {
                    let leaves = units > 1 && market.wants();
                    if leaves {
                        market.leave(1);
                    }
                    done.fetch_add(units - u64::from(leaves), Ordering::Relaxed);
                }
            }
        };
        let other = thread::spawn(work());
        work()();
        other.join().expect("it ends");
        assert_eq!(done.load(Ordering::Relaxed), 2);
        assert!(market.is_closed());
    });
}

#[test]
fn who_waits_goes_home_when_the_search_is_over() {
    loom::model(|| {
        let market: Arc<Market<()>> = Arc::new(Market::new(2, Vec::new()));
        let waits = {
            let market = Arc::clone(&market);
            thread::spawn(move || market.wait())
        };
        market.close();
        assert_eq!(waits.join().expect("it ends"), None);
    });
}

#[test]
fn two_threads_reach_every_state() {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(|| {
        let leads = |to: &[u64]| to.iter().copied().map(Some).collect();
        let edges = vec![leads(&[1, 2]), leads(&[3]), leads(&[3, 0]), leads(&[])];
        let graph = Graph { edges, ..Graph::default() };
        let search = Arc::new(Search::new(graph, 2, Fingerprints::with(1, 16)));
        let work = || {
            let search = Arc::clone(&search);
            move || Worker::new(search).work()
        };
        let other = thread::spawn(work());
        work()();
        other.join().expect("it ends");
        assert_eq!(search.seen.count(), 4);
        assert_eq!(search.generated.load(Ordering::Relaxed), 6);
        assert!(search.violations().is_empty() && search.market.is_closed());
    });
}
