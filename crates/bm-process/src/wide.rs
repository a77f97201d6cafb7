//! Compiling one loop for several widths of vector registers.
//!
//! Only the width differs: no contraction to fused multiply-add is allowed anywhere, so every path gives the same
//! bits as the portable one.

#[cfg(target_arch = "x86_64")]
use std::sync::atomic::{AtomicU8, Ordering};

/// Makes a function whose body is compiled for AVX-512, AVX2 and the portable baseline; the best one is chosen when
/// it is called.
macro_rules! wide {
    ($(#[$meta:meta])* $vis:vis fn $name:ident $(<$g:ident: $bound:path>)? ($($arg:ident: $type:ty),* $(,)?) $(-> $out:ty)? $body:block) => {
        $(#[$meta])*
        #[allow(clippy::too_many_arguments, reason = "a kernel takes its rows one by one")]
        $vis fn $name $(<$g: $bound>)? ($($arg: $type),*) $(-> $out)? {
            #[inline(always)]
            #[allow(clippy::too_many_arguments, reason = "a kernel takes its rows one by one")]
            fn portable $(<$g: $bound>)? ($($arg: $type),*) $(-> $out)? $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,bmi1,bmi2")]
                #[allow(clippy::too_many_arguments, reason = "a kernel takes its rows one by one")]
                fn avx512 $(<$g: $bound>)? ($($arg: $type),*) $(-> $out)? { portable($($arg),*) }
                #[target_feature(enable = "avx2,bmi1,bmi2")]
                #[allow(clippy::too_many_arguments, reason = "a kernel takes its rows one by one")]
                fn avx2 $(<$g: $bound>)? ($($arg: $type),*) $(-> $out)? { portable($($arg),*) }
                match $crate::wide::level() {
                    // SAFETY: the level says that the processor has every feature named above.
                    $crate::wide::Level::Avx512 => return unsafe { avx512($($arg),*) },
                    // SAFETY: as above.
                    $crate::wide::Level::Avx2 => return unsafe { avx2($($arg),*) },
                    $crate::wide::Level::Portable => {}
                }
            }
            portable($($arg),*)
        }
    };
}
pub(crate) use wide;

/// What the processor offers.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Avx512,
    Avx2,
    Portable,
}

/// What the processor offers, asked for once: kernels call for each row, and seven questions each time show in profiles.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(crate) fn level() -> Level {
    match LEVEL.load(Ordering::Relaxed) {
        1 => Level::Avx512,
        2 => Level::Avx2,
        3 => Level::Portable,
        _ => detect(),
    }
}

#[cfg(target_arch = "x86_64")]
static LEVEL: AtomicU8 = AtomicU8::new(0);

#[cfg(target_arch = "x86_64")]
#[cold]
fn detect() -> Level {
    let small = is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2");
    let large = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl");
    let (number, level) = match (small, large) {
        (true, true) => (1, Level::Avx512),
        (true, false) => (2, Level::Avx2),
        _ => (3, Level::Portable),
    };
    LEVEL.store(number, Ordering::Relaxed);
    level
}
