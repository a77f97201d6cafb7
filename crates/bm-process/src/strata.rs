//! What the ground consists of: strata over a basement without end.

use bm_core::MaterialId;

/// One material spread over the land.
#[derive(Clone, Debug, PartialEq)]
pub struct Stratum {
    /// Of what.
    pub material: MaterialId,
    /// How thick in each cell, m; zero where it is missing. Single precision: it tells which material is worn, the
    /// heights of the ground tell how much.
    pub thickness: Vec<f32>,
}

/// Strata from above: the first is where sediment comes to lie, the last lies on the basement.
#[derive(Clone, Debug, PartialEq)]
pub struct Strata {
    strata: Vec<Stratum>,
    basement: MaterialId,
    cells: usize,
}

impl Strata {
    /// One material all the way down, with nothing loose on it yet. What comes to lie there is
    /// [`MaterialId::SEDIMENT`].
    #[must_use]
    pub fn uniform(cells: usize, basement: MaterialId) -> Self {
        let loose = Stratum { material: MaterialId::SEDIMENT, thickness: vec![0.0; cells] };
        Self { strata: vec![loose], basement, cells }
    }

    /// Strata from above over a basement; nothing when one has another number of cells, a thickness is negative or not finite, or
    /// there is none (the first takes what is laid down).
    #[must_use]
    pub fn new(strata: Vec<Stratum>, basement: MaterialId) -> Option<Self> {
        let cells = strata.first()?.thickness.len();
        let fits = |stratum: &Stratum| {
            stratum.thickness.len() == cells && stratum.thickness.iter().all(|&t| t.is_finite() && t >= 0.0)
        };
        strata.iter().all(fits).then_some(Self { strata, basement, cells })
    }

    /// From above.
    #[must_use]
    pub fn strata(&self) -> &[Stratum] {
        &self.strata
    }

    /// What lies under all of them.
    #[must_use]
    pub const fn basement(&self) -> MaterialId {
        self.basement
    }

    /// The material at the surface of a cell.
    #[must_use]
    pub fn surface(&self, cell: usize) -> MaterialId {
        self.strata.iter().find(|stratum| stratum.thickness[cell] > 0.0).map_or(self.basement, |s| s.material)
    }

    /// The material at the surface of each cell.
    #[must_use]
    pub fn surfaces(&self) -> Vec<MaterialId> {
        let mut out = vec![self.basement; self.cells];
        for stratum in self.strata.iter().rev() {
            for (out, &thickness) in out.iter_mut().zip(&stratum.thickness) {
                if thickness > 0.0 {
                    *out = stratum.material;
                }
            }
        }
        out
    }

    /// Wears strata down from above and lays sediment on, as the heights of the ground say.
    pub fn follow(&mut self, before: &[f64], after: &[f64]) {
        for (cell, (before, after)) in before.iter().zip(after).enumerate() {
            let change = after - before;
            if change > 0.0 {
                self.strata[0].thickness[cell] += change as f32;
            } else if change < 0.0 {
                self.wear(cell, -change);
            }
        }
    }

    fn wear(&mut self, cell: usize, metres: f64) {
        let mut rest = metres;
        for stratum in &mut self.strata {
            let thickness = &mut stratum.thickness[cell];
            let there = f64::from(*thickness);
            if there >= rest {
                *thickness = (there - rest) as f32;
                return;
            }
            rest -= there;
            *thickness = 0.0;
        }
    }

    /// Turns the uppermost `metres` of a cell into the material of the first stratum (weathering makes loose what was
    /// rock); the surface stays where it is.
    pub fn loosen(&mut self, cell: usize, metres: f64) {
        let mut rest = metres;
        for stratum in &mut self.strata[1..] {
            let thickness = &mut stratum.thickness[cell];
            let taken = f64::from(*thickness).min(rest);
            *thickness = (f64::from(*thickness) - taken) as f32;
            rest -= taken;
        }
        self.strata[0].thickness[cell] += metres as f32;
    }

    /// Takes over thicknesses from the same strata of a part of the land; returns whether they are the same ones (else
    /// nothing changes). `put` writes a part's values to where they belong.
    pub(crate) fn paste(&mut self, part: &Self, put: impl Fn(&[f32], &mut [f32])) -> bool {
        let materials = |strata: &Self| strata.strata.iter().map(|s| s.material).collect::<Vec<_>>();
        let same = self.basement == part.basement && materials(self) == materials(part);
        if same {
            for (to, from) in self.strata.iter_mut().zip(&part.strata) {
                put(&from.thickness, &mut to.thickness);
            }
        }
        same
    }

    /// Bytes held.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.strata.iter().map(|stratum| stratum.thickness.capacity() * 4).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strata_wear_through_to_what_lies_beneath() {
        let stratum = |material, thickness| Stratum { material, thickness: vec![thickness; 2] };
        let mut strata = Strata::new(
            vec![
                stratum(MaterialId::SEDIMENT, 0.0),
                stratum(MaterialId::SHALE, 2.0),
                stratum(MaterialId::LIMESTONE, 3.0),
            ],
            MaterialId::GRANITE,
        )
        .unwrap();
        assert_eq!(strata.surfaces(), [MaterialId::SHALE; 2]);
        strata.follow(&[10.0, 10.0], &[7.5, 11.0]);
        assert_eq!(strata.surfaces(), [MaterialId::LIMESTONE, MaterialId::SEDIMENT]);
        assert_eq!(strata.strata()[2].thickness, [2.5, 3.0]);
        strata.follow(&[7.5, 11.0], &[0.0, 9.5]);
        assert_eq!(strata.surfaces(), [MaterialId::GRANITE, MaterialId::SHALE]);
        assert_eq!(strata.strata()[1].thickness, [0.0, 1.5]);
        strata.loosen(1, 0.5);
        assert_eq!(strata.surface(1), MaterialId::SEDIMENT);
        assert_eq!(strata.strata()[1].thickness, [0.0, 1.0]);
        assert!(Strata::new(vec![stratum(MaterialId::SHALE, -1.0)], MaterialId::ROCK).is_none());
        assert!(Strata::new(vec![], MaterialId::ROCK).is_none());
    }
}
