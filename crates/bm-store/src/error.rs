//! What can go wrong in a store, said so that the reader knows which file, which page and what to do.

use bm_core::{ErrorKind, PageError, PageId};
use std::path::PathBuf;

/// A store could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is nothing at the path.
    #[error("{}: no such world; create it first", path.display())]
    NotFound {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A new store was asked for where something exists already.
    #[error("{}: already exists; open it, or choose another path", path.display())]
    AlreadyExists {
        /// The path that is taken.
        path: PathBuf,
    },
    /// What lies at the path is no store.
    #[error("{}: not a world ({detail}); give the path of a file that this program made", path.display())]
    NotAStore {
        /// The path that was opened.
        path: PathBuf,
        /// What it is instead.
        detail: String,
    },
    /// The file was written by a newer version of the program.
    #[error("{}: format {found} is newer than {supported}, the newest known here; use a newer program", path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Format number found in the file.
        found: u32,
        /// Newest format number this version reads.
        supported: u32,
    },
    /// Another process (or another handle of this one) has the store open.
    #[error("{}: in use by another process; wait until it has finished, or open a copy", path.display())]
    Locked {
        /// The file that is locked.
        path: PathBuf,
    },
    /// The last writer was killed; only a writer may repair the file.
    #[error("{}: was not closed cleanly; open it once for writing, which repairs it without losing a commit", path.display())]
    NeedsRecovery {
        /// The file.
        path: PathBuf,
    },
    /// A write to a store that was opened for reading, or that lies where nothing may be written.
    #[error("{}: cannot be written (opened for reading, or a read-only place); open it for writing, or copy it elsewhere", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// The store is not at the version the batch was made for.
    #[error("the world is at version {found}, not at {expected}; read it again and redo the change")]
    Conflict {
        /// The version the batch demanded.
        expected: u64,
        /// The version the store is at.
        found: u64,
    },
    /// A version that the store never had.
    #[error("there is no version {version}, the newest is {newest}; ask for one up to that")]
    NoSuchVersion {
        /// The version that was asked for.
        version: u64,
        /// The newest version.
        newest: u64,
    },
    /// A version that was retired, or never kept.
    #[error("version {version} is no longer kept; the oldest that can be read is {oldest}")]
    Retired {
        /// The version that was asked for.
        version: u64,
        /// The oldest version that is kept.
        oldest: u64,
    },
    /// A page is there, but damaged.
    #[error("page {page} is damaged: {detail}; restore the world from a backup or build it again")]
    Corrupt {
        /// The damaged page.
        page: PageId,
        /// What does not fit.
        detail: String,
    },
    /// A named record is there, but damaged.
    #[error("record {name:?} is damaged: {detail}; restore the world from a backup or build it again")]
    CorruptRecord {
        /// Name of the damaged record.
        name: String,
        /// What does not fit.
        detail: String,
    },
    /// The store's own structure is damaged.
    #[error("{}: damaged: {detail}; restore the world from a backup or build it again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit, and where.
        detail: String,
    },
    /// An earlier write failed; whether its bytes reached the disk is unknown until the store is opened anew.
    #[error("{}: an earlier write failed; close the world and open it again before writing", path.display())]
    Poisoned {
        /// The file.
        path: PathBuf,
    },
    /// No room left.
    #[error("{}: no space left on the device; free some and try again, the world is unchanged", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("{}: {action}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was being done.
        action: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// A value is larger than the format holds.
    #[error("{what} has {bytes} bytes, the limit is {limit}")]
    TooLarge {
        /// The page or record.
        what: String,
        /// Its size.
        bytes: u64,
        /// The largest size that can be stored.
        limit: u64,
    },
    /// A record name that cannot be stored.
    #[error("record name {name:?} must have 1 to 255 bytes")]
    BadName {
        /// The name.
        name: String,
    },
    /// Compacting needs the store for itself.
    #[error("{}: snapshots are open; drop them and compact again", path.display())]
    SnapshotsOpen {
        /// The file.
        path: PathBuf,
    },
}

impl StoreError {
    /// Whose fault it was, for exit codes and for retry policies.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound { .. } => ErrorKind::NotFound,
            Self::NewerFormat { .. } => ErrorKind::Unsupported,
            Self::Locked { .. } | Self::Conflict { .. } | Self::SnapshotsOpen { .. } => ErrorKind::Conflict,
            Self::Corrupt { .. } | Self::CorruptRecord { .. } | Self::Damaged { .. } => ErrorKind::Corrupt,
            Self::AlreadyExists { .. }
            | Self::NotAStore { .. }
            | Self::TooLarge { .. }
            | Self::NoSuchVersion { .. }
            | Self::Retired { .. }
            | Self::BadName { .. } => ErrorKind::BadInput,
            Self::NeedsRecovery { .. }
            | Self::ReadOnly { .. }
            | Self::Poisoned { .. }
            | Self::Full { .. }
            | Self::Io { .. } => ErrorKind::Io,
        }
    }

    /// The same error as readers of single pages see it.
    #[must_use]
    pub fn for_page(self, page: PageId) -> PageError {
        let kind = self.kind();
        match self {
            Self::Corrupt { page, detail } => PageError::new(page, kind, format!("damaged: {detail}")),
            other => PageError::new(page, kind, other.to_string()),
        }
    }
}
