//! The publish protocol under a model checker: the very file the overlay uses, with loom's atomics underneath, in
//! every order of steps (and of what the memory model allows to be seen) with a few preemptions. Around it a
//! writer, a folder and readers do what `overlay.rs` does, over tables of one or two entries that have to grow.
//!
//! Wrong copies of the protocol are run through the same model, which must find each of them: so it is able to.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "the file is a module of the overlay; not all of it is used here"
)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "../src/publish.rs"]
mod publish;

/// What the protocol is built from, for the model.
mod sync {
    pub use loom::sync::atomic::AtomicU64;
    use loom::sync::atomic::AtomicUsize;
    pub use std::sync::Arc;
    use std::sync::Mutex;
    pub use std::sync::atomic::Ordering;

    /// A shared pointer: the place of a state in a list that only grows. As `arc-swap` promises, a load acquires what
    /// the store released, and no address is met twice while somebody holds it. The list itself is looked at from
    /// outside: it is no part of what is explored.
    pub struct Swap<T> {
        at: AtomicUsize,
        all: Mutex<Vec<Arc<T>>>,
    }

    impl<T> Swap<T> {
        pub fn new(value: Arc<T>) -> Self {
            Self { at: AtomicUsize::new(0), all: Mutex::new(vec![value]) }
        }

        pub fn load(&self) -> Arc<T> {
            let at = self.at.load(Ordering::Acquire);
            self.all.lock().unwrap()[at].clone()
        }

        pub fn is(&self, value: &Arc<T>) -> bool {
            Arc::ptr_eq(&self.load(), value)
        }

        pub fn store(&self, value: Arc<T>) {
            let at = {
                let mut all = self.all.lock().unwrap();
                all.push(value);
                all.len() - 1
            };
            self.at.store(at, Ordering::Release);
        }
    }
}

use loom::sync::Mutex;
use loom::sync::atomic::{AtomicU64, AtomicUsize};
use publish::{Published, Since};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::{self, Acquire, Relaxed, Release};
use sync::Swap;

/// The protocol, or something like it.
trait Protocol: Send + Sync + 'static {
    fn new(state: Arc<State>, version: u64) -> Self;
    fn snapshot(&self) -> (Arc<State>, u64);
    fn replace(&self, state: Arc<State>);
    fn publish(&self, version: u64);
}

impl Protocol for Published<State> {
    fn new(state: Arc<State>, version: u64) -> Self {
        Self::new(state, version)
    }

    fn snapshot(&self) -> (Arc<State>, u64) {
        self.snapshot()
    }

    fn replace(&self, state: Arc<State>) {
        self.replace(state);
    }

    fn publish(&self, version: u64) {
        self.publish(version);
    }
}

/// A wrong copy: it does not look whether the state is still the same.
struct LooksOnce {
    state: Swap<State>,
    version: AtomicU64,
}

impl Protocol for LooksOnce {
    fn new(state: Arc<State>, version: u64) -> Self {
        Self { state: Swap::new(state), version: AtomicU64::new(version) }
    }

    fn snapshot(&self) -> (Arc<State>, u64) {
        (self.state.load(), self.version.load(Acquire))
    }

    fn replace(&self, state: Arc<State>) {
        self.state.store(state);
    }

    fn publish(&self, version: u64) {
        self.version.fetch_max(version, Ordering::AcqRel);
    }
}

/// A wrong copy: the version does not carry what was written before it.
struct Relaxes {
    state: Swap<State>,
    version: AtomicU64,
}

impl Protocol for Relaxes {
    fn new(state: Arc<State>, version: u64) -> Self {
        Self { state: Swap::new(state), version: AtomicU64::new(version) }
    }

    fn snapshot(&self) -> (Arc<State>, u64) {
        loop {
            let state = self.state.load();
            let version = self.version.load(Acquire);
            if self.state.is(&state) {
                return (state, version);
            }
        }
    }

    fn replace(&self, state: Arc<State>) {
        self.state.store(state);
    }

    fn publish(&self, version: u64) {
        self.version.fetch_max(version, Relaxed);
    }
}

/// A wrong copy: between a commit of pages and its version it shows the new pages as the old version.
struct TooOld(Published<State>);

impl Protocol for TooOld {
    fn new(state: Arc<State>, version: u64) -> Self {
        Self(Published::new(state, version))
    }

    fn snapshot(&self) -> (Arc<State>, u64) {
        loop {
            let (state, _) = self.0.snapshot();
            let version = self.0.version();
            if Arc::ptr_eq(&self.0.snapshot().0, &state) {
                return (state, version);
            }
        }
    }

    fn replace(&self, state: Arc<State>) {
        self.0.replace(state);
    }

    fn publish(&self, version: u64) {
        self.0.publish(version);
    }
}

/// Commits by number, append-only: what a delta table comes to.
struct Table {
    entries: Vec<AtomicU64>,
    len: AtomicUsize,
}

impl Table {
    fn with(commits: &[u64], room: usize) -> Arc<Self> {
        let entries = (0..room).map(|i| AtomicU64::new(commits.get(i).copied().unwrap_or(0))).collect();
        Arc::new(Self { entries, len: AtomicUsize::new(commits.len()) })
    }

    fn push(&self, commit: u64) {
        let i = self.len.load(Relaxed);
        self.entries[i].store(commit, Relaxed);
        self.len.store(i + 1, Release);
    }

    fn commits(&self) -> Vec<u64> {
        self.entries[..self.len.load(Acquire)].iter().map(|e| e.load(Relaxed)).collect()
    }

    fn is_full(&self) -> bool {
        self.len.load(Relaxed) == self.entries.len()
    }
}

/// A base that holds all commits up to a version, and the table over it.
struct State {
    base: u64,
    table: Arc<Table>,
}

impl Since for State {
    fn since(&self) -> u64 {
        self.base
    }
}

struct Writer {
    table: Arc<Table>,
    applied: u64,
}

struct Overlay<P> {
    published: P,
    writer: Mutex<Writer>,
    /// One change of pages at a time: the world sees to that.
    pages: Mutex<()>,
}

impl<P: Protocol> Overlay<P> {
    fn new(room: usize) -> loom::sync::Arc<Self> {
        let table = Table::with(&[], room);
        let published = P::new(Arc::new(State { base: 0, table: table.clone() }), 0);
        loom::sync::Arc::new(Self {
            published,
            writer: Mutex::new(Writer { table, applied: 0 }),
            pages: Mutex::new(()),
        })
    }

    /// `Overlay::finish`; `late`: a table that grew is put in place after the version, which is wrong.
    fn commit(&self, late: bool) {
        let mut w = self.writer.lock().unwrap();
        let seq = w.applied + 1;
        let grown = w.table.is_full();
        if grown {
            let old = w.table.commits();
            w.table = Table::with(&old, old.len() + 1);
        }
        w.table.push(seq);
        w.applied = seq;
        if late {
            self.published.publish(seq);
        }
        if grown {
            let (old, _) = self.published.snapshot();
            self.published.replace(Arc::new(State { base: old.base, table: w.table.clone() }));
        }
        drop(w);
        self.published.publish(seq);
    }

    /// `Inner::fold` and `Overlay::rebase`; `early`: what was folded leaves the table before the base that holds it
    /// is there, which is wrong.
    fn fold(&self, early: bool) {
        let _one_at_a_time = self.pages.lock().unwrap();
        let (state, version) = self.published.snapshot();
        check(&state, version);
        let put = |w: &Writer, base: u64| {
            self.published.replace(Arc::new(State { base, table: w.table.clone() }));
        };
        let clear = |w: &mut Writer| {
            let left: Vec<u64> = w.table.commits().into_iter().filter(|&c| c > version).collect();
            w.table = Table::with(&left, left.len() + 1);
        };
        if early {
            let mut w = self.writer.lock().unwrap();
            clear(&mut w);
            put(&w, state.base);
        }
        put(&self.writer.lock().unwrap(), version);
        let mut w = self.writer.lock().unwrap();
        clear(&mut w);
        put(&w, version);
    }

    /// `Paused::replace`: a commit of pages, with everything before it.
    fn ingest(&self) {
        let _one_at_a_time = self.pages.lock().unwrap();
        let mut w = self.writer.lock().unwrap();
        self.published.publish(w.applied);
        w.applied += 1;
        w.table = Table::with(&[], 1);
        let state = State { base: w.applied, table: w.table.clone() };
        self.published.replace(Arc::new(state));
        self.published.publish(w.applied);
    }

    fn read(&self) -> u64 {
        let (state, version) = self.published.snapshot();
        check(&state, version);
        version
    }
}

/// A snapshot must hold every commit up to its version, and its base must not be ahead of it.
fn check(state: &State, version: u64) {
    assert!(state.base <= version, "a base of {} under version {version}", state.base);
    let commits = state.table.commits();
    for n in state.base + 1..=version {
        assert!(commits.contains(&n), "commit {n} is missing at version {version}");
    }
}

/// Runs `steps` on threads of their own, in every order.
fn explore<P: Protocol>(preemptions: usize, room: usize, steps: &'static [fn(&Overlay<P>)]) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(preemptions);
    model.check(move || {
        let overlay = Overlay::<P>::new(room);
        let threads: Vec<_> = steps[1..]
            .iter()
            .map(|step| {
                let overlay = overlay.clone();
                loom::thread::spawn(move || step(&overlay))
            })
            .collect();
        steps[0](&overlay);
        threads.into_iter().for_each(|t| t.join().unwrap());
        overlay.read();
    });
}

/// Whether the model finds something wrong.
fn is_found<P: Protocol>(room: usize, steps: &'static [fn(&Overlay<P>)]) -> bool {
    catch_unwind(AssertUnwindSafe(|| explore(3, room, steps))).is_err()
}

fn commit_twice<P: Protocol>(o: &Overlay<P>) {
    o.commit(false);
    o.commit(false);
}

fn commit_once<P: Protocol>(o: &Overlay<P>) {
    o.commit(false);
}

fn fold<P: Protocol>(o: &Overlay<P>) {
    o.fold(false);
}

fn ingest<P: Protocol>(o: &Overlay<P>) {
    o.ingest();
}

fn read<P: Protocol>(o: &Overlay<P>) {
    o.read();
}

fn read_twice<P: Protocol>(o: &Overlay<P>) {
    let first = o.read();
    assert!(o.read() >= first, "versions do not go back");
}

type Real = Published<State>;

#[test]
fn a_writer_and_two_readers() {
    explore::<Real>(3, 1, &[commit_twice, read, read]);
    explore::<Real>(3, 2, &[commit_twice, read_twice]);
}

#[test]
fn a_writer_a_folder_and_a_reader() {
    explore::<Real>(2, 1, &[commit_twice, fold, read]);
    explore::<Real>(2, 2, &[commit_once, fold, read]);
}

#[test]
fn pages_are_committed() {
    explore::<Real>(2, 1, &[ingest, commit_once, read_twice]);
    explore::<Real>(1, 1, &[ingest, commit_once, fold, read]);
}

#[test]
fn two_writers_and_a_reader() {
    explore::<Real>(3, 1, &[commit_once, commit_once, read_twice]);
}

#[test]
fn wrong_protocols_are_found() {
    assert!(is_found::<LooksOnce>(1, &[commit_twice, read]), "a state that is not looked at twice");
    assert!(is_found::<Relaxes>(2, &[commit_twice, read]), "a version without release order");
    assert!(is_found::<TooOld>(1, &[ingest, read]), "new pages as an old version");
    assert!(is_found::<Real>(1, &[|o| (o.commit(true), o.commit(true)).1, read]), "published too early");
    assert!(
        is_found::<Real>(1, &[|o| (o.commit(false), o.fold(true)).1, read]),
        "folded edits gone too early"
    );
}
