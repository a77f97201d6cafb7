//! Suite `baseline`: grids beside what the requirements compare them with, land in the leaves of an octree and land of one
//! polygon a cell.

mod memory;
mod process;

use super::Suite;
use crate::harness::{Bench, BenchError};

/// The suite.
pub const SUITE: Suite = Suite {
    name: "baseline",
    about: "\
Grids beside other structures for the same cells, written for this suite in Rust. `octree leaves`: a sparse octree in the
world's frame, with cells of 128 m nineteen halvings below its root, at the height of the surface; a neighbour is looked
for from the least ancestor that may hold it. `cell polygons`: each cell a ring of five points; neighbours are found by
their envelopes in a packed R-tree (rstar). Cells are stored along the Morton curve in both. `…, neighbours kept`: all
neighbourhoods were found before, outside the time, and are kept at 32 bytes a cell; that is a graph of cells, no longer a
tree that is asked.

`step-…-N`: a whole step of erosion on fractal mountains of N² cells, each time from the same heights: 0.5 m of uplift,
routing out of depressions, drainage area, implicit stream power (n = 1), creep by alternating directions. Methods and
equations are the same on all sides (a Priority-Flood visits the peers' cells, whose order rivers use again; rows and columns
are walked from neighbour to neighbour), and every height after it must agree within 1e-9 of the relief. Without `2t`, times
are those spent on a processor, one thread on all sides.

`memory`: bytes a cell of material, heights as `f64` and four `f32` layers, all on the heap, neighbours not kept; `WKB` is
what the polygons take as well-known binary, with 26 bytes of values for each. `merged-S`: materials alone, in regions of S
cells in the mean (Voronoi cells around random points; eight materials; regions of one material that touch are one), as a grid and as
polygons of whole regions; what each says of every cell is compared. `crossover-…`: the mean size of regions (as they
are, joined), in cells, above which the polygons are smaller than the grid.",
    run,
};

fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    process::run(bench)?;
    memory::run(bench)
}
