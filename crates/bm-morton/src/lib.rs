//! Morton (Z-order) codes, in 2-D and 3-D.
#![no_std]

mod batch;
#[cfg(all(target_arch = "x86_64", not(miri)))]
mod bmi2;
mod boxes;
mod converter;
mod cover;
mod cpu;
mod loc;
pub mod portable;
mod scalar;
mod search;

pub use batch::{
    Backend, decode2_u64_batch, decode2_u64_batch_with, decode3_u64_batch, decode3_u64_batch_with,
    encode2_u64_batch, encode2_u64_batch_with, encode3_u64_batch, encode3_u64_batch_with,
};
pub use boxes::{
    Box2U64, Box3U64, Box3U128, Cells2U64, Cells3U64, Cells3U128, Ranges2U64, Ranges3U64,
    Ranges3U128, bigmin2, bigmin3, bigmin3_u128, litmax2, litmax3, litmax3_u128,
};
pub use converter::Converter;
pub use cover::{CodeRange, Cover};
pub use loc::{Descendants64, Descendants128, Loc64, Loc128};
pub use scalar::{
    decode2_u32, decode2_u64, decode2_u128, decode3_u32, decode3_u64, decode3_u128, encode2_u32,
    encode2_u64, encode2_u128, encode3_u32, encode3_u64, encode3_u128,
};
