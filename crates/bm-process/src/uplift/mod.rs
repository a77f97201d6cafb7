//! Uplift: what comes from below.
//!
//! At a rate (one for all, or one for each cell), or where plates converge: a column of crust that is squeezed
//! sideways grows in thickness, ∂H/∂t = −H ∇·v, and of what it grows by a share of 1 − ρ_crust / ρ_mantle stands out
//! at the top, the rest sinks (England & McKenzie 1982 for the thickening, Airy's balance for the share). What plates carry
//! along is not moved: this is for velocities of which the relief feels the convergence, not the drift.
//!
//! ```
//! use bm_process::field::Field;
//! use bm_process::uplift::{Rate, lift};
//!
//! let mut ground = Field::square(8, 8, 100.0, |_, _| 10.0);
//! let ledger = lift(&mut ground, Rate::Uniform(0.001), 1000.0, 2);
//! assert_eq!(ground.values[9], 11.0);
//! assert_eq!(ledger.gained, 64.0 * 10_000.0);
//! ```

use crate::field::Field;
use crate::ledger::{self, Ledger};
use crate::workers;

#[cfg(test)]
mod tests;

/// How fast the ground rises, m a unit of time (that of the step).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rate<'a> {
    /// Everywhere alike.
    Uniform(f64),
    /// In each cell; as many as there are cells.
    Cells(&'a [f64]),
}

/// Raises the ground by rate · dt; holes (NaN) stay holes. The ledger counts what rose as gained and what sank as lost.
pub fn lift(ground: &mut Field, rate: Rate<'_>, dt: f64, threads: usize) -> Ledger {
    let before = ground.volume();
    let (width, dy) = (ground.width.max(1), ground.dy);
    let mut rows = vec![(0.0, 0.0); ground.height];
    let dx = &ground.dx;
    let tasks = ground.values.chunks_mut(width).zip(&mut rows).enumerate().collect();
    workers::queue(threads, tasks, |(row, (heights, told)): (usize, (&mut [f64], &mut (f64, f64)))| {
        let rise = |column: usize| match rate {
            Rate::Uniform(rate) => rate * dt,
            Rate::Cells(rates) => rates[row * width + column] * dt,
        };
        let there = |column: usize| if heights[column].is_nan() { 0.0 } else { rise(column) };
        let area = dx[row] * dy;
        let count = heights.len();
        *told = (
            ledger::sum_of(count, |i| there(i).max(0.0)) * area,
            ledger::sum_of(count, |i| (-there(i)).max(0.0)) * area,
        );
        for (column, height) in heights.iter_mut().enumerate() {
            *height += rise(column);
        }
    });
    let sum = |part: fn(&(f64, f64)) -> f64| ledger::sum_of(rows.len(), |row| part(&rows[row]));
    Ledger {
        before,
        after: ground.volume(),
        gained: sum(|told| told.0),
        lost: sum(|told| told.1),
        moved: 0.0,
    }
}

/// A crust that thickens where its plates converge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crust {
    /// How thick it is, m.
    pub thickness: f64,
    /// Its density, kg/m³.
    pub density: f64,
    /// Density of the mantle it floats on, kg/m³.
    pub mantle: f64,
}

impl Crust {
    /// The rate at which the ground rises, from velocities eastward and northward in each cell (m a unit of time):
    /// −H ∇·v (1 − ρ_crust / ρ_mantle), by central differences (one-sided at the edges).
    #[must_use]
    pub fn rates(&self, like: &Field, east: &[f64], north: &[f64], threads: usize) -> Vec<f64> {
        let (width, height) = (like.width, like.height);
        let factor = -self.thickness * (1.0 - self.density / self.mantle);
        let mut rates = vec![0.0; width * height];
        let tasks = rates.chunks_mut(width.max(1)).enumerate().collect();
        workers::queue(threads, tasks, |(row, rates): (usize, &mut [f64])| {
            let (south, further) = (row.saturating_sub(1), (row + 1).min(height - 1));
            // On a sphere meridians converge: what flows north through a row is its speed times the row's width.
            let through = |row: usize, column: usize| north[row * width + column] * like.dx[row];
            for (column, rate) in rates.iter_mut().enumerate() {
                let (west, eastern) = (column.saturating_sub(1), (column + 1).min(width - 1));
                let mut divergence = 0.0;
                if eastern > west {
                    let across = east[row * width + eastern] - east[row * width + west];
                    divergence += across / ((eastern - west) as f64 * like.dx[row]);
                }
                if further > south {
                    let across = through(further, column) - through(south, column);
                    divergence += across / ((further - south) as f64 * like.dy * like.dx[row]);
                }
                *rate = factor * divergence;
            }
        });
        rates
    }
}
