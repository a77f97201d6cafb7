//! What every [`PageStore`] must do. A new store calls [`run_all`] with a way to make itself; a durable one
//! calls [`run_durable`] as well, with a way to open what it made.
//!
//! The functions panic where the store is wrong, as tests do.
#![allow(clippy::panic, clippy::unwrap_used, reason = "these are tests that live in the library")]

mod history;

pub use history::{Version, Versions, history_run, random_batch};

use crate::{Batch, PageBytes, PageRange, PageStore, Snapshot, StoreError};
use bm_core::PageId;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

/// A plain model of a store's content.
pub type Model = BTreeMap<PageId, Vec<u8>>;

/// The `n`th of many ids: all levels, spread over the code space, distinct for `n` < 2^21.
#[must_use]
pub fn page_id(n: u32) -> PageId {
    let level = [7, 14, 21][n as usize % 3];
    let n = n / 3;
    let at =
        [n & 0x7f, n >> 7 & 0x7f, n >> 14 & 0x7f].map(|c| if level == 7 { c } else { c << (level - 7) | c });
    PageId::new(level, at).unwrap_or(PageId::ROOT)
}

/// Bytes that depend on `seed` and are `len` long; they do not compress.
#[must_use]
pub fn payload(seed: u64, len: usize) -> Vec<u8> {
    let mut rng = Rng::new(seed);
    (0..len).map(|_| rng.below(256) as u8).collect()
}

/// A small generator, so that a failing case is told by its seed.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// A generator; equal seeds give equal numbers.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed ^ 0x9e37_79b9_7f4a_7c15)
    }

    /// A number below `n` (SplitMix64, Steele et al. 2014).
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ z >> 31) % n.max(1)
    }
}

/// All pages of a snapshot, by scan.
///
/// # Errors
/// What the scan gives.
pub fn content(snapshot: &dyn Snapshot) -> Result<Model, StoreError> {
    let mut found = Model::new();
    let mut ordered = true;
    snapshot.scan(PageRange::ALL, &mut |id, bytes| {
        ordered &= found.last_key_value().is_none_or(|(last, _)| *last < id);
        found.insert(id, bytes.to_vec());
        ControlFlow::Continue(())
    })?;
    assert!(ordered, "a scan must ascend");
    Ok(found)
}

fn check(snapshot: &dyn Snapshot, model: &Model) {
    assert_eq!(content(snapshot).unwrap(), *model, "scan of version {}", snapshot.version());
    let ids: Vec<PageId> = model.keys().rev().copied().chain([PageId::ROOT, page_id(2_000_000)]).collect();
    let many = snapshot.get_many(&ids).unwrap();
    for (&id, got) in ids.iter().zip(many) {
        assert_eq!(got.as_deref(), model.get(&id).map(Vec::as_slice), "get_many {id}");
        assert_eq!(snapshot.get(id).unwrap().as_deref(), model.get(&id).map(Vec::as_slice), "get {id}");
        assert_eq!(snapshot.page(id).unwrap().as_ref(), model.get(&id), "page {id}");
    }
}

/// Everything a store must do without being opened again.
pub fn run_all<S: PageStore>(make: impl Fn() -> S) {
    put_get_delete(&make());
    atomic_batches(&make());
    ordered_scans(&make());
    snapshot_isolation(&make());
    compare_and_set(&make());
    sizes(&make());
    metas(&make());
    concurrent_readers(&make());
    stats_and_verify(&make());
    compaction(&make());
    history::rules(&make());
    for seed in 30..32 {
        history_run(make(), seed, 25, &mut |store| {
            store.compact().unwrap();
            store
        });
    }
    for seed in 0..4 {
        model_run(make(), seed, 40, &mut |store| {
            store.compact().unwrap();
            store
        });
    }
}

/// What a durable store must do as well; `reopen` closes and opens it.
pub fn run_durable<S: PageStore>(make: impl Fn() -> S, mut reopen: impl FnMut(S) -> S) {
    let store = make();
    store.commit(Batch::new().put(page_id(5), "kept").put_meta("name", "world").clone()).unwrap();
    let store = reopen(store);
    let now = store.snapshot().unwrap();
    assert_eq!((now.version(), now.get(page_id(5)).unwrap().as_deref()), (1, Some(&b"kept"[..])));
    assert_eq!(now.meta("name").unwrap().as_deref(), Some(&b"world"[..]));
    drop(now);
    let store = reopen(store);
    assert_eq!(store.commit(Batch::new()).unwrap(), 2, "versions go on where they were");
    for seed in 10..13 {
        model_run(make(), seed, 30, &mut reopen);
        history_run(make(), seed, 25, &mut reopen);
    }
}

fn put_get_delete(store: &impl PageStore) {
    let empty = store.snapshot().unwrap();
    assert_eq!(empty.version(), 0);
    check(&*empty, &Model::new());
    assert_eq!(store.commit(Batch::new().put(PageId::ROOT, "a").clone()).unwrap(), 1);
    assert_eq!(store.commit(Batch::new().put(PageId::ROOT, "b").clone()).unwrap(), 2);
    check(&*store.snapshot().unwrap(), &Model::from([(PageId::ROOT, b"b".to_vec())]));
    store.commit(Batch::new().delete(PageId::ROOT).delete(page_id(1)).clone()).unwrap();
    check(&*store.snapshot().unwrap(), &Model::new());
}

fn atomic_batches(store: &impl PageStore) {
    let mut batch = Batch::new();
    batch.put(page_id(1), "first").put(page_id(1), "second").put(page_id(2), "x").delete(page_id(2));
    store.commit(batch).unwrap();
    let model = Model::from([(page_id(1), b"second".to_vec())]);
    check(&*store.snapshot().unwrap(), &model);
    // A batch with one thing that cannot be stored changes nothing.
    let mut bad = Batch::new();
    bad.put(page_id(3), "x").put_meta("", "no name");
    assert!(matches!(store.commit(bad), Err(StoreError::BadName { .. })));
    let now = store.snapshot().unwrap();
    assert_eq!(now.version(), 1);
    check(&*now, &model);
}

fn ordered_scans(store: &impl PageStore) {
    let model: Model = (0..500).map(|n| (page_id(n * 7), payload(u64::from(n), 900))).collect();
    let mut batch = Batch::new();
    for (&id, bytes) in model.iter().rev() {
        batch.put(id, bytes.clone());
    }
    store.commit(batch).unwrap();
    let now = store.snapshot().unwrap();
    check(&*now, &model);
    let ids: Vec<PageId> = model.keys().copied().collect();
    let walk = |range: PageRange, most: usize| {
        let mut seen = Vec::new();
        now.scan(range, &mut |id, _| {
            seen.push(id);
            if seen.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })
        .unwrap();
        seen
    };
    let (a, b) = (ids[100], ids[333]);
    assert_eq!(walk(PageRange::new(a..b), usize::MAX), ids[100..333]);
    assert_eq!(walk(PageRange::new(a..=b), usize::MAX), ids[100..=333]);
    assert_eq!(walk(PageRange::new(..a), usize::MAX), ids[..100]);
    assert_eq!(walk(PageRange::new(b..), usize::MAX), ids[333..]);
    assert_eq!(walk(PageRange::ALL, 9), ids[..9]);
    assert_eq!(walk(PageRange::new(b..a), usize::MAX), []);
    assert_eq!(walk(PageRange::new(a..a), usize::MAX), []);
    // A page that is not there bounds a range as well.
    let gone = page_id(7 * 100 + 1);
    let split = ids.partition_point(|id| *id < gone);
    assert_eq!(walk(PageRange::new(gone..), usize::MAX), ids[split..]);
    assert_eq!(walk(PageRange::new(..gone), usize::MAX), ids[..split]);
}

fn snapshot_isolation(store: &impl PageStore) {
    let mut held = Vec::new();
    let mut model = Model::new();
    for round in 0..12u64 {
        let mut batch = Batch::new();
        for n in 0..40u32 {
            let id = page_id((n * 13 + round as u32 * 5) % 200);
            if (u64::from(n) + round).is_multiple_of(4) {
                batch.delete(id);
                model.remove(&id);
            } else {
                let bytes = payload(round << 32 | u64::from(n), 700);
                batch.put(id, bytes.clone());
                model.insert(id, bytes);
            }
        }
        batch.put_meta("round", round.to_string());
        store.commit(batch).unwrap();
        held.push((store.snapshot().unwrap(), model.clone(), round));
    }
    for (snapshot, model, round) in held.iter().rev() {
        check(&**snapshot, model);
        assert_eq!(snapshot.version(), round + 1);
        assert_eq!(snapshot.meta("round").unwrap(), Some(round.to_string().into_bytes()));
    }
}

fn compare_and_set(store: &impl PageStore) {
    let at = |v: u64, text: &str| Batch::new().put(PageId::ROOT, text).expect_version(v).clone();
    assert_eq!(store.commit(at(0, "one")).unwrap(), 1);
    let lost = store.commit(at(0, "two"));
    assert!(matches!(lost, Err(StoreError::Conflict { expected: 0, found: 1 })), "{lost:?}");
    check(&*store.snapshot().unwrap(), &Model::from([(PageId::ROOT, b"one".to_vec())]));
    // Of many that expect the same version, one wins.
    let wins: usize = std::thread::scope(|scope| {
        let racers: Vec<_> =
            (0..8).map(|n| scope.spawn(move || store.commit(at(1, &n.to_string())).is_ok())).collect();
        racers.into_iter().map(|r| usize::from(r.join().unwrap())).sum()
    });
    assert_eq!((wins, store.snapshot().unwrap().version()), (1, 2));
}

fn sizes(store: &impl PageStore) {
    let lens = [0, 1, 4075, 4096, 12_288, 12_289, 32_735, 32_768, 65_536, 100_000, 131_041, 1_500_000];
    let mut model = Model::new();
    for shift in 0..2usize {
        let mut batch = Batch::new();
        for (n, len) in lens.iter().enumerate() {
            // The second round gives each page another size, so that large ones become small and back.
            let len = lens[(n + shift * 5) % lens.len()].max(*len * (1 - shift));
            let bytes = payload(n as u64, len);
            batch.put(page_id(n as u32), bytes.clone());
            model.insert(page_id(n as u32), bytes);
        }
        store.commit(batch).unwrap();
        check(&*store.snapshot().unwrap(), &model);
    }
    let mut batch = Batch::new();
    for id in model.keys() {
        batch.delete(*id);
    }
    store.commit(batch).unwrap();
    check(&*store.snapshot().unwrap(), &Model::new());
}

fn metas(store: &impl PageStore) {
    let long = "n".repeat(crate::MAX_NAME);
    let mut batch = Batch::new();
    batch.put_meta("head", "{}").put_meta("größe", payload(1, 70_000)).put_meta(long.clone(), "");
    store.commit(batch).unwrap();
    let now = store.snapshot().unwrap();
    assert_eq!(now.meta_names().unwrap(), ["größe", "head", &long]);
    assert_eq!(now.meta("größe").unwrap(), Some(payload(1, 70_000)));
    assert_eq!(now.meta(&long).unwrap().as_deref(), Some(&b""[..]));
    assert_eq!((now.meta("Head").unwrap(), now.meta("").unwrap()), (None, None));
    store.commit(Batch::new().delete_meta("head").delete_meta("never").clone()).unwrap();
    assert_eq!(store.snapshot().unwrap().meta("head").unwrap(), None);
    assert!(store.commit(Batch::new().put_meta("n".repeat(256), "").clone()).is_err());
}

/// Readers see, at any moment, a version that was committed as a whole.
fn concurrent_readers(store: &impl PageStore) {
    const PAGES: u32 = 64;
    let done = AtomicBool::new(false);
    let write = |round: u64| {
        let mut batch = Batch::new();
        for n in 0..PAGES {
            batch.put(page_id(n), payload(round, 600));
        }
        store.commit(batch).unwrap();
    };
    write(1);
    std::thread::scope(|scope| {
        for reader in 0..3 {
            let done = &done;
            scope.spawn(move || {
                let mut last = 0;
                while !done.load(Ordering::Acquire) {
                    let now = store.snapshot().unwrap();
                    assert!(now.version() >= last, "versions do not go back");
                    last = now.version();
                    let want: PageBytes = payload(last, 600).into();
                    for n in (reader..PAGES).step_by(3) {
                        assert_eq!(now.get(page_id(n)).unwrap().as_ref(), Some(&want), "version {last}");
                    }
                }
            });
        }
        for round in 2..40 {
            write(round);
        }
        done.store(true, Ordering::Release);
    });
}

fn stats_and_verify(store: &impl PageStore) {
    let mut batch = Batch::new();
    for n in 0..300 {
        batch.put(page_id(n), payload(1, 1000));
    }
    batch.put(page_id(300), payload(2, 80_000)).put_meta("a", "1").put_meta("b", "2");
    store.commit(batch).unwrap();
    let stats = store.stats().unwrap();
    assert_eq!((stats.version, stats.pages, stats.payload_bytes), (1, 301, 380_000));
    assert!(stats.stored_bytes >= stats.payload_bytes);
    let (mut problems, mut last) = (Vec::new(), (0, 0));
    let report = store.verify(&mut |p| problems.push(p), &mut |done, all| last = (done, all)).unwrap();
    assert_eq!((report.pages_checked, report.metas_checked, report.problems), (301, 2, 0), "{problems:?}");
    assert_eq!(last, (301, 301));
    store.commit(Batch::new().delete(page_id(0)).put(page_id(300), "small now").clone()).unwrap();
    let stats = store.stats().unwrap();
    assert_eq!((stats.pages, stats.payload_bytes), (300, 299_009));
}

fn compaction(store: &impl PageStore) {
    let mut model = Model::new();
    for round in 0..6u32 {
        let mut batch = Batch::new();
        for n in 0..400 {
            let bytes = payload(u64::from(n), 300 + (n as usize * 37) % 2000);
            batch.put(page_id(n * 6 + round), bytes.clone());
            model.insert(page_id(n * 6 + round), bytes);
        }
        store.commit(batch).unwrap();
    }
    let doomed: Vec<PageId> = model.keys().copied().step_by(3).collect();
    for some in doomed.chunks(50) {
        let mut batch = Batch::new();
        for id in some {
            model.remove(id);
            batch.delete(*id);
        }
        store.commit(batch).unwrap();
    }
    let version = store.snapshot().unwrap().version();
    let before = store.stats().unwrap();
    store.compact().unwrap();
    let now = store.snapshot().unwrap();
    assert_eq!(now.version(), version, "compaction changes nothing that is read");
    check(&*now, &model);
    let after = store.stats().unwrap();
    assert!(after.stored_bytes <= before.stored_bytes);
    assert_eq!((after.pages, after.payload_bytes), (before.pages, before.payload_bytes));
    drop(now);
    store.commit(Batch::new().put(PageId::ROOT, "goes on").clone()).unwrap();
}

/// A random life of a store beside a [`Model`] of it: batches of every shape, old snapshots held and read again,
/// and now and then, with no snapshot held, `between` (closing and opening, say). Gives the store at its end.
pub fn model_run<S: PageStore>(mut store: S, seed: u64, commits: u64, between: &mut dyn FnMut(S) -> S) -> S {
    let mut rng = Rng::new(seed);
    let mut model = Model::new();
    let mut held = Vec::new();
    let span = 50 + rng.below(1500);
    let start = store.snapshot().unwrap().version();
    for n in 1..=commits {
        let mut batch = Batch::new();
        // Mostly a few pages, now and then many: both ways of packing must meet.
        let changes = if rng.below(5) == 0 { 10 + rng.below(600) } else { rng.below(6) };
        for _ in 0..changes {
            let id = page_id(rng.below(span) as u32);
            if rng.below(4) == 0 {
                batch.delete(id);
                model.remove(&id);
            } else {
                let len = match rng.below(50) {
                    0 => rng.below(150_000),
                    1..=5 => rng.below(14_000),
                    _ => rng.below(2_500),
                };
                let bytes = payload(rng.below(1 << 40), len as usize);
                batch.put(id, bytes.clone());
                model.insert(id, bytes);
            }
        }
        if rng.below(3) == 0 {
            batch.expect_version(start + n - 1);
        }
        assert_eq!(store.commit(batch).unwrap(), start + n, "seed {seed}");
        if rng.below(6) == 0 {
            held.push((store.snapshot().unwrap(), model.clone()));
        }
        if rng.below(7) == 0 {
            for (snapshot, model) in held.drain(..) {
                check(&*snapshot, &model);
            }
            store = between(store);
            check(&*store.snapshot().unwrap(), &model);
        }
    }
    let mut problems = Vec::new();
    let report = store.verify(&mut |p| problems.push(p), &mut |_, _| {}).unwrap();
    assert_eq!((report.pages_checked, report.problems), (model.len() as u64, 0), "seed {seed}: {problems:?}");
    check(&*store.snapshot().unwrap(), &model);
    store
}
