//! Both stores through the one suite.

use bm_store::conformance::{run_all, run_durable};
use bm_store::{FaultFile, FileOptions, FileStore, MemoryStore};
use std::cell::Cell;
use std::sync::Arc;

#[test]
fn memory_store() {
    run_all(MemoryStore::new);
}

#[test]
fn file_store() {
    let folder = tempfile::tempdir().unwrap();
    let made = Cell::new(0);
    let make = || {
        made.set(made.get() + 1);
        FileStore::create(folder.path().join(format!("{}.bm", made.get()))).unwrap()
    };
    run_all(make);
    run_durable(make, |store| {
        let path = store.path().to_owned();
        drop(store);
        FileStore::open(path).unwrap()
    });
}

#[test]
fn file_store_with_hardly_any_cache() {
    let options = FileOptions::default().cache_bytes(64 << 10);
    run_all(|| options.create_on(Arc::new(FaultFile::new()), "small cache").unwrap());
}
