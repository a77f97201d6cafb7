//! Scenarios: what files may say, what errors show, and what happens in a run.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what a test cannot do without fails it")]

mod kinds;

use std::ops::ControlFlow;

use bm_process::route::{Edge, Rim};
use bm_process::run::{Ended, Problem, Progress, Run, RunError, Unwatched};
use bm_process::scenario::{Entry, RegionBox, Scenario, ScenarioError};
use bm_process::state::{Layer, State, layer};
use kinds::{bits, hills, registry};

fn parse(text: &str) -> Result<Scenario, ScenarioError> {
    Scenario::parse_with(&registry(), "land.toml", text)
}

fn run(state: State, text: &str) -> Result<State, RunError> {
    let mut run = Run::new(state, parse(text)?)?;
    run.run(&mut Unwatched)?;
    Ok(run.into_state())
}

fn first(state: &State, name: &str) -> f64 {
    state.layer(name).map_or(f64::NAN, |layer| layer.get(0))
}

#[test]
fn a_file_says_everything_and_reads_back_as_itself() {
    let text = r#"
        title = "All there is"
        years = 20_000
        step = 500
        threads = 2
        sea-level = -3.5
        checkpoint-every = 7
        split-at-most = 12
        edges = { west = "closed", south = "periodic", north = "periodic" }

        [[process]]
        name = "lift"
        rate = 0.0021
        every = 4

        [[process]]
        name = "creep"
        step = 100
        region = { metres = [0, 0, 900.5, 1000] }
        region-edges = "closed"

        [[process]]
        name = "lift"
        region = [1.5, 2, 3, 4]
    "#;
    let scenario = parse(text).unwrap();
    assert_eq!(
        (scenario.title.as_str(), scenario.years, scenario.step_years()),
        ("All there is", Some(2e4), 500.0)
    );
    assert_eq!((scenario.threads, scenario.sea_level, scenario.checkpoint_every), (2, Some(-3.5), 7));
    assert_eq!(scenario.split_at_most, 12);
    let rim = Rim { west: Edge::Closed, east: Edge::Fixed, south: Edge::Looped, north: Edge::Looped };
    assert_eq!(scenario.edges, Some(rim));
    let [lift, creep, last] = &scenario.processes[..] else { panic!("three") };
    assert_eq!((lift.name(), lift.every, lift.region), ("lift", Some(4), None));
    assert_eq!(lift.parameters()["rate"].as_float(), Some(0.0021));
    assert_eq!(creep.step, Some(100.0));
    assert_eq!(creep.region, Some(RegionBox::Metres([0.0, 0.0, 900.5, 1000.0])));
    assert_eq!(
        (creep.region_edges, last.region),
        (Edge::Closed, Some(RegionBox::AsLand([1.5, 2.0, 3.0, 4.0])))
    );
    let again = scenario.to_toml();
    assert_eq!(parse(&again).unwrap().to_toml(), again);
    for word in ["0.0021", "closed", "900.5", "periodic", "-3.5"] {
        assert!(again.contains(word), "{word} in {again}");
    }
}

/// Line, column, and words that must be in the message.
fn fault(text: &str, line: usize, column: usize, words: &[&str]) {
    let error = parse(text).unwrap_err();
    let shown = error.to_string();
    assert_eq!(error.place(), Some((line, column)), "{shown}");
    assert!(shown.starts_with(&format!("land.toml:{line}:{column}: ")), "{shown}");
    let quoted = text.lines().nth(line - 1).unwrap_or_default();
    assert!(shown.contains(&format!("{line} | {quoted}\n")), "{shown}");
    for word in words {
        assert!(shown.contains(word), "{word:?} is not in: {shown}");
    }
}

#[test]
fn errors_show_where_and_what_is_possible() {
    let with = |process: &str| format!("years = 100\n[[process]]\n{process}");
    fault(
        "yeers = 5\n[[process]]\nname = 'lift'",
        1,
        1,
        &["unknown key `yeers`", "Did you mean `years`?", "`sea-level`"],
    );
    fault(
        &with("name = 'lift'\nrat = 2"),
        4,
        1,
        &["unknown key `rat`", "Did you mean `rate`?", "`region-edges`"],
    );
    fault(&with("name = 'lft'"), 3, 8, &["no process `lft`", "did you mean `lift`?", "`faulty`"]);
    fault(&with("name = 'lift'\nrate = 'high'"), 4, 8, &["string \"high\"", "^^^^^^"]);
    fault(&with("name = 3"), 3, 8, &["integer"]);
    fault(&with("rate = 3"), 2, 1, &["no `name`"]);
    fault("years = 100", 1, 1, &["[[process]]", "nothing would happen"]);
    fault("years = 100\nprocess = []", 2, 11, &["empty"]);
    fault("years = 100\nprocess = 5", 2, 11, &["integer"]);
    fault("years = 100\nprocess = [5]", 2, 12, &["integer"]);
    fault("years = 100\nyears = 3", 2, 1, &["duplicate"]);
    fault("years = \n", 1, 9, &[]);
    fault("years = 1e400\n[[process]]\nname = 'lift'", 1, 9, &[]);
    for years in ["-5", "0", "nan", "inf"] {
        fault(
            &format!("years = {years}\n[[process]]\nname = 'lift'"),
            1,
            9,
            &["`years`", "more than 0 years"],
        );
    }
    fault("years = 10\nstep = 20\n[[process]]\nname = 'lift'", 2, 8, &["20 years", "10 years"]);
    fault("years = 10\nstep = nan\n[[process]]\nname = 'lift'", 2, 8, &["NaN"]);
    fault("years = 10\nstep = 1e-15\n[[process]]\nname = 'lift'", 2, 8, &["steps"]);
    fault("threads = -1\n[[process]]\nname = 'lift'", 1, 11, &["-1"]);
    fault("threads = 100_000\n[[process]]\nname = 'lift'", 1, 11, &["1024"]);
    fault("sea-level = inf\n[[process]]\nname = 'lift'", 1, 13, &["metres"]);
    fault("split-at-most = 0\n[[process]]\nname = 'lift'", 1, 17, &["no step is split"]);
    fault("edges = 'open'\n[[process]]\nname = 'lift'", 1, 9, &["`open`", "`periodic`"]);
    fault("edges = 4\n[[process]]\nname = 'lift'", 1, 9, &["integer"]);
    fault("edges = { left = 'closed' }\n[[process]]\nname = 'lift'", 1, 11, &["`left`", "`west`"]);
    fault("edges = { west = 'periodic' }\n[[process]]\nname = 'lift'", 1, 9, &["opposite"]);
    fault(&with("name = 'lift'\nregion = [1, 2, 3]"), 4, 10, &["four numbers"]);
    fault(&with("name = 'lift'\nregion = [1, 5, 3, 4]"), 4, 10, &["south edge 5"]);
    fault(&with("name = 'lift'\nregion = [1, 2, nan, 4]"), 4, 10, &["NaN"]);
    fault(&with("name = 'lift'\nregion = { metres = [4, 2, 3, 4] }"), 4, 10, &["west edge 4"]);
    fault(&with("name = 'lift'\nregion = {}"), 4, 10, &["degrees", "metres"]);
    fault(&with("name = 'lift'\nregion-edges = 'periodic'"), 4, 16, &["periodic"]);
    fault(&with("name = 'lift'\nstep = -1"), 4, 8, &["-1 years"]);
    fault(&with("name = 'lift'\nstep = 1e-20"), 4, 8, &["billionth"]);
    fault(&with("name = 'lift'\nevery = 0"), 4, 9, &["every last step"]);
    fault(&format!("step = 30\n{}", with("name = 'lift'\nstep = 45")), 5, 8, &["whole multiple", "30 or 60"]);
    fault(
        &format!("step = 30\n{}", with("name = 'lift'\nevery = 2\nstep = 90")),
        6,
        8,
        &["`every` lets gather"],
    );
    // Columns are characters, not bytes, and the mark stands under what is meant.
    let shown = parse("title = \"Höhe\"\n[[process]]\nname = 'lift'\n\"ß\" = 1").unwrap_err().to_string();
    assert!(shown.contains("land.toml:4:1") && shown.contains("\n    | ^^^\n"), "{shown}");
}

#[test]
fn dashes_and_underscores_are_the_same() {
    let scenario =
        parse("sea_level = 3\n[[process]]\nname = 'lift'\nregion_edges = 'closed'\nregion = [0, 0, 1, 1]")
            .unwrap();
    assert_eq!((scenario.sea_level, scenario.processes[0].region_edges), (Some(3.0), Edge::Closed));
    fault("sea_level = 3\nsea-level = 4\n[[process]]\nname = 'lift'", 1, 1, &["unknown key `sea_level`"]);
}

#[test]
fn values_that_only_the_land_refuses_are_shown_as_well() {
    let scenario = parse("years = 100\n[[process]]\nname = 'lift'\nrate = nan").unwrap();
    let shown = Run::new(hills(5, 5), scenario).err().unwrap().to_string();
    assert!(shown.starts_with("land.toml:4:8: lift: rate is NaN; it must be finite"), "{shown}");
    let scenario = parse("years = 100\n[[process]]\nname = 'lift'\nregion = [9e9, 0, 9.1e9, 1]").unwrap();
    let shown = Run::new(hills(5, 5), scenario).err().unwrap().to_string();
    assert!(shown.contains("land.toml:4:10") && shown.contains("500 m wide"), "{shown}");
    let scenario = parse("[[process]]\nname = 'lift'").unwrap();
    assert!(Run::new(hills(5, 5), scenario).err().unwrap().to_string().contains("years"));
    let entry = Entry::new(&registry(), "lift", toml::from_str("rate = 'x'").unwrap());
    assert!(entry.unwrap_err().to_string().contains("expected f64"));
    assert!(Scenario::of_processes(["no-such"], 10.0).unwrap_err().to_string().contains("no process"));
    assert!(Scenario::of_processes([], 10.0).is_err());
}

#[test]
fn the_same_time_passes_for_everything() {
    // 1050 years in steps of 100: ten and a half.
    let rain = |more: &str| {
        let text = format!("years = 1050\nstep = 100\n[[process]]\nname = 'rain'\n{more}");
        let state = run(hills(4, 4), &text).unwrap();
        assert!((first(&state, layer::WATER_DEPTH) - 1050.0).abs() < 1e-9, "{more}");
        assert!((first(&state, "clock") - 1050.0).abs() < 1e-9, "{more}");
        assert_eq!(state.time, 1050.0 * bm_process::process::YEAR);
        first(&state, "calls")
    };
    assert_eq!(rain(""), 11.0);
    assert_eq!(rain("step = 100"), 11.0);
    // Three parts of a step, two of the half one at the end.
    assert_eq!(rain("step = 40"), 32.0);
    assert_eq!(rain("every = 4"), 3.0);
    assert_eq!(rain("step = 400"), 3.0);
    assert_eq!(rain("step = 200\nevery = 4"), 6.0);
    // No longer than is stable.
    assert_eq!(rain("limit = 50"), 21.0);
    assert_eq!(rain("limit = 30"), 42.0);
}

#[test]
fn steps_that_are_not_stable_are_split_or_refused_with_the_limit() {
    let text = |limit: &str, most: &str| {
        format!("years = 1000\nstep = 100\n{most}\n[[process]]\nname = 'rain'\nlimit = {limit}")
    };
    assert!(run(hills(4, 4), &text("10", "split-at-most = 10")).is_ok());
    let error = run(hills(4, 4), &text("9.9", "split-at-most = 10")).unwrap_err();
    let shown = error.to_string();
    assert!(
        shown.contains("step 1, rain") && shown.contains("9.9 years") && shown.contains("100 years"),
        "{shown}"
    );
    let error = run(hills(4, 4), &text("1e-9", "")).unwrap_err();
    assert!(error.to_string().contains("3.1558e-2 s"), "{error}");
    for none in ["0", "-1", "nan"] {
        let RunError::Step(error) = run(hills(4, 4), &text(none, "")).unwrap_err() else { panic!("{none}") };
        assert!(matches!(error.problem, Problem::Unstable { .. }), "{none}");
    }
}

#[test]
fn wrong_books_and_numbers_that_are_none_name_the_process() {
    let text = |how: &str| {
        format!(
            "years = 100\nstep = 10\n[[process]]\nname = 'lift'\n[[process]]\nname = 'faulty'\nfrom = 30\nhow = '{how}'"
        )
    };
    let cases: [(&str, &[&str]); 6] = [
        ("leak", &["solid as measured", "unaccounted"]),
        ("misbook", &["solid", "unaccounted"]),
        ("nan", &["ground of cell (2, 1) has become NaN"]),
        ("infinite", &["ground of cell (2, 1) has become inf"]),
        ("layer", &["strain of cell (2, 1) has become NaN"]),
        ("other", &["nothing goes"]),
    ];
    for (how, words) in cases {
        let mut run = Run::new(hills(6, 5), parse(&text(how)).unwrap()).unwrap();
        let mut seen = 0;
        let mut watch = |_: &Progress<'_>| {
            seen += 1;
            ControlFlow::Continue(())
        };
        let error = run.run(&mut watch).unwrap_err().to_string();
        assert!(error.starts_with("step 4, faulty: "), "{error}");
        assert!(words.iter().all(|word| error.contains(word)), "{error}");
        assert_eq!(seen, 3);
        assert!(matches!(run.step(), Err(RunError::Broken(_))));
    }
    // A guard that allows more.
    let mut run = Run::new(hills(6, 5), parse(&text("leak")).unwrap()).unwrap().guard(0.1);
    assert_eq!(run.run(&mut Unwatched).unwrap(), Ended::Finished);
    assert!(run.totals().error() > 1e-3);
    // Two of a kind are told apart.
    let text =
        "years = 1\n[[process]]\nname = 'lift'\n[[process]]\nname = 'lift'\n[[process]]\nname = 'faulty'";
    let run = Run::new(hills(6, 5), parse(text).unwrap()).unwrap();
    let names: Vec<_> = run.totals().processes.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["lift", "lift-2", "faulty"]);
}

#[test]
fn holes_stay_holes_and_count_for_nothing() {
    let mut state = hills(12, 9);
    for cell in [0, 17, 50, 51, 52] {
        state.ground.values[cell] = f64::NAN;
    }
    let text = "years = 1000\nstep = 10\n[[process]]\nname = 'lift'\n[[process]]\nname = 'rain'\n[[process]]\nname = 'faulty'\nfrom = 995\nhow='x'";
    let mut run = Run::new(state, parse(text).unwrap()).unwrap();
    run.run(&mut Unwatched).unwrap();
    assert!(run.totals().error() < 1e-12);
    assert_eq!(run.state().ground.values.iter().filter(|z| z.is_nan()).count(), 5);
    let mut state = hills(4, 4);
    state.ground.values[6] = f64::INFINITY;
    let error = Run::new(state, parse("years = 1\n[[process]]\nname = 'lift'").unwrap()).err().unwrap();
    assert!(error.to_string().contains("cell (2, 1) has become inf"), "{error}");
}

#[test]
fn land_that_is_none() {
    let refused = |change: &dyn Fn(&mut State), word: &str| {
        let mut state = hills(4, 4);
        change(&mut state);
        let error = Run::new(state, parse("years = 1\n[[process]]\nname = 'lift'").unwrap()).err().unwrap();
        assert!(matches!(error, RunError::Land(_)) && error.to_string().contains(word), "{error}");
    };
    let strata = |cells| bm_process::strata::Strata::uniform(cells, bm_core::MaterialId::ROCK);
    refused(&|state| *state = hills(0, 0), "none of its 0 cells");
    refused(&|state| state.ground.values.fill(f64::NAN), "none of its 16 cells");
    refused(&|state| state.ground.width = 5, "5 × 4");
    refused(&|state| state.ground.dx[2] = f64::NAN, "row 2");
    refused(&|state| state.ground.dy = 0.0, "0 m high");
    refused(&|state| state.sea_level = f64::NAN, "sea");
    refused(&|state| state.strata = strata(15), "15 cells of 16");
    refused(
        &|state| state.strata = bm_process::strata::Strata::uniform(16, bm_core::MaterialId(999)),
        "material 999",
    );
}

#[test]
fn totals_close_and_observers_stop_runs() {
    let text = "years = 3000\nstep = 10\n[[process]]\nname = 'lift'\n[[process]]\nname = 'creep'\nstep = 5\n[[process]]\nname = 'rain'";
    let mut run = Run::new(hills(20, 16), parse(text).unwrap()).unwrap();
    let mut steps = Vec::new();
    let mut watch = |progress: &Progress<'_>| {
        assert_eq!((progress.steps, progress.of_years, progress.report.processes.len()), (300, 3000.0, 3));
        assert_eq!(progress.report.processes[1].parts, 2);
        assert!((progress.years - 10.0 * progress.step as f64).abs() < 1e-9);
        assert!(progress.totals.error() < 1e-12);
        steps.push(progress.step);
        if progress.step == 120 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    assert_eq!(run.run(&mut watch).unwrap(), Ended::Stopped);
    assert_eq!(run.run(&mut watch).unwrap(), Ended::Finished);
    assert!(steps.into_iter().eq(1..=300));
    let totals = run.totals();
    assert!(totals.error() < 1e-12, "{}", totals.error());
    let [(_, lift), (_, creep), (_, rain)] = &totals.processes[..] else { panic!("three") };
    let area = 20.0 * 16.0 * 1e4;
    assert!((lift.solid.gained() / (3.0 * area) - 1.0).abs() < 1e-9);
    assert!(creep.solid.moved() > 0.0 && creep.water.moved() == 0.0);
    assert!(
        (rain.water.gained() / (3000.0 * area) - 1.0).abs() < 1e-9 && rain.water.net() == totals.water.after
    );
    assert!((totals.solid.after - run.state().ground.volume()).abs() < 1e-9 * totals.solid.after);
}

#[test]
fn a_process_in_a_region_leaves_the_rest_alone() {
    let before = hills(20, 16);
    for edges in ["fixed", "closed"] {
        let text = format!(
            "years = 200\nstep = 10\n[[process]]\nname = 'creep'\nregion = [500, 300, 1500, 1600]\nregion-edges = '{edges}'"
        );
        let mut run = Run::new(before.clone(), parse(&text).unwrap()).unwrap();
        run.run(&mut Unwatched).unwrap();
        assert!(run.totals().error() < 1e-13);
        let after = run.state();
        let inside = |cell: usize| (5..15).contains(&(cell % 20)) && cell / 20 >= 3;
        let changed = |cell: usize| after.ground.values[cell] != before.ground.values[cell];
        assert!((0..320).all(|cell| inside(cell) || !changed(cell)));
        assert!((0..320).filter(|&cell| changed(cell)).count() > 60);
        let Some(Layer::F32(crept)) = after.layer("crept") else { panic!("a layer") };
        assert!((0..320).all(|cell| inside(cell) == (crept[cell] != 0.0)));
    }
}

#[test]
fn the_same_bits_for_any_number_of_threads() {
    let text = |threads: usize| {
        format!(
            "years = 400\nstep = 10\nthreads = {threads}\n[[process]]\nname = 'lift'\n[[process]]\nname = 'creep'\nstep = 4\n\
             [[process]]\nname = 'rain'\nevery = 3\n[[process]]\nname = 'creep'\nregion = [300, 300, 2000, 2500]"
        )
    };
    let lands = [1, 2, 8].map(|threads| bits(&run(hills(70, 45), &text(threads)).unwrap()));
    assert_eq!(lands[0], lands[1]);
    assert_eq!(lands[0], lands[2]);
}

/// Pieces that texts are made of, whole and broken.
const PIECES: [&str; 40] = [
    "years",
    "step",
    "=",
    " ",
    "\n",
    "[[process]]\n",
    "name = 'lift'\n",
    "name = 'creep'",
    "region",
    "[0, 0, 500, 500]",
    "[",
    "]",
    "{",
    "}",
    "metres",
    "'",
    "\"",
    "1",
    "-3",
    "1e300",
    "nan",
    "inf",
    "0x1F",
    "ß",
    "\u{1F30D}",
    "\t",
    "\r\n",
    "#",
    "edges",
    "'closed'",
    "'periodic'",
    "rate",
    "every",
    ".",
    ",",
    "years = 100\n",
    "step = 10\n",
    "true",
    "1979-05-27",
    "\0",
];

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2000))]

    #[test]
    fn no_text_is_too_much(pieces in proptest::collection::vec(0..PIECES.len(), 0..24)) {
        let text: String = pieces.into_iter().map(|n| PIECES[n]).collect();
        match parse(&text) {
            // What can be read can be written, and says the same then.
            Ok(scenario) => {
                let again = scenario.to_toml();
                proptest::prop_assert_eq!(parse(&again).map(|s| s.to_toml()).unwrap_or_default(), again);
            }
            Err(error) => {
                let shown = error.to_string();
                if let Some((line, column)) = error.place() {
                    let at = shown.starts_with(&format!("land.toml:{line}:{column}: "));
                    let there = text.split('\n').nth(line - 1).is_some_and(|line| column <= line.chars().count() + 1);
                    proptest::prop_assert!(at && there, "{}", shown);
                }
            }
        }
    }

    #[test]
    fn regions_are_the_cells_whose_centres_lie_in_them(
        edges in proptest::array::uniform4(-200.0..1500.0_f64), whole in proptest::bool::ANY,
    ) {
        let [w, s, e, n] = if whole { edges.map(|edge| (edge / 50.0).round() * 50.0) } else { edges };
        let state = hills(12, 9);
        let window = RegionBox::Metres([w, s, e, n]).window(&state);
        let inside = |x: usize, y: usize| {
            let (x, y) = (x as f64 * 100.0 + 50.0, y as f64 * 100.0 + 50.0);
            w < e && s < n && x >= w && x < e && y >= s && y < n
        };
        for cell in 0..12 * 9 {
            let (x, y) = (cell % 12, cell / 12);
            let there = window.is_some_and(|window| window.contains(x as u32, y as u32));
            proptest::prop_assert_eq!(there, inside(x, y), "cell {} {}", x, y);
        }
    }
}
