//! Grids and layers made.

use bm_core::MaterialId;
use bm_grid::{Bounds, DVec2, Grid, Region, layer};

use super::ours;
use crate::harness::{Bench, BenchError, Case, Measure, Targets, Unit};

/// A square of cells at the origin.
pub(super) fn square(edge: u32, cell: f64) -> Result<Region, BenchError> {
    let max = DVec2::splat(f64::from(edge) * cell);
    Region::new(Bounds { min: DVec2::ZERO, max }, cell).map_err(ours)
}

fn material(x: u32, y: u32) -> MaterialId {
    MaterialId(1 + ((x / 7) ^ (y / 5)) as u16 % 9)
}

pub(super) fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    for (edge, cell) in [(100, 1.0), (500, 1.0), (1000, 1.0), (1000, 10.0), (2000, 1.0)] {
        let region = square(edge, cell)?;
        let make = || Grid::from_fn(region, material);
        let array = || {
            let mut all = Vec::with_capacity((edge * edge) as usize);
            all.extend((0..edge).flat_map(|y| (0..edge).map(move |x| material(x, y))));
            all
        };
        let equal = make().map_err(ours)?.base().to_vec() == array();
        let name = if cell == 1.0 { format!("create-{edge}") } else { format!("create-{edge}-at-{cell}m") };
        let mut case = Case::new(name, Unit::Seconds, Measure::one_thread(1, make));
        if edge >= 1000 {
            case = case.targets(Targets::at_least(if edge == 1000 { 0.05 } else { 0.2 }));
        }
        bench.run(case.peer("plain array", Measure::one_thread(1, array), equal))?;
    }
    let region = square(1000, 1.0)?;
    let uniform = || Grid::uniform(region, MaterialId::ROCK);
    let equal = uniform().map_err(ours)?.material(999, 999) == Some(MaterialId::ROCK);
    bench.run(Case::new("create-uniform", Unit::Seconds, Measure::one_thread(1, uniform)).peer(
        "plain array",
        Measure::one_thread(1, || vec![MaterialId::ROCK; 1_000_000]),
        equal,
    ))?;
    layers(bench, region)
}

fn layers(bench: &mut Bench<'_>, region: Region) -> Result<(), BenchError> {
    let scalar = |name: &'static str| {
        move || {
            let mut grid = Grid::uniform(region, MaterialId::ROCK).ok()?;
            let plane = &mut grid.get_or_create_layer(name, 0.0_f32).ok()?.planes_mut()[0];
            (0..plane.tiling().len()).for_each(|tile| plane.tile_mut(tile).fill(1.5));
            Some(grid)
        }
    };
    let vector = || {
        let mut grid = Grid::uniform(region, MaterialId::ROCK).ok()?;
        for plane in grid.get_or_create_layer(layer::WATER_VELOCITY, [0.0_f32; 2]).ok()?.planes_mut() {
            (0..plane.tiling().len()).for_each(|tile| plane.tile_mut(tile).fill(1.5));
        }
        Some(grid)
    };
    let at = |grid: &Grid| grid.layer::<f32>(layer::ELEVATION).ok()?.get(999, 999);
    let right = scalar(layer::ELEVATION)().and_then(|grid| at(&grid)) == Some(1.5);
    bench.run(
        Case::new("layer-f32", Unit::Seconds, Measure::one_thread(1, scalar(layer::ELEVATION)))
            .targets(Targets::at_least(0.01))
            .peer("plain array", Measure::one_thread(1, || vec![1.5_f32; 1_000_000]), right),
    )?;
    let both = vector().and_then(|g| g.layer::<[f32; 2]>(layer::WATER_VELOCITY).ok()?.get(1, 999));
    bench.run(
        Case::new("layer-pair", Unit::Seconds, Measure::one_thread(1, vector))
            .targets(Targets::at_least(0.01))
            .peer(
                "plain array",
                Measure::one_thread(1, || vec![[1.5_f32; 2]; 1_000_000]),
                both == Some([1.5; 2]),
            ),
    )?;
    let bytes = scalar(layer::ELEVATION)().map_or(0, |grid| grid.memory_bytes());
    bench.run(Case::new("layer-f32-memory", Unit::Bytes, Measure::constant(bytes as f64)).checked(right))
}
