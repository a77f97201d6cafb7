//! Numbers of twice the digits of an `f64` (Dekker 1971), for the comparison of distances that tie in `f64`: exact
//! for whole coordinates of up to some 16 bits, good to 31 digits for any.

use std::cmp::Ordering;
use std::ops::{Add, Mul, Sub};

/// The unevaluated sum of two floats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Wide(f64, f64);

impl Wide {
    pub(super) const ONE: Self = Self(1.0, 0.0);
    pub(super) const ZERO: Self = Self(0.0, 0.0);

    /// `a − b` without rounding.
    pub(super) fn difference(a: f64, b: f64) -> Self {
        two_sum(a, -b)
    }

    pub(super) fn times(self, by: f64) -> Self {
        self * Self(by, 0.0)
    }

    /// Equal if all but the last ten of the 106 bits are.
    pub(super) fn compare(self, other: Self) -> Ordering {
        let d = self - other;
        if d.0.abs() <= self.0.abs() * (f64::EPSILON * f64::EPSILON * 256.0) {
            Ordering::Equal
        } else {
            d.sign()
        }
    }

    pub(super) fn sign(self) -> Ordering {
        self.0.partial_cmp(&0.0).unwrap_or(Ordering::Equal)
    }
}

fn two_sum(a: f64, b: f64) -> Wide {
    let s = a + b;
    let t = s - a;
    Wide(s, (a - (s - t)) + (b - t))
}

impl Add for Wide {
    type Output = Self;
    fn add(self, o: Self) -> Self {
        let s = two_sum(self.0, o.0);
        let t = two_sum(self.1, o.1);
        let s = two_sum(s.0, s.1 + t.0);
        two_sum(s.0, s.1 + t.1)
    }
}

impl Sub for Wide {
    type Output = Self;
    fn sub(self, o: Self) -> Self {
        self + Self(-o.0, -o.1)
    }
}

impl Mul for Wide {
    type Output = Self;
    fn mul(self, o: Self) -> Self {
        let p = self.0 * o.0;
        // The product's error, exactly, and the two cross products; the low parts' product is below all digits.
        let e = self.0.mul_add(o.0, -p) + (self.0 * o.1 + self.1 * o.0);
        two_sum(p, e)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_exact() {
        let (a, b) = ((1u64 << 52) as f64 - 1.0, (1u64 << 50) as f64 + 3.0);
        let exact = ((1i128 << 52) - 1) * ((1i128 << 50) + 3);
        let Wide(hi, lo) = Wide(a, 0.0) * Wide(b, 0.0);
        assert_eq!(hi as i128 + lo as i128, exact);
        let Wide(hi, lo) = Wide(a, 0.0) * Wide(b, 0.0) - Wide(a, 0.0) * Wide(b - 1.0, 0.0);
        assert_eq!((hi, lo), (a, 0.0));
        assert_eq!(Wide::difference(1.0, 1e-30), Wide(1.0, -1e-30));
    }
}
