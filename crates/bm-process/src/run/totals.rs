//! What all steps came to.

use serde::{Deserialize, Serialize};

use super::inventory::Inventory;
use crate::ledger::Ledger;
use crate::process::Books;
use crate::sums::Sum;

/// What came in, went out and moved of one thing over many steps; sums carry their rounding errors along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    gained: Sum,
    lost: Sum,
    moved: Sum,
    /// What ledgers left open, with its sign.
    open: Sum,
}

impl Account {
    fn add(&mut self, ledger: &Ledger) {
        self.gained.add(ledger.gained);
        self.lost.add(ledger.lost);
        self.moved.add(ledger.moved);
        for part in [ledger.before, ledger.gained, -ledger.lost, -ledger.after] {
            self.open.add(part);
        }
    }

    /// What came in.
    #[must_use]
    pub fn gained(&self) -> f64 {
        self.gained.value()
    }

    /// What went out.
    #[must_use]
    pub fn lost(&self) -> f64 {
        self.lost.value()
    }

    /// What moved within.
    #[must_use]
    pub fn moved(&self) -> f64 {
        self.moved.value()
    }

    /// What is not accounted for.
    #[must_use]
    pub fn open(&self) -> f64 {
        self.open.value()
    }

    /// What the land has more of now.
    #[must_use]
    pub fn net(&self) -> f64 {
        self.gained() - self.lost()
    }
}

/// The accounts of one process, or of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accounts {
    /// m³ of ground, and of what water carries of it.
    pub solid: Account,
    /// m³.
    pub water: Account,
    /// J, or what the process counts heat in.
    pub heat: Account,
}

impl Accounts {
    pub(super) fn add(&mut self, books: &Books) {
        self.solid.add(&books.solid);
        self.water.add(&books.water);
        self.heat.add(&books.heat);
    }
}

/// What a run came to so far: the accounts of each process, and the land itself as measured, which is what tells
/// whether the accounts are true.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    /// By the process's name in reports, in the order of the scenario.
    pub processes: Vec<(String, Accounts)>,
    /// Solid: measured at the begin and now; gained, lost and moved as all processes booked it.
    pub solid: Ledger,
    /// Water, likewise.
    pub water: Ledger,
    /// Heat; before and after are those of the processes' books.
    pub heat: Ledger,
    pub(super) start: Start,
    pub(super) all: Accounts,
}

/// What there was at the begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Start {
    pub(super) solid: f64,
    pub(super) gross: f64,
    pub(super) water: f64,
    pub(super) heat: Option<f64>,
}

impl Totals {
    pub(super) fn new(labels: Vec<String>, now: &Inventory) -> Self {
        let start = Start { solid: now.solid, gross: now.gross, water: now.water, heat: None };
        let processes = labels.into_iter().map(|label| (label, Accounts::default())).collect();
        let mut totals = Self { processes, start, ..Self::default() };
        totals.close(now);
        totals
    }

    pub(super) fn add(&mut self, process: usize, books: &Books) {
        self.processes[process].1.add(books);
        self.all.add(books);
        if books.heat != Ledger::default() && self.start.heat.is_none() {
            self.start.heat = Some(books.heat.before);
        }
    }

    /// The land as it is now.
    pub(super) fn close(&mut self, now: &Inventory) {
        let Self { start, all, .. } = self;
        let ledger = |before: f64, after: f64, account: &Account| Ledger {
            before,
            after,
            gained: account.gained(),
            lost: account.lost(),
            moved: account.moved(),
        };
        self.solid = ledger(start.solid, now.solid, &all.solid);
        self.water = ledger(start.water, now.water, &all.water);
        let heat = start.heat.unwrap_or(0.0);
        self.heat = ledger(heat, heat + all.heat.net() - all.heat.open(), &all.heat);
    }

    /// The greatest share of anything that is not accounted for. Solid is compared with the land as if depths below
    /// zero were heights, so that a land half below the sea is judged by its own size.
    #[must_use]
    pub fn error(&self) -> f64 {
        let gross = self.start.gross;
        share(&self.solid, gross).max(share(&self.water, 0.0)).max(share(&self.heat, 0.0))
    }
}

/// What a ledger leaves open, as a share of the most it speaks of, or of `least`.
pub(super) fn share(ledger: &Ledger, least: f64) -> f64 {
    let Ledger { before, after, gained, lost, moved } = *ledger;
    let most =
        [before, after, gained, lost, moved].into_iter().fold(least, |most, part| most.max(part.abs()));
    (before + gained - lost - after).abs() / most.max(f64::MIN_POSITIVE)
}

/// The books of steps one after the other.
pub(super) fn join(books: &mut Option<Books>, next: Books) {
    let join = |a: Ledger, b: Ledger| match (a == Ledger::default(), b == Ledger::default()) {
        (true, _) => b,
        (_, true) => a,
        _ => Ledger {
            before: a.before,
            after: b.after,
            gained: a.gained + b.gained,
            lost: a.lost + b.lost,
            moved: a.moved + b.moved,
        },
    };
    *books = Some(match books.take() {
        None => next,
        Some(sum) => Books {
            solid: join(sum.solid, next.solid),
            water: join(sum.water, next.water),
            heat: join(sum.heat, next.heat),
        },
    });
}
