//! Geometries of files into shapes that pass validation.
//!
//! Always: lines and rings that cross the date line are unwrapped (a step of more than half the globe goes the other
//! way around), holes are put into the lap of their shell. In [`Mode::Mend`] also: repeated vertices and spikes go,
//! open rings are closed, rings around the globe are closed over their pole, rings are rewound, rings and lines that
//! are nothing but a point or a fold are dropped. All of it is counted. What crosses or lies in the wrong place is
//! refused: guessing would move a shore. Only [`Mode::MendWithin`] a given distance takes crossed loops out, which
//! moves it by no more than that.

use super::clean::{blunt, dedup, untangle};
use super::crossing::Rings;
use super::error::{Flaw, GeometryError, Spot};
use super::laps::{Lap, centre, follow, is_rim, over_pole, span, unwrap};
use super::predicate::orient;
use super::validate::{MAX_COMPARED, check_coords, check_lines, check_ring, check_winding};
use crate::area::{Area, AreaError};
use crate::boundary::Shape;
use crate::frame::Frame;
use geo_types::{Coord, Geometry, LineString, Polygon};
use std::fmt;
use std::sync::Arc;

/// How much may be changed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Mode {
    /// Refuse what is not as it must be.
    #[default]
    Strict,
    /// Mend and count what can be mended without guessing. Rings of more than [`MAX_COMPARED`] vertices together
    /// are not compared with each other: what crosses there, crosses.
    Mend,
    /// Also take out loops in which a ring crosses or overlaps itself and that are no wider than so many metres:
    /// how exact the coordinates are, as roundings of a file's coordinates make such loops.
    MendWithin(f64),
}

/// What was changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Repairs {
    /// Vertices removed that repeat the one before.
    pub repeated: usize,
    /// Vertices removed at which a ring ran back over itself.
    pub spikes: usize,
    /// Open rings closed.
    pub closed: usize,
    /// Rings turned around.
    pub rewound: usize,
    /// Loops taken out in which a ring crossed itself.
    pub tangles: usize,
    /// Rings once around the globe closed over the pole that is nearer.
    pub poles: usize,
    /// Lines and rings dropped that were a point or a fold.
    pub dropped: usize,
    /// Lines and rings unwrapped over the date line. Nothing is wrong with these.
    pub unwrapped: usize,
}

impl Repairs {
    /// Whether the geometry was fine as it was.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self { unwrapped: self.unwrapped, ..Self::default() }
    }

    /// Sums up.
    pub fn add(&mut self, other: &Self) {
        self.repeated += other.repeated;
        self.spikes += other.spikes;
        self.closed += other.closed;
        self.rewound += other.rewound;
        self.tangles += other.tangles;
        self.poles += other.poles;
        self.dropped += other.dropped;
        self.unwrapped += other.unwrapped;
    }
}

impl fmt::Display for Repairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for (n, what) in [
            (self.repeated, "repeated vertices removed"),
            (self.spikes, "spikes removed"),
            (self.closed, "rings closed"),
            (self.rewound, "rings turned around"),
            (self.tangles, "crossed loops taken out"),
            (self.poles, "rings closed over a pole"),
            (self.dropped, "parts without extent dropped"),
            (self.unwrapped, "parts unwrapped over the date line"),
        ] {
            if n > 0 {
                write!(f, "{}{n} {what}", if first { "" } else { ", " })?;
                first = false;
            }
        }
        if first { f.write_str("nothing") } else { Ok(()) }
    }
}

/// A geometry as a file has it. Unlike in a [`geo_types::Polygon`], a ring may be open here.
#[derive(Clone, Debug, PartialEq)]
pub enum Raw {
    /// Lines.
    Lines(Vec<Vec<Coord<f64>>>),
    /// Polygons: of each a shell, then holes.
    Polygons(Vec<Vec<Vec<Coord<f64>>>>),
}

/// A shape from a geometry: lines and their collections, polygons and theirs (one area, whatever the number of
/// polygons).
///
/// # Errors
/// What is wrong with it, and where; see [`Flaw`].
pub fn repair(geometry: Geometry<f64>, frame: Frame, mode: Mode) -> Result<(Shape, Repairs), GeometryError> {
    repair_raw(raw(geometry)?, frame, mode)
}

/// As [`repair`](fn@repair), of rings that need not be closed yet.
///
/// # Errors
/// As there.
pub fn repair_raw(raw: Raw, frame: Frame, mode: Mode) -> Result<(Shape, Repairs), GeometryError> {
    let mut job = Job { frame, mode, done: Repairs::default() };
    let shape = match raw {
        Raw::Lines(lines) => Shape::Lines(job.lines(lines)?),
        Raw::Polygons(polygons) => {
            Shape::Area(Arc::new(Area::new(job.polygons(polygons)?).map_err(no_area)?))
        }
    };
    Ok((shape, job.done))
}

/// What is wrong with rings that passed, but are no area.
fn no_area(e: AreaError) -> GeometryError {
    match e {
        AreaError::Coordinate { ring, vertex, at } => {
            GeometryError::new(Spot::part(ring).vertex(vertex, at), Flaw::OutOfRange)
        }
        AreaError::Short { ring, count } => GeometryError::new(Spot::part(ring), Flaw::ShortRing(count)),
        AreaError::Open { ring, .. } => GeometryError::new(Spot::part(ring), Flaw::Open),
        _ => GeometryError::new(Spot::default(), Flaw::Unsupported("an area of this size")),
    }
}

/// The parts of a geometry, collections opened.
fn raw(geometry: Geometry<f64>) -> Result<Raw, GeometryError> {
    let (mut lines, mut polygons) = (Vec::new(), Vec::new());
    let rings = |p: Polygon<f64>| {
        let (shell, holes) = p.into_inner();
        std::iter::once(shell).chain(holes).map(|r| r.0).collect::<Vec<_>>()
    };
    // A stack, not recursion: files choose how deep collections nest.
    let mut stack = vec![geometry];
    while let Some(next) = stack.pop() {
        match next {
            Geometry::LineString(l) => lines.push(l.0),
            Geometry::Line(l) => lines.push(vec![l.start, l.end]),
            Geometry::MultiLineString(l) => lines.extend(l.0.into_iter().map(|l| l.0)),
            Geometry::Polygon(p) => polygons.push(rings(p)),
            Geometry::MultiPolygon(p) => polygons.extend(p.0.into_iter().map(rings)),
            Geometry::Rect(r) => polygons.push(rings(r.to_polygon())),
            Geometry::Triangle(t) => polygons.push(rings(t.to_polygon())),
            Geometry::GeometryCollection(all) => stack.extend(all.0.into_iter().rev()),
            Geometry::Point(_) | Geometry::MultiPoint(_) => {
                return Err(GeometryError::new(
                    Spot::part(lines.len() + polygons.len()),
                    Flaw::Unsupported("a point"),
                ));
            }
        }
    }
    match (lines.is_empty(), polygons.is_empty()) {
        (false, false) => {
            Err(GeometryError::new(Spot::part(0), Flaw::Unsupported("a mix of lines and polygons")))
        }
        (_, true) => Ok(Raw::Lines(lines)),
        (true, false) => Ok(Raw::Polygons(polygons)),
    }
}

struct Job {
    frame: Frame,
    mode: Mode,
    done: Repairs,
}

impl Job {
    fn mends(&self) -> bool {
        self.mode != Mode::Strict
    }

    fn lines(&mut self, lines: Vec<Vec<Coord<f64>>>) -> Result<Vec<LineString<f64>>, GeometryError> {
        let mut out = Vec::with_capacity(lines.len());
        let mut flat = None;
        for (part, mut line) in lines.into_iter().enumerate() {
            let spot = Spot::part(part);
            check_coords(spot, &line, self.frame)?;
            if self.mends() {
                self.done.repeated += dedup(&mut line);
                if line.len() < 2 {
                    self.done.dropped += 1;
                    flat = flat.or(Some(GeometryError::new(spot, Flaw::OnePoint)));
                    continue;
                }
            }
            self.done.unwrapped += usize::from(unwrap(&mut line, self.frame) != Lap::None);
            out.push(LineString(line));
        }
        if let (true, Some(flat)) = (out.is_empty(), flat) {
            return Err(flat);
        }
        // Unwrapping may have left the range.
        check_lines(&out, self.frame)?;
        Ok(out)
    }

    fn polygons(
        &mut self,
        polygons: Vec<Vec<Vec<Coord<f64>>>>,
    ) -> Result<Vec<Vec<Coord<f64>>>, GeometryError> {
        let mut rings: Vec<Vec<Coord<f64>>> = Vec::new();
        let mut names: Vec<Name> = Vec::new();
        let mut flat = None;
        for (part, polygon) in polygons.into_iter().enumerate() {
            let mut shell: Option<(f64, f64)> = None;
            for (n, ring) in polygon.into_iter().enumerate() {
                let spot = Spot::ring(part, n);
                if self.mends() && is_rim(&ring, self.frame) {
                    continue;
                }
                let mut ring = match self.ring(spot, ring) {
                    Err(e) if self.mends() && matches!(e.flaw, Flaw::NoArea | Flaw::ShortRing(_)) => {
                        self.done.dropped += 1;
                        flat = flat.or(Some(e));
                        if shell.is_none() {
                            // Its holes go with it.
                            break;
                        }
                        continue;
                    }
                    other => other?,
                };
                let middle = span(&ring);
                names.push(Name { spot, hole: shell.is_some() });
                match shell {
                    None => shell = Some(middle),
                    Some(shell) => follow(&mut ring, middle, shell, self.frame),
                }
                rings.push(ring);
            }
        }
        if rings.is_empty() {
            return Err(flat.unwrap_or_else(|| GeometryError::new(Spot::part(0), Flaw::Empty)));
        }
        for (name, ring) in names.iter().zip(&rings) {
            check_ring(name.spot, ring, self.frame)?;
        }
        if self.mode != Mode::Mend || rings.iter().map(Vec::len).sum::<usize>() <= MAX_COMPARED {
            check_places(&rings, &names)?;
        }
        for (name, ring) in names.iter().zip(&mut rings) {
            match check_winding(name.spot, ring, name.hole) {
                Err(e) if self.mends() && matches!(e.flaw, Flaw::Winding(_)) => {
                    ring.reverse();
                    self.done.rewound += 1;
                }
                other => other?,
            }
        }
        Ok(rings)
    }

    /// One ring: closed, clean, unwrapped.
    fn ring(&mut self, spot: Spot, mut ring: Vec<Coord<f64>>) -> Result<Vec<Coord<f64>>, GeometryError> {
        check_coords(spot, &ring, self.frame)?;
        if self.mends() {
            self.done.repeated += dedup(&mut ring);
            if let (Some(first), Some(last)) = (ring.first().copied(), ring.last().copied())
                && first != last
            {
                ring.push(first);
                self.done.closed += 1;
            }
        }
        if ring.first() != ring.last() {
            let end = ring.len() - 1;
            return Err(GeometryError::new(spot.vertex(end, ring[end]), Flaw::Open));
        }
        match unwrap(&mut ring, self.frame) {
            Lap::None => {}
            Lap::Back => {
                centre(&mut ring, self.frame);
                self.done.unwrapped += 1;
            }
            Lap::Around(_) if !self.mends() => return Err(GeometryError::new(spot, Flaw::AroundPole)),
            Lap::Around(lap) => {
                over_pole(&mut ring, lap);
                self.done.poles += 1;
            }
        }
        if self.mends() {
            self.done.repeated += dedup(&mut ring);
            self.done.spikes += blunt(&mut ring);
        }
        if let Mode::MendWithin(width) = self.mode {
            self.done.tangles += untangle(&mut ring, width, self.frame);
        }
        if ring.len() < 4 {
            return Err(GeometryError::new(spot, Flaw::ShortRing(ring.len())));
        }
        if self.mends() && ring.iter().all(|c| orient(ring[0], ring[1], *c) == 0.0) {
            return Err(GeometryError::new(spot, Flaw::NoArea));
        }
        Ok(ring)
    }
}

/// Which ring of the geometry, and whether a hole.
struct Name {
    spot: Spot,
    hole: bool,
}

/// No crossings, holes in their shells, shells beside each other.
fn check_places(rings: &[Vec<Coord<f64>>], names: &[Name]) -> Result<(), GeometryError> {
    let mut set = Rings::new(rings);
    set.check(|ring, i| names[ring].spot.vertex(i, rings[ring][i]))?;
    for (i, name) in names.iter().enumerate() {
        let around: Vec<&Name> = set.around(i).into_iter().map(|o| &names[o]).collect();
        let fail = |flaw| Err(GeometryError::new(name.spot, flaw));
        let of = |part: u32, hole: bool| around.iter().find(|o| o.spot.part == part && o.hole == hole);
        if name.hole {
            if of(name.spot.part, false).is_none() {
                return fail(Flaw::HoleOutside);
            }
            if let Some(other) = of(name.spot.part, true) {
                return fail(Flaw::HoleInHole(other.spot));
            }
        } else {
            // A shell inside another is fine in a hole of that one.
            let shell = around.iter().find(|o| !o.hole && of(o.spot.part, true).is_none());
            if let Some(other) = shell {
                return fail(Flaw::ShellInside(other.spot));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "repair_tests.rs"]
mod tests;
