//! Neighbourhoods found once.

use super::{Cell, Structure};

/// A structure whose neighbourhoods were found once and are kept beside it, 32 bytes a cell.
#[derive(Clone, Debug)]
pub struct Kept<S> {
    structure: S,
    around: Vec<[Cell; 8]>,
}

impl<S> Kept<S> {
    /// Finds all neighbourhoods.
    #[must_use]
    pub fn new<T>(structure: S) -> Self
    where
        S: Structure<T>,
    {
        let around = (0..structure.len() as Cell).map(|cell| structure.around(cell)).collect();
        Self { structure, around }
    }
}

impl<T, S: Structure<T>> Structure<T> for Kept<S> {
    fn len(&self) -> usize {
        self.structure.len()
    }

    fn get(&self, cell: Cell) -> &T {
        self.structure.get(cell)
    }

    fn get_mut(&mut self, cell: Cell) -> &mut T {
        self.structure.get_mut(cell)
    }

    fn around(&self, cell: Cell) -> [Cell; 8] {
        self.around[cell as usize]
    }

    fn at(&self, column: u32, row: u32) -> Option<Cell> {
        self.structure.at(column, row)
    }
}
