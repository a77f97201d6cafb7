//! Edits over the page tree (under construction: see the modules).
mod delta;
pub mod edits;
pub mod error;
pub mod transaction;
pub use edits::{BoxEdit, Edits, RunEdit};
pub use error::{Conflict, EditError};
pub use transaction::{Durability, Expectation, Transaction};
