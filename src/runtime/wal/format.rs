//! The bytes of format 1. All numbers are little-endian.
//!
//! A **segment** is a file of a fixed length. Its first sector of 512 bytes is its header:
//!
//! | offset | length | what |
//! |---|---|---|
//! | 0 | 8 | `QUORWAL` and a zero byte |
//! | 8 | 4 | the format: 1. These first 12 bytes are the same in every format |
//! | 12 | 4 | the server |
//! | 16 | 16 | the cluster |
//! | 32 | 8 | the number of the segment, counted from 1 |
//! | 40 | 8 | the length of the file |
//! | 48 | 4 | CRC32C of the 48 bytes before |
//!
//! **Batches** follow, each in one segment and from the beginning of a sector:
//!
//! | offset | length | what |
//! |---|---|---|
//! | 0 | 4 | `QBAT` |
//! | 4 | 4 | CRC32C of the content, the cluster (16 bytes), the server (1) and the number (8) |
//! | 8 | 8 | the number of the batch, counted from 1 over all segments |
//! | 16 | 8 | the length of the content |
//! | 24 | 4 | how many writes it holds; none in a seal |
//! | 28 | 4 | CRC32C of the 28 bytes before, cluster, server, number of the segment (8) and offset there (8) |
//! | 32 | | the content: the writes one after the other, in serde's data model as `postcard` encodes it |
//!
//! The header has a checksum of its own so that a bad content does not make the length doubtful, and a
//! later batch is found past a bad header. That checksum is also over the place, so that a copy of a
//! segment inside a command is not taken for batches of this one. What follows the last batch is zero.

use crate::identity::{ClusterId, Identity};
use quorate_core::{Entry, Index, ServerId, Term};
use serde::{Deserialize, Serialize};

/// The newest format, and the only one so far.
pub(crate) const FORMAT: u32 = 1;
/// What batches are aligned to, and at most what a disk writes as a whole, in bytes.
pub(crate) const SECTOR: u64 = 512;
/// Where the first batch of a segment begins.
pub(crate) const FIRST: u64 = SECTOR;
/// The length of a batch's header, in bytes.
pub(crate) const HEADER: usize = 32;

const SEGMENT_MAGIC: [u8; 8] = *b"QUORWAL\0";
const BATCH_MAGIC: [u8; 4] = *b"QBAT";

/// The next multiple of a sector.
pub(crate) const fn aligned(length: u64) -> u64 {
    length.next_multiple_of(SECTOR)
}

/// Some bytes of a longer run, as an array; zeros where there are too few.
fn part<const N: usize>(bytes: &[u8], offset: usize) -> [u8; N] {
    let part = bytes.get(offset..).and_then(|rest| rest.first_chunk());
    part.copied().unwrap_or([0; N])
}

/// What the first sector of a segment says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SegmentHeader {
    pub(crate) identity: Identity,
    pub(crate) number: u64,
    pub(crate) length: u64,
}

/// Why a first sector is no header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum BadHeader {
    /// It does not begin as a segment does.
    NoSegment,
    /// It is of another format.
    Format(u32),
    /// Its checksum is wrong, or it names no server.
    Damaged,
}

impl SegmentHeader {
    /// The header as a whole sector.
    pub(crate) fn encode(&self) -> [u8; SECTOR as usize] {
        let mut sector = [0; SECTOR as usize];
        sector[..8].copy_from_slice(&SEGMENT_MAGIC);
        sector[8..12].copy_from_slice(&FORMAT.to_le_bytes());
        sector[12..16].copy_from_slice(&u32::from(self.identity.server.get()).to_le_bytes());
        sector[16..32].copy_from_slice(&self.identity.cluster.0.to_le_bytes());
        sector[32..40].copy_from_slice(&self.number.to_le_bytes());
        sector[40..48].copy_from_slice(&self.length.to_le_bytes());
        let sum = crc32c::crc32c(&sector[..48]);
        sector[48..52].copy_from_slice(&sum.to_le_bytes());
        sector
    }

    /// Reads the header of a segment.
    pub(crate) fn decode(bytes: &[u8]) -> Result<SegmentHeader, BadHeader> {
        if part(bytes, 0) != SEGMENT_MAGIC {
            return Err(BadHeader::NoSegment);
        }
        let format = u32::from_le_bytes(part(bytes, 8));
        if format != FORMAT {
            return Err(BadHeader::Format(format));
        }
        let head = bytes.get(..48).ok_or(BadHeader::Damaged)?;
        if u32::from_le_bytes(part(bytes, 48)) != crc32c::crc32c(head) {
            return Err(BadHeader::Damaged);
        }
        let server = u32::from_le_bytes(part(bytes, 12));
        let server = u8::try_from(server).ok().and_then(ServerId::new).ok_or(BadHeader::Damaged)?;
        let cluster = ClusterId(u128::from_le_bytes(part(bytes, 16)));
        Ok(SegmentHeader {
            identity: Identity { cluster, server },
            number: u64::from_le_bytes(part(bytes, 32)),
            length: u64::from_le_bytes(part(bytes, 40)),
        })
    }
}

/// Where a batch stands: the number of its segment, and its offset there in bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Place {
    pub(crate) segment: u64,
    pub(crate) offset: u64,
}

impl Place {
    fn sum(self, sum: u32) -> u32 {
        let sum = crc32c::crc32c_append(sum, &self.segment.to_le_bytes());
        crc32c::crc32c_append(sum, &self.offset.to_le_bytes())
    }
}

/// What the header of a batch says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct BatchHeader {
    pub(crate) number: u64,
    pub(crate) writes: u32,
    /// The length of the content, in bytes.
    pub(crate) length: u64,
    content_sum: u32,
}

fn content_sum(identity: Identity, number: u64, content: &[u8]) -> u32 {
    crc32c::crc32c_append(identity.sum(crc32c::crc32c(content)), &number.to_le_bytes())
}

impl BatchHeader {
    /// Puts the header before a content for which the first [`HEADER`] bytes of `batch` are free.
    pub(crate) fn put(
        batch: &mut [u8],
        writes: u32,
        length: u64,
        number: u64,
        place: Place,
        identity: Identity,
    ) {
        let (header, rest) = batch.split_at_mut(HEADER);
        let content = rest.get(..length as usize).unwrap_or_default();
        header[..4].copy_from_slice(&BATCH_MAGIC);
        header[4..8].copy_from_slice(&content_sum(identity, number, content).to_le_bytes());
        header[8..16].copy_from_slice(&number.to_le_bytes());
        header[16..24].copy_from_slice(&length.to_le_bytes());
        header[24..28].copy_from_slice(&writes.to_le_bytes());
        let sum = place.sum(identity.sum(crc32c::crc32c(&header[..28])));
        header[28..].copy_from_slice(&sum.to_le_bytes());
    }

    /// Reads the header that `bytes` begin with, if they do and the batch ends within them.
    pub(crate) fn decode(bytes: &[u8], place: Place, identity: Identity) -> Option<BatchHeader> {
        if part(bytes, 0) != BATCH_MAGIC {
            return None;
        }
        let sum = place.sum(identity.sum(crc32c::crc32c(bytes.get(..28)?)));
        if u32::from_le_bytes(part(bytes, 28)) != sum {
            return None;
        }
        let header = BatchHeader {
            content_sum: u32::from_le_bytes(part(bytes, 4)),
            number: u64::from_le_bytes(part(bytes, 8)),
            length: u64::from_le_bytes(part(bytes, 16)),
            writes: u32::from_le_bytes(part(bytes, 24)),
        };
        let room = bytes.len().checked_sub(HEADER)? as u64;
        (header.length <= room).then_some(header)
    }

    /// Whether this is the content that the header was made for.
    pub(crate) fn is_of(&self, content: &[u8], identity: Identity) -> bool {
        self.content_sum == content_sum(identity, self.number, content)
    }

    /// How many bytes the batch takes up in its segment.
    pub(crate) fn extent(&self) -> u64 {
        aligned(HEADER as u64 + self.length)
    }
}

/// One write as it is written: what [`quorate_core::Write`] holds, without the witness, which is about
/// meaning and not about state.
#[derive(Serialize)]
pub(crate) struct WrittenRecord<'a, C> {
    pub(crate) truncate_to: Index,
    pub(crate) entries: &'a [Entry<C>],
    pub(crate) term: Term,
    pub(crate) voted_for: Option<ServerId>,
}

/// One write as it is read.
#[derive(Deserialize)]
pub(crate) struct Record<C> {
    pub(crate) truncate_to: Index,
    pub(crate) entries: Vec<Entry<C>>,
    pub(crate) term: Term,
    pub(crate) voted_for: Option<ServerId>,
}
