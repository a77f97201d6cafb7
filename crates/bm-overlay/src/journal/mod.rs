//! The journal: what stands between an acknowledged edit and its loss.
//!
//! A folder of segment files, each a sequence of records; a record is one transaction, whole or not there. Appending
//! buffers; [`Journal::flush`] hands to the system, [`Journal::wait`] returns when a record is on the disk, and
//! shares one sync among all threads that wait. The first write or sync that fails stops the journal until it is
//! opened again.
//!
//! ```
//! use bm_core::{MaterialId, PageId};
//! use bm_overlay::journal::{Folder, Head, Journal, Options, encode_cell};
//! use std::sync::Arc;
//!
//! let folder = tempfile::tempdir()?;
//! let media = Arc::new(Folder::create(folder.path().join("earth.edits"))?);
//! let journal = Journal::create(media.clone(), 7, 1, Options::default())?;
//! let mut payload = Vec::new();
//! encode_cell(PageId::ROOT, 12_345, MaterialId(6), &mut payload);
//! let head = Head { seq: 1, time_ms: 1_700_000_000_000, origin: "erosion", note: "" };
//! let lsn = journal.append(&head, &payload)?;
//! journal.wait(lsn)?; // on the disk now
//! drop(journal);
//!
//! let mut cells = 0;
//! let (_journal, found) = Journal::open(media, 7, Options::default(), &mut |record| {
//!     record.visit(|_change| cells += 1)
//! })?;
//! assert_eq!((found.records, cells), (1, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The bytes are in the crate's `FORMAT.md`.

mod codec;
mod error;
#[cfg(feature = "fault")]
mod fault;
mod frame;
mod front;
mod group;
mod media;
mod read;
mod recover;
mod wire;
mod writer;

/// What [`group`] locks and waits with.
mod sync {
    pub(super) use std::sync::{Condvar, Mutex, MutexGuard};
    pub(super) use std::thread::yield_now;

    /// How often a leader steps aside for threads that committed with it the last time.
    pub(super) const PATIENCE: u32 = 16;
}

pub use codec::{Change, annex, decode_edits, encode_cell, encode_edits, encode_with, visit_edits};
pub use error::JournalError;
#[cfg(feature = "fault")]
pub use fault::FaultFolder;
pub use media::{Folder, Media};
pub use read::LogEntry;

use crate::edits::Edits;
use frame::{Context, Header, place};
use front::{Front, Segment};
use group::{Group, Stopped};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use writer::{Shared, Writer};

/// What a record says besides its edits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head<'a> {
    /// Sequence number: the world version the record makes. They ascend, gaps are fine; `u64::MAX` is not used.
    pub seq: u64,
    /// When, in milliseconds since 1970.
    pub time_ms: u64,
    /// Which process or user; at most 255 bytes.
    pub origin: &'a str,
    /// A word on why; at most 4095 bytes, mostly empty.
    pub note: &'a str,
}

/// A record as it is read.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// What it says besides its edits.
    pub head: Head<'a>,
    /// The edits' bytes, see [`encode_edits`].
    pub payload: &'a [u8],
    /// The place behind it.
    pub lsn: Lsn,
}

impl<'a> Record<'a> {
    /// The bytes that travel with the edits, if there are any.
    ///
    /// # Errors
    /// [`JournalError::Edits`] if they are cut short.
    pub fn annex(&self) -> Result<Option<&'a [u8]>, JournalError> {
        annex(self.payload)
    }

    /// The edits.
    ///
    /// # Errors
    /// [`JournalError::Edits`] if they cannot be decoded.
    pub fn edits(&self) -> Result<Edits, JournalError> {
        decode_edits(self.payload)
    }

    /// The edits one by one, see [`visit_edits`].
    ///
    /// # Errors
    /// [`JournalError::Edits`] if they cannot be decoded.
    pub fn visit(&self, visit: impl FnMut(Change)) -> Result<(), JournalError> {
        visit_edits(self.payload, visit)
    }
}

/// A place in the journal; the place behind a record stands for everything up to that record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lsn(pub(crate) u64);

/// How a journal uses its files and memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// A segment that would grow beyond this many bytes is followed by a new one. 1 KiB to 1 GiB; a single record
    /// may be larger. 16 MiB unless said otherwise.
    pub segment_bytes: u32,
    /// With more than this many bytes buffered, whoever appends hands them to the system. 256 KiB.
    pub flush_bytes: usize,
    /// With more than this many bytes buffered, appends wait for the system. 8 MiB.
    pub buffer_bytes: usize,
    /// A file begins with this many bytes of zeros and grows by its own length, up to 1 MiB a step: overwriting is
    /// cheaper to sync than growing. Whole blocks of 4096. 64 KiB.
    pub room_bytes: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { segment_bytes: 16 << 20, flush_bytes: 256 << 10, buffer_bytes: 8 << 20, room_bytes: 64 << 10 }
    }
}

impl Options {
    fn checked(self) -> Self {
        Self {
            segment_bytes: self.segment_bytes.clamp(1 << 10, 1 << 30),
            flush_bytes: self.flush_bytes,
            buffer_bytes: self.buffer_bytes.max(self.flush_bytes),
            room_bytes: self.room_bytes.clamp(4 << 10, 1 << 20).next_multiple_of(4 << 10),
        }
    }
}

/// What [`Journal::open`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Records handed out.
    pub records: u64,
    /// Bytes of the segments up to the last record.
    pub bytes: u64,
    /// Bytes behind the last record that were not empty, in any segment, and bytes that a file lacks to whole blocks:
    /// what a crash left of records nobody was promised. Zero after a clean end.
    pub torn_bytes: u64,
    /// No record with a lower sequence number can be in the journal (any more).
    pub first_seq: u64,
    /// Sequence number of the last record, if there is one.
    pub last_seq: Option<u64>,
    /// Segments.
    pub segments: u64,
}

/// Numbers of a journal at work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JournalStats {
    /// Bytes of all records and headers, buffered ones included.
    pub bytes: u64,
    /// Bytes of the files, room for more included.
    pub file_bytes: u64,
    /// Segments.
    pub segments: u64,
    /// Records in them.
    pub records: u64,
    /// Bytes that the system does not have yet.
    pub buffered_bytes: u64,
    /// Syncs of files and of the folder since the journal was opened.
    pub syncs: u64,
}

/// A journal (see the module). All methods may be called from many threads.
#[derive(Debug)]
pub struct Journal {
    group: Group<Front, Writer>,
    shared: Arc<Shared>,
    options: Options,
    read_only: bool,
}

impl Journal {
    /// Makes a journal in a folder that has none, or one without a single record. `id`: a random number that ties the files together and to their
    /// world; `first_seq`: no record will have a lower sequence number.
    ///
    /// # Errors
    /// [`JournalError::Exists`] if there is one; [`JournalError::Io`].
    pub fn create(
        media: Arc<dyn Media>,
        id: u64,
        first_seq: u64,
        options: Options,
    ) -> Result<Self, JournalError> {
        let options = options.checked();
        recover::clear_empty(&*media)?;
        let header = Header { segment: 1, id, first_seq, time_ms: 0, durable: 0, prev_end: 0 };
        let file = writer::begin(&*media, 1, &header.bytes(), options.room_bytes)
            .map_err(|failure| JournalError::Io { doing: "create", source: failure.source })?;
        let shared = Arc::new(Shared::default());
        shared.files().insert(1, file);
        let active = Segment::new(&header, header.key());
        // That the header is there needs no mark.
        let marked = place(1, frame::HEADER);
        Self::start(media, shared, options, id, (VecDeque::new(), active, Context::new(&header), marked))
    }

    /// Opens a journal for writing and hands every record to `replay`, in order. Cuts what a crash left half done.
    ///
    /// # Errors
    /// [`JournalError::Missing`]; [`JournalError::Damaged`] if anything that was known to be on the disk is not as it
    /// was written (nothing is changed then); [`JournalError::Foreign`], [`JournalError::OtherFormat`],
    /// [`JournalError::Io`]; and what `replay` says.
    pub fn open(
        media: Arc<dyn Media>,
        id: u64,
        options: Options,
        replay: &mut dyn FnMut(Record<'_>) -> Result<(), JournalError>,
    ) -> Result<(Self, Recovered), JournalError> {
        Self::open_as(media, id, options.checked(), replay, false)
    }

    /// Opens a journal for reading: nothing is written or cut. A writer may be at work in the same folder, but
    /// must not retire segments meanwhile; if it begins one meanwhile, this may say [`JournalError::Damaged`] where
    /// a second try does not.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub fn open_read_only(
        media: Arc<dyn Media>,
        id: u64,
        replay: &mut dyn FnMut(Record<'_>) -> Result<(), JournalError>,
    ) -> Result<(Self, Recovered), JournalError> {
        Self::open_as(media, id, Options::default(), replay, true)
    }

    fn open_as(
        media: Arc<dyn Media>,
        id: u64,
        options: Options,
        replay: &mut dyn FnMut(Record<'_>) -> Result<(), JournalError>,
        read_only: bool,
    ) -> Result<(Self, Recovered), JournalError> {
        let shared = Arc::new(Shared::default());
        let scan = recover::scan(&*media, id, &shared, replay)?;
        if !read_only {
            recover::mend(&*media, &shared, &scan)?;
        }
        let found = (scan.sealed, scan.active, scan.context, scan.marked);
        let mut journal = Self::start(media, shared, options, id, found)?;
        journal.read_only = read_only;
        Ok((journal, scan.recovered))
    }

    fn start(
        media: Arc<dyn Media>,
        shared: Arc<Shared>,
        options: Options,
        id: u64,
        (sealed, active, context, marked): (VecDeque<Segment>, Segment, Context, u64),
    ) -> Result<Self, JournalError> {
        let files: Vec<_> = shared.files().values().cloned().collect();
        let Some(file) = files.last().cloned() else { return Err(JournalError::Missing) };
        for file in files {
            let len = file.len().map_err(JournalError::io("measure"))?;
            shared.allocated.fetch_add(len, Ordering::Relaxed);
        }
        let writer = Writer::new(media, shared.clone(), file, options.room_bytes)
            .map_err(JournalError::io("measure"))?;
        let front = Front::new(id, options.clone(), sealed, active, context, marked);
        Ok(Self { group: Group::new(front, writer), shared, options, read_only: false })
    }

    /// Buffers a record and hands back the place behind it. Records of concurrent callers go in as they come, so
    /// whoever counts the sequence numbers calls this in their order.
    ///
    /// # Errors
    /// [`JournalError::Order`], [`JournalError::TooLarge`], [`JournalError::ReadOnly`]; [`JournalError::Poisoned`] if
    /// a write failed, now or before.
    #[inline]
    pub fn append(&self, head: &Head<'_>, payload: &[u8]) -> Result<Lsn, JournalError> {
        if self.read_only {
            return Err(JournalError::ReadOnly);
        }
        let mut state = self.group.running()?;
        let durable = state.durable;
        let end = state.queue.append(head, payload, durable)?;
        self.group.relieve(state, self.options.flush_bytes, self.options.buffer_bytes)?;
        Ok(Lsn(end))
    }

    /// Hands everything buffered to the system: it survives the end of the process, not of the machine.
    ///
    /// # Errors
    /// [`JournalError::Poisoned`].
    pub fn flush(&self) -> Result<(), JournalError> {
        Ok(self.group.flush()?)
    }

    /// Returns when everything up to `lsn` is on the disk. All threads that wait share syncs.
    ///
    /// # Errors
    /// [`JournalError::Poisoned`]: whether it is on the disk is unknown until the journal is opened again.
    pub fn wait(&self, lsn: Lsn) -> Result<(), JournalError> {
        Ok(self.group.wait(lsn.0)?)
    }

    /// Whether everything up to `lsn` is known to be on the disk.
    #[must_use]
    pub fn is_durable(&self, lsn: Lsn) -> bool {
        self.group.lock().durable >= lsn.0
    }

    /// The place behind the last record.
    #[must_use]
    pub fn end(&self) -> Lsn {
        use group::Queue;
        Lsn(self.group.lock().queue.end())
    }

    /// Brings everything to the disk and says so there, so that from now on any damage is told from a torn tail.
    /// The journal can still be used.
    ///
    /// # Errors
    /// [`JournalError::Poisoned`].
    pub fn close(&self) -> Result<(), JournalError> {
        if self.read_only {
            return Ok(());
        }
        self.wait(self.end())?;
        let end = {
            use group::Queue;
            let mut state = self.group.running()?;
            let durable = state.durable;
            state.queue.mark_once(durable);
            state.queue.end()
        };
        Ok(self.group.wait(end)?)
    }

    /// Ends the segment that is appended to, unless it is empty, so that [`Journal::retire`] can remove it. No later
    /// record will have a lower sequence number than `first_seq`.
    ///
    /// # Errors
    /// As [`Journal::append`] and [`Journal::wait`].
    pub fn begin_segment(&self, first_seq: u64, time_ms: u64) -> Result<(), JournalError> {
        if self.read_only {
            return Err(JournalError::ReadOnly);
        }
        let end = {
            use group::Queue;
            let mut state = self.group.running()?;
            let durable = state.durable;
            if state.queue.active.records == 0 || first_seq < state.queue.next_seq() {
                return Ok(());
            }
            state.queue.rotate(&Head { seq: first_seq, time_ms, origin: "", note: "" }, durable)?;
            state.queue.end()
        };
        Ok(self.group.wait(end)?)
    }

    /// Removes the oldest segments whose records all have sequence numbers below `before_seq`, and hands back how
    /// many. The segment that is appended to stays.
    ///
    /// # Errors
    /// [`JournalError::Io`] if a file cannot be removed; [`JournalError::Poisoned`], [`JournalError::ReadOnly`].
    pub fn retire(&self, before_seq: u64) -> Result<usize, JournalError> {
        if self.read_only {
            return Err(JournalError::ReadOnly);
        }
        let done = self.group.alone(
            |state| {
                let firsts = state.queue.segments().skip(1).map(|s| s.first_seq);
                let old: Vec<_> = state
                    .queue
                    .sealed
                    .iter()
                    .zip(firsts)
                    .take_while(|(_, next)| *next <= before_seq)
                    .map(|(s, _)| (s.number, s.end))
                    .collect();
                // A sync that comes later must not speak for files that are gone, so they are synced first, with
                // the header of the segment behind them.
                let upto = old.last().map(|(number, _)| place(number + 1, frame::HEADER))?;
                Some((upto, old))
            },
            |writer, old| writer.remove(old.iter().map(|(number, _)| *number)),
            |queue, _, (removed, _)| drop(queue.sealed.drain(..*removed)),
        )?;
        match done {
            None => Ok(0),
            Some((removed, None)) => Ok(removed),
            Some((_, Some(source))) => Err(JournalError::Io { doing: "remove a segment of", source }),
        }
    }

    /// Numbers.
    #[must_use]
    pub fn stats(&self) -> JournalStats {
        use group::Queue;
        let state = self.group.lock();
        JournalStats {
            bytes: state.queue.segments().map(|s| u64::from(s.end)).sum(),
            file_bytes: self.shared.allocated.load(Ordering::Relaxed),
            segments: state.queue.segments().count() as u64,
            records: state.queue.segments().map(|s| s.records).sum(),
            buffered_bytes: state.queue.bytes() as u64,
            syncs: self.shared.syncs.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Journal {
    /// Hands what is buffered to the system. Nobody is there to be told if that fails; whoever was promised more
    /// has waited for it.
    fn drop(&mut self) {
        if !self.read_only {
            let _nobody_to_tell = self.group.flush();
        }
    }
}

impl From<Stopped> for JournalError {
    fn from(stopped: Stopped) -> Self {
        Self::Poisoned { reason: stopped.reason, kind: stopped.kind }
    }
}
