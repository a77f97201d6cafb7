//! Which neighbour each cell drains to, depressions resolved.

use serde::Deserialize;

use crate::field::Field;

use super::descent::{self, PIT};
use super::fill::Ways;
use super::flow::Flow;
use super::lakes::Surface;
use super::rim::Rim;
use super::{RouteError, carve};

/// How water leaves depressions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sinks {
    /// It does not: pits keep what they get.
    Keep,
    /// Over the surface filled with the least gradient, by steepest descent on it.
    #[default]
    Flood,
    /// Through a channel from the pit to the lowest pass, down the way that led to the pit turned round.
    Carve,
}

/// Routes terrains; keeps what it needs from one to the next of the same size.
///
/// ```
/// use bm_process::{field::Field, route::{Flow, Rim, Router}};
///
/// let ground = Field::square(5, 5, 10.0, |x, y| if (x, y) == (2, 2) { -1.0 } else { (x + y) as f64 });
/// let mut flow = Flow::default();
/// Router::new(Rim::default()).route(&ground, &mut flow)?;
/// // The pit in the middle spills, and all nine inner cells drain to the edge.
/// assert!((0..25).all(|cell| !flow.is_pit(cell)));
/// assert_eq!((0..25).filter(|&cell| flow.is_base(cell)).map(|cell| flow.area[cell as usize]).sum::<f64>(), 2500.0);
/// # Ok::<(), bm_process::route::RouteError>(())
/// ```
#[derive(Debug, Default)]
pub struct Router {
    /// What lies beyond the edges.
    pub rim: Rim,
    /// Cells that are base level besides.
    pub outlets: Vec<u32>,
    /// How water leaves depressions.
    pub sinks: Sinks,
    /// Threads to use; the result does not depend on it.
    pub threads: usize,
    ways: Ways,
    surface: Surface,
}

impl Router {
    /// One thread, depressions flooded.
    #[must_use]
    pub fn new(rim: Rim) -> Self {
        Self { rim, threads: 1, ..Self::default() }
    }

    /// The same on several threads.
    #[must_use]
    pub fn threads(self, threads: usize) -> Self {
        Self { threads, ..self }
    }

    /// The same with another way out of depressions.
    #[must_use]
    pub fn sinks(self, sinks: Sinks) -> Self {
        Self { sinks, ..self }
    }

    /// Routes a terrain of metres. Holes (NaN) are walls.
    ///
    /// # Errors
    /// When shapes do not fit, a value is infinite, an outlet does not exist, or (unless depressions are kept) a part
    /// of the terrain has no outlet.
    pub fn route(&mut self, ground: &Field, flow: &mut Flow) -> Result<(), RouteError> {
        self.directions(ground, flow)?;
        flow.complete(ground, self.threads);
        Ok(())
    }

    fn directions(&mut self, ground: &Field, flow: &mut Flow) -> Result<(), RouteError> {
        let Self { rim, outlets, sinks, threads, ways, surface } = self;
        let shape = rim.check(ground)?;
        // What was found last stays in this router, and its room is used again.
        std::mem::swap(&mut ways.directions, &mut flow.directions);
        flow.shape = shape;
        match sinks {
            Sinks::Keep => {
                descent::directions(
                    &mut ways.directions,
                    ground,
                    &ground.values,
                    &shape,
                    rim,
                    outlets,
                    *threads,
                )?;
            }
            Sinks::Flood => {
                ways.find(ground, &shape, rim, outlets, *threads)?;
                if ways.must_climb()
                    && let Some(dirty) = surface.slope(&ground.values, ways, &shape, *threads)
                {
                    let directions = &mut ways.directions;
                    descent::again(directions, ground, &surface.heights, &shape, &dirty, *threads);
                }
            }
            Sinks::Carve => {
                ways.find(ground, &shape, rim, outlets, *threads)?;
                carve::carve(ways, &shape);
            }
        }
        std::mem::swap(&mut ways.directions, &mut flow.directions);
        debug_assert!(*sinks == Sinks::Keep || !flow.directions.contains(&PIT));
        Ok(())
    }
}
