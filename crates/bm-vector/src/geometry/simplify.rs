//! Coarser lines that keep their topology.
//!
//! Douglas–Peucker (1973) over shared arcs, then vertices are put back until nothing is wrong that was not wrong
//! before:
//!
//! - no two segments cross, overlap or touch but in a vertex that both end in;
//! - no chord has passed over an end of an arc (an island, a junction, the tip of a line), found by the winding number
//!   of the chord and what it replaces around it (after Saalfeld 1999);
//! - every ring still turns the way it did, and encloses something.
//!
//! All decisions are exact. Edges of the map's rim stay.

use super::crossing::{Meet, meet};
use super::near::bounds_of;
use super::predicate::orient;
use super::topology::Topology;
use super::validate::runs_left;
use crate::boundary::Shape;
use crate::frame::Frame;
use geo_types::{Coord, LineString};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};
use std::collections::{BTreeMap, BTreeSet};

/// Geometry at several tolerances.
#[derive(Clone, Debug)]
pub struct Levels {
    levels: Vec<Level>,
}

/// Geometry at one tolerance.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// Metres that no vertex left out is away from the line; 0 for the original.
    pub tolerance: f64,
    /// Of every shape its lines or rings, in order.
    pub shapes: Vec<Vec<LineString<f64>>>,
}

impl Levels {
    /// The original and a coarser form for each tolerance in metres (not positive ones are left out). The shapes'
    /// common borders stay common.
    #[must_use]
    pub fn new(shapes: &[Shape], tolerances: &[f64], frame: Frame) -> Self {
        let original: Vec<Vec<LineString<f64>>> = shapes.iter().map(paths).collect();
        let mut tolerances: Vec<f64> =
            tolerances.iter().copied().filter(|t| *t > 0.0 && t.is_finite()).collect();
        tolerances.sort_by(f64::total_cmp);
        tolerances.dedup();
        let topology = Topology::new(original.iter().flatten().map(|l| l.0.as_slice()));
        let coarser = tolerances.into_iter().map(|tolerance| {
            let coarse = topology.simplify(tolerance, frame);
            let mut next = 0..;
            let mut path =
                |_: &LineString<f64>| LineString(next.next().map_or_else(Vec::new, |i| coarse.path(i)));
            let shapes = original.iter().map(|shape| shape.iter().map(&mut path).collect()).collect();
            Level { tolerance, shapes }
        });
        let coarser: Vec<Level> = coarser.collect();
        let levels = std::iter::once(Level { tolerance: 0.0, shapes: original }).chain(coarser).collect();
        Self { levels }
    }

    /// The coarsest whose tolerance is at most half of a resolution in metres, else the finest.
    #[must_use]
    pub fn choose(&self, resolution: f64) -> &Level {
        // The first is the original and always there.
        let coarse = self.levels.iter().rev().find(|l| l.tolerance <= resolution / 2.0);
        coarse.unwrap_or(&self.levels[0])
    }

    /// All of them, the finest first.
    #[must_use]
    pub fn all(&self) -> &[Level] {
        &self.levels
    }
}

fn paths(shape: &Shape) -> Vec<LineString<f64>> {
    match shape {
        Shape::Lines(lines) => lines.clone(),
        Shape::Area(area) => area.rings().map(LineString).collect(),
    }
}

impl Topology {
    /// With fewer vertices: none that was left out is farther than `tolerance` metres from the segment instead of it.
    /// Ends of arcs stay. With coordinates that are not finite, everything does.
    #[must_use]
    pub fn simplify(&self, tolerance: f64, frame: Frame) -> Self {
        // A tree of boxes has no place for them.
        if self.arcs.iter().flatten().any(|c| !(c.x.abs() <= 1e100 && c.y.abs() <= 1e100)) {
            return self.clone();
        }
        let mut work = Work { all: self, frame, kept: Vec::with_capacity(self.arcs.len()) };
        for arc in &self.arcs {
            let kept = work.thin(arc, tolerance);
            work.kept.push(kept);
        }
        work.mend();
        let arcs = self.arcs.iter().zip(&work.kept);
        Self {
            arcs: arcs.map(|(arc, kept)| kept.iter().map(|i| arc[*i as usize]).collect()).collect(),
            paths: self.paths.clone(),
        }
    }
}

/// A segment that stands for a stretch of an arc: the arc, its first and its last vertex.
type Chord = (u32, u32, u32);

struct Work<'a> {
    all: &'a Topology,
    frame: Frame,
    /// Of every arc the vertices that stay.
    kept: Vec<BTreeSet<u32>>,
}

impl Work<'_> {
    /// The vertices of an arc that Douglas–Peucker keeps.
    fn thin(&self, arc: &[Coord<f64>], tolerance: f64) -> BTreeSet<u32> {
        let last = arc.len() - 1;
        let mut kept = BTreeSet::from([0, last as u32]);
        if arc[0] == arc[last] {
            // A ring: a chord needs two ends.
            let metric = self.frame.metric(arc[0]);
            let away = |i: &usize| metric.distance(arc[0], arc[*i]);
            kept.extend((0..last).max_by(|a, b| away(a).total_cmp(&away(b))).map(|i| i as u32));
        }
        // Where the rim of the map begins, ends and turns.
        let seam = |i: usize| self.frame.is_seam(arc[i], arc[i + 1]);
        for i in 1..last {
            if (seam(i - 1) || seam(i))
                && !(seam(i - 1) && seam(i) && orient(arc[i - 1], arc[i], arc[i + 1]) == 0.0)
            {
                kept.insert(i as u32);
            }
        }
        let mut stack: Vec<(u32, u32)> = kept.iter().copied().zip(kept.iter().copied().skip(1)).collect();
        while let Some((s, e)) = stack.pop() {
            if let Some((i, away)) = self.farthest(arc, s, e)
                && away > tolerance
            {
                kept.insert(i);
                stack.extend([(s, i), (i, e)]);
            }
        }
        kept
    }

    /// The vertex between two that is farthest from their chord, and how far.
    fn farthest(&self, arc: &[Coord<f64>], s: u32, e: u32) -> Option<(u32, f64)> {
        let (a, b) = (arc[s as usize], arc[e as usize]);
        (s + 1..e)
            .map(|i| (i, self.frame.metric(arc[i as usize]).to_segment(arc[i as usize], a, b).0))
            // Of equals the last, as others do.
            .reduce(|best, next| if next.1 >= best.1 { next } else { best })
    }

    fn ends(&self, (arc, s, e): Chord) -> (Coord<f64>, Coord<f64>) {
        let arc = &self.all.arcs[arc as usize];
        (arc[s as usize], arc[e as usize])
    }

    fn chords(&self) -> impl Iterator<Item = Chord> + '_ {
        (0..)
            .zip(&self.kept)
            .flat_map(|(arc, kept)| kept.iter().zip(kept.iter().skip(1)).map(move |(s, e)| (arc, *s, *e)))
    }

    /// Puts back the vertex that a chord misses most; false if it misses none.
    fn refine(&mut self, (arc, s, e): Chord) -> bool {
        let farthest = self.farthest(&self.all.arcs[arc as usize], s, e);
        farthest.is_some_and(|(i, _)| self.kept[arc as usize].insert(i))
    }

    /// Puts vertices back until all is well. Ends, at the latest, at the original.
    fn mend(&mut self) {
        let ends: RTree<[f64; 2]> = {
            let places: BTreeSet<(u64, u64)> = self
                .all
                .arcs
                .iter()
                .flat_map(|arc| [arc[0], arc[arc.len() - 1]])
                .map(|c| ((c.x + 0.0).to_bits(), (c.y + 0.0).to_bits()))
                .collect();
            RTree::bulk_load(
                places.into_iter().map(|(x, y)| [f64::from_bits(x), f64::from_bits(y)]).collect(),
            )
        };
        // Chords not looked at yet; all of them at first.
        let mut fresh: BTreeSet<Chord> = self.chords().collect();
        while !fresh.is_empty() {
            let mut wrong = self.in_each_others_way(&fresh);
            wrong.extend(fresh.iter().copied().filter(|c| self.passed_over_an_end(*c, &ends)));
            fresh = self.refine_all(wrong);
            if fresh.is_empty() {
                fresh = self.refine_all(self.turned_rings());
            }
        }
    }

    /// Refines chords; returns what stands in their place.
    fn refine_all(&mut self, wrong: BTreeSet<Chord>) -> BTreeSet<Chord> {
        let mut fresh = BTreeSet::new();
        for (arc, s, e) in wrong {
            if self.refine((arc, s, e)) {
                let kept: Vec<u32> = self.kept[arc as usize].range(s..=e).copied().collect();
                fresh.extend(kept.windows(2).map(|k| (arc, k[0], k[1])));
            }
        }
        fresh
    }

    /// Chords that meet others where they should not; originals among them are fine, and cannot be refined.
    fn in_each_others_way(&self, fresh: &BTreeSet<Chord>) -> BTreeSet<Chord> {
        let tree = RTree::bulk_load(
            self.chords()
                .map(|chord| {
                    let (a, b) = self.ends(chord);
                    GeomWithData::new(Rectangle::from_corners([a.x, a.y], [b.x, b.y]), chord)
                })
                .collect(),
        );
        let mut wrong = BTreeSet::new();
        for chord in fresh {
            let (a, b) = self.ends(*chord);
            let envelope = AABB::from_corners([a.x, a.y], [b.x, b.y]);
            for other in tree.locate_in_envelope_intersecting(&envelope).map(|o| o.data) {
                let coarse = |c: &Chord| c.2 - c.1 > 1;
                if other == *chord || !(coarse(chord) || coarse(&other)) {
                    continue;
                }
                let (c, d) = self.ends(other);
                let fine = match meet(a, b, c, d) {
                    Meet::Apart => true,
                    Meet::Cross | Meet::Overlap => false,
                    Meet::Touch(at) => (at == a || at == b) && (at == c || at == d),
                };
                if !fine {
                    wrong.extend([*chord, other]);
                }
            }
        }
        wrong
    }

    /// Whether the stretch and its chord wind around an end of an arc that is no end of theirs.
    fn passed_over_an_end(&self, (arc, s, e): Chord, ends: &RTree<[f64; 2]>) -> bool {
        if e - s < 2 {
            return false;
        }
        let stretch = &self.all.arcs[arc as usize][s as usize..=e as usize];
        let Some(bounds) = bounds_of(stretch.iter().copied()) else { return false };
        let envelope = AABB::from_corners([bounds.min().x, bounds.min().y], [bounds.max().x, bounds.max().y]);
        let (first, last) = (stretch[0], stretch[stretch.len() - 1]);
        ends.locate_in_envelope(&envelope).any(|p| {
            let p = Coord { x: p[0], y: p[1] };
            p != first && p != last && winding(stretch, p) != 0
        })
    }

    /// The chords of rings that turn another way than they did.
    fn turned_rings(&self) -> BTreeSet<Chord> {
        let mut wrong = BTreeSet::new();
        let coarse = Topology {
            arcs: (self.all.arcs.iter().zip(&self.kept))
                .map(|(arc, kept)| kept.iter().map(|i| arc[*i as usize]).collect())
                .collect(),
            paths: self.all.paths.clone(),
        };
        let mut by_arc: BTreeMap<u32, Vec<Chord>> = BTreeMap::new();
        for (i, path) in self.all.paths.iter().enumerate() {
            let ring = coarse.path(i);
            if ring.len() < 2 || ring.first() != ring.last() {
                continue;
            }
            if runs_left(&ring) != runs_left(&self.all.path(i)) {
                for piece in path {
                    let chords = by_arc.entry(piece.arc).or_insert_with(|| {
                        let kept = &self.kept[piece.arc as usize];
                        kept.iter().zip(kept.iter().skip(1)).map(|(s, e)| (piece.arc, *s, *e)).collect()
                    });
                    wrong.extend(chords.iter().copied());
                }
            }
        }
        wrong
    }
}

/// How often a stretch, closed by its chord, winds around a point.
fn winding(stretch: &[Coord<f64>], p: Coord<f64>) -> i32 {
    let mut turns = 0;
    let n = stretch.len();
    for i in 0..n {
        let (a, b) = (stretch[i], stretch[(i + 1) % n]);
        if (a.y <= p.y) != (b.y <= p.y) {
            let left = orient(a, b, p);
            if a.y <= p.y && left > 0.0 {
                turns += 1;
            } else if a.y > p.y && left < 0.0 {
                turns -= 1;
            }
        }
    }
    turns
}

#[cfg(test)]
#[path = "simplify_tests.rs"]
mod tests;
