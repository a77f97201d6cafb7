//! Where shores change: nodes that became land or sea, the squares around them, and the new shores in these.

use super::Moved;
use super::lattice::Lattice;
use crate::extract::chain::{Chain, chains};
use crate::extract::shore::{Edge, links_of};
use bm_grid::{Region, Window};
use geo_types::Coord;

/// Land by the old shores.
const OLD: u8 = 1;
/// Another now, or beside a shore that moved.
const CHANGED: u8 = 2;
/// Land from now on.
const NEW: u8 = 4;

/// A shore that moved by more than this part of a cell is another, though no middle of a cell was passed.
const FAR: f64 = 0.5;
/// New shores pass nodes no nearer than this part of a cell, so that there is no doubt about what these are.
pub(super) const LEAST: f64 = 1.0 / 64.0;

/// A way of an old ring through a link.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crossing {
    pub(super) link: u64,
    pub(super) at: f64,
    pub(super) leftwards: bool,
    /// The edge of the ring that passes, by the vertex it starts at.
    pub(super) edge: usize,
}

/// All ways through links, by link, along it.
pub(super) struct Passed(Vec<(u64, f64, bool)>);

impl Passed {
    pub(super) fn new<'a>(all: impl Iterator<Item = &'a Crossing>) -> Self {
        let mut list: Vec<_> = all.map(|c| (c.link, c.at, c.leftwards)).collect();
        list.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        Self(list)
    }

    /// The places on a link, ascending.
    pub(super) fn on(&self, link: u64) -> &[(u64, f64, bool)] {
        let from = self.0.partition_point(|p| p.0 < link);
        let many = self.0[from..].iter().take_while(|p| p.0 == link).count();
        &self.0[from..from + many]
    }
}

/// What is known of the nodes.
pub(super) struct Zone<'a> {
    pub(super) lattice: &'a Lattice,
    moved: &'a Moved<'a>,
    /// The region's cells among the nodes.
    inner: Window,
    nodes: Vec<u8>,
    /// Nodes that changed, ascending.
    changed: Vec<u64>,
    /// Squares with such a node, ascending.
    hot: Vec<u64>,
}

/// Land is what is not below the level.
fn is_land(height: f64) -> bool {
    height >= 0.0
}

/// Where a straight profile passes the level, as a part of the way.
fn part(a: f64, b: f64) -> f64 {
    (a / 2.0) / (a / 2.0 - b / 2.0)
}

impl<'a> Zone<'a> {
    /// The nodes whose land became sea or the other way around; none if there are no such.
    pub(super) fn of_changes(lattice: &'a Lattice, wide: &Region, moved: &'a Moved<'a>) -> Option<Self> {
        let inner = wide.window_of(moved.region)?;
        let nodes = vec![0; lattice.xs.len() * lattice.ys.len()];
        let mut zone = Self { lattice, moved, inner, nodes, changed: Vec::new(), hot: Vec::new() };
        let (w, h) = (lattice.width(), lattice.ys.len() as u64);
        let both = moved.before.iter().zip(moved.after).enumerate();
        let turned = both.filter(|(_, (b, a))| !b.is_nan() && !a.is_nan() && is_land(**b) != is_land(**a));
        let nodes: Vec<u64> = turned.map(|(k, _)| zone.node_of(k)).collect();
        // Those at the outermost lines have nothing around them: there the world ends.
        let within = |n: &u64| (1..w - 1).contains(&(n % w)) && (1..h - 1).contains(&(n / w));
        zone.changed = nodes.into_iter().filter(within).collect();
        zone.shifted();
        (!zone.changed.is_empty()).then_some(zone)
    }

    /// Also the nodes beside shores that moved far between them.
    fn shifted(&mut self) {
        let [width, height] = [self.inner.width as usize, self.inner.height as usize];
        let mut found = Vec::new();
        for k in 0..width * height {
            let (x, y) = (k % width, k / width);
            let beside = [(x + 1 < width).then_some(k + 1), (y + 1 < height).then_some(k + width)];
            for other in beside.into_iter().flatten() {
                let [before, after] = [self.moved.before, self.moved.after].map(|z| (z[k], z[other]));
                let lands = [before.0, before.1, after.0, after.1].map(is_land);
                if lands[0] == lands[1] || lands[0] != lands[2] || lands[1] != lands[3] {
                    continue;
                }
                if (part(before.0, before.1) - part(after.0, after.1)).abs() > FAR {
                    found.extend([self.node_of(k), self.node_of(other)]);
                }
            }
        }
        let (w, h) = (self.lattice.width(), self.lattice.ys.len() as u64);
        let within = |n: &u64| (1..w - 1).contains(&(n % w)) && (1..h - 1).contains(&(n / w));
        self.changed.extend(found.into_iter().filter(within));
        self.changed.sort_unstable();
        self.changed.dedup();
    }

    fn node_of(&self, cell: usize) -> u64 {
        let (x, y) = (cell as u64 % u64::from(self.inner.width), cell as u64 / u64::from(self.inner.width));
        (y + u64::from(self.inner.y)) * self.lattice.width() + x + u64::from(self.inner.x)
    }

    /// The height of a node's cell now; none beyond the region.
    fn height(&self, node: u64) -> Option<f64> {
        let (i, j) = (node % self.lattice.width(), node / self.lattice.width());
        let x = i.checked_sub(self.inner.x.into()).filter(|x| *x < self.inner.width.into())?;
        let y = j.checked_sub(self.inner.y.into()).filter(|y| *y < self.inner.height.into())?;
        let height = self.moved.after[(y * u64::from(self.inner.width) + x) as usize];
        (!height.is_nan()).then_some(height)
    }

    /// Nodes that changed lie between these columns and rows, and a square around them.
    pub(super) fn bounds(&self) -> [f64; 4] {
        let w = self.lattice.width();
        let (mut lo, mut hi) = ([u64::MAX; 2], [0; 2]);
        for n in &self.changed {
            for (k, v) in [n % w, n / w].into_iter().enumerate() {
                (lo[k], hi[k]) = (lo[k].min(v), hi[k].max(v));
            }
        }
        let at = |v: &[f64], k: u64| v[(k as usize).min(v.len() - 1)];
        let (xs, ys) = (&self.lattice.xs, &self.lattice.ys);
        [
            at(xs, lo[0].saturating_sub(1)),
            at(ys, lo[1].saturating_sub(1)),
            at(xs, hi[0] + 1),
            at(ys, hi[1] + 1),
        ]
    }

    /// Learns what is land by the old shores from the ways through links and how often the rings run around one node;
    /// fails where rings lie in each other, so that land has no side.
    ///
    /// `around` counts that; none on an edge.
    pub(super) fn learn(
        &mut self,
        passed: &Passed,
        around: &dyn Fn(Coord<f64>) -> Option<i32>,
    ) -> Option<()> {
        let count = self.nodes.len() as u64;
        let quiet = |&n: &u64| {
            let w = self.lattice.width();
            let below = n.checked_sub(w).map(|s| s * 2 + 1);
            let left = (!n.is_multiple_of(w)).then(|| (n - 1) * 2);
            [Some(n * 2), Some(n * 2 + 1), below, left]
                .into_iter()
                .flatten()
                .all(|link| passed.on(link).is_empty())
        };
        // Any one will do; far from edges rounding has no say.
        let stride = (count / 4096).max(1) as usize;
        let known = (0..count).step_by(stride).filter(quiet).chain(0..count.min(64));
        let known = known.take(64).find_map(|n| Some((n, around(self.lattice.node(n))?)));
        let (sure, turns) = known?;
        let windings = self.windings(passed);
        let offset = turns - windings[sure as usize];
        let mut sound = true;
        for (n, w) in windings.iter().enumerate() {
            self.nodes[n] = u8::from(w + offset > 0) * (OLD | NEW);
            sound &= (0..=1).contains(&(w + offset));
        }
        // A shore that was elsewhere before than the old line is not the same shore.
        let agrees =
            |n: u64| self.height(n).is_none_or(|z| is_land(z) == (self.nodes[n as usize] & OLD != 0));
        let turned = |n: u64| {
            let cell = |n: u64| -> usize {
                let (i, j) = (n % self.lattice.width(), n / self.lattice.width());
                let (x, y) = (i - u64::from(self.inner.x), j - u64::from(self.inner.y));
                (y * u64::from(self.inner.width) + x) as usize
            };
            let k = cell(n);
            is_land(self.moved.before[k]) != is_land(self.moved.after[k])
        };
        // Where it turned, what is new counts unless the old line had it so already; beside a shore that was shifted
        // only what the line says, too.
        let keep: Vec<u64> = self
            .changed
            .iter()
            .copied()
            .filter(|&n| if turned(n) { !agrees(n) } else { agrees(n) })
            .collect();
        self.changed = keep;
        for &n in &self.changed {
            let land = self.height(n).is_some_and(is_land);
            let flags = &mut self.nodes[n as usize];
            *flags = *flags & OLD | CHANGED | if land { NEW } else { 0 };
        }
        let w = self.lattice.width();
        self.hot = self.changed.iter().flat_map(|&n| [n - w - 1, n - w, n - 1, n]).collect();
        self.hot.sort_unstable();
        self.hot.dedup();
        sound.then_some(())
    }

    /// How often rings run around each node, less how often around the first.
    fn windings(&self, passed: &Passed) -> Vec<i32> {
        let width = self.lattice.width();
        let mut out = vec![0i32; self.nodes.len()];
        let mut ways = passed.0.as_slice();
        // The left side of what passes leftwards, of a link to the east say, is its western end's.
        let mut change = |link: u64| {
            let many = ways.iter().take_while(|p| p.0 == link).count();
            let (here, rest) = ways.split_at(many);
            ways = rest;
            here.iter().map(|p| if p.2 { -1 } else { 1 }).sum::<i32>()
        };
        for n in 0..out.len() as u64 {
            let (east, north) = (change(n * 2), change(n * 2 + 1));
            let here = out[n as usize];
            if (n + 1) % width != 0 {
                out[n as usize + 1] = here + east;
            }
            if n % width == 0 && n + width < out.len() as u64 {
                out[(n + width) as usize] = here + north;
            }
        }
        out
    }

    pub(super) fn is_hot(&self, square: Option<u64>) -> bool {
        square.is_some_and(|s| self.hot.binary_search(&s).is_ok())
    }

    /// Whether a way leads into hot squares or out of them; none if neither.
    pub(super) fn enters(&self, c: &Crossing) -> Option<bool> {
        let [left, right] = self.lattice.beside(c.link).map(|s| self.is_hot(s));
        (left != right).then_some(left == c.leftwards)
    }

    fn state(&self, node: u64, flag: u8) -> bool {
        self.nodes[node as usize] & flag != 0
    }

    /// Whether nothing changes.
    pub(super) fn is_empty(&self) -> bool {
        self.hot.is_empty()
    }

    /// The new shores in hot squares, closed or from link to link of their edge.
    pub(super) fn shores(&self, passed: &Passed) -> Vec<(Chain, Vec<Coord<f64>>)> {
        let mut links = Vec::new();
        for &square in &self.hot {
            let w = self.lattice.width();
            let corners = [square, square + 1, square + w + 1, square + w];
            let case = (0u8..).zip(corners).fold(0, |case, (i, n)| case | u8::from(self.state(n, NEW)) << i);
            let heights = corners.map(|n| self.height(n));
            let joined = heights.iter().all(Option::is_some)
                && is_land(heights.iter().flatten().map(|z| z / 4.0).sum::<f64>());
            let around = self.lattice.around(square);
            let at = |edge: Edge| match edge {
                Edge::Bottom => around[0],
                Edge::Right => around[1],
                Edge::Top => around[2],
                Edge::Left => around[3],
            };
            links.extend(links_of(case, joined).iter().map(|&(from, to)| (at(from), at(to))));
        }
        let place = |link: &u64| self.lattice.on(*link, self.passage(*link, passed));
        chains(links)
            .into_iter()
            .map(|chain| {
                let mut line: Vec<_> = chain.places.iter().map(place).collect();
                if chain.closed {
                    line.extend(line.first().copied());
                }
                (chain, line)
            })
            .collect()
    }

    /// Where the new shore passes a link: where the old one does if both nodes are as they were, so that they meet.
    fn passage(&self, link: u64, passed: &Passed) -> f64 {
        let ends = self.lattice.ends(link);
        let (from, to) = self.lattice.span(link);
        let at = |part: f64| from + part.clamp(LEAST, 1.0 - LEAST) * (to - from);
        let by_height = match ends.map(|n| self.height(n).filter(|z| is_land(*z) == self.state(n, NEW))) {
            [Some(a), Some(b)] => at(part(a, b)),
            _ => at(0.5),
        };
        if ends.iter().any(|&n| self.state(n, CHANGED)) {
            return by_height;
        }
        let away = |p: &f64| (p - by_height).abs();
        let old = passed.on(link).iter().map(|p| p.1).min_by(|a, b| away(a).total_cmp(&away(b)));
        old.filter(|p| (at(0.0)..=at(1.0)).contains(p)).unwrap_or(by_height)
    }

    /// What lies on the edge of hot squares between old shores outside and new ones inside, land on the left.
    pub(super) fn seams(&self, passed: &Passed) -> Vec<[Coord<f64>; 2]> {
        let mut out = Vec::new();
        for &square in &self.hot {
            for link in self.lattice.around(square) {
                let [left, right] = self.lattice.beside(link).map(|s| self.is_hot(s));
                if left && right {
                    continue;
                }
                let [a, b] = self.lattice.ends(link);
                // (place, whether what is outside changes)
                let mut turns: Vec<(f64, bool)> = passed.on(link).iter().map(|p| (p.1, true)).collect();
                if self.state(a, NEW) != self.state(b, NEW) {
                    turns.push((self.passage(link, passed), false));
                }
                turns.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
                let (mut outside, mut inside) = (self.state(a, OLD), self.state(a, NEW));
                for pair in turns.windows(2) {
                    let turned = if pair[0].1 { &mut outside } else { &mut inside };
                    *turned = !*turned;
                    if inside == outside || pair[0].0 == pair[1].0 {
                        continue;
                    }
                    let ends = [pair[0].0, pair[1].0].map(|at| self.lattice.on(link, at));
                    // Land left of the link: along it.
                    let land_left = if left { inside } else { outside };
                    out.push(if land_left { ends } else { [ends[1], ends[0]] });
                }
            }
        }
        out
    }
}
