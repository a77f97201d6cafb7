//! Worlds with edits that crash: every acknowledged commit is there whole, no other is half there.
//!
//! | file | what it tries |
//! |---|---|
//! | `killed.rs` | a process with several writers, folds, ingests and compactions is killed, over and over |
//! | `model.rs` | what the world must say, at every version |
//! | `edits.rs` | transactions that can be told again from their seed |
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::exit,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

mod edits;
mod killed;
mod model;
#[allow(dead_code, reason = "shared with the tests of worlds; not all of it is used here")]
#[path = "../world/tools.rs"]
mod tools;
