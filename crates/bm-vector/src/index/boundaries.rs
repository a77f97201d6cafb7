//! Boundaries by place and by name.

use super::dynamic::DynamicIndex;
use super::exact::{Nearest, distance2, nearest_of_line, segment_meets, side_of_line};
use super::pieces::{Piece, pieces_of};
use crate::area::{Area, Where};
use crate::boundary::{Boundary, BoundaryId, Shape, Side};
use crate::frame::{Frame, Metric};
use geo_types::{Coord, Rect};
use imbl::{OrdMap, Vector};
use std::sync::Arc;

/// Why an index refused a change; it is then as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// Another boundary has the id.
    #[error("boundary id \"{0}\" is taken")]
    DuplicateId(BoundaryId),
    /// No boundary has the id.
    #[error("there is no boundary \"{0}\"")]
    UnknownId(BoundaryId),
    /// A coordinate is not a number, or infinite.
    #[error("boundary \"{id}\": vertex {vertex} of line {line} is not finite")]
    NotFinite {
        /// Which boundary.
        id: BoundaryId,
        /// Which of its lines.
        line: usize,
        /// Which vertex of it.
        vertex: usize,
    },
    /// More boundaries than can be numbered.
    #[error("an index holds at most 4 294 967 295 boundaries")]
    Full,
}

/// A boundary that a query found.
#[derive(Clone, Copy, Debug)]
pub struct Hit<'a> {
    /// Which.
    pub boundary: &'a Arc<Boundary>,
    /// Distance in metres from the asked point to its line or to the edge of its area; none when it was not measured.
    pub distance: Option<f64>,
    /// On which side of it the asked point lies, where that was asked for and is known.
    pub side: Option<Side>,
}

/// What a query had to look at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Pieces whose boxes were near.
    pub candidates: usize,
}

/// Boundaries by place and by name. A clone is a snapshot.
#[derive(Clone, Debug)]
pub struct BoundaryIndex {
    frame: Frame,
    by_id: OrdMap<BoundaryId, u32>,
    slots: Vector<Option<Arc<Boundary>>>,
    free: Vector<u32>,
    pieces: DynamicIndex<Piece>,
    /// Least and greatest x of all boxes there ever were.
    span: [f64; 2],
}

/// The best place found so far of one boundary.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) slot: u32,
    pub(crate) part: u32,
    pub(crate) near: Nearest,
    /// How far the asked point was moved along x to meet it.
    pub(crate) shift: f64,
}

impl BoundaryIndex {
    /// An empty index.
    #[must_use]
    pub fn new(frame: Frame) -> Self {
        Self {
            frame,
            by_id: OrdMap::new(),
            slots: Vector::new(),
            free: Vector::new(),
            pieces: DynamicIndex::new(),
            span: [f64::INFINITY, f64::NEG_INFINITY],
        }
    }

    /// An index of many boundaries.
    ///
    /// # Errors
    /// When two have the same id, or one is not finite.
    pub fn bulk_load(
        frame: Frame,
        boundaries: impl IntoIterator<Item = Arc<Boundary>>,
    ) -> Result<Self, IndexError> {
        let mut it = Self::new(frame);
        let mut pieces = Vec::new();
        for boundary in boundaries {
            it.admit(boundary, &mut pieces)?;
        }
        it.pieces.extend(pieces);
        Ok(it)
    }

    /// Gives a boundary a slot and cuts it into pieces.
    fn admit(
        &mut self,
        boundary: Arc<Boundary>,
        pieces: &mut Vec<(Rect<f64>, Piece)>,
    ) -> Result<(), IndexError> {
        check(&boundary)?;
        if self.by_id.contains_key(&boundary.id) {
            return Err(IndexError::DuplicateId(boundary.id.clone()));
        }
        let slot = match self.free.last() {
            Some(&slot) => slot,
            None => u32::try_from(self.slots.len()).ok().filter(|&s| s < u32::MAX).ok_or(IndexError::Full)?,
        };
        let span = &mut self.span;
        pieces_of(&boundary, slot, self.frame, |bounds, piece| {
            *span = [span[0].min(bounds.min().x), span[1].max(bounds.max().x)];
            pieces.push((bounds, piece));
        });
        self.by_id.insert(boundary.id.clone(), slot);
        if self.free.pop_back().is_some() {
            self.slots.set(slot as usize, Some(boundary));
        } else {
            self.slots.push_back(Some(boundary));
        }
        Ok(())
    }

    /// The plane of its coordinates.
    #[must_use]
    pub const fn frame(&self) -> Frame {
        self.frame
    }

    /// Number of boundaries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Bytes of the index itself, without the boundaries in it; those of its two maps are estimated.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        // B-tree nodes are about two thirds full.
        let map = self.by_id.len() * (size_of::<(BoundaryId, u32)>() * 3 / 2);
        map + self.slots.len() * size_of::<Option<Arc<Boundary>>>() + self.pieces.memory_bytes()
    }

    /// The boundary of an id.
    #[must_use]
    pub fn get(&self, id: &BoundaryId) -> Option<&Arc<Boundary>> {
        self.slot(*self.by_id.get(id)?)
    }

    /// Every boundary, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Boundary>> {
        self.by_id.values().filter_map(|&slot| self.slot(slot))
    }

    #[inline]
    pub(crate) fn slot(&self, slot: u32) -> Option<&Arc<Boundary>> {
        self.slots.get(slot as usize)?.as_ref()
    }

    /// Adds a boundary.
    ///
    /// # Errors
    /// When its id is taken or it is not finite.
    pub fn insert(&mut self, boundary: Arc<Boundary>) -> Result<(), IndexError> {
        let mut pieces = Vec::new();
        self.admit(boundary, &mut pieces)?;
        self.pieces.extend(pieces);
        Ok(())
    }

    /// Puts a boundary in the place of the one with its id, which it returns.
    ///
    /// # Errors
    /// When there is none, or the new one is not finite.
    pub fn replace(&mut self, boundary: Arc<Boundary>) -> Result<Arc<Boundary>, IndexError> {
        check(&boundary)?;
        let old = self.remove(&boundary.id)?;
        self.insert(boundary)?;
        Ok(old)
    }

    /// Takes a boundary out.
    ///
    /// # Errors
    /// When there is none of this id.
    pub fn remove(&mut self, id: &BoundaryId) -> Result<Arc<Boundary>, IndexError> {
        let unknown = || IndexError::UnknownId(id.clone());
        let slot = self.by_id.remove(id).ok_or_else(unknown)?;
        let old = self.slots.get_mut(slot as usize).and_then(Option::take).ok_or_else(unknown)?;
        self.free.push_back(slot);
        // The one kept here cannot have changed: boxes are those it was added with.
        let mut pieces = Vec::new();
        pieces_of(&old, slot, self.frame, |bounds, piece| pieces.push((bounds, piece)));
        if pieces.len() * 64 > self.pieces.len() {
            self.pieces.remove_where(|piece| piece.slot == slot);
        } else {
            for (bounds, piece) in pieces {
                self.pieces.remove(&bounds, &piece);
            }
        }
        Ok(old)
    }

    /// By how much x of a window may be moved so that it meets something.
    pub(crate) fn shifts(&self, min_x: f64, max_x: f64) -> impl Iterator<Item = f64> + use<> {
        let span = self.span;
        laps(self.frame).filter(move |s| min_x + s <= span[1] && max_x + s >= span[0])
    }

    /// Calls `visit` with every piece whose box may lie within `radius` metres of `p`, and with the shift of x.
    #[inline]
    pub(crate) fn pieces_near(
        &self,
        p: Coord<f64>,
        radius: f64,
        metric: &Metric,
        mut visit: impl FnMut(&Piece, f64),
    ) {
        let around = around(p, radius, metric);
        for shift in self.shifts(around.min().x, around.max().x) {
            self.pieces.search(&shifted(around, shift), |piece, _| visit(piece, shift));
        }
    }

    /// The nearest place of a piece, if it lies within the squared distance `limit2`.
    #[inline]
    pub(crate) fn nearest_of(
        &self,
        piece: &Piece,
        p: Coord<f64>,
        shift: f64,
        metric: &Metric,
        limit2: f64,
    ) -> Option<Found> {
        let near = match &self.slot(piece.slot)?.shape {
            Shape::Lines(lines) => {
                let line = &lines.get(piece.part as usize)?.0;
                let p = Coord { x: p.x + shift, y: p.y };
                nearest_of_line(line, piece.first as usize, piece.count as usize, p, metric)?
            }
            Shape::Area(area) => nearest_of_area(area, p, shift, metric, limit2, self.frame)?,
        };
        (near.d2 <= limit2).then_some(Found { slot: piece.slot, part: piece.part, near, shift })
    }

    /// The side of what was found.
    pub(crate) fn side(&self, found: &Found, p: Coord<f64>, metric: &Metric) -> Option<Side> {
        match &self.slot(found.slot)?.shape {
            Shape::Lines(lines) => {
                let line = &lines.get(found.part as usize)?.0;
                side_of_line(line, found.near.segment, Coord { x: p.x + found.shift, y: p.y }, metric)
            }
            Shape::Area(area) => side_of_area(area, p, self.frame),
        }
    }

    /// Distance in metres of a boundary, its lines or its edges, whether it is in the index or not.
    pub(crate) fn distance_to(&self, boundary: &Boundary, p: Coord<f64>) -> Option<f64> {
        let metric = self.frame.metric(p);
        let mut best = f64::INFINITY;
        for shift in laps(self.frame) {
            let near = match &boundary.shape {
                Shape::Area(area) => nearest_of_area(area, p, shift, &metric, best, self.frame),
                Shape::Lines(lines) => lines
                    .iter()
                    .filter_map(|line| {
                        let p = Coord { x: p.x + shift, y: p.y };
                        nearest_of_line(&line.0, 0, line.0.len(), p, &metric)
                    })
                    .min_by(|a, b| a.d2.total_cmp(&b.d2)),
            };
            best = near.map_or(best, |near| near.d2.min(best));
        }
        (best < f64::INFINITY).then(|| best.sqrt())
    }

    /// Boundaries within `radius` metres of a point, nearest first, then by id: lines and edges of areas at an exact
    /// distance not greater than it, or (`exact` is false) those with a piece whose box may be, by id.
    #[must_use]
    pub fn within(&self, p: Coord<f64>, radius: f64, exact: bool) -> Vec<Hit<'_>> {
        self.within_counted(p, radius, exact).0
    }

    /// As [`BoundaryIndex::within`], with what it had to look at.
    #[must_use]
    pub fn within_counted(&self, p: Coord<f64>, radius: f64, exact: bool) -> (Vec<Hit<'_>>, Counts) {
        let metric = self.frame.metric(p);
        let mut counts = Counts::default();
        let mut found: Vec<(u32, f64)> = Vec::new();
        self.pieces_near(p, radius, &metric, |piece, shift| {
            counts.candidates += 1;
            if !exact {
                found.push((piece.slot, 0.0));
            } else if let Some(one) = self.nearest_of(piece, p, shift, &metric, radius * radius) {
                found.push((piece.slot, one.near.d2));
            }
        });
        found.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        found.dedup_by_key(|f| f.0);
        let mut hits: Vec<Hit<'_>> = found
            .into_iter()
            .filter_map(|(slot, d2)| {
                Some(Hit { boundary: self.slot(slot)?, distance: exact.then(|| d2.sqrt()), side: None })
            })
            .collect();
        hits.sort_unstable_by(nearer);
        (hits, counts)
    }

    /// Boundaries that touch a closed box, by id: a line or an edge of an area in it, or an area around it; or (`exact`
    /// is false) those with a piece whose box may touch it.
    #[must_use]
    pub fn intersecting(&self, window: Rect<f64>, exact: bool) -> Vec<&Arc<Boundary>> {
        let mut slots: Vec<u32> = Vec::new();
        for shift in self.shifts(window.min().x, window.max().x) {
            let window = shifted(window, shift);
            self.pieces.search(&window, |piece, _| {
                if slots.last() != Some(&piece.slot) && (!exact || self.meets(piece, &window)) {
                    slots.push(piece.slot);
                }
            });
        }
        slots.sort_unstable();
        slots.dedup();
        let mut hits: Vec<_> = slots.into_iter().filter_map(|slot| self.slot(slot)).collect();
        hits.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        hits
    }

    fn meets(&self, piece: &Piece, window: &Rect<f64>) -> bool {
        match self.slot(piece.slot).map(|b| &b.shape) {
            Some(Shape::Lines(lines)) => lines.get(piece.part as usize).is_some_and(|line| {
                let (first, count) = (piece.first as usize, piece.count as usize);
                line.0[first..].windows(2).take(count).any(|s| segment_meets(s[0], s[1], window))
            }),
            Some(Shape::Area(area)) => {
                let mut edge = false;
                area.edges_in(*window, |a, b| edge |= segment_meets(a, b, window));
                edge || area.locate(window.min()) != Where::Outside
            }
            None => false,
        }
    }

    /// The nearest `count` boundaries within `limit` metres (may be infinite), nearest first, then by id, with sides.
    #[must_use]
    pub fn nearest(&self, p: Coord<f64>, count: usize, limit: f64) -> Vec<Hit<'_>> {
        let metric = self.frame.metric(p);
        // By distance; one for each boundary.
        let mut best: Vec<Found> = Vec::new();
        if count == 0 {
            return Vec::new();
        }
        for shift in self.shifts(f64::NEG_INFINITY, f64::INFINITY) {
            let at = Coord { x: p.x + shift, y: p.y };
            let bound =
                |best: &[Found]| best.get(count - 1).map_or(limit, |last| last.near.d2.sqrt().min(limit));
            self.pieces.nearest(at, [metric.sx, metric.sy], bound(&best), |piece| {
                let most = bound(&best);
                if let Some(found) = self.nearest_of(piece, p, shift, &metric, most * most) {
                    self.keep(&mut best, found, count);
                }
                bound(&best)
            });
        }
        let hits = best.iter().filter_map(|found| {
            let side = self.side(found, p, &metric);
            Some(Hit { boundary: self.slot(found.slot)?, distance: Some(found.near.d2.sqrt()), side })
        });
        hits.collect()
    }

    /// Enters a find among the best, of which there are at most `count`.
    fn keep(&self, best: &mut Vec<Found>, found: Found, count: usize) {
        if let Some(i) = best.iter().position(|other| other.slot == found.slot) {
            if best[i].near.d2 <= found.near.d2 {
                return;
            }
            best.remove(i);
        }
        let id = |slot| self.slot(slot).map(|b| &b.id);
        let before = |other: &Found| {
            other.near.d2 < found.near.d2 || other.near.d2 == found.near.d2 && id(other.slot) < id(found.slot)
        };
        let at = best.partition_point(before);
        best.insert(at, found);
        best.truncate(count);
    }
}

fn nearer(a: &Hit<'_>, b: &Hit<'_>) -> std::cmp::Ordering {
    let d = |hit: &Hit<'_>| hit.distance.unwrap_or(0.0);
    d(a).total_cmp(&d(b)).then_with(|| a.boundary.id.cmp(&b.boundary.id))
}

/// The box that holds everything within `radius` metres.
pub(crate) fn around(p: Coord<f64>, radius: f64, metric: &Metric) -> Rect<f64> {
    // Wider by more than rounding may take; not beyond once around the globe.
    let radius = radius * (1.0 + 1e-12);
    let slack = |v: f64| v.abs() * 2.0 * f64::EPSILON;
    let by = Coord { x: radius / metric.sx + slack(p.x), y: radius / metric.sy + slack(p.y) };
    Rect::new(p - by, p + by)
}

pub(crate) fn shifted(r: Rect<f64>, shift: f64) -> Rect<f64> {
    let by = Coord { x: shift, y: 0.0 };
    Rect::new(r.min() + by, r.max() + by)
}

fn check(boundary: &Boundary) -> Result<(), IndexError> {
    let Shape::Lines(lines) = &boundary.shape else { return Ok(()) };
    for (line, l) in lines.iter().enumerate() {
        if let Some(vertex) = l.0.iter().position(|c| !(c.x.is_finite() && c.y.is_finite())) {
            return Err(IndexError::NotFinite { id: boundary.id.clone(), line, vertex });
        }
    }
    Ok(())
}

/// The nearest edge of an area that is a shore, within the squared distance `limit2`.
fn nearest_of_area(
    area: &Area,
    p: Coord<f64>,
    shift: f64,
    metric: &Metric,
    limit2: f64,
    frame: Frame,
) -> Option<Nearest> {
    let p = Coord { x: p.x + shift, y: p.y };
    let mut best = f64::INFINITY;
    let window = if limit2 < f64::INFINITY { around(p, limit2.sqrt(), metric) } else { area.bounds()? };
    area.edges_in(window, |a, b| {
        if !is_seam(a, b, frame) {
            best = best.min(distance2(a, b, p, metric));
        }
    });
    (best <= limit2 && best < f64::INFINITY).then_some(Nearest { d2: best, segment: 0 })
}

/// Whether an edge is where a file was cut at the date line or a pole, and no shore.
fn is_seam(a: Coord<f64>, b: Coord<f64>, frame: Frame) -> bool {
    frame == Frame::Geographic
        && (a.x.abs() == 180.0 && b.x.abs() == 180.0 || a.y.abs() == 90.0 && b.y.abs() == 90.0)
}

/// The side of an area, which is known everywhere but on its edges.
pub(crate) fn side_of_area(area: &Area, p: Coord<f64>, frame: Frame) -> Option<Side> {
    let Some(bounds) = area.bounds() else { return Some(Side::Right) };
    let mut inside = false;
    for shift in laps(frame) {
        let p = Coord { x: p.x + shift, y: p.y };
        if p.x < bounds.min().x || p.x > bounds.max().x {
            continue;
        }
        // Rings of different laps count together.
        match area.locate(p) {
            Where::Inside => inside = !inside,
            Where::On => return None,
            Where::Outside => {}
        }
    }
    Some(if inside { Side::Left } else { Side::Right })
}

/// By how much x may be moved to come to the same place again: unwrapped longitudes go to ±540, asked ones to ±180.
fn laps(frame: Frame) -> impl Iterator<Item = f64> {
    let period = frame.period();
    [0.0, -1.0, 1.0, -2.0, 2.0].into_iter().filter_map(move |lap: f64| match period {
        Some(period) => Some(lap * period),
        None => (lap == 0.0).then_some(0.0),
    })
}
