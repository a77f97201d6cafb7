//! Where the sea is, and how far land is from it.

use crate::field::Field;
use crate::workers;

/// Cells of the sea: below its level and joined to the edge of the raster by such cells. Ground below the level inland is dry;
/// holes (NaN) are neither land nor sea.
#[must_use]
pub fn sea(ground: &Field, level: f64) -> Vec<bool> {
    let (width, height) = (ground.width, ground.height);
    let mut sea = vec![false; width * height];
    let mut open = Vec::new();
    let below = |cell: usize| ground.values[cell] < level;
    let edge = (0..width).flat_map(|column| [column, (height - 1) * width + column]);
    let edge = edge.chain((0..height).flat_map(|row| [row * width, (row + 1) * width - 1]));
    for cell in edge.filter(|_| width * height > 0) {
        if !sea[cell] && below(cell) {
            sea[cell] = true;
            open.push(cell);
        }
    }
    while let Some(cell) = open.pop() {
        let column = cell % width;
        let around = [
            (column > 0).then(|| cell - 1),
            (column + 1 < width).then_some(cell + 1),
            cell.checked_sub(width),
            Some(cell + width).filter(|&other| other < width * height),
        ];
        for other in around.into_iter().flatten() {
            if !sea[other] && below(other) {
                sea[other] = true;
                open.push(other);
            }
        }
    }
    sea
}

/// A cell of land near the sea.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Near {
    /// Which, row · width + column.
    pub cell: usize,
    /// Metres between its centre and that of the nearest cell of the sea, by its own row's width of cells.
    pub distance: f64,
    /// That cell of the sea.
    pub sea: usize,
}

/// Cells of land no further than `reach` metres from the sea, in the order of cells, by an exact distance transform
/// (Felzenszwalb & Huttenlocher 2012).
#[must_use]
pub fn near(ground: &Field, sea: &[bool], reach: f64, threads: usize) -> Vec<Near> {
    let (width, height) = (ground.width, ground.height);
    // The nearest row with sea in the same column.
    const NONE: u32 = u32::MAX;
    let mut nearest = vec![NONE; width * height];
    let mut last = vec![NONE; width];
    for (row, line) in nearest.chunks_exact_mut(width.max(1)).enumerate() {
        for ((nearest, last), &sea) in line.iter_mut().zip(&mut last).zip(&sea[row * width..]) {
            if sea {
                *last = row as u32;
            }
            *nearest = *last;
        }
    }
    last.fill(NONE);
    for (row, line) in nearest.chunks_exact_mut(width.max(1)).enumerate().rev() {
        for ((nearest, last), &sea) in line.iter_mut().zip(&mut last).zip(&sea[row * width..]) {
            if sea {
                *last = row as u32;
            }
            let (before, behind) = (*nearest, *last);
            if before == NONE || behind != NONE && (behind as usize - row) < row - before as usize {
                *nearest = behind;
            }
        }
    }
    let mut rows: Vec<Vec<Near>> = vec![Vec::new(); height];
    let nearest = &nearest;
    let tasks = rows.iter_mut().enumerate().collect();
    workers::queue(threads, tasks, |(row, out): (usize, &mut Vec<Near>)| {
        let line = &nearest[row * width..][..width];
        let wide = ground.dx[row];
        let rise = |column: usize| line[column].abs_diff(row as u32) as f64 * ground.dy;
        // The lowest of the parabolas over the columns: (column, where it begins to be the lowest).
        let mut lowest: Vec<(usize, f64)> = Vec::new();
        for column in (0..width).filter(|&c| line[c] != NONE && rise(c) <= reach) {
            let height_of = |c: usize| rise(c).powi(2) + (c as f64 * wide).powi(2);
            let mut from = f64::NEG_INFINITY;
            while let Some(&(other, begins)) = lowest.last() {
                let apart = 2.0 * wide * wide * (column - other) as f64;
                from = (height_of(column) - height_of(other)) / apart;
                if from > begins {
                    break;
                }
                lowest.pop();
                from = f64::NEG_INFINITY;
            }
            lowest.push((column, from));
        }
        let mut at = 0;
        for column in 0..width {
            let cell = row * width + column;
            while lowest.get(at + 1).is_some_and(|next| next.1 < column as f64) {
                at += 1;
            }
            let Some(&(source, _)) = lowest.get(at) else { break };
            if sea[cell] || ground.values[cell].is_nan() {
                continue;
            }
            let distance = rise(source).hypot(column.abs_diff(source) as f64 * wide);
            if distance <= reach {
                out.push(Near { cell, distance, sea: line[source] as usize * width + source });
            }
        }
    });
    rows.into_iter().flatten().collect()
}
