//! `fault`: slip along a trace.

use serde::Deserialize;

use super::check::Check;
use super::isostasy::SETTLED;
use crate::fault::{Fault, Slip};
use crate::process::{Books, Need, Process, ProcessError, YEAR};
use crate::state::{Layer, State};
use crate::strata::{Strata, Stratum};

const NAME: &str = "fault";

/// Parameters of `fault`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultConfig {
    /// Points of the trace: metres east and north of the region's south-west corner (east by the width of cells in its middle
    /// row). Left and right are those of its direction.
    pub trace: Vec<[f64; 2]>,
    /// How fast the left wall rises over the right one, m/year (0.001).
    pub vertical: f64,
    /// How fast the walls slide past each other, m/year (0); above 0 dextral.
    pub horizontal: f64,
    /// How far from the trace the ground moves, m (5000).
    pub influence: f64,
    /// Metres along the trace over which slip grows from its ends; as the influence if not given.
    pub taper: Option<f64>,
}

impl Default for FaultConfig {
    fn default() -> Self {
        Self { trace: Vec::new(), vertical: 0.001, horizontal: 0.0, influence: 5000.0, taper: None }
    }
}

impl FaultConfig {
    /// The process.
    ///
    /// # Errors
    /// [`ProcessError::Parameter`] for impossible numbers, [`ProcessError::Kernel`] for an impossible trace.
    pub fn build(&self, state: &State) -> Result<Box<dyn Process>, ProcessError> {
        let check = Check(NAME);
        check.positive("influence", self.influence)?;
        check.finite("vertical", self.vertical)?;
        check.finite("horizontal", self.horizontal)?;
        let taper = self.taper.unwrap_or(self.influence);
        check.not_negative("taper", taper)?;
        let slip = Slip { vertical: self.vertical, horizontal: self.horizontal };
        let fault = Fault::new(&state.ground, &self.trace, slip, self.influence, taper)
            .map_err(|error| ProcessError::kernel(NAME, error))?;
        Ok(Box::new(Slipping { fault, slides: self.horizontal != 0.0 }))
    }
}

struct Slipping {
    fault: Fault,
    slides: bool,
}

impl Slipping {
    /// The horizontal part of the slip; gained and lost over the edges, m³.
    fn slide(
        &self,
        state: &mut State,
        settled: Option<&mut Vec<f64>>,
        years: f64,
    ) -> Result<(f64, f64), ProcessError> {
        let kernel = |error| ProcessError::kernel(NAME, error);
        let threads = state.threads;
        let mut ground = std::mem::take(&mut state.ground.values);
        let passed = self.fault.slide(&state.ground, &mut ground, years, threads);
        state.ground.values = ground;
        let passed = passed.map_err(kernel)?;
        if let Some(settled) = settled {
            // What was in balance is so elsewhere now; all holes: nothing has been yet.
            if !settled.iter().all(|z| z.is_nan()) {
                self.fault.slide(&state.ground, settled, years, threads).map_err(kernel)?;
            }
        }
        let mut strata: Vec<Stratum> = state.strata.strata().to_vec();
        for stratum in strata.iter_mut().filter(|s| s.thickness.iter().any(|&t| t > 0.0)) {
            let mut thickness: Vec<f64> = stratum.thickness.iter().map(|&t| f64::from(t)).collect();
            self.fault.slide(&state.ground, &mut thickness, years, threads).map_err(kernel)?;
            for (narrow, wide) in stratum.thickness.iter_mut().zip(&thickness) {
                *narrow = wide.max(0.0) as f32;
            }
        }
        let basement = state.strata.basement();
        if let Some(strata) = Strata::new(strata, basement) {
            state.strata = strata;
        }
        Ok(passed)
    }
}

impl Process for Slipping {
    fn name(&self) -> &'static str {
        NAME
    }

    fn layers(&self) -> Vec<Need> {
        Vec::new()
    }

    fn max_step(&self, state: &State) -> f64 {
        self.fault.max_step(&state.ground) * YEAR
    }

    /// Gained and lost in the ledger are what rises and sinks, and what slides over the edges of the region.
    fn step(&mut self, state: &mut State, dt: f64) -> Result<Books, ProcessError> {
        Check(NAME).step(dt)?;
        let years = dt / YEAR;
        let mut settled = match state.layer_mut(SETTLED) {
            Some(Layer::F64(settled)) => Some(std::mem::take(settled)),
            _ => None,
        };
        let mut along: Vec<&mut [f64]> = settled.iter_mut().map(Vec::as_mut_slice).collect();
        let mut solid = self.fault.throw(&mut state.ground, years, &mut along, state.threads);
        let result = if self.slides { self.slide(state, settled.as_mut(), years) } else { Ok((0.0, 0.0)) };
        if let Some(settled) = settled {
            state.set_layer(SETTLED, Layer::F64(settled));
        }
        let (gained, lost) = result?;
        solid.gained += gained;
        solid.lost += lost;
        if self.slides {
            solid.after = state.ground.volume();
        }
        Ok(Books::solid(solid))
    }
}
