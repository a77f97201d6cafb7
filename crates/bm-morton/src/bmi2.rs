//! One instruction an axis: `pdep` deposits bits at a mask's places, `pext` picks them up.
//!
//! A `#[target_feature]` function cannot be inlined into callers that lack the feature, and a
//! call costs as much as the work. Inline assembly has no such barrier: behind the check in
//! [`crate::cpu`] it melts into any caller's loop.
//!
//! All axes share one mask, so that the caller's loop holds one constant; sums with the factors
//! 2 and 4 are address calculations (`lea`), and no two terms have a bit in common.

/// Bit 0 of every pair.
const EVERY2: u64 = 0x5555_5555_5555_5555;
/// Bit 0 of every triple, 21 of them.
const EVERY3: u64 = 0x1249_2492_4924_9249;

/// # Safety
/// The CPU must have BMI2.
#[inline(always)]
unsafe fn pdep(value: u64, mask: u64) -> u64 {
    #[cfg(target_feature = "bmi2")]
    {
        // SAFETY: the build's target has BMI2. The intrinsic can be folded and scheduled.
        unsafe { core::arch::x86_64::_pdep_u64(value, mask) }
    }
    #[cfg(not(target_feature = "bmi2"))]
    {
        let out;
        // SAFETY: the caller vouches for BMI2; the instruction touches registers only.
        unsafe {
            core::arch::asm!(
                "pdep {}, {}, {}", out(reg) out, in(reg) value, in(reg) mask,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        out
    }
}

/// # Safety
/// The CPU must have BMI2.
#[inline(always)]
unsafe fn pext(value: u64, mask: u64) -> u64 {
    #[cfg(target_feature = "bmi2")]
    {
        // SAFETY: the build's target has BMI2. The intrinsic can be folded and scheduled.
        unsafe { core::arch::x86_64::_pext_u64(value, mask) }
    }
    #[cfg(not(target_feature = "bmi2"))]
    {
        let out;
        // SAFETY: the caller vouches for BMI2; the instruction touches registers only.
        unsafe {
            core::arch::asm!(
                "pext {}, {}, {}", out(reg) out, in(reg) value, in(reg) mask,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        out
    }
}

/// # Safety
/// The CPU must have BMI2.
#[inline(always)]
pub(crate) unsafe fn encode2_u64(x: u32, y: u32) -> u64 {
    // SAFETY: as the caller vouches.
    unsafe { pdep(x.into(), EVERY2) + 2 * pdep(y.into(), EVERY2) }
}

/// # Safety
/// The CPU must have BMI2.
#[inline(always)]
pub(crate) unsafe fn decode2_u64(code: u64) -> [u32; 2] {
    // SAFETY: as the caller vouches.
    unsafe { [pext(code, EVERY2) as u32, pext(code, EVERY2 << 1) as u32] }
}

/// # Safety
/// The CPU must have BMI2.
#[inline(always)]
pub(crate) unsafe fn encode3_u64(x: u32, y: u32, z: u32) -> u64 {
    // SAFETY: as the caller vouches.
    unsafe { pdep(x.into(), EVERY3) + 2 * pdep(y.into(), EVERY3) + 4 * pdep(z.into(), EVERY3) }
}

/// # Safety
/// The CPU must have BMI2.
#[inline(always)]
pub(crate) unsafe fn decode3_u64(code: u64) -> [u32; 3] {
    // SAFETY: as the caller vouches.
    unsafe { [pext(code, EVERY3) as u32, pext(code, EVERY3 << 1) as u32, pext(code, EVERY3 << 2) as u32] }
}

/// The same as functions with a target feature: calls from ordinary code, but inlined, folded
/// and unrolled in a caller that has the feature (see [`crate::Converter`]).
pub(crate) mod inlined {
    use super::{EVERY2, EVERY3};
    use core::arch::x86_64::{_pdep_u64, _pext_u64};

    #[inline]
    #[target_feature(enable = "bmi2")]
    pub(crate) fn encode2_u64(x: u32, y: u32) -> u64 {
        _pdep_u64(x.into(), EVERY2) | _pdep_u64(y.into(), EVERY2 << 1)
    }

    #[inline]
    #[target_feature(enable = "bmi2")]
    pub(crate) fn decode2_u64(code: u64) -> [u32; 2] {
        [_pext_u64(code, EVERY2) as u32, _pext_u64(code, EVERY2 << 1) as u32]
    }

    #[inline]
    #[target_feature(enable = "bmi2")]
    pub(crate) fn encode2_u128(x: u64, y: u64) -> u128 {
        let high = encode2_u64((x >> 32) as u32, (y >> 32) as u32);
        u128::from(encode2_u64(x as u32, y as u32)) | u128::from(high) << 64
    }

    #[inline]
    #[target_feature(enable = "bmi2")]
    pub(crate) fn decode2_u128(code: u128) -> [u64; 2] {
        let (low, high) = (decode2_u64(code as u64), decode2_u64((code >> 64) as u64));
        let join = |d: usize| u64::from(low[d]) | u64::from(high[d]) << 32;
        [join(0), join(1)]
    }

    #[inline]
    #[target_feature(enable = "bmi2")]
    pub(crate) fn encode3_u64(x: u32, y: u32, z: u32) -> u64 {
        _pdep_u64(x.into(), EVERY3) | _pdep_u64(y.into(), EVERY3 << 1) | _pdep_u64(z.into(), EVERY3 << 2)
    }

    #[inline]
    #[target_feature(enable = "bmi2")]
    pub(crate) fn decode3_u64(code: u64) -> [u32; 3] {
        let axis = |d: u32| _pext_u64(code, EVERY3 << d) as u32;
        [axis(0), axis(1), axis(2)]
    }

    #[inline]
    #[target_feature(enable = "bmi2")]
    pub(crate) fn encode3_u128(x: u64, y: u64, z: u64) -> u128 {
        let high = encode3_u64((x >> 21) as u32, (y >> 21) as u32, (z >> 21) as u32);
        u128::from(encode3_u64(x as u32, y as u32, z as u32)) | u128::from(high) << 63
    }

    #[inline]
    #[target_feature(enable = "bmi2")]
    pub(crate) fn decode3_u128(code: u128) -> [u64; 3] {
        let (low, high) = (decode3_u64(code as u64), decode3_u64((code >> 63) as u64));
        let join = |d: usize| u64::from(low[d]) | u64::from(high[d]) << 21;
        [join(0), join(1), join(2)]
    }
}
