//! Why a file could not be written or read.

use crate::error::GridError;
use std::io;
use std::path::{Path, PathBuf};

/// Why a grid could not be saved or loaded. Every message names the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The system refused; when saving, what was at the path before still is.
    #[error("{}: could not {step}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was being done.
        step: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// It is a file of something else.
    #[error("{}: not a grid", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// It was written by a newer program.
    #[error("{}: grids of version {version} cannot be read, only those up to {known}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// The version it says.
        version: u32,
        /// The newest one known here.
        known: u32,
    },
    /// Its bytes are not those that were written, or were never right.
    #[error("{}: damaged at byte {at}: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where the damaged piece begins.
        at: u64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// It describes a region that cannot be.
    #[error("{}: {source}", path.display())]
    Region {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: GridError,
    },
    /// In memory it would be larger than the caller allows.
    #[error("{}: the grid takes more than the {most} bytes of memory allowed", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Bytes allowed.
        most: u64,
    },
    /// A text or the caller's bytes are too long for the format (4 GiB).
    #[error("{}: {what} is too long to be saved", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// What is too long.
        what: &'static str,
    },
}

/// The same before the file's name is known.
#[derive(Debug)]
pub(crate) enum Trouble {
    Io(&'static str, io::Error),
    Foreign,
    Version(u32),
    Damaged(u64, &'static str),
    Region(GridError),
    TooLarge(u64),
    TooLong(&'static str),
}

impl Trouble {
    pub(crate) fn of(self, path: &Path) -> FileError {
        let path = path.to_owned();
        match self {
            Self::Io(step, source) => FileError::Io { path, step, source },
            Self::Foreign => FileError::Foreign { path },
            Self::Version(version) => FileError::Version { path, version, known: super::VERSION },
            Self::Damaged(at, what) => FileError::Damaged { path, at, what },
            Self::Region(source) => FileError::Region { path, source },
            Self::TooLarge(most) => FileError::TooLarge { path, most },
            Self::TooLong(what) => FileError::TooLong { path, what },
        }
    }
}
