//! What older versions still need: pages and named records that were replaced.
//!
//! A record lies under its page code (or name) and the last version at which it was valid. So a reader of version
//! *v* takes, of a page, the first record whose version is not below *v*, and what the store has now if there is
//! none. Each commit also leaves a list of the pages it replaced, by which retiring finds them.

mod value;

use super::segment::push_leb;
use super::superblock::BLOCK;
use super::tables::{Head, Translate, cut};
use crate::{StoreError, envelope};
use bm_core::PageId;
use redb::{
    AccessGuard, ReadOnlyTable, ReadTransaction, ReadableTable, Table, TableDefinition, TableError,
    WriteTransaction,
};
use std::collections::BTreeSet;
use value::{ABSENT, INLINE, LARGE, encode, list, list_crc, named, named_len, page, page_len};

pub(super) type PageKey = (u64, u64);
pub(super) type PieceKey = (u64, u64, u32);
pub(super) type MetaKey = (&'static str, u64);
type Bytes = &'static [u8];
/// The version before a commit, and the number of a part of its list.
type ListKey = (u64, u32);

/// Replaced pages, by page code and last version.
pub(super) const PAGES: TableDefinition<'static, PageKey, Bytes> = TableDefinition::new("history");
/// Their payloads if too large, by page code, last version and piece number.
pub(super) const PIECES: TableDefinition<'static, PieceKey, Bytes> = TableDefinition::new("history.pieces");
/// Replaced named records, by name and last version.
pub(super) const NAMED: TableDefinition<'static, MetaKey, Bytes> = TableDefinition::new("history.metas");
/// Which pages a commit replaced, by the version before it and the number of the part.
pub(super) const LISTS: TableDefinition<'static, ListKey, Bytes> = TableDefinition::new("history.lists");

/// Payloads above this many bytes are cut into pieces; up to it they fit a block.
const MAX_INLINE: usize = BLOCK - 64;
/// A part of a list ends when it is longer; with the engine's frame it fits a block.
const LIST_PART: usize = BLOCK - 128;

/// Keeps what one commit replaces.
pub(super) struct Keeper<'t> {
    pages: Table<'t, PageKey, Bytes>,
    pieces: Table<'t, PieceKey, Bytes>,
    lists: Table<'t, ListKey, Bytes>,
    /// The version before the commit.
    last: u64,
    /// The list's part at work: its number, the last page in it, its bytes.
    part: (u32, u64, Vec<u8>),
}

impl<'t> Keeper<'t> {
    pub(super) fn open(txn: &'t WriteTransaction, last: u64, t: &impl Translate) -> Result<Self, StoreError> {
        Ok(Self {
            pages: txn.open_table(PAGES).map_err(|e| t.translate(e.into()))?,
            pieces: txn.open_table(PIECES).map_err(|e| t.translate(e.into()))?,
            lists: txn.open_table(LISTS).map_err(|e| t.translate(e.into()))?,
            last,
            part: (0, 0, vec![]),
        })
    }

    /// Keeps a page's payload with the envelope checksum it had, or that it was not there. Pages come in ascending order.
    pub(super) fn keep(
        &mut self,
        id: u64,
        old: Option<(&[u8], u32)>,
        head: &mut Head,
        t: &impl Translate,
    ) -> Result<(), StoreError> {
        let value = match old {
            None => encode(ABSENT, &[], envelope::page_crc(id, &[]), self.last),
            Some((payload, crc)) if payload.len() <= MAX_INLINE => encode(INLINE, payload, crc, self.last),
            Some((payload, crc)) => {
                for (n, piece) in (0u32..).zip(cut(payload)) {
                    self.pieces.insert((id, self.last, n), piece.as_slice()).map_err(|e| t.storage(e))?;
                }
                // MAX_PAYLOAD fits a u32, and no page in the store is longer.
                encode(LARGE, &(payload.len() as u32).to_le_bytes(), crc, self.last)
            }
        };
        self.pages.insert((id, self.last), value.as_slice()).map_err(|e| t.storage(e))?;
        head.history_pages += 1;
        head.history_bytes += old.map_or(0, |(payload, _)| payload.len() as u64);
        if self.part.2.len() > LIST_PART {
            self.end_part(t)?;
        }
        push_leb(&mut self.part.2, id.wrapping_sub(self.part.1));
        self.part.1 = id;
        Ok(())
    }

    fn end_part(&mut self, t: &impl Translate) -> Result<(), StoreError> {
        let key = (self.last, self.part.0);
        let mut value = std::mem::take(&mut self.part.2);
        value.extend_from_slice(&list_crc(key, &value));
        self.lists.insert(key, value.as_slice()).map_err(|e| t.storage(e))?;
        self.part = (key.1 + 1, 0, vec![]);
        Ok(())
    }

    /// Writes the list.
    pub(super) fn end(mut self, t: &impl Translate) -> Result<(), StoreError> {
        if self.part.2.is_empty() { Ok(()) } else { self.end_part(t) }
    }
}

/// Keeps a named record, sealed as it was, or that it was not there.
pub(super) fn keep_named(
    table: &mut Table<'_, MetaKey, Bytes>,
    name: &str,
    last: u64,
    old: Option<&[u8]>,
    head: &mut Head,
    t: &impl Translate,
) -> Result<(), StoreError> {
    let (kind, sealed) = match old {
        Some(sealed) => (INLINE, sealed.to_vec()),
        None => (ABSENT, envelope::seal_internal(name, &[])),
    };
    // A record too short for a checksum is damaged, and so it stays.
    let (body, crc) = sealed.split_last_chunk::<4>().unwrap_or((&sealed, &[0; 4]));
    let value = encode(kind, body, u32::from_le_bytes(*crc), last);
    table.insert((name, last), value.as_slice()).map_err(|e| t.storage(e))?;
    head.history_bytes += named_len(name, &value);
    Ok(())
}

/// Drops all history.
pub(super) fn clear(txn: &WriteTransaction, head: &mut Head, t: &impl Translate) -> Result<(), StoreError> {
    for dropped in
        [txn.delete_table(PAGES), txn.delete_table(PIECES), txn.delete_table(NAMED), txn.delete_table(LISTS)]
    {
        dropped.map_err(|e| t.translate(e.into()))?;
    }
    (head.history_pages, head.history_bytes) = (0, 0);
    Ok(())
}

/// Drops what only versions below the head's oldest need.
pub(super) fn retire(txn: &WriteTransaction, head: &mut Head, t: &impl Translate) -> Result<(), StoreError> {
    let before = head.oldest;
    if before == head.version {
        return clear(txn, head, t);
    }
    let mut pages = txn.open_table(PAGES).map_err(|e| t.translate(e.into()))?;
    let mut pieces = txn.open_table(PIECES).map_err(|e| t.translate(e.into()))?;
    let mut lists = txn.open_table(LISTS).map_err(|e| t.translate(e.into()))?;
    while let Some((key, ids)) = first_list(&lists, before, t)? {
        for id in ids {
            let Some(value) = pages.remove((id, key.0)).map_err(|e| t.storage(e))? else {
                continue;
            };
            // Damaged counts must not keep anybody from retiring, hence saturating.
            head.history_pages = head.history_pages.saturating_sub(1);
            let len = page_len(value.value());
            head.history_bytes = head.history_bytes.saturating_sub(len);
            if len > MAX_INLINE as u64 {
                let range = (id, key.0, 0)..=(id, key.0, u32::MAX);
                pieces.retain_in(range, |_, _| false).map_err(|e| t.storage(e))?;
            }
        }
        lists.remove(key).map_err(|e| t.storage(e))?;
    }
    let mut named = txn.open_table(NAMED).map_err(|e| t.translate(e.into()))?;
    let mut bytes = 0;
    let kept = named.retain(|(name, last), value| {
        if last < before {
            bytes += named_len(name, value);
        }
        last >= before
    });
    kept.map_err(|e| t.storage(e))?;
    head.history_bytes = head.history_bytes.saturating_sub(bytes);
    Ok(())
}

/// A part of a list, and the pages in it.
type List = (ListKey, Vec<u64>);

fn first_list(
    lists: &Table<'_, ListKey, Bytes>,
    before: u64,
    t: &impl Translate,
) -> Result<Option<List>, StoreError> {
    let mut range = lists.range(..(before, 0)).map_err(|e| t.storage(e))?;
    let Some((key, value)) = range.next().transpose().map_err(|e| t.storage(e))? else {
        return Ok(None);
    };
    let key = key.value();
    Ok(Some((key, list(key, value.value())?)))
}

/// A page as an older version had it.
pub(super) struct Old {
    pub(super) id: u64,
    /// Last version at which it was so.
    last: u64,
    value: AccessGuard<'static, Bytes>,
}

/// The history as a snapshot reads it. Tables that were never needed are not there.
pub(super) struct Past {
    /// The version that is read.
    pub(super) at: u64,
    pages: Option<ReadOnlyTable<PageKey, Bytes>>,
    pieces: Option<ReadOnlyTable<PieceKey, Bytes>>,
    named: Option<ReadOnlyTable<MetaKey, Bytes>>,
    lists: Option<ReadOnlyTable<ListKey, Bytes>>,
}

fn open<K: redb::Key + 'static>(
    read: &ReadTransaction,
    table: TableDefinition<'static, K, Bytes>,
    t: &impl Translate,
) -> Result<Option<ReadOnlyTable<K, Bytes>>, StoreError> {
    match read.open_table(table) {
        Ok(table) => Ok(Some(table)),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(e) => Err(t.translate(e.into())),
    }
}

impl Past {
    pub(super) fn open(read: &ReadTransaction, at: u64, t: &impl Translate) -> Result<Self, StoreError> {
        Ok(Self {
            at,
            pages: open(read, PAGES, t)?,
            pieces: open(read, PIECES, t)?,
            named: open(read, NAMED, t)?,
            lists: open(read, LISTS, t)?,
        })
    }

    /// A page as it was, if it has been replaced since then; in that, `None` if it was not there.
    pub(super) fn page(&self, id: u64, t: &impl Translate) -> Result<Option<Option<Vec<u8>>>, StoreError> {
        self.next(id, id, t)?.map(|old| self.payload(&old, t)).transpose()
    }

    /// The first page from `first` to `last` that has been replaced since.
    pub(super) fn next(&self, first: u64, last: u64, t: &impl Translate) -> Result<Option<Old>, StoreError> {
        let Some(pages) = &self.pages else {
            return Ok(None);
        };
        let mut from = first;
        while from <= last {
            let mut range = pages.range((from, self.at)..=(last, u64::MAX)).map_err(|e| t.storage(e))?;
            let Some((key, value)) = range.next().transpose().map_err(|e| t.storage(e))? else {
                break;
            };
            let (id, until) = key.value();
            if until >= self.at {
                return Ok(Some(Old { id, last: until, value }));
            }
            // The first record of a later page, from before the version in question: look for that page.
            from = id;
        }
        Ok(None)
    }

    /// The page as it was; `None` if it was not there.
    pub(super) fn payload(&self, old: &Old, t: &impl Translate) -> Result<Option<Vec<u8>>, StoreError> {
        page((old.id, old.last), old.value.value(), self.pieces.as_ref(), t)
    }

    /// A named record as it was, if it has been replaced since then; in that, `None` if it was not there.
    pub(super) fn named(
        &self,
        name: &str,
        t: &impl Translate,
    ) -> Result<Option<Option<Vec<u8>>>, StoreError> {
        let Some(table) = &self.named else {
            return Ok(None);
        };
        let mut range = table.range((name, self.at)..=(name, u64::MAX)).map_err(|e| t.storage(e))?;
        match range.next().transpose().map_err(|e| t.storage(e))? {
            Some((key, value)) => named(name, key.value().1, value.value()).map(Some),
            None => Ok(None),
        }
    }

    /// Turns the names of now into the names of then.
    pub(super) fn names(&self, names: &mut BTreeSet<String>, t: &impl Translate) -> Result<(), StoreError> {
        let Some(table) = &self.named else {
            return Ok(());
        };
        let mut done: Option<String> = None;
        for item in table.iter().map_err(|e| t.storage(e))? {
            let (key, value) = item.map_err(|e| t.storage(e))?;
            let (name, last) = key.value();
            if last < self.at || done.as_deref() == Some(name) {
                continue;
            }
            match value.value().first() {
                Some(&ABSENT) => names.remove(name),
                _ => names.insert(name.to_owned()),
            };
            done = Some(name.to_owned());
        }
        Ok(())
    }

    /// Checks every record and list. `problem` is told what is wrong, and for which page; `step` is called for each
    /// page. Gives the number of pages and named records.
    pub(super) fn verify(
        &self,
        head: &Head,
        problem: &mut dyn FnMut(Option<PageId>, String),
        step: &mut dyn FnMut(),
        t: &impl Translate,
    ) -> u64 {
        let (mut pages, mut bytes, mut metas, mut listed) = (0u64, 0u64, 0u64, 0u64);
        let valid = |last: u64| (head.oldest..head.version).contains(&last);
        let lost = |e: StoreError| format!("{e}; the history behind that place could not be checked");
        for item in self.pages.iter().flat_map(|table| items(table, t)) {
            let (key, value) = match item {
                Ok((key, value)) => (key.value(), value),
                Err(e) => {
                    problem(None, lost(e));
                    continue;
                }
            };
            pages += 1;
            bytes += page_len(value.value());
            let id = PageId::from_raw(key.0);
            match page(key, value.value(), self.pieces.as_ref(), t) {
                Err(e) => problem(id, e.to_string()),
                Ok(_) if id.is_none() || !valid(key.1) => {
                    problem(
                        id,
                        format!("history of page code {:#x}, version {}: there is none", key.0, key.1),
                    );
                }
                Ok(_) => {}
            }
            step();
        }
        for item in self.lists.iter().flat_map(|table| items(table, t)) {
            let ids = item.and_then(|(key, value)| Ok((key.value().0, list(key.value(), value.value())?)));
            match ids {
                Ok((last, ids)) => {
                    let there = |id: &&u64| {
                        self.pages
                            .as_ref()
                            .is_some_and(|table| matches!(table.get((**id, last)), Ok(Some(_))))
                    };
                    listed += ids.iter().filter(there).count() as u64;
                }
                Err(e) => problem(None, e.to_string()),
            }
        }
        for item in self.named.iter().flat_map(|table| items(table, t)) {
            let found = item.and_then(|(key, value)| {
                let (name, last) = key.value();
                metas += 1;
                bytes += named_len(name, value.value());
                if !valid(last) {
                    let detail = format!("there is no version {last} in the history");
                    return Err(StoreError::CorruptRecord { name: name.into(), detail });
                }
                named(name, last, value.value())
            });
            if let Err(e) = found {
                problem(None, e.to_string());
            }
        }
        if (pages, bytes, listed) != (head.history_pages, head.history_bytes, pages) {
            let Head { history_pages, history_bytes, .. } = *head;
            problem(
                None,
                format!(
                    "history: {pages} pages, {listed} of them listed, and {bytes} bytes are there, \
                     {history_pages} and {history_bytes} should be"
                ),
            );
        }
        pages + metas
    }
}

type Item<K> = Result<(AccessGuard<'static, K>, AccessGuard<'static, Bytes>), StoreError>;

/// All entries of a table, up to the first that cannot be read.
fn items<K: redb::Key + 'static>(
    table: &ReadOnlyTable<K, Bytes>,
    t: &impl Translate,
) -> impl Iterator<Item = Item<K>> {
    let (range, error) = match table.range::<K::SelfType<'_>>(..) {
        Ok(range) => (Some(range), None),
        Err(e) => (None, Some(Err(t.storage(e)))),
    };
    let all = error.into_iter().chain(range.into_iter().flatten().map(|item| item.map_err(|e| t.storage(e))));
    all.scan(false, |failed, item| (!std::mem::replace(failed, item.is_err())).then_some(item))
}
