//! Bit-packed dense sub-cells.

use super::codes::CodeSet;
use super::{Code, answer};
use bm_core::MaterialId;
use bm_core::page::SUBCELLS;

/// log2 of the bits an index takes, for so many palette entries: 1, 2, 4, 8 or 16 bits, so that an index
/// never straddles two words and a lookup is one shift.
pub(super) const fn log_bits(entries: usize) -> u32 {
    match entries {
        0..=2 => 0,
        3..=4 => 1,
        5..=16 => 2,
        17..=256 => 3,
        _ => 4,
    }
}

/// 64-bit words for all sub-cells at `1 << log_bits` bits each.
pub(super) const fn words(log_bits: u32) -> usize {
    (SUBCELLS as usize) >> (6 - log_bits)
}

/// A palette and, for each sub-cell, an index into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Palette {
    /// Ascending, each used at least once; "through" is 0 and so comes first.
    codes: Box<[Code]>,
    /// Sub-cell indices from the least significant bit up.
    words: Box<[u64]>,
    /// log2 of the bits an index takes.
    log_bits: u32,
}

impl Palette {
    /// From complete runs in Morton order, as (length, content), and the set of their contents.
    pub(super) fn from_runs(set: &CodeSet, runs: impl Iterator<Item = (u32, Code)>) -> Self {
        let log_bits = log_bits(set.len());
        let mut out = Self { codes: set.sorted().into(), words: vec![0; words(log_bits)].into(), log_bits };
        let mut pos = 0;
        for (len, code) in runs {
            out.fill(pos, pos + len, set.rank(code) as u64);
            pos += len;
        }
        out
    }

    /// From decoded parts: ascending codes and [`words`] of indices that are all below their number.
    pub(super) fn from_parts(codes: Vec<Code>, words: Vec<u64>) -> Self {
        let log_bits = log_bits(codes.len());
        Self { codes: codes.into(), words: words.into(), log_bits }
    }

    /// Number of different contents, "through" among them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Never: a page has at least one content.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// Bits of each packed index: 1, 2, 4, 8 or 16.
    #[must_use]
    pub const fn bits(&self) -> u32 {
        1 << self.log_bits
    }

    pub(super) fn codes(&self) -> &[Code] {
        &self.codes
    }

    pub(super) fn words(&self) -> &[u64] {
        &self.words
    }

    #[inline]
    pub(super) fn get(&self, sub: u32) -> Option<MaterialId> {
        if sub >= SUBCELLS {
            return None;
        }
        answer(self.codes[self.index(sub)])
    }

    /// Word and bit of a sub-cell.
    #[inline]
    const fn place(&self, sub: u32) -> (usize, u32) {
        let per_word = 6 - self.log_bits;
        ((sub >> per_word) as usize, (sub & ((1 << per_word) - 1)) << self.log_bits)
    }

    /// The packed index of a sub-cell of the page.
    #[inline]
    pub(super) fn index(&self, sub: u32) -> usize {
        let (word, bit) = self.place(sub);
        (self.words[word] >> bit) as usize & ((1 << self.bits()) - 1)
    }

    /// A word whose every place holds `index`.
    const fn splat(&self, index: u64) -> u64 {
        // A one in each place. By table, because a division would take longer than all else in a short run.
        const ONES: [u64; 5] = [u64::MAX, u64::MAX / 0x3, u64::MAX / 0xf, u64::MAX / 0xff, u64::MAX / 0xffff];
        index * ONES[self.log_bits as usize]
    }

    /// Sets `from..to`, whose places are still zero.
    fn fill(&mut self, from: u32, to: u32, index: u64) {
        if from >= to || index == 0 {
            return;
        }
        let pattern = self.splat(index);
        let ((first, low), (last, high)) = (self.place(from), self.place(to));
        // Bits from `low` up in the first word, below `high` in the last.
        let (head, tail) = (u64::MAX << low, !(u64::MAX << high));
        if first == last {
            self.words[first] |= pattern & head & tail;
            return;
        }
        self.words[first] |= pattern & head;
        self.words[first + 1..last].fill(pattern);
        if high > 0 {
            self.words[last] |= pattern & tail;
        }
    }

    /// The index at `pos` and where its run ends, at most `to`. `pos < to`, both within the page.
    pub(super) fn index_run(&self, pos: u32, to: u32) -> (u32, usize) {
        let index = self.index(pos);
        let pattern = self.splat(index as u64);
        let (mut word, bit) = self.place(pos);
        let mut differs = (self.words[word] ^ pattern) >> bit << bit;
        let last = self.place(to - 1).0;
        while differs == 0 && word < last {
            word += 1;
            differs = self.words[word] ^ pattern;
        }
        if differs == 0 {
            return (to, index);
        }
        let place = differs.trailing_zeros() >> self.log_bits;
        (to.min(((word as u32) << (6 - self.log_bits)) + place), index)
    }

    /// Where the run at `pos` ends, at most `to`, and its content.
    pub(super) fn run_from(&self, pos: u32, to: u32) -> (u32, Code) {
        let (end, index) = self.index_run(pos, to);
        (end, self.codes[index])
    }

    /// All runs as (length, content).
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, Code)> + Clone + '_ {
        let mut pos = 0;
        std::iter::from_fn(move || {
            let start = pos;
            (start < SUBCELLS).then(|| {
                let (end, code) = self.run_from(start, SUBCELLS);
                pos = end;
                (end - start, code)
            })
        })
    }

    pub(super) fn heap_bytes(&self) -> usize {
        heap_bytes(self.codes.len())
    }
}

/// Bytes of the in-memory form with so many palette entries.
pub(super) fn heap_bytes(entries: usize) -> usize {
    words(log_bits(entries)) * size_of::<u64>() + entries * size_of::<Code>()
}
