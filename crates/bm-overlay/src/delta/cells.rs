//! The newest edit of every cube of a shard, found in one step.
//!
//! A point read asks a filter first, which is small enough to stay in a near cache: most cells without edits end
//! there. Then one slot holds page, cube, material and version together. Only a reader of an older version goes on
//! to the page's bucket, from the entry that the slot names back to the one it may see.

use super::bucket::{Found, Item};
use super::table::room;
use bm_core::{MaterialId, PageId};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, fence};

/// Slots of the smallest table.
const SMALLEST: usize = 16;
/// Version of a slot that is being written.
const WRITING: u64 = u64::MAX;
/// Bits of an entry's word that name the cube: first sub-cell and size.
const CUBE: u64 = (1 << 24) - 1;

/// The newest entry of one cube: the page, and the entry's words with its own place (plus one) as the link.
#[derive(Default)]
struct Slot {
    page: AtomicU64,
    word: AtomicU64,
    seq: AtomicU64,
}

/// The cubes of a shard.
pub(super) struct Cells {
    slots: Box<[Slot]>,
    /// Three bits a cube within one word, eight bits a slot.
    filter: Box<[AtomicU64]>,
    len: AtomicUsize,
    /// Sizes of cubes that occur, a bit each.
    sizes: AtomicU8,
}

/// What the newest edit of a cube is to a reader.
pub(super) enum Newest {
    /// Nobody wrote this cube.
    None,
    /// He may see it.
    Seen(Found),
    /// It is newer than his version: the one before it, from this place (plus one) on. `None` when the slot was
    /// being written.
    Later(Option<u32>),
}

#[inline]
fn hash(page: PageId, cube: u64) -> u64 {
    let h =
        page.raw().wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(cube.wrapping_mul(0xd6e8_feb8_6659_fd93));
    let h = (h ^ h >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93);
    h ^ h >> 29
}

/// First sub-cell and size as an entry's word has them.
#[inline]
const fn cube(from: u32, size: u8) -> u64 {
    from as u64 | (size as u64) << 21
}

impl Cells {
    pub(super) fn new(cubes: usize) -> Self {
        let slots = room(cubes, SMALLEST);
        Self {
            slots: std::iter::repeat_with(Slot::default).take(slots).collect(),
            filter: std::iter::repeat_with(AtomicU64::default).take(slots / 8).collect(),
            len: AtomicUsize::new(0),
            sizes: AtomicU8::new(0),
        }
    }

    /// The same cubes with room for as many again: one walk over the slots, without a look at any page.
    pub(super) fn grown(&self) -> Self {
        let new = Self::new(self.len() * 2);
        for old in &self.slots {
            let Some(page) = PageId::from_raw(old.page.load(Relaxed)) else { continue };
            let word = old.word.load(Relaxed);
            let hash = hash(page, word & CUBE);
            let (slot, _) = new.slot(page, word & CUBE, hash);
            slot.word.store(word, Relaxed);
            slot.seq.store(old.seq.load(Relaxed), Relaxed);
            slot.page.store(page.raw(), Relaxed);
            let (i, bits) = new.bits(hash);
            new.filter[i].store(new.filter[i].load(Relaxed) | bits, Relaxed);
        }
        new.len.store(self.len(), Relaxed);
        new.sizes.store(self.sizes.load(Relaxed), Relaxed);
        new
    }

    /// Bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        self.slots.len() * size_of::<Slot>() + self.filter.len() * size_of::<AtomicU64>()
    }

    pub(super) fn slots(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn len(&self) -> usize {
        self.len.load(Relaxed)
    }

    /// Whether another cube would make searches long.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        4 * (self.len.load(Relaxed) + 1) > 3 * self.slots.len()
    }

    /// Sizes of cubes that occur, a bit each.
    #[inline]
    pub(super) fn sizes(&self) -> u8 {
        self.sizes.load(Acquire)
    }

    #[inline]
    fn bits(&self, hash: u64) -> (usize, u64) {
        let word = (hash >> 40) as usize & (self.filter.len() - 1);
        let bit = |n: u32| 1u64 << (hash >> (22 + 6 * n) & 63);
        (word, bit(0) | bit(1) | bit(2))
    }

    /// The cube's slot, or the free one where it belongs.
    #[inline]
    fn slot(&self, page: PageId, cube: u64, hash: u64) -> (&Slot, bool) {
        let mask = self.slots.len() - 1;
        let mut i = hash as usize & mask;
        loop {
            let slot = &self.slots[i];
            let key = slot.page.load(Acquire);
            if key == 0 {
                return (slot, false);
            }
            if key == page.raw() && slot.word.load(Relaxed) & CUBE == cube {
                return (slot, true);
            }
            i = (i + 1) & mask;
        }
    }

    /// Looks at the memory that writing a cube will need, so that it is on its way.
    #[inline]
    pub(super) fn touch(&self, page: PageId, from: u32, size: u8) -> u64 {
        let hash = hash(page, cube(from, size));
        let (word, _) = self.bits(hash);
        let slot = &self.slots[hash as usize & (self.slots.len() - 1)];
        slot.page.load(Relaxed) ^ self.filter[word].load(Relaxed)
    }

    /// What the newest edit of a cube is to a reader of `version`.
    #[inline]
    pub(super) fn newest(&self, page: PageId, from: u32, size: u8, version: u64) -> Newest {
        let cube = cube(from, size);
        let hash = hash(page, cube);
        let (word, bits) = self.bits(hash);
        if self.filter[word].load(Relaxed) & bits != bits {
            return Newest::None;
        }
        let (slot, there) = self.slot(page, cube, hash);
        if !there {
            return Newest::None;
        }
        // A writer marks the version before it touches the word and sets it afterwards: the same version on
        // both sides of the word means that they belong together.
        let seq = slot.seq.load(Acquire);
        let word = slot.word.load(Relaxed);
        fence(Acquire);
        if seq == WRITING || slot.seq.load(Relaxed) != seq {
            return Newest::Later(None);
        }
        if seq <= version {
            Newest::Seen((seq, MaterialId((word >> 24) as u16)))
        } else {
            Newest::Later(Some((word >> 40) as u32))
        }
    }

    /// Place (plus one) of the newest entry of a cube; 0 if there is none. For the writer.
    pub(super) fn link(&self, page: PageId, from: u32, size: u8) -> u32 {
        let cube = cube(from, size);
        let (slot, there) = self.slot(page, cube, hash(page, cube));
        if there { (slot.word.load(Relaxed) >> 40) as u32 } else { 0 }
    }

    /// Makes entry `at` of its page the newest of its cube. Only the one writer calls this, when the entry is in its
    /// place and the table is not full.
    #[inline]
    pub(super) fn put(&self, page: PageId, item: &Item, at: u32) {
        let cube = cube(item.from, item.size);
        let hash = hash(page, cube);
        let word = cube | u64::from(item.material.0) << 24 | u64::from(at + 1) << 40;
        let (slot, there) = self.slot(page, cube, hash);
        if there {
            slot.seq.store(WRITING, Relaxed);
            fence(Release);
            slot.word.store(word, Relaxed);
            slot.seq.store(item.seq, Release);
            return;
        }
        slot.word.store(word, Relaxed);
        slot.seq.store(item.seq, Relaxed);
        slot.page.store(page.raw(), Release);
        let (i, bits) = self.bits(hash);
        self.filter[i].store(self.filter[i].load(Relaxed) | bits, Release);
        self.sizes.store(self.sizes.load(Relaxed) | 1 << item.size, Release);
        self.len.store(self.len.load(Relaxed) + 1, Relaxed);
    }
}
