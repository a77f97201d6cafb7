//! Random small reliefs: what the world says is what the samples say, one by one and in boxes.

use crate::tools::*;
use bm_core::frame::{SEA_LEVEL, WORLD_X, WORLD_Y, WORLD_Z_MAX, WORLD_Z_MIN};
use bm_core::{MaterialId, Pos, TickBox};
use bm_hybrid::{ReliefIngest, Sea, World};
use bm_io::{Axis, Relief};
use proptest::prelude::*;

#[derive(Clone, Debug)]
struct Case {
    relief: Relief,
    nearest: bool,
    sea: Sea,
    seed: u64,
}

prop_compose! {
    fn case()(
        den in prop_oneof![Just(1i64), Just(12), Just(1200), Just(3600), 1i64..5000],
        step in 1i64..4,
        (width, height) in (2usize..40, 2usize..40),
        (lon, lat) in (0.0f64..1.0, 0.0f64..1.0),
        nodata in 0u64..5,
        cliffs in 1i64..4000,
        unit in prop_oneof![Just(1), Just(4)],
        nearest in any::<bool>(),
        sea in prop_oneof![Just(Sea::Auto), Just(Sea::Everywhere), Just(Sea::Nowhere)],
        seed in any::<u64>(),
    ) -> Case {
        let mut rng = Rng(seed);
        let step = step.min(180 * den / 40).max(1);
        let rows = (height as i64 - 1) * step;
        let height = if rows > 180 * den { (180 * den / step) as usize } else { height };
        let rows = (height as i64 - 1) * step;
        let at = Lattice {
            // Any start, over the date line too; the last row may be the pole itself.
            lon: (lon * 360.0 * den as f64) as i64 - 180 * den,
            lat: (lat * (180 * den - rows) as f64) as i64 - 90 * den,
            step, den, width, height, wraps: false,
        };
        let base = rng.range(-8000, 8000) * 4 / i64::from(unit);
        let values: Vec<Option<i32>> = (0..width * height)
            .map(|_| (nodata == 0 || !rng.next().is_multiple_of(3 * nodata)).then(|| (base + rng.range(-cliffs, cliffs)) as i32))
            .collect();
        let mut relief = relief(at, |i, j| values[j * width + i]);
        relief.unit_ticks = unit;
        Case { relief, nearest, sea, seed }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_world_says_what_its_samples_say(c in case()) {
        let r = &c.relief;
        prop_assume!(r.nodata_count < r.values.len());
        let world = World::in_memory().unwrap();
        let blank = world.view();
        ingest_as(&world, r, ReliefIngest::default().sea(c.sea).nearest(c.nearest));
        let view = world.view();
        let mut rng = Rng(c.seed);
        let mut spots: Vec<[u32; 2]> = Vec::new();
        for j in 0..r.height {
            for i in 0..r.width {
                let ([x, xd], [y, yd]) = sample_at(r, i, j);
                let y = y.div_euclid(yd).min(i128::from(WORLD_Y) - 1) as u32;
                spots.push([x.div_euclid(xd).rem_euclid(WORLD_X.into()) as u32, y]);
            }
        }
        let samples = spots.len();
        for k in 0..60 {
            let [x, y] = spots[rng.range(0, samples as i64) as usize];
            let d = |v: u32, r: i64, end: u32| (i64::from(v) + r).clamp(0, i64::from(end) - 1) as u32;
            let far = [2, DEGREE / r.georef.x.den.max(1) + 2][k % 2];
            spots.push([d(x, rng.range(-far, far), WORLD_X), d(y, rng.range(-far, far), WORLD_Y)]);
        }
        for (k, &[x, y]) in spots.iter().enumerate() {
            let got = top(&view, x, y);
            match naive(r, x, y, c.nearest) {
                Some(n) => prop_assert!(n.fits(got), "column {} {}: {} but {:?}", x, y, got, n),
                None => prop_assert_eq!(column(&view, x, y), column(&blank, x, y)),
            }
            if k < samples && naive(r, x, y, c.nearest).is_some() {
                // The sample itself, besides the slope over half a voxel.
                let (i, j) = (k % r.width, k / r.width);
                let want = r.height_ticks(i, j);
                let n = naive(r, x, y, c.nearest).unwrap();
                let share = 0.5 * r.georef.x.den as f64 / (DEGREE * r.georef.x.step_num) as f64;
                if let Some(want) = want.filter(|_| y < WORLD_Y - 1) {
                    let off = (got - i64::from(want)).abs() as f64;
                    prop_assert!(off <= 1.0 + 2.0 * share * n.spread, "sample {} {}: {} but {}", i, j, got, want);
                }
            }
        }
        let a = world.verify_against(r, &|_| ()).unwrap();
        prop_assert_eq!(a.wrong, 0, "{:?}", a.examples);

        // A tiny box at the surface: dense, by columns, voxel by voxel.
        for _ in 0..3 {
            let [x, y] = spots[rng.range(0, spots.len() as i64) as usize];
            let (x, y) = (x.min(WORLD_X - 7), y.min(WORLD_Y - 5));
            let z = (i64::from(SEA_LEVEL) + top(&view, x, y) - 4) as u32;
            let b = TickBox { min: [x, y, z], max: [x + 7, y + 5, z + 9] };
            let v = view.volume(&b, 28).unwrap();
            prop_assert_eq!((v.origin, v.size), ([x, y, z], [7, 5, 9]));
            let mut at = Vec::new();
            for dz in 0..9 {
                for dy in 0..5 {
                    for dx in 0..7 {
                        at.push(Pos::new(x + dx, y + dy, z + dz).unwrap());
                    }
                }
            }
            let mut batch = Vec::new();
            view.sample_batch(&at, &mut batch).unwrap();
            prop_assert_eq!(&batch, &v.cells);
            for (p, &m) in at.iter().zip(&v.cells) {
                prop_assert_eq!(view.sample(*p).unwrap().material, m);
                let runs = view.column(p.x(), p.y(), WORLD_Z_MIN, WORLD_Z_MAX).unwrap();
                let run = runs.iter().find(|r| (r.from..r.to).contains(&p.z())).unwrap();
                prop_assert_eq!(run.material, m);
                prop_assert!(m != MaterialId::UNSET);
            }
        }
        prop_assert_eq!(world.verify(&|_| ()).unwrap().problems, Vec::<String>::new());
    }
}

/// Nearly around the globe, and begun in the middle of a page: both ends lie in the same pages.
#[test]
fn almost_the_whole_globe() {
    let at = Lattice { lon: 100, lat: 20, step: 1, den: 1, width: 360, height: 6, wraps: false };
    let mut r = relief(at, |i, j| Some((i * 11 + j * 5) as i32));
    // One sample short of wrapping.
    r.width = 359;
    r.values = (0..6usize * 359).map(|k| ((k % 359) * 11 + k / 359 * 5) as i32).collect();
    r.georef.x = Axis { origin_num: 201, step_num: 2, den: 2 };
    let world = World::in_memory().unwrap();
    ingest(&world, &r);
    let a = world.verify_against(&r, &|_| ()).unwrap();
    assert_eq!((a.samples, a.wrong), (359 * 6, 0), "{:?}", a.examples);
}
