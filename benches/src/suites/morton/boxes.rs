//! Searching the curve for a box (BIGMIN, LITMAX), and covering a box by ranges.

use std::cell::RefCell;
use std::ops::RangeInclusive;

use bm_morton::{Box3U64, CodeRange, bigmin3, litmax3};

use super::rivals;
use super::zcurve::{self, ZCurve};
use crate::harness::{Bench, BenchError, Case, Measure, Targets, Unit};
use crate::inputs::{self, Random};

const AXIS: u64 = 1 << 21;

/// The two searches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Search {
    BigMin,
    LitMax,
}

/// Calls as `[code, least code of the box, greatest code of the box]`: 1,000 codes for each of
/// 1,000 boxes (100 for each of 100 in a quick run), between the two.
fn calls(quick: bool) -> Vec<[u64; 3]> {
    let count = if quick { 100 } else { 1000 };
    let mut random = Random::new(1981);
    let mut calls = Vec::with_capacity(count * count);
    for _ in 0..count {
        let spans = [0; 3].map(|_| {
            let (a, b) = (random.below(AXIS), random.below(AXIS));
            [a.min(b) as u32, a.max(b) as u32]
        });
        let [lo, hi] = [0, 1].map(|end| rivals::magic_encode(spans[0][end], spans[1][end], spans[2][end]));
        for _ in 0..count {
            // Strictly inside, so that every answer exists: zCurve has no way to say "none".
            let code = lo + 1 + random.below((hi - lo).saturating_sub(1));
            calls.push([code.min(hi), lo, hi]);
        }
    }
    calls
}

/// BIGMIN and LITMAX, one call for each code.
pub(super) fn search(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    let calls = calls(bench.is_quick());
    one_search(bench, Search::BigMin, &calls, bigmin3, rivals::bigmin_bit_loop)?;
    one_search(bench, Search::LitMax, &calls, litmax3, rivals::litmax_bit_loop)
}

fn one_search(
    bench: &mut Bench<'_>,
    search: Search,
    calls: &[[u64; 3]],
    ours: impl Fn(u64, u64, u64) -> Option<u64> + Copy,
    textbook: impl Fn(u64, u64, u64) -> Option<u64> + Copy,
) -> Result<(), BenchError> {
    let name = match search {
        Search::BigMin => "bigmin",
        Search::LitMax => "litmax",
    };
    let equal = calls.iter().all(|&[code, lo, hi]| ours(code, lo, hi) == textbook(code, lo, hi));
    let ops = calls.len() as u64;
    // Summing keeps every answer alive and costs one addition.
    let mut case = Case::new(name, Unit::Nanoseconds("call"), Measure::one_thread(ops, || sum(calls, ours)))
        .targets(Targets::new(30.0, 10.0))
        .peer("bit loop (Tropf & Herzog)", Measure::one_thread(ops, || sum(calls, textbook)), equal);
    // A call takes it a thousand times as long.
    let few: Vec<[u64; 3]> = calls.iter().step_by(calls.len() / 2000).copied().collect();
    match inputs::peer_python().map(|python| ZCurve::start(&python, search, &few)) {
        None => bench.leave_out(zcurve::NAME, "run `cargo xtask peers`")?,
        Some(Err(error)) => bench.leave_out(zcurve::NAME, &error.to_string())?,
        Some(Ok(mut peer)) => {
            let equal = peer.answers.len() == few.len()
                && few
                    .iter()
                    .zip(&peer.answers)
                    .all(|(&[code, lo, hi], &answer)| ours(code, lo, hi) == Some(answer));
            case = case.peer(zcurve::NAME, Measure::given(move || peer.round()), equal);
        }
    }
    bench.run(case)
}

#[inline(always)]
fn sum(calls: &[[u64; 3]], search: impl Fn(u64, u64, u64) -> Option<u64>) -> u64 {
    calls.iter().fold(0, |sum: u64, &[code, lo, hi]| sum.wrapping_add(search(code, lo, hi).unwrap_or(1)))
}

/// A half-open box, as both sides take it.
#[derive(Clone, Copy)]
struct Corners {
    min: [u32; 3],
    max: [u32; 3],
    bounds: Box3U64,
}

/// 64 boxes of about `cells` cells: the sides are random around the cube root.
fn random_boxes(cells: u64) -> Result<Vec<Corners>, BenchError> {
    let mut random = Random::new(cells);
    let mut boxes = Vec::new();
    while boxes.len() < 64 {
        let side = (cells as f64).cbrt();
        let stretch = [0; 2].map(|_| (random.unit() * 2.0 - 1.0).exp());
        let sides = [side * stretch[0], side * stretch[1], side / stretch[0] / stretch[1]]
            .map(|s| s.round().max(1.0) as u64);
        let min = sides.map(|s| random.below(AXIS - s) as u32);
        let max = [0, 1, 2].map(|d| min[d] + sides[d] as u32);
        let bounds = Box3U64::new(min, max)
            .ok_or_else(|| BenchError::contestant("ours", format!("no box {min:?}..{max:?}")))?;
        boxes.push(Corners { min, max, bounds });
    }
    Ok(boxes)
}

/// Exact covers, then covers by a limited number of ranges.
pub(super) fn ranges(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    for cells in [1, 100, 10_000, 1_000_000] {
        exact(bench, cells)?;
    }
    for budget in [8, 64, 512] {
        limited(bench, 1_000_000, budget)?;
    }
    Ok(())
}

fn exact(bench: &mut Bench<'_>, cells: u64) -> Result<(), BenchError> {
    let boxes = random_boxes(cells)?;
    let ours = |corners: &Corners, out: &mut Vec<RangeInclusive<u64>>| {
        out.clear();
        out.extend(corners.bounds.ranges().map(RangeInclusive::from));
    };
    let theirs = |corners: &Corners, out: &mut Vec<RangeInclusive<u64>>| {
        rivals::octant_ranges(corners.min, corners.max, out);
    };
    let (mut a, mut b) = (Vec::new(), Vec::new());
    let (mut equal, mut count) = (true, 0);
    for corners in &boxes {
        ours(corners, &mut a);
        theirs(corners, &mut b);
        equal &= a == b;
        count += a.len() as u64;
    }
    let boxes = &boxes;
    let all = |cover: fn(&Corners, &mut Vec<RangeInclusive<u64>>)| {
        let out = RefCell::new(Vec::new());
        Measure::one_thread(count, move || {
            let mut out = out.borrow_mut();
            boxes.iter().fold(0, |sum, corners| {
                cover(corners, &mut out);
                sum + out.len()
            })
        })
    };
    bench.run(
        Case::new(format!("ranges-exact-{cells}-cells"), Unit::Nanoseconds("range"), all(ours))
            .targets(Targets::new(300.0, 100.0))
            .peer("recursion into octants", all(theirs), equal),
    )
}

/// The time a range takes under a budget, and how much more than the box is covered.
fn limited(bench: &mut Bench<'_>, cells: u64, budget: usize) -> Result<(), BenchError> {
    let boxes = random_boxes(cells)?;
    let mut buffer = vec![CodeRange::default(); budget];
    let mut exact = Vec::new();
    let (mut asked, mut ours, mut best, mut count) = (0, 0, 0, 0);
    let mut right = true;
    for corners in &boxes {
        let cover =
            corners.bounds.cover(&mut buffer).ok_or_else(|| BenchError::contestant("ours", "no cover"))?;
        rivals::octant_ranges(corners.min, corners.max, &mut exact);
        // Right means: no more ranges than allowed, and every code of the box is in one.
        right &= cover.ranges.len() <= budget && holds(cover.ranges, &exact);
        asked += corners.bounds.cell_count();
        ours += cover.codes;
        best += best_cover(&exact, budget);
        count += cover.ranges.len() as u64;
    }
    bench.run(
        Case::new(
            format!("ranges-at-most-{budget}"),
            Unit::Nanoseconds("range"),
            Measure::one_thread(count, || {
                boxes.iter().fold(0_u64, |sum, corners| {
                    let cover = corners.bounds.cover(&mut buffer);
                    sum.wrapping_add(cover.map_or(0, |cover| cover.codes))
                })
            }),
        )
        .targets(Targets::new(300.0, 100.0))
        .checked(right),
    )?;
    let factor = |covered: u64| Measure::constant(covered as f64 / asked as f64);
    bench.run(
        Case::new(format!("over-cover-at-most-{budget}"), Unit::Factor("cells/cell"), factor(ours))
            .peer("best possible cover", factor(best), right)
            .rounds(1),
    )
}

/// Whether every exact range lies within one of the covering ones; both ascend.
fn holds(cover: &[CodeRange<u64>], exact: &[RangeInclusive<u64>]) -> bool {
    let mut cover = cover.iter().peekable();
    exact.iter().all(|run| {
        while cover.peek().is_some_and(|range| range.last < *run.start()) {
            cover.next();
        }
        cover.peek().is_some_and(|range| range.first <= *run.start() && *run.end() <= range.last)
    })
}

/// Codes covered when only the widest gaps of the exact cover stay open.
fn best_cover(exact: &[RangeInclusive<u64>], budget: usize) -> u64 {
    let (Some(first), Some(last)) = (exact.first(), exact.last()) else {
        return 0;
    };
    let mut gaps: Vec<u64> = exact.windows(2).map(|pair| pair[1].start() - pair[0].end() - 1).collect();
    gaps.sort_unstable_by(|a, b| b.cmp(a));
    let open: u64 = gaps.iter().take(budget.saturating_sub(1)).sum();
    last.end() - first.start() + 1 - open
}
