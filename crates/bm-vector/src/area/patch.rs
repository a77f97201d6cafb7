//! An area with a few rings changed, without building all of it again.
//!
//! Parities of the even–odd rule add up: inside of what is left is the parity of the whole, of what is gone and of
//! what is new. It is taken at the point shifted by (+ε, +δ), so it is the same for an edge whichever area holds it,
//! and the edges that run through a point are counted, so that those that are gone can be subtracted.

use super::{Area, AreaError, Where};
use geo_types::{Coord, Rect};
use std::collections::HashMap;

/// An area, without some of its rings and with others.
#[derive(Clone, Debug)]
pub struct Patched {
    base: Area,
    /// Numbers of the rings that are gone, ascending, and an area of them.
    gone: Vec<usize>,
    without: Area,
    with: Area,
}

impl Area {
    /// The area without the rings of these numbers (as [`Area::rings`] counts them) and with others, which come last.
    /// Takes time for the changed rings, and one look at every chunk to find the removed ones.
    ///
    /// # Errors
    /// When there is no such ring, or when the added ones make no area.
    pub fn replace_rings(&self, removed: &[usize], added: &[Vec<Coord<f64>>]) -> Result<Patched, AreaError> {
        let none = Self::new(Vec::new())?;
        Patched { base: self.clone(), gone: Vec::new(), without: none.clone(), with: none }
            .replace_rings(removed, added)
    }
}

impl Patched {
    /// Changes more rings; numbers are those of [`Patched::rings`].
    ///
    /// # Errors
    /// When there is no such ring, or when the added ones make no area.
    pub fn replace_rings(&self, removed: &[usize], added: &[Vec<Coord<f64>>]) -> Result<Self, AreaError> {
        let kept = self.base.counts().0 - self.gone.len();
        let rings = kept + self.with.counts().0;
        if let Some(&ring) = removed.iter().find(|&&ring| ring >= rings) {
            return Err(AreaError::NoRing { ring, rings });
        }
        let mut gone = self.gone.clone();
        let mut left = (0..self.base.counts().0).filter(|ring| self.gone.binary_search(ring).is_err());
        let mut early: Vec<usize> = removed.iter().copied().filter(|&ring| ring < kept).collect();
        early.sort_unstable();
        early.dedup();
        let mut next = 0;
        for ring in early {
            gone.extend(left.nth(ring - next));
            next = ring + 1;
        }
        gone.sort_unstable();
        let mut with: Vec<Vec<Coord<f64>>> = self
            .with
            .rings()
            .enumerate()
            .filter(|(i, _)| !removed.contains(&(kept + i)))
            .map(|(_, ring)| ring)
            .collect();
        with.extend_from_slice(added);
        let without = if gone.len() == self.gone.len() {
            self.without.clone()
        } else {
            let is_gone = |(i, _): &(usize, Vec<Coord<f64>>)| gone.binary_search(i).is_ok();
            Area::build(self.base.rings().enumerate().filter(is_gone).map(|(_, ring)| ring), None)?
        };
        Ok(Self { base: self.base.clone(), gone, without, with: Area::new(with)? })
    }

    /// Where a point lies.
    #[must_use]
    pub fn locate(&self, p: Coord<f64>) -> Where {
        let [base, without, with] = [&self.base, &self.without, &self.with].map(|area| area.tree().locate(p));
        if base.on - without.on.min(base.on) + with.on > 0 {
            Where::On
        } else {
            Where::of(base.inside ^ without.inside ^ with.inside)
        }
    }

    /// Calls `edge` with every edge that touches a closed box, each once, and with a few whose own boxes meet it.
    pub fn edges_in(&self, bounds: Rect<f64>, mut edge: impl FnMut(Coord<f64>, Coord<f64>)) {
        let key = |a: Coord<f64>, b: Coord<f64>| [a.x, a.y, b.x, b.y].map(f64::to_bits);
        let mut gone: HashMap<[u64; 4], u32> = HashMap::new();
        // The cells of the areas differ, and so do the few edges that only come near the box.
        let mut pending = Vec::new();
        self.base.edges_in(bounds, |a, b| pending.push((a, b)));
        let around = pending.iter().fold(bounds, |all, &(a, b)| {
            let (lo, hi) = (all.min(), all.max());
            Rect::new(
                Coord { x: lo.x.min(a.x).min(b.x), y: lo.y.min(a.y).min(b.y) },
                Coord { x: hi.x.max(a.x).max(b.x), y: hi.y.max(a.y).max(b.y) },
            )
        });
        self.without.edges_in(around, |a, b| *gone.entry(key(a, b)).or_default() += 1);
        for (a, b) in pending {
            match gone.get_mut(&key(a, b)) {
                Some(count) if *count > 0 => *count -= 1,
                _ => edge(a, b),
            }
        }
        self.with.edges_in(bounds, edge);
    }

    /// Every ring, closed: those left in their order, then the added ones.
    pub fn rings(&self) -> impl Iterator<Item = Vec<Coord<f64>>> + '_ {
        let left = self.base.rings().enumerate().filter(|(i, _)| self.gone.binary_search(i).is_err());
        left.map(|(_, ring)| ring).chain(self.with.rings())
    }

    /// One area again, the same as if it had been built of these rings.
    ///
    /// # Errors
    /// When it would be too large.
    pub fn compact(&self) -> Result<Area, AreaError> {
        Area::build(self.rings(), None)
    }
}
