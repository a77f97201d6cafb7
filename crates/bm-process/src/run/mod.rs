//! Runs a scenario on a land.
//!
//! After each process its books are compared with the land itself, as measured; after each step its ledgers are added
//! up. A process whose books do not hold, or that leaves a height that is none, ends the run with its name.

mod checkpoint;
mod error;
mod inventory;
mod observer;
mod resume;
mod task;
mod totals;
mod window;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub use checkpoint::{CheckpointError, discard, list};
pub use error::{After, Problem, RunError, SaveError, StepError};
pub use observer::{Observer, ProcessReport, Progress, StepReport, Unwatched};
pub use resume::{Changes, Resumed};
pub use totals::{Account, Accounts, Totals};

use crate::field::Field;
use crate::ledger::Ledger;
use crate::process::{Books, YEAR};
use crate::scenario::{Scenario, ScenarioError};
use crate::state::State;
use crate::workers;
use checkpoint::Folder;
use inventory::{Bad, Holes, Inventory, check_layer, measure};
use task::Task;
use totals::share;

/// The share of what there is that a process may leave unaccounted for in a step, if nobody says: a millionth.
pub const GUARD: f64 = 1e-6;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All years have passed.
    Finished,
    /// The observer stopped it.
    Stopped,
}

/// From when on steps are counted: a run that is extended after its end begins to count anew.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Leg {
    step: u64,
    time: f64,
}

/// A scenario on its way.
pub struct Run {
    scenario: Scenario,
    state: State,
    tasks: Vec<Task>,
    holes: Holes,
    now: Inventory,
    totals: Totals,
    step: u64,
    leg: Leg,
    guard: f64,
    broken: bool,
    folder: Option<Folder>,
    note: String,
    /// The last checkpoint, and the step it was saved after.
    last: After,
    saved: Option<u64>,
}

impl Run {
    /// A scenario at its beginning.
    ///
    /// # Errors
    /// [`RunError::Scenario`] when something in it is not possible on this land, [`RunError::Land`] and
    /// [`RunError::Step`] when the land is none: without cells, of unknown materials, infinitely high.
    pub fn new(mut state: State, scenario: Scenario) -> Result<Self, RunError> {
        state.sea_level = scenario.sea_level.unwrap_or(state.sea_level);
        state.rim = scenario.edges.unwrap_or(state.rim);
        let mut run = Self::ready(state, scenario)?;
        run.totals = Totals::new(run.tasks.iter().map(|task| task.label.clone()).collect(), &run.now);
        Ok(run)
    }

    /// Everything but what a run remembers.
    fn ready(mut state: State, scenario: Scenario) -> Result<Self, RunError> {
        scenario.check()?;
        check_land(&state).map_err(RunError::Land)?;
        if scenario.years.is_none() {
            let why = "not said, neither by the scenario nor by the caller";
            return Err(ScenarioError::Value { what: "years".to_owned(), why: why.to_owned() }.into());
        }
        state.threads = workers::count(scenario.threads);
        let mut tasks: Vec<Task> = Vec::new();
        for (n, entry) in scenario.processes.iter().enumerate() {
            let same = scenario.processes[..n].iter().filter(|other| other.name() == entry.name()).count();
            let label = match same {
                0 => entry.name().to_owned(),
                before => format!("{}-{}", entry.name(), before + 1),
            };
            tasks.push(Task::new(&scenario, entry, label, &state)?);
        }
        for need in tasks.iter().flat_map(|task| task.process().layers()) {
            state.ensure(&need);
        }
        let holes = Holes::of(&state);
        let process = "the land".to_owned();
        let now = measure(&state, &holes).map_err(|bad| {
            Box::new(StepError {
                step: 0,
                process,
                problem: bad.place(&state, "ground"),
                after: After::default(),
            })
        })?;
        Ok(Self {
            leg: Leg { step: 0, time: state.time },
            scenario,
            state,
            tasks,
            holes,
            now,
            totals: Totals::default(),
            step: 0,
            guard: GUARD,
            broken: false,
            folder: None,
            note: String::new(),
            last: After::default(),
            saved: None,
        })
    }

    /// The same with another share that processes may leave unaccounted for.
    #[must_use]
    pub fn guard(self, guard: f64) -> Self {
        Self { guard, ..self }
    }

    /// The same with checkpoints in a folder, which is made if it is not there; it must have none of another run.
    ///
    /// # Errors
    /// [`RunError::Checkpoint`].
    pub fn checkpoints(self, folder: &Path) -> Result<Self, RunError> {
        Ok(Self { folder: Some(Folder::new(folder)?), ..self })
    }

    /// The same with words that whoever resumes it finds again: where the land came from.
    #[must_use]
    pub fn note(self, note: impl Into<String>) -> Self {
        Self { note: note.into(), ..self }
    }

    /// Saves a checkpoint, if there is a folder for them and none of this step yet; its file and bytes.
    ///
    /// # Errors
    /// [`RunError::Save`] when it cannot be saved (the last one is intact, and the run can go on),
    /// [`RunError::Broken`] after a step that failed.
    pub fn save(&mut self) -> Result<Option<(PathBuf, u64)>, RunError> {
        if self.broken {
            return Err(RunError::Broken(self.last.clone()));
        }
        let Some(folder) = self.folder.as_ref().filter(|_| self.saved != Some(self.step)) else {
            return Ok(None);
        };
        let saved = folder.save(&self.state, self.memory());
        let (path, bytes) = saved
            .map_err(|source| Box::new(SaveError { step: self.step, source, after: self.last.clone() }))?;
        self.last = After(Some(path.clone()));
        self.saved = Some(self.step);
        Ok(Some((path, bytes)))
    }

    /// The land as it is now.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// The land, for whoever goes on with it.
    #[must_use]
    pub fn into_state(self) -> State {
        self.state
    }

    /// What is run.
    #[must_use]
    pub const fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// What all steps came to so far.
    #[must_use]
    pub const fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Steps taken.
    #[must_use]
    pub const fn steps_taken(&self) -> u64 {
        self.step
    }

    /// Years passed.
    #[must_use]
    pub fn years(&self) -> f64 {
        self.state.time / YEAR
    }

    /// Years of the whole run.
    #[must_use]
    pub fn of_years(&self) -> f64 {
        self.scenario.years.unwrap_or(0.0)
    }

    /// Steps of the whole run.
    #[must_use]
    pub fn steps(&self) -> u64 {
        let left = self.of_years() * YEAR - self.leg.time;
        // What is less than a billionth of a step is rounding.
        self.leg.step.saturating_add((left / self.dt() - 1e-9).ceil().max(0.0) as u64)
    }

    /// Whether all years have passed.
    #[must_use]
    pub fn finished(&self) -> bool {
        self.step >= self.steps()
    }

    fn dt(&self) -> f64 {
        self.scenario.step_years() * YEAR
    }

    /// Seconds since the scenario began after so many steps: from the count, so that nothing adds up, and the same after
    /// a resumption.
    fn time(&self, step: u64) -> f64 {
        let regular = self.leg.time + (step - self.leg.step) as f64 * self.dt();
        if step < self.steps() { regular } else { regular.min(self.of_years() * YEAR) }
    }

    /// Seconds from the end of one step to the end of a later one.
    fn between(&self, from: u64, to: u64) -> f64 {
        let dt = self.dt();
        if to < self.steps() {
            return (to - from) as f64 * dt;
        }
        let last = self.of_years() * YEAR - self.time(to - 1);
        let last = if (last / dt - 1.0).abs() < 1e-9 { dt } else { last };
        (to - 1 - from) as f64 * dt + last
    }

    /// Takes one step; nothing when all years have passed.
    ///
    /// # Errors
    /// [`RunError`]; the land is half changed then, and no more steps are taken.
    pub fn step(&mut self) -> Result<Option<StepReport>, RunError> {
        if self.broken {
            return Err(RunError::Broken(self.last.clone()));
        }
        if self.finished() {
            return Ok(None);
        }
        self.broken = true;
        let report = self.advance()?;
        self.broken = false;
        Ok(Some(report))
    }

    fn advance(&mut self) -> Result<StepReport, RunError> {
        let step = self.step + 1;
        let end = self.time(step);
        let mut processes = Vec::new();
        for n in 0..self.tasks.len() {
            let Task { done, every, .. } = self.tasks[n];
            let due = step - done >= every || step == self.steps();
            let (mut dt, mut books, mut parts, mut took) = (0.0, Books::default(), 0, Duration::ZERO);
            if due {
                dt = self.between(done, step);
                self.state.time = self.time(done);
                let most = self.scenario.split_at_most;
                let task = &mut self.tasks[n];
                let begin = Instant::now();
                (books, parts) = match task.act(&mut self.state, dt, most) {
                    Ok(done) => done,
                    Err(problem) => return Err(self.failed(n, step, problem)),
                };
                task.done = step;
                took = begin.elapsed();
                self.now = self.verify(n, &books).map_err(|problem| self.failed(n, step, problem))?;
                self.totals.add(n, &books);
            }
            let process = self.tasks[n].label.clone();
            processes.push(ProcessReport { process, years: dt / YEAR, parts, books, took });
        }
        self.totals.close(&self.now);
        self.step = step;
        self.state.time = end;
        Ok(StepReport { step, years: end / YEAR, processes })
    }

    fn failed(&self, n: usize, step: u64, problem: Problem) -> RunError {
        let process = self.tasks[n].label.clone();
        Box::new(StepError { step, process, problem, after: self.last.clone() }).into()
    }

    /// Compares what a process booked with itself and with the land, and looks for numbers that are none.
    fn verify(&self, n: usize, books: &Books) -> Result<Inventory, Problem> {
        let state = &self.state;
        let now = measure(state, &self.holes).map_err(|bad| bad.place(state, "ground"))?;
        // Where NaN is what a layer holds to begin with, it means something.
        for need in self.tasks[n].process().layers().into_iter().filter(|need| need.default.is_finite()) {
            check_layer(state, need.layer, &self.holes).map_err(|bad| bad.place(state, need.layer))?;
        }
        let before = self.now;
        let measured = |before, after, booked: &Ledger| Ledger { before, after, ..*booked };
        let gross = now.gross.max(before.gross);
        let looks = [
            ("solid", books.solid, gross),
            ("water", books.water, 0.0),
            ("heat", books.heat, 0.0),
            ("solid as measured", measured(before.solid, now.solid, &books.solid), gross),
            ("water as measured", measured(before.water, now.water, &books.water), 0.0),
        ];
        for (what, ledger, least) in looks {
            let share = share(&ledger, least);
            // NaN is not within any guard.
            if share.is_nan() || share > self.guard {
                let open = ledger.before + ledger.gained - ledger.lost - ledger.after;
                return Err(Problem::Ledger { what, open, share, guard: self.guard });
            }
        }
        Ok(now)
    }

    /// Goes on to the end, or until the observer stops it; with checkpoints as often as the scenario says, and at the end.
    ///
    /// # Errors
    /// [`RunError`] of a step, or [`RunError::Save`] when a checkpoint cannot be saved: the last one is intact then, the
    /// land is whole, and calling it again goes on.
    pub fn run(&mut self, observer: &mut dyn Observer) -> Result<Ended, RunError> {
        let begin = Instant::now();
        let first = self.step;
        while let Some(report) = self.step()? {
            let elapsed = begin.elapsed();
            let steps = self.steps();
            let taken = (self.step - first) as f64;
            let left = elapsed.as_secs_f64() / taken * (steps - self.step) as f64;
            let progress = Progress {
                step: self.step,
                steps,
                years: self.years(),
                of_years: self.of_years(),
                elapsed,
                left: Duration::try_from_secs_f64(left).unwrap_or(Duration::MAX),
                report: &report,
                totals: &self.totals,
                state: &self.state,
            };
            let stop = observer.step(&progress) == ControlFlow::Break(());
            let every = self.scenario.checkpoint_every;
            let due = every > 0 && self.step.is_multiple_of(every);
            if (stop || due || self.finished())
                && let Some((path, bytes)) = self.save()?
            {
                observer.checkpoint(&path, bytes);
            }
            if stop && !self.finished() {
                return Ok(Ended::Stopped);
            }
        }
        // When an earlier call could not save the end.
        if let Some((path, bytes)) = self.save()? {
            observer.checkpoint(&path, bytes);
        }
        Ok(Ended::Finished)
    }
}

/// What is wrong with a land, if anything.
fn check_land(state: &State) -> Result<(), String> {
    let Field { width, height, dx, dy, values } = &state.ground;
    if width.checked_mul(*height) != Some(values.len()) || dx.len() != *height {
        let (rows, cells) = (dx.len(), values.len());
        return Err(format!("{width} × {height} cells cannot have {rows} row widths and {cells} heights"));
    }
    if values.iter().all(|z| z.is_nan()) {
        return Err(format!("none of its {} cells has a height", values.len()));
    }
    if let Some((row, dx)) = dx.iter().enumerate().find(|(_, dx)| !(dx.is_finite() && **dx > 0.0)) {
        return Err(format!("the cells of row {row} are {dx} m wide"));
    }
    if !(dy.is_finite() && *dy > 0.0) {
        return Err(format!("its cells are {dy} m high"));
    }
    if !state.sea_level.is_finite() {
        return Err(format!("its sea lies at {} m", state.sea_level));
    }
    let strata = state.strata.strata();
    if let Some(stratum) = strata.iter().find(|stratum| stratum.thickness.len() != values.len()) {
        return Err(format!("a stratum has {} cells of {}", stratum.thickness.len(), values.len()));
    }
    let materials = strata.iter().map(|stratum| stratum.material).chain([state.strata.basement()]);
    match materials.into_iter().find(|id| state.materials.get(*id).is_none()) {
        Some(id) => Err(format!("it consists of material {} that nothing is known of", id.0)),
        None => Ok(()),
    }
}

impl Bad {
    fn place(self, state: &State, what: &str) -> Problem {
        let width = state.ground.width.max(1);
        let (column, row) = (self.cell % width, self.cell / width);
        Problem::NotFinite { what: what.to_owned(), column, row, value: self.value }
    }
}
