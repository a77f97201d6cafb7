//! Boundaries cut into short pieces, so that boxes are small.

use crate::boundary::{Boundary, Shape};
use crate::frame::{Frame, METRES_PER_DEGREE};
use geo_types::{Coord, Rect};

/// Segments of a piece, at most.
const SEGMENTS: usize = 8;
/// A segment is cut where the thin side of its box would exceed so many metres …
const FINE: f64 = 64.0;
/// … or a sixteenth of its own, up to so many.
const COARSE: f64 = 1000.0;
/// Cuts of a segment, at most.
const CUTS: f64 = 4096.0;

/// A few segments of a line, or a whole area.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Piece {
    /// Number of the boundary in its index.
    pub(crate) slot: u32,
    /// Which line; [`Piece::AREA`] for an area.
    pub(crate) part: u32,
    /// First segment.
    pub(crate) first: u32,
    /// Number of segments.
    pub(crate) count: u16,
    /// Whether the boundary has no other piece and no other box.
    pub(crate) sole: bool,
    /// The ends of a single segment: those who ask about many places meet boundaries in another order than that in
    /// which they lie in memory, and would wait for it.
    pub(crate) ends: [Coord<f64>; 2],
}

impl Piece {
    /// The part of an area.
    pub(crate) const AREA: u32 = u32::MAX;
}

/// Every piece of a boundary with its box, grown by the boundary's reach. The same boundary always gives the same.
///
/// Many short segments share a piece. One long segment across the axes has several boxes along it, all of the same
/// piece: exact tests use the true segment.
pub(crate) fn pieces_of(
    boundary: &Boundary,
    slot: u32,
    frame: Frame,
    mut each: impl FnMut(Rect<f64>, Piece),
) {
    let reach = boundary.transition.map_or(0.0, |t| t.reach());
    let lines = match &boundary.shape {
        Shape::Area(area) => {
            if let Some(bounds) = area.bounds() {
                let ends = [Coord::zero(); 2];
                each(bounds, Piece { slot, part: Piece::AREA, first: 0, count: 0, sole: true, ends });
            }
            return;
        }
        Shape::Lines(lines) => lines,
    };
    for (part, line) in lines.iter().enumerate() {
        let c = &line.0;
        let mut first = 0;
        while first + 1 < c.len() {
            let cuts = cuts(c[first], c[first + 1], frame);
            let ends = [c[first], c[first + 1]];
            let (part, first32) = (part as u32, first as u32);
            let mut piece = Piece { slot, part, first: first32, count: 1, sole: false, ends };
            if cuts > 1.0 {
                let (a, b) = (c[first], c[first + 1]);
                let at = |i: f64| match i {
                    // The ends exactly.
                    i if i <= 0.0 => a,
                    i if i >= cuts => b,
                    i => a + (b - a) * (i / cuts),
                };
                for i in 0..cuts as u32 {
                    let (a, b) = (at(f64::from(i)), at(f64::from(i) + 1.0));
                    // A point along the segment is rounded; its box must hold the segment's own points.
                    each(grown(slack(Rect::new(a, b)), reach, frame), piece);
                }
                first += 1;
                continue;
            }
            let mut bounds = Rect::new(c[first], c[first + 1]);
            let mut last = first + 1;
            while last + 1 < c.len() && last - first < SEGMENTS {
                let more = with(bounds, c[last + 1]);
                // Rather another piece than a box that is much larger than its segments.
                if thin_side(&more, frame) > COARSE {
                    break;
                }
                bounds = more;
                last += 1;
            }
            piece.count = (last - first) as u16;
            piece.sole = lines.len() == 1 && piece.count as usize + 1 == c.len();
            if piece.count > 1 {
                piece.ends = [Coord::zero(); 2];
            }
            each(grown(bounds, reach, frame), piece);
            first = last;
        }
    }
}

fn with(r: Rect<f64>, c: Coord<f64>) -> Rect<f64> {
    let (lo, hi) = (r.min(), r.max());
    Rect::new(Coord { x: lo.x.min(c.x), y: lo.y.min(c.y) }, Coord { x: hi.x.max(c.x), y: hi.y.max(c.y) })
}

/// The shorter side of a box in metres.
fn thin_side(r: &Rect<f64>, frame: Frame) -> f64 {
    let metric = frame.metric(Coord { x: 0.0, y: r.min().y.abs().min(r.max().y.abs()) });
    (r.width() * metric.sx).min(r.height() * metric.sy)
}

fn cuts(a: Coord<f64>, b: Coord<f64>, frame: Frame) -> f64 {
    let thin = thin_side(&Rect::new(a, b), frame);
    (thin / (thin / 16.0).clamp(FINE, COARSE)).ceil().clamp(1.0, CUTS)
}

fn slack(r: Rect<f64>) -> Rect<f64> {
    let step = |v: f64| v.abs() * 4.0 * f64::EPSILON;
    let (lo, hi) = (r.min(), r.max());
    let grow = Coord { x: step(lo.x).max(step(hi.x)), y: step(lo.y).max(step(hi.y)) };
    Rect::new(lo - grow, hi + grow)
}

/// A box grown by metres: it holds every point from which something in the box is within that distance in the point's
/// own metric.
pub(crate) fn grown(r: Rect<f64>, metres: f64, frame: Frame) -> Rect<f64> {
    if metres <= 0.0 {
        return r;
    }
    let metres = metres * (1.0 + 1e-9);
    let by = match frame {
        Frame::Plane => Coord { x: metres, y: metres },
        Frame::Geographic => {
            let y = metres / METRES_PER_DEGREE;
            // The asked point may lie farther from the equator, where a degree is narrower.
            let farthest = (r.min().y.abs().max(r.max().y.abs()) + y).min(90.0);
            Coord { x: (metres / frame.metric(Coord { x: 0.0, y: farthest }).sx).min(360.0), y }
        }
    };
    Rect::new(r.min() - by, r.max() + by)
}
