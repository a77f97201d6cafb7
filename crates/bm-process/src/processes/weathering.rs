//! `weathering`: rock becomes loose by frost and chemistry.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::check::{Check, is_loose};
use crate::ledger;
use crate::process::{Books, Need, Process, ProcessError};
use crate::state::{Layer, State, layer};
use crate::weathering::{Production, Rule, Rules, Swing};
use crate::workers;

const NAME: &str = "weathering";

/// How one material weathers.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Name of what it becomes; it must be loose (erodibility of 0.5 and more). It joins the loose stratum on top.
    pub product: String,
    /// Share of its life that a crossing of the freezing point takes in wet ground.
    #[serde(default)]
    pub frost: f64,
    /// Share of its life that chemistry takes in a year, at 15 °C in wet ground.
    #[serde(default)]
    pub chemistry: f64,
    /// Energy of activation of that chemistry, J/mol (60 000).
    #[serde(default = "activation")]
    pub activation: f64,
}

fn activation() -> f64 {
    60_000.0
}

/// Parameters of `weathering`. The layer `temperature` is the yearly mean in °C.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WeatheringConfig {
    /// What becomes of which material, by name. If it is not given, a standard table: shares of a life for each
    /// crossing of the freezing point, and a year of chemistry:
    ///
    /// | rock | becomes | frost | chemistry |
    /// |---|---|---|---|
    /// | rock | sediment | 1e-4 | 5e-6 |
    /// | granite | sand | 5e-5 | 4e-6 |
    /// | basalt | clay | 6e-5 | 2e-5 |
    /// | sandstone | sand | 5e-4 | 2e-6 |
    /// | shale | clay | 8e-4 | 1e-5 |
    /// | limestone | clay | 3e-4 | 4e-5 |
    /// | sedimentary rock | sediment | 4e-4 | 1e-5 |
    /// | upper crust | sediment | 5e-5 | 4e-6 |
    pub table: Option<BTreeMap<String, Entry>>,
    /// Metres of bare rock that are loose when a life is over (0.02: granite in a cool climate makes about 0.1 mm of
    /// soil a year).
    pub layer: f64,
    /// Metres of loose ground under which it takes e times as long (0.5).
    pub cover: f64,
    /// From the yearly mean to the warmest season, K (10).
    pub season: f64,
    /// From a day's mean to its noon, K (5).
    pub day: f64,
    /// Wetness of the ground, 0 to 1 (1).
    pub wetness: f64,
    /// Temperature where there is no such layer yet, °C (8).
    pub temperature: f64,
}

impl Default for WeatheringConfig {
    fn default() -> Self {
        Self { table: None, layer: 0.02, cover: 0.5, season: 10.0, day: 5.0, wetness: 1.0, temperature: 8.0 }
    }
}

impl WeatheringConfig {
    /// The process.
    ///
    /// # Errors
    /// [`ProcessError::Parameter`] for impossible numbers and unknown materials.
    pub fn build(&self, state: &State) -> Result<Box<dyn Process>, ProcessError> {
        let check = Check(NAME);
        check.not_negative("layer", self.layer)?;
        check.positive("cover", self.cover)?;
        check.not_negative("season", self.season)?;
        check.not_negative("day", self.day)?;
        check.share("wetness", self.wetness)?;
        check.finite("temperature", self.temperature)?;
        let rules = match &self.table {
            None => Rules::standard(),
            Some(table) => {
                let mut rules = Rules::default();
                for (name, entry) in table {
                    let material = check.material(state, "table", name)?;
                    let product = check.material(state, "product", &entry.product)?;
                    if !state.materials.get(product).is_some_and(is_loose) {
                        let must = "a loose material (erodibility of at least 0.5)";
                        return check.refuse("product", &entry.product, must);
                    }
                    let rule = Rule { activation: entry.activation, ..Rule::into(product) };
                    let rule = rule.frost(entry.frost).chemistry(entry.chemistry);
                    rules.set(material, rule).map_err(|error| ProcessError::kernel(NAME, error))?;
                }
                rules
            }
        };
        let swing = Swing { season: self.season, day: self.day };
        let production = Production { layer: self.layer, cover: self.cover, swing };
        Ok(Box::new(Weathering { rules, production, wetness: self.wetness, start: self.temperature }))
    }
}

struct Weathering {
    rules: Rules,
    production: Production,
    wetness: f64,
    start: f64,
}

impl Weathering {
    /// Metres of rock of a cell that become loose in `dt` seconds.
    fn metres(&self, state: &State, cell: usize, temperature: f64, dt: f64) -> f64 {
        let strata = state.strata.strata();
        let first = strata.first().map_or(0.0, |stratum| f64::from(stratum.thickness[cell]));
        let (mut loose, mut left) = (first, dt);
        let rock = strata.iter().skip(1).map(|s| (s.material, f64::from(s.thickness[cell])));
        let basement = [(state.strata.basement(), f64::INFINITY)];
        for (material, thickness) in rock.chain(basement).filter(|(_, thickness)| *thickness > 0.0) {
            // What is not in the table does not weather, and shields what lies below.
            let Some(rule) = self.rules.get(material) else { break };
            let rate = self.production.rate(rule, temperature, self.wetness);
            let used = self.production.time(loose, loose + thickness, rate);
            if used >= left {
                loose = self.production.after(loose, rate, left);
                break;
            }
            (loose, left) = (loose + thickness, left - used);
        }
        loose - first
    }
}

impl Process for Weathering {
    fn name(&self) -> &'static str {
        NAME
    }

    fn layers(&self) -> Vec<Need> {
        vec![Need { layer: layer::TEMPERATURE, default: self.start, single: false }]
    }

    /// None: the equation is solved exactly.
    fn max_step(&self, _: &State) -> f64 {
        f64::INFINITY
    }

    /// In the ledger nothing comes or goes; moved is what became loose.
    fn step(&mut self, state: &mut State, dt: f64) -> Result<Books, ProcessError> {
        Check(NAME).step(dt)?;
        let (width, height) = (state.ground.width, state.ground.height);
        let temperature = state.layer(layer::TEMPERATURE);
        let mut metres = vec![0.0; state.cells()];
        let tasks = metres.chunks_mut(width.max(1)).enumerate().collect();
        workers::queue(state.threads, tasks, |(row, metres): (usize, &mut [f64])| {
            for (column, metres) in metres.iter_mut().enumerate() {
                let cell = row * width + column;
                if !state.ground.values[cell].is_nan() {
                    let warm = temperature.map_or(self.start, |layer: &Layer| layer.get(cell));
                    *metres = self.metres(state, cell, warm, dt);
                }
            }
        });
        if let Some(cell) = metres.iter().position(|metres| !metres.is_finite()) {
            let value = temperature.map_or(self.start, |layer| layer.get(cell));
            let found = format!("{value} in cell {cell}");
            return Check(NAME).refuse("temperature", found, "a temperature in °C");
        }
        for (cell, &metres) in metres.iter().enumerate().filter(|(_, metres)| **metres > 0.0) {
            state.strata.loosen(cell, metres);
        }
        let moved = ledger::sum_of(height, |row| {
            ledger::sum(&metres[row * width..][..width]) * state.ground.cell_area(row)
        });
        let whole = state.ground.volume();
        Ok(Books::solid(ledger::Ledger { before: whole, after: whole, moved, ..Default::default() }))
    }
}
