//! Standard output, and how numbers look on it.

use crate::fault::Fault;
use bm_core::TickBox;
use bm_core::frame::{WORLD_X, WORLD_Y};
use bm_core::pos::tick_to_alt;
use serde::Serialize;
use serde_json::{Value, json};
use std::fmt::Display;
use std::io::{self, BufWriter, StdoutLock, Write};

/// Standard output, for people or for scripts.
pub(crate) struct Out {
    to: BufWriter<StdoutLock<'static>>,
    json: bool,
}

impl Out {
    pub(crate) fn new(json: bool) -> Self {
        Self { to: BufWriter::with_capacity(1 << 16, io::stdout().lock()), json }
    }

    /// Whether one machine-readable object is wanted.
    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// The writer itself, for streams.
    pub(crate) fn raw(&mut self) -> &mut impl Write {
        &mut self.to
    }

    /// One object on one line.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> Result<(), Fault> {
        serde_json::to_writer(&mut self.to, value).map_err(io::Error::from)?;
        Ok(self.to.write_all(b"\n")?)
    }

    /// A line of text.
    pub(crate) fn line(&mut self, text: impl Display) -> Result<(), Fault> {
        Ok(writeln!(self.to, "{text}")?)
    }

    /// A name and a value, in columns.
    pub(crate) fn pair(&mut self, name: &str, value: impl Display) -> Result<(), Fault> {
        Ok(writeln!(self.to, "{name:<14} {value}")?)
    }

    pub(crate) fn finish(&mut self) -> Result<(), Fault> {
        Ok(self.to.flush()?)
    }
}

/// `1234567` as `1 234 567`.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(c);
    }
    out
}

/// Bytes with three digits and a unit of 1000.
pub(crate) fn bytes(n: u64) -> String {
    if n < 1000 { format!("{n} B") } else { format!("{}B", scaled(n as f64)) }
}

/// A rate with three digits, such as `12.3 M`.
pub(crate) fn rate(n: f64) -> String {
    if n < 1000.0 { digits(n) } else { scaled(n) }
}

fn scaled(n: f64) -> String {
    let (mut n, mut unit) = (n / 1e3, "k");
    for next in ["M", "G", "T"] {
        if n < 999.5 {
            break;
        }
        (n, unit) = (n / 1e3, next);
    }
    format!("{} {unit}", digits(n))
}

/// A number too large to read otherwise, such as `1.03 × 10^24`.
pub(crate) fn huge(n: f64) -> String {
    let power = n.log10().floor();
    format!("{} × 10^{power}", digits(n / 10f64.powf(power)))
}

/// Three significant digits.
fn digits(n: f64) -> String {
    let places = if n >= 99.95 {
        0
    } else if n >= 9.995 {
        1
    } else {
        2
    };
    format!("{n:.places$}")
}

/// Metres as people write them: whole numbers grouped, quarters kept.
pub(crate) fn metres(m: f64) -> String {
    let whole = count(m.abs().trunc() as u64);
    let rest = format!("{:.3}", m.abs().fract());
    let rest = rest.trim_start_matches('0').trim_end_matches('0').trim_end_matches('.');
    format!("{}{whole}{rest} m", if m < 0.0 { "-" } else { "" })
}

/// The edge of a cell.
pub(crate) fn edge(m: f64) -> String {
    if m >= 100_000.0 { format!("{} km", count((m / 1000.0).round() as u64)) } else { metres(m) }
}

/// A box as people say it: degrees and metres.
pub(crate) fn area(b: &TickBox) -> String {
    let [west, south, east, north] = degrees(b);
    let [lo, hi] = altitudes(b);
    // A ten-millionth of a degree is a centimetre.
    let d = |v: f64| format!("{v:.7}").trim_end_matches('0').trim_end_matches('.').to_owned();
    format!("{},{} to {},{}, {} to {}", d(west), d(south), d(east), d(north), metres(lo), metres(hi))
}

/// A box for scripts: the options `--bbox` and `--alt` take these numbers; ticks are exact.
pub(crate) fn area_json(b: &TickBox) -> Value {
    json!({ "bbox": degrees(b), "alt": altitudes(b), "ticks": { "min": b.min, "max": b.max } })
}

/// West, south, east, north.
fn degrees(b: &TickBox) -> [f64; 4] {
    let lon = |x: u32| f64::from(x) / f64::from(WORLD_X) * 360.0 - 180.0;
    let lat = |y: u32| f64::from(y) / f64::from(WORLD_Y) * 180.0 - 90.0;
    [lon(b.min[0]), lat(b.min[1]), lon(b.max[0]), lat(b.max[1])]
}

fn altitudes(b: &TickBox) -> [f64; 2] {
    [tick_to_alt(b.min[2]), tick_to_alt(b.max[2])]
}

/// Milliseconds since 1970 as `2026-11-22T11:02:03Z`; nothing for 0, which stands for not known.
pub(crate) fn time(ms: u64) -> Option<String> {
    if ms == 0 {
        return None;
    }
    let (days, second) = (ms / 86_400_000, ms / 1000 % 86_400);
    // Years of 365.2425 days from the first of March, so that the leap day is the last one.
    let from_march = days + 719_468;
    let era = from_march / 146_097;
    let day = from_march % 146_097;
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let date = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let (h, m, s) = (second / 3600, second / 60 % 60, second % 60);
    Some(format!("{:04}-{month:02}-{date:02}T{h:02}:{m:02}:{s:02}Z", era * 400 + year + next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1 000", "1 234 567"]);
        assert_eq!([12, 1_234, 999_600, 12_345_678].map(bytes), ["12 B", "1.23 kB", "1.00 MB", "12.3 MB"]);
        assert_eq!([3.0, 12_300.0, 2.5e7].map(rate), ["3.00", "12.3 k", "25.0 M"]);
        assert_eq!(huge(1.0278e24), "1.03 × 10^24");
        assert_eq!([-2000.0, 0.25, 8848.5, -0.0].map(metres), ["-2 000 m", "0.25 m", "8 848.5 m", "0 m"]);
        assert_eq!([67_108_864.0, 0.5].map(edge), ["67 109 km", "0.5 m"]);
        let times = [0, 1, 951_782_399_000, 951_782_400_000, 1_795_345_323_999, 4_107_542_399_000].map(time);
        let want = ["1970-01-01T00:00:00Z", "2000-02-28T23:59:59Z", "2000-02-29T00:00:00Z"];
        assert_eq!(times[0], None);
        assert_eq!(times[1..4], want.map(|t| Some(t.to_owned())));
        let want = ["2026-11-22T11:02:03Z", "2100-02-28T23:59:59Z"];
        assert_eq!(times[4..], want.map(|t| Some(t.to_owned())));
    }
}
