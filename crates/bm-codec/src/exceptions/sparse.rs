//! The bytes of scattered cells: gaps as Golomb-Rice codes, contents by palette.
//!
//! ```text
//! sparse = varint rest, palette of the others, varint N ≥ 1, k u8, bits
//! palette = varint K, first code as a varint, each other one minus the one before minus 1
//! bits   = for each of the N cells in order: its gap, then its index into the palette; zeros up to a byte
//! gap    = cells between it and the one before: g >> k zeros, a one, then k bits of g
//! index  = truncated binary: with b = ⌈log2 K⌉ and u = 2^b − K, indices below u take b − 1 bits, and index i of
//!          the others is i + u in b bits, the last of them written after the rest
//! ```
//!
//! Bits go from the least significant up. "Rest" is the content of more than half of the page; k is the smallest
//! of those that give the fewest bits.

use super::Code;
use super::codes::CodeSet;
use super::runs::RunList;
use crate::error::DecodeError;
use crate::wire::{Reader, put_varint};
use bm_core::page::SUBCELLS;

const WHAT: &str = "exceptions cells";

/// Largest Rice parameter: a gap has at most 21 bits.
const MAX_K: u32 = 20;

/// A content as scattered cells: how many there are, and the body, unless that is not below a limit.
pub(super) struct Sparse {
    pub(super) cells: u32,
    pub(super) body: Option<Vec<u8>>,
}

/// The content as scattered cells over one that fills more than half of the page; `None` if there is no such
/// content, or nothing else. A body of `limit` bytes or more is not made.
pub(super) fn body(
    set: &CodeSet,
    runs: impl Iterator<Item = (u32, Code)> + Clone,
    limit: usize,
) -> Option<Sparse> {
    let rest = majority(runs.clone())?;
    let others: Vec<Code> = set.sorted().into_iter().filter(|&c| c != rest).collect();
    if others.is_empty() {
        return None;
    }
    // Gaps between single cells; cells of one run follow each other without a gap.
    let mut gap = 0;
    let (mut cells, mut firsts) = (0u32, Vec::new());
    for (len, code) in runs.clone() {
        if code == rest {
            gap += len;
        } else {
            cells += len;
            firsts.push(gap);
            gap = 0;
        }
    }
    let bits =
        |k: u32| firsts.iter().map(|&g| u64::from(g >> k)).sum::<u64>() + u64::from(cells) * u64::from(k + 1);
    // Bits fall and then rise with k: the sum of gaps says about where.
    let mean = firsts.iter().map(|&g| u64::from(g)).sum::<u64>() / u64::from(cells);
    let about = mean.max(1).ilog2();
    let k = (about.saturating_sub(2)..=(about + 1).min(MAX_K)).min_by_key(|&k| bits(k))?;
    // Indices come on top of that, and a head: what has many cells in few runs ends here.
    if bits(k) / 8 >= limit as u64 {
        return Some(Sparse { cells, body: None });
    }
    let mut out = Vec::with_capacity((bits(k) / 8) as usize + 2 * others.len() + 16);
    put_varint(&mut out, rest.into());
    put_varint(&mut out, others.len() as u64);
    let mut next = 0;
    for &c in &others {
        put_varint(&mut out, u64::from(u32::from(c) - next));
        next = u32::from(c) + 1;
    }
    put_varint(&mut out, cells.into());
    out.push(k as u8);
    let width = Width::of(others.len());
    // An index counts the codes below, less the rest if that is one of them.
    let index = |code: Code| set.rank(code) - usize::from(rest < code);
    let mut w = BitWriter { out, bits: 0, held: 0 };
    gap = 0;
    for (len, code) in runs {
        if code == rest {
            gap += len;
            continue;
        }
        for _ in 0..len {
            w.gap(gap, k);
            w.index(index(code), width);
            gap = 0;
        }
    }
    Some(Sparse { cells, body: Some(w.finish()).filter(|b| b.len() < limit) })
}

/// The code that fills more than half of the page.
fn majority(runs: impl Iterator<Item = (u32, Code)> + Clone) -> Option<Code> {
    // The one that is left when unlike cells cancel each other, if it is one at all.
    let (mut left, mut weight) = (0, 0u32);
    for (len, code) in runs.clone() {
        if code == left {
            weight += len;
        } else if len > weight {
            (left, weight) = (code, len - weight);
        } else {
            weight -= len;
        }
    }
    let volume: u32 = runs.filter(|r| r.1 == left).map(|r| r.0).sum();
    (volume > SUBCELLS / 2).then_some(left)
}

/// Reads a sparse body into runs.
pub(super) fn decode(r: &mut Reader<'_>) -> Result<RunList, DecodeError> {
    let invalid = |detail: String| Err(DecodeError::invalid(WHAT, detail));
    let rest = r.count(u16::MAX.into(), WHAT)? as Code;
    // Each entry takes a byte at least: no more of them than bytes, before any memory.
    let k = r.count((r.remaining() as u64).min(1 << 16), WHAT)?;
    let mut codes: Vec<Code> = Vec::with_capacity(k);
    let mut next = 0u64;
    for _ in 0..k {
        let code = next + r.count(u16::MAX.into(), WHAT)? as u64;
        if code > u16::MAX.into() || code == u64::from(rest) {
            return invalid(format!("content {code} is beyond the last, or the rest"));
        }
        codes.push(code as Code);
        next = code + 1;
    }
    let n = r.count(u64::from(SUBCELLS / 2), WHAT)?;
    let rice = u32::from(r.u8(WHAT)?);
    if codes.is_empty() || n == 0 || n as u32 >= SUBCELLS / 2 || rice > MAX_K {
        return invalid(format!("{k} contents in {n} cells with parameter {rice} cannot be"));
    }
    let width = Width::of(codes.len());
    let mut used = vec![false; codes.len()];
    let mut list = RunList::default();
    let mut bits = BitReader { bytes: r.rest(), at: 0 };
    for _ in 0..n {
        let left = SUBCELLS - list.end();
        let gap = bits.gap(rice, left)?;
        if gap >= left {
            return invalid("beyond the last sub-cell".into());
        }
        let index = bits.index(width)?;
        match used.get_mut(index) {
            Some(u) => *u = true,
            None => return invalid(format!("index {index} of {}", codes.len())),
        }
        list.push(gap, rest);
        list.push(1, codes[index]);
    }
    list.push(SUBCELLS - list.end(), rest);
    let taken = bits.at.div_ceil(8);
    if bits.take((taken * 8 - bits.at) as u32)? != 0 {
        return invalid("bits are left over".into());
    }
    r.bytes(taken, WHAT)?;
    if used.contains(&false) {
        return invalid("has contents that nothing uses".into());
    }
    Ok(list)
}

/// How wide an index is: up to `long` bits, one less below `short`.
#[derive(Clone, Copy)]
struct Width {
    long: u32,
    short: usize,
}

impl Width {
    const fn of(entries: usize) -> Self {
        let long = entries.next_power_of_two().trailing_zeros();
        Self { long, short: (1 << long) - entries }
    }
}

struct BitWriter {
    out: Vec<u8>,
    bits: u64,
    held: u32,
}

impl BitWriter {
    /// Appends the low `n` bits of `v`, which has no others; `n` ≤ 32.
    fn put(&mut self, v: u64, n: u32) {
        self.bits |= v << self.held;
        self.held += n;
        while self.held >= 8 {
            self.out.push(self.bits as u8);
            self.bits >>= 8;
            self.held -= 8;
        }
    }

    fn gap(&mut self, g: u32, k: u32) {
        let mut quotient = g >> k;
        while quotient >= 31 {
            self.put(0, 31);
            quotient -= 31;
        }
        self.put(1 << quotient, quotient + 1);
        self.put(u64::from(g & ((1 << k) - 1)), k);
    }

    fn index(&mut self, index: usize, w: Width) {
        if w.long == 0 {
        } else if index < w.short {
            self.put(index as u64, w.long - 1);
        } else {
            let v = (index + w.short) as u64;
            self.put(v >> 1, w.long - 1);
            self.put(v & 1, 1);
        }
    }

    fn finish(mut self) -> Vec<u8> {
        if self.held > 0 {
            self.out.push(self.bits as u8);
        }
        self.out
    }
}

struct BitReader<'a> {
    bytes: &'a [u8],
    /// Bits read.
    at: usize,
}

impl BitReader<'_> {
    /// The next bits, and how many of them there are: 56 at least, or all that are left.
    #[inline]
    fn window(&self) -> (u64, u32) {
        let rest = &self.bytes[(self.at / 8).min(self.bytes.len())..];
        let skip = (self.at % 8) as u32;
        match rest.first_chunk::<8>() {
            Some(eight) => (u64::from_le_bytes(*eight) >> skip, 64 - skip),
            None => {
                let mut eight = [0; 8];
                eight[..rest.len()].copy_from_slice(rest);
                (u64::from_le_bytes(eight) >> skip, (8 * rest.len() as u32).saturating_sub(skip))
            }
        }
    }

    /// The next `n` ≤ 32 bits.
    #[inline]
    fn take(&mut self, n: u32) -> Result<u64, DecodeError> {
        let (bits, have) = self.window();
        if n > have {
            return Err(DecodeError::Truncated(WHAT));
        }
        self.at += n as usize;
        Ok(bits & ((1 << n) - 1))
    }

    /// A gap; `limit` stands for anything longer.
    #[inline]
    fn gap(&mut self, k: u32, limit: u32) -> Result<u32, DecodeError> {
        let mut quotient = 0;
        loop {
            let (bits, have) = self.window();
            let zeros = bits.trailing_zeros().min(have);
            quotient += zeros;
            if quotient > limit >> k {
                return Ok(limit);
            }
            if zeros < have {
                self.at += zeros as usize + 1;
                return Ok((quotient << k) | self.take(k)? as u32);
            }
            if have == 0 {
                return Err(DecodeError::Truncated(WHAT));
            }
            self.at += have as usize;
        }
    }

    #[inline]
    fn index(&mut self, w: Width) -> Result<usize, DecodeError> {
        if w.long == 0 {
            return Ok(0);
        }
        let head = self.take(w.long - 1)? as usize;
        if head < w.short { Ok(head) } else { Ok((head << 1 | self.take(1)? as usize) - w.short) }
    }
}
