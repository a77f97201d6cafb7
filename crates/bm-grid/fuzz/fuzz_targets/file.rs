#![no_main]
//! Bytes of a file, as they are and with right check sums: reading ends, and what is read can be written and read.
use bm_grid::file;
use libfuzzer_sys::fuzz_target;
use std::path::Path;

const MOST: u64 = 256 << 20;

/// Makes check sums and the end right, by the description of the format alone.
fn reseal(bytes: &[u8]) -> Vec<u8> {
    let mut out = b"BMgrids\n\x01\0\0\0\0\0\0\0".to_vec();
    let mut rest = bytes.get(16..).unwrap_or_default();
    let mut number = 0_u64;
    let mut block = |out: &mut Vec<u8>, body: &[u8]| {
        let length = (body.len() as u32).to_le_bytes();
        let sum = crc32fast::hash(&[&number.to_le_bytes()[..], &length, body].concat());
        out.extend([&length[..], &sum.to_le_bytes(), body].concat());
        number += 1;
    };
    let mut blocks = 0_u64;
    while let Some((head, behind)) = rest.split_first_chunk::<8>() {
        let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let (body, behind) = behind.split_at(length.min(behind.len()));
        if behind.is_empty() {
            break;
        }
        block(&mut out, body);
        blocks += 1;
        rest = behind;
    }
    let end = [blocks.to_le_bytes(), (out.len() as u64 + 24).to_le_bytes()].concat();
    block(&mut out, &end);
    out
}

fuzz_target!(|bytes: &[u8]| {
    let here = Path::new("fuzzed");
    let _ = file::read(&mut &*bytes, bytes.len() as u64, here, MOST);
    let sealed = reseal(bytes);
    let Ok((grid, meta)) = file::read(&mut &sealed[..], sealed.len() as u64, here, MOST) else { return };
    assert!(grid.memory_bytes() as u64 <= MOST + 4096);
    let mut again = Vec::new();
    file::write(&grid, &meta, &mut again, here).expect("a vector takes all");
    let (back, back_meta) = file::read(&mut &again[..], again.len() as u64, here, u64::MAX).expect("as written");
    assert!(back == grid && back_meta == meta);
});
