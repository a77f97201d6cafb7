//! Work for several threads, and sums that do not depend on how many there are.

use std::sync::{Mutex, PoisonError};

/// Compiles a function three times, for vectors of 64, 32 and 16 bytes, and calls the widest the processor has.
///
/// The bits are the same in all three: the compiler never fuses or reorders floating-point operations.
macro_rules! wide {
    ($(#[$meta:meta])* $vis:vis fn $name:ident $(<$g:ident: $bound:path>)? ($($arg:ident: $type:ty),* $(,)?) $(-> $out:ty)? $body:block) => {
        $(#[$meta])*
        $vis fn $name $(<$g: $bound>)? ($($arg: $type),*) $(-> $out)? {
            #[inline(always)]
            #[allow(clippy::too_many_arguments, reason = "a kernel takes its rows one by one")]
            fn portable $(<$g: $bound>)? ($($arg: $type),*) $(-> $out)? $body
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
                #[allow(clippy::too_many_arguments, reason = "a kernel takes its rows one by one")]
                fn bytes64 $(<$g: $bound>)? ($($arg: $type),*) $(-> $out)? { portable($($arg),*) }
                #[target_feature(enable = "avx2")]
                #[allow(clippy::too_many_arguments, reason = "a kernel takes its rows one by one")]
                fn bytes32 $(<$g: $bound>)? ($($arg: $type),*) $(-> $out)? { portable($($arg),*) }
                use std::arch::is_x86_feature_detected as has;
                if has!("avx512f") && has!("avx512bw") && has!("avx512dq") && has!("avx512vl") {
                    // SAFETY: the processor has the features, as was just asked.
                    return unsafe { bytes64($($arg),*) };
                }
                if has!("avx2") {
                    // SAFETY: the processor has the feature, as was just asked.
                    return unsafe { bytes32($($arg),*) };
                }
            }
            portable($($arg),*)
        }
    };
}
pub(crate) use wide;

/// Calls `work` on every task, on up to `threads` threads (0: as many as there are processors).
///
/// Which thread gets which task is left to chance, so a task must not depend on another one's result.
pub(crate) fn run<T: Send>(threads: usize, tasks: Vec<T>, work: impl Fn(T) + Sync) {
    let threads = count(threads).min(tasks.len());
    if threads <= 1 {
        tasks.into_iter().for_each(work);
        return;
    }
    let queue = Mutex::new(tasks.into_iter());
    let worker = || {
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some(task) = next else { break };
            work(task);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(worker);
        }
        worker();
    });
}

/// The number of threads meant by `threads`.
pub(crate) fn count(threads: usize) -> usize {
    if threads == 0 { std::thread::available_parallelism().map_or(1, usize::from) } else { threads }
}

/// The sum of a slice in eight interleaved parts: wide, and always in the same order.
#[inline(always)]
pub(crate) fn sum(values: &[f64]) -> f64 {
    let mut part = [0.0; 8];
    let chunks = values.chunks_exact(8);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (part, value) in part.iter_mut().zip(chunk) {
            *part += value;
        }
    }
    let mut total = ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
    for value in rest {
        total += value;
    }
    total
}

/// Folds eight interleaved parts.
#[inline(always)]
fn fold(values: &[f64], start: f64, better: impl Fn(f64, f64) -> bool) -> f64 {
    let mut part = [start; 8];
    let chunks = values.chunks_exact(8);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (part, &value) in part.iter_mut().zip(chunk) {
            // A NaN is better than any number, so that it is seen.
            *part = if better(*part, value) | part.is_nan() { *part } else { value };
        }
    }
    part.iter().chain(rest).fold(start, |a, &b| if a.is_nan() || better(a, b) { a } else { b })
}

wide! {
    /// The least of the values, or NaN where one is.
    pub(crate) fn min(values: &[f64]) -> f64 {
        fold(values, f64::INFINITY, |a, b| a <= b)
    }
}

wide! {
    /// The greatest of the values, or NaN where one is.
    pub(crate) fn max(values: &[f64]) -> f64 {
        fold(values, f64::NEG_INFINITY, |a, b| a >= b)
    }
}

/// A sum that carries its rounding error along (Neumaier 1974), for adding rows up.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum {
    high: f64,
    low: f64,
}

impl Sum {
    pub(crate) fn add(&mut self, value: f64) {
        let high = self.high + value;
        self.low += if self.high.abs() >= value.abs() {
            (self.high - high) + value
        } else {
            (value - high) + self.high
        };
        self.high = high;
    }

    pub(crate) fn value(self) -> f64 {
        self.high + self.low
    }
}

impl FromIterator<f64> for Sum {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut sum = Self::default();
        values.into_iter().for_each(|value| sum.add(value));
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn every_task_is_done_once() {
        for threads in [0, 1, 2, 8] {
            let total = AtomicU64::new(0);
            run(threads, (1..=1000).collect(), |task: u64| {
                total.fetch_add(task, Ordering::Relaxed);
            });
            assert_eq!(total.into_inner(), 500_500);
        }
    }

    #[test]
    fn sums_lose_nothing() {
        let sum: Sum = [1e300, 1.0, -1e300, 1.0].into_iter().collect();
        assert_eq!(sum.value(), 2.0);
        let values: Vec<f64> = (0..1003).map(f64::from).collect();
        assert_eq!(super::sum(&values), 502_503.0);
        assert_eq!((min(&values), max(&values)), (0.0, 1002.0));
        for at in [0, 8, 1000, 1002] {
            let mut holed = values.clone();
            holed[at] = f64::NAN;
            assert!(min(&holed).is_nan() && max(&holed).is_nan(), "{at}");
        }
    }
}
