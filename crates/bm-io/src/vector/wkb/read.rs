//! Bytes to geometry, from a stream.

use crate::error::Fault;
use crate::vector::Halt;
use crate::vector::crs;
use crate::vector::sink::{Raw, Shape, Sink};
use crate::vector::source::Source;
use geo_types::{
    Coord, Geometry, GeometryCollection, LineString, MultiLineString, MultiPoint, MultiPolygon, Point,
    Polygon,
};
use std::io::{self, BufRead};

/// Collections within collections are followed this far.
const DEEPEST: u32 = 32;
/// Coordinates allocated at once where the length of the stream is not known.
const CHUNK: usize = 4096;
/// Parts allocated before the first of them is read.
const PARTS: usize = 1024;

/// A geometry out of WKB or EWKB.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// None if it is empty.
    pub geometry: Option<Geometry<f64>>,
    /// The spatial reference of EWKB; 0 if it is not said.
    pub srid: u32,
    /// Vertices whose height was dropped.
    pub dropped_z: u64,
    /// Vertices whose measure was dropped.
    pub dropped_m: u64,
}

/// Decodes one WKB or EWKB geometry, which must be all there is in `bytes`. Coordinates are not looked at.
///
/// # Errors
/// [`IoError::Damaged`](crate::IoError) and [`IoError::Unsupported`](crate::IoError) with the byte concerned, for what
/// is not WKB, cut off, nested too deep or of an unknown type; [`IoError::Unsuitable`](crate::IoError) for a ring
/// that is open. `name` stands for the file in them.
pub fn decode(bytes: &[u8], name: &str) -> Result<Decoded, crate::IoError> {
    decode_part(bytes, 0).map_err(|fault| fault.at(name)).and_then(|(shape, srid)| match shape.fault {
        Some(fault) => Err(fault.at(name)),
        None => {
            let Shape { geometry, dropped_z, dropped_m, .. } = shape;
            Ok(Decoded { geometry, srid, dropped_z, dropped_m })
        }
    })
}

/// The same for a part of a file that begins at byte `base`, with what can be skipped left in the shape.
pub(in crate::vector) fn decode_part(bytes: &[u8], base: u64) -> Result<(Shape, u32), Fault> {
    let mut input =
        Input { stream: bytes, at: base, end: Some(base + bytes.len() as u64), shape: Shape::default() };
    let outcome = input.geometry(0, None).and_then(|(geometry, srid)| {
        let rest = input.stream.len();
        if rest > 0 {
            return Err(Fault::damaged(format!("byte {}", input.at), format!("{rest} bytes too many")).into());
        }
        Ok((geometry, srid))
    });
    match outcome {
        Ok((geometry, srid)) => {
            input.shape.geometry = geometry;
            Ok((input.shape, srid))
        }
        Err(Halt::Fault(fault)) => Err(fault),
        // A slice has no other errors.
        Err(Halt::Os(e)) => Err(Fault::damaged(format!("byte {}", input.at), e.to_string())),
        Err(Halt::Stopped) => Err(Fault::damaged(format!("byte {}", input.at), "stopped")),
    }
}

/// Reads all geometries of a stream, each as a feature.
pub(in crate::vector) fn read(source: Source<'_>, sink: &mut Sink<'_>) -> Result<(), Halt> {
    let end = source.left().map(|left| source.position() + left);
    let mut input = Input { at: source.position(), end, stream: source, shape: Shape::default() };
    loop {
        // Line ends between binary geometries are what careless exports leave behind.
        let head = input.stream.fill_buf()?;
        if head.is_empty() {
            break;
        }
        if sink.seen() > 0 && head[0] == b'\n' {
            input.stream.consume(1);
            input.at += 1;
            continue;
        }
        let start = input.at;
        let (geometry, srid) = input.geometry(0, None)?;
        sink.declare(crs::accept_srid(srid, &format!("byte {}", start + 5))?);
        let mut shape = std::mem::take(&mut input.shape);
        shape.geometry = geometry;
        sink.feature(Raw { shape, ..Raw::default() })?;
    }
    sink.summary.bytes_read = input.at;
    Ok(())
}

struct Input<R> {
    stream: R,
    /// Where we are, and where the stream ends if that is known.
    at: u64,
    end: Option<u64>,
    shape: Shape,
}

/// What stands before every geometry.
#[derive(Clone, Copy)]
struct Head {
    little: bool,
    kind: u32,
    /// Numbers a vertex, 2 to 4.
    width: usize,
    has_z: bool,
    has_m: bool,
    srid: u32,
}

impl<R: BufRead> Input<R> {
    fn exact(&mut self, buf: &mut [u8], what: &str) -> Result<(), Halt> {
        self.stream.read_exact(buf).map_err(|e| match e.kind() {
            io::ErrorKind::UnexpectedEof => {
                let problem = format!("the file ends within {what}");
                Halt::Fault(Fault::damaged(format!("byte {}", self.at), problem))
            }
            io::ErrorKind::InvalidData => Halt::Fault(Fault::damaged("hexadecimal digits", e.to_string())),
            _ => Halt::Os(e),
        })?;
        self.at += buf.len() as u64;
        Ok(())
    }

    fn u32(&mut self, little: bool, what: &str) -> Result<u32, Halt> {
        let mut b = [0; 4];
        self.exact(&mut b, what)?;
        Ok(if little { u32::from_le_bytes(b) } else { u32::from_be_bytes(b) })
    }

    /// A count of things of at least `size` bytes each.
    fn count(&mut self, little: bool, size: u64, what: &str) -> Result<usize, Halt> {
        let at = self.at;
        let n = self.u32(little, what)?;
        if let Some(end) = self.end
            && u64::from(n) * size > end.saturating_sub(self.at)
        {
            let left = end.saturating_sub(self.at);
            let problem = format!("{n} {what} are announced, but only {left} bytes follow");
            return Err(Fault::damaged(format!("byte {at}"), problem).into());
        }
        usize::try_from(n).map_err(|e| Fault::damaged(format!("byte {at}"), e.to_string()).into())
    }

    fn head(&mut self) -> Result<Head, Halt> {
        let at = self.at;
        let mut order = [0];
        self.exact(&mut order, "the head of a geometry")?;
        let little = match order[0] {
            0 => false,
            1 => true,
            other => {
                let problem = format!("a geometry begins with byte order 0 or 1, not {other}");
                return Err(Fault::damaged(format!("byte {at}"), problem).into());
            }
        };
        let code = self.u32(little, "the head of a geometry")?;
        let srid = if code & 0x2000_0000 == 0 { 0 } else { self.u32(little, "the SRID of a geometry")? };
        let plain = code & 0x1fff_ffff;
        let (kind, dims) = (plain % 1000, plain / 1000);
        if dims > 3 {
            return Err(unknown(at, code));
        }
        let has_z = code & 0x8000_0000 != 0 || dims == 1 || dims == 3;
        let has_m = code & 0x4000_0000 != 0 || dims == 2 || dims == 3;
        let width = 2 + usize::from(has_z) + usize::from(has_m);
        Ok(Head { little, kind, width, has_z, has_m, srid })
    }

    /// A geometry, none if it is empty, and its SRID. Within another one it must be of `wanted` kind.
    fn geometry(&mut self, depth: u32, wanted: Option<u32>) -> Result<(Option<Geometry<f64>>, u32), Halt> {
        let at = self.at;
        let head = self.head()?;
        if wanted.is_some_and(|kind| kind != head.kind) {
            let problem = format!("a part of another kind (type {}) than its whole", head.kind);
            return Err(Fault::damaged(format!("byte {at}"), problem).into());
        }
        let geometry = match head.kind {
            1 => self.point(head)?.map(Geometry::Point),
            2 => Some(self.line(head, "vertices of a line")?)
                .filter(|l| !l.0.is_empty())
                .map(Geometry::LineString),
            3 => self.polygon(head, 0)?.map(Geometry::Polygon),
            4..=7 => self.parts(head, at, depth)?,
            _ => return Err(unknown(at, head.kind)),
        };
        Ok((geometry, head.srid))
    }

    fn parts(&mut self, head: Head, at: u64, depth: u32) -> Result<Option<Geometry<f64>>, Halt> {
        let n = self.count(head.little, 9, "parts")?;
        let place = |i: usize| format!("byte {at}: part {i}");
        macro_rules! collect {
            ($kind:expr, $one:expr, $whole:expr) => {{
                let mut parts = Vec::with_capacity(n.min(PARTS));
                for i in 0..n {
                    let at = self.at;
                    let head = self.head()?;
                    if head.kind != $kind {
                        let problem = format!("is of type {}, not {} as its whole demands", head.kind, $kind);
                        return Err(Fault::damaged(place(i), problem).within(&format!("byte {at}")).into());
                    }
                    parts.extend($one(self, head, i)?);
                }
                (!parts.is_empty()).then(|| $whole(parts).into())
            }};
        }
        Ok(match head.kind {
            4 => collect!(1, |s: &mut Self, h, _| s.point(h), MultiPoint),
            5 => collect!(
                2,
                |s: &mut Self, h, _| Ok::<_, Halt>(
                    Some(s.line(h, "vertices of a line")?).filter(|l| !l.0.is_empty())
                ),
                MultiLineString
            ),
            6 => collect!(3, |s: &mut Self, h, i| s.polygon(h, i), MultiPolygon),
            _ => {
                if depth >= DEEPEST {
                    let problem = format!("collections are nested deeper than {DEEPEST}");
                    return Err(Fault::damaged(format!("byte {at}"), problem).into());
                }
                let mut parts = Vec::with_capacity(n.min(PARTS));
                for _ in 0..n {
                    parts.extend(self.geometry(depth + 1, None)?.0);
                }
                (!parts.is_empty()).then_some(Geometry::GeometryCollection(GeometryCollection(parts)))
            }
        })
    }

    fn point(&mut self, head: Head) -> Result<Option<Point<f64>>, Halt> {
        let coords = self.coords(head, 1)?;
        // An empty point is written as two NaN.
        Ok(coords.first().filter(|c| !(c.x.is_nan() && c.y.is_nan())).map(|c| Point(*c)))
    }

    fn line(&mut self, head: Head, what: &str) -> Result<LineString<f64>, Halt> {
        let n = self.count(head.little, 8 * head.width as u64, what)?;
        Ok(LineString(self.coords(head, n)?))
    }

    fn polygon(&mut self, head: Head, part: usize) -> Result<Option<Polygon<f64>>, Halt> {
        let n = self.count(head.little, 4, "rings")?;
        let mut rings = Vec::with_capacity(n.saturating_sub(1).min(PARTS));
        let mut shell = None;
        for ring in 0..n {
            let line = self.line(head, "vertices of a ring")?;
            self.shape.check_closed(part, ring, &line.0);
            if shell.is_none() {
                shell = Some(line);
            } else if !line.0.is_empty() {
                rings.push(line);
            }
        }
        Ok(shell.filter(|s| !s.0.is_empty()).map(|shell| Polygon::new(shell, rings)))
    }

    fn coords(&mut self, head: Head, n: usize) -> Result<Vec<Coord<f64>>, Halt> {
        let stride = 8 * head.width;
        let mut bytes = [0; 8 * 1024];
        let mut coords = Vec::with_capacity(if self.end.is_some() { n } else { n.min(CHUNK) });
        let mut left = n;
        while left > 0 {
            let now = left.min(bytes.len() / stride);
            let chunk = &mut bytes[..now * stride];
            self.exact(chunk, "the vertices of a geometry")?;
            coords.extend(
                chunk
                    .chunks_exact(stride)
                    .map(|v| Coord { x: number(v, 0, head.little), y: number(v, 8, head.little) }),
            );
            left -= now;
        }
        self.shape.dropped_z += if head.has_z { n as u64 } else { 0 };
        self.shape.dropped_m += if head.has_m { n as u64 } else { 0 };
        Ok(coords)
    }
}

/// The number at `at`; the caller sees to it that it is there.
#[inline]
fn number(bytes: &[u8], at: usize, little: bool) -> f64 {
    let mut b = [0; 8];
    b.copy_from_slice(&bytes[at..at + 8]);
    if little { f64::from_le_bytes(b) } else { f64::from_be_bytes(b) }
}

#[cold]
fn unknown(at: u64, code: u32) -> Halt {
    let place = format!("byte {at}");
    let name = match code {
        8 => "CircularString",
        9 => "CompoundCurve",
        10 => "CurvePolygon",
        11 => "MultiCurve",
        12 => "MultiSurface",
        13 => "Curve",
        14 => "Surface",
        15 => "PolyhedralSurface",
        16 => "TIN",
        17 => "Triangle",
        _ => {
            return Fault::damaged(place, format!("there is no type of geometry of number {code}")).into();
        }
    };
    Fault::unsupported(
        place,
        format!("a geometry of type {code} ({name})"),
        "convert it to points, lines and polygons: ogr2ogr -nlt CONVERT_TO_LINEAR OUT IN",
    )
    .into()
}
