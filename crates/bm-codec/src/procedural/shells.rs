//! Generator 1, planet shells: material by altitude alone.

use super::{Generator, GeneratorRef, MAX_ALTITUDE, ParamsError, check_material, read_i32};
use crate::error::DecodeError;
use crate::function::{ColumnFunction, ColumnRun};
use crate::wire::{Reader, put_signed, put_varint};
use bm_core::frame::SEA_LEVEL;
use bm_core::{MaterialId, TickBox};
use std::sync::Arc;

const WHAT: &str = "planet shells";

/// Most shells below the material above.
const MAX_SHELLS: usize = 256;

/// One shell: everything below `top` and not below a lower shell's top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shell {
    /// First tick above the shell, relative to sea level.
    pub top: i32,
    /// What it is made of.
    pub material: MaterialId,
}

/// Generator 1: shells from the centre up, and one material above them all.
///
/// Parameters, version 1: varint number of shells; for each, bottom up, signed varint top in ticks and
/// u16 material; u16 material above.
///
/// ```
/// use bm_codec::procedural::{GeneratorRegistry, PlanetShells};
/// use bm_core::{MaterialId, frame::SEA_LEVEL};
///
/// let earth = GeneratorRegistry::standard().instantiate(&PlanetShells::earth())?;
/// assert_eq!(earth.material([0, 0, SEA_LEVEL]), Some(MaterialId::AIR));
/// assert_eq!(earth.material([0, 0, SEA_LEVEL - 1]), Some(MaterialId::UPPER_CRUST));
/// # Ok::<(), bm_codec::DecodeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanetShells {
    shells: Vec<Shell>,
    above: MaterialId,
}

impl PlanetShells {
    /// Id of the generator.
    pub const ID: u32 = 1;
    /// Version described here.
    pub const VERSION: u32 = 1;

    /// Shells bottom up, and what lies above the last.
    ///
    /// # Errors
    /// When the tops do not ascend or leave the root cube, there are more than 256 shells, or a material
    /// is unset.
    pub fn new(shells: Vec<Shell>, above: MaterialId) -> Result<Self, ParamsError> {
        if shells.len() > MAX_SHELLS {
            let n = shells.len();
            return Err(ParamsError::new(WHAT, format!("{n} shells, {MAX_SHELLS} are the most")));
        }
        if !shells.is_sorted_by(|a, b| a.top < b.top) {
            return Err(ParamsError::new(WHAT, "the tops must ascend"));
        }
        if shells.iter().any(|s| s.top < -MAX_ALTITUDE || s.top > MAX_ALTITUDE) {
            let detail = format!("a top is more than {MAX_ALTITUDE} ticks from sea level");
            return Err(ParamsError::new(WHAT, detail));
        }
        for material in shells.iter().map(|s| s.material).chain([above]) {
            check_material(material, WHAT)?;
        }
        Ok(Self { shells, above })
    }

    /// Earth: crust to 35 km depth, mantle to 2 891 km, core to 5 150 km and below; air above sea level.
    /// Depths are those of the Preliminary Reference Earth Model, rounded; the crust is a continent's.
    #[must_use]
    pub fn earth() -> GeneratorRef {
        Self::earth_model().to_ref()
    }

    /// The shells of [`PlanetShells::earth`], for those who lay strata over them.
    #[must_use]
    pub fn earth_model() -> Self {
        let shells = [
            (-5_150_000, MaterialId::INNER_CORE),
            (-2_891_000, MaterialId::OUTER_CORE),
            (-220_000, MaterialId::MANTLE),
            (-100_000, MaterialId::ASTHENOSPHERE),
            (-35_000, MaterialId::LITHOSPHERIC_MANTLE),
            (-15_000, MaterialId::LOWER_CRUST),
            (0, MaterialId::UPPER_CRUST),
        ];
        let shells = shells.map(|(metres, material)| Shell { top: metres * 4, material }).to_vec();
        Self { shells, above: MaterialId::AIR }
    }

    /// The shells, bottom up.
    #[must_use]
    pub fn shells(&self) -> &[Shell] {
        &self.shells
    }

    /// What a page stores.
    #[must_use]
    pub fn to_ref(&self) -> GeneratorRef {
        let mut params = Vec::new();
        put_varint(&mut params, self.shells.len() as u64);
        for shell in &self.shells {
            put_signed(&mut params, shell.top.into());
            params.extend_from_slice(&shell.material.0.to_le_bytes());
        }
        params.extend_from_slice(&self.above.0.to_le_bytes());
        GeneratorRef { id: Self::ID, version: Self::VERSION, seed: 0, params }
    }

    /// The generator, for a registry.
    #[must_use]
    pub fn generator() -> Arc<dyn Generator> {
        Arc::new(ShellsV1)
    }

    fn from_params(params: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(params);
        let n = r.count(MAX_SHELLS as u64, WHAT)?;
        let mut shells = Vec::with_capacity(n);
        for _ in 0..n {
            shells.push(Shell { top: read_i32(&mut r, WHAT)?, material: MaterialId(r.u16(WHAT)?) });
        }
        let above = MaterialId(r.u16(WHAT)?);
        r.finish()?;
        Ok(Self::new(shells, above)?)
    }

    /// The shell of a tick; `shells.len()` is above them all.
    fn index(&self, z: u32) -> usize {
        let altitude = i64::from(z) - i64::from(SEA_LEVEL);
        self.shells.partition_point(|s| i64::from(s.top) <= altitude)
    }

    fn content(&self, index: usize) -> MaterialId {
        self.shells.get(index).map_or(self.above, |s| s.material)
    }
}

impl ColumnFunction for PlanetShells {
    fn material(&self, [_, _, z]: [u32; 3]) -> Option<MaterialId> {
        Some(self.content(self.index(z)))
    }

    fn column(&self, _: u32, _: u32, z0: u32, z1: u32, out: &mut Vec<ColumnRun>) {
        let (mut from, mut index) = (z0, self.index(z0));
        while from < z1 {
            // Tops lie within the root cube, so they are ticks.
            let top = self.shells.get(index).map(|s| SEA_LEVEL.saturating_add_signed(s.top));
            let to = top.map_or(z1, |top| top.min(z1));
            out.push(ColumnRun { from, to, material: Some(self.content(index)) });
            (from, index) = (to, index + 1);
        }
    }

    fn uniform(&self, bounds: &TickBox) -> Option<MaterialId> {
        if bounds.is_empty() {
            return None;
        }
        let (low, high) = (self.index(bounds.min[2]), self.index(bounds.max[2] - 1));
        let material = self.content(low);
        (low..=high).all(|i| self.content(i) == material).then_some(material)
    }
}

/// Version 1.
struct ShellsV1;

impl Generator for ShellsV1 {
    fn id(&self) -> u32 {
        PlanetShells::ID
    }

    fn version(&self) -> u32 {
        PlanetShells::VERSION
    }

    fn name(&self) -> &'static str {
        WHAT
    }

    fn instantiate(&self, _: u64, params: &[u8]) -> Result<Box<dyn ColumnFunction>, DecodeError> {
        Ok(Box::new(PlanetShells::from_params(params)?))
    }
}
