//! Fine relief over coarse: exact inside, the old world outside and in holes, and no seam anywhere.

use crate::tools::*;
use bm_core::frame::{WORLD_X, WORLD_Y};
use bm_hybrid::{ReliefIngest, Sea, View, World};
use bm_io::Relief;

/// 200 × 150 samples at three seconds of arc, with a cliff, a part far below the old surface and one far above.
fn massif(lon: i64, lat: i64) -> Relief {
    let at = Lattice { lon, lat, step: 1, den: 1200, width: 200, height: 150, wraps: false };
    relief(at, |i, j| {
        let hole = (60..75).contains(&i) && (40..50).contains(&j) || i + j < 12 || (i, j) == (120, 100);
        let h = match (i, j) {
            (100.., 75..) => 7000 + ((i * 37 + j * 91) % 1800) as i32,
            (..50, 100..) => -300 - ((i * 13 + j * 7) % 90) as i32,
            _ => 200 + (i * 10 + j * 3) as i32,
        };
        (!hole).then_some(h)
    })
}

/// The whole column must be the fine relief's, or the old one, and nothing in between.
fn check(view: &View, old: &View, fine: &Relief, [x, y]: [u32; 2], wet: impl Fn(i64) -> bool) -> bool {
    let got = column(view, x, y);
    let Some(n) = naive(fine, x, y, false) else {
        assert_eq!(got, column(old, x, y), "column {x}, {y} should be as it was");
        return false;
    };
    let t = top(view, x, y);
    assert!(n.fits(t), "column {x}, {y}: top at {t} ticks, {n:?}");
    assert_eq!(got, shells_under(t, wet(t)), "column {x}, {y}");
    true
}

/// Columns on samples, between them, on the rim, in holes and beside.
fn columns_about(r: &Relief, many: usize) -> Vec<[u32; 2]> {
    let mut rng = Rng(r.width as u64);
    let (w, h) = (r.width as i64, r.height as i64);
    let mut out = Vec::new();
    for k in 0..many {
        let (i, j) = match k % 6 {
            0 => (rng.range(-3, 2), rng.range(-3, h + 3)),
            1 => (rng.range(w - 2, w + 3), rng.range(-3, h + 3)),
            2 => (rng.range(-3, w + 3), rng.range(-3, 2)),
            3 => (rng.range(-3, w + 3), rng.range(h - 2, h + 3)),
            4 => (rng.range(55, 80), rng.range(35, 55)),
            _ => (rng.range(0, w), rng.range(0, h)),
        };
        let ([x0, xd], [y0, yd]) = sample_at(r, 0, 0);
        let (xs, ys) = (r.georef.x.step_num * DEGREE, r.georef.y.step_num * DEGREE);
        let wiggle = [0, 0, 1, -1, rng.range(-400, 400)][k % 5];
        let x = (x0 + i128::from(i * xs)).div_euclid(xd) as i64 + wiggle;
        let y = (y0 + i128::from(j * ys)).div_euclid(yd) as i64 + [0, wiggle][k % 2];
        if (0..i64::from(WORLD_Y)).contains(&y) {
            out.push([x.rem_euclid(WORLD_X.into()) as u32, y as u32]);
        }
    }
    out
}

fn over_a_globe(fine: &Relief) -> (World, std::sync::Arc<View>) {
    let world = globe_world();
    let old = world.view();
    ingest(&world, fine);
    (world, old)
}

fn covers(fine: &Relief) {
    let (world, old) = over_a_globe(fine);
    let view = world.view();
    let mut inside = 0;
    for at in columns_about(fine, 1500) {
        // The globe's ground here decides where the fine relief is wet: there is no dry basin in it.
        inside += u32::from(check(&view, &old, fine, at, |_| true));
    }
    assert!(inside > 450, "{inside}");
    let a = world.verify_against(fine, &|_| ()).unwrap();
    assert_eq!(a.wrong, 0, "{:?}", a.examples);
    assert!(a.samples as usize > fine.values.len() * 95 / 100, "{}", a.samples);
    assert_sound(&world);
    let info = world.info().unwrap();
    assert!(info.pages["strata"] > 3000, "{:?}", info.pages);
}

#[test]
fn everest() {
    covers(&massif(86 * 1200 + 900, 27 * 1200 + 1100));
}

#[test]
fn across_the_date_line() {
    covers(&massif(180 * 1200 - 95, -17 * 1200));
}

#[test]
fn beside_the_pole() {
    covers(&massif(-12 * 1200, 90 * 1200 - 150));
}

#[test]
fn beside_the_south_pole_and_on_odd_fractions() {
    let mut r = massif(0, 0);
    r.georef.x = bm_io::Axis { origin_num: 1_234_567, step_num: 817, den: 999_983 };
    r.georef.y = bm_io::Axis { origin_num: -90 * 720_721 + 1, step_num: 601, den: 720_721 };
    covers(&r);
}

#[test]
fn in_a_blank_world() {
    let fine = massif(7 * 1200, 46 * 1200);
    let world = World::in_memory().unwrap();
    let old = world.view();
    ingest(&world, &fine);
    let view = world.view();
    for at in columns_about(&fine, 600) {
        check(&view, &old, &fine, at, |_| true);
    }
}

#[test]
fn nothing_of_the_sea_stays_where_there_shall_be_none() {
    // Deep below the sea, in pages that do not reach up to its surface by themselves.
    let at =
        Lattice { lon: 30 * 1200, lat: 10 * 1200, step: 1, den: 1200, width: 40, height: 40, wraps: false };
    let fine = relief(at, |i, j| Some(-9000 - (i + j) as i32));
    let world = World::in_memory().unwrap();
    let deep =
        relief(Lattice { lon: 20, lat: 0, step: 10, den: 1, width: 4, height: 4, wraps: false }, |_, _| {
            Some(-9500)
        });
    ingest(&world, &deep);
    let old = world.view();
    ingest_as(&world, &fine, ReliefIngest::default().sea(Sea::Nowhere));
    let view = world.view();
    for at in columns_about(&fine, 300) {
        check(&view, &old, &fine, at, |_| false);
    }
    // And a later one that is wet again brings it back.
    ingest_as(&world, &fine, ReliefIngest::default().sea(Sea::Everywhere));
    let view = world.view();
    for at in columns_about(&fine, 300) {
        check(&view, &old, &fine, at, |_| true);
    }
}

/// The second fine relief is far lower than both the first one and the globe: neither may float over it.
#[test]
fn a_lower_relief_over_a_higher_one() {
    let world = World::in_memory().unwrap();
    let globe = relief(
        Lattice { lon: -180, lat: -90, step: 10, den: 1, width: 36, height: 19, wraps: true },
        |_, _| Some(5000),
    );
    ingest(&world, &globe);
    let old = world.view();
    let at =
        Lattice { lon: 30 * 1200, lat: 10 * 1200, step: 1, den: 1200, width: 60, height: 60, wraps: false };
    for height in [300, -50, 8600, -9000, 20] {
        let fine = relief(at, |i, j| Some(height + ((i * 7 + j) % 40) as i32));
        ingest(&world, &fine);
        let view = world.view();
        for at in columns_about(&fine, 200) {
            check(&view, &old, &fine, at, |_| true);
        }
        assert_sound(&world);
    }
}

/// Sheets of one survey meet in the middle of pages: the second one must not take away the first one's part.
#[test]
fn sheets_side_by_side() {
    for (step, den, gap) in [(1, 1200, 0), (1, 1200, 1), (1, 1200, -3), (1, 12, 0)] {
        let at = |k: i64| Lattice {
            lon: 20 * den + k * (39 + gap),
            lat: 5 * den,
            step,
            den,
            width: 40,
            height: 30,
            wraps: false,
        };
        let height =
            |k: i64, i: usize, j: usize| Some((1000 + (k * (39 + gap) + i as i64) * 7 + j as i64) as i32);
        let world = globe_world();
        let old = world.view();
        let sheets: Vec<Relief> = (0..3).map(|k| relief(at(k), |i, j| height(k, i, j))).collect();
        for s in &sheets {
            ingest(&world, s);
        }
        for s in &sheets {
            let a = world.verify_against(s, &|_| ()).unwrap();
            assert_eq!((a.samples, a.wrong), (1200, 0), "{gap} at 1/{den}: {:?}", a.examples);
        }
        let view = world.view();
        // Ten samples north of the sheets the globe is as it was.
        for i in 0..30 {
            let ([x, xd], [y, yd]) = sample_at(&sheets[0], i, 39);
            let [x, y] = [x.div_euclid(xd) as u32, y.div_euclid(yd) as u32];
            assert_eq!(column(&view, x, y), column(&old, x, y), "beside the sheets, 1/{den}");
        }
        // The order of sheets that agree where they overlap does not matter.
        let other = globe_world();
        for s in sheets.iter().rev() {
            ingest(&other, s);
        }
        for at in columns_about(&sheets[1], 200) {
            assert_eq!(column(&view, at[0], at[1]), column(&other.view(), at[0], at[1]), "{at:?}");
        }
        assert_sound(&world);
    }
}

/// A region in the globe's own tier of pages: what lies around it stays, and so does what its holes show.
#[test]
fn a_coarse_region_in_a_coarse_globe() {
    let world = globe_world();
    let old = world.view();
    let at = Lattice { lon: 10 * 12, lat: 40 * 12, step: 1, den: 12, width: 70, height: 50, wraps: false };
    let region = relief(at, |i, j| (!(20..30).contains(&i) || j > 25).then_some(1500 + (i * 20 + j) as i32));
    ingest(&world, &region);
    let a = world.verify_against(&region, &|_| ()).unwrap();
    assert_eq!(a.wrong, 0, "{:?}", a.examples);
    let view = world.view();
    let mut kept = 0;
    for at in columns_about(&region, 1000) {
        kept += u32::from(!check(&view, &old, &region, at, |_| true));
    }
    assert!(kept > 100);
    assert_sound(&world);
}

#[test]
fn the_same_relief_again_is_the_same_world() {
    let fine = massif(86 * 1200 + 900, 27 * 1200 + 1100);
    let (world, _) = over_a_globe(&fine);
    let (before, version) = (pages(&world), world.view().version());
    ingest(&world, &fine);
    assert_eq!(world.view().version(), version + 1);
    assert!(pages(&world) == before, "pages changed");
    // The globe again under it: nothing of the fine relief is touched.
    ingest_as(&world, &globe(1), ReliefIngest::default().sea(Sea::Everywhere));
    assert!(pages(&world) == before, "pages changed");
}
