//! Exact tests on the coordinates themselves.

use crate::boundary::Side;
use crate::frame::Metric;
use geo_types::{Coord, Rect};

/// The nearest place of some segments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nearest {
    /// Squared distance in metres.
    pub(crate) d2: f64,
    /// Which segment.
    pub(crate) segment: usize,
}

/// The nearest of segments `first..first + count` of a line; the first of several.
#[inline]
pub(crate) fn nearest_of_line(
    line: &[Coord<f64>],
    first: usize,
    count: usize,
    p: Coord<f64>,
    metric: &Metric,
) -> Option<Nearest> {
    let part = line.get(first..(first + count + 1).min(line.len()))?;
    let mut best = Nearest { d2: f64::INFINITY, segment: first };
    for (i, s) in part.windows(2).enumerate() {
        let d2 = distance2(s[0], s[1], p, metric);
        if d2 < best.d2 {
            best = Nearest { d2, segment: first + i };
        }
    }
    (best.d2 < f64::INFINITY).then_some(best)
}

/// Squared distance of a point from a segment, in metres.
#[inline]
pub(crate) fn distance2(a: Coord<f64>, b: Coord<f64>, p: Coord<f64>, metric: &Metric) -> f64 {
    // Relative to p, so that large coordinates lose nothing.
    let (ax, ay) = ((a.x - p.x) * metric.sx, (a.y - p.y) * metric.sy);
    let (dx, dy) = ((b.x - a.x) * metric.sx, (b.y - a.y) * metric.sy);
    let len2 = dx * dx + dy * dy;
    let t = if len2 > 0.0 { -(ax * dx + ay * dy) / len2 } else { 0.0 };
    // Exactly an end beyond it, so that segments that share a vertex lie at one distance.
    let (x, y) = if t <= 0.0 {
        (ax, ay)
    } else if t >= 1.0 {
        ((b.x - p.x) * metric.sx, (b.y - p.y) * metric.sy)
    } else {
        (ax + t * dx, ay + t * dy)
    };
    x * x + y * y
}

/// On which side of a line a point lies whose nearest segment is known; none on the line and beyond its ends.
pub(crate) fn side_of_line(
    line: &[Coord<f64>],
    segment: usize,
    p: Coord<f64>,
    metric: &Metric,
) -> Option<Side> {
    let (a, b) = (*line.get(segment)?, *line.get(segment + 1)?);
    let (dx, dy) = ((b.x - a.x) * metric.sx, (b.y - a.y) * metric.sy);
    let along = (p.x - a.x) * metric.sx * dx + (p.y - a.y) * metric.sy * dy;
    let len2 = dx * dx + dy * dy;
    let closed = line.first() == line.last();
    let turn = |a, b, c| {
        let c3 = |c: Coord<f64>| robust::Coord { x: c.x, y: c.y };
        robust::orient2d(c3(a), c3(b), c3(c))
    };
    if along >= 0.0 && along <= len2 && len2 > 0.0 {
        // Also at a vertex: the other segment is farther or meets it there, and the sector rule below agrees.
        let t = turn(a, b, p);
        if along > 0.0 && along < len2 {
            return known(t);
        }
    }
    // The nearest place is a vertex: its two different neighbours decide.
    let at = if along <= 0.0 { segment } else { segment + 1 };
    let v = line[at];
    let n = line.len();
    let ring = if closed { n - 1 } else { n };
    let step = |back: bool| {
        let mut i = at % ring;
        for _ in 0..ring {
            i = match (back, closed) {
                (true, true) => (i + ring - 1) % ring,
                (false, true) => (i + 1) % ring,
                (true, false) => i.checked_sub(1)?,
                (false, false) => Some(i + 1).filter(|&i| i < n)?,
            };
            if line[i] != v {
                return Some(line[i]);
            }
        }
        None
    };
    match (step(true), step(false)) {
        (Some(u), Some(w)) => {
            let (bend, before, after) = (turn(u, v, w), turn(u, v, p), turn(v, w, p));
            if p == v {
                return None;
            }
            if bend > 0.0 {
                // Left is the narrow side: left of both.
                Some(if before > 0.0 && after > 0.0 { Side::Left } else { Side::Right })
            } else if bend < 0.0 {
                Some(if before < 0.0 && after < 0.0 { Side::Right } else { Side::Left })
            } else {
                known(before)
            }
        }
        // Square beside the end of an open line counts as beside it, not as beyond.
        (Some(u), None) if along == len2 => known(turn(u, v, p)),
        (None, Some(w)) if along == 0.0 => known(turn(v, w, p)),
        _ => None,
    }
}

fn known(turn: f64) -> Option<Side> {
    match turn {
        t if t > 0.0 => Some(Side::Left),
        t if t < 0.0 => Some(Side::Right),
        _ => None,
    }
}

/// Whether a segment touches a closed box: exactly.
pub(crate) fn segment_meets(a: Coord<f64>, b: Coord<f64>, r: &Rect<f64>) -> bool {
    let (lo, hi) = (r.min(), r.max());
    if a.x.min(b.x) > hi.x || a.x.max(b.x) < lo.x || a.y.min(b.y) > hi.y || a.y.max(b.y) < lo.y {
        return false;
    }
    let turn = |x, y| {
        let c3 = |c: Coord<f64>| robust::Coord { x: c.x, y: c.y };
        robust::orient2d(c3(a), c3(b), robust::Coord { x, y })
    };
    let corners = [turn(lo.x, lo.y), turn(hi.x, lo.y), turn(hi.x, hi.y), turn(lo.x, hi.y)];
    !(corners.iter().all(|&t| t > 0.0) || corners.iter().all(|&t| t < 0.0))
}
