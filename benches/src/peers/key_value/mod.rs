//! Peers that keep a cell's material by the cell's key: embedded databases, each set up as its makers advise for
//! commits that must survive a loss of power.
//!
//! The key is the cell's place on the Morton curve, so that neighbours lie close together in their trees too.

mod fjall;
mod redb;
mod sqlite;

use std::path::Path;

use bm_core::{MaterialId, Pos};

pub use self::fjall::Fjall;
pub use self::redb::Redb;
pub use self::sqlite::Sqlite;
use crate::harness::BenchError;
use crate::inputs::edits::CellEdit;

/// Threads that commit at the same time.
pub const WRITERS: usize = 8;

/// A database that holds cells.
pub trait KeyValue: Sync {
    /// The database, with its version.
    const NAME: &'static str;

    /// A new one in a folder that is empty.
    ///
    /// # Errors
    /// When it cannot be made.
    fn create(folder: &Path) -> Result<Self, BenchError>
    where
        Self: Sized;

    /// One durable transaction by one of [`WRITERS`] threads.
    ///
    /// # Errors
    /// When the database refuses.
    fn commit(&self, writer: usize, cells: &[CellEdit]) -> Result<(), BenchError>;

    /// Everything it holds, by ascending key.
    ///
    /// # Errors
    /// When it cannot be read.
    fn content(&self) -> Result<Vec<(u128, u16)>, BenchError>;
}

/// The key of a cell: 84 bits.
#[must_use]
pub fn key(at: Pos) -> u128 {
    bm_morton::encode3_u128(at.x().into(), at.y().into(), at.z().into())
}

/// What a database holds after these transactions: the last edit of a cell counts.
#[must_use]
pub fn expected<'a>(edits: impl IntoIterator<Item = &'a CellEdit>) -> Vec<(u128, u16)> {
    let cells: std::collections::BTreeMap<u128, u16> =
        edits.into_iter().map(|&(at, MaterialId(material))| (key(at), material)).collect();
    cells.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::edits::CLUSTERED;

    fn holds_what_was_committed<D: KeyValue>() {
        let folder = tempfile::tempdir().unwrap();
        let database = D::create(folder.path()).unwrap();
        let edits = CLUSTERED.edits(800, 1).unwrap();
        std::thread::scope(|scope| {
            for (writer, mine) in edits.chunks(100).enumerate() {
                let database = &database;
                scope.spawn(move || {
                    for cells in mine.chunks(25) {
                        database.commit(writer, cells).unwrap();
                    }
                });
            }
        });
        // A cell may come twice in random edits, but then within one cluster and so by one writer.
        assert_eq!(database.content().unwrap(), expected(&edits), "{}", D::NAME);
    }

    #[test]
    fn all_hold_what_was_committed() {
        holds_what_was_committed::<Redb>();
        holds_what_was_committed::<Sqlite>();
        holds_what_was_committed::<Fjall>();
    }
}
