//! Land back into pages.

use super::coast;
use super::seed::{Seeding, column_of};
use crate::error::WorldError;
use crate::ingest::grid::{Window, WorldGrid, footprint};
use crate::ingest::merge::Sheet;
use crate::ingest::{Progress, relief, stack};
use crate::view::View;
use crate::world::World;
use bm_codec::body::{Base, Body};
use bm_codec::raster::{Interpolation, Raster, SCALE_BITS};
use bm_codec::strata::{Datum, Field, Fluid, Layer, Strata};
use bm_core::frame::{MAX_LEVEL, SEA_LEVEL, TICKS_PER_METRE};
use bm_core::page::{PAGE_SPAN, SUBCELLS};
use bm_core::{MaterialId, PageId, Pos};
use bm_grid::{Bounds, DVec2, Region, Window as Part};
use bm_octree::{Draft, parallel};
use bm_process::state::State;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What land was taken from.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Where.
    pub region: Region,
    /// Of which version.
    pub version: u64,
    /// How.
    pub seeding: Seeding,
    /// What was read, as a hash.
    pub fingerprint: u128,
    /// Heights it had, m; NaN where there was no ground.
    pub heights: Vec<f64>,
}

/// How land is laid back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Back {
    /// Also if the region has changed since it was taken: what was changed is then lost.
    pub force: bool,
    /// Threads to use; 0 means as many as the machine has. The result does not depend on it.
    pub threads: usize,
    /// Leave coastlines where they are, though the land's shores have moved.
    pub keep_coasts: bool,
}

impl Back {
    /// Sets [`Back::keep_coasts`].
    #[must_use]
    pub const fn keep_coasts(mut self, keep: bool) -> Self {
        self.keep_coasts = keep;
        self
    }

    /// Sets [`Back::force`].
    #[must_use]
    pub const fn force(mut self, force: bool) -> Self {
        self.force = force;
        self
    }
}

/// What a commit of land did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Landed {
    /// The new version.
    pub version: u64,
    /// Cells whose height changed by a quarter metre or more.
    pub changed: u64,
    /// Columns of pages laid, and pages that share them.
    pub pages: [u64; 2],
    /// Explicit cells that were given back to the ground function, as the land around them changed.
    pub cleared: u64,
    /// Coastlines that follow the land's shores now, and those that could not because they go on beyond the region.
    pub coasts: [u64; 2],
    /// How long it took.
    pub elapsed: Duration,
}

impl World {
    /// Commits land that was taken from a region back: its surface and strata become the world's, in one commit.
    ///
    /// The region then has the land's resolution: the surface between cells' middles is bilinear. Deeper than what was looked at,
    /// layers stay where they are. Edits stay as well, but for those that lie where the ground was worn away or laid on. Cells that are no
    /// number stay as they were. Coastlines that lie in the region move with its shores ([`coast`]).
    ///
    /// # Errors
    /// [`WorldError::Stale`] when the region says something else now than when it was taken: nothing is written.
    /// [`WorldError::Data`] when the land does not fit the region. Errors of the store; the world is then unchanged.
    pub fn commit_land(
        &self,
        origin: &Origin,
        land: &State,
        how: &Back,
        what: &str,
        progress: &(dyn Fn(&Progress) + Sync),
    ) -> Result<Landed, WorldError> {
        let start = Instant::now();
        let mut landed = Landed { changed: origin.changed(land)?, ..Landed::default() };
        let encoding = |done, total| progress(&Progress { stage: "compress", done, total });
        landed.version = self.commit_both(what, &encoding, |view, draft| {
            draft.threads(how.threads);
            if !how.force {
                origin.check(view, how.threads)?;
            }
            let rimmed = Land::new(origin, land, view, how.threads)?;
            landed.pages = rimmed.lay(view, draft, how.threads, progress)?;
            landed.cleared = rimmed.clear(view, draft)?;
            if how.keep_coasts || landed.changed == 0 {
                return Ok(Vec::new());
            }
            let (changes, beyond) = coast::follow(view, land)?;
            landed.coasts = [changes.len() as u64, beyond];
            Ok(changes)
        })?;
        landed.elapsed = start.elapsed();
        Ok(landed)
    }
}

impl Origin {
    /// Cells whose height is another now.
    fn changed(&self, land: &State) -> Result<u64, WorldError> {
        let bad = |detail: String| WorldError::Data { what: "land", detail };
        let (w, h) = (self.region.width() as usize, self.region.height() as usize);
        if (land.ground.width, land.ground.height) != (w, h) || self.heights.len() != w * h {
            let (lw, lh) = (land.ground.width, land.ground.height);
            return Err(bad(format!("{lw} × {lh} cells do not fit a region of {w} × {h}")));
        }
        if let Some(z) = land.ground.values.iter().find(|z| z.abs() > 1e6) {
            return Err(bad(format!("a height of {z} m")));
        }
        let both = land.ground.values.iter().zip(&self.heights);
        Ok(both.filter(|(a, b)| a.is_nan() != b.is_nan() || ticks(**a) != ticks(**b)).count() as u64)
    }

    /// Whether the region still says what it said.
    fn check(&self, view: &View, threads: usize) -> Result<(), WorldError> {
        if view.version() == self.version {
            return Ok(());
        }
        let now = view.seed(&self.region, &Seeding { threads, ..self.seeding }, &|_| ())?;
        if now.fingerprint == self.fingerprint {
            return Ok(());
        }
        let moved = now.state.ground.values.iter().zip(&self.heights);
        let cells = moved.filter(|(a, b)| a.to_bits() != b.to_bits()).count() as u64;
        Err(WorldError::Stale { taken: self.version, newest: view.version(), cells })
    }
}

/// The tier from which on pages are filled up at the rim, with what is there.
const FILLED: u8 = 14;

/// How land lies in a column of pages.
enum Cover {
    /// Not at all.
    None,
    /// Everywhere.
    Whole,
    /// In a part of it, and there are no strata there.
    Beside,
    /// In a part of it, and there are others.
    Clash,
}

/// Land as rasters of ticks, with a rim of the world around it.
struct Land {
    /// The region with the rim.
    region: Region,
    grid: WorldGrid,
    /// Heights from sea level; none where there is no land.
    heights: Vec<Option<i32>>,
    /// The same before.
    before: Vec<Option<i32>>,
    /// Strata from above with the depth below the surface at which each ends.
    strata: Vec<(MaterialId, Vec<i32>)>,
    basement: MaterialId,
}

/// Metres as ticks.
fn ticks(metres: f64) -> i32 {
    (metres * f64::from(TICKS_PER_METRE)).round() as i32
}

/// The numbers of a window's cells, row by row.
fn cells_of(w: Part, width: usize) -> impl Iterator<Item = usize> {
    let (x, y) = (w.x as usize, w.y as usize);
    (y..y + w.height as usize).flat_map(move |row| row * width + x..row * width + x + w.width as usize)
}

impl Land {
    /// A sample of the world is laid around the land, so that its surface meets what is there.
    fn new(origin: &Origin, land: &State, view: &View, threads: usize) -> Result<Self, WorldError> {
        let region = origin.region.grown([1; 4]);
        let (width, cells) = (region.width() as usize, region.cells() as usize);
        let Some(inner) = region.window_of(&origin.region) else {
            return Err(WorldError::Data { what: "region", detail: "is no part of itself".into() });
        };
        let mut made = Self {
            region,
            grid: WorldGrid::of_cells(&region),
            heights: vec![None; cells],
            before: vec![None; cells],
            strata: Vec::new(),
            basement: land.strata.basement(),
        };
        let tick = |z: &f64| z.is_finite().then(|| ticks(*z));
        let both = land.ground.values.iter().zip(&origin.heights);
        for (k, (now, before)) in cells_of(inner, width).zip(both) {
            (made.heights[k], made.before[k]) = (tick(now), tick(before));
        }
        let mut parts = vec![(inner, land.strata.clone())];
        let (w, h) = (region.width(), region.height());
        let (right, top) = (inner.x + inner.width, inner.y + inner.height);
        for window in [
            Part { x: 0, y: 0, width: w, height: inner.y },
            Part { x: 0, y: top, width: w, height: h - top },
            Part { x: 0, y: inner.y, width: inner.x, height: inner.height },
            Part { x: right, y: inner.y, width: w - right, height: inner.height },
        ] {
            if window.width == 0 || window.height == 0 {
                continue;
            }
            let Some(part) = region.part(window) else { continue };
            let seed = view.seed(&part, &Seeding { threads, ..origin.seeding }, &|_| ())?.state;
            for (k, z) in cells_of(window, width).zip(&seed.ground.values) {
                (made.heights[k], made.before[k]) = (tick(z), tick(z));
            }
            parts.push((window, seed.strata));
        }
        made.stack(&parts);
        Ok(made)
    }

    /// Brings the strata of all parts into one order.
    fn stack(&mut self, parts: &[(Part, bm_process::strata::Strata)]) {
        let (cells, width) = (self.heights.len(), self.region.width() as usize);
        let mut order: Vec<MaterialId> = Vec::new();
        let mut thick: Vec<Vec<f32>> = Vec::new();
        for (window, strata) in parts {
            // What a part stands on is one of its strata where the land stands on something else.
            let endless = (strata.basement() != self.basement).then_some((strata.basement(), None));
            let own = strata.strata().iter().map(|s| (s.material, Some(&s.thickness)));
            let mut at = 0;
            for (material, thickness) in own.chain(endless) {
                if thickness.is_some_and(|t| t.iter().all(|&t| t == 0.0)) {
                    continue;
                }
                at = match order[at..].iter().position(|&m| m == material) {
                    Some(k) => at + k,
                    None => {
                        order.insert(at, material);
                        thick.insert(at, vec![0.0; cells]);
                        at
                    }
                };
                for (n, cell) in cells_of(*window, width).enumerate() {
                    thick[at][cell] = thickness.map_or(1e4, |t| t[n]);
                }
                at += 1;
            }
        }
        let mut down = vec![0.0f64; cells];
        let ends = |thick: Vec<f32>| {
            for (down, thick) in down.iter_mut().zip(thick) {
                *down += f64::from(thick);
            }
            // No surface is ever worn so far down.
            down.iter().map(|d| ticks(d.min(1e6))).collect()
        };
        self.strata = order.into_iter().zip(thick.into_iter().map(ends)).collect();
    }

    fn speaks(&self, cell: usize) -> bool {
        self.heights[cell].is_some()
    }

    fn lay(
        &self,
        view: &View,
        draft: &mut Draft<'_>,
        threads: usize,
        progress: &(dyn Fn(&Progress) + Sync),
    ) -> Result<[u64; 2], WorldError> {
        let level = self.grid.tier();
        let mut plan = Vec::new();
        for at in self.grid.page_columns(level) {
            self.plan(view, draft, level, at, &mut plan)?;
        }
        let (done, total) = (AtomicU64::new(0), plan.len() as u64);
        let built = {
            let draft = &*draft;
            parallel::map(&plan, threads, |&(level, at)| {
                let made = match self.covers(view, draft, level, at) {
                    Ok(Cover::Clash) => self.rim_column(view, draft, level, at),
                    Ok(_) => self.column(view, draft, level, at),
                    Err(e) => Err(e),
                };
                let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                progress(&Progress { stage: "columns", done, total });
                made
            })
        };
        let mut counts = [0; 2];
        for (&(level, at), made) in plan.iter().zip(built) {
            let Some((strata, reach)) = made? else { continue };
            counts[0] += 1;
            counts[1] += stack::put(view, draft, level, at, Arc::new(strata), reach)?;
            self.outdate(view, draft, level, at)?;
        }
        Ok(counts)
    }

    /// Which columns of pages are to be made: coarse ones where the land covers them or nothing of their own is in
    /// them, else finer ones.
    fn plan(
        &self,
        view: &View,
        draft: &Draft<'_>,
        level: u8,
        at: [u32; 2],
        out: &mut Vec<(u8, [u32; 2])>,
    ) -> Result<(), WorldError> {
        match self.covers(view, draft, level, at)? {
            Cover::None => {}
            Cover::Whole | Cover::Beside => out.push((level, at)),
            Cover::Clash if level >= FILLED => out.push((level, at)),
            Cover::Clash => {
                let (xs, ys) = footprint(level, at);
                for at in self.grid.page_columns_in(level + PAGE_SPAN, xs, ys) {
                    self.plan(view, draft, level + PAGE_SPAN, at, out)?;
                }
            }
        }
        Ok(())
    }

    fn covers(&self, view: &View, draft: &Draft<'_>, level: u8, at: [u32; 2]) -> Result<Cover, WorldError> {
        let (xs, ys) = footprint(level, at);
        let Some(w) = self.grid.window(xs, ys) else { return Ok(Cover::None) };
        let meets = self.grid.meets_itself(xs, ys);
        let (mut any, mut all) = (false, w.whole && !meets);
        for k in self.grid.indices(&w) {
            let speaks = self.speaks(k);
            any |= speaks;
            all &= speaks;
        }
        Ok(match (any, all) {
            (false, _) => Cover::None,
            (true, true) => Cover::Whole,
            _ if !meets && stack::owner(view, draft, level, at)?.is_none() => Cover::Beside,
            _ => Cover::Clash,
        })
    }

    /// This land within one column of pages, filled up with what the world has beside it, at the finer of both
    /// resolutions.
    fn filled_up(&self, view: &View, old: &Strata, level: u8, at: [u32; 2]) -> Result<Self, WorldError> {
        let (xs, ys) = footprint(level, at);
        let per = f64::from(TICKS_PER_METRE);
        let old_cell = old.surface.axes().0.step as f64 / old.surface.axes().0.den as f64 / per;
        let cell = old_cell.min(self.region.cell_size());
        let bad = |e: bm_grid::GridError| WorldError::Data { what: "region", detail: e.to_string() };
        // The region may begin on the other side of the date line.
        let turn = self.turn(xs);
        let finer = cell < self.region.cell_size();
        let region = if finer {
            // The samples of what is there.
            let first = |axis: bm_codec::raster::Axis, from: u32| {
                let k = axis.sample_before(from);
                (axis.origin + k * axis.step) as f64 / axis.den as f64 / per - cell / 2.0
            };
            let (ax, ay) = old.surface.axes();
            let min = DVec2::new(first(ax, xs[0]), first(ay, ys[0]));
            let max = DVec2::new(f64::from(xs[1]), f64::from(ys[1])) / per + 2.0 * cell;
            Region::in_world(Bounds { min, max }, cell).map_err(bad)?
        } else {
            let metres = |t: [u32; 2]| t.map(|t| f64::from(t) / per);
            let ([x0, x1], [y0, y1]) = (metres(xs).map(|x| x + turn), metres(ys));
            let b = self.region.bounds();
            let more = |have: f64, want: f64| ((have - want) / cell).ceil().max(0.0) as u32 + 2;
            let grown = self.region.grown([
                more(b.min.x, x0),
                more(b.min.y, y0),
                more(x1, b.max.x),
                more(y1, b.max.y),
            ]);
            let margin = DVec2::splat(2.0 * cell);
            let page = Bounds { min: DVec2::new(x0, y0) - margin, max: DVec2::new(x1, y1) + margin };
            grown.overlapping(page).and_then(|w| grown.part(w)).unwrap_or(grown)
        };
        let seed = view.seed(&region, &Seeding { threads: 1, ..Seeding::default() }, &|_| ())?.state;
        let tick = |z: &f64| z.is_finite().then(|| ticks(*z));
        let before: Vec<Option<i32>> = seed.ground.values.iter().map(tick).collect();
        let mut made = Self {
            region,
            grid: WorldGrid::of_cells(&region),
            heights: before.clone(),
            before,
            strata: Vec::new(),
            basement: self.basement,
        };
        let width = region.width() as usize;
        let mut spots = Vec::new();
        for k in 0..made.heights.len() {
            let Some(p) = region.cell_center((k % width) as u32, (k / width) as u32) else { continue };
            let p = if finer { p + DVec2::new(turn, 0.0) } else { p };
            let Some(spot) = self.spot(p) else { continue };
            made.heights[k] = self.between(&self.heights, p);
            made.before[k] = self.between(&self.before, p);
            spots.push((k, spot));
        }
        made.stack(&[(region.window(), seed.strata)]);
        made.take_strata(self, &spots);
        Ok(made)
    }

    /// How many metres further the region lies than columns of pages, if it goes over the date line.
    fn turn(&self, xs: [u32; 2]) -> f64 {
        let per = f64::from(TICKS_PER_METRE);
        let world = f64::from(bm_core::frame::WORLD_X) / per;
        let b = self.region.bounds();
        let (x0, x1) = (f64::from(xs[0]) / per, f64::from(xs[1]) / per);
        let meets = |turn: &f64| x0 + turn < b.max.x && b.min.x < x1 + turn;
        [0.0, world, -world].into_iter().find(meets).unwrap_or(0.0)
    }

    /// The cell that holds a point, if four samples with heights lie around it.
    fn spot(&self, p: DVec2) -> Option<usize> {
        self.between(&self.heights, p)?;
        let (x, y) = self.region.world_to_cell(p)?;
        Some(y as usize * self.region.width() as usize + x as usize)
    }

    /// The bilinear height at a point.
    fn between(&self, heights: &[Option<i32>], p: DVec2) -> Option<i32> {
        let at = (p - self.region.bounds().min) / self.region.cell_size() - 0.5;
        let (i, w) = (at.floor(), at - at.floor());
        let (width, height) = (f64::from(self.region.width()), f64::from(self.region.height()));
        if i.x < 0.0 || i.y < 0.0 || i.x + w.x.ceil() >= width || i.y + w.y.ceil() >= height {
            return None;
        }
        let k = i.y as usize * self.region.width() as usize + i.x as usize;
        let (e, n) = (w.x.ceil() as usize, w.y.ceil() as usize * self.region.width() as usize);
        let z = |k: usize| heights[k].map(f64::from);
        let south = z(k)? * (1.0 - w.x) + z(k + e)? * w.x;
        let north = z(k + n)? * (1.0 - w.x) + z(k + n + e)? * w.x;
        Some((south * (1.0 - w.y) + north * w.y).round() as i32)
    }

    /// Takes the strata of other land over in some cells.
    fn take_strata(&mut self, other: &Self, spots: &[(usize, usize)]) {
        let cells = self.heights.len();
        // As thicknesses, in an order that holds both.
        let thick = |strata: &[(MaterialId, Vec<i32>)]| -> Vec<(MaterialId, Vec<i32>)> {
            let mut above: Option<&Vec<i32>> = None;
            let mut out = Vec::new();
            for (material, ends) in strata {
                let own = ends.iter().enumerate().map(|(k, e)| e - above.map_or(0, |a| a[k])).collect();
                out.push((*material, own));
                above = Some(ends);
            }
            out
        };
        let (mine, theirs) = (thick(&self.strata), thick(&other.strata));
        let mut order: Vec<(MaterialId, Vec<i32>)> = mine;
        for (_, own) in &mut order {
            for &(k, _) in spots {
                own[k] = 0;
            }
        }
        let mut at = 0;
        for (material, from) in theirs {
            let found = order[at..].iter().position(|(m, _)| *m == material);
            at = match found {
                Some(k) => at + k,
                None => {
                    order.insert(at, (material, vec![0; cells]));
                    at
                }
            };
            for &(k, spot) in spots {
                order[at].1[k] = from[spot];
            }
            at += 1;
        }
        let mut down = vec![0; cells];
        for (_, own) in &mut order {
            for (own, down) in own.iter_mut().zip(&mut down) {
                *down += *own;
                *own = *down;
            }
        }
        self.strata = order;
    }

    /// A column of pages that has other strata beside the land.
    fn rim_column(
        &self,
        view: &View,
        draft: &Draft<'_>,
        level: u8,
        at: [u32; 2],
    ) -> Result<Option<(Strata, [i64; 2])>, WorldError> {
        let Some((_, old)) = stack::owner(view, draft, level, at)? else {
            return self.column(view, draft, level, at);
        };
        self.filled_up(view, &old, level, at)?.column(view, draft, level, at)
    }

    fn column(
        &self,
        view: &View,
        draft: &Draft<'_>,
        level: u8,
        at: [u32; 2],
    ) -> Result<Option<(Strata, [i64; 2])>, WorldError> {
        let (xs, ys) = footprint(level, at);
        let Some(w) = self.grid.window(xs, ys) else { return Ok(None) };
        let index: Vec<usize> = self.grid.indices(&w).collect();
        let sheet = Sheet {
            axes: w.axes,
            size: (w.width, w.height),
            unit: 1,
            heights: index.iter().map(|&k| self.heights[k]).collect(),
            dry: self.dry(view, &index)?,
        };
        let old = relief::base_of(view, draft, level, at)?;
        let (ground, layers) = self.layers(&w, &index, &old)?;
        let fluid = old.fluid.unwrap_or(Fluid { material: MaterialId::SEAWATER, level: 0 });
        let strata = Strata { ground, layers, ..sheet.into_strata(Interpolation::Bilinear, Some(fluid))? };
        let mut reach = stack::reach(view, draft, level, at, &strata)?;
        // What this column had itself may have been higher or lower.
        for &k in &index {
            let Some(z) = self.before[k] else { continue };
            reach = [reach[0].min(z.into()), reach[1].max(z.into())];
        }
        Ok(Some((strata, reach)))
    }

    /// Samples below sea level over which no sea stands: where there was none, and where the land was above it.
    fn dry(&self, view: &View, index: &[usize]) -> Result<Vec<bool>, WorldError> {
        let width = self.region.width() as usize;
        let is_dry = |&k: &usize| {
            let low = self.heights[k].is_some_and(|z| z < 0);
            if !low || self.before[k].is_none_or(|z| z >= 0) {
                return Ok(false);
            }
            let [x, y] = column_of(&self.region, (k % width) as u32, (k / width) as u32);
            Ok(view.sample(Pos::new(x, y, SEA_LEVEL - 1)?)?.material == MaterialId::AIR)
        };
        index.iter().map(is_dry).collect()
    }

    /// The ground's topmost material and the layers of a column of pages: the land's strata, and below them what the
    /// world has there.
    fn layers(
        &self,
        w: &Window,
        index: &[usize],
        old: &relief::Under,
    ) -> Result<(MaterialId, Vec<Layer>), WorldError> {
        let raster = |samples: Vec<i32>| {
            Raster::new(w.axes, (w.width, w.height), 1, Interpolation::Bilinear, &samples)
                .map(Field::Raster)
                .map_err(|e| WorldError::Data { what: "layer", detail: e.to_string() })
        };
        let mut ground = None;
        let mut layers: Vec<Layer> = Vec::new();
        // Where the material before ends, the next begins.
        let mut begins = vec![0; index.len()];
        let basement = (self.basement, None);
        for (material, ends) in
            self.strata.iter().map(|(material, ends)| (*material, Some(ends))).chain([basement])
        {
            let gone = ends.is_some_and(|ends| index.iter().zip(&begins).all(|(&k, &b)| ends[k] == b));
            if gone {
                continue;
            }
            if ground.is_none() {
                ground = Some(material);
            } else {
                let top = raster(begins.clone())?;
                layers.push(Layer { material, datum: Datum::Surface, top });
            }
            if let Some(ends) = ends {
                begins = index.iter().map(|&k| ends[k]).collect();
            }
        }
        let ground = ground.unwrap_or(self.basement);
        // The world's own layers below the basement go on where they were.
        let same = |m: MaterialId| m == self.basement;
        let from = old.layers.iter().rposition(|l| same(l.material)).map(|k| k + 1);
        let from = from.or(same(old.ground).then_some(0));
        for (k, layer) in old.layers.iter().enumerate() {
            match (layer.datum, from) {
                (Datum::SeaLevel, Some(from)) if k < from => {}
                (Datum::SeaLevel, _) => layers.push(layer.clone()),
                (Datum::Surface, Some(from)) if k >= from => {
                    let depths = index.iter().zip(&begins).map(|(&k, &b)| self.deep(layer, k).max(b));
                    let top = raster(depths.collect())?;
                    layers.push(Layer { top, ..layer.clone() });
                }
                (Datum::Surface, _) => {}
            }
        }
        Ok((ground, layers))
    }

    /// How deep below the new surface an old layer lies that hangs below the old one.
    fn deep(&self, layer: &Layer, cell: usize) -> i32 {
        let width = self.region.width() as usize;
        let [x, y] = column_of(&self.region, (cell % width) as u32, (cell / width) as u32);
        let depth = match &layer.top {
            Field::Constant(ticks) => *ticks,
            Field::Raster(r) => r.locate(x, y).map_or(0, |spot| (r.height(spot) >> SCALE_BITS) as i32),
        };
        match (self.heights[cell], self.before[cell]) {
            (Some(now), Some(before)) => depth + now - before,
            _ => depth,
        }
    }

    /// Finer strata inside a column that the land covers wholly are outdated: what is explicit in their pages stays.
    fn outdate(&self, view: &View, draft: &mut Draft<'_>, level: u8, at: [u32; 2]) -> Result<(), WorldError> {
        let mut queue = Vec::new();
        for tz in stack::existing(view, level, at)? {
            let Some(page) = PageId::new(level, [at[0], at[1], tz]) else { continue };
            queue.extend(view.tree().pages_below(page)?);
        }
        let mut all = BTreeSet::new();
        while let Some(id) = queue.pop() {
            queue.extend(view.tree().pages_below(id)?);
            all.insert(id);
        }
        // From the finest: a page that has others inside stays.
        let mut kept: BTreeSet<PageId> = BTreeSet::new();
        for &id in all.iter().rev() {
            let [x, y, _] = id.cell().coords();
            let (xs, ys) = footprint(id.level(), [x, y]);
            let covered = self
                .grid
                .window(xs, ys)
                .is_some_and(|w| w.whole && self.grid.indices(&w).all(|k| self.speaks(k)));
            let Some(body) = draft.get(id)? else { continue };
            if covered && matches!(body.base, Base::Strata(_) | Base::Shared(_)) {
                if body.exceptions.is_empty() && !kept.contains(&id) {
                    draft.remove(id);
                    continue;
                }
                draft.put(id, Body { base: Base::Inherit, ..body });
            }
            kept.extend(id.parent());
        }
        Ok(())
    }

    /// Gives explicit cells back to the ground where it was worn away or laid on under or around them.
    fn clear(&self, view: &View, draft: &mut Draft<'_>) -> Result<u64, WorldError> {
        let mut cleared = 0;
        let mut queue = vec![PageId::ROOT];
        while let Some(id) = queue.pop() {
            let [x, y, z] = id.cell().coords();
            let (xs, ys) = footprint(id.level(), [x, y]);
            if id.level() > 0 && self.grid.window(xs, ys).is_none() {
                continue;
            }
            queue.extend(view.tree().pages_below(id)?);
            let Some(body) = draft.get(id)? else { continue };
            if body.exceptions.is_empty() {
                continue;
            }
            let mut edits = Vec::new();
            let sub_level = id.level() + PAGE_SPAN;
            for (from, to, content) in body.exceptions.runs(0, SUBCELLS) {
                if content.is_none() {
                    continue;
                }
                for sub in from..to {
                    let inside = bm_morton::decode3_u64(sub.into());
                    let at = [0, 1, 2].map(|a| ([x, y, z][a] << PAGE_SPAN) + inside[a]);
                    if self.disturbs(at, sub_level) {
                        match edits.last_mut() {
                            Some((_, end, None)) if *end == sub => *end = sub + 1,
                            _ => edits.push((sub, sub + 1, None)),
                        }
                        cleared += 1;
                    }
                }
            }
            if !edits.is_empty() {
                draft.edit(id, &edits)?;
            }
        }
        Ok(cleared)
    }

    /// Whether the ground changed where a cell of the tree lies, or below it.
    fn disturbs(&self, [x, y, z]: [u32; 3], level: u8) -> bool {
        let shift = MAX_LEVEL - level;
        let half = (1u32 << shift) / 2;
        let middle = |c: u32| f64::from((c << shift) + half) / f64::from(TICKS_PER_METRE);
        let at = bm_grid::DVec2::new(middle(x), middle(y));
        let turn = bm_grid::DVec2::new(bm_core::frame::WORLD_X as f64 / f64::from(TICKS_PER_METRE), 0.0);
        let region = &self.region;
        let cell = [at, at - turn, at + turn].into_iter().find_map(|p| region.world_to_cell(p));
        let Some((cx, cy)) = cell else { return false };
        let k = cy as usize * region.width() as usize + cx as usize;
        let (Some(now), Some(before)) = (self.heights[k], self.before[k]) else { return false };
        let top = i64::from((z + 1) << shift) - i64::from(SEA_LEVEL);
        now != before && top > i64::from(now.min(before))
    }
}
