//! A plate bends over tens of kilometres: its deflection is found on cells as coarse as that allows.
//!
//! Loads go to the four coarse cells around them by their distances (so force and moments stay), deflections come
//! back by cubic convolution (Keys 1981).

use super::Beyond;
use crate::workers;

/// Coarse cells in a flexural parameter.
const FINENESS: f64 = 16.0;
/// Empty coarse cells around a raster that goes on without load: what cubics reach for.
const FRAME: usize = 2;

/// Coarse cells along one side of a raster.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Side {
    /// Cells of the raster.
    pub(super) fine: usize,
    /// Coarse cells over them.
    coarse: usize,
    beyond: Beyond,
}

impl Side {
    /// None when the raster's own cells are hardly finer than needed.
    pub(super) fn new(fine: usize, cell: f64, reach: f64, beyond: Beyond) -> Option<Self> {
        let needed = (fine as f64 * cell * FINENESS / reach).ceil().max(4.0);
        (2.0 * needed <= fine as f64).then_some(Self { fine, coarse: needed as usize, beyond })
    }

    /// The raster's own cells after all.
    pub(super) fn own(fine: usize, beyond: Beyond) -> Self {
        Self { fine, coarse: fine, beyond }
    }

    /// Coarse cells, with those around.
    pub(super) fn count(self) -> usize {
        self.coarse + if self.beyond == Beyond::Unloaded { 2 * FRAME } else { 0 }
    }

    /// How many fine cells a coarse one is wide.
    pub(super) fn ratio(self) -> f64 {
        self.fine as f64 / self.coarse as f64
    }

    /// Where the middle of a fine cell lies: the coarse cell before it, and the way to the next.
    fn place(self, fine: usize) -> (isize, f64) {
        let at = (fine as f64 + 0.5) / self.ratio() - 0.5;
        let before = at.floor();
        (before as isize, at - before)
    }

    /// The number under which a coarse cell is kept.
    fn index(self, coarse: isize) -> usize {
        let count = self.coarse as isize;
        match self.beyond {
            Beyond::Unloaded => (coarse + FRAME as isize).clamp(0, count + 2 * FRAME as isize - 1) as usize,
            Beyond::Periodic => coarse.rem_euclid(count) as usize,
            Beyond::Mirrored => {
                let turned = coarse.rem_euclid(2 * count);
                (if turned < count { turned } else { 2 * count - 1 - turned }) as usize
            }
        }
    }
}

/// Loads of fine cells on coarse ones, pressure by pressure.
pub(super) fn gather(load: &[f64], [x, y]: [Side; 2]) -> Vec<f64> {
    let wide = x.count();
    let mut out = vec![0.0; wide * y.count()];
    let share = 1.0 / (x.ratio() * y.ratio());
    let columns: Vec<([usize; 2], f64)> = (0..x.fine).map(|column| split(x, column)).collect();
    for (row, line) in load.chunks_exact(x.fine).enumerate() {
        let ([south, north], up) = split(y, row);
        for (&load, &([west, east], right)) in line.iter().zip(&columns) {
            let (load, away) = (load * share, 1.0 - right);
            out[south * wide + west] += load * away * (1.0 - up);
            out[south * wide + east] += load * right * (1.0 - up);
            out[north * wide + west] += load * away * up;
            out[north * wide + east] += load * right * up;
        }
    }
    out
}

fn split(side: Side, fine: usize) -> ([usize; 2], f64) {
    let (before, way) = side.place(fine);
    ([side.index(before), side.index(before + 1)], way)
}

/// Values of fine cells from those of coarse ones.
pub(super) fn spread(coarse: &[f64], [x, y]: [Side; 2], threads: usize) -> Vec<f64> {
    let wide = x.count();
    let mut out = vec![0.0; x.fine * y.fine];
    let columns: Vec<([usize; 4], [f64; 4])> = (0..x.fine).map(|column| cubic(x, column)).collect();
    let tasks = out.chunks_mut(x.fine).enumerate().collect();
    workers::queue(threads, tasks, |(row, out): (usize, &mut [f64])| {
        let (rows, weights) = cubic(y, row);
        let lines = rows.map(|row| &coarse[row * wide..][..wide]);
        let line: Vec<f64> = (0..wide).map(|i| (0..4).map(|k| weights[k] * lines[k][i]).sum()).collect();
        for (out, (cells, weights)) in out.iter_mut().zip(&columns) {
            *out = (0..4).map(|k| weights[k] * line[cells[k]]).sum();
        }
    });
    out
}

fn cubic(side: Side, fine: usize) -> ([usize; 4], [f64; 4]) {
    let (before, t) = side.place(fine);
    let cells = [before - 1, before, before + 1, before + 2].map(|cell| side.index(cell));
    let (t2, t3) = (t * t, t * t * t);
    let weights = [
        0.5 * (-t3 + 2.0 * t2 - t),
        0.5 * (3.0 * t3 - 5.0 * t2 + 2.0),
        0.5 * (-3.0 * t3 + 4.0 * t2 + t),
        0.5 * (t3 - t2),
    ];
    (cells, weights)
}
