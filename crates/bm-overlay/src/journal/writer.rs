//! The side of the journal that writes files.

use super::frame::{BLOCK, HEADER, file_name};
use super::front::Batch;
use super::group::{Disk, Failure};
use super::media::Media;
use bm_store::RawFile;
use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Greatest step in which a file grows, bytes. Overwriting is cheaper to sync than growing.
const LAST_STEP: u64 = 1 << 20;

/// Files by number, and counters, for whoever asks.
#[derive(Debug, Default)]
pub(super) struct Shared {
    files: Mutex<BTreeMap<u32, Arc<dyn RawFile>>>,
    pub(super) syncs: AtomicU64,
    /// Bytes of all files.
    pub(super) allocated: AtomicU64,
}

impl Shared {
    pub(super) fn files(&self) -> MutexGuard<'_, BTreeMap<u32, Arc<dyn RawFile>>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
pub(super) struct Writer {
    pub(super) media: Arc<dyn Media>,
    shared: Arc<Shared>,
    active: Arc<dyn RawFile>,
    /// Length of the active file.
    allocated: u64,
    /// Length a file begins with.
    room: u32,
    /// Files written since the last sync.
    dirty: Vec<Arc<dyn RawFile>>,
    /// Whether anybody asked for a sync since the file last grew.
    synced: bool,
}

impl Writer {
    /// `active` is the file of the last segment.
    pub(super) fn new(
        media: Arc<dyn Media>,
        shared: Arc<Shared>,
        active: Arc<dyn RawFile>,
        room: u32,
    ) -> io::Result<Self> {
        let allocated = active.len()?;
        Ok(Self { media, shared, active, allocated, room, dirty: Vec::new(), synced: true })
    }

    /// Makes a segment's file, so that it is surely there with its header before anything in it counts.
    fn begin(&self, segment: u32, header: &[u8]) -> Result<Arc<dyn RawFile>, Failure> {
        let file = begin(&*self.media, segment, header, self.room)?;
        self.shared.syncs.fetch_add(2, Ordering::Relaxed);
        self.shared.allocated.fetch_add(self.room.into(), Ordering::Relaxed);
        self.shared.files().insert(segment, file.clone());
        Ok(file)
    }

    /// Removes segments, ascending; hands back how many, and why not more. A folder that cannot be synced stops the
    /// journal: a later removal could reach the disk before this one and leave a gap.
    pub(super) fn remove(
        &mut self,
        segments: impl Iterator<Item = u32>,
    ) -> ((usize, Option<io::Error>), Option<Failure>) {
        let mut removed = 0;
        for segment in segments {
            if let Err(source) = self.media.remove(&file_name(segment)) {
                return ((removed, Some(source)), None);
            }
            removed += 1;
            if let Some(file) = self.shared.files().remove(&segment) {
                self.shared.allocated.fetch_sub(file.len().unwrap_or(0), Ordering::Relaxed);
            }
            if let Err(source) = self.media.sync_folder() {
                return ((removed, None), Some(Failure { doing: "sync the folder of the journal", source }));
            }
            self.shared.syncs.fetch_add(1, Ordering::Relaxed);
        }
        ((removed, None), None)
    }

    fn put(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Failure> {
        if bytes.is_empty() {
            return Ok(());
        }
        let fail = |source| Failure { doing: "write to the journal", source };
        self.active.write_at(offset, bytes).map_err(fail)?;
        if self.dirty.last().is_none_or(|d| !Arc::ptr_eq(d, &self.active)) {
            self.dirty.push(self.active.clone());
        }
        let end = offset + bytes.len() as u64;
        if end > self.allocated {
            // Zeros ahead make the next syncs cheap; if nobody syncs, they would only be written twice.
            let step = if self.synced { self.allocated.clamp(self.room.into(), LAST_STEP) } else { 0 };
            let len = (end + step).next_multiple_of(BLOCK);
            self.active.write_at(end, &vec![0; (len - end) as usize]).map_err(fail)?;
            self.shared.allocated.fetch_add(len - self.allocated, Ordering::Relaxed);
            (self.allocated, self.synced) = (len, false);
        }
        Ok(())
    }
}

/// Makes and syncs the file of a segment.
pub(super) fn begin(
    media: &dyn Media,
    segment: u32,
    header: &[u8],
    room: u32,
) -> Result<Arc<dyn RawFile>, Failure> {
    let fail = |source| Failure { doing: "begin a segment of the journal", source };
    let file = media.create(&file_name(segment)).map_err(fail)?;
    let mut block = vec![0; room as usize];
    block[..HEADER as usize].copy_from_slice(header);
    file.write_at(0, &block).map_err(fail)?;
    file.sync().map_err(fail)?;
    media.sync_folder().map_err(fail)?;
    Ok(file)
}

impl Disk<Batch> for Writer {
    fn write(&mut self, batch: &Batch) -> Result<(), Failure> {
        let bytes = &batch.bytes;
        // The last frame of a segment says that the next one is there: make it so first.
        let mut next = Vec::with_capacity(batch.cuts.len());
        for (segment, &cut) in (batch.segment + 1..).zip(&batch.cuts) {
            next.push((cut, self.begin(segment, &bytes[cut..cut + HEADER as usize])?));
        }
        self.put(batch.offset.into(), &bytes[..batch.cuts.first().copied().unwrap_or(bytes.len())])?;
        let ends = batch.cuts.iter().copied().skip(1).chain([bytes.len()]);
        for ((cut, file), end) in next.into_iter().zip(ends) {
            (self.active, self.allocated) = (file, self.room.into());
            self.put(HEADER.into(), &bytes[cut + HEADER as usize..end])?;
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), Failure> {
        for file in self.dirty.drain(..) {
            file.sync().map_err(|source| Failure { doing: "sync the journal", source })?;
            self.shared.syncs.fetch_add(1, Ordering::Relaxed);
        }
        self.synced = true;
        Ok(())
    }
}
