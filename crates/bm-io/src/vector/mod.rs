//! Vector formats: points, lines and polygons with attributes, as they come from a GIS.
//!
//! | Format | In | Out | Feature |
//! |---|---|---|---|
//! | GeoJSON, also newline-delimited | [`read_vector`] | [`write_geojson`] | `vector` |
//! | TopoJSON | [`read_vector`] | – | `vector` |
//! | WKB, EWKB, binary or hexadecimal | [`read_vector`], [`wkb::decode`] | [`wkb::write_wkb`], [`wkb::encode`] | `vector` |
//! | FlatGeobuf | [`read_vector`] | `write_flatgeobuf` | `flatgeobuf` |
//! | GeoPackage | [`read_vector`], `gpkg::decode_geometry` | – | `gpkg` |
//!
//! What a file is shows in its first bytes, whatever its name; any of them may be compressed with zstd. Coordinates
//! are degrees of WGS 84, longitude first: a file that declares anything else is refused by that name. Heights and
//! measures are dropped and counted. Features stream: none is kept here once it is handed over, and JSON, WKB and
//! FlatGeobuf are never in memory as a whole.
//!
//! Features are handed over as they are met, so an error may come after some of them: whoever wants a file whole or
//! not at all keeps them back until the end, as [`read_features`] does.
//!
//! ```
//! use bm_io::vector::{VectorOptions, read_features_bytes};
//!
//! let text = br#"{"type":"Feature","properties":{"name":"Heligoland"},"geometry":{"type":"Polygon",
//!     "coordinates":[[[7.88,54.17],[7.90,54.17],[7.89,54.19],[7.88,54.17]]]}}"#;
//! let options = VectorOptions { id_property: Some("name".into()), ..VectorOptions::default() };
//! let read = read_features_bytes(text, "heligoland.geojson", &options)?;
//! assert_eq!(read.features[0].id.as_deref(), Some("Heligoland"));
//! assert_eq!(read.summary.vertices, 4);
//! # Ok::<(), bm_io::IoError>(())
//! ```

mod crs;
mod dateline;
mod detect;
mod feature;
#[cfg(feature = "flatgeobuf")]
mod flatgeobuf;
mod geojson_out;
#[cfg(feature = "gpkg")]
pub mod gpkg;
mod json;
mod read;
mod runs;
mod sink;
mod source;
mod split;
pub mod wkb;

pub use feature::{Declared, Feature, Features, Skipped, Summary, VectorFormat};
#[cfg(feature = "flatgeobuf")]
pub use flatgeobuf::{flatgeobuf_to, write_flatgeobuf};
pub use geojson_out::{GeoJsonStyle, geojson_to, write_geojson};
pub use read::{DateLine, VectorOptions, read_features, read_features_bytes, read_vector, read_vector_bytes};
pub use source::Progress;
pub use split::split_at_date_line;

use read::Halt;

/// Bytes as text, for properties that hold bytes.
#[cfg(any(feature = "flatgeobuf", feature = "gpkg"))]
fn hex_text(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests_dateline;
