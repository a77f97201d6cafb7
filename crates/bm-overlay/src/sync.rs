//! What the publish protocol is built from. Its model check brings its own (see `tests/publish_model.rs`).

use arc_swap::ArcSwap;
pub(crate) use std::sync::Arc;
pub(crate) use std::sync::atomic::{AtomicU64, Ordering};

/// A shared pointer that can be replaced while others read it.
pub(crate) struct Swap<T>(ArcSwap<T>);

impl<T> Swap<T> {
    pub(crate) fn new(value: Arc<T>) -> Self {
        Self(ArcSwap::new(value))
    }

    pub(crate) fn load(&self) -> Arc<T> {
        self.0.load_full()
    }

    /// Whether it still points to `value`.
    pub(crate) fn is(&self, value: &Arc<T>) -> bool {
        Arc::ptr_eq(&self.0.load(), value)
    }

    pub(crate) fn store(&self, value: Arc<T>) {
        self.0.store(value);
    }
}
