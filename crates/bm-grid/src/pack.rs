//! Values as few bytes, quickly.
//!
//! Numbers of four and eight bytes are XORed with their left neighbour and cut into planes of bytes: neighbours share
//! sign, exponent and first digits, so the high planes shrink to nearly nothing, and the low ones, which are noise,
//! are stored as they are. A plane is tried on a sample first, because trying it all costs more than it saves.

use crate::scalar::Scalar;
use std::io;
use zstd::bulk::{Compressor, Decompressor};

/// The fastest of the ordinary levels: a check-out is saved far more often than kept.
const LEVEL: i32 = 1;

/// Values handled at a time; they stay in the fastest cache.
const RUN: usize = 512;

/// Byte planes of a type, and bytes of a value in each. Short numbers are kept whole: most of them are names of
/// materials, which repeat but are not close to each other.
const fn planes<T: Scalar>() -> (usize, usize) {
    if T::BYTES <= 2 { (1, T::BYTES) } else { (T::BYTES, 1) }
}

/// Packs and unpacks; kept for its buffers.
pub(crate) struct Packer {
    compressor: Compressor<'static>,
    split: Vec<u8>,
    squeezed: Vec<u8>,
}

impl Packer {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { compressor: Compressor::new(LEVEL)?, split: Vec::new(), squeezed: Vec::new() })
    }

    /// Appends the bytes of slices that follow each other. In each the first value has no left neighbour.
    pub(crate) fn pack<T: Scalar>(&mut self, slices: &[&[T]], out: &mut Vec<u8>) -> io::Result<()> {
        let count: usize = slices.iter().map(|s| s.len()).sum();
        let (parts, size) = planes::<T>();
        self.split.clear();
        self.split.resize(count * T::BYTES, 0);
        let mut at = 0;
        for slice in slices {
            split(slice, &mut self.split, count, at);
            at += slice.len();
        }
        for part in 0..parts {
            let bytes = &self.split[part * count * size..(part + 1) * count * size];
            if bytes.is_empty() {
                continue;
            }
            self.squeezed.clear();
            if worth_it(bytes) {
                self.squeezed.reserve(zstd::zstd_safe::compress_bound(bytes.len()));
                self.compressor.compress_to_buffer(bytes, &mut self.squeezed)?;
            }
            let smaller = !self.squeezed.is_empty() && self.squeezed.len() < bytes.len();
            let stored = if smaller { &self.squeezed[..] } else { bytes };
            out.extend((stored.len() as u32).to_le_bytes());
            out.extend_from_slice(stored);
        }
        Ok(())
    }
}

/// What packed bytes are made back with.
pub(crate) struct Unpacker {
    decompressor: Decompressor<'static>,
    split: Vec<u8>,
}

impl Unpacker {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { decompressor: Decompressor::new()?, split: Vec::new() })
    }

    /// Fills slices with what was packed. The bytes must be used up.
    pub(crate) fn unpack<T: Scalar>(
        &mut self,
        mut bytes: &[u8],
        slices: &mut [&mut [T]],
    ) -> Result<(), &'static str> {
        let count: usize = slices.iter().map(|s| s.len()).sum();
        let (parts, size) = planes::<T>();
        let whole = count * size;
        // No more than the slices themselves, which the caller has.
        self.split.clear();
        self.split.resize(whole * parts, 0);
        for plane in self.split.chunks_exact_mut(whole.max(1)) {
            let (head, rest) = bytes.split_first_chunk::<4>().ok_or("values end too soon")?;
            let stored = u32::from_le_bytes(*head) as usize;
            if stored > whole {
                return Err("packed values are longer than plain ones");
            }
            let (body, rest) = rest.split_at_checked(stored).ok_or("values end too soon")?;
            bytes = rest;
            if stored == whole {
                plane.copy_from_slice(body);
                continue;
            }
            match self.decompressor.decompress_to_buffer(body, plane) {
                Ok(made) if made == whole => {}
                Ok(_) => return Err("packed values are too few"),
                Err(_) => return Err("packed values cannot be unpacked"),
            }
        }
        if !bytes.is_empty() {
            return Err("there are bytes behind the values");
        }
        let mut at = 0;
        for slice in slices {
            join(&self.split, slice, count, at);
            at += slice.len();
        }
        Ok(())
    }
}

/// Cuts values into planes; these belong at `at` of `count`.
fn split<T: Scalar>(values: &[T], planes: &mut [u8], count: usize, at: usize) {
    match T::BYTES {
        1 | 2 => {
            let to = &mut planes[at * T::BYTES..(at + values.len()) * T::BYTES];
            for (to, value) in to.chunks_exact_mut(T::BYTES).zip(values) {
                to.copy_from_slice(&value.bits().to_le_bytes()[..T::BYTES]);
            }
        }
        _ => {
            let mut before = 0;
            let mut run = [0_u64; RUN];
            for (chunk, at) in values.chunks(RUN).zip((at..).step_by(RUN)) {
                let run = &mut run[..chunk.len()];
                for (bits, value) in run.iter_mut().zip(chunk) {
                    let own = value.bits();
                    *bits = own ^ before;
                    before = own;
                }
                let (eights, rest) = run.as_chunks_mut::<8>();
                for (eight, at) in eights.iter_mut().zip((at..).step_by(8)) {
                    transpose(eight);
                    for (byte, line) in eight.iter().take(T::BYTES).enumerate() {
                        planes[byte * count + at..][..8].copy_from_slice(&line.to_le_bytes());
                    }
                }
                let at = at + eights.len() * 8;
                for byte in 0..T::BYTES {
                    let plane = &mut planes[byte * count + at..][..rest.len()];
                    for (to, bits) in plane.iter_mut().zip(&*rest) {
                        *to = (bits >> (8 * byte)) as u8;
                    }
                }
            }
        }
    }
}

/// The other way round.
fn join<T: Scalar>(planes: &[u8], values: &mut [T], count: usize, at: usize) {
    match T::BYTES {
        1 | 2 => {
            let from = &planes[at * T::BYTES..(at + values.len()) * T::BYTES];
            for (from, value) in from.chunks_exact(T::BYTES).zip(values) {
                let high = from.get(1).copied().unwrap_or(0);
                *value = T::from_bits(u64::from(from[0]) | u64::from(high) << 8);
            }
        }
        _ => {
            let mut before = 0;
            let mut run = [0_u64; RUN];
            for (chunk, at) in values.chunks_mut(RUN).zip((at..).step_by(RUN)) {
                let run = &mut run[..chunk.len()];
                run.fill(0);
                let (eights, rest) = run.as_chunks_mut::<8>();
                for (eight, at) in eights.iter_mut().zip((at..).step_by(8)) {
                    for (byte, line) in eight.iter_mut().take(T::BYTES).enumerate() {
                        let (from, _) = planes[byte * count + at..].as_chunks::<8>();
                        *line = u64::from_le_bytes(from[0]);
                    }
                    transpose(eight);
                }
                let at = at + eights.len() * 8;
                for byte in 0..T::BYTES {
                    let plane = &planes[byte * count + at..][..rest.len()];
                    for (bits, from) in rest.iter_mut().zip(plane) {
                        *bits |= u64::from(*from) << (8 * byte);
                    }
                }
                for (bits, value) in run.iter().zip(chunk) {
                    before ^= bits;
                    *value = T::from_bits(before);
                }
            }
        }
    }
}

/// Byte `i` of line `j` becomes byte `j` of line `i`: blocks of four, two and one bytes change sides.
#[inline(always)]
fn transpose(lines: &mut [u64; 8]) {
    let mut swap = |a: usize, b: usize, shift: u32, mask: u64| {
        let t = (lines[a] >> shift ^ lines[b]) & mask;
        lines[b] ^= t;
        lines[a] ^= t << shift;
    };
    for i in [0, 1, 2, 3] {
        swap(i, i + 4, 32, 0x0000_0000_ffff_ffff);
    }
    for i in [0, 1, 4, 5] {
        swap(i, i + 2, 16, 0x0000_ffff_0000_ffff);
    }
    for i in [0, 2, 4, 6] {
        swap(i, i + 1, 8, 0x00ff_00ff_00ff_00ff);
    }
}

/// Whether bytes look as if they would shrink: on a sample, whether some values are more frequent than chance.
fn worth_it(bytes: &[u8]) -> bool {
    const PIECE: usize = 1024;
    const PIECES: usize = 4;
    if bytes.len() < PIECE * PIECES * 2 {
        return true;
    }
    let mut counts = [0_u32; 256];
    for piece in 0..PIECES {
        let from = (bytes.len() - PIECE) * piece / (PIECES - 1);
        for &byte in &bytes[from..from + PIECE] {
            counts[usize::from(byte)] += 1;
        }
    }
    let squares: u64 = counts.iter().map(|&n| u64::from(n) * u64::from(n)).sum();
    // Chance gives n + n²/256.
    let n = (PIECE * PIECES) as u64;
    squares > (n + n * n / 256) * 5 / 4
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn there_and_back<T: Scalar>(slices: &[Vec<T>]) -> usize {
        let refs: Vec<&[T]> = slices.iter().map(Vec::as_slice).collect();
        let mut bytes = Vec::new();
        Packer::new().unwrap().pack(&refs, &mut bytes).unwrap();
        let mut back: Vec<Vec<T>> = slices.iter().map(|s| vec![T::default(); s.len()]).collect();
        let mut muts: Vec<&mut [T]> = back.iter_mut().map(Vec::as_mut_slice).collect();
        let mut unpacker = Unpacker::new().unwrap();
        unpacker.unpack(&bytes, &mut muts).unwrap();
        assert!(slices.iter().flatten().zip(back.iter().flatten()).all(|(&a, &b)| a.same(b)));
        // A byte more or less is noticed.
        let mut muts: Vec<&mut [T]> = back.iter_mut().map(Vec::as_mut_slice).collect();
        if let Some((_, less)) = bytes.split_last() {
            unpacker.unpack(less, &mut muts).unwrap_err();
        }
        let more = [&bytes[..], &[0]].concat();
        unpacker.unpack(&more, &mut muts).unwrap_err();
        bytes.len()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn values_come_back(bits in prop::collection::vec(any::<u64>(), 0..2000), small in any::<bool>(), cut in 0_usize..2000) {
            let bits: Vec<u64> = bits.into_iter().map(|b| if small { b % 7 } else { b }).collect();
            let (a, b) = bits.split_at(cut.min(bits.len()));
            fn both<T: Scalar>(a: &[u64], b: &[u64]) {
                let of = |s: &[u64]| s.iter().map(|&b| T::from_bits(b)).collect::<Vec<_>>();
                there_and_back(&[of(a), of(b)]);
            }
            both::<u8>(a, b);
            both::<u16>(a, b);
            both::<bm_core::MaterialId>(a, b);
            both::<i16>(a, b);
            both::<u32>(a, b);
            both::<i64>(a, b);
            both::<f32>(a, b);
            both::<f64>(a, b);
        }
    }

    #[test]
    fn heights_shrink_and_noise_costs_itself() {
        let mut noise = 1_u64;
        let mut next = || {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            noise ^ noise >> 29
        };
        let smooth: Vec<f64> = (0..16384).map(|i| 1000.0 + f64::from(i % 128) * 0.25).collect();
        assert!(there_and_back(&[smooth]) < 16384);
        let rough: Vec<f64> =
            (0..16384).map(|_| 1000.0 + (next() >> 11) as f64 / (1_u64 << 53) as f64).collect();
        assert!(there_and_back(&[rough]) < 16384 * 13 / 2);
        let random: Vec<f64> = (0..16384).map(|_| f64::from_bits(next())).collect();
        assert_eq!(there_and_back(&[random]), 16384 * 8 + 8 * 4);
    }
}
