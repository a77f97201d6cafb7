//! Explicit content of a page as plain runs, while edits are laid over it and what equals the base goes.

use crate::coarse::WORLD;
use crate::error::TreeError;
use crate::origin::Origin;
use bm_codec::exceptions::Exceptions;
use bm_core::frame::MAX_LEVEL;
use bm_core::page::{PAGE_SPAN, SUBCELLS};
use bm_core::{MaterialId, PageId, TickBox};

/// Sub-cells `from..to` and what was said about them: a material, or `None` to clear.
pub(crate) type EditRun = (u32, u32, Option<MaterialId>);

/// Explicit content by ascending sub-cell; what lies between is left to the base.
pub(crate) type Content = Vec<(u32, u32, MaterialId)>;

/// Appends a run; it melts into an equal one that ends where it starts.
#[inline]
pub(crate) fn push<V: Copy + PartialEq>(out: &mut Vec<(u32, u32, V)>, from: u32, to: u32, value: V) {
    match out.last_mut() {
        Some((_, end, v)) if *end == from && *v == value => *end = to,
        _ if from < to => out.push((from, to, value)),
        _ => {}
    }
}

/// Lays ascending, disjoint runs over others of the kind. `keep` says what a run on top leaves: nothing, or a
/// value.
pub(crate) fn overlay<V: Copy + PartialEq, W: Copy>(
    below: &[(u32, u32, V)],
    top: &[(u32, u32, W)],
    keep: impl Fn(W) -> Option<V>,
) -> Vec<(u32, u32, V)> {
    let mut out = Vec::with_capacity(below.len() + 2 * top.len());
    let mut rest = below.iter().copied();
    let mut at = rest.next();
    for &(a, b, value) in top {
        while let Some((from, to, v)) = at {
            if from >= b {
                break;
            }
            push(&mut out, from, to.min(a).max(from), v);
            if to > b {
                at = Some((b.max(from), to, v));
                break;
            }
            at = rest.next();
        }
        if let Some(v) = keep(value) {
            push(&mut out, a, b, v);
        }
    }
    at.into_iter().chain(rest).for_each(|(from, to, v)| push(&mut out, from, to, v));
    out
}

/// The explicit content of exceptions; where they say nothing, `fill` if there is one.
pub(crate) fn of(exceptions: &Exceptions, fill: Option<MaterialId>) -> Content {
    let mut out = Content::new();
    for (from, to, m) in exceptions.runs(0, SUBCELLS) {
        if let Some(m) = m.or(fill) {
            push(&mut out, from, to, m);
        }
    }
    out
}

/// What runs say about a sub-cell.
pub(crate) fn at<V: Copy>(runs: &[(u32, u32, V)], sub: u32) -> Option<V> {
    let k = runs.partition_point(|&(_, to, _)| to <= sub);
    runs.get(k).filter(|&&(from, ..)| from <= sub).map(|&(.., v)| v)
}

/// As exceptions of a page.
pub(crate) fn exceptions(page: PageId, content: &Content) -> Result<Exceptions, TreeError> {
    let mut end = 0;
    let mut runs = Vec::with_capacity(2 * content.len() + 1);
    for &(from, to, m) in content {
        runs.push((from - end, None));
        runs.push((to - from, Some(m)));
        end = to;
    }
    runs.push((SUBCELLS - end, None));
    Exceptions::from_runs(runs).map_err(|e| TreeError::Structure { page, detail: e.to_string() })
}

/// A page's sub-cells against the function that answers where nothing is explicit.
pub(crate) struct Against<'a> {
    origin: &'a Origin,
    /// First tick of the page.
    low: [u32; 3],
    /// Sub-cells are this many ticks wide, as a power of two.
    shift: u8,
    /// The one material of the whole page, if that is proven and lies in the world.
    all: Option<MaterialId>,
}

/// Blocks of voxels up to this size are looked at voxel by voxel once bounds fail: 4³.
pub(crate) const SMALL: u32 = 64;

impl<'a> Against<'a> {
    pub(crate) fn new(page: PageId, origin: &'a Origin) -> Self {
        let bounds = page.cell().bounds();
        let all = if WORLD.covers(&bounds) { origin.proven(&bounds).map(|(m, _)| m) } else { None };
        Self { origin, low: page.cell().origin(), shift: MAX_LEVEL - PAGE_SPAN - page.level(), all }
    }

    /// What of the content differs from the base. Single voxels are compared exactly; a coarser sub-cell
    /// stays unless the base is known to be its material throughout. What lies beyond the world vanishes.
    pub(crate) fn differing(&self, content: &Content) -> Content {
        let mut out = Content::new();
        for &(from, to, m) in content {
            match self.all {
                Some(all) if all == m => {}
                Some(_) => push(&mut out, from, to, m),
                None => blocks(from, to, |at, size| self.block(at, size, m, &mut out)),
            }
        }
        out
    }

    fn block(&self, at: u32, size: u32, m: MaterialId, out: &mut Content) {
        let cube = self.cube(at, size);
        let inside = cube.intersection(&WORLD);
        if inside.is_empty() {
            // Nobody can ask there.
        } else if size == 1 {
            if !self.origin.is_all(&cube, m) {
                push(out, at, at + 1, m);
            }
        } else if let Some((proven, _)) = self.origin.proven(&inside)
            && (proven == m || inside == cube)
        {
            if proven != m {
                push(out, at, at + size, m);
            }
        } else if self.shift == 0 && size <= SMALL {
            for sub in at..at + size {
                let voxel = self.voxel(sub);
                if WORLD.contains(voxel) && self.origin.material(voxel).0 != m {
                    push(out, sub, sub + 1, m);
                }
            }
        } else {
            (0..8).for_each(|o| self.block(at + o * (size / 8), size / 8, m, out));
        }
    }

    /// The one material of all sub-cells, if what differs from the base and the base around it agree on one.
    pub(crate) fn whole(&self, differing: &Content) -> Option<MaterialId> {
        let &(_, _, m) = differing.first()?;
        if differing.iter().any(|&(.., other)| other != m) {
            return None;
        }
        let mut end = 0;
        for &(from, to, _) in differing {
            if !self.is_all(end, from, m) {
                return None;
            }
            end = to;
        }
        self.is_all(end, SUBCELLS, m).then_some(m)
    }

    /// Whether the base is `m` all over the sub-cells `from..to`.
    fn is_all(&self, from: u32, to: u32, m: MaterialId) -> bool {
        if from >= to {
            return true;
        }
        if let Some(all) = self.all {
            return all == m;
        }
        let mut all = true;
        blocks(from, to, |at, size| all = all && self.block_is_all(at, size, m));
        all
    }

    fn block_is_all(&self, at: u32, size: u32, m: MaterialId) -> bool {
        let cube = self.cube(at, size);
        let inside = cube.intersection(&WORLD);
        if inside.is_empty() {
            return true;
        }
        if let Some((proven, _)) = self.origin.proven(&inside) {
            return proven == m;
        }
        // The same answers as sub-cell by sub-cell, sooner: single blocks of voxels are counted exactly.
        if size == 1 || (self.shift == 0 && size <= SMALL) {
            return self.origin.is_all(&cube, m);
        }
        self.origin.corners_are(&inside, m)
            && (0..8).all(|o| self.block_is_all(at + o * (size / 8), size / 8, m))
    }

    fn voxel(&self, sub: u32) -> [u32; 3] {
        let c = bm_morton::decode3_u32(sub);
        [0, 1, 2].map(|a| self.low[a] + (u32::from(c[a]) << self.shift))
    }

    /// The ticks of `size` sub-cells (a power of eight) from `at` on.
    fn cube(&self, at: u32, size: u32) -> TickBox {
        let min = self.voxel(at);
        let edge = 1 << (u32::from(self.shift) + size.trailing_zeros() / 3);
        TickBox { min, max: min.map(|c| c + edge) }
    }
}

/// The largest octants that make up `from..to`, in order, as (first sub-cell, number of sub-cells).
pub(crate) fn blocks(from: u32, to: u32, mut f: impl FnMut(u32, u32)) {
    let mut at = from;
    while at < to {
        // As large as the start's alignment and the rest allow.
        let aligned = if at == 0 { SUBCELLS.trailing_zeros() } else { at.trailing_zeros() };
        let fits = (to - at).ilog2();
        let size = 1 << (aligned.min(fits) / 3 * 3);
        f(at, size);
        at += size;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn runs() -> impl Strategy<Value = Vec<(u32, u32, u8)>> {
        proptest::collection::btree_set(0u32..60, 0..20).prop_flat_map(|cuts| {
            let cuts: Vec<u32> = cuts.into_iter().collect();
            let n = cuts.len() / 2;
            proptest::collection::vec(0u8..3, n).prop_map(move |v| {
                let mut out = Vec::new();
                for (pair, v) in cuts.as_chunks::<2>().0.iter().zip(v) {
                    push(&mut out, pair[0], pair[1], v);
                }
                out
            })
        })
    }

    fn dense(runs: &[(u32, u32, u8)]) -> Vec<Option<u8>> {
        (0..60).map(|i| runs.iter().find(|r| r.0 <= i && i < r.1).map(|r| r.2)).collect()
    }

    proptest! {
        #[test]
        fn what_is_on_top_wins(below in runs(), top in runs()) {
            let out = overlay(&below, &top, |v| (v > 0).then_some(v));
            prop_assert!(out.windows(2).all(|w| w[0].1 < w[1].0 || (w[0].1 == w[1].0 && w[0].2 != w[1].2)));
            let (b, t) = (dense(&below), dense(&top));
            for (i, got) in dense(&out).into_iter().enumerate() {
                let want = match t[i] { Some(0) => None, Some(v) => Some(v), None => b[i] };
                prop_assert_eq!(got, want, "at {}", i);
                prop_assert_eq!(at(&out, i as u32), want);
            }
        }

        #[test]
        fn octants_make_up_an_interval(from in 0..SUBCELLS, to in 0..=SUBCELLS) {
            let mut end = from;
            blocks(from, to, |at, size| {
                assert!(at == end && size.is_power_of_two() && size.trailing_zeros() % 3 == 0 && at % size == 0);
                end += size;
            });
            prop_assert_eq!(end, from.max(to));
        }
    }
}
