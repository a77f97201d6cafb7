//! Reading records of the past while new ones are appended.

use super::frame::{END, HEADER, MARK, NAME, Walk, place};
use super::front::Anchor;
use super::{Change, Head, Journal, JournalError, Lsn, Record};
use crate::edits::RunEdit;
use bm_core::page::PAGE_SPAN;
use bm_core::{PageId, TickBox};
use bm_store::RawFile;
use std::ops::Range;
use std::sync::Arc;

/// A record's head, and what its edits amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogEntry<'a> {
    /// Sequence number, time, origin and note.
    pub head: Head<'a>,
    /// Cells named, each in cells of its own level.
    pub cells: u64,
    /// The smallest box around them, in quarter metres, upper ends outside; `None` if there are none.
    pub bounds: Option<TickBox>,
    /// Bytes of the encoded edits.
    pub payload_bytes: usize,
}

/// Where to read, taken from the state so that reading needs no lock.
struct Part {
    number: u32,
    walk: (Arc<dyn RawFile>, super::frame::Key, Anchor, u64),
    names: Vec<Arc<str>>,
}

impl Journal {
    /// Hands the records with sequence numbers in `seqs` to `visit`, in order, while appends go on. What is buffered
    /// is handed to the system first if the range reaches into it.
    ///
    /// # Errors
    /// [`JournalError::Retired`] if the range begins before the oldest record; [`JournalError::Damaged`],
    /// [`JournalError::Io`]; and what `visit` says.
    pub fn read(
        &self,
        seqs: Range<u64>,
        visit: &mut dyn FnMut(Record<'_>) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        if seqs.is_empty() {
            return Ok(());
        }
        for part in self.parts(&seqs)? {
            if !part.read(&seqs, visit)? {
                break;
            }
        }
        Ok(())
    }

    /// What was done: the records with sequence numbers in `seqs` without their edits.
    ///
    /// # Errors
    /// As [`Journal::read`].
    pub fn log(
        &self,
        seqs: Range<u64>,
        visit: &mut dyn FnMut(LogEntry<'_>) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        self.read(seqs, &mut |record| visit(record.summary()?))
    }

    /// No record with a lower sequence number can be read.
    #[must_use]
    pub fn first_seq(&self) -> u64 {
        let state = self.group.lock();
        state.queue.segments().next().map_or(0, |s| s.first_seq)
    }

    /// The sequence number behind the last record.
    #[must_use]
    pub fn next_seq(&self) -> u64 {
        self.group.lock().queue.next_seq()
    }

    fn parts(&self, seqs: &Range<u64>) -> Result<Vec<Part>, JournalError> {
        let mut state = self.group.lock();
        if state.queue.written_seq < seqs.end.min(state.queue.next_seq()) && state.stopped.is_none() {
            drop(state);
            self.flush()?;
            state = self.group.lock();
        }
        let first = state.queue.segments().next().map_or(0, |s| s.first_seq);
        if seqs.start < first {
            return Err(JournalError::Retired { asked: seqs.start, first });
        }
        let written = state.written;
        let files = self.shared.files();
        let mut parts = Vec::new();
        let mut nexts = state.queue.segments().skip(1).map(|s| s.first_seq);
        for segment in state.queue.segments() {
            let next = nexts.next().unwrap_or(u64::MAX);
            if next <= seqs.start || segment.first_seq >= seqs.end || place(segment.number, HEADER) > written
            {
                continue;
            }
            let limit = u64::from(segment.end).min(written - place(segment.number, 0));
            let at = segment.anchors.partition_point(|a| a.context.next_seq <= seqs.start);
            let Some(&anchor) = segment.anchors.get(at.saturating_sub(1)) else { continue };
            let Some(file) = files.get(&segment.number) else { continue };
            parts.push(Part {
                number: segment.number,
                walk: (file.clone(), segment.key, anchor, limit),
                names: segment.names.clone(),
            });
        }
        Ok(parts)
    }
}

impl Part {
    /// Whether the records behind this part may still be in the range.
    fn read(
        &self,
        seqs: &Range<u64>,
        visit: &mut dyn FnMut(Record<'_>) -> Result<(), JournalError>,
    ) -> Result<bool, JournalError> {
        let (file, key, anchor, limit) = &self.walk;
        let mut context = anchor.context;
        let mut walk = Walk::new(&**file, *key, anchor.offset.into(), *limit);
        while walk.at < *limit {
            let at = walk.at as u32;
            let bad = |detail: &str| JournalError::damaged(self.number, at, detail);
            let frame = walk.step().map_err(JournalError::io("read"))?;
            let frame = frame.ok_or_else(|| bad("no good record is here, but one was"))?;
            if matches!(frame.kind, NAME | MARK | END) {
                continue;
            }
            let parts = context.take_head(frame.kind, frame.body).map_err(|e| bad(&e.to_string()))?;
            if parts.seq < seqs.start {
                continue;
            }
            if parts.seq >= seqs.end {
                return Ok(false);
            }
            let origin = context.origin.and_then(|id| self.names.get(id as usize));
            let origin = origin.ok_or_else(|| bad("the origin of a record is not named"))?;
            let head = Head { seq: parts.seq, time_ms: context.time_ms, origin, note: parts.note };
            visit(Record { head, payload: parts.payload, lsn: Lsn(place(self.number, frame.end)) })?;
        }
        Ok(true)
    }
}

impl<'a> Record<'a> {
    /// What the edits amount to.
    ///
    /// # Errors
    /// [`JournalError::Edits`] if they cannot be decoded.
    pub fn summary(&self) -> Result<LogEntry<'a>, JournalError> {
        let mut cells = 0;
        let mut bounds: Option<TickBox> = None;
        let mut grow = |page: PageId, lo: [u32; 3], hi: [u32; 3]| {
            let cell = page.cell();
            let edge = cell.edge_ticks() >> PAGE_SPAN;
            let origin = cell.origin();
            let min = [0, 1, 2].map(|a| origin[a] + lo[a] * edge);
            let max = [0, 1, 2].map(|a| origin[a] + (hi[a] + 1) * edge);
            bounds = Some(match bounds {
                None => TickBox { min, max },
                Some(b) => TickBox {
                    min: [0, 1, 2].map(|a| b.min[a].min(min[a])),
                    max: [0, 1, 2].map(|a| b.max[a].max(max[a])),
                },
            });
        };
        self.visit(|change| match change {
            Change::Box(b) => {
                cells += u64::from(b.volume());
                grow(b.page, b.lo.map(u32::from), b.hi.map(u32::from));
            }
            Change::Run(run) => {
                cells += u64::from(run.to - run.from);
                aligned(run, &mut grow);
            }
        })?;
        Ok(LogEntry { head: self.head, cells, bounds, payload_bytes: self.payload.len() })
    }
}

/// Splits a run into cubes: pieces of the curve that begin at a multiple of their own length, a power of eight.
fn aligned(run: RunEdit, cube: &mut impl FnMut(PageId, [u32; 3], [u32; 3])) {
    let mut from = run.from;
    while from < run.to {
        let mut side = 0;
        while side < PAGE_SPAN && from & ((8 << (3 * side)) - 1) == 0 && from + (8 << (3 * side)) <= run.to {
            side += 1;
        }
        let lo = bm_morton::decode3_u32(from).map(u32::from);
        cube(run.page, lo, lo.map(|v| v + (1 << side) - 1));
        from += 1 << (3 * side);
    }
}
