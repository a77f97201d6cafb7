//! Who speaks, against asking every boundary.

use crate::support::{
    any_boundary, any_frame, asked, at, boundary, distance, inside, laps, line, phase, place, segments, sides,
};
use bm_core::MaterialId;
use bm_vector::set::{BoundarySet, Change};
use bm_vector::{Area, Boundary, Extent, Frame, Shape, Side};
use geo::Intersects;
use geo_types::{Coord, Line, Rect};
use proptest::prelude::*;
use std::sync::Arc;

const ROCK: MaterialId = MaterialId(5);

/// Whether a boundary is heard at a point, and on which side of it that lies.
fn heard(b: &Boundary, p: Coord<f64>, resolution: f64, frame: Frame) -> Option<Side> {
    match &b.shape {
        Shape::Area(area) => {
            inside(area, p, frame).map(|inside| if inside { Side::Left } else { Side::Right })
        }
        Shape::Lines(_) => {
            let [x, y] = frame.half_cell(resolution);
            let half = at(x, y);
            let touches = laps(frame).into_iter().any(|lap| {
                let p = at(p.x + lap, p.y);
                let cell = Rect::new(p - half, p + half);
                segments(b).iter().any(|&(a, b)| Line::new(a, b).intersects(&cell))
            });
            let near = touches || distance(b, p, frame) <= b.transition?.reach();
            if near { b.near(p, frame)?.side } else { None }
        }
    }
}

/// The first that speaks in the total order.
fn naive(
    all: &[Boundary],
    p: Coord<f64>,
    resolution: f64,
    alt: Option<f64>,
    frame: Frame,
) -> Option<(MaterialId, String, Side)> {
    let mut heard: Vec<(&Boundary, Side)> =
        all.iter().filter_map(|b| Some((b, heard(b, p, resolution, frame)?))).collect();
    // Shores that are heard everywhere answer the same question: the best of them have answered it.
    let everywhere = |b: &Boundary| {
        matches!((&b.shape, b.extent), (Shape::Area(_), Extent::Shore { .. }))
            && b.transition.is_some_and(|t| t.right.is_some())
    };
    let best = all.iter().filter(|b| everywhere(b)).map(|b| b.priority).fold(f64::NEG_INFINITY, f64::max);
    heard.retain(|(b, _)| !everywhere(b) || b.priority >= best);
    heard.sort_by(|(a, _), (b, _)| {
        let d = |b: &Boundary| distance(b, p, frame);
        (b.priority.total_cmp(&a.priority))
            .then_with(|| d(a).total_cmp(&d(b)))
            .then_with(|| a.precision.total_cmp(&b.precision))
            .then_with(|| a.id.cmp(&b.id))
    });
    heard.into_iter().find_map(|(b, side)| {
        let material = b.extent.speak(side, b.transition?.of(side)?, phase(ROCK), alt)?;
        Some((material, b.id.to_string(), side))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn as_asking_everyone((frame, all, asks) in any_frame().prop_flat_map(|frame| (
        Just(frame),
        prop::collection::vec(any_boundary(frame, 10), 0..10),
        prop::collection::vec((place(frame), prop_oneof![Just(1.0), Just(50.0), 0.1..5000.0], prop::option::of(-30.0..30.0)), 1..30),
    ))) {
        let mut set = BoundarySet::new(frame);
        for b in &all {
            // What is replaced leaves its marks for a while.
            set = set.apply(&[Change::Put(b.clone())]).unwrap();
        }
        let now: Vec<Boundary> = set.iter().map(|b| (**b).clone()).collect();
        let region = Rect::new(at(-3.0, -2.0), at(500.0, 600.0));
        let pins: Vec<_> = asks.iter().map(|(_, resolution, _)| set.pin(region, *resolution)).collect();
        for ((p, resolution, alt), pinned) in asks.into_iter().zip(pins) {
            let p = asked(p, frame);
            let found = set.resolve(p, resolution, ROCK, &phase, alt);
            let found = found.map(|a| (a.material, a.id.to_string(), a.side));
            let mut batch = Vec::new();
            let (points, bases) = ([p, at(0.5, 0.5), p], [ROCK; 3]);
            let alts = alt.map(|alt| [alt; 3]);
            pinned.resolve_batch(&points, &bases, &phase, alts.as_ref().map(|a| &a[..]), |i, a| {
                batch.push((i, a.material, a.id.to_string(), a.side));
            });
            let in_batch = |i: usize| {
                batch.iter().find(|a| a.0 == i).map(|(_, m, id, side)| (*m, id.clone(), *side))
            };
            prop_assert_eq!(&in_batch(0), &found);
            prop_assert_eq!(&in_batch(2), &found);
            let alone = pinned.resolve(p, ROCK, &phase, alt);
            prop_assert_eq!(&alone.map(|a| (a.material, a.id.to_string(), a.side)), &found);
            prop_assert_eq!(found, naive(&now, p, resolution, alt, frame), "{:?} at {}", p, resolution);
        }
    }
}

fn square(id: &str, lo: f64, hi: f64) -> Boundary {
    let ring = [(lo, lo), (hi, lo), (hi, hi), (lo, hi), (lo, lo)].map(|(x, y)| at(x, y));
    boundary(id, Shape::Area(Arc::new(Area::new(vec![ring.to_vec()]).expect("a ring"))))
}

#[test]
fn both_sides_of_a_line() {
    // T18, with the other side, and no farther than the cell touches.
    let fault =
        Boundary { transition: Some(sides(10, 20)), ..boundary("f", line(&[(50.0, 0.0), (50.0, 100.0)])) };
    let set = BoundarySet::new(Frame::Plane).apply(&[Change::Put(fault)]).unwrap();
    let ask = |x: f64| set.resolve(at(x, 50.0), 1.0, ROCK, &phase, None).map(|a| (a.material.0, a.side));
    assert_eq!(ask(50.1), Some((20, Side::Right)));
    assert_eq!(ask(49.9), Some((10, Side::Left)));
    assert_eq!(ask(50.0), None);
    assert_eq!(ask(50.5), Some((20, Side::Right)));
    assert_eq!(ask(50.6), None);
}

#[test]
fn an_area_is_heard_everywhere() {
    let land = Boundary { transition: Some(sides(10, 20)), ..square("land", 0.0, 10.0) };
    let none = Boundary {
        transition: Some(bm_vector::Transition { right: None, ..sides(30, 0) }),
        priority: 1.0,
        ..square("park", 2.0, 4.0)
    };
    let set = BoundarySet::new(Frame::Plane).apply(&[Change::Put(land), Change::Put(none)]).unwrap();
    let ask = |x: f64| set.resolve(at(x, x), 1.0, ROCK, &phase, None).map(|a| a.material.0);
    assert_eq!(ask(1.0), Some(10));
    assert_eq!(ask(3.0), Some(30));
    assert_eq!(ask(1e9), Some(20));
    let fluid = set.resolve(at(1.0, 1.0), 1.0, MaterialId(16), &phase, None);
    assert!(fluid.is_none(), "the ground is spoken about, not the water");
}

#[test]
fn changes_are_made_all_or_none() {
    let set = BoundarySet::new(Frame::Plane).apply(&[Change::Put(square("a", 0.0, 1.0))]).unwrap();
    let changes =
        [Change::Put(square("b", 0.0, 1.0)), Change::Remove("a".into()), Change::Remove("c".into())];
    let error = set.apply(&changes).unwrap_err();
    assert_eq!((error.number, error.to_string().as_str()), (2, "change 2: there is no boundary \"c\""));
    assert_eq!(set.iter().map(|b| b.id.to_string()).collect::<Vec<_>>(), ["a"]);
    let twice =
        [Change::Put(square("b", 0.0, 1.0)), Change::Put(square("b", 5.0, 9.0)), Change::Remove("a".into())];
    let next = set.apply(&twice).unwrap();
    assert_eq!(next.iter().map(|b| b.id.to_string()).collect::<Vec<_>>(), ["b"]);
    assert_eq!(next.near(at(5.0, 5.0), 1.0).unwrap().distance, 0.0);
    assert!(next.near(at(0.0, 0.0), 1.0).is_none());
}

#[test]
fn a_row_is_its_points() {
    let land = Boundary { transition: Some(sides(10, 20)), ..square("land", 0.0, 10.0) };
    let fault = Boundary {
        transition: Some(sides(31, 33)),
        priority: 1.0,
        ..boundary("f", line(&[(3.0, -20.0), (3.0, 20.0), (12.0, 20.0)]))
    };
    let set = BoundarySet::new(Frame::Plane).apply(&[Change::Put(land), Change::Put(fault)]).unwrap();
    let pinned = set.pin(Rect::new(at(-5.0, -5.0), at(15.0, 5.0)), 0.5);
    let bases: Vec<MaterialId> = (0..40).map(|i| if i % 7 == 0 { MaterialId(16) } else { ROCK }).collect();
    let mut row = [None; 40];
    pinned.resolve_row(at(-4.9, 4.0), 0.5, &bases, &phase, None, |i, a| row[i] = Some((a.material, a.side)));
    for (i, found) in row.iter().enumerate() {
        let p = at(-4.9 + i as f64 * 0.5, 4.0);
        let wanted = set.resolve(p, 0.5, bases[i], &phase, None).map(|a| (a.material, a.side));
        assert_eq!(*found, wanted, "{p:?}");
    }
    assert_eq!(row[15], Some((MaterialId(10), Side::Left)));
    assert_eq!(row[16], Some((MaterialId(33), Side::Right)));
    assert_eq!(row[14], None, "water stays");
}

#[test]
fn most_places_need_no_exact_test() {
    // A continent, an island line and a park on the globe, asked all over it.
    let ring = |n: u32, r: f64| -> Vec<Coord<f64>> {
        (0..=n)
            .map(|i| f64::from(i % n) / f64::from(n) * std::f64::consts::TAU)
            .map(|a| at(10.0 + r * a.cos(), r * a.sin()))
            .collect()
    };
    let area = |r: f64| Shape::Area(Arc::new(Area::new(vec![ring(200, r)]).expect("a ring")));
    let land = Boundary { transition: Some(sides(10, 20)), ..boundary("land", area(30.0)) };
    let coast = Boundary {
        transition: Some(bm_vector::Transition { width: 100.0, ..sides(30, 32) }),
        priority: 2.0,
        ..boundary("coast", line(&[(100.0, 10.0), (100.5, 10.3), (101.0, 10.1)]))
    };
    let set = BoundarySet::new(Frame::Geographic).apply(&[Change::Put(land), Change::Put(coast)]).unwrap();
    let (mut asked, mut exact) = (0, 0);
    for i in 0..200 {
        for j in 0..100 {
            let p = at(-179.9 + 1.8 * f64::from(i), -89.3 + 1.8 * f64::from(j));
            let answer = set.resolve(p, 0.25, ROCK, &phase, None).expect("the area is heard everywhere");
            asked += 1;
            exact += u32::from(answer.exact_test);
        }
    }
    assert!(exact > 0 && exact * 200 < asked * 3, "{exact} of {asked} needed an exact test");
    let near = set.resolve(at(100.5, 10.3), 0.25, ROCK, &phase, None);
    assert!(
        near.is_some_and(|a| a.side == Side::Right && a.material.0 == 20),
        "on the line itself the area is heard"
    );
    let beside = set.resolve(at(100.5, 10.3003), 0.25, ROCK, &phase, None).unwrap();
    assert_eq!((beside.material.0, beside.exact_test), (30, true));
}
