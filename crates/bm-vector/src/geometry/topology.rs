//! Shared arcs: what several lines and rings have in common is kept once.
//!
//! As TopoJSON does it: a vertex is a junction where paths that visit it come from or go on to different neighbours,
//! and where a line ends. Paths are cut at junctions into arcs; arcs that run over the same vertices, either way, are
//! one. Whatever happens to an arc happens to all its paths, so neighbours stay without gaps.

use geo_types::Coord;
use std::collections::HashMap;

/// An arc in a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArcUse {
    /// Which arc.
    pub arc: u32,
    /// The path runs along it from its end to its start.
    pub reversed: bool,
}

/// Lines and rings as sequences of shared arcs.
///
/// Vertices are one where their coordinates are equal; a vertex inside another path's edge is no junction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Topology {
    /// Every arc's vertices: at least two, of a ring without junctions the first again at the end.
    pub arcs: Vec<Vec<Coord<f64>>>,
    /// Every path's arcs, in the order of the paths.
    pub paths: Vec<Vec<ArcUse>>,
}

impl Topology {
    /// Of paths, closed if the last coordinate repeats the first. Repeated vertices are taken as one.
    #[must_use]
    pub fn new<'a>(paths: impl IntoIterator<Item = &'a [Coord<f64>]>) -> Self {
        let mut ids = Ids::default();
        let paths: Vec<Vec<u32>> = paths
            .into_iter()
            .map(|path| {
                let mut path: Vec<u32> = path.iter().map(|c| ids.of(*c)).collect();
                path.dedup();
                path
            })
            .collect();
        let junction = junctions(&paths, ids.places.len());
        let mut arcs = Arcs::default();
        let paths = paths.iter().map(|path| arcs.cut(path, &junction)).collect();
        let place = |id: &u32| ids.places[*id as usize];
        Self { arcs: arcs.all.iter().map(|arc| arc.iter().map(place).collect()).collect(), paths }
    }

    /// The vertices of a path. A ring may start elsewhere than it did.
    #[must_use]
    pub fn path(&self, path: usize) -> Vec<Coord<f64>> {
        let mut all: Vec<Coord<f64>> = Vec::new();
        for piece in self.paths.get(path).into_iter().flatten() {
            let arc = &self.arcs[piece.arc as usize];
            // Arcs meet in a vertex that both name.
            all.pop();
            if piece.reversed {
                all.extend(arc.iter().rev());
            } else {
                all.extend(arc);
            }
        }
        all
    }
}

/// Numbers for places.
#[derive(Default)]
struct Ids {
    of: HashMap<(u64, u64), u32>,
    places: Vec<Coord<f64>>,
}

impl Ids {
    fn of(&mut self, c: Coord<f64>) -> u32 {
        // Adding zero makes −0 into 0.
        let key = ((c.x + 0.0).to_bits(), (c.y + 0.0).to_bits());
        *self.of.entry(key).or_insert_with(|| {
            self.places.push(c);
            self.places.len() as u32 - 1
        })
    }
}

fn is_ring(path: &[u32]) -> bool {
    path.len() > 2 && path.first() == path.last()
}

fn junctions(paths: &[Vec<u32>], places: usize) -> Vec<bool> {
    const UNSEEN: (u32, u32) = (u32::MAX, u32::MAX);
    let mut junction = vec![false; places];
    let mut around = vec![UNSEEN; places];
    for path in paths {
        let n = path.len();
        let ring = is_ring(path);
        // A ring's last vertex is its first, met once.
        for i in 0..if ring { n - 1 } else { n } {
            let v = path[i] as usize;
            if !ring && (i == 0 || i == n - 1) {
                junction[v] = true;
                continue;
            }
            let (a, b) = (path[if i == 0 { n - 2 } else { i - 1 }], path[i + 1]);
            let pair = (a.min(b), a.max(b));
            if around[v] == UNSEEN {
                around[v] = pair;
            } else if around[v] != pair {
                junction[v] = true;
            }
        }
    }
    junction
}

/// Arcs, each once.
#[derive(Default)]
struct Arcs {
    all: Vec<Vec<u32>>,
    /// By the smaller of its two readings.
    known: HashMap<Vec<u32>, u32>,
}

impl Arcs {
    fn cut(&mut self, path: &[u32], junction: &[bool]) -> Vec<ArcUse> {
        if path.len() < 2 {
            return Vec::new();
        }
        let is_cut = |id: &u32| junction[*id as usize];
        let start = match is_ring(path) {
            // At a junction, or the same place for all rings over these vertices.
            true => {
                let open = &path[..path.len() - 1];
                let least = || (0..open.len()).min_by_key(|i| open[*i]);
                open.iter().position(is_cut).or_else(least).unwrap_or(0)
            }
            false => 0,
        };
        let turned: Vec<u32> = if start == 0 {
            path.to_vec()
        } else {
            path[start..].iter().chain(&path[1..=start]).copied().collect()
        };
        let mut uses = Vec::new();
        let mut from = 0;
        for to in 1..turned.len() {
            if to == turned.len() - 1 || is_cut(&turned[to]) {
                uses.push(self.number(&turned[from..=to]));
                from = to;
            }
        }
        uses
    }

    fn number(&mut self, arc: &[u32]) -> ArcUse {
        let back: Vec<u32> = arc.iter().rev().copied().collect();
        let reversed = back.as_slice() < arc;
        let key = if reversed { back } else { arc.to_vec() };
        let next = self.all.len() as u32;
        let arc = *self.known.entry(key).or_insert_with_key(|key| {
            self.all.push(key.clone());
            next
        });
        ArcUse { arc, reversed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn path(points: &[(i32, i32)]) -> Vec<Coord<f64>> {
        points.iter().map(|&(x, y)| Coord { x: x.into(), y: y.into() }).collect()
    }

    fn topology(paths: &[Vec<Coord<f64>>]) -> Topology {
        Topology::new(paths.iter().map(Vec::as_slice))
    }

    #[test]
    fn neighbours_share_their_border() {
        let left = path(&[(0, 0), (4, 0), (5, 2), (4, 4), (0, 4), (0, 0)]);
        let right = path(&[(4, 0), (9, 0), (9, 4), (4, 4), (5, 2), (4, 0)]);
        let t = topology(&[left, right]);
        assert_eq!(t.arcs.len(), 3);
        assert_eq!(t.paths.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2]);
        let border = t.arcs.iter().find(|a| a.contains(&Coord { x: 5.0, y: 2.0 })).unwrap();
        assert_eq!(border.len(), 3);
    }

    #[test]
    fn a_hole_and_the_island_in_it_are_one_arc() {
        let island = path(&[(1, 1), (3, 1), (2, 3), (1, 1)]);
        let hole = path(&[(2, 3), (3, 1), (1, 1), (2, 3)]);
        let t = topology(&[island, hole]);
        assert_eq!(t.arcs.len(), 1);
        assert_ne!(t.paths[0][0].reversed, t.paths[1][0].reversed);
    }

    #[test]
    fn lines_end_in_junctions() {
        let t =
            topology(&[path(&[(0, 0), (2, 0), (4, 0)]), path(&[(2, 0), (2, 5)]), path(&[]), path(&[(7, 7)])]);
        assert_eq!((t.arcs.len(), t.paths.len()), (3, 4));
        assert_eq!((t.path(2), t.path(3)), (vec![], vec![]));
        // A line that is closed is a ring: it has no end.
        assert_eq!(topology(&[path(&[(0, 0), (2, 0), (1, 1), (0, 0)])]).arcs.len(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn paths_come_back(all in prop::collection::vec((prop::collection::vec((0..4i32, 0..4i32), 0..9), any::<bool>()), 0..5)) {
            let paths: Vec<Vec<Coord<f64>>> = all.into_iter().map(|(mut p, close)| {
                if close {
                    p.extend(p.first().copied());
                }
                path(&p)
            }).collect();
            let t = topology(&paths);
            for (i, given) in paths.iter().enumerate() {
                let mut given = given.clone();
                given.dedup();
                let back = t.path(i);
                if given.len() < 2 {
                    prop_assert!(back.is_empty());
                } else if given.len() > 2 && given.first() == given.last() {
                    // The same ring from another start.
                    let (open, n) = (&back[..back.len() - 1], given.len() - 1);
                    prop_assert_eq!(back.first(), back.last());
                    prop_assert_eq!(open.len(), n);
                    prop_assert!((0..n).any(|s| (0..n).all(|k| open[k] == given[(s + k) % n])));
                } else {
                    prop_assert_eq!(back, given);
                }
            }
            // No edge lies in two arcs.
            let mut edges: Vec<_> = t.arcs.iter().enumerate().flat_map(|(i, a)| a.windows(2).map(move |e| {
                let (p, q) = ((e[0].x as i32, e[0].y as i32), (e[1].x as i32, e[1].y as i32));
                (p.min(q), p.max(q), i)
            })).collect();
            edges.sort_unstable();
            edges.dedup();
            prop_assert!(edges.windows(2).all(|w| (w[0].0, w[0].1) != (w[1].0, w[1].1)));
        }
    }
}
