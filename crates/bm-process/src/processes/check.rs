//! What parameters can be, and what the surface is made of.

use bm_core::{Material, MaterialId};

use crate::process::ProcessError;
use crate::state::State;

/// Checks parameters of one process.
#[derive(Clone, Copy)]
pub(super) struct Check(pub(super) &'static str);

impl Check {
    /// Refuses a parameter.
    pub(super) fn refuse<T>(
        self,
        parameter: &'static str,
        value: impl std::fmt::Display,
        must: &'static str,
    ) -> Result<T, ProcessError> {
        Err(ProcessError::Parameter { process: self.0, parameter, value: value.to_string(), must })
    }

    pub(super) fn finite(self, parameter: &'static str, value: f64) -> Result<(), ProcessError> {
        if value.is_finite() { Ok(()) } else { self.refuse(parameter, value, "finite") }
    }

    pub(super) fn positive(self, parameter: &'static str, value: f64) -> Result<(), ProcessError> {
        let fine = value.is_finite() && value > 0.0;
        if fine { Ok(()) } else { self.refuse(parameter, value, "finite and above 0") }
    }

    pub(super) fn not_negative(self, parameter: &'static str, value: f64) -> Result<(), ProcessError> {
        let fine = value.is_finite() && value >= 0.0;
        if fine { Ok(()) } else { self.refuse(parameter, value, "finite and not negative") }
    }

    pub(super) fn share(self, parameter: &'static str, value: f64) -> Result<(), ProcessError> {
        if (0.0..=1.0).contains(&value) { Ok(()) } else { self.refuse(parameter, value, "0 to 1") }
    }

    /// The length of a step in seconds.
    pub(super) fn step(self, dt: f64) -> Result<(), ProcessError> {
        self.not_negative("step", dt)
    }

    /// The material with this name.
    pub(super) fn material(
        self,
        state: &State,
        parameter: &'static str,
        name: &str,
    ) -> Result<MaterialId, ProcessError> {
        match state.materials.by_name(name) {
            Some(material) => Ok(material.id),
            None => self.refuse(parameter, name, "the name of a registered material"),
        }
    }
}

/// Loose materials erode at least as easily as this; clay is the toughest of them.
const LOOSE: f64 = 0.5;

/// Whether a material is loose ground rather than rock.
pub(super) fn is_loose(material: &Material) -> bool {
    material.erodibility >= LOOSE
}

/// A property of each material, by id; `unknown` where the registry has none.
pub(super) fn table(state: &State, unknown: f64, property: impl Fn(&Material) -> f64) -> Vec<f64> {
    let strata = state.strata.strata().iter().map(|stratum| stratum.material);
    let used = strata.chain([state.strata.basement()]);
    let all = state.materials.all().iter().map(|material| material.id);
    let most = used.chain(all).map(|id| id.0).max().unwrap_or(0);
    let mut table = vec![unknown; usize::from(most) + 1];
    for material in state.materials.all() {
        table[usize::from(material.id.0)] = property(material);
    }
    table
}

/// A property of the material at the surface of each cell.
pub(super) fn of_surface(state: &State, unknown: f64, property: impl Fn(&Material) -> f64) -> Vec<f64> {
    let table = table(state, unknown, property);
    state.strata.surfaces().into_iter().map(|id| table[usize::from(id.0)]).collect()
}
