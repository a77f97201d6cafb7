//! The world without its edits: what bases answer where all exceptions are ignored, and what is explicit.

use crate::coarse::WORLD;
use crate::column::Run;
use crate::error::TreeError;
use crate::node::Node;
use crate::origin::Function;
use crate::tree::Tree;
use bm_codec::body::Base;
use bm_codec::function::{ColumnFunction, ColumnRun};
use bm_core::frame::MAX_LEVEL;
use bm_core::page::SUBCELLS;
use bm_core::{MaterialId, PageId, Pos, Sample, SourceKind, TickBox};

/// The pages with a base of their own around a place, from the root down: the last one that answers is right.
type Chain<'a> = Vec<&'a Node>;

/// What a chain of bases answers for a voxel, and which page does.
fn material(chain: &[&Node], at: [u32; 3]) -> (MaterialId, SourceKind, u8) {
    for node in chain.iter().rev() {
        let answer = match &node.origin.function {
            Function::Uniform(m) => Some(*m),
            Function::Strata(s, _) => s.material(at),
            Function::Generated(g) => Some(g.material(at).unwrap_or(MaterialId::UNSET)),
        };
        if let Some(m) = answer {
            return (m, node.origin.kind, node.level);
        }
    }
    (MaterialId::UNSET, SourceKind::Uniform, 0)
}

/// The one material of a box by a chain of bases, if bounds prove it.
fn proven(chain: &[&Node], b: &TickBox) -> Option<MaterialId> {
    let Some((node, above)) = chain.split_last() else { return Some(MaterialId::UNSET) };
    match &node.origin.function {
        Function::Uniform(m) => Some(*m),
        Function::Generated(g) => g.uniform(b),
        Function::Strata(s, _) => {
            let answer = s.uniform(b);
            let ([x0, y0, _], [x1, y1, _]) = (b.min, b.max);
            answer.or_else(|| if s.is_silent([x0, x1], [y0, y1]) { proven(above, b) } else { None })
        }
    }
}

fn put(
    out: &mut Vec<Run>,
    [from, to]: [u32; 2],
    material: MaterialId,
    (source, page_level): (SourceKind, u8),
) {
    match out.last_mut() {
        Some(r) if r.to == from && r.material == material => r.to = to,
        _ => out.push(Run { from, to, material, source, page_level }),
    }
}

/// Appends the runs of a column by a chain of bases.
fn column(chain: &[&Node], [x, y]: [u32; 2], z0: u32, z1: u32, out: &mut Vec<Run>) {
    if z0 >= z1 {
        return;
    }
    let Some((node, above)) = chain.split_last() else {
        return put(out, [z0, z1], MaterialId::UNSET, (SourceKind::Uniform, 0));
    };
    let by = (node.origin.kind, node.level);
    let mut runs: Vec<ColumnRun> = Vec::new();
    let open = match &node.origin.function {
        Function::Uniform(m) => return put(out, [z0, z1], *m, by),
        Function::Strata(s, _) => {
            s.column(x, y, z0, z1, &mut runs);
            true
        }
        Function::Generated(g) => {
            g.column(x, y, z0, z1, &mut runs);
            false
        }
    };
    for r in runs {
        match r.material {
            Some(m) => put(out, [r.from, r.to], m, by),
            None if open => column(above, [x, y], r.from, r.to, out),
            None => column(&[], [x, y], r.from, r.to, out),
        }
    }
}

fn is_own(node: &Node) -> bool {
    !matches!(node.base, Base::Inherit)
}

impl Tree {
    /// The material of one voxel with all exceptions ignored: what it shows when its edits are cleared.
    ///
    /// # Errors
    /// [`TreeError`] when a page that is needed cannot be read.
    pub fn base_at(&self, pos: Pos) -> Result<Sample, TreeError> {
        let root = self.hold();
        let at = [pos.x(), pos.y(), pos.z()];
        let mut chain: Chain<'_> = Vec::with_capacity(4);
        let mut node: &Node = &root;
        loop {
            if is_own(node) {
                chain.push(node);
            }
            match node.find(at) {
                Some(k) => node = self.child(&root, node, k)?,
                None => break,
            }
        }
        let (material, source, page_level) = material(&chain, at);
        Ok(Sample { material, level: MAX_LEVEL, exact: true, source, page_level })
    }

    /// The one material of a box with all exceptions ignored, if bounds prove it; `None` for a mixed box and one
    /// that bounds cannot decide. What reaches beyond the world does not count; `None` if nothing else is left.
    ///
    /// # Errors
    /// [`TreeError`] when a page that is needed cannot be read.
    pub fn base_proven(&self, bounds: &TickBox) -> Result<Option<MaterialId>, TreeError> {
        let b = bounds.intersection(&WORLD);
        if b.is_empty() {
            return Ok(None);
        }
        let root = self.hold();
        let mut chain = Vec::with_capacity(4);
        self.base_proven_in(&root, &root, &b, &mut chain)
    }

    fn base_proven_in<'a>(
        &self,
        root: &'a Node,
        node: &'a Node,
        b: &TickBox,
        chain: &mut Chain<'a>,
    ) -> Result<Option<MaterialId>, TreeError> {
        let depth = chain.len();
        if is_own(node) {
            chain.push(node);
        }
        let answer = self.base_proven_by(root, node, b, chain);
        chain.truncate(depth);
        answer
    }

    fn base_proven_by<'a>(
        &self,
        root: &'a Node,
        node: &'a Node,
        b: &TickBox,
        chain: &mut Chain<'a>,
    ) -> Result<Option<MaterialId>, TreeError> {
        let (low, shift) = (node.id.cell().origin(), node.shift());
        let lo = [0, 1, 2].map(|a| (b.min[a] - low[a]) >> shift);
        let hi = [0, 1, 2].map(|a| (b.max[a] - 1 - low[a]) >> shift);
        // Finer pages in the box: they answer for their own cells.
        let mut kids = Vec::new();
        if !node.children.is_empty() {
            let (from, to) = span(lo, hi);
            let list = node.children.list();
            let first = list.partition_point(|c| c.sub < from);
            for (k, c) in list.iter().enumerate().skip(first).take_while(|(_, c)| c.sub <= to) {
                let at = bm_morton::decode3_u32(c.sub).map(u32::from);
                if (0..3).all(|a| lo[a] <= at[a] && at[a] <= hi[a]) {
                    kids.push((k, at));
                }
            }
        }
        let cells: u64 = (0..3).map(|a| u64::from(hi[a] - lo[a]) + 1).product();
        let mut all = None;
        if (kids.len() as u64) < cells {
            all = proven(chain, b);
            if all.is_none() {
                return Ok(None);
            }
        }
        for (k, at) in kids {
            let min = [0, 1, 2].map(|a| low[a] + (at[a] << shift));
            let cube = TickBox { min, max: min.map(|c| c + (1 << shift)) };
            let child = self.child(root, node, k)?;
            let m = self.base_proven_in(root, child, &cube.intersection(b), chain)?;
            if m.is_none() || all.is_some_and(|a| Some(a) != m) {
                return Ok(None);
            }
            all = m;
        }
        Ok(all)
    }

    /// Appends the runs of column (`x`, `y`) from tick `z0` up to (not including) `z1` with all exceptions
    /// ignored, bottom up: neighbouring runs differ, and together they fill the column.
    ///
    /// # Errors
    /// [`TreeError`] for a column outside the world or a page that cannot be read.
    pub fn base_column(&self, x: u32, y: u32, z0: u32, z1: u32, out: &mut Vec<Run>) -> Result<(), TreeError> {
        Pos::new(x, y, z0)?;
        Pos::new(x, y, z1.max(z0 + 1) - 1)?;
        let root = self.hold();
        let (mut runs, mut chain) = (Vec::new(), Vec::with_capacity(4));
        self.base_column_in(&root, &root, [x, y], [z0, z1], &mut chain, &mut runs)?;
        out.extend(runs);
        Ok(())
    }

    fn base_column_in<'a>(
        &self,
        root: &'a Node,
        node: &'a Node,
        at: [u32; 2],
        [z0, z1]: [u32; 2],
        chain: &mut Chain<'a>,
        out: &mut Vec<Run>,
    ) -> Result<(), TreeError> {
        if z0 >= z1 {
            return Ok(());
        }
        let depth = chain.len();
        if is_own(node) {
            chain.push(node);
        }
        let mut done = z0;
        if !node.children.is_empty() {
            let (shift, low) = (node.shift(), node.id.cell().origin()[2]);
            let [first, last] = node.children.heights;
            let (h0, h1) = (((z0 - low) >> shift).max(first), ((z1 - 1 - low) >> shift).min(last));
            for h in h0..=h1 {
                let (a, b) = (low + (h << shift), low + ((h + 1) << shift));
                let (a, b) = (a.max(z0), b.min(z1));
                let Some(k) = node.children.find(node.sub([at[0], at[1], a])) else { continue };
                column(chain, at, done, a, out);
                self.base_column_in(root, self.child(root, node, k)?, at, [a, b], chain, out)?;
                done = b;
            }
        }
        column(chain, at, done, z1, out);
        chain.truncate(depth);
        Ok(())
    }

    /// The explicit content a stored page holds in its sub-cells `from..to`, as maximal runs in order: (first
    /// sub-cell, first sub-cell beyond, material). `None` where it says nothing: there the pages below answer
    /// ([`Tree::pages_below`]), else the base, or, where the page inherits, an exception of a page above. No runs
    /// if there is no such page.
    ///
    /// # Errors
    /// [`TreeError`] when the page or one above it cannot be read.
    pub fn explicit(
        &self,
        page: PageId,
        from: u32,
        to: u32,
    ) -> Result<Vec<(u32, u32, Option<MaterialId>)>, TreeError> {
        let root = self.hold();
        let Some(node) = self.walk(&root, page)? else { return Ok(Vec::new()) };
        Ok(node.exceptions.runs(from, to.min(SUBCELLS)).collect())
    }
}

/// First and last Morton index of a box of sub-cells.
fn span(lo: [u32; 3], hi: [u32; 3]) -> (u32, u32) {
    let index = |c: [u32; 3]| bm_morton::encode3_u32(c[0] as u16, c[1] as u16, c[2] as u16);
    (index(lo), index(hi))
}
