//! Features as GeoJSON.

use super::feature::Feature;
use super::split::{signed_area, split_at_date_line};
use crate::error::IoError;
use crate::output::write_atomic;
use geo_types::{Coord, Geometry, Polygon};
use std::io::{self, Write};
use std::path::Path;

/// How to write GeoJSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GeoJsonStyle {
    /// Cut what runs over the date line, as RFC 7946 wants it. Otherwise longitudes may go on beyond ±180°.
    pub split: bool,
}

impl Default for GeoJsonStyle {
    fn default() -> Self {
        Self { split: true }
    }
}

/// Writes a `FeatureCollection` (RFC 7946), a feature a line: shells anticlockwise and holes clockwise, numbers in the
/// fewest digits that mean the same `f64`, members always in the same order. Equal features give equal bytes.
///
/// # Errors
/// [`IoError::Os`] if the file cannot be written (an older one is left as it was), [`IoError::Argument`] for a
/// coordinate that is not finite.
pub fn write_geojson<'a>(
    path: &Path,
    features: impl IntoIterator<Item = &'a Feature>,
    style: GeoJsonStyle,
) -> Result<(), IoError> {
    let mut bad = None;
    let outcome = write_atomic(path, |out| {
        geojson_to(out, features, style).inspect_err(|e| {
            if e.kind() == io::ErrorKind::InvalidInput {
                bad = Some(e.to_string());
            }
        })
    });
    match bad {
        Some(problem) => Err(IoError::argument("features", problem, "leave the feature out")),
        None => outcome,
    }
}

/// [`write_geojson`] to any stream.
///
/// # Errors
/// Of the stream; [`io::ErrorKind::InvalidInput`] for a coordinate that is not finite.
pub fn geojson_to<'a>(
    out: &mut dyn Write,
    features: impl IntoIterator<Item = &'a Feature>,
    style: GeoJsonStyle,
) -> io::Result<()> {
    out.write_all(b"{\"type\":\"FeatureCollection\",\"features\":[")?;
    for (i, feature) in features.into_iter().enumerate() {
        out.write_all(if i == 0 { b"\n" } else { b",\n" })?;
        out.write_all(b"{\"type\":\"Feature\"")?;
        if let Some(id) = &feature.id {
            out.write_all(b",\"id\":")?;
            serde_json::to_writer(&mut *out, id)?;
        }
        out.write_all(b",\"properties\":")?;
        match feature.properties.is_empty() {
            true => out.write_all(b"null")?,
            false => serde_json::to_writer(&mut *out, &feature.properties)?,
        }
        out.write_all(b",\"geometry\":")?;
        if style.split {
            geometry(out, &split_at_date_line(&feature.geometry))?;
        } else {
            geometry(out, &feature.geometry)?;
        }
        out.write_all(b"}")?;
    }
    out.write_all(b"\n]}\n")
}

type Write1<T> = fn(&mut dyn Write, &T) -> io::Result<()>;

fn list<'a, T: 'a>(
    out: &mut dyn Write,
    items: impl IntoIterator<Item = &'a T>,
    one: Write1<T>,
) -> io::Result<()> {
    out.write_all(b"[")?;
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            out.write_all(b",")?;
        }
        one(out, item)?;
    }
    out.write_all(b"]")
}

fn coord(out: &mut dyn Write, c: &Coord<f64>) -> io::Result<()> {
    if !(c.x.is_finite() && c.y.is_finite()) {
        let problem = format!("the coordinates {} {} are not finite", c.x, c.y);
        return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
    }
    out.write_all(b"[")?;
    number(out, c.x)?;
    out.write_all(b",")?;
    number(out, c.y)?;
    out.write_all(b"]")
}

fn number(out: &mut dyn Write, v: f64) -> io::Result<()> {
    // Whole ones without a point; minus zero is zero.
    if v.fract() == 0.0 && v.abs() < 1e15 {
        #[expect(clippy::cast_possible_truncation, reason = "whole and small enough")]
        return write!(out, "{}", v as i64);
    }
    Ok(serde_json::to_writer(out, &v)?)
}

fn polygon(out: &mut dyn Write, p: &Polygon<f64>) -> io::Result<()> {
    out.write_all(b"[")?;
    for (i, ring) in std::iter::once(p.exterior()).chain(p.interiors()).enumerate() {
        if i > 0 {
            out.write_all(b",")?;
        }
        let area = signed_area(&ring.0);
        if if i == 0 { area < 0.0 } else { area > 0.0 } {
            list(out, ring.0.iter().rev(), coord)?;
        } else {
            list(out, &ring.0, coord)?;
        }
    }
    out.write_all(b"]")
}

fn geometry(out: &mut dyn Write, g: &Geometry<f64>) -> io::Result<()> {
    let mut member = |kind: &str, name: &str| write!(out, "{{\"type\":\"{kind}\",\"{name}\":");
    match g {
        Geometry::Point(p) => {
            member("Point", "coordinates")?;
            coord(out, &p.0)?;
        }
        Geometry::MultiPoint(m) => {
            member("MultiPoint", "coordinates")?;
            list(out, m.0.iter().map(|p| &p.0), coord)?;
        }
        Geometry::Line(l) => {
            member("LineString", "coordinates")?;
            list(out, &[l.start, l.end], coord)?;
        }
        Geometry::LineString(l) => {
            member("LineString", "coordinates")?;
            list(out, &l.0, coord)?;
        }
        Geometry::MultiLineString(m) => {
            member("MultiLineString", "coordinates")?;
            list(out, &m.0, |out, l| list(out, &l.0, coord))?;
        }
        Geometry::Polygon(p) => {
            member("Polygon", "coordinates")?;
            polygon(out, p)?;
        }
        Geometry::Rect(r) => {
            member("Polygon", "coordinates")?;
            polygon(out, &r.to_polygon())?;
        }
        Geometry::Triangle(t) => {
            member("Polygon", "coordinates")?;
            polygon(out, &t.to_polygon())?;
        }
        Geometry::MultiPolygon(m) => {
            member("MultiPolygon", "coordinates")?;
            list(out, &m.0, polygon)?;
        }
        Geometry::GeometryCollection(c) => {
            member("GeometryCollection", "geometries")?;
            list(out, &c.0, geometry)?;
        }
    }
    out.write_all(b"}")
}
