//! Against an octree that is always up to date.

use std::time::Instant;

use bm_core::MaterialId;
use bm_hybrid::World;
use bm_overlay::StrategyKind;

use crate::harness::{Bench, BenchError, Case, Measure, Targets, Unit};
use crate::inputs::edits::{CellEdit, EROSION, PATTERNS};
use crate::memory::retained;
use crate::peers::eager_pages::BATCH;
use crate::peers::{EagerOctree, EagerPages, Form};
use crate::suites::edited::ours::{agrees, commit_all, last};
use crate::suites::edited::{Cells, ours};

const UNIT: Unit = Unit::Nanoseconds("edit");
const OCTREE: &str = "eager octree";
const LEAN: &str = "eager octree, stopping early";
const PAGES: &str = "eager pages";
/// Cells of our transactions.
const TRANSACTION: usize = 1000;
const SEED: u64 = 42;

pub(super) fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    let sizes: &[usize] = if bench.is_quick() { &[1_000, 10_000] } else { &[1_000, 10_000, 100_000] };
    for pattern in PATTERNS {
        for &size in sizes {
            let edits = pattern.edits(size, SEED).map_err(ours)?;
            compare(bench, &format!("eager-{}-{}k", pattern.name, size / 1000), &edits)?;
        }
    }
    again(bench)?;
    for pattern in PATTERNS {
        let edits = pattern.edits(10_000, SEED).map_err(ours)?;
        memory(bench, &format!("eager-{}-10k", pattern.name), &edits)?;
    }
    Ok(())
}

/// What a new world holds near sea level.
fn octree(form: Form) -> EagerOctree {
    EagerOctree::new(form, MaterialId::UPPER_CRUST, MaterialId::AIR)
}

fn octree_with(form: Form, edits: &[CellEdit]) -> EagerOctree {
    let mut tree = octree(form);
    edits.iter().for_each(|&(at, material)| tree.set(at, material));
    tree
}

fn pages_with(edits: &[CellEdit]) -> Result<EagerPages, BenchError> {
    let mut pages = EagerPages::new()?;
    edits.chunks(BATCH).try_for_each(|batch| pages.commit(batch))?;
    Ok(pages)
}

fn fold(world: &World) -> Result<(), BenchError> {
    world.consolidate(StrategyKind::All, &|_, _| ()).map(drop).map_err(ours)
}

/// Whether a world, live and folded, and the octree agree about every edited cell and its neighbour.
fn same(world: &World, tree: &EagerOctree, cells: &Cells) -> Result<bool, BenchError> {
    let base = |at| Ok(tree.get(at));
    let equal = cells.iter().all(|(&at, &material)| tree.get(at) == material);
    let live = agrees(world, cells, &base)?;
    fold(world)?;
    Ok(equal && live && agrees(world, cells, &base)?)
}

/// Nanoseconds an edit of what `work` does to a fresh start that does not count.
fn sample<'a, S>(
    edits: &'a [CellEdit],
    fresh: impl Fn() -> Result<S, BenchError> + 'a,
    work: impl Fn(&mut S) -> Result<(), BenchError> + 'a,
) -> Measure<'a> {
    Measure::given(move || {
        let mut state = fresh()?;
        let start = Instant::now();
        work(&mut state)?;
        Ok(start.elapsed().as_secs_f64() * 1e9 / edits.len() as f64)
    })
}

/// The octree, made from nothing by these edits.
fn octree_sample(form: Form, edits: &[CellEdit]) -> Measure<'_> {
    sample(
        edits,
        move || Ok(octree(form)),
        |tree| {
            edits.iter().for_each(|&(at, material)| tree.set(at, material));
            Ok(())
        },
    )
}

fn world_sample<'a>(
    edits: &'a [CellEdit],
    work: impl Fn(&mut World) -> Result<(), BenchError> + 'a,
) -> Measure<'a> {
    sample(edits, || World::in_memory().map_err(ours), work)
}

fn compare(bench: &mut Bench<'_>, name: &str, edits: &[CellEdit]) -> Result<(), BenchError> {
    let world = World::in_memory().map_err(ours)?;
    commit_all(&world, edits, TRANSACTION)?;
    let cells = last(edits);
    let equal = same(&world, &octree_with(Form::Plain, edits), &cells)?;
    drop(world);

    // At least thirty fresh samples where they are quick.
    let rounds = match (bench.is_quick(), edits.len()) {
        (true, _) => 5,
        (false, ..=10_000) => 31,
        (false, _) => 7,
    };
    let (ack, amortised) = (Targets::new(10.0, 50.0), Targets::new(3.0, 10.0));
    let write = |world: &mut World| commit_all(world, edits, TRANSACTION);
    bench.run(
        Case::new(format!("{name}-ack"), UNIT, world_sample(edits, write))
            .peer_with(OCTREE, octree_sample(Form::Plain, edits), equal, ack)
            .peer(LEAN, octree_sample(Form::Lean, edits), equal)
            .rounds(rounds),
    )?;
    if edits.len() == 10_000 {
        let single = |world: &mut World| commit_all(world, edits, 1);
        bench.run(
            Case::new(format!("{name}-ack-single"), UNIT, world_sample(edits, single))
                .peer_with(OCTREE, octree_sample(Form::Plain, edits), equal, ack)
                .peer(LEAN, octree_sample(Form::Lean, edits), equal)
                .rounds(rounds),
        )?;
    }
    let both = |world: &mut World| commit_all(world, edits, TRANSACTION).and_then(|()| fold(world));
    let mut case = Case::new(format!("{name}-amortised"), UNIT, world_sample(edits, both))
        .peer_with(OCTREE, octree_sample(Form::Plain, edits), equal, amortised)
        .peer(LEAN, octree_sample(Form::Lean, edits), equal)
        .rounds(if edits.len() > 1_000 { rounds.min(7) } else { rounds });
    // Seconds each beyond that.
    if edits.len() <= if bench.is_quick() { 1_000 } else { 10_000 } {
        let pages = pages_with(edits)?;
        let mut same = equal;
        for (&at, &material) in &cells {
            same &= pages.get(at)? == material;
        }
        let work = |pages: &mut EagerPages| edits.chunks(BATCH).try_for_each(|batch| pages.commit(batch));
        case = case.peer_with(PAGES, sample(edits, EagerPages::new, work), same, amortised);
    }
    bench.run(case)
}

/// Edits where the octree is fine already, because as many were made about the same places before.
fn again(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    let all = EROSION.edits(20_000, SEED).map_err(ours)?;
    // Every second one: both halves lie about the same centres.
    let half = |first: usize| -> Vec<CellEdit> { all.iter().skip(first).step_by(2).copied().collect() };
    let (before, now) = (half(0), half(1));
    let world_before = || -> Result<World, BenchError> {
        let world = World::in_memory().map_err(ours)?;
        commit_all(&world, &before, TRANSACTION)?;
        Ok(world)
    };
    let world = world_before()?;
    let mut tree = octree_with(Form::Plain, &before);
    commit_all(&world, &now, TRANSACTION)?;
    now.iter().for_each(|&(at, material)| tree.set(at, material));
    let mut cells = last(&before);
    cells.extend(now.iter().copied());
    let equal = same(&world, &tree, &cells)?;
    let write = |world: &mut World| commit_all(world, &now, TRANSACTION);
    let set = |tree: &mut EagerOctree| {
        now.iter().for_each(|&(at, material)| tree.set(at, material));
        Ok(())
    };
    bench.run(
        Case::new("eager-erosion-10k-again-ack", UNIT, sample(&now, world_before, write))
            .peer_with(
                OCTREE,
                sample(&now, || Ok(octree_with(Form::Plain, &before)), set),
                equal,
                Targets::new(10.0, 50.0),
            )
            .peer(LEAN, sample(&now, || Ok(octree_with(Form::Lean, &before)), set), equal)
            .rounds(if bench.is_quick() { 5 } else { 31 }),
    )
}

/// Heap in use after the edits, beyond what an empty world and an empty tree take.
fn memory(bench: &mut Bench<'_>, name: &str, edits: &[CellEdit]) -> Result<(), BenchError> {
    let world = World::in_memory().map_err(ours)?;
    let (done, live) = retained(|| commit_all(&world, edits, TRANSACTION));
    done?;
    let (done, more) = retained(|| fold(&world));
    done?;
    let (tree, tree_bytes) = retained(|| octree_with(Form::Plain, edits));
    let (pages, pages_bytes) = retained(|| pages_with(edits));
    let pages = pages?;
    let cells = last(edits);
    let equal = agrees(&world, &cells, &|at| Ok(tree.get(at)))?;
    let mut same = equal;
    for (&at, &material) in &cells {
        same &= tree.get(at) == material && pages.get(at)? == material;
    }
    for (when, bytes) in [("live", live), ("folded", live + more)] {
        bench.run(
            Case::new(format!("{name}-memory-{when}"), Unit::Bytes, Measure::constant(bytes))
                .peer_with(OCTREE, Measure::constant(tree_bytes), same, Targets::at_least(5.0))
                .peer(PAGES, Measure::constant(pages_bytes), same)
                .rounds(1),
        )?;
    }
    Ok(())
}
