//! Coastlines and land that moves.

use crate::support::{cells, column, earth, region, take};
use bm_core::frame::SEA_LEVEL;
use bm_core::{MaterialId, Pos};
use bm_hybrid::World;
use bm_hybrid::checkout::Back;
use bm_hybrid::ingest::boundary::{BoundaryIngest, Source};
use bm_overlay::Durability;
use bm_vector::set::Change;
use bm_vector::{Area, Boundary, Extent, Kind, Shape, Transition, Where};
use geo_types::{Coord, LineString};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

fn island(id: &str, lon: f64, lat: f64, half: f64) -> Change {
    let corners = [[-half, -half], [half, -half], [half, half], [-half, half], [-half, -half]];
    let ring = corners.map(|[x, y]| Coord { x: lon + x, y: lat + y }).to_vec();
    Change::Put(Boundary {
        id: id.into(),
        kind: Kind::Coastline,
        shape: Shape::Area(Arc::new(Area::new(vec![ring]).unwrap())),
        transition: Some(Transition {
            left: Some(MaterialId(2)),
            right: Some(MaterialId::SEAWATER),
            ..Transition::default()
        }),
        extent: Extent::Shore { depth: 3.0 },
        priority: 0.0,
        precision: 100.0,
        properties: BTreeMap::new(),
    })
}

/// An island of 20 km in the middle of the Pacific rises where there was a small one.
#[test]
fn a_coast_follows_its_island() {
    let world = earth();
    let out = region(-150.0, 20.0, 1000.0, 60, 60);
    let middle = (-150.0 + 30.0 / 111.3, 20.0 + 30.0 / 111.3);
    world.change_boundaries(&[island("isle", middle.0, middle.1, 0.15)], "t", Durability::Memory).unwrap();
    let (origin, mut seed) = take(&world, &out);
    for (k, x, y) in cells(&out) {
        let away = f64::hypot(f64::from(x) - 29.5, f64::from(y) - 29.5);
        seed.state.ground.values[k] = 200.0 - 10.0 * away;
    }
    let before = world.view();
    let kept = Back::default().keep_coasts(true);
    let landed = world.commit_land(&origin, &seed.state, &kept, "t", &|_| ()).unwrap();
    assert_eq!(landed.coasts, [0, 0]);
    let landed = world.commit_land(&origin, &seed.state, &Back::default().force(true), "t", &|_| ()).unwrap();
    assert_eq!((landed.coasts, landed.version), ([1, 0], world.view().version()));
    let view = world.view();
    let isle = view.boundaries().get(&"isle".into()).unwrap();
    let b = isle.bounds().unwrap();
    // 20 km around the middle, to a quarter of a cell.
    let wide = (b.max().x - b.min().x) * 111.3195;
    assert!((wide - 40.0).abs() < 1.0, "{wide} km");
    let old = before.boundaries().get(&"isle".into()).unwrap().bounds().unwrap();
    assert!((old.width() - 0.3).abs() < 1e-9);
    // Land and sea half a metre under the sea's surface, on both sides of the new shore.
    let material = |x: u32| {
        let [cx, cy] = column(&out, x, 30);
        view.sample(Pos::new(cx, cy, SEA_LEVEL - 2).unwrap()).unwrap().material
    };
    assert!(
        view.is_ground(material(30)) && view.is_ground(material(47)),
        "the shore lies 20 cells from the middle"
    );
    assert_eq!((material(52), material(5)), (MaterialId::SEAWATER, MaterialId::SEAWATER));
}

/// A continent of 2 000 km whose shore passes a region: a headland rises there, and a bay sinks.
#[test]
fn a_continents_coast_follows_where_land_changed() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::create(dir.path().join("w.bm")).unwrap();
    let relief = bm_io::bundled::bundled_etopo20().unwrap();
    world.ingest_relief(&relief, &Default::default(), &|_| ()).unwrap();
    let out = region(-150.0, 20.0, 1000.0, 40, 40);
    let east = -149.8201;
    // A shore of some detail, finer than cells.
    let mut ring: Vec<Coord<f64>> = (0..4000)
        .map(|k| f64::from(k) * 0.005 + 10.0)
        .map(|y| Coord { x: east + 0.004 * (y * 40.0).sin() + 0.001 * (y * 977.0).sin(), y })
        .collect();
    ring.extend([Coord { x: -170.0, y: 30.0 }, Coord { x: -170.0, y: 10.0 }, ring[0]]);
    let Change::Put(isle) = island("continent", 0.0, 0.0, 1.0) else { unreachable!() };
    let shape = Shape::Area(Arc::new(Area::new(vec![ring.clone()]).unwrap()));
    world.change_boundaries(&[Change::Put(Boundary { shape, ..isle })], "t", Durability::Memory).unwrap();

    let (origin, seed) = take(&world, &out);
    let mut state = seed.state;
    let shore = origin.heights[..40].iter().position(|z| *z < 0.0).unwrap();
    assert!((18..22).contains(&shore), "{shore}");
    let (mut raised, mut sunk) = (Vec::new(), Vec::new());
    for (k, x, y) in cells(&out) {
        let x = x as usize;
        if (shore..shore + 8).contains(&x) && (8..14).contains(&y) {
            state.ground.values[k] = 50.0;
            raised.push((x as u32, y));
        } else if (shore - 6..shore).contains(&x) && (24..31).contains(&y) {
            // The shore bends: some of it was sea before.
            if origin.heights[k] >= 0.0 {
                sunk.push((x as u32, y));
            }
            state.ground.values[k] = -40.0;
        } else if (30..33).contains(&x) && (30..33).contains(&y) {
            state.ground.values[k] = 20.0;
            raised.push((x as u32, y));
        }
    }
    let before = world.view();
    let landed = world.commit_land(&origin, &state, &Back::default(), "t", &|_| ()).unwrap();
    assert_eq!(landed.coasts, [1, 0]);
    let view = world.view();
    let coast = view.boundaries().get(&"continent".into()).unwrap();
    coast.check(bm_vector::Frame::Geographic).unwrap();
    let Shape::Area(area) = &coast.shape else { unreachable!("an area stays one") };
    assert_eq!(area.counts().0, 2, "an island came up");
    let at = |x: u32, y: u32, alt: f64| {
        let [cx, cy] = column(&out, x, y);
        let pos = Pos::new(cx, cy, (f64::from(SEA_LEVEL) + alt * 4.0) as u32).unwrap();
        (view.sample(pos).unwrap(), before.sample(pos).unwrap())
    };
    let is_land = |x: u32, y: u32| {
        let p = origin.region.cell_center(x, y).unwrap();
        let degrees = |v: f64| v / 111_319.5;
        area.locate(Coord { x: degrees(p.x) - 180.0, y: degrees(p.y) - 90.0 })
    };
    for &(x, y) in &raised {
        assert_eq!(is_land(x, y), Where::Inside);
        let (now, then) = at(x, y, 10.0);
        assert!(view.is_ground(now.material) && then.material == MaterialId::AIR, "{x} {y} {now:?} {then:?}");
        let (now, then) = at(x, y, -2.0);
        assert!(view.is_ground(now.material) && then.material == MaterialId::SEAWATER);
    }
    for &(x, y) in &sunk {
        assert_eq!(is_land(x, y), Where::Outside);
        let (now, then) = at(x, y, -2.0);
        assert!(now.material == MaterialId::SEAWATER && before.is_ground(then.material), "{x} {y}");
    }
    // Elsewhere each side says what it said.
    for (_, x, y) in cells(&out) {
        if !raised.contains(&(x, y)) && !sunk.contains(&(x, y)) {
            let was =
                if origin.heights[(y * 40 + x) as usize] >= 0.0 { Where::Inside } else { Where::Outside };
            assert_eq!(is_land(x, y), was, "{x} {y}");
        }
    }
    // Vertices that are a cell away from what changed are the very ones, in their order.
    let new: Vec<Coord<f64>> = area.rings().next().unwrap();
    let p = |y: f64| y / 111.3195 + 20.0;
    let far = |c: &Coord<f64>| c.y < p(6.5) || c.y > p(32.5) || (p(15.5)..p(22.5)).contains(&c.y);
    let kept: Vec<[u64; 2]> = new.iter().filter(|c| far(c)).map(|c| [c.x.to_bits(), c.y.to_bits()]).collect();
    let old: Vec<[u64; 2]> = ring.iter().filter(|c| far(c)).map(|c| [c.x.to_bits(), c.y.to_bits()]).collect();
    let start = kept.iter().position(|c| *c == old[0]).unwrap();
    // Each says its first vertex again at its end.
    let turned: Vec<[u64; 2]> = kept[start..].iter().chain(&kept[..=start]).copied().collect();
    let mut turned = turned;
    turned.dedup();
    assert_eq!(turned, old);
    // What the version before said, it says, and the new one is what is on the disk.
    let old = before.boundaries().get(&"continent".into()).unwrap();
    assert!(matches!(&old.shape, Shape::Area(a) if a.rings().next().unwrap() == ring));
    let coast = coast.clone();
    drop((view, before, world));
    let again = World::open(dir.path().join("w.bm")).unwrap();
    assert_eq!(**again.view().boundaries().get(&"continent".into()).unwrap(), *coast);
}

/// What is taken out of the world after that has the new shores, and laid back as it is, nothing moves.
#[test]
fn commits_without_new_shores_change_no_coast() {
    let world = earth();
    let out = region(-150.0, 20.0, 1000.0, 20, 20);
    // Neither speaks of what is outside of it.
    let islet = |id: &str, lon: f64, half: f64| {
        let Change::Put(b) = island(id, lon, 20.1, half) else { unreachable!() };
        Change::Put(Boundary { transition: b.transition.map(|t| Transition { right: None, ..t }), ..b })
    };
    let across = [islet("inside", -149.9, 0.03), islet("across", -150.0, 0.05)];
    world.change_boundaries(&across, "t", Durability::Memory).unwrap();
    let (origin, mut seed) = take(&world, &out);
    for z in &mut seed.state.ground.values {
        *z += if *z < 0.0 { -100.0 } else { 100.0 };
    }
    let landed = world.commit_land(&origin, &seed.state, &Back::default(), "t", &|_| ()).unwrap();
    assert_eq!(landed.coasts, [0, 0]);
    let (origin, mut seed) = take(&world, &out);
    for z in &mut seed.state.ground.values {
        *z = -20.0;
    }
    let landed = world.commit_land(&origin, &seed.state, &Back::default(), "t", &|_| ()).unwrap();
    let view = world.view();
    assert!(landed.changed > 0);
    assert!(landed.coasts[1] == 0 && landed.coasts[0] == 2, "{:?}", landed.coasts);
    assert!(view.boundaries().get(&"inside".into()).is_none());
    // What lies west of the region is there still.
    let rest = view.boundaries().get(&"across".into()).unwrap().bounds().unwrap();
    let old = across_bounds(&across[1]);
    assert!(rest.min() == old.min() && rest.max().x < -149.985, "{rest:?}");
}

fn across_bounds(change: &Change) -> geo_types::Rect<f64> {
    let Change::Put(b) = change else { unreachable!() };
    b.bounds().unwrap()
}

/// Open lines have no inside: they stay, and are counted.
#[test]
fn open_coasts_stay() {
    let world = earth();
    let out = region(-150.0, 20.0, 1000.0, 20, 20);
    let Change::Put(isle) = island("line", 0.0, 0.0, 1.0) else { unreachable!() };
    let line = LineString(vec![Coord { x: -149.9, y: 10.0 }, Coord { x: -149.9, y: 30.0 }]);
    let open = Boundary { shape: Shape::Lines(vec![line]), ..isle };
    world.change_boundaries(&[Change::Put(open.clone())], "t", Durability::Memory).unwrap();
    let (origin, mut seed) = take(&world, &out);
    for (k, ..) in cells(&out) {
        seed.state.ground.values[k] = 20.0;
    }
    let landed = world.commit_land(&origin, &seed.state, &Back::default(), "t", &|_| ()).unwrap();
    assert_eq!(landed.coasts, [0, 1]);
    assert_eq!(**world.view().boundaries().get(&"line".into()).unwrap(), open);
}

/// Natural Earth's land, one area: the Strait of Gibraltar falls dry, and Denmark's Jutland is cut through.
#[test]
fn the_earths_coast_at_two_places() {
    let world = earth();
    let land = bm_io::bundled::natural_earth_land().unwrap();
    let land = Source { name: "land".into(), features: land.features };
    let how = BoundaryIngest::new(Kind::Coastline).id(Some("land".into())).rank(0.0, 200.0);
    world.ingest_boundaries(vec![land], &how, &|_| ()).unwrap();
    let rings = |world: &World| {
        let view = world.view();
        let Shape::Area(area) = &view.boundaries().get(&"land".into()).unwrap().shape else { unreachable!() };
        area.rings().collect::<Vec<_>>()
    };
    let first = rings(&world);
    let holding = |rings: &[Vec<Coord<f64>>], lon: f64, lat: f64| {
        let at = |r: &&Vec<Coord<f64>>| {
            let area = Area::new(vec![r.to_vec()]).unwrap();
            [0.0, 360.0, -360.0]
                .iter()
                .any(|lap| area.locate(Coord { x: lon + lap, y: lat }) == Where::Inside)
        };
        rings.iter().filter(at).max_by_key(|r| r.len()).cloned()
    };
    let (spain, africa) = ((-4.0, 40.0), (0.0, 20.0));
    // Africa hangs together with Asia; the strait closes the Mediterranean.
    let lakes = |rings: &[Vec<Coord<f64>>]| {
        rings.iter().filter(|r| bm_vector::geometry::validate::runs_left(r) == Some(false)).count()
    };
    let out = region(-6.2, 35.6, 2000.0, 60, 40);
    let (origin, mut seed) = take(&world, &out);
    for (k, x, _) in cells(&out) {
        let z = &mut seed.state.ground.values[k];
        if (20..40).contains(&x) {
            *z = z.max(10.0);
        }
    }
    let landed = world.commit_land(&origin, &seed.state, &Back::default(), "t", &|_| ()).unwrap();
    assert_eq!(landed.coasts, [1, 0]);
    let dry = rings(&world);
    let (a, b) = (holding(&dry, spain.0, spain.1), holding(&dry, africa.0, africa.1));
    assert_eq!(a, b);
    assert_eq!(lakes(&dry), lakes(&first) + 1, "the Mediterranean has become a lake");
    let kept: HashSet<[u64; 2]> = dry.iter().flatten().map(|c| [c.x.to_bits(), c.y.to_bits()]).collect();
    // Longitudes of a ring are counted on from where it begins.
    let near = |c: &Coord<f64>| {
        (-6.3..-4.9).contains(&((c.x + 180.0).rem_euclid(360.0) - 180.0)) && (35.5..36.5).contains(&c.y)
    };
    let lost = first.iter().flatten().find(|c| !near(c) && !kept.contains(&[c.x.to_bits(), c.y.to_bits()]));
    assert_eq!(lost, None);

    let out = region(8.0, 55.9, 2000.0, 150, 12);
    let (origin, mut seed) = take(&world, &out);
    for (k, _, y) in cells(&out) {
        if (3..9).contains(&y) {
            seed.state.ground.values[k] = -30.0;
        }
    }
    let landed = world.commit_land(&origin, &seed.state, &Back::default(), "t", &|_| ()).unwrap();
    assert_eq!(landed.coasts, [1, 0]);
    let cut = rings(&world);
    let north = holding(&cut, 9.5, 57.0).unwrap();
    assert_ne!(Some(&north), holding(&cut, 9.0, 55.0).as_ref());
    assert_ne!(holding(&dry, 9.5, 57.0).map(|r| r.len()), Some(north.len()));
    // What is new crosses nothing: of the file that cannot be said.
    let orient = bm_vector::geometry::orient;
    for (from, to) in [([-6.3, 35.5], [-5.0, 36.5]), ([7.9, 55.8], [10.8, 56.2])] {
        let lap = |c: &Coord<f64>| Coord { x: (c.x + 180.0).rem_euclid(360.0) - 180.0, y: c.y };
        let near = |c: Coord<f64>| c.x >= from[0] && c.x <= to[0] && c.y >= from[1] && c.y <= to[1];
        let edges = cut.iter().flat_map(|r| r.windows(2)).map(|e| [lap(&e[0]), lap(&e[1])]);
        let edges: Vec<_> = edges.filter(|e| near(e[0]) || near(e[1])).collect();
        assert!(edges.len() > 100);
        for (k, [a, b]) in edges.iter().enumerate() {
            for [c, d] in &edges[..k] {
                let parts = |a, b, c, d| orient(a, b, c) * orient(a, b, d) < 0.0;
                assert!(!(parts(*a, *b, *c, *d) && parts(*c, *d, *a, *b)), "{a:?} {b:?} {c:?} {d:?}");
            }
        }
    }
}
