//! Lines in, one JSON object a line out, in the same order.

use super::check_level;
use super::lines::{First, Format, detect, place};
use crate::error::WorldError;
use crate::route::{Point, RouteStats, Routed, Router};
use crate::view::View;
use bm_core::{ErrorKind, MaterialId};
use bm_octree::parallel;
use bm_vector::Side;
use std::io::{self, ErrorKind as IoKind, Read, Write};

/// Bytes read at once.
const BLOCK: usize = 1 << 20;
/// Bytes a thread gets at a time: half of what a pipe holds, so that two can work on it.
const PIECE: usize = 1 << 15;
/// Longest line: nothing that names a point is nearly as long.
const MAX_LINE: usize = 1 << 20;

/// What a stream held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamReport {
    /// Lines answered.
    pub answers: u64,
    /// Lines that were no place in the world.
    pub bad_lines: u64,
    /// Lines whose pages could not be read.
    pub failed_lines: u64,
    /// Class of the first failure to read a page.
    pub failure: Option<ErrorKind>,
    /// Who answered, and how long it took.
    pub routes: RouteStats,
}

/// A stream broke off.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// The input.
    #[error("standard input: cannot read: {0}")]
    Read(io::Error),
    /// The output.
    #[error("standard output: cannot write: {0}")]
    Write(io::Error),
    /// The question itself.
    #[error(transparent)]
    World(#[from] WorldError),
}

/// Answers a stream of places, one JSON object a line, in the order of the input.
///
/// The input is CSV (`lon,lat,alt` or `x,y,z`; a header may name the columns) or JSON objects with these
/// fields, told apart by the first line. Empty lines are skipped. A line that cannot be used gives
/// `{"line":N,"error":"…"}`, and the rest go on. Answers are written as soon as whole lines have come in, so
/// a program may ask and wait for the answer.
///
/// # Errors
/// [`StreamError`] when the level is beyond 28 or the streams themselves fail.
pub fn stream(
    view: &View,
    level: u8,
    mut input: impl Read,
    mut output: impl Write,
) -> Result<StreamReport, StreamError> {
    check_level(level)?;
    let answerer = Answerer::new(view, level);
    let mut job = Job { answerer, format: None, dead: None, line: 1, report: StreamReport::default() };
    let mut buffer = vec![0u8; BLOCK];
    let mut have = 0;
    // Inside a line that is too long: its rest is skipped.
    let mut skipping = false;
    loop {
        if have == buffer.len() {
            buffer.resize(buffer.len() * 2, 0);
        }
        let got = match input.read(&mut buffer[have..]) {
            Err(e) if e.kind() == IoKind::Interrupted => continue,
            other => other.map_err(StreamError::Read)?,
        };
        let end = have + got;
        let mut start = 0;
        if skipping {
            match buffer[..end].iter().position(|&b| b == b'\n') {
                Some(at) => (start, skipping) = (at + 1, false),
                None => start = end,
            }
        }
        // Everything up to the last line break, or to the end of the input.
        let whole = match buffer[start..end].iter().rposition(|&b| b == b'\n') {
            _ if got == 0 => end,
            Some(at) => start + at + 1,
            None => start,
        };
        job.block(&buffer[start..whole], &mut output)?;
        buffer.copy_within(whole..end, 0);
        have = end - whole;
        if have > MAX_LINE {
            job.too_long(&mut output)?;
            (have, skipping) = (0, true);
        }
        if got == 0 {
            return Ok(job.report);
        }
    }
}

/// A stream on its way.
struct Job<'v> {
    answerer: Answerer<'v>,
    format: Option<Format>,
    /// Why no line can be understood.
    dead: Option<String>,
    /// Number of the next line.
    line: u64,
    report: StreamReport,
}

impl Job<'_> {
    /// Answers whole lines.
    fn block(&mut self, mut bytes: &[u8], output: &mut impl Write) -> Result<(), StreamError> {
        while self.format.is_none() && !bytes.is_empty() {
            let end = bytes.iter().position(|&b| b == b'\n').map_or(bytes.len(), |at| at + 1);
            let text = String::from_utf8_lossy(&bytes[..end]);
            let text = text.trim_start_matches('\u{feff}').trim();
            match detect(text) {
                _ if text.is_empty() => {}
                Ok(First::Data(format)) => {
                    self.format = Some(format);
                    break;
                }
                Ok(First::Header(format)) => self.format = Some(format),
                Err(why) => {
                    let mut out = Vec::new();
                    write_error(&mut out, self.line, &why);
                    output.write_all(&out).map_err(StreamError::Write)?;
                    self.report.bad_lines += 1;
                    self.dead = Some(format!("not read, because of line {}", self.line));
                    self.format = Some(Format::Json);
                }
            }
            bytes = &bytes[end..];
            self.line += 1;
        }
        let Some(format) = self.format else { return Ok(()) };
        let mut pieces = Vec::new();
        while !bytes.is_empty() {
            let least = PIECE.min(bytes.len());
            let end =
                bytes[least - 1..].iter().position(|&b| b == b'\n').map_or(bytes.len(), |at| least + at);
            let (piece, rest) = bytes.split_at(end);
            pieces.push((piece, self.line));
            self.line += count_lines(piece);
            bytes = rest;
        }
        let done = parallel::map(&pieces, 0, |&(piece, line)| {
            self.answerer.piece(piece, line, format, self.dead.as_deref())
        });
        for (text, r) in done {
            output.write_all(&text).map_err(StreamError::Write)?;
            self.report.answers += r.answers;
            self.report.bad_lines += r.bad_lines;
            self.report.failed_lines += r.failed_lines;
            self.report.failure = self.report.failure.or(r.failure);
            self.report.routes.add(&r.routes);
        }
        output.flush().map_err(StreamError::Write)
    }

    fn too_long(&mut self, output: &mut impl Write) -> Result<(), StreamError> {
        let mut out = Vec::new();
        write_error(&mut out, self.line, "the line is longer than 1 MiB");
        self.line += 1;
        self.report.bad_lines += 1;
        output.write_all(&out).map_err(StreamError::Write)
    }
}

fn count_lines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|&&b| b == b'\n').count() as u64
}

/// Answers lines, with everything that is the same for all of them written beforehand.
struct Answerer<'v> {
    view: &'v View,
    level: u8,
    /// `{"material":{"id":6,"name":"granite"},"level":28,"exact":` by material id.
    heads: Vec<Vec<u8>>,
    /// `,"version":12,"page_level":`.
    tail: Vec<u8>,
}

impl<'v> Answerer<'v> {
    fn new(view: &'v View, level: u8) -> Self {
        let last = view.materials().all().last().map_or(0, |m| m.id.0);
        let heads = (0..=last).map(|id| head(view, MaterialId(id), level)).collect();
        let tail = format!(",\"version\":{},\"page_level\":", view.version()).into_bytes();
        Self { view, level, heads, tail }
    }

    fn piece(&self, bytes: &[u8], first: u64, format: Format, dead: Option<&str>) -> (Vec<u8>, StreamReport) {
        let mut out = Vec::with_capacity(bytes.len() * 4);
        let mut report = StreamReport::default();
        let router = Router::of(self.view);
        for (line, raw) in (first..).zip(bytes.split(|&b| b == b'\n')) {
            let raw = if line == 1 { raw.strip_prefix("\u{feff}".as_bytes()).unwrap_or(raw) } else { raw };
            let raw = raw.trim_ascii();
            if raw.is_empty() {
                continue;
            }
            let understood = match dead {
                Some(why) => Err(why.to_owned()),
                None => str::from_utf8(raw)
                    .map_err(|_utf8| "not UTF-8 text".to_owned())
                    .and_then(|t| place(t, format)),
            };
            let point = understood.and_then(|place| {
                let pos = place.pos().map_err(|e| e.to_string())?;
                Ok(Point::within(pos, place.geo(), self.level))
            });
            match point {
                Err(why) => {
                    report.bad_lines += 1;
                    write_error(&mut out, line, &why);
                }
                Ok(point) => match router.answer(&point) {
                    Ok(routed) => {
                        report.answers += 1;
                        self.write(&mut out, &routed);
                    }
                    Err(e) => {
                        report.failed_lines += 1;
                        report.failure = report.failure.or(Some(e.kind()));
                        write_error(&mut out, line, &e.to_string());
                    }
                },
            }
        }
        report.routes = router.stats();
        (out, report)
    }

    fn write(&self, out: &mut Vec<u8>, routed: &Routed<'_>) {
        let s = &routed.sample;
        match self.heads.get(usize::from(s.material.0)) {
            Some(h) => out.extend_from_slice(h),
            None => out.extend_from_slice(&head(self.view, s.material, self.level)),
        }
        out.extend_from_slice(if s.exact { b"true" } else { b"false" });
        out.extend_from_slice(b",\"source\":\"");
        out.extend_from_slice(s.source.name().as_bytes());
        out.push(b'"');
        out.extend_from_slice(&self.tail);
        if s.page_level >= 10 {
            out.push(b'0' + s.page_level / 10);
        }
        out.push(b'0' + s.page_level % 10);
        if let Some((id, side)) = &routed.boundary {
            out.extend_from_slice(b",\"boundary\":{\"id\":");
            out.extend_from_slice(quoted(&id.0).as_bytes());
            out.extend_from_slice(match side {
                Side::Left => b",\"side\":\"left\"}",
                Side::Right => b",\"side\":\"right\"}",
            });
        }
        out.extend_from_slice(b"}\n");
    }
}

fn head(view: &View, id: MaterialId, level: u8) -> Vec<u8> {
    let name = quoted(view.material_name(id));
    format!("{{\"material\":{{\"id\":{},\"name\":{name}}},\"level\":{level},\"exact\":", id.0).into_bytes()
}

fn write_error(out: &mut Vec<u8>, line: u64, why: &str) {
    out.extend_from_slice(format!("{{\"line\":{line},\"error\":{}}}\n", quoted(why)).as_bytes());
}

/// A JSON string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::World;
    use serde_json::Value;

    /// A reader that gives a few bytes at a time, as pipes do.
    struct Drip<'a>(&'a [u8], usize);

    impl Read for Drip<'_> {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            let n = self.1.min(self.0.len()).min(to.len());
            to[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    fn run(input: &[u8], drip: usize) -> (Vec<Value>, StreamReport) {
        let view = World::in_memory().unwrap().view();
        let mut out = Vec::new();
        let report = stream(&view, 28, Drip(input, drip), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        (text.lines().map(|l| serde_json::from_str(l).unwrap()).collect(), report)
    }

    #[test]
    fn bad_lines_do_not_stop_the_good_ones() {
        let input =
            b"\xef\xbb\xbflon,lat,alt\r\n0,0,10\r\n\r\nx,0,0\n0,0\n0,91,0\nnan,0,0\n\xff\n0,0,-3000000";
        for drip in [1, 7, 1000] {
            let (lines, report) = run(input, drip);
            assert_eq!((report.answers, report.bad_lines, report.failed_lines), (2, 5, 0));
            assert_eq!(lines.len(), 7);
            assert_eq!(lines[0]["material"]["name"], "air");
            assert_eq!(lines[6]["material"]["name"], "outer core");
            let numbers: Vec<_> = lines[1..6].iter().map(|l| l["line"].as_u64().unwrap()).collect();
            assert_eq!(numbers, [4, 5, 6, 7, 8]);
            assert!(lines[1..6].iter().all(|l| l["error"].is_string()));
        }
    }

    #[test]
    fn json_lines() {
        let (lines, report) =
            run(b"{\"lon\":0,\"lat\":0,\"alt\":5}\n{\"lon\":0}\n{\"x\":5,\"y\":5,\"z\":33554431}\n", 1 << 20);
        assert_eq!((report.answers, report.bad_lines), (2, 1));
        assert_eq!(lines[0]["material"]["id"], 1);
        assert_eq!(lines[1]["line"], 2);
        assert_eq!(lines[0]["source"], "procedural");
        assert_eq!(lines[0]["page_level"], 0);
    }

    #[test]
    fn half_a_header_is_not_guessed() {
        let (lines, report) = run(b"lat,lon\n1,2,3\n", 5);
        assert_eq!((report.answers, report.bad_lines), (0, 2));
        assert_eq!(lines[1]["line"], 2);
    }

    #[test]
    fn endless_lines_are_cut_off() {
        let mut input = vec![b'1'; MAX_LINE * 3];
        input.extend_from_slice(b"\n0,0,5\n");
        let (lines, report) = run(&input, 1 << 16);
        assert_eq!((report.answers, report.bad_lines), (1, 1));
        assert_eq!((&lines[0]["line"], &lines[1]["material"]["id"]), (&Value::from(1), &Value::from(1)));
    }

    #[test]
    fn blocks_keep_the_order_and_agree_with_single_answers() {
        let view = World::in_memory().unwrap().view();
        let depth = |i: u32| -f64::from(i * 7919 % 6_000_000);
        let n = 100_000;
        let input: String = (0..n).map(|i| format!("{},1.5,{}\n", i % 360, depth(i))).collect();
        let mut out = Vec::new();
        let report = stream(&view, 28, input.as_bytes(), &mut out).unwrap();
        assert_eq!(report.answers, u64::from(n));
        for (i, line) in (0..n).zip(String::from_utf8(out).unwrap().lines()) {
            if i % 997 == 0 {
                let want =
                    view.answer(super::super::Place::degrees(f64::from(i % 360), 1.5, depth(i)), 28).unwrap();
                let got: Value = serde_json::from_str(line).unwrap();
                assert_eq!(got["material"]["name"], want.material.name, "{i}");
                assert_eq!(got["source"], want.source);
                assert_eq!(got["page_level"], want.page_level);
            }
        }
    }

    #[test]
    fn nothing_in_nothing_out() {
        assert_eq!(run(b"", 1).1, StreamReport::default());
        assert_eq!(run(b"\n\n \n", 1).1, StreamReport::default());
    }
}
