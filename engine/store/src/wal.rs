//! Whether the write-ahead log still holds all that was committed.
//!
//! `SQLite` ends its replay at the first frame that is not whole, and takes what follows for never written. That is right for the last
//! transaction, which a crash cut off: its frames reach the disk in any order. It is wrong when that transaction was followed by
//! another: with `synchronous=FULL` it was on the disk by then, so it was damaged later, and what it said yes to is lost.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use crate::error::OpenError;

const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;
/// The last bit says in which order of bytes the checksums are taken.
const MAGIC: u32 = 0x377f_0682;

struct Header {
    big_endian: bool,
    page_bytes: u32,
    /// Frames of an earlier use of the file have other salts.
    salts: [u8; 8],
    sum: Sum,
}

/// The checksum of all so far.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Sum(u32, u32);

/// Refuses a log that lost what was committed. Returns whether there is anything in it.
pub(crate) fn check(log: &Path) -> Result<bool, OpenError> {
    let fail = |source| OpenError::Io { directory: log.to_owned(), source };
    let file = match File::open(log) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(fail(error)),
    };
    let bytes = file.metadata().map_err(fail)?.len();
    match damage(&file, bytes).map_err(fail)? {
        None => Ok(bytes > 0),
        Some(what) => {
            let message = format!(
                "{what}, so commits are lost; restore a backup, or move this file away to go on without all that is in it"
            );
            Err(OpenError::Corrupt { file: log.to_owned(), message })
        }
    }
}

fn damage(file: &File, bytes: u64) -> io::Result<Option<String>> {
    let mut start = [0; HEADER_BYTES + FRAME_HEADER_BYTES];
    if bytes < start.len() as u64 {
        return Ok(None);
    }
    file.read_exact_at(&mut start, 0)?;
    let Some(header) = start.first_chunk().and_then(Header::parse) else {
        // The header is on the disk before the first frame is written.
        let written = start.iter().any(|byte| *byte != 0);
        return Ok(written.then(|| "its header is damaged".to_owned()));
    };
    let frame_bytes = FRAME_HEADER_BYTES as u64 + u64::from(header.page_bytes);
    let frames = (bytes - HEADER_BYTES as u64) / frame_bytes;
    let offset = |index| HEADER_BYTES as u64 + index * frame_bytes;
    let mut frame = start[HEADER_BYTES..].to_vec();
    frame.resize(FRAME_HEADER_BYTES + header.page_bytes as usize, 0);
    let mut sum = header.sum;
    let mut whole = 0;
    while whole < frames {
        file.read_exact_at(&mut frame, offset(whole))?;
        let Some(next) = header.follow(sum, &frame) else { break };
        sum = next;
        whole += 1;
    }
    let mut ended = false;
    let frame = &mut frame[..FRAME_HEADER_BYTES];
    for index in whole..frames {
        file.read_exact_at(frame, offset(index))?;
        if !header.is_current(frame) {
            continue;
        }
        if ended {
            return Ok(Some(format!("frame {} of {frames} is damaged", whole + 1)));
        }
        ended = ends_transaction(frame);
    }
    Ok(None)
}

impl Header {
    fn parse(bytes: &[u8; HEADER_BYTES]) -> Option<Self> {
        let magic = number(bytes, 0)?;
        let page_bytes = number(bytes, 8)?;
        let big_endian = magic == MAGIC | 1;
        let valid = magic | 1 == MAGIC | 1
            && page_bytes.is_power_of_two()
            && (512..=65_536).contains(&page_bytes);
        let sum = Sum(0, 0).and(&bytes[..24], big_endian);
        let stored = Sum(number(bytes, 24)?, number(bytes, 28)?);
        let salts = *bytes[16..].first_chunk()?;
        (valid && sum == stored).then_some(Self { big_endian, page_bytes, salts, sum })
    }

    fn is_current(&self, frame: &[u8]) -> bool {
        frame[8..16] == self.salts
    }

    /// Returns the sum after a frame, if the frame is the one that follows.
    fn follow(&self, sum: Sum, frame: &[u8]) -> Option<Sum> {
        let page = number(frame, 0)?;
        let sum = sum
            .and(&frame[..8], self.big_endian)
            .and(&frame[FRAME_HEADER_BYTES..], self.big_endian);
        let stored = Sum(number(frame, 16)?, number(frame, 20)?);
        (self.is_current(frame) && page != 0 && sum == stored).then_some(sum)
    }
}

/// The last frame of a transaction has the size of the database after it.
fn ends_transaction(frame: &[u8]) -> bool {
    number(frame, 4).is_some_and(|pages| pages != 0)
}

impl Sum {
    fn and(self, bytes: &[u8], big_endian: bool) -> Self {
        let number = if big_endian { u32::from_be_bytes } else { u32::from_le_bytes };
        let (pairs, _) = bytes.as_chunks();
        let (mut left, mut right) = (self.0, self.1);
        for &[a, b, c, d, e, f, g, h] in pairs {
            left = left.wrapping_add(number([a, b, c, d])).wrapping_add(right);
            right = right.wrapping_add(number([e, f, g, h])).wrapping_add(left);
        }
        Self(left, right)
    }
}

fn number(bytes: &[u8], offset: usize) -> Option<u32> {
    bytes.get(offset..)?.first_chunk().copied().map(u32::from_be_bytes)
}
