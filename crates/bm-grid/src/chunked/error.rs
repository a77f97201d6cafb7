//! Why chunks could not be read, written or kept.

use super::store::ChunkKey;
use crate::error::GridError;
use std::io;

/// A store of chunks failed.
#[derive(Debug, thiserror::Error)]
#[error("chunk ({}, {}), {place}: could not {step}: {source}", key.x, key.y)]
pub struct StoreError {
    /// Which chunk.
    pub key: ChunkKey,
    /// Where it is: a file's path, or what the store is.
    pub place: String,
    /// What was being done.
    pub step: &'static str,
    /// What the system says.
    pub source: io::Error,
}

/// Why an operation on a grid of chunks was refused. Whatever it is, no cell that was written before is lost.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChunkError {
    /// The store failed. What could not be saved stays in memory, unsaved.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored chunk is not what was saved.
    #[error("chunk ({}, {}): {what}", key.x, key.y)]
    Damaged {
        /// Which chunk.
        key: ChunkKey,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The budget is used up by chunks that cannot go: unsaved ones without a store, or ones in use.
    #[error(
        "{need} bytes more do not fit into {most}: {unsaved} chunks are unsaved and may not be saved now, {pinned} are in use"
    )]
    Full {
        /// Bytes needed.
        need: usize,
        /// The budget.
        most: usize,
        /// Chunks that are unsaved and have no store, or may not be saved to make room.
        unsaved: usize,
        /// Chunks in use by others.
        pinned: usize,
    },
    /// The configuration makes no sense.
    #[error("{what}")]
    Config {
        /// What is wrong.
        what: &'static str,
    },
    /// A buffer has not as many values as there are cells.
    #[error("{given} values for {cells} cells")]
    Length {
        /// Values given.
        given: usize,
        /// Values needed.
        cells: usize,
    },
    /// Coordinates are beyond what numbers hold.
    #[error("{width} × {height} cells from ({x}, {y}) are too many or too far away")]
    TooFar {
        /// First column.
        x: i64,
        /// First row.
        y: i64,
        /// Columns.
        width: usize,
        /// Rows.
        height: usize,
    },
    /// Cells, layers or types do not fit the grid.
    #[error(transparent)]
    Grid(#[from] GridError),
    /// The list of layers could not be read or written.
    #[error(transparent)]
    File(#[from] crate::file::FileError),
}
