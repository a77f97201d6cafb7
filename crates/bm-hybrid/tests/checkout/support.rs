//! A world with relief, regions of it, and land taken from them.

use bm_core::frame::{SEA_LEVEL, TICKS_PER_METRE};
use bm_core::{GeoPoint, Pos};
use bm_grid::{Bounds, DVec2, Region};
use bm_hybrid::checkout::{Origin, Seed, Seeding};
use bm_hybrid::{View, World};

pub(crate) fn earth() -> World {
    let world = World::in_memory().unwrap();
    let relief = bm_io::bundled::bundled_etopo20().unwrap();
    world.ingest_relief(&relief, &Default::default(), &|_| ()).unwrap();
    world
}

/// `width` by `height` cells of `cell` metres from a place on.
pub(crate) fn region(lon: f64, lat: f64, cell: f64, width: u32, height: u32) -> Region {
    let pos = Pos::from_geo(GeoPoint { lon, lat, alt: 0.0 }).unwrap();
    let pos = [pos.x(), pos.y()];
    let at = |k: usize| (f64::from(pos[k]) / f64::from(TICKS_PER_METRE) / cell).floor() * cell;
    let min = DVec2::new(at(0), at(1));
    let size = DVec2::new(f64::from(width), f64::from(height)) * cell;
    Region::in_world(Bounds { min, max: min + size }, cell).unwrap()
}

pub(crate) fn take(world: &World, region: &Region) -> (Origin, Seed) {
    let view = world.view();
    let seeding = Seeding::default();
    let seed = view.seed(region, &seeding, &|_| ()).unwrap();
    let origin = Origin::new(*region, view.version(), seeding, seed.fingerprint, &seed.state);
    (origin, seed)
}

/// The voxel column in the middle of a cell.
pub(crate) fn column(region: &Region, x: u32, y: u32) -> [u32; 2] {
    let c = region.cell_center(x, y).unwrap() * f64::from(TICKS_PER_METRE);
    [c.x.floor().rem_euclid(f64::from(bm_core::frame::WORLD_X)) as u32, c.y.floor() as u32]
}

/// Metres above sea level of the ground's surface.
pub(crate) fn height(view: &View, [x, y]: [u32; 2]) -> f64 {
    let (top, _) = view.surface(x, y).unwrap().unwrap();
    (f64::from(top) - f64::from(SEA_LEVEL)) / f64::from(TICKS_PER_METRE)
}

pub(crate) fn cells(region: &Region) -> impl Iterator<Item = (usize, u32, u32)> + use<> {
    let (w, h) = (region.width(), region.height());
    (0..h).flat_map(move |y| (0..w).map(move |x| (y as usize * w as usize + x as usize, x, y)))
}
