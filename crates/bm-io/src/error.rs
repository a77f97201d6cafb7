//! What can go wrong with a file, and what to do about it.

use std::io;

/// Why a file could not be read or written.
///
/// Every variant names the file (`path`), the place in it, the problem and the cure, because the
/// person who meets the message usually did not write the program that prints it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IoError {
    /// The operating system refused.
    #[error("{path}: cannot {action}: {source}; {cure}")]
    Os {
        /// The file or directory.
        path: String,
        /// What was tried: "open", "read", "rename", …
        action: &'static str,
        /// The system's own reason.
        source: io::Error,
        /// What to do about it.
        cure: String,
    },
    /// The bytes break the rules of their own format: truncated, flipped, or not that format.
    #[error("{path}: {place}: {problem}; {cure}")]
    Damaged {
        /// The file.
        path: String,
        /// Where in the file.
        place: String,
        /// What is wrong there.
        problem: String,
        /// What to do about it.
        cure: String,
    },
    /// A sound file that uses something this crate does not read.
    #[error("{path}: {place}: {problem}; {cure}")]
    Unsupported {
        /// The file.
        path: String,
        /// Where in the file.
        place: String,
        /// What is not supported.
        problem: String,
        /// What to do about it.
        cure: String,
    },
    /// A sound file whose content is not what was asked for: no relief in it, uneven axes,
    /// heights no planet has.
    #[error("{path}: {place}: {problem}; {cure}")]
    Unsuitable {
        /// The file.
        path: String,
        /// Where in the file.
        place: String,
        /// Why the content does not serve.
        problem: String,
        /// What to do about it.
        cure: String,
    },
    /// The caller's own arrays or options do not fit together.
    #[error("{what}: {problem}; {cure}")]
    Argument {
        /// Which argument.
        what: String,
        /// What does not fit.
        problem: String,
        /// What to do about it.
        cure: String,
    },
}

impl IoError {
    /// True if the input was bad (a program should exit with 2), false if the work failed for a
    /// reason outside the input, such as a full disk (exit with 1).
    #[must_use]
    pub fn is_bad_input(&self) -> bool {
        match self {
            Self::Os { action, source, .. } => {
                matches!(*action, "open" | "read")
                    && matches!(
                        source.kind(),
                        io::ErrorKind::NotFound
                            | io::ErrorKind::IsADirectory
                            | io::ErrorKind::InvalidInput
                            | io::ErrorKind::PermissionDenied
                    )
            }
            _ => true,
        }
    }

    /// The file concerned, if there is one.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::Os { path, .. }
            | Self::Damaged { path, .. }
            | Self::Unsupported { path, .. }
            | Self::Unsuitable { path, .. } => Some(path),
            Self::Argument { .. } => None,
        }
    }

    pub(crate) fn argument(
        what: impl Into<String>,
        problem: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        Self::Argument { what: what.into(), problem: problem.into(), cure: cure.into() }
    }
}

/// A finding without its file: parsers work on bytes and do not know the path.
#[derive(Debug)]
pub(crate) struct Fault {
    kind: Kind,
    place: String,
    problem: String,
    cure: String,
    #[cfg(feature = "vector")]
    for_all: bool,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Damaged,
    Unsupported,
    Unsuitable,
}

/// The cure for most damage.
pub(crate) const FETCH_AGAIN: &str = "fetch or copy the file again";

impl Fault {
    fn new(kind: Kind, place: String, problem: String, cure: String) -> Self {
        Self {
            kind,
            place,
            problem,
            cure,
            #[cfg(feature = "vector")]
            for_all: false,
        }
    }

    pub(crate) fn damaged(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::new(Kind::Damaged, place.into(), problem.into(), FETCH_AGAIN.into())
    }

    pub(crate) fn unsupported(
        place: impl Into<String>,
        problem: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        Self::new(Kind::Unsupported, place.into(), problem.into(), cure.into())
    }

    pub(crate) fn unsuitable(
        place: impl Into<String>,
        problem: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        Self::new(Kind::Unsuitable, place.into(), problem.into(), cure.into())
    }

    /// Puts the file's name to the finding.
    pub(crate) fn at(self, path: &str) -> IoError {
        let Self { kind, place, problem, cure, .. } = self;
        let path = path.to_owned();
        match kind {
            Kind::Damaged => IoError::Damaged { path, place, problem, cure },
            Kind::Unsupported => IoError::Unsupported { path, place, problem, cure },
            Kind::Unsuitable => IoError::Unsuitable { path, place, problem, cure },
        }
    }
}

#[cfg(feature = "vector")]
impl Fault {
    /// The same, in a part of the file.
    pub(crate) fn within(mut self, part: &str) -> Self {
        self.place = if self.place.is_empty() { part.to_owned() } else { format!("{part}: {}", self.place) };
        self
    }

    /// A finding about the whole file, though it showed in one feature.
    pub(crate) fn for_all(mut self) -> Self {
        self.for_all = true;
        self
    }

    /// True if leaving out the feature would be no cure.
    pub(crate) fn concerns_all(&self) -> bool {
        self.for_all
    }

    /// Place and problem, for a list.
    pub(crate) fn reason(&self) -> String {
        if self.place.is_empty() { self.problem.clone() } else { format!("{}: {}", self.place, self.problem) }
    }
}
