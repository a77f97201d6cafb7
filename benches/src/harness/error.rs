//! What can go wrong while measuring.

use std::path::PathBuf;

/// Why a suite could not be measured or reported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BenchError {
    /// A contestant could not do its work.
    #[error("{who}: {why}")]
    Contestant {
        /// The contestant, as the row names it.
        who: String,
        /// What went wrong, with the cure where one is known.
        why: String,
    },
    /// A measured value is not a positive finite number, so no ratio can be made from it.
    #[error("{case}: measured {value}, which is not a positive number")]
    Value {
        /// The case.
        case: String,
        /// The value.
        value: f64,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A stored report is not what this program writes.
    #[error("{path} is not a bench report: {source}; delete it and run the suites again")]
    Report {
        /// The file.
        path: PathBuf,
        /// Where it departs from the format.
        source: serde_json::Error,
    },
    /// The terminal (or pipe) does not take our output.
    #[error("cannot print: {0}")]
    Print(#[from] std::io::Error),
}

impl BenchError {
    /// A contestant's failure.
    pub fn contestant(who: impl Into<String>, why: impl std::fmt::Display) -> Self {
        Self::Contestant { who: who.into(), why: why.to_string() }
    }
}
