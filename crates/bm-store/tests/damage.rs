//! Every byte of a world flipped in turn, and the world cut at every length: the content comes back whole or not at all.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]

use bm_store::conformance::{Model, content, page_id, payload};
use bm_store::{Batch, FaultFile, FileOptions, PageStore, RawFile, StoreError};
use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

static PANICS: AtomicUsize = AtomicUsize::new(0);

type Metas = BTreeMap<String, Vec<u8>>;

/// Everything in the store, or why not.
fn read_all(bytes: Vec<u8>, known: &Model) -> Result<(u64, Model, Metas), StoreError> {
    read_from(Arc::new(FaultFile::with_bytes(bytes)), known)
}

fn read_from(file: Arc<dyn RawFile>, known: &Model) -> Result<(u64, Model, Metas), StoreError> {
    let store = FileOptions::default().cache_bytes(1 << 20).open_on(file, "flipped")?;
    let now = store.snapshot()?;
    let found = content(&*now)?;
    for (&id, bytes) in known {
        assert_eq!(now.get(id)?.as_deref(), Some(&bytes[..]), "a page read alone is right or an error");
    }
    let metas = now.meta_names()?.into_iter().map(|name| Ok((name.clone(), now.meta(&name)?.unwrap())));
    Ok((now.version(), found, metas.collect::<Result<_, StoreError>>()?))
}

struct World {
    version: u64,
    pages: Model,
    metas: Metas,
    clean: Vec<u8>,
    unclean: Vec<u8>,
}

/// The smallest there is: few pages, few blocks.
fn small_world() -> World {
    let file = Arc::new(FaultFile::new());
    let store = FileOptions::default().create_on(file.clone(), "small").unwrap();
    let pages: Model = (0..12).map(|n| (page_id(n), payload(u64::from(n), 20 + n as usize * 9))).collect();
    for half in 0..2 {
        let mut batch = Batch::new();
        for (n, (&id, bytes)) in pages.iter().enumerate().filter(|(n, _)| n % 2 == half) {
            batch.put(id, bytes.clone()).put_meta("round", n.to_string());
        }
        store.commit(batch).unwrap();
    }
    store.compact().unwrap();
    let unclean = file.bytes();
    drop(store);
    World {
        version: 2,
        pages,
        metas: Metas::from([("round".into(), b"11".to_vec())]),
        clean: file.bytes(),
        unclean,
    }
}

/// With every part a world can have: cut records, large pages, several commits.
fn world() -> World {
    let file = Arc::new(FaultFile::new());
    let store = FileOptions::default().create_on(file.clone(), "small").unwrap();
    let mut pages = Model::new();
    for round in 0..3u32 {
        let mut batch = Batch::new();
        for n in 0..12 {
            let (id, bytes) =
                (page_id(n * 3 + round), payload(u64::from(n * 3 + round), 40 + n as usize * 60));
            batch.put(id, bytes.clone());
            pages.insert(id, bytes);
        }
        let (id, bytes) = (page_id(200 + round), payload(9, 7000));
        batch.put(id, bytes.clone()).put_meta("round", round.to_string());
        pages.insert(id, bytes);
        store.commit(batch).unwrap();
    }
    let large = payload(1, 13_000);
    pages.insert(page_id(500), large.clone());
    store.commit(Batch::new().put(page_id(500), large).clone()).unwrap();
    store.compact().unwrap();
    let unclean = file.bytes();
    drop(store);
    let metas = Metas::from([("round".into(), b"2".to_vec())]);
    World { version: 4, pages, metas, clean: file.bytes(), unclean }
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
                    match read_all(bytes, &world.pages) {
                        Ok(found) => {
                            assert_eq!(found.0, world.version, "{what} {n}: another version");
                            assert!(
                                found.1 == world.pages && found.2 == world.metas,
                                "{what} {n}: other content"
                            );
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
    for (world, stride) in [(small_world(), 1), (world(), stride)] {
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
    assert!(read_from(file.clone(), &world.pages).unwrap().1 == world.pages);
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
