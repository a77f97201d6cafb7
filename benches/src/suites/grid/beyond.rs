//! Grids whose tiles are in memory only while they are used.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use bm_core::MaterialId;
use bm_grid::chunked::{CellBox, ChunkStore, ChunkedConfig, ChunkedGrid, MemoryStore};
use bm_grid::halo::{Edge, for_each_tile_with_halo};
use bm_grid::paged::{GridStore, StoreConfig, for_tiles_with_halo};
use bm_grid::{Plane, Window};

use super::cells::mean;
use super::{hills, ours, square};
use crate::harness::{Bench, BenchError, Case, Measure, Unit};
use crate::inputs::Random;
use crate::suites::earth::TemporaryFolder;

pub(super) fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    paged(bench)?;
    chunks(bench)
}

/// A folder with heights and a plane for the results, and memory for so many bytes.
fn store(folder: &Path, edge: u32, heights: &[f64], most_bytes: usize) -> Result<GridStore, BenchError> {
    let config = StoreConfig { most_bytes, ..StoreConfig::default() };
    let mut store = GridStore::create(folder, square(edge)?, MaterialId::ROCK, &config).map_err(ours)?;
    store.get_or_create_layer("result", 0.0_f64).map_err(ours)?;
    let planes = store.get_or_create_layer("heights", 0.0_f64).map_err(ours)?;
    planes[0].write_window(Window { x: 0, y: 0, width: edge, height: edge }, heights).map_err(ours)?;
    store.flush().map_err(ours)?;
    Ok(store)
}

fn paged(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    let edge: u32 = if bench.is_quick() { 2000 } else { 4000 };
    let cells = f64::from(edge) * f64::from(edge);
    let heights = hills(edge, 0.0);
    let plane = Plane::of_values(edge, edge, &heights, 1).map_err(ours)?;
    let mut to = Plane::uniform(edge, edge, 0.0);
    let folder = TemporaryFolder::new("grid-paged")?;
    let all = 2 * heights.len() * 8;
    for (name, most_bytes) in [("paged-all", all * 2), ("paged-tenth", all / 10)] {
        let store = store(&folder.path().join(name), edge, &heights, most_bytes)?;
        let from = &store.layer::<f64>("heights").map_err(ours)?[0];
        let result = &store.layer::<f64>("result").map_err(ours)?[0];
        let tiles: Vec<usize> = (0..from.tiles()).collect();
        let step = || {
            let start = Instant::now();
            for_tiles_with_halo(from, result, &tiles, 1, Edge::Clamp, 1, mean).map_err(ours)?;
            Ok(cells / start.elapsed().as_secs_f64())
        };
        step()?;
        for_each_tile_with_halo(&plane, &mut to, 1, Edge::Clamp, 1, mean).map_err(ours)?;
        let mut back = vec![0.0; heights.len()];
        result.read_window(Window { x: 0, y: 0, width: edge, height: edge }, &mut back).map_err(ours)?;
        let same = back == to.to_vec() && store.cache().bytes() <= most_bytes;
        let in_memory = || {
            let start = Instant::now();
            for_each_tile_with_halo(&plane, &mut to, 1, Edge::Clamp, 1, mean).map_err(ours)?;
            Ok(cells / start.elapsed().as_secs_f64())
        };
        bench.run(
            Case::new(name, Unit::PerSecond("cells"), Measure::given(step))
                .peer("ours in memory", Measure::given(in_memory), same)
                .rounds(5),
        )?;
    }
    Ok(())
}

fn chunks(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    const COUNT: u64 = 1_000_000;
    let memory: Arc<dyn ChunkStore> = Arc::new(MemoryStore::default());
    let grid = ChunkedGrid::new(0.0_f32, ChunkedConfig::default(), Some(memory)).map_err(ours)?;
    let mut random = Random::new(0x9e1d_0003);
    let mut coordinate = || random.below(1024) as i64 - 512;
    let places: Vec<(i64, i64)> = (0..COUNT).map(|_| (coordinate(), coordinate())).collect();
    let mut map = HashMap::new();
    for (n, &(x, y)) in places.iter().enumerate() {
        grid.set(x, y, n as f32).map_err(ours)?;
        map.insert((x, y), n as f32);
    }
    let own = |(x, y): (i64, i64)| grid.get(x, y).unwrap_or(f32::NAN);
    let same = places.iter().all(|&at| map.get(&at) == Some(&own(at)));
    let read = || places.iter().map(|&at| own(at)).sum::<f32>();
    let read_map = || places.iter().filter_map(|at| map.get(at)).sum::<f32>();
    bench.run(Case::new("chunks-get", Unit::Nanoseconds("cell"), Measure::one_thread(COUNT, read)).peer(
        "hash map of cells",
        Measure::one_thread(COUNT, read_map),
        same,
    ))?;
    const SIDE: usize = 256;
    let mut out = vec![0.0; SIDE * SIDE];
    let mut plain = out.clone();
    let window = CellBox { x: -130, y: -60, width: SIDE, height: SIDE };
    let mut by_map = || {
        for (n, cell) in plain.iter_mut().enumerate() {
            let at = (window.x + (n % SIDE) as i64, window.y + (n / SIDE) as i64);
            *cell = map.get(&at).copied().unwrap_or(0.0);
        }
    };
    by_map();
    grid.get_region(window, &mut out).map_err(ours)?;
    let cells = (SIDE * SIDE) as u64;
    let same = {
        let mut again = vec![0.0; SIDE * SIDE];
        for (n, cell) in again.iter_mut().enumerate() {
            let at = (window.x + (n % SIDE) as i64, window.y + (n / SIDE) as i64);
            *cell = map.get(&at).copied().unwrap_or(0.0);
        }
        again == out
    };
    bench.run(
        Case::new(
            "chunks-window",
            Unit::PerSecond("cells"),
            Measure::one_thread(cells, || grid.get_region(window, &mut out).is_ok()),
        )
        .peer("hash map of cells", Measure::one_thread(cells, by_map), same),
    )
}
