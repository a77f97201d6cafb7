//! The world's own records in the store, and the base that a view reads.

use super::areas::Areas;
use super::boundaries;
use super::retention::Retention;
use crate::error::WorldError;
use bm_codec::body::{Base, Body};
use bm_codec::procedural::PlanetShells;
use bm_core::{ErrorKind, Material, MaterialId, MaterialRegistry, PageId, PageSource, Phase, TickBox};
use bm_octree::{Commit, Context, Draft, Tree};
use bm_overlay::TreeBase;
use bm_store::Snapshot;
use bm_vector::set::BoundarySet;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Version of the world's own records: 2 since worlds have edits.
pub(super) const WORLD_FORMAT: u32 = 2;
pub(super) const HEAD: &str = "world";
pub(super) const MATERIALS: &str = "materials";
pub(super) const LOG: &str = "log";

/// The record that names the tree, and what lies beside it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) format: u32,
    pub(super) root_crc: u32,
    /// World version the pages stand for.
    pub(super) version: u64,
    /// Oldest version with an edit that no page holds yet; above `version` if there is none.
    pub(super) unfolded: u64,
    /// Number that ties the journal to this world; none while nothing was ever edited.
    pub(super) journal: Option<u64>,
    /// Older versions of the pages that can still be read, ascending.
    pub(super) bases: Vec<BaseRef>,
    pub(super) retention: Retention,
}

impl Head {
    /// The head of a world's first commit.
    pub(super) fn first(root_crc: u32) -> Self {
        Self {
            format: WORLD_FORMAT,
            root_crc,
            version: 1,
            unfolded: 2,
            journal: None,
            bases: Vec::new(),
            retention: Retention::default(),
        }
    }
}

/// Pages as they were before they were replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct BaseRef {
    /// World version they stand for.
    pub(super) version: u64,
    /// Version of the store that holds them.
    pub(super) store: u64,
    /// Oldest version with an edit that they did not hold.
    pub(super) unfolded: u64,
    /// When they were replaced, milliseconds since 1970.
    pub(super) until_ms: u64,
}

/// One line of a world's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// Version the commit made.
    pub version: u64,
    /// When, in milliseconds since 1970.
    pub time_ms: u64,
    /// Which process or user.
    pub origin: String,
    /// What was done.
    pub what: String,
    /// Pages written.
    pub pages: u64,
    /// Cells edited, each in cells of its own level.
    pub cells: u64,
    /// The smallest box around what was edited, in ticks: first and first beyond.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bounds: Option<([u32; 3], [u32; 3])>,
}

impl LogEntry {
    /// The smallest box around what was edited; none for commits that are not edits.
    #[must_use]
    pub fn tick_box(&self) -> Option<TickBox> {
        self.bounds.map(|(min, max)| TickBox { min, max })
    }
}

/// A version of the pages, with everything that reads them: what the edits of a world lie over.
pub struct Ground {
    pub(crate) tree: Tree,
    pub(super) source: Arc<dyn PageSource>,
    /// Version of the store.
    pub(super) store_version: u64,
    pub(super) head: Head,
    pub(crate) materials: MaterialRegistry,
    /// Commits of pages, oldest first.
    pub(crate) log: Vec<LogEntry>,
    /// State of matter by material.
    phases: Vec<Phase>,
    /// Boundaries at the pages' version.
    pub(super) boundaries: Arc<BoundarySet>,
    /// Whether there is, or was since the world was opened, a boundary with materials.
    bordered: AtomicBool,
}

impl TreeBase for Ground {
    fn tree(&self) -> &Tree {
        &self.tree
    }

    fn pages(&self) -> Arc<dyn PageSource> {
        self.source.clone()
    }

    fn keeps_said(&self) -> bool {
        self.bordered.load(Relaxed)
    }
}

impl Ground {
    fn new(
        tree: Tree,
        source: Arc<dyn PageSource>,
        store_version: u64,
        head: Head,
        materials: MaterialRegistry,
        log: Vec<LogEntry>,
        boundaries: Arc<BoundarySet>,
    ) -> Self {
        let last = materials.all().last().map_or(0, |m| m.id.0 as usize);
        // Nothing that has no name is ground.
        let mut phases = vec![Phase::Gas; last + 1];
        for m in materials.all() {
            phases[m.id.0 as usize] = m.phase;
        }
        let bordered = boundaries.iter().any(|b| b.transition.is_some()).into();
        Self { tree, source, store_version, head, materials, log, phases, boundaries, bordered }
    }

    /// Says that there is a boundary with materials now.
    pub(super) fn is_bordered(&self) {
        self.bordered.store(true, Relaxed);
    }

    /// State of matter of a material; unknown ones count as gas.
    #[inline]
    pub(crate) fn phase(&self, m: MaterialId) -> Phase {
        self.phases.get(usize::from(m.0)).copied().unwrap_or(Phase::Gas)
    }

    /// The blank world, its pages in memory only.
    pub(super) fn blank(context: &Context) -> Result<Self, WorldError> {
        let commit = blank(context)?;
        let mut head = Head::first(commit.root_crc);
        head.version = 0;
        let source: Arc<dyn PageSource> = bm_octree::MemoryPages::from(commit.pages).into();
        let tree = Tree::open(context.clone(), source.clone(), commit.root_crc)?;
        let (materials, boundaries) = (MaterialRegistry::standard(), Arc::new(boundaries::empty()));
        Ok(Self::new(tree, source, 0, head, materials, Vec::new(), boundaries))
    }

    /// The world that a snapshot of a store holds.
    pub(super) fn read(
        snapshot: Arc<dyn Snapshot>,
        context: &Context,
        areas: &Areas,
    ) -> Result<Self, WorldError> {
        let boundaries = boundaries::read_all(snapshot.as_ref(), areas)?;
        Self::read_after(snapshot, context, None, Arc::new(boundaries))
    }

    /// The same, with the decoded pages of another version, as far as they are the same, and with the boundaries
    /// that it is known to have.
    pub(super) fn read_after(
        snapshot: Arc<dyn Snapshot>,
        context: &Context,
        before: Option<&Tree>,
        boundaries: Arc<BoundarySet>,
    ) -> Result<Self, WorldError> {
        let store_version = snapshot.version();
        // The number alone first: another format may have other fields.
        let any: serde_json::Value = record(snapshot.as_ref(), HEAD)?;
        let format = any.get("format").and_then(serde_json::Value::as_u64);
        let format = format.ok_or_else(|| damaged(HEAD, "it names no format"))?;
        if format != u64::from(WORLD_FORMAT) {
            let cure = if format > u64::from(WORLD_FORMAT) {
                format!("world format {format} is newer than {WORLD_FORMAT}: update the program")
            } else {
                format!(
                    "world format {format} is of an unreleased version before {WORLD_FORMAT}: ingest the data again"
                )
            };
            return Err(WorldError::Record { record: HEAD, detail: cure, kind: ErrorKind::Unsupported });
        }
        let head: Head = record(snapshot.as_ref(), HEAD)?;
        let materials: Vec<Material> = record(snapshot.as_ref(), MATERIALS)?;
        let registry = MaterialRegistry::new(materials).map_err(|e| damaged(MATERIALS, e))?;
        let log = record(snapshot.as_ref(), LOG)?;
        let source: Arc<dyn PageSource> = Arc::new(Pages(snapshot));
        let tree = match before {
            Some(tree) => tree.after(source.clone(), head.root_crc)?,
            None => Tree::open(context.clone(), source.clone(), head.root_crc)?,
        };
        Ok(Self::new(tree, source, store_version, head, registry, log, boundaries))
    }
}

/// The root page of a new world.
pub(super) fn root_body() -> Body {
    Body::new(Base::Procedural(PlanetShells::earth()))
}

/// The pages of a new world.
pub(super) fn blank(context: &Context) -> Result<Commit, WorldError> {
    let mut draft = Draft::new(context.clone());
    draft.put(PageId::ROOT, root_body());
    Ok(draft.finish()?)
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

pub(super) fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, WorldError> {
    serde_json::to_vec(value).map_err(|e| damaged("record", e))
}
