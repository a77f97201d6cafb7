//! Slides: ground steeper than it can stand comes down, and none is lost.
//!
//! What moves between two cells depends on these two alone and is the same seen from both, so each cell can gather
//! from its eight neighbours at the same time as all others. Rows near which nothing moved in the pass before are not
//! looked at again: nothing would move there. To and from holes (NaN) nothing slides.

use crate::field::Field;
use crate::ledger::Ledger;
use crate::process::Kernel;
use crate::sums::Sum;
use crate::workers;

/// Share of the excess height that moves between a pair in one pass; with eight neighbours no cell overshoots.
const SHARE: f64 = 1.0 / 16.0;

/// Why nothing slid.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SlideError {
    /// Something does not have as many numbers as the raster needs.
    #[error("{what}: {found} numbers where the raster needs {expected}")]
    Size {
        /// What it is.
        what: &'static str,
        /// Numbers needed.
        expected: usize,
        /// Numbers there.
        found: usize,
    },
    /// A number is not possible for what it stands for.
    #[error("{what} at cell {cell} is {value}")]
    Value {
        /// What it is.
        what: &'static str,
        /// Row · width + column.
        cell: usize,
        /// The number.
        value: f64,
    },
    /// The step is negative or not finite.
    #[error("a step of {0} s")]
    Step(f64),
}

/// How steep ground stands: tangents of the angle of repose.
#[derive(Clone, Debug, PartialEq)]
pub enum Rest {
    /// Everywhere the same.
    Uniform(f64),
    /// For each cell; of a pair, the higher cell's counts.
    Cells(Vec<f64>),
}

/// Ground that may slide.
#[derive(Clone, Debug, PartialEq)]
pub struct Slope {
    /// Height, m.
    pub surface: Field,
    /// How much of it is loose, m; all of it if absent. What slides stays loose.
    pub loose: Option<Vec<f64>>,
}

/// Slides until the ground stands.
#[derive(Clone, Debug)]
pub struct Slides {
    rest: Rest,
    tolerance: f64,
    most: usize,
    threads: usize,
    next: Vec<f64>,
    share: Vec<f64>,
    /// Rows in which something moved in the last pass.
    stirred: Vec<bool>,
    passes: usize,
}

impl Slides {
    /// With this angle of repose, until no pair of cells is more than 1 mm too steep, or after 1000 passes.
    #[must_use]
    pub fn new(rest: Rest) -> Self {
        Self {
            rest,
            tolerance: 1e-3,
            most: 1000,
            threads: 0,
            next: Vec::new(),
            share: Vec::new(),
            stirred: Vec::new(),
            passes: 0,
        }
    }

    /// Until no pair is more than so many metres too steep, or after so many passes of one step.
    #[must_use]
    pub fn until(mut self, tolerance: f64, passes: usize) -> Self {
        (self.tolerance, self.most) = (tolerance, passes);
        self
    }

    /// Uses this many threads (0: one for each processor). The result does not depend on it.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Passes that the last step took.
    #[must_use]
    pub fn passes(&self) -> usize {
        self.passes
    }

    fn check(&self, slope: &Slope) -> Result<(), SlideError> {
        let ground = &slope.surface;
        let cells = ground.width.checked_mul(ground.height).unwrap_or(0);
        let size = |what, expected, found| match expected == found {
            true => Ok(()),
            false => Err(SlideError::Size { what, expected, found }),
        };
        if cells == 0 {
            return Err(SlideError::Size { what: "raster", expected: 1, found: 0 });
        }
        size("row widths", ground.height, ground.dx.len())?;
        size("height", cells, ground.values.len())?;
        let refuse = |what, values: &[f64], least: f64| match values
            .iter()
            .position(|v| !(v.is_finite() && *v >= least))
        {
            Some(cell) => Err(SlideError::Value { what, cell, value: values[cell] }),
            None => Ok(()),
        };
        if let Some(cell) = ground.values.iter().position(|z| z.is_infinite()) {
            return Err(SlideError::Value { what: "height", cell, value: ground.values[cell] });
        }
        refuse("width of a cell", &ground.dx, f64::MIN_POSITIVE)?;
        refuse("width of a cell", &[ground.dy], f64::MIN_POSITIVE)?;
        match &self.rest {
            Rest::Uniform(tangent) => refuse("tangent of repose", &[*tangent], 0.0)?,
            Rest::Cells(tangents) => {
                size("tangent of repose", cells, tangents.len())?;
                refuse("tangent of repose", tangents, 0.0)?;
            }
        }
        if let Some(loose) = &slope.loose {
            size("loose ground", cells, loose.len())?;
            refuse("loose ground", loose, 0.0)?;
        }
        refuse("tolerance", &[self.tolerance], 0.0)
    }

    /// How much of what would leave each cell can: as much as is loose.
    fn shares(&mut self, slope: &Slope) {
        let ground = &slope.surface;
        let width = ground.width;
        let Some(loose) = &slope.loose else {
            return;
        };
        let (rest, stirred) = (&self.rest, &self.stirred);
        let tasks =
            self.share.chunks_mut(width).enumerate().filter(|(row, _)| near(stirred, *row, 1)).collect();
        workers::queue(self.threads, tasks, |(row, shares): (usize, &mut [f64])| {
            let area = ground.dx[row] * ground.dy;
            for (column, share) in shares.iter_mut().enumerate() {
                let mut leaves = 0.0;
                for_neighbours(ground, rest, column, row, |_, volume, _| leaves += volume.max(0.0));
                let there = loose[row * width + column] * area;
                *share = if leaves > there { there / leaves } else { 1.0 };
            }
        });
    }

    /// One pass; the greatest excess (m) that could move, and the volume that moved.
    fn pass(&mut self, slope: &mut Slope) -> (f64, f64) {
        self.shares(slope);
        let ground = &slope.surface;
        let (width, height) = (ground.width, ground.height);
        let mut rows = vec![(0.0, 0.0); height];
        let (rest, share, stirred) = (&self.rest, &self.share, &self.stirred);
        // What moves depends on heights up to two rows away: the neighbour's share on its neighbours.
        let tasks = self.next.chunks_mut(width).zip(&mut rows).enumerate();
        let tasks = tasks.filter(|(row, _)| near(stirred, *row, 2)).collect();
        workers::queue(self.threads, tasks, |(row, (out, told)): (usize, (&mut [f64], &mut (f64, f64)))| {
            let area = ground.dx[row] * ground.dy;
            for (column, out) in out.iter_mut().enumerate() {
                let cell = row * width + column;
                let mut change = 0.0;
                for_neighbours(ground, rest, column, row, |other, volume, excess| {
                    let moved = volume * if volume > 0.0 { share[cell] } else { share[other] };
                    change -= moved;
                    if moved != 0.0 {
                        told.0 = f64::max(told.0, excess);
                        told.1 += moved.max(0.0);
                    }
                });
                *out = change / area;
            }
        });
        for (stirred, told) in self.stirred.iter_mut().zip(&rows) {
            *stirred = told.0 > 0.0;
        }
        for (row, _) in rows.iter().enumerate().filter(|(_, told)| told.0 > 0.0) {
            let cells = row * width..(row + 1) * width;
            for (value, change) in
                slope.surface.values[cells.clone()].iter_mut().zip(&self.next[cells.clone()])
            {
                *value += change;
            }
            if let Some(loose) = &mut slope.loose {
                for (loose, change) in loose[cells.clone()].iter_mut().zip(&self.next[cells]) {
                    // Rounding could leave less than nothing.
                    *loose = (*loose + change).max(0.0);
                }
            }
        }
        let moved: Sum = rows.iter().map(|row| row.1).collect();
        (rows.iter().map(|row| row.0).fold(0.0, f64::max), moved.value())
    }
}

/// Whether something was stirred within so many rows.
fn near(stirred: &[bool], row: usize, rows: usize) -> bool {
    stirred[row.saturating_sub(rows)..(row + rows + 1).min(stirred.len())].contains(&true)
}

/// Calls `tell(neighbour, volume that leaves to it, excess height)` for each neighbour where something would move.
fn for_neighbours(
    ground: &Field,
    rest: &Rest,
    column: usize,
    row: usize,
    mut tell: impl FnMut(usize, f64, f64),
) {
    let (width, height) = (ground.width, ground.height);
    let cell = row * width + column;
    let z = ground.values[cell];
    for other_row in row.saturating_sub(1)..(row + 2).min(height) {
        // Seen from both cells alike: the mean width, and the lesser area.
        let dx = 0.5 * (ground.dx[row] + ground.dx[other_row]);
        let area = ground.dx[row].min(ground.dx[other_row]) * ground.dy;
        for other_column in column.saturating_sub(1)..(column + 2).min(width) {
            let other = other_row * width + other_column;
            if other == cell {
                continue;
            }
            let distance = match (other_row != row, other_column != column) {
                (false, _) => dx,
                (true, false) => ground.dy,
                (true, true) => (dx * dx + ground.dy * ground.dy).sqrt(),
            };
            let drop = z - ground.values[other];
            let tangent = match rest {
                Rest::Uniform(tangent) => *tangent,
                Rest::Cells(tangents) => tangents[if drop > 0.0 { cell } else { other }],
            };
            let excess = drop.abs() - tangent * distance;
            if excess > 0.0 {
                tell(other, SHARE * excess * area * drop.signum(), excess);
            }
        }
    }
}

impl Kernel for Slides {
    type State = Slope;
    type Error = SlideError;

    fn name(&self) -> &'static str {
        "slides"
    }

    fn max_step(&self, _: &Slope) -> f64 {
        f64::INFINITY
    }

    /// A slide takes minutes: whatever is too steep comes down within the step, however short. Passes go from cell to
    /// cell, so a long slope that is too steep may take several steps.
    fn step(&mut self, state: &mut Slope, dt: f64) -> Result<Ledger, SlideError> {
        if !(dt.is_finite() && dt >= 0.0) {
            return Err(SlideError::Step(dt));
        }
        self.check(state)?;
        // Below that, starting a thread takes longer than the work.
        let threads = if state.surface.values.len() < 1 << 14 { 1 } else { self.threads };
        let threads = std::mem::replace(&mut self.threads, threads);
        let cells = state.surface.values.len();
        self.next.clear();
        self.next.resize(cells, 0.0);
        self.share.clear();
        self.share.resize(cells, 1.0);
        self.stirred.clear();
        self.stirred.resize(state.surface.height, true);
        let before = state.surface.volume();
        let mut moved = Sum::default();
        self.passes = 0;
        while self.passes < self.most {
            let (excess, volume) = self.pass(state);
            self.passes += 1;
            moved.add(volume);
            if excess <= self.tolerance {
                break;
            }
        }
        self.threads = threads;
        let after = state.surface.volume();
        Ok(Ledger { before, after, gained: 0.0, lost: 0.0, moved: moved.value() })
    }
}
