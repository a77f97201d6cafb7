//! Shorelines and borders out of a grid.
//!
//! | part | what it does |
//! |---|---|
//! | [`shorelines`] | where elevation passes sea level, by marching squares, land on the left |
//! | [`borders`] | arcs between cells of different materials, shared by both, ending in shared nodes |
//! | [`identify`] | which of the new lines is which of the old boundaries |
//! | [`simplified`] | the same lines with fewer vertices, shared ones alike |
//! | [`coastlines`] | all of it: a grid's shorelines as changes of boundaries |
//! | [`splice`](fn@splice) | shores of land that changed, put into coastlines that go on beyond it |
//! | [`Watch`] | whether anything happened that new lines could come from |
//!
//! Nothing here is triggered by a sync: extraction reads elevation and base material, sync writes derived material
//! only, so the two do not chase each other.
//!
//! ```
//! use bm_core::MaterialId;
//! use bm_grid::{Bounds, DVec2, Grid, Region, layer};
//! use bm_vector::extract;
//!
//! let bounds = Bounds { min: DVec2::ZERO, max: DVec2::splat(20.0) };
//! let mut grid = Grid::uniform(Region::new(bounds, 1.0)?, MaterialId::ROCK)?;
//! let island = |x: u32, y: u32| 6.0 - f64::hypot(f64::from(x) - 9.5, f64::from(y) - 9.5);
//! let elevation = grid.get_or_create_layer(layer::ELEVATION, 0.0_f64)?;
//! for (x, y) in (0..20).flat_map(|y| (0..20).map(move |x| (x, y))) {
//!     elevation.set(x, y, island(x, y))?;
//! }
//! let shores = extract::shorelines(&grid, layer::ELEVATION, 0.0)?;
//! assert!(shores.len() == 1 && shores[0].is_closed());
//! // A circle of 6 m around (10, 10), land on the left.
//! assert!(shores[0].0.iter().all(|p| (f64::hypot(p.x - 10.0, p.y - 10.0) - 6.0).abs() < 0.1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod border;
mod chain;
mod coast;
mod footprint;
mod identity;
mod shore;
mod splice;
mod watch;

pub use border::{Border, borders};
pub use coast::{Coastlines, coastlines, simplified};
pub use identity::{Identified, Named, Origin, identify};
pub use shore::{ExtractError, shorelines};
pub use splice::{Moved, Spliced, splice};
pub use watch::Watch;

use crate::sync::unwrapped_degrees;
use bm_grid::{Ground, Region};
use geo_types::Coord;

/// A place in metres of a region's plane, in the frame that fits it: degrees in the world, not wrapped.
fn in_frame(region: &Region, x: f64, y: f64) -> Coord<f64> {
    match region.ground() {
        Ground::Flat => Coord { x, y },
        Ground::World => unwrapped_degrees(x, y),
    }
}
