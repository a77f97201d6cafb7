//! Strata under relief: each layer where the model has it, ice on land only, no seams under finer relief.

use crate::npz::{Place, litho};
use crate::tools::*;
use bm_core::MaterialId;
use bm_hybrid::{ReliefIngest, Sea, StrataIngest, View, World};
use bm_io::litho::{Interpolation, Litho, LithoGrid, LithoLayer};
use bm_io::{GridGeoref, Relief};

/// Ice in the north, thick crust in the east, sediments that come and go.
fn model() -> Litho {
    litho(|lon, lat| {
        let sea = lon < 0.0;
        let ice = if lat > 55.0 { 40.0 * (lat - 55.0) } else { 0.0 };
        let crust = if sea { 2500.0 } else { 9000.0 + lat.abs() * 60.0 };
        let layers = [
            ice,
            if sea { 3000.0 } else { 0.0 },
            (lon.abs() * 7.0).min(600.0),
            if lat < 0.0 { 400.0 } else { 0.0 },
            800.0,
            crust,
            crust * 1.1,
            crust * 1.2,
            60_000.0,
        ];
        Place { top: if sea { 0.0 } else { 900.0 + ice }, layers }
    })
}

/// One degree a sample, on the grid of the strata: sea in the west, land in the east.
fn relief_on_the_grid() -> Relief {
    let at = Lattice { lon: -180, lat: -90, step: 1, den: 1, width: 360, height: 181, wraps: true };
    relief(at, |i, j| {
        Some(if i < 180 { -2500 - ((i * 3 + j * 5) % 400) as i32 } else { 700 + ((i + j * 11) % 900) as i32 })
    })
}

fn add(world: &World, litho: &Litho) {
    world.ingest_strata(litho, &StrataIngest::default(), &|_| ()).unwrap();
}

/// Runs from the top down as the model has them, under a ground at `top` ticks.
fn expected(g: &LithoGrid, k: usize, top: i64, wet: bool) -> Vec<(i64, i64, MaterialId)> {
    let layer = |l: LithoLayer| g.layers.iter().find(|r| r.layer == l).unwrap();
    let thick = |l: LithoLayer| i64::from(layer(l).thickness_m[k]) * 4;
    let at = |l: LithoLayer| i64::from(layer(l).top_m[k]) * 4;
    let ice = if wet || thick(LithoLayer::Water) > 0 { 0 } else { thick(LithoLayer::Ice) };
    let loose = ice + thick(LithoLayer::Sediment1) + thick(LithoLayer::Sediment2);
    let all = loose + thick(LithoLayer::Sediment3);
    let down = [
        (MaterialId::ICE, top),
        (MaterialId::SEDIMENT, top - ice),
        (MaterialId::SEDIMENTARY_ROCK, top - loose),
        (MaterialId::UPPER_CRUST, top - all),
        (MaterialId::MIDDLE_CRUST, at(LithoLayer::Crust2)),
        (MaterialId::LOWER_CRUST, at(LithoLayer::Crust3)),
        (MaterialId::LITHOSPHERIC_MANTLE, at(LithoLayer::Lid)),
        (MaterialId::ASTHENOSPHERE, at(LithoLayer::Asthenosphere)),
        (MaterialId::MANTLE, -880_000),
        (MaterialId::OUTER_CORE, -11_564_000),
        (MaterialId::INNER_CORE, -20_600_000),
    ];
    let mut out = vec![];
    let mut to = 40_000_000;
    for (material, from) in [(MaterialId::AIR, if wet { 0 } else { top }), (MaterialId::SEAWATER, top)] {
        if from < to {
            out.push((from, to, material));
            to = from;
        }
    }
    for (n, (material, _)) in down.iter().enumerate() {
        let from = down.get(n + 1).map_or(-40_000_000, |d| d.1).min(to);
        if from < to {
            out.push((from, to, *material));
            to = from;
        }
    }
    out.reverse();
    out
}

fn grid(l: &Litho) -> LithoGrid {
    let (g, w, h) = GridGeoref::global_points(1, 1).unwrap();
    l.resample(&g, w, h, &LithoLayer::ALL, Interpolation::Linear).unwrap()
}

#[test]
fn layers_lie_where_the_model_has_them() {
    let (l, r) = (model(), relief_on_the_grid());
    let world = World::in_memory().unwrap();
    ingest(&world, &r);
    add(&world, &l);
    assert_sound(&world);
    let (view, g) = (world.view(), grid(&l));
    let mut seen = std::collections::BTreeSet::new();
    for k in (0..360 * 180).step_by(61) {
        let (i, j) = (k % 360, k / 360);
        let (x, y) = ((i as i64 * DEGREE) as u32, (j as i64 * DEGREE) as u32);
        let got = column(&view, x, y);
        let top = i64::from(r.height_ticks(i, j).unwrap());
        assert_eq!(got, expected(&g, k, top, top < 0), "{i}° east of the date line, {j}° north of the pole");
        seen.extend(got.iter().map(|r| r.2));
        assert!(top > 0 || got.iter().all(|r| r.2 != MaterialId::ICE), "ice under the sea");
    }
    assert!(seen.contains(&MaterialId::ICE) && seen.len() == 13, "{seen:?}");
    let a = world.verify_against(&r, &|_| ()).unwrap();
    assert_eq!(a.wrong, 0, "strata leave the relief alone: {:?}", a.examples);
    // Again: nothing changes, whatever the number of threads.
    let before = pages(&world);
    let mut how = StrataIngest::default();
    how.threads = 1;
    world.ingest_strata(&l, &how, &|_| ()).unwrap();
    assert!(pages(&world) == before);
    // New relief keeps the layers.
    let mut other = r.clone();
    other.values.iter_mut().for_each(|v| *v += 10);
    ingest(&world, &other);
    let view = world.view();
    for k in [361 * 7, 360 * 100 + 200, 360 * 160 + 300] {
        let top = i64::from(other.height_ticks(k % 360, k / 360).unwrap());
        let (x, y) = (((k % 360) as i64 * DEGREE) as u32, ((k / 360) as i64 * DEGREE) as u32);
        assert_eq!(column(&view, x, y), expected(&g, k, top, top < 0));
    }
}

#[test]
fn without_relief_the_model_has_its_own_ground() {
    let l = model();
    let world = World::in_memory().unwrap();
    add(&world, &l);
    assert_sound(&world);
    let (view, g) = (world.view(), grid(&l));
    let bed = &g.layers.iter().find(|r| r.layer == LithoLayer::Sediment1).unwrap().top_m;
    let water = &g.layers.iter().find(|r| r.layer == LithoLayer::Water).unwrap().thickness_m;
    let ice = &g.layers.iter().find(|r| r.layer == LithoLayer::Ice).unwrap().thickness_m;
    for k in (0..360 * 180).step_by(97) {
        let (x, y) = (((k % 360) as i64 * DEGREE) as u32, ((k / 360) as i64 * DEGREE) as u32);
        let want = bed[k] + if water[k] > 0 { 0 } else { ice[k] };
        assert_eq!(top(&view, x, y), i64::from(want) * 4, "sample {k}");
    }
}

/// The same materials in the same order, with boundaries no more than two ticks apart.
fn alike(a: &[(i64, i64, MaterialId)], b: &[(i64, i64, MaterialId)]) -> bool {
    let thick =
        |r: &[(i64, i64, MaterialId)]| r.iter().filter(|r| r.1 - r.0 > 2).copied().collect::<Vec<_>>();
    let (a, b) = (thick(a), thick(b));
    a.len() == b.len()
        && a.iter().zip(&b).all(|(a, b)| a.2 == b.2 && (a.0 - b.0).abs() <= 2 && (a.1 - b.1).abs() <= 2)
}

/// The old column, its ground raised or lowered: what hangs below the surface goes along, the rest stays.
fn moved(old: &[(i64, i64, MaterialId)], new_top: i64, wet: bool) -> Vec<(i64, i64, MaterialId)> {
    let hanging = [MaterialId::ICE, MaterialId::SEDIMENT, MaterialId::SEDIMENTARY_ROCK];
    let ground = |m: MaterialId| m != MaterialId::AIR && m != MaterialId::SEAWATER;
    let old_top = old.iter().filter(|r| ground(r.2)).map(|r| r.1).max().unwrap();
    let mut out = Vec::new();
    let mut limit = new_top;
    for &(from, _, m) in old.iter().rev().filter(|r| ground(r.2)) {
        let from = if hanging.contains(&m) { new_top - (old_top - from) } else { from };
        if from < limit {
            out.push((from, limit, m));
            limit = from;
        }
    }
    out.reverse();
    if wet && new_top < 0 {
        out.push((new_top, 0, MaterialId::SEAWATER));
    }
    out.push((new_top.max(if wet { 0 } else { new_top }), 40_000_000, MaterialId::AIR));
    out
}

fn check_fine(view: &View, old: &View, fine: &Relief) {
    let mut inside = 0;
    let mut rng = Rng(4);
    for k in 0..700 {
        let (i, j) = (rng.range(-4, 64) as i128, rng.range(-4, 44) as i128);
        let ([x, xd], [y, yd]) = sample_at(fine, 0, 0);
        let step = i128::from(fine.georef.x.step_num * DEGREE);
        let x = ((x + i * step).div_euclid(xd) + (k % 3) * 90) as u32;
        let y = ((y + j * step).div_euclid(yd) + (k % 2) * 45) as u32;
        let (got, was) = (column(view, x, y), column(old, x, y));
        if naive(fine, x, y, false).is_none() {
            assert_eq!(got, was, "beside the fine relief, {x} {y}");
            continue;
        }
        inside += 1;
        let t = top(view, x, y);
        let wet = was.iter().any(|r| r.2 == MaterialId::SEAWATER) || t < 0;
        let want = moved(&was, t, wet);
        assert!(alike(&got, &want), "{x} {y}:\n{got:?}\n{want:?}\nwas {was:?}");
    }
    assert!(inside > 300);
}

#[test]
fn fine_relief_and_strata_in_any_order() {
    let l = model();
    let coarse = relief_on_the_grid();
    let at = |lon: i64, lat: i64| Lattice {
        lon: lon * 1200 + 77,
        lat: lat * 1200 + 31,
        step: 1,
        den: 1200,
        width: 60,
        height: 40,
        wraps: false,
    };
    let hills = |base: i32| {
        move |i: usize, j: usize| ((i, j) != (30, 20)).then_some(base + ((i * 131 + j * 57) % 1200) as i32)
    };
    let fines = [
        // On land with ice, far above the coarse ground; in the sea, above and below its floor; a low plain.
        relief(at(60, 70), hills(5000)),
        relief(at(-100, -20), hills(-900)),
        relief(at(-140, 10), hills(-8000)),
        relief(at(30, 5), hills(-200)),
    ];
    let before = World::in_memory().unwrap();
    ingest_as(&before, &coarse, ReliefIngest::default().sea(Sea::Everywhere));
    let fine_first = World::in_memory().unwrap();
    ingest_as(&fine_first, &coarse, ReliefIngest::default().sea(Sea::Everywhere));
    for f in &fines {
        ingest_as(&fine_first, f, ReliefIngest::default().sea(Sea::Everywhere));
    }
    add(&fine_first, &l);
    add(&before, &l);
    let old = before.view();
    for f in &fines {
        ingest_as(&before, f, ReliefIngest::default().sea(Sea::Everywhere));
    }
    for (name, world) in [("strata first", &before), ("fine relief first", &fine_first)] {
        println!("{name}");
        for f in &fines {
            check_fine(&world.view(), &old, f);
            let a = world.verify_against(f, &|_| ()).unwrap();
            assert_eq!(a.wrong, 0, "{name}: {:?}", a.examples);
        }
        assert_sound(world);
    }
    assert_same_pages(&before, &fine_first);
}

/// In a world that has nothing else, the fine relief still gets the layers.
#[test]
fn strata_under_fine_relief_alone() {
    let l = model();
    let at =
        Lattice { lon: 20 * 1200, lat: 30 * 1200, step: 1, den: 1200, width: 60, height: 40, wraps: false };
    let fine = relief(at, |i, j| Some(2500 + ((i * 131 + j * 57) % 900) as i32));
    let (bare, both) = (World::in_memory().unwrap(), World::in_memory().unwrap());
    add(&bare, &l);
    ingest(&both, &fine);
    add(&both, &l);
    check_fine(&both.view(), &bare.view(), &fine);
    assert_sound(&both);
}
