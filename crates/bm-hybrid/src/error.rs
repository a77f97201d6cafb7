//! Why a world cannot do what was asked.

use bm_core::{ErrorKind, OutOfWorld};
use bm_grid::file::FileError;
use bm_io::IoError;
use bm_octree::TreeError;
use bm_overlay::OverlayError;
use bm_store::StoreError;
use std::path::PathBuf;

/// A world could not be opened, read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorldError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The page tree.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The edits over the pages.
    #[error(transparent)]
    Overlay(OverlayError),
    /// The world has edits, and the journal that holds them is gone.
    #[error(
        "{0}: the folder {0}.edits with the journal of its edits is missing: put it back beside the world (copies need both)"
    )]
    NoJournal(String),
    /// A journal lies where the world's should begin.
    #[error("{0}.edits holds the journal of another world: move it away")]
    StrayJournal(String),
    /// A version that was never made.
    #[error("version {version} does not exist: the newest is {newest}")]
    NoSuchVersion {
        /// The version asked for.
        version: u64,
        /// The newest version.
        newest: u64,
    },
    /// A version that is no longer kept.
    #[error("version {version} is no longer kept: the oldest that can be read is {oldest}")]
    Retired {
        /// The version asked for.
        version: u64,
        /// The oldest version that can be read.
        oldest: u64,
    },
    /// Boundaries that cannot be.
    #[error("boundaries: {0}")]
    Boundary(bm_vector::set::SetError),
    /// A boundary whose shape or attributes are not sound.
    #[error("boundaries: {0}")]
    Unsound(bm_vector::geometry::BoundaryError),
    /// A file of a large area beside the world.
    #[error(
        "{}: {detail}; the folder belongs to the world (copies need it): put it back, or ingest the boundary again",
        path.display()
    )]
    Area {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// A file in or out.
    #[error(transparent)]
    Io(#[from] IoError),
    /// A position outside the world.
    #[error(transparent)]
    OutOfWorld(#[from] OutOfWorld),
    /// The store holds no world yet.
    #[error(
        "{0}: holds nothing yet, because its first ingest was interrupted; run the ingest again, or remove the file"
    )]
    Unfinished(String),
    /// The world's own records are damaged or newer.
    #[error("{record}: {detail}")]
    Record {
        /// Name of the record.
        record: &'static str,
        /// What is wrong with it.
        detail: String,
        /// The class of the failure.
        kind: ErrorKind,
    },
    /// The data cannot become pages.
    #[error("{what}: {detail}")]
    Data {
        /// The data.
        what: &'static str,
        /// What is wrong and what to do.
        detail: String,
    },
    /// The files of a check-out.
    #[error("check-out: {0}")]
    CheckOut(FileError),
    /// A simulation.
    #[error("simulation: {0}")]
    Run(#[from] Box<bm_process::run::RunError>),
    /// A region has changed since it was taken out of the world.
    #[error(
        "the region was taken at version {taken} and has changed until version {newest} ({cells} cells have other \
         heights); nothing was written: take it out again, or force what was simulated upon it"
    )]
    Stale {
        /// Version it was taken at.
        taken: u64,
        /// Newest version.
        newest: u64,
        /// Cells whose surface has another height now (there may be none: what lies below may differ).
        cells: u64,
    },
    /// Another commit came first.
    #[error("the world changed from version {expected} to {found} meanwhile; nothing was written: try again")]
    Changed {
        /// Version the change was made for.
        expected: u64,
        /// Version found.
        found: u64,
    },
}

impl From<OverlayError> for WorldError {
    fn from(e: OverlayError) -> Self {
        match e {
            OverlayError::Tree(e) => Self::Tree(e),
            e => Self::Overlay(e),
        }
    }
}

impl From<bm_process::run::RunError> for WorldError {
    fn from(e: bm_process::run::RunError) -> Self {
        Self::Run(Box::new(e))
    }
}

impl WorldError {
    /// The class of the failure.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Store(e) => e.kind(),
            Self::Tree(e) => e.kind(),
            Self::Overlay(e) => e.kind(),
            Self::NoJournal(_) | Self::Area { .. } => ErrorKind::Corrupt,
            Self::StrayJournal(_) | Self::NoSuchVersion { .. } | Self::Retired { .. } => ErrorKind::BadInput,
            Self::CheckOut(FileError::Io { .. } | FileError::TooLong { .. }) => ErrorKind::Io,
            Self::CheckOut(_) => ErrorKind::Corrupt,
            Self::Run(e) if matches!(**e, bm_process::run::RunError::Scenario(_)) => ErrorKind::BadInput,
            Self::Run(_) => ErrorKind::Io,
            Self::Io(e) if e.is_bad_input() => ErrorKind::BadInput,
            Self::Io(_) => ErrorKind::Io,
            Self::Record { kind, .. } => *kind,
            Self::Boundary(_)
            | Self::Unsound(_)
            | Self::OutOfWorld(_)
            | Self::Data { .. }
            | Self::Unfinished(_) => ErrorKind::BadInput,
            Self::Changed { .. } | Self::Stale { .. } => ErrorKind::Conflict,
        }
    }
}
