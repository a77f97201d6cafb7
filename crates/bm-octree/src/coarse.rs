//! Cells of any level: which material has the largest volume, and whether it is the only one.
//!
//! Volumes are counted column by column. A cell of up to 8 × 8 columns (level 25 and finer) counts every
//! voxel; a coarser one counts 8 × 8 columns in the middles of an even grid, each with its exact vertical
//! runs (the midpoint rule in x and y). Cells wider than a page add up the shares their directories keep.
//! What lies outside the world counts for nobody.

use crate::count::shares_of_whole;
use crate::error::TreeError;
use crate::node::Node;
use crate::origin::{Origin, OriginRun};
use crate::tree::{Tree, exception_kind};
use bm_codec::shares::{Shares, WHOLE};
use bm_core::frame::{MAX_LEVEL, WORLD_X, WORLD_Y, WORLD_Z_MAX, WORLD_Z_MIN};
use bm_core::page::PAGE_SPAN;
use bm_core::{Cell, MaterialId, Pos, Sample, SourceKind, TickBox};

/// The world box, which is smaller than the root cube.
pub const WORLD: TickBox = TickBox { min: [0, 0, WORLD_Z_MIN], max: [WORLD_X, WORLD_Y, WORLD_Z_MAX] };

/// Columns along each side of a coarse cell that are counted.
const COLUMNS: u32 = 8;

impl Tree {
    /// The answer for the cell of `level` that holds a voxel: the material with the largest volume.
    ///
    /// `exact` is a proof: true means that every voxel of the cell is this material. At level 25 and finer
    /// it is also complete (false means mixed); coarser, false may mean that bounds could not prove it.
    ///
    /// # Errors
    /// [`TreeError`] when a page that is needed cannot be read.
    pub fn sample_at_level(&self, pos: Pos, level: u8) -> Result<Sample, TreeError> {
        if level >= MAX_LEVEL {
            return self.sample(pos);
        }
        let cell = Cell::containing(pos, level);
        let root = self.hold();
        let node = self.cover(&root, cell)?;
        if let Some((material, source, page_level)) = self.proven(&root, node, cell)? {
            return Ok(Sample { material, level, exact: true, source, page_level });
        }
        let shares = self.shares_at(&root, cell)?;
        // Never empty: the cell holds at least the voxel that was asked for.
        let material = shares.plurality().unwrap_or(MaterialId::UNSET);
        let counted = cell.edge_ticks() <= COLUMNS && WORLD.covers(&cell.bounds());
        let one_function = node.exceptions.is_empty() && !self.has_finer(node, cell);
        let source = if one_function { node.origin.kind } else { SourceKind::Summary };
        Ok(Sample { material, level, exact: counted && shares.is_pure(), source, page_level: node.level })
    }

    /// Volumes by material inside a cell, in 2^-32 of it.
    ///
    /// # Errors
    /// [`TreeError`] when a page that is needed cannot be read.
    pub fn shares(&self, cell: Cell) -> Result<Shares, TreeError> {
        let root = self.hold();
        self.shares_at(&root, cell)
    }

    /// Shares of a cell by the page whose sub-cells tell it apart: what a page holds in all, its directory entry
    /// knows.
    fn shares_at(&self, root: &Node, cell: Cell) -> Result<Shares, TreeError> {
        let mut node = root;
        while node.level + PAGE_SPAN < cell.level() && !node.children.is_empty() {
            match node.find(cell.origin()) {
                Some(k) => node = self.child(root, node, k)?,
                None => break,
            }
        }
        self.shares_in(root, node, cell)
    }

    /// The one material of a cell, if it is proven to hold no other.
    ///
    /// # Errors
    /// [`TreeError`] when a page that is needed cannot be read.
    pub fn uniform(&self, cell: Cell) -> Result<Option<MaterialId>, TreeError> {
        let root = self.hold();
        let node = self.cover(&root, cell)?;
        Ok(self.proven(&root, node, cell)?.map(|(m, ..)| m))
    }

    /// The finest page that covers a whole cell.
    pub(crate) fn cover<'a>(&self, root: &'a Node, cell: Cell) -> Result<&'a Node, TreeError> {
        let mut node = root;
        while node.level + PAGE_SPAN <= cell.level() && !node.children.is_empty() {
            match node.find(cell.origin()) {
                Some(k) => node = self.child(root, node, k)?,
                None => break,
            }
        }
        Ok(node)
    }

    fn has_finer(&self, node: &Node, cell: Cell) -> bool {
        let (from, to) = interval(node, cell);
        node.children.any_in(from, to)
    }

    pub(crate) fn proven(
        &self,
        root: &Node,
        node: &Node,
        cell: Cell,
    ) -> Result<Option<(MaterialId, SourceKind, u8)>, TreeError> {
        let bounds = cell.bounds().intersection(&WORLD);
        if bounds.is_empty() {
            return Ok(None);
        }
        let (from, to) = interval(node, cell);
        if !node.children.any_in(from, to) {
            match node.exceptions.range_uniform(from, to) {
                Some(Some(m)) => return Ok(Some((m, exception_kind(node), node.level))),
                Some(None) => {
                    return Ok(node.origin.proven(&bounds).map(|(m, o)| (m, o.kind, o.page_level)));
                }
                None => {}
            }
        } else if to - from == 1 {
            // The cell is a finer page's own.
            let Some(k) = node.children.find(from) else { return Ok(None) };
            let child = self.child(root, node, k)?;
            return self.proven(root, child, cell);
        }
        let mut all = None;
        for octant in 0..8 {
            let Some(part) = cell.child(octant) else { return Ok(None) };
            if !WORLD.intersects(&part.bounds()) {
                continue;
            }
            let Some((m, ..)) = self.proven(root, node, part)? else { return Ok(None) };
            if all.is_some_and(|a| a != m) {
                return Ok(None);
            }
            all = Some(m);
        }
        Ok(all.map(|m| (m, SourceKind::Summary, node.level)))
    }

    pub(crate) fn shares_in(&self, root: &Node, node: &Node, cell: Cell) -> Result<Shares, TreeError> {
        if cell == node.id.cell() {
            let children = node.children.list();
            return Ok(shares_of_whole(node.id, &node.origin, &node.exceptions, children));
        }
        let (from, to) = interval(node, cell);
        if !node.children.any_in(from, to) {
            return Ok(shares_of_page(node, cell));
        }
        if to - from == 1 {
            // The page that covers exactly this cell, or (asked for something finer) the page around it.
            let Some(k) = node.children.find(from) else { return Ok(shares_of_page(node, cell)) };
            if cell.level() == node.level + PAGE_SPAN {
                return Ok(node.children.shares(k).clone());
            }
            let child = self.child(root, node, k)?;
            return self.shares_in(root, child, cell);
        }
        let mut sum = Shares::default();
        for part in (0..8).filter_map(|o| cell.child(o)) {
            if WORLD.intersects(&part.bounds()) {
                sum.merge(&self.shares_in(root, node, part)?, 3);
            }
        }
        Ok(sum)
    }
}

/// The sub-cells of `node` that a cell covers, as a Morton interval: one for cells finer than sub-cells.
fn interval(node: &Node, cell: Cell) -> (u32, u32) {
    let from = node.sub(cell.origin());
    let below = (node.level + PAGE_SPAN).saturating_sub(cell.level());
    (from, from + (1 << (3 * u32::from(below))))
}

/// Shares of a cell from a page's base and exceptions alone.
pub(crate) fn shares_of_page(node: &Node, cell: Cell) -> Shares {
    let (from, to) = interval(node, cell);
    match node.exceptions.range_uniform(from, to) {
        Some(Some(m)) => shares_of_box(m, cell),
        Some(None) => shares_of_origin(&node.origin, cell),
        None => {
            let mut sum = Shares::default();
            for part in (0..8).filter_map(|o| cell.child(o)) {
                if WORLD.intersects(&part.bounds()) {
                    sum.merge(&shares_of_page(node, part), 3);
                }
            }
            sum
        }
    }
}

/// One material in the part of a cell that lies in the world.
pub(crate) fn shares_of_box(m: MaterialId, cell: Cell) -> Shares {
    let bounds = cell.bounds();
    let inside = bounds.intersection(&WORLD).volume();
    let mut s = Shares::default();
    s.add(m, (inside * u128::from(WHOLE) / bounds.volume().max(1)) as u64);
    s
}

/// Shares of a cell filled by one function.
pub(crate) fn shares_of_origin(origin: &Origin, cell: Cell) -> Shares {
    let bounds = cell.bounds();
    let inside = bounds.intersection(&WORLD);
    if inside.is_empty() {
        return Shares::default();
    }
    if let Some((m, _)) = origin.proven(&inside) {
        return shares_of_box(m, cell);
    }
    let edge = cell.edge_ticks();
    let n = edge.min(COLUMNS);
    // Materials with their volume (in ticks of column) and where along the Morton curve they first appear.
    let mut found: Vec<(MaterialId, u64, u32)> = Vec::new();
    let mut runs: Vec<OriginRun> = Vec::new();
    for j in 0..n {
        for i in 0..n {
            let middle = |k: u32| (u64::from(2 * k + 1) * u64::from(edge) / u64::from(2 * n)) as u32;
            let (x, y) = (bounds.min[0] + middle(i), bounds.min[1] + middle(j));
            if x >= WORLD_X || y >= WORLD_Y {
                continue;
            }
            runs.clear();
            origin.column(x, y, inside.min[2], inside.max[2], &mut runs);
            for &(z0, z1, m, ..) in &runs {
                let k = (u64::from(z0 - bounds.min[2]) * u64::from(n) / u64::from(edge)) as u32;
                let first = bm_morton::encode3_u32(i as u16, j as u16, k as u16);
                match found.iter_mut().find(|(o, ..)| *o == m) {
                    Some((_, v, f)) => {
                        *v += u64::from(z1 - z0);
                        *f = first.min(*f);
                    }
                    None => found.push((m, u64::from(z1 - z0), first)),
                }
            }
        }
    }
    found.sort_by_key(|&(_, _, first)| first);
    let mut s = Shares::default();
    for (m, v, _) in found {
        let whole = u128::from(edge) * u128::from(n * n);
        s.add(m, (u128::from(v) * u128::from(WHOLE) / whole) as u64);
    }
    s
}
