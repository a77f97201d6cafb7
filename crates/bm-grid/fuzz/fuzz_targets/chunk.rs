#![no_main]
//! Bytes of a chunk, as they are and with a right check sum: loading ends, and what is loaded is saved and loaded again.
use bm_grid::Scalar;
use bm_grid::chunked::{CellBox, ChunkKey, ChunkStore, ChunkedConfig, ChunkedGrid, MemoryStore};
use libfuzzer_sys::fuzz_target;
use std::sync::Arc;

const KEY: ChunkKey = ChunkKey { x: 0, y: 0 };
const ALL: CellBox = CellBox { x: 0, y: 0, width: 16, height: 16 };

fn load<T: Scalar>(bytes: &[u8]) {
    let store = Arc::new(MemoryStore::default());
    store.save(KEY, bytes).expect("memory takes all");
    let config = ChunkedConfig { side: 16, ..ChunkedConfig::default() };
    let open = || ChunkedGrid::new(T::default(), config.clone(), Some(store.clone())).expect("a good configuration");
    let mut values = vec![T::default(); 256];
    let grid = open();
    if grid.get_region(ALL, &mut values).is_err() {
        return;
    }
    // Another value somewhere, so that it is saved.
    let other = T::from_bits(!values[7].bits());
    grid.set(7, 0, other).expect("it is in memory");
    values[7] = other;
    grid.close().map_err(|e| e.error).expect("memory takes all");
    let mut back = vec![T::default(); 256];
    open().get_region(ALL, &mut back).expect("as written");
    assert!(values.iter().zip(&back).all(|(a, b)| a.same(*b)));
}

fuzz_target!(|bytes: &[u8]| {
    load::<u8>(bytes);
    let mut sealed = bytes.to_vec();
    if sealed.len() < 32 {
        return;
    }
    sealed[..8].copy_from_slice(b"BMchunk\n");
    sealed[12] = 1;
    sealed[14] = 4;
    sealed[16..32].fill(0);
    let sum = crc32fast::hash(&sealed[12..]);
    sealed[8..12].copy_from_slice(&sum.to_le_bytes());
    load::<u8>(&sealed);
    load::<u16>(&sealed);
    load::<i32>(&sealed);
    load::<f32>(&sealed);
    load::<f64>(&sealed);
});
