//! What the ground consists of: strata over a basement without end.

use std::ops::Range;

use bm_core::MaterialId;

use crate::workers;

/// One material spread over the land.
#[derive(Clone, Debug, PartialEq)]
pub struct Stratum {
    /// Of what.
    pub material: MaterialId,
    /// How thick in each cell, m; zero where it is missing.
    pub thickness: Vec<f32>,
}

/// Strata from above: the first is where sediment comes to lie, the last lies on the basement.
///
/// Thicknesses are of single precision, but a step may wear less than that can tell: 1 km of rock has no place for the
/// difference of 30 µm. So the two strata of a cell that change, the first and the uppermost of the others that is there, have
/// 16 bits more ([`Strata::rests`]): 1 nm in a kilometre.
#[derive(Clone, Debug, PartialEq)]
pub struct Strata {
    strata: Vec<Stratum>,
    basement: MaterialId,
    cells: usize,
    /// Of the first stratum.
    loose: Vec<u16>,
    /// Of the uppermost stratum below the first; empty when there is only the first.
    rock: Vec<u16>,
}

impl Strata {
    /// One material all the way down, with nothing loose on it yet. What comes to lie there is
    /// [`MaterialId::SEDIMENT`].
    #[must_use]
    pub fn uniform(cells: usize, basement: MaterialId) -> Self {
        let loose = Stratum { material: MaterialId::SEDIMENT, thickness: vec![0.0; cells] };
        Self { strata: vec![loose], basement, cells, loose: vec![0; cells], rock: Vec::new() }
    }

    /// Strata from above over a basement; nothing when one has another number of cells, a thickness is negative or not finite, or
    /// there is none (the first takes what is laid down).
    #[must_use]
    pub fn new(strata: Vec<Stratum>, basement: MaterialId) -> Option<Self> {
        let cells = strata.first()?.thickness.len();
        let fits = |stratum: &Stratum| {
            stratum.thickness.len() == cells && stratum.thickness.iter().all(|&t| t.is_finite() && t >= 0.0)
        };
        let rock = vec![0; if strata.len() > 1 { cells } else { 0 }];
        strata.iter().all(fits).then(|| Self { strata, basement, cells, loose: vec![0; cells], rock })
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

    /// What the thicknesses of each cell leave out, in 65 536ths of what single precision can tell there: of the first stratum,
    /// and of the uppermost of the others that is there (none when there is only the first).
    #[must_use]
    pub fn rests(&self) -> [&[u16]; 2] {
        [&self.loose, &self.rock]
    }

    /// Takes such rests over; returns whether they are as many as there should be (else nothing changes).
    pub fn set_rests(&mut self, rests: [Vec<u16>; 2]) -> bool {
        let fits = rests[0].len() == self.loose.len() && rests[1].len() == self.rock.len();
        if fits {
            [self.loose, self.rock] = rests;
        }
        fits
    }

    /// Metres of a cell over the basement, as precisely as is known.
    #[must_use]
    pub fn depth(&self, cell: usize) -> f64 {
        let mut rests = [self.loose[cell], self.rock.get(cell).copied().unwrap_or(0)].into_iter();
        let mut depth = 0.0;
        for (n, stratum) in self.strata.iter().enumerate() {
            let thickness = stratum.thickness[cell];
            let rest = if n == 0 || thickness > 0.0 { rests.next().unwrap_or(0) } else { 0 };
            depth += widen(thickness, rest);
        }
        depth
    }

    /// Wears strata down from above and lays sediment on, as the heights of the ground say; on as many threads as
    /// given, with the same result for any number.
    pub fn follow(&mut self, before: &[f64], after: &[f64], threads: usize) {
        let cells = before.len().min(after.len()).min(self.cells);
        // A thread should have more to do than it takes to start it.
        let threads = workers::count(threads).min(cells >> 14).max(1);
        let bands = workers::bands(cells, threads);
        let jobs = bands.iter().cloned().zip(self.bands(&bands)).collect();
        workers::run(jobs, |(cells, mut band): (Range<usize>, Band<'_>)| {
            for (cell, (before, after)) in before[cells.clone()].iter().zip(&after[cells]).enumerate() {
                band.change(cell, after - before);
            }
        });
    }

    /// Turns the uppermost `metres` of a cell into the material of the first stratum (weathering makes loose what was
    /// rock); the surface stays where it is.
    pub fn loosen(&mut self, cell: usize, metres: f64) {
        let Some((first, others)) = self.strata.split_first_mut() else { return };
        let others = others.iter_mut().map(|stratum| &mut stratum.thickness[cell]);
        wear_below(others, self.rock.get_mut(cell), metres);
        let (first, rest) = (&mut first.thickness[cell], &mut self.loose[cell]);
        (*first, *rest) = narrow(widen(*first, *rest) + metres);
    }

    /// Parts of all strata.
    fn bands(&mut self, bands: &[Range<usize>]) -> Vec<Band<'_>> {
        let mut parts: Vec<Band<'_>> = bands
            .iter()
            .map(|_| Band { strata: Vec::with_capacity(self.strata.len()), loose: &mut [], rock: &mut [] })
            .collect();
        for stratum in &mut self.strata {
            for (part, values) in parts.iter_mut().zip(cut(&mut stratum.thickness, bands)) {
                part.strata.push(values);
            }
        }
        for (part, values) in parts.iter_mut().zip(cut(&mut self.loose, bands)) {
            part.loose = values;
        }
        if !self.rock.is_empty() {
            for (part, values) in parts.iter_mut().zip(cut(&mut self.rock, bands)) {
                part.rock = values;
            }
        }
        parts
    }

    /// A part of the land: what `take` copies out.
    pub(crate) fn part(&self, take: impl Part) -> Self {
        let strata = self.strata.iter();
        let strata = strata
            .map(|stratum| Stratum { material: stratum.material, thickness: take.cut(&stratum.thickness) })
            .collect();
        let loose = take.cut(&self.loose);
        let rock = if self.rock.is_empty() { Vec::new() } else { take.cut(&self.rock) };
        Self { strata, basement: self.basement, cells: loose.len(), loose, rock }
    }

    /// Takes over thicknesses from the same strata of a part of the land; returns whether they are the same ones (else
    /// nothing changes).
    pub(crate) fn paste(&mut self, part: &Self, put: impl Part) -> bool {
        let materials = |strata: &Self| strata.strata.iter().map(|s| s.material).collect::<Vec<_>>();
        let same = self.basement == part.basement && materials(self) == materials(part);
        if same {
            for (to, from) in self.strata.iter_mut().zip(&part.strata) {
                put.paste(&from.thickness, &mut to.thickness);
            }
            put.paste(&part.loose, &mut self.loose);
            if !self.rock.is_empty() {
                put.paste(&part.rock, &mut self.rock);
            }
        }
        same
    }

    /// Bytes held.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let strata: usize = self.strata.iter().map(|stratum| stratum.thickness.capacity() * 4).sum();
        strata + (self.loose.capacity() + self.rock.capacity()) * 2
    }
}

/// Which cells of a land are a part of it.
pub(crate) trait Part {
    /// The part's values out of the land's.
    fn cut<T: Copy>(&self, values: &[T]) -> Vec<T>;
    /// The part's values to where they belong.
    fn paste<T: Copy>(&self, part: &[T], values: &mut [T]);
}

/// Some cells of all strata.
struct Band<'a> {
    strata: Vec<&'a mut [f32]>,
    loose: &'a mut [u16],
    rock: &'a mut [u16],
}

impl Band<'_> {
    #[inline]
    fn change(&mut self, cell: usize, metres: f64) {
        let Some((first, others)) = self.strata.split_first_mut() else { return };
        let (first, rest) = (&mut first[cell], &mut self.loose[cell]);
        if metres > 0.0 {
            let there = widen(*first, *rest);
            (*first, *rest) = narrow(there + metres);
        } else if metres < 0.0 {
            let left = wear(first, rest, -metres);
            if left > 0.0 {
                wear_below(
                    others.iter_mut().map(|stratum| &mut stratum[cell]),
                    self.rock.get_mut(cell),
                    left,
                );
            }
        }
    }
}

/// Takes metres away from one stratum; what is more than it has comes back.
#[inline]
fn wear(thickness: &mut f32, rest: &mut u16, metres: f64) -> f64 {
    let there = widen(*thickness, *rest);
    (*thickness, *rest) = narrow(there - metres);
    metres - there
}

/// The same from the strata below the first, which share the rest of the uppermost that is there.
#[inline]
fn wear_below<'a>(strata: impl Iterator<Item = &'a mut f32>, rest: Option<&mut u16>, metres: f64) {
    let Some(rest) = rest else { return };
    let mut left = metres;
    for thickness in strata.filter(|thickness| **thickness > 0.0) {
        left = wear(thickness, rest, left);
        if left < 0.0 || *thickness > 0.0 {
            return;
        }
    }
}

/// Bits that double precision has more than single and a rest.
const SPARE: u32 = 52 - 23 - 16;

/// A thickness with its rest.
#[inline]
fn widen(thickness: f32, rest: u16) -> f64 {
    // The rest are the bits that come next.
    f64::from_bits(f64::from(thickness).to_bits() | u64::from(rest) << SPARE)
}

/// The other way round: single precision cut off, and the rest of it.
#[inline]
fn narrow(metres: f64) -> (f32, u16) {
    if metres < f64::from(f32::MIN_POSITIVE) {
        return (0.0, 0);
    }
    let bits = (metres.min(f64::from(f32::MAX)).to_bits() + (1 << (SPARE - 1))) >> SPARE;
    (f64::from_bits((bits >> 16) << (SPARE + 16)) as f32, bits as u16)
}

/// Parts of a slice, one after the other without a gap from the first one's start on.
fn cut<'a, T>(values: &'a mut [T], bands: &[Range<usize>]) -> Vec<&'a mut [T]> {
    let first = bands.first().map_or(0, |band| band.start);
    workers::cut(&mut values[first..], 1, bands)
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
        strata.follow(&[10.0, 10.0], &[7.5, 11.0], 1);
        assert_eq!(strata.surfaces(), [MaterialId::LIMESTONE, MaterialId::SEDIMENT]);
        assert_eq!(strata.strata()[2].thickness, [2.5, 3.0]);
        strata.follow(&[7.5, 11.0], &[0.0, 9.5], 1);
        assert_eq!(strata.surfaces(), [MaterialId::GRANITE, MaterialId::SHALE]);
        assert_eq!(strata.strata()[1].thickness, [0.0, 1.5]);
        strata.loosen(1, 0.5);
        assert_eq!(strata.surface(1), MaterialId::SEDIMENT);
        assert_eq!(strata.strata()[1].thickness, [0.0, 1.0]);
        assert!(Strata::new(vec![stratum(MaterialId::SHALE, -1.0)], MaterialId::ROCK).is_none());
        assert!(Strata::new(vec![], MaterialId::ROCK).is_none());
    }

    /// 1 cm of sediment on 1 km of shale on 10 m of limestone.
    fn thick(cells: usize) -> Strata {
        let stratum = |material, thickness| Stratum { material, thickness: vec![thickness; cells] };
        Strata::new(
            vec![
                stratum(MaterialId::SEDIMENT, 0.01),
                stratum(MaterialId::SHALE, 1000.0),
                stratum(MaterialId::LIMESTONE, 10.0),
            ],
            MaterialId::GRANITE,
        )
        .unwrap()
    }

    #[test]
    fn steps_of_a_micrometre_wear_a_kilometre() {
        let mut strata = thick(1);
        let mut height = 500.0;
        for step in 1..=20_000 {
            let next = height - 1e-6;
            strata.follow(&[height], &[next], 1);
            height = next;
            let sunk = 1010.01 - strata.depth(0);
            // Half of what can be told, a step.
            assert!((sunk - (500.0 - height)).abs() < 5e-10 * f64::from(step), "step {step}: {sunk}");
        }
        // The sediment is gone, and as much of the shale.
        assert_eq!(strata.surface(0), MaterialId::SHALE);
        assert!((1000.0 - f64::from(strata.strata()[1].thickness[0]) - 0.01).abs() < 1e-4);
        // What falls in dust grows, and weathering of as little a step turns rock into loose ground.
        for _ in 0..10_000 {
            strata.loosen(0, 1e-6);
            strata.follow(&[height], &[height + 1e-6], 1);
        }
        assert!((strata.strata()[0].thickness[0] - 0.02).abs() < 1e-5, "{}", strata.strata()[0].thickness[0]);
        assert!((strata.depth(0) - (1010.01 - 0.02 + 0.01)).abs() < 1e-5, "{}", strata.depth(0));
    }

    #[test]
    fn threads_do_not_show() {
        let cells = 100_003;
        let noise = |n: usize| (n as f64 * 12.9898).sin() * 43758.5453 % 1.0;
        let results = [1, 2, 8].map(|threads| {
            let mut strata = thick(cells);
            let mut heights = vec![0.0; cells];
            for step in 0..4 {
                let next: Vec<f64> =
                    (0..cells).map(|n| heights[n] + noise(n + step) * 800.0 - 200.0).collect();
                strata.follow(&heights, &next, threads);
                heights = next;
            }
            strata
        });
        assert!(results[0] == results[1] && results[0] == results[2]);
        let [loose, rock] = results[0].rests();
        assert!(loose.iter().any(|&rest| rest > 0) && rock.iter().any(|&rest| rest > 0));
    }

    #[test]
    fn thicknesses_come_back_as_they_were() {
        for metres in [0.0, 1e-30, 1e-6, 0.1, 1.0, 999.999_999, 3e7] {
            let (thickness, rest) = narrow(metres);
            assert!((widen(thickness, rest) - metres).abs() <= metres * 2.0_f64.powi(-39));
            assert!(
                narrow(widen(thickness, rest)) == (thickness, rest)
                    && f64::from(thickness) <= metres * (1.0 + 1e-11)
            );
        }
        assert_eq!(narrow(2.5), (2.5, 0));
        assert_eq!((narrow(-1.0), narrow(1e-40), narrow(1e300)), ((0.0, 0), (0.0, 0), (f32::MAX, 0)));
    }
}
