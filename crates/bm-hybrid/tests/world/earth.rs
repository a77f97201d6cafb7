//! The bundled relief, in memory and on disk: ingested once, asked by several tests.

use crate::tools::*;
use bm_core::frame::{SEA_LEVEL, WORLD_Y};
use bm_core::{GeoPoint, MaterialId, Pos};
use bm_hybrid::{ReliefIngest, World};
use bm_io::Relief;
use std::sync::OnceLock;

struct Earth {
    relief: Relief,
    world: World,
}

fn earth() -> &'static Earth {
    static EARTH: OnceLock<Earth> = OnceLock::new();
    EARTH.get_or_init(|| {
        let relief = bm_io::bundled::bundled_etopo20().unwrap();
        let world = World::in_memory().unwrap();
        ingest_as(&world, &relief, ReliefIngest::default().threads(1));
        Earth { relief, world }
    })
}

#[test]
fn every_sample_comes_back() {
    let Earth { relief, world } = earth();
    let a = world.verify_against(relief, &|_| ()).unwrap();
    assert_eq!((a.samples, a.wrong), (1080 * 540, 0), "{:?}", a.examples);
    assert!(a.worst_m <= 0.25, "{}", a.worst_m);
}

#[test]
fn an_altered_sample_is_the_one_that_is_reported() {
    let Earth { relief, world } = earth();
    for (i, j, off) in [(0, 0, 1), (1079, 539, -1), (540, 270, 1), (77, 401, -1)] {
        let mut other = relief.clone();
        // The bundled file is in whole metres or in quarters; a metre either way.
        other.values[j * 1080 + i] += off * 4 / other.unit_ticks;
        let a = world.verify_against(&other, &|_| ()).unwrap();
        assert_eq!((a.samples, a.wrong, a.examples.len()), (1080 * 540, 1, 1));
        let [lon, lat, want, got] = a.examples[0];
        assert!((lon - relief.georef.x.degrees(i as i64)).abs() < 1e-9);
        assert!((lat - relief.georef.y.degrees(j as i64)).abs() < 1e-9);
        assert_eq!(Some(want), other.height_m(i, j));
        assert!((got - want + f64::from(off)).abs() <= 0.25, "{got} {want}");
    }
}

/// The same with nothing but point queries: what `verify_against` is held against.
#[test]
fn samples_one_by_one() {
    let Earth { relief, world } = earth();
    let view = world.view();
    let mut seas = 0;
    for k in (0..1080 * 540).step_by(1597) {
        let (i, j) = (k % 1080, k / 1080);
        let ([x, xd], [y, yd]) = sample_at(relief, i, j);
        let (x, y) = (x.div_euclid(xd) as u32, y.div_euclid(yd) as u32);
        assert!(y < WORLD_Y);
        let want = i64::from(relief.height_ticks(i, j).unwrap());
        let (surface, ground) = view.surface(x, y).unwrap().unwrap();
        let off = i64::from(surface) - i64::from(SEA_LEVEL) - want;
        assert!(off.abs() <= 1, "column {i}, row {j}: {off} ticks off");
        let at = |z| view.sample(Pos::new(x, y, z).unwrap()).unwrap().material;
        assert_eq!(at(surface - 1), ground);
        assert!(view.is_ground(ground) && !view.is_ground(at(surface)));
        // Two ticks are beyond all rounding.
        let want = (want + i64::from(SEA_LEVEL)) as u32;
        assert!(view.is_ground(at(want - 2)) && !view.is_ground(at(want + 2)));
        seas += u32::from(at(surface) == MaterialId::SEAWATER);
        let lon = relief.georef.x.degrees(i as i64);
        let lat = relief.georef.y.degrees(j as i64);
        let near = Pos::from_geo(GeoPoint { lon, lat, alt: 0.0 }).unwrap();
        assert!(near.x().abs_diff(x) <= 1 && near.y().abs_diff(y) <= 1, "degrees and ticks agree");
    }
    assert!((220..290).contains(&seas), "seven tenths of a sphere, and more of a plane: {seas}");
}

#[test]
fn threads_and_stores_do_not_matter() {
    let Earth { relief, world } = earth();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("earth.bm");
    let other = World::create(&path).unwrap();
    ingest_as(&other, relief, ReliefIngest::default().threads(8));
    assert_same_pages(world, &other);
    assert_eq!(told(&world.view()), told(&other.view()));
    assert_eq!(world.view().tree().root_crc(), other.view().tree().root_crc());
    assert_sound(world);
    assert_sound(&other);
    drop(other);

    // What was written is what is read by the next one, for reading and for writing.
    let again = World::open_read_only(&path).unwrap();
    assert_same_pages(world, &again);
    assert_eq!(told(&again.view()), told(&world.view()));
    let a = again.verify_against(relief, &|_| ()).unwrap();
    assert_eq!((a.samples, a.wrong), (1080 * 540, 0));
    drop(again);

    let again = World::open(&path).unwrap();
    ingest(&again, relief);
    assert_same_pages(world, &again);
    assert_eq!(again.view().version(), world.view().version() + 1);
    let info = again.info().unwrap();
    assert_eq!(info.pages, world.info().unwrap().pages);
    assert_eq!(info.bytes_on_disk, path.metadata().unwrap().len());
}
