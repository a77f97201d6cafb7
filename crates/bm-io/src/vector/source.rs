//! The bytes of a vector file as a stream: counted, bounded, zstd unwrapped, looked at before they are read.

use super::Halt;
use crate::error::Fault;
use std::cell::{Cell, RefCell};
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

/// How much is read at once, and looked at to tell what a file is.
const CHUNK: usize = 1 << 18;
#[cfg(feature = "zst")]
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Told how many bytes of how many are read.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64);

/// A stream of decompressed bytes that knows where it is.
pub(super) struct Source<'a> {
    reader: Box<dyn BufRead + 'a>,
    taken: Rc<Cell<u64>>,
    /// Length of the decompressed stream, where it is known before its end.
    total: Option<u64>,
    watch: Watch<'a>,
}

/// Who is told the progress, and the length of the file.
#[derive(Clone)]
struct Watch<'a> {
    progress: Rc<RefCell<Progress<'a>>>,
    length: u64,
}

impl Watch<'_> {
    fn tell(&self, done: u64) {
        (self.progress.borrow_mut())(done, self.length.max(done));
    }
}

impl<'a> Source<'a> {
    /// Of `length` bytes as they lie in the file, at most `max_bytes` when decompressed.
    pub(super) fn new(
        raw: impl Read + 'a,
        length: u64,
        max_bytes: u64,
        progress: Progress<'a>,
    ) -> Result<Self, Halt> {
        let watch = Watch { progress: Rc::new(RefCell::new(progress)), length };
        let mut reader = BufReader::with_capacity(CHUNK, Watched { raw, done: 0, watch: watch.clone() });
        let taken = Rc::new(Cell::new(0));
        let counted = |reader: Box<dyn BufRead + 'a>, total| {
            let reader = Box::new(Counted { reader, taken: taken.clone(), max_bytes });
            Self { reader, taken: taken.clone(), total, watch: watch.clone() }
        };
        let head = reader.fill_buf()?;
        #[cfg(feature = "zst")]
        if head.starts_with(&ZSTD) {
            let decoder = zstd::stream::read::Decoder::with_buffer(reader)?;
            return Ok(counted(Box::new(BufReader::with_capacity(CHUNK, decoder)), None));
        }
        if head.is_empty() {
            return Err(Fault::damaged("whole file", "empty").into());
        }
        Ok(counted(Box::new(reader), Some(length)))
    }

    /// The next bytes, as many as are buffered; none at the end.
    pub(super) fn head(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    /// Bytes taken so far.
    pub(super) fn position(&self) -> u64 {
        self.taken.get()
    }

    /// Bytes left, where that is known.
    pub(super) fn left(&self) -> Option<u64> {
        self.total.map(|t| t.saturating_sub(self.position()))
    }

    /// Tells the progress of a file that others read.
    #[cfg(feature = "gpkg")]
    pub(super) fn report(&self, done: u64) {
        self.watch.tell(done.min(self.watch.length));
    }

    /// A handle that goes on telling the position while the stream is in other hands.
    pub(super) fn counter(&self) -> Rc<Cell<u64>> {
        self.taken.clone()
    }

    /// Passes the bytes through `wrap`, which changes their number.
    pub(super) fn map<R: Read + 'a>(self, wrap: impl FnOnce(Box<dyn BufRead + 'a>) -> R) -> Self {
        let taken = Rc::new(Cell::new(0));
        let reader = Box::new(BufReader::with_capacity(CHUNK, wrap(self.reader)));
        Self {
            reader: Box::new(Counted { reader, taken: taken.clone(), max_bytes: u64::MAX }),
            taken,
            total: None,
            watch: self.watch,
        }
    }
}

impl Read for Source<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buf)
    }
}

impl BufRead for Source<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    fn consume(&mut self, n: usize) {
        self.reader.consume(n);
    }
}

/// Tells the progress over the bytes as they lie in the file.
struct Watched<'a, R> {
    raw: R,
    done: u64,
    watch: Watch<'a>,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.raw.read(buf)?;
        self.done += n as u64;
        self.watch.tell(self.done);
        Ok(n)
    }
}

/// Counts what is taken, and ends with an error beyond `max_bytes`.
struct Counted<'a> {
    reader: Box<dyn BufRead + 'a>,
    taken: Rc<Cell<u64>>,
    max_bytes: u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buf)?;
        self.taken.set(self.taken.get() + n as u64);
        if self.taken.get() > self.max_bytes {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        Ok(n)
    }
}

impl BufRead for Counted<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.taken.get() > self.max_bytes {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        self.reader.fill_buf()
    }

    fn consume(&mut self, n: usize) {
        self.taken.set(self.taken.get() + n as u64);
        self.reader.consume(n);
    }
}
