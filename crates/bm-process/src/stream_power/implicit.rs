//! Rivers cut down: ∂z/∂t = −max(0, K Aᵐ Sⁿ − θ), implicit in the height (Braun & Willett 2013).
//!
//! Cells are visited from the outlets up, so that each one's receiver is already where it will be at the step's end:
//! one visit a cell, stable for any step. Cells no higher than their receiver when the step begins lie on the ground
//! of a filled depression: nothing is cut there. What is cut leaves the terrain, or is carried and dropped
//! (see [`StreamPower::deposition`]).

use std::ops::Range;

use crate::field::Field;
use crate::ledger::{Ledger, sum, sum_of};
use crate::power::pow;
use crate::route::Flow;
use crate::route::rim::Shape;

use crate::wide::wide;
use crate::workers;

use super::StreamPowerError;
use super::deposition::Load;
use super::step::remaining_drop;

/// How easily ground is cut: K in m^(1−2m) per second (or per whatever unit steps are in).
#[derive(Clone, Debug, PartialEq)]
pub enum Erodibility {
    /// The same everywhere.
    Uniform(f64),
    /// One a cell.
    Cells(Vec<f64>),
}

/// Implicit stream-power erosion.
///
/// ```
/// use bm_process::{field::Field, route::{Flow, Rim, Router}, stream_power::{Erodibility, StreamPower}};
///
/// let mut ground = Field::square(9, 9, 100.0, |x, y| if x % 8 == 0 || y % 8 == 0 { 0.0 } else { 50.0 + (x * y) as f64 });
/// let mut flow = Flow::default();
/// Router::new(Rim::default()).route(&ground, &mut flow)?;
/// let mut rivers = StreamPower::new(Erodibility::Uniform(1e-5), 0.4, 1.0);
/// let ledger = rivers.erode(&mut ground, &flow, 1e4)?;
/// assert!(ledger.lost > 0.0 && ledger.error() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct StreamPower {
    /// K.
    pub erodibility: Erodibility,
    /// m, of the area.
    pub area_exponent: f64,
    /// n, of the slope.
    pub slope_exponent: f64,
    /// θ: what the current must do before it cuts at all; metres per unit of time. 0 where sediment is dropped.
    pub threshold: f64,
    /// G: how readily sediment is dropped (Yuan et al. 2019), without unit: of what comes down to a cell the share G · cell /
    /// drainage area stays. 0: all that is cut leaves the terrain; 1: what rivers of the mountains do, about.
    pub deposition: f64,
    /// Threads to use; the result does not depend on it.
    pub threads: usize,
    factors: Vec<f64>,
    next: Vec<f64>,
    arrived: Vec<(u32, f64)>,
}

impl StreamPower {
    /// One thread, no threshold.
    #[must_use]
    pub fn new(erodibility: Erodibility, area_exponent: f64, slope_exponent: f64) -> Self {
        Self {
            erodibility,
            area_exponent,
            slope_exponent,
            threshold: 0.0,
            deposition: 0.0,
            threads: 1,
            factors: Vec::new(),
            next: Vec::new(),
            arrived: Vec::new(),
        }
    }

    fn check(&self, ground: &Field, flow: &Flow, dt: f64) -> Result<(), StreamPowerError> {
        let size = (ground.width, ground.height);
        if size != flow.size() || ground.values.len() != flow.directions.len() {
            return Err(StreamPowerError::OtherRaster { ground: size, flow: flow.size() });
        }
        let parameters = [
            ("dt", dt, true),
            ("area exponent m", self.area_exponent, true),
            ("slope exponent n", self.slope_exponent, self.slope_exponent != 0.0),
            ("threshold", self.threshold, self.threshold == 0.0 || self.deposition == 0.0),
            ("deposition", self.deposition, true),
        ];
        for (name, value, allowed) in parameters {
            if !(value.is_finite() && value >= 0.0 && allowed) {
                return Err(StreamPowerError::Parameter {
                    name,
                    value,
                    must: "finite and not negative; n not 0, no threshold where sediment is dropped",
                });
            }
        }
        let good = |k: &f64| k.is_finite() && *k >= 0.0;
        let bad = match &self.erodibility {
            Erodibility::Uniform(k) => (!good(k)).then_some(*k),
            Erodibility::Cells(all) if all.len() != ground.values.len() => {
                return Err(StreamPowerError::Erodibilities { given: all.len(), cells: ground.values.len() });
            }
            Erodibility::Cells(all) => {
                all.iter().zip(&ground.values).find(|(k, z)| !z.is_nan() && !good(k)).map(|(k, _)| *k)
            }
        };
        match bad {
            Some(value) => Err(StreamPowerError::Parameter {
                name: "erodibility",
                value,
                must: "finite and not negative",
            }),
            None => Ok(()),
        }
    }

    /// Lets rivers cut for `dt`, with the routing of this ground.
    ///
    /// # Errors
    /// When the routing is not of this ground's raster or a parameter is out of its range; nothing has changed then.
    pub fn erode(&mut self, ground: &mut Field, flow: &Flow, dt: f64) -> Result<Ledger, StreamPowerError> {
        self.check(ground, flow, dt)?;
        self.find_factors(ground, flow, dt);
        let ledger = if self.deposition > 0.0 {
            let Self { slope_exponent: n, deposition, threads, factors, next, arrived, .. } = self;
            let load = Load { flow, ground, factors, n: *n, deposition: *deposition, threads: *threads };
            load.settle(next, arrived)?
        } else {
            self.arrived.clear();
            self.cut(ground, flow, dt);
            balance(ground, &self.next, self.threads)
        };
        std::mem::swap(&mut ground.values, &mut self.next);
        Ok(ledger)
    }

    /// Heights before the last step; nothing before the first.
    #[must_use]
    pub fn before(&self) -> &[f64] {
        &self.next
    }

    /// Cells at base level and the sediment that came down to them in the last step, m³; nothing where none is carried
    /// ([`StreamPower::deposition`] 0).
    #[must_use]
    pub fn arrived(&self) -> &[(u32, f64)] {
        &self.arrived
    }

    /// For each cell K Aᵐ dt / dⁿ, or for n = 1 without sediment the share of its drop that is left.
    fn find_factors(&mut self, ground: &Field, flow: &Flow, dt: f64) {
        let Self { erodibility, area_exponent, slope_exponent, deposition, threads, factors, .. } = self;
        let (m, n, erodibility) = (*area_exponent, *slope_exponent, &*erodibility);
        let shares = n == 1.0 && *deposition == 0.0;
        factors.resize(ground.values.len(), 0.0);
        let width = ground.width;
        let bands = workers::bands(ground.height, *threads);
        let jobs = bands.iter().cloned().zip(workers::cut(factors, width, &bands)).collect();
        workers::run(jobs, |(rows, factors)| {
            for (row, factors) in rows.zip(factors.chunks_exact_mut(width)) {
                let cells = row * width..(row + 1) * width;
                let per_length =
                    flow.distances[row].map(|length| 1.0 / if n == 1.0 { length } else { length.powf(n) });
                let (area, directions) = (&flow.area[cells.clone()], &flow.directions[cells.clone()]);
                let (k, scale) = match erodibility {
                    Erodibility::Uniform(k) => (&[][..], *k * dt),
                    Erodibility::Cells(k) => (&k[cells], dt),
                };
                factor_row(factors, area, directions, k, scale, m, per_length, shares);
            }
        });
    }

    fn cut(&mut self, ground: &Field, flow: &Flow, dt: f64) {
        let Self { slope_exponent, threshold, threads, factors, next, .. } = self;
        let spared = *threshold * dt;
        next.resize(ground.values.len(), 0.0);
        // Holes, the only cells that are in no order; everything else is written below.
        let bands = workers::bands(ground.height, *threads);
        let jobs = bands.iter().cloned().zip(workers::cut(next, ground.width, &bands)).collect();
        workers::run(jobs, |(rows, next)| {
            let from = &ground.values[rows.start * ground.width..rows.end * ground.width];
            for (next, &value) in next.iter_mut().zip(from) {
                if value.is_nan() {
                    *next = value;
                }
            }
        });
        let cutting = Cutting { flow, heights: &ground.values, factors, n: *slope_exponent, spared };
        cutting.up(&flow.order.across, next, 0, &[]);
        let order = &flow.order;
        // Receivers beyond a band are among those visited before, in the rows next to it.
        let halos: Vec<Vec<f64>> = order.bands.iter().map(|band| halo(next, &flow.shape, band)).collect();
        let parts = workers::cut(next, ground.width, &order.bands);
        let jobs = order.bands.iter().zip(parts).zip(&order.within).zip(&halos).collect();
        workers::run(jobs, |(((band, next), list), halo)| {
            cutting.up(list, next, band.start * ground.width, halo);
        });
    }
}

/// The rows before and after a band.
pub(super) fn halo(next: &[f64], shape: &Shape, band: &Range<usize>) -> Vec<f64> {
    let (width, height) = (shape.width, shape.height);
    let row = |row: usize| next[row * width..][..width].iter().copied();
    row((band.start + height - 1) % height).chain(row(band.end % height)).collect()
}

/// What is known of a cell of a band that begins with cell `first`, or of the rows next to it.
#[inline(always)]
pub(super) fn value_of(values: &[f64], first: usize, halo: &[f64], shape: &Shape, cell: usize) -> f64 {
    match values.get(cell.wrapping_sub(first)) {
        Some(&value) => value,
        None => {
            let width = shape.width;
            let before = (first / width + shape.height - 1) % shape.height;
            halo[if cell / width == before { cell % width } else { width + cell % width }]
        }
    }
}

struct Cutting<'a> {
    flow: &'a Flow,
    heights: &'a [f64],
    factors: &'a [f64],
    n: f64,
    spared: f64,
}

impl Cutting<'_> {
    /// Visits cells from the last to the first of a list; `next` begins at cell `first`.
    fn up(&self, list: &[u32], next: &mut [f64], first: usize, halo: &[f64]) {
        if self.n == 1.0 && self.spared == 0.0 {
            self.visit(list, next, first, halo, |drop, factor| drop * factor);
        } else if self.n == 1.0 {
            // With θ: d (1 + f) = full + θ dt, and never more than there was.
            let spared = self.spared;
            self.visit(list, next, first, halo, |drop, factor| ((drop + spared) * factor).min(drop));
        } else if self.n == 1.5 {
            // The exponents mostly met have quicker powers.
            self.bend(list, next, first, halo, f64::sqrt);
        } else if self.n == 2.0 {
            self.bend(list, next, first, halo, |drop| drop);
        } else {
            let less = self.n - 1.0;
            self.bend(list, next, first, halo, |drop| drop.powf(less));
        }
    }

    /// Visits with a slope exponent that is not one; `power` raises to one less than it.
    fn bend(
        &self,
        list: &[u32],
        next: &mut [f64],
        first: usize,
        halo: &[f64],
        power: impl Fn(f64) -> f64 + Copy,
    ) {
        let (n, spared) = (self.n, self.spared);
        self.visit(list, next, first, halo, |drop, factor| {
            remaining_drop(drop + spared, factor, n, power).min(drop)
        });
    }

    #[inline(always)]
    fn visit(
        &self,
        list: &[u32],
        next: &mut [f64],
        first: usize,
        halo: &[f64],
        left: impl Fn(f64, f64) -> f64,
    ) {
        let shape = self.flow.shape;
        let offsets = shape.offsets();
        if shape.plain() {
            let towards =
                |cell: usize, direction: u8| cell.wrapping_add_signed(offsets[usize::from(direction & 7)]);
            self.follow(list, next, first, halo, towards, left);
        } else {
            let towards = |cell: usize, direction: u8| shape.towards(&offsets, cell, direction);
            self.follow(list, next, first, halo, towards, left);
        }
    }

    #[inline(always)]
    fn follow(
        &self,
        list: &[u32],
        next: &mut [f64],
        first: usize,
        halo: &[f64],
        towards: impl Fn(usize, u8) -> usize,
        left: impl Fn(f64, f64) -> f64,
    ) {
        // Nothing is read through `self` in the loop: it is the innermost of all.
        let (directions, heights, factors) = (&self.flow.directions[..], self.heights, self.factors);
        let shape = &self.flow.shape;
        for &cell in list.iter().rev() {
            let cell = cell as usize;
            let direction = directions[cell];
            let height = heights[cell];
            let new = if direction > 7 {
                height
            } else {
                let receiver = towards(cell, direction);
                let below = value_of(next, first, halo, shape, receiver);
                if height > heights[receiver] { below + left(height - below, factors[cell]) } else { height }
            };
            next[cell - first] = new;
        }
    }
}

wide! {
    fn factor_row(
        out: &mut [f64],
        area: &[f64],
        directions: &[u8],
        erodibility: &[f64],
        scale: f64,
        m: f64,
        per_length: [f64; 3],
        shares: bool,
    ) {
        let count = out.len();
        let (area, directions) = (&area[..count], &directions[..count]);
        if m == 0.5 {
            for i in 0..count {
                out[i] = area[i].sqrt();
            }
        } else if m == 1.0 {
            out.copy_from_slice(area);
        } else {
            for i in 0..count {
                out[i] = pow(area[i], m);
            }
        }
        for i in 0..count {
            let k = directions[i];
            let length = if k == 3 || k == 4 { per_length[0] } else if k == 1 || k == 6 { per_length[1] } else { per_length[2] };
            out[i] = out[i] * scale * length;
        }
        if !erodibility.is_empty() {
            let erodibility = &erodibility[..count];
            for i in 0..count {
                out[i] *= erodibility[i];
            }
        }
        if shares {
            out.iter_mut().for_each(|factor| *factor = 1.0 / (1.0 + *factor));
        }
    }
}

wide! {
    /// What a row held before, holds after and has lost; heights.
    fn row_sums(before: &[f64], after: &[f64]) -> [f64; 3] {
        let count = before.len();
        let after = &after[..count];
        let solid = |value: f64| if value.is_nan() { 0.0 } else { value };
        [
            sum_of(count, |n| solid(before[n])),
            sum_of(count, |n| solid(after[n])),
            sum_of(count, |n| solid(before[n] - after[n])),
        ]
    }
}

/// The ledger of a step that only takes away.
pub(crate) fn balance(ground: &Field, next: &[f64], threads: usize) -> Ledger {
    let width = ground.width;
    let rows = workers::run(workers::bands(ground.height, threads), |rows| {
        rows.map(|row| {
            let cells = row * width..(row + 1) * width;
            let area = ground.cell_area(row);
            row_sums(&ground.values[cells.clone()], &next[cells]).map(|sum| sum * area)
        })
        .collect::<Vec<_>>()
    })
    .concat();
    let total = |k: usize| sum(&rows.iter().map(|row| row[k]).collect::<Vec<_>>());
    let lost = total(2);
    Ledger { before: total(0), after: total(1), gained: 0.0, lost, moved: lost }
}
