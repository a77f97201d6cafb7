//! One code at a time, by the fastest way this CPU has.

use crate::portable;

/// `$fast` behind the run-time check where there is such a path, else `$portable`.
///
/// On x86-64 the portable path is out of line: were it inlined beside the fast one, its
/// constants would take the registers of the caller's loop and halve its speed.
macro_rules! dispatch {
    ($fast:ident, $portable:path, ($($arg:ident: $type:ty),*) -> $out:ty) => {{
        #[cfg(all(target_arch = "x86_64", not(miri)))]
        {
            #[cold]
            #[inline(never)]
            fn without_bmi2($($arg: $type),*) -> $out {
                // Also the first call of the program comes here, and makes the CPU known.
                let _ = crate::cpu::fast_bmi2();
                $portable($($arg),*)
            }
            if crate::cpu::known_fast_bmi2() {
                // SAFETY: BMI2 was found.
                unsafe { crate::bmi2::$fast($($arg),*) }
            } else {
                without_bmi2($($arg),*)
            }
        }
        #[cfg(not(all(target_arch = "x86_64", not(miri))))]
        $portable($($arg),*)
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
    decode2_u64(code.into()).map(|v| v as u16)
}

/// 2-D, 32 bits an axis: bit *i* of `x` becomes bit 2*i*, of `y` bit 2*i*+1.
#[inline]
#[must_use]
pub fn encode2_u64(x: u32, y: u32) -> u64 {
    dispatch!(encode2_u64, portable::encode2_u64, (x: u32, y: u32) -> u64)
}

/// 2-D, 32 bits an axis: `[x, y]` of a code.
#[inline]
#[must_use]
pub fn decode2_u64(code: u64) -> [u32; 2] {
    dispatch!(decode2_u64, portable::decode2_u64, (code: u64) -> [u32; 2])
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
    [0, 1].map(|d| u64::from(low[d]) | u64::from(high[d]) << 32)
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
    decode3_u64((code & 0x3fff_ffff).into()).map(|v| v as u16)
}

/// 3-D, 21 bits an axis: bit *i* of `x`, `y`, `z` becomes bit 3*i*, 3*i*+1, 3*i*+2.
///
/// Higher input bits are a caller's mistake: debug builds assert, others ignore them.
#[inline]
#[must_use]
pub fn encode3_u64(x: u32, y: u32, z: u32) -> u64 {
    debug_assert!((x | y | z) >> 21 == 0, "a coordinate has more than 21 bits");
    dispatch!(encode3_u64, portable::encode3_u64, (x: u32, y: u32, z: u32) -> u64)
}

/// 3-D, 21 bits an axis: `[x, y, z]` of a code; its top bit is ignored.
#[inline]
#[must_use]
pub fn decode3_u64(code: u64) -> [u32; 3] {
    dispatch!(decode3_u64, portable::decode3_u64, (code: u64) -> [u32; 3])
}

/// 3-D, 42 bits an axis: bit *i* of `x`, `y`, `z` becomes bit 3*i*, 3*i*+1, 3*i*+2.
///
/// Higher input bits are a caller's mistake: debug builds assert, others ignore them.
#[inline]
#[must_use]
pub fn encode3_u128(x: u64, y: u64, z: u64) -> u128 {
    debug_assert!((x | y | z) >> 42 == 0, "a coordinate has more than 42 bits");
    let half = |shift: u32| {
        let [x, y, z] = [x, y, z].map(|v| (v >> shift) as u32 & 0x1f_ffff);
        u128::from(encode3_u64(x, y, z))
    };
    half(0) | half(21) << 63
}

/// 3-D, 42 bits an axis: `[x, y, z]` of a code; its top two bits are ignored.
#[inline]
#[must_use]
pub fn decode3_u128(code: u128) -> [u64; 3] {
    let low = decode3_u64(code as u64);
    let high = decode3_u64((code >> 63) as u64);
    [0, 1, 2].map(|d| u64::from(low[d]) | u64::from(high[d]) << 21)
}
