//! Reading one version of the file.

use super::Inner;
use super::segment::{Entry, Row};
use super::tables::{Head, METAS, PIECES, ROWS, Translate, corrupt, payload, record};
use super::write::damaged_row;
use crate::{PageBytes, PageRange, Problem, Snapshot, StoreError, VerifyReport, envelope};
use bm_core::{PageError, PageId, PageSource};
use redb::{AccessGuard, ReadOnlyTable, ReadTransaction, ReadableTable};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A row as the engine hands it out, without a copy.
type RowBytes = AccessGuard<'static, &'static [u8]>;

/// A version of the file, held by a read transaction of the engine.
pub(super) struct FileSnapshot {
    // Dropped in this order: the transaction's tables before the engine they read.
    rows: ReadOnlyTable<u64, &'static [u8]>,
    pieces: ReadOnlyTable<(u64, u32), &'static [u8]>,
    metas: ReadOnlyTable<&'static str, &'static [u8]>,
    pub(super) head: Head,
    inner: Arc<Inner>,
}

impl Drop for FileSnapshot {
    fn drop(&mut self) {
        self.inner.snapshots.fetch_sub(1, Ordering::AcqRel);
    }
}

impl FileSnapshot {
    pub(super) fn new(inner: &Arc<Inner>, read: &ReadTransaction) -> Result<Self, StoreError> {
        let t = &**inner;
        let rows = read.open_table(ROWS).map_err(|e| t.translate(e.into()))?;
        let pieces = read.open_table(PIECES).map_err(|e| t.translate(e.into()))?;
        let metas = read.open_table(METAS).map_err(|e| t.translate(e.into()))?;
        let head = Head::read(&metas, t)?;
        inner.snapshots.fetch_add(1, Ordering::AcqRel);
        Ok(Self { rows, pieces, metas, head, inner: Arc::clone(inner) })
    }

    /// The row a page would be in.
    fn row(&self, id: u64) -> Result<Option<(u64, RowBytes)>, StoreError> {
        let mut range = self.rows.range(..=id).map_err(|e| self.inner.storage(e))?;
        let found = range.next_back().transpose().map_err(|e| self.inner.storage(e))?;
        Ok(found.map(|(key, bytes)| (key.value(), bytes)))
    }

    fn payload(&self, row: &Row<'_>, key: u64, entry: Entry) -> Result<Vec<u8>, StoreError> {
        let record = record(row, key, entry, &self.rows, &*self.inner)?;
        payload(record, &self.pieces, &*self.inner)
    }

    fn find(&self, id: PageId, key: u64, bytes: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        // A row that cannot be read may hold the page or not: neither answer may be given.
        let damaged = |detail| StoreError::Corrupt { page: id, detail };
        let row = Row::parse(key, bytes).map_err(damaged)?;
        let Some(entry) = row.find(id.raw()).map_err(damaged)? else {
            return Ok(None);
        };
        self.payload(&row, key, entry).map(Some)
    }

    fn read(&self, id: PageId) -> Result<Option<Vec<u8>>, StoreError> {
        let Some((key, bytes)) = self.row(id.raw())? else {
            return Ok(None);
        };
        self.find(id, key, bytes.value())
    }

    /// Walks everything; see [`crate::PageStore::verify`].
    pub(super) fn verify(
        &self,
        on_problem: &mut dyn FnMut(Problem),
        progress: &mut dyn FnMut(u64, u64),
    ) -> VerifyReport {
        let mut tally = Tally { report: VerifyReport::default(), bytes: 0, on_problem };
        self.verify_pages(&mut tally, progress);
        let (pages, bytes) = (tally.report.pages_checked, tally.bytes);
        if tally.report.problems == 0 && (pages, bytes) != (self.head.pages, self.head.payload_bytes) {
            let Head { pages: all, payload_bytes, .. } = self.head;
            tally.problem(
                None,
                format!("{pages} pages of {bytes} bytes are there, {all} of {payload_bytes} should be"),
            );
        }
        match self.meta_names() {
            Err(e) => tally.problem(None, format!("{e}; the named records could not be checked")),
            Ok(names) => {
                for name in names {
                    tally.report.metas_checked += 1;
                    if let Err(e) = self.meta(&name) {
                        tally.problem(None, e.to_string());
                    }
                }
            }
        }
        tally.report
    }

    fn verify_pages(&self, tally: &mut Tally<'_>, progress: &mut dyn FnMut(u64, u64)) {
        let lost = |e| format!("{}; the pages behind that place could not be checked", self.inner.storage(e));
        let rows = match self.rows.iter() {
            Ok(rows) => rows,
            Err(e) => return tally.problem(None, lost(e)),
        };
        for item in rows {
            let (key, bytes) = match item {
                Ok((key, bytes)) => (key.value(), bytes),
                Err(e) => return tally.problem(None, lost(e)),
            };
            let row = match Row::parse(key, bytes.value()) {
                Ok(row) => row,
                Err(e) => {
                    tally.problem(None, e);
                    continue;
                }
            };
            for entry in row.entries() {
                let entry = match entry {
                    Ok(entry) => entry,
                    Err(e) => {
                        tally.problem(None, e);
                        break;
                    }
                };
                let page = PageId::from_raw(entry.id);
                match self.payload(&row, key, entry) {
                    _ if page.is_none() => {
                        tally.problem(None, format!("no page has the code {:#x}", entry.id))
                    }
                    Ok(payload) => tally.bytes += payload.len() as u64,
                    Err(e) => tally.problem(page, e.to_string()),
                }
                tally.report.pages_checked += 1;
                progress(tally.report.pages_checked, self.head.pages);
            }
        }
    }
}

/// What a verification has found so far.
struct Tally<'a> {
    report: VerifyReport,
    bytes: u64,
    on_problem: &'a mut dyn FnMut(Problem),
}

impl Tally<'_> {
    fn problem(&mut self, page: Option<PageId>, detail: String) {
        self.report.problems += 1;
        (self.on_problem)(Problem { page, detail });
    }
}

impl Snapshot for FileSnapshot {
    fn version(&self) -> u64 {
        self.head.version
    }

    fn get(&self, id: PageId) -> Result<Option<PageBytes>, StoreError> {
        Ok(self.read(id)?.map(PageBytes::from))
    }

    fn get_many(&self, ids: &[PageId]) -> Result<Vec<Option<PageBytes>>, StoreError> {
        let mut order: Vec<usize> = (0..ids.len()).collect();
        order.sort_unstable_by_key(|&i| ids[i]);
        let mut out = vec![None; ids.len()];
        // Key, last page and bytes of the row in hand: neighbours need no second look-up.
        let mut hand: Option<(u64, u64, RowBytes)> = None;
        for i in order {
            let id = ids[i];
            if hand.as_ref().is_none_or(|(_, last, _)| id.raw() > *last) {
                hand = None;
                if let Some((key, bytes)) = self.row(id.raw())? {
                    let last = Row::parse(key, bytes.value()).and_then(|row| row.last_id());
                    let last = last.map_err(|detail| StoreError::Corrupt { page: id, detail })?;
                    hand = Some((key, last.unwrap_or(key), bytes));
                }
            }
            if let Some((key, _, bytes)) = &hand {
                out[i] = self.find(id, *key, bytes.value())?.map(PageBytes::from);
            }
        }
        Ok(out)
    }

    fn scan(
        &self,
        range: PageRange,
        f: &mut dyn FnMut(PageId, PageBytes) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        if range.is_empty() {
            return Ok(());
        }
        let first_row = self.row(range.first)?.map_or(range.first, |(key, _)| key);
        let rows = self.rows.range(first_row..=range.last).map_err(|e| self.inner.storage(e))?;
        for item in rows {
            let (key, bytes) = item.map_err(|e| self.inner.storage(e))?;
            let key = key.value();
            let row = Row::parse(key, bytes.value()).map_err(|e| damaged_row(key, e))?;
            for entry in row.entries() {
                let entry = entry.map_err(|e| damaged_row(key, e))?;
                if entry.id < range.first {
                    continue;
                }
                if entry.id > range.last {
                    return Ok(());
                }
                let payload = self.payload(&row, key, entry)?;
                let id = PageId::from_raw(entry.id)
                    .ok_or_else(|| corrupt(entry.id, "no page has this code".into()))?;
                if f(id, payload.into()).is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn meta(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        if name.is_empty() {
            return Ok(None);
        }
        let found = self.metas.get(name).map_err(|e| self.inner.storage(e))?;
        found.map(|sealed| envelope::unseal_named(name, sealed.value()).map(<[u8]>::to_vec)).transpose()
    }

    fn meta_names(&self) -> Result<Vec<String>, StoreError> {
        let mut names = Vec::new();
        for item in self.metas.iter().map_err(|e| self.inner.storage(e))? {
            let (name, _) = item.map_err(|e| self.inner.storage(e))?;
            if !name.value().is_empty() {
                names.push(name.value().to_owned());
            }
        }
        Ok(names)
    }
}

impl PageSource for FileSnapshot {
    fn page(&self, id: PageId) -> Result<Option<Vec<u8>>, PageError> {
        self.read(id).map_err(|e| e.for_page(id))
    }
}
