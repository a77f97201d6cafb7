//! What is laid back is what the world then says.

use crate::support::{cells, column, earth, height, region, take};
use bm_core::frame::{SEA_LEVEL, TICKS_PER_METRE};
use bm_core::{ErrorKind, MaterialId, Pos};
use bm_hybrid::WorldError;
use bm_hybrid::checkout::{Back, Seeding};
use bm_overlay::Transaction;
use bm_process::strata::{Strata, Stratum};

/// A quarter metre: what heights are rounded to.
const TICK: f64 = 0.25;

#[test]
fn a_seed_is_the_truth_at_the_middles_of_cells() {
    let world = earth();
    let region = region(6.5, 45.2, 1500.0, 40, 30);
    let (_, seed) = take(&world, &region);
    let view = world.view();
    assert_eq!(seed.simplified, 0);
    let surfaces = seed.state.strata.surfaces();
    for (k, x, y) in cells(&region) {
        let [cx, cy] = column(&region, x, y);
        assert_eq!(seed.state.ground.values[k], height(&view, [cx, cy]));
        assert_eq!(surfaces[k], view.surface(cx, cy).unwrap().unwrap().1);
    }
    let lat = 45.2 + 15.0 / 74.2;
    let width = 1500.0 * f64::to_radians(lat).cos();
    assert!((seed.state.ground.dx[15] / width - 1.0).abs() < 0.002, "{}", seed.state.ground.dx[15]);
    // Threads and repetition change nothing.
    let again = view.seed(&region, &Seeding::default(), &|_| ()).unwrap();
    assert_eq!(again.fingerprint, seed.fingerprint);
    assert_eq!(again.state.ground, seed.state.ground);
}

#[test]
fn land_comes_back_as_it_is() {
    for (cell, version_of_relief) in [(2000.0, 7), (150.0, 14), (20.0, 14)] {
        let world = earth();
        let region = region(7.0, 45.5, cell, 37, 29);
        let (origin, mut seed) = take(&world, &region);
        let before = world.view();
        for (k, x, y) in cells(&region) {
            seed.state.ground.values[k] -= 300.0 + f64::from((x * 7 + y * 13) % 11) * 20.3;
        }
        let landed = world.commit_land(&origin, &seed.state, &Back::default(), "test", &|_| ()).unwrap();
        assert_eq!(landed.changed, region.cells());
        let view = world.view();
        assert_eq!(view.version(), landed.version);
        let mut wrong = 0;
        // The middle of a voxel lies an eighth of a metre beside that of the cell, on slopes of a few hundred metres a cell.
        let near = TICK + 0.25 * 400.0 / cell;
        for (k, x, y) in cells(&region) {
            let found = height(&view, column(&region, x, y));
            wrong += u64::from((found - seed.state.ground.values[k]).abs() > near);
        }
        assert_eq!(wrong, 0, "cells of {cell} m (relief in pages of level {version_of_relief})");
        // Outside nothing changed, and old views say what they said.
        let [x, y] = column(&region, 0, 0);
        let far = [x - (3.0 * cell * 4.0) as u32 - 40_000, y];
        assert_eq!(height(&view, far), height(&before, far));
        assert!((height(&before, [x, y]) - origin.heights[0]).abs() < 1e-9);
        assert!(world.verify(&|_| ()).unwrap().problems.is_empty());
    }
}

#[test]
fn unchanged_land_changes_no_answer() {
    let world = earth();
    let region = region(7.0, 45.5, 900.0, 30, 30);
    let (origin, seed) = take(&world, &region);
    let before = world.view();
    let landed = world.commit_land(&origin, &seed.state, &Back::default(), "test", &|_| ()).unwrap();
    assert_eq!((landed.changed, landed.cleared), (0, 0));
    let view = world.view();
    for (_, x, y) in cells(&region) {
        let at = column(&region, x, y);
        assert!((height(&view, at) - height(&before, at)).abs() <= TICK);
        for alt in [-5000, -100, 1000, 3000, 5000] {
            let z = (i64::from(SEA_LEVEL) + alt * 4) as u32;
            let pos = Pos::new(at[0], at[1], z).unwrap();
            let (a, b) = (view.sample(pos).unwrap().material, before.sample(pos).unwrap().material);
            if (f64::from(alt as i32) - height(&before, at)).abs() > 1.0 {
                assert_eq!(a, b, "{alt} m");
            }
        }
    }
}

#[test]
fn what_lies_beneath_comes_to_light() {
    let world = earth();
    let region = region(7.0, 45.5, 500.0, 24, 20);
    let (origin, mut seed) = take(&world, &region);
    let thick = |t: f32| vec![t; region.cells() as usize];
    let strata = vec![
        Stratum { material: MaterialId::SEDIMENT, thickness: thick(0.0) },
        Stratum { material: MaterialId::SHALE, thickness: thick(100.0) },
        Stratum { material: MaterialId::LIMESTONE, thickness: thick(50.0) },
    ];
    seed.state.strata = Strata::new(strata, seed.state.strata.basement()).unwrap();
    seed.state
        .wear(|ground| {
            for (k, z) in ground.values.iter_mut().enumerate() {
                *z += match k % 4 {
                    0 => 0.0,
                    1 => -120.0,
                    2 => -200.0,
                    _ => 30.0,
                };
            }
            Ok::<(), WorldError>(())
        })
        .unwrap();
    world.commit_land(&origin, &seed.state, &Back::default(), "test", &|_| ()).unwrap();
    let view = world.view();
    let expected =
        [MaterialId::SHALE, MaterialId::LIMESTONE, seed.state.strata.basement(), MaterialId::SEDIMENT];
    for (k, x, y) in cells(&region) {
        let at = column(&region, x, y);
        assert_eq!(view.surface(at[0], at[1]).unwrap().unwrap().1, expected[k % 4], "cell {k}");
    }
    // Taken out again it is what was put there.
    let (_, again) = take(&world, &region);
    assert_eq!(again.state.strata.surfaces(), seed.state.strata.surfaces());
    let thick = |s: &Strata, m, k: usize| -> f32 {
        s.strata().iter().filter(|s| s.material == m).map(|s| s.thickness[k]).sum()
    };
    for k in 0..region.cells() as usize {
        for m in [MaterialId::SEDIMENT, MaterialId::SHALE, MaterialId::LIMESTONE] {
            let (a, b) = (thick(&again.state.strata, m, k), thick(&seed.state.strata, m, k));
            assert!((a - b).abs() <= 1.0, "cell {k}: {a} and {b} m of material {}", m.0);
        }
    }
    // Far below, the world's own shells go on.
    let at = column(&region, 3, 3);
    let deep = Pos::new(at[0], at[1], SEA_LEVEL - 30_000 * TICKS_PER_METRE).unwrap();
    let below = world.at(origin.version).unwrap().sample(deep).unwrap().material;
    assert_eq!(view.sample(deep).unwrap().material, below);
}

#[test]
fn a_region_that_changed_is_not_overwritten() {
    let world = earth();
    let region = region(7.0, 45.5, 500.0, 20, 20);
    let (origin, mut seed) = take(&world, &region);
    for z in &mut seed.state.ground.values {
        *z -= 100.0;
    }
    // A change elsewhere is none here.
    let [x, y] = column(&region, 10, 10);
    let mut t = Transaction::new("test");
    t.set(Pos::new(x - 4 * 100_000, y, SEA_LEVEL).unwrap(), MaterialId::ORE);
    world.edit(&t).unwrap();
    let view = world.view();
    let top = view.surface(x, y).unwrap().unwrap().0;
    // Nor is one between the middles of cells, but one in a middle is.
    let mut t = Transaction::new("test");
    t.set(Pos::new(x, y, top).unwrap(), MaterialId::ORE);
    let version = world.edit(&t).unwrap().version;
    let e = world.commit_land(&origin, &seed.state, &Back::default(), "test", &|_| ()).unwrap_err();
    assert!(matches!(e, WorldError::Stale { cells: 1, .. }), "{e}");
    assert_eq!(e.kind(), ErrorKind::Conflict);
    assert_eq!(world.view().version(), version);
    let landed =
        world.commit_land(&origin, &seed.state, &Back::default().force(true), "test", &|_| ()).unwrap();
    assert_eq!(landed.cleared, 1);
    let found = height(&world.view(), [x, y]);
    assert!((found - (origin.heights[10 * 20 + 10] - 100.0)).abs() <= TICK, "{found}");
}

#[test]
fn edits_stay_where_the_land_stayed() {
    let world = earth();
    let region = region(7.0, 45.5, 500.0, 20, 20);
    let view = world.view();
    let (still, worn) = (column(&region, 5, 5), column(&region, 15, 15));
    let top = |[x, y]: [u32; 2]| view.surface(x, y).unwrap().unwrap().0;
    let mut t = Transaction::new("test");
    // Ore deep down and a tower on both places.
    for at in [still, worn] {
        t.set(Pos::new(at[0], at[1], top(at) - 4000).unwrap(), MaterialId::ORE);
        for k in 0..8 {
            t.set(Pos::new(at[0] + 4, at[1] + 4, top(at) + k).unwrap(), MaterialId::GRANITE);
        }
    }
    world.edit(&t).unwrap();
    let (origin, mut seed) = take(&world, &region);
    for (k, x, _) in cells(&region) {
        if x > 9 {
            seed.state.ground.values[k] -= 50.0;
        }
    }
    let landed = world.commit_land(&origin, &seed.state, &Back::default(), "test", &|_| ()).unwrap();
    assert_eq!(landed.cleared, 8, "the tower that lost its ground");
    let view = world.view();
    let material = |x, y, z| view.sample(Pos::new(x, y, z).unwrap()).unwrap().material;
    for at in [still, worn] {
        assert_eq!(material(at[0], at[1], top(at) - 4000), MaterialId::ORE);
    }
    assert_eq!(material(still[0] + 4, still[1] + 4, top(still) + 7), MaterialId::GRANITE);
    assert_eq!(material(worn[0] + 4, worn[1] + 4, top(worn) + 7), MaterialId::AIR);
}

#[test]
fn land_may_be_laid_over_land() {
    let world = earth();
    // Twice the same cells, then others across the rim of the first.
    for (lon, lat, cell, w, h) in [
        (7.0, 45.5, 600.0, 40, 40),
        (7.0, 45.5, 600.0, 40, 40),
        (7.1, 45.6, 250.0, 70, 60),
        (6.9, 45.4, 1000.0, 50, 45),
    ] {
        let region = region(lon, lat, cell, w, h);
        let (origin, mut seed) = take(&world, &region);
        for (k, x, y) in cells(&region) {
            seed.state.ground.values[k] -= 40.0 + f64::from((x + 2 * y) % 7) * 5.0;
        }
        world.commit_land(&origin, &seed.state, &Back::default(), "test", &|_| ()).unwrap();
        let view = world.view();
        let mut wrong = 0u32;
        for (k, x, y) in cells(&region) {
            let found = height(&view, column(&region, x, y));
            let rim = x == 0 || y == 0 || x + 1 == w || y + 1 == h;
            wrong += u32::from(!rim && (found - seed.state.ground.values[k]).abs() > 1.5 * TICK);
        }
        assert_eq!(wrong, 0, "cells of {cell} m");
    }
    assert!(world.verify(&|_| ()).unwrap().problems.is_empty());
}

#[test]
fn regions_and_land_that_do_not_fit_are_refused() {
    let world = earth();
    let flat = bm_grid::Region::new(
        bm_grid::Bounds { min: bm_grid::DVec2::ZERO, max: bm_grid::DVec2::new(10.0, 10.0) },
        1.0,
    )
    .unwrap();
    let e = world.view().seed(&flat, &Seeding::default(), &|_| ()).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::BadInput);
    let region = region(7.0, 45.5, 500.0, 5, 4);
    let (origin, seed) = take(&world, &region);
    let (_, other) = take(&world, &crate::support::region(7.0, 45.5, 500.0, 4, 5));
    let e = world.commit_land(&origin, &other.state, &Back::default(), "test", &|_| ()).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::BadInput);
    let mut high = seed.state.clone();
    high.ground.values[3] = 2e6;
    let e = world.commit_land(&origin, &high, &Back::default(), "test", &|_| ()).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::BadInput);
}
