//! A whole step of erosion, cell by cell, on land in any structure: the same methods and equations as on rasters.
//!
//! Depressions are filled with the least gradient by a Priority-Flood (Barnes, Lehman & Mulla 2014), water takes the
//! steepest way down on what that gives (D8), rivers cut implicitly (Braun & Willett 2013, n = 1), slopes creep by
//! alternating directions (Peaceman & Rachford 1955), along rows and columns that are walked from neighbour to neighbour.
//! A flood visits cells from the lowest up, which is the order rivers need: no other one is made.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::{Cell, NONE, Structure};
use crate::inputs::terrain::Law;

/// What a cell keeps.
#[derive(Clone, Copy, Debug, Default)]
pub struct Site {
    /// Metres.
    pub height: f64,
    /// The same with depressions filled.
    filled: f64,
    /// Ground that drains through it, m².
    area: f64,
    /// Between the two halves of a step of creep.
    half: f64,
    /// Where its water goes.
    receiver: Cell,
    /// By which of the eight ways.
    way: u8,
    /// At the edge of the land: base level.
    base: bool,
    /// The flood has been here.
    closed: bool,
}

impl Site {
    /// A cell of this height.
    #[must_use]
    pub fn new(height: f64) -> Self {
        Self { height, ..Self::default() }
    }
}

/// Land to erode.
#[derive(Clone, Debug)]
pub struct Land<S> {
    /// Where the cells are.
    pub structure: S,
    cell: f64,
    law: Law,
    /// First cells of all rows and of all columns.
    starts: [Vec<Cell>; 2],
    order: Vec<Cell>,
}

const WEST: usize = 3;
const EAST: usize = 4;
const SOUTH: usize = 1;
const NORTH: usize = 6;

impl<S: Structure<Site>> Land<S> {
    /// Land of square cells. Edges, and where rows and columns begin, are found once and for all.
    #[must_use]
    pub fn new(mut structure: S, cell: f64, law: Law) -> Self {
        for n in 0..structure.len() as Cell {
            let base = structure.around(n).contains(&NONE);
            structure.get_mut(n).base = base;
        }
        let corner = structure.at(0, 0).unwrap_or(NONE);
        let walk = |way: usize| -> Vec<Cell> {
            let next = |&cell: &Cell| Some(structure.around(cell)[way]).filter(|&next| next != NONE);
            std::iter::successors(Some(corner).filter(|&cell| cell != NONE), next).collect()
        };
        let starts = [walk(NORTH), walk(EAST)];
        Self { structure, cell, law, starts, order: Vec::new() }
    }

    /// All heights, row by row, of a square of this edge; NaN where there is no cell.
    #[must_use]
    pub fn heights(&self, edge: u32) -> Vec<f64> {
        let height =
            |(x, y)| self.structure.at(x, y).map_or(f64::NAN, |cell| self.structure.get(cell).height);
        (0..edge).flat_map(|y| (0..edge).map(move |x| (x, y))).map(height).collect()
    }

    /// Where each cell is in the raster: for [`Land::set`].
    #[must_use]
    pub fn places(&self, edge: u32) -> Vec<u32> {
        let mut places = vec![0; self.structure.len()];
        for (x, y) in (0..edge).flat_map(|y| (0..edge).map(move |x| (x, y))) {
            if let Some(cell) = self.structure.at(x, y) {
                places[cell as usize] = y * edge + x;
            }
        }
        places
    }

    /// Sets all heights from a raster.
    pub fn set(&mut self, places: &[u32], heights: &[f64]) {
        for (&place, cell) in places.iter().zip(0..) {
            self.structure.get_mut(cell).height = heights[place as usize];
        }
    }

    /// A whole step, after so many metres of uplift everywhere but at base level.
    pub fn step(&mut self, uplift: f64) {
        for cell in 0..self.structure.len() as Cell {
            let site = self.structure.get_mut(cell);
            site.height += if site.base { 0.0 } else { uplift };
        }
        self.flood();
        self.route();
        self.accumulate();
        self.cut();
        self.creep();
    }

    fn flood(&mut self) {
        let Self { structure, order, .. } = self;
        order.clear();
        let mut open = BinaryHeap::new();
        for cell in 0..structure.len() as Cell {
            let site = structure.get_mut(cell);
            (site.filled, site.closed) = (site.height, site.base);
            if site.base {
                open.push(Reverse((key(site.height), cell)));
            }
        }
        // Raised cells come out in the order of their heights already.
        let mut raised: VecDeque<Cell> = VecDeque::new();
        loop {
            let lower = match (open.peek(), raised.front()) {
                (Some(&Reverse((height, _))), Some(&cell)) => height < key(structure.get(cell).filled),
                (first, _) => first.is_some(),
            };
            let next = if lower { open.pop().map(|Reverse((_, cell))| cell) } else { raised.pop_front() };
            let Some(cell) = next else { return };
            order.push(cell);
            let least = structure.get(cell).filled.next_up();
            for other in structure.around(cell) {
                if other == NONE {
                    continue;
                }
                let site = structure.get_mut(other);
                if std::mem::replace(&mut site.closed, true) {
                    continue;
                }
                if site.filled <= least {
                    site.filled = least;
                    raised.push_back(other);
                } else {
                    open.push(Reverse((key(site.filled), other)));
                }
            }
        }
    }

    fn route(&mut self) {
        let Self { structure, cell: size, .. } = self;
        let oblique = (*size * *size + *size * *size).sqrt();
        for cell in 0..structure.len() as Cell {
            let site = structure.get(cell);
            let (mut receiver, mut way, mut steepest) = (cell, 0, 0.0);
            if !site.base {
                for (k, other) in structure.around(cell).into_iter().enumerate() {
                    let length = if straight(k) { *size } else { oblique };
                    let slope = (site.filled - structure.get(other).filled) / length;
                    if slope > steepest {
                        (receiver, way, steepest) = (other, k as u8, slope);
                    }
                }
            }
            let site = structure.get_mut(cell);
            (site.receiver, site.way) = (receiver, way);
        }
    }

    fn accumulate(&mut self) {
        let Self { structure, order, cell: size, .. } = self;
        for cell in 0..structure.len() as Cell {
            structure.get_mut(cell).area = *size * *size;
        }
        for &cell in order.iter().rev() {
            let &Site { receiver, area, .. } = structure.get(cell);
            if receiver != cell {
                structure.get_mut(receiver).area += area;
            }
        }
    }

    fn cut(&mut self) {
        let Self { structure, order, cell: size, law, .. } = self;
        let oblique = (*size * *size + *size * *size).sqrt();
        // Heights after it go where filled ones were, as heights before it are still asked for.
        for &cell in order.iter() {
            let site = *structure.get(cell);
            let below = structure.get(site.receiver);
            let new = if site.receiver == cell || site.height <= below.height {
                site.height
            } else {
                let length = if straight(site.way.into()) { *size } else { oblique };
                let factor = law.k * law.dt * site.area.powf(law.m) / length;
                below.filled + (site.height - below.filled) / (1.0 + factor)
            };
            structure.get_mut(cell).filled = new;
        }
        for cell in 0..structure.len() as Cell {
            let site = structure.get_mut(cell);
            site.height = site.filled;
        }
    }

    /// First implicit along rows, then along columns.
    fn creep(&mut self) {
        let Self { structure, cell: size, law, starts, .. } = self;
        let share = 0.5 * law.d * law.dt / (*size * *size);
        let mut chain = Chain::default();
        for &start in &starts[0] {
            chain.solve(structure, start, [EAST, SOUTH, NORTH], share, |site| &site.height);
            chain.cells.iter().zip(&chain.right).for_each(|(&cell, &z)| structure.get_mut(cell).half = z);
        }
        for &start in &starts[1] {
            chain.solve(structure, start, [NORTH, WEST, EAST], share, |site| &site.half);
            chain.cells.iter().zip(&chain.right).for_each(|(&cell, &z)| structure.get_mut(cell).height = z);
        }
    }
}

/// A row or a column of cells, and its equations.
#[derive(Default)]
struct Chain {
    cells: Vec<Cell>,
    right: Vec<f64>,
    after: Vec<f64>,
}

impl Chain {
    /// Walks from a cell on and solves; the answers are in `right`. Explicit in the two ways beside it.
    fn solve<S: Structure<Site>>(
        &mut self,
        structure: &S,
        start: Cell,
        [ahead, left, right]: [usize; 3],
        share: f64,
        value: fn(&Site) -> &f64,
    ) {
        let Self { cells, right: out, after } = self;
        cells.clear();
        out.clear();
        after.clear();
        let mut cell = start;
        let (mut last, mut last_after) = (0.0, 0.0);
        while cell != NONE {
            let around = structure.around(cell);
            let site = structure.get(cell);
            let here = *value(site);
            let z = |way: usize| *value(structure.get(around[way]));
            // What is fixed: base level.
            let (solved, next) = if site.base {
                (here, 0.0)
            } else {
                let given = here + share * (z(left) - here) + share * (z(right) - here);
                let part = 1.0 / (1.0 + 2.0 * share - share * last_after);
                ((given + share * last) * part, share * part)
            };
            cells.push(cell);
            out.push(solved);
            after.push(next);
            (last, last_after) = (solved, next);
            cell = around[ahead];
        }
        let mut last = 0.0;
        for (out, after) in out.iter_mut().zip(after).rev() {
            *out += *after * last;
            last = *out;
        }
    }
}

const fn straight(way: usize) -> bool {
    matches!(way, WEST | EAST | SOUTH | NORTH)
}

/// A float's bits, ordered as the floats are.
fn key(value: f64) -> i64 {
    let bits = value.to_bits() as i64;
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}
