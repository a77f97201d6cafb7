//! A peer that is a Python program: told what to do a line at a time, it answers a line at a time.

use std::ffi::OsStr;
use std::fmt::Display;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::harness::BenchError;

/// A running interpreter; it ends when this is dropped.
#[derive(Debug)]
pub struct Interpreter {
    name: &'static str,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Interpreter {
    /// Starts `python` on the text of a program; `name` is what rows and errors call the peer.
    ///
    /// # Errors
    /// When there is no such interpreter.
    pub fn start(
        name: &'static str,
        python: &Path,
        program: &str,
        arguments: &[&OsStr],
    ) -> Result<Self, BenchError> {
        let mut child = Command::new(python)
            .args(["-c", program])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Why it failed is in how it ended; a missing package would only print a traceback.
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| BenchError::contestant(name, format!("{error}; run `cargo xtask peers`")))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(BenchError::contestant(name, "it has no pipes"));
        };
        Ok(Self { name, child, input, output: BufReader::new(output) })
    }

    /// The peer's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Sends a line and what bytes follow it; the line it answers.
    ///
    /// # Errors
    /// When it has ended.
    pub fn line(&mut self, line: &dyn Display, bytes: &[u8]) -> Result<String, BenchError> {
        let mut talk = || {
            writeln!(self.input, "{line}")?;
            self.input.write_all(bytes)?;
            self.input.flush()?;
            let mut answer = String::new();
            self.output.read_line(&mut answer)?;
            Ok::<_, std::io::Error>(answer)
        };
        match talk() {
            Ok(answer) if answer.is_empty() => Err(self.fail("it ended; run `cargo xtask peers`")),
            answer => answer.map_err(|error| self.fail(error)),
        }
    }

    /// Sends a request; the answer.
    ///
    /// # Errors
    /// When it has ended or answers something else.
    pub fn ask(&mut self, request: &Value) -> Result<Value, BenchError> {
        let answer = self.line(request, &[])?;
        serde_json::from_str(&answer).map_err(|error| self.fail(error))
    }

    /// Sends a request; the number of this name in the answer.
    ///
    /// # Errors
    /// When it has ended or answers something else.
    pub fn number(&mut self, request: &Value, field: &str) -> Result<f64, BenchError> {
        let answer = self.ask(request)?;
        self.number_in(&answer, field)
    }

    /// The number of this name in an answer.
    ///
    /// # Errors
    /// When there is none.
    pub fn number_in(&self, answer: &Value, field: &str) -> Result<f64, BenchError> {
        answer[field].as_f64().ok_or_else(|| self.fail(format!("no number `{field}` in {answer}")))
    }

    fn fail(&self, why: impl Display) -> BenchError {
        BenchError::contestant(self.name, why)
    }
}

impl Drop for Interpreter {
    fn drop(&mut self) {
        // It may be gone already; what matters is that nothing is left running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
