//! Yes-or-no questions answered without rounding.

use geo_types::{Coord, Rect};

/// Twice the signed area of a triangle: positive if `p` lies left of `a` → `b`, negative right, zero exactly on the
/// line. The sign is exact (Shewchuk's adaptive predicate, 1997), barring underflow.
#[inline]
#[must_use]
pub fn orient(a: Coord<f64>, b: Coord<f64>, p: Coord<f64>) -> f64 {
    let c = |c: Coord<f64>| robust::Coord { x: c.x, y: c.y };
    robust::orient2d(c(a), c(b), c(p))
}

/// Whether `p` lies exactly on the closed segment `a`–`b`.
#[inline]
#[must_use]
pub fn on_segment(a: Coord<f64>, b: Coord<f64>, p: Coord<f64>) -> bool {
    // The box first: it settles nearly all.
    (a.x.min(b.x)..=a.x.max(b.x)).contains(&p.x)
        && (a.y.min(b.y)..=a.y.max(b.y)).contains(&p.y)
        && orient(a, b, p) == 0.0
}

/// Whether the closed segment `a`–`b` and the closed box of half widths `half` around `centre` share a point, exactly
/// for the box's corners as rounded.
#[inline]
#[must_use]
pub fn touches_box(a: Coord<f64>, b: Coord<f64>, centre: Coord<f64>, half: [f64; 2]) -> bool {
    let h = Coord { x: half[0], y: half[1] };
    touches_corners(a, b, centre - h, centre + h)
}

/// Whether the closed segment `a`–`b` and a closed box share a point, exactly.
#[inline]
#[must_use]
pub fn touches_rect(a: Coord<f64>, b: Coord<f64>, rect: Rect<f64>) -> bool {
    touches_corners(a, b, rect.min(), rect.max())
}

/// Two convex bodies are apart only if one of their edges' directions separates them: the box's two, the segment's.
fn touches_corners(a: Coord<f64>, b: Coord<f64>, lo: Coord<f64>, hi: Coord<f64>) -> bool {
    if a.x.max(b.x) < lo.x || a.x.min(b.x) > hi.x || a.y.max(b.y) < lo.y || a.y.min(b.y) > hi.y {
        return false;
    }
    let inside = |p: Coord<f64>| (lo.x..=hi.x).contains(&p.x) && (lo.y..=hi.y).contains(&p.y);
    if inside(a) || inside(b) {
        return true;
    }
    // The two corners farthest apart across the segment's direction: those of the falling diagonal for a rising one.
    let rising = (b.x >= a.x) == (b.y >= a.y);
    let (c, d) = if rising { (Coord { x: lo.x, y: hi.y }, Coord { x: hi.x, y: lo.y }) } else { (lo, hi) };
    let (c, d) = (orient(a, b, c), orient(a, b, d));
    !(c > 0.0 && d > 0.0 || c < 0.0 && d < 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn at(x: i32, y: i32) -> Coord<f64> {
        Coord { x: x as f64, y: y as f64 }
    }

    /// By clipping (Liang–Barsky) in whole numbers: the interval of t as fractions of positive denominators.
    fn clip(a: (i64, i64), b: (i64, i64), lo: (i64, i64), hi: (i64, i64)) -> bool {
        let (mut t0, mut t1) = ((0, 1), (1, 1));
        for (a, d, lo, hi) in [(a.0, b.0 - a.0, lo.0, hi.0), (a.1, b.1 - a.1, lo.1, hi.1)] {
            if d == 0 {
                if a < lo || a > hi {
                    return false;
                }
                continue;
            }
            let (near, far) = if d > 0 { (lo - a, hi - a) } else { (a - hi, a - lo) };
            let d = d.abs();
            if near * t0.1 > t0.0 * d {
                t0 = (near, d);
            }
            if far * t1.1 < t1.0 * d {
                t1 = (far, d);
            }
        }
        t0.0 * t1.1 <= t1.0 * t0.1
    }

    #[test]
    fn corners_and_edges_touch() {
        let (centre, half) = (at(0, 0), [1.0, 1.0]);
        assert!(touches_box(at(1, 1), at(5, 5), centre, half));
        assert!(touches_box(at(0, 2), at(2, 0), centre, half), "through a corner only");
        assert!(!touches_box(at(0, 3), at(3, 0), centre, half));
        assert!(touches_box(at(-5, 0), at(5, 0), centre, half), "ends outside");
        assert!(touches_box(at(1, -5), at(1, 5), centre, half), "along an edge");
        assert!(touches_box(at(0, 0), at(0, 0), centre, half), "a point");
        let next = Coord { x: 0.0, y: 2.0f64.next_up() };
        assert!(!touches_box(next, at(2, 0).max_by_ulp(), centre, half), "beside a corner by one ulp");
    }

    trait Ulp {
        fn max_by_ulp(self) -> Self;
    }
    impl Ulp for Coord<f64> {
        fn max_by_ulp(self) -> Self {
            Self { x: self.x.next_up(), y: self.y }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn box_equals_clipping(a in (-6..=6i32, -6..=6i32), b in (-6..=6i32, -6..=6i32),
                               c in (-2..=2i32, -2..=2i32), h in (0..=2i32, 0..=2i32)) {
            let wide = |p: (i32, i32)| (i64::from(p.0), i64::from(p.1));
            let (lo, hi) = ((c.0 - h.0, c.1 - h.1), (c.0 + h.0, c.1 + h.1));
            prop_assert_eq!(
                touches_box(at(a.0, a.1), at(b.0, b.1), at(c.0, c.1), [f64::from(h.0), f64::from(h.1)]),
                clip(wide(a), wide(b), wide(lo), wide(hi))
            );
        }
    }
}
