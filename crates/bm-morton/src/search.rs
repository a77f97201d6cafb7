//! The search steps that everything about boxes rests on, without loops over bits.
//!
//! A box is given by the codes `lo` and `hi` of its two corner cells, both inside. Masking one
//! axis out of a code keeps the order of that axis, so coordinates are compared, and stepped
//! through, without ever being decoded.
//!
//! * [`at_or_after`](d3::at_or_after) is BIGMIN of Tropf & Herzog, "Multidimensional range
//!   search in dynamically balanced trees" (1981), recast: their loop walks the bits from the
//!   top and narrows the box; here the place where the answer leaves the code is found with
//!   one comparison and one count of leading zeros an axis.
//! * `at_or_before`, LITMAX, is the same under bitwise complement, which reverses every order.
//! * `run_end` finds where the curve leaves the box: the first code beyond one of the faces.

/// Makes a function of an inlined body, in two versions where that pays: on x86-64 the CPUs
/// that have BMI2 also have BMI1 and LZCNT, which halve the number of instructions. Both stay
/// out of line: inside a caller's loop the compiler would turn the conditional moves, which
/// are the point of these bodies, into branches that cannot be predicted.
macro_rules! out_of_line {
    ($(#[$doc:meta])* $name:ident, $body:ident, $code:ty, $out:ty) => {
        $(#[$doc])*
        #[inline(always)]
        pub(crate) fn $name(code: $code, lo: $code, hi: $code) -> $out {
            #[inline(never)]
            fn portable(code: $code, lo: $code, hi: $code) -> $out {
                $body(code, lo, hi)
            }
            #[cfg(all(target_arch = "x86_64", not(miri)))]
            {
                #[inline(never)]
                #[target_feature(enable = "bmi1,bmi2,lzcnt")]
                fn bit_manipulation(code: $code, lo: $code, hi: $code) -> $out {
                    $body(code, lo, hi)
                }
                if crate::cpu::fast_bmi2() {
                    // SAFETY: the check covers the three features.
                    return unsafe { bit_manipulation(code, lo, hi) };
                }
            }
            portable(code, lo, hi)
        }
    };
}

/// Writes the search for one word and number of axes. `$all` has a bit for each code bit,
/// `$axes` splits them by axis.
macro_rules! search {
    ($module:ident, $code:ty, $all:expr, [$($axis:literal),+ ; $D:literal]) => {
        pub(crate) mod $module {
            /// Every bit of a code.
            pub(crate) const ALL: $code = $all;
            /// The bits of each axis.
            pub(crate) const AXES: [$code; $D] = [$($axis),+];

            /// All bits up to the highest one of `v`, which is not zero.
            #[inline(always)]
            const fn up_to_top(v: $code) -> $code {
                // `| 1` changes nothing, but saves the compiler the case of zero.
                <$code>::MAX >> (v | 1).leading_zeros()
            }

            /// All bits up to the highest one of `v`, none for zero.
            #[inline(always)]
            const fn up_to_top_if_any(v: $code) -> $code {
                if ALL == <$code>::MAX {
                    // A sum, as the compiler would make a branch of a case of its own.
                    return up_to_top(v) - (v == 0) as $code;
                }
                // With a spare bit above, zero needs no case of its own.
                (<$code>::MAX >> 1) >> (v << 1 | 1).leading_zeros()
            }

            /// Whether the cell lies in the box.
            #[inline(always)]
            pub(crate) fn contains(code: $code, lo: $code, hi: $code) -> bool {
                let mut inside = code | ALL == ALL;
                for m in AXES {
                    inside &= code & m >= lo & m && code & m <= hi & m;
                }
                inside
            }

            #[inline(always)]
            fn at_or_after_inline(code: $code, lo: $code, hi: $code) -> Option<$code> {
                if code | ALL != ALL {
                    return None;
                }
                // The box's nearest cell, and the bits that may be raised on each axis without
                // passing the upper bound.
                let (mut nearest, mut room) = (0, 0);
                for m in AXES {
                    let (c, l, h) = (code & m, lo & m, hi & m);
                    let capped = c.min(h);
                    nearest |= capped.max(l);
                    room |= up_to_top_if_any(h ^ capped) & m;
                }
                let wrong = code ^ nearest;
                if wrong == 0 {
                    return Some(code);
                }
                // The answer equals `code` down to some bit, where it has one and `code` zero.
                // The topmost violation is the lowest place this can be. If the axis is too low
                // there, raising that bit cures it; if too high, a bit further up must rise.
                let wrong = up_to_top(wrong);
                let top = wrong ^ wrong >> 1;
                let rising = if code & top == 0 { top } else { room & !code & !wrong };
                let bit = rising & rising.wrapping_neg();
                let start = code & bit.wrapping_neg() | bit;
                // Below that bit: as little as the lower bounds allow.
                let mut answer = 0;
                for m in AXES {
                    answer |= (start & m).max(lo & m);
                }
                // Not asked earlier: it is not a predictable branch.
                (rising != 0).then_some(answer)
            }

            #[inline(always)]
            fn run_end_inline(code: $code, lo: $code, hi: $code) -> $code {
                let mut end = hi;
                for m in AXES {
                    let c = code & m;
                    // First code from here whose coordinate is one more than `hi` allows.
                    let beyond = (hi | !m).wrapping_add(1) & m;
                    if beyond != 0 {
                        let free = up_to_top(c ^ beyond);
                        end = end.min((code & !free | beyond & free) - 1);
                    }
                    // First code from here whose coordinate is less than `lo` allows: a carry
                    // into the other axes, above the bit that has to fall.
                    if lo & m != 0 {
                        let before = (lo & m).wrapping_sub(1) & m;
                        let free = up_to_top(c ^ before);
                        let carried = (code | m | free).wrapping_add(1) & (code | !m);
                        end = end.min(carried.wrapping_sub(1));
                    }
                }
                end
            }

            out_of_line! {
                /// Smallest code of the box that is not below `code`.
                at_or_after, at_or_after_inline, $code, Option<$code>
            }
            out_of_line! {
                /// Last code of the unbroken run of the box's codes that `code`, one of them,
                /// is in.
                run_end, run_end_inline, $code, $code
            }

            /// Largest code of the box that is not above `code`.
            #[inline]
            pub(crate) fn at_or_before(code: $code, lo: $code, hi: $code) -> Option<$code> {
                let mirrored = at_or_after(ALL ^ code.min(ALL), ALL ^ hi, ALL ^ lo)?;
                Some(ALL ^ mirrored)
            }
        }
    };
}

search!(
    d2,
    u64,
    u64::MAX,
    [0x5555_5555_5555_5555, 0xaaaa_aaaa_aaaa_aaaa; 2]
);
search!(
    d3,
    u64,
    u64::MAX >> 1,
    [
        0x1249_2492_4924_9249,
        0x2492_4924_9249_2492,
        0x4924_9249_2492_4924; 3
    ]
);
search!(
    d3wide,
    u128,
    u128::MAX >> 2,
    [
        0x0924_9249_2492_4924_9249_2492_4924_9249,
        0x1249_2492_4924_9249_2492_4924_9249_2492,
        0x2492_4924_9249_2492_4924_9249_2492_4924; 3
    ]
);
