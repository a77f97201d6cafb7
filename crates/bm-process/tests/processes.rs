//! Processes as scenarios see them: parameters, refusals, holes, materials, and what they do to each other.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use bm_core::MaterialId;
use bm_process::field::Field;
use bm_process::process::{Process, ProcessError, YEAR};
use bm_process::processes::fault::FaultConfig;
use bm_process::processes::heat::{Climate, HeatConfig, HeatEdges, HeatScheme};
use bm_process::processes::isostasy::{IsostasyConfig, Model, SETTLED};
use bm_process::processes::legacy::{
    LegacyErosionConfig, LegacyFaultConfig, LegacyFrostConfig, LegacyHeatConfig, LegacyWaterConfig,
    LegacyWavesConfig,
};
use bm_process::processes::slides::{SlidesConfig, What};
use bm_process::processes::uplift::{Source, UpliftConfig};
use bm_process::processes::water::{WaterConfig, WaterEdges};
use bm_process::processes::waves::WavesConfig;
use bm_process::processes::weathering::WeatheringConfig;
use bm_process::state::{Layer, State, layer};
use bm_process::strata::{Strata, Stratum};

type Built = Result<Box<dyn Process>, ProcessError>;
type Build = Box<dyn Fn(&State) -> Built>;

/// A slope from the sea in the west up to the east.
fn slope(width: usize, height: usize, cell: f64) -> State {
    let ground = Field::square(width, height, cell, |x, y| {
        0.04 * cell * (x as f64 - 3.5) + 0.3 * (1.1 * x as f64).sin() * (0.7 * y as f64).cos()
    });
    State::new(ground, MaterialId::GRANITE)
}

fn ready(state: &mut State, build: &Build) -> Box<dyn Process> {
    let process = build(state).unwrap();
    process.layers().iter().for_each(|need| state.ensure(need));
    process
}

fn step(state: &mut State, process: &mut dyn Process, years: f64) -> f64 {
    let books = process.step(state, years * YEAR).unwrap();
    assert!(books.error() < 1e-12, "{}: {books:?}", process.name());
    books.solid.moved
}

fn trace() -> Vec<[f64; 2]> {
    vec![[800.0, -1000.0], [850.0, 3000.0]]
}

/// All with parameters of their own, and whether holes are handled (else refused).
fn all() -> Vec<(Build, bool)> {
    fn of<C: 'static>(config: C, build: fn(&C, &State) -> Built) -> Build {
        Box::new(move |state| build(&config, state))
    }
    let storm = WaterConfig { storm: 0.01, storms_per_year: 1.0, ..WaterConfig::default() };
    let shear = FaultConfig { trace: trace(), horizontal: 0.01, influence: 500.0, ..FaultConfig::default() };
    let throw = FaultConfig { horizontal: 0.0, ..shear.clone() };
    let climate = HeatConfig { climate: Some(Climate::default()), ..HeatConfig::default() };
    let airy = IsostasyConfig { model: Model::Airy, ..IsostasyConfig::default() };
    let plates = UpliftConfig { source: Source::Plates, ..UpliftConfig::default() };
    vec![
        (of(storm, WaterConfig::build), false),
        (of(shear, FaultConfig::build), false),
        (of(throw, FaultConfig::build), true),
        (of(climate, HeatConfig::build), true),
        (of(IsostasyConfig::default(), IsostasyConfig::build), true),
        (of(airy, IsostasyConfig::build), true),
        (of(SlidesConfig::default(), SlidesConfig::build), true),
        (of(SlidesConfig { what: What::All, ..SlidesConfig::default() }, SlidesConfig::build), true),
        (of(UpliftConfig::default(), UpliftConfig::build), true),
        (of(plates, UpliftConfig::build), true),
        (of(WavesConfig::default(), WavesConfig::build), true),
        (of(WeatheringConfig::default(), WeatheringConfig::build), true),
    ]
}

#[test]
fn holes_are_left_alone_or_refused_by_name() {
    for (build, handled) in all() {
        let mut state = slope(20, 14, 80.0);
        let hole = 6 * 20 + 10;
        state.ground.values[hole] = f64::NAN;
        let mut process = ready(&mut state, &build);
        let before = state.ground.values.clone();
        for _ in 0..3 {
            match process.step(&mut state, 10.0 * YEAR) {
                Ok(books) => {
                    assert!(handled, "{} takes holes", process.name());
                    assert!(books.error() < 1e-12, "{}: {books:?}", process.name());
                }
                Err(error) => {
                    assert!(!handled, "{error}");
                    assert!(error.to_string().contains(&format!("cell {hole}")), "{error}");
                }
            }
        }
        let holes = |values: &[f64]| values.iter().filter(|z| z.is_nan()).count();
        assert!(state.ground.values[hole].is_nan() && holes(&state.ground.values) == 1, "{}", process.name());
        assert_eq!(before.len(), state.ground.values.len());
        for (name, layer) in state.layers() {
            assert_eq!(layer.len(), 280, "{name}");
            let finite = (0..280).all(|cell| layer.get(cell).is_finite() || name == SETTLED && cell == hole);
            assert!(finite || !handled && name == SETTLED, "{} leaves {name}", process.name());
        }
    }
}

#[test]
fn impossible_steps_are_refused() {
    for (build, _) in all() {
        for dt in [-1.0, f64::NAN, f64::INFINITY] {
            let mut state = slope(20, 14, 80.0);
            let mut process = ready(&mut state, &build);
            let before = state.ground.clone();
            let refused = process.step(&mut state, dt).unwrap_err();
            assert!(matches!(refused, ProcessError::Parameter { parameter: "step", .. }), "{refused}");
            assert_eq!(state.ground, before);
        }
    }
    // Limits are named.
    let mut state = slope(20, 14, 80.0);
    let refused = |build: Build, state: &mut State, years: f64| {
        let mut process = ready(state, &build);
        process.step(state, years * YEAR).unwrap_err().to_string()
    };
    let config =
        HeatConfig { edges: HeatEdges::Periodic, scheme: HeatScheme::Explicit, ..HeatConfig::default() };
    let error = refused(Box::new(move |state| config.build(state)), &mut state, 1e9);
    assert!(error.contains("stable sub-steps"), "{error}");
    let config = FaultConfig { trace: trace(), horizontal: 1.0, ..FaultConfig::default() };
    let error = refused(Box::new(move |state| config.build(state)), &mut state, 1e9);
    assert!(error.contains("quarters of a cell"), "{error}");
    let error = refused(Box::new(|state| WavesConfig::default().build(state)), &mut state, 1e9);
    assert!(error.contains("100 000 times"), "{error}");
}

#[test]
fn parameters_are_read_and_checked() {
    let state = slope(8, 8, 100.0);
    let config: WaterConfig =
        serde_json::from_str(r#"{"rain": 50, "edges": "wall", "scheme": "heun"}"#).unwrap();
    assert_eq!((config.rain, config.edges), (50.0, WaterEdges::Wall));
    assert_eq!(serde_json::from_str::<WavesConfig>("{}").unwrap(), WavesConfig::default());
    let unknown = serde_json::from_str::<WaterConfig>(r#"{"rian": 50}"#).unwrap_err();
    assert!(unknown.to_string().contains("rian"), "{unknown}");
    let table = r#"{"table": {"basalt": {"product": "clay", "chemistry": 1e-4}}, "cover": 1}"#;
    let config: WeatheringConfig = serde_json::from_str(table).unwrap();
    config.build(&state).unwrap();

    let refused = |result: Built| match result {
        Err(error) => error.to_string(),
        Ok(process) => panic!("{} takes it", process.name()),
    };
    let with = |text: &str| serde_json::from_str::<WeatheringConfig>(text).unwrap().build(&state);
    let error = refused(with(r#"{"table": {"gabbro": {"product": "clay"}}}"#));
    assert!(error.contains("gabbro"), "{error}");
    let error = refused(with(r#"{"table": {"basalt": {"product": "granite"}}}"#));
    assert!(error.contains("loose"), "{error}");
    let error = refused(WaterConfig { rain: -1.0, ..WaterConfig::default() }.build(&state));
    assert_eq!(error, "water: rain is -1; it must be finite and not negative");
    let error = refused(SlidesConfig { angle: 90.0, ..SlidesConfig::default() }.build(&state));
    assert!(error.contains("angle"), "{error}");
    refused(FaultConfig::default().build(&state));
    refused(IsostasyConfig { mantle_density: 0.0, ..IsostasyConfig::default() }.build(&state));
    refused(UpliftConfig { rate: Some(f64::NAN), ..UpliftConfig::default() }.build(&state));
    refused(WavesConfig { kept: 2.0, ..WavesConfig::default() }.build(&state));
    let heat = HeatConfig { materials: [("unobtainium".to_owned(), 1.0)].into(), ..HeatConfig::default() };
    assert!(refused(heat.build(&state)).contains("unobtainium"));
}

/// Water and waves take more from what is soft, and go on into what lies beneath.
#[test]
fn what_is_soft_goes_first() {
    let waves: Build = Box::new(|state| WavesConfig { kept: 0.0, ..WavesConfig::default() }.build(state));
    let water: Build = Box::new(|state| {
        WaterConfig { storm: 0.5, storms_per_year: 20.0, ..WaterConfig::default() }.build(state)
    });
    for (build, years) in [(waves, 500.0), (water, 20.0)] {
        let [soft, hard] = [MaterialId::SHALE, MaterialId::GRANITE].map(|material| {
            let mut state = slope(24, 16, 100.0);
            state.strata = Strata::uniform(state.cells(), material);
            let mut process = ready(&mut state, &build);
            step(&mut state, &mut *process, years)
        });
        assert!(soft > 2.0 * hard && hard > 0.0, "{soft} {hard}");
    }
    let mut state = slope(24, 16, 100.0);
    let stratum = |material, metres| Stratum { material, thickness: vec![metres; 24 * 16] };
    state.strata = Strata::new(
        vec![stratum(MaterialId::SEDIMENT, 0.1), stratum(MaterialId::SHALE, 0.2)],
        MaterialId::BASALT,
    )
    .unwrap();
    let mut process = WavesConfig { kept: 0.0, ..WavesConfig::default() }.build(&state).unwrap();
    let before = state.ground.values.clone();
    step(&mut state, &mut *process, 1000.0);
    let worn = (0..24 * 16).find(|&cell| before[cell] - state.ground.values[cell] > 0.3).unwrap();
    assert_eq!(state.strata.surface(worn), MaterialId::BASALT);
}

/// Between storms water runs off: what storms do together does not depend on how they are shared among steps, and what stood
/// before stands afterwards.
#[test]
fn storms_do_not_know_of_each_other() {
    let done: Vec<(f64, f64)> = [1u32, 2, 10]
        .into_iter()
        .map(|steps| {
            let mut state = slope(40, 32, 100.0);
            // Off the sea: a hollow with a lake, and two dry ones.
            state.ground.values.iter_mut().for_each(|z| *z += 20.0);
            for (n, at) in [10 * 40 + 20, 18 * 40 + 12, 22 * 40 + 28].into_iter().enumerate() {
                for cell in [at, at + 1, at + 40, at + 41] {
                    state.ground.values[cell] -= 30.0 + n as f64;
                }
            }
            let lake = state.ground.values[420] + 4.0;
            let ground = &state.ground.values;
            let wet = |cell| if [420, 421, 460, 461].contains(&cell) { lake - ground[cell] } else { 0.0 };
            let depth: Vec<f64> = (0..40 * 32).map(wet).collect();
            let water: f64 = depth.iter().sum();
            assert!(water > 0.0 && state.set_layer(layer::WATER_DEPTH, Layer::F64(depth)));
            let before = state.ground.clone();
            let config = WaterConfig { rain: 60.0, storm: 0.5, detachment: 0.1, ..WaterConfig::default() };
            let mut process = config.build(&state).unwrap();
            for _ in 0..steps {
                step(&mut state, &mut *process, 50.0 / f64::from(steps));
            }
            let moved: f64 = before.values.iter().zip(&state.ground.values).map(|(a, b)| (a - b).abs()).sum();
            let left: f64 = (0..state.cells())
                .map(|k| {
                    let depth = state.layer(layer::WATER_DEPTH).unwrap().get(k);
                    assert!(
                        depth == 0.0 || (state.ground.values[k] + depth - lake).abs() < 1e-9,
                        "a lake's level"
                    );
                    depth
                })
                .sum();
            assert!(left <= water * (1.0 + 1e-12), "{left} {water}");
            (moved, left)
        })
        .collect();
    for (moved, left) in &done[1..] {
        assert!((moved / done[0].0 - 1.0).abs() < 0.2 && (left / done[0].1 - 1.0).abs() < 0.2, "{done:?}");
    }
}

/// What comes from below is no load; what is worn off is.
#[test]
fn uplift_is_not_a_load() {
    for model in [Model::Flexure, Model::Airy] {
        let mut state = slope(20, 14, 5000.0);
        let isostasy: Build =
            Box::new(move |state| IsostasyConfig { model, ..IsostasyConfig::default() }.build(state));
        let fault = FaultConfig { trace: trace(), horizontal: 0.001, ..FaultConfig::default() };
        let (mut isostasy, mut uplift, mut fault) = (
            ready(&mut state, &isostasy),
            UpliftConfig::default().build(&state).unwrap(),
            fault.build(&state).unwrap(),
        );
        step(&mut state, &mut *isostasy, 1.0);
        let first = state.ground.clone();
        step(&mut state, &mut *uplift, 1e5);
        step(&mut state, &mut *fault, 1e5);
        let lifted = state.ground.clone();
        assert_ne!(first, lifted);
        step(&mut state, &mut *isostasy, 1.0);
        let apart = |a: &Field, b: &Field| {
            a.values.iter().zip(&b.values).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
        };
        assert!(apart(&state.ground, &lifted) < 1e-9);
        // Ten metres of rock off dry land: 10 · 2700 / 3300 of it come back under Airy, less through a plate.
        let from = state.ground.clone();
        let cell = 7 * 20 + 12;
        state.ground.values[cell] -= 10.0;
        step(&mut state, &mut *isostasy, 1.0);
        let back = state.ground.values[cell] - (from.values[cell] - 10.0);
        let airy = 10.0 * 2700.0 / 3300.0;
        match model {
            Model::Airy => assert!((back - airy).abs() < 1e-9, "{back}"),
            Model::Flexure => assert!(back > 0.001 && back < 0.5 * airy, "{back}"),
        }
    }
}

/// A marker of loose ground is offset with the hill it lies on.
#[test]
fn faults_carry_what_the_ground_consists_of() {
    let mut state = slope(40, 60, 50.0);
    state.ground.values =
        (0..2400).map(|cell| if (25..35).contains(&(cell / 40)) { 100.0 } else { 0.0 }).collect();
    let mark = |cell: usize| if (25..35).contains(&(cell / 40)) { 2.0 } else { 0.0 };
    let thickness = (0..2400).map(mark).collect();
    state.strata =
        Strata::new(vec![Stratum { material: MaterialId::SEDIMENT, thickness }], MaterialId::ROCK).unwrap();
    let config = FaultConfig {
        trace: vec![[1000.0, -9e4], [1000.0, 9e4]],
        vertical: 0.0,
        horizontal: 0.02,
        influence: 800.0,
        taper: Some(0.0),
    };
    let mut process = config.build(&state).unwrap();
    for _ in 0..20 {
        step(&mut state, &mut *process, 1000.0);
    }
    for cell in 0..2400 {
        let (height, loose) =
            (state.ground.values[cell], f64::from(state.strata.strata()[0].thickness[cell]));
        assert!((height / 50.0 - loose).abs() < 1e-4, "{cell}: {height} {loose}");
    }
    let middle = |column: usize| {
        let line = (0..60).map(|row| (row as f64, state.ground.values[row * 40 + column]));
        let (sum, mass) = line.fold((0.0, 0.0), |(sum, mass), (row, z)| (sum + row * z, mass + z));
        sum / mass
    };
    assert!(middle(17) > middle(22) + 5.0 && (middle(2) - 29.5).abs() < 1e-9);
}

#[test]
fn weathering_works_through_strata_and_stops_at_what_does_not_weather() {
    let mut state = slope(4, 4, 100.0);
    let stratum = |material, metres| Stratum { material, thickness: vec![metres; 16] };
    state.strata = Strata::new(
        vec![stratum(MaterialId::SEDIMENT, 0.0), stratum(MaterialId::SHALE, 0.25)],
        MaterialId::ORE,
    )
    .unwrap();
    let config = WeatheringConfig { cover: 0.4, ..WeatheringConfig::default() };
    let before = state.ground.clone();
    let (mut once, mut often) = (state.clone(), state);
    let mut process = config.build(&once).unwrap();
    process.layers().iter().for_each(|need| once.ensure(need));
    process.layers().iter().for_each(|need| often.ensure(need));
    step(&mut once, &mut *process, 300.0);
    for _ in 0..100 {
        step(&mut often, &mut *process, 3.0);
    }
    let loose = |state: &State| state.strata.strata()[0].thickness[5];
    assert!(loose(&once) > 0.05 && (loose(&once) - loose(&often)).abs() < 1e-5, "{}", loose(&once));
    step(&mut once, &mut *process, 1e7);
    assert!((loose(&once) - 0.25).abs() < 1e-6, "ore does not weather: {}", loose(&once));
    assert_eq!(once.ground, before);
}

#[test]
fn the_climate_is_followed() {
    let mut state = slope(10, 10, 1000.0);
    let climate = Some(Climate { sea_level: 12.0, lapse: 6.0, years: 10.0 });
    let build: Build =
        Box::new(move |state| HeatConfig { climate: climate.clone(), ..HeatConfig::default() }.build(state));
    let mut process = ready(&mut state, &build);
    step(&mut state, &mut *process, 10_000.0);
    let temperature = state.layer(layer::TEMPERATURE).unwrap();
    for cell in 0..100 {
        let wanted = 12.0 - 0.006 * state.ground.values[cell].max(0.0);
        assert!((temperature.get(cell) - wanted).abs() < 1e-6);
    }
}

/// At small steps the documented formulas and the conservative kernels agree, where both say the same.
#[test]
fn legacy_is_as_documented_at_small_steps() {
    let mut state = slope(20, 14, 2.0);
    let temperature = (0..280).map(|cell| 10.0 + 5.0 * (0.5 * f64::from(cell % 20)).sin()).collect();
    state.set_layer(layer::TEMPERATURE, Layer::F64(temperature));
    let (mut old, mut new) = (state.clone(), state.clone());
    let mut legacy = LegacyHeatConfig { diffusivity: 1e-3 }.build(&old).unwrap();
    let config = HeatConfig { diffusivity: 1e-3, edges: HeatEdges::Fixed, ..HeatConfig::default() };
    let mut heat = config.build(&new).unwrap();
    for _ in 0..50 {
        legacy.step(&mut old, 100.0).unwrap();
        heat.step(&mut new, 100.0).unwrap();
    }
    let value = |state: &State, cell: usize| state.layer(layer::TEMPERATURE).unwrap().get(cell);
    assert!((0..280).all(|cell| (value(&old, cell) - value(&new, cell)).abs() < 1e-4));
    let refused = legacy.step(&mut old, 1e4).unwrap_err().to_string();
    assert!(refused.contains("the limit of diffusion") && refused.starts_with("legacy-heat"), "{refused}");

    // Faults: a displacement V and a slip of 2V are the same throw.
    let (mut old, mut new) = (state.clone(), state.clone());
    let trace = vec![[19.0, -50.0], [20.5, 90.0]];
    let legacy = LegacyFaultConfig { trace: trace.clone(), displacement: 0.5, influence: 15.0 };
    legacy.build(&old).unwrap().step(&mut old, 1.0).unwrap();
    let fault =
        FaultConfig { trace, vertical: 1.0, influence: 15.0, taper: Some(0.0), ..FaultConfig::default() };
    fault.build(&new).unwrap().step(&mut new, YEAR).unwrap();
    assert!(old.ground.values.iter().zip(&new.ground.values).all(|(a, b)| (a - b).abs() < 1e-6));

    // Frost, waves, erosion and water run, and their books say what they lose.
    let mut process = LegacyFrostConfig::default().build(&state).unwrap();
    process.layers().iter().for_each(|need| state.ensure(need));
    let frost = (0..280).map(|_| 0.0).collect();
    state.set_layer(layer::TEMPERATURE, Layer::F64(frost));
    for _ in 0..15 {
        process.step(&mut state, 3600.0 * 1900.0).unwrap();
    }
    assert!((state.strata.strata()[0].thickness[7] - 0.1).abs() < 1e-6, "granite: 20 000 hours once");
    let before = state.ground.clone();
    let mut process =
        LegacyWavesConfig { reach: 10.0, ..LegacyWavesConfig::default() }.build(&state).unwrap();
    let books = process.step(&mut state, 3600.0).unwrap();
    assert!(books.solid.lost > 0.0 && books.error() < 1e-12 && state.ground != before);
    let mut process = LegacyWaterConfig::default().build(&state).unwrap();
    process.layers().iter().for_each(|need| state.ensure(need));
    state.set_layer(
        layer::WATER_DEPTH,
        Layer::F64((0..280).map(|cell| 0.1 + 0.001 * f64::from(cell)).collect()),
    );
    for _ in 0..20 {
        let books = process.step(&mut state, 0.02).unwrap();
        assert!(books.error() < 1e-12, "{books:?}");
    }
    assert!(process.step(&mut state, 100.0).unwrap_err().to_string().contains("the limit of"));
    let mut process = LegacyErosionConfig::default().build(&state).unwrap();
    process.layers().iter().for_each(|need| state.ensure(need));
    let flow = vec![2.0; 280];
    state.set_layer(bm_process::processes::legacy::FLOW_X, Layer::F32(flow));
    let books = process.step(&mut state, 10.0).unwrap();
    assert!(books.solid.moved > 0.0 && books.error() < 1e-12);
}
