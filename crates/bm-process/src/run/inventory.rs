//! What a land holds, measured: what books are checked against.

use std::ops::Range;

use crate::ledger::{sum, sum_of};
use crate::state::{Layer, State, layer};
use crate::wide::wide;
use crate::workers;

/// Volumes of a land, m³.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Inventory {
    /// Ground over height zero and what water carries of it.
    pub(super) solid: f64,
    /// The same with heights below zero counted as much as those above: what rounding errors are compared with.
    pub(super) gross: f64,
    /// Water.
    pub(super) water: f64,
}

/// A number that is none, in a cell that has land.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bad {
    pub(super) cell: usize,
    pub(super) value: f64,
}

/// Cells without land.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Holes(Option<Box<[bool]>>);

impl Holes {
    pub(super) fn of(state: &State) -> Self {
        let values = &state.ground.values;
        Self(values.iter().any(|z| z.is_nan()).then(|| values.iter().map(|z| z.is_nan()).collect()))
    }

    fn at(&self, cell: usize) -> bool {
        self.0.as_ref().is_some_and(|holes| holes[cell])
    }

    fn any(&self, cells: Range<usize>) -> bool {
        self.0.as_ref().is_some_and(|holes| holes[cells].iter().any(|&hole| hole))
    }

    /// The first cell of a row whose value is none, or that has one where there was no land.
    fn bad(&self, cells: Range<usize>, value: impl Fn(usize) -> f64) -> Option<Bad> {
        cells
            .map(|cell| Bad { cell, value: value(cell) })
            .find(|bad| if self.at(bad.cell) { bad.value.is_infinite() } else { !bad.value.is_finite() })
    }
}

wide! {
    /// The sum of a row, and that of its absolute values; NaN when one is not finite and none is left out.
    fn plain(values: &[f64]) -> [f64; 2] {
        [sum_of(values.len(), |n| values[n]), sum_of(values.len(), |n| values[n].abs())]
    }
}

/// The same with what is not a number left out.
fn holed(values: &[f64]) -> [f64; 2] {
    let solid = |n: usize| if values[n].is_nan() { 0.0 } else { values[n] };
    [sum_of(values.len(), solid), sum_of(values.len(), |n| solid(n).abs())]
}

/// Measures a land; the first cell whose height is none, if one is.
pub(super) fn measure(state: &State, holes: &Holes) -> Result<Inventory, Bad> {
    let ground = &state.ground;
    let width = ground.width;
    let rows = sums(state, |row| {
        let cells = row * width..(row + 1) * width;
        let values = &ground.values[cells.clone()];
        let [solid, gross] = if holes.any(cells.clone()) { holed(values) } else { plain(values) };
        let area = ground.cell_area(row);
        // Only a sum that went wrong makes it worth looking at each cell.
        let fine = gross.is_finite() && !holes.any(cells.clone());
        match if fine { None } else { holes.bad(cells, |cell| ground.values[cell]) } {
            Some(bad) => Err(bad),
            None => Ok([solid * area, gross * area]),
        }
    });
    let rows: Vec<[f64; 2]> = rows.into_iter().collect::<Result<_, _>>()?;
    let total = |k: usize| sum_of(rows.len(), |row| rows[row][k]);
    let carried = volume(state, layer::SEDIMENT);
    Ok(Inventory {
        solid: total(0) + carried,
        gross: total(1) + carried.abs(),
        water: volume(state, layer::WATER_DEPTH),
    })
}

/// What a layer of metres holds, m³; nothing where it is not.
fn volume(state: &State, name: &str) -> f64 {
    let Some(layer) = state.layer(name) else { return 0.0 };
    let width = state.ground.width;
    let rows = sums(state, |row| {
        let area = state.ground.cell_area(row);
        let value = |n: usize| {
            let value = layer.get(row * width + n);
            if value.is_nan() { 0.0 } else { value }
        };
        sum_of(width, value) * area
    });
    sum(&rows)
}

/// Rasters smaller than this are summed before a thread has begun.
const SMALL: usize = 1 << 16;

/// One number a row, from south to north.
fn sums<T: Send + Clone>(state: &State, row: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let threads = if state.cells() < SMALL { 1 } else { state.threads };
    let bands = workers::bands(state.ground.height, threads);
    workers::run(bands, |rows| rows.map(&row).collect::<Vec<T>>()).concat()
}

/// The first cell of a layer whose value is none though there is land.
pub(super) fn check_layer(state: &State, name: &str, holes: &Holes) -> Result<(), Bad> {
    let Some(layer) = state.layer(name) else { return Ok(()) };
    let width = state.ground.width;
    let rows = sums(state, |row| {
        let cells = row * width..(row + 1) * width;
        let finite = match layer {
            Layer::F64(values) => values[cells.clone()].iter().all(|value| value.is_finite()),
            Layer::F32(values) => values[cells.clone()].iter().all(|value| value.is_finite()),
        };
        if finite { None } else { holes.bad(cells, |cell| layer.get(cell)) }
    });
    rows.into_iter().flatten().next().map_or(Ok(()), Err)
}
