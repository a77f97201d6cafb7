//! What a check-out on disk holds, told without holding it: also while another process works on it.

use super::folder::{self, Meta};
use crate::error::WorldError;
use crate::world::World;
use bm_grid::file::{self, FileError};
use bm_process::layout::{self, Layout};
use bm_process::process::YEAR;
use bm_process::run::{self, Accounts};
use bm_process::state::State;
use serde::Deserialize;
use std::io;
use std::path::Path;

/// A check-out as its newest checkpoint has it, or as it was taken when there is none.
#[derive(Debug)]
pub struct Look {
    /// Its name.
    pub name: String,
    /// The version it was taken of.
    pub version: u64,
    /// Steps that had been taken; none before the first checkpoint.
    pub step: Option<u64>,
    /// What is run on it, as TOML.
    pub scenario: Option<String>,
    /// What each process did so far, as reports call them.
    pub processes: Vec<(String, Accounts)>,
    /// What all of them did.
    pub all: Accounts,
    /// The land.
    pub state: State,
}

impl Look {
    /// Years passed.
    #[must_use]
    pub fn years(&self) -> f64 {
        self.state.time / YEAR
    }

    /// Values of a layer, row by row from the south, as they are kept: `elevation`, `stratum.N`, or the name of a layer.
    #[must_use]
    pub fn layer(&self, name: &str) -> Option<Values<'_>> {
        if name == bm_grid::layer::ELEVATION {
            return Some(Values::F64(&self.state.ground.values));
        }
        if let Some(n) = name.strip_prefix("stratum.") {
            let stratum = self.state.strata.strata().get(n.parse::<usize>().ok()?)?;
            return Some(Values::F32(&stratum.thickness));
        }
        Some(match self.state.layer(name)? {
            bm_process::state::Layer::F64(values) => Values::F64(values),
            bm_process::state::Layer::F32(values) => Values::F32(values),
        })
    }

    /// The names that [`Look::layer`] knows.
    #[must_use]
    pub fn layers(&self) -> Vec<String> {
        let strata = (0..self.state.strata.strata().len()).map(layout::stratum);
        let others = self.state.layers().map(|(name, _)| name.to_owned());
        std::iter::once(bm_grid::layer::ELEVATION.to_owned()).chain(strata).chain(others).collect()
    }
}

/// Values of a layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Values<'a> {
    /// Double precision.
    F64(&'a [f64]),
    /// Single precision.
    F32(&'a [f32]),
}

impl Values<'_> {
    /// All of them, in double precision.
    pub fn iter(&self) -> Box<dyn Iterator<Item = f64> + '_> {
        match *self {
            Self::F64(values) => Box::new(values.iter().copied()),
            Self::F32(values) => Box::new(values.iter().map(|&value| f64::from(value))),
        }
    }

    /// Least, mean and greatest of those that are numbers; nothing when none is.
    #[must_use]
    pub fn range(&self) -> Option<[f64; 3]> {
        let (mut least, mut greatest, mut sum, mut count) = (f64::INFINITY, f64::NEG_INFINITY, 0.0, 0u64);
        for value in self.iter().filter(|value| !value.is_nan()) {
            (least, greatest) = (least.min(value), greatest.max(value));
            sum += value;
            count += 1;
        }
        (count > 0).then(|| [least, sum / count as f64, greatest])
    }
}

/// What a checkpoint says besides the land, as far as it matters here.
#[derive(Deserialize)]
struct Said {
    step: u64,
    scenario: String,
    processes: Vec<(String, Accounts)>,
    all: Accounts,
    layout: Layout,
}

impl World {
    /// Looks at a check-out.
    ///
    /// # Errors
    /// [`WorldError::Data`] when there is none of this name; [`WorldError::CheckOut`] when none of its files can be read.
    pub fn look_at_check_out(&self, name: &str) -> Result<Look, WorldError> {
        let folder = self.check_out_folder(name)?;
        let meta = folder::read_meta(&folder)?;
        // Whoever works on it may remove a checkpoint at this very moment, after it wrote a newer one.
        for _ in 0..3 {
            let mut why = None;
            for (_, path) in run::list(&folder).map_err(run::RunError::from)?.into_iter().rev() {
                match checkpoint(&path) {
                    Ok((state, said)) => return Ok(look(name, &meta, state, Some(said))),
                    Err(WorldError::CheckOut(FileError::Io { source, .. }))
                        if source.kind() == io::ErrorKind::NotFound => {}
                    Err(e) => why = why.or(Some(e)),
                }
            }
            match why {
                Some(e) => return Err(e),
                None if run::list(&folder).is_ok_and(|all| all.is_empty()) => break,
                None => {}
            }
        }
        let (state, _) = folder::read_seed(&folder, name)?;
        Ok(look(name, &meta, state, None))
    }
}

fn look(name: &str, meta: &Meta, state: State, said: Option<Said>) -> Look {
    let (step, scenario, processes, all) = match said {
        Some(said) => (Some(said.step), Some(said.scenario), said.processes, said.all),
        None => (None, None, Vec::new(), Accounts::default()),
    };
    Look { name: name.to_owned(), version: meta.version, step, scenario, processes, all, state }
}

fn checkpoint(path: &Path) -> Result<(State, Said), WorldError> {
    let wrong =
        |why: String| WorldError::Data { what: "check-out", detail: format!("{}: {why}", path.display()) };
    let (grid, meta) = file::load(path).map_err(WorldError::CheckOut)?;
    let said: Said = serde_json::from_slice(&meta).map_err(|e| wrong(e.to_string()))?;
    let state = layout::from_grid(&grid, &said.layout).map_err(|e| wrong(e.to_string()))?;
    Ok((state, said))
}
