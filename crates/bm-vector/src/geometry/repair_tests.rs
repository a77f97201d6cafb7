use super::*;
use crate::area::Where;
use crate::boundary::{Extent, Kind};
use crate::{Boundary, Side};
use geo_types::{GeometryCollection, MultiPolygon, Point, line_string, polygon};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn ring(points: &[(f64, f64)]) -> Vec<Coord<f64>> {
    points.iter().map(|&(x, y)| Coord { x, y }).collect()
}

fn square(x: f64, y: f64, r: f64) -> Vec<Coord<f64>> {
    ring(&[(x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r), (x - r, y - r)])
}

fn turned(mut r: Vec<Coord<f64>>) -> Vec<Coord<f64>> {
    r.reverse();
    r
}

type Rings = Vec<Vec<Coord<f64>>>;

fn polygons(all: Vec<Rings>, mode: Mode) -> Result<(Rings, Repairs), GeometryError> {
    let (shape, done) = repair_raw(Raw::Polygons(all), Frame::Geographic, mode)?;
    let Shape::Area(area) = &shape else { panic!("{shape:?}") };
    let rings = area.rings().collect();
    let boundary = Boundary {
        id: "x".into(),
        kind: Kind::Coastline,
        shape: shape.clone(),
        transition: None,
        extent: Extent::Ground,
        priority: 0.0,
        precision: 1.0,
        properties: BTreeMap::new(),
    };
    boundary.check(Frame::Geographic).unwrap();
    Ok((rings, done))
}

fn flaw(all: Vec<Rings>, mode: Mode) -> Flaw {
    polygons(all, mode).unwrap_err().flaw
}

#[test]
fn what_mends() {
    let dirty = ring(&[(0.0, 0.0), (0.0, 9.0), (0.0, 9.0), (9.0, 9.0), (12.0, 12.0), (9.0, 9.0), (9.0, 0.0)]);
    let (rings, done) = polygons(vec![vec![dirty.clone()]], Mode::Mend).unwrap();
    assert_eq!(rings, [ring(&[(0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0), (0.0, 0.0)])]);
    assert_eq!(done, Repairs { repeated: 1, spikes: 1, closed: 1, rewound: 1, ..Repairs::default() });
    assert_eq!(
        done.to_string(),
        "1 repeated vertices removed, 1 spikes removed, 1 rings closed, 1 rings turned around"
    );
    assert!(!done.is_none());
    assert_eq!(flaw(vec![vec![dirty]], Mode::Strict), Flaw::Open);
    let flat = ring(&[(1.0, 1.0), (2.0, 2.0), (3.0, 3.0), (1.0, 1.0)]);
    let (rings, done) =
        polygons(vec![vec![square(0.0, 0.0, 9.0), flat.clone()], vec![flat.clone()]], Mode::Mend).unwrap();
    assert_eq!((rings.len(), done.dropped), (1, 2));
    assert!(matches!(flaw(vec![vec![flat]], Mode::Mend), Flaw::NoArea | Flaw::ShortRing(_)));
}

#[test]
fn what_strict_refuses() {
    assert_eq!(
        flaw(vec![vec![turned(square(0.0, 0.0, 1.0))]], Mode::Strict),
        Flaw::Winding("clockwise, as a shell")
    );
    assert_eq!(
        flaw(vec![vec![square(0.0, 0.0, 9.0), square(0.0, 0.0, 1.0)]], Mode::Strict),
        Flaw::Winding("counter-clockwise, as a hole")
    );
    let repeat = ring(&[(0.0, 0.0), (9.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 0.0)]);
    assert_eq!(flaw(vec![vec![repeat]], Mode::Strict), Flaw::Repeated);
    assert_eq!(flaw(vec![vec![]], Mode::Strict), Flaw::Empty);
    assert_eq!(flaw(vec![vec![vec![]]], Mode::Strict), Flaw::ShortRing(0));
}

#[test]
fn what_neither_mode_takes() {
    for mode in [Mode::Strict, Mode::Mend] {
        let hole = |x| turned(square(x, 0.0, 1.0));
        assert_eq!(flaw(vec![vec![square(0.0, 0.0, 9.0), hole(20.0)]], mode), Flaw::HoleOutside);
        let nested = vec![square(0.0, 0.0, 9.0), turned(square(0.0, 0.0, 4.0)), hole(0.0)];
        assert!(matches!(flaw(vec![nested], mode), Flaw::HoleInHole(_)));
        let shells = vec![vec![square(0.0, 0.0, 9.0)], vec![square(0.0, 0.0, 1.0)]];
        assert_eq!(flaw(shells, mode), Flaw::ShellInside(Spot::ring(0, 0)));
        let bow = ring(&[(0.0, 0.0), (4.0, 4.0), (4.0, 0.0), (0.0, 4.0), (0.0, 0.0)]);
        assert!(matches!(flaw(vec![vec![bow]], mode), Flaw::Crossing(_)));
        assert_eq!(flaw(vec![vec![square(f64::NAN, 0.0, 1.0)]], mode), Flaw::NotFinite);
    }
    // An island in a lake is a shell inside another's hole.
    let lake = vec![square(0.0, 0.0, 9.0), turned(square(0.0, 0.0, 4.0))];
    assert!(polygons(vec![lake, vec![square(0.0, 0.0, 1.0)]], Mode::Strict).is_ok());
}

#[test]
fn small_loops_go_where_the_caller_says_how_small() {
    // Two vertices in the wrong order on a big square, some 200 m apart.
    let dirty = ring(&[
        (0.0, 0.0),
        (5.0, 0.0),
        (5.001, 0.002),
        (4.999, 0.001),
        (5.002, 0.0),
        (9.0, 0.0),
        (9.0, 9.0),
        (0.0, 9.0),
        (0.0, 0.0),
    ]);
    assert!(matches!(flaw(vec![vec![dirty.clone()]], Mode::Mend), Flaw::Crossing(_)));
    assert!(matches!(flaw(vec![vec![dirty.clone()]], Mode::MendWithin(50.0)), Flaw::Crossing(_)));
    let (rings, done) = polygons(vec![vec![dirty]], Mode::MendWithin(1000.0)).unwrap();
    assert_eq!(done.tangles, 1);
    let kept = ring(&[(0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0)]);
    assert!(kept.iter().all(|c| rings[0].contains(c)));
    // A bow tie is no matter of rounding, but for one within the rounding: then nothing is left.
    let bow = |s: f64| ring(&[(0.0, 0.0), (4.0 * s, 4.0 * s), (4.0 * s, 0.0), (0.0, 4.0 * s), (0.0, 0.0)]);
    assert!(matches!(flaw(vec![vec![bow(1.0)]], Mode::MendWithin(1000.0)), Flaw::Crossing(_)));
    assert!(matches!(
        flaw(vec![vec![bow(1e-4)]], Mode::MendWithin(1000.0)),
        Flaw::ShortRing(_) | Flaw::NoArea
    ));
}

#[test]
fn across_the_date_line() {
    let fiji = ring(&[(177.0, -19.0), (-178.0, -19.0), (-178.0, -15.0), (177.0, -15.0), (177.0, -19.0)]);
    let lagoon = ring(&[(-179.0, -18.0), (-179.0, -17.0), (-178.5, -17.0), (-179.0, -18.0)]);
    let (rings, done) = polygons(vec![vec![fiji, lagoon]], Mode::Strict).unwrap();
    assert_eq!(
        rings[0],
        ring(&[(177.0, -19.0), (182.0, -19.0), (182.0, -15.0), (177.0, -15.0), (177.0, -19.0)])
    );
    assert_eq!(rings[1][0].x, 181.0, "the hole is where its shell is");
    assert!(done.unwrapped == 1 && done.is_none());
    // Split at the date line already, with the seam's edges: left alone.
    let east = ring(&[(170.0, 0.0), (180.0, 0.0), (180.0, 5.0), (170.0, 5.0), (170.0, 0.0)]);
    let west = ring(&[(-180.0, 0.0), (-170.0, 0.0), (-170.0, 5.0), (-180.0, 5.0), (-180.0, 0.0)]);
    let (rings, done) = polygons(vec![vec![east.clone()], vec![west.clone()]], Mode::Strict).unwrap();
    assert_eq!((rings, done), (vec![east, west], Repairs::default()));
    // Antarctica with its rim, and a box of the world.
    let cap = ring(&[
        (-180.0, -90.0),
        (180.0, -90.0),
        (180.0, -80.0),
        (90.0, -70.0),
        (0.0, -75.0),
        (-90.0, -70.0),
        (-180.0, -80.0),
        (-180.0, -90.0),
    ]);
    let (rings, done) = polygons(vec![vec![cap.clone()]], Mode::Strict).unwrap();
    assert_eq!((rings, done), (vec![cap], Repairs::default()));
    let band = ring(&[(-180.0, -60.0), (180.0, -60.0), (180.0, 60.0), (-180.0, 60.0), (-180.0, -60.0)]);
    let (rings, done) = polygons(vec![vec![band.clone()]], Mode::Strict).unwrap();
    assert_eq!((rings, done), (vec![band], Repairs::default()));
    // Around the pole without a rim.
    let round = ring(&[(-120.0, 80.0), (0.0, 80.0), (120.0, 80.0), (-120.0, 80.0)]);
    assert_eq!(flaw(vec![vec![round.clone()]], Mode::Strict), Flaw::AroundPole);
    for given in [round.clone(), turned(round)] {
        let (rings, done) = polygons(vec![vec![given]], Mode::Mend).unwrap();
        assert_eq!(done.poles, 1);
        let area = Area::new(rings.clone()).unwrap();
        for x in [-179.0, -120.0, -60.0, 0.0, 100.0, 179.9] {
            assert_eq!(area.locate(Coord { x, y: 85.0 }), Where::Inside, "{x} {rings:?}");
            assert_eq!(area.locate(Coord { x, y: 70.0 }), Where::Outside, "{x} {rings:?}");
        }
    }
    // The same with the map's rim as a ring of its own, before or after.
    let rim = ring(&[(-120.0, 89.999), (0.0, 89.999), (120.0, 89.999), (-120.0, 89.999)]);
    let coast = ring(&[(-120.0, 80.0), (0.0, 80.0), (120.0, 80.0), (-120.0, 80.0)]);
    for both in [vec![rim.clone(), coast.clone()], vec![coast, rim]] {
        let (rings, _) = polygons(vec![both], Mode::Mend).unwrap();
        assert_eq!(rings.len(), 1);
        assert_eq!(Area::new(rings.clone()).unwrap().locate(Coord { x: 5.0, y: 89.9999 }), Where::Inside);
    }
    // Russia, its one half at 180 and named −180 there, its other half beyond.
    let main =
        ring(&[(-180.0, 65.0), (-180.0, 69.0), (30.0, 70.0), (30.0, 60.0), (150.0, 60.0), (-180.0, 65.0)]);
    let rest = ring(&[(-180.0, 65.0), (-170.0, 66.0), (-180.0, 69.0), (-180.0, 65.0)]);
    let (rings, _) = polygons(vec![vec![main], vec![rest]], Mode::Mend).unwrap();
    assert_eq!((span(&rings[0]), span(&rings[1])), ((30.0, 180.0), (-180.0, -170.0)));
}

#[test]
fn lines_and_collections() {
    let line = line_string![(x: 170.0, y: 0.0), (x: -170.0, y: 1.0), (x: -170.0, y: 1.0), (x: 175.0, y: 2.0)];
    let all = GeometryCollection::from(vec![
        line.clone().into(),
        geo_types::Geometry::from(line_string![(x: 1.0, y: 1.0)]),
    ]);
    let (shape, done) =
        repair(Geometry::GeometryCollection(all.clone()), Frame::Geographic, Mode::Mend).unwrap();
    let Shape::Lines(lines) = shape else { panic!() };
    assert_eq!(lines, [line_string![(x: 170.0, y: 0.0), (x: 190.0, y: 1.0), (x: 175.0, y: 2.0)]]);
    assert_eq!((done.repeated, done.dropped, done.unwrapped), (1, 1, 1));
    assert_eq!(
        repair(Geometry::GeometryCollection(all), Frame::Geographic, Mode::Strict).unwrap_err().flaw,
        Flaw::Repeated
    );
    assert_eq!(
        repair(line_string![(x: 1.0, y: 1.0), (x: 1.0, y: 1.0)].into(), Frame::Plane, Mode::Mend)
            .unwrap_err()
            .flaw,
        Flaw::OnePoint
    );
    let mix = GeometryCollection::from(vec![
        geo_types::Geometry::from(line),
        polygon![(x: 0.0, y: 0.0), (x: 1.0, y: 0.0), (x: 1.0, y: 1.0)].into(),
    ]);
    assert_eq!(
        repair(Geometry::GeometryCollection(mix), Frame::Geographic, Mode::Mend).unwrap_err().flaw,
        Flaw::Unsupported("a mix of lines and polygons")
    );
    assert_eq!(
        repair(Point::new(1.0, 2.0).into(), Frame::Geographic, Mode::Mend).unwrap_err().flaw,
        Flaw::Unsupported("a point")
    );
    assert_eq!(
        repair(MultiPolygon(vec![]).into(), Frame::Geographic, Mode::Mend).unwrap_err().flaw,
        Flaw::Empty
    );
    let far = line_string![(x: 500_000.0, y: 4_000_000.0), (x: 500_100.0, y: 4_000_000.0)];
    assert_eq!(repair(far.clone().into(), Frame::Geographic, Mode::Mend).unwrap_err().flaw, Flaw::OutOfRange);
    assert!(repair(far.into(), Frame::Plane, Mode::Strict).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever comes in: refused, or it passes the strict check and keeps its inside.
    #[test]
    fn what_is_mended_passes(rings in prop::collection::vec(prop::collection::vec((-4..=4i32, -4..=4i32), 0..8), 1..4), p in (-9..=9i32, -9..=9i32)) {
        let raw: Vec<Vec<Coord<f64>>> = rings.iter().map(|r| r.iter().map(|&(x, y)| Coord { x: x.into(), y: y.into() }).collect()).collect();
        if let Ok((mended, _)) = polygons(vec![raw.clone()], Mode::Mend) {
            // Off the lattice: on no edge of either. Even–odd survives all that mending does.
            let p = Coord { x: f64::from(p.0) / 2.0 + 0.01, y: f64::from(p.1) / 2.0 + 0.003 };
            let mut closed = raw;
            for r in &mut closed {
                r.extend(r.first().copied());
            }
            // Shorter ones enclose nothing.
            closed.retain(|r| r.len() > 3);
            prop_assert_eq!(Area::new(mended).unwrap().locate(p), Area::new(closed).unwrap().locate(p));
        }
    }

    /// Shifted across the date line and cut to ±180, a ring comes back as it was.
    #[test]
    fn unwrapping_undoes_wrapping(points in prop::collection::vec((-60..60i32, -60..60i32), 3..9), shift in 0..3600i32) {
        let middle = f64::from(shift) / 10.0 - 180.0;
        let mut ring: Vec<Coord<f64>> = points.iter().map(|&(x, y)| Coord { x: f64::from(x) + middle, y: y.into() }).collect();
        ring.push(ring[0]);
        let wrapped: Vec<_> = ring.iter().map(|c| Coord { x: (c.x + 180.0).rem_euclid(360.0) - 180.0, y: c.y }).collect();
        let mut back = wrapped;
        let lap = unwrap(&mut back, Frame::Geographic);
        prop_assert!(matches!(lap, Lap::None | Lap::Back));
        let lap = ((back[0].x - ring[0].x) / 360.0).round() * 360.0;
        for (a, b) in back.iter().zip(&ring) {
            prop_assert!((a.x - b.x - lap).abs() < 1e-9 && a.y == b.y, "{:?} {:?}", back, ring);
        }
    }
}

#[test]
fn inside_is_left_after_mending() {
    let (shape, _) =
        repair_raw(Raw::Polygons(vec![vec![turned(square(0.0, 0.0, 5.0))]]), Frame::Plane, Mode::Mend)
            .unwrap();
    let Shape::Area(area) = shape else { panic!() };
    let outline: Vec<LineString<f64>> = area.rings().map(LineString).collect();
    let near =
        crate::side_of(&outline[0], Coord { x: 4.0, y: 0.0 }, Frame::Plane.metric(Coord { x: 0.0, y: 0.0 }));
    assert_eq!(near.unwrap().side, Some(Side::Left));
}
