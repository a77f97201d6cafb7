//! All boundaries of one version of a world, and who speaks at a place.
//!
//! | part | what it holds |
//! |---|---|
//! | [`BoundarySet`] | the boundaries; changes make another set and leave this one as it is |
//! | [`BoundarySet::resolve`] | what a place becomes |
//! | [`Pinned`] | the same for many places of a region |
//!
//! ```
//! use bm_core::{MaterialId, Phase};
//! use bm_vector::{Boundary, Extent, Frame, Kind, Shape, Transition, set::{BoundarySet, Change}};
//! use geo_types::{Coord, line_string};
//!
//! let fault = Boundary {
//!     id: "fault".into(), kind: Kind::Fault, extent: Extent::Ground, priority: 1.0, precision: 1.0,
//!     shape: Shape::Lines(vec![line_string![(x: 50.0, y: 0.0), (x: 50.0, y: 100.0)]]),
//!     transition: Some(Transition {
//!         left: Some(MaterialId::BASALT), right: Some(MaterialId::GRANITE), ..Transition::default()
//!     }),
//!     properties: Default::default(),
//! };
//! let before = BoundarySet::new(Frame::Plane);
//! let after = before.apply(&[Change::Put(fault)])?;
//! let at = |x| Coord { x, y: 50.0 };
//! let solid = |_| Phase::Solid;
//! let answer = after.resolve(at(50.1), 1.0, MaterialId::ROCK, &solid, None).unwrap();
//! assert_eq!(answer.material, MaterialId::GRANITE);
//! assert!(after.resolve(at(60.0), 1.0, MaterialId::ROCK, &solid, None).is_none());
//! assert!(before.resolve(at(50.1), 1.0, MaterialId::ROCK, &solid, None).is_none());
//! # Ok::<(), bm_vector::set::SetError>(())
//! ```

mod marks;
mod pinned;
mod resolve;
mod speakers;

pub use pinned::Pinned;
pub use resolve::Answer;
pub(crate) use resolve::outranked;

use crate::boundary::{Boundary, BoundaryId, Side};
use crate::frame::Frame;
use crate::index::{BoundaryIndex, IndexError};
use bm_core::Phase;
use geo_types::{Coord, Rect};
use speakers::Speakers;
use std::sync::Arc;

/// A change of a set.
#[derive(Clone, Debug)]
pub enum Change {
    /// Adds a boundary, or puts it in the place of the one with its id.
    Put(Boundary),
    /// Takes the boundary of an id out.
    Remove(BoundaryId),
}

/// Why changes were refused; none of them was made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("change {number}: {reason}")]
#[non_exhaustive]
pub struct SetError {
    /// Which of the changes, from 0.
    pub number: usize,
    /// Why.
    #[source]
    pub reason: IndexError,
}

/// The boundary nearest to a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Nearest {
    /// Which.
    pub id: BoundaryId,
    /// Distance in metres of its line, or of the edge of its area.
    pub distance: f64,
    /// On which side of it the place lies; none on the line, beyond its end, and where nearest places disagree.
    pub side: Option<Side>,
}

/// All boundaries of one version. Immutable; a clone costs a few reference counts.
#[derive(Clone, Debug)]
pub struct BoundarySet {
    index: BoundaryIndex,
    speakers: Speakers,
}

impl BoundarySet {
    /// No boundaries.
    #[must_use]
    pub fn new(frame: Frame) -> Self {
        Self { index: BoundaryIndex::new(frame), speakers: Speakers::new(frame) }
    }

    /// Many boundaries at once, indexed faster than one by one.
    ///
    /// # Errors
    /// When two have the same id or one is not finite.
    pub fn bulk_load(
        frame: Frame,
        boundaries: impl IntoIterator<Item = Arc<Boundary>>,
    ) -> Result<Self, IndexError> {
        let index = BoundaryIndex::bulk_load(frame, boundaries)?;
        let mut speakers = Speakers::new(frame);
        index.iter().for_each(|boundary| speakers.add(boundary));
        Ok(Self { index, speakers })
    }

    /// The set after some changes, in their order: all of them, or none.
    ///
    /// # Errors
    /// [`SetError`] with the first change that cannot be made.
    pub fn apply(&self, changes: &[Change]) -> Result<Self, SetError> {
        let mut next = self.clone();
        for (number, change) in changes.iter().enumerate() {
            next.change(change).map_err(|reason| SetError { number, reason })?;
        }
        if next.speakers.is_stale() {
            next.speakers.mark_anew(next.index.iter());
        }
        Ok(next)
    }

    fn change(&mut self, change: &Change) -> Result<(), IndexError> {
        match change {
            Change::Put(boundary) => {
                let boundary = Arc::new(boundary.clone());
                if self.index.get(&boundary.id).is_some() {
                    let old = self.index.replace(boundary.clone())?;
                    self.speakers.remove(&old);
                } else {
                    self.index.insert(boundary.clone())?;
                }
                self.speakers.add(&boundary);
            }
            Change::Remove(id) => self.speakers.remove(&self.index.remove(id)?),
        }
        Ok(())
    }

    /// Areas that say something outside of themselves.
    pub(crate) fn everywhere(&self) -> impl Iterator<Item = &Arc<Boundary>> {
        self.speakers.everywhere.iter().map(|one| &one.boundary)
    }

    /// Bytes of index and marks, without the boundaries; those of maps are estimated.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.index.memory_bytes() + self.speakers.marks.as_ref().map_or(0, |marks| marks.bytes())
    }

    /// The boundaries by place.
    #[must_use]
    pub const fn index(&self) -> &BoundaryIndex {
        &self.index
    }

    /// The plane of coordinates.
    #[must_use]
    pub const fn frame(&self) -> Frame {
        self.index.frame()
    }

    /// Number of boundaries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// The boundary of an id.
    #[must_use]
    pub fn get(&self, id: &BoundaryId) -> Option<&Arc<Boundary>> {
        self.index.get(id)
    }

    /// Every boundary, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Boundary>> {
        self.index.iter()
    }

    /// Altitudes in metres at which boundaries may begin or end to speak, ascending: between two of them, from one
    /// inclusive to the next, what [`BoundarySet::resolve`] says about a material does not change.
    #[must_use]
    pub fn levels(&self) -> &[f64] {
        &self.speakers.levels
    }

    /// Whether any boundary may speak about materials of a phase: what need not be asked any further if not.
    #[inline]
    #[must_use]
    pub const fn speaks_of(&self, phase: Phase) -> bool {
        self.speakers.airy > 0 || !matches!(phase, Phase::Gas)
    }

    /// The nearest boundary within `radius` metres, with its distance and the side of it.
    #[must_use]
    pub fn near(&self, p: Coord<f64>, radius: f64) -> Option<Nearest> {
        let hit = self.index.nearest(p, 1, radius).into_iter().next()?;
        Some(Nearest { id: hit.boundary.id.clone(), distance: hit.distance?, side: hit.side })
    }

    /// Boundaries that touch a box, by id: what a region of the world has to know.
    #[must_use]
    pub fn intersecting(&self, window: Rect<f64>) -> Vec<&Arc<Boundary>> {
        self.index.intersecting(window, true)
    }
}
