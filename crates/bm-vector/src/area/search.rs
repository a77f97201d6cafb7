//! Where a point lies: its cell, then, if edges touch the cell, the parity of a short path.
//!
//! The path runs from far below up the cell's left side (just right of it), then right to the point (just above it).
//! Crossings of its upright part with *all* edges of the cell's chunks, wherever they are, differ from the true parity
//! at the cell's corner by a constant, because no edge outside of the cell is met or left while the point moves within
//! it. That constant is the inside bit of a mixed cell, so the upright part needs no end of its own.

use super::Where;
use super::bits::{self, u32_at, u64_at};
use super::chunk::{Chunk, Coding};
use super::compare::{Asked, Masks};
use super::exact::{orient, passes_below, passes_right};
use super::lattice::{FAN, Lattice};
use super::layout::{DEPTH, Head, PLANES, ROOT_BLOCK, Ref, Refs, Run, Sections, cell_bit};
use geo_types::{Coord, Rect};

/// What a cell is known to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    /// No edge touches it.
    Settled(bool),
    /// Edges may touch it: its node.
    Node(usize),
    /// Edges may touch it: its reference, and the constant of its path.
    Leaf(usize, bool),
}

/// Where a point lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Whether (x + ε, y + δ) is inside.
    pub(super) inside: bool,
    /// How many edges run through the point.
    pub(super) on: u32,
    /// Whether edges had to be looked at.
    pub(super) exact: bool,
}

impl Found {
    const OUTSIDE: Self = Self::settled(false);

    pub(super) const fn settled(inside: bool) -> Self {
        Self { inside, on: 0, exact: false }
    }

    #[inline(always)]
    pub(super) const fn place(self) -> Where {
        if self.on > 0 { Where::On } else { Where::of(self.inside) }
    }
}

/// The sections of an area, ready to be searched.
#[derive(Clone, Copy)]
pub(super) struct Tree<'a> {
    root: &'a [u8],
    planes: &'a [u8],
    bases: &'a [u8],
    pub(super) refs: Refs<'a>,
    pub(super) stream: &'a [u8],
    pub(super) coding: &'a Coding,
    pub(super) lattice: &'a Lattice,
    bounds: Option<Rect<f64>>,
}

impl<'a> Tree<'a> {
    pub(super) fn new(bytes: &'a [u8], head: &'a Head, sections: &Sections) -> Self {
        Self {
            root: &bytes[sections.root.clone()],
            planes: &bytes[sections.planes.clone()],
            bases: &bytes[sections.bases.clone()],
            refs: Refs::new(bytes, head, sections),
            stream: &bytes[sections.stream.clone()],
            coding: &head.coding,
            lattice: &head.lattice,
            bounds: head.bounds,
        }
    }

    pub(super) const fn bounds(&self) -> Option<Rect<f64>> {
        self.bounds
    }

    /// Whether a point lies in the box around all rings; no point that is not a number does.
    #[inline(always)]
    pub(super) fn holds(&self, p: Coord<f64>) -> bool {
        self.bounds
            .is_some_and(|b| b.min().x <= p.x && p.x <= b.max().x && b.min().y <= p.y && p.y <= b.max().y)
    }

    /// A cell of the root table, by its number along the rows.
    #[inline(always)]
    pub(super) fn root_cell(&self, cell: usize) -> Cell {
        let (at, bit) = ((cell >> 6) * ROOT_BLOCK, cell & 63);
        let mixed = u64_at(self.root, at);
        if mixed >> bit & 1 == 0 {
            return Cell::Settled(u64_at(self.root, at + 8) >> bit & 1 == 1);
        }
        let before = (mixed & ((1 << bit) - 1)).count_ones();
        Cell::Node((u32_at(self.root, at + 16) + before) as usize)
    }

    /// A cell of a node; a leaf's reference may name a node below.
    #[inline(always)]
    pub(super) fn node_cell(&self, node: usize, col: i64, row: i64) -> Cell {
        let at = node * PLANES;
        let (word, bit) = cell_bit(col, row);
        let mixed = u64_at(self.planes, at + word * 8);
        let inside = u64_at(self.planes, at + 32 + word * 8) >> bit & 1 == 1;
        if mixed >> bit & 1 == 0 {
            return Cell::Settled(inside);
        }
        let mut before = (mixed & ((1 << bit) - 1)).count_ones();
        for word in 0..word {
            before += u64_at(self.planes, at + word * 8).count_ones();
        }
        Cell::Leaf((u32_at(self.bases, node * 4) + before) as usize, inside)
    }

    /// Asks the memory for the first bytes of a run, which will be read soon.
    #[inline(always)]
    pub(super) fn touch(&self, run: Run) {
        (0..3).for_each(|line| bits::touch(self.stream, run.offset + 64 * line));
    }

    /// Where a point lies.
    #[inline]
    pub(super) fn locate(&self, p: Coord<f64>) -> Found {
        if !self.holds(p) {
            return Found::OUTSIDE;
        }
        let (col, row) = (self.lattice.col(p.x), self.lattice.row(p.y));
        match self.root_cell((row * self.lattice.nx + col) as usize) {
            Cell::Settled(inside) => Found::settled(inside),
            Cell::Node(node) => self.locate_deeper(p, node),
            Cell::Leaf(..) => Found::OUTSIDE,
        }
    }

    #[inline(never)]
    fn locate_deeper(&self, p: Coord<f64>, node: usize) -> Found {
        // A chunk is large; most points never need one.
        #[cfg(target_arch = "x86_64")]
        if super::batch::has_avx2() {
            // SAFETY: the processor has just said that it knows these instructions.
            return unsafe { self.locate_deeper_avx2(p, node) };
        }
        self.locate_in_node::<false>(p, node, &mut Chunk::default())
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
    fn locate_deeper_avx2(&self, p: Coord<f64>, node: usize) -> Found {
        self.locate_in_node::<true>(p, node, &mut Chunk::default())
    }

    /// Where a point of a root cell lies that has a node. With `AVX2` the processor must know these instructions.
    #[inline(always)]
    pub(super) fn locate_in_node<const AVX2: bool>(
        &self,
        p: Coord<f64>,
        mut node: usize,
        chunk: &mut Chunk,
    ) -> Found {
        let mut inv = self.lattice.inv;
        for _ in 0..DEPTH {
            inv *= FAN as f64;
            let (col, row) = ((p.x * inv).floor(), (p.y * inv).floor());
            match self.node_cell(node, col as i64 & (FAN - 1), row as i64 & (FAN - 1)) {
                Cell::Settled(inside) => return Found::settled(inside),
                Cell::Leaf(at, constant) => match self.refs.get(at) {
                    Ref::Run(run) => return self.leaf::<AVX2>(p, col / inv, constant, [run], chunk),
                    Ref::List(list) => {
                        let Some(runs) = self.refs.list(list) else { break };
                        return self.leaf::<AVX2>(p, col / inv, constant, runs, chunk);
                    }
                    Ref::Node(below) => node = below,
                    Ref::Unknown => break,
                },
                Cell::Node(_) => break,
            }
        }
        // Only bytes that were never checked lead here.
        Found::OUTSIDE
    }

    /// The exact answer from the chunks of a cell with this left side.
    #[inline(always)]
    pub(super) fn leaf<const AVX2: bool>(
        &self,
        p: Coord<f64>,
        side: f64,
        constant: bool,
        runs: impl IntoIterator<Item = Run>,
        chunk: &mut Chunk,
    ) -> Found {
        let mut found = Found { exact: true, ..Found::settled(constant) };
        let mut asked = Asked::new(p, side);
        for run in runs {
            let mut at = run.offset;
            for _ in 0..run.count {
                at = chunk.read(self.stream, at, self.coding);
                let masks = asked.masks::<AVX2>(chunk, self.coding);
                let (odd, on) = self.crossings(chunk, masks, &asked);
                found.inside ^= odd;
                found.on += on;
            }
        }
        found
    }

    /// Whether the path crosses an odd number of a chunk's edges, and how many of them run through the point.
    #[inline(always)]
    fn crossings(&self, chunk: &Chunk, m: Masks, asked: &Asked) -> (bool, u32) {
        // Bit i: the edge from vertex i to the next.
        let edges = (1_u64 << chunk.len.saturating_sub(1)) - 1;
        let parted = |mask: u64| mask ^ mask >> 1;
        let both = |mask: u64| mask & mask >> 1;
        let either = |mask: u64| mask | mask >> 1;
        // Ends above and below the path's level part; ends left and right of its upright part.
        let (level, upright) = (parted(m.y), parted(m.side));
        // The point lies in the closed box around the edge.
        let near = edges & either(m.x) & !both(m.x_below) & either(m.y) & !both(m.y_below);
        let simple = edges & !near & !upright & level & both(m.x) & !either(m.side);
        let mut odd = simple.count_ones() & 1 == 1;
        let mut on = 0;
        let mut special = (near | upright) & edges;
        while special != 0 {
            let i = special.trailing_zeros() as usize;
            special &= special - 1;
            let is = |mask: u64| mask >> i & 1 == 1;
            let (a, b) = (chunk.coord(i, self.coding), chunk.coord(i + 1, self.coding));
            let mut left_of_point = is(both(m.x));
            if is(near) {
                let turn = orient(a, b, asked.p);
                if turn == 0.0 {
                    on += 1;
                    left_of_point = !passes_right(a, b, asked.p);
                } else {
                    left_of_point = (turn < 0.0) == (a.y < b.y);
                }
            }
            let bend = Coord { x: asked.side, y: asked.p.y };
            if is(level) && left_of_point {
                odd ^= if is(upright) { passes_right(a, b, bend) } else { !is(either(m.side)) };
            }
            if is(upright) {
                odd ^= if is(level) { passes_below(a, b, bend) } else { is(m.y) };
            }
        }
        (odd, on)
    }
}
