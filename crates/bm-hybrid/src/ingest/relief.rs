//! Relief into pages.

use super::grid::{WorldGrid, footprint};
use super::sea::{dry_basins, with_rims};
use super::stack;
use super::{IngestReport, Progress};
use crate::error::WorldError;
use crate::view::View;
use crate::world::World;
use bm_codec::raster::{Interpolation, Raster};
use bm_codec::strata::{Datum, Field, Fluid, Layer, Mask, Strata, earth_layers};
use bm_core::frame::{SEA_LEVEL, WORLD_X, WORLD_Y};
use bm_core::{MaterialId, Pos};
use bm_io::Relief;
use bm_octree::parallel;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Where samples below sea level are sea.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sea {
    /// A global relief: everywhere but in small basins that no sea reaches. A local one: where the world
    /// has water already, or everywhere if it has no relief there.
    #[default]
    Auto,
    /// Wherever the ground is below sea level.
    Everywhere,
    /// Nowhere.
    Nowhere,
}

/// How relief becomes pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReliefIngest {
    /// Where there is sea.
    pub sea: Sea,
    /// Nearest samples instead of bilinear ones: terraces instead of slopes.
    pub nearest: bool,
    /// Threads to use; 0 means as many as the machine has. The result does not depend on it.
    pub threads: usize,
}

impl ReliefIngest {
    /// Sets [`ReliefIngest::sea`].
    #[must_use]
    pub const fn sea(mut self, sea: Sea) -> Self {
        self.sea = sea;
        self
    }

    /// Sets [`ReliefIngest::nearest`].
    #[must_use]
    pub const fn nearest(mut self, nearest: bool) -> Self {
        self.nearest = nearest;
        self
    }

    /// Sets [`ReliefIngest::threads`].
    #[must_use]
    pub const fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }
}

/// How far the world's own relief may rise or fall between the samples of a finer one, in ticks: it
/// decides how tall a stack of pages must be to replace it.
const MARGIN: i64 = 64 * 4;

impl World {
    /// Lays relief into the world as one commit: the ground's surface, the sea over it, the world's strata
    /// (or the Earth's shells) below. Where the relief has no data, what was there stays.
    ///
    /// `progress` is told now and then, from any thread.
    ///
    /// # Errors
    /// [`WorldError`]; the world is then unchanged.
    pub fn ingest_relief(
        &self,
        relief: &Relief,
        how: &ReliefIngest,
        progress: &(dyn Fn(&Progress) + Sync),
    ) -> Result<IngestReport, WorldError> {
        let start = Instant::now();
        let grid = WorldGrid::new(&relief.georef, relief.width, relief.height);
        let level = grid.tier();
        let columns = grid.page_columns(level);
        let mut counts = [0u64; 2];
        let mut dry_count = 0;
        let encoding = |done, total| progress(&Progress { stage: "compress", done, total });
        let what = format!("relief {}×{} from {}", relief.width, relief.height, relief.source.format);
        let version = self.commit_with(&what, &encoding, |view, draft| {
            draft.threads(how.threads);
            let dry = dry_samples(view, relief, &grid, how.sea)?;
            dry_count = dry.iter().zip(&relief.values).filter(|&(&d, &v)| d && v < 0).count() as u64;
            let job = Job { view, relief, grid: &grid, how, dry: &dry, level };
            let (done, total) = (AtomicU64::new(0), columns.len() as u64);
            let built = {
                let draft = &*draft;
                parallel::map(&columns, how.threads, |&at| {
                    let made = job.column(draft, at);
                    progress(&Progress { stage: "columns", done: done.fetch_add(1, Ordering::Relaxed) + 1, total });
                    made
                })
            };
            for (at, made) in columns.iter().zip(built) {
                let Some((strata, reach)) = made? else { continue };
                counts[0] += 1;
                counts[1] += stack::put(view, draft, level, *at, Arc::new(strata), reach)?;
            }
            if counts[0] == 0 {
                let detail = "no sample lies inside the world".into();
                return Err(WorldError::Data { what: "relief", detail });
            }
            Ok(())
        })?;
        Ok(IngestReport {
            version,
            samples: relief.values.len() as u64,
            holes: relief.nodata_count as u64,
            dry: dry_count,
            page_level: level,
            pages: counts,
            elapsed: start.elapsed(),
        })
    }
}

fn dry_samples(view: &View, relief: &Relief, grid: &WorldGrid, sea: Sea) -> Result<Vec<bool>, WorldError> {
    match sea {
        Sea::Everywhere | Sea::Nowhere => Ok(Vec::new()),
        Sea::Auto if grid.wraps => Ok(with_rims(dry_basins(relief, grid), relief, grid)),
        Sea::Auto => {
            let mut dry = vec![false; relief.values.len()];
            for (k, d) in dry.iter_mut().enumerate() {
                let v = relief.values[k];
                if v == Relief::NODATA || v >= 0 {
                    continue;
                }
                let Some([x, y]) = sample_column(grid, k % relief.width, k / relief.width) else { continue };
                // Air just below sea level: the world knows a dry basin here.
                *d = view.sample(Pos::new(x, y, SEA_LEVEL - 1)?)?.material == MaterialId::AIR;
            }
            Ok(with_rims(dry, relief, grid))
        }
    }
}

/// The voxel column in which a sample lies; the last one for a sample on the north pole itself.
pub(crate) fn sample_column(grid: &WorldGrid, i: usize, j: usize) -> Option<[u32; 2]> {
    let at = |a: bm_codec::raster::Axis, i: usize| (a.origin + i as i64 * a.step).div_euclid(a.den);
    let y = at(grid.y, j);
    let x = at(grid.x, i).rem_euclid(WORLD_X.into());
    (0..=i64::from(WORLD_Y)).contains(&y).then(|| [x as u32, (y as u32).min(WORLD_Y - 1)])
}

/// All that building one column of pages needs.
struct Job<'a> {
    view: &'a View,
    relief: &'a Relief,
    grid: &'a WorldGrid,
    how: &'a ReliefIngest,
    dry: &'a [bool],
    level: u8,
}

impl Job<'_> {
    /// The strata of one column of pages and the ticks they must reach; `None` where there is no data.
    fn column(&self, draft: &bm_octree::Draft<'_>, at: [u32; 2]) -> Result<Option<(Strata, [i64; 2])>, WorldError> {
        let (xs, ys) = footprint(self.level, at);
        let Some(w) = self.grid.window(xs, ys) else { return Ok(None) };
        let index: Vec<usize> = self.grid.indices(&w).collect();
        let values = &self.relief.values;
        let Some(known) = index.iter().map(|&k| values[k]).find(|&v| v != Relief::NODATA) else {
            return Ok(None);
        };
        // Holes get their neighbour's height, which costs the least to store.
        let mut last = known;
        let samples: Vec<i32> = index
            .iter()
            .map(|&k| {
                if values[k] != Relief::NODATA {
                    last = values[k];
                }
                last
            })
            .collect();
        let how = if self.how.nearest { Interpolation::Nearest } else { Interpolation::Bilinear };
        let unit = self.relief.unit_ticks as u16;
        let surface = Raster::new(w.axes, (w.width, w.height), unit, how, &samples)
            .map_err(|e| WorldError::Data { what: "relief", detail: e.to_string() })?;
        let (ground, layers) = self.layers(draft, at)?;
        let mut strata = Strata::new(surface, ground);
        strata.layers = layers;
        if self.relief.nodata_count > 0 {
            strata.holes = Mask::new(index.len(), |i| values[index[i]] == Relief::NODATA);
        }
        if self.how.sea != Sea::Nowhere {
            strata.fluid = Some(Fluid { material: MaterialId::SEAWATER, level: 0 });
            if !self.dry.is_empty() {
                strata.dry = Mask::new(index.len(), |i| self.dry[index[i]]);
            }
        }
        let reach = self.reach(&strata, &index)?;
        Ok(Some((strata, reach)))
    }

    /// What lies below the surface: the layers that are there already, or the Earth's shells.
    fn layers(&self, draft: &bm_octree::Draft<'_>, at: [u32; 2]) -> Result<(MaterialId, Vec<Layer>), WorldError> {
        let (xs, ys) = footprint(self.level, at);
        let (mut level, mut at) = (self.level, at);
        loop {
            if let Some((_, s)) = stack::owner(self.view, draft, level, at)? {
                let layers = if level == self.level { s.layers.clone() } else { crop_layers(&s, xs, ys)? };
                return Ok((s.ground, layers));
            }
            if level < 14 {
                return Ok(earth_layers());
            }
            level -= bm_core::page::PAGE_SPAN;
            at = at.map(|c| c >> bm_core::page::PAGE_SPAN);
        }
    }

    /// The ticks over which the new strata may differ from what the pages around would answer.
    fn reach(&self, s: &Strata, index: &[usize]) -> Result<[i64; 2], WorldError> {
        let [mut lo, mut hi] = stack::reach(s);
        if s.fluid.is_some() {
            hi = hi.max(0);
        }
        // Layers that hang below the surface or have a shape of their own reach further down.
        for l in &s.layers {
            if let Field::Raster(r) = &l.top {
                let (w, h) = r.size();
                for k in 0..w * h {
                    let v = i64::from(r.sample(k % w, k / w)) * i64::from(r.unit());
                    lo = lo.min(if l.datum == Datum::Surface { lo - v.max(0) } else { v });
                }
            }
        }
        if self.level > 7 {
            // What is replaced may itself rise higher or lie lower.
            for &k in index {
                let Some([x, y]) = sample_column(self.grid, k % self.relief.width, k / self.relief.width) else { continue };
                if let Some((top, _)) = self.view.surface(x, y)? {
                    let rel = i64::from(top) - i64::from(SEA_LEVEL);
                    lo = lo.min(rel - MARGIN);
                    hi = hi.max(rel + MARGIN);
                }
            }
        }
        Ok([lo, hi])
    }
}

/// The layers of coarser strata, cut to a footprint.
pub(super) fn crop_layers(s: &Strata, xs: [u32; 2], ys: [u32; 2]) -> Result<Vec<Layer>, WorldError> {
    s.layers
        .iter()
        .map(|l| {
            let top = match &l.top {
                Field::Constant(t) => Field::Constant(*t),
                Field::Raster(r) => Field::Raster(r.crop(xs, ys).map_err(|e| WorldError::Data { what: "layer", detail: e.to_string() })?),
            };
            Ok(Layer { top, ..l.clone() })
        })
        .collect()
}
