//! Files that are not as they were written. A log comes to a prefix of what was acknowledged only where that
//! cannot be told from a torn write; otherwise it is refused, and never does it come to anything else.

mod common;

use common::{History, Snapshot, contents, entry, init, open, segment, with_contents, write};
use quorate_wal::WalError;
use quorate_wal::testing::SimulatedFiles;
use std::path::PathBuf;

/// A history over three segments, closed after its last batch.
fn history() -> History {
    let long = vec![3; 900];
    let one = |keep, term, command: &[u8]| write(keep, vec![entry(term, command)], term, Some(1));
    let mut batches = vec![
        vec![write(0, vec![], 1, Some(1))],
        vec![one(0, 1, b"a"), one(1, 1, b"b")],
        vec![one(2, 1, &long)],
        vec![one(1, 2, b"c")],
    ];
    batches.extend((2..7).map(|keep| vec![one(keep, 2, &long)]));
    batches.push(vec![one(4, 3, b"last")]);
    History::of(batches)
}

/// The files of that history: `is_sealed` says whether there was time for a seal.
fn files(is_sealed: bool) -> SimulatedFiles {
    let files = SimulatedFiles::new();
    init(&files);
    let (mut wal, _) = open(&files).expect("open");
    let history = history();
    for batch in &history.batches {
        wal.append(batch).expect("append");
    }
    if is_sealed {
        wal.idle().expect("idle");
    }
    drop(wal);
    assert!(files.content(&segment(3)).is_some() && files.content(&segment(4)).is_none());
    files
}

/// The segments of a log.
fn segments(files: &SimulatedFiles) -> Vec<(PathBuf, Vec<u8>)> {
    contents(files)
        .into_iter()
        .filter(|(path, _)| path.extension() == Some("wal".as_ref()))
        .collect()
}

/// Opens the log with one file changed. `Ok` is the state that it comes to.
fn open_with(
    all: &[(PathBuf, Vec<u8>)],
    file: usize,
    content: Vec<u8>,
) -> Result<Snapshot, WalError> {
    let mut changed = all.to_vec();
    changed[file].1 = content;
    let files = with_contents(&changed);
    match open(&files) {
        Ok((wal, recovered)) => {
            drop(wal);
            let state = Snapshot::of(&recovered);
            // What was found once is found again.
            let (_, again) = open(&files).expect("a recovered log opens");
            assert_eq!(Snapshot::of(&again), state);
            assert_eq!(again.notes.trimmed, None);
            Ok(state)
        }
        Err(error) => {
            let now = segments(&files);
            assert!(now.iter().zip(&changed).all(|(a, b)| a == b), "a refused log was touched");
            Err(error)
        }
    }
}

/// Where the last batch with writes begins in the last segment.
fn last_batch(all: &[(PathBuf, Vec<u8>)], is_sealed: bool) -> usize {
    let content = &all[2].1;
    let end = content.len() - content.iter().rev().take_while(|byte| **byte == 0).count();
    let end = end.next_multiple_of(512);
    if is_sealed { end - 1024 } else { end - 512 }
}

#[test]
fn a_file_that_is_too_short_or_too_long_is_refused() {
    let files = files(true);
    let all = segments(&files);
    for (file, (path, content)) in all.iter().enumerate() {
        for length in 0..content.len() {
            let error = open_with(&all, file, content[..length].to_vec()).expect_err("too short");
            let WalError::Corrupt { file, offset, .. } = &error else { panic!("{error}") };
            assert!(file == path && *offset <= length as u64, "{error}");
        }
        for more in [1, 512, 4096] {
            let longer = [&content[..], &vec![0; more]].concat();
            assert!(matches!(open_with(&all, file, longer), Err(WalError::Corrupt { .. })));
        }
    }
}

#[test]
fn a_tail_of_zeros_is_a_torn_write_only_at_the_very_end() {
    let history = history();
    let full = history.states.last().expect("a state");
    let before = &history.states[history.states.len() - 2];
    for is_sealed in [false, true] {
        let all = segments(&files(is_sealed));
        let begin = last_batch(&all, is_sealed);
        let end_of_content =
            begin + 512 - all[2].1[..begin + 512].iter().rev().take_while(|b| **b == 0).count();
        for byte in 0..4096 {
            let mut content = all[2].1.clone();
            content[byte..].fill(0);
            let result = open_with(&all, 2, content);
            if byte >= end_of_content {
                assert_eq!(result.expect("only the seal is damaged, or nothing"), *full, "{byte}");
            } else if byte >= begin {
                assert_eq!(result.expect("torn"), *before, "{is_sealed} {byte}");
            } else if let Ok(state) = result {
                // The sync of what is missing was a lie, if this is the work of a crash.
                assert!(history.position(&state).is_some(), "{byte}");
            }
        }
    }
}

#[test]
fn any_flipped_bit_is_harmless_or_refused_when_the_last_batch_is_sealed() {
    let history = history();
    let full = history.states.last().expect("a state");
    let all = segments(&files(true));
    let (mut harmless, mut refused) = (0, 0);
    for (file, (path, content)) in all.iter().enumerate() {
        for bit in 0..content.len() * 8 {
            let mut content = content.clone();
            content[bit / 8] ^= 1 << (bit % 8);
            match open_with(&all, file, content) {
                Ok(state) => {
                    assert_eq!(state, *full, "{} bit {bit}", path.display());
                    harmless += 1;
                }
                Err(WalError::NewerFormat { file, .. }) => {
                    assert!(file == *path && (64..96).contains(&bit));
                    refused += 1;
                }
                Err(error) => {
                    let WalError::Corrupt { file, offset, .. } = &error else { panic!("{error}") };
                    let byte = bit as u64 / 8;
                    assert!(file == path && *offset <= byte, "{error}; flipped byte {byte}");
                    refused += 1;
                }
            }
        }
    }
    // Zeros behind the batches and between them are not read; the contents are most of the rest.
    assert!(harmless > 10_000 && refused > 40_000, "{harmless} harmless, {refused} refused");
}

#[test]
fn a_flipped_bit_in_a_last_batch_without_a_seal_looks_like_a_torn_write() {
    let history = history();
    let full = history.states.last().expect("a state");
    let before = &history.states[history.states.len() - 2];
    let all = segments(&files(false));
    let begin = last_batch(&all, false);
    let mut trimmed = 0;
    for bit in 0..4096 * 8 {
        let mut content = all[2].1.clone();
        content[bit / 8] ^= 1 << (bit % 8);
        if let Ok(state) = open_with(&all, 2, content) {
            let is_in_last = (begin..begin + 512).contains(&(bit / 8));
            assert!(state == *full || (is_in_last && state == *before), "bit {bit}");
            trimmed += usize::from(state == *before);
        }
    }
    assert!(trimmed > 32 * 8, "{trimmed}");
}

#[test]
fn a_torn_tail_is_zeros_once_the_log_was_opened() {
    let files = SimulatedFiles::new();
    init(&files);
    let (mut wal, _) = open(&files).expect("open");
    wal.append(&[write(0, vec![entry(1, &[3; 1800])], 1, None)]).expect("append");
    drop(wal);
    let content = files.content(&segment(1)).expect("written");
    let begin = 1024;
    assert!(content[begin..].starts_with(b"QBAT") && content[begin + 1536] != 0);
    // Each of its four sectors is lost once, and the others are there.
    for lost in (begin..begin + 2048).step_by(512) {
        let mut torn = content.clone();
        torn[lost..lost + 512].fill(0);
        files.set_content(&segment(1), &torn);
        let (wal, recovered) = open(&files).expect("torn");
        assert_eq!(recovered.notes.trimmed.expect("trimmed").offset, begin as u64);
        drop(wal);
        let left = files.content(&segment(1)).expect("written");
        assert!(left[begin..].iter().all(|byte| *byte == 0), "a part of the torn write is left");
    }
}

#[test]
fn damage_in_the_middle_never_cuts_off_the_rest() {
    let all = segments(&files(true));
    let (first, second) = (&all[0].1, &all[1].1);
    // Batch 2 of the first segment, by each kind of damage: its header, its content, all of it.
    for damage in [1024..1056, 1056..1100, 1024..1536] {
        let mut content = first.clone();
        content[damage].fill(0xa5);
        let error = open_with(&all, 0, content).expect_err("corrupt");
        let text = error.to_string();
        assert!(text.contains("segment-00000001.wal: offset 1024: no sound batch, but batch "));
        assert!(text.contains("expected batch 2, which was durable"), "{text}");
        assert!(text.contains("quorate log DIR"), "{text}");
    }
    // The last batch of a segment, and the first of the next one.
    let mut content = second.clone();
    content[512..1024].fill(0);
    let error = open_with(&all, 1, content).expect_err("corrupt").to_string();
    assert!(error.contains("segment-00000002.wal: offset 512: no sound batch"), "{error}");
    let mut content = first.clone();
    content[512..].fill(0);
    assert!(matches!(open_with(&all, 0, content), Err(WalError::Corrupt { offset: 512, .. })));
}

#[test]
fn a_later_header_is_evidence_even_if_its_content_is_damaged_too() {
    // A seal has no content that could be damaged: without one, nothing sound is left behind the damage.
    for is_sealed in [false, true] {
        let mut changed = segments(&files(is_sealed));
        // The contents of every batch in the last two segments: their headers are right, and say that each
        // was written after the one before was durable.
        for (_, content) in changed.iter_mut().skip(1) {
            for header in (512..4096).step_by(512) {
                if content[header..].starts_with(b"QBAT") {
                    content[header + 32..header + 40].fill(0xa5);
                }
            }
        }
        let error = open_with(&changed, 2, changed[2].1.clone()).expect_err("corrupt").to_string();
        assert!(error.contains("segment-00000002.wal: offset 512: no sound batch"), "{error}");
    }
}

#[test]
fn the_first_batch_is_never_torn() {
    let files = SimulatedFiles::new();
    init(&files);
    let all = segments(&files);
    for bit in 0..32 * 8 {
        let mut content = all[0].1.clone();
        content[512 + bit / 8] ^= 1 << (bit % 8);
        let error = open_with(&all, 0, content).expect_err("corrupt").to_string();
        assert!(error.contains("offset 512: no sound batch; expected batch 1"), "{error}");
    }
}

#[test]
fn sectors_at_the_wrong_place_are_refused_or_harmless() {
    let history = history();
    let full = history.states.last().expect("a state");
    let all = segments(&files(true));
    let (mut harmless, mut refused) = (0, 0);
    for (file, (_, content)) in all.iter().enumerate() {
        for to in (0..4096).step_by(512) {
            for (_, source) in &all {
                for from in (0..4096).step_by(512) {
                    let mut content = content.clone();
                    content[to..to + 512].copy_from_slice(&source[from..from + 512]);
                    match open_with(&all, file, content) {
                        Ok(state) => {
                            assert_eq!(state, *full, "{from} to {to} of segment {}", file + 1);
                            harmless += 1;
                        }
                        Err(_) => refused += 1,
                    }
                }
            }
        }
    }
    assert!(harmless > 24 && refused > 100, "{harmless} harmless, {refused} refused");
}

#[test]
fn a_copy_of_a_log_inside_a_command_is_not_taken_for_the_log() {
    let inner = files(true);
    let copy = inner.content(&segment(1)).expect("written");
    // Shifted by each number of bytes, so that once its sectors lie where sectors lie.
    for shift in 0..512 {
        let command = [&vec![0; shift], &copy[..]].concat();
        let files = SimulatedFiles::new();
        init(&files);
        let (mut wal, _) = open(&files).expect("open");
        wal.append(&[write(0, vec![], 1, None)]).expect("append");
        wal.append(&[write(0, vec![entry(1, &command)], 1, None)]).expect("append");
        drop(wal);
        // Torn: its first sector is lost, and the rest is there.
        let mut content = files.content(&segment(2)).expect("a segment of its own");
        content[512..1024].fill(0);
        files.set_content(&segment(2), &content);
        let (_, recovered) = open(&files).expect("torn");
        assert!(recovered.notes.removed.contains(&segment(2)), "shift {shift}");
        assert_eq!(recovered.notes.trimmed.expect("trimmed").file, segment(2));
        assert!(recovered.log.entries().is_empty());
    }
}

#[test]
fn garbage_is_refused_whatever_it_is() {
    let mut random = fastrand::Rng::with_seed(1);
    let all = segments(&files(true));
    for round in 0..300 {
        let length = [0, 1, 511, 512, 4096, 5000][round % 6];
        let garbage: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(length).collect();
        for file in 0..3 {
            assert!(open_with(&all, file, garbage.clone()).is_err());
        }
    }
}
