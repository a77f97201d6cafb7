//! The vertices of a chunk against a point: left or right, above or below.

use super::chunk::{Chunk, Coding, Form};
use geo_types::Coord;

/// A point, and the greatest whole numbers that are not above its coordinates: comparing these with those of a
/// vertex is comparing the coordinates.
pub(super) struct Asked {
    pub(super) p: Coord<f64>,
    /// Left side of the cell.
    pub(super) side: f64,
    fine: Option<Keys>,
    coarse: Option<Keys>,
}

#[derive(Clone, Copy)]
struct Keys {
    x: i32,
    y: i32,
    side: i32,
    /// Greatest numbers *below* the point's coordinates: one less where the point lies on the grid.
    x_below: i32,
    y_below: i32,
}

/// Bits of the vertices of a chunk: whose coordinates are at most, or below, those of the point.
#[derive(Clone, Copy, Default)]
pub(super) struct Masks {
    pub(super) x: u64,
    pub(super) y: u64,
    pub(super) x_below: u64,
    pub(super) y_below: u64,
    pub(super) side: u64,
}

impl Asked {
    pub(super) const fn new(p: Coord<f64>, side: f64) -> Self {
        Self { p, side, fine: None, coarse: None }
    }

    /// Compares the vertices of a chunk with the point.
    #[inline(always)]
    pub(super) fn masks<const AVX2: bool>(&mut self, chunk: &Chunk, coding: &Coding) -> Masks {
        let keys = match (chunk.form, &coding.scale) {
            (Form::Raw, _) | (_, None) => return self.masks_raw(chunk),
            (form, Some(scale)) => {
                let fine = *self.fine.get_or_insert_with(|| {
                    let (x, y) = (scale.fine_floor(self.p.x), scale.fine_floor(self.p.y));
                    Keys {
                        x,
                        y,
                        side: scale.fine_floor(self.side),
                        x_below: x - i32::from(scale.value(x) == self.p.x),
                        y_below: y - i32::from(scale.value(y) == self.p.y),
                    }
                });
                if form == Form::Fine {
                    fine
                } else {
                    *self.coarse.get_or_insert_with(|| Keys {
                        x: scale.coarse_floor(fine.x),
                        y: scale.coarse_floor(fine.y),
                        side: scale.coarse_floor(fine.side),
                        x_below: scale.coarse_floor(fine.x_below),
                        y_below: scale.coarse_floor(fine.y_below),
                    })
                }
            }
        };
        #[cfg(target_arch = "x86_64")]
        if AVX2 {
            // SAFETY: whoever asks for `AVX2` has made sure that the processor knows it.
            return unsafe { keys.masks_avx2(chunk) };
        }
        keys.masks(chunk)
    }

    #[inline(always)]
    fn masks_raw(&self, chunk: &Chunk) -> Masks {
        let mut m = Masks::default();
        for i in 0..chunk.len {
            let (x, y) = (chunk.fx[i], chunk.fy[i]);
            m.x |= u64::from(x <= self.p.x) << i;
            m.y |= u64::from(y <= self.p.y) << i;
            m.x_below |= u64::from(x < self.p.x) << i;
            m.y_below |= u64::from(y < self.p.y) << i;
            m.side |= u64::from(x <= self.side) << i;
        }
        m
    }
}

impl Keys {
    fn masks(&self, chunk: &Chunk) -> Masks {
        let mut m = Masks::default();
        for i in 0..chunk.len {
            let (x, y) = (chunk.kx[i], chunk.ky[i]);
            m.x |= u64::from(x <= self.x) << i;
            m.y |= u64::from(y <= self.y) << i;
            m.x_below |= u64::from(x <= self.x_below) << i;
            m.y_below |= u64::from(y <= self.y_below) << i;
            m.side |= u64::from(x <= self.side) << i;
        }
        m
    }

    /// Eight vertices at a time. Bits beyond the last vertex say nothing.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    #[inline]
    fn masks_avx2(&self, chunk: &Chunk) -> Masks {
        use std::arch::x86_64::{
            __m256i, _mm256_castsi256_ps, _mm256_cmpgt_epi32, _mm256_loadu_si256, _mm256_movemask_ps,
            _mm256_set1_epi32,
        };
        let mut m = Masks::default();
        let all = |key: i32| _mm256_set1_epi32(key);
        let (x, y, side) = (all(self.x), all(self.y), all(self.side));
        let (x_below, y_below) = (all(self.x_below), all(self.y_below));
        let above = |values: __m256i, key: __m256i| {
            u64::from(_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(values, key))) as u32)
        };
        // Off the grid both numbers are the same.
        let tied = self.x != self.x_below || self.y != self.y_below;
        let (xs, ys) = (chunk.kx.as_chunks::<8>().0, chunk.ky.as_chunks::<8>().0);
        for (i, (xs, ys)) in xs.iter().zip(ys).take(chunk.len.div_ceil(8)).enumerate() {
            // SAFETY: both are arrays of eight whole numbers, and any place will do.
            let (xs, ys) =
                unsafe { (_mm256_loadu_si256(xs.as_ptr().cast()), _mm256_loadu_si256(ys.as_ptr().cast())) };
            m.x |= above(xs, x) << (8 * i);
            m.y |= above(ys, y) << (8 * i);
            m.side |= above(xs, side) << (8 * i);
            if tied {
                m.x_below |= above(xs, x_below) << (8 * i);
                m.y_below |= above(ys, y_below) << (8 * i);
            }
        }
        if !tied {
            (m.x_below, m.y_below) = (m.x, m.y);
        }
        Masks { x: !m.x, y: !m.y, x_below: !m.x_below, y_below: !m.y_below, side: !m.side }
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn both_paths_compare_alike(
            ks in prop::collection::vec((-3..4_i32, -3..4_i32), 2..=64), at in (-3..4_i32, -3..4_i32, -3..4_i32),
            tied in (0..2_i32, 0..2_i32),
        ) {
            let mut chunk = Chunk { len: ks.len(), form: Form::Fine, ..Chunk::default() };
            for (i, k) in ks.iter().enumerate() {
                (chunk.kx[i], chunk.ky[i]) = *k;
            }
            let keys = Keys { x: at.0, y: at.1, side: at.2, x_below: at.0 - tied.0, y_below: at.1 - tied.1 };
            if super::super::batch::has_avx2() {
                // SAFETY: the processor has just said that it knows these instructions.
                let fast = unsafe { keys.masks_avx2(&chunk) };
                let slow = keys.masks(&chunk);
                let held = u64::MAX >> (64 - chunk.len);
                prop_assert_eq!(
                    [fast.x & held, fast.y & held, fast.x_below & held, fast.y_below & held, fast.side & held],
                    [slow.x, slow.y, slow.x_below, slow.y_below, slow.side]
                );
            }
        }
    }
}
