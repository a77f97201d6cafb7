//! What this CPU can do, asked once and kept in one byte.
//!
//! A build for a target with BMI2 asks too: the same build may run on a CPU whose `pdep` is
//! slow, and no compile-time flag tells.

#[cfg(all(target_arch = "x86_64", not(miri)))]
mod x86 {
    use core::sync::atomic::{AtomicU8, Ordering};

    const KNOWN: u8 = 1;
    const BMI2: u8 = 2;
    const AVX512: u8 = 4;

    /// Zero until the first question; then `KNOWN` and the features. Every thread that races
    /// here stores the same value, hence relaxed.
    static FEATURES: AtomicU8 = AtomicU8::new(0);

    #[inline]
    fn has(feature: u8) -> bool {
        let known = FEATURES.load(Ordering::Relaxed);
        let known = if known == 0 { ask() } else { known };
        known & feature != 0
    }

    /// [`fast_bmi2`], or false as long as nobody has asked: one load, one test, no call.
    #[inline(always)]
    pub(crate) fn known_fast_bmi2() -> bool {
        FEATURES.load(Ordering::Relaxed) & BMI2 != 0
    }

    /// `pdep`/`pext` are there and fast: BMI2, with BMI1 and LZCNT, which no CPU has it without.
    #[inline]
    pub(crate) fn fast_bmi2() -> bool {
        has(BMI2)
    }

    /// AVX-512 F, BW and VBMI with GFNI, and an operating system that saves their registers.
    #[inline]
    pub(crate) fn avx512_gfni() -> bool {
        has(AVX512)
    }

    #[cold]
    fn ask() -> u8 {
        let features = KNOWN | detect();
        FEATURES.store(features, Ordering::Relaxed);
        features
    }

    fn detect() -> u8 {
        use core::arch::x86_64::{__cpuid, __cpuid_count};

        let vendor = __cpuid(0);
        if vendor.eax < 7 {
            return 0;
        }
        let one = __cpuid(1);
        let seven = __cpuid_count(7, 0);
        let bit = |word: u32, n: u32| word >> n & 1 != 0;
        let mut features = 0;

        // "AuthenticAMD" and "HygonGenuine", as the first register shows them. Their cores
        // before Zen 3 (family 0x19) run pdep in microcode, far slower than shifts and masks.
        let amd = vendor.ebx == u32::from_le_bytes(*b"Auth") || vendor.ebx == u32::from_le_bytes(*b"Hygo");
        let (family, extended) = (one.eax >> 8 & 0xf, one.eax >> 20 & 0xff);
        let family = if family == 0xf { family + extended } else { family };
        let lzcnt = __cpuid(0x8000_0000).eax > 0x8000_0000 && bit(__cpuid(0x8000_0001).ecx, 5);
        let bmi = bit(seven.ebx, 3) && bit(seven.ebx, 8);
        if bmi && lzcnt && !(amd && family < 0x19) {
            features |= BMI2;
        }

        let osxsave = bit(one.ecx, 27);
        let avx512 = bit(seven.ebx, 16) && bit(seven.ebx, 30) && bit(seven.ecx, 1) && bit(seven.ecx, 8);
        // XCR0: SSE, AVX, opmask, upper halves of zmm0-15, zmm16-31.
        if osxsave && avx512 && xcr0() & 0xe6 == 0xe6 {
            features |= AVX512;
        }
        features
    }

    fn xcr0() -> u64 {
        let (low, high): (u32, u32);
        // SAFETY: the caller saw OSXSAVE, which makes XGETBV legal; it only reads XCR0.
        unsafe {
            core::arch::asm!(
                "xgetbv",
                in("ecx") 0,
                out("eax") low,
                out("edx") high,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        u64::from(low) | u64::from(high) << 32
    }
}

#[cfg(all(target_arch = "x86_64", not(miri)))]
pub(crate) use x86::{avx512_gfni, fast_bmi2, known_fast_bmi2};
