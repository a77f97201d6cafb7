//! numpy and zarr, as Python programs that save and load when told to.

use std::path::Path;

use serde_json::json;

use crate::harness::BenchError;
use crate::peers::child::Interpreter;

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
    python: Interpreter,
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
        let arguments = [kind.word().as_ref(), folder.as_os_str()];
        let python = Interpreter::start(kind.name(), python, include_str!("rasters.py"), &arguments)?;
        let mut rasters = Self { kind, python };
        let file = folder.with_extension("plain");
        for (name, kind, bytes) in arrays {
            std::fs::write(&file, bytes).map_err(|source| BenchError::File { path: file.clone(), source })?;
            rasters
                .python
                .ask(&json!({"do": "take", "name": name, "type": kind, "edge": edge, "file": file}))?;
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
        self.python.number(&json!({ "do": what }), "number")
    }

    /// Whether it loads what it was given.
    pub(super) fn is_same(&mut self, arrays: &[Plain]) -> Result<bool, BenchError> {
        self.seconds("load")?;
        let answer = self.python.ask(&json!({"do": "sums"}))?;
        let sum = |name: &str| answer["sums"][name].as_u64();
        Ok(arrays.iter().all(|(name, _, bytes)| sum(name) == Some(crc32fast::hash(bytes).into())))
    }
}
