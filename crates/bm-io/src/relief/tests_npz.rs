//! Elevation models in NumPy archives.

use super::tests::{message, read, torment};
use crate::npz::testing::archive;

fn dem(elevation: (&[usize], &[f64])) -> Vec<u8> {
    let one: &[usize] = &[];
    archive(&[
        ("elevation", elevation.0, elevation.1),
        ("xmin", one, &[10.0]),
        ("xmax", one, &[11.5]),
        ("ymin", one, &[47.0]),
        ("ymax", one, &[46.0]),
    ])
}

#[test]
fn sample_models_read_north_first() {
    let bytes = dem((&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.5]));
    let r = read(&bytes).unwrap();
    assert_eq!((r.width, r.height, r.unit_ticks), (3, 2, 1));
    assert_eq!((r.height_m(2, 0), r.height_m(0, 1)), (Some(6.5), Some(1.0)));
    assert_eq!((r.georef.x.degrees(0), r.georef.y.degrees(0)), (10.25, 46.25));
    torment(&bytes);
    let e = message(&dem((&[6], &[0.0; 6])));
    assert!(e.contains("shape [6]"), "{e}");
    let e = message(&archive(&[("height", &[1], &[0.0])]));
    assert!(e.contains("no array `elevation`") && e.contains("arrays: height"), "{e}");
}

#[test]
fn a_shape_larger_than_the_data_ends_in_an_error() {
    let e = message(&dem((&[20_000, 20_000], &[0.0; 6])));
    assert!(e.contains("array `elevation`") && e.contains("of 400000000 values"), "{e}");
}
