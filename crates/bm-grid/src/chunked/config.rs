//! How a grid of chunks is set up.

use super::error::ChunkError;
use std::time::Duration;

/// What a chunk in memory is charged with beside its values: its locks and counts, its places in the ring and the map.
pub(super) const SLOT_BYTES: usize = 256;

/// How chunks are cut and kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkedConfig {
    /// Edge of a chunk in cells: a power of two from 4 to 4096.
    pub side: u32,
    /// Most chunks in memory.
    pub max_chunks: usize,
    /// Most bytes in memory; at least two chunks must fit.
    pub max_bytes: usize,
    /// Whether chunks that are not in memory are looked for in the store. Without, the grid begins empty, and what the
    /// store has is replaced as chunks are saved.
    pub lazy_loading: bool,
    /// Whether an unsaved chunk may be saved to make room. Without, it stays until it is flushed, and when there
    /// are only such ones there is no room.
    pub save_on_eviction: bool,
    /// How long written cells may stay unsaved while more are written. There is no thread: whoever writes when it is due
    /// flushes first.
    pub auto_flush: Option<Duration>,
}

impl Default for ChunkedConfig {
    fn default() -> Self {
        Self {
            side: 128,
            max_chunks: 1000,
            max_bytes: 256 << 20,
            lazy_loading: true,
            save_on_eviction: true,
            auto_flush: None,
        }
    }
}

impl ChunkedConfig {
    /// Binary logarithm of the side, if all is as it must be for values of so many bytes in a budget.
    pub(super) fn check(&self, value: usize, budget: usize) -> Result<u32, ChunkError> {
        if !self.side.is_power_of_two() || !(4..=4096).contains(&self.side) {
            return Err(ChunkError::Config { what: "the side of chunks is a power of two from 4 to 4096" });
        }
        if self.max_chunks < 2 {
            return Err(ChunkError::Config { what: "at least two chunks must be allowed in memory" });
        }
        let chunk = self.side as usize * self.side as usize * value + SLOT_BYTES;
        if budget < 2 * chunk {
            return Err(ChunkError::Config { what: "at least two chunks must fit into the budget" });
        }
        Ok(self.side.ilog2())
    }
}
