//! The rasters a kernel works on.

/// A raster of `f64`, row by row from the south, with the metres of a cell on the ground.
///
/// East–west a cell is `dx[row]` metres wide (cell · cos φ in the world's frame), north–south `dy`.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// East–west metres of a cell, a row each.
    pub dx: Box<[f64]>,
    /// North–south metres of a cell.
    pub dy: f64,
    /// Values; `row · width + column`.
    pub values: Vec<f64>,
}
