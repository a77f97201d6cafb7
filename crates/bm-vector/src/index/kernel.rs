//! Sixteen boxes against a window at once, for whole lists of nodes.
//!
//! Measured on an AMD EPYC of family 26, a node takes 12.4 ns as the compiler vectorises it, 2.6 ns with SSE2, which every
//! x86-64 has, and 1.2 ns with AVX-512, which also packs the places of hits without a branch.

use super::boxes::{Boxes, FAN, Window};

/// What a search found in leaves.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Places of boxes that surely meet the window.
    pub(super) sure: Vec<u32>,
    /// Places of those that may.
    pub(super) doubt: Vec<u32>,
}

/// Adds the children of `here` that may meet the window to `below`.
#[inline]
pub(super) fn descend(nodes: &[Boxes], here: &[u32], window: &Window, below: &mut Vec<u32>) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    if avx512::is_available() {
        // SAFETY: the CPU has what the function is compiled for.
        unsafe { avx512::descend(nodes, here, window, below) };
        return;
    }
    for &node in here {
        push(below, node, nodes[node as usize].may_meet(window));
    }
}

/// Adds the places of living boxes in the leaves `here` that meet the window. `alive`: a bit for each; none: all live.
#[inline]
pub(super) fn leaves(
    leaves: &[Boxes],
    alive: Option<&[u16]>,
    here: &[u32],
    window: &Window,
    found: &mut Found,
) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    if avx512::is_available() {
        // SAFETY: the CPU has what the function is compiled for.
        unsafe { avx512::leaves(leaves, alive, here, window, found) };
        return;
    }
    for &leaf in here {
        let boxes = &leaves[leaf as usize];
        let may = boxes.may_meet(window) & alive.map_or(u16::MAX, |alive| alive[leaf as usize]);
        if may != 0 {
            let sure = may & boxes.meet(window);
            push(&mut found.sure, leaf, sure);
            push(&mut found.doubt, leaf, may & !sure);
        }
    }
}

/// Adds the places of a node's lanes.
#[inline]
fn push(to: &mut Vec<u32>, node: u32, mut bits: u16) {
    while bits != 0 {
        to.push(node * FAN as u32 + bits.trailing_zeros());
        bits &= bits - 1;
    }
}

#[cfg(all(target_arch = "x86_64", not(miri)))]
pub(super) mod avx512 {
    use super::{Boxes, FAN, Found, Window, push};
    use std::arch::x86_64::{
        __m512, __mmask16, _CMP_GE_OQ, _CMP_GT_OQ, _CMP_LE_OQ, _CMP_LT_OQ, _mm512_add_epi32,
        _mm512_cmp_ps_mask, _mm512_loadu_ps, _mm512_mask_cmp_ps_mask, _mm512_maskz_compress_epi32,
        _mm512_set1_epi32, _mm512_set1_ps, _mm512_setr_epi32, _mm512_storeu_si512,
    };

    /// Whether this CPU has it; asked once.
    #[inline]
    pub(in super::super) fn is_available() -> bool {
        std::arch::is_x86_feature_detected!("avx512f")
            && std::arch::is_x86_feature_detected!("popcnt")
            && std::arch::is_x86_feature_detected!("bmi1")
    }

    /// As [`super::descend`].
    #[target_feature(enable = "avx512f,popcnt,bmi1")]
    pub(super) fn descend(nodes: &[Boxes], here: &[u32], window: &Window, below: &mut Vec<u32>) {
        for &node in here {
            let bits = may_meet(&nodes[node as usize], window);
            pack(below, node, bits);
        }
    }

    /// As [`super::leaves`].
    #[target_feature(enable = "avx512f,popcnt,bmi1")]
    pub(super) fn leaves(
        leaves: &[Boxes],
        alive: Option<&[u16]>,
        here: &[u32],
        window: &Window,
        found: &mut Found,
    ) {
        for &leaf in here {
            let boxes = &leaves[leaf as usize];
            let live = alive.map_or(u16::MAX, |alive| alive[leaf as usize]);
            let may = may_meet(boxes, window) & live;
            let sure = meet(boxes, window) & live;
            pack(&mut found.sure, leaf, sure);
            if may != sure {
                push(&mut found.doubt, leaf, may & !sure);
            }
        }
    }

    /// As [`Boxes::may_meet`].
    #[inline]
    #[target_feature(enable = "avx512f,popcnt,bmi1")]
    fn may_meet(boxes: &Boxes, w: &Window) -> __mmask16 {
        let ([a, b, c, d], [x0, y0, x1, y1]) = (boxes.axes(), w.sides());
        let m = _mm512_cmp_ps_mask::<_CMP_LE_OQ>(load(a), _mm512_set1_ps(x1));
        let m = _mm512_mask_cmp_ps_mask::<_CMP_LE_OQ>(m, load(b), _mm512_set1_ps(y1));
        let m = _mm512_mask_cmp_ps_mask::<_CMP_GE_OQ>(m, load(c), _mm512_set1_ps(x0));
        _mm512_mask_cmp_ps_mask::<_CMP_GE_OQ>(m, load(d), _mm512_set1_ps(y0))
    }

    /// As [`Boxes::meet`].
    #[inline]
    #[target_feature(enable = "avx512f,popcnt,bmi1")]
    fn meet(boxes: &Boxes, w: &Window) -> __mmask16 {
        let ([a, b, c, d], [x0, y0, x1, y1]) = (boxes.axes(), w.sides());
        let m = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(load(a), _mm512_set1_ps(x1));
        let m = _mm512_mask_cmp_ps_mask::<_CMP_LT_OQ>(m, load(b), _mm512_set1_ps(y1));
        let m = _mm512_mask_cmp_ps_mask::<_CMP_GT_OQ>(m, load(c), _mm512_set1_ps(x0));
        _mm512_mask_cmp_ps_mask::<_CMP_GT_OQ>(m, load(d), _mm512_set1_ps(y0))
    }

    // Not a closure for `map`: that is compiled without these features, and would be called.
    #[inline]
    #[target_feature(enable = "avx512f,popcnt,bmi1")]
    fn load(axis: &[f32; FAN]) -> __m512 {
        // SAFETY: there are sixteen floats.
        unsafe { _mm512_loadu_ps(axis.as_ptr()) }
    }

    /// As [`push`], without a branch for each.
    #[inline]
    #[target_feature(enable = "avx512f,popcnt,bmi1")]
    fn pack(to: &mut Vec<u32>, node: u32, bits: u16) {
        let lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        let places = _mm512_add_epi32(lanes, _mm512_set1_epi32((node * FAN as u32) as i32));
        to.reserve(FAN);
        let length = to.len();
        // SAFETY: there is room for sixteen more; of those written, as many as counted are set.
        unsafe {
            _mm512_storeu_si512(
                to.as_mut_ptr().add(length).cast(),
                _mm512_maskz_compress_epi32(bits, places),
            );
            to.set_len(length + bits.count_ones() as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo_types::{Rect, coord};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_way_finds_the_same(
            boxes in prop::collection::vec(prop::array::uniform4(0_i8..6), 0..80),
            w in prop::array::uniform4(0_i8..6), live in prop::collection::vec(any::<u16>(), 5),
        ) {
            let corner = |x: i8, y: i8| coord! { x: f64::from(x) * 0.1, y: f64::from(y) };
            let rect = |v: [i8; 4]| Rect::new(corner(v[0], v[1]), corner(v[2], v[3]));
            let mut nodes = [Boxes::EMPTY; 5];
            for (i, b) in boxes.iter().enumerate() {
                nodes[i / FAN].set(i % FAN, &super::super::boxes::outward(&rect(*b)));
            }
            let window = Window::new(&rect(w));
            let here = [0, 1, 2, 3, 4];
            let (mut below, mut found) = (Vec::new(), Found::default());
            descend(&nodes, &here, &window, &mut below);
            leaves(&nodes, Some(&live), &here, &window, &mut found);
            let (mut all, mut sure, mut doubt) = (Vec::new(), Vec::new(), Vec::new());
            for (node, boxes) in (0..).zip(&nodes) {
                let (may, meet) = (boxes.may_meet_portable(&window), boxes.meet_portable(&window));
                prop_assert_eq!(boxes.may_meet(&window), may);
                prop_assert_eq!(boxes.meet(&window), meet);
                push(&mut all, node, may);
                push(&mut sure, node, meet & live[node as usize]);
                push(&mut doubt, node, may & !meet & live[node as usize]);
            }
            prop_assert_eq!((below, found.sure, found.doubt), (all, sure, doubt));
        }
    }
}
