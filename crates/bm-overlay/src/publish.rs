//! How a commit becomes visible, and how a reader gets a version that never changes.
//!
//! Two words are shared: the *state* (base and deltas) and the *version* up to which it may be read. The writer
//! applies a commit to the deltas, replaces the state if a table had to grow, and only then raises the version.
//! Folding replaces the state by one with a newer base that says the same. A reader takes the state, the
//! version, and looks whether the state is still the same: then every commit up to that version had been applied
//! to the very tables it holds. If not it tries again; writers never wait for it.
//!
//! A commit of pages replaces the state by one that *is* the new version, and then raises the version: whoever comes
//! between the two has the new version already.
//!
//! `tests/publish_model.rs` runs this file through every interleaving of a writer, a folder and a reader.

use crate::sync::{Arc, AtomicU64, Ordering, Swap};

/// A state that knows how old it is.
pub(crate) trait Since {
    /// Version of its base: it cannot say anything older.
    fn since(&self) -> u64;
}

/// The newest state, and the version up to which it may be read.
pub(crate) struct Published<T> {
    state: Swap<T>,
    version: AtomicU64,
}

impl<T: Since> Published<T> {
    pub(crate) fn new(state: Arc<T>, version: u64) -> Self {
        Self { state: Swap::new(state), version: AtomicU64::new(version) }
    }

    /// A state and a version it holds in full.
    pub(crate) fn snapshot(&self) -> (Arc<T>, u64) {
        loop {
            let state = self.state.load();
            let version = self.version.load(Ordering::Acquire);
            if self.state.is(&state) {
                let version = version.max(state.since());
                return (state, version);
            }
        }
    }

    /// The version up to which anybody may read.
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// Puts another state in place, which must hold all versions from its base on up to the newest applied. A base
    /// newer than the version readers see must be on the disk.
    pub(crate) fn replace(&self, state: Arc<T>) {
        self.state.store(state);
    }

    /// Lets readers see versions up to this one; it must have been applied to the state in place.
    pub(crate) fn publish(&self, version: u64) {
        self.version.fetch_max(version, Ordering::AcqRel);
    }
}
