//! What touches a box: edges, and whether all of it is inside; rows of points; all rings.

use super::bits::PADDING;
use super::chunk::Chunk;
use super::exact::orient;
use super::lattice::{FAN, Lattice};
use super::layout::{Ref, Run};
use super::search::{Cell, Tree};
use super::{Area, Where};
use geo_types::{Coord, Rect};

/// What a box is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cover {
    /// Wholly inside, and no edge touches it.
    Inside,
    /// Wholly outside, and no edge touches it.
    Outside,
    /// An edge touches it.
    Mixed,
}

/// The cells that a box touches.
#[derive(Default)]
struct Scan {
    inside: bool,
    outside: bool,
    runs: Vec<Run>,
}

/// Whether the closed boxes around two edges or points have a place in common.
fn boxes_meet(a: Coord<f64>, b: Coord<f64>, rect: Rect<f64>) -> bool {
    a.x.min(b.x) <= rect.max().x
        && a.x.max(b.x) >= rect.min().x
        && a.y.min(b.y) <= rect.max().y
        && a.y.max(b.y) >= rect.min().y
}

/// Whether an edge touches a closed box, exactly.
fn touches(a: Coord<f64>, b: Coord<f64>, rect: Rect<f64>) -> bool {
    let (lo, hi) = (rect.min(), rect.max());
    let sides = [lo, Coord { x: hi.x, y: lo.y }, hi, Coord { x: lo.x, y: hi.y }].map(|c| orient(a, b, c));
    boxes_meet(a, b, rect) && !sides.iter().all(|&s| s > 0.0) && !sides.iter().all(|&s| s < 0.0)
}

impl Area {
    /// Calls `edge` with every edge that touches a closed box, each once and in the order of the rings, and with a few
    /// whose own boxes meet it.
    pub fn edges_in(&self, bounds: Rect<f64>, mut edge: impl FnMut(Coord<f64>, Coord<f64>)) {
        let tree = self.tree();
        let mut see = |chunk: &Chunk| {
            let Some(last) = chunk.len.checked_sub(1) else { return };
            let mut a = chunk.coord(0, tree.coding);
            for i in 1..=last {
                let b = chunk.coord(i, tree.coding);
                if boxes_meet(a, b, bounds) {
                    edge(a, b);
                }
                a = b;
            }
        };
        let mut chunk = Chunk::default();
        let whole = self.bounds().is_some_and(|own| {
            let (lo, hi) = (bounds.min(), bounds.max());
            lo.x <= own.min().x && lo.y <= own.min().y && hi.x >= own.max().x && hi.y >= own.max().y
        });
        if whole {
            let mut at = 0;
            while at < tree.stream.len() - PADDING {
                at = chunk.read(tree.stream, at, tree.coding);
                see(&chunk);
            }
            return;
        }
        let mut runs = tree.scan(bounds).runs;
        runs.sort_unstable();
        runs.dedup();
        let mut seen = 0;
        for run in runs {
            let mut at = run.offset;
            for _ in 0..run.count {
                let next = chunk.read(tree.stream, at, tree.coding);
                // Runs of different cells may have chunks in common.
                if at >= seen {
                    see(&chunk);
                    seen = next;
                }
                at = next;
            }
        }
    }

    /// Whether a closed box is wholly inside, wholly outside, or touched by an edge.
    #[must_use]
    pub fn cover(&self, bounds: Rect<f64>) -> Cover {
        let tree = self.tree();
        let scan = tree.scan(bounds);
        if scan.runs.is_empty() && scan.inside != scan.outside {
            return if scan.inside { Cover::Inside } else { Cover::Outside };
        }
        // Settled cells of both kinds are parted by edges; leaves may or may not have one in the box.
        let mut mixed = scan.inside && scan.outside;
        if !mixed {
            self.edges_in(bounds, |a, b| mixed |= touches(a, b, bounds));
        }
        match self.locate(bounds.min()) {
            _ if mixed => Cover::Mixed,
            Where::Inside => Cover::Inside,
            Where::Outside => Cover::Outside,
            Where::On => Cover::Mixed,
        }
    }

    /// Where the points (`x` + i · `step`, `y`) lie, one for each place of `out`: as [`Area::locate`] says, but cells
    /// that no edge touches are filled at once.
    pub fn locate_row(&self, x: f64, y: f64, step: f64, out: &mut [Where]) {
        let tree = self.tree();
        let point = |i: usize| Coord { x: x + i as f64 * step, y };
        let mut at = 0;
        while at < out.len() {
            let p = point(at);
            let (place, right) = tree.settled(p);
            let Some(place) = place else {
                out[at] = tree.locate(p).place();
                at += 1;
                continue;
            };
            // The last point left of the cell's right side: by a rounded division, then to the point.
            let mut end = at + 1;
            if step > 0.0 {
                end = end.max((((right - x) / step) as usize).min(out.len()));
                while end > at + 1 && point(end - 1).x >= right {
                    end -= 1;
                }
                while end < out.len() && point(end).x < right {
                    end += 1;
                }
            }
            out[at..end].fill(place);
            at = end;
        }
    }

    /// Every ring, closed, in the order they came.
    pub fn rings(&self) -> impl Iterator<Item = Vec<Coord<f64>>> + '_ {
        let tree = self.tree();
        let end = tree.stream.len() - PADDING;
        let (mut chunk, mut at) = (Chunk::default(), 0);
        let mut pending: Vec<Coord<f64>> = Vec::new();
        std::iter::from_fn(move || {
            while at < end {
                at = chunk.read(tree.stream, at, tree.coding);
                // The first vertex of a chunk is the last one of the chunk before.
                let skip = usize::from(!chunk.starts_ring);
                let coords = (skip..chunk.len).map(|i| chunk.coord(i, tree.coding));
                if chunk.starts_ring && !pending.is_empty() {
                    return Some(std::mem::replace(&mut pending, coords.collect()));
                }
                pending.extend(coords);
            }
            (!pending.is_empty()).then(|| std::mem::take(&mut pending))
        })
    }
}

impl Tree<'_> {
    /// Where a point lies if no edge touches its cell, and up to which x the same holds; else up to which x not.
    pub(super) fn settled(&self, p: Coord<f64>) -> (Option<Where>, f64) {
        if !self.holds(p) {
            let left =
                self.bounds().is_some_and(|b| p.x < b.min().x && (b.min().y..=b.max().y).contains(&p.y));
            let right = if left { self.bounds().map_or(f64::INFINITY, |b| b.min().x) } else { f64::INFINITY };
            return (Some(Where::Outside), right);
        }
        // Beyond the bounds the last column's cells go on, but nothing is inside there.
        let most = self.bounds().map_or(f64::INFINITY, |b| b.max().x.next_up());
        let (col, row) = (self.lattice.col(p.x), self.lattice.row(p.y));
        let mut lattice = *self.lattice;
        let mut cell = self.root_cell((row * lattice.nx + col) as usize);
        let (mut col, mut row) = (col, row);
        loop {
            match cell {
                Cell::Settled(inside) => return (Some(Where::of(inside)), lattice.x(col + 1).min(most)),
                Cell::Node(node) => {
                    lattice = lattice.child(col, row);
                    (col, row) = (lattice.col(p.x), lattice.row(p.y));
                    cell = self.node_cell(node, col & (FAN - 1), row & (FAN - 1));
                }
                Cell::Leaf(at, _) => match self.refs.get(at) {
                    // Nodes only ever refer to later ones, so this ends.
                    Ref::Node(below) => cell = Cell::Node(below),
                    _ => return (None, p.x),
                },
            }
        }
    }

    /// What the cells are that a closed box touches.
    fn scan(&self, rect: Rect<f64>) -> Scan {
        let mut scan = Scan::default();
        let Some(own) = self.bounds() else {
            scan.outside = true;
            return scan;
        };
        let lo = Coord { x: rect.min().x.max(own.min().x), y: rect.min().y.max(own.min().y) };
        let hi = Coord { x: rect.max().x.min(own.max().x), y: rect.max().y.min(own.max().y) };
        // What goes beyond the bounds is outside.
        scan.outside = lo != rect.min() || hi != rect.max();
        if lo.x <= hi.x && lo.y <= hi.y {
            self.scan_cells(self.lattice, None, lo, hi, &mut scan);
        }
        scan
    }

    fn scan_cells(
        &self,
        lattice: &Lattice,
        node: Option<usize>,
        lo: Coord<f64>,
        hi: Coord<f64>,
        scan: &mut Scan,
    ) {
        let (left, right) = (lattice.col(lo.x).max(0), lattice.col(hi.x).min(lattice.nx - 1));
        let (bottom, top) = (lattice.row(lo.y).max(0), lattice.row(hi.y).min(lattice.ny - 1));
        for row in bottom..=top {
            for col in left..=right {
                let mut cell = match node {
                    Some(node) => self.node_cell(node, col, row),
                    None => self.root_cell((row * lattice.nx + col) as usize),
                };
                if let Cell::Leaf(at, _) = cell {
                    match self.refs.get(at) {
                        Ref::Run(run) => scan.runs.push(run),
                        Ref::List(list) => scan.runs.extend(self.refs.list(list).into_iter().flatten()),
                        Ref::Node(below) => cell = Cell::Node(below),
                        Ref::Unknown => {}
                    }
                }
                match cell {
                    Cell::Settled(true) => scan.inside = true,
                    Cell::Settled(false) => scan.outside = true,
                    Cell::Node(node) => {
                        self.scan_cells(&lattice.child(col, row), Some(node), lo, hi, scan);
                    }
                    Cell::Leaf(..) => {}
                }
            }
        }
    }
}
