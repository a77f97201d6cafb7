//! Least gradients over filled depressions and flats.
//!
//! Where a filled surface has no lower neighbour, a cell's height is its water level and as many units in the last
//! place as it is cells away from where the water leaves. That is the one solution of
//! `F = max(z, next(min F of the neighbours))`, which a flood with ε computes, unless a shore is so little higher than
//! the water (fewer units than the lake is long) that the heights mix: then the flood itself is run.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::wide::wide;
use crate::workers;

use super::basins::LINK;
use super::descent::{BASE, BLOCK, Dirty, HOLE, Rolling};
use super::fill::{Ways, flooded};
use super::rim::Shape;

/// A surface without flats.
#[derive(Debug, Default)]
pub(crate) struct Surface {
    /// Filled, then with least gradients.
    pub(crate) heights: Vec<f64>,
    /// Heights of cells without a lower neighbour while they are found, [`OPEN`] before; means something near such cells
    /// only, and is nowhere [`OPEN`] when all have been found.
    found: Vec<f64>,
}

/// A height that is still to be found.
const OPEN: f64 = f64::INFINITY;

impl Surface {
    /// Computes it; what was changed against the terrain is marked in the answer, nothing if all drains as it is.
    pub(crate) fn slope(
        &mut self,
        values: &[f64],
        ways: &Ways,
        shape: &Shape,
        threads: usize,
    ) -> Option<Dirty> {
        if !ways.must_climb() {
            self.heights.clear();
            self.heights.extend_from_slice(values);
            return None;
        }
        let near = self.fill(values, ways, shape, threads);
        self.find_flats(ways, &near, shape, threads);
        let (shores, mut dirty) = self.find_shores(&near, shape, threads);
        if self.spread(shores, ways, shape, threads) {
            self.settle(&near, shape, threads);
        } else {
            // Whatever was left open by the fast way.
            self.found.fill(0.0);
            flooded(&mut self.heights, values, ways, shape);
            // The flood has raised shores as well, where no cell was open.
            dirty = changed(values, &self.heights, shape);
        }
        Some(dirty)
    }

    /// Fills depressions; where cells may be without a lower neighbour then: raised ones, flat ones, those next to them.
    fn fill(&mut self, values: &[f64], ways: &Ways, shape: &Shape, threads: usize) -> Dirty {
        let width = shape.width;
        self.heights.resize(values.len(), 0.0);
        self.found.resize(values.len(), 0.0);
        let bands = workers::bands(shape.height, threads);
        let jobs = bands.iter().cloned().zip(workers::cut(&mut self.heights, width, &bands)).collect();
        let Ways { directions, basins, passes } = ways;
        let lists = workers::run(jobs, |(rows, heights): (Range<usize>, &mut [f64])| {
            let mut blocks = Vec::new();
            for (row, heights) in rows.zip(heights.chunks_exact_mut(width)) {
                for (block, heights) in heights.chunks_mut(BLOCK).enumerate() {
                    let first = row * width + block * BLOCK;
                    let cells = first..first + heights.len();
                    let values = &values[cells.clone()];
                    let raised = if basins.pits.is_empty() {
                        heights.copy_from_slice(values);
                        false
                    } else {
                        fill_block(heights, values, &basins.of[cells.clone()], &passes.levels)
                    };
                    if raised
                        || directions[cells].iter().fold(0, |all, direction| all | direction) & LINK != 0
                    {
                        blocks.push((row, block));
                    }
                }
            }
            blocks
        });
        let mut near = Dirty::new(shape);
        lists.into_iter().flatten().for_each(|(row, block)| near.touch_block(row, block));
        // And what lies around those in turn, to be looked at by them.
        let mut around = Dirty::new(shape);
        for row in (0..shape.height).filter(|&row| near.any(row)) {
            near.blocks(row).for_each(|(block, _)| around.touch_block(row, block));
        }
        around
    }

    /// Leaves open all cells that no neighbour is lower than.
    fn find_flats(&mut self, ways: &Ways, near: &Dirty, shape: &Shape, threads: usize) {
        let width = shape.width;
        let bands = workers::bands(shape.height, threads);
        let jobs = bands.iter().cloned().zip(workers::cut(&mut self.found, width, &bands)).collect();
        let heights = &self.heights;
        workers::run(jobs, |(rows, found): (Range<usize>, &mut [f64])| {
            let mut rolling = Rolling::new(width);
            for (row, found) in rows.zip(found.chunks_exact_mut(width)).filter(|(row, _)| near.any(*row)) {
                let around = rolling.at(heights, shape, row);
                let directions = &ways.directions[row * width..][..width];
                for (_, columns) in near.blocks(row) {
                    let rows = around.map(|row| &row[columns.start..columns.end + 2]);
                    flat_row(&mut found[columns.clone()], rows, &directions[columns]);
                }
            }
        });
    }

    /// What has been found becomes the surface.
    fn settle(&mut self, near: &Dirty, shape: &Shape, threads: usize) {
        let width = shape.width;
        let bands = workers::bands(shape.height, threads);
        let jobs = bands.iter().cloned().zip(workers::cut(&mut self.heights, width, &bands)).collect();
        let found = &self.found;
        workers::run(jobs, |(rows, heights): (Range<usize>, &mut [f64])| {
            for (row, heights) in rows.zip(heights.chunks_exact_mut(width)) {
                for (_, columns) in near.blocks(row) {
                    heights[columns.clone()].copy_from_slice(&found[row * width..][columns]);
                }
            }
        });
    }

    /// The open cells next to which water of their level leaves, and where open cells are.
    fn find_shores(&self, near: &Dirty, shape: &Shape, threads: usize) -> (Vec<u32>, Dirty) {
        let width = shape.width;
        let (heights, found) = (&self.heights, &self.found);
        let lists = workers::run(workers::bands(shape.height, threads), |rows| {
            let mut rolling = Rolling::new(width);
            let (mut shores, mut blocks) = (Vec::new(), Vec::new());
            for row in rows.filter(|&row| near.any(row)) {
                let around = rolling.at(found, shape, row);
                for (block, columns) in near.blocks(row) {
                    let first = row * width + columns.start;
                    let level = &heights[first..first + columns.len()];
                    let mut marks = [0_u8; BLOCK];
                    let marks = &mut marks[..columns.len()];
                    if !shore_row(marks, level, around.map(|row| &row[columns.start..columns.end + 2])) {
                        continue;
                    }
                    blocks.push((row, block));
                    let at_shore = marks.iter().enumerate().filter(|&(_, &mark)| mark == 2);
                    shores.extend(at_shore.map(|(n, _)| (first + n) as u32));
                }
            }
            (shores, blocks)
        });
        let mut dirty = Dirty::new(shape);
        let mut all = Vec::new();
        for (shores, blocks) in lists {
            all.extend(shores);
            blocks.into_iter().for_each(|(row, block)| dirty.touch_block(row, block));
        }
        (all, dirty)
    }
    /// Gives lakes their heights, from where they drain inwards; `false` where heights nearly tie.
    ///
    /// Lakes of different levels have nothing to do with each other, so threads share the levels.
    fn spread(&mut self, shores: Vec<u32>, ways: &Ways, shape: &Shape, threads: usize) -> bool {
        let Self { heights: water, found } = self;
        let water = &water[..];
        let mut parts = vec![Vec::new(); threads.max(1)];
        if parts.len() == 1 {
            parts = vec![shores];
        } else {
            for cell in shores {
                let level = water[cell as usize].to_bits();
                let part = (level.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize % parts.len();
                parts[part].push(cell);
            }
        }
        // Where the first and the last column are base level or holes, nothing in them is open.
        let stays = |cell: usize| matches!(ways.directions[cell], BASE | HOLE);
        let width = shape.width;
        let walled = (0..shape.height).all(|row| stays(row * width) && stays((row + 1) * width - 1));
        let heights = shared(found);
        workers::run(parts, |shores| from_shores(heights, water, shores, shape, walled))
            .into_iter()
            .all(|calm| calm)
    }
}

/// Where two surfaces differ; in holes (NaN) they do not.
fn changed(before: &[f64], after: &[f64], shape: &Shape) -> Dirty {
    let mut dirty = Dirty::new(shape);
    let rows = before.chunks_exact(shape.width).zip(after.chunks_exact(shape.width));
    for (row, (before, after)) in rows.enumerate() {
        for (block, (before, after)) in before.chunks(BLOCK).zip(after.chunks(BLOCK)).enumerate() {
            // A flood only raises.
            if before.iter().zip(after).any(|(before, after)| before < after) {
                dirty.touch_block(row, block);
            }
        }
    }
    dirty
}

/// Heights that several threads write to, each its own lakes.
fn shared(heights: &mut [f64]) -> &[AtomicU64] {
    let (at, count) = (heights.as_mut_ptr().cast::<AtomicU64>(), heights.len());
    const { assert!(align_of::<AtomicU64>() == align_of::<f64>() && size_of::<AtomicU64>() == size_of::<f64>()) };
    // SAFETY: an `AtomicU64` is as large and as aligned as an `f64` on all platforms that have it with 64-bit floats
    // aligned to 8 (checked above), all bit patterns are floats, and the borrow is exclusive and lives as long.
    unsafe { std::slice::from_raw_parts(at, count) }
}

fn from_shores(
    heights: &[AtomicU64],
    water: &[f64],
    mut queue: Vec<u32>,
    shape: &Shape,
    walled: bool,
) -> bool {
    let offsets = shape.offsets();
    let height = |cell: usize| f64::from_bits(heights[cell].load(Relaxed));
    let set = |cell: usize, value: f64| heights[cell].store(value.to_bits(), Relaxed);
    for &cell in &queue {
        set(cell as usize, water[cell as usize].next_up());
    }
    let mut calm = true;
    let mut next = 0;
    while let Some(&cell) = queue.get(next) {
        let cell = cell as usize;
        next += 1;
        let (level, here) = (water[cell], height(cell));
        let above = here.next_up();
        let mut visit = |other: usize| {
            let there = water[other];
            if there == level {
                if height(other) == OPEN {
                    set(other, above);
                    queue.push(other as u32);
                }
            } else {
                calm &= !(there > level && there <= here);
            }
        };
        if (walled && cell >= shape.width && cell + shape.width < water.len()) || shape.inner(cell) {
            offsets.iter().for_each(|&offset| visit(cell.wrapping_add_signed(offset)));
        } else {
            (0..8).filter_map(|k| shape.neighbour(cell, k)).for_each(visit);
        }
    }
    calm
}

wide! {
    /// The heights of water in a block of a row, `levels` by basin; whether it is over the ground anywhere.
    fn fill_block(out: &mut [f64], values: &[f64], basins: &[u32], levels: &[f64]) -> bool {
        let mut raised = false;
        for ((out, &value), &basin) in out.iter_mut().zip(values).zip(basins) {
            let level = levels[basin as usize];
            raised |= value < level;
            *out = if value < level { level } else { value };
        }
        raised
    }
}

wide! {
    fn flat_row(out: &mut [f64], rows: [&[f64]; 3], directions: &[u8]) {
        let width = out.len();
        let [up, mid, down] = rows.map(|row| &row[..width + 2]);
        let directions = &directions[..width];
        for i in 0..width {
            let z = mid[i + 1];
            // Comparisons with what is not there (NaN) are false.
            let lower = (up[i] < z) | (up[i + 1] < z) | (up[i + 2] < z) | (mid[i] < z) | (mid[i + 2] < z)
                | (down[i] < z) | (down[i + 1] < z) | (down[i + 2] < z);
            let stays = (directions[i] == BASE) | (directions[i] == HOLE);
            out[i] = if lower | stays { z } else { OPEN };
        }
    }
}

wide! {
    /// Marks open cells with 1, those next to one of their level that is not open with 2; whether there are any.
    fn shore_row(marks: &mut [u8], level: &[f64], rows: [&[f64]; 3]) -> bool {
        let width = marks.len();
        let [up, mid, down] = rows.map(|row| &row[..width + 2]);
        let level = &level[..width];
        let mut any = false;
        for i in 0..width {
            let z = level[i];
            let beside = (up[i] == z) | (up[i + 1] == z) | (up[i + 2] == z) | (mid[i] == z) | (mid[i + 2] == z)
                | (down[i] == z) | (down[i + 1] == z) | (down[i + 2] == z);
            let open = mid[i + 1] == OPEN;
            any |= open;
            marks[i] = u8::from(open) << u8::from(beside);
        }
        any
    }
}
