//! Linear creep of slopes: ∂z/∂t = ∇·(D ∇z), alternating directions implicit (Peaceman & Rachford 1955).
//!
//! Half a step is implicit along rows and explicit across them, the other half the other way round: stable for any
//! step, second order in time. Fluxes belong to the faces between cells, so nothing is lost on the way; with the
//! widths of rows differing (cells narrow towards the poles), a face between two rows is as wide as they are on
//! average. Fixed edges keep their height and give or take what flows; nothing flows through closed ones and into holes.

use crate::field::Field;
use crate::ledger::{Ledger, sum, sum_of};
use crate::route::rim::Shape;
use crate::route::{Edge, Rim};
use crate::wide::wide;
use crate::workers;

use super::{DiffusionError, across, along};

/// How fast slopes creep: D in m² per second (or per whatever unit steps are in).
#[derive(Clone, Debug, PartialEq)]
pub enum Diffusivity {
    /// The same everywhere.
    Uniform(f64),
    /// One a cell; at a face the mean of the two.
    Cells(Vec<f64>),
}

impl Diffusivity {
    /// Whether there is one for each of the heights, and it can be.
    pub(super) fn check(&self, heights: &[f64]) -> Result<(), DiffusionError> {
        match self {
            Self::Uniform(d) => DiffusionError::check("diffusivity", *d),
            Self::Cells(all) if all.len() != heights.len() => {
                Err(DiffusionError::Diffusivities { given: all.len(), cells: heights.len() })
            }
            Self::Cells(all) => {
                let used = all.iter().zip(heights).filter(|(_, z)| !z.is_nan());
                used.map(|(&d, _)| d).try_for_each(|d| DiffusionError::check("diffusivity", d))
            }
        }
    }
}

/// Linear diffusion of heights.
///
/// ```
/// use bm_process::{field::Field, hillslope::{Diffusion, Diffusivity}, route::{Edge, Rim}};
///
/// let mut ground = Field::square(9, 9, 10.0, |x, y| if (x, y) == (4, 4) { 100.0 } else { 0.0 });
/// let mut creep = Diffusion::new(Diffusivity::Uniform(0.01), Rim::all(Edge::Closed));
/// let ledger = creep.step(&mut ground, 1000.0)?;
/// assert!(ledger.error() < 1e-12 && (ground.volume() - 10_000.0).abs() < 1e-9);
/// assert!(ground.values[4 * 9 + 4] < 100.0 && ground.values[4 * 9 + 5] > 0.0);
/// # Ok::<(), bm_process::hillslope::DiffusionError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Diffusion {
    /// D.
    pub diffusivity: Diffusivity,
    /// What lies beyond the edges.
    pub rim: Rim,
    /// Threads to use; the result does not depend on it.
    pub threads: usize,
    half: Vec<f64>,
    next: Vec<f64>,
}

impl Diffusion {
    /// One thread.
    #[must_use]
    pub fn new(diffusivity: Diffusivity, rim: Rim) -> Self {
        Self { diffusivity, rim, threads: 1, half: Vec::new(), next: Vec::new() }
    }

    /// Lets slopes creep for `dt`.
    ///
    /// # Errors
    /// When one edge is looped and the opposite one is not, shapes do not fit or a parameter is out of its range; nothing has changed then.
    pub fn step(&mut self, ground: &mut Field, dt: f64) -> Result<Ledger, DiffusionError> {
        let shape = self.rim.check(ground)?;
        self.diffusivity.check(&ground.values)?;
        DiffusionError::check("dt", dt)?;
        let holes = ground.values.iter().any(|value| value.is_nan());
        let every: Vec<f64>;
        let (scale, varied) = match &self.diffusivity {
            Diffusivity::Uniform(d) if !holes => (*d, None),
            Diffusivity::Uniform(d) => {
                every = ground.values.iter().map(|z| if z.is_nan() { f64::NAN } else { *d }).collect();
                (1.0, Some(&every))
            }
            Diffusivity::Cells(all) if !holes => (1.0, Some(all)),
            Diffusivity::Cells(all) => {
                let pairs = all.iter().zip(&ground.values);
                every = pairs.map(|(&d, z)| if z.is_nan() { f64::NAN } else { d }).collect();
                (1.0, Some(&every))
            }
        };
        // Within, holes are cells of height 0 with nothing flowing to them.
        let solid: Vec<f64>;
        let values = if holes {
            solid = ground.values.iter().map(|&z| if z.is_nan() { 0.0 } else { z }).collect();
            &solid
        } else {
            &ground.values
        };
        let grid = Grid::new(ground, (self.rim, shape), scale * dt, varied);
        let Self { threads, half, next, .. } = self;
        let (width, height) = (ground.width, ground.height);
        half.resize(values.len(), 0.0);
        next.resize(values.len(), 0.0);
        let bands = workers::bands(height, *threads);
        let jobs = bands.iter().cloned().zip(workers::cut(half, width, &bands)).collect();
        workers::run(jobs, |(rows, half)| along::solve(&grid, values, rows, half));
        let strips = workers::bands(width, *threads);
        let jobs = strips.iter().map(|columns| columns.start).zip(columns_of(next, width, &strips)).collect();
        let middle = &half[..];
        workers::run(jobs, |(first, mut rows): (usize, Vec<&mut [f64]>)| {
            across::solve(&grid, middle, first, &mut rows)
        });
        let ledger = grid.ledger(ground, values, half, next, *threads);
        if holes {
            for (next, z) in next.iter_mut().zip(&ground.values) {
                if z.is_nan() {
                    *next = f64::NAN;
                }
            }
        }
        std::mem::swap(&mut ground.values, next);
        Ok(ledger)
    }

    /// Heights before the last step; nothing before the first.
    #[must_use]
    pub fn before(&self) -> &[f64] {
        &self.next
    }
}

/// Cuts a raster into strips of columns: for each the parts of all rows.
pub(super) fn columns_of<'a>(
    values: &'a mut [f64],
    width: usize,
    strips: &[std::ops::Range<usize>],
) -> Vec<Vec<&'a mut [f64]>> {
    let mut parts: Vec<Vec<&mut [f64]>> = strips.iter().map(|_| Vec::new()).collect();
    for mut row in values.chunks_exact_mut(width) {
        for (part, strip) in parts.iter_mut().zip(strips) {
            let (mine, rest) = row.split_at_mut(strip.len());
            part.push(mine);
            row = rest;
        }
    }
    parts
}

/// How the steps over the faces between cells are known.
pub(crate) enum Faces<'a> {
    /// By row.
    Uniform,
    /// By the diffusivities of the cells, NaN in holes; the steps by row are for a diffusivity of one.
    Varied { diffusivity: &'a [f64] },
}

/// The faces of a raster: what a unit of difference moves over each in half a step, as a share of the cell.
pub(crate) struct Grid<'a> {
    pub(crate) width: usize,
    pub(crate) height: usize,
    rim: Rim,
    /// Whether rows, and columns, are rings.
    pub(crate) rings: [bool; 2],
    pub(crate) faces: Faces<'a>,
    /// Over eastern and western faces, by row.
    pub(crate) along: Vec<f64>,
    /// Over southern faces, by row; 0 where there is none. Of a ring's first row: over the face to the last.
    pub(crate) south: Vec<f64>,
    /// Over northern faces.
    pub(crate) north: Vec<f64>,
}

impl<'a> Grid<'a> {
    fn new(ground: &Field, (rim, shape): (Rim, Shape), reach: f64, varied: Option<&'a Vec<f64>>) -> Self {
        let Field { width, height, ref dx, dy, .. } = *ground;
        let half = 0.5 * reach;
        let across = |row: usize, other: usize| half / (dy * dy) * (0.5 * (dx[row] + dx[other]) / dx[row]);
        let rings = shape.rings();
        let steps = |end: usize, by: usize| {
            let step = |row| if row != end || rings[1] { across(row, (row + by) % height) } else { 0.0 };
            (0..height).map(step).collect()
        };
        let (south, north) = (steps(0, height - 1), steps(height - 1, 1));
        Self {
            width,
            height,
            rim,
            rings,
            faces: varied.map_or(Faces::Uniform, |diffusivity| Faces::Varied { diffusivity }),
            along: dx.iter().map(|dx| half / (dx * dx)).collect(),
            south,
            north,
        }
    }

    pub(crate) fn fixed_column(&self, column: usize) -> bool {
        (column == 0 && self.rim.west == Edge::Fixed)
            || (column + 1 == self.width && self.rim.east == Edge::Fixed)
    }

    pub(crate) fn fixed_row(&self, row: usize) -> bool {
        (row == 0 && self.rim.south == Edge::Fixed)
            || (row + 1 == self.height && self.rim.north == Edge::Fixed)
    }

    /// The diffusivity at the face between two cells; none into holes.
    fn face(&self, a: usize, b: usize) -> f64 {
        match self.faces {
            Faces::Uniform => 1.0,
            Faces::Varied { diffusivity } => {
                let mean = 0.5 * (diffusivity[a] + diffusivity[b]);
                if mean.is_nan() { 0.0 } else { mean }
            }
        }
    }

    /// The rows before and after one; itself where there is none.
    pub(crate) fn beside(&self, row: usize) -> [usize; 2] {
        let last = self.height - 1;
        let [first, end] = if self.rings[1] { [last, 0] } else { [0, last] };
        [if row > 0 { row - 1 } else { first }, if row < last { row + 1 } else { end }]
    }

    /// Steps over the eastern faces of a row; of a ring's last cell: over the face to the first.
    pub(crate) fn along_faces(&self, out: &mut [f64], row: usize) {
        let (start, end) = (row * self.width, (row + 1) * self.width);
        for (column, out) in out.iter_mut().enumerate() {
            let cell = start + column;
            *out = match cell + 1 < end {
                true => self.along[row] * self.face(cell, cell + 1),
                false if self.rings[0] => self.along[row] * self.face(cell, start),
                false => 0.0,
            };
        }
    }

    /// Diffusivity times width at the northern faces of a row's cells from a column on; none of the last row.
    pub(crate) fn across_faces(&self, out: &mut [f64], row: usize, from: usize) {
        match row + 1 == self.height {
            true => out.fill(0.0),
            false => self.northern(out, row, from),
        }
    }

    /// The same of the last row of a ring too.
    pub(crate) fn northern(&self, out: &mut [f64], row: usize, from: usize) {
        // The step over the face, as a share of a cell of unit width.
        let scale = self.north[row] / self.across_scale(row);
        let [_, next] = self.beside(row);
        let (cell, other) = (row * self.width + from, next * self.width + from);
        for (column, out) in out.iter_mut().enumerate() {
            *out = scale * self.face(cell + column, other + column);
        }
    }

    /// What makes steps of a row's cells out of [`Grid::across_faces`].
    pub(crate) fn across_scale(&self, row: usize) -> f64 {
        // along ∝ 1/dx²: rows differ by dx only.
        self.along[row].sqrt().max(f64::MIN_POSITIVE)
    }

    /// The right-hand side of a row: what comes from the south and the north.
    pub(crate) fn right_row_varied(&self, out: &mut [f64], values: &[f64], row: usize) {
        let [before, after] = self.beside(row);
        for (column, out) in out.iter_mut().enumerate() {
            let cell = row * self.width + column;
            let z = values[cell];
            let mut right = 0.0;
            if before != row {
                let south = before * self.width + column;
                right += self.south[row] * self.face(south, cell) * (values[south] - z);
            }
            if after != row {
                let north = after * self.width + column;
                right += self.north[row] * self.face(cell, north) * (values[north] - z);
            }
            *out = z + right;
        }
    }

    /// The right-hand side of a block of a row in place of its values: what comes from the west and the east.
    pub(crate) fn right_block_varied(&self, padded: &mut [f64], row: usize, from: usize, count: usize) {
        let mut west = padded[0];
        for i in 0..count {
            let (column, cell) = (from + i, row * self.width + from + i);
            let (z, east) = (padded[i + 1], padded[i + 2]);
            let mut right = 0.0;
            if column > 0 {
                right += self.face(cell - 1, cell) * (west - z);
            } else if self.rings[0] {
                right += self.face(cell + self.width - 1, cell) * (west - z);
            }
            if column + 1 < self.width {
                right += self.face(cell, cell + 1) * (east - z);
            } else if self.rings[0] {
                right += self.face(cell, cell + 1 - self.width) * (east - z);
            }
            padded[i + 1] = z + self.along[row] * right;
            west = z;
        }
    }

    /// What there was and is, and what came and went over fixed edges. `half` is the state between the half-steps.
    fn ledger(&self, ground: &Field, before: &[f64], half: &[f64], after: &[f64], threads: usize) -> Ledger {
        let width = self.width;
        let rows = workers::run(workers::bands(self.height, threads), |rows| {
            rows.map(|row| {
                let cells = row * width..(row + 1) * width;
                let area = ground.cell_area(row);
                row_sums(&before[cells.clone()], &after[cells]).map(|sum| sum * area)
            })
            .collect::<Vec<_>>()
        })
        .concat();
        let total = |k: usize| sum(&rows.iter().map(|row| row[k]).collect::<Vec<_>>());
        let mut came = Vec::new();
        let (width, height) = (self.width, self.height);
        // Over western and eastern edges both halves move what the state between them says.
        for (outer, inner) in [(0, 1), (width - 1, width.wrapping_sub(2))] {
            if width > 1 && self.fixed_column(outer) && !self.fixed_column(inner) {
                came.extend((0..height).filter(|&row| !self.fixed_row(row)).map(|row| {
                    let (a, b) = (row * width + outer, row * width + inner);
                    2.0 * self.along[row] * self.face(a, b) * (half[a] - half[b]) * ground.cell_area(row)
                }));
            }
        }
        // Over southern and northern ones each half has its own.
        for (outer, inner) in [(0, 1), (height - 1, height.wrapping_sub(2))] {
            if height > 1 && self.fixed_row(outer) && !self.fixed_row(inner) {
                let step = if outer < inner { self.south[inner] } else { self.north[inner] };
                came.extend((0..width).filter(|&column| !self.fixed_column(column)).map(|column| {
                    let (a, b) = (outer * width + column, inner * width + column);
                    let difference = (before[a] - before[b]) + (after[a] - after[b]);
                    step * self.face(a, b) * difference * ground.cell_area(inner)
                }));
            }
        }
        let part = |sign: f64| sum(&came.iter().map(|came| (came * sign).max(0.0)).collect::<Vec<_>>());
        Ledger {
            before: total(0),
            after: total(1),
            gained: part(1.0),
            lost: part(-1.0),
            moved: total(2) / 2.0,
        }
    }
}

wide! {
    /// What a row held before, holds after and how much has changed; heights.
    fn row_sums(before: &[f64], after: &[f64]) -> [f64; 3] {
        let count = before.len();
        let after = &after[..count];
        [
            sum_of(count, |n| before[n]),
            sum_of(count, |n| after[n]),
            sum_of(count, |n| (before[n] - after[n]).abs()),
        ]
    }
}
