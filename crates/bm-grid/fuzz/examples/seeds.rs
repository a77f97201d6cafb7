//! Writes a few good inputs for every target into `corpus/`.
use bm_core::MaterialId;
use bm_grid::{Bounds, DVec2, Grid, Region, file};
use bm_grid::Scalar;
use bm_grid::chunked::{ChunkKey, ChunkStore, ChunkedConfig, ChunkedGrid, MemoryStore};
use std::error::Error;
use std::path::Path;
use std::sync::Arc;

fn chunks<T: Scalar>(name: &str, folder: &Path, value: impl Fn(u32) -> T) -> Result<(), Box<dyn Error>> {
    let store = Arc::new(MemoryStore::default());
    let config = ChunkedConfig { side: 16, ..ChunkedConfig::default() };
    let grid = ChunkedGrid::new(T::default(), config, Some(store.clone()))?;
    for n in 0..256 {
        grid.set(i64::from(n % 16), i64::from(n / 16), value(n))?;
    }
    grid.flush()?;
    let bytes = store.load(ChunkKey { x: 0, y: 0 })?.ok_or("flushed")?;
    Ok(std::fs::write(folder.join(name), bytes)?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/file");
    std::fs::create_dir_all(&folder)?;
    for (name, width, height) in [("point", 1, 1), ("small", 7, 3), ("tiles", 300, 140)] {
        let max = DVec2::new(width.into(), height.into());
        let region = Region::new(Bounds { min: DVec2::ZERO, max }, 1.0)?;
        file::save(&Grid::uniform(region, MaterialId::ROCK)?, b"", &folder.join(format!("{name}-plain")))?;
        let mut grid = Grid::from_fn(region, |x, y| MaterialId(1 + (x * y % 3) as u16))?.with_id(name);
        grid.affected_mut().insert("coast".into());
        grid.get_or_create_layer("a", 1.5_f64)?.set(0, 0, 2.5)?;
        grid.get_or_create_layer("b", 1.5_f32)?.set(0, 0, 2.5)?;
        grid.get_or_create_layer("c", 1_u8)?.set(0, 0, 2)?;
        grid.get_or_create_layer("d", 1_u16)?;
        grid.get_or_create_layer("e", [1.5_f32, 2.5])?.set(0, 0, [0.0, 1.0])?;
        let mut derived = grid.materials(grid.tiling().window(0));
        derived[0] = MaterialId(9);
        grid.set_derived_tile(0, &derived)?;
        file::save(&grid, b"{}", &folder.join(format!("{name}-full")))?;
    }
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/chunk");
    std::fs::create_dir_all(&folder)?;
    chunks("u8", &folder, |n| n as u8)?;
    chunks("i32", &folder, |n| n as i32 * 77)?;
    chunks("f64", &folder, |n| f64::from(n) * 0.3)?;
    Ok(())
}
