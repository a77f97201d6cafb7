//! Compiling one loop for several widths of vector registers.
//!
//! Only the width differs: no contraction to fused multiply-add is allowed anywhere, so every path gives the same
//! bits as the portable one.

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

/// What the processor offers (the standard library remembers the answer).
#[cfg(target_arch = "x86_64")]
pub(crate) fn level() -> Level {
    let small = is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2");
    let large = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl");
    match (small, large) {
        (true, true) => Level::Avx512,
        (true, false) => Level::Avx2,
        _ => Level::Portable,
    }
}
