//! Shapes that stand upright: a footprint between two altitudes.

use super::emit::{Emitter, WORLD};
use super::solid::{Ground, Side, centres};
use super::span::EastWest;
use crate::error::WorldError;
use bm_core::Cell;
use bm_core::frame::{TICKS_PER_METRE, edge_ticks};
use bm_core::page::{PAGE_LEVELS, PAGE_SPAN};

/// What an upright shape covers, seen from above.
pub(super) trait Footprint {
    /// Where the centres in a column of cells lie: the column of a cell of `level` at `at` (x, y).
    /// Never mixed at the finest level asked for.
    fn side(&self, level: u8, at: [u32; 2]) -> Side;
}

impl<F: Footprint> Footprint for &F {
    fn side(&self, level: u8, at: [u32; 2]) -> Side {
        (**self).side(level, at)
    }
}

/// A footprint between two altitudes.
pub(super) struct Prism<F> {
    footprint: F,
    /// First tick inside, and the first above.
    z: [u32; 2],
    /// Level of the coarsest pages that tell the finest cells apart: there a floor or roof is one box a page.
    page_level: u8,
}

impl<F: Footprint> Prism<F> {
    /// `z`: cells of `level`, the first and the first above.
    pub(super) fn new(footprint: F, z: [u32; 2], level: u8) -> Self {
        Self { footprint, z: z.map(|c| c * edge_ticks(level)), page_level: page_level(level) }
    }

    /// Writes the cells inside.
    pub(super) fn walk(&self, emit: &mut Emitter<'_>) -> Result<(), WorldError> {
        self.down(Cell::ROOT, false, false, emit)
    }

    /// `covered`, `within`: the column is known to be inside whole, the cell to lie in the world.
    fn down(
        &self,
        cell: Cell,
        covered: bool,
        within: bool,
        emit: &mut Emitter<'_>,
    ) -> Result<(), WorldError> {
        let bounds = cell.bounds();
        let z = [bounds.min[2].max(self.z[0]), bounds.max[2].min(self.z[1])];
        let within = within || WORLD.covers(&bounds);
        if z[0] >= z[1] || (!within && !WORLD.intersects(&bounds)) {
            return Ok(());
        }
        let [x, y, _] = cell.coords();
        let side = if covered { Side::Inside } else { self.footprint.side(cell.level(), [x, y]) };
        let covered = match side {
            Side::Outside => return Ok(()),
            Side::Inside => true,
            Side::Mixed => false,
        };
        let whole = z == [bounds.min[2], bounds.max[2]];
        if covered && (within || cell.level() == emit.level()) {
            if whole {
                return emit.cell(cell);
            }
            if cell.level() == self.page_level {
                let e = edge_ticks(emit.level());
                let cells = |a: usize| [bounds.min[a] / e, bounds.max[a] / e];
                return emit.cells(cells(0), cells(1), z.map(|t| t / e));
            }
        }
        (0..8).filter_map(|o| cell.child(o)).try_for_each(|c| self.down(c, covered, within, emit))
    }
}

/// Level of the coarsest pages that tell cells of `level` apart.
const fn page_level(level: u8) -> u8 {
    let mut tier = 0;
    while PAGE_LEVELS[tier] + PAGE_SPAN < level {
        tier += 1;
    }
    PAGE_LEVELS[tier]
}

/// About how many runs and boxes it takes (measured): walls cell by cell, floors and roofs page by page but for the
/// pages under walls. `outline` in ticks around, `area` in square ticks, both in the frame.
pub(super) fn runs(outline: f64, area: f64, z: [u32; 2], level: u8) -> f64 {
    let e = f64::from(edge_ticks(level));
    let page = f64::from(edge_ticks(page_level(level)));
    let walls = outline / e * f64::from(z[1].saturating_sub(z[0])) * 0.4;
    let faces = 2.0 * (area / (page * page)) + outline * page / (e * e) * 0.25;
    walls + faces
}

/// A disc on the ground.
#[derive(Clone, Copy, Debug)]
pub(super) struct Disc {
    ground: Ground,
    /// Edge of the cells that are told apart, ticks.
    e: u32,
}

impl Disc {
    pub(super) fn new([lon, lat]: [f64; 2], radius: f64, level: u8) -> Result<Self, WorldError> {
        Ok(Self { ground: Ground::new("cylinder", lon, lat, radius)?, e: edge_ticks(level) })
    }

    /// The disc, and where it is seen one turn away.
    pub(super) fn copies(self) -> impl Iterator<Item = Self> {
        EastWest::TURNS.into_iter().map(move |by| Self { ground: self.ground.turned(by), ..self })
    }

    /// Ticks around, in the frame (at most: of the rectangle around).
    pub(super) fn outline(&self) -> f64 {
        4.0 * (self.ground.radius + self.ground.radius / self.ground.narrow)
    }

    /// Square ticks in the frame.
    pub(super) fn area(&self) -> f64 {
        std::f64::consts::PI * self.ground.radius.powi(2) / self.ground.narrow
    }
}

impl Footprint for Disc {
    fn side(&self, level: u8, at: [u32; 2]) -> Side {
        let edge = edge_ticks(level);
        let [x, y] = at.map(|c| centres(c * edge, edge, self.e));
        let [near, far] = self.ground.squares(x, y);
        let r2 = self.ground.radius.powi(2);
        if near > r2 {
            Side::Outside
        } else if far <= r2 {
            Side::Inside
        } else {
            Side::Mixed
        }
    }
}

const _: () =
    assert!(TICKS_PER_METRE == 4 && page_level(28) == 21 && page_level(21) == 14 && page_level(0) == 0);
