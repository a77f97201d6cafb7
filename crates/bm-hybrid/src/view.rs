//! One version of a world, for reading.

use crate::error::WorldError;
use crate::route::{self, Point, Spoken, column, over};
use crate::world::{Ground, LogEntry};
use bm_core::frame::{MAX_LEVEL, SEA_LEVEL, TICKS_PER_METRE, WORLD_Z_MAX, WORLD_Z_MIN, edge_metres};
use bm_core::pos::tick_to_alt;
use bm_core::{MaterialId, MaterialRegistry, MaterialSource, Phase, Pos, Sample, SourceKind, TickBox};
use bm_octree::{Run, Tree, Volume};
use bm_overlay::{PinnedReader, Reader, Shadows, Snapshot};
use bm_vector::set::BoundarySet;
use geo_types::Coord;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A world at one version: it never changes, however long it is held.
pub struct View {
    reader: Reader<Ground>,
    boundaries: Arc<BoundarySet>,
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
    pub(crate) fn new(
        snapshot: Snapshot<Ground>,
        shadows: &Arc<Shadows>,
        boundaries: Arc<BoundarySet>,
    ) -> Self {
        Self::of(Reader::new(snapshot, shadows), boundaries)
    }

    pub(crate) const fn of(reader: Reader<Ground>, boundaries: Arc<BoundarySet>) -> Self {
        Self { reader, boundaries }
    }

    /// The boundaries of this version.
    #[must_use]
    pub fn boundaries(&self) -> &BoundarySet {
        &self.boundaries
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

    /// The material of one voxel, boundaries asked at its middle. [`Router`](crate::route::Router) asks at places
    /// between.
    ///
    /// # Errors
    /// [`WorldError::Tree`] when a page that is needed cannot be read.
    #[inline]
    pub fn sample(&self, pos: Pos) -> Result<Sample, WorldError> {
        let sample = self.reader.sample(pos)?;
        if !self.speaks_of(sample.material) {
            return Ok(sample);
        }
        Ok(self.beside(sample, &Point::voxel(pos)))
    }

    /// Whether any boundary may have something to say about a material.
    #[inline]
    fn speaks_of(&self, material: MaterialId) -> bool {
        !self.boundaries.is_empty() && self.boundaries.speaks_of(self.ground().phase(material))
    }

    /// What boundaries make of a sample.
    fn beside(&self, sample: Sample, place: &Point) -> Sample {
        if sample.source.is_explicit() {
            return sample;
        }
        match self.resolve(place, sample.material) {
            Some(spoken) => over(sample, spoken.material),
            None => sample,
        }
    }

    #[inline]
    fn resolve(&self, place: &Point, base: MaterialId) -> Option<bm_vector::set::Answer<'_>> {
        let phase = |m| self.ground().phase(m);
        self.boundaries.resolve(place.at, edge_metres(place.level), base, &phase, Some(place.alt))
    }

    /// Pins decoded pages for many [`PinnedReader::sample`] calls in a row: the fastest way to ask point by point.
    /// It reads pages and edits; boundaries have no say in it.
    #[must_use]
    pub fn pin(&self) -> PinnedReader<'_, Ground> {
        self.reader.pin()
    }

    /// The materials of many voxels, in input order; sort them along the Morton curve for the best rate.
    ///
    /// # Errors
    /// As [`View::sample`].
    pub fn sample_batch(&self, at: &[Pos], out: &mut Vec<MaterialId>) -> Result<(), WorldError> {
        self.reader.sample_batch(at, out)?;
        if self.boundaries.is_empty() {
            return Ok(());
        }
        for (&pos, m) in at.iter().zip(out) {
            if self.speaks_of(*m)
                && let Some(spoken) = self.resolve(&Point::voxel(pos), *m)
                && spoken.material != *m
                && !self.reader.sample(pos)?.source.is_explicit()
            {
                *m = spoken.material;
            }
        }
        Ok(())
    }

    /// The material with the largest volume in the cell of `level` that holds a voxel.
    ///
    /// # Errors
    /// As [`View::sample`].
    pub fn sample_at_level(&self, pos: Pos, level: u8) -> Result<Sample, WorldError> {
        let sample = self.reader.sample_at_level(pos, level)?;
        if self.boundaries.is_empty() {
            return Ok(sample);
        }
        Ok(self.beside(sample, &Point::cell(pos, level)))
    }

    /// Vertical runs of column (`x`, `y`) between two ticks, bottom up.
    ///
    /// # Errors
    /// As [`View::sample`], and for columns outside the world.
    pub fn column(&self, x: u32, y: u32, z0: u32, z1: u32) -> Result<Vec<Run>, WorldError> {
        let mut out = Vec::new();
        self.column_into(x, y, z0, z1, &mut out)?;
        Ok(out)
    }

    /// As [`View::column`], appending to what is there.
    ///
    /// # Errors
    /// As there.
    pub fn column_into(
        &self,
        x: u32,
        y: u32,
        z0: u32,
        z1: u32,
        out: &mut Vec<Run>,
    ) -> Result<(), WorldError> {
        let first = out.len();
        self.reader.column(x, y, z0, z1, out)?;
        if !self.boundaries.is_empty() {
            let runs = out.split_off(first);
            self.beside_column(column(x, y), &runs, out);
        }
        Ok(())
    }

    /// Appends what boundaries make of a column's runs.
    fn beside_column(&self, at: Coord<f64>, runs: &[Run], out: &mut Vec<Run>) {
        for run in runs {
            if run.source.is_explicit() {
                out.push(*run);
                continue;
            }
            // Between these altitudes a boundary says the same all the way.
            let mut from = run.from;
            let inner = self
                .boundaries
                .levels()
                .iter()
                .map(|&l| tick_above(l))
                .filter(|c| (run.from + 1..run.to).contains(c));
            for to in inner.chain([run.to]) {
                let alt = tick_to_alt(from) + 0.125;
                let phase = |m| self.ground().phase(m);
                let edge = edge_metres(MAX_LEVEL);
                let spoken = self.boundaries.resolve(at, edge, run.material, &phase, Some(alt));
                let mut piece = Run { from, to, ..*run };
                if let Some(spoken) = spoken {
                    (piece.material, piece.source) = (spoken.material, SourceKind::Boundary);
                }
                match out.last_mut() {
                    Some(last) if last.to == from && (Run { from, to, ..*last }) == piece => last.to = to,
                    _ => out.push(piece),
                }
                from = to;
            }
        }
    }

    /// Whether a material is ground: a solid of the world's registry.
    #[must_use]
    pub fn is_ground(&self, m: MaterialId) -> bool {
        self.ground().phase(m) == Phase::Solid
    }

    /// The highest solid of column (`x`, `y`): the first tick above it, and what it is made of.
    ///
    /// # Errors
    /// As [`View::column`].
    pub fn surface(&self, x: u32, y: u32) -> Result<Option<(u32, MaterialId)>, WorldError> {
        let pages = self.surface_of_pages(x, y)?;
        if self.boundaries.is_empty() {
            return Ok(pages);
        }
        let top = pages.map_or(SEA_LEVEL, |(top, _)| top);
        let highest = self.boundaries.levels().last().map_or(SEA_LEVEL, |&l| tick_above(l));
        let z1 = (top.max(SEA_LEVEL).max(highest) + 1).min(WORLD_Z_MAX);
        let mut depth = 64 * TICKS_PER_METRE;
        let mut runs = Vec::new();
        loop {
            let z0 = top.min(SEA_LEVEL).saturating_sub(depth).max(WORLD_Z_MIN);
            runs.clear();
            self.column_into(x, y, z0, z1, &mut runs)?;
            let found = runs.iter().rev().find(|r| self.is_ground(r.material));
            match found {
                Some(r) => return Ok(Some((r.to, r.material))),
                None if z0 == WORLD_Z_MIN => return Ok(None),
                None => depth = depth.saturating_mul(16),
            }
        }
    }

    /// As [`View::surface`], of pages and edits alone: boundaries have no say in it.
    ///
    /// # Errors
    /// As there.
    pub fn surface_of_pages(&self, x: u32, y: u32) -> Result<Option<(u32, MaterialId)>, WorldError> {
        Ok(self.reader.surface(x, y, |m| self.is_ground(m))?)
    }

    /// A dense box of cells of one level.
    ///
    /// # Errors
    /// As [`View::sample`], and for boxes that are empty or too large.
    pub fn volume(&self, bounds: &TickBox, level: u8) -> Result<Volume, WorldError> {
        let mut volume = self.reader.volume(bounds, level)?;
        if !self.boundaries.is_empty() {
            self.beside_volume(&mut volume, level)?;
        }
        Ok(volume)
    }

    fn beside_volume(&self, volume: &mut Volume, level: u8) -> Result<(), WorldError> {
        let [w, h, _] = volume.size;
        let shift = MAX_LEVEL - level.min(MAX_LEVEL);
        let origin = volume.origin;
        for (i, m) in volume.cells.iter_mut().enumerate() {
            let i = i as u32;
            let at = [i % w, i / w % h, i / w / h];
            // A cell at the world's rim may begin outside of it: nothing is there.
            let [x, y, z] = [0, 1, 2].map(|a| (origin[a] + at[a]) << shift);
            let Ok(pos) = Pos::new(x, y, z) else { continue };
            if let Some(spoken) = self.resolve(&Point::cell(pos, level), *m)
                && spoken.material != *m
                && !self.reader.sample_at_level(pos, level)?.source.is_explicit()
            {
                *m = spoken.material;
            }
        }
        Ok(())
    }
}

/// The first tick whose middle is not below an altitude.
fn tick_above(alt: f64) -> u32 {
    let tick = f64::from(SEA_LEVEL) + (alt * f64::from(TICKS_PER_METRE) - 0.5).ceil();
    tick.clamp(f64::from(WORLD_Z_MIN), f64::from(WORLD_Z_MAX)) as u32
}

impl route::Ground for View {
    #[inline]
    fn sample(&self, place: &Point) -> Result<Sample, WorldError> {
        if place.level >= MAX_LEVEL {
            return Ok(self.reader.sample(place.pos)?);
        }
        Ok(self.reader.sample_at_level(place.pos, place.level)?)
    }

    #[inline]
    fn phase(&self, material: MaterialId) -> Phase {
        self.ground().phase(material)
    }
}

impl route::Borders for View {
    #[inline]
    fn is_empty(&self) -> bool {
        self.boundaries.is_empty()
    }

    #[inline]
    fn speaks_of(&self, phase: Phase) -> bool {
        self.boundaries.speaks_of(phase)
    }

    #[inline]
    fn speak(&self, place: &Point, base: MaterialId, phase: &dyn Fn(MaterialId) -> Phase) -> Option<Spoken> {
        let resolution = edge_metres(place.level);
        let a = self.boundaries.resolve(place.at, resolution, base, &phase, Some(place.alt))?;
        Some(Spoken { material: a.material, id: a.id.clone(), side: a.side, exact_test: a.exact_test })
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
