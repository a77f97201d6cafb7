//! How long single operations take: every one timed, and what the slow ones are like.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::harness::BenchError;

/// Times of many operations, to a thousandth.
#[derive(Clone, Debug)]
pub struct Latencies(Histogram<u64>);

impl Latencies {
    /// None so far.
    ///
    /// # Errors
    /// Does not fail: the bounds are within what a histogram can do.
    pub fn new() -> Result<Self, BenchError> {
        // From a nanosecond to an hour.
        Histogram::new_with_bounds(1, 3_600_000_000_000, 3)
            .map(Self)
            .map_err(|error| BenchError::contestant("histogram", error))
    }

    /// Times one operation.
    #[inline]
    pub fn time<T>(&mut self, operation: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = operation();
        self.add(start.elapsed());
        result
    }

    /// Adds a time.
    #[inline]
    pub fn add(&mut self, took: Duration) {
        self.0.saturating_record(took.as_nanos() as u64);
    }

    /// Adds those of another.
    pub fn join(&mut self, other: &Self) {
        // Both have the same bounds.
        let _ = self.0.add(&other.0);
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The time that this share of all operations does not exceed, in nanoseconds.
    #[must_use]
    pub fn at(&self, share: f64) -> f64 {
        self.0.value_at_quantile(share) as f64
    }

    /// The longest, in nanoseconds.
    #[must_use]
    pub fn max(&self) -> f64 {
        self.0.max() as f64
    }
}
