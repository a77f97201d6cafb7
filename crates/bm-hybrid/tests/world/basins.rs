//! Which ground below sea level is sea.

use crate::tools::*;
use bm_core::frame::SEA_LEVEL;
use bm_core::{MaterialId, Pos};
use bm_hybrid::{ReliefIngest, Sea, View, World};
use bm_io::Relief;

const WIDTH: usize = 720;

/// Half a degree a sample: an ocean west of 0°, land east of it, and basins in the land.
fn planet() -> Relief {
    let at = Lattice { lon: -360, lat: -180, step: 1, den: 2, width: WIDTH, height: 361, wraps: true };
    relief(at, |i, j| {
        let (lon, lat) = (i as i64 - 360, j as i64 - 180);
        let within = |x: i64, y: i64, w: i64, h: i64| (x..x + w).contains(&lon) && (y..y + h).contains(&lat);
        Some(match () {
            () if lon < 0 => -3000,
            // A small basin: 3 by 3 samples of 55 km, like the Qattara depression.
            () if within(60, 60, 3, 3) => -130,
            // The same with a channel one sample wide, on the diagonal, down to the ocean.
            () if within(20, 100, 3, 3) || lat == 100 - (20 - lon) && (0..20).contains(&lon) => -130,
            // A large one: 12 by 12 samples, 440 000 km² at the equator.
            () if within(100, 0, 12, 12) => -60,
            // Large in samples, but not in area: 12 by 4 close to the pole.
            () if within(100, 170, 12, 4) => -60,
            // Through the date line into the ocean.
            () if within(340, -40, 20, 2) => -10,
            () => 400,
        })
    })
}

fn over(view: &View, r: &Relief, lon: i64, lat: i64, below: u32) -> MaterialId {
    let ([x, xd], [y, yd]) = sample_at(r, (lon + 360) as usize, (lat + 180) as usize);
    let at = Pos::new(x.div_euclid(xd) as u32, y.div_euclid(yd) as u32, SEA_LEVEL - below).unwrap();
    view.sample(at).unwrap().material
}

fn made(sea: Sea) -> (Relief, World) {
    let r = planet();
    let world = World::in_memory().unwrap();
    ingest_as(&world, &r, ReliefIngest::default().sea(sea));
    (r, world)
}

#[test]
fn basins_that_no_sea_reaches_are_dry() {
    let (r, world) = made(Sea::Auto);
    let view = world.view();
    let is = |lon, lat| over(&view, &r, lon, lat, 20);
    assert_eq!(is(-200, 0), MaterialId::SEAWATER);
    assert_eq!(is(61, 61), MaterialId::AIR, "cut off");
    assert_eq!(is(21, 101), MaterialId::SEAWATER, "connected over corners");
    assert_eq!(is(106, 6), MaterialId::SEAWATER, "an inland sea");
    assert_eq!(is(106, 172), MaterialId::AIR, "small, though many samples");
    assert_eq!(over(&view, &r, 345, -39, 2), MaterialId::SEAWATER, "connected over the date line");
    assert_eq!(over(&view, &r, -200, 0, 0), MaterialId::AIR, "the first tick above sea level");
    assert_eq!(over(&view, &r, -200, 0, 1), MaterialId::SEAWATER);
    // The basin is dry down to its floor.
    let ([x, xd], [y, yd]) = sample_at(&r, 421, 241);
    let at = [x.div_euclid(xd) as u32, y.div_euclid(yd) as u32];
    assert_eq!(column(&view, at[0], at[1]), shells_under(-130 * 4, false));
    let wet = world.ingest_relief(&r, &ReliefIngest::default(), &|_| ()).unwrap();
    assert_eq!(wet.dry, 9 + 48);
    assert_eq!(wet.holes, 0);
}

#[test]
fn everywhere_and_nowhere() {
    let (r, world) = made(Sea::Everywhere);
    let view = world.view();
    for (lon, lat) in [(-200, 0), (61, 61), (21, 101), (106, 6), (106, 172)] {
        assert_eq!(over(&view, &r, lon, lat, 20), MaterialId::SEAWATER);
    }
    let (r, world) = made(Sea::Nowhere);
    let view = world.view();
    for (lon, lat) in [(-200, 0), (61, 61), (21, 101), (106, 6), (106, 172)] {
        assert_eq!(over(&view, &r, lon, lat, 20), MaterialId::AIR);
    }
    assert_eq!(over(&view, &r, -200, 0, 12_000), MaterialId::AIR, "three kilometres down");
    assert!(view.is_ground(over(&view, &r, -200, 0, 12_003)));
}

/// A local relief asks the world where the sea is.
#[test]
fn a_local_relief_keeps_basins_dry_and_seas_wet() {
    let (r, world) = made(Sea::Auto);
    let patch = |lon: i64, lat: i64| {
        let at = Lattice {
            lon: lon * 300 - 20,
            lat: lat * 300 - 20,
            step: 1,
            den: 600,
            width: 40,
            height: 40,
            wraps: false,
        };
        relief(at, |i, j| Some(-90 - ((i + j) % 7) as i32))
    };
    let (basin, sea) = (patch(61, 61), patch(-200, 0));
    ingest(&world, &basin);
    ingest(&world, &sea);
    let view = world.view();
    assert_eq!(over(&view, &r, 61, 61, 20), MaterialId::AIR);
    assert_eq!(over(&view, &r, -200, 0, 20), MaterialId::SEAWATER);
    assert!(view.is_ground(over(&view, &r, -200, 0, 4 * 100)), "the sea floor is the fine one now");
    for (p, wet) in [(&basin, false), (&sea, true)] {
        for k in [41, 820, 1501] {
            let ([x, xd], [y, yd]) = sample_at(p, k % 40, k / 40);
            let (x, y) = (x.div_euclid(xd) as u32, y.div_euclid(yd) as u32);
            assert_eq!(column(&view, x, y), shells_under(top(&view, x, y), wet));
        }
    }
}
