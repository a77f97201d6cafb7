//! Trains the prior that raster compression starts from.
//!
//! `cargo run --release -p bm-benches --bin train_prior -- RELIEF [OUT]` lays a relief into a world in memory, takes the
//! rasters of its pages in a fixed random order, lets the model read them all, and compares what it then knows with
//! the prior in the tree. With OUT it also writes it: a new prior is a new version of the page format.

use std::error::Error;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;

use bm_codec::body::{Base, Body};
use bm_codec::raster::train_prior;
use bm_hybrid::{ReliefIngest, World};
use bm_io::{ReliefOptions, read_relief};
use bm_store::PageRange;

const PRIOR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/bm-codec/src/raster/prior-v1.zst");

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (relief, out) = match args.as_slice() {
        [relief] => (relief, None),
        [relief, out] => (relief, Some(out)),
        _ => {
            eprintln!("usage: train_prior RELIEF [OUT]");
            return ExitCode::from(2);
        }
    };
    match run(relief.as_ref(), out.map(AsRef::as_ref)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(e) => {
            eprintln!("train_prior: {e}");
            ExitCode::FAILURE
        }
    }
}

/// Whether the prior in the tree is the one that this relief gives.
fn run(relief: &Path, out: Option<&Path>) -> Result<bool, Box<dyn Error>> {
    let mut rasters = rasters(relief)?;
    shuffle(&mut rasters);
    let prior = train_prior(&rasters);
    let same = std::fs::read(PRIOR)? == prior;
    let verdict = if same { "the one in the tree" } else { "not the one in the tree" };
    eprintln!("{} rasters give a prior of {} bytes: {verdict}", rasters.len(), prior.len());
    if let Some(out) = out {
        std::fs::write(out, &prior)?;
        return Ok(true);
    }
    Ok(same)
}

type Samples = (Vec<i32>, usize, usize);

/// The surfaces of all pages, as they are stored.
fn rasters(relief: &Path) -> Result<Vec<Samples>, Box<dyn Error>> {
    let relief = read_relief(relief, &ReliefOptions::default())?;
    let world = World::in_memory()?;
    world.ingest_relief(&relief, &ReliefIngest::default(), &|_| ())?;
    let mut found = Vec::new();
    let mut damaged = None;
    world.store().snapshot()?.scan(PageRange::ALL, &mut |_, bytes| match Body::decode(&bytes) {
        Ok(Body { base: Base::Strata(s), .. }) => {
            let (w, h) = s.surface.size();
            found.push(((0..w * h).map(|k| s.surface.sample(k % w, k / w)).collect(), w, h));
            ControlFlow::Continue(())
        }
        Ok(_) => ControlFlow::Continue(()),
        Err(e) => {
            damaged = Some(e);
            ControlFlow::Break(())
        }
    })?;
    damaged.map_or(Ok(found), |e| Err(e.into()))
}

/// Fisher–Yates with a fixed linear congruential generator (Knuth's MMIX), so that what is remembered best is not
/// the north pole, which comes last.
fn shuffle<T>(items: &mut [T]) {
    let mut state = 12_345u64;
    for i in (1..items.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        items.swap(i, (state >> 33) as usize % (i + 1));
    }
}
