//! A store in memory: for tests, for throw-away worlds, and as the plainest reading of the rules.

use crate::store::check_readable;
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

/// A sealed record.
type Sealed = Arc<[u8]>;

/// Records as they are now, and those that were replaced: key and last version at which they were valid, `None`
/// where nothing was there.
#[derive(Clone, Debug)]
struct Records<K> {
    now: BTreeMap<K, Sealed>,
    old: BTreeMap<(K, u64), Option<Sealed>>,
}

/// What a commit changes. Records are shared between versions, so a snapshot costs one reference count and a
/// commit copies the maps of keys only while somebody still looks at the old ones.
#[derive(Clone, Debug, Default)]
struct Image {
    version: u64,
    oldest: u64,
    pages: Records<PageId>,
    metas: Records<String>,
}

/// One version of an image.
#[derive(Clone, Debug)]
struct View {
    image: Arc<Image>,
    at: u64,
}

impl<K> Default for Records<K> {
    fn default() -> Self {
        Self { now: BTreeMap::new(), old: BTreeMap::new() }
    }
}

impl<K: Ord + Clone> Records<K> {
    /// Replaces a record; `keep` is the version before, if that one must stay readable.
    fn set(&mut self, key: K, sealed: Option<Vec<u8>>, keep: Option<u64>) {
        let sealed = sealed.map(Sealed::from);
        let before = match &sealed {
            Some(sealed) => self.now.insert(key.clone(), Arc::clone(sealed)),
            None => self.now.remove(&key),
        };
        if let Some(version) = keep
            && before != sealed
        {
            self.old.insert((key, version), before);
        }
    }

    fn get(&self, key: &K, at: u64) -> Option<&Sealed> {
        let mut old = self.old.range((key.clone(), at)..=(key.clone(), u64::MAX));
        match old.next() {
            Some((_, sealed)) => sealed.as_ref(),
            None => self.now.get(key),
        }
    }

    /// All records of a version, ascending.
    fn at(&self, at: u64) -> BTreeMap<&K, &Sealed> {
        let mut all: BTreeMap<&K, &Sealed> = self.now.iter().collect();
        // The one that counts is the first of its key, so it has to come last.
        for ((key, _), sealed) in self.old.iter().rev().filter(|((_, last), _)| *last >= at) {
            match sealed {
                Some(sealed) => all.insert(key, sealed),
                None => all.remove(key),
            };
        }
        all
    }

    /// Drops what only versions below `before` need.
    fn retire(&mut self, before: u64) {
        self.old.retain(|(_, last), _| *last >= before);
    }
}

impl Image {
    fn history_bytes(&self) -> u64 {
        let frame = envelope::HEADER_LEN + envelope::TRAILER_LEN;
        let pages = self.pages.old.values().flatten().map(|sealed| sealed.len() - frame);
        let metas = self.metas.old.iter().filter_map(|((name, _), sealed)| {
            let sealed = sealed.as_ref()?;
            Some(sealed.len() - frame - name.len())
        });
        pages.chain(metas).map(|n| n as u64).sum()
    }
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

    fn image(&self) -> Arc<Image> {
        Arc::clone(&self.lock())
    }
}

impl PageStore for MemoryStore {
    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, StoreError> {
        let image = self.image();
        Ok(Arc::new(View { at: image.version, image }))
    }

    fn snapshot_at(&self, version: u64) -> Result<Arc<dyn Snapshot>, StoreError> {
        let image = self.image();
        check_readable(version, image.oldest, image.version)?;
        Ok(Arc::new(View { at: version, image }))
    }

    fn oldest(&self) -> Result<u64, StoreError> {
        Ok(self.lock().oldest)
    }

    fn retire(&self, before: u64) -> Result<u64, StoreError> {
        let mut now = self.lock();
        let before = before.min(now.version);
        if before <= now.oldest {
            return Ok(0);
        }
        let image = Arc::make_mut(&mut now);
        let bytes = image.history_bytes();
        image.oldest = before;
        image.pages.retire(before);
        image.metas.retire(before);
        Ok(bytes - image.history_bytes())
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
        let keep = batch.keep.then_some(image.version);
        for (id, sealed) in pages {
            image.pages.set(id, sealed, keep);
        }
        for (name, sealed) in metas {
            image.metas.set(name.clone(), sealed, keep);
        }
        image.version += 1;
        if !batch.keep {
            image.oldest = image.version;
            image.pages.old.clear();
            image.metas.old.clear();
        }
        Ok(image.version)
    }

    fn stats(&self) -> Result<StoreStats, StoreError> {
        let now = self.image();
        let sealed: usize = now.pages.now.values().map(|p| p.len()).sum();
        let metas: usize = now.metas.now.values().map(|m| m.len()).sum();
        let old = now.pages.old.values().chain(now.metas.old.values());
        let old: usize = old.flatten().map(|r| r.len()).sum();
        let frame = envelope::HEADER_LEN + envelope::TRAILER_LEN;
        Ok(StoreStats {
            kind: "memory",
            version: now.version,
            pages: now.pages.now.len() as u64,
            payload_bytes: (sealed - frame * now.pages.now.len()) as u64,
            stored_bytes: (sealed + metas + old) as u64,
            history_pages: now.pages.old.len() as u64,
            history_bytes: now.history_bytes(),
        })
    }

    fn verify(
        &self,
        on_problem: &mut dyn FnMut(Problem),
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<VerifyReport, StoreError> {
        let now = self.image();
        let mut report = VerifyReport::default();
        let mut problem = |page, error: Option<StoreError>| {
            if let Some(e) = error {
                report.problems += 1;
                on_problem(Problem { page, detail: e.to_string() });
            }
        };
        let old = now.pages.old.iter().map(|((id, _), sealed)| (id, sealed.as_ref()));
        let all = now.pages.now.len() + now.pages.old.len();
        for (n, (&id, sealed)) in now.pages.now.iter().map(|(id, p)| (id, Some(p))).chain(old).enumerate() {
            problem(Some(id), sealed.and_then(|sealed| envelope::unseal_page(id, sealed).err()));
            progress(n as u64 + 1, all as u64);
        }
        let old = now.metas.old.iter().map(|((name, _), sealed)| (name, sealed.as_ref()));
        for (name, sealed) in now.metas.now.iter().map(|(name, m)| (name, Some(m))).chain(old) {
            problem(None, sealed.and_then(|sealed| envelope::unseal_named(name, sealed).err()));
        }
        report.pages_checked = now.pages.now.len() as u64;
        report.metas_checked = now.metas.now.len() as u64;
        report.history_checked = (now.pages.old.len() + now.metas.old.len()) as u64;
        Ok(report)
    }

    fn compact(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Snapshot for View {
    fn version(&self) -> u64 {
        self.at
    }

    fn get(&self, id: PageId) -> Result<Option<PageBytes>, StoreError> {
        let Some(sealed) = self.image.pages.get(&id, self.at) else {
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
        if self.at < self.image.version {
            for (&id, sealed) in self.image.pages.at(self.at).into_iter().filter(|(id, _)| within(id)) {
                if f(id, envelope::unseal_page(id, sealed)?.into()).is_break() {
                    break;
                }
            }
            return Ok(());
        }
        let tail = self.image.pages.now.range(PageId::from_raw(range.first).unwrap_or(PageId::ROOT)..);
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
        let Some(sealed) = self.image.metas.get(&name.to_owned(), self.at) else {
            return Ok(None);
        };
        envelope::unseal_named(name, sealed).map(|payload| Some(payload.to_vec()))
    }

    fn meta_names(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.image.metas.at(self.at).into_keys().cloned().collect())
    }
}

impl PageSource for View {
    fn page(&self, id: PageId) -> Result<Option<Vec<u8>>, PageError> {
        self.get(id).map(|p| p.map(|p| p.to_vec())).map_err(|e| e.for_page(id))
    }
}
