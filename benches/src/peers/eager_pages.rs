//! The persisted form of the eager peer: our own page tree without an overlay, brought up to date at every batch.
//!
//! Each batch reads the pages it changes, folds the cells in, encodes these pages and all above them, and commits
//! them to a store. It is what [`EagerOctree`](super::EagerOctree) would be if it had to be kept.

use std::sync::Arc;

use bm_codec::body::{Base, Body};
use bm_codec::procedural::PlanetShells;
use bm_core::{MaterialId, PageError, PageId, PageSource, Pos};
use bm_octree::{Commit, Context, Draft, Tree};
use bm_overlay::Transaction;
use bm_store::{Batch, MemoryStore, PageStore, Snapshot};

use crate::harness::BenchError;
use crate::inputs::edits::CellEdit;

/// Edits of a commit: as few as is practical when every commit writes at least four pages.
pub const BATCH: usize = 100;

/// A page tree in memory that is committed to at every batch of edits.
pub struct EagerPages {
    store: MemoryStore,
    tree: Tree,
}

struct Pages(Arc<dyn Snapshot>);

impl PageSource for Pages {
    fn page(&self, id: PageId) -> Result<Option<Vec<u8>>, PageError> {
        self.0.page(id)
    }
}

impl EagerPages {
    /// A tree of what a new world holds.
    ///
    /// # Errors
    /// Does not fail in practice.
    pub fn new() -> Result<Self, BenchError> {
        let mut draft = Draft::new(Context::default());
        draft.put(PageId::ROOT, Body::new(Base::Procedural(PlanetShells::earth())));
        let store = MemoryStore::new();
        let tree = store_commit(&store, draft.finish().map_err(fail)?)?;
        Ok(Self { store, tree })
    }

    /// Writes a batch of edits into their pages.
    ///
    /// # Errors
    /// When a page cannot be read.
    pub fn commit(&mut self, cells: &[CellEdit]) -> Result<(), BenchError> {
        // Sorted, and the last edit of a cell alone.
        let mut transaction = Transaction::new("eager");
        for &(at, material) in cells {
            transaction.set(at, material);
        }
        let mut draft = Draft::of(&self.tree);
        for of_page in transaction.edits().runs.chunk_by(|a, b| a.page == b.page) {
            let runs: Vec<_> = of_page.iter().map(|r| (r.from, r.to, Some(r.material))).collect();
            if let Some(first) = of_page.first() {
                draft.edit(first.page, &runs).map_err(fail)?;
            }
        }
        let commit = draft.finish().map_err(fail)?;
        self.tree = store_commit(&self.store, commit)?;
        Ok(())
    }

    /// The material of a cell.
    ///
    /// # Errors
    /// When a page cannot be read.
    pub fn get(&self, at: Pos) -> Result<MaterialId, BenchError> {
        self.tree.sample(at).map(|found| found.material).map_err(fail)
    }
}

fn store_commit(store: &MemoryStore, commit: Commit) -> Result<Tree, BenchError> {
    let mut batch = Batch::new();
    for (id, bytes) in commit.pages {
        batch.put(id, bytes);
    }
    for id in commit.removed {
        batch.delete(id);
    }
    store.commit(batch).map_err(fail)?;
    let pages = Pages(store.snapshot().map_err(fail)?);
    Tree::open(Context::default(), Arc::new(pages), commit.root_crc).map_err(fail)
}

fn fail(why: impl std::fmt::Display) -> BenchError {
    BenchError::contestant("eager pages", why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::edits::EROSION;
    use crate::peers::{EagerOctree, Form};

    #[test]
    fn both_eager_peers_say_the_same() {
        let edits = EROSION.edits(500, 9).unwrap();
        let mut pages = EagerPages::new().unwrap();
        let mut octree = EagerOctree::new(Form::Plain, MaterialId::UPPER_CRUST, MaterialId::AIR);
        for batch in edits.chunks(BATCH) {
            pages.commit(batch).unwrap();
            for &(at, material) in batch {
                octree.set(at, material);
            }
        }
        for (at, _) in edits {
            for near in [at, at.east(1), at.east(-3)] {
                assert_eq!(pages.get(near).unwrap(), octree.get(near), "{near:?}");
            }
        }
    }
}
