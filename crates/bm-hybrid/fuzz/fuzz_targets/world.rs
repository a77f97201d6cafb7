#![no_main]
//! A world file: whatever it is, opening, asking and verifying it end in answers or errors.
use bm_core::Pos;
use bm_core::frame::SEA_LEVEL;
use bm_hybrid::World;
use bm_store::{FaultFile, FileOptions};
use libfuzzer_sys::fuzz_target;
use std::sync::Arc;

fuzz_target!(|bytes: &[u8]| {
    let file = Arc::new(FaultFile::with_bytes(bytes.to_vec()));
    let Ok(store) = FileOptions::default().cache_bytes(1 << 20).open_on(file, "fuzzed") else { return };
    let Ok(world) = World::on(Box::new(store), Default::default()) else { return };
    let view = world.view();
    for k in 0..24u32 {
        let z = SEA_LEVEL - 3000 + k * 250;
        let p = Pos::new(83_500_000 + k * 40_000, 60_400_000 + k * 9000, z).expect("inside the world");
        let _ = (view.sample(p), view.sample_at_level(p, (k % 29) as u8), view.surface(p.x(), p.y()));
    }
    let _ = (world.info(), world.verify(&|_| ()));
});
