//! Waves wear the coast back.
//!
//! Land within reach of the sea is lowered at rate · energy · erodibility · e^(−3 d / reach), where d is the distance
//! from the shore; a cell takes the mean over its width, so coarse cells lose as much land as fine ones together. No cell is
//! lowered beyond the depth to which waves work. What is worn away comes to lie on the sea bed, as far up as that
//! depth: in the nearest cell of the sea, and when that is full further out; a share of it is fine and is carried off.
//!
//! ```
//! use bm_process::field::Field;
//! use bm_process::waves::{Coast, advance};
//!
//! // A plain 10 m above a sea that is 30 m deep; cells of 20 m.
//! let mut ground = Field::square(30, 8, 20.0, |x, _| if x < 10 { -30.0 } else { 10.0 });
//! let coast = Coast::default();
//! let done = advance(&mut ground, 0.0, &vec![0.5; 240], &coast, 20.0, 1)?;
//! assert!(done.time == 20.0 && ground.values[10] < 9.9 && ground.values[9] > -30.0);
//! assert!(done.ledger.error() < 1e-12);
//! # Ok::<(), bm_process::waves::WavesError>(())
//! ```

mod shore;
#[cfg(test)]
mod tests;

pub use shore::{Near, near, sea};

use std::collections::BTreeMap;

use crate::field::Field;
use crate::ledger::{self, Ledger};

/// Why nothing was worn away.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WavesError {
    /// Something does not have as many numbers as there are cells.
    #[error("{what}: {found} numbers for {expected} cells")]
    Size {
        /// What it is.
        what: &'static str,
        /// Cells.
        expected: usize,
        /// Numbers there.
        found: usize,
    },
    /// A number is not possible for what it stands for.
    #[error("{what} at cell {cell} is {value}")]
    Value {
        /// What it is.
        what: &'static str,
        /// Row · width + column, or 0.
        cell: usize,
        /// The number.
        value: f64,
    },
}

/// How waves work on a coast. Times are in the unit of the step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coast {
    /// How fast the shore is lowered where erodibility and energy are 1, m a unit of time.
    pub rate: f64,
    /// Energy of the waves, as a factor.
    pub energy: f64,
    /// How far inland they work, m: there, 5 % of their energy is left.
    pub reach: f64,
    /// How deep below the sea they work, m.
    pub base: f64,
    /// Share of what is worn away that stays near the coast, 0 to 1.
    pub kept: f64,
    /// What a cell may lose before the shore is looked at again, m.
    pub most: f64,
}

impl Default for Coast {
    fn default() -> Self {
        Self { rate: 0.05, energy: 2.0, reach: 100.0, base: 2.0, kept: 0.5, most: 5.0 }
    }
}

/// What one look at the shore did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Done {
    /// How much of the time: less than was asked for where a cell would have lost more than `most`.
    pub time: f64,
    /// Volumes of ground, m³: moved is what was worn away, lost what was carried off.
    pub ledger: Ledger,
}

/// Mean of e^(−3 x / reach) over the width of a cell whose centre is `distance` from that of the nearest sea.
fn energy(distance: f64, wide: f64, reach: f64) -> f64 {
    let begins = (distance - wide).max(0.0);
    let k = 3.0 / reach;
    (-k * begins).exp() * -(-k * wide).exp_m1() / (k * wide)
}

/// Wears the coast for `dt`, or for as long as no cell loses more than `coast.most`. Holes (NaN) are left alone.
/// `erodibility` is of each cell's surface, 0 or more.
///
/// # Errors
/// [`WavesError`] for sizes and numbers that make no sense; the ground is then as it was.
pub fn advance(
    ground: &mut Field,
    sea_level: f64,
    erodibility: &[f64],
    coast: &Coast,
    dt: f64,
    threads: usize,
) -> Result<Done, WavesError> {
    check(ground, sea_level, erodibility, coast, dt)?;
    let before = ground.volume();
    let water = sea(ground, sea_level);
    // As seen from a corner of a cell's square, the sea is up to a cell further.
    let widest = ground.dx.iter().copied().fold(ground.dy, f64::max);
    let shore = near(ground, &water, coast.reach + widest, threads);
    let lowest = sea_level - coast.base;
    let mut worn: Vec<(usize, usize, f64)> = Vec::with_capacity(shore.len());
    let mut fastest = 0.0_f64;
    for near in shore {
        let wide = (ground.dx[near.cell / ground.width] * ground.dy).sqrt();
        let strength = coast.rate * coast.energy * energy(near.distance, wide, coast.reach);
        let rate = strength * erodibility[near.cell];
        if rate > 0.0 && ground.values[near.cell] > lowest {
            fastest = fastest.max(rate);
            worn.push((near.cell, near.sea, rate));
        }
    }
    let time = if fastest * dt > coast.most { coast.most / fastest } else { dt };
    let land: Vec<bool> = water.iter().zip(&ground.values).map(|(wet, z)| !wet && !z.is_nan()).collect();
    let mut offshore = vec![f64::INFINITY; water.len()];
    if coast.kept > 0.0 && !worn.is_empty() {
        for near in near(ground, &land, (FURTHEST * coast.reach).max(FURTHEST * widest), threads) {
            offshore[near.cell] = near.distance;
        }
    }
    // Land first, all of it by what it was; then what lies on the sea bed, cell by cell from the shore outwards.
    let mut spoil = Vec::with_capacity(worn.len());
    for (cell, sea, rate) in worn {
        let height = &mut ground.values[cell];
        let gone = (rate * time).min(*height - lowest);
        *height -= gone;
        spoil.push((sea, gone * ground.cell_area(cell / ground.width)));
    }
    let moved = ledger::sum_of(spoil.len(), |n| spoil[n].1);
    let kept = spoil.into_iter().map(|(sea, volume)| (sea, volume * coast.kept));
    let homeless = settle(ground, (&water, &offshore), |_| lowest, kept);
    let lost = moved * (1.0 - coast.kept) + homeless;
    let ledger = Ledger { before, after: ground.volume(), gained: 0.0, lost, moved };
    Ok(Done { time, ledger })
}

/// How many times the reach of the waves spoil is carried out to sea.
const FURTHEST: f64 = 30.0;

/// Lays volumes on the sea bed up to a height, in cells of the sea and from there outwards, in equal parts to all
/// neighbours further off the shore; what finds no room comes back.
pub(crate) fn settle(
    ground: &mut Field,
    (water, offshore): (&[bool], &[f64]),
    highest: impl Fn(usize) -> f64,
    spoil: impl Iterator<Item = (usize, f64)>,
) -> f64 {
    let (width, height) = (ground.width, ground.height);
    // Cells by their distance from the shore (positive, so its bits are in order), so each has all it gets when it is reached.
    let mut waiting: BTreeMap<(u64, usize), f64> = BTreeMap::new();
    for (cell, volume) in spoil.filter(|(_, volume)| *volume > 0.0) {
        *waiting.entry((offshore[cell].to_bits(), cell)).or_default() += volume;
    }
    let mut lost = Vec::new();
    while let Some(((_, cell), volume)) = waiting.pop_first() {
        let area = ground.cell_area(cell / width);
        let highest = highest(cell);
        let room = (highest - ground.values[cell]).max(0.0) * area;
        if volume <= room {
            // Rounding could lift it higher.
            ground.values[cell] = (ground.values[cell] + volume / area).min(highest);
            continue;
        }
        if room > 0.0 {
            ground.values[cell] = highest;
        }
        let (column, row) = (cell % width, cell / width);
        let rows = row.saturating_sub(1)..(row + 2).min(height);
        let around = rows.flat_map(|row| {
            (column.saturating_sub(1)..(column + 2).min(width)).map(move |column| row * width + column)
        });
        let further: Vec<usize> =
            around.filter(|&other| water[other] && offshore[other] > offshore[cell]).collect();
        if further.is_empty() {
            lost.push(volume - room);
        }
        for &other in &further {
            let part = (volume - room) / further.len() as f64;
            *waiting.entry((offshore[other].to_bits(), other)).or_default() += part;
        }
    }
    ledger::sum(&lost)
}

fn check(
    ground: &Field,
    sea_level: f64,
    erodibility: &[f64],
    coast: &Coast,
    dt: f64,
) -> Result<(), WavesError> {
    let cells = ground.width.checked_mul(ground.height).unwrap_or(0);
    for (what, expected, found) in [
        ("height", cells, ground.values.len()),
        ("erodibility", cells, erodibility.len()),
        ("row widths", ground.height, ground.dx.len()),
    ] {
        if expected != found {
            return Err(WavesError::Size { what, expected, found });
        }
    }
    let values = [
        ("sea level", sea_level, true),
        ("rate", coast.rate, coast.rate >= 0.0),
        ("energy", coast.energy, coast.energy >= 0.0),
        ("reach", coast.reach, coast.reach > 0.0),
        ("wave base", coast.base, coast.base >= 0.0),
        ("share kept", coast.kept, (0.0..=1.0).contains(&coast.kept)),
        ("most", coast.most, coast.most > 0.0),
        ("step", dt, dt >= 0.0),
    ];
    if let Some((what, value, _)) = values.into_iter().find(|(_, value, fine)| !(value.is_finite() && *fine))
    {
        return Err(WavesError::Value { what, cell: 0, value });
    }
    if let Some(cell) = erodibility.iter().position(|value| !(value.is_finite() && *value >= 0.0)) {
        return Err(WavesError::Value { what: "erodibility", cell, value: erodibility[cell] });
    }
    match ground.values.iter().position(|z| z.is_infinite()) {
        Some(cell) => Err(WavesError::Value { what: "height", cell, value: ground.values[cell] }),
        None => Ok(()),
    }
}
