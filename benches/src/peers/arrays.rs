//! TileDB and icechunk, two stores of versioned arrays, as Python programs that take their turns when told to.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::harness::BenchError;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// TileDB: dense fragments with timestamps.
    TileDb,
    /// icechunk: Zarr chunks in a repository of snapshots.
    Icechunk,
}

impl Kind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::TileDb, Self::Icechunk];

    /// The peer, with its version.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TileDb => "TileDB 0.36 (Python)",
            Self::Icechunk => "icechunk 1.1 (Python)",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::TileDb => "tiledb",
            Self::Icechunk => "icechunk",
        }
    }
}

/// A cube of bytes with its history, in an interpreter of its own.
pub struct Array {
    kind: Kind,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// A cell of the array and its new value.
pub type Change = ([u32; 3], u8);

impl Array {
    /// Starts the interpreter and fills an array of `edge`³ bytes (x fastest) in tiles of `tile`³; `folder` is empty.
    ///
    /// # Errors
    /// When there is no such interpreter, it lacks the package, or the array cannot be made.
    pub fn create(
        kind: Kind,
        python: &Path,
        folder: &Path,
        volume: &[u8],
        edge: u32,
        tile: u32,
    ) -> Result<Self, BenchError> {
        let fail = |why: &dyn std::fmt::Display| BenchError::contestant(kind.name(), why);
        let file: PathBuf = folder.with_extension("volume");
        std::fs::write(&file, volume).map_err(|source| BenchError::File { path: file.clone(), source })?;
        let mut child = Command::new(python)
            .args(["-c", include_str!("arrays.py"), kind.word()])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| fail(&error))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(fail(&"it has no pipes"));
        };
        let mut array = Self { kind, child, input, output: BufReader::new(output) };
        array.ask(&json!({"do": "create", "volume": file, "edge": edge, "tile": tile}))?;
        // Read and no longer needed; a leftover would only take room.
        let _ = std::fs::remove_file(&file);
        Ok(array)
    }

    /// Which of the two it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// One commit; the seconds it took inside the interpreter.
    ///
    /// # Errors
    /// When the peer fails.
    pub fn commit(&mut self, changes: &[Change]) -> Result<f64, BenchError> {
        let cells: Vec<[u32; 4]> = changes.iter().map(|&([x, y, z], v)| [x, y, z, v.into()]).collect();
        let answer = self.ask(&json!({"do": "commit", "cells": cells}))?;
        self.number(&answer, "seconds")
    }

    /// Reads `edge`³ cells from a corner on, as they were after so many commits: the seconds it took and the
    /// CRC-32 of the cells, x fastest.
    ///
    /// # Errors
    /// When the peer fails.
    pub fn read(&mut self, version: u64, at: [u32; 3], edge: u32) -> Result<(f64, u32), BenchError> {
        let answer = self.ask(&json!({"do": "read", "version": version, "at": at, "edge": edge}))?;
        Ok((self.number(&answer, "seconds")?, self.number(&answer, "crc")? as u32))
    }

    /// Bytes of all its files.
    ///
    /// # Errors
    /// When the peer fails.
    pub fn bytes(&mut self) -> Result<f64, BenchError> {
        let answer = self.ask(&json!({"do": "bytes"}))?;
        self.number(&answer, "bytes")
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

    fn number(&self, answer: &Value, field: &str) -> Result<f64, BenchError> {
        answer[field].as_f64().ok_or_else(|| {
            BenchError::contestant(self.kind.name(), format!("no number `{field}` in {answer}"))
        })
    }
}

impl Drop for Array {
    fn drop(&mut self) {
        // It may be gone already; what matters is that nothing is left running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
