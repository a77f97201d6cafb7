//! Histories: random steps one after the other against the model, and threads whose every answer must fit one order.

use crate::disk::Disk;
use crate::script::{Expect, Step, take};
use crate::tools::Rng;
use bm_core::{MaterialId, Pos};
use bm_hybrid::{Retention, View, World, WorldError};
use bm_overlay::{Durability, EditError, OverlayError, StrategyKind, Transaction};
use proptest::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

#[derive(Clone, Copy, Debug)]
enum Move {
    Do(Step),
    /// Holds a view to the end.
    Hold,
    /// Closes the world and opens it again.
    Reopen,
    /// Asks for an older version, this share of all of them back.
    At(u8),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let durability = prop_oneof![Just(Durability::Memory), Just(Durability::Group), Just(Durability::Sync)];
    let one = prop_oneof![
        12 => (any::<u64>(), durability).prop_map(|(seed, d)| Move::Do(Step::Edit(seed, d))),
        2 => (0u64..4).prop_map(|back| Move::Do(Step::Revert(back))),
        5 => (0usize..5).prop_map(|kind| Move::Do(Step::Fold(StrategyKind::ALL[kind]))),
        1 => (2u64..30).prop_map(|n| Move::Do(Step::Keep(n))),
        1 => (1u64..9).prop_map(|n| Move::Do(Step::Ingest(n))),
        1 => Just(Move::Do(Step::Compact)),
        2 => Just(Move::Hold),
        2 => Just(Move::Reopen),
        4 => any::<u8>().prop_map(Move::At),
    ];
    prop::collection::vec(one, 20..45)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_history_is_what_the_model_says(moves in moves()) {
        let (disk, mut world) = Disk::create();
        world.set_budget(640 << 10);
        let mut expect = Expect::new();
        let mut held: Vec<Arc<View>> = Vec::new();
        for step in moves {
            match step {
                Move::Do(Step::Revert(back)) if expect.newest() <= back + 1 || !expect.is_edit(expect.newest() - back) => {}
                Move::Do(step) => {
                    if step == Step::Compact {
                        held.clear();
                    }
                    let mut done = take(&mut world, step, &mut expect, &mut |_| ());
                    if let Err(WorldError::Overlay(OverlayError::Full { .. })) = done {
                        // Views that are held need memory, too; without them there is room for every commit.
                        prop_assert!(!held.is_empty());
                        held.clear();
                        expect.next.clear();
                        done = take(&mut world, step, &mut expect, &mut |_| ());
                    }
                    match done {
                        Err(WorldError::Retired { .. }) if matches!(step, Step::Revert(_)) => expect.next.clear(),
                        done => done.unwrap(),
                    }
                }
                Move::Hold => held.push(world.view()),
                Move::Reopen => {
                    held.clear();
                    drop(world);
                    world = disk.open().unwrap();
                }
                Move::At(share) => {
                    let oldest = world.overlay().oldest_version;
                    let version = oldest + (expect.newest() - oldest) * u64::from(share) / 255;
                    let differs = expect.seen[version as usize].differs(&world.at(version).unwrap());
                    prop_assert_eq!(differs, None, "version {} of {}", version, expect.newest());
                }
            }
            let differs = expect.seen.last().unwrap().differs(&world.view());
            prop_assert_eq!(differs, None, "after {:?}", step);
            prop_assert_eq!(world.view().version(), expect.newest());
        }
        for view in held {
            let differs = expect.seen[view.version() as usize].differs(&view);
            prop_assert_eq!(differs, None, "a view that was held, of version {}", view.version());
        }
        expect.durable = expect.newest();
        drop(world);
        expect.check(&disk.open().unwrap(), true, "at the end");
    }
}

const WRITERS: usize = 3;
/// Commits of each.
const COMMITS: u32 = 90;
/// Voxels that every commit of one thread writes, all alike.
const VOXELS: u32 = 60;
/// Materials that stand for numbers: a thread's commits count through them.
const NUMBERS: [u16; 7] = [5, 6, 7, 8, 9, 10, 29];
const SEA: u32 = 1 << 27;

fn number(i: u32) -> MaterialId {
    MaterialId(NUMBERS[i as usize % NUMBERS.len()])
}

/// A thread's voxels lie in many pages, shared with the other threads.
fn place(writer: usize, k: u32) -> Pos {
    Pos::new(100_000_000 + (k % 12) * 128 + writer as u32, 40_000_000 + k / 12, SEA + k).unwrap()
}

/// The voxel that all threads count up together.
fn counter() -> Pos {
    Pos::new(100_000_000, 40_000_100, SEA + 500).unwrap()
}

/// What a view says of each thread: one number for all of its voxels.
fn told(view: &View) -> [MaterialId; WRITERS] {
    [0, 1, 2].map(|writer| {
        let first = view.sample(place(writer, 0)).unwrap().material;
        for k in 1..VOXELS {
            let m = view.sample(place(writer, k)).unwrap().material;
            assert_eq!(m, first, "version {}: half of a commit, at voxel {k}", view.version());
        }
        first
    })
}

/// Everything that happened, by version.
#[derive(Default)]
struct Seen {
    commits: Vec<(u64, usize, u32)>,
    counts: Vec<(u64, MaterialId, MaterialId)>,
    reads: Vec<(u64, [MaterialId; WRITERS])>,
}

/// Commits, and tries again while views that others hold take all the memory: nothing was changed then.
fn patiently(world: &World, t: &Transaction) -> Result<u64, WorldError> {
    loop {
        match world.edit(t) {
            Err(WorldError::Overlay(OverlayError::Full { .. })) => std::thread::yield_now(),
            done => return Ok(done?.version),
        }
    }
}

fn write(world: &World, writer: usize, seen: &Mutex<Seen>) {
    let mut rng = Rng(writer as u64);
    for i in 0..COMMITS {
        let mut t = Transaction::new("writer");
        t.durability([Durability::Memory, Durability::Group, Durability::Sync][rng.range(0, 3) as usize]);
        for k in 0..VOXELS {
            t.set(place(writer, k), number(i));
        }
        let before = world.view().version();
        let version = patiently(world, &t).unwrap();
        assert!(version > before, "a commit comes after what was seen before it");
        let after = world.view();
        assert!(after.version() >= version, "a commit is seen as soon as it is acknowledged");
        seen.lock().unwrap().commits.push((version, writer, i));
        // One step of the counter, if nobody comes between.
        let old = after.sample(counter()).unwrap().material;
        let new = number(NUMBERS.iter().position(|n| *n == old.0).map_or(0, |p| p as u32 + 1));
        let mut t = Transaction::new("counter");
        t.durability(Durability::Memory).expect(counter(), old).set(counter(), new);
        match patiently(world, &t) {
            Ok(version) => seen.lock().unwrap().counts.push((version, old, new)),
            Err(WorldError::Overlay(OverlayError::Edit(EditError::Conflicts(c)))) => {
                assert!(c.len() == 1 && c[0].expected == old && c[0].found != old);
            }
            Err(e) => panic!("{e:?}"),
        }
    }
}

/// Three threads write, two read, one folds; memory is short. There is one order of commits in which everything that
/// anybody was told is right.
#[test]
fn every_answer_fits_one_order() {
    let (disk, world) = Disk::create();
    world.set_retention(Retention::ALL).unwrap();
    // Views that are held need memory of their own.
    world.set_budget(4 << 20);
    world.set_folding(StrategyKind::Adaptive, 0.2, 0.6);
    // Not from a view that is held: it would keep in memory whatever comes into its tables.
    let bare = [0, 1, 2].map(|w| world.view().sample(place(w, 0)).unwrap().material);
    let (seen, stop) = (Mutex::new(Seen::default()), AtomicBool::new(false));
    let mut held = Vec::new();
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|w| {
                scope.spawn({
                    let (world, seen) = (&world, &seen);
                    move || write(world, w, seen)
                })
            })
            .collect();
        for reader in 0..2 {
            let (world, seen, stop) = (&world, &seen, &stop);
            scope.spawn(move || {
                let (mut rng, mut last) = (Rng(reader), 0);
                while !stop.load(Ordering::Relaxed) {
                    let view = world.view();
                    assert!(view.version() >= last, "versions do not go back");
                    last = view.version();
                    let old = world.at(rng.range(1, last as i64 + 1) as u64).unwrap();
                    for view in [&*view, &old] {
                        let read = (view.version(), told(view));
                        seen.lock().unwrap().reads.push(read);
                    }
                }
            });
        }
        let (world, stop, held) = (&world, &stop, &mut held);
        scope.spawn(move || {
            let mut rng = Rng(99);
            while !stop.load(Ordering::Relaxed) {
                world.consolidate(StrategyKind::ALL[rng.range(0, 5) as usize], &|_, _| ()).unwrap();
                held.push(world.view());
                if held.len() > 2 {
                    held.remove(rng.range(0, 3) as usize);
                }
                std::thread::yield_now();
            }
        });
        let done: Vec<_> = writers.into_iter().map(|w| w.join()).collect();
        stop.store(true, Ordering::Relaxed);
        done.into_iter().for_each(|d| d.unwrap_or_else(|e| std::panic::resume_unwind(e)));
    });
    let mut seen = seen.into_inner().unwrap();
    // What was read at the time, of views that were held, and by a process that comes later.
    for view in &held {
        seen.reads.push((view.version(), told(view)));
    }
    let stats = world.overlay();
    let newest = world.view().version();
    drop((held, world));
    let again = disk.open().unwrap();
    assert_eq!(again.view().version(), newest);
    for version in (1..=newest).step_by(23) {
        seen.reads.push((version, told(&again.at(version).unwrap())));
    }
    // One order: versions, each made once.
    let Seen { mut commits, mut counts, reads } = seen;
    commits.sort_unstable();
    counts.sort_unstable();
    let mut versions: Vec<u64> = commits.iter().map(|c| c.0).chain(counts.iter().map(|c| c.0)).collect();
    versions.sort_unstable();
    assert!(versions.into_iter().eq(2..=newest));
    for (version, told) in &reads {
        for (writer, told) in told.iter().enumerate() {
            let last = commits.iter().rfind(|(v, w, _)| v <= version && *w == writer);
            let want = last.map_or_else(|| bare[writer], |l| number(l.2));
            // The bare world is not the same everywhere; `told` has seen to it that the voxels are alike.
            assert_eq!(*told, want, "thread {writer} at version {version}");
        }
    }
    assert!(
        commits.windows(2).all(|w| w[0].1 != w[1].1 || w[0].2 + 1 == w[1].2),
        "a thread's commits are in its order"
    );
    // No step of the counter was lost: each begins where the one before it ended.
    assert!(counts.windows(2).all(|w| w[0].2 == w[1].1), "{counts:?}");
    assert!(stats.folds > 0 && counts.len() > 20, "{stats:?}");
    println!(
        "{} commits, {} steps, {} reads, {} waits, {} folds",
        commits.len(),
        counts.len(),
        reads.len(),
        stats.waits,
        stats.folds
    );
}
