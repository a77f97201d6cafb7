//! Land as a grid of `bm_grid`, and back: what a check-out on disk consists of.
//!
//! | in the grid | is |
//! |---|---|
//! | layer `elevation`, `f64` (read from `f32` as well) | the heights of the ground; NaN without land |
//! | layers `stratum.0`, `stratum.1`, … of `f32` | thicknesses of the strata from above, m |
//! | layers `stratum.rest.0`, `stratum.rest.1` of `u16`, if there are any | what the thicknesses leave out: [`Strata::rests`] |
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
use crate::route::{Edge, Rim};
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

impl Layout {
    /// Of some strata over a basement, with the standard materials, the sea at height 0, fixed edges, at the begin of time: what
    /// a fresh check-out is, whose thicknesses lie in layers called [`stratum`].
    #[must_use]
    pub fn new(strata: Vec<MaterialId>, basement: MaterialId) -> Self {
        Self {
            strata,
            basement,
            sea_level: 0.0,
            time: 0.0,
            edges: [Edge::Fixed; 4].map(|edge| edge_name(edge).to_owned()),
            materials: MaterialRegistry::standard().all().to_vec(),
        }
    }
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

/// The name of the layer that holds the thickness of a stratum, counted from 0 from above.
#[must_use]
pub fn stratum(n: usize) -> String {
    format!("stratum.{n}")
}

/// The name of the layer that holds what thicknesses leave out: 0 of the first stratum, 1 of the others.
fn rest(n: usize) -> String {
    format!("stratum.rest.{n}")
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
    for (n, rests) in state.strata.rests().into_iter().enumerate() {
        if rests.iter().any(|&rest| rest != 0) {
            put(&mut grid, &rest(n), rests)?;
        }
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
    let values = match get::<f32>(grid, layer::ELEVATION) {
        Ok(single) => single.into_iter().map(f64::from).collect(),
        Err(_) => get::<f64>(grid, layer::ELEVATION)?,
    };
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
    let [loose, rock] = state.strata.rests().map(<[u16]>::len);
    let rests = |n: usize, len: usize| match grid.layers().any(|(name, _)| name == rest(n)) {
        true => get::<u16>(grid, &rest(n)),
        false => Ok(vec![0; len]),
    };
    if !state.strata.set_rests([rests(0, loose)?, rests(1, rock)?]) {
        return Err(impossible("there are rests of strata that are not there".to_owned()));
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn land() -> State {
        let bounds = Bounds { min: DVec2::new(1e7, 1.4e7), max: DVec2::new(1.002e7, 1.403e7) };
        let region = Region::aligned(bounds, 130.0).unwrap();
        let mut ground = Field::of_region(&region, 0.0).unwrap();
        ground.values.iter_mut().enumerate().for_each(|(n, z)| *z = (n as f64).sin() * 1e3);
        (ground.values[3], ground.values[4]) = (f64::NAN, -0.0);
        let mut state = State::in_region(region, ground, MaterialId::GRANITE).unwrap();
        let cells = state.cells();
        let layer = |by: usize| (0..cells).map(|n| ((n * by) % 11) as f32).collect::<Vec<_>>();
        let strata = vec![
            Stratum { material: MaterialId::SEDIMENT, thickness: layer(3) },
            Stratum { material: MaterialId::SHALE, thickness: layer(7) },
        ];
        state.strata = Strata::new(strata, MaterialId::GRANITE).unwrap();
        let worn: Vec<f64> = (0..cells).map(|n| -1.1 * (n % 5) as f64).collect();
        state.strata.follow(&vec![0.0; cells], &worn, 1);
        assert!(state.strata.rests().iter().all(|rests| rests.iter().any(|&rest| rest > 0)));
        state.set_layer("a", Layer::F32(layer(5)));
        state.set_layer("b", Layer::F64(vec![0.1; cells]));
        state.rim = Rim { west: Edge::Looped, east: Edge::Looped, south: Edge::Closed, north: Edge::Fixed };
        (state.sea_level, state.time) = (-12.5, 3e9);
        state
    }

    #[test]
    fn a_land_becomes_a_grid_and_the_same_land_again() {
        let state = land();
        let (grid, layout) = to_grid(&state).unwrap();
        let surfaces = state.strata.surfaces();
        let (width, cells) = (state.ground.width, state.cells());
        let at = |cell: usize| grid.material((cell % width) as u32, (cell / width) as u32);
        assert!((0..cells).all(|cell| at(cell) == Some(surfaces[cell])));
        let text = serde_json::to_string(&layout).unwrap();
        let again = from_grid(&grid, &serde_json::from_str(&text).unwrap()).unwrap();
        let bits = |state: &State| state.ground.values.iter().map(|z| z.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&again), bits(&state));
        assert_eq!(
            (&again.ground.dx, &again.strata, again.rim),
            (&state.ground.dx, &state.strata, state.rim)
        );
        assert_eq!((again.sea_level, again.time, again.region), (state.sea_level, state.time, state.region));
        assert!(again.layers().eq(state.layers()) && again.materials == state.materials);
    }

    #[test]
    fn what_is_missing_or_taken_is_named() {
        let mut state = land();
        state.set_layer("stratum.7", Layer::F32(vec![0.0; state.cells()]));
        assert_eq!(to_grid(&state).unwrap_err(), LayoutError::Name("stratum.7".to_owned()));
        let mut state = land();
        state.region = None;
        assert_eq!(to_grid(&state).unwrap_err(), LayoutError::NoRegion);

        // A grid somebody else made: heights of single precision are good enough.
        let bounds = Bounds { min: DVec2::ZERO, max: DVec2::splat(50.0) };
        let mut grid = Grid::uniform(Region::new(bounds, 10.0).unwrap(), MaterialId::ROCK).unwrap();
        let layout = Layout::new(vec![MaterialId::SEDIMENT], MaterialId::ROCK);
        let named = |grid: &Grid, word: &str| {
            let error = from_grid(grid, &layout).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        };
        named(&grid, "\"elevation\" of f64");
        grid.get_or_create_layer::<f32>(layer::ELEVATION, 2.5).unwrap();
        named(&grid, "\"stratum.0\" of f32");
        grid.get_or_create_layer::<f32>(&stratum(0), -1.0).unwrap();
        named(&grid, "thinner than nothing");
        grid.remove_layer(&stratum(0));
        grid.get_or_create_layer::<f32>(&stratum(0), 1.0).unwrap();
        assert_eq!(from_grid(&grid, &layout).unwrap().ground.values, [2.5; 25]);
        grid.get_or_create_layer::<u16>(&rest(1), 1).unwrap();
        named(&grid, "not there");
        grid.remove_layer(&rest(1));
        grid.get_or_create_layer::<u8>("flags", 0).unwrap();
        named(&grid, "\"flags\" is of u8");
    }
}
