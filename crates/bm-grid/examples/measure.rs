//! How long it takes to make grids and layers, and what they weigh: `cargo run --release -p bm-grid --example measure`.
#![allow(clippy::print_stdout, reason = "an example shows what it measures")]

use bm_core::MaterialId;
use bm_grid::{Bounds, DVec2, Grid, GridError, Region, layer};
use std::time::Instant;

fn main() -> Result<(), GridError> {
    for edge in [100.0, 500.0, 1000.0, 2000.0] {
        let bounds = Bounds { min: DVec2::ZERO, max: DVec2::splat(edge) };
        let region = Region::new(bounds, 1.0)?;
        let start = Instant::now();
        // Nothing is uniform here: every tile is kept cell by cell.
        let mut grid = Grid::from_fn(region, |x, y| MaterialId(1 + ((x ^ y) & 7) as u16))?;
        let made = start.elapsed();
        let start = Instant::now();
        let elevation = grid.get_or_create_layer(layer::ELEVATION, 0.0_f32)?;
        for plane in elevation.planes_mut() {
            for tile in 0..plane.tiling().len() {
                plane.tile_mut(tile).fill(1.0);
            }
        }
        println!(
            "{edge:>5} m: made in {made:.1?}, a layer made and written in {:.1?}, {} bytes a cell",
            start.elapsed(),
            grid.memory_bytes() as f64 / region.cells() as f64
        );
    }
    Ok(())
}
