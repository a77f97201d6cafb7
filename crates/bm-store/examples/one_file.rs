//! A world file from birth to second reading: create, commit, read while writing, verify, open again.
//!
//! `cargo run -p bm-store --example one_file`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use bm_core::PageId;
use bm_store::{Batch, FileStore, PageRange, PageStore, StoreError};
use std::ops::ControlFlow;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::temp_dir().join(format!("bm-store-example-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let result = run(&folder.join("tiny.bm"));
    std::fs::remove_dir_all(&folder)?;
    Ok(result?)
}

fn run(path: &std::path::Path) -> Result<(), StoreError> {
    let store = FileStore::create(path)?;
    let mut batch = Batch::new();
    batch.put_meta("name", "a thousand pages");
    for x in 0..1000 {
        if let Some(id) = PageId::new(14, [x, 1, 2]) {
            batch.put(id, vec![x as u8; 300 + x as usize]);
        }
    }
    println!("committed version {}", store.commit(batch)?);

    let before = store.snapshot()?;
    let mut change = Batch::new();
    change.put(PageId::ROOT, "the coarsest page").expect_version(before.version());
    println!("committed version {}", store.commit(change)?);
    println!("the older snapshot still has no root page: {:?}", before.get(PageId::ROOT)?);
    drop(before);

    store.compact()?;
    println!("{:?}", store.stats()?);
    match FileStore::open(path) {
        Err(e) => println!("a second writer is told: {e}"),
        Ok(_) => println!("two writers at once, which must not be"),
    }
    drop(store);

    let store = FileStore::open_read_only(path)?;
    let report = store.verify(&mut |problem| println!("{problem:?}"), &mut |_, _| {})?;
    println!("{report:?}");
    let mut shown = 0;
    store.snapshot()?.scan(PageRange::ALL, &mut |id, payload| {
        println!("{id}: {} bytes", payload.len());
        shown += 1;
        if shown < 3 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })
}
