//! Suite `heat`: diffusion of heat, by threads and sub-steps, beside numpy and beside what memory allows.

use std::time::Instant;

use bm_process::field::Field;
use bm_process::heat::{Edge, Edges, Heat, Medium, Real};

use super::Suite;
use super::earth::TemporaryFolder;
use crate::harness::{Bench, BenchError, Case, Measure, Targets, Unit};
use crate::inputs::{Random, peer_python};
use crate::peers::flows::Flows;
use crate::roofs::{Memory, arithmetic};

/// The suite.
pub const SUITE: Suite = Suite {
    name: "heat",
    about: "\
Explicit diffusion of heat on squares of 1024² and 4096² cells, 15 sub-steps to a step; a `cell` is one cell in one
sub-step, and the sums that make the ledger are part of the step. `uniform` has one diffusivity, `cells` one for each
cell with harmonic means at the faces; `f32` keeps temperatures in 32 bits. The peer is numpy by whole arrays, the same
fluxes with the same sub-steps, one thread, whichever number of threads ours has; every temperature is compared (1e-9
relative).

`triad` is what memory does in this run: a = b + s·c over three arrays of 128 MB, 24 bytes an element. `roofline-…` is
the time of a sub-step on two threads over the time in which the triad moves what a single sub-step reads and writes
(uniform: 16 bytes a cell, cells: 40; in 64 bits). Below 1 is beyond what memory allows to a program that passes over
it once for each sub-step: ours takes several sub-steps in one pass. `…-one-pass` is a step of one sub-step, in one pass.
`arithmetic` is what the processor does in this run: multiplications and additions of 64-bit floats, not fused, all in
registers.",
    run,
};

/// Sub-steps of a step.
const SUB_STEPS: usize = 15;

fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    for threads in [1, 2] {
        let mut memory = Memory::new();
        let triad = Measure::given(move || Ok(memory.bandwidth(threads)));
        bench.run(Case::new(format!("triad-{threads}-threads"), Unit::PerSecond("bytes"), triad))?;
        let busy = Measure::given(move || Ok(arithmetic(threads)));
        bench.run(Case::new(format!("arithmetic-{threads}-threads"), Unit::PerSecond("flop"), busy))?;
    }
    let edges: &[usize] = if bench.is_quick() { &[512] } else { &[1024, 4096] };
    for &edge in edges {
        one_size(bench, edge)?;
    }
    Ok(())
}

/// Random temperatures and diffusivities.
struct Ground {
    field: Field,
    each: Vec<f64>,
}

impl Ground {
    fn new(edge: usize) -> Self {
        let mut random = Random::new(42);
        let values = (0..edge * edge).map(|_| 20.0 + 10.0 * random.unit()).collect();
        let each = (0..edge * edge).map(|_| 1e-6 * (0.5 + random.unit())).collect();
        Self { field: Field { width: edge, height: edge, dx: vec![1.0; edge].into(), dy: 1.0, values }, each }
    }

    fn heat<R: Real>(&self, medium: &Medium, threads: usize) -> Result<Heat<R>, BenchError> {
        Heat::new(&self.field, medium, Edges::all(Edge::NoFlux))
            .map(|heat| heat.threads(threads))
            .map_err(|error| BenchError::contestant("ours", error))
    }
}

fn one_size(bench: &mut Bench<'_>, edge: usize) -> Result<(), BenchError> {
    let ground = Ground::new(edge);
    let uniform = Medium::Uniform(1e-6);
    let cells = Medium::Diffusivity(ground.each.clone());
    let rounds = if bench.is_quick() { 3 } else { 9 };
    let folder = TemporaryFolder::new("heat")?;
    for (name, medium, bytes) in [("uniform", &uniform, 16.0), ("cells", &cells, 40.0)] {
        let mut peer = numpy(bench, folder.path())?;
        for threads in [1, 2] {
            let heat = ground.heat::<f64>(medium, threads)?;
            let targets = if threads == 2 { Targets::at_least(300e6) } else { Targets::default() };
            let case =
                Case::new(format!("{name}-{edge}-{threads}-threads"), cells_a_second(), ours(&ground, heat))
                    .targets(targets)
                    .rounds(rounds);
            let case = match &mut peer {
                Some(peer) => {
                    let agrees = agrees(&ground, medium, peer, threads)?;
                    case.peer("numpy", theirs(&ground, medium, peer)?, agrees)
                }
                None => case,
            };
            bench.run(case)?;
        }
        let heat = ground.heat::<f64>(medium, 2)?;
        let roof = roofline(&ground, heat, bytes);
        let label = Unit::Factor("time / time of memory");
        bench.run(Case::new(format!("roofline-{name}-{edge}"), label, roof).rounds(rounds))?;
        let heat = ground.heat::<f64>(medium, 2)?;
        let case = format!("{name}-{edge}-2-threads-one-pass");
        bench.run(Case::new(case, cells_a_second(), steps(&ground, heat, 1)).rounds(rounds))?;
        let heat = ground.heat::<f32>(medium, 2)?;
        let name = format!("{name}-{edge}-2-threads-f32");
        bench.run(Case::new(name, cells_a_second(), ours(&ground, heat)).rounds(rounds))?;
    }
    Ok(())
}

fn cells_a_second() -> Unit {
    Unit::PerSecond("cells")
}

fn numpy(bench: &mut Bench<'_>, folder: &std::path::Path) -> Result<Option<Flows>, BenchError> {
    match peer_python() {
        Some(python) => Flows::start(&python, folder).map(Some),
        None => bench.leave_out("numpy", "run `cargo xtask peers`").map(|()| None),
    }
}

fn ours<'a, R: Real>(ground: &Ground, heat: Heat<R>) -> Measure<'a> {
    steps(ground, heat, SUB_STEPS)
}

/// Steps of so many sub-steps.
fn steps<'a, R: Real>(ground: &Ground, mut heat: Heat<R>, sub_steps: usize) -> Measure<'a> {
    let mut values: Vec<R> = ground.field.values.iter().map(|&value| R::from_f64(value)).collect();
    let dt = heat.stable_step() * sub_steps as f64;
    let work = values.len() * sub_steps;
    Measure::given(move || {
        let start = Instant::now();
        heat.advance(&mut values, dt).map_err(|error| BenchError::contestant("ours", error))?;
        Ok(work as f64 / start.elapsed().as_secs_f64())
    })
}

fn diffusivity(medium: &Medium) -> Result<f64, &[f64]> {
    match medium {
        Medium::Diffusivity(each) => Err(each),
        Medium::Uniform(alpha) => Ok(*alpha),
        Medium::Conductivity { conductivity, .. } => Err(conductivity),
    }
}

fn theirs<'a>(
    ground: &'a Ground,
    medium: &'a Medium,
    peer: &'a mut Flows,
) -> Result<Measure<'a>, BenchError> {
    let step = ground.heat::<f64>(medium, 1)?.stable_step();
    let mut values = ground.field.values.clone();
    let work = (values.len() * SUB_STEPS) as f64;
    Ok(Measure::given(move || {
        let took = peer.heat(ground.field.width, &mut values, diffusivity(medium), step, SUB_STEPS)?;
        Ok(work / took)
    }))
}

/// Whether every temperature is the same after a step.
fn agrees(ground: &Ground, medium: &Medium, peer: &mut Flows, threads: usize) -> Result<bool, BenchError> {
    let mut heat = ground.heat::<f64>(medium, threads)?;
    let step = heat.stable_step();
    let (mut mine, mut other) = (ground.field.values.clone(), ground.field.values.clone());
    heat.advance(&mut mine, step * SUB_STEPS as f64)
        .map_err(|error| BenchError::contestant("ours", error))?;
    peer.heat(ground.field.width, &mut other, diffusivity(medium), step, SUB_STEPS)?;
    Ok(mine.len() == other.len() && mine.iter().zip(&other).all(|(a, b)| (a - b).abs() <= 1e-9 * a.abs()))
}

fn roofline<'a>(ground: &Ground, mut heat: Heat<f64>, bytes: f64) -> Measure<'a> {
    let mut values = ground.field.values.clone();
    let dt = heat.stable_step() * SUB_STEPS as f64;
    let mut memory = Memory::new();
    Measure::given(move || {
        // One after the other, so that whatever else runs meets both.
        let bandwidth = memory.bandwidth(2);
        let start = Instant::now();
        heat.advance(&mut values, dt).map_err(|error| BenchError::contestant("ours", error))?;
        let sub_step = start.elapsed().as_secs_f64() / SUB_STEPS as f64;
        Ok(sub_step / (values.len() as f64 * bytes / bandwidth))
    })
}
