//! Rows: about thirty pages that follow each other, packed into one value of the engine.
//!
//! ```text
//! size  field
//!    4  magic "BMS", row version 1
//!    2  number of records                         ┐
//!    2  length of the lead in bytes               │ little endian
//!    2  length of the directory in bytes          ┘
//!    …  directory, for each record two LEB128 numbers:
//!         page code minus the one before (the first: minus the row's key)
//!         payload length · 2, plus 1 if the payload lies in the table of large pages
//!    4  CRC-32 of the row's key (u64, little endian) and all bytes above
//!    …  lead: the end of the last record of the row before
//!    …  records: payload (unless large), then the CRC-32 of the page's envelope
//! ```
//!
//! The engine stores a value in a run of 2^k blocks, so rows are filled to the brim: the last record of a full row
//! may be cut, and goes on in the lead of the next row.

use super::superblock::BLOCK;
use std::borrow::Cow;

/// Largest row; with the engine's framing it just fits eight blocks.
pub(super) const MAX_ROW: usize = 8 * BLOCK - 32;
/// Rows that were split to make room are refilled to this, four blocks.
pub(super) const HALF_ROW: usize = 4 * BLOCK - 32;
/// Payloads above this many bytes go to the table of large pages.
pub(super) const MAX_INLINE: usize = 3 * BLOCK;
/// First bytes of a row, and of a piece of a large page.
pub(super) const ROW_MAGIC: [u8; 4] = *b"BMS\x01";
pub(super) const PIECE_MAGIC: [u8; 4] = *b"BML\x01";

const HEAD: usize = 10;
/// Less than this is not worth cutting a record for.
const MIN_CUT: usize = 64;

/// Whether a block of the engine begins a leaf that holds one row of ours and nothing else.
///
/// Looks for our magic behind the engine's framing (type 1, one entry); a `false` only costs precision.
pub(super) fn is_row_leaf(block: &[u8]) -> bool {
    let one_entry = block.get(..4).is_some_and(|b| b[0] == 1 && b[2] == 1 && b[3] == 0);
    one_entry && block[8..40].windows(4).any(|w| w == ROW_MAGIC || w == PIECE_MAGIC)
}

/// One record of a row, as it lies there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record<'a> {
    pub(super) id: u64,
    pub(super) body: Body<'a>,
    /// CRC-32 of the page's envelope.
    pub(super) crc: u32,
}

/// Where a record's payload is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Body<'a> {
    Inline(Cow<'a, [u8]>),
    /// In the table of large pages, this many bytes.
    Large(u32),
}

impl Record<'_> {
    fn stored_len(&self) -> usize {
        4 + match &self.body {
            Body::Inline(payload) => payload.len(),
            Body::Large(_) => 0,
        }
    }

    pub(super) fn payload_len(&self) -> u64 {
        match &self.body {
            Body::Inline(payload) => payload.len() as u64,
            Body::Large(len) => u64::from(*len),
        }
    }

    pub(super) fn into_owned(self) -> Record<'static> {
        let body = match self.body {
            Body::Inline(payload) => Body::Inline(Cow::Owned(payload.into_owned())),
            Body::Large(len) => Body::Large(len),
        };
        Record { id: self.id, body, crc: self.crc }
    }
}

/// A directory entry and where its record starts behind the lead.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) id: u64,
    len: u32,
    large: bool,
    start: usize,
}

impl Entry {
    fn end(&self) -> usize {
        self.start + 4 + if self.large { 0 } else { self.len as usize }
    }
}

/// A row, its directory checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'a> {
    key: u64,
    count: usize,
    directory: &'a [u8],
    pub(super) lead: &'a [u8],
    records: &'a [u8],
}

/// Takes a LEB128 number off the front; `None` if there is none or it does not fit.
pub(super) fn leb(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&b, rest) = bytes.split_first()?;
        *bytes = rest;
        let bits = u64::from(b & 0x7f);
        if shift == 63 && bits > 1 {
            return None;
        }
        value |= bits << shift;
        if b < 0x80 {
            return Some(value);
        }
    }
    None
}

pub(super) fn push_leb(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

impl<'a> Row<'a> {
    /// Checks a row's head and directory.
    pub(super) fn parse(key: u64, bytes: &'a [u8]) -> Result<Self, String> {
        let wrong = |what: &str| format!("row {key:#x}: {what}");
        let head = bytes.get(..HEAD).ok_or_else(|| wrong("truncated"))?;
        if head[..4] != ROW_MAGIC {
            return Err(wrong("does not begin as a row"));
        }
        let word = |at: usize| usize::from(u16::from_le_bytes([head[at], head[at + 1]]));
        let (count, lead_len, dir_len) = (word(4), word(6), word(8));
        let checked = bytes.get(..HEAD + dir_len).ok_or_else(|| wrong("truncated"))?;
        let rest = &bytes[HEAD + dir_len..];
        let mut crc = crc32fast::Hasher::new();
        crc.update(&key.to_le_bytes());
        crc.update(checked);
        if rest.get(..4) != Some(&crc.finalize().to_le_bytes()[..]) {
            return Err(wrong("the directory does not match its checksum"));
        }
        let lead = rest.get(4..4 + lead_len).ok_or_else(|| wrong("truncated"))?;
        Ok(Self { key, count, directory: &checked[HEAD..], lead, records: &rest[4 + lead_len..] })
    }

    /// The directory; an entry that makes no sense ends it with an error.
    pub(super) fn entries(&self) -> impl Iterator<Item = Result<Entry, String>> + use<'a> {
        let (mut dir, mut id, mut start, key, count) =
            (self.directory, self.key, 0usize, self.key, self.count);
        (0..count).map(move |i| {
            let entry = (|| {
                let step = leb(&mut dir)?;
                if step == 0 && i > 0 {
                    return None;
                }
                id = id.checked_add(step)?;
                let coded = leb(&mut dir)?;
                let len = u32::try_from(coded >> 1).ok()?;
                let entry = Entry { id, len, large: coded & 1 == 1, start };
                start = entry.end();
                Some(entry)
            })();
            entry.ok_or_else(|| format!("row {key:#x}: directory entry {i} is malformed"))
        })
    }

    /// The entry of a page, if the row has it.
    pub(super) fn find(&self, id: u64) -> Result<Option<Entry>, String> {
        for entry in self.entries() {
            let entry = entry?;
            if entry.id >= id {
                return Ok((entry.id == id).then_some(entry));
            }
        }
        Ok(None)
    }

    /// Highest page code in the row.
    pub(super) fn last_id(&self) -> Result<Option<u64>, String> {
        self.entries().last().transpose().map(|e| e.map(|e| e.id))
    }

    /// How many bytes of the last record lie in the lead of the next row.
    pub(super) fn missing(&self) -> Result<usize, String> {
        let end = self.entries().last().transpose()?.map_or(0, |e| e.end());
        Ok(end.saturating_sub(self.records.len()))
    }

    /// A record; `next_lead` is asked for the lead of the next row if the record is cut.
    pub(super) fn record(
        &self,
        entry: Entry,
        next_lead: impl FnOnce() -> Result<Option<Vec<u8>>, crate::StoreError>,
    ) -> Result<Result<Record<'a>, String>, crate::StoreError> {
        let stored = if let Some(stored) = self.records.get(entry.start..entry.end()) {
            Cow::Borrowed(stored)
        } else {
            let Some(begun) = self.records.get(entry.start..) else {
                return Ok(Err("it lies beyond the end of its row".into()));
            };
            let missing = entry.end() - self.records.len();
            match next_lead()? {
                Some(lead) if lead.len() == missing => Cow::Owned([begun, &lead].concat()),
                _ => return Ok(Err("its second part is not in the next row".into())),
            }
        };
        let crc_at = stored.len() - 4;
        let crc =
            u32::from_le_bytes([stored[crc_at], stored[crc_at + 1], stored[crc_at + 2], stored[crc_at + 3]]);
        let body = if entry.large {
            Body::Large(entry.len)
        } else {
            Body::Inline(match stored {
                Cow::Borrowed(b) => Cow::Borrowed(&b[..crc_at]),
                Cow::Owned(mut v) => {
                    v.truncate(crc_at);
                    Cow::Owned(v)
                }
            })
        };
        Ok(Ok(Record { id: entry.id, body, crc }))
    }
}

/// Packs ascending records into rows.
pub(super) struct Packer {
    limit: usize,
    /// Whether a record may be cut to fill a row.
    cut: bool,
    key: u64,
    last: u64,
    count: usize,
    directory: Vec<u8>,
    lead: Vec<u8>,
    records: Vec<u8>,
}

impl Packer {
    /// A packer whose first row has this key and carries this lead on.
    pub(super) fn new(key: u64, lead: Vec<u8>, limit: usize, cut: bool) -> Self {
        Self { limit, cut, key, last: key, count: 0, directory: vec![], lead, records: vec![] }
    }

    fn len(&self) -> usize {
        HEAD + self.directory.len() + 4 + self.lead.len() + self.records.len()
    }

    /// Adds a record. `next` is the id of the one that follows, if any. Gives a row when one is full.
    pub(super) fn push(&mut self, record: &Record<'_>, next: Option<u64>) -> Option<(u64, Vec<u8>)> {
        let mut done = None;
        let mut entry = self.entry(record, self.last);
        let need = record.stored_len();
        let free = self.limit.saturating_sub(self.len() + entry.len());
        let full = need > free || self.count == usize::from(u16::MAX);
        let cut = full && self.cut && free >= MIN_CUT && self.count < usize::from(u16::MAX);
        if full && !(cut && next.is_some()) && self.count > 0 {
            done = Some(self.finish(record.id, vec![]));
            entry = self.entry(record, self.last);
        }
        self.directory.extend_from_slice(&entry);
        self.count += 1;
        self.last = record.id;
        if let Body::Inline(payload) = &record.body {
            self.records.extend_from_slice(payload);
        }
        self.records.extend_from_slice(&record.crc.to_le_bytes());
        if done.is_none()
            && cut
            && let Some(next) = next
        {
            let lead = self.records.split_off(self.records.len() - (need - free));
            done = Some(self.finish(next, lead));
        }
        done
    }

    /// The last row; `None` if it would hold nothing.
    pub(super) fn end(mut self) -> Option<(u64, Vec<u8>)> {
        (self.count > 0 || !self.lead.is_empty()).then(|| self.finish(0, vec![]))
    }

    fn entry(&self, record: &Record<'_>, last: u64) -> Vec<u8> {
        let mut entry = Vec::with_capacity(12);
        push_leb(&mut entry, record.id.wrapping_sub(last));
        let (len, large) = match &record.body {
            Body::Inline(payload) => (payload.len() as u64, 0),
            Body::Large(len) => (u64::from(*len), 1),
        };
        push_leb(&mut entry, len << 1 | large);
        entry
    }

    fn finish(&mut self, next_key: u64, next_lead: Vec<u8>) -> (u64, Vec<u8>) {
        let next = Self::new(next_key, next_lead, self.limit, self.cut);
        let full = std::mem::replace(self, next);
        let mut out = Vec::with_capacity(full.len());
        out.extend_from_slice(&ROW_MAGIC);
        // Each is bounded by the size of a row, which fits.
        for n in [full.count, full.lead.len(), full.directory.len()] {
            out.extend_from_slice(&(n as u16).to_le_bytes());
        }
        out.extend_from_slice(&full.directory);
        let mut crc = crc32fast::Hasher::new();
        crc.update(&full.key.to_le_bytes());
        crc.update(&out);
        out.extend_from_slice(&crc.finalize().to_le_bytes());
        out.extend_from_slice(&full.lead);
        out.extend_from_slice(&full.records);
        (full.key, out)
    }
}

/// How many bytes the records take when packed, near enough to decide how to pack them.
pub(super) fn packed_len(records: &[Record<'_>]) -> usize {
    records.iter().map(|r| r.stored_len() + 12).sum::<usize>() + HEAD + 4
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pack(records: &[Record<'_>], limit: usize, cut: bool) -> Vec<(u64, Vec<u8>)> {
        let mut packer = Packer::new(records[0].id, vec![], limit, cut);
        let mut rows = Vec::new();
        for (i, record) in records.iter().enumerate() {
            rows.extend(packer.push(record, records.get(i + 1).map(|r| r.id)));
        }
        rows.extend(packer.end());
        rows
    }

    fn unpack(rows: &[(u64, Vec<u8>)]) -> Vec<Record<'static>> {
        let mut out = Vec::new();
        for (i, (key, bytes)) in rows.iter().enumerate() {
            let row = Row::parse(*key, bytes).unwrap();
            let next =
                || Ok(rows.get(i + 1).map(|(key, bytes)| Row::parse(*key, bytes).unwrap().lead.to_vec()));
            for entry in row.entries() {
                out.push(row.record(entry.unwrap(), next).unwrap().unwrap().into_owned());
            }
        }
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn rows_hold_what_was_packed(
            steps in proptest::collection::vec((0u64..1 << 40, 0usize..3000, any::<bool>()), 1..120),
            cut: bool, half: bool,
        ) {
            let mut id = 0;
            let records: Vec<_> = steps.into_iter().map(|(step, len, large)| {
                id += step + 1;
                let body = if large && len % 5 == 0 {
                    Body::Large(len as u32 + 20_000)
                } else {
                    Body::Inline(vec![id as u8; len].into())
                };
                Record { id, body, crc: id as u32 }
            }).collect();
            let limit = if half { HALF_ROW } else { MAX_ROW };
            let rows = pack(&records, limit, cut);
            prop_assert_eq!(unpack(&rows), records);
            prop_assert!(rows.iter().all(|(_, row)| row.len() <= limit));
            prop_assert!(rows.is_sorted_by(|a, b| a.0 < b.0));
            if cut {
                // Rows are full but for the last two: one may end before a record that would not be cut.
                let full = rows.iter().rev().skip(2).all(|(_, row)| row.len() + MIN_CUT + 16 >= limit);
                prop_assert!(full);
            }
        }

        #[test]
        fn hostile_rows_are_errors(mut bytes in proptest::collection::vec(any::<u8>(), 0..200), sign: bool, key: u64) {
            if bytes.len() >= HEAD {
                bytes[..4].copy_from_slice(&ROW_MAGIC);
                bytes[9] = 0;
                let dir = HEAD + usize::from(bytes[8]) % 64;
                bytes[8] = (dir - HEAD) as u8;
                // Half of them with the right checksum, so that the directory itself has to be sound.
                if sign && bytes.len() >= dir + 4 {
                    let crc = crc32fast::hash(&[&key.to_le_bytes()[..], &bytes[..dir]].concat());
                    bytes[dir..dir + 4].copy_from_slice(&crc.to_le_bytes());
                }
            }
            if let Ok(row) = Row::parse(key, &bytes) {
                for entry in row.entries().map_while(Result::ok) {
                    let _ = row.record(entry, || Ok(Some(vec![0; 3])));
                    let _ = row.find(entry.id);
                }
                let _ = (row.missing(), row.last_id());
            }
        }
    }

    #[test]
    fn golden_row() {
        let record =
            |id, len: usize| Record { id, body: Body::Inline(vec![0xaa; len].into()), crc: 0x0403_0201 };
        let records = [record(0x0040_0000, 3), record(0x0040_0200, 0)];
        let large = Record { id: 0x0040_0201, body: Body::Large(100_000), crc: 0x0807_0605 };
        let rows = pack(&[&records[..], &[large]].concat(), MAX_ROW, true);
        insta::assert_snapshot!(format!("{:#x} {:02x?}", rows[0].0, rows[0].1), @"0x400000 [42, 4d, 53, 01, 03, 00, 00, 00, 09, 00, 00, 06, 80, 04, 00, 01, c1, 9a, 0c, b2, ea, 39, 73, aa, aa, aa, 01, 02, 03, 04, 01, 02, 03, 04, 05, 06, 07, 08]");
    }
}
