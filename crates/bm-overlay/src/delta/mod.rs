//! Edits in memory: pages in shards, each with the cubes and boxes that were written into it.
//!
//! | file | what it holds |
//! |---|---|
//! | `table.rs` | a shard: the pages that have edits, found by hash |
//! | `bucket.rs` | one page's edits, append-only, stamped with versions |
//! | `cells.rs` | the newest edit of every cube of a shard, found in one step |
//! | `chunked.rs` | lists that grow without moving |
//! | `resolve.rs` | what a page's edits come to at a version |
//! | `meter.rs` | bytes held |

mod bucket;
mod cells;
mod chunked;
mod meter;
mod resolve;
mod table;
#[cfg(test)]
mod tests;

pub(crate) use bucket::{Found, MAX_ENTRIES};
pub(crate) use meter::Meter;
pub use resolve::PageRun;
pub(crate) use resolve::{box_runs, cubes};
pub(crate) use table::Keep;

use crate::edits::Edits;
use bm_core::frame::MAX_LEVEL;
use bm_core::page::{PAGE_LEVELS, PAGE_SPAN};
use bm_core::{Cell, MaterialId, PageId, Pos, TickBox};
use std::sync::Arc;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use table::{Content, Table};

/// Shards of the pages; pages of one column lie in the same one.
pub(crate) const SHARDS: usize = 32;
/// Runs whose memory is asked for together.
const ROUND: usize = 16;
/// Edits of a page that are nowhere near the limit.
const SETTLED: u32 = MAX_ENTRIES / 4;

/// All edits in memory, as one of the states of an overlay holds them.
#[derive(Clone)]
pub(crate) struct Deltas {
    shards: Box<[Arc<Table>]>,
    /// Tiers (bits, finest lowest) that have pages at all.
    tiers: Arc<AtomicU8>,
    /// Most edits of any page so far; the writer's matter.
    fullest: u32,
}

/// What is known of one page's edits, for those who choose what to fold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSummary {
    /// The page.
    pub page: PageId,
    /// Cubes and boxes written since it was last folded, repeats included.
    pub edits: u64,
    /// Version of the oldest of them.
    pub first: u64,
    /// Version of the newest of them.
    pub last: u64,
    /// Bytes they take in memory.
    pub bytes: u64,
}

/// Shard of a page: by its column, so that a vertical search looks into one shard.
#[inline]
fn shard_of([x, y, _]: [u32; 3]) -> usize {
    let h = (x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca6b)).wrapping_mul(0xc2b2_ae35);
    (h >> 27) as usize
}

/// Bit of a tier: finest lowest.
const fn tier_bit(level: u8) -> u8 {
    1 << ((PAGE_LEVELS[3] - level) / PAGE_SPAN)
}

impl Deltas {
    pub(crate) fn new(meter: &Arc<Meter>) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Arc::new(Table::new(meter, 0, 0))).collect(),
            tiers: Arc::default(),
            fullest: 0,
        }
    }

    /// Pages with edits.
    pub(crate) fn pages(&self) -> usize {
        self.shards.iter().map(|s| s.len()).sum()
    }

    /// Whether there are no edits at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.shards.iter().all(|s| s.len() == 0)
    }

    #[inline]
    fn shard(&self, coords: [u32; 3]) -> &Arc<Table> {
        // Five bits of hash, 32 shards.
        &self.shards[shard_of(coords)]
    }

    /// What a voxel holds at a version, if any edit up to then speaks of it: version and material (unset where
    /// it was cleared).
    #[inline]
    pub(crate) fn find(&self, at: [u32; 3], version: u64) -> Option<(Found, u8)> {
        let mut tiers = self.tiers.load(Acquire);
        let mut best: Option<(Found, u8)> = None;
        while tiers != 0 {
            let tier = tiers.trailing_zeros() as u8;
            tiers &= tiers - 1;
            let level = PAGE_LEVELS[3] - tier * PAGE_SPAN;
            let coords = at.map(|c| c >> (MAX_LEVEL - level));
            let shift = MAX_LEVEL - PAGE_SPAN - level;
            let sub = bm_morton::encode3_u32(
                (at[0] >> shift) as u16 & 127,
                (at[1] >> shift) as u16 & 127,
                (at[2] >> shift) as u16 & 127,
            );
            let Some(page) = PageId::new(level, coords) else { continue };
            let found = self.shard(coords).find(page, sub, version);
            // Finer tiers come first and win where versions are the same.
            if let Some(f) = found
                && best.is_none_or(|((seq, _), _)| f.0 > seq)
            {
                best = Some((f, level));
            }
        }
        best
    }

    /// The newest version up to `version` at which an edit of a coarser tier covered the whole page; 0 if none.
    pub(crate) fn cover(&self, page: PageId, version: u64) -> u64 {
        let tiers = self.tiers.load(Acquire);
        let mut below = page;
        let mut newest = 0;
        while let Some(above) = below.parent() {
            if tiers & tier_bit(above.level()) != 0 {
                let found = self.shard(above.cell().coords()).find(above, below.sub_index(), version);
                newest = newest.max(found.map_or(0, |(seq, _)| seq));
            }
            below = above;
        }
        newest
    }

    /// Writes a transaction under a version. Only the one writer calls this. Returns the shards that had to be
    /// replaced by larger tables: the caller publishes them; `Err` when a page's bucket is full.
    pub(crate) fn apply(&mut self, edits: &Edits, seq: u64) -> Result<bool, PageId> {
        let mut replaced = false;
        for b in &edits.boxes {
            let table = self.writable(b.page, &mut replaced);
            if !table.push_box(b, seq) {
                return Err(b.page);
            }
        }
        for round in edits.runs.chunks(ROUND) {
            round.iter().for_each(|r| self.touch(r.page, r.from));
            for r in round {
                if r.to - r.from == 1 {
                    replaced |= self.put(r.page, r.from, 0, r.material, seq)?;
                    continue;
                }
                for (from, size) in cubes(r.from, r.to) {
                    replaced |= self.put(r.page, from, size, r.material, seq)?;
                }
            }
        }
        Ok(replaced)
    }

    /// Looks at the memory that writing a voxel will need, so that it is on its way while something else is done.
    #[inline]
    pub(crate) fn touch(&self, page: PageId, from: u32) {
        self.shard(page.cell().coords()).touch(page, from, 0);
    }

    /// Writes one cube. As [`Deltas::apply`].
    #[inline]
    pub(crate) fn put(
        &mut self,
        page: PageId,
        from: u32,
        size: u8,
        material: MaterialId,
        seq: u64,
    ) -> Result<bool, PageId> {
        let mut replaced = false;
        let len = self.writable(page, &mut replaced).push(page, from, size, material, seq).ok_or(page)?;
        self.fullest = self.fullest.max(len);
        Ok(replaced)
    }

    /// The page's shard, with room for another page.
    #[inline]
    fn writable(&mut self, page: PageId, replaced: &mut bool) -> &Table {
        let bit = tier_bit(page.level());
        let tiers = self.tiers.load(Relaxed);
        if tiers & bit == 0 {
            self.tiers.store(tiers | bit, Release);
        }
        let shard = shard_of(page.cell().coords());
        if self.shards[shard].is_full() {
            self.shards[shard] = Arc::new(self.shards[shard].grown());
            *replaced = true;
        }
        &self.shards[shard]
    }

    /// What is known of every page with edits.
    pub(crate) fn summaries(&self) -> Vec<PageSummary> {
        let mut out = Vec::with_capacity(self.pages());
        for table in &self.shards {
            for page in table.pages() {
                out.extend(table.get(page).map(|c| summary(page, &c)));
            }
        }
        out
    }

    /// What is known of one page.
    pub(crate) fn summary(&self, page: PageId) -> Option<PageSummary> {
        Some(summary(page, &self.shard(page.cell().coords()).get(page)?))
    }

    /// Calls `f` for every page with edits that touches a box, tier by tier from the coarsest.
    pub(crate) fn within(&self, bounds: &TickBox, f: &mut dyn FnMut(PageId)) {
        let tiers = self.tiers.load(Acquire);
        if tiers == 0 || bounds.is_empty() {
            return;
        }
        for level in PAGE_LEVELS.into_iter().filter(|&l| tiers & tier_bit(l) != 0) {
            let shift = MAX_LEVEL - level;
            let lo = bounds.min.map(|c| c >> shift);
            let hi = bounds.max.map(|c| (c - 1) >> shift);
            let size = [0, 1, 2].map(|a| u64::from(hi[a] - lo[a]) + 1);
            let cells = size[0].saturating_mul(size[1]).saturating_mul(size[2]);
            if cells <= 64 {
                // A few pages are asked for by name.
                for z in lo[2]..=hi[2] {
                    for y in lo[1]..=hi[1] {
                        for x in lo[0]..=hi[0] {
                            let page = PageId::new(level, [x, y, z]);
                            if let Some(page) = page
                                && self.shard([x, y, z]).get(page).is_some()
                            {
                                f(page);
                            }
                        }
                    }
                }
            } else if size[0] * size[1] <= SHARDS as u64 / 2 {
                for y in lo[1]..=hi[1] {
                    for x in lo[0]..=hi[0] {
                        self.shard([x, y, 0]).within(level, [x, y, lo[2]], [x, y, hi[2]], f);
                    }
                }
            } else {
                for table in &self.shards {
                    table.within(level, lo, hi, f);
                }
            }
        }
    }

    /// Whether any edit may touch a cell (of any version).
    pub(crate) fn touches(&self, cell: Cell) -> bool {
        let mut any = false;
        self.within(&cell.bounds(), &mut |_| any = true);
        any
    }

    /// The edits of a page, oldest first, for those who put them together.
    fn content(&self, page: PageId) -> Option<Content<'_>> {
        self.shard(page.cell().coords()).get(page)
    }

    /// The shard with the given pages' edits up to a version taken out; `None` if it has none of them.
    pub(crate) fn without(&self, shard: usize, folded: &dyn Fn(PageId) -> Option<u64>) -> Option<Self> {
        let table = self.shards.get(shard)?;
        if !table.pages().any(|p| folded(p).is_some()) {
            return None;
        }
        let mut new = self.clone();
        let edits = |t: &Arc<Table>| t.pages().filter_map(|p| t.get(p)).map(|c| c.len()).max().unwrap_or(0);
        new.shards[shard] = Arc::new(table.rebuild(|page| folded(page).map_or(Keep::All, Keep::After)));
        if self.fullest > SETTLED {
            // Rarely worth the walk: only when a page was nearly too full.
            new.fullest = new.shards.iter().map(edits).max().unwrap_or(0);
        }
        Some(new)
    }

    /// Bytes that larger tables would take, should these edits call for them.
    pub(crate) fn growth(&self, edits: &Edits) -> usize {
        let mut more = [0usize; SHARDS];
        let boxes = edits.boxes.iter().map(|b| b.page);
        for page in boxes.chain(edits.runs.iter().map(|r| r.page)) {
            more[shard_of(page.cell().coords())] += 1;
        }
        let touched = self.shards.iter().zip(more).filter(|(_, n)| *n > 0);
        touched.map(|(shard, n)| shard.growth(n)).sum()
    }

    /// The same for one cube.
    #[inline]
    pub(crate) fn growth_for(&self, page: PageId) -> usize {
        self.shard(page.cell().coords()).growth(1)
    }

    /// Edits of the page that has most, or had before it was folded.
    pub(crate) const fn fullest(&self) -> u32 {
        self.fullest
    }

    /// The voxel a position is.
    #[inline]
    pub(crate) fn at(&self, pos: Pos, version: u64) -> Option<(Found, u8)> {
        self.find([pos.x(), pos.y(), pos.z()], version)
    }
}

fn summary(page: PageId, content: &Content<'_>) -> PageSummary {
    match content {
        Content::One(e) => {
            let seq = e.get().seq;
            PageSummary { page, edits: 1, first: seq, last: seq, bytes: size_of::<table::Slot>() as u64 }
        }
        Content::Many(b) => {
            let (first, last) = b.span();
            let edits = u64::from(b.len()) + u64::from(b.shapes_len());
            PageSummary { page, edits, first, last, bytes: b.bytes() + size_of::<table::Slot>() as u64 }
        }
    }
}
