//! Data in: relief and strata become pages, features boundaries; each ingest one commit.

#[cfg(feature = "vector")]
pub mod boundary;
pub(crate) mod grid;
mod lakes;
pub(crate) mod merge;
pub(crate) mod relief;
mod sea;
pub(crate) mod stack;
#[cfg(feature = "litho")]
mod strata;

pub(crate) use grid::WorldGrid;
pub(crate) use relief::sample_column;
pub use relief::{ReliefIngest, Sea};
#[cfg(feature = "litho")]
pub use strata::StrataIngest;

use std::time::Duration;

/// How far a long work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub stage: &'static str,
    /// Steps done.
    pub done: u64,
    /// Steps in all.
    pub total: u64,
}

/// What an ingest did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IngestReport {
    /// Version of the world with the data in it.
    pub version: u64,
    /// Samples read.
    pub samples: u64,
    /// Samples without data.
    pub holes: u64,
    /// Samples below sea level that stay dry.
    pub dry: u64,
    /// Level of the pages that hold the data.
    pub page_level: u8,
    /// Pages that carry columns, and pages that share them.
    pub pages: [u64; 2],
    /// Time from the samples in memory to the durable commit.
    pub elapsed: Duration,
}
