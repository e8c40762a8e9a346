//! The engine finds what stateright's own engine finds.

use crate::fingerprints::Fingerprints;
use crate::sync::Arc;
use crate::toy::{Graph, NAMES};
use crate::worker::Worker;
use crate::{DepthFirst, Search};
use stateright::{Checker, HasDiscoveries, Model, Path, Property};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A graph in which most nodes can be reached, many of them in several ways.
fn graph(random: &mut fastrand::Rng, nodes: u64) -> Graph {
    let mut edge = |to: u64| random.u8(..8).gt(&0).then_some(to);
    let mut edges = Vec::new();
    for node in 0..nodes {
        // Something like a tree, and anything besides.
        let children = [2 * node + 1, 2 * node + 2].map(|child| edge(child % nodes));
        edges.push(children.to_vec());
    }
    for _ in 0..nodes / 2 {
        let [from, to] = [random.u64(..nodes), random.u64(..nodes)];
        edges[from as usize].push(Some(to));
    }
    let beyond = (0..nodes / 20).map(|_| random.u64(1..nodes)).collect();
    Graph { edges, beyond, ..Graph::default() }
}

/// The search when its threads have ended, and how many of them panicked.
fn ended(graph: &Graph, threads: usize) -> (DepthFirst<Graph>, usize) {
    let mut search = DepthFirst::spawn(graph.clone(), threads);
    let panicked = search.handles().into_iter().map(JoinHandle::join).filter(Result::is_err);
    let panicked = panicked.count();
    assert!(search.is_done());
    (search, panicked)
}

#[test]
fn it_reaches_what_stateright_reaches() {
    for seed in 0..300 {
        let mut random = fastrand::Rng::with_seed(seed);
        let nodes = random.u64(1..400);
        let graph = graph(&mut random, nodes);
        let theirs = graph.clone().checker().spawn_dfs().join();
        for threads in 1..4 {
            let (ours, panicked) = ended(&graph, threads);
            assert_eq!(panicked, 0);
            assert_eq!(ours.unique_state_count(), theirs.unique_state_count(), "seed {seed}");
            assert_eq!(ours.state_count(), theirs.state_count(), "seed {seed}");
            assert!(ours.discoveries().is_empty());
            if threads == 1 {
                assert_eq!(ours.max_depth(), theirs.max_depth(), "seed {seed}");
            }
        }
    }
}

#[test]
fn it_is_not_done_before_it_has_begun() {
    let graph = graph(&mut fastrand::Rng::with_seed(1), 10);
    let search = Arc::new(Search::new(graph, 1, Fingerprints::new()));
    let checker = DepthFirst { search: Arc::clone(&search), threads: Vec::new() };
    assert!(!checker.is_done());
    assert_eq!(
        (checker.state_count(), checker.unique_state_count(), checker.max_depth()),
        (1, 1, 1)
    );
    Worker::new(search).work();
    assert!(checker.is_done() && checker.state_count() > 1 && checker.model().edges.len() == 10);
}

#[test]
fn what_it_finds_violates_the_property_and_can_be_walked() {
    let mut found = [0, 0];
    for seed in 0..300 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut graph = graph(&mut random, 200);
        graph.bad = [0, 1].map(|_| vec![random.u64(..200), random.u64(..200)]);
        let any = HasDiscoveries::AnyFailures;
        let theirs = graph.clone().checker().finish_when(any).spawn_dfs().join();
        let (ours, panicked) = ended(&graph, random.usize(1..4));
        assert_eq!(panicked, 0);
        let discoveries = ours.discoveries();
        assert_eq!(discoveries.is_empty(), theirs.discoveries().is_empty(), "seed {seed}");
        for (name, path) in discoveries {
            let which = usize::from(name == NAMES[1]);
            found[which] += 1;
            assert!(graph.bad[which].contains(path.last_state()), "seed {seed}: {path}");
            let actions = path.clone().into_actions();
            assert_eq!(Path::from_actions(&graph, 0, &actions), Some(path));
        }
    }
    assert!(found.iter().all(|count| *count > 50), "{found:?}");
}

#[test]
fn all_of_a_large_graph_is_reached_once_by_many_threads() {
    // A chain of complete bipartite layers: everything but the first node is reached again and again.
    let (layers, width) = (600, 100);
    let layer = |number: u64| (0..width).map(move |place| Some(1 + number * width + place));
    let mut edges = vec![layer(0).collect()];
    for node in 0..layers * width {
        let next = node / width + 1;
        let leads_on = next < layers;
        edges.push(if leads_on { layer(next).collect() } else { Vec::new() });
    }
    let graph = Graph { edges, ..Graph::default() };
    for threads in [1, 2, 8] {
        let (search, panicked) = ended(&graph, threads);
        assert_eq!(panicked, 0);
        assert_eq!(search.unique_state_count() as u64, 1 + layers * width);
        assert_eq!(search.state_count() as u64, 1 + width + (layers - 1) * width * width);
        assert_eq!(search.max_depth() as u64, 1 + layers);
    }
}

#[test]
fn who_waits_gets_a_share() {
    // A star: whoever looks at its middle has all the rest to look at.
    let mut edges = vec![Vec::new(); 5_000];
    edges[0] = (1..5_000).map(Some).collect();
    let search: Arc<OnceLock<Arc<Search<Graph>>>> = Arc::default();
    let who: Arc<Mutex<Vec<thread::ThreadId>>> = Arc::default();
    let both = {
        let who = Arc::clone(&who);
        move || who.lock().expect("nobody panics").len() == 2
    };
    let looks = {
        let (search, who, looked) = (Arc::clone(&search), Arc::clone(&who), AtomicUsize::new(0));
        let patience = Instant::now() + Duration::from_secs(30);
        move |node| {
            // The first waits until the other has nothing to do, and, after two stretches, until it has something.
            let may_go_on = || match node {
                0 => search.wait().market.wants(),
                _ => looked.load(Ordering::Relaxed) < 3_000 || both(),
            };
            while !may_go_on() && Instant::now() < patience {
                thread::yield_now();
            }
            looked.fetch_add(1, Ordering::Relaxed);
            let (mut who, own) = (who.lock().expect("nobody panics"), thread::current().id());
            if !who.contains(&own) {
                who.push(own);
            }
        }
    };
    let graph = Graph { edges, looks: Some(Arc::new(looks)), ..Graph::default() };
    let begun = search.get_or_init(|| Arc::new(Search::new(graph, 2, Fingerprints::new())));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| Worker::new(Arc::clone(begun)).work());
        }
    });
    assert_eq!(begun.seen.count(), 5_000);
    assert_eq!(who.lock().expect("nobody panics").len(), 2, "both have looked at something");
}

#[test]
fn when_a_thread_panics_the_search_is_over() {
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    for threads in 1..4 {
        let mut graph = graph(&mut fastrand::Rng::with_seed(7), 300);
        graph.panics_at = Some(2);
        graph.edges[0] = vec![Some(1), Some(2)];
        let (search, panicked) = ended(&graph, threads);
        assert!(panicked > 0 && search.discoveries().is_empty());
    }
    std::panic::set_hook(quiet);
}

#[test]
fn what_it_cannot_search_it_refuses() {
    /// So many first states, and perhaps a property that need not hold always.
    struct Odd {
        first: u64,
        has_sometimes: bool,
    }
    impl Model for Odd {
        type State = u64;
        type Action = u64;
        fn init_states(&self) -> Vec<u64> {
            (0..self.first).collect()
        }
        fn actions(&self, _: &u64, _: &mut Vec<u64>) {}
        fn next_state(&self, _: &u64, _: u64) -> Option<u64> {
            None
        }
        fn properties(&self) -> Vec<Property<Odd>> {
            let sometimes = Property::sometimes("seen", |_: &Odd, _| true);
            if self.has_sometimes { vec![sometimes] } else { Vec::new() }
        }
    }
    impl crate::Searchable for Odd {
        fn fingerprint(state: &u64) -> u64 {
            *state
        }
    }
    let is_refused = |first, has_sometimes| {
        let spawned = || DepthFirst::spawn(Odd { first, has_sometimes }, 1);
        std::panic::catch_unwind(spawned).is_err()
    };
    assert!(!is_refused(1, false));
    assert!(is_refused(0, false) && is_refused(2, false) && is_refused(1, true));
    assert!(std::panic::catch_unwind(|| DepthFirst::spawn(Graph::default(), 0)).is_err());
}
