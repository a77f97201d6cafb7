//! Where a point lies: its cell, then, if edges touch the cell, the parity of a short path.
//!
//! The path runs from far below up the cell's left side (just right of it), then right to the point (just above it).
//! Crossings of its upright part with *all* edges of the cell's chunks, wherever they are, differ from the true parity
//! at the cell's corner by a constant, because no edge outside of the cell is met or left while the point moves within
//! it. That constant is the inside bit of a mixed cell, so the upright part needs no end of its own.

use super::Where;
use super::bits::{u32_at, u64_at};
use super::chunk::{Chunk, Coding, Form};
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

/// A point, and the greatest whole numbers that are not above its coordinates: comparing these with those of a
/// vertex is comparing the coordinates.
struct Asked {
    p: Coord<f64>,
    /// Left side of the cell.
    side: f64,
    fine: Option<Keys>,
    coarse: Option<Keys>,
}

#[derive(Clone, Copy)]
struct Keys {
    x: i32,
    y: i32,
    side: i32,
    /// Greatest numbers *below* the point's coordinates: one less where the point lies on the grid.
    x_below: i32,
    y_below: i32,
}

/// Bits of the vertices of a chunk: whose coordinates are at most, or below, those of the point.
#[derive(Clone, Copy, Default)]
struct Masks {
    x: u64,
    y: u64,
    x_below: u64,
    y_below: u64,
    side: u64,
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
        #[cfg(target_arch = "x86_64")]
        for line in 0..3 {
            if let Some(byte) = self.stream.get(run.offset + 64 * line) {
                use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
                // SAFETY: a hint that reads nothing; the address is that of a byte of the slice.
                unsafe { _mm_prefetch(std::ptr::from_ref(byte).cast(), _MM_HINT_T0) };
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = run;
    }

    /// Where a point lies.
    #[inline]
    pub(super) fn locate(&self, p: Coord<f64>) -> Where {
        if !self.holds(p) {
            return Where::Outside;
        }
        let (col, row) = (self.lattice.col(p.x), self.lattice.row(p.y));
        match self.root_cell((row * self.lattice.nx + col) as usize) {
            Cell::Settled(inside) => Where::of(inside),
            Cell::Node(node) => self.locate_deeper(p, node),
            Cell::Leaf(..) => Where::Outside,
        }
    }

    #[inline(never)]
    fn locate_deeper(&self, p: Coord<f64>, node: usize) -> Where {
        // A chunk is large; most points never need one.
        self.locate_in_node(p, node, &mut Chunk::default())
    }

    /// Where a point of a root cell lies that has a node.
    #[inline(always)]
    pub(super) fn locate_in_node(&self, p: Coord<f64>, mut node: usize, chunk: &mut Chunk) -> Where {
        let mut inv = self.lattice.inv;
        for _ in 0..DEPTH {
            inv *= FAN as f64;
            let (col, row) = ((p.x * inv).floor(), (p.y * inv).floor());
            match self.node_cell(node, col as i64 & (FAN - 1), row as i64 & (FAN - 1)) {
                Cell::Settled(inside) => return Where::of(inside),
                Cell::Leaf(at, constant) => match self.refs.get(at) {
                    Ref::Run(run) => return self.leaf(p, col / inv, constant, [run], chunk),
                    Ref::List(list) => {
                        let Some(runs) = self.refs.list(list) else { break };
                        return self.leaf(p, col / inv, constant, runs, chunk);
                    }
                    Ref::Node(below) => node = below,
                    Ref::Unknown => break,
                },
                Cell::Node(_) => break,
            }
        }
        // Only bytes that were never checked lead here.
        Where::Outside
    }

    /// The exact answer from the chunks of a cell with this left side.
    #[inline(always)]
    pub(super) fn leaf(
        &self,
        p: Coord<f64>,
        side: f64,
        constant: bool,
        runs: impl IntoIterator<Item = Run>,
        chunk: &mut Chunk,
    ) -> Where {
        let mut inside = constant;
        let mut asked = Asked { p, side, fine: None, coarse: None };
        for run in runs {
            let mut at = run.offset;
            for _ in 0..run.count {
                at = chunk.read(self.stream, at, self.coding);
                let masks = asked.masks(chunk, self.coding);
                match self.crossings(chunk, masks, &asked) {
                    Some(odd) => inside ^= odd,
                    None => return Where::On,
                }
            }
        }
        Where::of(inside)
    }

    /// Whether the path crosses an odd number of a chunk's edges; none if the point lies on one of them.
    #[inline(always)]
    fn crossings(&self, chunk: &Chunk, m: Masks, asked: &Asked) -> Option<bool> {
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
                    return None;
                }
                left_of_point = (turn < 0.0) == (a.y < b.y);
            }
            let bend = Coord { x: asked.side, y: asked.p.y };
            if is(level) && left_of_point {
                odd ^= if is(upright) { passes_right(a, b, bend) } else { !is(either(m.side)) };
            }
            if is(upright) {
                odd ^= if is(level) { passes_below(a, b, bend) } else { is(m.y) };
            }
        }
        Some(odd)
    }
}

impl Asked {
    /// Compares the vertices of a chunk with the point.
    #[inline(always)]
    fn masks(&mut self, chunk: &Chunk, coding: &Coding) -> Masks {
        let keys = match (chunk.form, &coding.scale) {
            (Form::Raw, _) | (_, None) => return self.masks_raw(chunk),
            (form, Some(scale)) => {
                let fine = *self.fine.get_or_insert_with(|| {
                    let (x, y) = (scale.fine_floor(self.p.x), scale.fine_floor(self.p.y));
                    Keys {
                        x,
                        y,
                        side: scale.fine_floor(self.side),
                        x_below: x - i32::from(scale.value(x) == self.p.x),
                        y_below: y - i32::from(scale.value(y) == self.p.y),
                    }
                });
                if form == Form::Fine {
                    fine
                } else {
                    *self.coarse.get_or_insert_with(|| Keys {
                        x: scale.coarse_floor(fine.x),
                        y: scale.coarse_floor(fine.y),
                        side: scale.coarse_floor(fine.side),
                        x_below: scale.coarse_floor(fine.x_below),
                        y_below: scale.coarse_floor(fine.y_below),
                    })
                }
            }
        };
        let mut m = Masks::default();
        for i in 0..chunk.len {
            let (x, y) = (chunk.kx[i], chunk.ky[i]);
            m.x |= u64::from(x <= keys.x) << i;
            m.y |= u64::from(y <= keys.y) << i;
            m.x_below |= u64::from(x <= keys.x_below) << i;
            m.y_below |= u64::from(y <= keys.y_below) << i;
            m.side |= u64::from(x <= keys.side) << i;
        }
        m
    }

    #[inline(always)]
    fn masks_raw(&self, chunk: &Chunk) -> Masks {
        let mut m = Masks::default();
        for i in 0..chunk.len {
            let (x, y) = (chunk.fx[i], chunk.fy[i]);
            m.x |= u64::from(x <= self.p.x) << i;
            m.y |= u64::from(y <= self.p.y) << i;
            m.x_below |= u64::from(x < self.p.x) << i;
            m.y_below |= u64::from(y < self.p.y) << i;
            m.side |= u64::from(x <= self.side) << i;
        }
        m
    }
}
