//! Robust side, exact distance, validation, simplification, shared arcs.
//!
//! | module | what it holds |
//! |---|---|
//! | [`error`] | what is wrong with a geometry, and where |
//! | [`near`] | the same for a whole boundary: `Boundary::near`, `Boundary::bounds` |
//! | `outline` | shapes as the geometries other programs know |
//! | [`predicate`] | exact orientation, exact segment against box |
//! | [`repair`](mod@repair) | geometries of files into shapes that pass, and what was mended |
//! | [`side`] | [`Nearest`]: the nearest segment and the side of it a point lies on |
//! | [`simplify`] | [`Levels`]: coarser lines that cross nothing |
//! | [`topology`] | [`Topology`]: arcs that several lines or rings share |
//! | [`validate`] | what a boundary must be to be inserted |
//! | `clean` | repeats, spikes and small loops taken out |
//! | `laps` | lines over the date line, rings around a pole |
//! | `crossing` | do rings cross, which lie inside which |
//! | `wide` | sums and products of twice the digits, for ties |

mod clean;
mod crossing;
pub mod error;
mod laps;
pub mod near;
mod outline;
pub mod predicate;
pub mod repair;
pub mod side;
pub mod simplify;
pub mod topology;
pub mod validate;
mod wide;

#[cfg(test)]
mod wild_tests;

pub(crate) use crossing::sound_within;
pub use error::{BoundaryError, Flaw, GeometryError, Spot};
pub use predicate::{orient, touches_box, touches_rect};
pub use repair::{Mode, Raw, Repairs, repair, repair_raw};
pub use side::{Near, Nearest, Segment, side_of};
pub use simplify::{Level, Levels};
pub use topology::{ArcUse, Topology};
