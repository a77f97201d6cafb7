//! Where the cells of a grid lie in the frame of boundaries.

use super::SyncError;
use crate::frame::{Frame, METRES_PER_DEGREE, Metric};
use bm_core::frame::{TICKS_PER_METRE, WORLD_X, WORLD_Y};
use bm_grid::{Ground, Region, Window};
use geo_types::{Coord, Rect};

/// A point of the world's frame, in metres, as degrees: the very numbers that a query at that point uses.
#[inline]
#[must_use]
pub fn degrees(x: f64, y: f64) -> Coord<f64> {
    // x goes on beyond the date line in grids that lie across it; queries wrap it.
    let turn = f64::from(WORLD_X) / f64::from(TICKS_PER_METRE);
    unwrapped_degrees(if (0.0..turn).contains(&x) { x } else { x.rem_euclid(turn) }, y)
}

/// As [`degrees`], with longitudes that go on beyond ±180.
#[inline]
pub(crate) fn unwrapped_degrees(x: f64, y: f64) -> Coord<f64> {
    let ticks = f64::from(TICKS_PER_METRE);
    Coord {
        x: x * ticks * (360.0 / f64::from(WORLD_X)) - 180.0,
        y: y * ticks * (180.0 / f64::from(WORLD_Y)) - 90.0,
    }
}

/// A run of a tile's columns whose centres ascend by whole cells (a date line parts two).
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    /// First column in the tile.
    pub(super) from: usize,
    /// First column behind it.
    pub(super) to: usize,
}

/// A grid's region in a frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) frame: Frame,
    pub(super) region: Region,
    /// Edge of a cell in units of the frame.
    pub(super) cell: f64,
    /// Metres per unit of the frame, along y and, at the equator, along x.
    pub(super) unit: f64,
    /// South-west corner in units of the frame; x is not wrapped.
    origin: Coord<f64>,
    pub(super) half: [f64; 2],
    /// Bound of what rounding does to a distance in metres.
    pub(super) rounding: f64,
}

impl Place {
    pub(super) fn new(region: &Region, frame: Frame) -> Result<Self, SyncError> {
        let (unit, zero) = match (frame, region.ground()) {
            (Frame::Geographic, Ground::World) => (METRES_PER_DEGREE, Coord { x: -180.0, y: -90.0 }),
            (Frame::Plane, Ground::Flat) => (1.0, Coord { x: 0.0, y: 0.0 }),
            (frame, ground) => return Err(SyncError::Frame { frame, ground }),
        };
        let min = region.bounds().min;
        let origin = Coord { x: min.x / unit + zero.x, y: min.y / unit + zero.y };
        let metres = region.cell_size();
        let half = frame.half_cell(metres);
        let mut it = Self { frame, region: *region, cell: metres / unit, unit, origin, half, rounding: 0.0 };
        it.rounding = it.find_rounding();
        Ok(it)
    }

    /// Columns and fractions of columns from the grid's western edge to an unwrapped x.
    #[inline]
    pub(super) fn u(&self, x: f64) -> f64 {
        (x - self.origin.x) / self.cell
    }

    /// Rows and fractions of rows from the grid's southern edge to a y.
    #[inline]
    pub(super) fn v(&self, y: f64) -> f64 {
        (y - self.origin.y) / self.cell
    }

    /// Centre of a cell, as a query names it.
    #[inline]
    pub(super) fn center(&self, x: u32, y: u32) -> Coord<f64> {
        let (mx, my) = (self.region.center_x(x), self.region.center_y(y));
        match self.frame {
            Frame::Geographic => degrees(mx, my),
            Frame::Plane => Coord { x: mx, y: my },
        }
    }

    /// Centre's y of a row.
    #[inline]
    pub(super) fn center_y(&self, row: u32) -> f64 {
        let y = self.region.center_y(row);
        match self.frame {
            Frame::Geographic => unwrapped_degrees(0.0, y).y,
            Frame::Plane => y,
        }
    }

    /// The centres' x of a tile's columns, what to add to each to name it in the grid's own count, and the runs in
    /// which they ascend.
    pub(super) fn columns(
        &self,
        window: Window,
        xs: &mut Vec<f64>,
        laps: &mut Vec<f64>,
        runs: &mut Vec<Run>,
    ) {
        xs.clear();
        laps.clear();
        runs.clear();
        let mut from = 0;
        for x in window.x..window.end_x() {
            let at = self.center(x, window.y).x;
            if xs.last().is_some_and(|&last| at <= last) {
                runs.push(Run { from, to: xs.len() });
                from = xs.len();
            }
            xs.push(at);
            laps.push(self.unwrap(at, x));
        }
        runs.push(Run { from, to: xs.len() });
    }

    /// What to add to the wrapped x of a column to name it in the grid's own, unwrapped count.
    #[inline]
    pub(super) fn unwrap(&self, x: f64, column: u32) -> f64 {
        match self.frame.period() {
            None => 0.0,
            Some(period) => {
                let own = self.origin.x + (f64::from(column) + 0.5) * self.cell;
                ((own - x) / period).round() * period
            }
        }
    }

    /// The closed box around a window, in the frame's units, unwrapped.
    pub(super) fn rect(&self, w: Window) -> Rect<f64> {
        let at =
            |x: u32, y: u32| self.origin + Coord { x: f64::from(x) * self.cell, y: f64::from(y) * self.cell };
        Rect::new(at(w.x, w.y), at(w.end_x(), w.end_y()))
    }

    /// The metric of a row.
    #[inline]
    pub(super) fn metric(&self, row: u32) -> Metric {
        self.frame.metric(Coord { x: 0.0, y: self.center_y(row) })
    }

    /// By how much to move things between `min` and `max` in x so that they may meet the grid, grown by `reach`
    /// units. Of each, the moved place is in the grid's own count.
    pub(super) fn shifts(&self, min: f64, max: f64, reach: f64) -> impl Iterator<Item = f64> + use<> {
        let rect = self.rect(self.region.window());
        let (west, east) = (rect.min().x - reach, rect.max().x + reach);
        let period = self.frame.period();
        // Boundaries go to ±540, grids a turn to either side of the map.
        (-3..=3_i32)
            .filter_map(move |lap| match period {
                Some(period) => Some(f64::from(lap) * period),
                None => (lap == 0).then_some(0.0),
            })
            .filter(move |shift| max + shift >= west && min + shift <= east)
    }

    fn find_rounding(&self) -> f64 {
        let rect = self.rect(self.region.window());
        let far = rect.min().x.abs().max(rect.max().x.abs()).max(rect.min().y.abs()).max(rect.max().y.abs());
        let far = if self.frame == Frame::Geographic { far.max(540.0) } else { far };
        far * self.unit * (64.0 * f64::EPSILON)
    }
}
