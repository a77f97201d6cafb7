//! One thing that is measured, by us and by others.

use std::hint::black_box;

use super::clock::Clock;
use super::{BenchError, Unit};

/// How one contestant's value for one round is found.
pub struct Measure<'a>(pub(super) Kind<'a>);

pub(super) enum Kind<'a> {
    /// The harness times calls, as many as make a round long enough to be timed well.
    Timed { operations: u64, clock: Clock, call: Box<dyn FnMut() + 'a> },
    /// The contestant gives the value of a round itself.
    Given(Box<dyn FnMut() -> Result<f64, BenchError> + 'a>),
}

impl<'a> Measure<'a> {
    /// Times `call`, which does `operations` things, by the clock on the wall. What it returns is kept
    /// from the optimiser, so that work nobody looks at is still done.
    pub fn timed<T>(operations: u64, call: impl FnMut() -> T + 'a) -> Self {
        Self::by(Clock::Wall, operations, call)
    }

    /// Like [`Measure::timed`], but counts only the time for which this thread had a processor, so
    /// that other programs on the machine do not count. For work that starts no threads and waits
    /// for nothing.
    pub fn one_thread<T>(operations: u64, call: impl FnMut() -> T + 'a) -> Self {
        Self::by(Clock::Thread, operations, call)
    }

    fn by<T>(clock: Clock, operations: u64, mut call: impl FnMut() -> T + 'a) -> Self {
        Self(Kind::Timed {
            operations,
            clock,
            call: Box::new(move || {
                black_box(call());
            }),
        })
    }

    /// A value the contestant finds by itself, in the unit of the case: bytes on disk, the wall time
    /// another program reports, …
    pub fn given(round: impl FnMut() -> Result<f64, BenchError> + 'a) -> Self {
        Self(Kind::Given(Box::new(round)))
    }

    /// A value that is the same in every round.
    #[must_use]
    pub fn constant(value: f64) -> Self {
        Self::given(move || Ok(value))
    }
}

/// What we have promised for a value: shown in columns of its own, never as a result.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Targets {
    /// The worst value that still counts as done.
    pub at_least: Option<f64>,
    /// The value we want.
    pub aim: Option<f64>,
}

impl Targets {
    /// Both a minimum and an aim.
    #[must_use]
    pub fn new(at_least: f64, aim: f64) -> Self {
        Self { at_least: Some(at_least), aim: Some(aim) }
    }

    /// Only a minimum.
    #[must_use]
    pub fn at_least(value: f64) -> Self {
        Self { at_least: Some(value), aim: None }
    }
}

/// One of the others.
pub(super) struct Peer<'a> {
    pub(super) name: String,
    pub(super) measure: Measure<'a>,
    pub(super) answers_equal: bool,
    pub(super) targets: Targets,
}

/// A measurement of ours beside any number of peers; it becomes one row for each peer, or one row
/// without a peer.
pub struct Case<'a> {
    pub(super) name: String,
    pub(super) unit: Unit,
    pub(super) ours: Measure<'a>,
    pub(super) peers: Vec<Peer<'a>>,
    pub(super) targets: Targets,
    pub(super) checked: Option<bool>,
    pub(super) rounds: Option<usize>,
    pub(super) note: Option<String>,
}

impl<'a> Case<'a> {
    /// A case without peers so far. `name` is short and stable: stored rows are found by it.
    pub fn new(name: impl Into<String>, unit: Unit, ours: Measure<'a>) -> Self {
        Self {
            name: name.into(),
            unit,
            ours,
            peers: Vec::new(),
            targets: Targets::default(),
            checked: None,
            rounds: None,
            note: None,
        }
    }

    /// Adds a peer. `answers_equal` is what a comparison of both answers on this very data gave.
    #[must_use]
    pub fn peer(self, name: impl Into<String>, measure: Measure<'a>, answers_equal: bool) -> Self {
        self.peer_with(name, measure, answers_equal, Targets::default())
    }

    /// Adds a peer, with targets for the *ratio* to it.
    #[must_use]
    pub fn peer_with(
        mut self,
        name: impl Into<String>,
        measure: Measure<'a>,
        answers_equal: bool,
        targets: Targets,
    ) -> Self {
        self.peers.push(Peer { name: name.into(), measure, answers_equal, targets });
        self
    }

    /// Targets for *our* value, in the unit of the case.
    #[must_use]
    pub fn targets(mut self, targets: Targets) -> Self {
        self.targets = targets;
        self
    }

    /// For a case without peers: whether our answers agree with an oracle that is not timed.
    #[must_use]
    pub fn checked(mut self, answers_equal: bool) -> Self {
        self.checked = Some(answers_equal);
        self
    }

    /// What else is to be known, in a sentence; it stands below the table.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// A fixed number of rounds, for work that takes seconds or never varies.
    #[must_use]
    pub fn rounds(mut self, rounds: usize) -> Self {
        self.rounds = Some(rounds.max(1));
        self
    }
}
