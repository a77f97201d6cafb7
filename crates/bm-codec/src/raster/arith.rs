//! Adaptive binary arithmetic coding with logistic mixing, all in integers so that every machine decodes
//! the same bits.
//!
//! The coder is the carry-less range coder of lpaq-style compressors; the mixer is gated linear mixing
//! in the logistic domain (M. Mahoney, "Adaptive weighing of context models for lossless data
//! compression", 2005).

use std::sync::OnceLock;

/// One side of the arithmetic coder: writes given bits, or reads them back.
pub(super) trait BitCoder {
    /// Codes one bit whose probability of being 1 is `p` / 65536 (0 < p < 65536). An encoder writes `bit`
    /// and returns it; a decoder ignores `bit` and returns what was written.
    fn code(&mut self, bit: bool, p: u32) -> bool;
}

/// Writes bits.
pub(super) struct Encoder {
    low: u32,
    high: u32,
    out: Vec<u8>,
}

impl Encoder {
    pub(super) fn new() -> Self {
        Self { low: 0, high: u32::MAX, out: Vec::new() }
    }

    /// Ends the stream with the fewest bytes that still decode; missing bytes read as zero.
    pub(super) fn finish(mut self) -> Vec<u8> {
        // Any value in low..=high will do: take the one with the most trailing zero bytes.
        for keep in 0..4u32 {
            let mask = u32::MAX.checked_shr(8 * keep).unwrap_or(0);
            let v = self.low.checked_add(mask).map(|v| v & !mask);
            if let Some(v) = v.filter(|&v| v >= self.low && v <= self.high) {
                self.out.extend_from_slice(&v.to_be_bytes()[..keep as usize]);
                return trimmed(self.out);
            }
        }
        self.out.extend_from_slice(&self.low.to_be_bytes());
        trimmed(self.out)
    }
}

fn trimmed(mut out: Vec<u8>) -> Vec<u8> {
    while out.last() == Some(&0) {
        out.pop();
    }
    out
}

/// Where the interval `low..=high` is cut for probability `p`/65536 of a one.
#[inline]
fn cut(low: u32, high: u32, p: u32) -> u32 {
    low + ((u64::from(high - low) * u64::from(p)) >> 16) as u32
}

impl BitCoder for Encoder {
    #[inline]
    fn code(&mut self, bit: bool, p: u32) -> bool {
        let mid = cut(self.low, self.high, p);
        if bit {
            self.high = mid;
        } else {
            self.low = mid + 1;
        }
        while (self.low ^ self.high) >> 24 == 0 {
            self.out.push((self.high >> 24) as u8);
            self.low <<= 8;
            self.high = (self.high << 8) | 0xff;
        }
        bit
    }
}

/// Reads bits; past the end of its bytes it reads zeros.
pub(super) struct Decoder<'a> {
    low: u32,
    high: u32,
    code: u32,
    bytes: &'a [u8],
}

impl<'a> Decoder<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let mut it = Self { low: 0, high: u32::MAX, code: 0, bytes };
        for _ in 0..4 {
            it.code = (it.code << 8) | it.next();
        }
        it
    }

    #[inline]
    fn next(&mut self) -> u32 {
        match self.bytes.split_first() {
            Some((&b, rest)) => {
                self.bytes = rest;
                b.into()
            }
            None => 0,
        }
    }
}

impl BitCoder for Decoder<'_> {
    #[inline]
    fn code(&mut self, _: bool, p: u32) -> bool {
        let mid = cut(self.low, self.high, p);
        let bit = self.code <= mid;
        if bit {
            self.high = mid;
        } else {
            self.low = mid + 1;
        }
        while (self.low ^ self.high) >> 24 == 0 {
            self.low <<= 8;
            self.high = (self.high << 8) | 0xff;
            self.code = (self.code << 8) | self.next();
        }
        bit
    }
}

/// Predictions that are mixed for each bit.
pub(super) const INPUTS: usize = 4;

/// An adaptive probability: 16 bits of P(1) and how often it was seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Slot {
    pub(super) p: u16,
    pub(super) n: u16,
}

/// Weights of one mixer, 16.16 fixed point.
pub(super) type Weights = [i32; INPUTS];

/// What the model knows: probabilities by context and mixing weights by node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct State {
    pub(super) slots: Vec<Slot>,
    pub(super) weights: Vec<Weights>,
}

/// Adaptation slows down to 1/LIMIT.
const LIMIT: u16 = 127;
/// Step of the weight update: weights move by `stretch · error · 2^-RATE_SHIFT`.
const RATE_SHIFT: u32 = 13;

struct Tables {
    /// ln(p/(1−p))·256 for p in 1/4096ths.
    stretch: [i16; 4096],
    /// 65536/(1+e^(−x/256)) for x in −2048..2048.
    squash: [u16; 4096],
    /// 65536/(n+1.6).
    rate: [u32; LIMIT as usize + 1],
}

fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| {
        // The transcendental functions of the platform may differ in their last bit, so both tables come
        // from one integer recurrence instead: logistic growth p' = p(1−p), in 2^-62 steps.
        let squash = logistic();
        let mut stretch = [0i16; 4096];
        let mut x = 0usize;
        for (i, s) in stretch.iter_mut().enumerate() {
            let p = (i as u32 * 16 + 8).min(65_535);
            while x < 4095 && u32::from(squash[x]) < p {
                x += 1;
            }
            *s = x as i16 - 2048;
        }
        let mut rate = [0u32; LIMIT as usize + 1];
        for (n, r) in rate.iter_mut().enumerate() {
            *r = (65_536 * 10 / (n * 10 + 16)) as u32;
        }
        Tables { stretch, squash, rate }
    })
}

/// The logistic curve at x/256 for x in −2048..2048, as 16-bit probabilities.
fn logistic() -> [u16; 4096] {
    let mut out = [32_768u16; 4096];
    // Integrates dp/dx = p(1−p)/256 upwards from p(0) = 1/2 in 16 sub-steps of the midpoint rule, in
    // 2^-48 fixed point. The curve is point symmetric, so the lower half is the mirror image.
    const ONE: i128 = 1 << 48;
    let slope = |p: i128| p * (ONE - p) / ONE;
    let mut p = ONE / 2;
    for x in 0..2048usize {
        let v = ((p * 65_536) / ONE).clamp(1, 65_535) as u16;
        out[2048 + x] = v;
        out[2048 - x] = (65_536 - u32::from(v)).clamp(1, 65_535) as u16;
        for _ in 0..16 {
            let half = p + slope(p) / (2 * 16 * 256);
            p += slope(half) / (16 * 256);
        }
    }
    out[0] = out[1];
    out
}

/// One step of the model: mixes the predictions of the chosen slots, codes the bit, learns from it.
pub(super) struct Mixer {
    tables: &'static Tables,
}

impl Mixer {
    pub(super) fn new() -> Self {
        Self { tables: tables() }
    }

    #[inline]
    pub(super) fn code<C: BitCoder>(
        &self,
        coder: &mut C,
        state: &mut State,
        ctx: &[usize; INPUTS],
        mixer: usize,
        bit: bool,
    ) -> bool {
        let t = self.tables;
        let w = &mut state.weights[mixer];
        let mut st = [0i32; INPUTS];
        let mut dot = 0i64;
        for i in 0..INPUTS {
            st[i] = t.stretch[(state.slots[ctx[i]].p >> 4) as usize].into();
            dot += i64::from(w[i]) * i64::from(st[i]);
        }
        let x = (dot >> 16).clamp(-2047, 2047) as i32;
        let p = u32::from(t.squash[(x + 2048) as usize]).clamp(24, 65_512);
        let bit = coder.code(bit, p);
        let target = if bit { 65_535i32 } else { 0 };
        let err = target - p as i32;
        for i in 0..INPUTS {
            // Real rasters keep weights small; what a hostile one does to them need only be defined.
            w[i] = w[i].wrapping_add((st[i] * err) >> RATE_SHIFT);
            let s = &mut state.slots[ctx[i]];
            let d = i64::from(target - i32::from(s.p)) * i64::from(t.rate[s.n as usize]);
            s.p = (i64::from(s.p) + (d >> 16)).clamp(32, 65_503) as u16;
            s.n += u16::from(s.n < LIMIT);
        }
        bit
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_logistic_curve_is_right() {
        let sq = logistic();
        for x in (-2047i32..2048).step_by(17) {
            let want = 65_536.0 / (1.0 + (-f64::from(x) / 256.0).exp());
            assert!((f64::from(sq[(x + 2048) as usize]) - want).abs() < 2.0, "at {x}");
        }
        let t = tables();
        for p in (0..4096usize).step_by(31) {
            let back = f64::from(sq[(i32::from(t.stretch[p]) + 2048) as usize]);
            assert!((back - (p as f64 * 16.0 + 8.0)).abs() < 70.0, "at {p}: {back}");
        }
    }

    proptest! {
        #[test]
        fn bits_come_back(bits in proptest::collection::vec((any::<bool>(), 1u32..65_536), 0..600)) {
            let mut e = Encoder::new();
            for &(b, p) in &bits {
                e.code(b, p.clamp(24, 65_512));
            }
            let bytes = e.finish();
            let mut d = Decoder::new(&bytes);
            for &(b, p) in &bits {
                prop_assert_eq!(d.code(false, p.clamp(24, 65_512)), b);
            }
        }
    }
}
