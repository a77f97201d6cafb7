//! redb: a copy-on-write B-tree; each commit syncs once.

use std::path::Path;

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

use super::{KeyValue, key};
use crate::harness::BenchError;
use crate::inputs::edits::CellEdit;

const CELLS: TableDefinition<'_, u128, u16> = TableDefinition::new("cells");

/// A redb file with one table. Its default durability is the strict one.
pub struct Redb(Database);

impl KeyValue for Redb {
    const NAME: &'static str = "redb 4.5";

    fn create(folder: &Path) -> Result<Self, BenchError> {
        let database = Self(Database::create(folder.join("cells.redb")).map_err(fail)?);
        // The table itself is not part of what is measured.
        database.commit(0, &[])?;
        Ok(database)
    }

    fn commit(&self, _writer: usize, cells: &[CellEdit]) -> Result<(), BenchError> {
        let transaction = self.0.begin_write().map_err(fail)?;
        {
            let mut table = transaction.open_table(CELLS).map_err(fail)?;
            for (at, material) in cells {
                table.insert(key(*at), material.0).map_err(fail)?;
            }
        }
        transaction.commit().map_err(fail)
    }

    fn content(&self) -> Result<Vec<(u128, u16)>, BenchError> {
        let transaction = self.0.begin_read().map_err(fail)?;
        let table = transaction.open_table(CELLS).map_err(fail)?;
        table
            .iter()
            .map_err(fail)?
            .map(|entry| entry.map(|(key, material)| (key.value(), material.value())).map_err(fail))
            .collect()
    }
}

fn fail(why: impl std::fmt::Display) -> BenchError {
    BenchError::contestant(Redb::NAME, why)
}
