//! Random single cells, acknowledged in memory.

use std::collections::HashMap;
use std::time::Instant;

use bm_hybrid::{View, World};

use crate::harness::{Bench, BenchError, Case, Measure, Targets, Unit};
use crate::inputs::edits::{CellEdit, EIGHT, in_a_cube, near_the_ground};
use crate::suites::earth::TemporaryFolder;
use crate::suites::edited::ours::{agrees, commit_all, last, warm};
use crate::suites::edited::{KILOMETRE, alps, earth, emptied, ours};

const UNIT: Unit = Unit::PerSecond("cells");

pub(super) fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    let count = if bench.is_quick() { 100_000 } else { 1_000_000 };
    let folder = TemporaryFolder::new("writes")?;
    let cube = in_a_cube(alps()?, KILOMETRE, count, &EIGHT, 1).map_err(ours)?;
    let ground = earth(&folder.path().join("ground.bm"))?;
    let planet = over_the_planet(&ground.view(), count, 2)?;
    drop(ground);
    for (place, edits) in [("cube", &cube), ("planet", &planet)] {
        for (kind, size) in [("single", 1), ("thousand", 1000)] {
            compare(bench, &format!("writes-{place}-{kind}"), folder.path(), edits, size)?;
        }
    }
    Ok(())
}

/// Edits within 100 m of the real ground, land or sea floor.
pub(super) fn over_the_planet(view: &View, count: usize, seed: u64) -> Result<Vec<CellEdit>, BenchError> {
    // The poles have no samples; there the sea floor is at sea level.
    let ground = |x, y| match view.surface(x, y) {
        Ok(Some((top, _))) => top,
        _ => bm_core::frame::SEA_LEVEL,
    };
    near_the_ground(count, 100, &ground, &EIGHT, seed).map_err(ours)
}

fn compare(
    bench: &mut Bench<'_>,
    name: &str,
    folder: &std::path::Path,
    edits: &[CellEdit],
    size: usize,
) -> Result<(), BenchError> {
    let here = folder.join("writes");
    let fresh = || -> Result<World, BenchError> {
        emptied(&here)?;
        let world = World::create(here.join("w.bm")).map_err(ours)?;
        warm(&world)?;
        Ok(world)
    };
    let peer = || -> HashMap<(u32, u32, u32), u16> {
        edits.iter().map(|(at, material)| ((at.x(), at.y(), at.z()), material.0)).collect()
    };
    // Both are asked for every cell once.
    let world = fresh()?;
    let empty = World::in_memory().map_err(ours)?.view();
    commit_all(&world, edits, size)?;
    let map = peer();
    let cells = last(edits);
    let equal = map.len() == cells.len()
        && cells.iter().all(|(at, m)| map.get(&(at.x(), at.y(), at.z())) == Some(&m.0))
        && agrees(&world, &cells, &|at| empty.sample(at).map(|found| found.material).map_err(ours))?;
    drop((world, map));

    let rate = |start: Instant| edits.len() as f64 / start.elapsed().as_secs_f64();
    let ours_round = || {
        let world = fresh()?;
        let start = Instant::now();
        commit_all(&world, edits, size)?;
        Ok(rate(start))
    };
    let peer_round = || {
        let mut map: HashMap<(u32, u32, u32), u16> = HashMap::new();
        let start = Instant::now();
        for (at, material) in edits {
            map.insert((at.x(), at.y(), at.z()), material.0);
        }
        let rate = rate(start);
        if map.len() == cells.len() { Ok(rate) } else { Err(ours("cells are missing")) }
    };
    bench.run(
        Case::new(name, UNIT, Measure::given(ours_round))
            .targets(Targets::new(3e6, 10e6))
            .peer("HashMap", Measure::given(peer_round), equal)
            .rounds(if bench.is_quick() { 5 } else { 11 }),
    )
}
