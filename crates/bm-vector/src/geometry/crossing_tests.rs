use super::*;
use crate::geometry::validate::runs_left;
use geo::{Validation, line_intersection::line_intersection};
use geo_types::{Line, LineString, Polygon};
use proptest::prelude::*;

fn at(x: i32, y: i32) -> Coord<f64> {
    Coord { x: x.into(), y: y.into() }
}

fn ring(points: &[(i32, i32)]) -> Vec<Coord<f64>> {
    points.iter().chain(points.first()).map(|&(x, y)| at(x, y)).collect()
}

fn check(rings: &[Vec<Coord<f64>>]) -> Result<(), GeometryError> {
    Rings::new(rings).check(|r, i| Spot::ring(0, r).vertex(i, rings[r][i]))
}

fn flaw(rings: &[Vec<Coord<f64>>]) -> Option<Flaw> {
    check(rings).err().map(|e| e.flaw)
}

#[test]
fn crossings_are_named() {
    let bow = ring(&[(0, 0), (4, 4), (4, 0), (0, 4)]);
    let error = check(std::slice::from_ref(&bow)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "part 0, ring 0, vertex 0 (0 0): this edge crosses the edge at part 0, ring 0, vertex 2 (4 0)"
    );
    let apart = [ring(&[(0, 0), (4, 0), (0, 4)]), ring(&[(9, 0), (13, 0), (9, 4)])];
    assert_eq!(check(&apart), Ok(()));
    let over = [ring(&[(0, 0), (4, 0), (0, 4)]), ring(&[(1, 1), (13, 0), (9, 4)])];
    assert!(matches!(flaw(&over), Some(Flaw::Crossing(_))));
}

#[test]
fn touching_in_points_is_fine_and_crossing_in_them_is_not() {
    let square = ring(&[(0, 0), (8, 0), (8, 8), (0, 8)]);
    let corner = ring(&[(8, 8), (12, 8), (12, 12)]);
    let on_edge = ring(&[(8, 4), (12, 2), (12, 6)]);
    let hole = ring(&[(0, 4), (4, 8), (8, 4), (4, 0)]);
    assert_eq!(check(&[square.clone(), corner, on_edge, hole]), Ok(()));
    // A ring that touches itself in a vertex, and one that goes through its own vertex.
    assert_eq!(check(&[ring(&[(0, 0), (4, 0), (2, 2), (4, 4), (0, 4), (2, 2)])]), Ok(()));
    assert!(matches!(
        flaw(&[ring(&[(0, 0), (2, 2), (4, 4), (4, 0), (2, 2), (0, 4)])]),
        Some(Flaw::Crossing(_))
    ));
    // Into the square through a corner, and through an edge in a vertex.
    let through_corner = ring(&[(8, 8), (12, 9), (12, 12), (9, 12), (8, 8), (4, 7), (4, 4), (7, 4)]);
    assert_eq!(check(std::slice::from_ref(&through_corner)), Ok(()));
    let through_edge = ring(&[(4, 4), (8, 4), (12, 4), (12, 6)]);
    assert!(matches!(flaw(&[square.clone(), through_edge]), Some(Flaw::Crossing(_))));
    let through = ring(&[(4, 4), (8, 8), (12, 10), (10, 12)]);
    assert!(matches!(flaw(&[square, through]), Some(Flaw::Crossing(_))));
}

#[test]
fn folds_and_shared_edges() {
    assert_eq!(flaw(&[ring(&[(0, 0), (4, 0), (8, 0), (6, 0), (6, 4)])]), Some(Flaw::Fold));
    let error = check(&[ring(&[(0, 0), (4, 4), (0, 8), (0, 0), (0, -4)])]).unwrap_err();
    assert!(matches!(error.flaw, Flaw::Fold | Flaw::Overlap(_)), "{error}");
    let (a, b) = (ring(&[(0, 0), (4, 0), (4, 4)]), ring(&[(4, 1), (8, 1), (4, 9)]));
    assert!(matches!(flaw(&[a, b]), Some(Flaw::Overlap(_))));
}

#[test]
fn long_combs_and_hatchings_are_compared() {
    let comb: Vec<(i32, i32)> =
        (0..3000).flat_map(|i| [(2 * i, 1), (2 * i + 1, 100_000)]).chain([(6000, 0), (0, 0)]).collect();
    assert_eq!(check(&[ring(&comb)]), Ok(()));
    let slanted: Vec<(i32, i32)> = (0..3000)
        .flat_map(|i| [(3 * i, -3 * i + 1), (3 * i + 100_001, -3 * i + 100_000)])
        .chain([(109_001, 80_000), (109_002, -9100), (0, -9100)])
        .collect();
    assert_eq!(check(&[ring(&slanted)]), Ok(()));
    let mut crossed = comb;
    crossed[3000].0 += 3;
    assert!(matches!(flaw(&[ring(&crossed)]), Some(Flaw::Crossing(_))));
}

#[test]
fn who_lies_around_whom() {
    let square = |c: i32, r: i32| ring(&[(c - r, -r), (c + r, -r), (c + r, r), (c - r, r)]);
    let rings = [square(0, 10), square(0, 5), square(0, 2), square(30, 5), square(7, 1)];
    let mut set = Rings::new(&rings);
    set.check(|_, _| Spot::default()).unwrap();
    let around: Vec<Vec<usize>> = (0..5).map(|i| set.around(i).into_iter().collect()).collect();
    assert_eq!(around, [vec![], vec![0], vec![0, 1], vec![], vec![0]]);
    // All four corners on the shell's edges.
    let touching = [square(0, 10), ring(&[(0, -10), (10, 0), (0, 10), (-10, 0)])];
    let mut set = Rings::new(&touching);
    set.check(|_, _| Spot::default()).unwrap();
    assert_eq!((set.around(0).len(), set.around(1).len()), (0, 1));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn segments_meet_as_geo_says(p in prop::array::uniform8(-5..=5i32)) {
        let (a, b, c, d) = (at(p[0], p[1]), at(p[2], p[3]), at(p[4], p[5]), at(p[6], p[7]));
        prop_assume!(a != b && c != d);
        let theirs = match line_intersection(Line::new(a, b), Line::new(c, d)) {
            None => Meet::Apart,
            Some(geo::LineIntersection::SinglePoint { is_proper: true, .. }) => Meet::Cross,
            Some(geo::LineIntersection::SinglePoint { intersection, .. }) => Meet::Touch(intersection),
            Some(geo::LineIntersection::Collinear { intersection }) if intersection.start == intersection.end => {
                Meet::Touch(intersection.start)
            }
            Some(geo::LineIntersection::Collinear { .. }) => Meet::Overlap,
        };
        prop_assert_eq!(meet(a, b, c, d), theirs);
    }

    /// Where nothing touches, a ring is fine exactly if the field's validator says so.
    #[test]
    fn rings_are_valid_as_geo_says(points in prop::collection::vec((-40..=40i32, -40..=40i32), 3..9)) {
        let one = ring(&points);
        // A ring that encloses nothing passes there and is refused elsewhere here.
        prop_assume!(one.windows(2).all(|e| e[0] != e[1]) && runs_left(&one).is_some());
        let n = one.len() - 1;
        let touch = (0..n).any(|i| (0..i).any(|j| {
            let next = i == j + 1 || j == 0 && i == n - 1;
            !next && matches!(meet(one[i], one[i + 1], one[j], one[j + 1]), Meet::Touch(_))
        }));
        prop_assume!(!touch);
        let ours = check(std::slice::from_ref(&one)).is_ok();
        prop_assert_eq!(ours, Polygon::new(LineString(one), vec![]).is_valid());
    }

    /// The tree finds what comparing every pair finds.
    #[test]
    fn the_tree_misses_nothing(points in prop::collection::vec((-300..=300i32, -300..=300i32), 3..60), shift in -400..=400i32) {
        let rings = [ring(&points), ring(&points.iter().map(|p| (p.0 + shift, p.1 / 2)).collect::<Vec<_>>())];
        prop_assume!(rings.iter().all(|r| r.windows(2).all(|e| e[0] != e[1])));
        let edges: Vec<_> = rings.iter().flat_map(|r| r.windows(2)).collect();
        let bad = (0..edges.len()).any(|i| (0..i).any(|j| {
            matches!(meet(edges[i][0], edges[i][1], edges[j][0], edges[j][1]), Meet::Cross | Meet::Overlap)
        }));
        if bad {
            prop_assert!(check(&rings).is_err());
        }
    }
}
