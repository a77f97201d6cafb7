//! Morton (Z-order) codes, in 2-D and 3-D.
#![no_std]

#[cfg(all(target_arch = "x86_64", not(miri)))]
mod bmi2;
mod cpu;
mod loc;
pub mod portable;
mod scalar;

pub use loc::{Descendants64, Descendants128, Loc64, Loc128};
pub use scalar::{
    decode2_u32, decode2_u64, decode2_u128, decode3_u32, decode3_u64, decode3_u128, encode2_u32,
    encode2_u64, encode2_u128, encode3_u32, encode3_u64, encode3_u128,
};
