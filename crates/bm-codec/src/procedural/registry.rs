//! Which generators there are.

use super::{GeneratorRef, PlanetShells, WarpedBands};
use crate::error::DecodeError;
use crate::function::ColumnFunction;
use bm_core::ErrorKind;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// One version of a generator: parameters in, base function out.
///
/// Implementations must be pure and exact on every machine (no floating point whose rounding may differ,
/// no clock, no global state), since pages hold only the reference.
pub trait Generator: Send + Sync {
    /// Stable id. Ids below 65 536 belong to this crate.
    fn id(&self) -> u32;

    /// Version, from 1. Versions live side by side; a published one never changes its answers.
    fn version(&self) -> u32;

    /// Name for people.
    fn name(&self) -> &'static str;

    /// The function for a seed and parameters.
    ///
    /// # Errors
    /// When the parameters are not what this version writes; they may come from damaged bytes.
    fn instantiate(&self, seed: u64, params: &[u8]) -> Result<Box<dyn ColumnFunction>, DecodeError>;
}

/// A generator could not be registered: its id and version are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("generator {id} version {version} is registered already: choose another id or raise the version")]
#[non_exhaustive]
pub struct RegistrationError {
    /// Generator id.
    pub id: u32,
    /// Generator version.
    pub version: u32,
}

impl RegistrationError {
    /// The class of the failure.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        ErrorKind::BadInput
    }
}

/// The generators a program knows, by id and version.
#[derive(Clone)]
pub struct GeneratorRegistry {
    known: BTreeMap<(u32, u32), Arc<dyn Generator>>,
}

impl GeneratorRegistry {
    /// No generators at all.
    #[must_use]
    pub const fn empty() -> Self {
        Self { known: BTreeMap::new() }
    }

    /// The generators of this crate: planet shells (id 1) and warped bands (id 2).
    #[must_use]
    pub fn standard() -> Self {
        let all: [Arc<dyn Generator>; 2] = [PlanetShells::generator(), WarpedBands::generator()];
        Self { known: all.into_iter().map(|g| ((g.id(), g.version()), g)).collect() }
    }

    /// Adds a generator.
    ///
    /// # Errors
    /// When its id and version are taken: an answer must not depend on who registered last.
    pub fn register(&mut self, generator: Arc<dyn Generator>) -> Result<(), RegistrationError> {
        let (id, version) = (generator.id(), generator.version());
        if self.known.contains_key(&(id, version)) {
            return Err(RegistrationError { id, version });
        }
        self.known.insert((id, version), generator);
        Ok(())
    }

    /// A generator by id and version.
    ///
    /// # Errors
    /// [`DecodeError::UnknownGenerator`] if there is no such one.
    pub fn get(&self, id: u32, version: u32) -> Result<&dyn Generator, DecodeError> {
        let found = self.known.get(&(id, version)).map(AsRef::as_ref);
        found.ok_or(DecodeError::UnknownGenerator { id, version })
    }

    /// The function a page refers to.
    ///
    /// # Errors
    /// [`DecodeError::UnknownGenerator`], or the generator refuses the parameters.
    pub fn instantiate(&self, r: &GeneratorRef) -> Result<Box<dyn ColumnFunction>, DecodeError> {
        self.get(r.id, r.version)?.instantiate(r.seed, &r.params)
    }

    /// All generators, by id and version.
    pub fn iter(&self) -> impl Iterator<Item = &dyn Generator> {
        self.known.values().map(AsRef::as_ref)
    }
}

impl Default for GeneratorRegistry {
    fn default() -> Self {
        Self::standard()
    }
}

impl fmt::Debug for GeneratorRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.known.iter().map(|((id, version), g)| ((id, version), g.name()))).finish()
    }
}
