//! What a world must say, at every version.

use crate::borders::{self, Borders};
use crate::edits::{Dense, plan};
use bm_hybrid::View;
use std::collections::BTreeMap;

/// Versions from one dense array that is kept to the next.
const STEP: u64 = 128;

/// What made a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Made {
    /// The edits of a seed.
    Edit(u64),
    /// A commit of pages, which says nothing new where the edits are.
    Pages,
}

/// All commits so far, and what they come to.
pub(crate) struct Model {
    most: i64,
    commits: Vec<Made>,
    kept: BTreeMap<u64, State>,
    newest: State,
}

/// What a version comes to.
#[derive(Clone)]
pub(crate) struct State {
    dense: Dense,
    borders: Borders,
}

impl State {
    fn new() -> Self {
        Self { dense: Dense::new(), borders: Borders::new() }
    }

    fn apply(&mut self, seed: u64, most: i64) {
        plan(seed, most).iter().for_each(|op| self.dense.apply(op));
        borders::after_puts(seed, &mut self.borders);
    }

    /// Where a view says something else, if it does.
    pub(crate) fn differs(&self, view: &View) -> Option<String> {
        self.dense.differs(view).or_else(|| borders::differ(&self.borders, view))
    }
}

impl Model {
    /// `most`: edits of the largest transaction.
    pub(crate) fn new(most: i64) -> Self {
        Self { most, commits: Vec::new(), kept: BTreeMap::from([(0, State::new())]), newest: State::new() }
    }

    pub(crate) fn version(&self) -> u64 {
        self.commits.len() as u64
    }

    /// What made a version.
    pub(crate) fn made(&self, version: u64) -> Made {
        self.commits[version as usize - 1]
    }

    /// The next version.
    pub(crate) fn push(&mut self, made: Made) {
        self.commits.push(made);
        if let Made::Edit(seed) = made {
            self.newest.apply(seed, self.most);
        }
        if self.version().is_multiple_of(STEP) {
            self.kept.insert(self.version(), self.newest.clone());
        }
    }

    /// What a version comes to.
    pub(crate) fn at(&self, version: u64) -> State {
        if version == self.version() {
            return self.newest.clone();
        }
        let (&from, state) = self.kept.range(..=version).next_back().unwrap();
        let mut state = state.clone();
        for made in &self.commits[from as usize..version as usize] {
            if let Made::Edit(seed) = *made {
                state.apply(seed, self.most);
            }
        }
        state
    }
}
