//! How long old versions can be read.

use super::records::{BaseRef, Head};
use serde::{Deserialize, Serialize};

/// Which versions stay readable. A version does if either rule keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// So many of the newest versions; none means all of them.
    pub versions: Option<u64>,
    /// Those that were the newest within so many milliseconds; none if age does not count.
    pub age_ms: Option<u64>,
}

impl Default for Retention {
    /// The newest 1 000 versions.
    fn default() -> Self {
        Self { versions: Some(1_000), age_ms: None }
    }
}

impl Retention {
    /// Every version there ever was.
    pub const ALL: Self = Self { versions: None, age_ms: None };

    /// The oldest version to keep, by number alone.
    fn floor(&self, newest: u64) -> u64 {
        self.versions.map_or(0, |n| (newest + 1).saturating_sub(n.max(1)))
    }
}

impl Head {
    /// Lets go of older pages that no kept version needs.
    pub(super) fn retire(&mut self, newest: u64, now_ms: u64) {
        let floor = self.retention.floor(newest);
        let all: Vec<u64> = self.bases.iter().map(|b| b.version).chain([self.version]).collect();
        let since = self.retention.age_ms.map(|age| now_ms.saturating_sub(age));
        let mut next = all.iter().skip(1);
        self.bases.retain(|b| {
            // A base answers for the versions up to the next one.
            let last = next.next().map_or(u64::MAX, |n| n.saturating_sub(1));
            let young = since.is_some_and(|since| b.until_ms >= since);
            last >= floor || young
        });
    }

    /// Oldest version that can be read.
    pub(super) fn oldest(&self) -> u64 {
        self.bases.first().map_or(self.version, |b| b.version)
    }

    /// The pages that answer for a version older than the newest pages.
    pub(super) fn base_of(&self, version: u64) -> Option<(BaseRef, u64)> {
        let i = self.bases.partition_point(|b| b.version <= version).checked_sub(1)?;
        let next = self.bases.get(i + 1).map_or(self.version, |b| b.version);
        Some((*self.bases.get(i)?, next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(bases: &[u64], version: u64, retention: Retention) -> Head {
        let bases = bases
            .iter()
            .map(|&v| BaseRef { version: v, store: v, unfolded: v + 1, until_ms: v * 10 })
            .collect();
        Head { version, bases, retention, ..Head::first(0) }
    }

    fn kept(bases: &[u64], version: u64, newest: u64, retention: Retention, now_ms: u64) -> Vec<u64> {
        let mut h = head(bases, version, retention);
        h.retire(newest, now_ms);
        h.bases.iter().map(|b| b.version).collect()
    }

    #[test]
    fn bases_stay_while_a_kept_version_needs_them() {
        let last = |n| Retention { versions: Some(n), age_ms: None };
        // Versions 1..=30; pages of 1, 10 and 20 were replaced, those of 25 are the newest.
        assert_eq!(kept(&[1, 10, 20], 25, 30, last(1_000), 0), [1, 10, 20]);
        assert_eq!(kept(&[1, 10, 20], 25, 30, last(15), 0), [10, 20], "16 is read from 10");
        assert_eq!(kept(&[1, 10, 20], 25, 30, last(11), 0), [20]);
        assert_eq!(kept(&[1, 10, 20], 25, 30, last(6), 0), [0; 0], "25 is in the newest pages");
        assert_eq!(kept(&[1, 10, 20], 25, 30, last(0), 0), [0; 0]);
        assert_eq!(kept(&[1, 10, 20], 25, 30, Retention::ALL, 0), [1, 10, 20]);
        let young = Retention { versions: Some(1), age_ms: Some(50) };
        assert_eq!(kept(&[1, 10, 20], 25, 30, young, 150), [10, 20], "replaced at 100 or later");
        let h = head(&[1, 10], 25, Retention::ALL);
        assert_eq!(h.base_of(0), None);
        assert_eq!(h.base_of(9).map(|(b, next)| (b.version, next)), Some((1, 10)));
        assert_eq!(h.base_of(24).map(|(b, next)| (b.version, next)), Some((10, 25)));
        assert_eq!(h.oldest(), 1);
    }
}
