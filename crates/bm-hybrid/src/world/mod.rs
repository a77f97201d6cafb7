//! Creating, opening and changing worlds.
//!
//! | file | what it holds |
//! |---|---|
//! | `records.rs` | the world's own records, the base that views read |
//! | `open.rs` | creating and opening |
//! | `pages.rs` | commits of pages: ingests, materials |
//! | `edits.rs` | commits of edits; the log |
//! | `boundaries.rs` | boundaries, changed in step with edits |
//! | `areas.rs` | files of large areas beside the world |
//! | `fold.rs` | edits into pages, in the background or at once; giving room back |
//! | `history.rs` | older versions |
//! | `retention.rs` | how long they are kept |
//! | `revert.rs` | undoing a commit |

mod areas;
mod boundaries;
mod edits;
mod fold;
mod history;
mod open;
mod pages;
mod records;
mod retention;
mod revert;

pub use edits::{Committed, OverlayStats};
pub use fold::FoldReport;
pub use records::{Ground, LogEntry};
pub use retention::Retention;

use crate::view::View;
use areas::Areas;
use bm_octree::Context;
use bm_overlay::journal::{Journal, Media};
use bm_overlay::{Overlay, Shadows};
use bm_store::PageStore;
use boundaries::BoundaryLog;
use edits::Known;
use fold::Folder;
use history::History;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A world: a store of pages, and edits over them.
pub struct World {
    inner: Arc<Inner>,
    /// Folds edits in the background, from the first time there are many.
    folder: Folder,
}

/// What the background shares with the world.
pub(crate) struct Inner {
    store: Box<dyn PageStore>,
    path: Option<PathBuf>,
    /// Where the journal lies; none for worlds in memory.
    media: Option<Arc<dyn Media>>,
    read_only: bool,
    context: Context,
    overlay: Overlay<Ground>,
    shadows: Arc<Shadows>,
    boundaries: BoundaryLog,
    areas: Areas,
    history: History,
    known: Known,
    /// Bytes of the journal that a crash had left half written, when the world was opened.
    torn: AtomicU64,
    /// A journal that the head does not name, or perhaps does: the commit that names it failed.
    unnamed: Mutex<Option<(u64, Journal)>>,
    /// One change of pages at a time; readers never wait, and edits only for ingests.
    writing: Mutex<()>,
}

impl World {
    /// The newest version, to be held for as long as one likes: later commits do not change it.
    #[must_use]
    pub fn view(&self) -> Arc<View> {
        self.inner.view()
    }

    /// Where the world lies; `None` in memory.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.inner.path.as_deref()
    }

    /// The store underneath.
    #[must_use]
    pub fn store(&self) -> &dyn PageStore {
        self.inner.store.as_ref()
    }
}

impl Drop for Inner {
    /// Brings what is still in memory to the disk, and says there that all of it is. Whoever was promised more than
    /// that has waited for it.
    fn drop(&mut self) {
        if let Some(journal) = self.overlay.journal() {
            let _nobody_to_tell = journal.close();
        }
    }
}

impl Inner {
    pub(crate) fn view(&self) -> Arc<View> {
        loop {
            let snapshot = self.overlay.snapshot();
            // The log may have moved on between the two: then there is a newer version to look at.
            if let Some(boundaries) = self.boundaries.at(snapshot.version()) {
                return Arc::new(View::new(snapshot, &self.shadows, boundaries));
            }
        }
    }

    fn write_lock(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn name(&self) -> String {
        self.path.as_ref().map_or_else(|| "world in memory".into(), |p| p.display().to_string())
    }
}
