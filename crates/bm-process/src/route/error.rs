//! Why a terrain cannot be routed.

use thiserror::Error;

/// Why a terrain cannot be routed.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum RouteError {
    /// The numbers of columns, rows, row widths and values do not go together.
    #[error("a field of {width} × {height} cells cannot have {rows} row widths and {values} values")]
    Shape {
        /// Columns.
        width: usize,
        /// Rows.
        height: usize,
        /// Row widths given.
        rows: usize,
        /// Values given.
        values: usize,
    },
    /// More cells than can be numbered.
    #[error("{cells} cells are more than one routing can hold (2 147 483 000)")]
    TooLarge {
        /// Cells asked for.
        cells: usize,
    },
    /// A cell's size is not positive and finite.
    #[error("the cells of row {row} are {dx} m by {dy} m: sizes must be positive and finite")]
    CellSize {
        /// The row.
        row: usize,
        /// East–west metres.
        dx: f64,
        /// North–south metres.
        dy: f64,
    },
    /// A value is infinite (holes are NaN).
    #[error("cell ({column}, {row}) is infinite")]
    Infinite {
        /// Its column.
        column: usize,
        /// Its row.
        row: usize,
    },
    /// Opposite edges must both be looped or none of them.
    #[error("an edge is looped and the one opposite is not")]
    HalfLooped,
    /// Water gathers where no way leads to an outlet.
    #[error("cell ({column}, {row}) has no way to an outlet")]
    NoOutlet {
        /// Column of the lowest such cell.
        column: usize,
        /// Its row.
        row: usize,
    },
    /// An outlet was named that does not exist.
    #[error("outlet {cell} is not one of the {cells} cells")]
    UnknownOutlet {
        /// The cell named.
        cell: u32,
        /// Cells there are.
        cells: usize,
    },
    /// Water cannot spread by slopes to such a power.
    #[error("slopes cannot be taken to the power {exponent}: it must be finite and not negative")]
    Exponent {
        /// The power.
        exponent: f64,
    },
}
