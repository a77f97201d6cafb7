//! Cells of land as leaves of a sparse octree.
//!
//! The tree is that of the world's frame: a root of 2²⁶ m, halved until octants are as large as a cell; the surface of the
//! land says in which of a column's octants a cell's leaf lies. Values live in the leaves. A neighbour is looked for from
//! the least ancestor that may hold it, downwards, and if its column is empty there (it is much higher or lower) from the
//! next one up; shorter than to begin at the root each time, which is what
//! [`OctreeLeaves::from_the_root`] does.
//!
//! Leaves stay where the surface was in the beginning: that they would have to move as it sinks is left out.

use bm_core::frame::{ROOT_TICKS, TICKS_PER_METRE};

use super::{Cell, NONE, STEPS, Square, Structure};

/// An octant that has octants. Children are numbered from 1, 0 is none; those of the last level are leaves.
#[derive(Clone, Copy, Debug, Default)]
struct Inner {
    parent: u32,
    children: [u32; 8],
}

#[derive(Clone, Debug)]
struct Leaf<T> {
    parent: u32,
    at: [u32; 3],
    value: T,
}

/// The tree.
#[derive(Clone, Debug)]
pub struct OctreeLeaves<T> {
    /// Halvings from the root to a cell.
    levels: u32,
    nodes: Vec<Inner>,
    leaves: Vec<Leaf<T>>,
    from_root: bool,
}

/// Where the land begins: somewhere, aligned to nothing.
const CORNER: [u32; 2] = [12_345, 23_456];

impl<T> OctreeLeaves<T> {
    /// A tree of a square of land; a cell's size is a power of two metres. `value` makes what a leaf holds of column, row and
    /// height.
    #[must_use]
    pub fn new(land: &Square<'_>, mut value: impl FnMut(u32, u32, f64) -> T) -> Self {
        let cells = (f64::from(ROOT_TICKS / TICKS_PER_METRE) / land.cell) as u32;
        let levels = cells.ilog2();
        let mut tree = Self { levels, nodes: vec![Inner::default()], leaves: Vec::new(), from_root: false };
        for (column, row, height) in land.along_the_curve() {
            // Sea level is in the middle of the root.
            let z = i64::from(cells / 2) + (height / land.cell).floor() as i64;
            let at = [CORNER[0] + column, CORNER[1] + row, z.clamp(0, i64::from(cells) - 1) as u32];
            tree.insert(at, value(column, row, height));
        }
        tree.nodes.shrink_to_fit();
        tree.leaves.shrink_to_fit();
        tree
    }

    /// The same, with neighbours looked for from the root.
    #[must_use]
    pub fn from_the_root(self) -> Self {
        Self { from_root: true, ..self }
    }

    fn insert(&mut self, at: [u32; 3], value: T) {
        let mut node = 0_usize;
        for shift in (1..self.levels).rev() {
            let octant = octant(at, shift);
            if self.nodes[node].children[octant] == 0 {
                self.nodes[node].children[octant] = self.nodes.len() as u32 + 1;
                self.nodes.push(Inner { parent: node as u32, ..Inner::default() });
            }
            node = self.nodes[node].children[octant] as usize - 1;
        }
        self.leaves.push(Leaf { parent: node as u32, at, value });
        self.nodes[node].children[octant(at, 0)] = self.leaves.len() as u32;
    }

    /// The leaf of a column under a node whose octants are `2^shift` cells wide; octants near `z` are looked into first.
    fn under(&self, node: u32, shift: u32, [x, y, z]: [u32; 3]) -> Option<Cell> {
        let nearer = octant([x, y, z], shift);
        // The end of the other half that is next to this one.
        let beyond = if nearer & 4 == 0 { (z >> shift | 1) << shift } else { (z >> shift << shift) - 1 };
        for (octant, z) in [(nearer, z), (nearer ^ 4, beyond)] {
            let child = self.nodes[node as usize].children[octant];
            let found = match child {
                0 => None,
                _ if shift == 0 => Some(child - 1),
                _ => self.under(child - 1, shift - 1, [x, y, z]),
            };
            if found.is_some() {
                return found;
            }
        }
        None
    }

    fn neighbour(&self, leaf: &Leaf<T>, [x, y]: [u32; 2]) -> Option<Cell> {
        let [own_x, own_y, z] = leaf.at;
        let last = self.levels - 1;
        if self.from_root {
            return self.under(0, last, [x, y, z]);
        }
        let (mut node, mut shift) = (leaf.parent, 0);
        while (x ^ own_x | y ^ own_y) >> (shift + 1) != 0 {
            node = self.nodes[node as usize].parent;
            shift += 1;
        }
        loop {
            let found = self.under(node, shift, [x, y, z]);
            if found.is_some() || shift == last {
                return found;
            }
            node = self.nodes[node as usize].parent;
            shift += 1;
        }
    }
}

fn octant([x, y, z]: [u32; 3], shift: u32) -> usize {
    (x >> shift & 1 | (y >> shift & 1) << 1 | (z >> shift & 1) << 2) as usize
}

impl<T> Structure<T> for OctreeLeaves<T> {
    fn len(&self) -> usize {
        self.leaves.len()
    }

    fn get(&self, cell: Cell) -> &T {
        &self.leaves[cell as usize].value
    }

    fn get_mut(&mut self, cell: Cell) -> &mut T {
        &mut self.leaves[cell as usize].value
    }

    fn around(&self, cell: Cell) -> [Cell; 8] {
        let leaf = &self.leaves[cell as usize];
        let [x, y, _] = leaf.at;
        STEPS.map(|(dx, dy)| {
            let there = [x.wrapping_add_signed(dx), y.wrapping_add_signed(dy)];
            self.neighbour(leaf, there).unwrap_or(NONE)
        })
    }

    fn at(&self, column: u32, row: u32) -> Option<Cell> {
        self.under(0, self.levels - 1, [CORNER[0] + column, CORNER[1] + row, 1 << (self.levels - 1)])
    }
}
