//! Polygons in longitude and latitude, checked.

use super::bad;
use super::span::{east_ticks, north_ticks};
use crate::error::WorldError;
use robust::{Coord, orient2d};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};
use std::fmt;

/// Easternmost longitude that is understood: polygons over the date line may count on beyond 180.
const MAX_LON: f64 = 360.0;

/// A polygon that is sound: closed rings that cross nothing, holes inside their shell.
#[derive(Clone, Debug, PartialEq)]
pub struct Polygon {
    /// The shell, then the holes; longitude and latitude; the last vertex repeats the first.
    rings: Vec<Vec<[f64; 2]>>,
}

/// Any number of polygons; what they cover is what any of them covers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Polygons(Vec<Polygon>);

impl Polygon {
    /// Checks rings of longitudes and latitudes in degrees: the shell first, then the holes, in any winding, each
    /// closed by its first vertex. Longitudes go from -360 to 360, so that a polygon over the date line may run
    /// from 170 to 190 (or be cut in two there).
    ///
    /// Edges are straight in longitude and latitude. Rings may touch each other in points, but not themselves.
    ///
    /// # Errors
    /// [`WorldError::Data`] with ring and vertex (both counted from 0): fewer than four vertices, not closed, not
    /// numbers, out of range, swapped; rings that cross, touch or retrace themselves or each other; holes outside.
    pub fn new(rings: Vec<Vec<[f64; 2]>>) -> Result<Self, WorldError> {
        Self::checked(rings).map_err(|e| bad("polygon", e.to_string()))
    }

    pub(super) fn checked(rings: Vec<Vec<[f64; 2]>>) -> Result<Self, Fault> {
        if rings.is_empty() {
            return Err(Fault { at: String::new(), what: "has no ring".into() });
        }
        for (r, ring) in rings.iter().enumerate() {
            check_ring(r, ring)?;
        }
        let [west, east] = rings[0]
            .iter()
            .fold([f64::INFINITY, f64::NEG_INFINITY], |[lo, hi], v| [lo.min(v[0]), hi.max(v[0])]);
        if east - west > 360.0 {
            return Err(ring_fault(0, format!("is {} degrees wide, more than the globe", east - west)));
        }
        check_crossings(&rings)?;
        check_holes(&rings)?;
        Ok(Self { rings })
    }

    /// Shell and holes.
    #[must_use]
    pub fn rings(&self) -> &[Vec<[f64; 2]>] {
        &self.rings
    }

    /// Westernmost and easternmost longitude.
    pub(super) fn width(&self) -> [f64; 2] {
        extent(&self.rings[0], 0)
    }

    /// Edges of all rings, in degrees.
    pub(super) fn edges(&self) -> impl Iterator<Item = [[f64; 2]; 2]> {
        self.rings.iter().flat_map(|r| r.windows(2).map(|e| [e[0], e[1]]))
    }
}

impl Polygons {
    /// Several polygons; they may overlap.
    ///
    /// # Errors
    /// [`WorldError::Data`] when there is none.
    pub fn new(polygons: Vec<Polygon>) -> Result<Self, WorldError> {
        if polygons.is_empty() {
            return Err(bad("polygon", "there is none"));
        }
        Ok(Self(polygons))
    }

    /// The polygons.
    #[must_use]
    pub fn all(&self) -> &[Polygon] {
        &self.0
    }

    /// Length of all edges in ticks, across and along together, and square ticks inside, both in the frame.
    pub(super) fn measure(&self) -> [f64; 2] {
        let mut total = [0.0; 2];
        for p in &self.0 {
            for (r, ring) in p.rings.iter().enumerate() {
                let mut twice = 0.0;
                for e in ring.windows(2) {
                    let [a, b] = [e[0], e[1]].map(|v| [east_ticks(v[0]), north_ticks(v[1])]);
                    total[0] += (b[0] - a[0]).abs() + (b[1] - a[1]).abs();
                    twice += a[0] * b[1] - b[0] * a[1];
                }
                let area = twice.abs() / 2.0;
                total[1] += if r == 0 { area } else { -area };
            }
        }
        total
    }
}

/// What is wrong with a polygon, and where.
#[derive(Debug)]
pub(super) struct Fault {
    at: String,
    what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, what } = self;
        if at.is_empty() { f.write_str(what) } else { write!(f, "{at} {what} (all counted from 0)") }
    }
}

fn ring_fault(ring: usize, what: impl Into<String>) -> Fault {
    let kind = if ring == 0 { "shell" } else { "hole" };
    Fault { at: format!("ring {ring} ({kind})"), what: what.into() }
}

fn vertex_fault(ring: usize, vertex: usize, what: impl fmt::Display) -> Fault {
    ring_fault(ring, format!("vertex {vertex}: {what}"))
}

fn check_ring(r: usize, ring: &[[f64; 2]]) -> Result<(), Fault> {
    for (v, &[lon, lat]) in ring.iter().enumerate() {
        if !lon.is_finite() || !lat.is_finite() {
            return Err(vertex_fault(r, v, format_args!("{lon}, {lat} are no numbers")));
        }
        if lat.abs() > 90.0 && lat.abs() <= MAX_LON && lon.abs() <= 90.0 {
            return Err(vertex_fault(
                r,
                v,
                format_args!(
                    "latitude {lat} is not from -90 to 90: longitude and latitude look swapped, longitude comes first"
                ),
            ));
        }
        if lat.abs() > 90.0 {
            return Err(vertex_fault(
                r,
                v,
                format_args!("latitude {lat} is not from -90 to 90: are these degrees?"),
            ));
        }
        if lon.abs() > MAX_LON {
            return Err(vertex_fault(r, v, format_args!("longitude {lon} is not from -360 to 360")));
        }
    }
    if ring.len() < 4 {
        return Err(ring_fault(
            r,
            format!("has {} vertices: a triangle has four, the first one repeated", ring.len()),
        ));
    }
    let last = ring.len() - 1;
    if ring[0] != ring[last] {
        return Err(vertex_fault(
            r,
            last,
            format_args!(
                "{}, {} is not the first one ({}, {}): close the ring by repeating it",
                ring[last][0], ring[last][1], ring[0][0], ring[0][1]
            ),
        ));
    }
    for (v, e) in ring.windows(2).enumerate() {
        let across = (e[1][0] - e[0][0]).abs();
        let whole = e[0][0].abs() == 180.0 && e[1][0].abs() == 180.0;
        if across > 180.0 && !whole {
            return Err(vertex_fault(
                r,
                v,
                format_args!(
                    "the edge from longitude {} to {} goes the long way round: over the date line count on beyond 180 (179 to 181), or put a vertex between them",
                    e[0][0], e[1][0]
                ),
            ));
        }
    }
    Ok(())
}

/// An edge of a ring: its ends, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Edge {
    ends: [[f64; 2]; 2],
    ring: usize,
    /// Index of the vertex it begins at.
    vertex: usize,
    /// Its place among the edges of the ring that have a length, and their number.
    place: [usize; 2],
}

/// How two edges meet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meeting {
    Apart,
    Touch,
    Cross,
    Overlap,
}

fn check_crossings(rings: &[Vec<[f64; 2]>]) -> Result<(), Fault> {
    let mut edges = Vec::new();
    for (r, ring) in rings.iter().enumerate() {
        // A vertex that repeats the one before is no harm.
        let long: Vec<usize> = (0..ring.len() - 1).filter(|&v| ring[v] != ring[v + 1]).collect();
        if long.len() < 3 {
            return Err(ring_fault(r, "has fewer than three different vertices"));
        }
        for (i, &v) in long.iter().enumerate() {
            edges.push(Edge { ends: [ring[v], ring[v + 1]], ring: r, vertex: v, place: [i, long.len()] });
        }
    }
    let boxes = edges
        .iter()
        .enumerate()
        .map(|(i, e)| GeomWithData::new(Rectangle::from_corners(e.ends[0], e.ends[1]), i));
    let tree = RTree::bulk_load(boxes.collect());
    // The first fault along the rings, whatever the order of the tree.
    for (i, a) in edges.iter().enumerate() {
        let around = AABB::from_corners(a.ends[0], a.ends[1]);
        let others = tree.locate_in_envelope_intersecting(&around).map(|g| g.data).filter(|&j| j > i);
        let faulty = others.filter(|&j| is_fault(a, &edges[j])).min();
        if let Some(j) = faulty {
            let b = &edges[j];
            let at = |e: &Edge| format!("vertex {} ({}, {})", e.vertex, e.ends[0][0], e.ends[0][1]);
            let other = if a.ring == b.ring { String::new() } else { format!(" of ring {}", b.ring) };
            return Err(ring_fault(
                a.ring,
                format!(
                    "{}: the edge from here meets the edge from {}{other}: rings must not cross, touch or retrace themselves or cross each other",
                    at(a),
                    at(b)
                ),
            ));
        }
    }
    Ok(())
}

fn is_fault(a: &Edge, b: &Edge) -> bool {
    let meeting = meeting(a.ends, b.ends);
    let [i, n] = a.place;
    let neighbours = a.ring == b.ring && (i.abs_diff(b.place[0]) == 1 || i.abs_diff(b.place[0]) == n - 1);
    match meeting {
        Meeting::Apart => false,
        Meeting::Touch => a.ring == b.ring && !neighbours,
        Meeting::Cross | Meeting::Overlap => true,
    }
}

/// On which side of a line a point lies: 1 left, 0 on it, -1 right; exact.
pub(super) fn turn(a: [f64; 2], b: [f64; 2], c: [f64; 2]) -> i8 {
    let [a, b, c] = [a, b, c].map(|[x, y]| Coord { x, y });
    let d = orient2d(a, b, c);
    i8::from(d > 0.0) - i8::from(d < 0.0)
}

fn meeting([a, b]: [[f64; 2]; 2], [c, d]: [[f64; 2]; 2]) -> Meeting {
    let [ac, ad] = [turn(a, b, c), turn(a, b, d)];
    let [ca, cb] = [turn(c, d, a), turn(c, d, b)];
    if ac * ad < 0 && ca * cb < 0 {
        return Meeting::Cross;
    }
    if [ac, ad, ca, cb] == [0; 4] {
        // On one line: compare along the axis on which it is longer.
        let axis = usize::from((b[0] - a[0]).abs() < (b[1] - a[1]).abs());
        let span = |p: [f64; 2], q: [f64; 2]| [p[axis].min(q[axis]), p[axis].max(q[axis])];
        let (s, t) = (span(a, b), span(c, d));
        let common = s[1].min(t[1]) - s[0].max(t[0]);
        return if common > 0.0 {
            Meeting::Overlap
        } else if common == 0.0 {
            Meeting::Touch
        } else {
            Meeting::Apart
        };
    }
    let on = |side: i8, p: [f64; 2], u: [f64; 2], v: [f64; 2]| {
        side == 0 && (0..2).all(|k| u[k].min(v[k]) <= p[k] && p[k] <= u[k].max(v[k]))
    };
    if on(ac, c, a, b) || on(ad, d, a, b) || on(ca, a, c, d) || on(cb, b, c, d) {
        Meeting::Touch
    } else {
        Meeting::Apart
    }
}

/// Holes lie in the shell and not in each other. Rings are known not to cross.
fn check_holes(rings: &[Vec<[f64; 2]>]) -> Result<(), Fault> {
    let boxes: Vec<[[f64; 2]; 2]> = rings.iter().map(|r| [0, 1].map(|k| extent(r, k))).collect();
    let meet = |a: usize, b: usize| {
        (0..2).all(|k| boxes[a][k][0] <= boxes[b][k][1] && boxes[b][k][0] <= boxes[a][k][1])
    };
    for (r, hole) in rings.iter().enumerate().skip(1) {
        if within(hole, &rings[0]) == Some(false) {
            let [lon, lat] = hole[0];
            return Err(vertex_fault(r, 0, format_args!("{lon}, {lat} lies outside the shell")));
        }
        for (s, other) in rings.iter().enumerate().skip(1) {
            if s != r && meet(r, s) && within(hole, other) == Some(true) {
                return Err(ring_fault(r, format!("lies in another hole, ring {s}")));
            }
        }
    }
    Ok(())
}

/// Least and greatest coordinate of a ring along an axis.
fn extent(ring: &[[f64; 2]], axis: usize) -> [f64; 2] {
    ring.iter().fold([f64::INFINITY, f64::NEG_INFINITY], |[lo, hi], v| [lo.min(v[axis]), hi.max(v[axis])])
}

/// Whether a ring lies in another one that it does not cross; `None` if all its vertices and the middles of its
/// edges are on the other one.
fn within(ring: &[[f64; 2]], other: &[[f64; 2]]) -> Option<bool> {
    let middles = ring.windows(2).map(|e| [0, 1].map(|k| f64::midpoint(e[0][k], e[1][k])));
    ring.iter().copied().chain(middles).find_map(|p| contains(other, p))
}

/// Whether a point is in a ring; `None` on it. Exact.
fn contains(ring: &[[f64; 2]], p: [f64; 2]) -> Option<bool> {
    let mut inside = false;
    for e in ring.windows(2) {
        let (a, b) = (e[0], e[1]);
        if p[1] < a[1].min(b[1]) || a[1].max(b[1]) < p[1] {
            continue;
        }
        let side = turn(a, b, p);
        let between = (0..2).all(|k| a[k].min(b[k]) <= p[k] && p[k] <= a[k].max(b[k]));
        if side == 0 && between {
            return None;
        }
        let up = a[1] <= p[1] && p[1] < b[1];
        let down = b[1] <= p[1] && p[1] < a[1];
        inside ^= (up && side > 0) || (down && side < 0);
    }
    Some(inside)
}
