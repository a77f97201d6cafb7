//! Polygons against another library's point-in-polygon, and the polygons that are refused.

use crate::support::{WORLD, applied};
use bm_core::frame::{WORLD_X, WORLD_Y, edge_metres, edge_ticks};
use bm_core::{Cell, MaterialId, Pos};
use bm_hybrid::shape::{Polygon, Polygons, Shape};
use bm_overlay::Transaction;
use geo::{Contains, LineString};
use proptest::prelude::*;
use std::collections::BTreeSet;

type Ring = Vec<[f64; 2]>;

/// The cells of a prism, after checking that each is set whole or as far as it is in the world.
fn prism(polygons: &Polygons, alt: [f64; 2], level: u8) -> Result<BTreeSet<[u32; 3]>, String> {
    let cells = applied(&Shape::Prism { polygons: polygons.clone(), alt }, level)?;
    for (at, voxels) in &cells {
        let part = Cell::new(level, *at).expect("in the root").bounds().intersection(&WORLD);
        assert_eq!(*voxels, part.volume());
    }
    Ok(cells.into_keys().collect())
}

/// A ring around a place whose distance from it changes from vertex to vertex: it never crosses itself.
fn star(at: [f64; 2], reach: f64, shares: &[f64]) -> Ring {
    let n = shares.len();
    let mut ring: Ring = (0..n)
        .map(|i| {
            let a = i as f64 / n as f64 * std::f64::consts::TAU + 0.1;
            [at[0] + reach * shares[i] * a.cos(), at[1] + reach * shares[i] * a.sin()]
        })
        .collect();
    ring.push(ring[0]);
    ring
}

/// The same in the other library.
fn theirs(rings: &[Ring]) -> geo::Polygon {
    let line = |r: &Ring| LineString::from(r.clone());
    geo::Polygon::new(line(&rings[0]), rings[1..].iter().map(line).collect())
}

/// Degrees that some cells take.
fn degrees(cells: f64, level: u8) -> f64 {
    cells * f64::from(edge_ticks(level)) / f64::from(WORLD_X) * 360.0
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn stars_with_holes(
        lon in prop_oneof![-179.0..179.0, Just(180.0), Just(-180.0)],
        lat in -80.0..80.0,
        size in 0.5..12.0_f64,
        level in 20u8..=28,
        shell in prop::collection::vec(0.35..1.0, 3..14),
        hole in prop::collection::vec(0.05..0.17, 3..9),
        layers in 0.6..40.0_f64,
        second in any::<bool>(),
    ) {
        let at = [lon, lat];
        let reach = degrees(size, level);
        let mut all = vec![vec![star(at, reach, &shell), star(at, reach, &hole)]];
        prop_assume!(Polygon::new(all[0].clone()).is_ok()); // few vertices: the hole may reach out
        if second {
            // Overlaps the first one, its hole too.
            all.push(vec![star([lon + reach / 3.0, lat], reach / 2.0, &shell)]);
        }
        let alt = [-3.3, -3.3 + layers * edge_metres(level)];
        let polygons = all.iter().map(|r| Polygon::new(r.clone()).unwrap()).collect();
        let got = prism(&Polygons::new(polygons).unwrap(), alt, level);

        let polygons: Vec<_> = all.iter().map(|r| theirs(r)).collect();
        let e = f64::from(edge_ticks(level));
        let around = i64::from(WORLD_X.div_ceil(edge_ticks(level)));
        let centre = |c: i64, world: u32, span: f64| (c as f64 * e + e / 2.0) / f64::from(world) * span - span / 2.0;
        let middle = |v: f64, world: u32, span: f64| ((v / span + 0.5) * f64::from(world) / e).floor() as i64;
        let n = size as i64 * 2 + 3;
        let mut want = BTreeSet::new();
        let z0 = ((f64::from(1u32 << 27) + alt[0] * 4.0) / e - 0.5).ceil() as u32;
        let z1 = ((f64::from(1u32 << 27) + alt[1] * 4.0) / e - 0.5).ceil() as u32;
        for x in middle(lon, WORLD_X, 360.0) - n..=middle(lon, WORLD_X, 360.0) + n {
            let x = x.rem_euclid(around);
            for y in middle(lat, WORLD_Y, 180.0) - n..=middle(lat, WORLD_Y, 180.0) + n {
                let p = [centre(x, WORLD_X, 360.0), centre(y, WORLD_Y, 180.0)];
                let turned = [-360.0, 0.0, 360.0].map(|t| geo::Point::new(p[0] + t, p[1]));
                if polygons.iter().any(|q| turned.iter().any(|p| q.contains(p))) {
                    want.extend((z0..z1).map(|z| [x as u32, y as u32, z]));
                }
            }
        }
        match got {
            Ok(cells) => prop_assert_eq!(cells, want),
            Err(e) => prop_assert!(want.is_empty() && e.contains("no cell"), "{}", e),
        }
    }
}

fn square(lon: f64, lat: f64, size: f64) -> Ring {
    vec![[lon, lat], [lon + size, lat], [lon + size, lat + size], [lon, lat + size], [lon, lat]]
}

fn one(rings: Vec<Ring>) -> Polygons {
    Polygons::new(vec![Polygon::new(rings).expect("sound")]).expect("one")
}

#[test]
fn edges_through_centres_belong_to_one_side() {
    // Corners on centres of voxels: a chess board of squares covers each cell once.
    let level = 28;
    let corner = |x: u32, y: u32| {
        let g = Pos::new(x, y, 1 << 27).unwrap().to_geo();
        [g.lon, g.lat]
    };
    let mut seen = BTreeSet::new();
    for (i, j) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let [x, y] = [60_000_000 + 8 * i, 50_000_000 + 8 * j];
        let ring = vec![corner(x, y), corner(x + 8, y), corner(x + 8, y + 8), corner(x, y + 8), corner(x, y)];
        let cells = prism(&one(vec![ring.clone()]), [0.0, 0.25], level).unwrap();
        assert_eq!(cells.len(), 64);
        assert!(cells.contains(&[x, y, 1 << 27]), "the southwestern corner is inside");
        assert!(cells.iter().all(|c| seen.insert(*c)));
        let turned: Ring = ring.into_iter().rev().collect();
        assert_eq!(prism(&one(vec![turned]), [0.0, 0.25], level).unwrap(), cells, "any winding");
    }
}

#[test]
fn large_prisms_are_made_of_large_parts() {
    // 400 by 560 m, 300 m high.
    let mut t = Transaction::new("test");
    let shape = Shape::Prism { polygons: one(vec![square(7.0, 46.0, 0.005)]), alt: [-100.1, 200.1] };
    let cells = shape.apply(26, MaterialId::AIR, &mut t).unwrap();
    let size = 0.005 / 360.0 * f64::from(WORLD_X) / 4.0;
    assert!((cells as f64 / (size * size * 300.0) - 1.0).abs() < 5e-3, "{cells}");
    let edits = t.edits();
    assert!(edits.runs.len() + edits.boxes.len() < 300_000, "{} {}", edits.runs.len(), edits.boxes.len());
    assert!(edits.runs.iter().any(|r| r.page.level() == 14 && r.to - r.from >= 64));
}

#[test]
fn a_polygon_over_the_date_line_may_be_written_three_ways() {
    let count = |rings: Vec<Vec<Ring>>| {
        let all = rings.into_iter().map(|r| Polygon::new(r).unwrap()).collect();
        prism(&Polygons::new(all).unwrap(), [0.0, 1.0], 26).unwrap()
    };
    let d = 1e-4;
    let beyond = count(vec![vec![square(180.0 - d, -17.0, 2.0 * d)]]);
    let before = count(vec![vec![square(-180.0 - d, -17.0, 2.0 * d)]]);
    let half =
        |w: f64, e: f64| vec![[w, -17.0], [e, -17.0], [e, -17.0 + 2.0 * d], [w, -17.0 + 2.0 * d], [w, -17.0]];
    let cut = count(vec![vec![half(180.0 - d, 180.0)], vec![half(-180.0, -180.0 + d)]]);
    assert_eq!(beyond, cut);
    assert_eq!(before, cut);
    assert!(beyond.iter().any(|c| c[0] < 100) && beyond.iter().any(|c| c[0] > WORLD_X / 4 - 100));
}

#[test]
fn unsound_polygons_are_refused_with_their_place() {
    let s = square(7.0, 46.0, 1.0);
    let open = s[..4].to_vec();
    let with = |i: usize, v: [f64; 2]| {
        let mut r = s.clone();
        r[i] = v;
        r
    };
    let bow = vec![[0.0, 0.0], [2.0, 2.0], [2.0, 0.0], [0.0, 2.0], [0.0, 0.0]];
    let spike = vec![[0.0, 0.0], [2.0, 0.0], [4.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 0.0]];
    let eight = vec![[0.0, 0.0], [1.0, 1.0], [2.0, 0.0], [2.0, 2.0], [1.0, 1.0], [0.0, 2.0], [0.0, 0.0]];
    let line = vec![[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [0.0, 0.0]];
    let point = vec![[1.0, 1.0]; 5];
    for (rings, words) in [
        (vec![], vec!["no ring"]),
        (vec![vec![]], vec!["ring 0 (shell)", "0 vertices"]),
        (vec![s[..3].to_vec()], vec!["3 vertices", "triangle has four"]),
        (vec![open], vec!["vertex 3", "7, 47", "close the ring"]),
        (vec![with(2, [f64::NAN, 47.0])], vec!["vertex 2", "no numbers"]),
        (vec![with(1, [f64::INFINITY, 46.0])], vec!["vertex 1", "no numbers"]),
        (vec![with(1, [8.0, 96.0])], vec!["vertex 1", "swapped"]),
        (vec![with(1, [500_000.0, 5_000_000.0])], vec!["vertex 1", "are these degrees"]),
        (vec![with(1, [361.0, 46.0])], vec!["vertex 1", "longitude 361"]),
        (vec![square(-170.0, 0.0, 50.0), with(0, [190.0, 46.0])], vec!["ring 1 (hole)", "close the ring"]),
        (
            vec![vec![[179.0, 0.0], [-179.0, 0.0], [-179.0, 1.0], [179.0, 1.0], [179.0, 0.0]]],
            vec!["vertex 0", "long way round", "beyond 180"],
        ),
        (
            vec![vec![
                [-300.0, 0.0],
                [-130.0, 0.0],
                [40.0, 0.0],
                [200.0, 0.0],
                [30.0, 1.0],
                [-130.0, 1.0],
                [-300.0, 0.0],
            ]],
            vec!["500 degrees wide"],
        ),
        (vec![bow], vec!["ring 0 (shell)", "vertex 0 (0, 0)", "vertex 2 (2, 0)", "cross"]),
        (vec![spike], vec!["vertex 0", "vertex 2", "retrace"]),
        (vec![eight], vec!["touch"]),
        (vec![line], vec!["retrace"]),
        (vec![point], vec!["fewer than three different"]),
        (
            vec![s.clone(), square(9.0, 46.2, 0.1)],
            vec!["ring 1 (hole)", "vertex 0: 9, 46.2", "outside the shell"],
        ),
        (vec![s.clone(), square(7.9, 46.2, 0.2)], vec!["ring 0", "of ring 1", "cross each other"]),
        (
            vec![s.clone(), square(7.2, 46.2, 0.5), square(7.3, 46.3, 0.1)],
            vec!["ring 2", "another hole, ring 1"],
        ),
        (vec![s.clone(), s.clone()], vec!["of ring 1"]),
        (vec![s.clone(), square(7.2, 46.2, 0.2), square(7.4, 46.3, 0.2)], vec!["ring 1", "of ring 2"]),
    ] {
        let error = Polygon::new(rings.clone()).expect_err(&format!("{rings:?}")).to_string();
        for w in words {
            assert!(error.contains(w), "{rings:?}: {w:?} is not in: {error}");
        }
    }
    // Sound, if unusual: a vertex twice, a hole that touches the shell in a point, holes that touch.
    let mut twice = s.clone();
    twice.insert(2, twice[1]);
    assert!(Polygon::new(vec![twice]).is_ok());
    let touching = vec![[7.0, 46.5], [7.3, 46.4], [7.3, 46.6], [7.0, 46.5]];
    assert!(Polygon::new(vec![s.clone(), touching]).is_ok());
    assert!(Polygon::new(vec![s.clone(), square(7.1, 46.1, 0.25), square(7.35, 46.35, 0.25)]).is_ok());
    assert!(Polygons::new(vec![]).is_err());
}

#[test]
fn geojson_of_all_kinds() {
    let ring = "[[7,46],[7.0001,46],[7.0001,46.0001],[7,46.0001],[7,46]]";
    let polygon = format!(r#"{{"type":"Polygon","coordinates":[{ring}]}}"#);
    let want = prism(&Polygons::from_geojson(&polygon).unwrap(), [0.0, 1.0], 26).unwrap();
    assert!(!want.is_empty());
    let feature = format!(r#"{{"type":"Feature","properties":null,"geometry":{polygon}}}"#);
    for text in [
        format!(r#"{{"type":"MultiPolygon","coordinates":[[{ring}],[{ring}]]}}"#),
        format!(r#"{{"type":"GeometryCollection","geometries":[{polygon}]}}"#),
        format!(r#"{{"type":"FeatureCollection","features":[{feature},{feature}]}}"#),
        format!(
            r#"{{"type":"FeatureCollection","crs":{{"type":"name","properties":{{"name":"urn:ogc:def:crs:OGC:1.3:CRS84"}}}},"features":[{feature}]}}"#
        ),
        feature.clone(),
        polygon.replace("[7,46]", "[7,46,1200.5]"),
    ] {
        let got = prism(&Polygons::from_geojson(&text).unwrap(), [0.0, 1.0], 26).unwrap();
        assert_eq!(got, want, "{text}");
    }
    for (text, words) in [
        ("", "cannot be understood"),
        ("{", "cannot be understood"),
        (r#"{"type":"Polygon"}"#, "cannot be understood"),
        (r#"{"type":"Polygon","coordinates":[[[7,46],[8,NaN]]]}"#, "cannot be understood"),
        (r#"{"type":"Polygon","coordinates":[[["7",46]]]}"#, "cannot be understood"),
        (r#"{"type":"Polygon","coordinates":[]}"#, "no ring"),
        (r#"{"type":"Polygon","coordinates":[[[7],[8,1],[8,2],[7]]]}"#, ""),
        (r#"{"type":"Point","coordinates":[7,46]}"#, "a Point covers nothing"),
        (r#"{"type":"FeatureCollection","features":[]}"#, "no polygon"),
        (r#"{"type":"Feature","properties":{},"geometry":null}"#, "without a geometry"),
        (
            r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":{"type":"LineString","coordinates":[[1,2],[3,4]]}}]}"#,
            "feature 0: a LineString",
        ),
        (
            r#"{"type":"MultiPolygon","coordinates":[[[[0,0],[1,0],[1,1],[0,0]]],[[[0,0],[1,0],[1,1]]]]}"#,
            "polygon 1: ring 0 (shell) has 3 vertices",
        ),
        (
            r#"{"type":"Polygon","crs":{"type":"name","properties":{"name":"EPSG:3857"}},"coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}"#,
            "coordinate system is EPSG:3857",
        ),
    ] {
        let error = Polygons::from_geojson(text).expect_err(text).to_string();
        assert!(error.contains(words), "{text}: {words:?} is not in: {error}");
    }
    let deep =
        format!("{}{}", r#"{"type":"GeometryCollection","geometries":["#.repeat(5000), "]}".repeat(5000));
    assert!(Polygons::from_geojson(&deep).is_err());
    assert!(prism(&Polygons::from_geojson(&polygon).unwrap(), [5.0, 5.0], 26).unwrap_err().contains("empty"));
    let huge = one(vec![square(0.0, 0.0, 90.0)]);
    let error = prism(&huge, [0.0, 100.0], 28).unwrap_err();
    assert!(error.contains("million") && error.contains("use level"), "{error}");
}
