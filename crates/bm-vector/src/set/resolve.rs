//! Who speaks at a place.

use super::BoundarySet;
use crate::area::Where;
use crate::boundary::{Boundary, BoundaryId, Shape, Side, precedence};
use crate::geometry::touches_box;
use crate::index::{finish, gather, moved, segments_of};
use bm_core::{MaterialId, Phase};
use geo_types::Coord;

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
    /// Whether coordinates had to be looked at.
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

impl BoundarySet {
    /// What material `base` at a point becomes, asked at a resolution in metres; nothing if no boundary speaks there.
    ///
    /// Areas are heard everywhere but on their edges; lines where they touch the box of that side around the point or
    /// lie within their reach, on the side of the nearest place where that is known. The first that speaks about a
    /// material of this phase at this altitude (none: at the surface of a grid) gives it: of the highest priority, the
    /// nearest, the most precise, the one whose id sorts first.
    #[must_use]
    pub fn resolve(
        &self,
        p: Coord<f64>,
        resolution: f64,
        base: MaterialId,
        phase_of: &impl Fn(MaterialId) -> Phase,
        alt: Option<f64>,
    ) -> Option<Answer<'_>> {
        if self.local == 0 && self.everywhere.is_empty() {
            return None;
        }
        let mut hearing = Hearing { set: self, p, phase: phase_of(base), alt, first: None };
        if self.local > 0 {
            self.locals(resolution, &mut hearing);
        }
        for boundary in self.everywhere.iter() {
            if let Some(side) = self.side_of_area(boundary, p) {
                hearing.offer(boundary, side, None, false);
            }
        }
        let Heard { boundary, material, side, distance, exact_test } = hearing.first?;
        Some(Answer { material, id: &boundary.id, side, distance, exact_test })
    }

    /// Everyone who may speak at a point and is not heard everywhere.
    fn locals<'a>(&'a self, resolution: f64, hearing: &mut Hearing<'a>) {
        let p = hearing.p;
        let metric = self.frame().metric(p);
        // Whatever touches the box is within half its diagonal, and a little more is needed to settle ties.
        let radius = resolution * (std::f64::consts::FRAC_1_SQRT_2 * (1.0 + 1e-6)) + 1e-6;
        let mut pieces = Vec::new();
        self.index.pieces_near(p, radius, &metric, |piece, lap| pieces.push((*piece, lap)));
        pieces.sort_unstable_by_key(|(piece, _)| piece.slot);
        for group in pieces.chunk_by(|a, b| a.0.slot == b.0.slot) {
            let Some(boundary) = self.index.slot(group[0].0.slot) else { continue };
            let Some(transition) = boundary.transition else { continue };
            if transition.left.is_none() && transition.right.is_none() {
                continue;
            }
            match &boundary.shape {
                Shape::Area(_) if transition.right.is_some() => {}
                Shape::Area(_) => {
                    if let Some(side) = self.side_of_area(boundary, p) {
                        hearing.offer(boundary, side, None, true);
                    }
                }
                Shape::Lines(lines) => {
                    let mut laps = Vec::new();
                    for (piece, lap) in group {
                        gather(&mut laps, lines, piece, p, *lap, &metric);
                    }
                    let Some(near) = finish(laps) else { continue };
                    let half = self.frame().half_cell(resolution);
                    let touches = || {
                        group.iter().any(|(piece, lap)| {
                            segments_of(lines, piece).any(|s| touches_box(s.a, s.b, moved(p, *lap), half))
                        })
                    };
                    if let Some(side) = near.side
                        && (near.distance <= transition.reach() || touches())
                    {
                        hearing.offer(boundary, side, Some(near.distance), true);
                    }
                }
            }
        }
    }

    /// The side of an area, which is known everywhere but on its edges.
    fn side_of_area(&self, boundary: &Boundary, p: Coord<f64>) -> Option<Side> {
        let Shape::Area(area) = &boundary.shape else { return None };
        let Some(bounds) = area.bounds() else { return Some(Side::Right) };
        let mut inside = false;
        for lap in self.frame().laps(p.x, bounds.min().x, bounds.max().x, 0.0) {
            // Rings of different laps count together.
            match area.locate(moved(p, lap)) {
                Where::Inside => inside = !inside,
                // It may be a seam.
                Where::On => return boundary.near(p, self.frame())?.side,
                Where::Outside => {}
            }
        }
        Some(if inside { Side::Left } else { Side::Right })
    }
}

/// The first that speaks, as they come.
struct Hearing<'a> {
    set: &'a BoundarySet,
    p: Coord<f64>,
    phase: Phase,
    alt: Option<f64>,
    first: Option<Heard<'a>>,
}

impl<'a> Hearing<'a> {
    #[inline]
    fn offer(&mut self, boundary: &'a Boundary, side: Side, distance: Option<f64>, exact_test: bool) {
        let material = boundary.transition.and_then(|t| t.of(side));
        let said = material.and_then(|m| boundary.extent.speak(side, m, self.phase, self.alt));
        let Some(material) = said else { return };
        let heard = Heard { boundary, material, side, distance, exact_test };
        self.first = Some(match self.first.take() {
            Some(held) => self.earlier(held, heard),
            None => heard,
        });
    }

    /// The one of two that is heard first.
    fn earlier(&self, mut a: Heard<'a>, mut b: Heard<'a>) -> Heard<'a> {
        if a.boundary.priority == b.boundary.priority {
            for one in [&mut a, &mut b] {
                if one.distance.is_none() {
                    let near = one.boundary.near(self.p, self.set.frame());
                    (one.exact_test, one.distance) = (true, Some(near.map_or(f64::INFINITY, |n| n.distance)));
                }
            }
        }
        let voice = |h: &Heard<'a>| h.boundary.voice(h.distance.unwrap_or(0.0));
        if precedence(&voice(&b), &voice(&a)).is_lt() { b } else { a }
    }
}
