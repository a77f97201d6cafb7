//! Edits over the page tree (under construction in this commit: see the modules).
pub mod edits;
pub use edits::{BoxEdit, Edits, RunEdit};
