//! The half-step that is implicit across rows.
//!
//! All columns of a block advance together from the south to the north and back: a row's part is what a register
//! holds, nothing has to be transposed. Blocks are as narrow as lets the whole height stay in the cache between the
//! two ways.

use crate::wide::wide;

use super::diffusion::{Faces, Grid};

/// Columns of a block.
pub(super) const BLOCK: usize = 64;

/// Solves the columns from `first` on, of which `rows` are the parts of all rows.
pub(crate) fn solve(grid: &Grid<'_>, values: &[f64], first: usize, rows: &mut [&mut [f64]]) {
    let count = rows.first().map_or(0, |row| row.len());
    let mut share = Vec::new();
    if let Faces::Uniform = grid.faces {
        share = chain(grid);
    }
    let mut after = vec![[0.0; BLOCK]; if share.is_empty() { grid.height } else { 0 }];
    for start in (0..count).step_by(BLOCK) {
        let columns = start..count.min(start + BLOCK);
        let here = first + columns.start;
        let mut faces = [[0.0; BLOCK]; 2];
        let mut last_share = [0.0; BLOCK];
        let mut last = [0.0; BLOCK];
        let last = &mut last[..columns.len()];
        let mut padded = [0.0; BLOCK + 2];
        for row in 0..grid.height {
            let line = &values[row * grid.width..][..grid.width];
            load(&mut padded, line, here, columns.len());
            let out = &mut rows[row][columns.clone()];
            if grid.fixed_row(row) {
                last.copy_from_slice(&padded[1..=columns.len()]);
                out.copy_from_slice(last);
                if share.is_empty() {
                    after[row] = [0.0; BLOCK];
                    last_share = [0.0; BLOCK];
                    grid.across_faces(&mut faces[0][..columns.len()], row, here);
                }
            } else if let Some(&[share, before, _]) = share.get(row) {
                forward(last, &padded, grid.along[row], share, before);
                out.copy_from_slice(last);
            } else {
                grid.right_block_varied(&mut padded, row, here, columns.len());
                let [south, north] = &mut faces;
                grid.across_faces(&mut north[..columns.len()], row, here);
                forward_varied(
                    last,
                    &padded[1..=columns.len()],
                    &mut last_share,
                    &south[..],
                    &north[..],
                    grid.across_scale(row),
                );
                after[row] = last_share;
                out.copy_from_slice(last);
                faces[0] = faces[1];
            }
        }
        last.fill(0.0);
        for row in (0..grid.height).rev() {
            let out = &mut rows[row][columns.clone()];
            match share.get(row) {
                Some(&[_, _, after]) => backward(last, out, after),
                None => backward_varied(last, out, &after[row]),
            }
        }
        for column in [0, grid.width - 1] {
            if grid.fixed_column(column) && (here..here + columns.len()).contains(&column) {
                for (row, out) in rows.iter_mut().enumerate() {
                    out[column - first] = values[row * grid.width + column];
                }
            }
        }
    }
}

/// A block with the cell before and after it; at an edge its own, over which nothing flows then.
fn load(padded: &mut [f64; BLOCK + 2], line: &[f64], start: usize, count: usize) {
    padded[1..=count].copy_from_slice(&line[start..start + count]);
    padded[0] = line[start.saturating_sub(1)];
    padded[count + 1] = line[(start + count).min(line.len() - 1)];
}

/// For each row the shares of the right-hand side, of the row before, of the row after.
fn chain(grid: &Grid<'_>) -> Vec<[f64; 3]> {
    let mut last = 0.0;
    (0..grid.height)
        .map(|row| {
            let (south, north) =
                if grid.fixed_row(row) { (0.0, 0.0) } else { (grid.south[row], grid.north[row]) };
            let share = 1.0 / (1.0 + south + north - south * last);
            last = north * share;
            [share, south * share, last]
        })
        .collect()
}

wide! {
    fn forward(last: &mut [f64], padded: &[f64; BLOCK + 2], step: f64, share: f64, before: f64) {
        let count = last.len();
        let padded = &padded[..count + 2];
        for i in 0..count {
            let z = padded[i + 1];
            let right = z + step * ((padded[i] - z) + (padded[i + 2] - z));
            last[i] = right * share + last[i] * before;
        }
    }
}

wide! {
    fn backward(last: &mut [f64], out: &mut [f64], after: f64) {
        for (last, out) in last.iter_mut().zip(out) {
            *last = *out + *last * after;
            *out = *last;
        }
    }
}

wide! {
    pub(super) fn forward_varied(
        last: &mut [f64],
        right: &[f64],
        last_share: &mut [f64; BLOCK],
        south: &[f64],
        north: &[f64],
        scale: f64,
    ) {
        let count = last.len();
        let (right, south, north) = (&right[..count], &south[..count], &north[..count]);
        for i in 0..count {
            let (s, n) = (south[i] * scale, north[i] * scale);
            let share = 1.0 / (1.0 + s + n - s * last_share[i]);
            last_share[i] = n * share;
            last[i] = (right[i] + s * last[i]) * share;
        }
    }
}

wide! {
    pub(super) fn backward_varied(last: &mut [f64], out: &mut [f64], after: &[f64; BLOCK]) {
        for ((last, out), after) in last.iter_mut().zip(out).zip(after) {
            *last = *out + *last * after;
            *out = *last;
        }
    }
}
