//! Integer value noise over (x, y) that closes around the world.
//!
//! Lattice values are hashes; between them a smoothstep-weighted bilinear blend, all in 16-bit fixed point
//! with floors, so that every machine gets the same integers. The lattice divides the world's width into a
//! whole number of cells, and lattice columns are counted modulo that number: that is what makes the noise
//! continuous where x = [`WORLD_X`] meets x = 0. y has the same spacing and does not wrap.
//!
//! Bounds come from the same arithmetic: a blend `a + ⌊(b − a)·s⌋` ascends in `a` and in `b` and is
//! monotone in `s`, so its extremes over a box are among the corners, floors and all.

use bm_core::frame::WORLD_X;

/// One in fixed point.
const ONE: i64 = 1 << 16;

/// Most lattice cells a bound looks at one by one; beyond, the amplitude is the bound.
const MAX_CELLS: u64 = 16;

/// An interval of values, both ends inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) min: i64,
    pub(super) max: i64,
}

impl Bounds {
    fn add(self, other: Self) -> Self {
        Self { min: self.min + other.min, max: self.max + other.max }
    }

    fn join(self, other: Self) -> Self {
        Self { min: self.min.min(other.min), max: self.max.max(other.max) }
    }
}

/// Several octaves, each with double the cells and half the amplitude of the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Noise {
    pub(super) seed: u64,
    /// Cells around the world in the first octave, at least 1; in the last at most [`MAX_PERIOD`].
    pub(super) cells: u32,
    pub(super) octaves: u8,
    /// Amplitude of the first octave.
    pub(super) amplitude: u32,
}

/// Most cells around the world: one is then at least two ticks wide.
pub(super) const MAX_PERIOD: u64 = 1 << 26;

/// A step of splitmix64: every input bit reaches every output bit.
fn mix(x: u64) -> u64 {
    let mut x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

fn blend(a: i64, b: i64, s: i64) -> i64 {
    a + (((b - a) * s) >> 16)
}

/// Smoothstep of a fraction in fixed point: 3f² − 2f³, not decreasing, below one.
fn smooth(f: i64) -> i64 {
    (f * f * (3 * ONE - 2 * f)) >> 32
}

/// Lattice cell and fraction within it (fixed point, below one) of a tick.
fn lattice(tick: u32, period: u64) -> (u64, i64) {
    let scaled = u64::from(tick) * period;
    let width = u64::from(WORLD_X);
    (scaled / width, (((scaled % width) << 16) / width) as i64)
}

impl Noise {
    /// Cells around the world and amplitude of each octave.
    fn octaves(&self) -> impl Iterator<Item = (u8, u64, i64)> + '_ {
        (0..self.octaves).map(|o| (o, u64::from(self.cells) << o, i64::from(self.amplitude >> o)))
    }

    /// The lattice value in −2^15..2^15.
    fn node(&self, octave: u8, period: u64, i: u64, j: u64) -> i64 {
        let key = mix(self.seed.wrapping_add(u64::from(octave)));
        let key = mix(key); // neighbouring seeds must not share octaves
        let h = mix(mix(key.wrapping_add(i % period)).wrapping_add(j));
        (h >> 48) as i64 - (1 << 15)
    }

    /// Values of a lattice cell's corners: south-west, south-east, north-west, north-east.
    fn corners(&self, octave: u8, period: u64, i: u64, j: u64) -> [i64; 4] {
        [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(di, dj)| self.node(octave, period, i + di, j + dj))
    }

    /// The noise at a place; its magnitude is below twice the amplitude.
    pub(super) fn at(&self, x: u32, y: u32) -> i64 {
        self.octaves()
            .map(|(octave, period, amplitude)| {
                let ((i, fx), (j, fy)) = (lattice(x, period), lattice(y, period));
                let (sx, sy) = (smooth(fx), smooth(fy));
                let [sw, se, nw, ne] = self.corners(octave, period, i, j);
                (blend(blend(sw, se, sx), blend(nw, ne, sx), sy) * amplitude) >> 15
            })
            .sum()
    }

    /// Bounds of the noise over the ticks `x.0..=x.1`, `y.0..=y.1`.
    pub(super) fn bounds(&self, x: (u32, u32), y: (u32, u32)) -> Bounds {
        self.octaves()
            .map(|(octave, period, amplitude)| {
                let b = self.octave_bounds(octave, period, x, y);
                Bounds { min: (b.min * amplitude) >> 15, max: (b.max * amplitude) >> 15 }
            })
            .fold(Bounds { min: 0, max: 0 }, Bounds::add)
    }

    fn octave_bounds(&self, octave: u8, period: u64, x: (u32, u32), y: (u32, u32)) -> Bounds {
        let [(i0, fx0), (i1, fx1)] = [x.0, x.1].map(|x| lattice(x, period));
        let [(j0, fy0), (j1, fy1)] = [y.0, y.1].map(|y| lattice(y, period));
        let all = Bounds { min: -(1 << 15), max: (1 << 15) - 1 };
        if (i1 - i0 + 1) * (j1 - j0 + 1) > MAX_CELLS {
            return all;
        }
        // Between the first and the last cell of an axis, the box spans whole cells.
        let span = |k: u64, (k0, f0): (u64, i64), (k1, f1): (u64, i64)| {
            [if k == k0 { f0 } else { 0 }, if k == k1 { f1 } else { ONE - 1 }].map(smooth)
        };
        let cells = (j0..=j1).flat_map(|j| (i0..=i1).map(move |i| (i, j)));
        cells
            .map(|(i, j)| {
                let sx = span(i, (i0, fx0), (i1, fx1));
                let sy = span(j, (j0, fy0), (j1, fy1));
                let [sw, se, nw, ne] = self.corners(octave, period, i, j);
                let edge = |a: i64, b: i64| {
                    let ends = sx.map(|s| blend(a, b, s));
                    Bounds { min: ends[0].min(ends[1]), max: ends[0].max(ends[1]) }
                };
                let (south, north) = (edge(sw, se), edge(nw, ne));
                let low = sy.map(|s| blend(south.min, north.min, s));
                let high = sy.map(|s| blend(south.max, north.max, s));
                Bounds { min: low[0].min(low[1]), max: high[0].max(high[1]) }
            })
            .reduce(Bounds::join)
            .unwrap_or(all)
    }
}
