//! A column of pages that hold the same strata.

use super::grid::page_at;
use crate::error::WorldError;
use crate::view::View;
use bm_codec::body::{Base, Body};
use bm_codec::strata::Strata;
use bm_core::frame::{MAX_LEVEL, SEA_LEVEL};
use bm_core::PageId;
use bm_octree::Draft;
use std::sync::Arc;

/// Heights (in pages) that exist in a column of pages, ascending.
pub(super) fn existing(view: &View, level: u8, at: [u32; 2]) -> Result<Vec<u32>, WorldError> {
    let mut out = Vec::new();
    let span = 1u32 << bm_core::page::PAGE_SPAN;
    let Some(below_root) = page_at(level, at, 0) else { return Ok(out) };
    if below_root.parent() == Some(PageId::ROOT) {
        for tz in 0..span {
            if page_at(level, at, tz).map(|id| view.tree().has_page(id)).transpose()? == Some(true) {
                out.push(tz);
            }
        }
        return Ok(out);
    }
    // Finer tiers: only below the pages that exist one tier up.
    let above = at.map(|c| c >> bm_core::page::PAGE_SPAN);
    for up in existing(view, level - bm_core::page::PAGE_SPAN, above)? {
        for tz in up * span..(up + 1) * span {
            if page_at(level, at, tz).map(|id| view.tree().has_page(id)).transpose()? == Some(true) {
                out.push(tz);
            }
        }
    }
    Ok(out)
}

/// The page that carries the strata of a column of pages, with them.
pub(super) fn owner(
    view: &View,
    draft: &Draft<'_>,
    level: u8,
    at: [u32; 2],
) -> Result<Option<(PageId, Arc<Strata>)>, WorldError> {
    for tz in existing(view, level, at)? {
        let Some(id) = page_at(level, at, tz) else { continue };
        if let Some(s) = draft.own_strata(id)? {
            return Ok(Some((id, s)));
        }
    }
    Ok(None)
}

/// Puts strata into a column of pages, over the ticks `from..to` (relative to sea level): the lowest page
/// carries them, the others share. Pages of an earlier, taller stack go back to inheriting. Returns how
/// many pages share.
pub(super) fn put(
    view: &View,
    draft: &mut Draft<'_>,
    level: u8,
    at: [u32; 2],
    strata: Arc<Strata>,
    [from, to]: [i64; 2],
) -> Result<u64, WorldError> {
    let shift = MAX_LEVEL - level;
    let tz = |rel: i64| ((rel + i64::from(SEA_LEVEL)) >> shift) as u32;
    let (low, high) = (tz(from), tz(to.max(from + 1) - 1));
    for old in existing(view, level, at)? {
        let Some(id) = page_at(level, at, old).filter(|_| old < low || old > high) else { continue };
        let Some(body) = draft.get(id)? else { continue };
        if matches!(body.base, Base::Strata(_) | Base::Shared(_)) {
            if body.children.is_empty() && body.exceptions.is_empty() {
                draft.remove(id);
            } else {
                draft.put(id, Body { base: Base::Inherit, ..body });
            }
        }
    }
    let Some(owner) = page_at(level, at, low) else { return Ok(0) };
    for tz in low..=high {
        let Some(id) = page_at(level, at, tz) else { continue };
        let base = if id == owner { Base::Strata(strata.clone()) } else { Base::Shared(owner) };
        let body = if view.tree().has_page(id)? { draft.get(id)? } else { None };
        draft.put(id, Body { base, ..body.unwrap_or_else(|| Body::new(Base::Inherit)) });
    }
    Ok(u64::from(high - low))
}

/// Ticks (relative to sea level) between which strata differ from what lies around them.
pub(super) fn reach(s: &Strata) -> [i64; 2] {
    let (w, h) = s.surface.size();
    let unit = i64::from(s.surface.unit());
    let mut range = [i64::MAX, i64::MIN];
    for j in 0..h {
        for i in 0..w {
            let v = i64::from(s.surface.sample(i, j)) * unit;
            range = [range[0].min(v), range[1].max(v)];
        }
    }
    range
}
