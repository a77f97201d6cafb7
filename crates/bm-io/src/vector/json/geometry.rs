//! A GeoJSON geometry.

use super::nested::Nested;
use crate::error::Fault;
use crate::vector::sink::Shape;
use geo_types::{
    Coord, Geometry, GeometryCollection, LineString, MultiLineString, MultiPoint, MultiPolygon, Point,
    Polygon,
};
use serde::Deserialize;

/// As it is written; anything else in it is passed over.
#[derive(Deserialize)]
pub(super) struct JsonGeometry {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) coordinates: Option<Nested<Coord<f64>>>,
    pub(super) geometries: Option<Vec<Option<JsonGeometry>>>,
}

impl JsonGeometry {
    pub(super) fn into_shape(self) -> Shape {
        let mut shape = Shape::default();
        shape.geometry = self.build(&mut shape);
        shape
    }

    fn build(self, shape: &mut Shape) -> Option<Geometry<f64>> {
        if self.kind == "GeometryCollection" {
            let Some(geometries) = self.geometries else {
                shape.refuse(|| missing("GeometryCollection", "geometries"));
                return None;
            };
            // The parser bounds how deep they nest.
            let parts: Vec<_> = geometries.into_iter().flatten().filter_map(|g| g.build(shape)).collect();
            return (!parts.is_empty()).then_some(Geometry::GeometryCollection(GeometryCollection(parts)));
        }
        build(&self.kind, self.coordinates, shape)
    }
}

fn missing(kind: &str, member: &str) -> Fault {
    Fault::unsuitable("geometry", format!("a {kind} without \"{member}\""), "add it, or remove the feature")
}

/// A geometry of type `kind` out of its coordinates; what is wrong with them is noted in `shape`.
pub(super) fn build(
    kind: &str,
    coordinates: Option<Nested<Coord<f64>>>,
    shape: &mut Shape,
) -> Option<Geometry<f64>> {
    let depth = match kind {
        "Point" => 0,
        "LineString" | "MultiPoint" => 1,
        "Polygon" | "MultiLineString" => 2,
        "MultiPolygon" => 3,
        other => {
            let problem = format!("there is no type of geometry {other:?}");
            shape
                .refuse(|| Fault::unsuitable("geometry", problem, "correct the type, or remove the feature"));
            return None;
        }
    };
    let Some(c) = coordinates else {
        shape.refuse(|| missing(kind, "coordinates"));
        return None;
    };
    if c.leaves.is_empty() {
        return None;
    }
    if c.depth != depth {
        let problem =
            format!("the coordinates of a {kind} are nested {depth} deep above positions, not {}", c.depth);
        shape.refuse(|| Fault::unsuitable("geometry", problem, "correct the type or the coordinates"));
        return None;
    }
    if let Some(vertex) = c.short {
        shape.refuse(|| {
            Fault::unsuitable(
                format!("vertex {vertex} of all in the geometry"),
                "a position needs longitude and latitude",
                "correct the position, or remove the feature",
            )
        });
        return None;
    }
    shape.dropped_z += c.third;
    shape.dropped_m += c.fourth;
    let line = |run: &[Coord<f64>]| LineString(run.to_vec());
    Some(match kind {
        "Point" => Point(*c.leaves.first()?).into(),
        "MultiPoint" => MultiPoint(c.leaves.into_iter().map(Point).collect()).into(),
        "LineString" => LineString(c.leaves).into(),
        "MultiLineString" => MultiLineString(c.slices(0..c.lists.len()).map(line).collect()).into(),
        "Polygon" => polygon(0, c.slices(0..c.lists.len()), shape).into(),
        _ => {
            let parts = c.groups().enumerate().map(|(i, lists)| polygon(i, c.slices(lists), shape));
            MultiPolygon(parts.collect()).into()
        }
    })
}

/// The first ring is the shell.
pub(super) fn polygon<'a>(
    part: usize,
    rings: impl Iterator<Item = &'a [Coord<f64>]>,
    shape: &mut Shape,
) -> Polygon<f64> {
    let mut lines = rings.enumerate().map(|(ring, run)| {
        shape.check_closed(part, ring, run);
        LineString(run.to_vec())
    });
    let shell = lines.next().unwrap_or(LineString(Vec::new()));
    Polygon::new(shell, lines.collect())
}
