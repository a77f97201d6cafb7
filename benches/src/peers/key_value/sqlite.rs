//! SQLite: a B-tree with a write-ahead log that is synced at every commit.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior, params};

use super::{KeyValue, WRITERS, key};
use crate::harness::BenchError;
use crate::inputs::edits::CellEdit;

/// Bits of a key below those of its page: its integers have 64 bits, the key has 84.
const LOW: u32 = 21;

/// An SQLite file with one table, and a connection for each writer.
pub struct Sqlite(Vec<Mutex<Connection>>);

impl KeyValue for Sqlite {
    const NAME: &'static str = "SQLite (WAL, synchronous=FULL)";

    fn create(folder: &Path) -> Result<Self, BenchError> {
        let path = folder.join("cells.sqlite");
        let connections: Result<_, BenchError> =
            (0..WRITERS).map(|_| connect(&path).map(Mutex::new).map_err(fail)).collect();
        Ok(Self(connections?))
    }

    fn commit(&self, writer: usize, cells: &[CellEdit]) -> Result<(), BenchError> {
        let connection =
            self.0.get(writer).ok_or_else(|| fail(format!("there are only {WRITERS} connections")))?;
        let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
        upsert(&mut connection, cells).map_err(fail)
    }

    fn content(&self) -> Result<Vec<(u128, u16)>, BenchError> {
        let connection = self.0.first().ok_or_else(|| fail("no connection"))?;
        read(&connection.lock().unwrap_or_else(PoisonError::into_inner)).map_err(fail)
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    // More than any writer ever waits for the others.
    connection.busy_timeout(Duration::from_secs(600))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS cells (
            page INTEGER NOT NULL, cell INTEGER NOT NULL, material INTEGER NOT NULL,
            PRIMARY KEY (page, cell)
        ) WITHOUT ROWID",
    )?;
    Ok(connection)
}

fn upsert(connection: &mut Connection, cells: &[CellEdit]) -> rusqlite::Result<()> {
    // Taking the lock at once, as every transaction writes, spares it a failed upgrade.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    {
        let mut statement = transaction.prepare_cached(
            "INSERT INTO cells (page, cell, material) VALUES (?1, ?2, ?3)
             ON CONFLICT (page, cell) DO UPDATE SET material = excluded.material",
        )?;
        for (at, material) in cells {
            let key = key(*at);
            // 63 bits and 21 bits.
            let (page, cell) = ((key >> LOW) as i64, (key & ((1 << LOW) - 1)) as i64);
            statement.execute(params![page, cell, material.0])?;
        }
    }
    transaction.commit()
}

fn read(connection: &Connection) -> rusqlite::Result<Vec<(u128, u16)>> {
    let mut statement = connection.prepare("SELECT page, cell, material FROM cells ORDER BY page, cell")?;
    let rows = statement.query_map([], |row| {
        let (page, cell): (i64, i64) = (row.get(0)?, row.get(1)?);
        // Neither is ever negative.
        Ok((u128::from(page.unsigned_abs()) << LOW | u128::from(cell.unsigned_abs()), row.get(2)?))
    })?;
    rows.collect()
}

fn fail(why: impl std::fmt::Display) -> BenchError {
    BenchError::contestant(Sqlite::NAME, why)
}
