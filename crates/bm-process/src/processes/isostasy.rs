//! `isostasy`: the ground gives way under what is laid on it, and rises where it is taken away.

use serde::Deserialize;

use super::check::Check;
use crate::flexure::{Beyond, Plate, deflection};
use crate::process::{Books, Need, Process, ProcessError};
use crate::state::State;
use crate::uplift::{Rate, lift};

const NAME: &str = "isostasy";

/// Layer of the heights that are in balance, m: the load is what has changed since. NaN: in balance as it is. What comes from below
/// (`uplift`, `fault`) moves it along, for that is no load.
pub const SETTLED: &str = "isostasySettled";

/// How loads are borne.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Model {
    /// By an elastic plate.
    #[default]
    Flexure,
    /// Column by column.
    Airy,
}

/// What the plate is beyond the region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outside {
    /// It goes on without load.
    #[default]
    Unloaded,
    /// Loads are mirrored at the edges.
    Mirrored,
}

/// Parameters of `isostasy`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IsostasyConfig {
    /// `flexure` (default) or `airy`.
    pub model: Model,
    /// Elastic thickness of the plate, m (20 000).
    pub elastic_thickness: f64,
    /// Density of what is laid on and worn away, kg/m³ (2700).
    pub load_density: f64,
    /// Density of the mantle, kg/m³ (3300).
    pub mantle_density: f64,
    /// Density of what fills the hollow of a plate that bends, kg/m³ (0: air; 1025 for a region of sea).
    pub fill_density: f64,
    /// Density of the sea, kg/m³ (1025): ground below sea level weighs as much less.
    pub sea_density: f64,
    /// `unloaded` (default) or `mirrored`.
    pub outside: Outside,
}

impl Default for IsostasyConfig {
    fn default() -> Self {
        Self {
            model: Model::Flexure,
            elastic_thickness: 20e3,
            load_density: 2700.0,
            mantle_density: 3300.0,
            fill_density: 0.0,
            sea_density: 1025.0,
            outside: Outside::Unloaded,
        }
    }
}

impl IsostasyConfig {
    /// The process.
    ///
    /// # Errors
    /// [`ProcessError::Parameter`].
    pub fn build(&self, _: &State) -> Result<Box<dyn Process>, ProcessError> {
        let check = Check(NAME);
        check.not_negative("elastic_thickness", self.elastic_thickness)?;
        check.positive("load_density", self.load_density)?;
        check.not_negative("fill_density", self.fill_density)?;
        if !(self.mantle_density.is_finite() && self.mantle_density > self.fill_density) {
            return check.refuse("mantle_density", self.mantle_density, "finite and above fill_density");
        }
        if !(0.0..=self.load_density).contains(&self.sea_density) {
            return check.refuse("sea_density", self.sea_density, "0 to load_density");
        }
        let thickness = match self.model {
            Model::Flexure => self.elastic_thickness,
            Model::Airy => 0.0,
        };
        let plate = Plate {
            load: self.load_density,
            mantle: self.mantle_density,
            fill: self.fill_density,
            ..Plate::of_thickness(thickness)
        };
        let beyond = match self.outside {
            Outside::Unloaded => Beyond::Unloaded,
            Outside::Mirrored => Beyond::Mirrored,
        };
        Ok(Box::new(Isostasy { plate, beyond, sea: self.sea_density }))
    }
}

struct Isostasy {
    plate: Plate,
    beyond: Beyond,
    sea: f64,
}

impl Process for Isostasy {
    fn name(&self) -> &'static str {
        NAME
    }

    fn layers(&self) -> Vec<Need> {
        vec![Need { layer: SETTLED, default: f64::NAN, single: false }]
    }

    /// None: the mantle gives way within a step, however short.
    fn max_step(&self, _: &State) -> f64 {
        f64::INFINITY
    }

    fn step(&mut self, state: &mut State, dt: f64) -> Result<Books, ProcessError> {
        Check(NAME).step(dt)?;
        let mut settled = state.take_f64(SETTLED, f64::NAN);
        let sea_level = state.sea_level;
        let weight = |then: f64, now: f64| {
            let water = |z: f64| (sea_level - z).max(0.0);
            let load = self.plate.load * (now - then) + self.sea * (water(now) - water(then));
            // Holes weigh nothing, and neither does what is in balance as it is.
            if load.is_nan() { 0.0 } else { load * self.plate.gravity }
        };
        let load: Vec<f64> =
            settled.iter().zip(&state.ground.values).map(|(then, now)| weight(*then, *now)).collect();
        let down = if load.iter().all(|load| *load == 0.0) {
            Ok(vec![0.0; load.len()])
        } else {
            deflection(&state.ground, &self.plate, self.beyond, &load, state.threads)
        };
        let result = down.map(|mut down| {
            down.iter_mut().for_each(|down| *down = -*down);
            let ledger = lift(&mut state.ground, Rate::Cells(&down), 1.0, state.threads);
            settled.copy_from_slice(&state.ground.values);
            Books::solid(ledger)
        });
        state.set_layer(SETTLED, crate::state::Layer::F64(settled));
        result.map_err(|error| ProcessError::kernel(NAME, error))
    }
}
