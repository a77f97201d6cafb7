//! Slip along a fault: one side rises and the other sinks, and both slide past each other.
//!
//! | module | what it holds |
//! |---|---|
//! | `trace` | which side of the trace a place is on, how far from it and from its ends |
//! | `shear` | carrying ground along the trace, without loss |
//!
//! Each wall moves by half the slip at the trace and less with distance, down to nothing at the influence distance:
//! ½ · slip · (1 − d / D). Towards the ends of the trace slip tapers off, and past them there is none.
//!
//! ```
//! use bm_process::fault::{Fault, Slip};
//! use bm_process::field::Field;
//!
//! let mut ground = Field::square(64, 64, 100.0, |_, _| 500.0);
//! // Across the whole region from south to north, 1 mm up a year in the west, felt 2 km away.
//! let trace = [[3200.0, -5000.0], [3200.0, 11_400.0]];
//! let slip = Slip { vertical: 0.001, horizontal: 0.0 };
//! let fault = Fault::new(&ground, &trace, slip, 2000.0, 0.0)?;
//! let ledger = fault.throw(&mut ground, 10_000.0, &mut [], 2);
//! let scarp = ground.values[31] - ground.values[32];
//! assert!((scarp - 10.0 * (1.0 - 50.0 / 2000.0)).abs() < 1e-9);
//! assert!(ledger.error() < 1e-12);
//! # Ok::<(), bm_process::fault::FaultError>(())
//! ```

mod shear;
#[cfg(test)]
mod tests;
mod trace;

use std::ops::Range;

use crate::field::Field;
use crate::ledger::{self, Ledger};
use trace::Trace;

/// Why a fault was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FaultError {
    /// A trace needs two points that differ, and no two alike in a row.
    #[error("point {at} of the trace is the same as the one before, or there is only one")]
    Trace {
        /// Number of the point.
        at: usize,
    },
    /// A number is not possible for what it stands for.
    #[error("{what} at {at} is {value}")]
    Value {
        /// What it is.
        what: &'static str,
        /// Row · width + column, number of the point, or 0.
        at: usize,
        /// The number.
        value: f64,
    },
    /// Ground cannot be carried through a hole.
    #[error("cell {cell}, which the fault would carry along, is a hole (NaN)")]
    Hole {
        /// Row · width + column.
        cell: usize,
    },
    /// The step would take too many sub-steps.
    #[error("a step of {dt} is beyond {most}, in which the ground moves {MOST_SUB_STEPS} quarters of a cell")]
    TooLong {
        /// The step asked for.
        dt: f64,
        /// The longest possible.
        most: f64,
    },
}

/// Sub-steps of a quarter of a cell in one step, at most.
pub const MOST_SUB_STEPS: f64 = 100_000.0;

/// How fast the walls move against each other, m a unit of time (that of the step).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Slip {
    /// Throw: how much the wall on the left of the trace's direction rises over the one on the right.
    pub vertical: f64,
    /// Along the trace; above 0, the other wall moves to the right as seen from either (dextral).
    pub horizontal: f64,
}

/// A fault in rasters of one size.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Columns and rows that move.
    columns: Range<usize>,
    rows: Range<usize>,
    /// Of each of these cells: how fast it rises.
    rise: Vec<f64>,
    /// At the corners of these cells (one more each way): the stream function of what slides, m² a unit of time. Its differences are
    /// what passes through faces, so as much leaves each cell as comes in.
    stream: Option<Vec<f64>>,
}

/// Metres from the trace of each cell, above 0 on its left; infinite further away than `influence` and past its ends.
///
/// # Errors
/// As [`Fault::new`].
pub fn distances(like: &Field, trace: &[[f64; 2]], influence: f64) -> Result<Vec<f64>, FaultError> {
    let trace = Trace::new(like, trace)?;
    let cells = 0..like.values.len();
    let place = |cell: usize| [(cell % like.width) as f64 + 0.5, (cell / like.width) as f64 + 0.5];
    let near = cells.map(|cell| trace.near(like, place(cell), influence, 0.0));
    let signed = |side: f64, distance: f64| if side < 0.0 { -distance } else { distance };
    Ok(near.map(|n| if n.share > 0.0 { signed(n.side, n.distance) } else { f64::INFINITY }).collect())
}

impl Fault {
    /// A fault in rasters like `like`, along a trace of points (metres east and north of the region's south-west
    /// corner; eastern ones by the width of cells in the middle row).
    ///
    /// Slip is felt up to `influence` metres away, and from both ends of the trace it grows over `taper` metres along it.
    ///
    /// # Errors
    /// [`FaultError::Trace`] and [`FaultError::Value`].
    pub fn new(
        like: &Field,
        trace: &[[f64; 2]],
        slip: Slip,
        influence: f64,
        taper: f64,
    ) -> Result<Self, FaultError> {
        let values = [
            ("influence", influence, influence > 0.0),
            ("taper", taper, taper >= 0.0),
            ("vertical slip", slip.vertical, true),
            ("horizontal slip", slip.horizontal, true),
        ];
        if let Some((what, value, _)) =
            values.into_iter().find(|(_, value, fine)| !(value.is_finite() && *fine))
        {
            return Err(FaultError::Value { what, at: 0, value });
        }
        let trace = Trace::new(like, trace)?;
        let (columns, rows) = trace.window(like, influence);
        let mut rise = vec![0.0; columns.len() * rows.len()];
        // Half of the slip, with its sign, at a place; the place in columns and rows.
        let near = |column: f64, row: f64| trace.near(like, [column, row], influence, taper);
        for (line, row) in rise.chunks_exact_mut(columns.len().max(1)).zip(rows.clone()) {
            for (rise, column) in line.iter_mut().zip(columns.clone()) {
                let near = near(column as f64 + 0.5, row as f64 + 0.5);
                *rise = 0.5 * slip.vertical * near.side * near.share * (1.0 - near.distance / influence);
            }
        }
        let stream = (slip.horizontal != 0.0).then(|| {
            let corners = (rows.start..=rows.end).flat_map(|row| {
                let all = columns.start..=columns.end;
                all.map(move |column| (column as f64, row as f64))
            });
            corners
                .map(|(column, row)| {
                    let near = near(column, row);
                    let inside = (influence - near.distance).max(0.0);
                    -0.5 * slip.horizontal * near.share * inside * inside / (2.0 * influence)
                })
                .collect()
        });
        Ok(Self { columns, rows, rise, stream })
    }

    /// Raises and lowers the walls for `dt`; holes (NaN) stay holes. What lies on `along` (other heights, as many as there are
    /// cells) moves with them. The ledger counts what rose as gained, what sank as lost.
    pub fn throw(&self, ground: &mut Field, dt: f64, along: &mut [&mut [f64]], threads: usize) -> Ledger {
        let mut rates = vec![0.0; ground.values.len()];
        let wide = self.columns.len();
        for (line, row) in self.rise.chunks_exact(wide.max(1)).zip(self.rows.clone()) {
            let from = row * ground.width + self.columns.start;
            rates[from..from + wide].copy_from_slice(line);
        }
        for values in along {
            for (value, rate) in values.iter_mut().zip(&rates) {
                *value += rate * dt;
            }
        }
        crate::uplift::lift(ground, crate::uplift::Rate::Cells(&rates), dt, threads)
    }

    /// The longest step in which the ground slides no further than a quarter of a cell, times [`MOST_SUB_STEPS`].
    #[must_use]
    pub fn max_step(&self, like: &Field) -> f64 {
        self.quarter_cell(like) * MOST_SUB_STEPS
    }

    /// Slides values of a raster (`like` has its metric) along the trace for `dt`; their sum over the area stays the same but
    /// for what passes over the region's edges, where it goes on as it is at the edge. Returns what came in and what went out,
    /// values · m².
    ///
    /// # Errors
    /// [`FaultError::Hole`] where a value that would move is NaN, [`FaultError::TooLong`].
    pub fn slide(
        &self,
        like: &Field,
        values: &mut [f64],
        dt: f64,
        threads: usize,
    ) -> Result<(f64, f64), FaultError> {
        let Some(stream) = &self.stream else { return Ok((0.0, 0.0)) };
        let part = self.quarter_cell(like);
        if dt > part * MOST_SUB_STEPS {
            return Err(FaultError::TooLong { dt, most: part * MOST_SUB_STEPS });
        }
        let wide = self.columns.len();
        if wide == 0 || self.rows.is_empty() {
            return Ok((0.0, 0.0));
        }
        for row in self.rows.clone() {
            for column in self.columns.clone() {
                let cell = row * like.width + column;
                if values[cell].is_nan() && self.moves(column, row, stream) {
                    return Err(FaultError::Hole { cell });
                }
            }
        }
        let parts =
            if part.is_finite() { (dt / part).ceil().max(1.0) as usize } else { return Ok((0.0, 0.0)) };
        let mut window =
            shear::Window::new(like, (&self.columns, &self.rows), stream, dt / parts as f64, threads);
        window.read(values);
        for number in 0..parts {
            window.advance(number % 2 == 0);
        }
        window.write(values);
        let (gained, lost) = window.passed();
        Ok((ledger::sum(gained), ledger::sum(lost)))
    }

    /// Whether something passes through a face of a cell.
    fn moves(&self, column: usize, row: usize, stream: &[f64]) -> bool {
        let across = self.columns.len() + 1;
        let corner = (row - self.rows.start) * across + (column - self.columns.start);
        let here = stream[corner];
        [corner + 1, corner + across, corner + across + 1].into_iter().any(|other| stream[other] != here)
    }

    /// The time in which what passes through the faces is a quarter of a cell.
    fn quarter_cell(&self, like: &Field) -> f64 {
        let Some(stream) = &self.stream else { return f64::INFINITY };
        let across = self.columns.len() + 1;
        let mut fastest = 0.0_f64;
        for (line, row) in self.rows.clone().enumerate() {
            let area = like.cell_area(row);
            for column in 0..self.columns.len() {
                let corner = line * across + column;
                let [sw, se] = [stream[corner], stream[corner + 1]];
                let [nw, ne] = [stream[corner + across], stream[corner + across + 1]];
                for through in [nw - sw, ne - se, se - sw, ne - nw] {
                    fastest = fastest.max(through.abs() / area);
                }
            }
        }
        if fastest > 0.0 { 0.25 / fastest } else { f64::INFINITY }
    }
}
