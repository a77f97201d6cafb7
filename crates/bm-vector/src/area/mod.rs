//! A set of rings as a classifier.
//!
//! | module | what it does |
//! |---|---|
//! | `build` | rings into bytes |
//! | `layout`, `chunk`, `scale`, `bits` | the bytes: sections, pieces of rings, whole numbers for coordinates |
//! | `lattice`, `exact` | cells with exact sides, edges that cross them, ties |
//! | `search`, `batch`, `compare` | where a point lies, where many do |
//! | `walk` | edges of a box, nearest point, boxes |

mod batch;
mod bits;
mod build;
mod chunk;
mod compare;
mod error;
mod exact;
mod lattice;
mod layout;
#[cfg(test)]
mod naive;
mod scale;
mod search;
#[cfg(test)]
mod tests;
mod walk;

pub use build::Progress;
pub use error::AreaError;

use geo_types::{Coord, Rect};
use search::Tree;
use std::sync::Arc;

/// Where a point lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Where {
    /// Inside.
    Inside,
    /// Outside.
    Outside,
    /// Exactly on an edge or a vertex.
    On,
}

impl Where {
    #[inline(always)]
    const fn of(inside: bool) -> Self {
        if inside { Self::Inside } else { Self::Outside }
    }
}

/// A set of closed rings, inside and outside by the even–odd rule.
///
/// All of it, rings and index, is one block of bytes that is used as it lies in memory or in a file.
#[derive(Clone)]
pub struct Area {
    bytes: Arc<[u8]>,
    head: Arc<(layout::Head, layout::Sections)>,
}

impl Area {
    /// Of rings whose last coordinate repeats the first.
    ///
    /// # Errors
    /// When a ring is open, has fewer than four coordinates, or one that is no place.
    pub fn new<R: AsRef<[Coord<f64>]>>(rings: impl IntoIterator<Item = R>) -> Result<Self, AreaError> {
        Self::build(rings, None)
    }

    /// Like [`Area::new`], and says how far it has come.
    ///
    /// # Errors
    /// When a ring is open, has fewer than four coordinates, or one that is no place.
    pub fn build<R: AsRef<[Coord<f64>]>>(
        rings: impl IntoIterator<Item = R>,
        progress: Option<Progress<'_>>,
    ) -> Result<Self, AreaError> {
        let mut checked = build::Rings::default();
        for ring in rings {
            checked.push(ring.as_ref())?;
        }
        let bytes = build::build(&checked, progress)?;
        let head = layout::Head::read(&bytes)?;
        Ok(Self { bytes: bytes.into(), head: Arc::new(head) })
    }

    /// Of bytes that [`Area::as_bytes`] gave. All check sums and all references are checked here, so that nothing can
    /// be found damaged later.
    ///
    /// # Errors
    /// When the bytes are damaged or something else.
    pub fn from_bytes(bytes: impl Into<Arc<[u8]>>) -> Result<Self, AreaError> {
        let bytes = bytes.into();
        let (head, sections) = layout::Head::read(&bytes)?;
        layout::verify(&bytes, &sections)?;
        layout::check(&bytes, &head, &sections)?;
        Ok(Self { bytes, head: Arc::new((head, sections)) })
    }

    /// The area as bytes: equal rings give equal bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The smallest box around all rings; none without rings.
    #[must_use]
    pub fn bounds(&self) -> Option<Rect<f64>> {
        self.head.0.bounds
    }

    fn tree(&self) -> Tree<'_> {
        Tree::new(&self.bytes, &self.head.0, &self.head.1)
    }

    /// Where a point lies.
    #[must_use]
    pub fn locate(&self, p: Coord<f64>) -> Where {
        self.tree().locate(p).place()
    }

    /// Where points lie: the first of as many as both slices have. Several times as fast as one by one.
    pub fn locate_batch(&self, points: &[Coord<f64>], out: &mut [Where]) {
        batch::locate(&self.tree(), points, out);
    }
}

impl std::fmt::Debug for Area {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Area")
            .field("rings", &self.head.0.rings)
            .field("edges", &self.head.0.edges)
            .field("bounds", &self.head.0.bounds)
            .field("bytes", &self.bytes.len())
            .finish()
    }
}
