//! Boxes rounded outward to `f32`, sixteen at a time.

use geo_types::Rect;

/// Children of a node.
pub(super) const FAN: usize = 16;

/// Least and greatest x and y, rounded outward: `[min_x, min_y, max_x, max_y]`.
pub(super) type Box32 = [f32; 4];

/// The greatest `f32` not above `v`.
#[inline]
fn down(v: f64) -> f32 {
    let near = v as f32;
    if f64::from(near) > v { near.next_down() } else { near }
}

/// The least `f32` not below `v`.
#[inline]
fn up(v: f64) -> f32 {
    let near = v as f32;
    if f64::from(near) < v { near.next_up() } else { near }
}

/// A box that holds `r`.
#[inline]
pub(super) fn outward(r: &Rect<f64>) -> Box32 {
    [down(r.min().x), down(r.min().y), up(r.max().x), up(r.max().y)]
}

/// A window, rounded *inward*: a box stored as `A..B` (rounded outward from `a..b`) meets `u..v` only if `A ≤ down(v)`
/// and `B ≥ up(u)`, because no `f32` lies between; and it surely does if both hold strictly, because `a` and `b` lie
/// less than one step inside of `A` and `B`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    min_x: f32,
    min_y: f32,
    max_x: f32,
    max_y: f32,
}

impl Window {
    #[inline]
    pub(super) fn new(r: &Rect<f64>) -> Self {
        Self { min_x: up(r.min().x), min_y: up(r.min().y), max_x: down(r.max().x), max_y: down(r.max().y) }
    }

    /// The window that a box of the index is found by.
    #[inline]
    pub(super) fn of(b: &Box32) -> Self {
        Self { min_x: b[0], min_y: b[1], max_x: b[2], max_y: b[3] }
    }

    /// `[min_x, min_y, max_x, max_y]`.
    #[inline]
    pub(super) fn sides(&self) -> [f32; 4] {
        [self.min_x, self.min_y, self.max_x, self.max_y]
    }

    /// Whether a box may meet it.
    #[cfg(test)]
    fn meets(&self, b: &Box32) -> bool {
        b[0] <= self.max_x && b[1] <= self.max_y && b[2] >= self.min_x && b[3] >= self.min_y
    }
}

/// Sixteen boxes, axis by axis. Empty lanes are NaN, which meets nothing.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct Boxes {
    min_x: [f32; FAN],
    min_y: [f32; FAN],
    max_x: [f32; FAN],
    max_y: [f32; FAN],
}

impl Boxes {
    pub(super) const EMPTY: Self = Self {
        min_x: [f32::NAN; FAN],
        min_y: [f32::NAN; FAN],
        max_x: [f32::NAN; FAN],
        max_y: [f32::NAN; FAN],
    };

    #[inline]
    pub(super) fn set(&mut self, lane: usize, b: &Box32) {
        (self.min_x[lane], self.min_y[lane]) = (b[0], b[1]);
        (self.max_x[lane], self.max_y[lane]) = (b[2], b[3]);
    }

    #[inline]
    pub(super) fn get(&self, lane: usize) -> Box32 {
        [self.min_x[lane], self.min_y[lane], self.max_x[lane], self.max_y[lane]]
    }

    /// The smallest box around all lanes that are not empty.
    pub(super) fn around(&self) -> Box32 {
        // `min` and `max` of a number and NaN are the number.
        let least = |v: &[f32; FAN]| v.iter().copied().fold(f32::NAN, f32::min);
        let most = |v: &[f32; FAN]| v.iter().copied().fold(f32::NAN, f32::max);
        [least(&self.min_x), least(&self.min_y), most(&self.max_x), most(&self.max_y)]
    }

    /// `[min_x, min_y, max_x, max_y]` of all lanes.
    #[inline]
    pub(super) fn axes(&self) -> [&[f32; FAN]; 4] {
        [&self.min_x, &self.min_y, &self.max_x, &self.max_y]
    }

    /// A bit for each lane that may meet the window.
    #[inline]
    pub(super) fn may_meet(&self, w: &Window) -> u16 {
        #[cfg(all(target_arch = "x86_64", target_feature = "sse2", not(miri)))]
        {
            // SAFETY: the build is for CPUs that have it.
            return unsafe { sse2::bits::<false>(self, w) };
        }
        #[allow(unreachable_code, reason = "where there is something better")]
        self.may_meet_portable(w)
    }

    /// A bit for each lane that surely meets the window.
    #[inline]
    pub(super) fn meet(&self, w: &Window) -> u16 {
        #[cfg(all(target_arch = "x86_64", target_feature = "sse2", not(miri)))]
        {
            // SAFETY: the build is for CPUs that have it.
            return unsafe { sse2::bits::<true>(self, w) };
        }
        #[allow(unreachable_code, reason = "where there is something better")]
        self.meet_portable(w)
    }

    #[inline]
    pub(super) fn may_meet_portable(&self, w: &Window) -> u16 {
        let hit = |lane: usize| {
            (self.min_x[lane] <= w.max_x)
                & (self.min_y[lane] <= w.max_y)
                & (self.max_x[lane] >= w.min_x)
                & (self.max_y[lane] >= w.min_y)
        };
        (0..FAN).fold(0, |bits, lane| bits | u16::from(hit(lane)) << lane)
    }

    #[inline]
    pub(super) fn meet_portable(&self, w: &Window) -> u16 {
        let hit = |lane: usize| {
            (self.min_x[lane] < w.max_x)
                & (self.min_y[lane] < w.max_y)
                & (self.max_x[lane] > w.min_x)
                & (self.max_y[lane] > w.min_y)
        };
        (0..FAN).fold(0, |bits, lane| bits | u16::from(hit(lane)) << lane)
    }

    /// Least squared distance of every lane from a point, in a metric of `scale` metres a unit; NaN for empty lanes.
    #[inline(always)]
    pub(super) fn distances2(&self, at: [f64; 2], scale: [f64; 2]) -> [f64; FAN] {
        let mut d = [0.0; FAN];
        for (lane, d) in d.iter_mut().enumerate() {
            let gap = |lo: f32, hi: f32, v: f64| {
                let (below, above) = (f64::from(lo) - v, v - f64::from(hi));
                // Kept NaN for an empty lane.
                let out = if below > above { below } else { above };
                if out < 0.0 { 0.0 } else { out }
            };
            let dx = gap(self.min_x[lane], self.max_x[lane], at[0]) * scale[0];
            let dy = gap(self.min_y[lane], self.max_y[lane], at[1]) * scale[1];
            *d = dx * dx + dy * dy;
        }
        d
    }
}

/// Four lanes at once, on every x86-64.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2", not(miri)))]
mod sse2 {
    use super::{Boxes, FAN, Window};
    use std::arch::x86_64::{
        __m128, _mm_and_ps, _mm_cmple_ps, _mm_cmplt_ps, _mm_loadu_ps, _mm_movemask_ps, _mm_set1_ps,
    };

    /// [`Boxes::meet`] if it is `SURE`, else [`Boxes::may_meet`].
    #[inline]
    #[target_feature(enable = "sse2")]
    pub(super) fn bits<const SURE: bool>(boxes: &Boxes, w: &Window) -> u16 {
        let before = |a: __m128, b: __m128| if SURE { _mm_cmplt_ps(a, b) } else { _mm_cmple_ps(a, b) };
        let [x0, y0, x1, y1] = w.sides();
        let (x0, y0) = (_mm_set1_ps(x0), _mm_set1_ps(y0));
        let (x1, y1) = (_mm_set1_ps(x1), _mm_set1_ps(y1));
        let mut bits = 0;
        for first in (0..FAN).step_by(4) {
            let four = |axis: &[f32; FAN]| {
                // SAFETY: the array holds four more floats from `first` on.
                unsafe { _mm_loadu_ps(axis.as_ptr().add(first)) }
            };
            let [a, b, c, d] = boxes.axes();
            let (a, b, c, d) = (four(a), four(b), four(c), four(d));
            let lo = _mm_and_ps(before(a, x1), before(b, y1));
            let hi = _mm_and_ps(before(x0, c), before(y0, d));
            bits |= (_mm_movemask_ps(_mm_and_ps(lo, hi)) as u16) << first;
        }
        bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo_types::coord;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rounding_keeps_what_may_and_what_must_meet(
            a in prop::array::uniform4(-4_i32..5), w in prop::array::uniform4(-4_i32..5), e in 0_i32..60,
        ) {
            // Numbers around 1 whose steps are those of f64 down to those of f32: touching is common.
            let step = f64::EPSILON * 2_f64.powi(e);
            let rect = |v: [i32; 4]| {
                let c = |n: i32| 1.0 + f64::from(n) * step;
                Rect::new(coord! { x: c(v[0]), y: c(v[1]) }, coord! { x: c(v[2]), y: c(v[3]) })
            };
            let (a, w) = (rect(a), rect(w));
            let truth = a.min().x <= w.max().x && a.max().x >= w.min().x
                && a.min().y <= w.max().y && a.max().y >= w.min().y;
            let mut boxes = Boxes::EMPTY;
            boxes.set(5, &outward(&a));
            let window = Window::new(&w);
            let (may, meet) = (boxes.may_meet(&window), boxes.meet(&window));
            prop_assert!(may & !(1 << 5) == 0 && meet & !may == 0);
            prop_assert!(!truth || may != 0);
            prop_assert!(truth || meet == 0);
            prop_assert_eq!(may != 0, window.meets(&outward(&a)));
        }
    }

    #[test]
    fn empty_lanes_meet_nothing() {
        let all = Window {
            min_x: f32::NEG_INFINITY,
            min_y: f32::NEG_INFINITY,
            max_x: f32::INFINITY,
            max_y: f32::INFINITY,
        };
        assert_eq!(Boxes::EMPTY.may_meet(&all), 0);
        assert!(Boxes::EMPTY.distances2([0.0, 0.0], [1.0, 1.0]).iter().all(|d| d.is_nan()));
        assert!(Boxes::EMPTY.around().iter().all(|v| v.is_nan()));
    }
}
