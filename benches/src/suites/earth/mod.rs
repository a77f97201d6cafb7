//! What the suites about a world made of real relief share: the peers for bytes and for answers,
//! and running the `bm` program.

pub mod child;
pub mod dense;
pub mod packers;
