//! Slopes that give way towards a critical one: q = −D ∇z / (1 − (|∇z| / S)²) (Roering, Kirchner & Dietrich 1999).
//!
//! A step solves for the change δ of heights with flow along its tangent, one direction after the other (Douglas &
//! Rachford 1956): (1 − dt X) (1 − dt Y) δ = dt ∇·q. Tangents grow with the slope, so no step is too long to be
//! stable, and where δ is nothing the land is in balance by the law itself. Steps that would change some slope by more than
//! a share of the critical one are taken in parts. Ground steeper than 98 % of the critical slope gives way as the tangent
//! there says: 1250 times as readily as flat ground.

use std::ops::Range;

use crate::field::Field;
use crate::ledger::{Ledger, sum, sum_of};
use crate::route::descent::Padded;
use crate::route::rim::Shape;
use crate::route::{Edge, Rim};
use crate::workers;

use super::across::{BLOCK, backward_varied, forward_varied};
use super::along::{LANES, Lanes, chain_varied, transpose_in, transpose_out};
use super::diffusion::columns_of;
use super::law::{self, Side};
use super::ring;
use super::{DiffusionError, Diffusivity};

/// Of the critical slope: how much a slope may change in a part of a step.
const CHANGE: f64 = 0.2;

/// Parts of a step are not made shorter than this share of it.
const SHORTEST: f64 = 1.0 / 4096.0;

/// Creep and slides of slopes, nonlinear.
///
/// ```
/// use bm_process::{field::Field, hillslope::{CriticalSlope, Diffusivity}, route::{Edge, Rim}};
///
/// let mut ground = Field::square(9, 9, 10.0, |x, y| if (x, y) == (4, 4) { 100.0 } else { 0.0 });
/// let mut slopes = CriticalSlope::new(Diffusivity::Uniform(0.01), 1.2, Rim::all(Edge::Closed));
/// let ledger = slopes.step(&mut ground, 1000.0)?;
/// assert!(ledger.error() < 1e-12);
/// // A needle does not stand; linear creep would take 40 m off it.
/// assert!(ground.values[4 * 9 + 4] < 30.0);
/// # Ok::<(), bm_process::hillslope::DiffusionError>(())
/// ```
#[derive(Clone, Debug)]
pub struct CriticalSlope {
    /// D of flat ground.
    pub diffusivity: Diffusivity,
    /// S: metres a metre.
    pub critical: f64,
    /// What lies beyond the edges.
    pub rim: Rim,
    /// Threads to use; the result does not depend on it.
    pub threads: usize,
    /// Parts the last step was taken in.
    pub parts: usize,
    buffers: Buffers,
}

#[derive(Clone, Debug, Default)]
struct Buffers {
    /// By how much flow over eastern and northern faces grows with each metre, m³ per unit of time.
    east: Vec<f64>,
    north: Vec<f64>,
    /// m³ per unit of time that come to a cell, then the change of its height.
    change: Vec<f64>,
    before: Vec<f64>,
}

impl CriticalSlope {
    /// One thread.
    #[must_use]
    pub fn new(diffusivity: Diffusivity, critical: f64, rim: Rim) -> Self {
        Self { diffusivity, critical, rim, threads: 1, parts: 0, buffers: Buffers::default() }
    }

    /// Lets slopes creep and give way for `dt`.
    ///
    /// # Errors
    /// When one edge is looped and the opposite one is not, shapes do not fit or a parameter is out of its range; nothing has changed then.
    pub fn step(&mut self, ground: &mut Field, dt: f64) -> Result<Ledger, DiffusionError> {
        let shape = self.rim.check(ground)?;
        self.diffusivity.check(&ground.values)?;
        DiffusionError::check("dt", dt)?;
        if !(self.critical.is_finite() && self.critical > 0.0) {
            let (name, value) = ("critical slope", self.critical);
            return Err(DiffusionError::Parameter { name, value, must: "finite and above 0" });
        }
        self.buffers.before.clone_from(&ground.values);
        let Self { diffusivity, critical, rim, threads, parts, buffers } = self;
        let cells = ground.values.len();
        for buffer in [&mut buffers.east, &mut buffers.north, &mut buffers.change] {
            buffer.resize(cells, 0.0);
        }
        let narrow = ground.dx.iter().copied().fold(ground.dy, f64::min);
        let most = CHANGE * *critical * narrow;
        let slopes = Slopes { diffusivity, gentle: 1.0 / *critical, rim: *rim, shape, threads: *threads };
        let (mut came, mut went) = (0.0, 0.0);
        let (mut left, mut part) = (dt, dt);
        *parts = 0;
        while left > 0.0 {
            let now = part.min(left);
            let (change, passed) = slopes.solve(ground, now, buffers);
            if change > most && now > SHORTEST * dt {
                part = (now * 0.5).max(now * 0.8 * most / change);
                continue;
            }
            slopes.apply(&mut ground.values, &buffers.change);
            (came, went) = (came + passed[0], went + passed[1]);
            *parts += 1;
            left = if now == left { 0.0 } else { left - now };
            if change < 0.5 * most {
                part = now * 2.0;
            }
        }
        Ok(slopes.ledger(ground, &buffers.before, came, went))
    }

    /// Heights before the last step; nothing before the first.
    #[must_use]
    pub fn before(&self) -> &[f64] {
        &self.buffers.before
    }
}

struct Slopes<'a> {
    diffusivity: &'a Diffusivity,
    gentle: f64,
    rim: Rim,
    shape: Shape,
    threads: usize,
}

impl Slopes<'_> {
    fn fixed_column(&self, column: usize) -> bool {
        (column == 0 && self.rim.west == Edge::Fixed)
            || (column + 1 == self.shape.width && self.rim.east == Edge::Fixed)
    }

    fn fixed_row(&self, row: usize) -> bool {
        (row == 0 && self.rim.south == Edge::Fixed)
            || (row + 1 == self.shape.height && self.rim.north == Edge::Fixed)
    }

    /// The change of heights in a part of a step, in `buffers.change`: its largest, and what came and went over fixed
    /// edges, m³.
    fn solve(&self, ground: &Field, dt: f64, buffers: &mut Buffers) -> (f64, [f64; 2]) {
        let mut over = self.flows(ground, buffers);
        over.iter_mut().for_each(|flow| *flow *= dt);
        let Buffers { east, north, change, .. } = buffers;
        self.along(ground, dt, east, change);
        self.edges_along(dt, east, change, &mut over);
        self.across(ground, dt, north, change);
        self.edges_across(dt, north, change, &mut over);
        let rows = workers::run(workers::bands(self.shape.height, self.threads), |rows| {
            let cells = &change[rows.start * self.shape.width..rows.end * self.shape.width];
            cells.iter().fold(0.0, |most: f64, change| most.max(change.abs()))
        });
        let part = |sign: f64| sum(&over.iter().map(|flow| (flow * sign).max(0.0)).collect::<Vec<_>>());
        (rows.into_iter().fold(0.0, f64::max), [part(1.0), part(-1.0)])
    }

    /// What flows over each face, and how that grows; answers what comes in over fixed edges, a number a face, per time.
    fn flows(&self, ground: &Field, buffers: &mut Buffers) -> Vec<f64> {
        let (width, height) = (self.shape.width, self.shape.height);
        let bands = workers::bands(height, self.threads);
        let cut = |values| workers::cut(values, width, &bands).into_iter();
        let Buffers { east, north, change, .. } = buffers;
        let jobs = bands.iter().cloned().zip(cut(east)).zip(cut(north).zip(cut(change))).collect();
        type Job<'a> = ((Range<usize>, &'a mut [f64]), (&'a mut [f64], &'a mut [f64]));
        let over = workers::run(jobs, |((rows, east), (north, change)): Job<'_>| {
            let mut over = Vec::new();
            let mut padded = Padded::new(width);
            let mut d = [vec![f64::NAN; width + 2], vec![f64::NAN; width + 2]];
            let [mut eastwards, mut northwards, mut before] =
                [vec![0.0; width], vec![0.0; width], vec![0.0; width]];
            let mut spare = vec![0.0; width];
            let [_, ring] = self.shape.rings();
            if rows.start > 0 || ring {
                // What the row before sends north.
                let row = (rows.start + height - 1) % height;
                let around = padded.at(&ground.values, &self.shape, row, true);
                self.north(ground, row, around, &mut d, &mut before, &mut spare);
            }
            for row in rows.clone() {
                let around = padded.at(&ground.values, &self.shape, row, row == rows.start);
                let cells = (row - rows.start) * width..(row - rows.start + 1) * width;
                let (east, north, change) =
                    (&mut east[cells.clone()], &mut north[cells.clone()], &mut change[cells]);
                self.diffusivities(&mut d[0], row);
                let side = Side {
                    length: ground.dx[row],
                    beside: [ground.dy; 2],
                    face: ground.dy,
                    gentle: self.gentle,
                };
                law::east(&mut eastwards, east, around, &d[0], side);
                self.north(ground, row, around, &mut d, &mut northwards, north);
                let fixed = self.fixed_row(row);
                for column in 0..width {
                    // Over the last face something flows only in a ring.
                    let west = eastwards[if column > 0 { column - 1 } else { width - 1 }];
                    let stays = fixed || self.fixed_column(column);
                    let gain = (west - eastwards[column]) + (before[column] - northwards[column]);
                    change[column] = if stays { 0.0 } else { gain };
                }
                if !fixed && width > 1 {
                    for (outer, face, sign) in [(0, 0, 1.0), (width - 1, width - 2, -1.0)] {
                        let inner = if outer == 0 { 1 } else { width - 2 };
                        if self.fixed_column(outer) && !self.fixed_column(inner) {
                            over.push(sign * eastwards[face]);
                        }
                    }
                }
                let mut passed = |flows: &[f64], sign: f64| {
                    over.extend((0..width).filter(|&n| !self.fixed_column(n)).map(|n| sign * flows[n]));
                };
                if row + 1 < height && fixed != self.fixed_row(row + 1) {
                    passed(&northwards, if fixed { 1.0 } else { -1.0 });
                }
                std::mem::swap(&mut before, &mut northwards);
            }
            over
        });
        over.concat()
    }

    /// Over the northern faces of a row.
    fn north(
        &self,
        ground: &Field,
        row: usize,
        around: [&[f64]; 3],
        d: &mut [Vec<f64>; 2],
        flow: &mut [f64],
        growth: &mut [f64],
    ) {
        let last = row + 1 == self.shape.height;
        if last && !self.shape.rings()[1] {
            flow.fill(0.0);
            return growth.fill(0.0);
        }
        let after = if last { 0 } else { row + 1 };
        self.diffusivities(&mut d[0], row);
        self.diffusivities(&mut d[1], after);
        let (here, next) = (ground.dx[row], ground.dx[after]);
        let side =
            Side { length: ground.dy, beside: [here, next], face: 0.5 * (here + next), gentle: self.gentle };
        law::north(flow, growth, [around[1], around[2]], [&d[0], &d[1]], side);
    }

    fn diffusivities(&self, out: &mut [f64], row: usize) {
        let width = self.shape.width;
        match self.diffusivity {
            Diffusivity::Uniform(d) => out[1..=width].fill(*d),
            Diffusivity::Cells(all) => out[1..=width].copy_from_slice(&all[row * width..][..width]),
        }
        if self.shape.rings()[0] {
            (out[0], out[width + 1]) = (out[width], out[1]);
        }
    }

    /// (1 − dt X)⁻¹, and volumes to heights.
    fn along(&self, ground: &Field, dt: f64, east: &[f64], change: &mut [f64]) {
        let (width, height) = (self.shape.width, self.shape.height);
        let bands = workers::bands(height, self.threads);
        let jobs = bands.iter().cloned().zip(workers::cut(change, width, &bands)).collect();
        let fixed = [self.fixed_column(0), self.fixed_column(width - 1)];
        workers::run(jobs, |(rows, change): (Range<usize>, &mut [f64])| {
            let mut right = vec![0.0; width * LANES];
            let mut steps = vec![0.0; width * LANES];
            let mut lanes: Vec<Lanes> = vec![[0.0; LANES]; width];
            let mut faces = lanes.clone();
            let ring = self.shape.rings()[0];
            let mut ends = if ring { lanes.clone() } else { Vec::new() };
            let mut spare: Vec<Lanes> = Vec::new();
            for (group, change) in change.chunks_mut(width * LANES).enumerate() {
                for (lane, change) in change.chunks_exact(width).enumerate() {
                    let row = rows.start + group * LANES + lane;
                    let scale = dt / ground.cell_area(row);
                    let (right, steps) =
                        (&mut right[lane * width..][..width], &mut steps[lane * width..][..width]);
                    right.iter_mut().zip(change).for_each(|(right, change)| *right = change * scale);
                    let growth = &east[row * width..][..width];
                    steps.iter_mut().zip(growth).for_each(|(step, growth)| *step = growth * scale);
                }
                transpose_in(&mut lanes, &right, width);
                transpose_in(&mut faces, &steps, width);
                if ring {
                    spare.clone_from(&faces);
                    ring::right(&mut ends, faces[width - 1], faces[width - 1]);
                    chain_varied(&mut ends, &mut spare, fixed);
                }
                chain_varied(&mut lanes, &mut faces, fixed);
                ring::close(&mut lanes, &ends);
                transpose_out(&mut right, &lanes, width);
                for (lane, change) in change.chunks_exact_mut(width).enumerate() {
                    if !self.fixed_row(rows.start + group * LANES + lane) {
                        change.copy_from_slice(&right[lane * width..][..width]);
                    }
                }
            }
        });
    }

    /// What comes over western and eastern edges besides, because inner cells have changed.
    fn edges_along(&self, dt: f64, east: &[f64], change: &[f64], over: &mut Vec<f64>) {
        let width = self.shape.width;
        if width < 2 {
            return;
        }
        for (outer, inner, face) in [(0, 1, 0), (width - 1, width - 2, width - 2)] {
            if self.fixed_column(outer) && !self.fixed_column(inner) {
                let rows = (0..self.shape.height).filter(|&row| !self.fixed_row(row));
                over.extend(rows.map(|row| -dt * east[row * width + face] * change[row * width + inner]));
            }
        }
    }

    /// (1 − dt Y)⁻¹.
    fn across(&self, ground: &Field, dt: f64, north: &[f64], change: &mut [f64]) {
        let (width, height) = (self.shape.width, self.shape.height);
        let strips = workers::bands(width, self.threads);
        let jobs =
            strips.iter().map(|columns| columns.start).zip(columns_of(change, width, &strips)).collect();
        workers::run(jobs, |(first, mut rows): (usize, Vec<&mut [f64]>)| {
            let count = rows.first().map_or(0, |row| row.len());
            let mut after = vec![[0.0; BLOCK]; height];
            let ring = self.shape.rings()[1];
            let mut ends = vec![[0.0; BLOCK]; if ring { height } else { 0 }];
            for start in (0..count).step_by(BLOCK) {
                let columns = start..count.min(start + BLOCK);
                let (mut last, mut last_share) = ([0.0; BLOCK], [0.0; BLOCK]);
                let last = &mut last[..columns.len()];
                let mut south = [0.0; BLOCK];
                let faces_of = |row: usize| &north[row * width + first + start..][..columns.len()];
                for row in 0..height {
                    let out = &mut rows[row][columns.clone()];
                    // A ring is a chain first, with nothing over its last face.
                    let faces = if ring && row + 1 == height {
                        &[0.0; BLOCK][..columns.len()]
                    } else {
                        faces_of(row)
                    };
                    if self.fixed_row(row) {
                        last.fill(0.0);
                        last_share = [0.0; BLOCK];
                    } else {
                        let scale = dt / ground.cell_area(row);
                        forward_varied(last, out, &mut last_share, &south, faces, scale);
                        out.copy_from_slice(last);
                    }
                    after[row] = last_share;
                    south[..faces.len()].copy_from_slice(faces);
                }
                last.fill(0.0);
                for row in (0..height).rev() {
                    let out = &mut rows[row][columns.clone()];
                    backward_varied(last, out, &after[row]);
                }
                if ring {
                    self.block_ends(ground, dt, faces_of, &after, &mut ends);
                    ring::close_rows(&mut rows, columns, |row| &ends[row]);
                }
            }
            for column in [0, width - 1] {
                if self.fixed_column(column) && (first..first + count).contains(&column) {
                    rows.iter_mut().for_each(|row| row[column - first] = 0.0);
                }
            }
        });
    }

    /// What closes the rings of a block of columns (see [`ring`]).
    fn block_ends<'b>(
        &self,
        ground: &Field,
        dt: f64,
        faces: impl Fn(usize) -> &'b [f64],
        after: &[[f64; BLOCK]],
        ends: &mut [[f64; BLOCK]],
    ) {
        let end = self.shape.height - 1;
        let scale = |row: usize| dt / ground.cell_area(row);
        let count = faces(end).len();
        let mut steps = [[0.0; BLOCK]; 2];
        for (steps, row) in steps.iter_mut().zip([0, end]) {
            steps.iter_mut().zip(faces(end)).for_each(|(step, face)| *step = face * scale(row));
        }
        ring::right(ends, steps[0], steps[1]);
        let (mut last, mut last_share, mut south) = ([0.0; BLOCK], [0.0; BLOCK], [0.0; BLOCK]);
        for (row, ends) in ends.iter_mut().enumerate() {
            let north = if row == end { &[0.0; BLOCK][..count] } else { faces(row) };
            forward_varied(&mut last[..count], &ends[..count], &mut last_share, &south, north, scale(row));
            *ends = last;
            south[..count].copy_from_slice(north);
        }
        last = [0.0; BLOCK];
        for (ends, after) in ends.iter_mut().zip(after).rev() {
            backward_varied(&mut last, ends, after);
        }
    }

    /// The same over southern and northern edges.
    fn edges_across(&self, dt: f64, north: &[f64], change: &[f64], over: &mut Vec<f64>) {
        let (width, height) = (self.shape.width, self.shape.height);
        if height < 2 {
            return;
        }
        for (outer, inner, face) in [(0, 1, 0), (height - 1, height - 2, height - 2)] {
            if self.fixed_row(outer) && !self.fixed_row(inner) {
                let columns = (0..width).filter(|&column| !self.fixed_column(column));
                over.extend(
                    columns.map(|column| -dt * north[face * width + column] * change[inner * width + column]),
                );
            }
        }
    }

    fn apply(&self, values: &mut [f64], change: &[f64]) {
        let bands = workers::bands(self.shape.height, self.threads);
        let jobs = bands.iter().cloned().zip(workers::cut(values, self.shape.width, &bands)).collect();
        workers::run(jobs, |(rows, values): (Range<usize>, &mut [f64])| {
            let change = &change[rows.start * self.shape.width..];
            values.iter_mut().zip(change).for_each(|(value, change)| *value += change);
        });
    }

    fn ledger(&self, ground: &Field, before: &[f64], gained: f64, lost: f64) -> Ledger {
        let width = self.shape.width;
        let rows: Vec<[f64; 3]> = (0..self.shape.height)
            .map(|row| {
                let cells = row * width..(row + 1) * width;
                let (before, after) = (&before[cells.clone()], &ground.values[cells]);
                let solid = |value: f64| if value.is_nan() { 0.0 } else { value };
                let area = ground.cell_area(row);
                [
                    sum_of(width, |n| solid(before[n])) * area,
                    sum_of(width, |n| solid(after[n])) * area,
                    sum_of(width, |n| solid((before[n] - after[n]).abs())) * area,
                ]
            })
            .collect();
        let total = |k: usize| sum(&rows.iter().map(|row| row[k]).collect::<Vec<_>>());
        Ledger { before: total(0), after: total(1), gained, lost, moved: total(2) / 2.0 }
    }
}
