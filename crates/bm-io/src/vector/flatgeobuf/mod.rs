//! FlatGeobuf.
//!
//! The tables are those of the crate `flatgeobuf`, verified before use. Its reader on top of them panics on properties
//! that are cut off and allocates what the ends of rings say (34 GB for one flipped bit), and its writer refuses mixed
//! types of geometry: framing, geometry and properties are done here.

mod properties;
mod read;
mod write;

pub(super) use read::read;
pub use write::{flatgeobuf_to, write_flatgeobuf};

/// The first bytes of a file, of version 3; the fourth is the version, the last a patch level.
const MAGIC: [u8; 8] = *b"fgb\x03fgb\0";
