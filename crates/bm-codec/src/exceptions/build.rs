//! Exceptions from a shape, by octant recursion.

use super::runs::RunList;
use super::{Code, Exceptions, THROUGH, code_of};
use bm_core::page::PAGE_SPAN;
use bm_core::{Cell, MaterialId, PageId};

/// What bounds say about a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The shape leaves all of the cell to the base.
    Through,
    /// One material throughout.
    Uniform(MaterialId),
    /// More than one of these, or the bounds cannot tell.
    Mixed,
}

/// A shape that changes the content of some cells: an edit's brush, a rasterised volume.
///
/// [`MaterialId::UNSET`] counts as "through".
pub trait Footprint {
    /// What bounds say about a cell of any level. Must hold for every cell inside; [`Class::Mixed`] is
    /// always allowed and only costs time.
    fn classify(&self, cell: Cell) -> Class;

    /// The one answer for a cell that [`classify`](Self::classify) calls mixed and that the page does
    /// not divide any further: what lies at its centre, or fills most of it. `None` is "through".
    fn at(&self, cell: Cell) -> Option<MaterialId>;
}

/// The exceptions a shape leaves in a page.
///
/// Walks octants in Morton order and stops wherever the bounds decide, so the work follows the shape's
/// surface and not the page's 128³ sub-cells.
#[must_use]
pub fn build_exceptions(page: PageId, shape: &impl Footprint) -> Exceptions {
    let mut list = RunList::default();
    visit(page.cell(), PAGE_SPAN, shape, &mut list);
    list.finish()
}

/// `below` levels of sub-cells lie inside `cell`.
fn visit(cell: Cell, below: u8, shape: &impl Footprint, list: &mut RunList) {
    let code: Code = match shape.classify(cell) {
        Class::Through => THROUGH,
        Class::Uniform(material) => material.0,
        Class::Mixed if below == 0 => code_of(shape.at(cell)),
        Class::Mixed => {
            // Pages end at the finest level, so children exist wherever `below` is not zero.
            for child in (0..8).filter_map(|octant| cell.child(octant)) {
                visit(child, below - 1, shape, list);
            }
            return;
        }
    };
    list.push(1 << (3 * u32::from(below)), code);
}
