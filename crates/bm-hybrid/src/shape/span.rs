//! Which cells have their centre between two numbers.

use super::bad;
use crate::error::WorldError;
use bm_core::frame::{
    MAX_ALT, MIN_ALT, SEA_LEVEL, TICKS_PER_METRE, WORLD_X, WORLD_Y, WORLD_Z_MAX, WORLD_Z_MIN, edge_ticks,
};

/// An axis of the frame.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Axis {
    EastWest,
    NorthSouth,
    UpDown,
}

/// What the turn around the globe does to x.
pub(super) struct EastWest;

impl EastWest {
    /// Ticks to add for the copies of a shape that lie one turn away: a shape over the date line is the one, and
    /// its other side is the other.
    pub(super) const TURNS: [f64; 3] = [0.0, -(WORLD_X as f64), WORLD_X as f64];
}

impl Axis {
    pub(super) const ALL: [Self; 3] = [Self::EastWest, Self::NorthSouth, Self::UpDown];

    /// First tick of the world, and the first beyond.
    const fn world(self) -> [u32; 2] {
        match self {
            Self::EastWest => [0, WORLD_X],
            Self::NorthSouth => [0, WORLD_Y],
            Self::UpDown => [WORLD_Z_MIN, WORLD_Z_MAX],
        }
    }

    /// Cells of a level that reach into the world: the first, and the first beyond.
    pub(super) const fn cells(self, level: u8) -> [u32; 2] {
        let ([lo, hi], e) = (self.world(), edge_ticks(level));
        [lo / e, hi.div_ceil(e)]
    }

    /// Cells whose centre lies between two altitudes in metres, the upper one exclusive.
    pub(super) fn altitudes(what: &'static str, alt: [f64; 2], level: u8) -> Result<[u32; 2], WorldError> {
        let (min, max) = (f64::from(MIN_ALT), f64::from(MAX_ALT));
        if let Some(a) = alt.iter().find(|a| !(min..=max).contains(*a)) {
            return Err(bad(what, format!("alt = {a} is outside the world ({min} to {max} m)")));
        }
        if alt[0] >= alt[1] {
            return Err(bad(
                what,
                format!("from {} to {} m is empty: give the lower altitude first", alt[0], alt[1]),
            ));
        }
        Ok(cells_between(up_ticks(alt[0]), up_ticks(alt[1]), level, Self::UpDown))
    }
}

/// Cells of a level with `lo ≤ centre < hi` (ticks): the first, and the first beyond. An end at or beyond the
/// world's northern, upper or lower edge takes in the cells that the edge cuts.
pub(super) fn cells_between(lo: f64, hi: f64, level: u8, axis: Axis) -> [u32; 2] {
    let [w0, w1] = axis.world();
    let [c0, c1] = axis.cells(level);
    let first = |bound: f64| {
        let e = f64::from(edge_ticks(level));
        let centre = |i: f64| i * e + e / 2.0;
        let mut i = ((bound - e / 2.0) / e).ceil();
        // The division rounds; centres are exact.
        while centre(i) < bound {
            i += 1.0;
        }
        while centre(i - 1.0) >= bound {
            i -= 1.0;
        }
        i.clamp(f64::from(c0), f64::from(c1)) as u32
    };
    // x goes on beyond its edges, y and z do not.
    let wraps = axis == Axis::EastWest;
    [
        if !wraps && lo <= f64::from(w0) { c0 } else { first(lo) },
        if !wraps && hi >= f64::from(w1) { c1 } else { first(hi) },
    ]
}

/// x of a longitude, in ticks, not rounded.
pub(super) fn east_ticks(lon: f64) -> f64 {
    (lon + 180.0) / 360.0 * f64::from(WORLD_X)
}

/// y of a latitude, in ticks, not rounded.
pub(super) fn north_ticks(lat: f64) -> f64 {
    (lat + 90.0) / 180.0 * f64::from(WORLD_Y)
}

/// z of an altitude in metres, in ticks, not rounded.
pub(super) fn up_ticks(alt: f64) -> f64 {
    f64::from(SEA_LEVEL) + alt * f64::from(TICKS_PER_METRE)
}
