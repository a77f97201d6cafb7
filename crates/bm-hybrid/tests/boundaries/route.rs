//! Layers in order.

use crate::support::{between, island, line, plain, put};
use bm_core::{GeoPoint, MaterialId, Pos, SourceKind};
use bm_hybrid::World;
use bm_hybrid::route::{Grids, Point, Router};
use bm_overlay::{Durability, Transaction};
use bm_vector::{Boundary, Side};

/// A grid of one material between two altitudes over a box of degrees.
struct Slab {
    name: &'static str,
    lon: [f64; 2],
    lat: [f64; 2],
    alt: [f64; 2],
    material: MaterialId,
}

struct Slabs(Vec<Slab>);

impl Grids for Slabs {
    fn cell(&self, point: &Point) -> Option<(MaterialId, &str)> {
        let within = |[lo, hi]: [f64; 2], v: f64| lo <= v && v < hi;
        let here =
            |s: &&Slab| within(s.lon, point.at.x) && within(s.lat, point.at.y) && within(s.alt, point.alt);
        self.0.iter().find(here).map(|s| (s.material, s.name))
    }
}

#[test]
fn edits_then_grids_then_boundaries_then_pages() {
    let world = World::in_memory().unwrap();
    let line = Boundary {
        priority: 1.0,
        transition: between(MaterialId::GRANITE, MaterialId::SHALE),
        ..plain("test-fault", line(&[[50.0, 0.0], [50.0, 10.0]]))
    };
    world.change_boundaries(&put(line), "t", Durability::Memory).unwrap();
    let metre = 1.0 / 111_319.5;
    let place = |d: f64| GeoPoint { lon: 50.0 + d * metre, lat: 5.0, alt: -20.0 };
    let mut t = Transaction::new("t");
    t.set(Pos::from_geo(place(10.0)).unwrap(), MaterialId::ORE);
    world.edit(&t).unwrap();
    let view = world.view();
    let grids = Slabs(vec![
        Slab {
            name: "west",
            lon: [49.0, 49.9],
            lat: [0.0, 10.0],
            alt: [-100.0, 0.0],
            material: MaterialId::ICE,
        },
        Slab {
            name: "east",
            lon: [49.9, 49.99999],
            lat: [0.0, 10.0],
            alt: [-100.0, 0.0],
            material: MaterialId::BASALT,
        },
    ]);
    let router = Router::of(&view).with_grids(&grids);
    let ask = |p| router.ask(p, 28).unwrap();
    // Each side of the line, to the metres; the boundary that spoke is named.
    for (d, material, side) in
        [(0.1, MaterialId::SHALE, Side::Right), (-0.1, MaterialId::GRANITE, Side::Left)]
    {
        let answer = ask(place(d));
        assert_eq!((answer.sample.material, answer.sample.source), (material, SourceKind::Boundary));
        assert_eq!(answer.boundary, Some(("test-fault".into(), side)));
        assert!(answer.sample.exact);
    }
    assert_eq!(ask(place(10.0)).sample.source, SourceKind::Edit);
    assert_eq!(ask(place(20.0)).sample.source, SourceKind::Procedural);
    // Half-open grids beside each other.
    let at = |lon| GeoPoint { lon, ..place(0.0) };
    assert_eq!(ask(at(49.899_999)).grid, Some("west"));
    let east = ask(at(49.9));
    assert_eq!(
        (east.grid, east.sample.material, east.sample.source),
        (Some("east"), MaterialId::BASALT, SourceKind::Grid)
    );
    assert_eq!(ask(GeoPoint { alt: 0.5, ..at(49.5) }).grid, None, "above the slab");
    let stats = router.stats();
    assert_eq!(stats.total(), 7);
    assert_eq!(
        [SourceKind::Boundary, SourceKind::Edit, SourceKind::Grid].map(|s| stats.answers(s)),
        [2, 1, 2]
    );
    assert_eq!(stats.exact_tests(), 2);
    assert_eq!(stats.latency(SourceKind::Boundary).count(), 1, "the first answer of all");
}

/// A boundary of the globe's size settles almost everything without looking at an edge.
#[test]
fn most_answers_need_no_edge() {
    let world = World::in_memory().unwrap();
    let round: Vec<[f64; 2]> = (0..4000)
        .map(|i| f64::from(i) / 4000.0 * std::f64::consts::TAU)
        .map(|a| [60.0 * a.cos(), 60.0 * a.sin()])
        .collect();
    world.change_boundaries(&put(island("continent", &round)), "t", Durability::Memory).unwrap();
    let view = world.view();
    let router = Router::of(&view);
    let (n, mut inside) = (4000, 0);
    for i in 0..n {
        // Kronecker points.
        let f = |k: f64| (f64::from(i) * k).fract();
        let p = GeoPoint {
            lon: f(0.754_877_666) * 360.0 - 180.0,
            lat: f(0.569_840_291) * 180.0 - 90.0,
            alt: -1.0,
        };
        let answer = router.ask(p, 28).unwrap();
        let land = p.lon.hypot(p.lat) < 60.0;
        inside += usize::from(land);
        if (p.lon.hypot(p.lat) - 60.0).abs() > 0.01 {
            let want = if land { MaterialId::UPPER_CRUST } else { MaterialId::SEAWATER };
            assert_eq!(answer.sample.material, want, "{p:?}");
        }
    }
    assert!(inside > 500);
    assert!(router.stats().exact_tests() * 10 < n as u64, "{} of {n}", router.stats().exact_tests());
}
