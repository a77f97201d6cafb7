//! Lines through the middles of cells, and where rings cross them.
//!
//! Middles are *nodes*, what joins two neighbours is a *link*, and four nodes bound a *square*. A square holds its western
//! and southern links: a vertex exactly on a line lies east or north of it, so that every vertex lies in one square,
//! and an edge is a walk from square to square through links. What is right about such walks does not depend on
//! rounding: a ring crosses the links around any set of squares as often inwards as outwards, however places round.

use crate::extract::in_frame;
use bm_grid::Region;
use geo_types::Coord;

/// Nodes in rows from the south, in the plane of the boundaries.
#[derive(Clone, Debug)]
pub(super) struct Lattice {
    pub(super) xs: Vec<f64>,
    pub(super) ys: Vec<f64>,
}

/// Column and row of a square; those beyond the nodes are −1 and the number of nodes less one.
pub(super) type Place = (i64, i64);

/// A way through a link.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Step {
    /// Which link: see [`Lattice::ends`].
    pub(super) link: u64,
    /// The coordinate along the link.
    pub(super) at: f64,
    /// From the right side of the link, in its direction, to the left.
    pub(super) leftwards: bool,
}

impl Lattice {
    /// The middles of a region's cells.
    pub(super) fn of(region: &Region) -> Self {
        let x = |i| in_frame(region, region.center_x(i), region.center_y(0)).x;
        let y = |j| in_frame(region, region.center_x(0), region.center_y(j)).y;
        Self { xs: (0..region.width()).map(x).collect(), ys: (0..region.height()).map(y).collect() }
    }

    pub(super) const fn width(&self) -> u64 {
        self.xs.len() as u64
    }

    /// West, south, east and north of all nodes.
    pub(super) fn bounds(&self) -> [f64; 4] {
        let ends = |v: &[f64]| (v.first().copied().unwrap_or(0.0), v.last().copied().unwrap_or(0.0));
        let ((west, east), (south, north)) = (ends(&self.xs), ends(&self.ys));
        [west, south, east, north]
    }

    pub(super) fn node(&self, n: u64) -> Coord<f64> {
        let (i, j) = (n % self.width(), n / self.width());
        Coord { x: self.xs[i as usize], y: self.ys[j as usize] }
    }

    /// The nodes of a link. Two go from a node: twice its number to the east, one more to the north.
    pub(super) const fn ends(&self, link: u64) -> [u64; 2] {
        let from = link / 2;
        [from, if link.is_multiple_of(2) { from + 1 } else { from + self.width() }]
    }

    /// The place on a link.
    pub(super) fn on(&self, link: u64, at: f64) -> Coord<f64> {
        let from = self.node(link / 2);
        if link.is_multiple_of(2) { Coord { x: at, y: from.y } } else { Coord { x: from.x, y: at } }
    }

    /// Coordinates of a link's ends along it.
    pub(super) fn span(&self, link: u64) -> (f64, f64) {
        let [a, b] = self.ends(link).map(|n| self.node(n));
        if link.is_multiple_of(2) { (a.x, b.x) } else { (a.y, b.y) }
    }

    /// The squares left and right of a link, each named by its south-western node; none beyond the nodes.
    pub(super) fn beside(&self, link: u64) -> [Option<u64>; 2] {
        let (i, j) = (link / 2 % self.width(), link / 2 / self.width());
        let square = |i: Option<u64>, j: Option<u64>| {
            let (i, j) = (i?, j?);
            (i + 1 < self.width() && j + 1 < self.ys.len() as u64).then_some(j * self.width() + i)
        };
        if link.is_multiple_of(2) {
            [square(Some(i), Some(j)), square(Some(i), j.checked_sub(1))]
        } else {
            [square(i.checked_sub(1), Some(j)), square(Some(i), Some(j))]
        }
    }

    /// Bottom, right, top and left link of a square.
    pub(super) const fn around(&self, square: u64) -> [u64; 4] {
        [square * 2, (square + 1) * 2 + 1, (square + self.width()) * 2, square * 2 + 1]
    }

    /// The square that holds a point.
    pub(super) fn place(&self, p: Coord<f64>) -> Place {
        let along = |v: &[f64], at: f64| v.partition_point(|&line| line <= at) as i64 - 1;
        (along(&self.xs, p.x), along(&self.ys, p.y))
    }

    /// The number of a square that is not beyond the nodes.
    pub(super) fn square(&self, (c, r): Place) -> Option<u64> {
        let (c, r) = (u64::try_from(c).ok()?, u64::try_from(r).ok()?);
        (c + 1 < self.width() && r + 1 < self.ys.len() as u64).then(|| r * self.width() + c)
    }

    /// The links that the edge `a`–`b` passes through, from place to place, in its direction.
    pub(super) fn walk(&self, [a, b]: [Coord<f64>; 2], [from, to]: [Place; 2], mut step: impl FnMut(Step)) {
        let (nx, ny) = (self.xs.len() as i64, self.ys.len() as i64);
        let beyond = |p: i64, q: i64, n: i64| p < 0 && q < 0 || p >= n - 1 && q >= n - 1;
        // Nothing lies that way but squares without links.
        if from == to || beyond(from.0, to.0, nx) || beyond(from.1, to.1, ny) {
            return;
        }
        // An edge that two rings share, either way, crosses at one place.
        let (p, q) = if (a.x, a.y) <= (b.x, b.y) { (a, b) } else { (b, a) };
        // Exactly a vertex where one lies on the line.
        let y_at = |x: f64| {
            let y = if x == q.x { q.y } else { p.y + (x - p.x) / (q.x - p.x) * (q.y - p.y) };
            y.clamp(p.y.min(q.y), p.y.max(q.y))
        };
        let x_at = |y: f64| {
            let x = if y == q.y { q.x } else { p.x + (y - p.y) / (q.y - p.y) * (q.x - p.x) };
            x.clamp(p.x, q.x)
        };
        let within = |v: &[f64], k: i64, at: f64| at.clamp(v[k as usize], v[k as usize + 1]);
        let (mut c, mut r) = from;
        while (c, r) != to {
            let (east, north) = (to.0 > c, to.1 > r);
            let (column, row) = (c + i64::from(east), r + i64::from(north));
            // How far along the edge the next line of either kind is met.
            let part_x = (to.0 != c).then(|| (self.xs[column as usize] - a.x) / (b.x - a.x));
            let part_y = (to.1 != r).then(|| (self.ys[row as usize] - a.y) / (b.y - a.y));
            let x_first = match (part_x, part_y) {
                (Some(x), Some(y)) => x <= y,
                (x, _) => x.is_some(),
            };
            if x_first {
                if (0..ny - 1).contains(&r) {
                    let at = within(&self.ys, r, y_at(self.xs[column as usize]));
                    step(Step { link: (r * nx + column) as u64 * 2 + 1, at, leftwards: !east });
                }
                c += if east { 1 } else { -1 };
            } else {
                if (0..nx - 1).contains(&c) {
                    let at = within(&self.xs, c, x_at(self.ys[row as usize]));
                    step(Step { link: (row * nx + c) as u64 * 2, at, leftwards: north });
                }
                r += if north { 1 } else { -1 };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lattice() -> Lattice {
        Lattice { xs: (0..5).map(f64::from).collect(), ys: (0..4).map(f64::from).collect() }
    }

    #[test]
    fn links_know_their_squares() {
        let l = lattice();
        assert_eq!(l.ends(2 * 6), [6, 7]);
        assert_eq!(l.ends(2 * 6 + 1), [6, 11]);
        // Node 6 lies in column 1 of row 1.
        assert_eq!(l.beside(2 * 6), [Some(6), Some(1)]);
        assert_eq!(l.beside(2 * 6 + 1), [Some(5), Some(6)]);
        assert_eq!(l.beside(0), [Some(0), None]);
        assert_eq!(l.beside(2 * 4 + 1), [Some(3), None], "the last column's right side");
        assert_eq!(l.beside(2 * 15), [None, Some(10)], "the last row's upper side");
        assert_eq!(l.around(6), [12, 15, 22, 13]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]
        /// Walks lead from a vertex's square to the next one's, through links that lie beside both.
        #[test]
        fn walks_arrive(a in (-4..24i32, -4..20i32), b in (-4..24i32, -4..20i32)) {
            let l = lattice();
            let [a, b] = [a, b].map(|(x, y)| Coord { x: f64::from(x) / 4.0, y: f64::from(y) / 4.0 });
            let (from, to) = (l.place(a), l.place(b));
            let mut now = l.square(from);
            let mut steps = Vec::new();
            l.walk([a, b], [from, to], |s| steps.push(s));
            for s in &steps {
                let [left, right] = l.beside(s.link);
                let (was, is) = if s.leftwards { (right, left) } else { (left, right) };
                prop_assert_eq!(was, now);
                now = is;
                let (lo, hi) = l.span(s.link);
                prop_assert!(lo <= s.at && s.at <= hi);
                let p = l.on(s.link, s.at);
                // Doubled area over length: how far the place is from the edge.
                let away = (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x);
                prop_assert!(away.abs() < 1e-9);
            }
            prop_assert_eq!(now, l.square(to));
        }
    }
}
