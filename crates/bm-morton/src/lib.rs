//! Morton (Z-order) codes in 2-D and 3-D: octree keys, neighbours, box search and batches.
//!
//! A Morton code interleaves the bits of a cell's coordinates, x lowest, then y, then z. Cells
//! that are near in space are mostly near in code, and each octree cell is one unbroken range.
//! No `std`, no allocation, no dependency, no panic: what cannot be done is `None`.
//!
//! ```
//! # fn example() -> Option<()> {
//! use bm_morton::{Box3U64, CodeRange, Loc64, decode3_u64, encode3_u64};
//!
//! let code = encode3_u64(5, 0, 7);
//! assert_eq!(decode3_u64(code), [5, 0, 7]);
//!
//! let cell = Loc64::new(3, [5, 0, 7])?; // level 3: 8 cells an axis; the key holds the level
//! assert_eq!(cell.parent(), Loc64::new(2, [2, 0, 3]));
//! assert_eq!(cell.neighbour([1, 2, -1]), Loc64::new(3, [6, 2, 6]));
//!
//! let region = Box3U64::new([0, 4, 2], [8, 8, 3])?; // half open
//! assert!(region.cells().is_sorted());
//! let mut buffer = [CodeRange::default(); 4]; // four ranges at most
//! let cover = region.cover(&mut buffer)?;
//! assert!(cover.ranges.iter().any(|r| r.contains(encode3_u64(7, 7, 2))) && !cover.exact);
//! # Some::<()>(())
//! # }
//! # fn main() { assert!(example().is_some()); }
//! ```
//!
//! | For | Use |
//! |---|---|
//! | one code | [`encode3_u64`], [`decode3_u64`] and their sisters; in `const`, [`portable`] |
//! | a loop over many codes | [`Converter::fastest`] |
//! | arrays of codes | [`encode3_u64_batch`], [`decode3_u64_batch`]; a forced path: [`Backend`] |
//! | octree cells with a level | [`Loc64`] (levels to 21), [`Loc128`] (levels to 42) |
//! | sorted keys against a box | [`Box3U64`]: `after` (BIGMIN), `before` (LITMAX), `ranges`, `cover` |
//! | every cell of a box in order | [`Box3U64::cells`] |
//!
//! BMI2 and AVX-512 are found at run time, without `std`; all paths give the same bits.
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
    Box2U64, Box3U64, Box3U128, Cells2U64, Cells3U64, Cells3U128, Ranges2U64, Ranges3U64, Ranges3U128,
    bigmin2, bigmin3, bigmin3_u128, box_ranges2, box_ranges3, box_ranges3_u128, litmax2, litmax3,
    litmax3_u128,
};
pub use converter::Converter;
pub use cover::{CodeRange, Cover};
pub use loc::{Descendants64, Descendants128, Loc64, Loc128};
pub use scalar::{
    decode2_u32, decode2_u64, decode2_u128, decode3_u32, decode3_u64, decode3_u128, encode2_u32, encode2_u64,
    encode2_u128, encode3_u32, encode3_u64, encode3_u128,
};
