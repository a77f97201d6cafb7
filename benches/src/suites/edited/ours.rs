//! Our side of the comparisons: commits of cells to a world.

use bm_core::frame::SEA_LEVEL;
use bm_core::{MaterialId, Pos};
use bm_hybrid::World;
use bm_overlay::{Durability, Transaction};

use super::{Cells, ours};
use crate::harness::BenchError;
use crate::inputs::edits::CellEdit;

/// One transaction of these cells.
///
/// # Errors
/// When the world refuses.
#[inline]
pub fn commit(world: &World, cells: &[CellEdit], durability: Durability) -> Result<u64, BenchError> {
    let mut transaction = Transaction::new("bench");
    transaction.durability(durability);
    for &(at, material) in cells {
        transaction.set(at, material);
    }
    world.edit(&transaction).map(|committed| committed.version).map_err(ours)
}

/// One cell as a transaction of its own.
///
/// # Errors
/// When the world refuses.
#[inline]
pub fn put(world: &World, (at, material): CellEdit, durability: Durability) -> Result<u64, BenchError> {
    world.put(at, material, durability, "bench").map_err(ours)
}

/// Has a world begin its journal, by a commit that changes nothing anybody sees.
///
/// # Errors
/// When the world refuses.
pub fn warm(world: &World) -> Result<(), BenchError> {
    let nowhere = Pos::new(0, 0, SEA_LEVEL).map_err(ours)?;
    put(world, (nowhere, MaterialId::UNSET), Durability::Sync).map(drop)
}

/// All cells in transactions of `size`, acknowledged in memory.
///
/// # Errors
/// When the world refuses.
pub fn commit_all(world: &World, cells: &[CellEdit], size: usize) -> Result<(), BenchError> {
    if size == 1 {
        return cells.iter().try_for_each(|&cell| put(world, cell, Durability::Memory).map(drop));
    }
    cells.chunks(size).try_for_each(|chunk| commit(world, chunk, Durability::Memory).map(drop))
}

/// The last edit of each cell.
#[must_use]
pub fn last(cells: &[CellEdit]) -> Cells {
    cells.iter().copied().collect()
}

/// Whether a world says of all these cells what they were changed to, and of their eastern neighbours that were not
/// changed what `base` says.
///
/// # Errors
/// When the world cannot be read.
pub fn agrees(
    world: &World,
    cells: &Cells,
    base: &dyn Fn(Pos) -> Result<MaterialId, BenchError>,
) -> Result<bool, BenchError> {
    let view = world.view();
    let read = view.pin();
    for (&at, &material) in cells {
        let east = at.east(1);
        let expected = match cells.get(&east) {
            Some(&edited) => edited,
            None => base(east)?,
        };
        if read.sample(at).map_err(ours)?.material != material
            || read.sample(east).map_err(ours)?.material != expected
        {
            return Ok(false);
        }
    }
    Ok(true)
}
