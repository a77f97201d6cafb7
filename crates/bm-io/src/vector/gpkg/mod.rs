//! GeoPackage: tables of features in an SQLite database.

mod blob;
mod read;

#[cfg(test)]
mod tests;

pub use blob::decode_geometry;
pub(super) use read::{Origin, read};
