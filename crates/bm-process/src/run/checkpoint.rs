//! What a run keeps on disk: everything it takes to go on with the same bits.
//!
//! A checkpoint is a file of [`bm_grid::file`], so it can be opened as a grid; what a grid does not say stands beside it
//! in JSON. Files are replaced whole or not at all, the newest two are kept, and what was damaged later is passed over.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bm_grid::file::{self, FileError};
use serde::{Deserialize, Serialize};

use super::Leg;
use super::totals::{Accounts, Start};
use crate::layout::{self, Layout, LayoutError};
use crate::scenario::ScenarioError;
use crate::state::State;

/// Version of what stands in the JSON.
const FORMAT: u32 = 1;
/// How many checkpoints stay.
const KEPT: usize = 2;

/// Why a checkpoint was not saved, or not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The folder could not be used.
    #[error("{}: could not {step}: {source}", path.display())]
    Folder {
        /// The folder, or a file in it.
        path: PathBuf,
        /// What was being done.
        step: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// The folder has checkpoints already.
    #[error("{}: checkpoints of another run are there; resume it, or choose another folder", path.display())]
    Taken {
        /// The folder.
        path: PathBuf,
    },
    /// The file was not written or not read.
    #[error(transparent)]
    File(#[from] FileError),
    /// What stands beside the grid makes no sense.
    #[error("{}: not a checkpoint: {why}", path.display())]
    Meta {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// It was written by a newer program.
    #[error("{}: checkpoints of version {version} cannot be read, only {FORMAT}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// The version it says.
        version: u32,
    },
    /// Land and grid do not go together.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// Its scenario cannot be run here.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// None of them can be read.
    #[error("{}: no checkpoint that can be read{}", path.display(), reasons(.tried))]
    None {
        /// The folder.
        path: PathBuf,
        /// Why each that is there cannot.
        tried: Vec<String>,
    },
}

fn reasons(tried: &[String]) -> String {
    tried.iter().map(|why| format!("; {why}")).collect()
}

/// What a run remembers besides the land.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Memory {
    /// [`FORMAT`].
    checkpoint: u32,
    /// As text.
    pub(super) scenario: String,
    /// Whatever the caller wants to find again.
    pub(super) note: String,
    pub(super) step: u64,
    pub(super) leg: Leg,
    /// Of each process the last step it acted in.
    pub(super) done: Vec<u64>,
    pub(super) processes: Vec<(String, Accounts)>,
    pub(super) all: Accounts,
    pub(super) start: Start,
    layout: Option<Layout>,
}

impl Memory {
    pub(super) fn new(scenario: String, note: String, step: u64, leg: Leg) -> Self {
        Self {
            checkpoint: FORMAT,
            scenario,
            note,
            step,
            leg,
            done: Vec::new(),
            processes: Vec::new(),
            all: Accounts::default(),
            start: Start::default(),
            layout: None,
        }
    }
}

/// A folder of checkpoints.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// A folder to write to, made if it is not there.
    pub(super) fn new(path: &Path) -> Result<Self, CheckpointError> {
        fs::create_dir_all(path).map_err(io_of(path, "make it"))?;
        if !list(path)?.is_empty() {
            return Err(CheckpointError::Taken { path: path.to_owned() });
        }
        Ok(Self { path: path.to_owned() })
    }

    /// A folder to go on with. What a kill left half written is removed.
    pub(super) fn again(path: &Path) -> Result<Self, CheckpointError> {
        for entry in fs::read_dir(path).map_err(io_of(path, "list it"))? {
            let entry = entry.map_err(io_of(path, "list it"))?;
            let name = entry.file_name();
            let half = name.to_str().is_some_and(|n| n.starts_with(".checkpoint-") && n.ends_with(".part"));
            if half {
                // Only room is lost if it stays.
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(Self { path: path.to_owned() })
    }

    /// Saves; the file and its bytes.
    pub(super) fn save(&self, state: &State, memory: Memory) -> Result<(PathBuf, u64), CheckpointError> {
        let (grid, layout) = layout::to_grid(state)?;
        let path = self.path.join(format!("checkpoint-{}.bmg", memory.step));
        let meta = serde_json::to_vec(&Memory { layout: Some(layout), ..memory })
            .map_err(|e| CheckpointError::Meta { path: path.clone(), why: e.to_string() })?;
        let bytes = file::save(&grid, &meta, &path)?;
        let mut all = list(&self.path)?;
        all.truncate(all.len().saturating_sub(KEPT));
        for (_, old) in all {
            // If it cannot be removed now, it will be after the next.
            let _ = fs::remove_file(old);
        }
        Ok((path, bytes))
    }
}

/// The checkpoints of a folder: step and file, the oldest first.
///
/// # Errors
/// [`CheckpointError::Folder`] when the folder cannot be listed.
pub fn list(folder: &Path) -> Result<Vec<(u64, PathBuf)>, CheckpointError> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).map_err(io_of(folder, "list it"))? {
        let path = entry.map_err(io_of(folder, "list it"))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let step = name.strip_prefix("checkpoint-").and_then(|rest| rest.strip_suffix(".bmg"));
        if let Some(step) = step.and_then(|step| step.parse().ok()) {
            all.push((step, path));
        }
    }
    all.sort();
    Ok(all)
}

/// Removes all checkpoints of a folder; how many there were.
///
/// # Errors
/// [`CheckpointError::Folder`].
pub fn discard(folder: &Path) -> Result<usize, CheckpointError> {
    Folder::again(folder)?;
    let all = list(folder)?;
    for (_, path) in &all {
        fs::remove_file(path).map_err(io_of(path, "remove it"))?;
    }
    Ok(all.len())
}

/// A checkpoint that was read.
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) state: State,
    pub(super) memory: Memory,
    /// Why newer ones were passed over.
    pub(super) passed: Vec<String>,
}

/// The newest checkpoint of a folder that can be read.
pub(super) fn newest(folder: &Path) -> Result<Found, CheckpointError> {
    let mut passed = Vec::new();
    for (_, path) in list(folder)?.into_iter().rev() {
        match read(&path) {
            Ok((state, memory)) => return Ok(Found { path, state, memory, passed }),
            // A newer program's checkpoint is not damaged: an older one would undo its work.
            Err(
                newer @ (CheckpointError::Version { .. } | CheckpointError::File(FileError::Version { .. })),
            ) => {
                return Err(newer);
            }
            Err(error) => passed.push(error.to_string()),
        }
    }
    Err(CheckpointError::None { path: folder.to_owned(), tried: passed })
}

fn read(path: &Path) -> Result<(State, Memory), CheckpointError> {
    #[derive(Deserialize)]
    struct Version {
        checkpoint: u32,
    }
    let (grid, meta) = file::load(path)?;
    let wrong = |why: String| CheckpointError::Meta { path: path.to_owned(), why };
    let version: Version = serde_json::from_slice(&meta).map_err(|e| wrong(e.to_string()))?;
    if version.checkpoint > FORMAT {
        return Err(CheckpointError::Version { path: path.to_owned(), version: version.checkpoint });
    }
    let mut memory: Memory = serde_json::from_slice(&meta).map_err(|e| wrong(e.to_string()))?;
    let layout = memory.layout.take().ok_or_else(|| wrong("it says nothing about the land".to_owned()))?;
    let state = layout::from_grid(&grid, &layout)?;
    Ok((state, memory))
}

fn io_of<'a>(path: &'a Path, step: &'static str) -> impl Fn(io::Error) -> CheckpointError + 'a {
    move |source| CheckpointError::Folder { path: path.to_owned(), step, source }
}
