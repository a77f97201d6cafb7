//! Lines out of grids: round trips, shared nodes, names that last.
#![allow(clippy::unwrap_used, reason = "tests")]

use bm_core::{MaterialId, Phase};
use bm_grid::{Bounds, DVec2, Grid, GridError, Region, layer};
use bm_vector::extract::{
    self, ExtractError, Origin, Watch, borders, coastlines, identify, shorelines, simplified,
};
use bm_vector::set::BoundarySet;
use bm_vector::sync::{self, Listed};
use bm_vector::{Area, Boundary, Extent, Frame, Kind, Shape, Style, Transition, Where};
use geo_types::{Coord, LineString};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

fn region(width: u32, height: u32) -> Region {
    let max = DVec2::new(width.into(), height.into());
    Region::new(Bounds { min: DVec2::ZERO, max }, 1.0).unwrap()
}

fn with_elevation(region: Region, height: impl Fn(u32, u32) -> f64) -> Grid {
    let mut grid = Grid::uniform(region, MaterialId::ROCK).unwrap();
    let layer = grid.get_or_create_layer(layer::ELEVATION, 0.0_f64).unwrap();
    for y in 0..region.height() {
        for x in 0..region.width() {
            layer.set(x, y, height(x, y)).unwrap();
        }
    }
    grid
}

fn shores(grid: &Grid) -> Vec<LineString<f64>> {
    shorelines(grid, layer::ELEVATION, 0.0).unwrap()
}

/// Twice the area inside a ring, positive if it runs left around.
fn turn(ring: &LineString<f64>) -> f64 {
    ring.0.windows(2).map(|e| e[0].x * e[1].y - e[1].x * e[0].y).sum()
}

fn area(rings: &[LineString<f64>]) -> Area {
    Area::build(rings.iter().map(|ring| ring.0.as_slice()), None).unwrap()
}

#[test]
fn a_lake_on_an_island() {
    let cone = |x: u32, y: u32| {
        let r = f64::hypot(f64::from(x) - 20.0, f64::from(y) - 20.0);
        if r < 8.0 { r - 5.0 } else { 15.0 - r }
    };
    let found = shores(&with_elevation(region(41, 41), cone));
    let mut turns: Vec<f64> = found.iter().map(|ring| turn(ring) / 2.0).collect();
    turns.sort_by(f64::total_cmp);
    let pi = std::f64::consts::PI;
    // Land lies left: the island left around, the lake right around; circles of 15 m and 5 m.
    assert!(
        (turns[0] / (-25.0 * pi) - 1.0).abs() < 0.02 && (turns[1] / (225.0 * pi) - 1.0).abs() < 0.01,
        "{turns:?}"
    );
    for ring in &found {
        assert!(ring.is_closed());
        let r = if turn(ring) > 0.0 { 15.0 } else { 5.0 };
        // Half a cell would do; a straight profile does better.
        assert!(ring.0.iter().all(|p| (f64::hypot(p.x - 20.5, p.y - 20.5) - r).abs() < 0.05));
    }
}

#[test]
fn saddles_follow_the_mean_and_holes_cut() {
    let saddle = |high: f64, low: f64| {
        shores(&with_elevation(region(2, 2), |x, y| if x == y { high } else { low })).len()
    };
    assert_eq!(saddle(3.0, -1.0), 2);
    assert_eq!(saddle(1.0, -3.0), 2);
    // Joined land: lines go around the water, which lies in the south-east; else around the land.
    let ends = |high, low| {
        let lines = shores(&with_elevation(region(2, 2), |x, y| if x == y { high } else { low }));
        let south = lines.iter().find(|l| l.0.iter().any(|p| p.y == 0.5)).unwrap().clone();
        south.0.iter().any(|p| p.x == 1.5)
    };
    assert!(ends(3.0, -1.0) && !ends(1.0, -3.0));

    let slope = |hole: bool| {
        shores(&with_elevation(region(9, 9), move |x, y| {
            if hole && (x, y) == (4, 4) { f64::NAN } else { f64::from(y) - 3.7 }
        }))
    };
    let whole = slope(false);
    assert_eq!(whole.len(), 1);
    // Land in the north lies left of a line to the east.
    assert!(whole[0].0[0].x < whole[0].0[8].x && whole[0].0.iter().all(|p| (p.y - 4.2).abs() < 1e-9));
    let cut = slope(true);
    assert_eq!(cut.len(), 2, "the hole takes its four squares");
    assert!(cut.iter().all(|line| !line.is_closed()));
    let flat = with_elevation(region(5, 5), |_, _| f64::NAN);
    assert!(shores(&flat).is_empty());
}

#[test]
fn what_cannot_be_extracted_is_said() {
    let grid = Grid::uniform(region(3, 3), MaterialId::ROCK).unwrap();
    let err = shorelines(&grid, layer::ELEVATION, 0.0).unwrap_err();
    assert!(matches!(err, ExtractError::Grid(GridError::LayerMissing { name }) if name == "elevation"));
    let grid = with_elevation(region(3, 3), |_, _| 1.0);
    assert!(matches!(shorelines(&grid, layer::ELEVATION, f64::NAN), Err(ExtractError::SeaLevel(_))));
}

#[test]
fn borders_share_their_nodes() {
    // Three countries meeting at (3, 3), and an enclave.
    let grid = Grid::from_fn(region(6, 6), |x, y| {
        MaterialId(match (x, y) {
            (1, 1) => 9,
            (_, 3..) => 3,
            (3.., _) => 2,
            _ => 1,
        })
    });
    let found = borders(&region(6, 6), grid.unwrap().base());
    assert_eq!(found.len(), 4);
    let node = Coord { x: 3.0, y: 3.0 };
    let at_node = |l: &LineString<f64>| l.0[0] == node || l.0[l.0.len() - 1] == node;
    assert_eq!(found.iter().filter(|b| at_node(&b.line)).count(), 3);
    let enclave: Vec<_> = found.iter().filter(|b| b.line.is_closed()).collect();
    assert_eq!(enclave.len(), 1);
    assert_eq!(enclave[0].line.0.len(), 5, "the middles of four cracks");
    let inside = if turn(&enclave[0].line) > 0.0 { enclave[0].left } else { enclave[0].right };
    assert_eq!(inside, MaterialId(9));
}

#[test]
fn names_last() {
    let disc =
        |cx: f64, cy: f64, r: f64| move |x: u32, y: u32| r - f64::hypot(f64::from(x) - cx, f64::from(y) - cy);
    let put = |id: &str, line: &LineString<f64>| Boundary {
        id: id.into(),
        kind: Kind::Coastline,
        shape: Shape::Lines(vec![line.clone()]),
        transition: None,
        extent: Extent::Ground,
        priority: 0.0,
        precision: 1.0,
        properties: BTreeMap::new(),
    };
    let two = |a: f64, b: f64, ra: f64| {
        let (a, b) = (disc(a, 30.0, ra), disc(b, 30.0, 7.0));
        with_elevation(region(80, 60), move |x, y| a(x, y).max(b(x, y)))
    };
    let never = |_: &_| false;
    let before = shores(&two(20.0, 60.0, 12.0));
    let first = identify(&region(80, 60), &[], before, "coast", &never);
    let ids: Vec<_> = first.lines.iter().map(|n| n.id.to_string()).collect();
    assert_eq!(ids, ["coast-1", "coast-2"]);
    assert!(first.lines.iter().all(|n| n.origin == Origin::New));
    let olds: Vec<_> = first.lines.iter().map(|n| put(&n.id.0, &n.line)).collect();
    let olds: Vec<_> = olds.iter().collect();

    // The large one wanders and shrinks, the small one is drowned.
    let moved = with_elevation(region(80, 60), disc(23.0, 32.0, 11.0));
    let now = identify(&region(80, 60), &olds, shores(&moved), "coast", &never);
    assert_eq!((now.lines.len(), now.removed.len(), now.beyond.len()), (1, 1, 0));
    let large =
        olds.iter().max_by(|a, b| a.bounds().unwrap().width().total_cmp(&b.bounds().unwrap().width()));
    assert_eq!(now.lines[0].id, large.unwrap().id);
    assert!(matches!(now.lines[0].origin, Origin::Kept(like) if like > 0.5));

    // A strait parts it: the larger part keeps the name.
    let strait = |x: u32, y: u32| if x == 24 { -1.0 } else { disc(20.0, 30.0, 12.0)(x, y) };
    let parts =
        identify(&region(80, 60), &olds, shores(&with_elevation(region(80, 60), strait)), "coast", &|id| {
            *id == "coast-1-2".into() || *id == "coast-2-2".into()
        });
    assert_eq!(parts.lines.len(), 2);
    let kept = parts.lines.iter().find(|n| matches!(n.origin, Origin::Kept(_))).unwrap();
    let split = parts.lines.iter().find(|n| n.origin == Origin::Split(kept.id.clone())).unwrap();
    assert_eq!(split.id, format!("{}-3", kept.id).into(), "the second is taken");

    // What goes on outside is not for this grid to say.
    let beyond = put("wide", &LineString::from(vec![(-500.0, 30.0), (500.0, 31.0)]));
    let now = identify(&region(80, 60), &[&beyond], vec![], "coast", &never);
    assert_eq!((now.removed, now.beyond), (vec![], vec!["wide".into()]));
    let along = LineString::from(vec![(1.0, 30.6), (79.0, 31.2)]);
    let now = identify(&region(80, 60), &[&beyond], vec![along], "coast", &never);
    assert_eq!(now.lines[0].origin, Origin::Beyond("wide".into()));
}

#[test]
fn coastlines_become_changes() {
    let two = |x: u32, y: u32| {
        let disc = |cx: f64, r: f64| r - f64::hypot(f64::from(x) - cx, f64::from(y) - 30.0);
        disc(20.0, 12.0).max(disc(60.0, 7.0))
    };
    let grid = with_elevation(region(80, 60), two);
    let template = Boundary {
        id: "coast".into(),
        kind: Kind::Coastline,
        shape: Shape::Lines(vec![]),
        transition: None,
        extent: Extent::Shore { depth: 10.0 },
        priority: 3.0,
        precision: 1.0,
        properties: BTreeMap::new(),
    };
    let never = |_: &_| false;
    let coasts = |grid: &Grid, old: &[&Boundary]| {
        coastlines(grid, layer::ELEVATION, 0.0, 0.4, old, &template, &never).unwrap()
    };
    let first = coasts(&grid, &[]);
    let set = BoundarySet::new(Frame::Plane).apply(&first.changes).unwrap();
    assert_eq!((set.len(), set.get(&"coast-1".into()).unwrap().priority), (2, 3.0));
    // Nothing happened: the same again.
    let old: Vec<&Boundary> = set.iter().map(|b| &**b).collect();
    let again = coasts(&grid, &old);
    assert!(again.identified.lines.iter().all(|n| n.origin == Origin::Kept(1.0)) && again.changes.len() == 2);
    let same = set.apply(&again.changes).unwrap();
    assert!(same.iter().zip(set.iter()).all(|(a, b)| a == b));
    // One island is drowned.
    let less = coasts(&with_elevation(region(80, 60), |x, y| if x > 40 { -1.0 } else { two(x, y) }), &old);
    assert_eq!(set.apply(&less.changes).unwrap().len(), 1);
    // An area stays one, whatever it falls into.
    let rings = shores(&grid);
    let land = Boundary { id: "land".into(), shape: Shape::Area(Arc::new(area(&rings))), ..template.clone() };
    let strait = with_elevation(region(80, 60), |x, y| if x == 24 { -1.0 } else { two(x, y) });
    let parted = coasts(&strait, &[&land]);
    assert_eq!(parted.changes.len(), 1);
    let set = BoundarySet::new(Frame::Plane).apply(&parted.changes).unwrap();
    let Shape::Area(now) = &set.get(&"land".into()).unwrap().shape else { panic!("an area") };
    assert_eq!(now.rings().count(), 3);
}

#[test]
fn syncs_do_not_call_for_extraction() {
    let mut grid = with_elevation(region(20, 20), |x, _| f64::from(x) - 10.0);
    let mut watch = Watch::new(&grid, layer::ELEVATION);
    let transition = Transition {
        left: Some(MaterialId(10)),
        right: Some(MaterialId(20)),
        style: Style::Sharp,
        width: 0.0,
    };
    let shore = Boundary {
        id: "shore".into(),
        kind: Kind::Coastline,
        shape: Shape::Lines(shores(&grid)),
        transition: Some(transition),
        extent: Extent::Ground,
        priority: 0.0,
        precision: 1.0,
        properties: BTreeMap::new(),
    };
    let listed = [Arc::new(shore)];
    let all = Listed { frame: Frame::Plane, boundaries: &listed };
    let report = sync::rebuild(&mut grid, &all, &|_| Phase::Solid).unwrap();
    assert!(report.changed > 0 && !watch.is_due(&grid));
    grid.layer_mut::<f64>(layer::ELEVATION).unwrap().set(3, 3, 5.0).unwrap();
    assert!(watch.is_due(&grid));
    assert_eq!(watch.elevation_tiles(&grid), [0]);
    watch.seen(&grid);
    assert!(!watch.is_due(&grid));
    grid.base_mut().set(3, 3, MaterialId::SHALE).unwrap();
    assert_eq!((watch.is_due(&grid), watch.base_tiles(&grid).count()), (true, 1));
}

#[test]
fn shores_of_the_world_are_in_degrees() {
    let (w, cell) = (40_075_020.0, 1000.0);
    let min = DVec2::new(w - 20.0 * cell, 1.2e7);
    let bounds = Bounds { min, max: min + DVec2::splat(40.0 * cell) };
    let region = Region::in_world(bounds, cell).unwrap();
    let island = |x: u32, y: u32| 9.0 - f64::hypot(f64::from(x) - 19.5, f64::from(y) - 19.5);
    let found = shores(&with_elevation(region, island));
    assert_eq!(found.len(), 1);
    let lons: Vec<f64> = found[0].0.iter().map(|p| p.x).collect();
    // Over the date line, unwrapped: 9 km are 0.081°.
    let (min, max) =
        (lons.iter().copied().fold(f64::INFINITY, f64::min), lons.iter().copied().fold(0.0, f64::max));
    assert!(
        (min - (180.0 - 9000.0 / 111_319.5)).abs() < 1e-3
            && (max - (180.0 + 9000.0 / 111_319.5)).abs() < 1e-3
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Rasterising the shores again gives the land again, cell by cell.
    #[test]
    fn shores_and_back(
        heights in prop::collection::vec(prop_oneof![
            4 => -1.0..1.0_f64,
            1 => Just(0.0),
            1 => prop_oneof![Just(1e300), Just(-1e300), Just(1e-300), Just(-1e-300)],
        ], 12 * 10),
    ) {
        let (width, height) = (12, 10);
        // Sea all around, so that every line closes.
        let at = |x: u32, y: u32| {
            let rim = x == 0 || y == 0 || x == width - 1 || y == height - 1;
            if rim { -1.0 } else { heights[(y * width + x) as usize] }
        };
        let found = shores(&with_elevation(region(width, height), at));
        prop_assert!(found.iter().all(LineString::is_closed));
        let area = area(&found);
        for y in 0..height {
            for x in 0..width {
                let p = Coord { x: f64::from(x) + 0.5, y: f64::from(y) + 0.5 };
                let expected = if at(x, y) >= 0.0 { Where::Inside } else { Where::Outside };
                prop_assert_eq!(area.locate(p), expected, "({}, {})", x, y);
            }
        }
        // Land lies left of every piece, and no two pieces cross.
        let pieces: Vec<(Coord<f64>, Coord<f64>)> =
            found.iter().flat_map(|l| l.0.windows(2).map(|e| (e[0], e[1]))).collect();
        for &(a, b) in &pieces {
            let (m, d) = ((a + b) / 2.0, b - a);
            // Where a centre lies at sea level, land may be as thin as a millionth of a cell.
            let left = Coord { x: m.x - d.y * 1e-8, y: m.y + d.x * 1e-8 };
            if d.x.hypot(d.y) > 1e-3 {
                prop_assert_eq!(area.locate(left), Where::Inside);
            }
        }
        let side = |a: Coord<f64>, b: Coord<f64>, p: Coord<f64>| bm_vector::geometry::orient(a, b, p);
        for (i, &(a, b)) in pieces.iter().enumerate() {
            for &(c, d) in &pieces[..i] {
                let cross = side(a, b, c) * side(a, b, d) < 0.0 && side(c, d, a) * side(c, d, b) < 0.0;
                prop_assert!(!cross, "{:?} {:?} {:?} {:?}", a, b, c, d);
            }
        }
    }

    /// With fewer vertices, every cell farther than the tolerance from the shore keeps its side.
    #[test]
    fn fewer_vertices_and_back(
        waves in prop::collection::vec((-0.4..0.4_f64, -0.4..0.4_f64, 0.0..6.3_f64), 1..5), tolerance in 0.05..0.5_f64,
    ) {
        let edge = 40;
        let at = |x: u32, y: u32| {
            let rim = x == 0 || y == 0 || x == edge - 1 || y == edge - 1;
            let sum: f64 = waves.iter().map(|w| (w.0 * f64::from(x) + w.1 * f64::from(y) + w.2).sin()).sum();
            if rim { -1.0 } else { sum }
        };
        let full = shores(&with_elevation(region(edge, edge), at));
        let thin = simplified(&full, tolerance, Frame::Plane);
        prop_assert!(thin.iter().all(LineString::is_closed));
        let metric = Frame::Plane.metric(Coord { x: 0.0, y: 0.0 });
        let area = area(&thin);
        for y in 0..edge {
            for x in 0..edge {
                let p = Coord { x: f64::from(x) + 0.5, y: f64::from(y) + 0.5 };
                let edges = full.iter().flat_map(|l| l.0.windows(2));
                let away = edges.map(|e| metric.to_segment(p, e[0], e[1]).0).fold(f64::INFINITY, f64::min);
                if away > tolerance + 1e-9 {
                    prop_assert_eq!(area.locate(p) == Where::Inside, at(x, y) >= 0.0, "({}, {})", x, y);
                }
            }
        }
    }

    /// Every border lies between its two materials, every pair of unlike neighbours has one, and arcs end in nodes.
    #[test]
    fn borders_and_back(labels in prop::collection::vec(1_u16..4, 9 * 8)) {
        let (width, height) = (9_u32, 8_u32);
        let at = |x: u32, y: u32| MaterialId(labels[(y * width + x) as usize]);
        let grid = Grid::from_fn(region(width, height), at).unwrap();
        let found = borders(grid.region(), grid.base());
        let cell = |p: Coord<f64>| at(p.x.floor() as u32, p.y.floor() as u32);
        let mut cracks = 0;
        let mut ends: BTreeMap<(u64, u64), u32> = BTreeMap::new();
        for border in &found {
            prop_assert_ne!(border.left, border.right);
            let line = &border.line.0;
            let closed = border.line.is_closed() && (line[0].x.fract() != 0.0 || line[0].y.fract() != 0.0);
            let middles = if closed { &line[1..] } else { &line[1..line.len() - 1] };
            for p in middles {
                cracks += 1;
                // The middle of a crack: two cells meet there.
                let by = if p.x.fract() == 0.0 { Coord { x: 0.25, y: 0.0 } } else { Coord { x: 0.0, y: 0.25 } };
                let pair = [cell(*p - by), cell(*p + by)];
                prop_assert!(pair == [border.left, border.right] || pair == [border.right, border.left]);
            }
            if !closed {
                for p in [line[0], line[line.len() - 1]] {
                    *ends.entry((p.x as u64, p.y as u64)).or_default() += 1;
                }
            }
            // Orientation, at the first crack.
            let (a, b) = (line[0], line[1]);
            let (m, d) = ((a + b) / 2.0, b - a);
            let beside = |s: f64| cell(Coord { x: m.x - d.y * s, y: m.y + d.x * s });
            prop_assert_eq!((beside(0.6), beside(-0.6)), (border.left, border.right));
        }
        let mut expected = 0;
        for y in 0..height {
            for x in 0..width {
                expected += usize::from(x > 0 && at(x, y) != at(x - 1, y));
                expected += usize::from(y > 0 && at(x, y) != at(x, y - 1));
            }
        }
        prop_assert_eq!(cracks, expected, "every crack once");
        for ((x, y), count) in ends {
            let rim = x == 0 || y == 0 || x == u64::from(width) || y == u64::from(height);
            prop_assert!(rim && count == 1 || !rim && count >= 3, "({}, {}): {}", x, y, count);
        }
    }
}

#[test]
fn no_line_where_nothing_changes() {
    // A grid without land has no shore, one without sea neither.
    let dry = with_elevation(region(4, 4), |_, _| 1.0);
    assert!(extract::shorelines(&dry, layer::ELEVATION, 0.0).unwrap().is_empty());
    assert_eq!(extract::shorelines(&dry, layer::ELEVATION, 1.0).unwrap().len(), 0);
    assert!(borders(dry.region(), dry.base()).is_empty());
}
