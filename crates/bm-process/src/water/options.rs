//! What falls on the water, what slows it and what it does to its bed.

use super::rows::Rates;
use super::{Sheet, WaterError};
use std::ops::Range;

/// What is beyond a side of the raster.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Edge {
    /// A wall.
    #[default]
    Wall,
    /// The same ground and water going on: what flows out is gone, and nothing comes in.
    Open,
    /// A sea with its surface at this height (m); water goes out to it and comes in from it.
    Level(f64),
}

/// The four sides.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Edges {
    /// Column 0.
    pub west: Edge,
    /// The last column.
    pub east: Edge,
    /// Row 0.
    pub south: Edge,
    /// The last row.
    pub north: Edge,
}

impl Edges {
    /// The same on all sides.
    #[must_use]
    pub const fn all(edge: Edge) -> Self {
        Self { west: edge, east: edge, south: edge, north: edge }
    }
}

/// What slows the water; taken implicitly, so any step is stable.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Friction {
    /// Nothing.
    #[default]
    None,
    /// In proportion to speed: a share of this a second.
    Linear(f64),
    /// Manning's n in s/m^(1/3): 0.03 for a natural stream, 0.1 for a wooded flood plain.
    Manning(f64),
}

/// How time is stepped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scheme {
    /// Two stages a sub-step: waves keep their height.
    #[default]
    Heun,
    /// One stage a sub-step: half the work; waves without friction grow by a percent or so in a period.
    Euler,
}

/// A rate in m/s, everywhere the same or for each cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Supply {
    /// Everywhere.
    Uniform(f64),
    /// For each cell, row · width + column.
    Cells(Vec<f64>),
}

impl Supply {
    pub(super) fn any(&self) -> bool {
        !matches!(self, Self::Uniform(0.0))
    }

    /// The greatest rate.
    pub(super) fn most(&self) -> f64 {
        match self {
            Self::Uniform(rate) => *rate,
            Self::Cells(rates) => rates.iter().copied().fold(0.0, f64::max),
        }
    }

    pub(super) fn row(&self, cells: Range<usize>) -> Rates<'_> {
        match self {
            Self::Uniform(rate) => Rates::All(*rate),
            Self::Cells(rates) => Rates::Row(&rates[cells]),
        }
    }
}

/// What the water does to its bed.
#[derive(Clone, Debug, PartialEq)]
pub struct Erosion {
    /// Metres of solid carried by a metre of water at 1 m/s on a vertical slope: s/m.
    pub capacity: f64,
    /// Share of missing load picked up in a second, when little is missing.
    pub detachment: f64,
    /// Share of surplus load dropped in a second.
    pub deposition: f64,
    /// Sine that even flat ground counts as.
    pub least_slope: f64,
    /// Factor on detachment for each cell, 0 (rock) to 1 (loose); all 1 if absent.
    pub erodibility: Option<Vec<f64>>,
}

impl Default for Erosion {
    fn default() -> Self {
        Self { capacity: 0.1, detachment: 0.01, deposition: 0.05, least_slope: 0.01, erodibility: None }
    }
}

/// How water is moved.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// m/s².
    pub gravity: f64,
    /// What slows it.
    pub friction: Friction,
    /// What falls.
    pub rain: Supply,
    /// What dries, m/s, as far as there is water.
    pub evaporation: f64,
    /// What soaks in, as far as there is water.
    pub infiltration: Supply,
    /// What is beyond the raster.
    pub edges: Edges,
    /// How time is stepped.
    pub scheme: Scheme,
    /// Share of a cell that the fastest wave may cross in a sub-step, up to 0.5.
    pub courant: f64,
    /// A sub-step takes no longer than this, in seconds, however slow the water.
    pub longest: Option<f64>,
    /// Whether and how the bed erodes.
    pub erosion: Option<Erosion>,
    /// Threads, 0 for one each processor. The result does not depend on it.
    pub threads: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            gravity: 9.81,
            friction: Friction::None,
            rain: Supply::Uniform(0.0),
            evaporation: 0.0,
            infiltration: Supply::Uniform(0.0),
            edges: Edges::default(),
            scheme: Scheme::default(),
            courant: 0.45,
            longest: None,
            erosion: None,
            threads: 0,
        }
    }
}

fn bad(value: f64) -> bool {
    !(value.is_finite() && value >= 0.0)
}

impl Options {
    pub(super) fn check(&self) -> Result<(), WaterError> {
        let refuse = |what, value, needed| Err(WaterError::Option { what, value, needed });
        if bad(self.gravity) || self.gravity == 0.0 {
            return refuse("gravity", self.gravity, "positive");
        }
        if !(self.courant > 0.0 && self.courant <= 0.5) {
            return refuse("courant", self.courant, "above 0 and at most 0.5");
        }
        if let Some(longest) = self.longest
            && (longest.is_nan() || longest <= 0.0)
        {
            return refuse("longest", longest, "positive");
        }
        let mut rates = vec![("evaporation", self.evaporation)];
        match self.friction {
            Friction::None => {}
            Friction::Linear(k) => rates.push(("linear friction", k)),
            Friction::Manning(n) => rates.push(("Manning's n", n)),
        }
        for (what, supply) in [("rain", &self.rain), ("infiltration", &self.infiltration)] {
            match supply {
                Supply::Uniform(rate) => rates.push((what, *rate)),
                Supply::Cells(values) => rates.extend(values.iter().map(|&rate| (what, rate))),
            }
        }
        if let Some(erosion) = &self.erosion {
            rates.push(("capacity", erosion.capacity));
            rates.push(("detachment", erosion.detachment));
            rates.push(("deposition", erosion.deposition));
            if bad(erosion.least_slope) || erosion.least_slope > 1.0 {
                return refuse("least slope", erosion.least_slope, "0 to 1");
            }
            for &value in erosion.erodibility.iter().flatten() {
                if bad(value) || value > 1.0 {
                    return refuse("erodibility", value, "0 to 1");
                }
            }
        }
        for (what, value) in rates {
            if bad(value) {
                return refuse(what, value, "finite and not negative");
            }
        }
        let edges = self.edges;
        for edge in [edges.west, edges.east, edges.south, edges.north] {
            if let Edge::Level(level) = edge
                && !level.is_finite()
            {
                return refuse("sea level", level, "finite");
            }
        }
        Ok(())
    }

    pub(super) fn check_sizes(&self, sheet: &Sheet) -> Result<(), WaterError> {
        let (width, height) = (sheet.width(), sheet.height());
        let cells = width.checked_mul(height).unwrap_or(0);
        let size = |what, expected, found| match expected == found {
            true => Ok(()),
            false => Err(WaterError::Size { what, expected, found }),
        };
        if cells == 0 {
            return Err(WaterError::Size { what: "raster", expected: 1, found: 0 });
        }
        size("row widths", height, sheet.bed.dx.len())?;
        for (column, &width) in sheet.bed.dx.iter().chain([&sheet.bed.dy]).enumerate() {
            if bad(width) || width == 0.0 {
                return Err(WaterError::Value { what: "width of a cell", cell: column, value: width });
            }
        }
        let layers = [
            ("bed", &sheet.bed.values, f64::NEG_INFINITY),
            ("depth", &sheet.depth, 0.0),
            ("momentum_x", &sheet.momentum_x, f64::NEG_INFINITY),
            ("momentum_y", &sheet.momentum_y, f64::NEG_INFINITY),
            ("sediment", &sheet.sediment, f64::NEG_INFINITY),
        ];
        for (what, values, least) in layers {
            size(what, cells, values.len())?;
            if let Some(cell) = values.iter().position(|value| !(value.is_finite() && *value >= least)) {
                return Err(WaterError::Value { what, cell, value: values[cell] });
            }
        }
        for (what, supply) in [("rain", &self.rain), ("infiltration", &self.infiltration)] {
            if let Supply::Cells(values) = supply {
                size(what, cells, values.len())?;
            }
        }
        if let Some(Erosion { erodibility: Some(values), .. }) = &self.erosion {
            size("erodibility", cells, values.len())?;
        }
        Ok(())
    }
}
