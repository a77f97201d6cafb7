//! Where the cells of a grid lie.
//!
//! Every question is decided by the same numbers, the *edges*: column `i` holds the x with
//! `edge(i) ≤ x < edge(i + 1)`, where `edge(i) = origin + (first + i) · cell` as rounded to `f64`. That function
//! ascends, so cells neither overlap nor leave a gap, whatever the cell size and offset, and parts of a region
//! ([`Region::part`]) have the very same edges.

use crate::bounds::{Bounds, Window};
use crate::error::GridError;
use bm_core::frame::{TICKS_PER_METRE, WORLD_X, WORLD_Y};
use glam::DVec2;

/// Most cells a region may have: 2^32.
pub const MAX_CELLS: u64 = 1 << 32;

/// What the plane of a region is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Ground {
    /// A drawing board: a metre is a metre everywhere.
    #[default]
    Flat,
    /// The world's frame: x metres east of the date line at the equator, y metres north of the south pole; a metre of
    /// x is cos φ metres of ground. x may go past the date line at either end.
    World,
}

/// A rectangle of square cells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Region {
    origin: DVec2,
    cell: f64,
    first: [i64; 2],
    size: [u32; 2],
    ground: Ground,
    /// First and last edges: they follow from the others, and every question begins with them.
    bounds: Bounds,
}

/// What a region is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RegionParts {
    pub(crate) origin: DVec2,
    pub(crate) cell: f64,
    pub(crate) first: [i64; 2],
    pub(crate) size: [u32; 2],
    pub(crate) ground: Ground,
}

const NOWHERE: Bounds = Bounds { min: DVec2::ZERO, max: DVec2::ZERO };

impl Region {
    /// A region on a drawing board whose cells start at `bounds.min`; as many as it takes to cover the bounds. Its own
    /// [`Region::bounds`] are those of its whole cells, so up to a cell wider than asked. (Less than a billionth of a
    /// cell beyond the last one is rounding of the input, not another cell.)
    ///
    /// # Errors
    /// [`GridError::NonFinite`], [`GridError::InvalidBounds`], [`GridError::InvalidCellSize`],
    /// [`GridError::TooLarge`].
    pub fn new(bounds: Bounds, cell: f64) -> Result<Self, GridError> {
        bounds.check()?;
        check_cell(cell)?;
        Self::of_cells(bounds.min, cell, [0, 0], cells_over(bounds.size(), cell)?, Ground::Flat)
    }

    /// A region of the world's frame ([`Ground::World`]) whose cells start at `bounds.min`, else as [`Region::new`].
    ///
    /// # Errors
    /// As [`Region::new`], and [`GridError::OutOfWorld`] when cells' centres lie beyond a pole, or when the region is
    /// wider than the world or starts more than once around it.
    pub fn in_world(bounds: Bounds, cell: f64) -> Result<Self, GridError> {
        let flat = Self::new(bounds, cell)?;
        flat.on_world()
    }

    /// A region of the world's frame whose cell edges are whole multiples of the cell size, grown to cover the
    /// bounds. Regions of one cell size made like this share their cells.
    ///
    /// # Errors
    /// As [`Region::in_world`].
    pub fn aligned(bounds: Bounds, cell: f64) -> Result<Self, GridError> {
        bounds.check()?;
        check_cell(cell)?;
        let first = (bounds.min / cell).floor();
        if first.abs().max_element() > 1e15 {
            return Err(too_fine(cell));
        }
        let size = cells_over(bounds.max - first * cell, cell)?;
        Self::of_cells(DVec2::ZERO, cell, [first.x as i64, first.y as i64], size, Ground::World)?.on_world()
    }

    fn of_cells(
        origin: DVec2,
        cell: f64,
        first: [i64; 2],
        size: [u32; 2],
        ground: Ground,
    ) -> Result<Self, GridError> {
        let region = Self { origin, cell, first, size, ground, bounds: NOWHERE }.bounded();
        let b = region.bounds();
        let largest =
            b.min.abs().max_element().max(b.max.abs().max_element()).max(origin.abs().max_element());
        if !largest.is_finite() {
            return Err(GridError::NonFinite { what: "the region's far corner", value: largest });
        }
        // Edges, centres and points between must be different numbers.
        if cell < largest * f64::EPSILON * 8.0 {
            return Err(too_fine(cell));
        }
        Ok(region)
    }

    /// The numbers that say where all edges are, for who saves them.
    pub(crate) const fn parts(&self) -> RegionParts {
        let Self { origin, cell, first, size, ground, .. } = *self;
        RegionParts { origin, cell, first, size, ground }
    }

    /// The region of numbers that may be anything.
    pub(crate) fn of_parts(parts: RegionParts) -> Result<Self, GridError> {
        let RegionParts { origin, cell, first, size: [width, height], ground } = parts;
        check_cell(cell)?;
        for (what, value) in [("the origin's x", origin.x), ("the origin's y", origin.y)] {
            if !value.is_finite() {
                return Err(GridError::NonFinite { what, value });
            }
        }
        let cells = u64::from(width) * u64::from(height);
        if !(1..=MAX_CELLS).contains(&cells) {
            return Err(GridError::TooLarge { width: width.into(), height: height.into(), max: MAX_CELLS });
        }
        if first.iter().any(|n| n.unsigned_abs() > 1 << 52) {
            return Err(too_fine(cell));
        }
        let region = Self::of_cells(origin, cell, first, [width, height], Ground::Flat)?;
        match ground {
            Ground::Flat => Ok(region),
            Ground::World => region.on_world(),
        }
    }

    fn on_world(self) -> Result<Self, GridError> {
        let (wx, wy) = world_size();
        let b = self.bounds();
        let half = self.cell / 2.0;
        if b.min.y + half < 0.0 || b.max.y - half >= wy {
            return Err(GridError::OutOfWorld { axis: 'y', min: b.min.y, max: b.max.y, low: 0.0, high: wy });
        }
        // One turn of cells is enough to cover the world, whatever the cell size.
        if b.min.x < -wx || b.max.x - self.cell >= 2.0 * wx || b.size().x - self.cell >= wx {
            return Err(GridError::OutOfWorld { axis: 'x', min: b.min.x, max: b.max.x, low: 0.0, high: wx });
        }
        Ok(Self { ground: Ground::World, ..self })
    }

    /// Columns.
    #[must_use]
    pub const fn width(&self) -> u32 {
        self.size[0]
    }

    /// Rows.
    #[must_use]
    pub const fn height(&self) -> u32 {
        self.size[1]
    }

    /// Number of cells.
    #[must_use]
    pub const fn cells(&self) -> u64 {
        self.size[0] as u64 * self.size[1] as u64
    }

    /// Edge of a cell in metres of the plane.
    #[must_use]
    pub const fn cell_size(&self) -> f64 {
        self.cell
    }

    /// What the plane is.
    #[must_use]
    pub const fn ground(&self) -> Ground {
        self.ground
    }

    /// The bounds of the whole cells.
    #[must_use]
    pub const fn bounds(&self) -> Bounds {
        self.bounds
    }

    fn bounded(self) -> Self {
        let bounds = Bounds {
            min: DVec2::new(self.edge(0, 0), self.edge(1, 0)),
            max: DVec2::new(self.edge(0, self.size[0]), self.edge(1, self.size[1])),
        };
        Self { bounds, ..self }
    }

    /// All cells.
    #[must_use]
    pub const fn window(&self) -> Window {
        Window { x: 0, y: 0, width: self.size[0], height: self.size[1] }
    }

    #[inline]
    fn edge(&self, axis: usize, index: u32) -> f64 {
        self.origin[axis] + (self.first[axis] + i64::from(index)) as f64 * self.cell
    }

    #[inline]
    fn index(&self, axis: usize, at: f64) -> u32 {
        // Within one of the right cell, by rounding; the edges decide.
        let guess = ((at - self.origin[axis]) / self.cell).floor() - self.first[axis] as f64;
        let mut i = guess.clamp(0.0, f64::from(self.size[axis] - 1)) as u32;
        while i > 0 && at < self.edge(axis, i) {
            i -= 1;
        }
        while i + 1 < self.size[axis] && at >= self.edge(axis, i + 1) {
            i += 1;
        }
        i
    }

    /// Column and row of the cell that holds a point; none outside and for NaN.
    #[inline]
    #[must_use]
    pub fn world_to_cell(&self, p: DVec2) -> Option<(u32, u32)> {
        self.bounds.contains(p).then(|| (self.index(0, p.x), self.index(1, p.y)))
    }

    /// The cell nearest to a point along each axis; none for NaN.
    #[must_use]
    pub fn world_to_cell_clamped(&self, p: DVec2) -> Option<(u32, u32)> {
        (!p.is_nan()).then(|| (self.index(0, p.x), self.index(1, p.y)))
    }

    /// x of the centre of a column, in metres.
    #[inline]
    #[must_use]
    pub fn center_x(&self, column: u32) -> f64 {
        self.center(0, column)
    }

    /// y of the centre of a row, in metres.
    #[inline]
    #[must_use]
    pub fn center_y(&self, row: u32) -> f64 {
        self.center(1, row)
    }

    #[inline]
    fn center(&self, axis: usize, index: u32) -> f64 {
        self.origin[axis] + ((self.first[axis] + i64::from(index)) as f64 + 0.5) * self.cell
    }

    /// Centre of a cell; none if there is no such cell.
    #[must_use]
    pub fn cell_center(&self, x: u32, y: u32) -> Option<DVec2> {
        self.has(x, y).then(|| DVec2::new(self.center(0, x), self.center(1, y)))
    }

    /// Bounds of a cell; none if there is no such cell.
    #[must_use]
    pub fn cell_bounds(&self, x: u32, y: u32) -> Option<Bounds> {
        self.has(x, y).then(|| Bounds {
            min: DVec2::new(self.edge(0, x), self.edge(1, y)),
            max: DVec2::new(self.edge(0, x + 1), self.edge(1, y + 1)),
        })
    }

    /// Whether there is such a cell.
    #[inline]
    #[must_use]
    pub const fn has(&self, x: u32, y: u32) -> bool {
        x < self.size[0] && y < self.size[1]
    }

    /// The cells that share a point with half-open bounds, as far as they are in the region: bounds that end at a
    /// cell's edge do not take the cell behind it.
    #[must_use]
    pub fn overlapping(&self, bounds: Bounds) -> Option<Window> {
        if bounds.check().is_err() || !self.bounds().overlaps(&bounds) {
            return None;
        }
        let (x, y) = self.world_to_cell_clamped(bounds.min)?;
        let (mut last_x, mut last_y) = self.world_to_cell_clamped(bounds.max)?;
        if last_x > x && self.edge(0, last_x) >= bounds.max.x {
            last_x -= 1;
        }
        if last_y > y && self.edge(1, last_y) >= bounds.max.y {
            last_y -= 1;
        }
        Some(Window { x, y, width: last_x - x + 1, height: last_y - y + 1 })
    }

    /// A part of this region, with the very same edges; none if the window leaves it or is empty.
    #[must_use]
    pub fn part(&self, window: Window) -> Option<Self> {
        let inside = self.window().intersection(&window) == Some(window);
        let part = inside.then(|| Self {
            first: [self.first[0] + i64::from(window.x), self.first[1] + i64::from(window.y)],
            size: [window.width, window.height],
            ..*self
        });
        part.map(Self::bounded)
    }

    /// Ground metres of a metre of x in a row: cos φ of its centre in the world's frame (never below 10⁻⁶), else 1.
    #[must_use]
    pub fn row_metric(&self, row: u32) -> f64 {
        match self.ground {
            Ground::Flat => 1.0,
            Ground::World => {
                let lat = self.center(1, row) / world_size().1 * 180.0 - 90.0;
                lat.to_radians().cos().max(1e-6)
            }
        }
    }
}

/// Width and height of the world in metres.
fn world_size() -> (f64, f64) {
    let t = f64::from(TICKS_PER_METRE);
    (f64::from(WORLD_X) / t, f64::from(WORLD_Y) / t)
}

fn check_cell(cell: f64) -> Result<(), GridError> {
    if !cell.is_finite() {
        return Err(GridError::NonFinite { what: "cell size", value: cell });
    }
    if cell <= 0.0 {
        return Err(GridError::InvalidCellSize { cell, reason: "a cell size is positive" });
    }
    Ok(())
}

fn too_fine(cell: f64) -> GridError {
    GridError::InvalidCellSize { cell, reason: "finer than coordinates of this size can tell apart" }
}

/// Cells needed along each axis to cover an extent.
fn cells_over(extent: DVec2, cell: f64) -> Result<[u32; 2], GridError> {
    let whole = |extent: f64| {
        let cells = extent / cell;
        let near = cells.round();
        let whole = if cells - near <= (cells * 4.0 * f64::EPSILON).max(1e-9) { near } else { cells.ceil() };
        whole.max(1.0)
    };
    let (width, height) = (whole(extent.x), whole(extent.y));
    let max = MAX_CELLS;
    // NaN cannot come here; an infinite extent is too large.
    if width * height > max as f64 || width > f64::from(u32::MAX) || height > f64::from(u32::MAX) {
        return Err(GridError::TooLarge { width, height, max });
    }
    Ok([width as u32, height as u32])
}
