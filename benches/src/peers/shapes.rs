//! roaring-landmask and shapely, which tell points inside of polygons, as a Python program that takes its turns when
//! told to.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use geo_types::Coord;
use serde_json::{Value, json};

use crate::harness::BenchError;

/// The peer that knows the land of the world, with its version.
pub const LAND: &str = "roaring-landmask 0.11 (Python)";
/// The peer for any polygon, with its version.
pub const GEOS: &str = "GEOS 3.14 prepared (shapely 2.2)";

/// An interpreter of its own.
pub struct Shapes {
    name: &'static str,
    folder: PathBuf,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Shapes {
    /// Starts the interpreter; `folder` is for what is handed over.
    ///
    /// # Errors
    /// When there is no such interpreter.
    pub fn start(name: &'static str, python: &Path, folder: &Path) -> Result<Self, BenchError> {
        let fail = |why: &dyn std::fmt::Display| BenchError::contestant(name, why);
        let mut child = Command::new(python)
            .args(["-c", include_str!("shapes.py")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| fail(&error))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(fail(&"it has no pipes"));
        };
        Ok(Self { name, folder: folder.to_owned(), child, input, output: BufReader::new(output) })
    }

    /// Loads the land of the world and asks it one point; seconds.
    ///
    /// # Errors
    /// When the peer fails.
    pub fn land(&mut self) -> Result<f64, BenchError> {
        let answer = self.ask(&json!({"do": "land"}))?;
        self.seconds(&answer)
    }

    /// Prepares a polygon of a closed ring; seconds.
    ///
    /// # Errors
    /// When the peer fails.
    pub fn ring(&mut self, ring: &[Coord<f64>]) -> Result<f64, BenchError> {
        let file = self.hand_over(ring)?;
        let answer = self.ask(&json!({"do": "ring", "file": file}))?;
        self.seconds(&answer)
    }

    /// Sets the points that are asked, and gives the answers: whether they are inside.
    ///
    /// # Errors
    /// When the peer fails.
    pub fn points(&mut self, points: &[Coord<f64>]) -> Result<Vec<bool>, BenchError> {
        let file = self.hand_over(points)?;
        self.ask(&json!({"do": "points", "file": file}))?;
        self.ask(&json!({"do": "answers", "file": file}))?;
        let bytes = std::fs::read(&file).map_err(|source| BenchError::File { path: file.clone(), source })?;
        // Read and no longer needed; a leftover would only take room.
        let _ = std::fs::remove_file(&file);
        Ok(bytes.into_iter().map(|byte| byte != 0).collect())
    }

    /// Asks the points by so many threads; seconds.
    ///
    /// # Errors
    /// When the peer fails.
    pub fn time(&mut self, threads: usize) -> Result<f64, BenchError> {
        let answer = self.ask(&json!({"do": "time", "threads": threads}))?;
        self.seconds(&answer)
    }

    fn hand_over(&self, coords: &[Coord<f64>]) -> Result<PathBuf, BenchError> {
        let path = self.folder.join(format!("coords-{}", std::process::id()));
        let bytes: Vec<u8> = coords.iter().flat_map(|c| [c.x, c.y]).flat_map(f64::to_le_bytes).collect();
        std::fs::write(&path, bytes).map_err(|source| BenchError::File { path: path.clone(), source })?;
        Ok(path)
    }

    fn ask(&mut self, request: &Value) -> Result<Value, BenchError> {
        let fail = |why: &dyn std::fmt::Display| BenchError::contestant(self.name, why);
        writeln!(self.input, "{request}").map_err(|error| fail(&error))?;
        self.input.flush().map_err(|error| fail(&error))?;
        let mut line = String::new();
        self.output.read_line(&mut line).map_err(|error| fail(&error))?;
        if line.is_empty() {
            return Err(fail(&"it ended; run `cargo xtask peers`"));
        }
        serde_json::from_str(&line).map_err(|error| fail(&error))
    }

    fn seconds(&self, answer: &Value) -> Result<f64, BenchError> {
        let why = || BenchError::contestant(self.name, format!("no seconds in {answer}"));
        answer["seconds"].as_f64().ok_or_else(why)
    }
}

impl Drop for Shapes {
    fn drop(&mut self) {
        // It may be gone already; what matters is that nothing is left running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
