//! How long a reader or a writer is held up by a fold in the background.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use bm_core::Pos;
use bm_hybrid::World;
use bm_overlay::{Durability, StrategyKind};

use crate::harness::{Bench, BenchError, Case, Targets, Unit};
use crate::inputs::Random;
use crate::inputs::edits::{CellEdit, EIGHT, in_a_cube};
use crate::latency::Latencies;
use crate::suites::earth::TemporaryFolder;
use crate::suites::edited::ours::{commit_all, last, put};
use crate::suites::edited::{Cells, KILOMETRE, alps, copy, earth, emptied, one_after_another, ours};

/// Reads through one pin, before it is taken anew.
const PINNED: usize = 256;
/// Fewer operations than that during a fold say nothing about a thousandth of them.
const ENOUGH: u64 = 1000;

/// Times of operations during a fold, and of as many when idle.
struct Round {
    busy: Latencies,
    idle: Latencies,
}

pub(super) fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    let (count, rounds) = if bench.is_quick() { (100_000, 1) } else { (1_000_000, 7) };
    let folder = TemporaryFolder::new("stalls")?;
    let base = folder.path().join("earth.bm");
    drop(earth(&base)?);
    let edits = in_a_cube(alps()?, KILOMETRE, count, &EIGHT, 21).map_err(ours)?;
    let more = in_a_cube(alps()?, KILOMETRE, 8 * count, &EIGHT, 22).map_err(ours)?;
    let cells = last(&edits);
    let mut reads = Vec::new();
    let mut writes = Vec::new();
    let mut equal = true;
    for round in 0..rounds {
        let seed = round as u64;
        reads.push(during(folder.path(), &base, &edits, |world, until, times| {
            let right = read(world, &edits, &cells, seed, until, times)?;
            equal &= right;
            Ok(())
        })?);
        writes.push(during(folder.path(), &base, &edits, |world, until, times| {
            write(world, &more, until, times)
        })?);
    }
    rows(bench, "stall-read", &reads, equal)?;
    rows(bench, "stall-write", &writes, equal)
}

/// When to stop: after so many operations, or when the flag says so.
enum Until<'a> {
    Count(u64),
    Done(&'a AtomicBool),
}

impl Until<'_> {
    fn over(&self, times: &Latencies) -> bool {
        match self {
            Self::Count(count) => times.len() >= *count,
            Self::Done(flag) => flag.load(Relaxed),
        }
    }
}

/// Runs operations while everything is folded, then as many on the same world when that is over and a fresh one
/// with all edits live is at hand.
fn during(
    folder: &Path,
    base: &Path,
    edits: &[CellEdit],
    mut operations: impl FnMut(&World, Until<'_>, &mut Latencies) -> Result<(), BenchError>,
) -> Result<Round, BenchError> {
    let here = folder.join("here");
    let fresh = || -> Result<World, BenchError> {
        emptied(&here)?;
        copy(base, &here)?;
        let world = World::open(here.join("earth.bm")).map_err(ours)?;
        // Only the fold that is measured.
        world.set_budget(8 << 30);
        commit_all(&world, edits, 1000)?;
        Ok(world)
    };
    let (mut busy, mut idle) = (Latencies::new()?, Latencies::new()?);
    let world = fresh()?;
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let fold = scope.spawn(|| {
            let folded = world.consolidate(StrategyKind::All, &|_, _| ());
            done.store(true, Relaxed);
            folded.map(drop).map_err(ours)
        });
        let measured = operations(&world, Until::Done(&done), &mut busy);
        let folded = fold.join().unwrap_or_else(|_| Err(ours("the fold panicked")));
        measured.and(folded)
    })?;
    if busy.len() < ENOUGH {
        return Err(ours(format!("only {} operations during a fold", busy.len())));
    }
    drop(world);
    let world = fresh()?;
    operations(&world, Until::Count(busy.len()), &mut idle)?;
    Ok(Round { busy, idle })
}

/// Reads points, half of them edited, and says whether the answers for those were right.
fn read(
    world: &World,
    edits: &[CellEdit],
    cells: &Cells,
    seed: u64,
    until: Until<'_>,
    times: &mut Latencies,
) -> Result<bool, BenchError> {
    let mut random = Random::new(seed);
    let mut right = true;
    while !until.over(times) {
        let points: Vec<Pos> = (0..PINNED)
            .map(|_| {
                let at = edits[random.below(edits.len() as u64) as usize].0;
                if random.below(2) == 0 { at } else { at.east(1) }
            })
            .collect();
        let view = world.view();
        let pin = view.pin();
        for at in points {
            let found = times.time(|| pin.sample(at)).map_err(ours)?.material;
            right &= cells.get(&at).is_none_or(|&edited| edited == found);
        }
    }
    Ok(right)
}

/// Commits cells one by one.
fn write(
    world: &World,
    cells: &[CellEdit],
    until: Until<'_>,
    times: &mut Latencies,
) -> Result<(), BenchError> {
    for &cell in cells.iter().cycle() {
        if until.over(times) {
            break;
        }
        times.time(|| put(world, cell, Durability::Memory))?;
    }
    Ok(())
}

fn rows(bench: &mut Bench<'_>, name: &str, rounds: &[Round], equal: bool) -> Result<(), BenchError> {
    let mut row = |what: &str, value: &dyn Fn(&Latencies) -> f64, targets| {
        let busy: Vec<f64> = rounds.iter().map(|round| value(&round.busy) * 1e-9).collect();
        let idle = rounds.iter().map(|round| value(&round.idle) * 1e-9).collect();
        bench.run(
            Case::new(format!("{name}-{what}"), Unit::Seconds, one_after_another(busy))
                .peer_with("ourselves, idle", one_after_another(idle), equal, targets)
                .rounds(rounds.len()),
        )
    };
    row("p50", &|times| times.at(0.5), Targets::default())?;
    row("p99", &|times| times.at(0.99), Targets::new(1.0 / 3.0, 1.0 / 1.3))?;
    row("max", &Latencies::max, Targets::default())
}
