//! Suite `boundary`: questions about single boundaries.

use super::{Suite, ring};

/// The suite.
pub const SUITE: Suite = Suite { name: "boundary", about: ring::ABOUT, run: ring::run };
