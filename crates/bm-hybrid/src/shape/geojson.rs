//! Polygons from GeoJSON (RFC 7946).

use super::bad;
use super::polygon::{Polygon, Polygons};
use crate::error::WorldError;
use geojson::{GeoJson, Geometry, GeometryValue, JsonObject, Position};

impl Polygons {
    /// Reads all polygons of a GeoJSON text: a `Polygon`, a `MultiPolygon`, a `GeometryCollection`, a `Feature` or
    /// a `FeatureCollection` of them. Altitudes in positions are not looked at. [`Polygon::new`] says what is asked
    /// of each.
    ///
    /// # Errors
    /// [`WorldError::Data`] for text that is not GeoJSON, other geometries, other coordinate systems than WGS 84
    /// degrees, and polygons that are not sound, with feature, polygon, ring and vertex.
    pub fn from_geojson(text: &str) -> Result<Self, WorldError> {
        let parsed: GeoJson =
            text.parse().map_err(|e: geojson::Error| bad("GeoJSON", format!("cannot be understood: {e}")))?;
        let mut out = Vec::new();
        match &parsed {
            GeoJson::Geometry(g) => {
                check_crs(g.foreign_members.as_ref())?;
                geometry("", g, &mut out)?;
            }
            GeoJson::Feature(f) => {
                check_crs(f.foreign_members.as_ref())?;
                feature("", f, &mut out)?;
            }
            GeoJson::FeatureCollection(all) => {
                check_crs(all.foreign_members.as_ref())?;
                for (i, f) in all.features.iter().enumerate() {
                    feature(&format!("feature {i}: "), f, &mut out)?;
                }
            }
        }
        if out.is_empty() {
            return Err(bad("GeoJSON", "holds no polygon"));
        }
        Self::new(out)
    }
}

fn feature(at: &str, f: &geojson::Feature, out: &mut Vec<Polygon>) -> Result<(), WorldError> {
    match &f.geometry {
        Some(g) => geometry(at, g, out),
        None => Err(bad("GeoJSON", format!("{at}a feature without a geometry: a polygon is needed"))),
    }
}

fn geometry(at: &str, g: &Geometry, out: &mut Vec<Polygon>) -> Result<(), WorldError> {
    match &g.value {
        GeometryValue::Polygon { coordinates } => polygon(at, coordinates, out),
        GeometryValue::MultiPolygon { coordinates } => coordinates
            .iter()
            .enumerate()
            .try_for_each(|(i, p)| polygon(&format!("{at}polygon {i}: "), p, out)),
        GeometryValue::GeometryCollection { geometries } => geometries
            .iter()
            .enumerate()
            .try_for_each(|(i, g)| geometry(&format!("{at}geometry {i}: "), g, out)),
        other => Err(bad(
            "GeoJSON",
            format!("{at}a {} covers nothing: a Polygon or MultiPolygon is needed", other.type_name()),
        )),
    }
}

fn polygon(at: &str, rings: &[Vec<Position>], out: &mut Vec<Polygon>) -> Result<(), WorldError> {
    let mut plain = Vec::with_capacity(rings.len());
    for (r, ring) in rings.iter().enumerate() {
        let mut line = Vec::with_capacity(ring.len());
        for (v, p) in ring.iter().enumerate() {
            let &[lon, lat, ..] = p.as_slice() else {
                return Err(bad(
                    "GeoJSON",
                    format!(
                        "{at}ring {r} vertex {v}: a position needs longitude and latitude (all counted from 0)"
                    ),
                ));
            };
            line.push([lon, lat]);
        }
        plain.push(line);
    }
    out.push(Polygon::checked(plain).map_err(|e| bad("GeoJSON", format!("{at}{e}")))?);
    Ok(())
}

/// The format's older edition could name another coordinate system: its numbers would be taken for degrees.
fn check_crs(members: Option<&JsonObject>) -> Result<(), WorldError> {
    let Some(crs) = members.and_then(|m| m.get("crs")).filter(|c| !c.is_null()) else { return Ok(()) };
    let name = crs.pointer("/properties/name").and_then(|n| n.as_str()).unwrap_or("without a name");
    // EPSG 4326 is written with the longitude first in practice.
    if name.ends_with("CRS84") || name.ends_with("4326") {
        return Ok(());
    }
    Err(bad(
        "GeoJSON",
        format!("its coordinate system is {name}: convert it to degrees of WGS 84 (EPSG:4326)"),
    ))
}
