//! Land out of the world and back.
//!
//! | file | what it tries |
//! |---|---|
//! | `back.rs` | what is laid back is what the world then says; conflicts; edits; land over land |
//! | `coast.rs` | coastlines that follow the land's shores |
//! | `crash.rs` | folders as a kill or a loss of power leaves them, one by one |
//! | `lakes.rs` | water that stands on land |
//! | `killed.rs` | a process that simulates and commits is killed, over and over |
//! | `folder.rs` | check-outs beside a world: whole or not there, held by one, damaged |
#![cfg(feature = "bundled")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "what fails here is to fail the test")]

mod back;
mod coast;
mod crash;
mod folder;
mod killed;
mod lakes;
mod support;
