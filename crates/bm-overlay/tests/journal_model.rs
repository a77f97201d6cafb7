//! Group commit under a model checker: the very file the journal uses, with loom's mutex and condition variable
//! underneath, in every order of steps with up to two (or three) preemptions. Loom also reports threads that sleep
//! for ever.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "the file is a module of the journal; not all of it is used here"
)]
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "../src/journal/group.rs"]
mod group;

mod sync {
    pub use loom::sync::{Condvar, Mutex, MutexGuard};
    pub use loom::thread::yield_now;
    pub const PATIENCE: u32 = 1;
}

use group::{Disk, Failure, Group, Queue};
use std::io;
use std::sync::{Arc, Mutex};

/// Items are numbers; the place behind an item is how many there are.
#[derive(Default)]
struct Items {
    batch: Vec<u32>,
    end: u64,
}

impl Items {
    fn push(&mut self, item: u32) -> u64 {
        self.batch.push(item);
        self.end += 1;
        self.end
    }
}

impl Queue for Items {
    type Batch = Vec<u32>;

    fn take(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.batch)
    }

    fn give_back(&mut self, _batch: Vec<u32>, _written: bool) {}

    fn end(&self) -> u64 {
        self.end
    }

    fn bytes(&self) -> usize {
        self.batch.len()
    }
}

/// What the disk has seen; looked at from outside, so not a part of what is explored.
#[derive(Default)]
struct Seen {
    written: Vec<u32>,
    synced: usize,
    operations: u32,
    failed: bool,
}

struct Model {
    seen: Arc<Mutex<Seen>>,
    /// The operation that fails, from 1 on.
    fail_at: u32,
}

impl Model {
    fn step(&self) -> Result<(), Failure> {
        // Somebody else may run while the disk is at work.
        loom::thread::yield_now();
        let mut seen = self.seen.lock().unwrap();
        assert!(!seen.failed, "the disk is used after it failed");
        seen.operations += 1;
        seen.failed = seen.operations == self.fail_at;
        if seen.failed { Err(Failure { doing: "write", source: io::Error::other("no") }) } else { Ok(()) }
    }
}

impl Disk<Vec<u32>> for Model {
    fn write(&mut self, batch: &Vec<u32>) -> Result<(), Failure> {
        self.step()?;
        self.seen.lock().unwrap().written.extend(batch);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), Failure> {
        let written = self.seen.lock().unwrap().written.len();
        self.step()?;
        self.seen.lock().unwrap().synced = written;
        Ok(())
    }
}

type Journal = Group<Items, Model>;

fn journal(fail_at: u32) -> (loom::sync::Arc<Journal>, Arc<Mutex<Seen>>) {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let disk = Model { seen: seen.clone(), fail_at };
    (loom::sync::Arc::new(Group::new(Items::default(), disk)), seen)
}

/// Appends and waits; whoever is told yes must find its item on the disk.
fn commit(journal: &Journal, seen: &Mutex<Seen>, item: u32) -> bool {
    let Ok(mut state) = journal.running() else { return false };
    let place = state.queue.push(item);
    drop(state);
    let done = journal.wait(place);
    let seen = seen.lock().unwrap();
    match done {
        Ok(()) => assert!(seen.written[..seen.synced].contains(&item), "{item} was acknowledged too early"),
        Err(_) => assert!(seen.failed, "{item} was refused without a failure"),
    }
    done.is_ok()
}

fn explore(preemptions: usize, run: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(preemptions);
    model.check(run);
}

#[test]
fn three_threads_commit() {
    explore(2, || {
        let (journal, seen) = journal(0);
        let threads: Vec<_> = [1, 2]
            .map(|item| {
                let (journal, seen) = (journal.clone(), seen.clone());
                loom::thread::spawn(move || assert!(commit(&journal, &seen, item)))
            })
            .into();
        assert!(commit(&journal, &seen, 3));
        threads.into_iter().for_each(|t| t.join().unwrap());
        let seen = seen.lock().unwrap();
        let mut items = seen.written.clone();
        items.sort_unstable();
        assert_eq!((items, seen.synced), (vec![1, 2, 3], 3));
        assert!(seen.operations <= 6, "at most a write and a sync each");
    });
}

#[test]
fn two_threads_commit_twice() {
    explore(3, || {
        let (journal, seen) = journal(0);
        let twice = move |journal: &Journal, seen: &Mutex<Seen>, item| {
            assert!(commit(journal, seen, item) && commit(journal, seen, item + 1));
        };
        let thread = {
            let (journal, seen) = (journal.clone(), seen.clone());
            loom::thread::spawn(move || twice(&journal, &seen, 10))
        };
        twice(&journal, &seen, 20);
        thread.join().unwrap();
        let written = &seen.lock().unwrap().written;
        let of = |tens: u32| written.iter().copied().filter(|i| i / 10 == tens).collect::<Vec<_>>();
        assert_eq!((of(1), of(2)), (vec![10, 11], vec![20, 21]), "each once, and in order");
    });
}

#[test]
fn a_failure_reaches_everybody() {
    for fail_at in 1..=4 {
        explore(2, move || {
            let (journal, seen) = journal(fail_at);
            let threads: Vec<_> = [1, 2]
                .map(|item| {
                    let (journal, seen) = (journal.clone(), seen.clone());
                    loom::thread::spawn(move || commit(&journal, &seen, item))
                })
                .into();
            let mut yes = u32::from(commit(&journal, &seen, 3));
            yes += threads.into_iter().map(|t| u32::from(t.join().unwrap())).sum::<u32>();
            let seen = seen.lock().unwrap();
            assert!(seen.failed || yes == 3);
            assert!(yes as usize <= seen.synced, "no more were acknowledged than are on the disk");
            drop(seen);
            let stopped = journal.lock().stopped.is_some();
            assert_eq!(stopped, yes < 3);
            assert!(!stopped || (journal.flush().is_err() && journal.wait(100).is_err()));
        });
    }
}

/// One thread only buffers, and hands on when the buffer is full; one commits; one has the disk to itself.
#[test]
fn buffering_committing_and_retiring() {
    explore(2, || {
        let (journal, seen) = journal(0);
        let buffering = {
            let journal = journal.clone();
            loom::thread::spawn(move || {
                for item in [1, 2] {
                    let mut state = journal.running().unwrap();
                    state.queue.push(item);
                    journal.relieve(state, 0, 1).unwrap();
                }
            })
        };
        let retiring = {
            let (journal, seen) = (journal.clone(), seen.clone());
            loom::thread::spawn(move || {
                let plan = |state: &group::State<Items, Model>| match state.queue.end() {
                    0 => None,
                    end => Some((end, end)),
                };
                let work = |_: &mut Model, end: &u64| {
                    loom::thread::yield_now();
                    assert!(seen.lock().unwrap().synced as u64 >= *end, "not everything is synced yet");
                    ((), None)
                };
                journal.alone(plan, work, |_, _, ()| ()).unwrap();
            })
        };
        assert!(commit(&journal, &seen, 3));
        buffering.join().unwrap();
        retiring.join().unwrap();
        journal.flush().unwrap();
        let mut items = seen.lock().unwrap().written.clone();
        items.sort_unstable();
        assert_eq!(items, [1, 2, 3]);
    });
}
