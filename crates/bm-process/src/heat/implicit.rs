//! One step of any length: alternating directions (Peaceman & Rachford 1955).
//!
//! Half the step is implicit along rows and explicit across them, the other half the other way round. Both halves
//! are written in fluxes through faces, so no heat is lost; the result is second order in time.

use super::explicit::Passed;
use super::medium::{Edge, Faces, Network, Real};
use crate::wide::wide;
use crate::workers;

/// Columns that are solved side by side.
const COLUMNS: usize = 64;

/// What a row's faces conduct: to the east and north of each cell, and kelvin per joule (0 for held cells).
struct Line {
    east: Vec<f64>,
    north: Vec<f64>,
    south: Vec<f64>,
    inverse: Vec<f64>,
}

impl Line {
    fn of<R: Real>(net: &Network<R>, row: usize) -> Self {
        let (width, height) = (net.width, net.height);
        let below = (row + height - 1) % height;
        let mut line = match &net.faces {
            Faces::Rows(rows) => {
                let all = |value: R| vec![value.to_f64(); width];
                let [east, north, inverse] = rows[row];
                Self { east: all(east), north: all(north), south: all(rows[below][1]), inverse: all(inverse) }
            }
            Faces::Cells { east, north, inverse } => {
                let all = |values: &[R], row: usize| {
                    values[row * width..(row + 1) * width].iter().map(|value| value.to_f64()).collect()
                };
                Self {
                    east: all(east, row),
                    north: all(north, row),
                    south: all(north, below),
                    inverse: all(inverse, row),
                }
            }
        };
        // Edges are closed; periodic ones do not come here.
        line.east[width - 1] = 0.0;
        for column in 0..width {
            if net.edges.holds(column, row, width, height) {
                line.inverse[column] = 0.0;
            }
        }
        line
    }
}

/// Advances `values` by `dt` seconds.
pub(super) fn advance<R: Real>(
    net: &Network<R>,
    values: &mut [R],
    dt: f64,
    threads: usize,
    passed: &mut [Passed],
) {
    let (width, height) = (net.width, net.height);
    let half = 0.5 * dt;
    let now: Vec<f64> = values.iter().map(|value| value.to_f64()).collect();
    let mut between = vec![0.0; now.len()];
    let row_of = |all: &[f64], row: usize| row * width..row * width + width.min(all.len());
    for (row, passed) in passed.iter_mut().enumerate() {
        account_y(net, &now, row, half, passed);
    }

    // Along rows.
    let rows = height.div_ceil(4 * workers::count(threads)).max(1);
    let tasks = between.chunks_mut(rows * width).enumerate().collect();
    workers::queue(threads, tasks, |(chunk, out)| {
        for (local, out) in out.chunks_exact_mut(width).enumerate() {
            let row = chunk * rows + local;
            let line = Line::of(net, row);
            let here = &now[row_of(&now, row)];
            let south = &now[row_of(&now, row.saturating_sub(1))];
            let north = &now[row_of(&now, (row + 1).min(height - 1))];
            for i in 0..width {
                let flux = line.north[i] * (north[i] - here[i]) - line.south[i] * (here[i] - south[i]);
                out[i] = here[i] + half * line.inverse[i] * flux;
            }
            solve_row(out, &line, half);
        }
    });
    for (row, passed) in passed.iter_mut().enumerate() {
        account_x(net, &between[row * width..(row + 1) * width], row, dt, passed);
    }

    // Across them: a strip of columns at a time.
    let between = &between;
    let nothing = [0.0; COLUMNS];
    let tasks: Vec<usize> = (0..width).step_by(COLUMNS).collect();
    let strips: Vec<std::sync::Mutex<Vec<f64>>> = tasks.iter().map(|_| Default::default()).collect();
    workers::queue(threads, tasks, |first| {
        let count = COLUMNS.min(width - first);
        let mut out = vec![0.0; height * count];
        let mut factor = vec![0.0; height * count];
        for row in 0..height {
            let line = Line::of(net, row);
            let here = &between[row * width..(row + 1) * width];
            for i in 0..count {
                let at = first + i;
                let before = at.saturating_sub(1);
                let mut flux = 0.0;
                if at + 1 < width {
                    flux += line.east[at] * (here[at + 1] - here[at]);
                }
                if at > 0 {
                    flux -= line.east[before] * (here[at] - here[before]);
                }
                out[row * count + i] = here[at] + half * line.inverse[at] * flux;
            }
            let (done, rest) = out.split_at_mut(row * count);
            let (factors, now_factors) = factor.split_at_mut(row * count);
            // South of the first row is nothing, and its southern faces are closed.
            let previous = match row {
                0 => [&nothing[..count]; 2],
                _ => [&done[(row - 1) * count..], &factors[(row - 1) * count..]],
            };
            let range = first..first + count;
            eliminate(
                [&mut rest[..count], &mut now_factors[..count]],
                previous,
                [&line.south[range.clone()], &line.north[range.clone()], &line.inverse[range]],
                half,
            );
        }
        for row in (0..height.saturating_sub(1)).rev() {
            let (lower, upper) = out.split_at_mut((row + 1) * count);
            substitute(&mut lower[row * count..], &upper[..count], &factor[row * count..(row + 1) * count]);
        }
        *strips[first / COLUMNS].lock().unwrap_or_else(std::sync::PoisonError::into_inner) = out;
    });
    for (strip, out) in strips.into_iter().enumerate() {
        let out = out.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        let first = strip * COLUMNS;
        let count = COLUMNS.min(width - first);
        for (row, solved) in out.chunks_exact(count).enumerate() {
            for (value, solved) in values[row * width + first..].iter_mut().zip(solved) {
                *value = R::from_f64(*solved);
            }
        }
    }
    let then: Vec<f64> = values.iter().map(|value| value.to_f64()).collect();
    for (row, passed) in passed.iter_mut().enumerate() {
        account_y(net, &then, row, half, passed);
    }
}

/// Solves one row in place (Thomas): −h·w·x₋ + (1 + h·w + h·e)·x − h·e·x₊ = out.
fn solve_row(out: &mut [f64], line: &Line, half: f64) {
    let width = out.len();
    let mut factor = vec![0.0; width];
    let (mut before, mut solved) = (0.0, 0.0);
    for i in 0..width {
        let step = half * line.inverse[i];
        let west = if i > 0 { step * line.east[i - 1] } else { 0.0 };
        let east = step * line.east[i];
        let pivot = 1.0 / (1.0 + east + west * (1.0 - before));
        before = east * pivot;
        solved = (out[i] + west * solved) * pivot;
        factor[i] = before;
        out[i] = solved;
    }
    for i in (0..width.saturating_sub(1)).rev() {
        out[i] += factor[i] * out[i + 1];
    }
}

wide! {
    /// One row of the elimination of many columns at once.
    fn eliminate(out: [&mut [f64]; 2], previous: [&[f64]; 2], faces: [&[f64]; 3], half: f64) {
        let [out, factor] = out;
        let count = out.len();
        let factor = &mut factor[..count];
        let [solved, before] = previous.map(|values| &values[..count]);
        let [south, north, inverse] = faces.map(|values| &values[..count]);
        for i in 0..count {
            let step = half * inverse[i];
            let (south, north) = (step * south[i], step * north[i]);
            let pivot = 1.0 / (1.0 + north + south * (1.0 - before[i]));
            factor[i] = north * pivot;
            out[i] = (out[i] + south * solved[i]) * pivot;
        }
    }
}

wide! {
    fn substitute(out: &mut [f64], next: &[f64], factor: &[f64]) {
        for ((out, next), factor) in out.iter_mut().zip(next).zip(factor) {
            *out += factor * next;
        }
    }
}

/// Heat from held into free cells along a row.
fn account_x<R: Real>(net: &Network<R>, values: &[f64], row: usize, dt: f64, passed: &mut Passed) {
    let (width, edges) = (net.width, net.edges);
    let held = |column: usize| edges.holds(column, row, width, net.height);
    if width < 2 {
        return;
    }
    let mut face = |from: usize, to: usize| {
        if held(from) && !held(to) {
            passed.add(dt * net.east(row, from.min(to)) * (values[from] - values[to]));
        }
    };
    face(0, 1);
    face(width - 1, width - 2);
}

/// Heat from held into free cells of a row across its sides.
fn account_y<R: Real>(net: &Network<R>, values: &[f64], row: usize, dt: f64, passed: &mut Passed) {
    let (width, height, edges) = (net.width, net.height, net.edges);
    let mut from = |other: usize| {
        for column in 0..width {
            if edges.holds(column, other, width, height) && !edges.holds(column, row, width, height) {
                let difference = values[other * width + column] - values[row * width + column];
                passed.add(dt * net.north(row.min(other), column) * difference);
            }
        }
    };
    if row == 1 && edges.south == Edge::Fixed {
        from(0);
    }
    if row + 2 == height && edges.north == Edge::Fixed {
        from(height - 1);
    }
}

impl<R: Real> Network<R> {
    fn east(&self, row: usize, column: usize) -> f64 {
        match &self.faces {
            Faces::Rows(rows) => rows[row][0].to_f64(),
            Faces::Cells { east, .. } => east[row * self.width + column].to_f64(),
        }
    }

    fn north(&self, row: usize, column: usize) -> f64 {
        match &self.faces {
            Faces::Rows(rows) => rows[row][1].to_f64(),
            Faces::Cells { north, .. } => north[row * self.width + column].to_f64(),
        }
    }
}
