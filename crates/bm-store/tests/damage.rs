//! Every byte of a world flipped in turn, and the world cut at every length: the content comes back whole or not at all.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]

use bm_store::conformance::{Version, Versions, content, page_id, payload};
use bm_store::{Batch, FaultFile, FileOptions, PageStore, RawFile, StoreError};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// Everything in the store, every version of it, or why not.
fn read_all(bytes: Vec<u8>, known: &Versions) -> Result<Vec<Version>, StoreError> {
    read_from(Arc::new(FaultFile::with_bytes(bytes)), known)
}

fn read_from(file: Arc<dyn RawFile>, known: &Versions) -> Result<Vec<Version>, StoreError> {
    let store = FileOptions::default().cache_bytes(1 << 20).open_on(file, "flipped")?;
    let newest = store.snapshot()?.version();
    assert_eq!((store.oldest()?, newest), (known.oldest, known.newest()), "other versions");
    let read = |v| {
        let then = store.snapshot_at(v)?;
        let pages = content(&*then)?;
        for (&id, bytes) in &known.all[v as usize].pages {
            assert_eq!(then.get(id)?.as_deref(), Some(&bytes[..]), "a page read alone is right or an error");
        }
        let metas = then.meta_names()?.into_iter().map(|name| Ok((name.clone(), then.meta(&name)?.unwrap())));
        Ok(Version { pages, metas: metas.collect::<Result<_, StoreError>>()? })
    };
    (known.oldest..=newest).map(read).collect()
}

struct World {
    versions: Versions,
    clean: Vec<u8>,
    unclean: Vec<u8>,
}

/// A world that these batches make, compacted.
fn made_of(batches: impl IntoIterator<Item = Batch>) -> World {
    let file = Arc::new(FaultFile::new());
    let store = FileOptions::default().create_on(file.clone(), "small").unwrap();
    let mut versions = Versions::default();
    for batch in batches {
        versions.commit(&batch);
        store.commit(batch).unwrap();
    }
    store.compact().unwrap();
    let unclean = file.bytes();
    drop(store);
    let world = World { versions, clean: file.bytes(), unclean };
    assert!(holds(&world, &read_all(world.clean.clone(), &world.versions).unwrap()));
    world
}

fn holds(world: &World, found: &[Version]) -> bool {
    found == &world.versions.all[world.versions.oldest as usize..]
}

/// The smallest there is: few pages, few blocks, one version.
fn small_world() -> World {
    made_of((0..2).map(|half| {
        let mut batch = Batch::new();
        for n in (half..12).step_by(2) {
            let bytes = payload(u64::from(n), 20 + n as usize * 9);
            batch.put(page_id(n), bytes).put_meta("round", n.to_string());
        }
        batch
    }))
}

/// Small as well, but with a history: pages and records changed, new and gone.
fn small_world_with_a_history() -> World {
    made_of((0..4).map(|v| {
        let mut batch = Batch::new();
        for n in 0..6 {
            batch.put(page_id(n * 2 + v), payload(u64::from(v), 20 + n as usize * 9));
        }
        batch.delete(page_id(v)).put_meta("round", v.to_string()).put_meta(format!("only {v}"), "x");
        batch.delete_meta(format!("only {}", v.wrapping_sub(2))).keep_history(v > 0);
        batch
    }))
}

/// With every part a world can have: cut records, large pages, several versions, large pages in the history.
fn world() -> World {
    let mut batches = Vec::new();
    for round in 0..3u32 {
        let mut batch = Batch::new();
        for n in 0..12 {
            let bytes = payload(u64::from(n * 3 + round), 40 + n as usize * 60);
            batch.put(page_id(n * 3 + round), bytes);
        }
        batch.put(page_id(200 + round), payload(9, 7000)).put_meta("round", round.to_string());
        batches.push(batch);
    }
    batches.push(Batch::new().put(page_id(500), payload(1, 13_000)).clone());
    let mut edit = Batch::new();
    for n in 0..12 {
        edit.put(page_id(n * 3), payload(u64::from(n), 40 + n as usize * 50));
    }
    edit.put(page_id(201), "small now").put(page_id(500), payload(2, 13_500)).delete(page_id(4));
    batches.push(edit.put_meta("round", "3").keep_history(true).clone());
    made_of(batches)
}

fn survey(
    what: &str,
    cases: usize,
    world: &World,
    case: impl Fn(usize) -> Option<Vec<u8>> + Sync,
) -> [usize; 2] {
    let next = AtomicUsize::new(0);
    let (whole, error) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= cases {
                        break;
                    }
                    let Some(bytes) = case(n) else { continue };
                    match read_all(bytes, &world.versions) {
                        Ok(found) => {
                            assert!(holds(world, &found), "{what} {n}: other content");
                            whole.fetch_add(1, Ordering::Relaxed)
                        }
                        Err(_) => error.fetch_add(1, Ordering::Relaxed),
                    };
                }
            });
        }
    });
    assert_eq!(PANICS.load(Ordering::Relaxed), 0, "{what}: something panicked, if only on a close");
    let tally = [whole.into_inner(), error.into_inner()];
    println!("{what}: {} harmless, {} detected", tally[0], tally[1]);
    tally
}

#[test]
fn every_flip_and_every_cut_is_detected_or_harmless() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        usual(info);
    }));
    // All of a small world. Of a larger one every byte would take minutes: BM_STORE_FLIPS=1 does it.
    let stride = if std::env::var_os("BM_STORE_FLIPS").is_some() { 1 } else { 41 };
    for (world, stride) in [(small_world(), 1), (small_world_with_a_history(), 3), (world(), stride)] {
        for (what, bytes) in [("flip, closed", &world.clean), ("flip, killed", &world.unclean)] {
            let read = bytes_read(bytes, &world);
            let tally = survey(what, bytes.len() / stride, &world, |n| {
                // What a reading of the whole world does not look at cannot change its outcome.
                let n = n * stride;
                let mut bytes = bytes.clone();
                bytes[n] ^= 1 << (n * 5 % 8);
                read[n].then_some(bytes)
            });
            assert!(tally[1] > 500, "most of what is read matters");
        }
    }
    let world = world();
    let clean = &world.clean;
    let [harmless, detected] = survey("cut", clean.len(), &world, |n| {
        (n % 191 == 0 || n > clean.len() - 40).then(|| clean[..n].to_vec())
    });
    assert!(detected > 100 && harmless == 0, "no part of a world can go unmissed");
}

/// Which bytes are read when everything is.
fn bytes_read(bytes: &[u8], world: &World) -> Vec<bool> {
    let file = Arc::new(Watched {
        file: FaultFile::with_bytes(bytes.to_vec()),
        read: Mutex::new(vec![false; bytes.len()]),
    });
    assert!(holds(world, &read_from(file.clone(), &world.versions).unwrap()));
    file.read.lock().unwrap().clone()
}

/// Remembers what is read.
#[derive(Debug)]
struct Watched {
    file: FaultFile,
    read: Mutex<Vec<bool>>,
}

impl RawFile for Watched {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut read = self.read.lock().unwrap();
        // Blocks behind the old end were written by the opening itself.
        let end = (offset as usize + out.len()).min(read.len());
        read[(offset as usize).min(end)..end].fill(true);
        self.file.read_at(offset, out)
    }
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file.write_at(offset, data)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }
    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
}

#[test]
fn damage_is_pinned_on_the_page_and_spares_the_others() {
    let file = Arc::new(FaultFile::new());
    let store = FileOptions::default().create_on(file.clone(), "w").unwrap();
    let mut batch = Batch::new();
    for n in 0..200 {
        batch.put(page_id(n), payload(u64::from(n), 1000));
    }
    store.commit(batch).unwrap();
    drop(store);
    let mut bytes = file.bytes();
    let victim = payload(77, 1000);
    let at = bytes.windows(64).position(|w| w == &victim[500..564]).unwrap();
    bytes[at] ^= 1;
    let store = FileOptions::default().open_on(Arc::new(FaultFile::with_bytes(bytes)), "w").unwrap();
    let mut problems = Vec::new();
    let report = store.verify(&mut |p| problems.push(p), &mut |_, _| {}).unwrap();
    assert_eq!((report.pages_checked, report.problems), (200, 1), "{problems:?}");
    assert_eq!(problems[0].page, Some(page_id(77)));
    let now = store.snapshot().unwrap();
    assert!(matches!(now.get(page_id(77)), Err(StoreError::Corrupt { page, .. }) if page == page_id(77)));
    assert!(now.get(page_id(76)).unwrap().is_some());
    drop(now);
    // A damaged page can be written anew.
    store.commit(Batch::new().put(page_id(77), victim).clone()).unwrap();
    assert_eq!(store.verify(&mut |_| {}, &mut |_, _| {}).unwrap().problems, 0);
}

/// A page of the history that is damaged: its versions refuse it by name, the newest does not notice.
#[test]
fn damage_in_the_history_is_pinned_on_page_and_version() {
    let file = Arc::new(FaultFile::new());
    let store = FileOptions::default().create_on(file.clone(), "w").unwrap();
    let victim = payload(77, 9000);
    for v in 0..3 {
        let mut batch = Batch::new();
        for n in 0..50 {
            batch.put(page_id(n), payload(v * 100 + u64::from(n), 300));
        }
        batch.put(page_id(60), if v == 1 { victim.clone() } else { vec![1] });
        store.commit(batch.keep_history(true).clone()).unwrap();
    }
    drop(store);
    let mut bytes = file.bytes();
    // Wherever it lies: the row that had it first is still in the file, and free.
    for part in [&victim[5000..5032], &victim[7000..7032]] {
        let places: Vec<_> = (0..bytes.len() - 32).filter(|&at| &bytes[at..at + 32] == part).collect();
        places.iter().for_each(|&at| bytes[at] ^= 1);
    }
    let store = FileOptions::default().open_on(Arc::new(FaultFile::with_bytes(bytes)), "w").unwrap();
    let mut problems = Vec::new();
    let report = store.verify(&mut |p| problems.push(p), &mut |_, _| {}).unwrap();
    assert_eq!((report.pages_checked, report.problems), (51, 1), "{problems:?}");
    assert_eq!(report.history_checked, store.stats().unwrap().history_pages);
    assert_eq!(problems[0].page, Some(page_id(60)));
    assert!(problems[0].detail.contains("version 2"), "{problems:?}");
    let then = store.snapshot_at(2).unwrap();
    assert!(matches!(then.get(page_id(60)), Err(StoreError::Corrupt { page, .. }) if page == page_id(60)));
    assert_eq!(then.get(page_id(3)).unwrap().as_deref(), Some(&payload(103, 300)[..]));
    for v in [1, 3] {
        assert_eq!(store.snapshot_at(v).unwrap().get(page_id(60)).unwrap().as_deref(), Some(&[1][..]));
    }
    // Damage does not keep the version from being retired.
    store.retire(3).unwrap();
    assert_eq!(store.verify(&mut |_| {}, &mut |_, _| {}).unwrap().problems, 0);
}

/// A damaged page that is written anew stays damaged in the versions before: keeping it must not seal it again.
#[test]
fn keeping_a_damaged_page_does_not_heal_it() {
    let file = Arc::new(FaultFile::new());
    let store = FileOptions::default().create_on(file.clone(), "w").unwrap();
    let mut batch = Batch::new();
    for n in 0..100 {
        batch.put(page_id(n), payload(u64::from(n), 1000));
    }
    store.commit(batch).unwrap();
    drop(store);
    let mut bytes = file.bytes();
    let at = bytes.windows(64).position(|w| w == &payload(77, 1000)[500..564]).unwrap();
    bytes[at] ^= 1;
    let store = FileOptions::default().open_on(Arc::new(FaultFile::with_bytes(bytes)), "w").unwrap();
    store.commit(Batch::new().put(page_id(77), "new").keep_history(true).clone()).unwrap();
    assert_eq!(store.snapshot().unwrap().get(page_id(77)).unwrap().as_deref(), Some(&b"new"[..]));
    let then = store.snapshot_at(1).unwrap();
    assert!(matches!(then.get(page_id(77)), Err(StoreError::Corrupt { page, .. }) if page == page_id(77)));
    let mut problems = Vec::new();
    store.verify(&mut |p| problems.push(p), &mut |_, _| {}).unwrap();
    assert!(problems.len() == 1 && problems[0].page == Some(page_id(77)), "{problems:?}");
}

#[test]
fn what_is_no_world_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let open = |name: &str| FileOptions::default().open(at(name)).map(drop);
    assert!(matches!(open("nothing"), Err(StoreError::NotFound { .. })));
    std::fs::create_dir(at("folder")).unwrap();
    assert!(matches!(open("folder"), Err(StoreError::NotAStore { .. })));
    for (name, bytes) in [("empty", vec![]), ("short", vec![1]), ("text", vec![b'#'; 9000])] {
        std::fs::write(at(name), bytes).unwrap();
        assert!(matches!(open(name), Err(StoreError::NotAStore { .. })), "{name}");
        assert!(matches!(FileOptions::default().create(at(name)), Err(StoreError::AlreadyExists { .. })));
    }
    let mut bytes = world().clean;
    bytes[8] = 2;
    let crc = crc32(&bytes[..16]);
    bytes[16..20].copy_from_slice(&crc);
    std::fs::write(at("newer"), &bytes).unwrap();
    let newer = open("newer");
    assert!(matches!(newer, Err(StoreError::NewerFormat { found: 2, supported: 1, .. })), "{newer:?}");
    assert_eq!(std::fs::read(at("newer")).unwrap(), bytes, "a refused file stays as it is");
}

/// CRC-32 (IEEE), bit by bit: the format must not hang on the crate that computes it.
fn crc32(bytes: &[u8]) -> [u8; 4] {
    let mut crc = u32::MAX;
    for &b in bytes {
        crc ^= u32::from(b);
        for _ in 0..8 {
            crc = crc >> 1 ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 };
        }
    }
    (!crc).to_le_bytes()
}
