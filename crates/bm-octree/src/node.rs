//! A loaded page, and the slots of the pages below it.

use crate::origin::Origin;
use bm_codec::body::Child;
use bm_codec::exceptions::Exceptions;
use bm_codec::shares::Shares;
use bm_core::PageId;
use bm_core::frame::MAX_LEVEL;
use bm_core::page::{PAGE_SPAN, SUBCELLS};
use std::sync::{Arc, OnceLock};

/// A page in its random-access form.
pub(crate) struct Node {
    pub(crate) id: PageId,
    pub(crate) level: u8,
    pub(crate) origin: Arc<Origin>,
    pub(crate) exceptions: Exceptions,
    pub(crate) children: Children,
    /// From ticks to sub-cell coordinates.
    shift: u8,
}

impl Node {
    pub(crate) fn new(id: PageId, origin: Arc<Origin>, exceptions: Exceptions, children: Vec<Child>) -> Self {
        let level = id.level();
        Self { id, level, origin, exceptions, children: Children::new(children), shift: MAX_LEVEL - PAGE_SPAN - level }
    }

    /// Morton index of the sub-cell that holds a voxel of this page.
    #[inline]
    pub(crate) fn sub(&self, [x, y, z]: [u32; 3]) -> u32 {
        const MASK: u32 = (1 << PAGE_SPAN) - 1;
        let c = |v: u32| SPREAD[(v >> self.shift & MASK) as usize];
        c(x) | c(y) << 1 | c(z) << 2
    }

    /// Sub-cells differ in ticks shifted by this much.
    pub(crate) const fn shift(&self) -> u8 {
        self.shift
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        size_of::<Self>() + self.origin.heap_bytes() + self.exceptions.heap_bytes() + self.children.heap_bytes()
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
    index: Option<Box<[Rank]>>,
    /// Range of sub-cell heights (0..128) that have pages at all.
    pub(crate) heights: [u32; 2],
}

/// 64 sub-cells: which have a page, and how many pages come before.
#[derive(Clone, Copy, Default)]
struct Rank {
    bits: u64,
    before: u32,
}

/// Directories beyond this many pages get a bitmap; smaller ones are searched.
const BITMAP_FROM: usize = 64;

impl Children {
    fn new(list: Vec<Child>) -> Self {
        let slots = list.iter().map(|_| OnceLock::new()).collect();
        let index = (list.len() >= BITMAP_FROM).then(|| {
            let mut index = vec![Rank::default(); SUBCELLS as usize / 64];
            for c in &list {
                index[(c.sub / 64) as usize].bits |= 1 << (c.sub % 64);
            }
            let mut before = 0;
            for r in &mut index {
                r.before = before;
                before += r.bits.count_ones();
            }
            index.into()
        });
        let heights = list.iter().map(|c| height_of(c.sub)).fold([u32::MAX, 0], |[lo, hi], h| [lo.min(h), hi.max(h)]);
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
            Some(index) => {
                let r = index[(sub / 64) as usize];
                let bit = 1u64 << (sub % 64);
                (r.bits & bit != 0).then(|| r.before as usize + (r.bits & (bit - 1)).count_ones() as usize)
            }
            None => self.list.binary_search_by_key(&sub, |c| c.sub).ok(),
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
            + self.index.as_ref().map_or(0, |i| i.len() * size_of::<Rank>())
    }
}

/// Height (z coordinate, 0..128) of a sub-cell.
fn height_of(sub: u32) -> u32 {
    (0..u32::from(PAGE_SPAN)).map(|b| (sub >> (3 * b + 2) & 1) << b).sum()
}
