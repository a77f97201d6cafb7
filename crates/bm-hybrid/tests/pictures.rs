//! Pictures and exports of the Earth from the bundled relief.
#![allow(clippy::unwrap_used)] // helpers of tests
#![cfg(all(feature = "bundled", feature = "render", feature = "geotiff"))]

use bm_core::frame::{MAX_LEVEL, SEA_LEVEL, TICKS_PER_METRE};
use bm_core::pos::tick_to_alt;
use bm_core::{Cell, GeoPoint, Pos};
use bm_hybrid::export::{export_geotiff_heights, export_geotiff_materials, export_npy};
use bm_hybrid::render::{
    Lines, SectionLine, section_image, slice_image, surface_image, surface_sheet, write_surface,
};
use bm_hybrid::{Size, View, Window, World};
use bm_io::picture::Image;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

static EARTH: LazyLock<Arc<View>> = LazyLock::new(|| {
    let world = World::in_memory().unwrap();
    let relief = bm_io::bundled::bundled_etopo20().unwrap();
    world.ingest_relief(&relief, &Default::default(), &|_| ()).unwrap();
    world.view()
});

fn window(w: f64, s: f64, e: f64, n: f64) -> Window {
    Window::new(w, s, e, n).unwrap()
}

fn size(width: u32, height: u32) -> Size {
    Size::new(width, height).unwrap()
}

fn rgb(i: &Image, x: usize, y: usize) -> [i32; 3] {
    i.get(x, y).unwrap().map(i32::from)
}

/// Colour at a place of a picture of the whole world.
fn at(i: &Image, lon: f64, lat: f64) -> [i32; 3] {
    let x = (lon + 180.0) / 360.0 * i.width as f64;
    let y = (90.0 - lat) / 180.0 * i.height as f64;
    rgb(i, x as usize, y as usize)
}

#[test]
fn places_have_their_colours() {
    let steps = AtomicU64::new(0);
    let i = surface_image(&EARTH, &Window::WORLD, size(360, 180), Lines::Drawn, &|p| {
        assert!(p.done >= 1 && p.done <= p.total);
        steps.fetch_add(1, Ordering::Relaxed);
    })
    .unwrap();
    assert!(steps.into_inner() > 1);
    assert_eq!((i.width, i.height), (360, 180));
    let blue = |[r, _, b]: [i32; 3]| b > r + 40;
    for (name, lon, lat) in [
        ("Pacific", -150.0, 0.0),
        ("Pacific, west of the date line", 175.0, 20.0),
        ("Atlantic", -35.0, 30.0),
        ("Indian Ocean", 80.0, -30.0),
        ("Arctic", 0.0, 88.0),
    ] {
        assert!(blue(at(&i, lon, lat)), "{name}: {:?}", at(&i, lon, lat));
    }
    for (name, lon, lat) in [("Amazon", -62.0, -5.0), ("Siberia", 75.0, 60.0), ("Congo", 20.0, 0.0)] {
        let [r, g, b] = at(&i, lon, lat);
        assert!(g >= r && g > b + 20, "{name} is green: {r} {g} {b}");
    }
    // Tibet: brown, grey or white, not green and not blue.
    let [r, g, b] = at(&i, 86.0, 31.0);
    assert!(r >= g && r + 15 > b && r > 130, "{r} {g} {b}");
    let antarctica = at(&i, 60.0, -80.0);
    assert!(antarctica.iter().all(|&c| c > 200), "{antarctica:?}");
}

#[test]
fn the_date_line_does_not_show() {
    let draw = |w: f64, e: f64, width| {
        surface_image(&EARTH, &window(w, -25.0, e, -10.0), size(width, 120), Lines::Drawn, &|_| ())
    };
    let all = draw(170.0, -170.0, 160).unwrap();
    let (left, right) = (draw(170.0, 180.0, 80).unwrap(), draw(-180.0, -170.0, 80).unwrap());
    for y in 0..all.height {
        for x in 0..80 {
            assert_eq!(all.get(x, y), left.get(x, y));
            assert_eq!(all.get(x + 80, y), right.get(x, y));
        }
    }
}

#[test]
fn parts_show_what_the_whole_shows() {
    // Bands and pages must not show: four tiles of a picture equal the picture.
    let all = surface_image(&EARTH, &window(60.0, 0.0, 100.0, 40.0), size(160, 160), Lines::Drawn, &|_| ())
        .unwrap();
    for (k, [w, s]) in [[60.0, 20.0], [80.0, 20.0], [60.0, 0.0], [80.0, 0.0]].into_iter().enumerate() {
        let tile =
            surface_image(&EARTH, &window(w, s, w + 20.0, s + 20.0), size(80, 80), Lines::Drawn, &|_| ())
                .unwrap();
        let (x0, y0) = (k % 2 * 80, k / 2 * 80);
        for y in 0..80 {
            for x in 0..80 {
                let (a, b) = (rgb(&all, x0 + x, y0 + y), rgb(&tile, x, y));
                // The snow line is computed from each picture's own rows: a rounding is allowed.
                assert!((0..3).all(|c| (a[c] - b[c]).abs() <= 1), "{x} {y}: {a:?} {b:?}");
            }
        }
    }
}

#[test]
fn slices_and_sections_are_labelled_and_true() {
    let slice = slice_image(&EARTH, &Window::WORLD, size(180, 90), -2000.0, &|_| ()).unwrap();
    assert!(slice.width > 180 && slice.height > 90);
    let sea = EARTH.materials().by_name("seawater").unwrap().rgb;
    let count = |i: &Image, c: [u8; 3]| i.rgb.chunks(3).filter(|p| *p == c).count();
    let share = count(&slice, sea) as f64 / (180.0 * 90.0);
    assert!((0.4..0.75).contains(&share), "{share} of the globe is sea at -2000 m");

    let line = SectionLine::of_window(&window(-80.0, -21.0, -60.0, -19.0)).unwrap();
    assert_eq!(line, SectionLine::parallel(-20.0, -80.0, -60.0).unwrap());
    assert!((line.length_m() - 20.0 * 111_319.5 * 20f64.to_radians().cos()).abs() < 1.0);
    let section = section_image(&EARTH, &line, size(200, 100), None, &|_| ()).unwrap();
    let air = EARTH.materials().by_name("air").unwrap().rgb;
    assert!(count(&section, sea) > 1000 && count(&section, air) > 5000);
    // Left is west: the ocean. The plot is in the left 240 pixels, the legend right of it.
    let x_of_sea: Vec<usize> = (0..240)
        .filter(|&x| (0..section.height).filter(|&y| section.get(x, y) == Some(sea)).count() > 15)
        .collect();
    assert!(x_of_sea.len() > 50 && x_of_sea.iter().all(|&x| x < 140), "{x_of_sea:?}");
    let sheet =
        surface_sheet(&EARTH, &window(5.0, 43.0, 17.0, 49.0), size(240, 120), "Alps", Lines::Drawn, &|_| ())
            .unwrap();
    assert!(sheet.width > 240);
}

#[test]
fn section_lines_go_where_they_say() {
    let near = |a: [f64; 2], b: [f64; 2]| (0..2).all(|k| (a[k] - b[k]).abs() < 1e-9);
    let across = SectionLine::parallel(10.0, 170.0, -170.0).unwrap();
    assert!(near(across.point(0.5), [180.0, 10.0]));
    let high = SectionLine::of_window(&window(170.0, -30.0, -170.0, 30.0)).unwrap();
    assert_eq!(high, SectionLine::meridian(180.0, -30.0, 30.0).unwrap());
    assert!(near(high.point(0.25), [180.0, -15.0]));
    let way = SectionLine::between([0.0, 0.0], [90.0, 0.0]).unwrap();
    assert!(near(way.point(0.5), [45.0, 0.0]));
    assert!((way.length_m() - 40_075_020.0 / 4.0).abs() < 1.0);
    let pole = SectionLine::between([0.0, 80.0], [180.0, 80.0]).unwrap();
    assert!((pole.point(0.5)[1] - 90.0).abs() < 1e-6);
    section_image(&EARTH, &pole, size(32, 32), Some([-5000.0, 100.0]), &|_| ()).unwrap();
    assert!(SectionLine::between([0.0, 0.0], [180.0, 0.0]).is_err());
    assert!(SectionLine::between([1.0, 1.0], [1.0, 1.0]).is_err());
    assert!(SectionLine::between([f64::NAN, 0.0], [1.0, 1.0]).is_err());
    assert!(SectionLine::parallel(90.0, 0.0, 1.0).is_err());
    assert!(SectionLine::parallel(0.0, 5.0, 5.0).is_err());
    assert!(SectionLine::meridian(0.0, 10.0, -10.0).is_err());
}

#[test]
fn bad_requests_are_refused() {
    let none: &(dyn Fn(&bm_hybrid::Progress) + Sync) = &|_| ();
    let small = Size { width: 3, height: 3 };
    assert!(surface_image(&EARTH, &Window::WORLD, small, Lines::Drawn, none).is_err());
    let upside_down = Window { north: -95.0, ..Window::WORLD };
    assert!(surface_image(&EARTH, &upside_down, size(32, 32), Lines::Drawn, none).is_err());
    assert!(slice_image(&EARTH, &Window::WORLD, size(32, 32), 1e9, none).is_err());
    assert!(slice_image(&EARTH, &Window::WORLD, size(32, 32), f64::NAN, none).is_err());
    let line = SectionLine::parallel(0.0, 0.0, 1.0).unwrap();
    for alt in [[0.0, 0.0], [10.0, -10.0], [f64::NAN, 0.0], [-2e7, 0.0]] {
        assert!(section_image(&EARTH, &line, size(32, 32), Some(alt), none).is_err(), "{alt:?}");
    }
    let dir = tempfile::tempdir().unwrap();
    assert!(write_surface(&EARTH, &Window::WORLD, size(32, 32), dir.path(), Lines::Drawn, none).is_err());
    let file = dir.path().join("a.npy");
    assert!(export_npy(&EARTH, &Window::WORLD, [-1e4, 1e4], 29, &file, none).is_err());
    assert!(export_npy(&EARTH, &Window::WORLD, [1e4, -1e4], 5, &file, none).is_err());
    let e = export_npy(&EARTH, &Window::WORLD, [-1e4, 1e4], 26, &file, none).unwrap_err();
    assert_eq!(e.kind(), bm_core::ErrorKind::BadInput);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

/// Shape and values of a `.npy` file of u16.
fn read_npy(path: &std::path::Path) -> (Vec<usize>, Vec<u16>) {
    let bytes = std::fs::read(path).unwrap();
    let head = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let text = String::from_utf8_lossy(&bytes[10..head]).into_owned();
    assert!(text.contains("'<u2'") && text.contains("'fortran_order': False"), "{text}");
    let shape = text.split(['(', ')']).nth(1).unwrap();
    let shape = shape.split(',').map(|s| s.trim().parse().unwrap()).collect();
    (shape, bytes[head..].chunks(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect())
}

#[test]
fn volumes_hold_what_the_levels_answer() {
    let dir = tempfile::tempdir().unwrap();
    for (w, level) in [(window(170.0, -25.0, -170.0, -10.0), 12), (window(85.0, 26.0, 89.0, 30.0), 14)] {
        let file = dir.path().join(format!("v{level}.npy"));
        let report = export_npy(&EARTH, &w, [-9000.0, 9000.0], level, &file, &|_| ()).unwrap();
        let (shape, values) = read_npy(&file);
        assert_eq!(shape, report.shape);
        let text = std::fs::read_to_string(report.sidecar.unwrap()).unwrap();
        let about: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(about["shape"], serde_json::json!(shape));
        assert_eq!(about["cell_m"], f64::from(1 << (26 - level)));
        let number = |v: &serde_json::Value| v.as_u64().unwrap() as u32;
        let origin = [0, 1, 2].map(|a| number(&about["origin_cells"][a]));
        let xs: Vec<u32> = about["x_pieces"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|p| number(&p[0])..number(&p[0]) + number(&p[1]))
            .collect();
        assert_eq!(xs.len(), shape[2]);
        let b = &about["bounds"];
        let edge = |k: &str| b[k].as_f64().unwrap();
        assert!(edge("west") <= w.west && edge("south") <= w.south && edge("north") >= w.north);
        assert!(edge("east") >= if w.east < w.west { w.east + 360.0 } else { w.east });
        assert!(edge("bottom_m") <= -9000.0 && edge("top_m") >= 9000.0);
        let mut kinds = std::collections::BTreeSet::new();
        for (k, &m) in values.iter().enumerate().step_by(if level == 12 { 1 } else { 37 }) {
            let (x, y, z) = (k % shape[2], k / shape[2] % shape[1], k / shape[2] / shape[1]);
            let cell = Cell::new(level, [xs[x], origin[1] + y as u32, origin[2] + z as u32]).unwrap();
            let [px, py, pz] = cell.origin();
            let want = EARTH.sample_at_level(Pos::new(px, py, pz).unwrap(), level).unwrap();
            assert_eq!(m, want.material.0, "cell {x} {y} {z} of level {level}");
            kinds.insert(m);
        }
        assert!(kinds.len() >= 2, "{kinds:?}");
    }
    // The finest level, a few metres around the surface.
    let at = Pos::from_geo(GeoPoint { lon: 7.6586, lat: 45.9764, alt: 0.0 }).unwrap();
    let top = EARTH.surface(at.x(), at.y()).unwrap().unwrap().0;
    let alt = tick_to_alt(top);
    let file = dir.path().join("fine.npy");
    let w = window(7.6586, 45.9764, 7.65864, 45.97644);
    export_npy(&EARTH, &w, [alt - 1.0, alt + 2.0], MAX_LEVEL, &file, &|_| ()).unwrap();
    let (shape, values) = read_npy(&file);
    assert_eq!(shape[0], 3 * TICKS_PER_METRE as usize);
    assert!(top > SEA_LEVEL && values.contains(&1) && values.iter().any(|&m| m != 1));
}

#[test]
fn rasters_come_back() {
    let dir = tempfile::tempdir().unwrap();
    for (k, w) in
        [window(5.0, 43.0, 17.0, 49.0), window(170.0, -25.0, -170.0, -10.0), Window::WORLD].iter().enumerate()
    {
        let file = dir.path().join(format!("h{k}.tif"));
        let report = export_geotiff_heights(&EARTH, w, size(96, 48), &file, &|_| ()).unwrap();
        assert_eq!(report.shape, [48, 96]);
        assert_eq!(report.bytes, std::fs::metadata(&file).unwrap().len());
        let relief = bm_io::read_relief(&file, &Default::default()).unwrap();
        assert_eq!((relief.width, relief.height, relief.nodata_count), (96, 48, 0));
        assert_eq!(relief.georef.wraps, *w == Window::WORLD);
        for j in 0..48 {
            for i in 0..96 {
                let lon = w.west + w.width() * (i as f64 + 0.5) / 96.0;
                let lat = w.south + w.height() * (j as f64 + 0.5) / 48.0;
                let there = |d: f64| (d - relief.georef.x.degrees(i as i64)).rem_euclid(360.0);
                assert!(there(lon) < 1e-6 || there(lon) > 360.0 - 1e-6);
                assert!((lat - relief.georef.y.degrees(j as i64)).abs() < 1e-6);
                let p = Pos::from_geo(GeoPoint { lon, lat, alt: 0.0 }).unwrap();
                let (top, _) = EARTH.surface(p.x(), p.y()).unwrap().unwrap();
                // The pixel's middle may fall on either side of a voxel's edge in floating point.
                let got = relief.height_m(i, j).unwrap();
                assert!((got - tick_to_alt(top)).abs() <= 0.25, "{i} {j}: {got} {}", tick_to_alt(top));
            }
        }
    }
    let file = dir.path().join("m.tif");
    export_geotiff_materials(
        &EARTH,
        &window(-80.0, -30.0, -60.0, -20.0),
        size(40, 20),
        -100.0,
        &file,
        &|_| (),
    )
    .unwrap();
    // Ids are whole numbers, so the relief reader takes them too.
    let ids = bm_io::read_relief(&file, &Default::default()).unwrap();
    let id = |i, j| ids.height_m(i, j).unwrap() as u16;
    let sea = EARTH.materials().by_name("seawater").unwrap().id.0;
    assert!((0..20).all(|j| id(0, j) == sea && id(39, j) != sea));
}
