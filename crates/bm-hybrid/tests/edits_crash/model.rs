//! What a world must say, at every version.

use crate::edits::{Dense, plan};
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
    kept: BTreeMap<u64, Dense>,
    newest: Dense,
}

impl Model {
    /// `most`: edits of the largest transaction.
    pub(crate) fn new(most: i64) -> Self {
        Self { most, commits: Vec::new(), kept: BTreeMap::from([(0, Dense::new())]), newest: Dense::new() }
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
            plan(seed, self.most).iter().for_each(|op| self.newest.apply(op));
        }
        if self.version().is_multiple_of(STEP) {
            self.kept.insert(self.version(), self.newest.clone());
        }
    }

    /// What a version comes to.
    pub(crate) fn at(&self, version: u64) -> Dense {
        if version == self.version() {
            return self.newest.clone();
        }
        let (&from, dense) = self.kept.range(..=version).next_back().unwrap();
        let mut dense = dense.clone();
        for made in &self.commits[from as usize..version as usize] {
            if let Made::Edit(seed) = *made {
                plan(seed, self.most).iter().for_each(|op| dense.apply(op));
            }
        }
        dense
    }
}
