//! Looking at a log: what is printed of a sound one and of damaged ones, and that nothing is touched.

mod common;

use common::{Command, contents, directory, entry, init, open, segment, with_contents, write};
use quorate_core::{Entry, Payload, Term};
use quorate_wal::testing::SimulatedFiles;
use quorate_wal::{Verdict, WalError, inspect};

fn log() -> SimulatedFiles {
    let files = SimulatedFiles::new();
    init(&files);
    let (mut wal, _) = open(&files).expect("open");
    let no_op = Entry { term: Term(1), payload: Payload::NoOp };
    wal.append(&[write(0, vec![], 1, Some(2))]).expect("append");
    wal.append(&[
        write(0, vec![no_op, entry(1, b"ab")], 1, Some(2)),
        write(1, vec![entry(2, &[1; 2000])], 3, None),
    ])
    .expect("append");
    wal.append(&[write(2, vec![entry(3, &[1; 900])], 3, Some(1))]).expect("append");
    files
}

/// What is printed, and the verdict.
fn printed(files: &SimulatedFiles) -> (String, Verdict) {
    let before = contents(files);
    let mut out = Vec::new();
    let show = |command: &Command| format!("{} bytes", command.len());
    let verdict =
        inspect(files.clone(), &directory(), &show, &mut out).expect("a vector takes all");
    assert_eq!(contents(files), before, "looking changes nothing");
    let text = String::from_utf8(out).expect("text");
    assert!(text.ends_with(&format!("{verdict}\n")), "{text}");
    (text, verdict)
}

#[test]
fn a_sound_log_is_printed_whole() {
    let (text, verdict) = printed(&log());
    let expected = "\
segment-00000001.wal: 4096 bytes, of server n1 of cluster 00000000000000000123456789abcdef
         512 batch 1: seal
        1024 batch 2: 1 write, 5 bytes
             keep 0, term 1, vote n2, add []
        1536 batch 3: 2 writes, 2020 bytes
             keep 0, term 1, vote n2, add [1:noop, 1:2 bytes]
             keep 1, term 3, vote -, add [2:2000 bytes]
segment-00000002.wal: 4096 bytes, of server n1 of cluster 00000000000000000123456789abcdef
         512 batch 4: 1 write, 909 bytes
             keep 2, term 3, vote n1, add [3:900 bytes]
sound: 4 batches, the last one not sealed: damage to it would look like a torn write
";
    assert_eq!(text, expected);
    assert!(matches!(verdict, Verdict::Sound { batches: 4, is_sealed: false }));
}

#[test]
fn a_torn_write_is_told_from_damage() {
    let all = contents(&log());
    let mut torn = all.clone();
    let second = torn.iter_mut().find(|(path, _)| *path == segment(2)).expect("there");
    second.1[1024..].fill(0);
    let (text, verdict) = printed(&with_contents(&torn));
    assert!(matches!(verdict, Verdict::Torn { batches: 3 }), "{text}");
    assert!(text.contains("batch 4: DAMAGED") && text.contains("will be trimmed"), "{text}");

    let mut damaged = all.clone();
    let first = damaged.iter_mut().find(|(path, _)| *path == segment(1)).expect("there");
    first.1[1600] ^= 1;
    let (text, verdict) = printed(&with_contents(&damaged));
    let Verdict::Refused(WalError::Corrupt { file, offset: 1536, .. }) = verdict else {
        panic!("{text}")
    };
    assert_eq!(file, segment(1));
    // What comes behind the damage is shown all the same.
    assert!(text.contains("batch 3: DAMAGED") && text.contains("[3:900 bytes]"), "{text}");
}

#[test]
fn the_verdict_is_what_opening_comes_to() {
    let mut random = fastrand::Rng::with_seed(1);
    let all = contents(&log());
    let mut kinds = [0; 3];
    for _ in 0..3000 {
        let mut damaged = all.clone();
        let chosen = segment(random.u64(1..3));
        let (_, file) = damaged.iter_mut().find(|(path, _)| *path == chosen).expect("a segment");
        let at = random.usize(0..3000);
        let end = (at + random.usize(1..200)).min(file.len());
        if random.u8(..) < 200 {
            file[at..end].iter_mut().for_each(|byte| *byte = random.u8(..));
        } else {
            file.truncate(at);
        }
        let files = with_contents(&damaged);
        let (text, verdict) = printed(&files);
        match (verdict, open(&files)) {
            (Verdict::Sound { batches, .. }, Ok((_, recovered))) => {
                let notes = recovered.notes;
                assert!(notes.batches == batches && notes.trimmed.is_none(), "{text}");
                kinds[0] += 1;
            }
            (Verdict::Torn { batches }, Ok((_, recovered))) => {
                let notes = recovered.notes;
                assert!(notes.batches == batches && notes.trimmed.is_some(), "{text}");
                kinds[1] += 1;
            }
            (Verdict::Refused(one), Err(other)) => {
                // A damaged header may hide whose log it is; then the damage is the same, and less is seen.
                assert_eq!(std::mem::discriminant(&one), std::mem::discriminant(&other), "{text}");
                kinds[2] += 1;
            }
            (verdict, opened) => panic!("{verdict}, but opened: {:?}\n{text}", opened.err()),
        }
    }
    assert!(kinds.iter().all(|count| *count > 50), "{kinds:?}");
}

#[test]
fn where_there_is_no_log_the_verdict_says_so() {
    let (_, verdict) = printed(&with_contents(&[]));
    assert!(matches!(verdict, Verdict::Refused(WalError::NotInitialised { .. })), "{verdict}");
    let (text, verdict) = printed(&with_contents(&[(segment(2), vec![0; 4096])]));
    assert!(text.contains("segment-00000002.wal: 4096 bytes, DAMAGED"), "{text}");
    assert!(matches!(verdict, Verdict::Refused(WalError::MissingSegment { .. })), "{verdict}");
}
