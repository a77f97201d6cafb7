use super::*;
use crate::boundary::{Extent, Kind, Transition, precedence};
use bm_core::MaterialId;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

fn at(x: f64, y: f64) -> Coord<f64> {
    Coord { x, y }
}

fn boundary(shape: Shape) -> Boundary {
    Boundary {
        id: "test-fault".into(),
        kind: Kind::Fault,
        shape,
        transition: Some(Transition {
            left: Some(MaterialId(10)),
            right: Some(MaterialId(20)),
            ..Transition::default()
        }),
        extent: Extent::Ground,
        priority: 0.5,
        precision: 1.0,
        properties: BTreeMap::new(),
    }
}

fn lines(all: &[&[(f64, f64)]]) -> Boundary {
    boundary(Shape::Lines(all.iter().map(|l| l.iter().map(|&(x, y)| at(x, y)).collect()).collect()))
}

fn area(rings: &[&[(f64, f64)]]) -> Boundary {
    let rings = rings.iter().map(|r| r.iter().map(|&(x, y)| at(x, y)).collect::<Vec<_>>()).collect();
    boundary(Shape::Area(Arc::new(Area::new(rings).unwrap())))
}

/// T18: a point right of an upward fault has the right material, one on the other side the left.
#[test]
fn both_sides_of_an_upward_fault() {
    let fault = lines(&[&[(50.0, 0.0), (50.0, 100.0)]]);
    let material = |x| {
        let near = fault.near(at(x, 50.0), Frame::Plane).unwrap();
        fault.transition.unwrap().of(near.side.unwrap()).unwrap()
    };
    assert_eq!((material(50.1), material(49.9)), (MaterialId(20), MaterialId(10)));
}

/// T12, T13: what a radius of ten metres around two points holds.
#[test]
fn exact_distances_decide_a_radius() {
    let l = lines(&[&[(0.0, 0.0), (100.0, 0.0)]]);
    assert!(l.near(at(50.0, 5.0), Frame::Plane).unwrap().distance <= 10.0);
    assert!(l.near(at(50.0, 50.0), Frame::Plane).unwrap().distance > 10.0);
}

#[test]
fn lines_across_the_date_line() {
    let unwrapped = lines(&[&[(170.0, 0.0), (190.0, 0.0)]]);
    for x in [-175.0, 185.0, -535.0 + 360.0] {
        let near = unwrapped.near(at(x, 0.5), Frame::Geographic).unwrap();
        assert_eq!((near.side, near.end), (Some(Side::Left), false));
        assert_eq!(near.point, at(x, 0.0), "beside the asked point");
    }
    // Cut at the date line, turning exactly there: no ends.
    let cut = lines(&[&[(170.0, 0.0), (180.0, 0.0)], &[(-180.0, 0.0), (-175.0, -5.0)]]);
    for x in [-179.9, 180.1] {
        let near = cut.near(at(x, 0.2), Frame::Geographic).unwrap();
        assert_eq!(
            (near.side, near.end, near.point.x),
            (Some(Side::Left), false, if x < 0.0 { -180.0 } else { 180.0 })
        );
    }
    assert!(cut.near(at(165.0, 0.0), Frame::Geographic).unwrap().end);
    // The other way around the globe is nearer.
    let near = cut.near(at(-160.0, -5.0), Frame::Geographic).unwrap();
    assert_eq!(near.point, at(-175.0, -5.0));
    assert!(
        lines(&[&[(170.0, 0.0), (190.0, 0.0)]]).near(at(-175.0, 0.0), Frame::Plane).unwrap().distance
            == 345.0
    );
}

#[test]
fn areas_know_their_side_everywhere() {
    let square = area(&[&[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0), (0.0, 0.0)]]);
    let near = |x, y| square.near(at(x, y), Frame::Plane).unwrap();
    assert_eq!(
        (near(2.0, 5.0).side, near(2.0, 5.0).distance, near(2.0, 5.0).point),
        (Some(Side::Left), 2.0, at(0.0, 5.0))
    );
    assert_eq!((near(1e6, 5.0).side, near(1e6, 5.0).distance), (Some(Side::Right), 1e6 - 10.0));
    assert_eq!((near(10.0, 5.0).side, near(10.0, 5.0).distance), (None, 0.0));
    assert_eq!(square.near(at(f64::NAN, 0.0), Frame::Plane), None);
    assert_eq!(area(&[]).near(at(0.0, 0.0), Frame::Plane), None);
}

#[test]
fn seams_are_no_shores() {
    let east = [(170.0, -10.0), (180.0, -10.0), (180.0, 10.0), (170.0, 10.0), (170.0, -10.0)];
    let west = [(-180.0, -10.0), (-170.0, -10.0), (-170.0, 10.0), (-180.0, 10.0), (-180.0, -10.0)];
    let both = area(&[&east, &west]);
    let near = |x, y| both.near(at(x, y), Frame::Geographic).unwrap();
    for x in [179.0, 180.0, -180.0, -179.0] {
        assert_eq!(near(x, 0.0).side, Some(Side::Left));
        assert!(near(x, 0.0).distance > 9.0 * 111_000.0);
        assert_eq!(near(x, 10.5).side, Some(Side::Right));
    }
    // The unwrapped form is the same area.
    let one = area(&[&[(170.0, -10.0), (190.0, -10.0), (190.0, 10.0), (170.0, 10.0), (170.0, -10.0)]]);
    for x in [179.0, -179.0, 171.0, -171.0, 160.0, -160.0] {
        let (a, b) = (near(x, 3.0), one.near(at(x, 3.0), Frame::Geographic).unwrap());
        assert_eq!((a.side, a.point), (b.side, b.point));
        assert!((a.distance - b.distance).abs() < 1e-6);
    }
    // A polar cap closed by the file's rim.
    let cap = area(&[&[
        (-180.0, -90.0),
        (180.0, -90.0),
        (180.0, -70.0),
        (0.0, -60.0),
        (-180.0, -70.0),
        (-180.0, -90.0),
    ]]);
    for x in [-180.0, -90.0, 0.0, 180.0] {
        let near = cap.near(at(x, -90.0), Frame::Geographic).unwrap();
        assert_eq!(near.side, Some(Side::Left));
        assert!(near.distance > 10.0, "{near:?}");
    }
}

#[test]
fn the_total_order() {
    let voice = |priority, distance, precision, id: &'static str| (priority, distance, precision, id.into());
    let all: [(f64, f64, f64, crate::BoundaryId); 6] = [
        voice(2.0, 9.0, 9.0, "z"),
        voice(1.0, 1.0, 9.0, "z"),
        voice(1.0, 2.0, 1.0, "z"),
        voice(1.0, 2.0, 3.0, "a"),
        voice(1.0, 2.0, 3.0, "b"),
        voice(-1.0, 0.0, 0.1, "a"),
    ];
    let v = |i: usize| {
        let (priority, distance, precision, id) = &all[i];
        crate::Voice { priority: *priority, distance: *distance, precision: *precision, id }
    };
    for i in 0..all.len() {
        for j in 0..all.len() {
            assert_eq!(precedence(&v(i), &v(j)), i.cmp(&j));
        }
    }
    let (a, b) = ("a".into(), "b".into());
    let zero = |priority, id| crate::Voice { priority, distance: 0.0, precision: 1.0, id };
    assert!(precedence(&zero(-0.0, &a), &zero(0.0, &b)).is_lt(), "a zero's sign says nothing");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]
    /// The search by growing boxes finds the nearest edge.
    #[test]
    fn an_areas_distance_is_its_rings_distance(points in prop::collection::vec((-170.0..170.0f64, -80.0..80.0f64), 3..30),
                                               p in (-180.0..180.0f64, -89.0..89.0f64)) {
        let mut ring: Vec<Coord<f64>> = points.iter().map(|&(x, y)| at(x, y)).collect();
        ring.push(ring[0]);
        let as_line = boundary(Shape::Lines(vec![LineString(ring.clone())]));
        let as_area = boundary(Shape::Area(Arc::new(Area::new(vec![ring]).unwrap())));
        let p = at(p.0, p.1);
        for frame in [Frame::Plane, Frame::Geographic] {
            let (a, b) = (as_line.near(p, frame).unwrap(), as_area.near(p, frame).unwrap());
            prop_assert!((a.distance - b.distance).abs() <= 1e-9 * a.distance);
        }
    }
}
