//! Properties of the file as a whole that need a look inside.

use super::*;
use crate::conformance::{page_id, payload};
use crate::{FaultFile, Problem, envelope};
use redb::ReadableTable;

fn filled(file: &Arc<FaultFile>) -> FileStore {
    let store = FileOptions::default().create_on(file.clone(), "w").unwrap();
    let mut batch = Batch::new();
    for n in 0..300 {
        batch.put(page_id(n), payload(u64::from(n), 200 + n as usize * 7));
    }
    store.commit(batch).unwrap();
    store
}

#[test]
fn equal_commits_give_equal_files() {
    let files = [(); 2].map(|()| {
        let file = Arc::new(FaultFile::new());
        filled(&file).compact().unwrap();
        file.bytes()
    });
    assert!(files[0] == files[1]);
}

#[test]
fn full_rows_leave_little_over() {
    let file = Arc::new(FaultFile::new());
    let store = filled(&file);
    store.compact().unwrap();
    let sum = store.stats().unwrap().payload_bytes;
    drop(store);
    let size = file.bytes().len() as u64;
    // 373 KB: two runs of 32 KiB that the engine leaves free weigh more here than in a world.
    assert!(size < sum + sum / 100 + 150_000, "{size} bytes for {sum}");
}

/// A row that vanished whole breaks no checksum; the count of pages tells.
#[test]
fn a_missing_row_is_a_problem() {
    let file = Arc::new(FaultFile::new());
    drop(filled(&file));
    let raw: Arc<dyn RawFile> = file.clone();
    let db = Builder::new().create_with_backend(Blocks::open(raw).unwrap().0).unwrap();
    let txn = db.begin_write().unwrap();
    {
        let mut rows = txn.open_table(ROWS).unwrap();
        let key = rows.iter().unwrap().next_back().unwrap().unwrap().0.value();
        rows.remove(key).unwrap();
    }
    txn.commit().unwrap();
    drop(db);
    let store = FileOptions::default().open_on(file, "w").unwrap();
    let mut problems: Vec<Problem> = Vec::new();
    let report = store.verify(&mut |p| problems.push(p), &mut |_, _| {}).unwrap();
    assert!(report.problems > 0 && report.pages_checked < 300, "{problems:?}");
}

/// The world must not go back silently, whatever the engine takes for its newest commit.
#[test]
fn a_world_that_fell_back_is_refused() {
    let file = Arc::new(FaultFile::new());
    let store = filled(&file);
    let old = file.bytes();
    store.commit(Batch::new()).unwrap();
    drop(store);
    let mut mixed = old;
    mixed[512..2048].copy_from_slice(&file.bytes()[512..2048]);
    let refused = FileOptions::default().open_on(Arc::new(FaultFile::with_bytes(mixed)), "w");
    assert!(matches!(refused, Err(StoreError::Damaged { .. })), "{refused:?}");
}

/// Files from before there was history, and files that such a program has written to since.
#[test]
fn a_head_without_history_has_one_version() {
    let file = Arc::new(FaultFile::new());
    let store = filled(&file);
    store.commit(Batch::new().put(page_id(3), "new").keep_history(true).clone()).unwrap();
    assert_eq!(store.oldest().unwrap(), 1);
    drop(store);
    let raw: Arc<dyn RawFile> = file.clone();
    let db = Builder::new().create_with_backend(Blocks::open(raw).unwrap().0).unwrap();
    let txn = db.begin_write().unwrap();
    {
        let mut metas = txn.open_table(METAS).unwrap();
        let head = metas.get(HEAD_NAME).unwrap().unwrap().value().to_vec();
        let short =
            envelope::seal_internal(HEAD_NAME, &envelope::unseal_named(HEAD_NAME, &head).unwrap()[..24]);
        metas.insert(HEAD_NAME, short.as_slice()).unwrap();
    }
    txn.commit().unwrap();
    drop(db);
    let store = FileOptions::default().open_on(file, "w").unwrap();
    assert_eq!((store.oldest().unwrap(), store.stats().unwrap().history_pages), (2, 0));
    assert!(matches!(store.snapshot_at(1), Err(StoreError::Retired { version: 1, oldest: 2 })));
    assert_eq!(store.verify(&mut |_| {}, &mut |_, _| {}).unwrap().problems, 0);
    // What the history held then must not be taken for what is kept from now on.
    store.commit(Batch::new().put(page_id(4), "newer").keep_history(true).clone()).unwrap();
    assert_eq!((store.oldest().unwrap(), store.stats().unwrap().history_pages), (2, 1));
    let then = store.snapshot_at(2).unwrap();
    assert_eq!(then.get(page_id(3)).unwrap().as_deref(), Some(&b"new"[..]));
    assert_eq!(then.get(page_id(4)).unwrap().as_deref(), Some(&payload(4, 228)[..]));
    assert_eq!(store.verify(&mut |_| {}, &mut |_, _| {}).unwrap().problems, 0);
}
