//! What the edits of a page come to at a version.

use super::Deltas;
use super::bucket::Item;
use super::table::Content;
use crate::transaction::lay_over;
use bm_core::frame::MAX_LEVEL;
use bm_core::page::{PAGE_SPAN, SUBCELLS};
use bm_core::{MaterialId, PageId, TickBox};
use std::collections::BTreeMap;

/// Sub-cells `from..to` of a page, and what edits make of them: `None` where they were cleared.
pub type PageRun = (u32, u32, Option<MaterialId>);

/// The aligned cubes that a Morton interval consists of, as (first sub-cell, log8 of the size).
pub(crate) fn cubes(mut from: u32, to: u32) -> impl Iterator<Item = (u32, u8)> {
    std::iter::from_fn(move || {
        if from >= to {
            return None;
        }
        // As large as where it begins and where the run ends allow.
        let aligned = if from == 0 { u32::from(PAGE_SPAN) } else { from.trailing_zeros() / 3 };
        let fits = (to - from).ilog2() / 3;
        let size = aligned.min(fits);
        let first = from;
        from += 1 << (3 * size);
        Some((first, size as u8))
    })
}

impl Deltas {
    /// What the edits of a page up to a version come to: ascending runs without overlap, neighbours melted.
    /// Edits that a coarser tier has covered since do not count.
    pub(crate) fn resolve(&self, page: PageId, version: u64) -> Vec<PageRun> {
        let Some(content) = self.content(page) else { return Vec::new() };
        let since = self.cover(page, version);
        let mut out = Vec::new();
        let mut push = |from: u32, to: u32, m: MaterialId| {
            let m = (m != MaterialId::UNSET).then_some(m);
            match out.last_mut() {
                Some((_, end, last)) if *end == from && *last == m => *end = to,
                _ => out.push((from, to, m)),
            }
        };
        let bucket = match content {
            Content::One(entry) => {
                let item = entry.get();
                if item.seq != 0 && (since..=version).contains(&item.seq) {
                    push(item.from, item.to(), item.material);
                }
                return out;
            }
            Content::Many(bucket) => bucket,
        };
        let mut items: Vec<Item> = bucket.items(version).filter(|i| i.seq >= since).collect();
        let shapes: Vec<_> = bucket.shapes(version).filter(|s| s.seq >= since).collect();
        if shapes.is_empty() && items.iter().all(|i| i.size == 0) {
            // Stable: of equal cells the newest stays last.
            items.sort_by_key(|i| i.from);
            for same in items.chunk_by(|a, b| a.from == b.from) {
                if let Some(i) = same.last() {
                    push(i.from, i.to(), i.material);
                }
            }
            return out;
        }
        let mut map: BTreeMap<u32, (u32, MaterialId)> = BTreeMap::new();
        let mut shapes = shapes.into_iter().peekable();
        for item in items {
            // Of one version boxes come first.
            while let Some(s) = shapes.next_if(|s| s.seq <= item.seq) {
                box_runs(s.lo, s.hi, &mut |from, to| lay_over(&mut map, from, to, s.material));
            }
            lay_over(&mut map, item.from, item.to(), item.material);
        }
        for s in shapes {
            box_runs(s.lo, s.hi, &mut |from, to| lay_over(&mut map, from, to, s.material));
        }
        for (from, (to, m)) in map {
            push(from, to, m);
        }
        out
    }
}

impl Deltas {
    /// Paints edits up to a version into a dense box of voxels, unset where they were cleared; whether any were.
    pub(crate) fn paint(&self, bounds: &TickBox, version: u64, cells: &mut [MaterialId]) -> bool {
        let mut pages = Vec::new();
        self.within(bounds, &mut |page| pages.push(page));
        // Coarse tiers first; what a finer one says after them is newer, or it is left out.
        pages.sort_unstable();
        let mut canvas = Canvas { bounds: *bounds, cells, cleared: false };
        for page in pages {
            self.paint_page(page, version, &mut canvas);
        }
        canvas.cleared
    }

    fn paint_page(&self, page: PageId, version: u64, canvas: &mut Canvas<'_>) {
        let Some(content) = self.content(page) else { return };
        let since = self.cover(page, version);
        let origin = page.cell().origin();
        let shift = MAX_LEVEL - PAGE_SPAN - page.level();
        let cube = |canvas: &mut Canvas<'_>, item: &Item| {
            let c = bm_morton::decode3_u32(item.from);
            let min = [0, 1, 2].map(|a| origin[a] + (u32::from(c[a]) << shift));
            let edge = 1u32 << (item.size + shift);
            canvas.fill(&TickBox { min, max: min.map(|v| v + edge) }, item.material);
        };
        let bucket = match content {
            Content::One(entry) => {
                let item = entry.get();
                if item.seq != 0 && (since..=version).contains(&item.seq) {
                    cube(canvas, &item);
                }
                return;
            }
            Content::Many(bucket) => bucket,
        };
        if bucket.shapes_len() == 0 {
            // In the order they came, so that later ones lie over earlier ones.
            if shift > 0 {
                bucket.items(version).filter(|i| i.seq >= since).for_each(|i| cube(canvas, &i));
                return;
            }
            // Voxels, mostly: what lies outside is told by its place along the curve.
            let page_box = page.cell().bounds().intersection(&canvas.bounds);
            let local = |c: [u32; 3]| [0, 1, 2].map(|a| (c[a] - origin[a]) as u16);
            let (lo, hi) = (local(page_box.min), local(page_box.max.map(|c| c - 1)));
            let first = bm_morton::encode3_u32(lo[0], lo[1], lo[2]);
            let last = bm_morton::encode3_u32(hi[0], hi[1], hi[2]);
            for item in bucket.items(version).filter(|i| i.seq >= since) {
                if item.from > last || item.to() <= first {
                    continue;
                }
                if item.size > 0 {
                    cube(canvas, &item);
                    continue;
                }
                let c = bm_morton::decode3_u32(item.from);
                if (0..3).all(|a| lo[a] <= c[a] && c[a] <= hi[a]) {
                    canvas.set([0, 1, 2].map(|a| origin[a] + u32::from(c[a])), item.material);
                }
            }
            return;
        }
        for (from, to, m) in self.resolve(page, version) {
            for (from, size) in cubes(from, to) {
                let c = bm_morton::decode3_u32(from);
                let min = [0, 1, 2].map(|a| origin[a] + (u32::from(c[a]) << shift));
                let edge = 1u32 << (size + shift);
                canvas.fill(&TickBox { min, max: min.map(|v| v + edge) }, m.unwrap_or(MaterialId::UNSET));
            }
        }
    }
}

/// A dense box of voxels that is painted on.
struct Canvas<'a> {
    bounds: TickBox,
    cells: &'a mut [MaterialId],
    cleared: bool,
}

impl Canvas<'_> {
    /// Paints one voxel inside.
    #[inline]
    fn set(&mut self, at: [u32; 3], material: MaterialId) {
        self.cleared |= material == MaterialId::UNSET;
        let [w, h, _] = self.bounds.size().map(|s| s as usize);
        let [x, y, z] = [0, 1, 2].map(|a| (at[a] - self.bounds.min[a]) as usize);
        if let Some(cell) = self.cells.get_mut((z * h + y) * w + x) {
            *cell = material;
        }
    }

    #[inline]
    fn fill(&mut self, b: &TickBox, material: MaterialId) {
        let part = self.bounds.intersection(b);
        if part.is_empty() {
            return;
        }
        self.cleared |= material == MaterialId::UNSET;
        let [w, h, _] = self.bounds.size().map(|s| s as usize);
        let at = |a: usize, v: u32| (v - self.bounds.min[a]) as usize;
        for z in part.min[2]..part.max[2] {
            for y in part.min[1]..part.max[1] {
                let row = (at(2, z) * h + at(1, y)) * w;
                let row = row + at(0, part.min[0])..row + at(0, part.max[0]);
                if let Some(cells) = self.cells.get_mut(row) {
                    cells.fill(material);
                }
            }
        }
    }
}

/// The Morton runs of a box of sub-cells, ascending, neighbours melted.
pub(crate) fn box_runs(lo: [u8; 3], hi: [u8; 3], f: &mut dyn FnMut(u32, u32)) {
    fn octant(first: u32, at: [u32; 3], size: u32, lo: [u8; 3], hi: [u8; 3], f: &mut dyn FnMut(u32, u32)) {
        let edge = 1 << size;
        let last = at.map(|c| c + edge - 1);
        if (0..3).any(|a| last[a] < lo[a].into() || at[a] > hi[a].into()) {
            return;
        }
        if (0..3).all(|a| u32::from(lo[a]) <= at[a] && last[a] <= hi[a].into()) {
            return f(first, first + (1 << (3 * size)));
        }
        for o in 0..8u32 {
            let half = edge / 2;
            let part = [at[0] + (o & 1) * half, at[1] + (o >> 1 & 1) * half, at[2] + (o >> 2) * half];
            octant(first + (o << (3 * (size - 1))), part, size - 1, lo, hi, f);
        }
    }
    let mut run = (0, 0);
    octant(0, [0; 3], PAGE_SPAN.into(), lo, hi, &mut |from, to| {
        if run.1 == from {
            run.1 = to;
        } else {
            if run.0 < run.1 {
                f(run.0, run.1);
            }
            run = (from, to);
        }
    });
    if run.0 < run.1 {
        f(run.0, run.1.min(SUBCELLS));
    }
}
