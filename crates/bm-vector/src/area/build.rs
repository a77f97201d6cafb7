//! From rings to the bytes of an area.

use super::bits::{PADDING, Writer, width_of};
use super::chunk::{Coding, EDGES};
use super::error::AreaError;
use super::exact::passes_below;
use super::lattice::{FAN, Lattice};
use super::layout::{DEPTH, Head, PLANES, ROOT_BLOCK, RUN, Ref, Run, cell_bit};
use geo_types::{Coord, Rect};

/// What is told about progress: vertices done, vertices in all.
pub type Progress<'a> = &'a (dyn Fn(u64, u64) + Sync);

/// Largest coordinate.
const MOST: f64 = (1_u64 << 40) as f64;
/// Least one that is not zero: products of differences must not underflow.
const LEAST: f64 = 1.0 / (1_u128 << 100) as f64;
/// A cell with more chunks is cut further.
const CROWDED: usize = 6;

/// Checked rings, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Rings {
    pub(super) coords: Vec<Coord<f64>>,
    /// Where each ring ends in `coords`.
    pub(super) ends: Vec<usize>,
}

impl Rings {
    /// Takes a ring whose last coordinate repeats the first.
    pub(super) fn push(&mut self, ring: &[Coord<f64>]) -> Result<(), AreaError> {
        let number = self.ends.len();
        let place = |v: f64| v == 0.0 || (LEAST..=MOST).contains(&v.abs());
        if let Some(vertex) = ring.iter().position(|c| !place(c.x) || !place(c.y)) {
            return Err(AreaError::Coordinate { ring: number, vertex, at: ring[vertex] });
        }
        if ring.len() < 2 {
            return Err(AreaError::Short { ring: number, count: ring.len() });
        }
        if ring.first() != ring.last() {
            return Err(AreaError::Open { ring: number, last: ring.len() - 1 });
        }
        // A zero has no sign.
        self.coords.extend(ring.iter().map(|c| Coord { x: c.x + 0.0, y: c.y + 0.0 }));
        self.ends.push(self.coords.len());
        Ok(())
    }

    fn each(&self) -> impl Iterator<Item = (usize, &[Coord<f64>])> {
        let mut from = 0;
        self.ends.iter().map(move |&end| {
            let start = std::mem::replace(&mut from, end);
            (start, &self.coords[start..end])
        })
    }
}

/// Where a chunk lies in the stream, and its vertices in memory.
struct Piece {
    offset: usize,
    from: usize,
    len: usize,
}

/// Builds the bytes of an area.
pub(super) fn build(rings: &Rings, progress: Option<Progress<'_>>) -> Result<Vec<u8>, AreaError> {
    let edges = rings.coords.len() - rings.ends.len();
    // Three passes over all vertices: into chunks, into root cells, into nodes.
    let total = rings.coords.len() as u64;
    let tell = |pass: u64, done: u64| {
        if let Some(progress) = progress {
            progress((pass * total + done) / 3, total);
        }
    };
    let coding = Coding::find(&rings.coords);
    let (pieces, mut stream) = write_chunks(rings, &coding, &|done| tell(0, done));
    let stream_len = stream.len();
    stream.extend([0; PADDING]);

    let bounds = bounds(&rings.coords);
    let (level, lattice) = root_lattice(rings, bounds);
    let cells = (lattice.nx * lattice.ny) as usize;
    let root = Root::fill(rings, &pieces, lattice, &|done| tell(1, done));
    tell(2, 0);
    let tree = build_nodes(rings, &pieces, &root, &|done| tell(2, done));

    let offset_bits = width_of(stream_len as u64) + 3;
    let ref_width =
        2 + offset_bits.max(width_of(tree.pool.len() as u64)).max(width_of(tree.nodes.len() as u64));
    let too_large = |what| AreaError::TooLarge { what };
    if ref_width > 56 || cells > 1 << 32 {
        return Err(too_large("bytes of geometry"));
    }
    for (count, what) in [(tree.nodes.len(), "nodes"), (tree.refs.len(), "cells"), (tree.pool.len(), "lists")]
    {
        if u32::try_from(count).is_err() {
            return Err(too_large(what));
        }
    }
    let head = Head {
        rings: rings.ends.len(),
        edges,
        bounds,
        level,
        lattice,
        coding,
        ref_width,
        nodes: tree.nodes.len(),
        refs: tree.refs.len(),
        pool: tree.pool.len(),
        stream: stream_len,
    };
    let sections = head.sections().ok_or_else(|| too_large("bytes"))?;
    let mut out = vec![0; sections.stream.end];
    root.write(&mut out[sections.root.clone()]);
    let mut base = 0_u32;
    for (i, node) in tree.nodes.iter().enumerate() {
        let planes = &mut out[sections.planes.start + i * PLANES..][..PLANES];
        for (to, word) in planes.chunks_exact_mut(8).zip(node.mixed.iter().chain(&node.inside)) {
            to.copy_from_slice(&word.to_le_bytes());
        }
        out[sections.bases.start + i * 4..][..4].copy_from_slice(&base.to_le_bytes());
        base += node.mixed.iter().map(|word| word.count_ones()).sum::<u32>();
    }
    let mut pack = |values: &mut dyn Iterator<Item = u64>, width: u32, at: usize| {
        let mut writer = Writer::default();
        values.for_each(|value| writer.put(value, width));
        writer.align();
        out[at..at + writer.bytes.len()].copy_from_slice(&writer.bytes);
    };
    pack(&mut tree.refs.iter().map(|r| r.pack()), ref_width, sections.refs.start);
    pack(&mut tree.pool.iter().copied(), ref_width - 2, sections.pool.start);
    out[sections.stream.clone()].copy_from_slice(&stream);
    head.seal(&sections, &mut out);
    tell(3, 0);
    Ok(out)
}

fn bounds(coords: &[Coord<f64>]) -> Option<Rect<f64>> {
    let first = *coords.first()?;
    let (mut lo, mut hi) = (first, first);
    for c in coords {
        (lo.x, lo.y) = (lo.x.min(c.x), lo.y.min(c.y));
        (hi.x, hi.y) = (hi.x.max(c.x), hi.y.max(c.y));
    }
    Some(Rect::new(lo, hi))
}

fn write_chunks(rings: &Rings, coding: &Coding, tell: &dyn Fn(u64)) -> (Vec<Piece>, Vec<u8>) {
    let mut writer = Writer::default();
    let mut pieces = Vec::with_capacity(rings.coords.len() / EDGES + rings.ends.len());
    for (start, ring) in rings.each() {
        for from in (0..ring.len() - 1).step_by(EDGES) {
            let coords = &ring[from..(from + EDGES + 1).min(ring.len())];
            pieces.push(Piece { offset: writer.bytes.len(), from: start + from, len: coords.len() });
            coding.write(coords, from == 0, &mut writer);
        }
        tell((start + ring.len()) as u64);
    }
    (pieces, writer.bytes)
}

/// Root cells of a size that the whole index stays small beside the vertices, and that most places lie in cells
/// that no edge touches.
fn root_lattice(rings: &Rings, bounds: Option<Rect<f64>>) -> (i32, Lattice) {
    let empty = Lattice { inv: 1.0, ix0: 0.0, iy0: 0.0, nx: 0, ny: 0 };
    let Some(bounds) = bounds else { return (0, empty) };
    let mut length = 0.0;
    for (_, ring) in rings.each() {
        for e in ring.windows(2) {
            length += (e[1].x - e[0].x).abs() + (e[1].y - e[0].y).abs();
        }
    }
    let count = rings.coords.len() as f64;
    // Finest cells that edges touch, about: one a vertex, fewer of the largest sets so that these stay small.
    let wanted = count * (131_072.0 / count).powf(0.45).min(1.0);
    let most = 4096.0 + count / 4.0;
    // An area without extent has no length; whatever its level, it has one cell.
    let finest = (wanted * std::f64::consts::SQRT_2 / length.max(LEAST)).log2().floor();
    let magnitude =
        bounds.min().x.abs().max(bounds.max().x.abs()).max(bounds.min().y.abs()).max(bounds.max().y.abs());
    // Indices must stay exact, those of the deepest nodes, too.
    let exact = (52 - 4 * DEPTH as i32 - 1) as f64 - magnitude.max(LEAST).log2().ceil();
    let mut level = (finest - 4.0).min(exact).clamp(-60.0, 60.0) as i32;
    loop {
        let inv = 2_f64.powi(level);
        let index = |value: f64| (value * inv).floor();
        let (ix0, iy0) = (index(bounds.min().x), index(bounds.min().y));
        let (nx, ny) = (index(bounds.max().x) - ix0 + 1.0, index(bounds.max().y) - iy0 + 1.0);
        if nx * ny <= most {
            return (level, Lattice { inv, ix0, iy0, nx: nx as i64, ny: ny as i64 });
        }
        level -= 1;
    }
}

/// The root table, and which chunks touch which of its cells.
struct Root {
    lattice: Lattice,
    /// (cell, chunk), sorted.
    touched: Vec<(u32, u32)>,
    /// Bit of a cell: whether its lower left corner (shifted by ε and δ) is inside.
    corner: Vec<u64>,
    mixed: Vec<u64>,
}

impl Root {
    fn fill(rings: &Rings, pieces: &[Piece], lattice: Lattice, tell: &dyn Fn(u64)) -> Self {
        let words = ((lattice.nx * lattice.ny) as usize).div_ceil(64);
        let (mut corner, mut mixed) = (vec![0_u64; words], vec![0_u64; words]);
        let mut touched = Vec::new();
        let mut own = Vec::new();
        for (number, piece) in pieces.iter().enumerate() {
            own.clear();
            for e in rings.coords[piece.from..][..piece.len].windows(2) {
                lattice.cover(e[0], e[1], |row, first, last| {
                    for cell in row * lattice.nx + first..=row * lattice.nx + last {
                        if own.last() != Some(&(cell as u32)) {
                            own.push(cell as u32);
                        }
                    }
                });
                // A crossing flips all corners of its row that lie behind it: here the first, below the rest.
                lattice.row_crossings(e[0], e[1], |row, col| {
                    if col < lattice.nx {
                        let cell = (row * lattice.nx + col) as usize;
                        corner[cell >> 6] ^= 1 << (cell & 63);
                    }
                });
            }
            own.sort_unstable();
            own.dedup();
            for &cell in &own {
                mixed[cell as usize >> 6] |= 1 << (cell & 63);
                touched.push((cell, number as u32));
            }
            if number % 1024 == 0 {
                tell(piece.from as u64);
            }
        }
        touched.sort_unstable();
        let mut at = 0;
        for _ in 0..lattice.ny {
            let mut inside = 0;
            for _ in 0..lattice.nx {
                inside ^= corner[at >> 6] >> (at & 63) & 1;
                corner[at >> 6] = corner[at >> 6] & !(1 << (at & 63)) | inside << (at & 63);
                at += 1;
            }
        }
        Self { lattice, touched, corner, mixed }
    }

    fn is_inside(&self, cell: usize) -> bool {
        self.corner[cell >> 6] >> (cell & 63) & 1 == 1
    }

    fn write(&self, out: &mut [u8]) {
        let mut before = 0_u32;
        for ((block, mixed), corner) in out.chunks_exact_mut(ROOT_BLOCK).zip(&self.mixed).zip(&self.corner) {
            block[..8].copy_from_slice(&mixed.to_le_bytes());
            block[8..16].copy_from_slice(&(corner & !mixed).to_le_bytes());
            block[16..].copy_from_slice(&before.to_le_bytes());
            before += mixed.count_ones();
        }
    }
}

/// The cells of a node.
#[derive(Clone, Copy, Default)]
struct Node {
    mixed: [u64; 4],
    /// Of a mixed cell: what the edges of its chunks leave to be said, see [`super::search`].
    inside: [u64; 4],
}

/// The edges of one cell.
#[derive(Clone, Copy, Default)]
struct Traffic {
    edges: f64,
    /// Cells of the next finer level that they touch, about.
    finer: f64,
}

impl Traffic {
    /// An edge of so many cells' length.
    fn add(&mut self, length: f64) {
        self.edges += 1.0;
        self.finer += 1.0 + length.min(2.0) * FAN as f64;
    }

    /// Whether finer cells would part the edges, instead of only naming each of them many times.
    fn is_local(&self) -> bool {
        self.finer <= 4.0 * self.edges
    }
}

/// Nodes, and what their mixed cells refer to.
#[derive(Default)]
struct Tree {
    nodes: Vec<Node>,
    refs: Vec<Ref>,
    pool: Vec<u64>,
}

/// A cell that becomes a node.
struct Cell {
    lattice: Lattice,
    chunks: Vec<u32>,
    inside: bool,
    depth: usize,
}

/// Nodes of all mixed root cells in their order, then the nodes below those, in the order of who refers to them.
fn build_nodes(rings: &Rings, pieces: &[Piece], root: &Root, tell: &(dyn Fn(u64) + Sync)) -> Tree {
    let groups: Vec<&[(u32, u32)]> = root.touched.chunk_by(|a, b| a.0 == b.0).collect();
    // References know their nodes by number, so a level of nodes is numbered before it is built.
    let first: Vec<Cell> = groups
        .into_iter()
        .map(|group| {
            let cell = i64::from(group[0].0);
            let (row, col) = (cell / root.lattice.nx, cell % root.lattice.nx);
            Cell {
                lattice: root.lattice.child(col, row),
                chunks: group.iter().map(|&(_, chunk)| chunk).collect(),
                inside: root.is_inside(cell as usize),
                depth: 1,
            }
        })
        .collect();
    let threads =
        if first.len() < 64 { 1 } else { std::thread::available_parallelism().map_or(1, usize::from) };
    let mut tree = Tree::default();
    let mut level = first;
    let vertices = rings.coords.len() as u64;
    let mut passed = 0;
    while !level.is_empty() {
        let numbered = tree.nodes.len() + level.len();
        // Cells of equal work for each thread; the result is put together in order, so it does not depend on them.
        let share = level.len().div_ceil(threads);
        let parts: Vec<Part> = std::thread::scope(|scope| {
            let workers: Vec<_> = level
                .chunks(share)
                .map(|cells| scope.spawn(move || Part::build(rings, pieces, cells)))
                .collect();
            workers.into_iter().filter_map(|worker| worker.join().ok()).collect()
        });
        let mut below = Vec::new();
        for part in parts {
            let pool = tree.pool.len();
            let first_below = numbered + below.len();
            tree.nodes.extend(part.nodes);
            tree.refs.extend(part.refs.into_iter().map(|r| match r {
                Ref::List(at) => Ref::List(pool + at),
                Ref::Node(node) => Ref::Node(first_below + node),
                other => other,
            }));
            tree.pool.extend(part.pool);
            below.extend(part.below);
        }
        passed += (vertices - passed) * 3 / 4;
        tell(passed);
        level = below;
    }
    tree
}

/// What one thread makes of its cells: numbers count from 0.
#[derive(Default)]
struct Part {
    nodes: Vec<Node>,
    refs: Vec<Ref>,
    pool: Vec<u64>,
    below: Vec<Cell>,
}

impl Part {
    fn build(rings: &Rings, pieces: &[Piece], cells: &[Cell]) -> Self {
        let mut part = Self::default();
        for cell in cells {
            part.node(rings, pieces, cell);
        }
        part
    }

    fn node(&mut self, rings: &Rings, pieces: &[Piece], cell: &Cell) {
        let lattice = &cell.lattice;
        let vertices = |chunk: u32| {
            let piece = &pieces[chunk as usize];
            &rings.coords[piece.from..piece.from + piece.len]
        };
        // Which chunks touch which of the 256 cells, and the flips of their corners along each row; the corner of
        // column 0 is reached from the node's own one, up its left side.
        let mut touched: Vec<(u32, u32)> = Vec::new();
        let mut traffic = [Traffic::default(); (FAN * FAN) as usize];
        let mut rows = [if cell.inside { u16::MAX } else { 0 }; FAN as usize];
        for &chunk in &cell.chunks {
            let mut own = [0_u64; 4];
            for e in vertices(chunk).windows(2) {
                let length = ((e[1].x - e[0].x).abs() + (e[1].y - e[0].y).abs()) * lattice.inv;
                lattice.cover(e[0], e[1], |row, first, last| {
                    for col in first..=last {
                        let (word, bit) = cell_bit(col, row);
                        own[word] |= 1 << bit;
                        traffic[word * 64 + bit as usize].add(length);
                    }
                });
                // From its first column on, a row lies on the other side of the edge: bits of that column and all after.
                let behind = |col: i64| if col < FAN { u16::MAX << col } else { 0 };
                let side = lattice.side_crossing(e[0], e[1]);
                // What passes below the node's own corner is known there already.
                if let Some(row) = side.filter(|&row| row > 0) {
                    rows[row as usize..].iter_mut().for_each(|row| *row ^= u16::MAX);
                }
                lattice.row_crossings(e[0], e[1], |row, col| {
                    // Column 0: it passes left of the path.
                    if col > 0 {
                        rows[row as usize] ^= behind(col);
                    }
                });
            }
            for (word, mut bits) in own.into_iter().enumerate() {
                while bits != 0 {
                    touched.push((word as u32 * 64 + bits.trailing_zeros(), chunk));
                    bits &= bits - 1;
                }
            }
        }
        touched.sort_unstable();
        let mut node = Node::default();
        for (i, row) in rows.into_iter().enumerate() {
            node.inside[i / 4] |= u64::from(row) << (i % 4 * 16);
        }
        for group in touched.chunk_by(|a, b| a.0 == b.0) {
            let (col, row) = (i64::from(group[0].0) % FAN, i64::from(group[0].0) / FAN);
            let (word, bit) = cell_bit(col, row);
            let inside = node.inside[word] >> bit & 1 == 1;
            node.mixed[word] |= 1 << bit;
            let chunks = || group.iter().map(|&(_, chunk)| chunk);
            if group.len() > CROWDED && cell.depth < DEPTH && traffic[group[0].0 as usize].is_local() {
                node.inside[word] &= !(1 << bit);
                self.refs.push(Ref::Node(self.below.len()));
                self.below.push(Cell {
                    lattice: lattice.child(col, row),
                    chunks: chunks().collect(),
                    inside,
                    depth: cell.depth + 1,
                });
                continue;
            }
            let corner = lattice.corner(col, row);
            let edges = chunks().flat_map(|chunk| vertices(chunk).windows(2));
            let below = edges
                .filter(|e| (e[0].x <= corner.x) != (e[1].x <= corner.x) && passes_below(e[0], e[1], corner))
                .count();
            node.inside[word] ^= (below as u64 & 1) << bit;
            self.refer(pieces, chunks());
        }
        self.nodes.push(node);
    }

    /// A reference to chunks, which ascend.
    fn refer(&mut self, pieces: &[Piece], chunks: impl Iterator<Item = u32>) {
        let mut runs: Vec<(u32, Run)> = Vec::new();
        for chunk in chunks {
            match runs.last_mut() {
                Some((first, run)) if *first + run.count as u32 == chunk && run.count < RUN => run.count += 1,
                _ => runs.push((chunk, Run { offset: pieces[chunk as usize].offset, count: 1 })),
            }
        }
        if let [(_, run)] = runs[..] {
            return self.refs.push(Ref::Run(run));
        }
        self.refs.push(Ref::List(self.pool.len()));
        self.pool.push(runs.len() as u64);
        self.pool.extend(runs.iter().map(|(_, run)| run.pack()));
    }
}
