use super::*;
use crate::area::{Area, Where};
use geo::Simplify;
use proptest::prelude::*;
use std::sync::Arc;

fn at(x: i32, y: i32) -> Coord<f64> {
    Coord { x: x.into(), y: y.into() }
}

fn path(points: &[(i32, i32)]) -> Vec<Coord<f64>> {
    points.iter().map(|&(x, y)| at(x, y)).collect()
}

fn simplify(paths: &[Vec<Coord<f64>>], tolerance: f64) -> Vec<Vec<Coord<f64>>> {
    let coarse = Topology::new(paths.iter().map(Vec::as_slice)).simplify(tolerance, Frame::Plane);
    (0..paths.len()).map(|i| coarse.path(i)).collect()
}

#[test]
fn a_chord_does_not_pass_over_an_island() {
    let coast = path(&[(0, 0), (50, 0), (50, -20), (52, 0), (54, -20), (56, 0), (100, 0)]);
    let deep = path(&[(0, 0), (50, 0), (55, -20), (60, 0), (100, 0)]);
    assert_eq!(simplify(std::slice::from_ref(&deep), 25.0)[0], path(&[(0, 0), (100, 0)]));
    // An island in the bay keeps the bay.
    let island = path(&[(55, -5), (56, -5), (56, -4), (55, -5)]);
    let coarse = simplify(&[deep, island.clone()], 25.0);
    assert!(coarse[0].len() > 2);
    assert_eq!(coarse[1], island, "four coordinates at least");
    assert_eq!(simplify(&[coast], 0.5)[0].len(), 7);
}

#[test]
fn a_chord_does_not_cross_a_neighbour() {
    // A wall that follows a wave closely.
    let wave: Vec<_> = (0..=20).map(|i| at(i * 10, if i % 2 == 0 { 0 } else { 30 })).collect();
    let wall: Vec<_> = (0..=20).map(|i| at(i * 10, if i % 2 == 0 { 2 } else { 32 })).collect();
    let coarse = simplify(&[wave.clone(), wall.clone()], 100.0);
    assert_eq!((coarse[0].len(), coarse[1].len()), (2, 2), "both may go straight");
    // A post under a crest of the lower one holds both up there.
    let post = path(&[(90, 10), (90, 20)]);
    let coarse = simplify(&[wave, wall, post], 100.0);
    assert_eq!(crossings(&coarse), 0);
    assert!(coarse[0].len() > 2 && coarse[1].len() > 2);
}

#[test]
fn two_arcs_between_the_same_ends_stay_apart() {
    let lens = path(&[(0, 0), (5, -2), (10, 0), (5, 2), (0, 0)]);
    let tip = path(&[(0, 0), (-9, 0)]);
    let other = path(&[(10, 0), (19, 0)]);
    let coarse = simplify(&[lens.clone(), tip, other], 50.0);
    assert_eq!(runs_left(&coarse[0]), Some(true));
    assert!(coarse[0].len() >= 4);
}

#[test]
fn the_rim_of_the_map_stays() {
    let cap: Vec<Coord<f64>> = [
        (-180.0, -90.0),
        (180.0, -90.0),
        (180.0, -80.0),
        (90.0, -79.9),
        (0.0, -80.1),
        (-90.0, -80.0),
        (-180.0, -80.0),
        (-180.0, -90.0),
    ]
    .map(|(x, y)| Coord { x, y })
    .to_vec();
    let coarse = Topology::new([cap.as_slice()]).simplify(2e6, Frame::Geographic).path(0);
    for corner in [0, 1, 2, 6] {
        assert!(coarse.contains(&cap[corner]), "{corner}");
    }
    assert!(coarse.len() < cap.len());
}

#[test]
fn the_coarsest_that_is_fine_enough() {
    let track: Vec<Coord<f64>> = (0..2000)
        .map(|i| Coord { x: f64::from(i), y: (f64::from(i) / 30.0).sin() * 20.0 + f64::from(i % 3) })
        .collect();
    let square = path(&[(0, 100), (50, 100), (50, 150), (0, 150), (0, 100)]);
    let shapes =
        [Shape::Lines(vec![LineString(track)]), Shape::Area(Arc::new(Area::new(vec![square]).unwrap()))];
    let levels = Levels::new(&shapes, &[10.0, 0.1, 1.0, -5.0, f64::NAN, 1.0], Frame::Plane);
    let tolerances: Vec<f64> = levels.all().iter().map(|l| l.tolerance).collect();
    assert_eq!(tolerances, [0.0, 0.1, 1.0, 10.0]);
    for (resolution, tolerance) in
        [(0.1, 0.0), (0.2, 0.1), (1.99, 0.1), (2.0, 1.0), (19.0, 1.0), (20.0, 10.0), (1e9, 10.0)]
    {
        assert_eq!(levels.choose(resolution).tolerance, tolerance, "{resolution}");
    }
    let sizes: Vec<usize> = levels.all().iter().map(|l| l.shapes[0][0].0.len()).collect();
    assert!(sizes.windows(2).all(|w| w[0] >= w[1]) && sizes[0] > 10 * sizes[3], "{sizes:?}");
    assert_eq!(levels.choose(0.0).shapes[1][0].0.len(), 5);
}

/// How many pairs of edges cross, overlap or touch otherwise than in a vertex of both. One edge in two paths is one.
fn crossings(paths: &[Vec<Coord<f64>>]) -> usize {
    let mut edges: Vec<(Coord<f64>, Coord<f64>)> = paths
        .iter()
        .flat_map(|p| p.windows(2))
        .map(|e| if (e[0].x, e[0].y) < (e[1].x, e[1].y) { (e[0], e[1]) } else { (e[1], e[0]) })
        .collect();
    edges.sort_by(|a, b| (a.0.x, a.0.y, a.1.x, a.1.y).partial_cmp(&(b.0.x, b.0.y, b.1.x, b.1.y)).unwrap());
    edges.dedup();
    (0..edges.len())
        .flat_map(|i| (0..i).map(move |j| (i, j)))
        .filter(|&(i, j)| {
            let ((a, b), (c, d)) = (edges[i], edges[j]);
            match meet(a, b, c, d) {
                Meet::Apart => false,
                Meet::Touch(v) => !((v == a || v == b) && (v == c || v == d)),
                _ => true,
            }
        })
        .count()
}

/// A map: cells of a bent lattice with wriggling borders, some cells lakes (left out), islands in the lakes.
fn map(seed: &[i32], n: i32) -> Vec<Vec<Coord<f64>>> {
    let noise = |a: i32, b: i32, c: i32| {
        let k = (a * 31 + b * 17 + c * 7).rem_euclid(seed.len() as i32) as usize;
        seed[k]
    };
    let corner = |x: i32, y: i32| (x * 1000 + noise(x, y, 0) / 2, y * 1000 + noise(x, y, 1) / 2);
    // A border from one corner to the next, wriggling within a corridor of its own.
    let border = |from: (i32, i32), to: (i32, i32)| -> Vec<Coord<f64>> {
        let (a, b) = if from <= to { (from, to) } else { (to, from) };
        let ((ax, ay), (bx, by)) = (corner(a.0, a.1), corner(b.0, b.1));
        let along_x = a.1 == b.1;
        let mut points = vec![at(ax, ay)];
        for k in 1..12 {
            let (x, y) = (ax + (bx - ax) * k / 12, ay + (by - ay) * k / 12);
            let off = noise(a.0 + k, a.1, b.0 * 3 + b.1) * k.min(12 - k) / 4;
            points.push(if along_x { at(x, y + off) } else { at(x + off, y) });
        }
        points.push(at(bx, by));
        if from > to {
            points.reverse();
        }
        points
    };
    let mut rings = Vec::new();
    for y in 0..n {
        for x in 0..n {
            if noise(x, y, 5) > 60 {
                let (cx, cy) = (x * 1000 + 500, y * 1000 + 500);
                let r = 60 + noise(x, y, 6).abs();
                rings.push(path(&[
                    (cx - r, cy - 20),
                    (cx + 9, cy - 30),
                    (cx + r, cy),
                    (cx, cy + 25),
                    (cx - r, cy - 20),
                ]));
                continue;
            }
            let corners = [(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1), (x, y)];
            let mut ring: Vec<Coord<f64>> = Vec::new();
            for w in corners.windows(2) {
                ring.pop();
                ring.extend(border(w[0], w[1]));
            }
            rings.push(ring);
        }
    }
    rings
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn maps_stay_maps(seed in prop::collection::vec(-150..=150i32, 60..61), n in 2..5i32, tolerance in 1.0..1500.0f64) {
        let rings = map(&seed, n);
        prop_assume!(crossings(&rings) == 0);
        let coarse = simplify(&rings, tolerance);
        prop_assert_eq!(crossings(&coarse), 0);
        for (fine, coarse) in rings.iter().zip(&coarse) {
            prop_assert!(coarse.len() >= 4 && coarse.len() <= fine.len());
            prop_assert_eq!(coarse.first(), coarse.last());
            prop_assert_eq!(runs_left(coarse), runs_left(fine));
            // Every vertex within the tolerance of the line, every vertex of the line one of the ring's.
            prop_assert!(coarse.iter().all(|c| fine.contains(c)));
            let metric = Frame::Plane.metric(at(0, 0));
            for v in fine {
                let d = coarse.windows(2).map(|e| metric.to_segment(*v, e[0], e[1]).0).fold(f64::INFINITY, f64::min);
                prop_assert!(d <= tolerance + 1e-9);
            }
        }
        // Nobody changed sides: the corner of every ring that is in no other is still in no other.
        for (i, ring) in coarse.iter().enumerate() {
            for (j, other) in rings.iter().enumerate().filter(|(j, _)| *j != i) {
                let p = ring[0];
                let before = Area::new(vec![other.clone()]).unwrap().locate(p);
                let after = Area::new(vec![coarse[j].clone()]).unwrap().locate(p);
                prop_assert!(before == after, "{before:?} {after:?}");
                prop_assert!(before != Where::Inside);
            }
        }
        // No gaps: what two had in common, they have.
        let count = |rings: &[Vec<Coord<f64>>]| -> f64 {
            rings.iter().flat_map(|r| r.windows(2)).map(|e| e[0].x * e[1].y - e[1].x * e[0].y).sum()
        };
        let outer: f64 = { // Of edges that lie in one ring only.
            let edges: Vec<_> = coarse.iter().flat_map(|r| r.windows(2)).collect();
            edges.iter().filter(|e| !edges.iter().any(|o| o[0] == e[1] && o[1] == e[0])).map(|e| e[0].x * e[1].y - e[1].x * e[0].y).sum()
        };
        prop_assert_eq!(count(&coarse), outer);
    }

    /// Where nothing can go wrong it is what the field's Douglas–Peucker does.
    #[test]
    fn plain_lines_as_geo_does(steps in prop::collection::vec((1.0..30.0f64, -99.0..99.0f64), 2..60), tolerance in 0.1..80.0f64) {
        let mut x = 0.0;
        let line: Vec<Coord<f64>> = steps.into_iter().map(|(dx, y)| { x += dx; Coord { x, y } }).collect();
        let theirs = LineString(line.clone()).simplify(tolerance);
        prop_assert_eq!(&simplify(&[line], tolerance)[0], &theirs.0);
    }

    /// Tangles that cross from the start get through and keep their ends.
    #[test]
    fn tangles_end(points in prop::collection::vec((-20..20i32, -20..20i32), 2..40), tolerance in 0.1..40.0f64) {
        let mut line = path(&points);
        line.dedup();
        prop_assume!(line.len() > 1);
        let closed = line.first() == line.last();
        let coarse = &simplify(&[line.clone()], tolerance)[0];
        prop_assert!(coarse.len() <= line.len());
        if !closed {
            prop_assert_eq!((coarse.first(), coarse.last()), (line.first(), line.last()));
        }
        prop_assert!(crossings(std::slice::from_ref(coarse)) <= crossings(&[line]));
    }
}
