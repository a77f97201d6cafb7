//! Robust side, exact distance, validation, simplification, shared arcs.
//!
//! | module | what it holds |
//! |---|---|
//! | [`near`] | the same for a whole boundary: `Boundary::near`, `Boundary::bounds` |
//! | [`predicate`] | exact orientation, exact segment against box |
//! | [`side`] | [`Nearest`]: the nearest segment and the side of it a point lies on |
//! | `wide` | sums and products of twice the digits, for ties |

pub mod near;
pub mod predicate;
pub mod side;
mod wide;

pub use predicate::{orient, touches_box, touches_rect};
pub use side::{Near, Nearest, Segment, side_of};
