//! A packed tree of boxes: built once, never changed.

use super::boxes::{Box32, Boxes, FAN, Window};
use super::hilbert;
use super::kernel::{self, Levels, Scratch};

/// Levels of the largest tree: 16^8 is more than its items can be.
const LEVELS: usize = 8;

/// Boxes with items, sorted along the Hilbert curve, sixteen to a node.
#[derive(Clone, Debug)]
pub(super) struct Packed<T> {
    /// Level by level, the leaves first. Node `n` of a level is around nodes `16n..16n + 16` of the one below.
    nodes: Box<[Boxes]>,
    /// Where each level begins.
    starts: [u32; LEVELS],
    /// The level of the only node of its level.
    top: usize,
    /// By place: lane `k` of leaf `n` holds item `16n + k`.
    items: Box<[T]>,
}

impl<T: Copy> Packed<T> {
    /// Builds a tree; nothing for no items.
    pub(super) fn build(entries: &[(Box32, T)]) -> Option<Self> {
        if entries.is_empty() {
            return None;
        }
        let order = order(entries);
        let leaves = entries.len().div_ceil(FAN);
        let mut nodes = Vec::with_capacity(leaves + leaves / (FAN - 1) + LEVELS);
        let mut items = Vec::with_capacity(entries.len());
        for group in order.chunks(FAN) {
            let mut boxes = Boxes::EMPTY;
            for (lane, &key) in group.iter().enumerate() {
                let (b, item) = entries[(key & 0xffff_ffff) as usize];
                boxes.set(lane, &b);
                items.push(item);
            }
            nodes.push(boxes);
        }
        let (mut starts, mut top, mut begin) = ([0; LEVELS], 0, 0);
        while nodes.len() - begin > 1 {
            let end = nodes.len();
            top += 1;
            starts[top] = end as u32;
            for first in (begin..end).step_by(FAN) {
                let mut boxes = Boxes::EMPTY;
                for (lane, child) in nodes[first..end.min(first + FAN)].iter().enumerate() {
                    boxes.set(lane, &child.around());
                }
                nodes.push(boxes);
            }
            begin = end;
        }
        Some(Self { nodes: nodes.into(), starts, top, items: items.into() })
    }

    /// Number of items.
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// Number of leaves.
    pub(super) fn leaves(&self) -> usize {
        self.items.len().div_ceil(FAN)
    }

    /// Bytes of heap.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.nodes) + size_of_val(&*self.items)
    }

    /// All items, by place.
    #[inline]
    pub(super) fn items(&self) -> &[T] {
        &self.items
    }

    /// Asks the memory for items that will be read soon: they lie apart, and each read would wait for the one before.
    #[inline]
    pub(super) fn touch(&self, places: &[u32]) {
        #[cfg(all(target_arch = "x86_64", not(miri)))]
        for &place in places {
            if let Some(item) = self.items.get(place as usize) {
                use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
                // SAFETY: a hint that reads nothing; the address is that of an item.
                unsafe { _mm_prefetch(std::ptr::from_ref(item).cast(), _MM_HINT_T0) };
            }
        }
        #[cfg(not(all(target_arch = "x86_64", not(miri))))]
        let _ = places;
    }

    /// The box at a place.
    #[inline]
    pub(super) fn bounds(&self, place: usize) -> Box32 {
        self.nodes[place / FAN].get(place % FAN)
    }

    /// The items of a leaf.
    #[inline]
    pub(super) fn leaf(&self, leaf: usize) -> &[T] {
        &self.items[leaf * FAN..self.items.len().min(leaf * FAN + FAN)]
    }

    /// Every leaf's number and items.
    pub(super) fn chunks(&self) -> impl Iterator<Item = (usize, &[T])> {
        self.items.chunks(FAN).enumerate()
    }

    /// Finds the places of boxes that meet the window; they are in `scratch` afterwards. `alive`: a bit for each item,
    /// leaf by leaf; none: all live.
    #[inline]
    pub(super) fn search(&self, window: &Window, alive: Option<&[u16]>, scratch: &mut Scratch) {
        let tree = Levels { nodes: &self.nodes, starts: &self.starts[..=self.top], alive };
        kernel::search(&tree, window, scratch);
    }

    /// The root: level and number.
    pub(super) fn root(&self) -> (usize, u32) {
        (self.top, 0)
    }

    /// The boxes of a node.
    #[inline]
    pub(super) fn node(&self, level: usize, node: u32) -> &Boxes {
        &self.nodes[(self.starts[level] + node) as usize]
    }
}

/// The entries' numbers by place along the curve over their own bounds: place in the high half, number in the low.
fn order<T>(entries: &[(Box32, T)]) -> Vec<u64> {
    // Twice the centres, so that nothing is lost to a division.
    let centre = |b: &Box32| [f64::from(b[0]) + f64::from(b[2]), f64::from(b[1]) + f64::from(b[3])];
    let (mut lo, mut hi) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
    for (b, _) in entries {
        let c = centre(b);
        for axis in 0..2 {
            lo[axis] = lo[axis].min(c[axis]);
            hi[axis] = hi[axis].max(c[axis]);
        }
    }
    let scale = [0, 1].map(|axis| {
        let span = hi[axis] - lo[axis];
        if span > 0.0 { 65_535.0 / span } else { 0.0 }
    });
    let mut order: Vec<u64> = entries
        .iter()
        .enumerate()
        .map(|(i, (b, _))| {
            let c = centre(b);
            let cell = |axis: usize| ((c[axis] - lo[axis]) * scale[axis]) as u16;
            u64::from(hilbert::place(cell(0), cell(1))) << 32 | i as u64
        })
        .collect();
    order.sort_unstable();
    order
}
