//! Sharing pieces of work among threads.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};

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
    let threads = threads.clamp(1, count.max(1));
    if threads == 1 {
        let mut own = state();
        return (0..count).map(|n| work(&mut own, n)).collect();
    }
    let next = AtomicUsize::new(0);
    let run = || {
        let mut own = state();
        let mut done = Vec::new();
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            if n >= count {
                return done;
            }
            done.push((n, work(&mut own, n)));
        }
    };
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
