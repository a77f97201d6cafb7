//! Formats in and out of a BlueMarble world.
//!
//! | Module | In | Out |
//! |---|---|---|
//! | [`relief`] | NetCDF classic, GeoTIFF, NumPy `.npz` elevation models (any of them zstd-compressed) | [`Relief`] |
//! | [`relief`] | the same files, and plain `.npy` arrays, of any numbers | [`Raster`](relief::Raster) |
//! | `bundled` | a 20-minute relief of the Earth, and its land at 1:10M, inside the crate | [`Relief`], features |
//! | `litho` | LITHO1.0, the crust and the lid of the Earth in layers | layer tops anywhere |
//! | `geotiff`, [`npy`] | – | regions as GeoTIFF and NumPy arrays |
//! | `vector` | GeoJSON, TopoJSON, WKB, EWKB, FlatGeobuf, GeoPackage | features; GeoJSON, WKB and FlatGeobuf of them |
//! | [`picture`] | heights, materials | shaded surfaces, slices, sections, as PNG |
//!
//! Every raster here has **row 0 southernmost and columns west to east**, and positions are exact
//! fractions of a degree ([`georef`]). Readers treat their input as hostile: they check every
//! count against the bytes there are, and answer with an [`IoError`] that names the file, the
//! place and the cure. Writers make a file whole or not at all.
//!
//! ```
//! # #[cfg(all(feature = "bundled", feature = "png"))]
//! # fn main() -> Result<(), bm_io::IoError> {
//! use bm_io::{bundled::bundled_etopo20, picture};
//!
//! let earth = bundled_etopo20()?;
//! let (column, row) = earth.nearest(86.925, 27.988).expect("the relief is global");
//! assert!(earth.height_m(column, row).expect("and has no holes") > 4000.0);
//!
//! let picture = picture::surface_of(&earth, 540, 270, &picture::ShadeStyle::default())?;
//! let png: Vec<u8> = picture::encode_png(&picture)?;
//! # assert!(png.len() > 10_000);
//! # Ok(())
//! # }
//! # #[cfg(not(all(feature = "bundled", feature = "png")))]
//! # fn main() {}
//! ```

#[cfg(feature = "bundled")]
pub mod bundled;
mod error;
pub mod georef;
#[cfg(feature = "geotiff")]
pub mod geotiff;
mod input;
#[cfg(feature = "npz")]
pub mod litho;
mod netcdf;
pub mod npy;
#[cfg(feature = "npz")]
mod npz;
mod output;
pub mod picture;
pub mod relief;
#[cfg(feature = "vector")]
pub mod vector;

pub use error::IoError;
pub use georef::{Axis, GridGeoref};
pub use relief::{Relief, ReliefOptions, read_relief, read_relief_bytes};
