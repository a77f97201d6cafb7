//! What a vector file holds: features, and what was noticed on the way to them.

use geo_types::Geometry;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// A geometry with its name and attributes. Coordinates are degrees of WGS 84, longitude first, exactly as the file
/// has them; rings are closed.
#[derive(Clone, Debug, PartialEq)]
pub struct Feature {
    /// The file's own identifier, or the value of [`VectorOptions::id_property`](super::VectorOptions).
    pub id: Option<String>,
    /// The layer, table or object it lies in, in formats that have such.
    pub layer: Option<String>,
    /// Where it is; never without a coordinate.
    pub geometry: Geometry<f64>,
    /// Attributes, in the order of their names.
    pub properties: BTreeMap<String, Value>,
}

impl Feature {
    /// A bare geometry.
    #[must_use]
    pub fn new(geometry: impl Into<Geometry<f64>>) -> Self {
        Self { id: None, layer: None, geometry: geometry.into(), properties: BTreeMap::new() }
    }
}

/// A vector format that is read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VectorFormat {
    /// GeoJSON (RFC 7946): one document, or one after the other (newline-delimited, or RFC 8142).
    GeoJson,
    /// TopoJSON.
    TopoJson,
    /// WKB (OGC, ISO) or EWKB, one or more geometries after each other.
    Wkb,
    /// The same as hexadecimal digits.
    WkbHex,
    /// FlatGeobuf.
    FlatGeobuf,
    /// GeoPackage.
    GeoPackage,
}

impl fmt::Display for VectorFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GeoJson => "GeoJSON",
            Self::TopoJson => "TopoJSON",
            Self::Wkb => "WKB",
            Self::WkbHex => "hexadecimal WKB",
            Self::FlatGeobuf => "FlatGeobuf",
            Self::GeoPackage => "GeoPackage",
        })
    }
}

/// The coordinate reference system a file declares. Others than longitude and latitude of WGS 84 are refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Declared {
    /// Nothing is said: longitude and latitude of WGS 84 are assumed.
    #[default]
    Unset,
    /// Longitude and latitude of WGS 84, under this name, such as `EPSG:4326`.
    Wgs84(String),
}

/// A feature that was left out, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Its place in the file, from 0.
    pub index: u64,
    /// Its identifier, if it has one.
    pub id: Option<String>,
    /// Why.
    pub reason: String,
}

/// What was read, besides the features.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Summary {
    /// What the file is.
    pub format: VectorFormat,
    /// The coordinate reference system it declares.
    pub crs: Declared,
    /// Features handed over.
    pub features: u64,
    /// Their vertices.
    pub vertices: u64,
    /// Vertices whose height (z) was dropped.
    pub dropped_z: u64,
    /// Vertices whose measure (m), or any further number, was dropped.
    pub dropped_m: u64,
    /// Features that have no geometry, or an empty one; they are not handed over.
    pub without_geometry: u64,
    /// Features left out under [`VectorOptions::skip_invalid`](super::VectorOptions).
    pub skipped: u64,
    /// The first 1 000 of them.
    pub skipped_list: Vec<Skipped>,
    /// Edges longer than 180° of longitude: a sign that the file runs over the date line without saying so (see
    /// [`DateLine`](super::DateLine)). Those along a pole, and those all around the globe, are not counted.
    pub long_edges: u64,
    /// Names of the layers read, in formats that have such.
    pub layers: Vec<String>,
    /// Bytes of the file, decompressed.
    pub bytes_read: u64,
}

impl Summary {
    pub(super) fn new(format: VectorFormat) -> Self {
        Self {
            format,
            crs: Declared::Unset,
            features: 0,
            vertices: 0,
            dropped_z: 0,
            dropped_m: 0,
            without_geometry: 0,
            skipped: 0,
            skipped_list: Vec::new(),
            long_edges: 0,
            layers: Vec::new(),
            bytes_read: 0,
        }
    }
}

/// All features of a file.
#[derive(Clone, Debug)]
pub struct Features {
    /// In the order of the file.
    pub features: Vec<Feature>,
    /// What else was noticed.
    pub summary: Summary,
}
