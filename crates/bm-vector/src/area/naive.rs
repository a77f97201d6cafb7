//! Every edge, one by one: the oracle of the tests.

use super::Where;
use super::exact::orient;
use geo_types::Coord;

/// Where a point lies among closed rings.
pub(super) fn locate(rings: &[Vec<Coord<f64>>], p: Coord<f64>) -> Where {
    let mut inside = false;
    for e in rings.iter().flat_map(|ring| ring.windows(2)) {
        let (a, b) = (e[0], e[1]);
        let turn = orient(a, b, p);
        if turn == 0.0
            && (a.x.min(b.x)..=a.x.max(b.x)).contains(&p.x)
            && (a.y.min(b.y)..=a.y.max(b.y)).contains(&p.y)
        {
            return Where::On;
        }
        if (a.y <= p.y) != (b.y <= p.y) {
            inside ^= (turn > 0.0) == (b.y > a.y);
        }
    }
    Where::of(inside)
}
