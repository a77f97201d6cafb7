//! The rasters a kernel works on.

use bm_grid::Region;

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

impl Field {
    /// A raster of square cells of `cell` metres; the value of each by column and row.
    #[must_use]
    pub fn square(width: usize, height: usize, cell: f64, value: impl Fn(usize, usize) -> f64) -> Self {
        let values = (0..height).flat_map(|row| (0..width).map(move |column| (column, row)));
        let values = values.map(|(column, row)| value(column, row)).collect();
        Self { width, height, dx: vec![cell; height].into(), dy: cell, values }
    }

    /// A raster over the cells of a region, with the ground metres of each row: in the world's frame cell · cos φ.
    /// Nothing when there are more cells than memory can have.
    #[must_use]
    pub fn of_region(region: &Region, value: f64) -> Option<Self> {
        let (width, height) = (region.width() as usize, region.height() as usize);
        let cells = width.checked_mul(height)?;
        let mut values = Vec::new();
        values.try_reserve_exact(cells).ok()?;
        values.resize(cells, value);
        let dy = region.cell_size();
        let dx = (0..region.height()).map(|row| dy * region.row_metric(row)).collect();
        Some(Self { width, height, dx, dy, values })
    }

    /// Whether it lies on the cells of a region: as many, and each of the same size.
    #[must_use]
    pub fn fits(&self, region: &Region) -> bool {
        let dy = region.cell_size();
        self.width == region.width() as usize
            && self.height == region.height() as usize
            && self.dy == dy
            && (0..region.height()).zip(&self.dx).all(|(row, &dx)| dx == dy * region.row_metric(row))
    }

    /// Ground of each cell of a row, m².
    #[must_use]
    pub fn cell_area(&self, row: usize) -> f64 {
        self.dx[row] * self.dy
    }

    /// Volume over height 0, m³; holes (NaN) hold nothing. The sum is that of rows, each summed by [`sum`](crate::ledger::sum):
    /// always the same.
    #[must_use]
    pub fn volume(&self) -> f64 {
        let rows: Vec<f64> = (0..self.height)
            .map(|row| {
                let values = &self.values[row * self.width..][..self.width];
                crate::ledger::sum_of(values.len(), |n| if values[n].is_nan() { 0.0 } else { values[n] })
                    * self.cell_area(row)
            })
            .collect();
        crate::ledger::sum(&rows)
    }
}
