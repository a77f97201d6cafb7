//! Suite `erosion`: depressions, flow, rivers and creep beside the libraries for them.

mod fill;
mod parts;
mod scaling;
pub(super) mod whole;

pub use scaling::SCALING;

use std::path::Path;

use bm_process::field::Field;

use super::Suite;
use crate::harness::{Bench, BenchError};
use crate::inputs::terrain::{Case, Law, asia, fractal};
use crate::peers::terrain::{Kind, Terrain};
use crate::suites::earth::TemporaryFolder;

/// The suite.
pub const SUITE: Suite = Suite {
    name: "erosion",
    about: "\
Rasters of 64-bit heights, all edges base level: `fractal-N`, N² cells of 100 m on mountains of 1 km with pits at all
scales, and `asia-1024`, real relief in whole metres (many equal heights). All contestants get the same file.
Where one thread is compared (no `2t` in the name), times are those spent on a processor; otherwise those on the wall,
and the peer still uses one thread, which is all it can.

`fill-…`, `gradient-…`: depressions filled flat, and with the least gradient; answers compared bit by bit.
`flood-…`: routing of water, out of depressions over the surface filled with the least gradient, and drainage area;
`carve-…`: the same, out of depressions by turned flow. Flooded receivers and areas must equal the peer's; of equally
low passes the two sides carve different ones, so there only the totals that leave are compared.
`cut-…`: implicit stream power, K = 1e-5, m = 0.4, steps of 10 000 years, n = 1 and n = 1.5. Heights must agree
within 1e-9 of the relief. Creep alone is in suite `diffusion`.

`step-…`: all of it, step upon step from where the last one led, with 0.5 m of uplift in each; after the last one (the
hundredth, at 1024²) the heights must agree within 1e-9 of the relief (with landlab, whose schemes differ, nothing is
compared but that the relief is of one kind: within a tenth). Between steps, and not timed, all sides round heights to
multiples of 2^-30 m. Else the last bits, which no two programs share, decide where the shore of a lake drains to, as the
least gradient over a lake is a unit in the last place: without rounding both agree within 1e-14 for some steps, then
single cells near shores go other ways (after nine steps a hundred of a million differ, by up to 1e-5 of the relief). `step-asia-…`
is land lifted to heights from 2^14 m on, whose last places are all the same: near height 0 a shore's drops to two cells of a
lake differ by less than their quotients can tell, and the peer, which compares quotients, takes the first of the two, ours
the lower. Nothing else depends on where height 0 is.",
    run,
};

fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    let folder = TemporaryFolder::new("erosion")?;
    let size = if bench.is_quick() { 256 } else { 1024 };
    let fractal = Case { ground: fractal(size, 11), law: Law::default() };
    let mut cases = vec![(format!("fractal-{size}"), fractal)];
    match asia(size)? {
        Some(ground) => cases.push((format!("asia-{size}"), Case { ground, law: Law::default() })),
        None => bench.leave_out("asia", "run `cargo xtask data`")?,
    }
    for (name, case) in &cases {
        fill::run(bench, name, case, folder.path())?;
        parts::run(bench, name, case, folder.path())?;
    }
    whole::run(bench, folder.path())
}

/// A peer on a raster; `None`, and the reason printed, when it is not there.
fn peer(
    bench: &mut Bench<'_>,
    kind: Kind,
    case: &Case,
    folder: &Path,
) -> Result<Option<Terrain>, BenchError> {
    match Terrain::start(kind, case, folder) {
        Ok(terrain) => Ok(Some(terrain)),
        Err(error) => {
            bench.leave_out(kind.name(), &error.to_string())?;
            Ok(None)
        }
    }
}

fn ours(error: impl std::fmt::Display) -> BenchError {
    BenchError::contestant("ours", error)
}

/// From the lowest to the highest cell.
fn relief(ground: &Field) -> f64 {
    let (low, high) =
        ground.values.iter().fold((f64::MAX, f64::MIN), |(low, high), &z| (z.min(low), z.max(high)));
    high - low
}

/// The largest difference of two rasters, as a share of the relief.
pub(super) fn difference(ground: &Field, a: &[f64], b: &[f64]) -> f64 {
    let largest = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    if a.len() == b.len() { largest / relief(ground) } else { f64::INFINITY }
}
