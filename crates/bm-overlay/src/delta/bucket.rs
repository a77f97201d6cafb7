//! The edits of one page: append-only, stamped with versions, read without locks.
//!
//! One writer appends at a time (the overlay's commit lock sees to it); any number of readers look things up
//! meanwhile. An entry is complete before the length or the index slot that names it is stored with release
//! order, and nothing is ever moved or overwritten, so a reader meets whole entries only. Which of them count
//! is decided by their version alone.

use super::chunked::Chunked;
use super::meter::Meter;
use crate::edits::BoxEdit;
use bm_core::MaterialId;
use bm_core::page::PAGE_SPAN;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64};
use std::sync::{Arc, OnceLock};

/// Entries at the head of a bucket, without an allocation of their own.
const HEAD: usize = 5;
/// Up to this many entries are searched one by one.
const SCAN: u32 = 24;
/// Slots of the first index; each further one has four times as many.
const INDEX: usize = 64;
/// Indexes a bucket can have.
const INDEXES: usize = 10;
/// Most entries of a bucket: what the 24 bits of a link can name.
pub(crate) const MAX_ENTRIES: u32 = (1 << 24) - 1;

/// An aligned cube of sub-cells and its new material, in two words.
///
/// Word one: first sub-cell (21 bits), log8 of the cube's size (3), material (16), one more than the entry
/// before it of the same cube (24).
#[derive(Default)]
pub(crate) struct Entry {
    word: AtomicU64,
    seq: AtomicU64,
}

/// An entry, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// First sub-cell.
    pub(crate) from: u32,
    /// log8 of the number of sub-cells.
    pub(crate) size: u8,
    pub(crate) material: MaterialId,
    pub(crate) seq: u64,
    /// One more than the entry before it of the same cube.
    before: u32,
}

impl Item {
    /// First sub-cell beyond.
    pub(crate) const fn to(&self) -> u32 {
        self.from + (1 << (3 * self.size as u32))
    }
}

impl Entry {
    #[inline]
    pub(crate) fn put(&self, from: u32, size: u8, material: MaterialId, seq: u64, before: u32) {
        let word =
            u64::from(from) | u64::from(size) << 21 | u64::from(material.0) << 24 | u64::from(before) << 40;
        self.word.store(word, Relaxed);
        self.seq.store(seq, Relaxed);
    }

    #[inline]
    pub(crate) fn get(&self) -> Item {
        let word = self.word.load(Relaxed);
        Item {
            from: word as u32 & 0x1f_ffff,
            size: (word >> 21) as u8 & 7,
            material: MaterialId((word >> 24) as u16),
            seq: self.seq.load(Relaxed),
            before: (word >> 40) as u32,
        }
    }

    pub(crate) fn copy_from(&self, other: &Self) {
        self.word.store(other.word.load(Relaxed), Relaxed);
        self.seq.store(other.seq.load(Relaxed), Relaxed);
    }

    /// Whether nothing was ever put.
    #[inline]
    pub(crate) fn is_vacant(&self) -> bool {
        self.seq.load(Relaxed) == 0
    }
}

/// A box with its version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) lo: [u8; 3],
    pub(crate) hi: [u8; 3],
    pub(crate) material: MaterialId,
    pub(crate) seq: u64,
}

impl Shape {
    #[inline]
    pub(crate) fn contains(&self, at: [u8; 3]) -> bool {
        (0..3).all(|a| self.lo[a] <= at[a] && at[a] <= self.hi[a])
    }
}

/// What a lookup finds: the version that wrote it, and what it wrote.
pub(crate) type Found = (u64, MaterialId);

/// All edits of one page since it was last folded.
pub(crate) struct Bucket {
    len: AtomicU32,
    /// Sizes of cubes that occur, a bit each.
    sizes: AtomicU8,
    head: [Entry; HEAD],
    rest: OnceLock<Box<Chunked<Entry>>>,
    index: OnceLock<Box<Index>>,
    shapes: OnceLock<Box<Shapes>>,
    meter: Arc<Meter>,
    bytes: AtomicU64,
}

#[derive(Default)]
struct Shapes {
    len: AtomicU32,
    list: Chunked<OnceLock<Shape>>,
}

impl<T: Default> Default for Chunked<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Where the newest entry of each cube is. A full index is followed by a larger one; the old one stays for
/// those who are looking at it.
#[derive(Default)]
struct Index {
    tables: [OnceLock<Box<[AtomicU32]>>; INDEXES],
    /// Which of them is complete and largest.
    active: AtomicU8,
    /// Cubes in it.
    keys: AtomicU32,
}

impl Drop for Bucket {
    fn drop(&mut self) {
        self.meter.give_back(*self.bytes.get_mut() as usize);
    }
}

impl Bucket {
    pub(crate) fn new(meter: &Arc<Meter>) -> Arc<Self> {
        let bucket = Self {
            len: AtomicU32::new(0),
            sizes: AtomicU8::new(0),
            head: Default::default(),
            rest: OnceLock::new(),
            index: OnceLock::new(),
            shapes: OnceLock::new(),
            meter: meter.clone(),
            bytes: AtomicU64::new(0),
        };
        // The two counters of an Arc come with it.
        bucket.count(size_of::<Self>() + 16);
        Arc::new(bucket)
    }

    fn count(&self, bytes: usize) {
        self.meter.take(bytes);
        self.bytes.fetch_add(bytes as u64, Relaxed);
    }

    /// Bytes it takes in memory.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    pub(crate) fn len(&self) -> u32 {
        self.len.load(Acquire)
    }

    pub(crate) fn shapes_len(&self) -> u32 {
        self.shapes.get().map_or(0, |s| s.len.load(Acquire))
    }

    #[inline]
    fn entry(&self, i: u32) -> Option<&Entry> {
        let i = i as usize;
        if i < HEAD { self.head.get(i) } else { self.rest.get()?.get(i - HEAD) }
    }

    /// An entry, by its place.
    #[inline]
    pub(crate) fn item(&self, i: u32) -> Option<Item> {
        self.entry(i).map(Entry::get)
    }

    /// Appends a cube. Only the one writer calls this. `false` when the bucket is full.
    pub(crate) fn push(&self, from: u32, size: u8, material: MaterialId, seq: u64) -> bool {
        let i = self.len.load(Relaxed);
        if i >= MAX_ENTRIES {
            return false;
        }
        let entry = if (i as usize) < HEAD {
            self.head.get(i as usize)
        } else {
            let rest = self.rest.get_or_init(|| {
                self.count(size_of::<Chunked<Entry>>());
                Box::default()
            });
            let (entry, made) = rest.make(i as usize - HEAD);
            self.count(made);
            entry
        };
        let Some(entry) = entry else { return false };
        let indexed = i >= SCAN;
        let before = if indexed { self.index().newest(self, from, size) } else { 0 };
        entry.put(from, size, material, seq, before);
        self.sizes.store(self.sizes.load(Relaxed) | 1 << size, Release);
        self.len.store(i + 1, Release);
        if indexed {
            self.index().insert(self, from, size, i);
        }
        true
    }

    /// Appends a box. Only the one writer calls this.
    pub(crate) fn push_box(&self, b: &BoxEdit, seq: u64) -> bool {
        let shapes = self.shapes.get_or_init(|| {
            self.count(size_of::<Shapes>());
            Box::default()
        });
        let i = shapes.len.load(Relaxed);
        let (cell, made) = shapes.list.make(i as usize);
        self.count(made);
        let shape = Shape { lo: b.lo, hi: b.hi, material: b.material, seq };
        let stored = cell.is_some_and(|cell| cell.set(shape).is_ok());
        if stored {
            shapes.len.store(i + 1, Release);
        }
        stored
    }

    /// The index, made from the first entries when they become too many to search.
    fn index(&self) -> &Index {
        self.index.get_or_init(|| {
            let index = Index::default();
            self.count(size_of::<Index>());
            for i in 0..self.len.load(Relaxed) {
                if let Some(item) = self.item(i) {
                    // Older entries of the same cube have no link: a search that needs them scans the head.
                    index.insert(self, item.from, item.size, i);
                }
            }
            Box::new(index)
        })
    }

    /// What a sub-cell holds at a version, if any edit up to then speaks of it.
    #[inline]
    pub(crate) fn find(&self, sub: u32, version: u64) -> Option<Found> {
        let cell = self.find_cube(sub, version);
        if self.shapes.get().is_none() { cell } else { self.find_shape(sub, version, cell) }
    }

    #[inline]
    fn find_cube(&self, sub: u32, version: u64) -> Option<Found> {
        let len = self.len.load(Acquire);
        if len <= SCAN {
            return self.scan(len, sub, version);
        }
        let Some(index) = self.index.get() else {
            // The index is being made: what it will hold is in the first entries and those after.
            return self.scan(len, sub, version);
        };
        let mut sizes = self.sizes.load(Acquire);
        let mut best: Option<Found> = None;
        while sizes != 0 {
            let size = sizes.trailing_zeros();
            sizes &= sizes - 1;
            let from = sub >> (3 * size) << (3 * size);
            let mut i = index.newest(self, from, size as u8);
            while i > 0 {
                let Some(item) = self.item(i - 1) else { break };
                if item.seq <= version {
                    if best.is_none_or(|(seq, _)| item.seq > seq) {
                        best = Some((item.seq, item.material));
                    }
                    break;
                }
                if i <= SCAN {
                    // Links begin where the index does.
                    let older = self.scan_for(i - 1, from, size as u8, version);
                    if older.is_some_and(|(seq, _)| best.is_none_or(|(b, _)| seq > b)) {
                        best = older;
                    }
                    break;
                }
                i = item.before;
            }
        }
        best
    }

    /// The newest of the first `len` entries that holds a sub-cell.
    #[inline]
    fn scan(&self, len: u32, sub: u32, version: u64) -> Option<Found> {
        for i in (0..len).rev() {
            let item = self.item(i)?;
            if item.from == sub >> (3 * item.size) << (3 * item.size) && item.seq <= version {
                return Some((item.seq, item.material));
            }
        }
        None
    }

    fn scan_for(&self, len: u32, from: u32, size: u8, version: u64) -> Option<Found> {
        let items = (0..len).rev().filter_map(|i| self.item(i));
        let mut of_cube = items.filter(|it| it.from == from && it.size == size && it.seq <= version);
        of_cube.next().map(|it| (it.seq, it.material))
    }

    #[cold]
    fn find_shape(&self, sub: u32, version: u64, cell: Option<Found>) -> Option<Found> {
        let shapes = self.shapes.get()?;
        let at = bm_morton::decode3_u32(sub).map(|c| c as u8);
        let newest = (0..shapes.len.load(Acquire)).rev().filter_map(|i| shapes.list.get(i as usize)?.get());
        for s in newest.filter(|s| s.seq <= version) {
            // Of one version the cells win over the boxes.
            if cell.is_some_and(|(seq, _)| seq >= s.seq) {
                break;
            }
            if s.contains(at) {
                return Some((s.seq, s.material));
            }
        }
        cell
    }

    /// All cubes up to a version, oldest first.
    pub(crate) fn items(&self, version: u64) -> impl Iterator<Item = Item> + '_ {
        (0..self.len()).map_while(|i| self.item(i)).take_while(move |it| it.seq <= version)
    }

    /// All boxes up to a version, oldest first.
    pub(crate) fn shapes(&self, version: u64) -> impl Iterator<Item = Shape> + '_ {
        let shapes = self.shapes.get();
        let len = shapes.map_or(0, |s| s.len.load(Acquire));
        (0..len)
            .map_while(move |i| shapes?.list.get(i as usize)?.get().copied())
            .take_while(move |s| s.seq <= version)
    }

    /// The bucket without what is folded: edits after a version only. `None` if there are none.
    pub(crate) fn after(&self, version: u64) -> Option<Arc<Self>> {
        let rest = Self::new(&self.meter);
        for item in (0..self.len()).filter_map(|i| self.item(i)).filter(|it| it.seq > version) {
            rest.push(item.from, item.size, item.material, item.seq);
        }
        for s in self.shapes(u64::MAX).filter(|s| s.seq > version) {
            let page = bm_core::PageId::ROOT; // A box is stored without its page.
            rest.push_box(&BoxEdit { page, lo: s.lo, hi: s.hi, material: s.material }, s.seq);
        }
        (rest.len() > 0 || rest.shapes_len() > 0).then_some(rest)
    }

    /// Versions of the oldest and the newest edit.
    pub(crate) fn span(&self) -> (u64, u64) {
        let len = self.len();
        let cubes = (self.item(0), len.checked_sub(1).and_then(|i| self.item(i)));
        let boxes = (self.shapes(u64::MAX).next(), self.shapes(u64::MAX).last());
        let cubes = (len > 0).then_some(cubes);
        let first = cubes.and_then(|(f, _)| f).map_or(u64::MAX, |i| i.seq);
        let last = cubes.and_then(|(_, l)| l).map_or(0, |i| i.seq);
        (first.min(boxes.0.map_or(u64::MAX, |s| s.seq)), last.max(boxes.1.map_or(0, |s| s.seq)))
    }
}

impl Index {
    /// Slot where a cube's search begins.
    #[inline]
    fn start(from: u32, size: u8, slots: usize) -> usize {
        let key = from ^ u32::from(size) << PAGE_SPAN.wrapping_mul(3);
        (key.wrapping_mul(0x9e37_79b1) >> 7) as usize & (slots - 1)
    }

    /// One more than the newest entry of a cube; 0 if there is none.
    #[inline]
    fn newest(&self, bucket: &Bucket, from: u32, size: u8) -> u32 {
        let table = self.tables.get(usize::from(self.active.load(Acquire))).and_then(OnceLock::get);
        let Some(table) = table else { return 0 };
        let mut slot = Self::start(from, size, table.len());
        loop {
            let i = table[slot].load(Acquire);
            let Some(item) = i.checked_sub(1).and_then(|i| bucket.item(i)) else { return 0 };
            if item.from == from && item.size == size {
                return i;
            }
            slot = (slot + 1) & (table.len() - 1);
        }
    }

    /// Makes entry `i` the newest of its cube.
    fn insert(&self, bucket: &Bucket, from: u32, size: u8, i: u32) {
        let active = usize::from(self.active.load(Relaxed));
        let keys = self.keys.load(Relaxed) as usize;
        let slots = self.tables.get(active).and_then(OnceLock::get).map_or(0, |t| t.len());
        // At most three quarters full, so that every search ends at a free slot.
        if 4 * (keys + 1) > 3 * slots {
            self.grow(bucket, if slots == 0 { 0 } else { active + 1 });
        }
        let active = usize::from(self.active.load(Relaxed));
        let Some(table) = self.tables.get(active).and_then(OnceLock::get) else { return };
        if place(table, bucket, from, size, i) {
            self.keys.store(self.keys.load(Relaxed) + 1, Relaxed);
        }
    }

    fn grow(&self, bucket: &Bucket, to: usize) {
        let Some(cell) = self.tables.get(to) else { return };
        let slots = INDEX << (2 * to);
        let table: Box<[AtomicU32]> = std::iter::repeat_with(AtomicU32::default).take(slots).collect();
        bucket.count(slots * size_of::<AtomicU32>());
        if let Some(old) = to.checked_sub(1).and_then(|o| self.tables.get(o)?.get()) {
            for i in old.iter().map(|s| s.load(Relaxed)).filter(|&i| i > 0) {
                if let Some(item) = bucket.item(i - 1) {
                    place(&table, bucket, item.from, item.size, i - 1);
                }
            }
        }
        if cell.set(table).is_ok() {
            self.active.store(to as u8, Release);
        }
    }
}

/// Puts entry `i` into its slot; whether the cube is new there.
fn place(table: &[AtomicU32], bucket: &Bucket, from: u32, size: u8, i: u32) -> bool {
    let mut slot = Index::start(from, size, table.len());
    loop {
        let there = table[slot].load(Relaxed);
        let Some(item) = there.checked_sub(1).and_then(|t| bucket.item(t)) else {
            table[slot].store(i + 1, Release);
            return true;
        };
        if item.from == from && item.size == size {
            table[slot].store(i + 1, Release);
            return false;
        }
        slot = (slot + 1) & (table.len() - 1);
    }
}
