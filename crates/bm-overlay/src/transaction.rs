//! Edits in any order, brought to normal form.

use crate::delta::{box_runs, cubes};
use crate::edits::{BoxEdit, Edits, RunEdit};
use crate::error::EditError;
use crate::journal::Change;
use bm_core::frame::{MAX_LEVEL, WORLD_X, WORLD_Y, WORLD_Z_MAX, WORLD_Z_MIN};
use bm_core::page::{PAGE_LEVELS, PAGE_SPAN, SUBCELLS};
use bm_core::{Cell, MaterialId, PageId, Pos, TickBox};
use std::collections::{BTreeMap, HashMap};

/// Most pages one box may cut through without filling them.
///
/// A box that ends inside cells of 32 m needs a page for each of them along its faces; one aligned to
/// coarser cells needs hardly any.
pub const MAX_BOX_PAGES: u64 = 1 << 20;

/// The world box: edits lie inside it.
const WORLD: TickBox = TickBox { min: [0, 0, WORLD_Z_MIN], max: [WORLD_X, WORLD_Y, WORLD_Z_MAX] };

/// When a commit counts as done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// As soon as readers see it. A crash may lose it, with everything after it, never with a gap.
    Memory,
    /// When it is on the disk; commits that wait at the same time share one sync.
    #[default]
    Group,
    /// When it is on the disk; the sync begins at once.
    Sync,
}

/// A cell whose material a transaction depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// The voxel.
    pub pos: Pos,
    /// What must be there when the transaction commits.
    pub material: MaterialId,
}

/// Edits that become one version together, or none of them.
///
/// They may come in any order; of two that speak of the same voxel the later one wins. Nothing is read.
///
/// ```
/// use bm_core::{Cell, GeoPoint, MaterialId, Pos};
/// use bm_overlay::Transaction;
///
/// let at = Pos::from_geo(GeoPoint { lon: 8.0, lat: 46.5, alt: 1200.0 })?;
/// let mut t = Transaction::new("miner");
/// t.set(at, MaterialId::AIR);                                      // a quarter metre
/// t.fill(Cell::containing(at, 21).bounds(), MaterialId::GRANITE)?; // 32 m: now the air is gone
/// t.set(at.east(1), MaterialId::AIR);
/// assert_eq!(t.edits().cells(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Transaction {
    origin: String,
    note: String,
    durability: Durability,
    expectations: Vec<Expectation>,
    /// Runs as they came, with their place among all edits.
    runs: Vec<(RunEdit, u32)>,
    /// Boxes as they came, with their place among all edits.
    boxes: Vec<(BoxEdit, u32)>,
    /// Whether any run is longer than one sub-cell.
    long_runs: bool,
    /// Whether any run lies in a page above the finest tier.
    coarse_runs: bool,
}

impl Transaction {
    /// An empty transaction of a process or user: the name appears in the log.
    #[must_use]
    pub fn new(origin: impl Into<String>) -> Self {
        Self { origin: origin.into(), ..Self::default() }
    }

    /// Says in the log what this is about.
    pub fn note(&mut self, text: impl Into<String>) -> &mut Self {
        self.note = text.into();
        self
    }

    /// When the commit counts as done; [`Durability::Group`] if not said.
    pub fn durability(&mut self, durability: Durability) -> &mut Self {
        self.durability = durability;
        self
    }

    /// Makes the commit fail with the conflicts found unless this voxel holds `material` then.
    pub fn expect(&mut self, pos: Pos, material: MaterialId) -> &mut Self {
        self.expectations.push(Expectation { pos, material });
        self
    }

    /// Sets one voxel; the unset material clears it.
    pub fn set(&mut self, pos: Pos, material: MaterialId) -> &mut Self {
        let (page, sub) = voxel(pos);
        self.push(RunEdit { page, from: sub, to: sub + 1, material });
        self
    }

    /// Sets a cell of any level; the unset material clears it.
    ///
    /// # Errors
    /// [`EditError::Outside`] when the cell reaches out of the world.
    pub fn set_cell(&mut self, cell: Cell, material: MaterialId) -> Result<&mut Self, EditError> {
        self.fill(cell.bounds(), material)
    }

    /// Fills a box of ticks; the unset material clears it.
    ///
    /// # Errors
    /// [`EditError`] for boxes that are empty, reach out of the world, or end inside too many cells of 32 m.
    pub fn fill(&mut self, bounds: TickBox, material: MaterialId) -> Result<&mut Self, EditError> {
        if bounds.is_empty() {
            return Err(EditError::EmptyBox { bounds });
        }
        if !WORLD.covers(&bounds) {
            return Err(EditError::Outside { bounds });
        }
        let pages = pages_cut(&bounds);
        if pages > MAX_BOX_PAGES {
            return Err(EditError::TooFine { bounds, pages, limit: MAX_BOX_PAGES });
        }
        self.fill_page(PageId::ROOT, &bounds, material);
        Ok(self)
    }

    /// Removes the edits in a box, so that the ground is there again that was ingested.
    ///
    /// # Errors
    /// As [`Transaction::fill`].
    pub fn clear(&mut self, bounds: TickBox) -> Result<&mut Self, EditError> {
        self.fill(bounds, MaterialId::UNSET)
    }

    /// Sets sub-cells `from..to` of a page along the Morton curve: the way to hand over shapes that are
    /// computed page by page.
    ///
    /// # Errors
    /// [`EditError::EmptyRun`] for runs that are empty or reach beyond the page; [`EditError::Outside`].
    pub fn set_run(
        &mut self,
        page: PageId,
        from: u32,
        to: u32,
        material: MaterialId,
    ) -> Result<&mut Self, EditError> {
        if from >= to || to > SUBCELLS {
            return Err(EditError::EmptyRun { page, from, to });
        }
        let bounds = page.cell().bounds();
        if !WORLD.covers(&bounds) {
            // Only pages at the world's edge are looked at cell by cell.
            for sub in from..to {
                let cell = sub_cell(page, sub);
                if !cell.is_some_and(|c| WORLD.covers(&c.bounds())) {
                    return Err(EditError::Outside { bounds });
                }
            }
        }
        self.push(RunEdit { page, from, to, material });
        Ok(self)
    }

    /// Who makes the change.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// What the log says about it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.note
    }

    /// When the commit counts as done.
    #[must_use]
    pub const fn when(&self) -> Durability {
        self.durability
    }

    /// What the commit depends on.
    #[must_use]
    pub fn expectations(&self) -> &[Expectation] {
        &self.expectations
    }

    /// Whether nothing would change.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.runs.is_empty() && self.boxes.is_empty()
    }

    fn push(&mut self, run: RunEdit) {
        self.long_runs |= run.to - run.from > 1;
        self.coarse_runs |= run.page.level() < PAGE_LEVELS[3];
        self.runs.push((run, self.order()));
    }

    /// Place of the next edit among all of them.
    fn order(&self) -> u32 {
        (self.runs.len() + self.boxes.len()) as u32
    }

    fn fill_page(&mut self, page: PageId, bounds: &TickBox, material: MaterialId) {
        let shift = MAX_LEVEL - PAGE_SPAN - page.level();
        let origin = page.cell().origin();
        let b = bounds.intersection(&page.cell().bounds());
        // Sub-cells that are touched, and those among them that are inside whole.
        let touched =
            [0, 1, 2].map(|a| ((b.min[a] - origin[a]) >> shift, ((b.max[a] - 1 - origin[a]) >> shift)));
        let round = (1u32 << shift) - 1;
        let whole =
            [0, 1, 2].map(|a| ((b.min[a] - origin[a] + round) >> shift, (b.max[a] - origin[a]) >> shift));
        let any_whole = whole.iter().all(|(lo, hi)| lo < hi);
        if any_whole {
            let lo = whole.map(|(lo, _)| lo as u8);
            let hi = whole.map(|(_, hi)| (hi - 1) as u8);
            match cube(lo, hi) {
                Some((from, to)) => self.push(RunEdit { page, from, to, material }),
                None => self.boxes.push((BoxEdit { page, lo, hi, material }, self.order())),
            }
        }
        if shift == 0 {
            return;
        }
        let inside = |a: usize, c: u32| any_whole && whole[a].0 <= c && c < whole[a].1;
        for z in touched[2].0..=touched[2].1 {
            for y in touched[1].0..=touched[1].1 {
                let mut x = touched[0].0;
                while x <= touched[0].1 {
                    if inside(0, x) && inside(1, y) && inside(2, z) {
                        x = whole[0].1;
                        continue;
                    }
                    let sub = bm_morton::encode3_u32(x as u16, y as u16, z as u16);
                    if let Some(child) = page.child(sub) {
                        self.fill_page(child, bounds, material);
                    }
                    x += 1;
                }
            }
        }
    }

    /// The edits in normal form: what is journalled and applied.
    #[must_use]
    pub fn edits(&self) -> Edits {
        if self.boxes.is_empty() && !self.coarse_runs {
            return Edits {
                boxes: Vec::new(),
                runs: self.resolve(self.runs.iter().map(|&(r, _)| r).collect()),
            };
        }
        let order = Order::new(&self.boxes, &self.runs);
        let mut runs = Vec::with_capacity(self.runs.len());
        for &(run, at) in &self.runs {
            order.survivors(run, at, &mut runs);
        }
        let live = self.boxes.iter().filter(|(b, at)| !order.wiped(b.page, *at));
        let mut boxes: Vec<BoxEdit> = live.map(|&(b, _)| b).collect();
        boxes.sort_by_key(|b| b.page);
        Edits { boxes, runs: self.resolve(runs) }
    }

    /// Sorts runs and lets later ones win.
    fn resolve(&self, mut runs: Vec<RunEdit>) -> Vec<RunEdit> {
        if !self.long_runs {
            if !runs.is_sorted_by(|a, b| (a.page, a.from) < (b.page, b.from)) {
                // Stable, so that of equals the last one came last.
                runs.sort_by_key(|r| (r.page, r.from));
                runs.dedup_by(|later, kept| {
                    let same = (later.page, later.from) == (kept.page, kept.from);
                    if same {
                        kept.material = later.material;
                    }
                    same
                });
            }
            return runs;
        }
        let mut by_page: Vec<(usize, RunEdit)> = runs.into_iter().enumerate().collect();
        by_page.sort_by_key(|(i, r)| (r.page, *i));
        let mut out = Vec::with_capacity(by_page.len());
        for of_page in by_page.chunk_by(|a, b| a.1.page == b.1.page) {
            overlay_runs(of_page.iter().map(|(_, r)| *r), &mut out);
        }
        out
    }
}

/// The page of the finest tier that holds a voxel, and its sub-cell there.
#[inline]
#[must_use]
pub fn voxel(pos: Pos) -> (PageId, u32) {
    const MASK: u32 = (1 << PAGE_SPAN) - 1;
    let low = [pos.x(), pos.y(), pos.z()].map(|c| (c & MASK) as u16);
    // The finest page level exists, so the fallback is never taken.
    let page = PageId::containing(pos, PAGE_LEVELS[3]).unwrap_or(PageId::ROOT);
    (page, bm_morton::encode3_u32(low[0], low[1], low[2]))
}

/// The cell of a page's sub-cell.
#[must_use]
pub fn sub_cell(page: PageId, sub: u32) -> Option<Cell> {
    let at = bm_morton::decode3_u32(sub);
    let first = page.cell().coords();
    Cell::new(page.level() + PAGE_SPAN, [0, 1, 2].map(|a| (first[a] << PAGE_SPAN) + u32::from(at[a])))
}

/// The fewest cells that a change consists of.
pub fn cells_of(change: &Change, f: &mut dyn FnMut(Cell)) {
    let mut run = |page: PageId, from: u32, to: u32| {
        for (first, size) in cubes(from, to) {
            let cell = sub_cell(page, first).and_then(|c| c.ancestor(c.level() - size));
            cell.into_iter().for_each(&mut *f);
        }
    };
    match change {
        Change::Run(r) => run(r.page, r.from, r.to),
        Change::Box(b) => box_runs(b.lo, b.hi, &mut |from, to| run(b.page, from, to)),
    }
}

/// Pages of the two finest tiers that a box ends in: the cost of its faces.
fn pages_cut(b: &TickBox) -> u64 {
    let mut pages = 0u64;
    for level in [PAGE_LEVELS[2], PAGE_LEVELS[3]] {
        let shift = MAX_LEVEL - level;
        let touched = [0, 1, 2].map(|a| u64::from(((b.max[a] - 1) >> shift) - (b.min[a] >> shift)) + 1);
        let round = (1u32 << shift) - 1;
        let whole = [0, 1, 2].map(|a| {
            u64::from(
                (b.max[a] >> shift).saturating_sub((b.min[a] >> shift) + u32::from(b.min[a] & round != 0)),
            )
        });
        let product = |s: [u64; 3]| s[0].saturating_mul(s[1]).saturating_mul(s[2]);
        pages = pages.saturating_add(product(touched) - product(whole));
    }
    pages
}

/// Runs of one page, oldest first, laid over each other.
fn overlay_runs(runs: impl Iterator<Item = RunEdit>, out: &mut Vec<RunEdit>) {
    let mut map = BTreeMap::new();
    let mut page = PageId::ROOT;
    for r in runs {
        page = r.page;
        lay_over(&mut map, r.from, r.to, r.material);
    }
    for (from, (to, material)) in map {
        match out.last_mut() {
            Some(l) if l.page == page && l.to == from && l.material == material => l.to = to,
            _ => out.push(RunEdit { page, from, to, material }),
        }
    }
}

/// The Morton interval of a box of sub-cells that is one aligned cube.
fn cube(lo: [u8; 3], hi: [u8; 3]) -> Option<(u32, u32)> {
    let edge = u32::from(hi[0] - lo[0]) + 1;
    let aligned = (0..3).all(|a| u32::from(hi[a] - lo[a]) + 1 == edge && u32::from(lo[a]) % edge == 0);
    if !aligned || !edge.is_power_of_two() {
        return None;
    }
    let [x, y, z] = lo.map(u16::from);
    let from = bm_morton::encode3_u32(x, y, z);
    Some((from, from + edge * edge * edge))
}

/// Which later edits cover an earlier one.
struct Order<'a> {
    /// Boxes of each page, ascending in order.
    boxes: HashMap<PageId, Vec<&'a (BoxEdit, u32)>>,
    /// For pages above the finest tier: runs by first sub-cell, as (from, to, order), resolved per page so that
    /// the greatest order stands for each sub-cell.
    runs: HashMap<PageId, BTreeMap<u32, (u32, u32)>>,
}

impl<'a> Order<'a> {
    fn new(boxes: &'a [(BoxEdit, u32)], runs: &[(RunEdit, u32)]) -> Self {
        let mut by_page: HashMap<PageId, Vec<_>> = HashMap::new();
        for b in boxes {
            by_page.entry(b.0.page).or_default().push(b);
        }
        let mut coarse: HashMap<PageId, BTreeMap<u32, (u32, u32)>> = HashMap::new();
        for (r, at) in runs.iter().filter(|(r, _)| r.page.level() < PAGE_LEVELS[3]) {
            lay_over(coarse.entry(r.page).or_default(), r.from, r.to, *at);
        }
        Self { boxes: by_page, runs: coarse }
    }

    /// Whether an edit later than `at` covers the whole page, from a page above.
    fn wiped(&self, page: PageId, at: u32) -> bool {
        let mut below = page;
        while let Some(above) = below.parent() {
            let sub = below.sub_index();
            let run = self.runs.get(&above).and_then(|m| m.range(..=sub).next_back());
            if run.is_some_and(|(_, &(to, order))| sub < to && order > at) || self.boxed(above, sub, at) {
                return true;
            }
            below = above;
        }
        false
    }

    /// Whether a box of the page later than `at` covers a sub-cell.
    fn boxed(&self, page: PageId, sub: u32, at: u32) -> bool {
        let Some(list) = self.boxes.get(&page) else { return false };
        let c = bm_morton::decode3_u32(sub).map(|c| c as u8);
        list.iter().rev().take_while(|(_, order)| *order > at).any(|(b, _)| b.contains(c))
    }

    /// The parts of a run that no later box covers.
    fn survivors(&self, run: RunEdit, at: u32, out: &mut Vec<RunEdit>) {
        if self.wiped(run.page, at) {
            return;
        }
        if self.boxes.get(&run.page).and_then(|l| l.last()).is_none_or(|(_, last)| *last < at) {
            return out.push(run);
        }
        for sub in run.from..run.to {
            if self.boxed(run.page, sub, at) {
                continue;
            }
            match out.last_mut() {
                Some(l) if l.page == run.page && l.to == sub && l.material == run.material => l.to += 1,
                _ => out.push(RunEdit { from: sub, to: sub + 1, ..run }),
            }
        }
    }
}

/// Lays `from..to` over a map of disjoint intervals (first → (first beyond, content)).
pub(crate) fn lay_over<T: Copy>(map: &mut BTreeMap<u32, (u32, T)>, from: u32, to: u32, content: T) {
    // Whatever begins inside the new interval or reaches into it gives way.
    if let Some((&first, &(end, old))) = map.range(..from).next_back()
        && end > from
    {
        map.insert(first, (from, old));
        if end > to {
            map.insert(to, (end, old));
        }
    }
    while let Some((&first, &(end, old))) = map.range(from..to).next() {
        map.remove(&first);
        if end > to {
            map.insert(to, (end, old));
        }
    }
    map.insert(from, (to, content));
}
