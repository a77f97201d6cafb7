//! roaring-landmask and shapely, which tell points inside of polygons, as a Python program that takes its turns when
//! told to.

use std::path::{Path, PathBuf};

use geo_types::Coord;
use serde_json::json;

use super::child::Interpreter;
use crate::harness::BenchError;

/// The peer that knows the land of the world, with its version.
pub const LAND: &str = "roaring-landmask 0.11 (Python)";
/// The peer for any polygon, with its version.
pub const GEOS: &str = "GEOS 3.14 prepared (shapely 2.2)";

/// An interpreter of its own.
pub struct Shapes {
    folder: PathBuf,
    python: Interpreter,
}

impl Shapes {
    /// Starts the interpreter; `folder` is for what is handed over.
    ///
    /// # Errors
    /// When there is no such interpreter.
    pub fn start(name: &'static str, python: &Path, folder: &Path) -> Result<Self, BenchError> {
        let python = Interpreter::start(name, python, include_str!("shapes.py"), &[])?;
        Ok(Self { python, folder: folder.to_owned() })
    }

    /// Loads the land of the world and asks it one point; seconds.
    ///
    /// # Errors
    /// When the peer fails.
    pub fn land(&mut self) -> Result<f64, BenchError> {
        self.python.number(&json!({"do": "land"}), "seconds")
    }

    /// Prepares a polygon of a closed ring; seconds.
    ///
    /// # Errors
    /// When the peer fails.
    pub fn ring(&mut self, ring: &[Coord<f64>]) -> Result<f64, BenchError> {
        let file = self.hand_over(ring)?;
        self.python.number(&json!({"do": "ring", "file": file}), "seconds")
    }

    /// Sets the points that are asked, and gives the answers: whether they are inside.
    ///
    /// # Errors
    /// When the peer fails.
    pub fn points(&mut self, points: &[Coord<f64>]) -> Result<Vec<bool>, BenchError> {
        let file = self.hand_over(points)?;
        self.python.ask(&json!({"do": "points", "file": file}))?;
        self.python.ask(&json!({"do": "answers", "file": file}))?;
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
        self.python.number(&json!({"do": "time", "threads": threads}), "seconds")
    }

    fn hand_over(&self, coords: &[Coord<f64>]) -> Result<PathBuf, BenchError> {
        let path = self.folder.join(format!("coords-{}", std::process::id()));
        let bytes: Vec<u8> = coords.iter().flat_map(|c| [c.x, c.y]).flat_map(f64::to_le_bytes).collect();
        std::fs::write(&path, bytes).map_err(|source| BenchError::File { path: path.clone(), source })?;
        Ok(path)
    }
}
