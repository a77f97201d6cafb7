//! Spheres, cylinders, boxes and masks against a loop over the centres of cells.

use crate::support::{Cells, WORLD, applied, cells_set};
use bm_core::frame::{ROOT_TICKS, SEA_LEVEL, WORLD_X, WORLD_Y, edge_metres, edge_ticks};
use bm_core::{Cell, GeoPoint, MaterialId, Pos, TickBox};
use bm_hybrid::Window;
use bm_hybrid::shape::{Mask, Shape};
use bm_overlay::Transaction;
use bm_overlay::transaction::sub_cell;
use proptest::prelude::*;

/// Cells of a level around a tick position, `n` in each direction (x goes around the globe), that a rule takes in.
fn cells_by_rule(level: u8, at: [f64; 3], n: [i64; 3], rule: impl Fn([f64; 3]) -> bool) -> Cells {
    let e = i64::from(edge_ticks(level));
    let around = i64::from(WORLD_X.div_ceil(edge_ticks(level)));
    let middle = at.map(|c| (c / e as f64).floor() as i64);
    let mut out = Cells::new();
    for z in middle[2] - n[2]..=middle[2] + n[2] {
        for y in middle[1] - n[1]..=middle[1] + n[1] {
            for x in middle[0] - n[0]..=middle[0] + n[0] {
                let (x, limit) = (x.rem_euclid(around), i64::from(ROOT_TICKS) / e);
                if !(0..limit).contains(&y) || !(0..limit).contains(&z) {
                    continue;
                }
                let at = [x, y, z];
                let part = Cell::new(level, at.map(|c| c as u32))
                    .expect("in the root")
                    .bounds()
                    .intersection(&WORLD);
                if !part.is_empty() && rule(at.map(|c| (c * e) as f64 + e as f64 / 2.0)) {
                    out.insert(at.map(|c| c as u32), part.volume());
                }
            }
        }
    }
    out
}

fn same(shape: &Shape, level: u8, want: &Cells) -> Result<(), TestCaseError> {
    match applied(shape, level) {
        Ok(cells) => prop_assert_eq!(&cells, want),
        Err(e) => prop_assert!(want.is_empty() && e.contains("holds the centre of no cell"), "{}", e),
    }
    Ok(())
}

/// x, y, z in ticks, not rounded.
fn ticks(p: GeoPoint) -> [f64; 3] {
    [
        (p.lon + 180.0) / 360.0 * f64::from(WORLD_X),
        (p.lat + 90.0) / 180.0 * f64::from(WORLD_Y),
        f64::from(SEA_LEVEL) + p.alt * 4.0,
    ]
}

/// Ticks eastwards from `from` to `x`, the short way round.
fn east(from: f64, x: f64) -> f64 {
    let w = f64::from(WORLD_X);
    (x - from + w / 2.0).rem_euclid(w) - w / 2.0
}

/// Places all over, many of them at the date line, and levels.
fn place() -> impl Strategy<Value = (GeoPoint, u8)> {
    let lon = prop_oneof![-180.0..180.0, 179.9999..180.0, -180.0..-179.9999, Just(180.0), Just(-180.0)];
    let alt = prop_oneof![-100.0..100.0, -1e6..1e6];
    (lon, -60.0..60.0, alt, 11u8..=28).prop_map(|(lon, lat, alt, level): (f64, f64, f64, u8)| {
        // Large cells that the world's edge cuts become very many small ones.
        let level = if lon.abs() > 175.0 { level.max(20) } else { level };
        (GeoPoint { lon, lat, alt }, level)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn spheres((centre, level) in place(), size in 0.2..6.0_f64) {
        let radius = size * edge_metres(level);
        let [cx, cy, cz] = ticks(centre);
        let narrow = centre.lat.to_radians().cos();
        let n = size.ceil() as i64 + 2;
        let want = cells_by_rule(level, [cx, cy, cz], [2 * n + 2, n, n], |[x, y, z]| {
            ((east(cx, x) * narrow).powi(2) + (y - cy).powi(2) + (z - cz).powi(2)).sqrt() <= radius * 4.0
        });
        same(&Shape::Sphere { centre, radius }, level, &want)?;
    }

    #[test]
    fn cylinders((centre, level) in place(), size in 0.2..5.0_f64, tall in 0.1..70.0_f64) {
        let (radius, height) = (size * edge_metres(level), tall * edge_metres(level));
        let alt = [centre.alt - height / 2.0, centre.alt + height / 2.0];
        prop_assume!(alt[0] > -9e6 && alt[1] < 9e6);
        let [cx, cy, cz] = ticks(centre);
        let narrow = centre.lat.to_radians().cos();
        let n = size.ceil() as i64 + 2;
        let want = cells_by_rule(level, [cx, cy, cz], [2 * n + 2, n, tall as i64 / 2 + 2], |[x, y, z]| {
            ((east(cx, x) * narrow).powi(2) + (y - cy).powi(2)).sqrt() <= radius * 4.0
                && ticks(GeoPoint { alt: alt[0], ..centre })[2] <= z
                && z < ticks(GeoPoint { alt: alt[1], ..centre })[2]
        });
        same(&Shape::Cylinder { centre: [centre.lon, centre.lat], radius, alt }, level, &want)?;
    }

    #[test]
    fn boxes((corner, level) in place(), size in prop::array::uniform3(0.1..9.0_f64)) {
        let e = f64::from(edge_ticks(level));
        let degrees = |cells: f64| cells * e / f64::from(WORLD_X) * 360.0;
        let mut east_lon = corner.lon + degrees(size[0]);
        if east_lon > 180.0 {
            east_lon -= 360.0;
        }
        prop_assume!(east_lon != corner.lon);
        let window = Window::new(corner.lon, corner.lat, east_lon, corner.lat + degrees(size[1]));
        prop_assume!(window.is_ok()); // too thin for the window's own rounding
        let window = window.unwrap();
        let alt = [corner.alt, corner.alt + size[2] * e / 4.0];
        prop_assume!(alt[1] < 9e6);
        let [x0, y0, z0] = ticks(corner);
        let [_, y1, z1] = ticks(GeoPoint { lon: 0.0, lat: window.north, alt: alt[1] });
        let width = window.width() / 360.0 * f64::from(WORLD_X);
        let want = cells_by_rule(level, [x0, y0, z0], [12; 3], |[x, y, z]| {
            let dx = (x - x0).rem_euclid(f64::from(WORLD_X));
            dx < width && (y0..y1).contains(&y) && (z0..z1).contains(&z)
        });
        same(&Shape::Box { window, alt }, level, &want)?;
    }

    #[test]
    fn masks(
        (origin, level) in place(),
        shape in prop::array::uniform3(1usize..9),
        bits in prop::collection::vec(prop_oneof![4 => Just(1u8), 1 => Just(0u8)], 512),
    ) {
        let [nz, ny, nx] = shape;
        let mask = Mask::new(shape, bits[..nz * ny * nx].to_vec()).unwrap();
        let first = Cell::containing(Pos::from_geo(origin).unwrap(), level).coords();
        let around = WORLD_X.div_ceil(edge_ticks(level)) as usize;
        let mut want = Cells::new();
        for i in (0..nz * ny * nx).filter(|&i| bits[i] == 1) {
            let x = (first[0] as usize + i % nx) % around;
            let at = [x as u32, first[1] + (i / nx % ny) as u32, first[2] + (i / nx / ny) as u32];
            let cell = Cell::new(level, at).unwrap();
            want.insert(at, cell.bounds().intersection(&WORLD).volume());
        }
        let shape = Shape::Mask { mask, origin };
        if nx <= around {
            same(&shape, level, &want)?;
        } else {
            prop_assert!(applied(&shape, level).unwrap_err().contains("around the globe"));
        }
    }
}

#[test]
fn cells_and_boxes_of_ticks() {
    let at = Pos::from_geo(GeoPoint { lon: 7.0, lat: 46.0, alt: 500.0 }).unwrap();
    for level in [28, 26, 21, 14, 7] {
        let cell = Cell::containing(at, level);
        let one = Cells::from([(cell.coords(), cell.bounds().volume())]);
        assert_eq!(applied(&Shape::Ticks(cell.bounds()), level).unwrap(), one);
        let mut t = Transaction::new("test");
        assert_eq!(Shape::Cell(cell).apply(28, MaterialId::AIR, &mut t).unwrap(), 1);
        assert_eq!(cells_set(&t, level), one);
    }
    let b = TickBox { min: [5, 6, SEA_LEVEL + 7], max: [14, 16, SEA_LEVEL + 18] };
    let want = cells_by_rule(26, [9.0, 9.0, f64::from(SEA_LEVEL)], [9; 3], |c| {
        (0..3).all(|a| f64::from(b.min[a]) <= c[a] && c[a] < f64::from(b.max[a]))
    });
    assert_eq!(applied(&Shape::Ticks(b), 26).unwrap(), want);
}

#[test]
fn a_large_sphere_costs_its_surface() {
    let centre = GeoPoint { lon: 179.9999, lat: 46.5, alt: 1200.0 };
    let radius = 60.0;
    let mut t = Transaction::new("test");
    let cells = Shape::Sphere { centre, radius }.apply(28, MaterialId::AIR, &mut t).unwrap();
    let narrow = centre.lat.to_radians().cos();
    let volume = 4.0 / 3.0 * std::f64::consts::PI * (radius * 4.0_f64).powi(3) / narrow;
    assert!((cells as f64 / volume - 1.0).abs() < 1e-3, "{cells} of {volume}");
    let edits = t.edits();
    let set: u128 = edits
        .runs
        .iter()
        .map(|r| u128::from(r.to - r.from) * sub_cell(r.page, r.from).unwrap().bounds().volume())
        .sum();
    assert!(edits.boxes.is_empty());
    assert_eq!(set, u128::from(cells));
    let surface = 4.0 * std::f64::consts::PI * (radius * 4.0_f64).powi(2) / narrow;
    assert!((edits.runs.len() as f64) < 0.6 * surface, "{} runs, surface {surface}", edits.runs.len());
    assert!(edits.runs.iter().any(|r| r.page.level() == 14), "whole cells of 32 m");
}

#[test]
fn neighbouring_boxes_share_no_cell_and_leave_none_out() {
    for level in [28, 25, 20, 14] {
        let span = 40.0 * edge_metres(level) / 111_319.5;
        let mut seen = Cells::new();
        let mut count = 0;
        for i in 0..4 {
            let lon = |i: i32| 10.0 + f64::from(i) * span / 4.0;
            let window = Window::new(lon(i), 1.0, lon(i + 1), 1.0 + span).unwrap();
            let part = applied(&Shape::Box { window, alt: [0.0, edge_metres(level)] }, level).unwrap();
            count += part.len();
            seen.extend(part);
        }
        let rows = seen.keys().map(|k| k[1]).collect::<std::collections::BTreeSet<_>>().len();
        assert_eq!(seen.len(), count);
        assert_eq!(count, rows * 40, "level {level}");
    }
}

#[test]
fn cells_that_the_worlds_edge_cuts_are_set_as_far_as_they_are_in_it() {
    let level = 18;
    let edge = edge_metres(level);
    let top = Window::new(179.99, 89.99, -179.99, 90.0).unwrap();
    let cells = applied(&Shape::Box { window: top, alt: [0.0, edge] }, level).unwrap();
    let last = [WORLD_X / edge_ticks(level), WORLD_Y / edge_ticks(level)];
    let cut = Cell::new(level, [last[0], last[1], SEA_LEVEL / edge_ticks(level)]).unwrap();
    assert!(!WORLD.covers(&cut.bounds()));
    assert_eq!(cells[&cut.coords()], cut.bounds().intersection(&WORLD).volume());
    assert!(cells.keys().any(|c| c[0] == 0) && cells.keys().any(|c| c[0] == last[0] - 1));
}

#[test]
fn bad_shapes_are_refused() {
    let at = |lon, lat, alt| GeoPoint { lon, lat, alt };
    let home = at(7.0, 46.0, 500.0);
    let window = Window::new(7.0, 46.0, 7.001, 46.001).unwrap();
    let sphere = |centre, radius| Shape::Sphere { centre, radius };
    let cylinder = |centre, radius, alt| Shape::Cylinder { centre, radius, alt };
    let mask = |shape: [usize; 3]| Mask::new(shape, vec![1; shape.iter().product()]).unwrap();
    let boxed = |alt| Shape::Box { window, alt };
    let bare = |west, south, east, north| Window { west, south, east, north };
    for (shape, level, words) in [
        (sphere(home, 0.0), 28, vec!["radius = 0", "above 0"]),
        (sphere(home, -1.0), 28, vec!["radius = -1"]),
        (sphere(home, f64::NAN), 28, vec!["radius = NaN"]),
        (sphere(home, f64::INFINITY), 28, vec!["radius = inf"]),
        (sphere(home, 0.01), 20, vec!["no cell of level 20", "finer level"]),
        (sphere(home, 1e4), 28, vec!["million", "use level 2"]),
        (sphere(home, 1e6), 28, vec!["million", "use level 1"]),
        (sphere(home, 1.0), 29, vec!["level", "29"]),
        (sphere(at(f64::NAN, 0.0, 0.0), 1.0), 28, vec!["lon"]),
        (sphere(at(0.0, 90.0, 0.0), 1.0), 28, vec!["lat = 90"]),
        (sphere(at(0.0, 91.0, 0.0), 1.0), 28, vec!["lat = 91"]),
        (sphere(at(0.0, 0.0, 1e8), 1.0), 28, vec!["alt"]),
        (sphere(at(0.0, 89.9999, 0.0), 10.0), 28, vec!["pole", "smaller"]),
        (sphere(at(0.0, -89.0, 0.0), 2e5), 10, vec!["pole"]),
        (sphere(at(0.0, 0.0, 9_999_999.0), 10.0), 28, vec!["out of the world"]),
        (sphere(at(0.0, 0.0, 0.0), 1.1e7), 3, vec!["pole"]),
        (cylinder([7.0, 46.0], -5.0, [0.0, 1.0]), 28, vec!["radius"]),
        (cylinder([7.0, 46.0], 5.0, [1.0, 1.0]), 28, vec!["empty", "lower altitude first"]),
        (cylinder([7.0, 46.0], 5.0, [0.0, 2e7]), 28, vec!["alt = 20000000", "outside"]),
        (cylinder([7.0, 46.0], 5.0, [f64::NAN, 2.0]), 28, vec!["alt = NaN"]),
        (cylinder([7.0, 46.0], 5e3, [0.0, 1e5]), 28, vec!["million", "use level"]),
        (boxed([5.0, 1.0]), 28, vec!["lower altitude first"]),
        (boxed([0.0, 1e9]), 28, vec!["alt"]),
        (boxed([0.01, 0.02]), 28, vec!["no cell"]),
        (
            Shape::Box { window: bare(7.0, 46.0, 17.0, 56.0), alt: [0.0, 5000.0] },
            28,
            vec!["level of 21 or less"],
        ),
        (Shape::Box { window: bare(7.0, 46.0, 8.0, 45.0), alt: [0.0, 1.0] }, 28, vec!["south"]),
        (Shape::Box { window: bare(f64::NAN, 46.0, 8.0, 47.0), alt: [0.0, 1.0] }, 28, vec!["west"]),
        (Shape::Box { window: bare(7.0, 46.0, 8.0, 99.0), alt: [0.0, 1.0] }, 28, vec!["north"]),
        (Shape::Ticks(TickBox { min: [9, 9, SEA_LEVEL], max: [9, 10, SEA_LEVEL + 1] }), 28, vec!["empty"]),
        (Shape::Ticks(TickBox { min: [0; 3], max: [4; 3] }), 28, vec!["out of the world"]),
        (Shape::Cell(Cell::new(28, [0; 3]).unwrap()), 28, vec!["out of the world"]),
        (Shape::Cell(Cell::ROOT), 28, vec!["out of the world"]),
        (Shape::Mask { mask: mask([2, 2, 2]), origin: at(0.0, 89.999_999_9, 0.0) }, 28, vec!["along y"]),
        (Shape::Mask { mask: mask([2, 2, 2]), origin: at(0.0, 0.0, 9_999_999.9) }, 28, vec!["along z"]),
        (Shape::Mask { mask: mask([1, 1, 9]), origin: at(0.0, 0.0, 0.0) }, 3, vec!["around the globe"]),
        (Shape::Mask { mask: Mask::new([1, 1, 2], vec![0; 2]).unwrap(), origin: home }, 28, vec!["no cell"]),
    ] {
        let error = applied(&shape, level).expect_err(&format!("{shape:?}"));
        for w in words {
            assert!(error.contains(w), "{shape:?}: {w:?} is not in: {error}");
        }
    }
    assert!(Mask::new([2, 2, 2], vec![1; 7]).is_err() && Mask::new([0, 2, 2], vec![]).is_err());
    assert!(Mask::new([usize::MAX, 2, 2], vec![]).is_err());
}

/// A `.npy` file in memory.
fn npy(head: &str, data: &[u8]) -> Vec<u8> {
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend((head.len() as u16).to_le_bytes());
    out.extend(head.as_bytes());
    out.extend(data);
    out
}

#[test]
fn masks_come_from_numpy_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.npy");
    let read = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        Mask::read_npy(&path).map_err(|e| e.to_string())
    };
    let head = |kind: &str, order: &str, shape: &str| {
        format!("{{'descr': '{kind}', 'fortran_order': {order}, 'shape': {shape}, }}   \n")
    };
    for kind in ["|b1", "|u1"] {
        let mask = read(&npy(&head(kind, "False", "(1, 2, 3)"), &[1, 0, 0, 0, 1, 1])).unwrap();
        assert_eq!((mask.shape(), mask.count()), ([1, 2, 3], 3));
    }
    let good = npy(&head("|b1", "False", "(1, 2, 3)"), &[1; 6]);
    for (bytes, words) in [
        (npy(&head("<f8", "False", "(1, 2, 3)"), &[1; 48]), "type is <f8"),
        (npy(&head("|b1", "True", "(1, 2, 3)"), &[1; 6]), "Fortran"),
        (npy(&head("|b1", "False", "(2, 3)"), &[1; 6]), "axes [z][y][x]"),
        (npy(&head("|b1", "False", "(1, 2, 4)"), &[1; 6]), "does not fit its 6 bytes"),
        (npy(&head("|b1", "False", "(0, 2, 4)"), &[]), "does not fit"),
        (npy(&head("|b1", "False", "(1, -2, 4)"), &[1; 6]), "shape (1, -2, 4)"),
        (npy(&head("|b1", "False", "(18446744073709551615, 2, 3)"), &[1; 6]), "does not fit"),
        (npy("{'descr': [('a', '|u1')], 'fortran_order': False, 'shape': (1,)}", &[1]), "type is record"),
        (npy("{'descr': '|u1', 'shape': (1, 1, 1)}", &[1]), "fortran_order"),
        (npy("", &[]), "descr"),
        (b"not an array".to_vec(), "not a NumPy array"),
        (b"\x93NUMPY\x09\x00".to_vec(), "version 9"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff".to_vec(), "header of 4294967295 bytes"),
        (Vec::new(), "not a NumPy array"),
    ] {
        let error = read(&bytes).unwrap_err();
        assert!(error.contains(words) && error.contains("m.npy"), "{words:?} is not in: {error}");
    }
    for cut in 0..good.len() {
        assert!(read(&good[..cut]).is_err(), "{cut}");
    }
    assert!(Mask::read_npy(folder.path().join("none.npy")).is_err());
    assert!(Mask::read_npy(folder.path()).is_err());
}
