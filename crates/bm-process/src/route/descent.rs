//! Steepest descent (D8: O'Callaghan & Mark 1984), a row at a time.
//!
//! A cell's answer is one byte: the neighbour's number, or why there is none. The three distances there are (east,
//! north, diagonal) need one division each: within one the largest drop wins.

use std::ops::Range;

use crate::field::Field;
use crate::wide::wide;
use crate::workers;

use super::RouteError;
use super::rim::{Edge, Rim, Shape};

/// No neighbour is lower.
pub(crate) const PIT: u8 = 8;
/// Base level: water leaves here.
pub(crate) const BASE: u8 = 9;
/// Not terrain (NaN).
pub(crate) const HOLE: u8 = 10;

/// Rows with one cell more at either end and one row before and after: what lies beyond the edges filled in.
pub(crate) struct Padded {
    rows: [Vec<f64>; 3],
}

impl Padded {
    pub(crate) fn new(width: usize) -> Self {
        Self { rows: std::array::from_fn(|_| vec![f64::NAN; width + 2]) }
    }

    fn load(into: &mut [f64], values: &[f64], shape: &Shape, row: isize) {
        let Shape { width, height, looped_x, looped_y } = *shape;
        let row = match row {
            _ if (0..height as isize).contains(&row) => row as usize,
            _ if looped_y && height > 2 => row.rem_euclid(height as isize) as usize,
            _ => return into.fill(f64::NAN),
        };
        let from = &values[row * width..][..width];
        into[1..=width].copy_from_slice(from);
        let loops = looped_x && width > 2;
        into[0] = if loops { from[width - 1] } else { f64::NAN };
        into[width + 1] = if loops { from[0] } else { f64::NAN };
    }

    /// The row with what surrounds it, for rows visited one after the other.
    pub(crate) fn at(&mut self, values: &[f64], shape: &Shape, row: usize, first: bool) -> [&[f64]; 3] {
        if first {
            for (k, buffer) in self.rows.iter_mut().enumerate() {
                Self::load(buffer, values, shape, row as isize + k as isize - 1);
            }
        } else {
            self.rows.rotate_left(1);
            Self::load(&mut self.rows[2], values, shape, row as isize + 1);
        }
        [&self.rows[0], &self.rows[1], &self.rows[2]]
    }
}

/// The same for rows that are not all visited.
pub(crate) struct Rolling {
    padded: Padded,
    last: Option<usize>,
}

impl Rolling {
    pub(crate) fn new(width: usize) -> Self {
        Self { padded: Padded::new(width), last: None }
    }

    pub(crate) fn at(&mut self, values: &[f64], shape: &Shape, row: usize) -> [&[f64]; 3] {
        let first = self.last.is_none_or(|last| last + 1 != row);
        self.last = Some(row);
        self.padded.at(values, shape, row, first)
    }
}

wide! {
    fn row_kernel(out: &mut [u8], rows: [&[f64]; 3], dx: f64, dy: f64) -> bool {
        let width = out.len();
        let [up, mid, down] = rows.map(|row| &row[..width + 2]);
        let diagonal = (dx * dx + dy * dy).sqrt();
        let mut infinite = false;
        for i in 0..width {
            let z = mid[i + 1];
            infinite |= z.abs() == f64::INFINITY;
            let larger = |best: (f64, u64), other: f64, k: u64| {
                let drop = z - other;
                if drop > best.0 { (drop, k) } else { best }
            };
            let none = (0.0, u64::from(PIT));
            let along = larger(larger(none, mid[i], 3), mid[i + 2], 4);
            let across = larger(larger(none, up[i + 1], 1), down[i + 1], 6);
            let oblique = larger(larger(larger(larger(none, up[i], 0), up[i + 2], 2), down[i], 5), down[i + 2], 7);
            // The smaller number of equals, as if the eight had been tried in their order.
            let steeper = |a: (f64, u64), b: (f64, u64)| {
                if b.0 > a.0 || (b.0 == a.0 && b.1 < a.1) { b } else { a }
            };
            let along = (along.0 / dx, along.1);
            let across = (across.0 / dy, across.1);
            let oblique = (oblique.0 / diagonal, oblique.1);
            let k = steeper(steeper(oblique, across), along).1;
            let k = if z.is_nan() { u64::from(HOLE) } else { k };
            out[i] = k as u8;
        }
        infinite
    }
}

/// Directions of a band of rows; `false` where a value is infinite.
fn band(
    out: &mut [u8],
    ground: &Field,
    values: &[f64],
    shape: &Shape,
    rim: &Rim,
    rows: Range<usize>,
) -> bool {
    let width = shape.width;
    let mut padded = Padded::new(width);
    let mut infinite = false;
    for (row, out) in rows.clone().zip(out.chunks_exact_mut(width)) {
        let around = padded.at(values, shape, row, row == rows.start);
        infinite |= row_kernel(out, around, ground.dx[row], ground.dy);
        let based = |out: &mut u8| {
            if *out != HOLE {
                *out = BASE;
            }
        };
        let whole =
            (row == 0 && rim.south == Edge::Fixed) || (row + 1 == shape.height && rim.north == Edge::Fixed);
        if whole {
            out.iter_mut().for_each(based);
            continue;
        }
        if rim.west == Edge::Fixed {
            based(&mut out[0]);
        }
        if rim.east == Edge::Fixed {
            based(&mut out[width - 1]);
        }
    }
    !infinite
}

/// Directions of all cells of a surface on a ground's raster. `outlets` are base level besides the edges.
pub(crate) fn directions(
    out: &mut Vec<u8>,
    ground: &Field,
    values: &[f64],
    shape: &Shape,
    rim: &Rim,
    outlets: &[u32],
    threads: usize,
) -> Result<(), RouteError> {
    out.resize(shape.cells(), 0);
    let bands = workers::bands(shape.height, threads);
    let jobs = bands.iter().cloned().zip(workers::cut(out, shape.width, &bands)).collect();
    let finite = workers::run(jobs, |(rows, out)| band(out, ground, values, shape, rim, rows));
    if finite.contains(&false) {
        let cell = values.iter().position(|value| value.is_infinite()).unwrap_or_default();
        let (column, row) = shape.place(cell);
        return Err(RouteError::Infinite { column, row });
    }
    for &cell in outlets {
        let Some(direction) = out.get_mut(cell as usize) else {
            return Err(RouteError::UnknownOutlet { cell, cells: shape.cells() });
        };
        if *direction != HOLE {
            *direction = BASE;
        }
    }
    Ok(())
}

/// Computes single cells anew, in blocks of a row: those that `dirty` names, 64 columns each.
pub(crate) fn again(
    out: &mut [u8],
    ground: &Field,
    values: &[f64],
    shape: &Shape,
    dirty: &Dirty,
    threads: usize,
) {
    let width = shape.width;
    let bands = workers::bands(shape.height, threads);
    let jobs: Vec<_> = bands.iter().cloned().zip(workers::cut(out, width, &bands)).collect();
    workers::run(jobs, |(rows, out)| {
        let mut rolling = Rolling::new(width);
        let mut fresh = [0; BLOCK];
        for (row, out) in rows.zip(out.chunks_exact_mut(width)).filter(|(row, _)| dirty.any(*row)) {
            let around = rolling.at(values, shape, row);
            for (_, columns) in dirty.blocks(row) {
                let out = &mut out[columns.clone()];
                let fresh = &mut fresh[..out.len()];
                let around = around.map(|row| &row[columns.start..columns.end + 2]);
                row_kernel(fresh, around, ground.dx[row], ground.dy);
                renew(out, fresh);
            }
        }
    });
}

wide! {
    /// New directions where they are not given.
    fn renew(out: &mut [u8], fresh: &[u8]) {
        for (out, &fresh) in out.iter_mut().zip(fresh) {
            *out = if (*out == BASE) | (*out == HOLE) { *out } else { fresh };
        }
    }
}

/// Columns of a block.
pub(crate) const BLOCK: usize = 64;

/// Which blocks of 64 columns of which rows have changed.
pub(crate) struct Dirty {
    blocks: usize,
    flags: Vec<bool>,
    shape: Shape,
}

impl Dirty {
    pub(crate) fn new(shape: &Shape) -> Self {
        let blocks = shape.width.div_ceil(BLOCK);
        Self { blocks, flags: vec![false; blocks * shape.height], shape: *shape }
    }

    fn row(&self, row: usize) -> &[bool] {
        &self.flags[row * self.blocks..][..self.blocks]
    }

    /// Whether any block of a row is one.
    pub(crate) fn any(&self, row: usize) -> bool {
        self.row(row).contains(&true)
    }

    /// The numbers and columns of those of a row.
    pub(crate) fn blocks(&self, row: usize) -> impl Iterator<Item = (usize, Range<usize>)> + '_ {
        let width = self.shape.width;
        let flags = self.row(row).iter().enumerate().filter(|&(_, &flag)| flag);
        flags.map(move |(block, _)| (block, block * BLOCK..width.min((block + 1) * BLOCK)))
    }

    /// Heights changed in a block: its cells and their neighbours must look anew.
    pub(crate) fn touch_block(&mut self, row: usize, block: usize) {
        let Shape { height, looped_x, looped_y, .. } = self.shape;
        let around = |at: usize, count: usize, looped: bool| {
            let before = if looped { (at + count - 1) % count } else { at.saturating_sub(1) };
            let after = if looped { (at + 1) % count } else { (at + 1).min(count - 1) };
            [before, at, after]
        };
        for row in around(row, height, looped_y) {
            for block in around(block, self.blocks, looped_x) {
                self.flags[row * self.blocks + block] = true;
            }
        }
    }
}
