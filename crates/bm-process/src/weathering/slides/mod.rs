//! Slides: ground steeper than it can stand comes down, and none is lost.
//!
//! What moves between two cells depends on these two alone and is the same seen from both, so each cell can gather
//! from its eight neighbours at the same time as all others. Cells near which nothing moved in the pass before are not
//! looked at again: nothing would move there. To and from holes (NaN) nothing slides.

mod pass;

use crate::field::Field;
use crate::ledger::Ledger;
use crate::process::Kernel;
use crate::sums::Sum;

use self::pass::Passes;

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
    work: Passes,
    passes: usize,
}

impl Slides {
    /// With this angle of repose, until no pair of cells is more than 1 mm too steep, or after 1000 passes.
    #[must_use]
    pub fn new(rest: Rest) -> Self {
        Self { rest, tolerance: 1e-3, most: 1000, threads: 0, work: Passes::default(), passes: 0 }
    }

    /// Until no pair is more than so many metres too steep, or after so many passes of one step. Where little is loose, by
    /// as many metres as that can make up.
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
        self.work.begin(state, &self.rest);
        let before = state.surface.volume();
        let mut moved = Sum::default();
        self.passes = 0;
        while self.passes < self.most {
            let (excess, volume) = self.work.pass(state, self.threads);
            self.passes += 1;
            moved.add(volume);
            if excess <= self.tolerance {
                break;
            }
        }
        self.work.end(state);
        let after = state.surface.volume();
        Ok(Ledger { before, after, gained: 0.0, lost: 0.0, moved: moved.value() })
    }
}
