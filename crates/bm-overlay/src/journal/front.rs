//! The side of the journal that appends fill: the buffer, and what is known of each segment.

use super::frame::{self, Context, END, HEADER, Header, Key, MARK, NAME, place, put_frame};
use super::group::Queue;
use super::{Head, JournalError, Options};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Distance of the places that a reader can start from, bytes.
const ANCHORS: u32 = 32 << 10;

/// A place in a segment from which records can be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Anchor {
    pub(super) offset: u32,
    pub(super) context: Context,
}

/// Bytes of a mark with its frame.
const MARK_FRAME: u64 = 6 + frame::MARK_BYTES as u64;

/// What is known of a segment.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) number: u32,
    pub(super) key: Key,
    pub(super) first_seq: u64,
    /// First byte behind its frames.
    pub(super) end: u32,
    pub(super) records: u64,
    /// Origins in the order in which frames name them.
    pub(super) names: Vec<Arc<str>>,
    /// Ascending, never empty.
    pub(super) anchors: Vec<Anchor>,
}

impl Segment {
    pub(super) fn new(header: &Header, key: Key) -> Self {
        let anchors = vec![Anchor { offset: HEADER, context: Context::new(header) }];
        Self {
            number: header.segment,
            key,
            first_seq: header.first_seq,
            end: HEADER,
            records: 0,
            names: Vec::new(),
            anchors,
        }
    }

    /// Remembers where a record begins, if the last place remembered is far enough back.
    #[inline]
    pub(super) fn anchor(&mut self, offset: u32, context: Context) {
        if self.anchors.last().is_none_or(|a| offset - a.offset >= ANCHORS) {
            self.anchors.push(Anchor { offset, context });
        }
    }
}

/// Bytes on their way to the system.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) bytes: Vec<u8>,
    /// Where `bytes` begin.
    pub(super) segment: u32,
    pub(super) offset: u32,
    /// Where in `bytes` the next segments begin, each with its header.
    pub(super) cuts: Vec<usize>,
    /// Sequence number behind the last record.
    next_seq: u64,
}

#[derive(Debug)]
pub(super) struct Front {
    pub(super) id: u64,
    options: Options,
    /// Segments that are full, by ascending number.
    pub(super) sealed: VecDeque<Segment>,
    /// The segment that is appended to.
    pub(super) active: Segment,
    context: Context,
    /// Ids of the origins that the active segment names.
    names: HashMap<Arc<str>, u32>,
    batch: Batch,
    /// Buffer of the last batch, to be filled again.
    spare: Vec<u8>,
    /// What the last mark says.
    marked: u64,
    /// The system has the records below.
    pub(super) written_seq: u64,
    pub(super) records: u64,
}

impl Front {
    /// `marked`: the furthest place that a header or mark calls safe.
    pub(super) fn new(
        id: u64,
        options: Options,
        sealed: VecDeque<Segment>,
        active: Segment,
        context: Context,
        marked: u64,
    ) -> Self {
        Self {
            id,
            options,
            records: active.records + sealed.iter().map(|s| s.records).sum::<u64>(),
            names: active.names.iter().cloned().zip(0..).collect(),
            batch: Batch { segment: active.number, offset: active.end, ..Batch::default() },
            spare: Vec::new(),
            marked,
            written_seq: context.next_seq,
            context,
            sealed,
            active,
        }
    }

    /// Sequence number behind the last record.
    pub(super) const fn next_seq(&self) -> u64 {
        self.context.next_seq
    }

    /// All segments by ascending number.
    pub(super) fn segments(&self) -> impl DoubleEndedIterator<Item = &Segment> {
        self.sealed.iter().chain([&self.active])
    }

    /// Buffers a record; hands back the place behind it.
    #[inline]
    pub(super) fn append(
        &mut self,
        record: &Head<'_>,
        payload: &[u8],
        durable: u64,
    ) -> Result<u64, JournalError> {
        if record.seq < self.context.next_seq || record.seq == u64::MAX {
            return Err(JournalError::Order {
                found: record.seq,
                last: self.context.next_seq.saturating_sub(1),
            });
        }
        fits("an origin", record.origin.len(), frame::MAX_ORIGIN)?;
        fits("a note", record.note.len(), frame::MAX_NOTE)?;
        fits("a payload", payload.len(), frame::MAX_PAYLOAD)?;
        let active = &self.active;
        // The origin's name may have to be written along; frames and marks are small change.
        let bound = active.end as usize + payload.len() + record.note.len() + record.origin.len() + 64;
        if bound > self.options.segment_bytes as usize && active.records > 0 {
            self.rotate(record, durable)?;
        }
        if durable > self.marked {
            self.mark(durable);
        }
        let origin = match self.context.origin {
            // Mostly the same process commits again.
            Some(id) if self.active.names.get(id as usize).is_some_and(|n| **n == *record.origin) => id,
            _ => self.origin(record.origin),
        };
        let (at, before) = (self.active.end, self.context);
        let context = &mut self.context;
        put_frame(&mut self.batch.bytes, self.active.key, at, |out| {
            context.put_head(out, record.seq, record.time_ms, origin, record.note.len());
            if !record.note.is_empty() {
                out.extend_from_slice(record.note.as_bytes());
            }
            out.extend_from_slice(payload);
        });
        self.framed();
        self.active.anchor(at, before);
        self.active.records += 1;
        self.records += 1;
        Ok(place(self.active.number, self.active.end))
    }

    /// Takes note of the frame that was just put into the buffer.
    #[inline]
    fn framed(&mut self) {
        let end = match self.batch.cuts.last() {
            None => self.batch.offset as usize + self.batch.bytes.len(),
            Some(cut) => self.batch.bytes.len() - cut,
        };
        self.active.end = end as u32;
    }

    /// Says that everything up to `durable` is on the disk, so that a reader knows damage from a torn tail.
    pub(super) fn mark(&mut self, durable: u64) {
        let back = u64::from(self.active.number) - (durable >> 32);
        // A place that far back is not worth a longer mark: it will move on.
        if let Ok(back) = u8::try_from(back) {
            let [a, b, c, d] = (durable as u32).to_le_bytes();
            self.frame(&[MARK, back, a, b, c, d]);
            self.marked = durable;
        }
    }

    /// The same, unless the last mark says so already.
    pub(super) fn mark_once(&mut self, durable: u64) {
        // A mark speaks of what is before itself; behind it there must be nothing new.
        if durable == self.end() && self.marked + MARK_FRAME < durable {
            self.mark(durable);
        }
    }

    fn frame(&mut self, body: &[u8]) {
        let at = self.active.end;
        put_frame(&mut self.batch.bytes, self.active.key, at, |out| out.extend_from_slice(body));
        self.framed();
    }

    /// The id of an origin, named in the active segment now if it was not.
    fn origin(&mut self, name: &str) -> u32 {
        if let Some(&id) = self.names.get(name) {
            return id;
        }
        let id = self.active.names.len() as u32;
        let mut body = Vec::with_capacity(name.len() + 1);
        body.push(NAME);
        body.extend_from_slice(name.as_bytes());
        self.frame(&body);
        let name: Arc<str> = name.into();
        self.active.names.push(name.clone());
        self.names.insert(name, id);
        id
    }

    /// Ends the active segment and begins the next one, for `record`.
    pub(super) fn rotate(&mut self, record: &Head<'_>, durable: u64) -> Result<(), JournalError> {
        let too_many =
            JournalError::TooLarge { what: "the journal", found: usize::MAX, max: u32::MAX as usize };
        let number = self.active.number.checked_add(1).ok_or(too_many)?;
        self.frame(&[END]);
        let header = Header {
            segment: number,
            id: self.id,
            first_seq: record.seq,
            time_ms: record.time_ms,
            durable,
            prev_end: self.active.end,
        };
        self.batch.cuts.push(self.batch.bytes.len());
        self.batch.bytes.extend_from_slice(&header.bytes());
        let next = Segment::new(&header, header.key());
        self.sealed.push_back(std::mem::replace(&mut self.active, next));
        self.context = Context::new(&header);
        self.names.clear();
        self.marked = durable;
        Ok(())
    }
}

fn fits(what: &'static str, found: usize, max: usize) -> Result<(), JournalError> {
    if found <= max { Ok(()) } else { Err(JournalError::TooLarge { what, found, max }) }
}

impl Queue for Front {
    type Batch = Batch;

    fn take(&mut self) -> Batch {
        let next = Batch {
            bytes: std::mem::take(&mut self.spare),
            segment: self.active.number,
            offset: self.active.end,
            ..Batch::default()
        };
        let mut batch = std::mem::replace(&mut self.batch, next);
        batch.next_seq = self.context.next_seq;
        batch
    }

    fn give_back(&mut self, batch: Batch, written: bool) {
        if written {
            self.written_seq = batch.next_seq;
        }
        // A buffer that one huge record blew up is not kept.
        if batch.bytes.capacity() <= 2 * self.options.buffer_bytes {
            self.spare = batch.bytes;
            self.spare.clear();
        }
    }

    fn end(&self) -> u64 {
        place(self.active.number, self.active.end)
    }

    fn bytes(&self) -> usize {
        self.batch.bytes.len()
    }
}
