//! The peer of the requirements: an octree that is always up to date.
//!
//! Every edit expands the tree down to its cell, and on the way back up joins octants that have become equal
//! and works out anew which material fills most of each. Nodes take 8 bytes and lie in blocks of eight
//! siblings, which is one line of the processor's cache; joined blocks are used again.
//!
//! It comes in two forms. The plain one is what the requirements describe: it goes all the way up. The lean one stops
//! where nothing changes any more, mostly after one step, and is as fast as such a tree gets without ceasing to
//! be one; it could not keep count of volumes, as those change up to the root.

use bm_core::frame::MAX_LEVEL;
use bm_core::{MaterialId, Pos};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Node {
    /// First of eight children; 0 for a leaf, as that is where the root lies.
    children: u32,
    /// Of a leaf, what it is made of; of others, what most of their octants are.
    material: u16,
    /// Keeps the node at 8 bytes.
    _spare: u16,
}

impl Node {
    const fn leaf(material: u16) -> Self {
        Self { children: 0, material, _spare: 0 }
    }
}

/// How far up an edit goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// To the root.
    Plain,
    /// To where nothing changes.
    Lean,
}

/// An octree of the whole root cube down to single cells of a quarter metre.
#[derive(Clone, Debug)]
pub struct EagerOctree {
    form: Form,
    /// Blocks of eight. The first holds the root and seven places that stay empty.
    nodes: Vec<Node>,
    /// Blocks that are free again.
    free: Vec<u32>,
}

impl EagerOctree {
    /// A tree of two halves: what a new world holds near sea level.
    #[must_use]
    pub fn new(form: Form, below: MaterialId, above: MaterialId) -> Self {
        let mut tree = Self { form, nodes: vec![Node::leaf(0); 8], free: Vec::new() };
        // Sea level parts the root's octants: bit 2 is the upper half.
        let children = tree.block(below.0);
        for octant in 4..8 {
            tree.nodes[children as usize + octant].material = above.0;
        }
        tree.nodes[0] = Node { children, ..Node::leaf(below.0) };
        tree
    }

    /// The material of a cell.
    #[must_use]
    pub fn get(&self, at: Pos) -> MaterialId {
        let mut node = self.nodes[0];
        let mut level = 0;
        while node.children != 0 {
            node = self.nodes[(node.children + octant(at, level)) as usize];
            level += 1;
        }
        MaterialId(node.material)
    }

    /// Changes a cell, and everything above it that has to.
    pub fn set(&mut self, at: Pos, material: MaterialId) {
        let material = material.0;
        let mut path = [0_u32; MAX_LEVEL as usize];
        let mut here = 0_u32;
        for (level, step) in path.iter_mut().enumerate() {
            *step = here;
            let node = self.nodes[here as usize];
            let children = if node.children != 0 {
                node.children
            } else if node.material == material {
                return;
            } else {
                let children = self.block(node.material);
                self.nodes[here as usize].children = children;
                children
            };
            here = children + octant(at, level as u8);
        }
        if self.nodes[here as usize].material == material {
            return;
        }
        self.nodes[here as usize].material = material;
        for &parent in path.iter().rev() {
            if !self.refresh(parent) && self.form == Form::Lean {
                break;
            }
        }
    }

    /// Joins the octants of a node if they are equal, else finds what most of them are. Whether the node changed.
    #[inline]
    fn refresh(&mut self, node: u32) -> bool {
        let before = self.nodes[node as usize];
        let first = before.children as usize;
        let octants: [Node; 8] = std::array::from_fn(|i| self.nodes[first + i]);
        if octants.iter().all(|&octant| octant == Node::leaf(octants[0].material)) {
            self.free.push(before.children);
            self.nodes[node as usize] = Node::leaf(octants[0].material);
            return true;
        }
        let most = majority(&octants.map(|octant| octant.material));
        self.nodes[node as usize].material = most;
        most != before.material
    }

    /// A block of eight leaves.
    fn block(&mut self, material: u16) -> u32 {
        let leaves = [Node::leaf(material); 8];
        if let Some(first) = self.free.pop() {
            self.nodes[first as usize..first as usize + 8].copy_from_slice(&leaves);
            return first;
        }
        let first = self.nodes.len() as u32;
        self.nodes.extend_from_slice(&leaves);
        first
    }

    /// Nodes in use.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len() - 7 - 8 * self.free.len()
    }

    /// Whether the tree is one leaf.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 1
    }
}

#[inline]
fn octant(at: Pos, level: u8) -> u32 {
    let shift = MAX_LEVEL - 1 - level;
    (at.x() >> shift & 1) | (at.y() >> shift & 1) << 1 | (at.z() >> shift & 1) << 2
}

/// The commonest of eight; of equally common ones, the first.
#[inline]
fn majority(materials: &[u16; 8]) -> u16 {
    let mut best = (0, materials[0]);
    for &material in materials {
        let count = materials.iter().filter(|&&other| other == material).count();
        if count > best.0 {
            best = (count, material);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::Random;
    use crate::inputs::edits::{CLUSTERED, in_a_cube};
    use bm_core::frame::SEA_LEVEL;
    use std::collections::HashMap;

    fn at(x: u32, y: u32, z: u32) -> Pos {
        Pos::new(x, y, z).unwrap()
    }

    #[test]
    fn it_says_what_it_was_told() {
        let mut tree = EagerOctree::new(Form::Lean, MaterialId::UPPER_CRUST, MaterialId::AIR);
        let mut plain = EagerOctree::new(Form::Plain, MaterialId::UPPER_CRUST, MaterialId::AIR);
        let base = |p: Pos| if p.z() < SEA_LEVEL { MaterialId::UPPER_CRUST } else { MaterialId::AIR };
        let mut oracle = HashMap::new();
        let centre = at(1 << 20, 1 << 20, SEA_LEVEL);
        // A small cube with few materials, so that octants become equal and part again.
        let mut edits = in_a_cube(centre, 12, 20_000, &[MaterialId::AIR, MaterialId::ROCK], 5).unwrap();
        edits.extend(CLUSTERED.edits(2000, 5).unwrap());
        for (p, m) in edits {
            tree.set(p, m);
            plain.set(p, m);
            oracle.insert(p, m);
            assert_eq!(tree.get(p), m);
        }
        assert_eq!(tree.nodes, plain.nodes, "going on changes nothing");
        for (&p, &m) in &oracle {
            assert_eq!(tree.get(p), m);
        }
        let mut random = Random::new(3);
        for _ in 0..1000 {
            let p = at(random.below(1 << 26) as u32, random.below(1 << 26) as u32, SEA_LEVEL + 9);
            assert_eq!(tree.get(p), oracle.get(&p).copied().unwrap_or(base(p)));
        }
    }

    #[test]
    fn equal_octants_join_again() {
        let mut tree = EagerOctree::new(Form::Plain, MaterialId::UPPER_CRUST, MaterialId::AIR);
        assert_eq!(tree.len(), 9);
        for undo in [false, true] {
            for i in 0..64 {
                let p = at(1024 + (i & 3), 1024 + (i >> 2 & 3), SEA_LEVEL + (i >> 4));
                tree.set(p, if undo { MaterialId::AIR } else { MaterialId::ROCK });
            }
            if !undo {
                // One leaf of four cells' edge: 26 levels below the root.
                assert_eq!(tree.len(), 1 + 8 * 26);
            }
        }
        assert_eq!(tree.len(), 9, "nothing stays behind");
    }

    #[test]
    fn most_octants_decide() {
        assert_eq!(majority(&[1, 2, 2, 3, 3, 3, 1, 4]), 3);
        assert_eq!(majority(&[1, 2, 1, 2, 1, 2, 1, 2]), 1);
    }
}
