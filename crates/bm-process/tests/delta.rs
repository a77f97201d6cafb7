//! Sediment that comes to the sea: laid before the mouths, nothing lost, nothing above the water.

mod common;

use bm_core::MaterialId;
use bm_process::field::Field;
use bm_process::process::YEAR;
use bm_process::processes::stream_power::StreamPowerConfig;
use bm_process::route::{Edge, Rim};
use bm_process::state::State;
use bm_process::stream_power::{Delta, StreamPowerError};
use bm_process::waves::sea;
use common::bits;
use proptest::prelude::*;
use serde_json::json;

/// A coast: land in the west, bays and islands, deep in the east.
fn coast(width: usize, height: usize, seed: u64) -> Field {
    let mut field = common::hills(width, height, seed);
    for (n, z) in field.values.iter_mut().enumerate() {
        *z = (*z - 50.0) + 40.0 - 90.0 * (n % width) as f64 / width as f64;
    }
    field.dx = (0..height).map(|row| 30.0 - row as f64 * 0.3).collect();
    field
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn deltas_keep_volumes_and_stay_under_water(
        (width, height, seed) in (2usize..40, 2usize..40, 0u64..1000),
        (depth, slope) in (0f64..10.0, 0f64..0.1),
        mouths in proptest::collection::vec((0usize..1600, 0f64..3e5), 1..6),
        closed: bool,
        level in -5f64..5.0,
    ) {
        let before = coast(width, height, seed);
        let rim = Rim::all(if closed { Edge::Closed } else { Edge::Fixed });
        let wet = sea(&before, level);
        let arrived: Vec<(u32, f64)> =
            mouths.iter().map(|&(cell, volume)| ((cell % (width * height)) as u32, volume)).collect();
        let delta = Delta { depth, slope };
        let mut after = before.clone();
        let laid = delta.lay(&mut after, level, &rim, &arrived, 1).unwrap();
        for threads in [2, 8] {
            let mut again = before.clone();
            prop_assert_eq!(delta.lay(&mut again, level, &rim, &arrived, threads).unwrap().to_bits(), laid.to_bits());
            prop_assert_eq!(bits(&again.values), bits(&after.values));
        }
        let inner = |cell: usize| wet[cell] && !rim.is_fixed(width, height, cell % width, cell / width);
        let brought: f64 =
            arrived.iter().filter(|(cell, _)| inner(*cell as usize)).map(|(_, volume)| volume).sum();
        prop_assert!(laid >= -1e-9 * brought && laid <= brought * (1.0 + 1e-12), "{laid} {brought}");
        let raised: f64 = (0..width * height)
            .map(|cell| (after.values[cell] - before.values[cell]) * before.cell_area(cell / width))
            .sum();
        prop_assert!((raised - laid).abs() <= 1e-9 * brought + 1e-6, "{raised} {laid}");
        for cell in 0..width * height {
            let (was, is) = (before.values[cell], after.values[cell]);
            if was.to_bits() == is.to_bits() {
                continue;
            }
            prop_assert!(inner(cell) && is > was);
            // The nearest land by the row's width of cells, tried one by one.
            let (x, y) = (cell % width, cell / width);
            let shore = (0..width * height).filter(|&land| !wet[land]).map(|land| {
                let across = (land % width).abs_diff(x) as f64 * before.dx[y];
                across.hypot((land / width).abs_diff(y) as f64 * before.dy)
            });
            let highest = level - depth - slope * shore.fold(f64::INFINITY, f64::min);
            prop_assert!(is <= highest + 1e-9, "{cell}: {is} over {highest}");
        }
        // A mouth is full before anything leaves or goes further.
        if laid < brought * (1.0 - 1e-9) {
            let full = |cell: usize| delta.lay(&mut after.clone(), level, &rim, &[(cell as u32, 1e-3)], 1).unwrap() < 1e-3;
            prop_assert!(arrived.iter().any(|&(cell, volume)| volume > 0.0 && inner(cell as usize) && full(cell as usize)));
        }
    }
}

#[test]
fn rivers_build_deltas_and_their_books_close() {
    let mut ground = coast(80, 60, 5);
    ground.values.iter_mut().for_each(|z| *z *= if *z > 0.0 { 8.0 } else { 1.0 });
    let rim = Rim { east: Edge::Fixed, ..Rim::all(Edge::Closed) };
    let run = |delta: bool, threads: usize| {
        let mut state = State::new(ground.clone(), MaterialId::GRANITE);
        (state.rim, state.threads) = (rim, threads);
        let parameters = json!({ "deposition": 1.0, "delta": delta, "erodibility": 1e-4 });
        let config: StreamPowerConfig = serde_json::from_value(parameters).unwrap();
        let mut rivers = config.build(&state).unwrap();
        let mut lost = 0.0;
        for _ in 0..20 {
            let books = rivers.step(&mut state, 500.0 * YEAR).unwrap();
            assert!(books.solid.error() < 1e-12, "{books:?}");
            lost += books.solid.lost;
        }
        (state, lost)
    };
    let ((without, gone), (with, left)) = (run(false, 1), run(true, 1));
    assert!(gone > 0.0 && left < 0.5 * gone, "{gone} {left}");
    // What does not leave lies there, loose.
    let under = |state: &State| -> f64 {
        let loose = &state.strata.strata()[0].thickness;
        (0..state.cells()).filter(|&cell| ground.values[cell] < 0.0).map(|cell| f64::from(loose[cell])).sum()
    };
    assert!(under(&with) > 2.0 * under(&without) && under(&with) > 1.0);
    let again = run(true, 2).0;
    assert!(bits(&again.ground.values) == bits(&with.ground.values) && again.strata == with.strata);
}

#[test]
fn deltas_refuse_nonsense() {
    let mut ground = coast(5, 4, 1);
    let before = ground.clone();
    let bad = Delta { depth: -1.0, ..Delta::default() };
    assert!(matches!(
        bad.lay(&mut ground, 0.0, &Rim::default(), &[], 1),
        Err(StreamPowerError::Parameter { name: "delta depth", .. })
    ));
    assert!(Delta::default().lay(&mut ground, f64::NAN, &Rim::default(), &[], 1).is_err());
    // Cells that are not there bring nothing.
    assert_eq!(Delta::default().lay(&mut ground, 0.0, &Rim::default(), &[(99, 1.0)], 1), Ok(0.0));
    assert_eq!(ground, before);
    let state = State::new(ground, MaterialId::ROCK);
    for parameters in [json!({ "delta": true }), json!({ "delta": true, "deposition": 1.0, "sea": false })] {
        let config: StreamPowerConfig = serde_json::from_value(parameters).unwrap();
        assert!(config.build(&state).is_err());
    }
}
