//! The page `docs/benchmarks.md`.

use std::fmt::Write as _;

use super::row::{Row, Verdict};
use super::words;

/// The whole page for the stored rows. `about` gives a suite's description by its name; `has_roofline` says whether the
/// figure of that name lies beside it.
#[must_use]
pub fn page(rows: &[Row], about: &dyn Fn(&str) -> Option<&'static str>, has_roofline: bool) -> String {
    let mut page = String::from(HEAD);
    let mut suites: Vec<&str> = Vec::new();
    for row in rows {
        if !suites.contains(&row.suite.as_str()) {
            suites.push(&row.suite);
        }
    }
    for suite in suites {
        let rows: Vec<&Row> = rows.iter().filter(|row| row.suite == suite).collect();
        section(&mut page, suite, about(suite), &rows);
        if suite == ROOFLINE.0 && has_roofline {
            let _ = writeln!(page, "\n{}", ROOFLINE.1);
        }
    }
    page
}

const HEAD: &str = "\
# Benchmarks

Written by `cargo xtask bench` from `docs/benchmarks.json`; do not edit by hand.

Ours and the peer ran in turn, round by round, in one run on the same data. Values are medians with
the least and the greatest round in brackets. **Ratio** is the median over the rounds of how many
times better ours was than the peer in that round (so it may differ a little from the quotient of
the two medians): above 1, ours is better, whatever the unit. *Answers* says whether both gave the
same ones. Targets are what we set out to do, not results. One MB is 10⁶ bytes.
";

/// The suite whose section shows the roofline, and what it says.
const ROOFLINE: (&str, &str) = (
    "heat",
    "\
![Roofline: operations a second of the kernels over operations a byte](img/roofline.png)

Drawn from the rows above and those of `shallow-water` and `diffusion`: roofs are the best rounds of
`triad` and `arithmetic`. Operations and
bytes a cell are counted from the kernels' sources: heat 13 operations, 16 bytes a pass (by cells 14 and 40) and the sums of the
ledger; water 176 and 56 with one stage, 358 and 136 with two; creep 26 and 48. Rasters that fit into the last cache (1024²: 8
MB) may lie above the slanted roofs, which are those of memory.",
);

fn section(page: &mut String, suite: &str, about: Option<&str>, rows: &[&Row]) {
    // Writing to a String cannot fail.
    let _ = writeln!(page, "\n## {suite}\n");
    if let Some(about) = about {
        let _ = writeln!(page, "{about}\n");
    }
    if let Some(row) = rows.first() {
        let _ = writeln!(page, "Measured {} on {}.\n", row.date, row.machine);
    }
    page.push_str("| Case | Ours | Peer | Peer's value | Ratio | Answers | At least | Aim | Targets |\n");
    page.push_str("|---|---|---|---|---|---|---|---|---|\n");
    for row in rows {
        let [at_least, aim] = words::targets(row);
        let cells = [
            row.case.clone(),
            words::with_spread(row.ours, row.ours_spread, &row.unit),
            row.peer_name.clone().unwrap_or_else(|| "–".to_owned()),
            match (row.peer, row.peer_spread) {
                (Some(peer), Some(spread)) => words::with_spread(peer, spread, &row.unit),
                _ => "–".to_owned(),
            },
            row.ratio.map_or("–".to_owned(), |ratio| format!("**{}**", words::digits(ratio))),
            words::agreement(row.answers_equal).to_owned(),
            at_least,
            aim,
            words::verdict(row.verdict()).to_owned(),
        ];
        let _ = writeln!(page, "| {} |", cells.map(|cell| cell.replace('|', "\\|")).join(" | "));
    }
    let _ = writeln!(page, "\n{}", summary(rows));
    for row in rows {
        if let Some(note) = &row.note {
            let _ = writeln!(page, "\n`{}`: {note}", row.case);
        }
    }
}

/// What the table says, counted.
fn summary(rows: &[&Row]) -> String {
    let better = rows.iter().filter(|row| row.ratio > Some(1.0)).count();
    let compared = rows.iter().filter(|row| row.ratio.is_some()).count();
    let mut text = format!("Ours is the better one in {better} of {compared} comparisons.");
    let counts: Vec<String> = [
        (Verdict::Aim, "reach the aim"),
        (Verdict::Met, "meet the minimum (they have no aim)"),
        (Verdict::Done, "meet the minimum but not the aim"),
        (Verdict::Short, "do not reach the aim (they have no minimum)"),
        (Verdict::Missed, "miss the minimum"),
    ]
    .into_iter()
    .filter_map(|(verdict, words)| {
        let same = |row: &&&Row| row.verdict() == Some(verdict);
        let count = rows.iter().filter(same).count();
        (count > 0).then(|| format!("{count} {words}"))
    })
    .collect();
    if !counts.is_empty() {
        let _ = write!(text, " Of the rows with targets, {}.", counts.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{Targets, Unit};

    #[test]
    fn losses_stay_in_the_table() {
        let unit = Unit::Nanoseconds("code");
        let lost = Row::alone("morton", "encode", unit, &[2.0], Some(true))
            .and_then(|row| row.beside("bare loop", unit, &[2.0], &[1.0], Targets::new(0.95, 1.7)))
            .unwrap();
        let mut alone = Row::alone("ingest", "size", Unit::Bytes, &[6e6], None).unwrap();
        (alone.at_least, alone.aim) = (Some(8e6), Some(6.8e6));
        alone.note = Some("once more than needed.".to_owned());
        let page = page(&[lost, alone], &|name| (name == "morton").then_some("Codes."), false);
        assert!(page.contains(
            "| encode | 2.00 ns/code | bare loop | 1.00 ns/code | **0.50** | same | ratio ≥ 0.95 | ratio ≥ 1.70 | misses the minimum |"
        ), "{page}");
        assert!(page.contains("## morton\n\nCodes.\n\nMeasured "), "{page}");
        assert!(
            page.contains("| size | 6.00 MB | – | – | – | – | ≤ 8.00 MB | ≤ 6.80 MB | reaches the aim |"),
            "{page}"
        );
        assert!(page.contains("better one in 0 of 1 comparisons"), "{page}");
        assert!(page.contains("\n`size`: once more than needed.\n"), "{page}");
    }
}
