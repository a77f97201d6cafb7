//! The loop that takes turns.

use std::io::Write;
use std::time::Duration;

use super::case::{Kind, Peer};
use super::{BenchError, Case, Measure, Unit};
use crate::report::{Row, terminal};

/// How long and how often.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Rounds of a case: in each, ours and every peer have one turn.
    pub rounds: usize,
    /// Least length of a timed turn.
    pub turn: Duration,
    /// Whether suites should take smaller inputs for long work.
    pub quick: bool,
}

impl Settings {
    /// For numbers that are kept. Turns are short and many: what disturbs the machine for longer
    /// than a turn meets both sides, and what is shorter spoils few rounds.
    #[must_use]
    pub fn full() -> Self {
        Self { rounds: 41, turn: Duration::from_millis(8), quick: false }
    }

    /// For a look while working.
    #[must_use]
    pub fn quick() -> Self {
        Self { rounds: 9, turn: Duration::from_millis(4), quick: true }
    }

    /// Just enough to see that a suite runs; the numbers mean nothing.
    #[must_use]
    pub fn smoke() -> Self {
        Self { rounds: 1, turn: Duration::from_micros(10), quick: true }
    }
}

/// Runs cases, prints their rows as they are ready, and keeps them.
pub struct Bench<'w> {
    settings: Settings,
    suite: String,
    rows: Vec<Row>,
    left_out: Vec<String>,
    out: &'w mut dyn Write,
}

impl<'w> Bench<'w> {
    /// A bench that prints to `out`.
    pub fn new(settings: Settings, out: &'w mut dyn Write) -> Self {
        Self { settings, suite: String::new(), rows: Vec::new(), left_out: Vec::new(), out }
    }

    /// Rows from now on belong to this suite.
    pub fn start(&mut self, suite: &str) {
        suite.clone_into(&mut self.suite);
    }

    /// Whether suites should take smaller inputs for long work.
    #[must_use]
    pub fn is_quick(&self) -> bool {
        self.settings.quick
    }

    /// All rows so far, in the order they were measured.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Ends the bench and gives its rows.
    #[must_use]
    pub fn into_rows(self) -> Vec<Row> {
        self.rows
    }

    /// What [`Bench::leave_out`] was told so far.
    #[must_use]
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// Says that something cannot be measured here, and why; it is printed, and there is no row.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn leave_out(&mut self, what: &str, why: &str) -> Result<(), BenchError> {
        let line = format!("{}: {what} left out: {why}", self.suite);
        writeln!(self.out, "{line}")?;
        self.left_out.push(line);
        Ok(())
    }

    /// Measures a case: warm up, then rounds in which ours and every peer have one turn each.
    ///
    /// # Errors
    /// When a contestant fails, when a value is not a positive number, or when the output cannot be
    /// written.
    pub fn run(&mut self, case: Case<'_>) -> Result<(), BenchError> {
        let Case { name, unit, ours, peers, targets, checked, rounds, note } = case;
        let rounds = rounds.unwrap_or(self.settings.rounds);
        let mut ours = Turns::prepare("ours", ours, unit, self.settings.turn)?;
        let mut others = Vec::new();
        for Peer { name, measure, answers_equal, targets } in peers {
            let turns = Turns::prepare(&name, measure, unit, self.settings.turn)?;
            others.push((name, turns, answers_equal, targets));
        }
        for _ in 0..rounds {
            ours.take(&name)?;
            for (_, turns, ..) in &mut others {
                turns.take(&name)?;
            }
        }

        let mut made = Vec::new();
        if others.is_empty() {
            made.push(Row::alone(&self.suite, &name, unit, &ours.values, checked));
        }
        for (peer, turns, answers_equal, targets) in others {
            let row = Row::alone(&self.suite, &name, unit, &ours.values, Some(answers_equal));
            made.push(row.and_then(|row| row.beside(&peer, unit, &ours.values, &turns.values, targets)));
        }
        for (index, row) in made.into_iter().enumerate() {
            let mut row = row.ok_or_else(|| BenchError::contestant(&name, "no round was measured"))?;
            // A target of ours, or a note, belongs to the case, so it stands in its first row only.
            if index == 0 {
                row.note.clone_from(&note);
                row.at_least = targets.at_least;
                row.aim = targets.aim;
            }
            if self.rows.last().is_none_or(|last| last.suite != row.suite) {
                terminal::heading(self.out, &row.suite)?;
            }
            terminal::row(self.out, &row)?;
            self.rows.push(row);
        }
        Ok(())
    }
}

/// One contestant's turns.
struct Turns<'a> {
    who: String,
    unit: Unit,
    kind: Kind<'a>,
    /// Calls in a timed turn.
    calls: u64,
    values: Vec<f64>,
}

impl<'a> Turns<'a> {
    /// Warms a timed contestant up, and finds how many calls make a turn of at least `turn`.
    fn prepare(who: &str, measure: Measure<'a>, unit: Unit, turn: Duration) -> Result<Self, BenchError> {
        let Measure(mut kind) = measure;
        let mut calls = 1;
        if let Kind::Timed { call, clock, operations } = &mut kind {
            if unit.from_time(*operations, 1.0).is_none() {
                let why = format!("{} cannot be had from a clock", unit.label());
                return Err(BenchError::contestant(who, why));
            }
            // Caches, page faults and lazily loaded code belong to the first call alone.
            call();
            loop {
                let took = clock.time(calls, call);
                if took >= turn {
                    break;
                }
                // Close to the goal in one leap when the time is long enough to be trusted.
                let grow =
                    if took * 10 > turn { turn.as_secs_f64() / took.as_secs_f64() * 1.05 } else { 8.0 };
                calls = (calls as f64 * grow).ceil() as u64;
            }
        }
        Ok(Self { who: who.to_owned(), unit, kind, calls, values: Vec::new() })
    }

    /// One turn; its value joins the others.
    fn take(&mut self, case: &str) -> Result<(), BenchError> {
        let value = match &mut self.kind {
            Kind::Given(round) => round()?,
            Kind::Timed { operations, clock, call } => {
                let seconds = clock.time(self.calls, call).as_secs_f64() / self.calls as f64;
                self.unit.from_time(*operations, seconds).unwrap_or(f64::NAN)
            }
        };
        if !(value.is_finite() && value > 0.0) {
            let case = format!("{case} ({})", self.who);
            return Err(BenchError::Value { case, value });
        }
        self.values.push(value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::Targets;
    use std::cell::RefCell;

    #[test]
    fn contestants_take_turns() {
        let order = RefCell::new(String::new());
        let turn = |letter: char, value: f64| {
            let order = &order;
            Measure::given(move || {
                order.borrow_mut().push(letter);
                Ok(value)
            })
        };
        let mut out = Vec::new();
        let mut bench = Bench::new(Settings::smoke(), &mut out);
        bench.start("demo");
        bench
            .run(
                Case::new("c", Unit::Bytes, turn('a', 10.0))
                    .peer("p", turn('b', 20.0), true)
                    .peer_with("q", turn('c', 5.0), false, Targets::at_least(0.9))
                    .targets(Targets::new(12.0, 8.0))
                    .rounds(3),
            )
            .unwrap();
        assert_eq!(*order.borrow(), "abcabcabc");
        let [p, q] = bench.rows() else {
            panic!("one row for each peer");
        };
        assert_eq!((p.ours, p.peer, p.ratio), (10.0, Some(20.0), Some(2.0)));
        assert_eq!((p.at_least, p.aim, p.ratio_at_least), (Some(12.0), Some(8.0), None));
        assert_eq!((q.ratio, q.answers_equal), (Some(0.5), Some(false)));
        assert_eq!((q.at_least, q.aim, q.ratio_at_least), (None, None, Some(0.9)));
        assert_eq!(q.rounds, 3);
    }

    #[test]
    fn a_case_may_stand_alone() {
        let mut out = Vec::new();
        let mut bench = Bench::new(Settings::smoke(), &mut out);
        bench.start("demo");
        bench.run(Case::new("size", Unit::Bytes, Measure::constant(3.0)).checked(true)).unwrap();
        let row = &bench.rows()[0];
        assert_eq!((row.peer, row.ratio, row.answers_equal), (None, None, Some(true)));
    }

    #[test]
    fn timed_turns_are_long_enough_and_count_their_work() {
        let mut settings = Settings::smoke();
        settings.turn = Duration::from_millis(2);
        let mut out = Vec::new();
        let mut bench = Bench::new(settings, &mut out);
        let calls = RefCell::new(0_u64);
        bench
            .run(Case::new(
                "sleep",
                Unit::Nanoseconds("call"),
                Measure::timed(1, || {
                    *calls.borrow_mut() += 1;
                    std::thread::sleep(Duration::from_micros(100));
                }),
            ))
            .unwrap();
        assert!(*calls.borrow() > 2);
        assert!(bench.rows()[0].ours >= 100_000.0);
    }

    #[test]
    fn nonsense_is_refused() {
        let mut out = Vec::new();
        let mut bench = Bench::new(Settings::smoke(), &mut out);
        let timed_bytes = Case::new("b", Unit::Bytes, Measure::timed(1, || ()));
        assert!(bench.run(timed_bytes).is_err());
        for value in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let case = Case::new("v", Unit::Bytes, Measure::constant(value));
            assert!(bench.run(case).is_err(), "{value}");
        }
    }
}
