//! Which pages to fold first.
//!
//! Every strategy sees the same summaries and must free at least what is asked for, so that writers who wait for
//! room always get it: the worst case of each (one page, nothing old) is still progress.

use crate::delta::PageSummary;
use bm_core::PageId;
use std::cmp::Reverse;

/// What a fold is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// Bytes of memory to free at least; `u64::MAX` for everything.
    pub bytes: u64,
    /// Newest version.
    pub version: u64,
}

/// Chooses pages to fold.
pub trait Strategy: Send + Sync {
    /// Short name for reports.
    fn name(&self) -> &'static str;

    /// Pages to fold, most urgent first, that free at least `need.bytes` together (or all there are).
    fn choose(&self, pages: &[PageSummary], need: &Need) -> Vec<PageId>;
}

/// The strategies there are, by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum StrategyKind {
    /// Oldest edits first, half of the pages at least.
    Lazy,
    /// Fullest pages first: the fewest pages written for the memory they free.
    #[default]
    Spatial,
    /// Everything older than 1 000 versions, then the oldest.
    Time,
    /// Fullness and age weighed against each other.
    Adaptive,
    /// Every page.
    All,
}

impl StrategyKind {
    /// All of them, in the order of their names' fame.
    pub const ALL: [Self; 5] = [Self::Lazy, Self::Spatial, Self::Time, Self::Adaptive, Self::All];

    /// The strategy itself.
    #[must_use]
    pub fn strategy(self) -> Box<dyn Strategy> {
        match self {
            Self::Lazy => Box::new(Lazy),
            Self::Spatial => Box::new(Spatial),
            Self::Time => Box::new(Time { versions: 1_000 }),
            Self::Adaptive => Box::new(Adaptive::default()),
            Self::All => Box::new(Everything),
        }
    }

    /// Lower-case name, as the command line takes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lazy => "lazy",
            Self::Spatial => "spatial",
            Self::Time => "time",
            Self::Adaptive => "adaptive",
            Self::All => "all",
        }
    }
}

/// Takes pages in order until enough is freed.
fn enough(pages: impl Iterator<Item = PageSummary>, need: &Need) -> Vec<PageId> {
    let mut freed = 0u64;
    pages
        .take_while(|p| {
            let more = freed < need.bytes;
            freed = freed.saturating_add(p.bytes);
            more
        })
        .map(|p| p.page)
        .collect()
}

/// Oldest edits first, half of the pages at least.
#[derive(Clone, Copy, Debug)]
pub struct Lazy;

impl Strategy for Lazy {
    fn name(&self) -> &'static str {
        "lazy"
    }

    fn choose(&self, pages: &[PageSummary], need: &Need) -> Vec<PageId> {
        let mut sorted = pages.to_vec();
        sorted.sort_unstable_by_key(|p| (p.first, p.page));
        let half = sorted.len().div_ceil(2);
        let enough = enough(sorted.iter().copied(), need).len();
        sorted.truncate(half.max(enough));
        sorted.into_iter().map(|p| p.page).collect()
    }
}

/// Fullest pages first.
#[derive(Clone, Copy, Debug)]
pub struct Spatial;

impl Strategy for Spatial {
    fn name(&self) -> &'static str {
        "spatial"
    }

    fn choose(&self, pages: &[PageSummary], need: &Need) -> Vec<PageId> {
        let mut sorted = pages.to_vec();
        sorted.sort_unstable_by_key(|p| (Reverse(p.edits), p.page));
        enough(sorted.into_iter(), need)
    }
}

/// Pages whose newest edit is older than so many versions; then the oldest ones.
#[derive(Clone, Copy, Debug)]
pub struct Time {
    /// Age in versions from which on a page counts as settled.
    pub versions: u64,
}

impl Strategy for Time {
    fn name(&self) -> &'static str {
        "time"
    }

    fn choose(&self, pages: &[PageSummary], need: &Need) -> Vec<PageId> {
        let mut sorted = pages.to_vec();
        sorted.sort_unstable_by_key(|p| (p.last, p.page));
        let settled = sorted.partition_point(|p| p.last.saturating_add(self.versions) <= need.version);
        let enough = enough(sorted.iter().copied(), need).len();
        sorted.truncate(settled.max(enough));
        sorted.into_iter().map(|p| p.page).collect()
    }
}

/// Score of a page: its share of all edits and its share of the age of all, weighed.
#[derive(Clone, Copy, Debug)]
pub struct Adaptive {
    /// Weight of fullness.
    pub fullness: f64,
    /// Weight of age.
    pub age: f64,
}

impl Default for Adaptive {
    fn default() -> Self {
        Self { fullness: 1.0, age: 1.0 }
    }
}

impl Strategy for Adaptive {
    fn name(&self) -> &'static str {
        "adaptive"
    }

    fn choose(&self, pages: &[PageSummary], need: &Need) -> Vec<PageId> {
        let most = pages.iter().map(|p| p.edits).max().unwrap_or(1).max(1) as f64;
        let oldest = pages.iter().map(|p| p.first).min().unwrap_or(0);
        let span = need.version.saturating_sub(oldest).max(1) as f64;
        let score = |p: &PageSummary| {
            let age = need.version.saturating_sub(p.first) as f64 / span;
            self.fullness * p.edits as f64 / most + self.age * age
        };
        let mut sorted: Vec<(f64, PageSummary)> = pages.iter().map(|p| (score(p), *p)).collect();
        sorted.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.page.cmp(&b.1.page)));
        enough(sorted.into_iter().map(|(_, p)| p), need)
    }
}

/// Every page.
#[derive(Clone, Copy, Debug)]
struct Everything;

impl Strategy for Everything {
    fn name(&self) -> &'static str {
        "all"
    }

    fn choose(&self, pages: &[PageSummary], _: &Need) -> Vec<PageId> {
        pages.iter().map(|p| p.page).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pages() -> impl Strategy2 {
        prop::collection::vec((1u64..50, 1u64..100, 1u64..5_000), 1..60).prop_map(|list| {
            (0u32..)
                .zip(list)
                .map(|(i, (edits, first, bytes))| PageSummary {
                    page: PageId::new(21, [i, 3, 5]).unwrap(),
                    edits,
                    first,
                    last: first + edits,
                    bytes,
                })
                .collect::<Vec<_>>()
        })
    }
    use proptest::strategy::Strategy as PropStrategy;
    trait Strategy2: PropStrategy<Value = Vec<PageSummary>> {}
    impl<T: PropStrategy<Value = Vec<PageSummary>>> Strategy2 for T {}

    proptest! {
        #[test]
        fn everyone_frees_what_is_asked_for(pages in pages(), bytes in 1u64..200_000, version in 100u64..5_000) {
            let total: u64 = pages.iter().map(|p| p.bytes).sum();
            for kind in StrategyKind::ALL {
                let chosen = kind.strategy().choose(&pages, &Need { bytes, version });
                let mut unique = chosen.clone();
                unique.sort_unstable();
                unique.dedup();
                prop_assert_eq!(unique.len(), chosen.len());
                let freed: u64 = pages.iter().filter(|p| unique.contains(&p.page)).map(|p| p.bytes).sum();
                prop_assert!(freed >= bytes.min(total), "{} frees {freed} of {bytes}", kind.name());
            }
        }
    }

    #[test]
    fn fullest_first_and_oldest_first() {
        let page = |i, edits, first| PageSummary {
            page: PageId::new(21, [i, 0, 0]).unwrap(),
            edits,
            first,
            last: first,
            bytes: 100,
        };
        let pages = [page(1, 5, 30), page(2, 50, 20), page(3, 1, 10)];
        let first = |kind: StrategyKind, version| {
            kind.strategy().choose(&pages, &Need { bytes: 1, version })[0].cell().coords()[0]
        };
        assert_eq!(first(StrategyKind::Spatial, 40), 2);
        assert_eq!(first(StrategyKind::Lazy, 40), 3);
        assert_eq!(first(StrategyKind::Time, 40), 3);
        assert_eq!(first(StrategyKind::Adaptive, 40), 2);
        // Nothing is old, and one page is all there is: still progress.
        let one = [page(7, 1, 40)];
        for kind in StrategyKind::ALL {
            assert_eq!(kind.strategy().choose(&one, &Need { bytes: 1, version: 40 }).len(), 1);
        }
    }
}
