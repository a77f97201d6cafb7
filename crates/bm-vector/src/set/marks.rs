//! Where something local may speak, in tiles: one bit answers most questions.

use geo_types::{Coord, Rect};

/// A bitmap of tiles over a box, of which a set bit says nothing and a clear one that nothing is near.
#[derive(Clone, Debug)]
pub(super) struct Marks {
    origin: Coord<f64>,
    /// Tiles to a unit of x and y.
    scale: [f64; 2],
    size: [i64; 2],
    /// Whether x goes on at the other end.
    wraps: bool,
    /// How much wider boxes are marked than they are.
    margin: f64,
    bits: Vec<u64>,
}

impl Marks {
    /// Quarter degrees of the globe: 130 KB.
    pub(super) fn globe() -> Self {
        // 217 m: cells of up to 434 m are answered by one bit.
        const MARGIN: f64 = 1.0 / 512.0;
        let bounds = Rect::new(Coord { x: -180.0, y: -90.0 }, Coord { x: 180.0, y: 90.0 });
        Self { wraps: true, ..Self::over(bounds, [1440, 720], MARGIN) }
    }

    /// Tiles over a box; places outside of it count as marked.
    pub(super) fn over(bounds: Rect<f64>, size: [u32; 2], margin: f64) -> Self {
        let size = size.map(i64::from);
        let scale = |tiles: i64, length: f64| if length > 0.0 { tiles as f64 / length } else { 0.0 };
        Self {
            origin: bounds.min(),
            scale: [scale(size[0], bounds.width()), scale(size[1], bounds.height())],
            size,
            wraps: false,
            margin,
            bits: vec![0; ((size[0] * size[1]) as usize).div_ceil(64)],
        }
    }

    /// Bytes of heap.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.bits)
    }

    /// Length of a tile along an axis.
    fn tile_size(&self, axis: usize) -> f64 {
        if self.scale[axis] > 0.0 { 1.0 / self.scale[axis] } else { 0.0 }
    }

    /// Marks the tiles that a segment comes near, and those that come near it when it is `grow`n: not all of its box.
    pub(super) fn mark_segment(
        &mut self,
        a: Coord<f64>,
        b: Coord<f64>,
        grow: &impl Fn(Rect<f64>) -> Rect<f64>,
    ) {
        let bounds = grow(Rect::new(a, b));
        let ([x0, y0], [x1, y1]) = (self.tile(bounds.min()), self.tile(bounds.max()));
        if !self.wraps && (x1 < -1 || y1 < -1 || x0 > self.size[0] || y0 > self.size[1]) {
            return;
        }
        let tiles = [(b.x - a.x) * self.scale[0], (b.y - a.y) * self.scale[1]].map(f64::abs);
        let middle = a + (b - a) / 2.0;
        let half = grow(Rect::new(a, middle));
        let area = |r: Rect<f64>| r.width() * r.height();
        // As long as its box has many tiles and halves have far fewer.
        if tiles[0].min(tiles[1]) > 2.0 && area(half) < 0.4 * area(bounds) {
            self.mark_segment(a, middle, grow);
            self.mark_segment(middle, b, grow);
        } else {
            self.mark(&bounds);
        }
    }

    #[inline]
    fn tile(&self, p: Coord<f64>) -> [i64; 2] {
        [((p.x - self.origin.x) * self.scale[0]).floor(), ((p.y - self.origin.y) * self.scale[1]).floor()]
            // Far outside and not a number come out as numbers, too.
            .map(|v| v as i64)
    }

    /// Marks the tiles that a box comes near.
    pub(super) fn mark(&mut self, bounds: &Rect<f64>) {
        // A little wider than asked for, for what rounding takes.
        let by = self.margin * 1.01;
        let by = Coord { x: by + self.tile_size(0) * 1e-6, y: by + self.tile_size(1) * 1e-6 };
        let (lo, hi) = (self.tile(bounds.min() - by), self.tile(bounds.max() + by));
        let rows = lo[1].clamp(0, self.size[1] - 1)..=hi[1].clamp(0, self.size[1] - 1);
        if hi[1] < 0 || lo[1] >= self.size[1] {
            return;
        }
        let columns = if self.wraps {
            lo[0]..=hi[0].min(lo[0] + self.size[0] - 1)
        } else if hi[0] < 0 || lo[0] >= self.size[0] {
            return;
        } else {
            lo[0].max(0)..=hi[0].min(self.size[0] - 1)
        };
        for row in rows {
            for column in columns.clone() {
                let i = (row * self.size[0] + column.rem_euclid(self.size[0])) as usize;
                self.bits[i / 64] |= 1 << (i % 64);
            }
        }
    }

    /// Whether nothing marked is within half a box of `half` around a point.
    #[inline]
    pub(super) fn is_clear(&self, p: Coord<f64>, half: f64) -> bool {
        let [column, row] = self.tile(p);
        let is_in = |i: i64, n: i64| (i as u64) < n as u64;
        if half > self.margin || !is_in(column, self.size[0]) || !is_in(row, self.size[1]) {
            return half <= self.margin && self.is_clear_elsewhere(column, row);
        }
        let i = (row * self.size[0] + column) as usize;
        self.bits[i / 64] >> (i % 64) & 1 == 0
    }

    /// As [`Marks::is_clear`] for tiles beyond the ends.
    #[cold]
    fn is_clear_elsewhere(&self, column: i64, row: i64) -> bool {
        // The poles, and what rounding puts beyond them.
        let row = if row == self.size[1] { row - 1 } else { row };
        if !self.wraps || !(0..self.size[1]).contains(&row) {
            return false;
        }
        let i = (row * self.size[0] + column.rem_euclid(self.size[0])) as usize;
        self.bits[i / 64] >> (i % 64) & 1 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(x: f64, y: f64) -> Coord<f64> {
        Coord { x, y }
    }

    proptest! {
        #[test]
        fn what_is_clear_is_far(
            boxes in prop::collection::vec((-540.0..540.0_f64, -90.0..90.0_f64, 0.0..3.0, 0.0..3.0), 0..20),
            asks in prop::collection::vec((0..20_usize, -1.0..4.0_f64, -1.0..4.0_f64, 0.0..0.002), 1..40),
        ) {
            let mut globe = Marks::globe();
            let region = Rect::new(at(-10.0, 40.0), at(10.0, 50.0));
            let mut local = Marks::over(region, [64, 64], 0.002);
            let boxes: Vec<Rect<f64>> =
                boxes.into_iter().map(|(x, y, w, h)| Rect::new(at(x, y), at(x + w, y + h))).collect();
            for b in &boxes {
                globe.mark(b);
                local.mark(b);
            }
            for (near, dx, dy, half) in asks {
                let base = boxes.get(near).map_or(at(0.0, 45.0), |b| b.min());
                let x = (base.x + dx + 180.0).rem_euclid(360.0) - 180.0;
                let p = at(x, (base.y + dy).clamp(-90.0, 90.0));
                let meets = |lap: f64| {
                    boxes.iter().any(|b| {
                        b.min().x <= p.x + lap + half && b.max().x >= p.x + lap - half
                            && b.min().y <= p.y + half && b.max().y >= p.y - half
                    })
                };
                let near = [-720.0, -360.0, 0.0, 360.0, 720.0].into_iter().any(meets);
                prop_assert!(!(near && globe.is_clear(p, half)), "{:?}", p);
                prop_assert!(!(meets(0.0) && local.is_clear(p, half)), "{:?}", p);
            }
        }
    }

    #[test]
    fn most_is_clear() {
        let mut globe = Marks::globe();
        globe.mark(&Rect::new(at(179.9, 10.0), at(180.3, 10.1)));
        assert!(!globe.is_clear(at(179.95, 10.05), 0.0));
        assert!(!globe.is_clear(at(-179.8, 10.05), 0.0));
        assert!(globe.is_clear(at(-179.4, 10.05), 0.0));
        assert!(globe.is_clear(at(0.0, 90.0), 0.0) && globe.is_clear(at(180.0, -90.0), 0.0));
        assert!(!globe.is_clear(at(0.0, 0.0), 0.1), "cells that large need more than a bit");
        assert!(!globe.is_clear(at(f64::NAN, f64::INFINITY), 0.0) || globe.is_clear(at(0.0, 0.0), 0.0));
    }
}
