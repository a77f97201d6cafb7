//! Whether we have become slower, or bigger, than a stored report says.

use super::row::Row;

/// A ratio may be this much worse than the stored one before it counts.
pub const TOLERANCE: f64 = 0.10;

/// A row whose ratio has become worse than [`TOLERANCE`] allows.
#[derive(Clone, Debug, PartialEq)]
pub struct Regression {
    /// The row as it is now.
    pub row: Row,
    /// The stored ratio.
    pub stored: f64,
    /// The ratio now.
    pub now: f64,
}

impl std::fmt::Display for Regression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} / {} against {}: ratio {:.3} was {:.3} ({:.0} % worse)",
            self.row.suite,
            self.row.case,
            self.row.peer_name.as_deref().unwrap_or("nobody"),
            self.now,
            self.stored,
            (1.0 - self.now / self.stored) * 100.0
        )
    }
}

/// Rows whose ratio is more than [`TOLERANCE`] below the stored one. Ratios are compared, not
/// values, because the machine may be another; rows that only one side has are not compared.
#[must_use]
pub fn regressions(stored: &[Row], now: &[Row]) -> Vec<Regression> {
    now.iter()
        .filter_map(|row| {
            let before = stored.iter().find(|old| old.key() == row.key())?;
            let (old, new) = (before.ratio?, row.ratio?);
            (new < old * (1.0 - TOLERANCE)).then(|| Regression { row: row.clone(), stored: old, now: new })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{Targets, Unit};

    fn row(case: &str, ratio: f64) -> Row {
        let unit = Unit::PerSecond("points");
        Row::alone("s", case, unit, &[ratio], Some(true))
            .and_then(|row| row.beside("p", unit, &[ratio], &[1.0], Targets::default()))
            .unwrap()
    }

    #[test]
    fn ten_per_cent_is_the_border() {
        let stored = [row("a", 2.0), row("b", 1.0), row("gone", 1.0)];
        let now = [row("a", 1.81), row("b", 0.85), row("new", 0.1)];
        let found = regressions(&stored, &now);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].row.case, "b");
        assert!(found[0].to_string().contains("15 % worse"), "{}", found[0]);
    }

    #[test]
    fn better_and_alone_are_fine() {
        let alone = Row::alone("s", "c", Unit::Bytes, &[1.0], None).unwrap();
        assert!(regressions(&[row("a", 1.0), alone.clone()], &[row("a", 9.0), alone]).is_empty());
    }
}
