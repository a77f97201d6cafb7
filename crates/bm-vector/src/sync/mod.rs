//! Boundaries into the cells of a grid.
//!
//! A cell's derived material is a function of its base material and of *all* boundaries, so it does not depend on the
//! order in which boundaries came and went, and it is what a query at the cell's centre, asked at the cell's size,
//! answers: among the boundaries that speak there (areas everywhere; lines where the cell's closed box touches them or
//! its centre is within their [`reach`](crate::Transition::reach)), the first of the one total order
//! ([`precedence`](crate::precedence)) that has a material for its side and for what the base is. A shore that is heard
//! everywhere gives way to a better one wholly.
//!
//! [`rebuild`] makes all derived cells, [`apply`] those that a change can have reached: the cells of the old and of the
//! new geometry. Both go through the same code, tile by tile and row by row: segments are strewn over the rows they
//! can reach (a supercover traversal after Amanatides & Woo, "A fast voxel traversal algorithm", 1987, widened by the
//! reach), the nearest one of each cell is found in plain arithmetic, and only that one, or all that tie with it,
//! is given to the exact [`Nearest`](crate::Nearest). Areas fill rows from crossing to crossing.
//!
//! ```
//! use bm_core::{MaterialId, Phase};
//! use bm_grid::{Bounds, DVec2, Grid, Region};
//! use bm_vector::{Boundary, Extent, Frame, Kind, Shape, Style, Transition, sync};
//! use geo_types::line_string;
//! use std::sync::Arc;
//!
//! let bounds = Bounds { min: DVec2::ZERO, max: DVec2::splat(10.0) };
//! let mut grid = Grid::uniform(Region::new(bounds, 1.0)?, MaterialId::ROCK)?;
//! let (left, right) = (Some(MaterialId::SANDSTONE), Some(MaterialId::SHALE));
//! let fault = Arc::new(Boundary {
//!     id: "fault".into(), kind: Kind::Fault,
//!     shape: Shape::Lines(vec![line_string![(x: 0.0, y: 5.0), (x: 10.0, y: 5.0)]]),
//!     transition: Some(Transition { left, right, style: Style::Sharp, width: 0.0 }),
//!     extent: Extent::Ground, priority: 0.0, precision: 1.0, properties: Default::default(),
//! });
//! let all = sync::Listed { frame: Frame::Plane, boundaries: &[fault] };
//! sync::rebuild(&mut grid, &all, &|_| Phase::Solid)?;
//! let column = [3, 4, 5, 6].map(|y| grid.material(5, y));
//! assert_eq!(column, [Some(MaterialId::ROCK), right, left, Some(MaterialId::ROCK)]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod areas;
mod boundaries;
mod heard;
mod lines;
mod mask;
mod place;
mod row;
mod tile;

pub use boundaries::{Boundaries, Listed};
pub use place::degrees;
pub(crate) use place::unwrapped_degrees;

use crate::boundary::Boundary;
use crate::frame::Frame;
use bm_core::{MaterialId, Phase};
use bm_grid::{Grid, GridError, Ground};
use heard::Heard;
use lines::Metrics;
use mask::Masks;
use place::Place;
use tile::Workshop;

/// Why boundaries could not be brought into a grid.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
    /// Degrees on a drawing board, or a drawing board's metres in the world.
    #[error("boundaries in a frame of {frame:?} do not fit a grid on {ground:?} ground")]
    Frame {
        /// The boundaries' frame.
        frame: Frame,
        /// The grid's ground.
        ground: Ground,
    },
    /// The grid refused something.
    #[error(transparent)]
    Grid(#[from] GridError),
}

/// A boundary that came (only `new`), changed (both) or went (only `old`).
#[derive(Clone, Copy, Debug)]
pub struct Changed<'a> {
    /// As it was.
    pub old: Option<&'a Boundary>,
    /// As it is.
    pub new: Option<&'a Boundary>,
}

/// What a sync did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Cells that were made anew.
    pub looked_at: u64,
    /// Cells of them whose material is now another.
    pub changed: u64,
}

/// Makes every derived cell of a grid from its base and all boundaries. `phase` is the state of matter of a material.
///
/// # Errors
/// [`SyncError::Frame`].
pub fn rebuild(
    grid: &mut Grid,
    boundaries: &impl Boundaries,
    phase: &impl Fn(MaterialId) -> Phase,
) -> Result<Report, SyncError> {
    let place = Place::new(grid.region(), boundaries.frame())?;
    let tiling = grid.tiling();
    let mut masks = Masks::new(tiling);
    (0..tiling.len()).for_each(|tile| masks.fill(tile));
    let heard = Heard::around(&place, boundaries, place.rect(grid.region().window()));
    let boundaries = heard.iter().map(|(_, speaker)| &speaker.boundary);
    let metrics = Metrics::new(&place, grid.region().window());
    let ids = boundaries.filter(|b| lines::affects(&place, &metrics, b)).map(|b| b.id.0.clone()).collect();
    *grid.affected_mut() = ids;
    let heard = heard.without_outranked();
    Workshop::new(&place, &metrics, &heard, phase).run(grid, &masks)
}

/// Brings a grid that was in sync up to date with changes of boundaries, in the order they happened, and of its base.
/// `boundaries` are those after the changes. The result equals [`rebuild`]'s, bit for bit.
///
/// # Errors
/// [`SyncError::Frame`].
pub fn apply(
    grid: &mut Grid,
    boundaries: &impl Boundaries,
    changes: &[Changed<'_>],
    phase: &impl Fn(MaterialId) -> Phase,
) -> Result<Report, SyncError> {
    let place = Place::new(grid.region(), boundaries.frame())?;
    let metrics = Metrics::new(&place, grid.region().window());
    let mut masks = Masks::new(grid.tiling());
    grid.stale().for_each(|tile| masks.fill(tile));
    for change in changes {
        if let Some(old) = change.old {
            mask::mark(&place, &metrics, old, &mut masks);
            grid.affected_mut().remove(&old.id.0);
        }
        if let Some(new) = change.new {
            mask::mark(&place, &metrics, new, &mut masks);
            if lines::affects(&place, &metrics, new) {
                grid.affected_mut().insert(new.id.0.clone());
            }
        }
    }
    let Some(window) = masks.window() else {
        return Ok(Report::default());
    };
    let heard = Heard::around(&place, boundaries, place.rect(window)).without_outranked();
    Workshop::new(&place, &metrics, &heard, phase).run(grid, &masks)
}
