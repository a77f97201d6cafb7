//! The first 4 KiB of a store file: what it is, how far it has come, and the engine's own header.
//!
//! ```text
//! offset  size  field
//!      0     8  magic "BLUMARBL"
//!      8     4  format version, little endian
//!     12     4  block size of the engine, 4096
//!     16     4  CRC-32 of bytes 0..16
//!    512    20  witness slot A   ┐ version u64, sequence u64, CRC-32:
//!   1024    20  witness slot B   ┘ the last version that was acknowledged
//!   2048   524  header slot A    ┐ sequence u64, length u32, up to 508 bytes, zeros, CRC-32:
//!   3072   524  header slot B    ┘ the engine's header
//! ```
//!
//! Both pairs are written alternately, so that a write that tears leaves the other slot whole. The engine trusts
//! its header blindly, which is why it lies in checked slots; and it is content to go back a commit when the
//! newest does not check out, which is why the witness remembers how far the world had come.

use super::raw::RawFile;
use crate::StoreError;
use std::io;
use std::path::Path;

/// Bytes of the superblock; the first block of the engine follows.
pub(super) const LEN: u64 = 4096;
/// Format version written by this program.
pub(super) const FORMAT: u32 = 1;
/// Bytes of a block as the engine sees it.
pub(super) const BLOCK: usize = 4096;
/// Room for the engine's header in a slot.
pub(super) const HEADER_ROOM: usize = 508;

const MAGIC: [u8; 8] = *b"BLUMARBL";
const WITNESS: [u64; 2] = [512, 1024];
const HEADER: [u64; 2] = [2048, 3072];
const WITNESS_LEN: usize = 20;
const HEADER_LEN: usize = 8 + 4 + HEADER_ROOM + 4;

/// Writes the identity of a new, empty file.
pub(super) fn create(file: &dyn RawFile) -> io::Result<()> {
    file.set_len(LEN)?;
    let mut id = [0; 20];
    id[..8].copy_from_slice(&MAGIC);
    id[8..12].copy_from_slice(&FORMAT.to_le_bytes());
    id[12..16].copy_from_slice(&(BLOCK as u32).to_le_bytes());
    let crc = crc32fast::hash(&id[..16]);
    id[16..].copy_from_slice(&crc.to_le_bytes());
    file.write_at(0, &id)
}

/// Checks that the file is a store this program can read.
pub(super) fn identify(file: &dyn RawFile, path: &Path) -> Result<(), StoreError> {
    let not = |detail: &str| StoreError::NotAStore { path: path.into(), detail: detail.into() };
    let read_error = |source| StoreError::Io { path: path.into(), action: "cannot read", source };
    let len = file.len().map_err(read_error)?;
    if len == 0 {
        return Err(not("the file is empty"));
    }
    let mut id = [0; 20];
    if len < id.len() as u64 {
        return Err(not("the file is too short"));
    }
    file.read_at(0, &mut id).map_err(read_error)?;
    let crc_holds = id[16..] == crc32fast::hash(&id[..16]).to_le_bytes();
    let format = u32::from_le_bytes([id[8], id[9], id[10], id[11]]);
    if id[..8] != MAGIC {
        return Err(if crc_holds {
            not("it begins differently")
        } else {
            not("it does not begin with the mark of one")
        });
    }
    let damaged = |detail: String| StoreError::Damaged { path: path.into(), detail };
    if !crc_holds {
        return Err(damaged("the checksum of the first 16 bytes does not match".into()));
    }
    if format > FORMAT {
        return Err(StoreError::NewerFormat { path: path.into(), found: format, supported: FORMAT });
    }
    if len < LEN {
        return Err(damaged(format!("the file is cut off at byte {len}")));
    }
    Ok(())
}

/// One of a pair of slots, read.
enum Slot<T> {
    Empty,
    Bad,
    Good { sequence: u64, value: T },
}

/// What a pair of slots says.
pub(super) struct Pair<T> {
    /// The newest good value.
    pub(super) value: Option<T>,
    /// Its slot, 0 or 1, and its sequence number.
    pub(super) at: (usize, u64),
    /// Whether a slot was written and does not check out: torn by a power loss, or damaged.
    pub(super) doubtful: bool,
}

fn newest<T>(slots: [Slot<T>; 2]) -> Pair<T> {
    // With nothing there the next write goes to slot 0.
    let mut pair = Pair { value: None, at: (1, 0), doubtful: false };
    for (i, slot) in slots.into_iter().enumerate() {
        match slot {
            Slot::Empty => {}
            Slot::Bad => pair.doubtful = true,
            Slot::Good { sequence, value } => {
                if pair.value.is_none() || sequence > pair.at.1 {
                    pair.value = Some(value);
                    pair.at = (i, sequence);
                }
            }
        }
    }
    pair
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut b = [0; 8];
    b.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(b)
}

fn checked(slot: &[u8]) -> Option<&[u8]> {
    let (body, crc) = slot.split_at(slot.len() - 4);
    (crc == crc32fast::hash(body).to_le_bytes()).then_some(body)
}

/// The engine's header, `BLOCK`-independent: as many bytes as the engine wrote.
pub(super) fn read_header(file: &dyn RawFile) -> io::Result<Pair<Vec<u8>>> {
    let mut slots = [Slot::Empty, Slot::Empty];
    for (slot, at) in slots.iter_mut().zip(HEADER) {
        let mut raw = [0; HEADER_LEN];
        file.read_at(at, &mut raw)?;
        if raw.iter().all(|&b| b == 0) {
            continue;
        }
        *slot = Slot::Bad;
        if let Some(body) = checked(&raw) {
            let len = u32::from_le_bytes([body[8], body[9], body[10], body[11]]) as usize;
            if let Some(value) = body[12..].get(..len) {
                *slot = Slot::Good { sequence: u64_at(body, 0), value: value.to_vec() };
            }
        }
    }
    Ok(newest(slots))
}

/// Writes the engine's header (at most [`HEADER_ROOM`] bytes) into a slot.
pub(super) fn write_header(file: &dyn RawFile, slot: usize, sequence: u64, header: &[u8]) -> io::Result<()> {
    let mut raw = [0; HEADER_LEN];
    let Some(room) = raw[12..12 + HEADER_ROOM].get_mut(..header.len()) else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "engine header is larger than its slot"));
    };
    room.copy_from_slice(header);
    raw[..8].copy_from_slice(&sequence.to_le_bytes());
    raw[8..12].copy_from_slice(&(header.len() as u32).to_le_bytes());
    let crc = crc32fast::hash(&raw[..HEADER_LEN - 4]);
    raw[HEADER_LEN - 4..].copy_from_slice(&crc.to_le_bytes());
    file.write_at(HEADER[slot], &raw)
}

/// The newest version on record as acknowledged.
pub(super) fn read_witness(file: &dyn RawFile) -> io::Result<Pair<u64>> {
    let mut slots = [Slot::Empty, Slot::Empty];
    for (slot, at) in slots.iter_mut().zip(WITNESS) {
        let mut raw = [0; WITNESS_LEN];
        file.read_at(at, &mut raw)?;
        if raw.iter().all(|&b| b == 0) {
            continue;
        }
        *slot = match checked(&raw) {
            Some(body) => Slot::Good { sequence: u64_at(body, 8), value: u64_at(body, 0) },
            None => Slot::Bad,
        };
    }
    Ok(newest(slots))
}

/// Records a version as acknowledged.
pub(super) fn write_witness(file: &dyn RawFile, slot: usize, sequence: u64, version: u64) -> io::Result<()> {
    let mut raw = [0; WITNESS_LEN];
    raw[..8].copy_from_slice(&version.to_le_bytes());
    raw[8..16].copy_from_slice(&sequence.to_le_bytes());
    let crc = crc32fast::hash(&raw[..WITNESS_LEN - 4]);
    raw[WITNESS_LEN - 4..].copy_from_slice(&crc.to_le_bytes());
    file.write_at(WITNESS[slot], &raw)
}
