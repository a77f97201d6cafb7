//! What rivers bring to the sea comes to lie before their mouths.
//!
//! Simple filling, nearest first: a mouth takes what comes down to it until it is full, what is more goes on to all neighbours
//! further off the shore in equal parts, and so on outwards. A cell is full at a depth below the sea that grows with the distance
//! from the shore: waves keep what is shallower from settling, and the front of a delta falls. There is no slumping on the
//! sea bed and no sorting by grain as in the marine part of FastScape (Yuan et al. 2019b). What finds no room leaves: at a
//! fixed edge, and where the sea gets no deeper outwards (the middle of a bay that is full).

use super::StreamPowerError;
use crate::field::Field;
use crate::route::Rim;
use crate::waves::{near, sea, settle};

/// How deltas are laid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Delta {
    /// Depth below the sea up to which the mouth fills, m.
    pub depth: f64,
    /// By how much deeper that is with each metre from the shore, m/m.
    pub slope: f64,
}

impl Default for Delta {
    fn default() -> Self {
        Self { depth: 2.0, slope: 0.002 }
    }
}

impl Delta {
    /// Lays down the volumes (m³) that came to cells of the sea; those that came to others are left alone. Answers what
    /// has been laid. The sea is ground below its level that is joined to an edge by such ground. Edges are walls to the delta,
    /// fixed ones take what comes to them away.
    ///
    /// # Errors
    /// When a number is not finite or negative, or shapes do not fit; nothing has changed then.
    pub fn lay(
        &self,
        ground: &mut Field,
        sea_level: f64,
        rim: &Rim,
        arrived: &[(u32, f64)],
        threads: usize,
    ) -> Result<f64, StreamPowerError> {
        let parameters = [("delta depth", self.depth, 0.0), ("delta slope", self.slope, 0.0)];
        for (name, value, least) in parameters.into_iter().chain([("sea level", sea_level, f64::MIN)]) {
            if !(value.is_finite() && value >= least) {
                return Err(StreamPowerError::Parameter { name, value, must: "finite and not negative" });
            }
        }
        let (width, height) = (ground.width, ground.height);
        let cells = rim.check(ground)?.cells();
        let mut water = sea(ground, sea_level);
        let land: Vec<bool> = water.iter().zip(&ground.values).map(|(wet, z)| !wet && !z.is_nan()).collect();
        for cell in (0..cells).filter(|cell| rim.is_fixed(width, height, cell % width, cell / width)) {
            water[cell] = false;
        }
        let mut offshore = vec![f64::INFINITY; cells];
        for near in near(ground, &land, f64::MAX, threads) {
            offshore[near.cell] = near.distance;
        }
        let highest = |cell: usize| sea_level - self.depth - self.slope * offshore[cell];
        let mouths = arrived.iter().map(|&(cell, volume)| (cell as usize, volume));
        let mouths: Vec<(usize, f64)> =
            mouths.filter(|&(cell, volume)| volume > 0.0 && water.get(cell) == Some(&true)).collect();
        let brought: f64 = crate::ledger::sum_of(mouths.len(), |n| mouths[n].1);
        Ok(brought - settle(ground, (&water, &offshore), highest, mouths.into_iter()))
    }
}
