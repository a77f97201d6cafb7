//! Where chunks are when they are not in memory.

use super::error::StoreError;
use std::collections::HashMap;
use std::fmt;
use std::sync::{PoisonError, RwLock};

/// Which chunk: its first cell's column and row, by the side of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChunkKey {
    /// Column of chunks.
    pub x: i64,
    /// Row of chunks.
    pub y: i64,
}

/// Keeps the bytes of chunks. Many threads use it at once, but each chunk is saved by one at a time.
pub trait ChunkStore: fmt::Debug + Send + Sync {
    /// Whether it has a chunk; asked often, so it should know without asking a disk.
    ///
    /// # Errors
    /// When it cannot say.
    fn contains(&self, key: ChunkKey) -> Result<bool, StoreError>;

    /// The bytes of a chunk as they were saved; none if it has no such chunk.
    ///
    /// # Errors
    /// When they cannot be read.
    fn load(&self, key: ChunkKey) -> Result<Option<Vec<u8>>, StoreError>;

    /// Saves a chunk, in place of an older one: after a failure, or a kill at any moment, either of both is there, whole.
    ///
    /// # Errors
    /// When they cannot be written.
    fn save(&self, key: ChunkKey, bytes: &[u8]) -> Result<(), StoreError>;

    /// Removes a chunk; whether there was one.
    ///
    /// # Errors
    /// When it cannot be removed.
    fn delete(&self, key: ChunkKey) -> Result<bool, StoreError>;

    /// All chunks, in any order.
    ///
    /// # Errors
    /// When it cannot say.
    fn keys(&self) -> Result<Vec<ChunkKey>, StoreError>;

    /// Returns when all that was saved outlives a loss of power.
    ///
    /// # Errors
    /// When it may not.
    fn sync(&self) -> Result<(), StoreError>;
}

/// Chunks in memory, packed.
#[derive(Default)]
pub struct MemoryStore {
    chunks: RwLock<HashMap<ChunkKey, Box<[u8]>>>,
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

impl MemoryStore {
    /// Bytes of all chunks.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.chunks.read().unwrap_or_else(PoisonError::into_inner).values().map(|c| c.len()).sum()
    }
}

impl ChunkStore for MemoryStore {
    fn contains(&self, key: ChunkKey) -> Result<bool, StoreError> {
        Ok(self.chunks.read().unwrap_or_else(PoisonError::into_inner).contains_key(&key))
    }

    fn load(&self, key: ChunkKey) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.chunks.read().unwrap_or_else(PoisonError::into_inner).get(&key).map(|c| c.to_vec()))
    }

    fn save(&self, key: ChunkKey, bytes: &[u8]) -> Result<(), StoreError> {
        self.chunks.write().unwrap_or_else(PoisonError::into_inner).insert(key, bytes.into());
        Ok(())
    }

    fn delete(&self, key: ChunkKey) -> Result<bool, StoreError> {
        Ok(self.chunks.write().unwrap_or_else(PoisonError::into_inner).remove(&key).is_some())
    }

    fn keys(&self) -> Result<Vec<ChunkKey>, StoreError> {
        Ok(self.chunks.read().unwrap_or_else(PoisonError::into_inner).keys().copied().collect())
    }

    fn sync(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
