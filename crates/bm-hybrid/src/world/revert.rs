//! Undoing a commit with another one.

use super::World;
use super::edits::Committed;
use crate::error::WorldError;
use crate::view::View;
use bm_core::page::{PAGE_LEVELS, PAGE_SPAN};
use bm_core::{Cell, MaterialId, PageId, Pos};
use bm_octree::Tree;
use bm_overlay::journal::Change;
use bm_overlay::transaction::cells_of;
use bm_overlay::{OverlayError, Transaction};
use bm_vector::Boundary;

/// Most cells that a commit which undoes another one may write.
const MAX_CELLS: usize = 1 << 22;

impl World {
    /// Sets every voxel that a commit of edits wrote back to what it was before that commit, as a new commit, and
    /// every boundary that it changed. Later edits of the same voxels are undone with it; all others stay. What had never been edited is not written but
    /// cleared, so that the base function answers again.
    ///
    /// # Errors
    /// [`WorldError::Data`] when the version is no commit of edits or had too much in it; as [`World::at`] for the
    /// version before it, and as [`World::edit`].
    pub fn revert(&self, version: u64, origin: &str) -> Result<Committed, WorldError> {
        let newest = self.inner.overlay.version();
        if version > newest {
            return Err(WorldError::NoSuchVersion { version, newest });
        }
        let refuse = |detail: String| WorldError::Data { what: "revert", detail };
        let mut changes: Vec<Change> = Vec::new();
        let mut annex: Option<Vec<u8>> = None;
        let mut found = false;
        if let Some(journal) = self.inner.overlay.journal() {
            let first = journal.first_seq();
            if version < first {
                return Err(WorldError::Retired { version, oldest: first });
            }
            let read = journal.read(version..version + 1, &mut |record| {
                found = true;
                annex = record.annex()?.map(<[u8]>::to_vec);
                record.visit(|change| changes.push(change))
            });
            read.map_err(OverlayError::from)?;
        }
        if !found {
            return Err(refuse(format!("version {version} is no commit of edits")));
        }
        let before = self.at(version - 1)?;
        let tree = before.folded()?;
        let mut t = Transaction::new(origin);
        t.note(format!("revert version {version}"));
        let mut left = MAX_CELLS;
        let mut restore = |cell: Cell| -> Result<(), WorldError> {
            restore(tree, cell, &mut t, &mut left)?;
            if left == 0 {
                return Err(refuse(format!(
                    "version {version} wrote over more than {MAX_CELLS} edited cells"
                )));
            }
            Ok(())
        };
        let mut failed = None;
        for change in &changes {
            cells_of(change, &mut |cell| {
                if failed.is_none() {
                    failed = restore(cell).err();
                }
            });
        }
        if let Some(e) = failed {
            return Err(e);
        }
        let boundaries = match annex {
            Some(annex) => self.boundaries_back(&annex, &before)?,
            None => Vec::new(),
        };
        self.edit_with_sound(&t, &boundaries)
    }

    /// The changes that bring boundaries back to what they were before a commit.
    fn boundaries_back(
        &self,
        annex: &[u8],
        before: &View,
    ) -> Result<Vec<bm_vector::set::Change>, WorldError> {
        let now = self.view();
        let mut out = Vec::new();
        for id in super::boundaries::ids(&super::boundaries::decode(annex, &self.inner.areas)?) {
            match before.boundaries().get(id) {
                Some(b) => out.push(bm_vector::set::Change::Put(Boundary::clone(b))),
                None if now.boundaries().get(id).is_some() => {
                    out.push(bm_vector::set::Change::Remove(id.clone()));
                }
                None => {}
            }
        }
        Ok(out)
    }
}

/// Writes what a cell held, in as large pieces as can be.
fn restore(tree: &Tree, cell: Cell, t: &mut Transaction, left: &mut usize) -> Result<(), WorldError> {
    if *left == 0 {
        return Ok(());
    }
    let bounds = cell.bounds();
    if !is_edited(tree, cell)? {
        t.clear(bounds).map_err(OverlayError::from)?;
        return Ok(());
    }
    let whole = if cell.level() == 28 {
        let [x, y, z] = cell.origin();
        Some(tree.sample(Pos::new(x, y, z)?)?.material)
    } else {
        tree.uniform(cell)?
    };
    if let Some(material) = whole.filter(|&m| m != MaterialId::UNSET) {
        t.fill(bounds, material).map_err(OverlayError::from)?;
        return Ok(());
    }
    // Only what is mixed counts: the rest is written in as few pieces as it came in.
    *left -= 1;
    for part in (0..8).filter_map(|o| cell.child(o)) {
        restore(tree, part, t, left)?;
    }
    Ok(())
}

/// Whether any page says something of its own inside a cell.
fn is_edited(tree: &Tree, cell: Cell) -> Result<bool, WorldError> {
    for level in PAGE_LEVELS.into_iter().filter(|&l| l < cell.level().max(1)) {
        let Some(above) = cell.ancestor(level) else { continue };
        let Some(page) = PageId::new(level, above.coords()) else { continue };
        // The cell among the page's sub-cells: an interval, or a part of one.
        let of = cell.level().min(level + PAGE_SPAN);
        let Some(in_page) = cell.ancestor(of) else { continue };
        let mask = (1u32 << (of - level)) - 1;
        let at = in_page.coords().map(|c| (c & mask) as u16);
        let from = bm_morton::encode3_u32(at[0], at[1], at[2]) << (3 * (level + PAGE_SPAN - of));
        let to = from + (1 << (3 * (level + PAGE_SPAN - of)));
        if tree.explicit(page, from, to)?.iter().any(|(_, _, m)| m.is_some()) {
            return Ok(true);
        }
        let below = tree.pages_below(page)?;
        if cell.level() <= level + PAGE_SPAN && below.iter().any(|p| (from..to).contains(&p.sub_index())) {
            return Ok(true);
        }
    }
    Ok(false)
}
