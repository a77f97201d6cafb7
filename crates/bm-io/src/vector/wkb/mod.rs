//! Well-known binary: OGC and ISO WKB, and PostGIS' EWKB.
//!
//! Decoded here rather than by a crate: `geozero` 0.15 allocates whatever count it reads (51 GB for one flipped bit),
//! and `wkb` 0.9, which bounds its counts, wants the whole file in memory beside the geometry (GSHHG is 154 MB of one
//! multipolygon). Neither says at which byte it failed.

mod hex;
mod read;
mod write;

pub(super) use hex::{Unhex, digit, without_prefix};
#[cfg(feature = "gpkg")]
pub(super) use read::decode_part;
pub(super) use read::read;
pub use read::{Decoded, decode};
pub use write::{encode, encode_ewkb, write_wkb};
