//! Reads through a million edits, beside reads of the same world without them.

use std::path::Path;

use bm_core::{MaterialId, Pos, Sample};
use bm_hybrid::World;

use super::writes::over_the_planet;
use crate::harness::{Bench, BenchError, Case, Measure, Targets, Unit};
use crate::inputs::Random;
use crate::inputs::edits::{CellEdit, EIGHT, in_a_cube};
use crate::suites::earth::TemporaryFolder;
use crate::suites::edited::ours::{commit_all, last};
use crate::suites::edited::{KILOMETRE, alps, copy, earth, emptied, ours};

const UNIT: Unit = Unit::Nanoseconds("point");
const PEER: &str = "the same world without edits";

pub(super) fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    let (edits, points) = if bench.is_quick() { (100_000, 1 << 15) } else { (1_000_000, 1 << 18) };
    let folder = TemporaryFolder::new("reads")?;
    let path = folder.path().join("earth.bm");
    let world = earth(&path)?;
    let view = world.view();
    let cube = |seed| in_a_cube(alps()?, KILOMETRE, edits, &EIGHT, seed).map_err(ours);
    let planet = |seed| over_the_planet(&view, edits, seed);
    // Points that were not edited lie where other edits could have been.
    let places = [("cube", cube(11)?, cube(12)?), ("planet", planet(13)?, planet(14)?)];
    drop((view, world));
    for (place, made, others) in places {
        compare(bench, place, &path, (&made, &others), points)?;
    }
    Ok(())
}

fn compare(
    bench: &mut Bench<'_>,
    place: &str,
    path: &Path,
    (made, others): (&[CellEdit], &[CellEdit]),
    points: usize,
) -> Result<(), BenchError> {
    let folder = TemporaryFolder::new(&format!("reads-{place}"))?;
    let here = folder.path().join("edited");
    emptied(&here)?;
    copy(path, &here)?;
    let edited = World::open(here.join("earth.bm")).map_err(ours)?;
    // None of them is to be folded into pages in the background.
    edited.set_budget(4 << 30);
    commit_all(&edited, made, 1000)?;
    let bare = World::open_read_only(path).map_err(ours)?;
    let (with, without) = (edited.view(), bare.view());
    let cells = last(made);
    for hits in [0, 50, 100] {
        let asked = points_with(hits, made, others, points);
        let expected: Result<Vec<MaterialId>, BenchError> = asked
            .iter()
            .map(|&at| match cells.get(&at) {
                Some(&edit) => Ok(edit),
                None => without.sample(at).map(|found| found.material).map_err(ours),
            })
            .collect();
        let expected = expected?;
        let (pin_with, pin_without) = (with.pin(), without.pin());
        let name = format!("read-{place}-{hits}%");
        let pinned = (|at| pin_with.sample(at), |at| pin_without.sample(at));
        one(bench, &format!("{name}-pinned"), &asked, &expected, pinned)?;
        let sample = (|at| with.sample(at), |at| without.sample(at));
        one(bench, &format!("{name}-sample"), &asked, &expected, sample)?;
    }
    Ok(())
}

/// Points of which so many of a hundred were edited, in random order.
fn points_with(hits: u64, made: &[CellEdit], others: &[CellEdit], count: usize) -> Vec<Pos> {
    let mut random = Random::new(hits);
    let any = |cells: &[CellEdit], random: &mut Random| {
        cells.get(random.below(cells.len() as u64) as usize).map(|&(at, _)| at)
    };
    (0..count)
        .filter_map(|_| {
            let hit = random.below(100) < hits;
            any(if hit { made } else { others }, &mut random)
        })
        .collect()
}

fn one<E: std::fmt::Display>(
    bench: &mut Bench<'_>,
    name: &str,
    points: &[Pos],
    expected: &[MaterialId],
    (with, without): (impl Fn(Pos) -> Result<Sample, E>, impl Fn(Pos) -> Result<Sample, E>),
) -> Result<(), BenchError> {
    let mut equal = points.len() == expected.len();
    for (&at, &material) in points.iter().zip(expected) {
        equal &= with(at).map_err(ours)?.material == material;
    }
    let ops = points.len() as u64;
    bench.run(Case::new(name, UNIT, Measure::one_thread(ops, || sum(points, &with))).peer_with(
        PEER,
        Measure::one_thread(ops, || sum(points, &without)),
        equal,
        Targets::new(1.0 / 1.5, 1.0 / 1.1),
    ))
}

fn sum<E>(points: &[Pos], sample: impl Fn(Pos) -> Result<Sample, E>) -> u64 {
    points.iter().fold(0, |sum, &at| sum + sample(at).map_or(0, |found| u64::from(found.material.0)))
}
