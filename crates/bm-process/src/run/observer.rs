//! Who watches a run.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use super::totals::Totals;
use crate::process::Books;
use crate::state::State;

/// What one process did in a step.
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessReport {
    /// The process as reports call it: its name, with a number when there are several.
    pub process: String,
    /// Years it acted for; none when it was not due.
    pub years: f64,
    /// In how many parts.
    pub parts: u64,
    /// Its ledgers.
    pub books: Books,
    /// How long it took to compute, without the verification of its books.
    pub took: Duration,
}

/// What happened in a step.
#[derive(Clone, Debug, PartialEq)]
pub struct StepReport {
    /// The step, counted from 1.
    pub step: u64,
    /// Years since the scenario began, at its end.
    pub years: f64,
    /// Each process, in the order of the scenario.
    pub processes: Vec<ProcessReport>,
}

/// How far a run has come.
#[derive(Clone, Debug)]
pub struct Progress<'a> {
    /// Steps taken, since the scenario began.
    pub step: u64,
    /// Steps of the whole run.
    pub steps: u64,
    /// Years passed.
    pub years: f64,
    /// Years of the whole run.
    pub of_years: f64,
    /// Since [`Run::run`](super::Run::run) was called.
    pub elapsed: Duration,
    /// What is left if steps go on to take as long as they did.
    pub left: Duration,
    /// What happened in the last step.
    pub report: &'a StepReport,
    /// What all steps came to.
    pub totals: &'a Totals,
    /// The land as it is now.
    pub state: &'a State,
}

/// Who watches a run and may stop it. A function of [`Progress`] is one.
pub trait Observer {
    /// After each step. [`ControlFlow::Break`] stops the run, with a checkpoint.
    fn step(&mut self, progress: &Progress<'_>) -> ControlFlow<()>;

    /// After each checkpoint: its file and size.
    fn checkpoint(&mut self, path: &Path, bytes: u64) {
        let _ = (path, bytes);
    }
}

impl<F: FnMut(&Progress<'_>) -> ControlFlow<()>> Observer for F {
    fn step(&mut self, progress: &Progress<'_>) -> ControlFlow<()> {
        self(progress)
    }
}

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Observer for Unwatched {
    fn step(&mut self, _: &Progress<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}
