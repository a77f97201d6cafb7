//! Decimal coordinates as whole numbers.
//!
//! Published coordinates are decimals: k · 10^-d with a small d. Where `k as f64 / 10^d` gives every coordinate back bit
//! for bit, k is stored. Many sources were digitised on a coarser grid of arc (tenths of seconds in GSHHG) and then
//! written as rounded decimals; where `round(j · num/den)` gives k back, j is stored, which is five bits shorter.

use std::ops::RangeInclusive;

/// How whole numbers stand for coordinates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    /// Decimals: a coordinate is k / 10^decimals.
    pub(super) decimals: u32,
    /// The coarser grid: k = round(j · num / den); 1/1 if there is none.
    pub(super) num: u32,
    pub(super) den: u32,
    power: f64,
}

/// Greatest number of decimals that are looked for.
const MOST_DECIMALS: u32 = 12;

/// Whole numbers stay within this, so that one more or less is a number, too.
const REACH: RangeInclusive<f64> = -2_147_483_000.0..=2_147_483_000.0;

/// Steps of the coarser grids that are looked for, per unit.
const STEPS: [u64; 6] = [3_600, 7_200, 18_000, 36_000, 360_000, 3_600_000];

impl Scale {
    pub(super) fn new(decimals: u32, num: u32, den: u32) -> Option<Self> {
        let fits = decimals <= MOST_DECIMALS && (1..=1 << 20).contains(&num) && (1..=num).contains(&den);
        // Powers of ten up to 10^22 are exact.
        fits.then(|| Self { decimals, num, den, power: 10_f64.powi(decimals as i32) })
    }

    /// The fewest decimals that give every coordinate back, and the best coarser grid; none if there are no such.
    pub(super) fn find(values: impl Iterator<Item = f64> + Clone) -> Option<Self> {
        let mut decimals = 0;
        for value in values.clone() {
            while Self::new(decimals, 1, 1)?.fine(value).is_none() {
                decimals += 1;
            }
        }
        let plain = Self::new(decimals, 1, 1)?;
        // A sample tells enough: what is not on the coarser grid is stored on the fine one.
        let stride = (values.clone().count() / 4096).max(1);
        let hits = |scale: &Self| {
            values.clone().step_by(stride).fold((0, 0), |(hit, all), value| {
                (hit + usize::from(scale.fine(value).and_then(|k| scale.coarse(k)).is_some()), all + 1)
            })
        };
        for steps in STEPS {
            let power = 10_u64.pow(decimals);
            let common = gcd(power, steps);
            let (num, den) = (power / common, steps / common);
            if num < 2 * den {
                break;
            }
            let (Ok(num), Ok(den)) = (num.try_into(), den.try_into()) else { continue };
            if let Some(scale) = Self::new(decimals, num, den) {
                let (hit, all) = hits(&scale);
                if hit * 20 > all * 19 {
                    return Some(scale);
                }
            }
        }
        Some(plain)
    }

    pub(super) const fn has_coarse(&self) -> bool {
        self.num != self.den
    }

    /// The coordinate of a number of the fine grid.
    #[inline]
    pub(super) fn value(&self, k: i32) -> f64 {
        f64::from(k) / self.power
    }

    /// The number of the fine grid that gives a coordinate back.
    pub(super) fn fine(&self, value: f64) -> Option<i32> {
        let k = (value * self.power).round();
        (REACH.contains(&k) && (k / self.power).to_bits() == value.to_bits()).then_some(k as i32)
    }

    /// The fine number of a coarse one.
    #[inline]
    pub(super) fn refine(&self, j: i32) -> i32 {
        self.refine_far(j.into()) as i32
    }

    /// The same, where it may be too large.
    #[inline]
    fn refine_far(&self, j: i64) -> i64 {
        let (num, den) = (i64::from(self.num), i64::from(self.den));
        (j * num + den / 2).div_euclid(den)
    }

    /// The coarse number of a fine one.
    pub(super) fn coarse(&self, k: i32) -> Option<i32> {
        let j = self.coarse_floor(k);
        (self.refine_far(j.into()) == i64::from(k)).then_some(j)
    }

    /// The greatest number of the fine grid whose coordinate is not above `value`.
    #[inline]
    pub(super) fn fine_floor(&self, value: f64) -> i32 {
        let k = (value * self.power).floor();
        if !REACH.contains(&k) {
            return if k > 0.0 { i32::MAX } else { i32::MIN + 1 };
        }
        let mut k = k as i32;
        // The product is rounded, so it may be one off.
        while self.value(k) > value {
            k -= 1;
        }
        while self.value(k + 1) <= value {
            k += 1;
        }
        k
    }

    /// The greatest coarse number whose fine one is not above `k`.
    #[inline]
    pub(super) fn coarse_floor(&self, k: i32) -> i32 {
        let k = i64::from(k);
        let mut j = (k * i64::from(self.den)).div_euclid(i64::from(self.num));
        // The division knows nothing of rounding, so it may be one off.
        while self.refine_far(j) > k {
            j -= 1;
        }
        while self.refine_far(j + 1) <= k {
            j += 1;
        }
        j as i32
    }
}

const fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decimals_are_found() {
        let of = |values: &[f64]| Scale::find(values.iter().copied()).map(|s| (s.decimals, s.num, s.den));
        assert_eq!(of(&[1.0, -20.0]), Some((0, 1, 1)));
        assert_eq!(of(&[0.1, 1.25]), Some((2, 1, 1)));
        assert_eq!(of(&[1.0 / 3.0]), None);
        assert_eq!(of(&[4e9]), None);
        assert_eq!(of(&[0.000_028, 0.000_056, 0.000_083, -0.000_028]), Some((6, 250, 9)));
        assert_eq!(of(&[]), Some((0, 1, 1)));
    }

    proptest! {
        #[test]
        fn floors_are_floors(k in -180_000_000_i32..180_000_000, value in -180.0..180.0_f64, decimal in any::<bool>()) {
            let scale = Scale::new(6, 250, 9).unwrap();
            let value = if decimal { scale.value(k) } else { value };
            let k = scale.fine_floor(value);
            prop_assert!(scale.value(k) <= value && scale.value(k + 1) > value);
            let j = scale.coarse_floor(k);
            prop_assert!(scale.refine(j) <= k && scale.refine(j + 1) > k);
            prop_assert_eq!(scale.coarse(scale.refine(j)), Some(j));
        }

        #[test]
        fn numbers_give_coordinates_back(k in -1_800_000_000_i32..1_800_000_000, decimals in 0..9_u32) {
            let scale = Scale::new(decimals, 1, 1).unwrap();
            prop_assert_eq!(scale.fine(scale.value(k)), Some(k));
            let parsed: f64 = format!("{k}e-{decimals}").parse().unwrap();
            prop_assert_eq!(parsed.to_bits(), (scale.value(k) + 0.0).to_bits());
        }
    }
}
