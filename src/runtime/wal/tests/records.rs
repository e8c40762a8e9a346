//! The bytes: those of format 1 for ever, and whatever bytes there may be.

mod common;

use common::{
    Command, History, Snapshot, contents, directory, entry, identity, init, open, segment, server,
    with_contents, write,
};
use proptest::collection::vec;
use proptest::prelude::*;
use quorate_core::{AbstractAction, Entry, Index, Payload, Term, Write};
use quorate_wal::testing::SimulatedFiles;
use quorate_wal::{Options, Wal};
use std::path::Path;

/// The segment that this program wrote when format 1 was made.
const FORMAT_1: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/format_1.wal");

/// Writes of every shape: a vote, a no-op and commands, an entry in place of another, a term alone.
fn golden_history() -> History {
    let no_op = |term| Entry { term: Term(term), payload: Payload::NoOp };
    let batches = vec![
        vec![write(0, vec![], 1, Some(1))],
        vec![
            write(0, vec![no_op(1), entry(1, b"set x 1")], 1, Some(1)),
            write(2, vec![entry(1, &[0xff; 300])], 1, Some(1)),
        ],
        vec![write(1, vec![entry(300, b"")], 70_000, None)],
    ];
    History::of(batches)
}

fn golden_log() -> SimulatedFiles {
    let options = Options { segment_bytes: 8192 };
    let files = SimulatedFiles::new();
    Wal::<Command, _>::init(files.clone(), &directory(), identity(), options).expect("init");
    let (mut wal, _) =
        Wal::<Command, _>::open(files.clone(), &directory(), identity(), options).expect("open");
    for batch in &golden_history().batches {
        wal.append(batch).expect("append");
    }
    wal.idle().expect("idle");
    files
}

#[test]
fn the_bytes_of_format_1_do_not_change() {
    let bytes = golden_log().content(&segment(1)).expect("written");
    if std::env::var_os("UPDATE").is_some() && !Path::new(FORMAT_1).exists() {
        std::fs::write(FORMAT_1, &bytes).expect("write");
    }
    let golden = std::fs::read(FORMAT_1).expect("the golden file");
    let first = bytes.iter().zip(&golden).position(|(a, b)| a != b);
    assert_eq!((first, bytes.len()), (None, golden.len()), "another format needs another number");
}

#[test]
fn a_log_of_format_1_is_read() {
    let golden = std::fs::read(FORMAT_1).expect("the golden file");
    let files = with_contents(&[(segment(1), golden)]);
    let (_, recovered) = open(&files).expect("open");
    assert_eq!(Some(&Snapshot::of(&recovered)), golden_history().states.last());
}

#[test]
fn the_bytes_are_those_of_the_table() {
    // The check value of CRC-32C: that of the nine digits.
    assert_eq!(crc32c::crc32c(b"123456789"), 0xe306_9283);
    let bytes = golden_log().content(&segment(1)).expect("written");
    let number = |at: usize, length: usize| {
        bytes[at..at + length].iter().rev().fold(0_u128, |sum, byte| sum << 8 | u128::from(*byte))
    };
    let summed = |parts: &[&[u8]]| u128::from(crc32c::crc32c(&parts.concat()));
    assert_eq!(&bytes[..8], b"QUORWAL\0");
    assert_eq!((number(8, 4), number(12, 4)), (1, 1));
    assert_eq!(number(16, 16), identity().cluster.0);
    assert_eq!((number(32, 8), number(40, 8)), (1, 8192));
    assert_eq!(number(48, 4), summed(&[&bytes[..48]]));
    // Batch 1 is empty; batch 2, the vote, is `keep 0, no entries, term 1, vote: some, 1`.
    let whose = [&bytes[16..32], &[1]].concat();
    let batches: [(usize, u64, &[u8], u128); 2] =
        [(512, 1, &[], 0), (1024, 2, &[0, 0, 1, 1, 1], 1)];
    for (at, batch, content, writes) in batches {
        assert_eq!(&bytes[at..at + 4], b"QBAT");
        assert_eq!(number(at + 4, 4), summed(&[content, &whose, &batch.to_le_bytes()]));
        assert_eq!(number(at + 8, 8), u128::from(batch));
        assert_eq!((number(at + 16, 8), number(at + 24, 4)), (content.len() as u128, writes));
        let place = [1_u64.to_le_bytes(), (at as u64).to_le_bytes()].concat();
        assert_eq!(number(at + 28, 4), summed(&[&bytes[at..at + 28], &whose, &place]));
        assert_eq!(&bytes[at + 32..at + 32 + content.len()], content);
    }
}

fn command() -> impl Strategy<Value = Payload<Command>> {
    prop_oneof![
        1 => Just(Payload::NoOp),
        3 => vec(any::<u8>(), 0..40).prop_map(Payload::Command),
        1 => vec(any::<u8>(), 500..1600).prop_map(Payload::Command),
    ]
}

/// What a write is made of, whatever comes before it: how many entries go, by how much the term grows, the
/// vote, and the entries, each with a distance of its term to that of the write.
type Ingredients = (u64, u64, Option<u8>, Vec<(u64, Payload<Command>)>);

fn ingredients() -> impl Strategy<Value = Ingredients> {
    let growth = prop_oneof![3 => Just(0), 2 => 1..3_u64, 1 => any::<u32>().prop_map(u64::from)];
    let entries = vec((0..3_u64, command()), 0..4);
    (0..4_u64, growth, proptest::option::of(1..=64_u8), entries)
}

/// The write that these make after a state.
fn mix(state: &Snapshot, (drop, growth, vote, entries): Ingredients) -> Write<Command> {
    let term = (state.term.0 + growth).max(1);
    let length = state.entries.len() as u64;
    let keep = if growth > 0 { length.saturating_sub(drop) } else { length };
    let before = keep.checked_sub(1).map_or(1, |last| state.entries[last as usize].term.0);
    let mut terms: Vec<u64> =
        entries.iter().map(|(back, _)| term.saturating_sub(*back).max(before)).collect();
    terms.sort_unstable();
    let voted_for = match state.voted_for {
        Some(vote) if term == state.term.0 => Some(vote),
        _ => vote.map(server),
    };
    let payloads = entries.into_iter().map(|(_, payload)| payload);
    let entries =
        terms.into_iter().zip(payloads).map(|(term, payload)| Entry { term: Term(term), payload });
    let witness = AbstractAction::BumpTerm { server: server(1), term: Term(term) };
    let entries = entries.collect();
    Write { truncate_to: Index(keep), entries, term: Term(term), voted_for, witness }
}

fn history() -> impl Strategy<Value = History> {
    vec(vec(ingredients(), 1..4), 1..16).prop_map(|batches| {
        let mut state = Snapshot::default();
        let mut one = |ingredients| {
            let write = mix(&state, ingredients);
            state = state.after(&write);
            write
        };
        let batches = batches.into_iter().map(|batch| batch.into_iter().map(&mut one).collect());
        History::of(batches.collect())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn what_is_written_is_read(history in history()) {
        let files = SimulatedFiles::new();
        init(&files);
        let (mut wal, _) = open(&files).expect("open");
        let (done, error) = history.append(&mut wal, 0);
        prop_assert!(done == history.batches.len() && error.is_none(), "{:?}", error);
        drop(wal);
        files.crash(&mut || false);
        let (_, recovered) = open(&files).expect("open");
        prop_assert_eq!(Some(&Snapshot::of(&recovered)), history.states.last());
    }

    #[test]
    fn a_crash_in_the_last_batch_keeps_it_or_trims_it(
        history in history(),
        kept in vec(any::<bool>(), 64),
    ) {
        let files = SimulatedFiles::new();
        init(&files);
        let (mut wal, _) = open(&files).expect("open");
        let (last, rest) = history.batches.split_last().expect("a batch");
        for batch in rest {
            wal.append(batch).expect("append");
        }
        // The machine stops right after the write, before the sync.
        let probe = files.fork();
        drop(wal);
        let (mut wal, _) = open(&probe).expect("open");
        let opened = probe.calls().len();
        wal.append(last).expect("append");
        let calls = probe.calls();
        let write = calls.iter().enumerate().skip(opened)
            .position(|(_, call)| call.starts_with("write_at") && call.ends_with(".wal"))
            .expect("a write");
        drop(wal);
        let (mut wal, _) = open(&files).expect("open");
        files.fault_at(files.calls().len() + write + 1, quorate_wal::testing::Fault::Stop);
        prop_assert!(wal.append(last).is_err());
        drop(wal);
        let mut kept = kept.into_iter().cycle();
        files.crash(&mut || kept.next().unwrap_or(false));
        let (_, recovered) = open(&files).expect("open");
        prop_assert!(history.allows(&Snapshot::of(&recovered), rest.len()));
    }

    #[test]
    fn any_damage_leads_to_a_known_state_or_a_refusal(
        history in history(),
        damage in vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), vec(any::<u8>(), 1..600)), 1..4),
    ) {
        let files = SimulatedFiles::new();
        init(&files);
        let (mut wal, _) = open(&files).expect("open");
        history.append(&mut wal, 0);
        wal.idle().expect("idle");
        drop(wal);
        let mut all = contents(&files);
        all.retain(|(path, _)| path.extension() == Some("wal".as_ref()));
        for (file, at, bytes) in damage {
            let content = &mut file.get_mut(&mut all).1;
            let at = at.index(content.len());
            let end = (at + bytes.len()).min(content.len());
            content[at..end].copy_from_slice(&bytes[..end - at]);
        }
        if let Ok((_, recovered)) = open(&with_contents(&all)) {
            let state = Snapshot::of(&recovered);
            prop_assert!(history.position(&state).is_some());
        }
    }
}
