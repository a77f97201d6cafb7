//! Exact decisions about edges and points, ties included.
//!
//! Parities are counted along paths that run *just* right of a cell's left side and *just* above a point: at
//! (x + ε, y + δ) with infinitesimal δ ≪ ε. No vertex lies on such a path and no edge runs along it, so nothing is
//! counted twice or not at all (Edelsbrunner & Mücke, "Simulation of Simplicity", 1990). Orientations come from
//! adaptive arithmetic (Shewchuk, "Adaptive Precision Floating-Point Arithmetic", 1997).

use geo_types::Coord;

/// Positive where `p` is left of `a`→`b`, negative right, zero exactly on the line.
#[inline]
pub(super) fn orient(a: Coord<f64>, b: Coord<f64>, p: Coord<f64>) -> f64 {
    let c = |c: Coord<f64>| robust::Coord { x: c.x, y: c.y };
    robust::orient2d(c(a), c(b), c(p))
}

/// Whether (c.x + ε, c.y + δ) is left of `a`→`b`.
#[inline]
pub(super) fn left_of(a: Coord<f64>, b: Coord<f64>, c: Coord<f64>) -> bool {
    let turn = orient(a, b, c);
    if turn != 0.0 {
        return turn > 0.0;
    }
    // The line runs through c: what ε does to the orientation comes first, then what δ does.
    if a.y != b.y { b.y < a.y } else { b.x > a.x }
}

/// Whether an edge with an end on either side of x = c.x + ε passes below (c.x + ε, c.y + δ) there.
#[inline]
pub(super) fn passes_below(a: Coord<f64>, b: Coord<f64>, c: Coord<f64>) -> bool {
    if a.x < b.x { left_of(a, b, c) } else { left_of(b, a, c) }
}

/// Whether an edge with an end on either side of y = c.y + δ passes right of (c.x + ε, c.y + δ) there.
#[inline]
pub(super) fn passes_right(a: Coord<f64>, b: Coord<f64>, c: Coord<f64>) -> bool {
    if a.y < b.y { left_of(a, b, c) } else { left_of(b, a, c) }
}
