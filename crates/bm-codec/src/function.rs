//! Base functions as column functions: what every form of base can be asked.

use bm_core::{MaterialId, TickBox};

/// One vertical run of a column: ticks `from..to` are `material`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColumnRun {
    /// First tick.
    pub from: u32,
    /// First tick above.
    pub to: u32,
    /// What fills it; `None` where this function has no answer and the ancestor's holds.
    pub material: Option<MaterialId>,
}

/// A pure function from voxels to materials that can also speak about whole columns and boxes.
///
/// All three methods must agree: `column` with `material` voxel by voxel, and `uniform` may only say
/// `Some` when every voxel of the box has that material. Voxels are ticks of the root cube.
pub trait ColumnFunction: Send + Sync {
    /// The material of one voxel; `None` where the function does not answer.
    fn material(&self, at: [u32; 3]) -> Option<MaterialId>;

    /// Appends the runs of column (`x`, `y`) from tick `z0` up to (not including) `z1`, bottom up,
    /// without gaps. Neighbouring runs may hold the same material.
    fn column(&self, x: u32, y: u32, z0: u32, z1: u32, out: &mut Vec<ColumnRun>);

    /// The one material of a non-empty box, if bounds prove that there is only one. `None` when the box is
    /// mixed or nothing could be proved cheaply.
    fn uniform(&self, bounds: &TickBox) -> Option<MaterialId>;
}
