//! Edits of a whole world: against dense arrays, over versions, folds and restarts.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bad;
mod model;
mod oracle;
mod versions;
