//! The bytes of exceptions at rest.
//!
//! ```text
//! part    = tag u8, body            tag: 0 none, 1 runs, 2 palette, 3 sparse; +0x80: body is packed (not sparse)
//! packed  = varint raw length, varint length, zstd frame of the body
//! none    = (empty)
//! runs    = palette, varint R ≥ 1, R lengths as varints, first index, R−1 steps
//! palette = palette, indices of all sub-cells at 1, 2, 4, 8 or 16 bits, least significant first
//! sparse  = see sparse.rs
//!
//! palette = varint K, K × u16 ascending (0 is "through")
//! index   = u8 if K ≤ 256, else u16
//! step    = (index − index before − 1) mod K, written like an index
//! ```
//!
//! Runs and palette can hold any content (but none and a single content have one spelling each), sparse any with
//! one content in more than half of the cells; which one is written is found by trying, not by the form in memory,
//! and that form is chosen anew when reading. Short and scattered contents are not packed, since that would only
//! cost time ([`PLAIN_BYTES`], [`PLAIN_CELLS`]); another body is packed exactly if that makes the part smaller. A step cannot say "the same again", the width of
//! a packed index follows from K, and every palette entry must be used: so the bytes follow from the
//! content, for a given version of zstd.

use super::codes::CodeSet;
use super::palette::{self, Palette};
use super::runs::RunList;
use super::select::{
    PLAIN_BYTES, PLAIN_CELLS, QUICK_LEVEL, THOROUGH_LEVEL, THOROUGH_MAX, choose, try_palette_at_rest,
};
use super::sparse;
use super::{Code, Exceptions, ExceptionsKind, THROUGH};
use crate::error::DecodeError;
use crate::pack;
use crate::wire::{Reader, put_varint};
use bm_core::page::SUBCELLS;

const NONE: u8 = 0;
const RUNS: u8 = 1;
const PALETTE: u8 = 2;
const SPARSE: u8 = 3;
const PACKED: u8 = 0x80;

/// Most palette entries: every material but the unset one, and "through".
const MAX_ENTRIES: u64 = 1 << 16;

/// No body is longer. In runs, a length takes no more bytes than it counts sub-cells, and an index at
/// most two; in a palette, an index takes at most two. Then come the palette and the counts.
const MAX_BODY: u64 = 3 * SUBCELLS as u64 + 2 * MAX_ENTRIES + 16;

const WHAT: &str = "exceptions";
const WHAT_PALETTE: &str = "exceptions palette";
const WHAT_RUNS: &str = "exceptions runs";
const WHAT_CELLS: &str = "exceptions cells";

impl Exceptions {
    /// Appends the bytes at rest. Equal content gives equal bytes.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let part = match self {
            Self::None => vec![NONE],
            Self::Runs(runs) => smallest(runs.iter(), None),
            // The runs are gone through several times: found once.
            Self::Palette(palette) => smallest(RunList::of(palette.iter()).iter(), Some(palette)),
        };
        out.extend_from_slice(&part);
    }

    /// Reads what [`encode`](Self::encode) wrote. Everything is bounded before memory is taken for it.
    pub(crate) fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let tag = r.u8(WHAT)?;
        if tag & PACKED == 0 {
            return decode_body(tag, r);
        }
        let raw = r.count(MAX_BODY, WHAT)?;
        let length = r.count(MAX_BODY, WHAT)?;
        if length >= raw {
            return Err(DecodeError::invalid(WHAT, format!("{raw} bytes packed into {length}")));
        }
        let frame = r.bytes(length, WHAT)?;
        let body = zstd::bulk::decompress(frame, raw)
            .map_err(|e| DecodeError::invalid(WHAT, format!("zstd frame: {e}")))?;
        if body.len() != raw {
            return Err(DecodeError::invalid(WHAT, format!("{} bytes unpacked, {raw} said", body.len())));
        }
        let mut inner = Reader::new(&body);
        if tag & !PACKED == SPARSE {
            return Err(DecodeError::invalid(WHAT, "scattered cells are never packed"));
        }
        let out = decode_body(tag & !PACKED, &mut inner)?;
        inner.finish()?;
        Ok(out)
    }
}

/// The part in the spelling that turns out smallest. `palette` is the same content, if it is at hand.
fn smallest(runs: impl Iterator<Item = (u32, Code)> + Clone, palette: Option<&Palette>) -> Vec<u8> {
    let set = CodeSet::of(runs.clone().map(|(_, code)| code));
    let (body, count) = runs_body(&set, runs.clone());
    // Not shorter than plain runs, it would not be taken.
    let sparse = sparse::body(&set, runs.clone(), body.len());
    let cells = sparse.as_ref().map_or(u32::MAX, |s| s.cells);
    let sparse = sparse.and_then(|s| s.body).map(|b| plain(SPARSE, &b));
    let packed = if body.len() <= PLAIN_BYTES || cells <= PLAIN_CELLS {
        plain(RUNS, &body)
    } else {
        let limit = sparse.as_ref().map_or(usize::MAX, Vec::len);
        smallest_packed(runs, &set, (body, count), palette, limit)
    };
    match sparse {
        Some(sparse) if sparse.len() < packed.len() => sparse,
        _ => packed,
    }
}

/// The smaller of runs and palette; a second try with more effort only if the first is not beyond `limit`.
fn smallest_packed(
    runs: impl Iterator<Item = (u32, Code)> + Clone,
    set: &CodeSet,
    (body, count): (Vec<u8>, usize),
    palette: Option<&Palette>,
    limit: usize,
) -> Vec<u8> {
    let mut best = (part(RUNS, &body, QUICK_LEVEL), RUNS, body);
    if try_palette_at_rest(count) && set.len() > 1 {
        let body = match palette {
            Some(palette) => palette_body(palette),
            None => palette_body(&Palette::from_runs(set, runs)),
        };
        let part = part(PALETTE, &body, QUICK_LEVEL);
        if part.len() < best.0.len() {
            best = (part, PALETTE, body);
        }
    }
    let (quick, form, body) = best;
    // What is shorter as scattered cells has little order that more effort would find.
    if body.len() <= THOROUGH_MAX && quick.len() <= limit {
        let thorough = part(form, &body, THOROUGH_LEVEL);
        if thorough.len() < quick.len() {
            return thorough;
        }
    }
    quick
}

fn plain(form: u8, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 1);
    out.push(form);
    out.extend_from_slice(body);
    out
}

/// Tag and body, packed if that is smaller.
fn part(form: u8, body: &[u8], level: i32) -> Vec<u8> {
    let mut out = vec![form | PACKED];
    // Without memory for the frame, plain bytes are right all the same.
    if let Some(frame) = pack::compress(body, level) {
        put_varint(&mut out, body.len() as u64);
        put_varint(&mut out, frame.len() as u64);
        if out.len() + frame.len() <= body.len() {
            out.extend_from_slice(&frame);
            return out;
        }
    }
    plain(form, body)
}

fn decode_body(tag: u8, r: &mut Reader<'_>) -> Result<Exceptions, DecodeError> {
    match tag {
        NONE => Ok(Exceptions::None),
        RUNS => decode_runs(r),
        PALETTE => decode_palette(r),
        SPARSE => Ok(sparse::decode(r)?.finish()),
        _ => Err(DecodeError::invalid(WHAT, format!("form {tag} is unknown"))),
    }
}

fn put_codes(out: &mut Vec<u8>, codes: &[Code]) {
    put_varint(out, codes.len() as u64);
    out.extend(codes.iter().flat_map(|c| c.to_le_bytes()));
}

fn read_codes(r: &mut Reader<'_>) -> Result<Vec<Code>, DecodeError> {
    let n = r.count(MAX_ENTRIES, WHAT_PALETTE)?;
    let codes: Vec<Code> =
        r.bytes(2 * n, WHAT_PALETTE)?.chunks_exact(2).map(|c| u16::from_le_bytes([c[0], c[1]])).collect();
    if codes.is_empty() || !codes.is_sorted_by(|a, b| a < b) {
        return Err(DecodeError::invalid(WHAT_PALETTE, "empty or not ascending"));
    }
    Ok(codes)
}

/// Which palette entries occurred.
struct Used(Vec<bool>);

impl Used {
    fn all(&self) -> Result<(), DecodeError> {
        if self.0.iter().all(|&u| u) {
            Ok(())
        } else {
            Err(DecodeError::invalid(WHAT_PALETTE, "has entries that nothing uses"))
        }
    }
}

fn put_index(out: &mut Vec<u8>, index: usize, entries: usize) {
    if entries <= 256 {
        out.push(index as u8);
    } else {
        out.extend_from_slice(&(index as u16).to_le_bytes());
    }
}

/// The runs body, and the number of runs.
fn runs_body(set: &CodeSet, runs: impl Iterator<Item = (u32, Code)> + Clone) -> (Vec<u8>, usize) {
    let entries = set.len();
    let mut steps = Vec::new();
    let mut before = None;
    let mut count = 0;
    for (_, code) in runs.clone() {
        let index = set.rank(code);
        let written = before.map_or(index, |b: usize| (index + entries - b - 1) % entries);
        put_index(&mut steps, written, entries);
        before = Some(index);
        count += 1;
    }
    let mut out = Vec::with_capacity(2 * entries + 2 * count + steps.len() + 8);
    put_codes(&mut out, &set.sorted());
    put_varint(&mut out, count as u64);
    for (length, _) in runs {
        put_varint(&mut out, u64::from(length));
    }
    out.extend_from_slice(&steps);
    (out, count)
}

fn decode_runs(r: &mut Reader<'_>) -> Result<Exceptions, DecodeError> {
    let codes = read_codes(r)?;
    let n = r.count(u64::from(SUBCELLS), WHAT_RUNS)?;
    // Each run takes a byte for its length at least: no more of them than bytes, before any memory.
    if n == 0 || n > r.remaining() {
        return Err(DecodeError::invalid(WHAT_RUNS, format!("{n} runs cannot be")));
    }
    let mut lengths = Vec::with_capacity(n);
    let mut total = 0u64;
    for _ in 0..n {
        let length = r.varint(WHAT_RUNS)?;
        total = total.saturating_add(length);
        if length == 0 || total > u64::from(SUBCELLS) {
            return Err(DecodeError::invalid(WHAT_RUNS, "an empty run, or more than a page holds"));
        }
        lengths.push(length as u32);
    }
    if total != u64::from(SUBCELLS) {
        return Err(DecodeError::invalid(WHAT_RUNS, format!("{total} sub-cells instead of {SUBCELLS}")));
    }
    let mut used = Used(vec![false; codes.len()]);
    let mut list = RunList::default();
    let mut before = None;
    for length in lengths {
        let written = if codes.len() <= 256 { r.u8(WHAT_RUNS)?.into() } else { r.u16(WHAT_RUNS)?.into() };
        // A step has one value fewer than an index: "the same again" is not among them.
        let limit = codes.len() - usize::from(before.is_some());
        if written >= limit {
            return Err(DecodeError::invalid(WHAT_RUNS, format!("index or step {written} of {limit}")));
        }
        let index = before.map_or(written, |b: usize| (b + written + 1) % codes.len());
        used.0[index] = true;
        list.push(length, codes[index]);
        before = Some(index);
    }
    used.all()?;
    if codes == [THROUGH] {
        return Err(DecodeError::invalid(WHAT_RUNS, "no exceptions, not written as none"));
    }
    Ok(list.finish())
}

fn palette_body(palette: &Palette) -> Vec<u8> {
    let mut out = Vec::with_capacity(palette.heap_bytes() + 4);
    put_codes(&mut out, palette.codes());
    out.extend(palette.words().iter().flat_map(|w| w.to_le_bytes()));
    out
}

fn decode_palette(r: &mut Reader<'_>) -> Result<Exceptions, DecodeError> {
    let codes = read_codes(r)?;
    if codes.len() < 2 {
        return Err(DecodeError::invalid(WHAT_PALETTE, "one content alone is written as runs"));
    }
    let bytes = r.bytes(8 * palette::words(palette::log_bits(codes.len())), WHAT_CELLS)?;
    let words = bytes.as_chunks::<8>().0.iter().map(|&w| u64::from_le_bytes(w)).collect();
    let entries = codes.len();
    let palette = Palette::from_parts(codes, words);
    let mut used = Used(vec![false; entries]);
    let (mut pos, mut runs) = (0, 0);
    while pos < SUBCELLS {
        let (end, index) = palette.index_run(pos, SUBCELLS);
        match used.0.get_mut(index) {
            Some(u) => *u = true,
            None => {
                return Err(DecodeError::invalid(WHAT_CELLS, format!("index {index} of {entries}")));
            }
        }
        pos = end;
        runs += 1;
    }
    used.all()?;
    Ok(if choose(runs, entries) == ExceptionsKind::Palette {
        Exceptions::Palette(palette)
    } else {
        RunList::of(palette.iter()).finish()
    })
}
