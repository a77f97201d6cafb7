//! A boundary as bytes: compact, the same for equal boundaries, and read with suspicion.
//!
//! ```text
//! version 1 · id · kind · flags · [left u16] [right u16] [width f64] · [extent's f64s] · priority f64 · precision f64
//! properties: count, (key, tag, value)…, keys ascending
//! lines:      paths
//! area:       0, paths   or   1, a name
//! paths:      decimals, count, (length · 4 + raw · 2 + closed, coordinates…)…
//! ```
//!
//! Coordinates that are decimals of up to nine places (nearly all that files hold) are written as differences of
//! whole numbers, and come back bit by bit; others as f64. Lengths and counts are varints, texts are UTF-8.

mod wire;

use crate::area::Area;
use crate::boundary::{Boundary, BoundaryId, Extent, Kind, Shape, Style, Transition, Value};
use crate::geometry::BoundaryError;
use bm_core::{ErrorKind, MaterialId};
use geo_types::{Coord, LineString};
use std::collections::BTreeMap;
use std::sync::Arc;
use wire::{Reader, put_bytes, put_f64, put_signed, put_varint};

/// Version of the format, its first byte.
pub const VERSION: u8 = 1;

/// Where the rings of an area go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AreaBytes<'a> {
    /// Into these bytes, to be built again when they are read: for areas of up to some thousand vertices.
    Inline,
    /// Elsewhere: under this name, which says what the area is (its hash), in the caller's keeping.
    External(&'a [u8]),
}

/// Why bytes are no boundary.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BytesError {
    /// They end too early.
    #[error("boundary bytes end within {0}")]
    Truncated(&'static str),
    /// A part holds what nothing writes.
    #[error("boundary bytes: {0} is {1}")]
    Invalid(&'static str, &'static str),
    /// They are of another version.
    #[error("boundary bytes are of version {0}, this program reads {VERSION}")]
    Version(u8),
    /// They go on after the end.
    #[error("{0} bytes after the end of a boundary")]
    Trailing(usize),
    /// The area that they name is not to be had.
    #[error("boundary {id}: its area {name} is missing")]
    MissingArea {
        /// Of which boundary.
        id: String,
        /// The area's name in hexadecimal digits.
        name: String,
    },
    /// They say what no valid boundary does.
    #[error(transparent)]
    Refused(#[from] BoundaryError),
}

impl BytesError {
    /// Whose fault it is.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Version(_) => ErrorKind::Unsupported,
            _ => ErrorKind::Corrupt,
        }
    }
}

const HAS_TRANSITION: u8 = 1;
const HAS_LEFT: u8 = 2;
const HAS_RIGHT: u8 = 4;
/// Two bits each.
const STYLE_AT: u8 = 3;
const EXTENT_AT: u8 = 5;
const IS_AREA: u8 = 128;

/// The bytes of a boundary that passes [`Boundary::check`]. `area` is not asked for lines.
#[must_use]
pub fn encode(b: &Boundary, area: AreaBytes<'_>) -> Vec<u8> {
    let mut out = vec![VERSION];
    put_bytes(&mut out, b.id.0.as_bytes());
    out.push(match b.kind {
        Kind::Fault => 0,
        Kind::Coastline => 1,
        Kind::Layer => 2,
        Kind::Political => 3,
        Kind::Formation => 4,
        Kind::Custom => 5,
    });
    let mut flags = if matches!(b.shape, Shape::Area(_)) { IS_AREA } else { 0 };
    if let Some(t) = b.transition {
        let style = match t.style {
            Style::Sharp => 0,
            Style::Linear => 1,
            Style::Smooth => 2,
        };
        flags |= HAS_TRANSITION | style << STYLE_AT;
        flags |= t.left.map_or(0, |_| HAS_LEFT) | t.right.map_or(0, |_| HAS_RIGHT);
    }
    let extent: &[f64] = match &b.extent {
        Extent::Ground => &[],
        Extent::Shore { depth } => &[*depth],
        Extent::Altitude { low, high } => &[*low, *high],
    };
    // The number of numbers tells which.
    out.push(flags | (extent.len() as u8) << EXTENT_AT);
    if let Some(t) = b.transition {
        for m in [t.left, t.right].into_iter().flatten() {
            out.extend_from_slice(&m.0.to_le_bytes());
        }
        put_f64(&mut out, t.width);
    }
    for v in extent.iter().chain([&b.priority, &b.precision]) {
        put_f64(&mut out, *v);
    }
    put_varint(&mut out, b.properties.len() as u64);
    for (key, value) in &b.properties {
        put_bytes(&mut out, key.as_bytes());
        match value {
            Value::Bool(v) => out.push(u8::from(*v)),
            Value::Int(v) => {
                out.push(2);
                put_signed(&mut out, *v);
            }
            Value::Float(v) => {
                out.push(3);
                put_f64(&mut out, *v);
            }
            Value::Text(v) => {
                out.push(4);
                put_bytes(&mut out, v.as_bytes());
            }
        }
    }
    match (&b.shape, area) {
        (Shape::Lines(lines), _) => put_paths(&mut out, lines.iter().map(|l| l.0.as_slice())),
        (Shape::Area(area), AreaBytes::Inline) => {
            out.push(0);
            let rings: Vec<_> = area.rings().collect();
            put_paths(&mut out, rings.iter().map(Vec::as_slice));
        }
        (Shape::Area(_), AreaBytes::External(name)) => {
            out.push(1);
            put_bytes(&mut out, name);
        }
    }
    out
}

/// A boundary from bytes. `area` is asked for an area kept elsewhere, by its name.
///
/// # Errors
/// Any byte that [`encode`] would not write so, an area that is missing, attributes that no check lets pass. Lines
/// are finite; their form is not checked again.
pub fn decode(bytes: &[u8], area: impl FnOnce(&[u8]) -> Option<Arc<Area>>) -> Result<Boundary, BytesError> {
    let mut r = Reader::new(bytes);
    let version = r.u8("the version")?;
    if version != VERSION {
        return Err(BytesError::Version(version));
    }
    let id = BoundaryId::from(r.text("the id")?);
    let kind = match r.u8("the kind")? {
        0 => Kind::Fault,
        1 => Kind::Coastline,
        2 => Kind::Layer,
        3 => Kind::Political,
        4 => Kind::Formation,
        5 => Kind::Custom,
        _ => return Err(BytesError::Invalid("the kind", "unknown")),
    };
    let flags = r.u8("the flags")?;
    let transition = transition(&mut r, flags)?;
    let extent = match flags >> EXTENT_AT & 3 {
        0 => Extent::Ground,
        1 => Extent::Shore { depth: r.f64("the extent")? },
        2 => Extent::Altitude { low: r.f64("the extent")?, high: r.f64("the extent")? },
        _ => return Err(BytesError::Invalid("the extent", "unknown")),
    };
    let (priority, precision) = (r.f64("the priority")?, r.f64("the precision")?);
    let properties = properties(&mut r)?;
    let shape = if flags & IS_AREA == 0 {
        Shape::Lines(paths(&mut r)?.into_iter().map(LineString).collect())
    } else {
        match r.u8("the area")? {
            0 => {
                let made = Area::new(paths(&mut r)?);
                Shape::Area(Arc::new(made.map_err(|_why| BytesError::Invalid("an area", "no closed rings"))?))
            }
            1 => {
                let n = r.count(1, "the area's name")?;
                let name = r.bytes(n, "the area's name")?;
                let hex = || name.iter().map(|b| format!("{b:02x}")).collect();
                let missing = || BytesError::MissingArea { id: id.to_string(), name: hex() };
                Shape::Area(area(name).ok_or_else(missing)?)
            }
            _ => return Err(BytesError::Invalid("the area", "neither here nor elsewhere")),
        }
    };
    r.end()?;
    let b = Boundary { id, kind, shape, transition, extent, priority, precision, properties };
    b.check_attributes()?;
    Ok(b)
}

fn transition(r: &mut Reader<'_>, flags: u8) -> Result<Option<Transition>, BytesError> {
    if flags & HAS_TRANSITION == 0 {
        // Nor any of what belongs to one.
        let none = flags & (HAS_LEFT | HAS_RIGHT | 3 << STYLE_AT) == 0;
        return if none { Ok(None) } else { Err(BytesError::Invalid("the transition", "there and not")) };
    }
    let mut material = |flag| {
        if flags & flag == 0 { Ok(None) } else { r.u16("a material").map(|m| Some(MaterialId(m))) }
    };
    let (left, right) = (material(HAS_LEFT)?, material(HAS_RIGHT)?);
    let style = match flags >> STYLE_AT & 3 {
        0 => Style::Sharp,
        1 => Style::Linear,
        2 => Style::Smooth,
        _ => return Err(BytesError::Invalid("the transition's style", "unknown")),
    };
    Ok(Some(Transition { left, right, style, width: r.f64("the width")? }))
}

fn properties(r: &mut Reader<'_>) -> Result<BTreeMap<String, Value>, BytesError> {
    let mut all: BTreeMap<String, Value> = BTreeMap::new();
    for _ in 0..r.count(2, "the number of properties")? {
        let key = r.text("a property's name")?;
        if all.last_key_value().is_some_and(|(last, _)| last.as_str() >= key) {
            return Err(BytesError::Invalid("a property's name", "out of order"));
        }
        let value = match r.u8("a property's type")? {
            0 => Value::Bool(false),
            1 => Value::Bool(true),
            2 => Value::Int(r.signed("a property")?),
            3 => Value::Float(r.f64("a property")?),
            4 => Value::Text(r.text("a property")?.to_owned()),
            _ => return Err(BytesError::Invalid("a property's type", "unknown")),
        };
        all.insert(key.to_owned(), value);
    }
    Ok(all)
}

/// Most decimals of a coordinate written as a whole number: a tenth of a millimetre in degrees, a nanometre in metres.
const MAX_DECIMALS: u8 = 9;
/// Whole numbers beyond lose digits as f64.
const MAX_WHOLE: f64 = (1u64 << 53) as f64;

/// A path returns to its start, which is not written twice.
const CLOSED: u64 = 1;
/// Its coordinates are f64.
const RAW: u64 = 2;

/// `v` as a whole number of units of 10^−decimals, if that gives back `v` exactly.
fn whole(v: f64, decimals: u8) -> Option<i64> {
    let scale = 10f64.powi(i32::from(decimals));
    // As an integer, which has no −0.
    let k = Some((v * scale).round()).filter(|k| k.abs() <= MAX_WHOLE)? as i64;
    ((k as f64 / scale).to_bits() == v.to_bits()).then_some(k)
}

/// Decimals that all coordinates of a path need; none if more than there may be.
fn decimals(path: &[Coord<f64>]) -> Option<u8> {
    let mut need = 0;
    for v in path.iter().flat_map(|c| [c.x, c.y]) {
        while whole(v, need).is_none() {
            need += 1;
            if need > MAX_DECIMALS {
                return None;
            }
        }
    }
    Some(need)
}

fn put_paths<'a>(out: &mut Vec<u8>, paths: impl ExactSizeIterator<Item = &'a [Coord<f64>]> + Clone) {
    let unit = paths.clone().filter_map(decimals).max().unwrap_or(0);
    out.push(unit);
    put_varint(out, paths.len() as u64);
    let mut last = (0i64, 0i64);
    for path in paths {
        let bits = |c: &Coord<f64>| (c.x.to_bits(), c.y.to_bits());
        let closed = path.len() > 1 && path.first().map(bits) == path.last().map(bits);
        let path = if closed { &path[..path.len() - 1] } else { path };
        let wholes: Option<Vec<(i64, i64)>> =
            path.iter().map(|c| Some((whole(c.x, unit)?, whole(c.y, unit)?))).collect();
        let flags = if wholes.is_none() { RAW } else { 0 } | if closed { CLOSED } else { 0 };
        put_varint(out, (path.len() as u64) << 2 | flags);
        match wholes {
            Some(wholes) => {
                for w in wholes {
                    put_signed(out, w.0 - last.0);
                    put_signed(out, w.1 - last.1);
                    last = w;
                }
            }
            None => {
                for c in path {
                    put_f64(out, c.x);
                    put_f64(out, c.y);
                }
            }
        }
    }
}

fn paths(r: &mut Reader<'_>) -> Result<Vec<Vec<Coord<f64>>>, BytesError> {
    let unit = r.u8("the decimals")?;
    if unit > MAX_DECIMALS {
        return Err(BytesError::Invalid("the decimals", "too many"));
    }
    let scale = 10f64.powi(i32::from(unit));
    let count = r.count(1, "the number of lines")?;
    let mut all = Vec::with_capacity(count);
    let mut last = (0i64, 0i64);
    for _ in 0..count {
        let head = r.varint("a line's length")?;
        let raw = head & RAW != 0;
        let n = r.within(head >> 2, if raw { 16 } else { 2 }, "a line")?;
        let mut path = Vec::with_capacity(n + 1);
        for _ in 0..n {
            path.push(if raw {
                let (x, y) = (r.f64("a coordinate")?, r.f64("a coordinate")?);
                if !(x.is_finite() && y.is_finite()) {
                    return Err(BytesError::Invalid("a coordinate", "not finite"));
                }
                Coord { x, y }
            } else {
                let mut next = |last: i64| {
                    let v = last.checked_add(r.signed("a coordinate")?);
                    v.filter(|v| v.unsigned_abs() <= 1 << 53)
                        .ok_or(BytesError::Invalid("a coordinate", "out of range"))
                };
                last = (next(last.0)?, next(last.1)?);
                Coord { x: last.0 as f64 / scale, y: last.1 as f64 / scale }
            });
        }
        if head & CLOSED != 0 {
            let first = path.first().copied().ok_or(BytesError::Invalid("a line", "closed and empty"))?;
            path.push(first);
        }
        all.push(path);
    }
    Ok(all)
}

#[cfg(test)]
#[path = "bytes/tests.rs"]
mod tests;
