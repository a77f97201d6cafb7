//! Coastlines, land that changes, and what must hold afterwards.

use bm_core::MaterialId;
use bm_grid::{Bounds, DVec2, Region};
use bm_vector::extract::{Moved, Spliced, splice};
use bm_vector::set::Change;
use bm_vector::{Area, Boundary, BoundaryId, Extent, Frame, Kind, Shape, Transition, Where};
use geo_types::{Coord, LineString};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

pub(crate) type Ring = Vec<Coord<f64>>;

pub(crate) fn ring(points: &[(f64, f64)]) -> Ring {
    let mut ring: Ring = points.iter().map(|&(x, y)| Coord { x, y }).collect();
    ring.push(ring[0]);
    ring
}

pub(crate) fn boundary(id: &str, shape: Shape, right: Option<MaterialId>) -> Boundary {
    Boundary {
        id: id.into(),
        kind: Kind::Coastline,
        shape,
        transition: Some(Transition { left: Some(MaterialId::ROCK), right, ..Transition::default() }),
        extent: Extent::Shore { depth: 3.0 },
        priority: 1.0,
        precision: 0.1,
        properties: BTreeMap::new(),
    }
}

/// An area that says what lies outside of it.
pub(crate) fn area(id: &str, rings: Vec<Ring>) -> Boundary {
    let shape = Shape::Area(Arc::new(Area::new(rings).unwrap()));
    boundary(id, shape, Some(MaterialId::SEAWATER))
}

/// An area that speaks of its inside only.
pub(crate) fn land(id: &str, rings: Vec<Ring>) -> Boundary {
    boundary(id, Shape::Area(Arc::new(Area::new(rings).unwrap())), None)
}

/// `width` by `height` cells of 1 m from (0, 0) on.
pub(crate) fn region(width: u32, height: u32) -> Region {
    let max = DVec2::new(width.into(), height.into());
    Region::new(Bounds { min: DVec2::ZERO, max }, 1.0).unwrap()
}

pub(crate) fn rings(boundary: &Boundary) -> Vec<Ring> {
    match &boundary.shape {
        Shape::Area(area) => area.rings().collect(),
        Shape::Lines(lines) => lines.iter().map(|l| l.0.clone()).collect(),
    }
}

/// Whether a point is land by boundaries that do not lie in each other; none on an edge.
pub(crate) fn is_land(all: &[Boundary], p: Coord<f64>) -> Option<bool> {
    let mut inside = false;
    for b in all {
        let closed = |l: &LineString<f64>| Area::new(vec![l.0.clone()]).unwrap();
        let places: Vec<Where> = match &b.shape {
            Shape::Area(area) => vec![area.locate(p)],
            Shape::Lines(lines) => lines.iter().map(|l| closed(l).locate(p)).collect(),
        };
        for place in places {
            match place {
                Where::On => return None,
                Where::Inside => inside = !inside,
                Where::Outside => {}
            }
        }
    }
    Some(inside)
}

/// Heights of cells: 5 m on land, −5 m in the sea, somewhat different from cell to cell.
pub(crate) fn heights(region: &Region, old: &[Boundary]) -> Vec<f64> {
    let (w, h) = (region.width(), region.height());
    let cells = (0..h).flat_map(|y| (0..w).map(move |x| (x, y)));
    cells
        .map(|(x, y)| {
            let p = Coord { x: region.center_x(x), y: region.center_y(y) };
            let wiggle = f64::from((x * 7 + y * 13) % 10) * 0.3;
            if is_land(old, p) == Some(true) { 5.0 + wiggle } else { -5.0 - wiggle }
        })
        .collect()
}

pub(crate) fn spliced(
    region: &Region,
    old: &[Boundary],
    before: &[f64],
    after: &[f64],
    tolerance: f64,
) -> Spliced {
    let all: Vec<&Boundary> = old.iter().collect();
    splice(&Moved { region, before, after }, &all, tolerance, &|_| false).unwrap()
}

/// The boundaries after changes.
pub(crate) fn applied(old: &[Boundary], changes: &[Change]) -> Vec<Boundary> {
    let mut all: BTreeMap<BoundaryId, Boundary> = old.iter().map(|b| (b.id.clone(), b.clone())).collect();
    for change in changes {
        match change {
            Change::Put(b) => {
                all.insert(b.id.clone(), b.clone());
            }
            Change::Remove(id) => {
                all.remove(id).unwrap();
            }
        }
    }
    all.into_values().collect()
}

fn bits(c: Coord<f64>) -> [u64; 2] {
    [(c.x + 0.0).to_bits(), (c.y + 0.0).to_bits()]
}

/// Squares between middles of cells, one of which became land or sea.
pub(crate) struct Hot<'a> {
    pub(crate) region: &'a Region,
    pub(crate) before: &'a [f64],
    pub(crate) after: &'a [f64],
}

impl Hot<'_> {
    /// A cell that became land or sea, or beside which the shore moved by more than half a cell.
    pub(crate) fn changed(&self, x: i64, y: i64) -> bool {
        let at = |z: &[f64], x: i64, y: i64| {
            let (w, h) = (i64::from(self.region.width()), i64::from(self.region.height()));
            ((0..w).contains(&x) && (0..h).contains(&y)).then(|| z[(y * w + x) as usize])
        };
        let passes = |z: &[f64], [ax, ay]: [i64; 2], [bx, by]: [i64; 2]| {
            let (a, b) = (at(z, ax, ay)?, at(z, bx, by)?);
            ((a >= 0.0) != (b >= 0.0)).then(|| (a >= 0.0, a / (a - b)))
        };
        let shifts = |dx: i64, dy: i64| {
            let (here, there) = ([x, y], [x + dx, y + dy]);
            let both = (passes(self.before, here, there), passes(self.after, here, there));
            matches!(both, (Some((a, s)), Some((b, t))) if a == b && (s - t).abs() > 0.5)
        };
        self.turned(x, y) || [(1, 0), (-1, 0), (0, 1), (0, -1)].iter().any(|&(dx, dy)| shifts(dx, dy))
    }

    pub(crate) fn turned(&self, x: i64, y: i64) -> bool {
        let (w, h) = (i64::from(self.region.width()), i64::from(self.region.height()));
        let k = (y * w + x) as usize;
        (0..w).contains(&x)
            && (0..h).contains(&y)
            && (self.before[k] >= 0.0) != (self.after[k] >= 0.0)
            && !self.after[k].is_nan()
            && !self.before[k].is_nan()
    }

    /// Whether the closed square of a point, or one that it lies on the edge of, is hot.
    pub(crate) fn holds(&self, p: Coord<f64>, reach: f64) -> bool {
        let range = |v: f64| ((v - 0.5 - reach).ceil() as i64 - 1)..=((v - 0.5 + reach).floor() as i64);
        range(p.x).any(|x| {
            range(p.y).any(|y| {
                [(x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1)].iter().any(|&(x, y)| self.changed(x, y))
            })
        })
    }
}

/// Everything that must hold after a splice whose heights agree with the old boundaries: sound boundaries; every middle of
/// a cell says what its height says; every point outside of changed squares and every old vertex there is as it was.
pub(crate) fn check(region: &Region, old: &[Boundary], before: &[f64], after: &[f64], done: &Spliced) {
    assert!(done.beyond.is_empty(), "{:?}", done.beyond);
    let new = applied(old, &done.changes);
    for b in &new {
        b.check(Frame::Plane).unwrap();
    }
    let hot = Hot { region, before, after };
    let (w, h) = (region.width(), region.height());
    for (x, y) in (0..h).flat_map(|y| (0..w).map(move |x| (x, y))) {
        let p = Coord { x: region.center_x(x), y: region.center_y(y) };
        let k = (y * w + x) as usize;
        let was = is_land(old, p);
        let turned = hot.turned(x.into(), y.into());
        let expected = if turned { Some(after[k] >= 0.0) } else { was };
        // A coast that passes the very middle of a cell may be joined there.
        if was.is_some() {
            assert_eq!(is_land(&new, p), expected, "{p:?}");
        }
    }
    let steps = |n: u32| (0..(n + 8) * 4).map(|i| f64::from(i) * 0.25 + 0.0931 - 4.0);
    for p in steps(h).flat_map(|y| steps(w).map(move |x| Coord { x, y })) {
        if !hot.holds(p, 1e-9) {
            assert_eq!(is_land(&new, p), is_land(old, p), "{p:?}");
        }
    }
    let vertices: HashSet<[u64; 2]> = new.iter().flat_map(rings).flatten().map(bits).collect();
    for v in old.iter().flat_map(rings).flatten() {
        assert!(hot.holds(v, 1e-9) || vertices.contains(&bits(v)), "{v:?} is gone");
    }
    let edges: HashSet<[[u64; 2]; 2]> = new
        .iter()
        .flat_map(rings)
        .flat_map(|r| r.windows(2).map(|e| [bits(e[0]), bits(e[1])]).collect::<Vec<_>>())
        .collect();
    for e in old.iter().flat_map(rings).flat_map(|r| r.windows(2).map(|e| [e[0], e[1]]).collect::<Vec<_>>()) {
        let steps = 2 + (f64::hypot(e[1].x - e[0].x, e[1].y - e[0].y) * 50.0) as usize;
        let along = (0..=steps).map(|k| e[0] + (e[1] - e[0]) * (k as f64 / steps as f64));
        let far = along.into_iter().all(|p| !hot.holds(p, 0.03));
        assert!(!far || edges.contains(&e.map(bits)), "{e:?} is gone");
    }
}
