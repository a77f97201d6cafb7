//! Books close over ten thousand steps, for each process alone and for all together, against what is really there.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use bm_core::MaterialId;
use bm_process::field::Field;
use bm_process::process::{Books, Process, ProcessError, YEAR};
use bm_process::processes::fault::FaultConfig;
use bm_process::processes::heat::{Climate, HeatConfig};
use bm_process::processes::isostasy::{IsostasyConfig, Model, Outside};
use bm_process::processes::slides::{SlidesConfig, What};
use bm_process::processes::uplift::{Source, UpliftConfig};
use bm_process::processes::water::{WaterConfig, WaterEdges};
use bm_process::processes::waves::WavesConfig;
use bm_process::processes::weathering::WeatheringConfig;
use bm_process::state::{Layer, State, layer};
use bm_process::strata::{Strata, Stratum};

const WIDTH: usize = 16;
const HEIGHT: usize = 12;

fn noise(cell: usize, salt: u64) -> f64 {
    let mut z = (cell as u64 ^ salt << 32).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ z >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (z >> 11) as f64 / (1u64 << 53) as f64
}

/// A rough coast: sea in the west, hills in the east, sandstone under soil on granite.
fn land(threads: usize) -> State {
    land_of(WIDTH, HEIGHT, threads)
}

fn land_of(width: usize, height: usize, threads: usize) -> State {
    let cells = width * height;
    let mut ground = Field::square(width, height, 100.0, |x, y| {
        let rough = 8.0 * noise(y * width + x, 1);
        let x = x as f64;
        -30.0 + 9.0 * x + 15.0 * (0.9 * x).sin() * (0.7 * y as f64).cos() + rough
    });
    ground.dx = (0..height).map(|row| 100.0 - 0.3 * row as f64).collect();
    let mut state = State::new(ground, MaterialId::GRANITE);
    let stratum = |material, metres: f64, salt| Stratum {
        material,
        thickness: (0..cells).map(|cell| (metres * noise(cell, salt)) as f32).collect(),
    };
    let strata = vec![stratum(MaterialId::SEDIMENT, 3.0, 2), stratum(MaterialId::SANDSTONE, 20.0, 3)];
    state.strata = Strata::new(strata, MaterialId::GRANITE).unwrap();
    state.threads = threads;
    let rates = (0..cells).map(|cell| (1e-4 * noise(cell, 4)) as f32).collect();
    assert!(state.set_layer(layer::UPLIFT, Layer::F32(rates)));
    let temperature = (0..cells).map(|cell| 20.0 * noise(cell, 5) - 5.0).collect();
    assert!(state.set_layer(layer::TEMPERATURE, Layer::F64(temperature)));
    state
}

fn volume(state: &State, name: &str) -> f64 {
    let Some(layer) = state.layer(name) else { return 0.0 };
    let values = (0..layer.len()).map(|cell| layer.get(cell)).collect();
    Field { values, ..state.ground.clone() }.volume()
}

/// What is really there: solid, water, heat.
fn there(state: &State) -> [f64; 3] {
    let solid = state.ground.volume() + volume(state, layer::SEDIMENT);
    [solid, volume(state, layer::WATER_DEPTH), volume(state, layer::TEMPERATURE)]
}

/// Runs processes in turn and compares what the books say with what there is; what all steps gained, lost and moved.
fn run(state: &mut State, processes: &mut [Box<dyn Process>], steps: usize, years: f64) -> [[f64; 3]; 3] {
    for process in processes.iter() {
        process.layers().iter().for_each(|need| state.ensure(need));
    }
    let start = there(state);
    let mut all = [[0.0_f64; 3]; 3];
    for step in 0..steps {
        for process in &mut *processes {
            let books: Books = process.step(state, years * YEAR).unwrap();
            assert!(books.error() < 1e-9, "{} in step {step}: {books:?}", process.name());
            for (all, one) in all.iter_mut().zip([books.solid, books.water, books.heat]) {
                assert!(
                    one.gained >= 0.0 && one.lost >= 0.0 && one.moved >= 0.0,
                    "{} {one:?}",
                    process.name()
                );
                *all = [all[0] + one.gained, all[1] + one.lost, all[2] + one.moved];
            }
        }
    }
    let end = there(state);
    for (what, ((start, end), [gained, lost, moved])) in
        ["solid", "water", "heat"].into_iter().zip(start.into_iter().zip(end).zip(all))
    {
        assert!(end.is_finite(), "{what}");
        let open = (start + gained - lost - end).abs();
        let whole = start.abs().max(end.abs()).max(gained);
        assert!(open <= 1e-9 * whole, "{what}: {open} of {whole}");
        // And against what was done, wherever that is more than rounding of what is there.
        let done = gained + lost + moved;
        assert!(open <= 1e-9 * done + 1e-11 * whole, "{what}: {open} of {done} done");
    }
    all
}

const STEPS: usize = 10_000;

fn alone(build: impl Fn(&State) -> Result<Box<dyn Process>, ProcessError>, years: f64) -> [[f64; 3]; 3] {
    let mut state = land(1);
    let process = build(&state).unwrap();
    run(&mut state, &mut [process], STEPS, years)
}

fn water() -> WaterConfig {
    WaterConfig { storm: 0.005, storms_per_year: 20.0, edges: WaterEdges::Sea, ..WaterConfig::default() }
}

fn fault() -> FaultConfig {
    FaultConfig {
        trace: vec![[300.0, 200.0], [700.0, 500.0], [900.0, 1500.0]],
        vertical: 1e-4,
        horizontal: 2e-3,
        influence: 600.0,
        taper: Some(200.0),
    }
}

fn isostasy() -> IsostasyConfig {
    IsostasyConfig { elastic_thickness: 300.0, outside: Outside::Mirrored, ..IsostasyConfig::default() }
}

#[test]
fn water_alone() {
    let [solid, water, _] = alone(|state| water().build(state), 1.0);
    assert!(solid[2] > 0.0 && water[0] > 0.0 && water[1] > 0.0, "{solid:?} {water:?}");
}

#[test]
fn heat_alone() {
    let config = HeatConfig {
        materials: [("granite".to_owned(), 1.4e-6), ("sediment".to_owned(), 5e-7)].into(),
        climate: Some(Climate { years: 500.0, ..Climate::default() }),
        ..HeatConfig::default()
    };
    let [_, _, heat] = alone(|state| config.build(state), 10.0);
    assert!(heat[0] > 0.0 && heat[1] > 0.0);
}

#[test]
fn weathering_alone() {
    let [solid, ..] = alone(|state| WeatheringConfig::default().build(state), 10.0);
    assert!(solid[2] > 0.0);
}

#[test]
fn slides_alone() {
    // Uplift to keep it going: a cliff that rises and comes down.
    let mut state = land(1);
    let uplift = UpliftConfig { source: Source::Raster, rate: Some(1000.0), ..UpliftConfig::default() };
    let slides = SlidesConfig { what: What::All, rock_angle: 35.0, ..SlidesConfig::default() };
    let mut both = [uplift.build(&state).unwrap(), slides.build(&state).unwrap()];
    let [solid, ..] = run(&mut state, &mut both, STEPS, 1.0);
    assert!(solid[2] > 0.0);
}

#[test]
fn uplift_alone() {
    let config = UpliftConfig { source: Source::Raster, ..UpliftConfig::default() };
    let [solid, ..] = alone(|state| config.build(state), 10.0);
    assert!(solid[0] > 0.0);
}

#[test]
fn fault_alone() {
    let [solid, ..] = alone(|state| fault().build(state), 10.0);
    assert!(solid[0] > 0.0 && solid[1] > 0.0);
}

#[test]
fn waves_alone() {
    let [solid, ..] = alone(|state| WavesConfig::default().build(state), 10.0);
    assert!(solid[1] > 0.0 && solid[2] > 0.0);
}

#[test]
fn isostasy_alone() {
    for model in [Model::Flexure, Model::Airy] {
        let mut state = land(1);
        let isostasy = IsostasyConfig { model, ..isostasy() }.build(&state).unwrap();
        let waves = WavesConfig::default().build(&state).unwrap();
        let [solid, ..] = run(&mut state, &mut [isostasy, waves], STEPS, 1.0);
        assert!(solid[0] > 0.0 && solid[1] > 0.0, "where waves wear the land it rises: {solid:?}");
    }
}

fn everything(state: &State) -> Vec<Box<dyn Process>> {
    vec![
        UpliftConfig { source: Source::Raster, ..UpliftConfig::default() }.build(state).unwrap(),
        fault().build(state).unwrap(),
        isostasy().build(state).unwrap(),
        HeatConfig { climate: Some(Climate::default()), ..HeatConfig::default() }.build(state).unwrap(),
        WeatheringConfig::default().build(state).unwrap(),
        water().build(state).unwrap(),
        SlidesConfig::default().build(state).unwrap(),
        WavesConfig::default().build(state).unwrap(),
    ]
}

#[test]
fn all_together() {
    let mut state = land(1);
    let mut processes = everything(&state);
    let all = run(&mut state, &mut processes, STEPS, 1.0);
    assert!(all.iter().take(2).all(|ledger| ledger[0] > 0.0 && ledger[1] > 0.0), "{all:?}");
    assert!(state.strata.strata().iter().all(|s| s.thickness.iter().all(|t| t.is_finite() && *t >= 0.0)));
}

/// Threads do not show, and neither does what a process remembers: built anew after each step it goes on alike.
#[test]
fn threads_and_restarts_do_not_show() {
    let finish = |(width, height): (usize, usize), steps: usize, threads: usize, anew: bool| {
        let mut state = land_of(width, height, threads);
        let mut processes = everything(&state);
        for _ in 0..steps {
            run(&mut state, &mut processes, 1, 20.0);
            if anew {
                processes = everything(&state);
            }
        }
        let layers: Vec<_> = state.layers().map(|(name, layer)| (name.to_owned(), layer.clone())).collect();
        (state.ground, state.strata, layers)
    };
    // The larger is large enough for every kernel to share it among threads.
    for (size, steps) in [((WIDTH, HEIGHT), 30), ((150, 130), 3)] {
        let first = finish(size, steps, 1, false);
        for (threads, anew) in [(2, false), (8, false), (1, true)] {
            let other = finish(size, steps, threads, anew);
            let same = first.0 == other.0 && first.1 == other.1 && first.2 == other.2;
            assert!(same, "{size:?} {threads} {anew}");
        }
    }
}
