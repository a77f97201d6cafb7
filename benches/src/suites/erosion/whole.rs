//! Whole steps, one upon the other.

use std::path::Path;
use std::time::Instant;

use bm_process::field::Field;
use bm_process::hillslope::{Diffusion, Diffusivity};
use bm_process::route::{Flow, Rim, Router};
use bm_process::stream_power::{Erodibility, StreamPower};

use super::{difference, ours, peer, relief};
use crate::harness::{Bench, BenchError, Case as Row, Targets, Unit};
use crate::inputs::terrain::{Case, Law, asia, fractal, lifted};
use crate::peers::terrain::{Kind, Took};
use crate::suites::edited::one_after_another;

/// Metres a step.
pub(in crate::suites) const UPLIFT: f64 = 0.5;

/// Between steps heights are rounded to multiples of 2^−30 m.
const BITS: i32 = 30;

/// Ours: what a step needs, kept from one to the next.
pub(in crate::suites) struct Step {
    pub(in crate::suites) ground: Field,
    law: Law,
    router: Router,
    flow: Flow,
    rivers: StreamPower,
    creep: Diffusion,
}

impl Step {
    pub(super) fn new(case: &Case, threads: usize) -> Self {
        Self::on(case.ground.clone(), case.law, threads)
    }

    pub(in crate::suites) fn on(ground: Field, law: Law, threads: usize) -> Self {
        let mut rivers = StreamPower::new(Erodibility::Uniform(law.k), law.m, law.n);
        let mut creep = Diffusion::new(Diffusivity::Uniform(law.d), Rim::default());
        (rivers.threads, creep.threads) = (threads, threads);
        let router = Router::new(Rim::default()).threads(threads);
        Self { ground, law, router, flow: Flow::default(), rivers, creep }
    }

    fn step(&mut self) -> Result<(), BenchError> {
        let width = self.ground.width;
        let inner = self.ground.height - 1;
        for row in self.ground.values.chunks_exact_mut(width).take(inner).skip(1) {
            row[1..width - 1].iter_mut().for_each(|z| *z += UPLIFT);
        }
        self.router.route(&self.ground, &mut self.flow).map_err(ours)?;
        let cut = self.rivers.erode(&mut self.ground, &self.flow, self.law.dt).map_err(ours)?;
        let creep = self.creep.step(&mut self.ground, self.law.dt).map_err(ours)?;
        if cut.error() < 1e-9 && creep.error() < 1e-9 {
            Ok(())
        } else {
            Err(ours("the ledger does not close"))
        }
    }

    /// Heights to multiples of 2^−[`BITS`] m.
    fn round(&mut self) {
        let parts = 2_f64.powi(BITS);
        self.ground.values.iter_mut().for_each(|z| *z = (*z * parts).round_ties_even() / parts);
    }

    pub(in crate::suites) fn timed(&mut self) -> Result<Took, BenchError> {
        let (start, cpu) = (Instant::now(), cpu());
        self.step()?;
        Ok(Took { cpu: self::cpu() - cpu, wall: start.elapsed().as_secs_f64() })
    }
}

/// Seconds this thread was on a processor.
pub(in crate::suites) fn cpu() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

pub(super) fn run(bench: &mut Bench<'_>, folder: &Path) -> Result<(), BenchError> {
    let quick = bench.is_quick();
    let sizes: &[(usize, usize)] = if quick { &[(256, 10)] } else { &[(1024, 100), (4096, 5)] };
    for &(size, steps) in sizes {
        let case = Case { ground: fractal(size, 5), law: Law::default() };
        beside(bench, &format!("step-fractal-{size}"), &case, steps, Kind::Fastscapelib, folder, None)?;
    }
    let size = if quick { 256 } else { 1024 };
    let case = Case { ground: fractal(size, 6), law: Law { n: 1.5, ..Law::default() } };
    beside(bench, &format!("step-fractal-{size}-n1.5"), &case, 10, Kind::Fastscapelib, folder, None)?;
    let size = if quick { 256 } else { 1024 };
    if let Some(ground) = asia(size)? {
        let name = format!("step-asia-{size}");
        let steps = if quick { 10 } else { 100 };
        let note = apart(bench, &Case { ground: ground.clone(), law: Law::default() }, steps, folder)?;
        let case = Case { ground: lifted(ground), law: Law::default() };
        beside(bench, &name, &case, steps, Kind::Fastscapelib, folder, note)?;
    }
    let size = if quick { 128 } else { 512 };
    let case = Case { ground: fractal(size, 5), law: Law::default() };
    beside(bench, &format!("step-fractal-{size}-landlab"), &case, 4, Kind::Landlab, folder, None)
}

/// How far the peer and we come apart, on land as it is, after some of so many steps: which cells by more than a thousand
/// millionth of the relief, and by how much of it at most.
fn apart(
    bench: &mut Bench<'_>,
    case: &Case,
    steps: usize,
    folder: &Path,
) -> Result<Option<String>, BenchError> {
    let Some(mut theirs) = peer(bench, Kind::Fastscapelib, case, folder)? else { return Ok(None) };
    let mut side = Step::new(case, 1);
    let cells = case.ground.values.len();
    let within = 1e-9 * relief(&case.ground);
    let mut words = Vec::new();
    for step in 1..=steps {
        side.step()?;
        side.round();
        theirs.step(UPLIFT)?;
        theirs.round_to(BITS)?;
        if [1, 10, 30, 100].contains(&step) {
            let heights = theirs.get("heights")?;
            let largest = difference(&case.ground, &side.ground.values, &heights);
            let pairs = side.ground.values.iter().zip(&heights);
            let far = pairs.filter(|(a, b)| (*a - *b).abs() > within).count();
            words.push(format!("after {step}, {far} cells of {cells} ({largest:.1e})"));
        }
    }
    Ok(Some(format!(
        "with heights above the sea, as they are, the two sides differ in few cells below lakes near it, by more than 1e-9 of \
         the relief (at most by how much): {}.",
        words.join("; ")
    )))
}

fn beside(
    bench: &mut Bench<'_>,
    name: &str,
    case: &Case,
    steps: usize,
    kind: Kind,
    folder: &Path,
    note: Option<String>,
) -> Result<(), BenchError> {
    let Some(mut theirs) = peer(bench, kind, case, folder)? else { return Ok(()) };
    let mut sides = [Step::new(case, 1), Step::new(case, 2)];
    let (mut ones, mut twos, mut peers) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..steps {
        for (side, times) in sides.iter_mut().zip([&mut ones, &mut twos]) {
            times.push(side.timed()?);
            side.round();
        }
        peers.push(theirs.step(UPLIFT)?);
        theirs.round_to(BITS)?;
    }
    let end = theirs.get("heights")?;
    let within = if kind == Kind::Landlab { 0.1 } else { 1e-9 };
    let equal = difference(&case.ground, &sides[0].ground.values, &end) < within
        && sides[0].ground.values == sides[1].ground.values;
    let of = |all: &[Took], value: fn(&Took) -> f64| one_after_another(all.iter().map(value).collect());
    let (one, two) = match kind {
        Kind::Landlab => (Targets::new(30.0, 100.0), Targets::default()),
        _ if case.law.n == 1.0 => (Targets::new(3.0, 8.0), Targets::new(5.0, 15.0)),
        _ => (Targets::default(), Targets::default()),
    };
    let row = Row::new(name, Unit::Seconds, of(&ones, |took| took.cpu)).rounds(steps);
    let row = match note {
        Some(note) => row.note(note),
        None => row,
    };
    bench.run(row.peer_with(theirs.name(), of(&peers, |took| took.cpu), equal, one))?;
    let row = Row::new(format!("{name}-2t"), Unit::Seconds, of(&twos, |took| took.wall)).rounds(steps);
    bench.run(row.peer_with(theirs.name(), of(&peers, |took| took.wall), equal, two))
}
