//! A loaded page, and the slots of the pages below it.

use crate::origin::{Function, Origin};
use bm_codec::body::{Base, Body, Child};
use bm_codec::exceptions::Exceptions;
use bm_codec::shares::Shares;
use bm_codec::strata::Strata;
use bm_core::PageId;
use bm_core::frame::MAX_LEVEL;
use bm_core::page::{PAGE_SPAN, SUBCELLS};
use std::sync::{Arc, OnceLock};

/// A page in its random-access form.
pub(crate) struct Node {
    pub(crate) id: PageId,
    pub(crate) level: u8,
    /// The origin's strata, where a page has nothing else: most points end here, one step sooner.
    pub(crate) plain: Option<Plain>,
    /// The base as stored; `origin` is what it comes to here.
    pub(crate) base: Base,
    pub(crate) origin: Arc<Origin>,
    pub(crate) exceptions: Exceptions,
    pub(crate) children: Children,
    /// From ticks to sub-cell coordinates.
    shift: u8,
}

/// Strata at hand, and how high their layers reach at most.
pub(crate) struct Plain {
    pub(crate) strata: Arc<Strata>,
    pub(crate) ceiling: i64,
    pub(crate) page_level: u8,
}

impl Node {
    pub(crate) fn new(id: PageId, origin: Arc<Origin>, body: Body) -> Self {
        let Body { base, exceptions, children } = body;
        let level = id.level();
        let plain = match &origin.function {
            Function::Strata(s, _) if exceptions.is_empty() => {
                Some(Plain { strata: s.clone(), ceiling: s.layer_ceiling(), page_level: origin.page_level })
            }
            _ => None,
        };
        let shift = MAX_LEVEL - PAGE_SPAN - level;
        Self { id, level, plain, base, origin, exceptions, children: Children::new(children), shift }
    }

    /// The page as stored.
    pub(crate) fn body(&self) -> Body {
        Body {
            base: self.base.clone(),
            exceptions: self.exceptions.clone(),
            children: self.children.list().to_vec(),
        }
    }

    /// Morton index of the sub-cell that holds a voxel of this page.
    #[inline]
    pub(crate) fn sub(&self, [x, y, z]: [u32; 3]) -> u32 {
        const MASK: u32 = (1 << PAGE_SPAN) - 1;
        let c = |v: u32| SPREAD[(v >> self.shift & MASK) as usize];
        c(x) | c(y) << 1 | c(z) << 2
    }

    /// Position in the directory of the page that holds a voxel of this page, if there is one.
    #[inline]
    pub(crate) fn find(&self, at: [u32; 3]) -> Option<usize> {
        const MASK: u32 = (1 << PAGE_SPAN) - 1;
        match &self.children.index {
            Index::Slab(slab) => self.children.in_slab(slab, at.map(|v| v >> self.shift & MASK)),
            _ => self.children.find(self.sub(at)),
        }
    }

    /// Sub-cells differ in ticks shifted by this much.
    pub(crate) const fn shift(&self) -> u8 {
        self.shift
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        // Strata belong to the page that carries them, however many inherit or share them.
        let own = if matches!(self.base, Base::Strata(_)) { self.origin.heap_bytes() } else { 0 };
        size_of::<Self>() + own + self.exceptions.heap_bytes() + self.children.heap_bytes()
    }
}

/// Seven bits spread three apart: the table is half a kilobyte and stays in the first-level cache.
static SPREAD: [u32; 1 << PAGE_SPAN] = {
    let mut t = [0; 1 << PAGE_SPAN];
    let mut v = 0;
    while v < t.len() {
        let mut bit = 0;
        while bit < PAGE_SPAN {
            t[v] |= ((v as u32 >> bit) & 1) << (3 * bit);
            bit += 1;
        }
        v += 1;
    }
    t
};

/// A page's directory with room for the pages themselves.
pub(crate) struct Children {
    list: Box<[Child]>,
    slots: Box<[OnceLock<Arc<Node>>]>,
    index: Index,
    /// Range of sub-cell heights (0..128) that have pages at all.
    pub(crate) heights: [u32; 2],
}

/// How a sub-cell's page is found.
enum Index {
    /// By binary search: few pages.
    Search,
    /// By a table over x, y and the few heights that have pages: relief. Entries are positions plus one.
    Slab(Box<[u16]>),
    /// By bitmap and rank: many pages at many heights.
    Bitmap(Box<[Rank]>),
}

/// 64 sub-cells: which have a page, and how many pages come before.
#[derive(Clone, Copy, Default)]
struct Rank {
    bits: u64,
    before: u32,
}

/// Directories beyond this many pages get a table; smaller ones are searched.
const TABLE_FROM: usize = 64;
/// Most heights of a slab: 128 KiB.
const SLAB_HEIGHTS: u32 = 4;
/// Sub-cells of one height.
const LAYER: usize = 1 << (2 * PAGE_SPAN);

impl Children {
    fn new(list: Vec<Child>) -> Self {
        let slots = list.iter().map(|_| OnceLock::new()).collect();
        let heights =
            list.iter().map(|c| height_of(c.sub)).fold([u32::MAX, 0], |[lo, hi], h| [lo.min(h), hi.max(h)]);
        let index = if list.len() < TABLE_FROM {
            Index::Search
        } else if heights[1] - heights[0] < SLAB_HEIGHTS && list.len() < usize::from(u16::MAX) {
            let mut slab = vec![0; LAYER * (heights[1] - heights[0] + 1) as usize];
            for (k, c) in list.iter().enumerate() {
                let [x, y, z] = bm_morton::decode3_u32(c.sub).map(u32::from);
                slab[slab_index([x, y, z - heights[0]])] = k as u16 + 1;
            }
            Index::Slab(slab.into())
        } else {
            Index::Bitmap(bitmap(&list))
        };
        Self { list: list.into(), slots, index, heights }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(crate) fn list(&self) -> &[Child] {
        &self.list
    }

    /// Position of the page at a sub-cell, if there is one.
    #[inline]
    pub(crate) fn find(&self, sub: u32) -> Option<usize> {
        match &self.index {
            Index::Search => self.list.binary_search_by_key(&sub, |c| c.sub).ok(),
            Index::Slab(slab) => self.in_slab(slab, bm_morton::decode3_u32(sub).map(u32::from)),
            Index::Bitmap(index) => {
                let r = index[(sub / 64) as usize];
                let bit = 1u64 << (sub % 64);
                (r.bits & bit != 0).then(|| r.before as usize + (r.bits & (bit - 1)).count_ones() as usize)
            }
        }
    }

    #[inline]
    fn in_slab(&self, slab: &[u16], [x, y, z]: [u32; 3]) -> Option<usize> {
        if z < self.heights[0] || z > self.heights[1] {
            return None;
        }
        match slab[slab_index([x, y, z - self.heights[0]])] {
            0 => None,
            k => Some(usize::from(k) - 1),
        }
    }

    /// Whether any page lies in the sub-cells `from..to`.
    pub(crate) fn any_in(&self, from: u32, to: u32) -> bool {
        let i = self.list.partition_point(|c| c.sub < from);
        self.list.get(i).is_some_and(|c| c.sub < to)
    }

    pub(crate) fn slot(&self, k: usize) -> &OnceLock<Arc<Node>> {
        &self.slots[k]
    }

    pub(crate) fn entry(&self, k: usize) -> &Child {
        &self.list[k]
    }

    pub(crate) fn shares(&self, k: usize) -> &Shares {
        &self.list[k].shares
    }

    fn heap_bytes(&self) -> usize {
        self.list.len() * (size_of::<Child>() + size_of::<OnceLock<Arc<Node>>>() + 48)
            + match &self.index {
                Index::Search => 0,
                Index::Slab(s) => s.len() * 2,
                Index::Bitmap(b) => b.len() * size_of::<Rank>(),
            }
    }
}

fn bitmap(list: &[Child]) -> Box<[Rank]> {
    let mut index = vec![Rank::default(); SUBCELLS as usize / 64];
    for c in list {
        index[(c.sub / 64) as usize].bits |= 1 << (c.sub % 64);
    }
    let mut before = 0;
    for r in &mut index {
        r.before = before;
        before += r.bits.count_ones();
    }
    index.into()
}

/// Height (z coordinate, 0..128) of a sub-cell.
#[inline]
fn height_of(sub: u32) -> u32 {
    let [_, _, z] = bm_morton::decode3_u32(sub);
    z.into()
}

/// Place of a sub-cell in a slab, row by row, height by height.
#[inline]
fn slab_index([x, y, z]: [u32; 3]) -> usize {
    ((z << (2 * PAGE_SPAN)) | (y << PAGE_SPAN) | x) as usize
}
