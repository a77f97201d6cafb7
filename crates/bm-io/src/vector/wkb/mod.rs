//! Well-known binary: OGC and ISO WKB, and PostGIS' EWKB.
//!
//! Decoded here rather than by a crate for three reasons: the crates want the whole file in memory beside the
//! geometry (GSHHG is 154 MB of one multipolygon), do not tell at which byte they failed, and lose the SRID.

mod hex;
mod read;
mod write;

pub(super) use hex::{Unhex, digit, without_prefix};
#[cfg(feature = "gpkg")]
pub(super) use read::decode_part;
pub(super) use read::read;
pub use read::{Decoded, decode};
pub use write::{encode, encode_ewkb, write_wkb};
