//! Reading a version: edits first, then the page tree under them.

use crate::error::OverlayError;
use crate::fold::{TreeBase, choose, fold_into};
use crate::overlay::{Hit, Snapshot};
use crate::strategy::StrategyKind;
use bm_core::frame::MAX_LEVEL;
use bm_core::{
    Cell, MaterialId, MaterialSource, PageError, PageId, PageSource, Pos, Sample, SourceKind, TickBox,
};
use bm_octree::{Draft, Pinned, Run, Tree, Volume};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// One version of a page tree with edits over it.
///
/// Points and dense boxes of voxels look into the edits directly. Coarse cells, columns and boxes of coarse cells
/// are asked of the *shadow*: the tree as it would be were everything folded, made in memory when it is first
/// needed, from the one of the version before if there is one. So their answers are the same before and after
/// a fold, by construction.
pub struct Reader<B> {
    snapshot: Snapshot<B>,
    shadow: OnceLock<Arc<Shadow>>,
    shadows: Arc<Shadows>,
}

/// The newest shadow, for the next one to start from.
#[derive(Default)]
pub struct Shadows(Mutex<Option<Arc<Shadow>>>);

impl Shadows {
    /// Lets go of the newest shadow, and of the base it holds.
    pub fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Everything folded, in memory.
struct Shadow {
    tree: Tree,
    pages: Arc<dyn PageSource>,
    /// Version it stands for.
    version: u64,
    /// The base it was made from: check sum of its tree, and its version. A fold may leave the tree as it was and
    /// take edits away all the same. And whether it keeps edits that say what the tree says.
    base: (u32, u64, bool),
    /// Layers of pages over the base's.
    depth: u32,
}

/// Changed pages over others; `None` for a page that is gone.
struct Layer {
    pages: HashMap<PageId, Option<Vec<u8>>>,
    under: Arc<dyn PageSource>,
}

impl PageSource for Layer {
    fn page(&self, id: PageId) -> Result<Option<Vec<u8>>, PageError> {
        match self.pages.get(&id) {
            Some(page) => Ok(page.clone()),
            None => self.under.page(id),
        }
    }
}

/// Layers of shadows over each other before one starts from the base again.
const DEEPEST: u32 = 8;

impl<B: TreeBase> Reader<B> {
    /// Reads a snapshot; readers of one world share `shadows`.
    #[must_use]
    pub fn new(snapshot: Snapshot<B>, shadows: &Arc<Shadows>) -> Self {
        Self { snapshot, shadow: OnceLock::new(), shadows: shadows.clone() }
    }

    /// The version this is.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.snapshot.version()
    }

    /// The edits and the base, for everything that is not here.
    #[must_use]
    pub const fn snapshot(&self) -> &Snapshot<B> {
        &self.snapshot
    }

    /// The page tree under the edits.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        self.snapshot.base().tree()
    }

    /// The page tree with all edits of this version folded in. Made when it is first asked for, which costs as
    /// much as folding the edits that have come since anybody asked last.
    ///
    /// # Errors
    /// [`OverlayError::Tree`] when pages cannot be read.
    pub fn folded(&self) -> Result<&Tree, OverlayError> {
        if self.snapshot.is_bare() {
            return Ok(self.tree());
        }
        if let Some(shadow) = self.shadow.get() {
            return Ok(&shadow.tree);
        }
        let shadow = self.cast()?;
        Ok(&self.shadow.get_or_init(|| shadow).tree)
    }

    /// Makes the shadow, from the newest one if it is of the same base and not younger.
    fn cast(&self) -> Result<Arc<Shadow>, OverlayError> {
        let mut newest = self.shadows.0.lock().unwrap_or_else(PoisonError::into_inner);
        let keeps_said = self.snapshot.base().keeps_said();
        let base = (self.tree().root_crc(), self.snapshot.base_version(), keeps_said);
        let start = newest.clone().filter(|s| s.base == base && s.version <= self.version());
        if let Some(shadow) = start.as_ref().filter(|s| s.version == self.version()) {
            return Ok(shadow.clone());
        }
        let start = start.filter(|s| s.depth < DEEPEST);
        let (tree, under, since, depth) = match &start {
            Some(s) => (&s.tree, s.pages.clone(), s.version, s.depth),
            None => (self.tree(), self.snapshot.base().pages(), 0, 0),
        };
        let changed = Changed { since };
        let pages = choose(&self.snapshot, &changed, u64::MAX);
        let mut draft = Draft::of(tree);
        draft.keep_said(keeps_said);
        fold_into(&mut draft, &self.snapshot, &pages, 0)?;
        let commit = draft.finish()?;
        let mut layer: HashMap<PageId, Option<Vec<u8>>> = HashMap::new();
        layer.extend(commit.pages.into_iter().map(|(id, bytes)| (id, Some(bytes))));
        layer.extend(commit.removed.into_iter().map(|id| (id, None)));
        let pages: Arc<dyn PageSource> = Arc::new(Layer { pages: layer, under });
        let folded = tree.after(pages.clone(), commit.root_crc)?;
        let shadow =
            Arc::new(Shadow { tree: folded, pages, version: self.version(), base, depth: depth + 1 });
        *newest = Some(shadow.clone());
        Ok(shadow)
    }

    /// The tree that answers for a box: the base where no edit touches it, the shadow elsewhere.
    fn tree_for(&self, bounds: &TickBox) -> Result<&Tree, OverlayError> {
        let mut touched = false;
        self.snapshot.pages_within(bounds, &mut |_| touched = true);
        if touched { self.folded() } else { Ok(self.tree()) }
    }

    /// The material of one voxel.
    ///
    /// # Errors
    /// [`OverlayError::Tree`] when a page that is needed cannot be read.
    #[inline]
    pub fn sample(&self, pos: Pos) -> Result<Sample, OverlayError> {
        match self.snapshot.find(pos) {
            Some(hit) => self.edited(hit, pos),
            None => Ok(self.tree().sample(pos)?),
        }
    }

    #[inline]
    fn edited(&self, hit: Hit, pos: Pos) -> Result<Sample, OverlayError> {
        match hit.material {
            Some(material) => Ok(sample_of(material, hit.page_level)),
            None => Ok(self.tree().base_at(pos)?),
        }
    }

    /// Pins decoded pages for many points in a row.
    #[must_use]
    pub fn pin(&self) -> PinnedReader<'_, B> {
        PinnedReader { reader: self, bare: self.snapshot.is_bare(), tree: self.tree().pin() }
    }

    /// The materials of many voxels, in input order; `out` is cleared first.
    ///
    /// # Errors
    /// As [`Reader::sample`].
    pub fn sample_batch(&self, at: &[Pos], out: &mut Vec<MaterialId>) -> Result<(), OverlayError> {
        if self.snapshot.is_bare() {
            return Ok(self.tree().sample_batch(at, out)?);
        }
        out.clear();
        out.resize(at.len(), MaterialId::UNSET);
        let (mut rest, mut places) = (Vec::new(), Vec::new());
        for (i, &pos) in at.iter().enumerate() {
            match self.snapshot.find(pos) {
                Some(hit) => out[i] = self.edited(hit, pos)?.material,
                None => {
                    rest.push(pos);
                    places.push(i);
                }
            }
        }
        let mut answers = Vec::new();
        self.tree().sample_batch(&rest, &mut answers)?;
        for (i, m) in places.into_iter().zip(answers) {
            out[i] = m;
        }
        Ok(())
    }

    /// The material with the largest volume in the cell of `level` that holds a voxel.
    ///
    /// # Errors
    /// As [`Reader::sample`].
    pub fn sample_at_level(&self, pos: Pos, level: u8) -> Result<Sample, OverlayError> {
        if level >= MAX_LEVEL {
            return self.sample(pos);
        }
        let cell = Cell::containing(pos, level);
        Ok(self.tree_for(&cell.bounds())?.sample_at_level(pos, level)?)
    }

    /// Appends the runs of column (`x`, `y`) from tick `z0` up to (not including) `z1`, bottom up.
    ///
    /// # Errors
    /// As [`Reader::sample`], and for columns outside the world.
    pub fn column(&self, x: u32, y: u32, z0: u32, z1: u32, out: &mut Vec<Run>) -> Result<(), OverlayError> {
        let bounds = TickBox { min: [x, y, z0], max: [x + 1, y + 1, z1] };
        Ok(self.tree_for(&bounds)?.column(x, y, z0, z1, out)?)
    }

    /// Top of the highest run of column (`x`, `y`) for which `is_ground` holds, and its material.
    ///
    /// # Errors
    /// As [`Reader::column`].
    pub fn surface(
        &self,
        x: u32,
        y: u32,
        is_ground: impl Fn(MaterialId) -> bool,
    ) -> Result<Option<(u32, MaterialId)>, OverlayError> {
        let bounds = TickBox { min: [x, y, 0], max: [x + 1, y + 1, bm_core::frame::ROOT_TICKS] };
        Ok(self.tree_for(&bounds)?.surface(x, y, is_ground)?)
    }

    /// A dense box of cells of one level, clipped to the world.
    ///
    /// # Errors
    /// As [`Reader::sample`], and for boxes that are empty or too large.
    pub fn volume(&self, bounds: &TickBox, level: u8) -> Result<Volume, OverlayError> {
        if level < MAX_LEVEL {
            return Ok(self.tree_for(bounds)?.volume(bounds, level)?);
        }
        let mut volume = self.tree().volume(bounds, level)?;
        if self.snapshot.is_bare() {
            return Ok(volume);
        }
        let read = TickBox { min: volume.origin, max: [0, 1, 2].map(|a| volume.origin[a] + volume.size[a]) };
        if self.snapshot.paint(&read, &mut volume.cells) {
            self.uncover(&read, &mut volume)?;
        }
        Ok(volume)
    }

    /// Asks the base where edits were cleared.
    fn uncover(&self, read: &TickBox, volume: &mut Volume) -> Result<(), OverlayError> {
        let [w, h, _] = volume.size;
        for (i, m) in volume.cells.iter_mut().enumerate().filter(|(_, m)| **m == MaterialId::UNSET) {
            let i = i as u32;
            let at = [i % w, i / w % h, i / w / h];
            if let Ok(pos) = Pos::new(read.min[0] + at[0], read.min[1] + at[1], read.min[2] + at[2]) {
                *m = self.tree().base_at(pos)?.material;
            }
        }
        Ok(())
    }
}

/// What an edit answers.
#[inline]
const fn sample_of(material: MaterialId, page_level: u8) -> Sample {
    Sample { material, level: MAX_LEVEL, exact: true, source: SourceKind::Edit, page_level }
}

/// A reader whose decoded pages stay in memory for as long as this is held.
pub struct PinnedReader<'r, B> {
    reader: &'r Reader<B>,
    bare: bool,
    tree: Pinned<'r>,
}

impl<B: TreeBase> PinnedReader<'_, B> {
    /// The material of one voxel.
    ///
    /// # Errors
    /// As [`Reader::sample`].
    #[inline]
    pub fn sample(&self, pos: Pos) -> Result<Sample, OverlayError> {
        if !self.bare
            && let Some(hit) = self.reader.snapshot.find(pos)
        {
            return self.reader.edited(hit, pos);
        }
        Ok(self.tree.sample(pos)?)
    }
}

impl<B: TreeBase> MaterialSource for Reader<B> {
    type Error = OverlayError;

    fn sample(&self, pos: Pos) -> Result<Sample, OverlayError> {
        Self::sample(self, pos)
    }

    fn sample_batch(&self, at: &[Pos], out: &mut Vec<MaterialId>) -> Result<(), OverlayError> {
        Self::sample_batch(self, at, out)
    }
}

/// All pages with an edit since a version.
struct Changed {
    since: u64,
}

impl crate::strategy::Strategy for Changed {
    fn name(&self) -> &'static str {
        StrategyKind::All.name()
    }

    fn choose(&self, pages: &[crate::delta::PageSummary], _: &crate::strategy::Need) -> Vec<PageId> {
        pages.iter().filter(|p| p.last > self.since).map(|p| p.page).collect()
    }
}

/// Edits over any source of materials: points only.
pub struct Over<'a, B, S> {
    /// The edits.
    pub snapshot: &'a Snapshot<B>,
    /// What answers where nothing was edited, or was cleared again.
    pub source: &'a S,
}

impl<B: Send + Sync, S: MaterialSource> MaterialSource for Over<'_, B, S> {
    type Error = S::Error;

    #[inline]
    fn sample(&self, pos: Pos) -> Result<Sample, S::Error> {
        match self.snapshot.find(pos) {
            Some(Hit { material: Some(material), page_level, .. }) => Ok(sample_of(material, page_level)),
            _ => self.source.sample(pos),
        }
    }
}
