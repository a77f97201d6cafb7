//! Region, materials and layers in a folder.

use super::manifest::{self, Entry, Manifest};
use super::plane::Paged;
use crate::bounds::Window;
use crate::chunked::{Cache, ChunkError, ChunkedConfig, Durability, FolderStore};
use crate::error::GridError;
use crate::grid::Grid;
use crate::layer::{AnyLayer, Layer, LayerKind, LayerValue};
use crate::plane::Plane;
use crate::region::Region;
use crate::scalar::Scalar;
use bm_core::MaterialId;
use std::any::Any;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How a folder is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreConfig {
    /// Most bytes of tiles in memory, of all planes together; at least two tiles must fit.
    pub most_bytes: usize,
    /// Edge of a tile in cells: a power of two from 4 to 4096. Of a folder that exists, its own counts.
    pub side: u32,
    /// When a saved tile outlives a loss of power.
    pub durability: Durability,
}

impl Default for StoreConfig {
    /// A gigabyte, tiles of 256 cells (half a megabyte of `f64`), on the disk after a flush.
    fn default() -> Self {
        Self { most_bytes: 1 << 30, side: 256, durability: Durability::OnFlush }
    }
}

/// A grid in a folder, as large as a region may be: materials and typed layers, of which what was used last is in
/// memory. It is used by one process at a time.
///
/// What was written is in the folder after [`GridStore::flush`]; tiles that had to go before are there as well, so after
/// a kill the folder holds each tile as of its last saving, not the whole as of one moment. Save a part as a file
/// ([`GridStore::read_part`], [`crate::file`]) where that matters.
#[derive(Debug)]
pub struct GridStore {
    folder: PathBuf,
    manifest: Manifest,
    durability: Durability,
    cache: Arc<Cache>,
    material: Paged<MaterialId>,
    /// By name, as in the manifest; planes of each layer, `Vec<Paged<_>>` of its numbers.
    layers: Vec<Box<dyn Any + Send + Sync>>,
}

impl GridStore {
    /// Makes a grid of one material in a folder that has none.
    ///
    /// # Errors
    /// When there is one already, when the folder cannot be written or is used by another process, and
    /// [`ChunkError::Config`].
    pub fn create(
        folder: &Path,
        region: Region,
        material: MaterialId,
        config: &StoreConfig,
    ) -> Result<Self, ChunkError> {
        if material == MaterialId::UNSET {
            return Err(GridError::Unfilled { x: 0, y: 0 }.into());
        }
        if manifest::path(folder).exists() {
            return Err(ChunkError::Config { what: "there is a grid in the folder already" });
        }
        let log2 = config.side.checked_ilog2().unwrap_or(0);
        if !config.side.is_power_of_two() {
            return Err(ChunkError::Config { what: "the side of tiles is a power of two from 4 to 4096" });
        }
        let manifest =
            Manifest { region, id: String::new(), log2, material: material.0, next: 0, layers: Vec::new() };
        let store = Self::of(folder, manifest, config)?;
        // Now that nobody else uses it.
        if manifest::path(folder).exists() {
            return Err(ChunkError::Config { what: "there is a grid in the folder already" });
        }
        store.manifest.save(folder)?;
        Ok(store)
    }

    /// Opens the grid of a folder.
    ///
    /// # Errors
    /// When there is none, when it cannot be read or is used by another process, and [`ChunkError::Config`].
    pub fn open(folder: &Path, config: &StoreConfig) -> Result<Self, ChunkError> {
        Self::of(folder, Manifest::load(folder)?, config)
    }

    fn of(folder: &Path, manifest: Manifest, config: &StoreConfig) -> Result<Self, ChunkError> {
        let cache = Cache::new(config.most_bytes, usize::MAX);
        let open = Opener { folder, manifest: &manifest, durability: config.durability, cache: &cache };
        let material = open.plane("material", MaterialId(manifest.material))?;
        let mut layers: Vec<Box<dyn Any + Send + Sync>> = Vec::new();
        for entry in &manifest.layers {
            layers.push(match entry.kind {
                LayerKind::F32 | LayerKind::F32x2 => Box::new(open.planes::<f32>(entry)?),
                LayerKind::F64 => Box::new(open.planes::<f64>(entry)?),
                LayerKind::U16 => Box::new(open.planes::<u16>(entry)?),
                LayerKind::U8 => Box::new(open.planes::<u8>(entry)?),
            });
        }
        let (folder, durability) = (folder.to_owned(), config.durability);
        Ok(Self { folder, manifest, durability, cache, material, layers })
    }

    /// Where its cells lie.
    #[must_use]
    pub const fn region(&self) -> &Region {
        &self.manifest.region
    }

    /// Its name; empty if it was given none.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.manifest.id
    }

    /// Gives it a name.
    ///
    /// # Errors
    /// When the folder cannot be written; then the name stays.
    pub fn set_id(&mut self, id: &str) -> Result<(), ChunkError> {
        self.rewrite(Manifest { id: id.to_owned(), ..self.manifest.clone() })
    }

    fn rewrite(&mut self, manifest: Manifest) -> Result<(), ChunkError> {
        manifest.save(&self.folder)?;
        self.manifest = manifest;
        Ok(())
    }

    /// The material of each cell. [`MaterialId::UNSET`] must not be written.
    #[must_use]
    pub const fn material(&self) -> &Paged<MaterialId> {
        &self.material
    }

    /// Names and types of all layers.
    pub fn layers(&self) -> impl Iterator<Item = (&str, LayerKind)> {
        self.manifest.layers.iter().map(|layer| (&*layer.name, layer.kind))
    }

    fn find(&self, name: &str) -> Result<usize, usize> {
        self.manifest.layers.binary_search_by(|layer| (*layer.name).cmp(name))
    }

    /// The planes of a layer: one, or two for a pair.
    ///
    /// # Errors
    /// [`GridError::LayerMissing`], [`GridError::LayerType`].
    pub fn layer<V: LayerValue>(&self, name: &str) -> Result<&[Paged<V::Scalar>], GridError> {
        let found =
            self.find(name).ok().and_then(|at| Some((self.manifest.layers.get(at)?, self.layers.get(at)?)));
        let (entry, planes) = found.ok_or_else(|| GridError::LayerMissing { name: name.to_owned() })?;
        let planes = planes.downcast_ref::<Vec<Paged<V::Scalar>>>().filter(|_| entry.kind == V::KIND);
        let wrong = || GridError::LayerType { name: name.to_owned(), is: entry.kind, asked: V::KIND };
        planes.map(Vec::as_slice).ok_or_else(wrong)
    }

    /// A layer, made with `fill` in all cells if there is none of this name; that takes no room until it is written.
    ///
    /// # Errors
    /// [`GridError::LayerType`] when there is one of another type; when the folder cannot be written.
    pub fn get_or_create_layer<V: LayerValue>(
        &mut self,
        name: &str,
        fill: V,
    ) -> Result<&[Paged<V::Scalar>], ChunkError> {
        if let Err(at) = self.find(name) {
            let fill = fill.parts().map(Scalar::bits).collect();
            let folder = self.manifest.next;
            let entry = Entry { name: name.into(), kind: V::KIND, folder, fill };
            let too_many = ChunkError::Config { what: "too many layers were made in the folder" };
            let next = folder.checked_add(V::PLANES as u32).ok_or(too_many)?;
            let mut manifest = Manifest { next, ..self.manifest.clone() };
            manifest.layers.insert(at, entry.clone());
            let open = Opener {
                folder: &self.folder,
                manifest: &manifest,
                durability: self.durability,
                cache: &self.cache,
            };
            // What a killed process left of a layer it did not come to name.
            open.clear(&entry)?;
            let planes = open.planes::<V::Scalar>(&entry)?;
            self.rewrite(manifest)?;
            self.layers.insert(at, Box::new(planes));
        }
        Ok(self.layer::<V>(name)?)
    }

    /// Drops a layer and removes its tiles; whether there was one.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn remove_layer(&mut self, name: &str) -> Result<bool, ChunkError> {
        let Ok(at) = self.find(name) else { return Ok(false) };
        let mut manifest = self.manifest.clone();
        let entry = manifest.layers.remove(at);
        // First its name, so that a kill between leaves no layer without tiles.
        self.rewrite(manifest)?;
        drop(self.layers.remove(at));
        let open = Opener {
            folder: &self.folder,
            manifest: &self.manifest,
            durability: self.durability,
            cache: &self.cache,
        };
        open.clear(&entry)?;
        Ok(true)
    }

    /// What is in memory, and within which budget.
    #[must_use]
    pub const fn cache(&self) -> &Arc<Cache> {
        &self.cache
    }

    /// Saves every tile written since it was saved, and returns when all are on the disk; how many there were.
    ///
    /// # Errors
    /// The first failure; other planes are saved as well, and what is not stays in memory.
    pub fn flush(&self) -> Result<usize, ChunkError> {
        let mut all = vec![self.material.flush()];
        for (entry, layer) in self.manifest.layers.iter().zip(&self.layers) {
            match entry.kind {
                LayerKind::F32 | LayerKind::F32x2 => flush::<f32>(&**layer, &mut all),
                LayerKind::F64 => flush::<f64>(&**layer, &mut all),
                LayerKind::U16 => flush::<u16>(&**layer, &mut all),
                LayerKind::U8 => flush::<u8>(&**layer, &mut all),
            }
        }
        all.into_iter().sum()
    }

    /// A part in memory, with all layers and the very same edges.
    ///
    /// # Errors
    /// [`GridError::OutOfGrid`] when the window is empty or leaves the grid; when tiles cannot be loaded.
    pub fn read_part(&self, window: Window) -> Result<Grid, ChunkError> {
        let region = self.region().part(window).ok_or(GridError::OutOfGrid {
            x: i64::from(window.x) + i64::from(window.width) - 1,
            y: i64::from(window.y) + i64::from(window.height) - 1,
            width: self.region().width(),
            height: self.region().height(),
        })?;
        let base = read_plane(&self.material, window)?;
        let mut layers = Vec::with_capacity(self.layers.len());
        for (name, kind) in self.layers() {
            let layer = match kind {
                LayerKind::F32 => self.read_layer::<f32>(name, window)?,
                LayerKind::F64 => self.read_layer::<f64>(name, window)?,
                LayerKind::U16 => self.read_layer::<u16>(name, window)?,
                LayerKind::U8 => self.read_layer::<u8>(name, window)?,
                LayerKind::F32x2 => self.read_layer::<[f32; 2]>(name, window)?,
            };
            layers.push((name.into(), layer));
        }
        let derived = vec![None; base.tiling().len()];
        Ok(Grid::of_parts(self.id(), region, base, derived, BTreeSet::new(), layers))
    }

    fn read_layer<V: LayerValue>(&self, name: &str, window: Window) -> Result<AnyLayer, ChunkError> {
        let planes = self.layer::<V>(name)?.iter().map(|plane| read_plane(plane, window));
        Ok(V::wrap(Layer::of_planes(planes.collect::<Result<_, _>>()?)))
    }

    /// Writes the base and all layers of a grid where its first cell is `(x, y)`; layers that are not here yet are
    /// made, zero elsewhere.
    ///
    /// # Errors
    /// [`GridError::OutOfGrid`] when it does not fit, [`GridError::LayerType`]; when there is no room. Some tiles may have
    /// been written then.
    pub fn write_part(&mut self, grid: &Grid, x: u32, y: u32) -> Result<(), ChunkError> {
        write_plane(&self.material, grid.base(), x, y)?;
        for (name, layer) in grid.any_layers() {
            match layer {
                AnyLayer::F32(layer) => self.write_layer(name, layer, 0.0, x, y)?,
                AnyLayer::F64(layer) => self.write_layer(name, layer, 0.0, x, y)?,
                AnyLayer::U16(layer) => self.write_layer(name, layer, 0, x, y)?,
                AnyLayer::U8(layer) => self.write_layer(name, layer, 0, x, y)?,
                AnyLayer::F32x2(layer) => self.write_layer(name, layer, [0.0; 2], x, y)?,
            }
        }
        Ok(())
    }

    fn write_layer<V: LayerValue>(
        &mut self,
        name: &str,
        layer: &Layer<V>,
        zero: V,
        x: u32,
        y: u32,
    ) -> Result<(), ChunkError> {
        let planes = self.get_or_create_layer(name, zero)?;
        planes.iter().zip(layer.planes()).try_for_each(|(to, from)| write_plane(to, from, x, y))
    }
}

/// What planes of a folder are opened with.
struct Opener<'a> {
    folder: &'a Path,
    manifest: &'a Manifest,
    durability: Durability,
    cache: &'a Arc<Cache>,
}

impl Opener<'_> {
    fn plane<T: Scalar>(&self, name: &str, fill: T) -> Result<Paged<T>, ChunkError> {
        let side = 1 << self.manifest.log2;
        let config = ChunkedConfig { side, ..ChunkedConfig::default() };
        let store = FolderStore::open(self.folder.join(name), self.durability)?;
        let region = &self.manifest.region;
        Paged::new(
            region.width(),
            region.height(),
            fill,
            config,
            Some(Arc::new(store)),
            Arc::clone(self.cache),
        )
    }

    fn planes<T: Scalar>(&self, entry: &Entry) -> Result<Vec<Paged<T>>, ChunkError> {
        (entry.folder..)
            .zip(&entry.fill)
            .map(|(n, &bits)| self.plane(&name_of(n), T::from_bits(bits)))
            .collect()
    }

    /// Removes the folders of a layer.
    fn clear(&self, entry: &Entry) -> Result<(), ChunkError> {
        for n in (entry.folder..).take(manifest::planes(entry.kind)) {
            let path = self.folder.join(name_of(n));
            match fs::remove_dir_all(&path) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                    return Err(
                        crate::file::FileError::Io { path, step: "remove the folder", source: e }.into()
                    );
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn name_of(plane: u32) -> String {
    format!("plane-{plane}")
}

fn flush<T: Scalar>(layer: &(dyn Any + Send + Sync), all: &mut Vec<Result<usize, ChunkError>>) {
    let planes = layer.downcast_ref::<Vec<Paged<T>>>();
    all.extend(planes.into_iter().flatten().map(Paged::flush));
}

fn read_plane<T: Scalar>(from: &Paged<T>, window: Window) -> Result<Plane<T>, ChunkError> {
    let mut plane = Plane::uniform(window.width, window.height, from.chunks().default_value());
    let mut values = Vec::new();
    for tile in 0..plane.tiling().len() {
        let part = plane.tiling().window(tile);
        values.clear();
        values.resize(part.cells(), T::default());
        from.read_window(Window { x: window.x + part.x, y: window.y + part.y, ..part }, &mut values)?;
        plane.set_tile(tile, &values)?;
    }
    // As it was read, it was written by nobody.
    Ok(plane.unwritten())
}

fn write_plane<T: Scalar>(to: &Paged<T>, from: &Plane<T>, x: u32, y: u32) -> Result<(), ChunkError> {
    let fits = |at: u32, n: u32, all: u32| u64::from(at) + u64::from(n) <= u64::from(all);
    if !fits(x, from.width(), to.width()) || !fits(y, from.height(), to.height()) {
        let (width, height) = (to.width(), to.height());
        let last = |at: u32, n: u32| i64::from(at) + i64::from(n) - 1;
        return Err(GridError::OutOfGrid {
            x: last(x, from.width()),
            y: last(y, from.height()),
            width,
            height,
        }
        .into());
    }
    let mut values = Vec::new();
    for tile in 0..from.tiling().len() {
        let part = from.tiling().window(tile);
        values.clear();
        values.resize(part.cells(), T::default());
        from.tile(tile).read(&mut values);
        to.write_window(Window { x: x + part.x, y: y + part.y, ..part }, &values)?;
    }
    Ok(())
}
