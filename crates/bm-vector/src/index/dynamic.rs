//! Boxes that come and go.

use super::boxes::{Box32, Boxes, FAN, Window, outward};
use super::kernel::{Found, Scratch};
use super::packed::Packed;
use geo_types::{Coord, Rect};
use std::cell::Cell;
use std::sync::Arc;

/// Items that may wait, unsorted, before they are packed.
const WAITING: usize = 64;

/// Boxes with an item each, which come and go while windows and nearest ones are asked for. A clone is a snapshot.
///
/// With n boxes: an insert takes O(log n) amortised (the worst one packs all boxes anew), a removal O(log n) of a stab,
/// a window O(√n + hits) as in any packed tree.
#[derive(Clone, Debug)]
pub struct DynamicIndex<T> {
    /// Each at least twice as long as the next.
    runs: Vec<Run<T>>,
    waiting: Arc<Waiting<T>>,
    /// Items in runs that were removed.
    dead: usize,
}

/// A packed tree and which of its items live.
#[derive(Clone, Debug)]
struct Run<T> {
    tree: Arc<Packed<T>>,
    /// A bit for each item, leaf by leaf; none: all live.
    alive: Option<Arc<Vec<u16>>>,
}

/// What is not packed yet.
#[derive(Clone, Debug)]
struct Waiting<T> {
    boxes: [Boxes; WAITING / FAN],
    items: Vec<T>,
}

thread_local! {
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

impl<T> Run<T> {
    #[inline]
    fn alive(&self, leaf: usize) -> u16 {
        self.alive.as_ref().map_or(u16::MAX, |alive| alive[leaf])
    }
}

impl<T: Copy> Default for DynamicIndex<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Copy> DynamicIndex<T> {
    /// An empty index.
    #[must_use]
    pub fn new() -> Self {
        let waiting = Waiting { boxes: [Boxes::EMPTY; WAITING / FAN], items: Vec::new() };
        Self { runs: Vec::new(), waiting: Arc::new(waiting), dead: 0 }
    }

    /// An index of many boxes, packed at once. Boxes are finite (others are never found).
    #[must_use]
    pub fn bulk_load(boxes: impl IntoIterator<Item = (Rect<f64>, T)>) -> Self {
        let mut it = Self::new();
        it.extend(boxes);
        it
    }

    /// Number of items.
    #[must_use]
    pub fn len(&self) -> usize {
        self.packed() - self.dead + self.waiting.items.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Items in runs, the dead ones too.
    fn packed(&self) -> usize {
        self.runs.iter().map(|run| run.tree.len()).sum()
    }

    /// Number of packed trees that a query goes through.
    #[must_use]
    pub fn runs(&self) -> usize {
        self.runs.len()
    }

    /// Bytes of heap that this index holds on to, alone or with its snapshots.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let runs = self.runs.iter().map(|run| {
            let alive = run.alive.as_ref().map_or(0, |alive| size_of_val(&***alive));
            run.tree.bytes() + alive + size_of::<Run<T>>()
        });
        runs.sum::<usize>() + size_of::<Waiting<T>>() + self.waiting.items.capacity() * size_of::<T>()
    }

    /// Calls `visit` with every item whose box meets the closed window, in no order. Its second argument says whether
    /// that is sure: boxes are kept with 24 bits, so one that ends within a step of the window's edge may or may not
    /// touch it.
    #[inline]
    pub fn search(&self, window: &Rect<f64>, mut visit: impl FnMut(&T, bool)) {
        let window = Window::new(window);
        // Taken, not borrowed, so that `visit` may search as well.
        let mut scratch = SCRATCH.take().unwrap_or_default();
        for run in &self.runs {
            run.tree.search(&window, run.alive.as_ref().map(|alive| &***alive), &mut scratch);
            let items = run.tree.items();
            run.tree.touch(&scratch.found.sure);
            for &place in &scratch.found.sure {
                visit(&items[place as usize], true);
            }
            for &place in &scratch.found.doubt {
                visit(&items[place as usize], false);
            }
        }
        SCRATCH.set(Some(scratch));
        for (boxes, items) in self.waiting.boxes.iter().zip(self.waiting.items.chunks(FAN)) {
            let (mut bits, sure) = (boxes.may_meet(&window), boxes.meet(&window));
            while bits != 0 {
                let lane = bits.trailing_zeros() as usize;
                visit(&items[lane], sure >> lane & 1 != 0);
                bits &= bits - 1;
            }
        }
    }

    /// Goes through items whose boxes are near a point, in a metric of `scale` metres a unit, in no exact order: `visit` is called with every item whose box may lie within the limit, and gives the limit
    /// from then on, which begins as `limit` and must not grow.
    pub fn nearest(&self, at: Coord<f64>, scale: [f64; 2], limit: f64, mut visit: impl FnMut(&T) -> f64) {
        let at = [at.x, at.y];
        // Squared, and widened by more than rounding may take.
        let bound = |limit: f64| limit * limit * (1.0 + 1e-12);
        let mut limit2 = bound(limit);
        let mut look = |d: [f64; FAN], mut bits: u16, items: &[T], limit2: &mut f64| {
            while bits != 0 {
                let lane = bits.trailing_zeros() as usize;
                bits &= bits - 1;
                if d[lane] <= *limit2 {
                    *limit2 = limit2.min(bound(visit(&items[lane])));
                }
            }
        };
        for (boxes, items) in self.waiting.boxes.iter().zip(self.waiting.items.chunks(FAN)) {
            look(boxes.distances2(at, scale), u16::MAX, items, &mut limit2);
        }
        let mut stack: Vec<(f64, u32, u32)> = Vec::with_capacity(64);
        for run in &self.runs {
            let (level, node) = run.tree.root();
            stack.push((0.0, level as u32, node));
            while let Some((near, level, node)) = stack.pop() {
                if near > limit2 {
                    continue;
                }
                let d = run.tree.node(level as usize, node).distances2(at, scale);
                if level == 0 {
                    look(d, run.alive(node as usize), run.tree.leaf(node as usize), &mut limit2);
                    continue;
                }
                // The nearest child next: it soon lowers the limit so much that few of the others matter.
                let nearest = stack.len();
                for (child, d) in (node * FAN as u32..).zip(d) {
                    if d <= limit2 {
                        stack.push((d, level - 1, child));
                    }
                }
                let best = (nearest..stack.len()).min_by(|&a, &b| stack[a].0.total_cmp(&stack[b].0));
                if let (Some(best), last) = (best, stack.len().saturating_sub(1)) {
                    stack.swap(best, last);
                }
            }
        }
    }

    /// Every item, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        let packed = self.runs.iter().flat_map(|run| {
            run.tree.chunks().flat_map(|(leaf, items)| {
                let alive = run.alive(leaf);
                items.iter().enumerate().filter(move |(lane, _)| alive >> lane & 1 != 0).map(|(_, item)| item)
            })
        });
        packed.chain(&self.waiting.items)
    }

    /// Adds an item.
    pub fn insert(&mut self, bounds: &Rect<f64>, item: T) {
        self.push(outward(bounds), item);
    }

    fn push(&mut self, b: Box32, item: T) {
        let waiting = Arc::make_mut(&mut self.waiting);
        if waiting.items.len() == WAITING {
            self.pack(Vec::new());
        }
        let waiting = Arc::make_mut(&mut self.waiting);
        let at = waiting.items.len();
        waiting.boxes[at / FAN].set(at % FAN, &b);
        waiting.items.push(item);
    }

    /// Adds many items, at the price of packing them once.
    pub fn extend(&mut self, boxes: impl IntoIterator<Item = (Rect<f64>, T)>) {
        let many: Vec<(Box32, T)> = boxes.into_iter().map(|(b, item)| (outward(&b), item)).collect();
        if many.len() + self.waiting.items.len() <= WAITING {
            for (b, item) in many {
                self.push(b, item);
            }
        } else {
            self.pack(many);
        }
    }

    /// Packs what waits, `more`, and all runs that are less than twice as long as what comes after them.
    fn pack(&mut self, more: Vec<(Box32, T)>) {
        let mut all = more;
        let waiting = Arc::make_mut(&mut self.waiting);
        all.extend(
            waiting.items.iter().enumerate().map(|(i, item)| (waiting.boxes[i / FAN].get(i % FAN), *item)),
        );
        waiting.items.clear();
        waiting.boxes = [Boxes::EMPTY; WAITING / FAN];
        let mut length = all.len();
        let mut keep = self.runs.len();
        while keep > 0 && self.runs[keep - 1].tree.len() < 2 * length {
            keep -= 1;
            length += self.runs[keep].tree.len();
        }
        self.repack(keep, all);
    }

    /// Makes one run of all from number `keep` on, and of more items.
    fn repack(&mut self, keep: usize, mut all: Vec<(Box32, T)>) {
        let mut packed = all.len();
        for run in self.runs.drain(keep..) {
            packed += run.tree.len();
            for (leaf, items) in run.tree.chunks() {
                let alive = run.alive(leaf);
                let live = (0..items.len()).filter(|lane| alive >> lane & 1 != 0);
                all.extend(live.map(|lane| (run.tree.bounds(leaf * FAN + lane), items[lane])));
            }
        }
        self.dead -= packed - all.len();
        self.runs.extend(Packed::build(&all).map(|tree| Run { tree: Arc::new(tree), alive: None }));
    }

    /// Takes `lanes` of a leaf out.
    fn kill(&mut self, run: usize, leaf: usize, lanes: u16) {
        let run = &mut self.runs[run];
        let alive = run.alive.get_or_insert_with(|| Arc::new(vec![u16::MAX; run.tree.leaves()]));
        Arc::make_mut(alive)[leaf] &= !lanes;
        self.dead += lanes.count_ones() as usize;
    }

    /// Packs all anew once a quarter is dead.
    fn bury(&mut self) {
        if self.dead > 0 && self.dead * 4 >= self.packed() {
            self.repack(0, Vec::new());
        }
    }
}

impl<T: Copy + PartialEq> DynamicIndex<T> {
    /// Removes an item that was added with this box; false if there is none. Of several equal ones it takes one.
    pub fn remove(&mut self, bounds: &Rect<f64>, item: &T) -> bool {
        let b = outward(bounds);
        let here = |other: &Box32, o: &T| other == &b && o == item;
        let window = Window::of(&b);
        let waiting = self.waiting.items.iter().enumerate();
        let mut found =
            waiting.filter(|(i, o)| here(&self.waiting.boxes[i / FAN].get(i % FAN), o)).map(|(i, _)| i);
        if let Some(i) = found.next() {
            let waiting = Arc::make_mut(&mut self.waiting);
            let last = waiting.items.len() - 1;
            let moved = waiting.boxes[last / FAN].get(last % FAN);
            waiting.boxes[i / FAN].set(i % FAN, &moved);
            waiting.boxes[last / FAN].set(last % FAN, &[f32::NAN; 4]);
            waiting.items.swap_remove(i);
            return true;
        }
        let mut scratch = SCRATCH.take().unwrap_or_default();
        // What was added last is most likely to go first.
        let found = self.runs.iter().enumerate().rev().find_map(|(r, run)| {
            run.tree.search(&window, run.alive.as_ref().map(|alive| &***alive), &mut scratch);
            let is =
                |place: &&u32| here(&run.tree.bounds(**place as usize), &run.tree.items()[**place as usize]);
            let Found { sure, doubt } = &scratch.found;
            let place = *sure.iter().chain(doubt).find(is)? as usize;
            Some((r, place / FAN, 1 << (place % FAN)))
        });
        SCRATCH.set(Some(scratch));
        let Some((r, leaf, lane)) = found else { return false };
        self.kill(r, leaf, lane);
        self.bury();
        true
    }

    /// Removes every item that `gone` says so of, in one pass over all; says how many.
    pub fn remove_where(&mut self, gone: impl Fn(&T) -> bool) -> usize {
        let before = self.len();
        if self.waiting.items.iter().any(&gone) {
            let old = Arc::clone(&self.waiting);
            self.waiting = Arc::new(Waiting { boxes: [Boxes::EMPTY; WAITING / FAN], items: Vec::new() });
            for (i, item) in old.items.iter().enumerate().filter(|(_, item)| !gone(item)) {
                self.push(old.boxes[i / FAN].get(i % FAN), *item);
            }
        }
        for r in 0..self.runs.len() {
            let tree = Arc::clone(&self.runs[r].tree);
            for (leaf, items) in tree.chunks() {
                let lanes = items
                    .iter()
                    .enumerate()
                    .fold(0, |lanes, (lane, item)| lanes | u16::from(gone(item)) << lane);
                let lanes = lanes & self.runs[r].alive(leaf);
                if lanes != 0 {
                    self.kill(r, leaf, lanes);
                }
            }
        }
        self.bury();
        before - self.len()
    }
}
