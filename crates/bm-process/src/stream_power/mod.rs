//! Implicit stream-power erosion.
//!
//! | module | what it holds |
//! |---|---|
//! | [`implicit`] | [`StreamPower`]: rivers cut down; all they cut leaves (detachment-limited) or some is dropped again |
//! | `deposition` | rivers that carry and drop what they cut, solved at once |
//! | [`delta`] | [`Delta`]: what comes down to the sea laid before the mouths |
//! | `step` | one cell's height after a step |

pub mod delta;
pub mod implicit;

mod deposition;
mod error;
mod step;

pub use delta::Delta;
pub use error::StreamPowerError;
pub use implicit::{Erodibility, StreamPower};
