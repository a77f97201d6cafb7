//! A small LITHO1.0: the archive of 42 points, written by hand.

use bm_io::litho::{Litho, LithoOptions, read_litho_bytes};

/// Thicknesses at a place in metres: ice, water, three sediments, three crusts, lid; and the height of the
/// topmost of them.
pub(crate) struct Place {
    pub(crate) top: f64,
    pub(crate) layers: [f64; 9],
}

/// The icosahedron of the model with every edge halved once: longitudes and latitudes.
fn points() -> Vec<(f64, f64)> {
    let ring = 0.5f64.atan().to_degrees();
    let mut corners = vec![(0.0, 90.0)];
    corners.extend((0..5).map(|k| (72.0 * f64::from(k), ring)));
    corners.extend((0..5).map(|k| (72.0 * f64::from(k) + 36.0, -ring)));
    corners.push((0.0, -90.0));
    let unit = |(lon, lat): (f64, f64)| {
        let ((sl, cl), (sp, cp)) = (lon.to_radians().sin_cos(), lat.to_radians().sin_cos());
        [cp * cl, cp * sl, sp]
    };
    let mut edges = Vec::new();
    for k in 0..5 {
        let (a, b, c, d) = (1 + k, 1 + (k + 1) % 5, 6 + k, 6 + (k + 1) % 5);
        edges.extend([(0, a), (a, b), (a, c), (b, c), (c, d), (c, 11)]);
    }
    let middles = edges.into_iter().map(|(a, b): (usize, usize)| {
        let (a, b) = (unit(corners[a]), unit(corners[b]));
        let m = [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
        let r = m.iter().map(|v| v * v).sum::<f64>().sqrt();
        (m[1].atan2(m[0]).to_degrees(), (m[2] / r).asin().to_degrees())
    });
    let middles: Vec<_> = middles.collect();
    corners.extend(middles);
    corners
}

/// One `.npy` of doubles.
fn npy(shape: &[usize], values: &[f64]) -> Vec<u8> {
    let dims: Vec<String> = shape.iter().map(usize::to_string).collect();
    let mut dict = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({},), }}", dims.join(", "));
    dict.push_str(&" ".repeat((10 + dict.len() + 1).next_multiple_of(64) - 11 - dict.len()));
    dict.push('\n');
    let mut out = b"\x93NUMPY\x01\0".to_vec();
    out.extend((dict.len() as u16).to_le_bytes());
    out.extend(dict.as_bytes());
    out.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    out
}

/// A zip without compression.
fn zip(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in members {
        let at = out.len() as u32;
        let mut entry = Vec::new();
        // Version needed, flags, method, time, date (the first of January 1980).
        for v in [20u16, 0, 0, 0, 33] {
            entry.extend(v.to_le_bytes());
        }
        let size = bytes.len() as u32;
        for v in [crc32fast::hash(bytes), size, size] {
            entry.extend(v.to_le_bytes());
        }
        entry.extend((name.len() as u16).to_le_bytes());
        entry.extend([0; 2]);
        out.extend(b"PK\x03\x04");
        out.extend(&entry);
        out.extend(name.as_bytes());
        out.extend(bytes);
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(&entry);
        directory.extend([0; 10]);
        directory.extend(at.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (at, n) = (out.len() as u32, members.len() as u16);
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(n.to_le_bytes());
    out.extend(n.to_le_bytes());
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(at.to_le_bytes());
    out.extend([0; 2]);
    out
}

/// The model with the layers that `at(lon, lat)` gives.
pub(crate) fn litho(at: impl Fn(f64, f64) -> Place) -> Litho {
    let points = points();
    let coords: Vec<f64> = points.iter().flat_map(|&(lon, lat)| [lat, lat, lon]).collect();
    let n = points.len();
    let mut data = vec![-99_999.0; 19 * 9 * n];
    for (p, &(lon, lat)) in points.iter().enumerate() {
        let place = at(lon, lat);
        // Surfaces from the bottom of the lid up, as depths.
        let mut depth = place.layers.iter().sum::<f64>() - place.top;
        data[p] = depth;
        for (k, thickness) in place.layers.iter().rev().enumerate() {
            data[(2 * k + 1) * 9 * n + p] = depth;
            depth -= thickness;
            data[(2 * k + 2) * 9 * n + p] = depth;
        }
    }
    let bytes = zip(&[
        ("litho1_mesh_coords.npy", npy(&[n, 3], &coords)),
        ("litho1_all_data.npy", npy(&[19, 9, n], &data)),
    ]);
    read_litho_bytes(&bytes, "small.npz", &LithoOptions::default()).unwrap()
}
