//! Boundaries in worlds: who speaks where, at which version, beside which edits.
//!
//! | file | what it tries |
//! |---|---|
//! | `shore.rs` | a coast over coarse relief: both sides, columns, surfaces, volumes, levels, edits that win |
//! | `versions.rs` | commits with edits, old versions, folds, reopening, compaction, revert, refusals |
//! | `route.rs` | layers as trait objects, grids, counters, T17 to T19 |
#![allow(clippy::unwrap_used, missing_docs, reason = "a test stops at the first surprise")]

mod route;
mod shore;
mod support;
#[allow(dead_code, reason = "shared with the tests of worlds; not all of it is used here")]
#[path = "../world/tools.rs"]
mod tools;
mod versions;
