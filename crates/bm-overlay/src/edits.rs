//! What a transaction changes, in normal form: page by page, sorted, nothing said twice.
//!
//! An edit lies in the page that tells its cells apart: voxels in pages of level 21, whole 32 m cells in pages of
//! level 14, and so on up. A [`RunEdit`] names sub-cells along the Morton curve, a [`BoxEdit`] a box of them.
//! The unset material ([`MaterialId::UNSET`]) clears: there the world is again what it was before any edit.
//!
//! Within one [`Edits`] what lies deeper wins: runs over boxes of their page, later boxes over earlier ones of their
//! page, finer pages over coarser ones. [`Transaction`](crate::Transaction) brings edits in any order to this form.

use bm_core::page::{PAGE_SPAN, SUBCELLS};
use bm_core::{MaterialId, PageId};

/// Consecutive sub-cells of a page along the Morton curve, and their new material.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunEdit {
    /// The page.
    pub page: PageId,
    /// First sub-cell.
    pub from: u32,
    /// First sub-cell beyond; `from < to ≤ SUBCELLS`.
    pub to: u32,
    /// The material; unset clears.
    pub material: MaterialId,
}

/// A box of sub-cells of a page, and their new material.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoxEdit {
    /// The page.
    pub page: PageId,
    /// First sub-cell coordinate on each axis, 0 to 127.
    pub lo: [u8; 3],
    /// Last sub-cell coordinate on each axis (inside), `lo ≤ hi ≤ 127`.
    pub hi: [u8; 3],
    /// The material; unset clears.
    pub material: MaterialId,
}

impl BoxEdit {
    /// Number of sub-cells.
    #[must_use]
    pub fn volume(&self) -> u32 {
        (0..3).map(|a| u32::from(self.hi[a] - self.lo[a]) + 1).product()
    }

    /// Whether a sub-cell coordinate is inside.
    #[inline]
    #[must_use]
    pub fn contains(&self, at: [u8; 3]) -> bool {
        (0..3).all(|a| self.lo[a] <= at[a] && at[a] <= self.hi[a])
    }
}

/// The changes of one transaction in normal form (see the module).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits {
    /// Boxes by ascending page; those of one page in order, later ones win.
    pub boxes: Vec<BoxEdit>,
    /// Runs by ascending page and sub-cell; they do not overlap. They win over boxes of their page.
    pub runs: Vec<RunEdit>,
}

impl Edits {
    /// Whether nothing changes.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.boxes.is_empty() && self.runs.is_empty()
    }

    /// Number of cells named, each in cells of its own level (a 32 m cell counts one).
    #[must_use]
    pub fn cells(&self) -> u64 {
        let runs: u64 = self.runs.iter().map(|r| u64::from(r.to - r.from)).sum();
        runs + self.boxes.iter().map(|b| u64::from(b.volume())).sum::<u64>()
    }

    /// Why this is not in normal form; `None` if it is. What decoders ask before they hand edits on.
    #[must_use]
    pub fn fault(&self) -> Option<&'static str> {
        const LAST: u8 = (1 << PAGE_SPAN) - 1;
        let ordered = self.boxes.is_sorted_by_key(|b| b.page)
            && self.runs.is_sorted_by(|a, b| a.page < b.page || (a.page == b.page && a.to <= b.from));
        if !ordered {
            return Some("pages or runs out of order");
        }
        if self.runs.iter().any(|r| r.from >= r.to || r.to > SUBCELLS) {
            return Some("an empty run, or one beyond its page");
        }
        let bad = |b: &BoxEdit| (0..3).any(|a| b.lo[a] > b.hi[a] || b.hi[a] > LAST);
        self.boxes.iter().any(bad).then_some("an empty box, or one beyond its page")
    }
}
