//! Suite `grid`: dense rasters in memory, on disk and beyond memory.

mod beyond;
mod cells;
mod disk;
mod rasters;

use bm_core::MaterialId;
use bm_grid::{Bounds, DVec2, Grid, Region, layer};

use super::Suite;
use crate::harness::{Bench, BenchError};

/// The suite.
pub const SUITE: Suite = Suite {
    name: "grid",
    about: "\
Grids of 1000² or 2000² cells (how long these take to make is in suite `sync`). Heights are sines of eleven sizes with
digits down to the last bit, materials lie in patches.

`query`: the material at a point, a million points at random (grid of 1000²); the peer is a plain array whose index is
the point divided by the cell. `copy-…`: windows of 256² at random places copied to rows, and `rows-…`: all 4 M cells to and from
rows; peers are plain arrays copied row by row, or at once. `halo-…`: each cell of 2000² becomes the mean of its four
neighbours, tile by tile; the peer is a loop over the rows of a plain array. All results are compared bit for bit.

`save`, `load`: material, heights as `f64` and four `f32` layers. Saving ends when the file is on the disk and has its name. numpy
writes a `.npy` for each array as they are, syncs and renames each; zarr writes a group (512² chunks, its default compression),
which it does not sync. Loading is from the system's cache on all sides; ours compares all check sums. What is loaded is compared bit for
bit (by CRC-32 of every array). `size`: all files. `memory`: bytes a cell in memory, that grid.

`paged-…`: the same halo step on planes in a folder, with memory for all tiles or for a tenth; the peer is the step in memory.
`chunks-…`: a sparse grid of `f32`, a million cells at random in 1024² around the origin written and read, and windows of 256²; the peer is
a hash map of cells.",
    run,
};

fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    cells::run(bench)?;
    disk::run(bench)?;
    beyond::run(bench)
}

fn ours(error: impl std::fmt::Display) -> BenchError {
    BenchError::contestant("ours", error)
}

/// A square of cells of a metre at the origin.
pub(super) fn square(edge: u32) -> Result<Region, BenchError> {
    let max = DVec2::splat(edge.into());
    Region::new(Bounds { min: DVec2::ZERO, max }, 1.0).map_err(ours)
}

/// Patches.
fn material(x: u32, y: u32) -> MaterialId {
    MaterialId(1 + (x / 37 % 3 + y / 53 % 4) as u16)
}

/// Hills of eleven sizes, row by row.
fn hills(edge: u32, turn: f64) -> Vec<f64> {
    let waves: Vec<(f64, f64, f64)> = (1..12)
        .map(|octave| {
            let size = f64::from(1 << octave);
            let (sin, cos) = (f64::from(octave) * 1.7 + turn).sin_cos();
            (size, sin, cos)
        })
        .collect();
    let height = |x: f64, y: f64| {
        let wave = |&(size, sin, cos): &(f64, f64, f64)| {
            size * 0.3 * ((x * cos + y * sin) / size).sin() * ((y * cos - x * sin) / size + turn).cos()
        };
        waves.iter().map(wave).sum::<f64>()
    };
    (0..edge).flat_map(|y| (0..edge).map(move |x| (x, y))).map(|(x, y)| height(x.into(), y.into())).collect()
}

/// Names of the four `f32` layers.
pub(super) const OTHERS: [&str; 4] =
    [layer::WATER_DEPTH, layer::SEDIMENT, layer::TEMPERATURE, layer::WEATHERING_DAMAGE];

/// A grid of material, heights and four more layers.
pub(super) fn full(edge: u32) -> Result<Grid, BenchError> {
    let mut grid = Grid::from_fn(square(edge)?, material).map_err(ours)?;
    let heights = grid.get_or_create_layer(layer::ELEVATION, 0.0_f64).map_err(ours)?;
    heights.planes_mut()[0].write_all(&hills(edge, 0.0), 1).map_err(ours)?;
    for (n, name) in (1..).zip(OTHERS) {
        let values: Vec<f32> = hills(edge, f64::from(n)).into_iter().map(|v| v as f32).collect();
        let layer = grid.get_or_create_layer(name, 0.0_f32).map_err(ours)?;
        layer.planes_mut()[0].write_all(&values, 1).map_err(ours)?;
    }
    Ok(grid)
}
