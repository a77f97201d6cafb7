//! Points, batches, columns and finest boxes.

use crate::oracle::{Oracle, voxels};
use crate::worlds::{World, worlds};
use bm_core::frame::{WORLD_X, WORLD_Y, WORLD_Z_MAX, WORLD_Z_MIN};
use bm_core::{Pos, TickBox};
use bm_octree::{Run, Tree};
use proptest::prelude::*;

fn points(w: &mut World, n: usize) -> Vec<Pos> {
    (0..n).map(|_| w.near()).collect()
}

/// Runs fill `z0..z1`, neighbours differ, and the voxels at both ends and within are the oracle's.
fn check_column(w: &mut World, tree: &Tree, oracle: &Oracle<'_>, x: u32, y: u32, z0: u32, z1: u32) {
    let mut runs: Vec<Run> = Vec::new();
    tree.column(x, y, z0, z1, &mut runs).unwrap();
    let mut z = z0;
    for (k, r) in runs.iter().enumerate() {
        assert_eq!(r.from, z, "gap at run {k}");
        assert!(r.to > r.from);
        assert!(k == 0 || runs[k - 1].material != r.material, "run {k} goes on");
        z = r.to;
        let inside = (0..4).map(|_| w.rng.range(r.from.into(), r.to.into()) as u32);
        let few = r.to - r.from <= 64;
        let zs: Vec<u32> =
            if few { (r.from..r.to).collect() } else { inside.chain([r.from, r.to - 1]).collect() };
        for z in zs {
            let pos = Pos::new(x, y, z).unwrap();
            assert_eq!(r.material, oracle.material(pos), "at {x} {y} {z}");
        }
    }
    assert_eq!(z, z1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn points_are_what_the_definition_says(mut w in worlds()) {
        let tree = w.tree();
        let mut at = points(&mut w, 300);
        let bodies = w.bodies.clone();
        let oracle = Oracle::new(&bodies);
        let mut got = Vec::new();
        let pinned = tree.pin();
        // As they come, sorted along the curve, and back and forth between pages.
        for order in 0..3 {
            match order {
                0 => {}
                1 => at.sort_by_key(|p| bm_morton::encode3_u128(p.x().into(), p.y().into(), p.z().into())),
                _ => at.sort_by_key(|p| p.x().wrapping_mul(0x9e37_79b9)),
            }
            tree.sample_batch(&at, &mut got).unwrap();
            prop_assert_eq!(got.len(), at.len());
            for (p, m) in at.iter().zip(&got) {
                let want = oracle.material(*p);
                prop_assert_eq!(*m, want, "at {:?}", p);
                let s = tree.sample(*p).unwrap();
                prop_assert_eq!(pinned.sample(*p).unwrap(), s);
                prop_assert_eq!((s.material, s.level, s.exact), (want, 28, true));
                prop_assert!(s.page_level <= 21 && s.page_level % 7 == 0);
            }
        }
    }

    #[test]
    fn columns_are_their_voxels(mut w in worlds()) {
        let tree = w.tree();
        let bodies = w.bodies.clone();
        let oracle = Oracle::new(&bodies);
        for p in points(&mut w, 12) {
            let (z0, z1) = (p.z().saturating_sub(70).max(WORLD_Z_MIN), (p.z() + 70).min(WORLD_Z_MAX));
            check_column(&mut w, &tree, &oracle, p.x(), p.y(), z0, z1);
            check_column(&mut w, &tree, &oracle, p.x(), p.y(), p.z(), p.z());
        }
        // Tall ones, through many pages.
        for p in points(&mut w, 4) {
            let reach = 300_000;
            let (z0, z1) = (p.z().saturating_sub(reach).max(WORLD_Z_MIN), (p.z() + reach).min(WORLD_Z_MAX));
            check_column(&mut w, &tree, &oracle, p.x(), p.y(), z0, z1);
        }
    }

    #[test]
    fn finest_boxes_are_their_voxels(mut w in worlds()) {
        let tree = w.tree();
        let bodies = w.bodies.clone();
        let oracle = Oracle::new(&bodies);
        for p in points(&mut w, 3) {
            let mut c = |v: u32| v.saturating_sub(w.rng.range(0, 9) as u32);
            let min = [c(p.x()), c(p.y()), c(p.z())];
            let bounds = TickBox { min, max: min.map(|c| c + 10) };
            let v = tree.volume(&bounds, 28).unwrap();
            let max = [0, 1, 2].map(|a| v.origin[a] + v.size[a]);
            prop_assert_eq!(v.level, 28);
            prop_assert_eq!(v.cells.len() as u32, v.size.iter().product::<u32>());
            for at in voxels(TickBox { min: v.origin, max }) {
                let pos = Pos::new(at[0], at[1], at[2]).unwrap();
                prop_assert_eq!(v.get([0, 1, 2].map(|a| at[a] - v.origin[a])), oracle.material(pos), "at {:?}", pos);
            }
            // Nothing of the box inside the world is left out.
            let world = TickBox { min: [0, 0, WORLD_Z_MIN], max: [WORLD_X, WORLD_Y, WORLD_Z_MAX] };
            let want = bounds.intersection(&world);
            prop_assert_eq!((v.origin, max), (want.min, want.max));
        }
    }

    #[test]
    fn the_surface_is_the_highest_ground(mut w in worlds()) {
        let tree = w.tree();
        let p = w.near();
        let ground = w.rng.material();
        let mut runs = Vec::new();
        tree.column(p.x(), p.y(), WORLD_Z_MIN, WORLD_Z_MAX, &mut runs).unwrap();
        let want = runs.iter().filter(|r| r.material == ground).map(|r| r.to).max();
        let got = tree.surface(p.x(), p.y(), |m| m == ground).unwrap();
        prop_assert_eq!(got.map(|g| g.0), want);
        prop_assert!(got.is_none_or(|g| g.1 == ground));
    }
}

#[test]
fn outside_is_an_error() {
    let w = World {
        anchor: Pos::new(0, 0, WORLD_Z_MIN).unwrap(),
        bodies: [(
            bm_core::PageId::ROOT,
            bm_codec::body::Body::new(bm_codec::body::Base::Uniform(bm_core::MaterialId::ROCK)),
        )]
        .into(),
        rng: crate::worlds::Rng(1),
    };
    let tree = w.tree();
    let mut runs = Vec::new();
    for (x, y, z0, z1) in [
        (WORLD_X, 0, WORLD_Z_MIN, WORLD_Z_MAX),
        (0, WORLD_Y, WORLD_Z_MIN, WORLD_Z_MAX),
        (0, 0, WORLD_Z_MIN - 1, WORLD_Z_MAX),
        (0, 0, WORLD_Z_MIN, WORLD_Z_MAX + 1),
        (0, 0, 0, u32::MAX),
        (0, 0, u32::MAX, 0),
    ] {
        let e = tree.column(x, y, z0, z1, &mut runs).unwrap_err();
        assert_eq!(e.kind(), bm_core::ErrorKind::BadInput);
    }
    assert!(runs.is_empty());
    let far = TickBox { min: [WORLD_X, 0, 0], max: [u32::MAX; 3] };
    assert!(matches!(tree.volume(&far, 28), Err(bm_octree::TreeError::EmptyBox)));
    assert!(matches!(tree.volume(&TickBox::ROOT, 28), Err(bm_octree::TreeError::TooLarge { .. })));
    let whole = tree.volume(&TickBox::ROOT, 0).unwrap();
    assert_eq!((whole.size, whole.cells.as_slice()), ([1; 3], &[bm_core::MaterialId::ROCK][..]));
}
