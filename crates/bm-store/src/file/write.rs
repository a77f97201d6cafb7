//! Applying a batch to the tables.

use super::history::{self, Keeper};
use super::segment::{Body, HALF_ROW, MAX_ROW, Packer, Record, Row, packed_len};
use super::tables::{Head, METAS, PIECES, ROWS, Translate, after, floor, new_record, read_pieces, record};
use crate::{Batch, StoreError, envelope};
use bm_core::PageId;
use redb::{ReadableTable, Table, WriteTransaction};
use std::collections::BTreeMap;

type Rows<'t> = Table<'t, u64, &'static [u8]>;
type Pieces<'t> = Table<'t, (u64, u32), &'static [u8]>;
type Changes = BTreeMap<PageId, Option<Vec<u8>>>;

/// Rows from which on a run of new pages counts as a bulk load and is packed without gaps.
const BULK_ROWS: usize = 4;

/// What a commit's pages are written to.
struct Tables<'t> {
    rows: Rows<'t>,
    pieces: Pieces<'t>,
    /// If what is replaced must stay readable.
    keeper: Option<Keeper<'t>>,
}

/// Applies a batch; `head` goes from the version before to the new one.
pub(super) fn commit(
    txn: &WriteTransaction,
    batch: &Batch,
    head: &mut Head,
    t: &impl Translate,
) -> Result<(), StoreError> {
    let before = head.version;
    let has_history = head.oldest < before;
    head.version += 1;
    if !batch.keep {
        head.oldest = head.version;
    }
    // Also where keeping begins: a program that knows of no history may have left tables as they were.
    if has_history != batch.keep {
        history::clear(txn, head, t)?;
    }
    if !batch.metas.is_empty() {
        let mut metas = txn.open_table(METAS).map_err(|e| t.translate(e.into()))?;
        let mut old = if batch.keep {
            Some(txn.open_table(history::NAMED).map_err(|e| t.translate(e.into()))?)
        } else {
            None
        };
        for (name, payload) in &batch.metas {
            let sealed = payload.as_deref().map(|payload| envelope::seal_named(name, payload)).transpose()?;
            let replaced = match &sealed {
                Some(sealed) => metas.insert(name.as_str(), sealed.as_slice()),
                None => metas.remove(name.as_str()),
            };
            let replaced = replaced.map_err(|e| t.storage(e))?;
            let replaced = replaced.as_ref().map(|sealed| sealed.value());
            if let Some(old) = &mut old
                && replaced != sealed.as_deref()
            {
                history::keep_named(old, name, before, replaced, head, t)?;
            }
        }
    }
    if !batch.pages.is_empty() {
        let tables = Tables {
            rows: txn.open_table(ROWS).map_err(|e| t.translate(e.into()))?,
            pieces: txn.open_table(PIECES).map_err(|e| t.translate(e.into()))?,
            keeper: if batch.keep { Some(Keeper::open(txn, before, t)?) } else { None },
        };
        apply(tables, &batch.pages, head, t)?;
    }
    Ok(())
}

/// Applies page changes row by row, ascending.
fn apply(
    mut tables: Tables<'_>,
    changes: &Changes,
    head: &mut Head,
    t: &impl Translate,
) -> Result<(), StoreError> {
    let mut todo = changes.iter().map(|(id, payload)| (id.raw(), payload.as_deref())).peekable();
    while let Some(&(id, _)) = todo.peek() {
        // Ids below the first row go into it; it then gets a new key.
        let (here, rekey) = match floor(&tables.rows, id, t)? {
            Some(row) => (Some(row), false),
            None => (after(&tables.rows, None, t)?, true),
        };
        let next = match &here {
            Some((key, _)) => after(&tables.rows, Some(*key), t)?,
            None => None,
        };
        let bound = next.as_ref().map(|(key, _)| *key);
        let mut mine = Vec::new();
        while let Some(change) = todo.next_if(|(id, _)| bound.is_none_or(|bound| *id < bound)) {
            mine.push(change);
        }
        let place = Place { old: here, rekey, at_end: bound.is_none() };
        rewrite(&mut tables, place, &mine, head, t)?;
    }
    tables.keeper.map_or(Ok(()), |keeper| keeper.end(t))
}

/// The row that changes go into.
struct Place {
    old: Option<(u64, Vec<u8>)>,
    rekey: bool,
    at_end: bool,
}

fn rewrite(
    tables: &mut Tables<'_>,
    place: Place,
    changes: &[(u64, Option<&[u8]>)],
    head: &mut Head,
    t: &impl Translate,
) -> Result<(), StoreError> {
    let mut old = Vec::new();
    let mut lead = Vec::new();
    if let Some((key, bytes)) = &place.old {
        let row = parse(*key, bytes)?;
        for entry in row.entries() {
            let entry = entry.map_err(|e| damaged_row(*key, e))?;
            old.push(record(&row, *key, entry, &tables.rows, t)?);
        }
        // The lead is needed only while the row before is cut; a rewrite of that one leaves it orphaned.
        if !row.lead.is_empty()
            && let Some(below) = key.checked_sub(1)
            && let Some((before, bytes)) = floor(&tables.rows, below, t)?
            && parse(before, &bytes)?.missing().map_err(|e| damaged_row(before, e))? > 0
        {
            lead = row.lead.to_vec();
        }
    }
    let appended = place.at_end && old.last().is_none_or(|last| changes.iter().all(|(id, _)| *id > last.id));
    let merged = merge(old, changes, tables, head, t)?;

    let rows = &mut tables.rows;
    let first = merged.first().map(|r| r.id);
    let old_key = place.old.as_ref().map(|(key, _)| *key);
    let key = if place.rekey { first } else { old_key };
    if let Some(old_key) = old_key
        && (key != Some(old_key) || (merged.is_empty() && lead.is_empty()))
    {
        rows.remove(old_key).map_err(|e| t.storage(e))?;
    }
    let Some(key) = key else { return Ok(()) };
    let total = packed_len(&merged) + lead.len();
    let bulk = appended || total > BULK_ROWS * MAX_ROW;
    let limit = if total <= MAX_ROW || bulk { MAX_ROW } else { HALF_ROW };
    let mut packer = Packer::new(key, lead, limit, bulk);
    for (i, record) in merged.iter().enumerate() {
        if let Some((key, row)) = packer.push(record, merged.get(i + 1).map(|r| r.id)) {
            rows.insert(key, row.as_slice()).map_err(|e| t.storage(e))?;
        }
    }
    if let Some((key, row)) = packer.end() {
        rows.insert(key, row.as_slice()).map_err(|e| t.storage(e))?;
    }
    Ok(())
}

/// The row's records with the changes applied, ascending; keeps `head` and the large pages in step.
fn merge<'a>(
    old: Vec<Record<'a>>,
    changes: &[(u64, Option<&'a [u8]>)],
    tables: &mut Tables<'_>,
    head: &mut Head,
    t: &impl Translate,
) -> Result<Vec<Record<'a>>, StoreError> {
    let Tables { pieces, keeper, .. } = tables;
    let mut merged = Vec::with_capacity(old.len() + changes.len());
    let mut old = old.into_iter().peekable();
    for &(id, payload) in changes {
        while let Some(record) = old.next_if(|r| r.id < id) {
            merged.push(record);
        }
        let replaced = old.next_if(|r| r.id == id);
        if let Some(keeper) = keeper {
            keep(keeper, replaced.as_ref(), id, payload, pieces, head, t)?;
        }
        if let Some(replaced) = replaced {
            // A damaged count must not stop a repair by rewriting, hence saturating.
            head.pages = head.pages.saturating_sub(1);
            head.payload_bytes = head.payload_bytes.saturating_sub(replaced.payload_len());
            if let Body::Large(_) = replaced.body {
                pieces.retain_in((id, 0)..=(id, u32::MAX), |_, _| false).map_err(|e| t.storage(e))?;
            }
        }
        if let Some(payload) = payload {
            let (record, parts) = new_record(id, payload);
            for (n, part) in (0u32..).zip(&parts) {
                pieces.insert((id, n), part.as_slice()).map_err(|e| t.storage(e))?;
            }
            head.pages += 1;
            head.payload_bytes += payload.len() as u64;
            merged.push(record);
        }
    }
    merged.extend(old);
    Ok(merged)
}

/// Keeps what page `id` was before `payload` replaces it, unless it stays the same.
fn keep(
    keeper: &mut Keeper<'_>,
    replaced: Option<&Record<'_>>,
    id: u64,
    payload: Option<&[u8]>,
    pieces: &Pieces<'_>,
    head: &mut Head,
    t: &impl Translate,
) -> Result<(), StoreError> {
    let Some(record) = replaced else {
        return if payload.is_some() { keeper.keep(id, None, head, t) } else { Ok(()) };
    };
    let read;
    let old = match &record.body {
        Body::Inline(old) => &old[..],
        Body::Large(len) => {
            read = match read_pieces(pieces, id, *len, t) {
                // Pieces are missing. A damaged page can be written anew, and stays damaged in the versions before.
                Err(StoreError::Corrupt { .. }) => Err(()),
                read => Ok(read?),
            };
            read.as_deref().unwrap_or_default()
        }
    };
    if payload.is_some_and(|payload| payload == old && envelope::page_crc(id, payload) == record.crc) {
        return Ok(());
    }
    keeper.keep(id, Some((old, record.crc)), head, t)
}

fn parse(key: u64, bytes: &[u8]) -> Result<Row<'_>, StoreError> {
    Row::parse(key, bytes).map_err(|e| damaged_row(key, e))
}

pub(super) fn damaged_row(key: u64, detail: String) -> StoreError {
    super::tables::corrupt(key, detail)
}

/// Packs all rows anew, without gaps, into `to`. Damaged records are an error: compaction must not bury them.
pub(super) fn repack(
    from: &impl ReadableTable<u64, &'static [u8]>,
    to: &mut Rows<'_>,
    t: &impl Translate,
) -> Result<(), StoreError> {
    let mut packer: Option<Packer> = None;
    let mut held: Option<Record<'static>> = None;
    for item in from.iter().map_err(|e| t.storage(e))? {
        let (key, bytes) = item.map_err(|e| t.storage(e))?;
        let (key, bytes) = (key.value(), bytes.value());
        let row = parse(key, bytes)?;
        for entry in row.entries() {
            let entry = entry.map_err(|e| damaged_row(key, e))?;
            let next = record(&row, key, entry, from, t)?.into_owned();
            if let Some(before) = held.replace(next) {
                let packer = packer.get_or_insert_with(|| Packer::new(before.id, vec![], MAX_ROW, true));
                if let Some((key, row)) = packer.push(&before, Some(entry.id)) {
                    to.insert(key, row.as_slice()).map_err(|e| t.storage(e))?;
                }
            }
        }
    }
    if let Some(last) = held {
        let mut packer = packer.unwrap_or_else(|| Packer::new(last.id, vec![], MAX_ROW, true));
        for (key, row) in packer.push(&last, None).into_iter().chain(packer.end()) {
            to.insert(key, row.as_slice()).map_err(|e| t.storage(e))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tables::cut;

    #[test]
    fn pieces_waste_at_most_a_block() {
        for len in [1, 4000, 4061, 20_000, 65_536, 100_000, 1 << 20] {
            let payload = vec![7; len];
            let parts = cut(&payload);
            assert_eq!(parts.iter().map(|p| p.len() - 4).sum::<usize>(), len);
            let runs: usize =
                parts.iter().map(|p| (p.len() + 32).next_multiple_of(4096).next_power_of_two()).sum();
            assert!(runs < len + 4096 + 36 * parts.len(), "{len}: {runs}");
        }
    }
}
