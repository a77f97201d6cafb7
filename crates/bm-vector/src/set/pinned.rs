//! Many questions in one region.

use super::BoundarySet;
use super::marks::Marks;
use super::resolve::{About, Answer};
use crate::area::Where;
use crate::boundary::Shape;
use crate::index::{Piece, grown, moved, segments_of};
use bm_core::{MaterialId, Phase};
use geo_types::{Coord, Rect};

/// Tiles of a region along either side, at most.
const TILES: f64 = 256.0;

/// A set made ready for many questions in one region at one resolution: a picture, a grid. It answers as
/// [`BoundarySet::resolve`] does, and outside of its region as well, only not faster.
#[derive(Clone, Debug)]
pub struct Pinned<'a> {
    set: &'a BoundarySet,
    resolution: f64,
    half: f64,
    /// Where something local may speak; none: nowhere.
    marks: Option<Marks>,
}

impl BoundarySet {
    /// Makes ready for many questions in a closed box, at a resolution in metres.
    ///
    /// It looks once at every piece of a line in the box and marks tiles of it.
    #[must_use]
    pub fn pin(&self, region: Rect<f64>, resolution: f64) -> Pinned<'_> {
        let [half, _] = self.frame().half_cell(resolution);
        let mut pinned = Pinned { set: self, resolution, half, marks: None };
        if self.speakers.local == 0 {
            return pinned;
        }
        // No finer than what is asked for: a tile would be marked by its neighbours' lines.
        let tiles = |length: f64| (length / (4.0 * half)).clamp(1.0, TILES) as u32;
        let mut marks = Marks::over(region, [tiles(region.width()), tiles(region.height())], half);
        let by = Coord { x: half, y: half };
        let mut pieces = Vec::new();
        self.index.pieces_in(Rect::new(region.min() - by, region.max() + by), |piece, lap| {
            pieces.push((*piece, lap))
        });
        // A long segment has many boxes.
        pieces.sort_unstable_by(|(a, l), (b, k)| {
            (a.slot, a.part, a.first).cmp(&(b.slot, b.part, b.first)).then(l.total_cmp(k))
        });
        pieces.dedup();
        for (piece, lap) in &pieces {
            self.mark(&mut marks, piece, *lap);
        }
        pinned.marks = Some(marks);
        pinned
    }

    /// Marks where a piece may speak, as seen from a lap.
    fn mark(&self, marks: &mut Marks, piece: &Piece, lap: f64) {
        let Some(boundary) = self.index.slot(piece.slot) else { return };
        let Some(transition) = super::speakers::speaking(boundary) else { return };
        let seen = |r: Rect<f64>| Rect::new(moved(r.min(), -lap), moved(r.max(), -lap));
        match &boundary.shape {
            Shape::Lines(lines) => {
                let grow = |r| seen(grown(r, transition.reach(), self.frame()));
                for s in segments_of(lines, piece) {
                    marks.mark_segment(s.a, s.b, &grow);
                }
            }
            Shape::Area(area) if transition.right.is_none() => {
                if let Some(bounds) = area.bounds() {
                    marks.mark(&seen(bounds));
                }
            }
            // Heard everywhere.
            Shape::Area(_) => {}
        }
    }
}

impl<'a> Pinned<'a> {
    #[inline]
    fn is_quiet(&self, p: Coord<f64>) -> bool {
        self.marks.as_ref().is_none_or(|marks| marks.is_clear(p, self.half))
    }

    /// As [`BoundarySet::resolve`].
    #[inline]
    #[must_use]
    pub fn resolve(
        &self,
        p: Coord<f64>,
        base: MaterialId,
        phase_of: &impl Fn(MaterialId) -> Phase,
        alt: Option<f64>,
    ) -> Option<Answer<'a>> {
        let about = About { phase: phase_of(base), alt };
        if self.is_quiet(p) {
            match &*self.set.speakers.everywhere {
                [] => return None,
                [one] => return one.answer(p, self.set.frame(), about),
                _ => {}
            }
        }
        self.set.resolve_among(p, self.resolution, about)
    }

    /// Resolves many points, as many as there are of `points` and `bases`: calls `each` with the number of every point
    /// for which a boundary speaks, ascending. `alts`: altitudes in metres; none: all at the surface of a grid.
    pub fn resolve_batch(
        &self,
        points: &[Coord<f64>],
        bases: &[MaterialId],
        phase_of: &impl Fn(MaterialId) -> Phase,
        alts: Option<&[f64]>,
        mut each: impl FnMut(usize, Answer<'a>),
    ) {
        let one = match &*self.set.speakers.everywhere {
            [one] => Some(one),
            _ => None,
        };
        // Points go to the area together, which is several times as fast.
        let mut wheres = vec![Where::Outside; if one.is_some() { points.len() } else { 0 }];
        if let Some(one) = one {
            one.area.locate_batch(points, &mut wheres);
        }
        for (i, (&p, &base)) in points.iter().zip(bases).enumerate() {
            let alt = alts.and_then(|alts| alts.get(i)).copied();
            let answer = match one {
                Some(one) if one.one_lap && p.x.abs() < 180.0 && self.is_quiet(p) => {
                    let about = About { phase: phase_of(base), alt };
                    one.answer_where(wheres[i], p, self.set.frame(), about)
                }
                _ => self.resolve(p, base, phase_of, alt),
            };
            if let Some(answer) = answer {
                each(i, answer);
            }
        }
    }

    /// Resolves a row of points, `first` and so many more each `step` further along x: as
    /// [`Pinned::resolve_batch`], with one material in `bases` for each.
    pub fn resolve_row(
        &self,
        first: Coord<f64>,
        step: f64,
        bases: &[MaterialId],
        phase_of: &impl Fn(MaterialId) -> Phase,
        alts: Option<&[f64]>,
        each: impl FnMut(usize, Answer<'a>),
    ) {
        let points: Vec<Coord<f64>> =
            (0..bases.len()).map(|i| Coord { x: first.x + i as f64 * step, y: first.y }).collect();
        self.resolve_batch(&points, bases, phase_of, alts, each);
    }
}
