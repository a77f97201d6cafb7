//! Land out of the world and back.
//!
//! | file | what it tries |
//! |---|---|
//! | `back.rs` | what is laid back is what the world then says; conflicts; edits; land over land |
//! | `coast.rs` | coastlines that follow the land's shores |
//! | `folder.rs` | check-outs beside a world: whole or not there, held by one, damaged |
#![cfg(feature = "bundled")]
#![allow(clippy::unwrap_used, reason = "what fails here is to fail the test")]

mod back;
mod coast;
mod folder;
mod lakes;
mod support;
