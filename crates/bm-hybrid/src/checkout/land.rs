//! Land as columns of pages.

use super::commit::{self, Back, Origin, lakes};
use super::seed::{Seeding, column_of, metres};
use crate::error::WorldError;
use crate::ingest::grid::{self, WorldGrid, footprint};
use crate::ingest::merge::Sheet;
use crate::ingest::{Progress, relief, stack};
use crate::view::View;
use bm_codec::raster::{Interpolation, Raster, SCALE_BITS};
use bm_codec::strata::{Datum, Field, Fluid, Layer, Strata};
use bm_core::frame::{SEA_LEVEL, TICKS_PER_METRE};
use bm_core::page::PAGE_SPAN;
use bm_core::{MaterialId, Pos};
use bm_grid::{Region, Window};
use bm_octree::{Draft, parallel};
use bm_process::state::State;
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

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
pub(super) struct Land {
    /// The region with the rim.
    pub(super) region: Region,
    pub(super) grid: WorldGrid,
    /// Heights of the ground from sea level; none where there is no land.
    pub(super) heights: Vec<Option<i32>>,
    /// The same before.
    pub(super) before: Vec<Option<i32>>,
    /// Depths of lakes now.
    pub(super) lakes: Vec<i32>,
    /// The same before.
    pub(super) lakes_before: Vec<i32>,
    /// Strata from above, lakes among them, with the depth below the surface of ground and lakes at which each ends.
    pub(super) strata: Vec<(MaterialId, Vec<i32>)>,
    pub(super) basement: MaterialId,
}

/// What lies under a part of the land's surface.
pub(super) struct Part<'a> {
    pub(super) window: bm_grid::Window,
    /// Ticks of lakes, cell by cell.
    pub(super) lakes: Vec<i32>,
    pub(super) strata: Cow<'a, bm_process::strata::Strata>,
}

/// Metres as ticks.
pub(super) fn ticks(metres: f64) -> i32 {
    (metres * f64::from(TICKS_PER_METRE)).round() as i32
}

/// The same of a height, if it is one.
pub(super) fn tick(metres: &f64) -> Option<i32> {
    metres.is_finite().then(|| ticks(*metres))
}

/// The numbers of a window's cells, row by row.
fn cells_of(w: Window, width: usize) -> impl Iterator<Item = usize> {
    let (x, y) = (w.x as usize, w.y as usize);
    (y..y + w.height as usize).flat_map(move |row| row * width + x..row * width + x + w.width as usize)
}

impl Land {
    /// A sample of the world is laid around the land, so that its surface meets what is there.
    pub(super) fn new(origin: &Origin, land: &State, view: &View, how: &Back) -> Result<Self, WorldError> {
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
            lakes: vec![0; cells],
            lakes_before: vec![0; cells],
            strata: Vec::new(),
            basement: land.strata.basement(),
        };
        let both = land.ground.values.iter().zip(&origin.heights);
        for (k, (now, before)) in cells_of(inner, width).zip(both) {
            (made.heights[k], made.before[k]) = (tick(now), tick(before));
        }
        for (k, before) in cells_of(inner, width).zip(&origin.lakes) {
            made.lakes_before[k] = ticks(*before);
        }
        let lakes = if how.keep_lakes { origin.lakes.clone() } else { lakes(land) };
        for (k, depth) in cells_of(inner, width).zip(&lakes) {
            made.lakes[k] = made.lake(view, k, *depth)?;
        }
        let own = cells_of(inner, width).map(|k| made.lakes[k]).collect();
        let mut parts = vec![Part { window: inner, lakes: own, strata: Cow::Borrowed(&land.strata) }];
        let (w, h) = (region.width(), region.height());
        let (right, top) = (inner.x + inner.width, inner.y + inner.height);
        for window in [
            Window { x: 0, y: 0, width: w, height: inner.y },
            Window { x: 0, y: top, width: w, height: h - top },
            Window { x: 0, y: inner.y, width: inner.x, height: inner.height },
            Window { x: right, y: inner.y, width: w - right, height: inner.height },
        ] {
            if window.width == 0 || window.height == 0 {
                continue;
            }
            let Some(part) = region.part(window) else { continue };
            let seeding = Seeding { threads: how.threads, ..origin.seeding };
            let seed = view.seed(&part, &seeding, &|_| ())?.state;
            for (k, z) in cells_of(window, width).zip(&seed.ground.values) {
                (made.heights[k], made.before[k]) = (tick(z), tick(z));
            }
            let lakes: Vec<i32> = commit::lakes(&seed).into_iter().map(ticks).collect();
            for (k, &depth) in cells_of(window, width).zip(&lakes) {
                (made.lakes[k], made.lakes_before[k]) = (depth, depth);
            }
            parts.push(Part { window, lakes, strata: Cow::Owned(seed.strata) });
        }
        made.stack(&parts);
        Ok(made)
    }

    /// Ticks of lake that stand on a cell: none on the bed of the sea, which has a level of its own.
    fn lake(&self, view: &View, cell: usize, depth: f64) -> Result<i32, WorldError> {
        let Some(ground) = self.heights[cell] else { return Ok(0) };
        let depth = if depth.is_finite() { ticks(depth.clamp(0.0, 1e4)) } else { 0 };
        if depth == 0 || ground >= 0 || self.before[cell].is_none_or(|z| z >= 0) {
            return Ok(depth);
        }
        let sea = self.below_sea_level(view, cell)? == MaterialId::SEAWATER;
        Ok(if sea { 0 } else { depth })
    }

    /// Cells under lakes.
    pub(super) fn lakes(&self) -> u64 {
        self.lakes.iter().filter(|&&depth| depth > 0).count() as u64
    }

    /// What the world has just below sea level at a cell.
    fn below_sea_level(&self, view: &View, cell: usize) -> Result<MaterialId, WorldError> {
        let width = self.region.width() as usize;
        let [x, y] = column_of(&self.region, (cell % width) as u32, (cell / width) as u32);
        Ok(view.sample(Pos::new(x, y, SEA_LEVEL - 1)?)?.material)
    }

    /// Brings the strata of all parts into one order.
    pub(super) fn stack(&mut self, parts: &[Part<'_>]) {
        let (cells, width) = (self.heights.len(), self.region.width() as usize);
        let mut order: Vec<MaterialId> = Vec::new();
        let mut thick: Vec<Vec<f32>> = Vec::new();
        for Part { window, lakes, strata } in parts {
            let lakes: Vec<f32> = lakes.iter().map(|&depth| metres(depth) as f32).collect();
            let lakes = (!lakes.is_empty()).then_some((MaterialId::FRESHWATER, Some(&lakes)));
            // What a part stands on is one of its strata where the land stands on something else.
            let endless = (strata.basement() != self.basement).then_some((strata.basement(), None));
            let own = strata.strata().iter().map(|s| (s.material, Some(&s.thickness)));
            let mut at = 0;
            for (material, thickness) in lakes.into_iter().chain(own).chain(endless) {
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

    pub(super) fn speaks(&self, cell: usize) -> bool {
        self.heights[cell].is_some()
    }

    pub(super) fn lay(
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

    pub(super) fn column(
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
            heights: index.iter().map(|&k| self.heights[k].map(|z| z + self.lakes[k])).collect(),
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
            reach = [reach[0].min(z.into()), reach[1].max((z + self.lakes_before[k]).into())];
        }
        Ok(Some((strata, reach)))
    }

    /// Samples below sea level over which no sea stands: where there was none, and where the land was above it.
    fn dry(&self, view: &View, index: &[usize]) -> Result<Vec<bool>, WorldError> {
        let is_dry = |&k: &usize| {
            let low = self.heights[k].is_some_and(|z| z < 0);
            if !low || self.before[k].is_none_or(|z| z >= 0) {
                return Ok(false);
            }
            Ok(self.below_sea_level(view, k)? == MaterialId::AIR)
        };
        index.iter().map(is_dry).collect()
    }

    /// The ground's topmost material and the layers of a column of pages: the land's strata, and below them what the
    /// world has there.
    fn layers(
        &self,
        w: &grid::Window,
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

    /// How deep below the new surface, lakes included, an old layer lies that hangs below the old ground.
    fn deep(&self, layer: &Layer, cell: usize) -> i32 {
        let width = self.region.width() as usize;
        let [x, y] = column_of(&self.region, (cell % width) as u32, (cell / width) as u32);
        let depth = match &layer.top {
            Field::Constant(ticks) => *ticks,
            Field::Raster(r) => r.locate(x, y).map_or(0, |spot| (r.height(spot) >> SCALE_BITS) as i32),
        };
        match (self.heights[cell], self.before[cell]) {
            (Some(now), Some(before)) => depth + now - before + self.lakes[cell],
            _ => depth,
        }
    }
}
