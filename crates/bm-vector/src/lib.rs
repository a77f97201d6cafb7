//! Boundaries that are exact to their own vertices: which side of a shoreline, a fault or a border a point lies on.
//!
//! | module | what it holds |
//! |---|---|
//! | [`frame`] | [`Frame`]: the plane coordinates live in, its metres, how it wraps |
//! | [`boundary`] | [`Boundary`]: geometry, materials on both sides, transition, priority |
//! | [`area`] | [`Area`]: a set of rings as a classifier: inside or outside, exactly, in nanoseconds |
//! | [`bytes`] | a boundary as bytes |
//! | [`geometry`] | robust side, exact distance, validation, simplification, shared arcs |
//! | [`index`] | [`BoundaryIndex`](index::BoundaryIndex): radius, box and nearest queries on short pieces, with snapshots |
//! | [`set`] | [`BoundarySet`](set::BoundarySet): all boundaries of a version, and who speaks at a place |
//! | [`sync`] | boundaries into the cells of a grid |
//! | [`extract`] | shorelines and borders out of a grid |

pub mod area;
pub mod boundary;
pub mod bytes;
pub mod extract;
pub mod frame;
pub mod geometry;
pub mod index;
pub mod set;
pub mod sync;

pub use area::{Area, AreaError, Where};
pub use boundary::{
    Boundary, BoundaryId, Extent, Kind, Shape, Side, Style, Transition, Value, Voice, precedence,
};
pub use frame::{Frame, Metric};
pub use geometry::{Near, Nearest, Segment, side_of, touches_box};
