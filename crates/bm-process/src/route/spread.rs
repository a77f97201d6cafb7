//! Drainage area where water spreads: over ground that falls in several directions it goes several ways.
//!
//! The surface is first filled with the least gradient, so that every cell has a lower neighbour. A cell's area is what
//! its own ground and its higher neighbours give it, summed in their order once all of them are known: the same bits for
//! any order of visits. Bands of rows are visited by different threads, then what crossed the cuts by one.

use std::ops::Range;

use crate::field::Field;
use crate::power::pow;
use crate::workers;

use super::RouteError;
use super::descent::{BASE, HOLE};
use super::fill::Ways;
use super::lakes::Surface;
use super::rim::{Rim, STEPS, Shape};

/// How water leaves a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Spread {
    /// To all lower neighbours, by their slopes to a power (Freeman 1991: 1.1; Quinn et al. 1991: 1). As it grows, flow
    /// becomes single.
    Multiple {
        /// The power.
        exponent: f64,
    },
    /// In the steepest direction of eight triangular facets, to the two neighbours on either side of it (Tarboton 1997).
    Infinite,
}

/// The ground that drains through each cell, its own included, m²; NaN in holes. Hollows are filled with the least
/// gradient first; `outlets` are base level besides the edges.
///
/// # Errors
/// As for [`Router::route`](super::Router::route); an exponent that is negative or not finite.
pub fn spread_area(
    ground: &Field,
    rim: &Rim,
    outlets: &[u32],
    spread: Spread,
    threads: usize,
) -> Result<Vec<f64>, RouteError> {
    if let Spread::Multiple { exponent } = spread
        && !(exponent.is_finite() && exponent >= 0.0)
    {
        return Err(RouteError::Exponent { exponent });
    }
    let shape = rim.check(ground)?;
    let mut ways = Ways::default();
    ways.find(ground, &shape, rim, outlets, threads)?;
    let mut surface = Surface::default();
    surface.slope(&ground.values, &ways, &shape, threads);
    let given = Given {
        shape,
        heights: &surface.heights,
        directions: &ways.directions,
        lengths: ground
            .dx
            .iter()
            .map(|&dx| [dx, ground.dy, (dx * dx + ground.dy * ground.dy).sqrt()])
            .collect(),
        spread,
    };
    let mut ends = vec![Way::default(); shape.cells()];
    let mut waiting = vec![0_u8; shape.cells()];
    let bands = workers::bands(shape.height, threads);
    let jobs = bands.iter().cloned().zip(workers::cut(&mut ends, shape.width, &bands)).collect();
    workers::run(jobs, |(rows, ends): (Range<usize>, &mut [Way])| {
        for (cell, end) in (rows.start * shape.width..).zip(ends) {
            *end = given.way(cell);
        }
    });
    let ends = &ends[..];
    let jobs = bands.iter().cloned().zip(workers::cut(&mut waiting, shape.width, &bands)).collect();
    workers::run(jobs, |(rows, waiting): (Range<usize>, &mut [u8])| {
        for (cell, waiting) in (rows.start * shape.width..).zip(waiting) {
            *waiting = given.donors(ends, cell).count() as u8;
        }
    });
    let mut area = vec![f64::NAN; shape.cells()];
    let parts = workers::cut(&mut area, shape.width, &bands).into_iter();
    let jobs = bands.iter().zip(parts.zip(workers::cut(&mut waiting, shape.width, &bands))).collect();
    let crossings =
        workers::run(jobs, |(rows, (area, waiting)): (&Range<usize>, (&mut [f64], &mut [u8]))| {
            let first = rows.start * shape.width;
            let mut visit = Visit { given: &given, ground, ends, first, area, waiting, open: Vec::new() };
            let mut beyond = Vec::new();
            for cell in first..first + visit.area.len() {
                if visit.waiting[cell - first] == 0 && given.directions[cell] != HOLE {
                    visit.open.push(cell);
                    visit.run(&mut beyond);
                }
            }
            beyond
        });
    let mut visit = Visit {
        given: &given,
        ground,
        ends,
        first: 0,
        area: &mut area,
        waiting: &mut waiting,
        open: Vec::new(),
    };
    for cell in crossings.into_iter().flatten() {
        visit.arrive(cell);
        visit.run(&mut Vec::new());
    }
    Ok(area)
}

/// Where a cell's water goes.
#[derive(Clone, Copy, Debug, Default)]
enum Way {
    /// Nowhere: base level, or no terrain.
    #[default]
    Nowhere,
    /// To all lower neighbours: the steepest slope, and one over the sum of all as shares of it, to the power.
    All { steepest: f64, scale: f64 },
    /// To two (or twice the same): a share to the first, the rest to the second.
    Two { to: [u8; 2], share: f64 },
}

struct Given<'a> {
    shape: Shape,
    heights: &'a [f64],
    directions: &'a [u8],
    /// Metres to neighbours east and west, north and south, oblique; by row.
    lengths: Vec<[f64; 3]>,
    spread: Spread,
}

/// Drops are made larger by this (a power of two), so that the slope of the least of them is not nothing.
const LARGER: f64 = f64::from_bits((1023 + 600) << 52);

impl Given<'_> {
    /// The slope to a neighbour if that is lower.
    fn slope(&self, cell: usize, k: usize) -> Option<f64> {
        let other = self.shape.neighbour(cell, k)?;
        let drop = self.heights[cell] - self.heights[other];
        (drop > 0.0).then(|| drop * LARGER / self.length(cell, k))
    }

    fn length(&self, cell: usize, k: usize) -> f64 {
        let [east, north, oblique] = self.lengths[cell / self.shape.width];
        match STEPS[k] {
            (_, 0) => east,
            (0, _) => north,
            _ => oblique,
        }
    }

    fn way(&self, cell: usize) -> Way {
        if self.directions[cell] == BASE || self.directions[cell] == HOLE {
            return Way::Nowhere;
        }
        match self.spread {
            Spread::Multiple { exponent } => {
                let slopes: [f64; 8] = std::array::from_fn(|k| self.slope(cell, k).unwrap_or(0.0));
                let steepest = slopes.iter().copied().fold(0.0, f64::max);
                let powers = slopes.map(|slope| part(slope, steepest, exponent));
                Way::All { steepest, scale: 1.0 / powers.iter().sum::<f64>() }
            }
            Spread::Infinite => self.facets(cell),
        }
    }

    /// The steepest of the eight facets between a neighbour beside and an oblique one next to it.
    fn facets(&self, cell: usize) -> Way {
        let height =
            |k: usize| self.shape.neighbour(cell, k).map(|other| self.heights[other]).filter(|z| !z.is_nan());
        let z = self.heights[cell];
        let mut best = (0.0, Way::Nowhere);
        let mut offer = |slope: f64, way: Way| {
            if slope > best.0 {
                best = (slope, way);
            }
        };
        for (beside, oblique) in [(4, 2), (1, 2), (1, 0), (3, 0), (3, 5), (6, 5), (6, 7), (4, 7)] {
            let one = |k: usize| Way::Two { to: [k as u8; 2], share: 1.0 };
            let (length, across) = (
                self.length(cell, beside),
                self.length(cell, if beside == 1 || beside == 6 { 4 } else { 1 }),
            );
            let (near, far) = (height(beside), height(oblique));
            // Straight to either of the two, where the facet slopes beyond its sides or is none.
            if let Some(near) = near {
                offer((z - near) * LARGER / length, one(beside));
            }
            if let Some(far) = far {
                offer((z - far) * LARGER / self.length(cell, oblique), one(oblique));
            }
            let (Some(near), Some(far)) = (near, far) else { continue };
            let (ahead, aside) = ((z - near) * LARGER / length, (near - far) * LARGER / across);
            // Within the facet: between the two directions.
            if ahead > 0.0 && aside > 0.0 && aside * length < ahead * across {
                let share = 1.0 - (aside / ahead).atan() / (across / length).atan();
                offer(ahead.hypot(aside), Way::Two { to: [beside as u8, oblique as u8], share });
            }
        }
        best.1
    }

    /// The share of a cell's water that goes to a neighbour.
    fn share(&self, ends: &[Way], cell: usize, k: usize) -> Option<f64> {
        let share = match ends[cell] {
            Way::Nowhere => 0.0,
            Way::All { steepest, scale } => {
                let Spread::Multiple { exponent } = self.spread else { return None };
                part(self.slope(cell, k)?, steepest, exponent) * scale
            }
            Way::Two { to: [first, _], share } if usize::from(first) == k => share,
            Way::Two { to: [_, second], share } if usize::from(second) == k => 1.0 - share,
            Way::Two { .. } => 0.0,
        };
        (share > 0.0).then_some(share)
    }

    /// Neighbours that give to a cell, and the share of theirs they give.
    fn donors<'a>(&'a self, ends: &'a [Way], cell: usize) -> impl Iterator<Item = (usize, f64)> + 'a {
        (0..8).filter_map(move |k| {
            let other = self.shape.neighbour(cell, k)?;
            Some((other, self.share(ends, other, 7 - k)?))
        })
    }
}

/// A slope as a share of the steepest, to a power; nothing where it is next to none of it.
fn part(slope: f64, steepest: f64, exponent: f64) -> f64 {
    let share = slope / steepest;
    if share < 1e-200 {
        0.0
    } else if exponent == 1.0 {
        share
    } else {
        pow(share, exponent)
    }
}

struct Visit<'a> {
    given: &'a Given<'a>,
    ground: &'a Field,
    ends: &'a [Way],
    /// The first cell of `area` and `waiting`.
    first: usize,
    area: &'a mut [f64],
    /// Donors that are still to come; [`DONE`] after a visit.
    waiting: &'a mut [u8],
    /// Cells all donors of which have been visited.
    open: Vec<usize>,
}

const DONE: u8 = u8::MAX;

impl Visit<'_> {
    fn arrive(&mut self, cell: usize) {
        let waiting = &mut self.waiting[cell - self.first];
        *waiting -= 1;
        if *waiting == 0 {
            self.open.push(cell);
        }
    }

    /// Goes on as far as possible; cells of other bands that water arrived at are put to `beyond`.
    fn run(&mut self, beyond: &mut Vec<usize>) {
        let cells = self.first..self.first + self.area.len();
        while let Some(cell) = self.open.pop() {
            let mut area = self.ground.cell_area(cell / self.given.shape.width);
            for (donor, share) in self.given.donors(self.ends, cell) {
                area += self.area[donor - self.first] * share;
            }
            self.area[cell - self.first] = area;
            self.waiting[cell - self.first] = DONE;
            for k in 0..8 {
                let Some(other) = self.given.shape.neighbour(cell, k) else { continue };
                if self.given.share(self.ends, cell, k).is_some() {
                    if cells.contains(&other) {
                        self.arrive(other);
                    } else {
                        beyond.push(other);
                    }
                }
            }
        }
    }
}
