//! The registered suites.

pub mod baseline;
pub mod boundary;
pub mod consolidate;
pub mod diffusion;
pub mod earth;
pub mod edited;
pub mod erosion;
pub mod grid;
pub mod heat;
pub mod ingest;
pub mod landsea;
pub mod morton;
pub mod overlay;
pub mod point;
pub mod ring;
pub mod route;
pub mod shallow_water;
pub mod sync;
pub mod versions;

use crate::harness::{Bench, BenchError};

/// A list of cases on one set of data.
#[derive(Clone, Copy, Debug)]
pub struct Suite {
    /// Short, stable name: what one types after `cargo xtask bench`.
    pub name: &'static str,
    /// What is measured on which data, for the written page.
    pub about: &'static str,
    /// Measures all its cases.
    pub run: fn(&mut Bench<'_>) -> Result<(), BenchError>,
}

/// Every suite that can run, in the order it runs and is listed.
pub const ALL: &[Suite] = &[
    morton::SUITE,
    ingest::SUITE,
    point::SUITE,
    overlay::SUITE,
    versions::SUITE,
    consolidate::SUITE,
    erosion::SUITE,
    baseline::SUITE,
    sync::SUITE,
    landsea::SUITE,
    boundary::SUITE,
    route::SUITE,
    diffusion::SUITE,
    heat::SUITE,
    shallow_water::SUITE,
    grid::SUITE,
    erosion::SCALING,
];

/// The suite of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Suite> {
    ALL.iter().find(|suite| suite.name == name)
}
