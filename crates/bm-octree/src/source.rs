//! Pages kept in memory, for tests, examples and drafts.

use bm_core::{PageError, PageId, PageSource};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Page bodies by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryPages(pub BTreeMap<PageId, Vec<u8>>);

impl MemoryPages {
    /// Applies a commit, as a store would.
    pub fn apply(&mut self, commit: &crate::Commit) {
        self.0.extend(commit.pages.iter().cloned());
        for id in &commit.removed {
            self.0.remove(id);
        }
    }
}

impl PageSource for MemoryPages {
    fn page(&self, id: PageId) -> Result<Option<Vec<u8>>, PageError> {
        Ok(self.0.get(&id).cloned())
    }
}

impl From<Vec<(PageId, Vec<u8>)>> for MemoryPages {
    fn from(pages: Vec<(PageId, Vec<u8>)>) -> Self {
        Self(pages.into_iter().collect())
    }
}

impl From<MemoryPages> for Arc<dyn PageSource> {
    fn from(pages: MemoryPages) -> Self {
        Arc::new(pages)
    }
}
