//! Keeping the largest gaps: the part of covering a box with few ranges that needs no geometry.

/// An unbroken range of codes, both ends included (so that it can reach the last code).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CodeRange<T> {
    /// First code.
    pub first: T,
    /// Last code, not below `first`.
    pub last: T,
}

impl<T: PartialOrd> CodeRange<T> {
    /// Whether `code` lies in the range.
    #[inline]
    pub fn contains(&self, code: T) -> bool {
        self.first <= code && code <= self.last
    }
}

impl<T> From<CodeRange<T>> for core::ops::RangeInclusive<T> {
    #[inline]
    fn from(range: CodeRange<T>) -> Self {
        range.first..=range.last
    }
}

/// Ranges that hold every code of a box, and possibly others.
///
/// They ascend, do not overlap and do not touch; each begins and ends with a code of the box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cover<'a, T, N> {
    /// The ranges, in the front of the buffer that was given.
    pub ranges: &'a [CodeRange<T>],
    /// Number of codes in the ranges together; divided by the number of cells in the box it
    /// is the over-cover.
    pub codes: N,
    /// The ranges hold the box's codes and no others.
    pub exact: bool,
}

/// The widest of the gaps it is shown, in a borrowed buffer.
pub(crate) struct WidestGaps<'a, T> {
    gaps: &'a mut [CodeRange<T>],
    len: usize,
    /// From the first gap that has to go, the buffer is a heap with the narrowest on top.
    is_heap: bool,
}

impl<'a, T: Copy + Ord + core::ops::Sub<Output = T>> WidestGaps<'a, T> {
    pub(crate) fn new(buffer: &'a mut [CodeRange<T>]) -> Self {
        Self { gaps: buffer, len: 0, is_heap: false }
    }

    #[inline]
    pub(crate) fn offer(&mut self, first: T, last: T) {
        let gap = CodeRange { first, last };
        if let Some(slot) = self.gaps.get_mut(self.len) {
            *slot = gap;
            self.len += 1;
            return;
        }
        if !self.is_heap {
            for top in (0..self.len / 2).rev() {
                self.sift_down(top);
            }
            self.is_heap = true;
        }
        if self.gaps.first().is_some_and(|least| last - first > least.last - least.first) {
            self.gaps[0] = gap;
            self.sift_down(0);
        }
    }

    fn sift_down(&mut self, mut parent: usize) {
        let heap = &mut self.gaps[..self.len];
        let width = |gap: &CodeRange<T>| gap.last - gap.first;
        loop {
            let left = 2 * parent + 1;
            let child = match (heap.get(left), heap.get(left + 1)) {
                (Some(l), Some(r)) if width(r) < width(l) => left + 1,
                (Some(_), _) => left,
                _ => return,
            };
            if width(&heap[parent]) <= width(&heap[child]) {
                return;
            }
            heap.swap(parent, child);
            parent = child;
        }
    }

    /// The kept gaps, ascending.
    pub(crate) fn sorted(self) -> &'a mut [CodeRange<T>] {
        let kept = &mut self.gaps[..self.len];
        if self.is_heap {
            kept.sort_unstable_by_key(|gap| gap.first);
        }
        kept
    }
}
