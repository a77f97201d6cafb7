//! New shores with fewer vertices.
//!
//! Douglas & Peucker's method (1973), but a chord must also pass the very links that its part of the line passes, in
//! their order and not too near to nodes. So no middle of a cell changes sides, and nothing crosses: there is one
//! passage on a link, and in a square two ways that pass different sides of it cannot meet.

use super::lattice::Lattice;
use crate::frame::Frame;
use geo_types::Coord;

/// A new shore: `links[i]` is what `line[i]` lies on; of a closed one the first vertex is repeated, its link is not.
pub(super) fn thin(
    lattice: &Lattice,
    links: &[u64],
    line: &[Coord<f64>],
    tolerance: f64,
    least: f64,
    frame: Frame,
) -> Vec<Coord<f64>> {
    let last = line.len().saturating_sub(1);
    if last < 2 || tolerance.is_nan() || tolerance <= 0.0 {
        return line.to_vec();
    }
    let link = |k: usize| links[k % links.len()];
    let mut keep = vec![false; line.len()];
    (keep[0], keep[last]) = (true, true);
    let mut todo = vec![(0, last)];
    while let Some((from, to)) = todo.pop() {
        if to - from < 2 {
            continue;
        }
        let (a, b) = (line[from], line[to]);
        let metric = frame.metric((a + b) / 2.0);
        let away = |k: &usize| metric.to_segment(line[*k], a, b).0;
        let Some(far) = (from + 1..to).max_by(|k, l| away(k).total_cmp(&away(l))) else { continue };
        let passes = || {
            let mut at = from + 1;
            let mut same = true;
            lattice.walk([a, b], [a, b].map(|p| lattice.place(p)), |s| {
                // The ends lie on links themselves.
                if same && at < to && s.link == link(at) {
                    let (lo, hi) = lattice.span(s.link);
                    let part = (s.at - lo) / (hi - lo);
                    same = (least..=1.0 - least).contains(&part);
                    at += 1;
                } else {
                    same &= s.link == link(from) || s.link == link(to);
                }
            });
            same && at == to
        };
        if a == b || away(&far) > tolerance || !passes() {
            keep[far] = true;
            todo.extend([(from, far), (far, to)]);
        }
    }
    let thin: Vec<_> = line.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(c, _)| *c).collect();
    // A ring has three corners at least.
    if line[0] == line[last] && thin.len() < 4 { line.to_vec() } else { thin }
}
