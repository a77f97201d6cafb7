//! How much flows over a face, and how much more if it were a little steeper: a row at a time.

use crate::wide::wide;

/// Up to this share of the critical slope the law is the law; on steeper ground flow goes on growing as it does there.
pub(super) const STEEPEST: f64 = 0.98;

/// For a slope of `along` over a face and `across` beside it, as shares of the critical one: what multiplies the slope to
/// give the flow, and by how much the flow grows with the slope over the face, both as shares of D.
#[inline(always)]
pub(super) fn law(along: f64, across: f64) -> (f64, f64) {
    const MOST: f64 = STEEPEST * STEEPEST;
    const FLOW: f64 = STEEPEST / (1.0 - MOST);
    const GROWTH: f64 = (1.0 + MOST) / ((1.0 - MOST) * (1.0 - MOST));
    let square = along * along + across * across;
    let inside = if square < MOST { square } else { MOST };
    let rest = 1.0 / (1.0 - inside);
    let slope = square.sqrt();
    let beyond = square >= MOST;
    let factor = if beyond { (FLOW + GROWTH * (slope - STEEPEST)) / slope } else { rest };
    let growth = if beyond { GROWTH } else { (1.0 + inside) * rest * rest };
    let share = if square > 0.0 { along * along / square } else { 0.0 };
    (factor, factor + share * (growth - factor))
}

/// The slope at a cell by its neighbours on either side; by one of them, or none, where others are not there (NaN).
#[inline(always)]
fn slope(before: f64, here: f64, after: f64, length: f64) -> f64 {
    let (back, ahead) = (here - before, after - here);
    let (back, ahead) = (if back.is_nan() { ahead } else { back }, if ahead.is_nan() { back } else { ahead });
    let slope = 0.5 * (back + ahead) / length;
    if slope.is_nan() { 0.0 } else { slope }
}

/// What a face is made of: metres between the cells and, one over the critical slope.
#[derive(Clone, Copy)]
pub(super) struct Side {
    /// Metres between the two cells.
    pub(super) length: f64,
    /// Metres to the cells beside them: of this row, of the next.
    pub(super) beside: [f64; 2],
    /// Metres of the face.
    pub(super) face: f64,
    /// One over the critical slope.
    pub(super) gentle: f64,
}

wide! {
    /// Over the eastern faces of a row: m³ per unit of time eastwards, and by how much that grows with each metre of
    /// difference. Rows have one cell more at either end; `d` as well.
    pub(super) fn east(flow: &mut [f64], growth: &mut [f64], rows: [&[f64]; 3], d: &[f64], side: Side) {
        let count = flow.len();
        let growth = &mut growth[..count];
        let [south, mid, north] = rows.map(|row| &row[..count + 2]);
        let d = &d[..count + 2];
        for i in 0..count {
            let (z, e) = (mid[i + 1], mid[i + 2]);
            let along = (e - z) / side.length;
            let here = slope(south[i + 1], z, north[i + 1], side.beside[0]);
            let there = slope(south[i + 2], e, north[i + 2], side.beside[0]);
            let (factor, more) = law(along * side.gentle, 0.5 * (here + there) * side.gentle);
            let d = 0.5 * (d[i + 1] + d[i + 2]) * side.face;
            let none = (along + d).is_nan();
            flow[i] = if none { 0.0 } else { -d * factor * along };
            growth[i] = if none { 0.0 } else { d * more / side.length };
        }
    }
}

wide! {
    /// The same over the northern faces of a row, northwards: `rows` are this one and the next, `d` as well.
    pub(super) fn north(flow: &mut [f64], growth: &mut [f64], rows: [&[f64]; 2], d: [&[f64]; 2], side: Side) {
        let count = flow.len();
        let growth = &mut growth[..count];
        let [mid, next] = rows.map(|row| &row[..count + 2]);
        let [d0, d1] = d.map(|row| &row[..count + 2]);
        for i in 0..count {
            let (z, n) = (mid[i + 1], next[i + 1]);
            let along = (n - z) / side.length;
            let here = slope(mid[i], z, mid[i + 2], side.beside[0]);
            let there = slope(next[i], n, next[i + 2], side.beside[1]);
            let (factor, more) = law(along * side.gentle, 0.5 * (here + there) * side.gentle);
            let d = 0.5 * (d0[i + 1] + d1[i + 1]) * side.face;
            let none = (along + d).is_nan();
            flow[i] = if none { 0.0 } else { -d * factor * along };
            growth[i] = if none { 0.0 } else { d * more / side.length };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{STEEPEST, law};

    #[test]
    fn growth_is_that_of_the_flow() {
        for across in [0.0, 0.3, 0.9] {
            let mut along = -3.0;
            while along < 3.0 {
                let flow = |along: f64| law(along, across).0 * along;
                let step = 1e-6;
                let expected = (flow(along + step) - flow(along - step)) / (2.0 * step);
                let growth = law(along, across).1;
                assert!((growth / expected - 1.0).abs() < 1e-3, "{along} {across}: {growth} {expected}");
                along += 0.0371;
            }
        }
        assert_eq!(law(0.0, 0.0), (1.0, 1.0));
        assert!((law(0.5, 0.0).0 - 1.0 / 0.75).abs() < 1e-15);
        // The two parts meet.
        let (below, above) = (law(STEEPEST - 1e-12, 0.0).0, law(STEEPEST + 1e-12, 0.0).0);
        assert!((below - above).abs() < 1e-6);
    }
}
