//! Which cells a change can have reached.

use super::boundaries::{reach, speaking};
use super::lines::{Metrics, Sown, range_of, sow};
use super::place::Place;
use crate::boundary::{Boundary, Shape};
use bm_grid::plane::Tiling;
use bm_grid::{TILE, Window};

const WORDS: usize = (TILE / 64) as usize;

/// The cells of a tile to be made anew: a bit each.
#[derive(Clone, Debug)]
pub(super) struct Mask {
    rows: Box<[[u64; WORDS]]>,
}

impl Mask {
    fn empty() -> Self {
        Self { rows: vec![[0; WORDS]; TILE as usize].into() }
    }

    /// Marks columns `from..to` of a row.
    fn set(&mut self, row: u32, from: u32, to: u32) {
        for (word, low) in self.rows[row as usize].iter_mut().zip((0_u32..).step_by(64)) {
            let (from, to) = (from.clamp(low, low + 64) - low, to.clamp(low, low + 64) - low);
            if from < to {
                *word |= (u64::MAX >> (64 - (to - from))) << from;
            }
        }
    }

    /// Whether a cell is marked.
    #[inline]
    pub(super) fn has(&self, row: usize, column: usize) -> bool {
        self.rows[row][column / 64] >> (column % 64) & 1 == 1
    }

    /// The marked columns of a row, as a range around them; none if there is none.
    pub(super) fn columns(&self, row: usize) -> Option<(usize, usize)> {
        let words = &self.rows[row];
        let first = words.iter().position(|&w| w != 0)?;
        let last = words.iter().rposition(|&w| w != 0)?;
        let from = first * 64 + words[first].trailing_zeros() as usize;
        Some((from, last * 64 + 64 - words[last].leading_zeros() as usize))
    }

    /// Whether all columns `from..to` of a row are marked.
    pub(super) fn is_solid(&self, row: usize, from: usize, to: usize) -> bool {
        self.rows[row].iter().map(|w| w.count_ones() as usize).sum::<usize>() == to - from
    }

    /// Whether all cells of a tile of this size are marked.
    pub(super) fn is_full(&self, window: Window) -> bool {
        self.count(window) == window.cells() as u64
    }

    /// Number of marked cells.
    pub(super) fn count(&self, window: Window) -> u64 {
        self.rows[..window.height as usize].iter().flatten().map(|w| u64::from(w.count_ones())).sum()
    }
}

/// The masks of a grid's tiles.
#[derive(Clone, Debug)]
pub(super) struct Masks {
    tiling: Tiling,
    tiles: Vec<Option<Mask>>,
}

impl Masks {
    pub(super) fn new(tiling: Tiling) -> Self {
        Self { tiling, tiles: vec![None; tiling.len()] }
    }

    pub(super) const fn tiling(&self) -> Tiling {
        self.tiling
    }

    /// Tiles with a mark.
    pub(super) fn tiles(&self) -> impl Iterator<Item = (usize, &Mask)> {
        self.tiles.iter().enumerate().filter_map(|(tile, mask)| Some((tile, mask.as_ref()?)))
    }

    /// Marks all cells of a tile.
    pub(super) fn fill(&mut self, tile: usize) {
        self.mark(self.tiling.window(tile));
    }

    /// Marks the cells of a window of the grid.
    fn mark(&mut self, window: Window) {
        for tile in self.tiling.tiles_of(window) {
            let cells = self.tiling.window(tile);
            if let Some(part) = cells.intersection(&window) {
                let mask = self.tiles[tile].get_or_insert_with(Mask::empty);
                for row in part.y..part.end_y() {
                    mask.set(row - cells.y, part.x - cells.x, part.end_x() - cells.x);
                }
            }
        }
    }

    /// A window around all marks, by tiles.
    pub(super) fn window(&self) -> Option<Window> {
        self.tiles().map(|(tile, _)| self.tiling.window(tile)).reduce(|a, b| {
            let (x, y) = (a.x.min(b.x), a.y.min(b.y));
            let (ex, ey) = (a.end_x().max(b.end_x()), a.end_y().max(b.end_y()));
            Window { x, y, width: ex - x, height: ey - y }
        })
    }
}

/// Marks every cell a boundary may speak for.
pub(super) fn mark(place: &Place, metrics: &Metrics, boundary: &Boundary, masks: &mut Masks) {
    let Some(transition) = speaking(boundary) else { return };
    let all = place.region.window();
    match &boundary.shape {
        Shape::Area(_) if transition.right.is_some() => masks.mark(all),
        Shape::Area(area) => {
            let Some(own) = area.bounds() else { return };
            for shift in place.shifts(own.min().x, own.max().x, place.cell) {
                let columns =
                    range_of(place.u(own.min().x + shift), place.u(own.max().x + shift), 0, all.width);
                let rows = range_of(place.v(own.min().y), place.v(own.max().y), 0, all.height);
                if let (Some((x, ex)), Some((y, ey))) = (columns, rows) {
                    masks.mark(Window { x, y, width: ex - x, height: ey - y });
                }
            }
        }
        Shape::Lines(lines) => {
            sow(place, metrics, lines, 0, reach(transition), all, |Sown { entry, spread }| {
                entry.rows(metrics, spread, all, |row, from, to| {
                    masks.mark(Window { x: from, y: row, width: to - from, height: 1 });
                });
            });
        }
    }
}
