//! Coastlines that follow the land.

use super::folder::degrees;
use crate::error::WorldError;
use crate::view::View;
use bm_grid::layer::ELEVATION;
use bm_process::layout;
use bm_process::state::State;
use bm_vector::extract::coastlines;
use bm_vector::set::Change;
use bm_vector::{Boundary, Kind};
use std::sync::Arc;

/// How far a simplified line may leave the one that was found, as a share of a cell.
const TOLERANCE: f64 = 0.25;

/// What becomes of the world's coastlines when land is laid back: changes of those that lie in the region, all of them or none, and how
/// many could not follow.
///
/// New shores are found where the ground passes the sea's level (marching squares); each keeps the name of the coastline it
/// was. If any coastline of the region goes on beyond it, none is changed: shores cut off at the region's edge would not be
/// rings any more, and a coast told twice would contradict itself. Without coastlines in the region there is nothing to do.
///
/// # Errors
/// [`WorldError::Data`] when shores cannot be extracted.
pub(super) fn follow(view: &View, land: &State) -> Result<(Vec<Change>, u64), WorldError> {
    let Some(region) = &land.region else { return Ok((Vec::new(), 0)) };
    let [west, south, east, north] = degrees(region);
    let (mut inside, mut beyond): (Vec<Arc<Boundary>>, u64) = (Vec::new(), 0);
    for boundary in view.boundaries().iter().filter(|b| b.kind == Kind::Coastline) {
        let Some(b) = boundary.bounds() else { continue };
        // Longitudes may be counted on beyond the date line, here and there.
        let meets = |turn: f64| b.min().x + turn < east && west < b.max().x + turn;
        let Some(turn) = [0.0, 360.0, -360.0].into_iter().find(|turn| meets(*turn)) else { continue };
        if b.min().y >= north || b.max().y <= south {
            continue;
        }
        let held = west <= b.min().x + turn && b.max().x + turn <= east;
        if held && south <= b.min().y && b.max().y <= north {
            inside.push(boundary.clone());
        } else {
            beyond += 1;
        }
    }
    let Some(first) = inside.first() else { return Ok((Vec::new(), beyond)) };
    if beyond > 0 {
        return Ok((Vec::new(), beyond + inside.len() as u64));
    }
    let bad = |e: String| WorldError::Data { what: "coastlines", detail: e };
    let (grid, _) = layout::to_grid(land).map_err(|e| bad(e.to_string()))?;
    let template = Boundary { id: "coast".into(), ..Boundary::clone(first) };
    let old: Vec<&Boundary> = inside.iter().map(|b| &**b).collect();
    let taken = |id: &bm_vector::BoundaryId| view.boundaries().get(id).is_some();
    let tolerance = region.cell_size() * TOLERANCE;
    let found = coastlines(&grid, ELEVATION, land.sea_level, tolerance, &old, &template, &taken)
        .map_err(|e| bad(e.to_string()))?;
    Ok((found.changes, 0))
}
