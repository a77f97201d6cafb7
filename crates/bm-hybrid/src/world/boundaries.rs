//! Boundaries by version: changed in step with edits, kept in the journal until pages are committed, then in records
//! of the store.

use super::Ground;
use super::areas::Areas;
use super::edits::Committed;
use super::{Inner, World};
use crate::error::WorldError;
use bm_core::ErrorKind;
use bm_overlay::journal::{JournalError, Record};
use bm_overlay::{Durability, OverlayError, Transaction};
use bm_store::Batch;
use bm_vector::set::{BoundarySet, Change};
use bm_vector::{BoundaryId, Frame};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// What names of records begin with that hold one boundary each.
pub(super) const PREFIX: &str = "boundary/";
/// First byte of an annex.
const ANNEX: u8 = 1;
const PUT: u8 = 1;
const REMOVE: u8 = 2;
/// Bytes of changes in the journal from which they are brought into the store at once.
const MANY: u64 = 32 << 20;

/// The boundaries of a world at its versions, from the newest pages on.
pub(super) struct BoundaryLog {
    entries: RwLock<Vec<Entry>>,
    /// One change at a time, from reading the newest set to the commit that has the next one.
    changing: Mutex<()>,
}

#[derive(Clone)]
struct Entry {
    version: u64,
    set: Arc<BoundarySet>,
    changed: Arc<[BoundaryId]>,
    bytes: u64,
}

impl BoundaryLog {
    /// A log that begins with what the pages' version has.
    pub(super) fn starting(version: u64, set: Arc<BoundarySet>) -> Self {
        let first = Entry { version, set, changed: Arc::new([]), bytes: 0 };
        Self { entries: RwLock::new(vec![first]), changing: Mutex::default() }
    }

    fn read(&self) -> RwLockReadGuard<'_, Vec<Entry>> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Vec<Entry>> {
        self.entries.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The boundaries at a version; none if it is older than the log.
    pub(super) fn at(&self, version: u64) -> Option<Arc<BoundarySet>> {
        let entries = self.read();
        let newest = entries.last().filter(|e| e.version <= version);
        let entry = match newest {
            Some(e) => Some(e),
            None => entries.get(entries.partition_point(|e| e.version <= version).checked_sub(1)?),
        };
        entry.map(|e| e.set.clone())
    }

    fn newest(&self) -> Arc<BoundarySet> {
        self.read().last().map_or_else(|| Arc::new(empty()), |e| e.set.clone())
    }

    pub(super) fn push(&self, version: u64, set: Arc<BoundarySet>, changed: Vec<BoundaryId>, bytes: u64) {
        self.write().push(Entry { version, set, changed: changed.into(), bytes });
    }

    /// Waits until nobody else changes boundaries.
    pub(super) fn one_at_a_time(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest boundaries with changes, as those of a version to come; nothing where nothing changes.
    pub(super) fn next(&self, version: u64, changes: &[Change]) -> Result<(), WorldError> {
        if !changes.is_empty() {
            let set = Arc::new(self.newest().apply(changes)?);
            self.push(version, set, changes.iter().map(|c| id_of(c).clone()).collect(), 0);
        }
        Ok(())
    }

    /// Takes back what was pushed for a version that did not come to be.
    pub(super) fn take_back(&self, version: u64) {
        self.write().retain(|e| e.version != version);
    }

    /// Whether anything changed after a version, and the bytes of it.
    pub(super) fn pending(&self, after: u64) -> Option<u64> {
        let entries = self.read();
        let from = entries.partition_point(|e| e.version <= after);
        (from < entries.len()).then(|| entries[from..].iter().map(|e| e.bytes).sum())
    }

    /// What changed after one version up to another.
    fn changed(&self, after: u64, up_to: u64) -> BTreeSet<BoundaryId> {
        let entries = self.read();
        let these = entries.iter().filter(|e| after < e.version && e.version <= up_to);
        these.flat_map(|e| e.changed.iter().cloned()).collect()
    }

    /// Lets go of sets that no version from this one on needs.
    pub(super) fn forget_before(&self, version: u64) {
        let mut entries = self.write();
        let keep = entries.partition_point(|e| e.version <= version).saturating_sub(1);
        entries.drain(..keep);
    }
}

/// No boundaries.
pub(super) fn empty() -> BoundarySet {
    BoundarySet::new(Frame::Geographic)
}

impl World {
    /// Bytes of the files of large areas beside the world.
    pub(crate) fn area_bytes(&self) -> u64 {
        self.inner.areas.bytes()
    }

    /// Commits edits and changes of boundaries together: one new version, whole, as durable as the transaction asks
    /// for. All changes are checked first; one that is refused refuses everything.
    ///
    /// # Errors
    /// As [`World::edit`]; [`WorldError::Unsound`] for boundaries that are not sound
    /// ([`Boundary::check`](bm_vector::Boundary::check)), [`WorldError::Boundary`] for names that are not there and
    /// [`WorldError::Data`] for materials that the world does not have.
    pub fn edit_with(&self, transaction: &Transaction, changes: &[Change]) -> Result<Committed, WorldError> {
        check_sound(changes)?;
        self.edit_with_sound(transaction, changes)
    }

    /// The same of boundaries that were checked before.
    pub(super) fn edit_with_sound(
        &self,
        transaction: &Transaction,
        changes: &[Change],
    ) -> Result<Committed, WorldError> {
        if changes.is_empty() {
            return self.edit(transaction);
        }
        let inner = &self.inner;
        let edits = transaction.edits();
        inner.check_materials(&edits, transaction)?;
        inner.check_sides(changes)?;
        inner.ready()?;
        // Without a journal nobody reads it.
        let annex = if inner.media.is_some() { encode(changes, &inner.areas)? } else { vec![ANNEX] };
        let ids: Vec<BoundaryId> = changes.iter().map(|c| id_of(c).clone()).collect();
        let bytes = annex.len() as u64;
        let cells = edits.cells();
        let version = self.make_room(|| {
            let one_at_a_time = inner.boundaries.one_at_a_time();
            let set = Arc::new(inner.boundaries.newest().apply(changes)?);
            inner.overlay.commit_annexed(
                transaction,
                &edits,
                &annex,
                |snapshot, pos| inner.material_at(snapshot, pos),
                |version| {
                    if changes.iter().any(has_materials) {
                        inner.overlay.snapshot().base().is_bordered();
                    }
                    inner.boundaries.push(version, set, ids.clone(), bytes);
                    drop(one_at_a_time);
                },
            )
        })?;
        if inner.boundaries.pending(inner.overlay.snapshot().base().head.version).is_some_and(|b| b > MANY) {
            inner.settle()?;
        }
        self.look();
        Ok(Committed { version, cells })
    }

    /// Commits changes of boundaries alone.
    ///
    /// # Errors
    /// As [`World::edit_with`].
    pub fn change_boundaries(
        &self,
        changes: &[Change],
        origin: &str,
        durability: Durability,
    ) -> Result<u64, WorldError> {
        let mut transaction = Transaction::new(origin);
        transaction.durability(durability).note(describe(changes));
        Ok(self.edit_with(&transaction, changes)?.version)
    }
}

impl World {
    /// Commits changes of boundaries as an ingest does: straight to the store, not by way of the journal. Edits made
    /// so far are folded into pages first; those that come meanwhile wait. For many boundaries, or large ones.
    ///
    /// # Errors
    /// As [`World::edit_with`], and errors of the store; the world is then unchanged.
    pub fn commit_boundaries(&self, changes: &[Change], what: &str) -> Result<u64, WorldError> {
        check_sound(changes)?;
        self.commit_sound_boundaries(changes, what)
    }

    /// The same of boundaries that were checked before: large ones take as long to check as to commit.
    pub(crate) fn commit_sound_boundaries(&self, changes: &[Change], what: &str) -> Result<u64, WorldError> {
        let inner = &self.inner;
        inner.check_sides(changes)?;
        inner.begin()?;
        let _one_at_a_time = inner.write_lock();
        let _no_other_change = inner.boundaries.one_at_a_time();
        let mut paused = inner.overlay.pause()?;
        inner.fold_paused(&mut paused)?;
        let version = paused.next_version();
        inner.boundaries.next(version, changes)?;
        let done = inner.finish(&mut paused, Batch::new(), None, what, 0);
        if done.is_err() {
            inner.boundaries.take_back(version);
        }
        done
    }
}

fn check_sound(changes: &[Change]) -> Result<(), WorldError> {
    changes.iter().try_for_each(|change| match change {
        Change::Put(b) => b.check(Frame::Geographic).map_err(WorldError::Unsound),
        Change::Remove(_) => Ok(()),
    })
}

fn id_of(change: &Change) -> &BoundaryId {
    match change {
        Change::Put(b) => &b.id,
        Change::Remove(id) => id,
    }
}

fn has_materials(change: &Change) -> bool {
    matches!(change, Change::Put(b) if b.transition.is_some())
}

fn describe(changes: &[Change]) -> String {
    let put = changes.iter().filter(|c| matches!(c, Change::Put(_))).count();
    match (put, changes.len() - put, changes) {
        (1, 0, [one]) => format!("put boundary {}", id_of(one)),
        (0, 1, [one]) => format!("remove boundary {}", id_of(one)),
        (put, 0, _) => format!("put {put} boundaries"),
        (0, gone, _) => format!("remove {gone} boundaries"),
        (put, gone, _) => format!("put {put} boundaries, remove {gone}"),
    }
}

impl Inner {
    fn check_sides(&self, changes: &[Change]) -> Result<(), WorldError> {
        for change in changes {
            let Change::Put(b) = change else { continue };
            let sides = b.transition.iter().flat_map(|t| [t.left, t.right]).flatten();
            for material in sides {
                self.known.check(material).map_err(|_unknown| WorldError::Data {
                    what: "boundary",
                    detail: format!("{}: material {} is not in the world's registry", b.id, material.0),
                })?;
            }
        }
        Ok(())
    }

    /// Brings changes of boundaries up to the newest version into the store.
    fn settle(&self) -> Result<(), WorldError> {
        self.fold(
            bm_overlay::StrategyKind::Lazy.strategy().as_ref(),
            super::fold::Much::NONE,
            0,
            &|_, _| (),
        )?;
        Ok(())
    }

    /// Removes the files of areas that no readable version has.
    pub(super) fn sweep_areas(&self) -> Result<(), WorldError> {
        let snapshot = self.overlay.snapshot();
        let mut sets = vec![snapshot.base().boundaries.clone(), self.boundaries.newest()];
        for base in &snapshot.base().head.bases {
            sets.push(read_all(self.store.snapshot_at(base.store)?.as_ref(), &self.areas)?.into());
        }
        let mut since: Vec<Change> = Vec::new();
        let mut failed = None;
        if let Some(journal) = self.overlay.journal() {
            let mut read = |record: Record<'_>| -> Result<(), JournalError> {
                if let Some(annex) = record.annex()? {
                    match decode(annex, &self.areas) {
                        Ok(changes) => since.extend(changes),
                        Err(e) => failed = Some(e),
                    }
                }
                Ok(())
            };
            journal.read(journal.first_seq()..u64::MAX, &mut read).map_err(OverlayError::from)?;
        }
        if let Some(e) = failed {
            return Err(e);
        }
        let put = since.iter().filter_map(|c| match c {
            Change::Put(b) => Some(b),
            Change::Remove(_) => None,
        });
        self.areas.sweep(sets.iter().flat_map(|s| s.iter().map(|b| &**b)).chain(put));
        Ok(())
    }

    /// Adds what changed from one version to another to a commit of the store; returns the set that it then holds.
    pub(super) fn put_boundaries(
        &self,
        batch: &mut Batch,
        after: u64,
        up_to: u64,
    ) -> Result<Arc<BoundarySet>, WorldError> {
        let set = self.boundaries.at(up_to).unwrap_or_else(|| self.boundaries.newest());
        for id in self.boundaries.changed(after, up_to) {
            let name = format!("{PREFIX}{id}");
            match set.get(&id) {
                Some(b) => batch.put_meta(name, self.areas.encode(b)?),
                None => batch.delete_meta(name),
            };
        }
        Ok(set)
    }
}

/// Reads all boundaries that a snapshot of a store has.
pub(super) fn read_all(snapshot: &dyn bm_store::Snapshot, areas: &Areas) -> Result<BoundarySet, WorldError> {
    let mut all = Vec::new();
    for name in snapshot.meta_names()? {
        let Some(id) = name.strip_prefix(PREFIX) else { continue };
        let bytes = snapshot.meta(&name)?.ok_or_else(|| damaged(id, "its record is missing"))?;
        let boundary = areas.decode(&bytes)?;
        if &*boundary.id.0 != id {
            return Err(damaged(id, format!("its record holds {}", boundary.id)));
        }
        all.push(Change::Put(boundary));
    }
    let set = empty();
    if all.is_empty() { Ok(set) } else { Ok(set.apply(&all)?) }
}

pub(super) fn damaged(id: &str, detail: impl std::fmt::Display) -> WorldError {
    WorldError::Record {
        record: "boundaries",
        detail: format!("boundary {id}: {detail}"),
        kind: ErrorKind::Corrupt,
    }
}

/// The bytes of changes, as the journal has them: `docs/formats.md`.
fn encode(changes: &[Change], areas: &Areas) -> Result<Vec<u8>, WorldError> {
    let mut out = vec![ANNEX];
    for change in changes {
        let (op, bytes) = match change {
            Change::Put(b) => (PUT, areas.encode(b)?),
            Change::Remove(id) => (REMOVE, id.0.as_bytes().to_vec()),
        };
        let len = u32::try_from(bytes.len()).map_err(|_too_long| WorldError::Data {
            what: "boundary",
            detail: format!("{}: takes more than 4 GiB", id_of(change)),
        })?;
        out.push(op);
        out.extend_from_slice(&len.to_le_bytes());
        out.extend_from_slice(&bytes);
    }
    Ok(out)
}

/// Reads changes back.
pub(super) fn decode(annex: &[u8], areas: &Areas) -> Result<Vec<Change>, WorldError> {
    let bad = |detail: &str| damaged("in the journal", detail);
    let mut changes = Vec::new();
    let mut rest = match annex.split_first() {
        Some((&ANNEX, rest)) => rest,
        _ => return Err(bad("changes of an unknown form")),
    };
    while let Some((&op, after)) = rest.split_first() {
        let (len, after) = after.split_first_chunk().ok_or_else(|| bad("changes end too early"))?;
        let len = u32::from_le_bytes(*len) as usize;
        let (bytes, after) = after.split_at_checked(len).ok_or_else(|| bad("changes end too early"))?;
        changes.push(match op {
            PUT => Change::Put(areas.decode(bytes)?),
            REMOVE => {
                let id = std::str::from_utf8(bytes).map_err(|_no_text| bad("a name that is no text"))?;
                Change::Remove(id.into())
            }
            _ => return Err(bad("an unknown change")),
        });
        rest = after;
    }
    Ok(changes)
}

impl BoundaryLog {
    /// Applies a record of the journal.
    pub(super) fn replay(
        &self,
        version: u64,
        annex: &[u8],
        areas: &Areas,
        base: &Ground,
    ) -> Result<(), WorldError> {
        let changes = decode(annex, areas)?;
        if changes.iter().any(has_materials) {
            base.is_bordered();
        }
        let set = self.newest().apply(&changes)?;
        let ids = changes.iter().map(|c| id_of(c).clone()).collect();
        self.push(version, Arc::new(set), ids, annex.len() as u64);
        Ok(())
    }
}

/// Names that a record of the journal changes.
pub(super) fn ids(changes: &[Change]) -> impl Iterator<Item = &BoundaryId> {
    changes.iter().map(id_of)
}

impl From<bm_vector::set::SetError> for WorldError {
    fn from(e: bm_vector::set::SetError) -> Self {
        Self::Boundary(e)
    }
}

/// What a commit of edits wants to know while others wait.
impl Inner {
    pub(super) fn material_at(
        &self,
        snapshot: &bm_overlay::Snapshot<super::Ground>,
        pos: bm_core::Pos,
    ) -> Result<bm_core::MaterialId, WorldError> {
        let reader = bm_overlay::Reader::new(snapshot.clone(), &self.shadows);
        let boundaries = self.boundaries.at(snapshot.version()).unwrap_or_else(|| self.boundaries.newest());
        Ok(crate::view::View::of(reader, boundaries).sample(pos)?.material)
    }

    pub(super) fn check_materials(
        &self,
        edits: &bm_overlay::Edits,
        transaction: &Transaction,
    ) -> Result<(), OverlayError> {
        self.known.check_all(edits)?;
        transaction.expectations().iter().try_for_each(|e| self.known.check(e.material))
    }
}
