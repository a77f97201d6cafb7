//! Stretches of old rings, new shores and what joins them, made into rings again.

use super::zone::{Crossing, Zone};
use crate::geometry::orient;
use geo_types::Coord;
use std::collections::{BTreeMap, HashMap};

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
            let first = (out.edge + 1) % n;
            // Out and back in where four squares meet: nothing is outside.
            if ends[0] != ends[1] || (0..many).any(|k| ring.at((first + k) % n) != ends[0]) {
                chains.push(Chain::Old { ring: number, ends, first, many });
            }
        }
    }
    let chains = apart(chains, rings);
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

/// A line of the lattice: whether it runs north, and where.
type Line = (bool, u64);

/// How often a part of a line is run along, and from where to where.
type Part = (i32, [Coord<f64>; 2]);

/// The line along a lattice's axes that an edge lies on, and from where to where along it.
fn line_of(a: Coord<f64>, b: Coord<f64>) -> Option<(Line, f64, f64)> {
    if a.x == b.x {
        Some(((true, (a.x + 0.0).to_bits()), a.y, b.y))
    } else {
        (a.y == b.y).then(|| ((false, (a.y + 0.0).to_bits()), a.x, b.x))
    }
}

/// Old edges that lie along the edge of the zone, and what runs back over them there, are cut where either begins or ends; pairs
/// that run to and fro between the same places are left out.
fn apart(chains: Vec<Chain>, rings: &[Ring]) -> Vec<Chain> {
    let mut seams: HashMap<Line, Vec<(f64, f64)>> = HashMap::new();
    for chain in &chains {
        if let Chain::New(line) = chain
            && let [a, b] = line[..]
            && let Some((line, from, to)) = line_of(a, b)
        {
            seams.entry(line).or_default().push((from, to));
        }
    }
    let meets = |a: Coord<f64>, b: Coord<f64>| {
        let Some((line, from, to)) = line_of(a, b) else { return false };
        let over = |s: &(f64, f64)| s.0.min(s.1) < from.max(to) && from.min(to) < s.0.max(s.1);
        seams.get(&line).is_some_and(|s| s.iter().any(over))
    };
    let mut out = Vec::with_capacity(chains.len());
    let mut pieces: Vec<[Coord<f64>; 2]> = Vec::new();
    for chain in chains {
        let Chain::Old { ring, ends, first, many } = chain else {
            match &chain {
                Chain::New(line) if line.len() == 2 && line_of(line[0], line[1]).is_some() => {
                    pieces.push([line[0], line[1]]);
                }
                _ => out.push(chain),
            }
            continue;
        };
        let r = &rings[ring];
        let n = r.coords.len() - 1;
        // Vertex `k` of the chain, which begins with a crossing.
        let at = |k: usize| match k {
            0 => ends[0],
            k if k <= many => r.at((first + k - 1) % n),
            _ => ends[1],
        };
        // Up to `from` is told already.
        let mut from = 0;
        for k in 0..=many {
            let (a, b) = (at(k), at(k + 1));
            if a == b || !meets(a, b) {
                continue;
            }
            if at(from) != a || k > from {
                let first = (first + from) % n;
                out.push(Chain::Old { ring, ends: [at(from), a], first, many: k - from });
            }
            pieces.push([a, b]);
            from = k + 1;
        }
        if from == 0 {
            out.push(Chain::Old { ring, ends, first, many });
        } else if at(from) != ends[1] || many > from {
            let first = (first + from) % n;
            out.push(Chain::Old { ring, ends: [at(from), ends[1]], first, many: many - from.min(many) });
        }
    }
    let mut cuts: HashMap<Line, Vec<f64>> = HashMap::new();
    for &[a, b] in &pieces {
        let Some((line, from, to)) = line_of(a, b) else { continue };
        cuts.entry(line).or_default().extend([from, to]);
    }
    // How often each part is run along, in its ascending direction.
    let mut runs: BTreeMap<(Line, u64, u64), Part> = BTreeMap::new();
    for &[a, b] in &pieces {
        let Some((line, from, to)) = line_of(a, b) else { continue };
        let (lo, hi) = (from.min(to), from.max(to));
        let mut stops: Vec<f64> =
            cuts.get(&line).into_iter().flatten().copied().filter(|c| (lo..=hi).contains(c)).collect();
        stops.sort_unstable_by(f64::total_cmp);
        stops.dedup();
        for s in stops.windows(2) {
            let place = |v: f64| if line.0 { Coord { x: a.x, y: v } } else { Coord { x: v, y: a.y } };
            let ends = [place(s[0]), place(s[1])];
            let part = runs.entry((line, s[0].to_bits(), s[1].to_bits())).or_insert((0, ends));
            part.0 += if to > from { 1 } else { -1 };
        }
    }
    for (count, [a, b]) in runs.into_values() {
        let ends = if count > 0 { vec![a, b] } else { vec![b, a] };
        out.extend((0..count.abs()).map(|_| Chain::New(ends.clone())));
    }
    out
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
