//! Writes a few good inputs for every target into `corpus/`.
use bm_core::MaterialId;
use bm_grid::{Bounds, DVec2, Grid, Region, file};
use std::error::Error;

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
    Ok(())
}
