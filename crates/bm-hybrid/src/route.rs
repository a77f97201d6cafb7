//! Which layer answers for a point: an explicit edit, else a dense grid that is checked out there, else the side of a
//! boundary within its reach, else the page tree.
//!
//! The layers are trait objects, so that any of them can be another one's own: [`Ground`] for edits over pages,
//! [`Borders`] for boundaries, [`Grids`] for dense grids. A [`Router`] asks them in order and counts who answered and how long
//! it took. It has no geometry and no storage of its own.
//!
//! ```
//! use bm_core::{GeoPoint, SourceKind};
//! use bm_hybrid::{World, route::Router};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let view = World::in_memory()?.view();
//! let router = Router::of(&view);
//! let answer = router.ask(GeoPoint { lon: 0.0, lat: 0.0, alt: 10.0 }, 28)?;
//! assert_eq!(answer.sample.source, SourceKind::Procedural);
//! assert_eq!(router.stats().answers(SourceKind::Procedural), 1);
//! # Ok(())
//! # }
//! ```

mod stats;

pub use stats::{Latency, RouteStats};

use crate::error::WorldError;
use crate::view::View;
use bm_core::frame::{MAX_LEVEL, WORLD_X, WORLD_Y, edge_metres};
use bm_core::pos::tick_to_alt;
use bm_core::{Cell, GeoPoint, MaterialId, Phase, Pos, Sample, SourceKind};
use bm_vector::{BoundaryId, Side};
use geo_types::Coord;
use std::cell::RefCell;
use std::time::Instant;

/// A point as every layer understands it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Longitude and latitude in degrees, unquantised where the asker had them so.
    pub at: Coord<f64>,
    /// Metres above sea level.
    pub alt: f64,
    /// The voxel that holds it.
    pub pos: Pos,
    /// Level of the cell that is asked for.
    pub level: u8,
}

impl Point {
    /// A point of the globe, asked for as a cell of a level; longitudes wrap.
    ///
    /// # Errors
    /// [`WorldError::OutOfWorld`].
    #[inline]
    pub fn geo(p: GeoPoint, level: u8) -> Result<Self, WorldError> {
        Ok(Self::within(Pos::from_geo(p)?, p, level))
    }

    /// A point that is known to lie in a voxel.
    #[inline]
    pub(crate) fn within(pos: Pos, p: GeoPoint, level: u8) -> Self {
        if level < MAX_LEVEL {
            return Self::cell(pos, level);
        }
        Self { at: Coord { x: wrapped(p.lon), y: p.lat }, alt: p.alt, pos, level }
    }

    /// The middle of a voxel.
    #[inline]
    #[must_use]
    pub fn voxel(pos: Pos) -> Self {
        Self { at: column(pos.x(), pos.y()), alt: tick_to_alt(pos.z()) + 0.125, pos, level: MAX_LEVEL }
    }

    /// The middle of the cell of a level that holds a voxel.
    #[must_use]
    pub fn cell(pos: Pos, level: u8) -> Self {
        if level >= MAX_LEVEL {
            return Self::voxel(pos);
        }
        let cell = Cell::containing(pos, level);
        let middle = cell.origin().map(|c| f64::from(c) + f64::from(cell.edge_ticks()) / 2.0);
        Self {
            at: degrees(middle[0], middle[1]),
            alt: tick_to_alt(cell.origin()[2]) + edge_metres(level) / 2.0,
            pos,
            level,
        }
    }
}

/// Degrees of the middle of a column of voxels.
#[inline]
pub(crate) fn column(x: u32, y: u32) -> Coord<f64> {
    degrees(f64::from(x) + 0.5, f64::from(y) + 0.5)
}

#[inline]
fn degrees(x: f64, y: f64) -> Coord<f64> {
    Coord { x: x * (360.0 / f64::from(WORLD_X)) - 180.0, y: y * (180.0 / f64::from(WORLD_Y)) - 90.0 }
}

/// A longitude within −180 (inside) to 180 (outside), unchanged if it is there already.
#[inline]
fn wrapped(lon: f64) -> f64 {
    if (-180.0..180.0).contains(&lon) { lon } else { (lon + 180.0).rem_euclid(360.0) - 180.0 }
}

/// Edits over pages: the layer that always has an answer.
pub trait Ground {
    /// The cell of `place.level` that holds `place.pos`.
    ///
    /// # Errors
    /// When a page that is needed cannot be read.
    fn sample(&self, place: &Point) -> Result<Sample, WorldError>;

    /// State of matter of a material.
    fn phase(&self, material: MaterialId) -> Phase;
}

/// What a boundary says.
#[derive(Clone, Debug, PartialEq)]
pub struct Spoken {
    /// The material it puts there.
    pub material: MaterialId,
    /// Which boundary.
    pub id: BoundaryId,
    /// Which side of it the point is on.
    pub side: Side,
    /// Whether an edge had to be looked at.
    pub exact_test: bool,
}

/// Boundaries.
pub trait Borders {
    /// Whether there are none at all.
    fn is_empty(&self) -> bool;

    /// Whether any may speak about materials of a phase.
    fn speaks_of(&self, _phase: Phase) -> bool {
        true
    }

    /// What becomes of material `base` at a place; none if no boundary speaks there.
    fn speak(&self, place: &Point, base: MaterialId, phase: &dyn Fn(MaterialId) -> Phase) -> Option<Spoken>;
}

/// Dense grids that are checked out.
pub trait Grids {
    /// The material of the grid cell that holds a place, and the grid's name; none if no grid is there or none
    /// speaks about this altitude.
    fn cell(&self, place: &Point) -> Option<(MaterialId, &str)>;
}

/// An answer, and who it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Routed<'a> {
    /// The material. Its source is [`SourceKind::Boundary`] or [`SourceKind::Grid`] if one of those spoke.
    pub sample: Sample,
    /// The boundary that spoke, and the side.
    pub boundary: Option<(BoundaryId, Side)>,
    /// The grid that spoke.
    pub grid: Option<&'a str>,
}

/// Asks the layers in order and counts. One for each thread.
pub struct Router<'a> {
    ground: &'a dyn Ground,
    borders: &'a dyn Borders,
    grids: Option<&'a dyn Grids>,
    stats: RefCell<RouteStats>,
}

impl<'a> Router<'a> {
    /// The layers of a view, without grids.
    #[must_use]
    pub fn of(view: &'a View) -> Self {
        Self::new(view, view)
    }

    /// Layers of one's own.
    #[must_use]
    pub fn new(ground: &'a dyn Ground, borders: &'a dyn Borders) -> Self {
        Self { ground, borders, grids: None, stats: RefCell::default() }
    }

    /// With grids that are checked out.
    #[must_use]
    pub fn with_grids(mut self, grids: &'a dyn Grids) -> Self {
        self.grids = Some(grids);
        self
    }

    /// The answer for a point of the globe, as a cell of a level.
    ///
    /// # Errors
    /// As [`Point::geo`] and [`Ground::sample`].
    pub fn ask(&self, point: GeoPoint, level: u8) -> Result<Routed<'a>, WorldError> {
        self.answer(&Point::geo(point, level)?)
    }

    /// The answer for a place.
    ///
    /// # Errors
    /// As [`Ground::sample`].
    pub fn answer(&self, place: &Point) -> Result<Routed<'a>, WorldError> {
        let mut stats = self.stats.borrow_mut();
        let start = stats.is_timed().then(Instant::now);
        let routed = self.route(place, &mut stats)?;
        stats.count(routed.sample.source, start.map(|s| s.elapsed()));
        Ok(routed)
    }

    #[inline]
    fn route(&self, place: &Point, stats: &mut RouteStats) -> Result<Routed<'a>, WorldError> {
        let mut sample = self.ground.sample(place)?;
        let mut routed = Routed { sample, boundary: None, grid: None };
        if sample.source.is_explicit() {
            return Ok(routed);
        }
        if let Some((material, name)) = self.grids.and_then(|g| g.cell(place)) {
            sample.material = material;
            sample.source = SourceKind::Grid;
            routed.grid = Some(name);
        } else if !self.borders.is_empty() && self.borders.speaks_of(self.ground.phase(sample.material)) {
            let phase = |m| self.ground.phase(m);
            if let Some(spoken) = self.borders.speak(place, sample.material, &phase) {
                stats.tested(spoken.exact_test);
                sample = over(sample, spoken.material);
                routed.boundary = Some((spoken.id, spoken.side));
            }
        }
        routed.sample = sample;
        Ok(routed)
    }

    /// Who has answered so far.
    #[must_use]
    pub fn stats(&self) -> RouteStats {
        self.stats.borrow().clone()
    }
}

/// What a boundary makes of a sample.
#[inline]
pub(crate) const fn over(mut sample: Sample, material: MaterialId) -> Sample {
    sample.material = material;
    sample.source = SourceKind::Boundary;
    // A coarse cell is spoken for at its middle only.
    sample.exact = sample.level >= MAX_LEVEL;
    sample
}
