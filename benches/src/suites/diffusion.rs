//! Suite `diffusion`: slopes that creep, linear and towards a critical slope, beside the libraries for it.

use std::cell::RefCell;
use std::path::Path;

use bm_process::field::Field;
use bm_process::heat::{Edge, Edges, Heat, Medium};
use bm_process::hillslope::{CriticalSlope, Diffusion, Diffusivity};
use bm_process::route::Rim;

use super::Suite;
use super::earth::TemporaryFolder;
use super::erosion::difference;
use crate::harness::{Bench, BenchError, Case, Measure, Unit};
use crate::inputs::Random;
use crate::inputs::terrain::{Law, asia, fractal};
use crate::peers::slopes::{Kind, Slope, Slopes};

/// The suite.
pub const SUITE: Suite = Suite {
    name: "diffusion",
    about: "\
Creep of slopes on rasters of 64-bit heights with fixed edges: `fractal-N`, N² cells of 100 m on mountains of 1 km that are
rough down to single cells, and `asia-N`, real relief. All contestants begin with the same heights. Where one thread is
compared (no `2t` in the name), times are those spent on a processor; otherwise those on the wall, and the peer still uses
one thread, which is all it can.

`creep-…`: one linear step of 10 000 years by alternating directions, D = 0.01 m²/a; `creep-cells-…`: with a diffusivity of
its own for each cell, drawn between a half and one and a half of it. fastscapelib has the same scheme; heights must agree
within 1e-9 of the relief.

The others run until D t is one and a half cells squared (1.5 million years), on which landlab's explicit linear scheme
spends ten sub-steps. `explicit-…`: ours with the same ten explicit sub-steps, by the kernel of heat (harmonic means at
faces; landlab gets them as values for links), one pass over memory each; within 1e-9 of the relief. `long-…`: ours by four
implicit steps; schemes differ, so heights must agree within 2e-3 of the relief at the roughest cells (and within 2e-4 with ours
by 64 steps: most of what lies between is the explicit scheme's). `critical-…`: creep with a critical slope of 1.2, ours by the
law itself (Roering et al. 1999) and the slope of the ground, implicit; landlab's by six terms of the law's series and the slope
along each link, explicit; the peer's in the least number of equal steps that is stable by its rule, ours in twice as many. The root mean square of how
heights differ must be below 5 % of that of how they have changed (with finer steps it falls to 2 %). PerronNLDiffuse, landlab's
implicit one, sets its matrices up by loops in Python: impractical here.",
    run,
};

const ROUNDS: usize = 15;

/// Sub-steps of landlab's linear scheme: each 0.15 cells squared over D.
const SUB_STEPS: usize = 10;

/// Ours in place of them.
const STEPS: usize = 4;

/// Ours to see how exact those are.
const FINE: usize = 64;

const CRITICAL: f64 = 1.2;

fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    let folder = TemporaryFolder::new("diffusion")?;
    let size = if bench.is_quick() { 256 } else { 1024 };
    let ground = fractal(size, 11);
    let d = Law::default().d;
    let mut random = Random::new(12);
    let each: Vec<f64> = ground.values.iter().map(|_| d * (0.5 + random.unit())).collect();
    let uniform = Slope { d, each: None, critical: CRITICAL };
    let cells = Slope { each: Some(&each), ..uniform };
    let name = format!("fractal-{size}");
    let folder = folder.path();
    creep(bench, &format!("creep-{name}"), &ground, uniform, folder)?;
    match asia(size)? {
        Some(ground) => creep(bench, &format!("creep-asia-{size}"), &ground, uniform, folder)?,
        None => bench.leave_out("asia", "run `cargo xtask data`")?,
    }
    creep(bench, &format!("creep-cells-{name}"), &ground, cells, folder)?;
    explicit(bench, &format!("explicit-{name}"), &ground, uniform, folder)?;
    explicit(bench, &format!("explicit-cells-{name}"), &ground, cells, folder)?;
    long(bench, &format!("long-{name}"), &ground, uniform, folder)?;
    critical(bench, &format!("critical-{name}"), &ground, uniform, folder)
}

fn ours(error: impl std::fmt::Display) -> BenchError {
    BenchError::contestant("ours", error)
}

fn peer(
    bench: &mut Bench<'_>,
    kind: Kind,
    ground: &Field,
    slope: Slope<'_>,
    folder: &Path,
) -> Result<Option<Slopes>, BenchError> {
    match Slopes::start(kind, ground, slope, folder) {
        Ok(slopes) => Ok(Some(slopes)),
        Err(error) => bench.leave_out(kind.name(), &error.to_string()).map(|()| None),
    }
}

fn diffusivity(slope: Slope<'_>) -> Diffusivity {
    slope.each.map_or(Diffusivity::Uniform(slope.d), |each| Diffusivity::Cells(each.to_vec()))
}

/// A row on one thread and one on two: ours works with so many threads; the peer runs for so long, in so many parts.
fn rows(
    bench: &mut Bench<'_>,
    name: &str,
    mut work: impl FnMut(usize),
    (kind, slopes): (Kind, Slopes),
    (dt, parts): (f64, usize),
    (equal, rounds): (bool, usize),
) -> Result<(), BenchError> {
    let slopes = RefCell::new(slopes);
    let cpu = Measure::given(|| Ok(slopes.borrow_mut().run(dt, parts)?.cpu));
    let one = Case::new(name, Unit::Seconds, Measure::one_thread(1, || work(1)));
    bench.run(one.peer(kind.name(), cpu, equal).rounds(rounds))?;
    let wall = Measure::given(|| Ok(slopes.borrow_mut().run(dt, parts)?.wall));
    let two = Case::new(format!("{name}-2t"), Unit::Seconds, Measure::timed(1, || work(2)));
    bench.run(two.peer(kind.name(), wall, equal).rounds(rounds))
}

fn creep(
    bench: &mut Bench<'_>,
    name: &str,
    ground: &Field,
    slope: Slope<'_>,
    folder: &Path,
) -> Result<(), BenchError> {
    let Some(mut slopes) = peer(bench, Kind::Adi, ground, slope, folder)? else { return Ok(()) };
    let dt = Law::default().dt;
    let mut creep = Diffusion::new(diffusivity(slope), Rim::default());
    let mut after = ground.clone();
    creep.step(&mut after, dt).map_err(ours)?;
    slopes.run(dt, 1)?;
    let equal = difference(ground, &after.values, &slopes.heights()?) < 1e-9;
    let work = |threads| {
        creep.threads = threads;
        after.values.copy_from_slice(&ground.values);
        let _ = creep.step(&mut after, dt);
    };
    rows(bench, name, work, (Kind::Adi, slopes), (dt, 1), (equal, ROUNDS))
}

/// Years that landlab's linear scheme spends its sub-steps on. A little less, else it would take one more, of no length.
fn years(ground: &Field, slope: Slope<'_>) -> f64 {
    let mean = |(a, b): (&f64, &f64)| 2.0 * a * b / (a + b);
    let most = slope.each.map_or(slope.d, |each| {
        let along = each.chunks_exact(ground.width).flat_map(|row| row.iter().zip(&row[1..]));
        let across = each.iter().zip(&each[ground.width..]);
        along.chain(across).map(mean).fold(0.0, f64::max)
    });
    0.15 * ground.dy * ground.dy / most * SUB_STEPS as f64 * (1.0 - 1e-13)
}

fn explicit(
    bench: &mut Bench<'_>,
    name: &str,
    ground: &Field,
    slope: Slope<'_>,
    folder: &Path,
) -> Result<(), BenchError> {
    let Some(mut slopes) = peer(bench, Kind::Explicit, ground, slope, folder)? else { return Ok(()) };
    let dt = years(ground, slope);
    let medium = slope.each.map_or(Medium::Uniform(slope.d), |each| Medium::Diffusivity(each.to_vec()));
    let heat = |threads| {
        let heat = Heat::<f64>::new(ground, &medium, Edges::all(Edge::Fixed)).map_err(ours)?;
        Ok::<_, BenchError>(heat.threads(threads))
    };
    let mut heats = [heat(1)?, heat(2)?];
    let mut after = ground.values.clone();
    let mut advance = |threads: usize, after: &mut Vec<f64>| {
        after.copy_from_slice(&ground.values);
        (0..SUB_STEPS).try_for_each(|_| {
            heats[threads - 1].advance(after, dt / SUB_STEPS as f64).map(drop).map_err(ours)
        })
    };
    advance(1, &mut after)?;
    slopes.run(dt, 1)?;
    let equal = difference(ground, &after, &slopes.heights()?) < 1e-9;
    let work = |threads| {
        let _ = advance(threads, &mut after);
    };
    rows(bench, name, work, (Kind::Explicit, slopes), (dt, 1), (equal, 5))
}

fn long(
    bench: &mut Bench<'_>,
    name: &str,
    ground: &Field,
    slope: Slope<'_>,
    folder: &Path,
) -> Result<(), BenchError> {
    let Some(mut slopes) = peer(bench, Kind::Explicit, ground, slope, folder)? else { return Ok(()) };
    let dt = years(ground, slope);
    let mut creep = Diffusion::new(diffusivity(slope), Rim::default());
    let mut after = ground.clone();
    let mut work = |threads: usize, after: &mut Field| {
        creep.threads = threads;
        after.values.copy_from_slice(&ground.values);
        (0..STEPS).try_for_each(|_| creep.step(after, dt / STEPS as f64).map(drop).map_err(ours))
    };
    work(1, &mut after)?;
    slopes.run(dt, 1)?;
    let mut fine = ground.clone();
    for _ in 0..FINE {
        creep_once(&mut fine, slope, dt / FINE as f64)?;
    }
    let equal = difference(ground, &after.values, &slopes.heights()?) < 2e-3
        && difference(ground, &after.values, &fine.values) < 2e-4;
    let work = |threads| {
        let _ = work(threads, &mut after);
    };
    rows(bench, name, work, (Kind::Explicit, slopes), (dt, 1), (equal, 5))
}

fn creep_once(ground: &mut Field, slope: Slope<'_>, dt: f64) -> Result<(), BenchError> {
    Diffusion::new(diffusivity(slope), Rim::default()).step(ground, dt).map(drop).map_err(ours)
}

fn critical(
    bench: &mut Bench<'_>,
    name: &str,
    ground: &Field,
    slope: Slope<'_>,
    folder: &Path,
) -> Result<(), BenchError> {
    let Some(mut slopes) = peer(bench, Kind::Taylor, ground, slope, folder)? else { return Ok(()) };
    let dt = years(ground, slope);
    let parts = (dt / taylor_step(ground, slope.d)).ceil() as usize;
    let mut creep = CriticalSlope::new(diffusivity(slope), CRITICAL, Rim::default());
    let mut after = ground.clone();
    let mut work = |threads: usize, after: &mut Field| {
        creep.threads = threads;
        after.values.copy_from_slice(&ground.values);
        let own = 2 * parts;
        (0..own).try_for_each(|_| creep.step(after, dt / own as f64).map(drop).map_err(ours))
    };
    work(1, &mut after)?;
    slopes.run(dt, parts)?;
    let theirs = slopes.heights()?;
    let mean = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
    let equal = mean(&after.values, &theirs) < 0.05 * mean(&after.values, &ground.values);
    let work = |threads| {
        let _ = work(threads, &mut after);
    };
    rows(bench, name, work, (Kind::Taylor, slopes), (dt, parts), (equal, 3))
}

/// The longest step of landlab's scheme by its own rule, on slopes as they are in the beginning; they grow gentler.
fn taylor_step(ground: &Field, d: f64) -> f64 {
    let along = ground.values.chunks_exact(ground.width).flat_map(|row| row.iter().zip(&row[1..]));
    let across = ground.values.iter().zip(&ground.values[ground.width..]);
    let steepest = along.chain(across).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) / ground.dy;
    let terms: f64 = (0..6).map(|n| (steepest / CRITICAL).powi(2 * n)).sum();
    0.2 * ground.dy * ground.dy / (d * terms)
}
