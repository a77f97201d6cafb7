//! Boxes: of metres, and of cells.

use crate::error::GridError;
use glam::DVec2;

/// A half-open box of the plane in metres: `min` is inside, `max` is not. In the world's frame x runs east and y
/// north (see [`bm_core::frame`]).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// South-west corner, inside.
    pub min: DVec2,
    /// North-east corner, outside.
    pub max: DVec2,
}

impl Bounds {
    /// Whether a point lies inside. Never, if a coordinate is NaN.
    #[must_use]
    pub fn contains(&self, p: DVec2) -> bool {
        (self.min.x..self.max.x).contains(&p.x) && (self.min.y..self.max.y).contains(&p.y)
    }

    /// Whether both share a point.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.min.x < other.max.x
            && other.min.x < self.max.x
            && self.min.y < other.max.y
            && other.min.y < self.max.y
    }

    /// Width and height in metres.
    #[must_use]
    pub fn size(&self) -> DVec2 {
        self.max - self.min
    }

    /// Nothing, if all corners are finite and the box is not empty.
    pub(crate) fn check(&self) -> Result<(), GridError> {
        let named =
            [("min.x", self.min.x), ("min.y", self.min.y), ("max.x", self.max.x), ("max.y", self.max.y)];
        if let Some(&(what, value)) = named.iter().find(|(_, value)| !value.is_finite()) {
            return Err(GridError::NonFinite { what, value });
        }
        for (axis, min, max) in [('x', self.min.x, self.max.x), ('y', self.min.y, self.max.y)] {
            if min >= max {
                return Err(GridError::InvalidBounds { axis, min, max });
            }
        }
        Ok(())
    }
}

/// A rectangle of cells: columns `x..x + width`, rows `y..y + height`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// First column.
    pub x: u32,
    /// First row.
    pub y: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Window {
    /// Number of cells.
    #[must_use]
    pub const fn cells(&self) -> usize {
        self.width as usize * self.height as usize
    }

    /// First column behind it.
    #[must_use]
    pub const fn end_x(&self) -> u32 {
        self.x + self.width
    }

    /// First row behind it.
    #[must_use]
    pub const fn end_y(&self) -> u32 {
        self.y + self.height
    }

    /// Whether a cell lies in it.
    #[must_use]
    pub const fn contains(&self, x: u32, y: u32) -> bool {
        x.wrapping_sub(self.x) < self.width && y.wrapping_sub(self.y) < self.height
    }

    /// The cells that are in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        let (ex, ey) = (self.end_x().min(other.end_x()), self.end_y().min(other.end_y()));
        (x < ex && y < ey).then(|| Self { x, y, width: ex - x, height: ey - y })
    }
}
