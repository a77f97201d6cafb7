//! The land that processes work on.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use bm_core::{MaterialId, MaterialRegistry};
use bm_grid::Region;

use crate::field::Field;
use crate::process::Need;
use crate::route::Rim;
use crate::strata::Strata;
use crate::workers;

/// Names of layers (of `bm_grid`'s as well).
pub mod layer {
    /// Depth of water, m.
    pub const WATER_DEPTH: &str = "waterDepth";
    /// Eastward speed of water times depth, m²/s.
    pub const MOMENTUM_X: &str = "momentumX";
    /// Northward speed of water times depth, m²/s.
    pub const MOMENTUM_Y: &str = "momentumY";
    /// Solid carried by water, metres of ground.
    pub const SEDIMENT: &str = "sediment";
    /// Temperature, °C.
    pub const TEMPERATURE: &str = "temperature";
    /// Share of the surface's material that has weathered, 0 to 1.
    pub const DAMAGE: &str = "weatheringDamage";
    /// Area that drains through a cell, m².
    pub const DRAINAGE_AREA: &str = "drainageArea";
    /// Uplift of the ground, m/year.
    pub const UPLIFT: &str = "uplift";
}

/// Values of one layer, row by row from the south.
#[derive(Clone, Debug, PartialEq)]
pub enum Layer {
    /// Double precision: whatever a ledger counts.
    F64(Vec<f64>),
    /// Single precision.
    F32(Vec<f32>),
}

impl Layer {
    /// Number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::F64(values) => values.len(),
            Self::F32(values) => values.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One value.
    #[must_use]
    pub fn get(&self, cell: usize) -> f64 {
        match self {
            Self::F64(values) => values[cell],
            Self::F32(values) => f64::from(values[cell]),
        }
    }
}

/// A rectangle of land: the ground's height, what lies beneath, and whatever else processes keep.
#[derive(Clone, Debug)]
pub struct State {
    /// Height of the solid ground over the world's zero, m, with the metric of the cells. NaN: no land here.
    pub ground: Field,
    /// What the ground consists of.
    pub strata: Strata,
    /// Where the land lies in the plane or the world; `None`: its south-west corner is the zero of a drawing board.
    pub region: Option<Region>,
    /// What lies beyond the four edges, for every process that knows neighbours.
    pub rim: Rim,
    /// Height of the sea, m.
    pub sea_level: f64,
    /// Seconds since the scenario began.
    pub time: f64,
    /// Properties of the materials.
    pub materials: Arc<MaterialRegistry>,
    /// Threads that processes use; no result depends on it.
    pub threads: usize,
    layers: BTreeMap<String, Layer>,
}

impl State {
    /// Land of one material, with the sea at height 0 and the standard materials.
    #[must_use]
    pub fn new(ground: Field, material: MaterialId) -> Self {
        let cells = ground.values.len();
        Self {
            ground,
            strata: Strata::uniform(cells, material),
            region: None,
            rim: Rim::default(),
            sea_level: 0.0,
            time: 0.0,
            materials: Arc::new(MaterialRegistry::standard()),
            threads: 1,
            layers: BTreeMap::new(),
        }
    }

    /// The same, lying in a region; nothing when the ground is not a raster of its cells ([`Field::fits`]).
    #[must_use]
    pub fn in_region(region: Region, ground: Field, material: MaterialId) -> Option<Self> {
        ground.fits(&region).then(|| Self { region: Some(region), ..Self::new(ground, material) })
    }

    /// Cells.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.ground.values.len()
    }

    /// All layers besides the ground, by name.
    pub fn layers(&self) -> impl Iterator<Item = (&str, &Layer)> {
        self.layers.iter().map(|(name, layer)| (name.as_str(), layer))
    }

    /// A layer, if it is there.
    #[must_use]
    pub fn layer(&self, name: &str) -> Option<&Layer> {
        self.layers.get(name)
    }

    /// A layer to change, if it is there.
    pub fn layer_mut(&mut self, name: &str) -> Option<&mut Layer> {
        self.layers.get_mut(name)
    }

    /// Puts a layer there; returns whether its size fits (else nothing is changed).
    pub fn set_layer(&mut self, name: &str, layer: Layer) -> bool {
        let fits = layer.len() == self.cells();
        if fits {
            self.layers.insert(name.to_owned(), layer);
        }
        fits
    }

    /// Takes a layer of double precision out, to give it back with [`State::set_layer`]; where there is none, one
    /// full of `default`. One of single precision is widened.
    #[must_use]
    pub fn take_f64(&mut self, name: &str, default: f64) -> Vec<f64> {
        match self.layers.remove(name) {
            Some(Layer::F64(values)) => values,
            Some(Layer::F32(values)) => values.into_iter().map(f64::from).collect(),
            None => vec![default; self.cells()],
        }
    }

    /// The same of single precision.
    #[must_use]
    pub fn take_f32(&mut self, name: &str, default: f64) -> Vec<f32> {
        match self.layers.remove(name) {
            Some(Layer::F32(values)) => values,
            Some(Layer::F64(values)) => values.into_iter().map(|value| value as f32).collect(),
            None => vec![default as f32; self.cells()],
        }
    }

    /// Removes a layer; returns whether it was there.
    pub fn remove_layer(&mut self, name: &str) -> bool {
        self.layers.remove(name).is_some()
    }

    /// Makes a layer that is missing.
    pub fn ensure(&mut self, need: &Need) {
        let cells = self.cells();
        self.layers.entry(need.layer.to_owned()).or_insert_with(|| {
            if need.single {
                Layer::F32(vec![need.default as f32; cells])
            } else {
                Layer::F64(vec![need.default; cells])
            }
        });
    }

    /// Changes the ground by wearing down and laying on: `change` gets the heights; what is gone is taken from the
    /// strata from above, what is new becomes part of the loose stratum on top.
    ///
    /// # Errors
    /// Those of `change`; the strata are then as they were.
    pub fn wear<T, E>(&mut self, change: impl FnOnce(&mut Field) -> Result<T, E>) -> Result<T, E> {
        let before = self.heights();
        let result = change(&mut self.ground)?;
        self.follow(&before);
        Ok(result)
    }

    /// The same for ground that has changed already, from these heights: for kernels that know what was before. The strata
    /// stay as they are where it has other cells.
    pub fn follow(&mut self, before: &[f64]) {
        if before.len() == self.cells() {
            self.strata.follow(before, &self.ground.values, self.threads);
        }
    }

    /// A copy of the heights.
    fn heights(&self) -> Vec<f64> {
        let values = &self.ground.values;
        let mut copy = vec![0.0; values.len()];
        let bands = workers::bands(values.len(), workers::count(self.threads).min(values.len() >> 16).max(1));
        let jobs = bands.iter().cloned().zip(workers::cut(&mut copy, 1, &bands)).collect();
        // A page is made when it is first written: most of the time a copy takes.
        workers::run(jobs, |(cells, copy): (Range<usize>, &mut [f64])| copy.copy_from_slice(&values[cells]));
        copy
    }

    /// Bytes held by the ground, the strata and the layers.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let layers: usize = self
            .layers
            .values()
            .map(|layer| match layer {
                Layer::F64(values) => values.capacity() * 8,
                Layer::F32(values) => values.capacity() * 4,
            })
            .sum();
        self.ground.values.capacity() * 8 + self.strata.memory_bytes() + layers
    }
}
