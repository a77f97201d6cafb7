//! The date line: unwrapped, closed over a pole, cut.

use super::dateline::unwrap;
use super::split::{signed_area, split_at_date_line};
use geo_types::{Coord, Geometry, LineString, Polygon, polygon};
use proptest::prelude::*;

fn coords(list: &[(f64, f64)]) -> Vec<Coord<f64>> {
    list.iter().map(|&(x, y)| Coord { x, y }).collect()
}

fn ring(list: &[(f64, f64)]) -> Geometry<f64> {
    Polygon::new(LineString(coords(list)), Vec::new()).into()
}

/// Even–odd, over all rings of all polygons.
fn covers(g: &Geometry<f64>, p: (f64, f64)) -> bool {
    let polygons = match g {
        Geometry::Polygon(p) => std::slice::from_ref(p),
        Geometry::MultiPolygon(m) => &m.0,
        _ => &[],
    };
    let rings = polygons.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()));
    rings.flat_map(|r| r.0.windows(2)).fold(false, |odd, e| {
        let (a, b) = (e[0], e[1]);
        odd ^ ((a.y > p.1) != (b.y > p.1) && p.0 < (b.x - a.x) * ((p.1 - a.y) / (b.y - a.y)) + a.x)
    })
}

/// The same where a place has several longitudes.
fn covers_anywhere(g: &Geometry<f64>, p: (f64, f64)) -> bool {
    [-720.0, -360.0, 0.0, 360.0, 720.0].iter().any(|turn| covers(g, (p.0 + turn, p.1)))
}

#[test]
fn a_jump_goes_the_short_way() {
    let mut g = ring(&[(179.0, 0.0), (-179.0, 0.0), (-179.0, 2.0), (179.0, 2.0), (179.0, 0.0)]);
    unwrap(&mut g);
    assert_eq!(g, ring(&[(179.0, 0.0), (181.0, 0.0), (181.0, 2.0), (179.0, 2.0), (179.0, 0.0)]));
    // Westwards, and exactly on the line.
    let mut g = ring(&[(-179.5, 0.0), (180.0, 1.0), (179.0, 0.0), (-179.5, 0.0)]);
    unwrap(&mut g);
    assert_eq!(g, ring(&[(-179.5, 0.0), (-180.0, 1.0), (-181.0, 0.0), (-179.5, 0.0)]));
}

#[test]
fn holes_follow_their_shell() {
    let shell = coords(&[(170.0, -9.0), (-170.0, -9.0), (-170.0, 9.0), (170.0, 9.0), (170.0, -9.0)]);
    let hole = coords(&[(-175.0, 0.0), (-174.0, 0.0), (-174.0, 1.0), (-175.0, 0.0)]);
    let mut g: Geometry<f64> = Polygon::new(LineString(shell), vec![LineString(hole)]).into();
    unwrap(&mut g);
    let Geometry::Polygon(p) = g else { panic!("{g:?}") };
    assert_eq!(p.interiors()[0].0[0], Coord { x: 185.0, y: 0.0 });
}

#[test]
fn rings_around_a_pole_close_over_it() {
    let rings = [
        // Either direction, from either side of the line, with a vertex on it or not.
        vec![(0.0, -70.0), (120.0, -75.0), (-120.0, -71.0), (0.0, -70.0)],
        vec![(0.0, -70.0), (-120.0, -71.0), (120.0, -75.0), (0.0, -70.0)],
        vec![(180.0, -73.0), (-90.0, -70.0), (0.0, -72.0), (90.0, -70.0), (180.0, -73.0)],
        vec![(-180.0, -73.0), (-90.0, -70.0), (0.0, -72.0), (90.0, -70.0), (-180.0, -73.0)],
        vec![(90.0, -70.0), (0.0, -72.0), (-90.0, -70.0), (-180.0, -73.0), (90.0, -70.0)],
        // Passing the line three times.
        vec![
            (0.0, -70.0),
            (170.0, -70.0),
            (-170.0, -75.0),
            (170.0, -77.0),
            (-160.0, -80.0),
            (-80.0, -70.0),
            (0.0, -70.0),
        ],
    ];
    for list in rings {
        let mut g = ring(&list);
        unwrap(&mut g);
        let Geometry::Polygon(p) = &g else { panic!("{g:?}") };
        let out = &p.exterior().0;
        assert_eq!(out.first(), out.last());
        assert!(out.iter().filter(|c| c.y == -90.0).count() == 2, "{out:?}");
        assert!(out.windows(2).all(|e| (e[0].x - e[1].x).abs() <= 180.0 || e[0].y == -90.0), "{out:?}");
        for lon in -36..36 {
            let lon = f64::from(lon) * 5.0 + 1.0;
            assert!(covers_anywhere(&g, (lon, -85.0)), "{lon} of {out:?}");
            assert!(!covers_anywhere(&g, (lon, -60.0)), "{lon} of {out:?}");
        }
        // Cut, each place is covered once.
        let cut = split_at_date_line(&g);
        for lon in -36..36 {
            assert!(covers(&cut, (f64::from(lon) * 5.0 + 1.0, -85.0)));
        }
    }
    let mut north = ring(&[(0.0, 80.0), (120.0, 85.0), (-120.0, 81.0), (0.0, 80.0)]);
    unwrap(&mut north);
    assert!(covers(&north, (77.0, 89.0)) && !covers(&north, (77.0, 79.0)));
}

#[test]
fn what_cannot_be_unwrapped_stays() {
    for list in [
        // Found by fuzzing: turns beyond counting.
        vec![(0.0, 0.0), (4e300, 1.0), (-4e300, 0.0), (0.0, 0.0)],
        vec![(0.0, 0.0), (f64::NAN, 1.0), (179.0, f64::INFINITY), (-179.0, 0.0), (0.0, 0.0)],
        // Twice around.
        vec![(0.0, 0.0), (120.0, 1.0), (-120.0, 1.0), (1.0, 0.0), (121.0, 5.0), (-121.0, 5.0), (0.0, 0.0)],
    ] {
        let mut g = ring(&list);
        unwrap(&mut g);
        // By text: NaN is not equal to itself.
        assert_eq!(format!("{g:?}"), format!("{:?}", ring(&list)));
    }
    // Steps of more than a turn.
    let mut g: Geometry<f64> = LineString(coords(&[(-500.0, 0.0), (500.0, 1.0), (-41.0, 2.0)])).into();
    unwrap(&mut g);
    assert_eq!(g, LineString(coords(&[(-500.0, 0.0), (-580.0, 1.0), (-401.0, 2.0)])).into());
}

#[test]
fn what_does_not_cross_stays_bit_for_bit() {
    let g: Geometry<f64> =
        polygon![(x: -180.0, y: 0.1), (x: 180.0, y: 0.1), (x: 180.0, y: 7.3), (x: -180.0, y: 0.1)].into();
    assert_eq!(split_at_date_line(&g), g);
    let empty = ring(&[]);
    assert_eq!(split_at_date_line(&empty), empty);
    let odd = ring(&[(f64::NAN, 0.0), (1e300, 0.0), (0.0, f64::INFINITY)]);
    assert_eq!(format!("{:?}", split_at_date_line(&odd)), format!("{odd:?}"));
}

#[test]
fn lines_are_cut_where_they_cross() {
    let g: Geometry<f64> =
        LineString(coords(&[(170.0, 0.0), (190.0, 10.0), (180.0, 20.0), (175.0, 20.0)])).into();
    let Geometry::MultiLineString(m) = split_at_date_line(&g) else { panic!() };
    let expected = [
        coords(&[(170.0, 0.0), (180.0, 5.0)]),
        coords(&[(-180.0, 5.0), (-170.0, 10.0), (-180.0, 20.0)]),
        coords(&[(180.0, 20.0), (175.0, 20.0)]),
    ];
    assert_eq!(m.0.into_iter().map(|l| l.0).collect::<Vec<_>>(), expected);
    // All the way around, west.
    let g: Geometry<f64> = LineString(coords(&[(170.0, 0.0), (-550.0, 7.0)])).into();
    let Geometry::MultiLineString(m) = split_at_date_line(&g) else { panic!() };
    assert_eq!(m.0.len(), 3);
    assert!(m.0.iter().flat_map(|l| &l.0).all(|c| c.x.abs() <= 180.0));
}

#[test]
fn a_hole_over_the_line_is_cut_with_its_shell() {
    let shell = coords(&[(170.0, -10.0), (190.0, -10.0), (190.0, 10.0), (170.0, 10.0), (170.0, -10.0)]);
    let over = coords(&[(178.0, -1.0), (182.0, -1.0), (182.0, 1.0), (178.0, 1.0), (178.0, -1.0)]);
    let east = coords(&[(184.0, 3.0), (185.0, 3.0), (185.0, 4.0), (184.0, 3.0)]);
    let g: Geometry<f64> = Polygon::new(LineString(shell), vec![LineString(over), LineString(east)]).into();
    let Geometry::MultiPolygon(m) = split_at_date_line(&g) else { panic!() };
    assert_eq!(m.0.len(), 2);
    let area: f64 =
        m.0.iter()
            .map(|p| {
                signed_area(&p.exterior().0).abs()
                    - p.interiors().iter().map(|r| signed_area(&r.0).abs()).sum::<f64>()
            })
            .sum();
    assert_eq!(area, 2.0 * (400.0 - 8.0 - 0.5));
    assert_eq!(m.0.iter().map(|p| p.interiors().len()).sum::<usize>(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    // On a coarse lattice, so that vertices and whole edges lie on the line, touch and coincide.
    #[test]
    fn cutting_keeps_every_place(
        list in proptest::collection::vec((14_i32..24, -6_i32..6), 3..9),
        probes in proptest::collection::vec((14.1_f64..24.0, -6.0_f64..6.0), 20),
    ) {
        let mut list: Vec<(f64, f64)> = list.iter().map(|&(x, y)| (f64::from(x) * 10.0, f64::from(y) * 10.0)).collect();
        list.push(list[0]);
        let g = ring(&list);
        let cut = split_at_date_line(&g);
        for (x, y) in probes {
            let (x, y) = (x * 10.0, y * 10.0);
            let wrapped = if x > 180.0 { x - 360.0 } else { x };
            // Even–odd over the parts: rings that cross themselves stay what they were.
            prop_assert_eq!(covers(&g, (x, y)), covers(&cut, (wrapped, y)), "{} {} in {:?} to {:?}", x, y, g, cut);
        }
        let Geometry::MultiPolygon(m) = cut else { return Ok(()) };
        for r in m.0.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors())) {
            prop_assert!(r.0.iter().all(|c| c.x.abs() <= 180.0));
            prop_assert!(r.0.len() > 3 && r.0.first() == r.0.last());
        }
    }
}
