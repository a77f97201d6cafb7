//! Suite `morton`: codes, searching the curve for a box, and covering a box by ranges.

mod boxes;
pub mod codes;
pub mod rivals;
mod zcurve;

use super::Suite;
use crate::harness::{Bench, BenchError};

/// The suite.
pub const SUITE: Suite = Suite {
    name: "morton",
    about: "\
One thread; times are the thread's own processor time, so other programs do not count.

Codes: 65,536 random triples of 21 bits an axis (16 bits where the case says so), from three arrays
to one of codes and back. The *bare loops* are `pdep`/`pext` in a function compiled for BMI2: the
limit of the hardware for one code at a time. A *converter* chooses its path once before a loop, the
scalar functions at every call. *Magic bits* are shifts and masks, which the compiler
vectorises by itself. `zorder` and `morton-encoding` need 128-bit codes for 21 bits an axis.

Search (BIGMIN, LITMAX): 1,000 random boxes, 1,000 random codes each, between the box's first and
last code. The *bit loop* is the textbook form; zCurve is pure Python on 2,000 calls of the same list.

Ranges: 64 random boxes of about N cells and random shape. The exact cover is compared with the
textbook recursion into octants; covers by at most N ranges are compared with the best possible ones
(all gaps of the exact cover sorted, the widest kept open), in cells covered for each cell asked.",
    run,
};

fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    codes::run(bench)?;
    boxes::search(bench)?;
    boxes::ranges(bench)
}
