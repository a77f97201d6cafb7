//! How many bytes the overlay holds.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

/// Bytes that delta tables and buckets hold, those included that only old snapshots still need.
#[derive(Debug, Default)]
pub(crate) struct Meter(AtomicUsize);

impl Meter {
    pub(crate) fn take(&self, bytes: usize) {
        self.0.fetch_add(bytes, Relaxed);
    }

    pub(crate) fn give_back(&self, bytes: usize) {
        self.0.fetch_sub(bytes, Relaxed);
    }

    pub(crate) fn bytes(&self) -> usize {
        self.0.load(Relaxed)
    }
}
