//! Chunks in memory and beyond it, beside a map of cells.

use super::*;
use crate::atomic::{Disk, Medium, Output};
use proptest::prelude::*;
use std::collections::HashMap;
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicUsize};

/// A store in memory that fails when told to.
#[derive(Debug, Default)]
struct Flaky {
    kept: MemoryStore,
    full: AtomicBool,
    broken: AtomicBool,
    saves: AtomicUsize,
}

impl Flaky {
    fn check(&self, flag: &AtomicBool, key: ChunkKey) -> Result<(), StoreError> {
        if flag.load(Ordering::Relaxed) {
            let source = io::ErrorKind::StorageFull.into();
            return Err(StoreError { key, place: "nowhere".into(), step: "do it", source });
        }
        Ok(())
    }
}

impl ChunkStore for Flaky {
    fn contains(&self, key: ChunkKey) -> Result<bool, StoreError> {
        self.kept.contains(key)
    }
    fn load(&self, key: ChunkKey) -> Result<Option<Vec<u8>>, StoreError> {
        self.check(&self.broken, key)?;
        self.kept.load(key)
    }
    fn save(&self, key: ChunkKey, bytes: &[u8]) -> Result<(), StoreError> {
        self.check(&self.full, key)?;
        self.saves.fetch_add(1, Ordering::Relaxed);
        self.kept.save(key, bytes)
    }
    fn delete(&self, key: ChunkKey) -> Result<bool, StoreError> {
        self.kept.delete(key)
    }
    fn keys(&self) -> Result<Vec<ChunkKey>, StoreError> {
        self.kept.keys()
    }
    fn sync(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Chunks of 4×4, and room for so many that have values.
fn tiny(chunks: usize) -> ChunkedConfig {
    ChunkedConfig { side: 4, max_bytes: chunks * (16 * 4 + SLOT_BYTES), ..ChunkedConfig::default() }
}

fn flaky(config: ChunkedConfig) -> (Arc<Flaky>, ChunkedGrid<i32>) {
    let store = Arc::new(Flaky::default());
    let grid = ChunkedGrid::new(-1, config, Some(store.clone())).unwrap();
    (store, grid)
}

#[test]
fn bad_configurations_are_refused() {
    let config = ChunkedConfig::default();
    for bad in [
        ChunkedConfig { side: 100, ..config.clone() },
        ChunkedConfig { side: 2, ..config.clone() },
        ChunkedConfig { side: 8192, ..config.clone() },
        ChunkedConfig { max_chunks: 1, ..config.clone() },
        ChunkedConfig { max_bytes: 2 * 128 * 128 * 8, ..config.clone() },
    ] {
        assert!(matches!(ChunkedGrid::new(0.0_f64, bad, None), Err(ChunkError::Config { .. })));
    }
}

#[test]
fn reading_makes_nothing() {
    let (store, grid) = flaky(tiny(3));
    for n in -50..50 {
        assert_eq!(grid.get(n * 3, -n * 100).unwrap(), -1);
    }
    let mut out = vec![0; 10_000];
    grid.get_region(CellBox { x: -50, y: -50, width: 100, height: 100 }, &mut out).unwrap();
    assert!(out.iter().all(|&v| v == -1));
    assert_eq!((grid.cached(), grid.cache().bytes(), grid.unsaved()), (0, 0, 0));
    assert_eq!(grid.flush().unwrap(), 0);
    assert!(store.keys().unwrap().is_empty());
    // Writing what is there already is no write.
    grid.set(3, 3, -1).unwrap();
    assert_eq!(grid.flush().unwrap(), 0);
}

#[test]
fn the_ends_of_the_world() {
    let (_, grid) = flaky(tiny(5));
    let corners = [(i64::MIN, i64::MIN), (i64::MAX, i64::MAX), (i64::MIN, i64::MAX), (-1, 0), (0, -1)];
    for (n, (x, y)) in (0..).zip(corners) {
        grid.set(x, y, n).unwrap();
    }
    for (n, (x, y)) in (0..).zip(corners) {
        assert_eq!(grid.get(x, y).unwrap(), n);
    }
    assert_eq!((grid.get(0, 0).unwrap(), grid.get(-1, -1).unwrap()), (-1, -1));
    let mut out = [7; 4];
    let last = CellBox { x: i64::MAX - 2, y: i64::MAX - 2, width: 2, height: 2 };
    grid.get_region(last, &mut out).unwrap();
    assert_eq!(out, [-1; 4]);
    for (x, width) in [(i64::MAX - 2, 4), (i64::MAX, usize::MAX), (0, usize::MAX)] {
        let e = grid.get_region(CellBox { x, y: 0, width, height: 2 }, &mut out).unwrap_err();
        assert!(matches!(e, ChunkError::TooFar { .. }), "{e}");
    }
    let e = grid.set_region(CellBox { x: 0, y: 0, width: 3, height: 1 }, &out).unwrap_err();
    assert!(matches!(e, ChunkError::Length { given: 4, cells: 3 }));
    grid.get_region(CellBox { x: i64::MAX, y: 0, width: 0, height: 5 }, &mut []).unwrap();
}

#[test]
fn unsaved_cells_never_go() {
    // Without a store there is an end to it.
    let grid = ChunkedGrid::new(0_i32, tiny(3), None).unwrap();
    let full = (0..100).find_map(|n| grid.set(n * 4, 0, 5).err().map(|e| (n, e)));
    let (n, e) = full.unwrap();
    assert!(matches!(e, ChunkError::Full { unsaved: 3, pinned: 0.., .. }) && n >= 3, "{n} {e}");
    assert!((0..n).all(|n| grid.get(n * 4, 0).unwrap() == 5), "nothing was lost");
    assert_eq!(grid.get(n * 4, 0).unwrap(), 0, "and what was refused is not there");
    assert!(grid.cache().bytes() <= grid.cache().most_bytes());
    assert!(matches!(grid.flush(), Err(ChunkError::Config { .. })));

    // Nor if saving is not allowed now; flushing makes room.
    let (_, grid) = flaky(ChunkedConfig { save_on_eviction: false, ..tiny(3) });
    let n = (0..100).find(|n| grid.set(n * 4, 0, 5).is_err()).unwrap();
    grid.flush().unwrap();
    grid.set(n * 4, 0, 5).unwrap();
    assert!((0..=n).all(|n| grid.get(n * 4, 0).unwrap() == 5));
}

#[test]
fn a_full_disk_loses_nothing() {
    let (store, grid) = flaky(tiny(4));
    for n in 0..20 {
        grid.set(n * 4, n, n as i32).unwrap();
    }
    assert!(grid.cache().evicted() >= 16);
    store.full.store(true, Ordering::Relaxed);
    let mut written = Vec::new();
    let mut failed = 0;
    for n in 20..40 {
        match grid.set(n * 4, n, n as i32) {
            Ok(()) => written.push(n),
            Err(ChunkError::Store(e)) => {
                assert_eq!(e.source.kind(), io::ErrorKind::StorageFull);
                failed += 1;
            }
            Err(other) => panic!("{other}"),
        }
        assert!(grid.cache().bytes() <= grid.cache().most_bytes());
    }
    assert!(failed > 0 && grid.flush().is_err());
    assert!(grid.unsaved() >= written.len());
    // What is unsaved is still read, and is saved when there is room again.
    for &n in &written {
        assert_eq!(grid.get(n * 4, n).unwrap(), n as i32);
    }
    store.full.store(false, Ordering::Relaxed);
    assert!(grid.flush().unwrap() >= written.len());
    for n in (0..20).chain(written) {
        assert_eq!(grid.get(n * 4, n).unwrap(), n as i32);
    }
    // A chunk that cannot be read is not taken for an empty one.
    store.broken.store(true, Ordering::Relaxed);
    let unread = (0..20).filter(|&n| grid.get(n * 4, n).is_err()).count();
    assert!(unread > 0);
    let missing = (0..20).find(|&n| grid.get(n * 4, n).is_err()).unwrap();
    assert!(grid.set(missing * 4 + 1, missing, 9).is_err());
    store.broken.store(false, Ordering::Relaxed);
    assert_eq!(
        (grid.get(missing * 4, missing).unwrap(), grid.get(missing * 4 + 1, missing).unwrap()),
        (missing as i32, -1)
    );
    store.full.store(true, Ordering::Relaxed);
    grid.set(1, 1, 4).unwrap();
    let unclosed = grid.close().unwrap_err();
    store.full.store(false, Ordering::Relaxed);
    assert_eq!(unclosed.grid.get(1, 1).unwrap(), 4);
    unclosed.grid.close().unwrap();
    // The last cell is in the first chunk.
    assert_eq!(store.kept.keys().unwrap().len(), 20 + (20 - failed));
}

#[test]
fn the_clock_spares_what_is_used() {
    let (store, grid) = flaky(tiny(8));
    grid.set(0, 0, 7).unwrap();
    for n in 1..200 {
        grid.set(n * 4, 0, 1).unwrap();
        assert_eq!(grid.get(0, 0).unwrap(), 7);
    }
    // It never had to go: the hand always met it as used.
    assert!(!store.contains(ChunkKey { x: 0, y: 0 }).unwrap());
    assert_eq!(store.saves.load(Ordering::Relaxed), grid.cache().evicted());
}

#[test]
fn going_to_and_fro_within_the_budget_loads_nothing() {
    let (store, grid) = flaky(tiny(12));
    (0..64).for_each(|n| grid.set(n * 4, 0, n as i32).unwrap());
    let evicted = grid.cache().evicted();
    // Windows of ten chunks, each gone through many times: a chunk comes once and goes once.
    for first in 0..54 {
        for round in 0..20 {
            let n = first + round % 10;
            assert_eq!(grid.get(n * 4, 0).unwrap(), n as i32);
        }
    }
    let moved = grid.cache().evicted() - evicted;
    assert!(moved <= 64 + 12, "{moved} for 64 chunks");
    assert!(store.saves.load(Ordering::Relaxed) <= 64);
}

#[test]
fn what_is_stored_is_checked() {
    let store = Arc::new(MemoryStore::default());
    let key = ChunkKey { x: -1, y: 0 };
    let open = |side| {
        let config = ChunkedConfig { side, ..ChunkedConfig::default() };
        ChunkedGrid::new(0_i32, config, Some(store.clone() as Arc<dyn ChunkStore>)).unwrap()
    };
    let grid = open(8);
    for n in 0..64 {
        grid.set(-8 + n % 8, n / 8, n as i32 * 1_000_003).unwrap();
    }
    grid.close().unwrap();
    let good = store.load(key).unwrap().unwrap();
    assert_eq!(open(8).get(-1, 7).unwrap(), 63_000_189);
    let refused = |bytes: &[u8], says: &str| {
        store.save(key, bytes).unwrap();
        let grid = open(8);
        for e in [grid.get(-1, 7).unwrap_err(), grid.set(-2, 3, 5).unwrap_err()] {
            assert!(
                matches!(e, ChunkError::Damaged { key: k, .. } if k == key) && e.to_string().contains(says),
                "{e}"
            );
        }
        grid.close().unwrap();
        assert_eq!(store.load(key).unwrap().unwrap(), bytes, "nothing is written over it");
    };
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        refused(&bad, "");
        refused(&good[..at], "");
    }
    refused(&[&good[..], &[0]].concat(), "check sum");
    let sealed = |at: usize, put: &[u8]| {
        let mut bad = good.clone();
        bad[at..at + put.len()].copy_from_slice(put);
        let sum = crc32fast::hash(&bad[12..]);
        bad[8..12].copy_from_slice(&sum.to_le_bytes());
        bad
    };
    refused(&sealed(12, &[2]), "version");
    refused(&sealed(13, &[f32::MARK]), "another type");
    refused(&sealed(14, &[31]), "another size");
    refused(&sealed(15, &[9]), "kind");
    refused(&sealed(15, &[1]), "kind");
    refused(&sealed(16, &[0]), "another chunk");
    refused(&sealed(32, &[255; 4]), "longer");
    refused(&sealed(32, &[0]), "");
    store.save(key, &good).unwrap();
    let e = open(16).get(-1, 7);
    assert!(matches!(&e, Err(ChunkError::Damaged { what, .. }) if what.contains("size")), "{e:?}");
}

#[test]
fn the_bytes_of_chunks_are_the_documented_ones() {
    let hex = |bytes: &[u8]| {
        let line = |line: &[u8]| line.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(" ");
        bytes.chunks(16).map(line).collect::<Vec<_>>().join("\n")
    };
    let key = ChunkKey { x: -3, y: 0x0102 };
    let values: Vec<u16> = (0..16).map(|n| n * 4099).collect();
    let dense = blob::write(key, 2, &Tile::Dense(values.into())).unwrap();
    let uniform = blob::write(key, 7, &Tile::Uniform(1.5_f64)).unwrap();
    insta::assert_snapshot!(format!("{}\n\n{}", hex(&dense), hex(&uniform)));
}

#[test]
fn a_store_that_does_not_count_is_not_read() {
    let store = Arc::new(MemoryStore::default());
    let open = |lazy_loading| {
        let config = ChunkedConfig { lazy_loading, ..tiny(3) };
        ChunkedGrid::new(0_i32, config, Some(store.clone() as Arc<dyn ChunkStore>)).unwrap()
    };
    let old = open(true);
    (0..20).for_each(|n| old.set(n * 4, 0, 7).unwrap());
    old.close().unwrap();
    let new = open(false);
    assert_eq!(new.get(0, 0).unwrap(), 0);
    (0..20).for_each(|n| new.set(n * 4 + 1, 0, 8).unwrap());
    assert!((0..20).all(|n| (new.get(n * 4, 0).unwrap(), new.get(n * 4 + 1, 0).unwrap()) == (0, 8)));
}

#[test]
fn flushing_is_due_when_it_is() {
    let (store, grid) = flaky(ChunkedConfig { auto_flush: Some(std::time::Duration::ZERO), ..tiny(4) });
    grid.set(0, 0, 1).unwrap();
    assert_eq!(store.saves.load(Ordering::Relaxed), 0);
    grid.set(1, 0, 1).unwrap();
    assert_eq!(store.saves.load(Ordering::Relaxed), 1);
    store.full.store(true, Ordering::Relaxed);
    assert!(grid.set(2, 0, 1).is_err(), "said, not swallowed");
    assert_eq!((grid.get(1, 0).unwrap(), grid.get(2, 0).unwrap()), (1, -1));
    store.full.store(false, Ordering::Relaxed);
    drop(grid);
    assert_eq!(store.kept.keys().unwrap().len(), 1);
    let (store, grid) =
        flaky(ChunkedConfig { auto_flush: Some(std::time::Duration::from_secs(3600)), ..tiny(4) });
    (0..9).for_each(|n| grid.set(n, 0, 1).unwrap());
    assert_eq!(store.saves.load(Ordering::Relaxed), 0);
}

#[test]
fn many_threads_lose_no_write() {
    let (store, grid) = flaky(tiny(6));
    std::thread::scope(|scope| {
        for thread in 0..4_i64 {
            let grid = &grid;
            scope.spawn(move || {
                // Each its own cells of the same chunks, which come and go all the time.
                for round in 0..300_i64 {
                    for chunk in 0..10 {
                        let (x, y) = (chunk * 4 + thread, (round + chunk) % 4);
                        let old = grid.get(x, y).unwrap();
                        grid.set(x, y, old + 1).unwrap();
                        assert_eq!(grid.get(x, y).unwrap(), old + 1);
                    }
                }
            });
        }
        scope.spawn(|| {
            for _ in 0..200 {
                grid.flush().unwrap();
                assert!(grid.cache().bytes() <= grid.cache().most_bytes());
            }
        });
    });
    assert!(grid.cache().evicted() > 10);
    assert_eq!(grid.memory_bytes(), grid.cache().bytes());
    grid.close().unwrap();
    let grid = ChunkedGrid::new(-1, tiny(6), Some(store as Arc<dyn ChunkStore>)).unwrap();
    for x in 0..40 {
        let sum: i32 = (0..4).map(|y| grid.get(x, y).unwrap() + 1).sum();
        assert_eq!(sum, 300);
    }
}

#[test]
fn there_are_no_more_chunks_than_allowed() {
    let config = ChunkedConfig { max_chunks: 5, ..tiny(1000) };
    let (_, grid) = flaky(config);
    for n in 0..300 {
        grid.set(n * 4, n * 4, 3).unwrap();
        assert!(grid.cached() <= 5);
    }
    assert!((0..300).all(|n| grid.get(n * 4, n * 4).unwrap() == 3));
    // The ring closes up when most places are empty, and goes on.
    let cache = Cache::new(1 << 20, 1000);
    let store = || Some(Arc::new(MemoryStore::default()) as Arc<dyn ChunkStore>);
    let many = ChunkedGrid::in_cache(0_i32, tiny(2), store(), cache.clone()).unwrap();
    (0..800).for_each(|n| many.set(n * 4, 0, 1).unwrap());
    let few = ChunkedGrid::in_cache(0_i32, tiny(2), store(), cache.clone()).unwrap();
    (0..100).for_each(|n| few.set(n * 4, 0, n as i32).unwrap());
    drop(many);
    assert_eq!((cache.chunks(), few.cached(), few.memory_bytes()), (100, 100, cache.bytes()));
    (100..2000).for_each(|n| few.set(n * 4, 0, n as i32).unwrap());
    assert!(cache.chunks() <= 1000 && cache.evicted() > 0);
    assert!((0..2000).all(|n| few.get(n * 4, 0).unwrap() == n as i32));
}

#[test]
fn grids_share_a_cache() {
    let cache = Cache::new(6 * (16 * 8 + SLOT_BYTES), 1000);
    let config = ChunkedConfig { side: 4, ..ChunkedConfig::default() };
    let store = || Some(Arc::new(MemoryStore::default()) as Arc<dyn ChunkStore>);
    let a = ChunkedGrid::in_cache(0.0_f64, config.clone(), store(), cache.clone()).unwrap();
    let b = ChunkedGrid::in_cache(0_u8, config, store(), cache.clone()).unwrap();
    for n in 0..50 {
        a.set(n, n, n as f64).unwrap();
        b.set(n, n, n as u8).unwrap();
        assert!(cache.bytes() <= cache.most_bytes());
    }
    assert!((0..50).all(|n| a.get(n, n).unwrap() == n as f64 && b.get(n, n).unwrap() == n as u8));
    assert_eq!(a.memory_bytes() + b.memory_bytes(), cache.bytes());
    drop(a);
    assert_eq!(b.memory_bytes(), cache.bytes());
    drop(b);
    assert_eq!((cache.bytes(), cache.chunks()), (0, 0));
}

/// A disk whose user is killed at some step: nothing after that happens.
#[derive(Clone)]
struct Killed(Arc<AtomicIsize>);

impl Killed {
    fn step(&self) -> io::Result<()> {
        if self.0.fetch_sub(1, Ordering::Relaxed) > 0 {
            Ok(())
        } else {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }
}

struct KilledFile(Killed, Box<dyn Output>);

impl Write for KilledFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let step = self.0.step();
        // Killed in the middle.
        self.1.write_all(if step.is_ok() { bytes } else { &bytes[..bytes.len() / 2] })?;
        step.map(|()| bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        self.1.flush()
    }
}

impl Output for KilledFile {
    fn sync(&mut self) -> io::Result<()> {
        self.0.step()
    }
}

impl Medium for Killed {
    fn create(&self, path: &Path) -> io::Result<Box<dyn Output>> {
        self.step()?;
        Ok(Box::new(KilledFile(self.clone(), Disk.create(path)?)))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step()?;
        Disk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        Disk.remove(path)
    }
    fn sync_folder(&self, _path: &Path) -> io::Result<()> {
        self.step()
    }
}

#[test]
fn killed_at_any_step_every_chunk_is_whole() {
    for steps in 0..60 {
        let dir = tempfile::tempdir().unwrap();
        let open = |medium: Box<dyn Medium>| {
            let store = FolderStore::open_on(dir.path().into(), Durability::EachSave, medium)?;
            Ok::<_, StoreError>(ChunkedGrid::new(0_i32, tiny(3), Some(Arc::new(store))).unwrap())
        };
        // Nobody waits for the disk here.
        let grid = open(Box::new(Killed(Arc::new(AtomicIsize::new(1_000_000))))).unwrap();
        let in_use = open(Box::new(Disk)).unwrap_err();
        assert_eq!(in_use.source.kind(), io::ErrorKind::WouldBlock);
        (-2..4).for_each(|n| grid.set(n * 4, n * 5000, 1).unwrap());
        grid.close().unwrap();
        let killed = Killed(Arc::new(AtomicIsize::new(steps)));
        let grid = open(Box::new(killed)).unwrap();
        // Two cells of each chunk change together.
        for n in -2..6 {
            let pair = CellBox { x: n * 4, y: n * 5000, width: 2, height: 1 };
            let _ = grid.set_region(pair, &[2, 2]);
        }
        let _ = grid.flush();
        drop(grid);
        let rubbish = || walk(dir.path()).into_iter().filter(|name| name.ends_with(".part")).count();
        let grid = open(Box::new(Disk)).unwrap();
        assert_eq!(rubbish(), 0, "after opening");
        for n in -2..6 {
            let pair = (grid.get(n * 4, n * 5000).unwrap(), grid.get(n * 4 + 1, n * 5000).unwrap());
            let old = if n < 4 { (1, 0) } else { (0, 0) };
            assert!(pair == old || pair == (2, 2), "{n}: {pair:?} after {steps} steps");
        }
    }
}

fn walk(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() {
            names.extend(walk(&entry.path()));
        } else {
            names.push(entry.file_name().into_string().unwrap());
        }
    }
    names
}

#[test]
fn folders_are_as_documented() {
    let dir = tempfile::tempdir().unwrap();
    for durability in [Durability::EachSave, Durability::OnFlush] {
        let store = Arc::new(FolderStore::open(dir.path(), durability).unwrap());
        store.save(ChunkKey { x: -1, y: 1024 }, b"one").unwrap();
        store.save(ChunkKey { x: 0, y: 0 }, b"two").unwrap();
        store.save(ChunkKey { x: 0, y: 0 }, b"three").unwrap();
        store.sync().unwrap();
        assert!(dir.path().join("x-1/y1/-1_1024.chunk").exists());
        assert_eq!(store.load(ChunkKey { x: 0, y: 0 }).unwrap().unwrap(), b"three");
        std::fs::write(dir.path().join("x0/y0/notes.txt"), "others' files stay").unwrap();
        drop(store);
        let store = FolderStore::open(dir.path(), durability).unwrap();
        let mut keys = store.keys().unwrap();
        keys.sort_unstable();
        assert_eq!(keys, [ChunkKey { x: -1, y: 1024 }, ChunkKey { x: 0, y: 0 }]);
        assert!(store.delete(keys[0]).unwrap() && !store.delete(keys[0]).unwrap());
        assert_eq!((store.load(keys[0]).unwrap(), store.contains(keys[1]).unwrap()), (None, true));
        assert!(!dir.path().join("x-1/y1/-1_1024.chunk").exists());
        assert!(dir.path().join("x0/y0/notes.txt").exists());
    }
}

#[derive(Clone, Debug)]
enum Step {
    Set(i64, i64, i32),
    Fill(CellBox, i32, bool),
    Read(CellBox),
    Flush,
    Reopen,
}

fn steps() -> impl Strategy<Value = Step> {
    let at = || -40..40_i64;
    let cells = || {
        (at(), at(), 0..20_usize, 0..20_usize).prop_map(|(x, y, width, height)| CellBox {
            x,
            y,
            width,
            height,
        })
    };
    prop_oneof![
        4 => (at(), at(), -1..3).prop_map(|(x, y, v)| Step::Set(x, y, v)),
        2 => (cells(), -1..3, any::<bool>()).prop_map(|(c, v, same)| Step::Fill(c, v, same)),
        3 => cells().prop_map(Step::Read),
        1 => Just(Step::Flush),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn it_is_a_map_of_cells(
        steps in prop::collection::vec(steps(), 0..80), chunks in 2_usize..12, log2 in 2_u32..4,
        on_disk in prop::bool::weighted(0.1),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let memory: Arc<dyn ChunkStore> = Arc::new(MemoryStore::default());
        let open = || {
            let store = if on_disk {
                Arc::new(FolderStore::open(dir.path(), Durability::OnFlush).unwrap())
            } else {
                memory.clone()
            };
            let side = 1 << log2;
            let config = ChunkedConfig { side, max_bytes: chunks * ((4 << (2 * log2)) + SLOT_BYTES), ..ChunkedConfig::default() };
            ChunkedGrid::new(-1, config, Some(store)).unwrap()
        };
        let mut grid = open();
        let mut map = HashMap::new();
        let at = |c: CellBox, n: usize| (c.x + (n % c.width) as i64, c.y + (n / c.width) as i64);
        for step in steps {
            match step {
                Step::Set(x, y, v) => {
                    grid.set(x, y, v).unwrap();
                    map.insert((x, y), v);
                }
                Step::Fill(c, v, same) => {
                    let values: Vec<i32> = (0..c.width * c.height).map(|n| if same { v } else { v + n as i32 }).collect();
                    grid.set_region(c, &values).unwrap();
                    map.extend(values.iter().enumerate().map(|(n, &v)| (at(c, n), v)));
                }
                Step::Read(c) => {
                    let mut out = vec![99; c.width * c.height];
                    grid.get_region(c, &mut out).unwrap();
                    for (n, v) in out.into_iter().enumerate() {
                        prop_assert_eq!(v, map.get(&at(c, n)).copied().unwrap_or(-1));
                    }
                }
                Step::Flush => {
                    grid.flush().unwrap();
                    prop_assert_eq!(grid.unsaved(), 0);
                }
                Step::Reopen => {
                    grid.close().unwrap();
                    grid = open();
                    prop_assert_eq!(grid.cached(), 0);
                }
            }
            prop_assert!(grid.cache().bytes() <= grid.cache().most_bytes());
            prop_assert_eq!(grid.memory_bytes(), grid.cache().bytes());
        }
        for (&(x, y), &v) in &map {
            prop_assert_eq!(grid.get(x, y).unwrap(), v);
        }
    }
}
