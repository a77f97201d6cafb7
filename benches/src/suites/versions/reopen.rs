//! Opening a world whose process was killed.

use std::time::Instant;

use bm_hybrid::World;

use crate::harness::{Bench, BenchError, Case, Measure, Targets, Unit};
use crate::suites::earth::TemporaryFolder;
use crate::suites::edited::ours::{agrees, last};
use crate::suites::edited::{child, copy, emptied, ours};

pub(super) fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    let (count, rounds) = if bench.is_quick() { (100_000, 3) } else { (1_000_000, 11) };
    let edits = child::edits(count)?;
    let Some(&(at, material)) = edits.last() else { return Ok(()) };
    let cells = last(&edits);
    let empty = World::in_memory().map_err(ours)?.view();
    for (name, per_commit) in [("single", 1), ("thousand", 1000)] {
        let folder = TemporaryFolder::new("reopen")?;
        let killed = folder.path().join("killed");
        emptied(&killed)?;
        child::filled_and_killed(&killed.join("w.bm"), count, per_commit)?;
        let here = folder.path().join("here");
        let opened = || -> Result<(World, f64), BenchError> {
            emptied(&here)?;
            copy(&killed.join("w.bm"), &here)?;
            let start = Instant::now();
            let world = World::open(here.join("w.bm")).map_err(ours)?;
            let found = world.view().sample(at).map_err(ours)?.material;
            let seconds = start.elapsed().as_secs_f64();
            if found == material { Ok((world, seconds)) } else { Err(ours("an edit is lost")) }
        };
        let equal =
            agrees(&opened()?.0, &cells, &|at| empty.sample(at).map(|found| found.material).map_err(ours))?;
        bench.run(
            Case::new(
                format!("reopen-{name}"),
                Unit::Seconds,
                Measure::given(|| opened().map(|(_, seconds)| seconds)),
            )
            .targets(Targets::new(2.0, 0.2))
            .checked(equal)
            .rounds(rounds),
        )?;
    }
    Ok(())
}
