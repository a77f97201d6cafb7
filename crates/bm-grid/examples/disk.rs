//! How fast a grid is saved and loaded, beside a plain write and read of as many bytes:
//! `cargo run --release -p bm-grid --example disk -- [EDGE]`.
#![allow(clippy::print_stdout, reason = "an example shows what it measures")]

use bm_core::MaterialId;
use bm_grid::{Bounds, DVec2, Grid, Region, file, layer};
use std::error::Error;
use std::io::{Read, Write};
use std::time::Instant;

/// Hills of every size, with digits down to the last.
fn height(x: u32, y: u32) -> f64 {
    let (x, y) = (f64::from(x), f64::from(y));
    (1..12)
        .map(|octave| {
            let size = f64::from(1 << octave);
            let turn = f64::from(octave) * 1.7;
            let (u, v) = (x * turn.cos() + y * turn.sin(), y * turn.cos() - x * turn.sin());
            size * 0.3 * (u / size).sin() * (v / size + turn).cos()
        })
        .sum()
}

fn main() -> Result<(), Box<dyn Error>> {
    let edge: u32 = std::env::args().nth(1).map_or(Ok(2000), |edge| edge.parse())?;
    let region = Region::new(Bounds { min: DVec2::ZERO, max: DVec2::splat(edge.into()) }, 1.0)?;
    let mut grid = Grid::from_fn(region, |x, y| MaterialId(1 + (x / 37 % 3 + y / 53 % 4) as u16))?;
    let tiling = grid.tiling();
    let plane = &mut grid.get_or_create_layer(layer::ELEVATION, 0.0_f64)?.planes_mut()[0];
    for tile in 0..tiling.len() {
        let window = tiling.window(tile);
        let rows = plane.tile_mut(tile).chunks_exact_mut(window.width as usize);
        for (row, y) in rows.zip(window.y..) {
            row.iter_mut().zip(window.x..).for_each(|(cell, x)| *cell = height(x, y));
        }
    }
    for (n, name) in ["a", "b", "c", "d"].into_iter().enumerate() {
        let plane = &mut grid.get_or_create_layer(name, 0.0_f32)?.planes_mut()[0];
        for tile in 0..tiling.len() {
            let window = tiling.window(tile);
            let rows = plane.tile_mut(tile).chunks_exact_mut(window.width as usize);
            for (row, y) in rows.zip(window.y..) {
                row.iter_mut()
                    .zip(window.x..)
                    .for_each(|(cell, x)| *cell = height(y + n as u32 * 99, x) as f32);
            }
        }
    }
    let memory = grid.memory_bytes();
    let dir = tempfile::tempdir_in(".")?;
    let rate = |seconds: f64| memory as f64 / seconds / 1e6;
    for _ in 0..3 {
        let path = dir.path().join("grid");
        let start = Instant::now();
        let bytes = file::save(&grid, b"", &path)?;
        let saved = start.elapsed().as_secs_f64();
        let mut out = Vec::with_capacity(memory);
        let start = Instant::now();
        file::write(&grid, b"", &mut out, &path)?;
        let written = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let (back, _) = file::load(&path)?;
        let loaded = start.elapsed().as_secs_f64();
        assert!(back == grid);
        let plain = vec![7_u8; memory];
        let path = dir.path().join("plain");
        let start = Instant::now();
        let mut to = std::fs::File::create(&path)?;
        to.write_all(&plain)?;
        to.sync_all()?;
        let plain_saved = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let mut again = Vec::new();
        std::fs::File::open(&path)?.read_to_end(&mut again)?;
        let plain_loaded = start.elapsed().as_secs_f64();
        println!(
            "{memory} bytes ({:.1} a cell): {bytes} saved, {:.0} MB/s (to memory {:.0}), loaded {:.0}; plain file {:.0}, {:.0}",
            memory as f64 / region.cells() as f64,
            rate(saved),
            rate(written),
            rate(loaded),
            rate(plain_saved),
            rate(plain_loaded),
        );
    }
    Ok(())
}
