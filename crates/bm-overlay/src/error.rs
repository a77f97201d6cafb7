//! Why an edit cannot be made.

use crate::journal::JournalError;
use bm_core::{ErrorKind, MaterialId, PageId, Pos, TickBox};
use bm_octree::TreeError;

/// An edit that was refused; nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// A box without a voxel in it.
    #[error("the box from {:?} to {:?} (ticks) is empty: every first must be below its last", .bounds.min, .bounds.max)]
    EmptyBox {
        /// The box.
        bounds: TickBox,
    },
    /// A cell or box that reaches out of the world.
    #[error("the box from {:?} to {:?} (ticks) reaches out of the world", .bounds.min, .bounds.max)]
    Outside {
        /// The box.
        bounds: TickBox,
    },
    /// A box whose faces cut too many pages.
    #[error(
        "the faces of the box cut {pages} pages of 32 m and 4 km, {limit} are allowed: align it to coarser cells"
    )]
    TooFine {
        /// The box.
        bounds: TickBox,
        /// Pages cut.
        pages: u64,
        /// Pages allowed.
        limit: u64,
    },
    /// A run of sub-cells that is none.
    #[error("sub-cells {from}..{to} of page {page} are no run")]
    EmptyRun {
        /// The page.
        page: PageId,
        /// First sub-cell.
        from: u32,
        /// First sub-cell beyond.
        to: u32,
    },
    /// A material the world does not know.
    #[error("material {} is not in the world's registry", .0.0)]
    UnknownMaterial(MaterialId),
    /// Voxels that do not hold what the transaction depends on.
    #[error("{}", conflicts(.0))]
    Conflicts(Vec<Conflict>),
    /// A transaction that would not fit into memory alone.
    #[error(
        "the transaction needs {bytes} bytes of the overlay, {budget} is its budget: split it, or raise the budget"
    )]
    TooLarge {
        /// Bytes it needs.
        bytes: usize,
        /// Bytes allowed.
        budget: usize,
    },
}

/// How many voxels do not hold what was expected, and the first of them.
fn conflicts(list: &[Conflict]) -> String {
    let first = list.first().map(|c| {
        let (x, y, z) = (c.pos.x(), c.pos.y(), c.pos.z());
        format!(": at ticks {x}, {y}, {z} there is material {}, not {}", c.found.0, c.expected.0)
    });
    let n = list.len();
    let what = if n == 1 { "1 voxel does".into() } else { format!("{n} voxels do") };
    format!("{what} not hold what was expected{}", first.unwrap_or_default())
}

impl EditError {
    /// The class of the failure.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Conflicts(_) => ErrorKind::Conflict,
            _ => ErrorKind::BadInput,
        }
    }
}

/// An overlay that could not do what was asked; nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OverlayError {
    /// The edit was refused.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The journal could not be read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Memory is full: something must be folded first.
    #[error(
        "edits take {bytes} bytes of memory, {budget} are allowed: fold some into pages (bm compact), or raise the budget"
    )]
    Full {
        /// Bytes held.
        bytes: usize,
        /// Bytes allowed.
        budget: usize,
    },
    /// A page has more edits than memory can name.
    #[error("page {page} has too many edits that were never folded")]
    PageFull {
        /// The page.
        page: PageId,
    },
    /// The page tree under the edits could not be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

impl OverlayError {
    /// The class of the failure.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Edit(e) => e.kind(),
            Self::Journal(e) => e.kind(),
            Self::Tree(e) => e.kind(),
            Self::Full { .. } | Self::PageFull { .. } => ErrorKind::Io,
        }
    }
}

/// A voxel that does not hold what a transaction expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The voxel.
    pub pos: Pos,
    /// What the transaction depends on.
    pub expected: MaterialId,
    /// What is there.
    pub found: MaterialId,
}
