//! Where sync takes boundaries from.

use crate::boundary::{Boundary, Shape, Transition};
use crate::frame::Frame;
use crate::set::BoundarySet;
use geo_types::Rect;
use std::sync::Arc;

/// A set of boundaries that can be asked for those that matter in a box.
pub trait Boundaries {
    /// The frame of their coordinates.
    fn frame(&self) -> Frame;

    /// Calls `each` with every boundary that may speak somewhere in a closed box of the frame, once, in any order:
    /// lines whose box comes within their reach, areas that do or that name a material outside. More do no harm.
    fn around(&self, bounds: Rect<f64>, each: &mut dyn FnMut(&Arc<Boundary>));
}

/// Boundaries in a slice, all of which are looked at.
#[derive(Clone, Copy, Debug)]
pub struct Listed<'a> {
    /// The frame of their coordinates.
    pub frame: Frame,
    /// The boundaries.
    pub boundaries: &'a [Arc<Boundary>],
}

impl Boundaries for Listed<'_> {
    fn frame(&self) -> Frame {
        self.frame
    }

    fn around(&self, bounds: Rect<f64>, each: &mut dyn FnMut(&Arc<Boundary>)) {
        for boundary in self.boundaries {
            if may_speak(boundary, bounds, self.frame) {
                each(boundary);
            }
        }
    }
}

impl Boundaries for BoundarySet {
    fn frame(&self) -> Frame {
        Self::frame(self)
    }

    fn around(&self, bounds: Rect<f64>, each: &mut dyn FnMut(&Arc<Boundary>)) {
        // Boxes in the index are grown by the boundaries' reach.
        let near = self.index().intersecting(bounds, false);
        let speaks_outside = |b: &Boundary| {
            matches!(b.shape, Shape::Area(_)) && b.transition.is_some_and(|t| t.right.is_some())
        };
        near.into_iter().filter(|b| !speaks_outside(b)).chain(self.everywhere()).for_each(each);
    }
}

/// The transition of a boundary, if it names a material at all.
pub(super) fn speaking(boundary: &Boundary) -> Option<&Transition> {
    boundary.transition.as_ref().filter(|t| t.left.is_some() || t.right.is_some())
}

/// Whether a boundary may speak in a box, judged by boxes.
fn may_speak(boundary: &Boundary, bounds: Rect<f64>, frame: Frame) -> bool {
    let Some(transition) = speaking(boundary) else { return false };
    let is_area = matches!(boundary.shape, Shape::Area(_));
    if is_area && transition.right.is_some() {
        return true;
    }
    let Some(own) = boundary.bounds() else { return false };
    let reach = if is_area { 0.0 } else { reach(transition) };
    let [hx, hy] = [bounds.min().y, bounds.max().y]
        .map(|y| frame.metric(geo_types::Coord { x: 0.0, y }).half(reach))
        .into_iter()
        .fold([0.0; 2], |m: [f64; 2], h| [m[0].max(h[0]), m[1].max(h[1])]);
    let meets_y = own.min().y - hy <= bounds.max().y && own.max().y + hy >= bounds.min().y;
    let meets_x =
        |shift: f64| own.min().x + shift - hx <= bounds.max().x && own.max().x + shift + hx >= bounds.min().x;
    let laps = frame.period().map_or(0, |_| 3);
    meets_y && (-laps..=laps).any(|lap| meets_x(f64::from(lap) * frame.period().unwrap_or(0.0)))
}

/// The reach of a transition, none if it is no number to reach with.
pub(super) fn reach(transition: &Transition) -> f64 {
    let reach = transition.reach();
    if reach.is_finite() && reach > 0.0 { reach } else { 0.0 }
}
