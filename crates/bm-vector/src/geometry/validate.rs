//! What a boundary must be to be inserted.
//!
//! Strict: nothing is mended here. [`repair`](fn@super::repair) makes what files hold into what this accepts.

use super::crossing::Rings;
use super::error::{BoundaryError, Flaw, GeometryError, Spot};
use super::wide::Wide;
use crate::boundary::{Boundary, Extent, Shape, Value};
use crate::frame::Frame;
use geo_types::{Coord, LineString};

/// Longest id and property name, in bytes.
pub const MAX_NAME: usize = 200;

/// Most vertices of an area whose rings are compared with each other at insert. Above, rings are checked one by one
/// only: what [`repair`](fn@super::repair) makes was compared there, whatever its size.
pub const MAX_COMPARED: usize = 200_000;

impl Boundary {
    /// Whether it may be inserted.
    ///
    /// # Errors
    /// The first thing found wrong, with the id and the place: ids that are empty, long or hold control characters;
    /// numbers out of range; coordinates that are not finite or out of range (with a hint if they look swapped);
    /// lines of one point; segments without length; rings that are short, open, flat, folded, crossed or wound
    /// wrongly (by how many other rings lie around them: none or an even number, counter-clockwise).
    pub fn check(&self, frame: Frame) -> Result<(), BoundaryError> {
        self.check_attributes()?;
        let geometry = |source| BoundaryError::Geometry { id: self.id.to_string(), source: Box::new(source) };
        match &self.shape {
            Shape::Lines(lines) => check_lines(lines, frame).map_err(geometry),
            Shape::Area(area) => check_area(area.rings(), frame).map_err(geometry),
        }
    }

    /// All of it but the geometry.
    pub(crate) fn check_attributes(&self) -> Result<(), BoundaryError> {
        if let Some(reason) = bad_name(&self.id.0) {
            return Err(BoundaryError::Id { id: cut(&self.id.0), reason });
        }
        let number = |ok: bool, what: &str, value: f64, must| {
            let (id, what) = (self.id.to_string(), what.to_owned());
            if ok { Ok(()) } else { Err(BoundaryError::Number { id, what, value, must }) }
        };
        let positive = |v: f64| v.is_finite() && v > 0.0;
        number(self.priority.is_finite(), "priority", self.priority, "finite")?;
        number(positive(self.precision), "precision", self.precision, "positive metres")?;
        if let Some(t) = self.transition {
            number(t.width.is_finite() && t.width >= 0.0, "width", t.width, "metres, not negative")?;
            for (what, m) in [("left material", t.left), ("right material", t.right)] {
                number(m.is_none_or(|m| m.0 != 0), what, 0.0, "a material: 0 stands for unset")?;
            }
        }
        match self.extent {
            Extent::Ground => {}
            Extent::Shore { depth } => number(positive(depth), "depth", depth, "positive metres")?,
            Extent::Altitude { low, high } => {
                number(low.is_finite(), "low", low, "finite")?;
                number(high.is_finite() && high > low, "high", high, "finite and above low")?;
            }
        }
        for (key, value) in &self.properties {
            let reason = bad_name(key).or(match value {
                Value::Float(v) if !v.is_finite() => Some("is not finite"),
                _ => None,
            });
            if let Some(reason) = reason {
                return Err(BoundaryError::Property { id: self.id.to_string(), key: cut(key), reason });
            }
        }
        Ok(())
    }
}

fn bad_name(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("is empty")
    } else if name.len() > MAX_NAME {
        Some("is longer than 200 bytes")
    } else if name.chars().any(char::is_control) {
        Some("holds control characters")
    } else {
        None
    }
}

fn cut(name: &str) -> String {
    name.chars().take(80).collect()
}

/// Refuses coordinates that are not finite or no longitude and latitude.
pub(super) fn check_coords(spot: Spot, coords: &[Coord<f64>], frame: Frame) -> Result<(), GeometryError> {
    for (i, c) in coords.iter().enumerate() {
        let flaw = if !(c.x.is_finite() && c.y.is_finite()) {
            Flaw::NotFinite
        } else if frame == Frame::Geographic && (c.y.abs() > 90.0 || c.x.abs() > 540.0) {
            if c.x.abs() <= 90.0 && c.y.abs() <= 540.0 { Flaw::Swapped } else { Flaw::OutOfRange }
        } else if c.x.abs().max(c.y.abs()) > 1e12 {
            Flaw::TooFar
        } else {
            continue;
        };
        return Err(GeometryError::new(spot.vertex(i, *c), flaw));
    }
    Ok(())
}

fn check_lengths(spot: Spot, coords: &[Coord<f64>]) -> Result<(), GeometryError> {
    match coords.windows(2).position(|e| e[0] == e[1]) {
        Some(i) => Err(GeometryError::new(spot.vertex(i, coords[i]), Flaw::Repeated)),
        None => Ok(()),
    }
}

pub(super) fn check_lines(lines: &[LineString<f64>], frame: Frame) -> Result<(), GeometryError> {
    if lines.is_empty() {
        return Err(GeometryError::new(Spot::part(0), Flaw::Empty));
    }
    for (part, line) in lines.iter().enumerate() {
        let spot = Spot::part(part);
        check_coords(spot, &line.0, frame)?;
        if line.0.windows(2).all(|e| e[0] == e[1]) {
            return Err(GeometryError::new(spot, Flaw::OnePoint));
        }
        check_lengths(spot, &line.0)?;
    }
    Ok(())
}

/// Everything about a ring that no other ring has a part in.
pub(super) fn check_ring(spot: Spot, ring: &[Coord<f64>], frame: Frame) -> Result<(), GeometryError> {
    check_coords(spot, ring, frame)?;
    let (Some(first), Some(last)) = (ring.first(), ring.last()) else {
        return Err(GeometryError::new(spot, Flaw::ShortRing(0)));
    };
    if first != last {
        return Err(GeometryError::new(spot.vertex(ring.len() - 1, *last), Flaw::Open));
    }
    if ring.len() < 4 {
        return Err(GeometryError::new(spot, Flaw::ShortRing(ring.len())));
    }
    let (lo, hi) = ring.iter().fold((first.x, first.x), |(lo, hi), c| (lo.min(c.x), hi.max(c.x)));
    if frame.period().is_some_and(|p| hi - lo > p) {
        return Err(GeometryError::new(spot, Flaw::TooWide));
    }
    if ring.iter().all(|c| c == first) {
        return Err(GeometryError::new(spot, Flaw::NoArea));
    }
    check_lengths(spot, ring)
}

fn check_area(all: impl Iterator<Item = Vec<Coord<f64>>>, frame: Frame) -> Result<(), GeometryError> {
    let (mut rings, mut parts, mut vertices) = (Vec::new(), 0, 0);
    for ring in all {
        check_ring(Spot::part(parts), &ring, frame)?;
        parts += 1;
        vertices += ring.len();
        if vertices <= MAX_COMPARED {
            rings.push(ring);
        } else {
            rings.clear();
        }
    }
    if parts == 0 {
        return Err(GeometryError::new(Spot::part(0), Flaw::Empty));
    }
    if vertices > MAX_COMPARED {
        return Ok(());
    }
    let mut set = Rings::new(&rings);
    set.check(|ring, i| Spot::part(ring).vertex(i, rings[ring][i]))?;
    for (i, ring) in rings.iter().enumerate() {
        check_winding(Spot::part(i), ring, set.around(i).len() % 2 == 1)?;
    }
    Ok(())
}

/// Refuses a ring without area, a shell that runs clockwise, a hole that does not.
pub(super) fn check_winding(spot: Spot, ring: &[Coord<f64>], hole: bool) -> Result<(), GeometryError> {
    match runs_left(ring) {
        None => Err(GeometryError::new(spot, Flaw::NoArea)),
        Some(left) if left == hole => {
            let how = if left { "counter-clockwise, as a hole" } else { "clockwise, as a shell" };
            Err(GeometryError::new(spot, Flaw::Winding(how)))
        }
        Some(_) => Ok(()),
    }
}

/// Whether a closed ring runs counter-clockwise; none if it encloses nothing.
#[must_use]
pub fn runs_left(ring: &[Coord<f64>]) -> Option<bool> {
    let o = *ring.first()?;
    let (mut sum, mut size) = (0.0, 0.0);
    for e in ring.windows(2) {
        let (a, b) = (e[0] - o, e[1] - o);
        let (plus, minus) = (a.x * b.y, b.x * a.y);
        sum += plus - minus;
        size += plus.abs() + minus.abs();
    }
    if sum.abs() > size * f64::EPSILON * (ring.len() as f64 + 8.0) {
        return Some(sum > 0.0);
    }
    // Too flat for f64: once more with twice the digits.
    let exact = ring.windows(2).fold(Wide::ZERO, |sum, e| {
        let d = |c: Coord<f64>| (Wide::difference(c.x, o.x), Wide::difference(c.y, o.y));
        let (a, b) = (d(e[0]), d(e[1]));
        sum + (a.0 * b.1 - b.0 * a.1)
    });
    match exact.sign() {
        std::cmp::Ordering::Equal => None,
        sign => Some(sign.is_gt()),
    }
}

#[cfg(test)]
#[path = "validate_tests.rs"]
mod tests;
