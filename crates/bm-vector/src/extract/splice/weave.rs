//! Stretches of old rings, new shores and what joins them, made into rings again.

use super::zone::{Crossing, Zone};
use crate::geometry::orient;
use geo_types::Coord;
use std::collections::HashMap;

/// A closed ring of a boundary.
#[derive(Clone, Debug)]
pub(super) struct Ring {
    /// Which boundary of those that are spliced together.
    pub(super) owner: usize,
    /// Which ring of it.
    pub(super) number: usize,
    /// The first coordinate is repeated at the end.
    pub(super) coords: Vec<Coord<f64>>,
    /// What its longitudes lack to the zone's.
    pub(super) shift: f64,
    pub(super) crossings: Vec<Crossing>,
}

impl Ring {
    /// A vertex in the zone's longitudes.
    pub(super) fn at(&self, k: usize) -> Coord<f64> {
        Coord { x: self.coords[k].x + self.shift, ..self.coords[k] }
    }
}

/// A ring that is new or partly so.
#[derive(Clone, Debug)]
pub(super) struct Woven {
    /// Closed.
    pub(super) coords: Vec<Coord<f64>>,
    /// What its longitudes lack to the zone's.
    pub(super) shift: f64,
    /// The boundary that most of its old vertices are of; none if all of it is new.
    pub(super) owner: Option<usize>,
}

/// From place to place.
enum Chain {
    /// Vertices of an old ring between two of its crossings.
    Old { ring: usize, ends: [Coord<f64>; 2], first: usize, many: usize },
    /// In the zone's longitudes.
    New(Vec<Coord<f64>>),
}

/// What becomes of old rings.
pub(super) struct Cloth {
    /// Rings that are no more as they were, by their place among those given.
    pub(super) gone: Vec<usize>,
    pub(super) woven: Vec<Woven>,
}

type Key = (u64, u64);

fn key(c: Coord<f64>) -> Key {
    ((c.x + 0.0).to_bits(), (c.y + 0.0).to_bits())
}

impl Chain {
    fn ends(&self) -> [Coord<f64>; 2] {
        match self {
            Self::Old { ends, .. } => *ends,
            Self::New(line) => [line[0], line[line.len() - 1]],
        }
    }

    /// The place before the last one, or behind the first.
    fn arm(&self, rings: &[Ring], end: usize) -> Coord<f64> {
        let [start, last] = self.ends();
        match self {
            Self::New(line) => line[if end == 0 { 1 } else { line.len() - 2 }],
            Self::Old { ring, first, many, .. } => {
                let r = &rings[*ring];
                let n = r.coords.len() - 1;
                let mut at = (0..*many).map(|k| r.at((first + k) % n));
                let (from, other) = if end == 0 { (start, last) } else { (last, start) };
                // A crossing may be a vertex.
                let next = if end == 0 { at.find(|c| *c != from) } else { at.rfind(|c| *c != from) };
                next.unwrap_or(other)
            }
        }
    }
}

/// Joins everything to rings; none if it does not fit together.
///
/// `shores` are new and open, `islands` new and closed.
pub(super) fn weave(
    rings: &[Ring],
    zone: &Zone<'_>,
    shores: Vec<Vec<Coord<f64>>>,
    islands: Vec<Vec<Coord<f64>>>,
    seams: Vec<[Coord<f64>; 2]>,
) -> Option<Cloth> {
    let mut cloth = Cloth { gone: Vec::new(), woven: Vec::new() };
    let mut chains: Vec<Chain> =
        shores.into_iter().chain(seams.into_iter().map(Vec::from)).map(Chain::New).collect();
    for (number, ring) in rings.iter().enumerate() {
        let turns: Vec<(&Crossing, bool)> =
            ring.crossings.iter().filter_map(|c| Some((c, zone.enters(c)?))).collect();
        if turns.is_empty() {
            if zone.is_hot(zone.lattice.square(zone.lattice.place(ring.at(0)))) {
                cloth.gone.push(number);
            }
            continue;
        }
        cloth.gone.push(number);
        let n = ring.coords.len() - 1;
        for (k, (out, enters)) in turns.iter().enumerate() {
            if *enters {
                continue;
            }
            let (back, enters) = turns[(k + 1) % turns.len()];
            if !enters {
                return None;
            }
            // Behind the last way out lies the ring's start.
            let many = if k + 1 < turns.len() { back.edge - out.edge } else { n - out.edge + back.edge };
            let ends = [out, back].map(|c| zone.lattice.on(c.link, c.at));
            chains.push(Chain::Old { ring: number, ends, first: (out.edge + 1) % n, many });
        }
    }
    let next = joints(&chains, rings)?;
    let mut used = vec![false; chains.len()];
    for start in 0..chains.len() {
        if used[start] {
            continue;
        }
        // Where a ring comes back to a place, a ring is complete: so none touches itself there.
        let mut path: Vec<usize> = Vec::new();
        let mut seen: HashMap<Key, usize> = HashMap::new();
        let mut chain = start;
        loop {
            if std::mem::replace(&mut used[chain], true) {
                return None;
            }
            let [from, to] = chains[chain].ends().map(key);
            seen.insert(from, path.len());
            path.push(chain);
            let follows = next[chain];
            if let Some(&at) = seen.get(&to) {
                let loop_ = path.split_off(at);
                for &c in &loop_ {
                    seen.remove(&key(chains[c].ends()[0]));
                }
                cloth.woven.extend(ring_of(&loop_, &chains, rings));
                // What goes on here, if anything does, begins a ring of its own.
                if path.is_empty() {
                    break;
                }
            }
            chain = follows;
        }
    }
    let island = |coords| Woven { coords, shift: 0.0, owner: None };
    cloth.woven.extend(islands.into_iter().map(island));
    Some(cloth)
}

/// The chain that follows each; none if some place is not left as often as it is reached.
fn joints(chains: &[Chain], rings: &[Ring]) -> Option<Vec<usize>> {
    let mut places: HashMap<Key, (Vec<usize>, Vec<usize>)> = HashMap::new();
    for (n, chain) in chains.iter().enumerate() {
        let [from, to] = chain.ends().map(key);
        places.entry(from).or_default().1.push(n);
        places.entry(to).or_default().0.push(n);
    }
    let mut next = vec![usize::MAX; chains.len()];
    for (ins, outs) in places.values() {
        match (ins.as_slice(), outs.as_slice()) {
            ([i], [o]) => next[*i] = *o,
            (i, o) if i.len() == o.len() => {
                // Land lies left of all of them: it is what lies clockwise of one that comes, up to one that goes.
                let v = chains[i[0]].ends()[1];
                let mut arms: Vec<(Coord<f64>, usize, bool)> =
                    i.iter().map(|&c| (chains[c].arm(rings, 1), c, true)).collect();
                arms.extend(o.iter().map(|&c| (chains[c].arm(rings, 0), c, false)));
                let lower = |c: Coord<f64>| c.y < v.y || c.y == v.y && c.x < v.x;
                arms.sort_by(|(a, ..), (b, ..)| {
                    lower(*a).cmp(&lower(*b)).then_with(|| 0.0f64.total_cmp(&(orient(v, *a, *b) + 0.0)))
                });
                for (k, (_, chain, comes)) in arms.iter().enumerate() {
                    if !comes {
                        continue;
                    }
                    let (_, out, other) = arms[(k + arms.len() - 1) % arms.len()];
                    if other {
                        return None;
                    }
                    next[*chain] = out;
                }
            }
            _ => return None,
        }
    }
    Some(next)
}

/// The ring of some chains; none if there is nothing inside it.
fn ring_of(path: &[usize], chains: &[Chain], rings: &[Ring]) -> Option<Woven> {
    let mut of: HashMap<usize, usize> = HashMap::new();
    let mut longest: Option<(usize, f64)> = None;
    for &c in path {
        if let Chain::Old { ring, many, .. } = &chains[c] {
            let r = &rings[*ring];
            *of.entry(r.owner).or_default() += many + 1;
            if longest.is_none_or(|(n, _)| *many > n) {
                longest = Some((*many, r.shift));
            }
        }
    }
    let shift = longest.map_or(0.0, |(_, shift)| shift);
    let mut coords: Vec<Coord<f64>> = Vec::new();
    let home = |c: Coord<f64>| Coord { x: c.x - shift, y: c.y };
    for &c in path {
        match &chains[c] {
            Chain::New(line) => coords.extend(line.iter().copied().map(home)),
            Chain::Old { ring, ends, first, many } => {
                let r = &rings[*ring];
                let n = r.coords.len() - 1;
                let lap = r.shift - shift;
                coords.push(home(ends[0]));
                // The very numbers it had, unless it is joined to a ring of another lap.
                coords.extend((0..*many).map(|k| {
                    let old = r.coords[(first + k) % n];
                    if lap == 0.0 { old } else { Coord { x: old.x + lap, ..old } }
                }));
                coords.push(home(ends[1]));
            }
        }
    }
    coords.dedup();
    if coords.first() != coords.last() {
        coords.extend(coords.first().copied());
    }
    let owner = of.into_iter().max_by_key(|&(owner, many)| (many, std::cmp::Reverse(owner)));
    (coords.len() > 3).then_some(Woven { coords, shift, owner: owner.map(|(owner, _)| owner) })
}
