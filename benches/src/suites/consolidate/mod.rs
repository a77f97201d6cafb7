//! Suite `consolidate`: edits folded into pages.

mod disk;
mod stalls;
mod throughput;

use super::Suite;
use crate::harness::{Bench, BenchError};

/// The suite.
pub const SUITE: Suite = Suite {
    name: "consolidate",
    about: "\
`fold-…`: edits in a world of real relief on disk, one million uniform in a cube of 1 km (`cube`) or 200 000 in clusters
of 50 (σ 25/25/5 cells) all over the planet (`planet`), made a thousand to a commit and then folded into pages by each
strategy, which takes half of the memory at a time (`all`: everything at once), until none is left. `bytes` are those of
the pages written; `amplification` is how many of them for each byte of edits, at 10 bytes an edit (8 for the cell, 2
for the material). `threads` does `all` once more, with all processors and with one for the whole process.

`stall-…`: how long single reads (`View::pin`) of points of that cube, and single commits in memory into it, take while
one million edits are folded in the background, and as many again when nothing else happens; the value is the time
that this share of them does not exceed. The peer is ourselves when idle. The fold takes all the cores there are, so on a
machine of two the one who is measured shares them with it.

`disk-…`: one million edits uniform in a cube of 1 km, of one material or of eight at random, folded and compacted: how
much longer the files of the world are, for each cell edited. The peer is what information theory allows:
log2 of the number of ways to choose so many of 4000³ cells, and the materials' bits; no program reaches it.",
    run,
};

fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    throughput::run(bench)?;
    stalls::run(bench)?;
    disk::run(bench)
}
