//! Suite `versions`: every commit is a version; making one, reading an old one, finding them all again.

mod blocks;
mod reopen;
mod voxel;

use super::Suite;
use crate::harness::{Bench, BenchError};

/// The suite.
pub const SUITE: Suite = Suite {
    name: "versions",
    about: "\
`one-voxel-…`: a single cell as one commit that is on the disk when it returns, again and again by one thread, cells
uniform in a cube of 1 km; `p99` is the time that 99 of a hundred commits do not exceed. redb and fjall keep the cell by
its key, in their strict modes; TileDB and icechunk keep an array of 256³ bytes in tiles of 32³, and a commit is a
version, as with us. (icechunk syncs nothing when it commits to a local folder.) `growth` is how much longer the
files become with each commit: our journal's records, TileDB's and icechunk's files; redb's and fjall's grow in steps,
so for them there is only `written`: what the disk is sent meanwhile, in whole blocks, the file system's own records
included.

`block-…`: a world of real relief and 1 000 commits of 100 cells each, normal (σ 12 cells) about one place on the
ground; then blocks of 32³ cells about that place as they were at random versions. Finding the version counts. `live`:
no edit has been folded into pages; `folded`: all have, in four parts, so that old versions are read from old pages and
the journal. The peers made the same commits to an array of 256³ bytes in tiles of 32³ (TileDB: a fragment with its
timestamp for each, a box about the commit's cells; icechunk: a snapshot each), and opening the version counts for
them too. All blocks are compared by their check sums.

`reopen-…`: a process commits one million cells (in memory only, with one sync in the end), each a commit of its own
(`single`) or a thousand to a transaction (`thousand`), and is killed. Then the time to open the world and read one
of these cells. Each round opens a fresh copy, which is in the system's cache.",
    run,
};

fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    voxel::run(bench)?;
    blocks::run(bench)?;
    reopen::run(bench)
}
