//! Dense rasters: a region of the plane cut into half-open cells, with materials and typed layers in tiles.
//!
//! A [`Grid`] is a working copy of a part of the world. It is made by saying what fills it, so no cell is ever
//! without a material. It keeps two materials a cell: the *base*, which is what it was filled with and what
//! processes change, and the *derived* one, which boundaries may have changed and which is what a question gets.
//! Tiles whose cells are all the same cost one value.
//!
//! ```
//! use bm_core::MaterialId;
//! use bm_grid::{Bounds, DVec2, Grid, Region, layer};
//!
//! let bounds = Bounds { min: DVec2::ZERO, max: DVec2::new(105.5, 97.3) };
//! let region = Region::new(bounds, 10.0)?;                       // metres
//! assert_eq!((region.width(), region.height()), (11, 10));       // whole cells: up to (110, 100)
//! let mut grid = Grid::from_fn(region, |x, _| if x < 5 { MaterialId::SEAWATER } else { MaterialId::ROCK })?;
//! assert_eq!(grid.material_at(DVec2::new(50.0, 3.0)), Some(MaterialId::ROCK)); // 50 m is where cell 5 begins
//! assert_eq!(grid.material_at(DVec2::new(110.0, 3.0)), None);    // half open, never clamped
//! grid.get_or_create_layer::<f32>(layer::ELEVATION, 0.0)?.set(5, 0, 12.5)?;
//! # Ok::<(), bm_grid::GridError>(())
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`bounds`] | [`Bounds`] with named corners, [`Window`]: a rectangle of cells |
//! | [`region`] | [`Region`]: where cells lie; world to cell and back, exactly |
//! | [`plane`] | [`Plane`]: one value a cell, in tiles that remember when they were written |
//! | [`layer`] | [`Layer`]: named planes of `f32`, `f64`, `u16`, `u8` or pairs of `f32` |
//! | [`grid`] | [`Grid`]: base and derived materials, layers, memory |
//! | [`chunked`] | [`chunked::ChunkedGrid`]: a sparse grid without bounds, within a budget of memory |
//! | [`paged`] | [`paged::GridStore`]: a grid larger than memory |
//! | [`halo`] | tiles with their neighbours' cells around them |
//! | [`mod@file`] | [`file::save`], [`file::load`]: a grid on disk, whole or not at all |
//! | [`error`] | [`GridError`], [`SeedError`] |

pub mod bounds;
pub mod chunked;
pub mod error;
pub mod file;
pub mod grid;
pub mod halo;
pub mod layer;
pub mod paged;
pub mod plane;
pub mod region;
pub mod scalar;

mod atomic;
mod pack;
mod window;
mod workers;

pub use bounds::{Bounds, Window};
pub use error::{GridError, SeedError};
pub use file::FileError;
pub use glam::DVec2;
pub use grid::{Grid, Stats};
pub use layer::{Layer, LayerKind, LayerValue};
pub use plane::{Plane, TILE, TileRef, Value};
pub use region::{Ground, Region};
pub use scalar::Scalar;
