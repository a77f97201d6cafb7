//! What chunks are in memory, within a budget.
//!
//! Who goes is decided by CLOCK: chunks stand in a ring, a hand goes round and takes the first that was not used since it
//! came by last. A chunk in use stays, and an unsaved one is saved first. The lock of the ring is never held while a
//! chunk is loaded or saved.

use super::error::ChunkError;
use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

/// A chunk of some grid.
pub(super) trait Page: Any + Send + Sync {
    /// Whether it was written since it was saved.
    fn unsaved(&self) -> bool;
    /// Whether there is where it could be saved.
    fn has_store(&self) -> bool;
    /// Whether it may be saved to make room.
    fn may_be_saved(&self) -> bool;
    /// Saves it if it is unsaved.
    fn save(&self) -> Result<(), ChunkError>;
    /// Whether it was used since the hand came by.
    fn used(&self) -> &AtomicBool;
    /// Bytes it is charged with.
    fn charged(&self) -> usize;
}

/// How often room is looked for while others hold all chunks: some seconds.
const PATIENCE: u32 = 3000;

/// Grid and chunk.
pub(super) type PageKey = (u64, i64, i64);

/// Chunks in memory, of one grid or several, within one budget.
pub struct Cache {
    most_bytes: usize,
    most_chunks: usize,
    bytes: AtomicUsize,
    evicted: AtomicUsize,
    ring: RwLock<Ring>,
}

#[derive(Default)]
struct Ring {
    places: HashMap<PageKey, usize>,
    /// Empty places are those in `free`.
    pages: Vec<Option<(PageKey, Arc<dyn Page>)>>,
    /// The one left last is filled first: it is just behind the hand, which comes by there last.
    free: Vec<usize>,
    hand: usize,
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("most_bytes", &self.most_bytes)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

/// Bytes set aside, given back if they are not used.
pub(super) struct Room<'a> {
    cache: &'a Cache,
    bytes: usize,
}

impl Room<'_> {
    /// Uses so many of them, no more than there are.
    pub(super) fn spend(mut self, bytes: usize) {
        debug_assert!(bytes <= self.bytes);
        self.bytes -= bytes.min(self.bytes);
    }
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        self.cache.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// What looking for a chunk that can go came to.
enum Found {
    /// It is gone, or something else changed.
    Again,
    /// It must be saved first.
    Save(PageKey, Arc<dyn Page>),
    /// There is none.
    Nothing { unsaved: usize, pinned: usize },
}

impl Cache {
    /// Room for so many bytes (values, and what it takes to keep each chunk) and so many chunks. The bytes are never
    /// exceeded; the number of chunks may be, by as many as there are threads.
    #[must_use]
    pub fn new(most_bytes: usize, most_chunks: usize) -> Arc<Self> {
        let (bytes, evicted) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Arc::new(Self { most_bytes, most_chunks, bytes, evicted, ring: RwLock::default() })
    }

    /// The budget in bytes.
    #[must_use]
    pub const fn most_bytes(&self) -> usize {
        self.most_bytes
    }

    /// Bytes in use, never more than the budget.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Chunks in memory.
    #[must_use]
    pub fn chunks(&self) -> usize {
        self.read().places.len()
    }

    /// Chunks that had to go so far.
    #[must_use]
    pub fn evicted(&self) -> usize {
        self.evicted.load(Ordering::Relaxed)
    }

    fn read(&self) -> RwLockReadGuard<'_, Ring> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Ring> {
        self.ring.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// A chunk, if it is in memory; pinned as long as it is held.
    pub(super) fn find(&self, key: PageKey) -> Option<Arc<dyn Page>> {
        let ring = self.read();
        let (_, page) = ring.at(*ring.places.get(&key)?)?;
        if !page.used().load(Ordering::Relaxed) {
            page.used().store(true, Ordering::Relaxed);
        }
        Some(Arc::clone(page))
    }

    /// Puts a chunk in, unless there is one by now.
    pub(super) fn insert(&self, key: PageKey, page: Arc<dyn Page>) -> Result<(), Arc<dyn Page>> {
        let mut ring = self.write();
        if let Some((_, there)) = ring.places.get(&key).and_then(|&place| ring.at(place)) {
            return Err(Arc::clone(there));
        }
        ring.put(key, page);
        Ok(())
    }

    /// Takes this very chunk out, saved or not, if it is still in; then its bytes are the caller's to give back.
    pub(super) fn remove(&self, key: PageKey, page: &Arc<dyn Page>) -> bool {
        let mut ring = self.write();
        let Some(&place) = ring.places.get(&key) else { return false };
        let same = ring.at(place).is_some_and(|(_, there)| Arc::ptr_eq(there, page));
        if same {
            ring.take(place);
        }
        same
    }

    /// Names of all chunks of a grid. (Not the chunks themselves: none could go while they are held.)
    pub(super) fn keys_of(&self, grid: u64) -> Vec<PageKey> {
        self.read().places.keys().filter(|(own, ..)| *own == grid).copied().collect()
    }

    /// A chunk that is to be saved; it does not count as used.
    pub(super) fn peek(&self, key: PageKey) -> Option<Arc<dyn Page>> {
        let ring = self.read();
        ring.at(*ring.places.get(&key)?).map(|(_, page)| Arc::clone(page))
    }

    /// The sum of a number over all chunks of a grid.
    pub(super) fn sum_of(&self, grid: u64, number: impl Fn(&dyn Page) -> usize) -> usize {
        let ring = self.read();
        let own = ring.pages.iter().flatten().filter(|((own, ..), _)| *own == grid);
        own.map(|(_, page)| number(&**page)).sum()
    }

    /// Bytes are free again.
    pub(super) fn give_back(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Sets bytes aside, for a chunk more if there is not one that the caller holds; others go for it. The caller must
    /// hold no lock of a chunk.
    pub(super) fn room(&self, bytes: usize, held: bool) -> Result<Room<'_>, ChunkError> {
        let own = usize::from(held);
        let mut tries = 0;
        let mut failure = None;
        loop {
            let fits = |used: usize| used.checked_add(bytes).filter(|&sum| sum <= self.most_bytes);
            let crowded = !held && self.chunks() >= self.most_chunks;
            if !crowded && self.bytes.try_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok() {
                return Ok(Room { cache: self, bytes });
            }
            let found = self.evict(failure.is_some());
            match found {
                Found::Again => {}
                Found::Save(key, page) => match page.save() {
                    Ok(()) => self.let_go(key, &page),
                    // It stays, unsaved. Saved ones may go instead; only if there is none does this one count.
                    Err(error) => failure = Some(error),
                },
                Found::Nothing { unsaved, pinned } => {
                    if let Some(error) = failure.take() {
                        return Err(error);
                    }
                    // Others hold chunks for the time of one call, in which they may save one.
                    tries += 1;
                    if pinned <= own || tries > PATIENCE {
                        return Err(ChunkError::Full { need: bytes, most: self.most_bytes, unsaved, pinned });
                    }
                    if tries < 100 {
                        std::thread::yield_now();
                    } else {
                        std::thread::sleep(Duration::from_millis(1));
                    }
                }
            }
        }
    }

    /// Lets a chunk go that was saved just now, if it was neither used nor written meanwhile.
    fn let_go(&self, key: PageKey, page: &Arc<dyn Page>) {
        let mut ring = self.write();
        let Some(&place) = ring.places.get(&key) else { return };
        let same = ring.at(place).is_some_and(|(_, there)| Arc::ptr_eq(there, page));
        // The ring's and ours. New ones are made under the lock alone, which is held.
        if same && Arc::strong_count(page) == 2 {
            fence(Ordering::Acquire);
            if !page.unsaved() {
                ring.take(place);
                self.bytes.fetch_sub(page.charged(), Ordering::Relaxed);
                self.evicted.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Moves the hand to the next chunk that can go.
    fn evict(&self, saved_only: bool) -> Found {
        let mut ring = self.write();
        let (mut unsaved, mut pinned) = (0, 0);
        let mut first_round = ring.pages.len();
        // In the second round none counts as used.
        for _ in 0..2 * ring.pages.len() {
            let place = if ring.hand < ring.pages.len() { ring.hand } else { 0 };
            ring.hand = place + 1;
            let counted = first_round > 0;
            first_round = first_round.saturating_sub(1);
            let Some((key, page)) = ring.at(place) else { continue };
            if Arc::strong_count(page) > 1 {
                pinned += usize::from(counted);
                continue;
            }
            // Whoever let go of it last has written before.
            fence(Ordering::Acquire);
            if page.used().swap(false, Ordering::Relaxed) && counted {
                continue;
            }
            if page.unsaved() {
                if page.may_be_saved() && !saved_only {
                    return Found::Save(*key, Arc::clone(page));
                }
                unsaved += usize::from(!counted && !page.may_be_saved());
                continue;
            }
            self.bytes.fetch_sub(page.charged(), Ordering::Relaxed);
            self.evicted.fetch_add(1, Ordering::Relaxed);
            ring.take(place);
            return Found::Again;
        }
        Found::Nothing { unsaved, pinned }
    }
}

impl Ring {
    fn at(&self, place: usize) -> Option<&(PageKey, Arc<dyn Page>)> {
        self.pages.get(place)?.as_ref()
    }

    fn put(&mut self, key: PageKey, page: Arc<dyn Page>) {
        let place = self.free.pop().unwrap_or(self.pages.len());
        match self.pages.get_mut(place) {
            Some(empty) => *empty = Some((key, page)),
            None => self.pages.push(Some((key, page))),
        }
        self.places.insert(key, place);
    }

    /// Takes the page of a place out.
    fn take(&mut self, place: usize) {
        let Some((key, _)) = self.pages.get_mut(place).and_then(Option::take) else { return };
        self.places.remove(&key);
        self.free.push(place);
        // So that the hand does not pass many empty places: the ring closes up.
        if self.free.len() > 64 + self.pages.len() / 2 {
            let before = self.pages.iter().take(self.hand).flatten().count();
            self.pages.retain(Option::is_some);
            self.free.clear();
            self.hand = before;
            self.places =
                self.pages.iter().flatten().enumerate().map(|(place, (key, _))| (*key, place)).collect();
        }
    }
}
