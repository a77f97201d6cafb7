//! Shapes to edits: spheres, cylinders, boxes, polygons between altitudes, masks.
//!
//! [`Shape::apply`] writes a shape into a [`Transaction`]: every cell of the level asked for whose **centre** is
//! inside is set. Cells inside are handed over as large as they fit, so that a shape costs its surface and not
//! its volume.
//!
//! ```
//! use bm_core::{GeoPoint, MaterialId, Pos};
//! use bm_hybrid::shape::Shape;
//! use bm_overlay::Transaction;
//!
//! let at = GeoPoint { lon: 8.0, lat: 46.5, alt: 1200.0 };
//! let mut change = Transaction::new("miner");
//! let cells = Shape::Sphere { centre: at, radius: 10.0 }.apply(28, MaterialId::AIR, &mut change)?;
//! assert!((cells as f64 / 64.0 * 46.5_f64.to_radians().cos() / 4188.8 - 1.0).abs() < 1e-3); // 4/3 π 10³ m³
//! # Ok::<(), bm_hybrid::WorldError>(())
//! ```
//!
//! # What is measured where
//!
//! The world's frame gives a degree the same length everywhere, so a frame metre eastwards is `cos φ` metres on
//! the ground. Radii are metres **on the ground**: a sphere or cylinder is round there and `1 / cos φ` times as
//! wide as high in the frame, with the latitude φ of its centre. Depth does not narrow it. Where the ground's
//! width changes by more than half across the shape, near the poles, it is refused. Boxes and polygons have their
//! edges along straight lines in longitude and latitude. All of them may cross the date line.
//!
//! Boxes, altitudes and polygons are half open (a centre exactly on a western, southern or lower edge is inside,
//! on an eastern, northern or upper one outside), so that neighbours share no cell and leave none out; balls and
//! discs hold their rim.
//!
//! A cell that the world's edge cuts counts as one cell and is set as far as it is in the world; at the date line
//! its centre may lie over the line, where the other side begins.

mod emit;
#[cfg(feature = "geojson")]
mod geojson;
mod mask;
#[cfg(feature = "geojson")]
mod polygon;
mod prism;
#[cfg(feature = "geojson")]
mod rows;
mod solid;
mod span;

pub use mask::Mask;
#[cfg(feature = "geojson")]
pub use polygon::{Polygon, Polygons};

use crate::error::WorldError;
use crate::ingest::Progress;
use crate::query::check_level;
use crate::render::Window;
use bm_core::frame::{WORLD_X, edge_metres};
use bm_core::{Cell, GeoPoint, MaterialId, Pos, TickBox};
use bm_overlay::Transaction;
use emit::Emitter;
use prism::{Disc, Prism};
use solid::Ball;
use span::{Axis, EastWest, cells_between};

/// Most runs and boxes that a shape may become.
pub const MAX_RUNS: u64 = 50_000_000;

/// A part of the world (see the module for what is measured where).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Shape {
    /// One cell of any level, set whole: the level given to [`Shape::apply`] does not matter.
    Cell(Cell),
    /// A box of ticks.
    Ticks(TickBox),
    /// A window of longitudes and latitudes between two altitudes.
    Box {
        /// West, south, east, north.
        window: Window,
        /// Lowest and highest altitude, metres above sea level; the upper one is outside.
        alt: [f64; 2],
    },
    /// A ball.
    Sphere {
        /// The middle.
        centre: GeoPoint,
        /// Metres on the ground, above 0.
        radius: f64,
    },
    /// An upright cylinder.
    Cylinder {
        /// Longitude and latitude of the axis, degrees.
        centre: [f64; 2],
        /// Metres on the ground, above 0.
        radius: f64,
        /// Lowest and highest altitude, metres above sea level; the upper one is outside.
        alt: [f64; 2],
    },
    /// What polygons cover, between two altitudes.
    #[cfg(feature = "geojson")]
    Prism {
        /// The polygons; where they overlap, cells are set once.
        polygons: Polygons,
        /// Lowest and highest altitude, metres above sea level; the upper one is outside.
        alt: [f64; 2],
    },
    /// The cells that a mask of the level's cells marks.
    Mask {
        /// The mask.
        mask: Mask,
        /// A place in the mask's first cell: the lowest, southernmost, westernmost.
        origin: GeoPoint,
    },
}

impl Shape {
    /// Sets the cells of `level` (0, the root cube, to 28, a quarter metre) whose centre is inside; the unset
    /// material clears them. Returns their number (`u64::MAX` if there are more).
    ///
    /// # Errors
    /// [`WorldError::Data`] for shapes that are empty, no numbers, reach out of the world or too near to a pole, or
    /// need more than [`MAX_RUNS`] runs: the text says what to change. After an error the transaction may hold a
    /// part of the shape: drop it.
    pub fn apply(
        &self,
        level: u8,
        material: MaterialId,
        transaction: &mut Transaction,
    ) -> Result<u64, WorldError> {
        self.apply_telling(level, material, transaction, &|_| ())
    }

    /// [`Shape::apply`], telling `progress` how many runs of cells of about how many are done.
    ///
    /// # Errors
    /// As there.
    pub fn apply_telling(
        &self,
        level: u8,
        material: MaterialId,
        transaction: &mut Transaction,
        progress: &(dyn Fn(&Progress) + Sync),
    ) -> Result<u64, WorldError> {
        check_level(level)?;
        let mut emit = Emitter::new(self.name(), level, material, transaction, progress);
        match self {
            Self::Cell(cell) => return emit.single(*cell),
            Self::Ticks(b) => ticks(b, &mut emit)?,
            Self::Box { window, alt } => degrees(window, *alt, &mut emit)?,
            Self::Sphere { centre, radius } => {
                let ball = Ball::new(*centre, *radius, level)?;
                emit.expect(ball.runs())?;
                for copy in ball.copies() {
                    solid::walk(&copy, &mut emit)?;
                }
            }
            Self::Cylinder { centre, radius, alt } => {
                let disc = Disc::new(*centre, *radius, level)?;
                let z = Axis::altitudes("cylinder", *alt, level)?;
                emit.expect(prism::runs(disc.outline(), disc.area(), z, level))?;
                for copy in disc.copies() {
                    Prism::new(copy, z, level).walk(&mut emit)?;
                }
            }
            #[cfg(feature = "geojson")]
            Self::Prism { polygons, alt } => {
                let z = Axis::altitudes("polygon", *alt, level)?;
                let [outline, area] = polygons.measure();
                // Each row of cells is looked at where it crosses the outline, however low the prism is.
                let rows = 2.0 * outline / f64::from(bm_core::frame::edge_ticks(level));
                emit.expect(prism::runs(outline, area, z, level).max(rows))?;
                let rows = rows::Rows::new(polygons, level);
                Prism::new(&rows, z, level).walk(&mut emit)?;
            }
            Self::Mask { mask, origin } => {
                for piece in mask.pieces(*origin, level)? {
                    solid::walk(&piece, &mut emit)?;
                }
            }
        }
        match emit.finish()? {
            0 => Err(bad(
                self.name(),
                format!(
                    "holds the centre of no cell of level {level} ({} m): use a finer level, or make it larger",
                    edge_metres(level)
                ),
            )),
            cells => Ok(cells),
        }
    }

    /// What it is called in errors.
    const fn name(&self) -> &'static str {
        match self {
            Self::Cell(_) => "cell",
            Self::Ticks(_) | Self::Box { .. } => "box",
            Self::Sphere { .. } => "sphere",
            Self::Cylinder { .. } => "cylinder",
            #[cfg(feature = "geojson")]
            Self::Prism { .. } => "polygon",
            Self::Mask { .. } => "mask",
        }
    }
}

fn ticks(b: &TickBox, emit: &mut Emitter<'_>) -> Result<(), WorldError> {
    if b.is_empty() {
        return Err(bad(
            "box",
            format!("from {:?} to {:?} ticks is empty: every first must be below its last", b.min, b.max),
        ));
    }
    if !emit::WORLD.covers(b) {
        return Err(bad("box", format!("from {:?} to {:?} ticks reaches out of the world", b.min, b.max)));
    }
    let level = emit.level();
    let [x, y, z] =
        [0, 1, 2].map(|a| cells_between(f64::from(b.min[a]), f64::from(b.max[a]), level, Axis::ALL[a]));
    emit.cells(x, y, z)
}

fn degrees(window: &Window, alt: [f64; 2], emit: &mut Emitter<'_>) -> Result<(), WorldError> {
    let level = emit.level();
    // Checked again: the fields are public.
    let w = Window::new(window.west, window.south, window.east, window.north)?;
    let z = Axis::altitudes("box", alt, level)?;
    let y = cells_between(span::north_ticks(w.south), span::north_ticks(w.north), level, Axis::NorthSouth);
    let width = if w.width() >= 360.0 { f64::from(WORLD_X) } else { w.width() / 360.0 * f64::from(WORLD_X) };
    let west = span::east_ticks(w.west);
    for turn in EastWest::TURNS {
        let x = cells_between(west + turn, west + width + turn, level, Axis::EastWest);
        emit.cells(x, y, z)?;
    }
    Ok(())
}

/// The voxel of a place, with the shape in the error.
fn voxel(what: &'static str, at: GeoPoint) -> Result<Pos, WorldError> {
    Pos::from_geo(at).map_err(|e| bad(what, e.to_string()))
}

fn bad(what: &'static str, detail: impl Into<String>) -> WorldError {
    WorldError::Data { what, detail: detail.into() }
}
