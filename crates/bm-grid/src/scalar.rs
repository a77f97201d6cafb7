//! Numbers that have bytes: what planes are saved by.

use crate::plane::Value;
use bm_core::MaterialId;

mod sealed {
    pub trait Sealed {}
}

/// A number of one, two, four or eight bytes.
pub trait Scalar: Value + Default + PartialEq + std::fmt::Debug + sealed::Sealed {
    /// Its size in bytes.
    const BYTES: usize;
    /// Its mark in saved chunks.
    const MARK: u8;
    /// Its bits, in the lowest bytes.
    fn bits(self) -> u64;
    /// The number of these bits; higher bytes are ignored.
    fn from_bits(bits: u64) -> Self;
}

macro_rules! scalars {
    ($($t:ty: $mark:literal, $bits:expr, $from:expr;)*) => {$(
        impl sealed::Sealed for $t {}

        impl Scalar for $t {
            const BYTES: usize = size_of::<$t>();
            const MARK: u8 = $mark;

            #[inline(always)]
            fn bits(self) -> u64 {
                let bits: fn($t) -> u64 = $bits;
                bits(self)
            }

            #[inline(always)]
            fn from_bits(bits: u64) -> Self {
                let from: fn(u64) -> $t = $from;
                from(bits)
            }
        }
    )*};
}
scalars! {
    u8: 1, u64::from, |b| b as u8;
    u16: 2, u64::from, |b| b as u16;
    u32: 3, u64::from, |b| b as u32;
    u64: 4, |v| v, |b| b;
    i8: 5, |v| u64::from(v as u8), |b| b as i8;
    i16: 6, |v| u64::from(v as u16), |b| b as i16;
    i32: 7, |v| u64::from(v as u32), |b| b as i32;
    i64: 8, |v| v as u64, |b| b as i64;
    f32: 9, |v| u64::from(v.to_bits()), |b| f32::from_bits(b as u32);
    f64: 10, f64::to_bits, f64::from_bits;
    MaterialId: 11, |v| u64::from(v.0), |b| MaterialId(b as u16);
}
