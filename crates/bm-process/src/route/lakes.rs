//! Least gradients over filled depressions and flats.
//!
//! Where a filled surface has no lower neighbour, a cell's height is its water level and as many units in the last
//! place as it is cells away from where the water leaves. That is the one solution of
//! `F = max(z, next(min F of the neighbours))`, which a flood with ε computes, unless a shore is so little higher than
//! the water (fewer units than the lake is long) that the heights mix: then the flood itself is run.

use crate::workers;

use super::basins::LINK;
use super::descent::{BASE, Dirty, HOLE, PIT};
use super::fill::{Ways, filled, flooded};
use super::rim::Shape;

/// Visits a cell's neighbours, most often found by adding.
#[inline(always)]
fn around(shape: &Shape, offsets: &[isize; 8], cell: usize, mut each: impl FnMut(usize)) {
    if shape.inner(cell) {
        for &offset in offsets {
            each(cell.wrapping_add_signed(offset));
        }
    } else {
        (0..8).filter_map(|k| shape.neighbour(cell, k)).for_each(each);
    }
}

/// A surface without flats.
#[derive(Debug, Default)]
pub(crate) struct Surface {
    pub(crate) heights: Vec<f64>,
    water: Vec<f64>,
    states: Vec<u8>,
    queue: Vec<u32>,
}

const DRY: u8 = 0;
const WAITING: u8 = 1;
const DONE: u8 = 2;

impl Surface {
    /// Computes it; what was changed against the terrain is marked in the answer, nothing if all drains as it is.
    pub(crate) fn slope(&mut self, values: &[f64], ways: &Ways, shape: &Shape, threads: usize) -> Option<Dirty> {
        filled(&mut self.water, values, ways, shape, threads);
        self.heights.resize(values.len(), 0.0);
        if ways.basins.pits.is_empty() && ways.basins.links.is_empty() {
            self.heights.copy_from_slice(values);
            return None;
        }
        let wet = self.find_lakes(values, ways, shape, threads);
        let mut dirty = Dirty::new(shape);
        if !self.spread(&wet, shape, &mut dirty) {
            flooded(&mut self.heights, values, ways, shape);
            for (cell, (height, value)) in self.heights.iter().zip(values).enumerate() {
                if height != value {
                    dirty.touch(cell);
                }
            }
            wet.iter().for_each(|&cell| dirty.touch(cell as usize));
        }
        Some(dirty)
    }

    /// Marks and lists the cells under water or level with it.
    fn find_lakes(&mut self, values: &[f64], ways: &Ways, shape: &Shape, threads: usize) -> Vec<u32> {
        self.states.resize(values.len(), DRY);
        let bands = workers::bands(shape.height, threads);
        let states = workers::cut(&mut self.states, shape.width, &bands);
        let heights = workers::cut(&mut self.heights, shape.width, &bands);
        let jobs = bands.iter().zip(states).zip(heights).collect();
        let (water, pits) = (&self.water, !ways.basins.pits.is_empty());
        let lists = workers::run(jobs, |((rows, states), heights)| {
            let first = rows.start * shape.width;
            let cells = first..first + states.len();
            heights.copy_from_slice(&water[cells.clone()]);
            let mut wet = Vec::new();
            for (n, (state, &direction)) in states.iter_mut().zip(&ways.directions[cells]).enumerate() {
                let cell = first + n;
                let level = || pits && values[cell] <= ways.passes.levels[ways.basins.of[cell] as usize];
                *state = DRY;
                if direction != BASE && direction != HOLE && (direction & LINK != 0 || direction == PIT || level()) {
                    *state = WAITING;
                    wet.push(cell as u32);
                }
            }
            wet
        });
        lists.concat()
    }

    /// Gives lakes their heights from where they drain inwards; `false` where heights nearly tie.
    fn spread(&mut self, wet: &[u32], shape: &Shape, dirty: &mut Dirty) -> bool {
        let Self { heights, water, states, queue } = self;
        let offsets = shape.offsets();
        queue.clear();
        let mut second = Vec::new();
        for &cell in wet {
            let cell = cell as usize;
            let level = water[cell];
            let (mut lower, mut beside) = (false, false);
            around(shape, &offsets, cell, |other| {
                lower |= water[other] < level;
                beside |= water[other] == level && states[other] == DRY;
            });
            if lower {
                queue.push(cell as u32);
            } else if beside {
                second.push(cell as u32);
            }
        }
        for &cell in queue.iter() {
            states[cell as usize] = DONE;
        }
        let mut next = 0;
        let mut first = true;
        // By distance: all that drain at once, then all that are one cell away, …
        let mut reached = queue.len();
        let mut calm = true;
        while next < queue.len() || first {
            if next == reached || (first && queue.is_empty()) {
                if first {
                    first = false;
                    for &cell in &second {
                        if std::mem::replace(&mut states[cell as usize], DONE) == WAITING {
                            heights[cell as usize] = water[cell as usize].next_up();
                            queue.push(cell);
                        }
                    }
                }
                reached = queue.len();
                if next == reached {
                    break;
                }
            }
            let cell = queue[next] as usize;
            next += 1;
            dirty.touch(cell);
            let level = water[cell];
            let above = heights[cell].next_up();
            around(shape, &offsets, cell, |other| {
                let there = water[other];
                if there == level && states[other] == WAITING {
                    states[other] = DONE;
                    heights[other] = above;
                    queue.push(other as u32);
                }
                calm &= !(there > level && there <= above);
            });
        }
        calm
    }
}
