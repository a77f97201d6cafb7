use super::*;
use crate::frame::Frame;
use proptest::prelude::*;

type P = (i32, i32);

fn at(p: P) -> Coord<f64> {
    Coord { x: p.0.into(), y: p.1.into() }
}

fn line(points: &[P]) -> LineString<f64> {
    LineString(points.iter().copied().map(at).collect())
}

const PLANE: Metric = Metric { sx: 1.0, sy: 1.0 };

fn side(points: &[P], p: P) -> Option<Side> {
    side_of(&line(points), at(p), PLANE).unwrap().side
}

const L: Option<Side> = Some(Side::Left);
const R: Option<Side> = Some(Side::Right);

#[test]
fn straight() {
    let l = [(0, 0), (100, 0)];
    let near = side_of(&line(&l), at((50, 5)), PLANE).unwrap();
    assert_eq!((near.distance, near.point, near.side), (5.0, at((50, 0)), L));
    assert_eq!((side(&l, (50, -5)), side(&l, (0, 5)), side(&l, (100, -5))), (R, L, R));
    let beyond = side_of(&line(&l), at((103, 4)), PLANE).unwrap();
    assert_eq!((beyond.distance, beyond.side, beyond.end), (5.0, None, true));
    let on = side_of(&line(&l), at((30, 0)), PLANE).unwrap();
    assert_eq!((on.distance, on.side, on.end), (0.0, None, false));
    assert_eq!(side_of(&line(&l), at((100, 0)), PLANE).unwrap().side, None, "on its last point");
}

#[test]
fn upward_fault_of_the_requirements() {
    let l = [(50, 0), (50, 100)];
    let near = side_of(&line(&l), Coord { x: 50.1, y: 50.0 }, PLANE).unwrap();
    assert_eq!(near.side, R);
    assert_eq!(side(&l, (49, 50)), L);
}

#[test]
fn turns() {
    let left = [(0, 0), (10, 0), (10, 10)];
    // Beyond the outer corner: right of one segment suffices; within: left of both.
    assert_eq!((side(&left, (12, -3)), side(&left, (5, 5)), side(&left, (11, -1))), (R, L, R));
    assert_eq!(side(&left, (8, 2)), L, "as far from one as from the other");
    let hairpin = [(0, 0), (10, 0), (0, 1)];
    // Left of the first segment's line and left of none: only the sector tells.
    assert_eq!((side(&hairpin, (20, 1)), side(&hairpin, (20, -1)), side(&hairpin, (20, 0))), (R, R, R));
    assert_eq!(side(&[(0, 0), (5, 0), (10, 0)], (5, 3)), L, "a straight vertex");
}

#[test]
fn a_hairpin_finer_than_rounding_has_two_sides() {
    let thin = LineString(vec![at((0, 0)), at((10, 0)), Coord { x: 0.0, y: 1e-25 }]);
    assert_eq!(side_of(&thin, at((5, 1000)), PLANE).unwrap().side, R);
    assert_eq!(side_of(&thin, at((5, -1000)), PLANE).unwrap().side, R);
    assert_eq!(side_of(&thin, Coord { x: 5.0, y: 1e-26 }, PLANE).unwrap().side, L);
}

#[test]
fn spikes_and_repeats() {
    let spike = [(0, 0), (10, 0), (10, 5), (10, 0), (20, 0)];
    assert_eq!((side(&spike, (5, 2)), side(&spike, (10, -4))), (L, R), "the base does not see it");
    assert_eq!((side(&spike, (11, 3)), side(&spike, (10, 9))), (None, None), "it has no sides itself");
    let thrice = [(0, 0), (10, 0), (0, 0), (10, 0)];
    assert_eq!((side(&thrice, (5, 2)), side(&thrice, (5, -2))), (L, R));
    assert_eq!(side(&[(0, 0), (10, 0), (0, 0)], (5, 2)), None);
}

#[test]
fn an_open_spiral_contradicts_itself_halfway() {
    let spiral = [(0, 0), (20, 0), (20, 9), (-9, 9), (-9, 2), (10, 2)];
    assert_eq!(side(&spiral, (4, 1)), None);
    assert_eq!(side_of(&line(&spiral), Coord { x: 4.0, y: 0.9 }, PLANE).unwrap().side, L);
    assert_eq!(side_of(&line(&spiral), Coord { x: 4.0, y: 1.1 }, PLANE).unwrap().side, R);
}

#[test]
fn lines_in_parts_join_and_meet() {
    let near = |parts: &[&[P]], p: P| {
        let mut n = Nearest::new(at(p), PLANE);
        for (part, l) in (0..).zip(parts) {
            segments(part, &line(l)).for_each(|s| n.add(s));
        }
        let near = n.finish().unwrap();
        (near.side, near.end)
    };
    // One line cut in two where it turns: the cut has no ends.
    assert_eq!(near(&[&[(0, 0), (10, 0)], &[(10, 0), (10, 10)]], (13, -2)), (R, false));
    // Ends that only meet, head to head: they disagree.
    assert_eq!(near(&[&[(0, 0), (10, 0)], &[(10, 10), (10, 0)]], (13, -2)), (None, false));
    // A line that ends inside another: above the other's far side, where both are met.
    assert_eq!(near(&[&[(0, 0), (20, 0)], &[(10, 9), (10, 0)]], (10, -3)), (R, false));
    assert_eq!(near(&[&[(0, 0), (20, 0)], &[(10, 9), (10, 0)]], (12, 1)), (L, false));
}

#[test]
fn nothing_and_no_length() {
    assert_eq!(side_of(&LineString(vec![]), at((0, 0)), PLANE), None);
    assert_eq!(side_of(&line(&[(1, 1)]), at((0, 0)), PLANE), None);
    assert_eq!(side_of(&line(&[(1, 1), (1, 1)]), at((0, 0)), PLANE), None);
    let nan = Coord { x: f64::NAN, y: 0.0 };
    assert_eq!(side_of(&line(&[(1, 1), (2, 1)]), nan, PLANE), None);
}

// --- Against oracles in whole numbers that know nothing of nearest places.

fn cross(a: P, b: P, c: P) -> i64 {
    let d = |u: i32, v: i32| i64::from(u) - i64::from(v);
    d(b.0, a.0) * d(c.1, a.1) - d(b.1, a.1) * d(c.0, a.0)
}

fn on(a: P, b: P, p: P) -> bool {
    cross(a, b, p) == 0
        && (a.0.min(b.0)..=a.0.max(b.0)).contains(&p.0)
        && (a.1.min(b.1)..=a.1.max(b.1)).contains(&p.1)
}

/// Whether two closed segments share a point.
fn meet(a: P, b: P, c: P, d: P) -> bool {
    let s = |x: i64| x.signum();
    (s(cross(a, b, c)) * s(cross(a, b, d)) < 0 && s(cross(c, d, a)) * s(cross(c, d, b)) < 0)
        || on(a, b, c)
        || on(a, b, d)
        || on(c, d, a)
        || on(c, d, b)
}

/// Even–odd over closed rings; none on an edge.
fn inside(rings: &[Vec<P>], p: P) -> Option<bool> {
    let mut odd = false;
    for e in rings.iter().flat_map(|r| r.windows(2)) {
        if on(e[0], e[1], p) {
            return None;
        }
        if (e[0].1 <= p.1) != (e[1].1 <= p.1) {
            odd ^= (cross(e[0], e[1], p) > 0) == (e[1].1 > e[0].1);
        }
    }
    Some(odd)
}

/// A ring without crossings or touches through points in some order, by undoing crossings; none where points get in
/// the way. Counter-clockwise.
fn simple_ring(mut points: Vec<P>) -> Option<Vec<P>> {
    points.sort_unstable();
    points.dedup();
    let n = points.len();
    if n < 3 {
        return None;
    }
    // Any fixed shuffle will do.
    points.sort_by_key(|p| (p.0 * 7 + p.1 * 13) % 11);
    for _ in 0..200 {
        let mut clean = true;
        'pairs: for i in 0..n {
            for j in i + 2..n {
                if i == 0 && j == n - 1 {
                    continue;
                }
                if meet(points[i], points[i + 1], points[j], points[(j + 1) % n]) {
                    points[i + 1..=j].reverse();
                    clean = false;
                    break 'pairs;
                }
            }
        }
        if clean {
            let mut ring = points.clone();
            ring.push(points[0]);
            let folds = (0..n).any(|i| {
                on(ring[i], ring[i + 1], ring[(i + 2) % n]) || {
                    let c = ring[(i + 2) % n];
                    on(ring[i + 1], c, ring[i])
                }
            });
            if folds {
                return None;
            }
            let area: i64 = ring.windows(2).map(|e| cross((0, 0), e[0], e[1])).sum();
            if area < 0 {
                ring.reverse();
            }
            return (area != 0).then_some(ring);
        }
    }
    None
}

fn ring() -> impl Strategy<Value = Vec<P>> {
    prop::collection::vec((-8..=8i32, -8..=8i32), 3..14).prop_filter_map("crosses", simple_ring)
}

fn metric() -> impl Strategy<Value = Metric> {
    prop_oneof![
        Just(PLANE),
        (-89.0..89.0f64).prop_map(|y| Frame::Geographic.metric(Coord { x: 0.0, y })),
        Just(Frame::Geographic.metric(Coord { x: 0.0, y: 90.0 })),
    ]
}

fn as_side(inside: Option<bool>) -> Option<Side> {
    inside.map(|i| if i { Side::Left } else { Side::Right })
}

/// Squared distance of a segment as a fraction.
fn distance2(a: P, b: P, p: P) -> (i128, i128) {
    let sub = |u: P, v: P| (i128::from(u.0 - v.0), i128::from(u.1 - v.1));
    let dot = |u: (i128, i128), v: (i128, i128)| u.0 * v.0 + u.1 * v.1;
    let (d, ap, bp) = (sub(b, a), sub(p, a), sub(p, b));
    if dot(ap, d) <= 0 {
        (dot(ap, ap), 1)
    } else if dot(bp, d) >= 0 {
        (dot(bp, bp), 1)
    } else {
        (i128::from(cross(a, b, p)).pow(2), dot(d, d))
    }
}

fn least(edges: &[(P, P)], p: P) -> Option<(i128, i128)> {
    edges.iter().map(|&(a, b)| distance2(a, b, p)).min_by(|a, b| (a.0 * b.1).cmp(&(b.0 * a.1)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn closed_line_is_a_ring(ring in ring(), m in metric(), p in (-10..=10i32, -10..=10i32), turn in any::<bool>()) {
        let expected = as_side(inside(std::slice::from_ref(&ring), p));
        let mut points = ring;
        if turn {
            points.reverse();
        }
        let near = side_of(&line(&points), at(p), m).unwrap();
        let flipped = near.side.map(|s| if turn == (s == Side::Left) { Side::Right } else { Side::Left });
        prop_assert_eq!(flipped, expected);
        prop_assert!(!near.end);
        prop_assert_eq!(near.distance == 0.0, expected.is_none());
    }

    /// An open line is a ring with a gap: where the gap is farther than the line, the ring tells the side.
    #[test]
    fn open_line_is_a_ring_with_a_gap(ring in ring(), p in (-10..=10i32, -10..=10i32), keep in 1..12usize) {
        let keep = keep.min(ring.len() - 2);
        let edges: Vec<(P, P)> = ring.windows(2).map(|e| (e[0], e[1])).collect();
        let open = &ring[..=keep];
        let near = side_of(&line(open), at(p), PLANE).unwrap();
        let (d, gap) = (least(&edges[..keep], p).unwrap(), least(&edges[keep..], p).unwrap());
        prop_assert!((near.distance.powi(2) - d.0 as f64 / d.1 as f64).abs() < 1e-9);
        // Beyond an end: nearest to it, and not square above it or before.
        let dot = |u: P, v: P, w: P| i64::from(v.0 - u.0) * i64::from(w.0 - u.0) + i64::from(v.1 - u.1) * i64::from(w.1 - u.1);
        let at_end = |e: P, before: P| distance2(e, e, p).0 * d.1 == d.0 && dot(e, before, p) < 0;
        let (first, last) = (at_end(open[0], open[1]), at_end(open[keep], open[keep - 1]));
        let nearest = edges[..keep].iter().filter(|e| { let o = distance2(e.0, e.1, p); o.0 * d.1 == d.0 * o.1 }).count();
        if d.0 == 0 {
            prop_assert_eq!(near.side, None);
        } else if nearest == 1 && (first || last) {
            prop_assert_eq!((near.side, near.end), (None, true));
        } else if !(first || last) && d.0 * gap.1 < gap.0 * d.1 {
            prop_assert_eq!(near.side, as_side(inside(std::slice::from_ref(&ring), p)));
            prop_assert!(!near.end);
        }
    }

    /// Cells that touch in corners and with corners on edges, all counter-clockwise.
    #[test]
    fn touching_cells(black in prop::collection::vec(any::<bool>(), 16), shift in prop::collection::vec(0..=2i32, 4),
                      p in (-2..=14i32, -2..=14i32), m in metric()) {
        let mut rings: Vec<Vec<P>> = Vec::new();
        for (i, _) in black.iter().enumerate().filter(|(_, b)| **b) {
            let (row, column) = (i as i32 / 4, i as i32 % 4);
            let (x, y) = (column * 3 + shift[row as usize], row * 3);
            let cell = vec![(x, y), (x + 3, y), (x + 3, y + 3), (x, y + 3), (x, y)];
            // Cells that share more than points are another matter.
            let apart = rings.iter().all(|r: &Vec<P>| {
                let over = |a: i32, b: i32| (a.max(b), (a + 3).min(b + 3));
                let (ox, oy) = (over(r[0].0, x), over(r[0].1, y));
                ox.0 > ox.1 || oy.0 > oy.1 || (ox.0 == ox.1 && oy.0 == oy.1)
            });
            if apart {
                rings.push(cell);
            }
        }
        let mut n = Nearest::new(at(p), m);
        for (part, r) in (0..).zip(&rings) {
            segments(part, &line(r)).for_each(|s| n.add(s));
        }
        if let Some(near) = n.finish() {
            prop_assert_eq!(near.side, as_side(inside(&rings, p)));
        }
    }

    /// Holes whose corners lie on the shell's edges: places where a vertex and the inside of a segment coincide.
    #[test]
    fn corners_on_edges(w in 1..=4i32, cut in (1..8i32, 1..8i32, 1..8i32, 1..8i32), p in (-9..=17i32, -9..=17i32), m in metric()) {
        let s = 8 * w;
        let shell = vec![(0, 0), (s, 0), (s, s), (0, s), (0, 0)];
        let (b, r, t, l) = (cut.0 * w, cut.1 * w, cut.2 * w, cut.3 * w);
        // Clockwise.
        let hole = vec![(b, 0), (0, l), (t, s), (s, r), (b, 0)];
        let all = [shell, hole];
        let mut n = Nearest::new(at(p), m);
        for (part, r) in (0..).zip(&all) {
            segments(part, &line(r)).for_each(|s| n.add(s));
        }
        prop_assert_eq!(n.finish().unwrap().side, as_side(inside(&all, p)));
    }

    /// Segments near the point, in any order, some twice, answer as the line does.
    #[test]
    fn pieces_answer_as_the_whole(points in prop::collection::vec((-6..=6i32, -6..=6i32), 2..12), p in (-8..=8i32, -8..=8i32),
                                  m in metric(), order in prop::collection::vec(0..1000usize, 24)) {
        let l = line(&points);
        let whole = side_of(&l, at(p), m);
        let all: Vec<Segment> = segments(0, &l).collect();
        let mut n = Nearest::new(at((0, 0)), PLANE);
        n.add(Segment { part: 0, index: 0, a: at((0, 0)), b: at((1, 1)) });
        n.reset(at(p), m);
        let reach = whole.map_or(0.0, |w| w.distance * (1.0 + 1e-6) + 1e-6);
        let mut near: Vec<Segment> = all.iter().copied().filter(|s| m.to_segment(at(p), s.a, s.b).0 <= reach).collect();
        near.extend(near.clone().into_iter().step_by(2));
        for k in order {
            if !near.is_empty() {
                let i = k % near.len();
                near.rotate_left(i);
                near.swap(0, i);
            }
        }
        near.into_iter().for_each(|s| n.add(s));
        prop_assert_eq!(n.resolve(), whole);
    }
}
