//! The bytes of edits: what a record carries. `FORMAT.md` has every byte.

use super::JournalError;
use super::wire::{Reader, put_varint};
use crate::edits::{BoxEdit, Edits, RunEdit};
use bm_core::page::{PAGE_LEVELS, PAGE_SPAN, SUBCELLS};
use bm_core::{MaterialId, PageId};

const FORM_CELL: u8 = 1;
const FORM_PAGES: u8 = 2;
const FORM_ANNEX: u8 = 3;
/// Longest step between pages that is written as a gap; beyond it eight plain bytes are shorter.
const LONGEST_GAP: u64 = 1 << 54;
const LAST: u8 = (1 << PAGE_SPAN) - 1;

/// One change as a decoder hands it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A box of sub-cells.
    Box(BoxEdit),
    /// Sub-cells along the curve.
    Run(RunEdit),
}

/// Appends the edit of a single sub-cell: 6 to 14 bytes, 14 in pages of level 21. `sub` must be below [`SUBCELLS`].
#[inline]
pub fn encode_cell(page: PageId, sub: u32, material: MaterialId, out: &mut Vec<u8>) {
    debug_assert!(sub < SUBCELLS);
    let level = u32::from(page.level());
    let tier = level / u32::from(PAGE_SPAN);
    // The page's Morton code without its sentinel, and the sub-cell's below it: 21 bits a tier.
    let morton = page.raw() ^ (1 << (3 * level));
    let code = (u128::from(morton) << (3 * PAGE_SPAN)) | u128::from(sub);
    // The material goes right above the code's whole bytes; what was copied too much is taken off again.
    let bits = 8 * code_bytes(tier);
    let code = code | u128::from(material.0) << bits;
    let mut bytes = [0; 17];
    bytes[0] = FORM_CELL | (tier as u8) << 4;
    bytes[1..].copy_from_slice(&code.to_le_bytes());
    let start = out.len();
    out.extend_from_slice(&bytes);
    out.truncate(start + 1 + bits as usize / 8 + 2);
}

/// Bytes that hold 21 bits a tier, `tier + 1` times.
const fn code_bytes(tier: u32) -> u32 {
    (21 * (tier + 1)).div_ceil(8)
}

#[cold]
const fn bad(what: &'static str) -> JournalError {
    JournalError::Edits(what)
}

/// Appends edits. They must be in normal form ([`Edits::fault`]); of others the bytes cannot be decoded.
pub fn encode_edits(edits: &Edits, out: &mut Vec<u8>) {
    debug_assert_eq!(edits.fault(), None);
    if let ([], [run]) = (&*edits.boxes, &*edits.runs)
        && run.to - run.from == 1
    {
        return encode_cell(run.page, run.from, run.material, out);
    }
    out.push(FORM_PAGES);
    let pages = || Pages { boxes: &edits.boxes, runs: &edits.runs };
    put_varint(out, pages().count() as u64);
    let mut palette = Palette::new();
    let mut last = None;
    for (page, boxes, runs) in pages() {
        let single = match (boxes, runs) {
            ([], [run]) if run.to - run.from == 1 => Some(run),
            _ => None,
        };
        let same = single.is_some_and(|run| palette.is_last(run.material));
        let flags = match single {
            Some(_) => 1 | u64::from(same) << 1,
            None => u64::from(!boxes.is_empty()) << 1,
        };
        put_page(out, last, page, flags);
        last = Some(page);
        if let Some(run) = single {
            put_varint(out, run.from.into());
            if !same {
                palette.put(out, run.material);
            }
            continue;
        }
        if !boxes.is_empty() {
            put_varint(out, boxes.len() as u64);
        }
        for b in boxes {
            let same = palette.is_last(b.material);
            out.extend_from_slice(&[b.lo[0] | u8::from(same) << PAGE_SPAN, b.lo[1], b.lo[2]]);
            out.extend_from_slice(&b.hi);
            if !same {
                palette.put(out, b.material);
            }
        }
        put_varint(out, runs.len() as u64);
        let mut next = 0;
        for run in runs {
            let same = palette.is_last(run.material);
            let (gap, len) = (run.from.wrapping_sub(next), run.to.wrapping_sub(run.from));
            put_varint(out, u64::from(gap) << 2 | u64::from(same) << 1 | u64::from(len != 1));
            if len != 1 {
                put_varint(out, len.wrapping_sub(2).into());
            }
            if !same {
                palette.put(out, run.material);
            }
            next = run.to;
        }
    }
}

fn put_page(out: &mut Vec<u8>, last: Option<PageId>, page: PageId, flags: u64) {
    match last.map(|last| page.raw().wrapping_sub(last.raw())) {
        Some(gap) if (1..LONGEST_GAP).contains(&gap) => put_varint(out, gap << 2 | flags),
        _ => {
            put_varint(out, flags);
            out.extend_from_slice(&page.raw().to_le_bytes());
        }
    }
}

/// Walks boxes and runs page by page.
struct Pages<'a> {
    boxes: &'a [BoxEdit],
    runs: &'a [RunEdit],
}

impl<'a> Iterator for Pages<'a> {
    type Item = (PageId, &'a [BoxEdit], &'a [RunEdit]);

    fn next(&mut self) -> Option<Self::Item> {
        let page = match (self.boxes.first(), self.runs.first()) {
            (Some(b), Some(r)) => b.page.min(r.page),
            (Some(b), None) => b.page,
            (None, Some(r)) => r.page,
            (None, None) => return None,
        };
        let boxes = self.boxes.iter().take_while(|b| b.page == page).count();
        let runs = self.runs.iter().take_while(|r| r.page == page).count();
        let out = (page, &self.boxes[..boxes], &self.runs[..runs]);
        self.boxes = &self.boxes[boxes..];
        self.runs = &self.runs[runs..];
        Some(out)
    }
}

/// The materials a payload has named so far. Both sides build it alike, so it is never written.
struct Palette {
    known: Vec<u16>,
    last: Option<u16>,
}

impl Palette {
    const fn new() -> Self {
        Self { known: Vec::new(), last: None }
    }

    fn is_last(&self, material: MaterialId) -> bool {
        self.last == Some(material.0)
    }

    /// One byte: the place among the materials named before, counted from 1; or 0, and the material itself.
    fn put(&mut self, out: &mut Vec<u8>, material: MaterialId) {
        match self.known.iter().position(|&m| m == material.0) {
            Some(at) => out.push(at as u8 + 1),
            None => {
                out.push(0);
                out.extend_from_slice(&material.0.to_le_bytes());
                self.learn(material.0);
            }
        }
        self.last = Some(material.0);
    }

    fn learn(&mut self, material: u16) {
        if self.known.len() < usize::from(u8::MAX) {
            self.known.push(material);
        }
    }

    #[inline]
    fn read(&mut self, bytes: &mut Reader<'_>, same: bool) -> Result<MaterialId, JournalError> {
        let material = if same {
            self.last.ok_or_else(|| bad("the material of no edit"))?
        } else {
            match bytes.u8()? {
                0 => {
                    let material = bytes.u16()?;
                    self.learn(material);
                    material
                }
                at => {
                    let known = self.known.get(usize::from(at) - 1);
                    *known.ok_or_else(|| bad("a material that was not named"))?
                }
            }
        };
        self.last = Some(material);
        Ok(MaterialId(material))
    }
}

/// Appends edits, and bytes of somebody else's that travel with them.
pub fn encode_with(edits: &Edits, annex: &[u8], out: &mut Vec<u8>) {
    if !annex.is_empty() {
        out.push(FORM_ANNEX);
        put_varint(out, annex.len() as u64);
        out.extend_from_slice(annex);
    }
    encode_edits(edits, out);
}

/// The bytes that travel with edits; none if there are none.
///
/// # Errors
/// [`JournalError::Edits`] if they are cut short.
pub fn annex(payload: &[u8]) -> Result<Option<&[u8]>, JournalError> {
    Ok(split(payload)?.0)
}

/// An annex, if there is one, and what comes behind.
fn split(payload: &[u8]) -> Result<(Option<&[u8]>, &[u8]), JournalError> {
    let Some((&FORM_ANNEX, rest)) = payload.split_first() else { return Ok((None, payload)) };
    let mut reader = Reader::new(rest);
    let len = reader.varint()?;
    let rest = reader.rest();
    match usize::try_from(len).ok().and_then(|len| rest.split_at_checked(len)) {
        Some((annex, edits)) if !annex.is_empty() => Ok((Some(annex), edits)),
        _ => Err(bad("an annex that is empty or cut short")),
    }
}

/// Reads edits back.
///
/// # Errors
/// [`JournalError::Edits`] if the bytes are none that [`encode_with`] writes.
pub fn decode_edits(bytes: &[u8]) -> Result<Edits, JournalError> {
    let mut edits = Edits::default();
    visit_edits(bytes, |change| match change {
        Change::Box(b) => edits.boxes.push(b),
        Change::Run(r) => edits.runs.push(r),
    })?;
    match edits.fault() {
        None => Ok(edits),
        Some(fault) => Err(JournalError::Edits(fault)),
    }
}

/// Hands out edits one by one, without keeping them: page by page, first the boxes of a page in order, then its runs.
///
/// # Errors
/// [`JournalError::Edits`] as [`decode_edits`]; what was handed out before is then part of nothing.
pub fn visit_edits(bytes: &[u8], mut visit: impl FnMut(Change)) -> Result<(), JournalError> {
    let mut bytes = Reader::new(split(bytes)?.1);
    let form = bytes.u8()?;
    if form & 0xf == FORM_CELL && form >> 4 < PAGE_LEVELS.len() as u8 {
        visit(Change::Run(read_cell(form >> 4, &mut bytes)?));
    } else if form == FORM_PAGES {
        read_pages(&mut bytes, &mut visit)?;
    } else {
        return Err(bad("of an unknown form"));
    }
    bytes.finish()
}

fn read_cell(tier: u8, bytes: &mut Reader<'_>) -> Result<RunEdit, JournalError> {
    let mut code = match tier {
        0 => u128::from(bytes.u16()?),
        1 => u128::from(bytes.u32()?),
        _ => u128::from(bytes.u64()?),
    };
    match tier {
        0 => code |= u128::from(bytes.u8()?) << 16,
        1 => code |= u128::from(bytes.u16()?) << 32,
        2 => {}
        _ => code |= (u128::from(bytes.u16()?) | u128::from(bytes.u8()?) << 16) << 64,
    }
    let level = u32::from(tier) * u32::from(PAGE_SPAN);
    let morton = code >> (3 * PAGE_SPAN);
    if morton >> (3 * level) != 0 {
        return Err(bad("a cell beyond its level"));
    }
    let page = page(morton as u64 | 1 << (3 * level))?;
    let from = code as u32 & (SUBCELLS - 1);
    Ok(RunEdit { page, from, to: from + 1, material: MaterialId(bytes.u16()?) })
}

fn page(raw: u64) -> Result<PageId, JournalError> {
    PageId::from_raw(raw).ok_or_else(|| bad("no page has this code"))
}

fn read_pages(bytes: &mut Reader<'_>, visit: &mut impl FnMut(Change)) -> Result<(), JournalError> {
    let mut palette = Palette::new();
    let mut last = 0;
    for _ in 0..bytes.varint()? {
        let head = bytes.varint()?;
        let (gap, flags) = (head >> 2, head & 3);
        let raw = if gap == 0 { bytes.u64()? } else { gap.saturating_add(last) };
        if raw <= last || (last == 0 && gap != 0) {
            return Err(bad("pages out of order"));
        }
        last = raw;
        let page = page(raw)?;
        if flags & 1 != 0 {
            let from = sub(bytes.varint()?)?;
            let material = palette.read(bytes, flags & 2 != 0)?;
            visit(Change::Run(RunEdit { page, from, to: from + 1, material }));
            continue;
        }
        let boxes = if flags & 2 != 0 { bytes.varint()? } else { 0 };
        for _ in 0..boxes {
            let mut lo = bytes.array::<3>()?;
            let hi = bytes.array::<3>()?;
            let same = lo[0] > LAST;
            lo[0] &= LAST;
            if (0..3).any(|a| lo[a] > hi[a] || hi[a] > LAST) {
                return Err(bad("an empty box, or one beyond its page"));
            }
            let material = palette.read(bytes, same)?;
            visit(Change::Box(BoxEdit { page, lo, hi, material }));
        }
        let mut next = 0u32;
        for _ in 0..bytes.varint()? {
            let head = bytes.varint()?;
            let from = sub((head >> 2).saturating_add(next.into()))?;
            let more = if head & 1 != 0 { bytes.varint()?.saturating_add(1) } else { 0 };
            let to = sub(more.saturating_add(from.into()))? + 1;
            let material = palette.read(bytes, head & 2 != 0)?;
            visit(Change::Run(RunEdit { page, from, to, material }));
            next = to;
        }
    }
    Ok(())
}

#[inline]
fn sub(v: u64) -> Result<u32, JournalError> {
    if v < u64::from(SUBCELLS) { Ok(v as u32) } else { Err(bad("a cell beyond its page")) }
}
