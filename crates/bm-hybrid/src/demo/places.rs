//! Places that everyone knows.

use crate::error::WorldError;
use crate::query::{NamedMaterial, Place};
use crate::view::View;
use bm_core::Pos;
use bm_core::frame::SEA_LEVEL;
use bm_core::pos::tick_to_alt;
use serde::Serialize;

/// A place, and what the world says about it.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct DemoPlace {
    /// What people call it.
    pub name: &'static str,
    /// Degrees east.
    pub lon: f64,
    /// Degrees north.
    pub lat: f64,
    /// Metres above sea level.
    pub alt: f64,
    /// What is there.
    pub material: NamedMaterial,
    /// Which form of page answered.
    pub source: &'static str,
    /// Level of the page that answered.
    pub page_level: u8,
    /// Height of the ground there, metres above sea level.
    pub ground_alt: Option<f64>,
}

/// How high to ask.
#[derive(Clone, Copy)]
enum Height {
    /// Metres above sea level.
    Sea(f64),
    /// Metres above the world's ground: the bundled relief is an average over 20 minutes of arc, so summits
    /// and trenches are flatter in it than on the spot.
    Ground(f64),
}

const PLACES: [(&str, f64, f64, Height); 7] = [
    ("Everest, 10 m below the ground", 86.925, 27.988, Height::Ground(-10.0)),
    ("Mariana Trench, 10 m above its floor", 142.2, 11.35, Height::Ground(10.0)),
    ("Mariana Trench, 10 m below its floor", 142.2, 11.35, Height::Ground(-10.0)),
    ("Dead Sea, northern shore, 2 m above the ground", 35.5, 31.77, Height::Ground(2.0)),
    ("mid-Pacific, 2 000 m below sea level", -150.0, 0.0, Height::Sea(-2_000.0)),
    ("inner Earth, 3 000 km down", 0.0, 0.0, Height::Sea(-3_000_000.0)),
    ("cruising altitude over Paris", 2.35, 48.86, Height::Sea(11_000.0)),
];

/// Asks for every place at a quarter metre.
pub(super) fn answers(view: &View) -> Result<Vec<DemoPlace>, WorldError> {
    PLACES
        .iter()
        .map(|&(name, lon, lat, height)| {
            let column = Place::degrees(lon, lat, 0.0).pos()?;
            let ground = view.surface(column.x(), column.y())?.map(|(top, _)| top);
            let alt = match height {
                Height::Sea(alt) => alt,
                Height::Ground(above) => tick_to_alt(ground.unwrap_or(SEA_LEVEL)) + above,
            };
            let pos: Pos = Place::degrees(lon, lat, alt).pos()?;
            let s = view.sample(pos)?;
            Ok(DemoPlace {
                name,
                lon,
                lat,
                alt,
                material: view.named(s.material),
                source: s.source.name(),
                page_level: s.page_level,
                ground_alt: ground.map(tick_to_alt),
            })
        })
        .collect()
}

/// Both sides of a shore, found by halving the way between land and sea.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Beach {
    /// What people call it.
    pub name: &'static str,
    /// Degrees north.
    pub lat: f64,
    /// Degrees east of the last point in the sea.
    pub sea_lon: f64,
    /// Degrees east of the first point on land.
    pub land_lon: f64,
    /// Metres between the two.
    pub apart_m: f64,
    /// What is at sea level in the sea.
    pub sea: NamedMaterial,
    /// What is at sea level on land.
    pub land: NamedMaterial,
    /// Which form answered on land.
    pub source: &'static str,
}

/// The North Sea at The Hague runs along a meridian closely enough.
const BEACH: (&str, f64, [f64; 2]) = ("the beach of Scheveningen", 52.11, [4.0, 4.5]);
/// Half a metre below sea level.
const WADING: f64 = -0.5;

/// Looks for the shore along a parallel, down to the last distinguishable longitude.
pub(super) fn beach(view: &View) -> Result<Beach, WorldError> {
    let (name, lat, [mut sea_lon, mut land_lon]) = BEACH;
    let at = |lon| view.answer(Place::degrees(lon, lat, WADING), 28);
    loop {
        let middle = f64::midpoint(sea_lon, land_lon);
        if middle <= sea_lon || middle >= land_lon {
            break;
        }
        if view.is_ground(at(middle)?.material.id) { land_lon = middle } else { sea_lon = middle }
    }
    let (sea, land) = (at(sea_lon)?, at(land_lon)?);
    let apart_m = (land_lon - sea_lon) * 111_319.5 * lat.to_radians().cos();
    let (sea, land, source) = (sea.material, land.material, land.source);
    Ok(Beach { name, lat, sea_lon, land_lon, apart_m, sea, land, source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::World;

    #[test]
    fn known_places_are_what_they_are() {
        let world = World::in_memory().unwrap();
        let relief = bm_io::bundled::bundled_etopo20().unwrap();
        world.ingest_relief(&relief, &Default::default(), &|_| ()).unwrap();
        let got = answers(&world.view()).unwrap();
        let names: Vec<_> = got.iter().map(|p| p.material.name.as_str()).collect();
        assert_eq!(names, ["upper crust", "seawater", "upper crust", "air", "seawater", "outer core", "air"]);
        assert!(got[0].ground_alt.unwrap() > 4_000.0);
        assert!(got[1].alt < -6_000.0);
        assert!(got[3].alt < -50.0, "dry land below sea level: {}", got[3].alt);
    }
}
