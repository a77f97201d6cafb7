//! A chunk in memory.

use super::cache::Page;
use super::error::{ChunkError, StoreError};
use super::store::{ChunkKey, ChunkStore};
use super::{blob, config};
use crate::plane::Tile;
use crate::scalar::Scalar;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// What all chunks of a grid have in common.
pub(super) struct Common<T> {
    /// A number no other grid has.
    pub(super) grid: u64,
    /// Binary logarithm of a chunk's side.
    pub(super) log2: u32,
    pub(super) default: T,
    pub(super) store: Option<Arc<dyn ChunkStore>>,
    pub(super) save_on_eviction: bool,
    /// What this grid saved, if nothing else of the store counts.
    pub(super) own: Option<Mutex<HashSet<ChunkKey>>>,
}

impl<T> Common<T> {
    /// Whether the store has a chunk that counts.
    pub(super) fn stored(&self, key: ChunkKey) -> Result<bool, StoreError> {
        match (&self.store, &self.own) {
            (None, _) => Ok(false),
            (Some(store), None) => store.contains(key),
            (Some(_), Some(own)) => Ok(own.lock().unwrap_or_else(PoisonError::into_inner).contains(&key)),
        }
    }
}

/// A chunk.
pub(super) struct Slot<T> {
    common: Arc<Common<T>>,
    key: ChunkKey,
    /// None until it is loaded, and for ever if that failed.
    tile: RwLock<Option<Tile<T>>>,
    /// Writes so far, and those that the saved chunk knows of.
    written: AtomicU64,
    saved: AtomicU64,
    /// One thread saves at a time, so that an older state never replaces a newer one.
    saving: Mutex<()>,
    used: AtomicBool,
    charged: AtomicUsize,
}

impl<T: Scalar> Slot<T> {
    pub(super) fn new(common: Arc<Common<T>>, key: ChunkKey) -> Self {
        Self {
            common,
            key,
            tile: RwLock::new(None),
            written: AtomicU64::new(0),
            saved: AtomicU64::new(0),
            saving: Mutex::new(()),
            // Not yet: what is read once, in passing, goes before what is read again.
            used: AtomicBool::new(false),
            charged: AtomicUsize::new(0),
        }
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, Option<Tile<T>>> {
        self.tile.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, Option<Tile<T>>> {
        self.tile.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a write; the tile's lock is held for writing.
    pub(super) fn touch(&self) {
        self.written.fetch_add(1, Ordering::Release);
    }

    /// Sets what it is charged with; the tile's lock is held for writing.
    pub(super) fn charge(&self, tile: &Tile<T>) -> usize {
        let bytes = config::SLOT_BYTES + tile.heap();
        self.charged.store(bytes, Ordering::Relaxed);
        bytes
    }
}

impl<T: Scalar> Page for Slot<T> {
    fn unsaved(&self) -> bool {
        self.written.load(Ordering::Acquire) != self.saved.load(Ordering::Acquire)
    }

    fn has_store(&self) -> bool {
        self.common.store.is_some()
    }

    fn may_be_saved(&self) -> bool {
        self.common.store.is_some() && self.common.save_on_eviction
    }

    fn save(&self) -> Result<(), ChunkError> {
        let Some(store) = &self.common.store else { return Ok(()) };
        let _saving = self.saving.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.unsaved() {
            return Ok(());
        }
        let (bytes, written) = {
            let tile = self.read();
            let Some(tile) = &*tile else { return Ok(()) };
            // No write while the lock is held: these bytes are this count's.
            let written = self.written.load(Ordering::Acquire);
            let packed = blob::write(self.key, self.common.log2, tile).map_err(|source| {
                let place = "in memory".to_owned();
                StoreError { key: self.key, place, step: "compress it", source }
            })?;
            (packed, written)
        };
        store.save(self.key, &bytes)?;
        if let Some(own) = &self.common.own {
            own.lock().unwrap_or_else(PoisonError::into_inner).insert(self.key);
        }
        self.saved.store(written, Ordering::Release);
        Ok(())
    }

    fn used(&self) -> &AtomicBool {
        &self.used
    }

    fn charged(&self) -> usize {
        self.charged.load(Ordering::Relaxed)
    }
}
