//! Between the formats and the caller: every feature is checked here, the same way for every format.

use super::feature::{Declared, Feature, Skipped, Summary, VectorFormat};
use super::runs::{Place, each_run};
use super::{DateLine, Halt, VectorOptions, dateline};
use crate::error::Fault;
use geo_types::{Coord, Geometry};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// How many of the features left out are listed.
const LISTED: usize = 1000;
/// Longitudes of what runs over the date line go on beyond ±180°, no farther than this.
pub(super) const FARTHEST: f64 = 540.0;

/// A feature as its format has it.
#[derive(Default)]
pub(super) struct Raw {
    pub(super) id: Option<String>,
    pub(super) layer: Option<String>,
    pub(super) properties: BTreeMap<String, Value>,
    pub(super) shape: Shape,
}

/// A geometry as its format has it, with what happened while it was read.
#[derive(Default)]
pub(super) struct Shape {
    /// None: null, or empty.
    pub(super) geometry: Option<Geometry<f64>>,
    /// Why the feature cannot serve, though the file can be read on.
    pub(super) fault: Option<Fault>,
    pub(super) dropped_z: u64,
    pub(super) dropped_m: u64,
}

impl Shape {
    /// Notes the first reason not to take the feature.
    pub(super) fn refuse(&mut self, fault: impl FnOnce() -> Fault) {
        if self.fault.is_none() {
            self.fault = Some(fault());
        }
    }

    /// Notes rings that do not close, which `geo_types` would close without a word.
    pub(super) fn check_closed(&mut self, polygon: usize, ring: usize, coords: &[Coord<f64>]) {
        if let [first, .., last] = coords
            && first != last
            && [first.x, first.y, last.x, last.y].iter().all(|v| v.is_finite())
        {
            let place = format!("polygon {polygon}, ring {ring}, vertex {}", coords.len() - 1);
            let problem = format!(
                "the ring is open: it starts at {} {} and ends at {} {}",
                first.x, first.y, last.x, last.y
            );
            self.refuse(|| Fault::unsuitable(place, problem, "repeat the ring's first vertex at its end"));
        }
    }
}

/// Takes features from a format's reader.
pub(super) struct Sink<'a> {
    options: &'a VectorOptions,
    each: &'a mut dyn FnMut(Feature) -> ControlFlow<()>,
    pub(super) summary: Summary,
    seen: u64,
    /// The largest longitude met, without its sign: tells swapped axes.
    widest: f64,
}

impl<'a> Sink<'a> {
    pub(super) fn new(
        format: VectorFormat,
        options: &'a VectorOptions,
        each: &'a mut dyn FnMut(Feature) -> ControlFlow<()>,
    ) -> Self {
        Self { options, each, summary: Summary::new(format), seen: 0, widest: 0.0 }
    }

    pub(super) fn options(&self) -> &'a VectorOptions {
        self.options
    }

    /// Features met so far, taken or not.
    pub(super) fn seen(&self) -> u64 {
        self.seen
    }

    /// Notes the coordinate reference system.
    pub(super) fn declare(&mut self, crs: Declared) {
        if crs != Declared::Unset {
            self.summary.crs = crs;
        }
    }

    /// Checks a feature and hands it over.
    pub(super) fn feature(&mut self, mut raw: Raw) -> Result<(), Halt> {
        let index = self.seen;
        self.seen += 1;
        let named = self.name(&mut raw);
        let checked = match (named, raw.shape.fault.take(), raw.shape.geometry.take()) {
            (Err(fault), ..) | (_, Some(fault), _) => Err(fault),
            (Ok(()), None, Some(mut geometry)) => self.check(&mut geometry).map(|tally| (geometry, tally)),
            (Ok(()), None, None) => {
                self.summary.without_geometry += 1;
                return Ok(());
            }
        };
        match checked {
            Ok((_, Tally { vertices: 0, .. })) => {
                self.summary.without_geometry += 1;
                Ok(())
            }
            Ok((geometry, tally)) => {
                let Raw { id, layer, properties, shape } = raw;
                self.summary.features += 1;
                self.summary.vertices += tally.vertices;
                self.summary.long_edges += tally.long_edges;
                self.summary.dropped_z += shape.dropped_z;
                self.summary.dropped_m += shape.dropped_m;
                match (self.each)(Feature { id, layer, geometry, properties }) {
                    ControlFlow::Continue(()) => Ok(()),
                    ControlFlow::Break(()) => Err(Halt::Stopped),
                }
            }
            Err(fault) => {
                let place = match &raw.id {
                    Some(id) => format!("feature {index} ({id})"),
                    None => format!("feature {index}"),
                };
                if !self.options.skip_invalid || fault.concerns_all() {
                    return Err(fault.within(&place).into());
                }
                self.summary.skipped += 1;
                if self.summary.skipped_list.len() < LISTED {
                    let skipped = Skipped { index, id: raw.id, reason: fault.reason() };
                    self.summary.skipped_list.push(skipped);
                }
                Ok(())
            }
        }
    }

    /// Applies `id_property`.
    fn name(&self, raw: &mut Raw) -> Result<(), Fault> {
        let Some(property) = &self.options.id_property else { return Ok(()) };
        match raw.properties.get(property).and_then(id_text) {
            Some(id) => {
                raw.id = Some(id);
                Ok(())
            }
            None => {
                let has: Vec<&str> = raw.properties.keys().take(12).map(String::as_str).collect();
                Err(Fault::unsuitable(
                    format!("property {property:?}"),
                    format!("has no value that could be an id; there are {has:?}"),
                    "name a property that every feature has, or none",
                ))
            }
        }
    }

    /// Swaps, checks and unwraps the coordinates.
    fn check(&mut self, geometry: &mut Geometry<f64>) -> Result<Tally, Fault> {
        if self.options.date_line == DateLine::Shortest {
            // Before the check of ranges, whose subject is what is handed over.
            self.swap(geometry)?;
            dateline::unwrap(geometry);
        } else {
            self.swap(geometry)?;
        }
        let mut tally = Tally::default();
        let widest = &mut self.widest;
        each_run(geometry, &mut |place, run| {
            for (vertex, c) in run.iter().enumerate() {
                if !(c.x.is_finite() && c.y.is_finite()) {
                    return Err(Fault::unsuitable(
                        place.vertex(vertex),
                        format!("the coordinates {} {} are not finite", c.x, c.y),
                        "remove the vertex, or leave its feature out with --skip-invalid",
                    ));
                }
                *widest = widest.max(c.x.abs());
                if c.y.abs() > 90.0 || c.x.abs() > FARTHEST {
                    return Err(out_of_range(place, vertex, *c, run, *widest));
                }
            }
            tally.vertices += run.len() as u64;
            tally.long_edges += run.windows(2).filter(|e| is_long(e[0], e[1])).count() as u64;
            Ok(())
        })?;
        Ok(tally)
    }

    fn swap(&self, geometry: &mut Geometry<f64>) -> Result<(), Fault> {
        if !self.options.swap_xy {
            return Ok(());
        }
        each_run(geometry, &mut |_, run| {
            run.iter_mut().for_each(|c| std::mem::swap(&mut c.x, &mut c.y));
            Ok(())
        })
    }
}

#[derive(Default)]
struct Tally {
    vertices: u64,
    long_edges: u64,
}

/// More than half around the globe, and neither along a pole nor all around.
fn is_long(a: Coord<f64>, b: Coord<f64>) -> bool {
    let across = (a.x - b.x).abs();
    across > 180.0 && across < 360.0 && !(a.y == b.y && a.y.abs() == 90.0)
}

/// What makes a text of a property's or a feature's value.
pub(super) fn id_text(value: &Value) -> Option<String> {
    match value {
        Value::String(s) => Some(s.clone()),
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

#[cold]
fn out_of_range(place: &Place, vertex: usize, c: Coord<f64>, run: &[Coord<f64>], widest: f64) -> Fault {
    let at = place.vertex(vertex);
    let widest = run.iter().fold(widest, |w, c| w.max(c.x.abs()));
    let tallest = run.iter().fold(c.y.abs(), |w, c| w.max(c.y.abs()));
    if widest > 1000.0 || tallest > 1000.0 {
        return Fault::unsuitable(
            at,
            format!("{} {} are no degrees; they look like metres of a projected system", c.x, c.y),
            "convert to longitude and latitude first: ogr2ogr -t_srs EPSG:4326 OUT IN",
        )
        .for_all();
    }
    if c.y.abs() > 90.0 && widest <= 90.0 && tallest <= 180.0 {
        return Fault::unsuitable(
            at,
            format!(
                "latitude {} is beyond 90 while every longitude so far is within 90: longitude and latitude look \
                 swapped",
                c.y
            ),
            "use --swap-xy",
        )
        .for_all();
    }
    let (what, value, limit) =
        if c.y.abs() > 90.0 { ("latitude", c.y, 90.0) } else { ("longitude", c.x, FARTHEST) };
    Fault::unsuitable(
        at,
        format!("{what} {value} is beyond {limit}"),
        "correct the vertex, or leave its feature out with --skip-invalid",
    )
}
