//! One version of a world, for reading.

use crate::error::WorldError;
use crate::world::LogEntry;
use bm_core::{MaterialId, MaterialRegistry, MaterialSource, Phase, Pos, Sample, TickBox};
use bm_octree::{Pinned, Run, Tree, TreeError, Volume};
use std::collections::BTreeMap;

/// A world at one version: it never changes, however long it is held.
pub struct View {
    tree: Tree,
    version: u64,
    materials: MaterialRegistry,
    log: Vec<LogEntry>,
    /// Whether a material is ground, by id: a solid.
    ground: Vec<bool>,
}

/// What a world holds, for reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Info {
    /// Version of the last commit.
    pub version: u64,
    /// Bytes of the file (or of memory).
    pub bytes_on_disk: u64,
    /// Bytes of page bodies.
    pub page_bytes: u64,
    /// Pages by kind of base.
    pub pages: BTreeMap<String, u64>,
}

impl View {
    pub(crate) fn new(tree: Tree, version: u64, materials: MaterialRegistry, log: Vec<LogEntry>) -> Self {
        let last = materials.all().last().map_or(0, |m| m.id.0 as usize);
        let mut ground = vec![false; last + 1];
        for m in materials.all() {
            ground[m.id.0 as usize] = m.phase == Phase::Solid;
        }
        Self { tree, version, materials, log, ground }
    }

    /// The version this is.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// The page tree, for everything that is not wrapped here.
    #[must_use]
    pub const fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The world's materials.
    #[must_use]
    pub const fn materials(&self) -> &MaterialRegistry {
        &self.materials
    }

    /// Name of a material of this world.
    #[must_use]
    pub fn material_name(&self, id: MaterialId) -> &str {
        self.materials.name(id)
    }

    /// Commits up to this version, oldest first.
    #[must_use]
    pub fn log(&self) -> &[LogEntry] {
        &self.log
    }

    /// The material of one voxel.
    ///
    /// # Errors
    /// [`WorldError::Tree`] when a page that is needed cannot be read.
    #[inline]
    pub fn sample(&self, pos: Pos) -> Result<Sample, WorldError> {
        Ok(self.tree.sample(pos)?)
    }

    /// Pins decoded pages for many [`Pinned::sample`] calls in a row: the fastest way to ask point by point.
    #[must_use]
    pub fn pin(&self) -> Pinned<'_> {
        self.tree.pin()
    }

    /// The materials of many voxels, in input order; sort them along the Morton curve for the best rate.
    ///
    /// # Errors
    /// As [`View::sample`].
    pub fn sample_batch(&self, at: &[Pos], out: &mut Vec<MaterialId>) -> Result<(), WorldError> {
        Ok(self.tree.sample_batch(at, out)?)
    }

    /// The material with the largest volume in the cell of `level` that holds a voxel.
    ///
    /// # Errors
    /// As [`View::sample`].
    pub fn sample_at_level(&self, pos: Pos, level: u8) -> Result<Sample, WorldError> {
        Ok(self.tree.sample_at_level(pos, level)?)
    }

    /// Vertical runs of column (`x`, `y`) between two ticks, bottom up.
    ///
    /// # Errors
    /// As [`View::sample`], and for columns outside the world.
    pub fn column(&self, x: u32, y: u32, z0: u32, z1: u32) -> Result<Vec<Run>, WorldError> {
        let mut out = Vec::new();
        self.tree.column(x, y, z0, z1, &mut out)?;
        Ok(out)
    }

    /// Whether a material is ground: a solid of the world's registry.
    #[must_use]
    pub fn is_ground(&self, m: MaterialId) -> bool {
        self.ground.get(m.0 as usize).copied().unwrap_or(false)
    }

    /// The highest solid of column (`x`, `y`): the first tick above it, and what it is made of.
    ///
    /// # Errors
    /// As [`View::column`].
    pub fn surface(&self, x: u32, y: u32) -> Result<Option<(u32, MaterialId)>, WorldError> {
        Ok(self.tree.surface(x, y, |m| self.is_ground(m))?)
    }

    /// A dense box of cells of one level.
    ///
    /// # Errors
    /// As [`View::sample`], and for boxes that are empty or too large.
    pub fn volume(&self, bounds: &TickBox, level: u8) -> Result<Volume, WorldError> {
        Ok(self.tree.volume(bounds, level)?)
    }
}

impl MaterialSource for View {
    type Error = TreeError;

    fn sample(&self, pos: Pos) -> Result<Sample, TreeError> {
        self.tree.sample(pos)
    }

    fn sample_batch(&self, at: &[Pos], out: &mut Vec<MaterialId>) -> Result<(), TreeError> {
        self.tree.sample_batch(at, out)
    }
}
