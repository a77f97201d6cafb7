//! The function that answers for a page where no exception does, already resolved through its ancestors.

use bm_codec::function::{ColumnFunction, ColumnRun};
use bm_codec::strata::Strata;
use bm_core::{MaterialId, SourceKind, TickBox};
use std::sync::Arc;

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
                let ([x0, x1], [y0, y1]) = s.surface.coverage();
                let cover = TickBox { min: [x0, y0, 0], max: [x1, y1, u32::MAX] };
                if cover.intersects(b) { None } else { under.proven(b) }
            }
        }
    }

    /// Bytes on the heap that this origin alone holds.
    pub(crate) fn heap_bytes(&self) -> usize {
        match &self.function {
            Function::Strata(s, _) => s.heap_bytes(),
            _ => 0,
        }
    }
}
