//! What heat flows through.

use super::HeatError;

/// A number a kernel computes with: `f32` or `f64`.
pub trait Real:
    Copy
    + Default
    + Send
    + Sync
    + PartialOrd
    + std::ops::Add<Output = Self>
    + std::ops::Sub<Output = Self>
    + std::ops::Mul<Output = Self>
    + 'static
{
    /// The nearest number of this kind.
    fn from_f64(value: f64) -> Self;
    /// As `f64`, exactly.
    fn to_f64(self) -> f64;
}

impl Real for f32 {
    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value as f32
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Real for f64 {
    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
}

/// What happens at one side of the raster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Edge {
    /// No heat passes.
    #[default]
    NoFlux,
    /// The outermost cells keep their temperature; the ledger tells what that took.
    Fixed,
    /// What leaves here comes in at the opposite side. Only for both sides of a pair.
    Periodic,
}

/// What happens at the four sides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Edges {
    /// Column 0.
    pub west: Edge,
    /// The last column.
    pub east: Edge,
    /// Row 0.
    pub south: Edge,
    /// The last row.
    pub north: Edge,
}

impl Edges {
    /// The same on all sides.
    #[must_use]
    pub const fn all(edge: Edge) -> Self {
        Self { west: edge, east: edge, south: edge, north: edge }
    }
}

/// How well the cells conduct, and how much heat they hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Medium {
    /// One diffusivity in m²/s everywhere. The ledger counts K·m³, as if a cubic metre took 1 J per kelvin.
    Uniform(f64),
    /// A diffusivity in m²/s for each cell; across a face their harmonic mean. The ledger counts K·m³.
    Diffusivity(Vec<f64>),
    /// Conductivity in W/(m·K), harmonic mean across a face, and heat capacity in J/(m³·K), for each cell.
    /// The ledger counts J in a layer one metre thick.
    Conductivity {
        /// W/(m·K)
        conductivity: Vec<f64>,
        /// J/(m³·K)
        capacity: Vec<f64>,
    },
}

/// Coefficients of the faces and cells of a raster, ready for kernels.
#[derive(Clone, Debug)]
pub(super) struct Network<R> {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) edges: Edges,
    pub(super) faces: Faces<R>,
    /// Heat in one kelvin of a cell, for the ledger: a number a row, times one a cell where cells differ.
    pub(super) row_capacity: Vec<f64>,
    pub(super) cell_capacity: Option<Vec<f64>>,
    /// The largest (sum of conductances / capacity) of a cell: 1/s. A step up to its inverse is stable.
    pub(super) fastest: f64,
}

/// Conductances W/K of faces, and kelvin per joule of cells; held cells have 0 of the latter.
#[derive(Clone, Debug)]
pub(super) enum Faces<R> {
    /// The same along a row: (east–west, to the north, 1/capacity).
    Rows(Vec<[R; 3]>),
    /// One each a cell: its east face, its north face, 1/capacity.
    Cells { east: Vec<R>, north: Vec<R>, inverse: Vec<R> },
}

fn harmonic(a: f64, b: f64) -> f64 {
    if a + b > 0.0 { 2.0 * a * b / (a + b) } else { 0.0 }
}

impl<R: Real> Network<R> {
    pub(super) fn new(
        (width, height): (usize, usize),
        (dx, dy): (&[f64], f64),
        medium: &Medium,
        edges: Edges,
    ) -> Result<Self, HeatError> {
        if width == 0 || height == 0 || width.checked_mul(height).is_none() {
            return Err(HeatError::Size { what: "raster", expected: 1, found: 0 });
        }
        let size = |what, expected, found| match expected == found {
            true => Ok(()),
            false => Err(HeatError::Size { what, expected, found }),
        };
        size("row widths", height, dx.len())?;
        let positive = |what, values: &[f64], zero: bool| {
            let bad = |v: &f64| !(v.is_finite() && (*v > 0.0 || zero && *v == 0.0));
            match values.iter().position(bad) {
                Some(cell) => Err(HeatError::Value { what, cell, value: values[cell] }),
                None => Ok(()),
            }
        };
        positive("row width", dx, false)?;
        positive("cell height", &[dy], false)?;
        let cells = width * height;
        match medium {
            Medium::Uniform(alpha) => positive("diffusivity", &[*alpha], true)?,
            Medium::Diffusivity(alpha) => {
                size("diffusivity", cells, alpha.len())?;
                positive("diffusivity", alpha, true)?;
            }
            Medium::Conductivity { conductivity, capacity } => {
                size("conductivity", cells, conductivity.len())?;
                size("capacity", cells, capacity.len())?;
                positive("conductivity", conductivity, true)?;
                positive("capacity", capacity, false)?;
            }
        }
        let Edges { west, east, south, north } = edges;
        for (a, b) in [(west, east), (south, north)] {
            if (a == Edge::Periodic) != (b == Edge::Periodic) {
                return Err(HeatError::Periodic);
            }
        }

        let row_capacity: Vec<f64> = dx.iter().map(|dx| dx * dy).collect();
        // Across a face to the north: its length is the mean of both rows' cells.
        let above = |row: usize| {
            if row + 1 < height {
                0.5 * (dx[row] + dx[row + 1]) / dy
            } else if north == Edge::Periodic {
                0.5 * (dx[row] + dx[0]) / dy
            } else {
                0.0
            }
        };
        let (conductivity, capacity) = match medium {
            Medium::Uniform(alpha) => {
                let rows: Vec<[f64; 3]> = (0..height)
                    .map(|row| [alpha * dy / dx[row], alpha * above(row), 1.0 / row_capacity[row]])
                    .collect();
                let fastest = (0..height)
                    .map(|row| {
                        let below = rows[(row + height - 1) % height][1];
                        (2.0 * rows[row][0] + rows[row][1] + below) * rows[row][2]
                    })
                    .fold(0.0, f64::max);
                let faces = Faces::Rows(rows.iter().map(|row| row.map(R::from_f64)).collect());
                let cell_capacity = None;
                return Ok(Self { width, height, edges, faces, row_capacity, cell_capacity, fastest });
            }
            Medium::Diffusivity(alpha) => (alpha, None),
            Medium::Conductivity { conductivity, capacity } => (conductivity, Some(capacity)),
        };

        let mut eastern = vec![0.0; cells];
        let mut northern = vec![0.0; cells];
        for row in 0..height {
            let face = above(row);
            let next = (row + 1) % height * width;
            for column in 0..width {
                let cell = row * width + column;
                let k = conductivity[cell];
                if column + 1 < width {
                    eastern[cell] = harmonic(k, conductivity[cell + 1]) * dy / dx[row];
                } else if east == Edge::Periodic {
                    eastern[cell] = harmonic(k, conductivity[row * width]) * dy / dx[row];
                }
                if face > 0.0 {
                    northern[cell] = harmonic(k, conductivity[next + column]) * face;
                }
            }
        }
        let mut inverse = vec![0.0; cells];
        let mut fastest = 0.0_f64;
        for row in 0..height {
            for column in 0..width {
                let cell = row * width + column;
                if edges.holds(column, row, width, height) {
                    continue;
                }
                let per_kelvin = row_capacity[row] * capacity.map_or(1.0, |c| c[cell]);
                let west = eastern[row * width + (column + width - 1) % width];
                let south = northern[(row + height - 1) % height * width + column];
                inverse[cell] = 1.0 / per_kelvin;
                fastest = fastest.max((eastern[cell] + west + northern[cell] + south) / per_kelvin);
            }
        }
        let all = |values: Vec<f64>| values.into_iter().map(R::from_f64).collect();
        let faces = Faces::Cells { east: all(eastern), north: all(northern), inverse: all(inverse) };
        Ok(Self { width, height, edges, faces, row_capacity, cell_capacity: capacity.cloned(), fastest })
    }
}

impl Edges {
    /// Whether a cell keeps its temperature.
    pub(super) fn holds(self, column: usize, row: usize, width: usize, height: usize) -> bool {
        column == 0 && self.west == Edge::Fixed
            || column + 1 == width && self.east == Edge::Fixed
            || row == 0 && self.south == Edge::Fixed
            || row + 1 == height && self.north == Edge::Fixed
    }
}
