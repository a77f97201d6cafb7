//! New shores in old coastlines.
//!
//! | file | what it tries |
//! |---|---|
//! | `cases.rs` | one case after the other: straits, bridges, islands, lakes, corners, the date line |
//! | `random.rs` | random coasts and random land, against what each point must say |
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here is to fail the test")]

mod cases;
mod random;
mod support;
