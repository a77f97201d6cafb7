//! Features to bytes, sorted along a Hilbert curve with the packed index that readers of a window want.

use crate::error::IoError;
use crate::output::write_atomic;
use crate::vector::feature::Feature;
use flatbuffers::{FlatBufferBuilder, WIPOffset};
use flatgeobuf::packed_r_tree::{NodeItem, PackedRTree, calc_extent, hilbert_sort};
use flatgeobuf::{
    Column, ColumnArgs, ColumnType, Crs, CrsArgs, Feature as FeatureTable, FeatureArgs, Geometry as Table,
    GeometryArgs, GeometryType, Header, HeaderArgs,
};
use geo_types::{Coord, Geometry, LineString, Polygon};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

/// Writes a FlatGeobuf of layer `name`, declared as EPSG:4326. A feature's identifier becomes the column `id`, unless
/// there is a property of that name. Columns are in the order of their names; one whose values are of different types
/// is written as JSON. Equal features give equal bytes.
///
/// # Errors
/// [`IoError::Os`] if the file cannot be written (an older one is left as it was), [`IoError::Argument`] for a
/// coordinate that is not finite and for what the format cannot hold.
pub fn write_flatgeobuf(path: &Path, name: &str, features: &[Feature]) -> Result<(), IoError> {
    let mut bytes = Vec::new();
    flatgeobuf_to(&mut bytes, name, features)
        .map_err(|e| IoError::argument("features", e.to_string(), "leave the feature out"))?;
    write_atomic(path, |out| out.write_all(&bytes))
}

/// [`write_flatgeobuf`] to any stream.
///
/// # Errors
/// Of the stream; [`io::ErrorKind::InvalidInput`] for a coordinate that is not finite and for what the format cannot
/// hold.
pub fn flatgeobuf_to(out: &mut dyn Write, name: &str, features: &[Feature]) -> io::Result<()> {
    let columns = columns(features);
    let with_id = !features.iter().any(|f| f.properties.contains_key(ID));
    if columns.len() > usize::from(u16::MAX) {
        return Err(unfit(format!("{} properties: the format numbers at most 65 535", columns.len())));
    }
    let mut bodies = Vec::with_capacity(features.len());
    let mut nodes = Vec::with_capacity(features.len());
    let mut common = None;
    for (i, feature) in features.iter().enumerate() {
        let mut node = NodeItem::create(i as u64);
        let mut fbb = FlatBufferBuilder::new();
        let (kind, geometry) = table(&mut fbb, &feature.geometry, &mut node)?;
        let properties = encode(feature, &columns, with_id)?;
        let properties = (!properties.is_empty()).then(|| fbb.create_vector(&properties));
        let args = FeatureArgs { geometry: Some(geometry), properties, columns: None };
        let root = FeatureTable::create(&mut fbb, &args);
        fbb.finish_size_prefixed(root, None);
        bodies.push(fbb.finished_data().to_vec());
        nodes.push(node);
        common = Some(common.map_or(kind, |k| if k == kind { k } else { GeometryType::Unknown }));
    }
    let extent = calc_extent(&nodes);
    hilbert_sort(&mut nodes, &extent);

    out.write_all(&super::MAGIC)?;
    out.write_all(&header(name, &columns, common, features.len(), &extent))?;
    if !nodes.is_empty() {
        let mut offset = 0;
        let items: Vec<NodeItem> = nodes
            .iter()
            .map(|node| {
                let item = NodeItem { offset, ..node.clone() };
                offset += body(&bodies, node).len() as u64;
                item
            })
            .collect();
        let tree = PackedRTree::build(&items, &extent, PackedRTree::DEFAULT_NODE_SIZE)
            .map_err(|e| unfit(e.to_string()))?;
        tree.stream_write(&mut Plain(out))?;
    }
    nodes.iter().try_for_each(|node| out.write_all(body(&bodies, node)))
}

/// A writer of known size around one of unknown size, which the index asks for.
struct Plain<'a>(&'a mut dyn Write);

impl Write for Plain<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn body<'a>(bodies: &'a [Vec<u8>], node: &NodeItem) -> &'a [u8] {
    usize::try_from(node.offset).ok().and_then(|i| bodies.get(i)).map_or(&[], Vec::as_slice)
}

fn unfit(problem: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, problem)
}

fn header(
    name: &str,
    columns: &BTreeMap<&str, ColumnType>,
    kind: Option<GeometryType>,
    count: usize,
    extent: &NodeItem,
) -> Vec<u8> {
    let mut fbb = FlatBufferBuilder::new();
    let columns: Vec<WIPOffset<Column<'_>>> = columns
        .iter()
        .map(|(name, kind)| {
            let name = Some(fbb.create_string(name));
            Column::create(&mut fbb, &ColumnArgs { name, type_: *kind, ..ColumnArgs::default() })
        })
        .collect();
    let crs = CrsArgs {
        org: Some(fbb.create_string("EPSG")),
        code: 4326,
        name: Some(fbb.create_string("WGS 84")),
        ..CrsArgs::default()
    };
    let envelope = [extent.min_x, extent.min_y, extent.max_x, extent.max_y];
    let args = HeaderArgs {
        name: Some(fbb.create_string(name)),
        envelope: (count > 0).then(|| fbb.create_vector(&envelope)),
        geometry_type: kind.unwrap_or(GeometryType::Unknown),
        columns: Some(fbb.create_vector(&columns)),
        features_count: count as u64,
        index_node_size: if count == 0 { 0 } else { PackedRTree::DEFAULT_NODE_SIZE },
        crs: Some(Crs::create(&mut fbb, &crs)),
        ..HeaderArgs::default()
    };
    let root = Header::create(&mut fbb, &args);
    fbb.finish_size_prefixed(root, None);
    fbb.finished_data().to_vec()
}

/// The column that an identifier is written to.
const ID: &str = "id";

/// Columns that all values fit.
fn columns(features: &[Feature]) -> BTreeMap<&str, ColumnType> {
    let mut columns = BTreeMap::new();
    for (name, value) in features.iter().flat_map(|f| &f.properties) {
        let kind = match value {
            Value::Null => None,
            Value::Bool(_) => Some(ColumnType::Bool),
            Value::Number(n) if n.is_i64() => Some(ColumnType::Long),
            Value::Number(n) if n.is_u64() => Some(ColumnType::ULong),
            Value::Number(_) => Some(ColumnType::Double),
            Value::String(_) => Some(ColumnType::String),
            Value::Array(_) | Value::Object(_) => Some(ColumnType::Json),
        };
        let known: &mut Option<ColumnType> = columns.entry(name.as_str()).or_default();
        *known = match (*known, kind) {
            (known, None) => known,
            (Some(a), Some(b)) if a != b => Some(ColumnType::Json),
            (_, kind) => kind,
        };
    }
    if features.iter().any(|f| f.id.is_some()) {
        columns.entry(ID).or_insert(Some(ColumnType::String));
    }
    // Nothing but null: any type will do.
    columns.into_iter().map(|(name, kind)| (name, kind.unwrap_or(ColumnType::String))).collect()
}

fn encode(feature: &Feature, columns: &BTreeMap<&str, ColumnType>, with_id: bool) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    let id = feature.id.clone().map(Value::String);
    for (number, (name, kind)) in (0_u16..).zip(columns) {
        let value = if with_id && *name == ID { id.as_ref() } else { feature.properties.get(*name) };
        let Some(value) = value.filter(|v| !v.is_null()) else { continue };
        out.extend(number.to_le_bytes());
        let run = |out: &mut Vec<u8>, bytes: &[u8]| {
            let n = u32::try_from(bytes.len()).map_err(|e| unfit(format!("property {name}: {e}")))?;
            out.extend(n.to_le_bytes());
            out.extend(bytes);
            Ok::<(), io::Error>(())
        };
        match (*kind, value) {
            (ColumnType::Bool, v) => out.push(u8::from(v.as_bool().unwrap_or_default())),
            (ColumnType::Long, v) => out.extend(v.as_i64().unwrap_or_default().to_le_bytes()),
            (ColumnType::ULong, v) => out.extend(v.as_u64().unwrap_or_default().to_le_bytes()),
            (ColumnType::Double, v) => out.extend(v.as_f64().unwrap_or_default().to_le_bytes()),
            (ColumnType::String, Value::String(s)) => run(&mut out, s.as_bytes())?,
            (_, v) => run(&mut out, v.to_string().as_bytes())?,
        }
    }
    Ok(out)
}

type Made<'a> = (GeometryType, WIPOffset<Table<'a>>);

fn table<'a>(
    fbb: &mut FlatBufferBuilder<'a>,
    geometry: &Geometry<f64>,
    bounds: &mut NodeItem,
) -> io::Result<Made<'a>> {
    Ok(match geometry {
        Geometry::Point(p) => {
            (GeometryType::Point, lists(fbb, [&[p.0][..]].into_iter(), GeometryType::Point, bounds)?)
        }
        Geometry::MultiPoint(m) => {
            let coords: Vec<Coord<f64>> = m.0.iter().map(|p| p.0).collect();
            let kind = GeometryType::MultiPoint;
            (kind, lists(fbb, [coords.as_slice()].into_iter(), kind, bounds)?)
        }
        Geometry::Line(l) => return table(fbb, &LineString(vec![l.start, l.end]).into(), bounds),
        Geometry::Rect(r) => return table(fbb, &r.to_polygon().into(), bounds),
        Geometry::Triangle(t) => return table(fbb, &t.to_polygon().into(), bounds),
        Geometry::LineString(l) => {
            let kind = GeometryType::LineString;
            (kind, lists(fbb, [l.0.as_slice()].into_iter(), kind, bounds)?)
        }
        Geometry::MultiLineString(m) => {
            let kind = GeometryType::MultiLineString;
            (kind, lists(fbb, m.0.iter().map(|l| l.0.as_slice()), kind, bounds)?)
        }
        Geometry::Polygon(p) => (GeometryType::Polygon, polygon(fbb, p, bounds)?),
        Geometry::MultiPolygon(m) => {
            let parts = m.0.iter().map(|p| polygon(fbb, p, bounds)).collect::<io::Result<Vec<_>>>()?;
            (GeometryType::MultiPolygon, parts_of(fbb, &parts, GeometryType::MultiPolygon))
        }
        Geometry::GeometryCollection(c) => {
            let parts = c.0.iter().map(|g| Ok(table(fbb, g, bounds)?.1)).collect::<io::Result<Vec<_>>>()?;
            (GeometryType::GeometryCollection, parts_of(fbb, &parts, GeometryType::GeometryCollection))
        }
    })
}

fn polygon<'a>(
    fbb: &mut FlatBufferBuilder<'a>,
    p: &Polygon<f64>,
    bounds: &mut NodeItem,
) -> io::Result<WIPOffset<Table<'a>>> {
    let rings = std::iter::once(p.exterior()).chain(p.interiors()).map(|r| r.0.as_slice());
    lists(fbb, rings, GeometryType::Polygon, bounds)
}

fn parts_of<'a>(
    fbb: &mut FlatBufferBuilder<'a>,
    parts: &[WIPOffset<Table<'a>>],
    type_: GeometryType,
) -> WIPOffset<Table<'a>> {
    let parts = Some(fbb.create_vector(parts));
    Table::create(fbb, &GeometryArgs { type_, parts, ..GeometryArgs::default() })
}

/// A table of runs of vertices; where each ends is written if there is more than one.
fn lists<'a, 'r>(
    fbb: &mut FlatBufferBuilder<'a>,
    runs: impl Iterator<Item = &'r [Coord<f64>]>,
    type_: GeometryType,
    bounds: &mut NodeItem,
) -> io::Result<WIPOffset<Table<'a>>> {
    let mut numbers = Vec::new();
    let mut ends = Vec::new();
    for run in runs {
        for c in run {
            if !(c.x.is_finite() && c.y.is_finite()) {
                return Err(unfit(format!("the coordinates {} {} are not finite", c.x, c.y)));
            }
            bounds.expand_xy(c.x, c.y);
            numbers.extend([c.x, c.y]);
        }
        ends.push(
            u32::try_from(numbers.len() / 2).map_err(|e| unfit(format!("vertices of a geometry: {e}")))?,
        );
    }
    let xy = Some(fbb.create_vector(&numbers));
    let ends = (ends.len() > 1).then(|| fbb.create_vector(&ends));
    Ok(Table::create(fbb, &GeometryArgs { type_, xy, ends, ..GeometryArgs::default() }))
}
