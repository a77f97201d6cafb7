//! Going on where a checkpoint left off.

use std::path::{Path, PathBuf};

use super::checkpoint::{CheckpointError, Folder, Memory, newest};
use super::{After, Run, RunError};
use crate::scenario::{Registry, Scenario};

/// What may be different after a resumption. None of it changes what has happened so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// How many years shall pass in all, counted from the scenario's begin.
    pub years: Option<f64>,
    /// Threads to use.
    pub threads: Option<usize>,
    /// Steps between checkpoints.
    pub checkpoint_every: Option<u64>,
}

/// A run that goes on.
pub struct Resumed {
    /// It.
    pub run: Run,
    /// The checkpoint it comes from.
    pub from: PathBuf,
    /// The words of [`Run::note`].
    pub note: String,
    /// Why newer checkpoints were passed over: they are damaged.
    pub warnings: Vec<String>,
}

impl Run {
    /// What a checkpoint says besides the land.
    pub(super) fn memory(&self) -> Memory {
        let mut memory = Memory::new(self.scenario.to_toml(), self.note.clone(), self.step, self.leg);
        memory.done = self.tasks.iter().map(|task| task.done).collect();
        memory.processes = self.totals.processes.clone();
        memory.all = self.totals.all;
        memory.start = self.totals.start;
        memory
    }

    /// Goes on from the newest checkpoint of a folder that can be read, with the same bits as if nothing had happened.
    /// New checkpoints go to the same folder.
    ///
    /// # Errors
    /// [`RunError::Checkpoint`] when none can be read, [`RunError::Scenario`] when a change is not possible.
    pub fn resume(folder: &Path, changes: &Changes) -> Result<Resumed, RunError> {
        Self::resume_with(&Registry::standard(), folder, changes)
    }

    /// The same with other processes than those of this crate.
    ///
    /// # Errors
    /// As [`Run::resume`].
    pub fn resume_with(registry: &Registry, folder: &Path, changes: &Changes) -> Result<Resumed, RunError> {
        let found = newest(folder)?;
        let files = Folder::again(folder)?;
        let memory = found.memory;
        let name = format!("{} (its scenario)", found.path.display());
        let mut scenario = Scenario::parse_with(registry, &name, &memory.scenario)?;
        let before = scenario.clone();
        scenario.years = changes.years.or(scenario.years);
        scenario.threads = changes.threads.unwrap_or(scenario.threads);
        scenario.checkpoint_every = changes.checkpoint_every.unwrap_or(scenario.checkpoint_every);
        // Steps stay as long as they were, whatever the years say.
        scenario.step = Some(before.step_years());
        let mut run = Self::ready(found.state, scenario)?;
        let wrong = |why: &str| CheckpointError::Meta { path: found.path.clone(), why: why.to_owned() };
        let labels = run.tasks.iter().map(|task| &task.label);
        if !labels.eq(memory.processes.iter().map(|(label, _)| label)) || memory.done.len() != run.tasks.len()
        {
            return Err(wrong("its totals are those of other processes").into());
        }
        let behind = |done: &u64| *done <= memory.step && *done >= memory.leg.step;
        if memory.leg.step > memory.step || !memory.done.iter().all(behind) {
            return Err(wrong("its processes are ahead of it").into());
        }
        run.step = memory.step;
        run.leg = memory.leg;
        for (task, done) in run.tasks.iter_mut().zip(memory.done) {
            task.done = done;
        }
        run.totals.processes = memory.processes;
        run.totals.all = memory.all;
        run.totals.start = memory.start;
        run.totals.close(&run.now);
        run.extend(before.years);
        run.note = memory.note.clone();
        run.folder = Some(files);
        run.last = After(Some(found.path.clone()));
        run.saved = Some(run.step);
        Ok(Resumed { run, from: found.path, note: memory.note, warnings: found.passed })
    }

    /// Counts steps anew after the end of what was to be the whole run, if that did not end with a whole step.
    fn extend(&mut self, of_years: Option<f64>) {
        let years = std::mem::replace(&mut self.scenario.years, of_years);
        let ended = self.finished();
        let regular = self.leg.time + (self.step - self.leg.step) as f64 * self.dt();
        if ended && regular != self.state.time {
            self.leg = super::Leg { step: self.step, time: self.state.time };
        }
        self.scenario.years = years;
    }
}
