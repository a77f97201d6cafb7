//! Suite `point`: what is at a place, asked a million times.

use bm_core::{MaterialId, MaterialRegistry, MaterialSource, Phase, Pos};

use super::earth::dense::Dense;
use crate::harness::{Bench, BenchError, Case, Measure, Targets, Unit};
use crate::inputs::points;

/// How far above and below the sea the points lie, in metres.
const REACH: f64 = 12_000.0;
const UNIT: Unit = Unit::PerSecond("points");

/// Random points one by one, then the same points as one batch sorted along the Morton curve, beside
/// direct look-ups in an array of all heights. One thread.
///
/// # Errors
/// When the world cannot answer, or a row cannot be made.
pub fn compare<W: MaterialSource>(
    bench: &mut Bench<'_>,
    world: &W,
    dense: &Dense,
) -> Result<(), BenchError>
where
    W::Error: std::fmt::Display,
{
    let count = if bench.is_quick() { 1 << 17 } else { 1 << 20 };
    let ours = |error: &dyn std::fmt::Display| BenchError::contestant("ours", error);
    let random = points::on_the_globe(count, REACH, 0x000e_a27f).map_err(|error| ours(&error))?;
    let sorted = points::morton_sorted(&random);
    let ops = count as u64;

    let mut answers = Vec::new();
    for &at in &random {
        answers.push(world.sample(at).map_err(|error| ours(&error))?.material);
    }
    let equal = same_side(&random, &answers, dense);
    bench.run(
        Case::new(
            "random",
            UNIT,
            Measure::one_thread(ops, || {
                random.iter().fold(0, |sum: u64, &at| {
                    sum + world.sample(at).map_or(0, |found| found.material.0.into())
                })
            }),
        )
        .targets(Targets::new(2e6, 20e6))
        .peer(
            "dense array",
            Measure::one_thread(ops, || sum_dense(&random, dense)),
            equal,
        ),
    )?;

    world
        .sample_batch(&sorted, &mut answers)
        .map_err(|error| ours(&error))?;
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
        .peer(
            "dense array",
            Measure::one_thread(ops, || sum_dense(&sorted, dense)),
            equal,
        ),
    )
}

fn sum_dense(points: &[Pos], dense: &Dense) -> u64 {
    points.iter().fold(0, |sum, &at| {
        sum + dense.material(at).map_or(0, |found| u64::from(found.0))
    })
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
