//! Versions: views that stay, commits that race.

use crate::tools::*;
use bm_core::{Material, MaterialId, Phase};
use bm_hybrid::{World, WorldError};
use bm_io::Relief;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A small relief whose every sample tells its version.
pub(crate) fn mark(version: u64) -> Relief {
    let at = Lattice { lon: 100, lat: 400, step: 1, den: 12, width: 40, height: 30, wraps: false };
    relief(at, |i, j| Some((version * 1000) as i32 + (i * 3 + j * 5) as i32))
}

/// The version that a view shows, which must be one and the same everywhere.
fn shown(view: &bm_hybrid::View) -> u64 {
    let r = mark(0);
    let mut found = None;
    for (i, j) in [(1, 1), (20, 7), (38, 28), (5, 25)] {
        let ([x, xd], [y, yd]) = sample_at(&r, i, j);
        let t = top(view, x.div_euclid(xd) as u32, y.div_euclid(yd) as u32);
        let metres = (t as f64 / 4.0).round() as i64;
        let v = (metres - (i * 3 + j * 5) as i64).div_euclid(1000);
        assert!((metres - v * 1000 - (i * 3 + j * 5) as i64).abs() <= 1, "{metres} m at {i}, {j}");
        assert_eq!(*found.get_or_insert(v), v, "two versions at once");
    }
    found.unwrap() as u64
}

#[test]
fn a_view_never_changes() {
    let world = World::in_memory().unwrap();
    let mut views = vec![world.view()];
    for v in 1..5 {
        ingest(&world, &mark(v));
        views.push(world.view());
    }
    for (v, view) in views.iter().enumerate().skip(1) {
        assert_eq!(shown(view), v as u64);
        assert_eq!(view.version(), v as u64 + 1, "creating the world is version 1");
        let log: Vec<u64> = view.log().iter().map(|l| l.version).collect();
        assert_eq!(log, (1..=v as u64 + 1).collect::<Vec<_>>());
        assert_eq!(view.log()[v].what, "relief 40×30 from NetCDF classic");
        assert!(view.log()[v].pages > 0);
    }
    assert_eq!(column(&views[0], 5_000_000, 40_000_000), shells_under(0, false), "the blank world is bare");
    assert_sound(&world);
}

#[test]
fn readers_are_never_in_between() {
    let world = World::in_memory().unwrap();
    ingest(&world, &mark(1));
    let (stop, reads) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let view = world.view();
                    assert_eq!(shown(&view), view.version() - 1);
                    reads.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for v in 2..12 {
            ingest(&world, &mark(v));
        }
        while reads.load(Ordering::Relaxed) < 20 {
            std::thread::yield_now();
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn two_threads_lose_nothing() {
    let world = World::in_memory().unwrap();
    let tile = |t: i64, n: i64| {
        let at =
            Lattice { lon: 100 + 200 * t, lat: 400, step: 1, den: 12, width: 20, height: 20, wraps: false };
        relief(at, |i, j| Some((n * 500 + t * 100) as i32 + (i + j) as i32))
    };
    std::thread::scope(|scope| {
        for t in 0..3 {
            let (world, tile) = (&world, &tile);
            scope.spawn(move || (1..5).for_each(|n| ingest(world, &tile(t, n))));
        }
    });
    assert_eq!(world.view().version(), 1 + 3 * 4);
    for t in 0..3 {
        let a = world.verify_against(&tile(t, 4), &|_| ()).unwrap();
        assert_eq!((a.samples, a.wrong), (400, 0), "{:?}", a.examples);
    }
    assert_sound(&world);
}

/// Another writer on the same store, which this world has not heard of: its commit must not be overwritten.
#[test]
fn a_commit_beside_this_world_is_not_lost() {
    let folder = tempfile::tempdir().unwrap();
    let store = bm_store::FileStore::create(folder.path().join("shared.bm")).unwrap();
    let first = World::on(Box::new(store.clone()), Default::default()).unwrap();
    let second = World::on(Box::new(store.clone()), Default::default()).unwrap();
    ingest(&first, &mark(1));
    let late = second.ingest_relief(&mark(2), &Default::default(), &|_| ());
    assert!(matches!(late, Err(WorldError::Changed { expected: 1, found: 2 })), "{late:?}");
    assert_eq!(second.view().version(), 1, "and the view is what it was");
    let stone = Material { id: MaterialId(900), name: "test stone".into(), ..MaterialIdLike::like() };
    assert!(matches!(second.add_material(stone.clone()), Err(WorldError::Changed { .. })));
    assert_eq!(shown(&first.view()), 1);
    let third = World::on(Box::new(store), Default::default()).unwrap();
    assert_eq!(shown(&third.view()), 1);
    third.add_material(stone).unwrap();
    assert_eq!(third.view().material_name(MaterialId(900)), "test stone");
    assert_eq!(shown(&third.view()), 1);
    assert_sound(&third);
}

struct MaterialIdLike;

impl MaterialIdLike {
    /// Any material of the standard registry, to be renamed.
    fn like() -> Material {
        let all = bm_core::MaterialRegistry::standard();
        all.all().iter().find(|m| m.phase == Phase::Solid).unwrap().clone()
    }
}

#[test]
fn a_change_that_fails_changes_nothing() {
    let world = Arc::new(World::in_memory().unwrap());
    ingest(&world, &mark(1));
    let before = (pages(&world), world.view().version());
    let e = world.commit("half done", |_, draft| {
        draft.remove(bm_core::PageId::ROOT);
        Err(WorldError::Data { what: "test", detail: "no".into() })
    });
    assert!(matches!(e, Err(WorldError::Data { .. })));
    // Nothing but holes, and nothing inside the world.
    let at = Lattice { lon: 0, lat: 0, step: 1, den: 60, width: 9, height: 9, wraps: false };
    let e = world.ingest_relief(&relief(at, |_, _| None), &Default::default(), &|_| ());
    assert!(matches!(e, Err(WorldError::Data { what: "relief", .. })), "{e:?}");
    assert_eq!((pages(&world), world.view().version()), before);
    assert_eq!(shown(&world.view()), 1);
}
