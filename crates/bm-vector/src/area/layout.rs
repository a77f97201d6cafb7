//! The bytes of an area: head, check sums, and the sections behind them. `FORMAT.md` describes them.

use super::bits::{self, u32_at, u64_at};
use super::chunk::{Coding, Packing};
use super::error::AreaError;
use super::lattice::{FAN, Lattice};
use super::scale::Scale;
use geo_types::{Coord, Rect};
use std::ops::Range;

pub(super) const MAGIC: &[u8; 8] = b"BMareas\n";
const VERSION: u32 = 1;
const HEAD_BYTES: usize = 256;
/// Bytes that one check sum covers.
pub(super) const BLOCK: usize = 1 << 16;
/// Bytes of 64 cells of the root table: which are mixed, which are inside, mixed ones before.
pub(super) const ROOT_BLOCK: usize = 20;
/// Bytes of the 256 cells of a node: which are mixed, which are inside.
pub(super) const PLANES: usize = 64;
/// Levels of nodes, at most.
pub(super) const DEPTH: usize = 5;
/// Decimals of an area whose coordinates are no decimals.
const NO_SCALE: u8 = 255;

/// What the head of an area says.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Head {
    pub(super) rings: usize,
    pub(super) edges: usize,
    /// None of an area without rings.
    pub(super) bounds: Option<Rect<f64>>,
    /// Level of the root cells: 2^level of them a unit.
    pub(super) level: i32,
    pub(super) lattice: Lattice,
    pub(super) coding: Coding,
    /// Bits of a reference, its tag of two included.
    pub(super) ref_width: u32,
    pub(super) nodes: usize,
    pub(super) refs: usize,
    pub(super) pool: usize,
    /// Bytes of chunks.
    pub(super) stream: usize,
}

/// Where the sections lie.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sections {
    pub(super) checks: Range<usize>,
    pub(super) root: Range<usize>,
    pub(super) planes: Range<usize>,
    pub(super) bases: Range<usize>,
    pub(super) refs: Range<usize>,
    pub(super) pool: Range<usize>,
    pub(super) stream: Range<usize>,
}

impl Head {
    pub(super) const fn root_blocks(&self) -> usize {
        ((self.lattice.nx * self.lattice.ny) as usize).div_ceil(64)
    }

    /// None if they would not fit into memory.
    pub(super) fn sections(&self) -> Option<Sections> {
        let packed = |count: usize, width: u32| {
            count.checked_mul(width as usize)?.div_ceil(8).checked_add(bits::PADDING)
        };
        let sizes = [
            self.root_blocks().checked_mul(ROOT_BLOCK)?,
            self.nodes.checked_mul(PLANES)?,
            self.nodes.checked_mul(4)?,
            packed(self.refs, self.ref_width)?,
            packed(self.pool, self.ref_width - 2)?,
            self.stream.checked_add(bits::PADDING)?,
        ];
        // Every section begins at a multiple of 64 bytes, so that a node's planes lie in one line of cache.
        let aligned = |at: usize| at.checked_next_multiple_of(64);
        let mut body = 0_usize;
        for size in sizes {
            body = aligned(body.checked_add(size)?)?;
        }
        let checks = HEAD_BYTES..HEAD_BYTES + body.div_ceil(BLOCK) * 4;
        let mut at = aligned(checks.end)?;
        let mut next = |size: usize| {
            let section = at..at.checked_add(size)?;
            at = aligned(section.end)?;
            Some(section)
        };
        let [root, planes, bases, refs, pool, stream] = sizes;
        Some(Sections {
            checks,
            root: next(root)?,
            planes: next(planes)?,
            bases: next(bases)?,
            refs: next(refs)?,
            pool: next(pool)?,
            stream: next(stream)?,
        })
    }

    /// Writes the head and the check sums into a whole area.
    pub(super) fn seal(&self, sections: &Sections, out: &mut [u8]) {
        let mut at = 0;
        let total = out.len() as u64;
        let mut put = |bytes: &[u8]| {
            out[at..at + bytes.len()].copy_from_slice(bytes);
            at += bytes.len();
        };
        put(MAGIC);
        put(&VERSION.to_le_bytes());
        put(&[0; 4]);
        put(&total.to_le_bytes());
        put(&(self.rings as u64).to_le_bytes());
        put(&(self.edges as u64).to_le_bytes());
        let bounds = self.bounds.map_or([0.0; 4], |b| [b.min().x, b.min().y, b.max().x, b.max().y]);
        bounds.iter().for_each(|value| put(&value.to_bits().to_le_bytes()));
        put(&(self.lattice.ix0 as i64).to_le_bytes());
        put(&(self.lattice.iy0 as i64).to_le_bytes());
        put(&(self.lattice.nx as u32).to_le_bytes());
        put(&(self.lattice.ny as u32).to_le_bytes());
        put(&self.level.to_le_bytes());
        let scale = self.coding.scale;
        put(&[scale.map_or(NO_SCALE, |s| s.decimals as u8), self.ref_width as u8]);
        put(self.coding.packing.width.as_flattened());
        put(&[0; 2]);
        put(&scale.map_or(0, |s| s.num).to_le_bytes());
        put(&scale.map_or(0, |s| s.den).to_le_bytes());
        self.coding.packing.least.as_flattened().iter().for_each(|least| put(&least.to_le_bytes()));
        put(&(self.nodes as u32).to_le_bytes());
        put(&(self.refs as u32).to_le_bytes());
        put(&(self.pool as u32).to_le_bytes());
        put(&(self.stream as u64).to_le_bytes());
        for (block, place) in sections.checks.clone().step_by(4).enumerate() {
            let sum = crc32fast::hash(body_block(out, sections, block));
            out[place..place + 4].copy_from_slice(&sum.to_le_bytes());
        }
        let sum = crc32fast::hash(&out[16..sections.root.start]);
        out[12..16].copy_from_slice(&sum.to_le_bytes());
    }

    /// Reads and checks head and check sums, but not yet what they cover.
    pub(super) fn read(bytes: &[u8]) -> Result<(Self, Sections), AreaError> {
        let wrong = |what| AreaError::Format { what };
        let inconsistent = |index| AreaError::Inconsistent { what: "field of the head", index };
        if bytes.len() < HEAD_BYTES || &bytes[..8] != MAGIC {
            return Err(wrong("it does not begin as one"));
        }
        if u32_at(bytes, 8) != VERSION {
            return Err(wrong("it is of another version"));
        }
        if u64_at(bytes, 16) != bytes.len() as u64 {
            return Err(wrong("it is cut off or has something behind it"));
        }
        let float = |at| f64::from_bits(u64_at(bytes, at));
        let (nx, ny) = (u32_at(bytes, 88), u32_at(bytes, 92));
        let level = u32_at(bytes, 96) as i32;
        let (ix0, iy0) = (u64_at(bytes, 72) as i64, u64_at(bytes, 80) as i64);
        if !(-1000..=1000).contains(&level) || ix0.unsigned_abs().max(iy0.unsigned_abs()) > 1 << 33 {
            return Err(inconsistent(72));
        }
        let whole = |at| usize::try_from(u64_at(bytes, at)).ok().ok_or_else(|| inconsistent(at));
        let (rings, edges, stream) = (whole(24)?, whole(32)?, whole(144)?);
        let coding = read_coding(bytes).ok_or_else(|| inconsistent(100))?;
        let head = Self {
            rings,
            edges,
            bounds: (rings > 0).then(|| {
                Rect::new(Coord { x: float(40), y: float(48) }, Coord { x: float(56), y: float(64) })
            }),
            level,
            lattice: Lattice {
                inv: 2_f64.powi(level),
                ix0: ix0 as f64,
                iy0: iy0 as f64,
                nx: nx.into(),
                ny: ny.into(),
            },
            coding,
            ref_width: bytes[101].into(),
            nodes: u32_at(bytes, 132) as usize,
            refs: u32_at(bytes, 136) as usize,
            pool: u32_at(bytes, 140) as usize,
            stream,
        };
        if !(2..=57).contains(&head.ref_width) || u64::from(nx) * u64::from(ny) > 1 << 32 {
            return Err(inconsistent(88));
        }
        let sections = head.sections().ok_or_else(|| inconsistent(132))?;
        if sections.stream.end != bytes.len() {
            return Err(inconsistent(16));
        }
        if crc32fast::hash(&bytes[16..sections.root.start]) != u32_at(bytes, 12) {
            return Err(wrong("its head does not match its check sum"));
        }
        head.check_bounds().ok_or_else(|| inconsistent(40))?;
        Ok((head, sections))
    }

    /// Whether every place within the bounds has a root cell.
    fn check_bounds(&self) -> Option<()> {
        let Some(bounds) = self.bounds else {
            return (self.lattice.nx * self.lattice.ny == 0).then_some(());
        };
        let inside = |value: f64, zero: f64, count: i64| {
            let index = (value * self.lattice.inv).floor() - zero;
            value.is_finite() && index >= 0.0 && index < count as f64
        };
        let l = &self.lattice;
        let corner = |c: Coord<f64>| inside(c.x, l.ix0, l.nx) && inside(c.y, l.iy0, l.ny);
        (corner(bounds.min()) && corner(bounds.max())).then_some(())
    }
}

fn read_coding(bytes: &[u8]) -> Option<Coding> {
    let mut packing = Packing::default();
    for (i, width) in packing.width.as_flattened_mut().iter_mut().enumerate() {
        *width = bytes[102 + i];
        if *width > 32 {
            return None;
        }
    }
    for (i, least) in packing.least.as_flattened_mut().iter_mut().enumerate() {
        *least = u32_at(bytes, 116 + 4 * i) as i32;
    }
    let scale = match bytes[100] {
        NO_SCALE => None,
        decimals => Some(Scale::new(decimals.into(), u32_at(bytes, 108), u32_at(bytes, 112))?),
    };
    Some(Coding { scale, packing })
}

/// The bytes of one block behind the head.
fn body_block<'a>(bytes: &'a [u8], sections: &Sections, block: usize) -> &'a [u8] {
    let from = sections.root.start + block * BLOCK;
    &bytes[from..(from + BLOCK).min(bytes.len())]
}

/// Compares every block with its check sum, and checks what they cover.
pub(super) fn verify(bytes: &[u8], head: &Head, sections: &Sections) -> Result<(), AreaError> {
    let blocks = (bytes.len() - sections.root.start).div_ceil(BLOCK);
    let check = |range: Range<usize>| {
        for block in range {
            let data = body_block(bytes, sections, block);
            if crc32fast::hash(data) != u32_at(bytes, sections.checks.start + 4 * block) {
                let from = sections.root.start + block * BLOCK;
                return Err(AreaError::Damaged { block, from, to: from + data.len() });
            }
        }
        Ok(())
    };
    // Starting a thread costs as much as a few blocks.
    if blocks < 32 {
        check(0..blocks)?;
        return check_structure(bytes, head, sections);
    }
    // Most of an area are chunks: their sums take as long as all the rest.
    let (early, late) = std::thread::scope(|scope| {
        let late = scope.spawn(|| check(blocks / 2..blocks));
        let early = check(0..blocks / 2).and_then(|()| check_structure(bytes, head, sections));
        (early, late.join().unwrap_or(Err(AreaError::Format { what: "its check ended early" })))
    });
    // A sum that does not match says more than what follows from it.
    late?;
    early
}

/// Checks that counts add up and that references point where they may, so that no search can leave the sections.
fn check_structure(bytes: &[u8], head: &Head, sections: &Sections) -> Result<(), AreaError> {
    let bad = |what, index| Err(AreaError::Inconsistent { what, index });
    let root = &bytes[sections.root.clone()];
    let cells = (head.lattice.nx * head.lattice.ny) as usize;
    let mut roots = 0;
    for (i, block) in root.chunks_exact(ROOT_BLOCK).enumerate() {
        let mixed = u64_at(block, 0);
        let beyond = (i + 1) * 64 > cells && mixed >> (cells % 64) != 0;
        if u32_at(block, 16) as usize != roots || beyond {
            return bad("root cells", i);
        }
        roots += mixed.count_ones() as usize;
    }
    if roots > head.nodes {
        return bad("root cells", cells);
    }
    let (planes, bases) = (&bytes[sections.planes.clone()], &bytes[sections.bases.clone()]);
    let refs = Refs::new(bytes, head, sections);
    // Nodes below and lists stand in the order of who refers to them, so each belongs to one cell.
    let (mut base, mut next_below, mut next_list) = (0, roots, 0);
    // How deep the nodes below the first level lie.
    let mut depths = vec![0_u8; head.nodes - roots];
    for node in 0..head.nodes {
        let mixed = &planes[node * PLANES..node * PLANES + PLANES / 2];
        let count: u32 = mixed.chunks_exact(8).map(|word| bits::le64(word).count_ones()).sum();
        if u32_at(bases, node * 4) as usize != base || base + count as usize > head.refs {
            return bad("node", node);
        }
        let depth = node.checked_sub(roots).map_or(0, |below| depths[below]);
        for at in base..base + count as usize {
            match refs.get(at) {
                Ref::Run(run) if run.offset < head.stream => {}
                Ref::List(list) => {
                    let Some(runs) = refs.list(list).filter(|_| list == next_list) else {
                        return bad("list", list);
                    };
                    next_list += 1;
                    for run in runs {
                        if run.offset >= head.stream {
                            return bad("list", list);
                        }
                        next_list += 1;
                    }
                }
                Ref::Node(below) if below == next_below && below > node && below < head.nodes => {
                    next_below += 1;
                    if usize::from(depth) + 1 >= DEPTH {
                        return bad("node", below);
                    }
                    depths[below - roots] = depth + 1;
                }
                _ => return bad("reference", at),
            }
        }
        base += count as usize;
    }
    if (base, next_below, next_list) != (head.refs, head.nodes, head.pool) {
        return bad("references", base);
    }
    Ok(())
}

/// Up to eight chunks, one behind the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Run {
    /// First byte of the first of them.
    pub(super) offset: usize,
    /// How many, 1 to 8.
    pub(super) count: usize,
}

/// Most chunks of a run.
pub(super) const RUN: usize = 8;

impl Run {
    pub(super) const fn pack(self) -> u64 {
        (self.offset as u64) << 3 | (self.count as u64 - 1)
    }

    #[inline(always)]
    const fn unpack(value: u64) -> Self {
        Self { offset: (value >> 3) as usize, count: (value & 7) as usize + 1 }
    }
}

/// What a mixed cell of a node refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ref {
    /// One run of chunks.
    Run(Run),
    /// Several runs: where their list begins in the pool.
    List(usize),
    /// A node that cuts the cell further.
    Node(usize),
    /// Nothing that is known.
    Unknown,
}

impl Ref {
    /// Tag in the lowest two bits.
    pub(super) const fn pack(self) -> u64 {
        match self {
            Self::Run(run) => run.pack() << 2,
            Self::List(at) => (at as u64) << 2 | 1,
            Self::Node(node) => (node as u64) << 2 | 2,
            Self::Unknown => 3,
        }
    }
}

/// The references and the pool of lists.
#[derive(Clone, Copy)]
pub(super) struct Refs<'a> {
    refs: &'a [u8],
    pool: &'a [u8],
    width: u32,
    pool_len: usize,
}

impl<'a> Refs<'a> {
    pub(super) fn new(bytes: &'a [u8], head: &Head, sections: &Sections) -> Self {
        Self {
            refs: &bytes[sections.refs.clone()],
            pool: &bytes[sections.pool.clone()],
            width: head.ref_width,
            pool_len: head.pool,
        }
    }

    #[inline(always)]
    pub(super) fn get(&self, at: usize) -> Ref {
        let value = bits::read(self.refs, at * self.width as usize, self.width);
        match value & 3 {
            0 => Ref::Run(Run::unpack(value >> 2)),
            1 => Ref::List((value >> 2) as usize),
            2 => Ref::Node((value >> 2) as usize),
            _ => Ref::Unknown,
        }
    }

    #[inline(always)]
    fn element(&self, at: usize) -> u64 {
        let width = self.width - 2;
        bits::read(self.pool, at * width as usize, width)
    }

    /// Asks the memory for the beginning of a list.
    #[inline(always)]
    pub(super) fn touch(&self, list: usize) {
        bits::touch(self.pool, list * (self.width as usize - 2) / 8);
    }

    /// The runs of a list; none if it does not lie in the pool.
    #[inline(always)]
    pub(super) fn list(&self, at: usize) -> Option<impl IntoIterator<Item = Run> + use<'a>> {
        if at >= self.pool_len {
            return None;
        }
        let count = self.element(at) as usize;
        let all = *self;
        (count < self.pool_len - at)
            .then(|| (at + 1..at + 1 + count).map(move |i| Run::unpack(all.element(i))))
    }
}

/// Which of 16×16 cells: its word and bit in a node's planes.
#[inline(always)]
pub(super) const fn cell_bit(col: i64, row: i64) -> (usize, u32) {
    let bit = (row * FAN + col) as usize;
    (bit >> 6, (bit & 63) as u32)
}
