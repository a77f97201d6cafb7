//! The engine's tables, and how pages lie in them.

use super::segment::{Body, Entry, MAX_INLINE, PIECE_MAGIC, ROW_MAGIC, Record, Row};
use super::superblock::BLOCK;
use crate::{StoreError, envelope};
use bm_core::PageId;
use redb::{ReadableTable, StorageError, TableDefinition};

/// Rows of pages ([`super::segment`]), by the lowest page code that may be in them.
pub(super) const ROWS: TableDefinition<'static, u64, &[u8]> = TableDefinition::new("rows");
/// Where compaction builds the next [`ROWS`].
pub(super) const NEXT_ROWS: TableDefinition<'static, u64, &[u8]> = TableDefinition::new("rows.next");
/// Payloads too large for a row, in pieces, by page code and piece number.
pub(super) const PIECES: TableDefinition<'static, (u64, u32), &[u8]> = TableDefinition::new("pieces");
/// Sealed named records; the one with the empty name is the store's own [`Head`].
pub(super) const METAS: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("metas");

/// Name of the store's own record, which no user record can have.
pub(super) const HEAD_NAME: &str = "";

/// Turns the engine's errors into ours.
pub(super) trait Translate {
    fn translate(&self, error: redb::Error) -> StoreError;

    fn storage(&self, error: StorageError) -> StoreError {
        self.translate(error.into())
    }
}

/// What the store knows about itself, committed with every change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) version: u64,
    pub(super) pages: u64,
    pub(super) payload_bytes: u64,
    /// The oldest version that can be read; below `version` only if there is history.
    pub(super) oldest: u64,
    pub(super) history_pages: u64,
    pub(super) history_bytes: u64,
}

impl Head {
    pub(super) fn seal(&self) -> Vec<u8> {
        let fields = [
            self.version,
            self.pages,
            self.payload_bytes,
            self.oldest,
            self.history_pages,
            self.history_bytes,
        ];
        let payload: Vec<u8> = fields.into_iter().flat_map(u64::to_le_bytes).collect();
        envelope::seal_internal(HEAD_NAME, &payload)
    }

    pub(super) fn read(
        metas: &impl ReadableTable<&'static str, &'static [u8]>,
        t: &impl Translate,
    ) -> Result<Self, StoreError> {
        let missing =
            |detail: &str| StoreError::CorruptRecord { name: HEAD_NAME.into(), detail: detail.into() };
        let guard =
            metas.get(HEAD_NAME).map_err(|e| t.storage(e))?.ok_or_else(|| missing("it is not there"))?;
        let payload = envelope::unseal_named(HEAD_NAME, guard.value())?;
        let (fields, _) = payload.as_chunks::<8>();
        let head = match *fields {
            [] | [_] | [_, _] => return Err(missing("it is too short")),
            [version, pages, payload_bytes, oldest, history_pages, history_bytes, ..] => Self {
                version: u64::from_le_bytes(version),
                pages: u64::from_le_bytes(pages),
                payload_bytes: u64::from_le_bytes(payload_bytes),
                oldest: u64::from_le_bytes(oldest),
                history_pages: u64::from_le_bytes(history_pages),
                history_bytes: u64::from_le_bytes(history_bytes),
            },
            // Written before there was history; whatever lies in its tables is of another time.
            [version, pages, payload_bytes, ..] => Self {
                version: u64::from_le_bytes(version),
                pages: u64::from_le_bytes(pages),
                payload_bytes: u64::from_le_bytes(payload_bytes),
                oldest: u64::from_le_bytes(version),
                ..Self::default()
            },
        };
        if head.oldest > head.version {
            return Err(missing("its oldest version is newer than its newest"));
        }
        Ok(head)
    }
}

/// The row a page would be in: key and bytes of the last row whose key is not above `id`.
pub(super) fn floor(
    rows: &impl ReadableTable<u64, &'static [u8]>,
    id: u64,
    t: &impl Translate,
) -> Result<Option<(u64, Vec<u8>)>, StoreError> {
    let mut range = rows.range(..=id).map_err(|e| t.storage(e))?;
    let found = range.next_back().transpose().map_err(|e| t.storage(e))?;
    Ok(found.map(|(key, bytes)| (key.value(), bytes.value().to_vec())))
}

/// The first row whose key is above `key`.
pub(super) fn after(
    rows: &impl ReadableTable<u64, &'static [u8]>,
    key: Option<u64>,
    t: &impl Translate,
) -> Result<Option<(u64, Vec<u8>)>, StoreError> {
    let first = match key {
        None => 0,
        Some(u64::MAX) => return Ok(None),
        Some(key) => key + 1,
    };
    let mut range = rows.range(first..).map_err(|e| t.storage(e))?;
    let found = range.next().transpose().map_err(|e| t.storage(e))?;
    Ok(found.map(|(key, bytes)| (key.value(), bytes.value().to_vec())))
}

/// The lead of the row after `key`, where the row's last record goes on.
pub(super) fn next_lead(
    rows: &impl ReadableTable<u64, &'static [u8]>,
    key: u64,
    t: &impl Translate,
) -> Result<Option<Vec<u8>>, StoreError> {
    let Some(first) = key.checked_add(1) else {
        return Ok(None);
    };
    let mut range = rows.range(first..).map_err(|e| t.storage(e))?;
    let Some((next, bytes)) = range.next().transpose().map_err(|e| t.storage(e))? else {
        return Ok(None);
    };
    Ok(Row::parse(next.value(), bytes.value()).ok().map(|row| row.lead.to_vec()))
}

/// Error about the page with this code, or about the row if the code names none.
pub(super) fn corrupt(id: u64, detail: String) -> StoreError {
    match PageId::from_raw(id) {
        Some(page) => StoreError::Corrupt { page, detail },
        None => StoreError::CorruptRecord { name: format!("page code {id:#x}"), detail },
    }
}

/// The checked payload of a record.
pub(super) fn payload(
    record: Record<'_>,
    pieces: &impl ReadableTable<(u64, u32), &'static [u8]>,
    t: &impl Translate,
) -> Result<Vec<u8>, StoreError> {
    let payload = match record.body {
        Body::Inline(payload) => payload.into_owned(),
        Body::Large(len) => read_pieces(pieces, record.id, len, t)?,
    };
    if envelope::page_crc(record.id, &payload) != record.crc {
        return Err(corrupt(record.id, "checksum does not match".into()));
    }
    Ok(payload)
}

/// A record of a row, completed from the next row where it is cut.
pub(super) fn record<'a>(
    row: &Row<'a>,
    key: u64,
    entry: Entry,
    rows: &impl ReadableTable<u64, &'static [u8]>,
    t: &impl Translate,
) -> Result<Record<'a>, StoreError> {
    row.record(entry, || next_lead(rows, key, t))?.map_err(|detail| corrupt(entry.id, detail))
}

/// A large page's payload; its length is checked, its checksum is not.
pub(super) fn read_pieces(
    pieces: &impl ReadableTable<(u64, u32), &'static [u8]>,
    id: u64,
    len: u32,
    t: &impl Translate,
) -> Result<Vec<u8>, StoreError> {
    join_pieces(pieces.range((id, 0)..=(id, u32::MAX)).map_err(|e| t.storage(e))?, id, len, t)
}

/// Puts the pieces of page `id` together; they must have `len` bytes.
pub(super) fn join_pieces<K: redb::Key + 'static>(
    pieces: redb::Range<'_, K, &'static [u8]>,
    id: u64,
    len: u32,
    t: &impl Translate,
) -> Result<Vec<u8>, StoreError> {
    let mut out = Vec::new();
    for piece in pieces {
        let (_, bytes) = piece.map_err(|e| t.storage(e))?;
        let Some(part) = bytes.value().strip_prefix(&PIECE_MAGIC) else {
            return Err(corrupt(id, "a piece does not begin as one".into()));
        };
        out.extend_from_slice(part);
        if out.len() > len as usize {
            break;
        }
    }
    if out.len() != len as usize {
        return Err(corrupt(id, format!("its pieces have {} bytes of {len}", out.len())));
    }
    Ok(out)
}

/// Cuts a large payload into pieces that fit the engine's runs of 2^k blocks, largest first: at most one block,
/// not half of the payload, goes to waste.
pub(super) fn cut(payload: &[u8]) -> Vec<Vec<u8>> {
    const ROOM: usize = 32 + PIECE_MAGIC.len();
    let mut out = Vec::new();
    let mut rest = payload;
    while !rest.is_empty() {
        let size =
            (0..=5).rev().map(|k| (BLOCK << k) - ROOM).find(|&n| n <= rest.len()).unwrap_or(rest.len());
        let (part, tail) = rest.split_at(size);
        out.push([&PIECE_MAGIC[..], part].concat());
        rest = tail;
    }
    out
}

/// A record for a new payload, and the pieces to store if it is large.
pub(super) fn new_record(id: u64, payload: &[u8]) -> (Record<'_>, Vec<Vec<u8>>) {
    let crc = envelope::page_crc(id, payload);
    if payload.len() <= MAX_INLINE {
        return (Record { id, body: Body::Inline(payload.into()), crc }, vec![]);
    }
    // MAX_PAYLOAD fits a u32 and was checked.
    (Record { id, body: Body::Large(payload.len() as u32), crc }, cut(payload))
}

const _: () = assert!(ROW_MAGIC.len() == PIECE_MAGIC.len());
