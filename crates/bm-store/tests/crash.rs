//! Crashes at every write, in memory; and real ones, by `kill -9`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]

use bm_store::conformance::{Model, Rng, content, page_id, payload};
use bm_store::{Batch, FaultFile, FileOptions, FileStore, PageStore, StoreError};
use std::io::{BufRead, BufReader, ErrorKind};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// The `v`th change of the scripted life of a world, v from 1.
fn change(v: u64) -> Batch {
    let mut rng = Rng::new(v);
    let mut batch = Batch::new();
    let many = if v % 4 == 1 { 60 } else { 3 };
    for _ in 0..many {
        let id = page_id(rng.below(150) as u32);
        match rng.below(10) {
            0 => batch.delete(id),
            1 => batch.put(id, payload(v, 13_000)),
            _ => batch.put(id, payload(rng.below(1000), rng.below(1500) as usize)),
        };
    }
    batch.put_meta("last", v.to_string());
    batch
}

/// What the world must hold at version `v`, found with a store that never fails.
fn history(versions: u64) -> Vec<Model> {
    let store = bm_store::MemoryStore::new();
    let mut all = vec![Model::new()];
    for v in 1..=versions {
        store.commit(change(v)).unwrap();
        all.push(content(&*store.snapshot().unwrap()).unwrap());
    }
    all
}

fn expect_one_of(bytes: Vec<u8>, acked: u64, history: &[Model], what: &str) -> u64 {
    let store = FileOptions::default().open_on(Arc::new(FaultFile::with_bytes(bytes)), "crashed");
    let store = store.unwrap_or_else(|e| panic!("{what}: {e}"));
    let now = store.snapshot().unwrap();
    let v = now.version();
    assert!(v == acked || v == acked + 1, "{what}: version {v} after {acked} were acknowledged");
    assert_eq!(content(&*now).unwrap(), history[v as usize], "{what}: version {v}");
    let last = (v > 0).then(|| v.to_string().into_bytes());
    assert_eq!(now.meta("last").unwrap(), last, "{what}");
    drop(now);
    // And the world goes on.
    assert_eq!(store.commit(Batch::new()).unwrap(), v + 1, "{what}");
    v
}

#[test]
fn every_crash_point_leaves_a_whole_version() {
    const VERSIONS: u64 = 9;
    let history = history(VERSIONS);
    let run = |file: &Arc<FaultFile>| -> (u64, Vec<StoreError>) {
        let mut acked = 0;
        let mut errors = Vec::new();
        let store = match FileOptions::default().open_on(file.clone(), "crash") {
            Ok(store) => store,
            Err(e) => return (0, vec![e]),
        };
        for v in 1..=VERSIONS {
            match store.commit(change(v)) {
                Ok(at) => {
                    assert!(errors.is_empty(), "acknowledged {at} after a failure");
                    acked = at;
                }
                Err(e) => errors.push(e),
            }
            if v == 5
                && errors.is_empty()
                && let Err(e) = store.compact()
            {
                errors.push(e);
            }
        }
        (acked, errors)
    };
    let born = Arc::new(FaultFile::new());
    drop(FileOptions::default().create_on(born.clone(), "born").unwrap());
    let born = born.bytes();

    let whole = Arc::new(FaultFile::with_bytes(born.clone()));
    assert_eq!(run(&whole).0, VERSIONS);
    let operations = whole.operations();
    let (mut images, mut ahead) = (0, 0);
    for n in 1..=operations {
        let kind = if n % 2 == 0 { ErrorKind::StorageFull } else { ErrorKind::Other };
        let file = Arc::new(FaultFile::with_bytes(born.clone()));
        file.fail_from(n, kind);
        let (acked, errors) = run(&file);
        assert!(errors.iter().skip(1).all(|e| !matches!(e, StoreError::Conflict { .. })));
        if n % 2 == 0
            && let Some(first) = errors.first()
        {
            assert!(
                matches!(first, StoreError::Full { .. } | StoreError::Poisoned { .. }),
                "operation {n}: {first:?}"
            );
        }
        // What a process that comes after a kill sees, and what a power loss may leave.
        ahead += expect_one_of(file.bytes(), acked, &history, &format!("kill at {n}")) - acked;
        let mut rng = Rng::new(n);
        for try_ in 0..6 {
            let odds = [0, 1, 2, 5, 9, 10][try_];
            let image = file.crash_image(|| rng.below(10) < odds);
            ahead += expect_one_of(image, acked, &history, &format!("power loss at {n}, try {try_}")) - acked;
            images += 1;
        }
    }
    println!(
        "{operations} crash points, {images} images, {ahead} times the unacknowledged commit was there whole"
    );
}

const CHILD: &str = "BM_STORE_CRASH_CHILD";

/// Not a test by itself: the process that gets killed. It commits and says so, over and over.
#[test]
fn child_that_commits() {
    let Ok(path) = std::env::var(CHILD) else {
        return;
    };
    let store =
        if std::fs::exists(&path).unwrap() { FileStore::open(&path) } else { FileStore::create(&path) };
    let store = store.unwrap();
    let from = store.snapshot().unwrap().version();
    println!("\nopen {from}");
    for v in from + 1.. {
        println!("ack {}", store.commit(change(v)).unwrap());
    }
}

/// Kills a committing process `rounds` times at random moments and reads what it left. Gives the number of commits.
fn campaign(rounds: u64, seed: u64) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("killed.bm");
    let model = bm_store::MemoryStore::new();
    let mut rng = Rng::new(seed);
    let mut acked = 0;
    for round in 0..rounds {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_that_commits", "--nocapture"])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let wait = Duration::from_micros(rng.below(60_000));
        let reader = std::thread::spawn(move || {
            let mut last = None;
            for line in out.lines().map_while(Result::ok) {
                let mut words = line.split(' ');
                if let (Some("ack" | "open"), Some(v)) = (words.next(), words.next()) {
                    // A line that the kill cut short does not count.
                    last = v.parse().ok().max(last);
                }
            }
            last
        });
        std::thread::sleep(Duration::from_millis(4) + wait);
        child.kill().unwrap();
        child.wait().unwrap();
        acked = reader.join().unwrap().unwrap_or(acked).max(acked);
        if !path.exists() {
            assert_eq!(acked, 0);
            continue;
        }
        let store = FileStore::open(&path).unwrap();
        let now = store.snapshot().unwrap();
        let v = now.version();
        assert!(v == acked || v == acked + 1, "round {round}: version {v}, acknowledged {acked}");
        while model.snapshot().unwrap().version() < v {
            let next = model.snapshot().unwrap().version() + 1;
            model.commit(change(next)).unwrap();
        }
        assert_eq!(content(&*now).unwrap(), content(&*model.snapshot().unwrap()).unwrap(), "round {round}");
        acked = v;
    }
    acked
}

#[test]
fn killed_processes_leave_every_acknowledged_commit() {
    let rounds = std::env::var("BM_STORE_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(20);
    let commits = campaign(rounds, 7);
    println!("{rounds} kills, {commits} commits");
}

#[test]
fn a_second_process_is_told_who_has_the_world() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("locked.bm");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_that_commits", "--nocapture"])
        .env(CHILD, &path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let opened = out.lines().map_while(Result::ok).any(|line| line.starts_with("open"));
    let (write, read) = (FileStore::open(&path), FileStore::open_read_only(&path));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(opened);
    for refused in [write, read] {
        let error = refused.unwrap_err();
        assert!(matches!(error, StoreError::Locked { .. }), "{error}");
        assert!(error.to_string().contains("locked.bm"), "{error}");
    }
    // The killed one's lock is gone with it. A reader may not repair what it left; a writer does.
    assert!(matches!(FileStore::open_read_only(&path), Err(StoreError::NeedsRecovery { .. })));
    drop(FileStore::open(&path).unwrap());
    let (one, two) = (FileStore::open_read_only(&path).unwrap(), FileStore::open_read_only(&path).unwrap());
    assert_eq!(one.stats().unwrap(), two.stats().unwrap());
    assert!(matches!(FileStore::open(&path), Err(StoreError::Locked { .. })));
    assert!(matches!(one.commit(Batch::new()), Err(StoreError::ReadOnly { .. })));
}

#[test]
fn after_a_failed_sync_nothing_is_acknowledged() {
    let file = Arc::new(FaultFile::new());
    let store = FileOptions::default().create_on(file.clone(), "w").unwrap();
    store.commit(change(1)).unwrap();
    file.fail_from(file.operations() + 5, ErrorKind::StorageFull);
    let failed = store.commit(change(2));
    assert!(matches!(failed, Err(StoreError::Full { .. })), "{failed:?}");
    // The disk is well again, but what it holds is unknown: only opening tells.
    file.fail_from(u64::MAX, ErrorKind::Other);
    assert!(matches!(store.commit(change(2)), Err(StoreError::Poisoned { .. })));
    drop(store);
    let store = FileOptions::default().open_on(Arc::new(FaultFile::with_bytes(file.bytes())), "w").unwrap();
    let v = store.snapshot().unwrap().version();
    assert_eq!(store.commit(change(v + 1)).unwrap(), v + 1);
}
