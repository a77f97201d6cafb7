//! numpy and landlab, as a Python program that does what it is told.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::child::Interpreter;
use crate::harness::BenchError;

/// The interpreter, at work until dropped.
pub struct Flows {
    python: Interpreter,
    folder: PathBuf,
}

impl Flows {
    /// Starts it; rasters go through files in `folder`.
    ///
    /// # Errors
    /// When there is no such interpreter.
    pub fn start(python: &Path, folder: &Path) -> Result<Self, BenchError> {
        let python = Interpreter::start("python", python, include_str!("flows.py"), &[])?;
        Ok(Self { python, folder: folder.to_path_buf() })
    }

    /// `steps` explicit sub-steps of heat by numpy on cells of 1 m with closed edges; the seconds they took.
    /// One diffusivity, or one for each cell.
    ///
    /// # Errors
    /// When the peer fails.
    pub fn heat(
        &mut self,
        width: usize,
        values: &mut Vec<f64>,
        diffusivity: Result<f64, &[f64]>,
        step: f64,
        steps: usize,
    ) -> Result<f64, BenchError> {
        let file = self.write("values", values)?;
        let (alpha, each) = match diffusivity {
            Ok(alpha) => (alpha, None),
            Err(each) => (0.0, Some(self.write("diffusivity", each)?)),
        };
        let answer = self.python.ask(&json!({
            "do": "heat", "values": file, "width": width, "diffusivity": each, "alpha": alpha,
            "step": step, "steps": steps,
        }))?;
        *values = read(&file)?;
        self.python.number_in(&answer, "seconds")
    }

    /// Water by landlab's `OverlandFlow` for so many seconds: the seconds it took and its steps.
    ///
    /// # Errors
    /// When the peer fails.
    pub fn water(
        &mut self,
        (width, cell): (usize, f64),
        bed: &[f64],
        depth: &mut Vec<f64>,
        manning: f64,
        seconds: f64,
    ) -> Result<(f64, f64), BenchError> {
        let (ground, file) = (self.write("bed", bed)?, self.write("depth", depth)?);
        let answer = self.python.ask(&json!({
            "do": "water", "bed": ground, "depth": file, "width": width, "cell": cell, "manning": manning,
            "seconds": seconds,
        }))?;
        *depth = read(&file)?;
        Ok((self.python.number_in(&answer, "seconds")?, self.python.number_in(&answer, "steps")?))
    }

    fn write(&self, name: &str, values: &[f64]) -> Result<PathBuf, BenchError> {
        let path = self.folder.join(name);
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        std::fs::write(&path, bytes).map_err(|source| BenchError::File { path: path.clone(), source })?;
        Ok(path)
    }
}

fn read(path: &Path) -> Result<Vec<f64>, BenchError> {
    let bytes =
        std::fs::read(path).map_err(|source| BenchError::File { path: path.to_path_buf(), source })?;
    let (values, _) = bytes.as_chunks::<8>();
    Ok(values.iter().map(|value| f64::from_le_bytes(*value)).collect())
}
