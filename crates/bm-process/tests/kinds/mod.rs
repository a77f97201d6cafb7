//! Small processes to run scenarios with, well behaved and not.

#![allow(dead_code, unreachable_pub, reason = "each file of tests takes what it needs")]

use bm_core::MaterialId;
use bm_process::field::Field;
use bm_process::hillslope::{Diffusion, Diffusivity};
use bm_process::ledger::Ledger;
use bm_process::process::{Books, Need, Process, ProcessError, YEAR};
use bm_process::scenario::{Recipe, Registry};
use bm_process::state::{Layer, State, layer};
use serde::Deserialize;

macro_rules! kind {
    ($config:ident { $($field:ident: $type:ty = $default:expr),* $(,)? }, $process:ident, |$this:ident, $state:ident| $build:expr) => {
        #[derive(Clone, Debug, Deserialize)]
        #[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
        pub struct $config { $(pub $field: $type),* }
        impl Default for $config {
            fn default() -> Self { Self { $($field: $default),* } }
        }
        impl Recipe for $config {
            fn build(&self, $state: &State) -> Result<Box<dyn Process>, ProcessError> {
                let $this = self;
                let process: $process = $build?;
                Ok(Box::new(process))
            }
        }
    };
}

/// The whole land rises.
pub struct Lift(f64);
kind!(LiftConfig { rate: f64 = 1e-3 }, Lift, |this, _state| if this.rate.is_finite() {
    Ok(Lift(this.rate))
} else {
    Err(ProcessError::Parameter {
        process: "lift",
        parameter: "rate",
        value: this.rate.to_string(),
        must: "finite",
    })
});

impl Process for Lift {
    fn name(&self) -> &'static str {
        "lift"
    }
    fn layers(&self) -> Vec<Need> {
        Vec::new()
    }
    fn max_step(&self, _: &State) -> f64 {
        f64::INFINITY
    }
    fn step(&mut self, state: &mut State, dt: f64) -> Result<Books, ProcessError> {
        let by = self.0 * dt / YEAR;
        let before = state.ground.volume();
        state.ground.values.iter_mut().for_each(|z| *z += by);
        let after = state.ground.volume();
        Ok(Books::solid(Ledger { before, after, gained: after - before, ..Ledger::default() }))
    }
}

/// Slopes creep; what left over fixed edges adds up in a layer.
pub struct Creep(Diffusion);
kind!(CreepConfig { diffusivity: f64 = 0.5 }, Creep, |this, state| {
    let mut creep = Diffusion::new(Diffusivity::Uniform(this.diffusivity / YEAR), state.rim);
    creep.threads = state.threads;
    Ok::<_, ProcessError>(Creep(creep))
});

impl Process for Creep {
    fn name(&self) -> &'static str {
        "creep"
    }
    fn layers(&self) -> Vec<Need> {
        vec![Need::single("crept", 0.0)]
    }
    fn max_step(&self, _: &State) -> f64 {
        f64::INFINITY
    }
    fn step(&mut self, state: &mut State, dt: f64) -> Result<Books, ProcessError> {
        let before = state.ground.values.clone();
        let ledger =
            state.wear(|ground| self.0.step(ground, dt)).map_err(|e| ProcessError::kernel("creep", e))?;
        if let Some(Layer::F32(crept)) = state.layer_mut("crept") {
            // A memory of the kind processes have: what was before goes into what comes.
            for (crept, before) in crept.iter_mut().zip(before) {
                *crept = *crept * 0.9 + before as f32;
            }
        }
        if let Some(Layer::F32(crept)) = state.layer("crept") {
            let by: Vec<f64> = crept.iter().map(|&c| f64::from(c) * 1e-9).collect();
            state.ground.values.iter_mut().zip(by).for_each(|(z, by)| *z += by);
        }
        let after = state.ground.volume();
        Ok(Books::solid(Ledger { gained: ledger.gained + (after - ledger.after), after, ..ledger }))
    }
}

/// Rains, and knows no longer step than `limit` years.
pub struct Rain {
    rate: f64,
    limit: f64,
}
kind!(RainConfig { rate: f64 = 1.0, limit: f64 = f64::INFINITY }, Rain, |this, _state| {
    Ok::<_, ProcessError>(Rain { rate: this.rate, limit: this.limit * YEAR })
});

impl Process for Rain {
    fn name(&self) -> &'static str {
        "rain"
    }
    fn layers(&self) -> Vec<Need> {
        vec![Need::counted(layer::WATER_DEPTH), Need::counted("calls"), Need::counted("clock")]
    }
    fn max_step(&self, _: &State) -> f64 {
        self.limit
    }
    fn step(&mut self, state: &mut State, dt: f64) -> Result<Books, ProcessError> {
        assert!(dt <= self.limit);
        let area: f64 =
            (0..state.ground.height).map(|row| state.ground.cell_area(row) * state.ground.width as f64).sum();
        let mut depth = state.take_f64(layer::WATER_DEPTH, 0.0);
        let mut calls = state.take_f64("calls", 0.0);
        let mut clock = state.take_f64("clock", 0.0);
        let before = depth[0] * area;
        depth.iter_mut().for_each(|depth| *depth += self.rate * dt / YEAR);
        calls.iter_mut().for_each(|calls| *calls += 1.0);
        clock.iter_mut().for_each(|clock| *clock = (state.time + dt) / YEAR);
        let after = depth[0] * area;
        state.set_layer(layer::WATER_DEPTH, Layer::F64(depth));
        state.set_layer("calls", Layer::F64(calls));
        state.set_layer("clock", Layer::F64(clock));
        let water = Ledger { before, after, gained: after - before, ..Ledger::default() };
        Ok(Books { water, ..Books::default() })
    }
}

/// Does wrong from some year on.
pub struct Faulty {
    from: f64,
    how: String,
}
kind!(FaultyConfig { from: f64 = 0.0, how: String = "leak".to_owned() }, Faulty, |this, _state| {
    Ok::<_, ProcessError>(Faulty { from: this.from * YEAR, how: this.how.clone() })
});

impl Process for Faulty {
    fn name(&self) -> &'static str {
        "faulty"
    }
    fn layers(&self) -> Vec<Need> {
        vec![Need::single("strain", 0.0)]
    }
    fn max_step(&self, _: &State) -> f64 {
        if self.how == "shrink" { f64::NAN } else { f64::INFINITY }
    }
    fn step(&mut self, state: &mut State, _: f64) -> Result<Books, ProcessError> {
        let volume = state.ground.volume();
        let mut ledger = Ledger { before: volume, after: volume, ..Ledger::default() };
        if state.time >= self.from {
            let at = state.ground.width + 2;
            match self.how.as_str() {
                "leak" => state.ground.values.iter_mut().for_each(|z| *z -= 1.0),
                "misbook" => ledger.lost = volume / 2.0,
                "nan" => state.ground.values[at] = f64::NAN,
                "infinite" => state.ground.values[at] = f64::INFINITY,
                "layer" => {
                    if let Some(Layer::F32(strain)) = state.layer_mut("strain") {
                        strain[at] = f32::NAN;
                    }
                }
                _ => return Err(ProcessError::kernel("faulty", "nothing goes")),
            }
        }
        Ok(Books::solid(ledger))
    }
}

pub fn registry() -> Registry {
    Registry::empty()
        .with::<LiftConfig>("lift", "the land rises")
        .with::<CreepConfig>("creep", "slopes creep")
        .with::<RainConfig>("rain", "it rains")
        .with::<FaultyConfig>("faulty", "does wrong")
}

/// Rough hills.
pub fn hills(width: usize, height: usize) -> State {
    let ground = Field::square(width, height, 100.0, |x, y| {
        let (x, y) = (x as f64, y as f64);
        500.0 + 200.0 * (x * 0.3).sin() * (y * 0.23).cos() + 20.0 * (x * 1.7 + y * 2.3).sin()
    });
    State::new(ground, MaterialId::GRANITE)
}

/// All bits of a land.
pub fn bits(state: &State) -> Vec<u64> {
    let mut bits: Vec<u64> = state.ground.values.iter().map(|z| z.to_bits()).collect();
    bits.extend(
        state.strata.strata().iter().flat_map(|s| s.thickness.iter().map(|t| u64::from(t.to_bits()))),
    );
    bits.push(state.time.to_bits());
    for (name, layer) in state.layers() {
        bits.push(name.len() as u64);
        match layer {
            Layer::F64(values) => bits.extend(values.iter().map(|v| v.to_bits())),
            Layer::F32(values) => bits.extend(values.iter().map(|v| u64::from(v.to_bits()))),
        }
    }
    bits
}
