//! Boundaries that change together with edits.

use crate::edits::is_put;
use bm_hybrid::View;
use bm_vector::set::Change;
use bm_vector::{Boundary, BoundaryId, Extent, Kind, Shape};
use geo_types::{Coord, LineString};
use std::collections::BTreeMap;

/// The boundaries there are, each with the seed of the commit that put it.
pub(crate) type Borders = BTreeMap<u64, u64>;

/// Names they may have.
const NAMES: u64 = 4;

fn id(n: u64) -> BoundaryId {
    format!("b{n}").into()
}

/// A boundary without materials, so that it is in nobody's way; every part of it tells the seed.
fn boundary(n: u64, seed: u64) -> Boundary {
    let part = |shift: u64| (seed >> shift & 0xfff) as f64;
    let line = (0..3 + seed % 5).map(|k| Coord { x: part(3 * k) / 100.0 - 20.0, y: k as f64 * 0.25 - 40.0 });
    Boundary {
        id: id(n),
        kind: Kind::Fault,
        shape: Shape::Lines(vec![LineString(line.collect())]),
        transition: None,
        extent: Extent::Ground,
        priority: part(20),
        precision: 1.0 + part(32),
        properties: BTreeMap::new(),
    }
}

/// Which boundary a seed's commit is about, if any.
fn about(seed: u64) -> Option<u64> {
    seed.is_multiple_of(3).then_some(seed / 3 % NAMES)
}

/// What a seed's commit makes of them.
pub(crate) fn after(seed: u64, now: &Borders) -> Borders {
    let mut next = now.clone();
    if let Some(n) = about(seed)
        && (next.insert(n, seed).is_some() && seed.is_multiple_of(2))
    {
        next.remove(&n);
    }
    next
}

/// The changes that make it so.
pub(crate) fn changes(seed: u64, now: &Borders) -> Vec<Change> {
    let next = after(seed, now);
    let change = |n: u64| match next.get(&n) {
        Some(&seed) => Change::Put(boundary(n, seed)),
        None => Change::Remove(id(n)),
    };
    about(seed).map(change).into_iter().collect()
}

/// What a commit of a thread among others changes: it cannot know what there is, so it removes nothing.
pub(crate) fn puts(seed: u64) -> Vec<Change> {
    if is_put(seed) {
        return Vec::new();
    }
    about(seed).map(|n| Change::Put(boundary(n, seed))).into_iter().collect()
}

/// What that makes of them.
pub(crate) fn after_puts(seed: u64, now: &mut Borders) {
    if let Some(n) = about(seed).filter(|_| !is_put(seed)) {
        now.insert(n, seed);
    }
}

/// The same without what a seed's commit made of them.
pub(crate) fn undone(seed: u64, now: &Borders, before: &Borders) -> Borders {
    let mut next = now.clone();
    if let Some(n) = about(seed) {
        match before.get(&n) {
            Some(&old) => next.insert(n, old),
            None => next.remove(&n),
        };
    }
    next
}

/// How a view's boundaries differ, if they do.
pub(crate) fn differ(borders: &Borders, view: &View) -> Option<String> {
    let found: Vec<Boundary> = view.boundaries().iter().map(|b| Boundary::clone(b)).collect();
    let want: Vec<Boundary> = borders.iter().map(|(&n, &seed)| boundary(n, seed)).collect();
    (found != want).then(|| format!("boundaries: {found:?} instead of {want:?}"))
}
