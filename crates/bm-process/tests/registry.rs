//! Every process a scenario can name: it does what the orchestrator relies on.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what a test cannot do without fails it")]

mod kinds;

use std::collections::BTreeMap;

use bm_core::MaterialId;
use bm_process::field::Field;
use bm_process::run::{Changes, Run, Unwatched};
use bm_process::scenario::{Registry, Scenario};
use bm_process::state::{Layer, State, layer};
use bm_process::strata::{Strata, Stratum};
use kinds::bits;

/// Hills by the sea, with soil on sandstone on granite, a lake's worth of water, and a climate.
fn land() -> State {
    land_of(33, 26)
}

fn land_of(width: usize, height: usize) -> State {
    let ground = Field::square(width, height, 100.0, |x, y| {
        let (x, y) = (x as f64, y as f64);
        x * 12.0 - 60.0 + 80.0 * (x * 0.4).sin() * (y * 0.33).cos() + 9.0 * (x * 1.7 + y * 2.3).sin()
    });
    let cells = width * height;
    let mut state = State::new(ground, MaterialId::GRANITE);
    let thickness = |most: f32, k: usize| (0..cells).map(|n| most * ((n * k) % 17) as f32 / 16.0).collect();
    let strata = vec![
        Stratum { material: MaterialId::SEDIMENT, thickness: thickness(3.0, 5) },
        Stratum { material: MaterialId::SANDSTONE, thickness: thickness(40.0, 3) },
    ];
    state.strata = Strata::new(strata, MaterialId::GRANITE).unwrap();
    state.set_layer(layer::TEMPERATURE, Layer::F64((0..cells).map(|n| 4.0 + (n % 9) as f64).collect()));
    state.set_layer(layer::UPLIFT, Layer::F32((0..cells).map(|n| 1e-4 * (n % 5) as f32).collect()));
    state
}

/// For each kind: years of a step, and parameters that make it do something in four steps.
fn cases() -> BTreeMap<&'static str, (f64, &'static str)> {
    const HOUR: f64 = 1.0 / 8766.0;
    BTreeMap::from([
        ("roughen", (100.0, "wavelength = 900\nheight = 20")),
        ("stream-power", (500.0, "deposition = 0.7\nerodibility = 1e-4")),
        ("hillslope", (500.0, "law = 'critical-slope'\ndiffusivity = 0.05")),
        ("uplift", (100.0, "source = 'raster'")),
        ("fault", (100.0, "trace = [[500, 0], [2200, 2600]]\nhorizontal = 0.004\ninfluence = 900")),
        ("isostasy", (100.0, "elastic_thickness = 3000")),
        ("heat", (1.0, "diffusivity = 1e-4\n[process.climate]\nsea_level = 12")),
        ("weathering", (100.0, "")),
        ("slides", (1.0, "what = 'all'\nangle = 8\nrock_angle = 12")),
        ("water", (0.1, "storm = 0.05\nstorms_per_year = 100")),
        ("waves", (50.0, "")),
        ("legacy-erosion", (1e-4, "")),
        ("legacy-water", (3e-10, "")),
        ("legacy-heat", (1.0, "diffusivity = 1e-5")),
        ("legacy-frost", (200.0 * HOUR, "")),
        ("legacy-fault", (1.0, "trace = [[500, 0], [2200, 2600]]\ndisplacement = 0.5")),
        ("legacy-waves", (HOUR, "")),
    ])
}

fn scenario(name: &str, threads: usize) -> String {
    let (step, more) = cases()[name];
    // Something that loads and unloads the crust for isostasy to answer.
    let before = if name == "isostasy" { "[[process]]\nname = 'waves'\n" } else { "" };
    format!(
        "years = {}\nstep = {step}\nthreads = {threads}\n{before}[[process]]\nname = '{name}'\n{more}",
        step * 4.0
    )
}

fn begin(name: &str, threads: usize) -> Run {
    let scenario = Scenario::parse("land.toml", &scenario(name, threads)).unwrap_or_else(|e| panic!("{e}"));
    Run::new(land(), scenario).unwrap_or_else(|e| panic!("{name}: {e}"))
}

#[test]
fn every_kind_has_a_case() {
    let registry = Registry::standard();
    let names: Vec<_> = registry.kinds().iter().map(|kind| kind.name()).collect();
    let mut known = names.clone();
    known.sort_unstable();
    assert!(cases().into_keys().eq(known), "{names:?}");
    for kind in registry.kinds() {
        for common in ["name", "step", "every", "region", "region-edges"] {
            let taken = kind.parameters().iter().any(|own| own.replace('_', "-") == common);
            assert!(!taken, "{} has a parameter {common} of its own", kind.name());
        }
    }
}

#[test]
fn every_process_closes_its_books_and_leaves_no_trace_of_threads() {
    for name in cases().into_keys() {
        let lands = [1, 2, 8].map(|threads| {
            let mut run = begin(name, threads);
            run.run(&mut Unwatched).unwrap_or_else(|e| panic!("{e}"));
            assert!(run.totals().error() < 1e-9, "{name}: {}", run.totals().error());
            (bits(run.state()), format!("{:?}", run.totals()))
        });
        assert!(lands[0] == lands[1] && lands[0] == lands[2], "{name}");
        assert_ne!(lands[0].0, bits(&begin(name, 1).into_state()), "{name} does nothing");
    }
}

#[test]
fn every_process_remembers_nothing_but_layers() {
    for name in cases().into_keys() {
        let mut whole = begin(name, 1);
        whole.run(&mut Unwatched).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let mut run = begin(name, 2).checkpoints(dir.path()).unwrap();
        for _ in 0..2 {
            run.step().unwrap_or_else(|e| panic!("{e}"));
        }
        run.save().unwrap();
        drop(run);
        let mut on =
            Run::resume(dir.path(), &Changes::default()).unwrap_or_else(|e| panic!("{name}: {e}")).run;
        assert_eq!(on.steps_taken(), 2);
        on.run(&mut Unwatched).unwrap();
        assert!(bits(on.state()) == bits(whole.state()), "{name} remembers something that is in no layer");
        assert_eq!(format!("{:?}", on.totals()), format!("{:?}", whole.totals()), "{name}");
    }
}

#[test]
fn every_process_can_be_limited_to_a_region() {
    for name in cases().into_keys() {
        let text = scenario(name, 2).replace(
            &format!("name = '{name}'"),
            &format!("name = '{name}'\nregion = [500, 400, 2300, 2100]"),
        );
        let mut run =
            Run::new(land(), Scenario::parse("land.toml", &text).unwrap_or_else(|e| panic!("{e}"))).unwrap();
        run.run(&mut Unwatched).unwrap_or_else(|e| panic!("{e}"));
        assert!(run.totals().error() < 1e-9, "{name}: {}", run.totals().error());
        let before = land();
        let outside = |cell: usize| !((5..23).contains(&(cell % 33)) && (4..21).contains(&(cell / 33)));
        if name != "isostasy" {
            let same = |cell: usize| run.state().ground.values[cell] == before.ground.values[cell];
            assert!((0..before.cells()).filter(|&cell| outside(cell)).all(same), "{name}");
        }
    }
}

/// Everything at once, with steps and regions of their own.
const TOGETHER: &str = "years = 3200
    step = 400
    [[process]]
    name = 'uplift'
    rate = 0.0004
    [[process]]
    name = 'fault'
    trace = [[500, 0], [2200, 2600]]
    horizontal = 0.0005
    influence = 900
    every = 2
    [[process]]
    name = 'stream-power'
    step = 200
    deposition = 0.4
    flow = 'multiple'
    [[process]]
    name = 'hillslope'
    law = 'critical-slope'
    [[process]]
    name = 'heat'
    [process.climate]
    [[process]]
    name = 'weathering'
    [[process]]
    name = 'slides'
    passes = 20
    [[process]]
    name = 'water'
    every = 4
    storm = 0.02
    most_change = 50
    region = [1000, 900, 4000, 5000]
    [[process]]
    name = 'waves'
    region = [0, 0, 1500, 5600]
    region-edges = 'closed'
    [[process]]
    name = 'stream-power'
    region = [3000, 3000, 5000, 5000]
    [[process]]
    name = 'isostasy'
    every = 4";

#[test]
fn all_together_for_any_number_of_threads_and_after_a_resumption() {
    let begin = |threads: usize| {
        let text = format!("threads = {threads}\n{TOGETHER}");
        Run::new(land_of(70, 61), Scenario::parse("land.toml", &text).unwrap_or_else(|e| panic!("{e}")))
            .unwrap()
    };
    let told = |run: &Run| (bits(run.state()), format!("{:?}", run.totals()));
    let whole = [1, 2, 8].map(|threads| {
        let mut run = begin(threads);
        run.run(&mut Unwatched).unwrap_or_else(|e| panic!("{e}"));
        assert!(run.totals().error() < 1e-12, "{}", run.totals().error());
        told(&run)
    });
    assert!(whole[0] == whole[1] && whole[0] == whole[2]);
    let dir = tempfile::tempdir().unwrap();
    let mut run = begin(2).checkpoints(dir.path()).unwrap();
    for (stop, threads) in [(1, 8), (3, 1), (6, 2)] {
        while run.steps_taken() < stop {
            run.step().unwrap();
        }
        run.save().unwrap();
        let changes = Changes { threads: Some(threads), ..Changes::default() };
        run = Run::resume(dir.path(), &changes).unwrap_or_else(|e| panic!("{e}")).run;
    }
    run.run(&mut Unwatched).unwrap();
    assert!(told(&run) == whole[0]);
}

#[test]
fn books_of_all_together_close_over_ten_thousand_steps() {
    let text = "years = 200_000
        step = 20
        threads = 1
        checkpoint-every = 0
        [[process]]
        name = 'uplift'
        rate = 0.0004
        [[process]]
        name = 'fault'
        trace = [[500, 0], [2200, 2600]]
        vertical = 0.0002
        horizontal = 0.0005
        influence = 900
        every = 5
        [[process]]
        name = 'stream-power'
        deposition = 0.3
        [[process]]
        name = 'hillslope'
        [[process]]
        name = 'heat'
        every = 50
        [process.climate]
        [[process]]
        name = 'weathering'
        [[process]]
        name = 'slides'
        every = 10
        [[process]]
        name = 'waves'
        rate = 0.005
        every = 10
        region = [0, 0, 1500, 2600]
        region-edges = 'closed'
        [[process]]
        name = 'isostasy'
        every = 100
        model = 'airy'";
    let mut run =
        Run::new(land(), Scenario::parse("land.toml", text).unwrap_or_else(|e| panic!("{e}"))).unwrap();
    run.run(&mut Unwatched).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(run.steps_taken(), 10_000);
    let totals = run.totals();
    assert!(totals.error() < 1e-9, "{} {totals:#?}", totals.error());
    for (name, accounts) in &totals.processes {
        let most = totals.solid.after.abs() + accounts.solid.moved() + accounts.solid.gained();
        assert!(accounts.solid.open().abs() < 1e-9 * most, "{name}: {accounts:?}");
    }
}
