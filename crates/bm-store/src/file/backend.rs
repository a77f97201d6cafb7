//! The engine's view of the file: blocks that are checked on every read.
//!
//! The engine (redb) checks its own checksums only when it repairs a file; on ordinary reads it trusts what it
//! gets, and a flipped bit makes it panic or lose entries. So it never gets damaged bytes: each of its 4 KiB
//! blocks lies in the file with a CRC-32 behind it, over the block's number and its bytes, and its header lies in
//! the superblock's slots.
//!
//! The header is written only when all blocks before it are on the disk: a sync of the engine becomes "sync the
//! blocks, write the header, sync again". So whatever a header on the disk points to is whole, and even after a
//! power loss a block that the engine reaches and whose checksum fails is damage, never a torn write. The engine's
//! own cheaper way (everything at once, and go back a commit if it does not check out) cannot tell the two apart.

use super::raw::RawFile;
use super::segment;
use super::superblock::{self, BLOCK, HEADER_ROOM};
use crc32fast::Hasher;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A block in the file: its bytes and their checksum.
const STRIDE: usize = BLOCK + 4;

/// Bits of the engine's state byte, the tenth of its header.
const STATE_BYTE: usize = 9;
const RECOVERY_REQUIRED: u8 = 2;

/// The file as the engine sees it. Clones share everything.
#[derive(Clone, Debug)]
pub(super) struct Blocks(Arc<Shared>);

struct Shared {
    file: Arc<dyn RawFile>,
    header: Mutex<Header>,
    /// Whether blocks were written since the last sync.
    unsynced: AtomicBool,
    damage: Mutex<Option<String>>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blocks({:?})", self.file)
    }
}

struct Header {
    bytes: Vec<u8>,
    /// Slot and sequence number of the header on the disk.
    safe: (usize, u64),
    /// Whether `bytes` is newer than that.
    dirty: bool,
}

/// What the engine must be told at open.
pub(super) struct Health {
    /// The last writer did not close the file.
    pub(super) unclean: bool,
    /// A header slot does not check out: the engine must verify all it reaches before it trusts the other slot.
    pub(super) doubtful: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each guarded value is set in one step, so a panic elsewhere leaves no half of one.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn block_crc(index: u64, data: &[u8]) -> u32 {
    let mut crc = Hasher::new();
    crc.update(&index.to_le_bytes());
    crc.update(data);
    crc.finalize()
}

/// Where block `index` (1 or more) starts in the file.
fn place(index: u64) -> u64 {
    superblock::LEN + (index - 1) * STRIDE as u64
}

/// A block with its checksum behind it; a block that was never written is all zero.
fn holds(index: u64, stored: &[u8]) -> bool {
    let (data, crc) = stored.split_at(BLOCK);
    block_crc(index, data).to_le_bytes() == crc || stored.iter().all(|&b| b == 0)
}

fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

impl Blocks {
    /// Reads the header slots of a file whose superblock was identified.
    pub(super) fn open(file: Arc<dyn RawFile>) -> io::Result<(Self, Health)> {
        let pair = superblock::read_header(&*file)?;
        let bytes = pair.value.unwrap_or_default();
        let unclean = bytes.get(STATE_BYTE).is_some_and(|b| b & RECOVERY_REQUIRED != 0);
        let health = Health { unclean, doubtful: pair.doubtful };
        let header = Mutex::new(Header { bytes, safe: pair.at, dirty: false });
        Ok((
            Self(Arc::new(Shared {
                file,
                header,
                unsynced: AtomicBool::new(false),
                damage: Mutex::new(None),
            })),
            health,
        ))
    }

    /// What was found damaged since the file was opened.
    pub(super) fn damage(&self) -> Option<String> {
        lock(&self.0.damage).clone()
    }

    /// The file underneath.
    pub(super) fn file(&self) -> &dyn RawFile {
        &*self.0.file
    }

    /// Whether the file's length is that of whole blocks.
    pub(super) fn is_whole(&self) -> io::Result<bool> {
        Ok((self.0.file.len()?.saturating_sub(superblock::LEN)).is_multiple_of(STRIDE as u64))
    }

    fn damaged(&self, index: u64) -> io::Error {
        let detail = format!("the block at byte {} does not match its checksum", place(index));
        *lock(&self.0.damage) = Some(detail.clone());
        io::Error::new(io::ErrorKind::InvalidData, detail)
    }

    /// Reads whole blocks from `first` (1 or more) on.
    fn read_blocks(&self, first: u64, out: &mut [u8]) -> io::Result<()> {
        let count = out.len() / BLOCK;
        let mut stored = vec![0; count * STRIDE];
        self.0.file.read_at(place(first), &mut stored)?;
        let mut forgiving = false;
        for (i, (data, stored)) in out.chunks_exact_mut(BLOCK).zip(stored.chunks_exact(STRIDE)).enumerate() {
            let index = first + i as u64;
            if !holds(index, stored) {
                // What follows the first block of one of our rows is page bytes only, and these have seals of
                // their own: handing them on lets the damage be pinned on the page, and spares the others.
                if !forgiving {
                    return Err(self.damaged(index));
                }
            } else if i == 0 {
                forgiving = segment::is_row_leaf(&stored[..BLOCK]);
            }
            data.copy_from_slice(&stored[..BLOCK]);
        }
        Ok(())
    }

    fn read_header(&self, offset: usize, out: &mut [u8]) {
        let header = lock(&self.0.header);
        out.fill(0);
        if let Some(bytes) = header.bytes.get(offset..) {
            let n = bytes.len().min(out.len());
            out[..n].copy_from_slice(&bytes[..n]);
        }
    }

    fn write_header(&self, offset: usize, data: &[u8]) -> io::Result<()> {
        let end = offset + data.len();
        let used = offset + data.iter().rposition(|&b| b != 0).map_or(0, |last| last + 1);
        if end > BLOCK || used > HEADER_ROOM {
            return Err(invalid(format!("engine header of {used} bytes")));
        }
        let mut header = lock(&self.0.header);
        if header.bytes.len() < end.min(HEADER_ROOM) {
            header.bytes.resize(end.min(HEADER_ROOM), 0);
        }
        let end = end.min(HEADER_ROOM);
        header.bytes[offset..end].copy_from_slice(&data[..end - offset]);
        header.dirty = true;
        Ok(())
    }
}

impl redb::StorageBackend for Blocks {
    fn len(&self) -> io::Result<u64> {
        let blocks = self.0.file.len()?.saturating_sub(superblock::LEN) / STRIDE as u64;
        if blocks == 0 && lock(&self.0.header).bytes.is_empty() {
            return Ok(0);
        }
        Ok((1 + blocks) * BLOCK as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let block = BLOCK as u64;
        if offset < block && offset + out.len() as u64 <= block {
            self.read_header(offset as usize, out);
            return Ok(());
        }
        if offset >= block && offset.is_multiple_of(block) && out.len().is_multiple_of(BLOCK) {
            return self.read_blocks(offset / block, out);
        }
        // The engine reads whole pages; this keeps the contract for any other read.
        let first = offset / block;
        let last = (offset + out.len() as u64).div_ceil(block);
        let mut whole = vec![0; (last - first) as usize * BLOCK];
        for (index, data) in (first..last).zip(whole.chunks_exact_mut(BLOCK)) {
            if index == 0 { self.read_header(0, data) } else { self.read_blocks(index, data)? }
        }
        let start = (offset - first * block) as usize;
        out.copy_from_slice(&whole[start..start + out.len()]);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let blocks = len.div_ceil(BLOCK as u64).saturating_sub(1);
        self.0.unsynced.store(true, Ordering::Release);
        self.0.file.set_len(superblock::LEN + blocks * STRIDE as u64)
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut header = lock(&self.0.header);
        if self.0.unsynced.swap(false, Ordering::AcqRel) || !header.dirty {
            self.0.file.sync()?;
        }
        if header.dirty {
            // Always the slot that is not the last safe one: if this write tears, that one is whole.
            let next = (1 - header.safe.0, header.safe.1 + 1);
            superblock::write_header(&*self.0.file, next.0, next.1, &header.bytes)?;
            self.0.file.sync()?;
            header.safe = next;
            header.dirty = false;
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let block = BLOCK as u64;
        if offset < block {
            return self.write_header(offset as usize, data);
        }
        if !offset.is_multiple_of(block) || !data.len().is_multiple_of(BLOCK) {
            return Err(invalid(format!("unaligned write of {} bytes at {offset}", data.len())));
        }
        let first = offset / block;
        let mut stored = Vec::with_capacity(data.len() / BLOCK * STRIDE);
        for (index, data) in (first..).zip(data.chunks_exact(BLOCK)) {
            stored.extend_from_slice(data);
            stored.extend_from_slice(&block_crc(index, data).to_le_bytes());
        }
        self.0.unsynced.store(true, Ordering::Release);
        self.0.file.write_at(place(first), &stored)
    }
}
