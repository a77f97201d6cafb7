//! One shard of the pages that have edits: a hash table that readers search without locks.
//!
//! The first edit of a page lies in its slot; from the second on the page has a [`Bucket`]. So edits that are
//! scattered over a planet cost a slot each, and nothing else. A table that is full is replaced by a larger one
//! that shares its buckets; readers that still hold the old one find in it everything up to their version.

use super::bucket::{Bucket, Entry, Found, Item};
use super::cells::{Cells, Newest};
use super::chunked::Chunked;
use super::meter::Meter;
use crate::edits::BoxEdit;
use bm_core::{MaterialId, PageId};
use std::collections::BTreeSet;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Slots of the smallest table.
const SMALLEST: usize = 16;

/// A page's place in a table.
#[derive(Default)]
pub(crate) struct Slot {
    /// Code of the page; 0 while the slot is free.
    key: AtomicU64,
    /// The first edit, if it was a cube.
    first: Entry,
    /// All edits, the first among them, once there are more.
    more: OnceLock<Arc<Bucket>>,
}

/// A page with edits, as a table knows it.
pub(crate) enum Content<'a> {
    /// One cube.
    One(&'a Entry),
    /// A bucket.
    Many(&'a Arc<Bucket>),
}

/// One shard.
pub(crate) struct Table {
    slots: Box<[Slot]>,
    /// The newest edit of every cube.
    cells: Cells,
    /// Whether any page has boxes.
    boxes: AtomicBool,
    /// Pages in it.
    len: AtomicUsize,
    /// Codes of the pages as they came.
    pages: Chunked<AtomicU64>,
    /// The same by place; made when somebody asks for a region.
    places: Mutex<Places>,
    meter: Arc<Meter>,
    bytes: AtomicUsize,
}

/// Pages by level and place: (level, x, y, z) in cells of that level.
#[derive(Default)]
struct Places {
    known: usize,
    set: BTreeSet<(u8, u32, u32, u32)>,
}

impl Drop for Table {
    fn drop(&mut self) {
        self.meter.give_back(*self.bytes.get_mut());
    }
}

/// Slots for so many keys: a power of two, at most three quarters full.
pub(super) fn room(keys: usize, smallest: usize) -> usize {
    (keys + keys / 3).next_power_of_two().max(smallest)
}

/// Spreads page codes over slots.
#[inline]
fn hash(page: PageId) -> u64 {
    // Multiplication by 2^64 / φ, with the well-mixed high half folded in.
    let h = page.raw().wrapping_mul(0x9e37_79b9_7f4a_7c15);
    h ^ h >> 32
}

impl Table {
    pub(crate) fn new(meter: &Arc<Meter>, pages: usize, cubes: usize) -> Self {
        Self::with(meter, pages, Cells::new(cubes))
    }

    fn with(meter: &Arc<Meter>, pages: usize, cells: Cells) -> Self {
        let slots = room(pages, SMALLEST);
        let table = Self {
            slots: std::iter::repeat_with(Slot::default).take(slots).collect(),
            cells,
            boxes: AtomicBool::new(false),
            len: AtomicUsize::new(0),
            pages: Chunked::new(),
            places: Mutex::default(),
            meter: meter.clone(),
            bytes: AtomicUsize::new(0),
        };
        table.count(size_of::<Self>() + slots * size_of::<Slot>() + table.cells.bytes());
        table
    }

    fn count(&self, bytes: usize) {
        self.meter.take(bytes);
        self.bytes.fetch_add(bytes, Relaxed);
    }

    /// Number of pages.
    pub(crate) fn len(&self) -> usize {
        self.len.load(Acquire)
    }

    /// Whether another page would make searches long.
    pub(crate) fn is_full(&self) -> bool {
        4 * (self.len.load(Relaxed) + 1) > 3 * self.slots.len() || self.cells.is_full()
    }

    /// Bytes of a larger table, should so many cubes more call for one.
    pub(crate) fn growth(&self, more: usize) -> usize {
        let beyond = |len: usize, slots: usize| 4 * (len + more + 1) > 3 * slots;
        if beyond(self.len.load(Relaxed), self.slots.len()) || beyond(self.cells.len(), self.cells.slots()) {
            2 * self.bytes.load(Relaxed)
        } else {
            0
        }
    }

    /// The page's slot, or the free one where it belongs.
    #[inline]
    fn slot(&self, page: PageId, hash: u64) -> (&Slot, bool) {
        let mask = self.slots.len() - 1;
        let mut i = hash as usize & mask;
        loop {
            let slot = &self.slots[i];
            let key = slot.key.load(Acquire);
            if key == page.raw() {
                return (slot, true);
            }
            if key == 0 {
                return (slot, false);
            }
            i = (i + 1) & mask;
        }
    }

    /// What a sub-cell of a page holds at a version, if any edit up to then speaks of it.
    #[inline]
    pub(crate) fn find(&self, page: PageId, sub: u32, version: u64) -> Option<Found> {
        let mut sizes = self.cells.sizes();
        let mut best: Option<Found> = None;
        while sizes != 0 {
            let size = sizes.trailing_zeros();
            sizes &= sizes - 1;
            let from = sub >> (3 * size) << (3 * size);
            let found = match self.cells.newest(page, from, size as u8, version) {
                Newest::None => continue,
                Newest::Seen(found) => Some(found),
                Newest::Later(place) => self.older(page, from, size as u8, place, version),
            };
            if let Some(f) = found
                && best.is_none_or(|(seq, _)| f.0 > seq)
            {
                best = Some(f);
            }
        }
        if self.boxes.load(Acquire) { self.find_shape(page, sub, version, best) } else { best }
    }

    #[cold]
    fn older(&self, page: PageId, from: u32, size: u8, place: Option<u32>, version: u64) -> Option<Found> {
        match self.get(page)? {
            Content::Many(bucket) => bucket.older(from, size, place, version),
            Content::One(entry) => {
                let item = entry.get();
                let it = item.from == from && item.size == size && item.seq <= version;
                it.then_some((item.seq, item.material))
            }
        }
    }

    #[cold]
    fn find_shape(&self, page: PageId, sub: u32, version: u64, cell: Option<Found>) -> Option<Found> {
        match self.get(page) {
            Some(Content::Many(bucket)) => bucket.find_shape(sub, version, cell),
            _ => cell,
        }
    }

    /// The edits of a page.
    pub(crate) fn get(&self, page: PageId) -> Option<Content<'_>> {
        let (slot, there) = self.slot(page, hash(page));
        there.then(|| slot.content())
    }

    /// Looks at the memory that writing a cube will need: three places far apart, asked for together.
    #[inline]
    pub(crate) fn touch(&self, page: PageId, from: u32, size: u8) {
        let slot = &self.slots[hash(page) as usize & (self.slots.len() - 1)];
        std::hint::black_box(slot.key.load(Relaxed) ^ self.cells.touch(page, from, size));
    }

    /// Adds a cube to a page. Only the one writer calls this, on a table that is not full. Returns how many
    /// cubes the page has now; `None` when its bucket is full.
    #[inline]
    pub(crate) fn push(
        &self,
        page: PageId,
        from: u32,
        size: u8,
        material: MaterialId,
        seq: u64,
    ) -> Option<u32> {
        let (slot, there) = self.slot(page, hash(page));
        let item = Item::new(from, size, material, seq);
        if !there {
            slot.first.put(from, size, material, seq, 0);
            self.enter(slot, page);
            self.cells.put(page, &item, 0);
            return Some(1);
        }
        let before = self.cells.link(page, from, size);
        let at = self.bucket(slot).push(&item, before)?;
        self.cells.put(page, &item, at);
        Some(at + 1)
    }

    /// Adds a box to a page. Only the one writer calls this, on a table that is not full.
    pub(crate) fn push_box(&self, b: &BoxEdit, seq: u64) -> bool {
        let (slot, there) = self.slot(b.page, hash(b.page));
        // The bucket first: once the key is there, so is the edit.
        let stored = self.bucket(slot).push_box(b, seq);
        if !there {
            self.enter(slot, b.page);
        }
        self.boxes.store(true, Release);
        stored
    }

    fn enter(&self, slot: &Slot, page: PageId) {
        let i = self.len.load(Relaxed);
        let (place, made) = self.pages.make(i);
        if made > 0 {
            self.count(made);
        }
        if let Some(place) = place {
            place.store(page.raw(), Relaxed);
        }
        slot.key.store(page.raw(), Release);
        self.len.store(i + 1, Release);
    }

    /// The page's bucket, made from its first edit if there is none yet.
    fn bucket<'a>(&self, slot: &'a Slot) -> &'a Bucket {
        slot.more.get_or_init(|| {
            let bucket = Bucket::new(&self.meter);
            if !slot.first.is_vacant() {
                bucket.push(&slot.first.get(), 0);
            }
            bucket
        })
    }

    /// The pages as they came.
    pub(crate) fn pages(&self) -> impl Iterator<Item = PageId> + '_ {
        self.pages_from(0)
    }

    fn pages_from(&self, first: usize) -> impl Iterator<Item = PageId> + '_ {
        (first..self.len()).filter_map(|i| PageId::from_raw(self.pages.get(i)?.load(Relaxed)))
    }

    /// The same pages with room for as many again.
    pub(crate) fn grown(&self) -> Self {
        let new = Self::with(&self.meter, self.len() * 2, self.cells.grown());
        new.boxes.store(self.boxes.load(Relaxed), Relaxed);
        for page in self.pages() {
            let (old, _) = self.slot(page, hash(page));
            let (slot, _) = new.slot(page, hash(page));
            slot.first.copy_from(&old.first);
            if let Some(bucket) = old.more.get() {
                // Cannot be set already: the slot is new.
                let _ = slot.more.set(bucket.clone());
            }
            new.enter(slot, page);
        }
        new
    }

    /// The same pages without what was folded of them, and no larger than that takes.
    pub(crate) fn rebuild(&self, keep: impl Fn(PageId) -> Keep) -> Self {
        let (mut pages, mut cubes) = (0, 0);
        for page in self.pages() {
            let content = self.slot(page, hash(page)).0.content();
            let left = match (keep(page), content) {
                (Keep::All, content) => content.len() as usize + 1,
                (Keep::After(v), Content::One(entry)) => usize::from(entry.get().seq > v),
                (Keep::After(v), Content::Many(bucket)) if bucket.span().1 > v => {
                    bucket.items(u64::MAX).filter(|i| i.seq > v).count() + 1
                }
                _ => 0,
            };
            pages += usize::from(left > 0);
            cubes += left;
        }
        let new = Self::new(&self.meter, pages, cubes);
        for page in self.pages() {
            let (old, _) = self.slot(page, hash(page));
            let after = match keep(page) {
                Keep::All => {
                    new.adopt(page, old);
                    continue;
                }
                Keep::After(version) => version,
            };
            match old.content() {
                Content::One(entry) => {
                    if entry.get().seq > after {
                        new.adopt(page, old);
                    }
                }
                Content::Many(bucket) => {
                    let shapes = bucket.shapes(u64::MAX).filter(|s| s.seq > after);
                    for s in shapes {
                        let b = BoxEdit { page, lo: s.lo, hi: s.hi, material: s.material };
                        new.push_box(&b, s.seq);
                    }
                    for i in bucket.items(u64::MAX).filter(|i| i.seq > after) {
                        new.push(page, i.from, i.size, i.material, i.seq);
                    }
                }
            }
        }
        new
    }

    /// Takes a page over as it is, its bucket shared.
    fn adopt(&self, page: PageId, old: &Slot) {
        let (slot, _) = self.slot(page, hash(page));
        slot.first.copy_from(&old.first);
        match old.more.get() {
            Some(bucket) => {
                // Cannot be set already: the slot is new.
                let _ = slot.more.set(bucket.clone());
                for (i, item) in (0u32..).zip(bucket.items(u64::MAX)) {
                    self.cells.put(page, &item, i);
                }
                if bucket.shapes_len() > 0 {
                    self.boxes.store(true, Release);
                }
            }
            None => self.cells.put(page, &old.first.get(), 0),
        }
        self.enter(slot, page);
    }

    /// Calls `f` for every page of a level within cells `lo..=hi` of that level.
    pub(crate) fn within(&self, level: u8, lo: [u32; 3], hi: [u32; 3], f: &mut dyn FnMut(PageId)) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let len = self.len();
        if places.known < len {
            for page in self.pages_from(places.known) {
                let [x, y, z] = page.cell().coords();
                places.set.insert((page.level(), x, y, z));
            }
            places.known = len;
        }
        let found = |x, y, z, f: &mut dyn FnMut(PageId)| {
            if let Some(page) = PageId::new(level, [x, y, z]) {
                f(page);
            }
        };
        let columns = u64::from(hi[0] - lo[0] + 1) * u64::from(hi[1] - lo[1] + 1);
        if columns > places.set.len() as u64 / 4 {
            // More columns than pages, nearly: one walk over all that can be within.
            let range = (level, lo[0], 0, 0)..=(level, hi[0], u32::MAX, u32::MAX);
            for &(_, x, y, z) in places.set.range(range) {
                if (lo[1]..=hi[1]).contains(&y) && (lo[2]..=hi[2]).contains(&z) {
                    found(x, y, z, f);
                }
            }
            return;
        }
        for x in lo[0]..=hi[0] {
            for y in lo[1]..=hi[1] {
                for &(.., z) in places.set.range((level, x, y, lo[2])..=(level, x, y, hi[2])) {
                    found(x, y, z, f);
                }
            }
        }
    }
}

impl Content<'_> {
    /// Cubes of the page.
    pub(crate) fn len(&self) -> u32 {
        match self {
            Self::One(_) => 1,
            Self::Many(bucket) => bucket.len(),
        }
    }
}

impl Slot {
    fn content(&self) -> Content<'_> {
        match self.more.get() {
            Some(bucket) => Content::Many(bucket),
            None => Content::One(&self.first),
        }
    }
}

/// What of a page's edits goes over into a new table.
pub(crate) enum Keep {
    All,
    /// Those after a version.
    After(u64),
}
