//! Coarse cells: pluralities, proofs of uniformity, shares.

use crate::oracle::Oracle;
use crate::worlds::{World, worlds};
use bm_codec::shares::{Shares, WHOLE};
use bm_core::frame::{WORLD_X, WORLD_Y, WORLD_Z_MAX, WORLD_Z_MIN};
use bm_core::{Cell, MaterialId, Pos, TickBox};
use proptest::prelude::*;

/// Voxels of the world in a cell: its corners, its middle, and some at random.
fn some_voxels(w: &mut World, cell: Cell) -> Vec<Pos> {
    let b = cell.bounds();
    let world = TickBox { min: [0, 0, WORLD_Z_MIN], max: [WORLD_X, WORLD_Y, WORLD_Z_MAX] };
    let b = b.intersection(&world);
    if b.is_empty() {
        return Vec::new();
    }
    let mut out = Vec::new();
    for corner in 0..8u32 {
        let c = [0, 1, 2].map(|a| if corner >> a & 1 == 0 { b.min[a] } else { b.max[a] - 1 });
        out.push(Pos::new(c[0], c[1], c[2]).unwrap());
    }
    for _ in 0..40 {
        let c = [0, 1, 2].map(|a| w.rng.range(b.min[a].into(), b.max[a].into()) as u32);
        out.push(Pos::new(c[0], c[1], c[2]).unwrap());
        // The interesting part is about the anchor.
        let near = w.near();
        if b.contains([near.x(), near.y(), near.z()]) {
            out.push(near);
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn fine_cells_are_counted_exactly(mut w in worlds()) {
        let tree = w.tree();
        let bodies = w.bodies.clone();
        let oracle = Oracle::new(&bodies);
        for _ in 0..12 {
            let p = w.near();
            for level in 25..=28 {
                let cell = Cell::containing(p, level);
                let volumes = oracle.dense(cell);
                let s = tree.sample_at_level(p, level).unwrap();
                prop_assert_eq!(s.material, oracle.plurality(cell), "{:?} {:?}", cell, volumes);
                prop_assert_eq!(s.exact, volumes.len() == 1, "{:?} {:?}", cell, volumes);
                prop_assert_eq!(s.level, level);
                let unit = WHOLE >> (3 * (28 - level));
                let want: Vec<(MaterialId, u64)> = volumes.iter().map(|&(m, v)| (m, v * unit)).collect();
                let got = tree.shares(cell).unwrap();
                prop_assert_eq!(got.list(), &want[..], "{:?}", cell);
            }
        }
    }

    #[test]
    fn boxes_of_fine_cells_hold_the_pluralities(mut w in worlds()) {
        let tree = w.tree();
        let bodies = w.bodies.clone();
        let oracle = Oracle::new(&bodies);
        for level in 25..28 {
            let p = w.near();
            let min = [p.x(), p.y(), p.z()];
            let bounds = TickBox { min, max: min.map(|c| c + 2 * (1 << (28 - level)) - 1) };
            let v = tree.volume(&bounds, level).unwrap();
            for k in 0..v.size[2] {
                for j in 0..v.size[1] {
                    for i in 0..v.size[0] {
                        let cell = Cell::new(level, [v.origin[0] + i, v.origin[1] + j, v.origin[2] + k]).unwrap();
                        prop_assert_eq!(v.get([i, j, k]), oracle.plurality(cell), "{:?}", cell);
                    }
                }
            }
        }
    }

    #[test]
    fn uniform_never_lies(mut w in worlds()) {
        let tree = w.tree();
        let bodies = w.bodies.clone();
        let oracle = Oracle::new(&bodies);
        for _ in 0..8 {
            let p = w.near();
            for level in 0..28 {
                let mut cell = Cell::containing(p, level);
                if level > 0 && w.rng.chance(2) {
                    cell = cell.parent().unwrap().child(w.rng.range(0, 8) as u8).unwrap();
                }
                let proof = tree.uniform(cell).unwrap();
                let s = tree.sample_at_level(p, level).unwrap();
                if cell == Cell::containing(p, level) {
                    prop_assert!(proof.is_none_or(|m| s.exact && s.material == m));
                    prop_assert!(level >= 25 || s.exact == proof.is_some());
                }
                let Some(m) = proof else { continue };
                for q in some_voxels(&mut w, cell) {
                    prop_assert_eq!(oracle.material(q), m, "{:?} at {:?}", cell, q);
                }
            }
        }
    }

    #[test]
    fn octants_add_up(mut w in worlds()) {
        let tree = w.tree();
        for _ in 0..6 {
            let p = w.near();
            for level in 0..28 {
                let cell = Cell::containing(p, level);
                let whole = tree.shares(cell).unwrap();
                let inside = cell.bounds().intersection(&TickBox {
                    min: [0, 0, WORLD_Z_MIN],
                    max: [WORLD_X, WORLD_Y, WORLD_Z_MAX],
                });
                let want = (inside.volume() * u128::from(WHOLE) / cell.bounds().volume()) as u64;
                let total: u64 = whole.list().iter().map(|s| s.1).sum();
                // Columns in the middles of an even grid meet the world's edge to about a cell of the grid.
                let slack = if inside == cell.bounds() { 4096 } else { WHOLE / 4 };
                prop_assert!(total.abs_diff(want) <= slack, "{:?} holds {} of {}", cell, total, want);
                if level < 25 {
                    continue;
                }
                let mut sum = Shares::default();
                for o in 0..8 {
                    sum.merge(&tree.shares(cell.child(o).unwrap()).unwrap(), 3);
                }
                prop_assert_eq!(sum, whole, "{:?}", cell);
            }
        }
    }

    /// A coarse box holds what asking cell by cell gives.
    #[test]
    fn coarse_boxes_are_their_cells(mut w in worlds()) {
        let tree = w.tree();
        for level in [3u8, 6, 7, 9, 13, 14, 15, 20, 21, 22, 24] {
            let p = w.near();
            let edge = 1u32 << (28 - level);
            let min = [p.x(), p.y(), p.z()];
            let v = tree.volume(&TickBox { min, max: min.map(|c| c + edge) }, level).unwrap();
            for k in 0..v.size[2] {
                for j in 0..v.size[1] {
                    for i in 0..v.size[0] {
                        let cell = Cell::new(level, [v.origin[0] + i, v.origin[1] + j, v.origin[2] + k]).unwrap();
                        let proof = tree.uniform(cell).unwrap();
                        let want = proof.or(tree.shares(cell).unwrap().plurality());
                        prop_assert_eq!(Some(v.get([i, j, k])), want, "{:?}", cell);
                    }
                }
            }
        }
    }
}
