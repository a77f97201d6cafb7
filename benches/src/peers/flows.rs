//! numpy and landlab, as a Python program that does what it is told.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::harness::BenchError;

/// The interpreter, at work until dropped.
pub struct Flows {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    folder: PathBuf,
}

impl Flows {
    /// Starts it; rasters go through files in `folder`.
    ///
    /// # Errors
    /// When there is no such interpreter.
    pub fn start(python: &Path, folder: &Path) -> Result<Self, BenchError> {
        let fail = |why: &dyn std::fmt::Display| BenchError::contestant("python", why);
        let mut child = Command::new(python)
            .args(["-c", include_str!("flows.py")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| fail(&error))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(fail(&"it has no pipes"));
        };
        Ok(Self { child, input, output: BufReader::new(output), folder: folder.to_path_buf() })
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
        let answer = self.ask(&json!({
            "do": "heat", "values": file, "width": width, "diffusivity": each, "alpha": alpha,
            "step": step, "steps": steps,
        }))?;
        *values = read(&file)?;
        number(&answer, "seconds")
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
        let answer = self.ask(&json!({
            "do": "water", "bed": ground, "depth": file, "width": width, "cell": cell, "manning": manning,
            "seconds": seconds,
        }))?;
        *depth = read(&file)?;
        Ok((number(&answer, "seconds")?, number(&answer, "steps")?))
    }

    fn write(&self, name: &str, values: &[f64]) -> Result<PathBuf, BenchError> {
        let path = self.folder.join(name);
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        std::fs::write(&path, bytes).map_err(|source| BenchError::File { path: path.clone(), source })?;
        Ok(path)
    }

    fn ask(&mut self, request: &Value) -> Result<Value, BenchError> {
        let fail = |why: &dyn std::fmt::Display| BenchError::contestant("python", why);
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

fn read(path: &Path) -> Result<Vec<f64>, BenchError> {
    let bytes =
        std::fs::read(path).map_err(|source| BenchError::File { path: path.to_path_buf(), source })?;
    let (values, _) = bytes.as_chunks::<8>();
    Ok(values.iter().map(|value| f64::from_le_bytes(*value)).collect())
}

fn number(answer: &Value, field: &str) -> Result<f64, BenchError> {
    answer[field]
        .as_f64()
        .ok_or_else(|| BenchError::contestant("python", format!("no number `{field}` in {answer}")))
}

impl Drop for Flows {
    fn drop(&mut self) {
        // It may be gone already; what matters is that nothing is left running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
