//! Cells and boxes into a transaction, neighbours along the Morton curve joined.

use super::MAX_RUNS;
use super::bad;
use crate::error::WorldError;
use crate::ingest::Progress;
use bm_core::frame::{WORLD_X, WORLD_Y, WORLD_Z_MAX, WORLD_Z_MIN, edge_metres, edge_ticks};
use bm_core::page::{PAGE_LEVELS, PAGE_SPAN};
use bm_core::{Cell, MaterialId, PageId, Pos, TickBox};
use bm_overlay::{EditError, Transaction};

/// The world box.
pub(super) const WORLD: TickBox = TickBox { min: [0, 0, WORLD_Z_MIN], max: [WORLD_X, WORLD_Y, WORLD_Z_MAX] };

/// Runs between two reports.
const TOLD: u64 = 1 << 16;

/// A run that may still grow.
#[derive(Clone, Copy)]
struct Run {
    page: PageId,
    from: u32,
    to: u32,
}

/// Takes cells in Morton order and writes them.
pub(super) struct Emitter<'a> {
    what: &'static str,
    level: u8,
    material: MaterialId,
    to: &'a mut Transaction,
    progress: &'a (dyn Fn(&Progress) + Sync),
    /// About how many runs there will be.
    total: u64,
    /// The run at hand in pages of each tier: larger cells and smaller ones come mixed.
    pending: [Option<Run>; PAGE_LEVELS.len()],
    runs: u64,
    count: u64,
}

impl<'a> Emitter<'a> {
    pub(super) fn new(
        what: &'static str,
        level: u8,
        material: MaterialId,
        to: &'a mut Transaction,
        progress: &'a (dyn Fn(&Progress) + Sync),
    ) -> Self {
        let pending = [None; PAGE_LEVELS.len()];
        Self { what, level, material, to, progress, total: 0, pending, runs: 0, count: 0 }
    }

    /// Level of the cells that are told apart.
    pub(super) const fn level(&self) -> u8 {
        self.level
    }

    /// Hears about how many runs it will be, and refuses far too many.
    pub(super) fn expect(&mut self, runs: f64) -> Result<(), WorldError> {
        if runs <= MAX_RUNS as f64 {
            self.total = runs as u64;
            return Ok(());
        }
        // A level coarser has a quarter of the surface's cells.
        let steps = ((runs / MAX_RUNS as f64).log2() / 2.0).ceil().max(1.0);
        let cure = match f64::from(self.level) - steps {
            level if level >= 0.0 => {
                format!("use level {level} ({} m) or a coarser one", edge_metres(level as u8))
            }
            _ => "make it smaller".into(),
        };
        Err(bad(
            self.what,
            format!(
                "in cells of {} m (level {}) its surface takes some {:.0} million runs of cells, {} million are allowed: {cure}",
                edge_metres(self.level),
                self.level,
                runs / 1e6,
                MAX_RUNS / 1_000_000
            ),
        ))
    }

    /// One cell of its own level, and nothing else.
    pub(super) fn single(self, cell: Cell) -> Result<u64, WorldError> {
        self.to.set_cell(cell, self.material).map_err(|e| refused(self.what, &e))?;
        Ok(1)
    }

    /// A cell that is inside: in the world whole, or of the level itself.
    #[inline]
    pub(super) fn cell(&mut self, cell: Cell) -> Result<(), WorldError> {
        let finest = 8u64.checked_pow(u32::from(self.level - cell.level())).unwrap_or(u64::MAX);
        self.count = self.count.saturating_add(finest);
        let bounds = cell.bounds();
        if !WORLD.covers(&bounds) {
            return self.fill(bounds.intersection(&WORLD));
        }
        // The page that tells cells of this level apart, or finer ones.
        let tier = usize::from(cell.level().div_ceil(PAGE_SPAN)).clamp(1, PAGE_LEVELS.len()) - 1;
        let page_level = PAGE_LEVELS[tier];
        let above = cell.level() - page_level;
        let finer = PAGE_SPAN - above;
        let (Some(of), at) = (cell.ancestor(page_level), cell.coords()) else { return Ok(()) };
        let Some(page) = PageId::new(page_level, of.coords()) else { return Ok(()) };
        let mask = (1u32 << above) - 1;
        let [x, y, z] = at.map(|c| ((c & mask) << finer) as u16);
        let from = bm_morton::encode3_u32(x, y, z);
        let run = Run { page, from, to: from + (1 << (3 * finer)) };
        match &mut self.pending[tier] {
            Some(p) if p.page == page && p.to == from => {
                p.to = run.to;
                Ok(())
            }
            p => match p.replace(run) {
                Some(old) => self.write(old),
                None => Ok(()),
            },
        }
    }

    /// Cells of the level: first and first beyond on each axis.
    pub(super) fn cells(&mut self, x: [u32; 2], y: [u32; 2], z: [u32; 2]) -> Result<(), WorldError> {
        let axes = [x, y, z];
        if axes.iter().any(|[lo, hi]| lo >= hi) {
            return Ok(());
        }
        let e = edge_ticks(self.level);
        let bounds = TickBox { min: axes.map(|[lo, _]| lo * e), max: axes.map(|[_, hi]| hi * e) };
        let count = axes.iter().map(|[lo, hi]| u128::from(hi - lo)).product::<u128>();
        self.count = self.count.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        self.fill(bounds.intersection(&WORLD))
    }

    fn fill(&mut self, bounds: TickBox) -> Result<(), WorldError> {
        self.more()?;
        self.to.fill(bounds, self.material).map_err(|e| refused(self.what, &e))?;
        Ok(())
    }

    fn write(&mut self, r: Run) -> Result<(), WorldError> {
        self.more()?;
        self.to.set_run(r.page, r.from, r.to, self.material).map_err(|e| refused(self.what, &e))?;
        Ok(())
    }

    /// One run more; the estimate may have been too low.
    fn more(&mut self) -> Result<(), WorldError> {
        self.runs += 1;
        if self.runs.is_multiple_of(TOLD) {
            (self.progress)(&Progress { stage: "shape", done: self.runs, total: self.total.max(self.runs) });
        }
        if self.runs > MAX_RUNS { self.expect(self.runs as f64) } else { Ok(()) }
    }

    /// Writes what is still at hand; the number of cells.
    pub(super) fn finish(mut self) -> Result<u64, WorldError> {
        for tier in 0..self.pending.len() {
            if let Some(run) = self.pending[tier].take() {
                self.write(run)?;
            }
        }
        Ok(self.count)
    }
}

/// What the transaction said, in the words of shapes.
fn refused(what: &'static str, e: &EditError) -> WorldError {
    let detail = match e {
        EditError::TooFine { pages, limit, .. } => format!(
            "its faces cut {pages} pages of 32 m and 4 km, {limit} are allowed: use a level of 21 or less (cells of 32 m or more)"
        ),
        EditError::Outside { bounds } => {
            let low = Pos::new(bounds.min[0], bounds.min[1], bounds.min[2]).map(Pos::to_geo);
            match low {
                Ok(g) => {
                    format!("begins at {:.5}, {:.5}, {} m and reaches out of the world", g.lon, g.lat, g.alt)
                }
                Err(_) => e.to_string(),
            }
        }
        other => other.to_string(),
    };
    bad(what, detail)
}
