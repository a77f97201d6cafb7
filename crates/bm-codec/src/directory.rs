//! The bytes of a page's directory: which finer pages exist, their check sums, and who fills them.
//!
//! ```text
//! directory = varint n (0: nothing follows), varint length of the list, varint length packed, list, n × u32 check sum
//! list      = n gaps, materials, unit u8, n heads, indices, volumes      packed if the second length is not 0
//! gaps      = sub-cells as varints: the first as it is, each other one minus the one before minus 1
//! materials = varint M, first id as a varint, each other one minus the one before minus 1
//! heads     = varint: number of shares · 2, plus 1 if they fill the whole cell
//! indices   = for each page its shares' materials as varint indices
//! volumes   = for each page its shares' volumes >> unit as varints; the first is left out where all fill the cell
//! ```

use crate::body::Child;
use crate::error::DecodeError;
use crate::pack;
use crate::shares::{MAX_SHARES, Shares, WHOLE};
use crate::wire::{Reader, put_varint};
use bm_core::MaterialId;
use bm_core::page::SUBCELLS;

/// Largest list a reader unpacks: every sub-cell with a few shares.
const MAX_LIST: usize = 64 << 20;

/// Shorter lists are not packed.
const PLAIN: usize = 48;
/// Lists up to this long are packed at [`SMALL_LEVEL`], longer ones at [`LARGE_LEVEL`]. Part of the format: equal
/// pages give equal bytes.
const SMALL: usize = 64 << 10;
const SMALL_LEVEL: i32 = 19;
const LARGE_LEVEL: i32 = 9;

const WHAT: &str = "directory";

pub(crate) fn encode(children: &[Child], out: &mut Vec<u8>) {
    put_varint(out, children.len() as u64);
    if children.is_empty() {
        return;
    }
    let list = list(children);
    put_varint(out, list.len() as u64);
    let level = if list.len() <= SMALL { SMALL_LEVEL } else { LARGE_LEVEL };
    let packed = if list.len() <= PLAIN { None } else { pack::compress(&list, level) };
    match packed.filter(|p| p.len() < list.len()) {
        Some(packed) => {
            put_varint(out, packed.len() as u64);
            out.extend_from_slice(&packed);
        }
        None => {
            out.push(0);
            out.extend_from_slice(&list);
        }
    }
    out.extend(children.iter().flat_map(|c| c.crc.to_le_bytes()));
}

fn list(children: &[Child]) -> Vec<u8> {
    let mut out = Vec::with_capacity(children.len() * 12);
    put_ascending(&mut out, children.iter().map(|c| c.sub));
    let mut materials: Vec<u16> = Vec::new();
    let mut known = vec![0u64; 1 << 10];
    for &(m, _) in children.iter().flat_map(|c| c.shares.list()) {
        let (word, bit) = (usize::from(m.0 >> 6), 1 << (m.0 & 63));
        if known[word] & bit == 0 {
            known[word] |= bit;
            materials.push(m.0);
        }
    }
    materials.sort_unstable();
    put_varint(&mut out, materials.len() as u64);
    put_ascending(&mut out, materials.iter().map(|&m| m.into()));
    let stored =
        || children.iter().flat_map(|c| c.shares.list().iter().skip(usize::from(is_full(&c.shares))));
    let unit = stored().map(|s| s.1.trailing_zeros()).min().unwrap_or(0);
    out.push(unit as u8);
    for c in children {
        put_varint(&mut out, 2 * c.shares.list().len() as u64 + u64::from(is_full(&c.shares)));
    }
    for &(m, _) in children.iter().flat_map(|c| c.shares.list()) {
        put_varint(&mut out, materials.partition_point(|&o| o < m.0) as u64);
    }
    stored().for_each(|s| put_varint(&mut out, s.1 >> unit));
    out
}

/// Whether the first volume follows from the others.
fn is_full(shares: &Shares) -> bool {
    shares.list().iter().map(|s| s.1).sum::<u64>() == WHOLE
}

fn put_ascending(out: &mut Vec<u8>, values: impl Iterator<Item = u32>) {
    let mut next = 0;
    for v in values {
        put_varint(out, (v - next).into());
        next = v + 1;
    }
}

/// Reads `n` ascending values below `limit`.
fn ascending(r: &mut Reader<'_>, n: usize, limit: u32, what: &'static str) -> Result<Vec<u32>, DecodeError> {
    let mut out = Vec::with_capacity(n.min(r.remaining()));
    let mut next = 0u64;
    for _ in 0..n {
        let v = next + r.varint(what)?.min(limit.into());
        if v >= limit.into() {
            return Err(DecodeError::invalid(what, format!("beyond the last, {}", limit - 1)));
        }
        out.push(v as u32);
        next = v + 1;
    }
    Ok(out)
}

pub(crate) fn decode(r: &mut Reader<'_>) -> Result<Vec<Child>, DecodeError> {
    let n = r.count(SUBCELLS.into(), "directory length")?;
    if n == 0 {
        return Ok(Vec::new());
    }
    let list_len = r.count(MAX_LIST as u64, "directory size")?;
    let packed_len = r.count(r.remaining() as u64, "directory bytes")?;
    let stored = r.bytes(if packed_len == 0 { list_len } else { packed_len }, "directory bytes")?;
    // The check sums follow, four bytes a page: a count that lies is found before anything is unpacked.
    let crcs = Reader::new(r.bytes(n * 4, "directory check sums")?);
    if packed_len == 0 {
        return decode_list(stored, n, crcs);
    }
    let list =
        zstd::bulk::decompress(stored, list_len).map_err(|e| DecodeError::invalid(WHAT, e.to_string()))?;
    if list.len() != list_len || packed_len >= list_len {
        let detail = format!("{} bytes, not {list_len}, from {packed_len}", list.len());
        return Err(DecodeError::invalid(WHAT, detail));
    }
    decode_list(&list, n, crcs)
}

fn decode_list(list: &[u8], n: usize, mut crcs: Reader<'_>) -> Result<Vec<Child>, DecodeError> {
    let mut r = Reader::new(list);
    let subs = ascending(&mut r, n, SUBCELLS, "directory entry")?;
    let m = r.count(1 << 16, "directory materials")?;
    let materials = ascending(&mut r, m, 1 << 16, "directory materials")?;
    let unit = u32::from(r.u8("share unit")?);
    if unit > 32 {
        return Err(DecodeError::invalid("share unit", unit.to_string()));
    }
    let mut heads = Vec::with_capacity(n.min(r.remaining()));
    let mut total = 0;
    for _ in 0..n {
        let head = r.count(2 * MAX_SHARES as u64 + 1, "share count")?;
        total += head / 2;
        heads.push(head);
    }
    // An index takes a byte at least.
    if total > r.remaining() {
        return Err(DecodeError::Truncated("shares"));
    }
    let mut indices = Vec::with_capacity(total);
    for _ in 0..total {
        let index = r.count(u16::MAX.into(), "material id")?;
        // The unset material is allowed here: where the root page has no answer, nothing else is true.
        let material = materials.get(index).ok_or_else(|| {
            DecodeError::invalid("material id", format!("index {index} of {}", materials.len()))
        })?;
        indices.push(MaterialId(*material as u16));
    }
    let mut out = Vec::with_capacity(heads.len());
    let mut from = 0;
    for (sub, head) in subs.into_iter().zip(heads) {
        let of = &indices[from..from + head / 2];
        from += head / 2;
        let shares = decode_shares(&mut r, of, head % 2 == 1, unit)?;
        out.push(Child { sub, crc: crcs.u32("directory check sums")?, shares });
    }
    r.finish()?;
    Ok(out)
}

fn decode_shares(
    r: &mut Reader<'_>,
    of: &[MaterialId],
    full: bool,
    unit: u32,
) -> Result<Shares, DecodeError> {
    let refuse = || DecodeError::invalid("share", "zero, repeated, or more than the cell");
    let mut volumes = Vec::with_capacity(of.len());
    let mut total = 0u64;
    for k in 0..of.len() {
        let v = if full && k == 0 { 0 } else { r.count(WHOLE >> unit, "share")? as u64 } << unit;
        total += v;
        // Rounding up keeps slivers alive, so the sum may exceed the whole by a little.
        if (v == 0 && !(full && k == 0)) || total > WHOLE + (1 << 24) {
            return Err(refuse());
        }
        volumes.push(v);
    }
    if full {
        let first = volumes.first_mut().ok_or_else(refuse)?;
        *first = WHOLE.checked_sub(total).filter(|&v| v > 0).ok_or_else(refuse)?;
    } else if total == WHOLE {
        return Err(DecodeError::invalid("share", "fills the cell without saying so"));
    }
    let list: Vec<(MaterialId, u64)> = of.iter().copied().zip(volumes).collect();
    if list.iter().enumerate().any(|(k, (m, _))| list[..k].iter().any(|(o, _)| o == m)) {
        return Err(refuse());
    }
    Ok(Shares::from_list(list))
}
