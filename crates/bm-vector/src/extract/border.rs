//! Borders between materials.
//!
//! Cells are squares of one colour; where two colours meet, a *crack* runs along the cells' edge. Cracks are joined into
//! arcs that end in *nodes*: corners where three or four borders meet, or the rim of the grid. An arc has one material
//! on its left and one on its right all the way, and is the only border of the two there: both share it. Between its
//! ends an arc passes through the middles of cracks, which cuts the corners of stairs and no cell's centre.

use super::in_frame;
use bm_core::MaterialId;
use bm_grid::{Plane, Region};
use geo_types::LineString;

/// An arc between two materials.
#[derive(Clone, Debug, PartialEq)]
pub struct Border {
    /// Material on the left of the line.
    pub left: MaterialId,
    /// Material on the right of the line.
    pub right: MaterialId,
    /// The line; closed (the last point repeats the first) if it meets no node.
    pub line: LineString<f64>,
}

/// The borders of materials of a region's cells. Coordinates as in [`shorelines`](super::shorelines).
#[must_use]
pub fn borders(region: &Region, materials: &Plane<MaterialId>) -> Vec<Border> {
    let (width, height) = (materials.width().min(region.width()), materials.height().min(region.height()));
    let cells = Cells { width, height, values: materials.to_vec(), stride: materials.width() as usize };
    let mut tracer =
        Tracer { region, cells: &cells, done: vec![0; (width as usize + 1) * (height as usize + 1)] };
    let mut all = Vec::new();
    // Arcs that end in nodes first, then those that are rings.
    for only_nodes in [true, false] {
        for y in 0..=height {
            for x in 0..=width {
                if only_nodes && !cells.is_node(x, y) {
                    continue;
                }
                for way in [Way::East, Way::North] {
                    all.extend(tracer.arc(x, y, way));
                }
                // From nodes, arcs may leave in any direction.
                if only_nodes {
                    for way in [Way::West, Way::South] {
                        all.extend(tracer.arc(x, y, way));
                    }
                }
            }
        }
    }
    all
}

/// A direction along cracks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    East,
    North,
    West,
    South,
}

impl Way {
    const ALL: [Self; 4] = [Self::East, Self::North, Self::West, Self::South];

    const fn back(self) -> Self {
        match self {
            Self::East => Self::West,
            Self::North => Self::South,
            Self::West => Self::East,
            Self::South => Self::North,
        }
    }

    const fn step(self) -> (i64, i64) {
        match self {
            Self::East => (1, 0),
            Self::North => (0, 1),
            Self::West => (-1, 0),
            Self::South => (0, -1),
        }
    }
}

struct Cells {
    width: u32,
    height: u32,
    stride: usize,
    values: Vec<MaterialId>,
}

impl Cells {
    fn get(&self, x: i64, y: i64) -> Option<MaterialId> {
        let inside = (0..i64::from(self.width)).contains(&x) && (0..i64::from(self.height)).contains(&y);
        inside.then(|| self.values[y as usize * self.stride + x as usize])
    }

    /// The materials left and right of the crack that leaves a corner, if they differ.
    fn crack(&self, x: u32, y: u32, way: Way) -> Option<(MaterialId, MaterialId)> {
        let (x, y) = (i64::from(x), i64::from(y));
        let (left, right) = match way {
            Way::East => ((x, y), (x, y - 1)),
            Way::North => ((x - 1, y), (x, y)),
            Way::West => ((x - 1, y - 1), (x - 1, y)),
            Way::South => ((x, y - 1), (x - 1, y - 1)),
        };
        let (left, right) = (self.get(left.0, left.1)?, self.get(right.0, right.1)?);
        (left != right).then_some((left, right))
    }

    /// Whether arcs end at a corner: on the rim, or where not just two cracks meet.
    fn is_node(&self, x: u32, y: u32) -> bool {
        let cracks = Way::ALL.iter().filter(|&&way| self.crack(x, y, way).is_some()).count();
        cracks != 0 && cracks != 2
    }
}

struct Tracer<'a> {
    region: &'a Region,
    cells: &'a Cells,
    /// For each corner, a bit for each way that was walked.
    done: Vec<u8>,
}

impl Tracer<'_> {
    fn mark(&mut self, x: u32, y: u32, way: Way) -> bool {
        let seen = &mut self.done[y as usize * (self.cells.width as usize + 1) + x as usize];
        let bit = 1 << way as u8;
        let new = *seen & bit == 0;
        *seen |= bit;
        new
    }

    /// The arc that leaves a corner, unless it was walked.
    fn arc(&mut self, x: u32, y: u32, way: Way) -> Option<Border> {
        let (left, right) = self.cells.crack(x, y, way)?;
        if !self.mark(x, y, way) {
            return None;
        }
        let start = (x, y);
        let from_node = self.cells.is_node(x, y);
        let mut points = Vec::new();
        if from_node {
            points.push(self.corner(f64::from(x), f64::from(y)));
        }
        let (mut x, mut y, mut way) = (x, y, way);
        loop {
            let (dx, dy) = way.step();
            points.push(self.corner(f64::from(x) + dx as f64 / 2.0, f64::from(y) + dy as f64 / 2.0));
            // Cracks lie within the corners, so neither leaves them.
            (x, y) = ((i64::from(x) + dx) as u32, (i64::from(y) + dy) as u32);
            self.mark(x, y, way.back());
            if self.cells.is_node(x, y) {
                points.push(self.corner(f64::from(x), f64::from(y)));
                break;
            }
            if (x, y) == start {
                points.extend(points.first().copied());
                break;
            }
            let onward =
                Way::ALL.into_iter().find(|&w| w != way.back() && self.cells.crack(x, y, w).is_some());
            let Some(onward) = onward else { break };
            way = onward;
            self.mark(x, y, way);
        }
        Some(Border { left, right, line: LineString(points) })
    }

    /// A place in cells from the region's first corner.
    fn corner(&self, u: f64, v: f64) -> geo_types::Coord<f64> {
        let (min, cell) = (self.region.bounds().min, self.region.cell_size());
        in_frame(self.region, min.x + u * cell, min.y + v * cell)
    }
}
