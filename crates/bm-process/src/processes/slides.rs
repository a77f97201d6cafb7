//! `slides`: ground steeper than it can stand comes down.

use serde::Deserialize;

use super::check::{Check, is_loose, of_surface};
use crate::field::Field;
use crate::process::{Books, Kernel, Need, Process, ProcessError};
use crate::state::State;
use crate::weathering::{Rest, Slides, Slope};

const NAME: &str = "slides";

/// What can slide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// The loose stratum on top; rock stands however steep it is.
    #[default]
    Loose,
    /// All ground: loose materials (an erodibility of 0.5 and more) at `angle`, rock at `rock_angle`.
    All,
}

/// Parameters of `slides`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SlidesConfig {
    /// What can slide: `loose` (default) or `all`.
    pub what: What,
    /// Angle at which loose ground stands, degrees (33).
    pub angle: f64,
    /// Angle at which rock stands, degrees (60); for `all`.
    pub rock_angle: f64,
    /// Excess height between two neighbours that is left standing, m (0.01).
    pub tolerance: f64,
    /// Passes from cell to cell in one step, at most (1000); what is still too steep goes on in the next step.
    pub passes: usize,
}

impl Default for SlidesConfig {
    fn default() -> Self {
        Self { what: What::Loose, angle: 33.0, rock_angle: 60.0, tolerance: 0.01, passes: 1000 }
    }
}

impl SlidesConfig {
    /// The process.
    ///
    /// # Errors
    /// [`ProcessError::Parameter`].
    pub fn build(&self, _: &State) -> Result<Box<dyn Process>, ProcessError> {
        let check = Check(NAME);
        for (parameter, angle) in [("angle", self.angle), ("rock_angle", self.rock_angle)] {
            if !(angle > 0.0 && angle < 90.0) {
                return check.refuse(parameter, angle, "above 0 and below 90 degrees");
            }
        }
        check.not_negative("tolerance", self.tolerance)?;
        if self.passes == 0 {
            return check.refuse("passes", 0, "at least 1");
        }
        Ok(Box::new(Sliding(self.clone())))
    }
}

struct Sliding(SlidesConfig);

impl Process for Sliding {
    fn name(&self) -> &'static str {
        NAME
    }

    fn layers(&self) -> Vec<Need> {
        Vec::new()
    }

    /// None: what is too steep comes down within a step, however short.
    fn max_step(&self, _: &State) -> f64 {
        f64::INFINITY
    }

    fn step(&mut self, state: &mut State, dt: f64) -> Result<Books, ProcessError> {
        Check(NAME).step(dt)?;
        let (loose, rock) = (self.0.angle.to_radians().tan(), self.0.rock_angle.to_radians().tan());
        let (rest, there) = match self.0.what {
            What::Loose => {
                let first = state.strata.strata().first();
                let there = first.map(|stratum| stratum.thickness.iter().map(|&t| f64::from(t)).collect());
                (Rest::Uniform(loose), Some(there.unwrap_or_else(|| vec![0.0; state.cells()])))
            }
            What::All => {
                let rests = of_surface(state, rock, |m| if is_loose(m) { loose } else { rock });
                (Rest::Cells(rests), None)
            }
        };
        let mut slides = Slides::new(rest).until(self.0.tolerance, self.0.passes).threads(state.threads);
        let solid = state.wear(|ground| {
            let surface = std::mem::replace(ground, Field::square(0, 0, 1.0, |_, _| 0.0));
            let mut slope = Slope { surface, loose: there };
            let result = slides.step(&mut slope, dt);
            *ground = slope.surface;
            result
        });
        Ok(Books::solid(solid.map_err(|error| ProcessError::kernel(NAME, error))?))
    }
}
