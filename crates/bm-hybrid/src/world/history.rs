//! Older versions.

use super::World;
use super::boundaries::BoundaryLog;
use super::records::Ground;
use crate::error::WorldError;
use crate::view::View;
use bm_overlay::journal::{JournalError, Record};
use bm_overlay::{Options, Overlay, OverlayError, Shadows};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// Older bases that stay at hand.
const KEPT: usize = 4;

/// Older versions of the pages with the edits that came over them, the last one asked for last.
#[derive(Default)]
pub(super) struct History(Mutex<Vec<Past>>);

/// From one version of the pages to the next.
#[derive(Clone)]
struct Past {
    version: u64,
    overlay: Arc<Overlay<Ground>>,
    shadows: Arc<Shadows>,
    boundaries: Arc<BoundaryLog>,
}

impl History {
    /// Lets go of everything, and of the snapshots of the store with it.
    pub(super) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl World {
    /// A version, as it was when it was the newest. Versions since the last fold are at hand; older ones are read
    /// from the pages as they were and the journal.
    ///
    /// # Errors
    /// [`WorldError::NoSuchVersion`] for one that was never made, [`WorldError::Retired`] for one that is no longer
    /// kept; errors of the store and the journal.
    pub fn at(&self, version: u64) -> Result<Arc<View>, WorldError> {
        let inner = &self.inner;
        if let Some(snapshot) = inner.overlay.snapshot_at(version)
            && let Some(boundaries) = inner.boundaries.at(version)
        {
            return Ok(Arc::new(View::new(snapshot, &inner.shadows, boundaries)));
        }
        let now = inner.overlay.snapshot();
        let newest = now.version();
        if version > newest || version == 0 {
            return Err(WorldError::NoSuchVersion { version, newest });
        }
        let head = &now.base().head;
        let retired = || WorldError::Retired { version, oldest: head.oldest() };
        let (base, next) = head.base_of(version).ok_or_else(retired)?;
        let mut kept = inner.history.0.lock().unwrap_or_else(PoisonError::into_inner);
        let past = match kept.iter().position(|p| p.version == base.version) {
            Some(i) => kept.remove(i),
            None => {
                let snapshot = inner.store.snapshot_at(base.store)?;
                let ground = Ground::read(snapshot, &inner.context, &inner.areas)?;
                let boundaries = BoundaryLog::starting(base.version, ground.boundaries.clone());
                let overlay = Overlay::new(ground, base.version, Options::default());
                self.edits_between(&overlay, &boundaries, base.unfolded..next)?;
                Past {
                    version: base.version,
                    overlay: Arc::new(overlay),
                    shadows: Arc::default(),
                    boundaries: Arc::new(boundaries),
                }
            }
        };
        kept.push(past.clone());
        let excess = kept.len().saturating_sub(KEPT);
        kept.drain(..excess);
        drop(kept);
        let snapshot = past.overlay.snapshot_at(version).ok_or_else(retired)?;
        let boundaries = past.boundaries.at(version).ok_or_else(retired)?;
        Ok(Arc::new(View::new(snapshot, &past.shadows, boundaries)))
    }

    /// Lays the edits that a version of the pages did not hold, up to the next version of them, over it.
    fn edits_between(
        &self,
        overlay: &Overlay<Ground>,
        boundaries: &BoundaryLog,
        versions: Range<u64>,
    ) -> Result<(), WorldError> {
        let Range { start: unfolded, end: next } = versions;
        let folded = overlay.version();
        if let Some(journal) = self.inner.overlay.journal() {
            // The journal keeps what any readable version needs: before its first record there were no edits.
            let first = journal.first_seq().max(unfolded);
            let mut failed: Option<WorldError> = None;
            let mut restore = |record: Record<'_>| -> Result<(), JournalError> {
                if failed.is_some() {
                    return Ok(());
                }
                let seq = record.head.seq;
                failed = overlay.restore(seq, &record.edits()?).err().map(Into::into);
                if let (Some(annex), true) = (record.annex()?, seq > folded) {
                    failed = failed.take().or(boundaries
                        .replay(seq, annex, &self.inner.areas, overlay.snapshot().base())
                        .err());
                }
                Ok(())
            };
            journal.read(first..next, &mut restore).map_err(OverlayError::from)?;
            if let Some(e) = failed {
                return Err(e);
            }
        }
        overlay.advance(next - 1);
        Ok(())
    }
}
