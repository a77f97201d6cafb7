//! Reading one version of the file.

use super::Inner;
use super::history::Past;
use super::segment::{Entry, Row};
use super::tables::{Head, METAS, PIECES, ROWS, Translate, corrupt, payload, record};
use super::write::damaged_row;
use crate::store::check_readable;
use crate::{PageBytes, PageRange, Problem, Snapshot, StoreError, VerifyReport, envelope};
use bm_core::{PageError, PageId, PageSource};
use redb::{AccessGuard, ReadOnlyTable, ReadTransaction, ReadableTable};
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A row as the engine hands it out, without a copy.
type RowBytes = AccessGuard<'static, &'static [u8]>;

/// Which version to read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Which {
    Newest,
    At(u64),
    Oldest,
}

/// What a walk calls with each page's code and a way to read its payload.
type Visit<'a> = dyn FnMut(u64, &mut dyn FnMut() -> Result<Vec<u8>, StoreError>) -> Result<ControlFlow<()>, StoreError>
    + 'a;
/// Gives a page to who scans.
type HandOut<'a> = dyn FnMut(u64, Vec<u8>) -> Result<ControlFlow<()>, StoreError> + 'a;

/// A version of the file, held by a read transaction of the engine.
pub(super) struct FileSnapshot {
    // Dropped in this order: the transaction's tables before the engine they read.
    rows: ReadOnlyTable<u64, &'static [u8]>,
    pieces: ReadOnlyTable<(u64, u32), &'static [u8]>,
    metas: ReadOnlyTable<&'static str, &'static [u8]>,
    /// Of an older version, what has been replaced since.
    past: Option<Past>,
    pub(super) head: Head,
    inner: Arc<Inner>,
}

impl Drop for FileSnapshot {
    fn drop(&mut self) {
        self.inner.snapshots.fetch_sub(1, Ordering::AcqRel);
    }
}

impl FileSnapshot {
    pub(super) fn new(inner: &Arc<Inner>, read: &ReadTransaction, which: Which) -> Result<Self, StoreError> {
        let t = &**inner;
        let rows = read.open_table(ROWS).map_err(|e| t.translate(e.into()))?;
        let pieces = read.open_table(PIECES).map_err(|e| t.translate(e.into()))?;
        let metas = read.open_table(METAS).map_err(|e| t.translate(e.into()))?;
        let head = Head::read(&metas, t)?;
        let at = match which {
            Which::Newest => head.version,
            Which::At(version) => version,
            Which::Oldest => head.oldest,
        };
        check_readable(at, head.oldest, head.version)?;
        let past = if at == head.version { None } else { Some(Past::open(read, at, t)?) };
        inner.snapshots.fetch_add(1, Ordering::AcqRel);
        Ok(Self { rows, pieces, metas, past, head, inner: Arc::clone(inner) })
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
        if let Some(past) = &self.past
            && let Some(old) = past.page(id.raw(), &*self.inner)?
        {
            return Ok(old);
        }
        let Some((key, bytes)) = self.row(id.raw())? else {
            return Ok(None);
        };
        self.find(id, key, bytes.value())
    }

    /// Goes through the pages that are there now, ascending; `f` reads a payload if it wants to.
    fn walk(&self, range: PageRange, f: &mut Visit<'_>) -> Result<ControlFlow<()>, StoreError> {
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
                    return Ok(ControlFlow::Continue(()));
                }
                if f(entry.id, &mut || self.payload(&row, key, entry))?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn meta_now(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let found = self.metas.get(name).map_err(|e| self.inner.storage(e))?;
        found.map(|sealed| envelope::unseal_named(name, sealed.value()).map(<[u8]>::to_vec)).transpose()
    }

    fn names_now(&self) -> Result<BTreeSet<String>, StoreError> {
        let mut names = BTreeSet::new();
        for item in self.metas.iter().map_err(|e| self.inner.storage(e))? {
            let (name, _) = item.map_err(|e| self.inner.storage(e))?;
            if !name.value().is_empty() {
                names.insert(name.value().to_owned());
            }
        }
        Ok(names)
    }

    /// Walks everything, the newest version and the history; see [`crate::PageStore::verify`]. Of history it sees
    /// what a snapshot of the oldest version does.
    pub(super) fn verify(
        &self,
        on_problem: &mut dyn FnMut(Problem),
        progress: &mut dyn FnMut(u64, u64),
    ) -> VerifyReport {
        let mut tally = Tally { report: VerifyReport::default(), bytes: 0, on_problem };
        let all = self.head.pages + self.head.history_pages;
        let mut done = 0;
        let mut step = || {
            done += 1;
            progress(done, all);
        };
        self.verify_pages(&mut tally, &mut step);
        let (pages, bytes) = (tally.report.pages_checked, tally.bytes);
        if tally.report.problems == 0 && (pages, bytes) != (self.head.pages, self.head.payload_bytes) {
            let Head { pages: all, payload_bytes, .. } = self.head;
            tally.problem(
                None,
                format!("{pages} pages of {bytes} bytes are there, {all} of {payload_bytes} should be"),
            );
        }
        match self.names_now() {
            Err(e) => tally.problem(None, format!("{e}; the named records could not be checked")),
            Ok(names) => {
                for name in names {
                    tally.report.metas_checked += 1;
                    if let Err(e) = self.meta_now(&name) {
                        tally.problem(None, e.to_string());
                    }
                }
            }
        }
        if let Some(past) = &self.past {
            let problem = &mut |page, detail| tally.problem(page, detail);
            let checked = past.verify(&self.head, problem, &mut step, &*self.inner);
            tally.report.history_checked = checked;
        }
        tally.report
    }

    fn verify_pages(&self, tally: &mut Tally<'_>, step: &mut dyn FnMut()) {
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
                step();
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
        self.past.as_ref().map_or(self.head.version, |past| past.at)
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
            if let Some(past) = &self.past
                && let Some(old) = past.page(id.raw(), &*self.inner)?
            {
                out[i] = old.map(PageBytes::from);
                continue;
            }
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
        let mut hand_out = |id: u64, payload: Vec<u8>| {
            let page = PageId::from_raw(id).ok_or_else(|| corrupt(id, "no page has this code".into()))?;
            Ok(f(page, payload.into()))
        };
        let Some(past) = &self.past else {
            return self.walk(range, &mut |id, payload| hand_out(id, payload()?)).map(drop);
        };
        // Two ascending streams; where both have a page, the older one counts.
        let t = &*self.inner;
        let mut old = past.next(range.first, range.last, t)?;
        let mut older_below = |id: Option<u64>, hand_out: &mut HandOut<'_>| {
            while let Some(page) = old.take_if(|page| id.is_none_or(|id| page.id < id)) {
                if let Some(payload) = past.payload(&page, t)?
                    && hand_out(page.id, payload)?.is_break()
                {
                    return Ok(ControlFlow::Break(()));
                }
                old = match page.id.checked_add(1) {
                    Some(next) => past.next(next, range.last, t)?,
                    None => None,
                };
            }
            Ok(ControlFlow::Continue(old.as_ref().is_some_and(|page| Some(page.id) == id)))
        };
        let ended = self.walk(range, &mut |id, payload| match older_below(Some(id), &mut hand_out)? {
            ControlFlow::Break(()) => Ok(ControlFlow::Break(())),
            ControlFlow::Continue(true) => Ok(ControlFlow::Continue(())),
            ControlFlow::Continue(false) => hand_out(id, payload()?),
        })?;
        if ended.is_continue() {
            let _ = older_below(None, &mut hand_out)?;
        }
        Ok(())
    }

    fn meta(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        if name.is_empty() {
            return Ok(None);
        }
        if let Some(past) = &self.past
            && let Some(old) = past.named(name, &*self.inner)?
        {
            return Ok(old);
        }
        self.meta_now(name)
    }

    fn meta_names(&self) -> Result<Vec<String>, StoreError> {
        let mut names = self.names_now()?;
        if let Some(past) = &self.past {
            past.names(&mut names, &*self.inner)?;
        }
        Ok(names.into_iter().collect())
    }
}

impl PageSource for FileSnapshot {
    fn page(&self, id: PageId) -> Result<Option<Vec<u8>>, PageError> {
        self.read(id).map_err(|e| e.for_page(id))
    }
}
