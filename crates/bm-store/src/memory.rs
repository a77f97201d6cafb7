//! A store in memory: for tests, for throw-away worlds, and as the plainest reading of the rules.

use crate::{
    Batch, PageBytes, PageRange, PageStore, Problem, Snapshot, StoreError, StoreStats, VerifyReport, envelope,
};
use bm_core::{PageError, PageId, PageSource};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Pages in a sorted map of sealed records; gone when it is dropped.
#[derive(Debug, Default)]
pub struct MemoryStore {
    now: Mutex<Arc<Image>>,
}

/// One version. Records are shared between versions, so a snapshot costs one reference count and a commit
/// copies the map of keys only while somebody still looks at the old one.
#[derive(Clone, Debug, Default)]
struct Image {
    version: u64,
    pages: BTreeMap<PageId, Arc<[u8]>>,
    metas: BTreeMap<String, Arc<[u8]>>,
}

impl MemoryStore {
    /// An empty store at version 0.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, Arc<Image>> {
        // A commit replaces the image in one assignment: a panic elsewhere cannot leave half of one here.
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PageStore for MemoryStore {
    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, StoreError> {
        Ok(Arc::<Image>::clone(&self.lock()))
    }

    fn commit(&self, batch: Batch) -> Result<u64, StoreError> {
        batch.check()?;
        let mut pages = Vec::with_capacity(batch.pages.len());
        for (&id, payload) in &batch.pages {
            pages.push((id, payload.as_deref().map(|p| envelope::seal_page(id, p)).transpose()?));
        }
        let mut metas = Vec::with_capacity(batch.metas.len());
        for (name, payload) in &batch.metas {
            metas.push((name, payload.as_deref().map(|p| envelope::seal_named(name, p)).transpose()?));
        }
        let mut now = self.lock();
        batch.check_version(now.version)?;
        let image = Arc::make_mut(&mut now);
        for (id, sealed) in pages {
            match sealed {
                Some(sealed) => image.pages.insert(id, sealed.into()),
                None => image.pages.remove(&id),
            };
        }
        for (name, sealed) in metas {
            match sealed {
                Some(sealed) => image.metas.insert(name.clone(), sealed.into()),
                None => image.metas.remove(name),
            };
        }
        image.version += 1;
        Ok(image.version)
    }

    fn stats(&self) -> Result<StoreStats, StoreError> {
        let now = Arc::clone(&self.lock());
        let sealed: usize = now.pages.values().map(|p| p.len()).sum();
        let metas: usize = now.metas.values().map(|m| m.len()).sum();
        let frame = envelope::HEADER_LEN + envelope::TRAILER_LEN;
        Ok(StoreStats {
            kind: "memory",
            version: now.version,
            pages: now.pages.len() as u64,
            payload_bytes: (sealed - frame * now.pages.len()) as u64,
            stored_bytes: (sealed + metas) as u64,
        })
    }

    fn verify(
        &self,
        on_problem: &mut dyn FnMut(Problem),
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<VerifyReport, StoreError> {
        let now = Arc::clone(&self.lock());
        let mut report = VerifyReport::default();
        for (&id, sealed) in &now.pages {
            report.pages_checked += 1;
            if let Err(e) = envelope::unseal_page(id, sealed) {
                report.problems += 1;
                on_problem(Problem { page: Some(id), detail: e.to_string() });
            }
            progress(report.pages_checked, now.pages.len() as u64);
        }
        for (name, sealed) in &now.metas {
            report.metas_checked += 1;
            if let Err(e) = envelope::unseal_named(name, sealed) {
                report.problems += 1;
                on_problem(Problem { page: None, detail: e.to_string() });
            }
        }
        Ok(report)
    }

    fn compact(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Snapshot for Image {
    fn version(&self) -> u64 {
        self.version
    }

    fn get(&self, id: PageId) -> Result<Option<PageBytes>, StoreError> {
        let Some(sealed) = self.pages.get(&id) else {
            return Ok(None);
        };
        envelope::unseal_page(id, sealed).map(|payload| Some(payload.into()))
    }

    fn scan(
        &self,
        range: PageRange,
        f: &mut dyn FnMut(PageId, PageBytes) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let within = |id: &PageId| (range.first..=range.last).contains(&id.raw());
        let first = PageId::from_raw(range.first);
        let tail = match first {
            Some(first) => self.pages.range(first..),
            None => self.pages.range(PageId::ROOT..),
        };
        for (&id, sealed) in tail {
            if id.raw() > range.last {
                break;
            }
            if within(&id) && f(id, envelope::unseal_page(id, sealed)?.into()).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn meta(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(sealed) = self.metas.get(name) else {
            return Ok(None);
        };
        envelope::unseal_named(name, sealed).map(|payload| Some(payload.to_vec()))
    }

    fn meta_names(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.metas.keys().cloned().collect())
    }
}

impl PageSource for Image {
    fn page(&self, id: PageId) -> Result<Option<Vec<u8>>, PageError> {
        self.get(id).map(|p| p.map(|p| p.to_vec())).map_err(|e| e.for_page(id))
    }
}
