//! Eight or sixteen codes at once: bytes to their places (`vpermb`), then every 8 × 8 bit
//! matrix at once (`gf2p8affineqb`).
//!
//! Each byte of a code takes its bits from one byte of each axis, because the pattern repeats
//! every `D` bytes. One `gf2p8affineqb` applies one 8 × 8 bit matrix to the eight bytes of a
//! 64-bit lane. So byte *j* of eight codes shares a lane: a byte permutation brings in, for
//! every lane *j*, the axis byte that it needs; one matrix an axis moves the bits; the results
//! are combined, and a byte transposition turns lanes into codes. Decoding is the same the
//! other way round. The matrices also drop the bits that are to be ignored.
//!
//! All tables are computed from the definition of the code at compile time.

use core::arch::x86_64::*;

/// Byte indices for `vpermb` and `vpermi2b`.
type Bytes = [u8; 64];
/// One bit matrix a lane.
type Matrices = [u64; 8];

/// The matrix that moves bit `from` of a byte to bit `to`: row 7 - `to`, column `from`.
const fn moves(from: usize, to: usize) -> u64 {
    1 << (8 * (7 - to) + from)
}

/// For lane *j*, byte *n*: where byte `j / axes` of the *n*-th `u32` is, in each half of a
/// register.
const fn encode_gather(axes: usize) -> [Bytes; 2] {
    [encode_gather_half(axes, 0), encode_gather_half(axes, 1)]
}

const fn encode_gather_half(axes: usize, half: usize) -> Bytes {
    let mut bytes = [0; 64];
    let mut i = 0;
    while i < 64 {
        let (lane, code) = (i / 8, i % 8);
        bytes[i] = (32 * half + 4 * code + lane / axes) as u8;
        i += 1;
    }
    bytes
}

/// For lane *j*: the bits that byte *j* of a code takes from `axis`, of `bits` code bits.
const fn encode_matrices(axes: usize, axis: usize, bits: usize) -> Matrices {
    let mut lanes = [0; 8];
    let mut bit = axis;
    while bit < bits {
        lanes[bit / 8] |= moves(bit / axes % 8, bit % 8);
        bit += axes;
    }
    lanes
}

/// Lane *j*, byte *n* to code *n*, byte *j*.
const TRANSPOSE: Bytes = {
    let mut bytes = [0; 64];
    let mut i = 0;
    while i < 64 {
        bytes[i] = (i % 8 * 8 + i / 8) as u8;
        i += 1;
    }
    bytes
};

const ENCODE2_GATHER: [Bytes; 2] = encode_gather(2);
const ENCODE2: [Matrices; 2] = [encode_matrices(2, 0, 64), encode_matrices(2, 1, 64)];
const ENCODE3_GATHER: [Bytes; 2] = encode_gather(3);
const ENCODE3: [Matrices; 3] =
    [encode_matrices(3, 0, 63), encode_matrices(3, 1, 63), encode_matrices(3, 2, 63)];

/// 2-D: lane 4·axis + *b* holds byte *b* of the axis; part `part` of its bits comes from code
/// byte 2·*b* + `part`.
const fn decode2_gather(part: usize) -> Bytes {
    let mut bytes = [0; 64];
    let mut i = 0;
    while i < 64 {
        let (lane, code) = (i / 8, i % 8);
        bytes[i] = (8 * code + 2 * (lane % 4) + part) as u8;
        i += 1;
    }
    bytes
}

const fn decode2_matrices(part: usize) -> Matrices {
    let mut lanes = [0; 8];
    let mut bit = 0;
    while bit < 64 {
        if bit / 8 % 2 == part {
            lanes[bit % 2 * 4 + bit / 16] |= moves(bit % 8, bit / 2 % 8);
        }
        bit += 1;
    }
    lanes
}

/// Lane 4·axis + *b*, byte *n* to byte *b* of value *n* of the axis.
const DECODE2_SCATTER: Bytes = {
    let mut bytes = [0; 64];
    let mut i = 0;
    while i < 64 {
        let (axis, value, byte) = (i / 32, i / 4 % 8, i % 4);
        bytes[i] = (8 * (4 * axis + byte) + value) as u8;
        i += 1;
    }
    bytes
};

/// 3-D, sixteen codes: lanes 2·*b* and 2·*b* + 1 hold byte *b* of an axis of the first and the
/// last eight; part `part` of its bits comes from code byte 3·*b* + `part`. There is no byte 8
/// and no byte 3 of an axis: their matrices are zero, and so are lanes 6 and 7.
const fn decode3_gather(part: usize) -> Bytes {
    let mut bytes = [0; 64];
    let mut i = 0;
    while i < 64 {
        let (lane, code) = (i / 8, i / 8 % 2 * 8 + i % 8);
        let byte = lane / 2 * 3 + part;
        bytes[i] = (8 * code + if byte < 8 { byte } else { 0 }) as u8;
        i += 1;
    }
    bytes
}

const fn decode3_matrices(axis: usize, part: usize) -> Matrices {
    let mut lanes = [0; 8];
    let mut bit = axis;
    while bit < 63 {
        if bit / 8 % 3 == part {
            let moved = moves(bit % 8, bit / 3 % 8);
            lanes[bit / 24 * 2] |= moved;
            lanes[bit / 24 * 2 + 1] |= moved;
        }
        bit += 3;
    }
    lanes
}

/// Lane 2·*b* + *h*, byte *n* to byte *b* of value 8·*h* + *n*; byte 3 from the zero lanes.
const DECODE3_SCATTER: Bytes = {
    let mut bytes = [0; 64];
    let mut i = 0;
    while i < 64 {
        let (value, byte) = (i / 4, i % 4);
        bytes[i] = (8 * (2 * byte + value / 8) + value % 8) as u8;
        i += 1;
    }
    bytes
};

const DECODE2_GATHER: [Bytes; 2] = [decode2_gather(0), decode2_gather(1)];
const DECODE2: [Matrices; 2] = [decode2_matrices(0), decode2_matrices(1)];
const DECODE3_GATHER: [Bytes; 3] = [decode3_gather(0), decode3_gather(1), decode3_gather(2)];
const DECODE3: [[Matrices; 3]; 3] = {
    let mut all = [[[0; 8]; 3]; 3];
    let mut i = 0;
    while i < 9 {
        all[i / 3][i % 3] = decode3_matrices(i / 3, i % 3);
        i += 1;
    }
    all
};

/// A table of 64 bytes as a register.
#[inline]
#[target_feature(enable = "avx512f")]
fn table<T, const N: usize>(table: &[T; N]) -> __m512i {
    const { assert!(size_of::<[T; N]>() == 64) };
    // SAFETY: 64 readable bytes, checked above.
    unsafe { _mm512_loadu_si512(table.as_ptr().cast()) }
}

/// The first `n` (at most 16) values from `values`, the others zero.
#[inline]
#[target_feature(enable = "avx512f")]
fn load_u32(values: &[u32], n: usize) -> __m512i {
    debug_assert!(n <= values.len() && n <= 16);
    // SAFETY: the mask lets only the first n values be read.
    unsafe { _mm512_maskz_loadu_epi32(((1u32 << n) - 1) as __mmask16, values.as_ptr().cast()) }
}

/// The first `n` (at most 8) codes from `codes`, the others zero.
#[inline]
#[target_feature(enable = "avx512f")]
fn load_u64(codes: &[u64], n: usize) -> __m512i {
    debug_assert!(n <= codes.len() && n <= 8);
    // SAFETY: the mask lets only the first n codes be read.
    unsafe { _mm512_maskz_loadu_epi64(((1u32 << n) - 1) as __mmask8, codes.as_ptr().cast()) }
}

/// Writes the first `n` (at most 16) values.
#[inline]
#[target_feature(enable = "avx512f")]
fn store_u32(values: &mut [u32], n: usize, from: __m512i) {
    debug_assert!(n <= values.len() && n <= 16);
    let mask = ((1u32 << n) - 1) as __mmask16;
    // SAFETY: the mask lets only the first n values be written.
    unsafe { _mm512_mask_storeu_epi32(values.as_mut_ptr().cast(), mask, from) }
}

/// Writes the first `n` (at most 8) codes.
#[inline]
#[target_feature(enable = "avx512f")]
fn store_u64(codes: &mut [u64], n: usize, from: __m512i) {
    debug_assert!(n <= codes.len() && n <= 8);
    let mask = ((1u32 << n) - 1) as __mmask8;
    // SAFETY: the mask lets only the first n codes be written.
    unsafe { _mm512_mask_storeu_epi64(codes.as_mut_ptr().cast(), mask, from) }
}

/// Sixteen 2-D codes, in two registers.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
fn encode2(x: __m512i, y: __m512i) -> [__m512i; 2] {
    let [mx, my] = [table(&ENCODE2[0]), table(&ENCODE2[1])];
    let half = |gather: &Bytes| {
        let gather = table(gather);
        let x = _mm512_gf2p8affine_epi64_epi8::<0>(_mm512_permutexvar_epi8(gather, x), mx);
        let y = _mm512_gf2p8affine_epi64_epi8::<0>(_mm512_permutexvar_epi8(gather, y), my);
        _mm512_permutexvar_epi8(table(&TRANSPOSE), _mm512_or_si512(x, y))
    };
    [half(&ENCODE2_GATHER[0]), half(&ENCODE2_GATHER[1])]
}

/// Sixteen 3-D codes, in two registers.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
fn encode3(x: __m512i, y: __m512i, z: __m512i) -> [__m512i; 2] {
    let [mx, my, mz] = [table(&ENCODE3[0]), table(&ENCODE3[1]), table(&ENCODE3[2])];
    let half = |gather: &Bytes| {
        let gather = table(gather);
        let x = _mm512_gf2p8affine_epi64_epi8::<0>(_mm512_permutexvar_epi8(gather, x), mx);
        let y = _mm512_gf2p8affine_epi64_epi8::<0>(_mm512_permutexvar_epi8(gather, y), my);
        let z = _mm512_gf2p8affine_epi64_epi8::<0>(_mm512_permutexvar_epi8(gather, z), mz);
        let lanes = _mm512_or_si512(_mm512_or_si512(x, y), z);
        _mm512_permutexvar_epi8(table(&TRANSPOSE), lanes)
    };
    [half(&ENCODE3_GATHER[0]), half(&ENCODE3_GATHER[1])]
}

/// `[x, y]` of eight 2-D codes, x in the lower half of the register.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
fn decode2(codes: __m512i) -> __m512i {
    let part = |part: usize| {
        let bytes = _mm512_permutexvar_epi8(table(&DECODE2_GATHER[part]), codes);
        _mm512_gf2p8affine_epi64_epi8::<0>(bytes, table(&DECODE2[part]))
    };
    let lanes = _mm512_or_si512(part(0), part(1));
    _mm512_permutexvar_epi8(table(&DECODE2_SCATTER), lanes)
}

/// `[x, y, z]` of sixteen 3-D codes, given in two registers.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
fn decode3(codes: [__m512i; 2]) -> [__m512i; 3] {
    let part = |part: usize| _mm512_permutex2var_epi8(codes[0], table(&DECODE3_GATHER[part]), codes[1]);
    let parts = [part(0), part(1), part(2)];
    let axis = |matrices: &[Matrices; 3]| {
        let moved = |part: usize| _mm512_gf2p8affine_epi64_epi8::<0>(parts[part], table(&matrices[part]));
        let lanes = _mm512_or_si512(_mm512_or_si512(moved(0), moved(1)), moved(2));
        _mm512_permutexvar_epi8(table(&DECODE3_SCATTER), lanes)
    };
    [axis(&DECODE3[0]), axis(&DECODE3[1]), axis(&DECODE3[2])]
}

/// # Safety
/// The CPU must have these features.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
pub(super) unsafe fn encode2_u64(x: &[u32], y: &[u32], codes: &mut [u64]) {
    let (x, x_rest) = x.as_chunks::<16>();
    let (y, y_rest) = y.as_chunks::<16>();
    let (codes, codes_rest) = codes.as_chunks_mut::<16>();
    for ((x, y), codes) in x.iter().zip(y).zip(codes) {
        let [first, last] = encode2(load_u32(x, 16), load_u32(y, 16));
        store_u64(&mut codes[..8], 8, first);
        store_u64(&mut codes[8..], 8, last);
    }
    let n = codes_rest.len();
    let [first, last] = encode2(load_u32(x_rest, n), load_u32(y_rest, n));
    let (codes_first, codes_last) = codes_rest.split_at_mut(n.min(8));
    store_u64(codes_first, n.min(8), first);
    store_u64(codes_last, n.saturating_sub(8), last);
}

/// # Safety
/// The CPU must have these features.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
pub(super) unsafe fn encode3_u64(x: &[u32], y: &[u32], z: &[u32], codes: &mut [u64]) {
    let (x, x_rest) = x.as_chunks::<16>();
    let (y, y_rest) = y.as_chunks::<16>();
    let (z, z_rest) = z.as_chunks::<16>();
    let (codes, codes_rest) = codes.as_chunks_mut::<16>();
    for (((x, y), z), codes) in x.iter().zip(y).zip(z).zip(codes) {
        let [first, last] = encode3(load_u32(x, 16), load_u32(y, 16), load_u32(z, 16));
        store_u64(&mut codes[..8], 8, first);
        store_u64(&mut codes[8..], 8, last);
    }
    let n = codes_rest.len();
    let [first, last] = encode3(load_u32(x_rest, n), load_u32(y_rest, n), load_u32(z_rest, n));
    let (codes_first, codes_last) = codes_rest.split_at_mut(n.min(8));
    store_u64(codes_first, n.min(8), first);
    store_u64(codes_last, n.saturating_sub(8), last);
}

/// # Safety
/// The CPU must have these features.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
pub(super) unsafe fn decode2_u64(codes: &[u64], x: &mut [u32], y: &mut [u32]) {
    let (codes, codes_rest) = codes.as_chunks::<8>();
    let (x, x_rest) = x.as_chunks_mut::<8>();
    let (y, y_rest) = y.as_chunks_mut::<8>();
    let upper = |v: __m512i| _mm512_shuffle_i64x2::<0b11_10_11_10>(v, v);
    for ((codes, x), y) in codes.iter().zip(x).zip(y) {
        let both = decode2(load_u64(codes, 8));
        store_u32(x, 8, both);
        store_u32(y, 8, upper(both));
    }
    let n = codes_rest.len();
    let both = decode2(load_u64(codes_rest, n));
    store_u32(x_rest, n, both);
    store_u32(y_rest, n, upper(both));
}

/// # Safety
/// The CPU must have these features.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
pub(super) unsafe fn decode3_u64(codes: &[u64], x: &mut [u32], y: &mut [u32], z: &mut [u32]) {
    let (codes, codes_rest) = codes.as_chunks::<16>();
    let (x, x_rest) = x.as_chunks_mut::<16>();
    let (y, y_rest) = y.as_chunks_mut::<16>();
    let (z, z_rest) = z.as_chunks_mut::<16>();
    for (((codes, x), y), z) in codes.iter().zip(x).zip(y).zip(z) {
        let values = decode3([load_u64(&codes[..8], 8), load_u64(&codes[8..], 8)]);
        store_u32(x, 16, values[0]);
        store_u32(y, 16, values[1]);
        store_u32(z, 16, values[2]);
    }
    let n = codes_rest.len();
    let (codes_first, codes_last) = codes_rest.split_at(n.min(8));
    let first = load_u64(codes_first, n.min(8));
    let values = decode3([first, load_u64(codes_last, n.saturating_sub(8))]);
    store_u32(x_rest, n, values[0]);
    store_u32(y_rest, n, values[1]);
    store_u32(z_rest, n, values[2]);
}
