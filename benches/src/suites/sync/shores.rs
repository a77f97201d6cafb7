//! Lines out of grids.

use bm_core::MaterialId;
use bm_grid::{Grid, layer};
use bm_vector::{Area, Where, extract};
use contour::ContourBuilder;
use geo_types::Coord;

use super::grids::square;
use super::ours;
use crate::harness::{Bench, BenchError, Case, Measure, Unit};
use crate::inputs::Random;

const EDGE: u32 = 1000;

/// Heights in metres from waves of random direction, each octave half as high as the one before; sea around.
fn relief() -> Vec<f64> {
    let mut random = Random::new(42);
    let mut waves = Vec::new();
    for octave in 0..8_i32 {
        for _ in 0..4 {
            let turn = random.unit() * std::f64::consts::TAU;
            let k = 0.006 * 2.0_f64.powi(octave);
            waves.push((k * turn.cos(), k * turn.sin(), random.unit() * 7.0, 100.0 * 0.55_f64.powi(octave)));
        }
    }
    let rim = |v: u32| v == 0 || v == EDGE - 1;
    let height = |x: u32, y: u32| {
        let (u, v) = (f64::from(x), f64::from(y));
        if rim(x) || rim(y) {
            -50.0
        } else {
            waves.iter().map(|w| w.3 * (w.0 * u + w.1 * v + w.2).sin()).sum()
        }
    };
    (0..EDGE).flat_map(|y| (0..EDGE).map(move |x| (x, y))).map(|(x, y)| height(x, y)).collect()
}

/// Whether rings part land from sea at every cell's centre.
fn parts<R: AsRef<[Coord<f64>]>>(
    rings: impl Iterator<Item = R>,
    heights: &[f64],
) -> Result<bool, BenchError> {
    let area = Area::build(rings, None).map_err(ours)?;
    let centres = (0..EDGE).flat_map(|y| (0..EDGE).map(move |x| (x, y)));
    let centres: Vec<_> =
        centres.map(|(x, y)| Coord { x: f64::from(x) + 0.5, y: f64::from(y) + 0.5 }).collect();
    let mut sides = vec![Where::On; centres.len()];
    area.locate_batch(&centres, &mut sides);
    Ok(sides.iter().zip(heights).all(|(side, &h)| (*side == Where::Inside) == (h >= 0.0)))
}

pub(super) fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    let heights = relief();
    let at = |x: u32, y: u32| heights[(y * EDGE + x) as usize];
    let classes = |x: u32, y: u32| MaterialId((14.0 + (at(x, y) / 60.0).floor().clamp(-4.0, 4.0)) as u16);
    let mut grid = Grid::from_fn(square(EDGE, 1.0)?, classes).map_err(ours)?;
    let plane = &mut grid.get_or_create_layer(layer::ELEVATION, 0.0_f64).map_err(ours)?.planes_mut()[0];
    for tile in 0..plane.tiling().len() {
        let window = plane.tiling().window(tile);
        for (row, y) in plane.tile_mut(tile).chunks_exact_mut(window.width as usize).zip(window.y..) {
            row.iter_mut().zip(window.x..).for_each(|(cell, x)| *cell = at(x, y));
        }
    }

    let shores = || extract::shorelines(&grid, layer::ELEVATION, 0.0);
    let ours_found = shores().map_err(ours)?;
    let builder = ContourBuilder::new(EDGE as usize, EDGE as usize, true);
    let theirs = || builder.lines(&heights, &[0.0]);
    let found = theirs().map_err(|error| BenchError::contestant("contour", error))?;
    let theirs_found: Vec<_> = found.iter().flat_map(|line| line.geometry().0.iter()).collect();
    let equal = parts(ours_found.iter().map(|l| &l.0[..]), &heights)?
        && parts(theirs_found.iter().map(|l| &l.0[..]), &heights)?;
    let points: usize = ours_found.iter().map(|line| line.0.len()).sum();
    bench.run(
        Case::new(
            format!("shorelines ({} lines, {points} points)", ours_found.len()),
            Unit::Seconds,
            Measure::one_thread(1, shores),
        )
        .peer("contour 0.13", Measure::one_thread(1, theirs), equal),
    )?;

    let borders = || extract::borders(grid.region(), grid.base());
    let found = borders();
    // Every crack's middle is a point; rings repeat one, and arcs have a node at either end.
    let cracks: usize = found
        .iter()
        .map(|b| {
            let node = |c: Coord<f64>| c.x.fract() == 0.0 && c.y.fract() == 0.0;
            b.line.0.len() - if node(b.line.0[0]) { 2 } else { 1 }
        })
        .sum();
    let unlike: usize = (0..EDGE * EDGE)
        .map(|i| {
            let (x, y) = (i % EDGE, i / EDGE);
            let here = classes(x, y);
            usize::from(x > 0 && classes(x - 1, y) != here) + usize::from(y > 0 && classes(x, y - 1) != here)
        })
        .sum();
    bench.run(
        Case::new(format!("borders ({} arcs)", found.len()), Unit::Seconds, Measure::one_thread(1, borders))
            .checked(cracks == unlike),
    )
}
