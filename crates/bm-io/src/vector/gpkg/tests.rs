//! Databases made here, for what the file of another program does not have.

use crate::IoError;
use crate::vector::{Declared, Features, VectorOptions, read_features, wkb};
use geo_types::{Geometry, line_string};
use rusqlite::{Connection, params};
use serde_json::json;
use std::path::PathBuf;

const LAYERS: &str = "CREATE TABLE gpkg_geometry_columns
    (table_name TEXT, column_name TEXT, geometry_type_name TEXT, srs_id INTEGER, z TINYINT, m TINYINT)";
const SYSTEMS: &str = "CREATE TABLE gpkg_spatial_ref_sys
    (srs_name TEXT, srs_id INTEGER, organization TEXT, organization_coordsys_id INTEGER, definition TEXT)";

fn line() -> Geometry<f64> {
    line_string![(x: 1., y: 2.), (x: 3., y: 4.)].into()
}

/// A geometry behind the format's header.
fn blob(srs: i32) -> Vec<u8> {
    [&b"GP\0\x01"[..], &srs.to_le_bytes(), &wkb::encode(&line())].concat()
}

struct Database {
    folder: tempfile::TempDir,
    db: Connection,
}

impl Database {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = Connection::open(folder.path().join("a.gpkg")).unwrap();
        db.execute_batch(LAYERS).unwrap();
        Self { folder, db }
    }

    /// A table of features with one line.
    fn with_layer(self, table: &str, srs: i32) -> Self {
        let quoted = super::read::quoted(table);
        self.db.execute_batch(&format!("CREATE TABLE {quoted} (shape BLOB, n INTEGER)")).unwrap();
        self.listed(table, srs);
        self.db.execute(&format!("INSERT INTO {quoted} VALUES (?1, 7)"), [blob(srs)]).unwrap();
        self
    }

    fn listed(&self, table: &str, srs: i32) {
        let sql = "INSERT INTO gpkg_geometry_columns VALUES (?1, 'shape', 'GEOMETRY', ?2, 0, 0)";
        self.db.execute(sql, params![table, srs]).unwrap();
    }

    fn with_system(self, name: &str, srs: i32, organization: &str, code: i32) -> Self {
        self.db.execute_batch(SYSTEMS).unwrap();
        let sql = "INSERT INTO gpkg_spatial_ref_sys VALUES (?1, ?2, ?3, ?4, '')";
        self.db.execute(sql, params![name, srs, organization, code]).unwrap();
        self
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("a.gpkg")
    }

    fn read(&self, options: &VectorOptions) -> Result<Features, IoError> {
        read_features(&self.path(), options)
    }

    #[track_caller]
    fn refused(&self, words: &[&str]) {
        let said = self.read(&VectorOptions::default()).unwrap_err();
        assert!(said.is_bad_input());
        let said = said.to_string();
        for word in words {
            assert!(said.contains(word), "{word:?} is not in: {said}");
        }
    }
}

#[test]
fn reference_systems() {
    let read = |d: Database| d.read(&VectorOptions::default()).unwrap().summary.crs;
    let wgs84 = |name: &str| Declared::Wgs84(name.into());
    assert_eq!(read(Database::new().with_layer("a", 4326)), wgs84("EPSG:4326"));
    assert_eq!(read(Database::new().with_layer("a", 0)), Declared::Unset);
    assert_eq!(
        read(Database::new().with_layer("a", 7).with_system("x", 7, "epsg", 4326)),
        wgs84("epsg:4326")
    );
    let named =
        Database::new().with_layer("a", 100_000).with_system("WGS 84 (CRS84)", 100_000, "NONE", 100_000);
    assert_eq!(read(named), wgs84("WGS 84 (CRS84)"));
    let undefined =
        Database::new().with_layer("a", 99_999).with_system("Undefined SRS", 99_999, "GDAL", 99_999);
    assert_eq!(read(undefined), Declared::Unset);
    Database::new().with_layer("a", 3857).refused(&["table \"a\"", "EPSG:3857", "-t_srs"]);
    Database::new().with_layer("a", -1).refused(&["undefined Cartesian", "-a_srs"]);
    Database::new().with_layer("a", 5).with_system("Mars", 5, "NONE", 5).refused(&["Mars"]);
    // One geometry says otherwise than its column.
    let other = Database::new().with_layer("a", 4326);
    other.db.execute("INSERT INTO a VALUES (?1, 8)", [blob(2154)]).unwrap();
    other.refused(&["table \"a\", geometry", "EPSG:2154"]);
}

#[test]
fn tables_of_any_name_and_values_of_any_type() {
    let database = Database::new().with_layer("b", 4326).with_layer("a \"b\" ; DROP", 4326);
    let read = database.read(&VectorOptions::default()).unwrap();
    assert_eq!(read.summary.layers, ["a \"b\" ; DROP", "b"]);
    assert_eq!(read.features[0].properties["n"], json!(7));
    assert_eq!(read.features[0].id, None);
    let database = Database::new();
    database
        .db
        .execute_batch(
            "CREATE TABLE t (Key TEXT PRIMARY KEY, SHAPE BLOB, yes BOOLEAN, x REAL, raw BLOB, none TEXT)",
        )
        .unwrap();
    database.listed("t", 0);
    let sql =
        "INSERT INTO t VALUES ('north', ?1, 1, -0.5, x'00ff', NULL), ('empty', NULL, 0, 1e999, NULL, 'ü')";
    database.db.execute(sql, [blob(0)]).unwrap();
    let read = database.read(&VectorOptions::default()).unwrap();
    assert_eq!((read.features.len(), read.summary.without_geometry), (1, 1));
    assert_eq!(read.features[0].id.as_deref(), Some("north"));
    assert_eq!(read.features[0].geometry, line());
    let expected = [("yes", json!(true)), ("x", json!(-0.5)), ("raw", json!("00ff")), ("none", json!(null))];
    assert_eq!(read.features[0].properties, expected.map(|(k, v)| (k.to_owned(), v)).into());
}

#[test]
fn no_features_to_read() {
    let bare = Database::new();
    bare.refused(&["no table of features"]);
    bare.db.execute_batch("DROP TABLE gpkg_geometry_columns").unwrap();
    bare.refused(&["no GeoPackage of features", "ogr2ogr"]);
    let ghost = Database::new();
    ghost.listed("ghost", 4326);
    ghost.refused(&["table \"ghost\"", "does not exist"]);
    // A view could run for ever.
    let view = Database::new();
    let endless = "CREATE VIEW v AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n AS shape FROM c";
    view.db.execute_batch(endless).unwrap();
    view.listed("v", 4326);
    view.refused(&["table \"v\"", "is a view"]);
    let column = Database::new();
    column.db.execute_batch("CREATE TABLE t (n INTEGER)").unwrap();
    column.listed("t", 4326);
    column.refused(&["no column \"shape\""]);
}

#[test]
fn rows_whose_geometry_is_none_can_be_skipped() {
    let database = Database::new().with_layer("a", 4326);
    for bad in [
        &b"nonsense"[..],
        b"GP\x01\x01\0\0\0\0",
        b"GP\0\x0b\0\0\0\0",
        b"GP\0\x21\0\0\0\0",
        b"GP\0\x03\0\0\0\0",
    ] {
        database.db.execute("INSERT INTO a VALUES (?1, 1)", [bad]).unwrap();
    }
    database.db.execute("INSERT INTO a VALUES ('text', 1), (x'4750001100000000', 2)", []).unwrap();
    database.refused(&["feature 1: geometry: byte 0", "GP"]);
    let skip = VectorOptions { skip_invalid: true, ..VectorOptions::default() };
    let read = database.read(&skip).unwrap().summary;
    assert_eq!((read.features, read.skipped, read.without_geometry), (1, 6, 1));
}

/// A page that leads back to its own beginning.
#[test]
fn a_tree_that_bites_its_tail() {
    let database = Database::new().with_layer("a", 4326);
    database.db.execute_batch("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 3000) INSERT INTO a SELECT NULL, n FROM c").unwrap();
    let root: i64 = database
        .db
        .query_row("SELECT rootpage FROM sqlite_master WHERE name = 'a'", [], |row| row.get(0))
        .unwrap();
    let size: i64 = database.db.query_row("PRAGMA page_size", [], |row| row.get(0)).unwrap();
    let mut bytes = std::fs::read(database.path()).unwrap();
    let page = usize::try_from((root - 1) * size).unwrap();
    assert_eq!(bytes[page], 5, "an interior page");
    // Its rightmost child is itself.
    bytes[page + 8..page + 12].copy_from_slice(&u32::try_from(root).unwrap().to_be_bytes());
    std::fs::write(database.path(), bytes).unwrap();
    database.refused(&["table \"a\"", "SQLite says"]);
}
