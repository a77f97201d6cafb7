//! Vector features into boundaries of the world.

use super::Progress;
use crate::error::WorldError;
use crate::world::World;
use bm_core::MaterialId;
use bm_io::vector::Feature;
use bm_vector::geometry::{Mode, Repairs, repair};
use bm_vector::set::Change;
use bm_vector::{Boundary, BoundaryId, Extent, Frame, Kind, Shape, Style, Transition, Value};
use geo_types::{Geometry, LineString, MultiPolygon, Polygon};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

/// Depth of water beside a shore in metres, unless an extent says otherwise.
pub const SHORE_DEPTH_M: f64 = 2.0;

/// What features become.
#[derive(Clone, Debug)]
pub struct BoundaryIngest {
    kind: Kind,
    left: Option<MaterialId>,
    right: Option<MaterialId>,
    extent: Option<Extent>,
    style: Style,
    width: f64,
    priority: f64,
    precision: f64,
    id: Option<String>,
    skip_invalid: bool,
    separate: bool,
}

impl BoundaryIngest {
    /// Boundaries of a kind. A coastline is a shore with sand inside and seawater outside; others change no
    /// material until they are told one.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        let shore = kind == Kind::Coastline;
        Self {
            kind,
            left: shore.then_some(SAND),
            right: shore.then_some(MaterialId::SEAWATER),
            extent: None,
            style: Style::Sharp,
            width: 0.0,
            priority: 0.0,
            precision: 1.0,
            id: None,
            skip_invalid: false,
            separate: !shore,
        }
    }

    /// Material on the left of lines, inside of areas; none says nothing there.
    #[must_use]
    pub const fn left(mut self, material: Option<MaterialId>) -> Self {
        self.left = material;
        self
    }

    /// Material on the right of lines, outside of areas.
    #[must_use]
    pub const fn right(mut self, material: Option<MaterialId>) -> Self {
        self.right = material;
        self
    }

    /// What they speak about; shores for coastlines and ground for everything else unless told.
    #[must_use]
    pub const fn extent(mut self, extent: Extent) -> Self {
        self.extent = Some(extent);
        self
    }

    /// How a line's materials reach over cells it does not touch, and how far (metres).
    #[must_use]
    pub const fn transition(mut self, style: Style, width: f64) -> Self {
        self.style = style;
        self.width = width;
        self
    }

    /// Where several speak, the higher one wins; and how exact positions are (metres).
    #[must_use]
    pub const fn rank(mut self, priority: f64, precision: f64) -> Self {
        self.priority = priority;
        self.precision = precision;
        self
    }

    /// The name, numbered if there are several features, instead of the features' own.
    #[must_use]
    pub fn id(mut self, id: Option<String>) -> Self {
        self.id = id;
        self
    }

    /// Whether features that are not sound are left out instead of refusing everything.
    #[must_use]
    pub const fn skip_invalid(mut self, skip: bool) -> Self {
        self.skip_invalid = skip;
        self
    }

    /// Whether each feature becomes a boundary of its own. The polygons of a coastline become one boundary unless this
    /// is set: what is outside of one island is sea only if no other island is there.
    #[must_use]
    pub const fn separate(mut self, separate: bool) -> Self {
        self.separate = separate;
        self
    }

    fn extent_or_usual(&self) -> Extent {
        match (self.extent, self.kind) {
            (Some(extent), _) => extent,
            (None, Kind::Coastline) => Extent::Shore { depth: SHORE_DEPTH_M },
            (None, _) => Extent::Ground,
        }
    }
}

/// Sand, as the standard registry has it.
const SAND: MaterialId = MaterialId(2);

/// Features of one file.
#[derive(Clone, Debug)]
pub struct Source {
    /// What features without a name are named after.
    pub name: String,
    /// The features.
    pub features: Vec<Feature>,
}

/// What an ingest of boundaries did.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct BoundaryReport {
    /// The world's version now.
    pub version: u64,
    /// Boundaries put.
    pub boundaries: u64,
    /// Those of them that replaced one of the same name.
    pub replaced: u64,
    /// Lines and rings.
    pub parts: u64,
    /// Vertices.
    pub vertices: u64,
    /// What had to be mended.
    #[serde(skip)]
    pub repairs: Repairs,
    /// Features left out, with their places in the input and the reasons.
    pub skipped: Vec<LeftOut>,
    /// How long it took.
    #[serde(skip)]
    pub elapsed: Duration,
}

/// A feature that was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// The file it came from.
    pub file: String,
    /// Its place there, from 0.
    pub index: u64,
    /// The name it would have had.
    pub id: String,
    /// Why.
    pub reason: String,
}

impl World {
    /// Puts features into the world as boundaries, all of them as one commit. What can be mended
    /// without guessing is ([`repair`](fn@repair)); anything else that is wrong refuses the whole, unless
    /// [`BoundaryIngest::skip_invalid`] says otherwise.
    ///
    /// # Errors
    /// [`WorldError::Data`] names the file, the feature, the vertex and the reason; as [`World::commit_boundaries`].
    pub fn ingest_boundaries(
        &self,
        sources: Vec<Source>,
        how: &BoundaryIngest,
        progress: &(dyn Fn(&Progress) + Sync),
    ) -> Result<BoundaryReport, WorldError> {
        let start = Instant::now();
        let sources = if how.separate { sources } else { together(sources, how) };
        let total: u64 = sources.iter().map(|s| s.features.len() as u64).sum();
        let mut report = BoundaryReport::default();
        let mut changes: Vec<Change> = Vec::new();
        let mut names: HashMap<BoundaryId, (String, u64)> = HashMap::new();
        let before = self.view();
        let mut done = 0;
        for Source { name: file, features } in sources {
            let many = total > 1;
            for (index, feature) in (0u64..).zip(features) {
                done += 1;
                let id = match (&how.id, &feature.id) {
                    (Some(id), _) if many => format!("{id}-{done}"),
                    (Some(id), _) => id.clone(),
                    (None, Some(id)) => id.clone(),
                    (None, None) if many => format!("{file}-{}", index + 1),
                    (None, None) => file.clone(),
                };
                let at = |reason: String| LeftOut { file: file.clone(), index, id: id.clone(), reason };
                let made = match names.get(&BoundaryId::from(id.as_str())) {
                    Some((file, n)) => Err(format!("feature {n} of {file} has the same name")),
                    None => boundary(&id, feature, how),
                };
                match made {
                    Ok((boundary, repairs)) => {
                        names.insert(boundary.id.clone(), (file.clone(), index));
                        report.replaced += u64::from(before.boundaries().get(&boundary.id).is_some());
                        report.boundaries += 1;
                        let (parts, vertices) = size(&boundary.shape);
                        report.parts += parts;
                        report.vertices += vertices;
                        report.repairs.add(&repairs);
                        changes.push(Change::Put(boundary));
                    }
                    Err(reason) if how.skip_invalid => report.skipped.push(at(reason)),
                    Err(reason) => return Err(refused(&at(reason))),
                }
                progress(&Progress { stage: "boundaries", done, total });
            }
        }
        if changes.is_empty() {
            let detail = if report.skipped.is_empty() {
                "there are no features".to_owned()
            } else {
                format!("none of {total} features is sound; the first: {}", report.skipped[0].reason)
            };
            return Err(WorldError::Data { what: "boundaries", detail });
        }
        let what = format!("ingest {} boundaries", report.boundaries);
        progress(&Progress { stage: "commit", done: 0, total: 1 });
        report.version = self.commit_sound_boundaries(&changes, &what)?;
        report.elapsed = start.elapsed();
        Ok(report)
    }
}

fn refused(out: &LeftOut) -> WorldError {
    let LeftOut { file, index, id, reason } = out;
    WorldError::Data {
        what: "boundaries",
        detail: format!(
            "{file}, feature {index} ({id}): {reason}; nothing was changed (--skip-invalid leaves it out)"
        ),
    }
}

/// All polygons of the sources as one feature; lines stay as they are.
fn together(mut sources: Vec<Source>, how: &BoundaryIngest) -> Vec<Source> {
    let mut polygons: Vec<Polygon<f64>> = Vec::new();
    let mut all = 0;
    let mut one: Option<Feature> = None;
    for source in &mut sources {
        for mut feature in std::mem::take(&mut source.features) {
            match feature.geometry {
                Geometry::Polygon(ref mut p) => {
                    polygons.push(std::mem::replace(p, Polygon::new(LineString(Vec::new()), Vec::new())));
                }
                Geometry::MultiPolygon(ref mut p) => polygons.append(&mut p.0),
                _ => {
                    source.features.push(feature);
                    continue;
                }
            }
            all += 1;
            one.get_or_insert(feature);
        }
    }
    if let (Some(mut feature), Some(first)) = (one, sources.first_mut()) {
        feature.geometry = Geometry::MultiPolygon(MultiPolygon(polygons));
        if all > 1 {
            feature.properties = BTreeMap::new();
            feature.id = Some(how.id.clone().unwrap_or_else(|| first.name.clone()));
        }
        first.features.insert(0, feature);
    }
    sources
}

/// A feature as a boundary, and what had to be mended.
fn boundary(id: &str, feature: Feature, how: &BoundaryIngest) -> Result<(Boundary, Repairs), String> {
    let (shape, repairs) =
        repair(feature.geometry, Frame::Geographic, Mode::Mend).map_err(|e| e.to_string())?;
    let transition = (how.left.is_some() || how.right.is_some()).then_some(Transition {
        left: how.left,
        right: how.right,
        style: how.style,
        width: how.width,
    });
    let boundary = Boundary {
        id: id.into(),
        kind: how.kind,
        shape,
        transition,
        extent: how.extent_or_usual(),
        priority: how.priority,
        precision: how.precision,
        properties: properties(feature.properties),
    };
    boundary.check(Frame::Geographic).map_err(|e| e.to_string())?;
    Ok((boundary, repairs))
}

/// Lines or rings, and vertices.
#[must_use]
pub fn size(shape: &Shape) -> (u64, u64) {
    match shape {
        Shape::Lines(lines) => (lines.len() as u64, lines.iter().map(|l| l.0.len() as u64).sum()),
        Shape::Area(area) => {
            let (rings, edges) = area.counts();
            // The vertex that closes a ring is said again.
            (rings as u64, (edges + rings) as u64)
        }
    }
}

/// Plain values; lists and objects as JSON text, nothing for null.
fn properties(all: BTreeMap<String, serde_json::Value>) -> BTreeMap<String, Value> {
    use serde_json::Value as Json;
    let value = |v: Json| {
        Some(match v {
            Json::Null => return None,
            Json::Bool(b) => Value::Bool(b),
            Json::Number(n) => match n.as_i64() {
                Some(i) => Value::Int(i),
                None => Value::Float(n.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(s) => Value::Text(s),
            other => Value::Text(other.to_string()),
        })
    };
    all.into_iter().filter_map(|(k, v)| Some((k, value(v)?))).collect()
}
