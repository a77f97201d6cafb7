//! `uplift`: at a rate, by a raster, or where plates converge.

use serde::Deserialize;

use super::check::Check;
use super::isostasy::SETTLED;
use crate::process::{Books, Need, Process, ProcessError, YEAR};
use crate::state::{Layer, State, layer};
use crate::uplift::{Crust, Rate, lift};

const NAME: &str = "uplift";

/// Layer of plates' eastward velocity, m/year.
pub const PLATE_EAST: &str = "plateVelocityX";
/// Layer of plates' northward velocity, m/year.
pub const PLATE_NORTH: &str = "plateVelocityY";

/// Where uplift comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// `rate`, everywhere alike.
    #[default]
    Rate,
    /// The layer [`layer::UPLIFT`], m/year, times `rate` (then 1 by default and a factor).
    Raster,
    /// Convergence of the velocities in the layers [`PLATE_EAST`] and [`PLATE_NORTH`], m/year.
    Plates,
}

/// Parameters of `uplift`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UpliftConfig {
    /// `rate` (default), `raster` or `plates`.
    pub source: Source,
    /// With `rate`: m/year (0.0005 if not given). With the others: a factor on what they say (1 if not given).
    pub rate: Option<f64>,
    /// Whether the outermost cells stay where they are, as the base level of rivers (false).
    pub fixed_rim: bool,
    /// Thickness of the crust for `plates`, m (35 000).
    pub crust: f64,
    /// Its density, kg/m³ (2800).
    pub crust_density: f64,
    /// Density of the mantle, kg/m³ (3300).
    pub mantle_density: f64,
}

impl Default for UpliftConfig {
    fn default() -> Self {
        Self {
            source: Source::Rate,
            rate: None,
            fixed_rim: false,
            crust: 35e3,
            crust_density: 2800.0,
            mantle_density: 3300.0,
        }
    }
}

impl UpliftConfig {
    /// The process.
    ///
    /// # Errors
    /// [`ProcessError::Parameter`].
    pub fn build(&self, _: &State) -> Result<Box<dyn Process>, ProcessError> {
        let check = Check(NAME);
        check.finite("rate", self.rate.unwrap_or(0.0))?;
        check.positive("crust", self.crust)?;
        check.positive("crust_density", self.crust_density)?;
        if !(self.mantle_density.is_finite() && self.mantle_density > self.crust_density) {
            return check.refuse("mantle_density", self.mantle_density, "finite and above crust_density");
        }
        Ok(Box::new(Uplift(self.clone())))
    }
}

struct Uplift(UpliftConfig);

impl Uplift {
    /// m/year of each cell, or of all.
    fn rates(&self, state: &State) -> Result<Result<f64, Vec<f64>>, ProcessError> {
        let read = |name: &'static str| -> Result<Vec<f64>, ProcessError> {
            let Some(layer) = state.layer(name) else { return Ok(vec![0.0; state.cells()]) };
            let values: Vec<f64> = match layer {
                Layer::F64(values) => values.clone(),
                Layer::F32(values) => values.iter().map(|&value| f64::from(value)).collect(),
            };
            match values.iter().position(|value| !value.is_finite()) {
                Some(cell) => {
                    let found = format!("{} in cell {cell} of layer {name}", values[cell]);
                    Check(NAME).refuse("rate", found, "finite")
                }
                None => Ok(values),
            }
        };
        let factor = self.0.rate.unwrap_or(1.0);
        let mut rates = match self.0.source {
            Source::Rate if !self.0.fixed_rim => return Ok(Ok(self.0.rate.unwrap_or(0.0005))),
            Source::Rate => vec![self.0.rate.unwrap_or(0.0005); state.cells()],
            Source::Raster => read(layer::UPLIFT)?.into_iter().map(|rate| rate * factor).collect(),
            Source::Plates => {
                let crust = Crust {
                    thickness: self.0.crust * factor,
                    density: self.0.crust_density,
                    mantle: self.0.mantle_density,
                };
                crust.rates(&state.ground, &read(PLATE_EAST)?, &read(PLATE_NORTH)?, state.threads)
            }
        };
        if self.0.fixed_rim {
            let (width, height) = (state.ground.width, state.ground.height);
            for (cell, rate) in rates.iter_mut().enumerate() {
                let (column, row) = (cell % width, cell / width);
                if column == 0 || row == 0 || column + 1 == width || row + 1 == height {
                    *rate = 0.0;
                }
            }
        }
        Ok(Err(rates))
    }
}

impl Process for Uplift {
    fn name(&self) -> &'static str {
        NAME
    }

    fn layers(&self) -> Vec<Need> {
        match self.0.source {
            Source::Rate => Vec::new(),
            Source::Raster => vec![Need::single(layer::UPLIFT, 0.0)],
            Source::Plates => vec![Need::single(PLATE_EAST, 0.0), Need::single(PLATE_NORTH, 0.0)],
        }
    }

    fn max_step(&self, _: &State) -> f64 {
        f64::INFINITY
    }

    fn step(&mut self, state: &mut State, dt: f64) -> Result<Books, ProcessError> {
        Check(NAME).step(dt)?;
        let years = dt / YEAR;
        let rates = self.rates(state)?;
        let rate = match &rates {
            Ok(rate) => Rate::Uniform(*rate),
            Err(rates) => Rate::Cells(rates),
        };
        let books = Books::solid(lift(&mut state.ground, rate, years, state.threads));
        // It is pushed up from below: no load that would have to be balanced.
        if let Some(Layer::F64(settled)) = state.layer_mut(SETTLED) {
            for (cell, settled) in settled.iter_mut().enumerate() {
                *settled += match &rates {
                    Ok(rate) => rate * years,
                    Err(rates) => rates[cell] * years,
                };
            }
        }
        Ok(books)
    }
}
