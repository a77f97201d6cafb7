//! A region of a version of the world as land that processes can work on.

use crate::error::WorldError;
use crate::ingest::Progress;
use crate::view::View;
use bm_core::frame::{SEA_LEVEL, TICKS_PER_METRE, WORLD_X, WORLD_Z_MAX, WORLD_Z_MIN};
use bm_core::{MaterialId, Pos};
use bm_grid::{Ground, Region};
use bm_octree::{Run, parallel};
use bm_process::field::Field;
use bm_process::state::{Layer, State, layer};
use bm_process::strata::{Strata, Stratum};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use xxhash_rust::xxh3::xxh3_128;

/// How much of the ground is looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Seeding {
    /// Metres below the surface down to which materials are told apart. What lies there is taken to go on.
    pub depth: f64,
    /// Most strata; columns that need more are simplified.
    pub strata: usize,
    /// Threads to use; 0 means as many as the machine has. The result does not depend on it.
    pub threads: usize,
}

impl Default for Seeding {
    fn default() -> Self {
        Self { depth: 2000.0, strata: 12, threads: 0 }
    }
}

/// Land taken from the world.
#[derive(Clone, Debug)]
pub struct Seed {
    /// The land: heights of the ground at the cells' centres, to a quarter metre, what lies under it, and the depth of lakes over
    /// it where there are any.
    pub state: State,
    /// A hash of all that was read: equal truth, equal fingerprint.
    pub fingerprint: u128,
    /// Cells whose columns have more strata than were kept, or hollows.
    pub simplified: u64,
}

/// What lies in one row of cells.
struct Row {
    /// First tick above the surface, from sea level; none where there is no ground.
    tops: Vec<Option<i32>>,
    /// Which of `stacks` each cell has.
    stack: Vec<u16>,
    /// Ticks of standing water over each cell.
    water: Vec<u32>,
    /// Materials from above.
    stacks: Vec<Vec<MaterialId>>,
    /// Thicknesses in ticks, cell by cell, one fewer than the cell's materials: the last goes on.
    ticks: Vec<u32>,
    hollow: u64,
    hash: u128,
}

/// The voxel column at the middle of a cell.
pub(super) fn column_of(region: &Region, x: u32, y: u32) -> [u32; 2] {
    let tick = |metres: f64| (metres * f64::from(TICKS_PER_METRE)).floor() as i64;
    [
        tick(region.center_x(x)).rem_euclid(WORLD_X.into()) as u32,
        tick(region.center_y(y)).clamp(0, i64::from(bm_core::frame::WORLD_Y) - 1) as u32,
    ]
}

/// Metres above sea level of the first tick above a surface.
pub(super) fn metres(tick: i32) -> f64 {
    f64::from(tick) / f64::from(TICKS_PER_METRE)
}

impl View {
    /// Takes a region out as land: every cell gets what the truth (pages, edits and boundaries of this version) has at its
    /// middle.
    ///
    /// `progress` is told now and then, from any thread.
    ///
    /// # Errors
    /// [`WorldError::Data`] for regions on a drawing board; [`WorldError`] when pages cannot be read.
    pub fn seed(
        &self,
        region: &Region,
        how: &Seeding,
        progress: &(dyn Fn(&Progress) + Sync),
    ) -> Result<Seed, WorldError> {
        if region.ground() != Ground::World {
            let detail =
                "is not in the world's frame: make it with Region::in_world or Region::aligned".into();
            return Err(WorldError::Data { what: "region", detail });
        }
        // Many columns are read from the tree itself.
        self.folded()?;
        let rows: Vec<u32> = (0..region.height()).collect();
        let depth = (how.depth.max(0.25) * f64::from(TICKS_PER_METRE)) as u32;
        let (done, total) = (AtomicU64::new(0), rows.len() as u64);
        let made = parallel::map(&rows, how.threads, |&y| {
            let row = self.seed_row(region, y, depth);
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if done % 16 == 0 || done == total {
                progress(&Progress { stage: "check out", done, total });
            }
            row
        });
        let made: Vec<Row> = made.into_iter().collect::<Result<_, _>>()?;
        let hashes: Vec<u8> = made.iter().flat_map(|row| row.hash.to_le_bytes()).collect();
        let (order, basement) = order(&made, how.strata.clamp(1, bm_codec::strata::MAX_LAYERS / 4));
        let (strata, unfit) = spread(&made, region, &order, basement);
        let values = made.iter().flat_map(|row| &row.tops).map(|t| t.map_or(f64::NAN, metres)).collect();
        let dx = (0..region.height()).map(|y| region.cell_size() * region.row_metric(y)).collect();
        let (width, height) = (region.width() as usize, region.height() as usize);
        let ground = Field { width, height, dx, dy: region.cell_size(), values };
        let mut state = State::new(ground, basement);
        state.region = Some(*region);
        if let Some(strata) = Strata::new(strata, basement) {
            state.strata = strata;
        }
        state.materials = Arc::new(self.materials().clone());
        if made.iter().any(|row| row.water.iter().any(|&w| w > 0)) {
            let depth = |&w: &u32| f64::from(w) / f64::from(TICKS_PER_METRE);
            let depths = made.iter().flat_map(|row| &row.water).map(depth).collect();
            state.set_layer(layer::WATER_DEPTH, Layer::F64(depths));
        }
        let simplified = unfit + made.iter().map(|row| row.hollow).sum::<u64>();
        Ok(Seed { state, fingerprint: xxh3_128(&hashes), simplified })
    }

    fn seed_row(&self, region: &Region, y: u32, depth: u32) -> Result<Row, WorldError> {
        let width = region.width() as usize;
        let mut row = Row {
            tops: Vec::with_capacity(width),
            stack: Vec::with_capacity(width),
            water: Vec::with_capacity(width),
            stacks: Vec::new(),
            ticks: Vec::with_capacity(width),
            hollow: 0,
            hash: 0,
        };
        let mut known: HashMap<Vec<MaterialId>, u16> = HashMap::new();
        let (mut runs, mut materials) = (Vec::new(), Vec::new());
        for x in 0..region.width() {
            let [cx, cy] = column_of(region, x, y);
            let Some((top, _)) = self.surface(cx, cy)? else {
                row.tops.push(None);
                row.stack.push(u16::MAX);
                row.water.push(0);
                continue;
            };
            row.water.push(self.water_over(cx, cy, top, &mut runs)?);
            runs.clear();
            self.column_into(cx, cy, top.saturating_sub(depth).max(WORLD_Z_MIN), top, &mut runs)?;
            materials.clear();
            row.hollow += u64::from(self.stack_up(&runs, &mut materials, &mut row.ticks));
            let next = known.len() as u16;
            let stack = match known.get(&materials) {
                Some(&stack) => stack,
                None => {
                    row.stacks.push(materials.clone());
                    known.insert(materials.clone(), next);
                    next
                }
            };
            row.tops.push(Some((i64::from(top) - i64::from(SEA_LEVEL)) as i32));
            row.stack.push(stack);
        }
        row.hash = row.digest();
        Ok(row)
    }

    /// Ticks of water that stand on the ground. The open sea is none: processes have its level.
    fn water_over(&self, x: u32, y: u32, top: u32, runs: &mut Vec<Run>) -> Result<u32, WorldError> {
        let is_water = |m: MaterialId| matches!(m, MaterialId::SEAWATER | MaterialId::FRESHWATER);
        let Ok(at) = Pos::new(x, y, top) else { return Ok(0) };
        // Most ground lies dry: one look is cheaper than a column.
        if !is_water(self.sample(at)?.material) {
            return Ok(0);
        }
        runs.clear();
        self.column_into(x, y, top, WORLD_Z_MAX, runs)?;
        let wet: Vec<&Run> = runs.iter().take_while(|run| is_water(run.material)).collect();
        let surface = wet.last().map_or(top, |run| run.to);
        let sea = surface <= SEA_LEVEL && wet.iter().all(|run| run.material == MaterialId::SEAWATER);
        Ok(if sea { 0 } else { surface - top })
    }

    /// A column's materials and thicknesses from above; whether there are hollows, which count as what is over them.
    fn stack_up(&self, runs: &[Run], materials: &mut Vec<MaterialId>, ticks: &mut Vec<u32>) -> bool {
        let mut hollow = false;
        let mut thick = 0;
        for run in runs.iter().rev() {
            let same = materials.last().is_none_or(|&m| m == run.material);
            let ground = self.is_ground(run.material);
            hollow |= !ground;
            if !same && ground {
                ticks.push(thick);
                thick = 0;
            }
            if materials.is_empty() || !same && ground {
                materials.push(run.material);
            }
            thick += run.to - run.from;
        }
        hollow
    }
}

impl Row {
    fn digest(&self) -> u128 {
        let mut bytes = Vec::with_capacity(self.tops.len() * 8);
        let stack_hashes: Vec<u128> = self
            .stacks
            .iter()
            .map(|s| xxh3_128(&s.iter().flat_map(|m| m.0.to_le_bytes()).collect::<Vec<u8>>()))
            .collect();
        for ((top, &stack), water) in self.tops.iter().zip(&self.stack).zip(&self.water) {
            bytes.extend_from_slice(&top.unwrap_or(i32::MIN).to_le_bytes());
            bytes.extend_from_slice(&water.to_le_bytes());
            bytes.extend_from_slice(&stack_hashes.get(usize::from(stack)).unwrap_or(&0).to_le_bytes());
        }
        bytes.extend(self.ticks.iter().flat_map(|t| t.to_le_bytes()));
        xxh3_128(&bytes)
    }

    /// The cells with their materials and thicknesses.
    fn cells(&self) -> impl Iterator<Item = Option<(&[MaterialId], &[u32])>> {
        let mut from = 0;
        self.stack.iter().map(move |&stack| {
            let materials = self.stacks.get(usize::from(stack))?;
            let ticks = &self.ticks[from..from + materials.len() - 1];
            from += ticks.len();
            Some((&materials[..], ticks))
        })
    }
}

/// The strata that fit most columns, from above, and what most of them stand on.
fn order(rows: &[Row], most: usize) -> (Vec<MaterialId>, MaterialId) {
    let mut counts: HashMap<&[MaterialId], u64> = HashMap::new();
    for row in rows {
        let mut here = vec![0u64; row.stacks.len()];
        for &stack in &row.stack {
            if let Some(count) = here.get_mut(usize::from(stack)) {
                *count += 1;
            }
        }
        for (stack, count) in row.stacks.iter().zip(here) {
            *counts.entry(stack).or_default() += count;
        }
    }
    let mut basements: HashMap<MaterialId, u64> = HashMap::new();
    for (stack, count) in &counts {
        if let Some(&last) = stack.last() {
            *basements.entry(last).or_default() += count;
        }
    }
    let basement = basements.into_iter().max_by_key(|&(m, count)| (count, std::cmp::Reverse(m)));
    let basement = basement.map_or(MaterialId::ROCK, |(m, _)| m);
    // The commonest first, so that what does not fit in is rare.
    let mut stacks: Vec<(&[MaterialId], u64)> = counts.into_iter().collect();
    stacks.sort_by_key(|&(stack, count)| (std::cmp::Reverse(count), stack));
    let mut order = vec![MaterialId::SEDIMENT];
    for (stack, _) in stacks {
        let stack = stack.strip_suffix(&[basement]).unwrap_or(stack);
        let mut at = 0;
        for &material in stack {
            match order[at..].iter().position(|&m| m == material) {
                Some(k) => at += k + 1,
                None if order.len() < most => {
                    order.insert(at, material);
                    at += 1;
                }
                None => {}
            }
        }
    }
    // Sediment that is laid down comes to lie on top of everything.
    if order[0] != MaterialId::SEDIMENT {
        order.insert(0, MaterialId::SEDIMENT);
    }
    (order, basement)
}

/// The thicknesses of strata in an order; how many columns did not fit in.
fn spread(rows: &[Row], region: &Region, order: &[MaterialId], basement: MaterialId) -> (Vec<Stratum>, u64) {
    let cells = region.cells() as usize;
    let mut strata: Vec<Stratum> =
        order.iter().map(|&material| Stratum { material, thickness: vec![0.0; cells] }).collect();
    let mut unfit = 0;
    for (cell, column) in rows.iter().flat_map(Row::cells).enumerate() {
        let Some((materials, ticks)) = column else { continue };
        let mut at = 0;
        let mut last = 0;
        let mut whole = true;
        for (k, &material) in materials.iter().enumerate() {
            // What goes on down is the basement, or at least as thick as was looked at.
            let thick = match ticks.get(k) {
                Some(&ticks) => ticks as f32 / TICKS_PER_METRE as f32,
                None if material == basement => break,
                None => 1.0e4,
            };
            match order[at..].iter().position(|&m| m == material) {
                Some(k) => {
                    last = at + k;
                    at = last + 1;
                }
                None => whole = false,
            }
            strata[last].thickness[cell] += thick;
        }
        unfit += u64::from(!whole);
    }
    (strata, unfit)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: MaterialId = MaterialId::SHALE;
    const B: MaterialId = MaterialId::LIMESTONE;
    const C: MaterialId = MaterialId::GRANITE;

    fn row(columns: &[(&[MaterialId], &[u32])]) -> Row {
        Row {
            tops: vec![Some(0); columns.len()],
            stack: (0..columns.len() as u16).collect(),
            water: vec![0; columns.len()],
            stacks: columns.iter().map(|(m, _)| m.to_vec()).collect(),
            ticks: columns.iter().flat_map(|(_, t)| t.to_vec()).collect(),
            hollow: 0,
            hash: 0,
        }
    }

    #[test]
    fn columns_share_one_order_of_strata() {
        let columns: &[(&[MaterialId], &[u32])] =
            &[(&[A, B, C], &[4, 8]), (&[B, C], &[12]), (&[A, C], &[2]), (&[C], &[]), (&[B, A, C], &[4, 4])];
        let rows = [row(columns)];
        let (order, basement) = order(&rows, 12);
        assert_eq!(basement, C);
        let region = Region::new(
            bm_grid::Bounds { min: bm_grid::DVec2::ZERO, max: bm_grid::DVec2::new(5.0, 1.0) },
            1.0,
        )
        .unwrap();
        let (strata, unfit) = spread(&rows, &region, &order, basement);
        assert_eq!((unfit, order[0]), (0, MaterialId::SEDIMENT));
        let strata = Strata::new(strata, basement).unwrap();
        assert_eq!(strata.surfaces(), [A, B, A, C, B]);
        // However they are told apart, each column has what it had.
        for (cell, (materials, ticks)) in columns.iter().enumerate() {
            let mut found: Vec<(MaterialId, f32)> = Vec::new();
            for s in strata.strata().iter().filter(|s| s.thickness[cell] > 0.0) {
                found.push((s.material, s.thickness[cell] * 4.0));
            }
            let expected: Vec<_> = materials.iter().copied().zip(ticks.iter().map(|&t| t as f32)).collect();
            assert_eq!(found, expected, "{cell}");
        }
    }
}
