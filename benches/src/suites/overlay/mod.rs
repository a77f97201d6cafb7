//! Suite `overlay`: edits going in, and reads through them.

mod durable;
mod eager;
mod reads;
mod writes;

use super::Suite;
use crate::harness::{Bench, BenchError};

/// The suite.
pub const SUITE: Suite = Suite {
    name: "overlay",
    about: "\
`writes-…`: single cells at random, each acknowledged in memory and handed to the journal on disk, by one thread into a
world on disk: each cell a commit of its own (`single`) or a thousand to a transaction (`thousand`), uniform in a
cube of 1 km or over the planet within 100 m of the ground. The peer is the standard library's `HashMap` from
(x, y, z) to a material, which keeps no journal, no versions and no snapshots. The world has its usual budget of memory
and folds in the background when it must.

`durable-…`: eight threads commit transactions of 100 cells, each on the disk when it is acknowledged (`Group`: commits
that wait at the same time share a sync): clusters (normal, σ 25/25/5 cells) or uniform in a cube of 1 km. Peers keep
the cell by its key on the Morton curve, one durable transaction each; SQLite has a connection for each thread.
`written` is what the disk is sent meanwhile for each transaction, the file system's own records included (whoever
else writes counts too). In the end all hold the same cells.

`eager-…`: the four patterns of the requirements, counted in cells of a quarter metre, into a new world in memory.
`ack` is the time until a transaction of 1 000 cells is acknowledged, building it included (`ack-single`: each cell a
commit of its own); `amortised` adds the fold of all edits into pages. `eager octree` is an octree in memory, expanded
and collapsed at every edit, which nothing keeps on a disk: it works out every node above the cell anew, or stops
early where nothing changes any more (`again`: as many edits were made about the same places before, so that the
octree is fine there already). `eager pages` is our own page tree without an overlay,
committed to a store in memory every 100 edits. Each sample begins anew. `memory` is the heap that is still in use
after the same 10 000 edits, before (`live`) and after (`folded`) they are folded, pages in the store in memory
included.

`read-…`: one million edits lie over a world of real relief, in a cube of 1 km across the ground (`cube`) or over the
planet (`planet`). 0, 50 or 100 of a hundred points asked for were edited; the others lie in the same region. The
peer is the same world without edits, asked for the same points. `pinned` holds a view's pages (`View::pin`), `sample`
does not. Every answer is compared with a hash map over the base.",
    run,
};

fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    writes::run(bench)?;
    durable::run(bench)?;
    eager::run(bench)?;
    reads::run(bench)
}
