//! Who fills a whole page: the shares its directory entry holds.
//!
//! Volumes add up along the Morton curve in 2^-32 of a sub-cell: runs of exceptions by their length, finer pages by
//! their own shares, and what is left to the base where bounds prove it one material. All that is exact. In a page
//! of voxels whose base is mixed, the base is counted column by column, and the exceptions are exchanged for what
//! they cover: exact too. Only in coarser pages are cells of a mixed base counted by [`shares_of_origin`].

use crate::coarse::{WORLD, shares_of_box, shares_of_origin};
use crate::content::{SMALL, blocks};
use crate::origin::Origin;
use bm_codec::body::Child;
use bm_codec::exceptions::Exceptions;
use bm_codec::shares::{MAX_SHARES, Shares, WHOLE};
use bm_core::page::{PAGE_SPAN, SUBCELLS};
use bm_core::{Cell, MaterialId, PageId, TickBox};

/// Shares of a page's cell.
pub(crate) fn shares_of_whole(
    id: PageId,
    origin: &Origin,
    exceptions: &Exceptions,
    children: &[Child],
) -> Shares {
    let bounds = id.cell().bounds();
    let inside = bounds.intersection(&WORLD);
    if inside.is_empty() {
        return Shares::default();
    }
    let base = origin.proven(&inside).map(|(m, _)| m);
    let page = Page { id, origin, base, clipped: inside != bounds };
    if base.is_none() && id.level() + 2 * PAGE_SPAN > bm_core::frame::MAX_LEVEL && !page.clipped {
        return page.voxels(exceptions);
    }
    let mut sum = Sum::default();
    let mut kids = children.iter().peekable();
    for (from, to, m) in exceptions.runs(0, SUBCELLS) {
        let mut at = from;
        while let Some(kid) = kids.next_if(|k| k.sub < to) {
            page.add(at, kid.sub, m, &mut sum);
            kid.shares.list().iter().for_each(|&(m, v)| sum.add(m, v));
            at = kid.sub + 1;
        }
        page.add(at, to, m, &mut sum);
    }
    let mut out = Shares::default();
    for (m, v) in sum.0 {
        // A sliver stays, so that a cell with anything else in it is never called pure.
        out.add(m, (v / u64::from(SUBCELLS)).max(1));
    }
    out
}

/// Volumes by material, first come first. A page is 2^53.
#[derive(Default)]
struct Sum(Vec<(MaterialId, u64)>);

impl Sum {
    fn add(&mut self, material: MaterialId, volume: u64) {
        if volume == 0 {
            return;
        }
        if let Some((_, v)) = self.0.iter_mut().find(|(m, _)| *m == material) {
            *v += volume;
        } else if self.0.len() < MAX_SHARES {
            self.0.push((material, volume));
        }
    }
}

struct Page<'a> {
    id: PageId,
    origin: &'a Origin,
    /// The base's one material, if proven.
    base: Option<MaterialId>,
    /// Whether some of it lies beyond the world.
    clipped: bool,
}

impl Page<'_> {
    /// Adds the sub-cells `from..to`, whose exception is `m`.
    fn add(&self, from: u32, to: u32, m: Option<MaterialId>, sum: &mut Sum) {
        match m.or(self.base) {
            _ if from >= to => {}
            Some(m) if !self.clipped => sum.add(m, u64::from(to - from) * WHOLE),
            m => blocks(from, to, |at, size| {
                let Some(cell) = self.cell(at, size) else { return };
                let part = m.map_or_else(|| shares_of_origin(self.origin, cell), |m| shares_of_box(m, cell));
                part.list().iter().for_each(|&(m, v)| sum.add(m, v * u64::from(size)));
            }),
        }
    }

    /// The cell that `size` sub-cells (a power of eight) from `at` on make up.
    fn cell(&self, at: u32, size: u32) -> Option<Cell> {
        let up = size.trailing_zeros() / 3;
        let (c, page) = (bm_morton::decode3_u32(at), self.id.cell());
        let at = [0, 1, 2].map(|a| ((page.coords()[a] << PAGE_SPAN) | u32::from(c[a])) >> up);
        Cell::new(page.level() + PAGE_SPAN - up as u8, at)
    }

    /// The voxels of a page with a mixed base, wholly in the world.
    fn voxels(&self, exceptions: &Exceptions) -> Shares {
        // Materials with their voxels and the first place where base or exceptions have them.
        let mut found: Vec<(MaterialId, i64, u32)> = Vec::new();
        let mut add = |m: MaterialId, voxels: i64, first: u32| match found.iter_mut().find(|f| f.0 == m) {
            Some(f) => {
                f.1 += voxels;
                f.2 = f.2.min(first);
            }
            None => found.push((m, voxels, first)),
        };
        let bounds = self.id.cell().bounds();
        self.origin.columns(&bounds, &mut |[x, y], from, to, m| {
            let first = [x - bounds.min[0], y - bounds.min[1], from - bounds.min[2]].map(|c| c as u16);
            add(m, (to - from).into(), bm_morton::encode3_u32(first[0], first[1], first[2]));
            true
        });
        for (from, to, m) in exceptions.runs(0, SUBCELLS) {
            let Some(m) = m else { continue };
            add(m, (to - from).into(), from);
            blocks(from, to, |at, size| {
                self.covered(bounds.min, at, size, &mut |m, voxels| add(m, -voxels, u32::MAX));
            });
        }
        found.retain(|f| f.1 > 0);
        found.sort_unstable_by_key(|f| f.2);
        let mut out = Shares::default();
        for (m, voxels, _) in found {
            out.add(m, voxels.unsigned_abs() * (WHOLE / u64::from(SUBCELLS)));
        }
        out
    }

    /// What the base has in `size` voxels (a power of eight) from `at` on.
    fn covered(&self, low: [u32; 3], at: u32, size: u32, add: &mut impl FnMut(MaterialId, i64)) {
        let c = bm_morton::decode3_u32(at);
        let min = [0, 1, 2].map(|a| low[a] + u32::from(c[a]));
        if size == 1 {
            return add(self.origin.material(min).0, 1);
        }
        let edge = 1 << (size.trailing_zeros() / 3);
        if let Some((m, _)) = self.origin.proven(&TickBox { min, max: min.map(|c| c + edge) }) {
            return add(m, size.into());
        }
        let part = if size <= SMALL { 1 } else { size / 8 };
        (at..at + size).step_by(part as usize).for_each(|at| self.covered(low, at, part, add));
    }
}
