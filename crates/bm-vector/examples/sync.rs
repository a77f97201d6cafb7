//! Boundaries into a grid of a million cells, and one of them moved:
//! `cargo run --release -p bm-vector --example sync`.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use bm_core::{MaterialId, Phase};
use bm_grid::{Bounds, DVec2, Grid, Region};
use bm_vector::set::{BoundarySet, Change};
use bm_vector::sync::{self, Changed};
use bm_vector::{Boundary, Extent, Frame, Kind, Shape, Style, Transition};
use geo_types::{Coord, LineString};
use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let bounds = Bounds { min: DVec2::ZERO, max: DVec2::splat(1000.0) };
    let region = Region::new(bounds, 1.0)?;
    for (name, slope, jag) in [("straight", 0.0, 0.0), ("45 degrees", 1.0, 0.0), ("jagged", 0.0, 3.0)] {
        for count in [1_u32, 10, 100] {
            let all = (0..count).map(|i| Arc::new(fault(i, count, slope, jag)));
            let set = BoundarySet::bulk_load(Frame::Plane, all)?;
            let mut grid = Grid::uniform(region, MaterialId::ROCK)?;
            let (mut best, mut report) = (f64::INFINITY, sync::Report::default());
            for _ in 0..9 {
                grid = Grid::uniform(region, MaterialId::ROCK)?;
                let start = Instant::now();
                report = sync::rebuild(&mut grid, &set, &|_| Phase::Solid)?;
                best = best.min(start.elapsed().as_secs_f64());
            }
            let old = set.get(&"b0".into()).ok_or("b0 is there")?;
            let mut new = Boundary::clone(old);
            if let Shape::Lines(lines) = &mut new.shape {
                lines[0].0[0].y += 3.0;
            }
            let after = set.apply(&[Change::Put(new.clone())])?;
            let start = Instant::now();
            let edit =
                sync::apply(&mut grid, &after, &[Changed { old: Some(old), new: Some(&new) }], &|_| {
                    Phase::Solid
                })?;
            println!(
                "{name:>10} × {count:>3}: {:7.3} ms, {} cells changed; one moved: {:7.3} ms, {} cells looked at",
                best * 1e3,
                report.changed,
                start.elapsed().as_secs_f64() * 1e3,
                edit.looked_at
            );
        }
    }
    Ok(())
}

/// One of some lines through the square, evenly apart.
fn fault(i: u32, count: u32, slope: f64, jag: f64) -> Boundary {
    let y = 1000.0 * (f64::from(i) + 0.5) / f64::from(count);
    let y = |x: f64| y + slope * (x - 500.0) + jag * (x * 12.9898 + f64::from(i)).sin() * (x * 0.37).cos();
    let step = if jag > 0.0 { 2.0 } else { 1000.0 };
    let points = (0..=(1000.0 / step) as u32).map(|k| f64::from(k) * step).map(|x| Coord { x, y: y(x) });
    Boundary {
        id: format!("b{i}").into(),
        kind: Kind::Fault,
        shape: Shape::Lines(vec![LineString(points.collect())]),
        transition: Some(Transition {
            left: Some(MaterialId::SANDSTONE),
            right: Some(MaterialId::SHALE),
            style: Style::Linear,
            width: 5.0,
        }),
        extent: Extent::Ground,
        priority: f64::from(i % 7),
        precision: 1.0,
        properties: Default::default(),
    }
}
