//! Who fills a cell: volumes by material, the substance of every coarse answer.

use bm_core::MaterialId;

/// A whole cell, in units of [`Shares`].
pub const WHOLE: u64 = 1 << 32;
/// Most materials kept for one cell; the smallest go first when there are more.
pub const MAX_SHARES: usize = 255;

/// Volumes by material inside one cell, in 2^-32 of the cell.
///
/// Materials stand in the order in which they first appear along the Morton curve, so that a tie goes to
/// the first octant. What lies outside the world counts for nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shares(Vec<(MaterialId, u64)>);

impl Shares {
    /// The whole cell is one material.
    #[must_use]
    pub fn whole(material: MaterialId) -> Self {
        Self(vec![(material, WHOLE)])
    }

    /// Adds volume of a material behind those already there.
    pub fn add(&mut self, material: MaterialId, volume: u64) {
        if volume == 0 {
            return;
        }
        if let Some((_, v)) = self.0.iter_mut().find(|(m, _)| *m == material) {
            *v += volume;
        } else if self.0.len() < MAX_SHARES {
            // Beyond 255 materials in one cell a newcomer cannot be the plurality of anything coarse.
            self.0.push((material, volume));
        }
    }

    /// Adds another cell's shares, divided by `2^shift` (3 for an octant of this cell).
    pub fn merge(&mut self, other: &Self, shift: u32) {
        for &(m, v) in &other.0 {
            self.add(m, (v >> shift).max(u64::from(v > 0)));
        }
    }

    /// The material with the largest volume; the first one on a tie; `None` when nothing is inside.
    #[must_use]
    pub fn plurality(&self) -> Option<MaterialId> {
        let mut best: Option<(MaterialId, u64)> = None;
        for &(m, v) in &self.0 {
            if best.is_none_or(|(_, b)| v > b) {
                best = Some((m, v));
            }
        }
        best.map(|(m, _)| m)
    }

    /// Whether at most one material is inside.
    #[must_use]
    pub fn is_pure(&self) -> bool {
        self.0.len() < 2
    }

    /// Materials and volumes, first come first.
    #[must_use]
    pub fn list(&self) -> &[(MaterialId, u64)] {
        &self.0
    }

    /// From what a directory holds: different materials, volumes of 1 and more.
    pub(crate) const fn from_list(list: Vec<(MaterialId, u64)>) -> Self {
        Self(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_the_first() {
        let (a, b) = (MaterialId(9), MaterialId(3));
        let mut s = Shares::default();
        assert_eq!(s.plurality(), None);
        s.merge(&Shares::whole(a), 3);
        s.merge(&Shares::whole(b), 3);
        assert_eq!(s.plurality(), Some(a));
        s.merge(&Shares::whole(b), 3);
        assert_eq!(s.plurality(), Some(b));
        assert!(!s.is_pure());
        assert_eq!(s.list(), &[(a, WHOLE / 8), (b, WHOLE / 4)]);
    }
}
