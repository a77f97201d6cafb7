//! Coastlines that follow the land.

use super::commit::Origin;
use super::land::ticks;
use crate::error::WorldError;
use crate::view::View;
use bm_core::frame::TICKS_PER_METRE;
use bm_process::state::State;
use bm_vector::extract::{Moved, splice};
use bm_vector::set::Change;
use bm_vector::{Boundary, Kind};

/// How far a simplified line may leave the one that was found, as a share of a cell.
const TOLERANCE: f64 = 0.25;

/// What becomes of the world's coastlines when land is laid back, and how many could not follow.
///
/// New shores are found where the ground passes the sea's level (marching squares) around cells that became land or sea, and joined
/// to what is left of the old ones: outside of these cells coastlines keep their very vertices, wherever they go on to
/// ([`splice`](fn@splice)). Heights count as the world will have them, in quarter metres. Without coastlines there is nothing
/// to do.
///
/// # Errors
/// [`WorldError::Data`] when shores cannot be extracted.
pub(super) fn follow(view: &View, origin: &Origin, land: &State) -> Result<(Vec<Change>, u64), WorldError> {
    let coasts: Vec<&Boundary> =
        view.boundaries().iter().filter(|b| b.kind == Kind::Coastline).map(|b| &**b).collect();
    if coasts.is_empty() {
        return Ok((Vec::new(), 0));
    }
    // The world's sea lies at height 0; that of a scenario may rise.
    let above = |heights: &[f64], sea: f64| -> Vec<f64> {
        let whole = |z: &f64| f64::from(ticks(z - sea)) / f64::from(TICKS_PER_METRE);
        heights.iter().map(|z| if z.is_nan() { f64::NAN } else { whole(z) }).collect()
    };
    let before = above(&origin.heights, 0.0);
    let after = above(&land.ground.values, land.sea_level);
    let moved = Moved { region: &origin.region, before: &before, after: &after };
    let taken = |id: &bm_vector::BoundaryId| view.boundaries().get(id).is_some();
    let tolerance = origin.region.cell_size() * TOLERANCE;
    let done = splice(&moved, &coasts, tolerance, &taken)
        .map_err(|e| WorldError::Data { what: "coastlines", detail: e.to_string() })?;
    Ok((done.changes, done.beyond.len() as u64))
}
