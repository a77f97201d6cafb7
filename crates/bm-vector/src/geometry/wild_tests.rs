//! Whatever numbers come in: an answer or an error, never a panic.

use crate::boundary::{Boundary, Extent, Kind, Shape};
use crate::frame::Frame;
use crate::geometry::{Levels, Mode, Raw, repair_raw, side_of, touches_box};
use geo_types::{Coord, LineString};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => (-4..4i32).prop_map(f64::from),
        4 => -200.0..200.0f64,
        1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 1e308, -1e308, 5e-324, 180.0, -180.0, 540.0, 90.0, -90.0, 1e12]),
        1 => any::<f64>(),
    ]
}

fn paths() -> impl Strategy<Value = Vec<Vec<Coord<f64>>>> {
    let path = (prop::collection::vec((number(), number()), 0..7), any::<bool>()).prop_map(|(all, close)| {
        let mut path: Vec<Coord<f64>> = all.into_iter().map(|(x, y)| Coord { x, y }).collect();
        if close {
            path.extend(path.first().copied());
        }
        path
    });
    prop::collection::vec(path, 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics(paths in paths(), p in (number(), number()), tolerance in number()) {
        let p = Coord { x: p.0, y: p.1 };
        let lines: Vec<LineString<f64>> = paths.iter().cloned().map(LineString).collect();
        for frame in [Frame::Geographic, Frame::Plane] {
            for mode in [Mode::Strict, Mode::Mend, Mode::MendWithin(tolerance)] {
                for raw in [Raw::Lines(paths.clone()), Raw::Polygons(vec![paths.clone()])] {
                    if let Ok((shape, _)) = repair_raw(raw, frame, mode) {
                        let boundary = Boundary {
                            id: "x".into(),
                            kind: Kind::Custom,
                            shape,
                            transition: None,
                            extent: Extent::Ground,
                            priority: 0.0,
                            precision: 1.0,
                            properties: BTreeMap::new(),
                        };
                        // What is mended passes.
                        prop_assert_eq!(boundary.check(frame), Ok(()));
                        let near = boundary.near(p, frame);
                        if p.x.abs() <= 540.0 && p.y.abs() <= 1e12 {
                            prop_assert!(near.is_some());
                        }
                        let _ = Levels::new(&[boundary.shape], &[tolerance], frame);
                    }
                }
            }
            for line in &lines {
                let _ = side_of(line, p, frame.metric(p));
            }
            // Unchecked shapes, too.
            let _ = Levels::new(&[Shape::Lines(lines.clone())], &[tolerance], frame);
        }
        for l in &lines {
            for e in l.0.windows(2) {
                let _ = touches_box(e[0], e[1], p, [1.0, tolerance]);
            }
        }
    }
}
