//! How records lie in a segment file: the header, the frame around each record, the head of an edit record.
//! `FORMAT.md` has every byte.

use super::JournalError;
use super::wire::{Reader, put_signed, put_varint};
use bm_store::RawFile;
use std::io;

/// Bytes before the first frame.
pub(super) const HEADER: u32 = 64;
/// Files are whole blocks of this many bytes.
pub(super) const BLOCK: u64 = 4096;
/// Newest format number this version reads and writes.
pub(super) const VERSION: u32 = 2;
const MAGIC: [u8; 8] = *b"BMedits\n";

/// A frame that names an origin.
pub(super) const NAME: u8 = 1;
/// A frame that says up to where everything was on the disk when it was written.
pub(super) const MARK: u8 = 2;
/// The last frame of a segment that another one follows.
pub(super) const END: u8 = 3;
/// A record of edits; the low bits say which fields of its head are written.
pub(super) const EDITS: u8 = 0x10;
const HAS_SEQ: u8 = 1;
const HAS_TIME: u8 = 2;
const HAS_ORIGIN: u8 = 4;
const HAS_NOTE: u8 = 8;

/// Body of a [`MARK`] without its kind: segments back, offset.
pub(super) const MARK_BYTES: usize = 5;
/// Check sum, length, kind: what the shortest frame has.
const SHORTEST: u64 = 6;

pub(super) const MAX_ORIGIN: usize = 255;
pub(super) const MAX_NOTE: usize = 4095;
pub(super) const MAX_PAYLOAD: usize = 1 << 30;
const MAX_BODY: u64 = MAX_PAYLOAD as u64 + 8192;

/// A place in the journal as one ascending number: segment, then offset in its file.
pub(super) const fn place(segment: u32, offset: u32) -> u64 {
    (segment as u64) << 32 | offset as u64
}

pub(super) fn file_name(segment: u32) -> String {
    format!("{segment:010}.bmj")
}

pub(super) fn segment_of(name: &str) -> Option<u32> {
    let segment = name.strip_suffix(".bmj")?.parse().ok()?;
    (segment != 0 && file_name(segment) == name).then_some(segment)
}

/// The first bytes of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) segment: u32,
    pub(super) id: u64,
    /// No record of the segment has a lower sequence number.
    pub(super) first_seq: u64,
    /// What the time of the first record counts from.
    pub(super) time_ms: u64,
    /// Up to where everything was on the disk when the segment was begun.
    pub(super) durable: u64,
    /// Where the segment before ends; 0 if this is the first one.
    pub(super) prev_end: u32,
}

/// What stands where a header should.
pub(super) enum Parsed {
    Good(Header, Key),
    /// Not a header, or a damaged one.
    Bad,
    Newer(u32),
}

impl Header {
    pub(super) fn bytes(&self) -> [u8; HEADER as usize] {
        let mut out = [0; HEADER as usize];
        out[..8].copy_from_slice(&MAGIC);
        out[8..12].copy_from_slice(&VERSION.to_le_bytes());
        out[12..16].copy_from_slice(&self.segment.to_le_bytes());
        out[16..24].copy_from_slice(&self.id.to_le_bytes());
        out[24..32].copy_from_slice(&self.first_seq.to_le_bytes());
        out[32..40].copy_from_slice(&self.time_ms.to_le_bytes());
        out[40..48].copy_from_slice(&self.durable.to_le_bytes());
        out[48..52].copy_from_slice(&self.prev_end.to_le_bytes());
        let crc = crc32fast::hash(&out[..60]);
        out[60..].copy_from_slice(&crc.to_le_bytes());
        out
    }

    pub(super) fn parse(bytes: &[u8; HEADER as usize]) -> Parsed {
        let u32_at = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let u64_at = |at: usize| u64::from(u32_at(at)) | u64::from(u32_at(at + 4)) << 32;
        if bytes[..8] != MAGIC {
            return Parsed::Bad;
        }
        let crc = u32_at(60);
        if crc != crc32fast::hash(&bytes[..60]) {
            return Parsed::Bad;
        }
        if u32_at(8) != VERSION {
            return Parsed::Newer(u32_at(8));
        }
        let header = Self {
            segment: u32_at(12),
            id: u64_at(16),
            first_seq: u64_at(24),
            time_ms: u64_at(32),
            durable: u64_at(40),
            prev_end: u32_at(48),
        };
        Parsed::Good(header, Key(crc))
    }

    pub(super) fn key(&self) -> Key {
        Key(crc32fast::hash(&self.bytes()[..60]))
    }
}

/// What ties a frame to its segment: the header's check sum. With the frame's offset it seeds the frame's own check
/// sum, so that bytes left over from another place or another segment never pass for a record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key(u32);

impl Key {
    #[inline]
    fn crc(self, offset: u32, bytes: &[u8]) -> u32 {
        let seed = self.0.wrapping_add(offset.wrapping_mul(0x9E37_79B1));
        let mut crc = crc32fast::Hasher::new_with_initial(seed);
        crc.update(bytes);
        crc.finalize()
    }
}

/// Appends a frame that will lie at `offset`: check sum, length, and what `body` appends.
#[inline]
pub(super) fn put_frame(out: &mut Vec<u8>, key: Key, offset: u32, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    // Room for the check sum and a length of one byte, which it mostly is.
    out.extend_from_slice(&[0; 5]);
    body(out);
    let len = out.len() - start - 5;
    if len < 0x80 {
        out[start + 4] = len as u8;
    } else {
        let mut spelled = Vec::with_capacity(5);
        put_varint(&mut spelled, len as u64);
        out.splice(start + 4..start + 5, spelled);
    }
    let crc = key.crc(offset, &out[start + 4..]);
    out[start..start + 4].copy_from_slice(&crc.to_le_bytes());
}

/// What the head of a record is written against: the record before it in the segment, or the segment's header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context {
    /// The sequence number that needs no byte.
    pub(super) next_seq: u64,
    pub(super) time_ms: u64,
    pub(super) origin: Option<u32>,
}

impl Context {
    pub(super) const fn new(header: &Header) -> Self {
        Self { next_seq: header.first_seq, time_ms: header.time_ms, origin: None }
    }

    /// Kind and head of an edit record, without note and payload. `note` is its length.
    #[inline]
    pub(super) fn put_head(&mut self, out: &mut Vec<u8>, seq: u64, time_ms: u64, origin: u32, note: usize) {
        let at = out.len();
        out.push(EDITS);
        let mut kind = EDITS;
        if seq != self.next_seq {
            kind |= HAS_SEQ;
            put_varint(out, seq - self.next_seq);
        }
        if time_ms != self.time_ms {
            kind |= HAS_TIME;
            put_signed(out, time_ms.wrapping_sub(self.time_ms) as i64);
        }
        if self.origin != Some(origin) {
            kind |= HAS_ORIGIN;
            put_varint(out, origin.into());
        }
        if note != 0 {
            kind |= HAS_NOTE;
            put_varint(out, note as u64);
        }
        out[at] = kind;
        *self = Self { next_seq: seq + 1, time_ms, origin: Some(origin) };
    }

    /// Reads what [`Context::put_head`] wrote, `kind` taken off; hands back sequence number, note and payload.
    #[inline]
    pub(super) fn take_head<'a>(&mut self, kind: u8, body: &'a [u8]) -> Result<Parts<'a>, JournalError> {
        let mut body = Reader::new(body);
        if kind & !(HAS_SEQ | HAS_TIME | HAS_ORIGIN | HAS_NOTE) != EDITS {
            return Err(JournalError::Edits("of an unknown kind"));
        }
        let step = if kind & HAS_SEQ != 0 { body.varint()? } else { 0 };
        let seq = self.next_seq.checked_add(step).filter(|s| *s < u64::MAX);
        let Some(seq) = seq else {
            return Err(JournalError::Edits("beyond the last sequence number"));
        };
        let later = if kind & HAS_TIME != 0 { body.signed()? } else { 0 };
        let time_ms = self.time_ms.wrapping_add(later as u64);
        let origin = if kind & HAS_ORIGIN != 0 { u32::try_from(body.varint()?).ok() } else { self.origin };
        let note = if kind & HAS_NOTE != 0 { body.varint()?.min(1 << 32) as usize } else { 0 };
        let Ok(note) = std::str::from_utf8(body.bytes(note)?) else {
            return Err(JournalError::Edits("with a note that is no text"));
        };
        *self = Self { next_seq: seq + 1, time_ms, origin };
        Ok(Parts { seq, note, payload: body.rest() })
    }
}

/// What [`Context::take_head`] found; time and origin are in the context.
pub(super) struct Parts<'a> {
    pub(super) seq: u64,
    pub(super) note: &'a str,
    pub(super) payload: &'a [u8],
}

/// Bytes read at once: few at first, for those who want one record.
const FIRST_WINDOW: u64 = 64 << 10;
const WINDOW: u64 = 1 << 20;

/// A frame as a walk finds it.
pub(super) struct Frame<'a> {
    pub(super) kind: u8,
    pub(super) body: &'a [u8],
    /// Where it ends in the file.
    pub(super) end: u32,
}

/// Walks the frames of a segment file.
pub(super) struct Walk<'a> {
    file: &'a dyn RawFile,
    key: Key,
    /// Where the next frame lies.
    pub(super) at: u64,
    /// Bytes of the file that count.
    limit: u64,
    window: Vec<u8>,
    base: u64,
    /// Bytes to read the next time.
    next: u64,
}

impl<'a> Walk<'a> {
    pub(super) const fn new(file: &'a dyn RawFile, key: Key, at: u64, limit: u64) -> Self {
        Self { file, key, at, limit, window: Vec::new(), base: 0, next: FIRST_WINDOW }
    }

    /// Bytes `at ..  at + n`, which must lie below the limit.
    fn view(&mut self, at: u64, n: u64) -> io::Result<&[u8]> {
        let have = self.base..self.base + self.window.len() as u64;
        if at < have.start || at + n > have.end {
            let len = n.max(self.next).min(self.limit - at) as usize;
            self.next = WINDOW.min(2 * self.next);
            self.window.clear();
            self.window.try_reserve(len).map_err(|_too_long| io::ErrorKind::OutOfMemory)?;
            self.window.resize(len, 0);
            self.base = at;
            self.file.read_at(at, &mut self.window)?;
        }
        let from = (at - self.base) as usize;
        Ok(&self.window[from..from + n as usize])
    }

    /// The next frame; `None` if there is no whole one, and then `at` stays.
    #[inline]
    pub(super) fn step(&mut self) -> io::Result<Option<Frame<'_>>> {
        let at = self.at;
        let left = self.limit.saturating_sub(at);
        if left < SHORTEST {
            return Ok(None);
        }
        let head = self.view(at, left.min(9))?;
        let crc = u32::from_le_bytes([head[0], head[1], head[2], head[3]]);
        let mut rest = Reader::new(&head[4..]);
        let Ok(len) = rest.varint() else { return Ok(None) };
        let spelled = head.len() - 4 - rest.rest().len();
        if len == 0 || len > MAX_BODY || 4 + spelled as u64 + len > left {
            return Ok(None);
        }
        // Offsets are u32; no journal writes beyond.
        let Ok(end) = u32::try_from(at + 4 + spelled as u64 + len) else { return Ok(None) };
        let key = self.key;
        let whole = self.view(at, u64::from(end) - at)?;
        if key.crc(at as u32, &whole[4..]) != crc {
            return Ok(None);
        }
        self.at = end.into();
        let from = (at - self.base) as usize + 4 + spelled;
        let body = &self.window[from..from + len as usize];
        Ok(Some(Frame { kind: body[0], body: &body[1..], end }))
    }

    /// The furthest place that any mark from `from` on, at whatever offset it lies, calls safe.
    pub(super) fn claims(&mut self, segment: u32, from: u64) -> io::Result<Option<u64>> {
        const LEN: u64 = 4 + 1 + 1 + MARK_BYTES as u64;
        let mut most = None;
        let mut at = from;
        while at + LEN <= self.limit.min(u64::from(u32::MAX)) {
            let n = (self.limit - at).min(WINDOW);
            let key = self.key;
            for (i, mark) in self.view(at, n)?.windows(LEN as usize).enumerate() {
                if usize::from(mark[4]) != 1 + MARK_BYTES || mark[5] != MARK {
                    continue;
                }
                let crc = u32::from_le_bytes([mark[0], mark[1], mark[2], mark[3]]);
                if key.crc((at as u32).wrapping_add(i as u32), &mark[4..]) == crc {
                    most = most.max(marked(segment, &mark[6..]));
                }
            }
            at += n - (LEN - 1);
        }
        Ok(most)
    }
}

/// The place that a mark in `segment` names.
pub(super) fn marked(segment: u32, body: &[u8]) -> Option<u64> {
    let [back, a, b, c, d] = *body else { return None };
    Some(place(segment.checked_sub(back.into())?, u32::from_le_bytes([a, b, c, d])))
}

/// Length of the file without the zeros at its end, at least `from`.
pub(super) fn used(file: &dyn RawFile, from: u64, len: u64) -> io::Result<u64> {
    let mut window = vec![0; WINDOW.min(len.saturating_sub(from)) as usize];
    let mut end = len;
    while end > from {
        let n = (end - from).min(WINDOW);
        let window = &mut window[..n as usize];
        file.read_at(end - n, window)?;
        if let Some(last) = window.iter().rposition(|&b| b != 0) {
            return Ok(end - n + last as u64 + 1);
        }
        end -= n;
    }
    Ok(from)
}
