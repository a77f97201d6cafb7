//! GeoJSON and TopoJSON, read as a stream.
//!
//! Decoded here on top of `serde_json` rather than by the crates of the field. `geojson` 1.0 streams a collection only
//! if its first bracket opens the features (a `bbox` before them is an error), names no vertex in an error, does not
//! read `null` for NaN, and holds 24 bytes a position beside what they are converted to. `topojson` 0.5 panics on an
//! arc that is not there, and brings a second `geojson`.

mod document;
mod geometry;
mod nested;
mod topology;

pub(super) use document::read;
