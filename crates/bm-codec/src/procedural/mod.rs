//! Procedural base functions: versioned, pure, integer generators.
//!
//! A page stores a [`GeneratorRef`]: which generator, which version of it, a seed and parameters. The
//! [`GeneratorRegistry`] turns that into a
//! [`ColumnFunction`](crate::function::ColumnFunction). A generator's answers are part of the data:
//! **a published version never changes**; what would change an answer is a new version beside the old one.
//! Everything is integer arithmetic, so all machines answer alike.
//!
//! | file | what it holds |
//! |---|---|
//! | `registry.rs` | [`Generator`] and [`GeneratorRegistry`] |
//! | `shells.rs` | [`PlanetShells`]: material by altitude |
//! | `bands.rs` | [`WarpedBands`]: folded strata |
//! | `noise.rs` | the integer value noise behind it, which closes around the world |

mod bands;
mod noise;
mod registry;
mod shells;
#[cfg(test)]
mod tests;

pub use bands::{Band, WarpedBands};
pub use registry::{Generator, GeneratorRegistry, RegistrationError};
pub use shells::{PlanetShells, Shell};

use crate::error::DecodeError;
use crate::wire::{Reader, put_varint};
use bm_core::frame::ROOT_TICKS;
use bm_core::{ErrorKind, MaterialId};

/// Most bytes of parameters a page may hold.
pub const MAX_PARAMS: usize = 4096;

const WHAT: &str = "generator reference";

/// What a page stores in place of voxels: a generator and what to run it with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GeneratorRef {
    /// Which generator.
    pub id: u32,
    /// Which version of it, from 1.
    pub version: u32,
    /// Seed of its noise; ignored by generators that have none.
    pub seed: u64,
    /// Its parameters in its own format, at most [`MAX_PARAMS`] bytes.
    pub params: Vec<u8>,
}

impl GeneratorRef {
    /// Appends varint id, varint version, u64 seed, varint length, parameters.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        put_varint(out, self.id.into());
        put_varint(out, self.version.into());
        out.extend_from_slice(&self.seed.to_le_bytes());
        put_varint(out, self.params.len() as u64);
        out.extend_from_slice(&self.params);
    }

    /// Reads what [`encode`](Self::encode) wrote. Whether the generator exists and likes its parameters
    /// shows when it is instantiated.
    pub(crate) fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let id = read_u32(r, WHAT)?;
        let version = read_u32(r, WHAT)?;
        let seed = r.u64(WHAT)?;
        let length = r.count(MAX_PARAMS as u64, WHAT)?;
        Ok(Self { id, version, seed, params: r.bytes(length, WHAT)?.to_vec() })
    }
}

/// A generator was given parameters it does not take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {detail}")]
#[non_exhaustive]
pub struct ParamsError {
    /// Which generator.
    pub what: &'static str,
    /// What is wrong, and within which limits it would not be.
    pub detail: String,
}

impl ParamsError {
    fn new(what: &'static str, detail: impl Into<String>) -> Self {
        Self { what, detail: detail.into() }
    }

    /// The class of the failure.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        ErrorKind::BadInput
    }
}

impl From<ParamsError> for DecodeError {
    fn from(e: ParamsError) -> Self {
        Self::invalid(e.what, e.detail)
    }
}

/// Half the root cube: no altitude in it is further from sea level, in ticks.
const MAX_ALTITUDE: i32 = (ROOT_TICKS / 2) as i32;

fn read_u32(r: &mut Reader<'_>, what: &'static str) -> Result<u32, DecodeError> {
    let v = r.varint(what)?;
    u32::try_from(v).map_err(|e| DecodeError::invalid(what, format!("{v}: {e}")))
}

fn read_i32(r: &mut Reader<'_>, what: &'static str) -> Result<i32, DecodeError> {
    let v = r.signed(what)?;
    i32::try_from(v).map_err(|e| DecodeError::invalid(what, format!("{v}: {e}")))
}

/// A generator must answer, and the unset material is no answer.
fn check_material(material: MaterialId, what: &'static str) -> Result<(), ParamsError> {
    if material == MaterialId::UNSET {
        return Err(ParamsError::new(what, "holds the unset material (id 0), which is no answer"));
    }
    Ok(())
}
