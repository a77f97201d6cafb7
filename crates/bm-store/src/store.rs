//! The words every store speaks: [`PageStore`], [`Snapshot`], [`Batch`].

use crate::{StoreError, envelope};
use bm_core::{PageId, PageSource};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Bound, ControlFlow, Deref, RangeBounds};
use std::sync::Arc;

/// A page's payload, checked; cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct PageBytes(Arc<[u8]>);

impl Deref for PageBytes {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for PageBytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<&[u8]> for PageBytes {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }
}

impl From<Vec<u8>> for PageBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl fmt::Debug for PageBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PageBytes({} bytes)", self.0.len())
    }
}

/// The pages from one id to another, both included; what [`Snapshot::scan`] walks.
///
/// Made from any range: `(a..b).into()` has no meaning for ids, so use [`PageRange::new`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRange {
    pub(crate) first: u64,
    pub(crate) last: u64,
}

impl PageRange {
    /// Every page there is.
    pub const ALL: Self = Self { first: 0, last: u64::MAX };

    /// The pages within any range of ids; an empty range is allowed.
    #[must_use]
    pub fn new(range: impl RangeBounds<PageId>) -> Self {
        const EMPTY: PageRange = PageRange { first: 1, last: 0 };
        let first = match range.start_bound() {
            Bound::Unbounded => 0,
            Bound::Included(id) => id.raw(),
            Bound::Excluded(id) => match id.raw().checked_add(1) {
                Some(first) => first,
                None => return EMPTY,
            },
        };
        let last = match range.end_bound() {
            Bound::Unbounded => u64::MAX,
            Bound::Included(id) => id.raw(),
            Bound::Excluded(id) => match id.raw().checked_sub(1) {
                Some(last) => last,
                None => return EMPTY,
            },
        };
        Self { first, last }
    }

    /// Whether no id can be within.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.first > self.last
    }
}

/// What one commit changes, all of it or nothing. A later word about the same key replaces an earlier one.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    pub(crate) pages: BTreeMap<PageId, Option<Vec<u8>>>,
    pub(crate) metas: BTreeMap<String, Option<Vec<u8>>>,
    pub(crate) expect: Option<u64>,
    pub(crate) keep: bool,
}

impl Batch {
    /// A batch that changes nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Stores a page, replacing what was there.
    pub fn put(&mut self, id: PageId, payload: impl Into<Vec<u8>>) -> &mut Self {
        self.pages.insert(id, Some(payload.into()));
        self
    }

    /// Removes a page; no error if there is none.
    pub fn delete(&mut self, id: PageId) -> &mut Self {
        self.pages.insert(id, None);
        self
    }

    /// Stores a named record (1 to 255 bytes of name), replacing what was there.
    pub fn put_meta(&mut self, name: impl Into<String>, payload: impl Into<Vec<u8>>) -> &mut Self {
        self.metas.insert(name.into(), Some(payload.into()));
        self
    }

    /// Removes a named record; no error if there is none.
    pub fn delete_meta(&mut self, name: impl Into<String>) -> &mut Self {
        self.metas.insert(name.into(), None);
        self
    }

    /// Makes the commit fail with [`StoreError::Conflict`] unless the store is at this version.
    pub fn expect_version(&mut self, version: u64) -> &mut Self {
        self.expect = Some(version);
        self
    }

    /// Whether what this commit replaces or removes stays readable at the versions before it
    /// ([`PageStore::snapshot_at`]); false unless said. A commit that does not keep it ends the history: no version
    /// before it can be read again, and what was kept for them is dropped.
    pub fn keep_history(&mut self, keep: bool) -> &mut Self {
        self.keep = keep;
        self
    }

    /// Pages and records the batch speaks of.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pages.len() + self.metas.len()
    }

    /// Whether the batch changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Refuses what no store can hold, before anything is written.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        for (id, payload) in &self.pages {
            let len = payload.as_ref().map_or(0, Vec::len);
            envelope::check_payload(|| format!("page {id}"), len)?;
        }
        for (name, payload) in &self.metas {
            envelope::check_name(name)?;
            let len = payload.as_ref().map_or(0, Vec::len);
            envelope::check_payload(|| format!("record {name:?}"), len)?;
        }
        Ok(())
    }

    pub(crate) fn check_version(&self, found: u64) -> Result<(), StoreError> {
        match self.expect {
            Some(expected) if expected != found => Err(StoreError::Conflict { expected, found }),
            _ => Ok(()),
        }
    }
}

/// Whether a version of a store can be read, or why not.
pub(crate) fn check_readable(version: u64, oldest: u64, newest: u64) -> Result<(), StoreError> {
    if version > newest {
        return Err(StoreError::NoSuchVersion { version, newest });
    }
    if version < oldest {
        return Err(StoreError::Retired { version, oldest });
    }
    Ok(())
}

/// How much a store holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreStats {
    /// Name of the store's kind: `memory`, `file`.
    pub kind: &'static str,
    /// Version of the last commit; 0 in a new store.
    pub version: u64,
    /// Pages stored.
    pub pages: u64,
    /// Bytes of all page payloads.
    pub payload_bytes: u64,
    /// Bytes the store takes where it lives (for a file: its length).
    pub stored_bytes: u64,
    /// Replaced or removed pages that are kept for older versions; a page that an older version must not see
    /// because it was not there yet counts as well.
    pub history_pages: u64,
    /// Bytes of the payloads of these pages, and of the named records kept for older versions.
    pub history_bytes: u64,
}

/// Something [`PageStore::verify`] found wrong.
#[derive(Debug)]
#[non_exhaustive]
pub struct Problem {
    /// The damaged page, where the damage could be pinned on one.
    pub page: Option<PageId>,
    /// What is wrong, in words that name the place.
    pub detail: String,
}

/// What a verification has read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifyReport {
    /// Pages whose checksum was checked, good and bad.
    pub pages_checked: u64,
    /// Named records that were checked, good and bad.
    pub metas_checked: u64,
    /// Pages and named records kept for older versions that were checked, good and bad.
    pub history_checked: u64,
    /// Problems reported.
    pub problems: u64,
}

/// Where pages live.
///
/// A commit is atomic, durable and ordered: it takes the store from version *v* to *v* + 1. Readers hold a
/// snapshot of one version and are never in a writer's way, nor it in theirs.
///
/// Older versions can be read as long as every commit since then was made with [`Batch::keep_history`] and they
/// were not [retired](PageStore::retire): those from [`PageStore::oldest`] to the newest, without a gap.
pub trait PageStore: Send + Sync {
    /// The store as it is after the last commit, unchanged by later ones for as long as it is held.
    ///
    /// # Errors
    /// I/O errors and damage, as [`StoreError`] says.
    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, StoreError>;

    /// The store as it was at a version: its pages and its named records.
    ///
    /// # Errors
    /// [`StoreError::NoSuchVersion`] when it was never made, [`StoreError::Retired`] when it is no longer kept; I/O
    /// errors and damage.
    fn snapshot_at(&self, version: u64) -> Result<Arc<dyn Snapshot>, StoreError>;

    /// The oldest version that [`PageStore::snapshot_at`] can read.
    ///
    /// # Errors
    /// I/O errors and damage, as [`StoreError`] says.
    fn oldest(&self) -> Result<u64, StoreError>;

    /// Gives up the versions below `before`, durably, and gives the payload bytes that were kept for them alone. The
    /// newest version always stays, so a number above it gives up all others. Snapshots that are held stay as they
    /// are. This is no commit: the store's version does not change.
    ///
    /// # Errors
    /// As [`PageStore::commit`], [`StoreError::Conflict`] excepted.
    fn retire(&self, before: u64) -> Result<u64, StoreError>;

    /// Applies a batch, all of it or nothing, durably, and gives the new version (also for an empty batch).
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the batch expects another version; [`StoreError::Full`] and others leave
    /// the store at its old version. After a failed write the store takes no more commits until it is opened
    /// anew ([`StoreError::Poisoned`]), since it cannot know what the disk holds.
    fn commit(&self, batch: Batch) -> Result<u64, StoreError>;

    /// How much is in the store. Reads no pages.
    ///
    /// # Errors
    /// I/O errors and damage, as [`StoreError`] says.
    fn stats(&self) -> Result<StoreStats, StoreError>;

    /// Reads everything and checks every checksum; tells each problem, and `progress` as pages done of pages in all.
    ///
    /// # Errors
    /// Only what keeps the verification from running at all; damage is a [`Problem`].
    fn verify(
        &self,
        on_problem: &mut dyn FnMut(Problem),
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<VerifyReport, StoreError>;

    /// Gives room that deletes and rewrites have left back to where the store lives.
    ///
    /// # Errors
    /// [`StoreError::SnapshotsOpen`] while snapshots are held; I/O errors and damage.
    fn compact(&self) -> Result<(), StoreError>;
}

/// One version of a store, for reading. It is also a [`PageSource`] for the page tree.
pub trait Snapshot: PageSource {
    /// The version this is.
    fn version(&self) -> u64;

    /// A page's payload, its checksum verified; `None` if there is no such page.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] names a damaged page; I/O errors.
    fn get(&self, id: PageId) -> Result<Option<PageBytes>, StoreError>;

    /// Many pages, answered in the order of the question. Neighbours in id are cheaper together.
    ///
    /// # Errors
    /// The first that [`Snapshot::get`] would give.
    fn get_many(&self, ids: &[PageId]) -> Result<Vec<Option<PageBytes>>, StoreError> {
        ids.iter().map(|&id| self.get(id)).collect()
    }

    /// Hands every page of a range to `f`, ascending by id, until it breaks.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] at the first damaged page; pages before it have been handed out.
    fn scan(
        &self,
        range: PageRange,
        f: &mut dyn FnMut(PageId, PageBytes) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// A named record's payload, its checksum verified; `None` if there is none.
    ///
    /// # Errors
    /// [`StoreError::CorruptRecord`] names a damaged record; I/O errors.
    fn meta(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Names of all named records, ascending.
    ///
    /// # Errors
    /// I/O errors and damage.
    fn meta_names(&self) -> Result<Vec<String>, StoreError>;
}
