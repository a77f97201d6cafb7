#![no_main]
//! Bytes of an area with right check sums: opening and asking end, and single points and batches agree.
use bm_vector::{Area, Where};
use geo_types::{Coord, Rect};
use libfuzzer_sys::fuzz_target;

/// Makes length and check sums right, by the description of the format alone.
fn reseal(bytes: &mut [u8]) {
    let len = bytes.len() as u64;
    bytes[16..24].copy_from_slice(&len.to_le_bytes());
    let mut body = 320;
    while body < bytes.len() && body < (256 + (bytes.len() - body).div_ceil(1 << 16) * 4).next_multiple_of(64) {
        body += 64;
    }
    let body = body.min(bytes.len());
    let sums: Vec<u32> = bytes[body..].chunks(1 << 16).map(crc32fast::hash).collect();
    for (i, sum) in sums.iter().enumerate() {
        bytes[256 + 4 * i..260 + 4 * i].copy_from_slice(&sum.to_le_bytes());
    }
    let sum = crc32fast::hash(&bytes[16..body]);
    bytes[12..16].copy_from_slice(&sum.to_le_bytes());
}

fuzz_target!(|bytes: &[u8]| {
    let _ = Area::from_bytes(bytes);
    if bytes.len() < 320 {
        return;
    }
    let mut bytes = bytes.to_vec();
    reseal(&mut bytes);
    let len = bytes.len();
    let Ok(area) = Area::from_bytes(bytes) else { return };
    let Some(own) = area.bounds() else { return };
    let at = |i: f64, n: f64| Coord { x: own.min().x + own.width() * i / n, y: own.min().y + own.height() * (i * 7.0 % n) / n };
    let points: Vec<_> = (0..200).map(|i| at(f64::from(i), 199.0)).collect();
    let mut out = vec![Where::On; points.len()];
    area.locate_batch(&points, &mut out);
    for (&p, &found) in points.iter().zip(&out) {
        assert_eq!(area.locate(p), found);
    }
    area.locate_row(own.min().x, own.min().y, own.width() / 150.0, &mut out);
    let mut edges = 0_usize;
    area.edges_in(own, |_, _| edges += 1);
    // Five bytes or so can be no more than one chunk.
    assert!(edges <= len * 63);
    area.edges_in(Rect::new(points[3], points[150]), |_, _| edges += 1);
    let _ = area.cover(Rect::new(points[3], points[4]));
    assert!(area.rings().map(|ring| ring.len()).sum::<usize>() <= len * 64);
});
