//! Worlds as a whole: what goes in comes out, at every version, after damage and after crashes.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

mod basins;
mod damage;
#[cfg(feature = "bundled")]
mod earth;
mod full_disk;
mod killed;
mod local;
#[cfg(feature = "litho")]
mod npz;
mod random;
#[cfg(feature = "litho")]
mod strata;
mod tools;
mod versions;
