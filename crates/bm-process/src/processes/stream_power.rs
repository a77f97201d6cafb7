//! `stream-power`: rivers that cut, carry and drop.

use serde::Deserialize;

use super::check::{Check, of_surface};
use crate::field::Field;
use crate::process::{Books, Need, Process, ProcessError, YEAR};
use crate::route::{Flow, Rim, Router, Sinks, Spread, spread_area};
use crate::state::{Layer, State, layer};
use crate::stream_power::{Delta, Erodibility, StreamPower};
use crate::waves::sea;

const NAME: &str = "stream-power";

/// What K is meant for: ground as erodible as plain rock. Other materials are cut in proportion.
pub(super) const ROCK: f64 = 0.1;

/// How water spreads over ground that falls in several directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FlowKind {
    /// All of it goes to the steepest neighbour.
    #[default]
    Single,
    /// To all lower neighbours, by their slopes to the power 1.1 (Freeman 1991).
    Multiple,
    /// By the steepest direction, to the two neighbours on either side of it (Tarboton 1997).
    Infinite,
}

/// Parameters of `stream-power`: ∂z/∂t = −max(0, K Aᵐ Sⁿ − θ) + G Q / A, with A the drainage area and Q the sediment that
/// comes down. Implicit: stable for any step. The strata follow; K is that of the surface when the step begins.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StreamPowerConfig {
    /// K of ground as erodible as plain rock (0.1), m^(1−2m)/year (1e-5).
    pub erodibility: f64,
    /// Whether K goes with the erodibility of the material at the surface (true), or is the same everywhere.
    pub by_material: bool,
    /// m, of the drainage area (0.4).
    pub area_exponent: f64,
    /// n, of the slope (1).
    pub slope_exponent: f64,
    /// θ: what the current must do before it cuts, m/year (0). Only where no sediment is dropped.
    pub threshold: f64,
    /// G: how readily sediment is dropped, without unit (0: all of it leaves; rivers drop about 1).
    pub deposition: f64,
    /// Whether what comes down to the sea is laid before the mouth as a delta (false: it leaves); with `deposition` and
    /// `sea`. Nearest first, from the shore outwards; what finds no room leaves.
    pub delta: bool,
    /// How deep below the sea a mouth stays, m (2): what waves keep in motion.
    pub delta_depth: f64,
    /// By how much deeper that is with each metre from the shore (0.002): the front of the delta.
    pub delta_slope: f64,
    /// `single` (default), `multiple` or `infinite`: which drainage area counts. Water cuts its way to the steepest
    /// neighbour in any case.
    pub flow: FlowKind,
    /// How water leaves hollows: `flood` (default), `carve` or `keep` (it does not).
    pub sinks: Sinks,
    /// Other edges than those of the land: `west`, `east`, `south`, `north`, each `fixed` (base level, and where one is
    /// not named), `closed` or `periodic`.
    pub edges: Option<Rim>,
    /// Whether the sea (cells below its level that are joined to the region's edge by such cells) is base level (true).
    pub sea: bool,
}

impl Default for StreamPowerConfig {
    fn default() -> Self {
        Self {
            erodibility: 1e-5,
            by_material: true,
            area_exponent: 0.4,
            slope_exponent: 1.0,
            threshold: 0.0,
            deposition: 0.0,
            delta: false,
            delta_depth: 2.0,
            delta_slope: 0.002,
            flow: FlowKind::Single,
            sinks: Sinks::Flood,
            edges: None,
            sea: true,
        }
    }
}

impl StreamPowerConfig {
    /// The process.
    ///
    /// # Errors
    /// [`ProcessError::Parameter`]; [`ProcessError::Kernel`] for edges that do not go together.
    pub fn build(&self, state: &State) -> Result<Box<dyn Process>, ProcessError> {
        let check = Check(NAME);
        check.not_negative("erodibility", self.erodibility)?;
        check.not_negative("area_exponent", self.area_exponent)?;
        check.positive("slope_exponent", self.slope_exponent)?;
        check.not_negative("threshold", self.threshold)?;
        check.not_negative("deposition", self.deposition)?;
        if self.threshold > 0.0 && self.deposition > 0.0 {
            return check.refuse(
                "threshold",
                self.threshold,
                "0 where sediment is dropped (deposition above 0)",
            );
        }
        check.not_negative("delta_depth", self.delta_depth)?;
        check.not_negative("delta_slope", self.delta_slope)?;
        if self.delta && !(self.deposition > 0.0 && self.sea) {
            return check.refuse(
                "delta",
                "true",
                "false where rivers drop nothing (deposition 0) or there is no sea",
            );
        }
        if self.flow != FlowKind::Single && self.sinks == Sinks::Keep {
            return check.refuse("sinks", "keep", "flood or carve where flow is not single");
        }
        let edges = self.edges.unwrap_or(state.rim);
        edges.check(&state.ground).map_err(|error| ProcessError::kernel(NAME, error))?;
        let mut rivers =
            StreamPower::new(Erodibility::Uniform(self.erodibility), self.area_exponent, self.slope_exponent);
        (rivers.threshold, rivers.deposition) = (self.threshold, self.deposition);
        let router = Router::new(edges).sinks(self.sinks);
        Ok(Box::new(Rivers { config: self.clone(), router, flow: Flow::default(), rivers }))
    }
}

struct Rivers {
    config: StreamPowerConfig,
    router: Router,
    flow: Flow,
    rivers: StreamPower,
}

/// A factor of each cell's surface; one number where all are the same.
pub(super) fn by_material(state: &State, scale: impl Fn(f64) -> f64) -> Result<f64, Vec<f64>> {
    let all = of_surface(state, 0.0, |material| scale(material.erodibility.max(0.0)));
    match all.first() {
        Some(&first) if all.iter().all(|&one| one == first) => Ok(first),
        _ => Err(all),
    }
}

impl Rivers {
    fn route(
        &mut self,
        ground: &Field,
        sea_level: f64,
        threads: usize,
    ) -> Result<(), crate::route::RouteError> {
        let Self { config, router, flow, .. } = self;
        router.threads = threads;
        router.outlets.clear();
        if config.sea && ground.values.iter().any(|&z| z < sea_level) {
            let wet = sea(ground, sea_level).into_iter().zip(0..);
            router.outlets.extend(wet.filter(|&(wet, _)| wet).map(|(_, cell)| cell));
        }
        router.route(ground, flow)?;
        let spread = match config.flow {
            FlowKind::Single => return Ok(()),
            FlowKind::Multiple => Spread::Multiple { exponent: 1.1 },
            FlowKind::Infinite => Spread::Infinite,
        };
        flow.area = spread_area(ground, &router.rim, &router.outlets, spread, threads)?;
        Ok(())
    }
}

impl Process for Rivers {
    fn name(&self) -> &'static str {
        NAME
    }

    fn layers(&self) -> Vec<Need> {
        vec![Need::single(layer::DRAINAGE_AREA, 0.0)]
    }

    fn max_step(&self, _: &State) -> f64 {
        f64::INFINITY
    }

    fn step(&mut self, state: &mut State, dt: f64) -> Result<Books, ProcessError> {
        Check(NAME).step(dt)?;
        let kernel = |error: Box<dyn std::error::Error + Send + Sync>| ProcessError::kernel(NAME, error);
        let (threads, sea_level) = (state.threads.max(1), state.sea_level);
        let k = self.config.erodibility;
        self.rivers.threads = threads;
        self.rivers.erodibility = if self.config.by_material {
            match by_material(state, |erodibility| k * (erodibility / ROCK)) {
                Ok(k) => Erodibility::Uniform(k),
                Err(all) => Erodibility::Cells(all),
            }
        } else {
            Erodibility::Uniform(k)
        };
        self.route(&state.ground, sea_level, threads).map_err(|error| kernel(error.into()))?;
        let solid = self.rivers.erode(&mut state.ground, &self.flow, dt / YEAR);
        let mut solid = solid.map_err(|error| kernel(error.into()))?;
        if self.config.delta {
            let delta = Delta { depth: self.config.delta_depth, slope: self.config.delta_slope };
            let laid =
                delta.lay(&mut state.ground, sea_level, &self.router.rim, self.rivers.arrived(), threads);
            let laid = laid.map_err(|error| kernel(error.into()))?;
            (solid.lost, solid.after) = (solid.lost - laid, state.ground.volume());
        }
        state.follow(self.rivers.before());
        let mut area = state.take_f32(layer::DRAINAGE_AREA, 0.0);
        for (layer, &area) in area.iter_mut().zip(&self.flow.area) {
            *layer = if area.is_nan() { 0.0 } else { area as f32 };
        }
        state.set_layer(layer::DRAINAGE_AREA, Layer::F32(area));
        Ok(Books::solid(solid))
    }
}
