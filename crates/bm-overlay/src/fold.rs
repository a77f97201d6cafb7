//! From edits to pages: what a fold takes along, and the draft it fills.

use crate::delta::PageRun;
use crate::error::OverlayError;
use crate::overlay::Snapshot;
use crate::strategy::{Need, Strategy};
use bm_core::{PageId, PageSource};
use bm_octree::{Draft, Tree, parallel};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A base that is a page tree.
pub trait TreeBase: Send + Sync {
    /// The tree.
    fn tree(&self) -> &Tree;
    /// The pages it reads.
    fn pages(&self) -> Arc<dyn PageSource>;
    /// Whether edits that say what the tree says anyway must still be told from those that were never made.
    fn keeps_said(&self) -> bool {
        false
    }
}

/// How much was folded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Folded {
    /// Pages whose edits were taken.
    pub pages: u64,
    /// Edits taken, repeats included.
    pub edits: u64,
    /// Cells they came to, each in cells of its own level.
    pub cells: u64,
    /// Bytes of memory they held.
    pub bytes: u64,
}

/// The pages a strategy chooses, and those that must go with them: an edit of a coarse cell and the finer ones
/// inside it are folded together, or an old one could come to lie over a new one.
#[must_use]
pub fn choose<B>(snapshot: &Snapshot<B>, strategy: &dyn Strategy, bytes: u64) -> Vec<PageId> {
    let summaries = snapshot.pages();
    let need = Need { bytes, version: snapshot.version() };
    let mut all: BTreeSet<PageId> = BTreeSet::new();
    let mut queue = strategy.choose(&summaries, &need);
    let any_coarse = summaries.iter().any(|p| p.page.level() < 21);
    while let Some(page) = queue.pop() {
        if !all.insert(page) || !any_coarse {
            continue;
        }
        let mut up = page.parent();
        while let Some(above) = up {
            if snapshot.page(above).is_some() && !all.contains(&above) {
                queue.push(above);
            }
            up = above.parent();
        }
        if page.level() < 21 {
            snapshot.pages_within(&page.cell().bounds(), &mut |p| {
                if p.level() > page.level() && !all.contains(&p) {
                    queue.push(p);
                }
            });
        }
    }
    // Ids ascend by level first: coarse pages come before finer ones.
    all.into_iter().collect()
}

/// Puts the edits of pages, as a snapshot sees them, into a draft. Coarse pages must come before finer ones. It may
/// use so many threads; 0 means as many as the machine has.
///
/// # Errors
/// [`OverlayError::Tree`] when pages cannot be read.
pub fn fold_into<B: Send + Sync>(
    draft: &mut Draft<'_>,
    snapshot: &Snapshot<B>,
    pages: &[PageId],
    threads: usize,
) -> Result<Folded, OverlayError> {
    let resolved: Vec<Vec<PageRun>> = parallel::map(pages, threads, |&page| snapshot.resolve(page));
    let mut count = Folded::default();
    for (&page, runs) in pages.iter().zip(&resolved) {
        if let Some(summary) = snapshot.page(page) {
            count.edits += summary.edits;
            count.bytes += summary.bytes;
        }
        count.pages += 1;
        count.cells += runs.iter().map(|r| u64::from(r.1 - r.0)).sum::<u64>();
        if !runs.is_empty() {
            draft.edit(page, runs)?;
        }
    }
    Ok(count)
}
