//! Numbers and targets as people read them.

use super::row::{Row, Verdict};

/// A value with its unit, three digits, scaled: `12.3 M points/s`, `6.80 MB`, `1.20 ms`.
pub(super) fn value(value: f64, unit: &str) -> String {
    if unit == "bytes" {
        let (scaled, prefix) = scaled(value);
        return format!("{} {}B", digits(scaled), if prefix == "k" { "k" } else { prefix });
    }
    if unit == "s" {
        let (scaled, word) = match value {
            v if v >= 1.0 => (v, "s"),
            v if v >= 1e-3 => (v * 1e3, "ms"),
            v if v >= 1e-6 => (v * 1e6, "µs"),
            v => (v * 1e9, "ns"),
        };
        return format!("{} {word}", digits(scaled));
    }
    if unit.ends_with("/s") {
        let (scaled, prefix) = scaled(value);
        let gap = if prefix.is_empty() { "" } else { " " };
        return format!("{}{gap}{prefix} {unit}", digits(scaled));
    }
    format!("{} {unit}", digits(value))
}

fn scaled(value: f64) -> (f64, &'static str) {
    match value {
        v if v >= 1e9 => (v / 1e9, "G"),
        v if v >= 1e6 => (v / 1e6, "M"),
        v if v >= 1e3 => (v / 1e3, "k"),
        v => (v, ""),
    }
}

/// Three digits, no exponent.
pub(super) fn digits(value: f64) -> String {
    match value.abs() {
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        v if v >= 0.01 || v == 0.0 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

/// A value with its spread: `1.03 ns/code (1.01–1.10)`; without it when all rounds agree.
pub(super) fn with_spread(median: f64, [min, max]: [f64; 2], unit: &str) -> String {
    let text = value(median, unit);
    let (low, high) = (value(min, unit), value(max, unit));
    if low == text && high == text {
        return text;
    }
    // The unit once is enough when all three share it.
    let tail = text.split_once(' ').map_or("", |(_, tail)| tail);
    let short = |text: &str| {
        text.strip_suffix(tail)
            .filter(|_| !tail.is_empty())
            .map_or(text.to_owned(), |number| number.trim_end().to_owned())
    };
    format!("{text} ({}–{})", short(&low), short(&high))
}

/// The minimum and the aim of a row in words; empty when there is none.
pub(super) fn targets(row: &Row) -> [String; 2] {
    let bound = if row.lower_is_better { "≤" } else { "≥" };
    let words = |own: Option<f64>, ratio: Option<f64>| {
        let own = own.map(|v| format!("{bound} {}", value(v, &row.unit)));
        let ratio = ratio.map(|v| format!("ratio ≥ {}", digits(v)));
        [own, ratio].into_iter().flatten().collect::<Vec<_>>().join(", ")
    };
    [words(row.at_least, row.ratio_at_least), words(row.aim, row.ratio_aim)]
}

/// A verdict in plain words.
pub(super) fn verdict(verdict: Option<Verdict>) -> &'static str {
    match verdict {
        None => "",
        Some(Verdict::Missed) => "misses the minimum",
        Some(Verdict::Done) => "meets the minimum, not the aim",
        Some(Verdict::Short) => "does not reach the aim",
        Some(Verdict::Met) => "meets the minimum",
        Some(Verdict::Aim) => "reaches the aim",
    }
}

/// Whether the answers agree, in one word.
pub(super) fn agreement(equal: Option<bool>) -> &'static str {
    match equal {
        Some(true) => "same",
        Some(false) => "DIFFERENT",
        None => "–",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_scaled() {
        assert_eq!(value(12_345_678.0, "points/s"), "12.3 M points/s");
        assert_eq!(value(12.0, "points/s"), "12.0 points/s");
        assert_eq!(value(6_800_000.0, "bytes"), "6.80 MB");
        assert_eq!(value(812.0, "bytes"), "812 B");
        assert_eq!(value(0.0123, "s"), "12.3 ms");
        assert_eq!(value(3.0, "s"), "3.00 s");
        assert_eq!(value(1.034, "ns/code"), "1.03 ns/code");
        assert_eq!(value(0.001_23, "x"), "0.0012 x");
    }

    #[test]
    fn the_unit_stands_once() {
        assert_eq!(with_spread(1.0, [0.9, 1.2], "ns/code"), "1.00 ns/code (0.90–1.20)");
        assert_eq!(with_spread(2e6, [0.9e6, 2.5e6], "points/s"), "2.00 M points/s (900 k points/s–2.50)");
        assert_eq!(with_spread(5.0, [5.0, 5.0], "bytes"), "5.00 B");
    }
}
