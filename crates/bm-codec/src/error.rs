//! Why bytes are not a page body, and why a body cannot be written.

use bm_core::ErrorKind;

/// A page body could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes end before the part named here.
    #[error("the bytes end inside {0}")]
    Truncated(&'static str),
    /// A field holds a value that no writer writes.
    #[error("{what}: {detail}")]
    Invalid {
        /// The part of the format.
        what: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// Bytes are left over after the last part.
    #[error("{0} bytes are left over after the page body")]
    Trailing(usize),
    /// Written by a newer version of this software.
    #[error("{what} has version {found}, this program reads up to {known}: update the program")]
    Newer {
        /// The part of the format.
        what: &'static str,
        /// Version in the bytes.
        found: u32,
        /// Newest version known here.
        known: u32,
    },
    /// Written by an older version of this software, in a form that is no longer read.
    #[error(
        "{what} has version {found}, this program reads version {known}: build the world anew, or use the program that wrote it"
    )]
    Older {
        /// The part of the format.
        what: &'static str,
        /// Version in the bytes.
        found: u32,
        /// Oldest version read here.
        known: u32,
    },
    /// A procedural page names a generator that is not registered.
    #[error("generator {id} version {version} is not registered: register it before opening the world")]
    UnknownGenerator {
        /// Generator id.
        id: u32,
        /// Generator version.
        version: u32,
    },
}

impl DecodeError {
    /// An [`DecodeError::Invalid`] in words.
    pub(crate) fn invalid(what: &'static str, detail: impl Into<String>) -> Self {
        Self::Invalid { what, detail: detail.into() }
    }

    /// The class of the failure.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Newer { .. } | Self::Older { .. } | Self::UnknownGenerator { .. } => ErrorKind::Unsupported,
            _ => ErrorKind::Corrupt,
        }
    }
}
