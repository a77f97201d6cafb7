//! `roughen`: the small forms that relief of coarse data lacks.

use noise::{Fbm, MultiFractal, NoiseFn, Perlin};
use serde::Deserialize;

use super::check::Check;
use crate::field::Field;
use crate::ledger::Ledger;
use crate::process::{Books, Need, Process, ProcessError};
use crate::state::State;
use crate::workers;

const NAME: &str = "roughen";

/// Parameters of `roughen`: once, when the scenario begins, heights are changed by fractal noise (Perlin's, in octaves
/// that halve the wavelength) down to two cells. It fades out towards the land's edges, over a quarter of the wavelength. Like uplift it moves
/// the ground with all its strata.
///
/// Relief of coarse data is smooth between its samples; water on it runs in straight lines along the cells.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoughenConfig {
    /// Height of the largest forms over and under the land, m (50).
    pub height: f64,
    /// Their wavelength, m (10 000).
    pub wavelength: f64,
    /// Height of forms half as long, as a share (0.55; 0.5 is smooth, 0.7 jagged).
    pub roughness: f64,
    /// Another number, other forms (1).
    pub seed: u32,
    /// Whether ground below the sea is roughened too (false).
    pub sea_floor: bool,
}

impl Default for RoughenConfig {
    fn default() -> Self {
        Self { height: 50.0, wavelength: 10_000.0, roughness: 0.55, seed: 1, sea_floor: false }
    }
}

impl RoughenConfig {
    /// The process.
    ///
    /// # Errors
    /// [`ProcessError::Parameter`].
    pub fn build(&self, _: &State) -> Result<Box<dyn Process>, ProcessError> {
        let check = Check(NAME);
        check.not_negative("height", self.height)?;
        check.positive("wavelength", self.wavelength)?;
        check.share("roughness", self.roughness)?;
        Ok(Box::new(Roughen { config: self.clone(), done: false }))
    }
}

struct Roughen {
    config: RoughenConfig,
    done: bool,
}

impl Roughen {
    fn noise(&self, ground: &Field) -> Fbm<Perlin> {
        // As many octaves as there are wavelengths of two cells and more.
        let octaves =
            (self.config.wavelength / (2.0 * ground.dy)).log2().floor().clamp(0.0, 15.0) as usize + 1;
        Fbm::new(self.config.seed)
            .set_octaves(octaves)
            .set_frequency(1.0)
            .set_persistence(self.config.roughness)
    }
}

impl Process for Roughen {
    fn name(&self) -> &'static str {
        NAME
    }

    fn layers(&self) -> Vec<Need> {
        Vec::new()
    }

    fn max_step(&self, _: &State) -> f64 {
        f64::INFINITY
    }

    fn step(&mut self, state: &mut State, dt: f64) -> Result<Books, ProcessError> {
        Check(NAME).step(dt)?;
        let before = state.ground.volume();
        let mut books = Ledger { before, after: before, ..Ledger::default() };
        if std::mem::replace(&mut self.done, true) || state.time > 0.0 {
            return Ok(Books::solid(books));
        }
        let noise = self.noise(&state.ground);
        let RoughenConfig { height, wavelength, sea_floor, .. } = self.config;
        let (width, rows, dy) = (state.ground.width, state.ground.height, state.ground.dy);
        // The same forms at the same places, whatever part of the world is taken.
        let origin = state.region.as_ref().map_or([0.0; 2], |r| r.bounds().min.to_array());
        let (sea, dx) = (state.sea_level, state.ground.dx.clone());
        let mut moved = vec![[0.0; 2]; rows];
        let tasks: Vec<_> = state.ground.values.chunks_mut(width).zip(&mut moved).enumerate().collect();
        workers::queue(state.threads, tasks, |(row, (values, moved))| {
            for (column, z) in values.iter_mut().enumerate() {
                let place = [column, row].map(|k| (k as f64 + 0.5) * dy);
                let edge = [place[0], place[1], width as f64 * dy - place[0], rows as f64 * dy - place[1]]
                    .into_iter()
                    .fold(f64::INFINITY, f64::min);
                let fade = ((edge - dy) * 4.0 / wavelength).clamp(0.0, 1.0);
                if z.is_nan() || *z < sea && !sea_floor {
                    continue;
                }
                let at = [0, 1].map(|k| (origin[k] + place[k]) / wavelength);
                let change = noise.get(at) * height * fade;
                let now = if *z >= sea && !sea_floor { (*z + change).max(sea) } else { *z + change };
                let change = now - *z;
                *z = now;
                moved[usize::from(change < 0.0)] += change.abs() * dx[row] * dy;
            }
        });
        books.gained = moved.iter().map(|m| m[0]).sum();
        books.lost = moved.iter().map(|m| m[1]).sum();
        books.after = state.ground.volume();
        Ok(Books::solid(books))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::YEAR;
    use bm_core::MaterialId;

    fn land() -> State {
        State::new(Field::square(90, 70, 100.0, |x, _| 5.0 * x as f64 - 50.0), MaterialId::ROCK)
    }

    #[test]
    fn the_land_is_roughened_once_and_alike_for_any_number_of_threads() {
        let config = RoughenConfig { wavelength: 2000.0, ..RoughenConfig::default() };
        let mut one = land();
        let flat = one.ground.clone();
        let mut process = config.build(&one).unwrap();
        let books = process.step(&mut one, 100.0 * YEAR).unwrap();
        assert!(books.error() < 1e-12 && books.solid.gained > 0.0 && books.solid.lost > 0.0, "{books:?}");
        let changes: Vec<f64> = one.ground.values.iter().zip(&flat.values).map(|(a, b)| a - b).collect();
        let most = changes.iter().fold(0.0f64, |m, c| m.max(c.abs()));
        assert!((5.0..60.0).contains(&most), "{most}");
        // Neither the rim nor what lies under the sea.
        for (k, change) in changes.iter().enumerate() {
            let (x, y) = (k % 90, k / 90);
            if x == 0 || y == 0 || x == 89 || y == 69 || flat.values[k] < 0.0 {
                assert_eq!(*change, 0.0, "{x} {y}");
            }
        }
        for threads in [2, 8] {
            let mut other = land();
            other.threads = threads;
            config.build(&other).unwrap().step(&mut other, YEAR).unwrap();
            assert_eq!(other.ground, one.ground);
        }
        let once = one.ground.clone();
        process.step(&mut one, 100.0 * YEAR).unwrap();
        one.time = YEAR;
        config.build(&one).unwrap().step(&mut one, YEAR).unwrap();
        assert_eq!(one.ground, once);
    }

    #[test]
    fn impossible_parameters_are_named() {
        let config = RoughenConfig { wavelength: 0.0, ..RoughenConfig::default() };
        let Err(e) = config.build(&land()) else { panic!("taken") };
        assert!(e.to_string().contains("wavelength"), "{e}");
    }
}
