//! The boundaries that are heard, and whose word counts.

use super::boundaries::{Boundaries, reach, speaking};
use super::lines::Spread;
use super::place::Place;
use crate::boundary::{Boundary, Shape, Side, Transition, precedence};
use crate::set::outranked;
use bm_core::{MaterialId, Phase};
use geo_types::{Coord, Rect};
use std::sync::Arc;

/// No boundary, no entry.
pub(super) const NONE: u32 = u32::MAX;

/// A boundary that has something to say.
#[derive(Clone, Debug)]
pub(super) struct Speaker {
    pub(super) boundary: Arc<Boundary>,
    pub(super) transition: Transition,
    pub(super) reach: f64,
    pub(super) spread: Spread,
}

impl Speaker {
    /// What it makes of a base on one of its sides.
    #[inline]
    pub(super) fn word(&self, side: Option<Side>, phase: Phase) -> Option<MaterialId> {
        let side = side?;
        self.boundary.extent.speak(side, self.transition.of(side)?, phase, None)
    }

    /// Whether it may have a word on some side.
    #[inline]
    pub(super) fn speaks(&self, phase: Phase) -> bool {
        self.word(Some(Side::Left), phase).is_some() || self.word(Some(Side::Right), phase).is_some()
    }
}

/// The boundaries that are heard, in their order at equal distance. A place in it is a boundary's *rank*.
#[derive(Clone, Debug)]
pub(super) struct Heard(Vec<Speaker>);

impl Heard {
    /// All that may speak in a box of the frame.
    pub(super) fn around(place: &Place, boundaries: &impl Boundaries, rect: Rect<f64>) -> Self {
        let mut all = Vec::new();
        // Places are compared exactly later; here a cell more does not matter.
        let by = Coord { x: place.cell, y: place.cell };
        boundaries.around(Rect::new(rect.min() - by, rect.max() + by), &mut |b| {
            if let Some(&transition) = speaking(b) {
                let reach = reach(&transition);
                let spread = Spread::new(place, reach);
                all.push(Speaker { boundary: b.clone(), transition, reach, spread });
            }
        });
        all.sort_by(|a, b| precedence(&a.boundary.voice(0.0), &b.boundary.voice(0.0)));
        all.dedup_by(|a, b| a.boundary.id == b.boundary.id);
        Self(all)
    }

    /// Without the shores that give way to a better one everywhere.
    pub(super) fn without_outranked(mut self) -> Self {
        let mut shore = f64::NEG_INFINITY;
        let everywhere =
            |s: &Speaker| matches!(s.boundary.shape, Shape::Area(_)) && s.transition.right.is_some();
        self.0.retain(|s| !everywhere(s) || !outranked(&s.boundary, &mut shore));
        self
    }

    /// By rank.
    #[inline]
    pub(super) fn get(&self, rank: u32) -> &Speaker {
        &self.0[rank as usize]
    }

    /// All, with their ranks.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Speaker)> {
        (0..).zip(&self.0)
    }

    #[inline]
    pub(super) fn priority(&self, rank: u32) -> f64 {
        self.0[rank as usize].boundary.priority
    }
}

/// What was said for a cell so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word {
    /// Who said it; [`NONE`] if nobody did.
    pub(super) rank: u32,
    pub(super) material: MaterialId,
    /// Metres; NaN where nobody needed to know.
    pub(super) distance: f64,
}

/// Nobody spoke.
pub(super) const SILENCE: Word = Word { rank: NONE, material: MaterialId::UNSET, distance: f64::NAN };
