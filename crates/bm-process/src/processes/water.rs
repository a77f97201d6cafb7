//! `water`: shallow water that rains, runs and erodes.

use serde::Deserialize;

use super::check::{Check, of_surface};
use crate::field::Field;
use crate::ledger::{self, Ledger};
use crate::process::{Books, Need, Process, ProcessError, YEAR};
use crate::route::Rim;
use crate::state::{Layer, State, layer};
use crate::water::{Edge, Edges, Erosion, Friction, Options, Report, Scheme, Sheet, Supply, Water};
use crate::waves::sea;

const NAME: &str = "water";

/// What is beyond the sides of the region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaterEdges {
    /// Walls where the land's edges are closed, else as `sea`.
    #[default]
    Land,
    /// The sea at its level where the ground lies below it; elsewhere water falls off the edge.
    Sea,
    /// The same ground and water going on; what flows out is gone.
    Open,
    /// Walls.
    Wall,
}

/// How time is stepped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaterScheme {
    /// One stage: half the work.
    #[default]
    Euler,
    /// Two stages: waves keep their height.
    Heun,
}

/// Parameters of `water`.
///
/// A second of flow takes about a sub-step of computing, so no computer follows water through a geological step. With
/// `storm`, a step follows the water for so many hours only; when they are over it drops what it carries, and the
/// ground changes by what all storms of the step would do together (the morphological factor of Roelvink 2006):
/// `storms_per_year` times the years of the step. Where that would move some cell by more than `most_change`, the storm
/// is followed again on the changed ground. Storms do not know of each other: weeks pass between them, in which what fell
/// runs off, soaks away or dries. So no water stands higher after a storm than it stood when the step began.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WaterConfig {
    /// Rain, mm/h (20: a storm).
    pub rain: f64,
    /// Evaporation from standing water, mm/h (0).
    pub evaporation: f64,
    /// What soaks away, mm/h (5).
    pub infiltration: f64,
    /// Manning's n, s/m^(1/3) (0.04); 0: no friction.
    pub manning: f64,
    /// `land` (default), `sea`, `open` or `wall`.
    pub edges: WaterEdges,
    /// `euler` (default) or `heun`.
    pub scheme: WaterScheme,
    /// Whether the ground erodes (true); by the erodibility of the material at its surface.
    pub erosion: bool,
    /// Metres of ground carried by a metre of water at 1 m/s on a vertical slope, s/m (0.1).
    pub capacity: f64,
    /// Share of missing load picked up in a second where erodibility is 1 (0.01).
    pub detachment: f64,
    /// Share of surplus load dropped in a second (0.05).
    pub deposition: f64,
    /// Hours of flow that are followed; 0: all of the step, however long (1).
    pub storm: f64,
    /// How many such storms there are in a year (10).
    pub storms_per_year: f64,
    /// Metres a cell may change between two storms that are followed; a twentieth of a cell's width if not given.
    pub most_change: Option<f64>,
    /// Whether the sea is kept full: cells below its level that are joined to the region's edge by such cells (true).
    pub sea: bool,
}

impl Default for WaterConfig {
    fn default() -> Self {
        Self {
            rain: 20.0,
            evaporation: 0.0,
            infiltration: 5.0,
            manning: 0.04,
            edges: WaterEdges::Land,
            scheme: WaterScheme::Euler,
            erosion: true,
            capacity: 0.1,
            detachment: 0.01,
            deposition: 0.05,
            storm: 1.0,
            storms_per_year: 10.0,
            most_change: None,
            sea: true,
        }
    }
}

/// Millimetres an hour, in m/s.
const MM_PER_HOUR: f64 = 1e-3 / 3600.0;

/// The part of the way to its lowest or highest neighbour by which a cell may change at once.
const RELIEF: f64 = 0.25;

/// What it may change on level ground, m.
const LEAST_CHANGE: f64 = 0.05;

/// Storms followed in one step, at most.
const MOST_STORMS: usize = 10_000;

impl WaterConfig {
    /// The process.
    ///
    /// # Errors
    /// [`ProcessError::Parameter`].
    pub fn build(&self, state: &State) -> Result<Box<dyn Process>, ProcessError> {
        let check = Check(NAME);
        for (parameter, value) in [
            ("rain", self.rain),
            ("evaporation", self.evaporation),
            ("infiltration", self.infiltration),
            ("manning", self.manning),
            ("capacity", self.capacity),
            ("detachment", self.detachment),
            ("deposition", self.deposition),
            ("storm", self.storm),
            ("storms_per_year", self.storms_per_year),
        ] {
            check.not_negative(parameter, value)?;
        }
        let most_change = self.most_change.unwrap_or(0.05 * state.ground.dy);
        check.positive("most_change", most_change)?;
        let Rim { west, east, south, north } = state.rim;
        if self.edges == WaterEdges::Land && [west, east, south, north].contains(&crate::route::Edge::Looped)
        {
            return check.refuse("edges", "land", "sea, open or wall where the land's edges are periodic");
        }
        let water =
            Water::new(self.options(state, None)).map_err(|error| ProcessError::kernel(NAME, error))?;
        Ok(Box::new(Rivers { config: self.clone(), water, most_change }))
    }

    fn options(&self, state: &State, erodibility: Option<Vec<f64>>) -> Options {
        let sea = Edge::Level(state.sea_level);
        let of_land = |edge| if edge == crate::route::Edge::Closed { Edge::Wall } else { sea };
        let edges = match self.edges {
            WaterEdges::Land => Edges {
                west: of_land(state.rim.west),
                east: of_land(state.rim.east),
                south: of_land(state.rim.south),
                north: of_land(state.rim.north),
            },
            WaterEdges::Open => Edges::all(Edge::Open),
            WaterEdges::Wall => Edges::all(Edge::Wall),
            WaterEdges::Sea => Edges::all(sea),
        };
        Options {
            friction: if self.manning > 0.0 { Friction::Manning(self.manning) } else { Friction::None },
            rain: Supply::Uniform(self.rain * MM_PER_HOUR),
            evaporation: self.evaporation * MM_PER_HOUR,
            infiltration: Supply::Uniform(self.infiltration * MM_PER_HOUR),
            edges,
            scheme: match self.scheme {
                WaterScheme::Euler => Scheme::Euler,
                WaterScheme::Heun => Scheme::Heun,
            },
            erosion: self.erosion.then(|| Erosion {
                capacity: self.capacity,
                detachment: self.detachment,
                deposition: self.deposition,
                erodibility,
                ..Erosion::default()
            }),
            threads: state.threads,
            ..Options::default()
        }
    }
}

struct Rivers {
    config: WaterConfig,
    water: Water,
    most_change: f64,
}

/// Adds one ledger to those before it.
fn add(all: &mut Ledger, next: Ledger, first: bool) {
    if first {
        *all = next;
        return;
    }
    all.after = next.after;
    all.gained += next.gained;
    all.lost += next.lost;
    all.moved += next.moved;
}

impl Rivers {
    /// Fills the sea up to its level; m³ that came in.
    fn fill(sheet: &mut Sheet, level: f64) -> f64 {
        let mut rows = vec![0.0; sheet.height()];
        let width = sheet.width();
        for (cell, wet) in sea(&sheet.bed, level).into_iter().enumerate() {
            let missing = level - sheet.bed.values[cell] - sheet.depth[cell];
            if wet && missing > 0.0 {
                sheet.depth[cell] += missing;
                rows[cell / width] += missing * sheet.bed.cell_area(cell / width);
            }
        }
        ledger::sum(&rows)
    }

    /// Lets what the water carries fall where it is.
    fn settle(sheet: &mut Sheet) {
        for (bed, sediment) in sheet.bed.values.iter_mut().zip(&mut sheet.sediment) {
            *bed += std::mem::take(sediment);
        }
    }

    /// Levels of the water that stands somewhere, m.
    fn levels(sheet: &Sheet) -> Vec<f64> {
        let level = |(bed, depth): (&f64, &f64)| if *depth > 0.0 { bed + depth } else { f64::NEG_INFINITY };
        sheet.bed.values.iter().zip(&sheet.depth).map(level).collect()
    }

    /// Takes away what stands above its level, and brings the rest to rest; m³ by which it became less.
    fn calm(sheet: &mut Sheet, levels: &[f64]) -> f64 {
        let width = sheet.width();
        let mut rows = vec![0.0; sheet.height()];
        for (cell, level) in levels.iter().enumerate() {
            let over = (sheet.depth[cell] - (level - sheet.bed.values[cell]).max(0.0)).max(0.0);
            rows[cell / width] += over * sheet.bed.cell_area(cell / width);
            sheet.depth[cell] -= over;
        }
        sheet.momentum_x.fill(0.0);
        sheet.momentum_y.fill(0.0);
        ledger::sum(&rows)
    }

    /// Follows the water for some seconds.
    fn follow(&mut self, sheet: &mut Sheet, sea: Option<f64>, seconds: f64) -> Result<Report, ProcessError> {
        let before = sheet.water();
        let filled = sea.map_or(0.0, |level| Self::fill(sheet, level));
        let kernel = |error| ProcessError::kernel(NAME, error);
        let mut report = self.water.advance(sheet, seconds).map_err(kernel)?;
        report.water.before = before;
        report.water.gained += filled;
        Ok(report)
    }

    /// One storm, after which the water drops what it carries, and the ground changed by `factor` of them; or by fewer,
    /// if a cell would change too much: how many.
    fn storm(
        &mut self,
        sheet: &mut Sheet,
        sea: Option<f64>,
        seconds: f64,
        factor: f64,
    ) -> Result<(f64, Report), ProcessError> {
        Self::settle(sheet);
        let before = sheet.bed.values.clone();
        let mut report = self.follow(sheet, sea, seconds)?;
        Self::settle(sheet);
        // The storm that was followed happened, however much it changed.
        let times = self.most_times(sheet, &before).clamp(factor.min(1.0), factor);
        for (now, then) in sheet.bed.values.iter_mut().zip(&before) {
            *now = then + (*now - then) * times;
        }
        // What the other storms carried off.
        let solid = &mut report.solid;
        solid.gained *= times;
        solid.lost *= times;
        solid.moved *= times;
        solid.after = sheet.bed.volume();
        Ok((times, report))
    }

    /// How many times the ground may change as it did: no cell by more than `most_change`, nor by more than a part of
    /// what it stands above its lowest neighbour, or below its highest. Else the change of many storms at once would turn slopes
    /// round, the next storm turn them back by more, and so on.
    fn most_times(&self, sheet: &Sheet, before: &[f64]) -> f64 {
        let (width, height) = (sheet.width(), sheet.height());
        let mut most = f64::INFINITY;
        for (cell, (&then, now)) in before.iter().zip(&sheet.bed.values).enumerate() {
            let change = now - then;
            if change == 0.0 || change.is_nan() {
                continue;
            }
            let (x, y) = (cell % width, cell / width);
            let beside = [
                (x > 0).then(|| cell - 1),
                (x + 1 < width).then(|| cell + 1),
                (y > 0).then(|| cell - width),
                (y + 1 < height).then(|| cell + width),
            ];
            let toward = |other: usize| (before[other] - then) * change.signum();
            let relief = beside.into_iter().flatten().map(toward).fold(0.0, f64::max);
            let may = self.most_change.min((RELIEF * relief).max(LEAST_CHANGE));
            most = most.min(may / change.abs());
        }
        most
    }

    fn run(&mut self, sheet: &mut Sheet, sea: Option<f64>, dt: f64) -> Result<Report, ProcessError> {
        let seconds = self.config.storm * 3600.0;
        if seconds == 0.0 || !self.config.erosion && seconds >= dt {
            return self.follow(sheet, sea, dt);
        }
        let mut left = self.config.storms_per_year * dt / YEAR;
        let mut all = Report::default();
        let before = sheet.water();
        let filled = sea.map_or(0.0, |level| Self::fill(sheet, level));
        let levels = Self::levels(sheet);
        for number in 0..MOST_STORMS {
            let (times, mut report) = self.storm(sheet, sea, seconds, left)?;
            if number == 0 {
                report.water.before = before;
                report.water.gained += filled;
            }
            report.water.lost += Self::calm(sheet, &levels);
            report.water.after = sheet.water();
            add(&mut all.water, report.water, number == 0);
            add(&mut all.solid, report.solid, number == 0);
            left -= times;
            if left <= 0.0 {
                return Ok(all);
            }
        }
        Check(NAME).refuse(
            "step",
            dt,
            "short enough for 10 000 storms that each change the ground by most_change",
        )
    }
}

impl Process for Rivers {
    fn name(&self) -> &'static str {
        NAME
    }

    fn layers(&self) -> Vec<Need> {
        [layer::WATER_DEPTH, layer::MOMENTUM_X, layer::MOMENTUM_Y, layer::SEDIMENT].map(Need::counted).into()
    }

    /// None with `storm`, which splits what is too long; without, that of [`Water::advance`], which depends on the water
    /// and is known when it is there.
    fn max_step(&self, _: &State) -> f64 {
        f64::INFINITY
    }

    /// The ledger of water is that of the storms followed.
    fn step(&mut self, state: &mut State, dt: f64) -> Result<Books, ProcessError> {
        Check(NAME).step(dt)?;
        let kernel = |error| ProcessError::kernel(NAME, error);
        let erodibility = of_surface(state, 0.0, |material| material.erodibility.clamp(0.0, 1.0));
        let options = self.config.options(state, Some(erodibility));
        self.water.set_options(options).map_err(kernel)?;
        let level = self.config.sea.then_some(state.sea_level);
        let names = [layer::WATER_DEPTH, layer::MOMENTUM_X, layer::MOMENTUM_Y, layer::SEDIMENT];
        let layers = names.map(|name| state.take_f64(name, 0.0));
        let mut kept = None;
        let result = state.wear(|ground| {
            let bed = std::mem::replace(ground, Field::square(0, 0, 1.0, |_, _| 0.0));
            let [depth, momentum_x, momentum_y, sediment] = layers;
            let mut sheet = Sheet { bed, depth, momentum_x, momentum_y, sediment };
            let result = self.run(&mut sheet, level, dt);
            let Sheet { bed, depth, momentum_x, momentum_y, sediment } = sheet;
            *ground = bed;
            kept = Some([depth, momentum_x, momentum_y, sediment]);
            result
        });
        for (name, values) in names.into_iter().zip(kept.into_iter().flatten()) {
            state.set_layer(name, Layer::F64(values));
        }
        let report = result?;
        Ok(Books { solid: report.solid, water: report.water, ..Books::default() })
    }
}
