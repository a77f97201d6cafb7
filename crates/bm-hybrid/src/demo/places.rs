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
