use super::*;
use crate::area::Area;
use crate::boundary::{Kind, Style, Transition};
use bm_core::MaterialId;
use std::collections::BTreeMap;
use std::sync::Arc;

fn at(x: f64, y: f64) -> Coord<f64> {
    Coord { x, y }
}

fn boundary(shape: Shape) -> Boundary {
    Boundary {
        id: "x".into(),
        kind: Kind::Coastline,
        shape,
        transition: None,
        extent: Extent::Ground,
        priority: 0.5,
        precision: 1.0,
        properties: BTreeMap::new(),
    }
}

fn lines(all: &[&[(f64, f64)]]) -> Boundary {
    boundary(Shape::Lines(all.iter().map(|l| l.iter().map(|&(x, y)| at(x, y)).collect()).collect()))
}

fn area(all: &[&[(f64, f64)]]) -> Boundary {
    boundary(Shape::Area(Arc::new(Area::new(rings(all)).unwrap())))
}

fn rings(all: &[&[(f64, f64)]]) -> Vec<Vec<Coord<f64>>> {
    all.iter().map(|r| r.iter().map(|&(x, y)| at(x, y)).collect()).collect()
}

/// What is wrong with rings that no area would take.
fn bad_rings(all: &[&[(f64, f64)]]) -> String {
    check_area(rings(all).into_iter(), Frame::Geographic).unwrap_err().to_string()
}

fn refused(b: &Boundary) -> String {
    b.check(Frame::Geographic).unwrap_err().to_string()
}

const GOOD: &[(f64, f64)] = &[(0.0, 0.0), (10.0, 5.0)];
const SQUARE: &[(f64, f64)] = &[(0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0), (0.0, 0.0)];

#[test]
fn what_is_fine() {
    assert_eq!(lines(&[GOOD]).check(Frame::Geographic), Ok(()));
    assert_eq!(
        lines(&[&[(0.0, 0.0), (9.0, 0.0), (5.0, 5.0), (5.0, -5.0)]]).check(Frame::Geographic),
        Ok(()),
        "lines may cross"
    );
    assert_eq!(area(&[SQUARE]).check(Frame::Geographic), Ok(()));
    assert_eq!(lines(&[&[(500.0, 100.0), (1e6, 5.0)]]).check(Frame::Plane), Ok(()));
    assert_eq!(lines(&[&[(170.0, 10.0), (190.0, 5.0)]]).check(Frame::Geographic), Ok(()));
}

#[test]
fn coordinates() {
    for (bad, says) in [
        ((f64::NAN, 1.0), "boundary x: part 1, vertex 1 (NaN 1): a coordinate is not finite"),
        ((1.0, f64::INFINITY), "boundary x: part 1, vertex 1 (1 inf): a coordinate is not finite"),
        (
            (12.5, 93.2),
            "boundary x: part 1, vertex 1 (12.5 93.2): latitude is out of range; longitude and latitude look swapped",
        ),
        (
            (500_000.0, 93.2),
            "boundary x: part 1, vertex 1 (500000 93.2): longitude or latitude is out of range; are these metres?",
        ),
        (
            (541.0, 3.0),
            "boundary x: part 1, vertex 1 (541 3): longitude or latitude is out of range; are these metres?",
        ),
    ] {
        assert_eq!(refused(&lines(&[GOOD, &[(0.0, 0.0), bad]])), says);
    }
    let far = lines(&[&[(0.0, 0.0), (1e13, 0.0)]]).check(Frame::Plane).unwrap_err();
    assert!(far.to_string().contains("farther"));
}

#[test]
fn short_and_flat() {
    assert_eq!(refused(&lines(&[])), "boundary x: part 0: the geometry is empty");
    assert_eq!(bad_rings(&[]), "part 0: the geometry is empty");
    assert!(refused(&lines(&[&[(1.0, 1.0)]])).contains("two distinct points"));
    assert!(refused(&lines(&[&[]])).contains("two distinct points"));
    assert!(refused(&lines(&[&[(1.0, 1.0), (1.0, 1.0)]])).contains("two distinct points"));
    assert!(
        refused(&lines(&[&[(1.0, 1.0), (2.0, 1.0), (2.0, 1.0)]]))
            .contains("vertex 1 (2 1): the segment has no length")
    );
    assert!(bad_rings(&[&[(0.0, 0.0), (1.0, 0.0), (0.0, 0.0)]]).contains("needs four coordinates"));
    assert!(bad_rings(&[&SQUARE[..4]]).contains("open"));
    assert!(bad_rings(&[&[(1.0, 1.0); 5]]).contains("no area"));
    assert!(bad_rings(&[&[(0.0, 0.0), (1.0, 1.0), (2.0, 2.0), (0.0, 0.0)]]).contains("fold"));
    assert!(
        bad_rings(&[&[(-190.0, 0.0), (190.0, 0.0), (0.0, 9.0), (-190.0, 0.0)]])
            .contains("wider than the globe")
    );
}

#[test]
fn rings_among_each_other() {
    let hole: &[(f64, f64)] = &[(2.0, 2.0), (2.0, 4.0), (4.0, 4.0), (2.0, 2.0)];
    let turned: Vec<(f64, f64)> = hole.iter().rev().copied().collect();
    assert_eq!(area(&[SQUARE, hole]).check(Frame::Geographic), Ok(()));
    assert_eq!(area(&[hole, SQUARE]).check(Frame::Geographic), Ok(()), "in any order");
    assert!(
        refused(&area(&[SQUARE, &turned])).contains("part 1: the ring runs counter-clockwise, as a hole")
    );
    assert!(refused(&area(&[hole])).contains("part 0: the ring runs clockwise, as a shell"));
    let bow: &[(f64, f64)] = &[(0.0, 0.0), (4.0, 4.0), (4.0, 0.0), (0.0, 4.0), (0.0, 0.0)];
    assert!(refused(&area(&[bow])).contains("crosses"));
    assert!(
        refused(&area(&[SQUARE, &[(8.0, 8.0), (12.0, 8.0), (12.0, 12.0), (8.0, 8.0)]])).contains("crosses")
    );
    assert!(refused(&area(&[SQUARE, SQUARE])).contains("runs along"));
}

#[test]
fn attributes() {
    let with = |change: &dyn Fn(&mut Boundary)| {
        let mut b = lines(&[GOOD]);
        change(&mut b);
        refused(&b)
    };
    assert!(with(&|b| b.id = "".into()).contains("is empty"));
    assert!(with(&|b| b.id = "x".repeat(201).into()).contains("longer"));
    assert!(with(&|b| b.id = "a\nb".into()).contains("control"));
    assert!(with(&|b| b.priority = f64::NAN).contains("priority is NaN, must be finite"));
    assert!(with(&|b| b.precision = 0.0).contains("precision"));
    let transition = |width, left| Some(Transition { left, right: None, style: Style::Linear, width });
    assert!(with(&|b| b.transition = transition(-1.0, None)).contains("width is -1"));
    assert!(with(&|b| b.transition = transition(f64::NAN, None)).contains("width is NaN"));
    assert!(with(&|b| b.transition = transition(0.0, Some(MaterialId(0)))).contains("left material"));
    assert!(with(&|b| b.extent = Extent::Shore { depth: 0.0 }).contains("depth"));
    assert!(
        with(&|b| b.extent = Extent::Altitude { low: 5.0, high: 5.0 })
            .contains("high is 5, must be finite and above low")
    );
    assert!(with(&|b| b.extent = Extent::Altitude { low: f64::NAN, high: 5.0 }).contains("low"));
    let property = |key: &str, value| {
        let key = key.to_owned();
        with(&move |b| drop(b.properties.insert(key.clone(), Value::clone(&value))))
    };
    assert!(property("", Value::Bool(true)).contains("is empty"));
    assert!(property("k", Value::Float(f64::INFINITY)).contains("property \"k\" is not finite"));
}

#[test]
fn big_areas_are_checked_ring_by_ring() {
    // Two discs of 150 000 vertices that cross: too many to compare, each one fine.
    let disc = |c: f64| -> Vec<Coord<f64>> {
        let n = 150_000;
        let mut ring: Vec<_> = (0..n)
            .map(|i| (f64::from(i) / f64::from(n) * std::f64::consts::TAU).sin_cos())
            .map(|(s, k)| at(c + k, s))
            .collect();
        ring.push(ring[0]);
        ring
    };
    let check = |rings: Vec<Vec<Coord<f64>>>| check_area(rings.into_iter(), Frame::Plane);
    assert_eq!(check(vec![disc(0.0), disc(1.0)]), Ok(()));
    assert_eq!(check(vec![disc(0.0)]), Ok(()));
    let mut bad = disc(0.0);
    bad[70_000].x = f64::NAN;
    assert_eq!(check(vec![disc(1.0), bad]).unwrap_err().spot.vertex, Some(70_000));
}

#[test]
fn thin_rings_still_turn_one_way() {
    let sliver = |d: f64| vec![at(1e6, 1e6), at(2e6, 2e6 + d), at(3e6, 3e6), at(1e6, 1e6)];
    assert_eq!(runs_left(&sliver(1e-9)), Some(false));
    assert_eq!(runs_left(&sliver(-1e-9)), Some(true));
    assert_eq!(runs_left(&sliver(0.0)), None);
    assert_eq!(runs_left(&[]), None);
}
