//! Location codes against plain coordinate arithmetic.

use bm_morton::{Loc64, Loc128};
use proptest::prelude::*;

/// Every test runs on both widths.
macro_rules! loc_tests {
    ($module:ident, $Loc:ident, $raw:ty, $coord:ty, $delta:ty, $max:literal) => {
        mod $module {
            use super::*;

            fn cell() -> impl Strategy<Value = (u8, [$coord; 3])> {
                (0u8..=$max, any::<[$coord; 3]>()).prop_map(|(level, c)| {
                    // Every third coordinate goes to an edge of the root.
                    let side = 1 << level;
                    (
                        level,
                        c.map(|v| match v % 6 {
                            0 => 0,
                            1 => side - 1,
                            _ => (v >> 3) % side,
                        }),
                    )
                })
            }

            #[test]
            fn root() {
                assert_eq!($Loc::ROOT.raw(), 1);
                assert_eq!($Loc::ROOT.level(), 0);
                assert_eq!($Loc::ROOT.coords(), [0; 3]);
                assert_eq!($Loc::ROOT.parent(), None);
                assert_eq!($Loc::ROOT.octant(), 0);
                assert_eq!($Loc::new(0, [0; 3]), Some($Loc::ROOT));
                assert_eq!($Loc::ROOT.neighbour([1, 0, 0]), None);
                assert_eq!($Loc::ROOT.neighbour_wrapping_x([7, 0, 0], 1), Some($Loc::ROOT));
                assert_eq!(size_of::<Option<$Loc>>(), size_of::<$raw>());
            }

            #[test]
            fn the_edges_of_every_level() {
                for level in 0..=$max {
                    let side: $coord = 1 << level;
                    let last = $Loc::new(level, [side - 1; 3]).unwrap();
                    let first = $Loc::new(level, [0; 3]).unwrap();
                    assert_eq!(last.raw(), <$raw>::MAX >> (<$raw>::BITS - 1 - 3 * level as u32));
                    assert_eq!(first.raw(), 1 << (3 * level as u32));
                    assert_eq!((last.level(), first.level()), (level, level));
                    assert_eq!(last.coords(), [side - 1; 3]);
                    assert_eq!($Loc::ROOT.descendant_range(level), Some(first..=last));
                    for d in 0..3 {
                        let mut outside = [side - 1; 3];
                        outside[d] = side;
                        assert_eq!($Loc::new(level, outside), None);
                        let mut step = [0; 3];
                        step[d] = 1;
                        assert_eq!(last.neighbour(step), None);
                        assert_eq!(first.neighbour(step.map(|s: $delta| -s)), None);
                    }
                    assert_eq!(first.descendants($max).unwrap().next_back().map(|c| c.level()), Some($max));
                    assert_eq!(last.descendants(level).unwrap().last(), Some(last));
                    assert_eq!(last.child(0).is_some(), level < $max);
                    assert_eq!(last.children().is_some(), level < $max);
                    assert_eq!(last.child(8), None);
                }
                assert_eq!($Loc::new($max + 1, [0; 3]), None);
                assert_eq!($Loc::new(u8::MAX, [0; 3]), None);
                assert_eq!($Loc::from_morton($max + 1, 0), None);
                assert_eq!($Loc::from_morton(u8::MAX, 0), None);
                assert_eq!($Loc::ROOT.descendant_range($max + 1), None);
                assert_eq!($Loc::ROOT.ancestor(1), None);
            }

            #[test]
            fn all_relations_of_small_levels() {
                let cells: Vec<$Loc> =
                    (0..=3).flat_map(|level| $Loc::ROOT.descendants(level).unwrap()).collect();
                assert!(cells.is_sorted());
                for a in &cells {
                    for b in &cells {
                        let inside = b.level() >= a.level()
                            && b.coords().map(|v| v >> (b.level() - a.level())) == a.coords();
                        assert_eq!(a.contains(*b), inside);
                    }
                }
                let mut walked = Vec::new();
                fn walk(cell: $Loc, walked: &mut Vec<$Loc>) {
                    walked.push(cell);
                    if cell.level() < 3 {
                        for child in cell.children().unwrap() {
                            walk(child, walked);
                        }
                    }
                }
                walk($Loc::ROOT, &mut walked);
                let mut sorted = cells.clone();
                sorted.sort_by($Loc::dfs_cmp);
                assert_eq!(sorted, walked);
            }

            #[test]
            fn descendants_from_both_ends() {
                let cell = $Loc::new(2, [1, 3, 2]).unwrap();
                let all: Vec<$Loc> = cell.descendants(4).unwrap().collect();
                assert_eq!(all.len(), 64);
                assert_eq!(cell.descendants(4).unwrap().size_hint(), (64, Some(64)));
                assert!(all.iter().all(|c| cell.contains(*c) && c.level() == 4));
                let mut back: Vec<$Loc> = cell.descendants(4).unwrap().rev().collect();
                back.reverse();
                assert_eq!(all, back);
                assert_eq!(cell.descendants(4).unwrap().nth(5), Some(all[5]));
                let mut past = cell.descendants(4).unwrap();
                assert_eq!(past.nth(64), None);
                assert_eq!(past.next(), None);
                assert!(cell.descendants(1).is_none());
                assert!(cell.descendants($max + 1).is_none());
            }

            proptest! {
                #![proptest_config(ProptestConfig::with_cases(1000))]

                #[test]
                fn any_raw_value(raw: $raw, cut in 0..<$raw>::BITS) {
                    let raw = raw >> cut;
                    let sentinel = raw.checked_ilog2();
                    let valid = sentinel.is_some_and(|s| s % 3 == 0 && s <= 3 * $max);
                    let loc = $Loc::from_raw(raw);
                    prop_assert_eq!(loc.is_some(), valid);
                    if let Some(loc) = loc {
                        prop_assert_eq!(loc.raw(), raw);
                        prop_assert_eq!($Loc::new(loc.level(), loc.coords()), Some(loc));
                        prop_assert_eq!($Loc::from_morton(loc.level(), loc.morton()), Some(loc));
                    }
                    let _ = $Loc::from_morton(cut as u8, raw);
                }

                #[test]
                fn family((level, c) in cell(), octant in 0u8..8, up in 0u8..=$max) {
                    let loc = $Loc::new(level, c).unwrap();
                    prop_assert_eq!((loc.level(), loc.coords()), (level, c));
                    prop_assert_eq!(loc.parent(), level.checked_sub(1).and_then(
                        |coarser| $Loc::new(coarser, c.map(|v| v >> 1))));
                    prop_assert_eq!(loc.ancestor(up), level.checked_sub(up).and_then(
                        |by| $Loc::new(up, c.map(|v| v >> by))));
                    let bits = [0, 1, 2].map(|d| <$coord>::from(octant >> d & 1));
                    let expected = (level < $max).then(|| {
                        let c = [0, 1, 2].map(|d| c[d] << 1 | bits[d]);
                        $Loc::new(level + 1, c).unwrap()
                    });
                    prop_assert_eq!(loc.child(octant), expected);
                    if let Some(child) = expected {
                        prop_assert_eq!(child.octant(), octant);
                        prop_assert_eq!(child.parent(), Some(loc));
                        prop_assert_eq!(loc.children().unwrap()[usize::from(octant)], child);
                    }
                    if let Some(range) = loc.descendant_range(up) {
                        let by = up - level;
                        prop_assert_eq!(range.start().coords(), c.map(|v| v << by));
                        prop_assert_eq!(range.end().coords(), c.map(|v| ((v + 1) << by) - 1));
                    } else {
                        prop_assert!(up < level);
                    }
                }

                #[test]
                fn neighbours(
                    (level, c) in cell(),
                    near in prop::array::uniform3(-2i8..=2),
                    far: [$delta; 3],
                    width: $coord,
                ) {
                    let loc = $Loc::new(level, c).unwrap();
                    let side = 1i128 << level;
                    for delta in [near.map(<$delta>::from), far] {
                        let moved = [0, 1, 2].map(|d| c[d] as i128 + delta[d] as i128);
                        let inside = |v: &i128| (0..side).contains(v);
                        let expected = moved.iter().all(inside).then(|| {
                            $Loc::new(level, moved.map(|v| v as $coord)).unwrap()
                        });
                        prop_assert_eq!(loc.neighbour(delta), expected);

                        for width in [width, width % (side as $coord + 1), side as $coord, 0] {
                            let fits = i128::from(width) <= side && c[0] < width;
                            let expected = (fits && moved[1..].iter().all(inside)).then(|| {
                                let x = moved[0].rem_euclid(i128::from(width));
                                $Loc::new(level, [x, moved[1], moved[2]].map(|v| v as $coord)).unwrap()
                            });
                            prop_assert_eq!(loc.neighbour_wrapping_x(delta, width), expected);
                        }
                    }
                }
            }
        }
    };
}

loc_tests!(narrow, Loc64, u64, u32, i32, 21);
loc_tests!(wide, Loc128, u128, u64, i64, 42);

proptest! {
    #[test]
    fn widths_agree(raw: u64, cut in 0u32..64) {
        if let Some(loc) = Loc64::from_raw(raw >> cut) {
            let wide = Loc128::from(loc);
            prop_assert_eq!(wide.raw(), u128::from(loc.raw()));
            prop_assert_eq!(wide.coords(), loc.coords().map(u64::from));
            prop_assert_eq!(wide.to_loc64(), Some(loc));
        }
    }
}

#[test]
fn too_fine_for_the_narrow_type() {
    assert_eq!(Loc128::new(22, [0; 3]).unwrap().to_loc64(), None);
    assert_eq!(Loc128::new(28, [(1 << 28) - 1; 3]).unwrap().to_loc64(), None);
    assert!(Loc128::new(21, [0; 3]).unwrap().to_loc64().is_some());
}

#[test]
fn shows_level_and_coordinates() {
    assert_eq!(
        format!("{:?} {}", Loc64::new(3, [5, 0, 7]).unwrap(), Loc128::ROOT),
        "L3[5, 0, 7] L0[0, 0, 0]"
    );
}
