//! Pages: the unit that is stored, checksummed and cached.

use crate::cell::Cell;
use crate::error::ErrorKind;
use crate::pos::Pos;
use bm_morton::Loc64;
use std::fmt;

/// Levels a page tells apart inside its own cell: 128³ sub-cells.
pub const PAGE_SPAN: u8 = 7;
/// The levels at which pages exist.
pub const PAGE_LEVELS: [u8; 4] = [0, 7, 14, 21];
/// Sub-cells in a page, 128³.
pub const SUBCELLS: u32 = 1 << (3 * PAGE_SPAN as u32);

/// Name of a page: the location code of its cell (sentinel bit, then the Morton code), a u64.
///
/// Only cells of the [`PAGE_LEVELS`] are pages. Pages order by level first, then along the Morton curve.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PageId(u64);

impl PageId {
    /// The page of the whole root cube.
    pub const ROOT: Self = Self(1);

    /// The page of `level` at cell coordinates; `None` if pages do not live at that level or there.
    #[must_use]
    pub fn new(level: u8, at: [u32; 3]) -> Option<Self> {
        if !PAGE_LEVELS.contains(&level) {
            return None;
        }
        Loc64::new(level, at).map(|l| Self(l.raw()))
    }

    /// Takes a stored code back; `None` unless it names a page.
    #[must_use]
    pub fn from_raw(raw: u64) -> Option<Self> {
        let loc = Loc64::from_raw(raw)?;
        PAGE_LEVELS.contains(&loc.level()).then_some(Self(raw))
    }

    /// The page of `level` that holds a voxel; `None` if pages do not live at that level.
    #[must_use]
    pub fn containing(pos: Pos, level: u8) -> Option<Self> {
        Self::new(level, Cell::containing(pos, level).coords())
    }

    /// The code as stored.
    #[must_use]
    pub const fn raw(self) -> u64 {
        self.0
    }

    /// Level of the page's cell: 0, 7, 14 or 21.
    #[must_use]
    pub const fn level(self) -> u8 {
        ((63 - self.0.leading_zeros()) / 3) as u8
    }

    /// The cell the page covers.
    #[must_use]
    pub fn cell(self) -> Cell {
        let at = Loc64::from_raw(self.0).map_or([0; 3], Loc64::coords);
        // A PageId is only ever made from a valid code, so this is never the fallback.
        Cell::new(self.level(), at).unwrap_or(Cell::ROOT)
    }

    /// The page one tier coarser that covers this one; `None` for the root.
    #[must_use]
    pub const fn parent(self) -> Option<Self> {
        if self.0 == 1 { None } else { Some(Self(self.0 >> (3 * PAGE_SPAN))) }
    }

    /// The page one tier finer at sub-cell `sub` (its Morton index, below [`SUBCELLS`]);
    /// `None` at the finest tier or beyond the last sub-cell.
    #[must_use]
    pub const fn child(self, sub: u32) -> Option<Self> {
        if self.level() >= 21 || sub >= SUBCELLS {
            return None;
        }
        Some(Self((self.0 << (3 * PAGE_SPAN)) | sub as u64))
    }

    /// Morton index of this page among its parent's sub-cells (0 for the root).
    #[must_use]
    pub const fn sub_index(self) -> u32 {
        if self.0 == 1 { 0 } else { (self.0 as u32) & (SUBCELLS - 1) }
    }
}

impl fmt::Debug for PageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for PageId {
    /// `L7(38,19,63)`: level and cell coordinates.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [x, y, z] = self.cell().coords();
        write!(f, "L{}({x},{y},{z})", self.level())
    }
}

/// Whatever can hand out pages by name: a store's snapshot, a cache in front of one, a test double.
pub trait PageSource: Send + Sync {
    /// The page's payload, already verified against its checksum; `None` if there is no such page.
    ///
    /// # Errors
    /// [`PageError`] when the page is there but cannot be read or is damaged.
    fn page(&self, id: PageId) -> Result<Option<Vec<u8>>, PageError>;
}

/// A page could not be had.
#[derive(Debug, thiserror::Error)]
#[error("page {page}: {detail}")]
#[non_exhaustive]
pub struct PageError {
    /// The page that was asked for.
    pub page: PageId,
    /// Whose fault it was.
    pub kind: ErrorKind,
    /// What was wrong, in words.
    pub detail: String,
}

impl PageError {
    /// A page error of a kind, in words.
    #[must_use]
    pub fn new(page: PageId, kind: ErrorKind, detail: impl Into<String>) -> Self {
        Self { page, kind, detail: detail.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_tiers_of_seven() {
        let p = Pos::new(123_456_789, 23_456_789, 1 << 27).unwrap();
        let finest = PageId::containing(p, 21).unwrap();
        assert_eq!(finest.cell(), Cell::containing(p, 21));
        let mut up = finest;
        for level in [14, 7, 0] {
            let parent = up.parent().unwrap();
            assert_eq!(parent.level(), level);
            assert_eq!(parent.child(up.sub_index()), Some(up));
            assert_eq!(Some(parent), PageId::containing(p, level));
            up = parent;
        }
        assert_eq!(up, PageId::ROOT);
        assert!(up.parent().is_none() && finest.child(0).is_none() && up.child(SUBCELLS).is_none());
        assert!(PageId::new(8, [0; 3]).is_none() && PageId::from_raw(0).is_none());
        assert!(PageId::from_raw(0b1000).is_none(), "level 1 is not a page level");
        assert_eq!(PageId::new(7, [38, 19, 63]).unwrap().to_string(), "L7(38,19,63)");
    }
}
