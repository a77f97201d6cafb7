//! TileDB and icechunk, two stores of versioned arrays, as Python programs that take their turns when told to.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::child::Interpreter;
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
    python: Interpreter,
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
        let file: PathBuf = folder.with_extension("volume");
        std::fs::write(&file, volume).map_err(|source| BenchError::File { path: file.clone(), source })?;
        let arguments = [kind.word().as_ref(), folder.as_os_str()];
        let mut python = Interpreter::start(kind.name(), python, include_str!("arrays.py"), &arguments)?;
        python.ask(&json!({"do": "create", "volume": file, "edge": edge, "tile": tile}))?;
        // Read and no longer needed; a leftover would only take room.
        let _ = std::fs::remove_file(&file);
        Ok(Self { kind, python })
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
        self.python.number(&json!({"do": "commit", "cells": cells}), "seconds")
    }

    /// Reads `edge`³ cells from a corner on, as they were after so many commits: the seconds it took and the
    /// CRC-32 of the cells, x fastest.
    ///
    /// # Errors
    /// When the peer fails.
    pub fn read(&mut self, version: u64, at: [u32; 3], edge: u32) -> Result<(f64, u32), BenchError> {
        let answer = self.python.ask(&json!({"do": "read", "version": version, "at": at, "edge": edge}))?;
        Ok((self.python.number_in(&answer, "seconds")?, self.python.number_in(&answer, "crc")? as u32))
    }

    /// Bytes of all its files.
    ///
    /// # Errors
    /// When the peer fails.
    pub fn bytes(&mut self) -> Result<f64, BenchError> {
        self.python.number(&json!({"do": "bytes"}), "bytes")
    }
}
