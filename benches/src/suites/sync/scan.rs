//! The documented way: the bounding rectangle of each boundary, grown by its reach, cell by cell.

use bm_core::{MaterialId, Phase};
use bm_grid::{Bounds, DVec2, Grid, Ground, Window};
use bm_vector::set::BoundarySet;
use bm_vector::{Boundary, Frame, Shape, precedence, sync, touches_box};
use geo_types::Coord;

/// The material of every cell, row by row.
pub(super) fn scan(grid: &Grid, set: &BoundarySet) -> Vec<MaterialId> {
    let region = grid.region();
    let width = region.width() as usize;
    let half = set.frame().half_cell(region.cell_size());
    let mut said: Vec<Option<(&Boundary, f64, MaterialId)>> = vec![None; width * region.height() as usize];
    for boundary in set.iter() {
        let Some(transition) = boundary.transition else { continue };
        let Some(window) = rectangle(grid, boundary, set.frame()) else { continue };
        for y in window.y..window.end_y() {
            for x in window.x..window.end_x() {
                let center = DVec2::new(region.center_x(x), region.center_y(y));
                let p = match region.ground() {
                    Ground::Flat => Coord { x: center.x, y: center.y },
                    Ground::World => sync::degrees(center.x, center.y),
                };
                let Some(near) = boundary.near(p, set.frame()) else { continue };
                let speaks = match &boundary.shape {
                    Shape::Area(_) => true,
                    Shape::Lines(lines) => {
                        near.distance <= transition.reach()
                            || lines.iter().any(|l| l.0.windows(2).any(|e| touches_box(e[0], e[1], p, half)))
                    }
                };
                let material = near
                    .side
                    .filter(|_| speaks)
                    .and_then(|side| boundary.extent.speak(side, transition.of(side)?, Phase::Solid, None));
                let Some(material) = material else { continue };
                let cell = &mut said[y as usize * width + x as usize];
                let earlier = cell.is_none_or(|(other, distance, _)| {
                    precedence(&boundary.voice(near.distance), &other.voice(distance)).is_lt()
                });
                if earlier {
                    *cell = Some((boundary, near.distance, material));
                }
            }
        }
    }
    said.iter().zip(grid.base().to_vec()).map(|(said, base)| said.map_or(base, |s| s.2)).collect()
}

/// The cells a boundary may speak for, by its bounding box.
fn rectangle(grid: &Grid, boundary: &Boundary, frame: Frame) -> Option<Window> {
    let region = grid.region();
    if matches!(boundary.shape, Shape::Area(_)) {
        return Some(region.window());
    }
    let rect = boundary.bounds()?;
    let metres = |c: Coord<f64>| match frame {
        Frame::Plane => DVec2::new(c.x, c.y),
        Frame::Geographic => DVec2::new((c.x + 180.0) * 111_319.5, (c.y + 90.0) * 111_319.5),
    };
    let reach = boundary.transition?.reach() + region.cell_size();
    // A metre of x is cos φ metres of ground.
    let narrow = region.row_metric(0).min(region.row_metric(region.height() - 1));
    let by = DVec2::new(reach / narrow, reach);
    region.overlapping(Bounds { min: metres(rect.min()) - by, max: metres(rect.max()) + by })
}
