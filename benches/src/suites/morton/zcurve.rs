//! The peer zCurve, a Python package: a child process that takes its turns when told to.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::json;

use super::boxes::Search;
use crate::harness::BenchError;

pub(super) const NAME: &str = "zCurve 0.0.4 (Python)";

/// A running interpreter that has loaded the calls.
pub(super) struct ZCurve {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// Its answers to the calls, in their order.
    pub(super) answers: Vec<u64>,
}

impl ZCurve {
    /// Starts the interpreter and has it answer `calls` (code, least and greatest code of the box).
    pub(super) fn start(python: &Path, search: Search, calls: &[[u64; 3]]) -> Result<Self, BenchError> {
        let mut child = Command::new(python)
            .args(["-c", include_str!("zcurve.py")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Why it failed is in how it ended; a missing package would only print a traceback.
            .stderr(Stdio::null())
            .spawn()
            .map_err(fail)?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(fail("it has no pipes"));
        };
        let mut peer = Self { child, input, output: BufReader::new(output), answers: Vec::new() };
        let work = json!({"bigmin": search == Search::BigMin, "calls": calls});
        let line = peer.ask(&work.to_string())?;
        peer.answers = serde_json::from_str(&line).map_err(fail)?;
        Ok(peer)
    }

    /// One round: nanoseconds a call.
    pub(super) fn round(&mut self) -> Result<f64, BenchError> {
        self.ask("")?.trim().parse().map_err(fail)
    }

    fn ask(&mut self, line: &str) -> Result<String, BenchError> {
        writeln!(self.input, "{line}").map_err(fail)?;
        self.input.flush().map_err(fail)?;
        let mut answer = String::new();
        self.output.read_line(&mut answer).map_err(fail)?;
        if answer.is_empty() {
            return Err(fail("it ended; run `cargo xtask peers`"));
        }
        Ok(answer)
    }
}

impl Drop for ZCurve {
    fn drop(&mut self) {
        // It may be gone already; what matters is that nothing is left running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn fail(why: impl std::fmt::Display) -> BenchError {
    BenchError::contestant(NAME, why)
}
