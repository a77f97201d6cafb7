//! Vertical runs, surfaces and dense boxes.

use crate::coarse::WORLD;
use crate::error::TreeError;
use crate::node::Node;
use crate::origin::OriginRun;
use crate::tree::{Tree, exception_kind};
use bm_core::frame::{MAX_LEVEL, ROOT_TICKS, edge_ticks};
use bm_core::page::PAGE_SPAN;
use bm_core::{Cell, MaterialId, Pos, SourceKind, TickBox};

/// Most cells of one dense read: 2 GiB of ids.
pub const MAX_VOLUME: u128 = 1 << 30;

/// A vertical run of one material.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// First tick.
    pub from: u32,
    /// First tick above.
    pub to: u32,
    /// What fills it.
    pub material: MaterialId,
    /// Which form says so.
    pub source: SourceKind,
    /// Level of the page that says so.
    pub page_level: u8,
}

/// A dense box of cells of one level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// Level of the cells.
    pub level: u8,
    /// Coordinates (in cells of that level) of the first cell: x, y, z.
    pub origin: [u32; 3],
    /// Cells along x, y, z.
    pub size: [u32; 3],
    /// Materials, x fastest, then y, then z.
    pub cells: Vec<MaterialId>,
}

impl Volume {
    /// Material at offsets from the first cell.
    ///
    /// # Panics
    /// When the offsets are outside the volume.
    #[must_use]
    pub fn get(&self, [x, y, z]: [u32; 3]) -> MaterialId {
        let [w, h, _] = self.size.map(|s| s as usize);
        self.cells[(z as usize * h + y as usize) * w + x as usize]
    }
}

impl Tree {
    /// Appends the runs of column (`x`, `y`) from tick `z0` up to (not including) `z1`, bottom up: neighbouring
    /// runs differ, and together they fill the column.
    ///
    /// # Errors
    /// [`TreeError`] for a column outside the world or a page that cannot be read.
    pub fn column(&self, x: u32, y: u32, z0: u32, z1: u32, out: &mut Vec<Run>) -> Result<(), TreeError> {
        Pos::new(x, y, z0)?;
        Pos::new(x, y, z1.max(z0 + 1) - 1)?;
        let root = self.hold();
        let mut runs = Vec::new();
        self.column_in(&root, &root, [x, y], z0, z1, &mut runs)?;
        let start = out.len();
        for (from, to, material, source, page_level) in runs {
            match out[start..].last_mut() {
                Some(r) if r.to == from && r.material == material => r.to = to,
                _ => out.push(Run { from, to, material, source, page_level }),
            }
        }
        Ok(())
    }

    fn column_in(
        &self,
        root: &Node,
        node: &Node,
        [x, y]: [u32; 2],
        z0: u32,
        z1: u32,
        out: &mut Vec<OriginRun>,
    ) -> Result<(), TreeError> {
        if z0 >= z1 {
            return Ok(());
        }
        let shift = node.shift();
        let base = node.id.cell().origin()[2];
        // Sub-cells that could matter: all of them under exceptions, else only those with pages below.
        let (mut h0, mut h1) = ((z0 - base) >> shift, ((z1 - 1 - base) >> shift) + 1);
        if node.exceptions.is_empty() {
            let [lo, hi] = node.children.heights;
            h0 = h0.max(lo);
            h1 = h1.min(hi.saturating_add(1));
        }
        let mut done = z0;
        for h in h0..h1 {
            let (a, b) = (base + (h << shift), base + (h << shift) + (1 << shift));
            let (a, b) = (a.max(z0), b.min(z1));
            let sub = node.sub([x, y, a]);
            let child = node.children.find(sub);
            let exception = if child.is_none() { node.exceptions.get(sub) } else { None };
            if child.is_none() && exception.is_none() {
                continue;
            }
            node.origin.column(x, y, done, a, out);
            match child {
                Some(k) => self.column_in(root, self.child(root, node, k)?, [x, y], a, b, out)?,
                None => out.extend(exception.map(|m| (a, b, m, exception_kind(node), node.level))),
            }
            done = b;
        }
        node.origin.column(x, y, done, z1, out);
        Ok(())
    }

    /// Top of the highest run of column (`x`, `y`) for which `is_ground` holds: the tick above it and its
    /// material. `None` if the column has no ground.
    ///
    /// # Errors
    /// As [`Tree::column`].
    pub fn surface(
        &self,
        x: u32,
        y: u32,
        is_ground: impl Fn(MaterialId) -> bool,
    ) -> Result<Option<(u32, MaterialId)>, TreeError> {
        let mut runs = Vec::new();
        self.column(x, y, WORLD.min[2], WORLD.max[2], &mut runs)?;
        Ok(runs.iter().rev().find(|r| is_ground(r.material)).map(|r| (r.to, r.material)))
    }

    /// All cells of `level` that touch a box, clipped to the world: each with the material of the largest
    /// volume. Whole octants are filled wherever bounds decide; no cell is asked for twice.
    ///
    /// # Errors
    /// [`TreeError::EmptyBox`], [`TreeError::TooLarge`], or a page that cannot be read.
    pub fn volume(&self, bounds: &TickBox, level: u8) -> Result<Volume, TreeError> {
        let level = level.min(MAX_LEVEL);
        let b = bounds.intersection(&WORLD);
        if b.is_empty() {
            return Err(TreeError::EmptyBox);
        }
        let shift = MAX_LEVEL - level;
        let origin = b.min.map(|c| c >> shift);
        let size = [0, 1, 2].map(|a| ((b.max[a] - 1) >> shift) - origin[a] + 1);
        let cells = size.iter().map(|&s| u128::from(s)).product::<u128>();
        if cells > MAX_VOLUME {
            return Err(TreeError::TooLarge { cells, limit: MAX_VOLUME });
        }
        let mut v = Volume { level, origin, size, cells: vec![MaterialId::UNSET; cells as usize] };
        let root = self.hold();
        if level == MAX_LEVEL {
            self.fill_columns(&root, &mut v)?;
        } else {
            self.fill(&root, &root, Cell::ROOT, &mut v)?;
        }
        Ok(v)
    }

    /// Finest level: octants that are proven to be one material at once, the rest column by column with exact runs.
    fn fill_columns(&self, root: &Node, v: &mut Volume) -> Result<(), TreeError> {
        let max = [0, 1, 2].map(|a| v.origin[a] + v.size[a]);
        let bounds = TickBox { min: v.origin, max };
        // A proof for a cell much larger than the box would look at much that is not asked for.
        let largest = v.size.iter().copied().max().unwrap_or(1).next_power_of_two();
        let mut job = Fine { bounds, largest, runs: Vec::new() };
        self.fill_fine(root, root, Cell::ROOT, &mut job, v)
    }

    fn fill_fine(
        &self,
        root: &Node,
        node: &Node,
        cell: Cell,
        job: &mut Fine,
        v: &mut Volume,
    ) -> Result<(), TreeError> {
        let part = job.bounds.intersection(&cell.bounds());
        if part.is_empty() {
            return Ok(());
        }
        let mut node = node;
        if cell.level() == node.level + PAGE_SPAN
            && let Some(k) = node.children.find(node.sub(cell.origin()))
        {
            node = self.child(root, node, k)?;
        }
        let edge = cell.edge_ticks();
        if edge <= job.largest
            && let Some((m, ..)) = self.proven(root, node, cell)?
        {
            paint(v, part.min, part.max.map(|c| c - 1), m);
            return Ok(());
        }
        if edge > COLUMN_EDGE {
            for octant in (0..8).filter_map(|o| cell.child(o)) {
                self.fill_fine(root, node, octant, job, v)?;
            }
            return Ok(());
        }
        let [w, h, _] = v.size.map(|s| s as usize);
        for y in part.min[1]..part.max[1] {
            for x in part.min[0]..part.max[0] {
                job.runs.clear();
                self.column_in(root, node, [x, y], part.min[2], part.max[2], &mut job.runs)?;
                let k = (y - v.origin[1]) as usize * w + (x - v.origin[0]) as usize;
                for &(a, b, m, ..) in &job.runs {
                    for z in a - v.origin[2]..b - v.origin[2] {
                        v.cells[z as usize * w * h + k] = m;
                    }
                }
            }
        }
        Ok(())
    }

    /// Coarser levels: octants, from the root down.
    fn fill(&self, root: &Node, node: &Node, cell: Cell, v: &mut Volume) -> Result<(), TreeError> {
        let shift = v.level - cell.level();
        let first = cell.coords().map(|c| c << shift);
        let last = first.map(|c| c + ((1u32 << shift) - 1));
        if (0..3).any(|a| last[a] < v.origin[a] || first[a] >= v.origin[a] + v.size[a]) {
            return Ok(());
        }
        let (mut node, above) = (node, node);
        if cell.level() == node.level + PAGE_SPAN
            && let Some(k) = node.children.find(node.sub(cell.origin()))
        {
            node = self.child(root, node, k)?;
        }
        // Proving costs a look at the whole footprint, so it is tried only where it may save something.
        if let Some((m, ..)) = self.proven(root, node, cell)? {
            paint(v, first, last, m);
        } else if shift == 0 {
            let m = self.shares_in(root, above, cell)?.plurality().unwrap_or(MaterialId::UNSET);
            paint(v, first, last, m);
        } else {
            for part in (0..8).filter_map(|o| cell.child(o)) {
                self.fill(root, node, part, v)?;
            }
        }
        Ok(())
    }
}

/// Cells up to this edge (ticks) that are not one material are read column by column.
const COLUMN_EDGE: u32 = 16;

/// A dense box at the finest level, under way.
struct Fine {
    bounds: TickBox,
    /// Largest cell that a proof is tried for, ticks.
    largest: u32,
    runs: Vec<OriginRun>,
}

/// Fills the part of the cells `first..=last` that lies in the volume.
fn paint(v: &mut Volume, first: [u32; 3], last: [u32; 3], m: MaterialId) {
    let lo = [0, 1, 2].map(|a| first[a].max(v.origin[a]) - v.origin[a]);
    let hi = [0, 1, 2].map(|a| last[a].min(v.origin[a] + v.size[a] - 1) - v.origin[a]);
    let [w, h, _] = v.size.map(|s| s as usize);
    for z in lo[2]..=hi[2] {
        for y in lo[1]..=hi[1] {
            let row = (z as usize * h + y as usize) * w;
            v.cells[row + lo[0] as usize..=row + hi[0] as usize].fill(m);
        }
    }
}

/// The cells of `level` that a longitude–latitude–altitude box in ticks needs, without reading them.
#[must_use]
pub fn volume_cells(bounds: &TickBox, level: u8) -> u128 {
    let e = u128::from(edge_ticks(level));
    let b = bounds.intersection(&TickBox { min: [0; 3], max: [ROOT_TICKS; 3] });
    b.size().iter().map(|&s| u128::from(s).div_ceil(e)).product()
}
