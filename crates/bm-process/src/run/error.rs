//! Why a run stopped.

use std::path::PathBuf;

use crate::process::ProcessError;
use crate::scenario::ScenarioError;

/// Why a run stopped, or could not begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The scenario is not possible, or not on this land.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// A process did not advance.
    #[error("step {step}, {process}: {source}{after}")]
    Process {
        /// The step, counted from 1.
        step: u64,
        /// The process as reports call it.
        process: String,
        /// Why.
        source: ProcessError,
        /// What there is to go back to.
        after: After,
    },
    /// A process can only take steps so short that its step would have to be split too often.
    #[error(
        "step {step}, {process}: no step longer than {} is stable, so {} would be more than {most} of them; give it a \
         shorter `step`, larger cells or a higher `split-at-most`{after}",
        duration(*limit), duration(*asked)
    )]
    Unstable {
        /// The step, counted from 1.
        step: u64,
        /// The process as reports call it.
        process: String,
        /// Seconds it was asked for.
        asked: f64,
        /// The longest stable step, s.
        limit: f64,
        /// Parts allowed.
        most: u64,
        /// What there is to go back to.
        after: After,
    },
    /// A value that is none, or one where there is no land.
    #[error("step {step}, {process}: {what} of cell ({column}, {row}) has become {value}{after}")]
    NotFinite {
        /// The step, counted from 1; 0: the land came so.
        step: u64,
        /// The process as reports call it.
        process: String,
        /// `ground`, or the name of a layer.
        what: String,
        /// From the west.
        column: usize,
        /// From the south.
        row: usize,
        /// The value.
        value: f64,
        /// What there is to go back to.
        after: After,
    },
    /// A process does not account for what it did.
    #[error(
        "step {step}, {process}: {open:e} m³ of {what} unaccounted for, {share:e} of what there is (at most {guard:e})\
         {after}"
    )]
    Ledger {
        /// The step, counted from 1.
        step: u64,
        /// The process as reports call it.
        process: String,
        /// `solid`, `water` or `heat` as booked; `solid as measured`, `water as measured`.
        what: &'static str,
        /// What is open, m³ (of heat: J).
        open: f64,
        /// As a share.
        share: f64,
        /// The share allowed.
        guard: f64,
        /// What there is to go back to.
        after: After,
    },
    /// A process limited to a region changed which strata there are.
    #[error("step {step}, {process}: a process limited to a region cannot add or remove strata{after}")]
    Strata {
        /// The step, counted from 1.
        step: u64,
        /// The process as reports call it.
        process: String,
        /// What there is to go back to.
        after: After,
    },
    /// An earlier step failed; the land is half changed.
    #[error("a step failed before, the land is half changed: begin anew{after}")]
    Broken {
        /// What there is to go back to.
        after: After,
    },
}

/// What there is to go back to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct After(pub Option<PathBuf>);

impl std::fmt::Display for After {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Some(path) => write!(f, "; the last checkpoint is {}", path.display()),
            None => Ok(()),
        }
    }
}

/// Seconds as people say them.
fn duration(seconds: f64) -> String {
    let year = crate::process::YEAR;
    match seconds {
        s if s >= year => format!("{:.4} years", s / year),
        s if s >= 86_400.0 => format!("{:.4} days", s / 86_400.0),
        s if s >= 1.0 => format!("{s:.4} s"),
        s => format!("{s:e} s"),
    }
}
