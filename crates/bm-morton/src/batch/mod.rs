//! Many codes at once: structure of arrays in, structure of arrays out.

#[cfg(all(target_arch = "x86_64", not(miri)))]
mod avx512;

use crate::Converter;

/// A way to convert batches. All give the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Backend {
    /// Shifts and masks, which the compiler vectorises for the build's target. Everywhere.
    Portable,
    /// x86-64 with `pdep`/`pext`, except where they are microcode (AMD before Zen 3).
    Bmi2,
    /// x86-64 with AVX-512 F, BW and VBMI, and GFNI: bytes to their places, then bit matrices.
    Avx512,
}

impl Backend {
    /// All backends, the preferred one last.
    pub const ALL: [Self; 3] = [Self::Portable, Self::Bmi2, Self::Avx512];

    /// Whether this build on this CPU can use it. The CPU is asked once.
    #[inline]
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(all(target_arch = "x86_64", not(miri)))]
            Self::Bmi2 => crate::cpu::fast_bmi2(),
            #[cfg(all(target_arch = "x86_64", not(miri)))]
            Self::Avx512 => crate::cpu::avx512_gfni(),
            #[cfg(not(all(target_arch = "x86_64", not(miri))))]
            _ => false,
        }
    }

    /// The fastest available one, which the functions without `_with` use.
    #[inline]
    #[must_use]
    pub fn detect() -> Self {
        if Self::Avx512.is_available() {
            Self::Avx512
        } else if Self::Bmi2.is_available() {
            Self::Bmi2
        } else {
            Self::Portable
        }
    }

    /// The available ones, the preferred one last.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|b| b.is_available())
    }
}

/// Runs the AVX-512 kernel `$kernel` or `$each`, a loop that is given a [`Converter`]; returns
/// `None` if `$backend` is not available.
macro_rules! convert {
    ($backend:expr, $kernel:ident($($arg:expr),*), $each:expr) => {
        match $backend {
            #[cfg(all(target_arch = "x86_64", not(miri)))]
            Backend::Avx512 if $backend.is_available() => {
                // SAFETY: the CPU has what the kernel needs, as was just found.
                unsafe { avx512::$kernel($($arg),*) }
            }
            // Where BMI2 is available, it is what this chooses.
            Backend::Bmi2 if $backend.is_available() => Converter::fastest($each),
            Backend::Portable => ($each)(Converter::PORTABLE),
            _ => return None,
        }
    };
}

/// Encodes `x[i], y[i]` into `codes[i]` (2-D, 32 bits an axis) by the fastest backend.
///
/// The inputs must be equally long and `codes` at least as long: returns their length, and
/// leaves what `codes` has beyond it. Otherwise nothing is written and the answer is `None`.
#[inline]
#[must_use = "None tells that the lengths do not fit"]
pub fn encode2_u64_batch(x: &[u32], y: &[u32], codes: &mut [u64]) -> Option<usize> {
    encode2_u64_batch_with(Backend::detect(), x, y, codes)
}

/// [`encode2_u64_batch`] by a given backend; `None` also if it is not available.
#[must_use = "None tells that the lengths do not fit or the backend is not available"]
pub fn encode2_u64_batch_with(backend: Backend, x: &[u32], y: &[u32], codes: &mut [u64]) -> Option<usize> {
    let n = x.len();
    if y.len() != n {
        return None;
    }
    let codes = codes.get_mut(..n)?;
    let each = x.iter().zip(y).zip(&mut *codes);
    convert!(backend, encode2_u64(x, y, codes), |c: Converter| {
        each.for_each(|((&x, &y), code)| *code = c.encode2_u64(x, y));
    });
    Some(n)
}

/// Decodes `codes[i]` into `x[i], y[i]` (2-D, 32 bits an axis) by the fastest backend.
///
/// The outputs must be at least as long as `codes`: returns its length, and leaves what they
/// have beyond it. Otherwise nothing is written and the answer is `None`.
#[inline]
#[must_use = "None tells that the lengths do not fit"]
pub fn decode2_u64_batch(codes: &[u64], x: &mut [u32], y: &mut [u32]) -> Option<usize> {
    decode2_u64_batch_with(Backend::detect(), codes, x, y)
}

/// [`decode2_u64_batch`] by a given backend; `None` also if it is not available.
#[must_use = "None tells that the lengths do not fit or the backend is not available"]
pub fn decode2_u64_batch_with(
    backend: Backend,
    codes: &[u64],
    x: &mut [u32],
    y: &mut [u32],
) -> Option<usize> {
    let n = codes.len();
    let (x, y) = (x.get_mut(..n)?, y.get_mut(..n)?);
    let each = codes.iter().zip(&mut *x).zip(&mut *y);
    convert!(backend, decode2_u64(codes, x, y), |c: Converter| {
        each.for_each(|((&code, x), y)| [*x, *y] = c.decode2_u64(code));
    });
    Some(n)
}

/// Encodes `x[i], y[i], z[i]` into `codes[i]` (3-D, 21 bits an axis) by the fastest backend.
/// Input bits above the 21st are ignored.
///
/// The inputs must be equally long and `codes` at least as long: returns their length, and
/// leaves what `codes` has beyond it. Otherwise nothing is written and the answer is `None`.
#[inline]
#[must_use = "None tells that the lengths do not fit"]
pub fn encode3_u64_batch(x: &[u32], y: &[u32], z: &[u32], codes: &mut [u64]) -> Option<usize> {
    encode3_u64_batch_with(Backend::detect(), x, y, z, codes)
}

/// [`encode3_u64_batch`] by a given backend; `None` also if it is not available.
#[must_use = "None tells that the lengths do not fit or the backend is not available"]
pub fn encode3_u64_batch_with(
    backend: Backend,
    x: &[u32],
    y: &[u32],
    z: &[u32],
    codes: &mut [u64],
) -> Option<usize> {
    let n = x.len();
    if y.len() != n || z.len() != n {
        return None;
    }
    let codes = codes.get_mut(..n)?;
    let each = x.iter().zip(y).zip(z).zip(&mut *codes);
    convert!(backend, encode3_u64(x, y, z, codes), |c: Converter| {
        each.for_each(|(((&x, &y), &z), code)| *code = c.encode3_u64(x, y, z));
    });
    Some(n)
}

/// Decodes `codes[i]` into `x[i], y[i], z[i]` (3-D, 21 bits an axis) by the fastest backend.
/// The top bit of a code is ignored.
///
/// The outputs must be at least as long as `codes`: returns its length, and leaves what they
/// have beyond it. Otherwise nothing is written and the answer is `None`.
#[inline]
#[must_use = "None tells that the lengths do not fit"]
pub fn decode3_u64_batch(codes: &[u64], x: &mut [u32], y: &mut [u32], z: &mut [u32]) -> Option<usize> {
    decode3_u64_batch_with(Backend::detect(), codes, x, y, z)
}

/// [`decode3_u64_batch`] by a given backend; `None` also if it is not available.
#[must_use = "None tells that the lengths do not fit or the backend is not available"]
pub fn decode3_u64_batch_with(
    backend: Backend,
    codes: &[u64],
    x: &mut [u32],
    y: &mut [u32],
    z: &mut [u32],
) -> Option<usize> {
    let n = codes.len();
    let (x, y, z) = (x.get_mut(..n)?, y.get_mut(..n)?, z.get_mut(..n)?);
    let each = codes.iter().zip(&mut *x).zip(&mut *y).zip(&mut *z);
    convert!(backend, decode3_u64(codes, x, y, z), |c: Converter| {
        each.for_each(|(((&code, x), y), z)| [*x, *y, *z] = c.decode3_u64(code));
    });
    Some(n)
}
