//! Which side of a line a point lies on.
//!
//! A point lies on the side of the *nearest place* of the line. That place is
//!
//! - inside a segment: the sign of the orientation predicate;
//! - a vertex: the point lies in one of the sectors that the segments meeting there cut the neighbourhood into, and the
//!   two segments that bound the sector name its side. With two segments this is the familiar rule (at a convex turn
//!   both must agree, at a concave one either does); it goes on to hold where several cells touch in a vertex, where a
//!   line ends on another, and where a spike runs out and back over itself, which cancels;
//! - an end of the line, and the point beyond it: unknown;
//! - several places at once: the side they agree on, otherwise unknown.
//!
//! Distances are compared in `f64` with their error bounds first; what ties there is compared with twice the digits, so
//! that a hairpin thinner than an ulp of the distance still has two sides.

use super::predicate::{on_segment, orient};
use super::wide::Wide;
use crate::boundary::Side;
use crate::frame::Metric;
use geo_types::{Coord, LineString};
use std::cmp::Ordering;

/// A segment of a line, in the line's direction. `part` and `index` tell segments of one boundary apart and put them
/// in order; they need not be consecutive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Segment {
    /// Which line of the boundary.
    pub part: u32,
    /// Which segment of it, counted from its start.
    pub index: u32,
    /// Start.
    pub a: Coord<f64>,
    /// End.
    pub b: Coord<f64>,
}

/// The nearest place of a boundary.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Near {
    /// Distance in metres; infinite for an area without shores.
    pub distance: f64,
    /// The nearest place, beside the asked point: in the lap of the date line that the point was asked in.
    pub point: Coord<f64>,
    /// The segment it lies on (of several, the first), as the boundary has it or a lap of the globe beside.
    pub segment: [Coord<f64>; 2],
    /// Side of the asked point; none exactly on the line, beyond its end, and where nearest places disagree.
    pub side: Option<Side>,
    /// The nearest place is a loose end of the line, and the point lies beyond it.
    pub end: bool,
}

/// Gathers segments and keeps the nearest: all of them where they tie.
///
/// The answer depends on the nearest segments alone, not on the order they come in nor on how often or which farther
/// ones come: an index may offer whatever lies within a radius (a little more than the nearest distance: a millionth
/// is plenty) and gets the answer that the whole line would give.
#[derive(Clone, Debug)]
pub struct Nearest {
    p: Coord<f64>,
    metric: Metric,
    /// Segments whose distance may be the least, each with a lower bound of it.
    tied: Vec<(f64, Segment)>,
    /// Upper bound of the least distance.
    bound: f64,
}

impl Nearest {
    /// For a point, before any segment.
    #[must_use]
    pub const fn new(p: Coord<f64>, metric: Metric) -> Self {
        Self { p, metric, tied: Vec::new(), bound: f64::INFINITY }
    }

    /// Starts anew for another point and keeps the memory.
    pub fn reset(&mut self, p: Coord<f64>, metric: Metric) {
        (self.p, self.metric, self.bound) = (p, metric, f64::INFINITY);
        self.tied.clear();
    }

    /// Metres beyond which a segment cannot matter any more; infinite at first.
    #[inline]
    #[must_use]
    pub const fn bound(&self) -> f64 {
        self.bound
    }

    /// Whether no segment came yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.tied.is_empty()
    }

    /// Offers a segment. One without length says nothing.
    #[inline]
    pub fn add(&mut self, segment: Segment) {
        let Segment { a, b, .. } = segment;
        let (ax, ay) = ((a.x - self.p.x) * self.metric.sx, (a.y - self.p.y) * self.metric.sy);
        let (bx, by) = ((b.x - self.p.x) * self.metric.sx, (b.y - self.p.y) * self.metric.sy);
        let (d, _) = self.metric.to_segment(self.p, a, b);
        // Sixteen roundings of numbers no greater than these.
        let slack = (ax.abs() + ay.abs() + bx.abs() + by.abs()) * (32.0 * f64::EPSILON);
        // A NaN fails both and stays out.
        if d - slack <= self.bound && a != b {
            if d + slack < self.bound {
                self.bound = d + slack;
                self.tied.retain(|(low, _)| *low <= d + slack);
            }
            self.tied.push((d - slack, segment));
        }
    }

    /// Takes over the nearest segments of another gathering that was asked `dx` away from here in x.
    pub fn merge(&mut self, other: &Self, dx: f64) {
        let by = Coord { x: dx, y: 0.0 };
        for (_, s) in &other.tied {
            self.add(Segment { a: s.a - by, b: s.b - by, ..*s });
        }
    }

    /// The nearest place and the side of it; none if no segment came.
    #[must_use]
    pub fn finish(mut self) -> Option<Near> {
        self.resolve()
    }

    /// As [`finish`](Self::finish), leaving the gathering for [`reset`](Self::reset).
    pub fn resolve(&mut self) -> Option<Near> {
        let p = self.p;
        if let [(_, s)] = self.tied.as_slice()
            && clearly_inside(p, s, self.metric)
        {
            // The usual case.
            let (distance, point) = self.metric.to_segment(p, s.a, s.b);
            let side = side_from(orient(s.a, s.b, p));
            let (distance, point) = if side.is_some() { (distance, point) } else { (0.0, p) };
            return Some(Near { distance, point, segment: [s.a, s.b], side, end: false });
        }
        self.tied.sort_by_key(|(_, s)| (s.part, s.index));
        self.tied.dedup_by_key(|(_, s)| (s.part, s.index));
        let mut hits: Vec<Hit> = self.tied.iter().map(|(_, s)| Hit::new(p, *s, self.metric)).collect();
        let least = hits.iter().copied().reduce(|a, b| if b.nearer(&a).is_lt() { b } else { a })?;
        hits.retain(|h| h.nearer(&least).is_eq());
        let first = hits.first()?;
        let (mut distance, mut point) = self.metric.to_segment(p, first.s.a, first.s.b);
        let (side, end) = if hits.iter().any(|h| on_segment(h.s.a, h.s.b, p)) {
            (distance, point) = (0.0, p);
            (None, false)
        } else {
            sides(p, &hits)
        };
        Some(Near { distance, point, segment: [first.s.a, first.s.b], side, end })
    }
}

/// Whether the nearest place of a segment is inside it, beyond the doubt of rounding.
fn clearly_inside(p: Coord<f64>, s: &Segment, m: Metric) -> bool {
    let scale = |c: Coord<f64>| (c.x * m.sx, c.y * m.sy);
    let (d, ap, bp) = (scale(s.b - s.a), scale(p - s.a), scale(p - s.b));
    let doubt = |u: (f64, f64)| ((u.0 * d.0).abs() + (u.1 * d.1).abs()) * (8.0 * f64::EPSILON);
    ap.0 * d.0 + ap.1 * d.1 > doubt(ap) && -(bp.0 * d.0 + bp.1 * d.1) > doubt(bp)
}

/// Which place of a segment is nearest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    A,
    B,
    Inside,
}

/// A segment among the nearest, with the square of its distance as a fraction.
#[derive(Clone, Copy, Debug)]
struct Hit {
    s: Segment,
    place: Place,
    /// The place is an end and the point stands exactly square above it, hence beside the segment.
    square: bool,
    num: Wide,
    den: Wide,
}

impl Hit {
    fn new(p: Coord<f64>, s: Segment, m: Metric) -> Self {
        let vector = |to: Coord<f64>, from: Coord<f64>| {
            (Wide::difference(to.x, from.x).times(m.sx), Wide::difference(to.y, from.y).times(m.sy))
        };
        let dot = |u: (Wide, Wide), v: (Wide, Wide)| u.0 * v.0 + u.1 * v.1;
        let (ab, ap, bp) = (vector(s.b, s.a), vector(p, s.a), vector(p, s.b));
        let (from_a, from_b) = (dot(ap, ab).sign(), dot(bp, ab).sign());
        let (place, num, den) = if from_a != Ordering::Greater {
            (Place::A, dot(ap, ap), Wide::ONE)
        } else if from_b != Ordering::Less {
            (Place::B, dot(bp, bp), Wide::ONE)
        } else {
            let cross = ab.0 * ap.1 - ab.1 * ap.0;
            (Place::Inside, cross * cross, dot(ab, ab))
        };
        let square = from_a.is_eq() || from_b.is_eq();
        Self { s, place, square, num, den }
    }

    /// Equal where the last of thirty-one digits differ: a vertex on another line's segment is one place, also in a
    /// metric whose products do not end.
    fn nearer(&self, other: &Self) -> Ordering {
        (self.num * other.den).compare(other.num * self.den)
    }

    fn vertex(&self) -> Option<Coord<f64>> {
        match self.place {
            Place::A => Some(self.s.a),
            Place::B => Some(self.s.b),
            Place::Inside => None,
        }
    }
}

fn side_from(sign: f64) -> Option<Side> {
    match sign.partial_cmp(&0.0)? {
        Ordering::Greater => Some(Side::Left),
        Ordering::Less => Some(Side::Right),
        Ordering::Equal => None,
    }
}

/// What the nearest places agree on, and whether one is a loose end.
fn sides(p: Coord<f64>, hits: &[Hit]) -> (Option<Side>, bool) {
    let mut said = Vec::with_capacity(hits.len());
    let mut done: Vec<Coord<f64>> = Vec::new();
    for v in hits.iter().filter_map(Hit::vertex) {
        if !done.contains(&v) {
            done.push(v);
            said.push(at_vertex(p, v, hits));
        }
    }
    let mut inner: Vec<&Segment> = hits
        .iter()
        .filter(|h| h.place == Place::Inside && !done.iter().any(|v| on_segment(h.s.a, h.s.b, *v)))
        .map(|h| &h.s)
        .collect();
    // Segments over each other share the place; those of contrary directions cancel.
    while let Some(s) = inner.pop() {
        let mut net = sign(orient(s.a, s.b, p));
        inner.retain(|o| {
            let same = orient(s.a, s.b, o.a) == 0.0 && orient(s.a, s.b, o.b) == 0.0;
            if same {
                net += sign(orient(o.a, o.b, p));
            }
            !same
        });
        said.push((side_from(f64::from(net)), false));
    }
    let agreed = said.first().and_then(|(first, _)| *first);
    let side = agreed.filter(|_| said.iter().all(|(s, _)| *s == agreed));
    (side, side.is_none() && said.iter().any(|(_, end)| *end))
}

fn sign(x: f64) -> i32 {
    i32::from(x > 0.0) - i32::from(x < 0.0)
}

/// A direction out of a vertex, and how many segments run out along it, less those that come in.
struct Ray {
    to: Coord<f64>,
    net: i32,
}

/// The side of `p` at the vertex `v`, its nearest place, and whether that is a loose end.
fn at_vertex(p: Coord<f64>, v: Coord<f64>, hits: &[Hit]) -> (Option<Side>, bool) {
    let mut rays: Vec<Ray> = Vec::with_capacity(4);
    let mut ray = |to: Coord<f64>, net: i32| {
        let along = |o: &&mut Ray| {
            orient(v, o.to, to) == 0.0
                && sign(o.to.x - v.x) == sign(to.x - v.x)
                && sign(o.to.y - v.y) == sign(to.y - v.y)
        };
        match rays.iter_mut().find(along) {
            Some(same) => same.net += net,
            None => rays.push(Ray { to, net }),
        }
    };
    let mut only = None;
    for h in hits {
        let Segment { a, b, .. } = h.s;
        if !on_segment(a, b, v) {
            continue;
        }
        only = Some(h);
        // One that passes through `v` leaves it both ways.
        if v != a {
            ray(a, -1);
        }
        if v != b {
            ray(b, 1);
        }
    }
    if let ([one], Some(h)) = (rays.as_slice(), only)
        && one.net != 0
    {
        return if h.square { (side_from(orient(h.s.a, h.s.b, p)), false) } else { (None, true) };
    }
    rays.retain(|r| r.net != 0);
    // The directions as they are met turning left from the one to `p`: its left half, straight behind, its right half.
    let half = |r: &Ray| match sign(orient(v, p, r.to)) {
        1 => 0,
        0 => 1,
        _ => 2,
    };
    rays.sort_by(|r, o| half(r).cmp(&half(o)).then_with(|| sign(orient(v, o.to, r.to)).cmp(&0)));
    // `p` lies right of the first that leaves, and left of the last.
    let side = |out: bool| if out { Side::Left } else { Side::Right };
    match (rays.first(), rays.last()) {
        (Some(first), Some(last)) if (first.net < 0) == (last.net > 0) => (Some(side(last.net > 0)), false),
        _ => (None, false),
    }
}

/// The nearest place of a line, open or closed, and the side of it that `p` lies on.
#[must_use]
pub fn side_of(line: &LineString<f64>, p: Coord<f64>, metric: Metric) -> Option<Near> {
    let mut nearest = Nearest::new(p, metric);
    for s in segments(0, line) {
        nearest.add(s);
    }
    nearest.finish()
}

/// The segments of a line.
pub fn segments(part: u32, line: &LineString<f64>) -> impl Iterator<Item = Segment> + '_ {
    line.0.windows(2).zip(0..).map(move |(e, index)| Segment { part, index, a: e[0], b: e[1] })
}

#[cfg(test)]
#[path = "side_tests.rs"]
mod tests;
