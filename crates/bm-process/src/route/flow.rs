//! Where each cell's water goes, in which order to visit cells, and how much ground drains through each.

use std::ops::Range;

use crate::field::Field;
use crate::wide::wide;
use crate::workers;

use super::basins::flows;
use super::descent::{BASE, HOLE, PIT};
use super::rim::Shape;

/// Single-flow routing of a terrain.
///
/// A cell costs two bytes (the neighbour it drains to, and one for the walk), a number in the order, and its area.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Flow {
    pub(crate) shape: Shape,
    pub(crate) directions: Vec<u8>,
    pub(crate) order: Order,
    /// Metres to the neighbours in the east and west, north and south, and oblique ones, a row each.
    pub(crate) distances: Vec<[f64; 3]>,
    /// Ground of a cell, a row each, to the precision that makes all sums of them exact.
    cells: Vec<f64>,
    waiting: Vec<u8>,
    /// Ground that drains through each cell, its own included, m². NaN in holes. The ground of a cell counts to 53 bits
    /// below all ground there is: of a million cells to 10⁻¹⁰ of it, of a hundred million to 10⁻⁸.
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

    /// Order and area, from the directions.
    pub(crate) fn complete(&mut self, ground: &Field, threads: usize) {
        self.distances.clear();
        self.distances
            .extend(ground.dx.iter().map(|&dx| [dx, ground.dy, (dx * dx + ground.dy * ground.dy).sqrt()]));
        self.cells.clear();
        // Multiples of so large a power of two that no sum of cells needs more bits than a float has: then sums are
        // exact, and whoever comes first may be added first.
        let all = ground.dx.iter().map(|dx| dx * ground.dy * ground.width as f64).sum::<f64>();
        let quantum = ((all.to_bits() >> 52).saturating_sub(51).max(1)) << 52;
        let quantum = f64::from_bits(quantum);
        self.cells.extend(ground.dx.iter().map(|dx| (dx * ground.dy / quantum).round() * quantum));
        self.order_and_accumulate(threads);
    }

    /// Which neighbours drain to each cell: a bit each.
    pub(crate) fn donors(&self, threads: usize) -> Vec<u8> {
        let Self { shape, directions, .. } = self;
        let mut donors = vec![0; directions.len()];
        let bands = workers::bands(shape.height, threads);
        let jobs = bands.iter().cloned().zip(workers::cut(&mut donors, shape.width, &bands)).collect();
        workers::run(jobs, |(rows, donors): (Range<usize>, &mut [u8])| {
            for (row, donors) in rows.zip(donors.chunks_exact_mut(shape.width)) {
                around(shape, directions, row, |columns, rows| match rows {
                    Some(rows) => donors_row(&mut donors[columns], rows),
                    None => {
                        donors[columns.start] =
                            donors_of(directions, shape, row * shape.width + columns.start)
                    }
                });
            }
        });
        donors
    }

    fn order_and_accumulate(&mut self, threads: usize) {
        let Self { shape, directions, order, cells, area, waiting, .. } = self;
        let (shape, directions, cells) = (*shape, &directions[..], &cells[..]);
        area.resize(directions.len(), 0.0);
        waiting.resize(directions.len(), 0);
        // Bands thinner than this would leave most rivers to the second part.
        let bands = workers::bands(shape.height, threads.min(shape.height / 16));
        order.within.resize_with(bands.len(), Vec::new);
        let areas = workers::cut(area, shape.width, &bands);
        let waits = workers::cut(waiting, shape.width, &bands);
        let jobs = bands.iter().zip(areas).zip(waits).zip(&mut order.within).collect();
        let crossings = workers::run(jobs, |(((rows, area), waiting), list)| {
            begin(area, waiting, &shape, directions, cells, rows.clone());
            // Room for all at once: growing would copy it again and again.
            list.resize(area.len(), 0);
            let first = rows.start * shape.width;
            let mut walk = Walk { shape, directions, first, area, waiting, list, count: 0 };
            let crossings = walk.band();
            let count = walk.count;
            list.truncate(count);
            crossings
        });
        let inside: usize = order.within.iter().map(Vec::len).sum();
        let list = &mut order.across;
        list.clear();
        list.resize(if crossings.iter().all(Vec::is_empty) { 0 } else { area.len() - inside }, 0);
        let mut walk = Walk { shape, directions, first: 0, area, waiting, list, count: 0 };
        for (cell, brought) in crossings.into_iter().flatten() {
            walk.arrive(cell as usize, brought);
        }
        let count = walk.count;
        list.truncate(count);
        order.bands = bands;
    }
}

/// Calls `work` on the parts of a row: its inner columns with the row before, itself and the row after, of which the
/// first and the last column are missing in what is asked for; other columns one by one.
fn around<'a>(
    shape: &Shape,
    directions: &'a [u8],
    row: usize,
    mut work: impl FnMut(Range<usize>, Option<[&'a [u8]; 3]>),
) {
    let width = shape.width;
    if row == 0 || row + 1 == shape.height || width < 3 {
        return (0..width).for_each(|column| work(column..column + 1, None));
    }
    let at = row * width;
    work(0..1, None);
    work(1..width - 1, Some([at - width, at, at + width].map(|at| &directions[at..at + width])));
    work(width - 1..width, None);
}

/// In no need of a visit: visited, or a hole.
const DONE: u8 = u8::MAX;

/// Donors to wait for, and each cell's own ground.
fn begin(
    area: &mut [f64],
    waiting: &mut [u8],
    shape: &Shape,
    directions: &[u8],
    cells: &[f64],
    rows: Range<usize>,
) {
    let width = shape.width;
    let parts = area.chunks_exact_mut(width).zip(waiting.chunks_exact_mut(width));
    for (row, (area, waiting)) in rows.zip(parts) {
        around(shape, directions, row, |columns, rows| match rows {
            Some(rows) => waiting_row(&mut waiting[columns], rows),
            None => {
                let cell = row * width + columns.start;
                let hole = directions[cell] == HOLE;
                let count = donors_of(directions, shape, cell).count_ones() as u8;
                waiting[columns.start] = if hole { DONE } else { count };
            }
        });
        let ground = cells[row];
        for (area, &direction) in area.iter_mut().zip(&directions[row * width..]) {
            *area = if direction == HOLE { f64::NAN } else { ground };
        }
    }
}

/// Going down from cells nothing drains to, as far as all donors have been there.
struct Walk<'a> {
    shape: Shape,
    directions: &'a [u8],
    /// The first cell of `area` and `waiting`.
    first: usize,
    area: &'a mut [f64],
    /// Donors that are still to come; [`DONE`] once a cell is in the list.
    waiting: &'a mut [u8],
    list: &'a mut [u32],
    /// Cells in the list.
    count: usize,
}

impl Walk<'_> {
    /// Visits what can be visited in a band; answers where water leaves it, and how much.
    fn band(&mut self) -> Vec<(u32, f64)> {
        let mut crossings = Vec::new();
        for cells in self.shape.strips(self.waiting.len()) {
            for start in cells.clone().step_by(64) {
                let sources = sources(&self.waiting[start..cells.end.min(start + 64)]);
                if sources != 0 {
                    self.down(self.first + start, sources, &mut crossings);
                }
            }
        }
        crossings
    }

    /// Goes on where water of another band arrives.
    fn arrive(&mut self, cell: usize, brought: f64) {
        self.area[cell] += brought;
        self.waiting[cell] -= 1;
        if self.waiting[cell] == 0 {
            // Everything is in the one band there is now.
            self.down(cell, 1, &mut Vec::new());
        }
    }

    fn down(&mut self, start: usize, sources: u64, crossings: &mut Vec<(u32, f64)>) {
        if self.shape.plain() {
            let offsets = self.shape.offsets();
            self.follow(start, sources, crossings, |cell, direction| {
                cell.wrapping_add_signed(offsets[usize::from(direction & 7)])
            });
        } else {
            let (shape, offsets) = (self.shape, self.shape.offsets());
            self.follow(start, sources, crossings, |cell, direction| {
                shape.towards(&offsets, cell, direction)
            });
        }
    }

    /// From each of the `sources` after cell `start` down until one waits for others; the cells beyond the band to which
    /// ways lead, and what they get.
    #[inline(always)]
    fn follow(
        &mut self,
        start: usize,
        mut sources: u64,
        crossings: &mut Vec<(u32, f64)>,
        towards: impl Fn(usize, u8) -> usize,
    ) {
        // Nothing is read through `self` in the loop: it is the innermost of all.
        let Self { directions, first, area, waiting, list, count, .. } = self;
        let (directions, first) = (*directions, *first);
        let (area, waiting, list) = (&mut area[..], &mut waiting[..], &mut list[..]);
        let mut listed = *count;
        while sources != 0 {
            let mut cell = start + sources.trailing_zeros() as usize;
            sources &= sources - 1;
            let mut here = cell - first;
            let mut brought = area[here];
            loop {
                waiting[here] = DONE;
                list[listed] = cell as u32;
                listed += 1;
                let direction = directions[cell];
                if !flows(direction) {
                    break;
                }
                cell = towards(cell, direction);
                here = cell.wrapping_sub(first);
                let Some(waits) = waiting.get_mut(here) else {
                    crossings.push((cell as u32, brought));
                    break;
                };
                *waits -= 1;
                let wait = *waits > 0;
                brought += area[here];
                area[here] = brought;
                if wait {
                    break;
                }
            }
        }
        *count = listed;
    }
}

wide! {
    /// Which of up to 64 cells wait for nobody.
    fn sources(waiting: &[u8]) -> u64 {
        waiting.iter().enumerate().fold(0, |bits, (n, &waiting)| bits | u64::from(waiting == 0) << n)
    }
}

wide! {
    /// How many neighbours drain to each cell but the first and last of a row.
    fn waiting_row(out: &mut [u8], rows: [&[u8]; 3]) {
        let width = out.len();
        let [up, mid, down] = rows.map(|row| &row[..width + 2]);
        for i in 0..width {
            let one = |direction: u8, k: u8| u8::from(direction == 7 - k);
            let count = one(up[i], 0)
                + one(up[i + 1], 1)
                + one(up[i + 2], 2)
                + one(mid[i], 3)
                + one(mid[i + 2], 4)
                + one(down[i], 5)
                + one(down[i + 1], 6)
                + one(down[i + 2], 7);
            out[i] = if mid[i + 1] == HOLE { DONE } else { count };
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
