//! Reading a journal from its beginning, and deciding where it ends.
//!
//! A crash may lose any part of what was not synced, so the log ends at the first frame that is not whole, unless a
//! mark or a header further on says that this place was on the disk: then it is damage, and nothing is cut.

use super::frame::{self, BLOCK, Context, END, HEADER, Header, MARK, NAME, Parsed, Walk, place};
use super::front::Segment;
use super::media::Media;
use super::writer::Shared;
use super::{Head, JournalError, Lsn, Record, Recovered};
use bm_store::RawFile;
use std::collections::VecDeque;
use std::sync::Arc;

/// What a scan found.
pub(super) struct Scan {
    pub(super) sealed: VecDeque<Segment>,
    pub(super) active: Segment,
    pub(super) context: Context,
    /// The furthest place that is called safe.
    pub(super) marked: u64,
    pub(super) recovered: Recovered,
    /// Segments behind the end, by ascending number.
    surplus: Vec<u32>,
    /// In the active file: first byte behind the last one that is not zero.
    used: u64,
}

/// A segment file as it was found.
struct Found {
    number: u32,
    file: Arc<dyn RawFile>,
    len: u64,
    /// `None`: it was being made when the power failed.
    header: Option<(Header, frame::Key)>,
}

type Replay<'a> = dyn FnMut(Record<'_>) -> Result<(), JournalError> + 'a;

/// Numbers of the segments there are, ascending and without a gap.
pub(super) fn numbers(media: &dyn Media) -> Result<Vec<u32>, JournalError> {
    let names = media.list().map_err(JournalError::io("list the files of"))?;
    let mut numbers: Vec<u32> = names.iter().filter_map(|n| frame::segment_of(n)).collect();
    numbers.sort_unstable();
    match numbers.windows(2).find(|w| w[0] + 1 != w[1]) {
        Some(gap) => Err(JournalError::damaged(gap[0] + 1, 0u32, "the file is missing")),
        None => Ok(numbers),
    }
}

fn find(media: &dyn Media, id: u64) -> Result<Vec<Found>, JournalError> {
    let numbers = numbers(media)?;
    let mut found = Vec::with_capacity(numbers.len());
    for &number in &numbers {
        let read = JournalError::io("read");
        let file = media.open(&frame::file_name(number)).map_err(JournalError::io("open"))?;
        let len = file.len().map_err(JournalError::io("measure"))?;
        let mut bytes = [0; HEADER as usize];
        let whole = len >= u64::from(HEADER);
        if whole {
            file.read_at(0, &mut bytes).map_err(read)?;
        }
        let header = match Header::parse(&bytes) {
            Parsed::Newer(found) => {
                return Err(JournalError::OtherFormat { found, supported: frame::VERSION });
            }
            Parsed::Good(header, _) if header.id != id => {
                return Err(JournalError::Foreign { expected: id, found: header.id });
            }
            Parsed::Good(header, key) if header.segment == number => Some((header, key)),
            Parsed::Good(header, _) => {
                let detail = format!("it holds segment {}", header.segment);
                return Err(JournalError::damaged(number, 12u32, detail));
            }
            // Only the last segment can have been in the making, and then nothing follows its header.
            Parsed::Bad => {
                let from = u64::from(HEADER).min(len);
                let used = frame::used(&*file, from, len).map_err(JournalError::io("read"))?;
                if Some(&number) != numbers.last() || used > from {
                    return Err(JournalError::damaged(number, 0u32, "its header is damaged"));
                }
                None
            }
        };
        found.push(Found { number, file, len, header });
    }
    Ok(found)
}

/// Makes sure that no journal is in the folder. One that never held a record is removed, whether its creation came to
/// its end or not: whoever made it may have been killed before anybody else knew of it.
pub(super) fn clear_empty(media: &dyn Media) -> Result<(), JournalError> {
    let number = match *numbers(media)? {
        [] => return Ok(()),
        [number] => number,
        _ => return Err(JournalError::Exists),
    };
    let name = frame::file_name(number);
    let file = media.open(&name).map_err(JournalError::io("open"))?;
    let len = file.len().map_err(JournalError::io("measure"))?;
    let from = u64::from(HEADER).min(len);
    // A later segment is proof of an earlier one.
    if number != 1 || frame::used(&*file, from, len).map_err(JournalError::io("read"))? > from {
        return Err(JournalError::Exists);
    }
    media.remove(&name).map_err(JournalError::io("clear"))?;
    media.sync_folder().map_err(JournalError::io("clear"))
}

/// Reads everything and hands each record to `replay`.
pub(super) fn scan(
    media: &dyn Media,
    id: u64,
    shared: &Shared,
    replay: &mut Replay<'_>,
) -> Result<Scan, JournalError> {
    let mut found: VecDeque<Found> = find(media, id)?.into();
    let mut sealed = VecDeque::new();
    let mut recovered = Recovered::default();
    let mut marked = 0;
    let mut before: Option<(u32, u64)> = None;
    loop {
        let Some(this) = found.pop_front() else { return Err(missing(&sealed)) };
        let Some((header, key)) = this.header else { return Err(missing(&sealed)) };
        if before.is_some_and(|(end, next)| end != header.prev_end || next > header.first_seq) {
            return Err(JournalError::damaged(this.number, 48u32, "it does not follow the segment before"));
        }
        if header.durable >= place(this.number, 0) {
            return Err(JournalError::damaged(this.number, 40u32, "its header speaks of later segments"));
        }
        marked = marked.max(header.durable);
        let mut segment = Segment::new(&header, key);
        let mut context = Context::new(&header);
        let ended = replay_segment(&this, &mut segment, &mut context, &mut marked, &mut recovered, replay)?;
        recovered.segments += 1;
        recovered.bytes += u64::from(segment.end);
        shared.files().insert(this.number, this.file.clone());
        if ended {
            before = Some((segment.end, context.next_seq));
            sealed.push_back(segment);
            continue;
        }
        let used = tail(&this, &segment, &found, &mut recovered)?;
        recovered.first_seq = sealed.front().unwrap_or(&segment).first_seq;
        let surplus = found.iter().map(|f| f.number).collect();
        return Ok(Scan { sealed, active: segment, context, marked, recovered, surplus, used });
    }
}

/// The segment that should follow is not there, or was never finished.
fn missing(sealed: &VecDeque<Segment>) -> JournalError {
    match sealed.back() {
        None => JournalError::Missing,
        Some(last) => JournalError::damaged(last.number + 1, 0u32, "the file is missing or empty"),
    }
}

/// Reads a segment up to its last good frame; whether that says that another segment follows.
fn replay_segment(
    this: &Found,
    segment: &mut Segment,
    context: &mut Context,
    marked: &mut u64,
    recovered: &mut Recovered,
    replay: &mut Replay<'_>,
) -> Result<bool, JournalError> {
    let mut walk = Walk::new(&*this.file, segment.key, HEADER.into(), this.len);
    loop {
        let at = walk.at as u32;
        // Its check sum is right, so a frame that cannot be read was written so, or forged.
        let bad = |detail: &str| JournalError::damaged(this.number, at, detail);
        let Some(frame) = walk.step().map_err(JournalError::io("read"))? else { return Ok(false) };
        let (body, end) = (frame.body, frame.end);
        match frame.kind {
            NAME => {
                let name = std::str::from_utf8(body).ok().filter(|n| n.len() <= frame::MAX_ORIGIN);
                segment.names.push(name.ok_or_else(|| bad("an origin is no text"))?.into());
            }
            MARK => {
                let place = frame::marked(this.number, body).filter(|p| *p <= frame::place(this.number, at));
                *marked = (*marked).max(place.ok_or_else(|| bad("a mark points nowhere"))?);
            }
            END if !body.is_empty() => return Err(bad("an end is followed by something")),
            END => {
                segment.end = end;
                return Ok(true);
            }
            kind => {
                segment.anchor(at, *context);
                let parts = context.take_head(kind, body).map_err(|e| bad(&e.to_string()))?;
                let origin = context.origin.and_then(|id| segment.names.get(id as usize));
                let origin = origin.ok_or_else(|| bad("the origin of a record is not named"))?;
                let head = Head { seq: parts.seq, time_ms: context.time_ms, origin, note: parts.note };
                let payload = parts.payload;
                segment.records += 1;
                recovered.records += 1;
                recovered.last_seq = Some(parts.seq);
                replay(Record { head, payload, lsn: Lsn(place(this.number, end)) })?;
            }
        }
        segment.end = end;
    }
}

/// Looks at what follows the last good frame: whether it may be cut, and how much it is. Hands back where it ends.
fn tail(
    this: &Found,
    segment: &Segment,
    later: &VecDeque<Found>,
    recovered: &mut Recovered,
) -> Result<u64, JournalError> {
    let end = u64::from(segment.end);
    let used = frame::used(&*this.file, end, this.len).map_err(JournalError::io("read"))?;
    recovered.torn_bytes = used - end + (this.len.next_multiple_of(BLOCK) - this.len);
    // A mark may end in zeros.
    let claims = |found: &Found, key, from, used: u64| {
        let limit = (used + 8).min(found.len);
        let claims = Walk::new(&*found.file, key, from, limit).claims(found.number, from);
        claims.map_err(JournalError::io("read"))
    };
    let mut claim = claims(this, segment.key, end, used)?;
    for next in later {
        let Some((header, key)) = next.header else { continue };
        let from = u64::from(HEADER);
        let used = frame::used(&*next.file, from, next.len).map_err(JournalError::io("read"))?;
        recovered.torn_bytes += used - from;
        claim = claim.max(Some(header.durable)).max(claims(next, key, from, used)?);
    }
    match claim {
        Some(claim) if claim > place(this.number, segment.end) => {
            let detail = "no good record is here, but it was on the disk";
            Err(JournalError::damaged(this.number, segment.end, detail))
        }
        _ => Ok(used),
    }
}

/// Makes the disk agree with what the scan found: what was cut can never be read again, and what was read is on the
/// disk. Doing it twice, or being killed halfway, does no harm.
pub(super) fn mend(media: &dyn Media, shared: &Shared, scan: &Scan) -> Result<(), JournalError> {
    let sync_folder = || media.sync_folder().map_err(JournalError::io("sync the folder of"));
    for &number in scan.surplus.iter().rev() {
        media.remove(&frame::file_name(number)).map_err(JournalError::io("cut"))?;
        sync_folder()?;
    }
    sync_folder()?;
    let files = shared.files();
    for segment in scan.sealed.iter().chain([&scan.active]) {
        if place(segment.number, segment.end) <= scan.marked {
            continue;
        }
        let Some(file) = files.get(&segment.number) else { continue };
        // Nobody speaks of a header but what lies behind it.
        let known = scan.marked.saturating_sub(place(segment.number, 0));
        let from = if known > u64::from(HEADER) { known } else { 0 };
        rewrite(&**file, from, segment.end.into()).map_err(JournalError::io("secure"))?;
        if segment.number == scan.active.number {
            let len = file.len().map_err(JournalError::io("measure"))?;
            let torn = if len % BLOCK == 0 { scan.used } else { len.next_multiple_of(BLOCK) };
            write_zeros(&**file, segment.end.into(), torn).map_err(JournalError::io("cut"))?;
        }
        file.sync().map_err(JournalError::io("sync"))?;
    }
    Ok(())
}

/// Writes bytes over themselves. After a failed sync the system may show what never reached the disk and believe it
/// there; a fresh write makes the next sync mean what it says.
fn rewrite(file: &dyn RawFile, mut from: u64, to: u64) -> std::io::Result<()> {
    let mut window = vec![0; (to - from).min(1 << 20) as usize];
    while from < to {
        let n = (to - from).min(1 << 20);
        let window = &mut window[..n as usize];
        file.read_at(from, window)?;
        file.write_at(from, window)?;
        from += n;
    }
    Ok(())
}

fn write_zeros(file: &dyn RawFile, mut from: u64, to: u64) -> std::io::Result<()> {
    const ZEROS: [u8; 4096] = [0; 4096];
    while from < to {
        let step = (to - from).min(ZEROS.len() as u64);
        file.write_at(from, &ZEROS[..step as usize])?;
        from += step;
    }
    Ok(())
}
