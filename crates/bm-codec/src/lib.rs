//! Page bodies: what a stored page means, and its bytes.
//!
//! A page covers one cell and tells 128³ sub-cells apart. Its body is a *base function* plus *exceptions*
//! plus a directory of finer pages ([`body`]). Every part answers `get` without being expanded, every
//! decoder bounds what it allocates, and equal bodies have equal bytes.
//!
//! ```
//! use bm_codec::body::{Base, Body};
//! use bm_codec::raster::{Axis, Interpolation, Raster};
//! use bm_codec::strata::Strata;
//! use bm_codec::function::ColumnFunction;
//! use bm_core::{MaterialId, frame::SEA_LEVEL};
//!
//! // A slope from 0 to 100 m over one kilometre, as two samples a side.
//! let axis = Axis { origin: 0, step: 4000, den: 1 };
//! let raster = Raster::new((axis, axis), (2, 2), 4, Interpolation::Bilinear, &[0, 100, 0, 100])?;
//! let strata = Strata::new(raster, MaterialId::GRANITE);
//! assert_eq!(strata.material([2000, 10, SEA_LEVEL + 4 * 49]), Some(MaterialId::GRANITE));
//! assert_eq!(strata.material([2000, 10, SEA_LEVEL + 4 * 51]), Some(MaterialId::AIR));
//! let bytes = Body::new(Base::Strata(strata.into())).encode();
//! assert!(Body::decode(&bytes).is_ok() && bytes.len() < 60);
//! # Ok::<(), bm_codec::raster::RasterError>(())
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`body`] | a whole page and its bytes |
//! | [`function`] | what every base can be asked: voxels, columns, boxes |
//! | [`strata`] | layered columns over a raster of heights |
//! | [`raster`] | georeferenced integer rasters, interpolation, lossless compression |
//! | [`procedural`] | versioned generators and their registry |
//! | [`exceptions`] | runs along the Morton curve, bit-packed cells, and the choice between them |
//! | [`shares`] | who fills a cell: the substance of coarse answers |

pub mod body;
mod directory;
mod error;
pub mod exceptions;
pub mod function;
mod pack;
pub mod procedural;
pub mod raster;
pub mod shares;
pub mod strata;
mod wire;

pub use error::DecodeError;
