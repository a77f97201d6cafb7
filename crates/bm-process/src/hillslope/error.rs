//! Why slopes cannot creep.

use thiserror::Error;

use crate::route::RouteError;

/// Why slopes cannot creep.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum DiffusionError {
    /// The raster is none, or not one for this.
    #[error(transparent)]
    Raster(#[from] RouteError),
    /// A parameter is not a number it can be.
    #[error("{name} = {value}: must be {must}")]
    Parameter {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What it must be.
        must: &'static str,
    },
    /// Not one diffusivity a cell.
    #[error("{given} diffusivities for {cells} cells")]
    Diffusivities {
        /// How many there are.
        given: usize,
        /// How many cells.
        cells: usize,
    },
}

impl DiffusionError {
    /// Refuses a number that is not finite or negative.
    pub(super) fn check(name: &'static str, value: f64) -> Result<(), Self> {
        let good = value.is_finite() && value >= 0.0;
        if good { Ok(()) } else { Err(Self::Parameter { name, value, must: "finite and not negative" }) }
    }
}
