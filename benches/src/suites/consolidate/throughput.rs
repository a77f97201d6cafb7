//! How fast edits become pages, and how many bytes that writes.

use std::path::Path;

use bm_hybrid::{FoldReport, World};
use bm_overlay::StrategyKind;

use crate::harness::{Bench, BenchError, Case, Targets, Unit};
use crate::inputs::edits::{CLUSTERED, CellEdit, EIGHT, in_a_cube};
use crate::suites::earth::TemporaryFolder;
use crate::suites::edited::ours::{agrees, commit_all, last};
use crate::suites::edited::{KILOMETRE, alps, copy, earth, emptied, one_after_another, ours};

/// Bytes of an edit as one would write it down: the cell and the material.
const EDIT_BYTES: f64 = 10.0;

/// What a fold of all edits took.
struct Folded {
    edits_a_second: f64,
    bytes_a_second: f64,
    amplification: f64,
}

pub(super) fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    let (cube, planet) = if bench.is_quick() { (100_000, 20_000) } else { (1_000_000, 200_000) };
    let rounds = if bench.is_quick() { 1 } else { 3 };
    let folder = TemporaryFolder::new("fold")?;
    let base = folder.path().join("earth.bm");
    let bare = earth(&base)?;
    drop(bare);
    let bare = World::open_read_only(&base).map_err(ours)?;
    let cube = in_a_cube(alps()?, KILOMETRE, cube, &EIGHT, 17).map_err(ours)?;
    let planet = CLUSTERED.edits(planet, 18).map_err(ours)?;
    for (place, edits) in [("cube", &cube), ("planet", &planet)] {
        for kind in [
            StrategyKind::Lazy,
            StrategyKind::Spatial,
            StrategyKind::Time,
            StrategyKind::Adaptive,
            StrategyKind::All,
        ] {
            let name = format!("fold-{place}-{}", kind.name());
            let mut folds = Vec::new();
            let mut equal = true;
            for _ in 0..rounds {
                let (folded, right) = fold_all(folder.path(), &base, &bare, edits, kind)?;
                folds.push(folded);
                equal &= right;
            }
            rows(bench, &name, &folds, equal)?;
        }
    }
    one_thread(bench, folder.path(), &base, &bare, &cube)
}

fn rows(bench: &mut Bench<'_>, name: &str, folds: &[Folded], equal: bool) -> Result<(), BenchError> {
    let mut row = |what: &str, unit, value: &dyn Fn(&Folded) -> f64| {
        let values: Vec<f64> = folds.iter().map(value).collect();
        let rounds = values.len();
        bench.run(
            Case::new(format!("{name}{what}"), unit, one_after_another(values)).checked(equal).rounds(rounds),
        )
    };
    row("", Unit::PerSecond("edits"), &|f| f.edits_a_second)?;
    row("-bytes", Unit::PerSecond("bytes"), &|f| f.bytes_a_second)?;
    row("-amplification", Unit::Factor("bytes written/byte of edits"), &|f| f.amplification)
}

/// A copy of the world, edited and folded until no edit is left.
fn fold_all(
    folder: &Path,
    base: &Path,
    bare: &World,
    edits: &[CellEdit],
    kind: StrategyKind,
) -> Result<(Folded, bool), BenchError> {
    let here = folder.join("here");
    emptied(&here)?;
    copy(base, &here)?;
    let world = World::open(here.join("earth.bm")).map_err(ours)?;
    // Nothing is to be folded before its time.
    world.set_budget(4 << 30);
    commit_all(&world, edits, 1000)?;
    let mut sum = FoldReport::default();
    while world.overlay().edits > 0 {
        let report = world.consolidate(kind, &|_, _| ()).map_err(ours)?;
        if report.edits == 0 {
            return Err(ours(format!("{} makes no progress", kind.name())));
        }
        sum.edits += report.edits;
        sum.seconds += report.seconds;
        sum.bytes_written += report.bytes_written;
    }
    let view = bare.view();
    let right =
        agrees(&world, &last(edits), &|at| view.sample(at).map(|found| found.material).map_err(ours))?;
    let (edits, bytes) = (sum.edits as f64, sum.bytes_written as f64);
    let folded = Folded {
        edits_a_second: edits / sum.seconds,
        bytes_a_second: bytes / sum.seconds,
        amplification: bytes / (edits * EDIT_BYTES),
    };
    Ok((folded, right))
}

/// All processors beside one of them.
fn one_thread(
    bench: &mut Bench<'_>,
    folder: &Path,
    base: &Path,
    bare: &World,
    edits: &[CellEdit],
) -> Result<(), BenchError> {
    let rounds = if bench.is_quick() { 1 } else { 5 };
    let (mut all, mut one, mut equal) = (Vec::new(), Vec::new(), true);
    for _ in 0..rounds {
        let (folded, right) = fold_all(folder, base, bare, edits, StrategyKind::All)?;
        all.push(folded.edits_a_second);
        equal &= right;
        let (folded, right) = on_one_processor(|| fold_all(folder, base, bare, edits, StrategyKind::All))?;
        one.push(folded.edits_a_second);
        equal &= right;
    }
    bench.run(
        Case::new("fold-cube-threads", Unit::PerSecond("edits"), one_after_another(all))
            .peer_with("ourselves, one processor", one_after_another(one), equal, Targets::default())
            .rounds(rounds),
    )
}

/// Does the work with only one processor for this thread and those it starts.
fn on_one_processor<T>(work: impl FnOnce() -> Result<T, BenchError>) -> Result<T, BenchError> {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
    let before = sched_getaffinity(None).map_err(ours)?;
    let mut one = CpuSet::new();
    if let Some(first) = (0..CpuSet::MAX_CPU).find(|&cpu| before.is_set(cpu)) {
        one.set(first);
    }
    sched_setaffinity(None, &one).map_err(ours)?;
    let done = work();
    sched_setaffinity(None, &before).map_err(ours)?;
    done
}
