//! Edits into pages: at once, in the background, and the room they leave.

use super::pages::put_pages;
use super::records::Ground;
use super::retention::Retention;
use super::{Inner, World};
use crate::error::WorldError;
use bm_core::PageId;
use bm_octree::Draft;
use bm_overlay::fold::{choose, fold_into};
use bm_overlay::{Folded, OverlayError, Snapshot, Strategy, StrategyKind, now_ms};
use bm_store::Batch;
use crossbeam::channel::{Receiver, Sender, bounded};
use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

/// What a fold did.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct FoldReport {
    /// Pages whose edits were folded.
    pub pages: u64,
    /// Edits taken, repeats included.
    pub edits: u64,
    /// Cells they came to, each in cells of its own level.
    pub cells: u64,
    /// Pages written to the store, those above the edited ones included.
    pub pages_written: u64,
    /// Pages removed from the store.
    pub pages_removed: u64,
    /// Bytes of the pages written.
    pub bytes_written: u64,
    /// Bytes of memory given back.
    pub bytes_freed: u64,
    /// Version the pages stand for now.
    pub version: u64,
    /// Seconds it took.
    pub seconds: f64,
}

impl World {
    /// Folds edits into pages as a strategy chooses, at least half of the memory they take ([`StrategyKind::All`]:
    /// all of them). The world says the same afterwards. `progress` hears of pages done and pages in all, from any
    /// thread.
    ///
    /// # Errors
    /// [`WorldError`] of the tree and the store; the edits then stay where they were.
    pub fn consolidate(
        &self,
        kind: StrategyKind,
        progress: &(dyn Fn(u64, u64) + Sync),
    ) -> Result<FoldReport, WorldError> {
        let much = if kind == StrategyKind::All { Much::ALL } else { Much::Share(0.5) };
        self.inner.fold(kind.strategy().as_ref(), much, 0, progress)
    }

    /// Folds as much as a strategy of one's own chooses, so many bytes of [`bm_overlay::PageSummary`] at least.
    ///
    /// # Errors
    /// As [`World::consolidate`].
    pub fn consolidate_by(
        &self,
        strategy: &dyn Strategy,
        bytes: u64,
        progress: &(dyn Fn(u64, u64) + Sync),
    ) -> Result<FoldReport, WorldError> {
        self.inner.fold(strategy, Much::Bytes(bytes), 0, progress)
    }

    /// Sets by what strategy and how full the background folds: it begins above `high` and ends below `low`, both
    /// as shares of the budget. The default is `Spatial`, 0.5 and 0.25.
    pub fn set_folding(&self, kind: StrategyKind, low: f64, high: f64) {
        self.folder.set(kind, low, high);
    }

    /// How long old versions can be read.
    #[must_use]
    pub fn retention(&self) -> Retention {
        self.inner.overlay.snapshot().base().head.retention
    }

    /// Sets how long old versions can be read; what no version needs any more goes with the next fold or commit of
    /// pages, or with [`World::compact`].
    ///
    /// # Errors
    /// [`WorldError`] of the store.
    pub fn set_retention(&self, retention: Retention) -> Result<(), WorldError> {
        let inner = &self.inner;
        inner.begin()?;
        let _one_at_a_time = inner.write_lock();
        let snapshot = inner.overlay.snapshot();
        let mut head = snapshot.base().head.clone();
        head.retention = retention;
        head.retire(snapshot.version(), now_ms());
        let version = head.version;
        let ground = inner.store_commit(Batch::new(), &mut head, false)?;
        inner.overlay.rebase(ground.into(), version, &|_| false);
        inner.history.forget();
        inner.retire_journal(&head);
        Ok(())
    }

    /// Folds every edit, lets go of what no version needs any more, and gives the room back to the disk; returns the
    /// bytes the world takes now. Done once after a large ingest, it halves the file.
    ///
    /// # Errors
    /// [`WorldError::Store`]; views that are still held stand in the way ([`StoreError::SnapshotsOpen`]).
    ///
    /// [`StoreError::SnapshotsOpen`]: bm_store::StoreError::SnapshotsOpen
    pub fn compact(&mut self) -> Result<u64, WorldError> {
        self.inner.fold(StrategyKind::All.strategy().as_ref(), Much::ALL, 0, &|_, _| ())?;
        // The journal's last file can only go when another one follows.
        if let Some(journal) = self.inner.overlay.journal() {
            journal.begin_segment(self.inner.overlay.version() + 1, now_ms()).map_err(OverlayError::from)?;
        }
        // Also applies the retention as it is now.
        self.set_retention(self.retention())?;
        let inner = &self.inner;
        let _one_at_a_time = inner.write_lock();
        let mut paused = inner.overlay.pause()?;
        let version = paused.snapshot().version();
        inner.shadows.forget();
        // The newest base holds a snapshot of the store: a blank one stands in while nobody can look.
        paused.replace(Arc::new(Ground::blank(&inner.context)?), version);
        let compacted = inner.store.compact();
        let ground = Ground::read(inner.store.snapshot()?, &inner.context, &inner.areas)?;
        paused.replace(Arc::new(ground), version);
        compacted?;
        drop(paused);
        inner.sweep_areas()?;
        let journal = inner.overlay.journal().map_or(0, |j| j.stats().file_bytes);
        Ok(inner.store.stats()?.stored_bytes + journal + inner.areas.bytes())
    }
}

impl Inner {
    pub(super) fn fold(
        &self,
        strategy: &dyn Strategy,
        much: Much,
        threads: usize,
        progress: &(dyn Fn(u64, u64) + Sync),
    ) -> Result<FoldReport, WorldError> {
        let _one_at_a_time = self.write_lock();
        let start = Instant::now();
        let snapshot = self.overlay.snapshot();
        let pending = self.boundaries.pending(snapshot.base().head.version).is_some();
        if snapshot.is_bare() && !pending {
            return Ok(FoldReport { version: snapshot.version(), ..FoldReport::default() });
        }
        // What the pages will say must not be lost from the journal only.
        self.overlay.sync()?;
        let before = self.overlay.bytes();
        let (ground, pages, mut report) = self.fold_pages(&snapshot, strategy, much, threads, progress)?;
        let head = ground.head.clone();
        let folded: HashSet<PageId> = pages.into_iter().collect();
        self.overlay.rebase(ground.into(), snapshot.version(), &|page| folded.contains(&page));
        self.boundaries.forget_before(snapshot.version());
        drop(snapshot);
        self.retire_journal(&head);
        report.bytes_freed = before.saturating_sub(self.overlay.bytes()) as u64;
        report.seconds = start.elapsed().as_secs_f64();
        Ok(report)
    }

    /// Folds edits of a snapshot into pages and commits them to the store, as the same version.
    pub(super) fn fold_pages(
        &self,
        snapshot: &Snapshot<Ground>,
        strategy: &dyn Strategy,
        much: Much,
        threads: usize,
        progress: &(dyn Fn(u64, u64) + Sync),
    ) -> Result<(Ground, Vec<PageId>, FoldReport), WorldError> {
        let bytes = match much {
            Much::Bytes(bytes) => bytes,
            Much::Share(share) => {
                let all: u64 = snapshot.pages().iter().map(|p| p.bytes).sum();
                (all as f64 * share).ceil() as u64
            }
        };
        let pages = if bytes == 0 { Vec::new() } else { choose(snapshot, strategy, bytes) };
        let old = snapshot.base();
        let mut draft = Draft::of(&old.tree);
        draft.on_progress(progress).threads(threads);
        // An edit wins over boundaries even where it says what the pages say.
        let boundaries = self.boundaries.at(snapshot.version());
        draft.keep_said(boundaries.is_some_and(|b| b.iter().any(|b| b.transition.is_some())));
        let Folded { pages: n, edits, cells, .. } = fold_into(&mut draft, snapshot, &pages, threads)?;
        let commit = draft.finish()?;
        let report = FoldReport {
            pages: n,
            edits,
            cells,
            pages_written: commit.pages.len() as u64,
            pages_removed: commit.removed.len() as u64,
            bytes_written: commit.pages.iter().map(|(_, b)| b.len() as u64).sum(),
            version: snapshot.version(),
            ..FoldReport::default()
        };
        let mut head = old.head.clone();
        head.root_crc = commit.root_crc;
        let moves = head.version != snapshot.version();
        head.version = snapshot.version();
        let staying: HashSet<PageId> = pages.iter().copied().collect();
        let left = snapshot.pages().into_iter().filter(|p| !staying.contains(&p.page));
        head.unfolded = left.map(|p| p.first).min().unwrap_or(u64::MAX).min(head.version + 1);
        let mut batch = Batch::new();
        put_pages(&mut batch, commit);
        let ground = self.store_commit(batch, &mut head, moves)?;
        Ok((ground, pages, report))
    }

    /// Makes room for a commit: first what the strategy would take, then everything.
    pub(super) fn relieve(&self, tries: u32) -> Result<(), WorldError> {
        let (kind, much) = match tries {
            0 => (StrategyKind::Spatial, Much::Share(0.5)),
            _ => (StrategyKind::All, Much::ALL),
        };
        self.fold(kind.strategy().as_ref(), much, 0, &|_, _| ())?;
        Ok(())
    }
}

/// How much a fold has to free.
#[derive(Clone, Copy)]
pub(super) enum Much {
    /// So many bytes of the pages' edits.
    Bytes(u64),
    /// This share of all of them.
    Share(f64),
}

impl Much {
    pub(super) const ALL: Self = Self::Bytes(u64::MAX);
    pub(super) const NONE: Self = Self::Bytes(0);
}

/// The thread that folds in the background.
#[derive(Default)]
pub(super) struct Folder {
    settings: Mutex<Option<Settings>>,
    /// One more than the high mark in 1/256 of the budget; 0 while nobody has said one.
    high: AtomicUsize,
    thread: std::sync::OnceLock<Running>,
}

#[derive(Clone, Copy)]
struct Settings {
    kind: StrategyKind,
    low: f64,
    high: f64,
}

const USUAL: Settings = Settings { kind: StrategyKind::Spatial, low: 0.25, high: 0.5 };

struct Running {
    wake: Option<Sender<Settings>>,
    thread: Option<JoinHandle<()>>,
}

impl Folder {
    fn settings(&self) -> Settings {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner).unwrap_or(USUAL)
    }

    fn set(&self, kind: StrategyKind, low: f64, high: f64) {
        let settings = Settings { kind, low: low.clamp(0.0, 1.0), high: high.clamp(0.0, 1.0) };
        self.high.store((settings.high * 256.0) as usize + 1, Relaxed);
        *self.settings.lock().unwrap_or_else(PoisonError::into_inner) = Some(settings);
    }

    /// Looks after a commit whether the background has to work.
    #[inline]
    pub(super) fn look(&self, inner: &Arc<Inner>) {
        // A few loads; the mark is kept in 1/256 of the budget, the usual one as zero.
        let high = match self.high.load(Relaxed) {
            0 => 128,
            high => high - 1,
        };
        if inner.overlay.bytes() / high.max(1) >= inner.overlay.budget() / 256 {
            self.wake(inner);
        }
    }

    #[cold]
    fn wake(&self, inner: &Arc<Inner>) {
        let settings = self.settings();
        if (inner.overlay.bytes() as f64) < settings.high * inner.overlay.budget() as f64 {
            return;
        }
        let running = self.thread.get_or_init(|| {
            // One message is enough: the thread looks for itself how much there is.
            let (wake, woken) = bounded(1);
            let inner = inner.clone();
            let run = std::thread::Builder::new()
                .name("bm-fold".into())
                .spawn(move || fold_all_day(&inner, &woken));
            Running { wake: Some(wake), thread: run.ok() }
        });
        if let Some(wake) = &running.wake {
            let _busy_already = wake.try_send(settings);
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Some(mut running) = self.thread.take() {
            running.wake = None;
            if let Some(thread) = running.thread.take() {
                let _its_work_is_done = thread.join();
            }
        }
    }
}

fn fold_all_day(inner: &Inner, woken: &Receiver<Settings>) {
    // Half of the machine stays with those who read and write meanwhile.
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get().div_ceil(2));
    while let Ok(settings) = woken.recv() {
        let low = settings.low * inner.overlay.budget() as f64;
        let strategy = settings.kind.strategy();
        let held = inner.overlay.bytes() as f64;
        if held > low {
            // A failure leaves the edits where they are. The writer that finds no room folds itself and is told.
            let share = Much::Share(1.0 - low / held);
            let _told_to_the_writer = inner.fold(strategy.as_ref(), share, threads, &|_, _| ());
        }
    }
}
