//! Location codes: a Morton code that knows its level.
//!
//! `raw = 1 ‖ morton`: a sentinel bit stands above the 3·level bits of the code, so one
//! integer names a cell of any level, codes of one level are contiguous, and the numeric
//! order is level first, then Morton order.

use core::cmp::Ordering;
use core::iter::FusedIterator;
use core::num::NonZero;
use core::ops::RangeInclusive;

/// Writes one location-code type; [`Loc64`] and [`Loc128`] differ in widths only.
macro_rules! location_code {
    (
        $(#[$type_doc:meta])*
        $Loc:ident, $Descendants:ident, $raw:ty, $coord:ty, $delta:ty,
        max_level $MAX:literal, $encode:path, $decode:path
    ) => {
        $(#[$type_doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(transparent)]
        pub struct $Loc(NonZero<$raw>);

        impl $Loc {
            /// The finest level this type can hold.
            pub const MAX_LEVEL: u8 = $MAX;
            /// The whole cube: level 0, raw value 1.
            pub const ROOT: Self = Self(NonZero::<$raw>::MIN);

            /// For values that carry their sentinel bit, so that zero cannot occur.
            #[inline]
            const fn from_sentinelled(raw: $raw) -> Self {
                match NonZero::new(raw) {
                    Some(raw) => Self(raw),
                    None => Self::ROOT,
                }
            }

            /// The cell of `level` at coordinates `[x, y, z]`, counted in cells of that level.
            ///
            /// `None` if the level is finer than [`MAX_LEVEL`](Self::MAX_LEVEL) or a
            /// coordinate is not below 2^level.
            #[inline]
            #[must_use]
            pub fn new(level: u8, [x, y, z]: [$coord; 3]) -> Option<Self> {
                if level > Self::MAX_LEVEL || (x | y | z) >> level != 0 {
                    return None;
                }
                let sentinel: $raw = 1 << (3 * level as u32);
                Some(Self::from_sentinelled(sentinel | $encode(x, y, z)))
            }

            /// The cell of `level` with this Morton code; `None` if the level is too fine or the
            /// code has bits above 3·level.
            #[inline]
            #[must_use]
            pub const fn from_morton(level: u8, morton: $raw) -> Option<Self> {
                if level > Self::MAX_LEVEL || morton >> (3 * level as u32) != 0 {
                    return None;
                }
                Some(Self::from_sentinelled(1 << (3 * level as u32) | morton))
            }

            /// Takes back a value of [`raw`](Self::raw); `None` if no cell has it (zero, or a
            /// top bit that is not at a multiple of three).
            #[inline]
            #[must_use]
            pub const fn from_raw(raw: $raw) -> Option<Self> {
                match NonZero::new(raw) {
                    Some(n) if n.ilog2() % 3 == 0 && n.ilog2() <= 3 * $MAX => Some(Self(n)),
                    _ => None,
                }
            }

            /// Sentinel and Morton code as one integer, never zero.
            #[inline]
            #[must_use]
            pub const fn raw(self) -> $raw {
                self.0.get()
            }

            /// Level, 0 for the root.
            #[inline]
            #[must_use]
            pub const fn level(self) -> u8 {
                (self.0.ilog2() / 3) as u8
            }

            /// Morton code within the level, without the sentinel: 3·level bits.
            #[inline]
            #[must_use]
            pub const fn morton(self) -> $raw {
                self.raw() ^ (1 << self.0.ilog2())
            }

            /// Coordinates `[x, y, z]` in cells of this level, each below 2^level.
            #[inline]
            #[must_use]
            pub fn coords(self) -> [$coord; 3] {
                $decode(self.morton())
            }

            /// The cell one level coarser that holds this one; `None` for the root.
            #[inline]
            #[must_use]
            pub const fn parent(self) -> Option<Self> {
                match NonZero::new(self.raw() >> 3) {
                    Some(raw) => Some(Self(raw)),
                    None => None,
                }
            }

            /// The cell of a coarser (or the same) `level` that holds this one; `None` if
            /// `level` is finer than this cell's.
            #[inline]
            #[must_use]
            pub const fn ancestor(self, level: u8) -> Option<Self> {
                match self.level().checked_sub(level) {
                    Some(up) => Some(Self::from_sentinelled(self.raw() >> (3 * up as u32))),
                    None => None,
                }
            }

            /// Which of its parent's eight children this is: bit 0 = x, 1 = y, 2 = z. The root
            /// has no parent and answers 0.
            #[inline]
            #[must_use]
            pub const fn octant(self) -> u8 {
                (self.morton() & 7) as u8
            }

            /// One of the eight cells one level finer; `None` at the finest level or if
            /// `octant` is not below 8.
            #[inline]
            #[must_use]
            pub const fn child(self, octant: u8) -> Option<Self> {
                if octant > 7 || self.level() == Self::MAX_LEVEL {
                    return None;
                }
                Some(Self::from_sentinelled(self.raw() << 3 | octant as $raw))
            }

            /// The eight cells one level finer, in Morton order; `None` at the finest level.
            #[inline]
            #[must_use]
            pub fn children(self) -> Option<[Self; 8]> {
                let first = self.child(0)?.raw();
                Some(core::array::from_fn(|i| Self::from_sentinelled(first | i as $raw)))
            }

            /// First and last cell of a finer (or the same) `level` inside this one. They are
            /// contiguous in [`raw`](Self::raw) and in [`Ord`].
            ///
            /// `None` if `level` is coarser than this cell's or beyond
            /// [`MAX_LEVEL`](Self::MAX_LEVEL).
            #[inline]
            #[must_use]
            pub const fn descendant_range(self, level: u8) -> Option<RangeInclusive<Self>> {
                if level > Self::MAX_LEVEL {
                    return None;
                }
                match level.checked_sub(self.level()) {
                    Some(down) => {
                        let shift = 3 * down as u32;
                        let first = self.raw() << shift;
                        let last = first | ((1 << shift) - 1);
                        let first = Self::from_sentinelled(first);
                        Some(RangeInclusive::new(first, Self::from_sentinelled(last)))
                    }
                    None => None,
                }
            }

            /// All cells of `level` inside this one, in Morton order, from either end; `None`
            /// under the same conditions as [`descendant_range`](Self::descendant_range).
            #[inline]
            #[must_use]
            pub fn descendants(self, level: u8) -> Option<$Descendants> {
                let range = self.descendant_range(level)?;
                let (first, last) = (range.start().raw(), range.end().raw());
                Some($Descendants { next: first, left: last - first + 1 })
            }

            /// Whether `other` is this cell or lies inside it.
            #[inline]
            #[must_use]
            pub const fn contains(self, other: Self) -> bool {
                match other.level().checked_sub(self.level()) {
                    Some(down) => other.raw() >> (3 * down as u32) == self.raw(),
                    None => false,
                }
            }

            /// The cell of the same level `[dx, dy, dz]` cells away; `None` outside the root.
            #[inline]
            #[must_use]
            pub fn neighbour(self, [dx, dy, dz]: [$delta; 3]) -> Option<Self> {
                let [x, y, z] = self.coords();
                let moved = [
                    x.checked_add_signed(dx)?,
                    y.checked_add_signed(dy)?,
                    z.checked_add_signed(dz)?,
                ];
                Self::new(self.level(), moved)
            }

            /// Like [`neighbour`](Self::neighbour), on a world that closes in x after `width`
            /// cells of this level: x is taken modulo `width`, y and z are not.
            ///
            /// `None` if y or z leave the root, if `width` is zero or more than 2^level, or if
            /// this cell itself is not below `width`. Where the world's edge is not a multiple
            /// of the cell, round `width` up: the last column is then a partial one.
            #[inline]
            #[must_use]
            pub fn neighbour_wrapping_x(
                self,
                [dx, dy, dz]: [$delta; 3],
                width: $coord,
            ) -> Option<Self> {
                let [x, y, z] = self.coords();
                if x >= width || (width - 1) >> self.level() != 0 {
                    return None;
                }
                // Both terms are below `width` <= 2^MAX_LEVEL: the sum cannot overflow.
                let width_signed = <$delta>::try_from(width).ok()?;
                let x = (x + <$coord>::try_from(dx.rem_euclid(width_signed)).ok()?) % width;
                let moved = [x, y.checked_add_signed(dy)?, z.checked_add_signed(dz)?];
                Self::new(self.level(), moved)
            }

            /// Depth-first pre-order: a cell comes before everything inside it, and all of that
            /// before the next cell in Morton order. ([`Ord`] is level first.)
            #[inline]
            #[must_use]
            pub fn dfs_cmp(&self, other: &Self) -> Ordering {
                // With the sentinels aligned the codes compare as if padded to the finest level;
                // a cell and its first descendants tie there, and the coarser one comes first.
                let aligned = |l: &Self| l.raw() << l.0.leading_zeros();
                aligned(self).cmp(&aligned(other)).then(self.0.cmp(&other.0))
            }
        }

        /// Shows level and coordinates: `L3[5, 0, 7]`.
        impl core::fmt::Debug for $Loc {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                let [x, y, z] = self.coords();
                write!(f, "L{}[{x}, {y}, {z}]", self.level())
            }
        }

        /// Shows level and coordinates: `L3[5, 0, 7]`.
        impl core::fmt::Display for $Loc {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Debug::fmt(self, f)
            }
        }

        #[doc = concat!("Cells of one level inside a cell, in Morton order; see [`", stringify!($Loc), "::descendants`].")]
        #[derive(Clone, Debug)]
        pub struct $Descendants {
            /// Raw code of the next cell from the front; meaningless when nothing is left.
            next: $raw,
            left: $raw,
        }

        impl Iterator for $Descendants {
            type Item = $Loc;

            #[inline]
            fn next(&mut self) -> Option<$Loc> {
                self.left = self.left.checked_sub(1)?;
                let raw = self.next;
                // Wraps only past the very last code, when nothing is left.
                self.next = self.next.wrapping_add(1);
                Some($Loc::from_sentinelled(raw))
            }

            #[inline]
            fn size_hint(&self) -> (usize, Option<usize>) {
                match usize::try_from(self.left) {
                    Ok(left) => (left, Some(left)),
                    Err(_) => (usize::MAX, None),
                }
            }

            #[inline]
            fn nth(&mut self, n: usize) -> Option<$Loc> {
                let skip = (n as $raw).min(self.left);
                self.next = self.next.wrapping_add(skip);
                self.left -= skip;
                self.next()
            }
        }

        impl DoubleEndedIterator for $Descendants {
            #[inline]
            fn next_back(&mut self) -> Option<$Loc> {
                self.left = self.left.checked_sub(1)?;
                Some($Loc::from_sentinelled(self.next + self.left))
            }
        }

        impl FusedIterator for $Descendants {}
    };
}

location_code! {
    /// A cell of level 0 to 21: one sentinel bit and three bits a level in a `u64`.
    ///
    /// `Option<Loc64>` is as small as `Loc64`.
    Loc64, Descendants64, u64, u32, i32,
    max_level 21, crate::encode3_u64, crate::decode3_u64
}

location_code! {
    /// A cell of level 0 to 42: one sentinel bit and three bits a level in a `u128`.
    ///
    /// At levels 0 to 21 the raw value is that of [`Loc64`].
    Loc128, Descendants128, u128, u64, i64,
    max_level 42, crate::encode3_u128, crate::decode3_u128
}

impl Loc64 {
    /// The same cell in the wider type.
    #[inline]
    #[must_use]
    pub const fn to_loc128(self) -> Loc128 {
        Loc128::from_sentinelled(self.raw() as u128)
    }
}

impl Loc128 {
    /// The same cell in the narrower type; `None` if its level is finer than 21.
    #[inline]
    #[must_use]
    pub const fn to_loc64(self) -> Option<Loc64> {
        if self.level() > Loc64::MAX_LEVEL {
            return None;
        }
        Some(Loc64::from_sentinelled(self.raw() as u64))
    }
}

impl From<Loc64> for Loc128 {
    #[inline]
    fn from(loc: Loc64) -> Self {
        loc.to_loc128()
    }
}
