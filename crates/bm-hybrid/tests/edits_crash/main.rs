//! Worlds with edits that crash: every acknowledged commit is there whole, no other is half there.
//!
//! | file | what it tries |
//! |---|---|
//! | `killed.rs` | a process with several writers, folds, ingests and compactions is killed, over and over |
//! | `images.rs` | what a power failure can leave, at every operation of a run |
//! | `failures.rs` | operations that fail, one by one, and a disk that is full |
//! | `found.rs` | what the others found, one by one |
//! | `script.rs`, `disk.rs` | runs that can be repeated, and the disk under them |
//! | `random.rs` | histories: random steps, and threads whose answers must fit one order |
//! | `model.rs` | what the world must say, at every version |
//! | `borders.rs` | boundaries that change together with edits |
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

mod borders;
mod disk;
mod edits;
mod failures;
mod found;
mod images;
mod killed;
mod model;
mod random;
mod script;
#[allow(dead_code, reason = "shared with the tests of worlds; not all of it is used here")]
#[path = "../world/tools.rs"]
mod tools;
