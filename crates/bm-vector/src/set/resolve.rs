//! Who speaks at a place.

use super::BoundarySet;
use super::speakers::{Everywhere, speaking};
use crate::area::{Area, Where};
use crate::boundary::{Boundary, BoundaryId, Extent, Shape, Side, Transition, precedence};
use crate::frame::Frame;
use crate::geometry::touches_box;
use crate::index::{Piece, finish, gather, moved, segments_of};
use bm_core::{MaterialId, Phase};
use geo_types::{Coord, LineString, Rect};

/// What a place becomes, and by whom.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// What it becomes.
    pub material: MaterialId,
    /// Who said so.
    pub id: &'a BoundaryId,
    /// On which side of it the place lies.
    pub side: Side,
    /// Distance in metres, where it had to be known; [`BoundarySet::near`] measures it.
    pub distance: Option<f64>,
    /// Whether coordinates of the boundary had to be looked at.
    pub exact_test: bool,
}

/// Someone who is heard, and what for.
#[derive(Clone, Copy, Debug)]
struct Heard<'a> {
    boundary: &'a Boundary,
    material: MaterialId,
    side: Side,
    distance: Option<f64>,
    exact_test: bool,
}

/// A material with its phase and altitude: what boundaries speak about.
#[derive(Clone, Copy, Debug)]
pub(super) struct About {
    pub(super) phase: Phase,
    pub(super) alt: Option<f64>,
}

/// Whether a shore that is heard everywhere gives way to one of a higher priority: they answer the same question, and
/// the better one has answered even where it leaves things as they are. To be asked by falling priority; `shore`
/// is the highest one so far.
pub(crate) fn outranked(boundary: &Boundary, shore: &mut f64) -> bool {
    if !matches!(boundary.extent, Extent::Shore { .. }) {
        return false;
    }
    let out = boundary.priority < *shore;
    *shore = shore.max(boundary.priority);
    out
}

impl About {
    /// What it becomes on a side of a boundary.
    #[inline]
    fn on(self, boundary: &Boundary, transition: &Transition, side: Side) -> Option<MaterialId> {
        boundary.extent.speak(side, transition.of(side)?, self.phase, self.alt)
    }

    /// Whether either side of a boundary speaks about it.
    #[inline]
    fn concerns(self, boundary: &Boundary, transition: &Transition) -> bool {
        self.on(boundary, transition, Side::Left).is_some()
            || self.on(boundary, transition, Side::Right).is_some()
    }
}

impl BoundarySet {
    /// What material `base` at a point becomes, asked at a resolution in metres; nothing if no boundary speaks there.
    ///
    /// Areas are heard everywhere but on their edges; lines where they touch the cell of that size around the point
    /// ([`Frame::half_cell`]) or lie within their reach, on the side of the nearest place where that is known. The
    /// first that speaks about a material of this phase at this altitude (none: at the surface of a grid) gives it: of
    /// the highest priority, the nearest, the most precise, the one whose id sorts first. Of shores that are heard
    /// everywhere only those of the highest priority are.
    #[inline]
    #[must_use]
    pub fn resolve(
        &self,
        p: Coord<f64>,
        resolution: f64,
        base: MaterialId,
        phase_of: &impl Fn(MaterialId) -> Phase,
        alt: Option<f64>,
    ) -> Option<Answer<'_>> {
        if self.is_empty() {
            return None;
        }
        let about = About { phase: phase_of(base), alt };
        if self.is_quiet(p, resolution) {
            match &*self.speakers.everywhere {
                [] => return None,
                [one] => return one.answer(p, self.frame(), about),
                _ => {}
            }
        }
        self.resolve_among(p, resolution, about)
    }

    /// Whether nothing local can speak at a point.
    #[inline]
    pub(super) fn is_quiet(&self, p: Coord<f64>, resolution: f64) -> bool {
        let [half, _] = self.frame().half_cell(resolution);
        self.speakers.local == 0 || self.speakers.marks.as_ref().is_some_and(|marks| marks.is_clear(p, half))
    }

    /// As [`BoundarySet::resolve`], where several may speak.
    pub(super) fn resolve_among(&self, p: Coord<f64>, resolution: f64, about: About) -> Option<Answer<'_>> {
        let mut hearing = Hearing { frame: self.frame(), p, about, first: None };
        if self.speakers.local > 0 {
            self.hear_locals(resolution, &mut hearing);
        }
        let mut shore = f64::NEG_INFINITY;
        for one in self.speakers.everywhere.iter() {
            if outranked(&one.boundary, &mut shore) {
                continue;
            }
            // The rest has no higher priority.
            if hearing.first.is_some_and(|held| held.boundary.priority > one.boundary.priority) {
                break;
            }
            if about.concerns(&one.boundary, &one.transition)
                && let (Some(side), exact_test) = one.side(p, self.frame())
            {
                hearing.offer(&one.boundary, &one.transition, side, None, exact_test);
            }
        }
        let Heard { boundary, material, side, distance, exact_test } = hearing.first?;
        Some(Answer { material, id: &boundary.id, side, distance, exact_test })
    }

    /// Everyone who may speak at a point and is not heard everywhere.
    fn hear_locals<'a>(&'a self, resolution: f64, hearing: &mut Hearing<'a>) {
        let (p, frame) = (hearing.p, self.frame());
        let [hx, hy] = frame.half_cell(resolution);
        let half = Coord { x: hx, y: hy };
        // A line that speaks touches the cell, or has a piece there that is grown by its reach.
        let mut lines = false;
        let mut last = u32::MAX;
        self.index.pieces_in(Rect::new(p - half, p + half), |piece, _| {
            if lines && piece.part != Piece::AREA || piece.slot == last {
                return;
            }
            last = piece.slot;
            let Some(boundary) = self.index.slot(piece.slot) else { return };
            let Some(transition) = speaking(boundary) else { return };
            match &boundary.shape {
                Shape::Lines(_) => lines |= hearing.about.concerns(boundary, &transition),
                // Those with something to say outside are not local.
                Shape::Area(area) if transition.right.is_none() => {
                    if hearing.about.concerns(boundary, &transition)
                        && let (Some(side), exact_test) = side_of_area(boundary, area, p, frame, false)
                    {
                        hearing.offer(boundary, &transition, side, None, exact_test);
                    }
                }
                Shape::Area(_) => {}
            }
        });
        if lines {
            self.hear_lines(resolution, hearing);
        }
    }

    /// The lines that may speak at a point.
    fn hear_lines<'a>(&'a self, resolution: f64, hearing: &mut Hearing<'a>) {
        let (p, frame) = (hearing.p, self.frame());
        let metric = frame.metric(p);
        // What touches the cell is no farther than half its diagonal; a little more is needed to settle ties.
        let radius = resolution * (std::f64::consts::FRAC_1_SQRT_2 * (1.0 + 1e-6)) + 1e-6;
        let mut pieces = Vec::new();
        self.index.pieces_near(p, radius, &metric, |piece, lap| {
            if piece.part != Piece::AREA {
                pieces.push((*piece, lap));
            }
        });
        pieces.sort_unstable_by_key(|(piece, _)| piece.slot);
        for group in pieces.chunk_by(|a, b| a.0.slot == b.0.slot) {
            let Some(boundary) = self.index.slot(group[0].0.slot) else { continue };
            let (Shape::Lines(lines), Some(transition)) = (&boundary.shape, speaking(boundary)) else {
                continue;
            };
            if !hearing.about.concerns(boundary, &transition) {
                continue;
            }
            let mut laps = Vec::new();
            for (piece, lap) in group {
                gather(&mut laps, lines, piece, p, *lap, &metric);
            }
            let Some(near) = finish(laps) else { continue };
            let half = frame.half_cell(resolution);
            if let Some(side) = near.side
                && (near.distance <= transition.reach() || touch(group, lines, p, half))
            {
                hearing.offer(boundary, &transition, side, Some(near.distance), true);
            }
        }
    }
}

/// Whether pieces of a boundary touch the cell around a point.
fn touch(pieces: &[(Piece, f64)], lines: &[LineString<f64>], p: Coord<f64>, half: [f64; 2]) -> bool {
    pieces
        .iter()
        .any(|(piece, lap)| segments_of(lines, piece).any(|s| touches_box(s.a, s.b, moved(p, *lap), half)))
}

impl Everywhere {
    /// What it says at a point if nobody else speaks.
    #[inline]
    pub(super) fn answer(&self, p: Coord<f64>, frame: Frame, about: About) -> Option<Answer<'_>> {
        let Self { boundary, transition, .. } = self;
        // Nothing is said of air, say, whichever side it lies on.
        if !about.concerns(boundary, transition) {
            return None;
        }
        self.said(self.side(p, frame), about)
    }

    /// As [`Everywhere::answer`] at a point whose place is known.
    #[inline]
    pub(super) fn answer_where(
        &self,
        place: Where,
        p: Coord<f64>,
        frame: Frame,
        about: About,
    ) -> Option<Answer<'_>> {
        if !about.concerns(&self.boundary, &self.transition) {
            return None;
        }
        let side = match place {
            Where::Inside => Some(Side::Left),
            Where::Outside => Some(Side::Right),
            Where::On => on_edge(&self.boundary, p, frame).0,
        };
        let answer = self.said((side, true), about)?;
        Some(Answer { exact_test: !self.area.is_settled(p), ..answer })
    }

    #[inline]
    fn said(&self, (side, exact_test): (Option<Side>, bool), about: About) -> Option<Answer<'_>> {
        let side = side?;
        let material = about.on(&self.boundary, &self.transition, side)?;
        Some(Answer { material, id: &self.boundary.id, side, distance: None, exact_test })
    }

    /// The side of a point, and whether edges had to be looked at.
    #[inline]
    fn side(&self, p: Coord<f64>, frame: Frame) -> (Option<Side>, bool) {
        side_of_area(&self.boundary, &self.area, p, frame, self.one_lap)
    }
}

/// The side of an area, which is known everywhere but on its edges, and whether edges had to be looked at.
/// `one_lap`: no place between −180° and 180° has another name there.
#[inline]
fn side_of_area(
    boundary: &Boundary,
    area: &Area,
    p: Coord<f64>,
    frame: Frame,
    one_lap: bool,
) -> (Option<Side>, bool) {
    if one_lap && p.x.abs() < 180.0 {
        let (place, exact_test) = area.look(p);
        return match place {
            Where::Inside => (Some(Side::Left), exact_test),
            Where::Outside => (Some(Side::Right), exact_test),
            Where::On => on_edge(boundary, p, frame),
        };
    }
    side_in_laps(boundary, area, p, frame)
}

#[inline(never)]
fn side_in_laps(boundary: &Boundary, area: &Area, p: Coord<f64>, frame: Frame) -> (Option<Side>, bool) {
    let Some(bounds) = area.bounds() else { return (Some(Side::Right), false) };
    let (mut inside, mut exact_test) = (false, false);
    for lap in frame.laps(p.x, bounds.min().x, bounds.max().x, 0.0) {
        let named = moved(p, lap);
        let (place, exact) = area.look(named);
        exact_test |= exact;
        // Rings of different laps count together.
        match place {
            Where::Inside => inside = !inside,
            Where::On => return on_edge(boundary, p, frame),
            Where::Outside => {}
        }
    }
    (Some(if inside { Side::Left } else { Side::Right }), exact_test)
}

/// On an edge, which may be a seam: then what lies beside it decides.
#[cold]
fn on_edge(boundary: &Boundary, p: Coord<f64>, frame: Frame) -> (Option<Side>, bool) {
    (boundary.near(p, frame).and_then(|near| near.side), true)
}

/// The first that speaks, as they come.
struct Hearing<'a> {
    frame: Frame,
    p: Coord<f64>,
    about: About,
    first: Option<Heard<'a>>,
}

impl<'a> Hearing<'a> {
    #[inline]
    fn offer(
        &mut self,
        boundary: &'a Boundary,
        transition: &Transition,
        side: Side,
        distance: Option<f64>,
        exact_test: bool,
    ) {
        let Some(material) = self.about.on(boundary, transition, side) else { return };
        let heard = Heard { boundary, material, side, distance, exact_test };
        self.first = Some(match self.first.take() {
            Some(held) => self.earlier(held, heard),
            None => heard,
        });
    }

    /// The one of two that is heard first. Distances are measured only where they decide.
    fn earlier(&self, mut a: Heard<'a>, mut b: Heard<'a>) -> Heard<'a> {
        if a.boundary.priority == b.boundary.priority {
            for one in [&mut a, &mut b] {
                if one.distance.is_none() {
                    let near = one.boundary.near(self.p, self.frame);
                    (one.exact_test, one.distance) = (true, Some(near.map_or(f64::INFINITY, |n| n.distance)));
                }
            }
        }
        let voice = |h: &Heard<'a>| h.boundary.voice(h.distance.unwrap_or(0.0));
        if precedence(&voice(&b), &voice(&a)).is_lt() { b } else { a }
    }
}
