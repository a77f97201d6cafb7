//! Land as a grid of `bm_grid`, and back: what a check-out on disk consists of.
//!
//! | in the grid | is |
//! |---|---|
//! | layer `elevation`, `f64` | the heights of the ground; NaN without land |
//! | layers `stratum.0`, `stratum.1`, … of `f32` | thicknesses of the strata from above, m |
//! | base materials | what lies at the surface |
//! | every other layer | a layer of the [`State`] under its own name |
//!
//! What a grid cannot say is a [`Layout`].

use std::sync::Arc;

use bm_core::{Material, MaterialId, MaterialRegistry};
use bm_grid::plane::{Plane, Value};
use bm_grid::{Bounds, DVec2, Grid, GridError, LayerKind, Region, layer};
use serde::{Deserialize, Serialize};

use crate::field::Field;
use crate::route::Rim;
use crate::scenario::{edge_name, edge_of};
use crate::state::{Layer, State};
use crate::strata::{Strata, Stratum};

/// What a grid does not say about a land.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// Materials of the strata, from above.
    pub strata: Vec<MaterialId>,
    /// What lies under all of them.
    pub basement: MaterialId,
    /// Height of the sea, m.
    pub sea_level: f64,
    /// Seconds since the scenario began.
    pub time: f64,
    /// What lies beyond the edges: west, east, south, north.
    pub edges: [String; 4],
    /// What is known of materials.
    pub materials: Vec<Material>,
}

/// Why a land is no grid, or a grid no land.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// The grid refuses.
    #[error(transparent)]
    Grid(#[from] GridError),
    /// The cells of the land are those of no region.
    #[error("the cells of the land are not square, or differ from row to row: it needs a region")]
    NoRegion,
    /// A layer has a name that grids use for something else.
    #[error("a layer cannot be called {0:?}")]
    Name(String),
    /// A layer is missing or of another kind.
    #[error("the grid has no layer {name:?} of {kind}")]
    Missing {
        /// Its name.
        name: String,
        /// Of what it should be.
        kind: LayerKind,
    },
    /// A layer holds what no process works on.
    #[error("layer {name:?} is of {kind}; processes know f32 and f64")]
    Kind {
        /// Its name.
        name: String,
        /// What it is of.
        kind: LayerKind,
    },
    /// What the layout says is not possible.
    #[error("{0}")]
    Impossible(String),
}

fn stratum(n: usize) -> String {
    format!("stratum.{n}")
}

fn taken(name: &str) -> bool {
    name == layer::ELEVATION || name.starts_with("stratum.")
}

/// A land as a grid.
///
/// # Errors
/// [`LayoutError`] when the land lies in no region and its cells are not square, or a layer has a name that is taken.
pub fn to_grid(state: &State) -> Result<(Grid, Layout), LayoutError> {
    let ground = &state.ground;
    let region = match state.region {
        Some(region) => region,
        None => {
            let size = DVec2::new(ground.width as f64, ground.height as f64) * ground.dy;
            Region::new(Bounds { min: DVec2::ZERO, max: size }, ground.dy)?
        }
    };
    if !ground.fits(&region) {
        return Err(LayoutError::NoRegion);
    }
    if let Some((name, _)) = state.layers().find(|(name, _)| taken(name)) {
        return Err(LayoutError::Name(name.to_owned()));
    }
    let basement = state.strata.basement();
    let mut grid = Grid::uniform(region, basement)?;
    write(grid.base_mut(), &state.strata.surfaces())?;
    put(&mut grid, layer::ELEVATION, &ground.values)?;
    for (n, layer) in state.strata.strata().iter().enumerate() {
        put(&mut grid, &stratum(n), &layer.thickness)?;
    }
    for (name, layer) in state.layers() {
        match layer {
            Layer::F64(values) => put(&mut grid, name, values)?,
            Layer::F32(values) => put(&mut grid, name, values)?,
        }
    }
    let Rim { west, east, south, north } = state.rim;
    let layout = Layout {
        strata: state.strata.strata().iter().map(|stratum| stratum.material).collect(),
        basement,
        sea_level: state.sea_level,
        time: state.time,
        edges: [west, east, south, north].map(|edge| edge_name(edge).to_owned()),
        materials: state.materials.all().to_vec(),
    };
    Ok((grid, layout))
}

/// The land that a grid is.
///
/// # Errors
/// [`LayoutError`] when a layer is missing or of another kind, or numbers are not possible.
pub fn from_grid(grid: &Grid, layout: &Layout) -> Result<State, LayoutError> {
    let impossible = |what: String| LayoutError::Impossible(what);
    let region = *grid.region();
    let values = get::<f64>(grid, layer::ELEVATION)?;
    let mut ground = Field::of_region(&region, 0.0).ok_or_else(|| impossible("too many cells".to_owned()))?;
    ground.values = values;
    let strata = layout
        .strata
        .iter()
        .enumerate()
        .map(|(n, &material)| Ok(Stratum { material, thickness: get::<f32>(grid, &stratum(n))? }));
    let strata = strata.collect::<Result<Vec<_>, LayoutError>>()?;
    let mut state = State::in_region(region, ground, layout.basement).ok_or(LayoutError::NoRegion)?;
    state.strata = Strata::new(strata, layout.basement)
        .ok_or_else(|| impossible("strata are at least one, and nowhere thinner than nothing".to_owned()))?;
    let edge = |n: usize| {
        let name = &layout.edges[n];
        edge_of(name).ok_or_else(|| impossible(format!("there is no edge {name:?}")))
    };
    state.rim = Rim { west: edge(0)?, east: edge(1)?, south: edge(2)?, north: edge(3)? };
    for (what, value) in [("sea level", layout.sea_level), ("time", layout.time)] {
        if !value.is_finite() {
            return Err(impossible(format!("{what} is {value}")));
        }
    }
    (state.sea_level, state.time) = (layout.sea_level, layout.time);
    let materials = MaterialRegistry::new(layout.materials.iter().cloned());
    state.materials = Arc::new(materials.map_err(|error| impossible(error.to_string()))?);
    for (name, kind) in grid.layers().filter(|(name, _)| !taken(name)) {
        let layer = match kind {
            LayerKind::F64 => Layer::F64(get(grid, name)?),
            LayerKind::F32 => Layer::F32(get(grid, name)?),
            kind => return Err(LayoutError::Kind { name: name.to_owned(), kind }),
        };
        state.set_layer(name, layer);
    }
    Ok(state)
}

fn put<V>(grid: &mut Grid, name: &str, values: &[V]) -> Result<(), LayoutError>
where
    V: bm_grid::LayerValue<Scalar = V> + Value + Default,
{
    let layer = grid.get_or_create_layer::<V>(name, V::default())?;
    for plane in layer.planes_mut() {
        write(plane, values)?;
    }
    Ok(())
}

fn get<V: bm_grid::LayerValue<Scalar = V> + Value>(grid: &Grid, name: &str) -> Result<Vec<V>, LayoutError> {
    let missing = || LayoutError::Missing { name: name.to_owned(), kind: V::KIND };
    let Ok(layer) = grid.layer::<V>(name) else { return Err(missing()) };
    layer.planes().first().map(Plane::to_vec).ok_or_else(missing)
}

/// Writes a raster tile by tile.
fn write<T: Value>(plane: &mut Plane<T>, values: &[T]) -> Result<(), GridError> {
    let (tiling, width) = (plane.tiling(), plane.width() as usize);
    let mut buffer = Vec::new();
    for tile in 0..tiling.len() {
        let window = tiling.window(tile);
        buffer.clear();
        for row in window.y..window.end_y() {
            let first = row as usize * width + window.x as usize;
            buffer.extend_from_slice(&values[first..first + window.width as usize]);
        }
        plane.set_tile(tile, &buffer)?;
    }
    Ok(())
}
