//! Suite `boundary`: boxes by place while boxes come and go, short and long lines by distance.

mod boxes;
mod live;
mod radius;
mod strtree;

use super::Suite;
use crate::harness::{Bench, BenchError};

/// The suite.
pub const SUITE: Suite = Suite {
    name: "boundary",
    about: "Boxes: 1 M random ones with sides of 0 to 9 in 10 000 × 10 000 (100 k in a quick run), windows of 100 × 100 \
            with 109 hits, points in boxes, the nearest box. Cases named `live` are asked of an index into which a fifth \
            of all boxes went after it was built, and out of which as many were taken, with a thousand more of both \
            before every round; geo-index and STRtree cannot do that and stay as they were built. `growth-…` holds the \
            density and raises the number.\n\
            Radius: two-point lines as features, all within 10 m or 100 m of a point by exact distance. Short: 2 to 20 m \
            long, a thousand a square kilometre, whatever the number. Long: both ends random in one square kilometre. \
            geo-index finds boxes, and the same exact distance as ours decides about its hits.\n\
            \
`ring-…`: points uniform in the box around one ring of 1 000 or 100 000 vertices that is jagged like a shore (its radius
is a sum of waves), asked by `locate_batch`; processor time of one thread for all. GEOS is asked by shapely's
`contains_xy`, which loops inside, with a prepared polygon. All answers are compared.",
    run,
};

fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    boxes::run(bench)?;
    live::run(bench)?;
    radius::run(bench)?;
    super::ring::run(bench)
}
