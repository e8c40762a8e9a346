//! Symmetry of many servers: sort them first, and rename only those that the order does not tell apart.
//!
//! Up to four servers every part has one key for each way to rename them. Five have 120 ways and seven 5,040,
//! and most of them are wasted: in most states the servers differ in more than their names, and can be put in
//! an order that their names have no part in.
//!
//! # How
//! To each server of a state belongs a *signature*: the sum, over the parts of the state, of a hash of how the
//! part looks from that server - what it says apart from names, and in which of its places the server stands
//! ([`Viewed`]). It follows the parts as keys do. A way to rename the servers *fits* the state if it gives them
//! names in the order of their signatures; if all signatures differ, one way fits, and otherwise the servers
//! within each tie are named in every order. The fingerprint is the sum, over the ways that fit, of the mixed
//! sum of the keys that the parts have under that way.
//!
//! # Why states that differ in names alone have the same fingerprint
//! Let *p* be a way to rename, and *s* a state. A part looks from server *i* as the renamed part looks from
//! *p(i)*: a view holds no names, only whether a place holds the server that looks. So the signature of *i* in
//! *s* is that of *p(i)* in *p(s)*. A way *q* gives the servers of *p(s)* names in the order of their signatures
//! exactly if *q* after *p* does so for *s*. So the ways that fit *s* are those that fit *p(s)*, each after *p*;
//! and what *q* makes of *p(s)* is what *q* after *p* makes of *s*. The two sums have the same terms, each as
//! often. States that differ in more have no renamed state in common, so their sums have no term in common,
//! and are as different as random numbers. A signature that tells less apart than it could makes ties, and work,
//! but no mistake.
//!
//! Keys under a way are made when they are first needed: of thousands of ways a part meets few.

use super::model::FastModel;
use super::parts::{Ghost, Node, PartKind, key, mix, place_of, sorts};
use super::state::FastState;
use quorate_cluster::{Envelope, WaitingKind};
use quorate_core::{Configuration, Renumber, Role, ServerId, Term};
use smallvec::SmallVec;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// A part, as a server sees it.
pub(super) trait Viewed {
    /// For each of `N` servers, a hash of the part without its names and of where in it the server stands.
    fn views<const N: usize>(&self) -> [u64; N];
}

/// The server at a place.
fn server_at(place: usize) -> ServerId {
    let number = u8::try_from(place + 1).ok().and_then(ServerId::new);
    number.expect("few servers")
}

fn hash<T: Hash>(value: &T) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(value)
}

impl Viewed for Node {
    fn views<const N: usize>(&self) -> [u64; N] {
        let Node { state, disk } = self;
        let role = match &state.role {
            Role::Follower(follower) => (0, follower.verified, 0),
            Role::Candidate(candidate) => (1, state.commit_index, candidate.votes.len()),
            Role::Leader(leader) => (2, leader.first_index, leader.reads.len()),
        };
        let issued: SmallVec<[_; 4]> =
            disk.unfinished.iter().map(|w| (w.term, w.truncate_to, &w.entries)).collect();
        let memory = (state.current_term, &state.log, state.commit_index, state.last_applied);
        let nameless = hash(&(role, memory, disk.term, &disk.log, issued.as_slice()));
        core::array::from_fn(|place| {
            let viewer = server_at(place);
            let names = |named: Option<ServerId>| named == Some(viewer);
            let (counted, progress) = match &state.role {
                Role::Follower(_) => (false, None),
                Role::Candidate(candidate) => (candidate.votes.contains(viewer), None),
                Role::Leader(leader) => {
                    let mut known = leader.progress.iter();
                    let known = known.find(|progress| progress.server == viewer);
                    let known = known.map(|p| (p.next_index, p.match_index, p.round, &p.flow));
                    (leader.heard.contains(viewer), known)
                }
            };
            let votes = (names(state.voted_for), names(disk.voted_for), counted);
            let is_leader = names(state.leader_hint());
            hash(&(nameless, state.id == viewer, is_leader, votes, progress))
        })
    }
}

impl Viewed for Envelope {
    fn views<const N: usize>(&self) -> [u64; N] {
        // No message names a server inside.
        let nameless = hash(&(self.term, &self.message));
        core::array::from_fn(|place| {
            let ends = (self.from == server_at(place), self.to == server_at(place));
            hash(&(nameless, ends))
        })
    }
}

impl Viewed for Ghost {
    fn views<const N: usize>(&self) -> [u64; N] {
        let Ghost { history, clients, .. } = self;
        core::array::from_fn(|place| {
            let viewer = server_at(place);
            let led = history.leaders.iter().filter(|(_, leaders)| leaders.contains(viewer));
            let led: SmallVec<[Term; 8]> = led.map(|(term, _)| *term).collect();
            // Each vote that the server has cast, and each that it was given.
            let votes = history.votes.iter().map(|((term, voter), candidates)| {
                (*term, *voter == viewer, candidates.contains(viewer), candidates.len())
            });
            let mut votes: SmallVec<[(Term, bool, bool, usize); 16]> = votes.collect();
            votes.sort_unstable();
            let taken = clients.waiting.iter().filter(|(_, waiting)| waiting.server == viewer);
            let taken: SmallVec<[(u64, WaitingKind); 8]> =
                taken.map(|(request, waiting)| (request.0, waiting.kind)).collect();
            hash(&(&history.committed, led.as_slice(), votes.as_slice(), taken.as_slice()))
        })
    }
}

/// The keys of a part under the ways to rename the servers, made when first needed: in chunks, one for each
/// name that the first server gets.
#[derive(Debug, Default)]
pub(super) struct RenamedKeys([OnceLock<Box<[AtomicU64]>>; Configuration::MAX_VOTERS]);

impl RenamedKeys {
    /// The key under the way of this rank among `ways`.
    fn get(&self, rank: usize, ways: usize, servers: usize, make: impl FnOnce() -> u64) -> u64 {
        let chunk = ways / servers;
        let slots =
            self.0[rank / chunk].get_or_init(|| (0..chunk).map(|_| AtomicU64::new(0)).collect());
        let slot = &slots[rank % chunk];
        let known = slot.load(Ordering::Relaxed);
        if known != 0 {
            return known;
        }
        // Whoever else makes it makes the same. Zero says that nobody has.
        let made = make().max(1);
        slot.store(made, Ordering::Relaxed);
        made
    }
}

/// A part whose keys are asked for.
enum Part<'a> {
    Node(&'a Node),
    Message(&'a Envelope),
    Ghost(&'a Ghost),
}

impl Part<'_> {
    fn key(&self, names: &[ServerId]) -> u64 {
        let names = |server: ServerId| names[place_of(server)];
        match self {
            Part::Node(node) => key(PartKind::Node, &node.renumber(&names)),
            Part::Message(envelope) => key(PartKind::Message, &envelope.renumber(&names)),
            Part::Ghost(ghost) => key(PartKind::Ghost, &ghost.renumber(&names)),
        }
    }
}

/// The rank of an order among all orders of so many servers, as [`permutations`](crate::symmetry::permutations)
/// lists them.
fn rank<const N: usize>(images: &[u8; N]) -> usize {
    images.iter().enumerate().fold(0, |rank, (place, image)| {
        let smaller_left = images[place + 1..].iter().filter(|other| *other < image).count();
        rank * (N - place) + smaller_left
    })
}

/// Calls `visit` with every order in which each server stays within its tie. `ends[place]` is where the tie of
/// a place ends.
fn arrange<const N: usize>(
    place: usize,
    order: &mut [u8; N],
    ends: &[usize; N],
    visit: &mut dyn FnMut(&[u8; N]),
) {
    if place == N {
        return visit(order);
    }
    for other in place..ends[place] {
        order.swap(place, other);
        arrange(place + 1, order, ends, visit);
        order.swap(place, other);
    }
}

impl<const N: usize, const P: usize> FastModel<N, P> {
    /// Finds the fingerprint of a state of which nothing changes any more.
    pub(super) fn settle(&self, state: &mut FastState<N, P>) {
        // What has no names is one more part, with the same key under all of them.
        let nameless = state.spent.key(state.violated.is_some());
        let print = |sum: u64| mix(sum.wrapping_add(nameless));
        state.fingerprint = if sorts(N, P) {
            print(self.sorted_sum(state))
        } else {
            state.keys.iter().fold(0, |prints, sum| prints.wrapping_add(print(*sum)))
        };
    }

    fn sorted_sum(&self, state: &FastState<N, P>) -> u64 {
        let mut order: [u8; N] = core::array::from_fn(|place| place as u8);
        let signature = |server: u8| state.keys[usize::from(server)];
        order.sort_unstable_by_key(|server| signature(*server));
        let mut ends = [N; N];
        for place in (0..N.saturating_sub(1)).rev() {
            let is_tied = signature(order[place]) == signature(order[place + 1]);
            ends[place] = if is_tied { ends[place + 1] } else { place + 1 };
        }
        let mut parts: SmallVec<[(&RenamedKeys, Part<'_>); 32]> = SmallVec::new();
        for number in &state.nodes {
            let data = self.nodes.get(*number);
            parts.push((&data.renamed, Part::Node(&data.node)));
        }
        let data = self.ghosts.get(state.ghost);
        parts.push((&data.renamed, Part::Ghost(&data.ghost)));
        for number in &state.network {
            let data = self.messages.get(u32::from(*number));
            parts.push((&data.renamed, Part::Message(&data.envelope)));
        }
        let mut total = 0_u64;
        arrange(0, &mut order, &ends, &mut |order| {
            let mut images = [0; N];
            for (image, server) in (0..).zip(order) {
                images[usize::from(*server)] = image;
            }
            let rank = rank(&images);
            let names = &self.renamings.names()[rank];
            let keys = parts.iter().map(|(renamed, part)| {
                renamed.get(rank, self.renamings.names().len(), N, || part.key(names))
            });
            let sum = keys.fold(0, u64::wrapping_add);
            total = total.wrapping_add(mix(sum));
        });
        total
    }
}

#[cfg(test)]
mod tests {
    use super::{arrange, rank, server_at};
    use crate::symmetry::permutations;
    use std::collections::BTreeSet;

    #[test]
    fn ranks_are_places_in_the_list_of_permutations() {
        let ids = [0, 1, 2, 3, 4].map(server_at);
        for (place, names) in permutations(&ids).into_iter().enumerate() {
            let images: [u8; 5] = core::array::from_fn(|server| names[server].get() - 1);
            assert_eq!(rank(&images), place);
        }
    }

    #[test]
    fn every_order_within_ties_is_visited_once() {
        let mut seen = BTreeSet::new();
        let mut visits = 0;
        arrange(0, &mut [3, 1, 2, 0, 4], &[2, 2, 5, 5, 5], &mut |order| {
            visits += 1;
            seen.insert(*order);
        });
        assert_eq!((visits, seen.len()), (12, 12));
        assert!(seen.iter().all(|order| order[..2].iter().all(|server| [3, 1].contains(server))));
    }
}
