//! Passes from cell to cell, on segments of rows near which something moved.

use std::ops::Range;

use crate::field::Field;
use crate::sums::{self, Sum};
use crate::wide::wide;
use crate::workers;

use super::{Rest, Slope};

/// Share of the excess height that moves between a pair in one pass; with eight neighbours no cell overshoots.
const SHARE: f64 = 1.0 / 16.0;

/// Cells looked at together.
const SEGMENT: usize = 64;

/// The rasters of a step. Those of neighbours are wider and higher by a cell on all sides, so that no edge is in the way.
#[derive(Clone, Debug, Default)]
pub(super) struct Passes {
    width: usize,
    height: usize,
    /// Heights; NaN beyond the edges.
    heights: Vec<f64>,
    /// How much of what would leave each cell can: as much as is loose.
    shares: Vec<f64>,
    /// Tangents of the angle of repose; one row where all are the same.
    tangents: Vec<f64>,
    changes: Vec<f64>,
    /// Segments in which something moved in the last pass.
    stirred: Vec<bool>,
}

/// What a segment had: the greatest excess that moved (m), and the volume that did.
type Told = (f64, f64);

/// To each neighbour, row by row: metres, and m³ a metre of excess.
#[derive(Clone, Copy)]
struct Steps {
    distance: [f64; 8],
    volume: [f64; 8],
}

impl Steps {
    fn new(ground: &Field, row: usize) -> Self {
        let mut steps = Self { distance: [0.0; 8], volume: [0.0; 8] };
        for (k, (x, y)) in crate::route::rim::STEPS.into_iter().enumerate() {
            // Beyond the edges there is none; any will do.
            let other = row.saturating_add_signed(y).min(ground.height - 1);
            // Seen from both cells alike: the mean width, and the lesser area.
            let dx = 0.5 * (ground.dx[row] + ground.dx[other]);
            let area = ground.dx[row].min(ground.dx[other]) * ground.dy;
            steps.distance[k] = match (y != 0, x != 0) {
                (false, _) => dx,
                (true, false) => ground.dy,
                (true, true) => (dx * dx + ground.dy * ground.dy).sqrt(),
            };
            steps.volume[k] = SHARE * area;
        }
        steps
    }
}

impl Passes {
    /// Begins a step: everything is looked at.
    pub(super) fn begin(&mut self, slope: &Slope, rest: &Rest) {
        let (width, height) = (slope.surface.width, slope.surface.height);
        (self.width, self.height) = (width, height);
        let cells = (width + 2) * (height + 2);
        let frame = |out: &mut Vec<f64>, values: &[f64], beyond: f64| {
            out.clear();
            out.resize(cells, beyond);
            for (out, values) in out[width + 2..].chunks_exact_mut(width + 2).zip(values.chunks_exact(width))
            {
                out[1..=width].copy_from_slice(values);
            }
        };
        frame(&mut self.heights, &slope.surface.values, f64::NAN);
        match rest {
            Rest::Uniform(tangent) => {
                self.tangents.clear();
                self.tangents.resize(width + 2, *tangent);
            }
            Rest::Cells(tangents) => frame(&mut self.tangents, tangents, 0.0),
        }
        self.shares.clear();
        self.shares.resize(cells, 1.0);
        self.changes.clear();
        self.changes.resize(width * height, 0.0);
        self.stirred.clear();
        self.stirred.resize(height * self.segments(), true);
    }

    /// Gives the heights back.
    pub(super) fn end(&self, slope: &mut Slope) {
        let width = self.width;
        let rows = self.heights[width + 2..].chunks_exact(width + 2);
        for (values, row) in slope.surface.values.chunks_exact_mut(width).zip(rows) {
            values.copy_from_slice(&row[1..=width]);
        }
    }

    fn segments(&self) -> usize {
        self.width.div_ceil(SEGMENT)
    }

    fn columns(&self, segment: usize) -> Range<usize> {
        segment * SEGMENT..self.width.min((segment + 1) * SEGMENT)
    }

    /// Whether something was stirred within so many rows (and, as segments are wide, columns) of a segment.
    fn near(&self, row: usize, segment: usize, rows: usize) -> bool {
        let segments = self.segments();
        let beside = segment.saturating_sub(1)..(segment + 2).min(segments);
        (row.saturating_sub(rows)..(row + rows + 1).min(self.height))
            .any(|row| self.stirred[row * segments..][beside.clone()].contains(&true))
    }

    /// The rows that have segments near which something was stirred, and these.
    fn awake(&self, rows: usize) -> Vec<(usize, Vec<usize>)> {
        (0..self.height)
            .map(|row| (row, (0..self.segments()).filter(|&segment| self.near(row, segment, rows)).collect()))
            .filter(|(_, segments): &(usize, Vec<usize>)| !segments.is_empty())
            .collect()
    }

    /// A row and those beside it, some columns with one more on either side.
    fn around<'a>(&self, values: &'a [f64], row: usize, columns: &Range<usize>) -> [&'a [f64]; 3] {
        let wide = self.width + 2;
        // One row stands for all where they are the same.
        let row_of = |row: usize| if values.len() == wide { 0 } else { row * wide };
        [row, row + 1, row + 2].map(|row| &values[row_of(row) + columns.start..][..columns.len() + 2])
    }

    /// As many threads as have enough to do.
    fn threads(awake: &[(usize, Vec<usize>)], threads: usize) -> usize {
        let segments: usize = awake.iter().map(|(_, segments)| segments.len()).sum();
        workers::count(threads).min((segments * SEGMENT) >> 15).max(1)
    }

    fn find_shares(&mut self, ground: &Field, loose: &[f64], threads: usize) {
        let awake = self.awake(1);
        let mut shares = std::mem::take(&mut self.shares);
        let this = &*self;
        let width = this.width;
        let tasks = pick(shares[width + 2..].chunks_exact_mut(width + 2), &awake);
        let threads = Self::threads(&awake, threads);
        workers::queue(threads, tasks, |(shares, (row, segments)): (&mut [f64], &(usize, Vec<usize>))| {
            let (row, steps) = (*row, Steps::new(ground, *row));
            let area = ground.dx[row] * ground.dy;
            for columns in segments.iter().map(|&segment| this.columns(segment)) {
                let heights = this.around(&this.heights, row, &columns);
                let tangents = this.around(&this.tangents, row, &columns);
                let there = &loose[row * width..][columns.clone()];
                leaving(&mut shares[1..][columns], heights, tangents, there, steps, area);
            }
        });
        self.shares = shares;
    }

    /// One pass: the greatest excess (m) that moved, and the volume that did. With little loose ground, excess counts as far
    /// as that can make it up.
    pub(super) fn pass(&mut self, slope: &mut Slope, threads: usize) -> Told {
        if let Some(loose) = &slope.loose {
            self.find_shares(&slope.surface, loose, threads);
        }
        // What moves depends on heights up to two rows away: the neighbour's share on its neighbours.
        let awake = self.awake(2);
        let mut changes = std::mem::take(&mut self.changes);
        let (width, count) = (self.width, self.segments());
        let mut told: Vec<Told> = vec![(0.0, 0.0); self.height * count];
        let this = &*self;
        let ground = &slope.surface;
        let rows = changes.chunks_exact_mut(width).zip(told.chunks_exact_mut(count));
        let threads = Self::threads(&awake, threads);
        type Task<'a> = ((&'a mut [f64], &'a mut [Told]), &'a (usize, Vec<usize>));
        workers::queue(threads, pick(rows, &awake), |((changes, told), (row, segments)): Task<'_>| {
            let (row, steps) = (*row, Steps::new(ground, *row));
            let area = ground.dx[row] * ground.dy;
            for &segment in segments {
                let columns = this.columns(segment);
                let [heights, tangents, shares] = [&this.heights, &this.tangents, &this.shares]
                    .map(|values| this.around(values, row, &columns));
                let (mut most, mut moved) = ([0.0; SEGMENT], [0.0; SEGMENT]);
                let (most, moved) = (&mut most[..columns.len()], &mut moved[..columns.len()]);
                gather(&mut changes[columns], most, moved, heights, tangents, shares, steps, area);
                told[segment] = (sums::max(most), sums::sum(moved));
            }
        });
        for (stirred, told) in self.stirred.iter_mut().zip(&told) {
            *stirred = told.0 > 0.0;
        }
        for (row, segments) in awake {
            for segment in segments.into_iter().filter(|segment| told[row * count + segment].0 > 0.0) {
                let columns = self.columns(segment);
                let cells = row * width + columns.start..row * width + columns.end;
                let changes = &changes[cells.clone()];
                let heights = &mut self.heights[(row + 1) * (width + 2) + 1..][columns];
                heights.iter_mut().zip(changes).for_each(|(height, change)| *height += change);
                if let Some(loose) = &mut slope.loose {
                    // Rounding could leave less than nothing.
                    let cells = loose[cells].iter_mut().zip(changes);
                    cells.for_each(|(loose, change)| *loose = (*loose + change).max(0.0));
                }
            }
        }
        self.changes = changes;
        let moved: Sum = told.iter().map(|told| told.1).collect();
        (told.iter().map(|told| told.0).fold(0.0, f64::max), moved.value())
    }
}

/// The rows that are awake, of all.
fn pick<T>(rows: impl Iterator<Item = T>, awake: &[(usize, Vec<usize>)]) -> Vec<(T, &(usize, Vec<usize>))> {
    let mut awake = awake.iter().peekable();
    let rows = rows.enumerate();
    rows.filter_map(|(row, values)| awake.next_if(|next| next.0 == row).map(|next| (values, next))).collect()
}

/// The volume that leaves to a neighbour (negative: comes) if nothing limits it, and the excess height.
#[inline(always)]
fn pair(here: f64, other: f64, tangents: [f64; 2], distance: f64, volume: f64) -> (f64, f64) {
    let drop = here - other;
    // The higher cell's counts.
    let tangent = if drop > 0.0 { tangents[0] } else { tangents[1] };
    let excess = drop.abs() - tangent * distance;
    // Nothing to and from holes (NaN).
    let excess = if excess > 0.0 { excess } else { 0.0 };
    ((excess * volume).copysign(drop), excess)
}

/// The eight neighbours in their order: row and column of what is around, and number.
macro_rules! neighbours {
    ($do:ident) => {
        $do!(0, 0, 0);
        $do!(0, 1, 1);
        $do!(0, 2, 2);
        $do!(1, 0, 3);
        $do!(1, 2, 4);
        $do!(2, 0, 5);
        $do!(2, 1, 6);
        $do!(2, 2, 7);
    };
}

wide! {
    /// The share of what would leave each cell that can.
    fn leaving(shares: &mut [f64], heights: [&[f64]; 3], tangents: [&[f64]; 3], loose: &[f64], steps: Steps, area: f64) {
        let count = shares.len();
        let (z, t) = (heights.map(|row| &row[..count + 2]), tangents.map(|row| &row[..count + 2]));
        let loose = &loose[..count];
        for i in 0..count {
            let mut leaves = 0.0;
            macro_rules! add {
                ($row:literal, $column:literal, $k:literal) => {
                    let tangents = [t[1][i + 1], t[$row][i + $column]];
                    let (volume, _) = pair(z[1][i + 1], z[$row][i + $column], tangents, steps.distance[$k], steps.volume[$k]);
                    leaves += if volume > 0.0 { volume } else { 0.0 };
                };
            }
            neighbours!(add);
            let there = loose[i] * area;
            shares[i] = if leaves > there { there / leaves } else { 1.0 };
        }
    }
}

wide! {
    /// How much each cell gains (m), the greatest excess next to it that moves, and the volume that leaves it.
    fn gather(
        changes: &mut [f64],
        most: &mut [f64],
        moved: &mut [f64],
        heights: [&[f64]; 3],
        tangents: [&[f64]; 3],
        shares: [&[f64]; 3],
        steps: Steps,
        area: f64,
    ) {
        let count = changes.len();
        let (most, moved) = (&mut most[..count], &mut moved[..count]);
        let (z, t) = (heights.map(|row| &row[..count + 2]), tangents.map(|row| &row[..count + 2]));
        let s = shares.map(|row| &row[..count + 2]);
        for i in 0..count {
            let (mut change, mut greatest, mut leaves) = (0.0, 0.0, 0.0);
            macro_rules! add {
                ($row:literal, $column:literal, $k:literal) => {
                    let tangents = [t[1][i + 1], t[$row][i + $column]];
                    let (volume, excess) = pair(z[1][i + 1], z[$row][i + $column], tangents, steps.distance[$k], steps.volume[$k]);
                    let (own, others) = (s[1][i + 1], s[$row][i + $column]);
                    let share = if volume > 0.0 { own } else { others };
                    let volume = volume * share;
                    change -= volume;
                    leaves += if volume > 0.0 { volume } else { 0.0 };
                    let excess = excess * share;
                    greatest = if excess > greatest { excess } else { greatest };
                };
            }
            neighbours!(add);
            changes[i] = change / area;
            most[i] = greatest;
            moved[i] = leaves;
        }
    }
}
