//! `legacy-…`: the first equations as documented, for comparing with at small steps. See [`crate::legacy`].
//!
//! They know square cells only: those of the middle row are taken for all. What they make and lose stands under
//! gained and lost. Steps beyond what a formula bears are refused with the limit named, not split: their
//! answer depends on the length of the step.

use serde::Deserialize;

use super::check::{Check, table};
use crate::ledger::Ledger;
use crate::legacy::{self, Flow, Hydraulic, LegacyError, Rock, Shape};
use crate::process::{Books, Need, Process, ProcessError};
use crate::state::{Layer, State, layer};
use crate::{fault, waves};

/// Layer of water that flows eastward, for `legacy-erosion`.
pub const FLOW_X: &str = "waterFlowX";
/// Layer of water that flows northward, for `legacy-erosion`.
pub const FLOW_Y: &str = "waterFlowY";
/// Layer of the water's eastward speed, m/s, for `legacy-water`.
pub const SPEED_X: &str = "waterVelocityX";
/// Layer of the water's northward speed, m/s, for `legacy-water`.
pub const SPEED_Y: &str = "waterVelocityY";

/// `legacy-erosion`: in proportion to flow and to the drop to the lowest neighbour. No parameters.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LegacyErosionConfig {}

/// `legacy-water`: hydraulic erosion.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LegacyWaterConfig {
    /// Metres eroded a second at 1 m/s and resistance 1 (0.01).
    pub coefficient: f32,
    /// Metres a cell may lose in a step (0.5).
    pub most: f32,
}

impl Default for LegacyWaterConfig {
    fn default() -> Self {
        Self { coefficient: 0.01, most: 0.5 }
    }
}

/// `legacy-heat`: diffusion between fixed edges.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LegacyHeatConfig {
    /// m²/s (1e-6).
    pub diffusivity: f32,
}

impl Default for LegacyHeatConfig {
    fn default() -> Self {
        Self { diffusivity: 1e-6 }
    }
}

/// `legacy-frost`: hours between −5 and 5 °C.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LegacyFrostConfig {
    /// Metres that become loose when damage is full (0.1). The documented formula changes a cell's material and has no thickness.
    pub layer: f64,
}

impl Default for LegacyFrostConfig {
    fn default() -> Self {
        Self { layer: 0.1 }
    }
}

/// `legacy-fault`: the whole displacement in every step, however long.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LegacyFaultConfig {
    /// As in `fault`.
    pub trace: Vec<[f64; 2]>,
    /// Metres up on the left, and down on the right (0).
    pub displacement: f32,
    /// How far from the trace, m (1000).
    pub influence: f32,
}

impl Default for LegacyFaultConfig {
    fn default() -> Self {
        Self { trace: Vec::new(), displacement: 0.0, influence: 1000.0 }
    }
}

/// `legacy-waves`: on both sides of the shore, by hours.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LegacyWavesConfig {
    /// Height of the waves, m (2).
    pub height: f32,
    /// Their power (1).
    pub power: f32,
    /// How far from the shore they work, m (100).
    pub reach: f32,
}

impl Default for LegacyWavesConfig {
    fn default() -> Self {
        let legacy::Waves { height, power, reach } = legacy::Waves::default();
        Self { height, power, reach }
    }
}

/// One of them, at work.
enum Formula {
    Erosion,
    Water(LegacyWaterConfig),
    Heat(LegacyHeatConfig),
    Frost(LegacyFrostConfig),
    Fault(LegacyFaultConfig, Vec<f32>),
    Waves(LegacyWavesConfig),
}

macro_rules! builds {
    ($($config:ident => |$it:ident, $state:ident| $formula:expr;)*) => {$(
        impl $config {
            /// The process.
            ///
            /// # Errors
            /// [`ProcessError`] for an impossible trace; impossible numbers are refused by the first step.
            pub fn build(&self, state: &State) -> Result<Box<dyn Process>, ProcessError> {
                let ($it, $state) = (self, state);
                Ok(Box::new($formula))
            }
        }
    )*};
}

builds! {
    LegacyErosionConfig => |_it, _state| Formula::Erosion;
    LegacyWaterConfig => |it, _state| Formula::Water(it.clone());
    LegacyHeatConfig => |it, _state| Formula::Heat(it.clone());
    LegacyFrostConfig => |it, _state| Formula::Frost(it.clone());
    LegacyFaultConfig => |it, state| {
        let distances = fault::distances(&state.ground, &it.trace, f64::from(it.influence))
            .map_err(|error| ProcessError::kernel("legacy-fault", error))?;
        Formula::Fault(it.clone(), distances.into_iter().map(|d| d.clamp(-3e38, 3e38) as f32).collect())
    };
    LegacyWavesConfig => |it, _state| Formula::Waves(it.clone());
}

fn single(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

/// The documented rocks by how easily materials erode.
fn rock(erodibility: f64) -> Rock {
    match erodibility {
        e if e >= 0.7 => Rock::Soil,
        e if e >= 0.5 => Rock::Clay,
        e if e >= 0.25 => Rock::Sandstone,
        e if e >= 0.15 => Rock::Limestone,
        _ => Rock::Granite,
    }
}

fn rocks(state: &State) -> Vec<Rock> {
    let table = table(state, 0.0, |material| material.erodibility);
    state.strata.surfaces().into_iter().map(|id| rock(table[usize::from(id.0)])).collect()
}

/// A ledger of a scheme that conserves nothing.
fn open(before: f64, after: f64, moved: f64) -> Ledger {
    Ledger { before, after, gained: (after - before).max(0.0), lost: (before - after).max(0.0), moved }
}

impl Formula {
    fn shape(state: &State) -> Result<Shape, LegacyError> {
        let ground = &state.ground;
        let middle = ground.dx.get(ground.height / 2).copied().unwrap_or(0.0);
        Shape::new(ground.width, ground.height, (middle * ground.dy).sqrt())
    }

    /// Metres from the shore, on both sides.
    fn shore(state: &State, reach: f64) -> Vec<f32> {
        let ground = &state.ground;
        let sea = waves::sea(ground, state.sea_level);
        let land: Vec<bool> = sea.iter().zip(&ground.values).map(|(sea, z)| !sea && !z.is_nan()).collect();
        let mut distance = vec![f32::MAX; state.cells()];
        let all = reach + ground.dy;
        for near in [&sea, &land].into_iter().flat_map(|side| waves::near(ground, side, all, state.threads)) {
            distance[near.cell] = (near.distance - 0.5 * ground.dy).max(0.0) as f32;
        }
        distance
    }

    /// Changes the ground by what a formula changes in single precision.
    fn ground<T>(
        state: &mut State,
        change: impl FnOnce(&mut [f32]) -> Result<T, LegacyError>,
    ) -> Result<T, LegacyError> {
        let mut heights = single(&state.ground.values);
        let before = heights.clone();
        let result = change(&mut heights)?;
        let follow = |ground: &mut crate::field::Field| -> Result<(), std::convert::Infallible> {
            for ((z, after), before) in ground.values.iter_mut().zip(&heights).zip(&before) {
                *z += f64::from(*after) - f64::from(*before);
            }
            Ok(())
        };
        let Ok(()) = state.wear(follow);
        Ok(result)
    }

    fn advance(&self, state: &mut State, dt: f64) -> Result<Books, LegacyError> {
        let shape = Self::shape(state)?;
        let whole = |state: &State| {
            let sediment = state.layer(layer::SEDIMENT).map_or(0.0, |layer| {
                let values = (0..layer.len()).map(|cell| layer.get(cell)).collect();
                crate::field::Field { values, ..state.ground.clone() }.volume()
            });
            state.ground.volume() + sediment
        };
        let before = whole(state);
        let moved = match self {
            Self::Erosion => {
                let (x, y) = (state.take_f32(FLOW_X, 0.0), state.take_f32(FLOW_Y, 0.0));
                let flow: Vec<[f32; 2]> = x.iter().zip(&y).map(|(x, y)| [*x, *y]).collect();
                let mut sediment = single(&state.take_f64(layer::SEDIMENT, 0.0));
                let result =
                    Self::ground(state, |z| legacy::simple_erosion(shape, z, &flow, &mut sediment, dt));
                state.set_layer(layer::SEDIMENT, widened(&sediment));
                state.set_layer(FLOW_X, Layer::F32(x));
                state.set_layer(FLOW_Y, Layer::F32(y));
                result?.moved
            }
            Self::Water(config) => return self.water(config, shape, state, dt, before, whole),
            Self::Heat(config) => {
                let mut temperature = single(&state.take_f64(layer::TEMPERATURE, 8.0));
                let alpha = vec![config.diffusivity; state.cells()];
                let result = legacy::thermal(shape, &mut temperature, &alpha, dt);
                state.set_layer(layer::TEMPERATURE, widened(&temperature));
                return result.map(|heat| Books { heat, ..Books::default() });
            }
            Self::Frost(config) => {
                let temperature = single(&state.take_f64(layer::TEMPERATURE, 8.0));
                let mut damage = state.take_f32(layer::DAMAGE, 0.0);
                let mut after = rocks(state);
                let then = damage.clone();
                let result = legacy::freeze_thaw(shape, &temperature, &mut after, &mut damage, dt);
                let turned =
                    |cell: &usize| damage[*cell] == 0.0 && then[*cell] > 0.0 || damage[*cell] < then[*cell];
                let turned: Vec<usize> = (0..state.cells()).filter(turned).collect();
                turned.iter().for_each(|&cell| state.strata.loosen(cell, config.layer));
                state.set_layer(layer::TEMPERATURE, widened(&temperature));
                state.set_layer(layer::DAMAGE, Layer::F32(damage));
                result? as f64 * config.layer * state.ground.cell_area(state.ground.height / 2)
            }
            Self::Fault(config, distance) => {
                let (throw, reach) = (config.displacement, config.influence);
                // It moves the ground as it is: nothing is worn or laid on.
                let mut heights = single(&state.ground.values);
                let then = heights.clone();
                let ledger = legacy::fault(shape, &mut heights, distance, throw, reach)?;
                for ((z, now), then) in state.ground.values.iter_mut().zip(&heights).zip(&then) {
                    *z += f64::from(*now) - f64::from(*then);
                }
                ledger.moved
            }
            Self::Waves(config) => {
                let distance = Self::shore(state, f64::from(config.reach));
                let rocks = rocks(state);
                let waves = legacy::Waves { height: config.height, power: config.power, reach: config.reach };
                Self::ground(state, |z| legacy::wave_erosion(shape, z, &distance, &rocks, waves, dt))?.moved
            }
        };
        Ok(Books::solid(open(before, whole(state), moved)))
    }

    fn water(
        &self,
        config: &LegacyWaterConfig,
        shape: Shape,
        state: &mut State,
        dt: f64,
        before: f64,
        whole: impl Fn(&State) -> f64,
    ) -> Result<Books, LegacyError> {
        let resistance = rocks(state).into_iter().map(Rock::hydraulic).collect();
        let parameters =
            Hydraulic { coefficient: config.coefficient, most: config.most, resistance: Some(resistance) };
        let (x, y) = (state.take_f32(SPEED_X, 0.0), state.take_f32(SPEED_Y, 0.0));
        let mut flow = Flow {
            elevation: Vec::new(),
            depth: single(&state.take_f64(layer::WATER_DEPTH, 0.0)),
            velocity: x.into_iter().zip(y).map(|(x, y)| [x, y]).collect(),
            sediment: single(&state.take_f64(layer::SEDIMENT, 0.0)),
        };
        let result = Self::ground(state, |z| {
            flow.elevation = z.to_vec();
            let report = legacy::hydraulic(shape, &mut flow, &parameters, dt)?;
            z.copy_from_slice(&flow.elevation);
            Ok(report)
        });
        state.set_layer(layer::WATER_DEPTH, widened(&flow.depth));
        state.set_layer(layer::SEDIMENT, widened(&flow.sediment));
        state.set_layer(SPEED_X, Layer::F32(flow.velocity.iter().map(|v| v[0]).collect()));
        state.set_layer(SPEED_Y, Layer::F32(flow.velocity.iter().map(|v| v[1]).collect()));
        let report = result?;
        let solid = open(before, whole(state), report.solid.moved);
        Ok(Books { solid, water: report.water, ..Books::default() })
    }
}

fn widened(values: &[f32]) -> Layer {
    Layer::F64(values.iter().map(|&value| f64::from(value)).collect())
}

impl Process for Formula {
    fn name(&self) -> &'static str {
        match self {
            Self::Erosion => "legacy-erosion",
            Self::Water(_) => "legacy-water",
            Self::Heat(_) => "legacy-heat",
            Self::Frost(_) => "legacy-frost",
            Self::Fault(..) => "legacy-fault",
            Self::Waves(_) => "legacy-waves",
        }
    }

    fn layers(&self) -> Vec<Need> {
        let temperature = Need { layer: layer::TEMPERATURE, default: 8.0, single: false };
        match self {
            Self::Erosion => {
                vec![Need::single(FLOW_X, 0.0), Need::single(FLOW_Y, 0.0), Need::counted(layer::SEDIMENT)]
            }
            Self::Water(_) => vec![
                Need::counted(layer::WATER_DEPTH),
                Need::single(SPEED_X, 0.0),
                Need::single(SPEED_Y, 0.0),
                Need::counted(layer::SEDIMENT),
            ],
            Self::Heat(_) => vec![temperature],
            Self::Frost(_) => vec![temperature, Need::single(layer::DAMAGE, 0.0)],
            Self::Fault(..) | Self::Waves(_) => Vec::new(),
        }
    }

    /// The limit that holds whatever the state; a step may be refused for what the state adds to it.
    fn max_step(&self, state: &State) -> f64 {
        match self {
            Self::Water(_) => 2.0,
            Self::Heat(config) => {
                let cell = state.ground.cell_area(state.ground.height / 2);
                0.25 * cell / f64::from(config.diffusivity)
            }
            Self::Frost(_) => 3600.0 * 2000.0,
            Self::Erosion | Self::Fault(..) | Self::Waves(_) => f64::INFINITY,
        }
    }

    fn step(&mut self, state: &mut State, dt: f64) -> Result<Books, ProcessError> {
        let name = self.name();
        Check(name).step(dt)?;
        self.advance(state, dt).map_err(|error| ProcessError::kernel(name, error))
    }
}
