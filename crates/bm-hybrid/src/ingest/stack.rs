//! A column of pages that hold the same strata.

use super::grid::{footprint, page_at};
use super::lakes::drained;
use crate::error::WorldError;
use crate::view::View;
use bm_codec::body::{Base, Body};
use bm_codec::strata::{Datum, Field, Strata};
use bm_core::PageId;
use bm_core::frame::{MAX_LEVEL, SEA_LEVEL};
use bm_octree::Draft;
use std::borrow::Cow;
use std::sync::Arc;

/// Heights (in pages) that exist in a column of pages, ascending.
pub(crate) fn existing(view: &View, level: u8, at: [u32; 2]) -> Result<Vec<u32>, WorldError> {
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
pub(crate) fn owner(
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

/// The same without lakes that lie on the ground.
pub(crate) fn ground(
    view: &View,
    draft: &Draft<'_>,
    level: u8,
    at: [u32; 2],
) -> Result<Option<Arc<Strata>>, WorldError> {
    let Some((_, strata)) = owner(view, draft, level, at)? else { return Ok(None) };
    let drained = match drained(&strata)? {
        Cow::Borrowed(_) => None,
        Cow::Owned(ground) => Some(Arc::new(ground)),
    };
    Ok(Some(drained.unwrap_or(strata)))
}

/// The strata that answer in a page: its own, or those it shares.
#[cfg(feature = "litho")]
pub(crate) fn carried(draft: &Draft<'_>, id: PageId) -> Result<Option<Arc<Strata>>, WorldError> {
    let base = |id| -> Result<_, WorldError> { Ok(draft.get(id)?.map(|b| b.base)) };
    let base = match base(id)? {
        Some(Base::Shared(owner)) => base(owner)?,
        own => own,
    };
    Ok(match base {
        Some(Base::Strata(s)) => Some(s),
        _ => None,
    })
}

/// Puts strata into a column of pages, over the ticks `from..to` (relative to sea level): the lowest page
/// carries them, the others share. Pages of an earlier, taller stack go back to inheriting. Returns how
/// many pages share.
pub(crate) fn put(
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

/// Lowest and highest sample of strata's surface, in ticks above sea level.
pub(crate) fn surface_range(s: &Strata) -> [i64; 2] {
    range_of(&s.surface)
}

fn range_of(r: &bm_codec::raster::Raster) -> [i64; 2] {
    let (w, h) = r.size();
    let unit = i64::from(r.unit());
    (0..w * h).fold([i64::MAX, i64::MIN], |[lo, hi], k| {
        let v = i64::from(r.sample(k % w, k / w)) * unit;
        [lo.min(v), hi.max(v)]
    })
}

/// Ticks (relative to sea level) over which strata in a column of pages may differ from what the coarser
/// pages answer there: a stack of pages this tall shows no seam at its floor and nothing over its roof.
pub(crate) fn reach(
    view: &View,
    draft: &Draft<'_>,
    level: u8,
    at: [u32; 2],
    s: &Strata,
) -> Result<[i64; 2], WorldError> {
    let [mut lo, mut hi] = surface_range(s);
    if s.fluid.is_some() || level > 7 {
        // A sea lies here, or may have lain here.
        hi = hi.max(0);
    }
    // What is replaced may rise higher or lie lower.
    let (xs, ys) = footprint(level, at);
    let (mut tier, mut column) = (level, at);
    let mut covered = level <= 7;
    while tier > 7 && !covered {
        tier -= bm_core::page::PAGE_SPAN;
        column = column.map(|c| c >> bm_core::page::PAGE_SPAN);
        if let Some((_, old)) = owner(view, draft, tier, column)?
            && let Ok(part) = old.surface.crop(xs, ys)
        {
            let range = range_of(&part);
            (lo, hi) = (lo.min(range[0]), hi.max(range[1]));
            covered = old.holes.is_none() && old.surface.bounds(xs, ys).is_some();
        }
    }
    if !covered {
        // The blank world's ground is at sea level.
        lo = lo.min(0);
    }
    // Layers that hang below a surface hang as far below the other one; those that keep their height are
    // the same in coarser pages, unless there are none.
    let mut depth = 0;
    for l in &s.layers {
        if let Field::Raster(r) = &l.top {
            match l.datum {
                Datum::Surface => depth = depth.max(range_of(r)[1]),
                Datum::SeaLevel if level <= 7 => lo = lo.min(range_of(r)[0]),
                Datum::SeaLevel => {}
            }
        }
    }
    Ok([lo - depth, hi])
}
