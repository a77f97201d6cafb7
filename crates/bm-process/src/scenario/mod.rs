//! What shall happen to a land: a list of processes, the steps they take, and for how long.
//!
//! A scenario is a text in TOML, or made from names alone; `docs/scenarios.md` lists every process and parameter:
//!
//! ```
//! use bm_process::scenario::Scenario;
//!
//! let scenario = Scenario::parse("range.toml", r#"
//!     years = 20_000
//!     step = 500                                    # years
//!     edges = { west = "closed", east = "closed" }  # those not named stay fixed
//!
//!     [[process]]
//!     name = "uplift"
//!     rate = 0.001                                  # m/year
//!
//!     [[process]]
//!     name = "slides"
//!     every = 10
//! "#)?;
//! assert_eq!((scenario.step_years(), scenario.processes.len()), (500.0, 2));
//!
//! let wrong = Scenario::parse("range.toml", "years = 10\n[[process]]\nname = 'slide'").unwrap_err();
//! assert_eq!(wrong.place(), Some((3, 8)));
//! assert!(wrong.to_string().contains("did you mean `slides`?"));
//!
//! let by_names = Scenario::of_processes(["stream-power", "hillslope"], 20_000.0)?;
//! assert_eq!(by_names.processes[0].name(), "stream-power");
//! # Ok::<(), bm_process::scenario::ScenarioError>(())
//! ```
//!
//! # Steps
//!
//! All processes act once a step, in the order of the list, for as long as the step takes. One with a `step` of its own
//! that is shorter acts in equal parts no longer than that. One with a longer `step` (a whole multiple of the
//! scenario's), or with `every = N`, waits until it is due and then acts for all the time that has gathered; in the
//! last step of a run everything acts for what is left, so that the same time passes for all. A process that can take
//! no step as long as it is asked to is split further, up to `split-at-most` parts; beyond that the run is refused
//! and the longest stable step named.
//!
//! In names of settings and parameters `-` and `_` are the same.
//!
//! # Regions
//!
//! A process with a `region` sees a copy of those cells only, as if there were nothing else: its outermost cells are
//! edges of the kind `region-edges` (where the region ends at the land's own edge, that edge is as it is for all).
//! With `fixed` ones the outermost cells keep their height and what flows over them is booked as lost; with `closed`
//! ones nothing passes. Nothing is blended.

mod error;
mod fields;
mod read;
mod region;
mod registry;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

pub use error::{Fault, ScenarioError};
pub use read::{OF_ANY_PROCESS, SETTINGS};
pub(crate) use read::{edge_name, edge_of};
pub use region::RegionBox;
pub use registry::{Kind, Recipe, Registry};

use crate::process::{Process, ProcessError};
use crate::route::{Edge, Rim};
use crate::state::State;

/// Years a step takes when nobody says.
pub const STEP_YEARS: f64 = 1000.0;
/// Steps between checkpoints when nobody says.
pub const CHECKPOINT_EVERY: u64 = 100;
/// Parts a process's step may be split into when nobody says.
pub const SPLIT_AT_MOST: u64 = 10_000;

/// What shall happen to a land.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What it is about.
    pub title: String,
    /// How many years shall pass; a caller may say it instead of the text.
    pub years: Option<f64>,
    /// Years of a step; if not said [`STEP_YEARS`], or `years` when that is less.
    pub step: Option<f64>,
    /// Threads to use, 0 for as many as there are processors; no result depends on it.
    pub threads: usize,
    /// Height of the sea, m; if not said, what the land came with.
    pub sea_level: Option<f64>,
    /// Steps between checkpoints; 0: only at the end.
    pub checkpoint_every: u64,
    /// How many parts a process's step may be split into where it would not be stable.
    pub split_at_most: u64,
    /// What lies beyond the edges; if not said, what the land came with.
    pub edges: Option<Rim>,
    /// What happens in each step, in this order.
    pub processes: Vec<Entry>,
    source: Option<error::Source>,
}

/// One process of a scenario.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its own step in years.
    pub step: Option<f64>,
    /// In every how manieth step of the scenario it acts.
    pub every: Option<u64>,
    /// The part of the land it is limited to.
    pub region: Option<RegionBox>,
    /// What the edges of that part are where it does not end with the land.
    pub region_edges: Edge,
    name: &'static str,
    parameters: toml::Table,
    recipe: Arc<dyn Recipe>,
    /// Where in the text each key's value stands, and the entry itself under "".
    spans: BTreeMap<String, Range<usize>>,
}

impl Entry {
    /// A process by its name, with parameters as a file would give them.
    ///
    /// # Errors
    /// [`ScenarioError`] when there is no such process or parameter.
    pub fn new(registry: &Registry, name: &str, parameters: toml::Table) -> Result<Self, ScenarioError> {
        let kind = registry
            .get(name)
            .ok_or_else(|| ScenarioError::value("process", read::unknown(registry, name)))?;
        let text = toml::to_string(&parameters).map_err(|e| ScenarioError::value(name, e.to_string()))?;
        let file = toml::Deserializer::parse(&text).and_then(|file| (kind.read)(file));
        let recipe = file.map_err(|e| ScenarioError::value(name, e.message()))?;
        Ok(Self {
            step: None,
            every: None,
            region: None,
            region_edges: Edge::Fixed,
            name: kind.name(),
            parameters,
            recipe,
            spans: BTreeMap::new(),
        })
    }

    /// The name of its kind.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Its parameters, as far as they are not the defaults.
    #[must_use]
    pub const fn parameters(&self) -> &toml::Table {
        &self.parameters
    }

    /// What makes the process.
    #[must_use]
    pub fn recipe(&self) -> &dyn Recipe {
        &*self.recipe
    }

    /// In every how manieth step it acts, and for how many years at once at most, with a scenario's steps.
    pub(crate) fn rhythm(&self, step: f64) -> Result<(u64, f64), String> {
        let own = self.step.unwrap_or(f64::INFINITY);
        if own.is_nan() || own <= 0.0 {
            return Err(format!("{own} years: a step is longer than nothing"));
        }
        match self.every {
            Some(0) => Err("0: a process acts at least in every last step; leave it out instead".to_owned()),
            Some(every) if self.step.is_some() && own > step * every as f64 * (1.0 + 1e-9) => Err(format!(
                "{own} years is longer than the {} that `every` lets gather",
                step * every as f64
            )),
            Some(every) if step * every as f64 / own > 1e9 => Err(format!(
                "{own} years is less than a billionth of the {} that gather",
                step * every as f64
            )),
            Some(every) => Ok((every, own)),
            None if step / own > 1e9 => {
                Err(format!("{own} years is less than a billionth of the scenario's step of {step} years"))
            }
            None if self.step.is_none() || own <= step * (1.0 + 1e-9) => Ok((1, own)),
            None => {
                let many = (own / step).round();
                if (own / step - many).abs() > 1e-9 * many || many > 1e15 {
                    let (less, more) = ((own / step).floor() * step, (own / step).ceil() * step);
                    return Err(format!(
                        "{own} years is no whole multiple of the scenario's step of {step} years: take {less} or {more}"
                    ));
                }
                Ok((many as u64, own))
            }
        }
    }
}

impl Scenario {
    /// Reads a text; `file` is what errors call it.
    ///
    /// # Errors
    /// [`ScenarioError`] with line and column.
    pub fn parse(file: &str, text: &str) -> Result<Self, ScenarioError> {
        Self::parse_with(&Registry::standard(), file, text)
    }

    /// The same with other processes than those of this crate.
    ///
    /// # Errors
    /// [`ScenarioError`] with line and column.
    pub fn parse_with(registry: &Registry, file: &str, text: &str) -> Result<Self, ScenarioError> {
        let scenario = read::read(registry, file, text)?;
        scenario.check()?;
        Ok(scenario)
    }

    /// Processes by their names, with default parameters.
    ///
    /// # Errors
    /// [`ScenarioError`] when there is none of a name, or there are no names, or the years are not possible.
    pub fn of_processes<'a>(
        names: impl IntoIterator<Item = &'a str>,
        years: f64,
    ) -> Result<Self, ScenarioError> {
        let registry = Registry::standard();
        let entries: Result<Vec<_>, _> =
            names.into_iter().map(|name| Entry::new(&registry, name, toml::Table::new())).collect();
        Self::of_entries(entries?, Some(years))
    }

    /// A scenario of some processes, everything else by default.
    ///
    /// # Errors
    /// [`ScenarioError`] when something in it is not possible.
    pub fn of_entries(processes: Vec<Entry>, years: Option<f64>) -> Result<Self, ScenarioError> {
        let scenario = Self {
            title: String::new(),
            years,
            step: None,
            threads: 0,
            sea_level: None,
            checkpoint_every: CHECKPOINT_EVERY,
            split_at_most: SPLIT_AT_MOST,
            edges: None,
            processes,
            source: None,
        };
        scenario.check()?;
        Ok(scenario)
    }

    /// Years of a step.
    #[must_use]
    pub fn step_years(&self) -> f64 {
        self.step.unwrap_or_else(|| STEP_YEARS.min(self.years.unwrap_or(STEP_YEARS)))
    }

    /// Whether everything in it is possible.
    ///
    /// # Errors
    /// [`ScenarioError`] for the first thing that is not; with its place when it comes from a text.
    pub fn check(&self) -> Result<(), ScenarioError> {
        read::check(self)
    }

    /// Makes the processes for a land; the same errors as at the begin of a run, before anything is loaded.
    ///
    /// # Errors
    /// [`ScenarioError`] when a parameter is not possible or a region has no cells of the land.
    pub fn build(&self, state: &State) -> Result<Vec<Box<dyn Process>>, ScenarioError> {
        self.processes.iter().map(|entry| self.make(entry, state)).collect()
    }

    pub(crate) fn make(&self, entry: &Entry, state: &State) -> Result<Box<dyn Process>, ScenarioError> {
        entry.recipe.build(state).map_err(|error| {
            let parameter = match error {
                // Of a table of parameters the table is shown.
                ProcessError::Parameter { parameter, .. } => parameter.split('.').next().unwrap_or(""),
                _ => "",
            };
            let key = entry.spans.keys().find(|key| read::alike(key, parameter));
            self.at(entry, key.map_or(parameter, String::as_str), error.to_string())
        })
    }

    /// A fault in a process's entry: at the value of a key if it stands in the text, else at the entry.
    pub(crate) fn at(&self, entry: &Entry, key: &str, why: String) -> ScenarioError {
        let span = entry.spans.get(key).or_else(|| entry.spans.get(""));
        match (&self.source, span) {
            (Some(source), Some(span)) => source.fault(span.clone(), why, ""),
            _ if key.is_empty() => ScenarioError::value(entry.name, why),
            _ => ScenarioError::value(format!("{}: {key}", entry.name), why),
        }
    }

    /// The scenario as a text that reads as the same one.
    #[must_use]
    pub fn to_toml(&self) -> String {
        read::write(self)
    }
}
