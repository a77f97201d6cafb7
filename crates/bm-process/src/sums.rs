//! Sums, least and greatest values that do not depend on how work is shared.

use crate::wide::wide;

/// The sum of a slice in eight interleaved parts: wide, and always in the same order.
#[inline(always)]
pub(crate) fn sum(values: &[f64]) -> f64 {
    let mut part = [0.0; 8];
    let chunks = values.chunks_exact(8);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (part, value) in part.iter_mut().zip(chunk) {
            *part += value;
        }
    }
    let mut total = ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
    for value in rest {
        total += value;
    }
    total
}

/// Folds eight interleaved parts.
#[inline(always)]
fn fold(values: &[f64], start: f64, better: impl Fn(f64, f64) -> bool) -> f64 {
    let mut part = [start; 8];
    let chunks = values.chunks_exact(8);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (part, &value) in part.iter_mut().zip(chunk) {
            // A NaN is better than any number, so that it is seen.
            *part = if better(*part, value) | part.is_nan() { *part } else { value };
        }
    }
    part.iter().chain(rest).fold(start, |a, &b| if a.is_nan() || better(a, b) { a } else { b })
}

wide! {
    /// The least of the values, or NaN where one is.
    pub(crate) fn min(values: &[f64]) -> f64 {
        fold(values, f64::INFINITY, |a, b| a <= b)
    }
}

wide! {
    /// The greatest of the values, or NaN where one is.
    pub(crate) fn max(values: &[f64]) -> f64 {
        fold(values, f64::NEG_INFINITY, |a, b| a >= b)
    }
}

/// A sum that carries its rounding error along (Neumaier 1974), for adding rows up.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Sum {
    high: f64,
    low: f64,
}

impl Sum {
    pub(crate) fn add(&mut self, value: f64) {
        let high = self.high + value;
        self.low += if self.high.abs() >= value.abs() {
            (self.high - high) + value
        } else {
            (value - high) + self.high
        };
        self.high = high;
    }

    pub(crate) fn value(self) -> f64 {
        self.high + self.low
    }
}

impl FromIterator<f64> for Sum {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut sum = Self::default();
        values.into_iter().for_each(|value| sum.add(value));
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_lose_nothing() {
        let sum: Sum = [1e300, 1.0, -1e300, 1.0].into_iter().collect();
        assert_eq!(sum.value(), 2.0);
        let values: Vec<f64> = (0..1003).map(f64::from).collect();
        assert_eq!(super::sum(&values), 502_503.0);
        assert_eq!((min(&values), max(&values)), (0.0, 1002.0));
        for at in [0, 8, 1000, 1002] {
            let mut holed = values.clone();
            holed[at] = f64::NAN;
            assert!(min(&holed).is_nan() && max(&holed).is_nan(), "{at}");
        }
    }
}
