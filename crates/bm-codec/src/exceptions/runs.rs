//! Morton-ordered runs in random-access form.

use super::codes::CodeSet;
use super::palette::Palette;
use super::select;
use super::{Code, Exceptions, ExceptionsKind, THROUGH, answer};
use bm_core::MaterialId;
use bm_core::page::{PAGE_SPAN, SUBCELLS};

/// Bits of a sub-cell index.
const INDEX_BITS: u32 = 3 * PAGE_SPAN as u32;

/// Most bits of an index that the directory resolves: 2^16 entries, 256 KiB. Pages with more runs than
/// that are nearly always held as a palette.
const MAX_DIRECTORY_BITS: u32 = 16;

/// Maximal runs over all sub-cells, with a directory by the top bits of the index.
///
/// The directory has between half and one entry a run, so that a block it names holds a run or two and a
/// lookup takes constant time where runs are spread evenly, O(log runs) where they crowd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runs {
    /// First sub-cell of each run; ascending from 0.
    starts: Box<[u32]>,
    /// Content of each run.
    codes: Box<[Code]>,
    /// Run that holds the first sub-cell of each block; one more entry names the last run.
    directory: Box<[u32]>,
    /// log2 of a block's sub-cells.
    shift: u32,
}

impl Runs {
    /// `starts` ascend from 0 below [`SUBCELLS`]; as many codes, neighbours differ.
    fn new(starts: Vec<u32>, codes: Vec<Code>) -> Self {
        debug_assert!(starts.first() == Some(&0) && starts.len() == codes.len());
        debug_assert!(starts.is_sorted_by(|a, b| a < b) && codes.windows(2).all(|w| w[0] != w[1]));
        let bits = directory_bits(starts.len());
        let shift = INDEX_BITS - bits;
        let mut directory = Vec::with_capacity((1 << bits) + 1);
        let mut run = 0u32;
        for block in 0..1u32 << bits {
            // Each step looks at one start further on; `run` never passes the last.
            while starts.get(run as usize + 1).is_some_and(|&next| next <= block << shift) {
                run += 1;
            }
            directory.push(run);
        }
        directory.push(starts.len() as u32 - 1);
        Self { starts: starts.into(), codes: codes.into(), directory: directory.into(), shift }
    }

    /// Number of runs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Never: a page has at least one run.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    #[inline]
    pub(super) fn get(&self, sub: u32) -> Option<MaterialId> {
        if sub >= SUBCELLS {
            return None;
        }
        answer(self.codes[self.rank(sub)])
    }

    /// Which run holds a sub-cell of the page.
    #[inline]
    pub(super) fn rank(&self, sub: u32) -> usize {
        let block = (sub >> self.shift) as usize;
        let (first, last) = (self.directory[block] as usize, self.directory[block + 1] as usize);
        // `first` starts at or before `sub`; the runs after it up to `last` may.
        let candidates = &self.starts[first + 1..=last];
        if candidates.len() <= 8 {
            first + candidates.iter().filter(|&&start| start <= sub).count()
        } else {
            first + candidates.partition_point(|&start| start <= sub)
        }
    }

    /// End and content of a run.
    #[inline]
    pub(super) fn run(&self, run: usize) -> (u32, Code) {
        (self.starts.get(run + 1).copied().unwrap_or(SUBCELLS), self.codes[run])
    }

    /// All runs as (length, content).
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, Code)> + Clone + '_ {
        (0..self.len()).map(|i| {
            let (end, code) = self.run(i);
            (end - self.starts[i], code)
        })
    }

    pub(super) fn heap_bytes(&self) -> usize {
        heap_bytes(self.len())
    }
}

/// Directory bits for a number of runs.
fn directory_bits(runs: usize) -> u32 {
    runs.max(1).ilog2().min(MAX_DIRECTORY_BITS)
}

/// Bytes of the in-memory form of so many runs.
pub(super) fn heap_bytes(runs: usize) -> usize {
    let entries = (1usize << directory_bits(runs)) + 1;
    runs * (size_of::<u32>() + size_of::<Code>()) + entries * size_of::<u32>()
}

/// Runs under construction, in Morton order; equal neighbours melt together.
#[derive(Default)]
pub(super) struct RunList {
    starts: Vec<u32>,
    codes: Vec<Code>,
    end: u32,
}

impl RunList {
    /// The caller sees to it that the sum stays within [`SUBCELLS`].
    #[inline]
    pub(super) fn push(&mut self, len: u32, code: Code) {
        if len > 0 && self.codes.last() != Some(&code) {
            self.starts.push(self.end);
            self.codes.push(code);
        }
        self.end += len;
    }

    /// Sub-cells so far.
    pub(super) fn end(&self) -> u32 {
        self.end
    }

    /// Runs so far.
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// From complete runs.
    pub(super) fn of(runs: impl Iterator<Item = (u32, Code)>) -> Self {
        let mut list = Self::default();
        runs.for_each(|(len, code)| list.push(len, code));
        list
    }

    /// All runs as (length, content).
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, Code)> + Clone + '_ {
        self.starts
            .iter()
            .zip(&self.codes)
            .enumerate()
            .map(|(i, (&start, &code))| (self.starts.get(i + 1).copied().unwrap_or(self.end) - start, code))
    }

    /// In the form the cost model chooses: a matter of the content alone. For complete lists.
    pub(super) fn finish(self) -> Exceptions {
        debug_assert_eq!(self.end, SUBCELLS);
        if self.codes == [THROUGH] || self.codes.is_empty() {
            return Exceptions::None;
        }
        let set = CodeSet::of(self.codes.iter().copied());
        match select::choose(self.len(), set.len()) {
            ExceptionsKind::Palette => Exceptions::Palette(Palette::from_runs(&set, self.iter())),
            _ => Exceptions::Runs(Runs::new(self.starts, self.codes)),
        }
    }
}
