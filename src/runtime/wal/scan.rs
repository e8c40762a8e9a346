//! Finding batches in the bytes of a segment, whatever else is in them.
//!
//! The scan trusts nothing but checksums. At a sector that begins no batch it goes on with the next
//! sector, so that a batch is found however much before it is damaged.

use crate::format::{BatchHeader, FIRST, HEADER, Place, SECTOR};
use crate::identity::Identity;

/// A batch whose header is right.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Found<'a> {
    pub(crate) place: Place,
    pub(crate) header: BatchHeader,
    pub(crate) content: &'a [u8],
    /// Whether the content is right too.
    pub(crate) is_sound: bool,
}

impl Found<'_> {
    /// Where the next batch begins, if it is in the same segment.
    pub(crate) fn end(&self) -> u64 {
        self.place.offset + self.header.extent()
    }
}

/// The batches in a segment, in order.
pub(crate) fn scan(
    bytes: &[u8],
    segment: u64,
    identity: Identity,
) -> impl Iterator<Item = Found<'_>> {
    let mut offset = FIRST;
    std::iter::from_fn(move || {
        loop {
            let rest =
                bytes.get(usize::try_from(offset).ok()?..).filter(|rest| !rest.is_empty())?;
            let place = Place { segment, offset };
            let Some(header) = BatchHeader::decode(rest, place, identity) else {
                offset += SECTOR;
                continue;
            };
            let content = rest.get(HEADER..)?.get(..usize::try_from(header.length).ok()?)?;
            let is_sound = header.is_of(content, identity);
            offset += header.extent();
            return Some(Found { place, header, content, is_sound });
        }
    })
}

/// Whether there is nothing but zeros from an offset on.
pub(crate) fn is_blank_from(bytes: &[u8], offset: u64) -> bool {
    let rest = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..));
    rest.unwrap_or_default().iter().all(|byte| *byte == 0)
}
