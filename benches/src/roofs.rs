//! What a machine can do at most: bytes a second from and to memory, additions and multiplications a second.

use std::hint::black_box;
use std::time::Instant;

/// What memory does: the triad of STREAM (McCalpin 1995) over arrays larger than any cache.
#[derive(Debug)]
pub struct Memory {
    a: Vec<f64>,
    b: Vec<f64>,
    c: Vec<f64>,
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl Memory {
    const ELEMENTS: usize = 1 << 24;

    /// Three arrays of 128 MB.
    #[must_use]
    pub fn new() -> Self {
        let made = |value: f64| vec![value; Self::ELEMENTS];
        Self { a: made(0.5), b: made(1.0), c: made(2.0) }
    }

    /// Bytes a second for so many threads: 24 an element, as STREAM counts (what is written is not counted as read before).
    pub fn bandwidth(&mut self, threads: usize) -> f64 {
        let part = Self::ELEMENTS.div_ceil(threads);
        let start = Instant::now();
        std::thread::scope(|scope| {
            let parts = self.a.chunks_mut(part).zip(self.b.chunks(part)).zip(self.c.chunks(part));
            for ((a, b), c) in parts {
                scope.spawn(move || {
                    for ((a, b), c) in a.iter_mut().zip(b).zip(c) {
                        *a = b + 3.0 * c;
                    }
                });
            }
        });
        24.0 * Self::ELEMENTS as f64 / start.elapsed().as_secs_f64()
    }
}

/// Chains of operations that do not wait for each other: as many as the widest processors need to be always busy.
const CHAINS: usize = 128;

/// Turns of [`chains`]: some hundredths of a second.
const TURNS: usize = 1 << 21;

/// Multiplications and additions of 64-bit floats a second for so many threads, all in registers, not fused: what our
/// kernels could reach, which give the same bits on processors that cannot fuse.
#[must_use]
pub fn arithmetic(threads: usize) -> f64 {
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            // All of them different, and known to nobody: equal chains would be done once.
            let starts = black_box(std::array::from_fn(|n| n as f64));
            scope.spawn(move || black_box(busy(&starts, black_box(0.999), black_box(0.001))));
        }
    });
    (2 * CHAINS * TURNS * threads) as f64 / start.elapsed().as_secs_f64()
}

fn busy(starts: &[f64; CHAINS], factor: f64, term: f64) -> f64 {
    #[cfg(target_arch = "x86_64")]
    {
        if std::is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor has what the function needs.
            return unsafe { busy_512(starts, factor, term) };
        }
        if std::is_x86_feature_detected!("avx2") {
            // SAFETY: as above.
            return unsafe { busy_256(starts, factor, term) };
        }
    }
    chains::<32>(starts, factor, term)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn busy_512(starts: &[f64; CHAINS], factor: f64, term: f64) -> f64 {
    use std::arch::x86_64::{
        __m512d, _mm512_add_pd, _mm512_loadu_pd, _mm512_mul_pd, _mm512_reduce_add_pd, _mm512_set1_pd,
    };
    let (factor, term) = (_mm512_set1_pd(factor), _mm512_set1_pd(term));
    // SAFETY: 8 floats are read from a chunk of 8.
    let load = |chunk: &[f64; 8]| unsafe { _mm512_loadu_pd(chunk.as_ptr()) };
    let (chunks, _) = starts.as_chunks::<8>();
    let mut all: [__m512d; CHAINS / 8] = std::array::from_fn(|n| load(&chunks[n]));
    for _ in 0..TURNS {
        for value in &mut all {
            *value = _mm512_add_pd(_mm512_mul_pd(*value, factor), term);
        }
    }
    all.into_iter().map(|value| _mm512_reduce_add_pd(value)).sum()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn busy_256(starts: &[f64; CHAINS], factor: f64, term: f64) -> f64 {
    // Twelve of sixteen registers.
    chains::<48>(starts, factor, term)
}

/// The same by whatever the compiler makes of it, `AT_ONCE` chains at a time.
#[inline(always)]
fn chains<const AT_ONCE: usize>(starts: &[f64; CHAINS], factor: f64, term: f64) -> f64 {
    let turns = CHAINS * TURNS / AT_ONCE;
    let mut all: [f64; AT_ONCE] = std::array::from_fn(|n| starts[n]);
    for _ in 0..turns {
        for value in &mut all {
            *value = *value * factor + term;
        }
    }
    all.into_iter().sum()
}
