//! Geometry to bytes: ISO WKB or EWKB in two dimensions, little endian.

use crate::error::IoError;
use crate::output::write_atomic;
use crate::vector::feature::Feature;
use geo_types::{Coord, Geometry, LineString, Polygon};
use std::io::Write;
use std::path::Path;

/// WKB of a geometry.
#[must_use]
pub fn encode(geometry: &Geometry<f64>) -> Vec<u8> {
    let mut out = Vec::new();
    write(geometry, None, &mut out);
    out
}

/// EWKB of a geometry: WKB with the spatial reference, such as 4326.
#[must_use]
pub fn encode_ewkb(geometry: &Geometry<f64>, srid: u32) -> Vec<u8> {
    let mut out = Vec::new();
    write(geometry, Some(srid), &mut out);
    out
}

fn head(kind: u32, srid: Option<u32>, out: &mut Vec<u8>) {
    out.push(1);
    match srid {
        None => out.extend(kind.to_le_bytes()),
        Some(srid) => {
            out.extend((kind | 0x2000_0000).to_le_bytes());
            out.extend(srid.to_le_bytes());
        }
    }
}

fn count(n: usize, out: &mut Vec<u8>) {
    // A run of 2^32 vertices would be 64 GiB.
    out.extend(u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes());
}

fn coords(run: &[Coord<f64>], out: &mut Vec<u8>) {
    for c in run {
        out.extend(c.x.to_le_bytes());
        out.extend(c.y.to_le_bytes());
    }
}

fn point(c: Coord<f64>, srid: Option<u32>, out: &mut Vec<u8>) {
    head(1, srid, out);
    coords(&[c], out);
}

fn line(l: &LineString<f64>, srid: Option<u32>, out: &mut Vec<u8>) {
    head(2, srid, out);
    count(l.0.len(), out);
    coords(&l.0, out);
}

fn polygon(p: &Polygon<f64>, srid: Option<u32>, out: &mut Vec<u8>) {
    head(3, srid, out);
    count(1 + p.interiors().len(), out);
    for ring in std::iter::once(p.exterior()).chain(p.interiors()) {
        count(ring.0.len(), out);
        coords(&ring.0, out);
    }
}

fn write(geometry: &Geometry<f64>, srid: Option<u32>, out: &mut Vec<u8>) {
    match geometry {
        Geometry::Point(p) => point(p.0, srid, out),
        Geometry::Line(l) => line(&LineString(vec![l.start, l.end]), srid, out),
        Geometry::LineString(l) => line(l, srid, out),
        Geometry::Polygon(p) => polygon(p, srid, out),
        Geometry::Rect(r) => polygon(&r.to_polygon(), srid, out),
        Geometry::Triangle(t) => polygon(&t.to_polygon(), srid, out),
        Geometry::MultiPoint(m) => {
            head(4, srid, out);
            count(m.0.len(), out);
            m.0.iter().for_each(|p| point(p.0, None, out));
        }
        Geometry::MultiLineString(m) => {
            head(5, srid, out);
            count(m.0.len(), out);
            m.0.iter().for_each(|l| line(l, None, out));
        }
        Geometry::MultiPolygon(m) => {
            head(6, srid, out);
            count(m.0.len(), out);
            m.0.iter().for_each(|p| polygon(p, None, out));
        }
        Geometry::GeometryCollection(c) => {
            head(7, srid, out);
            count(c.0.len(), out);
            c.0.iter().for_each(|g| write(g, None, out));
        }
    }
}

/// Writes the geometries of features after each other: EWKB that says 4326, or plain WKB. Names and properties have
/// no place in it. Equal geometries give equal bytes.
///
/// # Errors
/// [`IoError::Os`] if the file cannot be written; an older one is left as it was.
pub fn write_wkb<'a>(
    path: &Path,
    features: impl IntoIterator<Item = &'a Feature>,
    with_srid: bool,
) -> Result<(), IoError> {
    write_atomic(path, |out| {
        features.into_iter().try_for_each(|f| {
            let bytes = if with_srid { encode_ewkb(&f.geometry, 4326) } else { encode(&f.geometry) };
            out.write_all(&bytes)
        })
    })
}
