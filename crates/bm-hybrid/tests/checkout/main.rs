//! Land out of the world and back.
#![cfg(feature = "bundled")]

mod back;
mod coast;
mod folder;
mod support;
