//! What is wrong with a geometry or a boundary, and where.

use bm_core::ErrorKind;
use geo_types::Coord;
use std::fmt;

/// A place in a geometry.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spot {
    /// Which line, polygon or (of an area) ring, counted from 0.
    pub part: u32,
    /// Which ring of a polygon: 0 is its shell.
    pub ring: Option<u32>,
    /// Which vertex, counted from 0; of an edge, its start.
    pub vertex: Option<u32>,
    /// Its coordinates.
    pub at: Option<Coord<f64>>,
}

impl Spot {
    /// A part as a whole.
    #[must_use]
    pub const fn part(part: usize) -> Self {
        Self { part: part as u32, ring: None, vertex: None, at: None }
    }

    /// A ring of a polygon as a whole.
    #[must_use]
    pub const fn ring(part: usize, ring: usize) -> Self {
        Self { part: part as u32, ring: Some(ring as u32), vertex: None, at: None }
    }

    /// A vertex of it.
    #[must_use]
    pub const fn vertex(self, vertex: usize, at: Coord<f64>) -> Self {
        Self { vertex: Some(vertex as u32), at: Some(at), ..self }
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "part {}", self.part)?;
        if let Some(ring) = self.ring {
            write!(f, ", ring {ring}")?;
        }
        if let Some(vertex) = self.vertex {
            write!(f, ", vertex {vertex}")?;
        }
        if let Some(at) = self.at {
            write!(f, " ({} {})", at.x, at.y)?;
        }
        Ok(())
    }
}

/// Why a geometry is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    /// It has no parts.
    #[error("the geometry is empty")]
    Empty,
    /// Neither lines nor polygons, or both at once.
    #[error("{0} is no boundary: lines or polygons are")]
    Unsupported(&'static str),
    /// A coordinate is infinite or not a number.
    #[error("a coordinate is not finite")]
    NotFinite,
    /// A longitude beyond ±540 or a latitude beyond ±90.
    #[error("longitude or latitude is out of range; are these metres?")]
    OutOfRange,
    /// A plane's coordinate beyond any use.
    #[error("a coordinate is farther than 1e12 metres")]
    TooFar,
    /// The latitude is out of range, and both would do the other way around.
    #[error("latitude is out of range; longitude and latitude look swapped")]
    Swapped,
    /// A line of fewer than two distinct points.
    #[error("a line needs two distinct points")]
    OnePoint,
    /// A ring of fewer than four coordinates.
    #[error("a ring needs four coordinates, the last one repeating the first, and has {0}")]
    ShortRing(usize),
    /// A ring's last coordinate is not its first.
    #[error("the ring is open: its last coordinate is not its first")]
    Open,
    /// A ring that encloses nothing.
    #[error("the ring encloses no area")]
    NoArea,
    /// Two coordinates in a row are equal.
    #[error("the segment has no length: the next coordinate repeats this one")]
    Repeated,
    /// A ring runs back over itself.
    #[error("the ring folds back over itself here")]
    Fold,
    /// Two edges cross.
    #[error("this edge crosses the edge at {0}")]
    Crossing(Spot),
    /// Two edges share more than a point.
    #[error("this edge runs along the edge at {0}")]
    Overlap(Spot),
    /// Too many edges whose boxes overlap.
    #[error("too many long edges lie about each other to compare them all")]
    Tangled,
    /// A hole that its polygon's shell does not enclose.
    #[error("the hole lies outside its shell")]
    HoleOutside,
    /// A hole inside another hole of the same polygon.
    #[error("the hole lies inside another hole, {0}")]
    HoleInHole(Spot),
    /// A polygon inside another polygon.
    #[error("the shell lies inside another polygon, {0}")]
    ShellInside(Spot),
    /// A shell that runs clockwise or a hole that runs counter-clockwise.
    #[error("the ring runs {0}: shells run counter-clockwise and holes clockwise")]
    Winding(&'static str),
    /// A ring wider than the globe.
    #[error("the ring is wider than the globe")]
    TooWide,
    /// A ring that winds once around the globe and so encloses a pole that it does not name.
    #[error("the ring goes around the globe without closing over a pole")]
    AroundPole,
}

/// A refused geometry.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{spot}: {flaw}")]
pub struct GeometryError {
    /// Where.
    pub spot: Spot,
    /// Why.
    pub flaw: Flaw,
}

impl GeometryError {
    pub(crate) const fn new(spot: Spot, flaw: Flaw) -> Self {
        Self { spot, flaw }
    }
}

/// A refused boundary.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BoundaryError {
    /// An empty id, one too long, or one with control characters.
    #[error("boundary id {id:?} {reason}")]
    Id {
        /// The id, cut to 80 characters.
        id: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The geometry.
    #[error("boundary {id}: {source}")]
    Geometry {
        /// Of which boundary.
        id: String,
        /// What is wrong with it.
        source: Box<GeometryError>,
    },
    /// A number out of its range.
    #[error("boundary {id}: {what} is {value}, must be {must}")]
    Number {
        /// Of which boundary.
        id: String,
        /// Which number.
        what: String,
        /// What it is.
        value: f64,
        /// What it has to be.
        must: &'static str,
    },
    /// Properties that cannot be stored.
    #[error("boundary {id}: property {key:?} {reason}")]
    Property {
        /// Of which boundary.
        id: String,
        /// Its name, cut to 80 characters.
        key: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl BoundaryError {
    /// Always the input's fault.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        ErrorKind::BadInput
    }
}
