//! Grids larger than memory: planes whose tiles come from a folder and go back to it, within one budget.
//!
//! ```
//! # let dir = tempfile::tempdir()?;
//! # let folder = dir.path().join("continent");
//! use bm_core::MaterialId;
//! use bm_grid::halo::Edge;
//! use bm_grid::paged::{self, GridStore, StoreConfig};
//! use bm_grid::{Bounds, DVec2, Region, Window, layer};
//!
//! // A thousand million cells; nothing is kept of those that were never written.
//! let region = Region::new(Bounds { min: DVec2::ZERO, max: DVec2::new(40_000.0, 25_000.0) }, 1.0)?;
//! let config = StoreConfig { most_bytes: 64 << 20, ..StoreConfig::default() };
//! let mut store = GridStore::create(&folder, region, MaterialId::ROCK, &config)?;
//! store.get_or_create_layer(layer::ELEVATION, 100.0_f64)?;
//! store.get_or_create_layer("smooth", 0.0_f64)?;
//!
//! let heights = &store.layer::<f64>(layer::ELEVATION)?[0];
//! heights.set(20_000, 12_000, 120.0)?;
//! let tile = heights.tile_of(20_000, 12_000)?;
//! let smooth = &store.layer::<f64>("smooth")?[0];
//! paged::for_tiles_with_halo(heights, smooth, &[tile], 1, Edge::Clamp, 1, |around, out| {
//!     for (y, out) in out.chunks_exact_mut(around.width()).enumerate() {
//!         let (south, row, north) = (around.row(y), around.row(y + 1), around.row(y + 2));
//!         for (x, out) in out.iter_mut().enumerate() {
//!             *out = (south[x + 1] + row[x] + row[x + 2] + north[x + 1]) / 4.0;
//!         }
//!     }
//! })?;
//! assert_eq!((smooth.get(20_001, 12_000)?, smooth.get(0, 0)?), (105.0, 0.0));
//! store.flush()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | `plane` | [`Paged`]: one value a cell |
//! | `store` | [`GridStore`]: region, materials and layers in a folder |
//! | `manifest` | what the folder holds (`FORMAT.md`) |

mod manifest;
mod plane;
mod store;

pub use plane::{Paged, for_tiles_with_halo};
pub use store::{GridStore, StoreConfig};

#[cfg(test)]
mod tests;
