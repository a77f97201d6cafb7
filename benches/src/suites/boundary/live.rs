//! Boxes that come and go.

use std::cell::RefCell;
use std::time::Instant;

use bm_vector::index::DynamicIndex;
use geo_index::rtree::RTreeIndex;
use geo_index::rtree::sort::HilbertSort;
use geo_types::Rect;
use rstar::RTree;

use super::boxes::{Item, RSTAR, Sums, Work, item, nearest_ours, nearest_rstar, windows_ours, windows_rstar};
use crate::harness::{Bench, BenchError, Case, Measure, Targets, Unit};

/// Changes between rounds.
const CHANGES: usize = 1000;

/// An index that changes, and rstar's that changes in the same way.
struct Live {
    work: Work,
    ours: DynamicIndex<u32>,
    rstar: RTree<Item>,
    /// Numbers of the boxes that are in.
    inside: Vec<u32>,
    /// Boxes that came and boxes that went, which rstar has not heard of yet.
    pending: Vec<(Numbered, Numbered)>,
}

/// Boxes with their numbers.
type Numbered = Vec<(Rect<f64>, u32)>;

impl Live {
    fn new(work: Work, changes: usize) -> Self {
        let inside = (0..work.boxes.len() as u32).collect();
        let (ours, rstar) = (work.ours(), work.rstar());
        let mut it = Self { work, ours, rstar, inside, pending: Vec::new() };
        it.change_ours(changes);
        it.change_rstar();
        it
    }

    /// New boxes, as many as asked for, with their numbers.
    fn more(&mut self, count: usize) -> Numbered {
        let new = (0..count).map(|_| {
            let b = self.work.new_box();
            self.work.boxes.push(b);
            let number = self.work.boxes.len() as u32 - 1;
            self.inside.push(number);
            (b, number)
        });
        new.collect()
    }

    /// Random boxes that are to go, out of all that are in.
    fn fewer(&mut self, count: usize) -> Numbered {
        let gone = (0..count).map(|_| {
            let at = self.work.below(self.inside.len());
            let number = self.inside.swap_remove(at);
            (self.work.boxes[number as usize], number)
        });
        gone.collect()
    }

    /// Inserts so many and removes as many, out of ours and, later, out of rstar's.
    fn change_ours(&mut self, count: usize) {
        let (more, fewer) = (self.more(count), self.fewer(count));
        for (b, i) in &more {
            self.ours.insert(b, *i);
        }
        for (b, i) in &fewer {
            self.ours.remove(b, i);
        }
        self.pending.push((more, fewer));
    }

    /// Makes the changes that ours had since.
    fn change_rstar(&mut self) {
        for (more, fewer) in std::mem::take(&mut self.pending) {
            more.iter().for_each(|(b, i)| self.rstar.insert(item(b, *i)));
            for (b, i) in &fewer {
                self.rstar.remove(&item(b, *i));
            }
        }
    }
}

fn nanoseconds(start: Instant, operations: usize) -> f64 {
    start.elapsed().as_secs_f64() * 1e9 / operations as f64
}

pub(super) fn run(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    let count = if bench.is_quick() { 100_000 } else { 1_000_000 };
    let work = Work::new(count);
    let packed = work.packed::<HilbertSort>();
    let (windows, points, stabs) = (work.windows.clone(), work.points.clone(), work.stabs());
    let live = RefCell::new(Live::new(work, count / 5));

    for (name, windows) in [("window", &windows), ("stab", &stabs)] {
        let sums = |live: &Live| -> [Sums; 2] {
            [windows_ours(&live.ours, &live.work.boxes, windows), windows_rstar(&live.rstar, windows)]
        };
        let [a, b] = sums(&live.borrow());
        bench.run(
            Case::new(
                format!("{name}-live"),
                Unit::Nanoseconds("query"),
                Measure::given(|| {
                    let mut live = live.borrow_mut();
                    live.change_ours(CHANGES);
                    let start = Instant::now();
                    std::hint::black_box(windows_ours(&live.ours, &live.work.boxes, windows));
                    Ok(nanoseconds(start, windows.len()))
                }),
            )
            .peer_with(
                "geo-index 0.4 (static, as built)",
                Measure::given(|| {
                    let start = Instant::now();
                    for w in windows {
                        std::hint::black_box(packed.search(w.min().x, w.min().y, w.max().x, w.max().y));
                    }
                    Ok(nanoseconds(start, windows.len()))
                }),
                // It has other boxes by now; that the answers of both agree is shown by the static case.
                a == b,
                Targets::new(1.0, 2.0),
            )
            .peer(
                RSTAR,
                Measure::given(|| {
                    let mut live = live.borrow_mut();
                    live.change_rstar();
                    let start = Instant::now();
                    std::hint::black_box(windows_rstar(&live.rstar, windows));
                    Ok(nanoseconds(start, windows.len()))
                }),
                a == b,
            ),
        )?;
    }
    nearest(bench, &live, &points)?;
    changes(bench, &live)?;
    from_empty(bench)
}

fn nearest(
    bench: &mut Bench<'_>,
    live: &RefCell<Live>,
    points: &[geo_types::Coord<f64>],
) -> Result<(), BenchError> {
    let equal = {
        let live = live.borrow();
        nearest_ours(&live.ours, &live.work.boxes, points) == nearest_rstar(&live.rstar, points)
    };
    bench.run(
        Case::new(
            "nearest-live",
            Unit::Nanoseconds("query"),
            Measure::given(|| {
                let mut live = live.borrow_mut();
                live.change_ours(CHANGES);
                let start = Instant::now();
                std::hint::black_box(nearest_ours(&live.ours, &live.work.boxes, points));
                Ok(nanoseconds(start, points.len()))
            }),
        )
        .peer(
            RSTAR,
            Measure::given(|| {
                let mut live = live.borrow_mut();
                live.change_rstar();
                let start = Instant::now();
                std::hint::black_box(nearest_rstar(&live.rstar, points));
                Ok(nanoseconds(start, points.len()))
            }),
            equal,
        ),
    )
}

/// What changes cost, one by one and with a snapshot after each.
fn changes(bench: &mut Bench<'_>, live: &RefCell<Live>) -> Result<(), BenchError> {
    // Ours first, then rstar the same ones.
    live.borrow_mut().change_rstar();
    let pending = RefCell::new(Vec::new());
    type Change = fn(&mut Live, &[(Rect<f64>, u32)]);
    let ours = |what: Change, insert: bool| {
        let pending = &pending;
        Measure::given(move || {
            let mut live = live.borrow_mut();
            let boxes = if insert { live.more(CHANGES * 10) } else { live.fewer(CHANGES * 10) };
            let start = Instant::now();
            what(&mut live, &boxes);
            let took = nanoseconds(start, boxes.len());
            *pending.borrow_mut() = boxes;
            Ok(took)
        })
    };
    let theirs = |what: fn(&mut RTree<Item>, &Item)| {
        let pending = &pending;
        Measure::given(move || {
            let boxes: Vec<Item> = pending.borrow().iter().map(|(b, i)| item(b, *i)).collect();
            let mut live = live.borrow_mut();
            let start = Instant::now();
            boxes.iter().for_each(|b| what(&mut live.rstar, b));
            Ok(nanoseconds(start, boxes.len()))
        })
    };
    let insert = |live: &mut Live, boxes: &[(Rect<f64>, u32)]| {
        boxes.iter().for_each(|(b, i)| live.ours.insert(b, *i));
    };
    let remove = |live: &mut Live, boxes: &[(Rect<f64>, u32)]| {
        for (b, i) in boxes {
            live.ours.remove(b, i);
        }
    };
    let snapshots = |live: &mut Live, boxes: &[(Rect<f64>, u32)]| {
        let mut last = live.ours.clone();
        for (b, i) in boxes {
            live.ours.insert(b, *i);
            last = live.ours.clone();
        }
        drop(last);
    };
    let sizes = |live: &RefCell<Live>| {
        let live = live.borrow();
        live.ours.len() == live.inside.len() && live.ours.len() == live.rstar.size()
    };
    bench.run(
        Case::new("insert", Unit::Nanoseconds("box"), ours(insert, true))
            .targets(Targets::at_least(1300.0))
            .peer(RSTAR, theirs(|tree, b| tree.insert(*b)), sizes(live)),
    )?;
    bench.run(Case::new("remove", Unit::Nanoseconds("box"), ours(remove, false)).peer(
        RSTAR,
        theirs(|tree, b| {
            tree.remove(b);
        }),
        sizes(live),
    ))?;
    bench.run(Case::new("insert-and-snapshot", Unit::Nanoseconds("box"), ours(snapshots, true)).rounds(5))
}

/// One by one, from nothing.
fn from_empty(bench: &mut Bench<'_>) -> Result<(), BenchError> {
    let counts: &[(usize, &str)] = &[(1000, "1k"), (10_000, "10k"), (100_000, "100k"), (1_000_000, "1M")];
    for &(count, name) in &counts[..if bench.is_quick() { 2 } else { 4 }] {
        let work = Work::new(count);
        let ours = || {
            let mut index = DynamicIndex::new();
            work.boxes.iter().zip(0..).for_each(|(b, i)| index.insert(b, i));
            index
        };
        let theirs = || {
            let mut tree = RTree::new();
            work.boxes.iter().zip(0..).for_each(|(b, i)| tree.insert(item(b, i)));
            tree
        };
        let equal =
            windows_ours(&ours(), &work.boxes, &work.windows) == windows_rstar(&work.rstar(), &work.windows);
        let mut case = Case::new(
            format!("growth-insert-{name}"),
            Unit::Nanoseconds("box"),
            Measure::one_thread(count as u64, ours),
        )
        .peer(RSTAR, Measure::one_thread(count as u64, theirs), equal);
        if count >= 100_000 {
            case = case.rounds(3);
        }
        bench.run(case)?;
    }
    Ok(())
}
