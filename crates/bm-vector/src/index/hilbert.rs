//! Places along the Hilbert curve.

/// Place of a cell of a 2^16 × 2^16 grid along the Hilbert curve.
///
/// All sixteen levels turn at once, by prefix sums of their symmetries, so there is neither a loop nor a table
/// (rawrunprotected, "2D Hilbert curves in O(1)", 2016, public domain).
#[inline]
pub(super) fn place(x: u16, y: u16) -> u32 {
    let (x, y) = (u32::from(x), u32::from(y));
    let (a, b) = (x ^ y, 0xffff ^ x ^ y);
    let (c, d) = (0xffff ^ (x | y), x & (y ^ 0xffff));
    let mut turn = (a | (b >> 1), (a >> 1) ^ a, (c >> 1) ^ (b & (d >> 1)) ^ c, (a & (c >> 1)) ^ (d >> 1) ^ d);
    for shift in [2, 4, 8] {
        let (a, b, c, d) = turn;
        turn = (
            (a & (a >> shift)) ^ (b & (b >> shift)),
            (a & (b >> shift)) ^ (b & ((a ^ b) >> shift)),
            c ^ (a & (c >> shift)) ^ (b & (d >> shift)),
            d ^ (b & (c >> shift)) ^ ((a ^ b) & (d >> shift)),
        );
    }
    let (_, _, c, d) = turn;
    let low = x ^ y;
    let high = (d ^ (d >> 1)) | (0xffff ^ (low | (c ^ (c >> 1))));
    spread(low) | spread(high) << 1
}

/// The low sixteen bits, each followed by a zero.
#[inline]
fn spread(v: u32) -> u32 {
    let v = (v | v << 8) & 0x00ff_00ff;
    let v = (v | v << 4) & 0x0f0f_0f0f;
    let v = (v | v << 2) & 0x3333_3333;
    (v | v << 1) & 0x5555_5555
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_goes_from_neighbour_to_neighbour() {
        let mut visits: Vec<(u32, i32, i32)> = Vec::new();
        for x in 0..256 {
            for y in 0..256 {
                visits.push((place(x, y), i32::from(x), i32::from(y)));
            }
        }
        visits.sort_unstable();
        // 4^8 cells: the first that many places of the curve, which stays in this corner for so long.
        assert!(visits.iter().enumerate().all(|(i, v)| v.0 == i as u32));
        assert!(visits.windows(2).all(|v| (v[0].1 - v[1].1).abs() + (v[0].2 - v[1].2).abs() == 1));
    }
}
