//! Land at its rim: columns of pages that it shares with other strata.

use super::commit::lakes;
use super::land::{Land, Part, tick, ticks};
use super::seed::Seeding;
use crate::error::WorldError;
use crate::ingest::grid::{WorldGrid, footprint};
use crate::ingest::stack;
use crate::view::View;
use bm_codec::strata::Strata;
use bm_core::MaterialId;
use bm_core::frame::TICKS_PER_METRE;
use bm_grid::{Bounds, DVec2, Region};
use bm_octree::Draft;
use std::borrow::Cow;

impl Land {
    /// A column of pages that has other strata beside the land.
    pub(super) fn rim_column(
        &self,
        view: &View,
        draft: &Draft<'_>,
        level: u8,
        at: [u32; 2],
    ) -> Result<Option<(Strata, [i64; 2])>, WorldError> {
        let Some(old) = stack::ground(view, draft, level, at)? else {
            return self.column(view, draft, level, at);
        };
        self.filled_up(view, &old, level, at)?.column(view, draft, level, at)
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
        let depths: Vec<i32> = lakes(&seed).into_iter().map(ticks).collect();
        let lakes = if depths.is_empty() { vec![0; seed.cells()] } else { depths.clone() };
        let before: Vec<Option<i32>> = seed.ground.values.iter().map(tick).collect();
        let mut made = Self {
            region,
            grid: WorldGrid::of_cells(&region),
            heights: before.clone(),
            before,
            lakes_before: lakes.clone(),
            lakes,
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
            // Lakes are strata, which come from the nearest cell.
            (made.lakes[k], made.lakes_before[k]) = (self.lakes[spot], self.lakes_before[spot]);
            spots.push((k, spot));
        }
        made.stack(&[Part { window: region.window(), lakes: depths, strata: Cow::Owned(seed.strata) }]);
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
}
