//! TopoJSON: geometry as references to shared arcs.

use super::geometry::build;
use super::nested::{ArcIndex, Nested};
use crate::error::Fault;
use crate::vector::Halt;
use crate::vector::sink::{Raw, Shape, Sink, id_text};
use geo_types::{Coord, Geometry, GeometryCollection, LineString, MultiLineString, MultiPolygon, Polygon};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// A file whose vertices multiply by more than this when the arcs are put in is no map but an attack.
const MOST_COPIES: usize = 64;

/// Of quantised coordinates.
#[derive(serde::Deserialize)]
pub(super) struct Transform {
    scale: [f64; 2],
    translate: [f64; 2],
}

/// The named objects, in the order of the file.
pub(super) struct Objects(Vec<(String, Object)>);

/// A geometry object of a topology.
#[derive(serde::Deserialize)]
struct Object {
    /// None stands for a geometry of null.
    #[serde(rename = "type")]
    kind: Option<String>,
    id: Option<Value>,
    properties: Option<BTreeMap<String, Value>>,
    arcs: Option<Nested<ArcIndex>>,
    coordinates: Option<Nested<Coord<f64>>>,
    geometries: Option<Vec<Object>>,
}

impl<'de> Deserialize<'de> for Objects {
    fn deserialize<D: Deserializer<'de>>(de: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Objects;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the named objects of a topology")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Objects, A::Error> {
                let mut list = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    list.push(entry);
                }
                Ok(Objects(list))
            }
        }
        de.deserialize_map(InOrder)
    }
}

/// Hands over the features of all objects, or of the one that was asked for.
pub(super) fn read(
    arcs: Nested<Coord<f64>>,
    transform: Option<Transform>,
    objects: Objects,
    sink: &mut Sink<'_>,
) -> Result<(), Halt> {
    let wanted = sink.options().layer.as_deref();
    if let Some(layer) = wanted
        && !objects.0.iter().any(|(name, _)| name == layer)
    {
        let names: Vec<&str> = objects.0.iter().map(|(name, _)| name.as_str()).take(20).collect();
        let problem = format!("there is no object {layer:?}; there are {names:?}");
        return Err(
            Fault::unsuitable("\"objects\"", problem, "name one of them with --layer, or none").into()
        );
    }
    let mut topology = Topology::new(arcs, transform)?;
    for (name, object) in objects.0 {
        if wanted.is_some_and(|w| w != name) {
            continue;
        }
        // A collection at the top is a list of features.
        let list = match (object.kind.as_deref(), object.geometries) {
            (Some("GeometryCollection"), Some(list)) => list,
            (_, geometries) => vec![Object { geometries, ..object }],
        };
        for object in list {
            sink.feature(topology.feature(&name, object)?)?;
        }
        sink.summary.layers.push(name);
    }
    Ok(())
}

struct Topology {
    /// In degrees.
    arcs: Nested<Coord<f64>>,
    transform: Option<Transform>,
    /// Vertices that may still be put in.
    budget: usize,
}

impl Topology {
    fn new(mut arcs: Nested<Coord<f64>>, transform: Option<Transform>) -> Result<Self, Halt> {
        if !arcs.leaves.is_empty() && arcs.depth != 2 {
            let problem = "an arc is an array of positions";
            return Err(Fault::damaged("\"arcs\"", problem).into());
        }
        if let Some(t) = &transform {
            let mut start = 0;
            for &end in &arcs.lists {
                let (mut x, mut y) = (0.0, 0.0);
                for c in &mut arcs.leaves[start..end] {
                    // Whole numbers: the sums are exact.
                    (x, y) = (x + c.x, y + c.y);
                    *c = t.apply(Coord { x, y });
                }
                start = end;
            }
        }
        let budget = arcs.leaves.len().saturating_mul(MOST_COPIES);
        Ok(Self { arcs, transform, budget })
    }

    fn feature(&mut self, layer: &str, object: Object) -> Result<Raw, Halt> {
        let mut shape = Shape::default();
        let id = object.id.as_ref().and_then(id_text);
        let mut object = object;
        let properties = object.properties.take().unwrap_or_default();
        shape.geometry = self.geometry(object, &mut shape)?;
        Ok(Raw { id, layer: Some(layer.to_owned()), properties, shape })
    }

    fn geometry(&mut self, object: Object, shape: &mut Shape) -> Result<Option<Geometry<f64>>, Halt> {
        let Some(kind) = object.kind.as_deref() else { return Ok(None) };
        let depth = match kind {
            "LineString" => 1,
            "MultiLineString" | "Polygon" => 2,
            "MultiPolygon" => 3,
            "GeometryCollection" => {
                let mut parts = Vec::new();
                // The parser bounds how deep they nest.
                for part in object.geometries.unwrap_or_default() {
                    parts.extend(self.geometry(part, shape)?);
                }
                return Ok(
                    (!parts.is_empty()).then_some(Geometry::GeometryCollection(GeometryCollection(parts)))
                );
            }
            _ => {
                // Points have coordinates of their own, quantised but not relative; what is not a type is refused.
                let coordinates = object.coordinates.map(|mut c| {
                    if let Some(t) = &self.transform {
                        c.leaves.iter_mut().for_each(|c| *c = t.apply(*c));
                    }
                    c
                });
                return Ok(build(kind, coordinates, shape));
            }
        };
        let Some(arcs) = object.arcs else {
            let problem = format!("a {kind} without \"arcs\"");
            shape.refuse(|| Fault::unsuitable("geometry", problem, "add them, or remove the feature"));
            return Ok(None);
        };
        if arcs.leaves.is_empty() {
            return Ok(None);
        }
        if arcs.depth != depth {
            let problem = format!("the arcs of a {kind} are nested {depth} deep, not {}", arcs.depth);
            shape.refuse(|| Fault::unsuitable("geometry", problem, "correct the type or the arcs"));
            return Ok(None);
        }
        let lines = arcs
            .slices(0..arcs.lists.len())
            .map(|list| self.line(list))
            .collect::<Result<Vec<_>, Fault>>()?;
        Ok(Some(match kind {
            "LineString" => lines.into_iter().next().unwrap_or(LineString(Vec::new())).into(),
            "MultiLineString" => MultiLineString(lines).into(),
            "Polygon" => polygon(0, lines.into_iter(), shape).into(),
            _ => {
                let mut lines = lines.into_iter();
                let parts =
                    arcs.groups().enumerate().map(|(i, g)| polygon(i, lines.by_ref().take(g.len()), shape));
                MultiPolygon(parts.collect()).into()
            }
        }))
    }

    /// Arcs end to end; the vertex they share stands there once.
    fn line(&mut self, list: &[ArcIndex]) -> Result<LineString<f64>, Fault> {
        let mut line: Vec<Coord<f64>> = Vec::new();
        for &ArcIndex(index) in list {
            let number = if index < 0 { !index } else { index };
            let arc = usize::try_from(number).ok().filter(|n| *n < self.arcs.lists.len());
            let Some(arc) = arc.and_then(|n| self.arcs.slices(n..n + 1).next()) else {
                let problem = format!("arc {index} is used, but there are {} arcs", self.arcs.lists.len());
                return Err(Fault::damaged("\"objects\"", problem));
            };
            self.budget = self.budget.checked_sub(arc.len()).ok_or_else(|| {
                let problem = format!("every arc is used more than {MOST_COPIES} times on average");
                Fault::unsuitable("\"objects\"", problem, "read one object of it with --layer")
            })?;
            line.reserve(arc.len());
            let joined = |line: &[Coord<f64>], first: Option<&Coord<f64>>| {
                usize::from(line.last() == first && first.is_some())
            };
            if index < 0 {
                let skip = joined(&line, arc.last());
                line.extend(arc.iter().rev().skip(skip));
            } else {
                let skip = joined(&line, arc.first());
                line.extend(&arc[skip..]);
            }
        }
        Ok(LineString(line))
    }
}

impl Transform {
    fn apply(&self, c: Coord<f64>) -> Coord<f64> {
        Coord { x: c.x * self.scale[0] + self.translate[0], y: c.y * self.scale[1] + self.translate[1] }
    }
}

fn polygon(part: usize, rings: impl Iterator<Item = LineString<f64>>, shape: &mut Shape) -> Polygon<f64> {
    let mut rings = rings.enumerate().map(|(i, ring)| {
        shape.check_closed(part, i, &ring.0);
        ring
    });
    let shell = rings.next().unwrap_or(LineString(Vec::new()));
    Polygon::new(shell, rings.collect())
}
