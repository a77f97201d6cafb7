//! The first equations of the project as they were written down, for comparing with at small steps.
//!
//! They lose and make mass, speeds grow without bound, and the answer depends on the length of the step. What is
//! here keeps their formulas and constants, except that every kernel reads the state before the step (so the order
//! of cells and threads does not show), and that a step beyond the limit within which a formula means anything is
//! refused with that limit named. For simulations there are [`water`](crate::water), [`heat`](crate::heat) and
//! [`weathering`](crate::weathering).
//!
//! ```
//! use bm_process::legacy::{self, Shape};
//!
//! let shape = Shape::new(16, 16, 1.0)?; // cells of 1 m
//! let mut temperature = vec![20.0_f32; 256];
//! temperature[100] = 30.0;
//! let diffusivity = vec![1.0 / 1024.0_f32; 256]; // m²/s
//! legacy::thermal(shape, &mut temperature, &diffusivity, 200.0)?;
//! let refused = legacy::thermal(shape, &mut temperature, &diffusivity, 3600.0).unwrap_err();
//! assert!(refused.to_string().contains("256 s"));
//! # Ok::<(), bm_process::legacy::LegacyError>(())
//! ```

mod flow;
mod solid;
#[cfg(test)]
mod tests;

pub use flow::{Flow, FlowReport, Hydraulic, hydraulic, simple_erosion};
pub use solid::{Rock, Waves, fault, freeze_thaw, thermal, wave_erosion};

use crate::ledger::Ledger;
use crate::sums::Sum;

/// Why a formula does not hold for a longer step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// α·dt/dx² ≤ ¼: beyond, differences of temperature grow.
    Diffusion,
    /// dt ≤ 0.7·dx / (speed + √(g·depth)): beyond, waves outrun the grid.
    Courant,
    /// 0.1·dt ≤ 1: beyond, friction turns the water around.
    Friction,
    /// 0.5·dt ≤ 1: beyond, more is deposited than is carried.
    Deposition,
    /// 0.001·flow·dt ≤ 1: beyond, a cell erodes below its lowest neighbour.
    Drop,
    /// Susceptibility·hours·0.001 ≤ 1: beyond, a cell would turn more than once.
    Damage,
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Diffusion => "diffusion, a quarter of dx²/α",
            Self::Courant => "waves, 0.7 dx / (speed + √(g depth))",
            Self::Friction => "friction, 10 s",
            Self::Deposition => "deposition, 2 s",
            Self::Drop => "erosion below the lowest neighbour, 1000 / flow",
            Self::Damage => "weathering once, 1000 hours / susceptibility",
        })
    }
}

/// Why a formula was not applied.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LegacyError {
    /// A layer does not have as many numbers as the raster.
    #[error("{what}: {found} numbers where the raster has {expected} cells")]
    Size {
        /// The layer.
        what: &'static str,
        /// Cells.
        expected: usize,
        /// Numbers.
        found: usize,
    },
    /// A number is not possible for what it stands for.
    #[error("{what} at cell {cell} is {value}")]
    Value {
        /// The layer or parameter.
        what: &'static str,
        /// Row · width + column, or 0.
        cell: usize,
        /// The number.
        value: f64,
    },
    /// The step is longer than the formula holds.
    #[error("a step of {dt} s is beyond {most} s, the limit of {limit}")]
    Unstable {
        /// The step asked for, in seconds.
        dt: f64,
        /// The longest possible, in seconds.
        most: f64,
        /// What limits it.
        limit: Limit,
    },
    /// The step is negative or not finite.
    #[error("a step of {0} s")]
    Step(f64),
}

/// A raster of square cells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    width: usize,
    height: usize,
    cell: f64,
}

impl Shape {
    /// `width` × `height` cells of `cell` metres.
    ///
    /// # Errors
    /// [`LegacyError`] when there are no cells, too many to count, or they have no size.
    pub fn new(width: usize, height: usize, cell: f64) -> Result<Self, LegacyError> {
        if width.checked_mul(height).is_none_or(|cells| cells == 0) {
            return Err(LegacyError::Size { what: "raster", expected: 1, found: 0 });
        }
        positive("size of a cell", cell)?;
        Ok(Self { width, height, cell })
    }

    /// Cells.
    #[must_use]
    pub const fn cells(&self) -> usize {
        self.width * self.height
    }

    fn layer(&self, what: &'static str, values: &[f32]) -> Result<(), LegacyError> {
        self.size(what, values.len())?;
        match values.iter().position(|value| !value.is_finite()) {
            Some(cell) => Err(LegacyError::Value { what, cell, value: f64::from(values[cell]) }),
            None => Ok(()),
        }
    }

    fn size(&self, what: &'static str, found: usize) -> Result<(), LegacyError> {
        match found == self.cells() {
            true => Ok(()),
            false => Err(LegacyError::Size { what, expected: self.cells(), found }),
        }
    }

    /// A layer of numbers that cannot be negative.
    fn amount(&self, what: &'static str, values: &[f32]) -> Result<(), LegacyError> {
        self.layer(what, values)?;
        match values.iter().position(|value| *value < 0.0) {
            Some(cell) => Err(LegacyError::Value { what, cell, value: f64::from(values[cell]) }),
            None => Ok(()),
        }
    }

    /// Metres in a layer, as m³.
    fn volume(&self, metres: &[f32]) -> f64 {
        let sum: Sum = metres.iter().map(|value| f64::from(*value)).collect();
        sum.value() * self.cell * self.cell
    }

    /// From volumes before and after: whatever is missing went out, whatever is too much came in.
    fn ledger(&self, before: f64, after: f64, moved: f64) -> Ledger {
        let (gained, lost) = ((after - before).max(0.0), (before - after).max(0.0));
        Ledger { before, after, gained, lost, moved }
    }
}

fn positive(what: &'static str, value: f64) -> Result<(), LegacyError> {
    match value.is_finite() && value > 0.0 {
        true => Ok(()),
        false => Err(LegacyError::Value { what, cell: 0, value }),
    }
}

fn not_negative(what: &'static str, value: f64) -> Result<(), LegacyError> {
    match value.is_finite() && value >= 0.0 {
        true => Ok(()),
        false => Err(LegacyError::Value { what, cell: 0, value }),
    }
}

/// Refuses steps that make no sense, or are longer than `most` seconds.
fn within(dt: f64, limits: &[(f64, Limit)]) -> Result<(), LegacyError> {
    if !(dt.is_finite() && dt >= 0.0) {
        return Err(LegacyError::Step(dt));
    }
    let tightest = limits.iter().min_by(|a, b| a.0.total_cmp(&b.0));
    match tightest {
        Some(&(most, limit)) if dt > most => Err(LegacyError::Unstable { dt, most, limit }),
        _ => Ok(()),
    }
}
