//! Both stores through the one suite.

use bm_store::conformance::{history_run, run_all, run_durable};
use bm_store::{FaultFile, FileOptions, FileStore, MemoryStore, PageStore};
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

/// Longer lives with a history, closed and opened, compacted, killed; in memory, where a sync costs nothing.
#[test]
fn histories_of_the_file_store() {
    for seed in 100..112 {
        let file = Cell::new(Arc::new(FaultFile::new()));
        let last = || {
            let here = file.take();
            file.set(here.clone());
            here
        };
        let options = FileOptions::default().cache_bytes(1 << 20);
        let mut turn = seed;
        let store = options.create_on(last(), "history").unwrap();
        history_run(store, seed, 60, &mut |store| {
            turn += 1;
            match turn % 3 {
                0 => store.compact().unwrap(),
                1 => {
                    drop(store);
                    return options.open_on(last(), "history").unwrap();
                }
                // Killed: what the process that comes after finds is a copy from before the close.
                _ => {
                    file.set(Arc::new(FaultFile::with_bytes(last().bytes())));
                    return options.open_on(last(), "history").unwrap();
                }
            }
            store
        });
    }
}
