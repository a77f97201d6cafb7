//! What can go wrong in a journal.

use bm_core::ErrorKind;
use std::io;
use std::sync::Arc;

/// The journal could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// There is no journal in the folder.
    #[error("no journal is here; create one")]
    Missing,
    /// A new journal was asked for where one exists.
    #[error("a journal is here already; open it, or choose another folder")]
    Exists,
    /// The folder holds the journal of another world.
    #[error(
        "the journal has the id {found:016x}, not {expected:016x}: it belongs to another world; put the right folder back"
    )]
    Foreign {
        /// The id that was asked for.
        expected: u64,
        /// The id in the files.
        found: u64,
    },
    /// The files are of another format: of a newer version of the program, or of an unreleased one before it.
    #[error(
        "journal format {found}, but this program reads {supported}; use the program that wrote it, or ingest the data again"
    )]
    OtherFormat {
        /// Format number found.
        found: u32,
        /// Newest format number this version reads.
        supported: u32,
    },
    /// Bytes that were known to be on the disk are not what was written.
    #[error(
        "journal segment {segment} is damaged at byte {offset}: {detail}; restore the world from a backup"
    )]
    Damaged {
        /// Number of the segment, as in its file name.
        segment: u32,
        /// Place in the file, bytes.
        offset: u64,
        /// What does not fit.
        detail: String,
    },
    /// The payload of a record (edits) cannot be read.
    #[error("edits cannot be decoded: {0}")]
    Edits(&'static str),
    /// A record that the journal cannot hold.
    #[error("{what} of {found} bytes is more than the {max} a record holds; make it smaller")]
    TooLarge {
        /// Which part.
        what: &'static str,
        /// Its size in bytes.
        found: usize,
        /// The most that fits.
        max: usize,
    },
    /// A sequence number that is not above the last one.
    #[error("record {found} cannot follow record {last}; sequence numbers ascend")]
    Order {
        /// The number that was given.
        found: u64,
        /// The last number in the journal.
        last: u64,
    },
    /// Records that were retired.
    #[error("record {asked} is no longer kept; the oldest is {first}")]
    Retired {
        /// The record that was asked for.
        asked: u64,
        /// The oldest that can be read.
        first: u64,
    },
    /// A write or a sync failed. What reached the disk is unknown until the journal is opened anew.
    #[error("the journal stopped when it {reason}; nothing more is acknowledged until it is opened again")]
    Poisoned {
        /// What failed first.
        reason: Arc<str>,
        /// The system's class of that failure.
        kind: io::ErrorKind,
    },
    /// A write to a journal that was opened for reading.
    #[error("the journal was opened for reading; open it for writing")]
    ReadOnly,
    /// The system refused.
    #[error("could not {doing} the journal: {source}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Whoever was handed the records refused one.
    #[error("{0}")]
    Refused(String),
}

impl JournalError {
    pub(super) fn io(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, source }
    }

    pub(super) fn damaged(segment: u32, offset: impl Into<u64>, detail: impl Into<String>) -> Self {
        Self::Damaged { segment, offset: offset.into(), detail: detail.into() }
    }

    /// Whose fault it was.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Missing | Self::Retired { .. } => ErrorKind::NotFound,
            Self::OtherFormat { .. } => ErrorKind::Unsupported,
            Self::Damaged { .. } | Self::Edits(_) => ErrorKind::Corrupt,
            Self::Poisoned { .. } | Self::Io { .. } => ErrorKind::Io,
            Self::Exists
            | Self::Foreign { .. }
            | Self::TooLarge { .. }
            | Self::Order { .. }
            | Self::ReadOnly
            | Self::Refused(_) => ErrorKind::BadInput,
        }
    }
}
