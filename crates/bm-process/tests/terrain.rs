//! Rivers and slopes as scenarios run them: on land with strata, with the sea.

#![allow(clippy::unwrap_used, reason = "what cannot be built fails its test")]

mod common;

use bm_core::MaterialId;
use bm_process::field::Field;
use bm_process::process::{Process, ProcessError, YEAR};
use bm_process::processes::hillslope::HillslopeConfig;
use bm_process::processes::stream_power::StreamPowerConfig;
use bm_process::state::{Layer, State, layer};
use bm_process::strata::{Strata, Stratum};
use common::{bits, hills};
use serde_json::{Value, json};

fn rivers(state: &State, parameters: Value) -> Box<dyn Process> {
    serde_json::from_value::<StreamPowerConfig>(parameters).unwrap().build(state).unwrap()
}

fn slopes(state: &State, parameters: Value) -> Box<dyn Process> {
    serde_json::from_value::<HillslopeConfig>(parameters).unwrap().build(state).unwrap()
}

/// Hills 60 m above the sea, of granite under 2 m of shale.
fn land() -> State {
    let mut ground = hills(60, 50, 4);
    ground.values.iter_mut().for_each(|z| *z += 60.0);
    let mut state = State::new(ground, MaterialId::GRANITE);
    let stratum = |material, thickness| Stratum { material, thickness: vec![thickness; 3000] };
    let strata = vec![stratum(MaterialId::SEDIMENT, 0.0), stratum(MaterialId::SHALE, 2.0)];
    state.strata = Strata::new(strata, MaterialId::GRANITE).unwrap();
    state
}

#[test]
fn materials_decide_how_fast_rivers_cut() {
    let lowered = |material: MaterialId, parameters: Value| {
        let mut state = State::new(hills(60, 50, 4), material);
        rivers(&state, parameters).step(&mut state, 1000.0 * YEAR).unwrap().solid.lost
    };
    let (granite, shale) = (lowered(MaterialId::GRANITE, json!({})), lowered(MaterialId::SHALE, json!({})));
    assert!(shale > 2.0 * granite && granite > 0.0, "{shale} {granite}");
    let same = json!({ "by_material": false });
    assert_eq!(lowered(MaterialId::GRANITE, same.clone()), lowered(MaterialId::SHALE, same));
}

#[test]
fn rivers_wear_through_strata_and_keep_the_books() {
    let all = [
        json!({}),
        json!({ "sinks": "carve", "slope_exponent": 1.5, "erodibility": 1e-5 }),
        json!({ "deposition": 1.0 }),
        json!({ "flow": "infinite", "deposition": 0.5, "slope_exponent": 1.2 }),
        json!({ "flow": "multiple", "threshold": 1e-6, "edges": { "west": "closed" } }),
    ];
    for parameters in all {
        let run = |threads: usize| {
            let mut state = land();
            state.threads = threads;
            let mut process = rivers(&state, parameters.clone());
            let before = state.ground.volume();
            let mut lost = 0.0;
            for _ in 0..20 {
                let books = process.step(&mut state, 2000.0 * YEAR).unwrap();
                assert!(books.error() < 1e-11, "{parameters}: {books:?}");
                lost += books.solid.lost;
            }
            assert!((before - lost - state.ground.volume()).abs() < 1e-9 * before);
            state
        };
        let state = run(1);
        let granite = state.strata.surfaces().iter().filter(|&&m| m == MaterialId::GRANITE).count();
        assert!(granite > 20, "{parameters}: {granite} cells are worn through");
        let Some(Layer::F32(area)) = state.layer(layer::DRAINAGE_AREA) else { panic!("no drainage area") };
        assert!(area.iter().all(|&area| area >= 899.0) && area.iter().any(|&area| area > 30_000.0));
        for threads in [2, 8] {
            let again = run(threads);
            assert_eq!(bits(&again.ground.values), bits(&state.ground.values));
            assert_eq!(again.strata, state.strata);
        }
    }
}

#[test]
fn slopes_creep_and_their_strata_with_them() {
    for parameters in [
        json!({}),
        json!({ "law": "critical-slope", "diffusivity": 0.02, "critical_slope": 0.7 }),
        json!({ "law": "critical-slope", "by_material": true, "edges": { "east": "closed" } }),
        json!({ "by_material": true, "edges": { "north": "closed" } }),
    ] {
        let run = |threads: usize| {
            let mut state = land();
            // A terrace of 40 m.
            (0..3000).filter(|n| n % 60 < 30).for_each(|n| state.ground.values[n] += 40.0);
            state.threads = threads;
            let mut process = slopes(&state, parameters.clone());
            let before = state.ground.volume();
            let mut lost = 0.0;
            for _ in 0..10 {
                let books = process.step(&mut state, 5000.0 * YEAR).unwrap();
                assert!(books.error() < 1e-12, "{parameters}: {books:?}");
                lost += books.solid.lost - books.solid.gained;
            }
            assert!((before - lost - state.ground.volume()).abs() < 1e-11 * before);
            state
        };
        let state = run(1);
        let surfaces = state.strata.surfaces();
        let of = |material| surfaces.iter().filter(|&&m| m == material).count();
        assert!(of(MaterialId::SEDIMENT) > 100 && of(MaterialId::GRANITE) > 20, "{parameters}");
        for threads in [2, 8] {
            let again = run(threads);
            assert_eq!(bits(&again.ground.values), bits(&state.ground.values));
            assert_eq!(again.strata, state.strata);
        }
    }
}

#[test]
fn the_sea_is_base_level() {
    // A plain 20 m under the sea, hills behind it.
    let ground = Field::square(60, 40, 100.0, |x, y| {
        if x < 20 { -20.0 } else { (x - 20) as f64 * 5.0 + ((x * 7 + y * 13) % 5) as f64 }
    });
    let mut state = State::new(ground.clone(), MaterialId::SANDSTONE);
    rivers(&state, json!({})).step(&mut state, 5000.0 * YEAR).unwrap();
    let lowest = |state: &State| {
        let cells = (0..40).flat_map(|y| (21..60).map(move |x| y * 60 + x));
        cells.map(|cell| state.ground.values[cell]).fold(f64::MAX, f64::min)
    };
    assert_eq!(state.ground.values[20 * 60 + 10], -20.0);
    assert!(lowest(&state) > -20.0);
    // Without, rivers run on over its floor.
    let area = |state: &State| state.layer(layer::DRAINAGE_AREA).unwrap().get(20 * 60 + 2);
    assert_eq!(area(&state), 10_000.0);
    let mut dry = State::new(ground, MaterialId::SANDSTONE);
    rivers(&dry, json!({ "sea": false })).step(&mut dry, 5000.0 * YEAR).unwrap();
    assert!(area(&dry) > 10_000.0);
}

#[test]
fn impossible_parameters_are_named() {
    let state = land();
    let refused = |parameters: Value| match serde_json::from_value::<StreamPowerConfig>(parameters)
        .unwrap()
        .build(&state)
    {
        Err(ProcessError::Parameter { parameter, .. }) => parameter,
        Err(ProcessError::Kernel { .. }) => "kernel",
        Err(other) => panic!("{other}"),
        Ok(_) => "",
    };
    assert_eq!(refused(json!({ "slope_exponent": 0.0 })), "slope_exponent");
    assert_eq!(refused(json!({ "erodibility": -1.0 })), "erodibility");
    assert_eq!(refused(json!({ "threshold": 1e-5, "deposition": 1.0 })), "threshold");
    assert_eq!(refused(json!({ "flow": "multiple", "sinks": "keep" })), "sinks");
    assert_eq!(refused(json!({ "edges": { "west": "periodic" } })), "kernel");
    assert!(serde_json::from_value::<StreamPowerConfig>(json!({ "erodability": 1.0 })).is_err());
    let refused = |parameters: Value| match serde_json::from_value::<HillslopeConfig>(parameters)
        .unwrap()
        .build(&state)
    {
        Err(ProcessError::Parameter { parameter, .. }) => parameter,
        Err(ProcessError::Kernel { .. }) => "kernel",
        _ => "",
    };
    assert_eq!(refused(json!({ "diffusivity": -1.0 })), "diffusivity");
    assert_eq!(refused(json!({ "critical_slope": 0.0 })), "critical_slope");
    assert_eq!(refused(json!({ "edges": { "west": "periodic" } })), "kernel");
    assert_eq!(refused(json!({ "edges": { "west": "periodic", "east": "periodic" } })), "");
    let mut walled = land();
    let edges = json!({ "west": "closed", "east": "closed", "south": "closed", "north": "closed" });
    let error = rivers(&walled, json!({ "edges": edges })).step(&mut walled, YEAR).unwrap_err();
    assert!(error.to_string().contains("has no way to an outlet"), "{error}");
    assert!(rivers(&walled, json!({})).step(&mut walled, f64::NAN).is_err());
}
