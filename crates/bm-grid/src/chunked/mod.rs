//! A sparse grid without bounds, in chunks that are kept in memory within a budget and in a store beyond it.
//!
//! Cells have whole coordinates, negative ones as well. A cell that was never written is the default and costs
//! nothing. All methods take `&self`: any number of threads read and write at once.
//!
//! ```
//! # let dir = tempfile::tempdir()?;
//! # let folder = dir.path().join("heights");
//! use bm_grid::chunked::{ChunkedConfig, ChunkedGrid, Durability, FolderStore};
//! use std::sync::Arc;
//!
//! let open = || FolderStore::open(&folder, Durability::EachSave).map(Arc::new);
//! let heights = ChunkedGrid::new(0.0_f32, ChunkedConfig::default(), Some(open()?))?;
//! heights.set(-5, 1_000_000, 12.5)?;
//! assert_eq!((heights.get(-5, 1_000_000)?, heights.get(7, 7)?), (12.5, 0.0));
//! heights.close()?;
//!
//! let again = ChunkedGrid::new(0.0_f32, ChunkedConfig::default(), Some(open()?))?;
//! assert_eq!(again.get(-5, 1_000_000)?, 12.5);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | `config` | [`ChunkedConfig`] |
//! | `cache` | [`Cache`]: what is in memory, shared by several grids if wished |
//! | `store`, `folder` | [`ChunkStore`]: [`MemoryStore`], [`FolderStore`] |
//! | `blob` | the bytes of a chunk (`FORMAT.md`) |
//! | `slot` | a chunk in memory |
//! | `region` | rectangles of cells |
//! | `error` | [`ChunkError`], [`StoreError`] |

mod blob;
mod cache;
mod config;
mod error;
mod folder;
mod region;
mod slot;
mod store;

pub use cache::Cache;
pub use config::ChunkedConfig;
pub use error::{ChunkError, StoreError};
pub use folder::{Durability, FolderStore};
pub use region::CellBox;
pub use store::{ChunkKey, ChunkStore, MemoryStore};

use crate::plane::Tile;
use crate::scalar::Scalar;
use cache::Page;
use config::SLOT_BYTES;
use slot::{Common, Slot};
use std::any::Any;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// A sparse grid without bounds. Dropping it saves what it can; [`ChunkedGrid::close`] says if that fails.
pub struct ChunkedGrid<T: Scalar> {
    common: Arc<Common<T>>,
    config: ChunkedConfig,
    cache: Arc<Cache>,
    flushed: Mutex<Instant>,
}

impl<T: Scalar> fmt::Debug for ChunkedGrid<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChunkedGrid")
            .field("config", &self.config)
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}

impl<T: Scalar> ChunkedGrid<T> {
    /// A grid whose cells are `default` where they were never written, with a cache of its own. Without a store, all
    /// that is written must fit into memory.
    ///
    /// # Errors
    /// [`ChunkError::Config`].
    pub fn new(
        default: T,
        config: ChunkedConfig,
        store: Option<Arc<dyn ChunkStore>>,
    ) -> Result<Self, ChunkError> {
        let cache = Cache::new(config.max_bytes, config.max_chunks);
        Self::in_cache(default, config, store, cache)
    }

    /// The same in a cache that others use as well; its budget counts, not the configuration's.
    ///
    /// # Errors
    /// [`ChunkError::Config`].
    pub fn in_cache(
        default: T,
        config: ChunkedConfig,
        store: Option<Arc<dyn ChunkStore>>,
        cache: Arc<Cache>,
    ) -> Result<Self, ChunkError> {
        static GRIDS: AtomicU64 = AtomicU64::new(0);
        let log2 = config.check(T::BYTES, cache.most_bytes())?;
        let grid = GRIDS.fetch_add(1, Ordering::Relaxed);
        let own = (!config.lazy_loading).then(Mutex::default);
        let common = Common { grid, log2, default, store, own, save_on_eviction: config.save_on_eviction };
        Ok(Self { common: Arc::new(common), config, cache, flushed: Mutex::new(Instant::now()) })
    }

    /// What a cell is that was never written.
    #[must_use]
    pub fn default_value(&self) -> T {
        self.common.default
    }

    /// How it is set up.
    #[must_use]
    pub const fn config(&self) -> &ChunkedConfig {
        &self.config
    }

    /// What is in memory.
    #[must_use]
    pub const fn cache(&self) -> &Arc<Cache> {
        &self.cache
    }

    /// Chunks of this grid in memory.
    #[must_use]
    pub fn cached(&self) -> usize {
        self.cache.sum_of(self.common.grid, |_| 1)
    }

    /// Chunks of this grid that were written and are not saved.
    #[must_use]
    pub fn unsaved(&self) -> usize {
        self.cache.sum_of(self.common.grid, |page| usize::from(page.unsaved()))
    }

    /// Bytes this grid's chunks take in memory.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.cache.sum_of(self.common.grid, |page| page.charged())
    }

    /// The chunk of a cell, and the cell's index in it.
    fn locate(&self, x: i64, y: i64) -> (ChunkKey, usize) {
        let log2 = self.common.log2;
        let mask = (1_i64 << log2) - 1;
        // An arithmetic shift divides downwards, below zero as well.
        (ChunkKey { x: x >> log2, y: y >> log2 }, ((y & mask) << log2 | (x & mask)) as usize)
    }

    /// The value of a cell.
    ///
    /// # Errors
    /// When its chunk cannot be loaded, or another not saved to make room for it.
    pub fn get(&self, x: i64, y: i64) -> Result<T, ChunkError> {
        let (key, index) = self.locate(x, y);
        self.read(key, |tile| tile.map_or(self.common.default, |tile| tile.view().get(index)))
    }

    /// Writes a cell.
    ///
    /// # Errors
    /// As [`ChunkedGrid::get`], or when a flush is due and fails; then nothing is written.
    pub fn set(&self, x: i64, y: i64, value: T) -> Result<(), ChunkError> {
        self.flush_if_due()?;
        let (key, index) = self.locate(x, y);
        self.edit(key, |tile| match tile {
            Tile::Uniform(old) if !old.same(value) => Edited::NeedsValues,
            Tile::Dense(values) if !values[index].same(value) => {
                values[index] = value;
                Edited::Changed
            }
            _ => Edited::Same,
        })
    }

    /// Calls `work` on a chunk, or on nothing if it was never written.
    fn read<R>(&self, key: ChunkKey, work: impl Fn(Option<&Tile<T>>) -> R) -> Result<R, ChunkError> {
        loop {
            let Some(slot) = self.slot(key, false)? else { return Ok(work(None)) };
            let tile = slot.read();
            if tile.is_some() {
                return Ok(work(tile.as_ref()));
            }
        }
    }

    /// Calls `work` on a chunk; again, on values of its own, when it asks for them.
    fn edit(&self, key: ChunkKey, work: impl Fn(&mut Tile<T>) -> Edited) -> Result<(), ChunkError> {
        let cells = 1_usize << (2 * self.common.log2);
        let mut room = None;
        'find: loop {
            let Some(slot) = self.slot(key, true)? else { continue };
            loop {
                let mut guard = slot.write();
                // It could not be loaded by another, who was told.
                let Some(tile) = &mut *guard else { continue 'find };
                let before = tile.heap();
                let mut edited = work(tile);
                if matches!(edited, Edited::NeedsValues) {
                    if room.is_none() {
                        drop(guard);
                        room = Some(self.cache.room(cells * T::BYTES, true)?);
                        // Another may have been quicker.
                        continue;
                    }
                    if let Tile::Uniform(value) = *tile {
                        *tile = Tile::Dense(vec![value; cells].into());
                    }
                    edited = work(tile);
                }
                if matches!(edited, Edited::Changed) {
                    slot.touch();
                }
                let after = tile.heap();
                slot.charge(tile);
                match (after.checked_sub(before), room.take()) {
                    (Some(more), Some(room)) => room.spend(more),
                    (None, _) => self.cache.give_back(before - after),
                    (Some(_), None) => {}
                }
                return Ok(());
            }
        }
    }

    /// A chunk in memory, loaded if need be; for reading, nothing if there is none anywhere.
    fn slot(&self, key: ChunkKey, make: bool) -> Result<Option<Arc<Slot<T>>>, ChunkError> {
        let page_key = (self.common.grid, key.x, key.y);
        let store = self.common.store.as_ref();
        loop {
            if let Some(page) = self.cache.find(page_key) {
                return Ok(downcast(page));
            }
            let stored = self.common.stored(key)?;
            if !stored && !make {
                return Ok(None);
            }
            let values = if stored { T::BYTES << (2 * self.common.log2) } else { 0 };
            let room = self.cache.room(SLOT_BYTES + values, false)?;
            let slot = Arc::new(Slot::new(Arc::clone(&self.common), key));
            // Whoever finds it waits here until it is loaded.
            let mut guard = slot.write();
            let page: Arc<dyn Page> = slot.clone();
            if self.cache.insert(page_key, Arc::clone(&page)).is_err() {
                continue;
            }
            // Since we asked it may have been made, written, saved and let go; from here on nobody else makes it.
            let loaded = match store {
                Some(_) if !stored => self.common.stored(key).map(|now| (!now).then_some(None)),
                Some(store) => store.load(key).map(Some),
                None => Ok(Some(None)),
            };
            let tile = match loaded {
                Ok(Some(Some(bytes))) => blob::read(key, self.common.log2, &bytes)
                    .map_err(|what| ChunkError::Damaged { key, what }),
                Ok(Some(None)) => Ok(Tile::Uniform(self.common.default)),
                Ok(None) => {
                    self.cache.remove(page_key, &page);
                    continue;
                }
                Err(error) => Err(error.into()),
            };
            match tile {
                Ok(tile) => {
                    room.spend(slot.charge(&tile));
                    *guard = Some(tile);
                }
                Err(error) => {
                    self.cache.remove(page_key, &page);
                    return Err(error);
                }
            }
            drop(guard);
            return Ok(Some(slot));
        }
    }

    fn flush_if_due(&self) -> Result<(), ChunkError> {
        let Some(interval) = self.config.auto_flush else { return Ok(()) };
        {
            let mut flushed = self.flushed.lock().unwrap_or_else(PoisonError::into_inner);
            if flushed.elapsed() < interval {
                return Ok(());
            }
            *flushed = Instant::now();
        }
        self.flush().map(drop)
    }

    /// Saves every chunk written since it was saved, and returns when all are on the disk; how many there were. Chunks
    /// after one that cannot be saved are saved as well; that one stays unsaved in memory.
    ///
    /// # Errors
    /// The first failure. Without a store: [`ChunkError::Config`] if there is anything to save.
    pub fn flush(&self) -> Result<usize, ChunkError> {
        let mut failure = None;
        let mut saved = 0;
        for key in self.cache.keys_of(self.common.grid) {
            // One that went meanwhile was saved.
            let Some(page) = self.cache.peek(key).filter(|page| page.unsaved()) else { continue };
            if !page.has_store() {
                return Err(ChunkError::Config { what: "there is no store to flush to" });
            }
            match page.save() {
                Ok(()) => saved += 1,
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        if let Some(store) = &self.common.store {
            store.sync()?;
        }
        failure.map_or(Ok(saved), Err)
    }

    /// Saves everything and ends; given back with the reason if that fails.
    ///
    /// # Errors
    /// As [`ChunkedGrid::flush`].
    pub fn close(self) -> Result<(), Box<Unclosed<T>>> {
        match self.flush() {
            Ok(_) => Ok(()),
            Err(error) => Err(Box::new(Unclosed { grid: self, error })),
        }
    }
}

/// A grid that could not be saved, with all its cells.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct Unclosed<T: Scalar> {
    /// The grid.
    pub grid: ChunkedGrid<T>,
    /// Why not.
    pub error: ChunkError,
}

impl<T: Scalar> Drop for ChunkedGrid<T> {
    fn drop(&mut self) {
        // Whoever wants to know closes it.
        let _ = self.flush();
        for key in self.cache.keys_of(self.common.grid) {
            if let Some(page) = self.cache.peek(key)
                && self.cache.remove(key, &page)
            {
                self.cache.give_back(page.charged());
            }
        }
    }
}

/// What was done to a chunk.
enum Edited {
    Same,
    Changed,
    /// Nothing yet: it must be given values of its own first.
    NeedsValues,
}

fn downcast<T: Scalar>(page: Arc<dyn Page>) -> Option<Arc<Slot<T>>> {
    let page: Arc<dyn Any + Send + Sync> = page;
    page.downcast().ok()
}

#[cfg(test)]
mod tests;
