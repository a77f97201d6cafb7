//! Basins: which pit each cell's water gathers in.

use crate::workers;

use super::descent::{BASE, HOLE, PIT};
use super::rim::Shape;

/// Set on a direction that leads to a cell of equal height.
pub(crate) const LINK: u8 = 16;

/// The basin of all cells that reach base level (and of holes).
pub(crate) const OUTSIDE: u32 = 0;

const UNKNOWN: u32 = u32::MAX;

/// Basins of a terrain. Basin 0 is the outside, basin `k` that of pit `k − 1`.
#[derive(Debug, Default)]
pub(crate) struct Basins {
    /// Basin of each cell.
    pub(crate) of: Vec<u32>,
    /// The lowest cell of each basin but the outside.
    pub(crate) pits: Vec<u32>,
    /// Cells that drain over an equal one only.
    pub(crate) links: Vec<u32>,
}

/// Whether a direction names a neighbour.
pub(crate) const fn flows(direction: u8) -> bool {
    direction & !(LINK | 7) == 0
}

impl Basins {
    /// Finds them. Flat cells without a lower neighbour are linked to an equal one that drains, or else to an equal
    /// one of a smaller number, so that a plateau is few basins and not one a cell; such directions carry [`LINK`].
    pub(crate) fn find(&mut self, directions: &mut [u8], values: &[f64], shape: &Shape, threads: usize) {
        self.pits.clear();
        self.links.clear();
        let bands = workers::bands(shape.height, threads);
        let jobs = bands.iter().map(|rows| rows.start * shape.width..rows.end * shape.width).collect();
        let found = workers::run(jobs, |cells: std::ops::Range<usize>| {
            let directions = &directions[cells.clone()];
            cells.zip(directions).filter(|&(_, &k)| k == PIT).map(|(cell, _)| cell as u32).collect::<Vec<_>>()
        });
        for cell in found.into_iter().flatten() {
            match level_way(directions, values, shape, cell as usize) {
                Some(k) => {
                    directions[cell as usize] = LINK | k;
                    self.links.push(cell);
                }
                None => self.pits.push(cell),
            }
        }
        if self.pits.is_empty() {
            return;
        }
        self.of.resize(shape.cells(), UNKNOWN);
        let jobs = bands.iter().cloned().zip(workers::cut(&mut self.of, shape.width, &bands)).collect();
        let (directions, pits) = (&*directions, &*self.pits);
        let single = bands.len() == 1;
        workers::run(jobs, |(rows, labels)| {
            let first = rows.start * shape.width;
            label(labels, first, directions, pits, shape);
        });
        if !single {
            self.join(&bands, shape);
        }
    }

    /// Cells whose way leaves their band know the first cell outside it only: what that cell's basin is.
    fn join(&mut self, bands: &[std::ops::Range<usize>], shape: &Shape) {
        let width = shape.width;
        // Those named are in the rows on either side of a cut (and around a loop: the first and the last).
        let mut basins: Vec<(usize, Vec<u32>)> = Vec::new();
        for band in bands {
            for row in [band.start, band.end - 1] {
                let mut line = Vec::with_capacity(width);
                for cell in row * width..(row + 1) * width {
                    let mut at = self.of[cell];
                    while at & ELSEWHERE != 0 {
                        at = self.of[(at & !ELSEWHERE) as usize];
                    }
                    line.push(at);
                }
                basins.push((row, line));
            }
        }
        let jobs = workers::cut(&mut self.of, width, bands);
        let basins = &basins;
        workers::run(jobs, |labels| {
            for at in labels.iter_mut().filter(|at| **at & ELSEWHERE != 0) {
                let cell = (*at & !ELSEWHERE) as usize;
                let (row, column) = (cell / width, cell % width);
                if let Some((_, line)) = basins.iter().find(|(there, _)| *there == row) {
                    *at = line[column];
                }
            }
        });
    }
}

/// The rest of a label is a cell of another band, whose label it is.
const ELSEWHERE: u32 = 1 << 31;

/// A direction to a neighbour of equal height from which water gets on, if there is one.
fn level_way(directions: &[u8], values: &[f64], shape: &Shape, cell: usize) -> Option<u8> {
    let mut earlier = None;
    for k in 0..8 {
        let Some(other) = shape.neighbour(cell, k) else { continue };
        if values[other] != values[cell] {
            continue;
        }
        match directions[other] {
            PIT => {}
            HOLE => continue,
            // One that has been linked may lead here; those of smaller numbers cannot.
            linked if linked & LINK != 0 => {}
            _ => return Some(k as u8),
        }
        if other < cell && earlier.is_none() {
            earlier = Some(k as u8);
        }
    }
    earlier
}

/// Follows every cell's way down to a pit, to base level or out of the band that begins with cell `first`.
fn label(labels: &mut [u32], first: usize, directions: &[u8], pits: &[u32], shape: &Shape) {
    let cells = first..first + labels.len();
    let offsets = shape.offsets();
    for (label, &direction) in labels.iter_mut().zip(&directions[cells.clone()]) {
        *label = if direction == BASE || direction == HOLE { OUTSIDE } else { UNKNOWN };
    }
    let from = pits.partition_point(|&pit| (pit as usize) < cells.start);
    for (number, &pit) in
        pits.iter().enumerate().skip(from).take_while(|&(_, &pit)| (pit as usize) < cells.end)
    {
        labels[pit as usize - first] = number as u32 + 1;
    }
    if shape.plain() {
        follow(labels, first, directions, shape, |cell, direction| {
            cell.wrapping_add_signed(offsets[usize::from(direction & 7)])
        });
    } else {
        follow(labels, first, directions, shape, |cell, direction| shape.towards(&offsets, cell, direction));
    }
}

#[inline(always)]
fn follow(
    labels: &mut [u32],
    first: usize,
    directions: &[u8],
    shape: &Shape,
    towards: impl Fn(usize, u8) -> usize,
) {
    let mut way: Vec<u32> = vec![0; 1024];
    for start in shape.strips(labels.len()).flatten() {
        if labels[start] != UNKNOWN {
            continue;
        }
        let mut length = 0;
        let mut at = start;
        let label = loop {
            if length == way.len() {
                way.resize(length * 2, 0);
            }
            way[length] = at as u32;
            length += 1;
            let next = towards(first + at, directions[first + at]);
            at = next.wrapping_sub(first);
            match labels.get(at) {
                Some(&UNKNOWN) => {}
                Some(&label) => break label,
                None => break next as u32 | ELSEWHERE,
            }
        };
        for &cell in &way[..length] {
            labels[cell as usize] = label;
        }
    }
}
