//! What a transaction sets, as cells.

use bm_core::frame::{WORLD_X, WORLD_Y, WORLD_Z_MAX, WORLD_Z_MIN, edge_ticks};
use bm_core::page::PAGE_SPAN;
use bm_core::{Cell, MaterialId, TickBox};
use bm_hybrid::shape::Shape;
use bm_overlay::Transaction;
use bm_overlay::transaction::sub_cell;
use std::collections::BTreeMap;

pub(crate) const WORLD: TickBox = TickBox { min: [0, 0, WORLD_Z_MIN], max: [WORLD_X, WORLD_Y, WORLD_Z_MAX] };

/// Cells of a level by coordinates, with the voxels of each that are set.
pub(crate) type Cells = BTreeMap<[u32; 3], u128>;

/// What a transaction sets, as cells of `level`.
pub(crate) fn cells_set(t: &Transaction, level: u8) -> Cells {
    let mut out = Cells::new();
    let edits = t.edits();
    assert_eq!(edits.fault(), None);
    let mut add = |b: TickBox| {
        let e = edge_ticks(level);
        for z in b.min[2] / e..b.max[2].div_ceil(e) {
            for y in b.min[1] / e..b.max[1].div_ceil(e) {
                for x in b.min[0] / e..b.max[0].div_ceil(e) {
                    let cell = Cell::new(level, [x, y, z]).expect("in the root").bounds();
                    let part = out.entry([x, y, z]).or_default();
                    *part += cell.intersection(&b).volume();
                    assert!(*part <= cell.volume(), "set twice");
                }
            }
        }
    };
    for r in &edits.runs {
        // As cubes along the curve.
        let mut at = r.from;
        while at < r.to {
            let mut up = 0;
            while up < u32::from(PAGE_SPAN) && at % (8 << (3 * up)) == 0 && at + (8 << (3 * up)) <= r.to {
                up += 1;
            }
            let first = sub_cell(r.page, at).expect("in the page").bounds().min;
            let edge = edge_ticks(r.page.level() + PAGE_SPAN) << up;
            add(TickBox { min: first, max: first.map(|c| c + edge) });
            at += 1 << (3 * up);
        }
    }
    for b in &edits.boxes {
        let (first, edge) = (b.page.cell().origin(), edge_ticks(b.page.level() + PAGE_SPAN));
        let corner = |c: [u8; 3], more: u32| [0, 1, 2].map(|a| first[a] + (u32::from(c[a]) + more) * edge);
        add(TickBox { min: corner(b.lo, 0), max: corner(b.hi, 1) });
    }
    out
}

/// Applies a shape; its cells, after checking the number it says.
pub(crate) fn applied(shape: &Shape, level: u8) -> Result<Cells, String> {
    let mut t = Transaction::new("test");
    match shape.apply(level, MaterialId::GRANITE, &mut t) {
        Ok(count) => {
            let cells = cells_set(&t, level);
            assert_eq!(count, cells.len() as u64);
            Ok(cells)
        }
        Err(e) => Err(e.to_string()),
    }
}
