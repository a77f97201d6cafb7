//! One code at a time, by the fastest way this CPU has.

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
use crate::portable;

/// The path for CPUs without (fast) BMI2, and for the first call of a program, which makes the
/// CPU known.
///
/// It is out of line: were it inlined beside the fast path, its constants would take the
/// registers of the caller's loop and halve its speed.
#[cfg(all(target_arch = "x86_64", not(miri)))]
mod slow {
    use crate::{cpu, portable};

    #[cold]
    #[inline(never)]
    pub(super) fn encode2_u64(x: u32, y: u32) -> u64 {
        let _ = cpu::fast_bmi2();
        portable::encode2_u64(x, y)
    }

    /// The first axis alone: several values would come back in memory.
    #[cold]
    #[inline(never)]
    pub(super) fn decode2_first(code: u64) -> u32 {
        let _ = cpu::fast_bmi2();
        portable::gather2_32(code)
    }

    #[cold]
    #[inline(never)]
    pub(super) fn encode3_u64(x: u32, y: u32, z: u32) -> u64 {
        let _ = cpu::fast_bmi2();
        portable::encode3_u64(x, y, z)
    }

    /// The first axis alone: several values would come back in memory.
    #[cold]
    #[inline(never)]
    pub(super) fn decode3_first(code: u64) -> u32 {
        let _ = cpu::fast_bmi2();
        portable::gather3_21(code)
    }
}

/// `$fast` if BMI2 was found, `$slow` on other x86-64 CPUs, `$portable` elsewhere.
macro_rules! dispatch {
    ($fast:expr, $slow:expr, $portable:expr) => {{
        #[cfg(all(target_arch = "x86_64", not(miri)))]
        if crate::cpu::known_fast_bmi2() {
            // SAFETY: BMI2 was found.
            unsafe { $fast }
        } else {
            $slow
        }
        #[cfg(not(all(target_arch = "x86_64", not(miri))))]
        $portable
    }};
}

/// 2-D, 16 bits an axis: bit *i* of `x` becomes bit 2*i*, of `y` bit 2*i*+1.
#[inline]
#[must_use]
pub fn encode2_u32(x: u16, y: u16) -> u32 {
    encode2_u64(x.into(), y.into()) as u32
}

/// 2-D, 16 bits an axis: `[x, y]` of a code.
#[inline]
#[must_use]
pub fn decode2_u32(code: u32) -> [u16; 2] {
    let [x, y] = decode2_u64(code.into());
    [x as u16, y as u16]
}

/// 2-D, 32 bits an axis: bit *i* of `x` becomes bit 2*i*, of `y` bit 2*i*+1.
#[inline]
#[must_use]
pub fn encode2_u64(x: u32, y: u32) -> u64 {
    dispatch!(crate::bmi2::encode2_u64(x, y), slow::encode2_u64(x, y), portable::encode2_u64(x, y))
}

/// 2-D, 32 bits an axis: `[x, y]` of a code.
#[inline]
#[must_use]
pub fn decode2_u64(code: u64) -> [u32; 2] {
    dispatch!(
        crate::bmi2::decode2_u64(code),
        [slow::decode2_first(code), slow::decode2_first(code >> 1)],
        portable::decode2_u64(code)
    )
}

/// 2-D, 64 bits an axis: bit *i* of `x` becomes bit 2*i*, of `y` bit 2*i*+1.
#[inline]
#[must_use]
pub fn encode2_u128(x: u64, y: u64) -> u128 {
    let low = encode2_u64(x as u32, y as u32);
    let high = encode2_u64((x >> 32) as u32, (y >> 32) as u32);
    u128::from(low) | u128::from(high) << 64
}

/// 2-D, 64 bits an axis: `[x, y]` of a code.
#[inline]
#[must_use]
pub fn decode2_u128(code: u128) -> [u64; 2] {
    let low = decode2_u64(code as u64);
    let high = decode2_u64((code >> 64) as u64);
    let join = |d: usize| u64::from(low[d]) | u64::from(high[d]) << 32;
    [join(0), join(1)]
}

/// 3-D, 10 bits an axis: bit *i* of `x`, `y`, `z` becomes bit 3*i*, 3*i*+1, 3*i*+2.
///
/// Higher input bits are a caller's mistake: debug builds assert, others ignore them.
#[inline]
#[must_use]
pub fn encode3_u32(x: u16, y: u16, z: u16) -> u32 {
    debug_assert!((x | y | z) >> 10 == 0, "a coordinate has more than 10 bits");
    (encode3_u64(x.into(), y.into(), z.into()) & 0x3fff_ffff) as u32
}

/// 3-D, 10 bits an axis: `[x, y, z]` of a code; its top two bits are ignored.
#[inline]
#[must_use]
pub fn decode3_u32(code: u32) -> [u16; 3] {
    let [x, y, z] = decode3_u64((code & 0x3fff_ffff).into());
    [x as u16, y as u16, z as u16]
}

/// 3-D, 21 bits an axis: bit *i* of `x`, `y`, `z` becomes bit 3*i*, 3*i*+1, 3*i*+2.
///
/// Higher input bits are a caller's mistake: debug builds assert, others ignore them.
#[inline]
#[must_use]
pub fn encode3_u64(x: u32, y: u32, z: u32) -> u64 {
    debug_assert!((x | y | z) >> 21 == 0, "a coordinate has more than 21 bits");
    dispatch!(crate::bmi2::encode3_u64(x, y, z), slow::encode3_u64(x, y, z), portable::encode3_u64(x, y, z))
}

/// 3-D, 21 bits an axis: `[x, y, z]` of a code; its top bit is ignored.
#[inline]
#[must_use]
pub fn decode3_u64(code: u64) -> [u32; 3] {
    dispatch!(
        crate::bmi2::decode3_u64(code),
        [slow::decode3_first(code), slow::decode3_first(code >> 1), slow::decode3_first(code >> 2)],
        portable::decode3_u64(code)
    )
}

/// 3-D, 42 bits an axis: bit *i* of `x`, `y`, `z` becomes bit 3*i*, 3*i*+1, 3*i*+2.
///
/// Higher input bits are a caller's mistake: debug builds assert, others ignore them.
#[inline]
#[must_use]
pub fn encode3_u128(x: u64, y: u64, z: u64) -> u128 {
    debug_assert!((x | y | z) >> 42 == 0, "a coordinate has more than 42 bits");
    let low = |v: u64| v as u32 & 0x1f_ffff;
    let high = |v: u64| (v >> 21) as u32 & 0x1f_ffff;
    let low = encode3_u64(low(x), low(y), low(z));
    let high = encode3_u64(high(x), high(y), high(z));
    u128::from(low) | u128::from(high) << 63
}

/// 3-D, 42 bits an axis: `[x, y, z]` of a code; its top two bits are ignored.
#[inline]
#[must_use]
pub fn decode3_u128(code: u128) -> [u64; 3] {
    let low = decode3_u64(code as u64);
    let high = decode3_u64((code >> 63) as u64);
    let join = |d: usize| u64::from(low[d]) | u64::from(high[d]) << 21;
    [join(0), join(1), join(2)]
}
