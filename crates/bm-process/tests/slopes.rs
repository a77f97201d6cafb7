//! Creep: against direct solutions, small steps, analytic ones; ledgers; numbers of threads.

mod common;

use bm_process::field::Field;
use bm_process::hillslope::{CriticalSlope, Diffusion, DiffusionError, Diffusivity};
use bm_process::route::{Edge, Flow, Rim, Router};
use bm_process::stream_power::{Erodibility, StreamPower, StreamPowerError};
use common::{bits, closes, hills, neighbours, terrain};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn creep_keeps_the_books((field, rim) in terrain(), d in 0.0f64..10.0, threads in 1usize..4, cells in any::<bool>()) {
        let diffusivity = if cells {
            Diffusivity::Cells((0..field.values.len()).map(|n| d * (1.0 + (n % 7) as f64)).collect())
        } else {
            Diffusivity::Uniform(d)
        };
        let mut creep = Diffusion::new(diffusivity, rim);
        let mut after = field.clone();
        let ledger = creep.step(&mut after, 30.0).unwrap();
        prop_assert!(closes(&ledger, &field), "{:?}", ledger);
        prop_assert!((ledger.after - after.volume()).abs() <= 1e-12 * after.volume().abs().max(1.0));
        creep.threads = threads;
        let mut again = field.clone();
        prop_assert_eq!(creep.step(&mut again, 30.0).unwrap(), ledger);
        prop_assert_eq!(bits(&again.values), bits(&after.values));
        for (a, b) in after.values.iter().zip(&field.values) {
            prop_assert_eq!(a.is_nan(), b.is_nan());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn steep_slopes_keep_the_books((field, rim) in terrain(), d in 0.0f64..10.0, critical in 0.2f64..2.0, cells in any::<bool>()) {
        let diffusivity = if cells {
            Diffusivity::Cells((0..field.values.len()).map(|n| d * (1.0 + (n % 7) as f64)).collect())
        } else {
            Diffusivity::Uniform(d)
        };
        let mut slopes = CriticalSlope::new(diffusivity, critical, rim);
        let mut after = field.clone();
        let ledger = slopes.step(&mut after, 30.0).unwrap();
        prop_assert!(closes(&ledger, &field), "{:?}", ledger);
        prop_assert!((ledger.after - after.volume()).abs() <= 1e-12 * after.volume().abs().max(1.0));
        for threads in [2, 8] {
            slopes.threads = threads;
            let mut again = field.clone();
            prop_assert_eq!(slopes.step(&mut again, 30.0).unwrap(), ledger);
            prop_assert_eq!(bits(&again.values), bits(&after.values));
        }
        for (cell, (a, b)) in after.values.iter().zip(&field.values).enumerate() {
            prop_assert_eq!(a.is_nan(), b.is_nan());
            if rim.is_fixed(field.width, field.height, cell % field.width, cell / field.width) {
                prop_assert_eq!(a.to_bits(), b.to_bits());
            }
        }
    }
}

#[test]
fn a_steep_hill_in_balance() {
    // Half a hill that rises by U and falls to a fixed edge: U x = D s / (1 − (s/S)²) at a distance x from its crest. What
    // flows over each face is known, so the slopes of the grid are those of the equation.
    let (d, critical, uplift, cell, columns) = (0.01, 1.2, 1e-3, 5.0, 40);
    let rim = Rim { west: Edge::Fixed, ..Rim::all(Edge::Closed) };
    let mut ground = Field::square(columns, 3, cell, |_, _| 0.0);
    let mut slopes = CriticalSlope::new(Diffusivity::Uniform(d), critical, rim);
    for dt in [1000.0, 3000.0, 200.0] {
        for _ in 0..1000 {
            for (n, z) in ground.values.iter_mut().enumerate() {
                *z += if n % columns > 0 { uplift * dt } else { 0.0 };
            }
            assert!(slopes.step(&mut ground, dt).unwrap().error() < 1e-12);
        }
        for column in 1..columns {
            // Uplift and creep take turns: what is there is the land after creep.
            let x = (columns - column) as f64 * cell;
            let flow = uplift * x / d;
            let expected =
                ((1.0 + 4.0 * flow * flow / (critical * critical)).sqrt() - 1.0) * critical * critical
                    / (2.0 * flow);
            let slope = (ground.values[columns + column] - ground.values[columns + column - 1]) / cell;
            assert!((slope / expected - 1.0).abs() < 0.02, "dt {dt}, {x} m: {slope} {expected}");
        }
    }
}

#[test]
fn steep_slopes_as_by_many_small_steps() {
    let law = |slope: f64, across: f64, critical: f64| {
        slope / (1.0 - (slope * slope + across * across) / (critical * critical))
    };
    for case in 0..4 {
        let mut start = hills(23, 19, case + 5);
        if case % 2 == 1 {
            start.dx = (0..19).map(|y| 30.0 - f64::from(y)).collect();
        }
        start.values.iter_mut().for_each(|z| *z *= 0.7);
        let rim = if case < 2 {
            Rim::default()
        } else {
            Rim { west: Edge::Closed, north: Edge::Closed, ..Rim::default() }
        };
        let (d, critical, years) = (0.5, 1.3, 120.0);
        let mut small = start.clone();
        let (w, h) = (23, 19);
        let steps = 20_000;
        for _ in 0..steps {
            let z = |x: usize, y: usize| small.values[y * w + x];
            let mean = |list: &[f64]| list.iter().sum::<f64>() / list.len() as f64;
            let gx = |x: usize, y: usize| {
                let mut all = Vec::new();
                if x > 0 {
                    all.push((z(x, y) - z(x - 1, y)) / small.dx[y])
                }
                if x + 1 < w {
                    all.push((z(x + 1, y) - z(x, y)) / small.dx[y])
                }
                mean(&all)
            };
            let gy = |x: usize, y: usize| {
                let mut all = Vec::new();
                if y > 0 {
                    all.push((z(x, y) - z(x, y - 1)) / small.dy)
                }
                if y + 1 < h {
                    all.push((z(x, y + 1) - z(x, y)) / small.dy)
                }
                mean(&all)
            };
            let mut gain = vec![0.0; w * h];
            for y in 0..h {
                for x in 0..w {
                    if x + 1 < w {
                        let along = (z(x + 1, y) - z(x, y)) / small.dx[y];
                        let flow = d * law(along, 0.5 * (gy(x, y) + gy(x + 1, y)), critical) * small.dy;
                        gain[y * w + x] += flow;
                        gain[y * w + x + 1] -= flow;
                    }
                    if y + 1 < h {
                        let along = (z(x, y + 1) - z(x, y)) / small.dy;
                        let face = 0.5 * (small.dx[y] + small.dx[y + 1]);
                        let flow = d * law(along, 0.5 * (gx(x, y) + gx(x, y + 1)), critical) * face;
                        gain[y * w + x] += flow;
                        gain[(y + 1) * w + x] -= flow;
                    }
                }
            }
            for (n, gain) in gain.into_iter().enumerate() {
                if !rim.is_fixed(w, h, n % w, n / w) {
                    small.values[n] += gain / small.cell_area(n / w) * years / f64::from(steps);
                }
            }
        }
        let error = |parts: u32| {
            let mut slopes = CriticalSlope::new(Diffusivity::Uniform(d), critical, rim);
            let mut field = start.clone();
            for _ in 0..parts {
                slopes.step(&mut field, years / f64::from(parts)).unwrap();
            }
            field.values.iter().zip(&small.values).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
        };
        let change = start.values.iter().zip(&small.values).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(change > 0.2, "nothing to compare: {change}");
        // First order in time.
        assert!(error(400) < 1e-2 * change, "case {case}: {} of {change}", error(400));
        assert!(error(400) < 0.4 * error(100) + 1e-6 * change, "case {case}: {} {}", error(400), error(100));
    }
}

#[test]
fn cliffs_fall_and_nothing_overshoots() {
    // A step of the ground ten times as steep as can be, and a step in time of a million years.
    let rim = Rim::all(Edge::Closed);
    let mut ground = Field::square(60, 7, 10.0, |x, _| if x < 30 { 0.0 } else { 120.0 });
    let mut slopes = CriticalSlope::new(Diffusivity::Uniform(0.01), 1.0, rim);
    let before = ground.volume();
    let steep = |ground: &Field| {
        ground.values[3 * 60..4 * 60].windows(2).map(|z| (z[1] - z[0]) / 10.0).fold(0.0, f64::max)
    };
    slopes.step(&mut ground, 1000.0).unwrap();
    assert!(slopes.parts > 3 && steep(&ground) < 1.05, "{} parts, {}", slopes.parts, steep(&ground));
    assert!(ground.values.iter().all(|z| (-1e-6..=120.0 + 1e-6).contains(z)));
    slopes.step(&mut ground, 1e8).unwrap();
    assert!(ground.values.iter().all(|z| (z - 60.0).abs() < 0.5), "{:?}", &ground.values[180..240]);
    assert!((ground.volume() - before).abs() < 1e-10 * before);
}

/// One small explicit step, face by face.
fn explicit(field: &Field, d: &[f64], rim: &Rim, dt: f64) -> Vec<f64> {
    let (w, h) = (field.width, field.height);
    let mut flux = vec![0.0; w * h];
    for cell in 0..w * h {
        for (k, other) in neighbours(field, rim, cell) {
            if (k == 4 || k == 6) && !(field.values[cell] + field.values[other]).is_nan() {
                let (row, above) = (cell / w, other / w);
                let (length, face) = match k {
                    4 => (field.dx[row], field.dy),
                    _ => (field.dy, 0.5 * (field.dx[row] + field.dx[above])),
                };
                let volume =
                    0.5 * (d[cell] + d[other]) * (field.values[other] - field.values[cell]) / length * face;
                flux[cell] += volume * dt;
                flux[other] -= volume * dt;
            }
        }
    }
    (0..w * h)
        .map(|cell| {
            let fixed = rim.is_fixed(w, h, cell % w, cell / w);
            field.values[cell] + if fixed { 0.0 } else { flux[cell] / field.cell_area(cell / w) }
        })
        .collect()
}

#[test]
fn creep_as_by_many_small_steps() {
    for case in 0..6 {
        let mut start = hills(23, 19, case + 5);
        let uneven = case % 2 == 1;
        if uneven {
            start.dx = (0..19).map(|y| 30.0 - f64::from(y)).collect();
        }
        if case >= 4 {
            for cell in [40, 41, 63, 64, 200, 201, 202, 300] {
                start.values[cell] = f64::NAN;
            }
        }
        let rim = if case % 3 == 0 {
            Rim::default()
        } else {
            Rim { west: Edge::Closed, north: Edge::Closed, ..Rim::default() }
        };
        let (diffusivity, d) = if case % 3 == 2 {
            let cells: Vec<f64> = (0..23 * 19).map(|n| 0.5 + (n % 11) as f64 * 0.1).collect();
            (Diffusivity::Cells(cells.clone()), cells)
        } else {
            (Diffusivity::Uniform(0.8), vec![0.8; 23 * 19])
        };
        let years = 40.0;
        let mut small = start.clone();
        for _ in 0..4000 {
            small.values = explicit(&small, &d, &rim, years / 4000.0);
        }
        let error = |steps: u32| {
            let mut creep = Diffusion::new(diffusivity.clone(), rim);
            let mut field = start.clone();
            for _ in 0..steps {
                assert!(creep.step(&mut field, years / f64::from(steps)).unwrap().error() < 1e-13);
            }
            field
                .values
                .iter()
                .zip(&small.values)
                .filter(|(a, _)| !a.is_nan())
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f64::max)
        };
        let change = start.values.iter().zip(&small.values).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(change > 0.2, "nothing to compare: {change}");
        assert!(error(10) < 2e-3 * change, "case {case}: {} of {change}", error(10));
    }
}

#[test]
fn rows_of_different_widths_are_solved_with_others_or_alone() {
    // Bands of one row to many: the same bits whichever rows share a register.
    let mut start = hills(37, 61, 8);
    for (row, dx) in start.dx.iter_mut().enumerate() {
        *dx = if row < 20 { 30.0 } else { 30.0 - (row / 2) as f64 * 0.3 };
    }
    for rim in [Rim::default(), Rim { east: Edge::Closed, ..Rim::default() }] {
        let creep = |threads: usize| {
            let mut creep = Diffusion::new(Diffusivity::Uniform(0.7), rim);
            creep.threads = threads;
            let mut field = start.clone();
            creep.step(&mut field, 900.0).unwrap();
            bits(&field.values)
        };
        let one = creep(1);
        for threads in [2, 3, 8, 61] {
            assert_eq!(creep(threads), one, "{threads} threads");
        }
    }
}

#[test]
fn a_gaussian_stays_one() {
    // Width grows as σ² = σ₀² + 2 D t, height falls as σ₀²/σ².
    let (d, spread, cell) = (2.0, 60.0_f64, 5.0);
    let hill = |width: f64, height: f64| {
        move |x: usize, y: usize| {
            let (x, y) = (x as f64 * cell - 500.0, y as f64 * cell - 500.0);
            height * (-(x * x + y * y) / (2.0 * width)).exp()
        }
    };
    let mut field = Field::square(201, 201, cell, hill(spread * spread, 100.0));
    let mut creep = Diffusion::new(Diffusivity::Uniform(d), Rim::default());
    let (steps, dt) = (20, 50.0);
    for _ in 0..steps {
        creep.step(&mut field, dt).unwrap();
    }
    let wide = spread * spread + 2.0 * d * dt * f64::from(steps);
    let expected = Field::square(201, 201, cell, hill(wide, 100.0 * spread * spread / wide));
    let error = field.values.iter().zip(&expected.values).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(error < 0.02, "{error} m");
}

#[test]
fn parameters_out_of_range_are_refused() {
    let mut ground = hills(9, 8, 1);
    let before = ground.clone();
    let mut flow = Flow::default();
    Router::new(Rim::default()).route(&ground, &mut flow).unwrap();
    let erode = |mut rivers: StreamPower, ground: &mut Field, dt: f64| rivers.erode(ground, &flow, dt);
    let rivers = StreamPower::new(Erodibility::Uniform(1e-5), 0.4, 1.0);
    let named = |result| match result {
        Err(StreamPowerError::Parameter { name, .. }) => name,
        other => panic!("{other:?}"),
    };
    assert_eq!(named(erode(rivers.clone(), &mut ground, -1.0)), "dt");
    assert_eq!(named(erode(rivers.clone(), &mut ground, f64::NAN)), "dt");
    let flat = StreamPower::new(Erodibility::Uniform(1e-5), 0.4, 0.0);
    assert_eq!(named(erode(flat, &mut ground, 1.0)), "slope exponent n");
    let bad = StreamPower::new(Erodibility::Uniform(f64::INFINITY), 0.4, 1.0);
    assert_eq!(named(erode(bad, &mut ground, 1.0)), "erodibility");
    let few = StreamPower::new(Erodibility::Cells(vec![1.0; 3]), 0.4, 1.0);
    assert_eq!(erode(few, &mut ground, 1.0), Err(StreamPowerError::Erodibilities { given: 3, cells: 72 }));
    let mut other = hills(8, 9, 1);
    assert_eq!(
        erode(rivers, &mut other, 1.0),
        Err(StreamPowerError::OtherRaster { ground: (8, 9), flow: (9, 8) })
    );
    let mut creep = Diffusion::new(Diffusivity::Uniform(-1.0), Rim::default());
    assert!(matches!(
        creep.step(&mut ground, 1.0),
        Err(DiffusionError::Parameter { name: "diffusivity", .. })
    ));
    creep.diffusivity = Diffusivity::Cells(vec![1.0; 5]);
    assert_eq!(creep.step(&mut ground, 1.0), Err(DiffusionError::Diffusivities { given: 5, cells: 72 }));
    creep.diffusivity = Diffusivity::Uniform(1.0);
    assert!(matches!(
        creep.step(&mut ground, f64::INFINITY),
        Err(DiffusionError::Parameter { name: "dt", .. })
    ));
    let steep = CriticalSlope::new(Diffusivity::Uniform(1.0), 0.0, Rim::default()).step(&mut ground, 1.0);
    assert!(matches!(steep, Err(DiffusionError::Parameter { name: "critical slope", .. })));
    assert_eq!(ground, before);
}
