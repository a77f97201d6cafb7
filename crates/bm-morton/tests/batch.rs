//! Every backend this CPU has gives the bits of the scalar, portable functions.

use bm_morton::*;
use proptest::prelude::*;

/// Values that need masking, and guards behind the outputs.
const GUARD: usize = 5;

fn check(backend: Backend, x: &[u32], y: &[u32], z: &[u32], codes: &[u64]) {
    let n = x.len();
    let at = |i: usize| format!("{backend:?}, {i} of {n}");

    let mut out = vec![7u64; n + GUARD];
    assert_eq!(encode2_u64_batch_with(backend, x, y, &mut out), Some(n));
    for i in 0..n {
        assert_eq!(out[i], portable::encode2_u64(x[i], y[i]), "{}", at(i));
    }
    assert_eq!(out[n..], [7; GUARD]);

    out.fill(7);
    assert_eq!(encode3_u64_batch_with(backend, x, y, z, &mut out), Some(n));
    for i in 0..n {
        assert_eq!(out[i], portable::encode3_u64(x[i], y[i], z[i]), "{}", at(i));
    }
    assert_eq!(out[n..], [7; GUARD]);

    let mut axes = [(); 3].map(|()| vec![7u32; n + GUARD]);
    let [a, b, c] = &mut axes;
    assert_eq!(decode2_u64_batch_with(backend, codes, a, b), Some(n));
    for i in 0..n {
        assert_eq!([a[i], b[i]], portable::decode2_u64(codes[i]), "{}", at(i));
    }
    assert_eq!((&a[n..], &b[n..]), (&[7; GUARD][..], &[7; GUARD][..]));

    for values in [&mut *a, b, c] {
        values.fill(7);
    }
    assert_eq!(decode3_u64_batch_with(backend, codes, a, b, c), Some(n));
    for i in 0..n {
        assert_eq!([a[i], b[i], c[i]], portable::decode3_u64(codes[i]), "{}", at(i));
    }
    assert!([a, b, c].iter().all(|v| v[n..] == [7; GUARD]));
}

/// A fixed, well-mixed sequence (Steele et al., "SplitMix").
fn mixed(i: u64) -> u64 {
    let mut v = i.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    v = (v ^ v >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    v = (v ^ v >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    v ^ v >> 31
}

#[test]
fn every_backend_at_every_length() {
    for backend in Backend::available() {
        for n in (0..70).chain([127, 128, 129, 1000]) {
            let u32s = |seed: u64| -> Vec<u32> { (0..n).map(|i| mixed(seed + i) as u32).collect() };
            let codes: Vec<u64> = (0..n).map(|i| mixed(9000 + i)).collect();
            check(backend, &u32s(1), &u32s(2000), &u32s(4000), &codes);
        }
    }
}

#[test]
fn every_bit_in_every_place() {
    for backend in Backend::available() {
        for bit in 0..64 {
            // One bit in one lane of sixteen, among zeros and among ones.
            for lane in 0..16 {
                for background in [0, u64::MAX] {
                    let word = |on: bool| background ^ (u64::from(on) << bit);
                    let codes: Vec<u64> = (0..16).map(|i| word(i == lane)).collect();
                    let low: Vec<u32> = codes.iter().map(|&v| v as u32).collect();
                    let rest = vec![background as u32; 16];
                    check(backend, &low, &rest, &rest, &codes);
                    check(backend, &rest, &low, &rest, &codes);
                    check(backend, &rest, &rest, &low, &codes);
                }
            }
        }
    }
}

#[test]
fn the_default_is_available_and_right() {
    assert!(Backend::Portable.is_available());
    assert!(Backend::detect().is_available());
    assert_eq!(Backend::available().last(), Some(Backend::detect()));
    let (x, y, z) = ([1, 2, 3], [4, 5, 6], [7, 8, 9]);
    let mut codes = [0; 3];
    assert_eq!(encode3_u64_batch(&x, &y, &z, &mut codes), Some(3));
    assert_eq!(codes, [0, 1, 2].map(|i| encode3_u64(x[i], y[i], z[i])));
    let (mut a, mut b, mut c) = ([0; 3], [0; 3], [0; 3]);
    assert_eq!(decode3_u64_batch(&codes, &mut a, &mut b, &mut c), Some(3));
    assert_eq!((a, b, c), (x, y, z));
    assert_eq!(encode2_u64_batch(&x, &y, &mut codes), Some(3));
    assert_eq!(codes, [0, 1, 2].map(|i| encode2_u64(x[i], y[i])));
    assert_eq!(decode2_u64_batch(&codes, &mut a, &mut b), Some(3));
    assert_eq!((a, b), (x, y));
}

#[test]
fn lengths_that_do_not_fit_write_nothing() {
    let values = [1u32; 20];
    for backend in Backend::available() {
        let mut codes = [7u64; 20];
        for (x, y, z, out) in [(9, 10, 9, 20), (10, 9, 10, 20), (9, 9, 10, 20), (9, 9, 9, 8)] {
            let (x, y, z) = (&values[..x], &values[..y], &values[..z]);
            assert_eq!(encode3_u64_batch_with(backend, x, y, z, &mut codes[..out]), None);
        }
        assert_eq!(encode2_u64_batch_with(backend, &values[..9], &values[..8], &mut codes), None);
        assert_eq!(encode2_u64_batch_with(backend, &values, &values, &mut codes[..19]), None);
        assert_eq!(codes, [7; 20]);

        let (mut a, mut b, mut c) = ([7u32; 20], [7u32; 20], [7u32; 20]);
        for (x, y, z) in [(19, 20, 20), (20, 19, 20), (20, 20, 19)] {
            let (x, y, z) = (&mut a[..x], &mut b[..y], &mut c[..z]);
            assert_eq!(decode3_u64_batch_with(backend, &codes, x, y, z), None);
        }
        assert_eq!(decode2_u64_batch_with(backend, &codes, &mut a, &mut b[..19]), None);
        assert_eq!((a, b, c), ([7; 20], [7; 20], [7; 20]));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_values(cells in prop::collection::vec(any::<(u32, u32, u32, u64)>(), 0..200)) {
        let x: Vec<u32> = cells.iter().map(|c| c.0).collect();
        let y: Vec<u32> = cells.iter().map(|c| c.1).collect();
        let z: Vec<u32> = cells.iter().map(|c| c.2).collect();
        let codes: Vec<u64> = cells.iter().map(|c| c.3).collect();
        for backend in Backend::available() {
            check(backend, &x, &y, &z, &codes);
        }
    }
}
