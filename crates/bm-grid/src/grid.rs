//! A region's materials, base and derived, and its layers.

use crate::bounds::{Bounds, Window};
use crate::error::{GridError, SeedError};
use crate::layer::{AnyLayer, Layer, LayerKind, LayerValue};
use crate::plane::{Plane, Tile, TileRef, Tiling};
use crate::region::Region;
use bm_core::MaterialId;
use glam::DVec2;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;

/// A dense raster of a region.
#[derive(Clone, Debug)]
pub struct Grid {
    id: Arc<str>,
    region: Region,
    base: Plane<MaterialId>,
    /// Tiles where boundaries changed something; elsewhere the base holds.
    derived: Vec<Option<Tile<MaterialId>>>,
    /// Writes to the base that the derived tiles know of.
    synced: u64,
    affected: BTreeSet<Arc<str>>,
    /// By name. (Not a tree: its memory is known.)
    layers: Vec<(Box<str>, AnyLayer)>,
}

/// What a grid is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Number of cells.
    pub cells: u64,
    /// Number of tiles.
    pub tiles: usize,
    /// Tiles of the base that are one material.
    pub uniform_tiles: usize,
    /// Tiles that boundaries changed.
    pub derived_tiles: usize,
    /// Number of layers.
    pub layers: usize,
    /// Bytes in memory.
    pub memory_bytes: usize,
}

impl Grid {
    /// A grid whose base is filled tile by tile: `fill` is given the cells of a tile and a buffer for their
    /// materials, row by row.
    ///
    /// # Errors
    /// [`SeedError::Source`] when `fill` fails; [`GridError::Unfilled`] when it leaves a cell
    /// [`MaterialId::UNSET`].
    pub fn seed<E>(
        region: Region,
        mut fill: impl FnMut(&Region, Window, &mut [MaterialId]) -> Result<(), E>,
    ) -> Result<Self, SeedError<E>> {
        let mut grid = Self::unset(region);
        let mut buffer = Vec::new();
        for tile in 0..grid.tiling().len() {
            let window = grid.tiling().window(tile);
            buffer.clear();
            buffer.resize(window.cells(), MaterialId::UNSET);
            fill(&region, window, &mut buffer).map_err(SeedError::Source)?;
            if let Some(i) = buffer.iter().position(|&m| m == MaterialId::UNSET) {
                let (x, y) = (window.x + i as u32 % window.width, window.y + i as u32 / window.width);
                return Err(GridError::Unfilled { x, y }.into());
            }
            grid.base.set_tile(tile, &buffer)?;
        }
        grid.synced = grid.base.writes();
        Ok(grid)
    }

    /// A grid filled by column and row.
    ///
    /// # Errors
    /// [`GridError::Unfilled`] when a cell is given [`MaterialId::UNSET`].
    pub fn from_fn(region: Region, material: impl Fn(u32, u32) -> MaterialId) -> Result<Self, GridError> {
        let filled = Self::seed(region, |_, window, out| {
            for (row, y) in out.chunks_exact_mut(window.width as usize).zip(window.y..) {
                for (cell, x) in row.iter_mut().zip(window.x..) {
                    *cell = material(x, y);
                }
            }
            Ok::<_, Infallible>(())
        });
        filled.map_err(|error| match error {
            SeedError::Grid(error) => error,
            SeedError::Source(never) => match never {},
        })
    }

    /// A grid of one material.
    ///
    /// # Errors
    /// [`GridError::Unfilled`] for [`MaterialId::UNSET`].
    pub fn uniform(region: Region, material: MaterialId) -> Result<Self, GridError> {
        if material == MaterialId::UNSET {
            return Err(GridError::Unfilled { x: 0, y: 0 });
        }
        let mut grid = Self::unset(region);
        grid.base = Plane::uniform(region.width(), region.height(), material);
        Ok(grid)
    }

    fn unset(region: Region) -> Self {
        let base = Plane::uniform(region.width(), region.height(), MaterialId::UNSET);
        Self {
            id: Arc::from(""),
            region,
            derived: vec![None; base.tiling().len()],
            base,
            synced: 0,
            affected: BTreeSet::new(),
            layers: Vec::new(),
        }
    }

    /// A grid of what a file holds; tiles of the base that count as written are stale.
    pub(crate) fn of_parts(
        id: &str,
        region: Region,
        base: Plane<MaterialId>,
        derived: Vec<Option<Tile<MaterialId>>>,
        affected: BTreeSet<Arc<str>>,
        layers: Vec<(Box<str>, AnyLayer)>,
    ) -> Self {
        Self { id: Arc::from(id), region, base, derived, synced: 0, affected, layers }
    }

    /// Tiles that boundaries changed, as they are kept.
    pub(crate) fn derived_tiles(&self) -> &[Option<Tile<MaterialId>>] {
        &self.derived
    }

    /// The layers by name, whatever their types.
    pub(crate) fn any_layers(&self) -> &[(Box<str>, AnyLayer)] {
        &self.layers
    }

    /// The same grid under a name.
    #[must_use]
    pub fn with_id(self, id: impl Into<Arc<str>>) -> Self {
        Self { id: id.into(), ..self }
    }

    /// Its name; empty if it was given none.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where its cells lie.
    #[must_use]
    pub const fn region(&self) -> &Region {
        &self.region
    }

    /// How its planes are cut.
    #[must_use]
    pub const fn tiling(&self) -> Tiling {
        self.base.tiling()
    }

    /// The material at a point, after boundaries; none outside.
    #[must_use]
    pub fn material_at(&self, p: DVec2) -> Option<MaterialId> {
        let (x, y) = self.region.world_to_cell(p)?;
        self.material(x, y)
    }

    /// The material of a cell, after boundaries; none outside.
    #[must_use]
    pub fn material(&self, x: u32, y: u32) -> Option<MaterialId> {
        if !self.region.has(x, y) {
            return None;
        }
        let (tile, index) = self.tiling().locate(x, y);
        Some(self.derived_tile(tile).get(index))
    }

    /// The materials, after boundaries, of all cells that share a point with half-open bounds, row by row.
    ///
    /// # Errors
    /// [`GridError::OutOfGrid`] when the bounds leave the grid, and the errors of bounds.
    pub fn material_region(&self, bounds: Bounds) -> Result<(Window, Vec<MaterialId>), GridError> {
        bounds.check()?;
        let own = self.region.bounds();
        let inside = own.contains(bounds.min) && bounds.max.cmple(own.max).all();
        let window = inside.then(|| self.region.overlapping(bounds)).flatten().ok_or_else(|| {
            let cell = ((bounds.max - own.min) / self.region.cell_size()).ceil() - 1.0;
            let first = ((bounds.min - own.min) / self.region.cell_size()).floor();
            let worst = if own.contains(bounds.min) { cell } else { first };
            let (width, height) = (self.region.width(), self.region.height());
            GridError::OutOfGrid { x: worst.x as i64, y: worst.y as i64, width, height }
        })?;
        Ok((window, self.materials(window)))
    }

    /// The materials, after boundaries, of the cells of a window that the grid has, row by row.
    #[must_use]
    pub fn materials(&self, window: Window) -> Vec<MaterialId> {
        let Some(window) = self.region.window().intersection(&window) else {
            return Vec::new();
        };
        let mut out = vec![MaterialId::UNSET; window.cells()];
        for tile in self.tiling().tiles_of(window) {
            let cells = self.tiling().window(tile);
            let Some(part) = cells.intersection(&window) else { continue };
            let values = self.derived_tile(tile);
            for y in part.y..part.end_y() {
                let to = (y - window.y) as usize * window.width as usize + (part.x - window.x) as usize;
                let from = (y - cells.y) as usize * cells.width as usize + (part.x - cells.x) as usize;
                let row = &mut out[to..to + part.width as usize];
                match values {
                    TileRef::Uniform(material) => row.fill(material),
                    TileRef::Dense(all) => row.copy_from_slice(&all[from..from + row.len()]),
                }
            }
        }
        out
    }

    /// The material each cell was filled with, or a process left there, before boundaries.
    #[must_use]
    pub const fn base(&self) -> &Plane<MaterialId> {
        &self.base
    }

    /// The base, for writing. What boundaries make of the change is known after the next sync ([`Grid::stale`]).
    /// [`MaterialId::UNSET`] must not be written.
    pub const fn base_mut(&mut self) -> &mut Plane<MaterialId> {
        &mut self.base
    }

    /// Tiles whose base was written since their derived materials were made.
    pub fn stale(&self) -> impl Iterator<Item = usize> + '_ {
        self.base.changed_since(self.synced)
    }

    /// The derived materials are up to date with the base from here on; called by whoever made them.
    pub fn mark_synced(&mut self) {
        self.synced = self.base.writes();
    }

    /// The materials of a tile after boundaries.
    #[inline]
    #[must_use]
    pub fn derived_tile(&self, tile: usize) -> TileRef<'_, MaterialId> {
        self.derived[tile].as_ref().map_or_else(|| self.base.tile(tile), Tile::view)
    }

    /// Sets what boundaries make of a tile. It is kept in its smallest form: nothing where it is the base.
    ///
    /// # Errors
    /// [`GridError::Length`] when there are not as many values as cells.
    pub fn set_derived_tile(&mut self, tile: usize, values: &[MaterialId]) -> Result<(), GridError> {
        let cells = self.tiling().window(tile).cells();
        if values.len() != cells {
            return Err(GridError::Length { given: values.len(), cells });
        }
        let as_base = match self.base.tile(tile) {
            TileRef::Uniform(m) => values.iter().all(|&v| v == m),
            TileRef::Dense(base) => base == values,
        };
        self.derived[tile] = (!as_base).then(|| Tile::of(values));
        Ok(())
    }

    /// Boundaries say nothing in this tile.
    pub fn clear_derived_tile(&mut self, tile: usize) {
        self.derived[tile] = None;
    }

    /// Ids of the boundaries that can speak for a cell of this grid, whether or not a stronger one does.
    #[must_use]
    pub const fn affected(&self) -> &BTreeSet<Arc<str>> {
        &self.affected
    }

    /// Those ids, for whoever syncs boundaries.
    pub const fn affected_mut(&mut self) -> &mut BTreeSet<Arc<str>> {
        &mut self.affected
    }

    /// Names and types of all layers.
    pub fn layers(&self) -> impl Iterator<Item = (&str, LayerKind)> {
        self.layers.iter().map(|(name, layer)| (&**name, layer.kind()))
    }

    /// Where a layer is, or belongs.
    fn find(&self, name: &str) -> Result<usize, usize> {
        self.layers.binary_search_by(|(own, _)| (**own).cmp(name))
    }

    /// A layer.
    ///
    /// # Errors
    /// [`GridError::LayerMissing`], [`GridError::LayerType`].
    pub fn layer<V: LayerValue>(&self, name: &str) -> Result<&Layer<V>, GridError> {
        let (_, layer) =
            self.find(name).ok().and_then(|at| self.layers.get(at)).ok_or_else(|| missing(name))?;
        V::of(layer).ok_or_else(|| mistyped::<V>(name, layer.kind()))
    }

    /// A layer, for writing.
    ///
    /// # Errors
    /// [`GridError::LayerMissing`], [`GridError::LayerType`].
    pub fn layer_mut<V: LayerValue>(&mut self, name: &str) -> Result<&mut Layer<V>, GridError> {
        let Ok(at) = self.find(name) else { return Err(missing(name)) };
        let (_, layer) = self.layers.get_mut(at).ok_or_else(|| missing(name))?;
        let is = layer.kind();
        V::of_mut(layer).ok_or_else(|| mistyped::<V>(name, is))
    }

    /// A layer, made with `fill` in all cells if there is none of this name. A new layer costs memory only where
    /// it is written.
    ///
    /// # Errors
    /// [`GridError::LayerType`] when there is one of another type.
    pub fn get_or_create_layer<V: LayerValue>(
        &mut self,
        name: &str,
        fill: V,
    ) -> Result<&mut Layer<V>, GridError> {
        if let Err(at) = self.find(name) {
            let layer = Layer::uniform(self.region.width(), self.region.height(), fill);
            // A vector that grows by itself keeps room for layers that never come.
            self.layers.reserve_exact(1);
            self.layers.insert(at, (name.into(), V::wrap(layer)));
        }
        self.layer_mut(name)
    }

    /// Drops a layer; whether there was one.
    pub fn remove_layer(&mut self, name: &str) -> bool {
        self.find(name).map(|at| self.layers.remove(at)).is_ok()
    }

    /// Bytes it keeps in memory: itself, and what it asked the allocator for, to the byte. Of the ids of affecting
    /// boundaries, which others keep as well, only the texts are counted.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let derived = self.derived.capacity() * size_of::<Option<Tile<MaterialId>>>()
            + self.derived.iter().flatten().map(Tile::heap).sum::<usize>();
        let layers = self.layers.capacity() * size_of::<(Box<str>, AnyLayer)>()
            + self.layers.iter().map(|(name, layer)| name.len() + layer.memory_bytes()).sum::<usize>();
        let affected: usize = self.affected.iter().map(|id| shared_text(id)).sum();
        size_of::<Self>() + shared_text(&self.id) + self.base.memory_bytes() + derived + layers + affected
    }

    /// What it is made of.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats {
            cells: self.region.cells(),
            tiles: self.tiling().len(),
            uniform_tiles: self.base.uniform_tiles(),
            derived_tiles: self.derived.iter().flatten().count(),
            layers: self.layers.len(),
            memory_bytes: self.memory_bytes(),
        }
    }
}

impl PartialEq for Grid {
    /// Whether name, region, materials before and after boundaries, layers and affecting boundaries are the same, bit
    /// for bit; how they are kept and when they were written does not count.
    fn eq(&self, other: &Self) -> bool {
        let derived = |t: usize| {
            let cells = self.tiling().window(t).cells();
            match (&self.derived[t], &other.derived[t]) {
                (None, None) => true,
                _ => {
                    let (a, b) = (self.derived_tile(t), other.derived_tile(t));
                    (0..cells).all(|i| a.get(i) == b.get(i))
                }
            }
        };
        self.id == other.id
            && self.region == other.region
            && self.base == other.base
            && self.affected == other.affected
            && self.layers == other.layers
            && (0..self.derived.len()).all(derived)
    }
}

/// Bytes of a shared text: two counts and the text, rounded up to whole words.
fn shared_text(text: &str) -> usize {
    (2 * size_of::<usize>() + text.len()).next_multiple_of(align_of::<usize>())
}

fn missing(name: &str) -> GridError {
    GridError::LayerMissing { name: name.to_owned() }
}

fn mistyped<V: LayerValue>(name: &str, is: LayerKind) -> GridError {
    GridError::LayerType { name: name.to_owned(), is, asked: V::KIND }
}
