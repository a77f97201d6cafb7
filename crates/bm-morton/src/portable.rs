//! Codes in plain shifts and masks: the reference for every faster path, and `const`.
//!
//! Each spread moves half of the bits out of the way and masks, five or six times
//! ("magic bits"). Nothing here asks the CPU for anything, so these functions also serve to
//! compute constants and to compare the other paths with. Input bits above an axis' width
//! are ignored.

/// Spreads the low 16 bits to the even bit positions.
const fn spread2_16(v: u16) -> u32 {
    let mut v = v as u32;
    v = (v | v << 8) & 0x00ff_00ff;
    v = (v | v << 4) & 0x0f0f_0f0f;
    v = (v | v << 2) & 0x3333_3333;
    (v | v << 1) & 0x5555_5555
}

/// Gathers the even bit positions into the low 16 bits.
const fn gather2_16(code: u32) -> u16 {
    let mut v = code & 0x5555_5555;
    v = (v | v >> 1) & 0x3333_3333;
    v = (v | v >> 2) & 0x0f0f_0f0f;
    v = (v | v >> 4) & 0x00ff_00ff;
    (v | v >> 8) as u16
}

/// Spreads the low 32 bits to the even bit positions.
const fn spread2_32(v: u32) -> u64 {
    let mut v = v as u64;
    v = (v | v << 16) & 0x0000_ffff_0000_ffff;
    v = (v | v << 8) & 0x00ff_00ff_00ff_00ff;
    v = (v | v << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    v = (v | v << 2) & 0x3333_3333_3333_3333;
    (v | v << 1) & 0x5555_5555_5555_5555
}

/// Gathers the even bit positions into the low 32 bits.
#[inline(always)]
pub(crate) const fn gather2_32(code: u64) -> u32 {
    let mut v = code & 0x5555_5555_5555_5555;
    v = (v | v >> 1) & 0x3333_3333_3333_3333;
    v = (v | v >> 2) & 0x0f0f_0f0f_0f0f_0f0f;
    v = (v | v >> 4) & 0x00ff_00ff_00ff_00ff;
    v = (v | v >> 8) & 0x0000_ffff_0000_ffff;
    (v | v >> 16) as u32
}

/// Spreads the low 10 bits to every third bit position.
const fn spread3_10(v: u16) -> u32 {
    let mut v = v as u32 & 0x3ff;
    v = (v | v << 16) & 0x0300_00ff;
    v = (v | v << 8) & 0x0300_f00f;
    v = (v | v << 4) & 0x030c_30c3;
    (v | v << 2) & 0x0924_9249
}

/// Gathers every third bit position into the low 10 bits.
const fn gather3_10(code: u32) -> u16 {
    let mut v = code & 0x0924_9249;
    v = (v | v >> 2) & 0x030c_30c3;
    v = (v | v >> 4) & 0x0300_f00f;
    v = (v | v >> 8) & 0x0300_00ff;
    ((v | v >> 16) & 0x3ff) as u16
}

/// Spreads the low 21 bits to every third bit position.
#[inline(always)]
const fn spread3_21(v: u32) -> u64 {
    let mut v = v as u64 & 0x1f_ffff;
    v = (v | v << 32) & 0x001f_0000_0000_ffff;
    v = (v | v << 16) & 0x001f_0000_ff00_00ff;
    v = (v | v << 8) & 0x100f_00f0_0f00_f00f;
    v = (v | v << 4) & 0x10c3_0c30_c30c_30c3;
    (v | v << 2) & 0x1249_2492_4924_9249
}

/// Gathers every third bit position into the low 21 bits.
#[inline(always)]
pub(crate) const fn gather3_21(code: u64) -> u32 {
    let mut v = code & 0x1249_2492_4924_9249;
    v = (v | v >> 2) & 0x10c3_0c30_c30c_30c3;
    v = (v | v >> 4) & 0x100f_00f0_0f00_f00f;
    v = (v | v >> 8) & 0x001f_0000_ff00_00ff;
    v = (v | v >> 16) & 0x001f_0000_0000_ffff;
    ((v | v >> 32) & 0x1f_ffff) as u32
}

/// 2-D, 16 bits an axis: bit *i* of `x` becomes bit 2*i*, of `y` bit 2*i*+1.
#[inline]
#[must_use]
pub const fn encode2_u32(x: u16, y: u16) -> u32 {
    spread2_16(x) | spread2_16(y) << 1
}

/// 2-D, 16 bits an axis: `[x, y]` of a code.
#[inline]
#[must_use]
pub const fn decode2_u32(code: u32) -> [u16; 2] {
    [gather2_16(code), gather2_16(code >> 1)]
}

/// 2-D, 32 bits an axis: bit *i* of `x` becomes bit 2*i*, of `y` bit 2*i*+1.
#[inline]
#[must_use]
pub const fn encode2_u64(x: u32, y: u32) -> u64 {
    spread2_32(x) | spread2_32(y) << 1
}

/// 2-D, 32 bits an axis: `[x, y]` of a code.
#[inline]
#[must_use]
pub const fn decode2_u64(code: u64) -> [u32; 2] {
    [gather2_32(code), gather2_32(code >> 1)]
}

/// 2-D, 64 bits an axis: bit *i* of `x` becomes bit 2*i*, of `y` bit 2*i*+1.
#[inline]
#[must_use]
pub const fn encode2_u128(x: u64, y: u64) -> u128 {
    let low = encode2_u64(x as u32, y as u32);
    let high = encode2_u64((x >> 32) as u32, (y >> 32) as u32);
    low as u128 | (high as u128) << 64
}

/// 2-D, 64 bits an axis: `[x, y]` of a code.
#[inline]
#[must_use]
pub const fn decode2_u128(code: u128) -> [u64; 2] {
    let low = decode2_u64(code as u64);
    let high = decode2_u64((code >> 64) as u64);
    [low[0] as u64 | (high[0] as u64) << 32, low[1] as u64 | (high[1] as u64) << 32]
}

/// 3-D, 10 bits an axis: bit *i* of `x`, `y`, `z` becomes bit 3*i*, 3*i*+1, 3*i*+2.
#[inline]
#[must_use]
pub const fn encode3_u32(x: u16, y: u16, z: u16) -> u32 {
    spread3_10(x) | spread3_10(y) << 1 | spread3_10(z) << 2
}

/// 3-D, 10 bits an axis: `[x, y, z]` of a code; its top two bits are ignored.
#[inline]
#[must_use]
pub const fn decode3_u32(code: u32) -> [u16; 3] {
    [gather3_10(code), gather3_10(code >> 1), gather3_10(code >> 2)]
}

/// 3-D, 21 bits an axis: bit *i* of `x`, `y`, `z` becomes bit 3*i*, 3*i*+1, 3*i*+2.
#[inline]
#[must_use]
pub const fn encode3_u64(x: u32, y: u32, z: u32) -> u64 {
    spread3_21(x) | spread3_21(y) << 1 | spread3_21(z) << 2
}

/// 3-D, 21 bits an axis: `[x, y, z]` of a code; its top bit is ignored.
#[inline]
#[must_use]
pub const fn decode3_u64(code: u64) -> [u32; 3] {
    [gather3_21(code), gather3_21(code >> 1), gather3_21(code >> 2)]
}

/// 3-D, 42 bits an axis: bit *i* of `x`, `y`, `z` becomes bit 3*i*, 3*i*+1, 3*i*+2.
#[inline]
#[must_use]
pub const fn encode3_u128(x: u64, y: u64, z: u64) -> u128 {
    let low = encode3_u64(x as u32, y as u32, z as u32);
    let high = encode3_u64((x >> 21) as u32, (y >> 21) as u32, (z >> 21) as u32);
    low as u128 | (high as u128) << 63
}

/// 3-D, 42 bits an axis: `[x, y, z]` of a code; its top two bits are ignored.
#[inline]
#[must_use]
pub const fn decode3_u128(code: u128) -> [u64; 3] {
    let low = decode3_u64(code as u64);
    let high = decode3_u64((code >> 63) as u64);
    [
        low[0] as u64 | (high[0] as u64) << 21,
        low[1] as u64 | (high[1] as u64) << 21,
        low[2] as u64 | (high[2] as u64) << 21,
    ]
}
