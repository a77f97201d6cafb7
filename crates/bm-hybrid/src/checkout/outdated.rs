//! What was there before land is laid: finer strata and edits.

use super::land::Land;
use crate::error::WorldError;
use crate::ingest::grid::footprint;
use crate::ingest::stack;
use crate::view::View;
use bm_codec::body::{Base, Body};
use bm_core::PageId;
use bm_core::frame::{MAX_LEVEL, SEA_LEVEL, TICKS_PER_METRE};
use bm_core::page::{PAGE_SPAN, SUBCELLS};
use bm_octree::Draft;
use std::collections::BTreeSet;

impl Land {
    /// Finer strata inside a column that the land covers wholly are outdated: what is explicit in their pages stays.
    pub(super) fn outdate(
        &self,
        view: &View,
        draft: &mut Draft<'_>,
        level: u8,
        at: [u32; 2],
    ) -> Result<(), WorldError> {
        let mut queue = Vec::new();
        for tz in stack::existing(view, level, at)? {
            let Some(page) = PageId::new(level, [at[0], at[1], tz]) else { continue };
            queue.extend(view.tree().pages_below(page)?);
        }
        let mut all = BTreeSet::new();
        while let Some(id) = queue.pop() {
            queue.extend(view.tree().pages_below(id)?);
            all.insert(id);
        }
        // From the finest: a page that has others inside stays.
        let mut kept: BTreeSet<PageId> = BTreeSet::new();
        for &id in all.iter().rev() {
            let [x, y, _] = id.cell().coords();
            let (xs, ys) = footprint(id.level(), [x, y]);
            let covered = self
                .grid
                .window(xs, ys)
                .is_some_and(|w| w.whole && self.grid.indices(&w).all(|k| self.speaks(k)));
            let Some(body) = draft.get(id)? else { continue };
            if covered && matches!(body.base, Base::Strata(_) | Base::Shared(_)) {
                if body.exceptions.is_empty() && !kept.contains(&id) {
                    draft.remove(id);
                    continue;
                }
                draft.put(id, Body { base: Base::Inherit, ..body });
            }
            kept.extend(id.parent());
        }
        Ok(())
    }

    /// Gives explicit cells back to the ground where it was worn away or laid on under or around them.
    pub(super) fn clear(&self, view: &View, draft: &mut Draft<'_>) -> Result<u64, WorldError> {
        let mut cleared = 0;
        let mut queue = vec![PageId::ROOT];
        while let Some(id) = queue.pop() {
            let [x, y, z] = id.cell().coords();
            let (xs, ys) = footprint(id.level(), [x, y]);
            if id.level() > 0 && self.grid.window(xs, ys).is_none() {
                continue;
            }
            queue.extend(view.tree().pages_below(id)?);
            let Some(body) = draft.get(id)? else { continue };
            if body.exceptions.is_empty() {
                continue;
            }
            let mut edits = Vec::new();
            let sub_level = id.level() + PAGE_SPAN;
            for (from, to, content) in body.exceptions.runs(0, SUBCELLS) {
                let Some(content) = content else { continue };
                let solid = view.is_ground(content);
                for sub in from..to {
                    let inside = bm_morton::decode3_u64(sub.into());
                    let at = [0, 1, 2].map(|a| ([x, y, z][a] << PAGE_SPAN) + inside[a]);
                    if self.disturbs(at, sub_level, solid) {
                        match edits.last_mut() {
                            Some((_, end, None)) if *end == sub => *end = sub + 1,
                            _ => edits.push((sub, sub + 1, None)),
                        }
                        cleared += 1;
                    }
                }
            }
            if !edits.is_empty() {
                draft.edit(id, &edits)?;
            }
        }
        Ok(cleared)
    }

    /// Whether the ground changed where a cell of the tree lies, or below it; of cells that are not solid, also whether
    /// the lake there did.
    fn disturbs(&self, [x, y, z]: [u32; 3], level: u8, solid: bool) -> bool {
        let shift = MAX_LEVEL - level;
        let half = (1u32 << shift) / 2;
        let middle = |c: u32| f64::from((c << shift) + half) / f64::from(TICKS_PER_METRE);
        let at = bm_grid::DVec2::new(middle(x), middle(y));
        let turn = bm_grid::DVec2::new(bm_core::frame::WORLD_X as f64 / f64::from(TICKS_PER_METRE), 0.0);
        let region = &self.region;
        let cell = [at, at - turn, at + turn].into_iter().find_map(|p| region.world_to_cell(p));
        let Some((cx, cy)) = cell else { return false };
        let k = cy as usize * region.width() as usize + cx as usize;
        let (Some(now), Some(before)) = (self.heights[k], self.before[k]) else { return false };
        let top = i64::from((z + 1) << shift) - i64::from(SEA_LEVEL);
        let moved = now != before || !solid && self.lakes[k] != self.lakes_before[k];
        moved && top > i64::from(now.min(before))
    }
}
