//! fjall: a log-structured merge tree; a commit is durable when its journal is synced.

use std::path::Path;

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use super::{KeyValue, key};
use crate::harness::BenchError;
use crate::inputs::edits::CellEdit;

/// A fjall database with one keyspace.
pub struct Fjall {
    database: Database,
    cells: Keyspace,
}

impl KeyValue for Fjall {
    const NAME: &'static str = "fjall 3.1 (SyncAll)";

    fn create(folder: &Path) -> Result<Self, BenchError> {
        let database = Database::builder(folder.join("cells.fjall")).open().map_err(fail)?;
        let cells = database.keyspace("cells", KeyspaceCreateOptions::default).map_err(fail)?;
        Ok(Self { database, cells })
    }

    fn commit(&self, _writer: usize, cells: &[CellEdit]) -> Result<(), BenchError> {
        if let [(at, material)] = cells {
            self.cells.insert(key(*at).to_be_bytes(), material.0.to_le_bytes()).map_err(fail)?;
            return self.database.persist(PersistMode::SyncAll).map_err(fail);
        }
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncAll));
        for (at, material) in cells {
            batch.insert(&self.cells, key(*at).to_be_bytes(), material.0.to_le_bytes());
        }
        batch.commit().map_err(fail)
    }

    fn content(&self) -> Result<Vec<(u128, u16)>, BenchError> {
        self.cells
            .iter()
            .map(|entry| {
                let (key, material) = entry.into_inner().map_err(fail)?;
                let key = key[..].try_into().map_err(fail)?;
                let material = material[..].try_into().map_err(fail)?;
                Ok((u128::from_be_bytes(key), u16::from_le_bytes(material)))
            })
            .collect()
    }
}

fn fail(why: impl std::fmt::Display) -> BenchError {
    BenchError::contestant(Fjall::NAME, why)
}
