//! How many points a second.

use super::NEAR_SEA_LEVEL;
use crate::error::WorldError;
use crate::ingest::Progress;
use crate::view::View;
use bm_core::Pos;
use bm_core::frame::{SEA_LEVEL, TICKS_PER_METRE, WORLD_X, WORLD_Y, edge_metres};
use serde::Serialize;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Levels measured: the finest, one metre, the page tiers, and coarse ones whose answers are summaries.
const LEVELS: [u8; 7] = [28, 26, 21, 14, 7, 3, 0];
/// Points asked for, over and over.
const POINTS: usize = 1 << 16;
/// How long a level is measured.
const WINDOW: Duration = Duration::from_millis(200);

/// Random points a second at one level.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct Rate {
    /// Level of the cells asked for.
    pub level: u8,
    /// Their edge in metres.
    pub cell_m: f64,
    /// Points answered a second by one thread, one at a time, in random order.
    pub points_per_second: f64,
}

/// Asks for random points near sea level at several levels, each for a moment.
pub(super) fn measure(view: &View, progress: &(dyn Fn(&Progress) + Sync)) -> Result<Vec<Rate>, WorldError> {
    let points = random_points(POINTS)?;
    // Brings every page that is needed into memory.
    for &p in &points {
        view.sample(p)?;
    }
    let total = LEVELS.len() as u64;
    let mut out = Vec::new();
    for (done, level) in (0..).zip(LEVELS) {
        progress(&Progress { stage: "query rates", done, total });
        let (n, seconds) = ask(view, &points, level)?;
        out.push(Rate { level, cell_m: edge_metres(level), points_per_second: n as f64 / seconds });
    }
    Ok(out)
}

/// Asks until the time is over; the clock is looked at seldom where answers are quick.
fn ask(view: &View, points: &[Pos], level: u8) -> Result<(u64, f64), WorldError> {
    let step = if level > 14 { 1024 } else { 8 };
    let start = Instant::now();
    let mut n = 0u64;
    for chunk in points.chunks(step).cycle() {
        for &p in chunk {
            let sample = if level == bm_core::frame::MAX_LEVEL {
                view.sample(p)
            } else {
                view.sample_at_level(p, level)
            };
            black_box(sample?);
        }
        n += chunk.len() as u64;
        if start.elapsed() >= WINDOW {
            break;
        }
    }
    Ok((n, start.elapsed().as_secs_f64()))
}

/// Points all over the globe, the same in every run.
fn random_points(n: usize) -> Result<Vec<Pos>, WorldError> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    // SplitMix64 (Steele, Lea & Flood 2014).
    let mut below = |end: u32| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((((z ^ (z >> 31)) >> 32) * u64::from(end)) >> 32) as u32
    };
    let half = NEAR_SEA_LEVEL * TICKS_PER_METRE;
    (0..n)
        .map(|_| Ok(Pos::new(below(WORLD_X), below(WORLD_Y), SEA_LEVEL - half + below(2 * half))?))
        .collect()
}
