//! Rings back into boundaries.

use super::weave::{Cloth, Ring, Woven};
use super::{ExtractError, rings_of};
use crate::area::Area;
use crate::boundary::{Boundary, BoundaryId, Shape};
use crate::geometry::{orient, validate::runs_left};
use crate::set::Change;
use geo_types::{Coord, LineString, Rect};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The box around a ring.
pub(super) fn bounds(ring: &[Coord<f64>]) -> Option<Rect<f64>> {
    let first = *ring.first()?;
    let (mut lo, mut hi) = (first, first);
    for c in ring {
        (lo.x, lo.y) = (lo.x.min(c.x), lo.y.min(c.y));
        (hi.x, hi.y) = (hi.x.max(c.x), hi.y.max(c.y));
    }
    Some(Rect::new(lo, hi))
}

/// How often a ring runs around a point, in the zone's longitudes; none on an edge.
pub(super) fn winding(ring: &Ring, p: Coord<f64>) -> Option<i32> {
    turns(ring.coords.windows(2).map(|e| [e[0], e[1]]), Coord { x: p.x - ring.shift, ..p })
}

/// How often a closed ring of these edges runs around a point, against the clock; none on an edge.
fn turns(edges: impl Iterator<Item = [Coord<f64>; 2]>, p: Coord<f64>) -> Option<i32> {
    let mut sum = 0;
    for [a, b] in edges {
        if a.y.min(b.y) > p.y || a.y.max(b.y) < p.y || a.x.min(b.x) > p.x {
            continue;
        }
        let side = if a.x.max(b.x) < p.x { -(b.y - a.y) } else { orient(a, b, p) };
        if side == 0.0 && a.x.max(b.x) >= p.x && a.x.min(b.x) <= p.x {
            return None;
        }
        // Those that pass left of the point, half open.
        match (a.y <= p.y, b.y <= p.y) {
            (true, false) if side < 0.0 => sum -= 1,
            (false, true) if side > 0.0 => sum += 1,
            _ => {}
        }
    }
    Some(sum)
}

/// Whether a hole lies inside a ring, of which those edges are given that reach its latitudes; by the first of its vertices
/// that is not on it.
fn lies_in(hole: &[Coord<f64>], edges: &[[Coord<f64>; 2]]) -> bool {
    hole.iter().find_map(|p| turns(edges.iter().copied(), *p)).is_some_and(|n| n != 0)
}

/// What holes are put behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Shell {
    /// A ring that stays: of which boundary, which of its rings.
    Kept(usize, usize),
    /// A woven one.
    Woven(usize),
}

/// A shell where holes may lie.
struct Around<'a> {
    shell: Shell,
    coords: &'a [Coord<f64>],
    shift: f64,
    bounds: Rect<f64>,
    /// Edges between two latitudes: many small lakes and one coast of a million vertices are compared.
    band: (f64, f64, Vec<[Coord<f64>; 2]>),
}

impl Around<'_> {
    fn edges(&mut self, low: f64, high: f64) -> &[[Coord<f64>; 2]] {
        if low < self.band.0 || high > self.band.1 {
            let reaches = |e: &&[Coord<f64>]| e[0].y.min(e[1].y) <= high && e[0].y.max(e[1].y) >= low;
            let edges = self.coords.windows(2).filter(reaches).map(|e| [e[0], e[1]]).collect();
            self.band = (low, high, edges);
        }
        &self.band.2
    }
}

/// Boundaries of a layer, with rings exchanged.
struct Nest<'a> {
    layer: &'a [&'a Boundary],
    /// Rings that are no more, with what their longitudes lack.
    gone: BTreeMap<(usize, usize), f64>,
    /// New rings, and whether they are shells.
    woven: &'a [(Woven, bool)],
    /// Holes to be put behind shells, in their longitudes.
    holes: BTreeMap<Shell, Vec<Vec<Coord<f64>>>>,
    /// Holes that no shell is around, by boundary.
    loose: BTreeMap<usize, Vec<Vec<Coord<f64>>>>,
    /// Holes that were put behind another shell than they had.
    moved: BTreeSet<(usize, usize)>,
    touched: BTreeSet<usize>,
}

/// The changes of a layer's boundaries; none if some hole lies in no land.
pub(super) fn boundaries(
    layer: &[&Boundary],
    rings: &[Ring],
    cloth: Cloth,
    taken: &dyn Fn(&BoundaryId) -> bool,
) -> Result<Option<Vec<Change>>, ExtractError> {
    let gone: BTreeMap<(usize, usize), f64> =
        cloth.gone.iter().map(|&n| ((rings[n].owner, rings[n].number), rings[n].shift)).collect();
    let mut woven: Vec<(Woven, bool)> =
        cloth.woven.into_iter().filter_map(|w| runs_left(&w.coords).map(|left| (w, left))).collect();
    if gone.is_empty() && woven.is_empty() {
        return Ok(Some(Vec::new()));
    }
    // Who takes islands: who says what lies outside of land, and of these the largest.
    let host = (0..layer.len()).rev().filter(|&k| layer[k].transition.is_some_and(|t| t.right.is_some()));
    let host = host.filter_map(|k| match &layer[k].shape {
        Shape::Area(area) => Some((area.counts().1, k)),
        Shape::Lines(_) => None,
    });
    let host = host.max_by_key(|(edges, _)| *edges).map(|(_, k)| k);
    for (w, _) in woven.iter_mut().filter(|(w, left)| *left && w.owner.is_none()) {
        w.owner = host;
    }
    let touched = gone.keys().map(|(owner, _)| *owner).chain(woven.iter().filter_map(|(w, _)| w.owner));
    let touched = touched.collect();
    let (holes, loose, moved) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
    let mut nest = Nest { layer, gone, woven: &woven, holes, loose, moved, touched };
    if nest.place_holes(rings).is_none() {
        return Ok(None);
    }
    nest.changes(taken).map(Some)
}

impl Nest<'_> {
    /// Finds a shell for every hole that is new or whose shell is gone.
    fn place_holes(&mut self, rings: &[Ring]) -> Option<()> {
        let kept = rings
            .iter()
            .filter(|r| !self.gone.contains_key(&(r.owner, r.number)) && runs_left(&r.coords) == Some(true))
            .map(|r| (Shell::Kept(r.owner, r.number), r.coords.as_slice(), r.shift));
        let made = self.woven.iter().enumerate().filter(|(_, (_, left))| *left);
        let made = made.map(|(k, (w, _))| (Shell::Woven(k), w.coords.as_slice(), w.shift));
        let mut shells: Vec<Around<'_>> = kept
            .chain(made)
            .filter_map(|(shell, coords, shift)| {
                let band = (f64::INFINITY, f64::NEG_INFINITY, Vec::new());
                Some(Around { shell, coords, shift, bounds: bounds(coords)?, band })
            })
            .collect();
        let woven = self.woven;
        // New lakes lie near each other.
        let new = || woven.iter().filter(|(_, left)| !left);
        let low = new().flat_map(|(w, _)| &w.coords).map(|c| c.y).fold(f64::INFINITY, f64::min);
        let high = new().flat_map(|(w, _)| &w.coords).map(|c| c.y).fold(f64::NEG_INFINITY, f64::max);
        for (w, _) in new() {
            self.place(&w.coords, w.shift, w.owner, &mut shells, (low, high))?;
        }
        for owner in self.touched.clone() {
            let mut shell_gone = None;
            for (number, ring) in rings_of(self.layer[owner]).enumerate() {
                let is_gone = self.gone.get(&(owner, number)).copied();
                if runs_left(&ring) != Some(false) {
                    shell_gone = is_gone;
                } else if let (Some(shift), None) = (shell_gone, is_gone) {
                    self.moved.insert((owner, number));
                    self.place(&ring, shift, Some(owner), &mut shells, (f64::INFINITY, f64::NEG_INFINITY))?;
                }
            }
        }
        Some(())
    }

    fn place(
        &mut self,
        hole: &[Coord<f64>],
        shift: f64,
        owner: Option<usize>,
        shells: &mut [Around<'_>],
        (low, high): (f64, f64),
    ) -> Option<()> {
        let own = bounds(hole)?;
        let (low, high) = (low.min(own.min().y), high.max(own.max().y));
        let move_by = |dx: f64| -> Vec<Coord<f64>> {
            let moved = |c: &Coord<f64>| if dx == 0.0 { *c } else { Coord { x: c.x + dx, y: c.y } };
            hole.iter().map(moved).collect()
        };
        let mut best: Option<(f64, Shell, Vec<Coord<f64>>)> = None;
        for s in shells {
            let dx = shift - s.shift;
            let inside = s.bounds.min().x <= own.min().x + dx
                && own.max().x + dx <= s.bounds.max().x
                && s.bounds.min().y <= own.min().y
                && own.max().y <= s.bounds.max().y;
            let size = s.bounds.width() * s.bounds.height();
            if !inside || best.as_ref().is_some_and(|(least, ..)| *least <= size) {
                continue;
            }
            let moved = move_by(dx);
            if lies_in(&moved, s.edges(low, high)) {
                best = Some((size, s.shell, moved));
            }
        }
        let Some((_, shell, moved)) = best else {
            // A line may have land all around; an area must not.
            let owner = owner.filter(|&o| matches!(self.layer[o].shape, Shape::Lines(_)))?;
            self.loose.entry(owner).or_default().push(hole.to_vec());
            return Some(());
        };
        self.touched.extend(match shell {
            Shell::Kept(owner, _) => Some(owner),
            Shell::Woven(k) => self.woven[k].0.owner,
        });
        self.holes.entry(shell).or_default().push(moved);
        Some(())
    }

    /// A shell and the holes that were found to lie in it.
    fn with_holes(&self, shell: Shell, ring: Vec<Coord<f64>>) -> Vec<Vec<Coord<f64>>> {
        let mut out = vec![ring];
        out.extend(self.holes.get(&shell).into_iter().flatten().cloned());
        out
    }

    /// The rings of a boundary as they are now, holes behind their shells.
    fn rings(&self, owner: usize) -> impl Iterator<Item = Vec<Coord<f64>>> + '_ {
        let old = rings_of(self.layer[owner]).enumerate().flat_map(move |(number, ring)| {
            let name = (owner, number);
            if self.gone.contains_key(&name) || self.moved.contains(&name) {
                Vec::new()
            } else {
                self.with_holes(Shell::Kept(owner, number), ring)
            }
        });
        let woven =
            self.woven.iter().enumerate().filter(move |(_, (w, left))| *left && w.owner == Some(owner));
        let woven = woven.flat_map(|(k, (w, _))| self.with_holes(Shell::Woven(k), w.coords.clone()));
        old.chain(woven).chain(self.loose.get(&owner).into_iter().flatten().cloned())
    }

    fn changes(&self, taken: &dyn Fn(&BoundaryId) -> bool) -> Result<Vec<Change>, ExtractError> {
        let mut changes = Vec::new();
        for &owner in &self.touched {
            let old = self.layer[owner];
            let mut rings = self.rings(owner).peekable();
            if rings.peek().is_none() {
                changes.push(Change::Remove(old.id.clone()));
                continue;
            }
            let shape = shape_like(old, rings)?;
            changes.push(Change::Put(Boundary { shape, ..old.clone() }));
        }
        let mut names: BTreeSet<BoundaryId> = self.layer.iter().map(|b| b.id.clone()).collect();
        let Some(first) = self.layer.first() else { return Ok(changes) };
        for (k, (w, _)) in self.woven.iter().enumerate().filter(|(_, (w, left))| *left && w.owner.is_none()) {
            let shape = shape_like(first, self.with_holes(Shell::Woven(k), w.coords.clone()).into_iter())?;
            let mut numbered = (1u64..).map(|n| BoundaryId::from(format!("{}-{n}", first.id)));
            // There are more numbers than names.
            let id =
                numbered.find(|id| !names.contains(id) && !taken(id)).unwrap_or_else(|| first.id.clone());
            names.insert(id.clone());
            changes.push(Change::Put(Boundary { id, shape, ..(*first).clone() }));
        }
        Ok(changes)
    }
}

/// Rings as the kind of shape that a boundary has.
fn shape_like(
    boundary: &Boundary,
    rings: impl Iterator<Item = Vec<Coord<f64>>>,
) -> Result<Shape, ExtractError> {
    Ok(match &boundary.shape {
        Shape::Lines(_) => Shape::Lines(rings.map(LineString).collect()),
        Shape::Area(_) => Shape::Area(Arc::new(Area::build(rings, None)?)),
    })
}
