//! One JSON document after the other, each of them a GeoJSON object or a topology.

use super::geometry::JsonGeometry;
use super::nested::Nested;
use super::topology::{self, Transform};
use crate::error::Fault;
use crate::vector::Halt;
use crate::vector::crs;
use crate::vector::feature::VectorFormat;
use crate::vector::sink::{Raw, Shape, Sink, id_text};
use crate::vector::source::Source;
use geo_types::Coord;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read};

/// Reads all documents of a stream.
pub(in crate::vector) fn read(source: Source<'_>, sink: &mut Sink<'_>) -> Result<(), Halt> {
    let counter = source.counter();
    // The parser takes byte by byte, which is quick from a buffer it sees into.
    let plain = BufReader::with_capacity(1 << 16, Plain { source, started: false });
    let mut de = serde_json::Deserializer::from_reader(plain);
    loop {
        let mut carried = None;
        if let Err(error) = (Document { sink, carried: &mut carried }).deserialize(&mut de) {
            return Err(match carried {
                Some(Halt::Fault(fault)) if error.line() > 1 => {
                    Halt::Fault(fault.within(&format!("before line {}", error.line() + 1)))
                }
                Some(halt) => halt,
                None => syntax(error),
            });
        }
        match de.end() {
            Ok(()) => break,
            Err(error) if error.is_syntax() => {} // Another document follows.
            Err(error) => return Err(syntax(error)),
        }
    }
    sink.summary.bytes_read = counter.get();
    Ok(())
}

fn syntax(error: serde_json::Error) -> Halt {
    if error.is_io() {
        return Halt::Os(io::Error::from(error));
    }
    let place = format!("line {}, column {}", error.line(), error.column());
    // Its own message ends with the same place.
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or(&text).to_owned();
    let fault = if error.is_eof() {
        Fault::damaged(place, format!("the file is cut off ({text})"))
    } else if error.is_data() {
        Fault::unsuitable(place, text, "correct the file there (RFC 7946 says how GeoJSON is written)")
    } else {
        Fault::unsuitable(
            place,
            format!("this is not JSON ({text})"),
            "correct the file there; NaN and Infinity are no JSON",
        )
    };
    Halt::Fault(fault)
}

/// Takes away what may stand around documents: a byte order mark, record separators.
struct Plain<'a> {
    source: Source<'a>,
    started: bool,
}

impl Read for Plain<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if !self.started {
            self.started = true;
            if self.source.head()?.starts_with(b"\xef\xbb\xbf") {
                self.source.consume(3);
            }
        }
        let n = self.source.read(buf)?;
        // Inside of strings it would be written as an escape.
        buf[..n].iter_mut().filter(|b| **b == 0x1e).for_each(|b| *b = b' ');
        Ok(n)
    }
}

/// A document at the top of the file.
struct Document<'s, 'a> {
    sink: &'s mut Sink<'a>,
    carried: &'s mut Option<Halt>,
}

/// The members of any GeoJSON object or topology, in whatever order they come.
#[derive(Default)]
struct Members {
    kind: Option<String>,
    id: Option<Value>,
    properties: Option<BTreeMap<String, Value>>,
    geometry: Option<JsonGeometry>,
    coordinates: Option<Nested<Coord<f64>>>,
    geometries: Option<Vec<Option<JsonGeometry>>>,
    collection: bool,
    arcs: Option<Nested<Coord<f64>>>,
    objects: Option<topology::Objects>,
    transform: Option<Transform>,
}

impl<'de> DeserializeSeed<'de> for Document<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, de: D) -> Result<(), D::Error> {
        de.deserialize_map(self)
    }
}

/// Ends the parser with what `result` holds.
fn carry<T, E: Error>(result: Result<T, Halt>, carried: &mut Option<Halt>) -> Result<T, E> {
    result.map_err(|halt| {
        *carried = Some(halt);
        E::custom("stopped")
    })
}

impl<'de> Visitor<'de> for Document<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a GeoJSON object or a topology")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { sink, carried } = self;
        let mut m = Members::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "type" => m.kind = Some(map.next_value()?),
                "id" => m.id = map.next_value()?,
                "properties" => m.properties = map.next_value()?,
                "geometry" => m.geometry = map.next_value()?,
                "coordinates" => m.coordinates = map.next_value()?,
                "geometries" => m.geometries = map.next_value()?,
                "arcs" => m.arcs = map.next_value()?,
                "objects" => m.objects = map.next_value()?,
                "transform" => m.transform = map.next_value()?,
                "crs" => {
                    let crs = map.next_value::<Value>()?;
                    carry(declare(&crs, sink), carried)?;
                }
                "features" => {
                    if std::mem::replace(&mut m.collection, true) {
                        return Err(A::Error::custom("\"features\" stands there twice"));
                    }
                    carry(no_layers(sink), carried)?;
                    map.next_value_seed(FeatureList { sink: &mut *sink, carried: &mut *carried })?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        let done = m.finish(sink);
        carry(done, carried)
    }
}

fn no_layers(sink: &Sink<'_>) -> Result<(), Halt> {
    match &sink.options().layer {
        None => Ok(()),
        Some(layer) => Err(Fault::unsuitable(
            "whole file",
            format!("GeoJSON has no layers, so there is no {layer:?} in it"),
            "leave --layer out",
        )
        .into()),
    }
}

impl Members {
    fn finish(self, sink: &mut Sink<'_>) -> Result<(), Halt> {
        let kind = self.kind.as_deref().unwrap_or_default();
        let unsuitable = |problem: String| {
            let cure = "give a FeatureCollection, a Feature, a geometry or a Topology";
            Err(Halt::Fault(Fault::unsuitable("whole document", problem, cure)))
        };
        if self.collection != (kind == "FeatureCollection") {
            return unsuitable(match kind {
                "FeatureCollection" => "a FeatureCollection without \"features\"".into(),
                _ => format!("\"features\" in an object of type {kind:?}"),
            });
        }
        match kind {
            "FeatureCollection" => Ok(()),
            "Feature" => {
                no_layers(sink)?;
                sink.feature(raw(self.id.as_ref(), self.properties, self.geometry))
            }
            "Topology" => match (self.arcs, self.objects) {
                (Some(arcs), Some(objects)) => {
                    sink.summary.format = VectorFormat::TopoJson;
                    topology::read(arcs, self.transform, objects, sink)
                }
                _ => unsuitable("a Topology without \"arcs\" or \"objects\"".into()),
            },
            "" => unsuitable("an object without \"type\" is not GeoJSON".into()),
            // Types that there are not are refused with the rest of the geometry.
            _ if self.coordinates.is_some() || self.geometries.is_some() => {
                no_layers(sink)?;
                let geometry = JsonGeometry {
                    kind: kind.into(),
                    coordinates: self.coordinates,
                    geometries: self.geometries,
                };
                sink.feature(raw(None, None, Some(geometry)))
            }
            other => unsuitable(format!("an object of type {other:?} is not GeoJSON")),
        }
    }
}

fn raw(
    id: Option<&Value>,
    properties: Option<BTreeMap<String, Value>>,
    geometry: Option<JsonGeometry>,
) -> Raw {
    Raw {
        id: id.and_then(id_text),
        layer: None,
        properties: properties.unwrap_or_default(),
        shape: geometry.map_or_else(Shape::default, JsonGeometry::into_shape),
    }
}

/// The member of GeoJSON's older edition that names a coordinate reference system.
fn declare(crs: &Value, sink: &mut Sink<'_>) -> Result<(), Halt> {
    if crs.is_null() {
        return Ok(());
    }
    let name =
        crs.pointer("/properties/name").or_else(|| crs.pointer("/properties/href")).and_then(Value::as_str);
    let code = || crs.pointer("/properties/code").and_then(Value::as_u64).map(|code| format!("EPSG:{code}"));
    let name = name.map(str::to_owned).or_else(code).unwrap_or_else(|| crs.to_string());
    sink.declare(crs::accept(&name, "member \"crs\"")?);
    Ok(())
}

/// The features of a collection, handed over one by one.
struct FeatureList<'s, 'a> {
    sink: &'s mut Sink<'a>,
    carried: &'s mut Option<Halt>,
}

impl<'de> DeserializeSeed<'de> for FeatureList<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, de: D) -> Result<(), D::Error> {
        de.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for FeatureList<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of features")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(feature) = seq.next_element::<JsonFeature>()? {
            let result = match feature.kind.as_str() {
                "Feature" => {
                    self.sink.feature(raw(feature.id.as_ref(), feature.properties, feature.geometry))
                }
                other => Err(Fault::unsuitable(
                    format!("feature {}", self.sink.seen()),
                    format!("is of type {other:?}, not \"Feature\""),
                    "wrap bare geometries into features",
                )
                .into()),
            };
            carry(result, self.carried)?;
        }
        Ok(())
    }
}

#[derive(serde::Deserialize)]
struct JsonFeature {
    #[serde(rename = "type")]
    kind: String,
    id: Option<Value>,
    properties: Option<BTreeMap<String, Value>>,
    geometry: Option<JsonGeometry>,
}
