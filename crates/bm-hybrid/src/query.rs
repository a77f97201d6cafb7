//! Points in, answers out: one at a time, or a stream of lines.
//!
//! ```
//! use bm_hybrid::query::{Place, stream};
//! use bm_hybrid::World;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let world = World::in_memory()?;
//! let view = world.view();
//! let deep = Place::degrees(0.0, 0.0, -3_000_000.0);
//! assert_eq!(view.answer(deep, 28)?.material.name, "outer core");
//!
//! let mut out = Vec::new();
//! let report = stream(&view, 28, &b"lon,lat,alt\n0,0,10\n0,95,0\n"[..], &mut out)?;
//! assert_eq!((report.answers, report.bad_lines), (1, 1));
//! # Ok(())
//! # }
//! ```

mod lines;
mod stream;

pub use stream::{StreamError, StreamReport, stream};

use crate::error::WorldError;
use crate::route::{Point, Routed, Router};
use crate::view::View;
use bm_core::frame::{SEA_LEVEL, TICKS_PER_METRE, WORLD_X, WORLD_Y, edge_metres};
use bm_core::pos::tick_to_alt;
use bm_core::{GeoPoint, MaterialId, OutOfWorld, Pos};
use bm_vector::{BoundaryId, Kind, Side};
use serde::Serialize;

/// Where to ask, as people say it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    /// Degrees and metres above sea level.
    Geo(GeoPoint),
    /// Frame metres: x east of the date line, y north of the south pole, z above the root cube's floor
    /// (33 554 432 m at sea level).
    Metres([f64; 3]),
}

impl Place {
    /// A place in degrees east, degrees north and metres above sea level.
    #[must_use]
    pub const fn degrees(lon: f64, lat: f64, alt: f64) -> Self {
        Self::Geo(GeoPoint { lon, lat, alt })
    }

    /// The voxel that holds the place.
    ///
    /// # Errors
    /// [`OutOfWorld`] for coordinates outside the world or not finite; longitude and x wrap.
    pub fn pos(self) -> Result<Pos, OutOfWorld> {
        match self {
            Self::Geo(p) => Pos::from_geo(p),
            Self::Metres(m) => Pos::from_metres(m.into()),
        }
    }

    /// The place in degrees and metres above sea level.
    #[must_use]
    pub fn geo(self) -> GeoPoint {
        match self {
            Self::Geo(p) => p,
            Self::Metres([x, y, z]) => {
                let t = f64::from(TICKS_PER_METRE);
                GeoPoint {
                    lon: x * t / f64::from(WORLD_X) * 360.0 - 180.0,
                    lat: y * t / f64::from(WORLD_Y) * 180.0 - 90.0,
                    alt: z - f64::from(SEA_LEVEL) / t,
                }
            }
        }
    }
}

/// A material as answers show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NamedMaterial {
    /// Stable id.
    pub id: MaterialId,
    /// Name in the world's registry.
    pub name: String,
}

/// The ground of a column.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ground {
    /// Height of the highest solid above sea level, metres.
    pub alt: f64,
    /// What it is made of.
    pub material: NamedMaterial,
}

/// Everything a world says about one place.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// What is there; for a coarse cell, the material with the largest volume.
    pub material: NamedMaterial,
    /// Level of the cell that was asked for, 0 to 28.
    pub level: u8,
    /// Whether every voxel of that cell is this material.
    pub exact: bool,
    /// Which form answered: `uniform`, `strata`, `procedural`, `runs`, `palette`, `summary`, `edit`, `boundary` or `grid`.
    pub source: &'static str,
    /// Version of the world.
    pub version: u64,
    /// Level of the page that answered: 0, 7, 14 or 21.
    pub page_level: u8,
    /// Edge of the cell, metres.
    pub cell_m: f64,
    /// Degrees east.
    pub lon: f64,
    /// Degrees north.
    pub lat: f64,
    /// Metres above sea level.
    pub alt: f64,
    /// The ground of the column; `None` if it has none.
    pub ground: Option<Ground>,
    /// The boundary that answered, or the nearest one within three cells of the level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boundary: Option<NearBoundary>,
}

/// A boundary beside a place.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NearBoundary {
    /// Its name.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// Which side of it the place is on; `None` beyond the end of a line, and exactly on it.
    pub side: Option<Side>,
    /// Metres from the place to it; `None` if it is further than that.
    pub distance_m: Option<f64>,
}

/// Cells of the asked level within which an answer names the nearest boundary.
const NEAR_CELLS: f64 = 3.0;

impl View {
    /// Everything about one place, at a level from 0 (the root cube) to 28 (a quarter metre).
    ///
    /// # Errors
    /// [`WorldError`] for places outside the world, levels beyond 28 and pages that cannot be read.
    pub fn answer(&self, place: Place, level: u8) -> Result<Answer, WorldError> {
        check_level(level)?;
        let pos = place.pos()?;
        let point = Point::within(pos, place.geo(), level);
        let Routed { sample: s, boundary, .. } = Router::of(self).answer(&point)?;
        let ground = self.surface(pos.x(), pos.y())?;
        let GeoPoint { lon, lat, alt } = place.geo();
        Ok(Answer {
            material: self.named(s.material),
            level: s.level,
            exact: s.exact,
            source: s.source.name(),
            version: self.version(),
            page_level: s.page_level,
            cell_m: edge_metres(level),
            lon,
            lat,
            alt,
            ground: ground.map(|(top, m)| Ground { alt: tick_to_alt(top), material: self.named(m) }),
            boundary: self.boundary_at(&point, boundary),
        })
    }

    /// The boundary that spoke at a point, or else the nearest.
    fn boundary_at(&self, point: &Point, spoke: Option<(BoundaryId, Side)>) -> Option<NearBoundary> {
        let set = self.boundaries();
        let near = set.near(point.at, NEAR_CELLS * edge_metres(point.level));
        let distance = |id: &BoundaryId| near.as_ref().filter(|n| n.id == *id).map(|n| n.distance);
        let (id, side, distance_m) = match (spoke, &near) {
            (Some((id, side)), _) => {
                let distance_m = distance(&id);
                (id, Some(side), distance_m)
            }
            (None, Some(n)) => (n.id.clone(), n.side, Some(n.distance)),
            (None, None) => return None,
        };
        let kind = set.get(&id)?.kind;
        Some(NearBoundary { id: id.to_string(), kind, side, distance_m })
    }

    /// A material with its name in this world.
    #[must_use]
    pub fn named(&self, id: MaterialId) -> NamedMaterial {
        NamedMaterial { id, name: self.material_name(id).to_owned() }
    }
}

/// Refuses levels beyond the finest.
pub(crate) fn check_level(level: u8) -> Result<(), WorldError> {
    if level <= bm_core::frame::MAX_LEVEL {
        return Ok(());
    }
    let detail = format!("{level} is finer than 28 (a quarter metre): give 0 to 28");
    Err(WorldError::Data { what: "level", detail })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::World;

    #[test]
    fn degrees_and_metres_name_the_same_place() {
        let geo = Place::degrees(86.925, 27.988, 8000.0);
        let m = geo.pos().unwrap().to_metres();
        let metres = Place::Metres([m.x, m.y, m.z]);
        assert_eq!(metres.pos().unwrap(), geo.pos().unwrap());
        let back = metres.geo();
        assert!((back.lon - 86.925).abs() < 1e-5 && (back.lat - 27.988).abs() < 1e-5);
        assert!((back.alt - 8000.0).abs() < 0.25);
    }

    #[test]
    fn an_answer_says_everything() {
        let view = World::in_memory().unwrap().view();
        let a = view.answer(Place::degrees(0.0, 0.0, 100.0), 26).unwrap();
        assert_eq!((a.material.name.as_str(), a.level, a.exact, a.cell_m), ("air", 26, true, 1.0));
        let json = serde_json::to_string(&a).unwrap();
        assert!(json.starts_with(r#"{"material":{"id":1,"name":"air"},"level":26,"exact":true,"source":"procedural","version":1,"#), "{json}");
        assert!(view.answer(Place::degrees(0.0, 0.0, 0.0), 29).is_err());
        assert!(view.answer(Place::degrees(f64::NAN, 0.0, 0.0), 28).is_err());
    }
}
