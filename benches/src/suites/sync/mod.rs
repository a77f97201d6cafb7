//! Suite `sync`: dense grids, boundaries into their cells, and lines out of them.

mod grids;
mod lines;
mod scan;
mod scenes;
mod shores;

use super::Suite;
use crate::harness::{Bench, BenchError};

/// The suite.
pub const SUITE: Suite = Suite {
    name: "sync",
    about: "\
One thread, by its own processor time, a million cells (1000²) unless the name says otherwise.

`create-…` fills a grid cell by cell from a function that gives each tile several materials; `create-uniform` is one of
one material; `layer-…` makes a layer and writes every cell of it. The peer is a plain array, allocated and filled by the
same function.

`straight`, `diagonal`, `jagged`: 1, 10 or 100 lines through the whole grid, evenly apart (jagged ones have 500
segments), linear transition, 5 m wide, into a grid that is one material before; `coast`: the 1, 10 or 100 longest pieces
of real shoreline (GSHHG) in a square of 50 km in western Norway, at 50 m, with the same width in cells;
`area`: all its rings as one area. All derived cells are made anew. The peer is the scan of each line's
bounding rectangle, cell by cell, that the requirements describe, deciding by the same rules. Every cell of both is compared.

`edit-…`: one jagged line among a hundred moves; old and new geometry together touch about 0.1, 0.5 or 1 % of the cells. The
peer makes all cells anew. The result is compared with a rebuild from scratch.

`shorelines` takes the zero line out of a fractal relief by marching squares; the peer is the crate `contour` on the same
array. Both are checked by asking, for every cell's centre, whether it lies inside. `borders` takes the arcs between
classes of heights; it is checked by counting unlike neighbours.",
    run,
};

fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    grids::run(bench)?;
    lines::run(bench)?;
    shores::run(bench)
}

fn ours(error: impl std::fmt::Display) -> BenchError {
    BenchError::contestant("ours", error)
}
