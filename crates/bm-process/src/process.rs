//! What every process can be asked.

use crate::ledger::Ledger;
use crate::state::State;

/// Seconds of a year (Julian, 365.25 days): scenarios speak of years, kernels of seconds.
pub const YEAR: f64 = 31_557_600.0;

/// The computing part of a process, on the kind of state it is made for.
pub trait Kernel {
    /// What it changes.
    type State;
    /// Why a step was refused.
    type Error;

    /// Its name in scenarios and reports.
    fn name(&self) -> &'static str;

    /// The longest step in seconds that is stable on a state; infinite for implicit schemes.
    fn max_step(&self, state: &Self::State) -> f64;

    /// Advances by `dt` seconds, in as many parts as it takes.
    ///
    /// # Errors
    /// When the state cannot be advanced: not finite, no outlet.
    fn step(&mut self, state: &mut Self::State, dt: f64) -> Result<Ledger, Self::Error>;
}

/// A process that works on a whole landscape, as scenarios combine them.
pub trait Process: Send {
    /// Its name in scenarios and reports.
    fn name(&self) -> &'static str;

    /// The layers it reads or writes besides the ground; those that are missing are made before the first step.
    fn layers(&self) -> Vec<Need>;

    /// The longest stable step in seconds; infinite for implicit schemes. Longer steps are split by the process or
    /// refused with this limit named, never taken as they are.
    fn max_step(&self, state: &State) -> f64;

    /// Advances by `dt` seconds.
    ///
    /// # Errors
    /// [`ProcessError`]; the state may then be half changed and must be taken from the last checkpoint.
    fn step(&mut self, state: &mut State, dt: f64) -> Result<Books, ProcessError>;
}

/// A layer a process needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Need {
    /// Its name: see [`crate::state::layer`].
    pub layer: &'static str,
    /// What it holds where nothing is known.
    pub default: f64,
    /// Whether single precision is enough: it is not for what a ledger counts.
    pub single: bool,
}

impl Need {
    /// A layer a ledger counts: double precision, nothing there to begin with.
    #[must_use]
    pub const fn counted(layer: &'static str) -> Self {
        Self { layer, default: 0.0, single: false }
    }

    /// A layer of single precision.
    #[must_use]
    pub const fn single(layer: &'static str, default: f64) -> Self {
        Self { layer, default, single: true }
    }
}

/// The ledgers of one step: solid and water in m³, heat in J (or in °C·m² where no capacity is known).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Books {
    /// Ground and what water carries of it.
    pub solid: Ledger,
    /// Water.
    pub water: Ledger,
    /// Heat.
    pub heat: Ledger,
}

impl Books {
    /// Only solids moved.
    #[must_use]
    pub fn solid(solid: Ledger) -> Self {
        Self { solid, ..Self::default() }
    }

    /// The greatest relative error of the three.
    #[must_use]
    pub fn error(&self) -> f64 {
        self.solid.error().max(self.water.error()).max(self.heat.error())
    }
}

/// Why a process did not advance.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessError {
    /// The kernel refused.
    #[error("{process}: {source}")]
    Kernel {
        /// Name of the process.
        process: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A parameter is not possible.
    #[error("{process}: {parameter} is {value}; it must be {must}")]
    Parameter {
        /// Name of the process.
        process: &'static str,
        /// Name of the parameter.
        parameter: &'static str,
        /// Its value.
        value: String,
        /// What is possible.
        must: &'static str,
    },
    /// A raster given to a process has another size than the land.
    #[error("{process}: {what} has {found} values, the land {expected} cells")]
    Size {
        /// Name of the process.
        process: &'static str,
        /// What does not fit.
        what: &'static str,
        /// Values given.
        found: usize,
        /// Cells there are.
        expected: usize,
    },
}

impl ProcessError {
    /// A kernel's error.
    pub fn kernel(
        process: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Kernel { process, source: source.into() }
    }
}
