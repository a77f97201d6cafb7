//! Cells (cubes of a level) and half-open boxes, both in ticks.

use crate::frame::{MAX_LEVEL, ROOT_TICKS, edge_ticks};
use crate::pos::Pos;
use bm_morton::Loc128;

/// One cube of the octree: a level and integer coordinates in cells of that level.
///
/// Cells tile the whole root cube, so a cell may reach beyond the world box or lie outside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cell {
    level: u8,
    at: [u32; 3],
}

impl Cell {
    /// The whole root cube.
    pub const ROOT: Self = Self { level: 0, at: [0; 3] };

    /// The cell of `level` at integer cell coordinates; `None` beyond level 28 or outside the root.
    #[must_use]
    pub fn new(level: u8, at: [u32; 3]) -> Option<Self> {
        let ok = level <= MAX_LEVEL && at.iter().all(|&c| c < (1 << level));
        ok.then_some(Self { level, at })
    }

    /// The cell of `level` that holds a voxel. Levels beyond the finest count as the finest.
    #[must_use]
    pub fn containing(pos: Pos, level: u8) -> Self {
        let level = level.min(MAX_LEVEL);
        let s = MAX_LEVEL - level;
        Self { level, at: [pos.x() >> s, pos.y() >> s, pos.z() >> s] }
    }

    /// Level, 0 (the root) to 28 (a quarter metre).
    #[must_use]
    pub const fn level(self) -> u8 {
        self.level
    }

    /// Coordinates in cells of this level.
    #[must_use]
    pub const fn coords(self) -> [u32; 3] {
        self.at
    }

    /// Edge length in ticks.
    #[must_use]
    pub const fn edge_ticks(self) -> u32 {
        edge_ticks(self.level)
    }

    /// First tick of the cell on each axis.
    #[must_use]
    pub fn origin(self) -> [u32; 3] {
        self.at.map(|c| c << (MAX_LEVEL - self.level))
    }

    /// The ticks the cell covers.
    #[must_use]
    pub fn bounds(self) -> TickBox {
        let min = self.origin();
        TickBox { min, max: min.map(|c| c + self.edge_ticks()) }
    }

    /// The cell one level coarser; `None` for the root.
    #[must_use]
    pub fn parent(self) -> Option<Self> {
        let level = self.level.checked_sub(1)?;
        Some(Self { level, at: self.at.map(|c| c >> 1) })
    }

    /// The ancestor at `level` (itself if equal); `None` if `level` is finer than this cell.
    #[must_use]
    pub fn ancestor(self, level: u8) -> Option<Self> {
        let s = self.level.checked_sub(level)?;
        Some(Self { level, at: self.at.map(|c| c >> s) })
    }

    /// One of the eight children in Morton order (bit 0 = east, 1 = north, 2 = up); `None` at the finest
    /// level. Bits of `octant` above the third are ignored.
    #[must_use]
    pub fn child(self, octant: u8) -> Option<Self> {
        let o = u32::from(octant);
        let at = [self.at[0] * 2 + (o & 1), self.at[1] * 2 + (o >> 1 & 1), self.at[2] * 2 + (o >> 2 & 1)];
        Self::new(self.level + 1, at)
    }

    /// The location code (sentinel bit, then the Morton code).
    #[must_use]
    pub fn code(self) -> Loc128 {
        // Always inside the root, so the code exists; ROOT only satisfies the type.
        Loc128::new(self.level, self.at.map(u64::from)).unwrap_or(Loc128::ROOT)
    }
}

/// A half-open box of ticks: `min` is inside, `max` is not. Empty when any `min ≥ max`.
///
/// Lives in the root cube's coordinates; a box that crosses the date line is two of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TickBox {
    /// First tick on each axis.
    pub min: [u32; 3],
    /// First tick beyond, on each axis.
    pub max: [u32; 3],
}

impl TickBox {
    /// The box of the whole root cube.
    pub const ROOT: Self = Self { min: [0; 3], max: [ROOT_TICKS; 3] };

    /// Whether nothing is inside.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        (0..3).any(|a| self.min[a] >= self.max[a])
    }

    /// Extent in ticks on each axis (0 where empty).
    #[must_use]
    pub fn size(&self) -> [u32; 3] {
        [0, 1, 2].map(|a| self.max[a].saturating_sub(self.min[a]))
    }

    /// Number of voxels inside.
    #[must_use]
    pub fn volume(&self) -> u128 {
        self.size().iter().map(|&s| u128::from(s)).product()
    }

    /// Whether a tick position is inside.
    #[must_use]
    pub fn contains(&self, at: [u32; 3]) -> bool {
        (0..3).all(|a| self.min[a] <= at[a] && at[a] < self.max[a])
    }

    /// The common part, which may be empty.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self {
            min: [0, 1, 2].map(|a| self.min[a].max(other.min[a])),
            max: [0, 1, 2].map(|a| self.max[a].min(other.max[a])),
        }
    }

    /// Whether the two share a voxel.
    #[must_use]
    pub fn intersects(&self, other: &Self) -> bool {
        !self.intersection(other).is_empty()
    }

    /// Whether `other` lies inside entirely (an empty box lies inside everything).
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        other.is_empty() || self.intersection(other) == *other
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pos() -> impl Strategy<Value = Pos> {
        use crate::frame::{WORLD_X, WORLD_Y, WORLD_Z_MAX, WORLD_Z_MIN};
        (0..WORLD_X, 0..WORLD_Y, WORLD_Z_MIN..WORLD_Z_MAX).prop_map(|(x, y, z)| Pos::new(x, y, z).unwrap())
    }

    proptest! {
        #[test]
        fn a_cell_holds_its_voxel_and_its_children(p in pos(), level in 0u8..=28) {
            let cell = Cell::containing(p, level);
            prop_assert!(cell.bounds().contains([p.x(), p.y(), p.z()]));
            prop_assert_eq!(Cell::new(level, cell.coords()), Some(cell));
            prop_assert_eq!(cell.code().level(), level);
            if let Some(parent) = cell.parent() {
                prop_assert_eq!(parent, Cell::containing(p, level - 1));
                let kids: Vec<_> = (0..8).filter_map(|o| parent.child(o)).collect();
                prop_assert_eq!(kids.len(), 8);
                prop_assert!(kids.contains(&cell));
                let volume: u128 = kids.iter().map(|k| k.bounds().volume()).sum();
                prop_assert_eq!(volume, parent.bounds().volume());
            }
        }
    }

    #[test]
    fn boxes_are_half_open() {
        let a = TickBox { min: [0; 3], max: [4; 3] };
        let b = TickBox { min: [4, 0, 0], max: [8, 4, 4] };
        assert!(!a.intersects(&b));
        assert!(a.covers(&a) && !a.covers(&b) && a.covers(&TickBox { min: [9; 3], max: [9; 3] }));
        assert_eq!(a.volume(), 64);
        assert!(a.intersection(&b).is_empty());
        assert!(Cell::ROOT.child(9).is_some_and(|c| c == Cell::new(1, [1, 0, 0]).unwrap()));
        assert!(Cell::new(28, [ROOT_TICKS - 1; 3]).unwrap().child(0).is_none());
    }
}
