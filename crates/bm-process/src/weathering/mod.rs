//! Weathering: frost and chemistry wear the material at the surface until it becomes another one; slides bring loose
//! ground to rest.
//!
//! What becomes of a material, and how soon, stands in a table ([`Rules`]): ids are names, and nothing is computed
//! from them. Frost works at each crossing of the freezing point, not by hours of cold; chemistry follows Arrhenius'
//! law (White & Blum 1995).
//!
//! ```
//! use bm_core::MaterialId;
//! use bm_process::weathering::{Rule, Rules, Surface, Weathering};
//!
//! let mut rules = Rules::default();
//! rules.set(MaterialId::GRANITE, Rule::into(MaterialId::SEDIMENT).frost(0.001))?;
//! let mut weathering = Weathering::new(rules);
//! let mut surface = Surface::new(vec![MaterialId::GRANITE; 4]);
//! for day in 0..501 {
//!     let noon = if day % 2 == 0 { 3.0 } else { -2.0 }; // °C: freezes or thaws each day
//!     weathering.advance(&mut surface, &[noon, -9.0, 4.0, noon], None, 86_400.0)?;
//! }
//! assert_eq!(surface.crossings, [500, 0, 0, 500]);
//! assert!((surface.damage[0] - 0.5).abs() < 1e-9);
//! # Ok::<(), bm_process::weathering::WeatheringError>(())
//! ```

mod production;
mod slides;
#[cfg(test)]
mod tests;

pub use production::{Production, Swing};
pub use slides::{Rest, SlideError, Slides, Slope};

use std::collections::BTreeMap;

use bm_core::MaterialId;

use crate::field::Field;
use crate::ledger::Ledger;
use crate::process::{Kernel, YEAR};
use crate::sums::Sum;
use crate::workers;

/// Joule per mole and kelvin.
const GAS: f64 = 8.314_462_618;
/// 15 °C, at which rates of chemistry are given.
const REFERENCE: f64 = 288.15;

/// Why nothing weathered.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WeatheringError {
    /// Something does not have as many numbers as there are cells.
    #[error("{what}: {found} numbers for {expected} cells")]
    Size {
        /// What it is.
        what: &'static str,
        /// Cells.
        expected: usize,
        /// Numbers there.
        found: usize,
    },
    /// A number is not possible for what it stands for.
    #[error("{what} at cell {cell} is {value}")]
    Value {
        /// What it is.
        what: &'static str,
        /// Row · width + column.
        cell: usize,
        /// The number.
        value: f64,
    },
    /// A rule has a rate that is negative or not finite.
    #[error("material {material:?}: {what} of {value}")]
    Rule {
        /// The material.
        material: MaterialId,
        /// The rate.
        what: &'static str,
        /// Its value.
        value: f64,
    },
    /// Materials that become each other for ever.
    #[error("material {0:?} would become itself again")]
    Circle(MaterialId),
    /// The step is negative or not finite.
    #[error("a step of {0} s")]
    Step(f64),
}

/// How one material weathers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// What it becomes.
    pub product: MaterialId,
    /// Share of its life that one crossing of the freezing point takes, in wet ground.
    pub frost: f64,
    /// Share of its life that chemistry takes in a year, at 15 °C in wet ground.
    pub chemistry: f64,
    /// Energy of activation of that chemistry, J/mol; about 60 000 for granite.
    pub activation: f64,
}

impl Rule {
    /// A material that becomes `product`, by nothing so far.
    #[must_use]
    pub const fn into(product: MaterialId) -> Self {
        Self { product, frost: 0.0, chemistry: 0.0, activation: 60_000.0 }
    }

    /// By frost: the share of its life that a crossing takes.
    #[must_use]
    pub const fn frost(self, share: f64) -> Self {
        Self { frost: share, ..self }
    }

    /// By chemistry: the share of its life that a year takes at 15 °C.
    #[must_use]
    pub const fn chemistry(self, share: f64) -> Self {
        Self { chemistry: share, ..self }
    }
}

/// The table of what becomes of what. Materials that are not in it do not weather.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    rules: BTreeMap<MaterialId, Rule>,
}

impl Rules {
    /// Rocks of the standard registry: resistant ones last longest, limestone dissolves, all end as clay, sand or
    /// sediment.
    #[must_use]
    pub fn standard() -> Self {
        let id = MaterialId;
        let (sand, clay, sediment) = (id(2), id(3), MaterialId::SEDIMENT);
        let rules = [
            (MaterialId::ROCK, Rule::into(sediment).frost(1e-4).chemistry(5e-6)),
            (MaterialId::GRANITE, Rule::into(sand).frost(5e-5).chemistry(4e-6)),
            (MaterialId::BASALT, Rule::into(clay).frost(6e-5).chemistry(2e-5)),
            (MaterialId::SANDSTONE, Rule::into(sand).frost(5e-4).chemistry(2e-6)),
            (MaterialId::SHALE, Rule::into(clay).frost(8e-4).chemistry(1e-5)),
            (MaterialId::LIMESTONE, Rule::into(clay).frost(3e-4).chemistry(4e-5)),
            (MaterialId::SEDIMENTARY_ROCK, Rule::into(sediment).frost(4e-4).chemistry(1e-5)),
            (MaterialId::UPPER_CRUST, Rule::into(sediment).frost(5e-5).chemistry(4e-6)),
        ];
        Self { rules: rules.into_iter().collect() }
    }

    /// Says how a material weathers, in place of what was said before.
    ///
    /// # Errors
    /// [`WeatheringError::Rule`] for impossible rates, [`WeatheringError::Circle`] when products lead back.
    pub fn set(&mut self, material: MaterialId, rule: Rule) -> Result<(), WeatheringError> {
        for (what, value) in
            [("frost", rule.frost), ("chemistry", rule.chemistry), ("activation", rule.activation)]
        {
            if !(value.is_finite() && value >= 0.0) {
                return Err(WeatheringError::Rule { material, what, value });
            }
        }
        let mut next = Some(rule.product);
        while let Some(product) = next {
            if product == material {
                return Err(WeatheringError::Circle(material));
            }
            next = self.rules.get(&product).map(|rule| rule.product);
        }
        self.rules.insert(material, rule);
        Ok(())
    }

    /// How a material weathers.
    #[must_use]
    pub fn get(&self, material: MaterialId) -> Option<&Rule> {
        self.rules.get(&material)
    }
}

/// Whether a cell was below or above the freezing point last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Side {
    /// Not known yet.
    #[default]
    Unknown,
    /// Frozen.
    Frozen,
    /// Thawed.
    Thawed,
}

/// The cells at the surface.
#[derive(Clone, Debug, PartialEq)]
pub struct Surface {
    /// What each is made of.
    pub material: Vec<MaterialId>,
    /// How much of its life is gone, 0 to 1.
    pub damage: Vec<f64>,
    /// Side of the freezing point at which it was last.
    pub side: Vec<Side>,
    /// Crossings of the freezing point counted so far.
    pub crossings: Vec<u32>,
}

impl Surface {
    /// Fresh cells of these materials.
    #[must_use]
    pub fn new(material: Vec<MaterialId>) -> Self {
        let cells = material.len();
        Self {
            material,
            damage: vec![0.0; cells],
            side: vec![Side::Unknown; cells],
            crossings: vec![0; cells],
        }
    }
}

/// What weathers, with its climate.
#[derive(Clone, Debug, PartialEq)]
pub struct Ground {
    /// The cells at the surface.
    pub surface: Surface,
    /// °C; carries size and metric.
    pub temperature: Field,
    /// Wetness of each cell, 0 to 1; 1 if absent.
    pub wetness: Option<Vec<f64>>,
}

/// Cells that became another material: from, to, how many.
pub type Turned = BTreeMap<(MaterialId, MaterialId), u64>;

/// Frost and chemistry.
#[derive(Clone, Debug)]
pub struct Weathering {
    rules: Rules,
    band: f64,
    threads: usize,
}

impl Weathering {
    /// By these rules.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self { rules, band: 0.0, threads: 0 }
    }

    /// A cell counts as frozen or thawed only when it is colder or warmer by so many kelvin (0 to begin with): a
    /// flicker about the freezing point breaks nothing.
    ///
    /// # Errors
    /// [`WeatheringError::Value`] when it is negative or not finite.
    pub fn band(mut self, kelvin: f64) -> Result<Self, WeatheringError> {
        if !(kelvin.is_finite() && kelvin >= 0.0) {
            return Err(WeatheringError::Value { what: "band", cell: 0, value: kelvin });
        }
        self.band = kelvin;
        Ok(self)
    }

    /// Uses this many threads (0: one for each processor). The result does not depend on it.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// `dt` seconds at these temperatures (°C) and this wetness (0 to 1; 1 if absent), one each a cell. A cell whose
    /// life is over becomes the product, with what damage is left over; the numbers of such cells come back, and every
    /// cell that was is there afterwards as something.
    ///
    /// # Errors
    /// [`WeatheringError`] for sizes, numbers that are not finite, wetness beyond 0 to 1, and impossible steps; the
    /// surface is then as it was.
    pub fn advance(
        &self,
        surface: &mut Surface,
        temperature: &[f64],
        wetness: Option<&[f64]>,
        dt: f64,
    ) -> Result<Turned, WeatheringError> {
        let cells = surface.material.len();
        let size = |what, found| match found == cells {
            true => Ok(()),
            false => Err(WeatheringError::Size { what, expected: cells, found }),
        };
        size("damage", surface.damage.len())?;
        size("side", surface.side.len())?;
        size("crossings", surface.crossings.len())?;
        size("temperature", temperature.len())?;
        let refuse = |what, values: &[f64], fine: fn(f64) -> bool| match values.iter().position(|&v| !fine(v))
        {
            Some(cell) => Err(WeatheringError::Value { what, cell, value: values[cell] }),
            None => Ok(()),
        };
        // Below absolute zero Arrhenius knows no rate.
        refuse("temperature", temperature, |t| t.is_finite() && t > -273.15)?;
        refuse("damage", &surface.damage, |d| (0.0..=1.0).contains(&d))?;
        if let Some(wetness) = wetness {
            size("wetness", wetness.len())?;
            refuse("wetness", wetness, |w| (0.0..=1.0).contains(&w))?;
        }
        if !(dt.is_finite() && dt >= 0.0) {
            return Err(WeatheringError::Step(dt));
        }

        const BLOCK: usize = 1 << 14;
        let mut turned: Vec<Turned> = vec![Turned::new(); cells.div_ceil(BLOCK)];
        let tasks = (surface.material.chunks_mut(BLOCK).zip(surface.damage.chunks_mut(BLOCK)))
            .zip(surface.side.chunks_mut(BLOCK).zip(surface.crossings.chunks_mut(BLOCK)))
            .zip(&mut turned)
            .enumerate()
            .collect();
        workers::queue(self.threads, tasks, |(block, (((material, damage), (side, crossings)), turned))| {
            for i in 0..material.len() {
                let cell = block * BLOCK + i;
                let crossed = self.cross(&mut side[i], temperature[cell]);
                crossings[i] += u32::from(crossed);
                let wet = wetness.map_or(1.0, |wetness| wetness[cell]);
                self.wear(&mut material[i], &mut damage[i], (temperature[cell], wet, crossed), dt, turned);
            }
        });
        let mut all = Turned::new();
        for (change, count) in turned.into_iter().flatten() {
            *all.entry(change).or_default() += count;
        }
        Ok(all)
    }

    /// Notes on which side of the freezing point a cell is; whether that is another one.
    fn cross(&self, side: &mut Side, temperature: f64) -> bool {
        let now = if temperature < -self.band {
            Side::Frozen
        } else if temperature > self.band {
            Side::Thawed
        } else {
            return false;
        };
        let crossed = *side != Side::Unknown && *side != now;
        *side = now;
        crossed
    }

    fn wear(
        &self,
        material: &mut MaterialId,
        damage: &mut f64,
        (temperature, wet, crossed): (f64, f64, bool),
        dt: f64,
        turned: &mut Turned,
    ) {
        // The part of the step that is still to be worn away; frost falls into its first part.
        let (mut left, mut frost) = (1.0, if crossed { wet } else { 0.0 });
        while let Some(rule) = self.rules.get(*material) {
            let kelvin = temperature + 273.15;
            let arrhenius = (rule.activation / GAS * (1.0 / REFERENCE - 1.0 / kelvin)).exp();
            let chemistry = rule.chemistry * wet * arrhenius * dt / YEAR;
            let worn = *damage + rule.frost * frost + chemistry * left;
            if worn < 1.0 {
                *damage = worn;
                return;
            }
            // What exceeds its life goes on with the product.
            let life = rule.frost * frost + chemistry * left;
            let used = if life > 0.0 { ((1.0 - *damage) / life).clamp(0.0, 1.0) } else { 1.0 };
            left *= 1.0 - used;
            frost *= 1.0 - used;
            *damage = 0.0;
            *turned.entry((*material, rule.product)).or_default() += 1;
            *material = rule.product;
        }
        *damage = 0.0;
    }
}

impl Kernel for Weathering {
    type State = Ground;
    type Error = WeatheringError;

    fn name(&self) -> &'static str {
        "weathering"
    }

    fn max_step(&self, _: &Ground) -> f64 {
        f64::INFINITY
    }

    /// The ledger counts m² of surface: weathering makes and loses none, and moved is what became another material.
    fn step(&mut self, state: &mut Ground, dt: f64) -> Result<Ledger, WeatheringError> {
        let Ground { surface, temperature, wetness } = state;
        let cells = temperature.width.checked_mul(temperature.height).unwrap_or(0);
        for (what, expected, found) in [
            ("temperature", cells, temperature.values.len()),
            ("row widths", temperature.height, temperature.dx.len()),
            ("material", cells, surface.material.len()),
        ] {
            if expected != found {
                return Err(WeatheringError::Size { what, expected, found });
            }
        }
        let before = surface.material.clone();
        self.advance(surface, &temperature.values, wetness.as_deref(), dt)?;
        let width = temperature.width.max(1);
        let rows = before.chunks_exact(width).zip(surface.material.chunks_exact(width)).zip(&temperature.dx);
        let [mut all, mut turned] = [Sum::default(); 2];
        for ((before, after), dx) in rows {
            let area = dx * temperature.dy;
            let changed = before.iter().zip(after).filter(|(before, after)| before != after).count();
            all.add(area * width as f64);
            turned.add(area * changed as f64);
        }
        let total = all.value();
        Ok(Ledger { before: total, after: total, gained: 0.0, lost: 0.0, moved: turned.value() })
    }
}
