//! Water that stands on land goes back as lakes, and comes out with the land.

use crate::support::{cells, column, earth, height, region, take};
use bm_core::frame::{SEA_LEVEL, TICKS_PER_METRE};
use bm_core::{MaterialId, Pos};
use bm_grid::Region;
use bm_hybrid::checkout::Back;
use bm_hybrid::{View, World};
use bm_io::georef::{Axis, GridGeoref};
use bm_overlay::Transaction;
use bm_process::state::{Layer, State, layer};

/// A basin of 10 × 8 cells, 40 m deep, with water up to 5 m under its rim; a rim of level land around it.
fn basin(land: &mut State, floor: f64) {
    let (w, h) = (land.ground.width, land.ground.height);
    let mut depth = vec![0.0; w * h];
    for (y, x) in (10..22).flat_map(|y| (10..24).map(move |x| (y, x))) {
        let k = y * w + x;
        let inside = (12..20).contains(&y) && (12..22).contains(&x);
        land.ground.values[k] = if inside { floor } else { floor + 40.0 };
        depth[k] = if inside { 35.0 } else { 0.0 };
    }
    assert!(land.set_layer(layer::WATER_DEPTH, Layer::F64(depth)));
}

fn material(view: &View, [x, y]: [u32; 2], alt: f64) -> MaterialId {
    let z = (alt * f64::from(TICKS_PER_METRE) + f64::from(SEA_LEVEL)) as u32;
    view.sample(Pos::new(x, y, z).unwrap()).unwrap().material
}

/// Depths at the middles of cells, by what the world says above its ground.
fn depths(view: &View, region: &Region) -> Vec<f64> {
    let depth = |(_, x, y)| {
        let at = column(region, x, y);
        let ground = height(view, at);
        let water =
            |t: &u32| material(view, at, ground + 0.1 + f64::from(*t) * 0.25) == MaterialId::FRESHWATER;
        f64::from((0..400).take_while(water).count() as u32) * 0.25
    };
    cells(region).map(depth).collect()
}

fn commit(world: &World, region: &Region, how: &Back, change: impl FnOnce(&mut State)) -> u64 {
    let (origin, mut seed) = take(world, region);
    change(&mut seed.state);
    world.commit_land(&origin, &seed.state, how, "test", &|_| ()).unwrap().lakes
}

#[test]
fn a_lake_is_laid_seen_again_and_drained() {
    for (cell, floor) in [(200.0, 1500.0), (30.0, 2500.0)] {
        let world = earth();
        let region = region(7.0, 45.5, cell, 36, 30);
        let before = world.view();
        assert_eq!(commit(&world, &region, &Back::default(), |land| basin(land, floor)), 80);
        let view = world.view();
        // In the middle of the lake, from the air down.
        let at = column(&region, 16, 16);
        let ground = view.surface(at[0], at[1]).unwrap().unwrap();
        assert_eq!((height(&view, at), before.is_ground(ground.1)), (floor, true));
        assert_eq!(material(&view, at, floor + 35.5), MaterialId::AIR);
        for alt in [0.3, 20.0, 34.5] {
            assert_eq!(material(&view, at, floor + alt), MaterialId::FRESHWATER, "{alt} m over the floor");
        }
        assert_eq!(material(&view, at, floor - 0.5), ground.1);
        assert!(depths(&before, &region).iter().all(|&d| d == 0.0), "old versions say what they said");
        // The next one who takes the region has the lake, and nothing changes by laying it back.
        let (origin, seed) = take(&world, &region);
        let found = seed.state.layer(layer::WATER_DEPTH).unwrap();
        let told = depths(&view, &region);
        for (k, x, y) in cells(&region) {
            assert_eq!(found.get(k), told[k], "{x} {y}");
            let inner = (13..19).contains(&y) && (13..21).contains(&x);
            let beside = !(11..21).contains(&y) || !(11..23).contains(&x);
            assert!(!inner || (told[k] - 35.0).abs() < 0.6, "{x} {y}: {}", told[k]);
            assert!(!beside || told[k] == 0.0);
        }
        let landed = world.commit_land(&origin, &seed.state, &Back::default(), "test", &|_| ()).unwrap();
        assert_eq!(landed.changed, 0);
        let again = depths(&world.view(), &region);
        assert!(told.iter().zip(&again).all(|(a, b)| (a - b).abs() <= 0.5));
        // Left as it was, though the land says otherwise; then drained.
        let drain = |land: &mut State| {
            let zeros = Layer::F64(vec![0.0; land.cells()]);
            assert!(land.set_layer(layer::WATER_DEPTH, zeros));
        };
        assert!(commit(&world, &region, &Back::default().keep_lakes(true), drain) >= 80);
        assert!(depths(&world.view(), &region)[16 * 36 + 16] > 34.0);
        assert_eq!(commit(&world, &region, &Back::default(), drain), 0);
        let view = world.view();
        assert!(depths(&view, &region).iter().all(|&d| d == 0.0));
        assert!((height(&view, at) - floor).abs() <= 0.25);
        assert!(world.verify(&|_| ()).unwrap().problems.is_empty());
    }
}

#[test]
fn a_lake_at_the_rim_survives_a_commit_beside_it() {
    let world = earth();
    let first = region(7.0, 45.5, 200.0, 36, 30);
    commit(&world, &first, &Back::default(), |land| basin(land, 1500.0));
    let told = depths(&world.view(), &first);
    // Two regions that begin in the middle of the lake, with finer and coarser cells; nothing is done there.
    for (cell, size) in [(50.0, 40), (400.0, 20)] {
        let [x, y] = column(&first, 16, 16).map(|tick| f64::from(tick) / f64::from(TICKS_PER_METRE));
        let min = bm_grid::DVec2::new((x / cell).floor(), (y / cell).floor()) * cell;
        let max = min + bm_grid::DVec2::splat(f64::from(size) * cell);
        let second = Region::in_world(bm_grid::Bounds { min, max }, cell).unwrap();
        commit(&world, &second, &Back::default(), |_| ());
        let again = depths(&world.view(), &first);
        let worst = told.iter().zip(&again).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        // Away from the shore.
        let calm = cells(&first).filter(|(_, x, y)| (14..18).contains(y) && (14..20).contains(x));
        assert!(calm.into_iter().all(|(k, ..)| (told[k] - again[k]).abs() <= 0.5), "{cell} m: {worst}");
    }
}

#[test]
fn the_sea_is_no_lake_and_relief_laid_later_is_dry() {
    let world = earth();
    let coast = region(4.8, 43.2, 1800.0, 30, 24);
    let (_, seed) = take(&world, &coast);
    assert!(seed.state.ground.values.iter().any(|&z| z < -10.0), "there is sea");
    assert!(seed.state.layer(layer::WATER_DEPTH).is_none());
    // Water over the bed of the sea is the sea.
    let flood = |land: &mut State| {
        let depth = land.ground.values.iter().map(|z| (-z).max(0.0)).collect();
        assert!(land.set_layer(layer::WATER_DEPTH, Layer::F64(depth)));
    };
    assert_eq!(commit(&world, &coast, &Back::default(), flood), 0);

    let alps = region(7.0, 45.5, 900.0, 36, 30);
    commit(&world, &alps, &Back::default(), |land| basin(land, 1500.0));
    assert!(depths(&world.view(), &alps)[16 * 36 + 16] > 34.0);
    // Samples 900 m apart: data that came later speaks of the ground.
    let mut relief = bm_io::bundled::bundled_etopo20().unwrap();
    let axis = |from: i64| Axis { origin_num: from * 120, step_num: 1, den: 120 };
    relief.georef = GridGeoref { x: axis(6), y: axis(45), wraps: false };
    (relief.width, relief.height, relief.unit_ticks) = (300, 200, 4);
    relief.values = (0..60_000).map(|k| 800 + (k % 300) * 2 + k / 300).collect();
    world.ingest_relief(&relief, &Default::default(), &|_| ()).unwrap();
    let view = world.view();
    assert!(depths(&view, &alps).iter().all(|&d| d == 0.0));
    let at = column(&alps, 16, 16);
    let top = height(&view, at);
    assert!((800.0..1600.0).contains(&top), "{top}");
    // What lay under the lake is under the relief.
    assert_eq!(material(&view, at, top - 1.0), MaterialId::UPPER_CRUST);
}

#[test]
fn water_set_by_hand_is_a_lake_too_and_goes_with_it() {
    let world = earth();
    let region = region(7.0, 45.5, 20.0, 12, 10);
    let at = column(&region, 6, 5);
    let (top, _) = world.view().surface(at[0], at[1]).unwrap().unwrap();
    let mut edits = Transaction::new("test");
    for z in top..top + 8 {
        edits.set(Pos::new(at[0], at[1], z).unwrap(), MaterialId::FRESHWATER);
    }
    world.edit(&edits).unwrap();
    let (origin, mut seed) = take(&world, &region);
    let depth = seed.state.layer(layer::WATER_DEPTH).unwrap().clone();
    assert_eq!(depth.get(5 * 12 + 6), 2.0);
    assert_eq!((0..120).filter(|&k| depth.get(k) > 0.0).count(), 1);
    let zeros = Layer::F64(vec![0.0; 120]);
    assert!(seed.state.set_layer(layer::WATER_DEPTH, zeros));
    let landed = world.commit_land(&origin, &seed.state, &Back::default(), "test", &|_| ()).unwrap();
    assert_eq!((landed.changed, landed.cleared, landed.lakes), (0, 8, 0));
    let view = world.view();
    assert_eq!(view.sample(Pos::new(at[0], at[1], top + 3).unwrap()).unwrap().material, MaterialId::AIR);
}
