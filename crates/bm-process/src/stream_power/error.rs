//! Why rivers cannot cut.

use thiserror::Error;

/// Why rivers cannot cut.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum StreamPowerError {
    /// The raster is none, or edges do not go together.
    #[error(transparent)]
    Raster(#[from] crate::route::RouteError),
    /// The routing is that of another raster.
    #[error("the ground has {ground:?} cells, the routing {flow:?}")]
    OtherRaster {
        /// Columns and rows of the ground.
        ground: (usize, usize),
        /// Those of the routing.
        flow: (usize, usize),
    },
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
    /// Not one erodibility a cell.
    #[error("{given} erodibilities for {cells} cells")]
    Erodibilities {
        /// How many there are.
        given: usize,
        /// How many cells.
        cells: usize,
    },
    /// The heights that sediment and slope exponent ask for were not found.
    #[error(
        "sediment did not settle: heights still changed by {metres} m after {rounds} rounds; take shorter steps"
    )]
    Unsettled {
        /// The largest change in the last round.
        metres: f64,
        /// Rounds.
        rounds: usize,
    },
}
