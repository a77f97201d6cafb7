//! Shallow water that rains, runs, soaks away, and carries the ground along.
//!
//! Depth and momentum are balanced over finite volumes, so dam breaks, floods and drying shores come out with the
//! right speeds, lakes stay exactly still, depths never become negative and no water is lost. Each sub-step is as
//! long as the fastest wave allows; one that would take more from a cell than it holds is taken again at half the
//! length.
//!
//! What the water can carry is K · sin(slope of the surface) · speed · depth; where it carries less it detaches, where more it
//! deposits, each by exponential relaxation, and what is carried goes with the water through each face.
//!
//! ```
//! use bm_process::field::Field;
//! use bm_process::process::Kernel;
//! use bm_process::water::{Options, Sheet, Water};
//!
//! let slope: Vec<f64> = (0..40 * 40).map(|cell| 0.1 * (cell % 40) as f64).collect();
//! let bed = Field { width: 40, height: 40, dx: vec![2.0; 40].into(), dy: 2.0, values: slope };
//! let mut sheet = Sheet::dry(bed);
//! sheet.depth[39] = 3.0; // m, of water
//! let mut water = Water::new(Options::default())?;
//! let ledger = water.step(&mut sheet, 60.0)?;
//! assert!(sheet.depth[39] < 0.1 && sheet.depth.iter().all(|&depth| depth >= 0.0));
//! assert!(ledger.error() < 1e-12);
//! # Ok::<(), bm_process::water::WaterError>(())
//! ```

mod face;
mod kernel;
mod options;
mod rows;
#[cfg(test)]
mod tests;

pub use options::{Edge, Edges, Erosion, Friction, Options, Scheme, Supply};

use crate::field::Field;
use crate::ledger::Ledger;
use crate::process::Kernel;
use crate::sums::{self, Sum};
use crate::workers;
use kernel::{Block, Outcome, Target};

/// Water thinner than this stands still and carries nothing, m.
pub const DRY: f64 = 1e-4;

/// Rows of a block; fixed, though results do not depend on it.
const ROWS: usize = 32;

/// Sub-steps of one step, at most.
pub const MOST_SUB_STEPS: usize = 10_000_000;

/// How often a sub-step is halved before it is given up.
const HALVINGS: u32 = 60;

/// The state: a bed with water on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    /// Height of the bed, m; carries the size and metric of all.
    pub bed: Field,
    /// Depth of the water, m.
    pub depth: Vec<f64>,
    /// Eastward speed times depth, m²/s.
    pub momentum_x: Vec<f64>,
    /// Northward speed times depth, m²/s.
    pub momentum_y: Vec<f64>,
    /// Solid carried, in metres of bed.
    pub sediment: Vec<f64>,
}

impl Sheet {
    /// A bed without water.
    #[must_use]
    pub fn dry(bed: Field) -> Self {
        let empty = vec![0.0; bed.values.len()];
        Self {
            bed,
            depth: empty.clone(),
            momentum_x: empty.clone(),
            momentum_y: empty.clone(),
            sediment: empty,
        }
    }

    /// Columns.
    #[must_use]
    pub fn width(&self) -> usize {
        self.bed.width
    }

    /// Rows.
    #[must_use]
    pub fn height(&self) -> usize {
        self.bed.height
    }

    /// Speed of the water in a cell, m/s eastward and northward; where it is thinner than [`DRY`], none.
    #[must_use]
    pub fn velocity(&self, cell: usize) -> [f64; 2] {
        let depth = self.depth[cell];
        if depth > DRY { [self.momentum_x[cell] / depth, self.momentum_y[cell] / depth] } else { [0.0; 2] }
    }

    /// Water, m³.
    #[must_use]
    pub fn water(&self) -> f64 {
        self.volume(&self.depth)
    }

    /// Sediment in the water, m³ of bed.
    #[must_use]
    pub fn suspended(&self) -> f64 {
        self.volume(&self.sediment)
    }

    fn volume(&self, metres: &[f64]) -> f64 {
        let rows = metres.chunks_exact(self.width().max(1)).zip(&self.bed.dx);
        rows.map(|(row, dx)| sums::sum(row) * dx * self.bed.dy).collect::<Sum>().value()
    }
}

/// Why water was not moved.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WaterError {
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
    /// An option is not possible.
    #[error("{what} of {value}; it must be {needed}")]
    Option {
        /// The option.
        what: &'static str,
        /// Its value.
        value: f64,
        /// What is possible.
        needed: &'static str,
    },
    /// The step is negative or not finite.
    #[error("a step of {0} s")]
    Step(f64),
    /// A sub-step stays unstable however short it is made.
    #[error("after {done} s the water allows no sub-step, not even one of {sub_step} s")]
    Unstable {
        /// Seconds of the step that were done; the sheet is as it was then.
        done: f64,
        /// The shortest sub-step tried, in seconds.
        sub_step: f64,
    },
    /// The step would take more than [`MOST_SUB_STEPS`] sub-steps.
    #[error("a step of {dt} s needs more than {MOST_SUB_STEPS} sub-steps of {sub_step} s")]
    TooLong {
        /// The step asked for, in seconds.
        dt: f64,
        /// The longest stable sub-step, in seconds.
        sub_step: f64,
    },
}

/// What a step did.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Report {
    /// Water, m³: gained as rain and over edges, lost by evaporation, infiltration and over edges.
    pub water: Ledger,
    /// Solid, m³: bed and what the water carries; moved is what was detached and deposited.
    pub solid: Ledger,
    /// Sub-steps taken.
    pub sub_steps: usize,
    /// Sub-steps taken again at half the length.
    pub halved: usize,
}

/// Shallow water with erosion, as a process.
#[derive(Clone, Debug)]
pub struct Water {
    options: Options,
    spare: Vec<Sheet>,
    last: Report,
}

impl Water {
    /// A process with these options.
    ///
    /// # Errors
    /// [`WaterError::Option`] when one is not possible.
    pub fn new(options: Options) -> Result<Self, WaterError> {
        options.check()?;
        Ok(Self { options, spare: Vec::new(), last: Report::default() })
    }

    /// Goes on with other options.
    ///
    /// # Errors
    /// [`WaterError::Option`] when one is not possible; the process then keeps those it has.
    pub fn set_options(&mut self, options: Options) -> Result<(), WaterError> {
        options.check()?;
        self.options = options;
        Ok(())
    }

    /// What the last step did.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.last
    }

    /// Advances by `dt` seconds, in sub-steps.
    ///
    /// # Errors
    /// [`WaterError`]: sizes, numbers that are not finite, depths below zero and steps that are impossible leave the
    /// sheet as it was; [`WaterError::Unstable`] leaves it as it was when the next sub-step failed.
    pub fn advance(&mut self, sheet: &mut Sheet, dt: f64) -> Result<Report, WaterError> {
        self.options.check_sizes(sheet)?;
        if !(dt.is_finite() && dt >= 0.0) {
            return Err(WaterError::Step(dt));
        }
        let mut report = Report::default();
        report.water.before = sheet.water();
        report.solid.before = solid(sheet);
        // Buffers for the stages. What a bare bed does not change is not copied every time.
        let stages = if self.options.scheme == Scheme::Heun { 2 } else { 1 };
        self.spare.retain(|spare| spare.width() == sheet.width() && spare.height() == sheet.height());
        self.spare.resize_with(stages, || sheet.clone());
        for spare in &mut self.spare {
            spare.bed.clone_from(&sheet.bed);
            spare.sediment.clone_from(&sheet.sediment);
        }

        let mut rate = self.rate(sheet);
        // By then the rain alone has made waves that cross their share of a cell.
        let cell = sheet.bed.dx.iter().copied().fold(sheet.bed.dy, f64::min);
        let rained = ((self.options.courant * cell).powi(2)
            / (self.options.gravity * self.options.rain.most()))
        .cbrt();
        let mut done = 0.0;
        let [mut water, mut solids] = [[Sum::default(); 2]; 2];
        let mut moved = Sum::default();
        let mut outcomes =
            [vec![Outcome::default(); sheet.height()], vec![Outcome::default(); sheet.height()]];
        let mut spare = std::mem::take(&mut self.spare);
        while done < dt {
            let stable = if rate > 0.0 { self.options.courant / rate } else { f64::INFINITY };
            let stable = stable.min(rained);
            if (dt - done) / stable > MOST_SUB_STEPS as f64 {
                return Err(WaterError::TooLong { dt, sub_step: stable });
            }
            // Equal parts up to the end rather than a tiny last one.
            let left = dt - done;
            let mut sub =
                if stable >= left { left } else { stable.min(0.5 * left).max(stable.min(left) * 0.5) };
            if let Some(longest) = self.options.longest {
                sub = sub.min(longest);
            }
            let mut halvings = 0;
            loop {
                // Rain on dry ground and water that starts to fall make waves that were not there before.
                let fine = |o: &[Outcome]| o.iter().all(|o| o.least >= 0.0 && o.rate * sub <= 1.0);
                let [first, second] = &mut outcomes;
                self.options.stage(sheet, None, &mut spare[0], sub, first);
                let mut good = fine(first);
                if good && let [middle, end] = &mut spare[..] {
                    self.options.stage(middle, Some(sheet), end, sub, second);
                    good = fine(second);
                }
                if good {
                    break;
                }
                if halvings == HALVINGS {
                    return Err(WaterError::Unstable { done, sub_step: sub });
                }
                halvings += 1;
                report.halved += 1;
                sub *= 0.5;
            }
            std::mem::swap(sheet, &mut spare[stages - 1]);
            done = if sub >= left { dt } else { done + sub };
            report.sub_steps += 1;
            rate = outcomes[stages - 1].iter().map(|o| o.rate).fold(0.0, f64::max);
            for outcome in outcomes[..stages].iter().flatten() {
                water[0].add(outcome.water.gained);
                water[1].add(outcome.water.lost);
                solids[0].add(outcome.solid.gained);
                solids[1].add(outcome.solid.lost);
                moved.add(outcome.exchanged);
            }
        }
        report.water.gained = water[0].value();
        report.water.lost = water[1].value();
        report.water.after = sheet.water();
        report.solid.gained = solids[0].value();
        report.solid.lost = solids[1].value();
        report.solid.moved = moved.value();
        report.solid.after = solid(sheet);
        self.spare = spare;
        self.last = report;
        Ok(report)
    }

    /// The greatest (speed + wave speed) / cell size, 1/s.
    fn rate(&self, sheet: &Sheet) -> f64 {
        let width = sheet.width();
        let mut out = vec![0.0; width];
        let mut rate = 0.0_f64;
        for (row, dx) in sheet.bed.dx.iter().enumerate() {
            let cells = row * width..(row + 1) * width;
            let state =
                [&sheet.depth[cells.clone()], &sheet.momentum_x[cells.clone()], &sheet.momentum_y[cells]];
            rows::fastest(&mut out, state, [self.options.gravity, 1.0 / dx, 1.0 / sheet.bed.dy]);
            rate = rate.max(sums::max(&out));
        }
        rate
    }
}

impl Options {
    /// One stage forward.
    fn stage(&self, now: &Sheet, start: Option<&Sheet>, next: &mut Sheet, dt: f64, outcomes: &mut [Outcome]) {
        let cells = ROWS * now.width();
        let tasks: Vec<Block<'_>> = (next.bed.values.chunks_mut(cells))
            .zip(next.depth.chunks_mut(cells))
            .zip(next.momentum_x.chunks_mut(cells).zip(next.momentum_y.chunks_mut(cells)))
            .zip(next.sediment.chunks_mut(cells).zip(outcomes.chunks_mut(ROWS)))
            .enumerate()
            .map(|(block, (((bed, depth), (x, y)), (sediment, outcome)))| Block {
                options: self,
                now,
                start,
                next: Target { bed, depth, x, y, sediment, outcome },
                first: block * ROWS,
            })
            .collect();
        // Below that, starting a thread takes longer than the work.
        let threads = if now.depth.len() < 1 << 14 { 1 } else { self.threads };
        workers::queue(threads, tasks, |block| block.advance(dt));
    }
}

/// Bed and sediment, m³.
fn solid(sheet: &Sheet) -> f64 {
    sheet.volume(&sheet.bed.values) + sheet.suspended()
}

impl Kernel for Water {
    type State = Sheet;
    type Error = WaterError;

    fn name(&self) -> &'static str {
        "water"
    }

    fn max_step(&self, sheet: &Sheet) -> f64 {
        let rate = self.rate(sheet);
        if rate > 0.0 { self.options.courant / rate * MOST_SUB_STEPS as f64 } else { f64::INFINITY }
    }

    /// The ledger is of water; [`Water::report`] has that of solids.
    fn step(&mut self, state: &mut Sheet, dt: f64) -> Result<Ledger, WaterError> {
        self.advance(state, dt).map(|report| report.water)
    }
}
