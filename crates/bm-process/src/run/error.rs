//! Why a run stopped.

use std::fmt;
use std::path::PathBuf;

use super::checkpoint::CheckpointError;
use crate::process::{ProcessError, YEAR};
use crate::scenario::ScenarioError;

/// Why a run stopped, or could not begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The scenario is not possible, or not on this land.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// There is nothing to run a scenario on.
    #[error("the land: {0}")]
    Land(String),
    /// A step failed; the land is half changed.
    #[error(transparent)]
    Step(#[from] Box<StepError>),
    /// A checkpoint could not be saved; the land is whole, and the run can go on.
    #[error(transparent)]
    Save(#[from] Box<SaveError>),
    /// The folder of checkpoints cannot be used, or none of them be read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// An earlier step failed.
    #[error("a step failed before, the land is half changed: begin anew{0}")]
    Broken(After),
}

/// A step that failed.
#[derive(Debug, thiserror::Error)]
#[error("step {step}, {process}: {problem}{after}")]
#[non_exhaustive]
pub struct StepError {
    /// The step, counted from 1; 0: the land came so.
    pub step: u64,
    /// The process as reports call it.
    pub process: String,
    /// What happened.
    pub problem: Problem,
    /// What there is to go back to.
    pub after: After,
}

/// A checkpoint that could not be saved.
#[derive(Debug, thiserror::Error)]
#[error("no checkpoint after step {step}: {source}{after}")]
#[non_exhaustive]
pub struct SaveError {
    /// The steps taken.
    pub step: u64,
    /// Why.
    pub source: CheckpointError,
    /// The checkpoint there is.
    pub after: After,
}

/// What happened to a process in a step.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// It did not advance.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// It can only take steps so short that its step would have to be split too often.
    #[error(
        "no step longer than {} is stable, so {} would be more than {most} of them; give it a shorter `step`, larger \
         cells or the scenario a higher `split-at-most`",
        Span(*limit), Span(*asked)
    )]
    Unstable {
        /// Seconds it was asked for.
        asked: f64,
        /// The longest stable step, s.
        limit: f64,
        /// Parts allowed.
        most: u64,
    },
    /// A value that is none, or one where there is no land.
    #[error("{what} of cell ({column}, {row}) has become {value}")]
    NotFinite {
        /// `ground`, or the name of a layer.
        what: String,
        /// From the west.
        column: usize,
        /// From the south.
        row: usize,
        /// The value.
        value: f64,
    },
    /// It does not account for what it did.
    #[error("{what}: {open:e} unaccounted for, {share:e} of what there is (at most {guard:e})")]
    Ledger {
        /// `solid`, `water` or `heat` as booked; `solid as measured`, `water as measured`.
        what: &'static str,
        /// What is open, m³ (of heat: J).
        open: f64,
        /// As a share.
        share: f64,
        /// The share allowed.
        guard: f64,
    },
    /// It is limited to a region and changed which strata there are.
    #[error("a process limited to a region cannot add or remove strata")]
    Strata,
}

/// What there is to go back to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct After(pub Option<PathBuf>);

impl fmt::Display for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(path) => write!(f, "; the last checkpoint is {}", path.display()),
            None => Ok(()),
        }
    }
}

/// Seconds as people say them.
struct Span(f64);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            s if s >= YEAR => write!(f, "{} years", (s / YEAR * 1e4).round() / 1e4),
            s if s >= 86_400.0 => write!(f, "{} days", (s / 86_400.0 * 1e4).round() / 1e4),
            s if s >= 1.0 => write!(f, "{} s", (s * 1e4).round() / 1e4),
            s => write!(f, "{s:.4e} s"),
        }
    }
}
