//! The half-step that is implicit across rows.
//!
//! All columns of a block advance together from the south to the north and back: a row's part is what a register
//! holds, nothing has to be transposed. Blocks are as narrow as lets the whole height stay in the cache between the
//! two ways.

use crate::wide::wide;

use super::diffusion::{Faces, Grid};
use super::ring;

/// Columns of a block.
pub(super) const BLOCK: usize = 64;

/// Solves the columns from `first` on, of which `rows` are the parts of all rows.
pub(crate) fn solve(grid: &Grid<'_>, values: &[f64], first: usize, rows: &mut [&mut [f64]]) {
    let count = rows.first().map_or(0, |row| row.len());
    let mut share = Vec::new();
    if let Faces::Uniform = grid.faces {
        share = chain(grid);
    }
    let ring = grid.rings[1];
    let ends = if ring && !share.is_empty() { chain_ends(grid, &share) } else { Vec::new() };
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
            load(&mut padded, line, here, columns.len(), grid.rings[0]);
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
        if ring && share.is_empty() {
            let ends = block_ends(grid, here, columns.len(), &after);
            ring::close_rows(rows, columns.clone(), |row| &ends[row]);
        } else if ring {
            ring::close_rows(rows, columns.clone(), |row| &ends[row]);
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

/// A block with the cell before and after it; at an edge its own, over which nothing flows then, or that of the other end.
fn load(padded: &mut [f64; BLOCK + 2], line: &[f64], start: usize, count: usize, ring: bool) {
    let last = line.len() - 1;
    let [first, end] = if ring { [last, 0] } else { [0, last] };
    padded[1..=count].copy_from_slice(&line[start..start + count]);
    padded[0] = line[if start > 0 { start - 1 } else { first }];
    padded[count + 1] = line[if start + count <= last { start + count } else { end }];
}

/// What closes rings that are all the same (see [`ring`]), for each row.
fn chain_ends(grid: &Grid<'_>, shares: &[[f64; 3]]) -> Vec<[f64; BLOCK]> {
    let end = grid.height - 1;
    let mut ends = vec![[0.0; BLOCK]; grid.height];
    ring::right(&mut ends, [grid.south[0]; BLOCK], [grid.north[end]; BLOCK]);
    let mut last = [0.0; BLOCK];
    for (ends, &[share, before, _]) in ends.iter_mut().zip(shares) {
        for k in 0..BLOCK {
            last[k] = ends[k] * share + last[k] * before;
        }
        *ends = last;
    }
    last = [0.0; BLOCK];
    for (ends, &[_, _, after]) in ends.iter_mut().zip(shares).rev() {
        backward(&mut last, ends, after);
    }
    ends
}

/// The same for the columns of a block, each with faces of its own.
fn block_ends(grid: &Grid<'_>, here: usize, count: usize, after: &[[f64; BLOCK]]) -> Vec<[f64; BLOCK]> {
    let end = grid.height - 1;
    let mut ends = vec![[0.0; BLOCK]; grid.height];
    let mut faces = [[0.0; BLOCK]; 2];
    grid.northern(&mut faces[1][..count], end, here);
    let [first, last] = [0, end].map(|row| faces[1].map(|face| face * grid.across_scale(row)));
    ring::right(&mut ends, first, last);
    let (mut last, mut last_share) = ([0.0; BLOCK], [0.0; BLOCK]);
    for (row, ends) in ends.iter_mut().enumerate() {
        let [south, north] = &mut faces;
        grid.across_faces(&mut north[..count], row, here);
        let scale = grid.across_scale(row);
        forward_varied(&mut last[..count], &ends[..count], &mut last_share, &south[..], &north[..], scale);
        *ends = last;
        faces[0] = faces[1];
    }
    last = [0.0; BLOCK];
    for (ends, after) in ends.iter_mut().zip(after).rev() {
        backward_varied(&mut last, ends, after);
    }
    ends
}

/// For each row the shares of the right-hand side, of the row before, of the row after.
fn chain(grid: &Grid<'_>) -> Vec<[f64; 3]> {
    let mut last = 0.0;
    (0..grid.height)
        .map(|row| {
            let (south, north) =
                if grid.fixed_row(row) { (0.0, 0.0) } else { (grid.south[row], grid.north[row]) };
            // The face where a ring is closed is no part of the chain.
            let (south, north) = match grid.rings[1] {
                true => (if row > 0 { south } else { 0.0 }, if row + 1 < grid.height { north } else { 0.0 }),
                false => (south, north),
            };
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
