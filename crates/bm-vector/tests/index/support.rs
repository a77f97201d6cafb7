//! Random boundaries, and what a linear scan says about them.

use bm_core::{MaterialId, Phase};
use bm_vector::{Area, Boundary, Extent, Frame, Kind, Metric, Shape, Style, Transition, Where};
use geo_types::{Coord, LineString, Rect};
use proptest::prelude::*;
use std::sync::Arc;

pub(crate) fn at(x: f64, y: f64) -> Coord<f64> {
    Coord { x, y }
}

pub(crate) fn line(points: &[(f64, f64)]) -> Shape {
    Shape::Lines(vec![LineString::new(points.iter().map(|&(x, y)| at(x, y)).collect())])
}

pub(crate) fn boundary(id: &str, shape: Shape) -> Boundary {
    Boundary {
        id: id.into(),
        kind: Kind::Fault,
        shape,
        transition: None,
        extent: Extent::Ground,
        priority: 0.5,
        precision: 1.0,
        properties: std::collections::BTreeMap::default(),
    }
}

pub(crate) fn sides(left: u16, right: u16) -> Transition {
    Transition { left: Some(MaterialId(left)), right: Some(MaterialId(right)), ..Transition::default() }
}

/// Odd materials are solid.
pub(crate) fn phase(material: MaterialId) -> Phase {
    if material.0 % 2 == 1 { Phase::Solid } else { Phase::Liquid }
}

/// By how much x may be moved to come to the same place.
pub(crate) fn laps(frame: Frame) -> Vec<f64> {
    match frame.period() {
        Some(p) => vec![0.0, p, -p, 2.0 * p, -2.0 * p],
        None => vec![0.0],
    }
}

/// Every segment of lines, every edge of an area.
pub(crate) fn segments(boundary: &Boundary) -> Vec<(Coord<f64>, Coord<f64>)> {
    let of = |line: &[Coord<f64>]| line.windows(2).map(|s| (s[0], s[1])).collect::<Vec<_>>();
    match &boundary.shape {
        Shape::Lines(lines) => lines.iter().flat_map(|l| of(&l.0)).collect(),
        Shape::Area(area) => area.rings().flat_map(|r| of(&r)).collect(),
    }
}

/// Distance in metres, by looking at everything.
pub(crate) fn distance(boundary: &Boundary, p: Coord<f64>, frame: Frame) -> f64 {
    let metric = frame.metric(p);
    let all = segments(boundary);
    laps(frame)
        .into_iter()
        .flat_map(|lap| all.iter().map(move |&(a, b)| (lap, a, b)))
        // An area's edges along the rim of the map are no shores.
        .filter(|&(_, a, b)| matches!(boundary.shape, Shape::Lines(_)) || !frame.is_seam(a, b))
        .map(|(lap, a, b)| segment_distance(&metric, at(p.x + lap, p.y), a, b))
        .fold(f64::INFINITY, f64::min)
}

fn segment_distance(m: &Metric, p: Coord<f64>, a: Coord<f64>, b: Coord<f64>) -> f64 {
    m.to_segment(p, a, b).0
}

pub(crate) fn inside(area: &Area, p: Coord<f64>, frame: Frame) -> Option<bool> {
    let mut inside = false;
    for lap in laps(frame) {
        match area.locate(at(p.x + lap, p.y)) {
            Where::On => return None,
            Where::Inside => inside = !inside,
            Where::Outside => {}
        }
    }
    Some(inside)
}

/// The box around all segments.
pub(crate) fn bounds(boundary: &Boundary) -> Option<Rect<f64>> {
    let all = segments(boundary);
    let all = all.iter().flat_map(|s| [s.0, s.1]);
    all.map(|c| (c, c))
        .reduce(|(l, h), (c, _)| (at(l.x.min(c.x), l.y.min(c.y)), at(h.x.max(c.x), h.y.max(c.y))))
        .map(|(l, h)| Rect::new(l, h))
}

/// A place of a small plane, or near the date line of the globe; mostly on a lattice, so that ties are common.
pub(crate) fn place(frame: Frame) -> BoxedStrategy<Coord<f64>> {
    match frame {
        Frame::Plane => prop_oneof![
            3 => (0..=40_i32, 0..=40_i32).prop_map(|(x, y)| at(f64::from(x) * 25.0, f64::from(y) * 25.0)),
            2 => (0.0..1000.0, 0.0..1000.0).prop_map(|(x, y)| at(x, y)),
        ]
        .boxed(),
        Frame::Geographic => prop_oneof![
            (1790..1810_i32, -10..10_i32).prop_map(|(x, y)| at(f64::from(x) / 10.0, f64::from(y) / 10.0)),
            (-181.0..181.0, 60.0..90.0).prop_map(|(x, y)| at(x, y)),
        ]
        .boxed(),
    }
}

/// The names of one place lie between −180 and 180 when it is asked for.
pub(crate) fn asked(p: Coord<f64>, frame: Frame) -> Coord<f64> {
    match frame {
        Frame::Geographic if p.x > 180.0 => at(p.x - 360.0, p.y),
        Frame::Geographic if p.x < -180.0 => at(p.x + 360.0, p.y),
        _ => p,
    }
}

fn shape(frame: Frame) -> BoxedStrategy<Shape> {
    let lines = prop::collection::vec(prop::collection::vec(place(frame), 2..24), 1..4)
        .prop_map(|lines| Shape::Lines(lines.into_iter().map(LineString::new).collect()));
    let near = (place(frame), prop::collection::vec((-30.0..30.0_f64, -30.0..30.0_f64), 2..24)).prop_map(
        move |(p, steps)| {
            let unit = if frame == Frame::Plane { 1.0 } else { 0.01 };
            let mut c = vec![p];
            for (dx, dy) in steps {
                let last = c[c.len() - 1];
                c.push(at(last.x + dx * unit, (last.y + dy * unit).clamp(-90.0, 2000.0)));
            }
            Shape::Lines(vec![LineString::new(c)])
        },
    );
    let area = (place(frame), 1..12_i32, 1..12_i32).prop_map(move |(p, w, h)| {
        let unit = if frame == Frame::Plane { 25.0 } else { 0.1 };
        let (x, y) = (p.x + f64::from(w) * unit, p.y - f64::from(h) * unit);
        let ring = vec![p, at(p.x, y), at(x, y), at(x, p.y), p];
        Shape::Area(Arc::new(Area::new(vec![ring]).expect("a ring")))
    });
    prop_oneof![3 => lines, 3 => near, 1 => area].boxed()
}

fn transition() -> impl Strategy<Value = Option<Transition>> {
    let material = || prop::option::weighted(0.8, (30_u16..40).prop_map(MaterialId));
    let style = prop::sample::select(vec![Style::Sharp, Style::Linear, Style::Smooth]);
    let width = prop_oneof![2 => Just(0.0), 1 => 0.0..80.0];
    let it = (material(), material(), style, width).prop_map(|(left, right, style, width)| Transition {
        left,
        right,
        style,
        width,
    });
    prop::option::weighted(0.8, it)
}

/// A boundary of one of `ids` names.
pub(crate) fn any_boundary(frame: Frame, ids: u32) -> BoxedStrategy<Boundary> {
    let extent = prop_oneof![
        Just(Extent::Ground),
        Just(Extent::Shore { depth: 10.0 }),
        (-20.0..0.0, 0.0..20.0).prop_map(|(low, high)| Extent::Altitude { low, high }),
    ];
    (0..ids, shape(frame), transition(), extent, 0..3_i32, 1..3_i32)
        .prop_map(|(id, shape, transition, extent, priority, precision)| Boundary {
            transition,
            extent,
            priority: f64::from(priority),
            precision: f64::from(precision),
            ..boundary(&format!("b{id}"), shape)
        })
        .boxed()
}

pub(crate) fn any_frame() -> impl Strategy<Value = Frame> {
    prop::sample::select(vec![Frame::Plane, Frame::Geographic])
}
