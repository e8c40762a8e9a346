//! The files of a log.
//!
//! Checksums keep chance away from almost everything behind them. So the checksums, lengths and numbers of
//! what looks like a header can be made right before the log is opened, and then it is the decoding and the
//! rules behind it that meet the bytes.

use crate::{Numbers, id};
use quorate_core::{AbstractAction, Entry, Index, Payload, Term, Write};
use quorate_wal::testing::SimulatedFiles;
use quorate_wal::{ClusterId, Files, Identity, Options, Verdict, Wal, WalError, inspect};
use std::path::{Path, PathBuf};

type Command = Vec<u8>;

const SECTOR: usize = 512;
const OPTIONS: Options = Options { segment_bytes: 2048 };
const DIRECTORY: &str = "/n1";
const CLUSTER: u128 = 0x0123_4567_89ab_cdef;

/// Reads bytes as the segments of a log, by looking at it and by opening it.
///
/// # Panics
/// When the two do not come to the same verdict, a refused log is changed, or an opened one loses what it
/// held or does not go on.
pub fn log(bytes: &[u8]) {
    let mut numbers = Numbers(bytes);
    let (flags, segments) = (numbers.byte(), 1 + numbers.below(3));
    let content = numbers.0;
    let files = SimulatedFiles::new();
    files.create_directory(Path::new(DIRECTORY)).expect("a directory");
    files.sync_directory(Path::new("/")).expect("a durable directory");
    let length = content.len().div_ceil(segments).next_multiple_of(SECTOR).max(SECTOR);
    for (number, segment) in (1..).zip(content.chunks(length)) {
        let mut segment = segment.to_vec();
        if flags & 1 == 0 {
            segment.resize(length, 0);
            mend(&mut segment, number, flags & 2 == 0);
        }
        files.set_content(&path(number), &segment);
    }
    if flags & 4 != 0 {
        files.set_content(&PathBuf::from(format!("{}.tmp", path(2).display())), content);
    }
    compare(&files);
}

/// The path of a segment.
pub(crate) fn path(number: u64) -> PathBuf {
    Path::new(DIRECTORY).join(format!("segment-{number:08}.wal"))
}

/// Whose log it is.
pub(crate) fn identity() -> Identity {
    Identity { cluster: ClusterId(CLUSTER), server: id(1) }
}

/// Continues a checksum over whose log it is.
fn identity_sum(sum: u32) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c_append(sum, &CLUSTER.to_le_bytes()), &[1])
}

/// Makes the header of a segment right, and the checksums of what looks like the header of a batch; their
/// numbers too, if that is wanted.
fn mend(segment: &mut [u8], number: u64, renumbers: bool) {
    let length = segment.len() as u64;
    segment[..8].copy_from_slice(b"QUORWAL\0");
    segment[8..12].copy_from_slice(&1_u32.to_le_bytes());
    segment[12..16].copy_from_slice(&1_u32.to_le_bytes());
    segment[16..32].copy_from_slice(&CLUSTER.to_le_bytes());
    segment[32..40].copy_from_slice(&number.to_le_bytes());
    segment[40..48].copy_from_slice(&length.to_le_bytes());
    let sum = crc32c::crc32c(&segment[..48]);
    segment[48..52].copy_from_slice(&sum.to_le_bytes());
    let mut next = 1_u64;
    for offset in (SECTOR..segment.len()).step_by(SECTOR) {
        let batch = &mut segment[offset..];
        if &batch[..4] != b"QBAT" {
            continue;
        }
        if renumbers && number == 1 {
            batch[8..16].copy_from_slice(&next.to_le_bytes());
            next += 1;
        }
        let length = u64::from_le_bytes(batch[16..24].try_into().expect("eight bytes"));
        if let Some(content) =
            usize::try_from(length).ok().and_then(|length| batch[32..].get(..length))
        {
            let sum = crc32c::crc32c_append(identity_sum(crc32c::crc32c(content)), &batch[8..16]);
            batch[4..8].copy_from_slice(&sum.to_le_bytes());
        }
        let sum = identity_sum(crc32c::crc32c(&batch[..28]));
        let sum = crc32c::crc32c_append(sum, &number.to_le_bytes());
        let sum = crc32c::crc32c_append(sum, &(offset as u64).to_le_bytes());
        batch[28..32].copy_from_slice(&sum.to_le_bytes());
    }
}

/// Everything that the files hold, but not the lock.
fn contents(files: &SimulatedFiles) -> Vec<(PathBuf, Option<Vec<u8>>)> {
    let paths = files.paths().into_iter().filter(|path| !path.ends_with("lock"));
    paths.map(|path| (path.clone(), files.content(&path))).collect()
}

/// What looking at the log comes to.
fn verdict(files: &SimulatedFiles) -> Verdict {
    let show = |command: &Command| format!("{command:?}");
    let mut out = Vec::new();
    inspect(files.clone(), Path::new(DIRECTORY), &show, &mut out).expect("memory can be written")
}

fn open(files: &SimulatedFiles) -> Result<(Wal<Command, SimulatedFiles>, Snapshot), WalError> {
    let opened = Wal::open(files.clone(), Path::new(DIRECTORY), identity(), OPTIONS);
    let (wal, recovered) = opened?;
    let entries = recovered.log.entries().to_vec();
    Ok((wal, (recovered.term, recovered.voted_for, entries)))
}

/// What a log amounts to.
type Snapshot = (Term, Option<quorate_core::ServerId>, Vec<Entry<Command>>);

/// Looks at the log, opens it, goes on with it, and opens it again.
fn compare(files: &SimulatedFiles) {
    let before = contents(files);
    let verdict_before = verdict(files);
    assert_eq!(before, contents(files), "looking at a log has changed it");
    let (mut wal, found) = match (open(files), verdict_before) {
        (Ok(opened), Verdict::Sound { .. } | Verdict::Torn { .. }) => opened,
        (Err(WalError::Foreign { .. }), _) => return,
        (Err(opened), Verdict::Refused(looked)) => {
            assert_eq!(opened.to_string(), looked.to_string());
            return assert_eq!(before, contents(files), "a refused log was changed");
        }
        (Ok(_), Verdict::Refused(why)) => panic!("opened, but: {why}"),
        (Err(why), verdict) => panic!("{verdict}, but: {why}"),
    };
    // What was found is durable.
    files.crash(&mut || false);
    drop(wal);
    let again;
    (wal, again) = open(files).expect("it was opened before");
    assert_eq!(found, again, "opening a log has changed what it holds");
    let (term, _, mut entries) = found;
    let term = Term(term.0.saturating_add(1));
    let vote = if term.0 == u64::MAX { again.1 } else { None };
    let entry = Entry { term, payload: Payload::Command(vec![7; 600]) };
    let write = Write {
        truncate_to: Index(entries.len() as u64),
        entries: vec![entry.clone()],
        term,
        voted_for: vote,
        witness: AbstractAction::BumpTerm { server: id(1), term },
    };
    wal.append(&[write]).expect("the log goes on");
    files.crash(&mut || false);
    drop(wal);
    entries.push(entry);
    let (_wal, last) = open(files).expect("it goes on");
    assert_eq!(last, (term, vote, entries));
    assert!(matches!(verdict(files), Verdict::Sound { is_sealed: true, .. }));
}
