//! The tree of lowest passes: over which cell each basin spills, into which basin, at what height.
//!
//! Water that leaves a basin for the outside takes the way whose highest cell is lowest. These ways are those of a
//! minimum spanning tree of the basins (Cordonnier, Bovy & Braun 2019); it is built by Borůvka's method. Passes are
//! ordered by height, then cell, then direction, so that there is exactly one such tree.

use crate::wide::wide;
use crate::workers;

use super::basins::{Basins, OUTSIDE};
use super::rim::Shape;

/// Two neighbouring cells of different basins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pass {
    /// The higher of the two.
    height: f64,
    basins: [u32; 2],
    cell: u32,
    /// The other cell: this neighbour of `cell`.
    direction: u32,
}

impl Pass {
    fn before(&self, other: &Self) -> bool {
        (self.height, self.cell, self.direction) < (other.height, other.cell, other.direction)
    }
}

/// The way out of a basin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spill {
    /// The cell in the basin where the pass is.
    pub(crate) from_cell: u32,
    /// From it to the cell beyond: a neighbour's number.
    pub(crate) direction: u8,
}

/// The tree.
#[derive(Debug, Default)]
pub(crate) struct Passes {
    /// How high water stands in each basin, if it is to leave; −∞ for the outside.
    pub(crate) levels: Vec<f64>,
    /// Ways out, by basin; that of the outside and of roots means nothing.
    pub(crate) spills: Vec<Spill>,
    /// Basins, each after the one it spills to.
    pub(crate) order: Vec<u32>,
    /// Basins without a way to the outside: of each group of such the lowest one.
    pub(crate) shut: Vec<u32>,
}

/// A memory of the passes met last: neighbouring rows meet the same pairs of basins again and again.
struct Collector {
    passes: Vec<Pass>,
    recent: Vec<Recent>,
}

#[derive(Clone, Copy)]
struct Recent {
    pair: u64,
    height: f64,
    at: usize,
}

const RECENT: usize = 1 << 12;

impl Collector {
    fn new() -> Self {
        Self { passes: Vec::new(), recent: vec![Recent { pair: u64::MAX, height: 0.0, at: 0 }; RECENT] }
    }

    /// A cell of a basin and its four neighbours further on.
    #[inline]
    fn add_all(&mut self, label: u32, others: [u32; 4], z: f64, heights: [f64; 4], cell: usize) {
        // Of neighbours in the same basin the lowest is enough.
        let mut done = others.map(|other| other == label);
        for n in 0..4 {
            if done[n] {
                continue;
            }
            let mut lowest = n;
            for later in n + 1..4 {
                let same = others[later] == others[n];
                done[later] |= same;
                if same && (heights[later] < heights[lowest] || heights[lowest].is_nan()) {
                    lowest = later;
                }
            }
            self.add([label, others[n]], [z, heights[lowest]], cell, lowest + 4);
        }
    }

    #[inline]
    fn add(&mut self, basins: [u32; 2], heights: [f64; 2], cell: usize, direction: usize) {
        let height = if heights[0] < heights[1] { heights[1] } else { heights[0] };
        if heights[0].is_nan() || heights[1].is_nan() {
            return;
        }
        let (low, high) = (basins[0].min(basins[1]), basins[0].max(basins[1]));
        let pair = u64::from(low) << 32 | u64::from(high);
        let recent =
            &mut self.recent[(pair.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52) as usize & (RECENT - 1)];
        if recent.pair == pair {
            // Cells come in order: of equal heights the first stays.
            if height < recent.height {
                recent.height = height;
                self.passes[recent.at] =
                    Pass { height, basins, cell: cell as u32, direction: direction as u32 };
            }
            return;
        }
        *recent = Recent { pair, height, at: self.passes.len() };
        self.passes.push(Pass { height, basins, cell: cell as u32, direction: direction as u32 });
    }
}

/// All pairs of neighbouring cells of different basins, most of those between the same two left out but the lowest.
fn collect(basins: &Basins, values: &[f64], shape: &Shape, threads: usize) -> Vec<Pass> {
    let width = shape.width;
    let labels = &basins.of[..];
    let lists = workers::run(workers::bands(shape.height, threads), |rows| {
        let mut collector = Collector::new();
        let mut borders = vec![0_u8; width];
        for row in rows {
            let start = row * width;
            if row + 1 == shape.height || width < 3 {
                for cell in start..start + width {
                    general(&mut collector, labels, values, shape, cell);
                }
                continue;
            }
            general(&mut collector, labels, values, shape, start);
            let here = &labels[start..start + width];
            let next = &labels[start + width..start + 2 * width];
            let (z, below) = (&values[start..start + width], &values[start + width..start + 2 * width]);
            border_row(&mut borders[1..width - 1], here, next);
            for (word, borders) in borders.chunks(8).enumerate() {
                // Most cells have their own basin all around: eight are passed over at a time.
                let mut bits =
                    borders.iter().rev().fold(0_u64, |bits, &border| bits << 8 | u64::from(border));
                while bits != 0 {
                    let x = word * 8 + bits.trailing_zeros() as usize / 8;
                    bits &= bits - 1;
                    let others = [here[x + 1], next[x - 1], next[x], next[x + 1]];
                    collector.add_all(
                        here[x],
                        others,
                        z[x],
                        [z[x + 1], below[x - 1], below[x], below[x + 1]],
                        start + x,
                    );
                }
            }
            general(&mut collector, labels, values, shape, start + width - 1);
        }
        collector.passes
    });
    let mut lists = lists.into_iter();
    let mut all = lists.next().unwrap_or_default();
    lists.for_each(|list| all.extend(list));
    all
}

wide! {
    /// Marks the inner cells of a row, one of whose four neighbours further on is of another basin.
    fn border_row(out: &mut [u8], here: &[u32], next: &[u32]) {
        let count = out.len();
        let (here, next) = (&here[..count + 2], &next[..count + 2]);
        for i in 0..count {
            let label = here[i + 1];
            let other = (label ^ here[i + 2]) | (label ^ next[i]) | (label ^ next[i + 1]) | (label ^ next[i + 2]);
            out[i] = u8::from(other != 0);
        }
    }
}

fn general(collector: &mut Collector, labels: &[u32], values: &[f64], shape: &Shape, cell: usize) {
    for k in 4..8 {
        let Some(other) = shape.neighbour(cell, k) else { continue };
        if labels[other] != labels[cell] {
            collector.add([labels[cell], labels[other]], [values[cell], values[other]], cell, k);
        }
    }
}

/// Basins that have grown together.
struct Groups {
    leader: Vec<u32>,
}

impl Groups {
    fn find(&mut self, mut a: u32) -> u32 {
        while self.leader[a as usize] != a {
            let above = self.leader[self.leader[a as usize] as usize];
            self.leader[a as usize] = above;
            a = above;
        }
        a
    }

    fn join(&mut self, a: u32, b: u32) -> bool {
        let (a, b) = (self.find(a), self.find(b));
        self.leader[a.max(b) as usize] = a.min(b);
        a != b
    }
}

fn spanning_tree(mut passes: Vec<Pass>, basins: usize) -> Vec<Pass> {
    let mut groups = Groups { leader: (0..basins as u32).collect() };
    let mut tree = Vec::with_capacity(basins);
    let mut best = vec![u32::MAX; basins];
    loop {
        best.fill(u32::MAX);
        let mut kept = 0;
        for n in 0..passes.len() {
            let pass = passes[n];
            let sides = pass.basins.map(|basin| groups.find(basin));
            if sides[0] == sides[1] {
                continue;
            }
            passes[kept] = pass;
            for side in sides {
                let best = &mut best[side as usize];
                if passes.get(*best as usize).is_none_or(|known| pass.before(known)) {
                    *best = kept as u32;
                }
            }
            kept += 1;
        }
        passes.truncate(kept);
        if kept == 0 {
            return tree;
        }
        for &number in &best {
            let Some(pass) = passes.get(number as usize) else { continue };
            if groups.join(pass.basins[0], pass.basins[1]) {
                tree.push(*pass);
            }
        }
    }
}

impl Passes {
    /// Finds every basin's way out.
    pub(crate) fn find(&mut self, basins: &Basins, values: &[f64], shape: &Shape, threads: usize) {
        let count = basins.pits.len() + 1;
        let tree = spanning_tree(collect(basins, values, shape, threads), count);
        // For each basin the passes of the tree that touch it.
        let mut starts = vec![0_u32; count + 1];
        for basin in tree.iter().flat_map(|pass| pass.basins) {
            starts[basin as usize + 1] += 1;
        }
        for n in 0..count {
            starts[n + 1] += starts[n];
        }
        let mut filled = starts.clone();
        let mut touching = vec![0_u32; tree.len() * 2];
        for (n, pass) in tree.iter().enumerate() {
            for basin in pass.basins {
                touching[filled[basin as usize] as usize] = n as u32;
                filled[basin as usize] += 1;
            }
        }
        let nowhere = Spill { from_cell: 0, direction: 0 };
        self.levels.clear();
        self.levels.resize(count, f64::NAN);
        self.spills.clear();
        self.spills.resize(count, nowhere);
        self.order.clear();
        self.shut.clear();
        self.levels[OUTSIDE as usize] = f64::NEG_INFINITY;
        self.order.push(OUTSIDE);
        let grow = |levels: &mut [f64], spills: &mut [Spill], order: &mut Vec<u32>, mut next: usize| {
            while next < order.len() {
                let basin = order[next];
                next += 1;
                for &number in &touching[starts[basin as usize] as usize..starts[basin as usize + 1] as usize]
                {
                    let pass = &tree[number as usize];
                    let far = usize::from(pass.basins[0] == basin);
                    let other = pass.basins[far] as usize;
                    if !levels[other].is_nan() {
                        continue;
                    }
                    let level = levels[basin as usize];
                    levels[other] = if pass.height > level { pass.height } else { level };
                    let (from_cell, direction) = if far == 0 {
                        (pass.cell, pass.direction as u8)
                    } else {
                        let beyond = shape.neighbour(pass.cell as usize, pass.direction as usize);
                        (beyond.unwrap_or_default() as u32, 7 - pass.direction as u8)
                    };
                    spills[other] = Spill { from_cell, direction };
                    order.push(other as u32);
                }
            }
        };
        grow(&mut self.levels, &mut self.spills, &mut self.order, 0);
        if self.order.len() == count {
            return;
        }
        // Basins that nothing leads out of: the lowest pit of each group is where its water stays.
        let mut rest: Vec<u32> =
            (1..count as u32).filter(|&basin| self.levels[basin as usize].is_nan()).collect();
        let bottom = |basin: u32| values[basins.pits[basin as usize - 1] as usize];
        rest.sort_by(|&a, &b| bottom(a).total_cmp(&bottom(b)).then(a.cmp(&b)));
        for basin in rest {
            if self.levels[basin as usize].is_nan() {
                self.shut.push(basin);
                self.levels[basin as usize] = f64::NEG_INFINITY;
                let next = self.order.len();
                self.order.push(basin);
                grow(&mut self.levels, &mut self.spills, &mut self.order, next);
            }
        }
    }
}
