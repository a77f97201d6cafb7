//! Predicting a sample from its neighbours: a blend of simple predictors, each weighted by how well it
//! did nearby (the idea of Glicbawls and of JPEG XL's self-correcting predictor).
//!
//! Only the four basic operations of IEEE 754 single precision are used, so all machines agree.

/// Number of simple predictors.
const K: usize = 8;

/// Errors of past samples, a few rows deep.
pub(super) struct Predictor<'a> {
    width: usize,
    samples: &'a mut [i32],
    /// |error| of every simple predictor.
    errors: Vec<[f32; K]>,
    /// |error| of the blend, and its signed rounded residual.
    blend: Vec<(f32, i32)>,
}

/// What is known about a sample before it is coded.
pub(super) struct Guess {
    /// Blended prediction.
    pub(super) mean: f32,
    /// Expected size of the error.
    pub(super) scale: f32,
    /// Roughness of the neighbourhood.
    pub(super) gradient: f32,
    /// Residuals west, north and north-east.
    pub(super) near: [i32; 3],
    candidates: [f32; K],
}

impl<'a> Predictor<'a> {
    pub(super) fn new(width: usize, samples: &'a mut [i32]) -> Self {
        let n = samples.len();
        Self { width, samples, errors: vec![[0.0; K]; n], blend: vec![(0.0, 0); n] }
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Sample already coded at (`x`, `y`).
    #[inline]
    pub(super) fn sample(&self, x: usize, y: usize) -> i32 {
        self.samples[y * self.width + x]
    }

    #[inline]
    pub(super) fn guess(&self, x: usize, y: usize) -> Guess {
        let w = self.width;
        let i = y * w + x;
        let at = |j: usize| self.samples[j] as f32;
        // Beyond an edge the nearest known sample stands in.
        let (west, north, nw, ne, ww, nn, nne);
        if y == 0 {
            west = if x > 0 { at(i - 1) } else { 0.0 };
            ww = if x > 1 { at(i - 2) } else { west };
            (north, nw, ne, nn, nne) = (west, west, west, west, west);
        } else {
            let up = i - w;
            let east = if x + 1 < w { 1 } else { 0 };
            north = at(up);
            west = if x > 0 { at(i - 1) } else { north };
            nw = if x > 0 { at(up - 1) } else { north };
            ne = at(up + east);
            ww = if x > 1 { at(i - 2) } else { west };
            nn = if y > 1 { at(up - w) } else { north };
            nne = if y > 1 { at(up - w + east) } else { ne };
        }
        let candidates = [
            west + north - nw,
            north + ne - nne,
            2.0 * north - nn,
            2.0 * west - ww,
            west,
            north,
            (west + ne) * 0.5 + (2.0 * north - nw - ne) * 0.25,
            west + (ne - north),
        ];
        // Neighbours whose errors count, with their weights: offsets (dx, dy).
        const NEAR: [(isize, usize, f32); 9] = [
            (-1, 0, 1.0),
            (0, 1, 1.0),
            (-1, 1, 0.6),
            (1, 1, 0.8),
            (-2, 0, 0.5),
            (0, 2, 0.5),
            (2, 1, 0.3),
            (-1, 2, 0.3),
            (1, 2, 0.3),
        ];
        let mut acc = [0.0f32; K];
        let (mut sum, mut weight) = (0.0f32, 0.0f32);
        for (dx, dy, wt) in NEAR {
            let Some(nx) = x.checked_add_signed(dx).filter(|&nx| nx < w) else { continue };
            if dy > y {
                continue;
            }
            let j = (y - dy) * w + nx;
            let e = &self.errors[j];
            for k in 0..K {
                acc[k] += wt * e[k];
            }
            sum += wt * self.blend[j].0;
            weight += wt;
        }
        let inv = 1.0 / if weight > 0.1 { weight } else { 0.1 };
        let (mut mean, mut total) = (0.0f32, 0.0f32);
        for k in 0..K {
            let e = acc[k] * inv + 0.3;
            let q = 1.0 / (e * e);
            let q = q * q;
            total += q;
            mean += q * candidates[k];
        }
        let scale = if weight > 0.0 { sum * inv } else { 50.0 };
        let gradient = (west - nw).abs() + (north - nw).abs() + (north - ne).abs();
        let residual = |known: bool, back: usize| if known { self.blend[i - back].1 } else { 0 };
        Guess {
            mean: mean / total,
            scale: scale + 0.02 * gradient,
            gradient,
            near: [residual(x > 0, 1), residual(y > 0, w), residual(y > 0 && x + 1 < w, w.wrapping_sub(1))],
            candidates,
        }
    }

    /// Records the true value.
    #[inline]
    pub(super) fn learn(&mut self, x: usize, y: usize, g: &Guess, value: i32) {
        let i = y * self.width + x;
        self.samples[i] = value;
        let v = value as f32;
        for k in 0..K {
            self.errors[i][k] = (v - g.candidates[k]).abs();
        }
        self.blend[i] = ((v - g.mean).abs(), value.saturating_sub(rounded(g.mean)));
    }
}

/// Nearest integer, ties away from zero, saturating.
#[inline]
pub(super) fn rounded(v: f32) -> i32 {
    v.round() as i32
}
