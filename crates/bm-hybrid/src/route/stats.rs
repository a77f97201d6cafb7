//! Who answered, and how long it took.

use bm_core::SourceKind;
use std::time::Duration;

/// One answer in so many is timed: a clock costs as much as an answer.
const TIMED: u64 = 64;
/// Sources that are told apart.
const SOURCES: [SourceKind; 9] = [
    SourceKind::Uniform,
    SourceKind::Strata,
    SourceKind::Procedural,
    SourceKind::Runs,
    SourceKind::Palette,
    SourceKind::Summary,
    SourceKind::Edit,
    SourceKind::Boundary,
    SourceKind::Grid,
];

/// How long answers took, in classes by powers of two of a nanosecond.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    classes: [u64; 32],
}

impl Latency {
    fn add(&mut self, took: Duration) {
        let ns = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX).max(1);
        self.classes[(ns.ilog2() as usize).min(31)] += 1;
    }

    /// Number of answers timed.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.classes.iter().sum()
    }

    /// Nanoseconds below which this share of the answers took, to the next power of two; none if none was timed.
    #[must_use]
    pub fn quantile_ns(&self, share: f64) -> Option<u64> {
        let wanted = (self.count() as f64 * share.clamp(0.0, 1.0)).ceil().max(1.0) as u64;
        let mut seen = 0;
        let class = self.classes.iter().position(|n| {
            seen += n;
            seen >= wanted
        })?;
        Some(2 << class)
    }
}

/// Counters of a router.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteStats {
    all: u64,
    exact: u64,
    answers: [u64; SOURCES.len()],
    latency: [Latency; SOURCES.len()],
}

impl RouteStats {
    #[inline]
    pub(super) const fn is_timed(&self) -> bool {
        self.all.is_multiple_of(TIMED)
    }

    #[inline]
    pub(super) fn count(&mut self, source: SourceKind, took: Option<Duration>) {
        self.all += 1;
        let Some(i) = place(source) else { return };
        self.answers[i] += 1;
        if let Some(took) = took {
            self.latency[i].add(took);
        }
    }

    #[inline]
    pub(super) fn tested(&mut self, exactly: bool) {
        self.exact += u64::from(exactly);
    }

    /// Answers in all.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.all
    }

    /// Answers of boundaries for which an edge had to be looked at.
    #[must_use]
    pub const fn exact_tests(&self) -> u64 {
        self.exact
    }

    /// Answers of a source.
    #[must_use]
    pub fn answers(&self, source: SourceKind) -> u64 {
        place(source).map_or(0, |i| self.answers[i])
    }

    /// How long those of a source took; one in 64 is timed.
    #[must_use]
    pub fn latency(&self, source: SourceKind) -> Latency {
        place(source).map(|i| self.latency[i].clone()).unwrap_or_default()
    }

    /// The sources that have answered, the busiest first.
    #[must_use]
    pub fn sources(&self) -> Vec<(SourceKind, u64)> {
        let mut all: Vec<_> = SOURCES.into_iter().zip(self.answers).filter(|&(_, n)| n > 0).collect();
        all.sort_by_key(|&(_, n)| std::cmp::Reverse(n));
        all
    }

    /// Adds what another router has counted.
    pub fn add(&mut self, other: &Self) {
        self.all += other.all;
        self.exact += other.exact;
        for i in 0..SOURCES.len() {
            self.answers[i] += other.answers[i];
            let theirs = other.latency[i].classes.iter();
            self.latency[i].classes.iter_mut().zip(theirs).for_each(|(a, b)| *a += b);
        }
    }
}

#[inline]
fn place(source: SourceKind) -> Option<usize> {
    SOURCES.iter().position(|&s| s == source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_times() {
        let mut s = RouteStats::default();
        for i in 0..130u64 {
            let took = s.is_timed().then(|| Duration::from_nanos(100 + i));
            s.count(if i % 2 == 0 { SourceKind::Strata } else { SourceKind::Boundary }, took);
        }
        assert_eq!((s.total(), s.answers(SourceKind::Strata), s.answers(SourceKind::Grid)), (130, 65, 0));
        let l = s.latency(SourceKind::Strata);
        assert_eq!((l.count(), l.quantile_ns(0.5), l.quantile_ns(1.0)), (3, Some(256), Some(256)));
        assert_eq!(s.latency(SourceKind::Grid).quantile_ns(0.5), None);
        let mut twice = s.clone();
        twice.add(&s);
        assert_eq!((twice.total(), twice.latency(SourceKind::Strata).count()), (260, 6));
        assert_eq!(s.sources().len(), 2);
    }
}
