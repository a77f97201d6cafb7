use super::*;
use proptest::prelude::*;

fn noise(cell: usize, salt: u64) -> f64 {
    let mut z = (cell as u64 ^ salt << 32).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ z >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (z >> 11) as f64 / (1u64 << 53) as f64
}

/// Islands and lagoons, a hole, rows of different width.
fn islands(width: usize, height: usize, salt: u64) -> Field {
    let mut ground = Field::square(width, height, 30.0, |x, y| {
        20.0 * (0.5 * x as f64 + salt as f64).sin() * (0.4 * y as f64).cos()
            + 6.0 * noise(y * width + x, salt)
            - 2.0
    });
    ground.dx = (0..height).map(|row| 30.0 - 0.2 * row as f64).collect();
    let cells = width * height;
    ground.values[cells / 2] = f64::NAN;
    ground
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn distances_are_those_to_the_nearest_sea(width in 1usize..30, height in 1usize..30, salt in 0u64..100, reach in 10.0f64..400.0) {
        let ground = islands(width, height, salt);
        let water = sea(&ground, 0.0);
        let found = near(&ground, &water, reach, 2);
        prop_assert_eq!(&found, &near(&ground, &water, reach, 1));
        let mut all = found.iter().peekable();
        for cell in 0..width * height {
            if water[cell] || ground.values[cell].is_nan() {
                continue;
            }
            let to = |other: usize| {
                let across = (cell % width).abs_diff(other % width) as f64 * ground.dx[cell / width];
                across.hypot((cell / width).abs_diff(other / width) as f64 * ground.dy)
            };
            let least = (0..width * height).filter(|&other| water[other]).map(to).fold(f64::INFINITY, f64::min);
            match all.next_if(|near| near.cell == cell) {
                Some(near) => {
                    prop_assert!((near.distance - least).abs() < 1e-9);
                    prop_assert!((to(near.sea) - least).abs() < 1e-9 && water[near.sea]);
                }
                None => prop_assert!(least > reach - 1e-9, "{least} {reach}"),
            }
        }
        prop_assert!(all.next().is_none());
    }

    #[test]
    fn coasts_lose_nothing_unseen(width in 1usize..40, height in 1usize..40, salt in 0u64..100, kept in 0.0f64..1.0) {
        let start = islands(width, height, salt);
        let erodibility: Vec<f64> = (0..width * height).map(|cell| noise(cell, 3)).collect();
        let coast = Coast { kept, ..Coast::default() };
        let results = [1, 2, 8].map(|threads| {
            let mut ground = start.clone();
            let done: Vec<_> = (0..5).map(|_| advance(&mut ground, 0.0, &erodibility, &coast, 30.0, threads).unwrap()).collect();
            (ground.values.iter().map(|z| z.to_bits()).collect::<Vec<_>>(), done)
        });
        prop_assert!(results[0] == results[1] && results[0] == results[2]);
        for done in &results[0].1 {
            prop_assert!(done.ledger.error() < 1e-12, "{done:?}");
            prop_assert!(done.ledger.lost <= done.ledger.moved * (1.0 + 1e-12));
            prop_assert!(done.ledger.lost >= done.ledger.moved * (1.0 - kept) * (1.0 - 1e-12));
        }
    }
}

#[test]
fn a_hollow_inland_is_not_the_sea() {
    let mut ground = Field::square(9, 9, 1.0, |x, _| if x == 0 { -5.0 } else { 5.0 });
    ground.values[4 * 9 + 5] = -5.0;
    let water = sea(&ground, 0.0);
    assert_eq!(water.iter().filter(|wet| **wet).count(), 9);
    assert!(sea(&ground, -5.0).iter().all(|wet| !wet));
    assert!(sea(&Field::square(0, 0, 1.0, |_, _| 0.0), 0.0).is_empty());
}

/// A cliff is worn as fast by coarse cells as by fine ones, and as far by one step as by many.
#[test]
fn cells_and_steps_do_not_show() {
    let run = |cell: f64, steps: usize| {
        let columns = (960.0 / cell) as usize;
        let sea_cells = (240.0 / cell) as usize;
        let mut ground = Field::square(columns, 4, cell, |x, _| if x < sea_cells { -40.0 } else { 60.0 });
        let coast = Coast { kept: 0.0, ..Coast::default() };
        let mut lost = 0.0;
        for _ in 0..steps {
            let dt = 40.0 / steps as f64;
            lost += advance(&mut ground, 0.0, &vec![0.5; columns * 4], &coast, dt, 1).unwrap().ledger.lost;
        }
        lost / (4.0 * cell)
    };
    // 0.05 · 2 · 0.5 m a year, over a third of the reach.
    let wanted = 40.0 * 0.05 * (1.0 - (-3.0 * 720.0 / 100.0_f64).exp()) * 100.0 / 3.0;
    for (cell, steps) in [(10.0, 1), (40.0, 1), (120.0, 1), (10.0, 7)] {
        let lost = run(cell, steps);
        // Beyond the reach nothing is worn: 5 %.
        assert!((lost / wanted - 1.0).abs() < 0.06, "{cell} {steps}: {lost} {wanted}");
    }
    assert!((run(10.0, 1) / run(10.0, 7) - 1.0).abs() < 1e-9);
}

#[test]
fn platforms_end_at_the_wave_base_and_spoil_fills_the_deep() {
    let mut ground = Field::square(40, 3, 20.0, |x, _| if x < 15 { -10.0 - (15 - x) as f64 } else { 4.0 });
    let coast = Coast { kept: 1.0, ..Coast::default() };
    let mut years = 0.0;
    while years < 2000.0 {
        let done = advance(&mut ground, 0.0, &[1.0; 120], &coast, 100.0, 1).unwrap();
        assert!(done.time > 0.0 && done.ledger.error() < 1e-12 && done.ledger.lost == 0.0, "{done:?}");
        years += done.time;
    }
    assert!(ground.values.iter().all(|z| *z >= -26.0 && *z <= 4.0));
    let platform = ground.values[..40].iter().filter(|z| (**z + 2.0).abs() < 1e-9).count();
    assert!(platform > 5, "{:?}", &ground.values[..40]);
    assert!(ground.values[14] > -10.9, "what was worn lies off the shore");
}

#[test]
fn nonsense_is_refused() {
    let mut ground = Field::square(4, 4, 1.0, |x, _| x as f64 - 1.5);
    let mut go = |erodibility: &[f64], coast: Coast, dt: f64| {
        advance(&mut ground, 0.0, erodibility, &coast, dt, 1).unwrap_err()
    };
    let coast = Coast::default();
    assert!(matches!(go(&[1.0; 15], coast, 1.0), WavesError::Size { found: 15, .. }));
    assert!(matches!(go(&[-1.0; 16], coast, 1.0), WavesError::Value { what: "erodibility", .. }));
    assert!(matches!(go(&[1.0; 16], coast, f64::NAN), WavesError::Value { what: "step", .. }));
    let endless = Coast { reach: 0.0, ..coast };
    assert!(matches!(go(&[1.0; 16], endless, 1.0), WavesError::Value { what: "reach", .. }));
    ground.values[3] = f64::INFINITY;
    let refused = advance(&mut ground, 0.0, &[1.0; 16], &coast, 1.0, 1);
    assert!(matches!(refused, Err(WavesError::Value { what: "height", cell: 3, .. })));
}
