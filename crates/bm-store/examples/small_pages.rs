//! What small pages cost: one durable commit of a page of 200 bytes, with and without keeping what it replaces; and
//! 32 768 pages of 120 bytes under one parent, in time and in bytes on disk.
//!
//! `cargo run --release -p bm-store --example small_pages`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use bm_core::PageId;
use bm_store::{Batch, FileOptions, FileStore, PageStore, RawFile};
use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A file that counts.
#[derive(Debug)]
struct Counted {
    file: File,
    writes: AtomicU64,
    bytes: AtomicU64,
    syncs: AtomicU64,
    sync_nanos: AtomicU64,
}

impl Counted {
    fn create(path: &Path) -> io::Result<Arc<Self>> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
        let [writes, bytes, syncs, sync_nanos] = [(); 4].map(|()| AtomicU64::new(0));
        Ok(Arc::new(Self { file, writes, bytes, syncs, sync_nanos }))
    }

    /// Writes, bytes, syncs, nanoseconds in syncs.
    fn read(&self) -> [u64; 4] {
        [&self.writes, &self.bytes, &self.syncs, &self.sync_nanos].map(|n| n.load(Ordering::Relaxed))
    }
}

impl RawFile for Counted {
    fn len(&self) -> io::Result<u64> {
        RawFile::len(&self.file)
    }
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        RawFile::read_at(&self.file, offset, out)
    }
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(data.len() as u64, Ordering::Relaxed);
        RawFile::write_at(&self.file, offset, data)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        RawFile::set_len(&self.file, len)
    }
    fn sync(&self) -> io::Result<()> {
        let t = Instant::now();
        let done = RawFile::sync(&self.file);
        self.syncs.fetch_add(1, Ordering::Relaxed);
        self.sync_nanos.fetch_add(t.elapsed().as_nanos() as u64, Ordering::Relaxed);
        done
    }
}

/// The `n`th page of level 21 along the Morton curve within one page of level 14.
fn page(n: u64) -> PageId {
    let parent = PageId::new(14, [9000, 5000, 8192]).unwrap_or(PageId::ROOT);
    PageId::from_raw(parent.raw() << 21 | n).unwrap_or(PageId::ROOT)
}

/// Bytes that do not compress.
fn payload(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as u8
    };
    (0..len).map(|_| next()).collect()
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // In the working folder: a temporary one may lie in memory, where a sync costs nothing.
    let folder = std::env::current_dir()?.join(format!("small-pages-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let result = single(&folder, 1).and_then(|()| single(&folder, 32_768)).and_then(|()| many(&folder));
    std::fs::remove_dir_all(&folder)?;
    result
}

fn single(folder: &Path, pages: u64) -> Result<(), Box<dyn std::error::Error>> {
    let path = folder.join(format!("single-{pages}.bm"));
    let file = Counted::create(&path)?;
    let store = FileOptions::default().create_on(file.clone(), &path)?;
    let mut batch = Batch::new();
    for n in 0..pages {
        batch.put(page(n), payload(n, 120));
    }
    store.commit(batch)?;
    for keep in [false, true] {
        let (before, mut times) = (file.read(), Vec::new());
        const ROUNDS: u64 = 100;
        for round in 0..ROUNDS {
            let mut batch = Batch::new();
            batch.put(page(round * 7919 % pages), payload(round, 200)).keep_history(keep);
            let t = Instant::now();
            store.commit(batch)?;
            times.push(t.elapsed());
        }
        let [writes, bytes, syncs, nanos] = std::array::from_fn(|i| (file.read()[i] - before[i]) / ROUNDS);
        println!(
            "one page of 200 bytes among {pages}, keeping {keep}: {:.0?} median, {:.0?} of it in {syncs} syncs (mean); {writes} writes, {bytes} bytes",
            median(&mut times),
            Duration::from_nanos(nanos),
        );
    }
    Ok(())
}

fn many(folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    const PAGES: u64 = 32_768;
    let report = |what: &str, store: &FileStore, t: Instant| -> Result<(), Box<dyn std::error::Error>> {
        let stats = store.stats()?;
        let over = (stats.stored_bytes as f64 - stats.payload_bytes as f64) / PAGES as f64;
        println!(
            "{what}: {:.1?}; {} bytes, {over:.2} a page over the payload",
            t.elapsed(),
            stats.stored_bytes
        );
        Ok(())
    };
    for (what, order) in [("in one batch", 1u64), ("in 64 batches, spread", 64)] {
        let store = FileStore::create(folder.join(format!("many-{order}.bm")))?;
        let t = Instant::now();
        for first in 0..order {
            let mut batch = Batch::new();
            for n in (first..PAGES).step_by(order as usize) {
                batch.put(page(n), payload(n, 120));
            }
            store.commit(batch)?;
        }
        report(&format!("{PAGES} pages of 120 bytes {what}"), &store, t)?;
        let t = Instant::now();
        store.compact()?;
        report("  compacted", &store, t)?;
        let mut batch = Batch::new();
        for n in 0..PAGES {
            batch.put(page(n), payload(n + 1, 120));
        }
        let t = Instant::now();
        store.commit(batch.keep_history(true).clone())?;
        report("  all replaced and kept", &store, t)?;
        let t = Instant::now();
        store.compact()?;
        report("  compacted", &store, t)?;
        let version = store.snapshot()?.version();
        let (then, now) = (store.snapshot_at(version - 1)?, store.snapshot()?);
        for (when, snapshot) in [("now", &now), ("then", &then)] {
            let t = Instant::now();
            for n in 0..PAGES {
                let id = page(n * 7919 % PAGES);
                assert_eq!(snapshot.get(id)?.map(|p| p.len()), Some(120));
            }
            println!("  random get, {when}: {:.0} ns", t.elapsed().as_secs_f64() * 1e9 / PAGES as f64);
        }
        drop((then, now));
        const LOOKS: u32 = 1000;
        let t = Instant::now();
        for _ in 0..LOOKS {
            store.snapshot()?;
        }
        let now = t.elapsed() / LOOKS;
        let t = Instant::now();
        for _ in 0..LOOKS {
            store.snapshot_at(version - 1)?;
        }
        println!("  snapshot: {now:.1?}; of an older version {:.1?}", t.elapsed() / LOOKS);
        let t = Instant::now();
        let freed = store.retire(version)?;
        report(&format!("  retired {freed} bytes"), &store, t)?;
    }
    Ok(())
}
