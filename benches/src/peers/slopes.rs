//! fastscapelib's and landlab's creep of slopes, as Python programs that take their turns when told to.

use std::path::{Path, PathBuf};

use bm_process::field::Field;
use serde_json::json;

use super::child::Interpreter;
use super::terrain::Took;
use crate::harness::BenchError;
use crate::inputs::peer_python;
use crate::inputs::terrain::{floats, write_floats};

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// fastscapelib: alternating directions, implicit.
    Adi,
    /// landlab: explicit, linear; takes sub-steps of its own.
    Explicit,
    /// landlab: explicit, with a critical slope; takes the steps it is told.
    Taylor,
}

impl Kind {
    /// The peer, with its version.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Adi => "fastscapelib 0.3 (C++, Python)",
            Self::Explicit => "landlab 2.11 LinearDiffuser",
            Self::Taylor => "landlab 2.11 TaylorNonLinearDiffuser",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Adi => "adi",
            Self::Explicit => "explicit",
            Self::Taylor => "taylor",
        }
    }
}

/// How slopes creep.
#[derive(Clone, Copy, Debug)]
pub struct Slope<'a> {
    /// m²/a.
    pub d: f64,
    /// One diffusivity a cell in place of the one.
    pub each: Option<&'a [f64]>,
    /// The critical slope, where there is one.
    pub critical: f64,
}

/// A raster in an interpreter of its own.
pub struct Slopes {
    python: Interpreter,
    scratch: PathBuf,
}

impl Slopes {
    /// Starts the interpreter on a raster of square cells; its files go to `folder`.
    ///
    /// # Errors
    /// When there is no such interpreter, it lacks the package, or the peer refuses the raster.
    pub fn start(kind: Kind, ground: &Field, slope: Slope<'_>, folder: &Path) -> Result<Self, BenchError> {
        let Some(python) = peer_python() else {
            return Err(BenchError::contestant(kind.name(), "run `cargo xtask peers`"));
        };
        let scratch = folder.join(format!("slopes-{}.f64", kind.word()));
        write_floats(&scratch, &ground.values)?;
        let each = match slope.each {
            Some(each) => {
                let path = folder.join(format!("slopes-{}-each.f64", kind.word()));
                write_floats(&path, each)?;
                Some(path)
            }
            None => None,
        };
        let mut python =
            Interpreter::start(kind.name(), &python, include_str!("slopes.py"), &[kind.word().as_ref()])?;
        python.ask(&json!({
            "do": "load", "heights": scratch, "rows": ground.height, "columns": ground.width, "cell": ground.dy,
            "d": slope.d, "each": each, "critical": slope.critical,
        }))?;
        Ok(Self { python, scratch })
    }

    /// Runs for so many years from the heights as they were given, in equal parts.
    ///
    /// # Errors
    /// When the peer fails.
    pub fn run(&mut self, dt: f64, parts: usize) -> Result<Took, BenchError> {
        let answer = self.python.ask(&json!({"do": "run", "dt": dt, "parts": parts}))?;
        let of = |field| self.python.number_in(&answer, field);
        Ok(Took { cpu: of("cpu")?, wall: of("wall")? })
    }

    /// The heights after the last run.
    ///
    /// # Errors
    /// When the peer fails.
    pub fn heights(&mut self) -> Result<Vec<f64>, BenchError> {
        self.python.ask(&json!({"do": "save", "to": self.scratch}))?;
        floats(&self.scratch)
    }
}
