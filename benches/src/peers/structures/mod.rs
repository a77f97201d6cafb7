//! Land kept otherwise than in a raster: in the leaves of an octree, or as one polygon a cell. What the requirements
//! compare grids with.
//!
//! | module | what it holds |
//! |---|---|
//! | [`octree_leaves`] | [`OctreeLeaves`]: cells are leaves of a sparse octree in the world's frame |
//! | [`cell_polygons`] | [`CellPolygons`]: each cell is a polygon, found through an R-tree |
//! | [`kept`] | [`Kept`]: either of them with its neighbourhoods found once and kept |
//! | [`step`] | [`Land`]: a whole step of erosion on any of them |
//! | [`merged`] | cells of one material joined to polygons |

pub mod cell_polygons;
pub mod kept;
pub mod merged;
pub mod octree_leaves;
pub mod step;

pub use cell_polygons::CellPolygons;
pub use kept::Kept;
pub use octree_leaves::OctreeLeaves;
pub use step::{Land, Site};

/// A cell, as the structure numbers it.
pub type Cell = u32;

/// No cell.
pub const NONE: Cell = Cell::MAX;

/// Columns and rows from a cell to its eight neighbours, in the order all of these number them: row by row from the south.
pub const STEPS: [(i32, i32); 8] = [(-1, -1), (0, -1), (1, -1), (-1, 0), (1, 0), (-1, 1), (0, 1), (1, 1)];

/// Something that holds a value for each cell of some land, and knows which cells lie next to each other.
pub trait Structure<T> {
    /// How many cells; they are numbered from 0.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A cell's value.
    fn get(&self, cell: Cell) -> &T;

    /// The same, to be changed.
    fn get_mut(&mut self, cell: Cell) -> &mut T;

    /// A cell's neighbours by [`STEPS`]; [`NONE`] beyond the land.
    fn around(&self, cell: Cell) -> [Cell; 8];

    /// The cell in a column and a row.
    fn at(&self, column: u32, row: u32) -> Option<Cell>;
}

/// A square raster of values: how all structures are filled.
#[derive(Clone, Copy, Debug)]
pub struct Square<'a> {
    /// Columns, and rows.
    pub edge: u32,
    /// Metres of a cell.
    pub cell: f64,
    /// Heights in metres, row by row.
    pub heights: &'a [f64],
}

impl Square<'_> {
    /// Column, row and height of all cells along the Morton curve: cells near each other come near each other.
    pub(super) fn along_the_curve(&self) -> Vec<(u32, u32, f64)> {
        let edge = self.edge;
        let mut cells: Vec<(u32, u32)> = (0..edge).flat_map(|y| (0..edge).map(move |x| (x, y))).collect();
        cells.sort_by_key(|&(x, y)| spread(x) | spread(y) << 1);
        let height = |x: u32, y: u32| self.heights[y as usize * edge as usize + x as usize];
        cells.into_iter().map(|(x, y)| (x, y, height(x, y))).collect()
    }
}

/// A number's bits with a gap after each.
fn spread(bits: u32) -> u64 {
    (0..32).fold(0, |all, n| all | u64::from(bits >> n & 1) << (2 * n))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::Random;

    fn check(structure: &impl Structure<u32>, edge: u32) {
        assert_eq!(structure.len(), (edge * edge) as usize);
        for row in 0..edge {
            for column in 0..edge {
                let cell = structure.at(column, row).unwrap();
                assert_eq!(*structure.get(cell), row * edge + column);
                let around = structure.around(cell);
                for (k, (dx, dy)) in STEPS.into_iter().enumerate() {
                    let there = column.checked_add_signed(dx).zip(row.checked_add_signed(dy));
                    let there = there.filter(|&(x, y)| x < edge && y < edge);
                    let other = (around[k] != NONE).then(|| *structure.get(around[k]));
                    assert_eq!(other, there.map(|(x, y)| y * edge + x), "{column} {row} {k}");
                }
            }
        }
    }

    #[test]
    fn neighbours_are_those_of_the_raster() {
        let mut random = Random::new(7);
        for edge in [2, 3, 17, 40] {
            // So steep that neighbours lie far apart in the tree.
            let heights: Vec<f64> = (0..edge * edge).map(|_| random.unit() * 2e5 - 1e5).collect();
            let square = Square { edge, cell: 128.0, heights: &heights };
            let value = |column, row, _| row * edge + column;
            let tree = OctreeLeaves::new(&square, value);
            check(&tree, edge);
            check(&tree.from_the_root(), edge);
            let polygons = CellPolygons::new(&square, value);
            check(&polygons, edge);
            check(&Kept::new(polygons), edge);
        }
    }
}
