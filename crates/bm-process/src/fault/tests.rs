use super::*;
use proptest::prelude::*;

fn noise(cell: usize, salt: u64) -> f64 {
    let mut z = (cell as u64 ^ salt << 32).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ z >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (z >> 11) as f64 / (1u64 << 53) as f64
}

const NORTH: [[f64; 2]; 2] = [[3200.0, -9e3], [3200.0, 16e3]];

#[test]
fn walls_rise_and_sink_by_half_with_distance() {
    let like = Field::square(64, 64, 100.0, |_, _| 0.0);
    let slip = Slip { vertical: 0.004, horizontal: 0.0 };
    let fault = Fault::new(&like, &NORTH, slip, 1000.0, 0.0).unwrap();
    let mut ground = like.clone();
    let mut settled = vec![7.0; 64 * 64];
    let ledger = fault.throw(&mut ground, 1000.0, &mut [&mut settled], 2);
    for column in 0..64 {
        let d = (column as f64 + 0.5) * 100.0 - 3200.0;
        let wanted = if d.abs() < 1000.0 { -2.0 * d.signum() * (1.0 - d.abs() / 1000.0) } else { 0.0 };
        let cell = 40 * 64 + column;
        assert!((ground.values[cell] - wanted).abs() < 1e-12, "{column}");
        assert!((settled[cell] - 7.0 - wanted).abs() < 1e-12);
    }
    assert!(ledger.error() < 1e-12 && (ledger.gained / ledger.lost - 1.0).abs() < 1e-12);
    // Twice half of it is all of it.
    let mut halves = like.clone();
    (0..2).for_each(|_| _ = fault.throw(&mut halves, 500.0, &mut [], 1));
    assert!(halves.values.iter().zip(&ground.values).all(|(a, b)| (a - b).abs() < 1e-12));
}

/// Far from the ends, each row moves with its own speed: a ridge across the fault is offset.
#[test]
fn a_ridge_is_offset_and_stays_whole() {
    let ridge = |y: f64| 300.0 * (-(y / 500.0).powi(2)).exp();
    let like = Field::square(64, 200, 100.0, |_, y| ridge((y as f64 - 99.5) * 100.0));
    let slip = Slip { vertical: 0.0, horizontal: 0.02 };
    let trace = [[3200.0, -50e3], [3200.0, 70e3]];
    let fault = Fault::new(&like, &trace, slip, 2000.0, 0.0).unwrap();
    let mut ground = like.clone();
    let (dt, steps) = (2000.0, 50);
    let before = ground.volume();
    for _ in 0..steps {
        let (gained, lost) = fault.slide(&like, &mut ground.values, dt, 2).unwrap();
        assert!((gained - lost).abs() < 1e-6 * before);
    }
    assert!((ground.volume() / before - 1.0).abs() < 1e-12);
    for column in [15, 20, 25, 30, 33, 38, 45] {
        let d = (column as f64 + 0.5) * 100.0 - 3200.0;
        // Dextral: the west goes north, the east south.
        let moved = -0.01 * d.signum() * (1.0 - d.abs() / 2000.0) * dt * f64::from(steps);
        let profile: Vec<f64> = (0..200).map(|row| ground.values[row * 64 + column]).collect();
        let mass: f64 = profile.iter().sum();
        let centre: f64 = profile.iter().zip(0..).map(|(z, row)| z * (f64::from(row) - 99.5) * 100.0).sum();
        assert!((centre / mass - moved).abs() < 5.0, "{column}: {} {moved}", centre / mass);
        let highest = profile.iter().copied().fold(0.0, f64::max);
        assert!(highest > 270.0 && highest <= 300.0, "{highest}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn any_trace_keeps_the_ground_whole(
        width in 1usize..30, height in 1usize..30, salt in 0u64..100,
        trace in prop::collection::vec((-200.0f64..3200.0, -200.0f64..3200.0), 2..6),
        taper in 0.0f64..500.0,
    ) {
        let mut like = Field::square(width, height, 100.0, |x, y| 50.0 * noise(y * 64 + x, salt));
        like.dx = (0..height).map(|row| 100.0 - row as f64).collect();
        let trace: Vec<_> = trace.into_iter().map(|(x, y)| [x, y]).collect();
        let slip = Slip { vertical: 0.01, horizontal: -0.05 };
        let fault = Fault::new(&like, &trace, slip, 700.0, taper).unwrap();
        let results = [1, 2, 8].map(|threads| {
            let mut ground = like.clone();
            let thrown = fault.throw(&mut ground, 1000.0, &mut [], threads);
            let before = ground.volume();
            let passed = fault.slide(&like, &mut ground.values, 5000.0, threads).unwrap();
            (ground.values.clone(), thrown, before, ground.volume(), passed)
        });
        prop_assert!(results[0] == results[1] && results[0] == results[2]);
        let (values, thrown, before, after, (gained, lost)) = &results[0];
        prop_assert!(thrown.error() < 1e-12);
        prop_assert!((before + gained - lost - after).abs() < 1e-10 * (before + gained), "{before} {after} {gained} {lost}");
        // Nothing gets thinner than nothing, or higher than the highest.
        let mut even = vec![3.25; width * height];
        fault.slide(&like, &mut even, 5000.0, 1).unwrap();
        prop_assert!(even.iter().all(|value| (value - 3.25).abs() < 1e-10), "even ground stays even");
        let mut some: Vec<f64> = (0..width * height).map(|cell| if noise(cell, 9) < 0.5 { 0.0 } else { 2.0 }).collect();
        fault.slide(&like, &mut some, 5000.0, 1).unwrap();
        prop_assert!(some.iter().all(|value| (-1e-9..2.0 + 1e-9).contains(value)));
        prop_assert_eq!(values.len(), width * height);
    }
}

#[test]
fn nonsense_is_refused() {
    let like = Field::square(64, 64, 100.0, |_, _| 0.0);
    let slip = Slip { vertical: 0.0, horizontal: 1.0 };
    let refused = Fault::new(&like, &NORTH, slip, 0.0, 0.0);
    assert!(matches!(refused, Err(FaultError::Value { what: "influence", .. })));
    let endless = Slip { vertical: f64::NAN, ..slip };
    assert!(Fault::new(&like, &NORTH, endless, 1.0, 0.0).is_err());
    let fault = Fault::new(&like, &NORTH, slip, 1000.0, 0.0).unwrap();
    let mut values = vec![0.0; 64 * 64];
    assert!(matches!(fault.slide(&like, &mut values, 1e9, 1), Err(FaultError::TooLong { .. })));
    values[30] = f64::NAN;
    assert_eq!(fault.slide(&like, &mut values, 1.0, 1), Err(FaultError::Hole { cell: 30 }));
    values[30] = 0.0;
    values[2] = f64::NAN;
    fault.slide(&like, &mut values, 1.0, 1).unwrap();
    assert!(values[2].is_nan() && !values[3].is_nan());
    // Far from the region nothing happens.
    let far = [[-1e6, 0.0], [-1e6, 100.0]];
    let fault = Fault::new(&like, &far, slip, 1000.0, 0.0).unwrap();
    assert_eq!(fault.slide(&like, &mut values, 1e6, 1), Ok((0.0, 0.0)));
}
