//! Square cells whose sides are powers of two, so that every corner and every index is exact.

use super::exact::{orient, passes_below};
use geo_types::Coord;

/// Cells (column, row) of a part of the plane, half open: a cell holds its left and lower side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Lattice {
    /// Cells per unit, a power of two.
    pub(super) inv: f64,
    /// Index of column 0 and row 0, counted from the plane's origin; whole numbers.
    pub(super) ix0: f64,
    pub(super) iy0: f64,
    pub(super) nx: i64,
    pub(super) ny: i64,
}

/// Cells of one node along each axis.
pub(super) const FAN: i64 = 16;

impl Lattice {
    /// The 16×16 cells that one cell of this lattice is cut into.
    pub(super) fn child(&self, col: i64, row: i64) -> Self {
        let fan = FAN as f64;
        Self {
            inv: self.inv * fan,
            ix0: (self.ix0 + col as f64) * fan,
            iy0: (self.iy0 + row as f64) * fan,
            nx: FAN,
            ny: FAN,
        }
    }

    /// Left side of a column.
    #[inline]
    pub(super) fn x(&self, col: i64) -> f64 {
        (self.ix0 + col as f64) / self.inv
    }

    /// Lower side of a row.
    #[inline]
    pub(super) fn y(&self, row: i64) -> f64 {
        (self.iy0 + row as f64) / self.inv
    }

    #[inline]
    pub(super) fn corner(&self, col: i64, row: i64) -> Coord<f64> {
        Coord { x: self.x(col), y: self.y(row) }
    }

    /// The column of a place, which may lie outside of the lattice. The product is exact: `inv` is a power of two.
    #[inline]
    pub(super) fn col(&self, x: f64) -> i64 {
        ((x * self.inv).floor() - self.ix0) as i64
    }

    #[inline]
    pub(super) fn row(&self, y: f64) -> i64 {
        ((y * self.inv).floor() - self.iy0) as i64
    }

    /// Calls `cells(row, first column, last column)` for every row of cells that an edge may touch: all that it does
    /// touch, and hardly any other.
    pub(super) fn cover(&self, a: Coord<f64>, b: Coord<f64>, mut cells: impl FnMut(i64, i64, i64)) {
        let (lo, hi) = if a.y <= b.y { (a, b) } else { (b, a) };
        let (left, right) = (self.col(a.x.min(b.x)), self.col(a.x.max(b.x)));
        let (bottom, top) = (self.row(lo.y), self.row(hi.y));
        if right < 0 || left >= self.nx || top < 0 || bottom >= self.ny {
            return;
        }
        let last = self.nx - 1;
        if bottom == top || left == right {
            for row in bottom.max(0)..=top.min(self.ny - 1) {
                cells(row, left.max(0), right.min(last));
            }
            return;
        }
        let slope = (hi.x - lo.x) / (hi.y - lo.y);
        let slack = slack(a.x, b.x);
        let at = |y: f64| lo.x + (y - lo.y) * slope;
        for row in bottom.max(0)..=top.min(self.ny - 1) {
            let from = if row == bottom { lo.x } else { at(self.y(row)) };
            let to = if row == top { hi.x } else { at(self.y(row + 1)) };
            let first = self.col(from.min(to) - slack).max(left);
            let end = self.col(from.max(to) + slack).min(right);
            if first <= last && end >= 0 {
                cells(row, first.max(0), end.min(last));
            }
        }
    }

    /// Calls `crossing(row, column)` for every lower side of a row (just above it, at + δ) that an edge crosses: the
    /// column is the first whose left side (just right of it, at + ε) lies behind the crossing; 0 if all do, `nx` if
    /// none does.
    pub(super) fn row_crossings(&self, a: Coord<f64>, b: Coord<f64>, mut crossing: impl FnMut(i64, i64)) {
        let (lo, hi) = if a.y <= b.y { (a, b) } else { (b, a) };
        // Sides at or above the lower end and below the upper one.
        let first = ((lo.y * self.inv).ceil() - self.iy0).max(0.0) as i64;
        let end = ((hi.y * self.inv).ceil() - self.iy0).min(self.ny as f64) as i64;
        if first >= end {
            return;
        }
        if a.x.min(b.x) > self.x(self.nx) {
            return (first..end).for_each(|row| crossing(row, self.nx));
        }
        let ceil = |t: f64| (t.ceil() - self.ix0).clamp(0.0, self.nx as f64) as i64;
        if a.x == b.x {
            let col = ceil(a.x * self.inv);
            return (first..end).for_each(|row| crossing(row, col));
        }
        let slope = (hi.x - lo.x) / (hi.y - lo.y);
        let slack = slack(a.x, b.x);
        for row in first..end {
            let y = self.y(row);
            let x = lo.x + (y - lo.y) * slope;
            let (mut col, most) = (ceil((x - slack) * self.inv), ceil((x + slack) * self.inv));
            // Too close to a corner for rounded numbers.
            while col < most && orient(lo, hi, Coord { x: self.x(col), y }) > 0.0 {
                col += 1;
            }
            crossing(row, col);
        }
    }

    /// Where an edge crosses the left side of column 0 (just right of it, at + ε): the first row whose lower side
    /// (at + δ) lies above the crossing; 0 if all do, `ny` if none does. None if it does not cross.
    pub(super) fn side_crossing(&self, a: Coord<f64>, b: Coord<f64>) -> Option<i64> {
        let x = self.x(0);
        if (a.x <= x) == (b.x <= x) {
            return None;
        }
        let y = a.y + (x - a.x) * ((b.y - a.y) / (b.x - a.x));
        let slack = slack(a.y, b.y);
        let ceil = |t: f64| (t.ceil() - self.iy0).clamp(0.0, self.ny as f64) as i64;
        let mut row = ceil((y - slack) * self.inv);
        // An edge that rises from a corner passes above it, so one row more than the rounded ones may be meant.
        let most = ceil(((y + slack) * self.inv).floor() + 1.0);
        while row < most && !passes_below(a, b, self.corner(0, row)) {
            row += 1;
        }
        Some(row)
    }
}

/// No less than the error of a point between two coordinates that was found by one division and one product: a
/// few roundings of numbers no larger than these.
#[inline]
fn slack(a: f64, b: f64) -> f64 {
    8.0 * f64::EPSILON * (a.abs() + b.abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lattice() -> Lattice {
        Lattice { inv: 0.5, ix0: -4.0, iy0: -3.0, nx: 8, ny: 7 }
    }

    fn coord() -> impl Strategy<Value = Coord<f64>> {
        // Whole numbers: often on sides and corners.
        (-20_i32..20, -20_i32..20).prop_map(|(x, y)| Coord { x: x.into(), y: y.into() })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn every_touched_cell_is_covered(a in coord(), b in coord(), t in 0..=16_i32) {
            let l = lattice();
            let t = f64::from(t) / 16.0;
            // Exact: small whole numbers and sixteenths.
            let p = Coord { x: a.x + t * (b.x - a.x), y: a.y + t * (b.y - a.y) };
            let (col, row) = (l.col(p.x), l.row(p.y));
            if (0..l.nx).contains(&col) && (0..l.ny).contains(&row) {
                let mut found = false;
                l.cover(a, b, |r, first, last| found |= r == row && (first..=last).contains(&col));
                prop_assert!(found);
            }
        }

        #[test]
        fn crossings_are_those_of_shifted_lines(a in coord(), b in coord()) {
            let l = lattice();
            // ε and δ as small numbers: whole coordinates are far enough apart for that.
            let (eps, delta) = (1e-4, 1e-9);
            let mut found = vec![None; l.ny as usize];
            l.row_crossings(a, b, |row, col| found[row as usize] = Some(col));
            for row in 0..l.ny {
                let y = l.y(row) + delta;
                let expected = ((a.y < y) != (b.y < y)).then(|| {
                    let x = a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x);
                    (0..l.nx).find(|&c| l.x(c) + eps > x).unwrap_or(l.nx)
                });
                prop_assert_eq!(found[row as usize], expected, "row {}", row);
            }
            let x = l.x(0) + eps;
            let expected = ((a.x < x) != (b.x < x)).then(|| {
                let y = a.y + (x - a.x) / (b.x - a.x) * (b.y - a.y);
                (0..l.ny).find(|&r| l.y(r) + delta > y).unwrap_or(l.ny)
            });
            prop_assert_eq!(l.side_crossing(a, b), expected);
        }
    }
}
