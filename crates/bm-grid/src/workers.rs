//! Sharing pieces of work among threads.

use std::num::NonZero;
use std::sync::{Mutex, PoisonError};

/// Threads to use when nobody says: one a core.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// Results of `count` pieces of work in their order, computed by at most `threads` threads, each with a state of its
/// own. Who computes what is left to chance; a result must depend on its number alone.
pub(crate) fn map<S, R: Send>(
    count: usize,
    threads: usize,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, usize) -> R + Sync,
) -> Vec<R> {
    each_with((0..count).collect(), threads, state, work)
}

/// Results of pieces of work that are given away, in their order.
pub(crate) fn each<I: Send, R: Send>(items: Vec<I>, threads: usize, work: impl Fn(I) -> R + Sync) -> Vec<R> {
    each_with(items, threads, || (), |(), item| work(item))
}

/// The same, each thread with a state of its own.
pub(crate) fn each_with<S, I: Send, R: Send>(
    items: Vec<I>,
    threads: usize,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, I) -> R + Sync,
) -> Vec<R> {
    let threads = threads.clamp(1, items.len().max(1));
    if threads == 1 {
        let mut own = state();
        return items.into_iter().map(|item| work(&mut own, item)).collect();
    }
    let items = Mutex::new(items.into_iter().enumerate());
    let run = || {
        let mut own = state();
        let mut done = Vec::new();
        loop {
            // The lock ends with the statement: work is done beside that of others.
            let next = items.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((n, item)) = next else { return done };
            done.push((n, work(&mut own, item)));
        }
    };
    together(threads, run)
}

/// Runs on so many threads, the caller's among them; numbered results in the order of their numbers.
fn together<R: Send>(threads: usize, run: impl Fn() -> Vec<(usize, R)> + Sync) -> Vec<R> {
    let run = &run;
    let mut all = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
        let mut all = run();
        for other in others {
            match other.join() {
                Ok(done) => all.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    all.sort_unstable_by_key(|&(n, _)| n);
    all.into_iter().map(|(_, result)| result).collect()
}
