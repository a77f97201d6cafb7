//! Cells of a grid in memory.

use bm_core::MaterialId;
use bm_grid::halo::{Edge, Halo, for_each_tile_with_halo};
use bm_grid::{DVec2, Grid, Plane, Window};

use super::{hills, material, ours, square};
use crate::harness::{Bench, BenchError, Case, Measure, Targets, Unit};
use crate::inputs::Random;

pub(super) fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    query(bench)?;
    copy(bench)?;
    rows(bench)?;
    halo(bench)
}

fn query(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    const EDGE: u32 = 1000;
    let grid = Grid::from_fn(square(EDGE)?, material).map_err(ours)?;
    let array: Vec<MaterialId> = (0..EDGE * EDGE).map(|n| material(n % EDGE, n / EDGE)).collect();
    let mut random = Random::new(0x9e1d_0001);
    let mut coordinate = || random.unit() * f64::from(EDGE);
    let points: Vec<DVec2> = (0..1_000_000).map(|_| DVec2::new(coordinate(), coordinate())).collect();
    let plain = |p: DVec2| array.get(p.y as usize * EDGE as usize + p.x as usize).copied();
    let same = points.iter().all(|&p| grid.material_at(p) == plain(p));
    let sum = |at: &dyn Fn(DVec2) -> Option<MaterialId>| {
        points.iter().filter_map(|&p| at(p)).map(|m| u64::from(m.0)).sum::<u64>()
    };
    bench.run(
        Case::new(
            "query",
            Unit::Nanoseconds("query"),
            Measure::one_thread(1_000_000, || sum(&|p| grid.material_at(p))),
        )
        // A tenth of a millisecond is what the requirements ask for.
        .targets(Targets::new(100_000.0, 20.0))
        .peer("plain array", Measure::one_thread(1_000_000, || sum(&plain)), same),
    )
}

fn copy(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    const EDGE: usize = 1000;
    const SIDE: usize = 256;
    let array = hills(EDGE as u32, 0.0);
    let plane = Plane::of_values(EDGE as u32, EDGE as u32, &array, 1).map_err(ours)?;
    let mut random = Random::new(0x9e1d_0002);
    let mut place = || random.below((EDGE - SIDE) as u64) as u32;
    let windows: Vec<Window> =
        (0..64).map(|_| Window { x: place(), y: place(), width: SIDE as u32, height: SIDE as u32 }).collect();
    let (mut own, mut plain) = (vec![0.0; SIDE * SIDE], vec![0.0; SIDE * SIDE]);
    let by_rows = |window: &Window, out: &mut [f64]| {
        for (row, y) in out.chunks_exact_mut(SIDE).zip(window.y as usize..) {
            let from = y * EDGE + window.x as usize;
            row.copy_from_slice(&array[from..from + SIDE]);
        }
    };
    let mut same = true;
    for window in &windows {
        plane.read_window(*window, &mut own).map_err(ours)?;
        by_rows(window, &mut plain);
        same &= own == plain;
    }
    let cells = (windows.len() * SIDE * SIDE) as u64;
    bench.run(
        Case::new(
            "copy-out",
            Unit::PerSecond("cells"),
            Measure::one_thread(cells, || windows.iter().all(|w| plane.read_window(*w, &mut own).is_ok())),
        )
        .peer(
            "plain array",
            Measure::one_thread(cells, || windows.iter().for_each(|w| by_rows(w, &mut plain))),
            same,
        ),
    )
}

fn rows(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    const EDGE: u32 = 2000;
    let cells = u64::from(EDGE * EDGE);
    let array = hills(EDGE, 0.0);
    let mut plane = Plane::uniform(EDGE, EDGE, 0.0);
    plane.write_all(&array, 2).map_err(ours)?;
    let (mut out, mut plain) = (vec![0.0; array.len()], vec![0.0; array.len()]);
    plane.read_all(&mut out, 2).map_err(ours)?;
    let same = out == array;
    for threads in [1, 2] {
        let name = |what| format!("rows-{what}-{threads}t");
        let read = || plane.read_all(&mut out, threads).is_ok();
        bench.run(Case::new(name("out"), Unit::PerSecond("cells"), Measure::timed(cells, read)).peer(
            "one copy",
            Measure::timed(cells, || plain.copy_from_slice(&array)),
            same,
        ))?;
        let write = || plane.write_all(&array, threads).is_ok();
        bench.run(Case::new(name("in"), Unit::PerSecond("cells"), Measure::timed(cells, write)).peer(
            "one copy",
            Measure::timed(cells, || plain.copy_from_slice(&array)),
            same,
        ))?;
    }
    Ok(())
}

/// The mean of the four neighbours.
pub(super) fn mean(around: &Halo<'_, f64>, out: &mut [f64]) {
    let width = around.width();
    for (y, out) in out.chunks_exact_mut(width).enumerate() {
        step(around.row(y), around.row(y + 1), around.row(y + 2), out);
    }
}

/// The same of a row; the rows around have a cell more at either end.
fn step(south: &[f64], row: &[f64], north: &[f64], out: &mut [f64]) {
    let n = out.len();
    let (south, north, west, east) = (&south[1..=n], &north[1..=n], &row[..n], &row[2..n + 2]);
    for x in 0..n {
        out[x] = ((south[x] + north[x]) + (west[x] + east[x])) * 0.25;
    }
}

/// The step over a plain array with a cell more on each side.
fn plain_step(padded: &[f64], stride: usize, out: &mut [f64]) {
    for (y, out) in out.chunks_exact_mut(stride - 2).enumerate() {
        let row = |n: usize| &padded[(y + n) * stride..][..stride];
        step(row(0), row(1), row(2), out);
    }
}

fn halo(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    const EDGE: u32 = 2000;
    let cells = u64::from(EDGE * EDGE);
    let plane = Plane::of_values(EDGE, EDGE, &hills(EDGE, 0.0), 1).map_err(ours)?;
    let mut to = Plane::uniform(EDGE, EDGE, 0.0);
    for_each_tile_with_halo(&plane, &mut to, 1, Edge::Clamp, 2, mean).map_err(ours)?;
    let whole = Window { x: 0, y: 0, width: EDGE, height: EDGE };
    let mut padded = Vec::new();
    plane.read_halo(whole, 1, Edge::Clamp, &mut padded).map_err(ours)?;
    let stride = EDGE as usize + 2;
    let mut out = vec![0.0; cells as usize];
    plain_step(&padded, stride, &mut out);
    let same = out == to.to_vec();
    for threads in [1, 2] {
        let own = || for_each_tile_with_halo(&plane, &mut to, 1, Edge::Clamp, threads, mean).is_ok();
        bench.run(
            Case::new(format!("halo-{threads}t"), Unit::PerSecond("cells"), Measure::timed(cells, own)).peer(
                "plain array, one thread",
                Measure::timed(cells, || plain_step(&padded, stride, &mut out)),
                same,
            ),
        )?;
    }
    Ok(())
}
