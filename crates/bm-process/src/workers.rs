//! Sharing rows among threads.
//!
//! Threads are scoped and live for one phase of a step (a spawn costs some tens of microseconds, a phase
//! milliseconds). Every phase gives each cell a value that depends on values of earlier phases only, so who computes
//! it does not matter and results are the same bits for any number of threads.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Cuts `rows` rows into at most `threads` bands of near-equal height.
pub(crate) fn bands(rows: usize, threads: usize) -> Vec<Range<usize>> {
    let parts = threads.clamp(1, rows.max(1));
    (0..parts).map(|k| rows * k / parts..rows * (k + 1) / parts).collect()
}

/// Runs one job a band, each on a thread of its own; the first on the caller's.
pub(crate) fn run<J: Send, R: Send>(jobs: Vec<J>, work: impl Fn(J) -> R + Sync) -> Vec<R> {
    let mut jobs = jobs.into_iter();
    let Some(first) = jobs.next() else { return Vec::new() };
    if jobs.len() == 0 {
        return vec![work(first)];
    }
    std::thread::scope(|scope| {
        let work = &work;
        let others: Vec<_> = jobs.map(|job| scope.spawn(move || work(job))).collect();
        let mut results = vec![work(first)];
        for other in others {
            match other.join() {
                Ok(result) => results.push(result),
                // Nothing to save: the panic goes on where the caller can see it.
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        results
    })
}

/// Cuts a raster of `width` columns into the bands' mutable parts.
pub(crate) fn cut<'a, T>(mut values: &'a mut [T], width: usize, bands: &[Range<usize>]) -> Vec<&'a mut [T]> {
    bands
        .iter()
        .map(|band| {
            let (part, rest) = std::mem::take(&mut values).split_at_mut(band.len() * width);
            values = rest;
            part
        })
        .collect()
}

/// Calls `work` on every task, on up to `threads` threads (0: as many as there are processors).
///
/// Which thread gets which task is left to chance, so a task must not depend on another one's result.
pub(crate) fn queue<T: Send>(threads: usize, tasks: Vec<T>, work: impl Fn(T) + Sync) {
    let threads = count(threads).min(tasks.len());
    if threads <= 1 {
        tasks.into_iter().for_each(work);
        return;
    }
    let queue = Mutex::new(tasks.into_iter());
    let worker = || {
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some(task) = next else { break };
            work(task);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(worker);
        }
        worker();
    });
}

/// The number of threads meant by `threads`.
pub(crate) fn count(threads: usize) -> usize {
    if threads == 0 { std::thread::available_parallelism().map_or(1, usize::from) } else { threads }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn every_task_is_done_once() {
        for threads in [0, 1, 2, 8] {
            let total = AtomicU64::new(0);
            queue(threads, (1..=1000).collect(), |task: u64| {
                total.fetch_add(task, Ordering::Relaxed);
            });
            assert_eq!(total.into_inner(), 500_500);
        }
    }
}
