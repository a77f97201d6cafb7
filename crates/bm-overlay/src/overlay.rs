//! The overlay: commits in, versions out.

use crate::delta::{Deltas, MAX_ENTRIES, Meter, PageRun, PageSummary, SHARDS, cubes};
use crate::edits::Edits;
use crate::error::{Conflict, EditError, OverlayError};
use crate::journal::{Head, Journal, Lsn, encode_cell, encode_with};
use crate::publish::{Published, Since};
use crate::transaction::{Durability, Transaction, voxel};
use bm_core::{Cell, MaterialId, PageId, Pos, TickBox};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// Memory that edits may take unless told otherwise: 256 MiB.
pub const DEFAULT_BUDGET: usize = 256 << 20;
/// Bytes a cube or box may cost at most in memory, its page's slot and the growth of tables included.
const BYTES_PER_EDIT: usize = 96;

/// A base, and the edits over it.
struct State<B> {
    base: Arc<B>,
    /// Version up to which the base holds what was folded; earlier ones cannot be read with it.
    base_version: u64,
    deltas: Deltas,
}

impl<B> Since for State<B> {
    fn since(&self) -> u64 {
        self.base_version
    }
}

/// One version, for reading: it never changes, however long it is held.
pub struct Snapshot<B> {
    state: Arc<State<B>>,
    version: u64,
}

impl<B> Clone for Snapshot<B> {
    fn clone(&self) -> Self {
        Self { state: self.state.clone(), version: self.version }
    }
}

/// What an edit says about a voxel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The material; `None` where edits were cleared, so that the base function answers.
    pub material: Option<MaterialId>,
    /// Version that wrote it.
    pub version: u64,
    /// Level of the page that was written to.
    pub page_level: u8,
}

impl<B> Snapshot<B> {
    /// The version this is.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// What lies under the edits.
    #[must_use]
    pub fn base(&self) -> &Arc<B> {
        &self.state.base
    }

    /// Version the base stands for: what was folded since is no longer among the edits.
    #[must_use]
    pub fn base_version(&self) -> u64 {
        self.state.base_version
    }

    /// Whether there are no edits over the base at all.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        self.state.deltas.is_empty()
    }

    /// What edits say about a voxel, if they do.
    #[inline]
    #[must_use]
    pub fn find(&self, pos: Pos) -> Option<Hit> {
        let ((version, material), page_level) = self.state.deltas.at(pos, self.version)?;
        Some(Hit { material: (material != MaterialId::UNSET).then_some(material), version, page_level })
    }

    /// What the edits of a page come to: ascending runs of sub-cells, `None` where they were cleared. Edits that
    /// one of a coarser tier has covered since do not count.
    #[must_use]
    pub fn resolve(&self, page: PageId) -> Vec<PageRun> {
        self.state.deltas.resolve(page, self.version)
    }

    /// Version of the newest edit of a coarser tier that covers a whole page; 0 if there is none.
    #[must_use]
    pub fn cover(&self, page: PageId) -> u64 {
        self.state.deltas.cover(page, self.version)
    }

    /// Calls `f` for every page with edits (of any version) that touches a box, coarser tiers first.
    pub fn pages_within(&self, bounds: &TickBox, f: &mut dyn FnMut(PageId)) {
        self.state.deltas.within(bounds, f);
    }

    /// Whether an edit may touch a cell.
    #[must_use]
    pub fn touches(&self, cell: Cell) -> bool {
        self.state.deltas.touches(cell)
    }

    /// Paints the edits into a dense box of voxels (x fastest, then y, then z), unset where they were cleared;
    /// whether any were.
    #[must_use]
    pub fn paint(&self, bounds: &TickBox, cells: &mut [MaterialId]) -> bool {
        self.state.deltas.paint(bounds, self.version, cells)
    }

    /// What is known of each page with edits, of this version and later ones.
    #[must_use]
    pub fn pages(&self) -> Vec<PageSummary> {
        self.state.deltas.summaries()
    }

    /// What is known of one page's edits.
    #[must_use]
    pub fn page(&self, page: PageId) -> Option<PageSummary> {
        self.state.deltas.summary(page)
    }

    /// Whether two snapshots look at the same base.
    #[must_use]
    pub fn same_base(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.state.base, &other.state.base)
    }
}

/// How an overlay is set up.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Bytes of memory for edits; commits beyond wait for a fold.
    pub budget: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { budget: DEFAULT_BUDGET }
    }
}

/// What an overlay holds and has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Newest version that readers see.
    pub version: u64,
    /// Oldest version that can be read from memory.
    pub base_version: u64,
    /// Cubes and boxes in memory, repeats included.
    pub edits: u64,
    /// Pages they lie in.
    pub pages: u64,
    /// Bytes of memory held, to the byte, those included that only old snapshots still need.
    pub bytes: u64,
    /// Bytes allowed.
    pub budget: u64,
    /// Transactions committed since it was opened.
    pub commits: u64,
    /// Cells they wrote, each in cells of its own level.
    pub cells: u64,
    /// Times that pages were folded.
    pub folds: u64,
    /// Commits that had to wait for room.
    pub waits: u64,
}

/// Edits over a base `B`, in memory and in a journal.
///
/// ```
/// use bm_core::{GeoPoint, MaterialId, Pos};
/// use bm_overlay::{Durability, Overlay, OverlayError, Transaction};
///
/// let overlay = Overlay::new(MaterialId::GRANITE, 0, Default::default()); // all granite: any base will do
/// let at = Pos::from_geo(GeoPoint { lon: 8.0, lat: 46.5, alt: 1200.0 })?;
///
/// overlay.put(at, MaterialId::AIR, Durability::Memory, "miner")?;
/// let then = overlay.snapshot();
/// let mut t = Transaction::new("miner");
/// t.set(at, MaterialId::GRANITE).set(at.east(1), MaterialId::AIR).expect(at, MaterialId::AIR);
/// overlay.commit(&t, |s, pos| {
///     Ok::<_, OverlayError>(s.find(pos).and_then(|hit| hit.material).unwrap_or(**s.base()))
/// })?;
/// assert_eq!(then.find(at).unwrap().material, Some(MaterialId::AIR)); // then is then
/// assert_eq!(overlay.snapshot().find(at).unwrap().material, Some(MaterialId::GRANITE));
/// assert_eq!(overlay.snapshot().version(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Overlay<B> {
    published: Published<State<B>>,
    writer: Mutex<Writer>,
    journal: OnceLock<Journal>,
    meter: Arc<Meter>,
    budget: AtomicUsize,
    commits: AtomicU64,
    cells: AtomicU64,
    folds: AtomicU64,
    waits: AtomicU64,
}

/// What only the one who commits may touch.
struct Writer {
    /// The newest deltas; the published state shares their tables.
    deltas: Deltas,
    /// Newest version applied, published or not.
    applied: u64,
    /// Newest version that must not be seen before it is on the disk, and where it stands in the journal.
    pending: Option<(u64, Lsn)>,
    /// Whether the next version may be on the disk already, as a commit of pages that failed.
    doubt: bool,
    /// A payload under construction.
    payload: Vec<u8>,
}

/// What a commit writes.
enum Change<'a> {
    Voxel(PageId, u32, MaterialId),
    Edits(&'a Edits, &'a [u8]),
}

impl<B> Overlay<B> {
    /// An overlay without edits over a base that stands for `version`. Without a journal every commit is
    /// [`Durability::Memory`].
    #[must_use]
    pub fn new(base: impl Into<Arc<B>>, version: u64, options: Options) -> Self {
        let meter = Arc::new(Meter::default());
        let deltas = Deltas::new(&meter);
        let state = State { base: base.into(), base_version: version, deltas: deltas.clone() };
        Self {
            published: Published::new(Arc::new(state), version),
            writer: Mutex::new(Writer {
                deltas,
                applied: version,
                pending: None,
                doubt: false,
                payload: Vec::new(),
            }),
            journal: OnceLock::new(),
            meter,
            budget: AtomicUsize::new(options.budget),
            commits: AtomicU64::new(0),
            cells: AtomicU64::new(0),
            folds: AtomicU64::new(0),
            waits: AtomicU64::new(0),
        }
    }

    /// Applies a transaction that the journal has kept; to be called before anybody reads or commits, with
    /// ascending versions. Nothing is checked against the budget: what was acknowledged must come back.
    ///
    /// # Errors
    /// [`OverlayError::PageFull`] when a page has more edits than memory can name.
    pub fn restore(&self, version: u64, edits: &Edits) -> Result<(), OverlayError> {
        let mut w = self.lock();
        let replaced = w.deltas.apply(edits, version).map_err(|page| OverlayError::PageFull { page })?;
        w.applied = w.applied.max(version);
        if replaced {
            self.replace_deltas(&w);
        }
        self.published.publish(version);
        Ok(())
    }

    /// Says that no commit will come for versions up to this one: what stands now stands for them too.
    pub fn advance(&self, version: u64) {
        let mut w = self.lock();
        w.applied = w.applied.max(version);
        self.published.publish(version);
    }

    /// From now on commits are journalled here. Once only; a second journal is dropped.
    pub fn attach(&self, journal: Journal) {
        // Under the lock, so that no commit falls between.
        let _w = self.lock();
        let _ = self.journal.set(journal);
    }

    /// The journal, if there is one.
    #[must_use]
    pub fn journal(&self) -> Option<&Journal> {
        self.journal.get()
    }

    fn lock(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest version. Takes a few nanoseconds, whatever the overlay holds.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot<B> {
        let (state, version) = self.published.snapshot();
        Snapshot { state, version }
    }

    /// An older version, if memory still holds it; `None` if the base has moved beyond, or it was never made.
    #[must_use]
    pub fn snapshot_at(&self, version: u64) -> Option<Snapshot<B>> {
        let (state, newest) = self.published.snapshot();
        (state.base_version..=newest).contains(&version).then_some(Snapshot { state, version })
    }

    /// Newest version that readers see.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.published.snapshot().1
    }

    /// Bytes of memory that edits hold.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.meter.bytes()
    }

    /// Bytes of memory that edits may hold.
    #[must_use]
    pub fn budget(&self) -> usize {
        self.budget.load(Relaxed)
    }

    /// Sets the bytes of memory that edits may hold.
    pub fn set_budget(&self, bytes: usize) {
        self.budget.store(bytes, Relaxed);
    }

    /// What it holds and has done. Walks over all pages with edits.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let s = self.snapshot();
        let pages = s.pages();
        Stats {
            version: s.version,
            base_version: s.state.base_version,
            edits: pages.iter().map(|p| p.edits).sum(),
            pages: pages.len() as u64,
            bytes: self.bytes() as u64,
            budget: self.budget() as u64,
            commits: self.commits.load(Relaxed),
            cells: self.cells.load(Relaxed),
            folds: self.folds.load(Relaxed),
            waits: self.waits.load(Relaxed),
        }
    }

    /// Counts a commit that had to wait for room.
    pub fn waited(&self) {
        self.waits.fetch_add(1, Relaxed);
    }

    /// Sets one voxel, as a transaction of its own: the shortest way in. Returns the version it made.
    ///
    /// # Errors
    /// As [`Overlay::commit`].
    pub fn put(
        &self,
        pos: Pos,
        material: MaterialId,
        durability: Durability,
        origin: &str,
    ) -> Result<u64, OverlayError> {
        let (page, sub) = voxel(pos);
        let w = self.lock();
        self.finish(w, Change::Voxel(page, sub, material), 1, durability, (origin, ""), |_| ())
    }

    /// Commits a transaction and returns the version it made; the newest version, unchanged, if it is empty.
    /// `read` tells what a voxel holds now, for transactions that expect something.
    ///
    /// # Errors
    /// [`EditError::Conflicts`] when voxels do not hold what was expected, [`EditError::TooLarge`] when it would
    /// not fit into an empty overlay, [`OverlayError::Full`] when something must be folded first,
    /// [`OverlayError::Journal`] when it could not be written; nothing is changed then.
    pub fn commit<E: From<OverlayError>>(
        &self,
        transaction: &Transaction,
        read: impl Fn(&Snapshot<B>, Pos) -> Result<MaterialId, E>,
    ) -> Result<u64, E> {
        self.commit_edits(transaction, &transaction.edits(), read)
    }

    /// As [`Overlay::commit`], for those who have the transaction's normal form at hand.
    ///
    /// # Errors
    /// As there.
    pub fn commit_edits<E: From<OverlayError>>(
        &self,
        transaction: &Transaction,
        edits: &Edits,
        read: impl Fn(&Snapshot<B>, Pos) -> Result<MaterialId, E>,
    ) -> Result<u64, E> {
        self.commit_annexed(transaction, edits, &[], read, |_| ())
    }

    /// As [`Overlay::commit_edits`], with bytes that mean nothing here and travel along in the journal: whoever
    /// keeps something else in step with the edits puts its changes there, and gets them back from
    /// [`Record::annex`](crate::journal::Record::annex). `taken` is told the version the commit makes, once the journal has it and
    /// before any reader can see it; others that commit wait meanwhile. A commit that fails after that has poisoned
    /// the journal: its version never becomes visible.
    ///
    /// # Errors
    /// As [`Overlay::commit`].
    pub fn commit_annexed<E: From<OverlayError>>(
        &self,
        transaction: &Transaction,
        edits: &Edits,
        annex: &[u8],
        read: impl Fn(&Snapshot<B>, Pos) -> Result<MaterialId, E>,
        taken: impl FnOnce(u64),
    ) -> Result<u64, E> {
        let nothing = edits.is_empty() && annex.is_empty();
        if nothing && transaction.expectations().is_empty() {
            return Ok(self.version());
        }
        let pieces = pieces(edits);
        let w = self.lock();
        if !transaction.expectations().is_empty() {
            // Everything applied counts, what is not yet on the disk included: it is before us in order.
            let (state, _) = self.published.snapshot();
            let now = Snapshot { state, version: w.applied };
            let mut conflicts = Vec::new();
            for e in transaction.expectations() {
                let found = read(&now, e.pos)?;
                if found != e.material {
                    conflicts.push(Conflict { pos: e.pos, expected: e.material, found });
                }
            }
            if !conflicts.is_empty() {
                return Err(OverlayError::from(EditError::Conflicts(conflicts)).into());
            }
            if nothing {
                return Ok(w.applied);
            }
        }
        let from = (transaction.origin(), transaction.text());
        Ok(self.finish(w, Change::Edits(edits, annex), pieces, transaction.when(), from, taken)?)
    }

    fn admit(&self, w: &Writer, change: &Change<'_>, pieces: usize) -> Result<(), OverlayError> {
        let (needs, budget) = (pieces.saturating_mul(BYTES_PER_EDIT), self.budget());
        if needs > budget {
            return Err(EditError::TooLarge { bytes: needs, budget }.into());
        }
        let held = self.bytes();
        // Far from the limit nobody counts what tables may have to grow.
        let needs = if held < budget / 8 {
            needs
        } else {
            needs
                + match change {
                    Change::Voxel(page, ..) => w.deltas.growth_for(*page),
                    Change::Edits(edits, _) => w.deltas.growth(edits),
                }
        };
        if held + needs > budget || w.deltas.fullest() as usize + pieces > MAX_ENTRIES as usize {
            return Err(OverlayError::Full { bytes: held, budget });
        }
        Ok(())
    }

    fn finish(
        &self,
        mut w: MutexGuard<'_, Writer>,
        change: Change<'_>,
        pieces: usize,
        durability: Durability,
        (origin, note): (&str, &str),
        taken: impl FnOnce(u64),
    ) -> Result<u64, OverlayError> {
        self.admit(&w, &change, pieces)?;
        if let Change::Voxel(page, sub, _) = change {
            w.deltas.touch(page, sub);
        }
        // The number of a commit that may be on the disk is not used again: one of the two would be lost.
        let seq = w.applied + 1 + u64::from(w.doubt);
        let mut lsn = None;
        if let Some(journal) = self.journal.get() {
            let payload = &mut w.payload;
            payload.clear();
            match change {
                Change::Voxel(page, sub, material) => encode_cell(page, sub, material, payload),
                Change::Edits(edits, annex) => encode_with(edits, annex, payload),
            }
            lsn = Some(journal.append(&Head { seq, time_ms: now_ms(), origin, note }, payload)?);
        }
        let (applied, cells) = match change {
            Change::Voxel(page, sub, material) => (w.deltas.put(page, sub, 0, material, seq), 1),
            Change::Edits(edits, _) => (w.deltas.apply(edits, seq), edits.cells()),
        };
        // The journal has the record, so its number is taken, whatever comes. `admit` has made sure that no page is
        // too full.
        (w.applied, w.doubt) = (seq, false);
        taken(seq);
        let replaced = applied.map_err(|page| OverlayError::PageFull { page })?;
        if replaced {
            self.replace_deltas(&w);
        }
        self.commits.fetch_add(1, Relaxed);
        self.cells.fetch_add(cells, Relaxed);
        if let (Some(lsn), Durability::Group | Durability::Sync) = (lsn, durability) {
            w.pending = Some((seq, lsn));
        }
        // Nobody sees this version before those that come before it may be seen.
        let wait = w.pending.filter(|&(pending, _)| pending > self.published.version());
        drop(w);
        if let (Some(journal), Some((_, lsn))) = (self.journal.get(), wait) {
            journal.wait(lsn)?;
        }
        self.published.publish(seq);
        Ok(seq)
    }

    /// Publishes tables that had to grow.
    fn replace_deltas(&self, w: &Writer) {
        let (old, _) = self.published.snapshot();
        let state =
            State { base: old.base.clone(), base_version: old.base_version, deltas: w.deltas.clone() };
        self.published.replace(Arc::new(state));
    }

    /// Puts a base in place that holds the edits of `folded` pages up to `version`, and gives their memory back,
    /// shard by shard, so that commits never wait for all of it.
    pub fn rebase(&self, base: Arc<B>, version: u64, folded: &dyn Fn(PageId) -> bool) {
        {
            let w = self.lock();
            let state = State { base: base.clone(), base_version: version, deltas: w.deltas.clone() };
            self.published.replace(Arc::new(state));
        }
        for shard in 0..SHARDS {
            let mut w = self.lock();
            let without = w.deltas.without(shard, &|page| folded(page).then_some(version));
            if let Some(deltas) = without {
                w.deltas = deltas;
                self.replace_deltas(&w);
            }
        }
        self.folds.fetch_add(1, Relaxed);
    }

    /// Stops commits for as long as the guard is held, with everything committed so far on the disk and visible.
    ///
    /// # Errors
    /// [`OverlayError::Journal`] when the journal cannot be written.
    pub fn pause(&self) -> Result<Paused<'_, B>, OverlayError> {
        let mut w = self.lock();
        if let Some(journal) = self.journal.get() {
            // Those too that asked for memory only: pages must not hold what the journal may lose. And if this
            // fails, nobody may see what was never acknowledged, however often it is tried.
            journal.wait(journal.end())?;
            w.pending = None;
        }
        self.published.publish(w.applied);
        Ok(Paused { overlay: self, writer: w })
    }

    /// Waits until everything committed so far is on the disk.
    ///
    /// # Errors
    /// [`OverlayError::Journal`] when the journal cannot be written.
    pub fn sync(&self) -> Result<(), OverlayError> {
        if let Some(journal) = self.journal.get() {
            journal.wait(journal.end())?;
        }
        Ok(())
    }
}

/// An overlay whose commits wait.
pub struct Paused<'a, B> {
    overlay: &'a Overlay<B>,
    writer: MutexGuard<'a, Writer>,
}

impl<B> Paused<'_, B> {
    /// Everything committed so far.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot<B> {
        self.overlay.snapshot()
    }

    /// The version after the newest.
    #[must_use]
    pub fn next_version(&self) -> u64 {
        self.writer.applied + 1
    }

    /// Says that a commit of pages as the next version failed, and may be on the disk all the same.
    pub fn doubt(&mut self) {
        self.writer.doubt = true;
    }

    /// Puts a base in place that stands for `version` and holds everything: no edits are over it.
    pub fn replace(&mut self, base: Arc<B>, version: u64) {
        self.writer.deltas = Deltas::new(&self.overlay.meter);
        // A store that takes another commit has not taken the one that failed.
        self.writer.doubt &= version == self.writer.applied;
        self.writer.applied = version;
        let deltas = self.writer.deltas.clone();
        let state = State { base, base_version: version, deltas };
        self.overlay.published.replace(Arc::new(state));
        self.overlay.published.publish(version);
    }
}

/// Cubes and boxes that edits take in memory.
fn pieces(edits: &Edits) -> usize {
    let run = |from: u32, to: u32| if to - from == 1 { 1 } else { cubes(from, to).count() };
    edits.boxes.len() + edits.runs.iter().map(|r| run(r.from, r.to)).sum::<usize>()
}

/// Milliseconds since 1970, as the log of commits has them.
#[must_use]
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
