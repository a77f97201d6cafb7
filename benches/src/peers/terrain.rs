//! fastscapelib, landlab and richdem, as Python programs that take their turns when told to.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::child::Interpreter;
use crate::harness::BenchError;
use crate::inputs::root;
use crate::inputs::terrain::{Case, floats, write_floats};

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// C++ through Python: the fastest library there is.
    Fastscapelib,
    /// Python with compiled parts.
    Landlab,
    /// C++ through Python: depression filling.
    Richdem,
}

impl Kind {
    /// The peer, with its version.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fastscapelib => "fastscapelib 0.3 (C++, Python)",
            Self::Landlab => "landlab 2.11 (Python)",
            Self::Richdem => "richdem2 2.4 (C++, Python)",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Fastscapelib => "fastscapelib",
            Self::Landlab => "landlab",
            Self::Richdem => "richdem",
        }
    }

    /// The interpreter that has it: richdem2 and a dependency of landlab are modules of one name.
    fn python(self) -> PathBuf {
        let folder = if self == Self::Richdem { "richdem" } else { "python" };
        root().join("peers").join(folder).join("bin/python")
    }
}

/// Seconds that work of a peer took.
#[derive(Clone, Copy, Debug)]
pub struct Took {
    /// On a processor (all threads).
    pub cpu: f64,
    /// By the clock on the wall.
    pub wall: f64,
}

/// A raster in an interpreter of its own.
pub struct Terrain {
    python: Interpreter,
    scratch: PathBuf,
}

impl Terrain {
    /// Starts the interpreter on a raster; its files go to `folder`.
    ///
    /// # Errors
    /// When there is no such interpreter, it lacks the package, or the peer refuses the raster.
    pub fn start(kind: Kind, case: &Case, folder: &Path) -> Result<Self, BenchError> {
        let scratch = folder.join(format!("{}.f64", kind.word()));
        write_floats(&scratch, &case.ground.values)?;
        let arguments = [kind.word().as_ref()];
        let mut python =
            Interpreter::start(kind.name(), &kind.python(), include_str!("terrain.py"), &arguments)?;
        let law = &case.law;
        python.ask(&json!({
            "do": "load", "heights": scratch, "rows": case.ground.height, "columns": case.ground.width,
            "cell": case.ground.dy, "k": law.k, "m": law.m, "n": law.n, "d": law.d, "dt": law.dt,
        }))?;
        Ok(Self { python, scratch })
    }

    /// The peer's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.python.name()
    }

    /// One part on the heights as they were given.
    ///
    /// # Errors
    /// When the peer fails.
    pub fn part(&mut self, name: &str) -> Result<Took, BenchError> {
        let answer = self.python.ask(&json!({"do": "part", "name": name}))?;
        self.took(&answer)
    }

    /// A whole step; the next one goes on from it.
    ///
    /// # Errors
    /// When the peer fails.
    pub fn step(&mut self, uplift: f64) -> Result<Took, BenchError> {
        let answer = self.python.ask(&json!({"do": "step", "uplift": uplift}))?;
        self.took(&answer)
    }

    /// Rounds heights to multiples of 2^−`bits` m.
    ///
    /// # Errors
    /// When the peer fails.
    pub fn round_to(&mut self, bits: i32) -> Result<(), BenchError> {
        self.python.ask(&json!({"do": "round", "bits": bits})).map(drop)
    }

    /// What a part gave, or the heights after the steps.
    ///
    /// # Errors
    /// When the peer fails.
    pub fn get(&mut self, what: &str) -> Result<Vec<f64>, BenchError> {
        let to = self.scratch.clone();
        self.python.ask(&json!({"do": "save", "what": what, "to": to}))?;
        floats(&to)
    }

    fn took(&self, answer: &Value) -> Result<Took, BenchError> {
        let of = |field| self.python.number_in(answer, field);
        Ok(Took { cpu: of("cpu")?, wall: of("wall")? })
    }
}
