//! GeoJSON and TopoJSON, read as a stream.
//!
//! Decoded here on top of `serde_json`, not by the crates of the field: `geojson` 1.0 reads every geometry through a
//! tree of untyped values first, many times its size, and `topojson` 0.5 panics on an arc that is not there.

mod document;
mod geometry;
mod nested;
mod topology;

pub(super) use document::read;
