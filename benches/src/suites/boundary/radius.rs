//! Lines by exact distance.

use std::sync::Arc;

use bm_vector::index::BoundaryIndex;
use bm_vector::{Boundary, Extent, Frame, Kind, Shape};
use geo_index::rtree::sort::HilbertSort;
use geo_index::rtree::{RTree as Packed, RTreeBuilder, RTreeIndex};
use geo_types::{Coord, Line, LineString};
use rstar::RTree;
use rstar::primitives::{GeomWithData, Line as Segment};

use crate::harness::{Bench, BenchError, Case, Measure, Targets, Unit};
use crate::inputs::Random;

type Item = GeomWithData<Segment<[f64; 2]>, u32>;

/// Lines, and points that are asked about.
struct Work {
    lines: Vec<Line<f64>>,
    points: Vec<Coord<f64>>,
}

/// How lines lie.
#[derive(Clone, Copy, PartialEq)]
enum Kinds {
    /// A thousand of 2 to 20 m on every square kilometre.
    Short,
    /// All across one square kilometre.
    Long,
}

impl Work {
    fn new(kinds: Kinds, count: usize) -> Self {
        let mut random = Random::new(42);
        let edge = if kinds == Kinds::Short { 1000.0 * (count as f64 / 1000.0).sqrt() } else { 1000.0 };
        let mut place = {
            let mut random = random.clone();
            move || Coord { x: random.unit() * edge, y: random.unit() * edge }
        };
        let lines = (0..count).map(|_| {
            let from = place();
            let to = match kinds {
                Kinds::Long => place(),
                Kinds::Short => {
                    let (angle, length) = (random.unit() * std::f64::consts::TAU, 2.0 + 18.0 * random.unit());
                    from + Coord { x: length * angle.cos(), y: length * angle.sin() }
                }
            };
            Line::new(from, to)
        });
        let lines = lines.collect();
        Self { lines, points: (0..1000).map(|_| place()).collect() }
    }

    fn ours(&self) -> Result<BoundaryIndex, BenchError> {
        let all = self.lines.iter().enumerate().map(|(i, line)| {
            Arc::new(Boundary {
                // As long as each other, so that names sort as numbers do.
                id: format!("{i:07}").into(),
                kind: Kind::Fault,
                shape: Shape::Lines(vec![LineString::new(vec![line.start, line.end])]),
                transition: None,
                extent: Extent::Ground,
                priority: 0.0,
                precision: 1.0,
                properties: std::collections::BTreeMap::new(),
            })
        });
        BoundaryIndex::bulk_load(Frame::Plane, all).map_err(|error| BenchError::contestant("ours", error))
    }

    fn packed(&self) -> Packed<f64> {
        let mut builder = RTreeBuilder::new(self.lines.len() as u32);
        for line in &self.lines {
            let b = line.bounding_rect();
            builder.add(b.min().x, b.min().y, b.max().x, b.max().y);
        }
        builder.finish::<HilbertSort>()
    }

    fn rstar(&self) -> RTree<Item> {
        let corner = |c: Coord<f64>| [c.x, c.y];
        let items = self.lines.iter().zip(0..);
        RTree::bulk_load(
            items.map(|(l, i)| Item::new(Segment::new(corner(l.start), corner(l.end)), i)).collect(),
        )
    }
}

trait Bounds {
    fn bounding_rect(&self) -> geo_types::Rect<f64>;
}

impl Bounds for Line<f64> {
    fn bounding_rect(&self) -> geo_types::Rect<f64> {
        geo_types::Rect::new(self.start, self.end)
    }
}

fn asked_ours(index: &BoundaryIndex, work: &Work, radius: f64) -> (u64, u64) {
    let mut sums = (0, 0);
    for &p in &work.points {
        let (hits, counts) = index.within_counted(p, radius, true);
        sums.0 += hits.len() as u64;
        sums.1 += counts.candidates as u64;
    }
    sums
}

/// Hits of geo-index, decided by the same exact distance as ours.
fn asked_packed(tree: &Packed<f64>, work: &Work, radius: f64) -> u64 {
    let metric = Frame::Plane.metric(Coord { x: 0.0, y: 0.0 });
    let mut found: Vec<(f64, u32)> = Vec::new();
    let mut sum = 0;
    for &p in &work.points {
        found.clear();
        for i in tree.search(p.x - radius, p.y - radius, p.x + radius, p.y + radius) {
            let line = work.lines[i as usize];
            let (distance, _) = metric.to_segment(p, line.start, line.end);
            if distance <= radius {
                found.push((distance, i));
            }
        }
        // Nearest first, as ours gives them.
        found.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        sum += found.len() as u64;
    }
    sum
}

fn asked_rstar(tree: &RTree<Item>, work: &Work, radius: f64) -> u64 {
    let hits = work.points.iter().map(|p| tree.locate_within_distance([p.x, p.y], radius * radius).count());
    hits.sum::<usize>() as u64
}

pub(super) fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    let sizes: &[(usize, &str)] = &[(1000, "1k"), (10_000, "10k"), (100_000, "100k"), (1_000_000, "1M")];
    let quick = bench.is_quick();
    for &(count, name) in &sizes[..if quick { 2 } else { 4 }] {
        compare(bench, Kinds::Short, count, &format!("short-{name}"))?;
    }
    for &(count, name) in &sizes[..2] {
        compare(bench, Kinds::Long, count, &format!("long-{name}"))?;
    }
    Ok(())
}

fn compare(bench: &mut Bench<'_>, kinds: Kinds, count: usize, name: &str) -> Result<(), BenchError> {
    let work = Work::new(kinds, count);
    let (ours, packed, rstar) = (work.ours()?, work.packed(), work.rstar());
    let queries = work.points.len() as u64;
    for radius in [10.0, 100.0] {
        let (hits, candidates) = asked_ours(&ours, &work, radius);
        let theirs = asked_packed(&packed, &work, radius);
        let boxes: usize = work
            .points
            .iter()
            .map(|p| packed.search(p.x - radius, p.y - radius, p.x + radius, p.y + radius).len())
            .sum();
        // rstar compares squares, which may round to the other side of a radius.
        let exact = hits == theirs && hits.abs_diff(asked_rstar(&rstar, &work, radius)) <= hits / 100_000;
        bench.run(
            Case::new(
                format!("radius-{radius}m-{name}"),
                Unit::Nanoseconds("query"),
                Measure::one_thread(queries, || asked_ours(&ours, &work, radius)),
            )
            .peer_with(
                "geo-index 0.4 (static) + exact distance",
                Measure::one_thread(queries, || asked_packed(&packed, &work, radius)),
                exact,
                Targets::new(1.0, 2.0),
            )
            .peer(
                "rstar 0.12, lines",
                Measure::one_thread(queries, || asked_rstar(&rstar, &work, radius)),
                exact,
            ),
        )?;
        let each = |n: u64| Measure::constant((n as f64 / queries as f64).max(1e-9));
        bench.run(
            Case::new(
                format!("radius-{radius}m-{name}-candidates"),
                Unit::Factor("candidates/query"),
                each(candidates),
            )
            .peer("geo-index: boxes met", each(boxes as u64), exact)
            .peer("hits", each(hits), exact)
            .rounds(1),
        )?;
    }
    Ok(())
}
