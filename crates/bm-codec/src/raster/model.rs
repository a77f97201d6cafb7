//! The sample model: how one residual becomes binary decisions, and in which contexts.
//!
//! A sample is coded as its difference from the prediction: zero?, sign, number of bits (unary), the two
//! leading mantissa bits, and the rest almost raw. Where a raster was digitised from contour lines in
//! feet (half of ETOPO5's land was), a first decision says whether the sample is a whole number of
//! hundred-feet steps, and the difference is then counted in steps.

use super::arith::{BitCoder, INPUTS, Mixer, Slot, State, Weights};
use super::predict::{Guess, Predictor, rounded};
use crate::error::DecodeError;

/// Buckets of expected error and of roughness.
const SCALES: usize = 24;
/// Decisions of one residual: zero, sign, 16 unary, and three mantissa nodes for each of 13 lengths.
const NODES: usize = 72;
/// Quantised residuals of a neighbour.
const SIGNED: usize = 9;
/// Largest coded magnitude is below 2^LONGEST.
const LONGEST: u32 = 28;

const T0: usize = 0;
const T1: usize = T0 + SCALES * NODES * 2;
const T2: usize = T1 + SIGNED * SIGNED * NODES;
const T3: usize = T2 + SCALES * 3 * NODES;
/// Slots of one kind of residual (metres, or steps).
const PLANE: usize = T3 + SCALES * NODES * 8;
/// Slots of the "whole steps?" decision follow the two planes.
const FLAG: usize = 2 * PLANE;
const FLAG_SLOTS: usize = 5 * SCALES + 9 * SCALES + 5 * 8 + 9 * SCALES;
/// All slots.
pub(super) const SLOTS: usize = FLAG + FLAG_SLOTS;
/// All mixers: a node of either plane, and the flag.
pub(super) const MIXERS: usize = 2 * NODES + 1;

/// The state before anything was learned, without the trained prior.
pub(super) fn blank() -> State {
    State { slots: vec![Slot { p: 32_768, n: 0 }; SLOTS], weights: vec![[26_000; INPUTS] as Weights; MIXERS] }
}

/// Step of rasters digitised in feet: 100 ft = 30.48 m.
const STEP_CM: i64 = 3048;

/// Nearest whole number of hundred-feet steps to a height in metres.
fn steps(metres: i32) -> i32 {
    let cm = i64::from(metres) * 100;
    ((cm + STEP_CM / 2).div_euclid(STEP_CM)) as i32
}

/// Height in whole metres of a number of steps, rounded as the surveys did.
fn metres(steps: i32) -> i32 {
    ((i64::from(steps) * STEP_CM + 50).div_euclid(100)) as i32
}

/// Whether a height in metres is a rounded whole number of hundred-feet steps.
pub(super) fn on_steps(v: i32) -> bool {
    metres(steps(v)) == v
}

/// Bucket of a magnitude: each is 1.45 times as wide as the one before, the first ends at 0.5.
fn bucket(v: f32) -> usize {
    let (mut b, mut edge) = (0, 0.5f32);
    while v > edge && b < SCALES - 1 {
        edge *= 1.45;
        b += 1;
    }
    b
}

/// Sign and coarse size of a residual, 0..SIGNED.
fn signed(r: i32) -> usize {
    let size = match r.unsigned_abs() {
        0 => 0,
        1 => 1,
        2..=5 => 2,
        6..=18 => 3,
        _ => 4,
    };
    if r < 0 { 4 - size } else { 4 + size }
}

/// Eighths of the distance from the prediction to its rounding.
fn eighth(mean: f32, whole: i32) -> usize {
    (((mean - whole as f32 + 0.5) * 8.0).floor() as i32).clamp(0, 7) as usize
}

/// Contexts shared by all decisions of one residual.
struct Ctx {
    plane: usize,
    scale: usize,
    near: usize,
    rough: usize,
    eighth: usize,
}

/// Codes whole rasters: the same code writes and reads, so that both always agree.
pub(super) struct Model<'s, C> {
    pub(super) coder: C,
    pub(super) state: &'s mut State,
    mixer: Mixer,
    whole_steps: bool,
}

impl<'s, C: BitCoder> Model<'s, C> {
    pub(super) fn new(coder: C, state: &'s mut State, whole_steps: bool) -> Self {
        Self { coder, state, mixer: Mixer::new(), whole_steps }
    }

    /// Codes `width · height` samples, row by row. An encoder passes `value`, which tells the samples; a
    /// decoder's `value` is never believed.
    pub(super) fn raster(
        &mut self,
        width: usize,
        height: usize,
        value: impl Fn(usize) -> i32,
        out: &mut [i32],
    ) -> Result<(), DecodeError> {
        let mut p = Predictor::new(width, out);
        for y in 0..height {
            for x in 0..width {
                let g = p.guess(x, y);
                let v = self.sample(&p, x, y, &g, value(y * width + x))?;
                p.learn(x, y, &g, v);
            }
        }
        Ok(())
    }

    #[inline]
    fn sample(
        &mut self,
        p: &Predictor<'_>,
        x: usize,
        y: usize,
        g: &Guess,
        value: i32,
    ) -> Result<i32, DecodeError> {
        let near = signed(g.near[0]) * SIGNED + signed(g.near[1]);
        let rough = bucket(g.gradient) * 3 + (g.near[2].signum() + 1) as usize;
        let scale = bucket(g.scale);
        if self.whole_steps {
            let mean = g.mean / 30.48;
            let guess = rounded(mean);
            let e = eighth(mean, guess);
            if self.flag(p, x, y, scale, bucket(g.gradient), e, on_steps(value)) {
                let ctx = Ctx { plane: 1, scale: bucket(g.scale * 0.125), near, rough, eighth: e };
                let r = self.residual(&ctx, steps(value).wrapping_sub(guess))?;
                return in_range(i64::from(guess) + i64::from(r))
                    .map(metres)
                    .and_then(|v| in_range(v.into()));
            }
        }
        // Predictors overshoot where the relief leaps through its whole range; a residual must not, or it
        // would be longer than LONGEST.
        let guess = rounded(g.mean).clamp(-super::MAX_SAMPLE, super::MAX_SAMPLE);
        let ctx = Ctx { plane: 0, scale, near, rough, eighth: eighth(g.mean, guess) };
        let r = self.residual(&ctx, value.wrapping_sub(guess))?;
        in_range(i64::from(guess) + i64::from(r))
    }

    #[expect(clippy::too_many_arguments, reason = "one call site; a struct would only rename them")]
    #[inline]
    fn flag(
        &mut self,
        p: &Predictor<'_>,
        x: usize,
        y: usize,
        scale: usize,
        rough: usize,
        eighth: usize,
        bit: bool,
    ) -> bool {
        let on = |known: bool, x: usize, y: usize| -> usize {
            if known { usize::from(on_steps(p.sample(x, y))) } else { 2 }
        };
        let west = on(x > 0, x.wrapping_sub(1), y);
        let north = on(y > 0, x, y.wrapping_sub(1));
        let nw = on(x > 0 && y > 0, x.wrapping_sub(1), y.wrapping_sub(1));
        let ne = on(y > 0 && self.east(p, x), x + 1, y.wrapping_sub(1));
        let count = [west, north, nw, ne].iter().map(|&v| v.min(1)).sum::<usize>();
        let pair = west * 3 + north;
        let a = FLAG;
        let b = a + 5 * SCALES;
        let c = b + 9 * SCALES;
        let d = c + 5 * 8;
        let ctx = [
            a + count * SCALES + scale,
            b + pair * SCALES + rough,
            c + count * 8 + eighth,
            d + scale * 9 + pair,
        ];
        self.mixer.code(&mut self.coder, self.state, &ctx, 2 * NODES, bit)
    }

    fn east(&self, p: &Predictor<'_>, x: usize) -> bool {
        x + 1 < p.width()
    }

    #[inline]
    fn bit(&mut self, ctx: &Ctx, node: usize, negative: bool, bit: bool) -> bool {
        let base = ctx.plane * PLANE;
        let slots = [
            base + T0 + (ctx.scale * NODES + node) * 2 + usize::from(negative),
            base + T1 + ctx.near * NODES + node,
            base + T2 + ctx.rough * NODES + node,
            base + T3 + (ctx.scale * NODES + node) * 8 + ctx.eighth,
        ];
        self.mixer.code(&mut self.coder, self.state, &slots, ctx.plane * NODES + node, bit)
    }

    #[inline]
    fn residual(&mut self, ctx: &Ctx, r: i32) -> Result<i32, DecodeError> {
        if self.bit(ctx, 0, false, r == 0) {
            return Ok(0);
        }
        let neg = self.bit(ctx, 1, false, r < 0);
        // Magnitude 1 and up as 1.m bits: length in unary, then the mantissa.
        let mag = r.unsigned_abs();
        let length = 31 - (mag | 1).leading_zeros();
        let mut n = 0u32;
        while self.bit(ctx, 2 + (n.min(15)) as usize, neg, length > n) {
            n += 1;
            if n >= LONGEST {
                return Err(DecodeError::invalid("raster", "a residual is too long"));
            }
        }
        let mut m = 1u32;
        for i in (0..n).rev() {
            let b = mag >> i & 1 == 1;
            let depth = n - 1 - i;
            let got = if depth < 2 && n <= 13 {
                let node = 18 + (n as usize) * 4 - 4 + (m.min(3) as usize);
                self.bit(ctx, node.min(NODES - 1), neg, b)
            } else {
                self.coder.code(b, 32_768)
            };
            m = m << 1 | u32::from(got);
        }
        let m = m as i32;
        Ok(if neg { -m } else { m })
    }
}

/// Samples stay below 2^27 in size, so that all later arithmetic fits its integers.
fn in_range(v: i64) -> Result<i32, DecodeError> {
    if v.abs() < i64::from(super::MAX_SAMPLE) {
        Ok(v as i32)
    } else {
        Err(DecodeError::invalid("raster", "a sample is out of range"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_hundred_feet() {
        for (m, on) in [
            (0, true),
            (30, true),
            (61, true),
            (91, true),
            (152, true),
            (305, true),
            (762, true),
            (100, false),
            (-61, true),
        ] {
            assert_eq!(on_steps(m), on, "{m}");
        }
        for s in -300..300 {
            assert_eq!(steps(metres(s)), s);
        }
    }
}
