//! A set of rings as a classifier.
//!
//! | module | what it does |
//! |---|---|
//! | `build` | rings into bytes |
//! | `layout`, `chunk`, `scale`, `bits` | the bytes: sections, pieces of rings, whole numbers for coordinates |
//! | `lattice`, `exact` | cells with exact sides, edges that cross them, ties |
//! | `blob` | bytes in memory or in a file |
//! | `search`, `batch`, `compare` | where a point lies, where many do |
//! | `patch` | a few rings changed |
//! | `walk` | edges of a box, what a box is, rows of points, rings |

mod batch;
mod bits;
mod blob;
mod build;
mod chunk;
mod compare;
mod error;
mod exact;
mod lattice;
mod layout;
#[cfg(test)]
mod naive;
mod patch;
#[cfg(test)]
mod patch_tests;
mod scale;
mod search;
#[cfg(test)]
mod tests;
mod walk;

pub use build::Progress;
pub use error::AreaError;
pub use patch::Patched;
pub use walk::Cover;

use blob::Blob;
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
/// All of it, rings and index, is one block of bytes that is used as it lies in memory or in a file; a clone shares it.
///
/// ```
/// use bm_vector::{Area, Where};
/// use geo_types::Coord;
///
/// let ring = [(0.0, 0.0), (4.0, 0.0), (4.0, 3.0), (0.0, 0.0)].map(|(x, y)| Coord { x, y });
/// let area = Area::new(vec![ring.to_vec()])?;
/// assert_eq!(area.locate(Coord { x: 3.0, y: 1.0 }), Where::Inside);
/// assert_eq!(area.locate(Coord { x: 2.0, y: 1.5 }), Where::On);
/// let again = Area::from_bytes(area.as_bytes())?;
/// assert_eq!(again.rings().next().as_deref(), Some(&ring[..]));
/// # Ok::<(), bm_vector::area::AreaError>(())
/// ```
#[derive(Clone)]
pub struct Area(Arc<Blob>);

impl Area {
    /// Of rings whose last coordinate repeats the first.
    ///
    /// # Errors
    /// When a ring is open or has no edge, or when a coordinate is no place.
    pub fn new(rings: Vec<Vec<Coord<f64>>>) -> Result<Self, AreaError> {
        Self::build(rings, None)
    }

    /// Like [`Area::new`], of rings one by one, and says how far it has come.
    ///
    /// # Errors
    /// When a ring is open or has no edge, or when a coordinate is no place.
    pub fn build<R: AsRef<[Coord<f64>]>>(
        rings: impl IntoIterator<Item = R>,
        progress: Option<Progress<'_>>,
    ) -> Result<Self, AreaError> {
        let mut checked = build::Rings::default();
        for ring in rings {
            checked.push(ring.as_ref())?;
        }
        Ok(Self(Arc::new(Blob::built(build::build(&checked, progress)?)?)))
    }

    /// Of bytes that [`Area::as_bytes`] gave. All check sums and all references are checked here, so that nothing can
    /// be found damaged later.
    ///
    /// # Errors
    /// When the bytes are damaged or something else.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Result<Self, AreaError> {
        Ok(Self(Arc::new(Blob::checked(bytes.into())?)))
    }

    /// Of a file with the bytes that [`Area::as_bytes`] gave, checked like [`Area::from_bytes`]. With the feature
    /// `mmap` the file is used where it lies, so it must not be changed while the area lives: write a new file and
    /// rename it instead.
    ///
    /// # Errors
    /// When the file cannot be read, is damaged or something else.
    pub fn open(path: impl AsRef<std::path::Path>) -> Result<Self, AreaError> {
        Ok(Self(Arc::new(Blob::open(path.as_ref())?)))
    }

    /// The area as bytes: equal rings give equal bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.bytes()
    }

    /// How many rings and how many edges there are.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        (self.0.head.rings, self.0.head.edges)
    }

    /// The smallest box around all rings; none without rings.
    #[must_use]
    pub fn bounds(&self) -> Option<Rect<f64>> {
        self.0.head.bounds
    }

    fn tree(&self) -> Tree<'_> {
        self.0.tree()
    }

    /// Where a point lies.
    #[must_use]
    pub fn locate(&self, p: Coord<f64>) -> Where {
        self.tree().locate(p).place()
    }

    /// Where a point lies, and whether edges had to be looked at: as [`Area::locate`] and not [`Area::is_settled`], at
    /// the price of one.
    #[must_use]
    pub fn look(&self, p: Coord<f64>) -> (Where, bool) {
        let found = self.tree().locate(p);
        (found.place(), found.exact)
    }

    /// Whether no edge touches the cell that a point lies in, so that [`Area::locate`] needs no exact test.
    #[must_use]
    pub fn is_settled(&self, p: Coord<f64>) -> bool {
        self.tree().settled(p).0.is_some()
    }

    /// Where points lie: the first of as many as both slices have. Several times as fast as one by one.
    pub fn locate_batch(&self, points: &[Coord<f64>], out: &mut [Where]) {
        batch::locate(&self.tree(), points, out);
    }
}

impl std::fmt::Debug for Area {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Area")
            .field("rings", &self.0.head.rings)
            .field("edges", &self.0.head.edges)
            .field("bounds", &self.0.head.bounds)
            .field("bytes", &self.as_bytes().len())
            .finish()
    }
}
