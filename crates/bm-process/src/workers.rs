//! Sharing rows among threads.
//!
//! Threads are scoped and live for one phase of a step (a spawn costs some tens of microseconds, a phase
//! milliseconds). Every phase gives each cell a value that depends on values of earlier phases only, so who computes
//! it does not matter and results are the same bits for any number of threads.

use std::ops::Range;

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
