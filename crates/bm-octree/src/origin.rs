//! The function that answers for a page where no exception does, already resolved through its ancestors.

use crate::coarse::WORLD;
use bm_codec::function::{ColumnFunction, ColumnRun};
use bm_codec::strata::Strata;
use bm_core::{MaterialId, SourceKind, TickBox};
use std::sync::Arc;

/// Edge in ticks of the largest cell whose columns are all looked at: 32 m.
const COLUMNS_TO: u32 = 128;
/// Bounds of so many smaller cells are looked at to decide a larger one.
const BUDGET: u32 = 64;

/// A resolved base function and where it comes from.
pub(crate) struct Origin {
    pub(crate) function: Function,
    pub(crate) kind: SourceKind,
    /// Level of the page that owns the function.
    pub(crate) page_level: u8,
}

pub(crate) enum Function {
    Uniform(MaterialId),
    /// Strata, and what answers where they do not.
    Strata(Arc<Strata>, Arc<Origin>),
    Generated(Box<dyn ColumnFunction>),
}

/// A vertical run and who says so.
pub(crate) type OriginRun = (u32, u32, MaterialId, SourceKind, u8);

impl Origin {
    pub(crate) fn uniform(material: MaterialId, kind: SourceKind, page_level: u8) -> Arc<Self> {
        Arc::new(Self { function: Function::Uniform(material), kind, page_level })
    }

    /// The material of a voxel, and the origin that knew it.
    #[inline]
    pub(crate) fn material(&self, at: [u32; 3]) -> (MaterialId, &Self) {
        let mut it = self;
        loop {
            match &it.function {
                Function::Uniform(m) => return (*m, it),
                Function::Strata(s, under) => match s.material(at) {
                    Some(m) => return (m, it),
                    None => it = under,
                },
                // A generator answers everywhere; one that does not leaves the cell unset.
                Function::Generated(g) => return (g.material(at).unwrap_or(MaterialId::UNSET), it),
            }
        }
    }

    /// Appends the runs of a column, bottom up, without gaps.
    pub(crate) fn column(&self, x: u32, y: u32, z0: u32, z1: u32, out: &mut Vec<OriginRun>) {
        if z0 >= z1 {
            return;
        }
        let mut runs: Vec<ColumnRun> = Vec::new();
        let under = match &self.function {
            Function::Uniform(m) => return out.push((z0, z1, *m, self.kind, self.page_level)),
            Function::Strata(s, under) => {
                s.column(x, y, z0, z1, &mut runs);
                Some(under)
            }
            Function::Generated(g) => {
                g.column(x, y, z0, z1, &mut runs);
                None
            }
        };
        for r in runs {
            match (r.material, under) {
                (Some(m), _) => out.push((r.from, r.to, m, self.kind, self.page_level)),
                (None, Some(under)) => under.column(x, y, r.from, r.to, out),
                (None, None) => out.push((r.from, r.to, MaterialId::UNSET, self.kind, self.page_level)),
            }
        }
    }

    /// The one material of a box, if bounds prove it, and the origin that knew it.
    pub(crate) fn proven(&self, b: &TickBox) -> Option<(MaterialId, &Self)> {
        match &self.function {
            Function::Uniform(m) => Some((*m, self)),
            Function::Generated(g) => g.uniform(b).map(|m| (m, self)),
            Function::Strata(s, under) => {
                if let Some(m) = s.uniform(b) {
                    return Some((m, self));
                }
                let ([x0, y0, _], [x1, y1, _]) = (b.min, b.max);
                if s.is_silent([x0, x1], [y0, y1]) { under.proven(b) } else { None }
            }
        }
    }

    /// Whether a cube of whole ticks (a cell, as far as the world reaches) is `m` throughout. Exact up to cells
    /// of 32 m, column by column if need be; a coarser cell must be decided by the bounds of its octants.
    pub(crate) fn is_all(&self, cube: &TickBox, m: MaterialId) -> bool {
        let mut budget = BUDGET;
        self.look(cube, m, cube.max[0] - cube.min[0] <= COLUMNS_TO, &mut budget)
    }

    fn look(&self, cube: &TickBox, m: MaterialId, columns: bool, budget: &mut u32) -> bool {
        let inside = cube.intersection(&WORLD);
        if inside.is_empty() {
            return true;
        }
        let edge = cube.max[0] - cube.min[0];
        if edge == 1 {
            return self.material(cube.min).0 == m;
        }
        if let Some((proven, _)) = self.proven(&inside) {
            return proven == m;
        }
        if !self.corners_are(&inside, m) {
            return false;
        }
        if columns {
            return self.columns_are(&inside, m);
        }
        if *budget == 0 {
            return false;
        }
        *budget -= 1;
        let half = edge / 2;
        (0..8u32).all(|o| {
            let min = [0, 1, 2].map(|a| cube.min[a] + (o >> a & 1) * half);
            self.look(&TickBox { min, max: min.map(|c| c + half) }, m, false, budget)
        })
    }

    /// Whether the outermost voxels of a box are `m`: refutes most boxes that are not.
    pub(crate) fn corners_are(&self, b: &TickBox, m: MaterialId) -> bool {
        (0..8u32).all(|o| {
            let corner = [0, 1, 2].map(|a| if o >> a & 1 == 0 { b.min[a] } else { b.max[a] - 1 });
            self.material(corner).0 == m
        })
    }

    fn columns_are(&self, b: &TickBox, m: MaterialId) -> bool {
        self.columns(b, &mut |_, _, _, found| found == m)
    }

    /// Tells `see` all runs of all columns of a box (x and y, first tick, first tick above, material), bottom up,
    /// until it says no.
    pub(crate) fn columns(
        &self,
        b: &TickBox,
        see: &mut dyn FnMut([u32; 2], u32, u32, MaterialId) -> bool,
    ) -> bool {
        let [z0, z1] = [b.min[2], b.max[2]];
        let mut runs: Vec<ColumnRun> = Vec::new();
        let mut deeper: Vec<OriginRun> = Vec::new();
        for y in b.min[1]..b.max[1] {
            for x in b.min[0]..b.max[0] {
                runs.clear();
                let under = match &self.function {
                    Function::Uniform(m) => {
                        runs.push(ColumnRun { from: z0, to: z1, material: Some(*m) });
                        None
                    }
                    Function::Strata(s, under) => {
                        s.column(x, y, z0, z1, &mut runs);
                        Some(under)
                    }
                    Function::Generated(g) => {
                        g.column(x, y, z0, z1, &mut runs);
                        None
                    }
                };
                for r in &runs {
                    let go_on = match (r.material, under) {
                        (Some(m), _) => see([x, y], r.from, r.to, m),
                        (None, Some(under)) => {
                            deeper.clear();
                            under.column(x, y, r.from, r.to, &mut deeper);
                            deeper.iter().all(|d| see([x, y], d.0, d.1, d.2))
                        }
                        (None, None) => see([x, y], r.from, r.to, MaterialId::UNSET),
                    };
                    if !go_on {
                        return false;
                    }
                }
            }
        }
        true
    }

    /// Bytes on the heap that this origin alone holds.
    pub(crate) fn heap_bytes(&self) -> usize {
        match &self.function {
            Function::Strata(s, _) => s.heap_bytes(),
            _ => 0,
        }
    }
}
