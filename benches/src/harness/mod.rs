//! How a case is measured: units, statistics, and the loop that takes turns.

mod bench;
mod case;
mod clock;
mod error;
mod spread;
mod unit;

pub use bench::{Bench, Settings};
pub use case::{Case, Measure, Targets};
pub use error::BenchError;
pub use spread::Spread;
pub use unit::Unit;
