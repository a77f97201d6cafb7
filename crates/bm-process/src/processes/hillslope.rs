//! `hillslope`: slopes that creep, linear or up to a critical slope.

use serde::Deserialize;

use super::check::Check;
use super::stream_power::{ROCK, by_material};
use crate::hillslope::{CriticalSlope, Diffusion, Diffusivity};
use crate::process::{Books, Need, Process, ProcessError, YEAR};
use crate::route::Rim;
use crate::state::State;

const NAME: &str = "hillslope";

/// How flow grows with the slope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HillslopeLaw {
    /// In proportion (creep).
    #[default]
    Linear,
    /// Beyond all measure as the slope comes near the critical one (Roering, Kirchner & Dietrich 1999).
    CriticalSlope,
}

/// Parameters of `hillslope`: ∂z/∂t = ∇·(D ∇z), or with D / (1 − (|∇z| / S)²) in place of D. Implicit: stable for any
/// step. The strata follow.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HillslopeConfig {
    /// `linear` (default) or `critical-slope`.
    pub law: HillslopeLaw,
    /// D, m²/year (0.01).
    pub diffusivity: f64,
    /// S, metres a metre (1.2), where the law has one.
    pub critical_slope: f64,
    /// Whether D goes with the erodibility of the material at the surface, plain rock (0.1) having D (false: soil creeps
    /// alike on all rocks).
    pub by_material: bool,
    /// Other edges than those of the land: `west`, `east`, `south`, `north`, each `fixed` (heights stay, what creeps there
    /// leaves; also where one is not named), `closed` or `periodic`.
    pub edges: Option<Rim>,
}

impl Default for HillslopeConfig {
    fn default() -> Self {
        Self {
            law: HillslopeLaw::Linear,
            diffusivity: 0.01,
            critical_slope: 1.2,
            by_material: false,
            edges: None,
        }
    }
}

impl HillslopeConfig {
    /// The process.
    ///
    /// # Errors
    /// [`ProcessError::Parameter`]; [`ProcessError::Kernel`] for edges that do not go together.
    pub fn build(&self, state: &State) -> Result<Box<dyn Process>, ProcessError> {
        let check = Check(NAME);
        check.not_negative("diffusivity", self.diffusivity)?;
        check.positive("critical_slope", self.critical_slope)?;
        let edges = self.edges.unwrap_or(state.rim);
        edges.check(&state.ground).map_err(|error| ProcessError::kernel(NAME, error))?;
        let d = Diffusivity::Uniform(self.diffusivity);
        let kernel = match self.law {
            HillslopeLaw::Linear => Law::Linear(Diffusion::new(d, edges)),
            HillslopeLaw::CriticalSlope => Law::Critical(CriticalSlope::new(d, self.critical_slope, edges)),
        };
        Ok(Box::new(Slopes { config: self.clone(), kernel }))
    }
}

enum Law {
    Linear(Diffusion),
    Critical(CriticalSlope),
}

struct Slopes {
    config: HillslopeConfig,
    kernel: Law,
}

impl Process for Slopes {
    fn name(&self) -> &'static str {
        NAME
    }

    fn layers(&self) -> Vec<Need> {
        Vec::new()
    }

    fn max_step(&self, _: &State) -> f64 {
        f64::INFINITY
    }

    fn step(&mut self, state: &mut State, dt: f64) -> Result<Books, ProcessError> {
        Check(NAME).step(dt)?;
        let d = self.config.diffusivity;
        let diffusivity = if self.config.by_material {
            match by_material(state, |erodibility| d * (erodibility / ROCK)) {
                Ok(d) => Diffusivity::Uniform(d),
                Err(all) => Diffusivity::Cells(all),
            }
        } else {
            Diffusivity::Uniform(d)
        };
        let threads = state.threads.max(1);
        let (done, before) = match &mut self.kernel {
            Law::Linear(creep) => {
                (creep.diffusivity, creep.threads) = (diffusivity, threads);
                (creep.step(&mut state.ground, dt / YEAR), creep.before())
            }
            Law::Critical(slopes) => {
                (slopes.diffusivity, slopes.threads) = (diffusivity, threads);
                (slopes.step(&mut state.ground, dt / YEAR), slopes.before())
            }
        };
        let solid = done.map_err(|error| ProcessError::kernel(NAME, error))?;
        state.follow(before);
        Ok(Books::solid(solid))
    }
}
