//! numpy and zarr, as Python programs that save and load when told to.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::harness::BenchError;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Arrays as they are.
    Numpy,
    /// Compressed chunks.
    Zarr,
}

impl Kind {
    pub(super) const ALL: [Self; 2] = [Self::Numpy, Self::Zarr];

    /// The peer, as rows name it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Numpy => "numpy .npy (Python)",
            Self::Zarr => "zarr 3 (Python)",
        }
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Numpy => "numpy",
            Self::Zarr => "zarr",
        }
    }
}

/// Name, numpy's name of the type, and bytes of an array.
pub(super) type Plain = (&'static str, &'static str, Vec<u8>);

/// Rasters in an interpreter.
pub(super) struct Rasters {
    kind: Kind,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Rasters {
    /// Starts the interpreter, hands it arrays of `edge`² values, and saves them once.
    pub(super) fn start(
        kind: Kind,
        python: &Path,
        folder: &Path,
        edge: u32,
        arrays: &[Plain],
    ) -> Result<Self, BenchError> {
        let fail = |why: &dyn std::fmt::Display| BenchError::contestant(kind.name(), why);
        let mut child = Command::new(python)
            .args(["-c", include_str!("rasters.py"), kind.word()])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| fail(&error))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(fail(&"it has no pipes"));
        };
        let mut rasters = Self { kind, child, input, output: BufReader::new(output) };
        let file = folder.with_extension("plain");
        for (name, kind, bytes) in arrays {
            std::fs::write(&file, bytes).map_err(|source| BenchError::File { path: file.clone(), source })?;
            rasters.ask(&json!({"do": "take", "name": name, "type": kind, "edge": edge, "file": file}))?;
        }
        // Read and no longer needed; a leftover would only take room.
        let _ = std::fs::remove_file(&file);
        rasters.seconds("save")?;
        Ok(rasters)
    }

    pub(super) const fn kind(&self) -> Kind {
        self.kind
    }

    /// Seconds that saving or loading took inside the interpreter.
    pub(super) fn seconds(&mut self, what: &str) -> Result<f64, BenchError> {
        self.number(what)
    }

    /// The number it answers with.
    pub(super) fn number(&mut self, what: &str) -> Result<f64, BenchError> {
        let answer = self.ask(&json!({ "do": what }))?;
        let missing = || BenchError::contestant(self.kind.name(), format!("no number in {answer}"));
        answer["number"].as_f64().ok_or_else(missing)
    }

    /// Whether it loads what it was given.
    pub(super) fn is_same(&mut self, arrays: &[Plain]) -> Result<bool, BenchError> {
        self.seconds("load")?;
        let answer = self.ask(&json!({"do": "sums"}))?;
        let sum = |name: &str| answer["sums"][name].as_u64();
        Ok(arrays.iter().all(|(name, _, bytes)| sum(name) == Some(crc32fast::hash(bytes).into())))
    }

    fn ask(&mut self, request: &Value) -> Result<Value, BenchError> {
        let fail = |why: &dyn std::fmt::Display| BenchError::contestant(self.kind.name(), why);
        writeln!(self.input, "{request}").map_err(|error| fail(&error))?;
        self.input.flush().map_err(|error| fail(&error))?;
        let mut line = String::new();
        self.output.read_line(&mut line).map_err(|error| fail(&error))?;
        if line.is_empty() {
            return Err(fail(&"it ended; run `cargo xtask peers`"));
        }
        serde_json::from_str(&line).map_err(|error| fail(&error))
    }
}

impl Drop for Rasters {
    fn drop(&mut self) {
        // It may be gone already; what matters is that nothing is left running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
