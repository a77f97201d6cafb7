//! Areas over the cells of a tile: the side of every centre, from crossing to crossing.

use super::place::{Place, Run};
use crate::area::{Area, Where};
use crate::boundary::Side;
use crate::frame::{Frame, Metric};
use crate::geometry::near::{beside_seam, locate};
use crate::geometry::orient;
use crate::geometry::predicate::on_segment;
use bm_grid::Window;
use geo_types::{Coord, Rect};

/// On which side of an area the centres of a tile's cells lie.
#[derive(Clone, Debug)]
pub(super) enum Sides {
    /// All alike.
    All(Option<Side>),
    /// Row by row.
    Each(Box<[Option<Side>]>),
}

impl Sides {
    #[inline]
    pub(super) fn get(&self, index: usize) -> Option<Side> {
        match self {
            Self::All(side) => *side,
            Self::Each(sides) => sides[index],
        }
    }
}

/// The side of an area that a point lies on; none exactly on its edge.
pub(super) fn side_of(area: &Area, own: Rect<f64>, p: Coord<f64>, frame: Frame) -> Option<Side> {
    match locate(area, own, p, frame) {
        Where::Inside => Some(Side::Left),
        Where::Outside => Some(Side::Right),
        Where::On if on_shore(area, own, p, frame) => None,
        Where::On => beside_seam(area, own, p, frame),
    }
}

fn on_shore(area: &Area, own: Rect<f64>, p: Coord<f64>, frame: Frame) -> bool {
    let mut on = false;
    for dx in frame.laps(p.x, own.min().x, own.max().x, 0.0) {
        let p = Coord { x: p.x + dx, y: p.y };
        area.edges_in(Rect::new(p, p), |a, b| on |= !frame.is_seam(a, b) && on_segment(a, b, p));
    }
    on
}

/// Metres to the nearest shore, if it is not farther than `limit`; else infinite.
pub(super) fn distance_within(area: &Area, p: Coord<f64>, frame: Frame, metric: Metric, limit: f64) -> f64 {
    let Some(own) = area.bounds() else { return f64::INFINITY };
    let [hx, hy] = metric.half(limit * (1.0 + 1e-9));
    let mut least = f64::INFINITY;
    for dx in frame.laps(p.x, own.min().x, own.max().x, hx) {
        let at = Coord { x: p.x + dx, y: p.y };
        let by = Coord { x: hx, y: hy };
        area.edges_in(Rect::new(at - by, at + by), |a, b| {
            if !frame.is_seam(a, b) {
                least = least.min(metric.to_segment(at, a, b).0);
            }
        });
    }
    if least <= limit { least } else { f64::INFINITY }
}

/// The sides of a tile's centres: columns at `xs`, rows at `ys`.
pub(super) fn sides(
    place: &Place,
    area: &Area,
    window: Window,
    xs: &[f64],
    runs: &[Run],
    ys: &[f64],
) -> Sides {
    let frame = place.frame;
    let Some(own) = area.bounds() else { return Sides::All(Some(Side::Right)) };
    let mut edges = Vec::new();
    let mut all = Vec::with_capacity(runs.len());
    for run in runs {
        let crossed = edges.len();
        let xs = &xs[run.from..run.to];
        edges_of(area, own, frame, xs, ys, &mut edges);
        all.push((crossed, edges.len()));
    }
    if edges.is_empty() {
        let mut each = runs.iter().map(|run| side_of(area, own, Coord { x: xs[run.from], y: ys[0] }, frame));
        let first = each.next().flatten();
        if each.all(|side| side == first) {
            return Sides::All(first);
        }
    }
    let width = window.width as usize;
    let mut marks = vec![0_u8; window.cells()];
    for (run, (from, to)) in runs.iter().zip(all) {
        let crossings = Crossings { cell: place.cell, xs: &xs[run.from..run.to], ys, width, from: run.from };
        for edge in &edges[from..to] {
            crossings.mark(edge, &mut marks);
        }
    }
    let mut sides = vec![None; window.cells()];
    for (row, &y) in ys.iter().enumerate() {
        for run in runs {
            let cells = row * width + run.from..row * width + run.to;
            fill(&marks[cells.clone()], &mut sides[cells], |i| {
                side_of(area, own, Coord { x: xs[run.from + i], y }, frame)
            });
        }
    }
    Sides::Each(sides.into())
}

/// The first cell right of an edge: from here on it is the other side.
const TURN: u8 = 1;
/// A cell whose centre may lie on an edge.
const ON: u8 = 2;

/// The sides of a row from its marks; `exact` asks the area about one cell.
fn fill(marks: &[u8], sides: &mut [Option<Side>], exact: impl Fn(usize) -> Option<Side>) {
    let mut current = None;
    for (i, (&mark, side)) in marks.iter().zip(sides).enumerate() {
        if mark & TURN != 0 {
            current = match current {
                Some(Side::Left) => Some(Side::Right),
                Some(Side::Right) => Some(Side::Left),
                None => None,
            };
        }
        if mark & ON != 0 {
            // Whatever it is, the count of turns goes on behind it.
            *side = exact(i);
            continue;
        }
        if current.is_none() {
            current = exact(i);
        }
        *side = current;
    }
}

/// An edge, and what to add to a centre's x to meet it.
struct Edge {
    a: Coord<f64>,
    b: Coord<f64>,
    dx: f64,
}

/// The edges among the centres of a run, of every lap.
fn edges_of(area: &Area, own: Rect<f64>, frame: Frame, xs: &[f64], ys: &[f64], edges: &mut Vec<Edge>) {
    let (Some(&west), Some(&east), Some(&south), Some(&north)) =
        (xs.first(), xs.last(), ys.first(), ys.last())
    else {
        return;
    };
    let (middle, half) = ((west + east) / 2.0, (east - west) / 2.0 + 1e-9);
    for dx in frame.laps(middle, own.min().x, own.max().x, half) {
        let rect = Rect::new(Coord { x: west + dx, y: south }, Coord { x: east + dx, y: north });
        area.edges_in(rect, |a, b| edges.push(Edge { a, b, dx }));
    }
}

struct Crossings<'a> {
    cell: f64,
    xs: &'a [f64],
    ys: &'a [f64],
    width: usize,
    /// The run's first column in the tile.
    from: usize,
}

impl Crossings<'_> {
    fn mark(&self, edge: &Edge, marks: &mut [u8]) {
        let Edge { a, b, dx } = *edge;
        let (low, high) = (a.y.min(b.y), a.y.max(b.y));
        let first = self.ys.partition_point(|&y| y < low);
        for (row, &y) in self.ys.iter().enumerate().skip(first).take_while(|(_, y)| **y <= high) {
            let marks = &mut marks[row * self.width + self.from..][..self.xs.len()];
            if y == a.y || y == b.y {
                // A centre on an end, or along the edge: rare, and said by the area itself.
                let (west, east) = (a.x.min(b.x) - dx, a.x.max(b.x) - dx);
                let slack = self.cell / 2.0;
                let from = self.xs.partition_point(|&x| x < west - slack);
                for (mark, &x) in
                    marks.iter_mut().zip(self.xs).skip(from).take_while(|(_, x)| **x <= east + slack)
                {
                    if on_segment(a, b, Coord { x: x + dx, y }) {
                        *mark |= ON;
                    }
                }
            }
            if (a.y <= y) != (b.y <= y) {
                let i = self.first_right(edge, y, marks);
                if let Some(mark) = marks.get_mut(i) {
                    *mark ^= TURN;
                }
            }
        }
    }

    /// The first column whose centre lies right of an edge at a height that it crosses.
    fn first_right(&self, edge: &Edge, y: f64, marks: &mut [u8]) -> usize {
        let Edge { a, b, dx } = *edge;
        let x = a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x) - dx;
        let west = self.xs[0];
        let place = (x - west) / self.cell;
        let guess = (place.floor() + 1.0).clamp(0.0, self.xs.len() as f64) as usize;
        let doubt = 1e-6 + (x.abs() + a.x.abs() + b.x.abs()) * (16.0 * f64::EPSILON) / self.cell;
        if (place - place.round()).abs() > doubt {
            return guess;
        }
        // Beside a centre: ask exactly.
        let turn = |i: usize| {
            let turn = orient(a, b, Coord { x: self.xs[i] + dx, y });
            if b.y > a.y { -turn } else { turn }
        };
        let mut i = guess;
        while i > 0 && turn(i - 1) >= 0.0 {
            i -= 1;
        }
        while i < self.xs.len() {
            let turn = turn(i);
            if turn > 0.0 {
                break;
            }
            if turn == 0.0 {
                marks[i] |= ON;
            }
            i += 1;
        }
        i
    }
}
