//! Boxes of cells on the curve: search, iteration in Morton order, cover by ranges.

use core::iter::FusedIterator;

use crate::cover::{CodeRange, Cover, WidestGaps};
use crate::search;

/// Writes one box type with its iterators.
macro_rules! morton_box {
    (
        $(#[$type_doc:meta])*
        $Box:ident, $Cells:ident, $Ranges:ident, axes $D:literal, bits $BITS:literal,
        $code:ty, bound $bound:ty, coord $coord:ty, count $count:ty,
        $search:ident, $encode:path, $decode:path
    ) => {
        $(#[$type_doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $Box {
            /// Codes of the lowest and the highest cell: also the least and greatest inside.
            lo: $code,
            hi: $code,
        }

        impl $Box {
            #[doc = concat!("The cells from `min` to below `max` on every axis, ", stringify!($BITS), " bits each.")]
            ///
            /// `None` if the box is empty or `max` is beyond the end of an axis.
            #[inline]
            #[must_use]
            pub fn new(min: [$bound; $D], max: [$bound; $D]) -> Option<Self> {
                for d in 0..$D {
                    if min[d] >= max[d] || max[d] > 1 << $BITS {
                        return None;
                    }
                }
                let lo = $encode(min.map(|v| v as $coord));
                let hi = $encode(max.map(|v| (v - 1) as $coord));
                Some(Self { lo, hi })
            }

            /// The box between two corner cells given by their codes, both inside.
            ///
            /// `None` if `lo` is above `hi` on some axis or a code has bits above the axes'.
            #[inline]
            #[must_use]
            pub fn from_corners(lo: $code, hi: $code) -> Option<Self> {
                let mut ordered = (lo | hi | search::$search::ALL) == search::$search::ALL;
                for m in search::$search::AXES {
                    ordered &= lo & m <= hi & m;
                }
                ordered.then_some(Self { lo, hi })
            }

            /// Least code in the box: the corner with the least coordinates.
            #[inline]
            #[must_use]
            pub const fn first(self) -> $code {
                self.lo
            }

            /// Greatest code in the box: the corner with the greatest coordinates.
            #[inline]
            #[must_use]
            pub const fn last(self) -> $code {
                self.hi
            }

            /// Least coordinates, inside.
            #[inline]
            #[must_use]
            pub fn min(self) -> [$bound; $D] {
                $decode(self.lo).map(<$bound>::from)
            }

            /// First coordinates beyond the box.
            #[inline]
            #[must_use]
            pub fn max(self) -> [$bound; $D] {
                $decode(self.hi).map(|v| <$bound>::from(v) + 1)
            }

            /// Number of cells, never zero.
            #[inline]
            #[must_use]
            pub fn cell_count(self) -> $count {
                let (min, max) = (self.min(), self.max());
                (0..$D).map(|d| <$count>::from(max[d] - min[d])).product()
            }

            /// Whether the cell lies in the box.
            #[inline]
            #[must_use]
            pub fn contains(self, code: $code) -> bool {
                search::$search::contains(code, self.lo, self.hi)
            }

            /// Least code in the box that is not below `code`.
            #[inline]
            #[must_use]
            pub fn at_or_after(self, code: $code) -> Option<$code> {
                search::$search::at_or_after(code, self.lo, self.hi)
            }

            /// Least code in the box that is above `code` (BIGMIN of Tropf & Herzog 1981).
            #[inline]
            #[must_use]
            pub fn after(self, code: $code) -> Option<$code> {
                search::$search::at_or_after(code.checked_add(1)?, self.lo, self.hi)
            }

            /// Greatest code in the box that is not above `code`.
            #[inline]
            #[must_use]
            pub fn at_or_before(self, code: $code) -> Option<$code> {
                search::$search::at_or_before(code, self.lo, self.hi)
            }

            /// Greatest code in the box that is below `code` (LITMAX of Tropf & Herzog 1981).
            #[inline]
            #[must_use]
            pub fn before(self, code: $code) -> Option<$code> {
                search::$search::at_or_before(code.checked_sub(1)?, self.lo, self.hi)
            }

            /// Every cell's code, ascending.
            #[inline]
            #[must_use]
            pub fn cells(self) -> $Cells {
                $Cells {
                    bounds: self,
                    next: self.lo,
                    run_end: search::$search::run_end(self.lo, self.lo, self.hi),
                    left: self.cell_count(),
                }
            }

            /// The unbroken runs of the box's codes, ascending: an exact cover, computed one
            /// range at a time.
            ///
            /// Their number grows with the surface of the box; for a bounded number see
            /// [`cover`](Self::cover).
            #[inline]
            #[must_use]
            pub const fn ranges(self) -> $Ranges {
                $Ranges { bounds: self, start: Some(self.lo) }
            }

            /// At most `buffer.len()` ranges that hold every code of the box.
            ///
            /// The answer is exact if the budget allows. If not, the widest gaps between the
            /// box's codes stay open and the others are filled: cells outside the box are then
            /// covered too, as [`Cover::codes`] tells. Gaps are compared at the coarsest
            /// resolution that has enough of them, so the choice may differ from the best one
            /// in gaps of similar width; the time is proportional to the budget, not to the
            /// box.
            ///
            /// `None` for an empty buffer. Its contents behind the answer are left undefined.
            #[must_use]
            pub fn cover<'a>(
                self,
                buffer: &'a mut [CodeRange<$code>],
            ) -> Option<Cover<'a, $code, $count>> {
                let gap_budget = buffer.len().checked_sub(1)?;
                // At the resolution where the corners part there are at most 2^D cells. Each
                // finer one has up to 2^(D-1) times the ranges of the one before: begin where
                // there should still be too few, and go on until there are enough.
                let apart = (self.lo ^ self.hi).checked_ilog2().unwrap_or(0) / $D;
                let skip = (gap_budget + 1).ilog2() / ($D - 1);
                let mut level = apart.saturating_sub(skip.saturating_sub(1));
                let gaps = loop {
                    let shift = level * $D;
                    let mut gaps = WidestGaps::new(&mut buffer[..gap_budget]);
                    let seen = self.gaps_at(shift, &mut gaps);
                    if level == 0 || seen >= gap_budget {
                        break self.at_full_resolution(gaps.sorted(), shift).len();
                    }
                    level -= 1;
                };

                // Ranges are what lies between the gaps; each takes the place of one of them.
                let mut first = self.lo;
                let mut codes: $count = 0;
                for i in 0..=gaps {
                    let gap = buffer[i];
                    let last = if i < gaps { gap.first - 1 } else { self.hi };
                    buffer[i] = CodeRange { first, last };
                    codes += <$count>::from(last - first) + 1;
                    // Unused after the last range, where the gap is not one.
                    first = gap.last.wrapping_add(1);
                }
                Some(Cover {
                    ranges: &buffer[..=gaps],
                    codes,
                    exact: codes == self.cell_count(),
                })
            }

            /// Offers the gaps of the box rounded outwards to cells of `shift` code bits, in
            /// codes of that resolution; returns their number.
            fn gaps_at(self, shift: u32, widest: &mut WidestGaps<'_, $code>) -> usize {
                let (lo, hi) = (self.lo >> shift, self.hi >> shift);
                let mut seen = 0;
                let mut end = search::$search::run_end(lo, lo, hi);
                while end < hi {
                    // There is one, as `hi` itself is in the box.
                    let Some(next) = search::$search::at_or_after(end + 1, lo, hi) else { break };
                    widest.offer(end + 1, next - 1);
                    seen += 1;
                    end = search::$search::run_end(next, lo, hi);
                }
                seen
            }

            /// Widens gaps found among cells of `shift` code bits to where the box really ends.
            fn at_full_resolution(
                self,
                gaps: &mut [CodeRange<$code>],
                shift: u32,
            ) -> &[CodeRange<$code>] {
                if shift > 0 {
                    for gap in &mut *gaps {
                        let outside = gap.first << shift;
                        let before = self.at_or_before(outside).unwrap_or(self.lo);
                        let after = self.at_or_after(outside).unwrap_or(self.hi);
                        *gap = CodeRange { first: before + 1, last: after - 1 };
                    }
                }
                gaps
            }
        }

        /// Shows the half-open bounds: `[0, 4, 2]..[8, 8, 3]`.
        impl core::fmt::Debug for $Box {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, "{:?}..{:?}", self.min(), self.max())
            }
        }

        #[doc = concat!("Codes of a box, ascending; see [`", stringify!($Box), "::cells`].")]
        #[derive(Clone, Debug)]
        pub struct $Cells {
            bounds: $Box,
            next: $code,
            /// Last code of the run that `next` is in.
            run_end: $code,
            left: $count,
        }

        impl Iterator for $Cells {
            type Item = $code;

            #[inline]
            fn next(&mut self) -> Option<$code> {
                self.left = self.left.checked_sub(1)?;
                let code = self.next;
                if code < self.run_end {
                    self.next = code + 1;
                } else if let Some(next) = self.bounds.after(code) {
                    self.next = next;
                    self.run_end = search::$search::run_end(next, self.bounds.lo, self.bounds.hi);
                }
                Some(code)
            }

            #[inline]
            fn size_hint(&self) -> (usize, Option<usize>) {
                match usize::try_from(self.left) {
                    Ok(left) => (left, Some(left)),
                    Err(_) => (usize::MAX, None),
                }
            }
        }

        impl FusedIterator for $Cells {}

        #[doc = concat!("Runs of a box's codes, ascending; see [`", stringify!($Box), "::ranges`].")]
        #[derive(Clone, Debug)]
        pub struct $Ranges {
            bounds: $Box,
            start: Option<$code>,
        }

        impl Iterator for $Ranges {
            type Item = CodeRange<$code>;

            #[inline]
            fn next(&mut self) -> Option<CodeRange<$code>> {
                let first = self.start?;
                let last = search::$search::run_end(first, self.bounds.lo, self.bounds.hi);
                self.start = self.bounds.after(last);
                Some(CodeRange { first, last })
            }
        }

        impl FusedIterator for $Ranges {}
    };
}

morton_box! {
    /// A box of 2-D cells with 32 bits an axis. Bounds are `u64` because the half-open upper
    /// one may be 2^32.
    Box2U64, Cells2U64, Ranges2U64, axes 2, bits 32,
    u64, bound u64, coord u32, count u128,
    d2, encode2, crate::decode2_u64
}

morton_box! {
    /// A box of 3-D cells with 21 bits an axis.
    Box3U64, Cells3U64, Ranges3U64, axes 3, bits 21,
    u64, bound u32, coord u32, count u64,
    d3, encode3, crate::decode3_u64
}

morton_box! {
    /// A box of 3-D cells with 42 bits an axis.
    Box3U128, Cells3U128, Ranges3U128, axes 3, bits 42,
    u128, bound u64, coord u64, count u128,
    d3wide, encode3_wide, crate::decode3_u128
}

#[inline]
fn encode2([x, y]: [u32; 2]) -> u64 {
    crate::encode2_u64(x, y)
}

#[inline]
fn encode3([x, y, z]: [u32; 3]) -> u64 {
    crate::encode3_u64(x, y, z)
}

#[inline]
fn encode3_wide([x, y, z]: [u64; 3]) -> u128 {
    crate::encode3_u128(x, y, z)
}

/// At most `buffer.len()` ranges that hold every cell from `min` to below `max` (2-D, 32 bits an
/// axis): [`Box2U64::cover`] without naming the box.
#[inline]
#[must_use]
pub fn box_ranges2(
    min: [u64; 2],
    max: [u64; 2],
    buffer: &mut [CodeRange<u64>],
) -> Option<Cover<'_, u64, u128>> {
    Box2U64::new(min, max)?.cover(buffer)
}

/// At most `buffer.len()` ranges that hold every cell from `min` to below `max` (3-D, 21 bits an
/// axis): [`Box3U64::cover`] without naming the box.
#[inline]
#[must_use]
pub fn box_ranges3(
    min: [u32; 3],
    max: [u32; 3],
    buffer: &mut [CodeRange<u64>],
) -> Option<Cover<'_, u64, u64>> {
    Box3U64::new(min, max)?.cover(buffer)
}

/// [`box_ranges3`] with 42 bits an axis.
#[inline]
#[must_use]
pub fn box_ranges3_u128(
    min: [u64; 3],
    max: [u64; 3],
    buffer: &mut [CodeRange<u128>],
) -> Option<Cover<'_, u128, u128>> {
    Box3U128::new(min, max)?.cover(buffer)
}

/// Least code above `code` in the box between the corner cells `lo` and `hi` (2-D, 32 bits an
/// axis); `None` if there is none or the corners are not ordered on every axis.
#[inline]
#[must_use]
pub fn bigmin2(code: u64, lo: u64, hi: u64) -> Option<u64> {
    Box2U64::from_corners(lo, hi)?.after(code)
}

/// Greatest code below `code` in the box between the corner cells `lo` and `hi` (2-D, 32 bits
/// an axis); `None` if there is none or the corners are not ordered on every axis.
#[inline]
#[must_use]
pub fn litmax2(code: u64, lo: u64, hi: u64) -> Option<u64> {
    Box2U64::from_corners(lo, hi)?.before(code)
}

/// Least code above `code` in the box between the corner cells `lo` and `hi` (3-D, 21 bits an
/// axis); `None` if there is none or the corners are not ordered on every axis.
#[inline]
#[must_use]
pub fn bigmin3(code: u64, lo: u64, hi: u64) -> Option<u64> {
    Box3U64::from_corners(lo, hi)?.after(code)
}

/// Greatest code below `code` in the box between the corner cells `lo` and `hi` (3-D, 21 bits
/// an axis); `None` if there is none or the corners are not ordered on every axis.
#[inline]
#[must_use]
pub fn litmax3(code: u64, lo: u64, hi: u64) -> Option<u64> {
    Box3U64::from_corners(lo, hi)?.before(code)
}

/// [`bigmin3`] with 42 bits an axis.
#[inline]
#[must_use]
pub fn bigmin3_u128(code: u128, lo: u128, hi: u128) -> Option<u128> {
    Box3U128::from_corners(lo, hi)?.after(code)
}

/// [`litmax3`] with 42 bits an axis.
#[inline]
#[must_use]
pub fn litmax3_u128(code: u128, lo: u128, hi: u128) -> Option<u128> {
    Box3U128::from_corners(lo, hi)?.before(code)
}
