//! One line of a report.

use serde::{Deserialize, Serialize};

use crate::harness::{Spread, Targets, Unit};
use crate::machine;

/// Ours beside one peer (or alone), on one case. As JSON, the first eight fields are the shape that
/// scripts may rely on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Suite the case belongs to.
    pub suite: String,
    /// Short, stable name of the case.
    pub case: String,
    /// Median of our rounds.
    pub ours: f64,
    /// Median of the peer's rounds; `None` when there is no peer.
    pub peer: Option<f64>,
    /// The peer, with its version.
    pub peer_name: Option<String>,
    /// Unit of `ours` and `peer`: `…/s`, `s`, `bytes`, `ns/…`, or a plain factor's label.
    pub unit: String,
    /// Median over the rounds of how many times better we were than the peer *in that round*; above
    /// 1 means that ours is better.
    pub ratio: Option<f64>,
    /// Whether both gave the same answers; without a peer, whether ours agree with an oracle;
    /// `None` where there is nothing to agree with.
    pub answers_equal: Option<bool>,
    /// Least and greatest of our rounds.
    pub ours_spread: [f64; 2],
    /// Least and greatest of the peer's rounds.
    pub peer_spread: Option<[f64; 2]>,
    /// Least and greatest ratio of a round.
    pub ratio_spread: Option<[f64; 2]>,
    /// How many rounds were measured.
    pub rounds: usize,
    /// Which way is better in this unit.
    pub lower_is_better: bool,
    /// The worst value of `ours` that counts as done.
    pub at_least: Option<f64>,
    /// The value of `ours` that is wanted.
    pub aim: Option<f64>,
    /// The worst ratio that counts as done.
    pub ratio_at_least: Option<f64>,
    /// The ratio that is wanted.
    pub ratio_aim: Option<f64>,
    /// What else is to be known of the row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Processor, cores, compiler, and how busy it was.
    pub machine: String,
    /// Day of the measurement, `YYYY-MM-DD` (UTC).
    pub date: String,
}

/// What identifies a row from one run to the next.
pub type Key<'a> = (&'a str, &'a str, Option<&'a str>);

impl Row {
    /// A row without a peer; `None` when no round was measured.
    #[must_use]
    pub fn alone(
        suite: &str,
        case: &str,
        unit: Unit,
        ours: &[f64],
        answers_equal: Option<bool>,
    ) -> Option<Self> {
        let spread = Spread::of(ours)?;
        Some(Self {
            suite: suite.to_owned(),
            case: case.to_owned(),
            ours: spread.median,
            peer: None,
            peer_name: None,
            unit: unit.label(),
            ratio: None,
            answers_equal,
            ours_spread: [spread.min, spread.max],
            peer_spread: None,
            ratio_spread: None,
            rounds: ours.len(),
            lower_is_better: unit.lower_is_better(),
            at_least: None,
            aim: None,
            ratio_at_least: None,
            ratio_aim: None,
            note: None,
            machine: machine::line().to_owned(),
            date: machine::today(),
        })
    }

    /// The row with a peer's rounds beside ours. Rounds are compared in pairs, because two turns
    /// that follow each other saw the same machine; noise that lasts longer cancels out.
    #[must_use]
    pub fn beside(
        self,
        name: &str,
        unit: Unit,
        ours: &[f64],
        theirs: &[f64],
        targets: Targets,
    ) -> Option<Self> {
        let spread = Spread::of(theirs)?;
        let pairs: Vec<f64> =
            ours.iter().zip(theirs).map(|(&ours, &theirs)| unit.ratio(ours, theirs)).collect();
        let ratio = Spread::of(&pairs)?;
        Some(Self {
            peer: Some(spread.median),
            peer_name: Some(name.to_owned()),
            peer_spread: Some([spread.min, spread.max]),
            ratio: Some(ratio.median),
            ratio_spread: Some([ratio.min, ratio.max]),
            ratio_at_least: targets.at_least,
            ratio_aim: targets.aim,
            ..self
        })
    }

    /// Suite, case and peer.
    #[must_use]
    pub fn key(&self) -> Key<'_> {
        (&self.suite, &self.case, self.peer_name.as_deref())
    }

    /// How the row stands to its targets; `None` when it has none.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        let good = |value: f64, target: f64| {
            if self.lower_is_better { value <= target } else { value >= target }
        };
        let least = [
            self.at_least.map(|target| good(self.ours, target)),
            self.ratio_at_least.map(|target| self.ratio.is_some_and(|ratio| ratio >= target)),
        ];
        let aims = [
            self.aim.map(|target| good(self.ours, target)),
            self.ratio_aim.map(|target| self.ratio.is_some_and(|ratio| ratio >= target)),
        ];
        let all = |verdicts: &[Option<bool>]| verdicts.iter().flatten().all(|&met| met);
        if least.iter().chain(&aims).all(Option::is_none) {
            None
        } else if !all(&least) {
            Some(Verdict::Missed)
        } else if !all(&aims) {
            let had_minimum = least.iter().any(Option::is_some);
            Some(if had_minimum { Verdict::Done } else { Verdict::Short })
        } else if aims.iter().all(Option::is_none) {
            Some(Verdict::Met)
        } else {
            Some(Verdict::Aim)
        }
    }
}

/// How a row stands to its targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Worse than the minimum.
    Missed,
    /// At least the minimum, not yet the aim.
    Done,
    /// Worse than the aim; there is no minimum.
    Short,
    /// At least the minimum; there is no aim.
    Met,
    /// The aim is reached.
    Aim,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(unit: Unit, ours: f64) -> Row {
        Row::alone("s", "c", unit, &[ours], None).unwrap()
    }

    #[test]
    fn the_documented_shape_comes_first() {
        let row = row(Unit::PerSecond("points"), 20.0)
            .beside("old 1.0", Unit::PerSecond("points"), &[20.0], &[10.0], Targets::default())
            .unwrap();
        let text = serde_json::to_string(&row).unwrap();
        assert!(
            text.starts_with(
                r#"{"suite":"s","case":"c","ours":20.0,"peer":10.0,"peer_name":"old 1.0","unit":"points/s","ratio":2.0,"answers_equal":null,"#
            ),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<Row>(&text).unwrap(), row);
    }

    #[test]
    fn rounds_are_compared_in_pairs() {
        // The machine slows down threefold in the second round: the ratio does not notice.
        let unit = Unit::Nanoseconds("code");
        let row = Row::alone("s", "c", unit, &[1.0, 3.0, 1.0], None)
            .unwrap()
            .beside("p", unit, &[1.0, 3.0, 1.0], &[2.0, 6.0, 2.0], Targets::default())
            .unwrap();
        assert_eq!(row.ratio, Some(2.0));
        assert_eq!(row.ratio_spread, Some([2.0, 2.0]));
        assert_eq!(row.ours_spread, [1.0, 3.0]);
    }

    #[test]
    fn verdicts_follow_the_unit() {
        let mut fast = row(Unit::PerSecond("points"), 5.0);
        assert_eq!(fast.verdict(), None);
        fast.at_least = Some(2.0);
        assert_eq!(fast.verdict(), Some(Verdict::Met));
        fast.aim = Some(20.0);
        assert_eq!(fast.verdict(), Some(Verdict::Done));
        fast.ours = 1.0;
        assert_eq!(fast.verdict(), Some(Verdict::Missed));
        let mut small = row(Unit::Bytes, 5.0);
        (small.at_least, small.aim) = (Some(8.0), Some(6.0));
        assert_eq!(small.verdict(), Some(Verdict::Aim));
        small.ours = 9.0;
        assert_eq!(small.verdict(), Some(Verdict::Missed));
        small.ours = 5.0;
        small.at_least = None;
        small.aim = Some(4.0);
        assert_eq!(small.verdict(), Some(Verdict::Short));
        small.ratio_at_least = Some(1.0);
        assert_eq!(small.verdict(), Some(Verdict::Missed), "no ratio at all");
    }
}
