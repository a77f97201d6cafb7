//! Box search, iteration and covers against brute force.

use bm_morton::*;
use proptest::prelude::*;

/// All half-open spans of `0..n`.
fn spans(n: u32) -> Vec<(u32, u32)> {
    (0..n).flat_map(|a| (a + 1..=n).map(move |b| (a, b))).collect()
}

fn runs(codes: &[u64]) -> Vec<CodeRange<u64>> {
    let mut runs: Vec<CodeRange<u64>> = Vec::new();
    for &code in codes {
        match runs.last_mut() {
            Some(run) if run.last + 1 == code => run.last = code,
            _ => runs.push(CodeRange { first: code, last: code }),
        }
    }
    runs
}

/// Answers for every code of the cube around the box from a sweep over `inside`.
fn check_search(
    inside: &[bool],
    after: impl Fn(u64) -> [Option<u64>; 2],
    before: impl Fn(u64) -> [Option<u64>; 2],
) {
    let mut last = None;
    for (code, &here) in inside.iter().enumerate() {
        let strict = last;
        if here {
            last = Some(code as u64);
        }
        assert_eq!(before(code as u64), [strict, last], "before {code}");
    }
    let mut next = None;
    for (code, &here) in inside.iter().enumerate().rev() {
        let strict = next;
        if here {
            next = Some(code as u64);
        }
        assert_eq!(after(code as u64), [strict, next], "after {code}");
    }
}

#[test]
fn every_box_of_a_16_cube() {
    let mut n = 0;
    let mut buffer = [CodeRange::default(); 700];
    for &(x0, x1) in &spans(16) {
        for &(y0, y1) in &spans(16) {
            for &(z0, z1) in &spans(16) {
                n += 1;
                // All 2.5 million boxes are a matter of a minute; a prime step takes every
                // shape and place once in a while.
                if n % 97 != 0 {
                    continue;
                }
                let bounds = Box3U64::new([x0, y0, z0], [x1, y1, z1]).unwrap();
                let inside: Vec<bool> = (0..4096)
                    .map(|code| {
                        let [x, y, z] = portable::decode3_u64(code);
                        (x0..x1).contains(&x) && (y0..y1).contains(&y) && (z0..z1).contains(&z)
                    })
                    .collect();
                let codes: Vec<u64> = (0..4096).filter(|&c| inside[c as usize]).collect();
                let exact = runs(&codes);
                assert!(bounds.cells().eq(codes.iter().copied()));
                assert_eq!(bounds.cells().size_hint().0, codes.len());
                assert!(bounds.ranges().eq(exact.iter().copied()));
                let cover = bounds.cover(&mut buffer).unwrap();
                assert_eq!(cover.ranges, exact);
                assert!(cover.exact);
                assert_eq!(cover.codes, codes.len() as u64);

                if n % (97 * 11) == 0 {
                    let (lo, hi) = (bounds.first(), bounds.last());
                    check_search(
                        &inside,
                        |c| [bounds.after(c), bounds.at_or_after(c)],
                        |c| [bounds.before(c), bounds.at_or_before(c)],
                    );
                    for code in (0..4096).step_by(61) {
                        assert_eq!(bounds.contains(code), inside[code as usize]);
                        assert_eq!(bigmin3(code, lo, hi), bounds.after(code));
                        assert_eq!(litmax3(code, lo, hi), bounds.before(code));
                        let wide = u128::from(code);
                        let (lo, hi) = (u128::from(lo), u128::from(hi));
                        assert_eq!(bigmin3_u128(wide, lo, hi), bounds.after(code).map(u128::from));
                        assert_eq!(litmax3_u128(wide, lo, hi), bounds.before(code).map(u128::from));
                    }
                    // The same box at the far end of the axes.
                    let wide = Box3U128::new(
                        [x0, y0, z0].map(|v| (1 << 42) - 16 + u64::from(v)),
                        [x1, y1, z1].map(|v| (1 << 42) - 16 + u64::from(v)),
                    )
                    .unwrap();
                    let base = (1 << 126) - 4096;
                    assert!(wide.cells().eq(codes.iter().map(|&c| base + u128::from(c))));
                    assert!(wide.ranges().eq(exact.iter().map(|r| CodeRange {
                        first: base + u128::from(r.first),
                        last: base + u128::from(r.last),
                    })));
                    for code in (0..4096).step_by(61) {
                        let expected = bounds.after(code).map(|c| base + u128::from(c));
                        assert_eq!(wide.after(base + u128::from(code)), expected);
                    }
                }
            }
        }
    }
}

#[test]
fn every_rectangle_of_a_16_square_at_both_ends_of_the_axes() {
    let mut buffer = [CodeRange::default(); 100];
    for corner in [0, (1u64 << 32) - 16] {
        let base = encode2_u64(corner as u32, corner as u32);
        for &(x0, x1) in &spans(16) {
            for &(y0, y1) in &spans(16) {
                let [x0, y0, x1, y1] = [x0, y0, x1, y1].map(u64::from);
                let bounds = Box2U64::new([corner + x0, corner + y0], [corner + x1, corner + y1]).unwrap();
                let inside: Vec<bool> = (0..256)
                    .map(|code| {
                        let [x, y] = portable::decode2_u64(code).map(u64::from);
                        (x0..x1).contains(&x) && (y0..y1).contains(&y)
                    })
                    .collect();
                let codes: Vec<u64> = (0..256).filter(|&c| inside[c as usize]).map(|c| base + c).collect();
                assert_eq!(bounds.cell_count(), codes.len() as u128);
                assert!(bounds.cells().eq(codes.iter().copied()));
                assert!(bounds.ranges().eq(runs(&codes)));
                let cover = bounds.cover(&mut buffer).unwrap();
                assert_eq!(cover.ranges, runs(&codes));
                assert!(cover.exact);
                let relative = |c: Option<u64>| c.map(|c| c - base);
                check_search(
                    &inside,
                    |c| [bounds.after(base + c), bounds.at_or_after(base + c)].map(relative),
                    |c| [bounds.before(base + c), bounds.at_or_before(base + c)].map(relative),
                );
            }
        }
    }
}

#[test]
fn whole_roots_and_wrong_bounds() {
    let mut buffer = [CodeRange::default(); 4];
    let all = Box2U64::new([0; 2], [1 << 32; 2]).unwrap();
    assert_eq!((all.first(), all.last(), all.cell_count()), (0, u64::MAX, 1 << 64));
    assert_eq!(all.cover(&mut buffer).unwrap().ranges, [CodeRange { first: 0, last: u64::MAX }]);
    assert_eq!((all.after(u64::MAX), all.before(0)), (None, None));
    let end = Box2U64::new([(1 << 32) - 2, (1 << 32) - 1], [1 << 32; 2]).unwrap();
    assert!(end.cells().eq([u64::MAX - 1, u64::MAX]));

    let all = Box3U64::new([0; 3], [1 << 21; 3]).unwrap();
    assert_eq!((all.first(), all.last(), all.cell_count()), (0, (1 << 63) - 1, 1 << 63));
    assert_eq!(all.ranges().collect::<Vec<_>>(), [CodeRange { first: 0, last: (1 << 63) - 1 }]);
    assert_eq!(all.at_or_after(1 << 63), None);
    assert_eq!(all.at_or_before(u64::MAX), Some((1 << 63) - 1));
    assert_eq!(all.after(u64::MAX), None);
    assert!(!all.contains(1 << 63));
    assert_eq!((all.min(), all.max()), ([0; 3], [1 << 21; 3]));
    assert_eq!(format!("{all:?}"), "[0, 0, 0]..[2097152, 2097152, 2097152]");

    let all = Box3U128::new([0; 3], [1 << 42; 3]).unwrap();
    assert_eq!(all.cell_count(), 1 << 126);
    assert_eq!(all.ranges().count(), 1);
    assert_eq!(all.cells().size_hint(), (usize::MAX, None));

    assert_eq!(Box3U64::new([0; 3], [1, 1, 0]), None);
    assert_eq!(Box3U64::new([5, 0, 0], [4, 1, 1]), None);
    assert_eq!(Box3U64::new([0; 3], [1, 1, (1 << 21) + 1]), None);
    assert_eq!(Box2U64::new([0; 2], [1, u64::MAX]), None);
    assert_eq!(Box3U64::from_corners(1, 2), None);
    assert_eq!(Box3U64::from_corners(0, 1 << 63), None);
    assert_eq!(Box3U128::from_corners(0, 1 << 126), None);
    assert_eq!(bigmin3(0, 1, 2), None);
    assert_eq!(Box3U64::new([0; 3], [2; 3]).unwrap().cover(&mut []), None);
    assert_eq!(box_ranges3([0; 3], [0; 3], &mut buffer), None);
    assert_eq!(box_ranges3([0; 3], [2; 3], &mut buffer).unwrap().ranges, [CodeRange { first: 0, last: 7 }]);
    assert_eq!(box_ranges2([0; 2], [2; 2], &mut buffer).unwrap().codes, 4);
    let mut wide = [CodeRange::default(); 1];
    assert!(box_ranges3_u128([1; 3], [2; 3], &mut wide).unwrap().exact);
}

/// A cover keeps its promises: ordered, apart, beginning and ending inside, and complete.
fn check_cover(bounds: Box3U64, budget: usize) -> Result<(), TestCaseError> {
    let mut buffer = vec![CodeRange::default(); budget];
    let Some(cover) = bounds.cover(&mut buffer) else {
        return Err(TestCaseError::fail("a buffer was given"));
    };
    prop_assert!(!cover.ranges.is_empty());
    prop_assert_eq!(cover.ranges[0].first, bounds.first());
    prop_assert_eq!(cover.ranges[cover.ranges.len() - 1].last, bounds.last());
    let mut codes = 0;
    for range in cover.ranges {
        prop_assert!(range.first <= range.last);
        prop_assert!(bounds.contains(range.first) && bounds.contains(range.last));
        codes += range.last - range.first + 1;
    }
    for pair in cover.ranges.windows(2) {
        // Apart, with nothing of the box between.
        prop_assert!(pair[0].last + 1 < pair[1].first);
        prop_assert_eq!(bounds.after(pair[0].last), Some(pair[1].first));
    }
    prop_assert_eq!(codes, cover.codes);
    prop_assert_eq!(cover.exact, codes == bounds.cell_count());
    let exact = bounds.ranges().take(budget + 1).count();
    prop_assert_eq!(cover.exact, exact <= budget);
    if cover.exact {
        prop_assert!(bounds.ranges().eq(cover.ranges.iter().copied()));
    } else {
        prop_assert_eq!(cover.ranges.len(), budget);
    }
    Ok(())
}

/// A box with corners anywhere and a size of any magnitude.
fn large_box(bits: u32) -> impl Strategy<Value = ([u64; 3], [u64; 3])> {
    let axis = (any::<u64>(), 0..=bits, any::<u64>());
    prop::array::uniform3(axis).prop_map(move |axes| {
        let mut bounds = ([0; 3], [0; 3]);
        for (d, (at, size_bits, size)) in axes.into_iter().enumerate() {
            let size = 1 + (size & ((1 << size_bits) - 1)).min((1 << bits) - 1);
            bounds.0[d] = at % ((1 << bits) - size + 1);
            bounds.1[d] = bounds.0[d] + size;
        }
        bounds
    })
}

/// Tropf & Herzog's own loop over the bits, as the oracle where brute force cannot go.
fn bigmin_by_the_book(code: u128, mut lo: u128, mut hi: u128) -> Option<u128> {
    let mut best = None;
    for bit in (0..126u32).rev() {
        // This bit and the lower ones of the same axis.
        let axis: u128 = (0..=bit).filter(|b| b % 3 == bit % 3).map(|b| 1 << b).sum();
        let raised = |v: u128| v & !axis | 1 << bit;
        let lowered = |v: u128| v & !(1 << bit) | (axis ^ 1 << bit);
        match (code >> bit & 1, lo >> bit & 1, hi >> bit & 1) {
            (0, 0, 1) => {
                best = Some(raised(lo));
                hi = lowered(hi);
            }
            (0, 1, 1) => return Some(lo),
            (1, 0, 0) => return best,
            (1, 0, 1) => lo = raised(lo),
            _ => {}
        }
    }
    best
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn search_at_any_size((min, max) in large_box(42), near in large_box(42), code: u128) {
        let bounds = Box3U128::new(min, max).unwrap();
        prop_assert_eq!((bounds.min(), bounds.max()), (min, max));
        let (lo, hi) = (bounds.first(), bounds.last());
        let near = near.0.map(|v| v & 3);
        let beside = |corner: [u64; 3]| {
            encode3_u128(
                corner[0].saturating_sub(near[0]), corner[1].saturating_sub(near[1]),
                corner[2].saturating_sub(near[2]),
            )
        };
        for code in [code >> 2, lo, hi, beside(min), beside(max.map(|v| v - 1))] {
            let after = bigmin_by_the_book(code, lo, hi);
            prop_assert_eq!(bounds.after(code), after);
            let before = bounds.before(code);
            // The two directions check one another.
            match before {
                Some(before) => {
                    prop_assert!(before < code && bounds.contains(before));
                    let next = bigmin_by_the_book(before, lo, hi);
                    prop_assert!(next.is_none_or(|next| next >= code));
                }
                None => prop_assert!(code <= lo),
            }
        }
        // The end of the first run: what follows is outside, what leads there is inside.
        if let Some(run) = bounds.ranges().next() {
            prop_assert_eq!(run.first, lo);
            prop_assert!(!bounds.contains(run.last + 1));
            let span = run.last - run.first;
            for part in 0..=16 {
                prop_assert!(bounds.contains(run.first + span / 16 * part));
            }
        }
    }

    #[test]
    fn narrow_and_wide_agree((min, max) in large_box(21), code: u64) {
        let wide = Box3U128::new(min, max).unwrap();
        let bounds = Box3U64::new(min.map(|v| v as u32), max.map(|v| v as u32)).unwrap();
        let code = code >> 1;
        prop_assert_eq!(bounds.after(code).map(u128::from), wide.after(code.into()));
        prop_assert_eq!(bounds.before(code).map(u128::from), wide.before(code.into()));
        prop_assert_eq!(u128::from(bounds.cell_count()), wide.cell_count());
        let ranges = bounds.ranges().take(50).map(|r| (r.first.into(), r.last.into()));
        prop_assert!(ranges.eq(wide.ranges().take(50).map(|r| (r.first, r.last))));
        let mut narrow_buffer = [CodeRange::default(); 9];
        let mut wide_buffer = [CodeRange::default(); 9];
        let narrow = bounds.cover(&mut narrow_buffer).unwrap();
        let wide = wide.cover(&mut wide_buffer).unwrap();
        prop_assert!(narrow.ranges.iter().map(|r| (r.first.into(), r.last.into()))
            .eq(wide.ranges.iter().map(|r| (r.first, r.last))));
        prop_assert_eq!((u128::from(narrow.codes), narrow.exact), (wide.codes, wide.exact));
    }

    #[test]
    fn covers_at_any_size((min, max) in large_box(21), budget in 1usize..600) {
        let bounds = Box3U64::new(min.map(|v| v as u32), max.map(|v| v as u32)).unwrap();
        check_cover(bounds, budget)?;
    }

    #[test]
    fn covers_of_small_boxes((min, max) in large_box(6), at in prop::array::uniform3(0u32..1 << 15), budget in 1usize..40) {
        let corner = |c: [u64; 3]| [0, 1, 2].map(|d| at[d] + c[d] as u32);
        let bounds = Box3U64::new(corner(min), corner(max)).unwrap();
        check_cover(bounds, budget)?;
    }

    #[test]
    fn any_words_as_corners(code: u64, lo: u64, hi: u64, wide: [u128; 3]) {
        // Only that nothing panics and answers are inside: these are not boxes at all, mostly.
        if let Some(bounds) = Box3U64::from_corners(lo, hi) {
            prop_assert!(bounds.after(code).is_none_or(|c| bounds.contains(c)));
            prop_assert!(bounds.before(code).is_none_or(|c| bounds.contains(c)));
        } else {
            prop_assert_eq!((bigmin3(code, lo, hi), litmax3(code, lo, hi)), (None, None));
        }
        let _ = (bigmin2(code, lo, hi), litmax2(code, lo, hi));
        let [code, lo, hi] = wide;
        let _ = (bigmin3_u128(code, lo, hi), litmax3_u128(code, lo, hi));
    }
}
