//! Sets of codes: which contents occur, in order, with their ranks.

use super::Code;

const WORDS: usize = 1 << 10;

/// A set of 16-bit codes as one bit each, with counts so that a rank is one load and one popcount.
pub(super) struct CodeSet {
    bits: Box<[u64; WORDS]>,
    /// Codes in the words before.
    before: Box<[u32; WORDS]>,
}

impl CodeSet {
    /// The codes that occur in an iterator.
    pub(super) fn of(codes: impl Iterator<Item = Code>) -> Self {
        let mut bits = Box::new([0u64; WORDS]);
        for code in codes {
            bits[usize::from(code >> 6)] |= 1 << (code & 63);
        }
        let mut before = Box::new([0u32; WORDS]);
        let mut count = 0;
        for (word, before) in bits.iter().zip(before.iter_mut()) {
            *before = count;
            count += word.count_ones();
        }
        Self { bits, before }
    }

    /// How many codes.
    pub(super) fn len(&self) -> usize {
        self.before[WORDS - 1] as usize + self.bits[WORDS - 1].count_ones() as usize
    }

    /// How many codes of the set are below `code`: its index in the sorted set if it is a member.
    #[inline]
    pub(super) fn rank(&self, code: Code) -> usize {
        let word = usize::from(code >> 6);
        let below = self.bits[word] & ((1 << (code & 63)) - 1);
        self.before[word] as usize + below.count_ones() as usize
    }

    /// The codes, ascending.
    pub(super) fn sorted(&self) -> Vec<Code> {
        let mut out = Vec::with_capacity(self.len());
        for (i, &word) in self.bits.iter().enumerate() {
            let mut left = word;
            while left != 0 {
                out.push(((i as u32) << 6 | left.trailing_zeros()) as Code);
                left &= left - 1;
            }
        }
        out
    }
}
