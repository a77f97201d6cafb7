//! Rivers that carry and drop what they cut: ∂z/∂t = −K Aᵐ Sⁿ + G Q / A, with Q the sediment that comes down (Davy & Lague
//! 2009 in the form of Yuan et al. 2019).
//!
//! A cell's height depends on its receiver's, through the slope, and on all cells above it, through the sediment. Yuan et al.
//! iterate. But along a tree both can be known at once: if the receiver is lowered by r, a cell is lowered by γ + δ r and
//! sends down α + β r of sediment, and the four numbers follow from those of its donors. So one visit to each cell from
//! above and one from below solve it for n = 1 and any G and step (β ≥ 0, nothing cancels). For other n this is done to
//! the tangents of Sⁿ until they hold (Newton). Whatever has been found, sediment is what the heights say: none is lost.

use std::ops::Range;

use crate::ledger::{Ledger, sum, sum_of};
use crate::route::Flow;
use crate::route::basins::flows;
use crate::route::descent::HOLE;
use crate::workers;

use super::StreamPowerError;
use super::implicit::{halo, value_of};
use crate::field::Field;

/// Rounds in which tangents must settle.
const ROUNDS: usize = 60;

/// One step of rivers with sediment.
pub(super) struct Load<'a> {
    pub(super) flow: &'a Flow,
    pub(super) ground: &'a Field,
    /// K Aᵐ dt / dⁿ.
    pub(super) factors: &'a [f64],
    pub(super) n: f64,
    /// G.
    pub(super) deposition: f64,
    pub(super) threads: usize,
}

/// Lowering and sediment of a cell, by how much its receiver is lowered.
#[derive(Clone, Copy, Default)]
struct Chain {
    /// Metres if the receiver stays.
    lowered: f64,
    /// Metres more for each of the receiver.
    follows: f64,
    /// Sediment sent down if the receiver stays, m³.
    sent: f64,
    /// m³ more for each metre.
    more: f64,
}

impl Load<'_> {
    /// Finds the heights after the step.
    ///
    /// `arrived` gets the volumes that leave, with the cells they leave by.
    pub(super) fn settle(
        &self,
        next: &mut Vec<f64>,
        arrived: &mut Vec<(u32, f64)>,
    ) -> Result<Ledger, StreamPowerError> {
        let cells = self.ground.values.len();
        // Drops at which the tangents touch; none where nothing is cut.
        let mut drops = self.drops();
        let mut chains = vec![Chain::default(); cells];
        let mut lowered = vec![0.0; cells];
        let donors = self.flow.donors(self.threads);
        let (mut change, mut rounds) = (f64::INFINITY, 0);
        let relief = drops.iter().copied().fold(0.0, f64::max);
        while change > 1e-12 * relief {
            if rounds == ROUNDS && change <= 1e-9 * relief {
                break;
            }
            if rounds == ROUNDS {
                return Err(StreamPowerError::Unsettled { metres: change, rounds });
            }
            rounds += 1;
            self.down(&mut chains, &drops, &donors);
            self.up(&mut lowered, &chains);
            change = self.retouch(&mut drops, &lowered, rounds);
        }
        next.clear();
        next.extend(self.ground.values.iter().zip(&lowered).map(|(z, lowered)| z - lowered));
        arrived.clear();
        let sent = chains.iter().zip(0..).map(|(chain, cell)| (cell, chain.sent));
        arrived.extend(sent.filter(|&(cell, sent)| sent > 0.0 && self.flow.is_base(cell)));
        Ok(self.balance(&chains, &lowered, next))
    }

    fn receiver(&self, cell: usize) -> Option<usize> {
        let direction = self.flow.directions[cell];
        let shape = &self.flow.shape;
        flows(direction).then(|| shape.towards(&shape.offsets(), cell, direction))
    }

    /// Runs one job a band of rows.
    fn rows<T: Send>(
        &self,
        values: &mut [T],
        work: impl Fn(Range<usize>, &mut [T]) -> f64 + Sync,
    ) -> Vec<f64> {
        let shape = &self.flow.shape;
        let bands = workers::bands(shape.height, self.threads);
        let jobs = bands.iter().cloned().zip(workers::cut(values, shape.width, &bands)).collect();
        workers::run(jobs, |(rows, values)| work(rows.start * shape.width..rows.end * shape.width, values))
    }

    fn drops(&self) -> Vec<f64> {
        let values = &self.ground.values;
        let mut drops = vec![0.0; values.len()];
        self.rows(&mut drops, |cells, drops| {
            for (cell, drop) in cells.zip(drops) {
                // Under water nothing is cut.
                *drop = self.receiver(cell).map_or(0.0, |below| (values[cell] - values[below]).max(0.0));
            }
            0.0
        });
        drops
    }

    /// Chains of cells, each after its donors.
    fn down(&self, chains: &mut [Chain], drops: &[f64], donors: &[u8]) {
        let order = &self.flow.order;
        let width = self.flow.shape.width;
        let parts = workers::cut(chains, width, &order.bands);
        let jobs = order.bands.iter().zip(parts).zip(&order.within).collect();
        workers::run(jobs, |((band, chains), list): ((&Range<usize>, &mut [Chain]), &Vec<u32>)| {
            let first = band.start * width;
            for &cell in list {
                chains[cell as usize - first] = self.chain(cell as usize, chains, first, drops, donors);
            }
        });
        for &cell in &order.across {
            chains[cell as usize] = self.chain(cell as usize, chains, 0, drops, donors);
        }
    }

    #[inline]
    fn chain(&self, cell: usize, chains: &[Chain], first: usize, drops: &[f64], donors: &[u8]) -> Chain {
        let flow = self.flow;
        let offsets = flow.shape.offsets();
        let (mut sent, mut more) = (0.0, 0.0);
        let mut donors = donors[cell];
        while donors != 0 {
            // In the order of the neighbours: the same sum for any number of threads.
            let k = donors.trailing_zeros() as u8;
            donors &= donors - 1;
            let donor = &chains[flow.shape.towards(&offsets, cell, k) - first];
            sent += donor.sent;
            more += donor.more;
        }
        let area = self.ground.cell_area(cell / flow.shape.width);
        let Some(below) = self.receiver(cell) else {
            return if flow.is_pit(cell as u32) {
                // All that comes stays.
                Chain { lowered: -sent / (area + more), ..Chain::default() }
            } else {
                // Base level does not move, and all that comes leaves.
                Chain { sent, more, ..Chain::default() }
            };
        };
        // The tangent of what is cut: `steep` times the drop, plus `rest`.
        let (drop, factor) = (drops[cell], self.factors[cell]);
        let (steep, rest) = match drop {
            0.0 => (0.0, 0.0),
            _ if self.n == 1.0 => (factor, 0.0),
            _ => {
                let power = factor * drop.powf(self.n - 1.0);
                (self.n * power, (1.0 - self.n) * power * drop)
            }
        };
        let drops_here = self.deposition / flow.area[cell];
        let fall = if drop > 0.0 { self.ground.values[cell] - self.ground.values[below] } else { 0.0 };
        let all = area + more;
        let share = 1.0 / (1.0 + steep + drops_here * all);
        let lowered = (steep * fall + rest - drops_here * sent) * share;
        let follows = steep * share;
        Chain { lowered, follows, sent: sent + all * lowered, more: all * follows }
    }

    /// By how much cells are lowered, each after its receiver.
    fn up(&self, lowered: &mut [f64], chains: &[Chain]) {
        let order = &self.flow.order;
        let shape = &self.flow.shape;
        let visit = |list: &[u32], lowered: &mut [f64], first: usize, halo: &[f64]| {
            for &cell in list.iter().rev() {
                let chain = &chains[cell as usize];
                let below = match self.receiver(cell as usize) {
                    Some(below) => value_of(lowered, first, halo, shape, below),
                    None => 0.0,
                };
                lowered[cell as usize - first] = chain.lowered + chain.follows * below;
            }
        };
        visit(&order.across, lowered, 0, &[]);
        let halos: Vec<Vec<f64>> = order.bands.iter().map(|band| halo(lowered, shape, band)).collect();
        let parts = workers::cut(lowered, shape.width, &order.bands);
        let jobs: Vec<_> = order.bands.iter().zip(parts).zip(&order.within).zip(&halos).collect();
        workers::run(jobs, |(((band, lowered), list), halo)| {
            visit(list, lowered, band.start * shape.width, halo);
        });
    }

    /// Where the tangents must touch now; by how much that has changed, metres.
    ///
    /// Where what was dropped below has drowned a cell nothing is cut, until it stands out again (the latter in the
    /// first half of the rounds only, so that this ends).
    fn retouch(&self, drops: &mut [f64], lowered: &[f64], round: usize) -> f64 {
        let values = &self.ground.values;
        let changes = self.rows(drops, |cells, drops| {
            let mut change = 0.0_f64;
            for (cell, drop) in cells.zip(drops) {
                let Some(below) = self.receiver(cell) else { continue };
                let before = values[cell] - values[below];
                if before.is_nan() || before <= 0.0 || (*drop == 0.0 && round > ROUNDS / 2) {
                    continue;
                }
                let now = before - (lowered[cell] - lowered[below]);
                let next = if self.n == 1.0 {
                    // The tangent is the same wherever it touches.
                    if now >= 0.0 { before } else { 0.0 }
                } else if now > 0.0 {
                    now
                } else if *drop < 1e-9 {
                    0.0
                } else {
                    *drop / 8.0
                };
                change = change.max((*drop - next).abs());
                *drop = next;
            }
            change
        });
        changes.into_iter().fold(0.0, f64::max)
    }

    fn balance(&self, chains: &[Chain], lowered: &[f64], next: &[f64]) -> Ledger {
        let width = self.ground.width;
        let rows: Vec<[f64; 4]> = (0..self.ground.height)
            .map(|row| {
                let start = row * width;
                let solid = |values: &[f64], n: usize| {
                    let value = values[start + n];
                    if value.is_nan() { 0.0 } else { value }
                };
                let leaves = |n: usize| {
                    if self.flow.is_base((start + n) as u32) { chains[start + n].sent } else { 0.0 }
                };
                let cut = |n: usize| {
                    if self.flow.directions[start + n] == HOLE { 0.0 } else { lowered[start + n].max(0.0) }
                };
                let area = self.ground.cell_area(row);
                [
                    sum_of(width, |n| solid(&self.ground.values, n)) * area,
                    sum_of(width, |n| solid(next, n)) * area,
                    sum_of(width, leaves),
                    sum_of(width, cut) * area,
                ]
            })
            .collect();
        let total = |k: usize| sum(&rows.iter().map(|row| row[k]).collect::<Vec<_>>());
        Ledger { before: total(0), after: total(1), gained: 0.0, lost: total(2), moved: total(3) }
    }
}
