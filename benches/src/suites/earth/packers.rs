//! The peers for "bytes on disk": general and numeric compressors on the raw heights.
//!
//! They keep the heights only, and have to be unpacked as a whole before anything can be asked;
//! each is checked to give every height back.

use crate::harness::BenchError;

/// Bytes of 16-bit heights under zstd.
///
/// # Errors
/// When the library fails, or does not give the heights back.
pub fn zstd(heights: &[i16], level: i32) -> Result<usize, BenchError> {
    let bytes: Vec<u8> = heights.iter().flat_map(|h| h.to_le_bytes()).collect();
    zstd_bytes(&bytes, level)
}

/// What a plane through three neighbours does not predict: each height less west + south −
/// south-west, in rows of `width` heights. Small numbers remain; 16 bits wrap, and unwrap again.
#[must_use]
pub fn beyond_a_plane(heights: &[i16], width: usize) -> Vec<i16> {
    let at = |i: usize, back: usize| i.checked_sub(back).map_or(0, |k| heights[k]);
    (0..heights.len())
        .map(|i| {
            let (west, corner) = if i % width == 0 { (0, 0) } else { (at(i, 1), at(i, width + 1)) };
            let guess = west.wrapping_add(at(i, width)).wrapping_sub(corner);
            heights[i].wrapping_sub(guess)
        })
        .collect()
}

/// Bytes under zstd of small numbers of either sign, low and high bytes apart.
///
/// # Errors
/// As [`zstd()`].
pub fn zstd_planes(numbers: &[i16], level: i32) -> Result<usize, BenchError> {
    let (low, high): (Vec<u8>, Vec<u8>) = numbers
        .iter()
        .map(|&n| {
            // The sign goes to the lowest bit, or the high bytes would be 0 or 255 at random.
            let [low, high] = ((n << 1 ^ n >> 15) as u16).to_le_bytes();
            (low, high)
        })
        .unzip();
    zstd_bytes(&[low, high].concat(), level)
}

fn zstd_bytes(bytes: &[u8], level: i32) -> Result<usize, BenchError> {
    let fail = |why: std::io::Error| BenchError::contestant("zstd", why);
    let packed = ::zstd::bulk::compress(bytes, level).map_err(fail)?;
    let back = ::zstd::bulk::decompress(&packed, bytes.len()).map_err(fail)?;
    if back != bytes {
        return Err(BenchError::contestant("zstd", "it lost something"));
    }
    Ok(packed.len())
}

/// Bytes of 16-bit heights under pcodec at its highest useful level.
///
/// # Errors
/// When the library fails, or does not give the heights back.
pub fn pcodec(numbers: &[i16]) -> Result<usize, BenchError> {
    let fail = |why: pco::errors::PcoError| BenchError::contestant("pcodec", why);
    let config = pco::ChunkConfig::default().with_compression_level(12);
    let packed = pco::standalone::simple_compress(numbers, &config).map_err(fail)?;
    let back: Vec<i16> = pco::standalone::simple_decompress(&packed).map_err(fail)?;
    if back != numbers {
        return Err(BenchError::contestant("pcodec", "it lost something"));
    }
    Ok(packed.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A smooth hill with a little noise: 64 columns, 48 rows.
    fn hill() -> Vec<i16> {
        let mut random = crate::inputs::Random::new(5);
        (0..48_i32)
            .flat_map(|y| (0..64_i32).map(move |x| (x * 40 - x * x / 3 + y * 70 - y * y) as i16))
            .map(|height| height + random.below(4) as i16)
            .collect()
    }

    #[test]
    fn all_give_the_heights_back_and_prediction_pays() {
        let hill = hill();
        let plain = zstd(&hill, 3).unwrap();
        let predicted = zstd_planes(&beyond_a_plane(&hill, 64), 19).unwrap();
        let numeric = pcodec(&hill).unwrap();
        assert!(predicted < plain && plain < 2 * hill.len());
        assert!(numeric < plain);
    }

    #[test]
    fn a_plane_is_predicted_but_for_its_border() {
        let plane: Vec<i16> = (0..20 * 30).map(|i| 3 * (i % 30) + 7 * (i / 30)).collect();
        let rest = beyond_a_plane(&plane, 30);
        let inside = |i: &usize| !i.is_multiple_of(30) && *i > 30;
        assert!((0..600).filter(inside).all(|i| rest[i] == 0));
        assert_eq!(rest[31 - 30], 3);
    }

    #[test]
    fn extremes_wrap_without_a_panic() {
        let wild: Vec<i16> = [i16::MIN, i16::MAX].repeat(64);
        assert!(zstd_planes(&beyond_a_plane(&wild, 16), 3).is_ok());
    }
}
