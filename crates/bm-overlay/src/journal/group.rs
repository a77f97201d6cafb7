//! Group commit: many threads append, one at a time takes all that is buffered to the disk for everybody.
//!
//! The disk is a token. Whoever needs something done and finds the token takes it together with the whole buffer,
//! lets go of the lock, writes (and syncs), and puts the token back; the others sleep until then, and find their own
//! record done or take the token themselves. Nobody holds the lock during I/O, so appends go on meanwhile.
//!
//! This file names its mutex through `super::sync`, so that a model checker can put its own underneath.

use super::sync::{Condvar, Mutex, MutexGuard, PATIENCE, yield_now};
use std::io;
use std::sync::{Arc, PoisonError};

/// What appends fill. Its places ascend.
pub(super) trait Queue {
    /// What one turn takes to the disk.
    type Batch;

    /// Takes everything buffered.
    fn take(&mut self) -> Self::Batch;

    /// Gets the batch back when its turn is over. `written`: whether the system has it now.
    fn give_back(&mut self, batch: Self::Batch, written: bool);

    /// The place behind everything that was ever appended.
    fn end(&self) -> u64;

    /// Bytes buffered.
    fn bytes(&self) -> usize;
}

/// Where batches go.
pub(super) trait Disk<B> {
    /// Hands a batch to the system.
    fn write(&mut self, batch: &B) -> Result<(), Failure>;

    /// Returns when everything written is on the disk.
    fn sync(&mut self) -> Result<(), Failure>;
}

/// A write or sync that failed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) doing: &'static str,
    pub(super) source: io::Error,
}

/// Why nothing is acknowledged any more.
#[derive(Clone, Debug)]
pub(super) struct Stopped {
    pub(super) reason: Arc<str>,
    pub(super) kind: io::ErrorKind,
}

#[derive(Debug)]
pub(super) struct State<Q, D> {
    pub(super) queue: Q,
    /// The token; `None` while somebody is at the disk.
    disk: Option<D>,
    /// Up to here the system has it.
    pub(super) written: u64,
    /// Up to here it is on the disk.
    pub(super) durable: u64,
    pub(super) stopped: Option<Stopped>,
    /// Threads that wait for a sync.
    waiting: u32,
    /// How many the last sync let go.
    last_group: u32,
}

#[derive(Debug)]
pub(super) struct Group<Q, D> {
    state: Mutex<State<Q, D>>,
    turn: Condvar,
}

type Guard<'a, Q, D> = MutexGuard<'a, State<Q, D>>;

impl<Q: Queue, D: Disk<Q::Batch>> Group<Q, D> {
    /// Everything up to the queue's end is on the disk already.
    pub(super) fn new(queue: Q, disk: D) -> Self {
        let end = queue.end();
        let state = State {
            queue,
            disk: Some(disk),
            written: end,
            durable: end,
            stopped: None,
            waiting: 0,
            last_group: 0,
        };
        Self { state: Mutex::new(state), turn: Condvar::new() }
    }

    /// The state, whatever happened.
    pub(super) fn lock(&self) -> Guard<'_, Q, D> {
        // No code panics while it holds the lock with the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, unless the journal has stopped.
    pub(super) fn running(&self) -> Result<Guard<'_, Q, D>, Stopped> {
        let state = self.lock();
        match &state.stopped {
            None => Ok(state),
            Some(stopped) => Err(stopped.clone()),
        }
    }

    fn sleep<'a>(&self, state: Guard<'a, Q, D>) -> Guard<'a, Q, D> {
        self.turn.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    /// After an append: takes the buffer to the system if it holds more than `soft` bytes and nobody is doing that;
    /// if somebody is, waits only beyond `hard` bytes.
    pub(super) fn relieve<'a>(
        &'a self,
        mut state: Guard<'a, Q, D>,
        soft: usize,
        hard: usize,
    ) -> Result<(), Stopped> {
        loop {
            if let Some(stopped) = &state.stopped {
                return Err(stopped.clone());
            }
            let bytes = state.queue.bytes();
            if bytes <= soft {
                return Ok(());
            }
            state = match state.disk.take() {
                Some(disk) => self.lead(state, disk, false),
                None if bytes <= hard => return Ok(()),
                None => self.sleep(state),
            };
        }
    }

    /// Returns when the system has everything that was appended before the call.
    pub(super) fn flush(&self) -> Result<(), Stopped> {
        let mut state = self.lock();
        let upto = state.queue.end();
        loop {
            if let Some(stopped) = &state.stopped {
                return Err(stopped.clone());
            }
            if state.written >= upto {
                return Ok(());
            }
            state = match state.disk.take() {
                Some(disk) => self.lead(state, disk, false),
                None => self.sleep(state),
            };
        }
    }

    /// Returns when everything up to `upto` is on the disk.
    pub(super) fn wait(&self, upto: u64) -> Result<(), Stopped> {
        let mut state = self.lock();
        state.waiting += 1;
        let mut patience = PATIENCE;
        let done = loop {
            if state.durable >= upto {
                break Ok(());
            }
            if let Some(stopped) = &state.stopped {
                break Err(stopped.clone());
            }
            let company = state.waiting >= state.last_group;
            state = match state.disk.take() {
                Some(disk) if company || patience == 0 => self.lead(state, disk, true),
                Some(disk) => {
                    // Those who were let go together come back together: a moment saves them a sync of their own.
                    state.disk = Some(disk);
                    patience -= 1;
                    drop(state);
                    yield_now();
                    self.lock()
                }
                None => self.sleep(state),
            };
        };
        state.waiting -= 1;
        done
    }

    /// One turn at the disk.
    fn lead<'a>(&'a self, mut state: Guard<'a, Q, D>, mut disk: D, sync: bool) -> Guard<'a, Q, D> {
        let batch = state.queue.take();
        let upto = state.queue.end();
        drop(state);
        let panicked = StopOnPanic(self);
        let mut done = disk.write(&batch);
        let written = done.is_ok();
        if sync && written {
            done = disk.sync();
        }
        std::mem::forget(panicked);
        let mut state = self.lock();
        state.disk = Some(disk);
        state.queue.give_back(batch, written);
        match done {
            Ok(()) => {
                state.written = upto;
                if sync {
                    state.durable = upto;
                    state.last_group = state.waiting;
                }
            }
            Err(failure) => state.stop(&failure),
        }
        self.turn.notify_all();
        state
    }

    /// Has the disk to itself for something that is neither write nor sync, with the state as `plan` found it.
    /// `plan` is asked again whenever the state may have changed; it says `None` when there is nothing to do, and
    /// otherwise up to where the disk must have everything first, and what `work` needs.
    pub(super) fn alone<P, T>(
        &self,
        plan: impl Fn(&State<Q, D>) -> Option<(u64, P)>,
        work: impl FnOnce(&mut D, &P) -> (T, Option<Failure>),
        done: impl FnOnce(&mut Q, P, &T),
    ) -> Result<Option<T>, Stopped> {
        let mut state = self.lock();
        let (mut disk, plan) = loop {
            if let Some(stopped) = &state.stopped {
                return Err(stopped.clone());
            }
            let Some((upto, plan)) = plan(&state) else { return Ok(None) };
            state = match state.disk.take() {
                Some(disk) if state.durable >= upto => break (disk, plan),
                Some(disk) => self.lead(state, disk, true),
                None => self.sleep(state),
            };
        };
        drop(state);
        let panicked = StopOnPanic(self);
        let (out, failure) = work(&mut disk, &plan);
        std::mem::forget(panicked);
        let mut state = self.lock();
        state.disk = Some(disk);
        done(&mut state.queue, plan, &out);
        if let Some(failure) = failure {
            state.stop(&failure);
        }
        self.turn.notify_all();
        state.stopped.clone().map_or(Ok(Some(out)), Err)
    }
}

impl<Q, D> State<Q, D> {
    /// The first failure stops the journal for good: what the disk holds now is unknown, and a second sync that
    /// succeeds would prove nothing (the system forgets what it could not write).
    fn stop(&mut self, failure: &Failure) {
        let Failure { doing, source } = failure;
        let reason =
            || Stopped { reason: format!("could not {doing}: {source}").into(), kind: source.kind() };
        self.stopped.get_or_insert_with(reason);
    }
}

/// A panic in the disk's code would take the token along and leave everybody asleep.
struct StopOnPanic<'a, Q: Queue, D: Disk<Q::Batch>>(&'a Group<Q, D>);

impl<Q: Queue, D: Disk<Q::Batch>> Drop for StopOnPanic<'_, Q, D> {
    fn drop(&mut self) {
        let source = io::Error::other("a panic");
        self.0.lock().stop(&Failure { doing: "finish a write", source });
        self.0.turn.notify_all();
    }
}
