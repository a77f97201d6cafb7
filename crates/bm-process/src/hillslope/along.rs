//! The half-step that is implicit along rows.
//!
//! Sixteen rows are solved at a time, one in each lane: a row is a chain of steps that wait for each other, sixteen of
//! them keep the processor busy. Rows are transposed on the way into the chain and out again.

use std::ops::Range;

use crate::wide::wide;

use super::diffusion::{Faces, Grid};
use super::ring;

/// Rows solved together.
pub(super) const LANES: usize = 16;
pub(super) type Lanes = [f64; LANES];

/// Solved chains of one length and coefficient: shares of the right-hand side, of the cell before, of the cell after.
#[derive(Default)]
struct Chain {
    step: f64,
    share: Vec<f64>,
    before: Vec<f64>,
    after: Vec<f64>,
}

impl Chain {
    fn factor(&mut self, grid: &Grid<'_>, step: f64) {
        if self.step == step && self.share.len() == grid.width {
            return;
        }
        self.step = step;
        for list in [&mut self.share, &mut self.before, &mut self.after] {
            list.clear();
        }
        let mut last = 0.0;
        for column in 0..grid.width {
            let (west, east) = match grid.fixed_column(column) {
                true => (0.0, 0.0),
                false => {
                    (if column > 0 { step } else { 0.0 }, if column + 1 < grid.width { step } else { 0.0 })
                }
            };
            let share = 1.0 / (1.0 + west + east - west * last);
            last = east * share;
            self.share.push(share);
            self.before.push(west * share);
            self.after.push(last);
        }
    }
}

/// Solves a band of rows; `out` begins with the first of them.
pub(crate) fn solve(grid: &Grid<'_>, values: &[f64], rows: Range<usize>, out: &mut [f64]) {
    let width = grid.width;
    let mut chain = Chain::default();
    let mut right = vec![0.0; width * LANES];
    let mut lanes: Vec<Lanes> = vec![[0.0; LANES]; width];
    let mut faces: Vec<Lanes> = match grid.faces {
        Faces::Uniform => Vec::new(),
        Faces::Varied { .. } => vec![[0.0; LANES]; width],
    };
    let mut after: Vec<Lanes> = Vec::new();
    let ring = grid.rings[0];
    let mut ends: Vec<Lanes> = vec![[0.0; LANES]; if ring { width } else { 0 }];
    let mut spare: Vec<Lanes> = Vec::new();
    let mut steps = vec![0.0; if faces.is_empty() { 0 } else { width * LANES }];
    let row_of = |row: usize| &values[row * width..(row + 1) * width];
    let mut next = rows.start;
    while next < rows.end {
        // Fixed rows are solved like all others and thrown away.
        let uniform = faces.is_empty();
        let count = LANES.min(rows.end - next);
        let mut step = [grid.along[next]; LANES];
        step[..count].copy_from_slice(&grid.along[next..next + count]);
        for (lane, row) in (next..next + count).enumerate() {
            let mid = row_of(row);
            let right = &mut right[lane * width..][..width];
            // What is beyond the raster has no share, so any row will do.
            let [south, north] = grid.beside(row).map(row_of);
            match grid.faces {
                Faces::Uniform => right_row(right, south, mid, north, grid.south[row], grid.north[row]),
                Faces::Varied { .. } => {
                    grid.right_row_varied(right, values, row);
                    grid.along_faces(&mut steps[lane * width..][..width], row);
                }
            }
            for column in [0, width - 1] {
                if grid.fixed_column(column) {
                    right[column] = mid[column];
                }
            }
        }
        transpose_in(&mut lanes, &right, width);
        let fixed = [grid.fixed_column(0), grid.fixed_column(width - 1)];
        if !uniform {
            transpose_in(&mut faces, &steps, width);
            if ring {
                spare.clone_from(&faces);
                ring::right(&mut ends, faces[width - 1], faces[width - 1]);
                chain_varied(&mut ends, &mut spare, fixed);
            }
            chain_varied(&mut lanes, &mut faces, fixed);
        } else if step == [step[0]; LANES] {
            chain.factor(grid, step[0]);
            chain_uniform(&mut lanes, &chain.share, &chain.before, &chain.after);
            if ring {
                ring::right(&mut ends, step, step);
                chain_uniform(&mut ends, &chain.share, &chain.before, &chain.after);
            }
        } else {
            after.resize(width, [0.0; LANES]);
            chain_rows(&mut lanes, &mut after, &step, fixed);
            if ring {
                ring::right(&mut ends, step, step);
                chain_rows(&mut ends, &mut after, &step, fixed);
            }
        }
        ring::close(&mut lanes, &ends);
        transpose_out(&mut right, &lanes, width);
        for (lane, row) in (next..next + count).enumerate() {
            let out = &mut out[(row - rows.start) * width..][..width];
            if grid.fixed_row(row) {
                out.copy_from_slice(row_of(row));
            } else {
                out.copy_from_slice(&right[lane * width..][..width]);
            }
        }
        next += count;
    }
}

wide! {
    fn right_row(out: &mut [f64], south: &[f64], mid: &[f64], north: &[f64], s: f64, n: f64) {
        let count = out.len();
        let (south, mid, north) = (&south[..count], &mid[..count], &north[..count]);
        for i in 0..count {
            out[i] = mid[i] + (s * (south[i] - mid[i]) + n * (north[i] - mid[i]));
        }
    }
}

wide! {
    pub(super) fn transpose_in(lanes: &mut [Lanes], rows: &[f64], width: usize) {
        let rows: [&[f64]; LANES] = std::array::from_fn(|lane| &rows[lane * width..][..width]);
        for (i, lanes) in lanes[..width].iter_mut().enumerate() {
            for lane in 0..LANES {
                lanes[lane] = rows[lane][i];
            }
        }
    }
}

wide! {
    pub(super) fn transpose_out(rows: &mut [f64], lanes: &[Lanes], width: usize) {
        for (lane, row) in rows.chunks_exact_mut(width).enumerate().take(LANES) {
            for (value, lanes) in row.iter_mut().zip(lanes) {
                *value = lanes[lane];
            }
        }
    }
}

wide! {
    fn chain_uniform(lanes: &mut [Lanes], share: &[f64], before: &[f64], after: &[f64]) {
        let mut last = [0.0; LANES];
        for (((lanes, share), before), _) in lanes.iter_mut().zip(share).zip(before).zip(after) {
            for lane in 0..LANES {
                last[lane] = lanes[lane] * share + last[lane] * before;
            }
            *lanes = last;
        }
        last = [0.0; LANES];
        for (lanes, after) in lanes.iter_mut().zip(after).rev() {
            for lane in 0..LANES {
                last[lane] = lanes[lane] + last[lane] * after;
            }
            *lanes = last;
        }
    }
}

wide! {
    /// Rows of different widths: as [`Chain::factor`] and [`chain_uniform`], to the same bits, with the shares of each
    /// row found on the way.
    fn chain_rows(lanes: &mut [Lanes], after: &mut [Lanes], step: &Lanes, fixed: [bool; 2]) {
        let end = lanes.len() - 1;
        let mut last = [0.0; LANES];
        let mut last_share = [0.0; LANES];
        for (i, (lanes, after)) in lanes.iter_mut().zip(after.iter_mut()).enumerate() {
            let stays = (i == 0 && fixed[0]) || (i == end && fixed[1]);
            let (west, east) = (if stays || i == 0 { 0.0 } else { 1.0 }, if stays || i == end { 0.0 } else { 1.0 });
            for lane in 0..LANES {
                let (w, e) = (step[lane] * west, step[lane] * east);
                let share = 1.0 / (1.0 + w + e - w * last_share[lane]);
                last_share[lane] = e * share;
                last[lane] = lanes[lane] * share + last[lane] * (w * share);
            }
            *lanes = last;
            *after = last_share;
        }
        last = [0.0; LANES];
        for (lanes, after) in lanes.iter_mut().zip(after.iter()).rev() {
            for lane in 0..LANES {
                last[lane] = lanes[lane] + last[lane] * after[lane];
            }
            *lanes = last;
        }
    }
}

wide! {
    /// `faces` is the step over each cell's eastern face, and the share of the cell after when it is done.
    pub(super) fn chain_varied(lanes: &mut [Lanes], faces: &mut [Lanes], fixed: [bool; 2]) {
        let end = lanes.len() - 1;
        let mut last = [0.0; LANES];
        let mut last_share = [0.0; LANES];
        let mut west = [0.0; LANES];
        for (i, (lanes, faces)) in lanes.iter_mut().zip(faces.iter_mut()).enumerate() {
            let stays = (i == 0 && fixed[0]) || (i == end && fixed[1]);
            let reaches = if i == end { 0.0 } else { 1.0 };
            for lane in 0..LANES {
                let face = faces[lane] * reaches;
                let (w, e) = if stays { (0.0, 0.0) } else { (west[lane], face) };
                let share = 1.0 / (1.0 + w + e - w * last_share[lane]);
                last_share[lane] = e * share;
                last[lane] = (lanes[lane] + w * last[lane]) * share;
                west[lane] = face;
            }
            *lanes = last;
            *faces = last_share;
        }
        last = [0.0; LANES];
        for (lanes, after) in lanes.iter_mut().zip(faces.iter()).rev() {
            for lane in 0..LANES {
                last[lane] = lanes[lane] + last[lane] * after[lane];
            }
            *lanes = last;
        }
    }
}
