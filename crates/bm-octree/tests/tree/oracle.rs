//! The definition of a voxel's material, straight from the bodies: slow, and without the tree's own code.

use bm_codec::body::{Base, Body};
use bm_codec::function::ColumnFunction;
use bm_codec::procedural::GeneratorRegistry;
use bm_core::page::{PAGE_LEVELS, PAGE_SPAN};
use bm_core::{Cell, MaterialId, PageId, Pos, TickBox};
use std::collections::BTreeMap;

pub type Bodies = BTreeMap<PageId, Body>;

pub struct Oracle<'a> {
    bodies: &'a Bodies,
    generators: BTreeMap<PageId, Box<dyn ColumnFunction>>,
}

/// Morton index of the sub-cell of a page that holds a voxel, bit by bit.
fn sub_cell(page: PageId, at: [u32; 3]) -> u32 {
    let low = page.cell().origin();
    let edge = page.cell().edge_ticks() >> PAGE_SPAN;
    let mut sub = 0;
    for (axis, low) in low.into_iter().enumerate() {
        let c = (at[axis] - low) / edge;
        for bit in 0..u32::from(PAGE_SPAN) {
            sub |= (c >> bit & 1) << (3 * bit + axis as u32);
        }
    }
    sub
}

impl<'a> Oracle<'a> {
    pub fn new(bodies: &'a Bodies) -> Self {
        let registry = GeneratorRegistry::standard();
        let made = bodies.iter().filter_map(|(&id, b)| match &b.base {
            Base::Procedural(g) => Some((id, registry.instantiate(g).unwrap())),
            _ => None,
        });
        Self { bodies, generators: made.collect() }
    }

    pub fn material(&self, pos: Pos) -> MaterialId {
        // The chain of pages around the voxel, as far down as there are any.
        let chain: Vec<PageId> = PAGE_LEVELS
            .iter()
            .map(|&l| PageId::containing(pos, l).unwrap())
            .take_while(|id| self.bodies.contains_key(id))
            .collect();
        self.answer(&chain, [pos.x(), pos.y(), pos.z()])
    }

    /// What the last page of a chain of ancestors answers.
    fn answer(&self, chain: &[PageId], at: [u32; 3]) -> MaterialId {
        let Some((&page, above)) = chain.split_last() else { return MaterialId::UNSET };
        let body = &self.bodies[&page];
        if let Some(m) = body.exceptions.get(sub_cell(page, at)) {
            return m;
        }
        match &body.base {
            Base::Inherit => self.answer(above, at),
            Base::Uniform(m) => *m,
            Base::Strata(s) => s.material(at).unwrap_or_else(|| self.answer(above, at)),
            Base::Procedural(_) => self.generators[&page].material(at).unwrap(),
            Base::Shared(owner) => match &self.bodies[owner].base {
                Base::Strata(s) => s.material(at).unwrap_or_else(|| self.answer(above, at)),
                other => panic!("{page} shares {other:?}"),
            },
        }
    }

    /// Volumes by material of a small cell, in voxels, in the order of the Morton curve.
    pub fn dense(&self, cell: Cell) -> Vec<(MaterialId, u64)> {
        let mut out: Vec<(MaterialId, u64)> = Vec::new();
        self.visit(cell, &mut |m| match out.iter_mut().find(|(o, _)| *o == m) {
            Some((_, v)) => *v += 1,
            None => out.push((m, 1)),
        });
        out
    }

    fn visit(&self, cell: Cell, see: &mut impl FnMut(MaterialId)) {
        if cell.level() < 28 {
            (0..8).for_each(|o| self.visit(cell.child(o).unwrap(), see));
        } else if let [x, y, z] = cell.origin()
            && let Ok(pos) = Pos::new(x, y, z)
        {
            see(self.material(pos));
        }
    }

    /// Largest volume, the first one on a tie.
    pub fn plurality(&self, cell: Cell) -> MaterialId {
        let volumes = self.dense(cell);
        let most = volumes.iter().map(|v| v.1).max().unwrap_or(0);
        volumes.iter().find(|v| v.1 == most).map_or(MaterialId::UNSET, |v| v.0)
    }
}

/// Every voxel of a box, x fastest.
pub fn voxels(b: TickBox) -> impl Iterator<Item = [u32; 3]> {
    let xs = move |y, z| (b.min[0]..b.max[0]).map(move |x| [x, y, z]);
    (b.min[2]..b.max[2]).flat_map(move |z| (b.min[1]..b.max[1]).flat_map(move |y| xs(y, z)))
}
