//! What becomes of measurements: rows, the terminal, the stored report, and the written page.

mod check;
mod markdown;
mod roofline;
mod row;
mod store;
pub mod terminal;
mod words;

pub use check::{Regression, TOLERANCE, regressions};
pub use markdown::page;
pub use roofline::Roofline;
pub use row::{Key, Row, Verdict};
pub use store::{merge, read, write};
