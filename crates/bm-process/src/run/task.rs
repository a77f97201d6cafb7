//! One process of a run: when it acts, and on which cells.

use bm_grid::Window;

use super::error::Problem;
use super::totals::join;
use super::window;
use crate::process::{Books, Process, YEAR};
use crate::route::Edge;
use crate::scenario::{Entry, Scenario, ScenarioError};
use crate::state::State;

pub(super) struct Task {
    /// What reports call it.
    pub(super) label: String,
    /// Acts in every so manieth step.
    pub(super) every: u64,
    /// Up to which step it has acted.
    pub(super) done: u64,
    process: Box<dyn Process>,
    /// Acts at most for so many seconds at once.
    part: f64,
    window: Option<Window>,
    edges: Edge,
}

impl Task {
    pub(super) fn new(
        scenario: &Scenario,
        entry: &Entry,
        label: String,
        state: &State,
    ) -> Result<Self, ScenarioError> {
        let (every, years) =
            entry.rhythm(scenario.step_years()).map_err(|why| scenario.at(entry, "step", why))?;
        let window = match &entry.region {
            None => None,
            Some(region) => Some(region.window(state).ok_or_else(|| {
                let why = format!("the region has no cells of the land: {}", where_land_lies(state));
                scenario.at(entry, "region", why)
            })?),
        };
        let process = match window {
            None => scenario.make(entry, state)?,
            Some(part) => scenario.make(entry, &window::cut(state, part, entry.region_edges))?,
        };
        Ok(Self { label, every, done: 0, process, part: years * YEAR, window, edges: entry.region_edges })
    }

    pub(super) fn process(&self) -> &dyn Process {
        &*self.process
    }

    /// Acts for `dt` seconds from the state's time on; how it went, and in how many parts.
    pub(super) fn act(&mut self, state: &mut State, dt: f64, most: u64) -> Result<(Books, u64), Problem> {
        let Some(place) = self.window else { return self.advance(state, dt, most) };
        let mut part = window::cut(state, place, self.edges);
        let done = self.advance(&mut part, dt, most)?;
        if window::paste(part, place, state) { Ok(done) } else { Err(Problem::Strata) }
    }

    fn advance(&mut self, state: &mut State, dt: f64, most: u64) -> Result<(Books, u64), Problem> {
        let begin = state.time;
        // A hair longer than its own step is rounding, not a reason for another part.
        let equal = (dt / self.part - 1e-9).ceil().max(1.0);
        let (mut books, mut parts) = (None, 0);
        for part in 0..equal as u64 {
            state.time = begin + dt * (part as f64 / equal);
            parts += self.stable(state, dt / equal, most, &mut books)?;
        }
        state.time = begin;
        Ok((books.unwrap_or_default(), parts))
    }

    /// Steps no longer than what is stable.
    fn stable(
        &mut self,
        state: &mut State,
        dt: f64,
        most: u64,
        books: &mut Option<Books>,
    ) -> Result<u64, Problem> {
        let begin = state.time;
        let (mut left, mut parts) = (dt, 0);
        loop {
            let limit = self.process.max_step(state);
            let more = (left / limit - 1e-9).ceil().max(1.0);
            // What is stable may have become shorter on the way. NaN and limits of nothing come here as well.
            if !(limit > 0.0 && parts as f64 + more <= most as f64) {
                return Err(Problem::Unstable { asked: dt, limit, most });
            }
            let step = if more > 1.0 { left / more } else { left };
            state.time = begin + (dt - left);
            join(books, self.process.step(state, step)?);
            parts += 1;
            if more <= 1.0 {
                return Ok(parts);
            }
            left -= step;
        }
    }
}

/// For errors: the numbers a region would have to meet.
fn where_land_lies(state: &State) -> String {
    let ground = &state.ground;
    let (width, height) = (ground.width as f64 * ground.dy, ground.height as f64 * ground.dy);
    let metres = format!("it is {width} m wide and {height} m high");
    match state.region.filter(|region| region.ground() == bm_grid::Ground::World) {
        None => metres,
        Some(region) => {
            let bounds = region.bounds();
            let lon = |x: f64| x / 40_075_020.0 * 360.0 - 180.0;
            let lat = |y: f64| y / 20_037_510.0 * 180.0 - 90.0;
            let [w, e] = [bounds.min.x, bounds.max.x].map(lon);
            let [s, n] = [bounds.min.y, bounds.max.y].map(lat);
            format!("it lies from {w:.4}° to {e:.4}° east and from {s:.4}° to {n:.4}° north; {metres}")
        }
    }
}
