//! What the suites about a world made of real relief share: the peers for bytes and for answers,
//! running the `bm` program, and a place for worlds.

pub mod child;
pub mod dense;
pub mod packers;

use std::path::{Path, PathBuf};

use crate::harness::BenchError;

/// A folder for one run, gone at its end.
#[derive(Debug)]
pub struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    /// An empty folder among the system's temporary files.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(suite: &str) -> Result<Self, BenchError> {
        let path = std::env::temp_dir().join(format!("bm-bench-{suite}-{}", std::process::id()));
        std::fs::create_dir_all(&path).map_err(|source| BenchError::File { path: path.clone(), source })?;
        Ok(Self(path))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // Nothing more can be done about it here; the system clears its temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
