//! Do rings cross? And which lie inside which?
//!
//! Edges are taken in runs of a few, the runs go into an R-tree, and the tree is joined with itself: near O(n log n)
//! for rings whose edges are short beside the whole. Runs are told apart along four axes, so that hatchings of long
//! parallel slanted edges, whose boxes all overlap, stay quick. Every decision is exact.

use super::error::{Flaw, GeometryError, Spot};
use super::predicate::orient;
use geo_types::{Coord, Rect};
use rstar::{AABB, RTree, RTreeObject};
use std::collections::{BTreeMap, BTreeSet};

/// How two closed segments meet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Meet {
    /// Not at all.
    Apart,
    /// In one point that is an end of at least one.
    Touch(Coord<f64>),
    /// In one point inside both.
    Cross,
    /// In more than a point.
    Overlap,
}

pub(super) fn meet(a: Coord<f64>, b: Coord<f64>, c: Coord<f64>, d: Coord<f64>) -> Meet {
    if a.x.max(b.x) < c.x.min(d.x)
        || c.x.max(d.x) < a.x.min(b.x)
        || a.y.max(b.y) < c.y.min(d.y)
        || c.y.max(d.y) < a.y.min(b.y)
    {
        return Meet::Apart;
    }
    let (oc, od) = (orient(a, b, c), orient(a, b, d));
    if oc > 0.0 && od > 0.0 || oc < 0.0 && od < 0.0 {
        return Meet::Apart;
    }
    if oc == 0.0 && od == 0.0 {
        let sorted = |p: Coord<f64>, q: Coord<f64>| if (p.x, p.y) <= (q.x, q.y) { (p, q) } else { (q, p) };
        let ((a, b), (c, d)) = (sorted(a, b), sorted(c, d));
        let lo = if (a.x, a.y) >= (c.x, c.y) { a } else { c };
        let hi = if (b.x, b.y) <= (d.x, d.y) { b } else { d };
        return match (lo.x, lo.y).partial_cmp(&(hi.x, hi.y)) {
            Some(std::cmp::Ordering::Less) => Meet::Overlap,
            Some(std::cmp::Ordering::Equal) => Meet::Touch(lo),
            _ => Meet::Apart,
        };
    }
    let (oa, ob) = (orient(c, d, a), orient(c, d, b));
    if oa > 0.0 && ob > 0.0 || oa < 0.0 && ob < 0.0 {
        return Meet::Apart;
    }
    // Each one's ends lie on both sides of the other, or on it.
    if oc == 0.0 {
        Meet::Touch(c)
    } else if od == 0.0 {
        Meet::Touch(d)
    } else if oa == 0.0 {
        Meet::Touch(a)
    } else if ob == 0.0 {
        Meet::Touch(b)
    } else {
        Meet::Cross
    }
}

/// Edges of a run.
const RUN: usize = 8;

/// A few consecutive edges of a ring, bounded along x, y and both diagonals.
#[derive(Clone, Debug)]
struct Run {
    ring: u32,
    first: u32,
    edges: u32,
    lo: [f64; 4],
    hi: [f64; 4],
}

impl RTreeObject for Run {
    type Envelope = AABB<[f64; 2]>;
    fn envelope(&self) -> Self::Envelope {
        AABB::from_corners([self.lo[0], self.lo[1]], [self.hi[0], self.hi[1]])
    }
}

impl Run {
    fn apart(&self, o: &Self) -> bool {
        (0..4).any(|k| self.hi[k] < o.lo[k] || o.hi[k] < self.lo[k])
    }
}

/// A ring and an edge of it.
type Edge = (u32, u32);

/// What is wrong with how edges meet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Tangle {
    /// Two cross, or the lines through their common vertex do.
    Cross(Edge, Edge),
    /// Two share more than a point.
    Overlap(Edge, Edge),
    /// A ring runs back over itself at the start of an edge.
    Fold(Edge),
    /// Too many lie about each other to look at all.
    TooMany(Edge),
}

type Key = (u64, u64);

fn key(c: Coord<f64>) -> Key {
    // Both zeros are one place.
    ((c.x + 0.0).to_bits(), (c.y + 0.0).to_bits())
}

/// Closed rings, by place.
pub(super) struct Rings<'a> {
    rings: &'a [Vec<Coord<f64>>],
    tree: RTree<Run>,
    /// Vertices where rings touch themselves or each other.
    touched: BTreeSet<Key>,
    left: f64,
}

/// Whether closed rings neither cross nor overlap, each other or themselves, within a window: edges that lie wholly
/// outside of it are not looked at.
pub(crate) fn sound_within(rings: &[Vec<Coord<f64>>], window: Rect<f64>) -> bool {
    Rings::within(rings, Some(window)).tangle().is_none()
}

impl<'a> Rings<'a> {
    pub(super) fn new(rings: &'a [Vec<Coord<f64>>]) -> Self {
        Self::within(rings, None)
    }

    fn within(rings: &'a [Vec<Coord<f64>>], window: Option<Rect<f64>>) -> Self {
        let meets = |lo: &[f64; 4], hi: &[f64; 4]| {
            window.is_none_or(|w| {
                lo[0] <= w.max().x && w.min().x <= hi[0] && lo[1] <= w.max().y && w.min().y <= hi[1]
            })
        };
        let mut runs = Vec::with_capacity(rings.iter().map(|r| r.len() / RUN + 1).sum());
        for (r, ring) in (0..).zip(rings) {
            let edges = ring.len().saturating_sub(1);
            for first in (0..edges).step_by(RUN) {
                let points = &ring[first..=(first + RUN).min(edges)];
                let (mut lo, mut hi) = ([f64::INFINITY; 4], [f64::NEG_INFINITY; 4]);
                for c in points {
                    let (s, d) = (c.x + c.y, c.x - c.y);
                    // Sums are rounded: to the next either way is safe.
                    for (k, l, h) in [
                        (0, c.x, c.x),
                        (1, c.y, c.y),
                        (2, s.next_down(), s.next_up()),
                        (3, d.next_down(), d.next_up()),
                    ] {
                        (lo[k], hi[k]) = (lo[k].min(l), hi[k].max(h));
                    }
                }
                if meets(&lo, &hi) {
                    runs.push(Run { ring: r, first: first as u32, edges: points.len() as u32 - 1, lo, hi });
                }
            }
        }
        let left = runs.iter().map(|r| r.lo[0]).fold(f64::INFINITY, f64::min);
        Self { rings, tree: RTree::bulk_load(runs), touched: BTreeSet::new(), left }
    }

    fn edge(&self, ring: u32, i: u32) -> (Coord<f64>, Coord<f64>) {
        let r = &self.rings[ring as usize];
        (r[i as usize], r[i as usize + 1])
    }

    /// Refuses edges that cross or overlap; touching in points is fine. `spot` names a vertex of a ring.
    pub(super) fn check(&mut self, spot: impl Fn(usize, usize) -> Spot) -> Result<(), GeometryError> {
        let name = |(ring, i): Edge| spot(ring as usize, i as usize);
        let (at, flaw) = match self.tangle() {
            None => return Ok(()),
            Some(Tangle::Cross(a, b)) => (a, Flaw::Crossing(name(b))),
            Some(Tangle::Overlap(a, b)) => (a, Flaw::Overlap(name(b))),
            Some(Tangle::Fold(a)) => (a, Flaw::Fold),
            Some(Tangle::TooMany(a)) => (a, Flaw::Tangled),
        };
        Err(GeometryError::new(name(at), flaw))
    }

    /// The first thing wrong with how edges meet.
    pub(super) fn tangle(&mut self) -> Option<Tangle> {
        let mut meetings: BTreeMap<Key, BTreeSet<Edge>> = BTreeMap::new();
        // Shores need some ten pairs of runs a run; what needs hundreds was made to be slow.
        let mut budget = self.tree.size() * 300 + 10_000_000;
        for (a, b) in self.tree.intersection_candidates_with_other_tree(&self.tree) {
            let Some(left) = budget.checked_sub(1) else { return Some(Tangle::TooMany((a.ring, a.first))) };
            budget = left;
            let order = (a.ring, a.first).cmp(&(b.ring, b.first));
            if order.is_gt() || a.apart(b) {
                continue;
            }
            for i in a.first..a.first + a.edges {
                let (p, q) = self.edge(a.ring, i);
                let from = if order.is_eq() { i + 1 } else { b.first };
                for j in from..b.first + b.edges {
                    let (r, s) = self.edge(b.ring, j);
                    let (one, other) = ((a.ring, i), (b.ring, j));
                    match meet(p, q, r, s) {
                        Meet::Apart => {}
                        Meet::Cross => return Some(Tangle::Cross(one, other)),
                        Meet::Overlap if self.consecutive(one, other) => {
                            // The vertex between them: the first one if the ring closes there.
                            return Some(Tangle::Fold(if j == i + 1 { other } else { one }));
                        }
                        Meet::Overlap => return Some(Tangle::Overlap(one, other)),
                        Meet::Touch(v) => {
                            if !self.consecutive(one, other) {
                                meetings.entry(key(v)).or_default().extend([one, other]);
                            }
                        }
                    }
                }
            }
        }
        for (k, edges) in &meetings {
            let v = Coord { x: f64::from_bits(k.0), y: f64::from_bits(k.1) };
            if let Some([one, other]) = self.interleaved(v, edges) {
                return Some(Tangle::Cross(one.min(other), one.max(other)));
            }
        }
        self.touched = meetings.into_keys().collect();
        None
    }

    fn edges(&self, ring: u32) -> u32 {
        self.rings[ring as usize].len() as u32 - 1
    }

    /// Whether one edge of a ring follows the other.
    fn consecutive(&self, (a, i): Edge, (b, j): Edge) -> bool {
        let n = self.edges(a);
        a == b && ((i + 1) % n == j || (j + 1) % n == i)
    }

    /// Two passes of rings through `v` that cross there: around `v` their arms alternate.
    fn interleaved(&self, v: Coord<f64>, edges: &BTreeSet<Edge>) -> Option<[Edge; 2]> {
        // Every pass once, named by the edge that comes in (or goes through), with its two arms.
        let mut passes = BTreeMap::new();
        for &(ring, i) in edges {
            let (a, b) = self.edge(ring, i);
            let n = self.edges(ring);
            let (before, after) = ((i + n - 1) % n, (i + 1) % n);
            if v == a {
                passes.insert((ring, before), [self.edge(ring, before).0, b]);
            } else if v == b {
                passes.insert((ring, i), [a, self.edge(ring, after).1]);
            } else {
                passes.insert((ring, i), [a, b]);
            }
        }
        let mut arms: Vec<(Coord<f64>, Edge)> =
            passes.iter().flat_map(|(pass, arms)| arms.map(|arm| (arm, *pass))).collect();
        // Counter-clockwise from east.
        let lower = |c: Coord<f64>| c.y < v.y || c.y == v.y && c.x < v.x;
        arms.sort_by(|(a, _), (b, _)| {
            lower(*a).cmp(&lower(*b)).then_with(|| 0.0f64.total_cmp(&(orient(v, *a, *b) + 0.0)))
        });
        let mut open: Vec<Edge> = Vec::new();
        for (_, pass) in arms {
            match open.last() {
                Some(last) if *last == pass => {
                    open.pop();
                }
                Some(last) if open.contains(&pass) => return Some([*last, pass]),
                _ => open.push(pass),
            }
        }
        None
    }

    /// The rings around a ring, provided that none cross ([`check`](Self::check) first).
    pub(super) fn around(&self, ring: usize) -> BTreeSet<usize> {
        let own = &self.rings[ring];
        // A vertex that no other ring touches, else the middle of an edge between two that do.
        let p = own
            .iter()
            .copied()
            .find(|c| !self.touched.contains(&key(*c)))
            .unwrap_or_else(|| (own[0] + own[1]) / 2.0);
        let mut odd = BTreeSet::new();
        let ray = AABB::from_corners([self.left, p.y], [p.x.max(self.left), p.y]);
        for run in self.tree.locate_in_envelope_intersecting(&ray) {
            let r = run.ring as usize;
            if r == ring {
                continue;
            }
            for i in run.first..run.first + run.edges {
                let (a, b) = self.edge(run.ring, i);
                if (a.y <= p.y) != (b.y <= p.y) && (orient(a, b, p) > 0.0) != (b.y > a.y) && !odd.remove(&r) {
                    odd.insert(r);
                }
            }
        }
        odd
    }
}

#[cfg(test)]
#[path = "crossing_tests.rs"]
mod tests;
