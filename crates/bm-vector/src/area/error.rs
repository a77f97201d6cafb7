//! What can be wrong with rings, and with the bytes of an area.

use geo_types::Coord;

/// Why rings do not make an area, or bytes are not one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AreaError {
    /// A coordinate is not a number, infinite, or beyond ±2^40.
    #[error("ring {ring}, vertex {vertex}: coordinate ({}, {}) is no place", at.x, at.y)]
    Coordinate {
        /// Which ring, from 0 on.
        ring: usize,
        /// Which of its vertices, from 0 on.
        vertex: usize,
        /// What stands there.
        at: Coord<f64>,
    },
    /// A ring whose last coordinate does not repeat the first.
    #[error("ring {ring} is open: it ends at vertex {last}, not where it began")]
    Open {
        /// Which ring, from 0 on.
        ring: usize,
        /// Its last vertex, from 0 on.
        last: usize,
    },
    /// A ring without an edge.
    #[error("ring {ring} has {count} coordinates, and no edge")]
    Short {
        /// Which ring, from 0 on.
        ring: usize,
        /// How many it has.
        count: usize,
    },
    /// There is no ring of that number.
    #[error("there is no ring {ring}: the area has {rings}")]
    NoRing {
        /// The number.
        ring: usize,
        /// How many there are.
        rings: usize,
    },
    /// More than the format can name.
    #[error("too large for one area: {what}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
    },
    /// The bytes are those of something else, or of a later format.
    #[error("not an area of format 1: {what}")]
    Format {
        /// What is not as it has to be.
        what: &'static str,
    },
    /// A block whose check sum does not match.
    #[error("damaged area: block {block} (bytes {from} to {to}) does not match its check sum")]
    Damaged {
        /// Which block of 64 KiB behind the header, from 0 on.
        block: usize,
        /// Its first byte in the file.
        from: usize,
        /// The byte behind its last one.
        to: usize,
    },
    /// The check sums match, but what they cover contradicts itself.
    #[error("damaged area: {what} {index} points outside of what it may")]
    Inconsistent {
        /// What kind of thing.
        what: &'static str,
        /// Which one.
        index: usize,
    },
    /// The file could not be read.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
}
