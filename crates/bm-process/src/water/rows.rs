//! What is done to rows of cells and faces, one number after another, wide.

use super::face::{self, Side};
use super::{DRY, Erosion};
use crate::wide::wide;

wide! {
    pub(super) fn speeds(out: [&mut [f64]; 2], state: [&[f64]; 3]) {
        let [u, v] = out;
        let count = u.len();
        let v = &mut v[..count];
        let [depth, x, y] = state.map(|values| &values[..count]);
        for i in 0..count {
            let wet = depth[i] > DRY;
            let inverse = 1.0 / if wet { depth[i] } else { 1.0 };
            let inverse = if wet { inverse } else { 0.0 };
            u[i] = x[i] * inverse;
            v[i] = y[i] * inverse;
        }
    }
}

wide! {
    /// The lesser of the rises on both sides of a cell, none at its peaks and pits (minmod).
    pub(super) fn rise(out: &mut [f64], before: &[f64], here: &[f64], behind: &[f64]) {
        let count = out.len();
        let (before, here, behind) = (&before[..count], &here[..count], &behind[..count]);
        for i in 0..count {
            let (a, b) = (here[i] - before[i], behind[i] - here[i]);
            let least = if a.abs() < b.abs() { a } else { b };
            out[i] = if a * b > 0.0 { least } else { 0.0 };
        }
    }
}

wide! {
    pub(super) fn add(out: &mut [f64], a: &[f64], b: &[f64]) {
        for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
            *out = a + b;
        }
    }
}

wide! {
    /// The weight of the water on the slope of its own surface.
    pub(super) fn weigh(momentum: &mut [f64], depth: &[f64], rise: &[f64], factor: f64) {
        let count = momentum.len();
        let (depth, rise) = (&depth[..count], &rise[..count]);
        for i in 0..count {
            // Rounding of heights must not stir a lake.
            let rise = if rise[i].abs() > face::LEVEL { rise[i] } else { 0.0 };
            momentum[i] -= factor * depth[i] * rise;
        }
    }
}

wide! {
    pub(super) fn middle(out: &mut [f64], other: &[f64]) {
        for (out, other) in out.iter_mut().zip(other) {
            *out = 0.5 * (*out + other);
        }
    }
}

wide! {
    pub(super) fn loads(out: &mut [f64], depth: &[f64], sediment: &[f64]) {
        for ((out, &depth), &sediment) in out.iter_mut().zip(depth).zip(sediment) {
            let wet = depth > DRY;
            let load = sediment / if wet { depth } else { 1.0 };
            *out = if wet { load } else { 0.0 };
        }
    }
}

#[inline(always)]
fn side(rows: &[&[f64]; 6], i: usize, half: f64) -> Side {
    Side {
        level: rows[0][i] + half * rows[4][i],
        depth: rows[1][i] + half * rows[5][i],
        across: rows[2][i],
        along: rows[3][i],
    }
}

wide! {
    /// Of a side: level, depth, speed across and along, and what level and depth rise by through the cell. The rows
    /// written are arguments of their own, for then the compiler knows that they are not the ones read.
    pub(super) fn fluxes(
        water: &mut [f64],
        along: &mut [f64],
        push_left: &mut [f64],
        push_right: &mut [f64],
        left: [&[f64]; 6],
        right: [&[f64]; 6],
        gravity: f64,
    ) {
        let count = water.len();
        let (along, push_left) = (&mut along[..count], &mut push_left[..count]);
        let push_right = &mut push_right[..count];
        let l = left.map(|values| &values[..count]);
        let r = right.map(|values| &values[..count]);
        for i in 0..count {
            let flux = face::flux(side(&l, i, 0.5), side(&r, i, -0.5), gravity);
            water[i] = flux.water;
            push_left[i] = flux.push_left;
            push_right[i] = flux.push_right;
            along[i] = flux.along;
        }
    }
}

wide! {
    pub(super) fn carried(out: &mut [f64], water: &[f64], left: &[f64], right: &[f64]) {
        let count = out.len();
        let (water, left, right) = (&water[..count], &left[..count], &right[..count]);
        for i in 0..count {
            out[i] = water[i] * if water[i] > 0.0 { left[i] } else { right[i] };
        }
    }
}

wide! {
    /// `now` less what leaves through the faces; of each face, (what the cell before it sees, the cell behind it).
    pub(super) fn balance(out: &mut [f64], now: &[f64], faces: [(&[f64], &[f64]); 3], ratios: [f64; 3]) {
        let count = out.len();
        let [(_, below), (above, _), (east, west)] = faces;
        let (now, below, above) = (&now[..count], &below[..count], &above[..count]);
        let (west, east) = (&west[..count], &east[1..count + 1]);
        let [x, south, north] = ratios;
        for i in 0..count {
            out[i] = now[i] - (x * (east[i] - west[i]) + (north * above[i] - south * below[i]));
        }
    }
}

wide! {
    /// Rain and losses; of the scratch rows, the first keeps metres lost, the second rain in m/s.
    pub(super) fn weather(rows: [&mut [f64]; 3], rates: (Rates<'_>, Rates<'_>), evaporation: f64, dt: f64) {
        let [depth, sink, rain] = rows;
        let count = depth.len();
        let (sink, rain) = (&mut sink[..count], &mut rain[..count]);
        match rates.0 {
            Rates::All(rate) => rain.fill(rate),
            Rates::Row(row) => rain.copy_from_slice(row),
        }
        match rates.1 {
            Rates::All(rate) => sink.fill(rate),
            Rates::Row(row) => sink.copy_from_slice(row),
        }
        for i in 0..count {
            let full = depth[i] + rain[i] * dt;
            let most = (sink[i] + evaporation) * dt;
            let lost = if most < full { most } else { full };
            sink[i] = lost;
            depth[i] = full - lost;
        }
    }
}

/// Rates of a row in m/s.
#[derive(Clone, Copy)]
pub(super) enum Rates<'a> {
    All(f64),
    Row(&'a [f64]),
}

wide! {
    /// Friction in proportion to speed; sheets thinner than [`DRY`] stand.
    pub(super) fn drag(momentum: [&mut [f64]; 2], depth: &[f64], linear: f64) {
        let [x, y] = momentum;
        let count = x.len();
        let (y, depth) = (&mut y[..count], &depth[..count]);
        let keep = 1.0 / (1.0 + linear);
        for i in 0..count {
            let keep = if depth[i] > DRY { keep } else { 0.0 };
            x[i] *= keep;
            y[i] *= keep;
        }
    }
}

wide! {
    /// Friction by Manning's formula; sheets thinner than [`DRY`] stand.
    pub(super) fn drag_by_manning(momentum: [&mut [f64]; 2], depth: &[f64], coefficient: f64) {
        let [x, y] = momentum;
        let count = x.len();
        let (y, depth) = (&mut y[..count], &depth[..count]);
        for i in 0..count {
            let wet = depth[i] > DRY;
            let h = if wet { depth[i] } else { 1.0 };
            let speed = (x[i] * x[i] + y[i] * y[i]).sqrt() / h;
            // The root of u + c u² = speed: friction of the speed there will be, so that steady flow is right
            // however long the step.
            let drag = coefficient * speed * face::inverse_four_thirds(h);
            let keep = if wet { 2.0 / (1.0 + (1.0 + 4.0 * drag).sqrt()) } else { 0.0 };
            x[i] *= keep;
            y[i] *= keep;
        }
    }
}

wide! {
    /// Detachment and deposition; of the first rows, the last keeps metres exchanged. The slope is that of the water's
    /// surface, which drives the flow: the bed's would let deep water under a cliff dig ever deeper.
    pub(super) fn exchange(
        rows: [&mut [f64]; 3],
        ground: &[f64],
        levels: [&[f64]; 3],
        flow: [&[f64]; 3],
        erosion: &Erosion,
        cells: std::ops::Range<usize>,
        dt: f64,
        slope: [f64; 2],
    ) {
        let [bed, sediment, moved] = rows;
        let count = bed.len();
        let (sediment, moved) = (&mut sediment[..count], &mut moved[..count]);
        let [depth, x, y] = flow.map(|values| &values[..count]);
        let (south, north) = (&levels[0][1..count + 1], &levels[2][1..count + 1]);
        let (west, east, here) = (&levels[1][..count], &levels[1][2..count + 2], &ground[..count]);
        match &erosion.erodibility {
            Some(values) => moved.copy_from_slice(&values[cells]),
            None => moved.fill(1.0),
        }
        let detach = 1.0 - (-erosion.detachment * dt).exp();
        let deposit = 1.0 - (-erosion.deposition * dt).exp();
        for i in 0..count {
            let (gx, gy) = ((east[i] - west[i]) * slope[0], (north[i] - south[i]) * slope[1]);
            let steep = gx * gx + gy * gy;
            let sine = (steep / (1.0 + steep)).sqrt();
            let sine = if sine > erosion.least_slope { sine } else { erosion.least_slope };
            let wet = depth[i] > DRY;
            // Momentum is speed times depth already.
            let capacity = erosion.capacity * sine * (x[i] * x[i] + y[i] * y[i]).sqrt();
            let missing = capacity - sediment[i];
            let picked = missing * if missing > 0.0 { detach * moved[i] } else { deposit };
            let picked = if wet { picked } else { -sediment[i] };
            bed[i] = here[i] - picked;
            sediment[i] += picked;
            moved[i] = picked.abs();
        }
    }
}

wide! {
    pub(super) fn fastest(out: &mut [f64], state: [&[f64]; 3], constants: [f64; 3]) {
        let count = out.len();
        let [depth, x, y] = state.map(|values| &values[..count]);
        let [gravity, per_dx, per_dy] = constants;
        for i in 0..count {
            let wet = depth[i] > DRY;
            let h = if wet { depth[i] } else { 1.0 };
            let wave = (gravity * depth[i]).sqrt();
            let inverse = if wet { 1.0 / h } else { 0.0 };
            let (a, b) = ((x[i] * inverse).abs() + wave, (y[i] * inverse).abs() + wave);
            let (a, b) = (a * per_dx, b * per_dy);
            out[i] = if a > b { a } else { b };
        }
    }
}
