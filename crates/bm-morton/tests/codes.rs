//! Encode and decode against a bit-by-bit oracle, at every level and at the word edges.

use bm_morton::*;
use proptest::prelude::*;

/// Bit `i` of coordinate `d` to bit `i * D + d`, one bit at a time.
fn interleave<const D: usize>(coords: [u64; D], bits: u32) -> u128 {
    let mut code = 0;
    for i in 0..bits {
        for (d, c) in coords.iter().enumerate() {
            code |= u128::from(c >> i & 1) << (i * D as u32 + d as u32);
        }
    }
    code
}

fn check2(x: u64, y: u64) {
    let (x16, y16) = (x as u16, y as u16);
    let code = interleave([x16.into(), y16.into()], 16) as u32;
    assert_eq!(encode2_u32(x16, y16), code);
    assert_eq!(decode2_u32(code), [x16, y16]);
    assert_eq!(portable::encode2_u32(x16, y16), code);
    assert_eq!(portable::decode2_u32(code), [x16, y16]);

    let (x32, y32) = (x as u32, y as u32);
    let code = interleave([x32.into(), y32.into()], 32) as u64;
    assert_eq!(encode2_u64(x32, y32), code);
    assert_eq!(decode2_u64(code), [x32, y32]);
    assert_eq!(portable::encode2_u64(x32, y32), code);
    assert_eq!(portable::decode2_u64(code), [x32, y32]);

    let code = interleave([x, y], 64);
    assert_eq!(encode2_u128(x, y), code);
    assert_eq!(decode2_u128(code), [x, y]);
    assert_eq!(portable::encode2_u128(x, y), code);
    assert_eq!(portable::decode2_u128(code), [x, y]);
}

fn check3(coords: [u64; 3]) {
    let [x, y, z] = coords.map(|v| (v & 0x3ff) as u16);
    let code = interleave([x, y, z].map(u64::from), 10) as u32;
    assert_eq!(encode3_u32(x, y, z), code);
    assert_eq!(decode3_u32(code), [x, y, z]);
    assert_eq!(decode3_u32(code | 3 << 30), [x, y, z]);
    assert_eq!(portable::encode3_u32(x, y, z), code);
    assert_eq!(portable::encode3_u32(x | 0xfc00, y | 0xfc00, z | 0xfc00), code);
    assert_eq!(portable::decode3_u32(code | 3 << 30), [x, y, z]);

    let [x, y, z] = coords.map(|v| (v & 0x1f_ffff) as u32);
    let code = interleave([x, y, z].map(u64::from), 21) as u64;
    assert_eq!(encode3_u64(x, y, z), code);
    assert_eq!(decode3_u64(code), [x, y, z]);
    assert_eq!(decode3_u64(code | 1 << 63), [x, y, z]);
    let high = 0xffe0_0000;
    assert_eq!(portable::encode3_u64(x | high, y | high, z | high), code);
    assert_eq!(portable::decode3_u64(code | 1 << 63), [x, y, z]);

    let [x, y, z] = coords.map(|v| v & ((1 << 42) - 1));
    let code = interleave([x, y, z], 42);
    assert_eq!(encode3_u128(x, y, z), code);
    assert_eq!(decode3_u128(code), [x, y, z]);
    assert_eq!(decode3_u128(code | 3 << 126), [x, y, z]);
    let high = !0 << 42;
    assert_eq!(portable::encode3_u128(x | high, y | high, z | high), code);
    assert_eq!(portable::decode3_u128(code | 3 << 126), [x, y, z]);
}

/// 2^n - 1, 2^n and 2^n + 1 for every n, and patterns that use every bit.
fn edges() -> Vec<u64> {
    let mut values = vec![0, u64::MAX, 0xaaaa_aaaa_aaaa_aaaa, 0x0123_4567_89ab_cdef];
    for n in 0..64 {
        let p = 1u64 << n;
        values.extend([p - 1, p, p.wrapping_add(1), !p]);
    }
    values
}

#[test]
fn every_edge_against_the_oracle() {
    let values = edges();
    for (i, &a) in values.iter().enumerate() {
        for (j, &b) in values.iter().enumerate() {
            check2(a, b);
            check3([a, b, values[(i * 7 + j * 3) % values.len()]]);
        }
    }
}

#[test]
fn every_bit_alone() {
    for i in 0..64 {
        assert_eq!(encode2_u128(1 << i, 0), 1 << (2 * i));
        assert_eq!(encode2_u128(0, 1 << i), 1 << (2 * i + 1));
    }
    for i in 0..42 {
        assert_eq!(encode3_u128(1 << i, 0, 0), 1 << (3 * i));
        assert_eq!(encode3_u128(0, 1 << i, 0), 1 << (3 * i + 1));
        assert_eq!(encode3_u128(0, 0, 1 << i), 1 << (3 * i + 2));
    }
}

/// The portable functions are usable in constants.
const CORNER: u64 = portable::encode3_u64(1, 2, 3);

#[test]
fn converters_agree_with_the_portable_functions() {
    assert_eq!(CORNER, encode3_u64(1, 2, 3));
    let values = edges();
    let check = |c: Converter| {
        for (i, &x) in values.iter().enumerate() {
            let (y, z) = (values[i * 5 % values.len()], values[i * 11 % values.len()]);
            let [x32, y32, z32] = [x, y, z].map(|v| v as u32);
            let code = u128::from(x) << 64 | u128::from(y);
            assert_eq!(c.encode2_u64(x32, y32), portable::encode2_u64(x32, y32));
            assert_eq!(c.decode2_u64(x), portable::decode2_u64(x));
            assert_eq!(c.encode2_u128(x, y), portable::encode2_u128(x, y));
            assert_eq!(c.decode2_u128(code), portable::decode2_u128(code));
            assert_eq!(c.encode3_u64(x32, y32, z32), portable::encode3_u64(x32, y32, z32));
            assert_eq!(c.decode3_u64(x), portable::decode3_u64(x));
            assert_eq!(c.encode3_u128(x, y, z), portable::encode3_u128(x, y, z));
            assert_eq!(c.decode3_u128(code), portable::decode3_u128(code));
        }
    };
    check(Converter::PORTABLE);
    Converter::fastest(check);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_values_against_the_oracle(x: u64, y: u64, z: u64) {
        check2(x, y);
        check3([x, y, z]);
    }
}
