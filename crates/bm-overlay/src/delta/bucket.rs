//! The edits of one page: append-only, stamped with versions, read without locks.
//!
//! One writer appends at a time (the overlay's commit lock sees to it); any number of readers look things up
//! meanwhile. An entry is complete before the length or the slot (`cells.rs`) that names it is stored with release
//! order, and nothing is ever moved or overwritten, so a reader meets whole entries only. Which of them count
//! is decided by their version alone.

use super::chunked::Chunked;
use super::meter::Meter;
use crate::edits::BoxEdit;
use bm_core::MaterialId;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU32, AtomicU64};
use std::sync::{Arc, OnceLock};

/// Entries at the head of a bucket, without an allocation of their own.
const HEAD: usize = 5;
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
    /// One more than the place of the entry before it of the same cube.
    before: u32,
}

impl Item {
    pub(crate) const fn new(from: u32, size: u8, material: MaterialId, seq: u64) -> Self {
        Self { from, size, material, seq, before: 0 }
    }

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
    head: [Entry; HEAD],
    rest: OnceLock<Box<Chunked<Entry>>>,
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

impl Drop for Bucket {
    fn drop(&mut self) {
        self.meter.give_back(*self.bytes.get_mut() as usize);
    }
}

impl Bucket {
    pub(crate) fn new(meter: &Arc<Meter>) -> Arc<Self> {
        let bucket = Self {
            len: AtomicU32::new(0),
            head: Default::default(),
            rest: OnceLock::new(),
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

    /// Appends a cube, with the place (plus one) of the entry before it of the same cube. Only the one writer calls
    /// this. Returns its place; `None` when the bucket is full.
    pub(crate) fn push(&self, item: &Item, before: u32) -> Option<u32> {
        let i = self.len.load(Relaxed);
        if i >= MAX_ENTRIES {
            return None;
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
        entry?.put(item.from, item.size, item.material, item.seq, before);
        self.len.store(i + 1, Release);
        Some(i)
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

    /// The newest entry of a cube up to a version, from a place (plus one) back along the links; without a place by
    /// looking at all entries.
    #[cold]
    pub(super) fn older(&self, from: u32, size: u8, place: Option<u32>, version: u64) -> Option<Found> {
        let Some(mut i) = place else {
            let items = (0..self.len()).rev().filter_map(|i| self.item(i));
            let mut of_cube = items.filter(|it| it.from == from && it.size == size && it.seq <= version);
            return of_cube.next().map(|it| (it.seq, it.material));
        };
        while let Some(item) = i.checked_sub(1).and_then(|i| self.item(i)) {
            if item.seq <= version {
                return Some((item.seq, item.material));
            }
            i = item.before;
        }
        None
    }

    /// What the boxes make of what the cubes say about a sub-cell.
    #[cold]
    pub(super) fn find_shape(&self, sub: u32, version: u64, cell: Option<Found>) -> Option<Found> {
        let Some(shapes) = self.shapes.get() else { return cell };
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
