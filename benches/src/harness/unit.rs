//! What a number means, and which way is better.

/// The unit of a measured value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Things per second; more is better. `PerSecond("points")` is written `points/s`.
    PerSecond(&'static str),
    /// Wall time in seconds; less is better. Written `s`.
    Seconds,
    /// Bytes, on disk or in memory; less is better. Written `bytes`.
    Bytes,
    /// Nanoseconds for one thing; less is better. `Nanoseconds("code")` is written `ns/code`.
    Nanoseconds(&'static str),
    /// A plain factor with its own label, such as `cells covered / cells asked`; less is better.
    Factor(&'static str),
}

impl Unit {
    /// The unit as rows and tables write it.
    #[must_use]
    pub fn label(self) -> String {
        match self {
            Self::PerSecond(thing) => format!("{thing}/s"),
            Self::Seconds => "s".to_owned(),
            Self::Bytes => "bytes".to_owned(),
            Self::Nanoseconds(thing) => format!("ns/{thing}"),
            Self::Factor(label) => label.to_owned(),
        }
    }

    /// Whether a smaller value is the better one.
    #[must_use]
    pub fn lower_is_better(self) -> bool {
        !matches!(self, Self::PerSecond(_))
    }

    /// How many times better `ours` is than `peer`: above 1 means ours is better in every unit.
    #[must_use]
    pub fn ratio(self, ours: f64, peer: f64) -> f64 {
        if self.lower_is_better() { peer / ours } else { ours / peer }
    }

    /// The value for `operations` things done in `seconds`; `None` when the unit is not a matter of time.
    #[must_use]
    pub fn from_time(self, operations: u64, seconds: f64) -> Option<f64> {
        match self {
            Self::PerSecond(_) => Some(operations as f64 / seconds),
            Self::Seconds => Some(seconds),
            Self::Nanoseconds(_) => Some(seconds * 1e9 / operations as f64),
            Self::Bytes | Self::Factor(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn above_one_is_ours_in_every_unit() {
        assert_eq!(Unit::PerSecond("points").ratio(20.0, 10.0), 2.0);
        for unit in [Unit::Seconds, Unit::Bytes, Unit::Nanoseconds("code"), Unit::Factor("x")] {
            assert_eq!(unit.ratio(10.0, 20.0), 2.0, "{unit:?}");
            assert_eq!(unit.ratio(20.0, 10.0), 0.5, "{unit:?}");
        }
    }

    #[test]
    fn time_becomes_the_unit() {
        assert_eq!(Unit::PerSecond("points").from_time(500, 0.5), Some(1000.0));
        assert_eq!(Unit::Nanoseconds("code").from_time(1000, 1e-6), Some(1.0));
        assert_eq!(Unit::Seconds.from_time(1, 2.5), Some(2.5));
        assert_eq!(Unit::Bytes.from_time(1, 2.5), None);
    }

    #[test]
    fn labels_are_the_documented_ones() {
        assert_eq!(Unit::PerSecond("points").label(), "points/s");
        assert_eq!(Unit::Nanoseconds("code").label(), "ns/code");
        assert_eq!(Unit::Bytes.label(), "bytes");
    }
}
