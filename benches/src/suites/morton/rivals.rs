//! The other ways to do it: bare instruction loops, magic bits, published crates, textbook forms.
//!
//! Each is given its best form: instruction loops run inside a function compiled for the
//! instructions, so that everything inlines.

use std::ops::RangeInclusive;

/// Whether the bare BMI2 loops can run here.
#[must_use]
pub fn has_bmi2() -> bool {
    zorder::bmi2::has_hardware_support()
}

/// Whether magic bits compiled for AVX-512 can run here.
#[cfg(target_arch = "x86_64")]
#[must_use]
pub fn has_avx512() -> bool {
    std::is_x86_feature_detected!("avx512f")
        && std::is_x86_feature_detected!("avx512bw")
        && std::is_x86_feature_detected!("avx512dq")
        && std::is_x86_feature_detected!("avx512vl")
}

/// Three coordinates in arrays of equal length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Triples {
    /// First axis: the lowest bit of each triple of bits.
    pub x: Vec<u32>,
    /// Second axis.
    pub y: Vec<u32>,
    /// Third axis.
    pub z: Vec<u32>,
}

impl Triples {
    /// Room for `count` triples.
    #[must_use]
    pub fn zeros(count: usize) -> Self {
        Self { x: vec![0; count], y: vec![0; count], z: vec![0; count] }
    }

    /// `encode` for each triple.
    #[inline(always)]
    pub fn each_to(&self, out: &mut [u64], encode: impl Fn(u32, u32, u32) -> u64) {
        for (((code, &x), &y), &z) in out.iter_mut().zip(&self.x).zip(&self.y).zip(&self.z) {
            *code = encode(x, y, z);
        }
    }

    /// `decode` of each code.
    #[inline(always)]
    pub fn each_from(&mut self, codes: &[u64], decode: impl Fn(u64) -> [u32; 3]) {
        let axes = self.x.iter_mut().zip(&mut self.y).zip(&mut self.z);
        for (((x, y), z), &code) in axes.zip(codes) {
            [*x, *y, *z] = decode(code);
        }
    }
}

/// Bit 0 of every triple of bits, 21 of them.
const EVERY_THIRD: u64 = 0x1249_2492_4924_9249;

#[cfg(target_arch = "x86_64")]
mod x86 {
    use core::arch::x86_64::{_pdep_u64, _pext_u64};

    use super::{EVERY_THIRD, Triples, magic_decode, magic_encode};

    /// Three `pdep` and two `or` a code.
    ///
    /// # Safety
    /// The CPU must have BMI2.
    #[target_feature(enable = "bmi2")]
    pub fn pdep_loop(triples: &Triples, out: &mut [u64]) {
        triples.each_to(out, |x, y, z| {
            _pdep_u64(x.into(), EVERY_THIRD)
                | _pdep_u64(y.into(), EVERY_THIRD << 1)
                | _pdep_u64(z.into(), EVERY_THIRD << 2)
        });
    }

    /// Three `pext` a code.
    ///
    /// # Safety
    /// The CPU must have BMI2.
    #[target_feature(enable = "bmi2")]
    pub fn pext_loop(codes: &[u64], out: &mut Triples) {
        out.each_from(codes, |code| {
            [
                _pext_u64(code, EVERY_THIRD) as u32,
                _pext_u64(code, EVERY_THIRD << 1) as u32,
                _pext_u64(code, EVERY_THIRD << 2) as u32,
            ]
        });
    }

    /// Magic bits as the compiler vectorises them for AVX-512.
    ///
    /// # Safety
    /// [`has_avx512`](super::has_avx512) must hold.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    pub fn magic_encode_avx512(triples: &Triples, out: &mut [u64]) {
        triples.each_to(out, magic_encode);
    }

    /// Magic bits as the compiler vectorises them for AVX-512.
    ///
    /// # Safety
    /// [`has_avx512`](super::has_avx512) must hold.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    pub fn magic_decode_avx512(codes: &[u64], out: &mut Triples) {
        out.each_from(codes, magic_decode);
    }

    /// `zorder` with BMI2, 16 bits an axis.
    ///
    /// # Safety
    /// The CPU must have BMI2.
    #[target_feature(enable = "bmi2")]
    pub fn zorder_encode16(triples: &[[u16; 3]], out: &mut [u64]) {
        for (code, &triple) in out.iter_mut().zip(triples) {
            // SAFETY: this function is only entered with BMI2, like the one it calls.
            *code = unsafe { zorder::bmi2::index_of_unchecked(triple) };
        }
    }

    /// `zorder` with BMI2, 16 bits an axis.
    ///
    /// # Safety
    /// The CPU must have BMI2.
    #[target_feature(enable = "bmi2")]
    pub fn zorder_decode16(codes: &[u64], out: &mut [[u16; 3]]) {
        for (triple, &code) in out.iter_mut().zip(codes) {
            // SAFETY: this function is only entered with BMI2, like the one it calls.
            *triple = unsafe { zorder::bmi2::coord_of_unchecked(code) };
        }
    }
}

#[cfg(target_arch = "x86_64")]
pub use x86::{
    magic_decode_avx512, magic_encode_avx512, pdep_loop, pext_loop, zorder_decode16, zorder_encode16,
};

/// Spreads 21 bits to every third place, in five steps of shift and mask.
#[inline(always)]
fn spread(v: u32) -> u64 {
    let mut v = u64::from(v) & 0x1f_ffff;
    v = (v | v << 32) & 0x001f_0000_0000_ffff;
    v = (v | v << 16) & 0x001f_0000_ff00_00ff;
    v = (v | v << 8) & 0x100f_00f0_0f00_f00f;
    v = (v | v << 4) & 0x10c3_0c30_c30c_30c3;
    (v | v << 2) & EVERY_THIRD
}

/// Gathers every third bit: [`spread`] backwards.
#[inline(always)]
fn gather(code: u64) -> u32 {
    let mut v = code & EVERY_THIRD;
    v = (v | v >> 2) & 0x10c3_0c30_c30c_30c3;
    v = (v | v >> 4) & 0x100f_00f0_0f00_f00f;
    v = (v | v >> 8) & 0x001f_0000_ff00_00ff;
    v = (v | v >> 16) & 0x001f_0000_0000_ffff;
    (v | v >> 32) as u32 & 0x1f_ffff
}

/// One code by magic bits.
#[inline(always)]
#[must_use]
pub fn magic_encode(x: u32, y: u32, z: u32) -> u64 {
    spread(x) | spread(y) << 1 | spread(z) << 2
}

/// The triple of a code by magic bits.
#[inline(always)]
#[must_use]
pub fn magic_decode(code: u64) -> [u32; 3] {
    [gather(code), gather(code >> 1), gather(code >> 2)]
}

/// BIGMIN as Tropf and Herzog give it ("Multidimensional range search in dynamically balanced
/// trees", 1981): one decision for each bit, from the top. Least code of the box above `code`.
#[must_use]
pub fn bigmin_bit_loop(code: u64, mut lo: u64, mut hi: u64) -> Option<u64> {
    let mut best = None;
    // The loop answers "not below"; one more makes it "above".
    let code = code.checked_add(1)?;
    for bit in (0..63).rev() {
        let place = 1_u64 << bit;
        // The bits of this axis below this bit.
        let lower = (EVERY_THIRD << (bit % 3)) & (place - 1);
        match (code & place != 0, lo & place != 0, hi & place != 0) {
            (false, false, true) => {
                best = Some(lo & !lower | place);
                hi = hi & !place | lower;
            }
            (false, true, true) => return Some(lo),
            (true, false, false) => return best,
            (true, false, true) => lo = lo & !lower | place,
            _ => {}
        }
    }
    Some(code)
}

/// LITMAX, the mirror of [`bigmin_bit_loop`]: greatest code of the box below `code`.
#[must_use]
pub fn litmax_bit_loop(code: u64, mut lo: u64, mut hi: u64) -> Option<u64> {
    let mut best = None;
    let code = code.checked_sub(1)?;
    for bit in (0..63).rev() {
        let place = 1_u64 << bit;
        let lower = (EVERY_THIRD << (bit % 3)) & (place - 1);
        match (code & place != 0, lo & place != 0, hi & place != 0) {
            (true, false, true) => {
                best = Some(hi & !place | lower);
                lo = lo & !lower | place;
            }
            (true, false, false) => return Some(hi),
            (false, true, true) => return best,
            (false, false, true) => hi = hi & !place | lower,
            _ => {}
        }
    }
    Some(code)
}

/// The runs of a half-open box's codes by recursion into octants: an octant inside the box is taken
/// whole, one outside is dropped, others are split; neighbours on the curve are joined.
pub fn octant_ranges(min: [u32; 3], max: [u32; 3], out: &mut Vec<RangeInclusive<u64>>) {
    fn visit(
        corner: [u32; 3],
        first: u64,
        level: u32,
        (min, max): (&[u32; 3], &[u32; 3]),
        out: &mut Vec<RangeInclusive<u64>>,
    ) {
        let size = 1_u32 << level;
        let axes = 0..3;
        if axes.clone().any(|d| corner[d] >= max[d] || corner[d] + size <= min[d]) {
            return;
        }
        if axes.clone().all(|d| corner[d] >= min[d] && corner[d] + size <= max[d]) {
            let last = first + ((1_u64 << (3 * level)) - 1);
            match out.last_mut() {
                Some(run) if *run.end() + 1 == first => *run = *run.start()..=last,
                _ => out.push(first..=last),
            }
            return;
        }
        let half = size / 2;
        for octant in 0..8 {
            let child = [
                corner[0] + (octant & 1) * half,
                corner[1] + (octant >> 1 & 1) * half,
                corner[2] + (octant >> 2) * half,
            ];
            let first = first + (u64::from(octant) << (3 * (level - 1)));
            visit(child, first, level - 1, (min, max), out);
        }
    }
    out.clear();
    visit([0; 3], 0, 21, (&min, &max), out);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every cell of a 4³ cube by its code.
    fn inside(min: [u32; 3], max: [u32; 3]) -> Vec<u64> {
        (0..64)
            .filter(|&code| {
                let cell = magic_decode(code);
                (0..3).all(|d| (min[d]..max[d]).contains(&cell[d]))
            })
            .collect()
    }

    fn every_box() -> impl Iterator<Item = ([u32; 3], [u32; 3])> {
        let spans: Vec<(u32, u32)> = (0..4).flat_map(|a| (a + 1..=4).map(move |b| (a, b))).collect();
        let count = spans.len();
        (0..count.pow(3)).map(move |i| {
            let axis = [spans[i % count], spans[i / count % count], spans[i / count / count]];
            (axis.map(|span| span.0), axis.map(|span| span.1))
        })
    }

    #[test]
    fn the_bit_loops_are_right_on_every_small_box() {
        for (min, max) in every_box() {
            let codes = inside(min, max);
            let (lo, hi) = (codes[0], codes[codes.len() - 1]);
            for code in 0..64 {
                let above = codes.iter().copied().find(|&c| c > code);
                let below = codes.iter().copied().rev().find(|&c| c < code);
                assert_eq!(bigmin_bit_loop(code, lo, hi), above, "{min:?} {max:?} {code}");
                assert_eq!(litmax_bit_loop(code, lo, hi), below, "{min:?} {max:?} {code}");
            }
        }
    }

    #[test]
    fn octants_cover_every_small_box() {
        let mut ranges = Vec::new();
        for (min, max) in every_box() {
            octant_ranges(min, max, &mut ranges);
            let codes: Vec<u64> = ranges.iter().cloned().flatten().collect();
            assert_eq!(codes, inside(min, max));
            assert!(ranges.windows(2).all(|w| w[0].end() + 1 < *w[1].start()));
        }
    }

    #[test]
    fn magic_bits_go_there_and_back() {
        for bit in 0..21 {
            let v = 1 << bit;
            assert_eq!(magic_encode(v, 0, 0), 1 << (3 * bit));
            assert_eq!(magic_encode(0, v, 0), 2 << (3 * bit));
            assert_eq!(magic_encode(0, 0, v), 4 << (3 * bit));
            assert_eq!(magic_decode(magic_encode(v, 0, v)), [v, 0, v]);
        }
    }
}
