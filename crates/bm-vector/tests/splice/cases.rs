//! One case after the other.

use crate::support::{
    Ring, applied, area, boundary, check, heights, is_land, land, region, ring, rings, spliced,
};
use bm_grid::{Bounds, DVec2, Region};
use bm_vector::extract::{Moved, splice};
use bm_vector::set::Change;
use bm_vector::{Boundary, Frame, Shape};
use geo_types::{Coord, LineString};

/// A continent: all that lies west of x = 10.3, far beyond a region of 20 × 20.
fn continent() -> Ring {
    ring(&[(-100.0, -100.0), (10.3, -100.0), (10.3, 3.1), (10.4, 7.2), (10.3, 100.0), (-100.0, 100.0)])
}

/// Sets a box of cells to a height.
fn fill(z: &mut [f64], xs: std::ops::Range<usize>, ys: std::ops::Range<usize>, height: f64) {
    for y in ys {
        z[y * 20 + xs.start..y * 20 + xs.end].fill(height);
    }
}

/// Splices, checks all that must hold, gives the boundaries after it.
fn done(old: &[Boundary], change: impl Fn(&mut [f64])) -> Vec<Boundary> {
    let region = region(20, 20);
    let before = heights(&region, old);
    let mut after = before.clone();
    change(&mut after);
    let got = spliced(&region, old, &before, &after, 0.0);
    check(&region, old, &before, &after, &got);
    check(&region, old, &before, &after, &spliced(&region, old, &before, &after, 0.25));
    applied(old, &got.changes)
}

#[test]
fn nothing_changes_nothing() {
    let old = [area("a", vec![continent()])];
    let region = region(20, 20);
    let before = heights(&region, &old);
    let mut after = before.clone();
    after.iter_mut().for_each(|z| *z *= 1.5);
    let got = spliced(&region, &old, &before, &after, 0.25);
    assert!(got.changes.is_empty() && got.beyond.is_empty());
    // Where there is no coastline, none comes to be.
    after[0] = 5.0;
    let none = spliced(&region, &[], &before, &after, 0.25);
    assert!(none.changes.is_empty() && none.beyond.is_empty());
}

#[test]
fn a_headland_rises_and_a_bay_sinks() {
    let new = done(&[area("a", vec![continent()])], |z| {
        fill(z, 9..15, 4..7, 3.0);
        fill(z, 6..12, 12..15, -3.0);
    });
    assert_eq!(rings(&new[0]).len(), 1);
}

/// What a commit makes, another one goes on with.
#[test]
fn one_after_the_other() {
    let mut all = vec![area("a", vec![continent()])];
    for step in 0..6 {
        all = done(&all, |z| {
            fill(z, 3 + 2 * step..7 + 2 * step, 4..7 + step, if step % 2 == 0 { 3.0 } else { -3.0 });
            fill(z, 6..12, 10 + step..14 + step, if step % 3 == 0 { -2.0 } else { 4.0 });
        });
    }
}

#[test]
fn land_at_the_regions_edge() {
    let new = done(&[area("a", vec![continent()])], |z| {
        fill(z, 8..20, 0..3, 3.0);
        fill(z, 0..20, 17..20, -3.0);
        fill(z, 19..20, 8..9, 3.0);
    });
    // Cells reach half a cell beyond their middles, no farther.
    assert!(rings(&new[0]).iter().flatten().all(|c| c.x <= 20.5));
}

#[test]
fn a_strait_parts_a_ring() {
    // A tongue of land right through the region.
    let tongue = ring(&[(-30.0, 8.2), (40.0, 8.3), (40.0, 12.1), (-30.0, 12.2)]);
    let new = done(&[area("a", vec![tongue])], |z| fill(z, 9..11, 0..20, -3.0));
    assert_eq!((new.len(), rings(&new[0]).len()), (1, 2));
}

#[test]
fn two_rings_are_joined() {
    let west = ring(&[(-30.0, 5.0), (6.2, 5.0), (6.2, 12.0), (-30.0, 12.0)]);
    let east = ring(&[(12.3, 5.0), (40.0, 5.0), (40.0, 9.0), (41.0, 12.0), (12.3, 12.0)]);
    let bridge = |z: &mut [f64]| fill(z, 5..13, 7..9, 3.0);
    let new = done(&[area("a", vec![west.clone(), east.clone()])], bridge);
    assert_eq!(rings(&new[0]).len(), 1);
    // Of two boundaries: the one with more vertices.
    let new = done(&[land("b", vec![west.clone()]), land("c", vec![east.clone()])], bridge);
    assert_eq!((new.len(), new[0].id.0.as_ref()), (1, "c"));
    // The other one goes on elsewhere.
    let islet = ring(&[(-60.0, 5.0), (-59.0, 5.0), (-59.0, 12.0)]);
    let new = done(&[land("b", vec![west, islet.clone()]), land("c", vec![east])], bridge);
    assert_eq!(rings(&new[0]), [islet]);
    assert_eq!(rings(&new[1]).len(), 1);
}

#[test]
fn islands_come_and_go() {
    let isle = ring(&[(3.2, 3.2), (6.2, 3.2), (6.2, 6.2), (3.2, 6.2)]);
    let far = ring(&[(-60.0, 5.0), (-59.0, 5.0), (-59.0, 12.0)]);
    let sink = |z: &mut [f64]| fill(z, 0..10, 0..10, -3.0);
    let rise = |z: &mut [f64]| fill(z, 12..15, 12..15, 3.0);
    assert!(done(&[area("a", vec![isle.clone()])], sink).is_empty());
    let new = done(&[area("a", vec![isle.clone(), far.clone()])], sink);
    assert_eq!(rings(&new[0]), std::slice::from_ref(&far));
    // A new island is part of the area that says what is sea.
    let new = done(&[area("a", vec![isle.clone(), far.clone()])], rise);
    assert_eq!((new.len(), rings(&new[0]).len()), (1, 3));
    assert_eq!(rings(&new[0])[..2], [isle.clone(), far.clone()]);
    // Otherwise it has a name of its own.
    let new = done(&[land("a", vec![isle]), land("a-1", vec![far])], rise);
    assert_eq!(new.iter().map(|b| b.id.0.as_ref()).collect::<Vec<_>>(), ["a", "a-1", "a-2"]);
}

#[test]
fn lakes_come_and_go_behind_their_shells() {
    let whole = ring(&[(-50.0, -50.0), (50.0, -50.0), (50.0, 50.0), (-50.0, 50.0)]);
    let far = ring(&[(60.0, 5.0), (61.0, 5.0), (61.0, 12.0)]);
    let lake: Ring = {
        let mut r = ring(&[(3.2, 3.2), (6.2, 3.2), (6.2, 6.2), (3.2, 6.2)]);
        r.reverse();
        r
    };
    let dig = |z: &mut [f64]| fill(z, 12..15, 12..15, -3.0);
    let new = done(&[area("a", vec![whole.clone(), lake.clone(), far.clone()])], dig);
    let polygons = geo_types::MultiPolygon::try_from(new[0].shape.to_geometry()).unwrap();
    assert_eq!(polygons.0.iter().map(|p| p.interiors().len()).collect::<Vec<_>>(), [2, 0]);
    let new =
        done(&[area("a", vec![whole.clone(), lake.clone(), far.clone()])], |z| fill(z, 2..8, 2..8, 3.0));
    assert_eq!(rings(&new[0]), [whole.clone(), far.clone()]);
    // A channel to the lake from the sea: one ring.
    let coast = ring(&[(-50.0, -50.0), (18.3, -50.0), (18.3, 50.0), (-50.0, 50.0)]);
    let new = done(&[area("a", vec![coast, lake.clone(), far.clone()])], |z| fill(z, 4..20, 4..6, -3.0));
    assert_eq!(rings(&new[0]).len(), 2);
    // A strait: the lake stays with the half that it lies in.
    let coast = ring(&[(-50.0, 1.3), (18.3, 1.3), (18.3, 18.3), (-50.0, 18.3)]);
    let new = done(&[area("a", vec![coast, lake.clone(), far])], |z| fill(z, 9..12, 0..20, -3.0));
    let polygons = geo_types::MultiPolygon::try_from(new[0].shape.to_geometry()).unwrap();
    let lakes: usize = polygons.0.iter().map(|p| p.interiors().len()).sum();
    assert_eq!(lakes, 1);
    for p in &polygons.0 {
        assert!(p.interiors().is_empty() || is_land(&new, Coord { x: 2.5, y: 4.5 }) == Some(true));
    }
}

#[test]
fn bays_finer_than_a_cell_are_closed_where_they_pass() {
    // A comb: five teeth and gaps to a cell.
    let mut teeth = vec![(-50.0, -50.0), (10.6, -50.0), (10.6, 3.0)];
    for k in 0..60 {
        let y = 3.0 + f64::from(k) * 0.2;
        teeth.extend([(12.6, y + 0.02), (12.6, y + 0.1), (10.6, y + 0.12), (10.6, y + 0.19)]);
    }
    teeth.extend([(10.6, 50.0), (-50.0, 50.0)]);
    let region = region(20, 20);
    let old = [area("a", vec![ring(&teeth)])];
    let before = heights(&region, &old);
    let mut after = before.clone();
    fill(&mut after, 10..13, 5..9, -3.0);
    fill(&mut after, 9..14, 12..13, 3.0);
    let got = spliced(&region, &old, &before, &after, 0.0);
    check(&region, &old, &before, &after, &got);
}

#[test]
fn along_lines_and_through_corners() {
    // Every vertex on a middle, every edge along middles or through them.
    let steps = ring(&[
        (-5.5, 4.5),
        (3.5, 4.5),
        (3.5, 9.5),
        (8.5, 4.5),
        (15.5, 4.5),
        (15.5, 12.5),
        (7.5, 12.5),
        (7.5, 15.5),
        (-5.5, 15.5),
    ]);
    for (xs, ys) in
        [(2..5, 3..6), (7..9, 3..6), (14..17, 11..14), (0..20, 8..10), (3..4, 4..5), (15..16, 4..13)]
    {
        for height in [3.0, -3.0] {
            done(&[area("a", vec![steps.clone()])], |z| fill(z, xs.clone(), ys.clone(), height));
        }
    }
    // Along the region's edges, and touching its corner.
    let edge = ring(&[(0.0, 0.0), (20.0, 0.0), (20.0, 20.0), (0.0, 20.0)]);
    done(&[area("a", vec![edge])], |z| fill(z, 0..20, 0..2, -3.0));
    let corner = ring(&[(20.0, 20.0), (40.0, 20.0), (40.0, 40.0), (20.0, 40.0)]);
    done(&[area("a", vec![corner])], |z| fill(z, 17..20, 17..20, 3.0));
}

#[test]
fn closed_lines_follow_and_open_ones_stay() {
    let shape = |open: bool| {
        let mut r = continent();
        if open {
            r.pop();
        }
        Shape::Lines(vec![LineString(r)])
    };
    let closed = [boundary("a", shape(false), None)];
    let new = done(&closed, |z| fill(z, 9..15, 4..7, 3.0));
    assert!(matches!(&new[0].shape, Shape::Lines(l) if l.len() == 1 && l[0].is_closed()));
    let open = [boundary("a", shape(true), None)];
    let region = region(20, 20);
    let before = vec![-3.0; 400];
    let mut after = before.clone();
    fill(&mut after, 9..15, 4..7, 3.0);
    let got = spliced(&region, &open, &before, &after, 0.0);
    assert_eq!((got.changes.len(), got.beyond), (0, vec!["a".into()]));
}

#[test]
fn what_lies_over_each_other_stays() {
    let other = ring(&[(-90.0, -90.0), (12.3, -90.0), (12.3, 90.0), (-90.0, 90.0)]);
    let old = [land("a", vec![continent()]), land("b", vec![other])];
    let region = region(20, 20);
    let before = heights(&region, &old[1..]);
    let mut after = before.clone();
    fill(&mut after, 9..15, 4..7, -3.0);
    let got = spliced(&region, &old, &before, &after, 0.0);
    assert_eq!((got.changes.len(), got.beyond.len()), (0, 2));
    // Of different priorities they are two maps of one land.
    let mut old = old;
    old[1].priority = 2.0;
    let got = spliced(&region, &old, &before, &after, 0.0);
    assert_eq!((got.changes.len(), got.beyond.len()), (2, 0));
}

#[test]
fn shores_that_move_within_a_cell() {
    let old = [area("a", vec![continent()])];
    let region = region(20, 20);
    let before: Vec<f64> = heights(&region, &old).iter().map(|z| z.signum() * 5.0).collect();
    let moved = |z: f64| {
        let mut after = before.clone();
        after[8 * 20 + 10] = z;
        spliced(&region, &old, &before, &after, 0.0)
    };
    // The last land is at x = 9.5: the profile passes the sea's level at 10.0, then at 10.4 and at 9.55.
    assert!(moved(-1.2).changes.is_empty());
    let before = before.clone();
    let mut after = before.clone();
    (after[8 * 20 + 9], after[8 * 20 + 10]) = (40.0, -0.5);
    let got = spliced(&region, &old, &before, &after, 0.0);
    assert!(got.changes.is_empty(), "from 10.0 to 10.49");
    let mut far = before;
    (far[8 * 20 + 9], far[8 * 20 + 10]) = (0.2, -5.0);
    let got =
        splice(&Moved { region: &region, before: &after, after: &far }, &[&old[0]], 0.0, &|_| false).unwrap();
    let [Change::Put(new)] = got.changes.as_slice() else { panic!("{got:?}") };
    assert!(rings(new).iter().flatten().any(|c| (c.x - 9.5 - 0.2 / 5.2).abs() < 1e-9 && c.y == 8.5));
}

#[test]
fn over_the_date_line() {
    let degree = 111_319.5;
    let bounds = |lon: f64, lat: f64, size: f64| {
        let min = DVec2::new(lon + 180.0, lat + 90.0) * degree;
        Bounds { min, max: min + DVec2::splat(size * degree) }
    };
    // From 179° E to 179° W, as cells of a tenth of a degree, named either way.
    for lon in [179.0, -181.0] {
        let region = Region::in_world(bounds(lon, 10.0, 2.0), degree / 10.0).unwrap();
        for (shift, west) in [(0.0, 179.52), (-360.0, 179.52), (0.0, 170.0), (-360.0, 170.0)] {
            let isle = ring(&[
                (west + shift, 10.57),
                (180.53 + shift, 10.57),
                (180.53 + shift, 11.43),
                (west + shift, 11.43),
            ]);
            let old = [area("a", vec![isle.clone()])];
            let inside = |x: u32, y: u32| {
                let lon = region.center_x(x) / degree - 180.0;
                let lat = region.center_y(y) / degree - 90.0;
                let lon = if lon < 0.0 { lon + 360.0 } else { lon };
                (west..180.53).contains(&lon) && (10.57..11.43).contains(&lat)
            };
            let cells = (0..20 * 20u32).map(|k| (k % 20, k / 20));
            let before: Vec<f64> = cells.map(|(x, y)| if inside(x, y) { 4.0 } else { -4.0 }).collect();
            let mut after = before.clone();
            fill(&mut after, 13..19, 9..11, 2.0);
            fill(&mut after, 8..10, 12..20, -2.0);
            let got = splice(
                &Moved { region: &region, before: &before, after: &after },
                &[&old[0]],
                300.0,
                &|_| false,
            )
            .unwrap();
            let [Change::Put(new)] = got.changes.as_slice() else { panic!("{got:?}") };
            new.check(Frame::Geographic).unwrap();
            let found = rings(new);
            // In the lap it was in, with the corners that nothing happened at.
            assert_eq!(found.len(), 1);
            let corners = isle.iter().filter(|c| found[0].contains(c)).count();
            assert_eq!(corners, isle.len(), "{found:?}");
            assert!(
                found[0].iter().any(|c| c.x > 180.8 + shift) && found[0].iter().all(|c| c.x < 181.0 + shift)
            );
        }
    }
    // An area that is cut at the date line has two halves there: left as it is.
    let halves = vec![
        ring(&[(170.0, 10.57), (180.0, 10.57), (180.0, 11.43), (170.0, 11.43)]),
        ring(&[(-180.0, 10.57), (-179.5, 10.57), (-179.5, 11.43), (-180.0, 11.43)]),
    ];
    let region = Region::in_world(bounds(179.0, 10.0, 2.0), degree / 10.0).unwrap();
    let before: Vec<f64> =
        (0..400).map(|k| if k % 20 < 15 && (6..14).contains(&(k / 20)) { 4.0 } else { -4.0 }).collect();
    let mut after = before.clone();
    fill(&mut after, 8..12, 12..20, -2.0);
    let old = [area("a", halves)];
    let got = splice(&Moved { region: &region, before: &before, after: &after }, &[&old[0]], 0.0, &|_| false)
        .unwrap();
    for change in &got.changes {
        let Change::Put(b) = change else { panic!("{change:?}") };
        b.check(Frame::Geographic).unwrap();
    }
    assert_eq!(got.changes.len() + got.beyond.len(), 1);
}

#[test]
fn bad_input() {
    let old = [area("a", vec![continent()])];
    let region = region(20, 20);
    let before = vec![-1.0; 400];
    let wrong =
        splice(&Moved { region: &region, before: &before, after: &before[1..] }, &[&old[0]], 0.0, &|_| false);
    assert_eq!(wrong.unwrap_err().to_string(), "399 heights for 400 cells");
    // What is no number stays as it was.
    let after = vec![f64::NAN; 400];
    assert!(spliced(&region, &old, &before, &after, 0.0).changes.is_empty());
}
