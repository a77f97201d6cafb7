//! Carrying values along a trace: conservative, second order where smooth, no new heights where not.
//!
//! Row by row and column by column in turn (Strang), each by upwind fluxes of a limited linear reconstruction (van Leer
//! 1977). Between the two a cell holds more or less than its own area, which is kept account of (Easter 1993): so
//! even ground stays even and nothing is lost.

use std::ops::Range;

use crate::field::Field;
use crate::workers;

/// The part of a raster that moves, with two cells around it.
pub(super) struct Window<'a> {
    like: &'a Field,
    columns: Range<usize>,
    rows: Range<usize>,
    stream: &'a [f64],
    dt: f64,
    threads: usize,
    values: Vec<f64>,
    gained: Vec<f64>,
    lost: Vec<f64>,
}

/// The steepest slope that makes no new extremes (monotonised central).
fn slope(before: f64, here: f64, behind: f64) -> f64 {
    let (a, b) = (here - before, behind - here);
    // Nor beside a hole.
    let same = a * b > 0.0;
    if !same {
        return 0.0;
    }
    let middle = 0.5 * (a + b);
    let least = middle.abs().min(2.0 * a.abs()).min(2.0 * b.abs());
    if middle > 0.0 { least } else { -least }
}

/// What passes through a face: area `through` (m², from left to right), of four values around it, out of cells of the areas `hold`.
fn flux(through: f64, around: [f64; 4], hold: [f64; 2]) -> f64 {
    let [a, b, c, d] = around;
    if through > 0.0 {
        through * (b + 0.5 * (1.0 - through / hold[0]) * slope(a, b, c))
    } else {
        through * (c - 0.5 * (1.0 + through / hold[1]) * slope(b, c, d))
    }
}

impl<'a> Window<'a> {
    pub(super) fn new(
        like: &'a Field,
        (columns, rows): (&Range<usize>, &Range<usize>),
        stream: &'a [f64],
        dt: f64,
        threads: usize,
    ) -> Self {
        let values = vec![0.0; columns.len() * rows.len()];
        let (columns, rows) = (columns.clone(), rows.clone());
        Self { like, columns, rows, stream, dt, threads, values, gained: Vec::new(), lost: Vec::new() }
    }

    pub(super) fn read(&mut self, values: &[f64]) {
        let wide = self.columns.len();
        for (line, row) in self.values.chunks_exact_mut(wide).zip(self.rows.clone()) {
            line.copy_from_slice(&values[row * self.like.width..][self.columns.clone()]);
        }
    }

    pub(super) fn write(&self, values: &mut [f64]) {
        let wide = self.columns.len();
        for (line, row) in self.values.chunks_exact(wide).zip(self.rows.clone()) {
            values[row * self.like.width..][self.columns.clone()].copy_from_slice(line);
        }
    }

    /// What came in over the region's edges and what went out, in parts.
    pub(super) fn passed(&self) -> (&[f64], &[f64]) {
        (&self.gained, &self.lost)
    }

    /// One sub-step, rows first or columns first.
    pub(super) fn advance(&mut self, rows_first: bool) {
        let full: Vec<f64> = self.rows.clone().map(|row| self.like.cell_area(row)).collect();
        let wide = self.columns.len();
        let mut hold: Vec<f64> = full.iter().flat_map(|area| std::iter::repeat_n(*area, wide)).collect();
        self.sweep(rows_first, &mut hold);
        self.sweep(!rows_first, &mut hold);
        // By now each cell holds its own area again, up to rounding.
        for (row, line) in self.values.chunks_exact_mut(wide).enumerate() {
            for (value, hold) in line.iter_mut().zip(&hold[row * wide..]) {
                *value *= hold / full[row];
            }
        }
    }

    fn sweep(&mut self, along_rows: bool, hold: &mut [f64]) {
        let (wide, high) = (self.columns.len(), self.rows.len());
        let mut next = vec![0.0; wide * high];
        let mut holds = vec![0.0; wide * high];
        let it = &*self;
        let (before, there) = (&self.values, &*hold);
        let mut passed = vec![(0.0, 0.0); high];
        let tasks =
            (next.chunks_mut(wide).zip(holds.chunks_mut(wide))).zip(&mut passed).enumerate().collect();
        workers::queue(self.threads, tasks, |(row, ((next, holds), passed))| {
            for column in 0..wide {
                let cell = row * wide + column;
                let faces = if along_rows {
                    [it.east(row, column, there), it.east(row, column + 1, there)]
                } else {
                    [it.north(row, column, there), it.north(row + 1, column, there)]
                };
                let [(from, brought), (to, taken)] = faces;
                let area = there[cell] + (from - to);
                next[column] = (before[cell] * there[cell] + (brought - taken)) / area;
                holds[column] = area;
                // Only what passes over the edge of the region is of interest.
                let (at, count) = if along_rows { (column, wide) } else { (row, high) };
                let arrived = if at == 0 { brought } else { 0.0 };
                let left = if at + 1 == count { taken } else { 0.0 };
                passed.0 += arrived.max(0.0) + (-left).max(0.0);
                passed.1 += (-arrived).max(0.0) + left.max(0.0);
            }
        });
        self.values = next;
        hold.copy_from_slice(&holds);
        self.gained.push(crate::ledger::sum_of(high, |row| passed[row].0));
        self.lost.push(crate::ledger::sum_of(high, |row| passed[row].1));
    }

    /// Through the face west of a cell, eastward: area, and values times area.
    fn east(&self, row: usize, column: usize, hold: &[f64]) -> (f64, f64) {
        let across = self.columns.len() + 1;
        let corner = row * across + column;
        let through = (self.stream[corner + across] - self.stream[corner]) * self.dt;
        let last = self.columns.len() - 1;
        // What is beyond the window is as at its edge; but for the region's edges nothing passes there.
        let at = |offset: usize| row * (last + 1) + (column + offset).saturating_sub(2).min(last);
        self.face(through, [at(0), at(1), at(2), at(3)], hold)
    }

    /// Through the face south of a cell, northward.
    fn north(&self, row: usize, column: usize, hold: &[f64]) -> (f64, f64) {
        let wide = self.columns.len();
        let corner = row * (wide + 1) + column;
        let through = -(self.stream[corner + 1] - self.stream[corner]) * self.dt;
        let last = self.rows.len() - 1;
        let at = |offset: usize| (row + offset).saturating_sub(2).min(last) * wide + column;
        self.face(through, [at(0), at(1), at(2), at(3)], hold)
    }

    fn face(&self, through: f64, cells: [usize; 4], hold: &[f64]) -> (f64, f64) {
        if through == 0.0 {
            // Where nothing moves there may be holes.
            return (0.0, 0.0);
        }
        let around = cells.map(|cell| self.values[cell]);
        (through, flux(through, around, [hold[cells[1]], hold[cells[2]]]))
    }
}
