//! Creating, opening and changing worlds.

use crate::error::WorldError;
use crate::view::View;
use arc_swap::ArcSwap;
use bm_codec::body::{Base, Body};
use bm_codec::procedural::PlanetShells;
use bm_core::{ErrorKind, Material, MaterialRegistry, PageId, PageSource};
use bm_octree::{Commit, Context, Draft, Tree};
use bm_store::{Batch, FileStore, MemoryStore, PageStore, Snapshot, StoreError};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Version of the world's own records.
const WORLD_FORMAT: u32 = 1;
const HEAD: &str = "world";
const MATERIALS: &str = "materials";
const LOG: &str = "log";

/// The record that names the tree.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Head {
    format: u32,
    root_crc: u32,
}

/// What every format of that record will have.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// One line of a world's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// Version the commit made.
    pub version: u64,
    /// What was done.
    pub what: String,
    /// Pages written.
    pub pages: u64,
}

/// A world: a store, and the version of it that is newest here.
pub struct World {
    store: Box<dyn PageStore>,
    path: Option<PathBuf>,
    context: Context,
    newest: ArcSwap<View>,
    /// One change at a time; readers never wait.
    writing: Mutex<()>,
}

impl World {
    /// Makes a new world at a path where nothing is: air over sea level, the Earth's shells below.
    ///
    /// # Errors
    /// [`WorldError::Store`] when something is there already, or the system refuses.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, WorldError> {
        let store = FileStore::create(&path)?;
        Self::start(Box::new(store), Some(path.as_ref().into()), Context::default())
    }

    /// A new world in memory, gone when it is dropped.
    ///
    /// # Errors
    /// Does not fail in practice; the signature is the store's.
    pub fn in_memory() -> Result<Self, WorldError> {
        Self::start(Box::new(MemoryStore::new()), None, Context::default())
    }

    /// Opens a world for reading and writing. Only one process may do so at a time.
    ///
    /// # Errors
    /// [`WorldError`]: not a world, a newer format, locked, damaged, never finished.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, WorldError> {
        let store = FileStore::open(&path)?;
        Self::attach(Box::new(store), Some(path.as_ref().into()), Context::default())
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
        Self::attach(Box::new(store), Some(path.as_ref().into()), Context::default())
    }

    /// Opens the world at a path, or begins one there: what an ingest does. A new world appears in the
    /// file with its first commit.
    ///
    /// # Errors
    /// As [`World::open`] and [`World::create`].
    pub fn open_or_create(path: impl AsRef<Path>) -> Result<Self, WorldError> {
        let at = Some(path.as_ref().to_path_buf());
        let store = match FileStore::open(&path) {
            Err(StoreError::NotFound { .. }) => FileStore::create(&path)?,
            other => other?,
        };
        if store.snapshot()?.version() == 0 {
            return Self::pending(Box::new(store), at, Context::default());
        }
        Self::attach(Box::new(store), at, Context::default())
    }

    /// A world in any store: opened if the store holds one, begun if it is empty.
    ///
    /// # Errors
    /// As [`World::open`].
    pub fn on(store: Box<dyn PageStore>, context: Context) -> Result<Self, WorldError> {
        if store.snapshot()?.version() == 0 {
            return Self::start(store, None, context);
        }
        Self::attach(store, None, context)
    }

    fn start(store: Box<dyn PageStore>, path: Option<PathBuf>, context: Context) -> Result<Self, WorldError> {
        let world = Self::pending(store, path, context)?;
        let draft = world.blank()?;
        world.write(draft, "create", Some(0))?;
        Ok(world)
    }

    /// A world whose first commit is still to come: its pages are in memory only.
    fn pending(
        store: Box<dyn PageStore>,
        path: Option<PathBuf>,
        context: Context,
    ) -> Result<Self, WorldError> {
        let commit = blank(&context)?;
        let pages: Arc<dyn PageSource> = bm_octree::MemoryPages::from(commit.pages).into();
        let tree = Tree::open(context.clone(), pages, commit.root_crc)?;
        let view = View::new(tree, 0, MaterialRegistry::standard(), Vec::new());
        Ok(Self { store, path, context, newest: ArcSwap::from_pointee(view), writing: Mutex::new(()) })
    }

    fn blank(&self) -> Result<Commit, WorldError> {
        blank(&self.context)
    }

    fn attach(
        store: Box<dyn PageStore>,
        path: Option<PathBuf>,
        context: Context,
    ) -> Result<Self, WorldError> {
        let snapshot = store.snapshot()?;
        if snapshot.version() == 0 {
            let name = path.map_or_else(|| "store".into(), |p| p.display().to_string());
            return Err(WorldError::Unfinished(name));
        }
        let view = view_of(snapshot, &context)?;
        Ok(Self { store, path, context, newest: ArcSwap::from_pointee(view), writing: Mutex::new(()) })
    }

    /// The newest version, to be held for as long as one likes: later commits do not change it.
    #[must_use]
    pub fn view(&self) -> Arc<View> {
        self.newest.load_full()
    }

    /// Where the world lies; `None` in memory.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The store underneath.
    #[must_use]
    pub fn store(&self) -> &dyn PageStore {
        self.store.as_ref()
    }

    /// Changes the world: `change` fills a draft of the newest version, and the result becomes one commit.
    /// Returns the new version.
    ///
    /// # Errors
    /// Whatever `change` returns, and [`WorldError`] of the tree and the store; the world is then unchanged.
    pub fn commit(
        &self,
        what: &str,
        change: impl FnOnce(&View, &mut Draft<'_>) -> Result<(), WorldError>,
    ) -> Result<u64, WorldError> {
        self.commit_with(what, &|_, _| (), change)
    }

    /// [`World::commit`], telling `encoded` how many pages of how many have been encoded (from any thread).
    pub(crate) fn commit_with(
        &self,
        what: &str,
        encoded: &(dyn Fn(u64, u64) + Sync),
        change: impl FnOnce(&View, &mut Draft<'_>) -> Result<(), WorldError>,
    ) -> Result<u64, WorldError> {
        let _one_at_a_time = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let view = self.view();
        let mut draft = Draft::of(view.tree());
        draft.on_progress(encoded);
        if view.version() == 0 {
            // The first commit of a new file carries the blank world along.
            draft.put(PageId::ROOT, root_body());
        }
        change(&view, &mut draft)?;
        let commit = draft.finish()?;
        self.write(commit, what, Some(view.version()))
    }

    /// Gives the room that commits have left in the file back to the disk; returns the bytes it has now.
    /// Done once after a large ingest, it halves the file.
    ///
    /// # Errors
    /// [`WorldError::Store`]; views that are still held stand in the way ([`StoreError::SnapshotsOpen`]).
    pub fn compact(&mut self) -> Result<u64, WorldError> {
        // The newest view holds a snapshot too: a blank one stands in while nobody can look.
        let commit = blank(&self.context)?;
        let pages: Arc<dyn PageSource> = bm_octree::MemoryPages::from(commit.pages).into();
        let tree = Tree::open(self.context.clone(), pages, commit.root_crc)?;
        let newest = self.newest.swap(Arc::new(View::new(tree, 0, MaterialRegistry::standard(), Vec::new())));
        drop(newest);
        let compacted = self.store.compact();
        self.newest.store(Arc::new(view_of(self.store.snapshot()?, &self.context)?));
        compacted?;
        Ok(self.store.stats()?.stored_bytes)
    }

    /// Adds a material to the world's registry, as a commit.
    ///
    /// # Errors
    /// [`WorldError::Data`] when its id or name is taken.
    pub fn add_material(&self, material: Material) -> Result<u64, WorldError> {
        let _one_at_a_time = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let view = self.view();
        let mut registry = view.materials().clone();
        let what = format!("add material {}", material.name);
        registry.add(material).map_err(|e| WorldError::Data { what: "material", detail: e.to_string() })?;
        let mut batch = Batch::new();
        batch.put_meta(MATERIALS, to_json(registry.all())?);
        batch.expect_version(view.version());
        self.finish(batch, &what, 0)
    }

    fn write(&self, commit: Commit, what: &str, expected: Option<u64>) -> Result<u64, WorldError> {
        let mut batch = Batch::new();
        let pages = commit.pages.len() as u64;
        for (id, bytes) in commit.pages {
            batch.put(id, bytes);
        }
        for id in commit.removed {
            batch.delete(id);
        }
        batch.put_meta(HEAD, to_json(&Head { format: WORLD_FORMAT, root_crc: commit.root_crc })?);
        if let Some(v) = expected {
            batch.expect_version(v);
            if v == 0 {
                batch.put_meta(MATERIALS, to_json(MaterialRegistry::standard().all())?);
            }
        }
        self.finish(batch, what, pages)
    }

    fn finish(&self, mut batch: Batch, what: &str, pages: u64) -> Result<u64, WorldError> {
        let mut log = self.view().log().to_vec();
        log.push(LogEntry { version: self.view().version() + 1, what: what.into(), pages });
        batch.put_meta(LOG, to_json(&log)?);
        let version = match self.store.commit(batch) {
            Err(StoreError::Conflict { expected, found }) => {
                return Err(WorldError::Changed { expected, found });
            }
            other => other?,
        };
        self.newest.store(Arc::new(view_of(self.store.snapshot()?, &self.context)?));
        Ok(version)
    }
}

fn root_body() -> Body {
    Body::new(Base::Procedural(PlanetShells::earth()))
}

fn blank(context: &Context) -> Result<Commit, WorldError> {
    let mut draft = Draft::new(context.clone());
    draft.put(PageId::ROOT, root_body());
    Ok(draft.finish()?)
}

fn view_of(snapshot: Arc<dyn Snapshot>, context: &Context) -> Result<View, WorldError> {
    let version = snapshot.version();
    // The number alone first: a newer format may have other fields.
    let Format { format } = record(snapshot.as_ref(), HEAD)?;
    if format > WORLD_FORMAT {
        return Err(WorldError::Record {
            record: HEAD,
            detail: format!("world format {format} is newer than {WORLD_FORMAT}: update the program"),
            kind: ErrorKind::Unsupported,
        });
    }
    let head: Head = record(snapshot.as_ref(), HEAD)?;
    let materials: Vec<Material> = record(snapshot.as_ref(), MATERIALS)?;
    let registry = MaterialRegistry::new(materials).map_err(|e| damaged(MATERIALS, e))?;
    let log = record(snapshot.as_ref(), LOG)?;
    let pages: Arc<dyn PageSource> = Arc::new(Pages(snapshot));
    let tree = Tree::open(context.clone(), pages, head.root_crc)?;
    Ok(View::new(tree, version, registry, log))
}

/// A snapshot as a source of pages.
struct Pages(Arc<dyn Snapshot>);

impl PageSource for Pages {
    fn page(&self, id: PageId) -> Result<Option<Vec<u8>>, bm_core::PageError> {
        self.0.page(id)
    }
}

fn record<T: serde::de::DeserializeOwned>(s: &dyn Snapshot, name: &'static str) -> Result<T, WorldError> {
    let bytes = s.meta(name)?.ok_or_else(|| damaged(name, "the record is missing"))?;
    serde_json::from_slice(&bytes).map_err(|e| damaged(name, e))
}

fn damaged(record: &'static str, detail: impl ToString) -> WorldError {
    WorldError::Record { record, detail: detail.to_string(), kind: ErrorKind::Corrupt }
}

fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, WorldError> {
    serde_json::to_vec(value).map_err(|e| damaged("record", e))
}
