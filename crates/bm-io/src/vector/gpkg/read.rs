//! Tables to features.

use super::blob;
use crate::error::Fault;
use crate::vector::Halt;
use crate::vector::crs;
use crate::vector::feature::Declared;
use crate::vector::hex_text;
use crate::vector::sink::{Raw, Sink};
use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row};
use serde_json::Value;
use std::path::Path;

/// Where the database is.
pub(in crate::vector) enum Origin<'a> {
    File(&'a Path),
    Memory(&'a [u8]),
}

/// Any error of SQLite is one of the file: it is only read.
impl From<rusqlite::Error> for Halt {
    fn from(error: rusqlite::Error) -> Self {
        Self::Fault(Fault::damaged("database", format!("SQLite says: {error}")))
    }
}

/// Reads the features of all tables, or of the one that was asked for; `progress` is told the bytes of the rows.
pub(in crate::vector) fn read(
    origin: &Origin<'_>,
    sink: &mut Sink<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<(), Halt> {
    let db = open(origin)?;
    let layers = layers(&db)?;
    let wanted = sink.options().layer.as_deref();
    let names: Vec<&str> = layers.iter().map(|l| l.table.as_str()).take(20).collect();
    if layers.is_empty() {
        let cure = "give a GeoPackage of features; rasters (tiles) and bare tables are not read";
        return Err(Fault::unsuitable("gpkg_geometry_columns", "there is no table of features", cure).into());
    }
    if let Some(wanted) = wanted
        && !names.contains(&wanted)
    {
        let problem = format!("there is no table of features {wanted:?}; there are {names:?}");
        return Err(Fault::unsuitable(
            "gpkg_geometry_columns",
            problem,
            "name one of them with --layer, or none",
        )
        .into());
    }
    let mut done = 0;
    for layer in layers.iter().filter(|l| wanted.is_none_or(|w| w == l.table)) {
        layer.check(&db)?;
        sink.declare(layer.crs()?);
        layer.read(&db, sink, &mut |bytes| {
            done += bytes;
            progress(done);
        })?;
        sink.summary.layers.push(layer.table.clone());
    }
    Ok(())
}

fn open(origin: &Origin<'_>) -> Result<Connection, rusqlite::Error> {
    let db = match origin {
        Origin::File(path) => Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?,
        Origin::Memory(bytes) => {
            let mut db = Connection::open_in_memory()?;
            db.deserialize_read_exact("main", *bytes, bytes.len(), true)?;
            db
        }
    };
    // A file of unknown origin must not run functions out of its schema.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    db.pragma_update(None, "cell_size_check", true)?;
    Ok(db)
}

/// A table of features.
struct Layer {
    table: String,
    column: String,
    srs: i32,
    organization: Option<String>,
    code: Option<i64>,
    name: Option<String>,
}

fn layers(db: &Connection) -> Result<Vec<Layer>, Halt> {
    let known = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND lower(name) = ?1";
    let has = |table: &str| db.query_row(known, [table], |row| Ok(row.get::<_, i64>(0)? > 0));
    if !has("gpkg_geometry_columns")? {
        return Err(Fault::unsuitable(
            "database",
            "SQLite without the table gpkg_geometry_columns: no GeoPackage of features",
            "convert it first: ogr2ogr OUT.gpkg IN",
        )
        .into());
    }
    let sql = if has("gpkg_spatial_ref_sys")? {
        "SELECT g.table_name, g.column_name, g.srs_id, s.organization, s.organization_coordsys_id,
                s.srs_name
         FROM gpkg_geometry_columns g LEFT JOIN gpkg_spatial_ref_sys s ON s.srs_id = g.srs_id
         ORDER BY g.table_name, g.column_name"
    } else {
        "SELECT table_name, column_name, srs_id, NULL, NULL, NULL FROM gpkg_geometry_columns
         ORDER BY table_name, column_name"
    };
    let mut statement = db.prepare(sql)?;
    let rows = statement.query_map([], |row| {
        Ok(Layer {
            table: row.get(0)?,
            column: row.get(1)?,
            srs: row.get(2)?,
            organization: row.get(3)?,
            code: row.get(4)?,
            name: row.get(5)?,
        })
    })?;
    Ok(rows.collect::<Result<Vec<_>, _>>()?)
}

/// A name as SQL has it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl Layer {
    fn place(&self) -> String {
        format!("table {:?}", self.table)
    }

    /// Takes tables that are sound only: SQLite walks a tree whose branches lead back into it for a very long time,
    /// and so it does a view that never ends.
    fn check(&self, db: &Connection) -> Result<(), Halt> {
        let sql = "SELECT type, sql FROM sqlite_master WHERE name = ?1 COLLATE NOCASE AND type IN ('table', 'view')";
        let found = db
            .query_row(sql, [&self.table], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?.unwrap_or_default()))
            })
            .optional()?;
        let wrong = match found {
            None => "is listed, but does not exist",
            Some((kind, _)) if kind == "view" => "is a view",
            Some((_, sql)) if sql.trim_start().to_ascii_uppercase().starts_with("CREATE VIRTUAL") => {
                "is virtual"
            }
            Some(_) => {
                let verdict: String =
                    db.query_row(&format!("PRAGMA quick_check({})", quoted(&self.table)), [], |row| {
                        row.get(0)
                    })?;
                return if verdict == "ok" {
                    Ok(())
                } else {
                    Err(Fault::damaged(self.place(), format!("SQLite says: {verdict}")).into())
                };
            }
        };
        let cure = "write the features into a table: ogr2ogr OUT.gpkg IN";
        Err(Fault::unsupported(self.place(), wrong, cure).into())
    }

    fn crs(&self) -> Result<Declared, Fault> {
        match (self.srs, &self.organization, self.code) {
            // By the standard: undefined geographic.
            (0, ..) => Ok(Declared::Unset),
            (-1, ..) => Err(Fault::unsupported(
                self.place(),
                "the coordinate reference system is −1, undefined Cartesian, not longitude and latitude of WGS 84",
                "declare it: ogr2ogr -a_srs EPSG:4326 OUT.gpkg IN",
            )),
            // GDAL's own: undefined.
            (_, Some(organization), Some(99_999)) if organization == "GDAL" => Ok(Declared::Unset),
            (srs, Some(organization), _) if organization.eq_ignore_ascii_case("NONE") => {
                let name = self.name.clone().unwrap_or_else(|| format!("number {srs} of no organization"));
                crs::accept(&name, &self.place())
            }
            (_, Some(organization), Some(code)) => {
                crs::accept(&format!("{organization}:{code}"), &self.place())
            }
            (srs, ..) => crs::accept(&format!("EPSG:{srs}"), &self.place()),
        }
    }

    fn read(&self, db: &Connection, sink: &mut Sink<'_>, done: &mut dyn FnMut(u64)) -> Result<(), Halt> {
        let mut statement = db.prepare(&format!("SELECT * FROM {}", quoted(&self.table)))?;
        let columns = columns(db, &self.table)?;
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let roles: Vec<Role> = names
            .iter()
            .map(|name| match columns.iter().find(|c| c.name.eq_ignore_ascii_case(name)) {
                _ if name.eq_ignore_ascii_case(&self.column) => Role::Geometry,
                Some(c) if c.key => Role::Key,
                Some(c) if c.declared.eq_ignore_ascii_case("BOOLEAN") => Role::Yes,
                _ => Role::Property,
            })
            .collect();
        if !roles.contains(&Role::Geometry) {
            let problem = format!("has no column {:?}", self.column);
            return Err(Fault::damaged(self.place(), problem).into());
        }
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (raw, bytes) = self.feature(row, &names, &roles)?;
            done(bytes);
            sink.feature(raw)?;
        }
        Ok(())
    }

    fn feature(&self, row: &Row<'_>, names: &[String], roles: &[Role]) -> Result<(Raw, u64), Halt> {
        let mut raw = Raw { layer: Some(self.table.clone()), ..Raw::default() };
        let mut bytes = 0;
        for (i, (name, role)) in names.iter().zip(roles).enumerate() {
            let value = row.get_ref(i)?;
            bytes += match value {
                ValueRef::Blob(b) | ValueRef::Text(b) => b.len() as u64,
                _ => 4,
            };
            match (role, value) {
                (Role::Geometry, ValueRef::Null) => {}
                (Role::Geometry, ValueRef::Blob(blob)) => match blob::decode(blob) {
                    Ok((shape, srs)) => {
                        raw.shape = shape;
                        // Writers leave 0 or −1 where the column speaks for all.
                        if srs != self.srs && srs > 0 {
                            let at = format!("{}, geometry", self.place());
                            crs::accept(&format!("EPSG:{srs}"), &at)?;
                        }
                    }
                    // The row is sound even if its geometry is not.
                    Err(fault) => raw.shape.refuse(|| fault.within("geometry")),
                },
                (Role::Geometry, _) => raw.shape.refuse(|| Fault::damaged("geometry", "is no blob")),
                (Role::Key, ValueRef::Integer(n)) => raw.id = Some(n.to_string()),
                (Role::Key, ValueRef::Text(text)) => {
                    raw.id = Some(String::from_utf8_lossy(text).into_owned())
                }
                (Role::Yes, ValueRef::Integer(n)) => {
                    raw.properties.insert(name.clone(), (n != 0).into());
                }
                (_, value) => {
                    raw.properties.insert(name.clone(), json(value));
                }
            }
        }
        Ok((raw, bytes))
    }
}

fn json(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(n) => n.into(),
        // What is not finite becomes null.
        ValueRef::Real(x) => x.into(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
        ValueRef::Blob(bytes) => hex_text(bytes).into(),
    }
}

/// What a column is to a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Geometry,
    Key,
    Yes,
    Property,
}

struct Column {
    name: String,
    declared: String,
    key: bool,
}

fn columns(db: &Connection, table: &str) -> Result<Vec<Column>, rusqlite::Error> {
    let mut statement = db.prepare(&format!("PRAGMA table_info({})", quoted(table)))?;
    let rows = statement.query_map([], |row| {
        Ok(Column {
            name: row.get(1)?,
            declared: row.get::<_, Option<String>>(2)?.unwrap_or_default(),
            key: row.get::<_, i64>(5)? > 0,
        })
    })?;
    rows.collect()
}
