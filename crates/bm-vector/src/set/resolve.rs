//! Who speaks at a place.

use super::BoundarySet;
use crate::boundary::{Boundary, Shape, Side};
use crate::frame::Metric;
use crate::index::{Found, segment_meets, side_of_area};
use bm_core::{MaterialId, Phase};
use geo_types::{Coord, Rect};
use std::cmp::Ordering;

/// What a place becomes, and by whom.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// What it becomes.
    pub material: MaterialId,
    /// Who said so.
    pub boundary: &'a Boundary,
    /// On which side of it the place lies.
    pub side: Side,
    /// Distance in metres, where it had to be known; [`BoundarySet::near`] measures it.
    pub distance: Option<f64>,
    /// Whether coordinates had to be looked at.
    pub exact_test: bool,
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
        let phase = phase_of(base);
        let mut best: Option<Answer<'_>> = None;
        let mut offer = |boundary, side, distance, exact_test| {
            let Some(answer) = said(boundary, side, distance, phase, alt) else { return };
            let answer = Answer { exact_test, ..answer };
            best = Some(match best.take() {
                Some(held) => self.first(held, answer, p),
                None => answer,
            });
        };
        if self.local > 0 {
            self.local_voices(p, resolution, &mut offer);
        }
        for boundary in self.everywhere.iter() {
            if let Shape::Area(area) = &boundary.shape
                && let Some(side) = side_of_area(area, p, self.frame())
            {
                offer(&**boundary, side, None, false);
            }
        }
        best
    }

    /// Everyone who may speak at a point and is not heard everywhere.
    fn local_voices<'a>(
        &'a self,
        p: Coord<f64>,
        resolution: f64,
        offer: &mut impl FnMut(&'a Boundary, Side, Option<f64>, bool),
    ) {
        let metric = self.frame().metric(p);
        // Whatever touches the box is within half its diagonal.
        let radius = resolution * std::f64::consts::FRAC_1_SQRT_2;
        let mut pieces = Vec::new();
        self.index.pieces_near(p, radius, &metric, |piece, shift| pieces.push((*piece, shift)));
        pieces.sort_unstable_by_key(|(piece, _)| piece.slot);
        for group in pieces.chunk_by(|a, b| a.0.slot == b.0.slot) {
            let Some(boundary) = self.index.slot(group[0].0.slot) else { continue };
            let Some(transition) = boundary.transition else { continue };
            if transition.left.is_none() && transition.right.is_none() {
                continue;
            }
            match &boundary.shape {
                Shape::Area(area) => {
                    if transition.right.is_none()
                        && let Some(side) = side_of_area(area, p, self.frame())
                    {
                        offer(boundary, side, None, true);
                    }
                }
                Shape::Lines(lines) => {
                    let nearest = group
                        .iter()
                        .filter_map(|(piece, shift)| {
                            self.index.nearest_of(piece, p, *shift, &metric, f64::INFINITY)
                        })
                        .min_by(|a, b| {
                            a.near
                                .d2
                                .total_cmp(&b.near.d2)
                                .then((a.part, a.near.segment).cmp(&(b.part, b.near.segment)))
                        });
                    let Some(found) = nearest else { continue };
                    let distance = found.near.d2.sqrt();
                    let touches = || {
                        group.iter().any(|(piece, shift)| {
                            let first = piece.first as usize;
                            let c = &lines[piece.part as usize].0[first..=first + piece.count as usize];
                            let around = cell(p, *shift, resolution, &metric);
                            c.windows(2).any(|s| segment_meets(s[0], s[1], &around))
                        })
                    };
                    if (distance <= transition.reach() || touches())
                        && let Some(side) = self.side(&found, p, &metric)
                    {
                        offer(boundary, side, Some(distance), true);
                    }
                }
            }
        }
    }

    fn side(&self, found: &Found, p: Coord<f64>, metric: &Metric) -> Option<Side> {
        self.index.side(found, p, metric)
    }

    /// The one of two that is heard first.
    fn first<'a>(&self, mut a: Answer<'a>, mut b: Answer<'a>, p: Coord<f64>) -> Answer<'a> {
        let order = b.boundary.priority.total_cmp(&a.boundary.priority).then_with(|| {
            let (da, db) = (self.measured(&mut a, p), self.measured(&mut b, p));
            da.total_cmp(&db)
        });
        let order = order
            .then_with(|| a.boundary.precision.total_cmp(&b.boundary.precision))
            .then_with(|| a.boundary.id.cmp(&b.boundary.id));
        if order == Ordering::Greater { b } else { a }
    }

    fn measured(&self, answer: &mut Answer<'_>, p: Coord<f64>) -> f64 {
        *answer.distance.get_or_insert_with(|| {
            answer.exact_test = true;
            self.index.distance_to(answer.boundary, p).unwrap_or(f64::INFINITY)
        })
    }
}

fn said(
    boundary: &Boundary,
    side: Side,
    distance: Option<f64>,
    phase: Phase,
    alt: Option<f64>,
) -> Option<Answer<'_>> {
    let material = boundary.transition?.of(side)?;
    let material = boundary.extent.speak(side, material, phase, alt)?;
    Some(Answer { material, boundary, side, distance, exact_test: false })
}

/// The box of side `resolution` around a point.
fn cell(p: Coord<f64>, shift: f64, resolution: f64, metric: &Metric) -> Rect<f64> {
    let half = Coord { x: resolution / 2.0 / metric.sx, y: resolution / 2.0 / metric.sy };
    let p = Coord { x: p.x + shift, y: p.y };
    Rect::new(p - half, p + half)
}
