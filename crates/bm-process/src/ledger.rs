//! What came in, went out and moved.

/// Volumes of one step in m³ (of heat: J). What there was before, plus what came in, minus what went out, is what
/// there is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ledger {
    /// Held before.
    pub before: f64,
    /// Held after.
    pub after: f64,
    /// Came in over the edges, by uplift, by rain.
    pub gained: f64,
    /// Went out over the edges, by evaporation.
    pub lost: f64,
    /// Moved within.
    pub moved: f64,
}

impl Ledger {
    /// What is not accounted for, as a share of all that was there.
    #[must_use]
    pub fn error(&self) -> f64 {
        let open = self.before + self.gained - self.lost - self.after;
        open.abs() / self.before.abs().max(self.after.abs()).max(self.gained.abs()).max(f64::MIN_POSITIVE)
    }
}

/// Sum of values, pairwise: the rounding error grows with the logarithm of their number, and blocks are the same
/// however work is shared.
#[must_use]
pub fn sum(values: &[f64]) -> f64 {
    sum_of(values.len(), |n| values[n])
}

/// The same of values made on the way.
#[inline]
pub fn sum_of(count: usize, value: impl Fn(usize) -> f64) -> f64 {
    fn part(from: usize, to: usize, value: &impl Fn(usize) -> f64) -> f64 {
        if to - from <= 128 {
            // Eight sums next to each other: the same for any width of register.
            let mut sums = [0.0; 8];
            let mut n = from;
            while n + 8 <= to {
                for (k, sum) in sums.iter_mut().enumerate() {
                    *sum += value(n + k);
                }
                n += 8;
            }
            let tail: f64 = (n..to).map(value).sum();
            let [a, b, c, d, e, f, g, h] = sums;
            return ((a + b) + (c + d)) + ((e + f) + (g + h)) + tail;
        }
        // Cut at a multiple of the block, so that blocks stay whole.
        let middle = from + ((to - from) / 2).next_multiple_of(128);
        part(from, middle, value) + part(middle, to, value)
    }
    part(0, count, &value)
}
