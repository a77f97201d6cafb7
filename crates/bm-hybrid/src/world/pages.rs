//! Commits of pages: ingests, materials, and what every commit to the store has in common.

use super::fold::Much;
use super::records::{BaseRef, Ground, HEAD, Head, LOG, LogEntry, MATERIALS, blank, root_body, to_json};
use super::{Inner, World};
use crate::error::WorldError;
use crate::view::View;
use bm_core::{Material, MaterialRegistry, PageId};
use bm_octree::{Commit, Draft};
use bm_overlay::{Paused, StrategyKind, TreeBase, now_ms};
use bm_store::{Batch, StoreError};
use bm_vector::set::Change;
use std::sync::Arc;

/// Who makes commits of pages.
const ORIGIN: &str = "bm";

impl World {
    /// Changes the pages of the world: `change` fills a draft of the newest version, and the result becomes one
    /// commit. Edits made so far are folded into pages first; those that come meanwhile wait. Returns the new
    /// version.
    ///
    /// # Errors
    /// Whatever `change` returns, and [`WorldError`] of the tree and the store; the world is then unchanged.
    pub fn commit(
        &self,
        what: &str,
        change: impl FnOnce(&View, &mut Draft<'_>) -> Result<(), WorldError>,
    ) -> Result<u64, WorldError> {
        self.commit_with(what, &|_, _| (), change)
    }

    /// [`World::commit`], telling `encoded` how many pages of how many have been encoded (from any thread).
    pub(crate) fn commit_with(
        &self,
        what: &str,
        encoded: &(dyn Fn(u64, u64) + Sync),
        change: impl FnOnce(&View, &mut Draft<'_>) -> Result<(), WorldError>,
    ) -> Result<u64, WorldError> {
        self.commit_both(what, encoded, |view, draft| change(view, draft).map(|()| Vec::new()))
    }

    /// [`World::commit_with`], with changes of boundaries in the same version.
    pub(crate) fn commit_both(
        &self,
        what: &str,
        encoded: &(dyn Fn(u64, u64) + Sync),
        change: impl FnOnce(&View, &mut Draft<'_>) -> Result<Vec<Change>, WorldError>,
    ) -> Result<u64, WorldError> {
        let inner = &self.inner;
        let _one_at_a_time = inner.write_lock();
        // Before the pause, which whoever changes boundaries may be waiting for.
        let _no_other_change = inner.boundaries.one_at_a_time();
        let mut paused = inner.overlay.pause()?;
        inner.fold_paused(&mut paused)?;
        let view = inner.view();
        let mut draft = Draft::of(view.tree());
        draft.on_progress(encoded);
        if view.version() == 0 {
            // The first commit of a new file carries the blank world along.
            draft.put(PageId::ROOT, root_body());
        }
        let changes = change(&view, &mut draft)?;
        let commit = draft.finish()?;
        let version = paused.next_version();
        inner.boundaries.next(version, &changes)?;
        let done = inner.commit_pages(&mut paused, commit, what);
        if done.is_err() {
            inner.boundaries.take_back(version);
        }
        done
    }

    /// Adds a material to the world's registry, as a commit.
    ///
    /// # Errors
    /// [`WorldError::Data`] when its id or name is taken.
    pub fn add_material(&self, material: Material) -> Result<u64, WorldError> {
        let inner = &self.inner;
        inner.begin()?;
        let _one_at_a_time = inner.write_lock();
        let mut paused = inner.overlay.pause()?;
        let snapshot = paused.snapshot();
        let mut registry = snapshot.base().materials.clone();
        let what = format!("add material {}", material.name);
        registry.add(material).map_err(|e| WorldError::Data { what: "material", detail: e.to_string() })?;
        inner.fold_paused(&mut paused)?;
        let mut batch = Batch::new();
        batch.put_meta(MATERIALS, to_json(registry.all())?);
        let version = inner.finish(&mut paused, batch, None, &what, 0)?;
        inner.known.learn(&registry);
        Ok(version)
    }
}

impl Inner {
    /// Makes the first commit of a new world, if it has none yet.
    pub(super) fn begin(&self) -> Result<(), WorldError> {
        if self.overlay.version() > 0 {
            return Ok(());
        }
        let _one_at_a_time = self.write_lock();
        if self.overlay.version() == 0 {
            let mut paused = self.overlay.pause()?;
            self.commit_pages(&mut paused, blank(&self.context)?, "create")?;
        }
        Ok(())
    }

    fn commit_pages(
        &self,
        paused: &mut Paused<'_, Ground>,
        commit: Commit,
        what: &str,
    ) -> Result<u64, WorldError> {
        let mut batch = Batch::new();
        let (pages, root_crc) = (commit.pages.len() as u64, commit.root_crc);
        put_pages(&mut batch, commit);
        self.finish(paused, batch, Some(root_crc), what, pages)
    }

    /// Commits pages or records as a version of their own.
    pub(super) fn finish(
        &self,
        paused: &mut Paused<'_, Ground>,
        mut batch: Batch,
        root_crc: Option<u32>,
        what: &str,
        pages: u64,
    ) -> Result<u64, WorldError> {
        let snapshot = paused.snapshot();
        let old = snapshot.base();
        let version = paused.next_version();
        let mut log = old.log.clone();
        let (origin, what) = (ORIGIN.into(), what.into());
        log.push(LogEntry { version, time_ms: now_ms(), origin, what, pages, cells: 0, bounds: None });
        batch.put_meta(LOG, to_json(&log)?);
        let mut head = if old.head.version == 0 {
            batch.put_meta(MATERIALS, to_json(MaterialRegistry::standard().all())?);
            Head::first(old.head.root_crc)
        } else {
            old.head.clone()
        };
        head.root_crc = root_crc.unwrap_or(head.root_crc);
        head.version = version;
        head.unfolded = version + 1;
        let ground = match self.store_commit(batch, &mut head, true) {
            Ok(ground) => ground,
            Err(e) => {
                paused.doubt();
                return Err(e);
            }
        };
        paused.replace(Arc::new(ground), version);
        self.retire_journal(&head);
        Ok(version)
    }

    /// Commits to the store: the batch and the head, with the pages that it replaces kept as an older base if
    /// `moves` says that the pages' version changes. Returns what the store holds then.
    pub(super) fn store_commit(
        &self,
        mut batch: Batch,
        head: &mut Head,
        moves: bool,
    ) -> Result<Ground, WorldError> {
        let snapshot = self.overlay.snapshot();
        let old = snapshot.base();
        let now = now_ms();
        if moves && old.head.version > 0 {
            head.bases = old.head.bases.clone();
            let Head { version, unfolded, .. } = old.head;
            head.bases.push(BaseRef { version, store: old.store_version, unfolded, until_ms: now });
            head.retire(head.version, now);
        }
        let boundaries = self.put_boundaries(&mut batch, old.head.version, head.version)?;
        batch.put_meta(HEAD, to_json(head)?);
        batch.expect_version(old.store_version);
        batch.keep_history(!head.bases.is_empty());
        match self.store.commit(batch) {
            Err(StoreError::Conflict { expected, found }) => {
                return Err(WorldError::Changed { expected, found });
            }
            other => other?,
        };
        if let Some(oldest) = head.bases.first().map(|b| b.store)
            && self.store.oldest().is_ok_and(|o| o < oldest)
        {
            // The commit stands; room is for the next time.
            let _next_time = self.store.retire(oldest);
        }
        let ground = Ground::read_after(self.store.snapshot()?, &self.context, Some(&old.tree), boundaries)?;
        if old.keeps_said() {
            ground.is_bordered();
        }
        Ok(ground)
    }

    /// Removes what of the journal no version needs any more. It only takes room: a failure is for the next time.
    pub(super) fn retire_journal(&self, head: &Head) {
        if let Some(journal) = self.overlay.journal() {
            let _next_time = journal.retire(head.bases.first().map_or(head.unfolded, |b| b.unfolded));
        }
    }

    /// Folds everything while commits wait, so that the draft of a commit of pages starts from all there is.
    pub(super) fn fold_paused(&self, paused: &mut Paused<'_, Ground>) -> Result<(), WorldError> {
        let snapshot = paused.snapshot();
        if snapshot.is_bare() && self.boundaries.pending(snapshot.base().head.version).is_none() {
            return Ok(());
        }
        let strategy = StrategyKind::All.strategy();
        let (ground, ..) = self.fold_pages(&snapshot, strategy.as_ref(), Much::ALL, 0, &|_, _| ())?;
        paused.replace(Arc::new(ground), snapshot.version());
        Ok(())
    }
}

/// The pages of a commit, as the store takes them.
pub(super) fn put_pages(batch: &mut Batch, commit: Commit) {
    for (id, bytes) in commit.pages {
        batch.put(id, bytes);
    }
    for id in commit.removed {
        batch.delete(id);
    }
}
