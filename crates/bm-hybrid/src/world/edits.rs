//! Commits of edits, and the log of all commits.

use super::records::{Ground, LogEntry, to_json};
use super::{Inner, World};
use crate::error::WorldError;
use bm_core::{MaterialId, MaterialRegistry, Pos};
use bm_overlay::journal::{self, Journal, JournalError};
use bm_overlay::{Durability, EditError, Edits, OverlayError, Snapshot, Transaction};
use bm_store::Batch;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// What a commit of edits came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Committed {
    /// Version it made; the newest version, unchanged, if it had nothing to change.
    pub version: u64,
    /// Cells written, each in cells of its own level.
    pub cells: u64,
}

/// What the overlay of a world holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OverlayStats {
    /// Edits (cubes and boxes) that no page holds yet, repeats included.
    pub edits: u64,
    /// Pages they lie in.
    pub pages: u64,
    /// Bytes of memory they take.
    pub bytes: u64,
    /// Bytes of memory they may take.
    pub budget: u64,
    /// Newest version.
    pub version: u64,
    /// Version the pages stand for.
    pub folded_version: u64,
    /// Oldest version that can be read.
    pub oldest_version: u64,
    /// Transactions since the world was opened.
    pub commits: u64,
    /// Cells they wrote.
    pub cells: u64,
    /// Times that edits were folded into pages since it was opened.
    pub folds: u64,
    /// Commits that waited for room.
    pub waits: u64,
    /// Bytes of the journal.
    pub journal_bytes: u64,
    /// Files of the journal.
    pub journal_segments: u64,
    /// Transactions in the journal.
    pub journal_records: u64,
    /// Syncs since the world was opened.
    pub syncs: u64,
    /// Bytes of transactions that a crash had cut short, when the world was opened: none of them was acknowledged.
    pub torn_bytes: u64,
}

/// Which materials there are, a bit each: asked at every edit.
pub(super) struct Known(Box<[AtomicU64]>);

impl Default for Known {
    fn default() -> Self {
        Self(std::iter::repeat_with(AtomicU64::default).take(1 << 10).collect())
    }
}

impl Known {
    pub(super) fn learn(&self, registry: &MaterialRegistry) {
        // Unset is no material, but it may be written: it clears.
        let ids = registry.all().iter().map(|m| m.id).chain([MaterialId::UNSET]);
        for id in ids {
            self.0[usize::from(id.0) / 64].fetch_or(1 << (id.0 % 64), Relaxed);
        }
    }

    #[inline]
    pub(super) fn check(&self, id: MaterialId) -> Result<(), OverlayError> {
        if self.0[usize::from(id.0) / 64].load(Relaxed) >> (id.0 % 64) & 1 == 1 {
            return Ok(());
        }
        Err(EditError::UnknownMaterial(id).into())
    }

    pub(super) fn check_all(&self, edits: &Edits) -> Result<(), OverlayError> {
        edits.boxes.iter().try_for_each(|b| self.check(b.material))?;
        edits.runs.iter().try_for_each(|r| self.check(r.material))
    }
}

impl World {
    /// Commits a transaction: one new version, whole, as durable as it asks for. When memory for edits is full it
    /// waits until some have been folded into pages.
    ///
    /// # Errors
    /// [`WorldError::Overlay`]: unknown materials, expectations that do not hold (with the conflicts), too large for
    /// the budget, a journal that cannot be written. Nothing is changed then.
    pub fn edit(&self, transaction: &Transaction) -> Result<Committed, WorldError> {
        let edits = transaction.edits();
        self.inner.check_materials(&edits, transaction)?;
        let cells = edits.cells();
        self.inner.ready()?;
        let read = |snapshot: &Snapshot<Ground>, pos| self.inner.material_at(snapshot, pos);
        let version = self.make_room(|| self.inner.overlay.commit_edits(transaction, &edits, read))?;
        self.look();
        Ok(Committed { version, cells })
    }

    /// Sets one voxel, as a commit of its own: the shortest way in. Returns the version it made.
    ///
    /// # Errors
    /// As [`World::edit`].
    pub fn put(
        &self,
        pos: Pos,
        material: MaterialId,
        durability: Durability,
        origin: &str,
    ) -> Result<u64, WorldError> {
        self.inner.known.check(material)?;
        self.inner.ready()?;
        let version = self.make_room(|| Ok(self.inner.overlay.put(pos, material, durability, origin)?))?;
        self.look();
        Ok(version)
    }

    /// Lets the background fold if there is much.
    #[inline]
    pub(super) fn look(&self) {
        self.folder.look(&self.inner);
    }

    /// Tries a commit, and makes room for it as long as that helps.
    pub(super) fn make_room(&self, commit: impl Fn() -> Result<u64, WorldError>) -> Result<u64, WorldError> {
        let mut tries = 0;
        loop {
            match commit() {
                Err(e) if is_full(&e) && tries < TRIES => {
                    self.inner.overlay.waited();
                    self.inner.relieve(tries)?;
                    // Others may have been quicker to take the room: a large commit stands back until they pause.
                    if tries > 2 {
                        std::thread::sleep(Duration::from_millis(u64::from(tries)));
                    }
                    tries += 1;
                }
                other => return other,
            }
        }
    }

    /// Waits until every commit so far is on the disk, those included that asked for memory only.
    ///
    /// # Errors
    /// [`WorldError::Overlay`] when the journal cannot be written.
    pub fn sync(&self) -> Result<(), WorldError> {
        Ok(self.inner.overlay.sync()?)
    }

    /// Bytes of memory that edits may take: beyond, commits wait for a fold.
    pub fn set_budget(&self, bytes: usize) {
        self.inner.overlay.set_budget(bytes);
    }

    /// What the overlay holds. Walks over all pages with edits.
    #[must_use]
    pub fn overlay(&self) -> OverlayStats {
        let o = &self.inner.overlay;
        let stats = o.stats();
        let journal = o.journal().map(Journal::stats).unwrap_or_default();
        let snapshot = o.snapshot();
        OverlayStats {
            edits: stats.edits,
            pages: stats.pages,
            bytes: stats.bytes,
            budget: stats.budget,
            version: stats.version,
            folded_version: snapshot.base().head.version,
            oldest_version: snapshot.base().head.oldest(),
            commits: stats.commits,
            cells: stats.cells,
            folds: stats.folds,
            waits: stats.waits,
            journal_bytes: journal.bytes,
            journal_segments: journal.segments,
            journal_records: journal.records,
            syncs: journal.syncs,
            torn_bytes: self.inner.torn.load(Relaxed),
        }
    }

    /// Commits, oldest first: all those of pages, and those of edits that the journal still has.
    ///
    /// # Errors
    /// [`WorldError::Overlay`] when the journal cannot be read.
    pub fn log(&self) -> Result<Vec<LogEntry>, WorldError> {
        self.log_since(0)
    }

    /// As [`World::log`], from a version on.
    ///
    /// # Errors
    /// As there.
    pub fn log_since(&self, version: u64) -> Result<Vec<LogEntry>, WorldError> {
        let snapshot = self.inner.overlay.snapshot();
        let pages = snapshot.base().log.iter().filter(|e| e.version >= version).cloned();
        let mut all: Vec<LogEntry> = pages.collect();
        if let Some(journal) = self.inner.overlay.journal() {
            let first = journal.first_seq().max(version);
            let mut read = |e: journal::LogEntry<'_>| -> Result<(), JournalError> {
                all.push(LogEntry {
                    version: e.head.seq,
                    time_ms: e.head.time_ms,
                    origin: e.head.origin.into(),
                    what: if e.head.note.is_empty() { "edit".into() } else { e.head.note.into() },
                    pages: 0,
                    cells: e.cells,
                    bounds: e.bounds.map(|b| (b.min, b.max)),
                });
                Ok(())
            };
            journal.log(first..snapshot.version() + 1, &mut read).map_err(OverlayError::from)?;
        }
        all.sort_by_key(|e| e.version);
        Ok(all)
    }
}

/// How often a commit that finds no room folds what there is.
const TRIES: u32 = 32;

fn is_full(e: &WorldError) -> bool {
    matches!(e, WorldError::Overlay(OverlayError::Full { .. }))
}

impl Inner {
    /// Makes the world's first commit, or its journal, when an edit is the first to need it.
    #[inline]
    pub(super) fn ready(&self) -> Result<(), WorldError> {
        if self.media.is_none() || self.overlay.journal().is_some() {
            return Ok(());
        }
        self.begin_journal()
    }

    #[cold]
    fn begin_journal(&self) -> Result<(), WorldError> {
        let Some(media) = &self.media else { return Ok(()) };
        if self.read_only {
            return Err(WorldError::Data {
                what: "edit",
                detail: "the world was opened for reading only".into(),
            });
        }
        self.begin()?;
        let _one_at_a_time = self.write_lock();
        if self.overlay.journal().is_some() {
            return Ok(());
        }
        let media = self.writable(media)?;
        // Whether a commit that failed is on the disk nobody knows: if it is, it names the journal it was made for.
        let mut unnamed = self.unnamed.lock().unwrap_or_else(PoisonError::into_inner);
        let (id, journal) = match unnamed.take() {
            Some(begun) => begun,
            None => {
                let (id, first) = (random(), self.overlay.version() + 1);
                match Journal::create(media.clone(), id, first, journal::Options::default()) {
                    Err(JournalError::Exists) => return Err(WorldError::StrayJournal(self.name())),
                    other => (id, other.map_err(OverlayError::from)?),
                }
            }
        };
        // The journal first: a head that names one which is not there would be a lost journal.
        let mut head = self.overlay.snapshot().base().head.clone();
        head.journal = Some(id);
        let mut batch = Batch::new();
        batch.put_meta(super::records::HEAD, to_json(&head)?);
        let version = head.version;
        let ground = match self.store_commit(batch, &mut head, false) {
            Ok(ground) => ground,
            Err(e) => {
                *unnamed = Some((id, journal));
                return Err(e);
            }
        };
        let snapshot = self.overlay.snapshot();
        debug_assert_eq!(snapshot.base().head.version, version);
        self.overlay.rebase(ground.into(), version, &|_| false);
        self.overlay.attach(journal);
        Ok(())
    }
}

/// A number that no other world has.
fn random() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    // Seeded by the system for each process, then mixed with the time.
    let mut hasher = std::collections::hash_map::RandomState::new().build_hasher();
    hasher.write_u64(bm_overlay::now_ms());
    hasher.finish() | 1
}
