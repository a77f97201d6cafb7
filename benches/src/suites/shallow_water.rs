//! Suite `shallow-water`: water over hills, by threads, beside a textbook's loop and landlab's `OverlandFlow`, and beside
//! what memory allows.

mod textbook;

use std::time::Instant;

use bm_process::field::Field;
use bm_process::water::{Erosion, Friction, Options, Scheme, Sheet, Supply, Water};

use super::Suite;
use super::earth::TemporaryFolder;
use crate::harness::{Bench, BenchError, Case, Measure, Targets, Unit};
use crate::inputs::peer_python;
use crate::peers::flows::Flows;
use crate::roofs::Memory;

/// The suite.
pub const SUITE: Suite = Suite {
    name: "shallow-water",
    about: "\
Water of up to 10 m in the valleys of smooth hills, cells of 10 m; a `cell` is one cell in one sub-step (of two stages,
by Heun's method; `euler` has one). `bare` is water alone; `rain` has rain, infiltration and Manning's friction; `all`
erodes its bed as well. Taking the sums of the ledgers is part of it. `roofline-…` is the time of a sub-step on two
threads over the time in which memory (the triad of suite `heat`, just before) moves what its stages read and write: 136
bytes a cell with two stages, 56 with one. Above 1, arithmetic is the limit.

The peer of `euler` is a textbook's loop in Rust, written for this suite: the same equations, one stage, first order in
space (hydrostatic reconstruction after Audusse 2004, HLL), one cell after another, one thread; less exact than ours, which
is of second order in space. `answers` says that the depths of both after a minute of `slosh` differ by less than
3 % of the water.

`slosh-…` is the time for one minute of a mound of water that sinks and spreads in a valley, with Manning's friction,
by steps of each one's own length, two stages and two threads. landlab solves the local-inertial equations, which leave
out what carries momentum along; its depths too differ by less than 3 % of the water.",
    run,
};

/// Height of the bed: smooth hills.
fn hills(edge: usize, cell: f64) -> Field {
    let values = (0..edge * edge)
        .map(|i| {
            let (x, y) = ((i % edge) as f64, (i / edge) as f64);
            50.0 + 10.0 * (0.05 * x).sin() * (0.04 * y).cos()
        })
        .collect();
    Field { width: edge, height: edge, dx: vec![cell; edge].into(), dy: cell, values }
}

fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    let edges: &[usize] = if bench.is_quick() { &[256] } else { &[1024, 4096] };
    let rounds = if bench.is_quick() { 3 } else { 9 };
    let bare = Options::default();
    let rain = Options {
        friction: Friction::Manning(0.03),
        rain: Supply::Uniform(1e-5),
        infiltration: Supply::Uniform(1e-6),
        ..Options::default()
    };
    let all = Options { erosion: Some(Erosion::default()), ..rain.clone() };
    let euler = Options { scheme: Scheme::Euler, ..bare.clone() };
    let reference = textbook_agrees(if bench.is_quick() { 64 } else { 256 })?;
    for &edge in edges {
        for (name, options) in [("bare", &bare), ("euler", &euler), ("rain", &rain), ("all", &all)] {
            for threads in [1, 2] {
                let targets =
                    if threads == 2 && name == "bare" { Targets::at_least(60e6) } else { Targets::default() };
                let measure = speed(edge, Options { threads, ..options.clone() })?;
                let case = format!("{name}-{edge}-{threads}-threads");
                let case = Case::new(case, Unit::PerSecond("cells"), measure);
                let case = match name {
                    "euler" => case.peer("a textbook's loop", textbook_speed(edge), reference),
                    _ => case,
                };
                bench.run(case.targets(targets).rounds(rounds))?;
            }
        }
        for (name, options, bytes) in [("bare", &bare, 136.0), ("euler", &euler, 56.0)] {
            let roof = roofline(edge, Options { threads: 2, ..options.clone() }, bytes)?;
            let label = Unit::Factor("time / time of memory");
            bench.run(Case::new(format!("roofline-{name}-{edge}"), label, roof).rounds(rounds))?;
        }
    }
    slosh(bench)
}

fn fail(error: impl std::fmt::Display) -> BenchError {
    BenchError::contestant("ours", error)
}

/// Valleys full of water that is not level.
fn flooded(edge: usize) -> Sheet {
    let mut sheet = Sheet::dry(hills(edge, 10.0));
    for (cell, depth) in sheet.depth.iter_mut().enumerate() {
        let uneven = 1.0 + 0.1 * (cell % 97) as f64 / 97.0;
        *depth = (52.0 - sheet.bed.values[cell]).max(0.0) * uneven;
    }
    sheet
}

/// A few sub-steps each round: how many, and the seconds they took.
fn sub_steps(
    edge: usize,
    options: Options,
) -> Result<impl FnMut() -> Result<(f64, f64), BenchError>, BenchError> {
    let mut sheet = flooded(edge);
    let mut water = Water::new(options).map_err(fail)?;
    Ok(move || {
        let start = Instant::now();
        let report = water.advance(&mut sheet, 2.0).map_err(fail)?;
        // A sub-step that was taken again was work as well.
        Ok(((report.sub_steps + report.halved) as f64, start.elapsed().as_secs_f64()))
    })
}

/// Cells a second.
fn speed(edge: usize, options: Options) -> Result<Measure<'static>, BenchError> {
    let mut round = sub_steps(edge, options)?;
    let cells = (edge * edge) as f64;
    Ok(Measure::given(move || round().map(|(steps, seconds)| cells * steps / seconds)))
}

fn roofline(edge: usize, options: Options, bytes: f64) -> Result<Measure<'static>, BenchError> {
    let mut round = sub_steps(edge, options)?;
    let mut memory = Memory::new();
    let volume = (edge * edge) as f64 * bytes;
    Ok(Measure::given(move || {
        // One after the other, so that whatever else runs meets both.
        let bandwidth = memory.bandwidth(2);
        let (steps, seconds) = round()?;
        Ok(seconds / steps / (volume / bandwidth))
    }))
}

fn textbook_speed(edge: usize) -> Measure<'static> {
    let Sheet { bed, depth, .. } = flooded(edge);
    let mut pool = textbook::Pool::new((edge, 10.0), bed.values, depth, 0.0);
    let cells = (edge * edge) as f64;
    Measure::given(move || {
        let start = Instant::now();
        let steps = pool.advance(2.0) as f64;
        Ok(cells * steps / start.elapsed().as_secs_f64())
    })
}

/// Whether the textbook's depths after a minute of sloshing are ours.
fn textbook_agrees(edge: usize) -> Result<bool, BenchError> {
    let mound = Mound::new(edge);
    let (_, ours) = mound.ours()?;
    let mut pool = textbook::Pool::new((edge, CELL), mound.bed.values.clone(), mound.depth.clone(), MANNING);
    pool.advance(SECONDS);
    Ok(mound.agree(&ours, &pool.depths()))
}

/// A mound of water in a valley.
struct Mound {
    bed: Field,
    depth: Vec<f64>,
}

const CELL: f64 = 20.0;
const MANNING: f64 = 0.03;
const SECONDS: f64 = 60.0;

impl Mound {
    fn new(edge: usize) -> Self {
        let middle = edge as f64 / 2.0;
        let out = |i: usize| ((i % edge) as f64 - middle).hypot((i / edge) as f64 - middle) / middle;
        let values = (0..edge * edge).map(|i| 2.0 * out(i).powi(2)).collect();
        let bed = Field { width: edge, height: edge, dx: vec![CELL; edge].into(), dy: CELL, values };
        let surface = |i: usize| 4.0 + (-20.0 * out(i).powi(2)).exp();
        // The corners reach up to the surface.
        let depth = (0..edge * edge).map(|i| (surface(i) - bed.values[i]).max(0.0)).collect();
        Self { bed, depth }
    }

    fn ours(&self) -> Result<(f64, Vec<f64>), BenchError> {
        let mut sheet = Sheet::dry(self.bed.clone());
        sheet.depth.clone_from(&self.depth);
        let friction = Friction::Manning(MANNING);
        let mut water = Water::new(Options { friction, threads: 2, ..Options::default() }).map_err(fail)?;
        let start = Instant::now();
        water.advance(&mut sheet, SECONDS).map_err(fail)?;
        Ok((start.elapsed().as_secs_f64(), sheet.depth))
    }

    fn theirs(&self, peer: &mut Flows) -> Result<(f64, Vec<f64>), BenchError> {
        let mut depth = self.depth.clone();
        let shape = (self.bed.width, CELL);
        let (seconds, _) = peer.water(shape, &self.bed.values, &mut depth, MANNING, SECONDS)?;
        Ok((seconds, depth))
    }

    /// Of the water, and of that which has moved, how much do two put elsewhere?
    fn agree(&self, a: &[f64], b: &[f64]) -> bool {
        let apart: f64 = a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum();
        let moved: f64 = a.iter().zip(&self.depth).map(|(a, b)| (a - b).abs()).sum();
        let all: f64 = self.depth.iter().sum();
        a.len() == b.len() && apart < 0.03 * all && apart < 0.5 * moved
    }
}

fn slosh(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    let edge = if bench.is_quick() { 64 } else { 512 };
    let mound = Mound::new(edge);
    let name = format!("slosh-{edge}");
    let ours = Measure::given(|| mound.ours().map(|(seconds, _)| seconds));
    let case = Case::new(name, Unit::Seconds, ours).rounds(3);
    let Some(python) = peer_python() else {
        bench.leave_out("landlab", "run `cargo xtask peers`")?;
        return bench.run(case);
    };
    let folder = TemporaryFolder::new("water")?;
    let mut peer = Flows::start(&python, folder.path())?;
    let (_, a) = mound.ours()?;
    let (_, b) = match mound.theirs(&mut peer) {
        Ok(answer) => answer,
        Err(error) => {
            bench.leave_out("landlab", &error.to_string())?;
            return bench.run(case);
        }
    };
    let agree = mound.agree(&a, &b);
    let theirs = Measure::given(|| mound.theirs(&mut peer).map(|(seconds, _)| seconds));
    bench.run(case.peer("landlab 2.11 OverlandFlow", theirs, agree))
}
