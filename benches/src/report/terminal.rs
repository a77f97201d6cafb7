//! Rows on the terminal, one as soon as it is measured.

use std::io::{self, Write};

use super::row::Row;
use super::words;

/// The line above a suite's rows.
///
/// # Errors
/// When the output cannot be written.
pub fn heading(out: &mut dyn Write, suite: &str) -> io::Result<()> {
    writeln!(
        out,
        "\n{:<30} {:<34} | {:<34} | {:>6} | {:<9} | peer and targets",
        suite, "ours (min–max)", "peer (min–max)", "ratio", "answers"
    )?;
    out.flush()
}

/// One row: `ours | peer | ratio`, then who the peer is and how we stand to our targets.
///
/// # Errors
/// When the output cannot be written.
pub fn row(out: &mut dyn Write, row: &Row) -> io::Result<()> {
    let ours = words::with_spread(row.ours, row.ours_spread, &row.unit);
    let peer = match (row.peer, row.peer_spread) {
        (Some(peer), Some(spread)) => words::with_spread(peer, spread, &row.unit),
        _ => "–".to_owned(),
    };
    let ratio = row.ratio.map_or("–".to_owned(), words::digits);
    let mut notes: Vec<String> = row.peer_name.iter().cloned().collect();
    let [at_least, aim] = words::targets(row);
    if !at_least.is_empty() {
        notes.push(format!("at least {at_least}"));
    }
    if !aim.is_empty() {
        notes.push(format!("aim {aim}"));
    }
    let verdict = words::verdict(row.verdict());
    if !verdict.is_empty() {
        notes.push(verdict.to_owned());
    }
    writeln!(
        out,
        "{:<30} {ours:<34} | {peer:<34} | {ratio:>6} | {:<9} | {}",
        row.case,
        words::agreement(row.answers_equal),
        notes.join("; ")
    )?;
    if let Some(note) = &row.note {
        writeln!(out, "    {note}")?;
    }
    out.flush()
}
