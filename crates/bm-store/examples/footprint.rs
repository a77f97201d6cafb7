//! What a file store costs for a world-like set of pages: bytes over the payload, time to open and to read.
//!
//! `cargo run --release -p bm-store --example footprint`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use bm_core::PageId;
use bm_store::{Batch, FileStore, PageStore};
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::temp_dir().join(format!("bm-store-footprint-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let result = run(&folder.join("earth.bm"));
    std::fs::remove_dir_all(&folder)?;
    result
}

fn run(path: &std::path::Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut state = 1u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut pages: Vec<(PageId, Vec<u8>)> = Vec::new();
    for n in 0..4500u32 {
        let u = (random() % 1000) as f64 / 1000.0;
        let len = 300 + (2970.0 * u * u) as usize;
        let at = [n % 128 * 100, n / 128 * 150, 8191 + n % 2];
        if let Some(id) = PageId::new(14, at) {
            pages.push((id, (0..len).map(|_| (random() >> 33) as u8).collect()));
        }
    }
    pages.push((PageId::ROOT, (0..100_000).map(|_| (random() >> 33) as u8).collect()));
    let sum: usize = pages.iter().map(|p| p.1.len()).sum();

    let store = FileStore::create(path)?;
    let mut batch = Batch::new();
    for (id, payload) in &pages {
        batch.put(*id, payload.clone());
    }
    let t = Instant::now();
    store.commit(batch)?;
    println!("{} pages of {sum} bytes committed in {:.1?}", pages.len(), t.elapsed());
    let t = Instant::now();
    store.compact()?;
    println!("compacted in {:.1?}", t.elapsed());
    drop(store);
    let size = std::fs::metadata(path)?.len();
    println!("{size} bytes on disk, {:.2} % over the payload", (size as f64 / sum as f64 - 1.0) * 100.0);

    let mut open = [f64::MAX; 2];
    for n in 0..20 {
        for (best, read_only) in open.iter_mut().zip([true, false]) {
            let t = Instant::now();
            let store = if read_only { FileStore::open_read_only(path)? } else { FileStore::open(path)? };
            let got = store.snapshot()?.get(pages[n * 200].0)?;
            *best = best.min(t.elapsed().as_secs_f64() * 1e6);
            assert_eq!(got.as_deref(), Some(&pages[n * 200].1[..]));
        }
    }
    println!("open and first get: {:.0} µs to read, {:.0} µs to write", open[0], open[1]);

    let store = FileStore::open(path)?;
    let now = store.snapshot()?;
    let t = Instant::now();
    for _ in 0..100_000 {
        let (id, payload) = &pages[(random() % 4501) as usize];
        assert_eq!(now.get(*id)?.map(|p| p.len()), Some(payload.len()));
    }
    println!("random get: {:.0} ns", t.elapsed().as_secs_f64() * 1e4);
    drop(now);
    let mut times = Vec::new();
    for _ in 0..200 {
        let (id, payload) = &pages[(random() % 4501) as usize];
        let mut batch = Batch::new();
        batch.put(*id, payload.iter().map(|b| !b).collect::<Vec<u8>>());
        let t = Instant::now();
        store.commit(batch)?;
        times.push(t.elapsed());
    }
    times.sort();
    println!("durable put of one page: median {:.0?}", times[100]);
    println!("{} bytes on disk after 200 of them", store.stats()?.stored_bytes);
    store.compact()?;
    println!("{} bytes after compaction", store.stats()?.stored_bytes);
    Ok(())
}
