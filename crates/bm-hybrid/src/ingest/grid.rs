//! A raster in degrees, laid onto pages.

use bm_codec::raster::Axis;
use bm_core::PageId;
use bm_core::frame::{MAX_LEVEL, TICKS_PER_METRE, WORLD_X, WORLD_Y};
use bm_io::GridGeoref;

/// Ticks a degree, on both axes: the world's extents divide evenly.
const TICKS_PER_DEGREE: i64 = (WORLD_X / 360) as i64;
const _: () =
    assert!(WORLD_X.is_multiple_of(360) && WORLD_Y.is_multiple_of(180) && WORLD_X / 360 == WORLD_Y / 180);

/// Most samples along a page before a finer tier is taken.
const MAX_SAMPLES_A_SIDE: i64 = 1200;
/// Denominator of axes whose fraction of a degree is too fine to keep.
const ROUGH_DEN: i64 = 1 << 20;

/// A raster's samples in world ticks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WorldGrid {
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) wraps: bool,
    /// Rows that may be repeated beyond the first and the last to reach the poles.
    beyond: [i64; 2],
    /// Samples speak for half a step around them.
    nearest: bool,
}

impl WorldGrid {
    pub(crate) fn new(g: &GridGeoref, width: usize, height: usize) -> Self {
        let x = axis(&g.x, 180);
        let y = axis(&g.y, 90);
        // A grid of cell centres leaves half a cell at the poles: the last row stands in there.
        let last = y.origin + (height as i64 - 1) * y.step;
        let south = i64::from(g.wraps && y.origin > 0 && y.origin <= y.step);
        let gap = i64::from(WORLD_Y) * y.den - last;
        let north = i64::from(g.wraps && gap > 0 && gap <= y.step);
        Self { x, y, width, height, wraps: g.wraps, beyond: [south, north], nearest: false }
    }

    /// Samples in the middles of a region's cells.
    pub(crate) fn of_cells(region: &bm_grid::Region) -> Self {
        let ticks = |metres: f64| (metres * f64::from(TICKS_PER_METRE) * ROUGH_DEN as f64).round() as i64;
        let axis =
            |first: f64| Axis { origin: ticks(first), step: ticks(region.cell_size()), den: ROUGH_DEN };
        Self {
            x: axis(region.center_x(0)),
            y: axis(region.center_y(0)),
            width: region.width() as usize,
            height: region.height() as usize,
            wraps: false,
            beyond: [0, 0],
            nearest: false,
        }
        .reduced()
    }

    /// The same axes with the smallest numbers that say so: samples in the same places are known by them.
    fn reduced(self) -> Self {
        let reduce = |a: Axis| {
            let g = gcd(
                gcd(a.origin.unsigned_abs().into(), a.step.unsigned_abs().into()),
                a.den.unsigned_abs().into(),
            );
            let g = g.max(1) as i64;
            Axis { origin: a.origin / g, step: a.step / g, den: a.den / g }
        };
        Self { x: reduce(self.x), y: reduce(self.y), ..self }
    }

    /// The same samples, each speaking for half a step around it.
    pub(crate) const fn nearest(mut self, nearest: bool) -> Self {
        self.nearest = nearest;
        self
    }

    /// The coarsest tier whose pages hold a sensible number of samples.
    pub(crate) fn tier(&self) -> u8 {
        let side = |level: u8, a: Axis| (1i64 << (MAX_LEVEL - level)) * a.den / a.step;
        let fits = |level: &u8| side(*level, self.x).max(side(*level, self.y)) <= MAX_SAMPLES_A_SIDE;
        [7u8, 14].into_iter().find(fits).unwrap_or(21)
    }

    /// Columns of pages (x, y in cells of `level`) that samples reach, row by row.
    pub(crate) fn page_columns(&self, level: u8) -> Vec<[u32; 2]> {
        let shift = MAX_LEVEL - level;
        let (nx, ny) = (((WORLD_X - 1) >> shift) + 1, ((WORLD_Y - 1) >> shift) + 1);
        let rim = i64::from(self.nearest);
        let tick = |a: Axis, halves: i64| (2 * a.origin + halves * a.step).div_euclid(2 * a.den);
        let ends = |n: usize, [low, high]: [i64; 2]| [-2 * low - rim, 2 * (n as i64 - 1 + high) + rim];
        let [y0, y1] = ends(self.height, self.beyond).map(|h| tick(self.y, h));
        let [x0, x1] = ends(self.width, [0, 0]).map(|h| tick(self.x, h));
        let cells = |lo: i64, hi: i64| lo.max(0) >> shift..=hi >> shift;
        let mut out = Vec::new();
        for ty in cells(y0, y1).filter(|&t| t < ny.into()) {
            let first = out.len();
            if self.wraps {
                out.extend((0..nx).map(|tx| [tx, ty as u32]));
                continue;
            }
            // What lies beyond the date line comes around on the other side.
            for turn in [0, i64::from(WORLD_X)] {
                let (a, b) = (x0 - turn, (x1 - turn).min(i64::from(WORLD_X) - 1));
                if b >= 0 {
                    out.extend(cells(a, b).filter(|&t| t < nx.into()).map(|tx| [tx as u32, ty as u32]));
                }
            }
            out[first..].sort_unstable();
            out.dedup();
        }
        out
    }

    /// Columns of pages of `level` within a footprint that need samples.
    pub(crate) fn page_columns_in(&self, level: u8, [x0, x1]: [u32; 2], [y0, y1]: [u32; 2]) -> Vec<[u32; 2]> {
        let cells = |from: u32, to: u32| from >> (MAX_LEVEL - level)..=(to - 1) >> (MAX_LEVEL - level);
        let all = cells(y0, y1).flat_map(|ty| cells(x0, x1).map(move |tx| [tx, ty]));
        all.filter(|&at| {
            let (xs, ys) = footprint(level, at);
            self.window(xs, ys).is_some()
        })
        .collect()
    }

    /// The samples that the columns `x0..x1` × `y0..y1` of a page need, with one sample of halo.
    pub(crate) fn window(&self, xs: [u32; 2], ys: [u32; 2]) -> Option<Window> {
        let mut turns = [0, WORLD_X];
        // Halo alone is not what the page is there for.
        turns.sort_by_key(|&turn| !self.reaches(turn, xs));
        turns.into_iter().find_map(|turn| self.window_in(turn, xs, ys))
    }

    /// Whether both ends of a raster that goes almost around the globe lie in these columns.
    pub(crate) fn meets_itself(&self, xs: [u32; 2], ys: [u32; 2]) -> bool {
        let ends = |turn| self.reaches(turn, xs) && self.window_in(turn, xs, ys).is_some();
        !self.wraps && ends(0) && ends(WORLD_X)
    }

    /// Whether columns, a turn further, lie no more than half a step outside the samples.
    fn reaches(&self, turn: u32, [x0, x1]: [u32; 2]) -> bool {
        let Axis { origin, step, den } = self.x;
        let cells = Axis { origin: 2 * origin - step, step: 2 * step, den: 2 * den };
        cells.sample_before(x1 - 1 + turn) >= 0 && cells.sample_before(x0 + turn) < self.width as i64
    }

    fn window_in(&self, turn: u32, [x0, x1]: [u32; 2], [y0, y1]: [u32; 2]) -> Option<Window> {
        let need = [self.y.sample_before(y0), self.y.sample_before(y1 - 1) + 1];
        let [j0, j1] = [need[0].max(-self.beyond[0]), need[1].min(self.height as i64 - 1 + self.beyond[1])];
        let mut whole = [j0, j1] == need;
        let (mut i0, mut i1) = (self.x.sample_before(x0 + turn), self.x.sample_before(x1 - 1 + turn) + 1);
        if !self.wraps {
            whole &= i0 >= 0 && i1 < self.width as i64;
            (i0, i1) = (i0.max(0), i1.min(self.width as i64 - 1));
        }
        if i0 > i1 || j0 > j1 {
            return None;
        }
        let x = self.x.from_sample(i0);
        let x = Axis { origin: x.origin - i64::from(turn) * x.den, ..x };
        let (width, height) = ((i1 - i0 + 1) as usize, (j1 - j0 + 1) as usize);
        Some(Window { i0, j0, width, height, whole, axes: (x, self.y.from_sample(j0)) })
    }

    /// Index into the raster of a window's sample, row by row from the south-west.
    pub(crate) fn indices(&self, w: &Window) -> impl Iterator<Item = usize> + use<'_> {
        let (i0, j0, width) = (w.i0, w.j0, w.width as i64);
        (0..w.height as i64).flat_map(move |j| {
            let row = (j0 + j).clamp(0, self.height as i64 - 1) as usize * self.width;
            (0..width).map(move |i| row + (i0 + i).rem_euclid(self.width as i64) as usize)
        })
    }
}

/// Part of a raster.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    i0: i64,
    j0: i64,
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// The raster has a sample wherever the footprint needs one.
    pub(crate) whole: bool,
    /// Axes whose sample 0 is the window's first.
    pub(crate) axes: (Axis, Axis),
}

/// Degrees to ticks, counted from `start` degrees below zero.
fn axis(a: &bm_io::Axis, start: i64) -> Axis {
    let t = i128::from(TICKS_PER_DEGREE);
    let (mut origin, mut step, mut den) = (
        (i128::from(a.origin_num) + i128::from(start) * i128::from(a.den)) * t,
        i128::from(a.step_num) * t,
        i128::from(a.den),
    );
    let g = gcd(gcd(origin.unsigned_abs(), step.unsigned_abs()), den.unsigned_abs()).max(1) as i128;
    (origin, step, den) = (origin / g, step / g, den / g);
    if den > ROUGH_DEN.into() {
        let scale = |v: i128| (v * i128::from(ROUGH_DEN) + den / 2).div_euclid(den);
        (origin, step, den) = (scale(origin), scale(step).max(1), ROUGH_DEN.into());
    }
    // Within 64 bits: at most 360° of ticks times the denominator.
    Axis { origin: origin as i64, step: step as i64, den: den as i64 }
}

fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The columns of ticks a page column covers, clipped to the world.
pub(crate) fn footprint(level: u8, [tx, ty]: [u32; 2]) -> ([u32; 2], [u32; 2]) {
    let shift = MAX_LEVEL - level;
    let span = |t: u32, end: u32| [t << shift, ((t + 1) << shift).min(end)];
    (span(tx, WORLD_X), span(ty, WORLD_Y))
}

/// The page of a column at height `tz` (in cells of the level).
pub(crate) fn page_at(level: u8, [tx, ty]: [u32; 2], tz: u32) -> Option<PageId> {
    PageId::new(level, [tx, ty, tz])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(origin: [i64; 2], step: i64, den: i64, width: usize, height: usize, wraps: bool) -> WorldGrid {
        let a = |o| bm_io::Axis { origin_num: o, step_num: step, den };
        WorldGrid::new(&GridGeoref { x: a(origin[0]), y: a(origin[1]), wraps }, width, height)
    }

    #[test]
    fn five_minutes_are_exact() {
        let g = grid([-2160, -1080], 1, 12, 4320, 2161, true);
        assert_eq!(g.x, Axis { origin: 0, step: 74_213, den: 2 });
        assert_eq!(g.beyond, [0, 0]);
        assert_eq!(g.tier(), 7);
        assert_eq!(g.page_columns(7).len(), 77 * 39);
        let w = g.window([0, 1 << 21], [0, 1 << 21]).unwrap();
        assert_eq!((w.width, w.height), (58, 58));
        // The first voxel's centre lies just beyond sample 0; nothing of the sample before is needed.
        assert_eq!(g.indices(&w).next(), Some(0));
        let ([x0, x1], [y0, y1]) = footprint(7, [76, 38]);
        let w = g.window([x0, x1], [y0, y1]).unwrap();
        assert!(g.indices(&w).any(|k| k % 4320 == 0), "the halo wraps");
        assert!(g.indices(&w).max().unwrap() < 4320 * 2161);
    }

    #[test]
    fn cell_centres_reach_the_poles() {
        // 20 minutes, rows at −89°50′ … 89°50′.
        let g = grid([-1079, -539], 2, 6, 1080, 540, true);
        assert_eq!(g.beyond, [1, 1]);
        let w = g.window([0, 100], [0, 100]).unwrap();
        assert_eq!(g.indices(&w).next().map(|k| k / 1080), Some(0));
        assert!(w.axes.1.origin < 0);
    }

    #[test]
    fn a_local_grid_may_cross_the_date_line() {
        // One degree from 179.5° E on, in hundredths.
        let g = grid([17_950, 0], 1, 100, 101, 11, false);
        let cols = g.page_columns(7);
        assert!(cols.contains(&[0, 19]) && cols.contains(&[76, 19]), "{cols:?}");
        let ([x0, x1], [y0, y1]) = footprint(7, [0, 19]);
        let w = g.window([x0, x1], [y0, y1]).unwrap();
        assert!(w.width >= 50 && w.width <= 52, "{}", w.width);
        assert!(w.axes.0.origin.abs() <= w.axes.0.step);
    }
}
