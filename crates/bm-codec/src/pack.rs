//! zstd with a compressor per thread: setting one up takes longer than packing a small page.

use std::cell::RefCell;
use zstd::bulk::Compressor;

thread_local! {
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
}

/// One zstd frame of `bytes` at a level; `None` only if there is no memory for it. The frame does not depend on
/// what the thread packed before.
pub(crate) fn compress(bytes: &[u8], level: i32) -> Option<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|slot| {
        if slot.is_none() {
            *slot = Compressor::new(level).ok();
        }
        let compressor = slot.as_mut()?;
        compressor.set_compression_level(level).ok()?;
        compressor.compress(bytes).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_do_not_remember() {
        let text = |n: usize| (0..n).map(|k| (k * k / 7 % 23) as u8).collect::<Vec<_>>();
        for _ in 0..2 {
            for (n, level) in [(300, 3), (70_000, 9), (5, 19), (300, 9), (40_000, 3), (2000, 19)] {
                assert_eq!(
                    compress(&text(n), level),
                    zstd::bulk::compress(&text(n), level).ok(),
                    "{n} {level}"
                );
            }
        }
    }
}
