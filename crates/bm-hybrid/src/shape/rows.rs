//! Polygons as rows of cells: which centres are inside, and the same for coarser columns.

use super::polygon::{Polygon, Polygons, turn};
use super::prism::Footprint;
use super::solid::Side;
use super::span::Axis;
use bm_core::frame::{WORLD_X, WORLD_Y, edge_ticks};

/// Cells of one level, row by row from the south: in each row, stretches of x that neither touch nor overlap.
#[derive(Clone, Debug, Default, PartialEq)]
struct Grid {
    /// Row (y) of the first one here.
    first: u32,
    /// Where each row's stretches begin, and where the last one's end.
    starts: Vec<usize>,
    /// First cell and first beyond.
    stretches: Vec<[u32; 2]>,
}

/// The columns that polygons cover, at a level and all coarser ones.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    level: u8,
    /// From `level` up: columns inside whole, and columns with anything inside.
    grids: Vec<[Grid; 2]>,
}

impl Rows {
    pub(super) fn new(polygons: &Polygons, level: u8) -> Self {
        let scale = Scale { level };
        let mut crossings: Vec<Crossing> = Vec::new();
        let mut stretches: Vec<(u32, [u32; 2])> = Vec::new();
        for polygon in polygons.all() {
            let [west, east] = polygon.width();
            let [first, beyond] = Axis::EastWest.cells(level);
            for turned in [-360.0, 0.0, 360.0] {
                if east < scale.lon(first) + turned || scale.lon(beyond) + turned < west {
                    continue;
                }
                crossings.clear();
                scale.crossings(polygon, turned, &mut crossings);
                crossings.sort_unstable();
                // Between an odd crossing and the next one is inside.
                for pair in crossings.chunks_exact(2) {
                    let [a, b] = [pair[0], pair[1]];
                    if a.x < b.x {
                        stretches.push((a.row, [a.x, b.x]));
                    }
                }
            }
        }
        stretches.sort_unstable();
        let finest = Grid::from_sorted(stretches.into_iter());
        let mut grids = vec![[finest.clone(), finest]];
        for _ in 0..level {
            let next = grids.last().map(|[full, any]| [full.coarser(true), any.coarser(false)]);
            grids.extend(next);
        }
        Self { level, grids }
    }
}

impl Footprint for Rows {
    fn side(&self, level: u8, at: [u32; 2]) -> Side {
        match self.grids.get(usize::from(self.level - level)) {
            Some([full, _]) if full.holds(at) => Side::Inside,
            Some([_, any]) if any.holds(at) => Side::Mixed,
            _ => Side::Outside,
        }
    }
}

/// Where a row of centres crosses an edge: the first cell whose centre is on it or east of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Crossing {
    row: u32,
    x: u32,
}

/// Centres of cells in degrees.
struct Scale {
    level: u8,
}

impl Scale {
    fn tick(&self, cell: f64) -> f64 {
        let e = f64::from(edge_ticks(self.level));
        cell * e + e / 2.0
    }

    /// Longitude of the centre of cell `x`; the same number as `Pos::to_geo` gives for voxels.
    fn lon(&self, x: u32) -> f64 {
        self.tick(f64::from(x)) / f64::from(WORLD_X) * 360.0 - 180.0
    }

    /// Latitude of the centre of cell `y`.
    fn lat(&self, y: u32) -> f64 {
        self.tick(f64::from(y)) / f64::from(WORLD_Y) * 180.0 - 90.0
    }

    /// About the cell whose centre has this longitude.
    fn x(&self, lon: f64) -> f64 {
        let e = f64::from(edge_ticks(self.level));
        (lon + 180.0) / 360.0 * f64::from(WORLD_X) / e - 0.5
    }

    /// The first row whose centre is at a latitude or north of it.
    fn row(&self, lat: f64, [lo, hi]: [u32; 2]) -> u32 {
        let e = f64::from(edge_ticks(self.level));
        let guess = ((lat + 90.0) / 180.0 * f64::from(WORLD_Y) / e - 0.5).ceil();
        first([lo, hi], guess, |y| self.lat(y) >= lat)
    }

    /// All crossings of a polygon's edges with rows of centres, the world turned by some degrees.
    fn crossings(&self, polygon: &Polygon, turned: f64, out: &mut Vec<Crossing>) {
        let xs = Axis::EastWest.cells(self.level);
        let ys = Axis::NorthSouth.cells(self.level);
        let lon = |x: u32| self.lon(x) + turned;
        for [a, b] in polygon.edges() {
            let (low, high) = if a[1] <= b[1] { (a, b) } else { (b, a) };
            // Half open: a vertex belongs to the edge above it.
            for row in self.row(low[1], ys)..self.row(high[1], ys) {
                let lat = self.lat(row);
                let part = (lat - low[1]) / (high[1] - low[1]);
                let guess = self.x(low[0] + part * (high[0] - low[0]) - turned).ceil();
                // Exact: on the upward edge, or to its right.
                let x = first(xs, guess, |x| turn(low, high, [lon(x), lat]) <= 0);
                out.push(Crossing { row, x });
            }
        }
    }
}

/// The first number from `lo` for which something holds that holds for all greater ones too; `hi` if for none
/// below it. Fast when the guess is near.
fn first([lo, hi]: [u32; 2], guess: f64, holds: impl Fn(u32) -> bool) -> u32 {
    // Not a number counts as the lower end.
    let guess = (guess.max(f64::from(lo)) as u32).clamp(lo, hi);
    // `low` and everything below does not hold, `high` does; both widen in growing steps.
    let (mut low, mut high) = (guess, guess);
    let mut step = 1;
    while low > lo && holds(low - 1) {
        high = low - 1;
        low = low.saturating_sub(step).max(lo);
        step *= 2;
    }
    if high == guess {
        step = 1;
        while high < hi && !holds(high) {
            low = high + 1;
            high = high.saturating_add(step).min(hi);
            step *= 2;
        }
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

impl Grid {
    /// Rows from stretches in ascending order, joined where they touch or overlap.
    fn from_sorted(stretches: impl Iterator<Item = (u32, [u32; 2])>) -> Self {
        let mut grid = Self::default();
        for (row, [lo, hi]) in stretches {
            if grid.starts.is_empty() {
                grid.first = row;
                grid.starts.push(0);
            }
            while grid.first as usize + grid.starts.len() - 1 < row as usize {
                grid.starts.push(grid.stretches.len());
            }
            let begun = grid.starts.last().is_some_and(|&s| s < grid.stretches.len());
            match grid.stretches.last_mut() {
                Some(last) if begun && last[1] >= lo => last[1] = last[1].max(hi),
                _ => grid.stretches.push([lo, hi]),
            }
        }
        grid.starts.push(grid.stretches.len());
        grid
    }

    fn row(&self, y: u32) -> &[[u32; 2]] {
        let Some(i) = y.checked_sub(self.first).map(|i| i as usize) else { return &[] };
        match (self.starts.get(i), self.starts.get(i + 1)) {
            (Some(&from), Some(&to)) => &self.stretches[from..to],
            _ => &[],
        }
    }

    fn holds(&self, [x, y]: [u32; 2]) -> bool {
        let row = self.row(y);
        row.get(row.partition_point(|s| s[1] <= x)).is_some_and(|s| s[0] <= x)
    }

    /// The next coarser level: columns of which all four are in, or of which any is.
    fn coarser(&self, all: bool) -> Self {
        let rows = self.starts.len().saturating_sub(1) as u32;
        let mut joined = Vec::new();
        let parents = if rows == 0 { 0..0 } else { self.first / 2..(self.first + rows).div_ceil(2) };
        let stretches = parents.flat_map(|row| {
            let (a, b) = (self.row(2 * row), self.row(2 * row + 1));
            joined.clear();
            if all {
                common(a, b, &mut joined)
            } else {
                either(a, b, &mut joined)
            }
            std::mem::take(&mut joined).into_iter().map(move |s| (row, s))
        });
        Self::from_sorted(stretches)
    }
}

/// Parents both of whose cells are in both rows.
fn common(a: &[[u32; 2]], b: &[[u32; 2]], out: &mut Vec<[u32; 2]>) {
    let (mut i, mut j) = (0, 0);
    while i < a.len() && j < b.len() {
        let lo = a[i][0].max(b[j][0]).div_ceil(2);
        let hi = a[i][1].min(b[j][1]) / 2;
        if lo < hi {
            out.push([lo, hi]);
        }
        if a[i][1] < b[j][1] { i += 1 } else { j += 1 }
    }
}

/// Parents any of whose cells is in any row.
fn either(a: &[[u32; 2]], b: &[[u32; 2]], out: &mut Vec<[u32; 2]>) {
    out.extend(a.iter().chain(b).map(|s| [s[0] / 2, s[1].div_ceil(2)]));
    out.sort_unstable();
}
