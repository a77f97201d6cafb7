//! Which boundaries have anything to say, and where.

use super::marks::Marks;
use crate::area::Area;
use crate::boundary::{Boundary, Extent, Shape, Transition};
use crate::frame::Frame;
use crate::index::pieces_of;
use imbl::OrdMap;
use std::cmp::Ordering;
use std::sync::Arc;

/// Who speaks, kept up to date change by change. A clone costs a few reference counts.
#[derive(Clone, Debug)]
pub(super) struct Speakers {
    frame: Frame,
    /// Areas that say something outside of themselves, hence are heard everywhere; the highest priority first.
    pub(super) everywhere: Arc<[Everywhere]>,
    /// How many others have a material to give.
    pub(super) local: usize,
    /// How many may say something about air.
    pub(super) airy: usize,
    /// Where those are, on the globe; none: anywhere.
    pub(super) marks: Option<Arc<Marks>>,
    /// Pieces marked, and those of them whose boundaries have gone: their marks stay.
    marked: usize,
    gone: usize,
    /// How many begin or end at which altitude, by [`key`].
    cuts: OrdMap<i64, (f64, usize)>,
    /// The altitudes, ascending.
    pub(super) levels: Arc<[f64]>,
}

/// An area that is heard everywhere.
#[derive(Clone, Debug)]
pub(super) struct Everywhere {
    pub(super) boundary: Arc<Boundary>,
    pub(super) area: Arc<Area>,
    pub(super) transition: Transition,
    /// Whether places between −180° and 180° are met under no other name.
    pub(super) one_lap: bool,
}

/// The transition of a boundary, if it names a material at all.
pub(super) fn speaking(boundary: &Boundary) -> Option<Transition> {
    boundary.transition.filter(|t| t.left.is_some() || t.right.is_some())
}

/// The area and transition of a boundary that is heard everywhere.
fn everywhere(boundary: &Boundary) -> Option<(&Arc<Area>, Transition)> {
    match (&boundary.shape, speaking(boundary)?) {
        (Shape::Area(area), transition) if transition.right.is_some() => Some((area, transition)),
        _ => None,
    }
}

/// Numbers in the order of altitudes; −0 is 0.
fn key(altitude: f64) -> i64 {
    let bits = (altitude + 0.0).to_bits() as i64;
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

impl Speakers {
    pub(super) fn new(frame: Frame) -> Self {
        Self {
            frame,
            everywhere: Arc::new([]),
            local: 0,
            airy: 0,
            marks: None,
            marked: 0,
            gone: 0,
            cuts: OrdMap::new(),
            levels: Arc::new([]),
        }
    }

    /// Takes a boundary in.
    pub(super) fn add(&mut self, boundary: &Arc<Boundary>) {
        if speaking(boundary).is_none() {
            return;
        }
        self.airy += usize::from(matches!(boundary.extent, Extent::Altitude { .. }));
        let before = self.cuts.len();
        for cut in boundary.extent.levels() {
            self.cuts.entry(key(cut)).or_insert((cut + 0.0, 0)).1 += 1;
        }
        if self.cuts.len() != before {
            self.levels = self.cuts.values().map(|(cut, _)| *cut).collect();
        }
        if let Some((area, transition)) = everywhere(boundary) {
            let one_lap = self.frame == Frame::Plane
                || area.bounds().is_none_or(|b| b.min().x >= -180.0 && b.max().x <= 180.0);
            let one = Everywhere { boundary: boundary.clone(), area: area.clone(), transition, one_lap };
            let mut all = self.everywhere.to_vec();
            let at = all.partition_point(|other| before_in_rank(&other.boundary, boundary));
            all.insert(at, one);
            self.everywhere = all.into();
            return;
        }
        self.local += 1;
        if self.frame == Frame::Geographic {
            let marks = Arc::make_mut(self.marks.get_or_insert_with(|| Arc::new(Marks::globe())));
            pieces_of(boundary, 0, self.frame, |bounds, _| {
                self.marked += 1;
                marks.mark(&bounds);
            });
        }
    }

    /// Lets a boundary go. Its marks stay until [`Speakers::is_stale`].
    pub(super) fn remove(&mut self, boundary: &Arc<Boundary>) {
        if speaking(boundary).is_none() {
            return;
        }
        self.airy -= usize::from(matches!(boundary.extent, Extent::Altitude { .. }));
        let before = self.cuts.len();
        for cut in boundary.extent.levels() {
            match self.cuts.get_mut(&key(cut)) {
                Some((_, count)) if *count > 1 => *count -= 1,
                _ => drop(self.cuts.remove(&key(cut))),
            }
        }
        if self.cuts.len() != before {
            self.levels = self.cuts.values().map(|(cut, _)| *cut).collect();
        }
        if everywhere(boundary).is_some() {
            self.everywhere =
                self.everywhere.iter().filter(|e| e.boundary.id != boundary.id).cloned().collect();
            return;
        }
        self.local -= 1;
        if self.frame == Frame::Geographic {
            pieces_of(boundary, 0, self.frame, |_, _| self.gone += 1);
        }
        if self.local == 0 {
            (self.marks, self.marked, self.gone) = (None, 0, 0);
        }
    }

    /// Whether so many marks are of boundaries that have gone that it is time to make them anew.
    pub(super) fn is_stale(&self) -> bool {
        self.gone * 4 > self.marked
    }

    /// Makes the marks anew, of these boundaries.
    pub(super) fn mark_anew<'a>(&mut self, all: impl Iterator<Item = &'a Arc<Boundary>>) {
        let mut marks = Marks::globe();
        (self.marked, self.gone) = (0, 0);
        for boundary in all.filter(|b| speaking(b).is_some() && everywhere(b).is_none()) {
            pieces_of(boundary, 0, self.frame, |bounds, _| {
                self.marked += 1;
                marks.mark(&bounds);
            });
        }
        self.marks = Some(Arc::new(marks));
    }
}

/// Whether one boundary comes before another where both lie at the same distance.
fn before_in_rank(a: &Boundary, b: &Boundary) -> bool {
    crate::boundary::precedence(&a.voice(0.0), &b.voice(0.0)) == Ordering::Less
}
