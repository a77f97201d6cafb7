//! What lies beyond the four edges.

use std::ops::Range;

use serde::Deserialize;

use crate::field::Field;

use super::RouteError;

/// What lies beyond an edge of a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Edge {
    /// The edge cells are base level: their height is given, water and sediment leave by them.
    #[default]
    Fixed,
    /// A wall: nothing passes.
    Closed,
    /// The opposite edge.
    #[serde(rename = "periodic")]
    Looped,
}

/// The four edges. Row 0 is the south.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rim {
    /// Column 0.
    pub west: Edge,
    /// The last column.
    pub east: Edge,
    /// Row 0.
    pub south: Edge,
    /// The last row.
    pub north: Edge,
}

impl Rim {
    /// The same at all four.
    #[must_use]
    pub const fn all(edge: Edge) -> Self {
        Self { west: edge, east: edge, south: edge, north: edge }
    }

    /// Whether it is base level of its own, by its edge.
    #[must_use]
    pub fn is_fixed(&self, width: usize, height: usize, column: usize, row: usize) -> bool {
        (column == 0 && self.west == Edge::Fixed)
            || (column + 1 == width && self.east == Edge::Fixed)
            || (row == 0 && self.south == Edge::Fixed)
            || (row + 1 == height && self.north == Edge::Fixed)
    }

    pub(crate) fn check(&self, field: &Field) -> Result<Shape, RouteError> {
        let Field { width, height, ref dx, dy, ref values } = *field;
        let cells = width.saturating_mul(height);
        if cells != values.len() || dx.len() != height || cells == 0 {
            return Err(RouteError::Shape { width, height, rows: dx.len(), values: values.len() });
        }
        // Half of the numbers mark cells of other bands.
        if cells > 2_147_483_000 {
            return Err(RouteError::TooLarge { cells });
        }
        let good = |size: f64| size.is_finite() && size > 0.0;
        if let Some(row) = (0..height).find(|&row| !good(dx[row]) || !good(dy)) {
            return Err(RouteError::CellSize { row, dx: dx[row], dy });
        }
        let looped = |a, b| (a == Edge::Looped, b == Edge::Looped);
        let (x, y) = match (looped(self.west, self.east), looped(self.south, self.north)) {
            ((a, b), (c, d)) if a == b && c == d => (a, c),
            _ => return Err(RouteError::HalfLooped),
        };
        Ok(Shape { width, height, looped_x: x, looped_y: y })
    }
}

/// Numbering of cells and their neighbours.
///
/// Neighbours are numbered 0 to 7 row by row: 0, 1, 2 in the row before, 3 and 4 beside, 5, 6, 7 in the row after.
/// The one opposite to `k` is `7 − k`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) looped_x: bool,
    pub(crate) looped_y: bool,
}

/// Column and row steps of the eight neighbours.
pub(crate) const STEPS: [(isize, isize); 8] =
    [(-1, -1), (0, -1), (1, -1), (-1, 0), (1, 0), (-1, 1), (0, 1), (1, 1)];

impl Shape {
    pub(crate) const fn cells(&self) -> usize {
        self.width * self.height
    }

    pub(crate) const fn plain(&self) -> bool {
        !self.looped_x && !self.looped_y
    }

    /// Whether rows, and columns, are rings: a loop of one or two cells is none.
    pub(crate) const fn rings(&self) -> [bool; 2] {
        [self.looped_x && self.width > 2, self.looped_y && self.height > 2]
    }

    /// The cells of some whole rows in the order in which ways down are best followed: in strips from the first row to the
    /// last, so narrow that what is met soon again is still in the cache.
    pub(crate) fn strips(&self, cells: usize) -> impl Iterator<Item = Range<usize>> + use<> {
        const STRIP: usize = 1024;
        let width = self.width;
        (0..width).step_by(STRIP).flat_map(move |column| {
            let count = STRIP.min(width - column);
            (0..cells / width).map(move |row| row * width + column..row * width + column + count)
        })
    }

    /// What to add to a cell's number to reach its neighbours, where no edge is in the way.
    pub(crate) fn offsets(&self) -> [isize; 8] {
        STEPS.map(|(x, y)| y * self.width as isize + x)
    }

    /// A cell's neighbour, if there is one.
    #[inline]
    pub(crate) fn neighbour(&self, cell: usize, k: usize) -> Option<usize> {
        let (column, row) = (cell % self.width, cell / self.width);
        let x = Self::step(column, STEPS[k].0, self.width, self.looped_x)?;
        let y = Self::step(row, STEPS[k].1, self.height, self.looped_y)?;
        Some(y * self.width + x)
    }

    /// A cell's neighbour that is known to exist.
    #[inline]
    pub(crate) fn towards(&self, offsets: &[isize; 8], cell: usize, k: u8) -> usize {
        let k = usize::from(k & 7);
        if self.plain() {
            cell.wrapping_add_signed(offsets[k])
        } else {
            self.neighbour(cell, k).unwrap_or(cell)
        }
    }

    fn step(at: usize, by: isize, size: usize, looped: bool) -> Option<usize> {
        let to = at as isize + by;
        if (0..size as isize).contains(&to) {
            return Some(to as usize);
        }
        // A loop of one or two cells would make a cell its own neighbour, or the same one twice.
        (looped && size > 2).then(|| to.rem_euclid(size as isize) as usize)
    }

    /// Whether all eight neighbours are found by plain offsets.
    #[inline]
    pub(crate) fn inner(&self, cell: usize) -> bool {
        // Narrow division is fast.
        let (column, row) = (cell as u32 % self.width as u32, cell as u32 / self.width as u32);
        column > 0 && column + 1 < self.width as u32 && row > 0 && row + 1 < self.height as u32
    }

    pub(crate) const fn place(&self, cell: usize) -> (usize, usize) {
        let (cell, width) = (cell as u32, self.width as u32);
        ((cell % width) as usize, (cell / width) as usize)
    }
}
