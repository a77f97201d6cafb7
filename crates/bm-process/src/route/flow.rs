//! Where each cell's water goes, in which order to visit cells, and how much ground drains through each.

use std::ops::Range;

use crate::field::Field;
use crate::wide::wide;
use crate::workers;

use super::basins::flows;
use super::descent::{BASE, HOLE, PIT};
use super::rim::{STEPS, Shape};

/// Single-flow routing of a terrain.
///
/// A cell costs two bytes (the neighbour it drains to and which neighbours drain to it) and a number in the order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Flow {
    pub(crate) shape: Shape,
    pub(crate) directions: Vec<u8>,
    pub(crate) donors: Vec<u8>,
    pub(crate) order: Order,
    /// Metres to the neighbours in the east and west, north and south, and oblique ones, a row each.
    pub(crate) distances: Vec<[f64; 3]>,
    /// Ground of a cell, a row each.
    pub(crate) cells: Vec<f64>,
    waiting: Vec<u8>,
    /// Ground that drains through each cell, its own included, m². NaN in holes.
    pub area: Vec<f64>,
}

/// Cells, donors before receivers: first those whose whole catchment lies in one band of rows, band by band, then
/// the others. Within a band cells have nothing to do with those of other bands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Order {
    pub(crate) bands: Vec<Range<usize>>,
    pub(crate) within: Vec<Vec<u32>>,
    pub(crate) across: Vec<u32>,
}

// However it was found, it says the same: any such order gives the same answers.
impl PartialEq for Order {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Flow {
    /// Columns and rows.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        (self.shape.width, self.shape.height)
    }

    /// The cell a cell's water goes to; itself at base level and in pits, nothing in holes.
    #[must_use]
    pub fn receiver(&self, cell: u32) -> Option<u32> {
        match *self.directions.get(cell as usize)? {
            HOLE => None,
            k if flows(k) => Some(self.shape.towards(&self.shape.offsets(), cell as usize, k) as u32),
            _ => Some(cell),
        }
    }

    /// All receivers: [`Flow::receiver`] of each cell, holes their own.
    #[must_use]
    pub fn receivers(&self) -> Vec<u32> {
        (0..self.directions.len() as u32).map(|cell| self.receiver(cell).unwrap_or(cell)).collect()
    }

    /// Whether water leaves the terrain at a cell.
    #[must_use]
    pub fn is_base(&self, cell: u32) -> bool {
        self.directions.get(cell as usize) == Some(&BASE)
    }

    /// Whether water stays at a cell: only where depressions were kept.
    #[must_use]
    pub fn is_pit(&self, cell: u32) -> bool {
        self.directions.get(cell as usize) == Some(&PIT)
    }

    /// All cells of the terrain, each before the one it drains to.
    pub fn downstream(&self) -> impl DoubleEndedIterator<Item = u32> + '_ {
        self.order.within.iter().flatten().chain(&self.order.across).copied()
    }

    /// Donors, order and area, from the directions.
    pub(crate) fn complete(&mut self, ground: &Field, threads: usize) {
        self.distances.clear();
        self.distances
            .extend(ground.dx.iter().map(|&dx| [dx, ground.dy, (dx * dx + ground.dy * ground.dy).sqrt()]));
        self.cells.clear();
        self.cells.extend(ground.dx.iter().map(|dx| dx * ground.dy));
        self.find_donors(threads);
        self.order_and_accumulate(threads);
    }

    fn find_donors(&mut self, threads: usize) {
        let Self { shape, directions, donors, .. } = self;
        donors.resize(directions.len(), 0);
        let bands = workers::bands(shape.height, threads);
        let jobs = bands.iter().cloned().zip(workers::cut(donors, shape.width, &bands)).collect();
        let directions = &directions[..];
        workers::run(jobs, |(rows, donors)| {
            for (row, donors) in rows.zip(donors.chunks_exact_mut(shape.width)) {
                if row == 0 || row + 1 == shape.height || shape.width < 3 {
                    for (column, donors) in donors.iter_mut().enumerate() {
                        *donors = donors_of(directions, shape, row * shape.width + column);
                    }
                    continue;
                }
                let at = row * shape.width;
                donors_row(
                    &mut donors[1..shape.width - 1],
                    [at - shape.width, at, at + shape.width].map(|at| &directions[at..at + shape.width]),
                );
                for column in [0, shape.width - 1] {
                    donors[column] = donors_of(directions, shape, at + column);
                }
            }
        });
    }

    fn order_and_accumulate(&mut self, threads: usize) {
        let Self { shape, directions, donors, order, cells, area, waiting, .. } = self;
        let (shape, directions, donors, cells) = (*shape, &directions[..], &donors[..], &cells[..]);
        area.resize(directions.len(), 0.0);
        waiting.resize(directions.len(), 0);
        // Bands thinner than this would leave most rivers to the second part.
        let bands = workers::bands(shape.height, threads.min(shape.height / 16));
        order.within.resize_with(bands.len(), Vec::new);
        let areas = workers::cut(area, shape.width, &bands);
        let waits = workers::cut(waiting, shape.width, &bands);
        let jobs = bands.iter().zip(areas).zip(waits).zip(&mut order.within).collect();
        let crossings = workers::run(jobs, |(((rows, area), waiting), list)| {
            let first = rows.start * shape.width;
            list.clear();
            // Room for all at once: growing would copy it again and again.
            list.reserve_exact(area.len());
            let mut walk = Walk {
                shape,
                offsets: shape.offsets(),
                directions,
                donors,
                cells,
                first,
                area,
                waiting,
                list,
            };
            walk.band(rows.start)
        });
        order.across.clear();
        let offsets = shape.offsets();
        let list = &mut order.across;
        let mut walk = Walk { shape, offsets, directions, donors, cells, first: 0, area, waiting, list };
        for cell in crossings.into_iter().flatten() {
            walk.arrive(cell as usize);
        }
        order.bands = bands;
    }
}

/// Going down from cells nothing drains to, as far as all donors have been there.
struct Walk<'a> {
    shape: Shape,
    offsets: [isize; 8],
    directions: &'a [u8],
    donors: &'a [u8],
    cells: &'a [f64],
    /// The first cell of `area` and `waiting`.
    first: usize,
    area: &'a mut [f64],
    /// Donors that are still to come.
    waiting: &'a mut [u8],
    list: &'a mut Vec<u32>,
}

impl Walk<'_> {
    /// Visits what can be visited in a band; answers where water leaves it.
    fn band(&mut self, mut row: usize) -> Vec<u32> {
        let cells = self.first..self.first + self.area.len();
        for (waiting, &donors) in self.waiting.iter_mut().zip(&self.donors[cells.clone()]) {
            *waiting = donors.count_ones() as u8;
        }
        let mut crossings = Vec::new();
        let mut end = self.first + self.shape.width;
        for cell in cells {
            if cell == end {
                row += 1;
                end += self.shape.width;
            }
            if self.donors[cell] != 0 {
                continue;
            }
            if self.directions[cell] == HOLE {
                self.area[cell - self.first] = f64::NAN;
                continue;
            }
            if let Some(beyond) = self.down(cell, row) {
                crossings.push(beyond as u32);
            }
        }
        crossings
    }

    /// Goes on where water of another band arrives.
    fn arrive(&mut self, cell: usize) {
        self.waiting[cell] -= 1;
        if self.waiting[cell] == 0 {
            // Everything is in the one band there is now.
            let _ = self.down(cell, cell / self.shape.width);
        }
    }

    /// From a cell down until one waits for others; the cell beyond the band, if the way leaves it.
    #[inline]
    fn down(&mut self, mut cell: usize, mut row: usize) -> Option<usize> {
        let plain = self.shape.plain();
        loop {
            // In the order of the neighbours, whoever came last: the same sum every time.
            let mut area = self.cells[row];
            let mut donors = self.donors[cell];
            while donors != 0 {
                let k = donors.trailing_zeros() as u8;
                donors &= donors - 1;
                area += self.area[self.shape.towards(&self.offsets, cell, k) - self.first];
            }
            self.area[cell - self.first] = area;
            self.list.push(cell as u32);
            let direction = self.directions[cell];
            if !flows(direction) {
                return None;
            }
            cell = self.shape.towards(&self.offsets, cell, direction);
            let Some(waiting) = self.waiting.get_mut(cell.wrapping_sub(self.first)) else {
                return Some(cell);
            };
            *waiting -= 1;
            if *waiting > 0 {
                return None;
            }
            row = if plain {
                row.wrapping_add_signed(STEPS[usize::from(direction & 7)].1)
            } else {
                cell / self.shape.width
            };
        }
    }
}

wide! {
    /// Which neighbours drain to each cell but the first and last of a row.
    fn donors_row(out: &mut [u8], rows: [&[u8]; 3]) {
        let width = out.len();
        let [up, mid, down] = rows.map(|row| &row[..width + 2]);
        for i in 0..width {
            // The neighbour `k` drains here when its direction is the opposite one.
            let bit = |direction: u8, k: u8| u8::from(direction == 7 - k) << k;
            out[i] = bit(up[i], 0)
                | bit(up[i + 1], 1)
                | bit(up[i + 2], 2)
                | bit(mid[i], 3)
                | bit(mid[i + 2], 4)
                | bit(down[i], 5)
                | bit(down[i + 1], 6)
                | bit(down[i + 2], 7);
        }
    }
}

fn donors_of(directions: &[u8], shape: &Shape, cell: usize) -> u8 {
    (0..8)
        .filter(|&k| shape.neighbour(cell, k).is_some_and(|other| usize::from(directions[other]) == 7 - k))
        .fold(0, |bits, k| bits | 1 << k)
}
