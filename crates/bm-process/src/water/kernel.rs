//! One sub-step of a block of rows.

use super::rows::{
    add, balance, carried, drag, drag_by_manning, exchange, fastest, fluxes, loads, middle, rise, speeds,
    weather, weigh,
};
use super::{Edge, Friction, Options, Scheme, Sheet};
use crate::sums;
use std::ops::Range;

/// Columns done together: all that is known of the rows at hand then stays in the nearest caches.
const STRIP: usize = 512;
/// Cells before and behind a strip that are read as well: a face needs to know how its cells rise, and that their neighbours.
const HALO: usize = 2;

/// A strip of a row with its halo, or ghosts where that is beyond the raster: what faces need to know.
#[derive(Clone)]
struct Row {
    bed: Vec<f64>,
    depth: Vec<f64>,
    /// Height of the surface.
    level: Vec<f64>,
    u: Vec<f64>,
    v: Vec<f64>,
    /// Metres of solid in a metre of water.
    load: Vec<f64>,
    /// By how much depth and level rise through a cell, eastward and northward. With both, a sheet of even depth
    /// on a slope has no steps, and a lake has none either.
    east: [Vec<f64>; 2],
    north: [Vec<f64>; 2],
}

/// What is at hand while a strip is done: four rows, the faces between three of them, scratch.
struct Desk {
    rows: [Row; 4],
    faces: [Faces; 3],
    scratch: [Vec<f64>; 3],
}

impl Desk {
    fn new(count: usize) -> Self {
        Self {
            rows: [(); 4].map(|()| Row::new(count)),
            faces: [Faces::new(count), Faces::new(count), Faces::new(count + 1)],
            scratch: [(); 3].map(|()| vec![0.0; count]),
        }
    }
}

/// Through the faces of a row.
#[derive(Clone)]
struct Faces {
    water: Vec<f64>,
    push_left: Vec<f64>,
    push_right: Vec<f64>,
    along: Vec<f64>,
    solid: Vec<f64>,
}

/// What a row says about a sub-step.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outcome {
    /// The least depth before losses; negative or NaN when the sub-step was too long.
    pub(super) least: f64,
    /// The greatest (speed + wave speed) / cell size, 1/s.
    pub(super) rate: f64,
    pub(super) water: Passed,
    pub(super) solid: Passed,
    /// Metres · cell area detached and deposited.
    pub(super) exchanged: f64,
}

/// Volumes, m³.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Passed {
    pub(super) gained: f64,
    pub(super) lost: f64,
}

impl Outcome {
    /// Adds what another strip of the row says; NaN stays.
    fn join(&mut self, other: &Self) {
        let worse = |a: f64, b: f64, worst: f64| if a.is_nan() || b.is_nan() { f64::NAN } else { worst };
        self.least = worse(self.least, other.least, self.least.min(other.least));
        self.rate = worse(self.rate, other.rate, self.rate.max(other.rate));
        self.exchanged += other.exchanged;
        for (all, one) in [(&mut self.water, &other.water), (&mut self.solid, &other.solid)] {
            all.gained += one.gained;
            all.lost += one.lost;
        }
    }
}

impl Passed {
    fn add(&mut self, volume: f64) {
        if volume > 0.0 {
            self.gained += volume;
        } else {
            self.lost -= volume;
        }
    }
}

/// A block's part of the next state.
pub(super) struct Target<'a> {
    pub(super) bed: &'a mut [f64],
    pub(super) depth: &'a mut [f64],
    pub(super) x: &'a mut [f64],
    pub(super) y: &'a mut [f64],
    pub(super) sediment: &'a mut [f64],
    pub(super) outcome: &'a mut [Outcome],
}

/// The rows `first..` of the next state.
pub(super) struct Block<'a> {
    pub(super) options: &'a Options,
    pub(super) now: &'a Sheet,
    pub(super) next: Target<'a>,
    /// The second stage of Heun's method ends half-way between this state and the one two stages on.
    pub(super) start: Option<&'a Sheet>,
    pub(super) first: usize,
}

impl Row {
    fn new(count: usize) -> Self {
        let empty = vec![0.0; count + 2 * HALO];
        let pair = [empty.clone(), empty.clone()];
        Self {
            bed: empty.clone(),
            depth: empty.clone(),
            level: empty.clone(),
            u: empty.clone(),
            v: empty.clone(),
            load: empty,
            east: pair.clone(),
            north: pair,
        }
    }
}

impl Row {
    /// Makes up the cell beyond an edge from the one before it.
    fn ghost(&mut self, ghost: usize, cell: usize, edge: Edge, outward: f64) {
        let (bed, load) = (self.bed[cell], self.load[cell]);
        let (depth, u, load) = beyond(edge, outward, bed, self.depth[cell], self.u[cell], load);
        (self.bed[ghost], self.depth[ghost], self.u[ghost], self.load[ghost]) = (bed, depth, u, load);
        self.v[ghost] = self.v[cell];
    }
}

impl Faces {
    fn new(count: usize) -> Self {
        let empty = vec![0.0; count];
        Self {
            water: empty.clone(),
            push_left: empty.clone(),
            push_right: empty.clone(),
            along: empty.clone(),
            solid: empty,
        }
    }
}

impl Faces {
    fn fill(&mut self, left: [&[f64]; 6], right: [&[f64]; 6], gravity: f64) {
        let Self { water, along, push_left, push_right, .. } = self;
        fluxes(water, along, push_left, push_right, left, right, gravity);
    }
}

impl Block<'_> {
    pub(super) fn advance(mut self, dt: f64) {
        let width = self.now.width();
        self.next.outcome.fill(Outcome { least: f64::INFINITY, ..Outcome::default() });
        // Strips of equal width: what they need is made once for each width there is.
        let mut desk = Desk::new(width.min(STRIP));
        for begin in (0..width).step_by(STRIP) {
            let columns = begin..width.min(begin + STRIP);
            if columns.len() < STRIP.min(width) {
                desk = Desk::new(columns.len());
            }
            self.strip(columns, dt, &mut desk);
        }
    }

    fn strip(&mut self, columns: Range<usize>, dt: f64, desk: &mut Desk) {
        let rows = self.next.depth.len() / self.now.width();
        let Desk { rows: [south, here, north, further], faces: [below, above, across], scratch } = desk;
        let first = self.first as isize;
        self.load(first - 2, &columns, further);
        self.load(first - 1, &columns, south);
        self.load(first, &columns, here);
        self.load(first + 1, &columns, north);
        self.rise_north(first - 1, [further, here], south);
        self.rise_north(first, [south, north], here);
        self.between_rows(south, here, below);
        for row in 0..rows {
            let number = first + row as isize;
            self.load(number + 2, &columns, further);
            self.rise_north(number + 1, [here, further], north);
            self.between_rows(here, north, above);
            self.within_row(here, across);
            let around = [&*south, &*here, &*north];
            self.update(row, &columns, dt, around, [&*below, &*above, &*across], scratch);
            std::mem::swap(south, here);
            std::mem::swap(here, north);
            std::mem::swap(north, further);
            std::mem::swap(below, above);
        }
    }

    /// How a row rises to the north; what is beyond an edge does not.
    fn rise_north(&self, number: isize, [south, north]: [&Row; 2], row: &mut Row) {
        let inside = number >= 0 && number < self.now.height() as isize;
        let [depth, level] = &mut row.north;
        if inside {
            rise(depth, &south.depth, &row.depth, &north.depth);
            rise(level, &south.level, &row.level, &north.level);
        } else {
            depth.fill(0.0);
            level.fill(0.0);
        }
    }

    /// Reads a strip of a row, or makes one up beyond the edge.
    fn load(&self, row: isize, columns: &Range<usize>, out: &mut Row) {
        let now = self.now;
        let (width, height) = (now.width(), now.height() as isize);
        let inside = row.clamp(0, height - 1);
        // The part of strip and halo that there is, and where it begins in the strip.
        let (from, to) = (columns.start.saturating_sub(HALO), width.min(columns.end + HALO));
        let begin = from + HALO - columns.start;
        let inner = begin..begin + (to - from);
        let at = inside as usize * width;
        let range = at + from..at + to;
        out.bed[inner.clone()].copy_from_slice(&now.bed.values[range.clone()]);
        out.depth[inner.clone()].copy_from_slice(&now.depth[range.clone()]);
        speeds(
            [&mut out.u[inner.clone()], &mut out.v[inner.clone()]],
            [&now.depth[range.clone()], &now.momentum_x[range.clone()], &now.momentum_y[range.clone()]],
        );
        if self.options.erosion.is_some() {
            loads(&mut out.load[inner.clone()], &now.depth[range.clone()], &now.sediment[range]);
        }
        if row != inside {
            let (edge, outward) =
                if row < 0 { (self.options.edges.south, -1.0) } else { (self.options.edges.north, 1.0) };
            for i in inner.clone() {
                let (depth, v, load) = beyond(edge, outward, out.bed[i], out.depth[i], out.v[i], out.load[i]);
                (out.depth[i], out.v[i], out.load[i]) = (depth, v, load);
            }
        }
        let mut ghosts = [None; 2];
        if from == 0 && inner.start > 0 {
            ghosts[0] = Some(inner.start - 1);
            out.ghost(inner.start - 1, inner.start, self.options.edges.west, -1.0);
        }
        if to == width && inner.end < out.bed.len() {
            ghosts[1] = Some(inner.end);
            out.ghost(inner.end, inner.end - 1, self.options.edges.east, 1.0);
        }
        add(&mut out.level, &out.bed, &out.depth);
        let [depth, level] = &mut out.east;
        for (rises, values) in [(depth, &out.depth), (level, &out.level)] {
            let count = rises.len();
            rise(&mut rises[1..count - 1], &values[..count - 2], &values[1..count - 1], &values[2..]);
            ghosts.into_iter().flatten().for_each(|ghost| rises[ghost] = 0.0);
        }
    }

    fn between_rows(&self, south: &Row, north: &Row, out: &mut Faces) {
        let inner = HALO..HALO + out.water.len();
        let l = [&south.level, &south.depth, &south.v, &south.u, &south.north[1], &south.north[0]];
        let r = [&north.level, &north.depth, &north.v, &north.u, &north.north[1], &north.north[0]];
        out.fill(l.map(|v| &v[inner.clone()]), r.map(|v| &v[inner.clone()]), self.options.gravity);
        if self.options.erosion.is_some() {
            carried(&mut out.solid, &out.water, &south.load[inner.clone()], &north.load[inner]);
        }
    }

    fn within_row(&self, row: &Row, out: &mut Faces) {
        let (left, right) = (HALO - 1..HALO - 1 + out.water.len(), HALO..HALO + out.water.len());
        let rows = [&row.level, &row.depth, &row.u, &row.v, &row.east[1], &row.east[0]];
        out.fill(rows.map(|v| &v[left.clone()]), rows.map(|v| &v[right.clone()]), self.options.gravity);
        if self.options.erosion.is_some() {
            carried(&mut out.solid, &out.water, &row.load[left], &row.load[right]);
        }
    }

    fn update(
        &mut self,
        local: usize,
        columns: &Range<usize>,
        dt: f64,
        [south, here, north]: [&Row; 3],
        [below, above, across]: [&Faces; 3],
        scratch: &mut [Vec<f64>; 3],
    ) {
        let (now, options) = (self.now, self.options);
        let (width, height) = (now.width(), now.height());
        let (row, count) = (self.first + local, columns.len());
        let (dx, dy) = (now.bed.dx[row], now.bed.dy);
        // Faces to the north and south are as long as the mean of both rows' cells.
        let face = |other: usize| 0.5 * (dx + now.bed.dx[other]);
        let long_south = face(row.saturating_sub(1));
        let long_north = face((row + 1).min(height - 1));
        let area = dx * dy;
        let ratios = [dt / dx, dt * long_south / area, dt * long_north / area];
        let global = row * width + columns.start..row * width + columns.end;
        let range = local * width + columns.start..local * width + columns.end;
        let next = &mut self.next;
        let depth = &mut next.depth[range.clone()];
        let (x, y) = (&mut next.x[range.clone()], &mut next.y[range.clone()]);
        let faces = [below, above, across];
        balance(depth, &now.depth[global.clone()], faces.map(|f| (&f.water[..], &f.water[..])), ratios);
        balance(
            x,
            &now.momentum_x[global.clone()],
            [
                (&below.along, &below.along),
                (&above.along, &above.along),
                (&across.push_left, &across.push_right),
            ],
            ratios,
        );
        balance(
            y,
            &now.momentum_y[global.clone()],
            [
                (&below.push_left, &below.push_right),
                (&above.push_left, &above.push_right),
                (&across.along, &across.along),
            ],
            ratios,
        );

        weigh(x, &now.depth[global.clone()], &here.east[1][HALO..], options.gravity * dt / dx);
        weigh(y, &now.depth[global.clone()], &here.north[1][HALO..], options.gravity * dt / dy);

        let mut outcome = Outcome { least: sums::min(depth), ..Outcome::default() };
        if options.erosion.is_some() {
            let sediment = &mut next.sediment[range.clone()];
            let solid = faces.map(|f| (&f.solid[..], &f.solid[..]));
            balance(sediment, &now.sediment[global.clone()], solid, ratios);
        }
        // In every stage: without it, water on a slope would run away within one.
        match options.friction {
            Friction::None => drag([&mut *x, &mut *y], depth, 0.0),
            Friction::Linear(k) => drag([&mut *x, &mut *y], depth, k * dt),
            Friction::Manning(n) => drag_by_manning([&mut *x, &mut *y], depth, options.gravity * n * n * dt),
        }
        let stages = if options.scheme == Scheme::Heun { 2.0 } else { 1.0 };
        if let Some(start) = self.start {
            middle(depth, &start.depth[global.clone()]);
            middle(x, &start.momentum_x[global.clone()]);
            middle(y, &start.momentum_y[global.clone()]);
            if options.erosion.is_some() {
                middle(&mut next.sediment[range.clone()], &start.sediment[global.clone()]);
            }
        }

        let [rates, sink, work] = scratch;
        if stages == 2.0 && self.start.is_none() {
            if options.erosion.is_some() {
                next.bed[range].copy_from_slice(&now.bed.values[global]);
            }
        } else {
            // The water has flowed; now what does not flow, once and for the whole of the time.
            if options.rain.any() || options.evaporation > 0.0 || options.infiltration.any() {
                weather(
                    [&mut *depth, &mut *sink, &mut *work],
                    (options.rain.row(global.clone()), options.infiltration.row(global.clone())),
                    options.evaporation,
                    dt,
                );
                outcome.water.gained += sums::sum(work) * area * dt;
                outcome.water.lost += sums::sum(sink) * area;
            }
            if let Some(erosion) = &options.erosion {
                let solids = [&mut next.bed[range.clone()], &mut next.sediment[range.clone()], &mut work[..]];
                let slope = [0.5 / dx, 0.5 / dy];
                let levels = [&south.level, &here.level, &north.level].map(|level| &level[HALO - 1..]);
                let ground = &here.bed[HALO..];
                exchange(solids, ground, levels, [&*depth, &*x, &*y], erosion, global, dt, slope);
                outcome.exchanged = sums::sum(work) * area;
            }
        }
        fastest(rates, [&*depth, &*x, &*y], [options.gravity, 1.0 / dx, 1.0 / dy]);
        outcome.rate = sums::max(rates);

        // What went over the edges, as far as the stage counts.
        let share = dt / stages;
        for (what, passed) in [(0, &mut outcome.water), (1, &mut outcome.solid)] {
            if what == 1 && options.erosion.is_none() {
                continue;
            }
            let pick = |faces: &Faces, i: usize| if what == 0 { faces.water[i] } else { faces.solid[i] };
            if columns.start == 0 {
                passed.add(pick(across, 0) * dy * share);
            }
            if columns.end == width {
                passed.add(-pick(across, count) * dy * share);
            }
            if row == 0 {
                (0..count).for_each(|i| passed.add(pick(below, i) * long_south * share));
            }
            if row + 1 == height {
                (0..count).for_each(|i| passed.add(-pick(above, i) * long_north * share));
            }
        }
        next.outcome[local].join(&outcome);
    }
}

/// Depth, speed across and load of the cell beyond an edge.
fn beyond(edge: Edge, outward: f64, bed: f64, depth: f64, speed: f64, load: f64) -> (f64, f64, f64) {
    match edge {
        Edge::Wall => (depth, -speed, load),
        Edge::Open => (depth, if speed * outward > 0.0 { speed } else { 0.0 }, load),
        // What comes in from a sea is clear.
        Edge::Level(level) => ((level - bed).max(0.0), speed, 0.0),
    }
}
