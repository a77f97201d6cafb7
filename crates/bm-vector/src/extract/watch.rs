//! What happened in a grid since boundaries were last taken from it.

use bm_grid::Grid;

/// Counts of writes to what boundaries are taken from. Syncs do not count: they write derived materials only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    layer: String,
    base: u64,
    elevation: u64,
}

impl Watch {
    /// Watches the base material and a layer, from now on.
    #[must_use]
    pub fn new(grid: &Grid, elevation_layer: &str) -> Self {
        let mut it = Self { layer: elevation_layer.to_owned(), ..Self::default() };
        it.seen(grid);
        it
    }

    /// Everything until now is known.
    pub fn seen(&mut self, grid: &Grid) {
        self.base = grid.base().writes();
        self.elevation = writes(grid, &self.layer).unwrap_or(0);
    }

    /// Tiles whose base material was written since.
    pub fn base_tiles<'a>(&self, grid: &'a Grid) -> impl Iterator<Item = usize> + 'a {
        grid.base().changed_since(self.base)
    }

    /// Tiles whose elevation was written since; none without the layer.
    #[must_use]
    pub fn elevation_tiles(&self, grid: &Grid) -> Vec<usize> {
        if let Ok(layer) = grid.layer::<f64>(&self.layer) {
            layer.planes()[0].changed_since(self.elevation).collect()
        } else if let Ok(layer) = grid.layer::<f32>(&self.layer) {
            layer.planes()[0].changed_since(self.elevation).collect()
        } else {
            Vec::new()
        }
    }

    /// Whether anything was written since.
    #[must_use]
    pub fn is_due(&self, grid: &Grid) -> bool {
        grid.base().writes() != self.base || writes(grid, &self.layer).unwrap_or(0) != self.elevation
    }
}

fn writes(grid: &Grid, layer: &str) -> Option<u64> {
    let f64s = grid.layer::<f64>(layer).ok().map(|layer| layer.planes()[0].writes());
    f64s.or_else(|| grid.layer::<f32>(layer).ok().map(|layer| layer.planes()[0].writes()))
}
