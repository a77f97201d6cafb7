//! Boundaries by place and name, against linear scans.

use crate::support::{
    any_boundary, any_frame, asked, at, boundary, bounds, distance, laps, line, place, segments,
};
use bm_vector::index::{BoundaryIndex, IndexError};
use bm_vector::{Boundary, Frame, Shape, Side};
use geo::Intersects;
use geo_types::{Coord, LineString, Rect};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

type Model = BTreeMap<String, Arc<Boundary>>;

fn ids<'a>(hits: impl IntoIterator<Item = &'a Arc<Boundary>>) -> Vec<String> {
    hits.into_iter().map(|b| b.id.to_string()).collect()
}

fn within(index: &BoundaryIndex, p: Coord<f64>, r: f64) -> Vec<String> {
    ids(index.within(p, r, true).into_iter().map(|hit| hit.boundary))
}

#[test]
fn by_id() {
    // T9 … T11, with a geometry that moves: the old place misses, the new one hits.
    let mut index = BoundaryIndex::new(Frame::Plane);
    let here = Arc::new(boundary("fault", line(&[(0.0, 0.0), (100.0, 0.0)])));
    index.insert(here.clone()).unwrap();
    assert_eq!(index.get(&"fault".into()).unwrap().priority, 0.5);
    assert_eq!(within(&index, at(50.0, 5.0), 10.0), ["fault"]);
    let there = Boundary { priority: 0.9, ..boundary("fault", line(&[(0.0, 500.0), (100.0, 500.0)])) };
    let old = index.replace(Arc::new(there)).unwrap();
    assert!(Arc::ptr_eq(&old, &here));
    assert_eq!(index.get(&"fault".into()).unwrap().priority, 0.9);
    assert!(within(&index, at(50.0, 5.0), 10.0).is_empty());
    assert_eq!(within(&index, at(50.0, 495.0), 10.0), ["fault"]);
    index.remove(&"fault".into()).unwrap();
    assert!(index.get(&"fault".into()).is_none());
    assert!(within(&index, at(50.0, 495.0), 10.0).is_empty());
    assert!(index.is_empty());
}

#[test]
fn by_radius() {
    // T12, T13, and the closed end of a radius.
    let one = boundary("a", line(&[(0.0, 0.0), (100.0, 0.0)]));
    let index = BoundaryIndex::bulk_load(Frame::Plane, [Arc::new(one)]).unwrap();
    assert_eq!(within(&index, at(50.0, 5.0), 10.0), ["a"]);
    assert!(within(&index, at(50.0, 50.0), 10.0).is_empty());
    assert_eq!(within(&index, at(50.0, 10.0), 10.0), ["a"]);
    assert!(within(&index, at(50.0, 10.0_f64.next_up()), 10.0).is_empty());
    // A box may be near where the line is not.
    let steep = boundary("b", line(&[(0.0, 0.0), (60.0, 60.0)]));
    let index = BoundaryIndex::bulk_load(Frame::Plane, [Arc::new(steep)]).unwrap();
    assert!(within(&index, at(58.0, 2.0), 10.0).is_empty());
    assert_eq!(index.within(at(58.0, 2.0), 10.0, false).len(), 1);
    assert_eq!(index.within_counted(at(58.0, 2.0), 10.0, true).1.candidates, 1);
}

#[test]
fn by_box() {
    // T14.
    let all = [
        boundary("h", line(&[(0.0, 50.0), (100.0, 50.0)])),
        boundary("v", line(&[(50.0, 0.0), (50.0, 100.0)])),
        boundary("far", line(&[(200.0, 0.0), (300.0, 100.0)])),
    ];
    let index = BoundaryIndex::bulk_load(Frame::Plane, all.map(Arc::new)).unwrap();
    let window = Rect::new(at(40.0, 40.0), at(60.0, 60.0));
    assert_eq!(ids(index.intersecting(window, true)), ["h", "v"]);
    assert_eq!(ids(index.intersecting(window, false)), ["h", "v"]);
}

#[test]
fn refusals() {
    let a = Arc::new(boundary("a", line(&[(0.0, 0.0), (1.0, 0.0)])));
    let mut index = BoundaryIndex::bulk_load(Frame::Plane, [a.clone()]).unwrap();
    assert_eq!(index.insert(a.clone()), Err(IndexError::DuplicateId("a".into())));
    assert_eq!(index.remove(&"b".into()).unwrap_err(), IndexError::UnknownId("b".into()));
    let b = Arc::new(boundary("b", line(&[(0.0, 0.0), (1.0, 0.0)])));
    assert_eq!(index.replace(b).unwrap_err(), IndexError::UnknownId("b".into()));
    let bad = Arc::new(boundary("a", line(&[(0.0, 0.0), (1.0, f64::NAN)])));
    let refused = IndexError::NotFinite { id: "a".into(), line: 0, vertex: 1 };
    assert_eq!(index.replace(bad).unwrap_err(), refused);
    assert_eq!(index.len(), 1);
    assert!(Arc::ptr_eq(index.get(&"a".into()).unwrap(), &a));
    let twice = BoundaryIndex::bulk_load(Frame::Plane, [a.clone(), a]);
    assert_eq!(twice.unwrap_err(), IndexError::DuplicateId("a".into()));
}

#[test]
fn both_names_of_a_place_at_the_date_line() {
    let east = boundary("east", line(&[(179.9, 0.0), (180.1, 0.0)]));
    let west = boundary("west", line(&[(-180.05, 1.0), (-179.9, 1.0)]));
    let index = BoundaryIndex::bulk_load(Frame::Geographic, [east, west].map(Arc::new)).unwrap();
    for (x, y, id) in
        [(179.95, 0.0, "east"), (-179.95, 0.0, "east"), (179.97, 1.0, "west"), (-179.97, 1.0, "west")]
    {
        assert_eq!(within(&index, at(x, y), 10.0), [id], "{x} {y}");
        let hit = index.nearest(at(x, y + 0.001), 1, 1000.0)[0];
        assert_eq!((hit.boundary.id.to_string().as_str(), hit.side), (id, Some(Side::Left)));
        let window = Rect::new(at(x - 0.01, y - 0.01), at(x + 0.01, y + 0.01));
        assert_eq!(ids(index.intersecting(window, true)), [id]);
    }
    assert!(within(&index, at(-179.8, 0.0), 10.0).is_empty());
}

#[test]
fn long_segments_have_short_boxes() {
    let index = BoundaryIndex::bulk_load(
        Frame::Plane,
        [Arc::new(boundary("long", line(&[(0.0, 0.0), (90_000.0, 70_000.0)])))],
    )
    .unwrap();
    let (hits, counts) = index.within_counted(at(60_000.0, 10_000.0), 100.0, true);
    assert!(hits.is_empty() && counts.candidates == 0);
    let on = at(45_000.0, 35_000.0);
    assert_eq!(within(&index, on, 1.0), ["long"]);
}

#[derive(Clone, Debug)]
enum Step {
    Put(Boundary),
    Remove(u32),
    Snapshot,
    Within(Coord<f64>, f64),
    Window(Rect<f64>),
    Nearest(Coord<f64>, usize, f64),
}

fn step(frame: Frame) -> impl Strategy<Value = Step> {
    let radius = || prop_oneof![0.0..50.0, 0.0..500.0, Just(25.0), 0.0..50_000.0];
    prop_oneof![
        6 => any_boundary(frame, 12).prop_map(Step::Put),
        3 => (0..12_u32).prop_map(Step::Remove),
        1 => Just(Step::Snapshot),
        4 => (place(frame), radius()).prop_map(move |(p, r)| Step::Within(asked(p, frame), r)),
        3 => (place(frame), place(frame)).prop_map(|(a, b)| Step::Window(Rect::new(a, b))),
        3 => (place(frame), 1..4_usize, prop_oneof![Just(f64::INFINITY), radius()])
            .prop_map(move |(p, k, r)| Step::Nearest(asked(p, frame), k, r)),
    ]
}

/// By distance, then id.
fn ranked(model: &Model, p: Coord<f64>, frame: Frame, radius: f64) -> Vec<(f64, String)> {
    let mut all: Vec<_> = model
        .iter()
        .map(|(id, b)| (distance(b, p, frame), id.clone()))
        .filter(|(d, _)| *d <= radius && *d < f64::INFINITY)
        .collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
    all
}

fn touches(b: &Boundary, window: &Rect<f64>, frame: Frame) -> bool {
    laps(frame).into_iter().any(|lap| {
        let window =
            Rect::new(at(window.min().x + lap, window.min().y), at(window.max().x + lap, window.max().y));
        let all = segments(b);
        let edge = all.iter().any(|&(a, b)| geo_types::Line::new(a, b).intersects(&window));
        let around = match &b.shape {
            Shape::Area(area) => area.locate(window.min()) == bm_vector::Where::Inside,
            Shape::Lines(_) => false,
        };
        edge || around
    })
}

fn agree(index: &BoundaryIndex, model: &Model, step: &Step, frame: Frame) -> Result<(), TestCaseError> {
    match step {
        Step::Within(p, r) => {
            let wanted = ranked(model, *p, frame, *r);
            let found: Vec<_> = index
                .within(*p, *r, true)
                .iter()
                .map(|hit| (hit.distance.unwrap_or(-1.0), hit.boundary.id.to_string()))
                .collect();
            prop_assert_eq!(&found, &wanted);
            // A smaller radius finds a part of it (T23).
            let fewer = within(index, *p, r / 2.0);
            prop_assert!(fewer.iter().all(|id| found.iter().any(|(_, f)| f == id)));
            let may = ids(index.within(*p, *r, false).into_iter().map(|hit| hit.boundary));
            prop_assert!(found.iter().all(|(_, id)| may.contains(id)));
        }
        Step::Window(window) => {
            let wanted: Vec<String> =
                model.iter().filter(|(_, b)| touches(b, window, frame)).map(|(id, _)| id.clone()).collect();
            prop_assert_eq!(&ids(index.intersecting(*window, true)), &wanted);
            let may = ids(index.intersecting(*window, false));
            prop_assert!(wanted.iter().all(|id| may.contains(id)));
        }
        Step::Nearest(p, k, limit) => {
            let mut wanted = ranked(model, *p, frame, *limit);
            wanted.truncate(*k);
            let hits = index.nearest(*p, *k, *limit);
            for hit in &hits {
                prop_assert_eq!(hit.side, hit.boundary.near(*p, frame).and_then(|near| near.side));
            }
            let found: Vec<_> =
                hits.iter().map(|hit| (hit.distance.unwrap_or(-1.0), hit.boundary.id.to_string())).collect();
            prop_assert_eq!(found, wanted);
        }
        _ => {}
    }
    prop_assert_eq!(ids(index.iter()), model.keys().cloned().collect::<Vec<_>>());
    prop_assert_eq!(index.len(), model.len());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_history_is_a_linear_scan((frame, steps) in any_frame().prop_flat_map(|frame| {
        (Just(frame), prop::collection::vec(step(frame), 1..60))
    })) {
        let mut index = BoundaryIndex::new(frame);
        let mut model = Model::new();
        let mut snapshots = Vec::new();
        for step in &steps {
            match step {
                Step::Put(b) => {
                    let (id, b) = (b.id.to_string(), Arc::new(b.clone()));
                    if model.insert(id, b.clone()).is_some() {
                        prop_assert!(index.insert(b.clone()).is_err());
                        index.replace(b).unwrap();
                    } else {
                        prop_assert!(index.replace(b.clone()).is_err());
                        index.insert(b).unwrap();
                    }
                }
                Step::Remove(n) => {
                    let id = format!("b{n}");
                    prop_assert_eq!(index.remove(&id.as_str().into()).is_ok(), model.remove(&id).is_some());
                }
                Step::Snapshot => snapshots.push((index.clone(), model.clone())),
                question => agree(&index, &model, question, frame)?,
            }
        }
        // Old snapshots answer as before, to every question.
        snapshots.push((index, model));
        for (index, model) in &snapshots {
            for question in &steps {
                agree(index, model, question, frame)?;
            }
        }
    }

    #[test]
    fn smaller_radii_find_less(segments in prop::collection::vec((0..1000_i32, 0..1000_i32, 0..1000_i32, 0..1000_i32), 50)) {
        // T23: fifty random segments, three radii, subsets of each other and equal to a scan.
        let all = segments.iter().enumerate().map(|(i, &(a, b, c, d))| {
            let line = [(a, b), (c, d)].map(|(x, y)| at(f64::from(x), f64::from(y)));
            Arc::new(boundary(&i.to_string(), Shape::Lines(vec![LineString::new(line.to_vec())])))
        });
        let all: Vec<_> = all.collect();
        let index = BoundaryIndex::bulk_load(Frame::Plane, all.clone()).unwrap();
        let p = at(500.0, 500.0);
        let [ten, fifty, hundred] = [10.0, 50.0, 100.0].map(|r| {
            let mut found = within(&index, p, r);
            found.sort();
            let mut wanted: Vec<String> =
                all.iter().filter(|b| distance(b, p, Frame::Plane) <= r).map(|b| b.id.to_string()).collect();
            wanted.sort();
            assert_eq!(found, wanted);
            found
        });
        prop_assert!(ten.iter().all(|id| fifty.contains(id)));
        prop_assert!(fifty.iter().all(|id| hundred.contains(id)));
    }
}

#[test]
fn bounds_hold_their_boundary() {
    // The support's own arithmetic, on which the others lean.
    let b = boundary("a", line(&[(3.0, 1.0), (-2.0, 5.0)]));
    assert_eq!(bounds(&b), Some(Rect::new(at(-2.0, 1.0), at(3.0, 5.0))));
}
