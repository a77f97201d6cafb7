//! Lines over rows of cells: which cells a segment can speak for, and which boundary's word the nearest one is.

use super::boundaries::{reach, speaking};
use super::place::Place;
use crate::area::Where;
use crate::boundary::{Boundary, Shape};
use crate::frame::Metric;
use crate::geometry::near::bounds;
use crate::geometry::{Segment, touches_box, touches_rect};
use bm_grid::{TILE, Window};
use geo_types::{Coord, LineString};

/// Metric of every row of a window.
#[derive(Clone, Debug)]
pub(super) struct Metrics {
    first: u32,
    rows: Vec<Metric>,
}

impl Metrics {
    pub(super) fn new(place: &Place, window: Window) -> Self {
        Self { first: window.y, rows: (window.y..window.end_y()).map(|row| place.metric(row)).collect() }
    }

    #[inline]
    pub(super) fn row(&self, row: u32) -> Metric {
        self.rows[(row - self.first) as usize]
    }

    /// The most units of x that a metre is in rows `from..to`.
    fn widest(&self, from: u32, to: u32) -> f64 {
        let of = |row: u32| 1.0 / self.row(row).sx;
        // cos φ has its least at one of the ends.
        if from < to { of(from).max(of(to - 1)) } else { 0.0 }
    }
}

/// How far a line's cells lie from it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spread {
    /// Metres from the line to the farthest centre that may matter.
    pub(super) metres: f64,
    /// Rows within it.
    rows: f64,
    /// Cells by which places may be wrong for rounding.
    doubt: f64,
    /// Edge of a cell in units of the frame.
    cell: f64,
}

impl Spread {
    /// Of a line that reaches so far.
    pub(super) fn new(place: &Place, reach: f64) -> Self {
        // A cell's box that touches the line has its centre within half a diagonal.
        let metres = place.region.cell_size();
        let far = reach.max(metres * std::f64::consts::FRAC_1_SQRT_2) * (1.0 + 1e-9) + place.rounding;
        Self { metres: far, rows: far / metres, doubt: 1e-6 + place.rounding / metres, cell: place.cell }
    }
}

/// A segment, and where it lies in the grid.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// Whose it is: the place of its boundary in the order.
    pub(super) rank: u32,
    pub(super) segment: Segment,
    /// What was added to its x to bring it to the grid.
    pub(super) shift: f64,
    /// Its ends in columns and rows, the lower one first.
    u: [f64; 2],
    v: [f64; 2],
}

/// An entry and how far it reaches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sown {
    pub(super) entry: Entry,
    pub(super) spread: Spread,
}

/// Whole indices that may lie in a range of places, within `low..high`.
#[inline]
pub(super) fn range_of(from: f64, to: f64, low: u32, high: u32) -> Option<(u32, u32)> {
    let from = from.floor().max(f64::from(low));
    let to = (to.floor() + 1.0).min(f64::from(high));
    // Both are within u32 now.
    (from < to).then_some((from as u32, to as u32))
}

impl Entry {
    fn new(place: &Place, rank: u32, segment: Segment, shift: f64) -> Self {
        let (ua, ub) = (place.u(segment.a.x + shift), place.u(segment.b.x + shift));
        let (va, vb) = (place.v(segment.a.y), place.v(segment.b.y));
        let (u, v) = if va <= vb { ([ua, ub], [va, vb]) } else { ([ub, ua], [vb, va]) };
        Self { rank, segment, shift, u, v }
    }

    /// The columns' range of the part that lies between two heights.
    #[inline]
    fn strip(&self, low: f64, high: f64) -> Option<(f64, f64)> {
        let ([u0, u1], [v0, v1]) = (self.u, self.v);
        if v1 < low || v0 > high {
            return None;
        }
        let at = |v: f64| u0 + (v - v0) / (v1 - v0) * (u1 - u0);
        let from = if v0 >= low { u0 } else { at(low) };
        let to = if v1 <= high { u1 } else { at(high) };
        Some((from.min(to), from.max(to)))
    }

    /// The columns `from..to` of a row, within those of a window, whose centres may lie within the spread.
    #[inline]
    fn columns(&self, metric: Metric, spread: Spread, row: u32, window: Window) -> Option<(u32, u32)> {
        let middle = f64::from(row) + 0.5;
        let rows = spread.rows + spread.doubt;
        let (from, to) = self.strip(middle - rows, middle + rows)?;
        let wide = spread.metres / (metric.sx * spread.cell) + spread.doubt;
        // A centre half a column up from its index: from the first not below to the last not above.
        let (low, high) = (window.x, window.end_x());
        range_of((from - wide - 0.5).ceil(), (to + wide - 0.5).floor(), low, high)
    }

    /// Calls `each` with every row of a window and the columns `from..to` whose centres may lie within the spread.
    pub(super) fn rows(
        &self,
        metrics: &Metrics,
        spread: Spread,
        window: Window,
        mut each: impl FnMut(u32, u32, u32),
    ) {
        let rows = spread.rows + spread.doubt;
        let Some((first, end)) = range_of(self.v[0] - rows - 0.5, self.v[1] + rows, window.y, window.end_y())
        else {
            return;
        };
        for row in first..end {
            if let Some((from, to)) = self.columns(metrics.row(row), spread, row, window) {
                each(row, from, to);
            }
        }
    }

    /// The columns `from..to` of a row whose boxes may touch the segment.
    #[inline]
    pub(super) fn touching(&self, spread: Spread, row: u32, window: Window) -> Option<(u32, u32)> {
        let low = f64::from(row);
        let (from, to) = self.strip(low - spread.doubt, low + 1.0 + spread.doubt)?;
        range_of(from - spread.doubt, to + spread.doubt, window.x, window.end_x())
    }

    /// Calls `each` with the rows `from..to`, tile by tile, of a window that may lie within the spread.
    pub(super) fn bands(&self, spread: Spread, window: Window, mut each: impl FnMut(u32, u32)) {
        let rows = spread.rows + spread.doubt;
        let Some((mut from, end)) = range_of(self.v[0] - rows, self.v[1] + rows, window.y, window.end_y())
        else {
            return;
        };
        while from < end {
            let to = ((from / TILE + 1) * TILE).min(end);
            each(from, to);
            from = to;
        }
    }

    /// The columns `from..to` of a band of rows that may lie within the spread.
    pub(super) fn band(&self, metrics: &Metrics, spread: Spread, band: Window) -> Option<(u32, u32)> {
        let rows = spread.rows + spread.doubt;
        let (from, to) = self.strip(f64::from(band.y) - rows, f64::from(band.end_y()) + rows)?;
        let wide = spread.metres * metrics.widest(band.y, band.end_y()) / spread.cell + spread.doubt;
        range_of(from - wide, to + wide, band.x, band.end_x())
    }
}

/// Calls `each` with every segment of lines that may speak for a cell of a window, once for each lap of the globe it
/// meets it in.
pub(super) fn sow(
    place: &Place,
    metrics: &Metrics,
    lines: &[LineString<f64>],
    rank: u32,
    reach: f64,
    window: Window,
    mut each: impl FnMut(Sown),
) {
    let Some(own) = bounds(lines) else { return };
    let spread = Spread::new(place, reach);
    let wide = spread.metres * metrics.widest(window.y, window.end_y());
    let rect = place.rect(window);
    let high = (spread.rows + spread.doubt + 1.0) * place.cell;
    let (south, north) = (rect.min().y - high, rect.max().y + high);
    let slack = wide + place.cell;
    for shift in place.shifts(own.min().x, own.max().x, slack) {
        let (west, east) = (rect.min().x - slack - shift, rect.max().x + slack - shift);
        for (line, part) in lines.iter().zip(0..) {
            for (ends, index) in line.0.windows(2).zip(0..) {
                let (a, b) = (ends[0], ends[1]);
                let off = a.y.max(b.y) < south
                    || a.y.min(b.y) > north
                    || a.x.max(b.x) < west
                    || a.x.min(b.x) > east;
                let finite = (a.x + a.y + b.x + b.y).is_finite();
                if !off && finite && a != b {
                    let segment = Segment { part, index, a, b };
                    each(Sown { entry: Entry::new(place, rank, segment, shift), spread });
                }
            }
        }
    }
}

/// Whether a boundary can speak for a cell at all: a line touches one or comes within reach of its centre; an area
/// that names a material inside meets the grid, and one that names a material outside always does.
pub(super) fn affects(place: &Place, metrics: &Metrics, boundary: &Boundary) -> bool {
    let Some(transition) = speaking(boundary) else { return false };
    let all = place.region.window();
    match &boundary.shape {
        Shape::Lines(lines) => {
            let (reach, mut found) = (reach(transition), false);
            sow(place, metrics, lines, 0, reach, all, |Sown { entry, spread }| {
                if found {
                    return;
                }
                entry.rows(metrics, spread, all, |row, from, to| {
                    found = found || (from..to).any(|x| speaks(place, &entry, reach, x, row));
                });
            });
            found
        }
        Shape::Area(_) if transition.right.is_some() => true,
        Shape::Area(area) => {
            let (rect, mut found) = (place.rect(all), false);
            let Some(own) = area.bounds() else { return false };
            for shift in place.shifts(own.min().x, own.max().x, 0.0) {
                let by = Coord { x: shift, y: 0.0 };
                let there = geo_types::Rect::new(rect.min() - by, rect.max() - by);
                area.edges_in(there, |a, b| found |= touches_rect(a, b, there));
                found = found || area.locate(there.min()) != Where::Outside;
            }
            found
        }
    }
}

/// Whether a segment speaks for a cell.
fn speaks(place: &Place, entry: &Entry, reach: f64, x: u32, row: u32) -> bool {
    let center = place.center(x, row);
    let p = Coord { x: center.x + (place.unwrap(center.x, x) - entry.shift), y: center.y };
    let Segment { a, b, .. } = entry.segment;
    touches_box(a, b, p, place.half) || place.metric(row).to_segment(p, a, b).0 <= reach
}
