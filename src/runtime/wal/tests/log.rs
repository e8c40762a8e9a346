//! A log that nothing happens to: what is written is read, and what does not belong is refused.

mod common;

use common::{
    Command, History, SMALL, Snapshot, contents, directory, entry, identity, init, open, segment,
    server, with_contents, write,
};
use quorate_core::{Index, Term};
use quorate_wal::testing::SimulatedFiles;
use quorate_wal::{ClusterId, Identity, Options, Wal, WalError};

/// A log with this history, closed.
fn written(history: &History) -> SimulatedFiles {
    let files = SimulatedFiles::new();
    init(&files);
    let (mut wal, _) = open(&files).expect("open");
    let (done, error) = history.append(&mut wal, 0);
    assert!(done == history.batches.len() && error.is_none(), "{error:?}");
    files
}

#[test]
fn what_was_appended_is_there_after_each_reopening_and_power_failure() {
    for seed in 0..40 {
        let history = History::random(seed, 30, 700);
        let files = SimulatedFiles::new();
        init(&files);
        for done in 0..history.batches.len() {
            let (mut wal, recovered) = open(&files).expect("open");
            assert_eq!(Snapshot::of(&recovered), history.states[done], "seed {seed}");
            assert_eq!(recovered.notes.trimmed, None);
            wal.append(&history.batches[done]).expect("append");
            drop(wal);
            if done % 2 == 0 {
                files.crash(&mut || false);
            }
        }
        let (wal, recovered) = open(&files).expect("open");
        assert_eq!(Snapshot::of(&recovered), *history.states.last().expect("a state"));
        assert!(wal.bytes() > 4096, "the history did not fill a segment");
        assert!(files.content(&segment(3)).is_some(), "seed {seed}: fewer than 3 segments");
    }
}

#[test]
fn a_new_log_is_empty() {
    let files = SimulatedFiles::new();
    init(&files);
    let (_, recovered) = open(&files).expect("open");
    assert_eq!(Snapshot::of(&recovered), Snapshot::default());
    assert_eq!((recovered.notes.batches, recovered.notes.bytes), (1, 512));
}

#[test]
fn a_batch_longer_than_a_segment_gets_one_of_its_own() {
    let command = vec![7; 3 * 4096];
    let one = |term: u64, command: &[u8]| vec![write(0, vec![entry(term, command)], term, None)];
    let batches = vec![one(1, b"short"), one(2, &command), one(3, b"short"), one(4, b"short")];
    let history = History::of(batches);
    let files = written(&history);
    let length = |number| files.content(&segment(number)).map(|content| content.len());
    // Header, the long batch with its own header, and what postcard adds: rounded up to sectors.
    assert_eq!(length(2), Some(512 + 12_800));
    assert_eq!((length(1), length(3)), (Some(4096), Some(4096)));
    let (_, recovered) = open(&files).expect("open");
    assert_eq!(Snapshot::of(&recovered), history.states[4]);
}

#[test]
fn a_pause_seals_the_last_batch_once() {
    let files = SimulatedFiles::new();
    init(&files);
    let (mut wal, _) = open(&files).expect("open");
    wal.append(&[write(0, vec![], 1, None)]).expect("append");
    let before = wal.bytes();
    wal.idle().expect("idle");
    assert_eq!(wal.bytes(), before + 512);
    wal.idle().expect("idle");
    wal.append(&[]).expect("append nothing");
    assert_eq!(wal.bytes(), before + 512);
    drop(wal);
    let (_, recovered) = open(&files).expect("open");
    assert_eq!(recovered.notes.batches, 3);
}

#[test]
fn opening_seals_what_was_not() {
    let files = SimulatedFiles::new();
    init(&files);
    let (mut wal, _) = open(&files).expect("open");
    wal.append(&[write(0, vec![], 1, None)]).expect("append");
    drop(wal);
    let batches = || open(&files).expect("open").1.notes.batches;
    assert_eq!((batches(), batches(), batches()), (2, 3, 3));
}

#[test]
fn the_next_segment_is_ready_when_the_current_one_is_full() {
    let options = Options { segment_bytes: 1 << 21 };
    let files = SimulatedFiles::new();
    Wal::<Command, _>::init(files.clone(), &directory(), identity(), options).expect("init");
    let (mut wal, _) =
        Wal::<Command, _>::open(files.clone(), &directory(), identity(), options).expect("open");
    let temporary = directory().join("segment-00000002.wal.tmp");
    let made = || files.content(&temporary).map_or(0, |content| content.len());
    let (mut index, mut most) = (0, 0);
    while files.content(&segment(2)).is_none() {
        let before = made();
        wal.append(&[write(index, vec![entry(1, &[1; 2000])], 1, None)]).expect("append");
        index += 1;
        most = most.max(made().saturating_sub(before));
    }
    // Never a wait for a whole segment: one piece at a time is made.
    assert!((1 << 18..=(1 << 18) + 512).contains(&most), "{most} bytes with one batch");
    let full = files.calls();
    let renamed = full.iter().rposition(|call| call.starts_with("rename")).expect("a rename");
    let before: Vec<&String> = full[..renamed].iter().rev().take(2).collect();
    assert!(before[0].starts_with("sync ") && before[1].contains("segment-00000001.wal"));
}

#[test]
fn without_init_there_is_no_log() {
    let files = SimulatedFiles::new();
    let message = |error: WalError| error.to_string();
    let error = message(open(&files).err().expect("no directory"));
    assert!(error.contains("/n1: holds no log") && error.contains("--init"), "{error}");
    let files = with_contents(&[]);
    assert!(matches!(open(&files), Err(WalError::NotInitialised { .. })));
    // Also if a crash has left the beginnings of one.
    let files = with_contents(&[(directory().join("segment-00000001.wal.tmp"), vec![0; 4096])]);
    assert!(matches!(open(&files), Err(WalError::NotInitialised { .. })));
    init(&files);
    assert!(open(&files).is_ok());
}

#[test]
fn a_log_is_made_once() {
    let history = History::random(1, 3, 100);
    let files = written(&history);
    let before = contents(&files);
    let error = Wal::<Command, _>::init(files.clone(), &directory(), identity(), SMALL)
        .expect_err("there is a log");
    assert!(matches!(error, WalError::AlreadyInitialised { .. }), "{error}");
    assert_eq!(contents(&files), before);
}

#[test]
fn one_process_at_a_time() {
    let files = SimulatedFiles::new();
    init(&files);
    let first = open(&files).expect("open");
    let error = open(&files).err().expect("locked");
    assert!(matches!(error, WalError::Locked { .. }));
    assert!(error.to_string().starts_with("/n1: in use by another process"), "{error}");
    let again = Wal::<Command, _>::init(files.clone(), &directory(), identity(), SMALL);
    assert!(matches!(again, Err(WalError::Locked { .. })));
    drop(first);
    assert!(open(&files).is_ok());
}

#[test]
fn the_log_of_another_server_or_cluster_is_refused() {
    let history = History::random(2, 20, 700);
    let files = written(&history);
    let before = contents(&files);
    let Identity { cluster, server: own } = identity();
    let others = [
        Identity { cluster, server: server(2) },
        Identity { cluster: ClusterId(cluster.0 + 1), server: own },
    ];
    for other in others {
        let error = Wal::<Command, _>::open(files.clone(), &directory(), other, SMALL)
            .err()
            .expect("foreign");
        let WalError::Foreign { file, found, expected } = &error else { panic!("{error}") };
        assert_eq!((file, *found, *expected), (&segment(1), identity(), other));
        let text = error.to_string();
        assert!(text.contains("belongs to server n1 of cluster 0000"), "{text}");
        assert_eq!(contents(&files), before, "a log that is refused is left as it was");
    }
}

#[test]
fn a_segment_of_another_server_is_refused() {
    let history = History::random(3, 20, 700);
    let ours = written(&history);
    let other = Identity { server: server(2), ..identity() };
    let theirs = SimulatedFiles::new();
    Wal::<Command, _>::init(theirs.clone(), &directory(), other, SMALL).expect("init");
    let (mut wal, _) =
        Wal::<Command, _>::open(theirs.clone(), &directory(), other, SMALL).expect("open");
    history.append(&mut wal, 0);
    drop(wal);
    for number in [1, 2, 3] {
        let files = with_contents(&contents(&ours));
        files.set_content(&segment(number), &theirs.content(&segment(number)).expect("written"));
        let error = open(&files).err().expect("foreign");
        let expected = segment(number);
        assert!(matches!(&error, WalError::Foreign { file, .. } if *file == expected), "{error}");
    }
    // A single sector that went to the wrong disk, with the same batch number and at the same place.
    let files = with_contents(&contents(&ours));
    let mut mixed = ours.content(&segment(1)).expect("written");
    mixed[512..].copy_from_slice(&theirs.content(&segment(1)).expect("written")[512..]);
    files.set_content(&segment(1), &mixed);
    let error = open(&files).err().expect("corrupt");
    assert!(matches!(error, WalError::Corrupt { offset: 512, .. }), "{error}");
}

#[test]
fn other_formats_are_refused() {
    let files = written(&History::random(4, 3, 100));
    let original = files.content(&segment(1)).expect("written");
    for (format, is_newer) in [(0, false), (2, true), (u32::MAX, true)] {
        let mut changed = original.clone();
        changed[8..12].copy_from_slice(&format.to_le_bytes());
        files.set_content(&segment(1), &changed);
        let error = open(&files).err().expect("another format");
        assert_eq!(
            matches!(error, WalError::NewerFormat { found, supported: 1, .. } if found == format),
            is_newer
        );
        let text = error.to_string();
        assert!(text.contains(&format!("offset 8: format {format}; expected format 1")), "{text}");
    }
}

#[test]
fn a_missing_segment_is_refused() {
    let files = written(&History::random(5, 30, 700));
    let all = contents(&files);
    let segments = (1..).take_while(|number| files.content(&segment(*number)).is_some()).count();
    assert!(segments >= 4);
    for number in 1..segments as u64 {
        let rest: Vec<_> =
            all.iter().filter(|(path, _)| *path != segment(number)).cloned().collect();
        let files = with_contents(&rest);
        let error = open(&files).err().expect("a segment is missing");
        assert!(
            matches!(&error, WalError::MissingSegment { file, .. } if *file == segment(number))
        );
        assert_eq!(contents(&files).len(), rest.len(), "a log that is refused is left as it was");
        // To rename the others does not help.
        let files = with_contents(&rest);
        for later in number + 1..=segments as u64 {
            files.set_content(
                &segment(later - 1),
                &with_contents(&all).content(&segment(later)).expect("there"),
            );
        }
        quorate_wal::Files::remove(&files, &segment(segments as u64)).expect("remove");
        let error = open(&files).err().expect("renamed").to_string();
        let expected = format!("offset 32: segment {}; expected segment {number}", number + 1);
        assert!(error.contains(&expected), "{error}");
    }
}

#[test]
fn options_that_make_no_segment_are_refused() {
    for segment_bytes in [0, 512, 1000, 1025, u64::MAX] {
        let options = Options { segment_bytes };
        let files = SimulatedFiles::new();
        let error = Wal::<Command, _>::init(files.clone(), &directory(), identity(), options)
            .expect_err("no segment");
        let text = error.to_string();
        let expected = format!("segment_bytes: {segment_bytes}; expected a multiple of 512");
        assert!(text.contains(&expected), "{text}");
        assert!(files.calls().is_empty());
    }
}

#[test]
fn writes_that_do_not_continue_the_log_are_refused_and_leave_no_trace() {
    let files = SimulatedFiles::new();
    init(&files);
    let (mut wal, _) = open(&files).expect("open");
    wal.append(&[write(0, vec![entry(2, b"a")], 3, Some(2))]).expect("append");
    let bad = [
        (write(2, vec![], 3, Some(2)), "keeps 2 entries of a log of 1"),
        (write(1, vec![], 2, None), "goes back from term 3 to term 2"),
        (write(1, vec![], 3, Some(1)), "changes the vote of term 3, which was for n2"),
        (write(1, vec![], 3, None), "changes the vote of term 3, which was for n2"),
        (write(1, vec![entry(4, b"b")], 3, Some(2)), "an entry of term 4, not within 1 to 3"),
        (write(1, vec![entry(3, b"b"), entry(2, b"c")], 3, Some(2)), "an entry of term 2"),
        (write(1, vec![entry(0, b"b")], 3, Some(2)), "an entry of term 0"),
    ];
    for (bad, why) in bad {
        let before = contents(&files);
        let error = wal.append(&[bad]).expect_err(why).to_string();
        assert!(error.contains(why) && error.contains("nothing was written"), "{error}");
        assert_eq!(contents(&files), before);
    }
    wal.append(&[write(1, vec![entry(3, b"b")], 3, Some(2))]).expect("goes on");
    drop(wal);
    let (_, recovered) = open(&files).expect("open");
    assert_eq!(recovered.log.last_index(), Index(2));
    assert_eq!((recovered.term, recovered.voted_for), (Term(3), Some(server(2))));
}

/// A command that cannot be encoded.
struct Unspeakable;

impl serde::Serialize for Unspeakable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("unspeakable"))
    }
}

impl<'de> serde::Deserialize<'de> for Unspeakable {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Unspeakable, D::Error> {
        Ok(Unspeakable)
    }
}

#[test]
fn a_command_that_cannot_be_encoded_leaves_no_trace() {
    use quorate_core::{AbstractAction, Entry, Payload, Write};
    let files = SimulatedFiles::new();
    init(&files);
    let (mut wal, _) =
        Wal::<Unspeakable, _>::open(files.clone(), &directory(), identity(), SMALL).expect("open");
    let before = contents(&files);
    let witness = AbstractAction::BumpTerm { server: server(1), term: Term(1) };
    let with = |payload| Write {
        truncate_to: Index(0),
        entries: vec![Entry { term: Term(1), payload }],
        term: Term(1),
        voted_for: None,
        witness,
    };
    let error = wal.append(&[with(Payload::Command(Unspeakable))]).expect_err("unspeakable");
    assert!(matches!(error, WalError::Encoding { .. }), "{error}");
    assert_eq!(contents(&files), before);
    wal.append(&[with(Payload::NoOp)]).expect("goes on");
    drop(wal);
    let (_, recovered) = open(&files).expect("open");
    assert_eq!(recovered.log.last_index(), Index(1));
}

#[test]
fn the_commands_of_another_program_are_refused() {
    let files = written(&History::of(vec![vec![write(0, vec![entry(1, b"abc")], 1, None)]]));
    let error = Wal::<(u64, u64, String), _>::open(files, &directory(), identity(), SMALL)
        .err()
        .expect("other commands");
    let WalError::Corrupt { offset, expected, .. } = &error else { panic!("{error}") };
    assert!(*offset == 1024 && expected.contains("of the commands of this program"), "{error}");
}
