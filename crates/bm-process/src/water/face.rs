//! What passes through one face: an HLL Riemann solver on hydrostatically reconstructed depths.
//!
//! Depths on both sides of a step in the bed are reconstructed after Chen & Noelle (2017), which keeps a lake still
//! beside dry land (Audusse et al. 2004) and lets thin sheets run down steep beds. Fluxes by Harten, Lax & van Leer
//! (1983) with the exact speeds of a front on dry ground; what runs along the face goes with the water.

/// Levels and depths closer than this (m) are equal: above the rounding of heights, far below all that matters.
pub(super) const LEVEL: f64 = 1e-10;

/// One side of a face.
#[derive(Clone, Copy)]
pub(super) struct Side {
    /// Height of the surface, of the bed where it is dry, m.
    pub(super) level: f64,
    /// Depth of the water, m.
    pub(super) depth: f64,
    /// Speed across the face, m/s.
    pub(super) across: f64,
    /// Speed along the face, m/s.
    pub(super) along: f64,
}

/// Through one metre of face.
pub(super) struct Flux {
    /// Water, m²/s.
    pub(super) water: f64,
    /// Momentum across, less the pressure of the depth left of the face.
    pub(super) push_left: f64,
    /// The same seen from the right.
    pub(super) push_right: f64,
    /// Momentum along.
    pub(super) along: f64,
}

#[inline(always)]
fn min(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

#[inline(always)]
fn max(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

/// The flux from left to right.
#[inline(always)]
pub(super) fn flux(left: Side, right: Side, gravity: f64) -> Flux {
    let (level_l, level_r) = (left.level, right.level);
    let (bed_l, bed_r) = (level_l - left.depth, level_r - right.depth);
    let bed = min(max(bed_l, bed_r), min(level_l, level_r));
    // Depth above the common bed, and what weighs on the cell's own slope where it lies above that.
    let (above_l, above_r) = (level_l - bed, level_r - bed);
    let (a, b) = (min(above_l, left.depth), min(above_r, right.depth));
    let fall_l = if above_l - left.depth > LEVEL { bed - bed_l } else { 0.0 };
    let fall_r = if above_r - right.depth > LEVEL { bed - bed_r } else { 0.0 };
    // Rounding of heights must not stir a lake.
    let shared = min(a, b);
    let same = (a - b).abs() <= LEVEL;
    let (a, b) = if same { (shared, shared) } else { (a, b) };

    let (ca, cb) = ((gravity * a).sqrt(), (gravity * b).sqrt());
    let (u, v) = (left.across, right.across);
    let slowest = min(u - ca, v - cb);
    let fastest = max(u + ca, v + cb);
    let slowest = if a > 0.0 { slowest } else { v - 2.0 * cb };
    let slowest = if b > 0.0 { slowest } else { u - ca };
    let fastest = if b > 0.0 { fastest } else { u + 2.0 * ca };
    let fastest = if a > 0.0 { fastest } else { v + cb };
    let (slowest, fastest) = (min(slowest, 0.0), max(fastest, 0.0));
    let share = slowest / max(fastest - slowest, 1e-12);

    let (qa, qb) = (a * u, b * v);
    let half = 0.5 * gravity;
    let water = qa + share * ((qa - qb) + fastest * (b - a));
    let pressure = half * ((a - b) * (a + b));
    let push = qa * u + share * ((qa * u - qb * v) + pressure + fastest * (qb - qa));
    Flux {
        water,
        push_left: push + half * (left.depth + a) * fall_l,
        push_right: push + pressure + half * (right.depth + b) * fall_r,
        along: water * if water > 0.0 { left.along } else { right.along },
    }
}

/// depth^(−4/3), to the last few bits, without a call the compiler cannot make wide.
#[inline(always)]
pub(super) fn inverse_four_thirds(depth: f64) -> f64 {
    // The exponent divided by −3, in the upper word; then Newton on x⁻³ = depth.
    let upper = (depth.to_bits() >> 32) as u32;
    let guess = 1_430_188_287_u32.wrapping_sub((f64::from(upper) * (1.0 / 3.0)) as u32);
    let mut x = f64::from_bits(u64::from(guess) << 32);
    let third = 1.0 / 3.0;
    for _ in 0..4 {
        x *= (4.0 - depth * x * x * x) * third;
    }
    let square = x * x;
    square * square
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_roots() {
        for i in 0..4000 {
            let depth = 1e-5 * 1.005_f64.powi(i);
            let relative = inverse_four_thirds(depth) * depth.powf(4.0 / 3.0) - 1.0;
            assert!(relative.abs() < 1e-14, "{depth} {relative}");
        }
    }

    #[test]
    fn still_water_pushes_nothing() {
        let side = |bed: f64, level: f64| {
            let depth = (level - bed).max(0.0);
            Side { level: bed + depth, depth, across: 0.0, along: 0.0 }
        };
        for (a, b) in [(0.3, 0.7), (0.7, 0.3), (-3.3, 9.1), (9.1, -3.3), (2.0, 3.0), (0.1, 0.1)] {
            let flux = flux(side(a, 1.1), side(b, 1.1), 9.81);
            assert_eq!((flux.water, flux.push_left, flux.push_right, flux.along), (0.0, 0.0, 0.0, 0.0));
        }
    }

    #[test]
    fn mirrored_faces_are_mirrored() {
        let left = Side { level: 0.6, depth: 0.5, across: 0.3, along: 0.2 };
        let right = Side { level: 0.5, depth: 0.1, across: -0.1, along: 0.7 };
        let turn = |side: Side| Side { across: -side.across, ..side };
        let (a, b) = (flux(left, right, 9.81), flux(turn(right), turn(left), 9.81));
        for (x, y) in [(a.water, -b.water), (a.push_left, b.push_right), (a.push_right, b.push_left)] {
            assert!((x - y).abs() < 1e-14, "{x} {y}");
        }
    }
}
