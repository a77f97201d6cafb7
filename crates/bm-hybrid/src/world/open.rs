//! Creating and opening worlds.

use super::areas::Areas;
use super::boundaries::BoundaryLog;
use super::edits::Known;
use super::fold::Folder;
use super::history::History;
use super::records::Ground;
use super::{Inner, World};
use crate::error::WorldError;
use bm_octree::Context;
use bm_overlay::journal::{self, Folder as JournalFolder, Journal, JournalError, Media};
use bm_overlay::{Options, Overlay, OverlayError, Shadows};
use bm_store::{FileStore, MemoryStore, PageStore, StoreError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

/// The folder beside a world's file that holds its journal.
pub(super) fn journal_path(world: &Path) -> PathBuf {
    let mut name = world.as_os_str().to_owned();
    name.push(".edits");
    name.into()
}

impl World {
    /// Makes a new world at a path where nothing is: air over sea level, the Earth's shells below.
    ///
    /// # Errors
    /// [`WorldError::Store`] when something is there already, or the system refuses.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, WorldError> {
        let store = FileStore::create(&path)?;
        Self::start(Box::new(store), Place::file(path.as_ref(), false))
    }

    /// A new world in memory, gone when it is dropped. It has no journal: edits are as durable as memory is.
    ///
    /// # Errors
    /// Does not fail in practice; the signature is the store's.
    pub fn in_memory() -> Result<Self, WorldError> {
        Self::start(Box::new(MemoryStore::new()), Place::default())
    }

    /// Opens a world for reading and writing. Only one process may do so at a time. Edits that a crash left in
    /// the journal are there again.
    ///
    /// # Errors
    /// [`WorldError`]: not a world, a newer format, locked, damaged, never finished, its journal lost.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, WorldError> {
        let store = FileStore::open(&path)?;
        Self::attach(Box::new(store), Place::file(path.as_ref(), false))
    }

    /// Opens a world for reading only; several processes may do so at a time, but not beside a writer. A file
    /// whose writer was killed is repaired first, which loses no commit.
    ///
    /// # Errors
    /// As [`World::open`].
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, WorldError> {
        let store = match FileStore::open_read_only(&path) {
            Err(StoreError::NeedsRecovery { .. }) => {
                drop(FileStore::open(&path)?);
                FileStore::open_read_only(&path)?
            }
            other => other?,
        };
        Self::attach(Box::new(store), Place::file(path.as_ref(), true))
    }

    /// Opens the world at a path, or begins one there: what an ingest does. A new world appears in the
    /// file with its first commit.
    ///
    /// # Errors
    /// As [`World::open`] and [`World::create`].
    pub fn open_or_create(path: impl AsRef<Path>) -> Result<Self, WorldError> {
        let store = match FileStore::open(&path) {
            Err(StoreError::NotFound { .. }) => FileStore::create(&path)?,
            other => other?,
        };
        let place = Place::file(path.as_ref(), false);
        if store.snapshot()?.version() == 0 {
            return Self::pending(Box::new(store), place);
        }
        Self::attach(Box::new(store), place)
    }

    /// A world in any store: opened if the store holds one, begun if it is empty. Without a place for a journal
    /// edits are as durable as memory is until they are folded.
    ///
    /// # Errors
    /// As [`World::open`].
    pub fn on(store: Box<dyn PageStore>, context: Context) -> Result<Self, WorldError> {
        Self::with(store, Place { context, ..Place::default() })
    }

    /// As [`World::on`], with a place for the journal.
    ///
    /// # Errors
    /// As [`World::open`].
    pub fn on_media(
        store: Box<dyn PageStore>,
        media: Arc<dyn Media>,
        context: Context,
    ) -> Result<Self, WorldError> {
        Self::with(store, Place { media: Some(media), context, ..Place::default() })
    }

    fn with(store: Box<dyn PageStore>, place: Place) -> Result<Self, WorldError> {
        if store.snapshot()?.version() == 0 {
            return Self::start(store, place);
        }
        Self::attach(store, place)
    }

    fn start(store: Box<dyn PageStore>, place: Place) -> Result<Self, WorldError> {
        let world = Self::pending(store, place)?;
        world.inner.begin()?;
        Ok(world)
    }

    /// A world whose first commit is still to come: its pages are in memory only.
    fn pending(store: Box<dyn PageStore>, place: Place) -> Result<Self, WorldError> {
        let ground = Ground::blank(&place.context)?;
        Ok(Self::put_together(store, place, ground))
    }

    fn attach(store: Box<dyn PageStore>, place: Place) -> Result<Self, WorldError> {
        let snapshot = store.snapshot()?;
        if snapshot.version() == 0 {
            let name = place.path.map_or_else(|| "store".into(), |p| p.display().to_string());
            return Err(WorldError::Unfinished(name));
        }
        let areas = Areas::beside(place.path.as_deref());
        let ground = Ground::read(snapshot, &place.context, &areas)?;
        let (id, unfolded) = (ground.head.journal, ground.head.unfolded);
        let world = Self::put_together(store, place, ground);
        if let Some(id) = id {
            world.inner.replay(id, unfolded)?;
        }
        Ok(world)
    }

    fn put_together(store: Box<dyn PageStore>, place: Place, ground: Ground) -> Self {
        let known = Known::default();
        known.learn(&ground.materials);
        let version = ground.head.version;
        let boundaries = BoundaryLog::starting(version, ground.boundaries.clone());
        let areas = Areas::beside(place.path.as_deref());
        let inner = Inner {
            store,
            path: place.path,
            media: place.media,
            read_only: place.read_only,
            context: place.context,
            overlay: Overlay::new(ground, version, Options::default()),
            shadows: Arc::new(Shadows::default()),
            boundaries,
            areas,
            history: History::default(),
            known,
            torn: AtomicU64::new(0),
            unnamed: Mutex::default(),
            writing: Mutex::new(()),
        };
        let inner = Arc::new(inner);
        Self { folder: Folder::default(), inner }
    }
}

/// Where a world lies and how it is opened.
#[derive(Default)]
struct Place {
    path: Option<PathBuf>,
    media: Option<Arc<dyn Media>>,
    read_only: bool,
    context: Context,
}

impl Place {
    fn file(path: &Path, read_only: bool) -> Self {
        // Only named here: the folder appears with the first edit.
        let media = Arc::new(JournalFolder::read_only(journal_path(path)));
        Self { path: Some(path.into()), media: Some(media), read_only, context: Context::default() }
    }
}

impl Inner {
    /// Brings the edits back that no page holds, and goes on in the same journal.
    fn replay(&self, id: u64, unfolded: u64) -> Result<(), WorldError> {
        let Some(media) = self.media.clone() else {
            return Err(WorldError::NoJournal(self.name()));
        };
        let mut failed: Option<WorldError> = None;
        let folded = self.overlay.version();
        let mut restore = |record: journal::Record<'_>| -> Result<(), JournalError> {
            let seq = record.head.seq;
            if seq < unfolded || failed.is_some() {
                return Ok(());
            }
            failed = self.overlay.restore(seq, &record.edits()?).err().map(Into::into);
            // The store has the boundaries up to the version of its pages, whatever is folded.
            if let (Some(annex), true) = (record.annex()?, seq > folded) {
                failed = failed.take().or(self
                    .boundaries
                    .replay(seq, annex, &self.areas, self.overlay.snapshot().base())
                    .err());
            }
            Ok(())
        };
        let opened = if self.read_only {
            Journal::open_read_only(media, id, &mut restore)
        } else {
            Journal::open(self.writable(&media)?, id, journal::Options::default(), &mut restore)
        };
        let (journal, found) = opened.map_err(|e| match e {
            JournalError::Missing => WorldError::NoJournal(self.name()),
            e => WorldError::Overlay(e.into()),
        })?;
        if let Some(e) = failed {
            return Err(e);
        }
        if found.first_seq > unfolded {
            // What the pages lack begins before the oldest file: one was taken away.
            return Err(WorldError::NoJournal(self.name()));
        }
        self.torn.store(found.torn_bytes, Relaxed);
        if let Some(last) = found.last_seq {
            self.overlay.advance(last);
        }
        self.overlay.attach(journal);
        Ok(())
    }

    /// The journal's folder, made if it is not there.
    pub(super) fn writable(&self, media: &Arc<dyn Media>) -> Result<Arc<dyn Media>, WorldError> {
        match &self.path {
            Some(path) => {
                let folder = JournalFolder::create(journal_path(path));
                let folder = folder.map_err(|source| JournalError::Io { doing: "create", source });
                Ok(Arc::new(folder.map_err(OverlayError::from)?))
            }
            None => Ok(media.clone()),
        }
    }
}
