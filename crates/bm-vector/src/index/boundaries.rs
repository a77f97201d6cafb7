//! Boundaries by place and by name.

use super::dynamic::DynamicIndex;
use super::pieces::{Piece, pieces_of};
use super::slots::Slots;
use crate::area::{Area, Where};
use crate::boundary::{Boundary, BoundaryId, Shape, Side};
use crate::frame::{Frame, Metric};
use crate::geometry::{Near, Nearest, Segment, touches_rect};
use geo_types::{Coord, LineString, Rect};
use imbl::{OrdMap, Vector};
use std::cell::Cell;
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

thread_local! {
    /// Kept between questions so that none has to grow it: distances as bits, and slots.
    static FOUND: Cell<Vec<(u64, u32)>> = const { Cell::new(Vec::new()) };
}

/// Boundaries by place and by name. A clone is a snapshot.
#[derive(Clone, Debug)]
pub struct BoundaryIndex {
    frame: Frame,
    by_id: OrdMap<BoundaryId, u32>,
    slots: Slots<Arc<Boundary>>,
    free: Vector<u32>,
    pieces: DynamicIndex<Piece>,
    /// Least and greatest x of all boxes there ever were.
    span: [f64; 2],
}

impl BoundaryIndex {
    /// An empty index.
    #[must_use]
    pub fn new(frame: Frame) -> Self {
        Self {
            frame,
            by_id: OrdMap::new(),
            slots: Slots::new(),
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
        self.free.pop_back();
        self.slots.set(slot as usize, Some(boundary));
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
        self.slots.get(slot as usize)
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
        let old = self.slots.set(slot as usize, None).ok_or_else(unknown)?;
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

    /// By how much x of a window may be moved so that it meets something: unwrapped longitudes go to ±540, asked ones
    /// to ±180.
    fn laps(&self, min_x: f64, max_x: f64) -> impl Iterator<Item = f64> + use<> {
        let (span, period) = (self.span, self.frame.period());
        [0.0, 1.0, -1.0, 2.0, -2.0]
            .into_iter()
            .filter_map(move |lap: f64| period.map(|p| lap * p).or((lap == 0.0).then_some(0.0)))
            .filter(move |lap| min_x + lap <= span[1] && max_x + lap >= span[0])
    }

    /// Calls `visit` with every piece whose box may lie within `radius` metres of `p`, and with the lap that it was met
    /// in: what to add to x.
    #[inline]
    pub(crate) fn pieces_near(
        &self,
        p: Coord<f64>,
        radius: f64,
        metric: &Metric,
        visit: impl FnMut(&Piece, f64),
    ) {
        self.pieces_in(around(p, radius, metric), visit);
    }

    /// Calls `visit` with every piece whose box may touch a closed window, and with the lap that it was met in.
    #[inline]
    pub(crate) fn pieces_in(&self, window: Rect<f64>, mut visit: impl FnMut(&Piece, f64)) {
        for lap in self.laps(window.min().x, window.max().x) {
            self.pieces.search(&shifted(window, lap), |piece, _| visit(piece, lap));
        }
    }

    /// Distance in metres of a piece, if it is not greater than `limit`.
    #[inline]
    fn distance_of(&self, piece: &Piece, at: Coord<f64>, metric: &Metric, limit: f64) -> Option<f64> {
        if piece.count == 1 {
            let (distance, _) = metric.to_segment(at, piece.ends[0], piece.ends[1]);
            return (distance <= limit).then_some(distance);
        }
        let distance = match &self.slot(piece.slot)?.shape {
            Shape::Lines(lines) => {
                let nearest = segments_of(lines, piece).map(|s| metric.to_segment(at, s.a, s.b).0);
                nearest.fold(f64::INFINITY, f64::min)
            }
            Shape::Area(area) => distance_of_area(area, at, metric, limit, self.frame),
        };
        (distance <= limit && distance < f64::INFINITY).then_some(distance)
    }

    /// The nearest place of a boundary that is `distance` away, and its side.
    fn near(&self, slot: u32, p: Coord<f64>, distance: f64, metric: &Metric) -> Option<Near> {
        let boundary = self.slot(slot)?;
        let Shape::Lines(lines) = &boundary.shape else { return boundary.near(p, self.frame) };
        let mut laps: Vec<(f64, Nearest)> = Vec::new();
        // A little more than the distance is enough: what ties there decides.
        self.pieces_near(p, distance * (1.0 + 1e-6) + 1e-6, metric, |piece, lap| {
            if piece.slot == slot {
                gather(&mut laps, lines, piece, p, lap, metric);
            }
        });
        finish(laps)
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
        let mut found = FOUND.take();
        found.clear();
        // Boundaries of several pieces may be found several times, and on the globe any in several laps.
        let mut again = false;
        let mut first_lap = None;
        self.pieces_near(p, radius, &metric, |piece, lap| {
            counts.candidates += 1;
            let distance =
                if exact { self.distance_of(piece, moved(p, lap), &metric, radius) } else { Some(0.0) };
            if let Some(distance) = distance {
                again |= !piece.sole || *first_lap.get_or_insert(lap) != lap;
                // Distances are not negative: their bits are in the order of the numbers, and sooner compared.
                found.push((distance.to_bits(), piece.slot));
            }
        });
        if again {
            found.sort_unstable_by_key(|&(distance, slot)| (slot, distance));
            found.dedup_by_key(|f| f.1);
        }
        found.sort_unstable_by_key(|f| f.0);
        let mut hits: Vec<Hit<'_>> = Vec::with_capacity(found.len());
        hits.extend(found.iter().filter_map(|&(distance, slot)| {
            let distance = exact.then_some(f64::from_bits(distance));
            Some(Hit { boundary: self.slot(slot)?, distance, side: None })
        }));
        FOUND.set(found);
        // Names are looked at only where they decide.
        for tied in hits.chunk_by_mut(|a, b| a.distance == b.distance) {
            if tied.len() > 1 {
                tied.sort_unstable_by(|a, b| a.boundary.id.cmp(&b.boundary.id));
            }
        }
        (hits, counts)
    }

    /// Boundaries that touch a closed box, by id: a line or an edge of an area in it, or an area around it; or (`exact`
    /// is false) those with a piece whose box may touch it.
    #[must_use]
    pub fn intersecting(&self, window: Rect<f64>, exact: bool) -> Vec<&Arc<Boundary>> {
        let mut slots: Vec<u32> = Vec::new();
        for lap in self.laps(window.min().x, window.max().x) {
            let window = shifted(window, lap);
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
            Some(Shape::Lines(lines)) => segments_of(lines, piece).any(|s| touches_rect(s.a, s.b, *window)),
            Some(Shape::Area(area)) => {
                let mut edge = false;
                area.edges_in(*window, |a, b| edge |= touches_rect(a, b, *window));
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
        let mut best: Vec<(f64, u32)> = Vec::new();
        if count == 0 {
            return Vec::new();
        }
        for lap in self.laps(f64::NEG_INFINITY, f64::INFINITY) {
            let at = moved(p, lap);
            let bound = |best: &[(f64, u32)]| best.get(count - 1).map_or(limit, |last| last.0.min(limit));
            self.pieces.nearest(at, [metric.sx, metric.sy], bound(&best), |piece| {
                if let Some(distance) = self.distance_of(piece, at, &metric, bound(&best)) {
                    self.keep(&mut best, distance, piece.slot, count);
                }
                bound(&best)
            });
        }
        let hits = best.iter().filter_map(|&(distance, slot)| {
            let side = self.near(slot, p, distance, &metric).and_then(|near| near.side);
            Some(Hit { boundary: self.slot(slot)?, distance: Some(distance), side })
        });
        hits.collect()
    }

    /// Enters a find among the best, of which there are at most `count`.
    fn keep(&self, best: &mut Vec<(f64, u32)>, distance: f64, slot: u32, count: usize) {
        if let Some(i) = best.iter().position(|other| other.1 == slot) {
            if best[i].0 <= distance {
                return;
            }
            best.remove(i);
        }
        let id = |slot| self.slot(slot).map(|b| &b.id);
        let at = best.partition_point(|o| o.0 < distance || o.0 == distance && id(o.1) < id(slot));
        best.insert(at, (distance, slot));
        best.truncate(count);
    }
}

/// The box that holds everything within `radius` metres.
pub(crate) fn around(p: Coord<f64>, radius: f64, metric: &Metric) -> Rect<f64> {
    // Wider by more than rounding may take; not beyond once around the globe.
    let radius = radius * (1.0 + 1e-12);
    let slack = |v: f64| v.abs() * 2.0 * f64::EPSILON;
    let by = Coord { x: radius / metric.sx + slack(p.x), y: radius / metric.sy + slack(p.y) };
    Rect::new(p - by, p + by)
}

fn shifted(r: Rect<f64>, lap: f64) -> Rect<f64> {
    Rect::new(moved(r.min(), lap), moved(r.max(), lap))
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

/// The segments of a piece.
#[inline]
pub(crate) fn segments_of<'a>(
    lines: &'a [LineString<f64>],
    piece: &Piece,
) -> impl Iterator<Item = Segment> + use<'a> {
    let &Piece { part, first, count, .. } = piece;
    let line = lines.get(part as usize).map_or(&[][..], |line| &line.0);
    let from = line.get(first as usize..).unwrap_or_default();
    let segments = from.windows(2).take(count as usize).zip(first..);
    segments.map(move |(s, index)| Segment { part, index, a: s[0], b: s[1] })
}

/// Offers a piece's segments to the gathering of a lap.
#[inline]
pub(crate) fn gather(
    laps: &mut Vec<(f64, Nearest)>,
    lines: &[LineString<f64>],
    piece: &Piece,
    p: Coord<f64>,
    lap: f64,
    metric: &Metric,
) {
    let i = laps.iter().position(|l| l.0 == lap).unwrap_or_else(|| {
        laps.push((lap, Nearest::new(moved(p, lap), *metric)));
        laps.len() - 1
    });
    for segment in segments_of(lines, piece) {
        laps[i].1.add(segment);
    }
}

/// The nearest place over all laps. A line that is cut at the date line goes on in the next lap: segments of both may
/// meet in one vertex.
pub(crate) fn finish(mut laps: Vec<(f64, Nearest)>) -> Option<Near> {
    laps.sort_by(|a, b| a.1.bound().total_cmp(&b.1.bound()));
    let mut laps = laps.into_iter();
    let (lap, mut nearest) = laps.next()?;
    for (other, tied) in laps {
        nearest.merge(&tied, other - lap);
    }
    let near = nearest.finish()?;
    Some(Near { point: moved(near.point, -lap), ..near })
}

/// Distance in metres of the nearest edge of an area that is no seam, exact up to `limit`.
fn distance_of_area(area: &Area, at: Coord<f64>, metric: &Metric, limit: f64, frame: Frame) -> f64 {
    let Some(bounds) = area.bounds() else { return f64::INFINITY };
    let window = if limit < f64::INFINITY { around(at, limit, metric) } else { bounds };
    let mut best = f64::INFINITY;
    area.edges_in(window, |a, b| {
        if !frame.is_seam(a, b) {
            best = best.min(metric.to_segment(at, a, b).0);
        }
    });
    best
}

/// A place of another lap.
#[inline]
pub(crate) fn moved(p: Coord<f64>, lap: f64) -> Coord<f64> {
    Coord { x: p.x + lap, y: p.y }
}
