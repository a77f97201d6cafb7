//! The peer zCurve, a Python package: a child process that takes its turns when told to.

use std::path::Path;

use serde_json::json;

use super::boxes::Search;
use crate::harness::BenchError;
use crate::peers::child::Interpreter;

pub(super) const NAME: &str = "zCurve 0.0.4 (Python)";

/// A running interpreter that has loaded the calls.
pub(super) struct ZCurve {
    python: Interpreter,
    /// Its answers to the calls, in their order.
    pub(super) answers: Vec<u64>,
}

impl ZCurve {
    /// Starts the interpreter and has it answer `calls` (code, least and greatest code of the box).
    pub(super) fn start(python: &Path, search: Search, calls: &[[u64; 3]]) -> Result<Self, BenchError> {
        let mut python = Interpreter::start(NAME, python, include_str!("zcurve.py"), &[])?;
        let work = json!({"bigmin": search == Search::BigMin, "calls": calls});
        let answers = serde_json::from_str(&python.line(&work, &[])?).map_err(fail)?;
        Ok(Self { python, answers })
    }

    /// One round: nanoseconds a call.
    pub(super) fn round(&mut self) -> Result<f64, BenchError> {
        self.python.line(&"", &[])?.trim().parse().map_err(fail)
    }
}

fn fail(why: impl std::fmt::Display) -> BenchError {
    BenchError::contestant(NAME, why)
}
