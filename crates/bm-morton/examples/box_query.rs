//! A sorted list of keys as a spatial index: which points lie in a box?
//!
//! Three ways to the same answer: look at every point; binary searches for a few code ranges;
//! or one scan that jumps over what lies outside (BIGMIN).

#![allow(clippy::print_stdout)]

use bm_morton::{Box3U64, CodeRange, decode3_u64, encode3_u64_batch};

fn main() {
    // 100 000 points on a cubic grid's diagonals, as coordinates of 21 bits.
    let axis =
        |step: u32| -> Vec<u32> { (0..100_000u32).map(|i| i.wrapping_mul(step) & 0x1f_ffff).collect() };
    let (x, y, z) = (axis(7_919), axis(104_729), axis(1_299_709));
    let mut keys = vec![0; x.len()];
    encode3_u64_batch(&x, &y, &z, &mut keys).expect("equal lengths");
    keys.sort_unstable();

    let (min, max) = ([300_000, 500_000, 700_000], [900_000, 800_000, 1_400_000]);
    let region = Box3U64::new(min, max).expect("not empty, inside 21 bits");

    let inside = |key: &&u64| {
        let p = decode3_u64(**key);
        (0..3).all(|d| (min[d]..max[d]).contains(&p[d]))
    };
    let by_looking = keys.iter().filter(inside).count();

    let mut buffer = [CodeRange::default(); 32];
    let cover = region.cover(&mut buffer).expect("room for a range");
    let mut looked_at = 0;
    let mut by_ranges = 0;
    for range in cover.ranges {
        let from = keys.partition_point(|key| *key < range.first);
        let to = keys.partition_point(|key| *key <= range.last);
        looked_at += to - from;
        by_ranges += keys[from..to].iter().filter(|key| region.contains(**key)).count();
    }

    let mut jumps = 0;
    let mut by_jumping = 0;
    let mut i = keys.partition_point(|key| *key < region.first());
    while let Some(&key) = keys.get(i) {
        if region.contains(key) {
            by_jumping += 1;
            i += 1;
        } else if let Some(next) = region.after(key) {
            jumps += 1;
            i += keys[i..].partition_point(|key| *key < next);
        } else {
            break;
        }
    }

    assert_eq!((by_looking, by_looking), (by_ranges, by_jumping));
    println!("{by_looking} of {} points in {region:?}", keys.len());
    println!("{} ranges: {looked_at} points looked at; BIGMIN: {jumps} jumps", cover.ranges.len());
}
