//! Implicit stream-power erosion.
//!
//! | module | what it holds |
//! |---|---|
//! | [`implicit`] | [`StreamPower`]: rivers cut down, all they cut leaves (detachment-limited) |
//! | `step` | one cell's height after a step |

pub mod implicit;

mod step;

pub use implicit::{Erodibility, StreamPower, StreamPowerError};
