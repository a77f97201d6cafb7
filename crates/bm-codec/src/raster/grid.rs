//! A raster in the world: where its samples lie, and what it says between them.

use super::coding::{self, MAX_SAMPLE, MAX_SAMPLES, MAX_SIDE};
use crate::error::DecodeError;
use crate::wire::{Reader, put_signed, put_varint};
use bm_core::frame::ROOT_TICKS;

/// Heights come scaled by 2^32: interpolation weights have 16 bits along each axis.
pub const SCALE_BITS: u32 = 32;
const WEIGHT_BITS: u32 = 16;
const WEIGHT_ONE: i64 = 1 << WEIGHT_BITS;
/// Largest denominator of an axis.
const MAX_DEN: i64 = 1 << 26;
/// Side of a block of raster cells that share bounds, as a shift.
const BLOCK_SHIFT: usize = 3;

/// How a raster speaks between its samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interpolation {
    /// The nearest sample's value.
    Nearest,
    /// Bilinear in x and y.
    Bilinear,
}

/// Exact positions of samples along one axis: sample `i` lies `(origin + i·step) / den` ticks from the
/// axis' start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    /// Numerator of the first sample's position.
    pub origin: i64,
    /// Numerator of the spacing, positive.
    pub step: i64,
    /// Denominator, 1 to 2^26.
    pub den: i64,
}

impl Axis {
    /// The same axis with `first` as its first sample.
    #[must_use]
    pub fn from_sample(self, first: i64) -> Self {
        Self { origin: self.origin + first * self.step, ..self }
    }

    /// Index of the last sample at or before the centre of voxel `tick` (may be negative).
    #[must_use]
    pub fn sample_before(self, tick: u32) -> i64 {
        ((2 * i64::from(tick) + 1) * self.den - 2 * self.origin).div_euclid(2 * self.step)
    }

    /// Whether its samples are as far apart as another axis' or farther.
    #[must_use]
    pub fn is_no_finer(self, other: Self) -> bool {
        i128::from(self.step) * i128::from(other.den) >= i128::from(other.step) * i128::from(self.den)
    }

    /// First voxel whose centre is at or after `halves` half-steps beyond the first sample.
    fn first_tick(self, halves: i64) -> i64 {
        let num = halves * self.step + 2 * self.origin - self.den;
        num.div_euclid(2 * self.den) + i64::from(num.rem_euclid(2 * self.den) != 0)
    }

    fn check(self) -> Result<Self, RasterError> {
        let reach = u64::from(ROOT_TICKS) * 4;
        let ok = (1..=MAX_DEN).contains(&self.den)
            && self.step > 0
            && (self.step / self.den).unsigned_abs() <= reach
            && (self.origin / self.den).unsigned_abs() <= reach;
        if ok { Ok(self) } else { Err(RasterError::Axis(self)) }
    }
}

/// A raster cannot be made of these parts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RasterError {
    /// The axis is degenerate or reaches far beyond the world.
    #[error("axis {0:?} is outside the supported range")]
    Axis(Axis),
    /// Sides and samples disagree, or there are too many.
    #[error(
        "{samples} samples do not make a raster of {width} × {height} (at most {MAX_SIDE} a side, {MAX_SAMPLES} in all)"
    )]
    Size {
        /// Samples given.
        samples: usize,
        /// Columns.
        width: usize,
        /// Rows.
        height: usize,
    },
    /// A sample times the unit does not fit the world.
    #[error("sample {sample} in units of {unit} ticks is outside the world")]
    Range {
        /// The sample.
        sample: i32,
        /// Ticks a unit.
        unit: u16,
    },
}

/// Samples in the smallest integers that hold them.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Samples {
    I16(Box<[i16]>),
    I32(Box<[i32]>),
}

impl Samples {
    #[inline]
    fn get(&self, i: usize) -> i32 {
        match self {
            Self::I16(s) => s[i].into(),
            Self::I32(s) => s[i],
        }
    }
}

/// Division by an invariant: `n / d` by one multiplication when `n·d < 2^64`, which [`Raster::new`] checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Divisor {
    d: u64,
    /// ⌊2^64/d⌋ + 1, or 0 where plain division is needed.
    magic: u64,
}

impl Divisor {
    fn new(d: u64, largest: u128) -> Self {
        let exact = d > 1 && largest.checked_mul(d.into()).is_some_and(|m| m < 1 << 64);
        Self { d, magic: if exact { u64::MAX / d + 1 } else { 0 } }
    }

    #[inline]
    fn divide(self, n: u64) -> u64 {
        if self.magic == 0 { n / self.d } else { ((u128::from(n) * u128::from(self.magic)) >> 64) as u64 }
    }
}

/// One axis, ready to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Locator {
    axis: Axis,
    /// 2·origin, and for nearest samples half a step less.
    offset: i64,
    by: Divisor,
    /// Voxels `from..to` have an answer.
    from: u32,
    to: u32,
}

impl Locator {
    fn new(axis: Axis, n: usize, how: Interpolation) -> Result<Self, RasterError> {
        let axis = axis.check()?;
        // Positions inside the raster must fit 64 bits with their weights.
        let span = (n as u128 + 1) * (2 * axis.step as u128);
        if span << WEIGHT_BITS >= 1 << 63 {
            return Err(RasterError::Axis(axis));
        }
        let n = n as i64;
        let (offset, first, end) = match how {
            Interpolation::Bilinear => (2 * axis.origin, 0, 2 * (n - 1)),
            Interpolation::Nearest => (2 * axis.origin - axis.step, -1, 2 * n - 1),
        };
        let clamp = |t: i64| t.clamp(0, ROOT_TICKS.into()) as u32;
        let from = clamp(axis.first_tick(first));
        // The very last sample still answers where a voxel's centre lies on it.
        let end = match how {
            Interpolation::Bilinear => end_inclusive(axis, end),
            Interpolation::Nearest => axis.first_tick(end),
        };
        let by = Divisor::new(2 * axis.step as u64, span << WEIGHT_BITS);
        Ok(Self { axis, offset, by, from, to: clamp(end).max(from) })
    }

    /// Sample index and 16-bit weight of the next one, for a voxel in `from..to`.
    #[inline]
    fn locate(self, tick: u32) -> (usize, i64) {
        let u = (2 * i64::from(tick) + 1) * self.axis.den - self.offset;
        let q = self.by.divide((u as u64) << WEIGHT_BITS);
        ((q >> WEIGHT_BITS) as usize, (q & (WEIGHT_ONE as u64 - 1)) as i64)
    }
}

/// First voxel whose centre is beyond `halves` half-steps.
fn end_inclusive(axis: Axis, halves: i64) -> i64 {
    let num = halves * axis.step + 2 * axis.origin - axis.den;
    num.div_euclid(2 * axis.den) + 1
}

/// A spot between four samples.
#[derive(Clone, Copy, Debug)]
pub struct Spot {
    i: usize,
    j: usize,
    wx: i64,
    wy: i64,
}

/// Integer samples with exact georeferencing. Row 0 is the southernmost, column 0 the westernmost.
///
/// Heights are `sample · unit` ticks above sea level. A voxel column is sampled at its centre; weights
/// are rounded down to 1/65536, so every machine interpolates the same heights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raster {
    x: Locator,
    y: Locator,
    width: usize,
    height: usize,
    unit: u16,
    how: Interpolation,
    samples: Samples,
    /// Smallest and largest sample of each block of 8 × 8 raster cells, borders included.
    blocks: Box<[(i32, i32)]>,
    block_columns: usize,
}

impl Raster {
    /// A raster of `width · height` samples in units of `unit` ticks.
    ///
    /// # Errors
    /// [`RasterError`] when the parts do not fit each other or the world.
    pub fn new(
        (x, y): (Axis, Axis),
        (width, height): (usize, usize),
        unit: u16,
        how: Interpolation,
        samples: &[i32],
    ) -> Result<Self, RasterError> {
        let size = RasterError::Size { samples: samples.len(), width, height };
        if width == 0 || height == 0 || width > MAX_SIDE || height > MAX_SIDE {
            return Err(size);
        }
        if samples.len() != width * height || samples.len() > MAX_SAMPLES {
            return Err(size);
        }
        let limit = MAX_SAMPLE / i32::from(unit.max(1));
        if let Some(&sample) = samples.iter().find(|s| s.abs() >= limit) {
            return Err(RasterError::Range { sample, unit });
        }
        if unit == 0 {
            return Err(RasterError::Range { sample: 0, unit });
        }
        let narrow: Result<Box<[i16]>, _> = samples.iter().map(|&s| i16::try_from(s)).collect();
        let samples = narrow.map_or_else(|_| Samples::I32(samples.into()), Samples::I16); // too wide: keep i32
        let mut it = Self {
            x: Locator::new(x, width, how)?,
            y: Locator::new(y, height, how)?,
            width,
            height,
            unit,
            how,
            samples,
            blocks: Box::default(),
            block_columns: (width.saturating_sub(1) >> BLOCK_SHIFT) + 1,
        };
        it.blocks = it.make_blocks();
        Ok(it)
    }

    fn make_blocks(&self) -> Box<[(i32, i32)]> {
        let rows = (self.height.saturating_sub(1) >> BLOCK_SHIFT) + 1;
        let side = 1 << BLOCK_SHIFT;
        let mut out = Vec::with_capacity(rows * self.block_columns);
        for by in 0..rows {
            for bx in 0..self.block_columns {
                let mut range = (i32::MAX, i32::MIN);
                for j in by * side..=(by * side + side).min(self.height - 1) {
                    for i in bx * side..=(bx * side + side).min(self.width - 1) {
                        let v = self.sample(i, j);
                        range = (range.0.min(v), range.1.max(v));
                    }
                }
                out.push(range);
            }
        }
        out.into()
    }

    /// The part of the raster that the voxel columns `x0..x1` × `y0..y1` need; the answers there are the same.
    ///
    /// # Errors
    /// [`RasterError::Size`] when none of the columns is covered.
    pub fn crop(&self, [x0, x1]: [u32; 2], [y0, y1]: [u32; 2]) -> Result<Self, RasterError> {
        let part = |l: Locator, from: u32, to: u32, n: usize| {
            let (from, to) = (from.max(l.from), to.min(l.to));
            if from >= to {
                return 0..0;
            }
            let (a, b) = (l.locate(from).0, l.locate(to - 1).0);
            a.min(n - 1)..(b + 2).min(n)
        };
        let (is, js) = (part(self.x, x0, x1, self.width), part(self.y, y0, y1, self.height));
        let samples: Vec<i32> = js.clone().flat_map(|j| is.clone().map(move |i| self.sample(i, j))).collect();
        let axes = (self.x.axis.from_sample(is.start as i64), self.y.axis.from_sample(js.start as i64));
        Self::new(axes, (is.len(), js.len()), self.unit, self.how, &samples)
    }

    /// Columns and rows.
    #[must_use]
    pub const fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// Axes (x, y).
    #[must_use]
    pub const fn axes(&self) -> (Axis, Axis) {
        (self.x.axis, self.y.axis)
    }

    /// Ticks a sample's unit.
    #[must_use]
    pub const fn unit(&self) -> u16 {
        self.unit
    }

    /// How it speaks between its samples.
    #[must_use]
    pub const fn interpolation(&self) -> Interpolation {
        self.how
    }

    /// Sample of column `i`, row `j`, in units.
    ///
    /// # Panics
    /// When outside the raster.
    #[inline]
    #[must_use]
    pub fn sample(&self, i: usize, j: usize) -> i32 {
        self.samples.get(j * self.width + i)
    }

    /// The highest sample in ticks above sea level.
    #[must_use]
    pub fn highest(&self) -> i64 {
        let top = self.blocks.iter().map(|&(_, hi)| hi).max().unwrap_or(0);
        i64::from(top) * i64::from(self.unit)
    }

    /// Bytes on the heap.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        let wide = match &self.samples {
            Samples::I16(s) => s.len() * 2,
            Samples::I32(s) => s.len() * 4,
        };
        wide + self.blocks.len() * 8
    }

    /// Voxel columns with an answer: x `from..to` and y `from..to`.
    #[must_use]
    pub const fn coverage(&self) -> ([u32; 2], [u32; 2]) {
        ([self.x.from, self.x.to], [self.y.from, self.y.to])
    }

    /// Where a voxel column lies among the samples; `None` outside the coverage.
    #[inline]
    #[must_use]
    pub fn locate(&self, x: u32, y: u32) -> Option<Spot> {
        if x < self.x.from || x >= self.x.to || y < self.y.from || y >= self.y.to {
            return None;
        }
        let (i, wx) = self.x.locate(x);
        let (j, wy) = self.y.locate(y);
        Some(Spot { i, j, wx, wy })
    }

    /// Bounds of the height near a spot, in ticks above sea level: cheaper than the height itself.
    #[inline]
    #[must_use]
    pub fn bounds_near(&self, s: Spot) -> (i64, i64) {
        let (i, j) = (s.i >> BLOCK_SHIFT, s.j >> BLOCK_SHIFT);
        // A spot on the very last sample may point one block beyond when cells divide evenly.
        let k = (j * self.block_columns + i.min(self.block_columns - 1)).min(self.blocks.len() - 1);
        let (lo, hi) = self.blocks[k];
        (i64::from(lo) * i64::from(self.unit), i64::from(hi) * i64::from(self.unit))
    }

    /// Height at a spot in ticks above sea level, scaled by 2^[`SCALE_BITS`].
    #[inline]
    #[must_use]
    pub fn height(&self, s: Spot) -> i64 {
        let w = self.width;
        let k = s.j * w + s.i;
        let v = |k: usize| i64::from(self.samples.get(k));
        let h = match self.how {
            Interpolation::Nearest => v(k) << SCALE_BITS,
            Interpolation::Bilinear => {
                // On the last column or row the weight of the sample beyond is zero.
                let e = usize::from(s.i + 1 < w);
                let n = if s.j + 1 < self.height { w } else { 0 };
                let south = v(k) * (WEIGHT_ONE - s.wx) + v(k + e) * s.wx;
                let north = v(k + n) * (WEIGHT_ONE - s.wx) + v(k + n + e) * s.wx;
                south * (WEIGHT_ONE - s.wy) + north * s.wy
            }
        };
        h * i64::from(self.unit)
    }

    /// Index of the sample nearest to a spot, for masks on the same grid.
    #[inline]
    #[must_use]
    pub fn nearest_index(&self, s: Spot) -> usize {
        let (mut i, mut j) = (s.i, s.j);
        if self.how == Interpolation::Bilinear {
            i += usize::from(s.wx >= WEIGHT_ONE / 2);
            j += usize::from(s.wy >= WEIGHT_ONE / 2);
        }
        j.min(self.height - 1) * self.width + i.min(self.width - 1)
    }

    /// Indices of the samples a spot's height depends on.
    pub fn support(&self, s: Spot) -> impl Iterator<Item = usize> + use<> {
        let (e, n) = match self.how {
            Interpolation::Nearest => (0, 0),
            Interpolation::Bilinear => (
                usize::from(s.wx > 0 && s.i + 1 < self.width),
                usize::from(s.wy > 0 && s.j + 1 < self.height),
            ),
        };
        let (w, k) = (self.width, s.j * self.width + s.i);
        (0..=n).flat_map(move |b| (0..=e).map(move |a| k + b * w + a))
    }

    /// Indices of the samples that heights and masks over the voxel columns `x0..x1` × `y0..y1` may depend on, as
    /// first and last column and row; `None` unless all of the columns are covered.
    #[must_use]
    pub fn footprint(&self, [x0, x1]: [u32; 2], [y0, y1]: [u32; 2]) -> Option<([usize; 2], [usize; 2])> {
        if x0 >= x1 || y0 >= y1 {
            return None;
        }
        let (a, b) = (self.locate(x0, y0)?, self.locate(x1 - 1, y1 - 1)?);
        let beyond = usize::from(self.how == Interpolation::Bilinear);
        Some(([a.i, (b.i + beyond).min(self.width - 1)], [a.j, (b.j + beyond).min(self.height - 1)]))
    }

    /// Smallest and largest height (scaled) over the voxel columns `x0..x1` × `y0..y1`; `None` unless all of
    /// them are covered. Exact: bilinear patches take their extremes at corners.
    #[must_use]
    pub fn bounds(&self, [x0, x1]: [u32; 2], [y0, y1]: [u32; 2]) -> Option<(i64, i64)> {
        if x0 >= x1 || y0 >= y1 {
            return None;
        }
        let (a, b) = (self.locate(x0, y0)?, self.locate(x1 - 1, y1 - 1)?);
        let mut range = (i64::MAX, i64::MIN);
        for j in a.j..=b.j {
            let ys = self.clip(self.y, j, y0, y1);
            for i in a.i..=b.i {
                let xs = self.clip(self.x, i, x0, x1);
                for y in ys {
                    for x in xs {
                        let h = self.height(self.locate(x, y)?);
                        range = (range.0.min(h), range.1.max(h));
                    }
                }
            }
        }
        Some(range)
    }

    /// First and last voxel of raster cell `i` within `from..to`.
    fn clip(&self, l: Locator, i: usize, from: u32, to: u32) -> [u32; 2] {
        let shift = if self.how == Interpolation::Nearest { -1 } else { 0 };
        let first = l.axis.first_tick(2 * i as i64 + shift).max(from.into());
        let last = (l.axis.first_tick(2 * (i as i64 + 1) + shift) - 1).min(i64::from(to) - 1);
        // Both lie in from..to unless the cell holds no voxel centre at all; then any voxel inside will do.
        let keep = |t: i64| t.clamp(from.into(), i64::from(to) - 1) as u32;
        [keep(first), keep(last)]
    }

    /// Cheap bounds over the same columns (in ticks above sea level) from whole blocks: never narrower than
    /// the truth.
    #[must_use]
    pub fn loose_bounds(&self, [x0, x1]: [u32; 2], [y0, y1]: [u32; 2]) -> Option<(i64, i64)> {
        if x0 >= x1 || y0 >= y1 {
            return None;
        }
        let (a, b) = (self.locate(x0, y0)?, self.locate(x1 - 1, y1 - 1)?);
        let mut range = (i32::MAX, i32::MIN);
        let last_column = self.block_columns - 1;
        let last_row = self.blocks.len() / self.block_columns - 1;
        for j in (a.j >> BLOCK_SHIFT).min(last_row)..=(b.j >> BLOCK_SHIFT).min(last_row) {
            for i in (a.i >> BLOCK_SHIFT).min(last_column)..=(b.i >> BLOCK_SHIFT).min(last_column) {
                let (lo, hi) = self.blocks[j * self.block_columns + i];
                range = (range.0.min(lo), range.1.max(hi));
            }
        }
        Some((i64::from(range.0) * i64::from(self.unit), i64::from(range.1) * i64::from(self.unit)))
    }

    /// Appends the raster's bytes.
    pub fn encode(&self, out: &mut Vec<u8>) {
        for a in [self.x.axis, self.y.axis] {
            put_signed(out, a.origin);
            put_varint(out, a.step as u64);
            put_varint(out, a.den as u64);
        }
        put_varint(out, self.unit.into());
        out.push(match self.how {
            Interpolation::Nearest => 0,
            Interpolation::Bilinear => 1,
        });
        let samples: Vec<i32> = (0..self.width * self.height).map(|i| self.samples.get(i)).collect();
        coding::encode(&samples, self.width, self.height, out);
    }

    pub(crate) fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut axis = || -> Result<Axis, DecodeError> {
            let origin = r.signed("raster origin")?;
            let step = r.count(i64::MAX as u64, "raster step")? as i64;
            let den = r.count(MAX_DEN as u64, "raster denominator")? as i64;
            Ok(Axis { origin, step, den })
        };
        let axes = (axis()?, axis()?);
        let unit = r.count(u16::MAX.into(), "raster unit")? as u16;
        let how = match r.u8("raster interpolation")? {
            0 => Interpolation::Nearest,
            1 => Interpolation::Bilinear,
            v => return Err(DecodeError::invalid("raster interpolation", v.to_string())),
        };
        // Checked before the samples are decoded: they are the expensive part.
        for a in [axes.0, axes.1] {
            if a.den == 0 {
                return Err(DecodeError::invalid("raster denominator", "0"));
            }
            a.check().map_err(|e| DecodeError::invalid("raster axis", e.to_string()))?;
        }
        let (samples, w, h) = coding::decode(r)?;
        Self::new(axes, (w, h), unit, how, &samples)
            .map_err(|e| DecodeError::invalid("raster", e.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn raster() -> impl Strategy<Value = Raster> {
        let axis =
            || (0i64..4000, 1i64..900, 1i64..7).prop_map(|(o, s, d)| Axis { origin: o * d, step: s, den: d });
        let how = prop_oneof![Just(Interpolation::Nearest), Just(Interpolation::Bilinear)];
        (axis(), axis(), 1usize..20, 1usize..20, how, 1u16..9).prop_flat_map(|(x, y, w, h, how, unit)| {
            proptest::collection::vec(-500i32..500, w * h)
                .prop_map(move |v| Raster::new((x, y), (w, h), unit, how, &v).unwrap())
        })
    }

    /// The definition, in floating point: exact position, exact weight.
    fn naive(r: &Raster, x: u32, y: u32) -> Option<f64> {
        let (ax, ay) = r.axes();
        let at = |a: Axis, t: u32| ((f64::from(t) + 0.5) * a.den as f64 - a.origin as f64) / a.step as f64;
        let (u, v) = (at(ax, x), at(ay, y));
        let (w, h) = r.size();
        let s = |i: f64, j: f64| f64::from(r.sample(i as usize, j as usize));
        let h = match r.how {
            Interpolation::Nearest => {
                if u < -0.5 || v < -0.5 || u >= w as f64 - 0.5 || v >= h as f64 - 0.5 {
                    return None;
                }
                s((u + 0.5).floor(), (v + 0.5).floor())
            }
            Interpolation::Bilinear => {
                if u < 0.0 || v < 0.0 || u > (w - 1) as f64 || v > (h - 1) as f64 {
                    return None;
                }
                let (i, j) = (u.floor(), v.floor());
                let (e, n) = ((i + 1.0).min((w - 1) as f64), (j + 1.0).min((h - 1) as f64));
                let (fx, fy) = (u - i, v - j);
                (s(i, j) * (1.0 - fx) + s(e, j) * fx) * (1.0 - fy)
                    + (s(i, n) * (1.0 - fx) + s(e, n) * fx) * fy
            }
        };
        Some(h * f64::from(r.unit()))
    }

    proptest! {
        #[test]
        fn heights_follow_the_definition(r in raster(), at in proptest::collection::vec((0u32..20_000, 0u32..20_000), 50)) {
            let (cx, cy) = r.coverage();
            for (x, y) in at {
                // Half of the points are drawn into the coverage, where most of the truth is.
                let x = if x % 2 == 0 && cx[1] > cx[0] { cx[0] + x % (cx[1] - cx[0]) } else { x };
                let y = if y % 2 == 0 && cy[1] > cy[0] { cy[0] + y % (cy[1] - cy[0]) } else { y };
                let got = r.locate(x, y).map(|s| r.height(s) as f64 / (1u64 << SCALE_BITS) as f64);
                let want = naive(&r, x, y);
                match (got, want) {
                    (Some(g), Some(w)) => prop_assert!((g - w).abs() < 0.3, "{g} {w}"),
                    (g, w) => prop_assert_eq!(g.is_some(), w.is_some(), "coverage at {} {}", x, y),
                }
            }
        }

        #[test]
        fn bounds_are_the_extremes(r in raster(), fx in 0u32..1000, fy in 0u32..1000, sx in 1u32..60, sy in 1u32..60) {
            let (cx, cy) = r.coverage();
            prop_assume!(cx[1] > cx[0] + 60 && cy[1] > cy[0] + 60);
            let (x0, y0) = (cx[0] + fx % (cx[1] - cx[0] - sx), cy[0] + fy % (cy[1] - cy[0] - sy));
            let (lo, hi) = r.bounds([x0, x0 + sx], [y0, y0 + sy]).unwrap();
            let mut range = (i64::MAX, i64::MIN);
            for y in y0..y0 + sy {
                for x in x0..x0 + sx {
                    let s = r.locate(x, y).unwrap();
                    let h = r.height(s);
                    range = (range.0.min(h), range.1.max(h));
                    let (a, b) = r.bounds_near(s);
                    prop_assert!(a << SCALE_BITS <= h && h <= b << SCALE_BITS);
                }
            }
            prop_assert_eq!((lo, hi), range);
            let (a, b) = r.loose_bounds([x0, x0 + sx], [y0, y0 + sy]).unwrap();
            prop_assert!(a << SCALE_BITS <= lo && hi <= b << SCALE_BITS);
        }

        #[test]
        fn a_crop_answers_alike(r in raster(), fx in 0u32..1000, fy in 0u32..1000, sx in 1u32..90, sy in 1u32..90) {
            let (cx, cy) = r.coverage();
            prop_assume!(cx[1] > cx[0] && cy[1] > cy[0]);
            let (x0, y0) = (cx[0] + fx % (cx[1] - cx[0]), cy[0] + fy % (cy[1] - cy[0]));
            let (xs, ys) = ([x0, (x0 + sx).min(cx[1])], [y0, (y0 + sy).min(cy[1])]);
            let c = r.crop(xs, ys).unwrap();
            prop_assert!(c.size().0 <= r.size().0 && c.size().1 <= r.size().1);
            for y in ys[0]..ys[1] {
                for x in xs[0]..xs[1] {
                    prop_assert_eq!(c.height(c.locate(x, y).unwrap()), r.height(r.locate(x, y).unwrap()));
                }
            }
        }

        #[test]
        fn bytes_come_back(r in raster()) {
            let mut out = Vec::new();
            r.encode(&mut out);
            let mut reader = Reader::new(&out);
            prop_assert_eq!(Raster::decode(&mut reader).unwrap(), r);
            reader.finish().unwrap();
        }
    }

    #[test]
    fn a_real_grid_is_exact_at_its_samples() {
        // ETOPO5's five minutes are 37106.5 ticks.
        let axis = Axis { origin: 0, step: 74_213, den: 2 };
        let v: Vec<i32> = (0..58 * 58).map(|i| (i * 37) % 9000 - 4000).collect();
        let r = Raster::new((axis, axis), (58, 58), 4, Interpolation::Bilinear, &v).unwrap();
        for j in 0..57u32 {
            for i in 0..57u32 {
                let (x, y) = (i * 74_213 / 2, j * 74_213 / 2);
                let h = r.height(r.locate(x, y).unwrap()) as f64 / (1u64 << SCALE_BITS) as f64;
                let want = f64::from(v[(j * 58 + i) as usize]) * 4.0;
                assert!((h - want).abs() < 0.6, "{h} {want}");
            }
        }
    }
}
