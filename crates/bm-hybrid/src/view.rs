//! One version of a world, for reading.

use crate::error::WorldError;
use crate::world::{Ground, LogEntry};
use bm_core::{MaterialId, MaterialRegistry, MaterialSource, Pos, Sample, TickBox};
use bm_octree::{Run, Tree, Volume};
use bm_overlay::{PinnedReader, Reader, Shadows, Snapshot};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A world at one version: it never changes, however long it is held.
pub struct View {
    reader: Reader<Ground>,
}

/// What a world holds, for reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Info {
    /// Version of the last commit.
    pub version: u64,
    /// Bytes of the file (or of memory), and of the journal.
    pub bytes_on_disk: u64,
    /// Bytes of page bodies.
    pub page_bytes: u64,
    /// Bytes kept for older versions.
    pub history_bytes: u64,
    /// Pages by kind of base.
    pub pages: BTreeMap<String, u64>,
}

impl View {
    pub(crate) fn new(snapshot: Snapshot<Ground>, shadows: &Arc<Shadows>) -> Self {
        Self { reader: Reader::new(snapshot, shadows) }
    }

    fn ground(&self) -> &Ground {
        self.reader.snapshot().base()
    }

    /// The version this is.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.reader.version()
    }

    /// The page tree under the edits, for everything that is not wrapped here.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        self.reader.tree()
    }

    /// The page tree with all edits of this version folded in: what many columns or coarse cells are read from.
    /// Made when it is first asked for.
    ///
    /// # Errors
    /// [`WorldError`] when pages cannot be read.
    pub fn folded(&self) -> Result<&Tree, WorldError> {
        Ok(self.reader.folded()?)
    }

    /// The edits over the page tree.
    #[must_use]
    pub fn reader(&self) -> &Reader<Ground> {
        &self.reader
    }

    /// The world's materials.
    #[must_use]
    pub fn materials(&self) -> &MaterialRegistry {
        &self.ground().materials
    }

    /// Name of a material of this world.
    #[must_use]
    pub fn material_name(&self, id: MaterialId) -> &str {
        self.materials().name(id)
    }

    /// Commits of pages up to this version, oldest first. [`World::log`](crate::World::log) has the edits, too.
    #[must_use]
    pub fn log(&self) -> &[LogEntry] {
        &self.ground().log
    }

    /// The material of one voxel.
    ///
    /// # Errors
    /// [`WorldError::Tree`] when a page that is needed cannot be read.
    #[inline]
    pub fn sample(&self, pos: Pos) -> Result<Sample, WorldError> {
        Ok(self.reader.sample(pos)?)
    }

    /// Pins decoded pages for many [`PinnedReader::sample`] calls in a row: the fastest way to ask point by point.
    #[must_use]
    pub fn pin(&self) -> PinnedReader<'_, Ground> {
        self.reader.pin()
    }

    /// The materials of many voxels, in input order; sort them along the Morton curve for the best rate.
    ///
    /// # Errors
    /// As [`View::sample`].
    pub fn sample_batch(&self, at: &[Pos], out: &mut Vec<MaterialId>) -> Result<(), WorldError> {
        Ok(self.reader.sample_batch(at, out)?)
    }

    /// The material with the largest volume in the cell of `level` that holds a voxel.
    ///
    /// # Errors
    /// As [`View::sample`].
    pub fn sample_at_level(&self, pos: Pos, level: u8) -> Result<Sample, WorldError> {
        Ok(self.reader.sample_at_level(pos, level)?)
    }

    /// Vertical runs of column (`x`, `y`) between two ticks, bottom up.
    ///
    /// # Errors
    /// As [`View::sample`], and for columns outside the world.
    pub fn column(&self, x: u32, y: u32, z0: u32, z1: u32) -> Result<Vec<Run>, WorldError> {
        let mut out = Vec::new();
        self.reader.column(x, y, z0, z1, &mut out)?;
        Ok(out)
    }

    /// Whether a material is ground: a solid of the world's registry.
    #[must_use]
    pub fn is_ground(&self, m: MaterialId) -> bool {
        self.ground().solid.get(m.0 as usize).copied().unwrap_or(false)
    }

    /// The highest solid of column (`x`, `y`): the first tick above it, and what it is made of.
    ///
    /// # Errors
    /// As [`View::column`].
    pub fn surface(&self, x: u32, y: u32) -> Result<Option<(u32, MaterialId)>, WorldError> {
        Ok(self.reader.surface(x, y, |m| self.is_ground(m))?)
    }

    /// A dense box of cells of one level.
    ///
    /// # Errors
    /// As [`View::sample`], and for boxes that are empty or too large.
    pub fn volume(&self, bounds: &TickBox, level: u8) -> Result<Volume, WorldError> {
        Ok(self.reader.volume(bounds, level)?)
    }
}

impl MaterialSource for View {
    type Error = WorldError;

    fn sample(&self, pos: Pos) -> Result<Sample, WorldError> {
        Self::sample(self, pos)
    }

    fn sample_batch(&self, at: &[Pos], out: &mut Vec<MaterialId>) -> Result<(), WorldError> {
        Self::sample_batch(self, at, out)
    }
}
