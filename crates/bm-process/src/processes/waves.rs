//! `waves`: erosion of coasts.

use serde::Deserialize;

use super::check::{Check, of_surface};
use crate::ledger::Ledger;
use crate::process::{Books, Need, Process, ProcessError, YEAR};
use crate::state::State;
use crate::waves::{Coast, advance};

const NAME: &str = "waves";

/// Parameters of `waves`. Resistance is one over the erodibility of the material at the surface: 1 for what is quite loose, 4
/// for sandstone, 20 for granite.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WavesConfig {
    /// How fast waves of 1 m lower a shore of resistance 1, m/year (0.05). To be calibrated for a coast.
    pub rate: f64,
    /// Height of the waves, m (2).
    pub height: f64,
    /// A factor on their energy (1).
    pub power: f64,
    /// How far inland they work, m (100).
    pub reach: f64,
    /// How deep below sea level they wear the ground, m; as deep as they are high if not given.
    pub base: Option<f64>,
    /// Share of what is worn away that comes to lie off the shore, 0 to 1 (0.5); the rest is carried off.
    pub kept: f64,
    /// Metres a cell may lose before the shore is looked at again (5).
    pub most: f64,
}

impl Default for WavesConfig {
    fn default() -> Self {
        Self { rate: 0.05, height: 2.0, power: 1.0, reach: 100.0, base: None, kept: 0.5, most: 5.0 }
    }
}

/// Looks at the shore in one step, at most.
const MOST_LOOKS: f64 = 100_000.0;

impl WavesConfig {
    /// The process.
    ///
    /// # Errors
    /// [`ProcessError::Parameter`].
    pub fn build(&self, _: &State) -> Result<Box<dyn Process>, ProcessError> {
        let check = Check(NAME);
        for (parameter, value) in [("rate", self.rate), ("height", self.height), ("power", self.power)] {
            check.not_negative(parameter, value)?;
        }
        check.positive("reach", self.reach)?;
        check.not_negative("base", self.base.unwrap_or(self.height))?;
        check.share("kept", self.kept)?;
        check.positive("most", self.most)?;
        Ok(Box::new(Waves(Coast {
            rate: self.rate,
            energy: self.height * self.power,
            reach: self.reach,
            base: self.base.unwrap_or(self.height),
            kept: self.kept,
            most: self.most,
        })))
    }
}

struct Waves(Coast);

impl Process for Waves {
    fn name(&self) -> &'static str {
        NAME
    }

    fn layers(&self) -> Vec<Need> {
        Vec::new()
    }

    /// The time in which the softest shore could lose `most` metres so many times as a step may look at the shore.
    fn max_step(&self, _: &State) -> f64 {
        let fastest = self.0.rate * self.0.energy;
        if fastest > 0.0 { self.0.most / fastest * MOST_LOOKS * YEAR } else { f64::INFINITY }
    }

    fn step(&mut self, state: &mut State, dt: f64) -> Result<Books, ProcessError> {
        let check = Check(NAME);
        check.step(dt)?;
        if dt > self.max_step(state) {
            return check.refuse(
                "step",
                dt,
                "at most 100 000 times what the softest shore takes to lose `most` metres",
            );
        }
        let (mut left, mut solid) = (dt / YEAR, None::<Ledger>);
        // Once for each look at the shore, and at the material that lies there by then.
        loop {
            let erodibility = of_surface(state, 0.0, |material| material.erodibility.max(0.0));
            let (sea_level, threads) = (state.sea_level, state.threads);
            let done = state
                .wear(|ground| advance(ground, sea_level, &erodibility, &self.0, left, threads))
                .map_err(|error| ProcessError::kernel(NAME, error))?;
            left -= done.time;
            let now = done.ledger;
            solid = Some(solid.map_or(now, |all| Ledger {
                before: all.before,
                after: now.after,
                gained: all.gained + now.gained,
                lost: all.lost + now.lost,
                moved: all.moved + now.moved,
            }));
            if left <= 0.0 {
                break;
            }
        }
        Ok(Books::solid(solid.unwrap_or_default()))
    }
}
