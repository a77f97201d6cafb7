//! A coast over coarse relief.

use crate::support::{SAND, area, between, island, line, plain, put};
use crate::tools::{Lattice, relief};
use bm_core::frame::{SEA_LEVEL, TICKS_PER_METRE};
use bm_core::pos::tick_to_alt;
use bm_core::{GeoPoint, MaterialId, MaterialSource, Pos, SourceKind, TickBox};
use bm_hybrid::query::Place;
use bm_hybrid::{ReliefIngest, Sea, View, World};
use bm_overlay::{Durability, StrategyKind, Transaction};
use bm_vector::{Boundary, Extent, Style, Transition};
use proptest::prelude::*;
use std::sync::LazyLock;

/// A slope: land in the west, sea in the east; the relief's own shore is at 2.5° east.
fn slope() -> World {
    let world = World::in_memory().unwrap();
    let at = Lattice { lon: -2, lat: -2, step: 1, den: 2, width: 16, height: 14, wraps: false };
    let relief = relief(at, |i, _| Some(350 - 50 * i as i32));
    world.ingest_relief(&relief, &ReliefIngest::default().sea(Sea::Everywhere), &|_| ()).unwrap();
    world
}

fn pos(lon: f64, lat: f64, alt: f64) -> Pos {
    Pos::from_geo(GeoPoint { lon, lat, alt }).unwrap()
}

fn says(view: &View, lon: f64, lat: f64, alt: f64) -> (MaterialId, SourceKind) {
    let s = view.sample(pos(lon, lat, alt)).unwrap();
    (s.material, s.source)
}

/// The island's western half lies on the relief's land, its eastern half in the relief's sea.
const RING: [[f64; 2]; 4] = [[1.0, 1.0], [4.0, 1.0], [4.0, 3.0], [1.0, 3.0]];

#[test]
fn both_sides_of_a_shore() {
    let world = slope();
    let before = world.view();
    assert!(before.is_ground(says(&before, 0.5, 2.0, 5.0).0), "land in the relief");
    assert_eq!(says(&before, 3.5, 2.0, -5.0).0, MaterialId::SEAWATER);
    world.change_boundaries(&put(island("island", &RING)), "test", Durability::Group).unwrap();
    let view = world.view();
    let beside = SourceKind::Boundary;
    // Land side: water becomes sand up to sea level, land stays what it was.
    assert_eq!(says(&view, 3.5, 2.0, -5.0), (SAND, beside));
    assert_eq!(says(&view, 3.5, 2.0, -0.1), (SAND, beside));
    assert_eq!(says(&view, 3.5, 2.0, 0.1).0, MaterialId::AIR);
    assert_eq!(says(&view, 3.5, 2.0, -3_000_000.0).0, MaterialId::OUTER_CORE, "liquid, but not the sea");
    assert_eq!(says(&view, 1.5, 2.0, 5.0), says(&before, 1.5, 2.0, 5.0));
    // Sea side: land above sea level becomes air, three metres of water beside it, rock below.
    assert_eq!(says(&view, 0.5, 2.0, 5.0), (MaterialId::AIR, beside));
    assert_eq!(says(&view, 0.5, 2.0, -0.1), (MaterialId::SEAWATER, beside));
    assert_eq!(says(&view, 0.5, 2.0, -2.9), (MaterialId::SEAWATER, beside));
    assert_eq!(says(&view, 0.5, 2.0, -3.1), says(&before, 0.5, 2.0, -3.1));
    // Exactly at the shoreline's own coordinates, a metre to either side.
    let metre = 1.0 / 111_319.5;
    let east = |d: f64| says(&view, 4.0 + d * metre, 2.0, -1.0).0;
    assert_eq!((east(-1.0), east(1.0)), (SAND, MaterialId::SEAWATER));
    // Surfaces end at sea level on land, and below it in the sea.
    let top = |lon| view.surface(pos(lon, 2.0, 0.0).x(), pos(lon, 2.0, 0.0).y()).unwrap().unwrap();
    assert_eq!((top(3.5).0, top(3.5).1), (SEA_LEVEL, SAND));
    assert_eq!(top(0.5).0, SEA_LEVEL - 3 * TICKS_PER_METRE);
    let pages = view.surface_of_pages(pos(0.5, 2.0, 0.0).x(), pos(0.5, 2.0, 0.0).y()).unwrap().unwrap();
    assert!(tick_to_alt(pages.0) > 5.0);
    // What has an answer of its own says so.
    let a = view.answer(Place::degrees(3.999_999, 2.0, -1.0), 28).unwrap();
    assert_eq!((a.source, a.material.id, a.exact), ("boundary", SAND, true));
    let near = a.boundary.unwrap();
    assert_eq!(near.id, "island");
    assert!((near.distance_m.unwrap() - 0.111).abs() < 0.001, "{near:?}");
    assert_eq!(before.boundaries().len(), 0, "a view is never changed");
}

/// A rough coast of the whole slope, and a fine one of higher priority: where the fine one has land, the rough one
/// does not make water of what the pages have there.
#[test]
fn the_better_of_two_coasts_answers() {
    let world = slope();
    let fine = Boundary { priority: 1.0, ..island("fine", &RING) };
    let rough = island("rough", &[[3.0, 0.5], [4.5, 0.5], [4.5, 3.5], [3.0, 3.5]]);
    for one in [fine, rough] {
        world.change_boundaries(&put(one), "test", Durability::Memory).unwrap();
    }
    let view = world.view();
    assert!(view.is_ground(says(&view, 1.5, 2.0, 5.0).0), "land in the fine one and in the relief");
    assert_eq!(says(&view, 3.5, 2.0, -1.0).0, SAND);
    assert_eq!(says(&view, 4.2, 2.0, -1.0).0, MaterialId::SEAWATER, "land in the rough one alone");
}

#[test]
fn edits_win_before_and_after_they_are_folded() {
    let world = slope();
    world.change_boundaries(&put(island("island", &RING)), "test", Durability::Group).unwrap();
    let at = pos(3.5, 2.0, -5.0);
    let mut t = Transaction::new("test");
    t.set(at, MaterialId::ORE);
    let bounds = TickBox { min: [at.x() + 8, at.y(), at.z()], max: [at.x() + 60, at.y() + 40, at.z() + 30] };
    t.fill(bounds, MaterialId::SEAWATER).unwrap();
    world.edit(&t).unwrap();
    for _ in 0..2 {
        let view = world.view();
        assert_eq!(view.sample(at).unwrap().material, MaterialId::ORE);
        assert_eq!(view.sample(at.east(10)).unwrap().material, MaterialId::SEAWATER, "a well in the sand");
        assert_eq!(view.sample(at.east(4)).unwrap().material, SAND);
        let volume = view.volume(&bounds, 28).unwrap();
        assert!(volume.cells.iter().all(|&m| m == MaterialId::SEAWATER));
        world.consolidate(StrategyKind::All, &|_, _| ()).unwrap();
    }
    // Cleared, the boundary speaks again.
    let mut t = Transaction::new("test");
    t.set(at, MaterialId::UNSET);
    world.edit(&t).unwrap();
    assert_eq!(world.view().sample(at).unwrap().material, SAND);
}

#[test]
fn who_speaks_first() {
    let world = slope();
    let fault = |id: &str, priority, left, right| Boundary {
        priority,
        transition: Some(Transition { style: Style::Linear, width: 200.0, ..between(left, right).unwrap() }),
        ..plain(id, line(&[[0.5, 0.0], [0.5, 4.0]]))
    };
    let granite = Boundary {
        transition: Some(Transition { left: Some(MaterialId::GRANITE), ..Transition::default() }),
        ..plain("granite", area(&[[0.2, 0.2], [0.8, 0.2], [0.8, 3.8], [0.2, 3.8]]))
    };
    let deep = Boundary { extent: Extent::Altitude { low: -500.0, high: -100.0 }, ..granite.clone() };
    world
        .change_boundaries(
            &put(fault("f1", 1.0, MaterialId::BASALT, MaterialId::SHALE)),
            "t",
            Durability::Memory,
        )
        .unwrap();
    world.change_boundaries(&put(granite), "t", Durability::Memory).unwrap();
    let metre = 1.0 / 111_319.5;
    let view = world.view();
    let at = |d: f64, alt: f64| says(&view, 0.5 + d * metre, 2.0, alt).0;
    // West is left of a line that runs north. The linear transition reaches half its width.
    assert_eq!((at(-99.0, 2.0), at(99.0, 2.0)), (MaterialId::BASALT, MaterialId::SHALE));
    assert_eq!((at(-101.0, 2.0), at(101.0, 2.0)), (MaterialId::GRANITE, MaterialId::GRANITE));
    assert_eq!(at(0.0, 20_000.0), MaterialId::AIR, "ground only");
    world.change_boundaries(&put(Boundary { priority: 2.0, ..deep }), "t", Durability::Memory).unwrap();
    let view = world.view();
    let at = |d: f64, alt: f64| says(&view, 0.5 + d * metre, 2.0, alt).0;
    assert_eq!((at(-99.0, 2.0), at(-99.0, -200.0)), (MaterialId::BASALT, MaterialId::GRANITE), "by altitude");
    let mut runs = view
        .column(
            pos(0.5 - 99.0 * metre, 2.0, 0.0).x(),
            pos(0.5, 2.0, 0.0).y(),
            SEA_LEVEL - 4000,
            SEA_LEVEL + 800,
        )
        .unwrap();
    runs.retain(|r| r.source == SourceKind::Boundary && r.material == MaterialId::GRANITE);
    assert_eq!(runs.len(), 1);
    assert_eq!((tick_to_alt(runs[0].from), tick_to_alt(runs[0].to)), (-500.0, -100.0));
}

/// A world with everything, for comparisons.
static MANY: LazyLock<World> = LazyLock::new(|| {
    let world = slope();
    let mut all = put(island("island", &RING));
    all.extend(put(Boundary {
        priority: 1.0,
        transition: Some(Transition {
            width: 60.0,
            ..between(MaterialId::BASALT, MaterialId::SHALE).unwrap()
        }),
        ..plain("fault", line(&[[0.99, 0.5], [1.001, 1.5], [1.0, 3.5]]))
    }));
    all.extend(put(Boundary {
        extent: Extent::Altitude { low: -7.3, high: 2.9 },
        priority: 2.0,
        transition: Some(Transition { left: Some(MaterialId::ICE), ..Transition::default() }),
        ..plain("floe", area(&[[0.9995, 0.9995], [1.0005, 0.9995], [1.0002, 1.0004]]))
    }));
    world.change_boundaries(&all, "test", Durability::Memory).unwrap();
    let at = pos(1.0, 1.0, -6.0);
    let mut t = Transaction::new("test");
    t.fill(
        TickBox { min: [at.x() - 30, at.y() - 30, at.z()], max: [at.x() + 9, at.y() + 20, at.z() + 40] },
        MaterialId::ORE,
    )
    .unwrap();
    world.edit(&t).unwrap();
    world
});

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// Points, batches, columns, surfaces and volumes are the same world.
    #[test]
    fn every_way_to_ask_gives_the_same(dx in -400i64..400, dy in -400i64..400, level in 24u8..=28, folded in any::<bool>()) {
        if folded {
            MANY.consolidate(StrategyKind::All, &|_, _| ()).unwrap();
        }
        let view = MANY.view();
        let at = pos(1.0, 1.0, -8.0);
        let (x, y) = ((i64::from(at.x()) + dx) as u32, (i64::from(at.y()) + dy) as u32);
        let (z0, z1) = (at.z(), at.z() + 64);
        let points: Vec<Pos> = (z0..z1).map(|z| Pos::new(x, y, z).unwrap()).collect();
        let one: Vec<MaterialId> = points.iter().map(|&p| view.sample(p).unwrap().material).collect();
        let mut batch = Vec::new();
        MaterialSource::sample_batch(&*view, &points, &mut batch).unwrap();
        prop_assert_eq!(&batch, &one);
        let runs = view.column(x, y, z0, z1).unwrap();
        let column: Vec<MaterialId> =
            runs.iter().flat_map(|r| std::iter::repeat_n(r.material, (r.to - r.from) as usize)).collect();
        prop_assert_eq!(&column, &one);
        prop_assert!(runs.windows(2).all(|w| w[0].to == w[1].from));
        let volume = view.volume(&TickBox { min: [x, y, z0], max: [x + 1, y + 1, z1] }, 28).unwrap();
        prop_assert_eq!(&volume.cells, &one);
        let (top, material) = view.surface(x, y).unwrap().unwrap();
        let whole = view.column(x, y, z0 - 4000, SEA_LEVEL + (1 << 16)).unwrap();
        let highest = whole.iter().rev().find(|r| view.is_ground(r.material)).unwrap();
        prop_assert_eq!((top, material), (highest.to, highest.material));
        // Coarser cells: one by one as in a volume.
        let cell = 1u32 << (28 - level);
        let from = [x, y, z0].map(|c| c / cell * cell);
        let coarse = view.volume(&TickBox { min: from, max: from.map(|c| c + 2 * cell) }, level).unwrap();
        for (i, &m) in coarse.cells.iter().enumerate() {
            let i = i as u32;
            let p = Pos::new(from[0] + (i & 1) * cell, from[1] + (i >> 1 & 1) * cell, from[2] + (i >> 2) * cell).unwrap();
            let s = view.sample_at_level(p, level).unwrap();
            prop_assert_eq!((i, s.material), (i, m));
        }
    }
}
