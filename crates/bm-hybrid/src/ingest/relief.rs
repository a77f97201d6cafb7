//! Relief into pages.

use super::grid::{Window, WorldGrid, footprint};
use super::merge::{self, Sheet};
use super::sea::{dry_basins, with_rims};
use super::stack;
use super::{IngestReport, Progress};
use crate::error::WorldError;
use crate::view::View;
use crate::world::World;
use bm_codec::raster::Interpolation;
use bm_codec::strata::{Field, Fluid, Layer, Strata, earth_layers};
use bm_core::frame::{SEA_LEVEL, WORLD_X, WORLD_Y};
use bm_core::{MaterialId, Pos};
use bm_io::Relief;
use bm_octree::{Draft, parallel};
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
        let grid = WorldGrid::new(&relief.georef, relief.width, relief.height).nearest(how.nearest);
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
            let job = Job { view, relief, grid: &grid, how, dry: &dry };
            let mut plan = Vec::with_capacity(columns.len());
            for &at in &columns {
                job.plan(draft, level, at, &mut plan)?;
            }
            let (done, total) = (AtomicU64::new(0), plan.len() as u64);
            let built = {
                let draft = &*draft;
                parallel::map(&plan, how.threads, |&(level, at)| {
                    let made = job.column(draft, level, at);
                    progress(&Progress {
                        stage: "columns",
                        done: done.fetch_add(1, Ordering::Relaxed) + 1,
                        total,
                    });
                    made
                })
            };
            for (&(level, at), made) in plan.iter().zip(built) {
                let Some((strata, reach)) = made? else { continue };
                counts[0] += 1;
                counts[1] += stack::put(view, draft, level, at, Arc::new(strata), reach)?;
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

/// Most columns of pages of one ingest.
const MAX_COLUMNS: usize = 1 << 20;

/// All that building one column of pages needs.
struct Job<'a> {
    view: &'a View,
    relief: &'a Relief,
    grid: &'a WorldGrid,
    how: &'a ReliefIngest,
    dry: &'a [bool],
}

impl Job<'_> {
    /// Which columns of pages are to be made for a column of `level`: that one itself, or finer ones where it
    /// cannot hold both the new relief and what must stay beside it.
    fn plan(
        &self,
        draft: &Draft<'_>,
        level: u8,
        at: [u32; 2],
        out: &mut Vec<(u8, [u32; 2])>,
    ) -> Result<(), WorldError> {
        let (xs, ys) = footprint(level, at);
        let Some(w) = self.grid.window(xs, ys) else { return Ok(()) };
        let clash = self.grid.meets_itself(xs, ys) || !self.fits(draft, level, at, &w)?;
        if !clash {
            out.push((level, at));
            return Ok(());
        }
        let finer = level + bm_core::page::PAGE_SPAN;
        if finer > 21 || out.len() > MAX_COLUMNS {
            let detail = "its samples lie between those of another relief, too many to keep both: \
                          give it the other one's spacing, or cut it to where it is needed";
            return Err(WorldError::Data { what: "relief", detail: detail.into() });
        }
        for at in self.grid.page_columns_in(finer, xs, ys) {
            self.plan(draft, finer, at, out)?;
        }
        Ok(())
    }

    /// Whether what is there leaves the new relief the whole column, or can be merged with it.
    fn fits(&self, draft: &Draft<'_>, level: u8, at: [u32; 2], w: &Window) -> Result<bool, WorldError> {
        let data = |k: usize| self.relief.values[k] != Relief::NODATA;
        let holes = self.relief.nodata_count > 0 && !self.grid.indices(w).all(data);
        if w.whole && !holes || holes && !self.grid.indices(w).any(data) {
            return Ok(true);
        }
        let old = stack::ground(self.view, draft, level, at)?;
        Ok(old.is_none_or(|old| merge::offset(w.axes, &old, self.interpolation()).is_some()))
    }

    fn interpolation(&self) -> Interpolation {
        if self.how.nearest { Interpolation::Nearest } else { Interpolation::Bilinear }
    }

    /// The strata of one column of pages and the ticks they must reach; `None` where there is no data.
    fn column(
        &self,
        draft: &Draft<'_>,
        level: u8,
        at: [u32; 2],
    ) -> Result<Option<(Strata, [i64; 2])>, WorldError> {
        let (xs, ys) = footprint(level, at);
        let Some(w) = self.grid.window(xs, ys) else { return Ok(None) };
        let index: Vec<usize> = self.grid.indices(&w).collect();
        let values = &self.relief.values;
        if index.iter().all(|&k| values[k] == Relief::NODATA) {
            return Ok(None);
        }
        let wet = self.how.sea != Sea::Nowhere;
        let mut sheet = Sheet {
            axes: w.axes,
            size: (w.width, w.height),
            unit: self.relief.unit_ticks,
            heights: index.iter().map(|&k| Some(values[k]).filter(|&v| v != Relief::NODATA)).collect(),
            dry: index.iter().map(|&k| !wet || self.dry.get(k).is_some_and(|&d| d)).collect(),
        };
        let Under { ground, layers, .. } = base_of(self.view, draft, level, at)?;
        let mut fluid = wet.then_some(Fluid { material: MaterialId::SEAWATER, level: 0 });
        let holes = sheet.heights.iter().any(Option::is_none);
        if (holes || !w.whole)
            && let Some(old) = stack::ground(self.view, draft, level, at)?
            && let Some(offset) = merge::offset(w.axes, &old, self.interpolation())
        {
            sheet = sheet.over(&old, offset);
            fluid = fluid.or(old.fluid);
        }
        let strata = Strata { ground, layers, ..sheet.into_strata(self.interpolation(), fluid)? };
        let reach = stack::reach(self.view, draft, level, at, &strata)?;
        Ok(Some((strata, reach)))
    }
}

/// What a column of pages has below its surface, and the sea over it.
pub(crate) struct Under {
    pub(crate) ground: MaterialId,
    pub(crate) layers: Vec<Layer>,
    pub(crate) fluid: Option<Fluid>,
}

/// What lies below the surface of a column: the layers that are there already, or the Earth's shells.
pub(crate) fn base_of(view: &View, draft: &Draft<'_>, own: u8, at: [u32; 2]) -> Result<Under, WorldError> {
    let (xs, ys) = footprint(own, at);
    let (mut level, mut at) = (own, at);
    loop {
        if let Some(s) = stack::ground(view, draft, level, at)? {
            let layers = if level == own { s.layers.clone() } else { crop_layers(&s, xs, ys)? };
            return Ok(Under { ground: s.ground, layers, fluid: s.fluid });
        }
        if level < 14 {
            let (ground, layers) = earth_layers();
            return Ok(Under { ground, layers, fluid: None });
        }
        level -= bm_core::page::PAGE_SPAN;
        at = at.map(|c| c >> bm_core::page::PAGE_SPAN);
    }
}

/// The layers of coarser strata, cut to a footprint.
pub(super) fn crop_layers(s: &Strata, xs: [u32; 2], ys: [u32; 2]) -> Result<Vec<Layer>, WorldError> {
    s.layers
        .iter()
        .map(|l| {
            let top = match &l.top {
                Field::Constant(t) => Field::Constant(*t),
                Field::Raster(r) => Field::Raster(
                    r.crop(xs, ys).map_err(|e| WorldError::Data { what: "layer", detail: e.to_string() })?,
                ),
            };
            Ok(Layer { top, ..l.clone() })
        })
        .collect()
}
