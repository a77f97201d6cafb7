//! How steep rivers are where how much land drains through them.

use crate::route::{Flow, RouteError, Router, Sinks};
use crate::state::State;

/// Cells with about the same drainage area.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// From this area, m².
    pub low: f64,
    /// To below this one, m².
    pub high: f64,
    /// Cells that drain downwards.
    pub cells: usize,
    /// Area that half of them stay below, m².
    pub area: f64,
    /// Slope that a sixth of them stays below.
    pub lower: f64,
    /// Slope that half of them stay below.
    pub median: f64,
    /// Slope that five sixths of them stay below.
    pub upper: f64,
}

/// A straight line through the bins: S = kₛ A^−θ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// Concavity θ; m/n for rivers in balance with even uplift (Whipple & Tucker 1999).
    pub concavity: f64,
    /// Steepness kₛ, m^2θ.
    pub steepness: f64,
}

/// Slope by drainage area, in bins of equal width on a logarithmic scale.
#[derive(Clone, Debug, PartialEq)]
pub struct SlopeArea {
    /// Those that have cells, from the smallest area up.
    pub bins: Vec<Bin>,
}

impl SlopeArea {
    /// Of a land, in so many bins (at least one) for each power of ten. Depressions are filled for the routing; their cells, and those
    /// at base level, have no slope and are left out.
    ///
    /// # Errors
    /// [`RouteError`] when the land cannot be routed.
    pub fn of(state: &State, bins_a_decade: usize) -> Result<Self, RouteError> {
        let mut flow = Flow::default();
        match Router::new(state.rim).threads(state.threads).route(&state.ground, &mut flow) {
            // No way out: water stays where it gathers.
            Err(RouteError::NoOutlet { .. }) => {
                Router::new(state.rim)
                    .threads(state.threads)
                    .sinks(Sinks::Keep)
                    .route(&state.ground, &mut flow)?;
            }
            other => other?,
        }
        Ok(Self::of_flow(state, &flow, bins_a_decade))
    }

    /// The same with a routing of the land's ground that is there already.
    #[must_use]
    pub fn of_flow(state: &State, flow: &Flow, bins_a_decade: usize) -> Self {
        let a_decade = bins_a_decade.max(1) as f64;
        let ground = &state.ground;
        let width = ground.width;
        let mut points: Vec<(i64, f64, f64)> = Vec::new();
        for (cell, &height) in ground.values.iter().enumerate() {
            let Some(receiver) = flow.receiver(cell as u32).map(|to| to as usize) else { continue };
            let drop = height - ground.values[receiver];
            if receiver == cell || drop.is_nan() || drop <= 0.0 {
                continue;
            }
            let [straight, upright, oblique] = flow.distances[cell / width];
            let length = match (receiver / width == cell / width, receiver % width == cell % width) {
                (true, _) => straight,
                (_, true) => upright,
                _ => oblique,
            };
            let area = flow.area[cell];
            points.push(((area.log10() * a_decade).floor() as i64, drop / length, area));
        }
        // By bin and then by slope: medians are then in the middle.
        points.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let bins = points.chunk_by(|a, b| a.0 == b.0).map(|points| {
            let at = |share: f64| points[((points.len() - 1) as f64 * share).round() as usize].1;
            let edge = |n: i64| 10_f64.powf(n as f64 / a_decade);
            let mut areas: Vec<f64> = points.iter().map(|point| point.2).collect();
            areas.sort_by(f64::total_cmp);
            Bin {
                low: edge(points[0].0),
                high: edge(points[0].0 + 1),
                cells: points.len(),
                area: areas[(areas.len() - 1) / 2],
                lower: at(1.0 / 6.0),
                median: at(0.5),
                upper: at(5.0 / 6.0),
            }
        });
        Self { bins: bins.collect() }
    }

    /// The line through the medians of all bins between two areas (m²), by least squares on logarithms, every bin as
    /// important as another; nothing with less than two bins.
    #[must_use]
    pub fn fit(&self, from: f64, to: f64) -> Option<Fit> {
        let points: Vec<(f64, f64)> = (self.bins.iter())
            .filter(|bin| (from..=to).contains(&bin.area) && bin.median > 0.0)
            .map(|bin| (bin.area.ln(), bin.median.ln()))
            .collect();
        if points.len() < 2 {
            return None;
        }
        let count = points.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
        let (x, y) = (mean(|p| p.0), mean(|p| p.1));
        let (xy, xx) = points
            .iter()
            .fold((0.0, 0.0), |(xy, xx), p| (xy + (p.0 - x) * (p.1 - y), xx + (p.0 - x) * (p.0 - x)));
        let concavity = -xy / xx;
        concavity.is_finite().then(|| Fit { concavity, steepness: (y + concavity * x).exp() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::Field;
    use crate::hillslope::{Diffusion, Diffusivity};
    use crate::route::{Edge, Rim};
    use crate::stream_power::{Erodibility, StreamPower};
    use bm_core::MaterialId;

    #[test]
    fn rivers_in_balance_show_the_exponents_they_were_made_with() {
        let noise = |x: usize, y: usize| ((x * 7919 + y * 104_729) % 1009) as f64 / 1009.0;
        let mut state = State::new(Field::square(96, 96, 200.0, noise), MaterialId::ROCK);
        let (mut router, mut flow) = (Router::new(state.rim), Flow::default());
        let (uplift, k, m, n) = (1e-3, 2e-5, 0.45, 1.0);
        let mut rivers = StreamPower::new(Erodibility::Uniform(k), m, n);
        for _ in 0..400 {
            for (cell, z) in state.ground.values.iter_mut().enumerate() {
                if !state.rim.is_fixed(96, 96, cell % 96, cell / 96) {
                    *z += uplift * 2000.0;
                }
            }
            router.route(&state.ground, &mut flow).unwrap();
            rivers.erode(&mut state.ground, &flow, 2000.0).unwrap();
        }
        let data = SlopeArea::of(&state, 4).unwrap();
        let fit = data.fit(1e5, 1e9).unwrap();
        assert!((fit.concavity - m / n).abs() < 0.01, "{fit:?}");
        assert!((fit.steepness / (uplift / k) - 1.0).abs() < 0.1, "{fit:?}");
        assert!(data.bins.windows(2).all(|pair| pair[0].high <= pair[1].low * (1.0 + 1e-12)));
        let cells: usize = data.bins.iter().map(|bin| bin.cells).sum();
        assert!(cells <= 94 * 94 && cells > 8000, "{cells}");
        // Creep rounds the hills: slopes no longer grow towards the smallest areas.
        let mut creep = Diffusion::new(Diffusivity::Uniform(5.0), Rim::all(Edge::Fixed));
        creep.step(&mut state.ground, 20_000.0).unwrap();
        let round = SlopeArea::of(&state, 4).unwrap();
        assert!(round.bins[0].median < data.bins[0].median);
    }

    #[test]
    fn land_without_a_way_out() {
        let mut state = State::new(Field::square(20, 20, 10.0, |x, y| (x * x + y) as f64), MaterialId::ROCK);
        state.rim = Rim::all(Edge::Closed);
        assert!(!SlopeArea::of(&state, 3).unwrap().bins.is_empty());
        state.ground.values[5] = f64::NAN;
        state.ground.dx[3] = 0.0;
        assert!(SlopeArea::of(&state, 3).is_err());
        let level = State::new(Field::square(5, 5, 10.0, |_, _| 1.0), MaterialId::ROCK);
        let none = SlopeArea::of(&level, 3).unwrap();
        assert!(none.bins.is_empty() && none.fit(0.0, f64::INFINITY).is_none());
    }
}
