//! Cells of land as polygons, found through an R-tree.

use geo::BoundingRect;
use geo_types::{Coord, LineString, Polygon};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use super::{Cell, NONE, STEPS, Square, Structure};

/// A feature: a closed ring of five points and what is known of the cell.
#[derive(Clone, Debug)]
struct Feature<T> {
    polygon: Polygon<f64>,
    value: T,
}

/// The features, and an R-tree of their envelopes, packed.
///
/// Neighbours are the features whose envelopes touch a feature's own. That polygons themselves touch need not be asked, as
/// cells are squares: a favour.
#[derive(Clone, Debug)]
pub struct CellPolygons<T> {
    cell: f64,
    features: Vec<Feature<T>>,
    tree: RTree<GeomWithData<Rectangle<[f64; 2]>, Cell>>,
}

impl<T> CellPolygons<T> {
    /// Features of a square of land; `value` makes what is known of a cell of column, row and height.
    #[must_use]
    pub fn new(land: &Square<'_>, mut value: impl FnMut(u32, u32, f64) -> T) -> Self {
        let mut features: Vec<_> = land
            .along_the_curve()
            .into_iter()
            .map(|(column, row, height)| Feature {
                polygon: square(column, row, land.cell),
                value: value(column, row, height),
            })
            .collect();
        features.shrink_to_fit();
        let entries = features.iter().zip(0..).map(|(feature, cell)| {
            let [min, max] = corners(&feature.polygon);
            GeomWithData::new(Rectangle::from_corners(min, max), cell)
        });
        let tree = RTree::bulk_load(entries.collect());
        Self { cell: land.cell, features, tree }
    }

    /// The polygon of a cell.
    #[must_use]
    pub fn polygon(&self, cell: Cell) -> &Polygon<f64> {
        &self.features[cell as usize].polygon
    }
}

/// The polygon of a cell by column and row.
fn square(column: u32, row: u32, cell: f64) -> Polygon<f64> {
    let place = |x: u32, y: u32| Coord { x: f64::from(x) * cell, y: f64::from(y) * cell };
    let ring = [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)].map(|(x, y)| place(column + x, row + y));
    Polygon::new(LineString::new(ring.to_vec()), Vec::new())
}

fn corners(polygon: &Polygon<f64>) -> [[f64; 2]; 2] {
    match polygon.bounding_rect() {
        Some(rect) => [[rect.min().x, rect.min().y], [rect.max().x, rect.max().y]],
        None => [[f64::NAN; 2]; 2],
    }
}

impl<T> Structure<T> for CellPolygons<T> {
    fn len(&self) -> usize {
        self.features.len()
    }

    fn get(&self, cell: Cell) -> &T {
        &self.features[cell as usize].value
    }

    fn get_mut(&mut self, cell: Cell) -> &mut T {
        &mut self.features[cell as usize].value
    }

    fn around(&self, cell: Cell) -> [Cell; 8] {
        let [min, max] = corners(self.polygon(cell));
        let mut around = [NONE; 8];
        for other in self.tree.locate_in_envelope_intersecting(&AABB::from_corners(min, max)) {
            let [x, y] = other.geom().lower();
            let side = |there: f64, here: f64| i32::from(there > here) - i32::from(there < here);
            let step = (side(x, min[0]), side(y, min[1]));
            if let Some(k) = STEPS.iter().position(|&known| known == step) {
                around[k] = other.data;
            }
        }
        around
    }

    fn at(&self, column: u32, row: u32) -> Option<Cell> {
        let middle = [column, row].map(|n| (f64::from(n) + 0.5) * self.cell);
        self.tree.locate_at_point(&middle).map(|found| found.data)
    }
}
