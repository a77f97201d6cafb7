//! `heat`: diffusion of heat along the ground, and the climate above it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::check::{Check, table};
use crate::heat::{Edge, Edges, Heat, HeatError, Medium, Scheme};
use crate::ledger;
use crate::process::{Books, Need, Process, ProcessError, YEAR};
use crate::state::{Layer, State, layer};

const NAME: &str = "heat";

/// What happens at the sides of the region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeatEdges {
    /// Opposite sides are neighbours where the land's edges are periodic; no heat passes the others.
    #[default]
    Land,
    /// No heat passes.
    NoFlux,
    /// The outermost cells keep their temperature.
    Fixed,
    /// Opposite sides are neighbours.
    Periodic,
}

/// How time is stepped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeatScheme {
    /// Explicit up to 1000 sub-steps, implicit beyond (with periodic edges always explicit).
    #[default]
    Auto,
    /// In stable sub-steps.
    Explicit,
    /// One step in alternating directions, however long.
    Implicit,
}

/// A climate the ground follows.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Climate {
    /// Yearly mean at sea level, °C (15).
    pub sea_level: f64,
    /// Kelvin colder for each kilometre of height (6.5).
    pub lapse: f64,
    /// Years in which the ground comes e times closer to it (1).
    pub years: f64,
}

impl Default for Climate {
    fn default() -> Self {
        Self { sea_level: 15.0, lapse: 6.5, years: 1.0 }
    }
}

/// Parameters of `heat`. The layer is `temperature`, °C.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HeatConfig {
    /// Thermal diffusivity, m²/s (1e-6: most rocks).
    pub diffusivity: f64,
    /// That of some materials, by name, where they are at the surface.
    pub materials: BTreeMap<String, f64>,
    /// `land` (default), `no-flux`, `fixed` or `periodic`.
    pub edges: HeatEdges,
    /// `auto` (default), `explicit` or `implicit`.
    pub scheme: HeatScheme,
    /// Temperature where there is no such layer yet, °C (8).
    pub temperature: f64,
    /// A climate the ground follows; none if it is not given.
    pub climate: Option<Climate>,
}

impl Default for HeatConfig {
    fn default() -> Self {
        Self {
            diffusivity: 1e-6,
            materials: BTreeMap::new(),
            edges: HeatEdges::Land,
            scheme: HeatScheme::Auto,
            temperature: 8.0,
            climate: None,
        }
    }
}

/// Sub-steps beyond which the implicit scheme takes over.
const MANY: f64 = 1000.0;

impl HeatConfig {
    /// The process.
    ///
    /// # Errors
    /// [`ProcessError::Parameter`] for impossible numbers and unknown materials.
    pub fn build(&self, state: &State) -> Result<Box<dyn Process>, ProcessError> {
        let check = Check(NAME);
        check.not_negative("diffusivity", self.diffusivity)?;
        check.finite("temperature", self.temperature)?;
        for (name, value) in &self.materials {
            check.material(state, "materials", name)?;
            check.not_negative("diffusivity", *value)?;
        }
        if let Some(climate) = &self.climate {
            check.finite("climate.sea_level", climate.sea_level)?;
            check.finite("climate.lapse", climate.lapse)?;
            check.positive("climate.years", climate.years)?;
        }
        if self.scheme == HeatScheme::Implicit && self.is_periodic(state) {
            return check.refuse("scheme", "implicit", "explicit where edges are periodic");
        }
        Ok(Box::new(Warmth(self.clone())))
    }

    fn edges(&self, state: &State) -> Edges {
        let of_land = |edge| if edge == crate::route::Edge::Looped { Edge::Periodic } else { Edge::NoFlux };
        match self.edges {
            HeatEdges::Land => Edges {
                west: of_land(state.rim.west),
                east: of_land(state.rim.east),
                south: of_land(state.rim.south),
                north: of_land(state.rim.north),
            },
            HeatEdges::NoFlux => Edges::all(Edge::NoFlux),
            HeatEdges::Fixed => Edges::all(Edge::Fixed),
            HeatEdges::Periodic => Edges::all(Edge::Periodic),
        }
    }

    fn is_periodic(&self, state: &State) -> bool {
        let Edges { west, east, south, north } = self.edges(state);
        [west, east, south, north].contains(&Edge::Periodic)
    }
}

struct Warmth(HeatConfig);

impl Warmth {
    /// The kernel as the ground is now.
    fn heat(&self, state: &State) -> Result<Heat<f64>, HeatError> {
        let edges = self.0.edges(state);
        let ground = &state.ground;
        let holes = ground.values.iter().any(|z| z.is_nan());
        let medium = if self.0.materials.is_empty() && !holes {
            Medium::Uniform(self.0.diffusivity)
        } else {
            let each = table(state, self.0.diffusivity, |material| {
                self.0.materials.get(&material.name).copied().unwrap_or(self.0.diffusivity)
            });
            let surfaces = state.strata.surfaces();
            let cells = surfaces.iter().zip(&ground.values);
            // Nothing flows through a hole.
            let value = |id: usize, z: f64| if z.is_nan() { 0.0 } else { each[id] };
            Medium::Diffusivity(cells.map(|(id, z)| value(usize::from(id.0), *z)).collect())
        };
        Ok(Heat::new(ground, &medium, edges)?.threads(state.threads))
    }

    /// Lets the ground follow the climate; kelvin · m² gained and lost.
    fn follow(&self, climate: &Climate, state: &State, values: &mut [f64], dt: f64) -> (f64, f64) {
        let share = -(-dt / (climate.years * YEAR)).exp_m1();
        let width = state.ground.width;
        let mut rows = Vec::with_capacity(state.ground.height);
        for (row, values) in values.chunks_exact_mut(width.max(1)).enumerate() {
            let heights = &state.ground.values[row * width..][..width];
            let mut change = vec![0.0; width];
            for ((value, z), change) in values.iter_mut().zip(heights).zip(&mut change) {
                let height = (z - state.sea_level).max(0.0);
                let wanted = climate.sea_level - climate.lapse * 1e-3 * height;
                if !z.is_nan() {
                    *change = (wanted - *value) * share;
                    *value += *change;
                }
            }
            let area = state.ground.cell_area(row);
            let sum = |sign: f64| ledger::sum_of(width, |i| (sign * change[i]).max(0.0)) * area;
            rows.push((sum(1.0), sum(-1.0)));
        }
        (ledger::sum_of(rows.len(), |row| rows[row].0), ledger::sum_of(rows.len(), |row| rows[row].1))
    }
}

impl Process for Warmth {
    fn name(&self) -> &'static str {
        NAME
    }

    fn layers(&self) -> Vec<Need> {
        vec![Need { layer: layer::TEMPERATURE, default: self.0.temperature, single: false }]
    }

    fn max_step(&self, state: &State) -> f64 {
        match (self.0.scheme, self.0.is_periodic(state)) {
            (HeatScheme::Explicit, _) | (_, true) => match self.heat(state) {
                Ok(heat) => heat.stable_step() * crate::heat::MOST_SUB_STEPS as f64,
                Err(_) => f64::INFINITY,
            },
            _ => f64::INFINITY,
        }
    }

    /// The ledger counts °C · m³, of a layer one metre thick.
    fn step(&mut self, state: &mut State, dt: f64) -> Result<Books, ProcessError> {
        Check(NAME).step(dt)?;
        let mut heat = self.heat(state).map_err(|error| ProcessError::kernel(NAME, error))?;
        let many = dt > heat.stable_step() * MANY && !self.0.is_periodic(state);
        if self.0.scheme == HeatScheme::Implicit || self.0.scheme == HeatScheme::Auto && many {
            heat = heat.scheme(Scheme::Implicit).map_err(|error| ProcessError::kernel(NAME, error))?;
        }
        let mut values = state.take_f64(layer::TEMPERATURE, self.0.temperature);
        let result = heat.advance(&mut values, dt);
        let result = result.map(|mut ledger| {
            if let Some(climate) = &self.0.climate {
                let (gained, lost) = self.follow(climate, state, &mut values, dt);
                ledger.gained += gained;
                ledger.lost += lost;
                let width = state.ground.width;
                ledger.after = ledger::sum_of(state.ground.height, |row| {
                    ledger::sum(&values[row * width..][..width]) * state.ground.cell_area(row)
                });
            }
            ledger
        });
        state.set_layer(layer::TEMPERATURE, Layer::F64(values));
        let heat = result.map_err(|error| ProcessError::kernel(NAME, error))?;
        Ok(Books { heat, ..Books::default() })
    }
}
