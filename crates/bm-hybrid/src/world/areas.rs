//! Large areas beside a world: immutable files, named by what is in them, mapped into memory when they are asked.

use super::boundaries::damaged;
use crate::error::WorldError;
use bm_vector::Boundary;
use std::path::{Path, PathBuf};

/// Where the areas of a world lie that are too large for a record.
pub(super) struct Areas {
    /// None for worlds in memory: everything goes into records.
    folder: Option<PathBuf>,
}

/// The folder beside a world's file that holds its large areas.
pub(super) fn areas_path(world: &Path) -> PathBuf {
    let mut name = world.as_os_str().to_owned();
    name.push(".areas");
    name.into()
}

impl Areas {
    pub(super) fn beside(world: Option<&Path>) -> Self {
        Self { folder: world.map(areas_path) }
    }

    pub(super) fn encode(&self, _b: &Boundary) -> Result<Vec<u8>, WorldError> {
        let _ = &self.folder;
        Err(damaged("", "stub"))
    }

    pub(super) fn decode(&self, _bytes: &[u8]) -> Result<Boundary, WorldError> {
        Err(damaged("", "stub"))
    }
}
