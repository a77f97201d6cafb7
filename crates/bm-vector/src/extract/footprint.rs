//! Cells that lines cover: what the likeness of two lines is measured by.

use crate::frame::Frame;
use bm_grid::{Ground, Region};
use geo_types::{Coord, LineString};

/// Rows around a line that belong to its band.
const BAND: i64 = 2;

/// A set of cells: spans `from..to` of rows, in order and apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Footprint(Vec<(i64, i64, i64)>);

impl Footprint {
    /// The cells whose centres lie inside closed lines, by the even–odd rule.
    pub(super) fn inside(scale: &Scale, rings: &[&LineString<f64>]) -> Self {
        let (_, height) = scale.size;
        let mut crossings: Vec<(i64, f64)> = Vec::new();
        for shift in scale.shifts(rings) {
            for ends in rings.iter().flat_map(|ring| ring.0.windows(2)) {
                let (a, b) = (scale.place(ends[0], shift), scale.place(ends[1], shift));
                let (a, b) = if a.y <= b.y { (a, b) } else { (b, a) };
                // Rows whose middle lies in [a.y, b.y).
                let first = (a.y - 0.5).ceil().max(0.0);
                let end = (b.y - 0.5).ceil().min(height as f64);
                let mut row = first;
                while row < end {
                    let x = a.x + (row + 0.5 - a.y) / (b.y - a.y) * (b.x - a.x);
                    crossings.push((row as i64, x));
                    row += 1.0;
                }
            }
        }
        crossings.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let (width, _) = scale.size;
        let column = |x: f64| (x - 0.5).ceil().clamp(0.0, width as f64) as i64;
        let mut spans = Vec::new();
        for row in crossings.chunk_by(|a, b| a.0 == b.0) {
            for pair in row.chunks_exact(2) {
                spans.push((pair[0].0, column(pair[0].1), column(pair[1].1)));
            }
        }
        Self::of(spans)
    }

    /// The cells beside lines.
    pub(super) fn band(scale: &Scale, lines: &[&LineString<f64>]) -> Self {
        let (width, height) = scale.size;
        let (far_x, far_y) = ((width + BAND) as f64, (height + BAND) as f64);
        let mut spans = Vec::new();
        for shift in scale.shifts(lines) {
            for ends in lines.iter().flat_map(|line| line.0.windows(2)) {
                let (a, b) = (scale.place(ends[0], shift), scale.place(ends[1], shift));
                let Some((a, b)) = clip(a, b, [-(BAND as f64), -(BAND as f64)], [far_x, far_y]) else {
                    continue;
                };
                let steps = ((b.x - a.x).abs().max((b.y - a.y).abs()) * 2.0).ceil().max(1.0);
                let mut i = 0.0;
                while i <= steps {
                    let p = a + (b - a) * (i / steps);
                    let (x, y) = (p.x.floor() as i64, p.y.floor() as i64);
                    for row in (y - BAND).max(0)..=(y + BAND).min(height - 1) {
                        spans.push((row, (x - BAND).max(0), (x + BAND + 1).min(width)));
                    }
                    i += 1.0;
                }
            }
        }
        Self::of(spans)
    }

    /// Of any spans.
    fn of(mut spans: Vec<(i64, i64, i64)>) -> Self {
        spans.retain(|&(_, from, to)| from < to);
        spans.sort_unstable();
        let mut all: Vec<(i64, i64, i64)> = Vec::with_capacity(spans.len());
        for (row, from, to) in spans {
            match all.last_mut() {
                Some(last) if last.0 == row && from <= last.2 => last.2 = last.2.max(to),
                _ => all.push((row, from, to)),
            }
        }
        Self(all)
    }

    /// Number of cells.
    pub(super) fn cells(&self) -> i64 {
        self.0.iter().map(|(_, from, to)| to - from).sum()
    }

    /// Number of cells in both.
    pub(super) fn common(&self, other: &Self) -> i64 {
        let (mut i, mut j, mut cells) = (0, 0, 0);
        while let (Some(a), Some(b)) = (self.0.get(i), other.0.get(j)) {
            if a.0 == b.0 {
                cells += (a.2.min(b.2) - a.1.max(b.1)).max(0);
            }
            if (a.0, a.2) <= (b.0, b.2) {
                i += 1;
            } else {
                j += 1;
            }
        }
        cells
    }

    /// Cells in both over cells in either; 0 for nothing.
    pub(super) fn likeness(&self, other: &Self) -> f64 {
        let common = self.common(other);
        let either = self.cells() + other.cells() - common;
        if either > 0 { common as f64 / either as f64 } else { 0.0 }
    }
}

/// From coordinates to cells of a region.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    origin: Coord<f64>,
    cell: Coord<f64>,
    size: (i64, i64),
    frame: Frame,
}

impl Scale {
    pub(super) fn new(region: &Region) -> Self {
        let bounds = region.bounds();
        let origin = super::in_frame(region, bounds.min.x, bounds.min.y);
        let far = super::in_frame(region, bounds.max.x, bounds.max.y);
        let size = (i64::from(region.width()), i64::from(region.height()));
        let cell = Coord { x: (far.x - origin.x) / size.0 as f64, y: (far.y - origin.y) / size.1 as f64 };
        let frame = match region.ground() {
            Ground::Flat => Frame::Plane,
            Ground::World => Frame::Geographic,
        };
        Self { origin, cell, size, frame }
    }

    fn place(&self, c: Coord<f64>, shift: f64) -> Coord<f64> {
        let from = c - self.origin;
        Coord { x: (from.x + shift) / self.cell.x, y: from.y / self.cell.y }
    }

    /// What to add to the x of lines to meet the region, lap by lap.
    fn shifts(&self, lines: &[&LineString<f64>]) -> Vec<f64> {
        let xs = || lines.iter().flat_map(|line| line.0.iter().map(|c| c.x));
        let (min, max) = (xs().fold(f64::INFINITY, f64::min), xs().fold(f64::NEG_INFINITY, f64::max));
        let (west, east) = (self.origin.x, self.origin.x + self.cell.x * self.size.0 as f64);
        let period = self.frame.period();
        let laps = (-3..=3_i32).filter_map(|lap| match period {
            Some(period) => Some(f64::from(lap) * period),
            None => (lap == 0).then_some(0.0),
        });
        laps.filter(|shift| max + shift >= west && min + shift <= east).collect()
    }

    /// Whether lines leave the region, in any lap that meets it.
    pub(super) fn leaves(&self, lines: &[&LineString<f64>]) -> bool {
        let (width, height) = (self.size.0 as f64, self.size.1 as f64);
        let inside = |p: Coord<f64>| (0.0..=width).contains(&p.x) && (0.0..=height).contains(&p.y);
        self.shifts(lines)
            .into_iter()
            .any(|shift| lines.iter().flat_map(|line| &line.0).any(|&c| !inside(self.place(c, shift))))
    }
}

/// The part of a segment in a box (Liang & Barsky, "A new concept and method for line clipping", 1984).
fn clip(a: Coord<f64>, b: Coord<f64>, low: [f64; 2], high: [f64; 2]) -> Option<(Coord<f64>, Coord<f64>)> {
    let (mut from, mut to) = (0.0_f64, 1.0_f64);
    for (start, step, low, high) in [(a.x, b.x - a.x, low[0], high[0]), (a.y, b.y - a.y, low[1], high[1])] {
        if step == 0.0 {
            if start < low || start > high {
                return None;
            }
            continue;
        }
        let (t0, t1) = ((low - start) / step, (high - start) / step);
        (from, to) = (from.max(t0.min(t1)), to.min(t0.max(t1)));
    }
    (from <= to).then(|| (a + (b - a) * from, a + (b - a) * to))
}
