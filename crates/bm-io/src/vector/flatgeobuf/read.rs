//! Bytes to features.

use super::properties::{self, Columns};
use crate::error::Fault;
use crate::vector::Halt;
use crate::vector::crs;
use crate::vector::feature::Declared;
use crate::vector::sink::{Raw, Shape, Sink};
use crate::vector::source::Source;
use flatgeobuf::{
    Crs, Geometry as Table, GeometryType, Header, size_prefixed_root_as_feature, size_prefixed_root_as_header,
};
use geo_types::{
    Coord, Geometry, GeometryCollection, LineString, MultiLineString, MultiPoint, MultiPolygon, Point,
    Polygon,
};
use std::io::{self, Read};

/// Of the header, as the reference implementations have it.
const LARGEST_HEADER: u32 = 10 << 20;
/// Bytes of a node of the index.
const NODE: u64 = 40;

/// Reads all features, in the order of the file; the index is passed over.
pub(in crate::vector) fn read(mut source: Source<'_>, sink: &mut Sink<'_>) -> Result<(), Halt> {
    let mut magic = [0; 8];
    fill(&mut source, &mut magic, "the first bytes")?;
    // Versions before 3 have other tables; the last byte is a patch level.
    if magic[..3] != super::MAGIC[..3] || magic[4..7] != super::MAGIC[4..7] {
        return Err(Fault::damaged("first bytes", "these are not FlatGeobuf's").into());
    }
    if magic[3] != super::MAGIC[3] {
        return Err(Fault::unsupported(
            "first bytes",
            format!("FlatGeobuf of version {}", magic[3]),
            "convert it to version 3: ogr2ogr OUT.fgb IN",
        )
        .into());
    }
    let mut buffer = Vec::new();
    let size = table(&mut source, &mut buffer, "the header")?;
    if size > LARGEST_HEADER {
        return Err(Fault::damaged("byte 8", format!("a header of {size} bytes")).into());
    }
    let header = size_prefixed_root_as_header(&buffer).map_err(|e| invalid("header", &e))?;
    sink.declare(declared(header.crs())?);
    let layer = header.name().filter(|n| !n.is_empty()).map(str::to_owned);
    if let Some(wanted) = &sink.options().layer
        && layer.as_ref() != Some(wanted)
    {
        let problem = format!("the one layer of the file is {layer:?}, not {wanted:?}");
        return Err(Fault::unsuitable("header", problem, "leave --layer out").into());
    }
    sink.summary.layers.extend(layer.clone());
    let columns = header.columns().map(|c| properties::columns(c.iter())).unwrap_or_default();
    let (kind, count) = (header.geometry_type(), header.features_count());
    pass_index(&mut source, &header)?;

    let mut buffer = Vec::new();
    while if count == 0 { !source.head()?.is_empty() } else { sink.seen() < count } {
        let place = format!("feature {}", sink.seen());
        table(&mut source, &mut buffer, &place)?;
        let raw = feature(&buffer, kind, &columns, layer.as_deref()).map_err(|f| f.within(&place))?;
        sink.feature(raw)?;
    }
    sink.summary.bytes_read = source.position();
    Ok(())
}

fn fill(source: &mut Source<'_>, out: &mut [u8], what: &str) -> Result<(), Halt> {
    source.read_exact(out).map_err(|e| match e.kind() {
        io::ErrorKind::UnexpectedEof => Fault::damaged(what, "the file ends within it").into(),
        _ => Halt::Os(e),
    })
}

/// Reads a table with the size before it, which is returned. Memory grows with what really comes.
fn table(source: &mut Source<'_>, buffer: &mut Vec<u8>, what: &str) -> Result<u32, Halt> {
    let mut prefix = [0; 4];
    fill(source, &mut prefix, what)?;
    let size = u32::from_le_bytes(prefix);
    if let Some(left) = source.left().filter(|left| *left < u64::from(size)) {
        let problem = format!("{size} bytes are announced, but only {left} follow");
        return Err(Fault::damaged(what, problem).into());
    }
    buffer.clear();
    buffer.extend(prefix);
    let got = source.by_ref().take(u64::from(size)).read_to_end(buffer)?;
    if got as u64 != u64::from(size) {
        return Err(Fault::damaged(what, "the file ends within it").into());
    }
    Ok(size)
}

fn invalid(what: &str, error: &dyn std::fmt::Display) -> Fault {
    let text = error.to_string();
    // What follows the first line is a trace of fields.
    Fault::damaged(what, text.lines().next().unwrap_or_default().trim_end_matches([':', ' ']).to_owned())
}

fn declared(crs: Option<Crs<'_>>) -> Result<Declared, Fault> {
    let Some(crs) = crs else { return Ok(Declared::Unset) };
    let organisation = crs.org().filter(|o| !o.is_empty()).unwrap_or("EPSG");
    let name = match (crs.code(), crs.code_string(), crs.name().or(crs.wkt())) {
        (0, None | Some(""), None | Some("")) => return Ok(Declared::Unset),
        (0, None | Some(""), Some(name)) => name.to_owned(),
        (0, Some(code), _) => format!("{organisation}:{code}"),
        (code, ..) => format!("{organisation}:{code}"),
    };
    crs::accept(&name, "header")
}

fn pass_index(source: &mut Source<'_>, header: &Header<'_>) -> Result<(), Halt> {
    let (node_size, count) = (u64::from(header.index_node_size()), header.features_count());
    if node_size == 0 || count == 0 {
        return Ok(());
    }
    if node_size == 1 {
        return Err(Fault::damaged("header", "an index with one entry a node").into());
    }
    let (mut level, mut nodes) = (count, u128::from(count));
    while level > 1 {
        level = level.div_ceil(node_size);
        nodes += u128::from(level);
    }
    if count == 1 {
        nodes += 1; // The root stands above the one entry, too.
    }
    let size = u64::try_from(nodes * u128::from(NODE)).unwrap_or(u64::MAX);
    let passed = io::copy(&mut source.by_ref().take(size), &mut io::sink())?;
    if passed < size {
        let problem = format!("{size} bytes of it are needed for {count} features, but only {passed} follow");
        return Err(Fault::damaged("index", problem).into());
    }
    Ok(())
}

fn feature(buffer: &[u8], kind: GeometryType, columns: &Columns, layer: Option<&str>) -> Result<Raw, Fault> {
    let feature = size_prefixed_root_as_feature(buffer).map_err(|e| invalid("table", &e))?;
    let own = feature.columns().map(|c| properties::columns(c.iter()));
    let properties = match feature.properties() {
        Some(bytes) => properties::decode(bytes.bytes(), own.as_ref().unwrap_or(columns))?,
        None => Default::default(),
    };
    // Tables may share their vertices, so a small file could hold any number of them: those that are really there
    // take 16 bytes each.
    let mut reader = Reader { shape: Shape::default(), budget: buffer.len() / 16 };
    if let Some(table) = feature.geometry() {
        let kind = if kind == GeometryType::Unknown { table.type_() } else { kind };
        reader.shape.geometry = reader.geometry(&table, kind)?;
    }
    Ok(Raw { id: None, layer: layer.map(str::to_owned), properties, shape: reader.shape })
}

struct Reader {
    shape: Shape,
    budget: usize,
}

impl Reader {
    fn geometry(&mut self, table: &Table<'_>, kind: GeometryType) -> Result<Option<Geometry<f64>>, Fault> {
        Ok(match kind {
            GeometryType::Point => self.coords(table)?.first().map(|c| Point(*c).into()),
            GeometryType::MultiPoint => {
                some(self.coords(table)?).map(|c| MultiPoint(c.into_iter().map(Point).collect()).into())
            }
            GeometryType::LineString => some(self.coords(table)?).map(|c| LineString(c).into()),
            GeometryType::MultiLineString => some(self.lists(table)?).map(|l| MultiLineString(l).into()),
            GeometryType::Polygon => self.polygon(table, 0)?.map(Geometry::Polygon),
            GeometryType::MultiPolygon => {
                let mut parts = Vec::new();
                for (i, part) in table.parts().iter().flatten().enumerate() {
                    parts.extend(self.polygon(&part, i)?);
                }
                some(parts).map(|p| MultiPolygon(p).into())
            }
            GeometryType::GeometryCollection => {
                let mut parts = Vec::new();
                // The verifier bounds how deep they nest.
                for part in table.parts().iter().flatten() {
                    parts.extend(self.geometry(&part, part.type_())?);
                }
                some(parts).map(|p| Geometry::GeometryCollection(GeometryCollection(p)))
            }
            other => {
                let name = other.variant_name().unwrap_or("unknown");
                let problem = format!("a geometry of type {} ({name})", other.0);
                self.shape.refuse(|| {
                    Fault::unsupported(
                        "geometry",
                        problem,
                        "convert it to points, lines and polygons: ogr2ogr -nlt CONVERT_TO_LINEAR OUT IN",
                    )
                });
                None
            }
        })
    }

    fn coords(&mut self, table: &Table<'_>) -> Result<Vec<Coord<f64>>, Fault> {
        let Some(xy) = table.xy() else { return Ok(Vec::new()) };
        let (pairs, rest) = xy.bytes().as_chunks::<16>();
        if !rest.is_empty() {
            return Err(Fault::damaged("geometry", format!("{} numbers are no pairs", xy.len())));
        }
        self.budget = self
            .budget
            .checked_sub(pairs.len())
            .ok_or_else(|| Fault::damaged("geometry", "more vertices than the file has bytes for"))?;
        let has = |n: usize| if n == 0 { 0 } else { pairs.len() as u64 };
        self.shape.dropped_z += has(table.z().map_or(0, |z| z.len()));
        self.shape.dropped_m += has(table.m().map_or(0, |m| m.len()));
        Ok(pairs
            .iter()
            .map(|pair| {
                let (mut x, mut y) = ([0; 8], [0; 8]);
                x.copy_from_slice(&pair[..8]);
                y.copy_from_slice(&pair[8..]);
                Coord { x: f64::from_le_bytes(x), y: f64::from_le_bytes(y) }
            })
            .collect())
    }

    /// Lines or rings: the vertices up to each end.
    fn lists(&mut self, table: &Table<'_>) -> Result<Vec<LineString<f64>>, Fault> {
        let coords = self.coords(table)?;
        let ends = match table.ends() {
            Some(ends) if !ends.is_empty() => ends,
            _ => return Ok(some(coords).map(LineString).into_iter().collect()),
        };
        let mut start = 0;
        let mut lists = Vec::with_capacity(ends.len());
        for end in ends {
            let end = usize::try_from(end).unwrap_or(usize::MAX);
            let Some(run) = coords.get(start..end) else {
                let problem = format!("vertices {start} up to {end} of {}", coords.len());
                return Err(Fault::damaged("geometry", problem));
            };
            lists.push(LineString(run.to_vec()));
            start = end;
        }
        if start < coords.len() {
            return Err(Fault::damaged("geometry", format!("{} vertices too many", coords.len() - start)));
        }
        Ok(lists)
    }

    fn polygon(&mut self, table: &Table<'_>, part: usize) -> Result<Option<Polygon<f64>>, Fault> {
        let rings = self.lists(table)?;
        for (i, ring) in rings.iter().enumerate() {
            self.shape.check_closed(part, i, &ring.0);
        }
        let mut rings = rings.into_iter();
        let shell = rings.next().filter(|s| !s.0.is_empty());
        Ok(shell.map(|shell| Polygon::new(shell, rings.filter(|r| !r.0.is_empty()).collect())))
    }
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}
