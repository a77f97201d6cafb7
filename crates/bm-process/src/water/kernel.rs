//! One sub-step of a block of rows.

use super::rows::{
    add, balance, carried, drag, drag_by_manning, exchange, fastest, fluxes, loads, middle, rise, speeds,
    weather, weigh,
};
use super::{Edge, Friction, Options, Scheme, Sheet};
use crate::sums;

/// Rows with a ghost cell at both ends: what faces need to know.
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
    fn new(width: usize) -> Self {
        let empty = vec![0.0; width + 2];
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
        let rows = self.next.depth.len() / width;
        let [mut south, mut here, mut north, mut further] = [(); 4].map(|()| Row::new(width));
        let (mut below, mut above) = (Faces::new(width), Faces::new(width));
        let mut across = Faces::new(width + 1);
        let mut scratch = [vec![0.0; width], vec![0.0; width], vec![0.0; width]];

        let first = self.first as isize;
        self.load(first - 2, &mut further);
        self.load(first - 1, &mut south);
        self.load(first, &mut here);
        self.load(first + 1, &mut north);
        self.rise_north(first - 1, [&further, &here], &mut south);
        self.rise_north(first, [&south, &north], &mut here);
        self.between_rows(&south, &here, &mut below);
        for row in 0..rows {
            let number = first + row as isize;
            self.load(number + 2, &mut further);
            self.rise_north(number + 1, [&here, &further], &mut north);
            self.between_rows(&here, &north, &mut above);
            self.within_row(&here, &mut across);
            self.update(row, dt, [&south, &here, &north], [&below, &above, &across], &mut scratch);
            std::mem::swap(&mut south, &mut here);
            std::mem::swap(&mut here, &mut north);
            std::mem::swap(&mut north, &mut further);
            std::mem::swap(&mut below, &mut above);
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

    /// Reads a row, or makes one up beyond the edge.
    fn load(&self, row: isize, out: &mut Row) {
        let now = self.now;
        let (width, height) = (now.width(), now.height() as isize);
        let inside = row.clamp(0, height - 1);
        let at = inside as usize * width;
        let range = at..at + width;
        let inner = 1..width + 1;
        out.bed[inner.clone()].copy_from_slice(&now.bed.values[range.clone()]);
        out.depth[inner.clone()].copy_from_slice(&now.depth[range.clone()]);
        speeds(
            [&mut out.u[inner.clone()], &mut out.v[inner.clone()]],
            [&now.depth[range.clone()], &now.momentum_x[range.clone()], &now.momentum_y[range.clone()]],
        );
        let erodes = self.options.erosion.is_some();
        if erodes {
            loads(&mut out.load[inner], &now.depth[range.clone()], &now.sediment[range]);
        }
        if row != inside {
            let (edge, outward) =
                if row < 0 { (self.options.edges.south, -1.0) } else { (self.options.edges.north, 1.0) };
            for i in 1..=width {
                let (depth, v, load) = beyond(edge, outward, out.bed[i], out.depth[i], out.v[i], out.load[i]);
                (out.depth[i], out.v[i], out.load[i]) = (depth, v, load);
            }
        }
        for (ghost, cell, edge, outward) in
            [(0, 1, self.options.edges.west, -1.0), (width + 1, width, self.options.edges.east, 1.0)]
        {
            let (depth, u, load) =
                beyond(edge, outward, out.bed[cell], out.depth[cell], out.u[cell], out.load[cell]);
            out.bed[ghost] = out.bed[cell];
            (out.depth[ghost], out.u[ghost], out.load[ghost]) = (depth, u, load);
            out.v[ghost] = out.v[cell];
        }
        let width = width + 2;
        add(&mut out.level, &out.bed, &out.depth);
        let [depth, level] = &mut out.east;
        for (rises, values) in [(depth, &out.depth), (level, &out.level)] {
            // Ghosts at both ends keep none.
            rise(&mut rises[1..width - 1], &values[..width - 2], &values[1..width - 1], &values[2..]);
        }
    }

    fn between_rows(&self, south: &Row, north: &Row, out: &mut Faces) {
        let inner = 1..self.now.width() + 1;
        let l = [&south.level, &south.depth, &south.v, &south.u, &south.north[1], &south.north[0]];
        let r = [&north.level, &north.depth, &north.v, &north.u, &north.north[1], &north.north[0]];
        out.fill(l.map(|v| &v[inner.clone()]), r.map(|v| &v[inner.clone()]), self.options.gravity);
        if self.options.erosion.is_some() {
            carried(&mut out.solid, &out.water, &south.load[inner.clone()], &north.load[inner]);
        }
    }

    fn within_row(&self, row: &Row, out: &mut Faces) {
        let width = self.now.width();
        let rows = [&row.level, &row.depth, &row.u, &row.v, &row.east[1], &row.east[0]];
        out.fill(rows.map(|v| &v[..width + 1]), rows.map(|v| &v[1..]), self.options.gravity);
        if self.options.erosion.is_some() {
            carried(&mut out.solid, &out.water, &row.load[..width + 1], &row.load[1..]);
        }
    }

    fn update(
        &mut self,
        local: usize,
        dt: f64,
        [south, here, north]: [&Row; 3],
        [below, above, across]: [&Faces; 3],
        scratch: &mut [Vec<f64>; 3],
    ) {
        let (now, options) = (self.now, self.options);
        let (width, height) = (now.width(), now.height());
        let row = self.first + local;
        let (dx, dy) = (now.bed.dx[row], now.bed.dy);
        // Faces to the north and south are as long as the mean of both rows' cells.
        let face = |other: usize| 0.5 * (dx + now.bed.dx[other]);
        let long_south = face(row.saturating_sub(1));
        let long_north = face((row + 1).min(height - 1));
        let area = dx * dy;
        let ratios = [dt / dx, dt * long_south / area, dt * long_north / area];
        let global = row * width..(row + 1) * width;
        let range = local * width..(local + 1) * width;
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

        weigh(x, &now.depth[global.clone()], &here.east[1][1..], options.gravity * dt / dx);
        weigh(y, &now.depth[global.clone()], &here.north[1][1..], options.gravity * dt / dy);

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
                let beds = [&south.bed, &here.bed, &north.bed];
                exchange(solids, beds, [&*depth, &*x, &*y], erosion, global, dt, slope);
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
            passed.add(pick(across, 0) * dy * share);
            passed.add(-pick(across, width) * dy * share);
            if row == 0 {
                (0..width).for_each(|i| passed.add(pick(below, i) * long_south * share));
            }
            if row + 1 == height {
                (0..width).for_each(|i| passed.add(-pick(above, i) * long_north * share));
            }
        }
        next.outcome[local] = outcome;
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
