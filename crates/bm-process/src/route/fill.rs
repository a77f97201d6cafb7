//! Raising depressions to where they spill.
//!
//! What a Priority-Flood (Barnes, Lehman & Mulla 2014) gives is also the height of the lowest pass on each basin's
//! way out. That needs no queue of all cells: cells are grouped to basins by steepest descent, basins joined by
//! their lowest passes, and every cell lifted to its basin's level. All heights are copies of given ones, so the
//! result equals the flood's bit by bit.

use crate::field::Field;
use crate::workers;

use super::basins::Basins;
use super::passes::Passes;
use super::rim::{Rim, Shape};
use super::{RouteError, descent, flood, lakes};

/// What the ways down of a terrain are found with, and kept for the next one of the same size.
#[derive(Debug, Default)]
pub(crate) struct Ways {
    pub(crate) directions: Vec<u8>,
    pub(crate) basins: Basins,
    pub(crate) passes: Passes,
}

impl Ways {
    /// Whether steepest descent alone leaves water standing somewhere.
    pub(crate) fn must_climb(&self) -> bool {
        !self.basins.pits.is_empty() || !self.basins.links.is_empty()
    }

    /// Directions of steepest descent, basins and passes. Cells that are no terrain, base level or pit know their
    /// receivers; `basins` and `passes` mean something only if there are pits.
    pub(crate) fn find(
        &mut self,
        ground: &Field,
        shape: &Shape,
        rim: &Rim,
        outlets: &[u32],
        threads: usize,
    ) -> Result<(), RouteError> {
        let Self { directions, basins, passes } = self;
        let values = &ground.values;
        descent::directions(directions, ground, values, shape, rim, outlets, threads)?;
        basins.find(directions, values, shape, threads);
        if basins.pits.is_empty() {
            return Ok(());
        }
        passes.find(basins, values, shape, threads);
        match passes.shut.first() {
            Some(&basin) => {
                let (column, row) = shape.place(basins.pits[basin as usize - 1] as usize);
                Err(RouteError::NoOutlet { column, row })
            }
            None => Ok(()),
        }
    }
}

/// Raises every depression of a terrain to the level of its lowest pass: afterwards from every cell a way that never
/// rises leads to an outlet. Equal, bit by bit, to a Priority-Flood over eight neighbours.
///
/// Holes (NaN) are walls and stay. Heights in metres.
///
/// # Errors
/// When shapes do not fit, a value is infinite, or a part of the terrain has no outlet.
pub fn fill(terrain: &mut Field, rim: &Rim, threads: usize) -> Result<(), RouteError> {
    let shape = rim.check(terrain)?;
    let mut ways = Ways::default();
    ways.find(terrain, &shape, rim, &[], threads)?;
    let Ways { basins, passes, .. } = &ways;
    if basins.pits.is_empty() {
        return Ok(());
    }
    let bands = workers::bands(shape.height, threads);
    let jobs = bands.iter().cloned().zip(workers::cut(&mut terrain.values, shape.width, &bands)).collect();
    workers::run(jobs, |(rows, values)| {
        let labels = &basins.of[rows.start * shape.width..rows.end * shape.width];
        for (value, &basin) in values.iter_mut().zip(labels) {
            let level = passes.levels[basin as usize];
            if *value < level {
                *value = level;
            }
        }
    });
    Ok(())
}

/// As [`fill`], but with the least gradient there can be: each cell is at least one unit in the last place higher than
/// its lowest neighbour, so that no flats remain (Priority-Flood with ε). The least surface of this kind.
///
/// # Errors
/// As for [`fill`].
pub fn fill_with_gradient(terrain: &mut Field, rim: &Rim, threads: usize) -> Result<(), RouteError> {
    let shape = rim.check(terrain)?;
    let mut ways = Ways::default();
    ways.find(terrain, &shape, rim, &[], threads)?;
    let mut surface = lakes::Surface::default();
    surface.slope(&terrain.values, &ways, &shape, threads);
    terrain.values = surface.heights;
    Ok(())
}

/// The exact flood over a terrain, for ties the fast way hands on.
pub(crate) fn flooded(heights: &mut Vec<f64>, values: &[f64], ways: &Ways, shape: &Shape) {
    heights.clear();
    heights.extend_from_slice(values);
    let outlets = ways.directions.iter().zip(0..).filter(|&(&k, _)| k == descent::BASE).map(|(_, cell)| cell);
    flood::flood(heights, shape, outlets, true);
}
