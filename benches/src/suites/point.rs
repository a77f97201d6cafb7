//! Suite `point`: what is at a place, asked a million times.

use std::path::Path;
use std::time::Instant;

use bm_core::{GeoPoint, MaterialId, MaterialRegistry, MaterialSource, Phase, Pos, Sample};
use bm_hybrid::{ReliefIngest, World};
use bm_io::Relief;

use super::Suite;
use super::earth::TemporaryFolder;
use super::earth::dense::Dense;
use crate::harness::{Bench, BenchError, Case, Measure, Targets, Unit};
use crate::inputs::{points, relief};

/// The suite.
pub const SUITE: Suite = Suite {
    name: "point",
    about: "\
A world made of the relief at 5 minutes of arc, on disk. `open-and-first-answer` opens it and asks for
one point, by the clock on the wall, with the file in the system's cache; each round begins anew.

`random` asks for 1,048,576 points at a quarter of a metre, uniform on the sphere and within ±12 km of
the sea's level, one by one (`View::sample`); `random-pinned` does the same through `View::pin`, which
takes the cache once for all of them; `sorted-batch` asks for the same points in one call, in the order of the
Morton curve. One thread, by its own processor time. The peer is an array of all heights in memory
(18.7 MB), looked up directly: no pages, no disk, nothing but relief. Answers are the same when every point is
on the same side of the surface.",
    run,
};

/// How far above and below the sea the points lie, in metres.
const REACH: f64 = 12_000.0;
const UNIT: Unit = Unit::PerSecond("points");

fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    let Some(source) = relief::etopo5_path() else {
        return bench.leave_out("etopo5", "run `cargo xtask data`");
    };
    let relief = relief::read(&source)?;
    let dense = Dense::new(&relief).ok_or_else(|| ours(&"the relief is not global, or has holes"))?;
    let folder = TemporaryFolder::new("point")?;
    let path = folder.path().join("earth.bm");
    build(&path, &relief)?;
    drop(relief);
    open(bench, &path)?;
    let world = World::open_read_only(&path).map_err(|error| ours(&error))?;
    let view = world.view();
    let pin = view.pin();
    compare(bench, &*view, |at| pin.sample(at), &dense)
}

fn ours(error: &dyn std::fmt::Display) -> BenchError {
    BenchError::contestant("ours", error)
}

fn build(path: &Path, relief: &Relief) -> Result<(), BenchError> {
    let mut world = World::open_or_create(path).map_err(|error| ours(&error))?;
    world.ingest_relief(relief, &ReliefIngest::default(), &|_| ()).map_err(|error| ours(&error))?;
    world.compact().map(drop).map_err(|error| ours(&error))
}

/// From nothing to the first answer: what a program that only wants to know one thing waits for.
fn open(bench: &mut Bench<'_>, path: &Path) -> Result<(), BenchError> {
    let everest = GeoPoint { lon: 86.925, lat: 27.988, alt: 3000.0 };
    let at = Pos::from_geo(everest).map_err(|error| ours(&error))?;
    let first = move || -> Result<f64, BenchError> {
        let start = Instant::now();
        let world = World::open_read_only(path).map_err(|error| ours(&error))?;
        let view = world.view();
        let found = view.sample(at).map_err(|error| ours(&error))?;
        let seconds = start.elapsed().as_secs_f64();
        if view.is_ground(found.material) {
            Ok(seconds)
        } else {
            Err(ours(&"the inside of Mount Everest is not solid"))
        }
    };
    bench.run(
        Case::new("open-and-first-answer", Unit::Seconds, Measure::given(first))
            .targets(Targets::new(0.05, 0.002))
            .checked(true),
    )
}

/// Random points one by one, then the same points as one batch sorted along the Morton curve, beside
/// direct look-ups in an array of all heights. One thread.
///
/// # Errors
/// When the world cannot answer, or a row cannot be made.
pub fn compare<W, E>(
    bench: &mut Bench<'_>,
    world: &W,
    pinned: impl Fn(Pos) -> Result<Sample, E>,
    dense: &Dense,
) -> Result<(), BenchError>
where
    W: MaterialSource<Error: std::fmt::Display>,
    E: std::fmt::Display,
{
    let count = if bench.is_quick() { 1 << 17 } else { 1 << 20 };
    let random = points::on_the_globe(count, REACH, 0x000e_a27f).map_err(|error| ours(&error))?;
    let sorted = points::morton_sorted(&random);
    let ops = count as u64;

    one_by_one(bench, "random", |at| world.sample(at), &random, dense)?;
    one_by_one(bench, "random-pinned", pinned, &random, dense)?;

    let mut answers = Vec::new();
    world.sample_batch(&sorted, &mut answers).map_err(|error| ours(&error))?;
    let equal = same_side(&sorted, &answers, dense);
    let mut out = Vec::with_capacity(count);
    bench.run(
        Case::new(
            "sorted-batch",
            UNIT,
            Measure::one_thread(ops, || {
                // It has just answered the same batch; a failure now would show as a length of 0.
                let _ = world.sample_batch(&sorted, &mut out);
                out.len()
            }),
        )
        .targets(Targets::new(5e6, 60e6))
        .peer("dense array", Measure::one_thread(ops, || sum_dense(&sorted, dense)), equal),
    )
}

/// The points one call each, beside the array.
fn one_by_one<E: std::fmt::Display>(
    bench: &mut Bench<'_>,
    name: &'static str,
    sample: impl Fn(Pos) -> Result<Sample, E>,
    points: &[Pos],
    dense: &Dense,
) -> Result<(), BenchError> {
    let mut answers = Vec::new();
    for &at in points {
        answers.push(sample(at).map_err(|error| ours(&error))?.material);
    }
    let equal = same_side(points, &answers, dense);
    let ops = points.len() as u64;
    let sum =
        || points.iter().fold(0, |sum: u64, &at| sum + sample(at).map_or(0, |found| found.material.0.into()));
    bench.run(Case::new(name, UNIT, Measure::one_thread(ops, sum)).targets(Targets::new(2e6, 20e6)).peer(
        "dense array",
        Measure::one_thread(ops, || sum_dense(points, dense)),
        equal,
    ))
}

fn sum_dense(points: &[Pos], dense: &Dense) -> u64 {
    points.iter().fold(0, |sum, &at| sum + dense.material(at).map_or(0, |found| u64::from(found.0)))
}

/// Whether every answer lies on the same side of the surface as the array says: solid or not.
fn same_side(points: &[Pos], answers: &[MaterialId], dense: &Dense) -> bool {
    let registry = MaterialRegistry::standard();
    points.len() == answers.len()
        && points.iter().zip(answers).all(|(&at, &found)| {
            let solid = registry.get(found).map(|m| m.phase == Phase::Solid);
            solid == dense.is_ground(at)
        })
}
