//! The choice of path made once, outside the caller's loop.

use crate::portable;

/// Scalar conversions whose path is chosen already: what [`encode3_u64`](crate::encode3_u64)
/// and its sisters do, without their check at every call.
///
/// Inside [`fastest`](Self::fastest) they compile to the bare instructions, and the compiler
/// can unroll and schedule the loop around them. Use it for loops of millions of codes that
/// are not in arrays (those are faster with the batch functions).
///
/// ```
/// use bm_morton::Converter;
///
/// let sum = Converter::fastest(|convert| {
///     (0..1000).map(|i| convert.encode3_u64(i, i + 1, i + 2)).fold(0, u64::wrapping_add)
/// });
/// assert_eq!(sum, (0..1000).map(|i| bm_morton::encode3_u64(i, i + 1, i + 2)).sum());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Converter {
    /// True only where the CPU has it.
    bmi2: bool,
}

/// Writes the methods of one word: `$fast` with BMI2, else `$portable`.
macro_rules! conversions {
    ($($(#[$doc:meta])* $encode:ident, $decode:ident, ($($axis:ident),+) $coord:ty, $code:ty, $n:literal;)+) => {
        impl Converter {
            $(
                $(#[$doc])*
                #[doc = concat!("Like [`", stringify!($encode), "`](crate::", stringify!($encode), "); input bits beyond an axis are ignored.")]
                #[inline(always)]
                #[must_use]
                pub fn $encode(self, $($axis: $coord),+) -> $code {
                    #[cfg(all(target_arch = "x86_64", not(miri)))]
                    if self.bmi2 {
                        // SAFETY: the field is true only where the CPU has BMI2.
                        return unsafe { crate::bmi2::inlined::$encode($($axis),+) };
                    }
                    portable::$encode($($axis),+)
                }

                #[doc = concat!("Like [`", stringify!($decode), "`](crate::", stringify!($decode), ").")]
                #[inline(always)]
                #[must_use]
                pub fn $decode(self, code: $code) -> [$coord; $n] {
                    #[cfg(all(target_arch = "x86_64", not(miri)))]
                    if self.bmi2 {
                        // SAFETY: the field is true only where the CPU has BMI2.
                        return unsafe { crate::bmi2::inlined::$decode(code) };
                    }
                    portable::$decode(code)
                }
            )+
        }
    };
}

conversions! {
    encode2_u64, decode2_u64, (x, y) u32, u64, 2;
    encode2_u128, decode2_u128, (x, y) u64, u128, 2;
    encode3_u64, decode3_u64, (x, y, z) u32, u64, 3;
    encode3_u128, decode3_u128, (x, y, z) u64, u128, 3;
}

impl Converter {
    /// Shifts and masks, on any CPU.
    pub const PORTABLE: Self = Self { bmi2: false };

    /// Runs `work` with the fastest conversions of this CPU.
    #[inline]
    pub fn fastest<R>(work: impl FnOnce(Self) -> R) -> R {
        #[cfg(all(target_arch = "x86_64", not(miri)))]
        if crate::cpu::fast_bmi2() {
            // SAFETY: BMI2 was just found.
            return unsafe { with_bmi2(work) };
        }
        work(Self::PORTABLE)
    }
}

/// A context in which `pdep` may be emitted: the closure is inlined here, and the conversions
/// into it.
///
/// # Safety
/// The CPU must have BMI2.
#[cfg(all(target_arch = "x86_64", not(miri)))]
#[target_feature(enable = "bmi2")]
unsafe fn with_bmi2<R>(work: impl FnOnce(Converter) -> R) -> R {
    work(Converter { bmi2: true })
}
