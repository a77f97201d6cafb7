//! Boxes, as they were built.

use bm_vector::index::DynamicIndex;
use geo_index::rtree::sort::{HilbertSort, STRSort, Sort};
use geo_index::rtree::{RTree as Packed, RTreeBuilder, RTreeIndex};
use geo_types::{Coord, Rect};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, PointDistance, RTree};

use super::strtree::{self, StrTree};
use crate::harness::{Bench, BenchError, Case, Measure, Targets, Unit};
use crate::inputs::{self, Random};

/// What rstar keeps.
pub(super) type Item = GeomWithData<Rectangle<[f64; 2]>, u32>;

const GEO_INDEX: &str = "geo-index 0.4 (static)";
pub(super) const RSTAR: &str = "rstar 0.12";

/// Boxes and questions about them.
pub(super) struct Work {
    pub(super) boxes: Vec<Rect<f64>>,
    pub(super) windows: Vec<Rect<f64>>,
    pub(super) points: Vec<Coord<f64>>,
    random: Random,
    edge: f64,
}

impl Work {
    /// As many boxes as asked for, always as densely.
    pub(super) fn new(count: usize) -> Self {
        let edge = 10.0 * (count as f64).sqrt();
        let mut it = Self {
            boxes: Vec::new(),
            windows: Vec::new(),
            points: Vec::new(),
            random: Random::new(404),
            edge,
        };
        it.boxes = (0..count).map(|_| it.new_box()).collect();
        for _ in 0..1000 {
            let corner = Coord { x: it.random.unit() * (edge - 100.0), y: it.random.unit() * (edge - 100.0) };
            it.windows.push(Rect::new(corner, corner + Coord { x: 100.0, y: 100.0 }));
            it.points.push(Coord { x: it.random.unit() * edge, y: it.random.unit() * edge });
        }
        it
    }

    pub(super) fn new_box(&mut self) -> Rect<f64> {
        let mut unit = || self.random.unit();
        let corner = Coord { x: unit() * self.edge, y: unit() * self.edge };
        Rect::new(corner, corner + Coord { x: unit() * 9.0, y: unit() * 9.0 })
    }

    /// A number below a bound.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.random.below(bound as u64) as usize
    }

    pub(super) fn ours(&self) -> DynamicIndex<u32> {
        DynamicIndex::bulk_load(self.boxes.iter().copied().zip(0..))
    }

    pub(super) fn rstar(&self) -> RTree<Item> {
        RTree::bulk_load(self.boxes.iter().zip(0..).map(|(b, i)| item(b, i)).collect())
    }

    pub(super) fn packed<S: Sort<f64>>(&self) -> Packed<f64> {
        let mut builder = RTreeBuilder::new(self.boxes.len() as u32);
        for b in &self.boxes {
            builder.add(b.min().x, b.min().y, b.max().x, b.max().y);
        }
        builder.finish::<S>()
    }

    /// The points as windows without size.
    pub(super) fn stabs(&self) -> Vec<Rect<f64>> {
        self.points.iter().map(|&p| Rect::new(p, p)).collect()
    }
}

pub(super) fn item(b: &Rect<f64>, number: u32) -> Item {
    Item::new(Rectangle::from_corners([b.min().x, b.min().y], [b.max().x, b.max().y]), number)
}

fn meets(a: &Rect<f64>, b: &Rect<f64>) -> bool {
    a.min().x <= b.max().x && a.max().x >= b.min().x && a.min().y <= b.max().y && a.max().y >= b.min().y
}

/// Number and sum of all hits in all windows: equal if the hits are, in whatever order they come.
pub(super) type Sums = (u64, u64);

pub(super) fn windows_ours(index: &DynamicIndex<u32>, boxes: &[Rect<f64>], windows: &[Rect<f64>]) -> Sums {
    let mut hits: Vec<u32> = Vec::new();
    let mut sums = (0, 0);
    for window in windows {
        hits.clear();
        index.search(window, |&i, sure| {
            if sure || meets(&boxes[i as usize], window) {
                hits.push(i);
            }
        });
        sums = add(sums, hits.iter().copied());
    }
    sums
}

fn windows_packed(tree: &Packed<f64>, windows: &[Rect<f64>]) -> Sums {
    windows.iter().fold((0, 0), |sums, w| add(sums, tree.search(w.min().x, w.min().y, w.max().x, w.max().y)))
}

pub(super) fn windows_rstar(tree: &RTree<Item>, windows: &[Rect<f64>]) -> Sums {
    windows.iter().fold((0, 0), |sums, w| {
        let window = AABB::from_corners([w.min().x, w.min().y], [w.max().x, w.max().y]);
        add(sums, tree.locate_in_envelope_intersecting(&window).map(|hit| hit.data))
    })
}

fn add((count, sum): Sums, hits: impl IntoIterator<Item = u32>) -> Sums {
    hits.into_iter().fold((count, sum), |(count, sum), hit| (count + 1, sum + u64::from(hit)))
}

/// The sum of all distances to the nearest box, in a millionth.
pub(super) fn nearest_ours(index: &DynamicIndex<u32>, boxes: &[Rect<f64>], points: &[Coord<f64>]) -> u64 {
    let distance = |b: &Rect<f64>, p: &Coord<f64>| {
        let gap = |lo: f64, hi: f64, v: f64| (lo - v).max(v - hi).max(0.0);
        gap(b.min().x, b.max().x, p.x).hypot(gap(b.min().y, b.max().y, p.y))
    };
    let nearest = points.iter().map(|p| {
        let mut best = f64::INFINITY;
        index.nearest(*p, [1.0, 1.0], f64::INFINITY, |&i| {
            best = best.min(distance(&boxes[i as usize], p));
            best
        });
        (best * 1e6).round() as u64
    });
    nearest.sum()
}

pub(super) fn nearest_rstar(tree: &RTree<Item>, points: &[Coord<f64>]) -> u64 {
    let nearest = points.iter().map(|p| {
        let hit = tree.nearest_neighbor(&[p.x, p.y]);
        hit.map_or(0, |hit| (hit.geom().distance_2(&[p.x, p.y]).sqrt() * 1e6).round() as u64)
    });
    nearest.sum()
}

pub(super) fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    let work = Work::new(if bench.is_quick() { 100_000 } else { 1_000_000 });
    let (ours, rstar) = (work.ours(), work.rstar());
    let (hilbert, str) = (work.packed::<HilbertSort>(), work.packed::<STRSort>());
    let mut python = match inputs::peer_python() {
        None => Err("run `cargo xtask peers`".to_owned()),
        Some(python) => StrTree::start(&python, &work.boxes).map_err(|error| error.to_string()),
    };
    if let Err(why) = &python {
        bench.leave_out(strtree::NAME, why)?;
    }

    let mut build = Case::new("build", Unit::Seconds, Measure::one_thread(1, || work.ours()))
        .rounds(5)
        .peer(GEO_INDEX, Measure::one_thread(1, || work.packed::<HilbertSort>()), true)
        .peer(RSTAR, Measure::one_thread(1, || work.rstar()), true);
    if let Ok(python) = &python {
        build = build.peer(strtree::NAME, Measure::constant(python.built_in), true);
    }
    bench.run(build)?;
    bench.run(
        Case::new("memory", Unit::Bytes, Measure::constant(ours.memory_bytes() as f64))
            .peer(GEO_INDEX, Measure::constant(hilbert.as_ref().len() as f64), true)
            .rounds(1),
    )?;

    let stabs = work.stabs();
    for (name, windows, bars) in [("window", &work.windows, [1.0, 2.0]), ("stab", &stabs, [1.0, 2.0])] {
        let queries = windows.len() as u64;
        let truth = windows_ours(&ours, &work.boxes, windows);
        let mut case = Case::new(
            name,
            Unit::Nanoseconds("query"),
            Measure::one_thread(queries, || windows_ours(&ours, &work.boxes, windows)),
        )
        .peer_with(
            GEO_INDEX,
            Measure::one_thread(queries, || windows_packed(&hilbert, windows)),
            windows_packed(&hilbert, windows) == truth,
            Targets::new(bars[0], bars[1]),
        )
        .peer(
            "geo-index 0.4, STR (static)",
            Measure::one_thread(queries, || windows_packed(&str, windows)),
            windows_packed(&str, windows) == truth,
        )
        .peer(
            RSTAR,
            Measure::one_thread(queries, || windows_rstar(&rstar, windows)),
            windows_rstar(&rstar, windows) == truth,
        );
        if let Ok(python) = &mut python {
            let equal = python.windows(windows)? == truth;
            case = case.peer(strtree::NAME, Measure::given(|| python.round()), equal);
        }
        bench.run(case)?;
    }

    let points = work.points.len() as u64;
    let equal = nearest_ours(&ours, &work.boxes, &work.points) == nearest_rstar(&rstar, &work.points);
    bench.run(
        Case::new(
            "nearest",
            Unit::Nanoseconds("query"),
            Measure::one_thread(points, || nearest_ours(&ours, &work.boxes, &work.points)),
        )
        .peer(RSTAR, Measure::one_thread(points, || nearest_rstar(&rstar, &work.points)), equal),
    )?;
    growth(bench)
}

/// As many hits whatever the number of boxes.
fn growth(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    let counts: &[(usize, &str)] = &[(1000, "1k"), (10_000, "10k"), (100_000, "100k"), (1_000_000, "1M")];
    for &(count, name) in &counts[..if bench.is_quick() { 3 } else { 4 }] {
        let work = Work::new(count);
        let (ours, hilbert) = (work.ours(), work.packed::<HilbertSort>());
        let queries = work.windows.len() as u64;
        let equal =
            windows_ours(&ours, &work.boxes, &work.windows) == windows_packed(&hilbert, &work.windows);
        bench.run(
            Case::new(
                format!("growth-window-{name}"),
                Unit::Nanoseconds("query"),
                Measure::one_thread(queries, || windows_ours(&ours, &work.boxes, &work.windows)),
            )
            .peer(
                GEO_INDEX,
                Measure::one_thread(queries, || windows_packed(&hilbert, &work.windows)),
                equal,
            ),
        )?;
    }
    Ok(())
}
