//! Crashes at every write, in memory; and real ones, by `kill -9`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]

use bm_store::conformance::{Rng, Versions, content, page_id, payload};
use bm_store::{Batch, FaultFile, FileOptions, FileStore, PageStore, StoreError};
use std::collections::BTreeSet;
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
    // Long lives consist of stretches with a history; the shorter ones end in versions that keep nothing.
    batch.keep_history(v % 12 != 7);
    batch
}

/// What is retired after the `v`th change, if anything.
fn retired_after(v: u64) -> Option<u64> {
    (v % 5 == 4).then(|| v - 2)
}

/// A step in the life of a world.
#[derive(Clone, Copy, Debug)]
enum Step {
    Change(u64),
    Retire(u64),
    Compact,
}

impl Step {
    /// Steps up to the change to version `last`.
    fn life(last: u64) -> Vec<Self> {
        let mut steps = Vec::new();
        for v in 1..=last {
            steps.push(Self::Change(v));
            steps.extend(retired_after(v).map(Self::Retire));
            if v == 5 {
                steps.push(Self::Compact);
            }
        }
        steps
    }

    fn take(self, store: &FileStore) -> Result<(), StoreError> {
        match self {
            Self::Change(v) => store.commit(change(v)).map(|at| assert_eq!(at, v)),
            Self::Retire(before) => store.retire(before).map(drop),
            Self::Compact => store.compact(),
        }
    }
}

/// What the world must hold after each number of steps.
fn states(steps: &[Step]) -> Vec<Versions> {
    let mut all = vec![Versions::default()];
    for step in steps {
        let mut next = all.last().unwrap().clone();
        match *step {
            Step::Change(v) => next.commit(&change(v)),
            Step::Retire(before) => next.retire(before),
            Step::Compact => {}
        }
        all.push(next);
    }
    all
}

/// Whether the file holds what it did after the acknowledged steps, or after the one that was in flight as well.
fn expect_one_of(bytes: Vec<u8>, acked: usize, states: &[Versions], what: &str) -> usize {
    let store = FileOptions::default().open_on(Arc::new(FaultFile::with_bytes(bytes)), "crashed");
    let store = store.unwrap_or_else(|e| panic!("{what}: {e}"));
    let found = (store.snapshot().unwrap().version(), store.oldest().unwrap());
    let allowed = &states[acked..states.len().min(acked + 2)];
    let which = allowed.iter().position(|s| (s.newest(), s.oldest) == found);
    let which = which.unwrap_or_else(|| panic!("{what}: {found:?} after {acked} acknowledged steps"));
    // The newest and the oldest, and with luck one between: each image reads some, all of them read everything.
    allowed[which].check(&store, 1 + what.len() % 3);
    // And the world goes on.
    assert_eq!(store.commit(Batch::new()).unwrap(), found.0 + 1, "{what}");
    which
}

#[test]
fn every_crash_point_leaves_a_whole_version() {
    let life = Step::life(9);
    let states = states(&life);
    let run = |file: &Arc<FaultFile>| -> (usize, Vec<StoreError>) {
        let mut acked = 0;
        let mut errors = Vec::new();
        let store = match FileOptions::default().open_on(file.clone(), "crash") {
            Ok(store) => store,
            Err(e) => return (0, vec![e]),
        };
        for step in &life {
            match step.take(&store) {
                // Retiring what is retired already is no write and may succeed.
                Ok(()) if matches!(step, Step::Change(_)) => {
                    assert!(errors.is_empty(), "{step:?} acknowledged after a failure");
                    acked += 1;
                }
                Ok(()) => acked += usize::from(errors.is_empty()),
                Err(e) => errors.push(e),
            }
        }
        (acked, errors)
    };
    let born = Arc::new(FaultFile::new());
    drop(FileOptions::default().create_on(born.clone(), "born").unwrap());
    let born = born.bytes();

    let whole = Arc::new(FaultFile::with_bytes(born.clone()));
    assert_eq!(run(&whole).0, life.len());
    let operations = whole.operations();
    let (mut images, mut ahead) = (0, 0);
    for n in 1..=operations {
        let kind = if n % 2 == 0 { ErrorKind::StorageFull } else { ErrorKind::Other };
        let file = Arc::new(FaultFile::with_bytes(born.clone()));
        file.fail_from(n, kind);
        let mut rng = Rng::new(n);
        if n % 3 == 0 {
            file.failed_writes_leave(rng.below(6000) as usize);
        }
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
        ahead += expect_one_of(file.bytes(), acked, &states, &format!("kill at {n}"));
        let mut seen = BTreeSet::new();
        for try_ in 0..11 {
            let odds = [0, 1, 2, 5, 9, 10, 2, 5, 9][try_ % 9];
            let image = match try_ {
                0..6 => file.crash_image_in(512, || rng.below(10) < odds),
                6..9 => file.crash_image_in(4096, || rng.below(10) < odds),
                _ => file.crash_image_cut(|len| rng.below(len as u64 * 3 / 2 + 1) as usize),
            };
            images += 1;
            // Where little was in flight many images are the same.
            if seen.insert(crc32fast::hash(&image)) {
                ahead += expect_one_of(image, acked, &states, &format!("power loss at {n}, try {try_}"));
            }
        }
    }
    println!("{operations} crash points, {images} images, {ahead} times the step in flight was there whole");
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
        // What the last one may have been killed before.
        if let Some(before) = retired_after(v - 1) {
            store.retire(before).unwrap();
        }
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
        let v = store.snapshot().unwrap().version();
        assert!(v == acked || v == acked + 1, "round {round}: version {v}, acknowledged {acked}");
        while model.snapshot().unwrap().version() < v {
            let next = model.snapshot().unwrap().version() + 1;
            model.commit(change(next)).unwrap();
        }
        let oldest = store.oldest().unwrap();
        let allowed =
            [v.saturating_sub(1), v].map(|v| (0..=v).rev().find_map(retired_after).max(model.oldest().ok()));
        assert!(allowed.contains(&Some(oldest)), "round {round}: oldest {oldest} at {v}, not {allowed:?}");
        for v in oldest..=v {
            let (now, want) = (store.snapshot_at(v).unwrap(), model.snapshot_at(v).unwrap());
            assert_eq!(content(&*now).unwrap(), content(&*want).unwrap(), "round {round}, version {v}");
            assert_eq!(now.meta("last").unwrap(), want.meta("last").unwrap(), "round {round}, version {v}");
        }
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
