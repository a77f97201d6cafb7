//! Shapes that are bodies: the walk down the octree, and balls.

use super::emit::{Emitter, WORLD};
use super::span::{EastWest, east_ticks, north_ticks, up_ticks};
use super::{bad, voxel};
use crate::error::WorldError;
use bm_core::frame::{MAX_ALT, MIN_ALT, TICKS_PER_METRE, WORLD_X, edge_ticks};
use bm_core::{Cell, GeoPoint};

/// Where the centres of a cell's cells of the finest level asked for lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Inside,
    Outside,
    Mixed,
}

/// A body.
pub(super) trait Solid {
    /// Where the centres in a cell lie. A cell of the finest level has one centre and is never mixed.
    fn side(&self, cell: Cell) -> Side;
}

/// Writes what is inside, in Morton order, each cell as large as it fits.
pub(super) fn walk(solid: &impl Solid, emit: &mut Emitter<'_>) -> Result<(), WorldError> {
    down(solid, Cell::ROOT, false, emit)
}

/// `within`: the cell is known to lie in the world.
fn down(solid: &impl Solid, cell: Cell, within: bool, emit: &mut Emitter<'_>) -> Result<(), WorldError> {
    let side = solid.side(cell);
    if side == Side::Outside {
        return Ok(());
    }
    let within = within || WORLD.covers(&cell.bounds());
    if !within && !WORLD.intersects(&cell.bounds()) {
        return Ok(());
    }
    if side == Side::Inside && (within || cell.level() == emit.level()) {
        return emit.cell(cell);
    }
    (0..8).filter_map(|o| cell.child(o)).try_for_each(|c| down(solid, c, within, emit))
}

/// First and last centre in a cell along an axis, in ticks, of the cells whose edge is `e` ticks.
pub(super) fn centres(origin: u32, edge: u32, e: u32) -> [f64; 2] {
    let half = f64::from(e) / 2.0;
    [f64::from(origin) + half, f64::from(origin) + f64::from(edge) - half]
}

/// Distance of a number to the nearest and the farthest point of an interval.
pub(super) fn reach(c: f64, [lo, hi]: [f64; 2]) -> [f64; 2] {
    [(lo - c).max(c - hi).max(0.0), (c - lo).abs().max((hi - c).abs())]
}

/// What a circle on the ground is in the frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ground {
    /// Ticks.
    pub(super) x: f64,
    pub(super) y: f64,
    /// Metres on the ground a frame metre eastwards.
    pub(super) narrow: f64,
    /// Ticks.
    pub(super) radius: f64,
}

impl Ground {
    pub(super) fn new(what: &'static str, lon: f64, lat: f64, radius: f64) -> Result<Self, WorldError> {
        voxel(what, GeoPoint { lon, lat, alt: 0.0 })?;
        if !(radius.is_finite() && radius > 0.0) {
            return Err(bad(what, format!("radius = {radius}: give metres above 0")));
        }
        let degrees = radius / (f64::from(WORLD_X) / f64::from(TICKS_PER_METRE)) * 360.0;
        let narrow = lat.to_radians().cos();
        let farthest = lat.abs() + degrees;
        if farthest >= 90.0 || farthest.to_radians().cos() < narrow / 2.0 {
            return Err(bad(
                what,
                format!(
                    "a radius of {radius} m around latitude {lat} comes so near to the pole that it is not round there: use a smaller one, or a box or a polygon"
                ),
            ));
        }
        let ground = Self {
            x: east_ticks(lon).rem_euclid(f64::from(WORLD_X)),
            y: north_ticks(lat),
            narrow,
            radius: radius * f64::from(TICKS_PER_METRE),
        };
        if 2.0 * ground.radius / narrow >= f64::from(WORLD_X) {
            return Err(bad(what, format!("a radius of {radius} m reaches around the globe: use a box")));
        }
        Ok(ground)
    }

    pub(super) fn turned(self, by: f64) -> Self {
        Self { x: self.x + by, ..self }
    }

    /// Square of the distance on the ground to the nearest and the farthest of a rectangle's centres.
    // The same operations in the same order for every rectangle: rounding is monotonous, so bounds stay bounds.
    pub(super) fn squares(&self, x: [f64; 2], y: [f64; 2]) -> [f64; 2] {
        let (x, y) = (reach(self.x, x), reach(self.y, y));
        [0, 1].map(|i| (x[i] * self.narrow).powi(2) + y[i].powi(2))
    }
}

/// A ball on the ground, an ellipsoid in the frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ball {
    ground: Ground,
    z: f64,
    /// Edge of the cells that are told apart, ticks.
    e: u32,
}

impl Ball {
    pub(super) fn new(centre: GeoPoint, radius: f64, level: u8) -> Result<Self, WorldError> {
        voxel("sphere", centre)?;
        let ground = Ground::new("sphere", centre.lon, centre.lat, radius)?;
        if centre.alt - radius < f64::from(MIN_ALT) || centre.alt + radius > f64::from(MAX_ALT) {
            return Err(bad(
                "sphere",
                format!(
                    "from {} to {} m reaches out of the world ({MIN_ALT} to {MAX_ALT} m)",
                    centre.alt - radius,
                    centre.alt + radius
                ),
            ));
        }
        Ok(Self { ground, z: up_ticks(centre.alt), e: edge_ticks(level) })
    }

    /// The ball, and where it is seen one turn away.
    pub(super) fn copies(self) -> impl Iterator<Item = Self> {
        EastWest::TURNS.into_iter().map(move |by| Self { ground: self.ground.turned(by), ..self })
    }

    /// About how many runs it takes: a share of the cells its surface cuts (measured).
    pub(super) fn runs(&self) -> f64 {
        let r = self.ground.radius / f64::from(self.e);
        // Area of an ellipsoid after Knud Thomsen, within 1.1 %.
        const P: f64 = 1.6075;
        let (a, b) = ((r / self.ground.narrow).powf(P), r.powf(P));
        0.36 * 4.0 * std::f64::consts::PI * ((2.0 * a * b + b * b) / 3.0).powf(1.0 / P)
    }
}

impl Solid for Ball {
    fn side(&self, cell: Cell) -> Side {
        let [x, y, z] = cell.origin().map(|o| centres(o, cell.edge_ticks(), self.e));
        let flat = self.ground.squares(x, y);
        let z = reach(self.z, z);
        let r2 = self.ground.radius.powi(2);
        if flat[0] + z[0].powi(2) > r2 {
            Side::Outside
        } else if flat[1] + z[1].powi(2) <= r2 {
            Side::Inside
        } else {
            Side::Mixed
        }
    }
}
