//! Diffusion of heat, C ∂T/∂t = ∇·(k ∇T), conserving every joule.
//!
//! Heat flows through faces: what one cell loses its neighbour gets. The conductivity of a face is the harmonic mean
//! of its two cells (two resistances in a row), so contacts of different rocks are right as well. Cells of a row are
//! as wide as their latitude makes them.
//!
//! [`Scheme::Explicit`] takes as many sub-steps as stability demands; [`Scheme::Implicit`] takes one, however long.
//!
//! ```
//! use bm_process::field::Field;
//! use bm_process::heat::{Edge, Edges, Heat, Medium};
//! use bm_process::process::Kernel;
//!
//! let mut ground = Field { width: 64, height: 64, dx: vec![1.0; 64].into(), dy: 1.0, values: vec![10.0; 64 * 64] };
//! ground.values[32 * 64 + 32] = 800.0; // °C
//! let mut heat = Heat::new(&ground, &Medium::Uniform(1e-3), Edges::all(Edge::NoFlux))?;
//! let ledger = heat.step(&mut ground, 3600.0)?; // 15 sub-steps
//! assert!(ground.values[32 * 64 + 32] < 80.0);
//! assert!(ledger.error() < 1e-12);
//! # Ok::<(), bm_process::heat::HeatError>(())
//! ```

mod explicit;
mod implicit;
mod medium;
#[cfg(test)]
mod tests;

pub use medium::{Edge, Edges, Medium, Real};

use crate::field::Field;
use crate::ledger::Ledger;
use crate::process::Kernel;
use crate::sums::Sum;
use explicit::Passed;
use medium::Network;

/// Most sub-steps of one step; a step that needs more is refused.
pub const MOST_SUB_STEPS: usize = 1_000_000;

/// Why heat was not diffused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HeatError {
    /// Something does not have as many numbers as the raster needs.
    #[error("{what}: {found} numbers where the raster needs {expected}")]
    Size {
        /// What it is.
        what: &'static str,
        /// Numbers needed.
        expected: usize,
        /// Numbers there.
        found: usize,
    },
    /// A number is not possible for what it stands for.
    #[error("{what} at cell {cell} is {value}")]
    Value {
        /// What it is.
        what: &'static str,
        /// Row · width + column.
        cell: usize,
        /// The number.
        value: f64,
    },
    /// One side is periodic and its opposite is not.
    #[error("an edge is periodic and the one opposite is not")]
    Periodic,
    /// Periodic edges with [`Scheme::Implicit`].
    #[error("Scheme::Implicit knows no periodic edges")]
    PeriodicImplicit,
    /// The step is negative or not finite.
    #[error("a step of {0} s")]
    Step(f64),
    /// The step would take more than [`MOST_SUB_STEPS`] sub-steps.
    #[error(
        "a step of {dt} s is beyond {most} s, which is {MOST_SUB_STEPS} stable sub-steps; use Scheme::Implicit"
    )]
    Unstable {
        /// The step asked for, in seconds.
        dt: f64,
        /// The longest step possible, in seconds.
        most: f64,
    },
}

/// How time is stepped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scheme {
    /// Forward in sub-steps, each within the stable limit. No cell leaves the range of its neighbours.
    #[default]
    Explicit,
    /// One step in alternating directions, stable at any length, second order in time. Steps of very many stable ones
    /// blur slowly and may overshoot between neighbours. No periodic edges.
    Implicit,
}

/// Diffusion of heat on rasters of one size and medium. `R` is what temperatures are kept in: with `f64` the ledger
/// closes to rounding; with `f32` rounding adds up to about 10⁻⁷ of the heat, at twice the speed.
#[derive(Clone, Debug)]
pub struct Heat<R = f64> {
    network: Network<R>,
    scratch: Vec<R>,
    scheme: Scheme,
    threads: usize,
}

impl<R: Real> Heat<R> {
    /// For rasters of the size and metric of `like`.
    ///
    /// # Errors
    /// [`HeatError::Size`], [`HeatError::Value`] and [`HeatError::Periodic`] when the medium, the metric or the edges
    /// make no sense.
    pub fn new(like: &Field, medium: &Medium, edges: Edges) -> Result<Self, HeatError> {
        let network = Network::new((like.width, like.height), (&like.dx, like.dy), medium, edges)?;
        Ok(Self { network, scratch: Vec::new(), scheme: Scheme::Explicit, threads: 0 })
    }

    /// Uses this many threads (0: one for each processor). The result does not depend on it.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Steps time by this scheme.
    ///
    /// # Errors
    /// [`HeatError::PeriodicImplicit`].
    pub fn scheme(mut self, scheme: Scheme) -> Result<Self, HeatError> {
        let edges = self.network.edges;
        if scheme == Scheme::Implicit && [edges.east, edges.north].contains(&Edge::Periodic) {
            return Err(HeatError::PeriodicImplicit);
        }
        self.scheme = scheme;
        Ok(self)
    }

    /// The longest explicit sub-step in seconds at which every cell stays between its neighbours (on a square grid
    /// of uniform diffusivity, dx² / 4α).
    #[must_use]
    pub fn stable_step(&self) -> f64 {
        if self.network.fastest > 0.0 { 1.0 / self.network.fastest } else { f64::INFINITY }
    }

    /// Number of sub-steps an explicit step of `dt` seconds is divided into.
    #[must_use]
    pub fn sub_steps(&self, dt: f64) -> usize {
        // A step that is a whole number of stable ones up to rounding takes just these.
        ((dt / self.stable_step()) * (1.0 - 1e-12)).ceil().max(1.0) as usize
    }

    /// Advances temperatures (row · width + column) by `dt` seconds.
    ///
    /// # Errors
    /// [`HeatError::Size`], [`HeatError::Value`] (not finite), [`HeatError::Step`] or [`HeatError::Unstable`]; the
    /// temperatures are then as they were.
    pub fn advance(&mut self, values: &mut Vec<R>, dt: f64) -> Result<Ledger, HeatError> {
        let net = &self.network;
        let cells = net.width * net.height;
        if values.len() != cells {
            return Err(HeatError::Size { what: "temperature", expected: cells, found: values.len() });
        }
        if !(dt.is_finite() && dt >= 0.0) {
            return Err(HeatError::Step(dt));
        }
        let before = net.heat(values)?;
        let mut passed = vec![Passed::default(); net.height];
        match self.scheme {
            Scheme::Explicit => {
                let steps = self.sub_steps(dt);
                if steps > MOST_SUB_STEPS {
                    let most = self.stable_step() * MOST_SUB_STEPS as f64;
                    return Err(HeatError::Unstable { dt, most });
                }
                self.scratch.resize(cells, R::default());
                let sub = dt / steps as f64;
                explicit::advance(net, values, &mut self.scratch, sub, steps, self.threads, &mut passed);
            }
            Scheme::Implicit => implicit::advance(net, values, dt, self.threads, &mut passed),
        }
        let after = net.heat(values)?;
        let gained: Sum = passed.iter().map(|row| row.gained).collect();
        let lost: Sum = passed.iter().map(|row| row.lost).collect();
        let (gained, lost) = (gained.value(), lost.value());
        Ok(Ledger { before, after, gained, lost, moved: 0.0 })
    }
}

impl<R: Real> Network<R> {
    /// Heat in all cells, and a check that all are finite.
    fn heat(&self, values: &[R]) -> Result<f64, HeatError> {
        let mut total = Sum::default();
        let mut row_heat = vec![0.0; self.width];
        for (row, temperatures) in values.chunks_exact(self.width).enumerate() {
            for (heat, temperature) in row_heat.iter_mut().zip(temperatures) {
                *heat = temperature.to_f64();
            }
            if let Some(capacity) = &self.cell_capacity {
                for (heat, capacity) in row_heat.iter_mut().zip(&capacity[row * self.width..]) {
                    *heat *= capacity;
                }
            }
            let sum = crate::sums::sum(&row_heat);
            if !sum.is_finite()
                && let Some(column) = temperatures.iter().position(|t| !t.to_f64().is_finite())
            {
                let cell = row * self.width + column;
                return Err(HeatError::Value { what: "temperature", cell, value: values[cell].to_f64() });
            }
            total.add(sum * self.row_capacity[row]);
        }
        Ok(total.value())
    }
}

impl Kernel for Heat<f64> {
    type State = Field;
    type Error = HeatError;

    fn name(&self) -> &'static str {
        "heat"
    }

    fn max_step(&self, _: &Field) -> f64 {
        match self.scheme {
            Scheme::Explicit => self.stable_step() * MOST_SUB_STEPS as f64,
            Scheme::Implicit => f64::INFINITY,
        }
    }

    fn step(&mut self, state: &mut Field, dt: f64) -> Result<Ledger, HeatError> {
        self.advance(&mut state.values, dt)
    }
}
