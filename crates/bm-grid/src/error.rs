//! Why a grid could not be made, read or written.

use crate::layer::LayerKind;

/// Why a region, a grid or a layer was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GridError {
    /// A corner is NaN or infinite.
    #[error("{what} = {value} is not a finite number")]
    NonFinite {
        /// Which number.
        what: &'static str,
        /// The refused value.
        value: f64,
    },
    /// The box is empty or inverted along an axis.
    #[error("bounds are empty or inverted along {axis}: from {min} to {max} m")]
    InvalidBounds {
        /// `x` or `y`.
        axis: char,
        /// Lower corner in metres.
        min: f64,
        /// Upper corner in metres.
        max: f64,
    },
    /// The cell size is not positive, or finer than the coordinates can tell apart.
    #[error("cells of {cell} m: {reason}")]
    InvalidCellSize {
        /// Cell size in metres.
        cell: f64,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// More cells than a grid may have.
    #[error("{width} × {height} cells are more than a grid may have ({max})")]
    TooLarge {
        /// Cells along x.
        width: f64,
        /// Cells along y.
        height: f64,
        /// Cells allowed.
        max: u64,
    },
    /// Part of the region is outside the world.
    #[error("{axis} from {min} to {max} m leaves the world ({low} ≤ {axis} < {high})")]
    OutOfWorld {
        /// `x` or `y`.
        axis: char,
        /// Lower corner in metres.
        min: f64,
        /// Upper corner in metres.
        max: f64,
        /// Lowest value allowed.
        low: f64,
        /// First value no longer allowed.
        high: f64,
    },
    /// A cell, or a rectangle of cells, is not in the grid.
    #[error("cell ({x}, {y}) is outside the grid of {width} × {height} cells")]
    OutOfGrid {
        /// Column asked for.
        x: i64,
        /// Row asked for.
        y: i64,
        /// Columns of the grid.
        width: u32,
        /// Rows of the grid.
        height: u32,
    },
    /// A cell was left without a material.
    #[error("cell ({x}, {y}) was given no material")]
    Unfilled {
        /// Column.
        x: u32,
        /// Row.
        y: u32,
    },
    /// The grid has no such layer.
    #[error("the grid has no layer \"{name}\"")]
    LayerMissing {
        /// Its name.
        name: String,
    },
    /// The layer holds another type.
    #[error("layer \"{name}\" holds {is}, not {asked}")]
    LayerType {
        /// Its name.
        name: String,
        /// What it holds.
        is: LayerKind,
        /// What was asked for.
        asked: LayerKind,
    },
    /// A buffer has not as many values as there are cells.
    #[error("{given} values for {cells} cells")]
    Length {
        /// Values given.
        given: usize,
        /// Values needed.
        cells: usize,
    },
}

/// Why a grid could not be filled.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SeedError<E> {
    /// The grid refused what it was given.
    #[error(transparent)]
    Grid(#[from] GridError),
    /// Whoever fills it failed.
    #[error("could not fill the grid: {0}")]
    Source(E),
}
