//! Runs that can be repeated, and what must be found after each of their moments.

use crate::borders::{self, Borders};
use crate::edits::{Dense, mark, plan, transaction};
use crate::tools::Rng;
use bm_hybrid::{Retention, View, World, WorldError};
use bm_overlay::journal::JournalError;
use bm_overlay::{Durability, OverlayError, StrategyKind};
use std::sync::Arc;

/// Edits of the largest transaction.
const MOST: i64 = 25;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Edit(u64, Durability),
    /// Undoes the version so many before the newest.
    Revert(u64),
    Fold(StrategyKind),
    Keep(u64),
    Ingest(u64),
    Compact,
}

/// Everything that can happen to a world, twice.
pub(crate) fn steps(seed: u64) -> Vec<Step> {
    use Durability::{Group, Memory, Sync};
    use Step::{Compact, Edit, Fold, Ingest, Keep, Revert};
    let mut rng = Rng(seed);
    let mut steps = vec![
        Edit(0, Memory),
        Edit(0, Group),
        Edit(0, Sync),
        Edit(0, Memory),
        Fold(StrategyKind::Lazy),
        Edit(0, Group),
        Fold(StrategyKind::Spatial),
        Edit(0, Memory),
        Ingest(1),
        Edit(0, Group),
        Fold(StrategyKind::Adaptive),
        Edit(0, Memory),
        Revert(1),
        Fold(StrategyKind::All),
        Keep(4),
        Edit(0, Sync),
        Edit(0, Memory),
        Edit(0, Memory),
        Compact,
        Edit(0, Memory),
        Edit(0, Group),
        Fold(StrategyKind::Time),
        Edit(0, Memory),
        Ingest(2),
        Keep(1),
        Edit(0, Group),
        Fold(StrategyKind::All),
        Edit(0, Memory),
    ];
    for step in &mut steps {
        if let Edit(edits, _) = step {
            *edits = rng.next();
        }
    }
    steps
}

/// What a version comes to.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) dense: Arc<Dense>,
    pub(crate) borders: Borders,
    /// The last ingest; 0 if there was none, or nobody knows.
    mark: u64,
    /// The edits that made it, if edits did.
    seed: Option<u64>,
}

impl Seen {
    /// Where a view says something else, if it does.
    pub(crate) fn differs(&self, view: &View) -> Option<String> {
        self.dense.differs(view).or_else(|| borders::differ(&self.borders, view))
    }
}

/// What may be found.
#[derive(Clone)]
pub(crate) struct Expect {
    /// This version must be there.
    pub(crate) durable: u64,
    /// Versions 0 to the newest that readers have seen.
    pub(crate) seen: Vec<Seen>,
    /// What the version after that may come to, if it is there.
    pub(crate) next: Vec<Seen>,
    /// Versions to be kept.
    pub(crate) keep: u64,
    /// Versions that may be missing, since the commit of pages that was to make them failed.
    holes: Vec<u64>,
    /// Whether a commit of pages failed since the newest version.
    doubt: bool,
}

impl Expect {
    /// A new world.
    pub(crate) fn new() -> Self {
        let blank = Seen { dense: Arc::new(Dense::new()), borders: Borders::new(), mark: 0, seed: None };
        let keep = Retention::default().versions.unwrap();
        Self {
            durable: 1,
            seen: vec![blank.clone(), blank],
            next: Vec::new(),
            keep,
            holes: Vec::new(),
            doubt: false,
        }
    }

    pub(crate) fn newest(&self) -> u64 {
        self.seen.len() as u64 - 1
    }

    /// Whether edits made a version.
    pub(crate) fn is_edit(&self, version: u64) -> bool {
        self.seen[version as usize].seed.is_some()
    }

    /// Whether a world is one of those that may be found. `thorough`: also what takes long.
    pub(crate) fn check(&self, world: &World, thorough: bool, what: &str) -> u64 {
        let version = world.view().version();
        let newest = self.newest();
        assert!(version >= self.durable, "{what}: version {version}, {} was acknowledged", self.durable);
        assert!(
            version <= newest + u64::from(!self.next.is_empty()),
            "{what}: version {version} of {newest}"
        );
        let candidates =
            if version > newest { &self.next } else { std::slice::from_ref(&self.seen[version as usize]) };
        let view = world.view();
        let Some(found) = candidates.iter().find(|c| c.differs(&view).is_none()) else {
            let differ: Vec<_> = candidates.iter().filter_map(|c| c.differs(&view)).collect();
            panic!("{what}: version {version} of {newest}: {differ:?}");
        };
        let number = found.mark;
        let stats = world.overlay();
        let oldest = stats.oldest_version;
        // The version after the newest may have come with a retirement of its own.
        let floor = (newest + 2).saturating_sub(self.keep).max(1);
        assert!(
            oldest <= floor.min(version),
            "{what}: the oldest version is {oldest}, {floor} was to be kept"
        );
        let log: Vec<u64> = world.log().unwrap().iter().map(|e| e.version).collect();
        let told = log.iter().filter(|v| **v > oldest).copied();
        let may_lack = |v: &u64| self.holes.contains(v) && !log.contains(v);
        assert!(
            told.eq((oldest + 1..=version).filter(|v| !may_lack(v))),
            "{what}: the log is {log:?}, the oldest version {oldest}"
        );
        let older = if thorough { oldest..version } else { version.saturating_sub(1).max(oldest)..version };
        for v in older {
            let view = world.at(v).unwrap();
            let differs = self.seen[v as usize].differs(&view);
            assert_eq!(differs, None, "{what}: version {v} of {version}, pages of {}", stats.folded_version);
        }
        if thorough {
            let problems = world.verify(&|_| ()).unwrap().problems;
            assert!(problems.is_empty(), "{what}: {problems:?}");
            if number > 0 {
                let a = world.verify_against(&mark(number), &|_| ()).unwrap();
                assert_eq!((a.samples, a.wrong), (120, 0), "{what}: ingest {number}: {:?}", a.examples);
            }
        }
        version
    }
}

/// Whether nothing may be acknowledged any more before the world is opened again.
pub(crate) fn is_stopped(e: &WorldError) -> bool {
    matches!(e, WorldError::Overlay(OverlayError::Journal(JournalError::Poisoned { .. })))
}

/// Does one step; `say` hears what may be found from now on.
pub(crate) fn take(
    world: &mut World,
    step: Step,
    expect: &mut Expect,
    say: &mut dyn FnMut(&Expect),
) -> Result<(), WorldError> {
    let newest = expect.seen.last().unwrap().clone();
    let (next, durability) = match step {
        Step::Edit(seed, durability) => {
            let mut dense = (*newest.dense).clone();
            plan(seed, MOST).iter().for_each(|op| dense.apply(op));
            let borders = borders::after(seed, &newest.borders);
            (Some(Seen { dense: Arc::new(dense), borders, seed: Some(seed), ..newest }), durability)
        }
        Step::Revert(back) => {
            let version = expect.newest() - back;
            let at = |v: u64| &expect.seen[v as usize];
            let seed = at(version).seed.unwrap();
            let edits = plan(seed, MOST);
            let borders = borders::undone(seed, &newest.borders, &at(version - 1).borders);
            let dense = newest.dense.undone(&edits, &at(version - 1).dense);
            (Some(Seen { dense: Arc::new(dense), borders, seed: None, ..newest }), Durability::Group)
        }
        Step::Ingest(n) => (Some(Seen { mark: n, seed: None, ..newest }), Durability::Sync),
        Step::Keep(n) => {
            expect.keep = expect.keep.min(n);
            (None, Durability::Memory)
        }
        Step::Fold(_) | Step::Compact => (None, Durability::Memory),
    };
    if let Some(next) = &next {
        expect.next.push(next.clone());
    }
    say(expect);
    let doubt = expect.doubt;
    expect.doubt |= matches!(step, Step::Ingest(_));
    let made = match step {
        Step::Edit(seed, durability) => {
            let mut t = transaction(seed, MOST);
            t.durability(durability);
            let before = &expect.seen.last().unwrap().borders;
            Some(world.edit_with(&t, &borders::changes(seed, before))?.version)
        }
        Step::Revert(back) => Some(world.revert(expect.newest() - back, "crash")?.version),
        Step::Ingest(n) => Some(world.ingest_relief(&mark(n), &Default::default(), &|_| ())?.version),
        Step::Fold(kind) => world.consolidate(kind, &|_, _| ()).map(|_| None)?,
        Step::Keep(n) => {
            world.set_retention(Retention { versions: Some(n), age_ms: None })?;
            None
        }
        Step::Compact => world.compact().map(|_| None)?,
    };
    if let (Some(next), Some(made)) = (next, made) {
        expect.doubt = false;
        if made == expect.newest() + 2 && doubt {
            // The number of the commit that failed is not used again.
            expect.holes.push(made - 1);
            expect.seen.push(Seen { mark: 0, seed: None, ..expect.seen[made as usize - 2].clone() });
        }
        assert_eq!(made, expect.newest() + 1, "{step:?}");
        let next = if expect.holes.contains(&(made - 1)) { Seen { mark: 0, ..next } } else { next };
        expect.seen.push(next);
        expect.next.clear();
        if durability != Durability::Memory {
            expect.durable = made;
        }
    }
    say(expect);
    Ok(())
}
