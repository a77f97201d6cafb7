//! Why the tree cannot answer.

use bm_codec::DecodeError;
use bm_core::{ErrorKind, OutOfWorld, PageError, PageId};

/// The page tree could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// The store could not give a page.
    #[error(transparent)]
    Page(#[from] PageError),
    /// A page's body is damaged or of another version.
    #[error("page {page}: {source}")]
    Decode {
        /// The page.
        page: PageId,
        /// What is wrong.
        source: DecodeError,
    },
    /// A directory names a page that is not there.
    #[error("page {page} is missing, though the page above it lists it: restore the world from a copy")]
    Missing {
        /// The page.
        page: PageId,
    },
    /// A page is not the one its directory speaks of.
    #[error(
        "page {page} has check sum {found:08x}, its directory says {expected:08x}: restore the world from a copy"
    )]
    Stale {
        /// The page.
        page: PageId,
        /// Check sum the directory holds.
        expected: u32,
        /// Check sum of the bytes found.
        found: u32,
    },
    /// A page refers to another one in a way no writer does.
    #[error("page {page}: {detail}")]
    Structure {
        /// The page.
        page: PageId,
        /// What is wrong.
        detail: String,
    },
    /// The position is outside the world.
    #[error(transparent)]
    OutOfWorld(#[from] OutOfWorld),
    /// A dense read would be larger than allowed.
    #[error(
        "{cells} cells are more than the {limit} that one read may return: choose a coarser level or a smaller box"
    )]
    TooLarge {
        /// Cells asked for.
        cells: u128,
        /// Most cells of one read.
        limit: u128,
    },
    /// The box has no volume inside the world.
    #[error("the box is empty or outside the world")]
    EmptyBox,
}

impl TreeError {
    /// The class of the failure.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Page(e) => e.kind,
            Self::Decode { source, .. } => source.kind(),
            Self::Missing { .. } | Self::Stale { .. } | Self::Structure { .. } => ErrorKind::Corrupt,
            Self::OutOfWorld(_) | Self::TooLarge { .. } | Self::EmptyBox => ErrorKind::BadInput,
        }
    }
}
